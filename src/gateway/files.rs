//! Where configurations are read from. The models have no files of their own: whoever asks brings them.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Reads what a configuration is made of.
pub trait Files {
    /// The whole of a file.
    ///
    /// # Errors
    /// The system's reason.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// What lies in a folder, by whole paths, in the order of their names.
    ///
    /// # Errors
    /// The system's reason; `NotADirectory` for a file.
    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>>;

    /// A variable of the environment that the proxy is taken to run in.
    fn variable(&self, name: &str) -> Option<String>;
}

/// Files that are held in memory: a configuration as it would be, before it is written anywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InMemory {
    files: BTreeMap<PathBuf, Vec<u8>>,
    variables: BTreeMap<String, String>,
}

impl InMemory {
    /// The same with another file.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>, contents: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.into(), contents.into());
        self
    }

    /// The same with a variable of the environment.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }
}

impl Files for InMemory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files.get(path).cloned().ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        if self.files.contains_key(folder) {
            return Err(ErrorKind::NotADirectory.into());
        }
        let below = self.files.keys().filter_map(|path| path.strip_prefix(folder).ok()?.components().next());
        let mut names: Vec<PathBuf> = below.map(|first| folder.join(first)).collect();
        names.dedup();
        if names.is_empty() { Err(ErrorKind::NotFound.into()) } else { Ok(names) }
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_what_paths_say() {
        let files = InMemory::default().file("/etc/a/x.conf", "1").file("/etc/a/b/y.conf", "2").file("/etc/z", "3");
        assert_eq!(files.read(Path::new("/etc/z")).unwrap(), b"3");
        assert_eq!(files.list(Path::new("/etc/a")).unwrap(), [Path::new("/etc/a/b"), Path::new("/etc/a/x.conf")]);
        assert_eq!(files.list(Path::new("/etc/z")).unwrap_err().kind(), ErrorKind::NotADirectory);
        assert_eq!(files.list(Path::new("/etc/y")).unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(files.read(Path::new("/etc/a")).unwrap_err().kind(), ErrorKind::NotFound);
    }
}
