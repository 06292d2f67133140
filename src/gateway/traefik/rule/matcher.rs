//! One matcher of a rule: `Host`, `PathPrefix` and the others, of both syntaxes.

use super::parse::RuleError;
use super::template::{self, Part, Unfit};
use super::{Subject, Syntax};
use crate::gateway::Place;
use crate::gateway::document::At;
use crate::gateway::go::{Header, Regexp, canonical, split_host_port};
use crate::gateway::traefik::network::Networks;

/// A matcher with its values.
#[derive(Clone, Debug)]
pub(in crate::gateway::traefik) enum Matcher {
    /// `Host`: names in lower case. `wildcards`: a `*` in front stands for a label.
    Host { hosts: Vec<String>, wildcards: bool },
    /// v3's `Host(`*`)`
    AnyHost,
    /// v3's `HostRegexp`, on the host in lower case.
    HostRegexp(Regexp),
    /// v2's `HostRegexp`, on the host as sent.
    HostTemplates(Vec<Regexp>),
    /// `Path`
    Path(String),
    /// `PathPrefix`
    PathPrefix(String),
    /// `PathRegexp`
    PathRegexp(Regexp),
    /// v2's `Path` and `PathPrefix`: the first value if it is one without braces and of a prefix, for [`Matcher::prefix`].
    PathTemplates(Vec<Regexp>, Option<String>),
    /// `Method`
    Method(Vec<String>),
    /// `Header`: name and value
    Header(String, String),
    /// `HeaderRegexp`
    HeaderRegexp(String, Regexp),
    /// v2's `Headers`: all must have their value, or any value where it is empty.
    Headers(Vec<(String, String)>),
    /// v2's `HeadersRegexp`
    HeadersRegexp(Vec<(String, Regexp)>),
    /// `Query`: name and value
    Query(String, String),
    /// `QueryRegexp`
    QueryRegexp(String, Regexp),
    /// v2's `Query`: names with what the parameter `name=value` must be.
    QueryTemplates(Vec<(String, Regexp)>),
    /// `ClientIP`
    ClientIp(Networks),
}

fn refused(why: impl Into<String>) -> Unfit {
    Unfit::Refused(RuleError(why.into()))
}

impl Matcher {
    /// A matcher of a name. Each name may be written as it is, in lower case, in upper case, and with its first letter in
    /// upper case alone.
    ///
    /// # Errors
    /// [`Unfit`]
    pub(super) fn new(name: &str, values: &[String], syntax: Syntax, wildcards: bool) -> Result<Self, Unfit> {
        let is = |known: &str| {
            let (lower, upper) = (known.to_ascii_lowercase(), known.to_ascii_uppercase());
            let title = |name: &str| name.get(..1) == known.get(..1) && name.get(1..) == lower.get(1..);
            name == known || name == lower || name == upper || title(name)
        };
        match syntax {
            Syntax::V3 => V3.iter().find(|(known, ..)| is(known)).map_or_else(
                || Err(unknown(name, syntax)),
                |(_, counts, build)| {
                    if counts.contains(&values.len()) {
                        build(values, wildcards)
                    } else {
                        let wanted: Vec<_> = counts.iter().map(ToString::to_string).collect();
                        let wanted = wanted.join(" or ");
                        Err(refused(format!("{name} takes {wanted} value(s) and has {}", values.len())))
                    }
                },
            ),
            Syntax::V2 => match V2.iter().find(|(known, _)| is(known)) {
                Some((_, build)) => build(values),
                None => Err(unknown(name, syntax)),
            },
        }
    }

    /// True if a request fits.
    pub(super) fn matches(&self, subject: &Subject<'_>) -> bool {
        match self {
            Self::Host { hosts, wildcards } => hosts.iter().any(|host| is_host(subject.host, host, *wildcards)),
            Self::AnyHost => true,
            // Traefik also tries the name behind a CNAME, which is empty unless `hostResolver` is set.
            Self::HostRegexp(regexp) => regexp.is_match(subject.host) || regexp.is_match(b""),
            Self::HostTemplates(regexps) => {
                let sent = &subject.request.host;
                let host = split_host_port(sent).map_or(sent.as_slice(), |(host, _)| host);
                regexps.iter().any(|regexp| regexp.is_match(host))
            }
            Self::Path(path) => subject.path == path.as_bytes(),
            Self::PathPrefix(prefix) => subject.path.starts_with(prefix.as_bytes()),
            Self::PathRegexp(regexp) => regexp.is_match(subject.path),
            Self::PathTemplates(regexps, _) => regexps.iter().any(|regexp| regexp.is_match(subject.path)),
            Self::Method(methods) => methods.contains(&subject.request.method),
            Self::Header(name, value) => values(subject, name).iter().any(|given| given == value.as_bytes()),
            Self::HeaderRegexp(name, regexp) => values(subject, name).iter().any(|given| regexp.is_match(given)),
            Self::Headers(all) => all.iter().all(|(name, value)| {
                let given = values(subject, name);
                !given.is_empty() && (value.is_empty() || given.iter().any(|given| given == value.as_bytes()))
            }),
            Self::HeadersRegexp(all) => {
                all.iter().all(|(name, regexp)| values(subject, name).iter().any(|given| regexp.is_match(given)))
            }
            Self::Query(name, value) => subject.parameter(name).is_some_and(|given| given.contains(&value.as_bytes())),
            Self::QueryRegexp(name, regexp) => {
                subject.parameter(name).is_some_and(|given| given.iter().any(|given| regexp.is_match(given)))
            }
            Self::QueryTemplates(all) => all.iter().all(|(name, regexp)| {
                let given = subject.parameter(name).and_then(|given| given.first().copied());
                regexp.is_match(&given.map(|given| [name.as_bytes(), b"=", given].concat()).unwrap_or_default())
            }),
            Self::ClientIp(networks) => networks.contain(subject.peer),
        }
    }

