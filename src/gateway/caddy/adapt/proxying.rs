//! `reverse_proxy` and `forward_auth`. Caddy 2.11, `modules/caddyhttp/reverseproxy/caddyfile.go`, `addresses.go`,
//! `forwardauth/caddyfile.go`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::blocks::{self, Scope, route};
use super::headers;
use super::matchers::{self, networks};
use super::{Notes, remarks};
use crate::gateway::caddy::caddyfile::{Dispenser, Token};
use crate::gateway::caddy::network::Network;
use crate::gateway::caddy::route::{
    Choice, Handled, Handler, HeaderOps, Headers, Line, Matcher, MatcherSet, Op, Proxy, ResponseHandler,
    ResponseMatcher, ResponseOps, Rewrite, Route, Transport,
};
use crate::gateway::caddy::routes::Routes;
use crate::gateway::{ConfigError, go};

/// Ports that one upstream address may stand for.
const MOST_PORTS: u16 = 1000;

/// `reverse_proxy [matcher] upstream … { … }`
pub(super) fn reverse_proxy(scope: &mut Scope, notes: &mut Notes<'_>) -> Result<Route, ConfigError> {
    let set = scope.matcher()?;
    let builder = Builder::default();
    let proxy = builder.read(scope, notes)?;
    let handled = Handled::new(Handler::Proxy(Arc::new(proxy)), &scope.line);
    Ok(route(set, vec![handled.answering(notes)]))
}

/// `forward_auth [matcher] upstream … { uri …; copy_headers … }`: a `reverse_proxy` whose answer decides whether the next
/// handlers are asked.
pub(super) fn forward_auth(scope: &mut Scope, notes: &mut Notes<'_>) -> Result<Route, ConfigError> {
    let set = scope.matcher()?;
    let mut builder = Builder { permission: true, ..Builder::default() };
    let mut ops = HeaderOps::default();
    headers::set(&mut ops, "X-Forwarded-Method", "{http.request.method}".into(), Some(scope.line.clone()));
    headers::set(&mut ops, "X-Forwarded-Uri", "{http.request.uri}".into(), Some(scope.line.clone()));
    builder.request = Some(ops);
    builder.rewrite = Some(Rewrite { method: Some("GET".into()), ..Rewrite::default() });
    let proxy = builder.read(scope, notes)?;
    let handled = Handled::new(Handler::Proxy(Arc::new(proxy)), &scope.line);
    Ok(route(set, vec![handled.answering(notes)]))
}

/// A `reverse_proxy` that is being read.
#[derive(Default)]
struct Builder {
    permission: bool,
    scheme: Option<Arc<str>>,
    upstreams: Vec<Arc<str>>,
    first: bool,
    transport: Transport,
    rewrite: Option<Rewrite>,
    request: Option<HeaderOps>,
    response: Option<ResponseOps>,
    trusted: Vec<Arc<str>>,
    matchers: HashMap<Arc<str>, ResponseMatcher>,
    /// What `handle_response` has, to be read when all matchers are known.
    segments: Vec<Vec<Token>>,
    responses: Vec<ResponseHandler>,
    copied: BTreeMap<Arc<str>, Arc<str>>,
    buffers: bool,
    doubts: Vec<crate::gateway::NotUnderstood>,
}

impl Builder {
    fn read(mut self, scope: &mut Scope, notes: &mut Notes<'_>) -> Result<Proxy, ConfigError> {
        for word in scope.at.args() {
            remarks::pattern_as_upstream(&word, &scope.line, notes);
            remarks::path_in_upstream(&word, &scope.line, notes);
            self.upstream(&word, &scope.at)?;
        }
        let nesting = scope.at.nesting();
        while scope.at.next_block(nesting) {
            self.subdirective(&mut scope.at, notes)?;
        }
        if self.permission && self.rewrite.as_ref().is_none_or(|rewrite| rewrite.uri.is_none()) {
            return Err(scope.at.fault("forward_auth needs a uri to ask"));
        }
        if self.scheme.as_deref() == Some("https") {
            self.transport.tls = true;
        }
        if self.scheme.as_deref() == Some("h2c") {
            let doubt = notes.doubt(Some(scope.line.place.clone()), "HTTP/2 to the upstream is not modelled");
            self.transport.other_protocol = Some(doubt);
        }
        if self.scheme.as_deref() == Some("http") && self.transport.tls {
            return Err(scope.at.fault("the upstream is http:// and its transport has tls"));
        }
        let responses = self.responses(scope, notes)?;
        let trusted = networks(&self.trusted).map_err(|what| ConfigError::at(&scope.line.place, what))?;
        let alike = self.upstreams.iter().all(|upstream| Some(upstream) == self.upstreams.first());
        Ok(Proxy {
            choice: if self.first || alike { Choice::First } else { Choice::Any },
            upstreams: self.upstreams,
            transport: self.transport,
            rewrite: self.rewrite,
            request: self.request,
            response: self.response,
            trusted,
            responses,
            permission: self.permission,
            request_buffers: self.buffers,
            doubts: self.doubts,
        })
    }

