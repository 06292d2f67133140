//! `RewriteCond` and `RewriteRule` as they are written (`modules/mappers/mod_rewrite.c`, 2.4).

use super::tree::Node;
use crate::gateway::pcre::Regex;
use crate::gateway::{NotUnderstood, Place};

/// A rule with the conditions before it.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    /// Where it stands.
    pub(super) place: Place,
    /// The directive as written.
    pub(super) text: String,
    /// The conditions.
    pub(super) conditions: Vec<Condition>,
    /// What the path is compared with.
    pub(super) pattern: Regex,
    /// It applies where the pattern does not match.
    pub(super) negated: bool,
    /// What is put in place of the path; `None` for `-`.
    pub(super) to: Option<String>,
    /// The flags.
    pub(super) flags: Flags,
    /// What of it is not understood.
    pub(super) doubt: Option<NotUnderstood>,
}

/// What a rule does besides.
#[derive(Clone, Debug, Default)]
pub(super) struct Flags {
    /// `P`
    pub(super) proxy: bool,
    /// `R`: the status
    pub(super) redirect: Option<u16>,
    /// `F`, `G`, `R=` with a status that is no redirect
    pub(super) status: Option<u16>,
    /// `L`
    pub(super) last: bool,
    /// `END`
    pub(super) end: bool,
    /// `N`
    pub(super) again: bool,
    /// `C`
    pub(super) chain: bool,
    /// `PT`
    pub(super) pass_through: bool,
    /// `NE`
    pub(super) no_escape: bool,
    /// `QSA`
    pub(super) append_query: bool,
    /// `QSD`
    pub(super) discard_query: bool,
    /// `QSL`
    pub(super) last_mark: bool,
    /// `S`
    pub(super) skip: usize,
    /// `UnsafeAllow3F`
    pub(super) allow_mark: bool,
    /// `E`
    pub(super) env: Vec<(String, String)>,
}

/// A condition.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    /// Where it stands.
    pub(super) place: Place,
    /// The directive as written.
    pub(super) text: String,
    /// What is tested.
    pub(super) input: String,
    /// How.
    pub(super) test: Test,
    /// Turned round.
    pub(super) negated: bool,
    /// `OR`
    pub(super) or: bool,
}

/// How a condition tests.
#[derive(Clone, Debug)]
pub(super) enum Test {
    /// A regular expression.
    Regex(Regex),
    /// The same text.
    Equal(String, bool),
    /// A file.
    File,
    /// A folder.
    Folder,
    /// What is not modelled.
    Unknown(NotUnderstood),
}

impl Condition {
    /// Reads the directive.
    pub(super) fn new(node: &Node) -> Self {
        let (mut ignore_case, mut or, mut strange) = (false, false, None);
        for flag in flags(node.word(2)) {
            match flag.to_ascii_lowercase().as_str() {
                "nc" | "nocase" => ignore_case = true,
                "or" | "ornext" => or = true,
                "nv" | "novary" => {}
                _ => strange = Some(format!("the flag {flag} is not modelled")),
            }
        }
        let (pattern, negated) = node.word(1).strip_prefix('!').map_or((node.word(1), false), |rest| (rest, true));
        let test = match (strange, pattern) {
            (Some(what), _) => Err(what),
            (None, "-f") => Ok(Test::File),
            (None, "-d") => Ok(Test::Folder),
            (None, pattern) if node.word(0).eq_ignore_ascii_case("expr") || is_operator(pattern) => {
                Err(format!("{pattern} is not modelled"))
            }
            (None, pattern) => match pattern.strip_prefix('=') {
                Some(text) => Ok(Test::Equal(text.strip_prefix("\"\"").unwrap_or(text).to_owned(), ignore_case)),
                None => Regex::of_httpd(pattern, ignore_case).map(Test::Regex),
            },
        };
        let test =
            test.unwrap_or_else(|what| Test::Unknown(NotUnderstood::at(&node.place, format!("{}: {what}", node.text))));
        Self { place: node.place.clone(), text: node.text.clone(), input: node.word(0).to_owned(), test, negated, or }
    }
}

