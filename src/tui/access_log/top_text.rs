//! What gets the traffic, and who asks, as lines of tables; and what somebody got who should not.

use super::AccessLog;
use super::seen::{Client, GotThrough, LogSeen};
use crate::access_log::AgentClass;
use crate::access_log::traffic::{By, Order, Row};
use crate::diagnosis::log::LogCause;
use crate::lanes::secrets::redact_url;
use crate::lanes::visible::visible;
use crate::tui::row::{elapsed, severity_tone};
use crate::tui::text::{Runs, cut_end, cut_middle, pad, pad_left, run};
use crate::tui::theme::Tone;

/// Cells of the code of a cause.
const CODE: usize = 6;

/// The heading of a top.
pub(in crate::tui) const fn by_word(by: By) -> &'static str {
    match by {
        By::Path => "paths",
        By::Route => "routes",
        By::Client => "clients",
        By::Method => "methods",
        By::Host => "hosts",
        By::Referer => "referers",
        By::Agent => "user agents",
        By::AgentClass => "kinds of user agents",
        By::Upstream => "upstreams",
        By::Status => "statuses",
    }
}

/// The column of a top's keys.
const fn head_word(by: By) -> &'static str {
    match by {
        By::Path => "PATH",
        By::Route => "ROUTE",
        By::Client => "CLIENT",
        By::Method => "METHOD",
        By::Host => "HOST",
        By::Referer => "REFERER",
        By::Agent | By::AgentClass => "AGENT",
        By::Upstream => "UPSTREAM",
        By::Status => "STATUS",
    }
}

/// A key to be shown, secrets in it hidden unless asked for.
fn shown(key: &[u8], reveal: bool) -> String {
    match key {
        [] => "(none)".to_owned(),
        key if reveal => visible(key),
        key => visible(&redact_url(key)),
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => bytes.to_string(),
        10_000..10_000_000 => format!("{}k", bytes / 1000),
        10_000_000..10_000_000_000 => format!("{}M", bytes / 1_000_000),
        _ => format!("{}G", bytes / 1_000_000_000),
    }
}

/// Numbers before the key of a row: the count, the classes from 2xx to 5xx, and what it is sorted by if that is none of them.
fn numbers(row: &Row, order: Order) -> [String; 6] {
    let class = |class: usize| row.classes.get(class).copied().unwrap_or_default().to_string();
    let error = if row.error > 0 { "~" } else { "" };
    let last = match order {
        Order::Bytes => size(row.bytes),
        Order::Time => row.times.map_or_else(|| "-".to_owned(), |times| elapsed(u64::from(times.p95))),
        Order::Count | Order::Errors => String::new(),
    };
    [format!("{error}{}", row.count), class(2), class(3), class(4), class(5), last]
}

/// The tops: the head, then a line for each row.
pub(in crate::tui) fn tops(seen: &LogSeen, asked: &AccessLog, width: usize, reveal: bool) -> Vec<Runs> {
    let cells: Vec<[String; 6]> = seen.tops.iter().map(|(row, _)| numbers(row, asked.order)).collect();
    let last = match asked.order {
        Order::Bytes => "SENT",
        Order::Time => "P95",
        Order::Count | Order::Errors => "",
    };
    let heads = ["COUNT", "2xx", "3xx", "4xx", "5xx", last].map(str::to_owned);
    let widths = widths(&heads, &cells);
    let fixed: usize = 2 + widths.iter().filter(|width| **width > 0).map(|width| width + 1).sum::<usize>();
    let code = if seen.tops.iter().any(|(_, code)| code.is_some()) { CODE } else { 0 };
    let room = width.saturating_sub(fixed + code);
    let mut lines = vec![vec![
        run(Tone::Dim, format!("  {}{}", columns(&heads, &widths), pad(head_word(asked.by), room))),
        run(Tone::Dim, if code > 0 { " FIND" } else { "" }),
    ]];
    let cursor = seen.top_cursor(asked);
    for (index, ((row, found), cells)) in seen.tops.iter().zip(&cells).enumerate() {
        let key = pad(&cut_middle(&shown(&row.key, reveal), room), room);
        let line = vec![
            run(Tone::Focus, if index == cursor { "▶ " } else { "  " }),
            run(class_tone(row), columns(cells, &widths)),
            run(Tone::Text, key),
            run(code_tone(*found, &seen.causes), found.map_or_else(String::new, |code| format!(" {code}"))),
        ];
        lines.push(chosen(line, index == cursor, width));
    }
    lines
}

fn widths(heads: &[String; 6], rows: &[[String; 6]]) -> [usize; 6] {
    let mut widths = [0; 6];
    for (column, width) in widths.iter_mut().enumerate() {
        let cells = rows.iter().chain([heads]).filter_map(|cells| cells.get(column));
        *width = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
    }
    widths
}

fn columns(cells: &[String; 6], widths: &[usize; 6]) -> String {
    let shown = cells.iter().zip(widths).filter(|(_, width)| **width > 0);
    shown.fold(String::new(), |line, (cell, width)| line + &pad_left(cell, *width) + " ")
}

/// A line, marked if it is the chosen one.
pub(super) fn chosen(line: Runs, is_chosen: bool, width: usize) -> Runs {
    if !is_chosen {
        return line;
    }
    let whole: String = line.iter().map(|run| run.text.as_str()).collect();
    vec![run(Tone::Selected, pad(whole.trim_end(), width))]
}

