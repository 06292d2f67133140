//! The websocket handshake: what the library below uvicorn makes of a request that asks for one.
//!
//! uvicorn writes the head anew (`GET target HTTP/1.1`, names in lower case) and hands it to the library. Source of the
//! rules: uvicorn `protocols/websockets/{auto,websockets_impl,websockets_sansio_impl,wsproto_impl}.py`.

mod grammar;
mod websockets;
mod wsproto;

use super::WebSockets;
use super::arrival::Arrived;
use super::release::Rules;
use crate::asgi::Outcome;
use crate::asgi::server::request::Line;

/// A handshake that the library takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Handshake {
    /// The headers of the scope.
    pub(super) lines: Vec<Line>,
    /// The subprotocols of the scope.
    pub(super) subprotocols: Vec<String>,
}

/// The library that a release takes for `--ws`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Library {
    /// websockets, its older interface.
    Websockets,
    /// websockets, its newer interface.
    SansIo,
    /// wsproto
    Wsproto,
}

impl Library {
    /// Which one, if any.
    pub(super) fn of(choice: WebSockets, rules: &Rules) -> Option<Self> {
        match choice {
            WebSockets::None => None,
            WebSockets::Wsproto => Some(Self::Wsproto),
            WebSockets::WebsocketsSansIo => Some(Self::SansIo),
            WebSockets::Auto if rules.prefers_sansio() => Some(Self::SansIo),
            WebSockets::Auto | WebSockets::Websockets => Some(Self::Websockets),
        }
    }

    /// Shakes hands, up to the point where the app is called and, for what is only checked then, beyond it.
    pub(super) fn shake_hands(self, arrived: &Arrived, rules: &Rules, root_path: &str) -> Result<Handshake, Outcome> {
        match self {
            Self::Websockets => websockets::older(&arrived.request, rules, root_path),
            Self::SansIo => websockets::newer(&arrived.request, rules, root_path),
            Self::Wsproto => wsproto::shake_hands(&arrived.request, rules, root_path),
        }
    }
}

fn refused(status: u16, why: &str) -> Outcome {
    Outcome::Refused { status, why: why.to_owned() }
}

fn closed(why: &str) -> Outcome {
    Outcome::Closed { why: why.to_owned() }
}
