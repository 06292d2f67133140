//! A configuration: its files taken apart into sections, and the sections put together.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::endpoint::Bind;
use super::keywords::global_ignores;
use super::section::{Kind, Section};
use super::words::{Line, split};
use crate::gateway::{ConfigError, Files, NotUnderstood};

/// A configuration.
#[derive(Clone, Debug, Default)]
pub(super) struct Config {
    /// The files it was read from.
    pub(super) files: Vec<PathBuf>,
    /// Frontends, backends and listens, in order.
    pub(super) sections: Vec<Section>,
    /// What is not understood and concerns every request.
    pub(super) doubts: Vec<NotUnderstood>,
    /// The first backend of each name, as its index.
    backends: HashMap<String, usize>,
    /// By port: the sections that listen there and which of their addresses it is, in order.
    listening: HashMap<u16, Vec<(usize, usize)>>,
}

/// Sections that say nothing by themselves; what refers to them is not modelled.
const ASIDE: &[&str] = &[
    "acme",
    "cache",
    "crt-store",
    "fcgi-app",
    "http-errors",
    "log-forward",
    "log-profile",
    "mailers",
    "peers",
    "program",
    "resolvers",
    "ring",
    "traces",
    "userlist",
];

/// Reads files, or the `.cfg` files of a folder.
///
/// # Errors
/// For a file that cannot be read and for what `HAProxy` refuses.
pub(super) fn read(paths: &[PathBuf], files: &dyn Files) -> Result<Config, ConfigError> {
    let mut reading = Reading { config: Config::default(), defaults: Vec::new(), current: Current::Nothing, files };
    for path in paths {
        match files.read(path) {
            Ok(bytes) => reading.file(path, &bytes)?,
            Err(error) => {
                let inside = files.list(path).map_err(|_| ConfigError::unreadable(path, &error))?;
                for path in inside.iter().filter(|path| path.extension().is_some_and(|ending| ending == "cfg")) {
                    let bytes = files.read(path).map_err(|error| ConfigError::unreadable(path, &error))?;
                    reading.file(path, &bytes)?;
                }
            }
        }
    }
    reading.close();
    let mut config = reading.config;
    config.sections.retain(|section| !section.disabled);
    config.index();
    config.check()?;
    Ok(config)
}

/// The section that lines are read into.
enum Current {
    Nothing,
    Global,
    Aside,
    Section(Box<Section>),
}

struct Reading<'f> {
    config: Config,
    defaults: Vec<Section>,
    current: Current,
    files: &'f dyn Files,
}

impl Reading<'_> {
    fn file(&mut self, path: &Path, bytes: &[u8]) -> Result<(), ConfigError> {
        self.config.files.push(path.to_owned());
        let lines = split(path, bytes, self.files)?;
        self.config.doubts.extend(lines.doubts);
        lines.lines.iter().try_for_each(|line| self.line(line))
    }

    fn close(&mut self) {
        if let Current::Section(section) = std::mem::replace(&mut self.current, Current::Nothing) {
            match section.kind {
                Kind::Defaults => self.defaults.push(*section),
                _ => self.config.sections.push(*section),
            }
        }
    }

    fn line(&mut self, line: &Line) -> Result<(), ConfigError> {
        let kind = match line.word(0) {
            "global" => {
                self.close();
                self.current = Current::Global;
                return Ok(());
            }
            // A keyword of a section may have the name of another kind of section: `cache` does not.
            word if ASIDE.contains(&word) => {
                self.close();
                self.current = Current::Aside;
                return Ok(());
            }
            "defaults" => Some(Kind::Defaults),
            "frontend" => Some(Kind::Frontend),
            "backend" => Some(Kind::Backend),
            "listen" => Some(Kind::Listen),
            _ => None,
        };
        if let Some(kind) = kind {
            self.close();
            return self.open(kind, line);
        }
        match &mut self.current {
            Current::Section(section) => section.read(line, self.files),
            Current::Aside => Ok(()),
            Current::Global if global_ignores(line.word(0)) => Ok(()),
            Current::Global | Current::Nothing => {
                let what = format!("{}: not modelled", line.text());
                self.config.doubts.push(NotUnderstood::at(&line.place, what));
                Ok(())
            }
        }
    }

    fn open(&mut self, kind: Kind, line: &Line) -> Result<(), ConfigError> {
        let named = line.word(1) != "from" && !line.word(1).is_empty();
        let name = if named { line.word(1) } else { "" };
        let from = line.from(if named { 2 } else { 1 });
        let defaults =
            match from {
                [word, name] if word == "from" => {
                    let found = self.defaults.iter().rfind(|section| section.name == *name);
                    Some(found.ok_or_else(|| {
                        ConfigError::at(&line.place, format!("no defaults section is named {name:?}"))
                    })?)
                }
                _ if kind == Kind::Defaults => None,
                _ => self.defaults.last(),
            };
        self.current = Current::Section(Box::new(Section::new(kind, name, line.place.clone(), defaults)));
        Ok(())
    }
}

impl Config {
    /// Makes out where names and ports lead, for there may be thousands of sections.
    fn index(&mut self) {
        for (index, section) in self.sections.iter().enumerate() {
            if section.is_back() {
                self.backends.entry(section.name.clone()).or_insert(index);
            }
            for (number, bind) in section.binds.iter().enumerate() {
                self.listening.entry(bind.listen.port).or_default().push((index, number));
            }
        }
    }

    /// The index of a backend.
    pub(super) fn backend(&self, name: &str) -> Option<usize> {
        self.backends.get(name).copied()
    }

    /// What listens on a port: the index of each section, and the address.
    pub(super) fn listening(&self, port: u16) -> impl Iterator<Item = (usize, &Bind)> {
        let found = self.listening.get(&port).into_iter().flatten();
        found.filter_map(|&(index, number)| Some((index, self.sections.get(index)?.binds.get(number)?)))
    }

    /// Refuses names of backends that are not there.
    fn check(&self) -> Result<(), ConfigError> {
        let missing = |name: &str| format!("there is no backend {name:?}; add one or mend the name");
        for section in self.sections.iter().filter(|section| section.is_front()) {
            let fixed = section.switches.iter().filter_map(|switch| Some((switch.to.constant()?, &switch.line)));
            let default = section.default_backend.iter().map(|line| (line.word(1), line));
            for (name, line) in fixed.chain(default) {
                if self.backend(name).is_none() {
                    return Err(ConfigError::at(&line.place, missing(name)));
                }
            }
        }
        Ok(())
    }
}
