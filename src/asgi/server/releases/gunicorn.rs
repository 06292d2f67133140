//! gunicorn, from its changelog and source.

use super::{Note, since};

pub(super) const RELEASES: &[Note] = &[since(24, 0, 0, "the worker class asgi, and --root-path for it")];

pub(super) const WAYS: &[&str] = &[
    "-k asgi: --root-path goes to root_path alone: the proxy must keep the prefix",
    "-k asgi: the scheme is read of a believed peer, the client never; headers that contradict each other are answered 400",
    "-k asgi: the peer of a unix socket is always believed",
    "-k uvicorn_worker.UvicornWorker: uvicorn serves, and is told --forwarded-allow-ips alone; --root-path and SCRIPT_NAME \
     do not reach it",
];
