//! uvicorn 0.13 to 0.54: its options, and the way of a request through it.
//!
//! What each release changed stands in `release`; the rest asks it by name. The parsers and websocket libraries below
//! uvicorn have releases of their own, known or taken as of its day.
//!
//! ```text
//! bytes → h11 or httptools: refused, or a request, its target split                      h11, httptools, url, llhttp
//!       → websocket library: refused, or headers and subprotocols                        websocket
//!       → root_path put before path and raw_path
//!       → X-Forwarded-Proto and -For, if the peer is trusted → scope                     proxy_headers
//! ```

mod arrival;
mod h11;
mod httptools;
mod llhttp;
mod proxy_headers;
mod release;
mod url;
mod websocket;

use std::net::IpAddr;

use super::option::switch;
use super::{Ends, HeaderUse, Libraries, Local, Model, OwnOption, Server};
use crate::asgi::percent::unquote;
use crate::asgi::{AsgiVersions, Outcome, Release, Scope, ScopeType};
use crate::forwarded::{TrustList, Verdict};
use arrival::{Arrived, Call};
pub(super) use release::OLDEST;
use release::{MODELLED, OLDEST_WITH_ITS_HTTPTOOLS, Rules};
use websocket::{Handshake, Library};

/// The newest release that is modelled; a newer one is taken to be like it.
pub(super) const NEWEST: Release = release::NEWEST;

/// Its own options.
pub(super) const OPTIONS: &[OwnOption] = &[
    OwnOption {
        name: "root-path",
        value: "PATH",
        about: "put before path and raw_path since 0.26; empty",
        in_code: false,
    },
    OwnOption { name: "proxy-headers", value: "", about: "read forwarding headers; on", in_code: false },
    OwnOption {
        name: "forwarded-allow-ips",
        value: "LIST",
        about: "who is believed; FORWARDED_ALLOW_IPS, else 127.0.0.1 (and ::1 since 0.53)",
        in_code: false,
    },
    OwnOption {
        name: "http",
        value: "auto|h11|httptools|zttp",
        about: "the HTTP parser; auto, which is httptools where that is installed; zttp is not modelled",
        in_code: false,
    },
    OwnOption { name: "http2", value: "", about: "HTTP/2, with zttp alone (since 0.54); not modelled", in_code: false },
    OwnOption {
        name: "ws",
        value: "auto|none|websockets|websockets-sansio|wsproto",
        about: "the websocket library; auto, which is none where neither websockets nor wsproto is installed",
        in_code: false,
    },
];

/// What only uvicorn can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// `--proxy-headers` / `--no-proxy-headers`.
    pub proxy_headers: bool,
    /// `--forwarded-allow-ips`. Read as today; older releases read its text in their own way.
    pub trust: TrustList,
    /// `--http`
    pub http: HttpParser,
    /// `--http2`
    pub http2: bool,
    /// `--ws`
    pub ws: WebSockets,
}

/// uvicorn's HTTP/1 parsers differ on odd requests (absolute form, fragments, missing Host).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpParser {
    /// httptools: what `uvicorn[standard]` and `fastapi[standard]` install.
    Httptools,
    /// h11: what a bare `uvicorn` uses.
    H11,
    /// zttp, since 0.54: not modelled.
    Zttp,
}

/// Who shakes hands for websockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebSockets {
    /// What the release takes when not told: websockets, its newer interface since 0.50.
    Auto,
    /// Nobody: the handshake is a plain request (before 0.19: refused).
    None,
    /// websockets, its older interface.
    Websockets,
    /// websockets, its newer interface, since 0.35.
    WebsocketsSansIo,
    /// wsproto
    Wsproto,
}

impl Options {
    /// The options of a release that was told nothing.
    pub fn of(version: Release) -> Self {
        let trust = if version < Release::new(0, 53, 0) { "127.0.0.1" } else { "127.0.0.1,::1" };
        Self {
            proxy_headers: true,
            trust: TrustList::parse(trust),
            http: HttpParser::Httptools,
            http2: false,
            ws: WebSockets::Auto,
        }
    }

