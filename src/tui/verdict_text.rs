//! The verdict as lines of text: what came back, why, what to change, what not to do.

use super::lane_text::{answer, chain};
use super::row::severity_tone;
use super::screenful::Chosen;
use super::text::{Runs, cut_end, run, width_of, wrap};
use super::theme::Tone;
use crate::asgi::framework::RouteMatch;
use crate::diagnosis::{Finding, Follows};
use crate::lanes::visible::visible;
use crate::lanes::{Author, Rewrite, Setup};

/// The verdict's title: the primary finding, or that there is none.
pub(super) fn title(chosen: &Chosen) -> Runs {
    match chosen.entry.findings.first() {
        Some(finding) => {
            vec![run(severity_tone(finding.severity), format!("{} {}", finding.code, finding.title))]
        }
        None if !chosen.entry.exchange.is_finished() => vec![run(Tone::Dim, "still open")],
        None if !chosen.lanes.scope.model_differs.is_empty() => {
            vec![run(Tone::Bad, "✗ the app says otherwise than the model")]
        }
        None if chosen.lanes.answer.status.is_some_and(|status| status < 400) => {
            vec![run(Tone::Good, "✓ nothing wrong found")]
        }
        None if own_answer(chosen) => vec![run(Tone::Text, "the app's own answer")],
        None => vec![run(Tone::Dim, "no rule knows this")],
    }
}

/// True if it was the app that answered, or its server in its place.
fn own_answer(chosen: &Chosen) -> bool {
    matches!(chosen.lanes.answer.by, Author::App(_) | Author::Server(_))
}

/// What can be said of a failure for which there is no finding.
fn unexplained(chosen: &Chosen) -> Option<String> {
    let (lanes, exchange) = (&chosen.lanes, &chosen.entry.exchange);
    let status = lanes.answer.status.filter(|status| *status >= 400 && exchange.is_finished())?;
    let by = lanes.answer.by.word();
    if lanes.rewritten.rewrite == Rewrite::NeverReached {
        return Some(format!("{by} answered {status} by itself; the app never got the request."));
    }
    if !own_answer(chosen) {
        return None;
    }
    let no_route =
        lanes.scope.view.as_ref().filter(|view| view.route == RouteMatch::None && matches!(status, 403 | 404));
    Some(match no_route {
        Some(view) => format!(
            "No route of the app is known that takes {}. Nothing wrong was found on the way there.",
            view.route_path
        ),
        None => format!("The app answered {status} itself. Nothing wrong was found on the way there."),
    })
}

/// A part of the verdict: its lines, and its rank when room is short (lower goes last).
struct Part {
    lines: Vec<Runs>,
    rank: u8,
}

/// The rank of the line that says what came back.
const GOT: u8 = 3;

/// The whole verdict for a width in cells. `brief` leaves out what the stacked lanes already say.
pub(super) fn lines(chosen: &Chosen, setup: &Setup, width: usize, brief: bool, reveal: bool) -> Vec<Runs> {
    parts(chosen, setup, width, brief, reveal).into_iter().flat_map(|part| part.lines).collect()
}

/// The verdict in at most `height` lines: each part keeps at least its first line while that is possible, the cause and
/// the first fix longest. Gives true if something had to go.
pub(super) fn fitted(
    chosen: &Chosen,
    setup: &Setup,
    (width, height): (usize, usize),
    brief: bool,
    reveal: bool,
) -> (Vec<Runs>, bool) {
    let mut parts = parts(chosen, setup, width, brief, reveal);
    let count = |parts: &[Part]| parts.iter().map(|part| part.lines.len()).sum::<usize>();
    if count(&parts) > height && !chosen.entry.findings.is_empty() {
        // The list says it as well.
        parts.retain(|part| part.rank != GOT);
    }
    let cut = count(&parts) > height;
    while parts.len() > height.max(1) {
        let last =
            parts.iter().enumerate().max_by_key(|(index, part)| (part.rank, *index)).map_or(0, |(index, _)| index);
        parts.remove(last);
    }
    while count(&parts) > height.max(1) {
        let Some(longest) = parts.iter_mut().max_by_key(|part| (part.lines.len(), part.rank)) else { break };
        longest.lines.pop();
        if let Some((text, label)) = longest.lines.last_mut().and_then(|line| line.split_last_mut()) {
            let room = width.saturating_sub(width_of(label));
            text.text = cut_end(&format!("{} …", text.text), room);
        }
    }
    (parts.into_iter().flat_map(|part| part.lines).collect(), cut)
}

