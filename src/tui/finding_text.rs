//! A finding as lines of text: its cause, what it rests on, what to change and how far that was tried, what not to do.

use super::text::{Run, Runs, pad, run, width_of, wrap};
use super::theme::Tone;
use crate::diagnosis::{Fact, Finding, Fix, Standing, Trial};
use crate::lanes::Source;
use crate::lanes::visible::visible;

/// Cells of a label.
const LABEL: usize = 5;
/// Cells of the word that says how a fact is known.
const SOURCE: usize = 9;

/// A label, and a text that is wrapped beside it.
pub(super) fn labelled(label: &str, tone: Tone, text: &str, width: usize) -> Vec<Runs> {
    let indent = label.chars().count();
    let text = visible(text.as_bytes());
    let lines = wrap(&text, width.saturating_sub(indent));
    let label_of = |index: usize| if index == 0 { label.to_owned() } else { " ".repeat(indent) };
    lines.into_iter().enumerate().map(|(index, line)| vec![run(tone, label_of(index)), run(Tone::Text, line)]).collect()
}

/// The whole of it: the cause, the fixes with their diffs, what not to do, what it rests on; that last goes before the
/// fixes where it is asked for.
pub(super) fn whole(finding: &Finding, width: usize, evidence_first: bool) -> Vec<Runs> {
    let mut lines = labelled("WHY  ", Tone::Dim, &finding.why, width);
    let facts = evidence(finding, width);
    let mut advice: Vec<Runs> = Vec::new();
    for (index, part) in fixes(finding, width).into_iter().enumerate() {
        advice.extend(part);
        advice.extend(finding.fix.get(index).map(|fix| tried(fix, width)).unwrap_or_default());
    }
    advice.extend(finding.not.iter().flat_map(|not| labelled("NOT  ", Tone::Bad, not, width)));
    let parts = if evidence_first { [facts, advice] } else { [advice, facts] };
    lines.extend(parts.into_iter().flatten());
    lines
}

/// The fixes, each on as many lines as it takes, with letters where there are several.
fn fixes(finding: &Finding, width: usize) -> Vec<Vec<Runs>> {
    let several = finding.fix.len() > 1;
    let line = |(letter, fix): (char, &Fix)| labelled(&fix_label(letter, several), Tone::Good, &fix.line, width);
    ('A'..='Z').zip(&finding.fix).map(line).collect()
}

/// `FIX  A  `, `     B  `, `FIX  `
pub(super) fn fix_label(letter: char, several: bool) -> String {
    let label = if letter == 'A' { "FIX  " } else { "     " };
    if several { format!("{label}{letter}  ") } else { label.to_owned() }
}

/// How far a fix was tried, and its diff.
fn tried(fix: &Fix, width: usize) -> Vec<Runs> {
    let indent = " ".repeat(LABEL);
    let mut lines = Vec::new();
    if let Some((tone, text)) = standing(&fix.standing) {
        let wrapped = wrap(&visible(text.as_bytes()), width.saturating_sub(LABEL + 2));
        let sign = |index| if index == 0 { "✓ " } else { "  " };
        lines.extend(
            wrapped
                .into_iter()
                .enumerate()
                .map(|(index, line)| vec![run(tone, format!("{indent}{}", sign(index))), run(tone, line)]),
        );
    }
    let diff = fix.diff.iter().flat_map(|diff| diff.lines());
    lines.extend(diff.map(|line| {
        let text = visible(line.replace('\t', "    ").as_bytes());
        vec![run(Tone::Text, indent.clone()), run(of_diff(&text), text)]
    }));
    lines
}

/// `predicted: 200, route /items/; checked on 12 requests, of which 3 were broken`
fn standing(standing: &Standing) -> Option<(Tone, String)> {
    match standing {
        Standing::Advice | Standing::Untried => None,
        Standing::Predicted(trial) => Some((Tone::Prefix, format!("{}: {}", standing.word(), of_trial(trial)))),
        Standing::Proven(trial) => Some((Tone::Good, format!("{}: {}", standing.word(), of_trial(trial)))),
    }
}

fn of_trial(trial: &Trial) -> String {
    let (mended, kept) = (trial.mended, trial.kept);
    match (mended, kept) {
        (0, _) | (1, 0) => trial.said(),
        (_, 0) => format!("{}: all mended", trial.said()),
        _ => format!("{}: {mended} mended, {kept} fine as before", trial.said()),
    }
}

