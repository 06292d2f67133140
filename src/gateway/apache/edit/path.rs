//! What becomes of the path, and which paths an upstream gets: `ProxyPass` and its kin.

use super::site::Site;
use crate::gateway::again::is_sent;
use crate::gateway::apache::tree::Node;
use crate::gateway::lines::escaped;
use crate::gateway::{CannotAmend, StepKind};

/// Sends what is below a prefix on with something else in its place.
pub(super) fn change(site: &mut Site<'_>, prefix: &str, to: &str) -> Result<(), CannotAmend> {
    if is_sent(site.gateway, site.plan, prefix, to) {
        return Ok(());
    }
    let rewrites = site.did(|kind| *kind == StepKind::Path);
    if let Some(rule) = site.said("rewriterule").iter().find(|rule| rewrites.contains(&rule.place)) {
        return by_rewrite(site, &rule.clone(), prefix, to);
    }
    let url = site.pass.words.get(usize::from(site.location().is_none())).cloned().unwrap_or_default();
    let base = base(&url)?.to_owned();
    if site.pass.name == "proxypassmatch" || site.location().is_some_and(|section| section.name == "locationmatch") {
        return by_expression(site, &base, prefix, to);
    }
    let own = match site.location() {
        Some(location) => location.word(0).to_owned(),
        None => site.pass.word(0).to_owned(),
    };
    if below(own.trim_end_matches('/'), prefix).is_none() {
        return apart(site, &own, &base, prefix, to);
    }
    if site.location().is_some() {
        let pass = site.pass.clone();
        return here(site, &pass, &own, &url, (prefix, to));
    }
    // Those of a part of the prefix, for websockets say, go along.
    let host = |url: &str| url.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or(rest).to_owned());
    let mut passes = site.said("proxypass");
    passes
        .retain(|pass| below(pass.word(0).trim_end_matches('/'), prefix).is_some() && host(pass.word(1)) == host(&url));
    passes.iter().try_for_each(|pass| here(site, pass, pass.word(0), pass.word(1), (prefix, to)))
}

/// The directive is about the prefix, or about a part of it.
fn here(site: &mut Site<'_>, pass: &Node, own: &str, url: &str, (prefix, to): (&str, &str)) -> Result<(), CannotAmend> {
    let rest = below(own.trim_end_matches('/'), prefix).unwrap_or_default();
    // Both ends alike: with a slash, or without one.
    let slash = if own.ends_with('/') { "/" } else { "" };
    let new = format!("{}{to}{rest}{slash}", base(url)?);
    for reverse in reverses(site, own, url) {
        set(site, &reverse, url, &new)?;
    }
    set(site, pass, url, &new)
}

/// What of a path lies below a prefix, in whole segments.
fn below<'p>(path: &'p str, prefix: &str) -> Option<&'p str> {
    path.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Scheme and host of a URL.
fn base(url: &str) -> Result<&str, CannotAmend> {
    let start = url.find("://").map(|at| at + 3);
    let end = start.and_then(|start| url.get(start..)).map(|rest| rest.find('/').unwrap_or(rest.len()));
    let base = start.zip(end).and_then(|(start, end)| url.get(..start + end));
    base.filter(|base| !base.contains('$')).ok_or_else(|| CannotAmend(format!("{url} has no host that stays")))
}

/// The `ProxyPassReverse` lines that belong to the directive.
fn reverses(site: &Site<'_>, own: &str, url: &str) -> Vec<Node> {
    let located = site.location().is_some();
    let mut all = site.said("proxypassreverse");
    let here = |node: &Node| node.words.len() == 1 && node.word(0) == url;
    let named = |node: &Node| node.word(0) == own && node.word(1) == url;
    all.retain(|node| if located { here(node) } else { named(node) });
    all
}

/// Writes another URL into a directive, the rest of it as it is.
fn set(site: &mut Site<'_>, node: &Node, url: &str, new: &str) -> Result<(), CannotAmend> {
    let written = site.lines.statement(&node.place);
    // The path may be a part of the URL; that is the last of both.
    let at = written.find("://").and_then(|colon| {
        let scheme = url.find("://")?;
        let start = colon.checked_sub(scheme)?;
        written.get(start..)?.starts_with(url).then_some(start)
    });
    let Some(start) = at else {
        return Err(CannotAmend(format!("{}: {url} is not written as it is", node.place)));
    };
    let (before, after) = written.split_at_checked(start).unwrap_or_default();
    let line = format!("{before}{new}{}", after.get(url.len()..).unwrap_or_default());
    site.lines.replace(&node.place, &line);
    Ok(())
}

