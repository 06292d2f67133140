//! granian, from its source.

use super::Note;

pub(super) const RELEASES: &[Note] = &[];

pub(super) const WAYS: &[&str] = &[
    "--url-path-prefix goes to root_path alone: the proxy must keep the prefix; requests without it are served as well",
    "without wrap_asgi_with_proxy_headers no forwarding header is read; with it, X-Forwarded-Proto counts only where \
     X-Forwarded-For gave a client",
    "the ports in client and server are text",
    "an absolute target is cut to its path",
];
