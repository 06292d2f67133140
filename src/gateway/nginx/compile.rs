//! From blocks of directives to what requests are answered from.
//!
//! nginx merges each level into those below it once all files are read, so that what stands at the end of a block holds
//! for a block above it too: here a level's own settings are read before the blocks in it.
//!
//! Source: `ngx_http_block`, `ngx_http_merge_servers`, `ngx_http_merge_locations` (`ngx_http.c`), `ngx_http_core_server`,
//! `ngx_http_core_location` (`ngx_http_core_module.c`), 1.22.1.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::config::{Config, Handler, Inside, Kind, LimitExcept, Location, LocationId, Server, ServerId};
use super::ignored::{self, Meaning};
use super::level::Level;
use super::listen::{Listening, Sockets};
use super::location::{Static, StaticTree};
use super::map::Map;
use super::proxy_pass::{ProxyPass, To};
use super::remarks;
use super::rewrite::Script;
use super::script;
use super::server_name::ServerName;
use super::template::Template;
use super::tree::Directive;
use super::upstream::Group;
use super::variables::{Kind as VariableKind, VariableId, Variables};
use super::visit::Regex;
use crate::asgi::Release;
use crate::gateway::pcre::{Fault, Modes, Pcre};
use crate::gateway::{ConfigError, NotUnderstood, Place, Remark};

/// Blocks beside `http` that no request for a page reaches.
const ELSEWHERE: [&str; 3] = ["events", "stream", "mail"];

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

