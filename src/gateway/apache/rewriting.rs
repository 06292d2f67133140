//! Rewrite rules at work, in the context of a server (`modules/mappers/mod_rewrite.c`, 2.4).

use super::rewrite::{Condition, Flags, Rule, Test};
use super::text::Scene;
use super::url::{escape, is_visible};
use crate::gateway::pcre::{Groups, group};
use crate::gateway::{Found, NotUnderstood, Reply, Step, StepKind, World};

/// Rounds of `[N]` at most that are followed.
const MOST_ROUNDS: usize = 1_000;
/// Bytes of a path at most that rules may make (twice `LimitRequestLine`).
const LONGEST: usize = 2 * 8_190;

/// What comes of the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rewritten {
    /// The path is as it was.
    Not,
    /// It is another one, for whatever comes next to map.
    PassedThrough(Vec<u8>),
    /// It is a file below the root, and nothing else maps it.
    Local(Vec<u8>),
    /// It is sent to this URL; true if it is not to be escaped.
    Proxy(Vec<u8>, bool),
    /// The proxy answers.
    Reply(Reply),
}

/// Rules at work.
pub(super) struct Rewriting<'r> {
    /// What they read; the query and variables are written too.
    pub(super) scene: &'r mut Scene,
    /// What was done.
    pub(super) steps: &'r mut Vec<Step>,
    /// What is not known of it.
    pub(super) unknown: &'r mut Vec<NotUnderstood>,
    /// The machine.
    pub(super) world: &'r dyn World,
    /// True if a host is one of the server's own names.
    pub(super) is_own: &'r dyn Fn(&str) -> bool,
}

/// What references to groups mean: those of the rule, and those of the last condition that matched.
struct References {
    rule: Option<(Vec<u8>, Groups)>,
    condition: Option<(Vec<u8>, Groups)>,
}

