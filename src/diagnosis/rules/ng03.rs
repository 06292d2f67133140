//! # NG03: path decoded on its way
//!
//! ## What it says
//! The client wrote `%2F` for a slash that belongs to a name, or `//` inside of a path, and the app was asked for another
//! path: `/files/a%2Fb` became `/files/a/b`. The name is now two segments, and no route takes it.
//!
//! ## Why it happens
//! With a URI in `proxy_pass`, or after a `rewrite`, nginx sends the path as it understood it: decoded, slashes merged,
//! dots resolved, and escaped anew. Without one it sends the path as the client wrote it. Caddy's `rewrite` and Apache's
//! `ProxyPass` decode too; Apache refuses `%2F` altogether unless `AllowEncodedSlashes` says otherwise. And every ASGI
//! server decodes: `path` has a slash there whatever the proxy sends, only `raw_path` keeps `%2F`.
//!
//! ## How it is told from its neighbours
//! - `NG01`, `NG02`: the path is another without any `%2F` in it.
//! - A route that takes slashes (`{name:path}`) is reached either way, and it is no finding.
//! - Where every path is plain it makes no difference; in a configuration it is a note.
//!
//! ## Example
//! ```text
//! location /api/ { proxy_pass http://app/api/; }
//! in /api/files/a%2Fb   out /api/files/a/b   404
//! ```
//!
//! ## Fix
//! In the app a route that takes slashes: `/files/{name:path}`. For an app that reads `raw_path`, leave the URI away:
//! `location /api/ { proxy_pass http://app; }`. Apache: `AllowEncodedSlashes NoDecode` and `nocanon`.
//!
//! ## Not
//! `merge_slashes off`: the slashes stay, and the path is decoded all the same.

use percent_encoding::percent_decode;

use crate::asgi::framework::RouteMatch;
use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Change, Confidence, Fix, Ground, Severity, prefix, shown};
use crate::gateway;
use crate::lanes::{Author, Source};

