//! What Traefik adds by itself: routers for redirections between entry points, for its API, ping, metrics and ACME, and the
//! services `…@internal` that answer them.
//!
//! Traefik 3.7, `pkg/provider/traefik/internal.go`, `pkg/server/service/internalhandler.go`.

use super::{Assembly, Fault};
use crate::gateway::document::At;
use crate::gateway::traefik::dynamic::{self, Middleware, MiddlewareKind, Provider, RedirectScheme, Router};
use crate::gateway::traefik::journey::End;
use crate::gateway::{Code, NotUnderstood, Place, Reply, Step, StepKind, Weight};

impl Assembly<'_> {
    /// `redirections.entryPoint` of entry points, as routers.
    pub(super) fn redirections(&mut self) {
        let points = &self.source.install.entry_points;
        for point in points {
            let Some(given) = &point.redirection else { continue };
            let Some(port) = self.redirection_port(&given.to.value) else {
                let what = format!("there is no entry point {:?} to redirect to", given.to.value);
                self.remark(Code::RedirectionNowhere, Weight::Error, &given.to.place, what, None);
                continue;
            };
            let name = dynamic::normalized(&format!("{}-to-{}", point.name, given.to.value));
            let redirect = RedirectScheme {
                scheme: given.scheme.clone(),
                port: At::new(port, &given.to.place),
                permanent: given.permanent,
            };
            let middleware = Middleware {
                name: format!("redirect-{name}"),
                provider: Provider::Internal,
                place: given.place.clone(),
                kinds: vec![At::new(MiddlewareKind::RedirectScheme(redirect), &given.place)],
                unsure: Vec::new(),
            };
            let mut router = internal(&name, "HostRegexp(`^.+$`)", given.priority, &point.name, "noop", &given.place);
            router.middlewares.push(At::new(middleware.name.clone(), &given.place));
            self.internal_middlewares.push(middleware);
            self.internal_routers.push(router);
        }
    }

    /// The port to redirect to: `:443`, or that of an entry point.
    fn redirection_port(&self, to: &str) -> Option<String> {
        if let Some(port) =
            to.strip_prefix(':').filter(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
        {
            return Some(port.to_owned());
        }
        let point = self.source.install.entry_points.iter().find(|point| point.name == to)?;
        point.port.map(|port| port.to_string())
    }

    /// `api.insecure`, `ping` and `metrics.prometheus`, as routers.
    pub(super) fn internal_services(&mut self) {
        let install = &self.source.install;
        let mut routers = Vec::new();
        if let Some(api) = install.api.as_ref().filter(|api| api.insecure) {
            let base = api.base_path.trim_end_matches('/');
            let path = |path: &str| format!("PathPrefix(`{base}{path}`)");
            routers.push(internal("api", &path("/api"), i64::MAX - 1, "traefik", "api", &api.place));
            if api.dashboard {
                let rule = path("/");
                routers.push(internal("dashboard", &rule, i64::MAX - 2, "traefik", "dashboard", &api.place));
            }
            if api.debug {
                routers.push(internal("debug", &path("/debug"), i64::MAX - 1, "traefik", "api", &api.place));
            }
        }
        for point in &install.http_challenges {
            let rule = "PathPrefix(`/.well-known/acme-challenge/`)";
            routers.push(internal("acme-http", rule, i64::MAX, &point.value, "acme-http", &point.place));
        }
        for (name, ping) in [("ping", &install.ping), ("prometheus", &install.prometheus)] {
            if let Some(ping) = ping.as_ref().filter(|ping| !ping.manual_routing) {
                let rule = format!("PathPrefix(`{}`)", ping.path);
                routers.push(internal(name, &rule, i64::MAX, &ping.entry_point, name, &ping.place));
            }
        }
        self.internal_routers.extend(routers);
    }

    /// `…@internal` (`pkg/server/service/internalhandler.go`).
    pub(super) fn internal_service(&self, name: &str, place: &Place) -> Result<End, Fault> {
        let install = &self.source.install;
        let step = Step::at(StepKind::Answer, format!("service {name}@internal"), place);
        let enabled = match name {
            "noop" => return Ok(End::Answer(step, Reply::status(418))),
            "ping" if install.ping.is_some() => {
                return Ok(End::Answer(step, Reply { body: b"OK".to_vec(), ..Reply::status(200) }));
            }
            "api" => install.api.is_some(),
            "dashboard" => install.api.as_ref().is_some_and(|api| api.dashboard),
            "prometheus" => install.prometheus.is_some(),
            // Which of these there are is not read.
            "rest" | "acme-http" => true,
            _ => false,
        };
        if !enabled {
            return Err(Fault::new(place, format!("{name}@internal is not enabled")));
        }
        let what = format!("{name}@internal: what Traefik answers itself is not modelled");
        Ok(End::Internal(step, NotUnderstood::at(place, what)))
    }
}

/// A router that Traefik makes by itself.
fn internal(name: &str, rule: &str, priority: i64, entry_point: &str, service: &str, place: &Place) -> Router {
    let at = |text: &str| At::new(text.to_owned(), place);
    Router {
        name: name.to_owned(),
        provider: Provider::Internal,
        place: place.clone(),
        rule: at(rule),
        default_rule: false,
        syntax: None,
        priority: Some(At::new(priority, place)),
        entry_points: vec![at(entry_point)],
        middlewares: Vec::new(),
        service: at(&format!("{service}@internal")),
        tls: None,
        parents: Vec::new(),
        unsure: Vec::new(),
    }
}
