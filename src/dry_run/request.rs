//! The request that is not sent: from a URL and what goes with it, or from the text of a head.

use std::fmt::Write as _;

use crate::exchange::{HeadError, RequestHead};
use crate::redirect::PublicUrl;

/// A request, and where its URL leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The head as the client sends it.
    pub head: RequestHead,
    /// Scheme, host and port of the URL; `None` for a head without one.
    pub origin: Option<PublicUrl>,
}

impl Asked {
    /// The origin of an https URL: nothing in the head tells it.
    pub fn public(&self) -> Option<&PublicUrl> {
        self.origin.as_ref().filter(|origin| origin.scheme == "https")
    }
}

/// Reads a method: a token (RFC 9110 section 9.1).
///
/// # Errors
/// What would be one.
pub fn method(text: &str) -> Result<String, String> {
    if !text.is_empty() && text.bytes().all(is_token) {
        Ok(text.to_owned())
    } else {
        Err("write a word, e.g. GET".into())
    }
}

/// Reads a header line: `Name: value`.
///
/// # Errors
/// What is wrong with it.
pub fn header(text: &str) -> Result<String, String> {
    let (name, value) = text.split_once(':').ok_or("write 'Name: value'")?;
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(format!("{name:?} is no header name"));
    }
    if value.contains(['\r', '\n', '\0']) {
        return Err("the value may not hold line ends".to_owned());
    }
    Ok(text.to_owned())
}

/// True for a character of a token (RFC 9110 section 5.6.2).
fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)
}

/// The request a client makes for a URL.
///
/// # Errors
/// A sentence that says why it is no URL of a web server.
pub fn from_url(url: &str, method: &str, headers: &[String], websocket: bool) -> Result<Asked, String> {
    let (scheme, rest) = url.split_once("://").ok_or("a URL starts with http:// or https://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(end);
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "ws" => "http".to_owned(),
        "wss" => "https".to_owned(),
        other => other.to_owned(),
    };
    let origin = PublicUrl::parse(&format!("{scheme}://{authority}"))?;
    let websocket = websocket || url.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("ws"));

    let named = |name: &str| headers.iter().any(|line| has_name(line, name));
    let mut text = format!("{method} {} HTTP/1.1\r\n", wire_target(target));
    if !named("host") {
        let _ = write!(text, "Host: {authority}\r\n");
    }
    if websocket && !named("upgrade") {
        text.push_str("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
        text.push_str("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n");
    }
    for line in headers {
        let _ = write!(text, "{line}\r\n");
    }
    text.push_str("\r\n");
    let head = RequestHead::from_wire(text.into_bytes()).map_err(|error| error.to_string())?;
    Ok(Asked { head, origin: Some(origin) })
}

/// Path and query as a client sends them: no fragment, an empty path as `/`, and what cannot stand in a request line
/// percent-encoded.
fn wire_target(target: &str) -> String {
    let target = target.split('#').next().unwrap_or_default();
    let mut wire = String::with_capacity(target.len() + 1);
    if !target.starts_with('/') {
        wire.push('/');
    }
    for b in target.bytes() {
        if b.is_ascii_graphic() {
            wire.push(char::from(b));
        } else {
            let _ = write!(wire, "%{b:02X}");
        }
    }
    wire
}

/// The request head a text begins with. Lines may end in LF, and the empty line at the end may be missing; a body is
/// ignored. `headers` are added, in place of lines with the same name.
///
/// # Errors
/// [`HeadError`] if the text does not begin with a request line, or a line below it has no colon.
pub fn from_text(bytes: &[u8], headers: &[String]) -> Result<RequestHead, HeadError> {
    let mut wire = Vec::with_capacity(bytes.len() + 4);
    let lines = bytes.split(|&b| b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    for (index, line) in lines.skip_while(|line| line.is_empty()).take_while(|line| !line.is_empty()).enumerate() {
        let replaced = index > 0 && {
            let name = line.split(|&b| b == b':').next().unwrap_or_default();
            headers.iter().any(|header| has_name(header, &String::from_utf8_lossy(name)))
        };
        if !replaced {
            wire.extend_from_slice(line);
            wire.extend_from_slice(b"\r\n");
        }
    }
    for header in headers {
        wire.extend_from_slice(header.as_bytes());
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b"\r\n");
    RequestHead::from_wire(wire)
}

fn has_name(line: &str, name: &str) -> bool {
    line.split(':').next().is_some_and(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(url: &str, headers: &[&str], websocket: bool) -> String {
        let headers: Vec<String> = headers.iter().map(|line| (*line).to_owned()).collect();
        let asked = from_url(url, "GET", &headers, websocket).unwrap();
        String::from_utf8(asked.head.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn a_url_becomes_the_request_a_client_makes() {
        for (url, expected) in [
            ("http://h", "GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
            ("HTTP://h:1/a%2Fb?x=1#top", "GET /a%2Fb?x=1 HTTP/1.1\r\nHost: h:1\r\n\r\n"),
            ("https://h?x", "GET /?x HTTP/1.1\r\nHost: h\r\n\r\n"),
            ("http://[::1]:80/a b/é", "GET /a%20b/%C3%A9 HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"),
        ] {
            assert_eq!(head(url, &[], false), expected, "{url}");
        }
        assert!(head("http://h", &["HOST: other"], false).ends_with("HTTP/1.1\r\nHOST: other\r\n\r\n"));
        assert!(head("ws://h", &[], false).contains("Upgrade: websocket"));
        assert!(head("http://h", &[], true).contains("Upgrade: websocket"));
    }

    #[test]
    fn only_an_https_url_tells_more_than_its_head() {
        let public = |url| from_url(url, "GET", &[], false).unwrap().public().map(ToString::to_string);
        assert_eq!(public("https://Shop.test:8443/a/b"), Some("https://shop.test:8443".to_owned()));
        assert_eq!(public("wss://h/ws"), Some("https://h".to_owned()));
        assert_eq!(public("http://h/a"), None);
    }

    #[test]
    fn what_is_no_url_header_or_method_is_refused() {
        for url in ["ftp://h", "http://", "http://u@h/", "http://h:x/"] {
            assert!(from_url(url, "GET", &[], false).is_err(), "{url}");
        }
        for line in ["", "no colon", ": x", "a b: c", "a: b\r\nc: d"] {
            assert!(header(line).is_err(), "{line}");
        }
        assert!(method("GET /").is_err() && method("").is_err() && method("PROPFIND").is_ok());
    }

    #[test]
    fn a_head_may_be_written_by_hand() {
        let added = ["X-B: 2".to_owned(), "host: new".to_owned()];
        let head = from_text(b"\n\nGET /a HTTP/1.1\nHost: old\r\nX-A: 1\n\nbody: no\n", &added).unwrap();
        assert_eq!(head.as_bytes(), b"GET /a HTTP/1.1\r\nX-A: 1\r\nX-B: 2\r\nhost: new\r\n\r\n");
        assert!(from_text(b"", &[]).is_err());
        assert!(from_text(b"hello\n", &[]).is_err());
    }
}
