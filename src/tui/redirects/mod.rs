//! The Redirects page: the chains of redirects, the hops of the chosen one with what is wrong with each, and what to change,
//! causes first.
//!
//! What it shows is copied out of the store in `seen`, once for each revision, and written out in the files beside it.

mod act;
mod chain_text;
mod compare_text;
mod fix_text;
mod hop_text;
mod list_text;
mod seen;

pub(super) use act::{act, choose, go, scroll};
pub(super) use chain_text::hops;
pub(super) use compare_text::compare;
pub(super) use fix_text::{fixes, prediction, to_prove};
pub(super) use list_text::chains;
pub(super) use seen::{RedirectsSeen, SeenChain};

use super::row::shown_target;
use crate::lanes::secrets::redact_url;
use crate::lanes::visible::visible;
use crate::redirect::Url;

/// What the page remembers between two frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Redirects {
    /// The number of the chosen chain; `None` for the newest, whichever that is.
    pub(super) chain: Option<u64>,
    /// The chosen hop, counted from 0; `None` for the first that goes wrong.
    pub(super) hop: Option<usize>,
    /// Show circles only.
    pub(super) circles: bool,
    /// Show one hop part by part in place of all hops.
    pub(super) compare: bool,
    /// How far the hops are scrolled.
    pub(super) scroll: usize,
}

/// A URL for the screen, secrets hidden unless asked for.
fn shown_url(url: &Url, reveal: bool) -> String {
    let text = url.to_string();
    if reveal { visible(text.as_bytes()) } else { visible(&redact_url(text.as_bytes())) }
}

/// The same seen from another URL: what is on the same origin by its path alone.
fn shown_from(base: &Url, url: &Url, reveal: bool) -> String {
    if base.same_origin(url) { shown_target(&url.path, url.query.as_deref(), reveal) } else { shown_url(url, reveal) }
}
