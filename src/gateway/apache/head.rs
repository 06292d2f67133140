//! A request's head as httpd reads it (`server/protocol.c`, `server/vhost.c`, 2.4, `HttpProtocolOptions Strict`).

/// Bytes of a request line at most (`LimitRequestLine`).
const LONGEST_LINE: usize = 8_190;
/// Header lines at most (`LimitRequestFields`).
const MOST_FIELDS: usize = 100;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The method.
    pub(super) method: Vec<u8>,
    /// The target as sent.
    pub(super) target: Vec<u8>,
    /// The path, nothing decoded, slashes at its start merged; `None` for a target without one.
    pub(super) path: Option<Vec<u8>>,
    /// The query.
    pub(super) query: Option<Vec<u8>>,
    /// The version: major, minor.
    pub(super) version: (u8, u8),
    /// The fields: lines of one name merged into the first of them.
    pub(super) fields: Table,
    /// The host that is asked for, in lower case, without a port.
    pub(super) host: Option<String>,
    /// The port that is named with it.
    pub(super) port: Option<u16>,
}

/// Fields in order, names in any case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Table {
    fields: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Table {
    /// A table of fields as they come.
    pub(super) fn new(fields: Vec<(Vec<u8>, Vec<u8>)>) -> Self {
        Self { fields }
    }

    /// The fields, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(Vec<u8>, Vec<u8>)> {
        self.fields.iter()
    }

    /// The fields, to be changed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut (Vec<u8>, Vec<u8>)> {
        self.fields.iter_mut()
    }

    /// The first value under a name.
    pub(super) fn get(&self, name: &str) -> Option<&[u8]> {
        self.fields
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value.as_slice())
    }

    /// Puts a value in the place of the first one, or at the end; others of the name go.
    pub(super) fn set(&mut self, name: &str, value: &[u8]) {
        let mut due = true;
        self.fields.retain_mut(|(field, old)| {
            if !field.eq_ignore_ascii_case(name.as_bytes()) {
                return true;
            }
            *old = value.to_vec();
            std::mem::take(&mut due)
        });
        if due {
            self.add(name, value);
        }
    }

    /// Adds a line.
    pub(super) fn add(&mut self, name: &str, value: &[u8]) {
        self.fields.push((name.as_bytes().to_vec(), value.to_vec()));
    }

    /// Adds to the first value, behind a comma, or a line.
    pub(super) fn merge(&mut self, name: &str, value: &[u8]) {
        match self.fields.iter_mut().find(|(field, _)| field.eq_ignore_ascii_case(name.as_bytes())) {
            Some((_, old)) => {
                old.extend_from_slice(b", ");
                old.extend_from_slice(value);
            }
            None => self.add(name, value),
        }
    }

    /// Takes lines off.
    pub(super) fn unset(&mut self, name: &str) {
        self.fields.retain(|(field, _)| !field.eq_ignore_ascii_case(name.as_bytes()));
    }
}

/// Why a head is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// With this status.
    Status(u16),
    /// It is not at its end: more is waited for.
    Unfinished,
    /// It is one of HTTP/0.9, which is answered without a head.
    Simple,
}

const BAD: Refusal = Refusal::Status(400);

/// Reads a head; `scheme` is that of the connection.
pub(super) fn read(head: &[u8], scheme: &str) -> Result<Head, Refusal> {
    let mut rest = head;
    // Empty lines before the request line are passed over, up to a limit (DEFAULT_LIMIT_BLANK_LINES).
    let mut blank = 10;
    while let Some(after) = rest.strip_prefix(b"\r\n") {
        if blank == 0 {
            return Err(BAD);
        }
        blank -= 1;
        rest = after;
    }
    let (line, rest) = next_line(rest)?;
    if line.len() > LONGEST_LINE {
        return Err(Refusal::Status(414));
    }
    if let [b'G', b'E', b'T', b' ', b'/', target @ ..] = line
        && super::url::is_visible(target)
    {
        return Err(Refusal::Simple);
    }
    let mut words = line.split(|&b| b == b' ');
    let (Some(method), Some(target), Some(version), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(BAD);
    };
    let version = match version {
        [b'H', b'T', b'T', b'P', b'/', major @ b'1'..=b'9', b'.', minor @ b'0'..=b'9'] => (major - b'0', minor - b'0'),
        _ => return Err(BAD),
    };
    let is_token = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
    if method.is_empty() || !method.iter().all(is_token) || target.is_empty() || !super::url::is_visible(target) {
        return Err(BAD);
    }
    let mut out = Head {
        method: method.to_vec(),
        target: target.to_vec(),
        path: None,
        query: None,
        version,
        fields: Table::default(),
        host: None,
        port: None,
    };
    out.take_target(scheme)?;
    out.fields = fields(rest)?;
    out.take_host()?;
    out.check()?;
    Ok(out)
}