    /// What uvicorn of a release makes of `request`, started with these options by whatever program (gunicorn starts it as
    /// a worker); see [`Server::receive`].
    pub(super) fn receive_as(
        &self,
        uvicorn: Release,
        libraries: &Libraries,
        root_path: &str,
        request: &[u8],
        ends: &Ends,
    ) -> Outcome {
        let rules = Rules::of(uvicorn, libraries);
        let unknown = self.not_modelled().or_else(|| rules.unknown());
        let unknown = unknown.or_else(|| rules.unknown_parser(self.http == HttpParser::H11));
        if let Some(why) = unknown {
            return Outcome::Unknown { why };
        }
        let run = Run { options: self, rules, root_path, ends, library: Library::of(self.ws, &rules) };
        run.scope(request).map_or_else(|outcome| outcome, |scope| Outcome::Scope(Box::new(scope)))
    }

    /// Why nothing is known of what a request comes to, where the parser is to blame. uvicorn 0.54.0 takes `--http2` with
    /// zttp alone (`config.py`).
    fn not_modelled(&self) -> Option<String> {
        let option = if self.http2 { "--http2" } else { "--http zttp" };
        (self.http2 || self.http == HttpParser::Zttp)
            .then(|| format!("uvicorn's parser zttp ({option}) is not modelled"))
    }

    /// Whether uvicorn of a release believes `peer`.
    pub(super) fn trust_as(&self, uvicorn: Release, peer: Option<IpAddr>) -> Verdict {
        if !self.proxy_headers {
            return Verdict { trusted: false, why: "--no-proxy-headers: nobody is believed".to_owned() };
        }
        let trust = proxy_headers::trust_list(self, &Rules::of(uvicorn, &Libraries::default()));
        match peer {
            Some(peer) => trust.verdict(peer),
            None => Verdict {
                trusted: trust.trusts_everyone(),
                why: format!(
                    "a unix socket's peer has no address, and is believed only with \"*\", not {:?}",
                    trust.text()
                ),
            },
        }
    }

    /// What uvicorn of a release does with a forwarding header; see [`Server::reading`].
    pub(super) fn reading_as(&self, uvicorn: Release, name: &str, lines: &[&[u8]], trusted: bool) -> HeaderUse {
        proxy_headers::reading(self, &Rules::of(uvicorn, &Libraries::default()), name, lines, trusted)
    }
}

impl Model for Options {
    fn receive(&self, server: &Server, request: &[u8], ends: &Ends) -> Outcome {
        self.receive_as(server.version, &server.libraries, &server.root_path, request, ends)
    }

    fn trust(&self, server: &Server, peer: Option<IpAddr>) -> Verdict {
        self.trust_as(server.version, peer)
    }

    fn reads_forwarded(&self) -> bool {
        self.proxy_headers
    }

    fn reading(&self, server: &Server, name: &str, lines: &[&[u8]], trusted: bool) -> HeaderUse {
        self.reading_as(server.version, name, lines, trusted)
    }

    fn note(&self, version: Release) -> Option<String> {
        MODELLED.note(version).or_else(|| self.not_modelled()).or_else(|| {
            let guessed = self.http == HttpParser::Httptools && version < OLDEST_WITH_ITS_HTTPTOOLS;
            let oldest = llhttp::OLDEST;
            guessed.then(|| {
                format!("httptools below uvicorn {version} is taken to be {oldest}, if it is not known to be newer")
            })
        })
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        match (name, value) {
            ("proxy-headers", _) => self.proxy_headers = switch(value)?,
            ("forwarded-allow-ips", _) => self.trust = TrustList::parse(value),
            ("http", "auto" | "httptools") => self.http = HttpParser::Httptools,
            ("http", "h11") => self.http = HttpParser::H11,
            ("http", "zttp") => self.http = HttpParser::Zttp,
            ("http", _) => return Err("say auto, h11, httptools or zttp"),
            ("http2", _) => self.http2 = switch(value)?,
            ("ws", "auto") => self.ws = WebSockets::Auto,
            ("ws", "none") => self.ws = WebSockets::None,
            ("ws", "websockets") => self.ws = WebSockets::Websockets,
            ("ws", "websockets-sansio") => self.ws = WebSockets::WebsocketsSansIo,
            ("ws", "wsproto") => self.ws = WebSockets::Wsproto,
            _ => return Err("say auto, none, websockets, websockets-sansio or wsproto"),
        }
        Ok(())
    }
}

