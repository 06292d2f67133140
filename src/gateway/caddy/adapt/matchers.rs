//! Matchers: `@name …` and what stands for a matcher before a directive's arguments. Caddy 2.11, `httptype.go`
//! (`parseMatcherDefinitions`), `modules/caddyhttp/matchers.go`, `ip_matchers.go`, `vars.go`, `fileserver/matcher.go`.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use super::Notes;
use crate::gateway::caddy::caddyfile::{Dispenser, Token};
use crate::gateway::caddy::pattern::Pattern;
use crate::gateway::caddy::route::{
    FileMatcher, Matcher, MatcherSet, Named, ResponseMatcher, StatusRange, WantedFields,
};
use crate::gateway::{ConfigError, NotUnderstood, Place, go};

/// The matchers that have a name in a scope, with their `@`.
pub(super) type Definitions = HashMap<Arc<str>, Arc<MatcherSet>>;

/// Ranges that are no public ones, as `private_ranges` has them.
const PRIVATE: [&str; 8] = [
    "192.168.0.0/16",
    "172.16.0.0/12",
    "10.0.0.0/8",
    "127.0.0.1/8",
    "fd00::/8",
    "::1/128",
    "169.254.0.0/16",
    "fe80::/10",
];

/// Reads `@name …`.
///
/// # Errors
/// What Caddy refuses.
pub(super) fn define(segment: Vec<Token>, known: &mut Definitions, notes: &mut Notes<'_>) -> Result<(), ConfigError> {
    let mut at = Dispenser::new(segment);
    at.next();
    let name = at.val();
    if known.contains_key(&name) {
        return Err(at.fault(format!("the matcher {name} is there twice")));
    }
    let set = nested(&mut at, name.strip_prefix('@').unwrap_or(&name), notes)?;
    known.insert(name, Arc::new(set));
    Ok(())
}

/// What the word after a directive is.
pub(super) enum Inline {
    /// No matcher.
    Argument,
    /// `*`
    All,
    Set(Arc<MatcherSet>),
}

/// What the word after a directive is: a matcher or its first argument.
///
/// # Errors
/// A name that is not defined.
pub(super) fn inline(token: &Token, known: &Definitions) -> Result<Inline, ConfigError> {
    if &*token.text == "*" {
        return Ok(Inline::All);
    }
    if token.text.starts_with('/') {
        return Ok(Inline::Set(Arc::new(MatcherSet::path(&token.text))));
    }
    if !token.text.starts_with('@') {
        return Ok(Inline::Argument);
    }
    match known.get(&token.text) {
        Some(set) => Ok(Inline::Set(Arc::clone(set))),
        None => Err(ConfigError::at(&token.place(), format!("the matcher {} is not defined here", token.text))),
    }
}

/// The matchers of a line or of its block. Several of one kind are read together.
fn nested(at: &mut Dispenser, name: &str, notes: &mut Notes<'_>) -> Result<MatcherSet, ConfigError> {
    let mut by_module: BTreeMap<Arc<str>, Vec<Token>> = BTreeMap::new();
    let nesting = at.nesting();
    while at.next_arg() || at.next_block(nesting) {
        let Some(token) = at.token().cloned() else { break };
        if token.quoted() {
            by_module.entry("expression".into()).or_default().push(token);
        } else {
            by_module.entry(Arc::clone(&token.text)).or_default().extend(at.segment());
        }
    }
    let mut set = MatcherSet::default();
    for (module, tokens) in by_module {
        let (module, matcher) = matcher(&module, tokens, name, notes)?;
        set.insert(module, matcher);
    }
    Ok(set)
}

