//! What-ifs on the Requests page.

use crossterm::event::KeyCode;

use super::screens::kept;
use super::traffic::{KEPT, empty, morning};
use super::{Bench, Key};
use crate::tui::message::{Effect, Message};
use crate::tui::state::Overlay;

const ESC: Key = Key::Code(KeyCode::Esc);
const DOWN: Key = Key::Code(KeyCode::Down);
const UP: Key = Key::Code(KeyCode::Up);

fn opened(width: u16, height: u16) -> Bench {
    let mut bench = Bench::new(morning(), width, height);
    while bench.selected() != Some(KEPT) {
        bench.type_in("k");
    }
    bench.type_in("w");
    bench
}

/// Strip, and tell the server.
fn mended(width: u16, height: u16) -> Bench {
    let mut bench = opened(width, height);
    bench.press([Key::Char(' '), DOWN, DOWN]);
    bench.type_in("/api/v1");
    bench
}

#[test]
fn lanes_and_verdict_follow_what_is_typed() {
    for (width, height) in [(120, 36), (100, 30), (80, 24)] {
        kept(&format!("what_if_{width}x{height}"), &mended(width, height).screen());
    }
}

#[test]
fn nothing_changes_before_something_is_changed_and_esc_goes_back() {
    let mut bench = opened(120, 36);
    let screen = bench.screen();
    assert!(screen.contains("nothing is changed so far") && screen.contains("PX01 prefix kept"), "{screen}");
    assert!(screen.contains("what-if: nothing is sent"), "{screen}");
    bench.type_in(" ");
    assert!(bench.screen().contains("strips the prefix"), "{}", bench.screen());
    bench.press([ESC]);
    let screen = bench.screen();
    assert!(bench.seen.supposing.is_none() && screen.contains("PX01 prefix kept"), "{screen}");
    assert!(screen.contains("^^^^^^^ kept"), "{screen}");
}

#[test]
fn another_server_sees_another_path() {
    let mut bench = opened(120, 36);
    // Kept, and root path told: uvicorn doubles it, hypercorn does not.
    bench.press([DOWN, DOWN]);
    bench.type_in("/api/v1");
    assert!(bench.screen().contains("PX02"), "{}", bench.screen());
    bench.press([UP, Key::Ctrl('u')]);
    bench.type_in("hypercor");
    let screen = bench.screen();
    assert!(screen.contains("no server is known as"), "{screen}");
    assert!(screen.contains("PX01 prefix kept"), "what cannot be leaves what was seen: {screen}");
    bench.type_in("n");
    let screen = bench.screen();
    assert!(!screen.contains("PX02") && screen.contains("hypercorn 0."), "{screen}");
}

#[test]
fn keys_are_text_while_it_is_open_and_what_is_pasted_too() {
    let mut bench = opened(120, 36);
    assert_eq!(bench.type_in("qx"), [], "the path is chosen, not typed");
    bench.press([UP, Key::Ctrl('u')]);
    assert_eq!(bench.type_in("/q"), []);
    bench.send(Message::Paste("/x\u{1b}\n".to_owned()));
    let Some(Overlay::WhatIf(what_if)) = &bench.state.overlay else { panic!("closed") };
    assert_eq!(what_if.values.prefix, "/q/x");
    assert_eq!(bench.press([Key::Ctrl('c')]).len(), 1);
    assert!(matches!(bench.press([Key::Ctrl('l')])[..], [Effect::Redraw]));
}

#[test]
fn there_has_to_be_a_request_and_room_for_lanes() {
    let mut bench = Bench::new(empty(), 120, 36);
    bench.type_in("w");
    assert!(bench.state.overlay.is_none());
    let mut bench = opened(60, 20);
    assert!(bench.state.overlay.is_none() && bench.state.notice.is_some());
    // A request that is let go leaves nothing to suppose.
    bench.state.size = (120, 36);
    bench.type_in("w");
    bench.store.write().unwrap().clear();
    bench.send(Message::Changed);
    assert!(bench.screen().contains("no longer kept"), "{}", bench.screen());
}
