//! The `http` block: maps, upstreams and the settings that its servers begin with.
//!
//! It is apart from what stands in it because not every file has one: a file of `conf.d`, or a piece of a server, is read
//! as if it stood where nginx would include it.
//!
//! Source: `ngx_http_block` (`ngx_http.c`), 1.22.1.

use super::{Context, variable};
use crate::gateway::ConfigError;
use crate::gateway::nginx::ignored;
use crate::gateway::nginx::level::Level;
use crate::gateway::nginx::listen::Sockets;
use crate::gateway::nginx::map::Map;
use crate::gateway::nginx::tree::Directive;
use crate::gateway::nginx::upstream::Group;
use crate::gateway::nginx::variables::Kind as VariableKind;

/// Blocks beside `http` that no request for a page reaches.
const ELSEWHERE: [&str; 3] = ["events", "stream", "mail"];

/// The directives of the `http` block: of a whole configuration, of a file of `conf.d`, or of a piece of a server.
pub(super) fn http_level(tree: &[Directive]) -> Result<Vec<Directive>, ConfigError> {
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
    /// The `http` block, with all that is in it; gives the addresses that its servers listen on.
    ///
    /// # Errors
    /// nginx refuses it.
    pub(super) fn http(&mut self, http: &[Directive]) -> Result<Sockets, ConfigError> {
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
}
