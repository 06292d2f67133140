//! What goes on in the fields of a request.

use super::site::Site;
use crate::gateway::again::door;
use crate::gateway::haproxy::rule::{Action, Names, Rule};
use crate::gateway::{Action as Planned, CannotAmend, StepKind};

/// Lets fields go on as the client sent them.
pub(super) fn leave(site: &mut Site<'_>, names: &[&str]) {
    let is_named =
        |kind: &StepKind| matches!(kind, StepKind::Field(name) if names.contains(&name.to_ascii_lowercase().as_str()));
    let did = site.did(is_named);
    let rules = site.sections().flat_map(|section| &section.requests);
    let places: Vec<_> = rules.map(|rule| rule.line.place.clone()).filter(|place| did.contains(place)).collect();
    for place in &places {
        site.lines.remove(place);
    }
}

/// Says a value in a field, for the backend of the request.
pub(super) fn set(site: &mut Site<'_>, name: &str, value: &str) {
    let line = format!("http-request set-header {name} {value}");
    let writing = writing(site, name);
    match site.back().cloned() {
        Some(back) if writing.is_empty() => site.add(&back, &["http-request"], &line),
        _ => instead(site, &writing, &line),
    }
}

/// The rules that write a field or take it off.
fn writing(site: &Site<'_>, name: &str) -> Vec<Rule> {
    let name = name.to_ascii_lowercase().into_bytes();
    let writes = |rule: &&Rule| match &rule.action {
        Action::SetField(field, _) | Action::AddField(field, _) | Action::ReplaceField { name: field, .. } => {
            *field == name
        }
        Action::DropFields(Names::Exact(field)) => *field == name,
        _ => false,
    };
    site.sections().flat_map(|section| &section.requests).filter(writes).cloned().collect()
}

/// The value of a field of the request that is sent on.
fn sent(site: &Site<'_>, name: &str) -> Option<String> {
    let Planned::Forward(forward) = &site.plan.action else { return None };
    let head = String::from_utf8_lossy(&forward.head).into_owned();
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
}

/// Says the scheme of the client's request.
pub(super) fn send_scheme(site: &mut Site<'_>) {
    const NAME: &str = "X-Forwarded-Proto";
    const BY_CONNECTION: &str = "%[ssl_fc,iif(https,http)]";
    let front = site.front().cloned();
    let secure = door(site.gateway, site.plan).is_some_and(|door| door.tls);
    let writing = writing(site, NAME);
    let is_right = sent(site, NAME).as_deref() == Some(if secure { "https" } else { "http" });
    if is_right && !writing.is_empty() {
        return;
    }
    let line = format!("http-request set-header {NAME} {BY_CONNECTION}");
    match front {
        Some(front) if writing.is_empty() => site.add(&front, &["http-request"], &line),
        _ => instead(site, &writing, &line),
    }
}

/// Writes one line in place of several rules: where the last of them stands.
fn instead(site: &mut Site<'_>, rules: &[Rule], line: &str) {
    if let Some((last, before)) = rules.split_last() {
        site.lines.replace(&last.line.place, line);
        for rule in before {
            site.lines.remove(&rule.line.place);
        }
    }
}

/// Names the client.
pub(super) fn send_for(site: &mut Site<'_>) -> Result<(), CannotAmend> {
    let options: Vec<_> = site.sections().filter_map(|section| section.forwarded_for.clone()).collect();
    leave(site, &["x-forwarded-for"]);
    let Some(narrow) =
        options.iter().find(|option| option.except.is_some() || option.if_none || option.name != b"x-forwarded-for")
    else {
        if let (true, Some(front)) = (options.is_empty(), site.front().cloned()) {
            site.add(&front, &["mode", "bind", "option"], "option forwardfor");
        }
        return Ok(());
    };
    let place = narrow.line.place.clone();
    if site.lines.statement(&place).starts_with("no ") {
        return Err(CannotAmend(format!("{place} takes option forwardfor back")));
    }
    site.lines.replace(&place, "option forwardfor");
    Ok(())
}

/// Passes on what the hop before says: where this one writes over it, it no longer does for that hop.
pub(super) fn trust_front(site: &mut Site<'_>, address: &str) -> Result<(), CannotAmend> {
    for name in ["X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix", "Forwarded"] {
        for rule in writing(site, name) {
            let statement = site.lines.statement(&rule.line.place);
            let found = format!("{{ src {address} }}");
            if statement.contains(&found) {
                continue;
            }
            let words: Vec<&str> = statement.split_whitespace().collect();
            let line = if words.contains(&"unless") {
                format!("{statement} || {found}")
            } else if !words.contains(&"if") {
                format!("{statement} unless {found}")
            } else if words.iter().any(|word| matches!(*word, "||" | "or" | "OR")) {
                let why = format!("{}: no condition can be added to \"{statement}\" in place", rule.line.place);
                return Err(CannotAmend(why));
            } else {
                format!("{statement} !{found}")
            };
            site.lines.replace(&rule.line.place, &line);
        }
    }
    Ok(())
}
