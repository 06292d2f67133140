//! Whether a browser lets a script follow a redirect (Fetch standard: CORS check, HTTP-redirect fetch, CORS-preflight fetch).
//!
//! Every answer on the way must allow the asking origin, redirects too; a redirected preflight fails whatever it says; and
//! a redirect from one foreign origin to another makes the next request come from `Origin: null`.

use super::url::Url;
use crate::exchange::{Fields, RequestHead, ResponseHead};

/// What CORS makes of a redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cors {
    /// It does not come into it: no script asked, or none that leaves its own origin.
    NotAsked,
    /// The redirect itself may be followed.
    Allowed,
    /// It may be followed, and the next request comes with `Origin: null`, which only `*` or `null` allows: the client is
    /// sent from one foreign origin on to another.
    OriginBecomesNull,
    /// The script asked its own origin and is sent to another: from there on every answer must allow it.
    LeavesOrigin,
    /// It is a preflight's answer: browsers follow none.
    Preflight,
    /// It has no `Access-Control-Allow-Origin`: browsers stop here.
    NoAllowOrigin,
    /// Its `Access-Control-Allow-Origin` names another origin, or `*` where cookies were sent along: browsers stop here.
    OtherAllowOrigin,
}

impl Cors {
    /// True if a browser does not follow.
    pub fn stops(self) -> bool {
        matches!(self, Self::Preflight | Self::NoAllowOrigin | Self::OtherAllowOrigin)
    }
}

/// What CORS makes of a redirect from `asked`, the URL as the client sees it, to `target`.
///
/// `Origin` alone says little: forms send it as well. Where a browser says by `Sec-Fetch-Mode` that it is no script's request,
/// it is believed.
pub fn cors(asked: &Url, target: &Url, request: &RequestHead, response: &ResponseHead) -> Cors {
    let fields = request.fields();
    let mode = fields.get("sec-fetch-mode");
    if mode.is_some_and(|mode| mode != b"cors") {
        return Cors::NotAsked;
    }
    let Some(origin) = fields.get("origin") else {
        // A script's GET to its own origin has no Origin.
        let leaves = mode.is_some() && !asked.same_origin(target);
        return if leaves { Cors::LeavesOrigin } else { Cors::NotAsked };
    };
    if request.method() == b"OPTIONS" && fields.get("access-control-request-method").is_some() {
        return Cors::Preflight;
    }
    let own = Url::absolute(origin).is_some_and(|origin| origin.same_origin(asked));
    if own {
        return if asked.same_origin(target) { Cors::NotAsked } else { Cors::LeavesOrigin };
    }
    match allows(&fields, origin, response) {
        Some(true) if asked.same_origin(target) => Cors::Allowed,
        Some(true) => Cors::OriginBecomesNull,
        Some(false) => Cors::OtherAllowOrigin,
        None => Cors::NoAllowOrigin,
    }
}

/// Whether the answer allows the origin; `None` if it says nothing. More than one such line allows nobody.
fn allows(request: &Fields<'_>, origin: &[u8], response: &ResponseHead) -> Option<bool> {
    let fields = response.fields();
    let mut lines = fields.all("access-control-allow-origin");
    let allowed = lines.next()?;
    let with_cookies = request.get("cookie").is_some();
    let any = allowed == b"*" && !with_cookies;
    Some(lines.next().is_none() && (any || allowed == origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_follows() {
        const HERE: &str = "https://api.example.com/items/";
        const PLAIN: &str = "http://api.example.com/items/";
        const SITE: &str = "Origin: https://www.example.com";
        const ALLOW: &str = "Access-Control-Allow-Origin: https://www.example.com";
        for (method, request, response, target, verdict) in [
            ("GET", "A: b", "A: b", HERE, Cors::NotAsked),
            ("GET", "A: b", "A: b", PLAIN, Cors::NotAsked),
            ("GET", "Sec-Fetch-Mode: cors", "A: b", PLAIN, Cors::LeavesOrigin),
            ("GET", "Sec-Fetch-Mode: cors", "A: b", HERE, Cors::NotAsked),
            ("POST", "Origin: https://www.example.com\r\nSec-Fetch-Mode: navigate", "A: b", HERE, Cors::NotAsked),
            ("POST", "Origin: https://api.example.com", "A: b", HERE, Cors::NotAsked),
            ("POST", "Origin: https://api.example.com", "A: b", PLAIN, Cors::LeavesOrigin),
            ("GET", SITE, "A: b", HERE, Cors::NoAllowOrigin),
            ("GET", SITE, ALLOW, HERE, Cors::Allowed),
            ("GET", SITE, "Access-Control-Allow-Origin: *", HERE, Cors::Allowed),
            ("GET", SITE, "Access-Control-Allow-Origin: https://x.com", HERE, Cors::OtherAllowOrigin),
            (
                "GET",
                "Origin: https://www.example.com\r\nCookie: a=1",
                "Access-Control-Allow-Origin: *",
                HERE,
                Cors::OtherAllowOrigin,
            ),
            ("GET", SITE, ALLOW, PLAIN, Cors::OriginBecomesNull),
            (
                "OPTIONS",
                "Origin: https://www.example.com\r\nAccess-Control-Request-Method: PUT",
                ALLOW,
                HERE,
                Cors::Preflight,
            ),
            ("OPTIONS", SITE, ALLOW, HERE, Cors::Allowed),
            ("GET", "Origin: null", "Access-Control-Allow-Origin: null", HERE, Cors::Allowed),
        ] {
            let url = |text: &str| Url::absolute(text.as_bytes()).unwrap();
            let asked = format!("{method} /items HTTP/1.1\r\n{request}\r\n\r\n");
            let asked = RequestHead::from_wire(asked.into_bytes()).unwrap();
            let answer = format!("HTTP/1.1 307 R\r\n{response}\r\n\r\n");
            let answer = ResponseHead::from_wire(answer.into_bytes()).unwrap();
            let found = cors(&url("https://api.example.com/items"), &url(target), &asked, &answer);
            assert_eq!(found, verdict, "{method} {request} {response} {target}");
        }
    }
}
