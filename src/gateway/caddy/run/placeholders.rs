//! Placeholders and what they stand for. Caddy 2.11, `replacer.go`, `modules/caddyhttp/replacer.go`.

use std::net::IpAddr;

use ipnet::IpNet;

use super::Walk;
use crate::gateway::caddy::route::{Input, Map};
use crate::gateway::go::{self, Mode, Url};

/// Braces without an end after which Caddy gives up.
const MOST_UNCLOSED: usize = 100;

/// What a placeholder stands for.
pub(super) enum Value {
    Known(Vec<u8>),
    /// There is one of that name, and it has no value.
    Nothing,
    /// There is none of that name.
    Missing,
    /// Only the running program knows it.
    Unknown,
}

/// What becomes of a placeholder that there is none of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    /// It becomes nothing.
    Empty,
    /// It stays as it is.
    Kept,
}

impl Walk<'_> {
    /// `ReplaceAll`: the text with its placeholders filled in; unknown names become nothing.
    pub(super) fn fill(&mut self, text: &str) -> Vec<u8> {
        self.replace(text, Missing::Empty, |_, value| value.unwrap_or_default())
    }

    /// `ReplaceKnown`: the same, with unknown names left as they are.
    pub(super) fn fill_known(&mut self, text: &str) -> Vec<u8> {
        self.replace(text, Missing::Kept, |_, value| value.unwrap_or_default())
    }

    /// `ReplaceFunc`: [`Self::fill`], with each value changed by a function of the placeholder's name.
    pub(super) fn fill_with(&mut self, text: &str, change: impl Fn(&str, Option<Vec<u8>>) -> Vec<u8>) -> Vec<u8> {
        self.replace(text, Missing::Empty, change)
    }

    /// [`Self::fill`] as text; bytes that are none make the answer unknown.
    pub(super) fn fill_text(&mut self, text: &str) -> String {
        let filled = self.fill(text);
        String::from_utf8(filled).unwrap_or_else(|error| {
            self.doubt(format!("{text}: a value that is no UTF-8 is not modelled here"));
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        })
    }

    fn replace(&mut self, text: &str, missing: Missing, change: impl Fn(&str, Option<Vec<u8>>) -> Vec<u8>) -> Vec<u8> {
        if !text.contains(['{', '}']) {
            return text.as_bytes().to_vec();
        }
        let bytes = text.as_bytes();
        let mut out = Vec::with_capacity(text.len());
        let (mut written, mut at, mut unclosed) = (0, 0, 0);
        let slice = |from: usize, to: usize| bytes.get(from..to).unwrap_or_default();
        while let Some(&byte) = bytes.get(at) {
            let escaped = at > 0 && bytes.get(at - 1) == Some(&b'\\');
            if escaped && matches!(byte, b'{' | b'}') {
                out.extend_from_slice(slice(written, at - 1));
                written = at;
                at += 1;
                continue;
            }
            if byte != b'{' {
                at += 1;
                continue;
            }
            if unclosed > MOST_UNCLOSED {
                return Vec::new();
            }
            let Some(end) = closing(bytes, at) else {
                unclosed += 1;
                at += 1;
                continue;
            };
            out.extend_from_slice(slice(written, at));
            let key = text.get(at + 1..end).unwrap_or_default();
            match self.value(key) {
                Value::Known(value) => out.extend(change(key, Some(value))),
                Value::Missing if missing == Missing::Kept => {
                    written = at;
                    at += 1;
                    continue;
                }
                Value::Missing | Value::Nothing => out.extend(change(key, None)),
                Value::Unknown => {
                    self.doubt(format!("{{{key}}} is known to the running Caddy only"));
                }
            }
            at = end + 1;
            written = at;
        }
        out.extend_from_slice(slice(written, bytes.len()));
        out
    }

    /// What a placeholder stands for.
    pub(super) fn value(&mut self, key: &str) -> Value {
        if let Some(name) = key.strip_prefix("env.") {
            return Value::Known(self.config.environment.get(name).cloned().unwrap_or_default().into_bytes());
        }
        if key.starts_with("file.") || key.starts_with("time.now") {
            return Value::Unknown;
        }
        if let Some(name) = key.strip_prefix("system.") {
            return match name {
                "hostname" => Value::Known(self.world.hostname().as_bytes().to_vec()),
                "slash" => Value::Known(b"/".to_vec()),
                "os" => Value::Known(b"linux".to_vec()),
                "wd" | "arch" => Value::Unknown,
                _ => Value::Missing,
            };
        }
        if let Some(value) = self.state.set.get(key) {
            return Value::Known(value.clone());
        }
        match self.request_value(key) {
            Value::Missing => {}
            found => return found,
        }
        for map in self.state.maps.clone() {
            if let Some(index) = map.destinations.iter().position(|name| **name == *key) {
                return self.mapped(&map, index);
            }
        }
        Value::Missing
    }

    /// What `map` makes of a destination.
    fn mapped(&mut self, map: &Map, index: usize) -> Value {
        // A source that names a destination of its own would never end.
        if map.destinations.iter().any(|name| map.source.contains(&format!("{{{name}}}"))) {
            return Value::Unknown;
        }
        let input = self.fill(&map.source);
        for mapping in &map.mappings {
            let Some(Some(output)) = mapping.outputs.get(index) else { continue };
            match &mapping.input {
                Input::Text(text) if text.as_bytes() == input => return Value::Known(self.fill(output)),
                Input::Text(_) => {}
                Input::Regexp(pattern) => {
                    let Some(regexp) = pattern.understood() else { return Value::Unknown };
                    if let Some(text) = regexp.expand(&input, output) {
                        return Value::Known(text);
                    }
                }
            }
        }
        match map.defaults.get(index) {
            Some(default) => Value::Known(self.fill(default)),
            None => Value::Nothing,
        }
    }

    /// What a placeholder of the request stands for.
    fn request_value(&self, key: &str) -> Value {
        let state = &self.state;
        if let Some(name) = key.strip_prefix("http.request.uri.query.") {
            let values = go::parse_query(&state.request.url.raw_query);
            let values = values.into_iter().filter(|(known, _)| known == name.as_bytes()).map(|(_, value)| value);
            return Value::Known(values.collect::<Vec<_>>().join(&b','));
        }
        if let Some(name) = key.strip_prefix("http.request.header.") {
            return Value::Known(state.request.header.values(name).join(&b','));
        }
        if let Some(name) = key.strip_prefix("http.request.cookie.") {
            return Value::Known(cookie(state.request.header.values("Cookie"), name).unwrap_or_default());
        }
        if let Some(name) = key.strip_prefix("http.request.tls.") {
            return match &state.tls {
                None => Value::Missing,
                Some(server_name) if name == "server_name" => Value::Known(server_name.clone().into_bytes()),
                Some(_) => Value::Unknown,
            };
        }
        if let Some(name) = key.strip_prefix("http.vars.") {
            if name == "trusted_proxy" {
                return Value::Known(state.trusted.to_string().into_bytes());
            }
            return state.vars.get(name.as_bytes()).cloned().map_or(Value::Nothing, Value::Known);
        }
        if let Some(name) = key.strip_prefix("http.response.header.") {
            return Value::Known(state.response.values(name).join(&b','));
        }
        if let Some(name) = key.strip_prefix("http.request.") {
            return self.plain_value(name);
        }
        match key {
            "http.shutting_down" => Value::Known(b"false".to_vec()),
            "http.time_until_shutdown" => Value::Nothing,
            _ if unseen(key) => Value::Unknown,
            _ => Value::Missing,
        }
    }

    fn plain_value(&self, name: &str) -> Value {
        let state = &self.state;
        let request = &state.request;
        let (host, port) = go::split_host_port(&request.host).unwrap_or((&request.host, b""));
        let known = |value: &[u8]| Value::Known(value.to_vec());
        let text = |value: String| Value::Known(value.into_bytes());
        match name {
            "method" => known(request.method.as_bytes()),
            "scheme" => known(if state.tls.is_some() { b"https" } else { b"http" }),
            "proto" | "proto_name" => text(format!("HTTP/{}.{}", request.proto.0, request.proto.1)),
            "host" => known(host),
            "port" => Value::Known(number(port)),
            "hostport" => known(&request.host),
            "local" => text(state.local.to_string()),
            "local.host" => text(state.local.ip().to_string()),
            "local.port" => text(state.local.port().to_string()),
            "remote" => text(state.peer.to_string()),
            "remote.host" => text(state.peer.ip().to_string()),
            "remote.port" => text(state.peer.port().to_string()),
            "orig_method" => known(state.original.method.as_bytes()),
            "orig_uri" => known(&state.original.request_uri),
            "duration" | "duration_ms" | "uuid" | "body" | "body_base64" => Value::Unknown,
            _ => {
                if let Some(bits) = name.strip_prefix("remote.host/") {
                    return Value::Known(network(state.peer.ip(), bits));
                }
                if let Some(index) = name.strip_prefix("host.labels.") {
                    return label(host, index);
                }
                if let Some(part) = name.strip_prefix("orig_uri.") {
                    return url_value(&state.original.url, part);
                }
                if name == "uri" {
                    return Value::Known(request.url.request_uri());
                }
                if name == "uri_escaped" {
                    return Value::Known(go::escape(&request.url.request_uri(), Mode::Query));
                }
                name.strip_prefix("uri.").map_or(Value::Missing, |part| url_value(&request.url, part))
            }
        }
    }
}

