//! A request as one of uvicorn's two HTTP protocols hands it on.

use super::release::Rules;
use crate::asgi::Outcome;
use crate::asgi::server::request::{Line, Request, strip, values};

/// A request that was read, its target split as the protocol splits it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Arrived {
    pub(super) request: Request,
    pub(super) path: Vec<u8>,
    pub(super) query: Vec<u8>,
    pub(super) call: Call,
}

/// Who is called with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// The app, as for any request.
    App,
    /// The websocket library.
    WebSocket,
    /// Nobody: before 0.19, a request to change to any other protocol is answered with 400.
    Nobody,
}

/// True if the headers ask for a websocket: the last `Upgrade` says so, and the last `Connection` (before 0.19: any)
/// lists `upgrade`.
pub(super) fn asks_for_websocket(lines: &[Line], rules: &Rules) -> bool {
    let websocket = values(lines, "upgrade").next_back().is_some_and(|value| value.eq_ignore_ascii_case(b"websocket"));
    websocket && asks_for_upgrade(lines, rules)
}

/// True if `Connection` lists `upgrade`.
pub(super) fn asks_for_upgrade(lines: &[Line], rules: &Rules) -> bool {
    let lists = |value: &[u8]| value.split(|&b| b == b',').any(|item| strip(item).eq_ignore_ascii_case(b"upgrade"));
    if rules.serves_other_upgrades() {
        values(lines, "connection").next_back().is_some_and(lists)
    } else {
        values(lines, "connection").any(lists)
    }
}

/// What becomes of a head that is not all there.
pub(super) fn waiting() -> Outcome {
    Outcome::Closed { why: "the head is not complete: uvicorn waits for the rest, and answers nothing".to_owned() }
}