/// The directives of the `http` block: of a whole configuration, of a file of `conf.d`, or of a piece of a server.
fn http_level(tree: &[Directive]) -> Result<Vec<Directive>, ConfigError> {
    let mut http = Vec::new();
    let mut server = Vec::new();
    let mut seen = None;
    for directive in tree {
        match directive.name.as_str() {
            "http" => {
                if let Some(first) = seen.replace(&directive.place) {
                    return Err(directive.wrong(format!("there is one already in {first}")));
                }
                http.extend_from_slice(directive.inside());
            }
            name if ELSEWHERE.contains(&name) || ignored::at_top(name) => {}
            name if ignored::only_in_server(name) => server.push(directive.clone()),
            _ => http.push(directive.clone()),
        }
    }
    if let (Some(first), false) = (server.first(), http.iter().any(|directive| directive.name == "server")) {
        let whole =
            Directive { name: "server".to_owned(), args: Vec::new(), place: first.place.clone(), block: Some(server) };
        http.push(whole);
    } else if let Some(first) = server.first() {
        return Err(first.wrong("it is not allowed here, but in a server"));
    }
    Ok(http)
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

    fn http(&mut self, http: &[Directive]) -> Result<Sockets, ConfigError> {
        let mut level = Level::default();
        for directive in http {
            match directive.name.as_str() {
                "server" => {}
                "map" => {
                    let map = Map::parse(directive, self)?;
                    let name = variable(directive, directive.arg(1).unwrap_or_default())?;
                    let kind = VariableKind::Map(self.maps.len());
                    self.make(directive, name, kind)?;
                    self.maps.push(map);
                }
                "upstream" => {
                    let group = Group::parse(directive, ignored::in_upstream)?;
                    self.not_understood.extend(group.doubts.iter().cloned());
                    if let Some(first) = self.upstreams.get(&group.name.to_ascii_lowercase()) {
                        return Err(
                            directive.wrong(format!("duplicate upstream \"{}\": see {}", group.name, first.place))
                        );
                    }
                    self.upstreams.insert(group.name.to_ascii_lowercase(), group);
                }
                "limit_req_zone" => self.rate(directive),
                "geo" | "split_clients" | "perl_set" | "js_set" | "geoip2" | "userid_map" | "keyval"
                | "auth_jwt_claim_set" => {
                    self.unknown_variables(directive)?;
                }
                _ => level.apply(directive, self)?,
            }
        }
        let mut sockets = Sockets::default();
        for directive in http.iter().filter(|directive| directive.name == "server") {
            self.server(directive, &level, &mut sockets)?;
        }
        if self.servers.is_empty() {
            return Err(ConfigError { place: None, what: "there is no server in it".to_owned() });
        }
        Ok(sockets)
    }

    /// `limit_req_zone`: its rate, if it is counted by the minute.
    fn rate(&mut self, directive: &Directive) {
        let value = |name: &[u8]| directive.args.iter().find_map(|arg| arg.strip_prefix(name));
        let name = value(b"zone=").and_then(|zone| zone.split(|&byte| byte == b':').next());
        if let (Some(name), Some(rate)) = (name, value(b"rate=").filter(|rate| rate.ends_with(b"r/m"))) {
            self.slow_zones.insert(name.to_vec(), String::from_utf8_lossy(rate).into_owned());
        }
    }

    /// A directive that makes variables in a way that is not modelled.
    fn unknown_variables(&mut self, directive: &Directive) -> Result<(), ConfigError> {
        let kind = |why: &str| VariableKind::Unknown(format!("{why} is not modelled"));
        // The lines of a `geoip2` block make one each: `$variable source=… path`.
        let lines = directive.inside().iter().map(|line| line.name.as_bytes());
        let lines = lines.filter(|_| directive.name == "geoip2");
        let names = directive.args.iter().map(Vec::as_slice).chain(lines).filter_map(|text| text.strip_prefix(b"$"));
        let names: Vec<Vec<u8>> = names.map(<[u8]>::to_vec).collect();
        // `geo $address $variable`, `split_clients "$a$b" $variable`: the last is made.
        let made = if directive.name == "geoip2" { names } else { names.into_iter().next_back().into_iter().collect() };
        for name in made {
            self.make(directive, &name, kind(&directive.name))?;
        }
        self.note(directive, format!("{}: what its variable holds is not modelled", directive.name));
        Ok(())
    }

    fn server(&mut self, block: &Directive, http: &Level, sockets: &mut Sockets) -> Result<(), ConfigError> {
        let id = ServerId(self.servers.len());
        let mut level = http.below();
        let mut listens = Vec::new();
        let mut names = Vec::new();
        let mut first_name = Vec::new();
        for directive in block.inside() {
            match directive.name.as_str() {
                "listen" => match Listening::parse(directive)? {
                    Ok(listening) => listens.push(listening),
                    Err(doubt) => {
                        self.not_understood.push(doubt.clone());
                        level.doubt(doubt);
                    }
                },
                "server_name" => {
                    for arg in &directive.args {
                        if arg.windows(2).any(|two| two == b"${") {
                            let what = format!("{directive}: the variable is not of the environment");
                            let doubt = self.note(directive, what);
                            level.doubt(doubt);
                        }
                        let name = self.server_name(directive, arg)?;
                        if names.is_empty() {
                            first_name = name.shown(arg);
                        }
                        names.push(name);
                    }
                }
                "if" => self.in_server_if(directive, &mut level)?,
                name if is_block(name) || script::is_part(name) => {}
                _ => level.apply(directive, self)?,
            }
        }
        if listens.is_empty() {
            listens.push(Listening::implied(&block.place));
        }
        if names.is_empty() {
            names.push(ServerName::Exact(String::new()));
        }
        for listening in &mut listens {
            listening.tls |= level.tls;
            if !listening.quic {
                sockets.add(listening, id, &names)?;
            }
        }
        let location = self.reserve(Kind::Server, Vec::new(), "server".to_owned(), block, &level);
        self.servers.push(Server {
            place: block.place.clone(),
            name: first_name,
            rules: level.rules,
            location,
            named: HashMap::new(),
            listens,
            verifies_clients: level.verifies_clients.clone(),
        });
        let script = self.script(block, location, &level, true)?;
        let (inside, named) = self.locations(block, location, &level)?;
        let level_handler = level.handler.clone();
        if let Some(server) = self.servers.get_mut(id.0) {
            server.named = named;
        }
        self.complete(location, script, inside, level_handler);
        Ok(())
    }

    /// An `if` of a server holds directives of the rewrite module and no others. One that is not known may be a module's.
    fn in_server_if(&mut self, branch: &Directive, level: &mut Level) -> Result<(), ConfigError> {
        for directive in branch.inside() {
            match directive.name.as_str() {
                "rewrite_log" | "uninitialized_variable_warn" => {}
                name if script::is_part(name) => {}
                name if ignored::meaning(name) == Meaning::Unknown => {
                    let what = format!("{directive}: what it does to a request is not modelled");
                    level.doubt(self.note(directive, what));
                }
                _ => return Err(directive.wrong("it is not allowed in an \"if\" of a server")),
            }
        }
        Ok(())
    }

    fn server_name(&mut self, directive: &Directive, text: &[u8]) -> Result<ServerName, ConfigError> {
        if let Some(pattern) = text.strip_prefix(b"~") {
            let caseless = pattern.iter().any(u8::is_ascii_uppercase);
            return Ok(ServerName::Regex(self.regex(pattern, caseless, directive)?));
        }
        ServerName::parse(&String::from_utf8_lossy(text)).map_err(|why| directive.wrong(why))
    }

    /// Gives a location its id; what is in it follows.
    fn reserve(&mut self, kind: Kind, name: Vec<u8>, text: String, block: &Directive, level: &Level) -> LocationId {
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

    fn complete(&mut self, id: LocationId, script: Script, inside: Inside, handler: Option<Handler>) {
        let slashed = handler.is_some();
        let Some(location) = self.locations.get_mut(id.0) else { return };
        let named = matches!(location.kind, Kind::Prefix | Kind::NoRegex | Kind::Exact);
        location.auto_redirect = slashed && named && location.name.ends_with(b"/");
        location.script = script;
        location.inside = inside;
        location.handler = handler;
    }

    /// The rewrite directives of a block.
    fn script(
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
    fn locations(
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
fn is_block(name: &str) -> bool {
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
