//! A Caddyfile's meaning: its blocks made into servers and routes, as Caddy's adapter makes them into JSON. Caddy 2.11,
//! `caddyconfig/httpcaddyfile`.
//!
//! ```text
//! blocks ─┬─ global options ─▶ options
//!         ├─ &(name) ────────▶ named routes
//!         └─ sites ─ directives ─▶ routes, sorted ─ by address ─▶ servers ─ https ─▶ redirects, certificates
//! ```

mod blocks;
mod files;
mod handlers;
mod headers;
mod https;
mod matchers;
mod options;
mod proxying;
mod remarks;
mod rewriting;
mod servers;
mod shorthand;
mod site;
mod sorting;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::caddyfile::{self, Block, Dispenser, Token};
use super::route::{Config, Handled, Handler, Line};
use crate::gateway::caddy::routes::Routes;
use crate::gateway::{Code, ConfigError, Files, NotUnderstood, Place, Remark, Weight};
use blocks::Scope;
use options::Options;
use site::Site;

/// What was read, beside the routes.
pub(super) struct Adapted {
    pub(super) config: Config,
    pub(super) files: Vec<PathBuf>,
    pub(super) not_understood: Vec<NotUnderstood>,
    pub(super) remarks: Vec<Remark>,
}

/// What is noted down on the way.
pub(super) struct Notes<'a> {
    files: &'a dyn Files,
    not_understood: Vec<NotUnderstood>,
    remarks: Vec<Remark>,
    groups: usize,
    routers: usize,
    /// The order of directives.
    order: Vec<Arc<str>>,
    /// The named routes that the directive at hand invokes.
    invoked: Vec<Arc<str>>,
    /// Variables of the environment in placeholders.
    environment: BTreeMap<String, String>,
}

impl Notes<'_> {
    /// Notes what is not understood.
    fn doubt(&mut self, place: Option<Place>, what: impl Into<String>) -> NotUnderstood {
        let doubt = NotUnderstood { place, what: what.into() };
        self.not_understood.push(doubt.clone());
        doubt
    }

    /// Notes a fault.
    fn remark(&mut self, code: Code, weight: Weight, line: &Line, what: impl Into<String>, fix: Option<String>) {
        self.remarks.push(Remark { code, weight, place: line.place.clone(), what: what.into(), fix });
    }

    /// A number for a group of routes.
    fn group(&mut self) -> usize {
        self.groups += 1;
        self.groups
    }

    /// A number for a handler that may answer.
    fn router(&mut self) -> usize {
        self.routers += 1;
        self.routers - 1
    }

    /// Looks variables of the environment up that words name in placeholders.
    fn look_up(&mut self, tokens: &[Token]) {
        for token in tokens.iter().filter(|token| token.text.contains('{')) {
            let mut rest = &*token.text;
            while let Some((_, after)) = rest.split_once("{env.") {
                rest = after;
                if let Some((name, _)) = after.split_once('}') {
                    let value = self.files.variable(name).unwrap_or_default();
                    self.environment.insert(name.to_owned(), value);
                }
            }
        }
    }

    /// The words, with short placeholders written out.
    fn expand(&mut self, tokens: Vec<Token>) -> Vec<Token> {
        self.look_up(&tokens);
        shorthand::expand(tokens)
    }
}

/// Reads a Caddyfile and what it imports.
///
/// # Errors
/// What Caddy refuses.
pub(super) fn adapt(path: &std::path::Path, files: &dyn Files) -> Result<Adapted, ConfigError> {
    let mut read = Vec::new();
    let mut blocks = caddyfile::parse(path, files, &mut read)?;
    let mut notes = Notes {
        files,
        not_understood: Vec::new(),
        remarks: Vec::new(),
        groups: 0,
        routers: 0,
        order: blocks::ORDER.iter().map(|name| (*name).into()).collect(),
        invoked: Vec::new(),
        environment: BTreeMap::new(),
    };
    check_keys(&blocks)?;
    let mut options = Options::default();
    if blocks.first().is_some_and(|block| block.keys.is_empty()) {
        options = options::read(blocks.remove(0), &mut notes)?;
    }
    let named = named_routes(&mut blocks, &mut notes)?;
    let mut sites = Vec::new();
    for block in blocks {
        if block.keys.is_empty() {
            let place = block.segments.first().and_then(|segment| segment.first()).map(Token::place);
            return Err(ConfigError { place, what: "the block of global options must be the first".to_owned() });
        }
        sites.push(site::read(block, &mut notes)?);
    }
    let built = servers::build(&mut sites, &options, &named, &mut notes)?;
    let (servers, certificates) = https::apply(built, &options, &mut notes)?;
    let Notes { mut not_understood, mut remarks, environment, .. } = notes;
    // A snippet says the same at each import; what stands first in the files comes first.
    let rank =
        |place: Option<&Place>| place.map(|place| (read.iter().position(|file| **file == *place.file), place.line));
    not_understood.sort_by_cached_key(|doubt| rank(doubt.place.as_ref()));
    not_understood.dedup();
    remarks.sort_by_cached_key(|remark| rank(Some(&remark.place)));
    remarks.dedup();
    let config = Config { http_port: options.http_port, servers, environment, certificates };
    Ok(Adapted { config, files: read, not_understood, remarks })
}

