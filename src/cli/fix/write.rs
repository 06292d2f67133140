//! Writes a fix into the proxy's own files: only after a yes, each file whole or not at all, the old one beside it.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};

use super::say;
use crate::cli::Failure;
use crate::gateway::{Files as _, Gateway, Proxy};
use crate::lanes::visible::visible;
use crate::remedy::Together;

/// Backups that one file may have; an older one is never written over.
const MOST_BACKUPS: u32 = 100;

/// A file that changes.
#[derive(Debug)]
struct Change {
    path: PathBuf,
    old: Vec<u8>,
    new: Vec<u8>,
}

/// Asks, unless told yes, and writes the files that the fixes change, each with one backup. Gives whether they are written.
pub(super) fn write(before: &Gateway, after: &Together, yes: bool) -> Result<bool, Failure> {
    let changes = changes(before, after).map_err(Failure::unreadable)?;
    let names: Vec<String> = changes.iter().map(|change| shown(&change.path)).collect();
    if !yes && !agreed(&names.join(", "))? {
        say("nothing is written");
        return Ok(false);
    }
    for change in &changes {
        let backup = change.write().with_context(|| format!("cannot write {}", change.path.display()));
        let backup = backup.map_err(Failure::unreadable)?;
        say(&format!("{} is written; as it was: {}", shown(&change.path), shown(&backup)));
    }
    say(reload(before.proxy));
    Ok(true)
}

fn shown(path: &Path) -> String {
    visible(path.display().to_string().as_bytes())
}

/// The files as they were read, and as they are to be.
fn changes(before: &Gateway, after: &Together) -> anyhow::Result<Vec<Change>> {
    let (Some(old), Some(new)) = (&before.origin, &after.gateway.origin) else { bail!("the proxy has no files") };
    let change = |file: &Path| -> anyhow::Result<Change> {
        // The file itself, not the link to it: sites-enabled is made of links.
        let path = fs::canonicalize(file).with_context(|| format!("cannot find {}", file.display()))?;
        let change = Change { old: old.files.read(file)?, new: new.files.read(file)?, path };
        if fs::read(&change.path)? != change.old {
            bail!("{} has changed since it was read: run it again", file.display());
        }
        Ok(change)
    };
    after.files.iter().map(|file| change(file)).collect()
}

/// Asks on the terminal.
fn agreed(names: &str) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage("--write asks on the terminal, and there is none: say --yes, and nobody is asked"));
    }
    let _ = write!(io::stderr(), "hopscope: write {names}? [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).context("cannot read the answer").map_err(Failure::unreadable)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

impl Change {
    /// Writes the file and gives the place of its backup. Whoever reads it sees the old one or the new one, never a part.
    fn write(&self) -> anyhow::Result<PathBuf> {
        let meta = fs::metadata(&self.path)?;
        let backup = self.back_up(&meta)?;
        let beside = suffixed(&self.path, ".hopscope-new");
        let written = written(&beside, &self.new, &meta).and_then(|()| fs::rename(&beside, &self.path));
        if written.is_err() {
            // What is left of it is of no use to anybody.
            let _ = fs::remove_file(&beside);
        }
        written?;
        Ok(backup)
    }

    fn back_up(&self, meta: &fs::Metadata) -> anyhow::Result<PathBuf> {
        for number in 0..MOST_BACKUPS {
            let suffix = if number == 0 { ".hopscope-bak".to_owned() } else { format!(".hopscope-bak.{number}") };
            let path = suffixed(&self.path, &suffix);
            match written(&path, &self.old, meta) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(anyhow!(error).context(format!("cannot write {}", path.display()))),
                Ok(()) => return Ok(path),
            }
        }
        bail!("there are {MOST_BACKUPS} backups beside it: remove some")
    }
}

/// Writes a new file with the permissions and the owner of another.
fn written(path: &Path, bytes: &[u8], like: &fs::Metadata) -> io::Result<()> {
    let mut file: File = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.set_permissions(like.permissions())?;
    // Only root may give a file away; without that it is the user's, as what an editor writes.
    let _ = chown(path, Some(like.uid()), Some(like.gid()));
    file.write_all(bytes)?;
    file.sync_all()
}

fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// What makes the proxy take it up.
const fn reload(proxy: Proxy) -> &'static str {
    match proxy {
        Proxy::Nginx => "to take it up: nginx -t && nginx -s reload",
        Proxy::Traefik => {
            "Traefik takes up its dynamic configuration by itself; a change of the static one needs a restart"
        }
        Proxy::Caddy => "to take it up: caddy reload",
        Proxy::Haproxy => "to take it up: haproxy -c -f FILE, then systemctl reload haproxy",
        Proxy::Apache => "to take it up: apachectl configtest && apachectl graceful",
        Proxy::Flags => "hopscope proxy takes it up when it is started again",
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_is_written_with_its_permissions_and_older_backups_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nginx.conf");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        fs::write(folder.path().join("nginx.conf.hopscope-bak"), "older").unwrap();
        let change = Change { path: path.clone(), old: b"old".to_vec(), new: b"new".to_vec() };
        let backup = change.write().unwrap();
        assert_eq!(backup, folder.path().join("nginx.conf.hopscope-bak.1"));
        let read = |path: &Path| fs::read_to_string(path).unwrap();
        assert_eq!((read(&path), read(&backup)), ("new".to_owned(), "old".to_owned()));
        assert_eq!(read(&folder.path().join("nginx.conf.hopscope-bak")), "older");
        for path in [&path, &backup] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o640);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "nothing else is left");
    }
}