/// A line that ends with CR and LF, and what follows it.
fn next_line(text: &[u8]) -> Result<(&[u8], &[u8]), Refusal> {
    let end = text.iter().position(|&b| b == b'\n').ok_or(Refusal::Unfinished)?;
    let (line, rest) = text.split_at(end);
    let line = line.strip_suffix(b"\r").ok_or(BAD)?;
    Ok((line, rest.get(1..).unwrap_or_default()))
}

/// Reads header lines up to the empty one, and merges those of one name.
fn fields(mut rest: &[u8]) -> Result<Table, Refusal> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    loop {
        let (line, after) = next_line(rest)?;
        rest = after;
        match line.first() {
            None => break,
            Some(b' ' | b'\t') => {
                // A line that begins with a blank goes on with the one before it, behind one blank.
                let last = all.last_mut().ok_or(BAD)?;
                let end = last.iter().rposition(|b| !matches!(b, b' ' | b'\t')).map_or(0, |at| at + 1);
                last.truncate(end);
                last.push(b' ');
                last.extend_from_slice(trim(line));
            }
            Some(_) => all.push(line.to_vec()),
        }
        if all.len() > MOST_FIELDS || all.last().is_some_and(|line| line.len() > LONGEST_LINE) {
            return Err(BAD);
        }
    }
    let mut table = Table::default();
    for line in all {
        let colon = line.iter().position(|&b| b == b':').ok_or(BAD)?;
        let (name, value) = line.split_at(colon);
        let is_token = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
        if name.is_empty() || !name.iter().all(is_token) {
            return Err(BAD);
        }
        let value = trim(value.get(1..).unwrap_or_default());
        if value.iter().any(|&b| (b < b' ' && b != b'\t') || b == 127) {
            return Err(BAD);
        }
        // Names are tokens, so they are ASCII.
        table.merge(&String::from_utf8_lossy(name), value);
    }
    Ok(table)
}

fn trim(text: &[u8]) -> &[u8] {
    let is_blank = |b: &u8| matches!(b, b' ' | b'\t');
    let start = text.iter().position(|b| !is_blank(b)).unwrap_or(text.len());
    let end = text.iter().rposition(|b| !is_blank(b)).map_or(start, |at| at + 1);
    text.get(start..end).unwrap_or_default()
}

impl Head {
    /// The value of `Host`.
    pub(super) fn host_field(&self) -> Option<&[u8]> {
        self.fields.get("host")
    }

    /// Takes the target apart.
    fn take_target(&mut self, scheme: &str) -> Result<(), Refusal> {
        if self.method == b"CONNECT" {
            // It names a host and a port (`apr_uri_parse_hostinfo`).
            return if self.target.starts_with(b"/") { Err(BAD) } else { Ok(()) };
        }
        let mut target = self.target.as_slice();
        while target.starts_with(b"//") {
            target = target.get(1..).unwrap_or_default();
        }
        if target.contains(&b'#') {
            return Err(BAD);
        }
        if self.method == b"OPTIONS" && target == b"*" {
            self.path = Some(target.to_vec());
            return Ok(());
        }
        let mut path_and_query = target;
        if !target.starts_with(b"/") {
            let colon = memchr::memmem::find(target, b"://").ok_or(BAD)?;
            let (named, rest) = target.split_at(colon);
            // `ap_parse_uri` and what follows it take no URL of another kind.
            let is_http = named.eq_ignore_ascii_case(b"http") || named.eq_ignore_ascii_case(b"https");
            if !is_http {
                return Err(BAD);
            }
            let rest = rest.get(3..).unwrap_or_default();
            let end = rest.iter().position(|b| matches!(b, b'/' | b'?')).unwrap_or(rest.len());
            let (authority, rest) = rest.split_at(end);
            if authority.contains(&b'@') {
                return Err(BAD);
            }
            if named.eq_ignore_ascii_case(scheme.as_bytes()) {
                let (host, port) = split_port(authority).ok_or(BAD)?;
                let host = host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]")).unwrap_or(host);
                (self.host, self.port) = (Some(String::from_utf8_lossy(host).into_owned()), port);
            }
            path_and_query = rest;
        }
        let mut parts = path_and_query.splitn(2, |&b| b == b'?');
        self.path = parts.next().filter(|path| !path.is_empty()).map(<[u8]>::to_vec);
        self.query = parts.next().map(<[u8]>::to_vec);
        Ok(())
    }

    /// Finds out which host is asked for: that of an absolute target before that of `Host`.
    fn take_host(&mut self) -> Result<(), Refusal> {
        if let Some(host) = self.host.take() {
            let host = fix(&host, host.contains(':')).ok_or(BAD)?;
            if self.host_field().is_some() {
                let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
                let text = if host.contains(':') { format!("[{host}]{port}") } else { format!("{host}{port}") };
                self.fields.set("Host", text.as_bytes());
            }
            self.host = Some(host).filter(|host| !host.is_empty());
            return Ok(());
        }
        let Some(field) = self.host_field().filter(|field| !field.is_empty()).map(<[u8]>::to_vec) else {
            return Ok(());
        };
        if field.iter().all(u8::is_ascii_digit) {
            return Err(BAD);
        }
        let (host, port) = split_port(&field).ok_or(BAD)?;
        let literal = host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]"));
        let text = String::from_utf8_lossy(literal.unwrap_or(host)).into_owned();
        self.host = Some(fix(&text, literal.is_some()).ok_or(BAD)?);
        self.port = port;
        Ok(())
    }

    /// What the head as a whole is refused for.
    fn check(&mut self) -> Result<(), Refusal> {
        if self.version >= (1, 1) && (self.host.is_none() || (self.version == (1, 1) && self.host_field().is_none())) {
            return Err(BAD);
        }
        if let Some(expected) = self.fields.get("expect").filter(|expected| !expected.is_empty())
            && !expected.eq_ignore_ascii_case(b"100-continue")
        {
            return Err(Refusal::Status(417));
        }
        if let Some(coding) = self.fields.get("transfer-encoding") {
            let last = coding.rsplit(|&b| b == b',').next().map(trim).unwrap_or_default();
            if !last.eq_ignore_ascii_case(b"chunked") {
                return Err(BAD);
            }
            self.fields.unset("content-length");
        } else if let Some(length) = self.fields.get("content-length")
            && (length.is_empty() || length.len() > 18 || !length.iter().all(u8::is_ascii_digit))
        {
            return Err(BAD);
        }
        Ok(())
    }
}

