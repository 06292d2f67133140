//! What httptools 0.9 (llhttp 9) accepts, and how uvicorn's `HttpToolsProtocol` splits it.
//!
//! Source of the rules: llhttp's `src/llhttp/{http,url,constants}.ts`, `http_parser_parse_url` (which httptools calls
//! for the target), uvicorn `httptools_impl.py`; checked against the library.

use super::request::{self, Line, Request, Target, is_token, refused};
use crate::asgi::Outcome;
use crate::exchange::RequestHead;

/// The methods llhttp takes over HTTP/1.0 and 1.1, upper case only.
const METHODS: &str = "DELETE GET HEAD POST PUT CONNECT OPTIONS TRACE COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH \
                       UNLOCK BIND REBIND UNBIND ACL REPORT MKACTIVITY CHECKOUT MERGE M-SEARCH NOTIFY SUBSCRIBE \
                       UNSUBSCRIBE PATCH PURGE MKCALENDAR LINK UNLINK SOURCE QUERY";

const BARE_LINE_FEED: &str = "httptools: a line feed without carriage return";

/// Reads a head as httptools does.
pub(super) fn read(head: &RequestHead, root_path: &str) -> Result<Request, Outcome> {
    let method = head.method();
    if !METHODS.split(' ').any(|known| known.as_bytes() == method) {
        return Err(refused("httptools: a method it does not know"));
    }
    if !head.as_bytes().split(|&b| b == b'\n').next().is_some_and(|line| line.ends_with(b"\r")) {
        return Err(refused(BARE_LINE_FEED));
    }
    let raw = without_spaces(head.target());
    check_target(raw, method == b"CONNECT")?;
    let lines = request::raw_lines(head).map(read_line).collect::<Result<Vec<_>, _>>()?;
    check_lengths(&lines)?;
    let websocket = request::asks_for_websocket(&lines);
    check_codings(&lines)?;
    let target = if websocket { Target::whole(raw) } else { split(raw)? };
    if !websocket && !root_path.is_ascii() {
        return Err(refused("--root-path is not ASCII: uvicorn fails while httptools reads the head"));
    }
    Ok(Request { method: method.to_vec(), version: head.version(), target, lines, websocket })
}

/// llhttp skips any number of spaces before the target and behind it, and around a coding.
fn without_spaces(mut text: &[u8]) -> &[u8] {
    while let [b' ', rest @ ..] | [rest @ .., b' '] = text {
        text = rest;
    }
    text
}

/// The state machine of llhttp's `url.ts`: origin form, `*`, or `scheme://authority…`; authority first for CONNECT.
fn check_target(target: &[u8], connect: bool) -> Result<(), Outcome> {
    let odd = || refused("httptools: a target it does not take");
    if !target.iter().all(u8::is_ascii_graphic) {
        return Err(refused("httptools: the target has bytes outside printable ASCII"));
    }
    let authority = match target {
        _ if connect => target,
        // In path, query and fragment anything printable may stand.
        [b'/' | b'*', ..] => return Ok(()),
        _ => behind_scheme(target).ok_or_else(odd)?,
    };
    let (authority, _) = split_authority(authority);
    let good = authority.iter().all(|&b| is_authority_byte(b)) && memchr::memmem::find(authority, b"@@").is_none();
    if good { Ok(()) } else { Err(odd()) }
}

/// What follows `letters://`.
fn behind_scheme(target: &[u8]) -> Option<&[u8]> {
    let colon = memchr::memchr(b':', target)?;
    let (scheme, rest) = target.split_at(colon);
    let letters = !scheme.is_empty() && scheme.iter().all(u8::is_ascii_alphabetic);
    rest.strip_prefix(b"://").filter(|_| letters)
}

/// `USERINFO_CHARS`, brackets and the `@` between.
fn is_authority_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-_.!~*'()%;:&=+$,[]@".contains(&b)
}

