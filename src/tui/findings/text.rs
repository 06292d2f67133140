//! The causes as lines of a table, and the finding of the chosen one.

use jiff::tz::TimeZone;

use super::FindingsSeen;
use crate::diagnosis::Finding;
use crate::lanes::visible::visible;
use crate::remedy::proof::Came;
use crate::store::{Asked, CauseRow, CauseState, ProofState, Proving};
use crate::tui::finding_text::{labelled, whole};
use crate::tui::row::{clock, severity_tone, shown_target};
use crate::tui::text::{Runs, cut_end, cut_middle, pad, pad_left, run, width_of};
use crate::tui::theme::Tone;

/// Widths of the columns; 0 for one that is not shown.
struct Columns {
    severity: usize,
    count: usize,
    first: usize,
    last: usize,
    about: usize,
    title: usize,
    example: usize,
}

/// The mark, the code and the state.
const FIXED: usize = 2 + 5 + 6;

impl Columns {
    /// First seen goes first where there is little room, then the example.
    fn of(rows: &[CauseRow], width: usize) -> Self {
        let widest = |of: fn(&Finding) -> usize| rows.iter().map(|row| of(&row.finding)).max().unwrap_or(0);
        let shown = |shown: bool, cells: usize| if shown { cells } else { 0 };
        let mut columns = Self {
            severity: shown(width >= 70, 6),
            count: 7,
            first: shown(width >= 90, 9),
            last: shown(width >= 60, 9),
            about: 0,
            title: 0,
            example: 0,
        };
        let fixed = FIXED + columns.severity + columns.count + columns.first + columns.last;
        let room = width.saturating_sub(fixed);
        let title = widest(|finding| finding.title.chars().count()) + 1;
        let about = match widest(|finding| finding.about.chars().count()) {
            0 => 0,
            cells => (cells + 1).max(6),
        };
        columns.about = about.min(room / 3);
        columns.title = title.max(6).min(room - columns.about);
        let rest = room - columns.about - columns.title;
        columns.example = shown(rest >= 12, rest);
        columns
    }
}

/// The table: its head, then a line for each cause.
pub(in crate::tui) fn causes(seen: &FindingsSeen, zone: &TimeZone, width: usize, reveal: bool) -> Vec<Runs> {
    let columns = Columns::of(&seen.rows, width);
    let right = |text: &str, width: usize| format!("{} ", pad_left(text, width.saturating_sub(1)));
    let shown = |width: usize, cell: String| if width == 0 { String::new() } else { cell };
    let head = [
        "  CODE STATE ".to_owned(),
        shown(columns.severity, pad("BAD", columns.severity)),
        right("REQ", columns.count),
        shown(columns.first, pad("FIRST", columns.first)),
        shown(columns.last, pad("LAST", columns.last)),
        pad("ABOUT", columns.about),
        pad("CAUSE", columns.title),
        shown(columns.example, "EXAMPLE".to_owned()),
    ];
    let mut lines = vec![vec![run(Tone::Dim, head.concat())]];
    for (index, row) in seen.rows.iter().enumerate() {
        let finding = &row.finding;
        let about = visible(finding.about.as_bytes());
        let dim = if row.state == CauseState::New { Tone::Text } else { Tone::Dim };
        let code_tone = if row.state == CauseState::New { severity_tone(finding.severity) } else { Tone::Dim };
        let mut line = vec![
            run(Tone::Focus, if index == seen.cursor { "▶ " } else { "  " }),
            run(code_tone, pad(finding.code, 5)),
            run(state_tone(row.state), pad(row.state.word(), 6)),
            run(code_tone, shown(columns.severity, pad(finding.severity.word(), columns.severity))),
            run(dim, right(&row.count.to_string(), columns.count)),
            run(Tone::Dim, shown(columns.first, pad(&clock(row.first, zone), columns.first))),
            run(Tone::Dim, shown(columns.last, pad(&clock(row.last, zone), columns.last))),
            run(Tone::Prefix, pad(&cut_middle(&about, columns.about.saturating_sub(1)), columns.about)),
            run(dim, pad(&cut_end(finding.title, columns.title.saturating_sub(1)), columns.title)),
        ];
        if columns.example > 0 {
            line.push(run(Tone::Dim, cut_middle(&example(row, reveal), columns.example)));
        }
        if index == seen.cursor {
            let whole: String = line.iter().map(|run| run.text.as_str()).collect();
            line = vec![run(Tone::Selected, pad(whole.trim_end(), width))];
        }
        lines.push(line);
    }
    if seen.dropped > 0 {
        lines.push(vec![run(Tone::Warn, format!("  … {} more were seen and not kept", seen.dropped))]);
    }
    lines
}

