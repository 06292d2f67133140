//! What a request below a prefix would come to, were proxy, server and app set up otherwise.
//!
//! Three switches decide all that hangs on a prefix: whether the proxy strips it, whether the server is told of it, and
//! whether the app is. Each of the eight arrangements is computed with the models of the server and the framework in use,
//! with the request as the proxy writes it today, but for its path.

use super::{DryRun, SERVER, TAP};
use crate::asgi::framework::{App, AppView, RouteMatch, Routes};
use crate::asgi::server::{Ends, Program, RootPathUse, Server};
use crate::asgi::{Outcome, ScopeType};
use crate::exchange::RequestHead;
use crate::gateway::has_prefix;
use crate::lanes::{Rewrite, Setup};

/// A set-up for one prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrangement {
    /// The proxy takes the prefix off.
    pub strip: bool,
    /// The server has it for its root path.
    pub server: bool,
    /// The app has it for its root path.
    pub app: bool,
}

impl Arrangement {
    const fn new(strip: bool, server: bool, app: bool) -> Self {
        Self { strip, server, app }
    }

    /// Every arrangement, the usual ones first.
    pub const ALL: [Self; 8] = [
        Self::new(true, true, false),
        Self::new(true, false, false),
        Self::new(false, true, false),
        Self::new(false, false, true),
        Self::new(true, false, true),
        Self::new(false, false, false),
        Self::new(true, true, true),
        Self::new(false, true, true),
    ];

    /// Those to recommend, best first: what leaves the app's code alone goes before the rest.
    const BEST: [Self; 4] = [
        Self::new(true, true, false),
        Self::new(false, true, false),
        Self::new(true, false, true),
        Self::new(false, false, true),
    ];
}

/// One arrangement, and what would come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhatIf {
    /// The arrangement.
    pub arrangement: Arrangement,
    /// What comes of it.
    pub outlook: Outlook,
    /// True if it is so today.
    pub now: bool,
    /// True if it is the one to have. Where several are as good, the one that leaves most as it is.
    pub recommended: bool,
}

/// What the models say of an arrangement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// The server answers by itself, or hangs up: why.
    Refused(String),
    /// They do not know: why.
    Unknown(String),
    /// The app sees the request.
    Seen(Works),
}

/// What works of all that hangs on the prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Works {
    /// The path that the app sees in the scope.
    pub path: String,
    /// What its routes are compared with.
    pub route_path: String,
    /// True if that has the prefix no more, and where all routes are known one takes it.
    pub routed: bool,
    /// True if redirects keep the prefix.
    pub redirects: bool,
    /// True if mounts and static files are found.
    pub mounts: bool,
    /// True if the documentation page asks for its schema below the prefix.
    pub docs: bool,
    /// The status, where it does not hang on the route itself.
    pub status: Option<u16>,
}

impl Works {
    /// True if all of it works.
    pub const fn all(&self) -> bool {
        self.routed && self.redirects && self.mounts && self.docs
    }

    /// The finding that the first thing that does not work would lead to.
    pub fn code(&self, prefix: &str) -> Option<&'static str> {
        let doubled = self.path.strip_prefix(prefix).is_some_and(|rest| has_prefix(rest.as_bytes(), prefix));
        match self {
            _ if doubled => Some("PX02"),
            Self { routed: false, .. } => Some("PX01"),
            Self { mounts: false, .. } => Some("PX04"),
            Self { docs: false, .. } => Some("PX05"),
            Self { redirects: false, .. } => Some("PX07"),
            _ => None,
        }
    }
}

impl Outlook {
    fn all(&self) -> bool {
        matches!(self, Self::Seen(works) if works.all())
    }
}

/// Every arrangement for a prefix, for the request of a dry run. Empty if the request does not lie below the prefix, or if
/// there is none.
pub fn what_ifs(run: &DryRun, setup: &Setup, prefix: &str) -> Vec<WhatIf> {
    let path = run.lanes.original.path.as_slice();
    if prefix.is_empty() || !has_prefix(path, prefix) {
        return Vec::new();
    }
    let Some(half) = run.exchange.inner() else { return Vec::new() };
    let (to, from) = half.upstream.unwrap_or((SERVER, half.peer));
    let asked = Below { head: &half.request, path, prefix, ends: Ends::tcp(from, to) };
    let stripped = match &run.lanes.rewritten.rewrite {
        Rewrite::Stripped(part) => Some(part == prefix),
        Rewrite::Kept => Some(false),
        Rewrite::Unknown | Rewrite::Added(_) | Rewrite::Replaced | Rewrite::NeverReached => None,
    };
    let today =
        stripped.map(|strip| Arrangement::new(strip, setup.server.root_path == prefix, setup.app.root_path == prefix));
    let mut all = Arrangement::ALL.map(|arrangement| WhatIf {
        outlook: asked.outlook(arrangement, &setup.server, &setup.app),
        arrangement,
        now: today == Some(arrangement),
        recommended: false,
    });
    let fits = |arrangement: &Arrangement| all.iter().any(|one| one.arrangement == *arrangement && one.outlook.all());
    let best = today.filter(fits).or_else(|| Arrangement::BEST.into_iter().find(fits));
    for one in &mut all {
        one.recommended = best == Some(one.arrangement);
    }
    all.to_vec()
}