/// One matcher.
fn matcher(
    module: &str,
    tokens: Vec<Token>,
    name: &str,
    notes: &mut Notes<'_>,
) -> Result<(&'static str, Matcher), ConfigError> {
    let mut at = Dispenser::new(tokens);
    Ok(match module {
        "host" => ("host", Matcher::Host(words(&mut at))),
        "path" => ("path", Matcher::Path(words(&mut at))),
        "method" => ("method", Matcher::Method(words(&mut at).iter().map(|word| word.to_uppercase().into()).collect())),
        "path_regexp" => ("path_regexp", Matcher::PathRegexp(path_regexp(&mut at, name, notes)?)),
        "query" => ("query", Matcher::Query(query(&mut at)?)),
        "header" => ("header", Matcher::Header(header(&mut at)?)),
        "header_regexp" => ("header_regexp", Matcher::HeaderRegexp(regexps(&mut at, name, notes)?)),
        "protocol" => ("protocol", Matcher::Protocol(words(&mut at).pop().unwrap_or_default())),
        "remote_ip" => ("remote_ip", ranges(&mut at, notes)?.map_or_else(Matcher::Unknown, Matcher::RemoteIp)),
        "client_ip" => ("client_ip", ranges(&mut at, notes)?.map_or_else(Matcher::Unknown, Matcher::ClientIp)),
        "vars" => ("vars", Matcher::Vars(vars(&mut at)?)),
        "vars_regexp" => ("vars_regexp", Matcher::VarsRegexp(regexps(&mut at, name, notes)?)),
        "file" => ("file", file(&mut at, notes)?),
        "not" => {
            let mut sets = Vec::new();
            while at.next() {
                sets.push(Arc::new(nested(&mut at, "", notes)?));
            }
            ("not", Matcher::Not(sets))
        }
        "tls" if at.next() && at.count_args() == 0 => ("tls", Matcher::Tls),
        "expression" => ("expression", expression(&mut at, notes)),
        other => ("other", unknown(&at, notes, format!("{other}: this matcher is not modelled"))),
    })
}

fn unknown(at: &Dispenser, notes: &mut Notes<'_>, what: impl Into<String>) -> Matcher {
    Matcher::Unknown(notes.doubt(at.place(), what))
}

/// `expression`: conditions on the status of an error are understood, and no others.
fn expression(at: &mut Dispenser, notes: &mut Notes<'_>) -> Matcher {
    let mut text = String::new();
    while at.next() {
        let named = text.is_empty() && at.token().is_some_and(|token| token.is_bare("expression"));
        if !named {
            text.push_str(&at.val());
            text.push(' ');
        }
    }
    match statuses(&text) {
        Some(ranges) => Matcher::ErrorStatus(ranges),
        None => unknown(at, notes, "expression: conditions in CEL are not evaluated"),
    }
}

/// The statuses of an expression such as `{err.status_code} in [404, 410] || {err.status_code} >= 500`.
fn statuses(text: &str) -> Option<Vec<StatusRange>> {
    let all = text.split("||").map(|part| {
        let mut ranges = vec![StatusRange(0, u16::MAX)];
        for condition in part.split("&&") {
            let fits = status_condition(condition)?;
            let both = |a: StatusRange, b: StatusRange| StatusRange(a.0.max(b.0), a.1.min(b.1));
            ranges = ranges.iter().flat_map(|&a| fits.iter().map(move |&b| both(a, b))).collect();
        }
        Some(ranges)
    });
    let ranges: Option<Vec<Vec<StatusRange>>> = all.collect();
    ranges.map(|ranges| ranges.concat())
}

/// One comparison of the status.
fn status_condition(text: &str) -> Option<Vec<StatusRange>> {
    let rest = text.trim().strip_prefix("{http.error.status_code}")?.trim_start();
    let number = |text: &str| text.trim().parse::<u16>().ok();
    if let Some(list) = rest.strip_prefix("in") {
        let list = list.trim().strip_prefix('[')?.strip_suffix(']')?;
        return list.split(',').map(|text| number(text).map(|status| StatusRange(status, status))).collect();
    }
    let end = rest.find(|c: char| !matches!(c, '=' | '<' | '>' | '!'))?;
    let (sign, value) = rest.split_at(end);
    let status = number(value)?;
    Some(vec![match sign {
        "==" => StatusRange(status, status),
        ">=" => StatusRange(status, u16::MAX),
        "<=" => StatusRange(0, status),
        ">" => StatusRange(status.checked_add(1)?, u16::MAX),
        "<" => StatusRange(0, status.checked_sub(1)?),
        _ => return None,
    }])
}

