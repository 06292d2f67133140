//! What happens before any route: the handshake, what the server refuses, and the fields that it takes off.
//!
//! Caddy 2.11, `modules/caddyhttp/server.go`, `app.go`; Go 1.26, `net/http/server.go` (HTTP where TLS is expected).

use std::sync::Arc;

use super::{Caddy, Failure, Walk, plain};
use crate::gateway::caddy::route::Server;
use crate::gateway::{Action, NotUnderstood, Plan, Received, Reply, Step, StepKind, go};

impl Caddy {
    /// What a connection comes to before there is a request; `None` if one is read.
    pub(super) fn handshake(
        &self,
        server: &Server,
        request: &Received<'_>,
        unknown: &mut Vec<NotUnderstood>,
    ) -> Option<Plan> {
        let expects = server.tls && request.local.port() != self.config.http_port;
        match (expects, request.tls) {
            (false, None) => None,
            (true, Some(tls)) => {
                let local = request.local.ip().to_canonical().to_string();
                let name = tls.name.unwrap_or(&local);
                if self.config.certificates.cover(name) {
                    return None;
                }
                if let Some(doubt) = &self.config.certificates.others {
                    unknown.push(doubt.clone());
                    return None;
                }
                let step = Step::own(StepKind::Listener, format!("no certificate for {name}: the handshake fails"));
                Some(plain(Action::Close, vec![step], std::mem::take(unknown)))
            }
            (true, None) => {
                let text = "HTTP was sent to a port that expects TLS";
                let step = Step::own(StepKind::Listener, text);
                let reply =
                    Reply { body: b"Client sent an HTTP request to an HTTPS server.\n".to_vec(), ..Reply::status(400) };
                let looks_like_http = [&b"GET /"[..], b"HEAD ", b"POST ", b"PUT /", b"OPTIO"];
                let is_http = looks_like_http.iter().any(|begin| request.head.starts_with(begin));
                let action = if is_http { Action::Answer(reply) } else { Action::Close };
                Some(plain(action, vec![step], std::mem::take(unknown)))
            }
            (false, Some(_)) => {
                // The first bytes of a handshake are no request line.
                let step = Step::own(StepKind::Listener, "TLS was spoken to a port that expects plain HTTP");
                Some(plain(Action::Close, vec![step], std::mem::take(unknown)))
            }
        }
    }
}

impl Walk<'_> {
    /// What the server refuses or takes off before any route. Caddy 2.11, `server.go` (`serveHTTP`).
    pub(super) fn before_routes(&mut self) -> Option<Failure> {
        let request = &mut self.state.request;
        if request.method.len() > 32 {
            return Some(Failure::new(405, ""));
        }
        if request.proto == (1, 1) && request.host.is_empty() {
            return Some(Failure::new(400, "rfc9112 forbids empty Host"));
        }
        self.drop_aliases();
        if let Some(name) = self.state.tls.as_ref().filter(|_| self.server.strict_sni) {
            let host = &self.state.request.host;
            let host = go::split_host_port(host).map_or(host.as_slice(), |(host, _)| host);
            if !host.eq_ignore_ascii_case(name.as_bytes()) {
                return Some(Failure::new(421, "the names of the handshake and of the request differ"));
            }
        }
        None
    }

    /// Takes fields off whose names an app may take for others: with `_` or `.`, unless they are expected.
    fn drop_aliases(&mut self) {
        let options = &self.server.options;
        let fits = |rules: &[Arc<str>], name: &str, by: &str| {
            rules.iter().any(|rule| {
                let (text, prefix) = rule.strip_suffix('*').map_or((&**rule, false), |text| (text, true));
                let known = go::canonical(&text.replace(['_', '.'], by));
                let name = go::canonical(&name.replace(['_', '.'], by));
                if prefix { name.starts_with(&known) } else { name == known }
            })
        };
        let exact: fn(&[Arc<str>]) -> Vec<Arc<str>> =
            |rules| rules.iter().filter(|rule| !rule.ends_with('*')).cloned().collect();
        let allowed = |name: &str, rules: &[Arc<str>]| {
            rules.iter().any(|rule| match rule.strip_suffix('*') {
                Some(prefix) => name.starts_with(&go::canonical(prefix)),
                None => go::canonical(rule) == name,
            })
        };
        let header = &self.state.request.header;
        let mut dropped = Vec::new();
        for (name, values) in header.iter() {
            let keep = match (name.contains('_'), name.contains('.')) {
                (true, true) => {
                    let expected = [exact(&options.underscore_headers), exact(&options.dot_headers)].concat();
                    allowed(name, &expected) && values.len() == 1
                }
                (true, false) => allowed(name, &options.underscore_headers) && values.len() == 1,
                (false, true) => allowed(name, &options.dot_headers) && values.len() == 1,
                (false, false) => {
                    !fits(&options.underscore_headers, name, "-") && !fits(&options.dot_headers, name, "-")
                }
            };
            if !keep {
                dropped.push(name.to_owned());
            }
        }
        for name in dropped {
            let text = format!("{name} is dropped: an app may take it for a field with dashes");
            self.state.request.header.remove_raw(&name);
            self.state.steps.push(Step::own(StepKind::Field(name), text));
        }
    }
}
