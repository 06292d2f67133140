//! The Redirects page.

use std::sync::Arc;

use crossterm::event::KeyCode;

use super::screens::kept;
use super::traffic::setup;
use super::{Bench, Key};
use crate::capture::{Losses, Observed, PairId};
use crate::exchange::{Half, Sample, Side, Times};
use crate::lanes::Setup;
use crate::redirect::PublicUrl;
use crate::store::{Limits, Store};
use crate::tui::message::{Effect, Message};
use crate::tui::state::Page;

const SIZES: [(u16, u16); 3] = [(120, 36), (100, 30), (80, 24)];

/// 2026-11-20 09:14:51 UTC in microseconds.
const MORNING: u64 = 1_795_166_091_000_000;

/// One request as it is told: what was asked, what the app was asked for (if it was), and what both sides answered.
struct Told {
    asked: &'static str,
    app: Option<(&'static str, &'static str)>,
    answer: &'static str,
}

const EDGE: &str = "Host: mysuperapp.com\nUser-Agent: curl/8.5\n";
const APP: &str =
    "Host: localhost:8000\nUser-Agent: curl/8.5\nX-Forwarded-Proto: https\nX-Forwarded-Host: mysuperapp.com\n";

fn observed(n: u64, told: &Told) -> Observed {
    let timed = |half: &mut Half| {
        half.times = Times { started: MORNING + n * 100_000, answered: Some(2_000), ended: 3_000 };
    };
    let half = |side, (first, more): (&str, &str), headers: &str, answer: &str| {
        let sample = Sample::new(side, &format!("{first} HTTP/1.1\n{headers}{more}")).unwrap();
        sample.response(&format!("HTTP/1.1 {answer}"), b"").unwrap().with(timed)
    };
    let parts = |text: &'static str| text.split_once('\n').unwrap_or((text, ""));
    let edge = half(Side::Edge, parts(told.asked), EDGE, told.answer).half();
    let app = told.app.map(|(asked, answer)| {
        let sample = half(Side::App, parts(asked), APP, answer);
        // The proxy's own address: a tap on this machine would be trusted.
        let peer = "172.18.0.3:51000".parse().unwrap();
        Box::new(sample.with(|half| half.upstream = half.upstream.map(|(to, _)| (to, peer))).half())
    });
    Observed { key: n, pair: Some(PairId(n)), edge: Some(Box::new(edge)), app }
}

/// A prefix lost with scheme and host, a POST that ends elsewhere, a circle, a slash that nginx added.
fn redirects() -> Store {
    const LOST: &str = "307 Temporary Redirect\nserver: uvicorn\nlocation: http://localhost:8000/items/";
    const AWAY: &str =
        "302 Found\nserver: uvicorn\nlocation: http://mysuperapp.com/users/\nset-cookie: s=1; Path=/app; Secure";
    const LOOP: &str = "307 Temporary Redirect\nserver: uvicorn\nlocation: https://mysuperapp.com/grafana/";
    const SLASH: &str = "301 Moved Permanently\nserver: nginx/1.22.1\nlocation: https://mysuperapp.com/strip/";
    let circle = Told { asked: "GET /grafana/", app: Some(("GET /", LOOP)), answer: LOOP };
    let mut told = vec![
        Told { asked: "GET /strip", app: None, answer: SLASH },
        Told {
            asked: "GET /strip/",
            app: Some(("GET /", "200 OK\nserver: uvicorn")),
            answer: "200 OK\nserver: uvicorn",
        },
    ];
    told.extend((0..6).map(|_| Told { ..circle }));
    told.push(Told {
        asked: "POST /api/v1/users\nAuthorization: Bearer x\nContent-Length: 2",
        app: Some(("POST /users\nAuthorization: Bearer x\nContent-Length: 2", AWAY)),
        answer: AWAY,
    });
    told.push(Told { asked: "GET /users/", app: None, answer: "404 Not Found\nserver: nginx/1.22.1" });
    told.push(Told { asked: "GET /api/v1/items", app: Some(("GET /items", LOST)), answer: LOST });
    let public = PublicUrl::parse("https://mysuperapp.com/api/v1").unwrap();
    let setup = Setup { public: Some(public), ..setup() };
    let mut store = Store::new(setup, Limits { count: 100, bytes: 1 << 20 });
    store.absorb((1..).zip(&told).map(|(n, told)| observed(n, told)).collect(), Losses::default());
    store
}

pub(super) fn at(width: u16, height: u16) -> Bench {
    let mut bench = Bench::new(redirects(), width, height);
    bench.press([Key::Char('2')]);
    assert_eq!(bench.state.page, Page::Redirects);
    bench
}

