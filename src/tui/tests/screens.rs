//! Whole screens.

use std::sync::Arc;

use crossterm::event::KeyCode;
use ratatui::style::Modifier;
use rstest::rstest;

use super::traffic::{CHAT, KEPT, LOGIN, empty, from_the_edge, morning, probed};
use super::{Bench, Key};
use crate::asgi::framework::Framework;
use crate::asgi::server::Server;
use crate::lanes::Provenance;
use crate::store::Store;
use crate::tui::session::{Console, Lines, Scene};
use crate::tui::state::{Page, State};
use crate::tui::{Look, ThemeName};

const SIZES: [(u16, u16); 3] = [(120, 36), (100, 30), (80, 24)];

fn at(width: u16, height: u16, number: u64) -> Bench {
    let mut bench = Bench::new(morning(), width, height);
    let up = bench.selected().unwrap() - number;
    bench.press(std::iter::repeat_n(Key::Char('k'), usize::try_from(up).unwrap()));
    assert_eq!(bench.selected(), Some(number));
    bench
}

/// Compares a screen with the one kept under this name.
pub(super) fn kept(name: &str, screen: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(format!("screen_{name}"), screen));
}

#[test]
fn the_requests() {
    for (width, height) in SIZES {
        kept(&format!("requests_{width}x{height}"), &at(width, height, KEPT).screen());
    }
}

#[test]
fn a_redirect() {
    for (width, height) in SIZES {
        kept(&format!("redirect_{width}x{height}"), &at(width, height, 2).screen());
    }
}

#[test]
fn a_request_that_never_reached_the_app() {
    kept("never_reached_120x36", &at(120, 36, 3).screen());
}

/// What was found of the server, where it is from, and what does not fit.
#[test]
fn a_server_that_was_found() {
    let found = |store: &mut Store| {
        let mut provenance = Provenance {
            process: Some("pid 4242 · uvicorn main:app · /srv/venv".to_owned()),
            unread: vec![
                "gunicorn.conf.py:3: root_path is computed: it cannot be known without running the file".to_owned(),
            ],
            ..Provenance::default()
        };
        provenance.know("server", "uvicorn 0.54.0", "installed");
        provenance.know("root-path", "/api/v1", "UVICORN_ROOT_PATH");
        store.set_server(Server::uvicorn(), Framework::default(), provenance.clone(), None);
        provenance
    };
    for (width, height) in [(120, 36), (80, 24)] {
        let mut store = empty();
        found(&mut store);
        kept(&format!("server_start_{width}x{height}"), &Bench::new(store, width, height).screen());
    }
    let mut bench = at(120, 36, KEPT);
    let mut provenance = found(&mut bench.store.write().unwrap());
    provenance.contradiction = Some("--server says granian, but uvicorn answers".to_owned());
    bench.store.write().unwrap().set_server(Server::uvicorn(), Framework::default(), provenance, None);
    bench.refresh();
    bench.press([Key::Char('l'), Key::Char('l'), Key::Char('l'), Key::Char('l'), Key::Char('z')]);
    kept("server_lane_120x36", &bench.screen());
}

/// The app's own word, and a model that has it otherwise.
#[test]
fn a_scope_by_the_probe() {
    for (width, height) in SIZES {
        let mut bench = Bench::new(probed(), width, height);
        kept(&format!("probe_{width}x{height}"), &bench.screen());
        bench.press(std::iter::repeat_n(Key::Char('l'), 4).chain([Key::Char('z')]));
        kept(&format!("probe_lane_{width}x{height}"), &bench.screen());
    }
}

/// What a command writes: its end is followed until somebody reads further up.
#[test]
fn the_output_of_a_command() {
    let mut bench = at(80, 24, 7);
    bench.press([Key::Char('o')]);
    assert_eq!(bench.state.page, Page::Requests, "there is no command");
    let lines = Lines::default();
    let console = Console {
        command: "uvicorn main:app".to_owned(),
        log: "/tmp/hopscope-run-1-0/output.log".to_owned(),
        lines: Arc::clone(&lines),
        changed: tokio::sync::watch::channel(0).1,
    };
    bench.state.console = Some((console.command.clone(), console.log.clone()));
    let write = |bench: &mut Bench, line: String| {
        lines.lock().unwrap().push_back(line);
        bench.refresh();
        bench.seen.read_console(&console, &mut bench.state);
    };
    bench.press([Key::Char('o')]);
    (1..=40).for_each(|n| write(&mut bench, format!("line {n}")));
    kept("console", &bench.screen());
    bench.press([Key::Char('k')]);
    write(&mut bench, "line 41".to_owned());
    assert!(!bench.screen().contains("line 41"), "it stays where it is read");
    bench.press([Key::Char('G')]);
    write(&mut bench, "line 42".to_owned());
    assert!(bench.screen().contains("line 42"), "{}", bench.screen());
    bench.press([Key::Char('o')]);
    assert_eq!(bench.state.page, Page::Requests);
}

