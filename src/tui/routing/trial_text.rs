//! The tried URL: what proxy, server and app make of it; and what they would make of it, set up otherwise.

use super::seen::{RoutesSeen, Tried};
use crate::asgi::Outcome;
use crate::asgi::framework::{AppView, RouteMatch};
use crate::dry_run::{Outlook, Way, WhatIf, Works};
use crate::gateway::{Gateway, StepKind};
use crate::lanes::visible::visible;
use crate::lanes::{Rewrite, Setup};
use crate::tui::text::{Run, Runs, pad, run, wrap};
use crate::tui::theme::Tone;

/// Cells of a label.
const LABEL: usize = 8;
/// Cells of yes and no.
const STRIP: usize = 6;

fn labelled(label: &str, runs: Runs) -> Runs {
    let mut line = vec![run(Tone::Dim, pad(label, LABEL))];
    line.extend(runs);
    line
}

fn text(label: &str, value: &str) -> Runs {
    labelled(label, vec![run(Tone::Text, visible(value.as_bytes()))])
}

/// A text over as many lines as it takes.
fn wrapped(label: &str, tone: Tone, value: &str, width: usize) -> Vec<Runs> {
    let lines = wrap(&visible(value.as_bytes()), width.saturating_sub(LABEL)).into_iter().enumerate();
    lines.map(|(index, line)| labelled(if index == 0 { label } else { "" }, vec![run(tone, line)])).collect()
}

/// The URL and what becomes of it.
pub(in crate::tui) fn trial(seen: &RoutesSeen, setup: &Setup, width: usize) -> Vec<Runs> {
    let mut lines = vec![labelled("URL", vec![run(Tone::Prefix, visible(seen.url.as_bytes()))])];
    match &seen.tried {
        Err(why) => lines.extend(wrapped("", Tone::Warn, why, width)),
        Ok(tried) => {
            lines.push(text("server", &server(setup)));
            lines.extend(proxy(tried, setup.gateway.as_ref(), width));
            lines.extend(app(tried, width));
        }
    }
    lines
}

fn server(setup: &Setup) -> String {
    let server = &setup.server;
    let option = server.program().root_path_option();
    format!(
        "{} {}  --{option} {:?}  app root_path {:?}",
        server.program(),
        server.version,
        server.root_path,
        setup.app.root_path
    )
}

/// What the proxy does, with the line that says so.
fn proxy(tried: &Tried, gateway: Option<&Gateway>, width: usize) -> Vec<Runs> {
    let lanes = &tried.run.lanes;
    let Some(gateway) = gateway else {
        return vec![text("router", "not known: taken as the app's server gets it")];
    };
    let way = tried.run.way.as_ref();
    let mut lines = Vec::new();
    lines.extend(
        way.iter().filter_map(|way| way.assumed.as_deref()).flat_map(|said| wrapped("", Tone::Dim, said, width)),
    );
    let router = way.and_then(|way| way.router).and_then(|index| gateway.routers.get(index));
    let rule = lanes.rewritten.rule.clone().unwrap_or_default();
    let router = match (router, lanes.rewritten.rewrite == Rewrite::NeverReached) {
        (Some(router), _) if rule.is_empty() || rule.starts_with(&router.name) => router.name.clone(),
        (Some(router), _) => format!("{}   {rule}", router.name),
        (None, true) => "none: no rule takes it".to_owned(),
        (None, false) => rule,
    };
    lines.push(text("router", &router));
    if let Some(way) = way.filter(|way| !way.unknown.is_empty()) {
        lines.extend(unknown(way, width));
    }
    let steps = way.iter().flat_map(|way| way.steps.iter().chain(&way.back));
    let assumed = steps.filter(|step| step.kind == StepKind::Assumed);
    lines.extend(assumed.flat_map(|step| wrapped("assumed", Tone::Dim, &step.to_string(), width)));
    if let Some(outgoing) = &lanes.rewritten.outgoing {
        let query = lanes.rewritten.query.as_deref().map(|query| format!("?{}", visible(query))).unwrap_or_default();
        let to = way.and_then(|way| way.to.as_ref()).map(|to| format!("   to {to}")).unwrap_or_default();
        lines.push(labelled("sent", vec![run(Tone::Text, visible(outgoing) + &query), run(Tone::Dim, to)]));
    }
    lines
}

/// The lines that are not understood and matter.
fn unknown(way: &Way, width: usize) -> Vec<Runs> {
    way.unknown.iter().flat_map(|doubt| wrapped("unknown", Tone::Warn, &doubt.to_string(), width)).collect()
}

