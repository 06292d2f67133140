//! An observed request, thought through once more with proxy, server or app set up otherwise.
//!
//! The request is taken as the proxy wrote it when it was seen, but for its path: which headers another configuration would
//! add is not guessed.

use super::what_if::serving;
use super::{SERVER, TAP, answer};
use crate::asgi::server::Server;
use crate::diagnosis::{Finding, Session};
use crate::exchange::{Answered, Body, Ending, Exchange, Half, Pairing, RequestHead, ResponseHead, Side};
use crate::gateway::{Unseen, has_prefix};
use crate::lanes::{self, Lanes, Provenance, Setup, Source};

/// How things would be set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supposition {
    /// The public prefix; empty for none.
    pub prefix: String,
    /// What the proxy does with it.
    pub path: SupposedPath,
    /// The app's server, its root path included.
    pub server: Server,
    /// The app's own root path.
    pub app_root: String,
}

/// What the proxy does with the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SupposedPath {
    /// What it was seen to do.
    AsSeen,
    /// It takes the prefix off.
    Strip,
    /// It sends it on.
    Keep,
}

/// What would become of the request.
#[derive(Clone, Debug)]
pub struct Supposed {
    /// The exchange, with the answer where that is certain.
    pub exchange: Exchange,
    /// Its lanes; the third and the fourth are derived.
    pub lanes: Lanes,
    /// What would be concluded, the primary finding first.
    pub findings: Vec<Finding>,
    /// The set-up as it is supposed to be.
    pub setup: Setup,
}

/// The server that a text names, `uvicorn` or `uvicorn@0.54`: the one in use if it is that, else the same options on another
/// release, or another program with nothing said to it.
///
/// # Errors
/// A sentence that says which servers are known.
pub fn supposed_server(text: &str, setup: &Setup) -> Result<Server, String> {
    let today = &setup.server;
    let named = Server::named(text.trim()).map_err(|error| error.to_string())?;
    let says_release = text.contains('@');
    if named.program() != today.program() {
        return Ok(serving(named));
    }
    if !says_release || named.version == today.version {
        return Ok(today.clone());
    }
    let mut server = Server { root_path: today.root_path.clone(), libraries: today.libraries.clone(), ..named };
    for known in &setup.provenance.options {
        // What this release does not take is no option of its own, or has another meaning: left as it starts.
        let _ = server.set(&known.option, &known.value);
    }
    Ok(server)
}

/// Thinks an exchange through once more. `seen` are its lanes as they were.
///
/// # Errors
/// A sentence that says why it cannot be.
pub fn suppose(exchange: &Exchange, seen: &Lanes, setup: &Setup, what: &Supposition) -> Result<Supposed, String> {
    let mut setup = supposed_setup(setup, what);
    let mut exchange = asked_again(exchange, seen, what)?;
    let before = lanes_of(&exchange, seen, &setup, what);
    answer(&mut exchange, &before, &setup, None, None, &Unseen);
    if exchange.app.as_ref().is_some_and(|half| half.response.is_none() && half.ending == Ending::Complete) {
        answer_as_seen(&mut exchange, &before, seen);
    }
    let lanes = lanes_of(&exchange, seen, &setup, what);
    let updates = Session::default().observe(&exchange, &lanes, &mut setup);
    let own = updates.into_iter().filter(|update| update.exchange == exchange.id);
    let mut findings: Vec<Finding> = own.flat_map(|update| update.findings).collect();
    // Candidates that nobody has tried say nothing so far.
    for finding in &mut findings {
        finding.fix.retain(|fix| !fix.line.is_empty());
    }
    if lanes.answer.status.is_none() || is_mended_on_the_way(&lanes, seen) {
        // What hangs on an answer that is not known is not known either.
        findings.clear();
    }
    Ok(Supposed { exchange, lanes, findings, setup })
}

fn supposed_setup(setup: &Setup, what: &Supposition) -> Setup {
    let mut app = setup.app.clone();
    app.root_path.clone_from(&what.app_root);
    let mut supposed = Setup {
        // What they are is supposed, not what they were or how that is known.
        gateway: None,
        former: Vec::new(),
        reread: None,
        earlier: Vec::new(),
        provenance: Provenance::default(),
        probe: false,
        server: what.server.clone(),
        app,
        ..setup.clone()
    };
    supposed.know_prefix(&what.prefix);
    supposed
}

