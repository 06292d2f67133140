//! What one may change at a proxy, in words that hold for all of them, and the edits of its configuration that do it.
//!
//! This module exists so that a fix can be tried before it is printed: the change is written into a copy of the user's own
//! files, the copy is read like any configuration, and requests are planned through what comes of it. How a change is
//! written is each program's own matter: `nginx::edit`, `traefik::edit`, `caddy::edit`, `haproxy::edit`, `apache::edit`.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{ConfigError, Files, Gateway, InMemory, Options, Place};

/// A change at a proxy.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Change {
    /// Requests below `prefix` go on with `to` in its place: nothing strips it, the prefix itself keeps it. Neither ends in
    /// a slash. The prefix alone goes on as `to/`, and what merely begins with the same letters is not taken.
    Path {
        /// The public prefix.
        prefix: String,
        /// What the upstream sees in its place.
        to: String,
    },
    /// `Host` goes on as the client sent it, with its port.
    PassHost,
    /// `X-Forwarded-Proto` goes on and says the scheme of the client's request.
    SendScheme,
    /// `X-Forwarded-For` goes on and names the client.
    SendFor,
    /// `X-Forwarded-Prefix` goes on and says this.
    SendPrefix(String),
    /// The forwarding headers of the hop at this address, or in this network, are believed and passed on.
    TrustFront(String),
    /// Websocket handshakes go on as such.
    Upgrade,
    /// `Location` comes back as the app sent it.
    LeaveLocation,
    /// A `Location` that begins at the root gets this prefix on its way back.
    MendLocation(String),
    /// Redirects that the proxy makes by itself name no scheme, host and port.
    RelativeRedirects,
    /// The mount point without its final slash redirects to the one with it.
    SlashAtMount(String),
    /// `Set-Cookie` with the first path comes back with the second.
    CookiePath {
        /// What the app sends.
        from: String,
        /// What the client gets.
        to: String,
    },
    /// Requests below this path go where those of the app's prefix go, path unchanged.
    Take(String),
    /// Requests below this prefix are taken for this host as for those that are named.
    TakeHost {
        /// The host, without a port.
        host: String,
        /// The prefix of the router that takes them for other hosts; empty if it names no path.
        prefix: String,
    },
    /// The query goes on as the client sent it.
    PassQuery,
}

/// One change of a file's text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Edit {
    /// The first line that it is about. A line one past the last appends.
    pub place: Place,
    /// How many lines go, from that one on.
    pub remove: u32,
    /// The lines that come in their place, without line ends.
    pub insert: Vec<String>,
}

/// Why a change cannot be written into a configuration, a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CannotAmend(pub String);

impl CannotAmend {
    /// What there is to say of a change that is made already.
    const ALREADY: &'static str = "already so";

    /// The configuration is so already.
    pub(super) fn already() -> Self {
        Self(Self::ALREADY.to_owned())
    }

    /// True if the configuration is so already.
    pub fn is_already(&self) -> bool {
        self.0 == Self::ALREADY
    }
}

impl From<ConfigError> for CannotAmend {
    fn from(error: ConfigError) -> Self {
        Self(error.to_string())
    }
}

/// What a configuration was read from: enough to read it again with a few lines changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The files that were named.
    pub paths: Vec<PathBuf>,
    /// Everything that was read.
    pub files: InMemory,
    /// How.
    pub options: Options,
}

/// A configuration with changes written into it.
#[derive(Clone, Debug)]
pub struct Amended {
    /// The proxy as it would be.
    pub gateway: Gateway,
    /// What was changed, in the order of files and lines.
    pub edits: Vec<Edit>,
}

/// The files with the edits made. Edits are in the order of their places.
///
/// # Errors
/// Edits that overlap, or lie outside of their file.
pub fn apply(files: &InMemory, edits: &[Edit]) -> Result<InMemory, CannotAmend> {
    let mut out = files.clone();
    for group in edits.chunk_by(|a, b| a.place.file == b.place.file) {
        let Some(path) = group.first().map(|edit| Arc::clone(&edit.place.file)) else { continue };
        let bytes = files.read(&path).map_err(|error| CannotAmend(format!("{}: {error}", path.display())))?;
        out = out.file(&*path, edited(&bytes, group).map_err(|why| CannotAmend(format!("{}: {why}", path.display())))?);
    }
    Ok(out)
}

