//! The head that is sent on: the lines of `proxy_set_header` in order, the defaults that they do not replace, the client's
//! fields that neither of them names.
//!
//! What nginx leaves out is not what RFC 9110 calls hop-by-hop: a field that `Connection` names goes on, `Trailer` and
//! `Proxy-Connection` (before 1.31.0) too.
//!
//! Source: `ngx_http_proxy_create_request`, `ngx_http_proxy_init_headers`, `ngx_http_proxy_headers`
//! (`ngx_http_proxy_module.c`, 1.22.1; 1.29.7, 1.31.0 and 1.31.4 for what they changed).

use super::request::HeaderLine;
use super::settings::ProxyVersion;
use crate::asgi::Release;
use crate::gateway::{Step, StepKind};

/// Since then HTTP/1.1 and kept connections are the default.
const KEPT_CONNECTIONS: Release = Release::new(1, 29, 7);
/// Since then `Proxy-Connection` is left out.
const NO_PROXY_CONNECTION: Release = Release::new(1, 31, 0);
/// Since then `Host` comes first, once, and never empty.
const HOST_FIRST: Release = Release::new(1, 31, 4);

/// True if connections to upstreams are kept and requests sent on with HTTP/1.1 where nothing else is written.
pub(super) fn keeps_connections(release: Release) -> bool {
    release >= KEPT_CONNECTIONS
}

impl ProxyVersion {
    /// What holds where `proxy_http_version` is not written.
    pub(super) fn of(release: Release) -> Self {
        if release >= KEPT_CONNECTIONS { Self::Http11 } else { Self::Http10 }
    }
}

/// How the body that is sent on is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// There is none.
    Absent,
    /// `Content-Length`
    Known(u64),
    /// It goes on as it comes, in chunks.
    Chunked,
}

/// What a head is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outgoing<'a> {
    pub(super) method: &'a [u8],
    pub(super) target: &'a [u8],
    pub(super) version: ProxyVersion,
    /// What `proxy_set_header` lines say, evaluated: an empty value leaves the field out, the client's too.
    pub(super) set: &'a [(Vec<u8>, Vec<u8>)],
    /// `$proxy_host`
    pub(super) proxy_host: &'a [u8],
    pub(super) length: Length,
    /// The client's fields; `None` with `proxy_pass_request_headers off`.
    pub(super) client: Option<&'a [HeaderLine]>,
    pub(super) release: Release,
}

impl Outgoing<'_> {
    /// The head's bytes, from the request line to the empty line.
    pub(super) fn write(&self) -> Vec<u8> {
        let client = self.client.unwrap_or_default();
        let room: usize = client.iter().map(|field| field.name.len() + field.value.len() + 4).sum();
        let mut out = Vec::with_capacity(room + self.target.len() + 256);
        out.extend_from_slice(self.method);
        out.push(b' ');
        out.extend_from_slice(self.target);
        out.extend_from_slice(match self.version {
            ProxyVersion::Http10 => b" HTTP/1.0\r\n",
            ProxyVersion::Http11 | ProxyVersion::Http2 => b" HTTP/1.1\r\n",
        });
        let host_first = self.release >= HOST_FIRST;
        if host_first {
            field(&mut out, b"Host", self.host());
        }
        for (name, value) in self.set {
            if !(host_first && name.eq_ignore_ascii_case(b"host")) {
                field(&mut out, name, value);
            }
        }
        let defaults = self.defaults();
        for (name, value) in &defaults {
            let written = (host_first && *name == "Host") || self.sets(name.as_bytes());
            if !written {
                field(&mut out, name.as_bytes(), value);
            }
        }
        for line in client {
            let replaced =
                defaults.iter().any(|(name, _)| line.is(name.as_bytes())) || (line.known && self.sets(&line.name));
            if !replaced {
                passed(&mut out, &line.name, &line.value);
            }
        }
        out.extend_from_slice(b"\r\n");
        out
    }

    /// What nginx does by itself: the defaults that are sent, and the client's fields that are not.
    pub(super) fn own_steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        for (name, value) in self.defaults() {
            let came = self.client.unwrap_or_default().iter().any(|line| line.is(name.as_bytes()));
            if self.sets(name.as_bytes()) || (value.is_empty() && !came) {
                continue;
            }
            let what = if value.is_empty() {
                format!("{name} is not sent on (nginx's default)")
            } else {
                format!("{name}: {} (nginx's default)", value.escape_ascii())
            };
            steps.push(Step::own(StepKind::Field(name.to_owned()), what));
        }
        steps
    }

    /// True if there is a `proxy_set_header` for the field.
    fn sets(&self, name: &[u8]) -> bool {
        self.set.iter().any(|(set, _)| set.eq_ignore_ascii_case(name))
    }

    /// The `Host` of releases that write it first.
    fn host(&self) -> &[u8] {
        let last = self.set.iter().rfind(|(name, _)| name.eq_ignore_ascii_case(b"host"));
        match last {
            Some((_, value)) if !value.is_empty() || self.version == ProxyVersion::Http10 => value,
            _ => self.proxy_host,
        }
    }

    /// What is written where no line says otherwise; empty values leave the client's field out.
    fn defaults(&self) -> Vec<(&'static str, Vec<u8>)> {
        let kept = self.release >= KEPT_CONNECTIONS;
        let mut all =
            vec![("Host", self.proxy_host.to_vec()), ("Connection", if kept { Vec::new() } else { b"close".to_vec() })];
        if self.release >= NO_PROXY_CONNECTION {
            all.push(("Proxy-Connection", Vec::new()));
        }
        let (length, coding) = match self.length {
            Length::Absent => (Vec::new(), Vec::new()),
            Length::Known(length) => (length.to_string().into_bytes(), Vec::new()),
            Length::Chunked => (Vec::new(), b"chunked".to_vec()),
        };
        all.extend([("Content-Length", length), ("Transfer-Encoding", coding)]);
        all.extend(["TE", "Keep-Alive", "Expect", "Upgrade"].map(|name| (name, Vec::new())));
        all
    }
}

