//! A `server` block: its addresses, its names, and the location that it is itself.
//!
//! It is apart from the locations because only a server listens, and because its rewrite directives run before a location
//! is chosen.
//!
//! Source: `ngx_http_core_server` (`ngx_http_core_module.c`), `ngx_http_merge_servers` (`ngx_http.c`), 1.22.1.

use std::collections::HashMap;

use super::Context;
use super::location::is_block;
use crate::gateway::ConfigError;
use crate::gateway::nginx::config::{Kind, Server, ServerId};
use crate::gateway::nginx::ignored::{self, Meaning};
use crate::gateway::nginx::level::Level;
use crate::gateway::nginx::listen::{Listening, Sockets};
use crate::gateway::nginx::script;
use crate::gateway::nginx::server_name::ServerName;
use crate::gateway::nginx::tree::Directive;

impl Context {
    /// A server, below what its `http` block says.
    ///
    /// # Errors
    /// nginx refuses it.
    pub(super) fn server(&mut self, block: &Directive, http: &Level, sockets: &mut Sockets) -> Result<(), ConfigError> {
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
}
