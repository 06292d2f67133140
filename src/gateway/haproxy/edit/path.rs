//! What becomes of the path, and which paths a backend gets.

use super::site::Site;
use crate::gateway::again::is_sent;
use crate::gateway::haproxy::rule::{Action, Part, Rule};
use crate::gateway::lines::escaped;
use crate::gateway::{CannotAmend, StepKind};

/// Sends what is below a prefix on with something else in its place.
pub(super) fn change(site: &mut Site<'_>, prefix: &str, to: &str) -> Result<(), CannotAmend> {
    if is_sent(site.gateway, site.plan, prefix, to) {
        return Ok(());
    }
    let did = site.did(|kind| *kind == StepKind::Path);
    let changes = |rule: &&Rule| {
        let part = match &rule.action {
            Action::SetTarget(part, _) | Action::ReplaceTarget(part, ..) => *part,
            _ => return false,
        };
        part != Part::Query && (did.contains(&rule.line.place) || is_about(rule, prefix))
    };
    let rules: Vec<Rule> = site.sections().flat_map(|section| &section.requests).filter(changes).cloned().collect();
    if let Some(shared) = rules.iter().find(|rule| site.is_shared(rule) && !is_about(rule, prefix)) {
        let why = format!("{}: \"{}\" changes the paths of other backends too", shared.line.place, shared.line.text());
        return Err(CannotAmend(why));
    }
    // Nothing else is taken: what begins with the same letters does not match.
    let new = format!("http-request replace-path ^{}(/|$)(.*) {to}/\\2", escaped(prefix));
    let mut places = rules.iter().map(|rule| &rule.line.place);
    if prefix != to {
        if let Some(first) = places.next() {
            site.lines.replace(first, &new);
        } else {
            let back = site.back().cloned().ok_or_else(|| CannotAmend("no backend takes the request".to_owned()))?;
            site.add(&back, &["http-request"], &new);
        }
    }
    for place in places {
        site.lines.remove(place);
    }
    Ok(())
}

/// True if a rule names the prefix.
fn is_about(rule: &Rule, prefix: &str) -> bool {
    let names = |word: &String| word.contains(prefix) || word.contains(&escaped(prefix));
    !prefix.is_empty() && rule.line.words.iter().any(names)
}

/// Sends what is below another path to the same backend.
pub(super) fn take(site: &mut Site<'_>, path: &str) -> Result<(), CannotAmend> {
    let router = site.did(|kind| *kind == StepKind::Router);
    let front = site.front().cloned().ok_or_else(|| CannotAmend("no frontend takes the request".to_owned()))?;
    let Some(switch) = front.switches.iter().find(|switch| router.contains(&switch.line.place)) else {
        // The default backend takes what no one else does.
        return Ok(());
    };
    let test = format!("if {{ path {path} }} || {{ path_beg {path}/ }}");
    let line = format!("use_backend {} {test}", switch.line.word(1));
    let known = front.switches.iter().any(|switch| site.lines.statement(&switch.line.place) == line);
    if !known {
        site.lines.after(&switch.line.place, "", &line);
    }
    Ok(())
}
