//! What a response's body shows: the addresses that a page, a document or a stream sends its reader to.
//!
//! This file exists because some faults are in no head. A page loads its scripts from the wrong place, a schema names the
//! wrong server, an event stream hands out a path that nobody takes. Bodies come from outside and may be cut, coded or
//! hostile: what is read of them is bounded, and what could not be read is said.

mod coding;
mod html;
mod json;

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::exchange::{Body, Cut, Exchange, Half, ResponseHead};
use coding::Decoded;

/// Bytes of a body that are read at most, its coding taken off: a page of 64 KiB may unpack to far more.
const MOST_TEXT: usize = 1 << 20;
/// Addresses taken from one body at most.
const MOST_ADDRESSES: usize = 256;
/// Bytes of one address at most; a longer one is left out. Pictures written into the page are the usual ones.
const LONGEST: usize = 2048;
/// How far a JSON text is searched for the key that makes it an OpenAPI document.
const DOCUMENT_BEGINS: usize = 1024;

/// Finds that key. A searcher is dear to make, and wanted for every JSON answer.
static DOCUMENT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"openapi\""));

/// What the content type says it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// A page.
    Html,
    /// JSON of any kind.
    Json,
    /// Server-sent events.
    Events,
    /// Anything else; it is not looked into.
    #[default]
    Other,
}

/// What makes a client ask for an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum By {
    /// The browser asks for it by itself: scripts, styles, pictures, frames.
    Load,
    /// The user follows it.
    Link,
    /// A form is sent to it.
    Form,
    /// It is a value of a JSON text; what is done with it is the client's own affair.
    Value,
}

/// An address that a body names, as it is written there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Address {
    /// As written, entities and escapes resolved.
    pub(super) url: String,
    /// What makes a client ask for it.
    pub(super) by: By,
}

/// Why a body was not read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// Not, or not all of it, was kept.
    Cut,
    /// In a coding that is not known here.
    Coding(String),
    /// What came is not what its coding says, or ends too early.
    Damaged,
    /// It is larger than what is read.
    TooLong,
}

/// What a body shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Content {
    /// What it is.
    pub(super) kind: Kind,
    /// Its text, codings taken off; empty unless it is a page, JSON or events.
    pub(super) text: String,
    /// The addresses in it, in the order of the text, each once.
    pub(super) addresses: Vec<Address>,
    /// Of a page: what `<base href>` says, which relative addresses start from.
    pub(super) base: Option<String>,
    /// Of a page that shows an API (Swagger UI, `ReDoc`): where it loads the description from.
    pub(super) schema: Option<String>,
    /// Of an OpenAPI document: the URLs of its `servers`, none if it lists none. `None` for anything else.
    pub(super) servers: Option<Vec<String>>,
    /// Of events: the data of `event: endpoint`, where an MCP client sends its messages.
    pub(super) endpoint: Option<String>,
    /// Why there may be more in it than this.
    pub(super) unread: Option<Unread>,
}

impl Content {
    /// What the body shows that the client got.
    pub(super) fn of(exchange: &Exchange) -> Self {
        shown_by(exchange).map_or_else(Self::default, |(head, half)| Self::read(head, &half.response_body))
    }

    fn read(head: &ResponseHead, body: &Body) -> Self {
        let kind = kind(head);
        let mut content = Self { kind, ..Self::default() };
        if kind == Kind::Other {
            return content;
        }
        let text = match coding::decode(&body.kept, head, MOST_TEXT) {
            Ok(Decoded { bytes, whole }) => {
                content.unread = if body.cut != Cut::No {
                    Some(Unread::Cut)
                } else if bytes.len() >= MOST_TEXT {
                    Some(Unread::TooLong)
                } else {
                    (!whole).then_some(Unread::Damaged)
                };
                text(bytes)
            }
            Err(coding) => {
                content.unread = Some(Unread::Coding(coding));
                return content;
            }
        };
        match kind {
            Kind::Html => html::read(&text, &mut content),
            Kind::Json => json::read(&text, &mut content),
            Kind::Events => content.endpoint = endpoint(&text),
            Kind::Other => {}
        }
        content.text = text;
        content
    }

    /// True if all that came was read.
    pub(super) fn is_whole(&self) -> bool {
        self.unread.is_none()
    }

