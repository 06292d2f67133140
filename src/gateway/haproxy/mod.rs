//! `HAProxy`: its configuration read, and what it does with a request.
//!
//! ```text
//! words ─▶ config ─▶ section ─┬─ condition (pattern, sample: fetch, convert)
//!                             ├─ rule (format)
//!                             └─ endpoint
//! bytes ─▶ message ─▶ plan: frontend's rules ─▶ backend ─▶ its rules ─▶ server      back: the rules for responses
//! ```
//!
//! The model is that of 2.6, read in its sources and compared with 2.6.12. Configurations are read of every release from
//! 2.0 on; keywords that came later are not understood.

mod apply;
mod back;
mod condition;
mod config;
mod convert;
mod edit;
mod endpoint;
mod fetch;
mod format;
mod keywords;
mod message;
mod pattern;
mod plan;
mod remarks;
mod rule;
mod sample;
mod section;
mod target;
mod words;

#[cfg(test)]
mod tests;

pub(super) use edit::edits;

use std::path::PathBuf;
use std::sync::Arc;

use super::{ConfigError, Destination, Files, Gateway, NotUnderstood, Place, Proxy, Router};
use crate::asgi::Release;
use config::Config;
use plan::Haproxy;
use rule::{Action, Part, Rule};
use section::Section;

/// Reads a configuration.
///
/// # Errors
/// What `HAProxy` itself would refuse.
pub(super) fn read(paths: &[PathBuf], files: &dyn Files, release: Option<Release>) -> Result<Gateway, ConfigError> {
    let config = Arc::new(config::read(paths, files)?);
    let (routers, keys) = routers(&config);
    let listens = config.sections.iter().flat_map(|section| &section.binds).map(|bind| bind.listen.clone()).collect();
    let not_understood = not_understood(&config);
    let read = config.files.clone();
    let remarks = remarks::remarks(&config);
    let model = Arc::new(Haproxy { config, routers: keys });
    Ok(Gateway {
        files: read,
        listeners: listens,
        routers,
        not_understood,
        remarks,
        ..Gateway::new(Proxy::Haproxy, release, model)
    })
}

/// Everything that is not understood, in the order of the files.
fn not_understood(config: &Config) -> Vec<NotUnderstood> {
    let mut all = config.doubts.clone();
    for section in &config.sections {
        all.extend(section.doubts.iter().cloned());
        let rules = [&section.requests, &section.redirects, &section.responses, &section.after];
        for rule in rules.into_iter().flatten() {
            if let Action::Unknown(what) = &rule.action {
                all.push(what.clone());
            }
        }
        all.extend(section.acls.unknown());
        all.extend(section.pages.values().filter_map(|page| page.as_ref().err().cloned()));
        if !section.http {
            all.push(NotUnderstood::at(&section.place, format!("{}: mode tcp is not modelled", section.name)));
        }
    }
    all.sort_by(|one, other| one.place.cmp(&other.place));
    all.dedup();
    all
}

/// The choices of every frontend, in the order in which they are tried, and which each of them is.
fn routers(config: &Config) -> (Vec<Router>, Vec<(usize, usize)>) {
    let (mut routers, mut keys) = (Vec::new(), Vec::new());
    for (front, section) in config.sections.iter().enumerate().filter(|(_, section)| section.is_front()) {
        for (number, switch) in section.switches.iter().enumerate() {
            let rule = switch.condition.as_ref().map_or_else(String::new, |condition| condition.text.clone());
            let prefix = match &switch.condition {
                None => Some(String::new()),
                Some(condition) => condition.prefix(&section.acls).map(str::to_owned),
            };
            let back = switch.to.constant().and_then(|name| config.backend(name));
            let back = back.and_then(|back| config.sections.get(back));
            routers.push(router(switch.line.word(1), rule, &switch.line.place, prefix, back, section));
            keys.push((front, number));
        }
        let (name, rule, place, back) = match &section.default_backend {
            Some(line) => {
                let back = config.backend(line.word(1)).and_then(|back| config.sections.get(back));
                (line.word(1), "default_backend", &line.place, back)
            }
            None if section.is_back() => (section.name.as_str(), "listen", &section.place, Some(section)),
            None => continue,
        };
        routers.push(router(name, rule.to_owned(), place, Some(String::new()), back, section));
        keys.push((front, section.switches.len()));
    }
    (routers, keys)
}

fn router(
    name: &str,
    rule: String,
    place: &Place,
    prefix: Option<String>,
    back: Option<&Section>,
    front: &Section,
) -> Router {
    let port = front.binds.first().map_or(80, |bind| bind.listen.port);
    let servers = back.into_iter().flat_map(|back| &back.servers).filter(|server| !server.disabled);
    let upstreams: Vec<Destination> = servers.map(|server| server.destination(port)).collect();
    let path = back.and_then(|back| back.requests.iter().find_map(path_word)).unwrap_or_else(|| "keep".to_owned());
    Router { name: name.to_owned(), rule, place: Some(place.clone()), priority: None, prefix, path, upstreams }
}

/// What a rule makes of the path, in its own words.
fn path_word(rule: &Rule) -> Option<String> {
    match &rule.action {
        Action::SetTarget(part, _) | Action::ReplaceTarget(part, ..) if *part != Part::Query => {
            Some(rule::split_condition(rule.line.from(1)).0.join(" "))
        }
        Action::Redirect(redirect) => Some(redirect.status.to_string()),
        Action::Reply(answer) => Some(answer.status.to_string()),
        _ => None,
    }
}
