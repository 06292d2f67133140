//! Keys and mouse against the state.

use crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use rstest::rstest;

use super::traffic::{KEPT, morning};
use super::{Bench, Key};
use crate::store::Filter;
use crate::tui::Exit;
use crate::tui::listing::{Listing, Sort};
use crate::tui::message::{Effect, Message};
use crate::tui::session::Scene;
use crate::tui::state::{Overlay, Page, Pane};

const ENTER: Key = Key::Code(KeyCode::Enter);
const ESC: Key = Key::Code(KeyCode::Esc);
const TAB: Key = Key::Code(KeyCode::Tab);
const BACKTAB: Key = Key::Code(KeyCode::BackTab);

fn bench() -> Bench {
    Bench::new(morning(), 120, 36)
}

fn keys(text: &str) -> Vec<Key> {
    text.chars().map(Key::Char).collect()
}

#[rstest]
#[case::nothing("", 10, true)]
#[case::up("k", 9, false)]
#[case::up_and_down("kkj", 9, false)]
#[case::first("g", 1, false)]
#[case::not_above_the_first("gk", 1, false)]
#[case::last_follows("gG", 10, true)]
#[case::follow_again("kf", 10, true)]
#[case::unfollow("f", 10, false)]
#[case::next_finding("gn", 2, false)]
#[case::next_finding_twice("gnn", 3, false)]
#[case::previous_finding("N", 6, false)]
fn moving(#[case] pressed: &str, #[case] selected: u64, #[case] follow: bool) {
    let mut bench = bench();
    bench.type_in(pressed);
    assert_eq!((bench.selected(), bench.state.follow), (Some(selected), follow));
}

#[rstest]
#[case::half_a_page(&[Key::Ctrl('u')], 6)]
#[case::a_page(&[Key::Code(KeyCode::PageUp)], 2)]
#[case::and_back(&[Key::Code(KeyCode::PageUp), Key::Ctrl('d')], 6)]
#[case::home(&[Key::Code(KeyCode::Home)], 1)]
#[case::arrows(&[Key::Code(KeyCode::Up), Key::Code(KeyCode::Up), Key::Code(KeyCode::Down)], 9)]
fn paging(#[case] pressed: &[Key], #[case] selected: u64) {
    let mut bench = bench();
    bench.press(pressed.iter().copied());
    assert_eq!(bench.selected(), Some(selected));
}

#[rstest]
#[case::tab(&[TAB], Pane::Lane(0))]
#[case::round(&[TAB; 6], Pane::List)]
#[case::back_tab(&[BACKTAB], Pane::Verdict)]
#[case::right(&[Key::Char('l'), Key::Char('l')], Pane::Lane(1))]
#[case::not_beyond(&[Key::Char('l'); 9], Pane::Lane(3))]
#[case::left_to_the_list(&[Key::Char('l'), Key::Char('h')], Pane::List)]
#[case::escape(&[TAB, ESC], Pane::List)]
fn focus(#[case] pressed: &[Key], #[case] pane: Pane) {
    let mut bench = bench();
    bench.press(pressed.iter().copied());
    assert_eq!(bench.state.focus, pane);
}

#[rstest]
#[case::q_at_the_top("q", Some(Exit::Quit))]
#[case::q_out_of_the_zoom("zq", None)]
#[case::q_out_of_the_zoom_and_off("zqq", Some(Exit::Quit))]
#[case::large_q_from_anywhere("zQ", Some(Exit::Quit))]
#[case::q_in_the_filter_is_a_letter("/q", None)]
#[case::q_in_help_is_a_letter("?q", None)]
fn leaving(#[case] pressed: &str, #[case] exit: Option<Exit>) {
    let effects = bench().type_in(pressed);
    assert_eq!(effects, exit.map(Effect::Quit).into_iter().collect::<Vec<_>>());
}

#[rstest]
#[case::on_the_list("")]
#[case::in_the_filter("/x")]
#[case::in_help("?")]
#[case::in_the_menu("Y")]
fn control_c_leaves_from_anywhere(#[case] before: &str) {
    let mut bench = bench();
    bench.type_in(before);
    assert_eq!(bench.press([Key::Ctrl('c')]), [Effect::Quit(Exit::Interrupted)]);
}

#[test]
fn escape_at_the_top_does_not_leave() {
    assert_eq!(bench().press([ESC, ESC]), []);
}

#[rstest]
#[case::pause("p", &[Effect::Record(false)])]
#[case::pause_and_go_on("pp", &[Effect::Record(false), Effect::Record(true)])]
#[case::clear("C", &[Effect::Clear])]
#[case::no_scenes("1[]", &[])]
fn asking(#[case] pressed: &str, #[case] effects: &[Effect]) {
    assert_eq!(bench().type_in(pressed), effects);
}

#[test]
fn suspend_and_redraw_are_effects() {
    assert_eq!(bench().press([Key::Ctrl('z'), Key::Ctrl('l')]), [Effect::Suspend, Effect::Redraw]);
}

