//! The chains as lines of a table.

use super::seen::{ChainLine, RedirectsSeen};
use super::{shown_from, shown_url};
use crate::lanes::visible::visible;
use crate::redirect::{Chain, End, Grown, Hop};
use crate::tui::row::{severity_tone, shown_target};
use crate::tui::text::{Run, Runs, cut_middle, pad, run};
use crate::tui::theme::Tone;

/// Widths of the columns in cells; 0 for one that is not shown.
struct Columns {
    start: usize,
    method: usize,
    end: usize,
    finding: usize,
}

/// Cells of the columns that have the same width everywhere: number, hops, status, with a blank behind each.
const NUMBER: usize = 4;
const HOPS: usize = 7;
const STATUS: usize = 4;

impl Columns {
    fn of(width: usize) -> Self {
        let method = if width >= 100 { 10 } else { 0 };
        let finding = if width >= 100 { 30 } else { 24 };
        // The mark, and a blank behind both URLs.
        let rest = width.saturating_sub(2 + NUMBER + HOPS + STATUS + method + finding + 2);
        Self { start: rest / 2, method, end: rest - rest / 2, finding }
    }

    fn row(&self, [number, start, hops, method, end, status]: [&str; 6]) -> String {
        let method = pad(method, self.method);
        format!(
            "{}{} {}{method}{} {}",
            pad(number, NUMBER),
            pad(start, self.start),
            pad(hops, HOPS),
            pad(end, self.end),
            pad(status, STATUS)
        )
    }
}

/// The table: its head, then a line for each chain.
pub(in crate::tui) fn chains(seen: &RedirectsSeen, width: usize, reveal: bool) -> Vec<Runs> {
    let columns = Columns::of(width);
    let head = columns.row(["#", "START", "HOPS", "METHOD", "END", "ST"]);
    let mut lines = vec![vec![run(Tone::Dim, format!("  {head}FINDING"))]];
    for (index, line) in seen.lines.iter().enumerate() {
        let row = row(&columns, &line.chain, reveal);
        let finding = finding(line);
        lines.push(if index == seen.cursor {
            vec![run(Tone::Selected, pad(&format!("▶ {row}{}", finding.text), width))]
        } else {
            vec![run(Tone::Text, format!("  {row}")), run(finding.tone, pad(&finding.text, columns.finding))]
        });
    }
    lines
}

fn row(columns: &Columns, chain: &Chain, reveal: bool) -> String {
    let Some((first, last)) = chain.hops().first().zip(chain.hops().last()) else { return String::new() };
    let wide = columns.method > 0;
    let (method, last_method) = (visible(&first.method), visible(&last.method));
    let start = match (wide, method.as_str()) {
        (true, _) => shown_url(&first.url, reveal),
        (false, "GET") => shown_target(&first.url.path, first.url.query.as_deref(), reveal),
        (false, _) => format!("{method} {}", shown_target(&first.url.path, first.url.query.as_deref(), reveal)),
    };
    let url = |url| if wide { shown_url(url, reveal) } else { shown_from(&first.url, url, reveal) };
    let (end, status) = match chain.end() {
        End::Answer(status) => (url(&last.url), status.map_or_else(|| "-".to_owned(), |status| status.to_string())),
        End::Circle(1) => ("(same URL)".to_owned(), number(last.status)),
        End::Circle(_) => (url(&last.url), number(last.status)),
        End::NotSeen(target) => (url(target), "n/a".to_owned()),
        End::Nowhere => ("(no URL)".to_owned(), number(last.status)),
    };
    let more = if matches!(chain.end(), End::Circle(_)) { "+" } else { "" };
    let times = if chain.times > 1 { format!("×{}", chain.times) } else { String::new() };
    let hops = format!("{}{more}{times}", chain.redirects());
    let methods = if method == last_method { method } else { format!("{method}→{last_method}") };
    let (start, end) = (cut_middle(&start, columns.start), cut_middle(&end, columns.end));
    columns.row([&chain.number.to_string(), &start, &hops, &methods, &end, &status])
}

fn number(status: Option<u16>) -> String {
    status.map_or_else(|| "-".to_owned(), |status| status.to_string())
}

/// The cause that was found, else what can be told from the chain alone.
fn finding(line: &ChainLine) -> Run {
    if let Some((severity, code, title)) = line.cause {
        return run(severity_tone(severity), format!("{code} {title}"));
    }
    let chain = &line.chain;
    if let Some(length) = chain.circle() {
        return run(Tone::Bad, format!("✗ loop, period {length}"));
    }
    if let Some(grown) = chain.grows() {
        return run(Tone::Bad, format!("✗ {} grows", growing(grown)));
    }
    let faults: Vec<_> = chain.hops().iter().flat_map(Hop::faults).collect();
    if let Some(fault) = faults.iter().find(|fault| fault.sure) {
        return run(Tone::Bad, visible(format!("✗ {} {}", fault.part, fault.said).as_bytes()));
    }
    match chain.end() {
        End::Answer(None) => return run(Tone::Bad, "✗ no answer at its end"),
        End::Answer(Some(status)) if status >= 400 => return run(Tone::Warn, format!("✗ ends in {status}")),
        _ => {}
    }
    if let Some(fault) = faults.first() {
        return run(Tone::Warn, visible(format!("? {} {}", fault.part, fault.said).as_bytes()));
    }
    run(Tone::Good, "✓ ok")
}

/// `the path`, `next=`
pub(super) fn growing(grown: &Grown) -> String {
    match grown {
        Grown::Path(_) => "the path".to_owned(),
        Grown::Parameter(name) => format!("{}=", visible(name)),
    }
}