/// All arguments of all lines.
fn words(at: &mut Dispenser) -> Vec<Arc<str>> {
    let mut words = Vec::new();
    while at.next() {
        words.extend(at.args());
    }
    words
}

fn path_regexp(at: &mut Dispenser, name: &str, notes: &mut Notes<'_>) -> Result<Named, ConfigError> {
    at.next();
    let place = at.place();
    let args = at.args();
    let (name, source) = match args.as_slice() {
        [source] => (name, source),
        [name, source] => (&**name, source),
        _ => return Err(at.arguments()),
    };
    if at.next() {
        return Err(at.fault("path_regexp may stand in a matcher once"));
    }
    Ok(Named { name: name.into(), pattern: notes.pattern(place, source)? })
}

/// `[name] field pattern`
fn regexps(at: &mut Dispenser, name: &str, notes: &mut Notes<'_>) -> Result<BTreeMap<Arc<str>, Named>, ConfigError> {
    let mut fields = BTreeMap::new();
    while at.next() {
        let place = at.place();
        let args = at.args();
        let (name, field, source) = match args.as_slice() {
            [field, source] => (name, field, source),
            [name, field, source] => (&**name, field, source),
            _ => return Err(at.arguments()),
        };
        let named = Named { name: name.into(), pattern: notes.pattern(place, source)? };
        if fields.insert(Arc::clone(field), named).is_some() {
            return Err(at.fault(format!("{field} may stand in such a matcher once")));
        }
    }
    Ok(fields)
}

fn query(at: &mut Dispenser) -> Result<BTreeMap<Arc<str>, Vec<Arc<str>>>, ConfigError> {
    let mut wanted: BTreeMap<Arc<str>, Vec<Arc<str>>> = BTreeMap::new();
    for word in words(at).iter().filter(|word| !word.is_empty()) {
        let Some((name, value)) = word.split_once('=') else {
            return Err(at.fault(format!("the query matcher wants name=value, not {word:?}")));
        };
        wanted.entry(name.into()).or_default().push(value.into());
    }
    Ok(wanted)
}

/// `field value` and `!field`
fn header(at: &mut Dispenser) -> Result<WantedFields, ConfigError> {
    let mut wanted = WantedFields::new();
    while at.next() {
        let args = at.args();
        match args.as_slice() {
            [field] if field.len() > 1 && field.starts_with('!') => {
                wanted.insert(field.get(1..).unwrap_or_default().into(), None);
            }
            [field, value, ..] if !field.starts_with('!') => {
                let values = wanted.entry(go::canonical(field).into()).or_insert_with(|| Some(Vec::new()));
                values.get_or_insert_with(Vec::new).push(Arc::clone(value));
            }
            _ => return Err(at.fault("the header matcher wants a field and a value, or !field")),
        }
    }
    Ok(wanted)
}

fn vars(at: &mut Dispenser) -> Result<BTreeMap<Arc<str>, Vec<Arc<str>>>, ConfigError> {
    let mut wanted: BTreeMap<Arc<str>, Vec<Arc<str>>> = BTreeMap::new();
    while at.next() {
        let args = at.args();
        let Some((name, values @ [_, ..])) = args.split_first() else {
            return Err(at.fault("the vars matcher wants a variable and its values"));
        };
        wanted.entry(Arc::clone(name)).or_default().extend(values.iter().cloned());
    }
    Ok(wanted)
}

/// Ranges of addresses; `Err` within for what is not understood.
fn ranges(at: &mut Dispenser, notes: &mut Notes<'_>) -> Result<Result<Vec<IpNet>, NotUnderstood>, ConfigError> {
    let words = words(at);
    if words.iter().any(|word| word.contains(['%', '{'])) {
        return Ok(Err(notes.doubt(at.place(), "addresses with zones or placeholders are not modelled")));
    }
    networks(&words).map(Ok).map_err(|what| at.fault(what))
}

/// Ranges of addresses as text.
///
/// # Errors
/// A word that is none.
pub(super) fn networks(words: &[Arc<str>]) -> Result<Vec<IpNet>, String> {
    let mut nets = Vec::new();
    for word in words {
        if &**word == "private_ranges" {
            nets.extend(PRIVATE.iter().filter_map(|range| range.parse::<IpNet>().ok()));
            continue;
        }
        let net = match word.parse::<IpAddr>() {
            Ok(address) => Some(IpNet::from(address)),
            Err(_) => word.parse().ok(),
        };
        nets.push(net.ok_or_else(|| format!("{word:?} is neither an address nor a range"))?);
    }
    Ok(nets)
}

