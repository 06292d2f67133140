//! What the providers of a static configuration take, and from which files.

use std::path::{Path, PathBuf};

use super::given::is_supported;
use super::start::Started;
use super::{Document, Reading, Volumes, documents};
use crate::gateway::document::{At, Node};
use crate::gateway::traefik::compose::Compose;
use crate::gateway::traefik::dynamic::{self, Dynamic, Provider};
use crate::gateway::traefik::fields::{Fault, Form, Reader};
use crate::gateway::traefik::install::Static;
use crate::gateway::traefik::{docker, kubernetes, template};
use crate::gateway::{Code, ConfigError, Files, NotUnderstood, Remark, Weight};

/// How deep folders of dynamic files may lie in each other.
const DEEPEST_FOLDER: usize = 16;

impl Reading<'_> {
    /// What `providers.file` names.
    pub(super) fn file_provider(&mut self, started: &Started, volumes: &Volumes) -> Result<Dynamic, ConfigError> {
        let mut dynamic = Dynamic::default();
        let Some(provider) = &started.install.file else { return Ok(dynamic) };
        let beside = &started.beside;
        if let Some(directory) = &provider.directory {
            let there = |files: &dyn Files, path: &Path| files.list(path).is_ok();
            let found = self.mounted(&directory.value, volumes, there);
            let Some(folder) = found.or_else(|| self.find(&directory.value, beside, there)) else {
                return Err(missing(directory));
            };
            let mut paths = Vec::new();
            self.dynamic_paths(&folder, 0, &mut paths)?;
            for path in paths {
                self.dynamic_file(&path, &mut dynamic)?;
            }
        } else if let Some(filename) = &provider.filename {
            let there = |files: &dyn Files, path: &Path| files.read(path).is_ok();
            let found = self.mounted(&filename.value, volumes, there);
            let Some(path) = found.or_else(|| self.find(&filename.value, beside, there)) else {
                return Err(missing(filename));
            };
            self.dynamic_file(&path, &mut dynamic)?;
        } else {
            let what = "providers.file names neither a filename nor a directory";
            return Err(ConfigError::at(&provider.place, what));
        }
        Ok(dynamic)
    }

    /// Reads one file of the file provider. What a file before it has by the same name stays.
    pub(super) fn dynamic_file(&mut self, path: &Path, dynamic: &mut Dynamic) -> Result<(), ConfigError> {
        if self.read.iter().any(|known| known == path) {
            return Ok(());
        }
        self.note(path);
        let Some(root) = self.dynamic_root(path, dynamic)? else { return Ok(()) };
        let reader = Reader::new(Form::File, self.release);
        let more = dynamic::decode(&reader, &root, Provider::File);
        if let Some(Fault { place, what }) = reader.faults().into_iter().next() {
            let what = format!("{what}; Traefik {} takes nothing of this file", self.release);
            return Err(ConfigError::at(&place, what));
        }
        let twice = dynamic.add(more);
        self.remarks.extend(twice.into_iter().map(|(place, what)| Remark {
            code: Code::NameTaken,
            weight: Weight::Warning,
            place,
            what: format!("{what} is there already in another file; Traefik skips this one"),
            fix: Some("give it a name of its own".to_owned()),
        }));
        Ok(())
    }

    /// A dynamic file as a tree, its templates filled; `None` where nothing of it is known.
    fn dynamic_root(&mut self, path: &Path, dynamic: &mut Dynamic) -> Result<Option<Node>, ConfigError> {
        if let Some(root) = self.parsed.remove(path) {
            return Ok(Some(root));
        }
        let text = self.text(path)?;
        Ok(match template::rendered(&path.into(), text, self.files) {
            Ok(text) => documents(path, &text)?.into_iter().next(),
            Err(why) => {
                dynamic.unsure.push(why);
                None
            }
        })
    }

    /// The files of a folder that the file provider takes, in its order: by name, folders in their place.
    ///
    /// `collectFileConfigs` of `pkg/provider/file/file.go`.
    pub(super) fn dynamic_paths(
        &self,
        folder: &Path,
        depth: usize,
        paths: &mut Vec<PathBuf>,
    ) -> Result<(), ConfigError> {
        let inside = self.files.list(folder).map_err(|error| ConfigError::unreadable(folder, &error))?;
        for path in inside {
            if depth < DEEPEST_FOLDER && self.files.list(&path).is_ok() {
                self.dynamic_paths(&path, depth + 1, paths)?;
            } else if is_supported(&path) {
                paths.push(path);
            }
        }
        Ok(())
    }

    /// What `providers.docker` takes from the compose files.
    pub(super) fn docker_provider(
        &mut self,
        install: &Static,
        composes: &[(&Document, Compose<'_, '_>)],
        dynamic: &mut Dynamic,
    ) {
        let Some(provider) = &install.docker else { return };
        if composes.is_empty() {
            let what = "providers.docker: no compose file is given, so the labels of containers are not known";
            dynamic.unsure.push(NotUnderstood::at(&provider.place, what));
        }
        if let Some(constraints) = &provider.constraints {
            let what = "constraints: which containers it leaves out is not modelled";
            dynamic.unsure.push(NotUnderstood::at(&constraints.place, what));
        }
        let mut containers = Vec::new();
        for (document, compose) in composes {
            self.note(&document.path);
            dynamic.unsure.extend(compose.unsure());
            containers.extend(compose.containers(provider.swarm));
        }
        dynamic.add(docker::decode(containers, provider, self));
    }

    /// What `providers.kubernetesCRD` takes from objects.
    pub(super) fn kubernetes_provider(
        &mut self,
        started: &Started,
        objects: &[(PathBuf, Vec<Node>)],
        dynamic: &mut Dynamic,
    ) {
        let known = started.install.kubernetes.as_ref();
        if known.is_none() && !started.is_assumed {
            return;
        }
        if let Some(place) = known.filter(|_| objects.is_empty()) {
            let what = "providers.kubernetesCRD: no file with objects is given";
            dynamic.unsure.push(NotUnderstood::at(place, what));
        }
        for (path, _) in objects {
            self.note(path);
        }
        let documents: Vec<Node> = objects.iter().flat_map(|(_, documents)| documents).cloned().collect();
        dynamic.add(kubernetes::decode(&documents, self.release));
    }

    /// Where a path of a container is on this machine, by the container's volumes.
    pub(super) fn mounted(
        &self,
        path: &Path,
        volumes: &Volumes,
        there: impl Fn(&dyn Files, &Path) -> bool,
    ) -> Option<PathBuf> {
        let absolute = Path::new("/").join(path);
        let inside = volumes.iter().filter_map(|(target, source)| {
            let rest = absolute.strip_prefix(target).ok()?;
            Some(if rest.as_os_str().is_empty() { source.clone() } else { source.join(rest) })
        });
        inside.into_iter().find(|path| there(self.files, path))
    }

    /// Where a path of a configuration is on this machine. Traefik runs in its own folder, often in a container: a path is
    /// looked for beside the static file, then as it is, then by its last parts beside the static file.
    fn find(&self, path: &Path, beside: &Path, there: impl Fn(&dyn Files, &Path) -> bool) -> Option<PathBuf> {
        let relative = path.strip_prefix("/").unwrap_or(path);
        let parts: Vec<_> = relative.components().collect();
        let ends = (0..parts.len()).map(|from| beside.join(parts.iter().skip(from).collect::<PathBuf>()));
        let as_is = path.has_root().then(|| path.to_owned());
        as_is.into_iter().chain(ends).find(|path| there(self.files, path))
    }
}

fn missing(path: &At<PathBuf>) -> ConfigError {
    let what = format!("{} is not there, neither as written nor beside this file", path.value.display());
    ConfigError::at(&path.place, what)
}
