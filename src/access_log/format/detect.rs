//! Which format a log has, by its lines.
//!
//! This file exists because most people do not know what their `log_format` is called, and the first lines of a log are not
//! enough to go by: each format that is known reads a sample, and the one that reads most of it is meant.

use std::fmt;

use super::learn::learnt;
use super::names::NAMED;
use super::wrapping::Wrapping;
use super::{Clock, Format};
use crate::access_log::record::Record;

/// Lines from the beginning of a log that are looked at.
const FIRST: usize = 200;

/// Lines from its end.
const NEWEST: usize = 50;

/// A format that was found by its lines.
#[derive(Clone, Debug)]
pub struct Detected {
    /// The format.
    pub format: Format,
    /// How many lines it reads, and of how many.
    pub fit: (usize, usize),
    /// The next best, and how many lines that one reads, if it reads any.
    pub runner_up: Option<(String, usize)>,
}

/// No format that is known reads the lines.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Undetected {
    /// The one that came nearest, and how many lines it reads; `None` if there was no line.
    pub nearest: Option<(String, usize)>,
    /// How many lines were looked at.
    pub of: usize,
    /// A line that it does not read.
    pub line: Vec<u8>,
    /// The first byte of it that differs, from 0.
    pub column: usize,
}

impl fmt::Display for Undetected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((name, read)) = &self.nearest else { return f.write_str("there is no line to tell the format by") };
        write!(
            f,
            "no format that is known fits these lines; the nearest, {name}, reads {read} of {}, and one that it does not \
             read differs at column {}. Give the log_format that wrote them, or the nginx.conf it stands in",
            self.of,
            self.column + 1
        )
    }
}

/// The lines of a log to tell its format by: the first of its beginning, and the last of its end, which is empty if the
/// beginning is all there is. The first line of `end` is taken to be a part of one.
pub fn sample<'a>(beginning: &'a [u8], end: &'a [u8]) -> Vec<&'a [u8]> {
    let whole = |bytes: &'a [u8]| bytes.get(..memchr::memrchr(b'\n', bytes).unwrap_or(bytes.len())).unwrap_or_default();
    let useful = |line: &&[u8]| !line.is_empty() && !line.starts_with(&[0]);
    let lines =
        |bytes: &'a [u8]| bytes.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut sample: Vec<&[u8]> = lines(whole(beginning)).filter(useful).take(FIRST).collect();
    let newest = whole(end).get(memchr::memchr(b'\n', end).map_or(end.len(), |at| at + 1)..).unwrap_or_default();
    sample.extend(newest.rsplit(|&byte| byte == b'\n').filter(useful).take(NEWEST));
    sample
}

/// A format, how many lines it reads, and the first that it does not, with the column.
struct Candidate<'a> {
    format: Format,
    read: usize,
    unread: Option<(&'a [u8], usize)>,
}

impl Format {
    /// Finds the format of a log by some of its lines, see [`sample`]: one with a name, a JSON object, one of these with
    /// more at its end, and any of them wrapped by a shipper.
    ///
    /// # Errors
    /// [`Undetected`] if no format reads at least half of the lines.
    pub fn detect(lines: &[&[u8]]) -> Result<Detected, Undetected> {
        let mut found = candidates(lines, None);
        if found.first().is_none_or(|best| best.read * 2 < lines.len()) {
            for wrapping in Wrapping::ALL {
                found.extend(candidates(lines, Some(wrapping)));
            }
            rank(&mut found);
        }
        let mut found = found.into_iter();
        let best = found.next().filter(|_| !lines.is_empty());
        let next = found.next().filter(|next| next.read > 0).map(|next| (next.format.name, next.read));
        match best {
            Some(best) if best.read * 2 >= lines.len() => {
                Ok(Detected { format: best.format, fit: (best.read, lines.len()), runner_up: next })
            }
            best => {
                let (line, column) = best.as_ref().and_then(|best| best.unread).unwrap_or_default();
                let nearest = best.map(|best| (best.format.name, best.read));
                Err(Undetected { nearest, of: lines.len(), line: line.to_vec(), column })
            }
        }
    }
}

/// The most lines first; where two read as much, the first stays first.
fn rank(found: &mut [Candidate<'_>]) {
    found.sort_by_key(|one| std::cmp::Reverse(one.read));
}

/// Every format that might be meant, the best first.
fn candidates<'a>(lines: &[&'a [u8]], wrapping: Option<Wrapping>) -> Vec<Candidate<'a>> {
    let tried = |format: Format| match wrapping {
        Some(wrapping) => candidate(format.wrapped(wrapping), lines),
        None => candidate(format, lines),
    };
    let named = NAMED.iter().filter_map(|(name, _)| Format::named(name));
    let mut found: Vec<_> = named.map(tried).collect();
    if !found.iter().any(|one| one.read == lines.len()) {
        let mut room = Vec::new();
        for line in [0, lines.len() / 2, lines.len().saturating_sub(1)].into_iter().filter_map(|at| lines.get(at)) {
            let learnt = match wrapping {
                None => learnt(line),
                Some(wrapping) => wrapping.open(line, &mut room).and_then(learnt),
            };
            if let Some(format) = learnt.filter(|new| !found.iter().any(|one| one.format.name == new.name)) {
                found.push(tried(format));
            }
        }
    }
    rank(&mut found);
    found
}

