//! # NG06: mount point without its slash
//!
//! ## What it says
//! The bare prefix, `/app` without the final slash, was asked for. Either nobody takes it, because the rule begins at
//! `/app/`; or the app's page comes and its relative links lead one level too high, to `/style.css` in place of
//! `/app/style.css`.
//!
//! ## Why it happens
//! A browser resolves a relative link against the folder of the page, and `/app` is a file in `/`. Traefik's `stripPrefix`
//! and `HAProxy`'s `replace-path` send the app `/` for `/app` and `/app/` alike, so the app cannot tell. Caddy's `/app/*`
//! begins at the slash: `/app` goes to what follows in the site, and if nothing takes it Caddy answers 200 with an empty
//! page. nginx redirects `/app` to `/app/` by itself where `location /app/` has a `proxy_pass`, and not from a regex
//! location.
//!
//! ## How it is told from its neighbours
//! - `PX09`: the rule takes too much, because it has no slash.
//! - `NG07`: no rule takes the path, with a slash or without.
//! - A page whose links are all absolute, or one that says `<base href>`, is no finding; nor is JSON.
//!
//! ## Example
//! ```text
//! Caddyfile   handle_path /app/* { reverse_proxy app:8000 }
//! GET /app    200, empty
//! ```
//!
//! ## Fix
//! A redirect from `/app` to `/app/` at the proxy, with the query: Caddy `redir /app /app/{?query}`, nginx `location = /app
//! { return 308 /app/$is_args$args; }`, Traefik a `redirectRegex` middleware before `stripPrefix`.
//!
//! ## Not
//! `handle_path /app*`: it takes `/apple` too; and a page that answers at `/app` has its relative links one level too high.

use crate::diagnosis::body::By;
use crate::diagnosis::case::Case;
use crate::diagnosis::plain::is_page_at_mount;
use crate::diagnosis::rule::{Answer, Parts, Rule, Step};
use crate::diagnosis::rules::ng07::is_unrouted;
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Change, Confidence, Fix, Ground, Severity, shown};
use crate::gateway;
use crate::lanes::Source;

pub(in crate::diagnosis) const RULE: Rule = Rule {
    code: "NG06",
    title: "mount point without its slash",
    severity: Severity::Note,
    source: include_str!("ng06.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    let path = case.lanes.original.path.as_slice();
    if path.len() < 2 || path.ends_with(b"/") || !matches!(case.lanes.original.method.as_str(), "GET" | "HEAD") {
        return Answer::No;
    }
    let known = || case.setup.prefixes.iter().any(|known| known.as_bytes() == path);
    if is_unrouted(case) && known() {
        return Answer::Yes(not_taken(case));
    }
    if case.status() != Some(200) || !is_page_at_mount(case.lanes) {
        return Answer::No;
    }
    match relative_link(case) {
        Links::Relative(link) => Answer::Yes(too_high(case, Some(&link))),
        Links::None => Answer::No,
        Links::Unknown => Answer::Wait(too_high(case, None)),
    }
}

/// The rule begins at the slash.
fn not_taken(case: &Case<'_>) -> Parts {
    let path = shown::bytes(&case.lanes.original.path);
    let why = format!(
        "{} takes {path}/ and what is below it, and not {path} itself: it answered {} by itself.",
        Proxy::of(case).name(),
        case.lanes.answer.status.unwrap_or_default(),
    );
    Parts::new(Confidence::High, why)
        .severity(Severity::Warn)
        .about(path.clone())
        .fact(case, Source::Seen, Ground::Forwarded, format!("{path} never reached the app"))
        .known(Source::Rule, Ground::Proxy, None, format!("{path} is known to be a prefix of the proxy"))
        .fix([redirect(case)])
        .not(format!("a rule for {path}* that ends in no slash: it takes {path}x too"))
}

/// The page came, and what it links to is looked for beside the mount point.
fn too_high(case: &Case<'_>, link: Option<&str>) -> Parts {
    let path = shown::bytes(&case.lanes.original.path);
    let links = link.map_or_else(|| "relative links".to_owned(), |link| format!("{:?}", shown::text(link)));
    let why = format!(
        "The page was asked for as {path}, without a final slash: the browser looks for its {links} beside {path}, not below it."
    );
    let parts = Parts::new(Confidence::High, why)
        .severity(Severity::Error)
        .about(path.clone())
        .fact(case, Source::Seen, Ground::Client, format!("{path} was asked for, without a final slash"))
        .fix([redirect(case)])
        .until(Step::Outside(path.clone()), Some(case.lanes.original.path.clone()))
        .not("absolute links in the page: they lead out of the prefix altogether (PX06)");
    match link {
        Some(_) => parts.fact(case, Source::Seen, Ground::Answer, format!("the page has relative links: {links}")),
        None => parts.missing("what the page asks for next"),
    }
}

fn redirect(case: &Case<'_>) -> Fix {
    let path = shown::bytes(&case.lanes.original.path);
    let line = match Proxy::of(case) {
        Proxy::Nginx | Proxy::Unknown => format!("nginx: location = {path} {{ return 308 {path}/$is_args$args; }}"),
        Proxy::Traefik => format!(
            "Traefik: redirectRegex with regex = \"^(https?://[^/]+{path})(\\\\?.*)?$\", replacement = \"${{1}}/${{2}}\" \
             before stripPrefix"
        ),
        Proxy::Caddy => format!("Caddy: redir {path} {path}/{{?query}} 308"),
        Proxy::Haproxy => format!("HAProxy: http-request redirect code 308 location {path}/ if {{ path {path} }}"),
        Proxy::Apache => format!("Apache: RedirectMatch 308 ^{path}$ {path}/"),
        Proxy::StandIn => format!("ask for {path}/"),
    };
    Fix::candidate(line, [Change::Proxy(gateway::Change::SlashAtMount(path))])
}

/// What the page links to.
enum Links {
    /// This, which has no slash at its start and no scheme.
    Relative(String),
    /// Nothing relative, or it names its base itself.
    None,
    /// It was not kept, or is encoded.
    Unknown,
}

/// The first address in the page that starts from the page's own folder.
fn relative_link(case: &Case<'_>) -> Links {
    let content = case.body();
    if content.base.is_some() {
        return Links::None;
    }
    let found = content.addresses.iter().filter(|address| address.by != By::Value).find(|one| is_relative(&one.url));
    match (found, content.is_whole() && !content.text.is_empty()) {
        (Some(address), _) => Links::Relative(address.url.clone()),
        (None, true) => Links::None,
        (None, false) => Links::Unknown,
    }
}

fn is_relative(link: &str) -> bool {
    let first = link.split(['/', '?', '#']).next().unwrap_or_default();
    !first.is_empty() && !first.contains(':') && first != ".."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_links_are_relative() {
        for (link, relative) in [
            ("style.css", true),
            ("./style.css", true),
            ("static/x.js?v=1", true),
            ("/style.css", false),
            ("https://x.com/y.js", false),
            ("//cdn/x.js", false),
            ("data:image/png;base64,x", false),
            ("#top", false),
            ("?page=2", false),
            ("", false),
        ] {
            assert_eq!(is_relative(link), relative, "{link}");
        }
    }
}
