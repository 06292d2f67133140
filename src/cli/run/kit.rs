//! What is laid out for the command before it starts: a folder of its own with the probe, and the way to it in the
//! environment.

use std::env;
use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use crate::exchange::probe::ProbeKey;
use crate::probe::asset;

/// How often the folder is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// The folder. It goes when this is dropped, the log excepted where it is to be kept.
#[derive(Debug)]
pub(super) struct Kit {
    folder: PathBuf,
}

impl Kit {
    /// Lays it out in a new folder that only this user can look into.
    pub(super) fn unpack() -> anyhow::Result<Self> {
        let folder = new_folder(&env::temp_dir()).context("cannot make a folder for the probe")?;
        let kit = Self { folder };
        for (name, text) in [("hopscope_probe.py", asset::PROBE), ("sitecustomize.py", asset::SITECUSTOMIZE)] {
            let path = kit.folder.join(name);
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(kit)
    }

    /// Where the command's output goes, if it is not passed on.
    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("output.log")
    }

    /// The file that appears when the probe stands around an app.
    fn sign(&self) -> PathBuf {
        self.folder.join("wrapped")
    }

    /// What the command's environment has beside hopscope's own.
    pub(super) fn environment(&self, key: &ProbeKey) -> [(&'static str, OsString); 4] {
        let mut path = self.folder.clone().into_os_string();
        if let Some(own) = env::var_os("PYTHONPATH").filter(|own| !own.is_empty()) {
            path.push(":");
            path.push(own);
        }
        [
            ("PYTHONPATH", path),
            ("HOPSCOPE_PROBE", "1".into()),
            ("HOPSCOPE_PROBE_KEY", key.text().into()),
            ("HOPSCOPE_PROBE_SIGN", self.sign().into()),
        ]
    }

    /// Waits until the probe stands around an app; false if it does not within `limit`.
    pub(super) async fn wrapped(&self, limit: Duration) -> bool {
        let sign = self.sign();
        let appears = async {
            while !sign.exists() {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(limit, appears).await.is_ok()
    }

    /// Takes the log out of the folder, which goes; gives the place where it is now.
    pub(super) fn keep_log(&self) -> PathBuf {
        let kept = self.folder.with_extension("log");
        match fs::rename(self.log(), &kept) {
            Ok(()) => kept,
            Err(_) => self.log(),
        }
    }
}

impl Drop for Kit {
    fn drop(&mut self) {
        // What cannot be removed is in the folder for such things.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn new_folder(parent: &Path) -> io::Result<PathBuf> {
    let process = std::process::id();
    let mut number = 0;
    loop {
        let folder = parent.join(format!("hopscope-run-{process}-{number}"));
        match DirBuilder::new().mode(0o700).create(&folder) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && number < 1000 => number += 1,
            made => return made.map(|()| folder),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_private_and_goes() {
        use std::os::unix::fs::PermissionsExt as _;
        let kit = Kit::unpack().unwrap();
        let folder = kit.folder.clone();
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(folder.join("sitecustomize.py").exists() && folder.join("hopscope_probe.py").exists());
        fs::write(kit.log(), "said").unwrap();
        let log = kit.keep_log();
        drop(kit);
        assert!(!folder.exists());
        assert_eq!(fs::read_to_string(&log).unwrap(), "said");
        fs::remove_file(log).unwrap();
    }

    #[test]
    fn the_folder_comes_first() {
        let kit = Kit::unpack().unwrap();
        let [(name, path), ..] = kit.environment(&ProbeKey::random());
        assert_eq!(name, "PYTHONPATH");
        assert!(path.to_string_lossy().starts_with(&*kit.folder.to_string_lossy()));
    }
}
