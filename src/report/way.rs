//! The way through a configured proxy: its steps, each with the line that says so.

use std::borrow::Cow;
use std::path::Path;

use serde::Serialize;

use super::blocks::{Block, Row};
use super::{Style, line, words};
use crate::dry_run::Way;
use crate::gateway::{Destination, NotUnderstood, Place, Step, StepKind};
use crate::lanes::visible::visible;

/// The block above the lanes.
pub(super) fn block(way: &Way, style: &Style) -> Block {
    let plain = |label: &str, value: String| Row { mark: ' ', label: label.to_owned(), value };
    let step = |label: &str, step: &Step| Row {
        mark: if step.kind == StepKind::Assumed { '!' } else { ' ' },
        ..plain(label, shown(step, style))
    };
    let wary = |label: &str, value: &str| Row { mark: '!', label: label.to_owned(), value: visible(value.as_bytes()) };
    let release = way.release.map(|release| format!(" {release}")).unwrap_or_default();
    let mut rows = vec![plain("program", format!("{}{release}", way.proxy))];
    rows.extend(way.assumed.iter().map(|assumed| wary("assumed", assumed)));
    rows.extend(way.steps.iter().map(|taken| step(kind(&taken.kind), taken)));
    if let Some(to) = way.to.as_ref().filter(|_| !way.steps.iter().any(|step| step.kind == StepKind::Upstream)) {
        rows.push(plain("upstream", visible(to.url().as_bytes())));
    }
    rows.extend(way.back.iter().map(|taken| match &taken.kind {
        StepKind::Assumed => step(kind(&taken.kind), taken),
        _ => step("back", taken),
    }));
    rows.extend(way.unknown.iter().map(|doubt| wary("not known", &doubt.to_string())));
    Block { title: "0 Proxy", source: "rule", rows }
}

/// `stripPrefix /api/v1 → /items   [routes.toml:7]`
fn shown(step: &Step, style: &Style) -> String {
    let arrow = if style.ascii { "->" } else { "→" };
    let mut text = visible(step.text.as_bytes());
    if let Some(path) = &step.path {
        text = format!("{text}   {arrow} {}", words::url(path, style));
    }
    match &step.place {
        Some(place) => format!("{text}   [{}]", visible(place.to_string().as_bytes())),
        None => text,
    }
}

/// What a step is about, in a word.
const fn kind(kind: &StepKind) -> &'static str {
    match kind {
        StepKind::Listener => "listener",
        StepKind::Router => "router",
        StepKind::Path => "path",
        StepKind::Field(_) => "header",
        StepKind::Upstream => "upstream",
        StepKind::Answer => "answer",
        StepKind::Response => "response",
        StepKind::Assumed => "assumed",
    }
}

/// The same in a line of JSON.
#[derive(Debug, Serialize)]
pub(super) struct Told<'a> {
    name: &'static str,
    release: Option<String>,
    assumed: Option<&'a str>,
    steps: Vec<ToldStep<'a>>,
    to: Option<String>,
    back: Vec<ToldStep<'a>>,
    unknown: Vec<Doubt<'a>>,
}

#[derive(Debug, Serialize)]
struct ToldStep<'a> {
    kind: &'static str,
    name: Option<&'a str>,
    text: &'a str,
    path: Option<String>,
    #[serde(flatten)]
    at: At<'a>,
}

#[derive(Debug, Serialize)]
struct Doubt<'a> {
    what: &'a str,
    #[serde(flatten)]
    at: At<'a>,
}

/// A line of a file, if one is meant.
#[derive(Debug, Serialize)]
struct At<'a> {
    file: Option<Cow<'a, str>>,
    line: Option<u32>,
}

impl<'a> At<'a> {
    fn of(place: Option<&'a Place>) -> Self {
        let file = place.map(|place| Path::to_string_lossy(&place.file));
        Self { file, line: place.map(|place| place.line) }
    }
}

/// The way as a line of JSON has it.
pub(super) fn told<'a>(way: &'a Way, style: &Style) -> Told<'a> {
    let step = |step: &'a Step| ToldStep {
        kind: kind(&step.kind),
        name: match &step.kind {
            StepKind::Field(name) => Some(name),
            _ => None,
        },
        text: &step.text,
        path: step.path.as_deref().map(|path| line::url_text(path, style).into_owned()),
        at: At::of(step.place.as_ref()),
    };
    let doubt = |doubt: &'a NotUnderstood| Doubt { what: &doubt.what, at: At::of(doubt.place.as_ref()) };
    Told {
        name: way.proxy.word(),
        release: way.release.map(|release| release.to_string()),
        assumed: way.assumed.as_deref(),
        steps: way.steps.iter().map(step).collect(),
        to: way.to.as_ref().map(Destination::url),
        back: way.back.iter().map(step).collect(),
        unknown: way.unknown.iter().map(doubt).collect(),
    }
}