/// One server with a prefix.
#[derive(Clone, Debug)]
pub struct ServerLine {
    /// The server, with the options that it needs to serve an ASGI app.
    pub server: Server,
    /// Whether server or app are told of the prefix.
    pub told: Told,
    /// What comes of it where the proxy strips.
    pub strip: Outlook,
    /// What comes of it where the proxy keeps.
    pub keep: Outlook,
}

/// Who is told of the prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The server.
    Server,
    /// The app alone.
    App,
    /// Nobody.
    Nobody,
}

/// What each server makes of a prefix that it is told of; then what the one in use makes of one that only the app is told
/// of, or nobody. The app is taken to have a route `/items/` and nothing else.
pub fn servers(setup: &Setup, prefix: &str) -> Vec<ServerLine> {
    let text = format!("GET {prefix}/items/ HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let Ok(head) = RequestHead::from_wire(text.into_bytes()) else { return Vec::new() };
    let path = format!("{prefix}/items/");
    let asked = Below { head: &head, path: path.as_bytes(), prefix, ends: Ends::tcp(TAP, SERVER) };
    let app = App { routes: Some(Routes::new(vec!["/items/".to_owned()], Vec::new())), ..setup.app.clone() };
    let line = |server: Server, told: Told| {
        let of = |strip| {
            let arrangement = Arrangement::new(strip, told == Told::Server, told == Told::App);
            asked.outlook(arrangement, &server, &app)
        };
        ServerLine { told, strip: of(true), keep: of(false), server: server.clone() }
    };
    let in_use = &setup.server;
    let each = Program::ALL.into_iter().map(|program| {
        let server = if program == in_use.program() { in_use.clone() } else { Server::new(program, None) };
        line(serving(server), Told::Server)
    });
    each.chain([line(in_use.clone(), Told::App), line(in_use.clone(), Told::Nobody)]).collect()
}

/// The server, started so that it serves an ASGI app: gunicorn by itself does not.
pub(super) fn serving(server: Server) -> Server {
    if server.root_path_use() != RootPathUse::Unknown {
        return server;
    }
    let variant = |(name, value): &(&'static str, &'static str)| {
        let mut variant = server.clone();
        (variant.set(name, value).is_ok() && variant.root_path_use() != RootPathUse::Unknown).then_some(variant)
    };
    server.program().variants().iter().find_map(variant).unwrap_or(server)
}

/// A request below a prefix, to be asked for in different ways.
struct Below<'a> {
    head: &'a RequestHead,
    path: &'a [u8],
    prefix: &'a str,
    ends: Ends,
}

impl Below<'_> {
    fn outlook(&self, arrangement: Arrangement, server: &Server, app: &App) -> Outlook {
        let rest = self.path.strip_prefix(self.prefix.as_bytes()).unwrap_or(self.path);
        let path = match (arrangement.strip, rest) {
            (true, b"") => b"/",
            (true, rest) => rest,
            (false, _) => self.path,
        };
        let Some(head) = self.head.with_path(path) else {
            return Outlook::Unknown("the request is no HTTP with another path".to_owned());
        };
        let root = |told: bool| if told { self.prefix.to_owned() } else { String::new() };
        let server = Server { root_path: root(arrangement.server), ..server.clone() };
        let app = App { root_path: root(arrangement.app), prefix_header: false, ..app.clone() };
        match server.receive(head.as_bytes(), &self.ends) {
            Outcome::Refused { status, why } => Outlook::Refused(format!("{status}: {why}")),
            Outcome::Closed { why } => Outlook::Refused(why),
            Outcome::Unknown { why } => Outlook::Unknown(why),
            Outcome::Scope(scope) if app.other_route(&scope).is_some() => {
                Outlook::Unknown("the links of this framework are not modelled".to_owned())
            }
            Outcome::Scope(scope) => Outlook::Seen(self.works(&app.view(&scope), &app, scope.kind)),
        }
    }

    fn works(&self, view: &AppView, app: &App, kind: ScopeType) -> Works {
        let bare = !has_prefix(view.route_path.as_bytes(), self.prefix);
        let all_known = app.routes.as_ref().is_some_and(Routes::are_all);
        let routed = match view.route {
            RouteMatch::Route(_) | RouteMatch::OtherMethod(_) | RouteMatch::Mount(_) | RouteMatch::Slash(_) => true,
            RouteMatch::Unknown => bare,
            RouteMatch::None => bare && !all_known,
        };
        Works {
            path: view.scope.path.clone(),
            route_path: view.route_path.clone(),
            routed,
            redirects: view.slash_redirect.as_deref().is_none_or(|to| self.holds(to)),
            mounts: view.path_has_root,
            docs: has_prefix(view.openapi_url.as_bytes(), self.prefix),
            status: view.predicted(app).status(kind),
        }
    }

    /// True for a URL below the prefix, which it has once.
    fn holds(&self, url: &str) -> bool {
        let path = path_of(url).as_bytes();
        let rest = path.strip_prefix(self.prefix.as_bytes()).filter(|_| has_prefix(path, self.prefix));
        rest.is_some_and(|rest| !has_prefix(rest, self.prefix))
    }
}

