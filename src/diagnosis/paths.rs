//! Which paths were seen to reach the app, and what became of them: enough to see that nothing below a path is taken, or
//! that every path becomes one.
//!
//! Paths are kept as hashes, so that a client that asks for long ones costs no more than others.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use percent_encoding::percent_decode;

use super::case::digest;
use crate::exchange::ExchangeId;
use crate::lanes::{Author, Lanes, Rewrite};

/// Paths remembered; beyond it all are forgotten and learned anew.
const PATHS: usize = 4096;
/// Segments of a path that are looked at.
const DEEPEST: usize = 8;
/// Replaced paths remembered.
const REPLACED: usize = 64;

/// What is remembered of paths.
#[derive(Debug, Default)]
pub(super) struct Paths {
    /// Paths that the app answered well, and how many bytes were taken off their beginning; `None` for what came out as
    /// something else.
    answered: HashMap<u64, Option<usize>, AsItIs>,
    /// Paths below which something reached the app.
    above: HashSet<u64, AsItIs>,
    /// Folders of which the proxy itself served something.
    served: HashSet<u64, AsItIs>,
    /// Paths below which the app answered otherwise than with 404.
    alive: HashSet<u64, AsItIs>,
    replaced: VecDeque<Replaced>,
}

/// Hashes that are keys are not hashed again: a healthy request is looked up here several times.
type AsItIs = BuildHasherDefault<Digest>;

/// Takes a digest for its own hash. Who makes digests collide makes a table of a few thousand slower, not larger.
#[derive(Debug, Default)]
struct Digest(u64);

impl Hasher for Digest {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(self.0.rotate_left(8) ^ u64::from(byte));
        }
    }

    fn write_u64(&mut self, digest: u64) {
        self.0 = digest;
    }
}

/// A path that came out as another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Replaced {
    /// Which exchange showed it.
    pub(super) exchange: ExchangeId,
    /// The path that went in.
    pub(super) incoming: u64,
    /// The first segment of it.
    pub(super) first: u64,
    /// The path that came out.
    pub(super) outgoing: u64,
    /// True if it may be a prefix that was taken off as a whole, and so proves nothing by itself.
    pub(super) by_strip: bool,
}

impl Replaced {
    /// What to remember of a path that was replaced.
    pub(super) fn of(exchange: ExchangeId, incoming: &[u8], outgoing: &[u8]) -> Self {
        let trimmed = incoming.strip_suffix(b"/").unwrap_or(incoming);
        let first = trimmed.split(|&b| b == b'/').nth(1).unwrap_or_default();
        Self { exchange, incoming: digest(trimmed), first: digest(first), outgoing: digest(outgoing), by_strip: false }
    }
}

impl Paths {
    /// Notes what an exchange shows.
    pub(super) fn note(&mut self, exchange: ExchangeId, lanes: &Lanes) {
        let (rewritten, answer) = (&lanes.rewritten, &lanes.answer);
        let by_app = matches!(answer.by, Author::App(_) | Author::Server(_));
        let Some(incoming) = rewritten.incoming.as_deref() else { return };
        if is_served(lanes) && self.served.len() < PATHS {
            self.served.extend(ancestors(incoming).next().map(digest));
        }
        if !by_app && rewritten.outgoing.is_none() {
            return;
        }
        if self.answered.len() >= PATHS || self.above.len() >= PATHS {
            self.answered.clear();
            self.above.clear();
            self.alive.clear();
        }
        let status = answer.app_status.or(answer.status);
        let well = by_app && status.is_some_and(|status| (200..400).contains(&status));
        let outgoing = rewritten.outgoing.as_deref().unwrap_or(incoming);
        let cut = incoming.strip_suffix(outgoing).map(<[u8]>::len);
        // What is above a path that was answered before is there already.
        if !well || self.answered.insert(digest(incoming), cut).is_none() {
            self.above.extend(ancestors(incoming).take(DEEPEST).map(digest));
            if by_app && status.is_some_and(|status| status != 404) {
                self.alive.extend(ancestors(incoming).take(DEEPEST).map(digest));
            }
        }
        let stripped_to_root =
            matches!(rewritten.rewrite, Rewrite::Stripped(_)) && rewritten.outgoing.as_deref() == Some(b"/");
        let counts = rewritten.rewrite == Rewrite::Replaced || stripped_to_root;
        let other = |outgoing: &&[u8]| counts && !is_tidied(incoming, outgoing);
        if let Some(outgoing) = rewritten.outgoing.as_deref().filter(other) {
            let replaced = Replaced { by_strip: stripped_to_root, ..Replaced::of(exchange, incoming, outgoing) };
            let known = |one: &Replaced| one.incoming == replaced.incoming && one.outgoing == replaced.outgoing;
            if !self.replaced.iter().any(known) {
                if self.replaced.len() >= REPLACED {
                    self.replaced.pop_front();
                }
                self.replaced.push_back(replaced);
            }
        }
    }

