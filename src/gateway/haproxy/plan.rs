//! The model: from a request's bytes to what `HAProxy` sends on (`http_ana.c`, `stream.c`, 2.6).

use std::net::IpAddr;
use std::sync::Arc;

use super::apply::{Flow, Run};
use super::back::Way;
use super::config::Config;
use super::endpoint::Server;
use super::message::{self, Keep, Refusal};
use super::rule::Phase;
use super::sample::Scene;
use super::section::{OddNames, Section};
use crate::gateway::{Action, Forward, Model, NotUnderstood, Plan, Purpose, Received, Reply, Step, StepKind, World};

/// `HAProxy` with a configuration.
#[derive(Clone, Debug)]
pub(super) struct Haproxy {
    /// The configuration.
    pub(super) config: Arc<Config>,
    /// Which router a frontend's choice is: frontend, number of the `use_backend` line (their count for the default). They
    /// are in order.
    pub(super) routers: Vec<(usize, usize)>,
}

impl Model for Haproxy {
    fn plan(&self, request: &Received<'_>, world: &dyn World) -> Plan {
        let mut planning = Planning {
            received: request.head.len(),
            config: &self.config,
            routers: &self.routers,
            steps: Vec::new(),
            unknown: self.config.doubts.clone(),
            router: None,
        };
        let action = planning.action(request, world);
        Plan { router: planning.router, steps: planning.steps, action, unknown: planning.unknown }
    }
}

/// Bytes of a head from which rules that make it longer may fail.
const NEAR_THE_BUFFER: usize = 12 << 10;
/// Bytes that rules may surely add (`tune.maxrewrite` is 1,024).
const ROOM: usize = 512;

struct Planning<'a> {
    received: usize,
    config: &'a Arc<Config>,
    routers: &'a [(usize, usize)],
    steps: Vec<Step>,
    unknown: Vec<NotUnderstood>,
    router: Option<usize>,
}

