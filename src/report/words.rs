//! Values as text: made visible, credentials hidden, and the words for states.

use jiff::Timestamp;

use super::{Shown, Style};
use crate::asgi::probed::Difference;
use crate::diagnosis::{Fact, Finding, Follows};
use crate::exchange::{Ending, Exchange, Half, Pairing, Phase};
use crate::lanes::secrets::{redact_field, redact_query, redact_url};
use crate::lanes::visible::visible;
use crate::lanes::{Reading, Rewrite, ScopeLane, Source, TapKind};

/// A word of ours in a colour (ECMA-48 SGR), if colours are wanted.
pub(super) fn colored(text: &str, sgr: &str, style: &Style) -> String {
    if style.color { format!("\x1b[{sgr}m{text}\x1b[0m") } else { text.to_owned() }
}

/// A path: shown as on the wire.
pub(super) fn path(bytes: &[u8]) -> String {
    visible(bytes)
}

/// A query, with its `?`; empty if there is none.
pub(super) fn query(query: Option<&[u8]>, style: &Style) -> String {
    query.map(|query| format!("?{}", bare_query(query, style))).unwrap_or_default()
}

/// A query without its `?`.
pub(super) fn bare_query(query: &[u8], style: &Style) -> String {
    if style.redact { visible(&redact_query(query)) } else { visible(query) }
}

/// A URL or a reference to one.
pub(super) fn url(url: &[u8], style: &Style) -> String {
    if style.redact { visible(&redact_url(url)) } else { visible(url) }
}

/// A header's value.
pub(super) fn value(name: &str, value: &[u8], style: &Style) -> String {
    let hidden = if style.redact { redact_field(name.as_bytes(), value) } else { None };
    hidden.unwrap_or_else(|| visible(value))
}

/// The URL the client asked for.
pub(super) fn original_url(shown: Shown<'_>, style: &Style) -> String {
    let original = &shown.lanes.original;
    let host = visible(original.host.as_bytes());
    let port = original.port.map(|port| format!(":{port}")).unwrap_or_default();
    let origin =
        if host.is_empty() { String::new() } else { format!("{}://{host}{port}", visible(original.scheme.as_bytes())) };
    format!("{origin}{}{}", path(&original.path), query(original.query.as_deref(), style))
}

/// Milliseconds with as many digits as help.
pub(super) fn millis(micros: u64) -> String {
    match micros {
        0..10_000 => format!("{}.{} ms", micros / 1000, micros % 1000 / 100),
        10_000..10_000_000 => format!("{} ms", micros / 1000),
        _ => format!("{} s", micros / 1_000_000),
    }
}

/// When the exchange's request was complete.
pub(super) fn started(exchange: &Exchange) -> Timestamp {
    time(exchange.outer().map_or(0, |half| half.times.started))
}

/// Microseconds since 1970-01-01 UTC as a time.
pub(super) fn time(micros: u64) -> Timestamp {
    i64::try_from(micros).ok().and_then(|micros| Timestamp::from_microsecond(micros).ok()).unwrap_or_default()
}

/// The faults of the model that the probe shows, a sentence each, and what explains them. Not made visible.
pub(super) fn model_differs(lane: &ScopeLane, style: &Style) -> Vec<String> {
    let sign = if style.ascii { "#" } else { "≠" };
    let fault =
        |found: &Difference| format!("{sign} {}: the app has {}, the model {}", found.key, found.probe, found.model);
    let explanation = lane.probe.as_ref().and_then(|word| word.explanation.clone());
    lane.model_differs.iter().map(fault).chain(explanation).collect()
}

