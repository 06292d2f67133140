//! The machine that hopscope runs on, for the models of proxies, which have no files of their own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::gateway::{Files, Found, World};

/// This machine: its files, its name, its environment.
#[derive(Clone, Debug)]
pub struct Machine {
    hostname: String,
}

impl Machine {
    /// This machine, as it is now.
    pub fn new() -> Self {
        let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self { hostname: name }
    }
}

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}

impl Files for Machine {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let mut paths: Vec<PathBuf> =
            fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
        paths.sort();
        Ok(paths)
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

impl World for Machine {
    /// What the file system says. A folder that is not there, as is usual for the configuration of another machine, is
    /// not known.
    fn look(&self, folder: &str, below: &[u8]) -> Option<Found> {
        let folder = Path::new(folder);
        if !folder.is_dir() {
            return None;
        }
        let below = Path::new(std::str::from_utf8(below).ok()?);
        Some(match fs::metadata(folder.join(below)) {
            Ok(meta) if meta.is_dir() => Found::Folder,
            Ok(_) => Found::File,
            Err(_) => Found::Nothing,
        })
    }

    fn hostname(&self) -> &str {
        &self.hostname
    }

    fn time(&self) -> Option<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        Some(format!("{}.{:03}", now.as_secs(), now.subsec_millis()))
    }
}
