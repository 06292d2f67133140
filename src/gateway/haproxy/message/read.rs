//! A head read: what is refused, and what of it stays.
//!
//! Source: `h1.c`, `h1_htx.c`, `http_ana.c`, 2.6.

use super::authority::{default_port, tunnel};
use super::{BAD, Message, Refusal, connection, list, trim};
use crate::gateway::haproxy::target::parts;

/// Header lines that are taken at most (`tune.http.maxhdr` less the one that ends the list).
const MOST_FIELDS: usize = 100;

/// Bytes of a head that are taken at most (`tune.bufsize` less `tune.maxrewrite`).
const MOST_BYTES: usize = 16_384 - 1_024;

/// What a head says of its body and its connection.
#[derive(Debug, Default)]
struct Framing {
    length: Option<Vec<u8>>,
    transfer_encoding: bool,
    chunked: bool,
    chunked_last: bool,
    other_coding: bool,
    upgrade_asked: bool,
    websocket: bool,
}

/// Reads a head. With `lax` (`option accept-invalid-http-request`) bytes are taken that are refused otherwise.
pub(in crate::gateway::haproxy) fn read(head: &[u8], lax: bool) -> Result<Message, Refusal> {
    let mut rest = head;
    loop {
        match rest {
            [b'\n', after @ ..] | [b'\r', b'\n', after @ ..] => rest = after,
            [b'\r', _, ..] => return Err(BAD),
            _ => break,
        }
    }
    if rest.len() > MOST_BYTES {
        return Err(BAD);
    }
    let line_end = rest.iter().position(|&b| b == b'\n').ok_or(Refusal::Unfinished)?;
    let (line, after) = rest.split_at(line_end);
    let [method, target, version] = request_line(line.strip_suffix(b"\r").unwrap_or(line), lax)?;
    let is_11 = matches!(version.get(5..), Some([major, _, minor, ..]) if (*major, *minor) >= (b'1', b'1'));
    let mut message = Message { method, target, version, fields: Vec::new(), is_11 };
    let framing = read_fields(after.get(1..).unwrap_or_default(), &mut message, lax)?;
    settle(&mut message, &framing, lax)?;
    Ok(message)
}

/// The three words of a request line.
fn request_line(line: &[u8], lax: bool) -> Result<[Vec<u8>; 3], Refusal> {
    let is_blank = |b: &u8| matches!(b, b' ' | b'\t');
    let method_end = line.iter().position(|b| !is_token(*b)).ok_or(BAD)?;
    let (method, rest) = line.split_at(method_end);
    if method.is_empty() || !rest.first().is_some_and(is_blank) {
        return Err(BAD);
    }
    let rest = rest.get(rest.iter().take_while(|b| is_blank(b)).count()..).unwrap_or_default();
    let target_end = rest.iter().position(is_blank).ok_or(BAD)?;
    let (target, rest) = rest.split_at(target_end);
    let target_is_fine = |b: &u8| match b {
        b'#' | 128..=255 => lax,
        b => b.is_ascii_graphic(),
    };
    let version = rest.get(rest.iter().take_while(|b| is_blank(b)).count()..).unwrap_or_default();
    let version_is_fine = matches!(version, [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
        if major.is_ascii_digit() && minor.is_ascii_digit());
    // The preface of HTTP/2 (`http_ana.c`, `http_wait_for_request`).
    if target.is_empty()
        || !target.iter().all(target_is_fine)
        || !version_is_fine
        || method.eq_ignore_ascii_case(b"PRI")
    {
        return Err(BAD);
    }
    Ok([method.to_vec(), target.to_vec(), version.to_vec()])
}

/// RFC 9110 section 5.6.2
fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)
}

/// Reads the header lines up to the empty one.
fn read_fields(mut rest: &[u8], message: &mut Message, lax: bool) -> Result<Framing, Refusal> {
    let mut framing = Framing::default();
    loop {
        let (line, after) = next_line(rest)?;
        let mut ending = rest.len() - line.len() - after.len();
        rest = after;
        if line.is_empty() {
            return Ok(framing);
        }
        let colon = line.iter().position(|&b| b == b':').ok_or(BAD)?;
        let (name, value) = line.split_at(colon);
        if name.is_empty() || (!lax && !name.iter().all(|&b| is_token(b))) {
            return Err(BAD);
        }
        let mut value = value.get(1..).unwrap_or_default().to_vec();
        // A line that begins with a blank goes on with the one before it, and its line end becomes blanks.
        while let [b' ' | b'\t', ..] = rest {
            let (more, after) = next_line(rest)?;
            value.extend(std::iter::repeat_n(b' ', ending));
            ending = rest.len() - more.len() - after.len();
            value.extend_from_slice(more);
            rest = after;
        }
        take_field(name.to_ascii_lowercase(), trim(&value).to_vec(), message, &mut framing, lax)?;
        if message.fields.len() > MOST_FIELDS {
            return Err(BAD);
        }
    }
}