/// How a lane is known. On paper nothing was seen: the request is `given`, and what the stand-in does is a `rule`.
pub(super) fn source(source: Source, on_paper: &'static str, style: &Style) -> &'static str {
    if style.predicted && source == Source::Seen { on_paper } else { source.word() }
}

/// The tap that shows the row.
pub(super) fn tap(shown: Shown<'_>) -> &'static str {
    let tap = shown.setup.taps.get(usize::from(shown.lanes.tap.0));
    tap.map_or_else(|| kind_by_halves(&shown.entry.exchange), |tap| tap.kind).word()
}

fn kind_by_halves(exchange: &Exchange) -> TapKind {
    match (exchange.pairing, &exchange.edge) {
        (Pairing::StandIn, _) => TapKind::StandIn,
        (_, Some(_)) => TapKind::Edge,
        (_, None) => TapKind::App,
    }
}

/// How the halves came together.
pub(super) const fn pairing(pairing: Pairing) -> &'static str {
    match pairing {
        Pairing::Lone => "lone",
        Pairing::ById => "id",
        Pairing::Guessed => "guessed",
        Pairing::StandIn => "stand-in",
    }
}

/// How the exchange ended for the client, and what there is to say about it.
pub(super) fn ending(exchange: &Exchange) -> (&'static str, Option<String>) {
    let ending = exchange.outer().map_or(&Ending::Open, |half: &Half| &half.ending);
    match ending {
        Ending::Open => ("open", None),
        Ending::Complete => ("complete", None),
        Ending::ClientGone(at) => ("client-gone", Some(phase(*at).to_owned())),
        Ending::UpstreamGone(at, why) => {
            ("upstream-gone", Some(format!("{}: {}", phase(*at), visible(why.as_bytes()))))
        }
        Ending::NoUpstream(why) => ("no-upstream", Some(visible(why.as_bytes()))),
        Ending::TimedOut(at) => ("timed-out", Some(phase(*at).to_owned())),
        Ending::Refused(why) => ("refused", Some(visible(why.as_bytes()))),
        Ending::NoRoute => ("no-route", None),
        Ending::Stopped => ("stopped", None),
    }
}

const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Request => "while reading the request",
        Phase::Connect => "while connecting",
        Phase::Wait => "while waiting for the response",
        Phase::Response => "while passing the response on",
        Phase::Tunnel => "after the upgrade",
    }
}

/// What became of the path, and the part that went or came.
pub(super) fn rewrite(rewrite: &Rewrite) -> (&'static str, Option<&str>) {
    match rewrite {
        Rewrite::Unknown => ("unknown", None),
        Rewrite::Kept => ("kept", None),
        Rewrite::Stripped(part) => ("stripped", Some(part)),
        Rewrite::Added(part) => ("added", Some(part)),
        Rewrite::Replaced => ("replaced", None),
        Rewrite::NeverReached => ("never-reached", None),
    }
}

/// Whether the server uses a header, and why not.
pub(super) fn reading(reading: &Reading) -> (&'static str, Option<&str>) {
    match reading {
        Reading::Believed => ("believed", None),
        Reading::Ignored(why) => ("ignored", Some(why)),
        Reading::NotRead => ("not-read", None),
        Reading::Plain => ("plain", None),
    }
}

/// What a finding follows from, in words.
pub(super) fn follows(finding: &Finding) -> Option<String> {
    finding.follows.as_ref().map(|follows| match follows {
        Follows::Code(code) => format!("follows {code}"),
        Follows::Exchange(id, code) => format!("follows {code} of #{}", id.0),
    })
}

/// How a fact is known, and from where: `seen, #4`, `rule, nginx.conf:12`. On paper there are no numbers, and what the user
/// wrote down is given. Not made visible.
pub(super) fn known_by(fact: &Fact, style: &Style) -> String {
    let source = source(fact.source, "given", style).to_owned();
    let exchange = fact.exchange.filter(|_| !style.predicted).map(|id| format!("#{}", id.0));
    let place = fact.place.as_ref().map(ToString::to_string);
    std::iter::once(source).chain(exchange).chain(place).collect::<Vec<_>>().join(", ")
}

/// The lines of a diff.
pub(super) fn diff(diff: &str) -> impl Iterator<Item = String> {
    diff.lines().map(|line| visible(line.replace('\t', "    ").as_bytes()))
}
