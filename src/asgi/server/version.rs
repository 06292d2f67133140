//! Program names and release numbers as a user writes them.

use std::fmt;
use std::str::FromStr;

/// The server programs that are modelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// uvicorn
    Uvicorn,
}

impl Program {
    /// Every program, in the order they are offered.
    const ALL: [Self; 1] = [Self::Uvicorn];

    /// The program's own name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uvicorn => "uvicorn",
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A release number, compared as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerVersion {
    /// `0` of `0.54.0`
    pub major: u16,
    /// `54`
    pub minor: u16,
    /// `0`
    pub patch: u16,
}

impl ServerVersion {
    /// A release number from its parts.
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for ServerVersion {
    type Err = UnknownServer;

    /// Reads `0.54` or `0.54.0`.
    fn from_str(text: &str) -> Result<Self, UnknownServer> {
        let number = |part: &str| {
            let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| part.parse().ok()).flatten()
        };
        let parts: Option<Vec<u16>> = text.split('.').map(number).collect();
        match parts.as_deref() {
            Some(&[major, minor]) => Ok(Self::new(major, minor, 0)),
            Some(&[major, minor, patch]) => Ok(Self::new(major, minor, patch)),
            _ => Err(UnknownServer::Version(text.to_owned())),
        }
    }
}

/// Why a server's name was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownServer {
    /// No such program is modelled.
    #[error("no server is known as {0:?}; known: {known}", known = known())]
    Program(String),
    /// The part behind the `@` is no release number.
    #[error("{0:?} is no version; write it as in uvicorn@0.54 or uvicorn@0.54.0")]
    Version(String),
}

/// The programs that may be named, for messages.
fn known() -> String {
    Program::ALL.map(Program::name).join(", ")
}

/// Splits `program[@version]`.
pub(super) fn parse(text: &str) -> Result<(Program, Option<ServerVersion>), UnknownServer> {
    let (name, version) = text.split_once('@').map_or((text, None), |(name, version)| (name, Some(version)));
    let program = Program::ALL
        .into_iter()
        .find(|program| program.name() == name)
        .ok_or_else(|| UnknownServer::Program(name.to_owned()))?;
    Ok((program, version.map(str::parse).transpose()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_versions() {
        let known = |version| Ok((Program::Uvicorn, version));
        assert_eq!(parse("uvicorn"), known(None));
        assert_eq!(parse("uvicorn@0.54"), known(Some(ServerVersion::new(0, 54, 0))));
        assert_eq!(parse("uvicorn@0.31.1"), known(Some(ServerVersion::new(0, 31, 1))));
        for bad in ["uvicorn@", "uvicorn@0", "uvicorn@0.x", "uvicorn@0.54.0.1", "uvicorn@+0.54", "uvicorn@0.99999"] {
            assert!(matches!(parse(bad), Err(UnknownServer::Version(_))), "{bad}");
        }
    }

    #[test]
    fn errors_name_what_is_known() {
        assert_eq!(parse("nginx").unwrap_err().to_string(), "no server is known as \"nginx\"; known: uvicorn");
        assert_eq!(
            parse("uvicorn@new").unwrap_err().to_string(),
            "\"new\" is no version; write it as in uvicorn@0.54 or uvicorn@0.54.0"
        );
    }

    #[test]
    fn a_version_shows_all_three_parts() {
        assert_eq!(ServerVersion::new(0, 54, 0).to_string(), "0.54.0");
        assert!(ServerVersion::new(0, 9, 0) < ServerVersion::new(0, 54, 0));
    }
}
