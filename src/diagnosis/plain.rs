//! Which exchanges no rule can say anything of.
//!
//! This module exists for the path that nearly all traffic takes: whether an exchange is worth judging is asked of every one of
//! them, so it is answered from the lanes alone and allocates nothing. A rule that has to see a healthy exchange says here
//! which.

use super::rules::{sc02, tr02, ws04};
use crate::lanes::{Change, ForwardedField, Lanes, Reading, Rewrite, Source};

/// True if no rule can say anything: it went well, nothing was replaced, nobody is distrusted, and nobody will ask for
/// more on account of it. This is the path that nearly all traffic takes; it allocates nothing.
pub fn is_plain(lanes: &Lanes) -> bool {
    let went_well =
        lanes.answer.status.is_some_and(|status| status == 101 || (200..300).contains(&status) || status == 304);
    let forwarded = &lanes.forwarded;
    let trusted = [&forwarded.trust, &forwarded.without_tap].into_iter().flatten().all(|verdict| verdict.trusted);
    let quiet = forwarded.fields.iter().all(|field| is_quiet(field, lanes));
    let rewritten = matches!(lanes.rewritten.rewrite, Rewrite::NeverReached | Rewrite::Replaced) || loses_query(lanes);
    let telling = is_docs_page(lanes) || is_page_at_mount(lanes) || is_stream(lanes) || sc02::is_suspect(lanes);
    went_well && trusted && quiet && !rewritten && !telling && !lanes.answer.limits_cookie
}

/// True if nothing was done to this forwarding header that a rule would speak of: `Host` is as it was, the scheme was not
/// lost and can be used, and a client that is not on this machine is named.
fn is_quiet(field: &ForwardedField, lanes: &Lanes) -> bool {
    let is = |name: &str| field.name.eq_ignore_ascii_case(name);
    match &field.change {
        Change::Changed(_) if is("host") => false,
        Change::Changed(sent) | Change::Dropped(sent) if is("x-forwarded-proto") => !sent.starts_with(b"https"),
        Change::Absent if is("x-forwarded-for") && lanes.forwarded.source == Source::Seen => {
            lanes.original.peer.is_none_or(|peer| peer.ip().to_canonical().is_loopback())
        }
        _ if is("x-forwarded-for") => tr02::inner_proxy(field, lanes).is_none(),
        _ if is("x-forwarded-proto") && ws04::loses_scheme(lanes) => false,
        _ => !(is("x-forwarded-proto") && matches!(field.reading, Reading::Ignored(_))),
    }
}

/// True for an event stream, of which it matters when it came.
fn is_stream(lanes: &Lanes) -> bool {
    lanes.answer.content_type.as_deref().is_some_and(|kind| kind.starts_with("text/event-stream"))
}

/// True if the client sent a query and the app got none.
pub(super) fn loses_query(lanes: &Lanes) -> bool {
    let is_there = |query: &Option<Vec<u8>>| query.as_ref().is_some_and(|query| !query.is_empty());
    let reached = lanes.rewritten.outgoing.is_some() && lanes.original.source == Source::Seen;
    reached && is_there(&lanes.original.query) && !is_there(&lanes.rewritten.query)
}

/// True for a page that was asked for by the bare prefix: its relative links lead to the level above.
pub(super) fn is_page_at_mount(lanes: &Lanes) -> bool {
    let path = lanes.original.path.as_slice();
    let whole = lanes.rewritten.outgoing.as_deref() == Some(b"/") || lanes.original.prefix.as_bytes() == path;
    let html = lanes.answer.content_type.as_deref().is_some_and(|kind| kind.starts_with("text/html"));
    html && whole && !path.ends_with(b"/")
}

/// True if the path ends like the pages that ask for the schema.
fn is_docs_page(lanes: &Lanes) -> bool {
    let path = lanes.rewritten.outgoing.as_deref().unwrap_or(&lanes.original.path);
    path.ends_with(b"/docs") || path.ends_with(b"/redoc")
}
