//! The program in a terminal: it shows what passes, rests when nothing does, and leaves the terminal as it was.

use std::fs;
use std::thread;
use std::time::Duration;

use rstest::rstest;
use vt100::MouseProtocolMode;

use crate::support::hopscope::BINARY;
use crate::support::http;
use crate::support::place::{free_address, wait_for};
use crate::support::screen::Screen;
use crate::support::upstream::Upstream;

fn watching(upstream: &Upstream, columns: u16, rows: u16) -> (Screen, std::net::SocketAddr) {
    let edge = free_address();
    let spec = format!("{edge}=http://{}", upstream.address());
    (Screen::start(columns, rows, &["tap", "--edge", &spec]).listening(edge), edge)
}

#[rstest]
#[case::wide(120, 36)]
#[case::middle(100, 30)]
#[case::small(80, 24)]
fn a_request_appears(#[case] columns: u16, #[case] rows: u16) {
    let upstream = Upstream::ok();
    let (screen, edge) = watching(&upstream, columns, rows);
    assert_eq!(http::get(edge, "/hello/world").status(), 200);
    screen.shows("/hello/world");
}

#[rstest]
#[case::the_key(|screen: &mut Screen| screen.press("q"))]
#[case::control_c(|screen: &mut Screen| screen.press("\x03"))]
#[case::interrupted(|screen: &mut Screen| screen.signal("INT"))]
#[case::terminated(|screen: &mut Screen| screen.signal("TERM"))]
#[case::hung_up(|screen: &mut Screen| screen.signal("HUP"))]
fn the_terminal_is_left_as_it_was(#[case] end: fn(&mut Screen)) {
    let upstream = Upstream::ok();
    let (mut screen, edge) = watching(&upstream, 120, 36);
    http::get(edge, "/hello");
    screen.shows("/hello");
    end(&mut screen);
    let (_, terminal) = screen.ended();
    assert_as_it_was(&terminal);
}

pub(super) fn assert_as_it_was(terminal: &vt100::Parser) {
    let left = terminal.screen();
    assert!(!left.alternate_screen(), "the other screen is left");
    assert!(!left.hide_cursor(), "the cursor is back");
    assert!(!left.bracketed_paste(), "pasting is as before");
    assert_eq!(left.mouse_protocol_mode(), MouseProtocolMode::None, "the mouse is the terminal's again");
}

/// The first thing the README says: it needs nothing, and it lives.
#[test]
fn the_demo_shows_requests_by_itself() {
    let mut screen = Screen::start(120, 36, &["demo"]);
    screen.shows("/api/v1");
    screen.shows("404");
    screen.press("q");
    let (code, terminal) = screen.ended();
    assert_eq!(code, 0);
    assert_as_it_was(&terminal);
}

/// Stopped and continued by a shell: the terminal is the shell's in between.
#[test]
fn suspended_and_resumed() {
    let upstream = Upstream::ok();
    let edge = free_address();
    let mut shell = Screen::shell(120, 36);
    shell.shows("prompt$");
    shell.press(&format!("{BINARY} tap --edge {edge}=http://{}\r", upstream.address()));
    let mut shell = shell.listening(edge);
    assert_eq!(http::get(edge, "/before").status(), 200);
    shell.shows("/before");
    shell.press("\x1a");
    shell.shows("Stopped");
    assert_as_it_was(&shell.terminal());
    shell.press("fg\r");
    wait_for("the screen to come back", || shell.terminal().screen().alternate_screen().then_some(()));
    shell.shows("/before");
    assert_eq!(http::get(edge, "/after").status(), 200);
    shell.shows("/after");
    shell.press("q");
    wait_for("the shell to come back", || (!shell.terminal().screen().alternate_screen()).then_some(()));
    shell.press("exit\r");
    assert_as_it_was(&shell.ended().1);
}

/// At rest nothing is drawn and hardly a processor is used.
#[test]
fn nothing_is_drawn_while_nothing_changes() {
    let upstream = Upstream::ok();
    let (screen, edge) = watching(&upstream, 120, 36);
    http::get(edge, "/hello");
    screen.shows("/hello");
    thread::sleep(Duration::from_secs(1));
    let (drawn, switches) = (screen.bytes().len(), context_switches(screen.id()));
    thread::sleep(Duration::from_secs(2));
    assert_eq!(screen.bytes().len(), drawn, "something was drawn");
    let woken = context_switches(screen.id()) - switches;
    assert!(woken < 5, "woken {woken} times in two seconds of rest");
}

/// How often the threads of a process have gone to sleep since they began.
fn context_switches(process: u32) -> u64 {
    let threads = fs::read_dir(format!("/proc/{process}/task")).expect("a process of ours");
    let count = |thread: fs::DirEntry| {
        let status = fs::read_to_string(thread.path().join("status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.map_or(0, |number| number.trim().parse::<u64>().expect("a number"))
    };
    threads.map_while(Result::ok).map(count).sum()
}
