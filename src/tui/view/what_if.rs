//! The editor of what is supposed, in the place of the list; lanes and verdict below it show what would come of it.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use unicode_width::UnicodeWidthStr;

use super::{frame_pane, inner_width, paint_lines, wipe};
use crate::dry_run::SupposedPath;
use crate::lanes::visible::visible;
use crate::tui::lane_text::rewrite_words;
use crate::tui::row::{severity_tone, status_tone};
use crate::tui::screenful::Screenful;
use crate::tui::state::State;
use crate::tui::text::{Runs, cells, cut_end, pad, run};
use crate::tui::theme::Tone;
use crate::tui::what_if::{Field, Values, WhatIf};

/// Cells of the mark and a label.
const LABEL: usize = 17;
/// Cells of a value before what it is now.
const VALUE: usize = 26;

/// Draws it; gives the place of the cursor.
pub(super) fn draw(
    buffer: &mut Buffer,
    place: Rect,
    state: &State,
    seen: &Screenful,
    what_if: &WhatIf,
) -> Option<Position> {
    if place.is_empty() {
        return None;
    }
    wipe(buffer, place);
    let asked = cut_end(&what_if.asked, inner_width(place).saturating_sub(42));
    let title = vec![run(Tone::Title, "What if  "), run(Tone::Text, format!("#{} {asked}", what_if.id.0))];
    frame_pane(buffer, place, state, true, &title, &vec![run(Tone::Warn, "computed, nothing is sent")]);
    let mut lines: Vec<Runs> = Field::ALL.iter().map(|field| line(*field, what_if, seen)).collect();
    lines.push(result(seen));
    // The chosen field stays in sight, and so does what comes of it where there is room for both.
    paint_lines(buffer, place, state, &lines, 0);
    let at = Field::ALL.iter().position(|field| *field == what_if.field)?;
    let column = LABEL + what_if.prompt.left.width();
    let position = Position::new(
        place.x.saturating_add(2).saturating_add(cells(column)).min(place.right().saturating_sub(2)),
        place.y.saturating_add(1).saturating_add(cells(at)),
    );
    (what_if.field != Field::Path && position.y < place.bottom().saturating_sub(1)).then_some(position)
}

/// `▶ prefix         /api/v1                  now: ""`
fn line(field: Field, what_if: &WhatIf, seen: &Screenful) -> Runs {
    let here = what_if.field == field;
    let label = match field {
        Field::Prefix => "public prefix".to_owned(),
        Field::Path => "proxy's path".to_owned(),
        Field::Server => "server".to_owned(),
        Field::RootPath => {
            let program = seen.subject().map_or(&seen.setup.server, |(_, setup)| &setup.server).program();
            format!("--{}", program.root_path_option())
        }
        Field::AppRoot => "app root_path".to_owned(),
    };
    let value = shown(field, &what_if.values, seen);
    let before = shown(field, &what_if.before, seen);
    let is_changed = value != before;
    let mark = if here { "▶ " } else { "  " };
    let mut line = vec![
        run(Tone::Focus, mark),
        run(if here { Tone::Title } else { Tone::Dim }, pad(&label, LABEL - 2)),
        run(if is_changed { Tone::Changed } else { Tone::Text }, pad(&value, VALUE.max(value.width() + 1))),
    ];
    if is_changed {
        let before = match (field, before.as_str()) {
            (Field::Path, before) => before.to_owned(),
            (_, "") => "now: \"\"".to_owned(),
            (_, before) => format!("now: {before}"),
        };
        line.push(run(Tone::Dim, before));
    } else if here && field == Field::Path {
        line.push(run(Tone::Dim, "Space changes it"));
    } else if here && field == Field::Server {
        line.push(run(Tone::Dim, "uvicorn, hypercorn, daphne, granian or gunicorn, @release"));
    }
    line
}

fn shown(field: Field, values: &Values, seen: &Screenful) -> String {
    match (values.text(field), values.path) {
        (Some(text), _) => visible(text.as_bytes()),
        (None, SupposedPath::Strip) => "strips the prefix".to_owned(),
        (None, SupposedPath::Keep) => "keeps the prefix".to_owned(),
        (None, SupposedPath::AsSeen) => {
            let words = seen.chosen.as_ref().map(|chosen| rewrite_words(&chosen.lanes)).unwrap_or_default();
            format!("as seen: {words}")
        }
    }
}

/// What comes of it in a line.
fn result(seen: &Screenful) -> Runs {
    let Some(supposing) = &seen.supposing else {
        return vec![run(Tone::Warn, "  the request is no longer kept")];
    };
    if let Some(error) = &supposing.error {
        return vec![run(Tone::Bad, format!("  ✗ {}", visible(error.as_bytes())))];
    }
    let Some((chosen, _)) = &supposing.outcome else {
        return vec![run(Tone::Dim, "  nothing is changed so far: the lanes show what was seen")];
    };
    let mut line = vec![run(Tone::Dim, pad("  would be", LABEL))];
    match chosen.lanes.answer.status {
        Some(status) => line.push(run(status_tone(Some(status)), status.to_string())),
        None => line.push(run(Tone::Dim, "not known: it depends on the app's routes")),
    }
    match chosen.entry.findings.first() {
        Some(finding) => {
            line.push(run(severity_tone(finding.severity), format!("   {} {}", finding.code, finding.title)));
        }
        None if chosen.lanes.answer.status.is_some() => line.push(run(Tone::Good, "   ✓ nothing wrong found")),
        None => {}
    }
    line
}