/// Refuses a directive or a matcher in the place of an address.
fn check_keys(blocks: &[Block]) -> Result<(), ConfigError> {
    for key in blocks.iter().flat_map(|block| &block.keys) {
        if blocks::is_directive(&key.text) {
            let what = format!("the directive {} stands where an address should; put it into a site's block", key.text);
            return Err(ConfigError::at(&key.place(), what));
        }
    }
    Ok(())
}

/// Routes by their names, and the names that each invokes.
#[derive(Default)]
struct NamedRoutes(BTreeMap<Arc<str>, NamedRoute>);

/// A named route, and those that it invokes itself.
struct NamedRoute {
    routes: Routes,
    invoked: Vec<Arc<str>>,
}

/// Takes the named routes out of the blocks.
fn named_routes(blocks: &mut Vec<Block>, notes: &mut Notes<'_>) -> Result<NamedRoutes, ConfigError> {
    let mut named = NamedRoutes::default();
    for block in blocks.extract_if(.., |block| block.named_route) {
        let Some(key) = block.keys.first() else { continue };
        let tokens = notes.expand(block.segments.into_iter().flatten().collect());
        let mut scope = Scope::new(tokens, Arc::default());
        let found = blocks::subroute(&mut scope, notes)?;
        let routes = blocks::build(found, true, notes);
        let invoked = std::mem::take(&mut notes.invoked);
        if named.0.insert(Arc::clone(&key.text), NamedRoute { routes: routes.into(), invoked }).is_some() {
            return Err(ConfigError::at(&key.place(), format!("the named route {} is there twice", key.text)));
        }
    }
    Ok(named)
}

impl NamedRoutes {
    /// The routes that these names lead to.
    fn reached(&self, mut names: Vec<Arc<str>>, site: &Site) -> Result<BTreeMap<Arc<str>, Routes>, ConfigError> {
        let mut reached = BTreeMap::new();
        while let Some(name) = names.pop() {
            let Some(NamedRoute { routes, invoked }) = self.0.get(&name) else {
                let what = format!("the named route {name} is invoked and not defined");
                return Err(ConfigError::at(&site.line.place, what));
            };
            if reached.insert(name, routes.clone()).is_none() {
                names.extend(invoked.iter().cloned());
            }
        }
        Ok(reached)
    }
}

/// The line that a segment begins with: its words up to the block that it opens.
fn line(tokens: &[Token]) -> Option<Line> {
    let first = tokens.first()?;
    let ends = |pair: &[Token]| matches!(pair, [this, next] if next.opens() || this.ends_before(next));
    let count = tokens.windows(2).position(ends).map_or(tokens.len(), |at| at + 1);
    let words: Vec<&str> = tokens.iter().take(count).map(|token| &*token.shown).collect();
    Some(Line { place: first.place(), text: words.join(" ").into() })
}

impl Handled {
    /// A handler that a line says.
    fn new(handler: Handler, line: &Line) -> Self {
        Self { handler, line: Some(line.clone()), router: None }
    }

    /// The same as one that may answer.
    fn answering(self, notes: &mut Notes<'_>) -> Self {
        Self { router: Some(notes.router()), ..self }
    }
}

/// A dispenser that stands on the first word.
fn at_first(tokens: Vec<Token>) -> Dispenser {
    let mut at = Dispenser::new(tokens);
    at.next();
    at
}