    fn subdirective(&mut self, at: &mut Dispenser, notes: &mut Notes<'_>) -> Result<(), ConfigError> {
        let name = at.val();
        if name.starts_with('@') {
            let (name, matcher) = matchers::response(at.segment())?;
            if self.matchers.insert(Arc::clone(&name), matcher).is_some() {
                return Err(at.fault(format!("the matcher {name} is there twice")));
            }
            return Ok(());
        }
        match &*name {
            "to" => {
                let words = at.args();
                if words.is_empty() {
                    return Err(at.arguments());
                }
                for word in words {
                    self.upstream(&word, at)?;
                }
            }
            "header_up" => self.header_up(at, notes)?,
            "header_down" => {
                let change = headers::line(at)?;
                let response = self.response.get_or_insert_with(ResponseOps::default);
                headers::apply(&mut response.ops, change, notes)?;
            }
            "method" => self.rewrite.get_or_insert_with(Rewrite::default).method = Some(at.only_arg()?),
            "rewrite" => self.rewrite.get_or_insert_with(Rewrite::default).uri = Some(at.only_arg()?),
            "uri" if self.permission => {
                let rewrite = self.rewrite.get_or_insert_with(Rewrite::default);
                if rewrite.uri.is_some() {
                    return Err(at.fault("forward_auth has two uris"));
                }
                rewrite.uri = Some(at.some_arg()?);
            }
            "copy_headers" if self.permission => self.copy_headers(at)?,
            "trusted_proxies" => self.trusted.extend(at.args()),
            "transport" => self.transport(at, notes)?,
            "handle_response" => self.segments.push(at.segment()),
            "replace_status" => self.replace_status(at)?,
            "lb_policy" => {
                self.first = at.some_arg().is_ok_and(|policy| &*policy == "first");
                at.args();
                at.skip_block();
            }
            "request_buffers" => {
                self.buffers = at.only_arg().is_ok_and(|size| &*size != "0");
            }
            "dynamic" => {
                let what = "dynamic: where upstreams come from is known to the running proxy only";
                self.doubts.push(notes.doubt(at.place(), what));
                at.args();
                at.skip_block();
            }
            name if is_ignored(name) => {
                at.args();
                at.skip_block();
            }
            other => {
                self.doubts.push(notes.doubt(at.place(), format!("{other}: not modelled")));
                at.args();
                at.skip_block();
            }
        }
        Ok(())
    }

    fn header_up(&mut self, at: &mut Dispenser, notes: &mut Notes<'_>) -> Result<(), ConfigError> {
        let change = headers::line(at)?;
        if change.replacement.is_none() {
            remarks::protocol_as_scheme(&change.field, &change.value, &change.line, notes);
            remarks::host_without_port(&change.field, &change.value, &change.line, notes);
            remarks::empty_port(&change.field, &change.value, &change.line, notes);
        }
        headers::apply(self.request.get_or_insert_with(HeaderOps::default), change, notes)
    }

    /// `copy_headers A B>C`, or so in a block.
    fn copy_headers(&mut self, at: &mut Dispenser) -> Result<(), ConfigError> {
        let mut words = at.args();
        let nesting = at.nesting();
        while at.next_block(nesting) {
            words.push(at.val());
        }
        if words.is_empty() {
            return Err(at.arguments());
        }
        for word in words {
            let mut parts = word.split('>');
            let from = parts.next().unwrap_or_default();
            self.copied.insert(from.into(), parts.next().unwrap_or(from).into());
        }
        Ok(())
    }