/// Writes a field, unless it is empty.
fn field(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    if !value.is_empty() {
        passed(out, name, value);
    }
}

/// Writes a field, even an empty one.
fn passed(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
        let line = |line: &str| line.split_once(": ").map(|(name, value)| (name.into(), value.into()));
        text.split('|').filter_map(line).collect()
    }

    fn sent(set: &str, client: &str, length: Length, release: Release) -> String {
        let fields: Vec<HeaderLine> =
            lines(client).into_iter().map(|(name, value)| HeaderLine { name, value, known: true }).collect();
        let outgoing = Outgoing {
            method: b"GET",
            target: b"/x",
            version: ProxyVersion::of(release),
            set: &lines(set),
            proxy_host: b"up",
            length,
            client: Some(&fields),
            release,
        };
        let head = String::from_utf8(outgoing.write()).unwrap();
        head.trim_end().replace("\r\n", "|")
    }

    #[test]
    fn heads() {
        let client = "Host: a.b|User-Agent: x|Connection: x-drop, close|X-Drop: 1|Upgrade: h|TE: t|Keep-Alive: 5|Expect: e|\
                      Transfer-Encoding: chunked|Trailer: y|x-empty: |X-FOO: 1";
        let old = Release::new(1, 22, 1);
        for (set, length, head) in [
            (
                "",
                Length::Absent,
                "GET /x HTTP/1.0|Host: up|Connection: close|User-Agent: x|X-Drop: 1|Trailer: y|x-empty: |X-FOO: 1",
            ),
            (
                "X-Foo: 2|host: h|X-Foo: 3|Connection: |Upgrade: ws",
                Length::Known(7),
                "GET /x HTTP/1.0|X-Foo: 2|host: h|X-Foo: 3|Upgrade: ws|Content-Length: 7|User-Agent: x|X-Drop: 1|Trailer: y|\
                 x-empty:",
            ),
        ] {
            assert_eq!(sent(set, client, length, old), head, "{set}");
        }
    }

    #[test]
    fn releases() {
        let client = "Host: a|Connection: close|Proxy-Connection: close";
        for (release, set, head) in [
            (Release::new(1, 29, 6), "", "GET /x HTTP/1.0|Host: up|Connection: close|Proxy-Connection: close"),
            (Release::new(1, 29, 7), "", "GET /x HTTP/1.1|Host: up|Proxy-Connection: close"),
            (Release::new(1, 31, 0), "X: 1|Host: h", "GET /x HTTP/1.1|X: 1|Host: h"),
            (Release::new(1, 31, 4), "X: 1|Host: h|Host: i", "GET /x HTTP/1.1|Host: i|X: 1"),
            (Release::new(1, 31, 4), "X: 1|Host: ", "GET /x HTTP/1.1|Host: up|X: 1"),
        ] {
            assert_eq!(sent(set, client, Length::Absent, release), head, "{release}");
        }
    }
}
