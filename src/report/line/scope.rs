//! Lane 4 in the line: the scope, what the framework makes of it, and what the probe says of both.

use std::borrow::Cow;

use serde::Serialize;

use super::{query_text, text, url_text};
use crate::asgi::framework::RouteMatch;
use crate::asgi::{self, Address, Outcome};
use crate::lanes::{self, Provenance};
use crate::report::{Shown, Style};

/// The lane.
#[derive(Debug, Default, Serialize)]
pub(super) struct Scope<'a> {
    source: &'static str,
    server: &'a str,
    known: Known<'a>,
    outcome: Option<&'static str>,
    why: Option<&'a str>,
    #[serde(rename = "type")]
    kind: Option<&'static str>,
    http_version: Option<&'a str>,
    scheme: Option<&'a str>,
    path: Option<&'a str>,
    raw_path: Option<Cow<'a, str>>,
    query_string: Option<Cow<'a, str>>,
    root_path: Option<&'a str>,
    client: Option<(Option<&'a str>, Option<Port<'a>>)>,
    server_address: Option<(Option<&'a str>, Option<Port<'a>>)>,
    subprotocols: &'a [String],
    route_path: Option<&'a str>,
    route: Option<Route<'a>>,
    base_url: Option<&'a str>,
    url_for: Option<&'a str>,
    slash_redirect: Option<Cow<'a, str>>,
    openapi_url: Option<&'a str>,
    probe: Option<Probe<'a>>,
    probe_silent: Option<&'a str>,
    model_differs: Vec<Differs<'a>>,
}

#[derive(Debug, Default, Serialize)]
struct Known<'a> {
    process: Option<&'a str>,
    options: Vec<KnownOption<'a>>,
    doubts: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
struct KnownOption<'a> {
    option: &'a str,
    value: &'a str,
    from: &'a str,
}

#[derive(Debug, Serialize)]
struct Probe<'a> {
    with: &'a [String],
    endpoint: Option<&'a str>,
    explanation: Option<&'a str>,
    trouble: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Differs<'a> {
    key: &'static str,
    model: &'a str,
    probe: &'a str,
}

#[derive(Debug, Serialize)]
struct Route<'a> {
    #[serde(rename = "match")]
    kind: &'static str,
    template: Option<&'a str>,
}

/// A port as it has it in the scope.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Port<'a> {
    Number(i64),
    Text(&'a str),
}

/// Lane 4 as it is written.
pub(super) fn scope<'a>(shown: Shown<'a>, style: &Style) -> Scope<'a> {
    let lane = &shown.lanes.scope;
    let known = known(shown.setup.provenance_at(&shown.entry.exchange));
    let (outcome, why) = match &lane.outcome {
        Some(Outcome::Scope(_)) => (Some("scope"), None),
        Some(Outcome::Refused { why, .. }) => (Some("refused"), Some(why.as_str())),
        Some(Outcome::Closed { why }) => (Some("closed"), Some(why.as_str())),
        Some(Outcome::Unknown { why }) => (Some("unknown"), Some(why.as_str())),
        None => (None, None),
    };
    let mut shown = Scope { source: lane.source.word(), server: &lane.server, known, outcome, why, ..Scope::default() };
    let view = lane.view.as_ref();
    if let Some(scope) = view.map(|view| &view.scope).or_else(|| lane.outcome.as_ref()?.scope()) {
        shown.kind = Some(scope.kind.name());
        shown.http_version = scope.http_version.as_deref();
        shown.scheme = scope.scheme.as_deref();
        shown.path = Some(&scope.path);
        shown.raw_path = Some(text(&scope.raw_path));
        shown.query_string = Some(query_text(&scope.query_string, style));
        shown.root_path = Some(&scope.root_path);
        shown.client = scope.client.as_ref().map(address);
        shown.server_address = scope.server.as_ref().map(address);
        shown.subprotocols = &scope.subprotocols;
    }
    if let Some(view) = view {
        shown.route_path = Some(&view.route_path);
        shown.route = Some(route(&view.route));
        shown.base_url = view.base_url.as_deref();
        shown.url_for = view.url_for.as_deref();
        shown.slash_redirect = view.slash_redirect.as_ref().map(|to| url_text(to.as_bytes(), style));
        shown.openapi_url = Some(&view.openapi_url);
    }
    if let Some((_, routed)) = &lane.other {
        shown.route_path = routed.path.as_deref();
    }
    shown.probe = lane.probe.as_deref().map(|word| Probe {
        with: &word.frameworks,
        endpoint: word.endpoint.as_deref(),
        explanation: word.explanation.as_deref(),
        trouble: word.trouble.as_deref(),
    });
    shown.probe_silent = lane.probe_silent.as_deref();
    let differs = lane.model_differs.iter();
    shown.model_differs =
        differs.map(|found| Differs { key: found.key, model: &found.model, probe: &found.probe }).collect();
    shown
}

fn known(provenance: &Provenance) -> Known<'_> {
    Known {
        process: provenance.process.as_deref(),
        options: provenance.options.iter().map(known_option).collect(),
        doubts: provenance.doubts().collect(),
    }
}

fn known_option(lanes::Known { option, value, from }: &lanes::Known) -> KnownOption<'_> {
    KnownOption { option, value, from }
}

/// `[host, port]`, the shape it has in the scope.
fn address(address: &Address) -> (Option<&str>, Option<Port<'_>>) {
    let port = address.port.as_ref().map(|port| match port {
        asgi::Port::Number(number) => Port::Number(*number),
        asgi::Port::Text(text) => Port::Text(text),
    });
    (address.host.as_deref(), port)
}

fn route(route: &RouteMatch) -> Route<'_> {
    let (kind, template) = match route {
        RouteMatch::Unknown => ("unknown", None),
        RouteMatch::Route(template) => ("route", Some(template.as_str())),
        RouteMatch::OtherMethod(template) => ("other-method", Some(template.as_str())),
        RouteMatch::Mount(mount) => ("mount", Some(mount.as_str())),
        RouteMatch::Slash(path) => ("slash", Some(path.as_str())),
        RouteMatch::None => ("none", None),
    };
    Route { kind, template }
}
