//! The processes that hold a socket, and what `/proc` says of a process.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::asgi::server::command::{Process, Reading, read};

/// A configuration file larger than this is not read.
const LARGEST: u64 = 1 << 20;

/// A process.
#[derive(Clone, Debug)]
pub(super) struct Holder {
    pub(super) pid: u32,
    pub(super) process: Process,
    /// True if its environment is there and cannot be read.
    pub(super) environment_denied: bool,
}

/// The processes that hold one of these sockets, parents before their children, and whether there are processes that may
/// not be looked at.
pub(super) fn holders(inodes: &[u64]) -> (Vec<Holder>, bool) {
    let mut denied = false;
    let mut pids = Vec::new();
    for pid in processes() {
        match sockets_of(pid) {
            Ok(mut held) => {
                if held.any(|inode| inodes.contains(&inode)) {
                    pids.push(pid);
                }
            }
            Err(error) => denied |= error.kind() == io::ErrorKind::PermissionDenied,
        }
    }
    let is_child = |pid: &u32| parent_of(*pid).is_some_and(|parent| pids.contains(&parent));
    let (children, first): (Vec<u32>, Vec<u32>) = pids.iter().partition(|pid| is_child(pid));
    (first.into_iter().chain(children).filter_map(Holder::of).collect(), denied)
}

/// The numbers of all processes.
pub(in crate::probe) fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

/// The inodes of the sockets that a process holds.
///
/// # Errors
/// The process is gone, or may not be looked at.
pub(in crate::probe) fn sockets_of(pid: u32) -> io::Result<impl Iterator<Item = u64>> {
    let files = fs::read_dir(format!("/proc/{pid}/fd"))?;
    Ok(files.filter_map(|file| {
        let link = fs::read_link(file.ok()?.path()).ok()?;
        link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    }))
}

fn parent_of(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok().filter(|parent| *parent > 0)
}

impl Holder {
    /// A process by its number; `None` if it is gone.
    pub(super) fn of(pid: u32) -> Option<Self> {
        let argv = strings(&fs::read(format!("/proc/{pid}/cmdline")).ok()?);
        let environment = fs::read(format!("/proc/{pid}/environ"));
        let variables = strings(environment.as_deref().unwrap_or_default());
        // Of a variable that is there twice, Python keeps the first.
        let mut map = BTreeMap::new();
        for (name, value) in variables.iter().filter_map(|variable| variable.split_once('=')) {
            map.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
        Some(Self { pid, process: Process { argv, environment: map }, environment_denied: environment.is_err() })
    }

    /// The process that started it.
    pub(super) fn parent(&self) -> Option<Self> {
        parent_of(self.pid).and_then(Self::of)
    }

    /// True if its parent has the very same command line: it was forked off and has not started anything else.
    pub(super) fn is_copy(&self) -> bool {
        self.parent().is_some_and(|parent| parent.process.argv == self.process.argv)
    }

    /// When it started, in microseconds since 1970-01-01 UTC, to a hundredth of a second.
    pub(super) fn started(&self) -> Option<u64> {
        // What `stat` counts in: `USER_HZ`, which is 100 on every machine that Linux runs Python on today.
        const TICK: Duration = Duration::from_millis(10);
        // The second field is the program's name in parentheses, which may hold anything.
        let stat = self.text("stat")?;
        let ticks: u32 = stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(19)?.parse().ok()?;
        let up: f64 = fs::read_to_string("/proc/uptime").ok()?.split_ascii_whitespace().next()?.parse().ok()?;
        let age = Duration::try_from_secs_f64(up).ok()?.saturating_sub(TICK * ticks);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        u64::try_from(now.saturating_sub(age).as_micros()).ok()
    }

    /// A file of its folder in `/proc`.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.pid))
    }

    /// The text of one.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        fs::read(self.path(name)).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Its program's name.
    pub(super) fn name(&self) -> String {
        let first = self.process.argv.first().and_then(|first| Path::new(first).file_name()?.to_str());
        first.map(str::to_owned).or_else(|| Some(self.text("comm")?.trim().to_owned())).unwrap_or_default()
    }

    /// How it was started.
    pub(super) fn reading(&self) -> Reading {
        read(&self.process, &|path| self.configuration(path))
    }

    /// A file that it was told to read: a relative path begins in its own folder, an absolute one at its own root.
    fn configuration(&self, path: &str) -> Result<String, String> {
        let place = match path.strip_prefix('/') {
            Some(below) => self.path("root").join(below),
            None => self.path("cwd").join(path),
        };
        // Looked at before it is opened: opening a pipe would wait for its other end.
        if !fs::metadata(&place).map_err(|error| error.to_string())?.is_file() {
            return Err("it is no plain file".to_owned());
        }
        let file = fs::File::open(place).map_err(|error| error.to_string())?;
        let mut text = String::new();
        let length = file.take(LARGEST + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
        if length as u64 > LARGEST { Err("it is larger than 1 MiB".to_owned()) } else { Ok(text) }
    }
}

/// Texts that each end with a zero byte.
fn strings(bytes: &[u8]) -> Vec<String> {
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    if bytes.is_empty() {
        return Vec::new();
    }
    bytes.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_started_a_moment_ago() {
        let mut child = std::process::Command::new("sleep").arg("10").spawn().unwrap();
        let started = Holder::of(child.id()).and_then(|holder| holder.started()).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
        assert!((0..60_000_000).contains(&(i128::try_from(now).unwrap() - i128::from(started))), "{started} {now}");
    }

    #[test]
    fn texts_that_end_with_zero() {
        assert_eq!(strings(b"a\0\0b c\0"), ["a", "", "b c"]);
        assert_eq!(strings(b""), [""; 0]);
        assert_eq!(strings(b"gunicorn: master\0\0\0"), ["gunicorn: master", "", ""]);
    }
}
