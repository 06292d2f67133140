//! A request as `HAProxy`'s HTTP/1 reader takes it in, and as its writer puts it out (`h1.c`, `h1_htx.c`, `mux_h1.c`, 2.6).
//!
//! This module exists because reading is strict where it looks lax: names are lower-cased, repeated `Host` and
//! `Content-Length` lines collapse, `Connection` loses its two usual words, and what is refused is refused with 400.

use super::target::parts;

/// Header lines that are taken at most (`tune.http.maxhdr` less the one that ends the list).
const MOST_FIELDS: usize = 100;
/// Bytes of a head that are taken at most (`tune.bufsize` less `tune.maxrewrite`).
const MOST_BYTES: usize = 16_384 - 1_024;

/// Header lines: names in lower case, values without the blanks around them.
pub(super) type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// A request between reader and writer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// The method.
    pub(super) method: Vec<u8>,
    /// The target as it is at this point.
    pub(super) target: Vec<u8>,
    /// The version as sent, e.g. `HTTP/1.0`.
    pub(super) version: Vec<u8>,
    /// The header lines.
    pub(super) fields: Fields,
    /// True from HTTP/1.1 on.
    pub(super) is_11: bool,
}

/// Why a head is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// With this status.
    Status(u16),
    /// It is not at its end: more is waited for.
    Unfinished,
}

const BAD: Refusal = Refusal::Status(400);

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
pub(super) fn read(head: &[u8], lax: bool) -> Result<Message, Refusal> {
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

/// Without blanks and line ends on either side.
fn trim(value: &[u8]) -> &[u8] {
    let is_blank = |b: &u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n');
    let start = value.iter().position(|b| !is_blank(b)).unwrap_or(value.len());
    let end = value.iter().rposition(|b| !is_blank(b)).map_or(start, |at| at + 1);
    value.get(start..end).unwrap_or_default()
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

/// What `CONNECT` needs: a target that names host and port, and a `Host` that means the same. Only `Host` loses the port
/// where it is 80 or 443 (`h1.c`, `h1_validate_connect_authority`).
fn tunnel(message: &mut Message, lax: bool) -> Result<(), Refusal> {
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
fn default_port(message: &mut Message) {
    let Some(start) = super::target::scheme_length(&message.target) else { return };
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

/// A `Connection` line without `close` and `keep-alive`, and whether it asks for an upgrade.
fn connection(value: &[u8]) -> (Vec<u8>, bool) {
    let usual = |word: &[u8]| word.eq_ignore_ascii_case(b"close") || word.eq_ignore_ascii_case(b"keep-alive");
    let upgrade = list(value).any(|word| word.eq_ignore_ascii_case(b"upgrade"));
    if !list(value).any(usual) {
        return (value.to_vec(), upgrade);
    }
    let mut kept = Vec::new();
    let mut rewritten = false;
    for item in values(value) {
        let word = trim(item);
        if word.is_empty() || usual(word) {
            rewritten |= usual(word);
            continue;
        }
        if !kept.is_empty() {
            kept.push(b',');
        }
        kept.extend_from_slice(if rewritten { word } else { item });
    }
    (kept, upgrade)
}

/// The words of a comma-separated value, without the empty ones.
fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    values(value).map(trim).filter(|word| !word.is_empty())
}

/// A value split at its commas; a comma in double quotes is none (`http.c`, `http_find_hdr_value_end`).
pub(super) fn values(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    value.split(move |&b| {
        match b {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' => return !quoted,
            _ => {}
        }
        false
    })
}

/// How a connection to a server is to be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Keep {
    /// `option http-server-close` or `option httpclose`, of frontend or backend.
    pub(super) close: bool,
    /// `option http-pretend-keepalive` of the backend.
    pub(super) pretend: bool,
}

/// Writes a head for the server.
pub(super) fn write(message: &Message, keep: Keep) -> Vec<u8> {
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