#[test]
fn scenes_are_chosen_by_number_and_by_brackets() {
    let mut bench = bench();
    let scene = Scene { title: "plain".to_owned(), about: String::new() };
    bench.state.scenes = vec![scene; 3];
    bench.send(Message::Scene(1));
    assert_eq!(bench.type_in("3]["), [Effect::Scene(2), Effect::Scene(2), Effect::Scene(0)]);
    assert_eq!(bench.type_in("4"), [], "there are but three");
}

#[test]
fn the_filter_is_live_and_keeps_the_last_good_one() {
    let mut bench = bench();
    let shown = |bench: &Bench| bench.state.listing.shown().iter().map(|shown| shown.id.0).collect::<Vec<_>>();
    bench.type_in("/status=404");
    assert_eq!(shown(&bench), [3, 4, 6]);
    bench.type_in(" & (");
    assert_eq!(shown(&bench), [3, 4, 6], "what cannot be read changes nothing");
    assert!(bench.state.filter_error.is_some());
    bench.press([ENTER]);
    assert!(bench.state.overlay.is_some(), "and cannot be kept");
    bench.press([ESC]);
    assert_eq!(shown(&bench).len(), 10, "Esc goes back to what was before");
    assert_eq!(bench.state.filter_error, None);
}

#[test]
fn the_filter_is_edited_recalled_and_completed() {
    let mut bench = bench();
    let text = |bench: &Bench| match &bench.state.overlay {
        Some(Overlay::Filter(prompt)) => prompt.text(),
        _ => String::new(),
    };
    let left = Key::Code(KeyCode::Left);
    bench.type_in("/method=POT");
    bench.press([left, Key::Char('S'), Key::Code(KeyCode::End), ENTER]);
    assert_eq!(bench.state.listing.filter_text(), "method=POST");
    assert_eq!(bench.selected(), Some(8));
    bench.press([Key::Char('/'), Key::Ctrl('w')]);
    assert_eq!(text(&bench), "");
    bench.press(keys("statu"));
    bench.press([TAB]);
    assert_eq!(text(&bench), "status");
    bench.press([Key::Code(KeyCode::Up)]);
    assert_eq!(text(&bench), "method=POST");
    bench.press([Key::Ctrl('u'), ENTER]);
    assert_eq!(bench.state.listing.filter_text(), "");
    bench.press([Key::Char('/')]);
    bench.send(Message::Paste("status=200\n".to_owned()));
    assert_eq!(text(&bench), "status=200");
}

#[test]
fn the_detail_view_scrolls_and_stays_with_its_exchange() {
    let mut bench = bench();
    bench.press([ENTER]);
    assert_eq!((bench.state.page, bench.state.follow), (Page::Detail, false));
    bench.type_in("kk");
    assert_eq!((bench.selected(), bench.state.detail_scroll), (Some(10), 0));
    bench.state.size = (120, 12);
    bench.type_in("G");
    let end = bench.state.detail_scroll;
    assert!(end > 0);
    bench.type_in("jj");
    assert_eq!(bench.state.detail_scroll, end, "not beyond the end");
    bench.type_in("k");
    assert_eq!(bench.state.detail_scroll, end - 1);
    bench.type_in("n");
    assert_eq!(bench.selected(), Some(10), "there is no later finding");
    bench.type_in("N");
    assert_eq!((bench.selected(), bench.state.detail_scroll), (Some(6), 0));
    bench.type_in("q");
    assert_eq!(bench.state.page, Page::Requests);
}

#[rstest]
#[case::fix("y", "stripPrefix")]
#[case::fix_by_the_menu("Yy", "stripPrefix")]
#[case::curl(
    "Yc",
    "curl -i --path-as-is -H 'User-Agent: curl/8.5' -H 'Accept: */*' 'http://localhost:9999/api/v1/docs'"
)]
#[case::url("Yu", "http://localhost:9999/api/v1/docs")]
#[case::head("Yh", "GET /api/v1/docs HTTP/1.1\nHost: localhost:9999\nUser-Agent: curl/8.5\nAccept: */*\n")]
#[case::verdict("Yv", "**PX01 prefix kept, app not told**")]
fn copying(#[case] pressed: &str, #[case] holds: &str) {
    let mut bench = bench();
    bench.type_in("kkkkkk");
    assert_eq!(bench.selected(), Some(KEPT));
    let effects = bench.type_in(pressed);
    let [Effect::Copy(text)] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(text.contains(holds), "{text}");
    assert_eq!(
        bench.state.notice,
        Some(format!("copied {} bytes by OSC 52; if your terminal takes none, Y w writes a file", text.len()))
    );
}