    /// The nearest path above this one, with its final slash if it has one, that the app answered while nothing below it was
    /// ever seen to reach the app. Beside it what of it reached the app; `None` if that was something else.
    pub(super) fn lone_ancestor<'a>(&self, path: &'a [u8]) -> Option<(&'a [u8], Option<&'a [u8]>)> {
        let answered = |above: &'a [u8]| {
            let cut = *self.answered.get(&digest(above))?;
            Some((above, cut.and_then(|cut| above.get(cut..))))
        };
        ancestors(path)
            .take(DEEPEST)
            .find_map(|above| {
                let slashed = path.get(..above.len() + 1).filter(|slashed| slashed.ends_with(b"/"));
                answered(above).or_else(|| slashed.and_then(answered)).map(|found| (above, found))
            })
            .filter(|(above, _)| !self.above.contains(&digest(*above)))
            .map(|(_, found)| found)
    }

    /// True if the proxy was seen to serve something by itself from the folder of this path.
    pub(super) fn is_served(&self, path: &[u8]) -> bool {
        ancestors(path).next().is_some_and(|folder| self.served.contains(&digest(folder)))
    }

    /// True if the app was seen to have something below this path, as a client asks for it.
    pub(super) fn is_alive(&self, path: &[u8]) -> bool {
        self.alive.contains(&digest(path))
    }

    /// The other paths that came out as this one did, oldest first.
    pub(super) fn same_outcome(&self, this: Replaced) -> impl Iterator<Item = &Replaced> {
        let same = move |one: &&Replaced| one.outgoing == this.outgoing && one.incoming != this.incoming;
        self.replaced.iter().filter(same)
    }
}

/// True if a program that serves files answered by itself, with something.
fn is_served(lanes: &Lanes) -> bool {
    let by_server = matches!(lanes.answer.by, Author::Proxy("nginx" | "apache" | "caddy"));
    let well = matches!(lanes.answer.status, Some(200 | 206));
    by_server && well && lanes.rewritten.rewrite == Rewrite::NeverReached && lanes.answer.content_type.is_some()
}

/// `/a/b` and `/a` and `/` of `/a/b/c`, nearest first.
fn ancestors(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let trimmed = path.strip_suffix(b"/").unwrap_or(path);
    let borders = trimmed.iter().enumerate().rev().filter(|&(_, &byte)| byte == b'/');
    borders.filter_map(move |(at, _)| trimmed.get(..at.max(1)))
}

/// True if what came out is the path that went in, or the end of it, and only written as proxies write it: decoded, with no
/// `.` and `..` in it and single slashes.
pub(super) fn is_tidied(incoming: &[u8], outgoing: &[u8]) -> bool {
    let (asked, got) = (tidy(incoming), tidy(outgoing));
    asked != incoming && asked.ends_with(&got)
}

/// The path as proxies understand it. A `..` beyond the root stays at the root.
fn tidy(path: &[u8]) -> Vec<u8> {
    let decoded: Vec<u8> = percent_decode(path).collect();
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut ends_in_slash = false;
    for segment in decoded.split(|&byte| byte == b'/') {
        ends_in_slash = matches!(segment, b"" | b"." | b"..");
        match segment {
            b"" | b"." => {}
            b".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
    }
    let mut tidy: Vec<u8> = kept.iter().flat_map(|segment| [b"/".as_slice(), segment]).flatten().copied().collect();
    if ends_in_slash {
        tidy.push(b'/');
    }
    tidy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ancestors_from_near_to_far() {
        let of = |path: &str| {
            let found: Vec<_> =
                ancestors(path.as_bytes()).map(|one| String::from_utf8_lossy(one).into_owned()).collect();
            found.join(" ")
        };
        assert_eq!(of("/a/b/c"), "/a/b /a /");
        assert_eq!(of("/a/"), "/");
        assert_eq!((of("/"), of("")), (String::new(), String::new()));
    }

    #[test]
    fn a_path_that_is_only_written_in_another_way() {
        for (incoming, outgoing, tidied) in [
            ("/api/items/./7", "/api/items/7", true),
            ("/api//items/", "/items/", true),
            ("/api/x/../items/%37", "/items/7", true),
            ("/api//", "/", true),
            ("/api/a%2Fb", "/a/b", true),
            ("/..", "/", true),
            ("/api/items/7", "/7", false),
            ("/api//items", "/", false),
            ("/api/./items", "/page", false),
            ("/api/%zz%", "/page", false),
            ("/a", "/", false),
        ] {
            assert_eq!(is_tidied(incoming.as_bytes(), outgoing.as_bytes()), tidied, "{incoming} {outgoing}");
        }
    }
}
