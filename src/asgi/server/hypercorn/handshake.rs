//! The websocket handshake as hypercorn reads it; of wsproto it takes the splitting at commas.
//!
//! Source of the rules: hypercorn 0.18 `protocol/ws_stream.py` (`Handshake`), wsproto 1.3 `utilities.py`
//! (`split_comma_header`). The key is not looked at.

use super::request::closed;
use crate::asgi::Outcome;
use crate::asgi::server::request::Request;
use crate::forwarded::strip;

/// What the headers of a handshake say; of each header its last line.
pub(super) struct Handshake {
    has_key: bool,
    asks_for_upgrade: bool,
    upgrade: Vec<u8>,
    version: Option<Vec<u8>>,
    pub(super) subprotocols: Vec<String>,
}

impl Handshake {
    /// Reads the headers. Every line of a list header must be ASCII: nobody catches what decoding raises.
    pub(super) fn of(request: &Request) -> Result<Self, Outcome> {
        for name in ["connection", "sec-websocket-extensions", "sec-websocket-protocol"] {
            if request.all(name).any(|value| !value.is_ascii()) {
                return Err(closed(&format!("it fails on a {name} header that is not ASCII")));
            }
        }
        let last = |name| request.all(name).next_back();
        let connection = last("connection").map(split_at_commas).unwrap_or_default();
        Ok(Self {
            has_key: last("sec-websocket-key").is_some(),
            asks_for_upgrade: connection.iter().any(|token| token.eq_ignore_ascii_case("upgrade")),
            upgrade: last("upgrade").unwrap_or_default().to_vec(),
            version: last("sec-websocket-version").map(<[u8]>::to_vec),
            subprotocols: last("sec-websocket-protocol").map(split_at_commas).unwrap_or_default(),
        })
    }

    /// `is_valid`; a version above 1.1 spares key and `Connection`.
    pub(super) fn is_valid(&self, http_version: &str) -> bool {
        let upgrades = self.has_key && self.asks_for_upgrade && self.upgrade.eq_ignore_ascii_case(b"websocket");
        (http_version > "1.1" || (http_version == "1.1" && upgrades)) && self.version.as_deref() == Some(b"13")
    }
}

/// `split_comma_header` of a value that is ASCII; an empty value is one empty item.
fn split_at_commas(value: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(value).split(',').map(|item| strip(item).to_owned()).collect()
}
