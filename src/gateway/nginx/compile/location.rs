//! `location` blocks, and what nginx makes a location of as well: the block of an `if` and that of `limit_except`.
//!
//! They are together because each is a level below another one, with a handler of its own or the one around it, and
//! because `proxy_pass` may have a URI in some of them and not in others.
//!
//! Source: `ngx_http_core_location`, `ngx_http_core_limit_except` (`ngx_http_core_module.c`), `ngx_http_rewrite_if`
//! (`ngx_http_rewrite_module.c`), `ngx_http_merge_locations` (`ngx_http.c`), 1.22.1.

use std::collections::HashMap;

use super::Context;
use crate::gateway::ConfigError;
use crate::gateway::nginx::config::{Handler, Inside, Kind, LimitExcept, Location, LocationId};
use crate::gateway::nginx::level::Level;
use crate::gateway::nginx::location::{Static, StaticTree};
use crate::gateway::nginx::proxy_pass::{ProxyPass, To};
use crate::gateway::nginx::rewrite::Script;
use crate::gateway::nginx::tree::Directive;
use crate::gateway::nginx::{remarks, script};

impl Context {
    /// Gives a location its id; what is in it follows.
    pub(super) fn reserve(
        &mut self,
        kind: Kind,
        name: Vec<u8>,
        text: String,
        block: &Directive,
        level: &Level,
    ) -> LocationId {
        let id = LocationId(self.locations.len());
        self.locations.push(Location {
            kind,
            name,
            text,
            place: block.place.clone(),
            settings: level.settings.clone(),
            script: Script::new(),
            inside: Inside::default(),
            handler: None,
            try_files: level.try_files.clone(),
            auto_redirect: false,
            limit_except: None,
            router: None,
        });
        id
    }

    /// Gives a location what is in it.
    pub(super) fn complete(&mut self, id: LocationId, script: Script, inside: Inside, handler: Option<Handler>) {
        let slashed = handler.is_some();
        let Some(location) = self.locations.get_mut(id.0) else { return };
        let named = matches!(location.kind, Kind::Prefix | Kind::NoRegex | Kind::Exact);
        location.auto_redirect = slashed && named && location.name.ends_with(b"/");
        location.script = script;
        location.inside = inside;
        location.handler = handler;
    }

    /// The rewrite directives of a block.
    pub(super) fn script(
        &mut self,
        block: &Directive,
        id: LocationId,
        level: &Level,
        server: bool,
    ) -> Result<Script, ConfigError> {
        script::compile(self, block.inside(), &mut |cx: &mut Self, branch: &Directive| {
            if server { Ok(None) } else { cx.branch(branch, id, level).map(Some) }
        })
    }

    /// The block of an `if` in a location: a location of its own.
    fn branch(&mut self, block: &Directive, outer: LocationId, around: &Level) -> Result<LocationId, ConfigError> {
        let mut level = around.below();
        let name = self.locations.get(outer.0).map(|location| location.name.clone()).unwrap_or_default();
        for directive in block.inside() {
            if directive.name == "proxy_pass" {
                level.handler = Some(Handler::Proxy(self.proxy_pass(directive, &Kind::If, &name, &level)?));
            } else if !script::is_part(&directive.name) {
                level.apply(directive, self)?;
            }
        }
        level.settle();
        let handler = level.handler.clone().or_else(|| around.handler.clone());
        let id = self.reserve(Kind::If, name, block.to_string(), block, &level);
        self.complete(id, Script::new(), Inside::default(), handler);
        Ok(id)
    }

    fn proxy_pass(
        &mut self,
        directive: &Directive,
        kind: &Kind,
        name: &[u8],
        level: &Level,
    ) -> Result<ProxyPass, ConfigError> {
        let prefix = matches!(kind, Kind::Prefix | Kind::NoRegex | Kind::Exact);
        let pass = ProxyPass::compile(directive, if prefix { name } else { b"" }, level.resolver, self)?;
        if pass.has_uri() && !prefix {
            return Err(directive.wrong(
                "it cannot have a URI in a location by expression, a named one, an \"if\" or a \"limit_except\"; \
                 take the URI away, or rewrite the path before it",
            ));
        }
        if let To::Fixed(url) = &pass.to {
            let host = url.authority.host.to_ascii_lowercase();
            match (self.upstreams.get(&host), &url.authority.port_text) {
                // `ngx_http_upstream_add`
                (Some(group), Some(port)) => {
                    return Err(directive.wrong(format!(
                        "upstream \"{}\" may not have port {port}: its servers have their own ({})",
                        group.name, group.place
                    )));
                }
                (Some(_), None) => {}
                (None, _) => {
                    self.known_hosts.insert((host, url.authority.port));
                }
            }
        }
        Ok(pass)
    }

