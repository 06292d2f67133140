//! The Findings page, and the evidence on the Requests page.

use crossterm::event::KeyCode;
use rstest::rstest;

use super::screens::kept;
use super::traffic::{KEPT, empty, many, morning};
use super::{Bench, Key};
use crate::store::{CauseState, Store};
use crate::tui::message::Effect;
use crate::tui::session::Scene;
use crate::tui::state::Page;

const SIZES: [(u16, u16); 3] = [(120, 36), (100, 30), (80, 24)];

fn findings_of(store: Store, width: u16, height: u16) -> Bench {
    let mut bench = Bench::new(store, width, height);
    bench.type_in("5");
    assert_eq!(bench.state.page, Page::Findings);
    bench
}

#[test]
fn a_row_for_each_cause() {
    for (width, height) in SIZES {
        kept(&format!("findings_{width}x{height}"), &findings_of(morning(), width, height).screen());
    }
}

#[test]
fn nothing_to_show() {
    for (name, store) in [("empty", empty()), ("clean", many(50, 100))] {
        kept(&format!("findings_{name}_80x24"), &findings_of(store, 80, 24).screen());
    }
}

#[rstest]
#[case::first("", 0)]
#[case::down("j", 1)]
#[case::not_above_the_first("k", 0)]
#[case::last("G", 2)]
#[case::not_beyond_the_last("Gj", 2)]
#[case::first_again("Gg", 0)]
fn choosing_a_cause(#[case] keys: &str, #[case] cursor: usize) {
    let mut bench = findings_of(morning(), 100, 30);
    bench.type_in(keys);
    assert_eq!(bench.seen.findings.cursor, cursor);
}

#[test]
fn a_known_cause_is_counted_no_more_and_stays_chosen() {
    let mut bench = findings_of(morning(), 120, 36);
    assert!(bench.screen().contains("[5 Findings(3)]"), "{}", bench.screen());
    let cause = bench.seen.findings.chosen().unwrap().finding.cause();
    assert_eq!(bench.type_in("K"), [Effect::Mark(cause.clone(), true)]);
    bench.store.write().unwrap().mark_cause(&cause, true);
    bench.refresh();
    let chosen = bench.seen.findings.chosen().unwrap();
    assert_eq!((chosen.finding.cause(), chosen.state), (cause.clone(), CauseState::Known));
    assert!(bench.screen().contains("[5 Findings(2)]"), "{}", bench.screen());
    assert_eq!(bench.type_in("K"), [Effect::Mark(cause, false)]);
}

#[test]
fn from_a_cause_to_its_requests_and_back() {
    let mut bench = findings_of(morning(), 120, 36);
    let row = bench.seen.findings.chosen().unwrap().clone();
    bench.press([Key::Code(KeyCode::Enter)]);
    assert_eq!((bench.state.page, bench.selected()), (Page::Requests, Some(row.example.0)));
    bench.type_in("5f");
    assert_eq!(bench.state.listing.filter_text(), format!("finding={}", row.finding.code));
    assert_eq!(bench.state.page, Page::Requests);
    bench.type_in("5jj");
    bench.press([Key::Code(KeyCode::Enter)]);
    assert_eq!(bench.state.page, Page::Findings, "the filter hides it");
    assert!(bench.state.notice.as_ref().unwrap().contains("filtered out"));
    assert_eq!(bench.type_in("q"), []);
    assert_eq!(bench.state.page, Page::Requests);
}

#[test]
fn its_fix_is_copied_and_all_of_them_are_written() {
    let mut bench = findings_of(morning(), 120, 36);
    let effects = bench.type_in("yw");
    let [Effect::Copy(fix), Effect::Export] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(!fix.is_empty());
    assert_eq!(findings_of(empty(), 80, 24).type_in("yKf"), [], "there is none");
}

#[test]
fn digits_are_scenes_in_the_demo() {
    let mut bench = Bench::new(morning(), 120, 36);
    bench.state.scenes = vec![Scene { title: "kept".to_owned(), about: String::new() }; 6];
    assert_eq!(bench.type_in("5"), [Effect::Scene(4)]);
    bench.press([Key::Code(KeyCode::F(5))]);
    assert_eq!(bench.state.page, Page::Findings);
}

#[test]
fn evidence_takes_the_place_of_what_to_do() {
    let mut bench = Bench::new(morning(), 120, 36);
    while bench.selected() != Some(KEPT) {
        bench.type_in("k");
    }
    assert!(bench.screen().contains("FIX  A"));
    bench.type_in("e");
    let screen = bench.screen();
    assert!(screen.contains("HOW  ") && !screen.contains("FIX  A"), "{screen}");
    bench.press([Key::Code(KeyCode::Esc)]);
    assert!(bench.screen().contains("FIX  A"));
    bench.press([Key::Code(KeyCode::Enter), Key::Char('G')]);
    let screen = bench.screen();
    assert!(screen.contains("PX01 prefix kept, app not told ─") && screen.contains("FIX  A"), "{screen}");
}
