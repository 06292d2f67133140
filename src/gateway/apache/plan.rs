//! The model: from a request's bytes to what httpd sends on (`server/request.c`, `modules/proxy/mod_proxy.c`, 2.4).

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use super::config::{Config, Server};
use super::head::{self, Head, Refusal};
use super::rewriting::{Rewriting, Rewritten};
use super::scope::{Scope, Section};
use super::send::Sending;
use super::text::{Scene, client};
use super::tree::wildcard;
use super::url::{Slashes, is_visible, normalize, one_slash, unescape};
use crate::gateway::{Action, Model, NotUnderstood, Place, Plan, Received, Reply, Step, StepKind, World};

/// The root of files where none is said (`DOCUMENT_LOCATION` of a build that is not changed).
const ROOT: &str = "/usr/local/apache2/htdocs";

/// Apache httpd with a configuration.
#[derive(Clone, Debug)]
pub(super) struct Apache {
    /// The configuration.
    pub(super) config: Arc<Config>,
    /// Which router the directive of a line is.
    pub(super) routers: HashMap<Place, usize>,
}

impl Model for Apache {
    fn plan(&self, request: &Received<'_>, world: &dyn World) -> Plan {
        let mut walk =
            Walk { model: self, request, world, steps: Vec::new(), unknown: self.config.doubts.clone(), router: None };
        let action = walk.action();
        Plan { router: walk.router, steps: walk.steps, action, unknown: walk.unknown }
    }
}

/// What maps a path.
enum Mapped {
    Proxy { url: Vec<u8>, nocanon: bool },
    Local(Vec<u8>),
    Reply(Reply),
}

pub(super) struct Walk<'a> {
    model: &'a Apache,
    pub(super) request: &'a Received<'a>,
    pub(super) world: &'a dyn World,
    pub(super) steps: Vec<Step>,
    pub(super) unknown: Vec<NotUnderstood>,
    router: Option<usize>,
}

