//! One request on its way through the configuration: what nginx keeps in `ngx_http_request_t`.

use std::net::SocketAddr;
use std::sync::Arc;

use super::config::{Config, Location, LocationId, Server, ServerId};
use super::reply::Errors;
use super::request::Head;
use super::settings::Settings;
use super::variables::{Kind, VariableId};
use crate::exchange::ResponseHead;
use crate::gateway::pcre::{Matched, Pcre};
use crate::gateway::{NotUnderstood, Place, Received, Step, StepKind, World};

/// Rewrites and internal redirects after which nginx gives up (`NGX_HTTP_MAX_URI_CHANGES`).
const MOST_URI_CHANGES: u32 = 10;

/// Doubts that are kept of one request; with the first of them its answer is unknown.
const MOST_DOUBTS: usize = 64;

/// What the last regular expression that matched has caught.
#[derive(Clone, Debug, Default)]
pub(super) struct Captures {
    subject: Vec<u8>,
    groups: Vec<Option<(usize, usize)>>,
}

impl Captures {
    /// A group's text; empty if it took no part.
    pub(super) fn get(&self, number: usize) -> &[u8] {
        let group = self.groups.get(number).copied().flatten();
        group.and_then(|(start, end)| self.subject.get(start..end)).unwrap_or_default()
    }

    /// Forgets them.
    pub(super) fn clear(&mut self) {
        self.groups.clear();
    }
}

/// A value, or why it cannot be known.
pub(super) type Value = Result<Vec<u8>, NotUnderstood>;

/// A request on its way.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub(super) config: Arc<Config>,
    pub(super) head: Head,
    /// The client's end of the connection, whatever `real_ip_header` says.
    pub(super) peer: SocketAddr,
    /// The client as `$remote_addr` has it.
    pub(super) client: SocketAddr,
    /// The proxy's end of the connection.
    pub(super) local: SocketAddr,
    /// True if the connection is TLS.
    pub(super) tls: bool,
    /// The name that the client asked for by SNI.
    pub(super) sni: Option<String>,
    /// The bytes after the head, where all of them are known.
    pub(super) body: Option<Vec<u8>>,
    /// How long the body is, once it was read.
    pub(super) body_length: Option<u64>,
    /// The machine's name.
    pub(super) hostname: String,
    /// The time, where it is known.
    pub(super) time: Option<String>,
    pub(super) server: ServerId,
    pub(super) location: LocationId,
    /// The location that the content handler is of: nginx keeps it through an `if`.
    pub(super) content: Option<LocationId>,
    /// `$request_method`: the client's until an error page makes it GET.
    pub(super) method: Vec<u8>,
    /// `$uri`
    pub(super) uri: Vec<u8>,
    /// `$args`
    pub(super) args: Vec<u8>,
    /// True as long as the target as received stands for the URI.
    pub(super) valid_unparsed_uri: bool,
    /// True after a rewrite or an internal redirect.
    pub(super) internal: bool,
    /// False after `rewrite … break`: the location's prefix no longer stands for a part of the URI.
    pub(super) valid_location: bool,
    /// A rewrite changed the URI and the location is to be chosen anew.
    pub(super) uri_changed: bool,
    /// How many more changes there may be.
    pub(super) uri_changes: u32,
    pub(super) captures: Captures,
    /// `$proxy_host`: of the upstream that was last aimed at.
    pub(super) proxy_host: Vec<u8>,
    /// `$proxy_port`
    pub(super) proxy_port: Vec<u8>,
    /// The group that has another server to ask when the one that was asked fails.
    pub(super) more_servers: Option<Place>,
    /// What error pages have done so far.
    pub(super) errors: Errors,
    /// The response of the upstream that was asked last.
    pub(super) upstream: Option<ResponseHead>,
    /// Fields of it that go along with an internal redirect.
    pub(super) carried: Vec<(String, Vec<u8>)>,
    /// The body was thrown away before something asked for it.
    pub(super) discarded: bool,
    /// It is a question of nginx's own: `auth_request`.
    pub(super) subrequest: bool,
    /// `WWW-Authenticate` of the answer.
    pub(super) www_authenticate: Option<Vec<u8>>,
    /// `try_files` has found a file under an `alias` of an expression.
    pub(super) add_uri_to_alias: bool,
    /// `Location` of the answer.
    pub(super) location_out: Option<Vec<u8>>,
    /// The client's address was looked for in a field.
    pub(super) real_ip: bool,
    /// What was put into variables, by their ids.
    stored: Vec<Option<Value>>,
    pub(super) steps: Vec<Step>,
    pub(super) unknown: Vec<NotUnderstood>,
}