/// A request on its way through.
struct Run<'a> {
    options: &'a Options,
    rules: Rules,
    root_path: &'a str,
    ends: &'a Ends,
    library: Option<Library>,
}

impl Run<'_> {
    /// The scope, before and after the proxy headers.
    fn scope(&self, request: &[u8]) -> Result<Scope, Outcome> {
        let has_websockets = self.library.is_some();
        let arrived = match self.options.http {
            HttpParser::H11 => h11::read(request, &self.rules, self.root_path, has_websockets),
            HttpParser::Httptools => httptools::read(request, &self.rules, self.root_path, has_websockets),
            HttpParser::Zttp => Err(Outcome::Unknown { why: self.options.not_modelled().unwrap_or_default() }),
        }?;
        let mut scope = match (arrived.call, self.library) {
            (Call::WebSocket, Some(library)) => {
                let handshake = library.shake_hands(&arrived, &self.rules, self.root_path)?;
                self.websocket(arrived, handshake, library)
            }
            _ => self.plain(arrived),
        };
        let peer = self.ends.peer.map(|peer| peer.ip());
        if self.options.trust_as(self.rules.uvicorn, peer).trusted {
            proxy_headers::apply(&mut scope, &self.rules, &proxy_headers::trust_list(self.options, &self.rules));
        }
        Ok(scope)
    }

    fn plain(&self, arrived: Arrived) -> Scope {
        let Arrived { request, path, query, .. } = arrived;
        let before = if self.rules.root_path_in_path() { self.root_path } else { "" };
        Scope {
            kind: ScopeType::Http,
            asgi: AsgiVersions { version: "3.0", spec: Some(self.rules.spec_of_requests()) },
            http_version: Some(request.version),
            method: Some(String::from_utf8_lossy(&request.method).into_owned()),
            scheme: Some("http".to_owned()),
            path: format!("{before}{}", unquote(&path)),
            raw_path: [before.as_bytes(), &path].concat(),
            query_string: query,
            root_path: self.root_path.to_owned(),
            headers: request.lines.into_iter().map(|line| (line.name, line.value)).collect(),
            client: self.ends.client(),
            server: self.server(),
            subprotocols: Vec::new(),
            extensions: &[],
        }
    }

    fn websocket(&self, arrived: Arrived, handshake: Handshake, library: Library) -> Scope {
        let rules = &self.rules;
        let sansio = library == Library::SansIo;
        let has_root = if sansio { rules.sansio_has_root_path() } else { rules.root_path_in_path() };
        let before = if has_root { self.root_path } else { "" };
        let versioned = library != Library::Websockets || rules.websockets_have_http_version();
        Scope {
            kind: ScopeType::WebSocket,
            asgi: AsgiVersions { version: "3.0", spec: Some(rules.spec_of_websockets(sansio)) },
            http_version: versioned.then(|| "1.1".to_owned()),
            method: None,
            scheme: Some("ws".to_owned()),
            path: format!("{before}{}", unquote(&arrived.path)),
            raw_path: [before.as_bytes(), &arrived.path].concat(),
            query_string: arrived.query,
            root_path: self.root_path.to_owned(),
            headers: handshake.lines.into_iter().map(|line| (line.name, line.value)).collect(),
            client: self.ends.client(),
            server: self.server(),
            subprotocols: handshake.subprotocols,
            extensions: if rules.answers_websockets_plainly() { &["websocket.http.response"] } else { &[] },
        }
    }

    fn server(&self) -> Option<crate::asgi::Address> {
        match self.ends.local {
            Local::Unix(_) if !self.rules.names_unix_socket() => None,
            _ => Some(self.ends.server()),
        }
    }
}

#[cfg(test)]
mod tests;
