//! A request as httpd sends it on (`modules/proxy/mod_proxy_http.c`, `proxy_util.c`, 2.4).

use std::sync::Arc;

use super::back::Way;
use super::config::{Config, Server, Via};
use super::head::{Table, split_port};
use super::mapping::{Worker, worker};
use super::plan::Walk;
use super::scope::Scope;
use super::text::Scene;
use super::url::{Slashes, canonical, is_visible};
use crate::gateway::{Destination, Forward, NotUnderstood, Purpose, Step, StepKind, Upstream};

/// Bytes of a body that are read before the head is sent on (`MAX_MEM_SPOOL`).
const SPOOL: usize = 16_384;

/// A request about to be sent.
pub(super) struct Sending<'w, 'a> {
    pub(super) walk: &'w mut Walk<'a>,
    pub(super) server: &'w Server,
    pub(super) scope: Scope,
    pub(super) scene: Scene,
}

/// A URL taken apart.
struct Url {
    tls: bool,
    websocket: bool,
    unix: Option<String>,
    host: String,
    port: u16,
    named_port: bool,
    target: Vec<u8>,
    /// The member of a balancer that it leads to.
    member: Option<Worker>,
}

/// Why nothing is sent on: the status, and what is said for the request.
type Refused = (u16, Box<Scope>);

impl Sending<'_, '_> {
    pub(super) fn send(
        mut self,
        config: Arc<Config>,
        index: usize,
        url: &[u8],
        nocanon: bool,
    ) -> Result<Forward, Refused> {
        let url = match self.url(url, nocanon) {
            Ok(url) => url,
            Err(status) => {
                self.walk.steps.push(Step::own(StepKind::Answer, format!("the URL leads nowhere: {status}")));
                return Err((status, Box::new(self.scope)));
            }
        };
        let mut fields = self.scene.head.fields.clone();
        for change in &self.scope.requests {
            match change.apply(&mut fields, &self.scene) {
                Ok(false) => {}
                Ok(true) => {
                    let kind = StepKind::Field(change.name.clone());
                    self.walk.steps.push(Step::at(kind, change.text.clone(), &change.place));
                }
                Err(what) => self.walk.unknown.push(what),
            }
        }
        if let Some(left) = fields.get("max-forwards").map(<[u8]>::to_vec) {
            let left = std::str::from_utf8(&left).ok().and_then(|left| left.trim().parse::<u64>().ok());
            match left.and_then(|left| left.checked_sub(1)) {
                Some(left) => fields.set("Max-Forwards", left.to_string().as_bytes()),
                None => return Err((400, Box::new(self.scope))),
            }
        }
        if self.scene.head.method == b"TRACE" {
            self.walk.unknown.push(NotUnderstood { place: None, what: "TRACE is not modelled".to_owned() });
        }
        let upstream = Upstream { host: url.host.clone(), port: url.port };
        let to = match &url.unix {
            Some(path) => Destination::Unix(path.clone()),
            None if url.tls => Destination::Https(upstream),
            None => Destination::Http(upstream),
        };
        let head = self.head(&url, fields);
        self.walk.steps.push(Step::own(StepKind::Upstream, to.url()).path(url.target.clone()));
        let way = Way { config, server: index, scope: self.scope, scene: self.scene };
        Ok(Forward { purpose: Purpose::Request, to, head, back: Arc::new(way) })
    }

