//! Faults of a configuration that need no request to be seen.

use super::config::Config;
use super::mapping::{Matcher, Pass};
use crate::gateway::{Code, Remark, Weight};

/// The faults, in the order of the files.
pub(super) fn remarks(config: &Config) -> Vec<Remark> {
    let located = |server: &super::config::Server| {
        server.locations.iter().filter_map(|section| section.scope.pass.clone()).collect::<Vec<_>>()
    };
    let passes = config.servers.iter().flat_map(|server| [located(server), server.passes.clone()].concat());
    let mut all: Vec<Remark> = passes.filter_map(|pass| slashes(&pass)).collect();
    all.sort_by(|one, other| one.place.cmp(&other.place));
    all.dedup();
    all
}

/// A slash at the end of the path or of the URL, and none at the end of the other.
fn slashes(pass: &Pass) -> Option<Remark> {
    let Matcher::Prefix(prefix) = &pass.matcher else { return None };
    let (_, rest) = pass.to.split_once("://")?;
    let (path, url) = (prefix.ends_with('/'), rest.ends_with('/'));
    let bare = prefix.trim_end_matches('/');
    let (code, weight, what) = match (path, url) {
        (true, false) if rest.contains('/') => (
            Code::GluedPath,
            Weight::Error,
            format!("{prefix}items goes on as {}items: the rest is glued to the URL", pass.to),
        ),
        (true, false) => (
            Code::GluedPath,
            Weight::Error,
            format!("{prefix}items is sent to {}items: the rest becomes a part of the host", pass.to),
        ),
        (false, true) => (
            Code::DoubleSlash,
            Weight::Warning,
            format!("{prefix}/items goes on as {}/items, with two slashes", pass.to),
        ),
        _ => return None,
    };
    let fix = Some(format!("ProxyPass {bare}/ {}/", pass.to.trim_end_matches('/')));
    Some(Remark { code, weight, place: pass.place.clone(), what, fix })
}