    /// Notes an address, if it is one and there is room.
    fn note(&mut self, url: impl Into<String>, by: By) {
        let url = url.into();
        let usable = !url.is_empty() && url.len() <= LONGEST && self.addresses.len() < MOST_ADDRESSES;
        if usable && !self.addresses.iter().any(|known| known.by == by && known.url == url) {
            self.addresses.push(Address { url, by });
        }
    }
}

/// The body of a response that may send its reader to an address: such an exchange is judged by its body too. `None` for all
/// others, which is nearly all traffic; finding that out costs a look at one header, and of JSON a look for slashes.
pub fn telling(exchange: &Exchange) -> Option<&[u8]> {
    let half = exchange.outer()?;
    let (head, body) = (half.response.as_ref()?, &*half.response_body.kept);
    let tells = !body.is_empty()
        && match kind(head) {
            Kind::Html | Kind::Events => true,
            Kind::Json => {
                let begin = body.get(..DOCUMENT_BEGINS).unwrap_or(body);
                names_address(body) || DOCUMENT.find(begin).is_some() || head.get("content-encoding").is_some()
            }
            Kind::Other => false,
        };
    tells.then_some(body)
}

/// True if JSON holds `://`, or a string that begins with a slash. One pass finds both.
fn names_address(body: &[u8]) -> bool {
    memchr::memchr_iter(b'/', body)
        .filter_map(|at| body.split_at_checked(at))
        .any(|(before, from)| before.ends_with(b"\"") || before.ends_with(b":") && from.starts_with(b"//"))
}

/// What the body is that [`Content::of`] reads.
pub(super) fn kind_of(exchange: &Exchange) -> Kind {
    shown_by(exchange).map_or(Kind::Other, |(head, _)| kind(head))
}

/// The side that the response's body was kept on, the client's if both did.
fn shown_by(exchange: &Exchange) -> Option<(&ResponseHead, &Half)> {
    let halves = [exchange.edge.as_deref(), exchange.app.as_deref()];
    let kept = |half: &&Half| !half.response_body.kept.is_empty();
    let half = halves.into_iter().flatten().find(kept).or(exchange.outer())?;
    Some((half.response.as_ref()?, half))
}

fn kind(head: &ResponseHead) -> Kind {
    let Some(value) = head.get("content-type") else { return Kind::Other };
    let end = memchr::memchr(b';', value).unwrap_or(value.len());
    let media = value.get(..end).unwrap_or(value).trim_ascii();
    let is = |name: &[u8]| media.eq_ignore_ascii_case(name);
    let is_json = is(b"application/json")
        || media.len() > 5 && media.get(media.len() - 5..).is_some_and(|end| end.eq_ignore_ascii_case(b"+json"));
    if is(b"text/html") || is(b"application/xhtml+xml") {
        Kind::Html
    } else if is_json {
        Kind::Json
    } else if is(b"text/event-stream") {
        Kind::Events
    } else {
        Kind::Other
    }
}