    /// Takes a URL apart and escapes its path (`proxy_http_canon`).
    fn url(&mut self, url: &[u8], nocanon: bool) -> Result<Url, u16> {
        let (unix, url) = match url.strip_prefix(b"unix:") {
            None => (None, url),
            Some(rest) => {
                let bar = rest.iter().position(|&b| b == b'|').ok_or(400u16)?;
                let (path, url) = rest.split_at(bar);
                (Some(String::from_utf8_lossy(path).into_owned()), url.get(1..).unwrap_or_default())
            }
        };
        let colon = memchr::memmem::find(url, b"://").ok_or(500u16)?;
        let (scheme, rest) = url.split_at(colon);
        let rest = rest.get(3..).unwrap_or_default();
        let end = rest.iter().position(|&b| b == b'/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let path = path.strip_prefix(b"/").unwrap_or(path);
        let kept = self.scope.slashes == Some(Slashes::Kept);
        let escaped = if nocanon { Some(path.to_vec()) } else { canonical(path, kept) };
        let mut target = [b"/", escaped.ok_or(400u16)?.as_slice()].concat();
        if nocanon && !is_visible(&target) {
            return Err(403);
        }
        if let Some(query) = self.scene.query.as_ref().filter(|_| !nocanon) {
            if !is_visible(query) {
                return Err(403);
            }
            target.push(b'?');
            target.extend_from_slice(query);
        }
        let scheme = scheme.to_ascii_lowercase();
        match scheme.as_slice() {
            b"http" | b"https" | b"ws" | b"wss" => Self::parts(
                authority,
                target,
                matches!(scheme.as_slice(), b"https" | b"wss"),
                scheme.starts_with(b"ws"),
                unix,
            ),
            b"balancer" => self.member(authority, &target),
            _ => {
                let what = format!("{}: requests of this kind are not modelled", String::from_utf8_lossy(url));
                self.walk.unknown.push(NotUnderstood { place: None, what });
                Err(500)
            }
        }
    }

    fn parts(authority: &[u8], target: Vec<u8>, tls: bool, websocket: bool, unix: Option<String>) -> Result<Url, u16> {
        let at = authority.iter().rposition(|&b| b == b'@').map_or(0, |at| at + 1);
        let authority = authority.get(at..).unwrap_or_default();
        let (host, port) = split_port(authority).ok_or(400u16)?;
        let default = if tls { 443 } else { 80 };
        let named_port = port.is_some_and(|port| port != default);
        let literal = host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]"));
        let text = String::from_utf8_lossy(literal.unwrap_or(host)).to_ascii_lowercase();
        let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
        if literal.is_none() && !text.bytes().all(is_name) || text.is_empty() {
            // A colon makes it an address of IPv6, which then is put in brackets: a `?` or `#` breaks the URL apart,
            // anything else is asked of the resolver in vain.
            return Err(if text.contains(['?', '#']) || text.is_empty() { 400 } else { 500 });
        }
        Ok(Url { tls, websocket, unix, host: text, port: port.unwrap_or(default), named_port, target, member: None })
    }

    /// The member of a balancer that takes the request: of several the first is taken to be next.
    fn member(&mut self, name: &[u8], target: &[u8]) -> Result<Url, u16> {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        let members = self.server.balancers.get(&name).cloned().unwrap_or_default();
        let Some(member) = members.first() else { return Err(503) };
        if members.len() > 1 {
            let text = format!("the first of the {} members of balancer://{name} is taken to be next", members.len());
            self.walk.steps.push(Step::at(StepKind::Assumed, text, &member.place));
        }
        let (scheme, rest) = member.url.split_once("://").ok_or(500u16)?;
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let target = [path.as_bytes(), target].concat();
        let tls = matches!(scheme, "https" | "wss");
        let url = Self::parts(authority.as_bytes(), target, tls, scheme.starts_with("ws"), None)?;
        Ok(Url { member: Some(member.worker.clone()), ..url })
    }

    /// The head.
    fn head(&mut self, url: &Url, mut fields: Table) -> Vec<u8> {
        let version: &[u8] =
            if self.scene.env.contains_key("force-proxy-request-1.0") { b"HTTP/1.0" } else { b"HTTP/1.1" };
        let upgrade = self.upgrade(url, &fields).filter(|_| version != b"HTTP/1.0");
        let sent_host = fields.get("host").map(<[u8]>::to_vec);
        let coding = fields.get("transfer-encoding").map(<[u8]>::to_vec);
        let length = fields.get("content-length").map(<[u8]>::to_vec);
        for name in ["transfer-encoding", "content-length"] {
            fields.unset(name);
        }
        clear_connection(&mut fields);
        for name in ["keep-alive", "upgrade", "trailer", "te"] {
            fields.unset(name);
        }
        let host = self.host(url, sent_host.as_deref());
        match self.server.via {
            Some(Via::Block) => fields.unset("Via"),
            Some(Via::On) => {
                let version = self.scene.head.version;
                let port = self.scene.url_port();
                let default = if self.scene.scheme == "https" { 443 } else { 80 };
                let port = if port == default { String::new() } else { format!(":{port}") };
                let name = self.scene.server_name.clone().unwrap_or_default();
                fields.merge("Via", format!("{}.{} {name}{port}", version.0, version.1).as_bytes());
            }
            Some(Via::Off) | None => {}
        }
        if self.scope.add_headers.unwrap_or(true) {
            self.walk.steps.push(Step::own(StepKind::Field("X-Forwarded-For".to_owned()), "ProxyAddHeaders On"));
            fields.merge("X-Forwarded-For", self.scene.client.as_bytes());
            if let Some(host) = &sent_host {
                fields.merge("X-Forwarded-Host", host);
            }
            fields.merge("X-Forwarded-Server", self.scene.server_name.clone().unwrap_or_default().as_bytes());
        }
        fields.unset("host");
        let mut out =
            [&self.scene.head.method, &b" "[..], &url.target, b" ", version, b"\r\nHost: ", &host, b"\r\n"].concat();
        let mut line = |name: &[u8], value: &[u8]| out.extend_from_slice(&[name, b": ", value, b"\r\n"].concat());
        for (name, value) in fields.iter() {
            line(name, value);
        }
        match self.body(coding.is_some(), length.as_deref()) {
            Body::None => {}
            Body::Length(length) => line(b"Content-Length", &length),
            Body::Chunked => line(b"Transfer-Encoding", b"chunked"),
        }
        match upgrade {
            Some(protocol) => {
                line(b"Connection", b"Upgrade");
                line(b"Upgrade", &protocol);
            }
            None if version == b"HTTP/1.0" => {}
            None if self.keeps(url) => line(b"Connection", b"Keep-Alive"),
            None => line(b"Connection", b"close"),
        }
        out.extend_from_slice(b"\r\n");
        out
    }

