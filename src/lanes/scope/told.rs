//! Lane 4 by the app's own word, and the model held against it: what differs, and what explains it.

use serde_json::json;

use super::{ByFramework, ProbeWord, ScopeLane, Setup, Source, by_framework, name};
use crate::asgi::framework::{App, Kind};
use crate::asgi::probed::{Difference, Probed, Routed};
use crate::asgi::server::{Program, Server};
use crate::asgi::{Outcome, Scope};
use crate::lanes::secrets::{redact_field, redact_query};

/// The lane. `receive` is what a server's model makes of the request. What was only assumed of the server gives way to what
/// the probe knows of it.
pub(super) fn lane(probed: &Probed, setup: &Setup, receive: impl Fn(&Server) -> Outcome) -> ScopeLane {
    let told = probed.named_server().filter(|_| !setup.server.stated).unwrap_or_else(|| setup.server.clone());
    let server = probed.server.map_or_else(|| name(&told), |(program, version)| format!("{program} {version}"));
    let model = receive(&told);
    let Some(scope) = probed.scope(model.scope()) else { return ScopeLane::modelled(model, setup) };
    let model_differs = wrong_program(probed, &told, &model).into_iter().chain(differences(probed, &model));
    let fits = |server: &Server| receive(server).scope().is_some_and(|scope| probed.differences(scope).is_empty());
    let model_differs: Vec<_> = model_differs.map(without_secrets).collect();
    let said = Words::of(setup, &told);
    let explanation = (!model_differs.is_empty()).then(|| explain(probed, &told, said, &model_differs, fits));
    let endpoint = if let Routed::To(route) = &probed.routed { route.endpoint.clone() } else { None };
    let cut = (!probed.cut.is_empty()).then(|| format!("too long for the probe: {}", probed.cut.join(", ")));
    let word = ProbeWord {
        frameworks: probed.frameworks.iter().map(|(name, version)| format!("{name} {version}")).collect(),
        endpoint,
        mounted_root: probed.mounted_root().map(str::to_owned),
        explanation,
        trouble: probed.error.clone().or(cut),
    };
    let (view, other) = told_view(probed, &scope, setup);
    ScopeLane {
        view,
        other,
        outcome: Some(Outcome::Scope(Box::new(scope))),
        probe: Some(Box::new(word)),
        model_differs,
        ..ScopeLane::derived(Source::Probe, server)
    }
}

/// What the framework made of it: the scope as the app left it needs no settings to be applied, the route is the router's
/// own word, and what follows from both is the framework's model.
fn told_view(probed: &Probed, received: &Scope, setup: &Setup) -> ByFramework {
    let left = probed.left(Some(received)).unwrap_or_else(|| received.clone());
    let framework = probed.named_framework().unwrap_or(setup.app.framework);
    // FORCE_SCRIPT_NAME is in no scope.
    let root_path = if let Kind::Other(_) = framework.kind { setup.app.root_path.clone() } else { String::new() };
    let settled = App { framework, root_path, prefix_header: false, ..setup.app.clone() };
    let (view, other) = by_framework(&settled, &left);
    let view = view.map(|mut view| {
        view.root_path_replaced = left.root_path != received.root_path;
        view.route = probed.routed.route(view.route);
        view
    });
    (view, other)
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

/// A difference with the credentials hidden that stand in a query or a header line: it is written out as it is wherever it
/// is shown, and the model, unlike the probe, has every header's value.
fn without_secrets(found: Difference) -> Difference {
    let hidden = |json: String| match found.key {
        "headers" => serde_json::from_str::<(String, Option<String>)>(&json).map_or(json, |(name, value)| {
            let value = value.map(|value| redact_field(name.as_bytes(), value.as_bytes()).unwrap_or(value));
            json!([name, value]).to_string()
        }),
        "query_string" => serde_json::from_str::<String>(&json).map_or(json, |query| {
            let query = redact_query(query.as_bytes());
            json!(String::from_utf8_lossy(&query)).to_string()
        }),
        _ => json,
    };
    Difference { key: found.key, model: hidden(found.model), probe: hidden(found.probe) }
}

/// How the server and its root path are known, each in a word that follows "as".
#[derive(Clone, Copy)]
struct Words {
    server: &'static str,
    root_path: &'static str,
}

impl Words {
    /// Of what was told, found or assumed of the set-up's server. Without a word on where that is from, it was told. Of a
    /// server that took its place by the probe's word, all else is assumed.
    fn of(setup: &Setup, told: &Server) -> Self {
        if *told != setup.server {
            return Self { server: "assumed", root_path: "assumed" };
        }
        let unsaid = if told.stated { "told" } else { "assumed" };
        let server = setup.provenance.how("server").unwrap_or(unsaid);
        let root_path = setup.provenance.how(told.program().root_path_option()).unwrap_or(server);
        Self { server, root_path }
    }
}

/// What explains the differences, in one sentence.
fn explain(
    probed: &Probed,
    told: &Server,
    Words { server: said, root_path }: Words,
    differs: &[Difference],
    fits: impl Fn(&Server) -> bool,
) -> String {
    if differs.iter().all(|found| matches!(found.key, "client" | "server")) {
        return "something passes connections on between hopscope and the server, a container's port for one: the \
                addresses are its own"
            .to_owned();
    }
    let Some(found) = probed.explanation(told, fits) else {
        let is_told =
            probed.server.is_none_or(|(program, version)| (program, version) == (told.program(), told.version));
        return if is_told {
            format!("an option of {} that hopscope does not know, or a fault of its model", name(told))
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
        wrong.push(format!("--{option} \"{}\", not \"{}\" as {root_path}", found.root_path, told.root_path));
    }
    if wrong.is_empty() {
        wrong.push(format!("{} with its own defaults, not the options it was {said} to have", name(&found)));
    }
    format!("explained exactly by {}", wrong.join(" and "))
}