/// The request again, on both sides as far as it would come, without an answer.
fn asked_again(exchange: &Exchange, seen: &Lanes, what: &Supposition) -> Result<Exchange, String> {
    let inner = exchange.inner().ok_or("nothing of it was seen")?;
    let path = path_at_the_app(exchange, seen, what);
    let request = inner.request.with_path(&path).ok_or("the request is no HTTP with that path")?;
    let unanswered = |half: &Half, request: RequestHead| Half {
        request,
        response: None,
        interim: Vec::new(),
        response_body: Body::default(),
        answered: Answered::Nobody,
        ending: Ending::Complete,
        tunnel: None,
        probe: None,
        ..half.clone()
    };
    let app = Half { side: Side::App, upstream: inner.upstream.or(Some((SERVER, TAP))), ..unanswered(inner, request) };
    let edge = exchange.edge.as_deref().map(|edge| Box::new(unanswered(edge, edge.request.clone())));
    let pairing = match (exchange.pairing, &edge) {
        (Pairing::Lone, Some(_)) => Pairing::ById,
        (pairing, _) => pairing,
    };
    Ok(Exchange { id: exchange.id, edge, app: Some(Box::new(app)), pairing })
}

/// The path that the app's server would be asked for.
fn path_at_the_app(exchange: &Exchange, seen: &Lanes, what: &Supposition) -> Vec<u8> {
    let original = seen.original.path.as_slice();
    let sent = seen.rewritten.outgoing.as_deref().unwrap_or(original);
    let prefix = what.prefix.as_str();
    let below =
        |path: &[u8]| path.strip_prefix(prefix.as_bytes()).filter(|_| has_prefix(path, prefix)).map(<[u8]>::to_vec);
    let rest = match below(original) {
        Some(rest) => rest,
        // Seen behind the proxy alone: what has no prefix there may have had it before.
        None if exchange.edge.is_none() => sent.to_vec(),
        None => return sent.to_vec(),
    };
    match what.path {
        SupposedPath::AsSeen => sent.to_vec(),
        SupposedPath::Strip if rest.is_empty() => b"/".to_vec(),
        SupposedPath::Strip => rest,
        SupposedPath::Keep => [prefix.as_bytes(), &rest].concat(),
    }
}

/// The lanes of the request asked again.
fn lanes_of(exchange: &Exchange, seen: &Lanes, setup: &Setup, what: &Supposition) -> Lanes {
    let mut lanes = lanes::compute(exchange, setup);
    lanes.original = seen.original.clone();
    if has_prefix(&lanes.original.path, &what.prefix) {
        lanes.original.prefix.clone_from(&what.prefix);
    }
    lanes.rewritten.source = Source::Derived;
    lanes.rewritten.rule = match what.path {
        SupposedPath::AsSeen => seen.rewritten.rule.clone(),
        SupposedPath::Strip => Some(format!("what if: strip {}", what.prefix)),
        SupposedPath::Keep => Some(format!("what if: keep {}", what.prefix)),
    };
    if seen.rewritten.outgoing.is_none() {
        // What the proxy would have added was not seen.
        lanes.forwarded.source = Source::Derived;
    }
    lanes
}

/// Where the models do not know what the app answers: asked for the same route as it was, it answers as it did. Not with a
/// redirect, whose target hangs on more than the route.
fn answer_as_seen(exchange: &mut Exchange, lanes: &Lanes, seen: &Lanes) {
    let route_path = |lanes: &Lanes| lanes.scope.view.as_ref().map(|view| view.route_path.clone());
    let same = route_path(lanes).is_some() && route_path(lanes) == route_path(seen);
    let status = seen.answer.app_status.filter(|status| same && !(300..400).contains(status));
    let Some(status) = status else { return };
    let kind = seen.answer.content_type.as_ref().map(|kind| format!("content-type: {kind}\r\n")).unwrap_or_default();
    let Ok(head) = ResponseHead::from_wire(format!("HTTP/1.1 {status} \r\n{kind}\r\n").into_bytes()) else { return };
    for half in exchange.edge.iter_mut().chain(&mut exchange.app) {
        half.response = Some(head.clone());
        half.answered = Answered::Upstream;
    }
}