    /// `Host`: the upstream's, or the client's with `ProxyPreserveHost`.
    fn host(&mut self, url: &Url, sent: Option<&[u8]>) -> Vec<u8> {
        if self.scope.preserve_host.unwrap_or(false) {
            return sent
                .map_or_else(|| self.scene.server_name.clone().unwrap_or_default().into_bytes(), <[u8]>::to_vec);
        }
        let host = if url.host.contains(':') { format!("[{}]", url.host) } else { url.host.clone() };
        if url.named_port && url.port != 80 { format!("{host}:{}", url.port).into_bytes() } else { host.into_bytes() }
    }

    /// The protocol that is changed to, where the worker lets it through (`ap_proxy_worker_can_upgrade`).
    fn upgrade(&self, url: &Url, fields: &Table) -> Option<Vec<u8>> {
        let asked = fields.get("upgrade")?;
        let allowed = match self.worker(url).and_then(|worker| worker.upgrade.as_deref()) {
            Some(any) if any.eq_ignore_ascii_case("any") || any == "*" => true,
            Some(none) if none.eq_ignore_ascii_case("none") => false,
            Some(protocol) => protocol.as_bytes().eq_ignore_ascii_case(asked),
            None => url.websocket && asked.eq_ignore_ascii_case(b"websocket"),
        };
        allowed.then(|| asked.to_vec())
    }

    /// True if the connection is kept: only to an upstream that a directive names.
    fn keeps(&self, url: &Url) -> bool {
        let forced = ["proxy-nokeepalive", "force-proxy-request-1.0"];
        if forced.iter().any(|name| self.scene.env.contains_key(*name)) {
            return false;
        }
        self.worker(url).is_some_and(|worker| !worker.disable_reuse)
    }

    /// The upstream that the URL belongs to, where a directive names it.
    fn worker<'u>(&'u self, url: &'u Url) -> Option<&'u Worker> {
        if url.member.is_some() {
            return url.member.as_ref();
        }
        let scheme = match (url.websocket, url.tls) {
            (false, false) => "http",
            (false, true) => "https",
            (true, false) => "ws",
            (true, true) => "wss",
        };
        let host = if url.host.contains(':') { format!("[{}]", url.host) } else { url.host.clone() };
        let port = if url.named_port { format!(":{}", url.port) } else { String::new() };
        let unix = url.unix.as_ref().map(|path| format!("unix:{path}|")).unwrap_or_default();
        let whole = [format!("{unix}{scheme}://{host}{port}").as_bytes(), &url.target].concat();
        worker(&self.server.workers, &whole)
    }

    /// How the body is announced.
    fn body(&mut self, chunked: bool, length: Option<&[u8]>) -> Body {
        if let (false, Some(length)) = (chunked, length) {
            let zeros = length.iter().take_while(|&&b| b == b'0').count().min(length.len().saturating_sub(1));
            return Body::Length(length.get(zeros..).unwrap_or_default().to_vec());
        }
        if !chunked {
            return Body::None;
        }
        match self.walk.request.body.and_then(dechunked) {
            Some(length) if length <= SPOOL => Body::Length(length.to_string().into_bytes()),
            Some(_) => Body::Chunked,
            None => {
                let what = "how a body in chunks is sent on depends on its length".to_owned();
                self.walk.unknown.push(NotUnderstood { place: None, what });
                Body::Chunked
            }
        }
    }
}

enum Body {
    None,
    Length(Vec<u8>),
    Chunked,
}

/// Takes off `Connection` and the fields that it names (`ap_proxy_clear_connection`).
fn clear_connection(fields: &mut Table) {
    let named = fields.get("connection").unwrap_or_default().to_vec();
    for name in named.split(|&b| b == b',').map(<[u8]>::trim_ascii).filter(|name| !name.is_empty()) {
        fields.unset(&String::from_utf8_lossy(name));
    }
    fields.unset("connection");
    fields.unset("proxy-connection");
}

/// The length of a body in chunks, where all of it is there.
fn dechunked(body: &[u8]) -> Option<usize> {
    let mut rest = body;
    let mut total = 0usize;
    loop {
        let end = memchr::memmem::find(rest, b"\r\n")?;
        let size = std::str::from_utf8(rest.get(..end)?).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(total);
        }
        total = total.checked_add(size)?;
        rest = rest.get(end.checked_add(2)?.checked_add(size)?.checked_add(2)?..)?;
    }
}
