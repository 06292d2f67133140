//! The rules of routers: which requests they take.
//!
//! Traefik 3.7, `pkg/rules/parser.go`, `pkg/muxer/http/matcher.go` (v3) and `matcher_v2.go` (v2).

mod matcher;
mod parse;
mod template;

use std::cell::OnceCell;
use std::net::IpAddr;

pub(super) use parse::RuleError;
use parse::{Expression, parse};

use self::matcher::Matcher;
use self::template::Unfit;
use crate::gateway::NotUnderstood;
use crate::gateway::go::{Request, parse_query};

/// Which matchers there are, and how many values they take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    /// One value each, regular expressions in matchers of their own.
    V3,
    /// Several values, regular expressions in braces.
    V2,
}

/// A rule, ready to be asked.
#[derive(Clone, Debug)]
pub(super) enum Rule {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Matcher(Matcher),
    /// A matcher that Traefik takes and that is not modelled.
    Unknown(NotUnderstood),
}

/// What a rule says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict<'r> {
    Yes,
    No,
    /// It hangs on something that is not modelled.
    Unknown(&'r NotUnderstood),
}

/// A request as rules see it.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    pub(super) request: &'a Request,
    /// The host in lower case, without its port.
    pub(super) host: &'a [u8],
    /// The path with its unreserved escapes decoded.
    pub(super) path: &'a [u8],
    /// The client's end of the connection.
    pub(super) peer: IpAddr,
    query: OnceCell<Vec<(Vec<u8>, Vec<u8>)>>,
}

impl<'a> Subject<'a> {
    /// A request, whose host and path are as rules compare them.
    pub(super) fn new(request: &'a Request, host: &'a [u8], path: &'a [u8], peer: IpAddr) -> Self {
        Self { request, host, path, peer, query: OnceCell::new() }
    }

    /// The values of a parameter of the query; `None` if it has none.
    fn parameter(&self, name: &str) -> Option<Vec<&[u8]>> {
        let all = self.query.get_or_init(|| parse_query(&self.request.url.raw_query));
        let values = all.iter().filter(|(key, _)| key == name.as_bytes()).map(|(_, value)| value.as_slice());
        let values: Vec<_> = values.collect();
        (!values.is_empty()).then_some(values)
    }
}

impl Rule {
    /// Reads a rule. `wildcards` says whether `Host` knows `*` (since 3.7.0); what is not modelled stands at `place`.
    ///
    /// # Errors
    /// [`RuleError`] where Traefik drops the router.
    pub(super) fn new(
        text: &str,
        syntax: Syntax,
        wildcards: bool,
        not_modelled: &dyn Fn(String) -> NotUnderstood,
    ) -> Result<Self, RuleError> {
        build(&parse(text)?, syntax, wildcards, not_modelled)
    }

