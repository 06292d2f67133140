//! Bytes from outside may hold what a terminal obeys. They are made visible on every face, never passed to it.

use std::net::SocketAddr;

use rstest::rstest;

use crate::support::hopscope::Hopscope;
use crate::support::http::{Client, escaped};
use crate::support::place::free_address;
use crate::support::screen::Screen;
use crate::support::upstream::Upstream;

/// What a terminal would obey: colours, a new title, a cleared screen, a link, a bell, and C1 in UTF-8 and as one byte.
const HOSTILE: [&[u8]; 6] =
    [b"\x1b[31mred", b"\x1b]0;title\x07", b"\x1b[2J\x1b[H", b"\x1b]8;;http://x\x1b\\", b"\xc2\x9b31m", b"\x9b31m\x7f"];

/// An answer with such bytes in its reason, its headers and its body.
fn hostile_answer() -> Vec<u8> {
    let mut answer =
        b"HTTP/1.1 307 Moved \xc2\x9b31m\r\nContent-Length: 9\r\nContent-Type: text/\xc2\x9b31m\r\n".to_vec();
    for bytes in HOSTILE {
        answer.extend([b"Location: http://h/", bytes, b"\r\nServer: ", bytes, b"\r\n"].concat());
    }
    answer.extend(b"\r\n\x1b[31mbody");
    answer
}

/// Sends such bytes wherever a request has room for them. Some of it may be refused; then that is what is told.
fn send_hostile_requests(to: SocketAddr) {
    for bytes in HOSTILE {
        let in_target = [b"GET /a", bytes, b"?q=", bytes, b" HTTP/1.1\r\nHost: h\r\n\r\n"].concat();
        let encoded: String = bytes.iter().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat();
        let in_escapes = format!("GET /{encoded}?{encoded} HTTP/1.1\r\nHost: h\r\n\r\n").into_bytes();
        let lines: [&[u8]; 5] =
            [b"Host: h", b"\r\nX-Forwarded-For: ", b"\r\nX-Forwarded-Proto: ", b"\r\nReferer: ", b"\r\nVia: "];
        let lines: Vec<u8> = lines.iter().flat_map(|line| [line, bytes].concat()).collect();
        let in_headers = [b"GET /headers HTTP/1.1\r\n", &lines[..], b"\r\n\r\n"].concat();
        let in_method = [b"G", bytes, b" /method HTTP/1.1\r\nHost: h\r\n\r\n"].concat();
        for request in [in_target, in_escapes, in_headers, in_method] {
            let mut client = Client::to(to);
            client.send(request);
            let _ = client.try_response();
        }
    }
}

/// The first byte that a terminal might obey; line ends are the program's own.
fn obeyed(text: &str) -> Option<char> {
    text.chars().find(|c| c.is_control() && *c != '\n')
}

#[rstest]
#[case::text("text")]
#[case::json_lines("jsonl")]
#[case::markdown("md")]
fn every_format_makes_them_visible(#[case] format: &str) {
    let upstream = Upstream::answering(hostile_answer());
    let (edge, app) = (free_address(), free_address());
    let (first, second) = (format!("{edge}=http://{app}"), format!("{app}=http://{}", upstream.address()));
    let hopscope = Hopscope::writing(format, &["tap", "--edge", &first, "--app", &second], &[edge, app]);
    send_hostile_requests(edge);
    let (lines, errors) = hopscope.finish_with_text();
    assert!(lines.iter().any(|line| line.contains("/headers")), "{lines:?}");
    for line in lines.iter().map(String::as_str).chain(errors.lines()) {
        assert_eq!(obeyed(line), None, "{}", escaped(line));
    }
}

/// The program's own sequences are there; those of the traffic are not.
#[test]
fn the_screen_makes_them_visible() {
    let upstream = Upstream::answering(hostile_answer());
    let edge = free_address();
    let spec = format!("{edge}=http://{}", upstream.address());
    let mut screen = Screen::start(120, 36, &["tap", "--edge", &spec]).listening(edge);
    send_hostile_requests(edge);
    Client::to(edge).ask("GET /the-end HTTP/1.1\r\nHost: h\r\n\r\n");
    screen.shows("/the-end");
    screen.press("q");
    screen.ended();
    let bytes = screen.bytes();
    for hostile in [&b"\x1b[31mred"[..], b"\x1b]0;title", b"\x1b]8;;http://x", b"\xc2\x9b31m", b"\x9b31m"] {
        let found = bytes.windows(hostile.len()).any(|window| window == hostile);
        assert!(!found, "{} reached the terminal", escaped(hostile));
    }
}

/// The check itself can fail.
#[test]
fn a_control_byte_is_seen() {
    assert_eq!(obeyed("plain café ✓"), None);
    assert_eq!(obeyed("a\u{1b}[31m"), Some('\u{1b}'));
    assert_eq!(obeyed("a\u{9b}31m"), Some('\u{9b}'));
}
