//! The phases of a request, in the order in which nginx runs them.
//!
//! ```text
//! read ─▶ server's rewrites ─▶ location ─▶ its rewrites ─▶ (changed? again) ─▶ access ─▶ try_files ─▶ content
//!               ▲                                                                           │
//!               └───────────────── internal redirect: error_page, index, … ◀────────────────┘
//! ```
//!
//! Source: `ngx_http_core_module.c`, `ngx_http_request.c`, 1.22.1.

use std::sync::Arc;

use super::config::{Config, Handler, LocationId, ServerId};
use super::listen::Socket;
use super::location::Sought;
use super::request::{self, HeadRules, Servers, Stop};
use super::rewrite::{self, Done};
use super::uri::{self, Escape};
use super::visit::{Regex, Visit};
use super::{access, files, forward, real_ip, reply};
use crate::gateway::{Action, Model, NotUnderstood, Plan, Received, Reply, Step, StepKind, World};

/// The model of nginx with a configuration.
#[derive(Debug)]
pub(super) struct Nginx {
    pub(super) config: Arc<Config>,
}

impl Model for Nginx {
    fn plan(&self, request: &Received<'_>, world: &dyn World) -> Plan {
        let Some(socket) = self.config.sockets.of(request.local) else {
            return unknown(format!("nothing in this configuration listens on {}", request.local));
        };
        if request.tls.is_some() && !socket.tls {
            return unknown(format!("what listens on {} expects no TLS", request.local));
        }
        let mut servers = Choosing {
            config: &self.config,
            socket,
            hostname: world.hostname(),
            server: socket.default,
            sni: None,
            regex: None,
            why: "the default server of the listener".to_owned(),
            doubts: Vec::new(),
        };
        if let Some(tls) = request.tls {
            servers.greet(tls.name.unwrap_or_default());
        }
        // Where the head ends is nginx's to say: a line may end without a carriage return.
        let wire = [request.head, request.body.unwrap_or_default()].concat();
        let reading = request::read(&wire, self.config.release, &mut servers);
        let body = request.body.and_then(|_| wire.get(reading.end..));
        let request = &Received { body, ..*request };
        let Choosing { server, regex, why, doubts, .. } = servers;
        let mut visit = Visit::new(&self.config, reading.head, server, request, world);
        for doubt in doubts {
            visit.doubt(doubt);
        }
        if let Some(place) = &socket.proxy_protocol {
            visit.doubt(NotUnderstood::at(place, "proxy_protocol: what stands before the request is not read"));
        }
        let place = visit.server().place.clone();
        visit.step(StepKind::Listener, why, &place);
        if let Some((regex, host)) = regex {
            visit.matches(regex, &host);
        }
        visit.enter(visit.server().location);
        visit.content = None;
        let action = match reading.stop {
            None if socket.tls && request.tls.is_none() => {
                visit.steps.push(Step::own(StepKind::Answer, "a plain request to a port that expects TLS"));
                reply::special(&mut visit, 497, world)
            }
            None => run(&mut visit, world),
            Some(Stop::Refused(status)) => {
                visit.steps.push(Step::own(StepKind::Answer, "nginx refuses the request as it reads it"));
                reply::special(&mut visit, status, world)
            }
            Some(Stop::Unfinished) => {
                visit.steps.push(Step::own(StepKind::Answer, "the head has no end: nginx waits for it and hangs up"));
                Action::Close
            }
            Some(Stop::NotModelled(what)) => {
                visit.doubt(NotUnderstood { place: None, what: what.to_owned() });
                Action::Close
            }
        };
        let router = visit.location().router;
        Plan { router, steps: visit.steps, action, unknown: visit.unknown }
    }
}

/// A plan of which nothing is known.
fn unknown(what: String) -> Plan {
    Plan {
        router: None,
        steps: Vec::new(),
        action: Action::Answer(Reply::status(502)),
        unknown: vec![NotUnderstood { place: None, what }],
    }
}

/// The choice of the server, while the head is read.
struct Choosing<'a> {
    config: &'a Config,
    socket: &'a Socket,
    hostname: &'a str,
    server: ServerId,
    /// The name that a server was chosen by when the connection began.
    sni: Option<Vec<u8>>,
    /// The expression that chose the server, and what it was tried on.
    regex: Option<(&'a Regex, Vec<u8>)>,
    /// Why it is this server.
    why: String,
    doubts: Vec<NotUnderstood>,
}

impl Choosing<'_> {
    /// The connection begins with a name by SNI.
    fn greet(&mut self, name: &str) {
        let name = name.to_ascii_lowercase().into_bytes();
        if self.look(&name) {
            self.sni = Some(name);
        }
    }

    /// Puts the server of a host in force; false if no server has its name.
    fn look(&mut self, host: &[u8]) -> bool {
        match self.socket.find(host, self.hostname) {
            Ok(Some(named)) => {
                self.server = named.server;
                self.regex = named.regex.map(|regex| (regex, host.to_vec()));
                self.why = format!("server_name takes {}", host.escape_ascii());
                true
            }
            Ok(None) => false,
            Err(what) => {
                self.doubts.push(NotUnderstood { place: None, what });
                false
            }
        }
    }
}