    /// The hosts of which a request must have one.
    pub(super) fn hosts(&self) -> Option<Vec<&str>> {
        match self {
            Self::Host { hosts, wildcards } if !(*wildcards && hosts.iter().any(|host| host.starts_with('*'))) => {
                Some(hosts.iter().map(String::as_str).collect())
            }
            _ => None,
        }
    }

    /// The path prefix that a request must have; empty if it is no matter of paths, `None` if it is another matter.
    pub(super) fn prefix(&self) -> Option<&str> {
        match self {
            Self::Path(text) | Self::PathPrefix(text) => Some(text),
            Self::PathTemplates(_, prefix) => prefix.as_deref(),
            Self::PathRegexp(_) => None,
            _ => Some(""),
        }
    }
}

fn values<'s>(subject: &Subject<'s>, name: &str) -> &'s [Vec<u8>] {
    let header: &'s Header = &subject.request.header;
    header.values(name)
}

fn unknown(name: &str, syntax: Syntax) -> Unfit {
    let other = match syntax {
        Syntax::V3 => V2.iter().any(|(known, _)| *known == name),
        Syntax::V2 => V3.iter().any(|(known, ..)| *known == name),
    };
    let (syntax, other_syntax) = if syntax == Syntax::V3 { ("v3", "v2") } else { ("v2", "v3") };
    let hint = if other { format!("; it is one of the {other_syntax} syntax") } else { String::new() };
    refused(format!("there is no matcher {name} in the {syntax} syntax{hint}"))
}

/// True if a request's host is one of a rule. A dot at the end counts in neither.
fn is_host(given: &[u8], host: &str, wildcards: bool) -> bool {
    if given.is_empty() {
        return false;
    }
    let same = |given: &[u8], host: &str| match host.strip_prefix('*') {
        Some(rest) if wildcards => {
            let dot = given.iter().position(|&byte| byte == b'.').unwrap_or(given.len());
            given.get(dot..).is_some_and(|tail| tail.eq_ignore_ascii_case(rest.as_bytes()))
        }
        _ => given.eq_ignore_ascii_case(host.as_bytes()),
    };
    same(given, host)
        || host.strip_suffix('.').is_some_and(|host| same(given, host))
        || given.strip_suffix(b".").is_some_and(|given| same(given, host))
}

type BuildV3 = fn(&[String], bool) -> Result<Matcher, Unfit>;
type BuildV2 = fn(&[String]) -> Result<Matcher, Unfit>;

/// The matchers of v3, with how many values they take.
const V3: [(&str, &[usize], BuildV3); 11] = [
    ("ClientIP", &[1], |values, _| client_ip(values)),
    ("Method", &[1], |values, _| Ok(Matcher::Method(vec![first(values).to_uppercase()]))),
    ("Host", &[1], host),
    ("HostRegexp", &[1], |values, _| Ok(Matcher::HostRegexp(ascii_regexp("HostRegexp", first(values))?))),
    ("Path", &[1], |values, _| rooted(values).map(Matcher::Path)),
    ("PathRegexp", &[1], |values, _| Ok(Matcher::PathRegexp(Regexp::new(first(values))?))),
    ("PathPrefix", &[1], |values, _| rooted(values).map(Matcher::PathPrefix)),
    ("Header", &[2], |values, _| Ok(Matcher::Header(canonical(first(values)), second(values).to_owned()))),
    ("HeaderRegexp", &[2], |values, _| {
        Ok(Matcher::HeaderRegexp(canonical(first(values)), Regexp::new(second(values))?))
    }),
    ("Query", &[1, 2], |values, _| Ok(query(values))),
    ("QueryRegexp", &[1, 2], |values, _| match values {
        [name, regexp] => Ok(Matcher::QueryRegexp(name.clone(), Regexp::new(regexp)?)),
        values => Ok(query(values)),
    }),
];