/// Where the placeholder that begins at `open` ends; an escaped `}` is passed over.
fn closing(bytes: &[u8], open: usize) -> Option<usize> {
    let find = |from: usize| memchr::memchr(b'}', bytes.get(from..)?).map(|at| from + at);
    let mut end = find(open)?;
    while end < bytes.len() - 1 && end > 0 && bytes.get(end - 1) == Some(&b'\\') {
        end = find(end + 1)?;
    }
    Some(end)
}

/// Placeholders that the running Caddy fills in and that no plan can.
fn unseen(key: &str) -> bool {
    let upstream = key.strip_prefix("http.reverse_proxy.").unwrap_or_default();
    key.starts_with("http.auth.")
        || matches!(key, "http.error.id" | "http.error.trace")
        || matches!(upstream, "duration" | "duration_ms" | "retries" | "is_transport_error")
        || ["upstream.latency", "upstream.duration", "upstream.requests", "upstream.max_requests", "upstream.fails"]
            .iter()
            .any(|name| upstream.starts_with(name))
}

/// A port as Caddy writes it: a number without leading zeros, or what it is.
fn number(port: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(port).unwrap_or_default();
    text.parse::<i64>().map_or_else(|_| port.to_vec(), |number| number.to_string().into_bytes())
}

/// The parts of a URL: `path`, `path.dir`, `path.0`, `query` …
fn url_value(url: &Url, part: &str) -> Value {
    let path = &url.path;
    let slash = memchr::memrchr(b'/', path).map_or(0, |at| at + 1);
    let (folder, file) = path.split_at_checked(slash).unwrap_or((&[], path));
    let known = |value: &[u8]| Value::Known(value.to_vec());
    match part {
        "path" => known(path),
        "path_escaped" => Value::Known(go::escape(path, Mode::Query)),
        "path.file" => known(file),
        "path.dir" => known(folder),
        "path.file.ext" => known(extension(file)),
        "path.file.base" => {
            let base = base(path);
            known(base.strip_suffix(extension(file)).unwrap_or(&base))
        }
        "query" => known(&url.raw_query),
        "query_escaped" => Value::Known(go::escape(&url.raw_query, Mode::Query)),
        "prefixed_query" if url.raw_query.is_empty() => known(b""),
        "prefixed_query" => Value::Known([b"?", url.raw_query.as_slice()].concat()),
        _ => {
            let Some(index) = part.strip_prefix("path.").and_then(|index| index.parse::<usize>().ok()) else {
                return Value::Missing;
            };
            let path = path.strip_prefix(b"/").unwrap_or(path);
            known(path.split(|&byte| byte == b'/').nth(index).unwrap_or_default())
        }
    }
}

