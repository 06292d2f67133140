//! What becomes of answers, and the redirects that `HAProxy` makes by itself.

use super::site::Site;
use crate::gateway::CannotAmend;
use crate::gateway::again::is_redirected;
use crate::gateway::haproxy::rule::{Action, Names, Rule};
use crate::gateway::lines::escaped;

/// The rules for answers that write a field.
fn writing(site: &Site<'_>, name: &[u8]) -> Vec<Rule> {
    let writes = |rule: &&Rule| match &rule.action {
        Action::SetField(field, _) | Action::AddField(field, _) | Action::ReplaceField { name: field, .. } => {
            field == name
        }
        Action::DropFields(Names::Exact(field)) => field == name,
        _ => false,
    };
    let rules = site.sections().flat_map(|section| section.responses.iter().chain(&section.after));
    rules.filter(writes).cloned().collect()
}

/// Lets `Location` come back as the app sent it.
pub(super) fn leave_location(site: &mut Site<'_>) {
    for rule in writing(site, b"location") {
        site.lines.remove(&rule.line.place);
    }
}

/// Adds a rule for answers to the backend, unless it is there.
fn add(site: &mut Site<'_>, name: &[u8], line: &str) {
    let known = writing(site, name).iter().any(|rule| site.lines.statement(&rule.line.place) == line);
    if let (false, Some(back)) = (known, site.back().cloned()) {
        site.add(&back, &["http-request", "http-response"], line);
    }
}

/// Puts a prefix before a `Location` that begins at the root and has it not.
pub(super) fn mend_location(site: &mut Site<'_>, prefix: &str) {
    // What is two slashes names a host.
    let line = format!(
        "http-response replace-header Location ^/([^/].*)?$ {prefix}/\\1 unless {{ res.hdr(Location) -m beg {prefix}/ }}"
    );
    add(site, b"location", &line);
}

/// Gives a cookie another path.
pub(super) fn cookie_path(site: &mut Site<'_>, from: &str, to: &str) {
    let line = format!(
        "http-response replace-header Set-Cookie ^(.*;[[:space:]]*[Pp]ath=){}([[:space:]]*;.*)?$ \\1{to}\\2",
        escaped(from)
    );
    add(site, b"set-cookie", &line);
}

/// Redirects that name the host of the request need not.
pub(super) fn relative_redirects(site: &mut Site<'_>) -> Result<(), CannotAmend> {
    let sections: Vec<_> = site.sections().cloned().collect();
    let rules = sections.iter().flat_map(|section| section.requests.iter().chain(&section.redirects));
    for rule in rules {
        if !matches!(rule.action, Action::Redirect(_)) {
            continue;
        }
        let statement = site.lines.statement(&rule.line.place);
        let Some(host) = rule.line.words.iter().find(|word| word.contains("://%[")) else { continue };
        let rest = host.split_once("://%[").and_then(|(_, rest)| rest.split_once(']')).map(|(_, rest)| rest);
        match rest.filter(|rest| rest.starts_with('/') && statement.contains(host.as_str())) {
            Some(path) => site.lines.replace(&rule.line.place, &statement.replace(host.as_str(), path)),
            None => return Err(CannotAmend(format!("{}: \"{statement}\" has to name a host", rule.line.place))),
        }
    }
    Ok(())
}

/// Redirects the mount point to itself with a slash.
pub(super) fn slash_at_mount(site: &mut Site<'_>, prefix: &str) -> Result<(), CannotAmend> {
    let front = site.front().cloned().ok_or_else(|| CannotAmend("no frontend takes the request".to_owned()))?;
    if !is_redirected(site.gateway, site.plan, prefix) {
        let line = format!("http-request redirect code 308 location {prefix}/ if {{ path {prefix} }}");
        site.add_first(&front, &["http-request"], &line);
    }
    Ok(())
}