fn candidate<'a>(format: Format, lines: &[&'a [u8]]) -> Candidate<'a> {
    let mut clock = Clock::default();
    let (mut read, mut unread) = (0, None);
    for line in lines {
        let column = match format.read(line, &mut clock) {
            Ok(record) if is_plausible(&record) => {
                read += 1;
                continue;
            }
            Ok(_) => 0,
            Err(why) => why.column,
        };
        unread = unread.or(Some((*line, column)));
    }
    Candidate { format, read, unread }
}

/// True for a record that says something: a status that there is, or a request.
fn is_plausible(record: &Record<'_>) -> bool {
    let asked = !record.request.line.is_empty() || !record.request.target.is_empty();
    // nginx writes 000 for a client that was gone, and 009 for HTTP/0.9.
    matches!(record.status, 100..=599) || asked && matches!(record.status, 0 | 9)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = r#"::1 - - [20/Nov/2026:09:26:05 +0000] "GET /ok HTTP/1.1" 200 3"#;

    fn detected(lines: &[String]) -> Result<Detected, Undetected> {
        Format::detect(&lines.iter().map(String::as_bytes).collect::<Vec<_>>())
    }

    #[test]
    fn each_form_is_known_by_its_lines() {
        let edge = |log: &'static [u8]| {
            let found = Format::detect(&sample(log, b"")).unwrap();
            assert_eq!(found.fit.0, found.fit.1, "{}", found.format.name());
            found.format
        };
        let combined = edge(include_bytes!("../../../tests/access_logs/edge/combined.log"));
        assert_eq!(combined.name(), "combined");
        assert_eq!(edge(include_bytes!("../../../tests/access_logs/edge/main.log")).name(), "main");
        assert_eq!(edge(include_bytes!("../../../tests/access_logs/edge/json.log")).name(), "json");
        assert_eq!(
            edge(include_bytes!("../../../tests/access_logs/edge/timed.log")).name(),
            r#"combined "$skipped" rt=$request_time uct="$upstream_connect_time" uht="$upstream_header_time" urt="$upstream_response_time" ua="$upstream_addr" us="$upstream_status" cs=$upstream_cache_status"#
        );
    }

    #[test]
    fn names_for_what_has_one() {
        for (line, name) in [
            (HEAD.to_owned(), "common"),
            (format!("example.com:80 {HEAD} \"-\" \"a\""), "vcombined"),
            (format!("example.com {HEAD} \"-\" \"a\""), "vhost"),
            (format!("{HEAD} \"-\" \"a\" 7 \"r@file\" \"http://10.0.0.1:80\" 12ms"), "traefik"),
            (format!("{HEAD} \"-\" \"a\" 80 0.012 [p] [] 10.0.0.1:80 12 0.010 200 5f2c"), "ingress"),
            (format!("{HEAD} \"-\" \"a\" \"h\" rt=0.1 uct=\"-\" uht=\"-\" urt=\"-\" ua=\"-\" us=\"-\""), "timed"),
            (format!("{HEAD} \"-\" \"a\" rt=0.1"), "combined rt=$request_time"),
            (format!("<190>Nov 20 09:26:05 host nginx: {HEAD}"), "common"),
            (format!("web-1  | {HEAD} \"-\" \"a\""), "combined"),
            (r#"{"log":"::1 - - [20/Nov/2026:09:26:05 +0000] \"\" 400 0\n","stream":"stdout","time":"2026-11-20T09:26:05Z"}"#.into(), "common"),
        ] {
            let found = detected(&[line.clone(), line.clone(), "garbage".into()]).unwrap();
            assert_eq!((found.format.name(), found.fit), (name, (2, 3)), "{line}");
        }
    }

    #[test]
    fn what_fits_nothing_is_told_with_what_came_nearest() {
        let lines = vec!["::1 - - [20.11.2026 09:26:05] GET /".to_owned(); 3];
        let error = detected(&lines).unwrap_err();
        assert_eq!((error.column, error.line.as_slice()), (9, lines[0].as_bytes()));
        assert!(
            error
                .to_string()
                .contains("the nearest, combined, reads 0 of 3, and one that it does not read differs at column 10")
        );
        assert_eq!(detected(&[]).unwrap_err().to_string(), "there is no line to tell the format by");
    }
}
