//! granian, from the sources of the releases named.

use super::{Note, since};

pub(super) const RELEASES: &[Note] = &[
    since(2, 8, 0, "a Content-Length before Transfer-Encoding does not reach the app; one behind it never did"),
    since(
        2,
        7,
        5,
        "the wrapper reads all lines of X-Forwarded-For and the first of X-Forwarded-Proto, and the scheme only where there \
         is a client",
    ),
    since(2, 7, 2, "subprotocols of a websocket are split at commas"),
    since(2, 7, 0, "an app may answer a websocket handshake itself"),
    since(2, 2, 1, "raw_path is the path as it was sent; before, it was decoded"),
];

pub(super) const WAYS: &[&str] = &[
    "--url-path-prefix goes to root_path alone: the proxy must keep the prefix; requests without it are served as well",
    "without wrap_asgi_with_proxy_headers no forwarding header is read",
    "the ports in client and server are text",
    "an absolute target is cut to its path",
];
