//! What was given, told apart by the names at the tops of files.

use std::path::{Path, PathBuf};

use super::{Document, Reading, documents, extension};
use crate::gateway::ConfigError;
use crate::gateway::document::{Malformed, Node};
use crate::gateway::traefik::{compose, kubernetes};

/// What was given on the command line, told apart.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) install: Option<Document>,
    pub(super) composes: Vec<Document>,
    /// Files of objects, each with its documents.
    pub(super) objects: Vec<(PathBuf, Vec<Node>)>,
    pub(super) dynamic: Vec<PathBuf>,
}

/// What a file is.
enum Kind {
    Install(Node),
    /// With its tree, where no template has to be filled before.
    Dynamic(Option<Node>),
    Compose(Node),
    Objects(Vec<Node>),
    /// Nothing that is known.
    Other,
}

/// Names at the top of a static file.
pub(super) const STATIC: [&str; 17] = [
    "accesslog",
    "api",
    "certificatesresolvers",
    "core",
    "entrypoints",
    "experimental",
    "global",
    "hostresolver",
    "log",
    "metrics",
    "ocsp",
    "ping",
    "providers",
    "serverstransport",
    "spiffe",
    "tcpserverstransport",
    "tracing",
];

/// Names at the top of a dynamic file.
const DYNAMIC: [&str; 4] = ["http", "tcp", "tls", "udp"];

impl Reading<'_> {
    /// Tells apart what was given.
    pub(super) fn given(&mut self, paths: &[PathBuf]) -> Result<Given, ConfigError> {
        let mut given = Given::default();
        for path in paths {
            match self.files.list(path) {
                Ok(inside) => self.folder(path, &inside, &mut given)?,
                Err(_) => self.file(path, &mut given)?,
            }
        }
        Ok(given)
    }

    /// A folder: that of a static file or a compose file and what they name, or one of dynamic files.
    fn folder(&mut self, folder: &Path, inside: &[PathBuf], given: &mut Given) -> Result<(), ConfigError> {
        let (mut install, mut composes, mut objects) = (None, Vec::new(), Vec::new());
        for path in inside.iter().filter(|path| is_supported(path)) {
            let Ok(text) = self.text(path) else { continue };
            let document = |root| Document { path: path.clone(), root };
            match Self::kind(path, &text) {
                Ok(Kind::Install(root)) => set_install(document(root), &mut install)?,
                Ok(Kind::Compose(root)) => composes.push(document(root)),
                Ok(Kind::Objects(documents)) => objects.push((path.clone(), documents)),
                Ok(Kind::Dynamic(root)) => self.keep(path, root),
                Err(error) if path.file_stem().is_some_and(|stem| stem == "traefik") => return Err(error.into()),
                Ok(Kind::Other) | Err(_) => {}
            }
        }
        if install.is_none() && composes.is_empty() && objects.is_empty() {
            self.dynamic_paths(folder, 0, &mut given.dynamic)?;
        }
        given.composes.extend(composes);
        given.objects.extend(objects);
        install.map_or(Ok(()), |install| set_install(install, &mut given.install))
    }

    fn file(&mut self, path: &Path, given: &mut Given) -> Result<(), ConfigError> {
        let text = self.text(path)?;
        let document = |root| Document { path: path.to_owned(), root };
        match Self::kind(path, &text)? {
            Kind::Install(root) => set_install(document(root), &mut given.install)?,
            Kind::Compose(root) => given.composes.push(document(root)),
            Kind::Objects(documents) => given.objects.push((path.to_owned(), documents)),
            Kind::Dynamic(root) => {
                self.keep(path, root);
                given.dynamic.push(path.to_owned());
            }
            Kind::Other => {
                let what = format!(
                    "{}: nothing of Traefik is in it: no entryPoints, no providers, no http, no labels, no IngressRoute",
                    path.display()
                );
                return Err(ConfigError { place: None, what });
            }
        }
        Ok(())
    }

    /// Keeps what was parsed, to be decoded later.
    fn keep(&mut self, path: &Path, root: Option<Node>) {
        self.parsed.extend(root.map(|root| (path.to_owned(), root)));
    }

    /// What a file is, by the names at its top.
    fn kind(path: &Path, text: &str) -> Result<Kind, Malformed> {
        let documents = match documents(path, text) {
            Err(_) if text.contains("{{") => return Ok(Kind::Dynamic(None)),
            other => other?,
        };
        if documents.iter().any(kubernetes::is_object) {
            return Ok(Kind::Objects(documents));
        }
        let Some(first) = documents.into_iter().next() else { return Ok(Kind::Other) };
        let has = |names: &[&str]| {
            let known = |name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
            first.entries().iter().any(|entry| known(&entry.name))
        };
        Ok(if compose::is_compose(&first) && compose::mentions_traefik(&first) {
            Kind::Compose(first)
        } else if has(&STATIC) {
            Kind::Install(first)
        } else if text.contains("{{") {
            Kind::Dynamic(None)
        } else if has(&DYNAMIC) {
            Kind::Dynamic(Some(first))
        } else {
            Kind::Other
        })
    }
}

fn set_install(document: Document, known: &mut Option<Document>) -> Result<(), ConfigError> {
    if let Some(first) = known {
        let what = format!("{} is a static configuration too; Traefik takes one", first.path.display());
        return Err(ConfigError::at(&document.root.place, what));
    }
    *known = Some(document);
    Ok(())
}

/// `isFileSupported` of `pkg/provider/file/file.go`.
pub(super) fn is_supported(path: &Path) -> bool {
    matches!(extension(path).as_str(), "toml" | "yaml" | "yml")
}
