//! The rotated files of a log.
//!
//! This file exists because everybody names them otherwise: logrotate `access.log.2.gz` and, with `dateext`,
//! `access.log-20261121.gz`, with `extension` `access-20261121.log`; the kubelet `0.log.20261121-233000`; Caddy
//! `access-2026-11-21T23-30-00.000-size.log.gz`.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Rotated files of one log that are looked at: the newest.
const MOST: usize = 500;
/// A number with more digits is a date, or seconds.
const LONGEST_NUMBER: usize = 5;

/// A rotated file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rotated {
    path: PathBuf,
    modified: SystemTime,
    stamp: Stamp,
    packed: bool,
}

/// What its name says of its age.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stamp {
    /// How many rotations ago.
    Number(u32),
    /// The digits of its date.
    Date(Vec<u8>),
}

/// The folders in which a log's rotated files may be, and the name they begin with: its own, and that of the file it links to.
pub(super) fn places(path: &Path) -> Vec<(PathBuf, PathBuf)> {
    let mut places = Vec::new();
    for path in [Some(path.to_owned()), fs::canonicalize(path).ok()].into_iter().flatten() {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        places.push((folder, path));
    }
    places
}

/// The rotated files of a log, oldest first.
pub(super) fn rotated(path: &Path) -> Vec<PathBuf> {
    let mut inodes = BTreeSet::new();
    let mut found = Vec::new();
    for (folder, log) in places(path) {
        let Some(base) = log.file_name() else { continue };
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Some((stamp, packed)) = stamp(base.as_bytes(), entry.file_name().as_bytes()) else { continue };
            let Ok(metadata) = fs::metadata(entry.path()) else { continue };
            if metadata.is_file() && inodes.insert((metadata.dev(), metadata.ino())) {
                let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                found.push(Rotated { path: entry.path(), modified, stamp, packed });
            }
        }
    }
    in_order(&mut found);
    let older = found.len().saturating_sub(MOST);
    found.into_iter().skip(older).map(|file| file.path).collect()
}

/// The files beside the log whose names begin as its does: a copy may have any ending.
pub(super) fn copies(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for (folder, log) in places(path) {
        let stem = log.file_stem().map(OsStr::as_bytes).unwrap_or_default();
        let names = fs::read_dir(folder).into_iter().flatten().flatten();
        let names = names.filter(|entry| entry.file_name().as_bytes().starts_with(stem)).map(|entry| entry.path());
        found.extend(names.filter(|other| *other != log && other.is_file()).take(MOST));
    }
    found
}

/// Oldest first. Numbers grow with age, unless the files' times say clearly that they do not.
fn in_order(found: &mut [Rotated]) {
    let numbered = found.iter().filter(|file| matches!(file.stamp, Stamp::Number(_))).count();
    if numbered > 0 && numbered < found.len() {
        found.sort_by_key(|file| (file.modified, file.packed));
        return;
    }
    // Of a file and its compressed self the plain one comes first.
    found.sort_by(|a, b| (&a.stamp, a.packed).cmp(&(&b.stamp, b.packed)));
    let times = || found.iter().zip(found.iter().skip(1)).map(|(a, b)| a.modified.cmp(&b.modified));
    let grows = times().filter(|order| order.is_lt()).count() > times().filter(|order| order.is_gt()).count();
    if numbered > 0 && !grows {
        found.sort_by(|a, b| (&b.stamp, a.packed).cmp(&(&a.stamp, b.packed)));
    }
}

/// What a file's name says, if it is that of a rotated file of `base`; and true if it is compressed.
fn stamp(base: &[u8], name: &[u8]) -> Option<(Stamp, bool)> {
    let bare = name.strip_suffix(b".gz").or_else(|| name.strip_suffix(b".zst"));
    let (plain, packed) = (bare.unwrap_or(name), bare.is_some());
    let behind = plain.strip_prefix(base);
    let between = || {
        let dot = memchr::memrchr(b'.', base).filter(|&dot| dot > 0)?;
        let (stem, end) = base.split_at_checked(dot)?;
        plain.strip_prefix(stem)?.strip_suffix(end)
    };
    let text = behind.or_else(between)?;
    let reason = [&b"-size"[..], b"-time", b"-manual"].into_iter().find_map(|reason| text.strip_suffix(reason));
    let (separator, text) = reason.unwrap_or(text).split_first()?;
    if text == b"old" {
        return Some((Stamp::Number(1), packed));
    }
    let digits: Vec<u8> = text.iter().copied().filter(u8::is_ascii_digit).collect();
    let odd = text.iter().any(|byte| !byte.is_ascii_digit() && !b"-_.:T+Z".contains(byte));
    if !b".-_".contains(separator) || digits.is_empty() || odd {
        return None;
    }
    if digits.len() == text.len() && digits.len() <= LONGEST_NUMBER {
        let number = digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
        return Some((Stamp::Number(number), packed));
    }
    Some((Stamp::Date(digits), packed))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn names_of_rotated_files_are_known_and_others_are_not() {
        let is = |base: &str, name: &str| stamp(base.as_bytes(), name.as_bytes());
        for (base, name) in [
            ("access.log", "access.log.1"),
            ("access.log", "access.log.14.gz"),
            ("access.log", "access.log-20261121.zst"),
            ("access.log", "access.log.2026-11-21"),
            ("access.log", "access-20261121.log.gz"),
            ("access.log", "access.3.log"),
            ("access.log", "access-2026-11-21T23-30-00.000-size.log.gz"),
            ("access.log", "access.log.old"),
            ("0.log", "0.log.20261121-233000"),
            ("access", "access.1"),
        ] {
            assert!(is(base, name).is_some(), "{base}: {name}");
        }
        for name in ["access.log", "access.log.gz", "access.log.1.tmp", "error.log.1", "access-api.log", "access.log1"]
        {
            assert_eq!(is("access.log", name), None, "{name}");
        }
    }

    #[test]
    fn oldest_first_by_number_by_date_and_by_time_where_the_numbers_run_the_other_way() {
        let order = |files: &[(&str, u64)]| {
            let mut found: Vec<Rotated> = files
                .iter()
                .map(|(name, time)| {
                    let (stamp, packed) = stamp(b"a.log", name.as_bytes()).expect("a rotated file");
                    let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(*time);
                    Rotated { path: PathBuf::from(name), modified, stamp, packed }
                })
                .collect();
            in_order(&mut found);
            found.into_iter().map(|file| file.path.display().to_string()).collect::<Vec<_>>()
        };
        // Copied without their times, numbers count; and of a file and its compressed self the plain one comes first.
        let numbers = [("a.log.1", 5), ("a.log.10.gz", 5), ("a.log.2.gz", 5), ("a.log.2", 5)];
        assert_eq!(order(&numbers), ["a.log.10.gz", "a.log.2", "a.log.2.gz", "a.log.1"]);
        assert_eq!(order(&[("a.log.2", 20), ("a.log.1", 10), ("a.log.3", 30)]), ["a.log.1", "a.log.2", "a.log.3"]);
        let dates = [("a.log-20261121", 1), ("a.log-20261009.gz", 2), ("a.log-20261120.gz", 3)];
        assert_eq!(order(&dates), ["a.log-20261009.gz", "a.log-20261120.gz", "a.log-20261121"]);
    }
}
