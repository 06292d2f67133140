//! A request as an HTTP/1 parser hands it to its server: what h11 and httptools have in common.

/// A request that a parser accepted. What became of its target is the server's affair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// As written.
    pub(super) method: Vec<u8>,
    /// As written, percent-escapes and query left in.
    pub(super) target: Vec<u8>,
    /// `1.1`; some parsers let others through.
    pub(super) version: String,
    /// The header lines, in order.
    pub(super) lines: Vec<Line>,
}

/// A header line: the name in lower case, the value as the parser leaves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) name: Vec<u8>,
    pub(super) value: Vec<u8>,
}

/// Why a parser gives no request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is no HTTP. `status` is what the parser proposes to answer; a server may answer something else.
    Refused { status: u16, why: String },
    /// The bytes end within the head: the server waits for more, without a word.
    Unfinished,
}

/// How the bytes behind a head stand to the body that the head announces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body<'a> {
    /// The body is there; this comes behind it.
    Complete { rest: &'a [u8] },
    /// Some of it is still to come.
    Unfinished,
    /// It is no such body.
    Bad(Fault),
}

impl Fault {
    /// A refusal with the 400 that stands for any fault of the client.
    pub(super) fn bad_request(why: impl Into<String>) -> Self {
        Self::Refused { status: 400, why: why.into() }
    }
}

impl Request {
    /// The values under `name` (lower case), in order.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl DoubleEndedIterator<Item = &'a [u8]> + Clone {
        values(&self.lines, name)
    }

    /// The items of a header that is a comma-separated list, over all its lines; empty ones left out.
    pub(super) fn items<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let items = self.all(name).flat_map(|value| value.split(|&b| b == b',')).map(<[u8]>::trim_ascii);
        items.filter(|item| !item.is_empty())
    }

    /// True if a list header has this item, case ignored.
    pub(super) fn lists(&self, name: &str, item: &str) -> bool {
        self.items(name).any(|known| known.eq_ignore_ascii_case(item.as_bytes()))
    }
}

/// The values under `name` (lower case), in order.
pub(super) fn values<'a>(lines: &'a [Line], name: &'a str) -> impl DoubleEndedIterator<Item = &'a [u8]> + Clone {
    lines.iter().filter(move |line| line.name == name.as_bytes()).map(|line| line.value.as_slice())
}

/// Path and query of a target, split at the first `?`; the `?` itself belongs to neither.
pub(super) fn path_and_query(target: &[u8]) -> (&[u8], &[u8]) {
    split_at_first(b'?', target).unwrap_or((target, b""))
}

/// What stands before and behind the first `byte`; `None` if there is none.
pub(super) fn split_at_first(byte: u8, text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(byte, text)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// True for a token of RFC 9110 section 5.6.2, which method and header names are.
pub(super) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&b| is_token_byte(b))
}

/// One byte of a token.
pub(super) fn is_token_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)
}

/// Without spaces and tabs at both ends: optional white space by RFC 9110 section 5.6.3, and nothing else.
pub(super) fn trim_blanks(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// `bytes.strip()` of Python: ASCII white space, vertical tab included.
pub(super) fn strip(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t'..=b'\r', rest @ ..] | [rest @ .., b' ' | b'\t'..=b'\r'] = text {
        text = rest;
    }
    text
}
