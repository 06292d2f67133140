//! The verdict as lines of text: what came back, why, what to change, what not to do.

use super::finding_text::{evidence, fix_label, labelled};
use super::lane_text::{answer, chain};
use super::row::severity_tone;
use super::screenful::Chosen;
use super::text::{Runs, cut_end, run, width_of};
use super::theme::Tone;
use crate::asgi::framework::RouteMatch;
use crate::diagnosis::{Finding, Follows};
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
        None if chosen.supposed && chosen.lanes.answer.status.is_none() => {
            vec![run(Tone::Dim, "not known: it depends on the app")]
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

/// What of a verdict is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct What {
    /// Leave out what the stacked lanes already say.
    pub(super) brief: bool,
    /// What the findings rest on, in place of what to do.
    pub(super) evidence: bool,
    /// Show secrets.
    pub(super) reveal: bool,
}

/// The whole verdict for a width in cells.
pub(super) fn lines(chosen: &Chosen, setup: &Setup, width: usize, what: What) -> Vec<Runs> {
    parts(chosen, setup, width, what).into_iter().flat_map(|part| part.lines).collect()
}

/// The verdict in at most `height` lines: each part keeps at least its first line while that is possible, the cause and
/// the first fix longest. Gives true if something had to go.
pub(super) fn fitted(chosen: &Chosen, setup: &Setup, (width, height): (usize, usize), what: What) -> (Vec<Runs>, bool) {
    let mut parts = parts(chosen, setup, width, what);
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

fn parts(chosen: &Chosen, setup: &Setup, width: usize, what: What) -> Vec<Part> {
    let What { brief, reveal, .. } = what;
    let mut parts = Vec::new();
    if !brief {
        let mut got = vec![run(Tone::Dim, "GOT  ")];
        got.extend(answer(chosen, reveal));
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
            finding_parts(finding, width, what.evidence)
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

fn finding_parts(finding: &Finding, width: usize, shows_evidence: bool) -> Vec<Part> {
    let mut parts = Vec::new();
    if let Some(follows) = &finding.follows {
        let text = match follows {
            Follows::Code(code) => format!("↳ follows from {code}"),
            Follows::Exchange(id, code) => format!("↳ follows from #{} {code}", id.0),
        };
        parts.push(Part { lines: vec![vec![run(Tone::Dim, "     "), run(Tone::Warn, text)]], rank: 2 });
    }
    parts.push(Part { lines: labelled("WHY  ", Tone::Dim, &finding.why, width), rank: 0 });
    if shows_evidence {
        let facts = Some(evidence(finding, width)).filter(|lines| !lines.is_empty());
        let none = || vec![vec![run(Tone::Dim, "HOW  no fact is noted for it")]];
        parts.push(Part { lines: facts.unwrap_or_else(none), rank: 0 });
        return parts;
    }
    for (letter, fix) in ('A'..='Z').zip(&finding.fix) {
        let lines = labelled(&fix_label(letter, finding.fix.len() > 1), Tone::Good, &fix.to_string(), width);
        parts.push(Part { lines, rank: if letter == 'A' { 0 } else { 4 } });
    }
    if let Some(not) = &finding.not {
        parts.push(Part { lines: labelled("NOT  ", Tone::Bad, not, width), rank: 1 });
    }
    parts
}
