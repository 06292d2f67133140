//! redirectRegex and redirectScheme.
//!
//! Traefik 3.7, `pkg/middlewares/redirect`.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::Layer;
use crate::gateway::go::{Regexp, Url, split_host_port, status_text};
use crate::gateway::traefik::journey::{Flow, Journey, error_reply};
use crate::gateway::{Reply, StepKind};

/// A redirect.
#[derive(Clone, Debug)]
pub(in crate::gateway::traefik) struct Redirect {
    pub(super) regexp: Regexp,
    pub(super) replacement: String,
    pub(super) permanent: bool,
    /// `Some` for redirectScheme.
    pub(super) scheme: Option<String>,
}

/// The expression of redirectScheme.
pub(super) const ANY_URL: &str = r"^(https?:\/\/)?(\[[\w:.]+\]|[\w\._-]+)?(:\d+)?(.*)$";

/// An absolute target (`uriRegexp`).
static ABSOLUTE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(https?)://(\[[0-9A-Za-z_:.]+\]|[0-9A-Za-z_.-]+)?(:[0-9]+)?((?s-u:.)*)$").ok());

impl Redirect {
    pub(super) fn meet(&self, layer: &Layer, journey: &mut Journey) -> Flow {
        let old = self.url(journey);
        if !self.regexp.is_match(&old) {
            return Flow::Pass;
        }
        let new = self.regexp.replace_all(&old, &self.replacement);
        let Some(url) = Url::parse_with(&new, journey.behaviour.colons) else {
            // The error of a URL counts among those of the network.
            let text = format!("{} is no URL: 502", String::from_utf8_lossy(&new));
            journey.steps.push(layer.step(StepKind::Answer, text));
            return Flow::Answer(error_reply(502));
        };
        if new == old {
            journey.request.url = url;
            journey.rewritten();
            return Flow::Pass;
        }
        let get = journey.request.method == "GET";
        let status = match (self.permanent, get) {
            (true, true) => 301,
            (true, false) => 308,
            (false, true) => 302,
            (false, false) => 307,
        };
        let location = url.text();
        let name = if self.scheme.is_some() { "redirectScheme" } else { "redirectRegex" };
        let text = format!("{name}: {status} to {}", String::from_utf8_lossy(&location));
        journey.steps.push(layer.step(StepKind::Answer, text));
        let body = status_text(status).as_bytes().to_vec();
        Flow::Answer(Reply { body, ..Reply::status(status).field("Location", location) })
    }

    /// The status of a redirect that takes every request.
    pub(super) fn always(&self) -> Option<u16> {
        self.scheme.as_ref().map(|_| if self.permanent { 301 } else { 302 })
    }

    /// The scheme of a redirectScheme that names no port.
    pub(super) fn scheme_without_port(&self) -> Option<&str> {
        self.scheme.as_deref().filter(|scheme| self.replacement == format!("{scheme}://${{2}}${{4}}"))
    }

    /// The URL of a request as the expression sees it.
    fn url(&self, journey: &Journey) -> Vec<u8> {
        let request = &journey.request;
        let target = request.request_uri.as_slice();
        let (mut scheme, mut host, mut port, mut uri) = (&b"http"[..], request.host.as_slice(), Vec::new(), target);
        // Only redirectScheme looks for the port of the host.
        if self.scheme.is_some()
            && let Some((name, number)) = split_host_port(&request.host)
        {
            (host, port) = (name, [b":", number].concat());
        }
        if let Some(parts) = ABSOLUTE.as_ref().and_then(|absolute| absolute.captures(target)) {
            let part = |index| parts.get(index).map(|part| part.as_bytes()).filter(|part| !part.is_empty());
            scheme = part(1).unwrap_or(scheme);
            host = part(2).unwrap_or(host);
            port = part(3).map_or(port, <[u8]>::to_vec);
            uri = part(4).unwrap_or_default();
        }
        if journey.secure {
            scheme = b"https";
        }
        if self.scheme.is_some() {
            let told = request.header.get("X-Forwarded-Proto").to_ascii_lowercase();
            match told.as_slice() {
                b"http" | b"ws" => scheme = b"http",
                b"https" | b"wss" => scheme = b"https",
                _ => {}
            }
            if matches!((scheme, port.as_slice()), (b"http", b":80") | (b"https", b":443")) {
                port.clear();
            }
        }
        [scheme, b"://", host, &port, uri].concat()
    }
}