impl Servers for Choosing<'_> {
    fn rules(&self) -> HeadRules {
        self.config.server(self.server).rules
    }

    fn choose(&mut self, host: &[u8]) -> Result<(), u16> {
        if self.sni.as_deref() == Some(host) {
            return Ok(());
        }
        let found = self.look(host);
        if self.sni.is_some() {
            if !found {
                (self.server, self.regex) = (self.socket.default, None);
                self.why = String::from("the default server of the listener, as no server has the host's name");
            }
            if let Some(doubt) = self.config.server(self.server).verifies_clients.clone() {
                self.doubts.push(doubt);
                return Err(421);
            }
        }
        Ok(())
    }
}

/// Runs a request from its start.
pub(super) fn run(visit: &mut Visit, world: &dyn World) -> Action {
    find_client(visit);
    server_rewrites(visit, world)
}

/// Sends a request to another path of the same server.
pub(super) fn redirect(visit: &mut Visit, path: Vec<u8>, args: Vec<u8>, world: &dyn World) -> Action {
    visit.uri_changes = visit.uri_changes.saturating_sub(1);
    if visit.uri_changes == 0 {
        return cycle(visit, world);
    }
    visit.uri = path;
    visit.args = args;
    let target = visit.target();
    visit.steps.push(Step::own(StepKind::Path, "asked for inside nginx").path(target));
    visit.location = visit.server().location;
    visit.internal = true;
    visit.valid_unparsed_uri = false;
    visit.add_uri_to_alias = false;
    server_rewrites(visit, world)
}

/// Sends a request to `@name`.
pub(super) fn named(visit: &mut Visit, name: &[u8], world: &dyn World) -> Action {
    visit.uri_changes = visit.uri_changes.saturating_sub(1);
    if visit.uri_changes == 0 {
        return cycle(visit, world);
    }
    let found = visit.server().named.get(name).copied().filter(|_| !visit.uri.is_empty());
    let Some(location) = found else {
        let what = format!("there is no location {} in this server", name.escape_ascii());
        visit.steps.push(Step::own(StepKind::Router, what));
        return reply::special(visit, 500, world);
    };
    visit.internal = true;
    visit.content = None;
    visit.uri_changed = false;
    enter(visit, location);
    location_rewrites(visit, world)
}

/// What follows when the request may pass.
pub(super) fn after_access(visit: &mut Visit, world: &dyn World) -> Action {
    let config = Arc::clone(&visit.config);
    if let Some(tried) = &config.location(visit.location).try_files
        && let Some(action) = files::try_files(visit, tried, world)
    {
        return action;
    }
    if visit.content.is_none() {
        return files::serve(visit, world);
    }
    match &config.location(visit.location).handler {
        Some(Handler::Proxy(pass)) => forward::pass(visit, pass, world),
        Some(Handler::Other(doubt)) => {
            visit.doubt(doubt.clone());
            Action::Answer(Reply::status(502))
        }
        // The handler of one `if` with the settings of another, which name no upstream.
        None => reply::special(visit, 500, world),
    }
}

/// "rewrite or internal redirection cycle"
fn cycle(visit: &mut Visit, world: &dyn World) -> Action {
    visit.steps.push(Step::own(StepKind::Answer, "too many rewrites and internal redirects"));
    reply::special(visit, 500, world)
}

/// `real_ip_header`, once.
fn find_client(visit: &mut Visit) {
    let settings = visit.settings().real_ip.clone();
    if visit.real_ip || settings.from.is_empty() {
        return;
    }
    let trusted = settings.networks();
    let name: &[u8] = &settings.header;
    if name == b"proxy_protocol" {
        let what = "real_ip_header proxy_protocol: what stands before the request is not read".to_owned();
        visit.doubt(NotUnderstood { place: None, what });
        return;
    }
    let values: Vec<&[u8]> = match name {
        b"x-forwarded-for" => visit.head.all(name).collect(),
        _ => visit.head.get(name).into_iter().collect(),
    };
    let found = real_ip::forwarded(visit.client.ip().to_canonical(), values.into_iter(), &trusted, settings.recursive);
    if let Some((address, port)) = found {
        visit.real_ip = true;
        visit.client = (address, port.unwrap_or_default()).into();
        let what = format!("the client is {address} by {}", name.escape_ascii());
        let place = settings.from.first().map(|(_, place)| place.clone());
        visit.steps.push(Step { kind: StepKind::Listener, text: what, place, path: None });
    }
}

/// The rewrites of the server, then all that follows.
fn server_rewrites(visit: &mut Visit, world: &dyn World) -> Action {
    visit.valid_location = true;
    let config = Arc::clone(&visit.config);
    let server = config.location(visit.server().location);
    match rewrite::run(&server.script, visit, world) {
        Done::Goes => find_location(visit, world),
        done => finish(visit, done, world),
    }
}

