//! Lane 4: what the app sees: by its own word where the probe stands in it, else by the server's model.

use super::{Setup, Source};
use crate::asgi::framework::{self, App, AppView, Kind};
use crate::asgi::probed::{Difference, Probed, Routed};
use crate::asgi::server::{Ends, Program, Server};
use crate::asgi::{Outcome, Scope};
use crate::exchange::{Exchange, Half, Pairing};
use crate::gateway::hop_by_hop;

/// Lane 4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeLane {
    /// `Probe` if the app said it, `Derived` from the server's model; `Unknown` if the request never reached it.
    pub source: Source,
    /// The server and version, e.g. `uvicorn 0.54.0`: the app's word where it has one, else what was told.
    pub server: String,
    /// What the server does; `None` if the request never reached it.
    pub outcome: Option<Outcome>,
    /// What Starlette or FastAPI makes of it.
    pub view: Option<AppView>,
    /// What another framework routes on, with its name.
    pub other: Option<(&'static str, framework::Routed)>,
    /// What else the probe said; `None` if it said nothing.
    pub probe: Option<Box<ProbeWord>>,
    /// True if the probe was asked and said nothing: the app has none, or the server answered by itself.
    pub probe_silent: bool,
    /// Where the model's scope is not what the app was given: a wrong `--server` or option, or a fault of the model.
    pub model_differs: Vec<Difference>,
}

/// What the probe said beside the scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProbeWord {
    /// The frameworks, e.g. `fastapi 0.163.2`.
    pub frameworks: Vec<String>,
    /// What serves the route, e.g. `main.read_items`.
    pub endpoint: Option<String>,
    /// One sentence on the differences from the model: what explains them.
    pub explanation: Option<String>,
    /// What it could not say, or why its answer cannot be read.
    pub trouble: Option<String>,
}

impl ScopeLane {
    /// The scope of an exchange. Without a half behind the proxy, or with one that could not reach the server, there is
    /// none: what a proxy did to a request that was seen only before it is not guessed.
    pub(super) fn of(exchange: &Exchange, setup: &Setup) -> Self {
        let server = name(&setup.server);
        let Some((app, (to, from))) = exchange.app.as_deref().and_then(|app| Some((app, app.upstream?))) else {
            return Self::derived(Source::Unknown, server);
        };
        let (ends, request) = (Ends::tcp(from, to), as_sent(app, exchange.pairing));
        let receive = |server: &Server| server.receive(&request, &ends);
        match app.probe.as_deref().map(Probed::parse) {
            Some(Ok(probed)) => Self::told(&probed, setup, receive),
            Some(Err(error)) => {
                let word = ProbeWord { trouble: Some(error.to_string()), ..ProbeWord::default() };
                Self { probe: Some(Box::new(word)), ..Self::modelled(receive(&setup.server), setup) }
            }
            None => {
                let probe_silent = setup.probe && app.response.is_some();
                Self { probe_silent, ..Self::modelled(receive(&setup.server), setup) }
            }
        }
    }

    /// The lane by the model alone.
    fn modelled(outcome: Outcome, setup: &Setup) -> Self {
        let source = if matches!(outcome, Outcome::Unknown { .. }) { Source::Unknown } else { Source::Derived };
        let (view, other) = outcome.scope().map_or((None, None), |scope| by_framework(&setup.app, scope));
        Self { outcome: Some(outcome), view, other, ..Self::derived(source, name(&setup.server)) }
    }

    fn derived(source: Source, server: String) -> Self {
        let (outcome, view, other, probe) = (None, None, None, None);
        Self { source, server, outcome, view, other, probe, probe_silent: false, model_differs: Vec::new() }
    }

    /// The lane by the app's own word. `receive` is what a server's model makes of the request. What was only assumed of
    /// the server gives way to what the probe knows of it.
    fn told(probed: &Probed, setup: &Setup, receive: impl Fn(&Server) -> Outcome) -> Self {
        let told = probed.named_server().filter(|_| !setup.server.stated).unwrap_or_else(|| setup.server.clone());
        let server = probed.server.map_or_else(|| name(&told), |(program, version)| format!("{program} {version}"));
        let model = receive(&told);
        let Some(scope) = probed.scope(model.scope()) else { return Self::modelled(model, setup) };
        let model_differs: Vec<_> =
            wrong_program(probed, &told, &model).into_iter().chain(differences(probed, &model)).collect();
        let fits = |server: &Server| receive(server).scope().is_some_and(|scope| probed.differences(scope).is_empty());
        let explanation = (!model_differs.is_empty()).then(|| explain(probed, &told, &model_differs, fits));
        let endpoint = if let Routed::To(route) = &probed.routed { route.endpoint.clone() } else { None };
        let cut = (!probed.cut.is_empty()).then(|| format!("too long for the probe: {}", probed.cut.join(", ")));
        let word = ProbeWord {
            frameworks: probed.frameworks.iter().map(|(name, version)| format!("{name} {version}")).collect(),
            endpoint,
            explanation,
            trouble: probed.error.clone().or(cut),
        };
        let (view, other) = told_view(probed, &scope, setup);
        Self {
            view,
            other,
            outcome: Some(Outcome::Scope(Box::new(scope))),
            probe: Some(Box::new(word)),
            model_differs,
            ..Self::derived(Source::Probe, server)
        }
    }
}

