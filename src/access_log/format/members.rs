//! Lines that are JSON, read by their keys.
//!
//! This file exists because Caddy nests, Traefik leaves members out, and a log shipper puts them in an order of its own: what
//! does not follow a template is looked up by name. Nothing here needs UTF-8 or a JSON that is otherwise without fault, since
//! nginx under `escape=json` copies bytes as they came.

use super::clock::Times;
use super::field::{Class, Field, variable};
use super::{Unread, UnreadReason};
use crate::access_log::Escape;
use crate::access_log::record::Record;
use crate::access_log::search::find_quote;

/// Objects within each other that are looked into.
const DEEPEST: usize = 6;

/// Which member says what, for a format that says so: by the keys that lead to it.
#[derive(Clone, Debug)]
pub(super) struct Keys(Box<[(Path, Field, Class)]>);

type Path = Box<[Box<[u8]>]>;

impl Keys {
    /// The keys of a format that is a JSON object whose members are variables; `None` if it is none. A member that is made
    /// of several is left out.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        let mut keys = Vec::new();
        let read = each(text, |path, value| {
            let Some(name) = value.text.strip_prefix(b"$") else { return };
            let name = name.strip_prefix(b"{").and_then(|name| name.strip_suffix(b"}")).unwrap_or(name);
            let (field, class) = variable(name);
            if field != Field::Other {
                keys.push((path.iter().map(|key| Box::from(*key)).collect(), field, class));
            }
        });
        (read.is_ok() && !keys.is_empty()).then(|| Self(keys.into()))
    }

    fn find(&self, path: &[&[u8]]) -> (Field, Class) {
        let is = |known: &Path| known.iter().map(|key| &**key).eq(path.iter().copied());
        let known = self.0.iter().find(|(known, ..)| is(known));
        known.map_or((Field::Other, Class::Text), |&(_, field, class)| (field, class))
    }
}

/// What members are called that are no variables of nginx. Keys within others are written with a point between.
const KNOWN: [(&str, &str); 58] = [
    ("time", "any_time"),
    ("timestamp", "any_time"),
    ("@timestamp", "any_time"),
    ("ts", "any_time"),
    ("date", "any_time"),
    ("client", "any_client"),
    ("client_ip", "any_client"),
    ("clientip", "any_client"),
    ("remote_ip", "any_client"),
    ("ip", "any_client"),
    ("user", "remote_user"),
    ("user_id", "remote_user"),
    ("method", "request_method"),
    ("verb", "request_method"),
    ("path", "request_uri"),
    ("url", "request_uri"),
    ("protocol", "server_protocol"),
    ("proto", "server_protocol"),
    ("bytes", "body_bytes_sent"),
    ("size", "body_bytes_sent"),
    ("body_bytes", "body_bytes_sent"),
    ("referer", "http_referer"),
    ("referrer", "http_referer"),
    ("http_referrer", "http_referer"),
    ("agent", "http_user_agent"),
    ("user_agent", "http_user_agent"),
    ("useragent", "http_user_agent"),
    ("vhost", "server_name"),
    ("xff", "http_x_forwarded_for"),
    ("x_forwarded_for", "http_x_forwarded_for"),
    ("rt", "request_time"),
    ("duration", "request_time"),
    ("urt", "upstream_response_time"),
    ("uht", "upstream_header_time"),
    ("uct", "upstream_connect_time"),
    ("us", "upstream_status"),
    // Traefik
    ("ClientHost", "remote_addr"),
    ("ClientUsername", "remote_user"),
    ("RequestMethod", "request_method"),
    ("RequestPath", "request_uri"),
    ("RequestProtocol", "server_protocol"),
    ("RequestHost", "host"),
    ("RequestScheme", "scheme"),
    ("DownstreamStatus", "status"),
    ("DownstreamContentSize", "body_bytes_sent"),
    ("Duration", "duration_ns"),
    ("OriginDuration", "upstream_took_ns"),
    ("OriginStatus", "upstream_status"),
    ("ServiceAddr", "upstream_addr"),
    ("request_User-Agent", "http_user_agent"),
    ("request_Referer", "http_referer"),
    ("downstream_Location", "sent_http_location"),
    // Caddy
    ("request.client_ip", "remote_addr"),
    ("request.uri", "request_uri"),
    ("request.headers.User-Agent", "http_user_agent"),
    ("request.headers.Referer", "http_referer"),
    ("request.headers.X-Forwarded-For", "http_x_forwarded_for"),
    ("resp_headers.Location", "sent_http_location"),
];

/// The variable that a member of this path is, as far as its name tells.
pub(super) fn meaning(path: &[&[u8]]) -> Option<&'static str> {
    let named = |path: &[&[u8]]| {
        let is = |name: &str| name.as_bytes().split(|&byte| byte == b'.').eq(path.iter().copied());
        KNOWN.iter().find(|(name, _)| is(name)).map(|(_, variable)| *variable)
    };
    let in_headers = path.iter().rev().skip(1).any(|key| key.ends_with(b"headers"));
    // The name alone says it in any object but one of headers, in which names are the client's.
    named(path).or_else(|| path.last().filter(|_| !in_headers && path.len() > 1).and_then(|last| named(&[last])))
}

