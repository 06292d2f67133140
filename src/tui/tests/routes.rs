//! The Routes page.

use std::path::Path;
use std::sync::Arc;

use crossterm::event::KeyCode;
use rstest::rstest;

use super::screens::kept;
use super::traffic::{morning, setup};
use super::{Bench, Key};
use crate::asgi::framework::{App, Routes};
use crate::gateway::{Gateway, Place, parse_route};
use crate::lanes::{Setup, Tap, TapKind};
use crate::store::{Limits, Store};
use crate::tui::message::Effect;
use crate::tui::routing::Excerpt;
use crate::tui::session::Scene;
use crate::tui::state::{Overlay, Page};

const SIZES: [(u16, u16); 3] = [(120, 36), (100, 30), (80, 24)];

fn store(setup: Setup) -> Store {
    Store::new(setup, Limits { count: 100, bytes: 1 << 20 })
}

/// The stand-in with these routes before an app that has `/items/` and files.
fn standing_in(routes: &[&str]) -> Setup {
    let gateway = Gateway::of_routes(routes.iter().map(|route| parse_route(route).unwrap()).collect(), None);
    let tap = Tap { kind: TapKind::StandIn, upstream: "http://127.0.0.1:8000".to_owned(), ..setup().taps[0].clone() };
    let routes = Routes::new(vec!["/docs".to_owned(), "/items/".to_owned()], vec!["/static".to_owned()]);
    let app = App { routes: Some(routes), ..App::default() };
    Setup { taps: vec![tap], gateway: Some(gateway), app, ..setup() }
}

fn routes_of(setup: Setup, width: u16, height: u16) -> Bench {
    let mut bench = Bench::new(store(setup), width, height);
    bench.press([Key::Char('3')]);
    assert_eq!(bench.state.page, Page::Routes);
    bench
}

const KEPT: [&str; 3] =
    ["/api/v1=http://127.0.0.1:8000,keep", "/admin=http://127.0.0.1:8002,strip", "/=http://127.0.0.1:8003"];

/// The page of a stand-in with three routes.
pub(super) fn at(width: u16, height: u16) -> Bench {
    routes_of(standing_in(&KEPT), width, height)
}

#[test]
fn a_stand_in() {
    for (width, height) in SIZES {
        let mut bench = at(width, height);
        kept(&format!("routes_{width}x{height}"), &bench.screen());
        bench.press([Key::Char('m')]);
        kept(&format!("routes_servers_{width}x{height}"), &bench.screen());
    }
}

#[test]
fn taps_without_a_configuration() {
    for (width, height) in [(120, 36), (80, 24)] {
        let mut bench = Bench::new(morning(), width, height);
        bench.press([Key::Char('3')]);
        kept(&format!("routes_learned_{width}x{height}"), &bench.screen());
    }
    let nothing = Setup { prefixes: Vec::new(), ..setup() };
    let screen = routes_of(nothing, 100, 30).screen();
    assert!(screen.contains("tap --from FILE"), "{screen}");
}

#[test]
fn a_url_is_tried_while_it_is_typed() {
    let mut bench = routes_of(standing_in(&KEPT), 120, 36);
    assert!(bench.screen().contains("http://localhost:9998/api/v1/docs"), "{}", bench.screen());
    bench.type_in("t/admin/items?limit=5");
    let screen = bench.screen();
    assert!(screen.contains(" URL: /admin/items?limit=5"), "{screen}");
    assert!(screen.contains("sent    /items?limit=5"), "{screen}");
    bench.press([Key::Code(KeyCode::Enter)]);
    assert!(bench.screen().contains("307 by"), "{}", bench.screen());
    bench.type_in("tx");
    bench.press([Key::Code(KeyCode::Esc)]);
    assert_eq!(bench.state.routing.url, "/admin/items?limit=5");
    bench.press([Key::Char('t'), Key::Ctrl('u')]);
    bench.type_in("http://");
    assert!(bench.screen().contains("there is no host"), "{}", bench.screen());
}

#[rstest]
#[case::down("j", 1)]
#[case::not_beyond_the_last("jjjjj", 2)]
#[case::last("G", 2)]
#[case::first("Gg", 0)]
#[case::up("Gk", 1)]
fn choosing_a_router(#[case] keys: &str, #[case] cursor: usize) {
    let mut bench = routes_of(standing_in(&KEPT), 100, 30);
    bench.type_in(keys);
    assert_eq!(bench.state.routing.cursor, cursor);
}

#[test]
fn the_way_back() {
    let mut bench = routes_of(standing_in(&KEPT), 100, 30);
    assert_eq!(bench.type_in("mq"), []);
    assert_eq!(bench.state.page, Page::Routes, "the panel first");
    assert_eq!(bench.type_in("q"), []);
    assert_eq!(bench.state.page, Page::Requests);
    bench.type_in("31");
    assert_eq!(bench.state.page, Page::Requests);
}

/// Digits are scenes there.
#[test]
fn in_the_demo() {
    let mut bench = Bench::new(store(standing_in(&KEPT)), 120, 36);
    bench.state.scenes = vec![Scene { title: "kept".to_owned(), about: String::new() }; 4];
    assert_eq!(bench.type_in("3"), [Effect::Scene(2)]);
    bench.press([Key::Code(KeyCode::F(3))]);
    assert_eq!(bench.state.page, Page::Routes);
}

#[test]
fn the_lines_of_a_router() {
    let mut bench = routes_of(standing_in(&KEPT), 80, 24);
    assert_eq!(bench.type_in("sER"), [], "flags have no file");
    let place = Place::new(Path::new("conf.d/app.conf"), 4);
    let mut setup = standing_in(&KEPT);
    if let Some(gateway) = &mut setup.gateway {
        gateway.files = vec![place.file.to_path_buf()];
        gateway.routers[0].place = Some(place.clone());
    }
    let mut bench = routes_of(setup, 80, 24);
    assert_eq!(bench.type_in("s"), [Effect::Excerpt(place.clone())]);
    let text = b"server {\n\tlisten 80;\n\tlocation /api/ {\n\t\tproxy_pass http://app; # \x1b[31m\n\t}\n}\n".to_vec();
    bench.state.overlay = Some(Overlay::Excerpt(Excerpt::of(place.clone(), Ok(text))));
    kept("routes_source_80x24", &bench.screen());
    assert_eq!(bench.type_in("E"), [Effect::Edit(place)]);
    assert_eq!(bench.type_in("jsR"), [Effect::Reload], "the second has no line");
}

/// What was computed is kept as long as it holds.
#[test]
fn nothing_is_computed_twice() {
    let mut bench = routes_of(standing_in(&KEPT), 120, 36);
    let tried =
        |bench: &Bench| bench.seen.routes.as_ref().unwrap().tried.as_ref().map(|tried| &raw const **tried).unwrap();
    let before = tried(&bench);
    bench.refresh();
    assert_eq!(tried(&bench), before);
    let setup = Arc::clone(&bench.seen.setup);
    bench.type_in("j");
    assert!(Arc::ptr_eq(&setup, &bench.seen.setup));
    assert!(bench.screen().contains("http://localhost:9998/admin/docs"), "{}", bench.screen());
}