/// The request as it went to the server: a tap leaves behind what belongs to one connection only; of the stand-in the head
/// as sent on is what was kept.
fn as_sent(app: &Half, pairing: Pairing) -> Vec<u8> {
    let head = &app.request;
    if pairing == Pairing::StandIn {
        return head.as_bytes().to_vec();
    }
    let mut sent = Vec::new();
    hop_by_hop::write_request(&mut sent, head, head.target(), |_| false, &[]);
    sent
}

fn name(server: &Server) -> String {
    format!("{} {}", server.program(), server.version)
}

/// What the framework made of it: the scope as the app left it needs no settings to be applied, the route is the router's
/// own word, and what follows from both is the framework's model.
fn told_view(probed: &Probed, received: &Scope, setup: &Setup) -> ByFramework {
    let left = probed.left(Some(received)).unwrap_or_else(|| received.clone());
    let framework = probed.named_framework().unwrap_or(setup.app.framework);
    let settled = App { framework, root_path: String::new(), prefix_header: false, ..setup.app.clone() };
    let (view, other) = by_framework(&settled, &left);
    let view = view.map(|mut view| {
        view.root_path_replaced = left.root_path != received.root_path;
        view.route = probed.routed.route(view.route);
        view
    });
    (view, other)
}

/// What Starlette or FastAPI makes of a scope, or another framework.
type ByFramework = (Option<AppView>, Option<(&'static str, framework::Routed)>);

fn by_framework(app: &App, scope: &Scope) -> ByFramework {
    match (app.framework.kind, app.other_route(scope)) {
        (Kind::Other(other), Some(routed)) => (None, Some((other.package(), routed))),
        _ => (Some(app.view(scope)), None),
    }
}

/// The program that was told, where it is another than the one that the probe is in; and the release, where the scopes
/// cannot tell because the one that was told is not modelled. Under gunicorn uvicorn's worker speaks.
fn wrong_program(probed: &Probed, told: &Server, model: &Outcome) -> Option<Difference> {
    let (program, version) = probed.server?;
    let same = if matches!(model, Outcome::Unknown { .. }) { version == told.version } else { true };
    let is_told = match (program, told.program()) {
        (Program::Uvicorn, Program::Gunicorn) => true,
        (real, told) => real == told && same,
    };
    (!is_told).then(|| Difference { key: "program", model: name(told), probe: format!("{program} {version}") })
}

fn differences(probed: &Probed, model: &Outcome) -> Vec<Difference> {
    let outcome = |what: String| {
        vec![Difference { key: "outcome", model: what, probe: "the app was called with this scope".to_owned() }]
    };
    match model {
        Outcome::Scope(scope) => probed.differences(scope),
        Outcome::Refused { status, why } => outcome(format!("the server answers {status} by itself: {why}")),
        Outcome::Closed { why } => outcome(format!("the server closes the connection: {why}")),
        // What the model does not know, it has not got wrong.
        Outcome::Unknown { .. } => Vec::new(),
    }
}

/// What explains the differences, in one sentence.
fn explain(probed: &Probed, told: &Server, differs: &[Difference], fits: impl Fn(&Server) -> bool) -> String {
    let said = if told.stated { "told" } else { "assumed" };
    if differs.iter().all(|found| matches!(found.key, "client" | "server")) {
        return "something passes connections on between hopscope and the server, a container's port for one: the \
                addresses are its own"
            .to_owned();
    }
    let Some(found) = probed.explanation(told, fits) else {
        let is_told =
            probed.server.is_none_or(|(program, version)| (program, version) == (told.program(), told.version));
        return if is_told {
            format!("an option of {} that hopscope was not told, or a fault of its model", name(told))
        } else {
            let real = probed.server.map(|(program, version)| format!("{program} {version}")).unwrap_or_default();
            format!("the app runs on {real}, not on {} as {said}; its options are not known either", name(told))
        };
    };
    let mut wrong = Vec::new();
    if (found.program(), found.version) != (told.program(), told.version) {
        wrong.push(format!("--server {}@{}, not {} as {said}", found.program(), found.version, name(told)));
    }
    if found.root_path != told.root_path {
        let option = found.program().root_path_option();
        wrong.push(format!("--{option} \"{}\", not \"{}\" as {said}", found.root_path, told.root_path));
    }
    if wrong.is_empty() {
        wrong.push(format!("{} with its own defaults, not the options it was {said} to have", name(&found)));
    }
    format!("explained exactly by {}", wrong.join(" and "))
}

#[cfg(test)]
mod tests;