/// A file's text with edits made, its own line ends kept.
fn edited(bytes: &[u8], edits: &[Edit]) -> Result<Vec<u8>, &'static str> {
    let lines: Vec<&[u8]> = bytes.split_inclusive(|&b| b == b'\n').collect();
    let end: &[u8] = if lines.first().is_some_and(|line| line.ends_with(b"\r\n")) { b"\r\n" } else { b"\n" };
    let mut out = Vec::with_capacity(bytes.len() + 256);
    let mut at = 0;
    for edit in edits {
        let first = (edit.place.line as usize).saturating_sub(1);
        let kept =
            lines.get(at..first).ok_or("two changes are about the same lines, or about one that is not there")?;
        out.extend(kept.concat());
        if !edit.insert.is_empty() && out.last().is_some_and(|&last| last != b'\n') {
            out.extend_from_slice(end);
        }
        for line in &edit.insert {
            out.extend_from_slice(line.as_bytes());
            out.extend_from_slice(end);
        }
        at = first + edit.remove as usize;
    }
    out.extend(lines.get(at..).ok_or("a change reaches past the end")?.concat());
    Ok(out)
}

/// Files that remember what was read of them.
pub(super) struct Recorded<'a> {
    files: &'a dyn Files,
    seen: RefCell<InMemory>,
}

impl<'a> Recorded<'a> {
    pub(super) fn new(files: &'a dyn Files) -> Self {
        Self { files, seen: RefCell::default() }
    }

    pub(super) fn seen(self) -> InMemory {
        self.seen.into_inner()
    }
}

impl Files for Recorded<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let bytes = self.files.read(path)?;
        self.seen.replace_with(|seen| std::mem::take(seen).file(path, bytes.clone()));
        Ok(bytes)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        self.files.list(folder)
    }

    fn variable(&self, name: &str) -> Option<String> {
        let value = self.files.variable(name)?;
        self.seen.replace_with(|seen| std::mem::take(seen).with(name, &value));
        Some(value)
    }
}

/// In a few words, e.g. `strip /api/v1`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path { prefix, to } if to.is_empty() => write!(f, "strip {prefix}"),
            Self::Path { prefix, to } if to == prefix => write!(f, "keep {prefix}"),
            Self::Path { prefix, to } => write!(f, "{to} for {prefix}"),
            Self::PassHost => f.write_str("pass Host on"),
            Self::SendScheme => f.write_str("send X-Forwarded-Proto"),
            Self::SendFor => f.write_str("send X-Forwarded-For"),
            Self::SendPrefix(prefix) => write!(f, "send X-Forwarded-Prefix: {prefix}"),
            Self::TrustFront(address) => write!(f, "trust {address}"),
            Self::Upgrade => f.write_str("pass websocket handshakes on"),
            Self::LeaveLocation => f.write_str("leave Location alone"),
            Self::MendLocation(prefix) => write!(f, "put {prefix} before Location"),
            Self::RelativeRedirects => f.write_str("relative redirects"),
            Self::SlashAtMount(prefix) => write!(f, "redirect {prefix} to {prefix}/"),
            Self::CookiePath { from, to } => write!(f, "cookie path {from} to {to}"),
            Self::Take(path) => write!(f, "take {path}"),
            Self::TakeHost { host, .. } => write!(f, "take requests for {host}"),
            Self::PassQuery => f.write_str("pass the query on"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(line: u32, remove: u32, insert: &[&str]) -> Edit {
        let insert = insert.iter().map(|&line| line.to_owned()).collect();
        Edit { place: Place::new(Path::new("a"), line), remove, insert }
    }

    #[test]
    fn lines_are_replaced_added_and_taken_away() {
        let text = |bytes: &[u8], edits: &[Edit]| edited(bytes, edits).map(|out| String::from_utf8(out).unwrap());
        assert_eq!(text(b"a\nb\nc\n", &[edit(2, 1, &["B"])]).unwrap(), "a\nB\nc\n");
        assert_eq!(
            text(b"a\r\nb", &[edit(1, 0, &["x", "y"]), edit(3, 0, &["z"])]).unwrap(),
            "x\r\ny\r\na\r\nb\r\nz\r\n"
        );
        assert_eq!(text(b"a\nb\nc\n", &[edit(1, 2, &[])]).unwrap(), "c\n");
        assert!(text(b"a\nb\n", &[edit(1, 2, &[]), edit(2, 0, &["x"])]).is_err());
        assert!(text(b"a\n", &[edit(3, 0, &["x"])]).is_err());
        assert!(text(b"a\n", &[edit(1, 5, &[])]).is_err());
    }
}
