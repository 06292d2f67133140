//! The templates of v2 rules: `{name}` and `{name:regex}` in hosts, paths and queries.
//!
//! Traefik's fork of `gorilla/mux`, `regexp.go` (`newRouteRegexp`).

use std::fmt::Write as _;

use super::parse::RuleError;
use crate::gateway::go::{Regexp, RegexpError};

/// What a template is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A host: case ignored, `{name}` is up to the next dot.
    Host,
    /// A whole path: `{name}` is up to the next slash.
    Path,
    /// The beginning of a path.
    Prefix,
    /// `name=value` of a query: `{name}` is anything.
    Query,
}

/// Why there is no matcher: Traefik refuses it, or it is not modelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// Traefik drops the router.
    Refused(RuleError),
    /// Traefik takes it.
    NotModelled(String),
}

impl From<RegexpError> for Unfit {
    fn from(error: RegexpError) -> Self {
        match error {
            RegexpError::Malformed(why) => Self::Refused(RuleError(why)),
            RegexpError::NotModelled(why) => Self::NotModelled(why),
        }
    }
}

/// The regular expression of a template, and the names in it.
///
/// # Errors
/// [`Unfit`]
pub(super) fn compile(template: &str, part: Part) -> Result<(Regexp, Vec<String>), Unfit> {
    let default = match part {
        Part::Host => "[^.]+",
        Part::Path | Part::Prefix => "[^/]+",
        Part::Query => ".*",
    };
    let mut pattern = String::from(if part == Part::Host { "(?i)^" } else { "^" });
    let (mut names, mut end) = (Vec::new(), 0);
    for (open, close) in braces(template)? {
        pattern.push_str(&quote(template.get(end..open).unwrap_or_default()));
        let inside = template.get(open + 1..close).unwrap_or_default();
        let (name, regexp) = inside.split_once(':').unwrap_or((inside, default));
        if name.is_empty() || regexp.is_empty() {
            return Err(refused(format!("{{{inside}}} has no name or no pattern")));
        }
        let _ = write!(pattern, "(?P<v{}>{regexp})", names.len());
        names.push(name.to_owned());
        end = close + 1;
    }
    pattern.push_str(&quote(template.get(end..).unwrap_or_default()));
    if part == Part::Query && template.split_once('=').is_some_and(|(_, value)| value.is_empty()) {
        pattern.push_str(default);
    }
    if part != Part::Prefix {
        pattern.push('$');
    }
    Ok((Regexp::new(&pattern)?, names))
}

fn refused(why: String) -> Unfit {
    Unfit::Refused(RuleError(why))
}

/// Where the outermost braces open and close.
fn braces(template: &str) -> Result<Vec<(usize, usize)>, Unfit> {
    let unbalanced = || refused(format!("unbalanced braces in {template:?}"));
    let (mut pairs, mut level, mut open) = (Vec::new(), 0_usize, 0);
    for (at, byte) in template.bytes().enumerate() {
        match byte {
            b'{' => {
                level += 1;
                if level == 1 {
                    open = at;
                }
            }
            b'}' => {
                level = level.checked_sub(1).ok_or_else(unbalanced)?;
                if level == 0 {
                    pairs.push((open, at));
                }
            }
            _ => {}
        }
    }
    if level == 0 { Ok(pairs) } else { Err(unbalanced()) }
}

/// `regexp.QuoteMeta`
fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates() {
        for (template, part, text, matches) in [
            ("/api/{id:[0-9]+}", Part::Path, "/api/12", true),
            ("/api/{id:[0-9]+}", Part::Path, "/api/12/x", false),
            ("/api/{id}", Part::Prefix, "/api/a/b", true),
            ("/api/{id}", Part::Path, "/api/a/b", false),
            ("/a.b", Part::Path, "/axb", false),
            ("/{x:[a-z]{2}}/", Part::Path, "/ab/", true),
            ("{sub}.example.com", Part::Host, "API.Example.com", true),
            ("{sub}.example.com", Part::Host, "a.b.example.com", false),
            ("{sub:.+}.example.com", Part::Host, "a.b.example.com", true),
            ("a=", Part::Query, "a=b", true),
            ("a={x}", Part::Query, "a=b/c", true),
            ("a=b", Part::Query, "a=bc", false),
        ] {
            let (regexp, _) = compile(template, part).unwrap();
            assert_eq!(regexp.is_match(text.as_bytes()), matches, "{template} {text}");
        }
        for template in ["/{", "/}", "/{}", "/{:x}", "/{x:}", "/{x:(}"] {
            assert!(
                matches!(compile(template, Part::Path), Err(Unfit::Refused(_) | Unfit::NotModelled(_))),
                "{template}"
            );
        }
    }
}
