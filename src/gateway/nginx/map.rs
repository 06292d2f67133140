//! `map`: a variable whose value depends on another text.
//!
//! Source: `ngx_http_map_block`, `ngx_http_map_variable` (`ngx_http_map_module.c`), `ngx_http_map_find`
//! (`ngx_http_variables.c`), 1.22.1.

use std::collections::HashMap;

use super::compile::Context;
use super::template::Template;
use super::tree::Directive;
use super::visit::{Regex, Value, Visit};
use crate::gateway::ConfigError;

/// A `map` block.
#[derive(Clone, Debug)]
pub(super) struct Map {
    source: Template,
    /// Whether sources are names of hosts: a final dot is cut, and wildcards count.
    hostnames: bool,
    /// The value is worked out anew each time.
    pub(super) volatile: bool,
    exact: HashMap<Vec<u8>, Template>,
    head: HashMap<Vec<u8>, Template>,
    tail: HashMap<Vec<u8>, Template>,
    regexes: Vec<(Regex, Template)>,
    default: Template,
}

impl Map {
    /// Reads a block.
    ///
    /// # Errors
    /// nginx refuses it.
    pub(super) fn parse(block: &Directive, cx: &mut Context) -> Result<Self, ConfigError> {
        let [source, _] = block.args.as_slice() else {
            return Err(block.wrong("it takes a source and a variable"));
        };
        let mut map = Self {
            source: cx.template(block, source)?,
            hostnames: false,
            volatile: false,
            exact: HashMap::new(),
            head: HashMap::new(),
            tail: HashMap::new(),
            regexes: Vec::new(),
            default: Template::default(),
        };
        let mut has_default = false;
        for line in block.inside() {
            match (line.name.as_str(), line.args.as_slice()) {
                ("hostnames", []) => map.hostnames = true,
                ("volatile", []) => map.volatile = true,
                ("default", [value]) => {
                    if std::mem::replace(&mut has_default, true) {
                        return Err(line.wrong("duplicate default map parameter"));
                    }
                    map.default = cx.template(line, value)?;
                }
                (key, [value]) => {
                    let value = cx.template(line, value)?;
                    map.entry(key, value, line, cx)?;
                }
                _ => return Err(line.wrong("invalid number of the map parameters")),
            }
        }
        Ok(map)
    }

    fn entry(&mut self, key: &str, value: Template, line: &Directive, cx: &mut Context) -> Result<(), ConfigError> {
        if let Some(pattern) = key.strip_prefix('~') {
            let (pattern, caseless) = pattern.strip_prefix('*').map_or((pattern, false), |pattern| (pattern, true));
            let regex = cx.regex(pattern.as_bytes(), caseless, line)?;
            self.regexes.push((regex, value));
            return Ok(());
        }
        let key = key.strip_prefix('\\').unwrap_or(key).to_ascii_lowercase();
        let wildcard = self.hostnames && (key.starts_with("*.") || key.starts_with('.') || key.ends_with(".*"));
        let twice = if let Some(rest) = key.strip_prefix("*.").filter(|_| wildcard) {
            self.head.insert(rest.as_bytes().to_vec(), value).is_some()
        } else if let Some(rest) = key.strip_suffix(".*").filter(|_| wildcard) {
            self.tail.insert(rest.as_bytes().to_vec(), value).is_some()
        } else if let Some(rest) = key.strip_prefix('.').filter(|_| wildcard) {
            let rest = rest.as_bytes().to_vec();
            self.head.insert(rest.clone(), value.clone()).is_some() | self.exact.insert(rest, value).is_some()
        } else {
            self.exact.insert(key.into_bytes(), value).is_some()
        };
        if twice { Err(line.wrong("conflicting parameter: it stands there twice")) } else { Ok(()) }
    }

    /// True if looking something up in it may change what `$1` holds.
    pub(super) fn catches(&self) -> bool {
        !self.regexes.is_empty()
    }

    /// The value for a request.
    ///
    /// # Errors
    /// It cannot be known.
    pub(super) fn value(&self, visit: &mut Visit) -> Value {
        let mut source = self.source.fill(visit)?;
        if self.hostnames && source.last() == Some(&b'.') {
            source.pop();
        }
        let value = self.find(&source, visit);
        value.fill(visit)
    }

    fn find(&self, source: &[u8], visit: &mut Visit) -> &Template {
        let key = source.to_ascii_lowercase();
        if let Some(value) = self.exact.get(&key) {
            return value;
        }
        let dots = || memchr::memchr_iter(b'.', &key);
        let mut suffixes = dots().filter_map(|dot| key.get(dot + 1..));
        if let Some(value) = suffixes.find_map(|suffix| self.head.get(suffix)) {
            return value;
        }
        let mut prefixes = dots().rev().filter_map(|dot| key.get(..dot));
        if let Some(value) = prefixes.find_map(|prefix| self.tail.get(prefix)) {
            return value;
        }
        if !source.is_empty() {
            for (regex, value) in &self.regexes {
                if visit.matches(regex, source) {
                    return value;
                }
            }
        }
        &self.default
    }
}
