//! Lane 4: the scope the app sees, the route that follows from it, and the URLs the framework would build.

use super::{LABEL, LaneLine, blank, compared, differing, fact, or_dash, origin, plain, sentence};
use crate::asgi::framework::{AppView, RouteMatch};
use crate::asgi::{Address, Outcome, Scope};
use crate::lanes::visible::visible;
use crate::lanes::{Lanes, Provenance, Rewrite, ScopeLane};
use crate::tui::row::shown_target;
use crate::tui::text::{Run, cut_end, cut_middle, pad, run};
use crate::tui::theme::Tone;

pub(super) fn scope(lanes: &Lanes, provenance: &Provenance, width: usize, reveal: bool) -> Vec<LaneLine> {
    let mut lines = match &lanes.scope.outcome {
        None => vec![plain(vec![run(Tone::Dim, unseen(lanes))])],
        Some(Outcome::Scope(scope)) => match &lanes.scope.view {
            Some(view) => scope_facts(lanes, &view.scope, Some(view), width, reveal),
            None => scope_facts(lanes, scope, None, width, reveal),
        },
        Some(Outcome::Refused { status, why }) => refusal(&format!("the server answers {status}"), why, width),
        Some(Outcome::Closed { why }) => refusal("the server closes the connection", why, width),
        Some(Outcome::Unknown { why }) => refusal("not known", why, width),
    };
    if !lanes.scope.server.is_empty() && lanes.scope.outcome.is_some() {
        lines.push(fact("by", cut_end(&visible(lanes.scope.server.as_bytes()), width.saturating_sub(LABEL))));
        lines.extend(set_up(provenance, width));
    }
    lines.extend(probe_lines(&lanes.scope, width));
    if let Some(found) = lanes.scope.model_differs.first() {
        // Said at the top as well: the lane may be too short for its end.
        let more = if lanes.scope.model_differs.len() > 1 { " …" } else { "" };
        lines.insert(0, differing(vec![run(Tone::Bad, format!("✗ model: other {}{more}", found.key))]));
    }
    lines
}

/// How the server is known: what is to be wary of, then each thing that was said to it, and where.
fn set_up(provenance: &Provenance, width: usize) -> Vec<LaneLine> {
    let mut lines = Vec::new();
    for doubt in provenance.doubts() {
        lines.extend(sentence(&visible(doubt.as_bytes()), Tone::Warn, width));
    }
    for (what, from) in provenance.lines() {
        let text = visible(format!("{what} ({from})").as_bytes());
        lines.extend(sentence(&text, Tone::Dim, width));
    }
    lines
}

/// What the probe said beside the scope, and where the model has it otherwise.
fn probe_lines(lane: &ScopeLane, width: usize) -> Vec<LaneLine> {
    let text = |text: &str| visible(text.as_bytes());
    let mut lines = Vec::new();
    if let Some(word) = &lane.probe {
        let room = width.saturating_sub(LABEL);
        lines.extend(word.endpoint.iter().map(|endpoint| fact("endpoint", cut_middle(&text(endpoint), room))));
        if !word.frameworks.is_empty() {
            lines.push(fact("with", cut_end(&text(&word.frameworks.join(", ")), room)));
        }
        if let Some(trouble) = &word.trouble {
            lines.extend(sentence(&format!("probe: {}", text(trouble)), Tone::Warn, width));
        }
    }
    if let Some(silence) = &lane.probe_silent {
        lines.extend(sentence(&format!("the probe {}", text(silence)), Tone::Dim, width));
    }
    if lane.model_differs.is_empty() {
        return lines;
    }
    lines.push(blank());
    lines.push(differing(vec![run(Tone::Bad, "✗ the app says otherwise")]));
    for found in &lane.model_differs {
        let values = [format!("app   {}", text(&found.probe)), format!("model {}", text(&found.model))];
        lines.push(differing(vec![run(Tone::Changed, format!("≠ {}", found.key))]));
        lines.extend(values.map(|value| {
            differing(vec![run(Tone::Text, format!("  {}", cut_middle(&value, width.saturating_sub(2))))])
        }));
    }
    if let Some(why) = lane.probe.as_ref().and_then(|word| word.explanation.as_deref()) {
        lines.extend(sentence(&text(why), Tone::Warn, width));
    }
    lines
}

/// Why there is no scope to show.
pub(super) fn unseen(lanes: &Lanes) -> &'static str {
    if lanes.rewritten.rewrite == Rewrite::NeverReached { "the app never saw it" } else { "not seen from here" }
}

fn refusal(head: &str, why: &str, width: usize) -> Vec<LaneLine> {
    let mut lines = vec![differing(vec![run(Tone::Bad, head)])];
    lines.extend(sentence(why, Tone::Dim, width));
    lines.push(blank());
    lines
}

/// `127.0.0.1:8000`, or the path of a unix socket.
pub(in crate::tui) fn address(address: &Address) -> String {
    let host = visible(address.host().as_bytes());
    match &address.port {
        Some(port) if host.contains(':') => format!("[{host}]:{port}"),
        Some(port) => format!("{host}:{port}"),
        None => host,
    }
}

