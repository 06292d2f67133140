//! uvicorn, from its changelog and the sources of the releases named.

use super::{Note, since};

pub(super) const RELEASES: &[Note] = &[
    since(0, 53, 0, "believes ::1 by default, not only 127.0.0.1"),
    since(0, 50, 0, "--ws auto takes websockets-sansio"),
    since(0, 49, 0, "repeated X-Forwarded-For lines are joined; the last X-Forwarded-Proto line counts"),
    since(0, 48, 0, "a repeated X-Forwarded-For or X-Forwarded-Proto line is not used at all"),
    since(0, 45, 0, "a port in X-Forwarded-For is read: 192.0.2.1:5 and [::1]:5; before, it was part of the host"),
    since(0, 41, 0, "on a unix socket server is its path; before, None"),
    since(0, 31, 1, "the trust list that gunicorn hands over may be * again"),
    since(
        0,
        31,
        0,
        "the trust list takes networks (10.0.0.0/8); * counts only alone; X-Forwarded-Proto must be exactly http, https, \
         ws or wss",
    ),
    since(0, 28, 0, "a websocket's scheme is X-Forwarded-Proto with http read as ws, so wss stays wss"),
    since(
        0,
        26,
        0,
        "--root-path is put before path and raw_path: the proxy must strip the prefix (Starlette 0.33 or later needed)",
    ),
    since(0, 23, 0, "a websocket's scheme is wss only for X-Forwarded-Proto: https; Traefik's wss becomes ws"),
    since(
        0,
        14,
        0,
        "X-Forwarded-For is read from the right, past the addresses that are trusted; before, the last entry counted",
    ),
];

pub(super) const WAYS: &[&str] = &[
    "--root-path is used verbatim: /api/v1/ gives /api/v1//items, api/v1 a path without a slash at its start",
    "X-Forwarded-Host, -Port and -Prefix, Forwarded and X-Real-IP are read by no release",
    "h11 and httptools differ on absolute targets, fragments and a missing Host",
    "fastapi run starts uvicorn, with the same defaults",
];
