//! Faults of a configuration that need no request to be seen.

use super::config::Config;
use crate::gateway::{Code, Remark, Weight};

/// The faults, in the order of the files.
pub(super) fn remarks(config: &Config) -> Vec<Remark> {
    let mut all = Vec::new();
    for section in &config.sections {
        for switch in &section.switches {
            let prefix = switch.condition.as_ref().and_then(|condition| condition.open_prefix(&section.acls));
            let Some(prefix) = prefix else { continue };
            all.push(Remark {
                code: Code::SiblingTaken,
                weight: Weight::Note,
                place: switch.line.place.clone(),
                what: format!("path_beg {prefix} is a test of text: {prefix}x is taken too"),
                fix: Some(format!("{{ path {prefix} }} || {{ path_beg {prefix}/ }}")),
            });
        }
    }
    all.sort_by(|one, other| one.place.cmp(&other.place));
    all
}
