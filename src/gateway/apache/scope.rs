//! What is said for a part of a server: the server itself, a `<Location>`, a `<Directory>`, a `<Proxy>`
//! (`core.c`, `mod_proxy.c`: per-directory configurations and how they are merged, 2.4).

use std::collections::BTreeMap;

use super::header::Change;
use super::mapping::{Matcher, Pass, Redirect};
use super::url::Slashes;
use crate::gateway::{NotUnderstood, Place};

/// `ProxyPassReverse`
#[derive(Clone, Debug)]
pub(super) struct Reverse {
    /// Where it stands.
    pub(super) place: Place,
    /// The directive as written.
    pub(super) text: String,
    /// The path that is put in.
    pub(super) path: String,
    /// The start of the upstream's URL.
    pub(super) url: String,
}

/// What is said for a part of a server.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    /// `ProxyPreserveHost`
    pub(super) preserve_host: Option<bool>,
    /// `ProxyAddHeaders`
    pub(super) add_headers: Option<bool>,
    /// `AllowEncodedSlashes`
    pub(super) slashes: Option<Slashes>,
    /// `UseCanonicalName`
    pub(super) canonical_name: Option<bool>,
    /// `RewriteEngine`
    pub(super) rewrites: Option<bool>,
    /// `ProxyPass` of a `<Location>`
    pub(super) pass: Option<Pass>,
    /// `ProxyPassReverse`
    pub(super) reverses: Vec<Reverse>,
    /// `ProxyPassReverseCookiePath`: the upstream's, and what is put in its place
    pub(super) cookie_paths: Vec<(String, String)>,
    /// `ProxyPassReverseCookieDomain`
    pub(super) cookie_domains: Vec<(String, String)>,
    /// `RequestHeader`
    pub(super) requests: Vec<Change>,
    /// `Header`
    pub(super) responses: Vec<Change>,
    /// `ErrorDocument`
    pub(super) pages: BTreeMap<u16, (String, Place)>,
    /// `ProxyErrorOverride`
    pub(super) overrides_errors: Option<bool>,
    /// `SetEnv`
    pub(super) env: Vec<(String, String)>,
    /// Variables may be set that are not known.
    pub(super) env_open: bool,
    /// `Require all denied` (true) or `granted` (false)
    pub(super) denied: Option<(bool, Place)>,
    /// `Redirect` of a `<Location>`
    pub(super) redirects: Vec<Redirect>,
    /// `DirectoryIndex`
    pub(super) index: Option<Vec<String>>,
    /// What of it is not understood.
    pub(super) doubts: Vec<NotUnderstood>,
}

impl Scope {
    /// Adds what a narrower part says.
    pub(super) fn merge(&mut self, narrower: &Self) {
        fn over<T: Clone>(value: &mut Option<T>, narrower: Option<&T>) {
            if let Some(narrower) = narrower {
                *value = Some(narrower.clone());
            }
        }
        over(&mut self.preserve_host, narrower.preserve_host.as_ref());
        over(&mut self.add_headers, narrower.add_headers.as_ref());
        over(&mut self.slashes, narrower.slashes.as_ref());
        over(&mut self.canonical_name, narrower.canonical_name.as_ref());
        over(&mut self.rewrites, narrower.rewrites.as_ref());
        over(&mut self.pass, narrower.pass.as_ref());
        over(&mut self.overrides_errors, narrower.overrides_errors.as_ref());
        over(&mut self.denied, narrower.denied.as_ref());
        over(&mut self.index, narrower.index.as_ref());
        self.reverses.extend_from_slice(&narrower.reverses);
        self.cookie_paths.extend_from_slice(&narrower.cookie_paths);
        self.cookie_domains.extend_from_slice(&narrower.cookie_domains);
        self.requests.extend_from_slice(&narrower.requests);
        self.responses.extend_from_slice(&narrower.responses);
        self.pages.extend(narrower.pages.clone());
        self.env.extend_from_slice(&narrower.env);
        self.env_open |= narrower.env_open;
        self.redirects.extend_from_slice(&narrower.redirects);
        self.doubts.extend_from_slice(&narrower.doubts);
    }

    /// Everything in it that is not understood.
    pub(super) fn unknown(&self) -> impl Iterator<Item = &NotUnderstood> {
        let changes = self.requests.iter().chain(&self.responses).filter_map(Change::unknown);
        self.doubts.iter().chain(changes).chain(self.pass.iter().filter_map(|pass| pass.doubt.as_ref()))
    }
}

/// A part of a server by its path or its URL.
#[derive(Clone, Debug)]
pub(super) struct Section {
    /// Where it stands.
    pub(super) place: Place,
    /// As it is written.
    pub(super) text: String,
    /// What it is about.
    pub(super) matcher: Matcher,
    /// What it says.
    pub(super) scope: Scope,
}

impl Section {
    /// True if a path of a `<Location>` or `<Directory>` is in it.
    pub(super) fn holds(&self, path: &[u8]) -> bool {
        match &self.matcher {
            Matcher::Regex(pattern) => pattern.is_match(path),
            Matcher::Prefix(prefix) => path
                .strip_prefix(prefix.as_bytes())
                .is_some_and(|rest| prefix.ends_with('/') || matches!(rest.first(), None | Some(b'/'))),
        }
    }

    /// True if a URL starts as a `<Proxy>` says.
    pub(super) fn holds_url(&self, url: &[u8]) -> bool {
        match &self.matcher {
            Matcher::Regex(pattern) => pattern.is_match(url),
            Matcher::Prefix(prefix) => match prefix.split_once('*') {
                Some((start, "")) => url.starts_with(start.as_bytes()),
                Some(_) => super::tree::wildcard(prefix.as_bytes(), url),
                None => url.starts_with(prefix.as_bytes()),
            },
        }
    }
}