    /// The locations in a block.
    pub(super) fn locations(
        &mut self,
        block: &Directive,
        outer: LocationId,
        around: &Level,
    ) -> Result<(Inside, HashMap<Vec<u8>, LocationId>), ConfigError> {
        let mut statics = Vec::new();
        let mut inside = Inside::default();
        let mut named = HashMap::new();
        for directive in block.inside().iter().filter(|directive| directive.name == "location") {
            let (kind, name) = self.name(directive)?;
            self.fits(directive, &kind, &name, outer)?;
            let id = self.location(directive, kind, &name, around)?;
            let Some(location) = self.locations.get(id.0) else { continue };
            match location.kind {
                Kind::Regex(_) => inside.regexes.push(id),
                Kind::Named => {
                    if named.insert(name, id).is_some() {
                        return Err(directive.wrong(format!("duplicate location \"{}\"", location.text)));
                    }
                }
                _ => statics.push(Static {
                    name,
                    exact: matches!(location.kind, Kind::Exact),
                    auto_redirect: location.auto_redirect,
                    id,
                }),
            }
        }
        inside.statics = StaticTree::build(statics).map_err(|id| match self.locations.get(id.0) {
            Some(second) => ConfigError::at(&second.place, format!("duplicate location \"{}\"", second.text)),
            None => block.wrong("duplicate location"),
        })?;
        Ok((inside, named))
    }

    /// The kind and name of a location.
    fn name(&mut self, directive: &Directive) -> Result<(Kind, Vec<u8>), ConfigError> {
        let (modifier, name) = match directive.args.as_slice() {
            [name] => split_modifier(name),
            [modifier, name] => (modifier.as_slice(), name.as_slice()),
            _ => return Err(directive.wrong("it takes a name, with a modifier before it if need be")),
        };
        let kind = match modifier {
            b"" if name.first() == Some(&b'@') => Kind::Named,
            b"" => Kind::Prefix,
            b"=" => Kind::Exact,
            b"^~" => Kind::NoRegex,
            b"~" => Kind::Regex(self.regex(name, false, directive)?),
            b"~*" => Kind::Regex(self.regex(name, true, directive)?),
            _ => {
                let modifier = String::from_utf8_lossy(modifier);
                return Err(directive.wrong(format!("invalid location modifier \"{modifier}\"")));
            }
        };
        Ok((kind, name.to_vec()))
    }

    /// Whether a location may stand in another.
    fn fits(&self, directive: &Directive, kind: &Kind, name: &[u8], outer: LocationId) -> Result<(), ConfigError> {
        let Some(outer) = self.locations.get(outer.0).filter(|outer| !matches!(outer.kind, Kind::Server)) else {
            return Ok(());
        };
        let refuse = |what: &str| Err(directive.wrong(format!("{directive} {what} {}", outer.text)));
        match (&outer.kind, kind) {
            (Kind::Exact, _) => refuse("cannot be inside the exact"),
            (Kind::Named, _) => refuse("cannot be inside the named"),
            (_, Kind::Named) => Err(directive.wrong("a named location can be on the server level only")),
            (_, Kind::Regex(_)) => Ok(()),
            _ if !name.starts_with(&outer.name) => refuse("is outside"),
            _ => Ok(()),
        }
    }

    fn location(
        &mut self,
        block: &Directive,
        kind: Kind,
        name: &[u8],
        around: &Level,
    ) -> Result<LocationId, ConfigError> {
        let mut level = around.below();
        level.prefix = match &kind {
            Kind::Regex(_) => None,
            _ => Some(name.len()),
        };
        let mut limited = None;
        for directive in block.inside() {
            match directive.name.as_str() {
                "proxy_pass" => {
                    if level.handler.is_some() {
                        return Err(directive.wrong("it is duplicate"));
                    }
                    level.handler = Some(Handler::Proxy(self.proxy_pass(directive, &kind, name, &level)?));
                }
                "limit_except" => limited = Some(directive),
                name if is_block(name) || script::is_part(name) => {}
                _ => level.apply(directive, self)?,
            }
        }
        // `resolver` may stand behind.
        if let Some(Handler::Proxy(pass)) = &mut level.handler {
            pass.resolver = level.resolver;
        }
        level.settle();
        let handler = level.handler.clone();
        let id = self.reserve(kind, name.to_vec(), block.to_string(), block, &level);
        let script = self.script(block, id, &level, false)?;
        let limited = limited.map(|limited| self.limit_except(limited, name, &level)).transpose()?;
        let (inside, _) = self.locations(block, id, &level)?;
        self.complete(id, script, inside, handler);
        if let Some(location) = self.locations.get_mut(id.0) {
            location.limit_except = limited;
            self.remarks.extend(remarks::of(location, &around.settings, self.release, &self.variables));
        }
        Ok(id)
    }

    fn limit_except(&mut self, block: &Directive, name: &[u8], around: &Level) -> Result<LimitExcept, ConfigError> {
        let mut level = around.below();
        for directive in block.inside() {
            if directive.name == "proxy_pass" {
                level.handler = Some(Handler::Proxy(self.proxy_pass(directive, &Kind::LimitExcept, name, &level)?));
            } else {
                level.apply(directive, self)?;
            }
        }
        level.settle();
        let handler = level.handler.clone().or_else(|| around.handler.clone());
        let location = self.reserve(Kind::LimitExcept, name.to_vec(), block.to_string(), block, &level);
        self.complete(location, Script::new(), Inside::default(), handler);
        let allowed = block.args.iter().map(|method| method.to_ascii_uppercase()).collect();
        Ok(LimitExcept { allowed, location, place: block.place.clone() })
    }
}

/// A block that is compiled by itself.
pub(super) fn is_block(name: &str) -> bool {
    matches!(name, "location" | "limit_except")
}

/// A modifier that is written together with the name.
fn split_modifier(text: &[u8]) -> (&[u8], &[u8]) {
    for modifier in [b"=".as_slice(), b"^~", b"~*", b"~"] {
        if let Some(name) = text.strip_prefix(modifier) {
            return (modifier, name);
        }
    }
    (b"", text)
}
