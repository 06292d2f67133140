//! Traefik as a model: its entry points, and what they do with a request.

use std::net::IpAddr;

use super::assembly::{Assembly, Tables};
use super::behaviour::Behaviour;
use super::dynamic::TcpRouter;
use super::entry::{Entry, Underscores, canonical_host};
use super::forwarded::Forwarded;
use super::install::{EntryPoint, Static};
use super::journey::{Journey, Response, unwind};
use super::network::Networks;
use super::source::Source;
use crate::gateway::document::At;
use crate::gateway::go::{Server, Stop, canonical, read_request, status_text};
use crate::gateway::{
    Action, Code, ConfigError, Listen, Model, NotUnderstood, Plan, Received, Reply, Step, StepKind, Weight, World,
};

/// A Traefik that is read.
#[derive(Debug)]
pub(super) struct Traefik {
    behaviour: Behaviour,
    listeners: Vec<Listener>,
}

/// An entry point with its routers.
#[derive(Debug)]
struct Listener {
    host: String,
    entry: Entry,
    tables: Tables,
    /// What no plan of a connection without TLS is certain with.
    unsure_plain: Vec<NotUnderstood>,
    /// The same for one with TLS.
    unsure_tls: Vec<NotUnderstood>,
}

impl Traefik {
    /// Puts a source together.
    ///
    /// # Errors
    /// What Traefik refuses to start with.
    pub(super) fn new(source: &Source, assembly: &Assembly<'_>) -> Result<Self, ConfigError> {
        let points = source.install.entry_points.iter().filter(|point| !point.udp);
        let listeners = points.map(|point| Listener::new(source, assembly, point)).collect::<Result<_, _>>()?;
        Ok(Self { behaviour: assembly.behaviour, listeners })
    }

    /// Where it listens.
    pub(super) fn listens(&self) -> Vec<Listen> {
        let listen = |listener: &Listener| {
            Some(Listen {
                address: listener.host.clone(),
                port: listener.entry.port?,
                tls: listener.tables.plain.routes().is_empty() && !listener.tables.tls.routes().is_empty(),
                place: Some(listener.entry.place.clone()),
            })
        };
        self.listeners.iter().filter_map(listen).collect()
    }

    /// The entry points with their routers: names, and those for connections without TLS and with it.
    pub(super) fn tables(&self) -> impl Iterator<Item = (&Entry, &Tables)> {
        self.listeners.iter().map(|listener| (&listener.entry, &listener.tables))
    }

    fn listener(&self, local: std::net::SocketAddr) -> Option<&Listener> {
        let on_port = || self.listeners.iter().filter(|listener| listener.entry.port == Some(local.port()));
        let here = |listener: &&Listener| listener.host.parse::<IpAddr>().is_ok_and(|host| host == local.ip());
        on_port().find(here).or_else(|| on_port().next())
    }
}

impl Model for Traefik {
    fn plan(&self, received: &Received<'_>, world: &dyn World) -> Plan {
        let Some(listener) = self.listener(received.local) else {
            let what = format!("no entry point listens on port {}", received.local.port());
            let unknown = vec![NotUnderstood { place: None, what }];
            return Plan { router: None, steps: Vec::new(), action: Action::Close, unknown };
        };
        listener.plan(received, world, self.behaviour)
    }
}

impl Listener {
    fn new(source: &Source, assembly: &Assembly<'_>, point: &EntryPoint) -> Result<Self, ConfigError> {
        let mut unsure: Vec<_> = point.unsure.iter().chain(&source.dynamic.unsure).cloned().collect();
        unsure.extend(source.install.unsure.iter().cloned());
        if let Some(place) = &point.proxy_protocol {
            let what = "proxyProtocol: the client's address is said before the request, which is not modelled";
            unsure.push(NotUnderstood::at(place, what));
        }
        let tables = assembly.tables(point);
        let tcp = |tls| tcp_doubts(&source.dynamic.tcp, &source.install, point, tls);
        let mut unsure_tls: Vec<_> = source.dynamic.unsure_with_tls.iter().cloned().chain(tcp(true)).collect();
        unsure_tls.extend(tables.options.clone());
        Ok(Self {
            host: point.host.clone(),
            entry: entry(assembly, point, unsure)?,
            tables,
            unsure_plain: tcp(false),
            unsure_tls,
        })
    }

