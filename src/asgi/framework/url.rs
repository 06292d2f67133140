//! The URLs Starlette builds from a scope.
//!
//! Source of the rules: Starlette `datastructures.py` (`URL`, `URLPath`), `requests.py` (`base_url`), `responses.py`
//! (`RedirectResponse`). Where Starlette raises, and the client gets a 500, there is no URL: `None`.

use std::fmt::Write as _;

use super::host;
use super::route_path::Way;
use super::versions::since;
use crate::asgi::python_url::{Raised, SplitUrl};
use crate::asgi::{Address, Port, Release, Scope, ScopeType};
use crate::forwarded::latin1;

/// `URL(scope=…)` with another path and query in the scope.
pub(super) fn of_scope(scope: &Scope, starlette: Release, path: &str, query: &[u8]) -> Option<String> {
    if starlette < since::PATH_HAS_ROOT {
        of_path(scope, starlette, format!("{}{path}", scope.root_path), query)
    } else {
        of_path(scope, starlette, path.to_owned(), query)
    }
}

/// A URL with the scope's scheme and host.
fn of_path(scope: &Scope, starlette: Release, path: String, query: &[u8]) -> Option<String> {
    // Python decodes strictly.
    let query = std::str::from_utf8(query).ok()?.to_owned();
    let scheme = scope.scheme.as_deref().unwrap_or("http").to_owned();
    let netloc = authority(scope, &scheme, starlette).ok()?;
    Some(if starlette < since::URL_OF_PARTS {
        let query = if query.is_empty() { query } else { format!("?{query}") };
        match netloc {
            Some(netloc) => format!("{scheme}://{netloc}{path}{query}"),
            None => format!("{path}{query}"),
        }
    } else {
        let path = if starlette < since::PATH_IS_ESCAPED { path } else { escaped(&path) };
        match (netloc, path.strip_prefix("//")) {
            (Some(netloc), _) => SplitUrl { scheme, netloc, path, query, fragment: String::new() }.unsplit(),
            (None, Some(rest)) if starlette >= since::PATH_IS_ESCAPED => {
                SplitUrl { path: format!("/%2F{rest}"), query, ..SplitUrl::default() }.unsplit()
            }
            (None, _) => SplitUrl { path, query, ..SplitUrl::default() }.unsplit(),
        }
    })
}

fn escaped(path: &str) -> String {
    path.replace('?', "%3F").replace('#', "%23").replace('\\', "%5C")
}

/// The host of every URL: the Host header if it is good enough, else the server's own address, else none at all.
fn authority(scope: &Scope, scheme: &str, starlette: Release) -> Result<Option<String>, Raised> {
    let header = scope.header("host").map(latin1).and_then(|header| host::for_urls(header, starlette));
    match (header, &scope.server) {
        (Some(header), _) => Ok(Some(header)),
        (None, Some(server)) => own_authority(server, scheme, starlette).map(Some),
        (None, None) => Ok(None),
    }
}

/// `host:port` of the server, the scheme's own port left out. A scheme without one is a `KeyError`.
fn own_authority(server: &Address, scheme: &str, starlette: Release) -> Result<String, Raised> {
    let default_port = match scheme {
        "http" | "ws" => 80,
        "https" | "wss" => 443,
        _ => return Err(Raised),
    };
    let host = server.host();
    let bare = starlette >= since::HOST_IS_PARSED && host.contains(':') && !host.starts_with('[');
    let host = if bare { format!("[{host}]") } else { host.to_owned() };
    Ok(match &server.port {
        Some(Port::Number(port)) if *port == default_port => host,
        Some(port) => format!("{host}:{port}"),
        // A unix socket has no port, and Starlette writes that as Python does.
        None => format!("{host}:None"),
    })
}

/// `request.base_url`: the outermost app's `root_path`, with a slash behind it.
pub(super) fn base(scope: &Scope, way: &Way) -> Option<String> {
    let root = way.app_root.as_ref().unwrap_or(&scope.root_path);
    let path =
        if way.starlette >= since::PATH_HAS_ROOT && root.ends_with('/') { root.clone() } else { format!("{root}/") };
    of_path(scope, way.starlette, path, b"")
}

