//! The two middlewares of Starlette that answer by themselves, by what the scope says of host and scheme.
//!
//! Source of the rules: Starlette `middleware/trustedhost.py`, `middleware/httpsredirect.py`. Both answer websockets too,
//! by an extension that not every server has.

use super::answer::Prediction;
use super::host;
use super::url;
use super::versions::since;
use crate::asgi::python_url::SplitUrl;
use crate::asgi::{Release, Scope, ScopeType};
use crate::forwarded::latin1;

/// A middleware that an app was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Middleware {
    /// `HTTPSRedirectMiddleware`
    HttpsRedirect,
    /// `TrustedHostMiddleware`
    TrustedHost(TrustedHosts),
}

/// `TrustedHostMiddleware(allowed_hosts=…, www_redirect=…)`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedHosts {
    /// Names, `*.example.com` for all below a name, or `*` for all.
    pub allowed: Vec<String>,
    /// Whether a name that is known with `www.` before it is redirected there.
    pub www_redirect: bool,
}

impl TrustedHosts {
    /// These names; `www_redirect` as by default.
    pub fn new(allowed: Vec<String>) -> Self {
        Self { allowed, www_redirect: true }
    }
}

impl Middleware {
    /// What it answers; `None` if it passes the request on.
    pub(super) fn answer(&self, scope: &Scope, starlette: Release) -> Option<Prediction> {
        let answer = match self {
            Self::HttpsRedirect => to_https(scope, starlette),
            Self::TrustedHost(hosts) => hosts.answer(scope, starlette),
        }?;
        let can_answer = scope.kind == ScopeType::Http
            || starlette >= since::SOCKET_DENIAL && scope.extensions.contains(&"websocket.http.response");
        // What a server does with an answer it has no way to send is its own affair.
        Some(if can_answer || answer == Prediction::Failed { answer } else { Prediction::Unknown })
    }
}

/// Plain requests go to the same URL with `https`, a port of 80 or 443 taken off.
fn to_https(scope: &Scope, starlette: Release) -> Option<Prediction> {
    match scope.scheme.as_deref() {
        Some("http" | "ws") => Some(https_url(scope, starlette).unwrap_or(Prediction::Failed)),
        Some(_) => None,
        None => Some(Prediction::Failed),
    }
}

/// `None` where Starlette raises.
fn https_url(scope: &Scope, starlette: Release) -> Option<Prediction> {
    let url = url::of_scope(scope, starlette, &scope.path, &scope.query_string)?;
    let url = SplitUrl::split(&url)?;
    if starlette >= since::HOST_IS_PARSED && url.netloc.is_empty() {
        return Some(Prediction::BadHost);
    }
    let scheme = match url.scheme.as_str() {
        "http" => "https",
        "ws" => "wss",
        _ => return None,
    };
    let netloc = if matches!(url.port().ok()?, Some(80 | 443)) { url.hostname() } else { url.netloc.clone() };
    let url = SplitUrl { scheme: scheme.to_owned(), netloc, ..url };
    Some(Prediction::Redirect(url::location(&url.unsplit())))
}

impl TrustedHosts {
    fn answer(&self, scope: &Scope, starlette: Release) -> Option<Prediction> {
        if self.allowed.iter().any(|pattern| pattern == "*") {
            return None;
        }
        let header = scope.header("host").map(latin1);
        let header = if starlette < since::HOST_IS_PARSED { Some(header.unwrap_or_default()) } else { header };
        let Some(host) = header.and_then(|header| host::for_trust(&header, starlette)) else {
            return Some(Prediction::BadHost);
        };
        let lower = starlette >= since::PATH_IS_ESCAPED;
        let patterns = || self.allowed.iter().map(|name| if lower { name.to_lowercase() } else { name.clone() });
        if patterns().any(|pattern| is_allowed(&host, &pattern)) {
            return None;
        }
        let known_with_www = patterns().any(|pattern| pattern.strip_prefix("www.") == Some(host.as_str()));
        if !(self.www_redirect && known_with_www) {
            return Some(Prediction::BadHost);
        }
        let url = url::of_scope(scope, starlette, &scope.path, &scope.query_string);
        let split = url.as_deref().and_then(SplitUrl::split);
        Some(split.map_or(Prediction::Failed, |mut url| {
            url.netloc.insert_str(0, "www.");
            Prediction::Redirect(url::location(&url.unsplit()))
        }))
    }
}