/// The matchers of v2.
const V2: [(&str, BuildV2); 10] = [
    ("Host", host_v2),
    ("HostHeader", host_v2),
    ("HostRegexp", |values| {
        let regexps = values.iter().map(|value| {
            ascii("HostRegexp", value)?;
            Ok(template::compile(value, Part::Host)?.0)
        });
        regexps.collect::<Result<_, Unfit>>().map(Matcher::HostTemplates)
    }),
    ("ClientIP", client_ip),
    ("Path", |values| path_templates(values, Part::Path)),
    ("PathPrefix", |values| path_templates(values, Part::Prefix)),
    ("Method", |values| Ok(Matcher::Method(values.iter().map(|value| value.to_uppercase()).collect()))),
    ("Headers", |values| Ok(Matcher::Headers(pairs(values, |value| Ok(value.to_owned()))?))),
    ("HeadersRegexp", |values| Ok(Matcher::HeadersRegexp(pairs(values, |value| Ok(Regexp::new(value)?))?))),
    ("Query", query_templates),
];

fn first(values: &[String]) -> &str {
    values.first().map(String::as_str).unwrap_or_default()
}

fn second(values: &[String]) -> &str {
    values.get(1).map(String::as_str).unwrap_or_default()
}

fn ascii(matcher: &str, value: &str) -> Result<(), Unfit> {
    if value.is_ascii() { Ok(()) } else { Err(refused(format!("{matcher}(`{value}`) holds more than ASCII"))) }
}

fn ascii_regexp(matcher: &str, value: &str) -> Result<Regexp, Unfit> {
    ascii(matcher, value)?;
    Ok(Regexp::new(value)?)
}

fn host(values: &[String], wildcards: bool) -> Result<Matcher, Unfit> {
    let host = first(values);
    if wildcards && host == "*" {
        return Ok(Matcher::AnyHost);
    }
    ascii("Host", host)?;
    Ok(Matcher::Host { hosts: vec![host.to_ascii_lowercase()], wildcards })
}

fn host_v2(values: &[String]) -> Result<Matcher, Unfit> {
    for value in values {
        ascii("Host", value)?;
    }
    Ok(Matcher::Host { hosts: values.iter().map(|value| value.to_ascii_lowercase()).collect(), wildcards: false })
}

fn rooted(values: &[String]) -> Result<String, Unfit> {
    let path = first(values);
    if path.starts_with('/') { Ok(path.to_owned()) } else { Err(refused(format!("{path:?} does not start with /"))) }
}

fn query(values: &[String]) -> Matcher {
    Matcher::Query(first(values).to_owned(), second(values).to_owned())
}

fn client_ip(values: &[String]) -> Result<Matcher, Unfit> {
    // A place is needed by no one here: the rule has it.
    let nowhere = Place::new(std::path::Path::new(""), 0);
    let list: Vec<_> = values.iter().map(|value| At::new(value.clone(), &nowhere)).collect();
    Networks::new(&list).map(Matcher::ClientIp).map_err(|entry| {
        let text = entry.map(|entry| entry.value.as_str()).unwrap_or_default();
        refused(format!("{text:?} is neither an address nor a network"))
    })
}

fn path_templates(values: &[String], part: Part) -> Result<Matcher, Unfit> {
    let mut regexps = Vec::new();
    for value in values {
        if !value.starts_with('/') {
            return Err(refused(format!("{value:?} does not start with /")));
        }
        regexps.push(template::compile(value, part)?.0);
    }
    let plain = match values {
        // Go's expressions take U+FFFD for a byte that is no UTF-8.
        [value] if !value.contains(['{', char::REPLACEMENT_CHARACTER]) => Some(value.clone()),
        _ => None,
    };
    Ok(Matcher::PathTemplates(regexps, plain))
}

/// Names, canonical, and what `read` makes of their values. The last of a name counts.
fn pairs<T>(values: &[String], read: impl Fn(&str) -> Result<T, Unfit>) -> Result<Vec<(String, T)>, Unfit> {
    if !values.len().is_multiple_of(2) {
        return Err(refused("names and values must come in pairs"));
    }
    let mut pairs: Vec<(String, T)> = Vec::new();
    for pair in values.chunks_exact(2) {
        let (name, value) = (first(pair), read(second(pair))?);
        match pairs.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => pairs.push((name.to_owned(), value)),
        }
    }
    Ok(pairs.into_iter().map(|(name, value)| (canonical(&name), value)).collect())
}

fn query_templates(values: &[String]) -> Result<Matcher, Unfit> {
    // `a=b` is a pair, `a` is half of one.
    let parts: Vec<&str> = values.iter().flat_map(|value| value.splitn(2, '=')).collect();
    if !parts.len().is_multiple_of(2) {
        return Err(refused("Query needs `name=value`"));
    }
    let (mut all, mut names) = (Vec::new(), Vec::new());
    for pair in parts.chunks_exact(2) {
        let [name, value] = pair else { continue };
        let (regexp, variables) = template::compile(&format!("{name}={value}"), Part::Query)?;
        if let Some(twice) = variables.iter().find(|variable| names.contains(*variable)) {
            return Err(refused(format!("the variable {twice:?} is there twice")));
        }
        names.extend(variables);
        all.push(((*name).to_owned(), regexp));
    }
    Ok(Matcher::QueryTemplates(all))
}
