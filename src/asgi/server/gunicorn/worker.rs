//! `--worker-class`: who serves the app.

use super::allow_list::AllowList;
use crate::asgi::Release;
use crate::asgi::server::{Program, Server};

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
    /// uvicorn with what the worker passes on: the list of trusted peers, and nothing else that has a say in the scope.
    pub(super) fn server(self, gunicorn: &Server, trust: &AllowList) -> Server {
        let release = gunicorn.libraries.get("uvicorn");
        let mut uvicorn = Server::new(Program::Uvicorn, release);
        uvicorn.libraries = gunicorn.libraries.clone();
        uvicorn.stated = gunicorn.stated && release.is_some();
        let list = match trust.text() {
            // 0.31.0 knew `*` only as a text, and this is a list (uvicorn's changelog for 0.31.1); a lone `*` among
            // others is a literal to it.
            star if star == "*" && release == Some(Release::new(0, 31, 0)) => "*,".to_owned(),
            list => list,
        };
        let http = if self.h11 { "h11" } else { "auto" };
        let has = |library| gunicorn.libraries.get(library).is_some();
        // What stands beside uvicorn is known, and no websocket library is among it.
        let ws = if release.is_some() && !has("websockets") && !has("wsproto") { "none" } else { "auto" };
        for (name, value) in [("forwarded-allow-ips", list.as_str()), ("http", http), ("ws", ws)] {
            // uvicorn has these options and takes any list.
            let _ = uvicorn.set(name, value);
        }
        uvicorn
    }
}