impl Rewriting<'_> {
    /// Applies rules to the path of the scene.
    pub(super) fn rules(&mut self, rules: &[Rule]) -> Rewritten {
        let query_before = self.scene.query.clone();
        let mut path = self.scene.uri.clone();
        let mut changed: Option<&Rule> = None;
        let (mut number, mut rounds) = (0, 0);
        while let Some(rule) = rules.get(number) {
            number += 1;
            let Some(references) = self.applies(rule, &path) else {
                // A chain ends with the first of its rules that does not apply.
                let mut chained = rule;
                while chained.flags.chain {
                    let Some(next) = rules.get(number) else { break };
                    (chained, number) = (next, number + 1);
                }
                continue;
            };
            self.unknown.extend(rule.doubt.clone());
            for (name, value) in &rule.flags.env {
                self.set_env(name, value, rule, &references);
            }
            if let Some(to) = &rule.to {
                let Some((mut new, unsafe_mark)) = self.expand(to, rule, &references) else { return Rewritten::Not };
                if unsafe_mark && !rule.flags.allow_mark {
                    self.steps.push(Step::at(
                        StepKind::Answer,
                        format!("{}: a ? from an escape", rule.text),
                        &rule.place,
                    ));
                    return Rewritten::Reply(Reply::status(403));
                }
                if !new.starts_with(b"/")
                    && absolute(&new).is_none()
                    && !rule.flags.proxy
                    && rule.flags.redirect.is_none()
                {
                    new.insert(0, b'/');
                }
                path = self.split_query(new, &rule.flags);
                if path.len() > LONGEST {
                    return Rewritten::Reply(Reply::status(500));
                }
                changed = Some(rule);
                if (rule.flags.proxy || rule.flags.redirect.is_some()) && absolute(&path).is_none() {
                    let slash: &[u8] = if path.starts_with(b"/") { b"" } else { b"/" };
                    path = self.scene.own_url(&[slash, &path].concat());
                }
                if !rule.flags.proxy && rule.flags.redirect.is_none() {
                    path = self.reduced(path);
                    while path.starts_with(b"//") && !to.starts_with("//") {
                        path.remove(0);
                    }
                }
                self.steps.push(Step::at(StepKind::Path, rule.text.clone(), &rule.place).path(path.clone()));
            } else if let Some(status) = rule.flags.status {
                self.steps.push(Step::at(StepKind::Answer, rule.text.clone(), &rule.place));
                return Rewritten::Reply(Reply::status(status));
            }
            let flags = &rule.flags;
            if flags.pass_through || flags.end || flags.proxy || flags.last {
                break;
            }
            if flags.again {
                rounds += 1;
                if rounds >= MOST_ROUNDS {
                    return Rewritten::Reply(Reply::status(500));
                }
                number = 0;
            } else {
                number += flags.skip;
            }
        }
        match changed {
            None => Rewritten::Not,
            Some(rule) => self.outcome(path, rule, query_before.as_deref()),
        }
    }

    /// What comes of a path that rules have made; `rule` is the last that did.
    fn outcome(&mut self, path: Vec<u8>, rule: &Rule, query_before: Option<&[u8]>) -> Rewritten {
        let flags = &rule.flags;
        let query = self.scene.query.clone();
        let visible = query.as_deref().is_none_or(is_visible);
        if flags.proxy {
            if !visible {
                return Rewritten::Reply(Reply::status(403));
            }
            let mut url = path;
            if let Some(query) = query.filter(|_| flags.no_escape) {
                url.push(b'?');
                url.extend(query);
            }
            return Rewritten::Proxy(url, flags.no_escape);
        }
        let Some(start) = absolute(&path).filter(|_| !flags.pass_through) else {
            if !visible {
                return Rewritten::Reply(Reply::status(403));
            }
            return if flags.pass_through { Rewritten::PassedThrough(path) } else { Rewritten::Local(path) };
        };
        if flags.no_escape && !visible {
            return Rewritten::Reply(Reply::status(403));
        }
        let mut location = if flags.no_escape { path } else { escape_url(&path, start) };
        if let Some(query) = query {
            let kept = flags.no_escape || query_before == Some(query.as_slice());
            location.push(b'?');
            location.extend(if kept { query } else { escape(&query) });
        }
        let status = flags.redirect.unwrap_or(302);
        Rewritten::Reply(super::plan::located(status, location))
    }

    /// What references mean if the rule applies to the path.
    fn applies(&mut self, rule: &Rule, path: &[u8]) -> Option<References> {
        let groups = rule.pattern.groups(path);
        if groups.is_some() == rule.negated {
            return None;
        }
        let matched = groups.filter(|_| !rule.negated).map(|groups| (path.to_vec(), groups));
        let mut references = References { rule: matched, condition: None };
        let mut conditions = rule.conditions.iter();
        while let Some(condition) = conditions.next() {
            let holds = match self.holds(condition, &mut references) {
                Ok(holds) => holds,
                Err(what) => {
                    self.unknown.push(what);
                    return None;
                }
            };
            if holds && condition.or {
                // The rest of those that are joined by OR, the last of them without it.
                for next in conditions.by_ref() {
                    if !next.or {
                        break;
                    }
                }
            } else if !holds && !condition.or {
                return None;
            }
        }
        Some(references)
    }

    fn holds(&self, condition: &Condition, references: &mut References) -> Result<bool, NotUnderstood> {
        let strange = |what: String| NotUnderstood::at(&condition.place, format!("{}: {what}", condition.text));
        let (input, _) = self.text(&condition.input, references).map_err(strange)?;
        let holds = match &condition.test {
            Test::Regex(pattern) => {
                let groups = pattern.groups(&input);
                let found = groups.is_some();
                if let Some(groups) = groups.filter(|_| !condition.negated) {
                    references.condition = Some((input, groups));
                }
                found
            }
            Test::Equal(text, true) => input.eq_ignore_ascii_case(text.as_bytes()),
            Test::Equal(text, false) => input == text.as_bytes(),
            Test::File | Test::Folder => {
                let root = self.scene.root.trim_end_matches('/');
                let below = input.strip_prefix(root.as_bytes()).and_then(|rest| rest.strip_prefix(b"/"));
                let below = below.ok_or_else(|| strange("a file outside of the root is not looked for".to_owned()))?;
                let found = self
                    .world
                    .look(root, below)
                    .ok_or_else(|| strange("whether the file is there is not known".to_owned()))?;
                found == if matches!(condition.test, Test::File) { Found::File } else { Found::Folder }
            }
            Test::Unknown(what) => return Err(what.clone()),
        };
        Ok(holds != condition.negated)
    }

    fn set_env(&mut self, name: &str, value: &str, rule: &Rule, references: &References) {
        match self.text(value, references) {
            Ok((value, _)) => {
                if let Some(name) = name.strip_prefix('!') {
                    self.scene.env.remove(name);
                } else {
                    self.scene.env.insert(name.to_owned(), value);
                }
            }
            Err(what) => self.unknown.push(NotUnderstood::at(&rule.place, format!("{}: {what}", rule.text))),
        }
    }

    /// Expands the text of a rule; the flag says that a `?` came out of what was expanded before any in the text.
    fn expand(&mut self, text: &str, rule: &Rule, references: &References) -> Option<(Vec<u8>, bool)> {
        match self.text(text, references) {
            Ok(expanded) => Some(expanded),
            Err(what) => {
                self.unknown.push(NotUnderstood::at(&rule.place, format!("{}: {what}", rule.text)));
                None
            }
        }
    }

    /// Expands variables and references (`do_expand`).
    fn text(&self, text: &str, references: &References) -> Result<(Vec<u8>, bool), String> {
        let mut out = Vec::with_capacity(text.len());
        let mut mark: Option<bool> = None;
        let mut chars = text.char_indices();
        while let Some((at, c)) = chars.next() {
            let rest = text.get(at + c.len_utf8()..).unwrap_or_default();
            let expanded = match (c, rest.chars().next()) {
                ('\\', Some(escaped)) => {
                    chars.next();
                    out.extend_from_slice(escaped.encode_utf8(&mut [0; 4]).as_bytes());
                    continue;
                }
                ('%', Some('{')) => {
                    let name = rest.get(1..).and_then(|rest| rest.split_once('}')).ok_or("a } is missing")?.0;
                    for _ in 0..name.chars().count() + 2 {
                        chars.next();
                    }
                    let name =
                        if name == "REQUEST_FILENAME" || name == "SCRIPT_FILENAME" { "REQUEST_URI" } else { name };
                    self.scene.variable(name)?
                }
                ('$', Some('{')) => return Err("maps are not modelled".to_owned()),
                ('$' | '%', Some(digit @ '0'..='9')) => {
                    chars.next();
                    let from = if c == '$' { &references.rule } else { &references.condition };
                    let number = digit.to_digit(10).and_then(|digit| usize::try_from(digit).ok()).unwrap_or(0);
                    from.as_ref().map(|(text, groups)| group(text, groups, number).to_vec()).unwrap_or_default()
                }
                (c, _) => {
                    if c == '?' {
                        mark.get_or_insert(false);
                    }
                    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    continue;
                }
            };
            if expanded.contains(&b'?') {
                mark.get_or_insert(true);
            }
            out.extend(expanded);
        }
        Ok((out, mark == Some(true)))
    }

    /// Takes the query off a path, and settles which one counts (`splitout_queryargs`).
    fn split_query(&mut self, mut path: Vec<u8>, flags: &Flags) -> Vec<u8> {
        if flags.discard_query {
            self.scene.query = None;
        }
        let start = absolute(&path).unwrap_or(0);
        let behind = path.get(start..).unwrap_or_default();
        let mark = if flags.last_mark {
            behind.iter().rposition(|&b| b == b'?')
        } else {
            behind.iter().position(|&b| b == b'?')
        };
        let Some(mark) = mark.map(|mark| start + mark) else { return path };
        let query = path.get(mark + 1..).unwrap_or_default().to_vec();
        path.truncate(mark);
        let old = self.scene.query.take();
        let mut query = match (flags.append_query, old) {
            (true, Some(old)) if !query.is_empty() => [&query, &b"&"[..], &old].concat(),
            (true, None) if !query.is_empty() => [&query, &b"&"[..]].concat(),
            (true, old) if query.is_empty() => old.unwrap_or_default(),
            _ => query,
        };
        if query.last() == Some(&b'&') {
            query.pop();
        }
        self.scene.query = Some(query).filter(|query| !query.is_empty());
        path
    }

    /// A URL of this server's own as the path that it is (`reduce_uri`).
    fn reduced(&self, path: Vec<u8>) -> Vec<u8> {
        let Some(start) = absolute(&path) else { return path };
        let (scheme, rest) = path.split_at(start);
        if !scheme.eq_ignore_ascii_case(format!("{}://", self.scene.scheme).as_bytes()) {
            return path;
        }
        let end = rest.iter().position(|&b| b == b'/').unwrap_or(rest.len());
        let (authority, below) = rest.split_at(end);
        let Some((host, port)) = super::head::split_port(authority) else { return path };
        let default = if self.scene.scheme == "https" { 443 } else { 80 };
        let same_port = port.unwrap_or(default) == self.scene.port;
        if !same_port || !(self.is_own)(&String::from_utf8_lossy(host)) {
            return path;
        }
        if below.is_empty() { b"/".to_vec() } else { below.to_vec() }
    }
}

/// The length of `scheme://` of a URL that httpd takes for absolute (`is_absolute_uri`).
fn absolute(path: &[u8]) -> Option<usize> {
    const SCHEMES: [&str; 12] =
        ["ajp", "balancer", "ftp", "fcgi", "http", "https", "h2", "h2c", "ldap", "scgi", "ws", "wss"];
    let colon = path.iter().position(|&b| b == b':')?;
    let (scheme, rest) = path.split_at(colon);
    let known = SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known.as_bytes()));
    (known && rest.starts_with(b"://")).then_some(colon + 3)
}

/// Escapes the path of a URL, the host stays (`escape_absolute_uri`).
fn escape_url(url: &[u8], start: usize) -> Vec<u8> {
    let rest = url.get(start..).unwrap_or_default();
    match rest.iter().position(|&b| b == b'/') {
        None => url.to_vec(),
        Some(end) => {
            let (host, path) = url.split_at(start + end + 1);
            [host, &escape(path)].concat()
        }
    }
}
