//! What came back.

use super::Setup;
use super::author::{self, Author};
use crate::exchange::{Exchange, Half, ResponseHead};
use crate::redirect::SetCookie;

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status the client got.
    pub status: Option<u16>,
    /// The status the app gave, where seen.
    pub app_status: Option<u16>,
    /// Who wrote it.
    pub by: Author,
    /// `Location` as the client got it.
    pub location: Option<Vec<u8>>,
    /// `Location` as the app sent it, where seen.
    pub location_at_app: Option<Vec<u8>>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// True if it sets a cookie that is not for all of the host that was asked: it has a `Domain`, a `Path` other than `/`, or
    /// is `Secure`.
    pub limits_cookie: bool,
    /// Microseconds until the exchange ended.
    pub duration: u64,
}

impl Answer {
    /// The answer of an exchange.
    pub(super) fn of(exchange: &Exchange, setup: &Setup) -> Self {
        let outer = exchange.outer();
        let app = exchange.app.as_deref();
        let head = outer.and_then(|half| half.response.as_ref());
        let location = |head: &ResponseHead| head.get("location").map(<[u8]>::to_vec);
        Self {
            status: outer.and_then(Half::status),
            app_status: app.and_then(Half::status),
            by: author::of(exchange, setup),
            location: head.and_then(location),
            location_at_app: app.and_then(|half| half.response.as_ref()).and_then(location),
            content_type: head
                .and_then(|head| head.get("content-type"))
                .map(|value| String::from_utf8_lossy(value).into_owned()),
            limits_cookie: head.is_some_and(limits_cookie),
            duration: outer.map_or(0, |half| half.times.ended),
        }
    }
}

/// Cookies of one answer that are looked at.
const COOKIES: usize = 16;

fn limits_cookie(head: &ResponseHead) -> bool {
    head.fields()
        .all("set-cookie")
        .take(COOKIES)
        .filter_map(SetCookie::parse)
        .any(|cookie| cookie.domain.is_some() || cookie.secure || cookie.path.is_some_and(|path| path != b"/"))
}