fn file(at: &mut Dispenser, notes: &mut Notes<'_>) -> Result<Matcher, ConfigError> {
    let mut matcher = FileMatcher { root: "".into(), try_files: Vec::new(), fallback: false, split_path: Vec::new() };
    let mut policy: Arc<str> = "".into();
    let mut place = None;
    while at.next() {
        place = at.place();
        matcher.try_files.extend(at.args());
        let nesting = at.nesting();
        while at.next_block(nesting) {
            match &*at.val() {
                "root" => matcher.root = at.some_arg()?,
                "try_files" => matcher.try_files.extend(at.args()),
                "try_policy" => policy = at.some_arg()?,
                "split_path" => matcher.split_path = at.args(),
                other => return Err(at.fault(format!("{other:?} is nothing that the file matcher has"))),
            }
        }
    }
    match &*policy {
        "" | "first_exist" => {}
        "first_exist_fallback" => matcher.fallback = true,
        other => {
            return Ok(Matcher::Unknown(
                notes.doubt(place, format!("try_policy {other}: what files are like is not seen")),
            ));
        }
    }
    if matcher.try_files.is_empty() {
        matcher.try_files.push("{http.request.uri.path}".into());
    }
    if matcher.root.is_empty() {
        matcher.root = "{http.vars.root}".into();
    }
    Ok(Matcher::File(Box::new(matcher)))
}

/// Reads `@name status … header …` of a response.
///
/// # Errors
/// What Caddy refuses.
pub(super) fn response(segment: Vec<Token>) -> Result<(Arc<str>, ResponseMatcher), ConfigError> {
    let mut at = Dispenser::new(segment);
    at.next();
    let name = at.val();
    let mut matcher = ResponseMatcher::default();
    let nesting = at.nesting();
    while at.next_arg() || at.next_block(nesting) {
        match &*at.val() {
            "header" => matcher.headers.extend(header(&mut Dispenser::new(at.segment()))?),
            "status" => {
                let args = at.args();
                if args.is_empty() {
                    return Err(at.arguments());
                }
                for arg in args {
                    matcher.status.push(status(&arg).ok_or_else(|| at.fault(format!("{arg:?} is no status")))?);
                }
            }
            other => return Err(at.fault(format!("{other:?} is no matcher of a response"))),
        }
    }
    Ok((name, matcher))
}

/// A status, or the first digit of `2xx`.
pub(super) fn status(text: &str) -> Option<u16> {
    let digits = match text.strip_suffix("xx") {
        Some(digit) if text.len() == 3 => digit,
        _ => text,
    };
    digits.parse().ok()
}

impl Notes<'_> {
    /// A regular expression, and a doubt if it is not understood.
    ///
    /// # Errors
    /// What Go refuses.
    pub(super) fn pattern(&mut self, place: Option<Place>, source: &str) -> Result<Pattern, ConfigError> {
        let pattern = match Pattern::new(source) {
            Ok(pattern) => pattern,
            Err(what) => return Err(ConfigError { place, what }),
        };
        if pattern.understood().is_none() {
            self.doubt(place, format!("the regular expression {source:?} is not understood"));
        }
        Ok(pattern)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_of_expressions() {
        let range = |from, to| StatusRange(from, to);
        for (text, expected) in [
            ("{http.error.status_code} == 404", Some(vec![range(404, 404)])),
            ("{http.error.status_code} in [404, 410]", Some(vec![range(404, 404), range(410, 410)])),
            (
                "{http.error.status_code} >= 400 && {http.error.status_code} < 500 || {http.error.status_code} == 503",
                Some(vec![range(400, 499), range(503, 503)]),
            ),
            ("{http.error.status_code} == 404 && {http.request.method} == 'GET'", None),
            ("path('/x')", None),
        ] {
            assert_eq!(statuses(text), expected, "{text}");
        }
    }
}
