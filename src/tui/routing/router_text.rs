//! The routers as lines of a table, and what is wrong with them.

use super::seen::{Check, RouteLine, RoutesSeen};
use crate::diagnosis::Severity;
use crate::lanes::visible::visible;
use crate::tui::text::{Runs, cut_end, pad, pad_left, run};
use crate::tui::theme::Tone;

/// Widths of the columns.
struct Columns {
    priority: usize,
    name: usize,
    rule: usize,
    path: usize,
    service: usize,
    check: usize,
}

impl Columns {
    /// For a line of this width: rule and name share what the others leave.
    fn of(lines: &[RouteLine], width: usize) -> Self {
        let widest = |of: fn(&RouteLine) -> &str| lines.iter().map(|line| of(line).chars().count()).max().unwrap_or(0);
        let priority = if lines.iter().any(|line| line.priority.is_some()) { 5 } else { 0 };
        let path = widest(|line| &line.path).clamp(5, 14);
        let service = if width < 76 { 0 } else { widest(|line| &line.service).clamp(7, 18) };
        let check = 7;
        let fixed = 2 + priority + path + service + check + 5;
        let room = width.saturating_sub(fixed);
        let name = widest(|line| &line.name).clamp(6, (room / 2).max(6));
        Self { priority, name, rule: room.saturating_sub(name), path, service, check }
    }

    fn row(&self, [priority, name, rule, path, service]: [&str; 5]) -> String {
        let cells = [
            (self.priority, pad_left(priority, self.priority.saturating_sub(1))),
            (self.name, pad(name, self.name)),
            (self.rule, pad(rule, self.rule)),
            (self.path, pad(path, self.path)),
            (self.service, pad(service, self.service)),
        ];
        cells.iter().filter(|(width, _)| *width > 0).flat_map(|(_, cell)| [cell.as_str(), " "]).collect()
    }
}

/// The table: its head, then a line for each router.
pub(in crate::tui) fn routers(seen: &RoutesSeen, cursor: usize, width: usize) -> Vec<Runs> {
    let columns = Columns::of(&seen.lines, width);
    let head = columns.row(["PRIO", "ROUTER", "RULE", "PATH", "SERVICE"]);
    let mut lines = vec![vec![run(Tone::Dim, format!("  {head}CHECK"))]];
    for (index, line) in seen.lines.iter().enumerate() {
        let priority = line.priority.map(|priority| priority.to_string()).unwrap_or_default();
        let text = |text: &str| visible(text.as_bytes());
        let row =
            columns.row([&priority, &text(&line.name), &text(&line.rule), &text(&line.path), &text(&line.service)]);
        let (tone, check) = check(line);
        if index == cursor {
            let whole = pad(&format!("▶ {row}{check}"), width);
            lines.push(vec![run(Tone::Selected, whole)]);
        } else {
            lines.push(vec![run(Tone::Text, format!("  {row}")), run(tone, pad(&check, columns.check))]);
        }
    }
    lines
}

/// `✗ PX01`, `✓`, or `?` for what could not be tried.
fn check(line: &RouteLine) -> (Tone, String) {
    match line.check {
        None => (Tone::Dim, "?".to_owned()),
        Some(None) => (Tone::Good, "✓".to_owned()),
        Some(Some((severity, code))) => (tone(severity), format!("{} {code}", sign(severity))),
    }
}

const fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Error => Tone::Bad,
        Severity::Warn => Tone::Warn,
        Severity::Note => Tone::Dim,
    }
}

const fn sign(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "✗",
        Severity::Warn => "!",
        Severity::Note => "~",
    }
}

/// What is wrong, a line each, as many as there is room for.
pub(in crate::tui) fn checks(seen: &RoutesSeen, width: usize, room: usize) -> Vec<Runs> {
    let line = |check: &Check| {
        let of = visible(check.of.as_bytes());
        let head = format!("{} {} ", sign(check.severity), check.code);
        let rest = width.saturating_sub(head.chars().count());
        let text = cut_end(&format!("{of}  {}", visible(check.what.as_bytes())), rest);
        vec![run(tone(check.severity), head), run(Tone::Text, text)]
    };
    let mut lines: Vec<Runs> = seen.checks.iter().take(room).map(line).collect();
    if seen.checks.len() > room
        && let Some(last) = lines.last_mut()
    {
        let more = seen.checks.len() - room + 1;
        *last = vec![run(Tone::Dim, format!("… {more} more: hopscope check lists them"))];
    }
    lines
}
