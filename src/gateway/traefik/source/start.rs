//! What Traefik is started with: a static file, a service of a compose file, or what is likely.

use std::path::{Path, PathBuf};

use super::given::{Given, STATIC};
use super::{Document, Reading, documents};
use crate::gateway::document::{At, Entry, Node};
use crate::gateway::traefik::compose::{self, TraefikService};
use crate::gateway::traefik::dynamic::Dynamic;
use crate::gateway::traefik::fields::{Fault, Form, Reader};
use crate::gateway::traefik::install::{self, DockerProvider, EntryPoint, Static};
use crate::gateway::traefik::labels;
use crate::gateway::{Code, ConfigError, Files, Place, Remark, Weight};

/// What Traefik is started with, and from where.
pub(super) struct Started {
    pub(super) install: Static,
    /// The folder that paths are looked for in.
    pub(super) beside: PathBuf,
    /// True where nothing says it.
    pub(super) is_assumed: bool,
}

impl Reading<'_> {
    /// Traefik as a static file starts it.
    pub(super) fn by_file(&mut self, document: &Document) -> Result<Started, ConfigError> {
        self.note(&document.path);
        let install = self.install(Form::File, &document.root)?;
        let beside = document.path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Started { install, beside, is_assumed: false })
    }

    /// Traefik as a service of a compose file starts it: by a file, else by arguments, else by its environment.
    pub(super) fn by_service(&mut self, document: &Document, service: &TraefikService) -> Result<Started, ConfigError> {
        self.note(&document.path);
        let beside = document.path.parent().unwrap_or(Path::new("")).to_owned();
        let arguments = labels::arguments(&service.arguments);
        let named = arguments.iter().find(|label| label.name.eq_ignore_ascii_case("traefik.configfile"));
        let default = ["toml", "yaml", "yml"].map(|end| format!("/etc/traefik/traefik.{end}"));
        let mut paths = named.map(|label| &label.value.value).into_iter().chain(&default);
        let there = |files: &dyn Files, path: &Path| files.read(path).is_ok();
        let found = paths.find_map(|path| self.mounted(Path::new(path), &service.volumes, there));
        if let Some(path) = found {
            let text = self.text(&path)?;
            let root = documents(&path, &text)?.into_iter().next();
            let empty = || Node::map(&Place::new(path.as_path(), 1));
            let mut started = self.by_file(&Document { root: root.unwrap_or_else(empty), path: path.clone() })?;
            started.install.unsure.extend(service.unsure.iter().cloned());
            return Ok(started);
        }
        if let Some(named) = named {
            let what = format!("{} is in no volume of the service that is a file here", named.value.value);
            return Err(ConfigError::at(&named.value.place, what));
        }
        let given = if arguments.is_empty() { labels::variables(&service.environment) } else { arguments };
        let tree = labels::tree(&given, &["traefik."], &service.place)?;
        let known = |entry: &&Entry| !STATIC.contains(&entry.name.to_ascii_lowercase().as_str());
        if let Some(unknown) = tree.entries().iter().find(known) {
            return Err(self.refused(&unknown.place, &format!("{}: there is no such option", unknown.name)));
        }
        let mut install = self.install(Form::Labels, &tree)?;
        install.unsure.extend(service.unsure.iter().cloned());
        Ok(Started { install, beside, is_assumed: false })
    }

    fn refused(&self, place: &Place, what: &str) -> ConfigError {
        ConfigError::at(place, format!("{what}; Traefik {} does not start with it", self.release))
    }

    fn install(&mut self, form: Form, root: &Node) -> Result<Static, ConfigError> {
        let reader = Reader::new(form, self.release);
        let install = install::decode(&reader, root);
        match reader.faults().into_iter().next() {
            Some(Fault { place, what }) => Err(self.refused(&place, &what)),
            None => Ok(install),
        }
    }

    /// What Traefik is likely to be started with where nothing says it.
    pub(super) fn assumed(&mut self, given: &Given) -> Static {
        let Some(compose) = given.composes.first() else { return Static::default() };
        let place = compose.root.place.clone();
        let enabled = compose::enables(&compose.root);
        let by_default = if enabled { "false, since services say traefik.enable" } else { "true, as without it" };
        self.remarks.push(Remark {
            code: Code::StaticNotGiven,
            weight: Weight::Note,
            place: place.clone(),
            what: format!("no service is a Traefik: exposedByDefault is taken to be {by_default}"),
            fix: Some("give Traefik's static file or its compose file too".to_owned()),
        });
        let docker =
            DockerProvider { place, swarm: false, exposed_by_default: !enabled, default_rule: None, constraints: None };
        Static { docker: Some(docker), ..Static::default() }
    }

    /// Entry points for routers of which the static configuration is not there.
    pub(super) fn assumed_entry_points(&mut self, dynamic: &Dynamic) -> Vec<EntryPoint> {
        let mut names: Vec<&At<String>> = Vec::new();
        for name in dynamic.routers.iter().flat_map(|router| &router.entry_points) {
            if !names.iter().any(|known| known.value == name.value) {
                names.push(name);
            }
        }
        let mut points: Vec<EntryPoint> = Vec::new();
        for name in names {
            let lower = name.value.to_ascii_lowercase();
            let secure = ["secure", "https", "tls", "443"].iter().any(|word| lower.contains(word));
            let first = if secure { 443 } else { 80 };
            let taken = |port: u16| points.iter().any(|point| point.port == Some(port));
            let port = if taken(first) { (8000..=u16::MAX).find(|port| !taken(*port)).unwrap_or(first) } else { first };
            points.push(EntryPoint::at_address(&name.value, &At::new(format!(":{port}"), &name.place)));
            self.remarks.push(Remark {
                code: Code::StaticNotGiven,
                weight: Weight::Note,
                place: name.place.clone(),
                what: format!("no static configuration is given: entry point {} is taken to be :{port}", name.value),
                fix: Some("give the file with entryPoints too".to_owned()),
            });
        }
        points
    }
}

impl Static {
    /// Adds what Traefik adds by itself: an entry point if there is none, and `traefik` for what is served there.
    ///
    /// `SetEffectiveConfiguration` of `pkg/config/static/static_config.go`.
    pub(super) fn complete(&mut self) {
        let nowhere = || Place::new(Path::new(""), 0);
        if self.entry_points.is_empty() {
            self.entry_points.push(EntryPoint::at_address("http", &At::new(":80".to_owned(), &nowhere())));
        }
        let here = |ping: &Option<install::Ping>| {
            let ping = ping.as_ref()?;
            (!ping.manual_routing && ping.entry_point == "traefik").then(|| ping.place.clone())
        };
        let insecure = self.api.as_ref().filter(|api| api.insecure).map(|api| api.place.clone());
        let place = insecure.or_else(|| here(&self.ping)).or_else(|| here(&self.prometheus));
        let known = self.entry_points.iter().any(|point| point.name == "traefik");
        if let Some(place) = place.filter(|_| !known) {
            self.entry_points.push(EntryPoint::at_address("traefik", &At::new(":8080".to_owned(), &place)));
        }
    }
}
