//! # RD09: the proxy's own redirect is wrong
//!
//! ## What it says
//! The proxy redirected by itself, without asking the app, and names a scheme, a host or a port that is its own and not the
//! client's.
//!
//! ## Why it happens
//! nginx answers `/app` with a redirect to `/app/` where `location /app/` has a `proxy_pass`, and makes any redirect of its
//! own absolute: by its own scheme, the client's host (or `server_name`), and the port it listens on. Behind another TLS
//! end that is http; behind a published container port or a balancer the port is another.
//!
//! ## How it is told from its neighbours
//! - `RD02`, `RD04`: the app wrote the redirect.
//! - `RD06`: the redirect to https comes again and again.
//! - A redirect to another host, and one from http to https, are meant.
//! - A tap on a port of its own is no fault of the proxy: the port before which it stands is not held against it.
//!
//! ## Example
//! ```text
//! GET https://example.com/app   301 Location: http://example.com:8080/app/   never reached the app
//! ```
//!
//! ## Fix
//! nginx: `absolute_redirect off;` in the server; the client then keeps scheme, host and port. `port_in_redirect off;`
//! where the port alone is wrong.
//!
//! ## Not
//! `proxy_redirect`: it is for the app's redirects and leaves nginx's own alone.

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Confidence, Fix, Ground, Severity, fix, shown};
use crate::gateway;
use crate::lanes::Source;
use crate::redirect::{HostVerdict, Internal, Judged, PortVerdict, SchemeVerdict, Url};

pub(super) const RULE: Rule = Rule {
    code: "RD09",
    title: "the proxy's own redirect is wrong",
    severity: Severity::Error,
    source: include_str!("rd09.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    let Some(judged) = case.proxy_redirect().filter(|judged| judged.absolute) else { return Answer::No };
    let asked = case.asked();
    let Some((about, wrong)) = fault(case, &asked, &judged) else { return Answer::No };
    let (from, to) = (shown::text(&asked.to_string()), shown::text(&judged.target.to_string()));
    let proxy = Proxy::of(case);
    let why = format!("The client asked {from} and {} by itself sends it to {to}: {wrong}.", proxy.name());
    let parts = Parts::new(Confidence::High, why)
        .about(about)
        .fact(case, Source::Seen, Ground::Answer, format!("the redirect names {to}"))
        .fact(case, Source::Seen, Ground::Forwarded, "the app never got the request")
        .fix(fixes(case, proxy, about == "port"));
    Answer::Yes(match proxy {
        Proxy::Nginx | Proxy::Unknown => {
            parts.not("proxy_redirect: it is for the app's redirects and leaves nginx's own alone")
        }
        _ => parts,
    })
}

/// What is wrong: a word for it, and a clause.
fn fault(case: &Case<'_>, asked: &Url, judged: &Judged) -> Option<(&'static str, String)> {
    if judged.host == HostVerdict::Other {
        return None;
    }
    if judged.scheme == SchemeVerdict::Downgraded {
        return Some(("scheme", "it names its own scheme, http, and not the client's".to_owned()));
    }
    // A port is meant unless it is the proxy's own, or the page is the same.
    let own = case.exchange.edge.as_deref().and_then(|edge| edge.upstream).map(|(proxy, _)| proxy.port());
    let same_page = judged.slash.is_some() || judged.target.path == asked.path;
    match judged.host {
        HostVerdict::Internal(Internal::Upstream) => Some(("port", "that is the proxy's own address".to_owned())),
        HostVerdict::Internal(_) if same_page => Some(("host", "that host is no use to the client".to_owned())),
        _ if judged.scheme == SchemeVerdict::Upgraded || judged.port == PortVerdict::Same => None,
        _ if judged.target.port == own || same_page => Some((
            "port",
            match judged.target.port {
                Some(port) => format!("it names its own port, {port}, and not the client's"),
                None => "the client's port is gone".to_owned(),
            },
        )),
        _ => None,
    }
}

fn fixes(case: &Case<'_>, proxy: Proxy, port_alone: bool) -> Vec<Fix> {
    let line = match proxy {
        Proxy::Nginx | Proxy::Unknown => "nginx: absolute_redirect off; in the server block",
        Proxy::Apache => "Apache: UseCanonicalName On and ServerName https://<the public host>:443 in the virtual host",
        Proxy::Haproxy => "HAProxy: http-request redirect location <path> in place of prefix, without scheme and host",
        Proxy::Traefik => "Traefik: redirectRegex with the public scheme, host and port written out in its replacement",
        Proxy::Caddy => "Caddy: redir <path> without scheme and host",
        Proxy::StandIn => "hopscope proxy --public-url with the URL that clients use",
    };
    let relative = fix::of_proxy(case, line, gateway::Change::RelativeRedirects);
    let port = Fix::advice("or nginx: port_in_redirect off; where the public port is the scheme's own");
    let nginx = matches!(proxy, Proxy::Nginx | Proxy::Unknown);
    relative.into_iter().chain(Some(port).filter(|_| port_alone && nginx)).collect()
}