/// `httptools.parse_url`: path and query; scheme, host and fragment go unused. A target without a path fails.
fn split(target: &[u8]) -> Result<Target, Outcome> {
    let local = if matches!(target, [b'/' | b'*', ..]) { target } else { behind_host(target)? };
    let end = memchr::memchr(b'#', local).unwrap_or(local.len());
    let target = Target::whole(local.get(..end).unwrap_or_default());
    if target.path.is_empty() { Err(refused("httptools: a target without a path")) } else { Ok(target) }
}

/// What follows scheme and host of an absolute target.
fn behind_host(target: &[u8]) -> Result<&[u8], Outcome> {
    let rest = behind_scheme(target).ok_or_else(|| refused("httptools: a target without a path"))?;
    let (authority, local) = split_authority(rest);
    if is_host(authority) { Ok(local) } else { Err(refused("httptools: a target with a bad host")) }
}

fn split_authority(rest: &[u8]) -> (&[u8], &[u8]) {
    rest.split_at(rest.iter().position(|b| matches!(b, b'/' | b'?')).unwrap_or(rest.len()))
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

fn read_line(raw: &[u8]) -> Result<Line, Outcome> {
    let line = raw.strip_suffix(b"\r").ok_or_else(|| refused(BARE_LINE_FEED))?;
    let (name, value) = request::name_and_value(line).ok_or_else(|| refused("httptools: a header without colon"))?;
    if !is_token(name) {
        return Err(refused("httptools: a header name is no token"));
    }
    let start = value.iter().position(|b| !matches!(b, b' ' | b'\t')).unwrap_or(value.len());
    let value = value.get(start..).unwrap_or_default();
    if value.iter().any(|&b| b != b'\t' && b.is_ascii_control()) {
        return Err(refused("httptools: a control byte in a header value"));
    }
    Ok(Line { name: name.to_ascii_lowercase(), value: value.to_vec() })
}

/// One `Content-Length` of digits only, and not together with a `Transfer-Encoding`.
fn check_lengths(lines: &[Line]) -> Result<(), Outcome> {
    let lengths: Vec<_> = request::values(lines, "content-length").map(<[u8]>::trim_ascii_end).collect();
    let coded = request::values(lines, "transfer-encoding").next().is_some();
    let good = match lengths.as_slice() {
        [] => true,
        [one] => !coded && is_u64(one),
        _ => false,
    };
    if good { Ok(()) } else { Err(refused("httptools: bad, repeated or contradicted Content-Length")) }
}

fn is_u64(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_digit) && std::str::from_utf8(text).is_ok_and(|text| text.parse::<u64>().is_ok())
}

/// No coding is empty as a whole line or follows `chunked`, and the last is `chunked`.
///
/// llhttp looks at the last one only when the app has already been called (it gets a scope, but the client gets the
/// 400), and not at all where the connection is to change protocol.
fn check_codings(lines: &[Line]) -> Result<(), Outcome> {
    let values: Vec<_> = request::values(lines, "transfer-encoding").collect();
    let codings = values.join(&b',');
    let codings = codings.split(|&b| b == b',').map(without_spaces);
    let is_chunked = |coding: &[u8]| coding.eq_ignore_ascii_case(b"chunked");
    let first = codings.clone().position(is_chunked);
    let follows = first.is_some_and(|first| first + 1 < codings.clone().count());
    if follows || values.iter().any(|value| value.trim_ascii().is_empty()) {
        return Err(refused("httptools: a bad Transfer-Encoding"));
    }
    if !values.is_empty() && first.is_none() && !changes_protocol(lines) {
        return Err(refused("httptools: the last Transfer-Encoding is not chunked"));
    }
    Ok(())
}

/// llhttp's upgrade flag: an `Upgrade` header, and `upgrade` in a `Connection` header.
fn changes_protocol(lines: &[Line]) -> bool {
    let mut options = request::values(lines, "connection").flat_map(|value| value.split(|&b| b == b','));
    request::values(lines, "upgrade").next().is_some()
        && options.any(|option| option.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
}