/// `path.Ext`: from the last dot of the last part on.
fn extension(file: &[u8]) -> &[u8] {
    memchr::memrchr(b'.', file).and_then(|dot| file.get(dot..)).unwrap_or_default()
}

/// `path.Base`: the last part, slashes at the end aside; `/` for nothing but slashes.
pub(super) fn base(path: &[u8]) -> Vec<u8> {
    if path.is_empty() {
        return b".".to_vec();
    }
    let end = path.iter().rposition(|&byte| byte != b'/').map_or(0, |at| at + 1);
    let trimmed = path.get(..end).unwrap_or_default();
    let start = memchr::memrchr(b'/', trimmed).map_or(0, |at| at + 1);
    match trimmed.get(start..) {
        Some([]) | None => b"/".to_vec(),
        Some(base) => base.to_vec(),
    }
}

/// A label of the host, counted from the right.
fn label(host: &[u8], index: &str) -> Value {
    let Ok(index) = index.parse::<usize>() else { return Value::Missing };
    let labels: Vec<&[u8]> = host.split(|&byte| byte == b'.').collect();
    let label = labels.iter().rev().nth(index).copied().unwrap_or_default();
    Value::Known(lower(label))
}

/// In lower case, as Go's `strings.ToLower` does it: bytes that are no UTF-8 become replacement characters.
pub(super) fn lower(text: &[u8]) -> Vec<u8> {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut out = String::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        out.extend(chunk.valid().chars().map(lower_char));
        out.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    out.into_bytes()
}

/// `unicode.ToLower`: one character for one.
fn lower_char(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        // The only one with two is a dotted I, which Go makes an i.
        (Some(first), Some(_)) => first,
        (None, _) => c,
    }
}

/// The network of an address, with as many bits as are said for its kind: `24` or `24,64`.
fn network(address: IpAddr, bits: &str) -> Vec<u8> {
    let (v4, v6) = bits.split_once(',').map_or((bits, bits), |(v4, v6)| (v4, v6));
    let bits = if address.is_ipv6() { v6 } else { v4 };
    let net = bits.parse::<u8>().ok().and_then(|bits| IpNet::new(address, bits).ok());
    net.map(|net| net.trunc().to_string()).unwrap_or_default().into_bytes()
}

/// The value of a cookie, as `net/http` reads cookies; the name's case is ignored.
fn cookie(lines: &[Vec<u8>], wanted: &str) -> Option<Vec<u8>> {
    let parts = lines.iter().flat_map(|line| line.split(|&byte| byte == b';')).map(go::trim);
    for part in parts {
        let equals = memchr::memchr(b'=', part).unwrap_or(part.len());
        let (name, value) = part.split_at_checked(equals)?;
        let (name, value) = (go::trim(name), value.get(1..).unwrap_or_default());
        let inside = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
        let value = inside.filter(|_| value.len() > 1).unwrap_or(value);
        let fits = |&byte: &u8| (0x20..0x7f).contains(&byte) && !matches!(byte, b'"' | b';' | b'\\');
        if go::is_token(name) && name.eq_ignore_ascii_case(wanted.as_bytes()) && value.iter().all(fits) {
            return Some(value.to_vec());
        }
    }
    None
}
