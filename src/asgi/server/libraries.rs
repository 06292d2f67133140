//! The libraries a server stands on: h11, httptools, websockets and others decide what a server accepts.

use crate::asgi::Release;

/// Names of Python packages (lower case) and their releases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Libraries(Vec<(String, Release)>);

impl Libraries {
    /// The libraries whose release some model asks for.
    pub const KNOWN: [&'static str; 8] =
        ["h11", "httptools", "websockets", "wsproto", "uvicorn", "uvicorn-worker", "twisted", "autobahn"];

    /// The release of `name`, if known.
    pub fn get(&self, name: &str) -> Option<Release> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, release)| *release)
    }

    /// Notes a release; a later one replaces an earlier one.
    pub fn set(&mut self, name: &str, release: Release) {
        self.0.retain(|(known, _)| known != name);
        self.0.push((name.to_owned(), release));
    }
}