/// Bytes as text; what is no UTF-8 is replaced, addresses are ASCII anyhow.
fn text(bytes: Cow<'_, [u8]>) -> String {
    match bytes {
        Cow::Owned(bytes) => {
            String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
        }
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// The data of the first `endpoint` event. Fields may come in any order; an empty line ends the event (HTML standard,
/// section 9.2.6).
fn endpoint(text: &str) -> Option<String> {
    let (mut is_endpoint, mut data) = (false, None);
    for line in text.lines() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => is_endpoint = value == "endpoint",
            "data" => data = Some(value),
            "" if line.is_empty() => {
                if is_endpoint && data.is_some() {
                    break;
                }
                (is_endpoint, data) = (false, None);
            }
            _ => {}
        }
    }
    data.filter(|data| is_endpoint && !data.is_empty() && data.len() <= LONGEST).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};
    use proptest::prelude::*;

    use super::*;
    use crate::exchange::{Sample, Side};

    fn exchange(head: &str, body: &[u8]) -> Exchange {
        let head = format!("HTTP/1.1 200 OK\n{head}");
        Sample::new(Side::App, "GET / HTTP/1.1\nHost: h").unwrap().response(&head, body).unwrap().alone(1)
    }

    fn content(head: &str, body: &[u8]) -> Content {
        Content::of(&exchange(head, body))
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_page_is_read_through_its_coding() {
        let page = br#"<script src="/a.js"></script>"#;
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(page).unwrap();
        // Made by the reference encoders.
        let brotli = b"\x1b\x1c\x00h%\xc2J\x18eb\x06\x90\x07";
        let zstd = b"\x28\xb5\x2f\xfd\x20\x1d\xe9\x00\x00<script src=\"/a.js\"></script>";
        for (coding, body) in [
            ("identity", page.to_vec()),
            ("gzip", gzip(page)),
            ("deflate", zlib.finish().unwrap()),
            ("br", brotli.to_vec()),
            ("zstd", zstd.to_vec()),
            ("gzip, gzip", gzip(&gzip(page))),
        ] {
            let content = content(&format!("content-type: text/html\ncontent-encoding: {coding}"), &body);
            assert_eq!(content.unread, None, "{coding}");
            assert_eq!(content.addresses, [Address { url: "/a.js".to_owned(), by: By::Load }], "{coding}");
        }
    }

    #[test]
    fn what_could_not_be_read_is_said() {
        let page = gzip(b"<img src=/a.png><p>and so on</p>");
        let unread = |coding: &str, body: &[u8]| {
            content(&format!("content-type: text/html\ncontent-encoding: {coding}"), body).unread
        };
        assert_eq!(unread("gzip", page.get(..page.len() - 9).unwrap()), Some(Unread::Damaged));
        assert_eq!(unread("gzip", b"no gzip"), Some(Unread::Damaged));
        assert_eq!(unread("compress", &page), Some(Unread::Coding("compress".to_owned())));
        let mut cut = exchange("content-type: text/html", b"<img src=/a.png>");
        cut.app.as_mut().unwrap().response_body.cut = Cut::AtCap;
        assert_eq!((Content::of(&cut).unread, Content::of(&cut).addresses.len()), (Some(Unread::Cut), 1));
    }

    #[test]
    fn a_bomb_stops_at_the_bound() {
        let bomb = gzip(&vec![b' '; 64 << 20]);
        let content = content("content-type: text/html\ncontent-encoding: gzip", &bomb);
        assert_eq!((content.unread, content.text.len()), (Some(Unread::TooLong), MOST_TEXT));
    }

    #[test]
    fn the_endpoint_of_a_stream() {
        let of = |text: &[u8]| content("content-type: text/event-stream; charset=utf-8", text).endpoint;
        assert_eq!(of(b"event: endpoint\r\ndata: /messages/?session_id=1\r\n\r\n").unwrap(), "/messages/?session_id=1");
        assert_eq!(of(b": ping\n\ndata: /a\nevent: endpoint\n\ndata: /b\n\n").unwrap(), "/a");
        assert_eq!(of(b"event: message\ndata: /messages/\n\n"), None);
    }

    #[test]
    fn only_bodies_that_may_send_somewhere_tell() {
        for (head, body, tells) in [
            ("content-type: text/html; charset=utf-8", "<p>", true),
            ("content-type: application/json", r#"{"a":1}"#, false),
            ("content-type: application/json", r#"{"a":"https://h/"}"#, true),
            ("content-type: application/problem+json", r#"{"a":"https://h/"}"#, true),
            ("content-type: application/json", r#"{"openapi":"3.1.0"}"#, true),
            ("content-type: application/json", r#"{"next":"/a?page=2"}"#, true),
            ("content-type: text/plain", "http://h/", false),
            ("content-type: text/html", "", false),
            ("x: y", "<p>", false),
        ] {
            assert_eq!(telling(&exchange(head, body.as_bytes())).is_some(), tells, "{head} {body}");
        }
    }

    proptest! {
        #[test]
        fn no_body_is_too_strange(
            coding in prop::sample::select(vec!["identity", "gzip", "deflate", "br", "zstd"]),
            kind in prop::sample::select(vec!["text/html", "application/json", "text/event-stream"]),
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            parts in prop::collection::vec(prop::sample::select(vec![
                "<", ">", "a ", "href=", "\"", "'", "/x", "<!--", "<script>", "</script", "url(", ")", "&amp;", "&#", "{", "\"servers\":",
                "[", "\\", "\\u", "00", "http://", "é", "event: endpoint\n", "data: ", "\n\n",
            ]), 0..40),
        ) {
            let head = format!("content-type: {kind}\ncontent-encoding: {coding}");
            content(&head, &bytes);
            content(&format!("content-type: {kind}"), parts.concat().as_bytes());
        }
    }
}