impl Visit {
    /// A request that was read.
    pub(super) fn new(
        config: &Arc<Config>,
        head: Head,
        server: ServerId,
        request: &Received<'_>,
        world: &dyn World,
    ) -> Self {
        let location = config.server(server).location;
        Self {
            peer: request.peer,
            client: request.peer,
            local: request.local,
            tls: request.tls.is_some(),
            sni: request.tls.and_then(|tls| tls.name).map(str::to_owned),
            body: request.body.map(<[u8]>::to_vec),
            body_length: None,
            hostname: world.hostname().to_owned(),
            time: world.time(),
            server,
            location,
            content: None,
            method: head.method.clone(),
            uri: head.uri.clone(),
            args: head.args.clone(),
            valid_unparsed_uri: head.valid_unparsed_uri,
            internal: false,
            valid_location: true,
            uri_changed: false,
            uri_changes: MOST_URI_CHANGES + 1,
            captures: Captures::default(),
            proxy_host: Vec::new(),
            proxy_port: Vec::new(),
            more_servers: None,
            errors: Errors::default(),
            upstream: None,
            carried: Vec::new(),
            discarded: false,
            subrequest: false,
            www_authenticate: None,
            add_uri_to_alias: false,
            location_out: None,
            real_ip: false,
            stored: vec![None; config.variables.count()],
            steps: Vec::new(),
            unknown: Vec::new(),
            config: Arc::clone(config),
            head,
        }
    }

    /// The same, to go on with when a response has come: what was decided before it is told already.
    pub(super) fn resumed(&self) -> Self {
        Self { steps: Vec::new(), unknown: Vec::new(), ..self.clone() }
    }

    /// A request of nginx's own for a path, with the client's fields.
    pub(super) fn for_subrequest(&self, uri: Vec<u8>) -> Self {
        let mut sub = self.resumed();
        sub.head.quoted_uri = false;
        sub.head.plus_in_uri = false;
        Self {
            location: sub.server().location,
            content: None,
            method: b"GET".to_vec(),
            uri,
            args: Vec::new(),
            valid_unparsed_uri: false,
            internal: true,
            uri_changed: false,
            uri_changes: MOST_URI_CHANGES + 1,
            captures: Captures::default(),
            errors: Errors::default(),
            upstream: None,
            subrequest: true,
            add_uri_to_alias: false,
            location_out: None,
            ..sub
        }
    }

    /// An error page, or what an upstream redirects to, is asked for by GET.
    pub(super) fn make_get(&mut self) {
        if self.method != b"HEAD" {
            self.method = b"GET".to_vec();
        }
    }

    /// The server in force.
    pub(super) fn server(&self) -> &Server {
        self.config.server(self.server)
    }

    /// The location in force; that of the server's own settings before one is chosen.
    pub(super) fn location(&self) -> &Location {
        self.config.location(self.location)
    }

    /// The settings in force.
    pub(super) fn settings(&self) -> &Settings {
        &self.location().settings
    }

