//! hypercorn, from its changelog and source.

use super::{Note, since};

pub(super) const RELEASES: &[Note] = &[
    since(0, 18, 0, "DispatcherMiddleware lets root_path grow and leaves path alone"),
    since(0, 17, 0, "bytes behind a websocket handshake are refused"),
    since(0, 16, 0, "a request that h11 refuses is answered with the status that h11 proposes"),
    since(0, 16, 0, "ProxyFixMiddleware, for X-Forwarded-* (legacy) or Forwarded (modern)"),
];

pub(super) const WAYS: &[&str] = &[
    "--root-path goes to root_path alone, slashes at its end taken off: the proxy must keep the prefix",
    "without ProxyFixMiddleware no forwarding header is read; with it, everybody's are: entry trusted_hops from the right",
    "ProxyFixMiddleware in mode modern reads X-Forwarded-* only where Forwarded is not sent",
    "ProxyFixMiddleware gives a websocket the scheme as it was sent: https, not wss",
];