/// The path of an absolute URL, or of one that is a path.
fn path_of(url: &str) -> &str {
    let after = url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("", |at| rest.split_at(at).1));
    after.split(['?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::dry_run::{Entrance, Start, request, run};
    use crate::gateway::{Gateway, Unseen, parse_route};

    fn tried(server: &str, rule: &str, told: &str) -> Vec<WhatIf> {
        let mut server = Server::named(server).unwrap();
        told.clone_into(&mut server.root_path);
        let gateway = Gateway::of_routes(vec![parse_route(&format!("/api=http://app:8000,{rule}")).unwrap()], None);
        let mut setup = Setup { gateway: Some(gateway), ..Setup::new(server) };
        setup.know_prefix("/api");
        let asked = request::from_url("http://localhost:9999/api/items", "GET", &[], false).unwrap();
        let entrance = Entrance::of(setup.gateway.as_ref(), &asked).unwrap();
        let local: IpAddr = [127, 0, 0, 1].into();
        let start = Start { asked: &asked, entrance: &entrance, client: local, peer: local };
        let run = run(&start, &mut setup, &Unseen);
        what_ifs(&run, &setup, "/api")
    }

    /// `A PX01 now`, for each arrangement in the order of the letters.
    fn shown(all: &[WhatIf]) -> Vec<String> {
        let line = |(letter, one): (char, &WhatIf)| {
            let what = match &one.outlook {
                Outlook::Seen(works) => works.code("/api").unwrap_or("ok").to_owned(),
                other => format!("{other:?}"),
            };
            let now = if one.now { " now" } else { "" };
            let best = if one.recommended { " best" } else { "" };
            format!("{letter} {what}{now}{best}")
        };
        ('A'..).zip(all).map(line).collect()
    }

    #[test]
    fn uvicorn_wants_it_stripped() {
        assert_eq!(
            shown(&tried("uvicorn@0.54", "keep", "")),
            ["A ok best", "B PX05", "C PX02", "D ok", "E PX04", "F PX01 now", "G ok", "H PX02"]
        );
    }

    #[test]
    fn the_others_want_it_kept() {
        for server in ["hypercorn", "granian", "daphne"] {
            let all = shown(&tried(server, "strip", ""));
            assert_eq!(
                all,
                ["A PX04", "B PX05 now", "C ok best", "D ok", "E PX04", "F PX01", "G PX04", "H ok"],
                "{server}"
            );
        }
    }

    #[test]
    fn what_is_right_is_left_as_it_is() {
        let all = shown(&tried("hypercorn", "keep", "/api"));
        assert_eq!(all.iter().filter(|line| line.contains("best")).collect::<Vec<_>>(), ["C ok now best"]);
    }

    #[test]
    fn every_server_is_asked() {
        let lines = servers(&Setup::new(Server::uvicorn()), "/api");
        assert_eq!(lines.len(), Program::ALL.len() + 2);
        for line in &lines {
            assert!(matches!((&line.strip, &line.keep), (Outlook::Seen(_), Outlook::Seen(_))), "{line:?}");
        }
    }

    #[test]
    fn a_url_has_a_path() {
        for (url, path) in [("http://h:1/a/b?x", "/a/b"), ("http://h", ""), ("/a#b", "/a"), ("//h/a", "//h/a")] {
            assert_eq!(path_of(url), path);
        }
    }
}