/// How a row looks, by what most of its lines came to.
const fn class_tone(row: &Row) -> Tone {
    let [_, _, _, _, refused, failed] = row.classes;
    if failed * 2 > row.count {
        Tone::Bad
    } else if (refused + failed) * 2 > row.count {
        Tone::Warn
    } else {
        Tone::Text
    }
}

/// How the code of a cause looks.
pub(super) fn code_tone(code: Option<&str>, causes: &[LogCause]) -> Tone {
    let cause = causes.iter().find(|cause| Some(cause.finding.code) == code);
    cause.map_or(Tone::Dim, |cause| severity_tone(cause.finding.severity))
}

/// The clients: the head, then a line for each.
pub(in crate::tui) fn clients(seen: &LogSeen, asked: &AccessLog, width: usize) -> Vec<Runs> {
    let count = seen.clients.iter().map(|client| client.row.count.to_string().len()).max().unwrap_or(0).max(5);
    let name = if width >= 50 { 18 } else { 15 };
    let head = format!("  {} {:>4} {} WHO", pad_left("COUNT", count), "4xx%", pad("IP / NET", name));
    let mut lines = vec![vec![run(Tone::Dim, head)]];
    let cursor = seen.client_cursor(asked);
    for (index, client) in seen.clients.iter().enumerate() {
        let refused = client.row.classes.get(4).copied().unwrap_or_default();
        let share = refused.saturating_mul(100).checked_div(client.row.count).unwrap_or(0);
        let (tone, who) = who(client, &seen.causes);
        let left = format!("{} {share:>4} ", pad_left(&client.row.count.to_string(), count));
        let room = width.saturating_sub(2 + left.chars().count() + name + 1);
        let line = vec![
            run(Tone::Focus, if index == cursor { "▶ " } else { "  " }),
            run(Tone::Text, left),
            run(Tone::Text, format!("{} ", pad(&cut_middle(&visible(&client.row.key), name), name))),
            run(tone, cut_end(&who, room)),
        ];
        lines.push(chosen(line, index == cursor, width));
    }
    lines
}

/// `scanner /.env (secrets …)`, `! a proxy: TR02`, `browsers`
fn who(client: &Client, causes: &[LogCause]) -> (Tone, String) {
    if client.scans {
        let asked = client.asked.as_deref().map(visible).unwrap_or_default();
        let kinds: Vec<&str> = client.kinds.iter().map(|kind| kind.word()).collect();
        let kinds = if kinds.is_empty() { String::new() } else { format!(": {}", kinds.join(", ")) };
        return (Tone::Bad, format!("scanner {asked}{kinds}"));
    }
    if let Some(code) = client.code {
        let title = causes.iter().find(|cause| cause.finding.code == code).map_or("", |cause| cause.finding.title);
        let what = if code == "TR02" { "a proxy" } else { title };
        return (Tone::Warn, format!("! {what}: {code}"));
    }
    let words: Vec<&str> = client.agents.iter().map(|class| word(*class)).collect();
    let near = if client.is_private { "private address, " } else { "" };
    (Tone::Dim, format!("{near}{}", words.join(", ")))
}

const fn word(class: AgentClass) -> &'static str {
    match class {
        AgentClass::Browser => "browsers",
        AgentClass::Tool => "tools",
        AgentClass::Crawler => "crawlers",
        AgentClass::Monitor => "monitors",
        AgentClass::AiCrawler => "AI crawlers",
        _ => class.word(),
    }
}

/// What somebody got who should not, on one line; else that nobody did, and the odd statuses.
pub(in crate::tui) fn loud(seen: &LogSeen, width: usize) -> Option<Runs> {
    let first = seen.through.first()?;
    let more = match seen.through.len() - 1 {
        0 => String::new(),
        more => format!("  and {more} more"),
    };
    let text = format!(" ✗ GOT THROUGH  {}{more}", got(first));
    Some(vec![run(Tone::Bad, cut_end(&text, width))])
}

/// `/.env 200, 3 lines, 812 B, from 192.0.2.99`
fn got(path: &GotThrough) -> String {
    let (least, most) = (size(path.sizes.0), size(path.sizes.1));
    let sizes = if least == most { most } else { format!("{least} to {most}") };
    let from: Vec<String> = path.from.iter().map(|from| visible(from)).collect();
    let lines = if path.count == 1 { "line" } else { "lines" };
    format!("{} {}, {} {lines}, {sizes} bytes, from {}", visible(&path.path), path.status, path.count, from.join(", "))
}

impl LogSeen {
    /// What stands below the clients.
    pub(in crate::tui) fn notes(&self) -> Vec<Runs> {
        let through = match self.through.len() {
            0 => vec![run(Tone::Good, "✓ "), run(Tone::Text, "secret files given out: 0")],
            count => vec![run(Tone::Bad, format!("✗ secret files given out: {count}"))],
        };
        let odd = &self.odd;
        let said = [(odd.closed, "444 sent"), (odd.left, "499 client left"), (odd.empty, "empty request")];
        let said = said.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{what} {count}"));
        let said: Vec<String> = said.collect();
        let mut notes = vec![through];
        if !said.is_empty() {
            notes.push(vec![run(Tone::Text, said.join("   "))]);
        }
        notes
    }
}
