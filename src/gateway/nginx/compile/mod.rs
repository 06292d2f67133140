//! From blocks of directives to what requests are answered from.
//!
//! nginx merges each level into those below it once all files are read, so that what stands at the end of a block holds
//! for a block above it too: here a level's own settings are read before the blocks in it.
//!
//! ```text
//! tree ─▶ http (maps, upstreams) ─▶ server (listen, server_name) ─▶ location ─▶ location | if | limit_except
//!                     └──────────────── Context: variables, expressions, doubts ────────────────┘
//! ```

mod http;
mod location;
mod server;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::access_log;
use super::config::{Config, Location, Server};
use super::map::Map;
use super::template::Template;
use super::tree::Directive;
use super::upstream::Group;
use super::variables::{Kind as VariableKind, VariableId, Variables};
use super::visit::Regex;
use crate::asgi::Release;
use crate::gateway::pcre::{Fault, Modes, Pcre};
use crate::gateway::{ConfigError, NotUnderstood, Place, Remark};
use http::http_level;

/// What is gathered while a configuration is compiled.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) variables: Variables,
    /// What is not understood, in the order of finding it.
    pub(super) not_understood: Vec<NotUnderstood>,
    /// Faults that need no request to be seen.
    pub(super) remarks: Vec<Remark>,
    release: Release,
    /// Variables that nothing made so far, and who used them first.
    used: HashMap<VariableId, Place>,
    servers: Vec<Server>,
    locations: Vec<Location>,
    maps: Vec<Map>,
    upstreams: BTreeMap<String, Group>,
    folders: BTreeSet<String>,
    known_hosts: HashSet<(String, u16)>,
    /// Zones of `limit_req_zone` whose rate is counted by the minute, and the rate.
    pub(super) slow_zones: HashMap<Vec<u8>, String>,
}

/// What has come of a tree.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) config: Config,
    pub(super) not_understood: Vec<NotUnderstood>,
    pub(super) remarks: Vec<Remark>,
}

/// Compiles a tree.
///
/// # Errors
/// nginx refuses it.
pub(super) fn compile(tree: &[Directive], release: Release) -> Result<Compiled, ConfigError> {
    let mut cx = Context {
        variables: Variables::default(),
        not_understood: Vec::new(),
        remarks: Vec::new(),
        release,
        used: HashMap::new(),
        servers: Vec::new(),
        locations: Vec::new(),
        maps: Vec::new(),
        upstreams: BTreeMap::new(),
        folders: BTreeSet::new(),
        known_hosts: HashSet::new(),
        slow_zones: HashMap::new(),
    };
    let http = http_level(tree)?;
    let sockets = cx.http(&http)?;
    cx.remarks.extend(access_log::of(&http));
    cx.undefined();
    let config = Config {
        release,
        servers: cx.servers,
        locations: cx.locations,
        sockets,
        upstreams: cx.upstreams,
        variables: cx.variables,
        maps: cx.maps,
        folders: cx.folders,
        known_hosts: cx.known_hosts,
    };
    Ok(Compiled { config, not_understood: cx.not_understood, remarks: cx.remarks })
}

/// The name in `$name`.
///
/// # Errors
/// It is written otherwise.
pub(super) fn variable<'a>(directive: &Directive, text: &'a [u8]) -> Result<&'a [u8], ConfigError> {
    let invalid = || directive.wrong(format!("invalid variable name \"{}\"", String::from_utf8_lossy(text)));
    text.strip_prefix(b"$").filter(|name| !name.is_empty()).ok_or_else(invalid)
}

impl Context {
    /// A text with variables.
    ///
    /// # Errors
    /// nginx refuses it.
    pub(super) fn template(&mut self, directive: &Directive, text: &[u8]) -> Result<Template, ConfigError> {
        let before = self.variables.undefined().len();
        let template = Template::compile(text, &mut self.variables)
            .map_err(|why| directive.wrong(format!("{why} in \"{}\"", String::from_utf8_lossy(text))))?;
        for &id in self.variables.undefined().get(before..).unwrap_or_default() {
            self.used.insert(id, directive.place.clone());
        }
        Ok(template)
    }

    /// A variable that a directive reads.
    pub(super) fn read_variable(&mut self, directive: &Directive, name: &[u8]) -> VariableId {
        let before = self.variables.undefined().len();
        let id = self.variables.used(name);
        if self.variables.undefined().len() > before {
            self.used.insert(id, directive.place.clone());
        }
        id
    }

    /// A variable that a directive makes.
    ///
    /// # Errors
    /// It cannot be made.
    pub(super) fn make(
        &mut self,
        directive: &Directive,
        name: &[u8],
        kind: VariableKind,
    ) -> Result<VariableId, ConfigError> {
        self.variables.define(name, kind, &directive.place).map_err(|why| directive.wrong(why))
    }

    /// A regular expression. What is beyond the model is noted, and never known to match or not.
    ///
    /// # Errors
    /// PCRE refuses it.
    pub(super) fn regex(
        &mut self,
        pattern: &[u8],
        caseless: bool,
        directive: &Directive,
    ) -> Result<Regex, ConfigError> {
        let pcre = match Pcre::new(pattern, Modes { caseless, ..Modes::default() }) {
            Ok(pcre) => pcre,
            Err(Fault::Wrong(why)) => {
                return Err(directive.wrong(format!("{why} in \"{}\"", String::from_utf8_lossy(pattern))));
            }
            Err(Fault::Beyond(why)) => {
                self.note(directive, format!("{directive}: {why}"));
                Pcre::beyond(pattern, why)
            }
        };
        let mut named = Vec::new();
        for (name, group) in pcre.names() {
            let id = self.variables.define(name.as_bytes(), VariableKind::Stored, &directive.place);
            named.push((*group, id.map_err(|why| directive.wrong(why))?));
        }
        Ok(Regex { pcre: Arc::new(pcre), named, place: directive.place.clone() })
    }

    /// Notes what is not understood.
    pub(super) fn note(&mut self, directive: &Directive, what: impl Into<String>) -> NotUnderstood {
        let doubt = NotUnderstood::at(&directive.place, what);
        self.not_understood.push(doubt.clone());
        doubt
    }

    /// Notes a folder that files are looked for in.
    pub(super) fn folder(&mut self, path: &[u8]) {
        self.folders.insert(String::from_utf8_lossy(path).into_owned());
    }

    /// Notes the variables that nothing makes: nginx would not start, unless a module that is not known here has them.
    fn undefined(&mut self) {
        for id in self.variables.undefined().to_vec() {
            let name = self.variables.definition(id).name.clone();
            let place = self.used.get(&id).cloned();
            let what = format!("${name}: neither nginx nor this configuration nor the environment has this variable");
            self.not_understood.push(NotUnderstood { place, what });
        }
    }
}