    fn transport(&mut self, at: &mut Dispenser, notes: &mut Notes<'_>) -> Result<(), ConfigError> {
        let name = at.some_arg()?;
        if &*name != "http" {
            let doubt = notes.doubt(at.place(), format!("transport {name}: not modelled"));
            self.transport.other_protocol = Some(doubt);
            at.args();
            at.skip_block();
            return Ok(());
        }
        let nesting = at.nesting();
        while at.next_block(nesting) {
            let option = at.val();
            let place = at.place();
            let args = at.args();
            match &*option {
                "tls_except_ports" => {
                    self.transport.tls = true;
                    self.transport.except_ports = args;
                }
                "versions" if args.iter().all(|version| &**version == "1.1") => {}
                "versions" => {
                    let doubt = notes.doubt(place, "versions: HTTP/2 and 3 to the upstream are not modelled");
                    self.transport.other_protocol = Some(doubt);
                }
                "compression" => self.transport.no_compression = args.first().is_some_and(|arg| &**arg == "off"),
                "proxy_protocol" | "forward_proxy_url" | "network_proxy" => {
                    self.transport.other_protocol = Some(notes.doubt(place, format!("{option}: not modelled")));
                }
                option if option == "tls" || option.starts_with("tls_") => self.transport.tls = true,
                option if is_ignored_transport(option) => {}
                other => self.doubts.push(notes.doubt(place, format!("transport http {other}: not modelled"))),
            }
            at.skip_block();
        }
        Ok(())
    }

    fn replace_status(&mut self, at: &mut Dispenser) -> Result<(), ConfigError> {
        let args = at.args();
        let (require, status) = match args.as_slice() {
            [status] => (None, status),
            [name, status] => (Some(self.matcher(name, at)?), status),
            _ => return Err(at.arguments()),
        };
        self.responses.push(ResponseHandler { require, status: Arc::clone(status), routes: Routes::default() });
        Ok(())
    }

    fn matcher(&self, name: &Arc<str>, at: &Dispenser) -> Result<ResponseMatcher, ConfigError> {
        self.matchers.get(name).cloned().ok_or_else(|| at.fault(format!("{name} is no matcher of responses here")))
    }

    /// `handle_response [@matcher] { … }`: those with a matcher come first.
    fn responses(&mut self, scope: &Scope, notes: &mut Notes<'_>) -> Result<Vec<ResponseHandler>, ConfigError> {
        let mut all: Vec<ResponseHandler> = Vec::new();
        if self.permission {
            all.push(self.permitted(&scope.line));
        }
        all.append(&mut self.responses);
        for segment in std::mem::take(&mut self.segments) {
            let mut at = super::at_first(segment);
            let args = at.args();
            let require = match args.as_slice() {
                [] => None,
                [name] => Some(self.matcher(name, &at)?),
                _ => return Err(at.arguments()),
            };
            let mut inner = Scope { at, matchers: Arc::clone(&scope.matchers), line: scope.line.clone() };
            let found = blocks::subroute(&mut inner, notes)?;
            let routes = blocks::build(found, true, notes);
            all.push(ResponseHandler { require, status: "".into(), routes: routes.into() });
        }
        let (with, without): (Vec<_>, Vec<_>) = all.into_iter().partition(|handler| handler.require.is_some());
        Ok(with.into_iter().chain(without).collect())
    }

    /// What follows a yes: the fields that are copied, each taken off first.
    fn permitted(&self, line: &Line) -> ResponseHandler {
        let mut routes = vec![blocks::route(None, Vec::new())];
        for (from, to) in &self.copied {
            let to: Arc<str> = go::canonical(to).into();
            let placeholder: Arc<str> = format!("{{http.reverse_proxy.header.{}}}", go::canonical(from)).into();
            let delete = Op { field: Arc::clone(&to), what: (), line: Some(line.clone()) };
            let set = Op { field: to, what: Arc::clone(&placeholder), line: Some(line.clone()) };
            let headers = |ops| Handler::Headers(Arc::new(Headers { request: Some(ops), response: None }));
            let step = |handler| Handled { handler, line: None, router: None };
            let off = headers(HeaderOps { delete: vec![delete], ..HeaderOps::default() });
            routes.push(blocks::route(None, vec![step(off)]));
            let empty = Matcher::Vars([(placeholder, vec!["".into()])].into_iter().collect());
            let empty = Arc::new(MatcherSet::of("vars", empty));
            let some = MatcherSet::of("not", Matcher::Not(vec![empty]));
            let on = headers(HeaderOps { set: vec![set], ..HeaderOps::default() });
            routes.push(blocks::route(Some(Arc::new(some)), vec![step(on)]));
        }
        let require = ResponseMatcher { status: vec![2], ..ResponseMatcher::default() };
        ResponseHandler { require: Some(require), status: "".into(), routes: routes.into() }
    }

