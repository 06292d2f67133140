//! One route of the stand-in, and the text it is written as.

use std::fmt;

use crate::gateway::Upstream;

/// What the stand-in does with the matched prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathRule {
    /// Sends the path on as it came.
    Keep,
    /// Takes the prefix off.
    Strip,
    /// Puts this text before the path (after stripping nothing).
    Add(String),
}

/// One route of the stand-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The path prefix it takes, e.g. `/api/v1`; empty takes everything. Matched at segment borders, against the path as
    /// on the wire: nothing is decoded.
    pub prefix: String,
    /// What happens to the path.
    pub path: PathRule,
    /// Where it goes.
    pub upstream: Upstream,
    /// True to send `X-Forwarded-Prefix` with the prefix.
    pub forward_prefix: bool,
}

impl Route {
    /// True if the route takes this path: `/api/v1` takes `/api/v1` and `/api/v1/x`, never `/api/v10`.
    pub fn takes(&self, path: &[u8]) -> bool {
        // `*`, the target of OPTIONS, has no segment: only the route for everything takes it.
        has_prefix(path, &self.prefix) || (self.prefix.is_empty() && path == b"*")
    }
}

/// True if `path` starts with `prefix` (no final slash) and the prefix ends where a segment ends.
pub fn has_prefix(path: &[u8], prefix: &str) -> bool {
    path.strip_prefix(prefix.as_bytes()).is_some_and(|rest| matches!(rest.first(), None | Some(b'/')))
}

/// As [`parse_route`] reads it.
impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = if self.prefix.is_empty() { "/" } else { &self.prefix };
        write!(f, "{prefix}={}", self.upstream)?;
        match &self.path {
            PathRule::Keep => f.write_str(",keep")?,
            PathRule::Strip => f.write_str(",strip")?,
            PathRule::Add(text) => write!(f, ",add={text}")?,
        }
        if self.forward_prefix { f.write_str(",forward-prefix") } else { Ok(()) }
    }
}

/// Reads a path prefix: starts with `/`, written as on the wire (percent-encoded); a final slash is taken off, so `/` is
/// the empty prefix, which takes everything.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn parse_prefix(text: &str) -> Result<String, String> {
    let prefix = text.trim_end_matches('/');
    let wrong = |what: &str| Err(format!("{text:?} is no path prefix: {what}"));
    if !prefix.is_empty() && !prefix.starts_with('/') {
        return wrong("it must start with /");
    }
    if prefix.contains(['?', '#']) {
        return wrong("it may not hold ? or #");
    }
    if !prefix.bytes().all(|b| b.is_ascii_graphic()) {
        return wrong("blanks and bytes outside ASCII must be percent-encoded, as on the wire");
    }
    Ok(prefix.to_owned())
}

/// Reads `PREFIX=URL[,strip|keep|add=/x][,forward-prefix]`, the text of `--route`. Without a word about the path it is
/// kept.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn parse_route(text: &str) -> Result<Route, String> {
    let (prefix, rest) = text
        .split_once('=')
        .ok_or_else(|| format!("{text:?} is no route: write PREFIX=URL, as in /api=http://app:8000"))?;
    let mut words = rest.split(',');
    let upstream = Upstream::parse(words.next().unwrap_or_default())?;
    let (mut path, mut forward_prefix) = (None, false);
    for word in words {
        let rule = match word {
            "keep" => PathRule::Keep,
            "strip" => PathRule::Strip,
            "forward-prefix" => {
                forward_prefix = true;
                continue;
            }
            _ => match word.strip_prefix("add=") {
                Some(text) => PathRule::Add(parse_prefix(text)?),
                None => return Err(format!("{word:?} is no word of a route: use strip, keep, add=/x, forward-prefix")),
            },
        };
        if path.replace(rule).is_some() {
            return Err(format!("{text:?} says more than one of strip, keep and add"));
        }
    }
    Ok(Route { prefix: parse_prefix(prefix)?, path: path.unwrap_or(PathRule::Keep), upstream, forward_prefix })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_route() {
        for (text, shown) in [
            ("/api/v1=http://app:8000,strip", "/api/v1=http://app:8000,strip"),
            ("/api/v1/=http://app", "/api/v1=http://app:80,keep"),
            ("/=http://app:1,forward-prefix,keep", "/=http://app:1,keep,forward-prefix"),
            ("=http://app:1", "/=http://app:1,keep"),
            ("/a=http://app:1,add=/x/", "/a=http://app:1,add=/x"),
            ("/a%20b=http://app:1", "/a%20b=http://app:1,keep"),
        ] {
            assert_eq!(parse_route(text).unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn what_is_none() {
        for (text, reason) in [
            ("/api", "PREFIX=URL"),
            ("/api=app:8000", "http://HOST:PORT"),
            ("api=http://app", "must start with /"),
            ("/a?b=http://app", "may not hold ?"),
            ("/a b=http://app", "percent-encoded"),
            ("/ä=http://app", "percent-encoded"),
            ("/a=http://app,stripp", "no word of a route"),
            ("/a=http://app,strip,keep", "more than one"),
            ("/a=http://app,add=x", "must start with /"),
        ] {
            let error = parse_route(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn a_prefix_ends_at_a_segment_border() {
        for (prefix, path, takes) in [
            ("/api/v1", "/api/v1", true),
            ("/api/v1", "/api/v1/", true),
            ("/api/v1", "/api/v1/x", true),
            ("/api/v1", "/api/v10", false),
            ("/api/v1", "/api/v1%2Fx", false),
            ("/api/v1", "/api", false),
            ("/api/v1", "/API/v1/x", false),
            ("", "/anything", true),
            ("", "/", true),
            ("", "*", true),
            ("/api", "*", false),
        ] {
            let route = parse_route(&format!("{prefix}=http://app")).unwrap();
            assert_eq!(route.takes(path.as_bytes()), takes, "{prefix} {path}");
        }
    }
}
