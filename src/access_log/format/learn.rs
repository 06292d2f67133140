//! A format made of one line of its log.
//!
//! This file exists because the members of a JSON object say what they are, and so does `rt=0.036` behind what `combined`
//! writes: such a line is as good as the `log_format` that wrote it. What does not say what it is, is skipped, not guessed.

use std::fmt::Write as _;

use super::field::{Field, variable};
use super::members::{self, meaning};
use super::names::{BY_KEY, NAMED};
use super::{Clock, Escape, Format, UnreadReason};

/// Members that one line may have to be learnt from.
const MOST: usize = 100;

/// The format that a line is an example of, if it says so.
pub(super) fn learnt(line: &[u8]) -> Option<Format> {
    if line.trim_ascii_start().starts_with(b"{") { object(line) } else { tail(line) }
}

/// A JSON object. One whose members are all texts and numbers is walked as a template as long as they come in this order.
fn object(line: &[u8]) -> Option<Format> {
    let (mut text, mut copied, mut count, mut flat, mut name) = (Vec::new(), 0, 0, true, "json");
    members::each(line, |path, value| {
        name = match path {
            [b"DownstreamStatus"] => "traefik-json",
            [b"resp_headers", ..] | [b"request", b"proto"] => "caddy",
            _ => name,
        };
        count += 1;
        flat &= path.len() == 1 && value.column >= copied;
        let before = line.get(copied..value.column).unwrap_or_default();
        copied = value.column + value.text.len();
        flat &= !before.contains(&b'$') && !matches!(value.text, b"null" | b"true" | b"false");
        text.extend_from_slice(before);
        let known = path.first().and_then(|key| name_of(key));
        text.extend_from_slice(format!("${{{}}}", known.as_deref().unwrap_or("skipped")).as_bytes());
    })
    .ok()?;
    text.extend_from_slice(line.get(copied..)?);
    let by_key = BY_KEY.contains(&name).then(|| Format::named(name)).flatten();
    if !flat || count == 0 || count > MOST || text.contains(&b'[') {
        return by_key;
    }
    let learnt = Format::compile(&text, Escape::Json).ok();
    learnt.map(|format| format.or_by_known_keys().called(name.to_owned())).or(by_key)
}

/// The variable that a key stands for.
fn name_of(key: &[u8]) -> Option<String> {
    let known = meaning(&[key]).map(str::to_owned);
    known.or_else(|| (variable(key).0 != Field::Other).then(|| String::from_utf8_lossy(key).into_owned()))
}

/// A format with a name, and more behind it.
fn tail(line: &[u8]) -> Option<Format> {
    let mut clock = Clock::default();
    // What has more before its end is tried first.
    for name in ["combined", "vcombined", "vhost", "common"] {
        let format = Format::named(name)?;
        let Err(unread) = format.read(line, &mut clock) else { continue };
        let (head, rest) = line.split_at_checked(unread.column)?;
        if unread.reason != UnreadReason::Literal || format.read(head, &mut clock).is_err() {
            continue;
        }
        let (_, text) = NAMED.iter().find(|(known, _)| *known == name)?;
        let behind = items(rest)?;
        let text = format!("{text}{behind}");
        if NAMED.iter().any(|(_, known)| *known == text) {
            return None;
        }
        let format = Format::compile(text.as_bytes(), Escape::Default).ok()?;
        return Some(format.called(format!("{name}{behind}")));
    }
    None
}

/// The format of what stands behind: ` key="value"`, ` key=value`, ` "value"`, ` [value]`, ` value`.
fn items(line: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(line).ok().filter(|text| !text.contains('$'))?;
    let (mut out, mut rest, mut first) = (String::new(), text, true);
    while !rest.is_empty() {
        let item = rest.strip_prefix(' ')?;
        let (key, value) = keyed(item);
        let (open, close) = match value.chars().next() {
            Some('"') => ("\"", "\""),
            Some('[') => ("[", "]"),
            _ => ("", ""),
        };
        let inside = value.strip_prefix(open)?;
        let end = if close.is_empty() { inside.find(' ').unwrap_or(inside.len()) } else { inside.find(close)? };
        let (value, behind) = inside.split_at_checked(end)?;
        let behind = behind.strip_prefix(close)?;
        if close.is_empty() && (value.is_empty() || value.ends_with(',')) {
            return None;
        }
        let name = match key.strip_suffix(['=', ':']) {
            // Where the user agent is logged already, this is how the upstream's address is abbreviated.
            Some("ua") => "upstream_addr".to_owned(),
            Some("cs") => "upstream_cache_status".to_owned(),
            Some(key) => name_of(key.as_bytes()).unwrap_or_else(|| "skipped".to_owned()),
            None if first && open == "\"" && is_forwarded_for(value) => "http_x_forwarded_for".to_owned(),
            None => "skipped".to_owned(),
        };
        let _ = write!(out, " {key}{open}${name}{close}");
        (rest, first) = (behind, false);
    }
    Some(out)
}

/// `rt=` and what stands behind it; an empty key where there is none.
fn keyed(item: &str) -> (&str, &str) {
    let end = item.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(item.len());
    match item.get(end..) {
        Some(rest) if end > 0 && rest.starts_with(['=', ':']) => item.split_at(end + 1),
        _ => ("", item),
    }
}

/// True for `-` and for addresses, which are what `main` has behind `combined`.
fn is_forwarded_for(value: &str) -> bool {
    value == "-" || value.split(", ").all(|part| part.parse::<std::net::IpAddr>().is_ok())
}
