//! What scanners ask every host for: files that hold secrets, and programs of another world.
//!
//! This file exists because such requests say nothing about the proxy or the app, and yet look like every fault of a path
//! there is. It is a table of names; whether one was given out is for the rules to say (`SC01`, `SC02`).

use super::case::Case;
use crate::exchange::{Half, Target};

/// What a path is after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sought {
    /// A file of environment variables.
    Environment,
    /// The folder of a version control system.
    Repository,
    /// Another hidden file or folder that should be nobody else's.
    Hidden,
    /// A script of a language that is not Python.
    Script,
    /// A program that is not written in Python.
    Program,
}

/// Folders of version control systems.
const REPOSITORIES: [&[u8]; 5] = [b".git", b".svn", b".hg", b".bzr", b".cvs"];

/// Hidden files and folders that hold keys, passwords or the names of files.
const HIDDEN: [&[u8]; 16] = [
    b".aws",
    b".bash_history",
    b".docker",
    b".ds_store",
    b".git-credentials",
    b".htaccess",
    b".htpasswd",
    b".idea",
    b".kube",
    b".netrc",
    b".npmrc",
    b".pgpass",
    b".pypirc",
    b".ssh",
    b".svn-base",
    b".vscode",
];

/// Endings of scripts.
const SCRIPTS: [&[u8]; 9] = [b"php", b"php3", b"php5", b"php7", b"phtml", b"asp", b"aspx", b"jsp", b"cgi"];

/// Parts of paths of programs that are asked for on every host.
const PROGRAMS: [&[u8]; 11] = [
    b"wp-admin",
    b"wp-content",
    b"wp-includes",
    b"wp-json",
    b"wordpress",
    b"phpmyadmin",
    b"phpunit",
    b"cgi-bin",
    b"boaform",
    b"hnap1",
    b"_ignition",
];

impl Sought {
    /// What a path, as on the wire, is after; `None` for what may well be the app's own. It allocates nothing.
    pub(super) fn by(path: &[u8]) -> Option<Self> {
        // Standards put their own files here.
        if path.starts_with(b"/.well-known/") {
            return None;
        }
        let script = || {
            let dot = memchr::memrchr(b'.', path)?;
            is_one(path.get(dot + 1..)?, &SCRIPTS).then_some(Self::Script)
        };
        path.split(|&byte| byte == b'/').find_map(Self::by_segment).or_else(script)
    }

    /// [`Sought::by`] without programs: what is left has a dot in its path, which most have not.
    pub(super) fn file(path: &[u8]) -> Option<Self> {
        memchr::memchr(b'.', path)?;
        Self::by(path).filter(|sought| *sought != Self::Program)
    }

    fn by_segment(segment: &[u8]) -> Option<Self> {
        match segment.first()? {
            b'.' if is_environment(segment) => Some(Self::Environment),
            b'.' if is_one(segment, &REPOSITORIES) => Some(Self::Repository),
            b'.' => is_one(segment, &HIDDEN).then_some(Self::Hidden),
            _ => is_one(segment, &PROGRAMS).then_some(Self::Program),
        }
    }

    /// What it is, as text says it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Environment => "a file of environment variables",
            Self::Repository => "a folder of version control",
            Self::Hidden => "a hidden file",
            Self::Script => "a script of another language",
            Self::Program => "a program of another language",
        }
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
            Self::Program => false,
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

fn is_environment(segment: &[u8]) -> bool {
    let name = |part: &[u8]| part.eq_ignore_ascii_case(b".env");
    segment.get(..4).is_some_and(name) && matches!(segment.get(4), None | Some(b'.' | b'~' | b'_' | b'-'))
}

fn is_one(text: &[u8], known: &[&[u8]]) -> bool {
    known.iter().any(|one| one.eq_ignore_ascii_case(text))
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
    fn what_scanners_ask_for_is_told_from_what_an_app_may_have() {
        for (path, sought) in [
            ("/.env", Some(Sought::Environment)),
            ("/api/v1/.ENV.local", Some(Sought::Environment)),
            ("/.git/config", Some(Sought::Repository)),
            ("/.ssh/id_rsa", Some(Sought::Hidden)),
            ("/admin/login.php", Some(Sought::Script)),
            ("/wp-admin/setup.php", Some(Sought::Program)),
            ("/.well-known/acme-challenge/x.php", None),
            ("/team/project.git/info/refs", None),
            ("/.environment", None),
            ("/wp-news", None),
            ("/php", None),
            ("/docs", None),
            ("/", None),
            ("", None),
        ] {
            assert_eq!(Sought::by(path.as_bytes()), sought, "{path}");
        }
    }

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
            (Sought::Program, "anything", false),
        ] {
            assert_eq!(sought.is_in(body.as_bytes()), is, "{sought:?} {body}");
        }
    }
}
