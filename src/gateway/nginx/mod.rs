//! nginx: its configuration read, and what it does with a request.
//!
//! ```text
//! bytes ─ lexer ─▶ words ─ tree ─▶ directives ─ include ─▶ one tree ─ compile ─▶ Config ─ plan ─▶ Plan
//! ```
//!
//! It follows nginx 1.22.1 phase by phase, and later releases where they are known to differ.

mod access;
mod access_log;
mod back;
mod builtin;
mod compile;
mod config;
mod cookie;
mod edit;
mod families;
mod files;
mod forward;
mod glob;
mod headers;
mod ignored;
mod include;
pub(super) mod ingress;
mod level;
mod lexer;
mod listen;
mod location;
mod logged;
mod map;
mod plan;
mod proxy_pass;
mod read_variable;
mod real_ip;
mod redirect;
mod remarks;
mod reply;
mod request;
mod rewrite;
mod routers;
mod script;
mod server_name;
mod settings;
mod template;
mod tree;
#[cfg(test)]
mod trial;
mod upstream;
mod uri;
mod variables;
mod visit;

pub(super) use edit::edits;
pub(super) use logged::logged;
pub use logged::{LogDestination, LoggedTo};

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::{ConfigError, Files, Gateway, Place, Proxy};
use crate::asgi::Release;

/// The newest release that is modelled.
const NEWEST: Release = Release::new(1, 31, 4);

/// Reads a configuration: a whole one, a file of `conf.d`, a single `server` or `location`, or what `nginx -T` prints. Of
/// yaml it reads the `Ingress` objects as ingress-nginx does.
///
/// # Errors
/// What nginx itself would refuse.
pub(super) fn read(paths: &[PathBuf], files: &dyn Files, release: Option<Release>) -> Result<Gateway, ConfigError> {
    if !paths.is_empty() && paths.iter().all(|path| ingress::is_yaml(path)) {
        let written = ingress::load(paths, files)?;
        let mut gateway = compiled(written.loaded, release.unwrap_or(ingress::RELEASE))?;
        gateway.not_understood.retain(|doubt| !ingress::is_of_the_controller(doubt));
        gateway.not_understood.extend(written.not_understood);
        return Ok(gateway);
    }
    compiled(include::load(paths, files)?, release.unwrap_or(NEWEST))
}

/// The gateway that a tree is.
fn compiled(loaded: include::Loaded, release: Release) -> Result<Gateway, ConfigError> {
    let compiled = compile::compile(&loaded.tree, release)?;
    let (mut config, mut not_understood, mut remarks) = (compiled.config, compiled.not_understood, compiled.remarks);
    let routers = routers::routers(&mut config);
    let listeners = routers::listeners(&config);
    // In the order of the files: first read, first told.
    let order = |place: Option<&Place>| {
        let file = place.and_then(|place| loaded.order.iter().position(|file| **file == *place.file));
        (file, place.map(|place| place.line))
    };
    // What is written for many locations is one doubt.
    let mut told = HashSet::new();
    not_understood.retain(|doubt| told.insert(doubt.clone()));
    not_understood.sort_by_key(|doubt| order(doubt.place.as_ref()));
    remarks.sort_by_key(|remark| order(Some(&remark.place)));
    let model = Arc::new(plan::Nginx { config: Arc::new(config) });
    Ok(Gateway {
        files: loaded.files,
        listeners,
        routers,
        not_understood,
        remarks,
        ..Gateway::new(Proxy::Nginx, Some(release), model)
    })
}

#[cfg(test)]
mod tests;