/// True for a comparison or a test of files that is not modelled.
fn is_operator(pattern: &str) -> bool {
    let is_test = pattern.strip_prefix('-').is_some_and(|rest| {
        matches!(rest, "s" | "l" | "h" | "L" | "x" | "U" | "F")
            || ["eq", "ge", "gt", "le", "lt", "ne"].iter().any(|operator| rest.starts_with(operator))
    });
    is_test || pattern.starts_with(['<', '>'])
}

/// The flags between the brackets.
fn flags(text: &str) -> Vec<&str> {
    let inside = text.trim_start_matches('[').trim_end_matches(']');
    inside.split(',').map(str::trim).filter(|flag| !flag.is_empty()).collect()
}

impl Rule {
    /// Reads the directive.
    ///
    /// # Errors
    /// If its pattern is not modelled.
    pub(super) fn new(node: &Node, conditions: Vec<Condition>) -> Result<Self, String> {
        let (pattern, negated) = node.word(0).strip_prefix('!').map_or((node.word(0), false), |rest| (rest, true));
        let (mut ignore_case, mut doubt, mut out) = (false, None, Flags::default());
        let mut forbidden = false;
        for flag in flags(node.word(2)) {
            let (key, value) = flag.split_once('=').unwrap_or((flag, ""));
            match key.to_ascii_lowercase().as_str() {
                "nc" | "nocase" => ignore_case = true,
                "ns" | "nosubreq" => {}
                known => {
                    forbidden |= matches!(known, "f" | "forbidden" | "g" | "gone");
                    if !out.take(known, value) {
                        doubt = Some(NotUnderstood::at(
                            &node.place,
                            format!("{}: the flag {flag} is not modelled", node.text),
                        ));
                    }
                }
            }
        }
        let to = Some(node.word(1)).filter(|to| *to != "-" && !forbidden && out.status.is_none()).map(str::to_owned);
        let pattern = Regex::of_httpd(pattern, ignore_case)?;
        Ok(Self {
            place: node.place.clone(),
            text: node.text.clone(),
            conditions,
            pattern,
            negated,
            to,
            flags: out,
            doubt,
        })
    }
}

impl Flags {
    /// Takes a flag in; false for one that is not modelled.
    fn take(&mut self, key: &str, value: &str) -> bool {
        match key {
            "p" | "proxy" => self.proxy = true,
            "l" | "last" => self.last = true,
            "end" => self.end = true,
            "n" | "next" => self.again = true,
            "c" | "chain" => self.chain = true,
            "pt" | "passthrough" => self.pass_through = true,
            "ne" | "noescape" => self.no_escape = true,
            "qsa" | "qsappend" => self.append_query = true,
            "qsd" | "qsdiscard" => self.discard_query = true,
            "qsl" | "qslast" => self.last_mark = true,
            "f" | "forbidden" => self.status = Some(403),
            "g" | "gone" => self.status = Some(410),
            "unsafeallow3f" => self.allow_mark = true,
            "s" | "skip" => match value.parse() {
                Ok(skip) => self.skip = skip,
                Err(_) => return false,
            },
            "r" | "redirect" => match value.to_ascii_lowercase().as_str() {
                "" | "temp" => self.redirect = Some(302),
                "permanent" => self.redirect = Some(301),
                "seeother" => self.redirect = Some(303),
                value => match value.parse() {
                    Ok(status @ 300..=399) => self.redirect = Some(status),
                    Ok(status @ 100..=599) => self.status = Some(status),
                    _ => return false,
                },
            },
            "e" | "env" => {
                let (name, value) = value.split_once(':').unwrap_or((value, ""));
                self.env.push((name.to_owned(), value.to_owned()));
            }
            _ => return false,
        }
        true
    }
}