/// Chooses the location, then all that follows.
fn find_location(visit: &mut Visit, world: &dyn World) -> Action {
    visit.content = None;
    visit.uri_changed = false;
    let (found, auto_redirect) = seek(visit);
    if let Some(location) = found {
        if config_internal(visit, location) {
            visit.location = location;
            let (text, place) = (visit.location().text.clone(), visit.location().place.clone());
            visit.step(StepKind::Router, format!("{text} is internal"), &place);
            return reply::special(visit, 404, world);
        }
        enter(visit, location);
    }
    if let request::Body::Length(length) = visit.head.body {
        let limit = visit.settings().client_max_body_size;
        if limit != 0 && length > limit && !visit.discarded {
            visit.steps.push(Step::own(StepKind::Answer, format!("client_max_body_size is {limit}")));
            visit.discarded = true;
            return reply::special(visit, 413, world);
        }
    }
    if auto_redirect {
        let mut location = uri::escape(&visit.location().name, Escape::Uri);
        if !visit.args.is_empty() {
            location.push(b'?');
            location.extend_from_slice(&visit.args);
        }
        let (text, place) = (visit.location().text.clone(), visit.location().place.clone());
        visit.step(StepKind::Answer, format!("{text} takes it with a slash at its end only"), &place);
        return reply::special_at(visit, 301, location, world);
    }
    location_rewrites(visit, world)
}

/// True if a location is not for clients and the request comes from one.
fn config_internal(visit: &Visit, location: LocationId) -> bool {
    !visit.internal && visit.config.location(location).settings.internal
}

/// Puts a location in force and says so.
fn enter(visit: &mut Visit, location: LocationId) {
    let config = Arc::clone(&visit.config);
    let chosen = config.location(location);
    visit.step(StepKind::Router, chosen.text.clone(), &chosen.place);
    visit.enter(location);
}

/// The location of the URI, and whether it only takes it with a slash at its end.
fn seek(visit: &mut Visit) -> (Option<LocationId>, bool) {
    let config = Arc::clone(&visit.config);
    let subject = visit.uri.clone();
    let mut found = None;
    // The levels whose expressions are still to be tried, outermost first.
    let mut levels: Vec<(LocationId, bool)> = Vec::new();
    let mut level = visit.server().location;
    let mut in_regex = false;
    loop {
        // Prefixes, down into those that nest.
        loop {
            match config.location(level).inside.statics.find(&subject) {
                Sought::Exact(id) => return (Some(id), false),
                Sought::Redirect(id) => return (Some(id), !in_regex),
                Sought::Prefix(id) => {
                    found = Some(id);
                    levels.push((level, config.location(id).stops_regexes()));
                    level = id;
                }
                Sought::None => {
                    levels.push((level, false));
                    break;
                }
            }
        }
        // Expressions, from the innermost level outwards.
        let mut by_regex = None;
        while let Some((level, stops)) = levels.pop() {
            if !stops {
                by_regex = config
                    .location(level)
                    .inside
                    .regexes
                    .iter()
                    .copied()
                    .find(|id| config.location(*id).regex().is_some_and(|regex| visit.matches(regex, &subject)));
            }
            if by_regex.is_some() {
                break;
            }
        }
        // The one that matched may have locations inside it; what stands outside of it is out of the question.
        let Some(id) = by_regex else { return (found, false) };
        found = Some(id);
        in_regex = true;
        levels.clear();
        level = id;
    }
}

/// The rewrites of the location, then all that follows.
fn location_rewrites(visit: &mut Visit, world: &dyn World) -> Action {
    let config = Arc::clone(&visit.config);
    if visit.location != visit.server().location {
        let script = &config.location(visit.location).script;
        match rewrite::run(script, visit, world) {
            Done::Goes => {}
            done => return finish(visit, done, world),
        }
    }
    if visit.uri_changed {
        visit.uri_changes = visit.uri_changes.saturating_sub(1);
        if visit.uri_changes == 0 {
            return cycle(visit, world);
        }
        visit.location = visit.server().location;
        return find_location(visit, world);
    }
    find_client(visit);
    let limits = Arc::clone(&visit.settings().limits);
    for limit in limits.iter() {
        // A few requests a minute are soon used up; a rate by the second is for more than one client can ask.
        let (kind, rate) = match &limit.slow {
            Some(rate) => (StepKind::Assumed, format!(" of {rate}")),
            None => (StepKind::Answer, String::new()),
        };
        visit.step(kind, format!("{}: the rate{rate} is taken not to be used up", limit.text), &limit.place);
    }
    access::phase(visit, world)
}

/// A script has ended the request.
fn finish(visit: &mut Visit, done: Done, world: &dyn World) -> Action {
    match done {
        Done::Goes => Action::Close,
        Done::Status { status, location: Some(location) } => reply::special_at(visit, status, location, world),
        Done::Status { status, location: None } => reply::special(visit, status, world),
        Done::Sent { status, text } => reply::returned(visit, status, text, world),
    }
}