    /// `parseUpstreamDialAddress`: an upstream's address, with a scheme or without.
    fn upstream(&mut self, word: &str, at: &Dispenser) -> Result<(), ConfigError> {
        let fault = |what: &str| Err(at.fault(format!("the upstream {word:?} {what}")));
        let (scheme, kind, host, port) = match word.split_once("://") {
            Some(_) if word.contains('{') => return fault("may not hold placeholders beside a scheme"),
            Some((scheme, rest)) => {
                if rest.contains(['/', '?', '#']) {
                    return fault("may have a scheme, a host and a port only: what becomes of the path is for rewrite");
                }
                let (host, port) = go::url_host_port(rest.as_bytes());
                let (host, port) = (String::from_utf8_lossy(host), String::from_utf8_lossy(port));
                let (host, port) = match rest.rsplit_once(':') {
                    Some((host, range)) if range.contains('-') => (host.trim_matches(['[', ']']).into(), range.into()),
                    _ => (host, port),
                };
                let default = if scheme == "https" { "443" } else { "80" };
                let port = if port.is_empty() { default.into() } else { port.into_owned() };
                (scheme.to_ascii_lowercase(), String::new(), host.into_owned(), port)
            }
            None => {
                let Network { kind, host, port } = Network::split(word);
                let default = port.is_empty() && !host.contains('{') && !kind.starts_with("unix");
                (String::new(), kind, host, if default { "80".to_owned() } else { port })
            }
        };
        match (scheme.as_str(), port.as_str()) {
            ("http" | "h2c", "443") | ("https", "80") => {
                return fault("has a scheme and a port that contradict each other");
            }
            ("" | "http" | "https" | "h2c", _) => {}
            _ => return fault("has a scheme that is none of http, https and h2c"),
        }
        let scheme: Arc<str> = if kind == "unix+h2c" { "h2c".into() } else { scheme.into() };
        if self.scheme.as_ref().is_some_and(|known| !known.is_empty() && *known != scheme) {
            return fault("has another scheme than those before it");
        }
        self.scheme = Some(scheme);
        let kind = if kind == "unix+h2c" { "unix".to_owned() } else { kind };
        let ports = match port.split_once('-') {
            Some((from, to)) if !port.contains('{') => {
                let range = from.parse::<u16>().ok().zip(to.parse::<u16>().ok());
                let Some((from, to)) = range.filter(|(from, to)| to >= from && to - from <= MOST_PORTS) else {
                    return fault("has a range of ports that is none");
                };
                (from..=to).map(|port| port.to_string()).collect()
            }
            _ if port.contains('{') || port.is_empty() || port.parse::<u16>().is_ok() => vec![port],
            _ => return fault("has a port that is no number"),
        };
        let address = |port: String| Network { kind: kind.clone(), host: host.clone(), port }.join().into();
        self.upstreams.extend(ports.into_iter().map(address));
        Ok(())
    }
}

/// What changes neither the request nor what becomes of it.
fn is_ignored(name: &str) -> bool {
    name.starts_with("health_")
        || matches!(
            name,
            "lb_retries"
                | "lb_try_duration"
                | "lb_try_interval"
                | "lb_retry_match"
                | "max_fails"
                | "fail_duration"
                | "unhealthy_request_count"
                | "unhealthy_status"
                | "unhealthy_latency"
                | "flush_interval"
                | "response_buffers"
                | "stream_buffer_size"
                | "stream_timeout"
                | "stream_close_delay"
                | "verbose_logs"
                | "buffer_requests"
                | "buffer_responses"
                | "max_buffer_size"
        )
}

/// The same of the transport.
fn is_ignored_transport(name: &str) -> bool {
    matches!(
        name,
        "read_buffer"
            | "write_buffer"
            | "read_timeout"
            | "write_timeout"
            | "max_response_header"
            | "dial_timeout"
            | "dial_fallback_delay"
            | "response_header_timeout"
            | "expect_continue_timeout"
            | "resolvers"
            | "keepalive"
            | "keepalive_interval"
            | "keepalive_idle_conns"
            | "keepalive_idle_conns_per_host"
            | "max_conns_per_host"
            | "local_address"
    )
}