    fn plan(&self, received: &Received<'_>, world: &dyn World, behaviour: Behaviour) -> Plan {
        let entry = &self.entry;
        let text =
            format!("entryPoint {}{}", entry.name, entry.port.map(|port| format!(" :{port}")).unwrap_or_default());
        let mut steps = vec![Step::at(StepKind::Listener, text, &entry.place)];
        let unsure = if received.tls.is_some() { &self.unsure_tls } else { &self.unsure_plain };
        let mut unknown: Vec<_> = entry.unsure.iter().chain(unsure).cloned().collect();
        let request = match read_request(received.head, entry.server) {
            Ok(request) => request,
            Err(stop) => {
                let reply = stopped(stop, &mut steps, &mut unknown);
                return Plan { router: None, steps, action: Action::Answer(reply), unknown };
            }
        };
        let mut journey = Journey {
            host: canonical_host(&request.host),
            request,
            peer: received.peer,
            secure: received.tls.is_some(),
            hostname: world.hostname().to_owned(),
            appends_for: true,
            behaviour,
            steps,
            unknown,
            behind: Vec::new(),
            router: None,
        };
        let table = if received.tls.is_some() { &self.tables.tls } else { &self.tables.plain };
        let (journey, outcome) = match entry.receive(&mut journey, behaviour) {
            Ok(()) => table.route(journey),
            Err(reply) => unwind(journey, Response::from(reply)),
        };
        journey.plan(outcome)
    }
}

/// The answer of Go's server to what no handler sees.
fn stopped(stop: Stop, steps: &mut Vec<Step>, unknown: &mut Vec<NotUnderstood>) -> Reply {
    match stop {
        Stop::Answer { status, why } => {
            steps.push(Step::own(StepKind::Answer, format!("{why}: {status}")));
            let body =
                if status == 200 { Vec::new() } else { format!("{status} {}", status_text(status)).into_bytes() };
            let reply = Reply { body, ..Reply::status(status) };
            if status == 200 { reply } else { reply.field("Content-Type", "text/plain; charset=utf-8") }
        }
        Stop::Http2 => {
            unknown.push(NotUnderstood { place: None, what: "HTTP/2 is not modelled".to_owned() });
            Reply::status(505)
        }
    }
}

/// Reads what an entry point is set to.
fn entry(assembly: &Assembly<'_>, point: &EntryPoint, unsure: Vec<NotUnderstood>) -> Result<Entry, ConfigError> {
    let given = &point.forwarded;
    let trusted = match Networks::new(&given.trusted) {
        Ok(networks) => networks,
        Err(None) => Networks::default(),
        Err(Some(entry)) => {
            let what = format!("trustedIPs: {:?} is neither an address nor a network", entry.value);
            return Err(ConfigError::at(&entry.place, what));
        }
    };
    if given.insecure {
        let place = given.place.as_ref().unwrap_or(&point.place);
        let what = format!("entry point {} believes every client's forwarding headers", point.name);
        let fix = "name the proxies in front of it in trustedIPs instead of insecure";
        assembly.remark(Code::AnyoneBelieved, Weight::Warning, place, what, Some(fix));
    }
    let underscores = match &point.underscores {
        None => Underscores::Keep,
        Some(At { value, place }) => match value.as_str() {
            "" | "keep" => Underscores::Keep,
            "delete" => Underscores::Delete,
            "reject" => Underscores::Reject,
            other => {
                let what = format!("underscoreHeadersStrategy: {other:?} is none of keep, delete and reject");
                return Err(ConfigError::at(place, what));
            }
        },
    };
    let mut server = Server::default();
    if let Some(most) = &point.max_header_bytes {
        // Nothing, and less, is as not given.
        server.max_header_bytes =
            usize::try_from(most.value).ok().filter(|&most| most > 0).unwrap_or(server.max_header_bytes);
    }
    Ok(Entry {
        name: point.name.clone(),
        place: point.place.clone(),
        port: point.port,
        sanitizes: assembly.behaviour.sanitizes && point.sanitize_path.as_ref().is_none_or(|flag| flag.value),
        encodes_semicolons: point.encode_query_semicolons.as_ref().is_some_and(|flag| flag.value),
        underscores,
        server,
        forwarded: Forwarded {
            place: given.place.clone(),
            insecure: given.insecure,
            trusted,
            connection: given.connection.iter().map(|name| canonical(&name.value)).collect(),
            not_append: given.not_append,
        },
        unsure,
    })
}

/// The TCP routers of an entry point, which take connections before HTTP is spoken.
fn tcp_doubts(routers: &[TcpRouter], install: &Static, point: &EntryPoint, tls: bool) -> Vec<NotUnderstood> {
    let marked = install.entry_points.iter().any(|point| point.as_default);
    let here = |router: &&TcpRouter| {
        let named = router.entry_points.iter().any(|name| name.value == point.name);
        let default = router.entry_points.is_empty() && (!marked || point.as_default);
        router.tls == tls && (named || default)
    };
    let doubt = |router: &TcpRouter| {
        let what = format!("tcp router {} may take the connection: {}", router.name, router.rule.value);
        NotUnderstood::at(&router.place, what)
    };
    routers.iter().filter(here).map(doubt).collect()
}