    /// Puts a location in force, or what its `limit_except` has for this method (`ngx_http_update_location_config`).
    pub(super) fn enter(&mut self, location: LocationId) {
        self.location = location;
        let limited = self.location().limit_except.as_ref().filter(|limit| !limit.allows(&self.method));
        if let Some((limited, place)) = limited.map(|limit| (limit.location, limit.place.clone())) {
            self.location = limited;
            let text = self.location().text.clone();
            self.step(StepKind::Router, text, &place);
        }
        let doubts = Arc::clone(&self.settings().doubts);
        for doubt in doubts.iter() {
            self.doubt(doubt.clone());
        }
        if self.location().handler.is_some() {
            self.content = Some(self.location);
        }
    }

    /// True if captures are escaped where the script engine asks for it.
    pub(super) fn escapes_captures(&self) -> bool {
        self.head.quoted_uri || self.head.plus_in_uri
    }

    /// Notes a decision that a line says.
    pub(super) fn step(&mut self, kind: StepKind, text: impl Into<String>, place: &Place) {
        self.steps.push(Step::at(kind, text, place));
    }

    /// Notes that the path is another one now.
    pub(super) fn path_step(&mut self, text: impl Into<String>, place: &Place) {
        self.steps.push(Step::at(StepKind::Path, text, place).path(self.target()));
    }

    /// URI and arguments.
    pub(super) fn target(&self) -> Vec<u8> {
        let mut target = self.uri.clone();
        if !self.args.is_empty() {
            target.push(b'?');
            target.extend_from_slice(&self.args);
        }
        target
    }

    /// Notes that the answer rests on something that is not understood.
    pub(super) fn doubt(&mut self, doubt: NotUnderstood) {
        if self.unknown.len() < MOST_DOUBTS && !self.unknown.contains(&doubt) {
            self.unknown.push(doubt);
        }
    }

    /// The value, or an empty one and a doubt.
    pub(super) fn known(&mut self, value: Value) -> Vec<u8> {
        value.unwrap_or_else(|doubt| {
            self.doubt(doubt);
            Vec::new()
        })
    }

    /// Tries a regular expression, and keeps what it catches. False also where it cannot be told: that is a doubt.
    pub(super) fn matches(&mut self, regex: &Regex, subject: &[u8]) -> bool {
        match regex.pcre.find(subject) {
            Ok(None) => false,
            Ok(Some(matched)) => {
                for &(group, variable) in &regex.named {
                    let value = matched.group(group).and_then(|(start, end)| subject.get(start..end));
                    self.store(variable, Ok(value.unwrap_or_default().to_vec()));
                }
                self.caught(matched, subject);
                true
            }
            Err(why) => {
                self.doubt(NotUnderstood::at(&regex.place, why));
                false
            }
        }
    }

    fn caught(&mut self, matched: Matched, subject: &[u8]) {
        self.captures = Captures { subject: subject.to_vec(), groups: matched.into_groups() };
    }

    /// Puts a value into a variable.
    pub(super) fn store(&mut self, id: VariableId, value: Value) {
        if let Some(slot) = self.stored.get_mut(id.index()) {
            *slot = Some(value);
        }
    }

    /// The value of a variable, empty if it has none.
    ///
    /// # Errors
    /// It cannot be known.
    pub(super) fn variable(&mut self, id: VariableId) -> Value {
        if let Some(Some(value)) = self.stored.get(id.index()) {
            return value.clone();
        }
        let config = Arc::clone(&self.config);
        let definition = config.variables.definition(id);
        match &definition.kind {
            Kind::Stored => Ok(Vec::new()),
            Kind::Read(read) => read.value(self, definition),
            Kind::Map(index) => {
                let Some(map) = config.maps.get(*index) else { return Ok(Vec::new()) };
                let value = map.value(self);
                if !map.volatile {
                    self.store(id, value.clone());
                }
                value
            }
            Kind::Unknown(why) => {
                Err(NotUnderstood { place: definition.place.clone(), what: format!("${}: {why}", definition.name) })
            }
        }
    }
}

/// A regular expression of the configuration, with the variables that its named groups fill.
#[derive(Clone, Debug)]
pub(super) struct Regex {
    pub(super) pcre: Arc<Pcre>,
    pub(super) named: Vec<(usize, VariableId)>,
    pub(super) place: Place,
}