/// A host, and the port behind its colon (`apr_parse_addr_port`); `None` for a port that is none.
pub(super) fn split_port(text: &[u8]) -> Option<(&[u8], Option<u16>)> {
    let digits = text.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let (host, port) = text.split_at(text.len() - digits);
    match host.strip_suffix(b":").filter(|_| digits > 0) {
        None => Some((text, None)),
        Some(b"") => None,
        Some(host) => {
            let port: u16 = std::str::from_utf8(port).ok()?.parse().ok()?;
            (port != 0).then_some((host, Some(port)))
        }
    }
}

/// A host in lower case, without a final dot; `None` for one that is refused (`vhost.c`, `strict_hostname_check`).
fn fix(host: &str, literal: bool) -> Option<String> {
    let host = host.to_ascii_lowercase();
    if literal {
        return host.parse::<std::net::Ipv6Addr>().is_ok().then_some(host);
    }
    if host.contains("..") {
        return None;
    }
    let host = host.strip_suffix('.').filter(|host| !host.is_empty()).unwrap_or(&host).to_owned();
    if !host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        return None;
    }
    if host.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        let parts: Vec<&str> = host.split('.').collect();
        let zeros = parts.iter().any(|part| part.len() > 1 && part.starts_with('0'));
        return (parts.len() == 4 && !zeros && !host.starts_with('.')).then_some(host);
    }
    // The last label starts with a letter.
    let last = host.rsplit_once('.').map_or("", |(_, last)| last);
    last.chars().next().is_none_or(|c| c.is_ascii_alphabetic()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(head: &str) -> Option<u16> {
        match read(head.as_bytes(), "http") {
            Ok(_) => None,
            Err(Refusal::Status(status)) => Some(status),
            Err(Refusal::Unfinished | Refusal::Simple) => Some(0),
        }
    }

    #[test]
    fn what_is_refused() {
        for (head, expected) in [
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", None),
            ("GET / HTTP/1.0\r\n\r\n", None),
            ("GET / HTTP/1.1\r\n\r\n", Some(400)),
            ("GET / HTTP/1.1\r\nHost: \r\n\r\n", Some(400)),
            ("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", Some(400)),
            ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", Some(400)),
            ("GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", Some(400)),
            ("GET / HTTP/1.1\nHost: a\n\n", Some(400)),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", Some(400)),
            ("GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n", Some(400)),
            ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", Some(400)),
            ("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", None),
            ("GET x HTTP/1.1\r\nHost: a\r\n\r\n", Some(400)),
            ("GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", Some(417)),
            ("GET / HTTP/1.1\r\nHost: a\r\n", Some(0)),
        ] {
            assert_eq!(status(head), expected, "{head:?}");
        }
    }

    #[test]
    fn lines_of_one_name_are_merged() {
        let head = read(b"GET / HTTP/1.1\r\nHost: A.b.:81\r\nX-A: 1\r\nB: 2\r\nx-a: 3\r\n\r\n", "http").unwrap();
        let fields: Vec<_> = head.fields.iter().map(|(name, value)| (name.as_slice(), value.as_slice())).collect();
        assert_eq!(fields, [(&b"Host"[..], &b"A.b.:81"[..]), (b"X-A", b"1, 3"), (b"B", b"2")]);
        assert_eq!((head.host.as_deref(), head.port), (Some("a.b"), Some(81)));
    }
}
