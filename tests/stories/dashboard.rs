//! What the dashboard's keys do to a running stack: a fix proven, a request sent again, a chain followed anew.

use crate::support::http;
use crate::support::place::free_address;
use crate::support::screen::Screen;
use crate::support::upstream::{Next, Upstream};

/// What uvicorn with `--root-path /api/v1` makes of targets: it puts the root path before the path that comes, so that the
/// app finds only what came without it. `/old` redirects.
fn app() -> Upstream {
    Upstream::start(|visit| {
        visit.read_body();
        let (status, more, body) = match visit.request.target() {
            b"/openapi.json" => ("200 OK", "", r#"{"openapi":"3.1.0","paths":{"/items":{},"/old":{}}}"#),
            b"/items" | b"/new" => ("200 OK", "", "[]"),
            b"/old" => ("307 Temporary Redirect", "location: /api/v1/new\r\n", ""),
            _ => ("404 Not Found", "", r#"{"detail":"Not Found"}"#),
        };
        let head = format!("HTTP/1.1 {status}\r\nserver: uvicorn\r\ncontent-type: application/json\r\n{more}");
        visit.send(format!("{head}content-length: {}\r\n\r\n{body}", body.len()));
        Next::Keep
    })
}

fn standing_in(upstream: &Upstream, path: &str, visits: &[&str]) -> Screen {
    let listen = free_address();
    let (address, to) = (listen.to_string(), format!("http://{}", upstream.address()));
    let arguments = ["proxy", "--listen", &address, "--to", &to, "--prefix", "/api/v1", path, "--no-find-server"];
    let server = ["--server", "uvicorn@0.54", "--root-path", "/api/v1"];
    let screen = Screen::start(120, 36, &[&arguments[..], &server].concat()).listening(listen);
    for target in visits {
        http::get(listen, target);
        screen.shows(target);
    }
    screen
}

/// The proxy keeps the prefix, the server puts it before the path once more: to strip it is proven on the running app.
#[test]
fn a_fix_is_proven_before_and_after() {
    let upstream = app();
    let mut screen = standing_in(&upstream, "--keep", &["/api/v1/items"]);
    screen.press("5");
    // The app has told its routes by then.
    screen.shows("predicted: the app looks for /items");
    screen.press("x");
    screen.shows("x again sends recorded GET and HEAD requests to the app");
    screen.press("x");
    screen.shows("TRY  proven: 200");
    let text = screen.shows("404 PX02 → 200  mended");
    assert!(text.contains("GET /api/v1/items"), "{text}");
    screen.press("Q");
    assert_eq!(screen.ended().0, 0);
}

#[test]
fn a_chain_is_followed_and_a_hop_sent_again() {
    let upstream = app();
    let mut screen = standing_in(&upstream, "--strip", &["/api/v1/old"]);
    screen.press("2");
    screen.shows("nobody was seen to ask for it");
    screen.press("t");
    screen.shows("followed 1 redirect: 200 at http://");
    screen.shows("✓ ok");
    screen.press("r");
    screen.shows("again: 307, as before");
    screen.press("c");
    screen.shows("hop 1 compared");
    let targets = upstream.requests(4).iter().map(|request| request.target().to_vec()).collect::<Vec<_>>();
    let asked = |target: &[u8]| targets.iter().filter(|found| *found == target).count();
    assert_eq!((asked(b"/old"), asked(b"/new")), (3, 1), "once by hand, followed, sent again");
}