fn lookup(path: &[&[u8]], keys: Option<&Keys>) -> (Field, Class) {
    let last = path.last().copied().unwrap_or_default();
    if let Some(keys) = keys {
        return keys.find(path);
    }
    match meaning(path) {
        Some(name) => variable(name.as_bytes()),
        None if path.len() == 1 || path.first() == Some(&&b"request"[..]) && path.len() == 2 => variable(last),
        None => (Field::Other, Class::Text),
    }
}

/// Reads a line by its keys: by these, or by those that are known.
pub(super) fn read<'a>(
    line: &'a [u8],
    keys: Option<&Keys>,
    escape: Escape,
    times: &mut Times<'_>,
    record: &mut Record<'a>,
) -> Result<(), Unread> {
    let mut wrong = None;
    let result = each(line, |path, value| {
        let (field, class) = lookup(path, keys);
        let missing = value.text == b"null" && !value.quoted;
        if field == Field::Other || missing {
            return;
        }
        if !class.whole(field, value.text, escape, times, record) {
            let reason = match class {
                Class::Status => UnreadReason::Status,
                Class::Local | Class::Iso | Class::Epoch | Class::AnyTime => UnreadReason::Time,
                _ => UnreadReason::Json,
            };
            wrong = wrong.or(Some(Unread { reason, column: value.column }));
        }
    });
    let says_nothing = record.status == 0 && record.request.line.is_empty() && record.request.target.is_empty();
    match (result, wrong) {
        (Err(column), _) => Err(Unread { reason: UnreadReason::Json, column }),
        (Ok(()), Some(unread)) => Err(unread),
        (Ok(()), None) if says_nothing => Err(Unread { reason: UnreadReason::Json, column: 0 }),
        (Ok(()), None) => Ok(()),
    }
}

/// The value of a member: a text without its quotes and still escaped, a number, or a word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'a> {
    pub(super) text: &'a [u8],
    pub(super) quoted: bool,
    /// Where it begins in the line.
    pub(super) column: usize,
}

/// Hands over every member that is a text, a number or a word, with the keys that lead to it; of a list its first element.
///
/// # Errors
/// The column at which the line is no JSON object.
pub(super) fn each<'a>(line: &'a [u8], mut take: impl FnMut(&[&'a [u8]], Value<'a>)) -> Result<(), usize> {
    let mut reader = Reader { line, at: 0 };
    let mut path: Vec<&'a [u8]> = Vec::with_capacity(DEEPEST + 1);
    reader.expect(b'{')?;
    loop {
        match reader.peek() {
            Some(b',') => reader.at += 1,
            Some(b'}') => {
                reader.at += 1;
                if path.pop().is_none() {
                    return reader.end();
                }
            }
            Some(b'"') => {
                path.push(reader.text()?);
                reader.expect(b':')?;
                if reader.peek() == Some(b'{') && path.len() < DEEPEST {
                    reader.at += 1;
                    continue;
                }
                if let Some(value) = reader.value()? {
                    take(&path, value);
                }
                path.pop();
            }
            _ => return Err(reader.at),
        }
    }
}

struct Reader<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// The next byte that is no space.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.line.get(self.at..)?;
        self.at += rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.line.get(self.at).copied()
    }

    fn expect(&mut self, byte: u8) -> Result<(), usize> {
        if self.peek() != Some(byte) {
            return Err(self.at);
        }
        self.at += 1;
        Ok(())
    }

    /// Nothing but spaces is left.
    fn end(&mut self) -> Result<(), usize> {
        self.peek().map_or(Ok(()), |_| Err(self.at))
    }

    /// What stands in quotes.
    fn text(&mut self) -> Result<&'a [u8], usize> {
        let start = self.at + 1;
        let rest = self.line.get(start..).unwrap_or_default();
        let end = find_quote(rest).ok_or(self.line.len())?;
        self.at = start + end + 1;
        Ok(rest.get(..end).unwrap_or_default())
    }

    fn value(&mut self) -> Result<Option<Value<'a>>, usize> {
        match self.peek() {
            Some(b'"') => {
                let column = self.at + 1;
                self.text().map(|text| Some(Value { text, quoted: true, column }))
            }
            Some(b'[' | b'{') => self.nested(),
            Some(_) => {
                let rest = self.line.get(self.at..).unwrap_or_default();
                let end = rest.iter().position(|byte| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace());
                let (column, text) = (self.at, rest.get(..end.unwrap_or(rest.len())).unwrap_or_default());
                self.at += text.len();
                if text.is_empty() { Err(column) } else { Ok(Some(Value { text, quoted: false, column })) }
            }
            None => Err(self.at),
        }
    }

    /// A list, or an object that is too deep: its first element if that is a text, and all of it skipped.
    fn nested(&mut self) -> Result<Option<Value<'a>>, usize> {
        let is_list = self.peek() == Some(b'[');
        let (mut depth, mut first) = (0_usize, None);
        loop {
            match self.peek() {
                Some(b'[' | b'{') => {
                    depth += 1;
                    self.at += 1;
                }
                Some(b']' | b'}') => {
                    depth -= 1;
                    self.at += 1;
                    if depth == 0 {
                        return Ok(first);
                    }
                }
                Some(b'"') => {
                    let column = self.at + 1;
                    let text = self.text()?;
                    if is_list && depth == 1 && first.is_none() {
                        first = Some(Value { text, quoted: true, column });
                    }
                }
                Some(_) => self.at += 1,
                None => return Err(self.at),
            }
        }
    }
}
