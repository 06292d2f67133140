//! What comes back: redirects and cookies.

use super::plain;
use super::site::Site;
use crate::gateway::CannotAmend;
use crate::gateway::nginx::tree::Directive;

/// `Location` stays as it is.
pub(super) fn leave_location(site: &mut Site<'_>) -> Result<(), CannotAmend> {
    let own = site.innermost();
    let lines = in_force(site, "proxy_redirect");
    if matches!(lines.as_slice(), [only] if is_off(only)) {
        return Err(CannotAmend::already());
    }
    let here: Vec<Directive> = site.level(own)?.all("proxy_redirect").cloned().collect();
    let Some((first, others)) = here.split_first() else {
        return site.add(own, &["proxy_pass"], &["proxy_redirect off;".to_owned()]);
    };
    for line in others {
        site.remove(line)?;
    }
    site.set(first, "proxy_redirect off")
}

/// A `Location` from the root on gets the prefix; those that name the upstream are mended as before.
pub(super) fn mend_location(site: &mut Site<'_>, prefix: &str) -> Result<(), CannotAmend> {
    let line = format!("proxy_redirect / {}/", plain(prefix)?);
    let fixed = site.level(site.innermost())?.all("proxy_pass").any(|pass| !pass.text(0).contains('$'));
    let implied = if fixed { vec!["proxy_redirect default;".to_owned()] } else { Vec::new() };
    add_rule(site, "proxy_redirect", &line, implied)
}

/// A cookie's path.
pub(super) fn cookie_path(site: &mut Site<'_>, from: &str, to: &str) -> Result<(), CannotAmend> {
    let (from, to) = (plain(from)?, plain(to)?);
    // It is a start that is replaced, so that both end in a slash or neither does.
    let slash = if from.ends_with('/') && !to.ends_with('/') { "/" } else { "" };
    add_rule(site, "proxy_cookie_path", &format!("proxy_cookie_path {from} {to}{slash}"), Vec::new())
}

/// Redirects of nginx's own are paths.
pub(super) fn relative_redirects(site: &mut Site<'_>) -> Result<(), CannotAmend> {
    let line = in_force(site, "absolute_redirect").pop();
    match line {
        Some(line) if is_off(&line) => Err(CannotAmend::already()),
        Some(line) => site.set(&line, "absolute_redirect off"),
        None => {
            let level = site.server().unwrap_or(site.innermost());
            site.add(level, &["server_name", "listen"], &["absolute_redirect off;".to_owned()])
        }
    }
}

/// The mount point gets a location of its own, which redirects.
pub(super) fn slash_at_mount(site: &mut Site<'_>, prefix: &str) -> Result<(), CannotAmend> {
    let prefix = plain(prefix)?;
    let location = site.location()?;
    let beside = site.level(site.innermost() - 1)?;
    let is_it = |other: &Directive| other.args.iter().map(Vec::as_slice).eq([b"=".as_slice(), prefix.as_bytes()]);
    if let Some(other) = beside.all("location").chain([&location]).find(|other| is_it(other)) {
        return Err(CannotAmend(format!("there is {other} already ({})", other.place)));
    }
    let mut lines = vec![format!("return 308 {prefix}/$is_args$args;")];
    if !in_force(site, "absolute_redirect").last().is_some_and(is_off) {
        lines.insert(0, "absolute_redirect off;".to_owned());
    }
    site.add_before(site.innermost(), &format!("location = {prefix}"), &lines)
}

/// Adds a rule to the location's list, in the place of one that begins alike, with those that it would put out of force.
fn add_rule(site: &mut Site<'_>, name: &str, line: &str, implied: Vec<String>) -> Result<(), CannotAmend> {
    let own = site.innermost();
    let rules = in_force(site, name);
    if rules.iter().any(|rule| rule.to_string() == line) {
        return Err(CannotAmend::already());
    }
    let new = format!("{line};");
    let is_alike = |rule: &Directive| is_off(rule) || line.split(' ').nth(1) == Some(rule.text(0).as_str());
    if site.level(own)?.has(name) {
        return match rules.iter().find(|rule| is_alike(rule)) {
            Some(alike) => site.set(alike, line),
            None => site.add(own, &[name], &[new]),
        };
    }
    let mut lines: Vec<String> =
        rules.iter().filter(|rule| !is_alike(rule)).map(|rule| format!("{};", site.said(rule))).collect();
    if rules.is_empty() {
        lines = implied;
    }
    lines.push(new);
    site.add(own, &["proxy_pass"], &lines)
}

/// The lines of a directive that are in force.
fn in_force(site: &Site<'_>, name: &str) -> Vec<Directive> {
    let level = site.in_force(name).and_then(|level| site.levels().get(level));
    level.map(|level| level.all(name).cloned().collect()).unwrap_or_default()
}

fn is_off(line: &Directive) -> bool {
    line.text(0) == "off"
}
