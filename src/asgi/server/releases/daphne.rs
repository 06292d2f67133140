//! daphne, from the sources of the releases named.

use super::{Note, since};

pub(super) const RELEASES: &[Note] = &[
    since(4, 2, 2, "a header value with a byte at which Python would split lines is refused"),
    since(4, 1, 0, "a websocket's scope has a root_path"),
];

pub(super) const WAYS: &[&str] = &[
    "--root-path goes to root_path alone: the proxy must keep the prefix",
    "the header Daphne-Root-Path sets root_path, whoever sends it",
    "--proxy-headers believes everybody, and takes the leftmost entry of X-Forwarded-For, which a client may have written",
    "X-Forwarded-Proto and -Port count only beside X-Forwarded-For",
    "headers with an underscore in their name are dropped",
    "the scope of a websocket has no scheme and no http_version",
];
