//! What a redirect does beside leading somewhere, as sentences that every face prints alike: method and body,
//! `Authorization`, cookies, scripts, and the URLs to come back to.

use super::callback::callbacks;
use super::consequence::{Authorization, MethodAfter, authorization_after, method_after};
use super::cookie::{NotSent, SetCookie};
use super::cors::{Cors, cors};
use super::judge::{Asked, HostVerdict, Judged};
use crate::exchange::{RequestHead, ResponseHead};

/// Cookies that are looked at in one answer.
const COOKIES: usize = 16;

/// A sentence about a redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// What it is about: `method`, `authorization`, `cookie`, `cors` or `login`.
    pub about: &'static str,
    /// The sentence, without a full stop. Holds bytes of the message: made visible before it is shown.
    pub said: Vec<u8>,
    /// The code of the finding that this belongs to, e.g. `RD05`.
    pub code: &'static str,
    /// True if something breaks; false if it is only worth knowing.
    pub wrong: bool,
}

/// What a redirect does to the request that follows it.
///
/// `asked` is what the client asked for, `judged` where it is sent; the heads are those that the client sent and got.
pub fn remarks(asked: &Asked<'_>, judged: &Judged, request: &RequestHead, response: &ResponseHead) -> Vec<Remark> {
    let mut all: Vec<Remark> = method(asked, judged, request, response).into_iter().collect();
    all.extend(authorization(asked, judged, request));
    all.extend(cookies(asked, judged, response));
    all.extend(scripts(asked, judged, request, response));
    all.extend(logins(asked, judged));
    all
}

fn method(asked: &Asked<'_>, judged: &Judged, request: &RequestHead, response: &ResponseHead) -> Option<Remark> {
    let (status, method) = (response.status(), request.method());
    if matches!(method, b"GET" | b"HEAD") {
        return None;
    }
    let name = method.escape_ascii();
    // The same page again: whoever posts to it wanted it to get the post. A 303 says GET on purpose.
    let same_page = status != 303 && (judged.slash.is_some() || judged.target.path == asked.url.path);
    let (said, wrong) = match method_after(status, method) {
        MethodAfter::Kept => (format!("{status} keeps {name} and the body"), false),
        MethodAfter::Get => (format!("{status} turns {name} into GET, the body is lost"), same_page),
        MethodAfter::ClientsDiffer => {
            (format!("after {status} browsers keep {name}, requests, httpx and Go send GET"), same_page)
        }
    };
    Some(Remark { about: "method", said: said.into_bytes(), code: "RD05", wrong })
}

fn authorization(asked: &Asked<'_>, judged: &Judged, request: &RequestHead) -> Option<Remark> {
    request.get("authorization")?;
    let (said, wrong) = match authorization_after(&asked.url, &judged.target) {
        Authorization::Kept => return None,
        Authorization::ClientsDiffer => ("dropped by browsers and curl on the way to https", false),
        Authorization::Dropped => ("dropped: host, port or scheme is another", judged.host != HostVerdict::Other),
    };
    Some(Remark { about: "authorization", said: said.as_bytes().to_vec(), code: "RD05", wrong })
}

fn cookies(asked: &Asked<'_>, judged: &Judged, response: &ResponseHead) -> Vec<Remark> {
    let fields = response.fields();
    let set = fields.all("set-cookie").take(COOKIES).filter_map(SetCookie::parse);
    set.filter(|cookie| !cookie.removes).filter_map(|cookie| remark_on(&cookie, asked, judged)).collect()
}

fn remark_on(cookie: &SetCookie<'_>, asked: &Asked<'_>, judged: &Judged) -> Option<Remark> {
    let remark = |said: &[u8], wrong| {
        let said = [cookie.name, b": ", said].concat();
        Some(Remark { about: "cookie", said, code: "CK01", wrong })
    };
    let path = cookie.effective_path(&asked.url);
    let reason = match cookie.sent_to(&asked.url, &judged.target) {
        Ok(()) => {
            let outside = !asked.prefix.is_empty() && path == b"/";
            let said = format!("Path=/ goes to everything on the host, not to {} alone", asked.prefix);
            return if outside { remark(said.as_bytes(), false) } else { None };
        }
        Err(reason) => reason,
    };
    match reason {
        NotSent::ForeignDomain => {
            let domain = cookie.domain.as_deref().unwrap_or_default();
            let said = format!("refused, Domain={domain} does not cover {}", asked.url.host);
            remark(said.as_bytes(), true)
        }
        // Where TLS ends before whoever looks, this is not known for sure.
        NotSent::SecureOverHttp => remark(b"Secure, and the client came by http as far as is known", false),
        NotSent::NoneWithoutSecure => remark(b"refused by browsers, SameSite=None needs Secure", true),
        NotSent::NamePrefix => remark(b"refused, its name asks for Secure, Path=/ and no Domain", true),
        NotSent::Scheme => remark(b"Secure, and not sent to the http:// target", true),
        NotSent::Path if !cookie.reaches(&asked.url, asked.prefix) => {
            remark(&[b"Path=", path, b" is no path below ", asked.prefix.as_bytes()].concat(), true)
        }
        NotSent::Path => remark(&[b"not sent to the target, it is for ", path].concat(), false),
        // Another public host is not meant to get it.
        NotSent::Host if judged.host == HostVerdict::Other => None,
        NotSent::Host => remark(b"not sent to the target, it is for the host that set it", true),
    }
}

