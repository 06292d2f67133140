//! # CK01: cookie not sent back
//!
//! ## What it says
//! The app sets a cookie that the client will not send back to it: its `Path` is one that the client does not see, its
//! `Domain` is not the client's host, or it is `Secure` and the client is on http. Each login is forgotten at once.
//!
//! ## Why it happens
//! The app builds the cookie from what it sees. Behind a proxy that strips `/api/v1` its paths begin at `/`, so
//! `Path=/items` never fits `/api/v1/items`. Behind one that replaces Host, the `Domain` is the upstream's name.
//!
//! ## How it is told from its neighbours
//! - `HO01`: Host was replaced, and a `Domain` built from it is its consequence.
//! - A cookie for a path above the prefix, or for one below it, is sent.
//! - `Secure` over what looks like http may be https behind a TLS end that does not say so, and on this very machine
//!   browsers let it pass: it is a finding only if the client comes back without it and is turned away.
//! - A cookie that is being removed is no finding, nor are `SameSite` and names that ask for more than they have.
//!
//! ## Example
//! ```text
//! POST /api/v1/login   out /login   Set-Cookie: sid=…; Path=/auth      next: GET /api/v1/me without sid, 401
//! ```
//!
//! ## Fix
//! nginx: `proxy_cookie_path / /api/v1/;`. `--root-path` helps only an app that builds its cookie's path from `root_path`.
//! For a `Domain`: pass Host on, or leave `Domain` off.
//!
//! ## Not
//! `Path=/` for every cookie of a host that other apps share: they get it too, and can set it.

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule, Step};
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Change, Confidence, Fix, Ground, Severity, fix, prefix, shown};
use crate::gateway;
use crate::lanes::Source;
use crate::redirect::{NotSent, SetCookie, Url};

pub(super) const RULE: Rule = Rule {
    code: "CK01",
    title: "cookie not sent back",
    severity: Severity::Error,
    source: include_str!("ck01.rs"),
    check,
};

/// Cookies of one answer that are looked at.
const COOKIES: usize = 16;

fn check(case: &Case<'_>) -> Answer {
    let Some(response) = case.exchange.outer().and_then(|half| half.response.as_ref()) else { return Answer::No };
    let asked = case.asked();
    let fields = response.fields();
    let cookies = fields.all("set-cookie").take(COOKIES).filter_map(SetCookie::parse);
    for cookie in cookies.filter(|cookie| !cookie.removes) {
        if let Some(answer) = judge(case, &asked, &cookie) {
            return answer;
        }
    }
    Answer::No
}

fn judge(case: &Case<'_>, asked: &Url, cookie: &SetCookie<'_>) -> Option<Answer> {
    let prefix = case.prefix();
    match cookie.sent_to(asked, asked) {
        Err(NotSent::ForeignDomain) => Some(Answer::Yes(foreign_domain(case, asked, cookie))),
        Err(NotSent::SecureOverHttp | NotSent::Scheme) => {
            let step = Step::WithoutCookie { name: cookie.name.to_vec(), then: redirected_to(case) };
            Some(Answer::Wait(secure(case, cookie).until(step, None)))
        }
        _ if !prefix.is_empty() && cookie.path.is_some() && !cookie.reaches(asked, prefix) => {
            Some(Answer::Yes(other_path(case, prefix, cookie)))
        }
        _ => None,
    }
}

fn redirected_to(case: &Case<'_>) -> Option<Vec<u8>> {
    case.any_redirect().map(|judged| judged.target.path)
}

