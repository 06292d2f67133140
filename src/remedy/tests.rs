use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::asgi::framework::Routes;
use crate::asgi::server::Server;
use crate::diagnosis::{Change, Session};
use crate::exchange::{Sample, Side};
use crate::gateway::{self, Gateway, parse_route};
use crate::lanes::{Setup, Tap, TapKind, compute};

/// A request on both sides: target and Host at the client, the same at the app, the answer.
struct Told<'a> {
    asked: (&'a str, &'a str),
    got: (&'a str, &'a str),
    at_app: &'a str,
    at_client: &'a str,
    body: &'a [u8],
}

const MISS: &str = "HTTP/1.1 404 Not Found\nserver: uvicorn\ncontent-type: application/json";

impl Told<'_> {
    fn exchange(&self, id: u64) -> Arc<Exchange> {
        let half = |side, (target, host): (&str, &str), answer| {
            let sample = Sample::new(side, &format!("GET {target} HTTP/1.1\nHost: {host}")).unwrap();
            sample.response(answer, self.body).unwrap()
        };
        let app = half(Side::App, self.got, self.at_app);
        Arc::new(half(Side::Edge, self.asked, self.at_client).paired(id, app))
    }
}

/// A miss by the app of a path that the proxy kept.
fn kept(id: u64, target: &str) -> Arc<Exchange> {
    let (at_app, at_client, body) = (MISS, MISS, &br#"{"detail":"Not Found"}"#[..]);
    Told { asked: (target, "h"), got: (target, "h"), at_app, at_client, body }.exchange(id)
}

fn set_up() -> Setup {
    let tap = |kind, port: u16| Tap {
        kind,
        listen: ([127, 0, 0, 1], port).into(),
        upstream: "http://127.0.0.1:8000".to_owned(),
        door: None,
    };
    let mut setup = Setup::new(Server::named("uvicorn@0.54").unwrap());
    setup.taps = vec![tap(TapKind::Edge, 9998), tap(TapKind::App, 8001)];
    setup.app.routes = Some(Routes::new(vec!["/items/".to_owned(), "/app".to_owned()], Vec::new()));
    setup.know_prefix("/api");
    setup
}

/// What the store does with finished exchanges: the findings of the last.
fn judged(remedies: &mut Remedies, exchanges: &[Arc<Exchange>], setup: &mut Setup) -> Vec<Finding> {
    let mut session = Session::default();
    let mut last = Vec::new();
    for exchange in exchanges {
        let lanes = compute(exchange, setup);
        let updates = session.observe(exchange, &lanes, setup);
        remedies.remember(exchange);
        last.clear();
        for mut update in updates.into_iter().filter(|update| update.exchange == exchange.id) {
            remedies.mend(&mut update.findings, exchange, setup);
            last = update.findings;
        }
    }
    last
}

fn lines(findings: &[Finding]) -> Vec<String> {
    findings.iter().flat_map(|finding| &finding.fix).map(ToString::to_string).collect()
}

#[test]
fn a_thousand_requests_with_one_fault_are_searched_for_a_few_times() {
    let (mut remedies, mut setup) = (Remedies::default(), set_up());
    let first = judged(&mut remedies, &[kept(1, "/api/app")], &mut setup);
    assert!(lines(&first)[0].contains("uvicorn --root-path /api. Predicted: route /app"), "{first:?}");
    let many: Vec<_> = (2..1000).map(|id| kept(id, "/api/items/")).collect();
    let last = judged(&mut remedies, &many, &mut setup);
    // Two shapes: it was searched with the first, and once more with the second.
    assert!(lines(&last)[0].contains("uvicorn --root-path /api. Predicted: route /items/"), "{last:?}");
    assert_eq!((remedies.found.len(), remedies.recent.shapes()), (1, 2));
}

#[test]
fn causes_that_requests_make_up_are_not_searched_for_ever() {
    let (mut remedies, mut setup) = (Remedies::default(), set_up());
    for id in 0..3 * MOST_OF_A_CODE {
        setup.know_prefix(&format!("/p{id}"));
    }
    let many: Vec<_> = (0..3 * MOST_OF_A_CODE).map(|id| kept(id as u64, &format!("/p{id}/app"))).collect();
    let last = judged(&mut remedies, &many, &mut setup);
    assert_eq!((last[0].code, remedies.found.len()), ("PX01", MOST_OF_A_CODE));
    assert!(last[0].fix.iter().all(|fix| !fix.line.is_empty()), "{last:?}");
    // A cause that was searched in time keeps its fix.
    let first = judged(&mut remedies, &many[..1], &mut setup);
    assert!(lines(&first)[0].contains("Predicted"), "{first:?}");
}

#[test]
fn what_breaks_another_request_is_not_told() {
    let (mut remedies, mut setup) = (Remedies::default(), set_up());
    let redirect = "HTTP/1.1 307 Temporary Redirect\nserver: uvicorn\nlocation: http://h/items/";
    let plain = Told { asked: ("/items", "h"), got: ("/items", "h"), at_app: redirect, at_client: redirect, body: b"" };
    let alone = judged(&mut remedies, &[kept(1, "/api/app")], &mut setup);
    assert!(lines(&alone).iter().any(|line| line.contains("--root-path")), "{alone:?}");
    let mut remedies = Remedies::default();
    let found = judged(&mut remedies, &[plain.exchange(1), kept(2, "/api/app")], &mut setup);
    // With the server's root path the redirect of those who come without the prefix would lead below it; with the app's it
    // stays as it is.
    assert_eq!(found[0].code, "PX01");
    let [only] = lines(&found).try_into().unwrap();
    assert!(only.starts_with("FastAPI(root_path"), "{only}");
}

#[test]
fn host_and_root_path_are_mended_together_where_nginx_put_the_redirect_right() {
    let (mut remedies, mut setup) = (Remedies::default(), set_up());
    let at_app = "HTTP/1.1 307 Temporary Redirect\nserver: uvicorn\nlocation: http://127.0.0.1:8000/items/";
    let at_client = "HTTP/1.1 307 Temporary Redirect\nServer: nginx/1.22.1\nlocation: http://h/api/items/";
    let put_right =
        Told { asked: ("/api/items", "h"), got: ("/items", "127.0.0.1:8000"), at_app, at_client, body: b"" };
    let found = judged(&mut remedies, &[put_right.exchange(1)], &mut setup);
    let host = found.iter().find(|finding| finding.code == "HO01").unwrap();
    let [first, ..] = host.fix.as_slice() else { panic!("{host:?}") };
    assert!(first.line.contains("$http_host") && first.line.contains("uvicorn --root-path /api"), "{first}");
    let after = remedies.after_all(&found, &put_right.exchange(1), &setup).unwrap();
    assert_eq!(after.location.as_deref(), Some(&b"http://h/api/items/"[..]));
    assert_eq!((after.status, after.left), (Some(307), Vec::new()));
    assert_eq!(after.codes, ["RD07"], "HO01 follows from it");
}

#[test]
fn the_stand_in_is_changed_by_its_flags() {
    let mut setup = set_up();
    let routes = vec![parse_route("/api=http://app:8000,keep").unwrap()];
    setup.gateway = Some(Gateway::of_routes(routes, None));
    let strip = gateway::Change::Path { prefix: "/api".to_owned(), to: String::new() };
    let mut exchange = Exchange::clone(&kept(1, "/api/app"));
    exchange.pairing = crate::exchange::Pairing::StandIn;
    let fixed = Fixed::new(&[Change::Proxy(strip)], &exchange, &setup).unwrap();
    let rule = fixed.setup.gateway.as_ref().map(|gateway| gateway.routers[0].rule.clone());
    assert_eq!(rule.as_deref(), Some("--prefix /api --strip"));
}

#[test]
fn of_a_framework_that_is_not_modelled_nothing_is_promised() {
    let (mut remedies, mut setup) = (Remedies::default(), set_up());
    setup.app.framework.kind = crate::asgi::framework::Kind::Other(crate::asgi::framework::Other::Django);
    let found = judged(&mut remedies, &[kept(1, "/api/app")], &mut setup);
    assert!(!lines(&found).iter().any(|line| line.contains("Predicted")), "{found:?}");
}

/// Paths, hosts and Locations that are out to break something.
fn wild() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "/",
        "//",
        "/api",
        "/p",
        "items",
        "docs",
        "%2F",
        "%zz",
        "\u{1b}[2J",
        "é",
        "?",
        "#",
        "http://",
        ":8000",
        "h",
        "..",
    ]);
    prop::collection::vec(part, 0..5).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_input_panics_or_reaches_the_text_raw(
        (asked, got, host, location) in (wild(), wild(), wild(), wild()),
        status in prop::sample::select(vec![200_u16, 307, 404]),
        server in prop::sample::select(vec!["uvicorn", "hypercorn", "daphne", "granian"]),
        root in wild(),
    ) {
        let mut setup = set_up();
        setup.server = Server::named(server).unwrap();
        setup.server.root_path = root;
        let answer = format!("HTTP/1.1 {status} X\nlocation: {location}\nserver: nginx");
        let (asked, got) = (format!("/{asked}"), format!("/{got}"));
        let told = Told {
            asked: (&asked, "h"),
            got: (&got, &host),
            at_app: &answer,
            at_client: &answer,
            body: br#"{"detail":"Not Found"}"#,
        };
        let mut remedies = Remedies::default();
        let found = judged(&mut remedies, &[kept(1, "/api/app"), told.exchange(2)], &mut setup);
        prop_assert!(lines(&found).iter().all(|line| !line.contains(char::is_control)), "{found:?}");
        for finding in &found {
            // A fix is told with its line, or not at all.
            prop_assert!(finding.fix.iter().all(|fix| !fix.line.is_empty()), "{finding:?}");
        }
    }
}
