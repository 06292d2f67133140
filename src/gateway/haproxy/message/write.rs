//! A head written for the server, with what rules have made of it.
//!
//! `Connection` and `TE` are not written as they stand: the connection to the server is kept or closed by the proxy's own
//! settings.
//!
//! Source: `mux_h1.c`, 2.6.

use super::{Message, connection, list};

/// How a connection to a server is to be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::gateway::haproxy) struct Keep {
    /// `option http-server-close` or `option httpclose`, of frontend or backend.
    pub(in crate::gateway::haproxy) close: bool,
    /// `option http-pretend-keepalive` of the backend.
    pub(in crate::gateway::haproxy) pretend: bool,
}

/// Writes a head for the server.
pub(in crate::gateway::haproxy) fn write(message: &Message, keep: Keep) -> Vec<u8> {
    let version: &[u8] = if message.is_11 { b"HTTP/1.1" } else { &message.version };
    let mut out = [&message.method, &b" "[..], &message.target, b" ", version, b"\r\n"].concat();
    let mut line = |name: &[u8], value: &[u8]| out.extend_from_slice(&[name, b": ", value, b"\r\n"].concat());
    let mut upgrade = false;
    let mut closes = keep.close;
    let mut chunked = false;
    for (name, value) in &message.fields {
        match name.as_slice() {
            b"connection" => {
                let (value, asks) = connection_written(value, &mut closes);
                upgrade |= asks;
                if !value.is_empty() {
                    line(name, &value);
                }
            }
            b"te" => {
                if trailers(value) {
                    line(name, b"trailers");
                }
            }
            _ => {
                chunked |= name == b"transfer-encoding";
                line(name, value);
            }
        }
    }
    let closes = closes && !keep.pretend;
    match (upgrade, closes, message.is_11) {
        (false, true, true) => line(b"connection", b"close"),
        // A body in chunks is none of HTTP/1.0, so that the connection cannot outlive it.
        (false, false, false) if !chunked => line(b"connection", b"keep-alive"),
        _ => {}
    }
    out.extend_from_slice(b"\r\n");
    out
}

/// A `Connection` line that a rule may have written, on its way out.
fn connection_written(value: &[u8], closes: &mut bool) -> (Vec<u8>, bool) {
    *closes |= list(value).any(|word| word.eq_ignore_ascii_case(b"close"));
    connection(value)
}

/// True if `TE` asks for trailers, which is all that is let through of it.
fn trailers(value: &[u8]) -> bool {
    memchr::memmem::find(value, b"trailers").is_some_and(|at| matches!(value.get(at + 8), None | Some(b',')))
}
