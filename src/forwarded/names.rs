//! Which headers are forwarding headers.

/// Header names that tell the app about the request as the proxy got it, in the order they are shown.
pub const NAMES: [&str; 12] = [
    "host",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-server",
    "x-real-ip",
    "x-replaced-path",
    "x-original-uri",
    "via",
];
