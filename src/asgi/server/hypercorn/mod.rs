//! hypercorn: which releases are modelled, and the way of a request through one.
//!
//! Read in hypercorn 0.14.0 to 0.18.0 (`protocol/h11.py`, `protocol/http_stream.py`, `protocol/ws_stream.py`,
//! `middleware/proxy_fix.py`, `utils.py`, `config.py`) and checked against recordings of 0.18.0. What changed in
//! between: since 0.16 a fault is answered with the status that h11 proposes, not always 400, and there is
//! `ProxyFixMiddleware`; since 0.17 it writes the host as bytes, and bytes behind a websocket handshake get a 400.
//!
//! ```text
//! bytes → h11 → another protocol (h2c, HTTP/2), websocket handshake, or plain request → server name → scope
//!       → ProxyFixMiddleware, if the app is wrapped in it
//! ```

mod handshake;
mod proxy_fix;
mod request;

use std::net::IpAddr;

use super::{Ends, HeaderUse, Model, Modelled, OwnOption, Server};
use crate::asgi::{Outcome, Release};
use crate::forwarded::Verdict;
use proxy_fix::ProxyFix;

/// The newest release that is modelled; a newer one is taken to be like it.
pub(super) const NEWEST: Release = Release::new(0, 18, 0);

/// The oldest release that is modelled.
pub(super) const OLDEST: Release = Release::new(0, 14, 0);

/// What is modelled.
const MODELLED: Modelled = Modelled { name: "hypercorn", oldest: OLDEST, newest: NEWEST };

/// Its own options.
pub(super) const OPTIONS: &[OwnOption] = &[
    OwnOption {
        name: "root-path",
        value: "PATH",
        about: "sets root_path only, slashes at its end taken off; empty",
        in_code: false,
    },
    OwnOption { name: "server-name", value: "HOSTS", about: "answer other Hosts with 404; any Host", in_code: false },
    OwnOption {
        name: "proxy-fix",
        value: "legacy|modern",
        about: "the app is wrapped in ProxyFixMiddleware with this mode (since 0.16); not",
        in_code: true,
    },
    OwnOption {
        name: "trusted-hops",
        value: "COUNT",
        about: "trusted_hops of ProxyFixMiddleware: which entry from the right counts; 1",
        in_code: true,
    },
];

/// What only hypercorn can be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    server_names: Vec<String>,
    proxy_fix: ProxyFix,
}

impl Model for Options {
    fn receive(&self, server: &Server, request: &[u8], ends: &Ends) -> Outcome {
        if let Some(why) = MODELLED.too_old(server.version) {
            return Outcome::Unknown { why };
        }
        match request::receive(server, &self.server_names, request, ends) {
            Outcome::Scope(scope) => self.proxy_fix.apply(*scope, server.version),
            other => other,
        }
    }

    fn trust(&self, _: &Server, _: Option<IpAddr>) -> Verdict {
        self.proxy_fix.verdict()
    }

    fn reads_forwarded(&self) -> bool {
        self.proxy_fix.reads_anything()
    }

    fn reading(&self, server: &Server, name: &str, lines: &[&[u8]], _: bool) -> HeaderUse {
        match MODELLED.too_old(server.version) {
            Some(why) => HeaderUse::Unknown(why),
            None => self.proxy_fix.reading(name, lines),
        }
    }

    fn note(&self, version: Release) -> Option<String> {
        MODELLED.note(version)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        match name {
            "server-name" => self.server_names.extend(value.split(',').map(|name| name.trim().to_owned())),
            "proxy-fix" => self.proxy_fix.set_mode(value)?,
            _ => self.proxy_fix.trusted_hops = value.parse().map_err(|_| "say a number of 0 or more")?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