/// What server and app make of what they get.
fn app(tried: &Tried, width: usize) -> Vec<Runs> {
    let lanes = &tried.run.lanes;
    let view = lanes.scope.view.as_ref();
    let scope = match (&lanes.scope.outcome, view) {
        (_, Some(view)) => Some(format!("path={}   root_path={:?}", view.scope.path, view.scope.root_path)),
        (Some(Outcome::Refused { status, why }), None) => Some(format!("{status} by itself: {why}")),
        (Some(Outcome::Closed { why }), None) => Some(format!("hangs up: {why}")),
        (Some(Outcome::Unknown { why }), None) => Some(format!("not known: {why}")),
        (Some(Outcome::Scope(scope)), None) => Some(format!("path={}", scope.path)),
        (None, None) => None,
    };
    let mut lines: Vec<Runs> = scope.iter().map(|scope| text("scope", scope)).chain(view.map(route)).collect();
    let answer = &lanes.answer;
    let unsure = tried.run.way.as_ref().is_some_and(|way| !way.unknown.is_empty());
    let mut result = match answer.status {
        Some(status) => vec![run(by_status(status), format!("{status} by {}", visible(answer.by.word().as_bytes())))],
        None if unsure => vec![run(Tone::Warn, "not known")],
        None => vec![run(Tone::Dim, "depends on the app")],
    };
    if let Some(finding) = tried.run.findings.first() {
        result.push(run(Tone::Bad, format!("   {} ", finding.code)));
        result.push(run(Tone::Text, finding.title));
    }
    lines.push(labelled("result", result));
    if let Some(fix) = tried.run.findings.first().and_then(|finding| finding.fix.first()) {
        lines.extend(wrapped("fix", Tone::Good, &fix.line, width));
    }
    if let Some(location) = &answer.location {
        lines.push(text("", &format!("Location: {}", String::from_utf8_lossy(location))));
    }
    if let Some(location) = answer.location_at_app.as_ref().filter(|at_app| answer.location.as_ref() != Some(*at_app)) {
        lines.push(text("", &format!("at the app: {}", String::from_utf8_lossy(location))));
    }
    lines
}

const fn by_status(status: u16) -> Tone {
    match status {
        100..=299 => Tone::Good,
        300..=499 => Tone::Warn,
        _ => Tone::Bad,
    }
}

fn route(view: &AppView) -> Runs {
    let (tone, verdict) = match &view.route {
        RouteMatch::Unknown => (Tone::Dim, "   the app's routes are not known".to_owned()),
        RouteMatch::Route(template) => (Tone::Good, format!("   route {template}")),
        RouteMatch::OtherMethod(template) => (Tone::Warn, format!("   route {template}, not for this method")),
        RouteMatch::Mount(mount) => (Tone::Good, format!("   mount {mount}")),
        RouteMatch::Slash(path) => (Tone::Warn, format!("   no route, but {path} is one")),
        RouteMatch::None => (Tone::Warn, "   no route".to_owned()),
    };
    let path = visible(view.route_path.as_bytes());
    labelled("route", vec![run(Tone::Text, path), run(tone, visible(verdict.as_bytes()))])
}

/// The what-ifs as a table.
pub(in crate::tui) fn what_ifs(seen: &RoutesSeen, ascii: bool) -> Vec<Runs> {
    let Ok(tried) = &seen.tried else { return Vec::new() };
    if tried.what_ifs.is_empty() {
        return vec![vec![run(Tone::Dim, "No prefix is known of this path: nothing hangs on strip or root path.")]];
    }
    let prefix = visible(tried.prefix.as_bytes());
    let told = prefix.chars().count().clamp(11, 18) + 1;
    let head = format!("  {}{}{}result", pad("strip", STRIP), pad("--root-path", told), pad("app root", told));
    let mut lines = vec![vec![run(Tone::Dim, head)]];
    for (letter, one) in ('A'..).zip(&tried.what_ifs) {
        let yes = |yes: bool| if yes { prefix.as_str() } else { "-" };
        let arrangement = one.arrangement;
        let strip = if arrangement.strip { "yes" } else { "no" };
        let text = format!(
            "{} {}{}{}",
            letter,
            pad(strip, STRIP),
            pad(yes(arrangement.server), told),
            pad(yes(arrangement.app), told)
        );
        let mut line = vec![run(if one.now { Tone::Focus } else { Tone::Text }, text)];
        line.push(verdict(one, &tried.prefix));
        // Before the rest, which may be cut.
        line.extend(marks(one, ascii));
        line.extend(rest(one));
        lines.push(line);
    }
    lines
}

/// `← recommended`, `now`
fn marks(one: &WhatIf, ascii: bool) -> Runs {
    let arrow = if ascii { "<-" } else { "←" };
    let now = one.now.then(|| run(Tone::Focus, "  now"));
    let best = one.recommended.then(|| run(Tone::Good, format!("  {arrow} best")));
    now.into_iter().chain(best).collect()
}

/// `✓ all of it`, `✗ PX05`
fn verdict(one: &WhatIf, prefix: &str) -> Run {
    match &one.outlook {
        Outlook::Refused(_) => run(Tone::Bad, "✗ refused"),
        Outlook::Unknown(_) => run(Tone::Dim, "? not known"),
        Outlook::Seen(works) if works.all() => run(Tone::Good, "✓ all of it"),
        Outlook::Seen(works) => run(Tone::Bad, format!("✗ {}", works.code(prefix).unwrap_or_default())),
    }
}

/// Why, or what does not work.
fn rest(one: &WhatIf) -> Option<Run> {
    let text = match &one.outlook {
        Outlook::Refused(why) | Outlook::Unknown(why) => visible(why.as_bytes()),
        Outlook::Seen(works) if works.all() => return None,
        Outlook::Seen(works) => missing(works),
    };
    Some(run(Tone::Text, format!("  {text}")))
}

/// What does not work: of a request that no route takes, nothing does.
fn missing(works: &Works) -> String {
    if !works.routed {
        return works.status.map_or_else(|| "no route".to_owned(), |status| status.to_string());
    }
    let parts = [(works.mounts, "mounts"), (works.docs, "docs"), (works.redirects, "redirects")];
    parts.iter().filter(|(works, _)| !works).map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
}