const fn state_tone(state: CauseState) -> Tone {
    match state {
        CauseState::New => Tone::Text,
        CauseState::Known => Tone::Dim,
        CauseState::Gone => Tone::Good,
    }
}

/// `#4 GET /api/v1/docs`
fn example(row: &CauseRow, reveal: bool) -> String {
    let Asked { method, target } = &row.asked;
    format!("#{} {} {}", row.example.0, visible(method), shown_target(target, None, reveal))
}

/// What came of proving the fix, and each request before and after.
fn of_proof(proving: &Proving, width: usize, reveal: bool) -> Vec<Runs> {
    let ProofState::Done(proof) = &proving.state else {
        return labelled("TRY  ", Tone::Dim, &proving.said(), width);
    };
    let tone = if proof.outcome.is_ok() { Tone::Good } else { Tone::Bad };
    let mut lines = labelled("TRY  ", tone, &proving.said(), width);
    let came = |came: &Option<Came>| came.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string);
    for row in &proof.requests {
        let asked = format!("{} {}", visible(&row.method), shown_target(&row.target, None, reveal));
        let became = format!("{} → {}  {}", came(&row.before), came(&row.after), row.became.word());
        lines.push(vec![
            run(Tone::Dim, "     "),
            run(Tone::Text, cut_end(&format!("{asked}  {became}"), width.saturating_sub(5))),
        ]);
    }
    lines
}

/// The finding whole, below how often and when it was seen; then what follows from it.
pub(in crate::tui) fn verdict(
    row: &CauseRow,
    zone: &TimeZone,
    width: usize,
    evidence: bool,
    reveal: bool,
) -> Vec<Runs> {
    let times = match row.count {
        1 => clock(row.last, zone),
        count => format!("{count} requests, {} to {}", clock(row.first, zone), clock(row.last, zone)),
    };
    let mut seen = vec![run(Tone::Dim, "SEEN "), run(Tone::Text, format!("{times}, e.g. "))];
    let room = width.saturating_sub(width_of(&seen));
    seen.push(run(Tone::Text, cut_middle(&example(row, reveal), room)));
    let mut lines = vec![seen];
    lines.extend(row.proving.iter().flat_map(|proving| of_proof(proving, width, reveal)));
    lines.extend(whole(&row.finding, width, evidence));
    if !row.symptoms.is_empty() {
        let parts: Vec<String> = row.symptoms.iter().map(|(code, count)| format!("{code} ×{count}")).collect();
        lines.extend(labelled("ALSO ", Tone::Dim, &format!("{} follow from it", parts.join(", ")), width));
    }
    lines
}

/// What stands there while there is no cause.
pub(in crate::tui) fn nothing(seen: u64) -> Vec<Runs> {
    let key = |key: &str, text: &str| vec![run(Tone::Key, key.to_owned()), run(Tone::Dim, text.to_owned())];
    let first = match seen {
        0 => vec![run(Tone::Title, "Nothing has passed yet.")],
        count => vec![run(Tone::Good, "✓ "), run(Tone::Title, format!("Nothing wrong was found in {count} requests."))],
    };
    vec![
        first,
        key("1", " shows the requests, and where to send them while there are none."),
        key("3", " tries a URL, and what would come of it were proxy, server and app set up otherwise."),
        vec![
            run(Tone::Text, "hopscope rules"),
            run(Tone::Dim, " lists what there is to find, with the way out of each."),
        ],
    ]
}