impl Planning<'_> {
    fn own(&mut self, what: &str) {
        self.unknown.push(NotUnderstood { place: None, what: what.to_owned() });
    }

    fn action(&mut self, request: &Received<'_>, world: &dyn World) -> Action {
        let config = Arc::clone(self.config);
        let Some(front) = self.listener(request) else { return Action::Close };
        let Some(section) = config.sections.get(front) else { return Action::Close };
        self.unknown.extend(section.doubts.iter().cloned());
        if !section.http {
            self.unknown.push(NotUnderstood::at(&section.place, "mode tcp: what passes through is not modelled"));
            return Action::Close;
        }
        let message = match message::read(request.head, section.lax) {
            Ok(message) => message,
            Err(Refusal::Status(status)) => {
                self.steps.push(Step::own(StepKind::Answer, format!("HAProxy refuses the request with {status}")));
                return self.page(status, section);
            }
            Err(Refusal::Unfinished) => {
                self.own("the head is not at its end: HAProxy waits for more");
                return Action::Close;
            }
        };
        let scene = Scene {
            asked: (message.method.clone(), message.target.clone()),
            message,
            response: None,
            peer: request.peer,
            local: request.local,
            tls: request.tls.is_some(),
            server_name: request.tls.and_then(|tls| tls.name).map(str::to_owned),
            variables: std::collections::BTreeMap::new(),
            frontend: section.name.clone(),
            backend: None,
            hostname: world.hostname().to_owned(),
        };
        self.request(front, section, scene)
    }

    /// The section that a connection belongs to: that of the most exact address.
    fn listener(&mut self, request: &Received<'_>) -> Option<usize> {
        let config = Arc::clone(self.config);
        let fits: Vec<_> = config.listening(request.local.port()).collect();
        let exact = |address: &str| address.parse::<IpAddr>().is_ok_and(|address| address == request.local.ip());
        let chosen = fits.iter().find(|(_, bind)| exact(&bind.listen.address)).or_else(|| fits.first());
        let Some((index, bind)) = chosen else {
            self.own("nothing listens on this port");
            return None;
        };
        let same = |other: &&(usize, _)| other.0 != *index;
        if let Some((_, other)) =
            fits.iter().filter(same).find(|(_, other)| other.listen.address == bind.listen.address)
        {
            self.unknown.push(NotUnderstood::at(&other.line.place, "another section listens on the same address"));
        }
        let name = self.config.sections.get(*index).map_or("", |section| section.name.as_str());
        let text = format!("{name}: {}", bind.line.text());
        self.steps.push(Step::at(StepKind::Listener, text, &bind.line.place));
        if bind.listen.tls != request.tls.is_some() {
            self.steps
                .push(Step::own(StepKind::Answer, "the handshake fails: one side speaks TLS and the other does not"));
            return None;
        }
        Some(*index)
    }

    /// A page of `HAProxy`'s own, or what the configuration has in its place.
    fn page(&mut self, status: u16, section: &Section) -> Action {
        Action::Answer(match section.pages.get(&status) {
            None => Reply::status(status),
            Some(Ok(reply)) => reply.clone(),
            Some(Err(what)) => {
                self.unknown.push(what.clone());
                Reply::status(status)
            }
        })
    }

    fn request(&mut self, front: usize, section: &Section, mut scene: Scene) -> Action {
        if let Some((path, place)) = &section.monitor {
            let target = scene.message.target.as_slice();
            let path = path.as_bytes();
            let here = super::target::parts(target).path_and_query(target) == Some(path) || target == path;
            if here {
                self.steps.push(Step::at(StepKind::Answer, "monitor-uri", place));
                return self.page(200, section);
            }
        }
        if let Some(action) = self.rules(section, section, &mut scene) {
            return action;
        }
        let Some(back) = self.backend(front, section, &scene) else {
            self.steps.push(Step::own(StepKind::Answer, format!("{} has no backend for it", section.name)));
            return self.page(503, section);
        };
        let config = Arc::clone(self.config);
        let Some(backend) = config.sections.get(back) else { return Action::Close };
        scene.backend = Some(backend.name.clone());
        if back != front {
            self.unknown.extend(backend.doubts.iter().filter(|doubt| !section.doubts.contains(doubt)).cloned());
            if !backend.http {
                self.unknown.push(NotUnderstood::at(&backend.place, "mode tcp: what passes through is not modelled"));
            }
            if let Some(action) = self.rules(backend, section, &mut scene) {
                return action;
            }
        }
        self.forwarded_for(section, backend, &mut scene);
        self.send(front, back, scene)
    }

    /// Applies the rules of a section; `Some` if the request ends there.
    fn rules(&mut self, section: &Section, front: &Section, scene: &mut Scene) -> Option<Action> {
        let mut run = Run { scene, steps: &mut self.steps, unknown: &mut self.unknown, phase: Phase::Request };
        let flow = run.rules(&section.requests, &section.acls);
        if let Some(action) = self.ended(flow, section, front, scene) {
            return Some(action);
        }
        if section.odd_names != OddNames::Kept {
            let is_odd = |name: &[u8]| !name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-');
            let fields = &mut scene.message.fields;
            if section.odd_names == OddNames::Refused && fields.iter().any(|(name, _)| is_odd(name)) {
                return Some(self.page(403, section));
            }
            fields.retain(|(name, _)| !is_odd(name));
        }
        if let Some((prefix, place)) = &section.statistics
            && scene.message.target.starts_with(prefix.as_bytes())
        {
            self.unknown.push(NotUnderstood::at(place, "the page of statistics is not modelled"));
        }
        let mut run = Run { scene, steps: &mut self.steps, unknown: &mut self.unknown, phase: Phase::Request };
        let flow = run.rules(&section.redirects, &section.acls);
        self.ended(flow, section, front, scene)
    }

    fn ended(&mut self, flow: Flow, section: &Section, front: &Section, scene: &mut Scene) -> Option<Action> {
        let action = match flow {
            Flow::On => return None,
            Flow::Close => return Some(Action::Close),
            Flow::Reply(reply) => Action::Answer(reply),
            Flow::Page(status) => self.page(status, section),
        };
        let Action::Answer(mut reply) = action else { return Some(action) };
        let fields = reply.fields.drain(..).map(|(name, value)| (name.into_bytes(), value)).collect();
        scene.response = Some((reply.status, fields));
        let mut both = vec![section];
        both.extend(Some(front).filter(|front| front.name != section.name));
        for section in both {
            let mut run = Run { scene, steps: &mut self.steps, unknown: &mut self.unknown, phase: Phase::Response };
            run.rules(&section.after, &section.acls);
        }
        if let Some((status, fields)) = scene.response.take() {
            reply.status = status;
            reply.fields =
                fields.into_iter().map(|(name, value)| (String::from_utf8_lossy(&name).into_owned(), value)).collect();
        }
        Some(Action::Answer(reply))
    }

    /// The backend that takes a request.
    fn backend(&mut self, front: usize, section: &Section, scene: &Scene) -> Option<usize> {
        for (number, switch) in section.switches.iter().enumerate() {
            let holds = match &switch.condition {
                None => Ok(true),
                Some(condition) => condition.holds(&section.acls, scene),
            };
            let name = match holds {
                Ok(false) => continue,
                Ok(true) => switch.to.value(scene),
                Err(what) => Err(what),
            };
            let name = match name {
                Ok(name) => name,
                Err(what) => {
                    self.unknown.push(what);
                    continue;
                }
            };
            self.steps.push(Step::at(StepKind::Router, switch.line.text(), &switch.line.place));
            // A name that is evaluated and is no backend's leads to the default.
            let Some(back) = self.config.backend(&String::from_utf8_lossy(&name)) else { break };
            self.router = self.routers.binary_search(&(front, number)).ok();
            return Some(back);
        }
        self.router = self.routers.binary_search(&(front, section.switches.len())).ok();
        if let Some(line) = &section.default_backend {
            self.steps.push(Step::at(StepKind::Router, line.text(), &line.place));
            return self.config.backend(line.word(1));
        }
        section.is_back().then_some(front)
    }

    /// `option forwardfor`, which frontend and backend say together.
    fn forwarded_for(&mut self, front: &Section, back: &Section, scene: &mut Scene) {
        let both = [&front.forwarded_for, &back.forwarded_for];
        let Some(named) = back.forwarded_for.as_ref().or(front.forwarded_for.as_ref()) else { return };
        let always = both.iter().filter_map(|option| option.as_ref()).any(|option| !option.if_none);
        let there = scene.message.fields.iter().any(|(name, _)| *name == named.name);
        let client = scene.peer.ip();
        if (there && !always) || both.iter().filter_map(|option| option.as_ref()).any(|option| option.spares(client)) {
            return;
        }
        let name = String::from_utf8_lossy(&named.name).into_owned();
        let text = format!("{}: {name}: {client}", named.line.text());
        self.steps.push(Step::at(StepKind::Field(name), text, &named.line.place));
        scene.message.fields.push((named.name.clone(), client.to_string().into_bytes()));
    }

    fn send(&mut self, front: usize, back: usize, scene: Scene) -> Action {
        let config = Arc::clone(self.config);
        let (Some(section), Some(backend)) = (config.sections.get(front), config.sections.get(back)) else {
            return Action::Close;
        };
        let Some(server) = self.server(backend) else {
            self.steps.push(Step::own(StepKind::Answer, format!("{} has no server", backend.name)));
            return self.page(503, backend);
        };
        self.steps.push(Step::at(StepKind::Upstream, server.line.text(), &server.line.place));
        let keep = Keep { close: section.closes || backend.closes, pretend: backend.pretends };
        let head = message::write(&scene.message, keep);
        if head.len() > NEAR_THE_BUFFER && head.len() > self.received + ROOM {
            self.own("the head is made so long that it may not fit into HAProxy's buffer (tune.bufsize)");
        }
        let to = server.destination(scene.local.port());
        let way = Way { config: Arc::clone(self.config), front, back, scene };
        Action::Forward(Forward { purpose: Purpose::Request, to, head, back: Arc::new(way) })
    }

    /// The server of a backend that takes a request, where that does not depend on those before it.
    fn server<'s>(&mut self, backend: &'s Section) -> Option<&'s Server> {
        let usable: Vec<_> = backend.servers.iter().filter(|server| !server.disabled).collect();
        let active: Vec<_> = usable.iter().filter(|server| !server.backup).collect();
        let server = active.first().or(usable.first().as_ref()).map(|server| **server)?;
        if active.len() > 1 && !backend.takes_first {
            let text = format!("the first of the {} servers of {} is taken to be next", active.len(), backend.name);
            self.steps.push(Step::at(StepKind::Assumed, text, &server.line.place));
        }
        Some(server)
    }
}
