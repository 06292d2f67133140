//! Release numbers of servers, of the libraries they stand on, and of frameworks.

use std::fmt;
use std::str::FromStr;

/// A release number, compared as numbers. Displays all three parts: `0.54.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    /// `0` of `0.54.0`
    pub major: u16,
    /// `54`
    pub minor: u16,
    /// `0`
    pub patch: u16,
}

/// A text that is no release number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no version; write it as 0.54 or 0.54.0")]
pub struct BadRelease(String);

impl Release {
    /// A release number from its parts.
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for Release {
    type Err = BadRelease;

    /// Reads `0.54`, `0.54.0`, `17.4` and what Python packages append: `0.24.0.post1`, `1.0.0rc1`, `2.1.0+local`.
    /// What is appended is not kept: no model tells such builds apart.
    fn from_str(text: &str) -> Result<Self, BadRelease> {
        let bad = || BadRelease(text.to_owned());
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (numbers, appended) = text.split_at_checked(end).ok_or_else(bad)?;
        let well_appended = ["", "post", "rc", "a", "b", "dev", "+"].iter().any(|start| {
            appended.strip_prefix(start).is_some_and(|rest| {
                if start.is_empty() {
                    rest.is_empty()
                } else {
                    rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
                }
            })
        });
        let numbers = if appended.is_empty() { numbers } else { numbers.trim_end_matches('.') };
        let parts: Option<Vec<u16>> = numbers.split('.').map(|part| part.parse().ok()).collect();
        match parts.as_deref() {
            Some(&[major, minor]) if well_appended => Ok(Self::new(major, minor, 0)),
            Some(&[major, minor, patch]) if well_appended => Ok(Self::new(major, minor, patch)),
            _ => Err(bad()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn release_numbers_of_python_packages() {
        for (text, release) in [
            ("0.54", Some("0.54.0")),
            ("0.31.1", Some("0.31.1")),
            ("0.24.0.post1", Some("0.24.0")),
            ("1.0.0rc1", Some("1.0.0")),
            ("2.1+local.7", Some("2.1.0")),
            ("", None),
            ("0", None),
            ("0.x", None),
            ("0.54.0.1", None),
            ("+0.54", None),
            ("0.99999", None),
            ("0.54 ", None),
            ("0.54.0-éa", None),
        ] {
            let read = text.parse::<Release>().ok().map(|release| release.to_string());
            assert_eq!(read.as_deref(), release, "{text:?}");
        }
        assert_eq!(
            "new".parse::<Release>().unwrap_err().to_string(),
            "\"new\" is no version; write it as 0.54 or 0.54.0"
        );
        assert!(Release::new(0, 9, 0) < Release::new(0, 54, 0));
    }
}