/// A line without its end, and what follows. A carriage return ends a line only before a line feed.
fn next_line(text: &[u8]) -> Result<(&[u8], &[u8]), Refusal> {
    let end = text.iter().position(|b| matches!(b, b'\r' | b'\n')).ok_or(Refusal::Unfinished)?;
    let (line, rest) = text.split_at(end);
    match rest {
        [b'\n', rest @ ..] | [b'\r', b'\n', rest @ ..] => Ok((line, rest)),
        [b'\r'] => Err(Refusal::Unfinished),
        _ => Err(BAD),
    }
}

/// Takes one header line in.
fn take_field(
    name: Vec<u8>,
    value: Vec<u8>,
    message: &mut Message,
    framing: &mut Framing,
    lax: bool,
) -> Result<(), Refusal> {
    let mut value = value;
    match name.as_slice() {
        b"transfer-encoding" => framing.coding(&value)?,
        b"content-length" => {
            let length = content_length(&value)?;
            match &framing.length {
                Some(known) if number(known) == number(&length) => return Ok(()),
                Some(_) => return Err(BAD),
                None => framing.length = Some(length.clone()),
            }
            value = length;
        }
        b"connection" => {
            let (kept, upgrade) = connection(&value);
            framing.upgrade_asked |= upgrade;
            if kept.is_empty() {
                return Ok(());
            }
            value = kept;
        }
        b"upgrade" => framing.websocket = list(&value).any(|word| word.eq_ignore_ascii_case(b"websocket")),
        b"host" => match message.fields.iter().find(|(name, _)| name == b"host") {
            Some((_, first)) if first.eq_ignore_ascii_case(&value) => return Ok(()),
            Some(_) => return Err(BAD),
            None => {
                let authority = parts(&message.target).authority(&message.target);
                let differs = !authority.is_empty() && !authority.eq_ignore_ascii_case(&value);
                if differs && !lax && message.method != b"CONNECT" {
                    return Err(BAD);
                }
            }
        },
        _ => {}
    }
    message.fields.push((name, value));
    Ok(())
}

impl Framing {
    /// The codings of a `Transfer-Encoding` line.
    fn coding(&mut self, value: &[u8]) -> Result<(), Refusal> {
        self.transfer_encoding = true;
        for word in list(value) {
            self.chunked_last = false;
            if word.eq_ignore_ascii_case(b"chunked") {
                if self.chunked {
                    return Err(BAD);
                }
                (self.chunked, self.chunked_last) = (true, true);
            } else if self.chunked {
                return Err(BAD);
            } else {
                self.other_coding = true;
            }
        }
        Ok(())
    }
}

/// What the head as a whole is refused for, and what is taken out of it.
fn settle(message: &mut Message, framing: &Framing, lax: bool) -> Result<(), Refusal> {
    if framing.transfer_encoding {
        message.fields.retain(|(name, _)| name != b"content-length");
        if !framing.chunked_last {
            return Err(BAD);
        }
    }
    let length = framing.length.as_deref().filter(|_| !framing.transfer_encoding);
    let has_body = framing.chunked_last || length.is_some_and(|length| number(length) != b"0");
    if !message.is_11 && has_body && matches!(message.method.as_slice(), b"GET" | b"HEAD" | b"DELETE") {
        return Err(Refusal::Status(413));
    }
    if framing.other_coding {
        return Err(Refusal::Status(422));
    }
    if framing.upgrade_asked && framing.websocket {
        let is_key = |(name, value): &(Vec<u8>, Vec<u8>)| name == b"sec-websocket-key" && value.len() == 24;
        if !message.fields.iter().any(is_key) {
            return Err(BAD);
        }
    }
    if framing.upgrade_asked && has_body {
        // An upgrade with a body is none.
        message.fields.retain(|(name, _)| name != b"upgrade");
    }
    if message.method == b"CONNECT" {
        return tunnel(message, lax);
    }
    default_port(message);
    Ok(())
}

/// A length without leading zeros.
fn number(length: &[u8]) -> &[u8] {
    let zeros = length.iter().take_while(|&&b| b == b'0').count().min(length.len().saturating_sub(1));
    length.get(zeros..).unwrap_or_default()
}

/// The one length of a `Content-Length` line, which may be said several times.
fn content_length(value: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut found: Option<&[u8]> = None;
    for word in value.split(|&b| b == b',') {
        let word = trim(word);
        let fits = word.len() <= 19;
        if word.is_empty() || !fits || !word.iter().all(u8::is_ascii_digit) {
            return Err(BAD);
        }
        if found.is_some_and(|known| number(known) != number(word)) {
            return Err(BAD);
        }
        found = Some(word);
    }
    found.map(<[u8]>::to_vec).ok_or(BAD)
}