#[test]
fn all_of_it_goes_to_a_file() {
    let mut bench = bench();
    bench.type_in("kkkkkk");
    let effects = bench.type_in("Yw");
    let [Effect::Save(text)] = effects.as_slice() else { panic!("{effects:?}") };
    for part in ["**PX01 prefix kept", "\n```\ncurl -i", "GET /api/v1/docs HTTP/1.1\nHost: localhost:9999"] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn there_may_be_nothing_to_copy() {
    let mut bench = bench();
    bench.type_in("g");
    assert_eq!(bench.type_in("y"), []);
    assert_eq!(bench.state.notice.as_deref(), Some("nothing to copy here"));
}

#[test]
fn the_order_goes_round() {
    let mut bench = bench();
    let first = |bench: &Bench| bench.state.listing.shown()[0].id.0;
    for (sort, top) in [(Sort::Slowest, 10), (Sort::Status, 10), (Sort::Worst, 2), (Sort::Time, 1)] {
        bench.type_in("s");
        assert_eq!((bench.state.listing.sort(), first(&bench)), (sort, top));
    }
}

#[rstest]
#[case::a_line(MouseEventKind::Down(MouseButton::Left), (10, 5), Some(5), Pane::List)]
#[case::below_the_lines(MouseEventKind::Down(MouseButton::Left), (10, 11), Some(10), Pane::List)]
#[case::a_lane(MouseEventKind::Down(MouseButton::Left), (40, 20), Some(10), Pane::Lane(1))]
#[case::the_verdict(MouseEventKind::Down(MouseButton::Left), (40, 30), Some(10), Pane::Verdict)]
#[case::the_wheel(MouseEventKind::ScrollUp, (10, 5), Some(7), Pane::List)]
#[case::the_header(MouseEventKind::Down(MouseButton::Left), (10, 0), Some(10), Pane::List)]
fn mouse(
    #[case] kind: MouseEventKind,
    #[case] (column, row): (u16, u16),
    #[case] selected: Option<u64>,
    #[case] pane: Pane,
) {
    let mut bench = bench();
    bench.send(Message::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
    assert_eq!((bench.selected(), bench.state.focus), (selected, pane));
}

/// What comes in while the user reads does not move the selection, nor the line it is on.
#[test]
fn the_selection_stays_when_more_comes_in() {
    let mut bench = Bench::new(super::traffic::many(50, 100), 120, 36);
    bench.type_in("kkk");
    let line = bench.state.cursor - bench.state.top;
    assert_eq!(bench.selected(), Some(47));
    super::traffic::more(&mut bench.store.write().unwrap(), 51..=70);
    bench.send(Message::Changed);
    assert_eq!((bench.selected(), bench.state.news()), (Some(47), 20));
    assert_eq!(bench.state.cursor - bench.state.top, line);
    // Now the oldest are let go, and the selected one with them.
    super::traffic::more(&mut bench.store.write().unwrap(), 71..=120);
    bench.send(Message::Changed);
    assert_eq!(bench.selected(), Some(47), "21 to 120 are kept");
    assert_eq!(bench.state.cursor - bench.state.top, line, "on the same line of the screen");
    assert_eq!(bench.state.listing.shown()[bench.state.cursor].id.0, 47);
    super::traffic::more(&mut bench.store.write().unwrap(), 121..=400);
    bench.send(Message::Changed);
    assert_eq!(bench.selected(), Some(121), "the nearest that is left");
    bench.store.write().unwrap().clear();
    bench.send(Message::Changed);
    assert_eq!(bench.selected(), None);
}

/// Entries that wait for the filter are forgotten when they are gone, and nothing waits twice for nothing.
#[test]
fn what_waits_for_the_filter_is_bounded() {
    let store = std::sync::RwLock::new(super::traffic::many(100, 100));
    let mut listing = Listing::new(Filter::parse("path~items").ok());
    for n in 0..20 {
        let first = 101 + n * 10;
        super::traffic::more(&mut store.write().unwrap(), first..=first + 9);
        listing.sync(&store.read().unwrap());
        assert!(listing.waiting() <= 100, "{}", listing.waiting());
    }
    let setup = store.read().unwrap().setup().clone();
    listing.judge(usize::MAX, &setup);
    assert_eq!((listing.waiting(), listing.shown().len()), (0, 100));
    listing.sync(&store.read().unwrap());
    assert_eq!(listing.waiting(), 0, "nothing changed");
}

/// The list that is kept up to date is the list that would be made anew.
#[test]
fn the_kept_list_equals_a_new_one() {
    let store = super::traffic::many(30, 100);
    let mut bench = Bench::new(store, 120, 36);
    bench.type_in("/path~7");
    for n in (31..300).step_by(17) {
        super::traffic::more(&mut bench.store.write().unwrap(), n..=n + 16);
        bench.send(Message::Changed);
        let store = bench.store.read().unwrap();
        let expected: Vec<u64> = store
            .entries()
            .filter(|entry| entry.exchange.outer().unwrap().request.target().contains(&b'7'))
            .map(|entry| entry.exchange.id.0)
            .collect();
        let shown: Vec<u64> = bench.state.listing.shown().iter().map(|shown| shown.id.0).collect();
        assert_eq!(shown, expected);
    }
}
