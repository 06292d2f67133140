//! The path rules of other frameworks: what they route on, and which prefix they put before the URLs they make.
//!
//! This file exists because the same scope is right for one framework and a 404 for another. Each rule was read in the
//! framework's source, in the releases on both sides of a change, and tried with the newest.
//!
//! **Django** (`django/core/handlers/asgi.py`, 3.2 to 5.2). `ASGIRequest.path_info` is `path` less the script name, which
//! is `root_path`, or since 5.0 the setting `FORCE_SCRIPT_NAME`; there is no check for a segment's border, so
//! `/product` takes `/products` apart as well. A path without it is routed whole. Links made by `reverse()` start with the
//! script name, `FORCE_SCRIPT_NAME` in every release. `request.path` is `path` since 5.1; before it was the script name
//! and `path_info` together, which doubled nothing where the prefix had been stripped. So: `root_path` with the prefix
//! kept, or `FORCE_SCRIPT_NAME` with the prefix kept or stripped.
//!
//! **Quart** (`quart/asgi.py`, 0.18 to 0.22). Until 0.18 `root_path` is not taken off at all. From 0.19 on the path behind
//! the first `root_path` in `path` is routed, wherever that stands; since 0.22 only where `path` begins with it. A path
//! without it, or with nothing behind it, is a 404: the prefix must be kept. There is no check for a border either. `url_for`
//! starts with `root_path`.
//!
//! **Litestar** (`litestar/_asgi/asgi_router.py`, 2.0 to 2.25). Since 2.5.3 `path.split(root_path, 1)[-1]`: what stands behind
//! the first `root_path`, wherever that is, else the whole path; before, the whole path. Slashes are tidied after that
//! (one at the start, none at the end, none doubled). `request.url` is `root_path` and the routed path together.
//!
//! **`BlackSheep`** (`blacksheep/server/application.py`, 2.0.8 to 2.6.4). Plain requests are routed on `raw_path`, escapes and
//! all, websockets on `path`. Since 2.6.2 a leading `root_path` is taken off first, without a check for a border; an
//! empty rest is `/`. Before, nothing was: routes themselves had to have the prefix (`APP_ROUTE_PREFIX`). URLs start with
//! `root_path` (`request.base_path`).
//!
//! **mangum** (`mangum/handlers/api_gateway.py`, 0.22) is no framework but stands where the server does, on AWS Lambda:
//! `root_path` is always empty and `raw_path` missing; `api_gateway_base_path` is taken off the front of the path before it
//! is decoded. So a stage's prefix is known to the app only by `FastAPI(root_path=…)` or its like.

use crate::asgi::percent::unquote;
use crate::asgi::{Release, Scope, ScopeType};

/// A framework that is neither Starlette nor stands on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Other {
    /// Django, as an ASGI application.
    Django,
    /// Quart
    Quart,
    /// Litestar
    Litestar,
    /// `BlackSheep`
    BlackSheep,
}

/// What another framework makes of a scope's path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routed {
    /// What its routes are compared with; `None` if nothing can match: 404.
    pub path: Option<String>,
    /// What it puts before the URLs it makes, with which it thinks the app begins.
    pub script_name: String,
}

impl Other {
    /// Every one, in the order they are offered.
    pub const ALL: [Self; 4] = [Self::Django, Self::Quart, Self::Litestar, Self::BlackSheep];

    /// The name of its Python package.
    pub const fn package(self) -> &'static str {
        match self {
            Self::Django => "django",
            Self::Quart => "quart",
            Self::Litestar => "litestar",
            Self::BlackSheep => "blacksheep",
        }
    }

    /// What it routes on. Without a release, the newest that was read is taken. `forced` is Django's `FORCE_SCRIPT_NAME`,
    /// empty if it is not set; the others have no such setting.
    pub fn route(self, release: Option<Release>, forced: &str, scope: &Scope) -> Routed {
        let (path, root) = (scope.path.as_str(), scope.root_path.as_str());
        let since = |major, minor, patch| release.is_none_or(|release| release >= Release::new(major, minor, patch));
        match self {
            Self::Django => {
                let script_name = if forced.is_empty() { root } else { forced };
                let taken_off = if since(5, 0, 0) { script_name } else { root };
                let rest = path.strip_prefix(taken_off).unwrap_or(path);
                Routed { path: Some(rest.to_owned()), script_name: script_name.to_owned() }
            }
            Self::Quart => {
                let rest = match root {
                    "" => Some(path),
                    _ if !since(0, 19, 0) => Some(path),
                    _ if since(0, 22, 0) => path.strip_prefix(root),
                    _ => path.split_once(root).map(|(_, rest)| rest),
                };
                let rest = rest.filter(|rest| !rest.is_empty());
                // Werkzeug's requests have one slash at the start, whatever they are given.
                let path = rest.map(|rest| format!("/{}", rest.trim_start_matches('/')));
                Routed { path, script_name: root.to_owned() }
            }
            Self::Litestar => {
                let behind = path.split_once(root).filter(|_| since(2, 5, 3) && !root.is_empty()).map(|(_, rest)| rest);
                Routed { path: Some(tidy(behind.unwrap_or(path))), script_name: root.to_owned() }
            }
            Self::BlackSheep => {
                let whole = match scope.kind {
                    ScopeType::Http => String::from_utf8_lossy(&scope.raw_path).into_owned(),
                    ScopeType::WebSocket => path.to_owned(),
                };
                let rest = match whole.strip_prefix(root).filter(|_| since(2, 6, 2)) {
                    Some("") if !root.is_empty() => "/".to_owned(),
                    Some(rest) => rest.to_owned(),
                    None => whole,
                };
                Routed { path: Some(rest), script_name: root.to_owned() }
            }
        }
    }
}

