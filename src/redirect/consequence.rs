//! What a client does with method, body and `Authorization` when it follows a redirect.
//!
//! Clients do not agree on all of it, so there is an answer for "it depends". Sources: the Fetch standard (HTTP-redirect
//! fetch) for browsers, RFC 9110 section 15.4, and what curl, Python's requests and httpx, and Go's net/http do.

use super::url::{Url, default_port};

/// What becomes of the method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MethodAfter {
    /// The next request has the same method, and the body if there was one.
    Kept,
    /// The next request is a GET; the body is lost.
    Get,
    /// Browsers and curl keep method and body, requests, httpx and Go send a GET: 301 and 302 after
    /// anything but GET, HEAD and POST.
    ClientsDiffer,
}

/// What becomes of a request's `Authorization`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// It is sent again.
    Kept,
    /// Browsers and curl drop it, requests, httpx and Go keep it: `http` to `https` on the same host, ports left to the
    /// scheme.
    ClientsDiffer,
    /// It is dropped: another host, port or scheme.
    Dropped,
}

/// True for the statuses that make a client follow a `Location`: 301, 302, 303, 307, 308 (Fetch standard, redirect status).
pub fn is_followed(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// What becomes of the method of a request that was answered with this status. Methods are compared as they are written:
/// they are case-sensitive (RFC 9110 section 9.1).
pub fn method_after(status: u16, method: &[u8]) -> MethodAfter {
    match (status, method) {
        (_, b"GET" | b"HEAD") => MethodAfter::Kept,
        (301 | 302, b"POST") | (303, _) => MethodAfter::Get,
        (301 | 302, _) => MethodAfter::ClientsDiffer,
        _ => MethodAfter::Kept,
    }
}

/// What becomes of the `Authorization` of a request to `from` that is redirected to `to`.
pub fn authorization_after(from: &Url, to: &Url) -> Authorization {
    if from.same_origin(to) {
        return Authorization::Kept;
    }
    let plain_port = |url: &Url| url.effective_port() == default_port(&url.scheme);
    let upgraded = from.scheme == "http" && to.scheme == "https" && plain_port(from) && plain_port(to);
    if upgraded && from.host == to.host { Authorization::ClientsDiffer } else { Authorization::Dropped }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_after_a_redirect() {
        for (status, method, after) in [
            (301, "GET", MethodAfter::Kept),
            (302, "HEAD", MethodAfter::Kept),
            (303, "HEAD", MethodAfter::Kept),
            (301, "POST", MethodAfter::Get),
            (302, "POST", MethodAfter::Get),
            (303, "POST", MethodAfter::Get),
            (303, "DELETE", MethodAfter::Get),
            (302, "PUT", MethodAfter::ClientsDiffer),
            (301, "post", MethodAfter::ClientsDiffer),
            (307, "POST", MethodAfter::Kept),
            (308, "PUT", MethodAfter::Kept),
        ] {
            assert_eq!(method_after(status, method.as_bytes()), after, "{status} {method}");
        }
    }

    #[test]
    fn what_is_followed() {
        let followed: Vec<u16> = (300..=310).filter(|&status| is_followed(status)).collect();
        assert_eq!(followed, [301, 302, 303, 307, 308]);
    }

    #[test]
    fn authorization_after_a_redirect() {
        for (from, to, after) in [
            ("https://h/a", "https://h:443/b", Authorization::Kept),
            ("http://h/a", "https://h/a", Authorization::ClientsDiffer),
            ("http://h:80/a", "https://h:443/a", Authorization::ClientsDiffer),
            ("http://h:8080/a", "https://h/a", Authorization::Dropped),
            ("https://h/a", "http://h/a", Authorization::Dropped),
            ("https://h/a", "https://h:8443/a", Authorization::Dropped),
            ("https://h/a", "https://www.h/a", Authorization::Dropped),
        ] {
            let url = |text: &str| Url::absolute(text.as_bytes()).unwrap();
            assert_eq!(authorization_after(&url(from), &url(to)), after, "{from} {to}");
        }
    }
}