impl Walk<'_> {
    fn own(&mut self, what: &str) {
        self.unknown.push(NotUnderstood { place: None, what: what.to_owned() });
    }

    fn action(&mut self) -> Action {
        let config = Arc::clone(&self.model.config);
        let group = self.group(&config);
        let Some(default) = group.first().and_then(|index| config.servers.get(*index)) else { return Action::Close };
        let speaks_tls = default.tls.unwrap_or(false);
        if speaks_tls != self.request.tls.is_some() {
            self.steps.push(Step::own(StepKind::Answer, "one side speaks TLS and the other does not"));
            return if speaks_tls { Action::Answer(Reply::status(400)) } else { Action::Close };
        }
        let scheme = if speaks_tls { "https" } else { "http" };
        let head = match head::read(self.request.head, scheme) {
            Ok(head) => head,
            Err(Refusal::Status(status)) => {
                self.steps.push(Step::own(StepKind::Answer, format!("httpd refuses the request with {status}")));
                return Action::Answer(self.page(status, &default.scope));
            }
            Err(Refusal::Simple) => {
                self.own("a request of HTTP/0.9 is answered without a head, which is not modelled");
                return Action::Close;
            }
            Err(Refusal::Unfinished) => {
                self.own("the head is not at its end: httpd waits for more");
                return Action::Close;
            }
        };
        let (index, server) = choose(&config, &group, head.host.as_deref());
        // `ssl_engine_kernel.c`, `ssl_hook_ReadReq`
        if let Some(name) = self.request.tls.and_then(|tls| tls.name) {
            if head.host.is_none() {
                return Action::Answer(self.refused(400, "a name in TLS and none in the request", server));
            }
            if choose(&config, &group, Some(name)).0 != index {
                self.own("whether a request may be for another server than its TLS handshake is not modelled");
            }
        }
        let text = match (&server.place, &server.name) {
            (Some(_), Some(name)) => format!("{} {name}", server.text),
            (Some(_), None) => server.text.clone(),
            (None, _) => "the main server".to_owned(),
        };
        self.steps.push(Step { place: server.place.clone(), ..Step::own(StepKind::Listener, text) });
        let main_name = config.servers.first().and_then(|main| main.name.clone());
        let scene = self.scene(head, server, scheme, main_name);
        self.request(index, server, scene)
    }

    /// The servers that a connection may be for: those with its address, else those with any, else the main one.
    fn group(&self, config: &Config) -> Vec<usize> {
        let local = self.request.local;
        let hosts = || config.servers.iter().enumerate().skip(1);
        let on_port = |port: &Option<u16>| port.is_none_or(|port| port == local.port());
        let exact = |address: &str| address.parse::<IpAddr>().is_ok_and(|address| address == local.ip());
        let having = |fits: &dyn Fn(&str) -> bool| -> Vec<usize> {
            let fitting = hosts()
                .filter(|(_, server)| server.addresses.iter().any(|(address, port)| on_port(port) && fits(address)));
            fitting.map(|(index, _)| index).collect()
        };
        let found = having(&exact);
        let found = if found.is_empty() { having(&str::is_empty) } else { found };
        if found.is_empty() { vec![0] } else { found }
    }

    fn scene(&mut self, head: Head, server: &Server, scheme: &'static str, main_name: Option<String>) -> Scene {
        let name = server.name.clone().or(main_name).unwrap_or_else(|| self.world.hostname().to_owned());
        Scene {
            uri: Vec::new(),
            query: head.query.clone(),
            head,
            env: BTreeMap::new(),
            env_open: false,
            scheme,
            client: client(self.request),
            client_port: self.request.peer.port(),
            port: self.request.local.port(),
            server_name: Some(name).filter(|name| !name.is_empty()),
            server_port: server.port,
            canonical_name: false,
            root: server.root.clone().unwrap_or_else(|| ROOT.to_owned()),
        }
    }

    fn request(&mut self, index: usize, server: &Server, mut scene: Scene) -> Action {
        let merge = server.merge_slashes.unwrap_or(true);
        if scene.head.method == b"CONNECT" {
            self.own("CONNECT is not modelled");
            return Action::Close;
        }
        let mut path = match &scene.head.path {
            None => b"/".to_vec(),
            Some(path) => match normalize(path, merge, true) {
                Some(path) => path,
                None => {
                    return Action::Answer(self.refused(
                        400,
                        "the path leads above the root or holds a bad escape",
                        server,
                    ));
                }
            },
        };
        let slashes = server.located(&path).slashes.unwrap_or_default();
        path = match unescape(&path, slashes) {
            Ok(path) => path,
            Err(status) => return Action::Answer(self.refused(status, "an escape in the path", server)),
        };
        if slashes == Slashes::Decoded {
            path = normalize(&path, merge, false).unwrap_or(path);
        }
        scene.uri = path;
        let scope = server.located(&scene.uri);
        for section in server.holding(&scene.uri) {
            self.steps.push(Step::at(StepKind::Router, section.text.clone(), &section.place));
        }
        scene.env_open = scope.env_open;
        scene.env.extend(scope.env.iter().map(|(name, value)| (name.clone(), value.clone().into_bytes())));
        scene.canonical_name = scope.canonical_name.unwrap_or(false);
        match self.map(server, &scope, &mut scene) {
            Mapped::Reply(reply) => Action::Answer(self.finished(reply, &scope)),
            Mapped::Local(file) => {
                self.doubts(&scope);
                let reply = self.local(server, &scope, &scene, &file);
                Action::Answer(self.finished(reply, &scope))
            }
            Mapped::Proxy { url, nocanon } => self.proxy(index, server, scene, &url, nocanon),
        }
    }

    /// What of a part is not understood concerns whoever comes through it.
    fn doubts(&mut self, scope: &Scope) {
        self.unknown.extend(scope.doubts.iter().cloned());
    }

    /// Finds out what maps the path: the rewrite rules, then `ProxyPass`, then `Redirect`, then files.
    fn map(&mut self, server: &Server, scope: &Scope, scene: &mut Scene) -> Mapped {
        if scene.uri == b"*" {
            return Mapped::Local(b"*".to_vec());
        }
        if scope.rewrites == Some(true) && scene.uri.starts_with(b"/") {
            let is_own = |host: &str| server.is_named(host);
            let mut rewriting = Rewriting {
                scene,
                steps: &mut self.steps,
                unknown: &mut self.unknown,
                world: self.world,
                is_own: &is_own,
            };
            match rewriting.rules(&server.rewrites) {
                Rewritten::Not => {}
                Rewritten::PassedThrough(path) => scene.uri = path,
                Rewritten::Local(path) => return Mapped::Local(path),
                Rewritten::Proxy(url, nocanon) => return Mapped::Proxy { url, nocanon },
                Rewritten::Reply(reply) => return Mapped::Reply(reply),
            }
        }
        if let Some(mapped) = self.passes(server, scope, scene) {
            return mapped;
        }
        for redirect in &server.redirects {
            if let Some(to) = redirect.map(&scene.uri) {
                self.steps.push(Step::at(StepKind::Answer, redirect.text.clone(), &redirect.place));
                return Mapped::Reply(redirect_reply(redirect.status, to, scene));
            }
        }
        Mapped::Local(scene.uri.clone())
    }

    /// `ProxyPass`: that of the `<Location>` first, then those of the server in order.
    fn passes(&mut self, server: &Server, scope: &Scope, scene: &Scene) -> Option<Mapped> {
        for pass in scope.pass.iter().chain(&server.passes) {
            let Some((url, nocanon)) = pass.map(&scene.uri, &scene.head.target) else { continue };
            self.unknown.extend(pass.doubt.clone());
            let is_none = pass.to == "!";
            let step = Step::at(StepKind::Router, pass.text.clone(), &pass.place);
            self.steps.push(if is_none { step } else { step.path(url.clone()) });
            if is_none {
                return None;
            }
            self.router = self.model.routers.get(&pass.place).copied();
            return Some(Mapped::Proxy { url, nocanon });
        }
        None
    }

    fn proxy(&mut self, index: usize, server: &Server, scene: Scene, url: &[u8], nocanon: bool) -> Action {
        let mut scope = server.scope.clone();
        for section in server.proxies.iter().filter(|section| section.holds_url(url)) {
            scope.merge(&section.scope);
        }
        for section in server.holding(&scene.uri) {
            scope.merge(&section.scope);
        }
        self.doubts(&scope);
        if let Some((true, place)) = &scope.denied {
            self.steps.push(Step::at(StepKind::Answer, "Require all denied", place));
            return Action::Answer(self.page(403, &scope));
        }
        for redirect in &scope.redirects {
            if let Some(to) = redirect.map(&scene.uri) {
                self.steps.push(Step::at(StepKind::Answer, redirect.text.clone(), &redirect.place));
                return Action::Answer(redirect_reply(redirect.status, to, &scene));
            }
        }
        let config = Arc::clone(&self.model.config);
        let sending = Sending { walk: self, server, scope, scene };
        match sending.send(config, index, url, nocanon) {
            Ok(forward) => Action::Forward(forward),
            Err((status, scope)) => Action::Answer(self.page(status, &scope)),
        }
    }

    fn refused(&mut self, status: u16, what: &str, server: &Server) -> Reply {
        self.steps.push(Step::own(StepKind::Answer, format!("httpd refuses the request with {status}: {what}")));
        self.page(status, &server.scope)
    }

    /// An answer, with the page that is said for its status where it has none of its own.
    fn finished(&mut self, reply: Reply, scope: &Scope) -> Reply {
        if reply.status >= 400 { self.page(reply.status, scope) } else { reply }
    }

    /// The answer for an error, as `ErrorDocument` says.
    pub(super) fn page(&mut self, status: u16, scope: &Scope) -> Reply {
        let Some((text, place)) = scope.pages.get(&status) else { return Reply::status(status) };
        self.steps.push(Step::at(StepKind::Answer, format!("ErrorDocument {status} {text}"), place));
        if text.starts_with('/') {
            self.unknown.push(NotUnderstood::at(
                place,
                format!("ErrorDocument {status} {text}: what is at the path is not modelled"),
            ));
        } else if text.starts_with("http://") || text.starts_with("https://") {
            return Reply::status(302).field("Location", text.as_bytes());
        }
        Reply { body: text.clone().into_bytes(), ..Reply::status(status) }
    }
}