fn of_diff(line: &str) -> Tone {
    match line.as_bytes() {
        [b'+', ..] => Tone::Added,
        [b'-', ..] => Tone::Removed,
        [b'@', ..] => Tone::Focus,
        _ => Tone::Dim,
    }
}

/// What it rests on, each fact with how and from where it is known; then what would settle it. Empty if nothing is noted.
pub(super) fn evidence(finding: &Finding, width: usize) -> Vec<Runs> {
    let mut parts: Vec<Vec<Runs>> = finding.facts.iter().map(|fact| of_fact(fact, width)).collect();
    if let Some(missing) = &finding.missing {
        parts.push(row(&run_of("missing", Tone::Warn), missing, width));
    }
    let label = |index: usize| run(Tone::Dim, if index == 0 { "HOW  " } else { "     " });
    let lines = parts.into_iter().flatten().enumerate();
    lines.map(|(index, line)| std::iter::once(label(index)).chain(line).collect()).collect()
}

/// `seen     #4: the app's server was asked for /api/v1/docs`
fn of_fact(fact: &Fact, width: usize) -> Vec<Runs> {
    let exchange = fact.exchange.map(|id| format!("#{}", id.0));
    let place = fact.place.as_ref().map(ToString::to_string);
    let from: Vec<String> = exchange.into_iter().chain(place).collect();
    let text = if from.is_empty() { fact.what.clone() } else { format!("{}: {}", from.join(", "), fact.what) };
    let tone = match fact.source {
        Source::Seen | Source::Rule | Source::Probe => Tone::Good,
        Source::Derived => Tone::Prefix,
        Source::Unknown => Tone::Warn,
    };
    row(&run_of(fact.source.word(), tone), &text, width)
}

fn run_of(word: &str, tone: Tone) -> Run {
    run(tone, pad(word, SOURCE))
}

/// A mark, and a text wrapped beside it, less the cells of the label before both.
fn row(mark: &Run, text: &str, width: usize) -> Vec<Runs> {
    let beside = width_of(std::slice::from_ref(mark));
    let room = width.saturating_sub(LABEL + beside);
    let lines = wrap(&visible(text.as_bytes()), room).into_iter().enumerate();
    let mark_of = |index: usize| if index == 0 { mark.clone() } else { run(Tone::Text, " ".repeat(beside)) };
    lines.map(|(index, line)| vec![mark_of(index), run(Tone::Text, line)]).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::diagnosis::{Confidence, Ground, Severity};
    use crate::exchange::ExchangeId;
    use crate::gateway::Place;

    fn text(lines: &[Runs]) -> String {
        let line = |runs: &Runs| runs.iter().map(|run| run.text.as_str()).collect::<String>().trim_end().to_owned();
        lines.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_finding_is_told_whole_and_nothing_of_it_is_raw() {
        let fact = |source, exchange: Option<u64>, place, what: &str| Fact {
            source,
            exchange: exchange.map(ExchangeId),
            place,
            what: what.to_owned(),
            ground: Ground::Forwarded,
        };
        let place = Place::new(Path::new("nginx.conf"), 12);
        let trial = Trial { result: "200, route /items/".to_owned(), mended: 3, kept: 9 };
        let diff = "@@ -12 +12 @@\n-\tproxy_pass http://app;\n+\tproxy_pass http://app/; # \u{1b}[31m\n";
        let predicted = Fix { diff: Some(diff.into()), ..Fix::candidate("strip /p", []) };
        let finding = Finding {
            code: "PX01",
            title: "prefix kept, app not told",
            severity: Severity::Error,
            why: "The app was asked for /p/items.".to_owned(),
            about: "/p".to_owned(),
            facts: vec![
                fact(Source::Seen, Some(4), None, "the app's server was asked for /p/items\u{1b}[2J"),
                fact(Source::Rule, None, Some(place), "location /p/ keeps the prefix"),
            ],
            missing: Some("the app's routes".to_owned()),
            fix: vec![Fix { standing: Standing::Predicted(trial), ..predicted }, Fix::advice("or tell the app")],
            not: Some("--root-path alone".to_owned()),
            confidence: Confidence::Medium,
            primary: true,
            follows: None,
        };
        insta::assert_snapshot!(text(&whole(&finding, 60, false)));
        let first = text(&whole(&finding, 60, true));
        assert!(first.find("HOW") < first.find("FIX"), "{first}");
    }
}