fn is_allowed(host: &str, pattern: &str) -> bool {
    host == pattern || pattern.strip_prefix('*').is_some_and(|end| host.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asgi::framework::tests::scope;

    const OLD: Release = Release::new(0, 46, 2);
    const NEW: Release = Release::new(1, 10, 0);

    fn with_host(scheme: &str, host: Option<&str>) -> Scope {
        let headers = host.iter().map(|host| (b"host".to_vec(), host.as_bytes().to_vec())).collect();
        Scope { headers, scheme: Some(scheme.to_owned()), ..scope("/a b", "/root") }
    }

    fn redirect(to: &str) -> Prediction {
        Prediction::Redirect(to.to_owned())
    }

    #[test]
    fn hosts_that_are_trusted() {
        let names = ["public.example", "*.example.org", "www.old.example", "Loud.example"];
        let hosts = Middleware::TrustedHost(TrustedHosts::new(names.map(str::to_owned).to_vec()));
        let bad = || Some(Prediction::BadHost);
        for (host, old, new) in [
            (Some("public.example"), None, None),
            (Some("public.example:8443"), None, None),
            (Some("a.example.org"), None, None),
            (Some("example.org"), bad(), bad()),
            (Some(".example.org"), None, None),
            (Some("PUBLIC.example"), bad(), None),
            (Some("loud.example"), bad(), None),
            (Some("Loud.example"), None, None),
            (Some("x y.example.org"), None, bad()),
            (
                Some("old.example:80"),
                Some(redirect("https://www.old.example:80/a%20b?a=1")),
                Some(redirect("https://www.old.example:80/a%20b?a=1")),
            ),
            (Some(""), bad(), bad()),
            (None, bad(), bad()),
        ] {
            let answer = |release| hosts.answer(&with_host("https", host), release);
            assert_eq!((answer(OLD), answer(NEW)), (old, new), "{host:?}");
        }
        let any = TrustedHosts::new(vec!["a".to_owned(), "*".to_owned()]);
        assert_eq!(any.answer(&with_host("https", None), NEW), None);
        let strict = TrustedHosts { www_redirect: false, ..TrustedHosts::new(vec!["www.a".to_owned()]) };
        assert_eq!(strict.answer(&with_host("https", Some("a")), NEW), bad());
    }

    #[test]
    fn where_plain_requests_are_sent() {
        for (host, old, new) in [
            (Some("h:80"), Some(redirect("https://h/a%20b?a=1")), Some(redirect("https://h/a%20b?a=1"))),
            (Some("H:8080"), Some(redirect("https://H:8080/a%20b?a=1")), Some(redirect("https://H:8080/a%20b?a=1"))),
            (Some("[::1]:80"), Some(redirect("https://::1/a%20b?a=1")), Some(redirect("https://::1/a%20b?a=1"))),
            (Some("h:x"), Some(Prediction::Failed), Some(redirect("https://[::1]:8000/a%20b?a=1"))),
            (Some(""), Some(redirect("https:///a%20b?a=1")), Some(redirect("https://[::1]:8000/a%20b?a=1"))),
        ] {
            let answer = |release| Middleware::HttpsRedirect.answer(&with_host("http", host), release);
            assert_eq!((answer(OLD), answer(NEW)), (old, new), "{host:?}");
        }
        assert_eq!(Middleware::HttpsRedirect.answer(&with_host("https", Some("h")), NEW), None);
        assert_eq!(Middleware::HttpsRedirect.answer(&with_host("wss", Some("h")), NEW), None);
        let nowhere = Scope { server: None, ..with_host("http", None) };
        assert_eq!(Middleware::HttpsRedirect.answer(&nowhere, OLD), Some(Prediction::Failed));
        assert_eq!(Middleware::HttpsRedirect.answer(&nowhere, NEW), Some(Prediction::BadHost));
    }

    #[test]
    fn a_websocket_is_answered_where_the_server_can() {
        let socket = |extensions| Scope { kind: ScopeType::WebSocket, extensions, ..with_host("ws", Some("h")) };
        let able = socket(&["websocket.http.response"]);
        assert_eq!(Middleware::HttpsRedirect.answer(&able, NEW), Some(redirect("wss://h/a%20b?a=1")));
        assert_eq!(Middleware::HttpsRedirect.answer(&able, Release::new(0, 36, 0)), Some(Prediction::Unknown));
        assert_eq!(Middleware::HttpsRedirect.answer(&socket(&[]), NEW), Some(Prediction::Unknown));
    }
}
