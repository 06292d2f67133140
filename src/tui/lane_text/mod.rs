//! The four lanes as lines of text: the first lane here, each other one in a file of its own.

mod answer;
mod forwarded;
mod rewritten;
mod scope;
mod stacked;

pub(super) use answer::{answer, chain};
pub(super) use forwarded::short_name;
pub(super) use rewritten::rewrite_words;
pub(super) use stacked::stacked;

use super::row::{bracketed, shown_target, split_prefix};
use super::screenful::Chosen;
use super::text::{Runs, cut_end, cut_middle, pad, run, wrap};
use super::theme::Tone;
use crate::exchange::TapId;
use crate::lanes::secrets::redact_field;
use crate::lanes::visible::visible;
use crate::lanes::{Lanes, Setup, Source};

/// A line of a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LaneLine {
    pub(super) runs: Runs,
    /// True if it shows a difference: what stays when only those are asked for.
    pub(super) differs: bool,
}

/// Cells that the label of a fact takes, blank included.
const LABEL: usize = 10;

/// What a lane is called.
pub(super) const TITLES: [&str; 4] = ["Original URL", "Forwarded headers", "Rewritten path", "ASGI scope"];

/// How what a lane shows is known.
///
/// A scope derived for a server of which something is not known, or told in two ways, may be another one: `derived?`.
pub(super) fn source_word(lanes: &Lanes, setup: &Setup, lane: u8) -> String {
    let source = match lane {
        0 => lanes.original.source,
        1 => lanes.forwarded.source,
        2 => lanes.rewritten.source,
        _ => lanes.scope.source,
    };
    match (lane, source, &lanes.rewritten.rule) {
        (2, Source::Seen, Some(_)) => format!("{}+{}", Source::Seen.word(), Source::Rule.word()),
        (3, Source::Derived, _) if setup.provenance.doubts().next().is_some() => format!("{}?", source.word()),
        _ => source.word().to_owned(),
    }
}

/// How a source looks: what was not seen is set apart.
pub(super) fn source_tone(lanes: &Lanes, setup: &Setup, lane: u8) -> Tone {
    match source_word(lanes, setup, lane).as_str() {
        "unknown" | "derived?" => Tone::Warn,
        "derived" => Tone::Prefix,
        _ => Tone::Good,
    }
}

/// The lines of a lane, counted from 0, for a width in cells.
pub(super) fn lane(n: u8, chosen: &Chosen, setup: &Setup, width: usize, reveal: bool) -> Vec<LaneLine> {
    match n {
        0 => original(chosen, setup, width, reveal),
        1 => forwarded::forwarded(&chosen.lanes.forwarded, width, reveal),
        2 => rewritten::rewritten(chosen, setup, width, reveal),
        _ => scope::scope(&chosen.lanes, &setup.provenance, width, reveal),
    }
}

fn plain(runs: Runs) -> LaneLine {
    LaneLine { runs, differs: false }
}

fn differing(runs: Runs) -> LaneLine {
    LaneLine { runs, differs: true }
}

fn blank() -> LaneLine {
    plain(Vec::new())
}

/// `label     value`
fn fact(label: &str, value: impl Into<String>) -> LaneLine {
    plain(vec![run(Tone::Dim, pad(label, LABEL)), run(Tone::Text, value)])
}

/// `label     value   ≠ other`, or just the fact if there is no other.
fn compared(label: &str, value: &str, other: Option<String>, width: usize) -> LaneLine {
    let Some(other) = other else { return fact(label, cut_middle(value, width.saturating_sub(LABEL))) };
    let note = format!(" ≠ {other}");
    let room = width.saturating_sub(LABEL + note.chars().count()).max(6);
    differing(vec![
        run(Tone::Dim, pad(label, LABEL)),
        run(Tone::Changed, cut_middle(value, room)),
        run(Tone::Changed, note),
    ])
}

fn or_dash(value: Option<String>) -> String {
    value.unwrap_or_else(|| "-".to_owned())
}

/// A sentence on lines of its own, indented.
fn sentence(text: &str, tone: Tone, width: usize) -> impl Iterator<Item = LaneLine> + use<> {
    let text = visible(text.as_bytes());
    wrap(&text, width.saturating_sub(2)).into_iter().map(move |line| plain(vec![run(tone, format!("  {line}"))]))
}

/// `edge :9998`
pub(super) fn tap_name(setup: &Setup, tap: TapId) -> String {
    setup
        .taps
        .get(usize::from(tap.0))
        .map_or_else(|| "-".to_owned(), |tap| format!("{} :{}", tap.kind.word(), tap.listen.port()))
}

/// `http://localhost:9999`
pub(super) fn origin(lanes: &Lanes) -> String {
    let original = &lanes.original;
    let host = if original.host.is_empty() { "(no Host)" } else { &original.host };
    let port = original.port.map_or_else(String::new, |port| format!(":{port}"));
    visible(format!("{}://{host}{port}", original.scheme).as_bytes())
}

fn original(chosen: &Chosen, setup: &Setup, width: usize, reveal: bool) -> Vec<LaneLine> {
    let original = &chosen.lanes.original;
    let (prefix, rest) = split_prefix(&chosen.lanes, reveal);
    let path = visible(original.path.strip_prefix(original.prefix.as_bytes()).unwrap_or(&original.path));
    let value = width.saturating_sub(LABEL);
    let method = visible(original.method.as_bytes());
    let whole = format!("{prefix}{rest}");
    let mut path_line = vec![run(Tone::Dim, pad("path", LABEL))];
    let room = value.saturating_sub(if prefix.is_empty() { 0 } else { prefix.chars().count() + 2 });
    path_line.extend(bracketed(&prefix, &cut_middle(&path, room)));
    let query = original.query.as_deref().map(|query| shown_target(b"", Some(query), reveal));
    let referer = original.referer.as_deref().map(|referer| shown_value(b"referer", referer, reveal));
    let tap = chosen.entry.exchange.outer().map(|half| tap_name(setup, half.tap));
    vec![
        plain(vec![
            run(Tone::Title, format!("{method} ")),
            run(Tone::Text, cut_end(&origin(&chosen.lanes), width.saturating_sub(method.len() + 1))),
        ]),
        plain(vec![run(Tone::Text, format!("    {}", cut_middle(&whole, width.saturating_sub(4))))]),
        blank(),
        fact("scheme", original.scheme.clone()),
        fact("host", cut_end(&visible(original.host.as_bytes()), value)),
        fact("port", or_dash(original.port.map(|port| port.to_string()))),
        plain(path_line),
        fact("query", cut_middle(query.as_deref().map_or("-", |query| query.trim_start_matches('?')), value)),
        fact("peer", or_dash(original.peer.map(|peer| peer.to_string()))),
        fact("http", original.http_version),
        fact("referer", cut_middle(&or_dash(referer), value)),
        fact("tap", or_dash(tap)),
    ]
}

/// A header's value for the screen.
pub(super) fn shown_value(name: &[u8], value: &[u8], reveal: bool) -> String {
    let hidden = if reveal { None } else { redact_field(name, value) };
    hidden.unwrap_or_else(|| visible(value))
}
