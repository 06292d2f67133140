//! The files that make up a Traefik: which of them is what, and what they say together.
//!
//! Traefik is started with a static configuration, which names providers; what those say is the dynamic one. A user has
//! files, and seldom says which is which: so they are told apart here by what is in them.

mod given;
mod providers;
mod start;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::compose::Compose;
use super::dynamic::Dynamic;
use super::fields::Fault;
use super::install::Static;
use super::kubernetes;
use crate::asgi::Release;
use crate::gateway::document::{Items, Malformed, Node};
use crate::gateway::document::{toml, yaml};
use crate::gateway::{ConfigError, Files, NotUnderstood, Remark};
use start::Started;

/// The release that is taken if none is told: the newest whose fields and behaviour are known.
pub(super) const NEWEST: Release = Release::new(3, 7, 15);

/// The newest of v2.
const LAST_OF_2: Release = Release::new(2, 11, 53);

/// Paths in a container, and what lies there: a path of this machine.
type Volumes = [(String, PathBuf)];

/// A Traefik as its files describe it.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) release: Release,
    pub(super) install: Static,
    pub(super) dynamic: Dynamic,
    /// Every file read, in the order of reading.
    pub(super) files: Vec<PathBuf>,
    /// What is not understood, in the order of reading; what stands in `unsure` of a part too.
    pub(super) not_understood: Vec<NotUnderstood>,
    /// Faults of the files themselves.
    pub(super) remarks: Vec<Remark>,
}

/// Reads a Traefik: a static file, dynamic files, a folder of both.
///
/// # Errors
/// What Traefik itself would refuse: to start with, or as a whole file of its file provider. Also a file that is named and
/// cannot be read.
pub(super) fn read(paths: &[PathBuf], files: &dyn Files, release: Option<Release>) -> Result<Source, ConfigError> {
    let mut reading = Reading::new(files, release.unwrap_or(NEWEST));
    let given = reading.given(paths)?;
    let composes: Vec<(&Document, Compose<'_, '_>)> =
        given.composes.iter().map(|document| (document, Compose::new(&document.path, &document.root, files))).collect();
    let service = composes.iter().find_map(|(document, compose)| Some((*document, compose.traefik()?)));
    if let (None, Some(of_image)) = (release, service.as_ref().and_then(|(_, service)| service.release)) {
        reading.release = of_image;
    }
    if release.is_none() && given.objects.iter().any(|(_, documents)| kubernetes::is_old(documents)) {
        reading.release = LAST_OF_2;
    }
    let mut started = match (&given.install, &service) {
        (Some(document), _) => reading.by_file(document)?,
        (None, Some((document, service))) => reading.by_service(document, service)?,
        (None, None) => Started { install: reading.assumed(&given), beside: PathBuf::new(), is_assumed: true },
    };
    let volumes = service.map(|(_, service)| service.volumes).unwrap_or_default();
    let mut dynamic = reading.file_provider(&started, &volumes)?;
    for path in &given.dynamic {
        reading.dynamic_file(path, &mut dynamic)?;
    }
    reading.docker_provider(&started.install, &composes, &mut dynamic);
    reading.kubernetes_provider(&started, &given.objects, &mut dynamic);
    if started.is_assumed {
        started.install.entry_points = reading.assumed_entry_points(&dynamic);
    }
    started.install.complete();
    Ok(reading.source(started.install, dynamic))
}

/// What is being read, with all that comes of it beside the configuration.
pub(super) struct Reading<'f> {
    pub(super) files: &'f dyn Files,
    pub(super) release: Release,
    pub(super) read: Vec<PathBuf>,
    /// Dynamic files that were parsed when they were told apart.
    parsed: HashMap<PathBuf, Node>,
    pub(super) not_understood: Vec<NotUnderstood>,
    pub(super) remarks: Vec<Remark>,
}

/// A file in one piece, told apart.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) path: PathBuf,
    pub(super) root: Node,
}

impl<'f> Reading<'f> {
    fn new(files: &'f dyn Files, release: Release) -> Self {
        Self {
            files,
            release,
            read: Vec::new(),
            parsed: HashMap::new(),
            not_understood: Vec::new(),
            remarks: Vec::new(),
        }
    }

    fn source(mut self, install: Static, dynamic: Dynamic) -> Source {
        let points = install.entry_points.iter().flat_map(|point| &point.unsure);
        let routers = dynamic.routers.iter().flat_map(|router| &router.unsure);
        let services = dynamic.services.iter().flat_map(|service| &service.unsure);
        let middlewares = dynamic.middlewares.iter().flat_map(|middleware| &middleware.unsure);
        let whole = install.unsure.iter().chain(points).chain(&dynamic.unsure).chain(&dynamic.unsure_with_tls);
        self.not_understood.extend(whole.chain(routers).chain(services).chain(middlewares).cloned());
        Source {
            release: self.release,
            install,
            dynamic,
            files: self.read,
            not_understood: self.not_understood,
            remarks: self.remarks,
        }
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// The system's reason; a file that is not UTF-8.
    pub(super) fn text(&mut self, path: &Path) -> Result<String, ConfigError> {
        let bytes = self.files.read(path).map_err(|error| ConfigError::unreadable(path, &error))?;
        String::from_utf8(bytes)
            .map_err(|_| ConfigError { place: None, what: format!("{} is no UTF-8", path.display()) })
    }

    /// Notes a file as one that counts.
    pub(super) fn note(&mut self, path: &Path) {
        if !self.read.iter().any(|known| known == path) {
            self.read.push(path.to_owned());
        }
    }
}

/// A file's documents.
fn documents(path: &Path, text: &str) -> Result<Vec<Node>, Malformed> {
    let file: Arc<Path> = path.into();
    if extension(path) == "toml" {
        return Ok(vec![toml::read(&file, text)?]);
    }
    let documents = yaml::read(&file, text)?;
    match documents.first() {
        Some(Node { items: Items::List(_) | Items::None, place, .. }) => {
            Err(Malformed { place: place.clone(), what: "a map is expected here: keys with values".to_owned() })
        }
        _ => Ok(documents),
    }
}

fn extension(path: &Path) -> String {
    path.extension().and_then(|end| end.to_str()).unwrap_or_default().to_ascii_lowercase()
}

impl From<Fault> for ConfigError {
    fn from(Fault { place, what }: Fault) -> Self {
        Self { place: Some(place), what }
    }
}
