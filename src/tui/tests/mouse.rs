//! The mouse on the pages with a table and a text below or beside it. Screens are 100x30: the table's frame stands in line 1,
//! its head in line 2, its first row in line 3.

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use rstest::rstest;

use super::traffic::morning;
use super::{Bench, redirects, routes};
use crate::tui::message::Message;

const CLICK: MouseEventKind = MouseEventKind::Down(MouseButton::Left);
const DOWN: MouseEventKind = MouseEventKind::ScrollDown;
const UP: MouseEventKind = MouseEventKind::ScrollUp;

fn use_mouse(bench: &mut Bench, kind: MouseEventKind, (column, row): (u16, u16)) {
    bench.send(Message::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
}

#[rstest]
#[case::a_row(&[(CLICK, 4)], 1)]
#[case::another_row(&[(CLICK, 5)], 2)]
#[case::the_head(&[(CLICK, 5), (CLICK, 2)], 2)]
#[case::below_the_rows(&[(CLICK, 7)], 0)]
#[case::the_wheel(&[(DOWN, 4)], 2)]
#[case::the_wheel_back(&[(DOWN, 4), (UP, 4)], 0)]
fn on_the_findings(#[case] used: &[(MouseEventKind, u16)], #[case] cursor: usize) {
    let mut bench = Bench::new(morning(), 100, 30);
    bench.type_in("5");
    for (kind, row) in used {
        use_mouse(&mut bench, *kind, (10, *row));
    }
    assert_eq!(bench.seen.findings.cursor, cursor);
}

#[test]
fn the_wheel_scrolls_the_text_it_is_on() {
    let mut bench = Bench::new(morning(), 80, 14);
    bench.type_in("5");
    use_mouse(&mut bench, DOWN, (10, 10));
    assert_eq!((bench.seen.findings.cursor, bench.state.findings.scroll), (0, 3));
    use_mouse(&mut bench, UP, (10, 10));
    assert_eq!(bench.state.findings.scroll, 0);
}

#[rstest]
#[case::a_row(CLICK, 4, 1)]
#[case::the_wheel(UP, 4, 0)]
#[case::the_wheel_on_the_hops(UP, 20, 3)]
fn on_the_redirects(#[case] kind: MouseEventKind, #[case] row: u16, #[case] cursor: usize) {
    let mut bench = redirects::at(100, 30);
    use_mouse(&mut bench, kind, (10, row));
    assert_eq!(bench.seen.redirects.cursor, cursor);
}

#[test]
fn the_wheel_scrolls_the_hops_to_their_end() {
    let mut bench = redirects::at(80, 20);
    for _ in 0..9 {
        use_mouse(&mut bench, DOWN, (10, 10));
    }
    let end = bench.state.redirects.scroll;
    assert!(end > 0 && bench.screen().contains("ignored"), "{}", bench.screen());
    use_mouse(&mut bench, UP, (10, 10));
    assert_eq!(bench.state.redirects.scroll, end.saturating_sub(3));
}

#[rstest]
#[case::a_row(CLICK, 4, 1)]
#[case::below_the_rows(CLICK, 20, 0)]
#[case::the_wheel(DOWN, 4, 2)]
#[case::the_wheel_on_the_trial(DOWN, 20, 0)]
fn on_the_routes(#[case] kind: MouseEventKind, #[case] row: u16, #[case] cursor: usize) {
    let mut bench = routes::at(100, 30);
    use_mouse(&mut bench, kind, (10, row));
    assert_eq!(bench.state.routing.cursor, cursor);
}
