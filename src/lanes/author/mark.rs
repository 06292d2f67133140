//! What an answer can bear that says who wrote it, as data: one [`Mark`] a row.
//!
//! This file exists so that knowing one more program is one more row of a table. How far a row may be believed depends on
//! where the answer was seen, because one who stands at the edge cannot tell an app's answer from the proxy's by words
//! that both could write: each row says where it [`Holds`].

use memchr::memmem;

use super::Author;
use crate::exchange::{Cut, Half, ResponseHead};

/// Who writes what bears a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// A proxy or balancer, by the word for it.
    Proxy(&'static str),
    /// The app's server.
    Server(&'static str),
    /// The app, by its framework.
    App(&'static str),
}

impl From<Who> for Author {
    fn from(who: Who) -> Self {
        match who {
            Who::Proxy(name) => Self::Proxy(name),
            Who::Server(name) => Self::Server(name.to_owned()),
            Who::App(name) => Self::App(name),
        }
    }
}

/// Where the answer was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Behind the proxy; or before it, with the Server field of an app's server still on it.
    App,
    /// Before the proxy, and nothing is known of what is behind it.
    Edge,
    /// Before the proxy, and the app is known not to have been asked.
    Unreached,
}

/// Where a mark is enough to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// It names its writer, or has words that only one program has.
    Anywhere,
    /// Proxies could write it as well.
    AtApp,
    /// An app could write it as well, but hardly would.
    AtEdge,
    /// An app may well write it.
    Unreached,
}

impl Holds {
    fn at(self, place: Place) -> bool {
        match self {
            Self::Anywhere => true,
            Self::AtApp => place == Place::App,
            Self::AtEdge => place != Place::App,
            Self::Unreached => place == Place::Unreached,
        }
    }
}

/// What the body must be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Text {
    /// Anything.
    Any,
    /// Nothing.
    Empty,
    /// These bytes and no more.
    Whole(&'static [u8]),
    /// These bytes, and anything behind them.
    Starts(&'static [u8]),
    /// These bytes, near the beginning.
    Has(&'static [u8]),
    /// A page made from a template: the first part, the status in digits, anything, the last part.
    Page(&'static [u8], &'static [u8]),
    /// The words of the status and no more: `Bad Gateway`.
    Reason,
}

/// What a header field must be. Names in lower case.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sign {
    /// There is none of this name.
    Absent(&'static str),
    /// There is one.
    Present(&'static str),
    /// Exactly one of this name, with exactly this value.
    Only(&'static str, &'static [u8]),
    /// The first of this name starts so, case ignored.
    Starts(&'static str, &'static [u8]),
    /// The first of the one name stands before the first of the other, if there is such a one.
    Before(&'static str, &'static str),
}

/// An answer that is like this in all parts is by this one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    who: Who,
    holds: Holds,
    status: (u16, u16),
    body: Text,
    signs: &'static [Sign],
}

/// One row. `status` is the lowest and the highest that it has been seen with.
pub(super) const fn mark(who: Who, holds: Holds, status: (u16, u16), body: Text, signs: &'static [Sign]) -> Mark {
    Mark { who, holds, status, body, signs }
}

/// Any status.
pub(super) const ALL: (u16, u16) = (100, 599);

/// The status of an error.
pub(super) const ERRORS: (u16, u16) = (400, 599);

/// The status of a redirect or an error: what servers have pages of their own for.
pub(super) const PAGES: (u16, u16) = (300, 599);

/// This status alone.
pub(super) const fn only(status: u16) -> (u16, u16) {
    (status, status)
}

/// The first row that the answer of this half bears, among those that hold at the place.
pub(super) fn find(table: &[Mark], half: &Half, place: Place) -> Option<Who> {
    let head = half.response.as_ref()?;
    table.iter().find(|mark| mark.holds.at(place) && mark.is_on(half, head)).map(|mark| mark.who)
}

/// How far into a body a word is looked for: error pages are short.
const LOOKED_AT: usize = 2048;

impl Mark {
    fn is_on(&self, half: &Half, head: &ResponseHead) -> bool {
        let (lowest, highest) = self.status;
        (lowest..=highest).contains(&head.status())
            && self.signs.iter().all(|sign| sign.is_on(head))
            && self.body.is_of(half, head)
    }
}

impl Text {
    fn is_of(self, half: &Half, head: &ResponseHead) -> bool {
        let body = &half.response_body;
        let whole = || Some(&*body.kept).filter(|_| body.cut == Cut::No);
        match self {
            Self::Any => true,
            Self::Empty => body.total == 0,
            Self::Whole(text) => whole() == Some(text),
            Self::Starts(text) => body.kept.starts_with(text),
            Self::Has(text) => {
                let start = body.kept.get(..LOOKED_AT).unwrap_or(&body.kept);
                memmem::find(start, text).is_some()
            }
            Self::Page(start, end) => whole().is_some_and(|page| {
                let rest = page.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
                rest.is_some_and(|rest| rest.starts_with(head.status().to_string().as_bytes()))
            }),
            Self::Reason => {
                let known = http::StatusCode::from_u16(head.status()).ok().and_then(|status| status.canonical_reason());
                whole().is_some_and(|body| {
                    !body.is_empty() && (known.is_some_and(|words| body == words.as_bytes()) || body == head.reason())
                })
            }
        }
    }
}

impl Sign {
    fn is_on(self, head: &ResponseHead) -> bool {
        match self {
            Self::Absent(name) => head.get(name).is_none(),
            Self::Present(name) => head.get(name).is_some(),
            Self::Only(name, value) => head.fields().all(name).eq([value]),
            Self::Starts(name, start) => head.get(name).is_some_and(|value| starts(value, start)),
            Self::Before(first, then) => {
                let place = |name: &str| head.fields().position(|field| field.is(name));
                place(first).is_some_and(|first| place(then).is_none_or(|then| first < then))
            }
        }
    }
}

/// True if `value` starts with `start`, case ignored.
pub(super) fn starts(value: &[u8], start: &[u8]) -> bool {
    value.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}