    /// What the rule says of a request.
    pub(super) fn matches(&self, subject: &Subject<'_>) -> Verdict<'_> {
        match self {
            Self::And(all) => joined(all, subject, Verdict::No, Verdict::Yes),
            Self::Or(all) => joined(all, subject, Verdict::Yes, Verdict::No),
            Self::Not(one) => match one.matches(subject) {
                Verdict::Yes => Verdict::No,
                Verdict::No => Verdict::Yes,
                unknown @ Verdict::Unknown(_) => unknown,
            },
            Self::Matcher(matcher) if matcher.matches(subject) => Verdict::Yes,
            Self::Matcher(_) => Verdict::No,
            Self::Unknown(what) => Verdict::Unknown(what),
        }
    }

    /// The hosts of which a request must have one, where the rule can say them.
    pub(super) fn hosts(&self) -> Option<Vec<&str>> {
        match self {
            Self::And(all) => all.iter().find_map(Self::hosts),
            Self::Or(all) => all.iter().map(Self::hosts).collect::<Option<Vec<_>>>().map(|hosts| hosts.concat()),
            Self::Matcher(matcher) => matcher.hosts(),
            Self::Not(_) | Self::Unknown(_) => None,
        }
    }

    /// The path prefixes of which a request must have one, where the rule can say them.
    pub(super) fn prefixes(&self) -> Option<Vec<&str>> {
        match self {
            Self::And(all) => all.iter().find_map(Self::prefixes),
            Self::Or(all) => all.iter().map(Self::prefixes).collect::<Option<Vec<_>>>().map(|all| all.concat()),
            Self::Matcher(matcher) => matcher.prefix().filter(|prefix| !prefix.is_empty()).map(|prefix| vec![prefix]),
            Self::Not(_) | Self::Unknown(_) => None,
        }
    }

    /// The hosts and the path prefix of a rule that takes every request with one of them and it; no hosts for all of them.
    /// `None` for a rule that asks for anything else.
    pub(super) fn takes_all_of(&self) -> Option<(Vec<&str>, &str)> {
        match self {
            Self::Matcher(Matcher::PathPrefix(prefix)) => Some((Vec::new(), prefix)),
            Self::Matcher(matcher @ Matcher::Host { .. }) => Some((matcher.hosts()?, "/")),
            Self::And(parts) => match parts.as_slice() {
                [Self::Matcher(host @ Matcher::Host { .. }), Self::Matcher(Matcher::PathPrefix(prefix))]
                | [Self::Matcher(Matcher::PathPrefix(prefix)), Self::Matcher(host @ Matcher::Host { .. })] => {
                    Some((host.hosts()?, prefix))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The path prefix that every request must have, as written; empty for a rule that says nothing of paths.
    pub(super) fn prefix(&self) -> Option<&str> {
        match self {
            Self::And(all) => {
                let mut prefixes = all.iter().map(Self::prefix).filter(|prefix| *prefix != Some(""));
                let first = prefixes.next().unwrap_or(Some(""));
                if prefixes.next().is_some() { None } else { first }
            }
            Self::Matcher(matcher) => matcher.prefix(),
            Self::Or(all) => all.iter().all(|one| one.prefix() == Some("")).then_some(""),
            Self::Not(one) => one.prefix().filter(|prefix| prefix.is_empty()),
            Self::Unknown(_) => None,
        }
    }
}

/// `decisive` if one part says so, else what is not known, else `otherwise`.
fn joined<'r>(parts: &'r [Rule], subject: &Subject<'_>, decisive: Verdict<'r>, otherwise: Verdict<'r>) -> Verdict<'r> {
    let mut verdict = otherwise;
    for part in parts {
        match part.matches(subject) {
            said if said == decisive => return decisive,
            unknown @ Verdict::Unknown(_) if verdict == otherwise => verdict = unknown,
            _ => {}
        }
    }
    verdict
}

fn build(
    expression: &Expression,
    syntax: Syntax,
    wildcards: bool,
    not_modelled: &dyn Fn(String) -> NotUnderstood,
) -> Result<Rule, RuleError> {
    let all = |parts: &[Expression]| {
        parts.iter().map(|part| build(part, syntax, wildcards, not_modelled)).collect::<Result<Vec<_>, _>>()
    };
    Ok(match expression {
        Expression::And(parts) => Rule::And(all(parts)?),
        Expression::Or(parts) => Rule::Or(all(parts)?),
        Expression::Not(part) => Rule::Not(Box::new(build(part, syntax, wildcards, not_modelled)?)),
        Expression::Call { name, values } => {
            if values.is_empty() || values.iter().any(String::is_empty) {
                return Err(RuleError(format!("{name} has an empty value")));
            }
            match Matcher::new(name, values, syntax, wildcards) {
                Ok(matcher) => Rule::Matcher(matcher),
                Err(Unfit::Refused(error)) => return Err(error),
                Err(Unfit::NotModelled(what)) => Rule::Unknown(not_modelled(what)),
            }
        }
    })
}

#[cfg(test)]
mod tests;