/// What no tap stands before was not seen; that is not the same as that it never came.
#[test]
fn what_is_seen_from_the_edge_alone_says_no_more() {
    for (width, height) in SIZES {
        let screen = Bench::new(from_the_edge(), width, height).screen();
        assert!(screen.contains("not seen from here") && !screen.contains("never"), "{screen}");
    }
    assert!(at(120, 36, 3).screen().contains("the app never saw it"));
}

/// Reading on at the end of a body that grows.
#[test]
fn the_end_of_the_detail_view_is_followed() {
    let mut bench = at(120, 20, 7);
    bench.press([Key::Code(KeyCode::Enter)]);
    bench.press([Key::Char('G')]);
    let before = bench.seen.detail.len();
    bench.state.size.0 = 40;
    bench.refresh();
    assert!(bench.seen.detail.len() > before, "narrower, so longer");
    assert_eq!(bench.state.detail_scroll + 16, bench.seen.detail.len());
    bench.press([Key::Char('k')]);
    let scroll = bench.state.detail_scroll;
    bench.state.size.0 = 30;
    bench.refresh();
    assert_eq!(bench.state.detail_scroll, scroll, "not at the end: stays");
}

#[test]
fn nothing_yet() {
    for (width, height) in SIZES {
        kept(&format!("start_{width}x{height}"), &Bench::new(empty(), width, height).screen());
    }
}

#[test]
fn following_the_newest() {
    kept("hostile_120x36", &Bench::new(morning(), 120, 36).screen());
}

#[rstest]
#[case::login("detail_login", LOGIN)]
#[case::chat("detail_chat", CHAT)]
#[case::binary("detail_binary", 10)]
fn the_detail_view(#[case] name: &str, #[case] number: u64) {
    let mut bench = at(120, 50, number);
    bench.press([Key::Code(KeyCode::Enter)]);
    kept(name, &bench.screen());
}

#[test]
fn secrets_show_only_when_asked_for() {
    let mut bench = at(120, 50, LOGIN);
    let secrets = ["s3cret", "eyJhbGciOi", "4f1c", "\"abc\""];
    let shows = |screen: &str| secrets.map(|secret| screen.contains(secret));
    assert_eq!(shows(&bench.screen()), [false; 4], "on the list");
    bench.press([Key::Code(KeyCode::Enter)]);
    assert_eq!(shows(&bench.screen()), [false; 4], "in the detail view");
    bench.press([Key::Char('u')]);
    assert_eq!(shows(&bench.screen()), [true; 4], "after u");
}

#[test]
fn help() {
    for (width, height) in [(120, 36), (80, 24)] {
        let mut bench = at(width, height, KEPT);
        bench.press([Key::Char('?')]);
        kept(&format!("help_{width}x{height}"), &bench.screen());
    }
}

#[test]
fn help_is_searched() {
    let mut bench = at(80, 24, KEPT);
    bench.press([Key::Char('?')]);
    bench.type_in("copy");
    kept("help_search", &bench.screen());
}

#[test]
fn the_copy_menu() {
    let mut bench = at(80, 24, KEPT);
    bench.press([Key::Char('Y')]);
    kept("copy_menu", &bench.screen());
}

#[test]
fn a_filter_that_cannot_be_read() {
    let mut bench = at(80, 24, KEPT);
    bench.press([Key::Char('/')]);
    bench.type_in("status>=300 & statu");
    kept("filter_typing", &bench.screen());
    bench.type_in("s=>");
    kept("filter_error", &bench.screen());
}

#[test]
fn a_zoomed_lane() {
    let mut bench = at(100, 30, KEPT);
    bench.type_in("llz");
    kept("zoomed_lane", &bench.screen());
}

