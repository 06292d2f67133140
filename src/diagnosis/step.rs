//! The steps of a client: what it did, what it is expected to do next, and what that settles.
//!
//! This module exists because a page or a redirect is often proven wrong only by the client's next request.

use super::rule::{Next, Step};
use super::{Confidence, Fact, Finding, Ground, fact, prefix, shown};
use crate::exchange::ExchangeId;
use crate::lanes::Source;
use crate::redirect::carries;

/// A request that failed.
#[derive(Debug)]
pub(super) struct Miss {
    /// The exchange.
    pub(super) exchange: ExchangeId,
    /// When that was.
    pub(super) at: u64,
    /// The path it asked for, as on the wire.
    pub(super) path: Vec<u8>,
    /// The path of the page it came from, if it said so.
    pub(super) referer: Option<Vec<u8>>,
    /// True if it never came to the app.
    pub(super) astray: bool,
    /// What was found on it.
    pub(super) said: Vec<Finding>,
}

impl Miss {
    /// What it shows. Of its cookies nothing is remembered; a cookie is never looked for in what came before.
    pub(super) fn came(&self) -> Came<'_> {
        let (page, astray) = (self.referer.as_deref(), self.astray);
        Came { path: &self.path, page, cookie: None, failed: true, redirected: false, astray }
    }
}

/// One redirect, as hashes: enough to see it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hop {
    /// Which exchange it was.
    pub(super) exchange: ExchangeId,
    /// Wall clock in microseconds.
    pub(super) at: u64,
    /// The URL that was asked for.
    pub(super) from: u64,
    /// The URL that it was sent to.
    pub(super) to: u64,
    /// The call whose slash it adds or takes away; `None` for any other redirect.
    pub(super) slash: Option<u64>,
    /// What it has once more than the URL that was asked for: a part of the path, or a parameter; `None` if nothing.
    pub(super) grown: Option<u64>,
}

/// What a request shows of the client's getting on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Came<'a> {
    /// The path it asks for, as on the wire.
    pub(super) path: &'a [u8],
    /// The path of the page it comes from, if it says so.
    pub(super) page: Option<&'a [u8]>,
    /// `Cookie`, as sent.
    pub(super) cookie: Option<&'a [u8]>,
    /// True if the client did not get what it asked for.
    pub(super) failed: bool,
    /// True if it was sent elsewhere.
    pub(super) redirected: bool,
    /// True if it never came to the app: it was not seen there, or the proxy answered by itself.
    pub(super) astray: bool,
}

impl Came<'_> {
    /// What it shows, a few words.
    pub(super) fn said(&self) -> String {
        let path = shown::bytes(self.path);
        let how = if self.failed { "failed" } else { "was sent elsewhere" };
        format!("{path} was asked for next, and {how}")
    }

    /// True if this is the step that was waited for.
    pub(super) fn is(&self, next: &Next) -> bool {
        let same_page = match (&next.referer, self.page) {
            (Some(expected), Some(page)) => expected.as_slice() == page,
            _ => true,
        };
        match &next.step {
            Step::Paths(paths) => self.failed && same_page && paths.iter().any(|path| path == self.path),
            Step::Astray(paths) => {
                self.failed && self.astray && same_page && paths.iter().any(|path| path == self.path)
            }
            Step::Outside(prefix) => {
                self.failed && same_page && self.page.is_some() && prefix::below(self.path, prefix).is_none()
            }
            Step::WithoutCookie { name, then } => {
                let same_visitor = self.page.is_some() || then.as_deref() == Some(self.path);
                let without = !self.cookie.is_some_and(|cookie| carries(cookie, name));
                same_visitor && without && (self.failed || self.redirected)
            }
        }
    }
}

/// A finding that the client's next step will settle.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    /// The exchange that it is about.
    pub(super) exchange: ExchangeId,
    /// When that was.
    pub(super) at: u64,
    /// The client's step that settles it; `None` if only another exchange with the same cause does.
    pub(super) next: Option<Next>,
    /// Which finding it settles.
    pub(super) code: &'static str,
    /// The findings that were given for the exchange.
    pub(super) said: Vec<Finding>,
    /// The finding itself, if it was held back until now.
    pub(super) held: Option<Finding>,
}

impl Expected {
    /// All findings of the exchange, now that what was waited for has come: the exchange given, which says this.
    pub(super) fn settled(mut self, step: ExchangeId, said: &str) -> Vec<Finding> {
        self.said.extend(self.held);
        for finding in self.said.iter_mut().filter(|finding| finding.code == self.code) {
            finding.missing = None;
            finding.facts.push(Fact {
                source: Source::Seen,
                exchange: Some(step),
                place: None,
                what: said.to_owned(),
                ground: Ground::Neighbour,
            });
            if fact::are_independent(&finding.facts) {
                finding.confidence = Confidence::High;
            }
        }
        self.said
    }
}
