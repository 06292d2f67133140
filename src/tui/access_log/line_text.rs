//! The newest lines, as lines of a table or as they were written.

use jiff::tz::TimeZone;

use super::AccessLog;
use super::seen::{Line, LogSeen, clock};
use super::top_text::{chosen, code_tone};
use crate::lanes::secrets::redact_url;
use crate::lanes::visible::visible;
use crate::tui::row::{millis, shown_target, status_tone};
use crate::tui::text::{Runs, cut_end, cut_middle, pad, pad_left, run};
use crate::tui::theme::Tone;

/// Widths of the columns; 0 for one that is not shown.
#[derive(Clone, Copy, Debug)]
struct Columns {
    client: usize,
    path: usize,
    protocol: usize,
    bytes: usize,
    millis: usize,
    referer: usize,
    code: usize,
}

/// The mark, the time, the method and the status.
const FIXED: usize = 2 + 9 + 5 + 4;

impl Columns {
    /// The referer goes first where there is little room, then the protocol and the bytes.
    fn of(lines: &[Line], width: usize) -> Self {
        let shown = |shown: bool, cells: usize| if shown { cells } else { 0 };
        let wide = width >= 100;
        let client = lines.iter().map(|line| visible(&line.client).chars().count()).max().unwrap_or(0);
        let mut columns = Self {
            client: client.clamp(9, if wide { 24 } else { 15 }) + 1,
            path: 0,
            protocol: shown(wide, 9),
            bytes: shown(width >= 86, 8),
            millis: shown(width >= 86 && lines.iter().any(|line| line.duration.is_some()), 6),
            referer: shown(wide, 15),
            code: 6,
        };
        let Self { client, protocol, bytes, millis, referer, code, .. } = columns;
        columns.path = width.saturating_sub(FIXED + client + protocol + bytes + millis + referer + code);
        columns
    }
}

/// The table: its head, then the lines on screen.
pub(in crate::tui) fn lines(
    seen: &LogSeen,
    asked: &AccessLog,
    zone: &TimeZone,
    width: usize,
    reveal: bool,
) -> Vec<Runs> {
    let cursor = seen.line_cursor(asked);
    let columns = Columns::of(&seen.lines, width);
    let mut table = vec![if asked.raw { vec![run(Tone::Dim, "  AS WRITTEN")] } else { head(columns) }];
    for (index, line) in seen.lines.iter().enumerate() {
        let mark = run(Tone::Focus, if index == cursor { "▶ " } else { "  " });
        let cells = if asked.raw {
            let (code, room) = code_cell(line, width);
            vec![
                mark,
                run(Tone::Text, pad(&cut_end(&written(&line.raw, reveal), room), room)),
                run(code_tone(line.code, &seen.causes), code),
            ]
        } else {
            let mut cells = vec![mark];
            cells.extend(row(line, columns, zone, reveal));
            let code = line.code.unwrap_or_default();
            cells.push(run(code_tone(line.code, &seen.causes), code));
            cells
        };
        table.push(chosen(cells, index == cursor, width));
    }
    table
}

fn code_cell(line: &Line, width: usize) -> (String, usize) {
    let code = line.code.map_or_else(String::new, |code| format!(" {code}"));
    let room = width.saturating_sub(2 + code.len());
    (code, room)
}

fn head(columns: Columns) -> Runs {
    let shown = |width: usize, name: &str| if width == 0 { String::new() } else { pad(name, width) };
    let cells = [
        "  TIME     ".to_owned(),
        shown(columns.client, "IP"),
        "METH ".to_owned(),
        shown(columns.path, "PATH"),
        shown(columns.protocol, "PROTO"),
        "ST  ".to_owned(),
        shown(columns.bytes, "BYTES"),
        shown(columns.millis, "MS"),
        shown(columns.referer, "REFERER"),
        "FIND".to_owned(),
    ];
    vec![run(Tone::Dim, cells.concat())]
}

fn row(line: &Line, columns: Columns, zone: &TimeZone, reveal: bool) -> Runs {
    let cell = |width: usize, text: &str| match width {
        0 => String::new(),
        _ => format!("{} ", pad(&cut_middle(text, width - 1), width - 1)),
    };
    let status = if line.status == 0 { "-".to_owned() } else { format!("{:03}", line.status) };
    let referer = match line.referer.as_slice() {
        [] => "-".to_owned(),
        referer => short_referer(&shown_target(referer, None, reveal)).to_owned(),
    };
    let number = |number: Option<String>| number.unwrap_or_else(|| "-".to_owned());
    let tone = status_tone(Some(line.status).filter(|status| *status > 0));
    vec![
        run(Tone::Dim, format!("{} ", pad(&clock(line.time, zone), 8))),
        run(Tone::Text, cell(columns.client, &visible(&line.client))),
        run(Tone::Text, cell(5, &visible(&line.method))),
        run(Tone::Text, cell(columns.path, &asked(line, reveal))),
        run(Tone::Dim, cell(columns.protocol, &visible(&line.protocol))),
        run(tone, format!("{} ", pad_left(&status, 3))),
        run(Tone::Dim, cell(columns.bytes, &number(line.bytes.map(|bytes| bytes.to_string())))),
        run(Tone::Dim, cell(columns.millis, &number(line.duration.map(|took| millis(u64::from(took)))))),
        run(Tone::Dim, cell(columns.referer, &referer)),
    ]
}

/// What was asked for, or was sent instead.
fn asked(line: &Line, reveal: bool) -> String {
    match line.target.as_slice() {
        [] if line.method.is_empty() => "(nothing was sent)".to_owned(),
        target => shown_target(target, None, reveal),
    }
}

/// A referer without scheme and host: most are pages of the same one, and the path says more.
fn short_referer(referer: &str) -> &str {
    let rest = referer.split_once("://").map_or(referer, |(_, rest)| rest);
    if rest.len() == referer.len() {
        return referer;
    }
    rest.find('/').and_then(|at| rest.get(at..)).filter(|path| path.len() > 1).unwrap_or(rest)
}

/// A line as it was written, made visible, credentials in its URLs hidden unless asked for.
pub(super) fn written(raw: &[u8], reveal: bool) -> String {
    if reveal {
        return visible(raw);
    }
    let words: Vec<String> = raw.split(|&byte| byte == b' ').map(|word| visible(&redact_url(word))).collect();
    words.join(" ")
}