fn scope_facts(lanes: &Lanes, scope: &Scope, view: Option<&AppView>, width: usize, reveal: bool) -> Vec<LaneLine> {
    let text = |text: &str| visible(text.as_bytes());
    let original = &lanes.original;
    let root = if scope.root_path.is_empty() { "\"\"".to_owned() } else { text(&scope.root_path) };
    let path = text(&scope.path);
    let raw = visible(&scope.raw_path);
    let websocket_scheme =
        |scheme: &str| matches!((scheme, original.scheme.as_str()), ("ws", "http") | ("wss", "https"));
    let scheme_differs = scope.scheme() != original.scheme && !websocket_scheme(scope.scheme());
    let client_differs = match (&scope.client, original.peer) {
        (Some(client), Some(peer)) => client.host() != peer.ip().to_string(),
        _ => false,
    };
    let mut lines = vec![
        fact("type", format!("{} {}", scope.kind.name(), scope.http_version.as_deref().unwrap_or_default())),
        fact("path", cut_middle(&path, width.saturating_sub(LABEL))),
        compared("raw_path", &raw, (raw != path).then(|| "path".to_owned()), width),
        compared("root_path", &root, (scope.root_path != original.prefix).then(|| "prefix".to_owned()), width),
    ];
    if let Some(view) = view {
        lines.extend(route_facts(view, width));
    }
    if let Some((name, routed)) = &lanes.scope.other {
        let routed = format!("{} ({name})", routed.path.as_deref().unwrap_or("nothing: 404"));
        lines.push(fact("routes on", cut_middle(&text(&routed), width.saturating_sub(LABEL))));
    }
    let differs_from = |differs: bool, word: &str| differs.then(|| word.to_owned());
    lines.push(compared("scheme", &text(scope.scheme()), differs_from(scheme_differs, &original.scheme), width));
    lines.push(fact("server", or_dash(scope.server.as_ref().map(address))));
    lines.push(compared(
        "client",
        &or_dash(scope.client.as_ref().map(address)),
        differs_from(client_differs, "peer"),
        width,
    ));
    if let Some(view) = view {
        lines.extend(link_facts(lanes, view, width, reveal));
    }
    lines
}

/// The route path and what takes it.
fn route_facts(view: &AppView, width: usize) -> Vec<LaneLine> {
    let mut lines = Vec::new();
    if view.root_path_replaced {
        lines.push(plain(vec![run(Tone::Dim, format!("{}set by the app itself", " ".repeat(LABEL)))]));
    }
    let path = visible(view.route_path.as_bytes());
    lines.push(fact("route", cut_middle(&path, width.saturating_sub(LABEL))));
    let note = route_note(&view.route);
    if let Some(note) = note {
        lines.push(LaneLine {
            differs: note.tone != Tone::Dim,
            runs: vec![run(note.tone, format!("{}^ {}", " ".repeat(LABEL), note.text))],
        });
    }
    if !view.path_has_root {
        lines.push(differing(vec![run(Tone::Warn, "! path lacks root_path: mounts 404")]));
    }
    lines
}

/// What is known of the route that takes a path.
pub(in crate::tui) fn route_note(route: &RouteMatch) -> Option<Run> {
    let text = |text: &str| visible(text.as_bytes());
    match route {
        RouteMatch::Unknown => None,
        RouteMatch::Route(template) => Some(run(Tone::Dim, text(template))),
        RouteMatch::OtherMethod(template) => Some(run(Tone::Bad, format!("{}: other methods", text(template)))),
        RouteMatch::Mount(mount) => Some(run(Tone::Dim, format!("mount {}", text(mount)))),
        RouteMatch::Slash(path) => Some(run(Tone::Warn, format!("only {}", text(path)))),
        RouteMatch::None => Some(run(Tone::Bad, "no route")),
    }
}

/// The URLs that the framework would build.
fn link_facts(lanes: &Lanes, view: &AppView, width: usize, reveal: bool) -> Vec<LaneLine> {
    let asked = format!("{}{}", origin(lanes), visible(&lanes.original.path));
    let room = width.saturating_sub(LABEL);
    let link = |label: &str, url: &str, differs: bool| {
        let url = shown_target(url.as_bytes(), None, reveal);
        let url = url.strip_prefix(&origin(lanes)).filter(|path| path.starts_with('/')).unwrap_or(&url);
        let (sign, tone) = if differs { ("≠ ", Tone::Changed) } else { ("", Tone::Text) };
        let runs = vec![
            run(Tone::Dim, pad(label, LABEL)),
            run(tone, format!("{sign}{}", cut_middle(url, room.saturating_sub(sign.chars().count())))),
        ];
        LaneLine { runs, differs }
    };
    // A websocket's URL has a scheme of its own for the same place.
    let place = |url: &str| url.trim_end_matches('/').replacen("ws", "http", usize::from(url.starts_with("ws")));
    let same_url = |url: &str| place(url) == place(&asked);
    let prefix = &lanes.original.prefix;
    let has_prefix = view.openapi_url.starts_with(prefix.as_str());
    let [url_for, slash_redirect] = [&view.url_for, &view.slash_redirect].map(|url| url.as_deref().unwrap_or_default());
    [
        ("url_for", url_for, !same_url(url_for)),
        ("slash →", slash_redirect, !same_url(slash_redirect)),
        ("docs ask", view.openapi_url.as_str(), !has_prefix),
    ]
    .into_iter()
    .filter(|(label, url, _)| !url.is_empty() && (*label == "url_for" || !lanes.original.websocket))
    .map(|(label, url, differs)| link(label, url, differs))
    .collect()
}