pub(in crate::diagnosis) const RULE: Rule = Rule {
    code: "NG03",
    title: "path decoded on its way",
    severity: Severity::Note,
    source: include_str!("ng03.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    let Some(edge) = case.exchange.edge.as_deref() else { return Answer::No };
    let sent = crate::exchange::Target::new(edge.request.target()).path();
    if climbs(sent) {
        return Answer::No;
    }
    let Some(out) = case.outgoing() else { return refused(case, sent) };
    let failed = case.status().is_some_and(|status| status >= 400);
    if failed && is_merged(sent, out) {
        return Answer::Yes(merged(case, sent, out));
    }
    if escaped_slashes(sent) == 0 || case.miss().is_none() {
        return Answer::No;
    }
    let by_proxy = escaped_slashes(out) < escaped_slashes(sent);
    match (case.routes(), taken_whole(case, sent)) {
        (_, Some(template)) => Answer::Yes(decoded(case, sent, out, by_proxy, Some(&template))),
        (None, _) if by_proxy => Answer::Yes(decoded(case, sent, out, by_proxy, None)),
        (None, _) => Answer::NeedsRoutes,
        (Some(_), None) => Answer::No,
    }
}

/// Apache answers 404 by itself to any path with `%2F` in it.
fn refused(case: &Case<'_>, sent: &[u8]) -> Answer {
    let by_apache = case.lanes.answer.by == Author::Proxy("apache") && case.lanes.answer.status == Some(404);
    if !by_apache || escaped_slashes(sent) == 0 || case.app().is_some() {
        return Answer::No;
    }
    let why = format!("Apache answers 404 to {} by itself: it refuses every path with %2F in it.", shown::bytes(sent));
    let fix = "Apache: AllowEncodedSlashes NoDecode in the virtual host, and nocanon at the end of the ProxyPass line";
    Answer::Yes(
        Parts::new(Confidence::High, why)
            .severity(Severity::Error)
            .about("AllowEncodedSlashes")
            .fact(case, Source::Seen, Ground::Client, format!("{} was asked for", shown::bytes(sent)))
            .fact(case, Source::Seen, Ground::Answer, "the answer is one that Apache writes")
            .fix([Fix::advice(fix)])
            .not("AllowEncodedSlashes On alone: Apache then decodes it, and the app gets a slash"),
    )
}

/// The route that would take the path if the escaped slashes were part of a name.
fn taken_whole(case: &Case<'_>, sent: &[u8]) -> Option<String> {
    let routes = case.routes()?;
    let root = case.view().map_or("", |view| view.scope.root_path.as_str());
    let rest = prefix::below(sent, case.prefix()).or_else(|| prefix::below(sent, root)).unwrap_or(sent);
    let whole = String::from_utf8_lossy(rest).replace("%2F", "~").replace("%2f", "~");
    match routes.find(&whole) {
        RouteMatch::Route(template) | RouteMatch::OtherMethod(template) => Some(template),
        _ => None,
    }
}

fn decoded(case: &Case<'_>, sent: &[u8], out: &[u8], by_proxy: bool, template: Option<&str>) -> Parts {
    let (asked, got) = (shown::bytes(sent), shown::bytes(out));
    let name = Proxy::of(case).name();
    let how = if by_proxy {
        format!("{asked} went in and {got} came out: {name} decoded %2F.")
    } else {
        format!("{asked} reached the app's server, which decodes %2F before the app routes.")
    };
    let why = match template {
        Some(template) => format!("{how} The app's {} takes no slash, so no route is left.", shown::text(template)),
        None => format!("{how} What was one name is now two segments, and the app has no such route."),
    };
    let route = format!(
        "the app: a route that takes slashes, {}; the server decodes %2F whatever the proxy sends",
        shown::bytes(&route_with_slashes(prefix::below(sent, case.prefix()).unwrap_or(sent))),
    );
    let parts = Parts::new(if template.is_some() { Confidence::High } else { Confidence::Medium }, why)
        .severity(if by_proxy { Severity::Error } else { Severity::Note })
        .about(shown::text(template.unwrap_or_else(|| case.prefix())))
        .fact(case, Source::Seen, Ground::Client, format!("{asked} was asked for"))
        .fact(case, Source::Seen, Ground::Forwarded, format!("{got} reached the app"))
        .fix([route])
        .not("merge_slashes off: the path is decoded all the same");
    let parts = if by_proxy { parts.fix([raw(case)]) } else { parts };
    if template.is_some() { parts } else { parts.missing("the app's routes") }
}

fn merged(case: &Case<'_>, sent: &[u8], out: &[u8]) -> Parts {
    let why = format!(
        "{} went in and {} came out: {} merged the slashes, and the URL in it is none any more.",
        shown::bytes(sent),
        shown::bytes(out),
        Proxy::of(case).name(),
    );
    Parts::new(Confidence::High, why)
        .severity(Severity::Error)
        .about(shown::text(case.prefix()))
        .fact(case, Source::Seen, Ground::Client, format!("{} was asked for", shown::bytes(sent)))
        .fact(case, Source::Seen, Ground::Forwarded, format!("{} reached the app", shown::bytes(out)))
        .fix([raw(case), Fix::advice("or send the inner URL in the query, where nobody merges slashes")])
        .not("merge_slashes off alone: with a URI in proxy_pass the path is still escaped anew")
}

/// `/things/{name:path}` for `/things/a%2Fb`.
fn route_with_slashes(path: &[u8]) -> Vec<u8> {
    let escaped = path.windows(3).position(|part| part.eq_ignore_ascii_case(b"%2f")).unwrap_or(path.len());
    let folder = path.get(..escaped).unwrap_or(path);
    let end = folder.iter().rposition(|&b| b == b'/').map_or(0, |slash| slash + 1);
    [folder.get(..end).unwrap_or_default(), b"{name:path}"].concat()
}

/// How to send the path as the client wrote it.
fn raw(case: &Case<'_>) -> Fix {
    let p = case.prefix();
    let line = match Proxy::of(case) {
        Proxy::Nginx | Proxy::Unknown => {
            "nginx: proxy_pass http://app; (nothing after the name, no rewrite) sends the path as it came, for an app that \
             reads raw_path; the prefix then stays on"
        }
        Proxy::Apache => "Apache: AllowEncodedSlashes NoDecode, and nocanon at the end of the ProxyPass line",
        Proxy::Caddy => "Caddy: uri strip_prefix (or handle_path) in place of rewrite: it keeps the rest as it came",
        Proxy::Traefik | Proxy::Haproxy | Proxy::StandIn => {
            "take the rewrite of the path out: without one it is sent as it came"
        }
    };
    match (case.stripped(), Proxy::of(case)) {
        (None, Proxy::Nginx) if !p.is_empty() => {
            let keep = gateway::Change::Path { prefix: p.to_owned(), to: p.to_owned() };
            Fix::candidate(line, [Change::Proxy(keep)])
        }
        _ => Fix::advice(line),
    }
}

fn escaped_slashes(path: &[u8]) -> usize {
    path.windows(3).filter(|part| part.eq_ignore_ascii_case(b"%2f")).count()
}

/// True if a URL within the path lost one of its slashes.
fn is_merged(sent: &[u8], out: &[u8]) -> bool {
    let has = |path: &[u8]| path.windows(3).any(|part| part == b"://");
    let one = out.windows(2).any(|part| part == b":/");
    has(sent) && !has(out) && one
}

/// True for a path that is out to leave its folder, which nobody means well.
fn climbs(path: &[u8]) -> bool {
    let plain: Vec<u8> = percent_decode(path).collect();
    plain.split(|&b| matches!(b, b'/' | b'\\')).any(|segment| segment == b"..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_lost() {
        assert_eq!(escaped_slashes(b"/a%2Fb%2fc/d"), 2);
        assert!(is_merged(b"/get/https://x.com/a", b"/get/https:/x.com/a"));
        assert!(!is_merged(b"/get/a//b", b"/get/a/b"));
        assert!(climbs(b"/static/..%2f..%2Fetc/passwd"));
        assert!(!climbs(b"/a..b/c"));
    }
}
