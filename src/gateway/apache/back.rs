//! The way back: what becomes of a response (`mod_proxy_http.c`, `ap_proxy_location_reverse_map`,
//! `ap_proxy_cookie_reverse_map`, 2.4).

use std::sync::Arc;

use super::config::Config;
use super::head::Table;
use super::scope::Scope;
use super::text::{Scene, table};
use crate::exchange::ResponseHead;
use crate::gateway::{Back, NotUnderstood, Onward, Returned, Step, StepKind, World};

/// The way back of one request.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// The configuration.
    pub(super) config: Arc<Config>,
    /// The server that took it.
    pub(super) server: usize,
    /// What is said for the request.
    pub(super) scope: Scope,
    /// The request.
    pub(super) scene: Scene,
}

impl Back for Way {
    fn respond(&self, response: &ResponseHead, _: &dyn World) -> Returned {
        let (mut steps, mut unknown) = (Vec::new(), Vec::new());
        let mut fields = table(response.fields());
        for (name, value) in fields.iter_mut() {
            match name.to_ascii_lowercase().as_slice() {
                b"location" | b"content-location" | b"uri" => {
                    if let Some((mapped, step)) = self.mapped(value) {
                        *value = mapped;
                        steps.push(step);
                    }
                }
                b"set-cookie" => *value = self.cookie(value),
                _ => {}
            }
        }
        for change in &self.scope.responses {
            match change.apply(&mut fields, &self.scene) {
                Ok(false) => {}
                Ok(true) => steps.push(Step::at(StepKind::Response, change.text.clone(), &change.place)),
                Err(what) => unknown.push(what),
            }
        }
        let overridden = self.scope.overrides_errors == Some(true) && response.status() >= 400;
        if overridden && (self.scope.pages.contains_key(&response.status()) || response.get("location").is_some()) {
            let place = self.config.servers.get(self.server).and_then(|server| server.place.clone());
            unknown.push(NotUnderstood {
                place,
                what: "ProxyErrorOverride: the page in place of an error is not modelled".to_owned(),
            });
        }
        if self.scene.head.fields.get("range").is_some() && response.status() == 200 {
            let what = "Range: whether httpd cuts the part out of the response depends on its body".to_owned();
            unknown.push(NotUnderstood { place: None, what });
        }
        let onward = match head(response, &fields) {
            Some(head) => Onward::Deliver(head),
            None => Onward::Deliver(response.clone()),
        };
        Returned { steps, onward, unknown }
    }
}

impl Way {
    /// A URL of the upstream as the client's, where `ProxyPassReverse` says so.
    fn mapped(&self, url: &[u8]) -> Option<(Vec<u8>, Step)> {
        for reverse in &self.scope.reverses {
            // A path alone is compared with the path of the URL.
            let start = if reverse.url.starts_with('/') {
                let host = memchr::memmem::find(url, b"://").map(|at| at + 3);
                host.and_then(|host| url.get(host..)?.iter().position(|&b| b == b'/').map(|at| host + at)).unwrap_or(0)
            } else {
                0
            };
            let part = url.get(start..).unwrap_or_default();
            if let Some(rest) = self.behind_balancer(&reverse.url, url) {
                let both = reverse.path == "/" && rest.starts_with(b"/");
                let mapped = if both { rest.to_vec() } else { [reverse.path.as_bytes(), rest].concat() };
                let mapped = if is_url(&mapped) { mapped } else { self.scene.own_url(&mapped) };
                return Some((mapped, Step::at(StepKind::Response, reverse.text.clone(), &reverse.place)));
            }
            let real = reverse.url.as_bytes();
            let fits = !real.is_empty() && part.get(..real.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(real));
            if fits {
                let mapped = [reverse.path.as_bytes(), part.get(real.len()..).unwrap_or_default()].concat();
                let mapped = if is_url(&mapped) { mapped } else { self.scene.own_url(&mapped) };
                return Some((mapped, Step::at(StepKind::Response, reverse.text.clone(), &reverse.place)));
            }
        }
        None
    }

    /// What of a URL stands behind a balancer's member and the path that a directive names with the balancer.
    fn behind_balancer<'u>(&self, real: &str, url: &'u [u8]) -> Option<&'u [u8]> {
        let named = real.get(..11).filter(|scheme| scheme.eq_ignore_ascii_case("balancer://"))?;
        let (name, path) = real.strip_prefix(named).map(|rest| rest.split_at(rest.find('/').unwrap_or(rest.len())))?;
        let members = self.config.servers.get(self.server)?.balancers.get(&name.to_ascii_lowercase())?;
        members.iter().find_map(|member| {
            // With a path, it begins with the slash that the member may end with.
            let path = if path == "/" { "" } else { path };
            let member = if path.is_empty() { member.url.as_str() } else { member.url.trim_end_matches('/') };
            let start = url.get(..member.len()).filter(|start| start.eq_ignore_ascii_case(member.as_bytes()))?;
            url.get(start.len()..)?.strip_prefix(path.as_bytes())
        })
    }

    /// A cookie with another path and domain. Either is replaced whole where it starts as the directive says.
    fn cookie(&self, cookie: &[u8]) -> Vec<u8> {
        let part = |part: &[u8]| {
            let start = part.len() - part.trim_ascii_start().len();
            let (blanks, token) = part.split_at(start);
            for (name, pairs, exact) in
                [(&b"path="[..], &self.scope.cookie_paths, true), (b"domain=", &self.scope.cookie_domains, false)]
            {
                let Some(begin) = token.get(..name.len()).filter(|begin| begin.eq_ignore_ascii_case(name)) else {
                    continue;
                };
                let value = token.get(name.len()..).unwrap_or_default();
                let fits = |from: &String| {
                    value.get(..from.len()).is_some_and(|start| {
                        if exact { start == from.as_bytes() } else { start.eq_ignore_ascii_case(from.as_bytes()) }
                    })
                };
                if let Some((_, to)) = pairs.iter().find(|(from, _)| fits(from)) {
                    return [blanks, begin, to.as_bytes()].concat();
                }
            }
            part.to_vec()
        };
        cookie.split(|&b| b == b';').map(part).collect::<Vec<_>>().join(&b';')
    }
}

/// True for `scheme://…` (`ap_is_url`).
fn is_url(text: &[u8]) -> bool {
    let scheme = text.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')).count();
    scheme > 0 && text.get(scheme..).is_some_and(|rest| rest.starts_with(b"://"))
}

/// The head with other fields.
fn head(response: &ResponseHead, fields: &Table) -> Option<ResponseHead> {
    let mut bytes = format!("HTTP/{} {} ", response.version().number(), response.status()).into_bytes();
    bytes.extend_from_slice(response.reason());
    for (name, value) in fields.iter() {
        bytes.extend_from_slice(&[b"\r\n", name.as_slice(), b": ", value].concat());
    }
    bytes.extend_from_slice(b"\r\n\r\n");
    ResponseHead::from_wire(bytes).ok()
}
