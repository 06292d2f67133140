//! A target taken apart: `httptools.parse_url`, which is `http_parser_parse_url` of http-parser 2.9 in strict mode.
//!
//! uvicorn hands it the target that llhttp has accepted. It is stricter about bytes and hosts; a target without a path
//! comes back with none.

use crate::asgi::Release;
use crate::asgi::server::request::path_and_query;

/// Longest target that `parse_url` keeps whole; since 0.8 it refuses a longer one, before it cut it without a word.
const LONGEST: usize = 0xffff;

/// Why there is no path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoPath {
    /// `parse_url` fails, or gives no path.
    Refused(&'static str),
    /// What it gives is not modelled.
    Unknown(&'static str),
}

/// Path and query of a target; scheme, host and fragment go unused.
pub(super) fn split(target: &[u8], httptools: Release) -> Result<(&[u8], &[u8]), NoPath> {
    if target.len() > LONGEST {
        return Err(if httptools < Release::new(0, 8, 0) {
            NoPath::Unknown("httptools before 0.8 cuts a target of more than 65535 bytes short")
        } else {
            NoPath::Refused("a target of more than 65535 bytes")
        });
    }
    if !target.iter().all(u8::is_ascii_graphic) {
        return Err(NoPath::Refused("a target with bytes outside printable ASCII"));
    }
    let local = if matches!(target, [b'/' | b'*', ..]) { target } else { behind_host(target)? };
    let end = memchr::memchr(b'#', local).unwrap_or(local.len());
    let (path, query) = path_and_query(local.get(..end).unwrap_or_default());
    if path.is_empty() { Err(NoPath::Refused("a target without a path")) } else { Ok((path, query)) }
}

/// What follows scheme and host of an absolute target.
fn behind_host(target: &[u8]) -> Result<&[u8], NoPath> {
    let rest = behind_scheme(target).ok_or(NoPath::Refused("a target without a path"))?;
    let (authority, local) = rest.split_at(rest.iter().position(|b| matches!(b, b'/' | b'?')).unwrap_or(rest.len()));
    if is_host(authority) { Ok(local) } else { Err(NoPath::Refused("a target with a bad host")) }
}

/// What follows `letters://`.
fn behind_scheme(target: &[u8]) -> Option<&[u8]> {
    let colon = memchr::memchr(b':', target)?;
    let (scheme, rest) = target.split_at(colon);
    let letters = !scheme.is_empty() && scheme.iter().all(u8::is_ascii_alphabetic);
    rest.strip_prefix(b"://").filter(|_| letters)
}

/// `http_parse_host`: an optional `user@`, a name or a bracketed IPv6 address, an optional port up to 65535.
fn is_host(authority: &[u8]) -> bool {
    let host = authority.splitn(2, |&b| b == b'@').last().unwrap_or_default();
    let (name, port) = match memchr::memchr(b']', host) {
        Some(end) if host.starts_with(b"[") => host.split_at(end + 1),
        _ => host.split_at(memchr::memchr(b':', host).unwrap_or(host.len())),
    };
    let name_is_good = match name {
        [b'[', inner @ .., b']'] => is_ipv6(inner),
        _ => !name.is_empty() && name.iter().all(|&b| b.is_ascii_alphanumeric() || b"-.".contains(&b)),
    };
    name_is_good && is_port(port)
}

/// The bytes of an IPv6 address and, behind a `%`, those of a zone.
fn is_ipv6(text: &[u8]) -> bool {
    let percent = memchr::memchr(b'%', text);
    let (address, zone) = text.split_at(percent.unwrap_or(text.len()));
    let zone_byte = |b: &u8| b.is_ascii_alphanumeric() || b"%.-_~".contains(b);
    !address.is_empty()
        && address.iter().all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'))
        && percent.is_none_or(|_| zone.len() > 1 && zone.iter().all(zone_byte))
}

/// Nothing, or a colon and a number up to 65535.
fn is_port(text: &[u8]) -> bool {
    let Some(digits) = text.strip_prefix(b":") else { return text.is_empty() };
    let value = digits.iter().try_fold(0u32, |n, b| {
        let n = n * 10 + char::from(*b).to_digit(10)?;
        (n <= 65_535).then_some(n)
    });
    !digits.is_empty() && value.is_some()
}
