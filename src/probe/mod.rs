//! LIVE: what hopscope finds out by itself: which routes the app has, from its own `openapi.json`, or by
//! trying a few ([`paths`]), and what stands at those it does not describe ([`mounts`]); how its server was
//! started, from the process that listens ([`process`], which only looks and sends nothing), and where a command listens
//! ([`sockets`], likewise). [`asset`] is the probe that the user puts around the app, [`asked`] asks one, and [`follow`] goes
//! the way of a redirect chain when the user says so.
//!
//! This room exists so that everything hopscope does of its own accord is in one place, and is easy to switch off. What it
//! sends by itself goes straight to the app's server, never through a tap, and only ever asks with GET, HEAD or OPTIONS, which
//! change nothing; `follow` sends what the user typed.

pub mod asked;
pub mod asset;
pub mod follow;
pub mod mounts;
pub mod paths;
pub mod process;
pub mod prove;
pub mod sockets;

use std::time::Duration;

use crate::asgi::framework::{Routes, docs_root_path, openapi_server_path};
use crate::gateway::Upstream;

/// How long the app may take.
const LIMIT: Duration = Duration::from_secs(5);
/// A description larger than this is not read.
const LARGEST: usize = 16 << 20;

/// Why the app's routes are not known.
#[derive(Debug, thiserror::Error)]
pub enum RoutesError {
    /// The request failed.
    #[error("{url} could not be asked: {source}")]
    Request {
        /// What was asked.
        url: String,
        /// Why it failed.
        source: reqwest::Error,
    },
    /// The answer was not 200.
    #[error("{url} answered {status}")]
    Status {
        /// What was asked.
        url: String,
        /// What came.
        status: u16,
    },
    /// The answer was larger than 16 MiB.
    #[error("{url} is larger than 16 MiB")]
    TooLarge {
        /// What was asked.
        url: String,
    },
    /// The answer was no `OpenAPI` document.
    #[error("{url} is no OpenAPI document: {why}")]
    Unreadable {
        /// What was asked.
        url: String,
        /// What is wrong with it.
        why: String,
    },
}

/// What an app says of itself.
#[derive(Clone, Debug)]
pub struct Described {
    /// Its routes.
    pub routes: Routes,
    /// The `root_path` that it takes a request without any prefix to have; `None` if its own pages do not tell.
    pub root_path: Option<String>,
}

/// Asks the app behind `upstream` for `/openapi.json` and reads its routes; if that names a path as its server, `/docs` as
/// well, whose page says whether this is the `root_path` or only `FastAPI(servers=…)`.
///
/// FastAPI serves both whatever the root path is: uvicorn's `--root-path` is put before the path and taken off again, and
/// `FastAPI(root_path=…)` leaves an unprefixed path alone. Where the two differ it serves neither.
///
/// # Errors
/// [`RoutesError`] with what was asked and what came instead.
pub async fn describe(upstream: &Upstream) -> Result<Described, RoutesError> {
    let host = if upstream.host.contains(':') { format!("[{}]", upstream.host) } else { upstream.host.clone() };
    let page = |path: &str| format!("http://{host}:{}{path}", upstream.port);
    let url = page("/openapi.json");
    let schema = fetch(&url).await?;
    let routes = Routes::from_openapi(&schema).map_err(|why| RoutesError::Unreadable { url, why: why.to_string() })?;
    let root_path = match openapi_server_path(&schema) {
        Some(named) => {
            fetch(&page("/docs")).await.ok().and_then(|docs| docs_root_path(&docs)).map(|root| (root, named))
        }
        None => None,
    };
    Ok(Described { routes, root_path: root_path.filter(|(root, named)| root == named).map(|(root, _)| root) })
}

/// A client that says who it is, follows nothing by itself, and goes nowhere but where it is told.
///
/// The client library asks the process for the cryptography behind https, and panics where there is none: every client of
/// this room is made here. That it is there already is fine.
pub(crate) fn client() -> reqwest::ClientBuilder {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .user_agent(concat!("hopscope/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
}

async fn fetch(url: &str) -> Result<Vec<u8>, RoutesError> {
    let failed = |source| RoutesError::Request { url: url.to_owned(), source };
    // Plain http: the machine's certificates are not read for it, and need not be there.
    let client = client().tls_certs_only([]).timeout(LIMIT).build().map_err(failed)?;
    let mut response = client.get(url).send().await.map_err(failed)?;
    if response.status() != reqwest::StatusCode::OK {
        return Err(RoutesError::Status { url: url.to_owned(), status: response.status().as_u16() });
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        body.extend_from_slice(&chunk);
        if body.len() > LARGEST {
            return Err(RoutesError::TooLarge { url: url.to_owned() });
        }
    }
    Ok(body)
}
