//! `--worker-class`: who serves the app.

use std::net::IpAddr;

use super::allow_list::AllowList;
use crate::asgi::server::uvicorn::{self, HttpParser, WebSockets};
use crate::asgi::server::{Ends, HeaderUse, Server};
use crate::asgi::{Outcome, Release};
use crate::forwarded::{TrustList, Verdict};

/// A worker class that serves ASGI apps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worker {
    /// gunicorn's own.
    Asgi,
    /// uvicorn's, from `uvicorn-worker` or, before that package, from uvicorn itself.
    Uvicorn(UvicornWorker),
}

/// uvicorn as gunicorn's worker starts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UvicornWorker {
    h11: bool,
}

impl Worker {
    /// Reads a worker class: gunicorn's name for its own, or where the class is.
    pub(super) fn read(class: &str) -> Result<Self, &'static str> {
        match class {
            "asgi" | "gunicorn.workers.gasgi.ASGIWorker" => Ok(Self::Asgi),
            "uvicorn-worker" | "uvicorn_worker.UvicornWorker" | "uvicorn.workers.UvicornWorker" => {
                Ok(Self::Uvicorn(UvicornWorker { h11: false }))
            }
            "uvicorn_worker.UvicornH11Worker" | "uvicorn.workers.UvicornH11Worker" => {
                Ok(Self::Uvicorn(UvicornWorker { h11: true }))
            }
            _ => Err("say asgi, uvicorn_worker.UvicornWorker or uvicorn_worker.UvicornH11Worker"),
        }
    }
}

impl UvicornWorker {
    /// What uvicorn makes of a request. It is told no root path.
    pub(super) fn receive(self, gunicorn: &Server, trust: &AllowList, request: &[u8], ends: &Ends) -> Outcome {
        self.options(gunicorn, trust).receive_as(release(gunicorn), &gunicorn.libraries, "", request, ends)
    }

    /// Whether uvicorn believes a peer.
    pub(super) fn trust(self, gunicorn: &Server, trust: &AllowList, peer: Option<IpAddr>) -> Verdict {
        self.options(gunicorn, trust).trust_as(release(gunicorn), peer)
    }

    /// What uvicorn does with a forwarding header.
    pub(super) fn reading(
        self,
        gunicorn: &Server,
        trust: &AllowList,
        name: &str,
        lines: &[&[u8]],
        trusted: bool,
    ) -> HeaderUse {
        self.options(gunicorn, trust).reading_as(release(gunicorn), name, lines, trusted)
    }

    /// What the worker passes on: the list of trusted peers, and nothing else that has a say in the scope.
    fn options(self, gunicorn: &Server, trust: &AllowList) -> uvicorn::Options {
        let list = match trust.text() {
            // 0.31.0 took `*` for everyone only as a text, and this is a list (uvicorn's changelog for 0.31.1): to it a
            // `*` is a literal, as it is beside another item.
            star if star == "*" && release(gunicorn) == Release::new(0, 31, 0) => "*,".to_owned(),
            list => list,
        };
        let has = |library| gunicorn.libraries.get(library).is_some();
        // What stands beside uvicorn is known where uvicorn is.
        let lacks = |library| has("uvicorn") && !has(library);
        uvicorn::Options {
            trust: TrustList::parse(&list),
            http: if self.h11 || lacks("httptools") { HttpParser::H11 } else { HttpParser::Httptools },
            ws: if lacks("websockets") && lacks("wsproto") { WebSockets::None } else { WebSockets::Auto },
            ..uvicorn::Options::of(release(gunicorn))
        }
    }
}

/// The release of uvicorn; the newest that is modelled where it is not known.
fn release(gunicorn: &Server) -> Release {
    gunicorn.libraries.get("uvicorn").unwrap_or(uvicorn::NEWEST)
}
