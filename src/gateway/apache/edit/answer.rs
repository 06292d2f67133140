//! What becomes of answers, and the redirects that httpd makes by itself.

use super::fields::load_headers;
use super::site::Site;
use crate::gateway::CannotAmend;
use crate::gateway::again::{Became, again, is_redirected};
use crate::gateway::apache::tree::Node;
use crate::gateway::lines::escaped;

/// The lines for answers that change `Location`.
fn changing(site: &Site<'_>) -> Vec<Node> {
    let mut all = site.said("header");
    all.retain(|node| node.words.iter().take(3).any(|word| word.eq_ignore_ascii_case("location")));
    all
}

/// Lets `Location` come back as the app sent it.
pub(super) fn leave_location(site: &mut Site<'_>) {
    for node in site.said("proxypassreverse").iter().chain(&changing(site)) {
        site.lines.remove(&node.place);
    }
}

/// Puts a prefix before a `Location` that begins at the root and has it not.
pub(super) fn mend_location(site: &mut Site<'_>, prefix: &str) {
    let below = escaped(prefix);
    let below = below.trim_start_matches('/');
    let line = format!("Header edit Location ^/(?!/|{below}/|{below}$) {prefix}/");
    add(site, "header", &line);
    load_headers(site);
}

/// Adds a line behind the one that sends on, unless it is there.
fn add(site: &mut Site<'_>, name: &str, line: &str) {
    let known = site.said(name).iter().any(|node| site.lines.statement(&node.place) == line);
    if !known {
        let place =
            site.said("proxypassreverse").last().map_or_else(|| site.pass.place.clone(), |node| node.place.clone());
        site.lines.after(&place, "", line);
    }
}

/// Gives a cookie another path.
pub(super) fn cookie_path(site: &mut Site<'_>, from: &str, to: &str) {
    add(site, "proxypassreversecookiepath", &format!("ProxyPassReverseCookiePath {from} {to}"));
}

/// There is nothing that would do it.
pub(super) fn relative_redirects() -> Result<(), CannotAmend> {
    let why = "httpd writes whole URLs in its own redirects; ServerName with the public scheme, and UseCanonicalName On, make \
               them the client's";
    Err(CannotAmend(why.to_owned()))
}

/// Redirects the mount point to itself with a slash.
pub(super) fn slash_at_mount(site: &mut Site<'_>, prefix: &str) -> Result<(), CannotAmend> {
    if is_redirected(site.gateway, site.plan, prefix) {
        return Ok(());
    }
    let is_sent = matches!(again(site.gateway, site.plan, prefix), Some(Became::Sent(_)));
    let first = site.said("proxypass").into_iter().find(|pass| pass.words.len() > 1);
    let place = match (site.location(), first) {
        (Some(location), _) if is_sent => {
            let why = format!("<{}> takes {prefix} itself; with a slash at its end it does not", location.text);
            return Err(CannotAmend(why));
        }
        (Some(location), _) => location.place.clone(),
        (None, first) => first.unwrap_or_else(|| site.pass.clone()).place,
    };
    // What is sent on is not redirected.
    if is_sent {
        site.lines.before(&place, &format!("ProxyPassMatch ^{}$ !", escaped(prefix)));
    }
    site.lines.before(&place, &format!("RedirectMatch 308 ^{}$ {prefix}/", escaped(prefix)));
    Ok(())
}
