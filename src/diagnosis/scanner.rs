//! What scanners ask for, in an exchange: who asked, and whether it was given out.
//!
//! This file exists because a log tells what is sought by the path alone, and an exchange also by who asks, and what came
//! back. The names are in [`Sought`]; whether one was given out is for the rules to say (`SC01`, `SC02`).

pub(super) use crate::access_log::Sought;

use super::case::Case;
use crate::exchange::{Half, Target};

impl Sought {
    /// [`Sought::by`] for files: they have a dot in their path, which most paths have not.
    pub(super) fn file(path: &[u8]) -> Option<Self> {
        memchr::memchr(b'.', path)?;
        Self::by(path).filter(|sought| sought.is_file())
    }

    /// True if a body that begins like this is what was sought, and no page or message of the app's own.
    pub(super) fn is_in(self, body: &[u8]) -> bool {
        let text = body.trim_ascii_start();
        match self {
            Self::Environment => text.split(|&byte| byte == b'\n').any(is_setting),
            Self::Repository => {
                let marks: [&[u8]; 4] = [b"ref: ", b"[", b"DIRC", b"SQLite"];
                let object = text.get(..40).is_some_and(|hash| hash.iter().all(u8::is_ascii_hexdigit));
                object || marks.iter().any(|mark| text.starts_with(mark)) && !text.starts_with(b"[{")
            }
            Self::Hidden => !text.is_empty() && !matches!(text.first(), Some(b'<' | b'{' | b'[')),
            Self::Script => {
                let marks: [&[u8]; 3] = [b"<?php", b"<?=", b"<%@"];
                marks.iter().any(|mark| memchr::memmem::find(text, mark).is_some())
            }
            Self::Backup => {
                let marks: [&[u8]; 6] = [b"-- ", b"/*", b"CREATE ", b"INSERT ", b"PK\x03\x04", b"SQLite format 3"];
                marks.iter().any(|mark| text.starts_with(mark))
            }
            Self::Traversal => text.starts_with(b"root:") && memchr::memmem::find(text, b":0:0:").is_some(),
            Self::Program | Self::Appliance | Self::Injection => false,
        }
    }
}

/// What a request for this path is after, if it comes of nobody who has to do with the app: it names no page of the same
/// host, and brings neither cookie nor login.
pub(super) fn sought(case: &Case<'_>) -> Option<Sought> {
    let sought = Sought::by(&case.lanes.original.path)?;
    let known = case.exchange.outer().is_some_and(is_visitor);
    (!known).then_some(sought)
}

fn is_visitor(half: &Half) -> bool {
    let named = ["cookie", "authorization"].into_iter().any(|name| half.request.get(name).is_some());
    let referer = half.request.get("referer").map(Target::new);
    named || referer.is_some_and(|page| page.authority().is_some() && page.authority() == half.request.get("host"))
}

/// True for `NAME=value`, with or without `export`.
fn is_setting(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    let line = line.strip_prefix(b"export ").unwrap_or(line);
    let mut parts = line.splitn(2, |&byte| byte == b'=');
    let name = parts.next().unwrap_or_default().trim_ascii_end();
    let written = name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    written && name.first().is_some_and(|first| !first.is_ascii_digit()) && parts.next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_what_was_sought_only_if_it_looks_like_it() {
        for (sought, body, is) in [
            (Sought::Environment, "# keys\nexport SECRET_KEY=abc\n", true),
            (Sought::Environment, "<!doctype html><a href=\"x\">", false),
            (Sought::Environment, "{\"detail\":\"a=b\"}", false),
            (Sought::Repository, "ref: refs/heads/main\n", true),
            (Sought::Repository, "[core]\n\tbare = false\n", true),
            (Sought::Repository, "[{\"id\":1}]", false),
            (Sought::Script, "<html><?php echo 1;", true),
            (Sought::Script, "<html>made by it</html>", false),
            (Sought::Hidden, "machine h login u password p", true),
            (Sought::Hidden, "", false),
            (Sought::Backup, "-- MySQL dump 10.13", true),
            (Sought::Backup, "<html>no such page", false),
            (Sought::Traversal, "root:x:0:0:root:/root:/bin/bash", true),
            (Sought::Traversal, "root: not found", false),
            (Sought::Program, "anything", false),
        ] {
            assert_eq!(sought.is_in(body.as_bytes()), is, "{sought:?} {body}");
        }
    }
}