#[test]
fn only_differences() {
    let mut bench = at(120, 36, KEPT);
    bench.type_in("D");
    kept("differences", &bench.screen());
}

#[test]
fn in_ascii() {
    let mut bench = at(120, 36, KEPT);
    bench.state.look.ascii = true;
    let screen = bench.screen();
    assert!(screen.is_ascii(), "{screen}");
    kept("ascii", &screen);
}

#[test]
fn a_demo_with_a_warning() {
    let mut bench = at(100, 30, KEPT);
    bench.state.warning =
        Some("edge listens on 0.0.0.0:9998: everybody who reaches this machine can use it".to_owned());
    let scene = |title: &str, about: &str| Scene { title: title.to_owned(), about: about.to_owned() };
    bench.state.scenes = vec![
        scene("plain", "no prefix"),
        scene("prefix kept", "the proxy sends /api/v1 on, the app does not know it: every page is a 404"),
    ];
    bench.state.scene = 1;
    bench.refresh();
    kept("demo", &bench.screen());
}

/// The colours of one screen in each theme: every cell that has some, run by run.
#[rstest]
#[case::dark(ThemeName::Dark)]
#[case::light(ThemeName::Light)]
#[case::contrast(ThemeName::Contrast)]
#[case::mono(ThemeName::Mono)]
fn in_the_theme(#[case] theme: ThemeName) {
    let mut bench = at(80, 24, KEPT);
    bench.state.look = Look { theme, ..bench.state.look };
    let buffer = bench.terminal().backend().buffer().clone();
    let mut runs: Vec<(String, String)> = Vec::new();
    for line in buffer.content.chunks(80) {
        for cell in line {
            let colour = |name: &str, colour| match colour {
                ratatui::style::Color::Reset => String::new(),
                colour => format!("{name}{colour} "),
            };
            let modifier =
                if cell.modifier == Modifier::empty() { String::new() } else { format!("{:?}", cell.modifier) };
            let style = format!("{}{}{modifier}", colour("", cell.fg), colour("on ", cell.bg));
            match runs.last_mut() {
                Some((last, text)) if *last == style => text.push_str(cell.symbol()),
                _ => runs.push((style, cell.symbol().to_owned())),
            }
        }
    }
    let lines: Vec<String> = runs
        .iter()
        .filter(|(style, text)| !style.is_empty() && !text.trim().is_empty())
        .map(|(style, text)| format!("{:<24} {}", style.trim(), text.trim()))
        .collect();
    if theme == ThemeName::Mono {
        assert!(buffer.content.iter().all(|cell| cell.fg == ratatui::style::Color::Reset), "a colour in mono");
    }
    kept(&format!("theme_{}", theme.word()), &lines.join("\n"));
}

/// The terminal may have shrunk since the state heard of its size.
#[test]
fn a_terminal_smaller_than_thought_is_drawn() {
    let mut bench = at(120, 36, KEPT);
    for keys in ["", "?", "\u{1b}Y"] {
        bench.type_in(keys);
        let mut terminal = ratatui::Terminal::new(ratatui::backend::TestBackend::new(50, 9)).unwrap();
        terminal.draw(|frame| crate::tui::view::draw(frame, &bench.state, &bench.seen)).unwrap();
    }
}

/// Any size, any page, any overlay: nothing panics, nothing that controls a terminal is drawn.
#[test]
fn any_size_is_drawn() {
    let mut bench = Bench::new(morning(), 120, 36);
    let widths = [0, 1, 2, 3, 5, 10, 20, 40, 60, 79, 80, 109, 110, 130];
    let heights = [0, 1, 2, 3, 4, 5, 8, 12, 23, 24, 25, 40];
    for (width, height) in widths.into_iter().flat_map(|width| heights.map(|height| (width, height))) {
        for keys in ["", "l", "z", "?", "Y", "/"] {
            bench.state = State::new((width, height), bench.state.look, jiff::tz::TimeZone::UTC, "");
            bench.state.warning = Some("warning".to_owned());
            bench.refresh();
            bench.type_in(keys);
            assert!(!bench.screen().chars().any(|c| c.is_control() && c != '\n'), "{width}x{height} {keys}");
        }
        bench.press([Key::Code(KeyCode::Esc), Key::Code(KeyCode::Enter), Key::Char('G')]);
        bench.screen();
    }
}