/// `make_absolute_url`: where a route of this kind and path is, below a base URL.
pub(super) fn absolute(kind: ScopeType, base: &str, route_path: &str, starlette: Release) -> Option<String> {
    let base = SplitUrl::split(base)?;
    let scheme = match (kind, matches!(base.scheme.as_str(), "https" | "wss")) {
        (ScopeType::Http, false) => "http",
        (ScopeType::Http, true) => "https",
        (ScopeType::WebSocket, false) => "ws",
        (ScopeType::WebSocket, true) => "wss",
    };
    let route_path = match route_path.strip_prefix("//") {
        _ if starlette < since::PATH_IS_ESCAPED => route_path.to_owned(),
        Some(rest) => format!("/%2F{rest}").replace('\\', "%5C"),
        None => route_path.replace('\\', "%5C"),
    };
    let path = format!("{}{route_path}", base.path.trim_end_matches('/'));
    let url = SplitUrl { scheme: scheme.to_owned(), netloc: base.netloc, path, ..SplitUrl::default() };
    // Starlette writes it down and parses it once more.
    SplitUrl::split(&url.unsplit()).map(|url| url.unsplit())
}

/// `Location` as `RedirectResponse` writes it: `quote(url, safe=":/%#?=@[]!$&'()*+,;")`.
pub(super) fn location(url: &str) -> String {
    let mut quoted = String::with_capacity(url.len());
    for byte in url.bytes() {
        if byte.is_ascii_alphanumeric() || b"_.-~:/%#?=@[]!$&'()*+,;".contains(&byte) {
            quoted.push(char::from(byte));
        } else {
            let _ = write!(quoted, "%{byte:02X}");
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asgi::framework::tests::scope;

    const OLD: Release = Release::new(0, 27, 0);
    const MIDDLE: Release = Release::new(0, 46, 2);
    const NEW: Release = Release::new(1, 10, 0);

    fn with_host(host: Option<&str>) -> Scope {
        let headers = host.iter().map(|host| (b"host".to_vec(), host.as_bytes().to_vec())).collect();
        Scope { headers, ..scope("/a", "/root") }
    }

    #[test]
    fn the_path_and_the_host_of_a_url_by_release() {
        let url = |host, path: &str, starlette| of_scope(&with_host(host), starlette, path, b"x=1").unwrap();
        for (host, path, old, middle, new) in [
            (Some("h"), "/a", "https://h/root/a?x=1", "https://h/a?x=1", "https://h/a?x=1"),
            (
                Some("h"),
                "a?b#c\\d",
                "https://h/roota?b#c\\d?x=1",
                "https://ha?b#c\\d?x=1",
                "https://h/a%3Fb%23c%5Cd?x=1",
            ),
            (Some(""), "/a", "https:///root/a?x=1", "https:///a?x=1", "https://[::1]:8000/a?x=1"),
            (Some("b d"), "/a", "https://b d/root/a?x=1", "https://b d/a?x=1", "https://[::1]:8000/a?x=1"),
            (None, "/a", "https://::1:8000/root/a?x=1", "https://::1:8000/a?x=1", "https://[::1]:8000/a?x=1"),
        ] {
            assert_eq!(
                [OLD, MIDDLE, NEW].map(|release| url(host, path, release)),
                [old, middle, new],
                "{host:?} {path}"
            );
        }
    }

    #[test]
    fn without_host_and_server_there_is_only_a_path() {
        let nowhere = Scope { server: None, ..with_host(None) };
        let url = |starlette| of_scope(&nowhere, starlette, "//a", b"").unwrap();
        assert_eq!([OLD, MIDDLE, NEW].map(url), ["/root//a", "//a", "/%2Fa"]);
    }

    #[test]
    fn what_starlette_raises_at() {
        let garbage = |host| Scope { scheme: Some("garbage".to_owned()), ..with_host(host) };
        assert_eq!(of_scope(&garbage(None), NEW, "/a", b""), None);
        assert_eq!(of_scope(&garbage(Some("h")), NEW, "/a", b"").as_deref(), Some("garbage://h/a"));
        assert_eq!(of_scope(&with_host(Some("h")), NEW, "/a", b"\xff"), None);
        assert_eq!(absolute(ScopeType::Http, "http://[::1/", "/a", MIDDLE), None);
    }

    #[test]
    fn url_for_parses_the_base_again() {
        let absolute = |kind, base, path| absolute(kind, base, path, NEW).unwrap();
        assert_eq!(absolute(ScopeType::Http, "wss://h/p/", "/a"), "https://h/p/a");
        assert_eq!(absolute(ScopeType::WebSocket, "ws://h/", "//a"), "ws://h/%2Fa");
        assert_eq!(absolute(ScopeType::Http, "http://h/p%3F/", "/a?b\n#"), "http://h/p%3F/a?b");
        assert_eq!(absolute(ScopeType::Http, "https, http://h/", "/a"), "http:///https, http://h/a");
    }

    #[test]
    fn a_location_is_quoted() {
        assert_eq!(location("http://h/caf\u{e9} \"x\"?a=[b]"), "http://h/caf%C3%A9%20%22x%22?a=[b]");
    }
}