fn other_path(case: &Case<'_>, prefix: &str, cookie: &SetCookie<'_>) -> Parts {
    let (name, p) = (shown::bytes(cookie.name), shown::text(prefix));
    let path = cookie.path.map(shown::bytes).unwrap_or_default();
    let why = format!(
        "The cookie {name} is for {path}, and the client sees the app below {p}: no request of it ever carries the cookie."
    );
    let elsewhere = is_elsewhere(case, prefix, cookie);
    let (whole, below) = if elsewhere { (p.clone(), "/".to_owned()) } else { (format!("{p}{path}"), path.clone()) };
    let (from, to) = if elsewhere { (path.clone(), p.clone()) } else { ("/".to_owned(), format!("{p}/")) };
    let line = match Proxy::of(case) {
        Proxy::Nginx | Proxy::Unknown => format!("nginx: proxy_cookie_path {from} {to}; in the same location"),
        Proxy::Apache => format!("Apache: ProxyPassReverseCookiePath {path} {whole}"),
        Proxy::Caddy => format!("Caddy: header_down Set-Cookie \"Path={path}\" \"Path={whole}\" in reverse_proxy"),
        Proxy::Haproxy => {
            format!("HAProxy: http-response replace-header Set-Cookie (.*)[Pp]ath={path}(.*) \\1Path={whole}\\2")
        }
        Proxy::Traefik | Proxy::StandIn => {
            format!("the app: set the cookie for {whole}; this proxy changes no cookies")
        }
    };
    let mend = fix::of_proxy(case, line, gateway::Change::CookiePath { from, to });
    let app = Fix::advice(format!(
        "or the app: path=request.scope[\"root_path\"] + \"{below}\" for the cookie, and the server told of {p}"
    ));
    let parts = Parts::new(Confidence::High, why)
        .about(path.clone())
        .fact(case, Source::Seen, Ground::Answer, format!("Set-Cookie {name} has Path={path}"))
        .fix(mend)
        .fix([app])
        .not("--root-path alone: it changes only cookies whose path the app builds from root_path");
    match case.stripped() {
        Some((_, true)) => parts.fact(case, Source::Seen, Ground::Forwarded, format!("{p} was taken off on the way")),
        _ => parts.missing("that the app is nowhere but below this prefix"),
    }
}

/// True if the cookie's path is none of the app's own: the answer that sets it sends the client to another part of the app,
/// or the app has nothing there. The whole path is then in the place of the prefix.
fn is_elsewhere(case: &Case<'_>, prefix: &str, cookie: &SetCookie<'_>) -> bool {
    let Some(path) = cookie.path.and_then(|path| std::str::from_utf8(path).ok()) else { return false };
    let path = path.trim_end_matches('/');
    if path.is_empty() {
        return false;
    }
    let leads_past = redirected_to(case)
        .is_some_and(|target| prefix::below(&target, prefix).is_some_and(|rest| prefix::below(rest, path).is_none()));
    let routes = case.routes();
    let has = |route: &str| prefix::below_text(route, path).is_some();
    leads_past || routes.is_some_and(|routes| !routes.templates().chain(routes.mounts()).any(has))
}

fn foreign_domain(case: &Case<'_>, asked: &Url, cookie: &SetCookie<'_>) -> Parts {
    let name = shown::bytes(cookie.name);
    let domain = shown::text(cookie.domain.as_deref().unwrap_or_default());
    let host = shown::text(&asked.host);
    let why = format!("The cookie {name} is for {domain}, and the client is on {host}: browsers do not keep it.");
    let mut parts = Parts::new(Confidence::High, why)
        .about(domain.as_str())
        .fact(case, Source::Seen, Ground::Answer, format!("Set-Cookie {name} has Domain={domain}"))
        .fact(case, Source::Seen, Ground::Client, format!("{host} was asked"));
    if case.replaced_host().is_some() {
        parts = parts.fix([fix::change(case, Proxy::of(case).pass_host(), [Change::Proxy(gateway::Change::PassHost)])]);
    }
    parts
        .fix([Fix::advice("the app: no Domain for the cookie; it is then for the client's own host")])
        .not(format!("opening the app as {domain}: that is a name of the inner network"))
}

fn secure(case: &Case<'_>, cookie: &SetCookie<'_>) -> Parts {
    let name = shown::bytes(cookie.name);
    let why = format!("The cookie {name} is Secure and was set over http: browsers do not keep it.");
    Parts::new(Confidence::Medium, why)
        .about("Secure")
        .fact(case, Source::Seen, Ground::Answer, format!("Set-Cookie {name} is Secure"))
        .fact(case, Source::Seen, Ground::Client, "it was asked for by http")
        .missing("whether the client comes back with it")
        .fix([
            Fix::advice("serve the app by https, and redirect http to it before the login page"),
            Fix::advice("or, where http is meant, the app: no secure=True for the cookie"),
        ])
        .not("SameSite=None without Secure: browsers do not keep that either")
}
