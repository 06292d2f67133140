//! Lane 4: what the app sees: by its own word where the probe stands in it, else by the server's model.

mod told;

use super::{Setup, Source};
use crate::asgi::framework::{self, App, AppView, Kind};
use crate::asgi::probed::{Difference, Probed};
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
    /// What the probe did instead of answering, in words that follow "the probe"; `None` if it was not asked, or answered.
    pub probe_silent: Option<String>,
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
    /// `root_path` as the innermost app had it, below a mount.
    pub mounted_root: Option<String>,
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
        let ends = |app: &Half| match app.upstream {
            Some((to, from)) => Some(Ends::tcp(from, to)),
            None => setup.socket(exchange).map(Ends::unix),
        };
        let Some((app, ends)) = exchange.app.as_deref().and_then(|app| Some((app, ends(app)?))) else {
            return Self::derived(Source::Unknown, server);
        };
        let request = as_sent(app, exchange.pairing);
        let receive = |server: &Server| server.receive(&request, &ends);
        match app.probe.as_deref().map(Probed::parse) {
            Some(Ok(probed)) => told::lane(&probed, setup, receive),
            Some(Err(error)) => {
                let word = ProbeWord { trouble: Some(error.to_string()), ..ProbeWord::default() };
                Self { probe: Some(Box::new(word)), ..Self::modelled(receive(&setup.server), setup) }
            }
            None => {
                let response = app.response.as_ref().filter(|_| setup.probe);
                let lane = Self::modelled(receive(&setup.server), setup);
                Self { probe_silent: response.map(|head| silence(head.status(), setup.server.program())), ..lane }
            }
        }
    }

    /// Why what is known of the server is wrong, if the app's own word says that it is. Other addresses alone are not: they
    /// are those of whatever passes connections on in between.
    pub fn wrong_set_up(&self) -> Option<&str> {
        let wrong = self.model_differs.iter().any(|found| !matches!(found.key, "client" | "server"));
        self.probe.as_ref().filter(|_| wrong)?.explanation.as_deref()
    }

    /// The lane by the model alone.
    fn modelled(outcome: Outcome, setup: &Setup) -> Self {
        let source = if matches!(outcome, Outcome::Unknown { .. }) { Source::Unknown } else { Source::Derived };
        let (view, other) = outcome.scope().map_or((None, None), |scope| by_framework(&setup.app, scope));
        Self { outcome: Some(outcome), view, other, ..Self::derived(source, name(&setup.server)) }
    }

    fn derived(source: Source, server: String) -> Self {
        let (outcome, view, other, probe) = (None, None, None, None);
        Self { source, server, outcome, view, other, probe, probe_silent: None, model_differs: Vec::new() }
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

/// Why a probe that was asked has not answered: mostly that there is none, or that the server answered by itself.
fn silence(status: u16, program: Program) -> String {
    if status == 101 && !program.sends_headers_of_accept() {
        return format!("cannot answer: {program} sends no headers with an accepted websocket; derived");
    }
    "said nothing".to_owned()
}

/// What Starlette or FastAPI makes of a scope, or another framework.
type ByFramework = (Option<AppView>, Option<(&'static str, framework::Routed)>);

fn by_framework(app: &App, scope: &Scope) -> ByFramework {
    match (app.framework.kind, app.other_route(scope)) {
        (Kind::Other(other), Some(routed)) => (None, Some((other.package(), routed))),
        _ => (Some(app.view(scope)), None),
    }
}

#[cfg(test)]
mod tests;
