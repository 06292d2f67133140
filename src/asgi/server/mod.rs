//! The servers: which one, which version, which options, and the door to each model.

mod reading;
mod uvicorn;
mod version;

use std::net::SocketAddr;

use crate::asgi::{Address, Outcome};
use crate::exchange::RequestHead;
use crate::forwarded::TrustList;

pub use reading::HeaderUse;
pub use version::{Program, ServerVersion, UnknownServer};

/// What an app's server was started as: enough to compute the scope of any request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Which program.
    pub program: Program,
    /// Its version.
    pub version: ServerVersion,
    /// `--root-path`, verbatim; empty if not given.
    pub root_path: String,
    /// `--proxy-headers` / `--no-proxy-headers`.
    pub proxy_headers: bool,
    /// `--forwarded-allow-ips`, read as this server reads it.
    pub trust: TrustList,
    /// The HTTP/1 parser (`--http`).
    pub http: HttpParser,
    /// How we know: said by flag, or assumed.
    pub stated: bool,
}

/// uvicorn's two HTTP/1 parsers differ on odd requests (facts: absolute form, fragments, missing Host).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpParser {
    /// httptools: what `uvicorn[standard]` and `fastapi[standard]` install.
    Httptools,
    /// h11: what a bare `uvicorn` uses.
    H11,
}

/// The two ends of the connection a request came on, as the scope names them.
struct Ends {
    /// The socket's peer; `None` on a unix socket, which has no peer address.
    peer: Option<SocketAddr>,
    /// The server's own address, or its socket path.
    local: Address,
}

impl Server {
    /// uvicorn, the newest release modelled, as it starts without any option: assumed, not stated.
    pub fn uvicorn() -> Self {
        let version = uvicorn::NEWEST;
        Self {
            program: Program::Uvicorn,
            version,
            root_path: String::new(),
            proxy_headers: true,
            trust: TrustList::parse(uvicorn::default_trust(version)),
            http: HttpParser::Httptools,
            stated: false,
        }
    }

    /// A server as a user names it, `uvicorn`, `uvicorn@0.54` or `uvicorn@0.54.0`, with that release's defaults.
    ///
    /// # Errors
    /// [`UnknownServer`] if the program is not modelled or the version is no version.
    pub fn named(text: &str) -> Result<Self, UnknownServer> {
        let (program, version) = version::parse(text)?;
        let version = version.unwrap_or(uvicorn::NEWEST);
        let trust = TrustList::parse(uvicorn::default_trust(version));
        Ok(Self { program, version, trust, stated: true, ..Self::uvicorn() })
    }

    /// What the user should know about how well this version is modelled; `None` if it is modelled exactly.
    pub fn note(&self) -> Option<String> {
        match self.program {
            Program::Uvicorn => uvicorn::note(self.version),
        }
    }

    /// What the server makes of `head`, received on `local` from `peer` (the addresses of the server's own socket).
    pub fn receive(&self, head: &RequestHead, peer: SocketAddr, local: SocketAddr) -> Outcome {
        let local = Address { host: local.ip().to_string(), port: Some(i64::from(local.port())) };
        self.receive_between(head, &Ends { peer: Some(peer), local })
    }

    /// The same for a server that listens on a unix socket at `path`: there is no peer address to trust.
    pub fn receive_on_unix(&self, head: &RequestHead, path: &str) -> Outcome {
        self.receive_between(head, &Ends { peer: None, local: Address { host: path.to_owned(), port: None } })
    }

    fn receive_between(&self, head: &RequestHead, ends: &Ends) -> Outcome {
        match self.program {
            Program::Uvicorn => uvicorn::receive(self, head, ends),
        }
    }
}