/// The server that a host names, else the first.
fn choose<'c>(config: &'c Config, group: &[usize], host: Option<&str>) -> (usize, &'c Server) {
    static NONE: std::sync::LazyLock<Server> = std::sync::LazyLock::new(Server::default);
    let named =
        |index: &&usize| host.zip(config.servers.get(**index)).is_some_and(|(host, server)| server.is_named(host));
    let index = group.iter().find(named).or(group.first()).copied().unwrap_or(0);
    (index, config.servers.get(index).unwrap_or(&NONE))
}

impl Server {
    /// True if a host is the server's name or another one of its.
    pub(super) fn is_named(&self, host: &str) -> bool {
        let lower = |text: &str| text.to_ascii_lowercase().into_bytes();
        self.name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(host))
            || self.aliases.iter().any(|alias| wildcard(&lower(alias), &lower(host)))
    }

    /// The `<Location>` sections that hold a path.
    pub(super) fn holding(&self, path: &[u8]) -> impl Iterator<Item = &Section> {
        let path = one_slash(path);
        self.locations.iter().filter(move |section| section.holds(&path))
    }

    /// What is said for a path.
    pub(super) fn located(&self, path: &[u8]) -> Scope {
        let mut scope = self.scope.clone();
        for section in self.holding(path) {
            scope.merge(&section.scope);
        }
        scope
    }
}

/// A redirect with the query of the request (`mod_alias.c`, `fixup_redir`).
pub(super) fn redirect_reply(status: u16, to: Vec<u8>, scene: &Scene) -> Reply {
    if !(300..400).contains(&status) {
        return Reply::status(status);
    }
    let mut to = if to.starts_with(b"/") { scene.own_url(&to) } else { to };
    if let Some(query) = scene.query.as_ref().filter(|query| is_visible(query) && !to.contains(&b'?')) {
        to.push(b'?');
        to.extend_from_slice(query);
    }
    located(status, to)
}

/// An answer with a Location. No header may hold a control character (`http_filters.c`, `check_headers`).
pub(super) fn located(status: u16, to: Vec<u8>) -> Reply {
    if to.iter().any(|&b| b.is_ascii_control() && b != b'\t') {
        return Reply::status(500);
    }
    Reply::status(status).field("Location", to)
}
