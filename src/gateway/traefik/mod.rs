//! Traefik: its configuration read, and what it does with a request.

mod assembly;
mod behaviour;
mod compose;
mod docker;
mod dynamic;
mod edit;
mod entry;
mod fields;
mod forwarded;
mod install;
mod interpolation;
mod journey;
mod kubernetes;
mod labels;
mod layer;
mod model;
mod network;
mod remarks;
mod routes;
mod rule;
mod service;
mod source;
mod template;

pub(super) use edit::edits;

use std::path::PathBuf;
use std::sync::Arc;

use self::assembly::Assembly;
use self::model::Traefik;
use super::{ConfigError, Files, Gateway, Proxy};
use crate::asgi::Release;

/// Reads a configuration.
///
/// # Errors
/// What Traefik itself would refuse.
pub(super) fn read(paths: &[PathBuf], files: &dyn Files, release: Option<Release>) -> Result<Gateway, ConfigError> {
    let source = source::read(paths, files, release)?;
    let assembly = Assembly::new(&source);
    let model = Traefik::new(&source, &assembly)?;
    remarks::look(&assembly, &model);
    let listeners = model.listens();
    let made = assembly.made();
    let mut gateway = Gateway::new(Proxy::Traefik, Some(source.release), Arc::new(model));
    gateway.listeners = listeners;
    gateway.routers = made.routers;
    gateway.files = source.files;
    gateway.not_understood = source.not_understood;
    gateway.remarks = source.remarks;
    gateway.remarks.extend(made.remarks);
    gateway.remarks.sort_by(|a, b| a.place.cmp(&b.place));
    Ok(gateway)
}

#[cfg(test)]
mod tests;