#[test]
fn the_chains() {
    for (width, height) in SIZES {
        let mut bench = at(width, height);
        kept(&format!("redirects_{width}x{height}"), &bench.screen());
        bench.type_in("k");
        kept(&format!("redirects_post_{width}x{height}"), &bench.screen());
        bench.type_in("k");
        kept(&format!("redirects_loop_{width}x{height}"), &bench.screen());
    }
}

#[test]
fn one_hop_part_by_part() {
    for (width, height) in SIZES {
        let mut bench = at(width, height);
        bench.type_in("c");
        kept(&format!("redirects_compare_{width}x{height}"), &bench.screen());
        bench.press([Key::Code(KeyCode::Esc)]);
        assert_eq!((bench.state.page, bench.state.redirects.compare), (Page::Redirects, false));
    }
}

#[test]
fn what_may_be_sent_again_is_and_the_rest_is_not() {
    let mut bench = at(120, 36);
    let chain = Arc::clone(&bench.seen.redirects.chosen.as_ref().unwrap().chain);
    let first = chain.hops()[0].exchange;
    assert_eq!(bench.type_in("tr"), [Effect::Follow(chain), Effect::Replay(first)]);
    bench.type_in("k");
    assert_eq!(bench.type_in("tr"), [], "a POST");
    assert!(bench.screen().contains("only GET and HEAD are sent again"), "{}", bench.screen());
    bench.send(Message::Told("#1 again: 307, as before".to_owned()));
    assert!(bench.screen().contains("#1 again: 307, as before"), "{}", bench.screen());
}

#[test]
fn the_chain_is_written_with_its_fixes() {
    let effects = at(120, 36).type_in("w");
    let [Effect::Save(text)] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(text.starts_with("```text\n0  GET  https://mysuperapp.com/api/v1/items\n"), "{text}");
    assert!(text.contains("Fix in this order") && text.contains("Predicted after "), "{text}");
}

#[test]
fn nothing_was_redirected() {
    let mut bench = Bench::new(super::traffic::from_the_edge(), 80, 24);
    bench.press([Key::Char('2')]);
    assert!(bench.screen().contains("No redirect was seen yet."), "{}", bench.screen());
    assert_eq!(bench.type_in("yYtrwxc"), []);
    assert_eq!(bench.press([Key::Code(KeyCode::Enter)]), []);
}

#[test]
fn going_from_one_broken_chain_to_the_next() {
    let mut bench = at(120, 36);
    let chain = |bench: &Bench| bench.seen.redirects.chosen.as_ref().unwrap().chain.number;
    assert_eq!(chain(&bench), 4, "the newest");
    bench.type_in("g");
    assert_eq!(chain(&bench), 1);
    bench.type_in("n");
    assert_eq!(chain(&bench), 2);
    bench.type_in("nnN");
    assert_eq!(chain(&bench), 3);
    bench.type_in("N");
    bench.type_in("N");
    assert!(bench.screen().contains("no earlier broken chain"), "{}", bench.screen());
    bench.type_in("o");
    assert_eq!((chain(&bench), bench.seen.redirects.lines.len()), (2, 1));
    bench.type_in("oG");
    assert_eq!((chain(&bench), bench.state.redirects.chain), (4, None));
}

#[test]
fn a_hop_is_opened_among_the_requests() {
    let mut bench = at(100, 30);
    bench.type_in("gl");
    bench.press([Key::Code(KeyCode::Enter)]);
    assert_eq!((bench.state.page, bench.selected()), (Page::Requests, Some(2)));
    bench.type_in("2");
    assert_eq!(bench.seen.redirects.chosen.as_ref().unwrap().at, 1, "still there");
    bench.type_in("q");
    assert_eq!(bench.state.page, Page::Requests);
}

#[test]
fn what_is_copied() {
    let mut bench = at(100, 30);
    let copied = |effects: Vec<Effect>| match effects.as_slice() {
        [Effect::Copy(text)] => text.clone(),
        other => panic!("{other:?}"),
    };
    assert!(!copied(bench.type_in("y")).is_empty());
    let chain = copied(bench.type_in("Y"));
    assert!(chain.starts_with("0  GET  https://mysuperapp.com/api/v1/items\n"), "{chain}");
    assert!(chain.contains("http://localhost:8000/items/") && chain.contains("PX07"), "{chain}");
}

#[test]
fn any_size_is_drawn() {
    for (width, height) in [(0, 0), (1, 3), (5, 5), (20, 8), (60, 12), (79, 23), (109, 40), (130, 5)] {
        let mut bench = at(width, height);
        bench.press(["k", "k", "l", "u"].iter().flat_map(|keys| keys.chars().map(Key::Char)));
        bench.press([Key::Ctrl('d'), Key::Ctrl('u'), Key::Char('c'), Key::Char('?')]);
        assert!(!bench.screen().chars().any(|c| c.is_control() && c != '\n'), "{width}x{height}");
    }
}