/// The prefix gets a directive of its own before the wider one that takes it so far.
fn apart(site: &mut Site<'_>, own: &str, base: &str, prefix: &str, to: &str) -> Result<(), CannotAmend> {
    if let Some(location) = site.location() {
        return Err(CannotAmend(format!(
            "<{}> takes more than {prefix}: give it a <Location> of its own",
            location.text
        )));
    }
    // A rewrite has flags there that are none of this one's.
    let more = site.pass.words.get(2..).filter(|_| site.pass.name == "proxypass").unwrap_or_default().join(" ");
    let url = site.pass.word(1).to_owned();
    let line = format!("ProxyPass {prefix} {base}{to} {more}");
    let first = site.pass.place.clone();
    site.lines.before(&first, line.trim_end());
    if let Some(reverse) = reverses(site, own, &url).first() {
        site.lines.before(&reverse.place, &format!("ProxyPassReverse {prefix} {base}{to}"));
    }
    Ok(())
}

/// A directive by expression.
fn by_expression(site: &mut Site<'_>, base: &str, prefix: &str, to: &str) -> Result<(), CannotAmend> {
    if site.location().is_some() {
        return Err(CannotAmend("a <Location> by expression is to be rewritten as one by prefix".to_owned()));
    }
    let more = site.pass.words.get(2..).unwrap_or_default().join(" ");
    let line = format!("ProxyPassMatch ^{}(?:/(.*))?$ {base}{to}/$1 {more}", escaped(prefix));
    let place = site.pass.place.clone();
    site.lines.replace(&place, line.trim_end());
    Ok(())
}

/// A rewrite that sends on, or that changes the path before.
fn by_rewrite(site: &mut Site<'_>, rule: &Node, prefix: &str, to: &str) -> Result<(), CannotAmend> {
    let flags = rule.word(2).to_owned();
    let pattern = format!("^{}(?:/(.*))?$", escaped(prefix));
    let to = match base(rule.word(1)) {
        Ok(base) => format!("{base}{to}/$1"),
        Err(_) if prefix == to => {
            site.lines.remove(&rule.place);
            return Ok(());
        }
        Err(_) if rule.word(1).starts_with('/') => format!("{to}/$1"),
        Err(why) => return Err(why),
    };
    site.lines.replace(&rule.place, format!("RewriteRule {pattern} {to} {flags}").trim_end());
    Ok(())
}

/// Sends what is below another path to the same upstream.
pub(super) fn take(site: &mut Site<'_>, path: &str) -> Result<(), CannotAmend> {
    let passes = site.said("proxypass");
    if passes.iter().any(|pass| below(path, pass.word(0).trim_end_matches('/')).is_some()) {
        return Ok(());
    }
    let url = site.pass.words.get(usize::from(site.location().is_none())).cloned().unwrap_or_default();
    let base = base(&url)?.to_owned();
    let Some(location) = site.location().map(|location| location.place.clone()) else {
        return apart(site, "", &base, path, path);
    };
    site.lines.before(&location, &format!("ProxyPass {path} {base}{path}"));
    Ok(())
}

/// Passes handshakes on.
pub(super) fn upgrade(site: &mut Site<'_>) -> Result<(), CannotAmend> {
    let pass = site.pass.clone();
    if !pass.name.starts_with("proxypass") {
        return Err(CannotAmend(format!("{}: a rewrite to ws:// is needed for websockets", pass.place)));
    }
    let written = site.lines.statement(&pass.place);
    let known = pass.words.iter().find(|word| word.to_ascii_lowercase().starts_with("upgrade="));
    let line = match known.map(String::as_str) {
        Some(word)
            if ["websocket", "any", "*"]
                .iter()
                .any(|one| word.get(8..).is_some_and(|value| value.eq_ignore_ascii_case(one))) =>
        {
            return Ok(());
        }
        Some(word) => written.replace(word, "upgrade=websocket"),
        None if written.ends_with('\\') => return Err(CannotAmend(format!("{} has several lines", pass.place))),
        None => format!("{written} upgrade=websocket"),
    };
    site.lines.replace(&pass.place, &line);
    Ok(())
}
