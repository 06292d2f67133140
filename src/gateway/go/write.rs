//! How `http.Transport` writes a request to an upstream over HTTP/1.1.
//!
//! Go 1.26, `net/http/transport.go` (`roundTrip`), `request.go` (`Request.write`), `transfer.go` (`transferWriter`),
//! `header.go` (`writeSubset`).

use super::header::{Header, is_token, is_value, trim_string};
use super::read::{Request, has_token, is_host};

/// Fields that are written in their own way or not at all.
const APART: [&str; 5] = ["Host", "User-Agent", "Content-Length", "Transfer-Encoding", "Trailer"];

/// Why a request is not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Unsendable {
    /// Go gives an error, in these words.
    Error(&'static str),
    /// What Go writes is not modelled.
    NotModelled(&'static str),
}

/// Writes the head of a request: the request line, `Host`, `User-Agent`, what frames the body, the other fields by name,
/// and `Accept-Encoding: gzip` where the transport asks for it by itself (`compresses`).
///
/// # Errors
/// [`Unsendable`] for what Go does not send.
pub(in crate::gateway) fn write_request(request: &Request, compresses: bool) -> Result<Vec<u8>, Unsendable> {
    let header = &request.header;
    if !header.iter().all(|(name, values)| is_token(name.as_bytes()) && values.iter().all(|value| is_value(value))) {
        return Err(Unsendable::Error("net/http: invalid header field"));
    }
    if !is_token(request.method.as_bytes()) {
        return Err(Unsendable::Error("net/http: invalid method"));
    }
    if request.url.host.is_empty() {
        return Err(Unsendable::Error("http: no Host in request URL"));
    }
    let host = host(request)?;
    let target = target(request, &host);
    if target.iter().any(u8::is_ascii_control) {
        return Err(Unsendable::Error("net/http: can't write control character in Request.URL"));
    }
    let mut out = [request.method.as_bytes(), b" ", &target, b" HTTP/1.1\r\n"].concat();
    write_field(&mut out, "Host", &host);
    let agent = header.get("User-Agent");
    if !header.has("User-Agent") {
        write_field(&mut out, "User-Agent", b"Go-http-client/1.1");
    } else if !agent.is_empty() {
        write_field(&mut out, "User-Agent", &one_line(agent));
    }
    write_framing(&mut out, request);
    write_header(&mut out, header, &APART);
    if asks_for_gzip(request, compresses) {
        write_field(&mut out, "Accept-Encoding", b"gzip");
    }
    out.extend_from_slice(b"\r\n");
    Ok(out)
}

/// True if the transport asks for a packed body, which it then unpacks.
fn asks_for_gzip(request: &Request, compresses: bool) -> bool {
    let without = |name| request.header.get(name).is_empty();
    compresses && without("Accept-Encoding") && without("Range") && request.method != "HEAD"
}

/// The `Host` field: the request's, else the upstream's; empty where it is none, without the zone of an address.
fn host(request: &Request) -> Result<Vec<u8>, Unsendable> {
    let host = if request.host.is_empty() { &request.url.host } else { &request.host };
    if !host.is_ascii() {
        return Err(Unsendable::NotModelled("a Host outside ASCII becomes Punycode"));
    }
    if !is_host(host) {
        return Ok(Vec::new());
    }
    let zone = host.first().filter(|&&byte| byte == b'[').and_then(|_| {
        let close = memchr::memrchr(b']', host)?;
        let percent = memchr::memrchr(b'%', host.get(..close)?)?;
        Some([host.get(..percent)?, host.get(close..)?].concat())
    });
    Ok(zone.unwrap_or_else(|| host.clone()))
}

fn target(request: &Request, host: &[u8]) -> Vec<u8> {
    let url = &request.url;
    if request.method != "CONNECT" || !url.path.is_empty() {
        url.request_uri()
    } else if url.opaque.is_empty() {
        host.to_vec()
    } else {
        url.opaque.clone()
    }
}

/// `transferWriter.writeHeader`
fn write_framing(out: &mut Vec<u8>, request: &Request) {
    if request.close && !has_token(request.header.get("Connection"), b"close") {
        write_field(out, "Connection", b"close");
    }
    match request.content_length {
        None => {
            write_field(out, "Transfer-Encoding", b"chunked");
            if !request.trailer.is_empty() {
                write_field(out, "Trailer", request.trailer.join(",").as_bytes());
            }
        }
        // Servers want a length with these methods even where there is no body.
        Some(0) if !matches!(request.method.as_str(), "POST" | "PUT" | "PATCH") => {}
        Some(length) => write_field(out, "Content-Length", length.to_string().as_bytes()),
    }
}

/// Writes the fields but those `apart`, by name; a name that is none is passed over.
pub(super) fn write_header(out: &mut Vec<u8>, header: &Header, apart: &[&str]) {
    for (name, values) in header.iter().filter(|(name, _)| is_token(name.as_bytes()) && !apart.contains(name)) {
        for value in values {
            write_field(out, name, &one_line(value));
        }
    }
}

fn write_field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    for part in [name.as_bytes(), b": ", value, b"\r\n"] {
        out.extend_from_slice(part);
    }
}

