//! Whether target and `Host` mean the same authority, and which port is taken off them.
//!
//! It is apart because `CONNECT` has rules of its own, and because an absolute target is written again.
//!
//! Source: `h1.c`, `http.c`, `http_htx.c`, 2.6.

use super::{BAD, Message, Refusal};
use crate::gateway::haproxy::target::{parts, scheme_length};

/// What `CONNECT` needs: a target that names host and port, and a `Host` that means the same. Only `Host` loses the port
/// where it is 80 or 443 (`h1.c`, `h1_validate_connect_authority`).
pub(super) fn tunnel(message: &mut Message, lax: bool) -> Result<(), Refusal> {
    let authority = parts(&message.target).authority(&message.target).to_vec();
    let (host, port) = host_and_port(&authority).filter(|(_, port)| !port.is_empty()).ok_or(BAD)?;
    let Some((_, named)) = message.fields.iter_mut().find(|(name, _)| name == b"host") else { return Ok(()) };
    let is_default = matches!(port, b"80" | b"443");
    let (named_host, named_port) = host_and_port(named).unwrap_or((named, b""));
    let same_port = if named_port.is_empty() { is_default } else { named_port == port };
    if !same_port || !named_host.eq_ignore_ascii_case(host) {
        return if lax { Ok(()) } else { Err(BAD) };
    }
    if is_default && !named_port.is_empty() {
        *named = named_host.to_vec();
    }
    Ok(())
}

/// Host and port, where a colon and nothing but digits end the text (`http.c`, `http_get_host_port`).
fn host_and_port(authority: &[u8]) -> Option<(&[u8], &[u8])> {
    let digits = authority.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let (host, port) = authority.split_at(authority.len() - digits);
    Some((host.strip_suffix(b":")?, port))
}

/// Takes the scheme's own port off an absolute target and off `Host` (RFC 3986 section 6.2.3; `http_htx.c`,
/// `http_scheme_based_normalize`).
pub(super) fn default_port(message: &mut Message) {
    let Some(start) = scheme_length(&message.target) else { return };
    let (scheme, rest) = message.target.split_at(start);
    let end = rest.iter().position(|&b| b == b'/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let port: &[u8] = if scheme.eq_ignore_ascii_case(b"http://") {
        b":80"
    } else if scheme.eq_ignore_ascii_case(b"https://") {
        b":443"
    } else {
        return;
    };
    let Some(host) = authority.strip_suffix(port) else { return };
    let host = host.to_vec();
    message.target = [scheme, &host, path].concat();
    for (_, value) in message.fields.iter_mut().filter(|(name, _)| name == b"host") {
        value.clone_from(&host);
    }
}
