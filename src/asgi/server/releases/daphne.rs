//! daphne, from its source.

use super::Note;

pub(super) const RELEASES: &[Note] = &[];

pub(super) const WAYS: &[&str] = &[
    "--root-path goes to root_path alone: the proxy must keep the prefix",
    "the header Daphne-Root-Path sets root_path, whoever sends it",
    "--proxy-headers believes everybody, and takes the leftmost entry of X-Forwarded-For, which a client may have written",
    "X-Forwarded-Proto and -Port count only beside X-Forwarded-For",
    "headers with an underscore in their name are dropped",
    "the scope of a websocket has no scheme and no http_version",
];