/// True if the proxy was seen to write the app's `Location` anew: what it would make of another is not known.
fn is_mended_on_the_way(lanes: &Lanes, seen: &Lanes) -> bool {
    let (client, app) = (&seen.answer.location, &seen.answer.location_at_app);
    lanes.answer.location.is_some() && client.is_some() && app.is_some() && client != app
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asgi::framework::{App, Routes};
    use crate::exchange::Sample;

    fn setup() -> Setup {
        let app = App { routes: Some(Routes::new(vec!["/items/".to_owned()], vec![])), ..App::default() };
        let mut setup = Setup { app, ..Setup::new(Server::uvicorn()) };
        setup.know_prefix("/api");
        setup
    }

    /// A request that a proxy passed on with this path, and the app answered 404.
    fn exchange(path: &str, sent: &str) -> Exchange {
        let half = |side, path: &str| {
            let sample = Sample::new(side, &format!("GET {path} HTTP/1.1\nHost: h\n")).unwrap();
            sample.response("HTTP/1.1 404 Not Found\nserver: uvicorn", b"{\"detail\":\"Not Found\"}").unwrap()
        };
        half(Side::Edge, path).paired(7, half(Side::App, sent))
    }

    fn supposed(exchange: &Exchange, setup: &Setup, what: &Supposition) -> Supposed {
        let seen = lanes::compute(exchange, setup);
        suppose(exchange, &seen, setup, what).unwrap()
    }

    /// The path in the scope, the status, and the code of what is wrong.
    fn told(path: SupposedPath, server: &str, root: &str) -> (String, Option<u16>, Option<&'static str>) {
        let setup = setup();
        let mut server = supposed_server(server, &setup).unwrap();
        root.clone_into(&mut server.root_path);
        let what = Supposition { prefix: "/api".to_owned(), path, server, app_root: String::new() };
        let supposed = supposed(&exchange("/api/items/", "/api/items/"), &setup, &what);
        assert_eq!(supposed.lanes.rewritten.source, Source::Derived);
        assert_eq!(supposed.exchange.id.0, 7);
        let scope = supposed.lanes.scope.outcome.unwrap().scope().unwrap().path.clone();
        (scope, supposed.lanes.answer.status, supposed.findings.first().map(|finding| finding.code))
    }

    #[test]
    fn strip_and_root_path_change_what_the_app_sees() {
        use SupposedPath::{AsSeen, Keep, Strip};
        for (path, server, root, scope, status) in [
            (AsSeen, "uvicorn", "", "/api/items/", Some(404)),
            (Strip, "uvicorn", "/api", "/api/items/", Some(200)),
            (Strip, "uvicorn", "", "/items/", Some(200)),
            (Keep, "uvicorn", "/api", "/api/api/items/", Some(404)),
            (Keep, "uvicorn@0.20", "/api", "/api/items/", Some(200)),
            (Keep, "hypercorn", "/api", "/api/items/", Some(200)),
        ] {
            let told = told(path, server, root);
            assert_eq!((told.0.as_str(), told.1), (scope, status), "{path:?} {server} {root}");
        }
        assert_eq!(told(Keep, "uvicorn", "/api").2, Some("PX02"));
        assert_eq!(told(Strip, "uvicorn", "/api").2, None);
    }

    #[test]
    fn what_lies_below_no_prefix_is_left_alone() {
        let setup = setup();
        let elsewhere = exchange("/other/", "/other/");
        for path in [SupposedPath::Strip, SupposedPath::Keep] {
            let what =
                Supposition { prefix: "/api".to_owned(), path, server: Server::uvicorn(), app_root: String::new() };
            let supposed = supposed(&elsewhere, &setup, &what);
            assert_eq!(supposed.lanes.rewritten.outgoing.as_deref(), Some(&b"/other/"[..]));
        }
    }

    #[test]
    fn the_same_route_answers_as_it_did_where_routes_are_not_known() {
        let setup = Setup { app: App::default(), ..setup() };
        let status = |path, root: &str| {
            let server = Server { root_path: root.to_owned(), ..Server::uvicorn() };
            let what = Supposition { prefix: "/api".to_owned(), path, server, app_root: String::new() };
            supposed(&exchange("/api/items/", "/items/"), &setup, &what).lanes.answer.status
        };
        assert_eq!(status(SupposedPath::Strip, "/api"), Some(404), "the same route path");
        assert_eq!(status(SupposedPath::Keep, ""), None, "another one");
    }

    #[test]
    fn a_server_is_named_as_on_the_command_line() {
        let mut setup = setup();
        setup.server.set("forwarded-allow-ips", "10.0.0.1").unwrap();
        setup.provenance.know("forwarded-allow-ips", "10.0.0.1", "flag");
        let today = setup.server.clone();
        assert_eq!(supposed_server("uvicorn", &setup), Ok(today.clone()));
        assert_eq!(supposed_server(&format!("uvicorn@{}", today.version), &setup), Ok(today));
        let older = supposed_server("uvicorn@0.30", &setup).unwrap();
        assert!(!older.trust(Some([127, 0, 0, 1].into())).trusted && older.trust(Some([10, 0, 0, 1].into())).trusted);
        assert!(supposed_server("unicorn", &setup).is_err());
    }
}