/// The `path` that mangum gives its app for a path of the event (as the gateway has it, escapes and all);
/// `base_path` is `api_gateway_base_path`. It does so for API Gateway; a load balancer's paths are decoded only.
pub fn mangum_path(event_path: &str, base_path: &str) -> String {
    if event_path.is_empty() {
        return "/".to_owned();
    }
    let slash = if base_path.starts_with('/') { "" } else { "/" };
    let base_path = if matches!(base_path, "" | "/") { String::new() } else { format!("{slash}{base_path}") };
    unquote(event_path.strip_prefix(base_path.as_str()).unwrap_or(event_path).as_bytes())
}

/// Litestar's `normalize_path`.
fn tidy(path: &str) -> String {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    format!("/{}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What is routed on, by a release of each side of a change.
    fn routed(framework: Other, releases: [&str; 2], path: &str, root: &str) -> [Option<String>; 2] {
        releases.map(|release| framework.route(release.parse().ok(), "", &Scope::sample(path, root)).path)
    }

    fn owned(text: Option<&str>) -> Option<String> {
        text.map(str::to_owned)
    }

    #[test]
    fn django_takes_the_script_name_off() {
        for (path, root, forced, before, since) in [
            ("/api/app", "/api", "", "/app", "/app"),
            ("/products", "/product", "", "s", "s"),
            ("/app", "/api", "", "/app", "/app"),
            ("/api", "/api", "", "", ""),
            ("/pub/app", "/api", "/pub", "/pub/app", "/app"),
            ("/api/app", "/api", "/pub", "/app", "/api/app"),
        ] {
            let scope = Scope::sample(path, root);
            let found = ["4.2", "5.0"].map(|release| Other::Django.route(release.parse().ok(), forced, &scope).path);
            assert_eq!(found, [before, since].map(Some).map(owned), "{path} {root} {forced}");
        }
        let name = |forced| Other::Django.route(None, forced, &Scope::sample("/", "/api")).script_name;
        assert_eq!((name(""), name("/pub")), ("/api".to_owned(), "/pub".to_owned()));
    }

    #[test]
    fn quart_wants_the_prefix_kept() {
        for (path, root, before, since) in [
            ("/api/app", "/api", Some("/app"), Some("/app")),
            ("/x/api/app", "/api", Some("/app"), None),
            ("/app", "/api", None, None),
            ("/api", "/api", None, None),
            ("/app", "", Some("/app"), Some("/app")),
            ("/products", "/product", Some("/s"), Some("/s")),
        ] {
            assert_eq!(routed(Other::Quart, ["0.21", "0.22"], path, root), [before, since].map(owned), "{path} {root}");
        }
        let found = routed(Other::Quart, ["0.18.4", "0.19"], "/api/app", "/api");
        assert_eq!(found, [Some("/api/app"), Some("/app")].map(owned));
    }

    #[test]
    fn litestar_splits_at_the_first_root_path_anywhere() {
        for (path, root, before, since) in [
            ("/api/app/", "/api", "/api/app", "/app"),
            ("/x/api//app", "/api", "/x/api/app", "/app"),
            ("/app", "/api", "/app", "/app"),
            ("/api", "/api", "/api", "/"),
        ] {
            let found = routed(Other::Litestar, ["2.5.2", "2.5.3"], path, root);
            assert_eq!(found, [before, since].map(Some).map(owned), "{path} {root}");
        }
    }

    #[test]
    fn blacksheep_routes_on_the_raw_path() {
        for (path, root, before, since) in [
            ("/api/a%2Fb", "/api", "/api/a%2Fb", "/a%2Fb"),
            ("/api", "/api", "/api", "/"),
            ("/apiary", "/api", "/apiary", "ary"),
            ("/app", "/api", "/app", "/app"),
            ("", "", "", ""),
        ] {
            let found = routed(Other::BlackSheep, ["2.6.1", "2.6.2"], path, root);
            assert_eq!(found, [before, since].map(Some).map(owned), "{path} {root}");
        }
        let socket = Scope { kind: ScopeType::WebSocket, raw_path: b"/x".to_vec(), ..Scope::sample("/api/ws", "/api") };
        assert_eq!(Other::BlackSheep.route(None, "", &socket).path.as_deref(), Some("/ws"));
    }

    #[test]
    fn mangum_strips_its_base_path_and_sets_no_root_path() {
        for (path, base, expected) in [
            ("/stage/app", "/stage", "/app"),
            ("/stage/app", "stage", "/app"),
            ("/staged", "/stage", "d"),
            ("/app", "/stage", "/app"),
            ("/a%2Fb", "/", "/a/b"),
            ("", "", "/"),
            ("/stage", "/stage", ""),
        ] {
            assert_eq!(mangum_path(path, base), expected, "{path} {base}");
        }
    }

    proptest! {
        #[test]
        fn without_a_root_path_the_path_is_routed_whole(path in "/[a-z]{1,5}(/[a-z]{1,5}){0,3}") {
            for framework in Other::ALL {
                let routed = framework.route(None, "", &Scope::sample(&path, ""));
                prop_assert_eq!(routed, Routed { path: Some(path.clone()), script_name: String::new() });
            }
        }

        #[test]
        fn a_kept_prefix_comes_off_in_the_newest(path in "(/[a-z]{1,5}){1,3}", root in "(/[0-9]{1,3}){1,2}") {
            for framework in Other::ALL {
                let routed = framework.route(None, "", &Scope::sample(&format!("{root}{path}"), &root));
                prop_assert_eq!(routed.path, Some(path.clone()));
            }
        }
    }
}