fn scripts(asked: &Asked<'_>, judged: &Judged, request: &RequestHead, response: &ResponseHead) -> Option<Remark> {
    let verdict = cors(&asked.url, &judged.target, request, response);
    let said = match verdict {
        Cors::NotAsked | Cors::Allowed => return None,
        Cors::OriginBecomesNull => "the next request comes with Origin: null, which the target has to allow",
        Cors::LeavesOrigin => "a script is sent to another origin, which has to allow it",
        Cors::Preflight => "a preflight is redirected: browsers follow none",
        Cors::NoAllowOrigin => "no Access-Control-Allow-Origin on the redirect: browsers stop here",
        Cors::OtherAllowOrigin => "Access-Control-Allow-Origin does not fit the request: browsers stop here",
    };
    Some(Remark { about: "cors", said: said.as_bytes().to_vec(), code: "CO01", wrong: verdict.stops() })
}

/// URLs to come back to that would go wrong.
fn logins(asked: &Asked<'_>, judged: &Judged) -> Vec<Remark> {
    let mut all = Vec::new();
    for callback in callbacks(asked, judged) {
        for fault in callback.judged.faults(&asked.url, asked.prefix) {
            let said = [&callback.name, &b": "[..], fault.part.as_bytes(), b" ", fault.said.as_bytes()].concat();
            all.push(Remark { about: "login", said, code: "OA01", wrong: fault.sure });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redirect::{Url, judge};

    #[test]
    fn what_is_said_of_a_redirect() {
        const UP: &str = "https://x.com/api/v1/login";
        for (request, response, said) in [
            ("GET / HTTP/1.1", "302 F\r\nLocation: /api/v1/", vec![]),
            (
                "POST / HTTP/1.1",
                "302 F\r\nLocation: /api/v1/",
                vec![("RD05", false, "302 turns POST into GET, the body is lost")],
            ),
            (
                "POST / HTTP/1.1",
                "301 M\r\nLocation: /api/v1/login/",
                vec![("RD05", true, "301 turns POST into GET, the body is lost")],
            ),
            (
                "POST / HTTP/1.1",
                "303 S\r\nLocation: /api/v1/login",
                vec![("RD05", false, "303 turns POST into GET, the body is lost")],
            ),
            ("PUT / HTTP/1.1", "307 T\r\nLocation: /api/v1/x", vec![("RD05", false, "307 keeps PUT and the body")]),
            (
                "GET / HTTP/1.1\r\nAuthorization: Bearer x",
                "307 T\r\nLocation: http://x.com/api/v1/login/",
                vec![("RD05", true, "dropped: host, port or scheme is another")],
            ),
            (
                "GET / HTTP/1.1",
                "302 F\r\nLocation: /api/v1/\r\nSet-Cookie: s=1; Path=/app",
                vec![("CK01", true, "s: Path=/app is no path below /api/v1")],
            ),
            (
                "GET / HTTP/1.1",
                "302 F\r\nLocation: /api/v1/\r\nSet-Cookie: s=1; Path=/api/v1/auth\r\nSet-Cookie: t=1; Path=/api/v1",
                vec![("CK01", false, "s: not sent to the target, it is for /api/v1/auth")],
            ),
            ("GET / HTTP/1.1", "302 F\r\nLocation: /api/v1/\r\nSet-Cookie: s=; Path=/app; Max-Age=0", vec![]),
            (
                "GET / HTTP/1.1",
                "302 F\r\nLocation: https://idp.com/?redirect_uri=http://x.com/api/v1/cb",
                vec![("OA01", true, "redirect_uri: scheme http, want https")],
            ),
        ] {
            let asked = Asked { url: Url::absolute(UP.as_bytes()).unwrap(), prefix: "/api/v1", internal: &[] };
            let request_head = RequestHead::from_wire(format!("{request}\r\n\r\n").into_bytes()).unwrap();
            let response_head = ResponseHead::from_wire(format!("HTTP/1.1 {response}\r\n\r\n").into_bytes()).unwrap();
            let judged = judge(&asked, response_head.get("location").unwrap()).unwrap();
            let found = remarks(&asked, &judged, &request_head, &response_head);
            let found: Vec<_> =
                found.iter().map(|one| (one.code, one.wrong, std::str::from_utf8(&one.said).unwrap())).collect();
            assert_eq!(found, said, "{request} {response}");
        }
    }
}
