//! What stands at a path that an app answered with 404 and does not describe.
//!
//! This file exists because mounts are in no description: whether a 404 below one is a wrong path, a file that is not there, or
//! an app that finds nothing at all because its root path is not the one that the path starts with (`PX15`), only the app can
//! tell. A mount shows itself by the redirect to its final slash. What is mounted is asked for by HEAD, and once by OPTIONS,
//! which static files refuse and an app's router does not know; none of them changes anything.

use reqwest::{Client, Method, Response, header};

use super::{LIMIT, client};
use crate::gateway::Upstream;
use crate::lanes::Beneath;

/// Requests sent at most.
const ASKED_AT_MOST: usize = 24;

/// What FastAPI's router answers where no route matches.
const ROUTER_PAGE: &[u8] = br#"{"detail":"Not Found"}"#;

/// Asks the app behind `upstream` what stands at each of `paths`: a path as the app's server gets it, and what of it the app
/// compares with its routes. At most 24 requests are sent for all of them; a path that was not asked for is left out, and so
/// are all where the app cannot be asked.
pub async fn beneath(upstream: &Upstream, paths: &[(String, String)]) -> Vec<(String, Beneath)> {
    let Ok(client) = client().tls_certs_only([]).timeout(LIMIT).build() else { return Vec::new() };
    let host = if upstream.host.contains(':') { format!("[{}]", upstream.host) } else { upstream.host.clone() };
    let mut asking = Asking { client, origin: format!("http://{host}:{}", upstream.port), left: ASKED_AT_MOST };
    let mut all: Vec<(String, Beneath)> = Vec::new();
    for (path, route_path) in paths {
        let Some(found) = asking.one(path, route_path).await else { break };
        all.push((path.clone(), found));
    }
    all
}

/// Who is asked, and how often that may still be done.
struct Asking {
    client: Client,
    origin: String,
    left: usize,
}

impl Asking {
    async fn one(&mut self, path: &str, route_path: &str) -> Option<Beneath> {
        let Some(mount) = self.mount(path, route_path).await? else { return Some(Beneath::Ordinary) };
        for page in [format!("{mount}/"), format!("{mount}/openapi.json"), path.to_owned()] {
            if self.ask(Method::HEAD, &page).await?.status() != 404 {
                return Some(Beneath::Ordinary);
            }
        }
        let refused = self.ask(Method::OPTIONS, path).await?;
        if refused.status() != 404 || refused.bytes().await.ok()? != ROUTER_PAGE {
            return Some(Beneath::Ordinary);
        }
        let without_prefix = route_path != path && self.ask(Method::HEAD, route_path).await?.status() != 404;
        Some(Beneath::Silent { mount, without_prefix })
    }

    /// The shortest part of the path that is redirected to itself with a slash.
    async fn mount(&mut self, path: &str, route_path: &str) -> Option<Option<String>> {
        let Some(prefix) = path.strip_suffix(route_path) else { return Some(None) };
        for (at, _) in route_path.match_indices('/').filter(|&(at, _)| at > 0) {
            let mount = format!("{prefix}{}", route_path.get(..at).unwrap_or_default());
            let answer = self.ask(Method::HEAD, &mount).await?;
            let location = answer.headers().get(header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default();
            if answer.status().is_redirection() && location.ends_with(&format!("{mount}/")) {
                return Some(Some(mount));
            }
            if answer.status() != 404 {
                return Some(None);
            }
        }
        Some(None)
    }

    /// `None` if it cannot be asked, or not any more.
    async fn ask(&mut self, method: Method, path: &str) -> Option<Response> {
        self.left = self.left.checked_sub(1)?;
        self.client.request(method, format!("{}{path}", self.origin)).send().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    /// An app that answers by a table of `METHOD path` to head and body, and with 404 of the router otherwise.
    fn app(table: &'static [(&'static str, &'static str)]) -> Upstream {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, mut head) = (stream.unwrap(), [0; 2048]);
                let count = stream.read(&mut head).unwrap();
                let head = String::from_utf8_lossy(&head[..count]).into_owned();
                let asked = head.split(" HTTP/").next().unwrap_or_default().to_owned();
                let known = table.iter().find(|(request, _)| *request == asked);
                let answer = known.map_or("404 Not Found\r\ncontent-length: 22", |(_, answer)| answer);
                let body = if head.starts_with("HEAD") || known.is_some() { "" } else { r#"{"detail":"Not Found"}"# };
                write!(stream, "HTTP/1.1 {answer}\r\nconnection: close\r\n\r\n{body}").unwrap();
            }
        });
        Upstream::parse(&format!("http://127.0.0.1:{port}")).unwrap()
    }

    fn found(table: &'static [(&'static str, &'static str)], path: &str, route_path: &str) -> Option<Beneath> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let paths = [(path.to_owned(), route_path.to_owned())];
        runtime.block_on(beneath(&app(table), &paths)).pop().map(|(_, found)| found)
    }

    const SLASH: (&str, &str) = ("HEAD /sub", "307 x\r\nlocation: http://h/api/v1/sub/");

    #[test]
    fn a_mount_that_answers_nothing_is_silent() {
        let silent = |mount: &str, without_prefix| Beneath::Silent { mount: mount.to_owned(), without_prefix };
        assert_eq!(found(&[SLASH], "/sub/thing", "/sub/thing"), Some(silent("/sub", false)));
        let kept: &[_] = &[("HEAD /api/sub", "307 x\r\nlocation: /api/sub/"), ("HEAD /sub/thing", "405 x")];
        assert_eq!(found(kept, "/api/sub/thing", "/sub/thing"), Some(silent("/api/sub", true)));
    }

    #[test]
    fn whatever_answers_is_ordinary() {
        let tables: [&'static [(&str, &str)]; 6] = [
            &[],
            &[SLASH, ("HEAD /sub/", "200 x")],
            &[SLASH, ("HEAD /sub/openapi.json", "200 x")],
            &[SLASH, ("OPTIONS /sub/thing", "405 x\r\ncontent-length: 0")],
            &[SLASH, ("OPTIONS /sub/thing", "404 x\r\ncontent-length: 0")],
            &[("HEAD /sub", "307 x\r\nlocation: https://h/sub")],
        ];
        for table in tables {
            assert_eq!(found(table, "/sub/thing", "/sub/thing"), Some(Beneath::Ordinary), "{table:?}");
        }
    }
}