/// Line ends become blanks, and blanks at both ends go.
fn one_line(value: &[u8]) -> Vec<u8> {
    let blank = |&byte: &u8| if matches!(byte, b'\r' | b'\n') { b' ' } else { byte };
    let line: Vec<u8> = value.iter().map(blank).collect();
    trim_string(&line).to_vec()
}

#[cfg(test)]
mod tests {
    use super::super::read::{Server, read_request};
    use super::super::{remove_hop_by_hop, suppress_user_agent};
    use super::*;

    fn passed_on(head: &str) -> String {
        let head = format!("{}\r\n\r\n", head.replace('\n', "\r\n"));
        let mut request = read_request(head.as_bytes(), Server::default()).unwrap();
        remove_hop_by_hop(&mut request.header);
        suppress_user_agent(&mut request.header);
        request.url.host = b"up:1".to_vec();
        let sent = write_request(&request, true).unwrap();
        String::from_utf8(sent).unwrap().trim_end().replace("\r\n", "\n")
    }

    #[test]
    fn heads() {
        for (head, expected) in [
            ("GET /a|b HTTP/1.0", "GET /a%7Cb HTTP/1.1\nHost: up:1\nAccept-Encoding: gzip"),
            (
                "GET /?x HTTP/1.1\nHost: h\nb: 2\nuser-agent: u \nA: 1\nB: 3\nAccept-Encoding: br",
                "GET /?x HTTP/1.1\nHost: h\nUser-Agent: u\nA: 1\nAccept-Encoding: br\nB: 2\nB: 3",
            ),
            ("HEAD / HTTP/1.1\nHost: [fe80::1%25en]:1", "HEAD / HTTP/1.1\nHost: [fe80::1]:1"),
            ("GET / HTTP/1.1\nHost: h\nRange: x", "GET / HTTP/1.1\nHost: h\nRange: x"),
            (
                "GET / HTTP/1.1\nHost: h\nAccept-Encoding:",
                "GET / HTTP/1.1\nHost: h\nAccept-Encoding: \nAccept-Encoding: gzip",
            ),
            ("POST / HTTP/1.1\nHost: h\nRange: x", "POST / HTTP/1.1\nHost: h\nContent-Length: 0\nRange: x"),
            ("DELETE / HTTP/1.1\nHost: h\nRange: x\nContent-Length: 0", "DELETE / HTTP/1.1\nHost: h\nRange: x"),
            (
                "GET / HTTP/1.1\nHost: h\nRange: x\nTransfer-Encoding: chunked\nTrailer: b,a",
                "GET / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\nTrailer: A,B\nRange: x",
            ),
        ] {
            assert_eq!(passed_on(head), expected, "{head}");
        }
    }
}