/// What the app says otherwise than the model: everything else is concluded from the app's word.
fn model(chosen: &Chosen, width: usize) -> Option<Part> {
    let scope = &chosen.lanes.scope;
    let first = scope.model_differs.first()?;
    let more = match scope.model_differs.len() {
        1 => String::new(),
        count => format!(", and {} more", count - 1),
    };
    let explanation = scope.probe.as_ref().and_then(|word| word.explanation.as_deref()).unwrap_or_default();
    let said = format!("{}: the app has {}, the model {}{more}; {explanation}", first.key, first.probe, first.model);
    Some(Part { lines: labelled("MODEL ", Tone::Bad, &said, width), rank: 0 })
}

fn parts(chosen: &Chosen, setup: &Setup, width: usize, brief: bool, reveal: bool) -> Vec<Part> {
    let mut parts = Vec::new();
    if !brief {
        let mut got = vec![run(Tone::Dim, "GOT  ")];
        got.extend(answer(&chosen.lanes, !chosen.entry.exchange.is_finished(), reveal));
        parts.push(Part { lines: vec![got], rank: GOT });
    }
    parts.extend(model(chosen, width));
    for (index, finding) in chosen.entry.findings.iter().enumerate() {
        let further = index > 0;
        if further {
            let name = run(severity_tone(finding.severity), format!("{} {}", finding.code, finding.title));
            parts.push(Part { lines: vec![vec![run(Tone::Dim, "ALSO "), name]], rank: 5 });
        }
        parts.extend(
            finding_parts(finding, width)
                .into_iter()
                .map(|part| Part { rank: if further { 6 } else { part.rank }, ..part }),
        );
    }
    if let Some(text) = unexplained(chosen).filter(|_| chosen.entry.findings.is_empty()) {
        parts.push(Part { lines: labelled("WHY  ", Tone::Dim, &text, width), rank: 0 });
    }
    if chosen.entry.findings.is_empty() && !brief {
        let way = vec![run(Tone::Dim, "WAY  "), run(Tone::Text, chain(chosen, setup))];
        parts.push(Part { lines: vec![way], rank: 4 });
    }
    parts
}

fn finding_parts(finding: &Finding, width: usize) -> Vec<Part> {
    let mut parts = Vec::new();
    if let Some(follows) = &finding.follows {
        let text = match follows {
            Follows::Code(code) => format!("↳ follows from {code}"),
            Follows::Exchange(id, code) => format!("↳ follows from #{} {code}", id.0),
        };
        parts.push(Part { lines: vec![vec![run(Tone::Dim, "     "), run(Tone::Warn, text)]], rank: 2 });
    }
    parts.push(Part { lines: labelled("WHY  ", Tone::Dim, &finding.why, width), rank: 0 });
    for (letter, fix) in ('A'..='Z').zip(&finding.fix) {
        let label = if letter == 'A' { "FIX  " } else { "     " };
        let letter_shown = if finding.fix.len() > 1 { format!("{letter}  ") } else { String::new() };
        let lines = labelled(&format!("{label}{letter_shown}"), Tone::Good, &fix.to_string(), width);
        parts.push(Part { lines, rank: if letter == 'A' { 0 } else { 4 } });
    }
    if let Some(not) = &finding.not {
        parts.push(Part { lines: labelled("NOT  ", Tone::Bad, not, width), rank: 1 });
    }
    parts
}

/// A label, and a text that is wrapped beside it.
fn labelled(label: &str, tone: Tone, text: &str, width: usize) -> Vec<Runs> {
    let indent = label.chars().count();
    let text = visible(text.as_bytes());
    let lines = wrap(&text, width.saturating_sub(indent));
    let label_of = |index: usize| if index == 0 { label.to_owned() } else { " ".repeat(indent) };
    lines.into_iter().enumerate().map(|(index, line)| vec![run(tone, label_of(index)), run(Tone::Text, line)]).collect()
}
