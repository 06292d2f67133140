//! Finding the end of a body in the bytes that pass, without taking its framing off.
//!
//! Bodies go on as they came, chunk sizes, extensions and trailers included; this says how far the bytes at hand belong to
//! the body, and shows the payload in them to whoever keeps a copy.

use super::head::{field, trim};
use crate::exchange::Framing;

/// A chunk-size line longer than this is refused: nobody sends one, and it would have to be buffered.
const LINE_LIMIT: usize = 4096;
/// Trailers beyond this are refused, as a head beyond the head limit is.
const TRAILER_LIMIT: usize = 64 << 10;

/// How far a piece of a body was understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Passed {
    /// Bytes that belong to the body; the rest is the next message, or an unfinished chunk line.
    pub bytes: usize,
    /// True if the body ends there.
    pub done: bool,
}

/// Follows one body to its end.
#[derive(Debug)]
pub(super) enum BodyEnd {
    /// So many payload bytes are left.
    Length(u64),
    /// Chunked.
    Chunked(Chunks),
    /// Until the connection closes.
    UntilClose,
}

impl BodyEnd {
    pub(super) fn of(framing: Framing) -> Self {
        match framing {
            Framing::None => Self::Length(0),
            Framing::Length(length) => Self::Length(length),
            Framing::Chunked => Self::Chunked(Chunks::default()),
            Framing::UntilClose => Self::UntilClose,
        }
    }

    /// True if nothing more belongs to the body.
    pub(super) fn is_done(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(chunks) => chunks.state == State::Done,
            Self::UntilClose => false,
        }
    }

    /// Follows the body through `bytes`; `payload` is shown the pieces of payload in them.
    pub(super) fn follow(&mut self, bytes: &[u8], mut payload: impl FnMut(&[u8])) -> Result<Passed, &'static str> {
        match self {
            Self::Length(left) => {
                let take = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                payload(bytes.get(..take).unwrap_or_default());
                *left -= take as u64;
                Ok(Passed { bytes: take, done: *left == 0 })
            }
            Self::Chunked(chunks) => chunks.follow(bytes, payload),
            Self::UntilClose => {
                payload(bytes);
                Ok(Passed { bytes: bytes.len(), done: false })
            }
        }
    }

    /// The trailer lines that passed, as they were on the wire.
    pub(super) fn trailers(&self) -> &[u8] {
        match self {
            Self::Chunked(chunks) => &chunks.trailers,
            _ => &[],
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Size,
    Data(u64),
    DataEnd,
    Trailers,
    Done,
}

/// A chunked body (RFC 9112 section 7.1), read strictly: CRLF line ends, hexadecimal sizes, no blanks before them.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    state: State,
    trailers: Vec<u8>,
}

impl Chunks {
    fn follow(&mut self, bytes: &[u8], mut payload: impl FnMut(&[u8])) -> Result<Passed, &'static str> {
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            match self.state {
                State::Done => return Ok(Passed { bytes: at, done: true }),
                State::Data(left) => {
                    let take = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                    payload(rest.get(..take).unwrap_or_default());
                    at += take;
                    let left = left - take as u64;
                    self.state = if left == 0 { State::DataEnd } else { State::Data(left) };
                    if left > 0 {
                        return Ok(Passed { bytes: at, done: false });
                    }
                }
                State::DataEnd => match rest {
                    [b'\r', b'\n', ..] => {
                        at += 2;
                        self.state = State::Size;
                    }
                    [] | [b'\r'] => return Ok(Passed { bytes: at, done: false }),
                    _ => return Err("a chunk is longer than its size says"),
                },
                State::Size => {
                    let Some(line) = line(rest, LINE_LIMIT)? else { return Ok(Passed { bytes: at, done: false }) };
                    at += line.len() + 2;
                    let size = chunk_size(line)?;
                    self.state = if size == 0 { State::Trailers } else { State::Data(size) };
                }
                State::Trailers => {
                    let Some(line) = line(rest, TRAILER_LIMIT)? else {
                        return Ok(Passed { bytes: at, done: false });
                    };
                    at += line.len() + 2;
                    if line.is_empty() {
                        self.state = State::Done;
                    } else if self.trailers.len() + line.len() > TRAILER_LIMIT {
                        return Err("trailers beyond the limit");
                    } else {
                        field(line)?;
                        self.trailers.extend_from_slice(line);
                        self.trailers.extend_from_slice(b"\r\n");
                    }
                }
            }
        }
    }
}

/// The next line without its CRLF; `None` if it has not ended.
fn line(bytes: &[u8], limit: usize) -> Result<Option<&[u8]>, &'static str> {
    let Some(end) = memchr::memchr(b'\n', bytes) else {
        return if bytes.len() > limit { Err("a chunk line beyond the limit") } else { Ok(None) };
    };
    let line = bytes.get(..end).unwrap_or_default();
    let line = line.strip_suffix(b"\r").ok_or("a chunk line ends with a bare line feed")?;
    if memchr::memchr(b'\r', line).is_some() {
        return Err("a carriage return inside a chunk line");
    }
    Ok(Some(line))
}

fn chunk_size(line: &[u8]) -> Result<u64, &'static str> {
    let digits = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let (digits, extension) = line.split_at(digits);
    if digits.is_empty() || digits.len() > 15 {
        return Err("a chunk size that is no hexadecimal number");
    }
    if !matches!(trim(extension).first(), None | Some(b';')) {
        return Err("something other than an extension after a chunk size");
    }
    let value = |digit: &u8| u64::from((*digit as char).to_digit(16).unwrap_or_default());
    Ok(digits.iter().fold(0, |size, digit| size * 16 + value(digit)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    /// Feeds `wire` in pieces of `step` bytes, keeping what was not consumed, as a connection does.
    fn feed(wire: &[u8], step: usize) -> Result<(Vec<u8>, usize, bool), &'static str> {
        let mut end = BodyEnd::of(Framing::Chunked);
        let (mut payload, mut consumed, mut available) = (Vec::new(), 0, 0);
        while available < wire.len() && !end.is_done() {
            available = (available + step).min(wire.len());
            consumed += end.follow(&wire[consumed..available], |piece| payload.extend_from_slice(piece))?.bytes;
        }
        Ok((payload, consumed, end.is_done()))
    }

    #[test]
    fn a_chunked_body_is_followed_in_pieces_of_any_size() {
        let wire = b"5;ext=\"a\"\r\nhello\r\n00A\r\n0123456789\r\n0\r\nX-T: 1\r\nY: 2\r\n\r\nGET /next";
        for step in 1..=wire.len() {
            let (payload, consumed, done) = feed(wire, step).unwrap();
            assert_eq!((&payload[..], consumed, done), (&b"hello0123456789"[..], wire.len() - 9, true), "{step}");
        }
    }

    #[rstest]
    #[case(b"5\nhello\r\n0\r\n\r\n")]
    #[case(b"5\r\nhelloX\r\n0\r\n\r\n")]
    #[case(b"\r\nhello")]
    #[case(b" 5\r\nhello\r\n")]
    #[case(b"+5\r\nhello\r\n")]
    #[case(b"0x5\r\nhello\r\n")]
    #[case(b"5 x\r\nhello\r\n")]
    #[case(b"ffffffffffffffff\r\n")]
    #[case(b"5\x0c\r\nhello\r\n")]
    #[case(b"0\r\n A: folded\r\n\r\n")]
    #[case(b"0\r\nno colon\r\n\r\n")]
    #[case(b"0\r\nA: b\n\r\n")]
    fn a_crooked_chunk_is_refused(#[case] wire: &[u8]) {
        assert!(feed(wire, wire.len()).is_err(), "{}", wire.escape_ascii());
    }

    proptest! {
        #[test]
        fn what_was_chunked_comes_out(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..50), 0..8),
                                      step in 1usize..40) {
            let mut wire = Vec::new();
            for piece in &pieces {
                wire.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
                wire.extend_from_slice(piece);
                wire.extend_from_slice(b"\r\n");
            }
            wire.extend_from_slice(b"0\r\n\r\n");
            let (payload, consumed, done) = feed(&wire, step).unwrap();
            prop_assert_eq!(payload, pieces.concat());
            prop_assert_eq!((consumed, done), (wire.len(), true));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), step in 1usize..20) {
            let _ = feed(&bytes, step);
        }
    }
}
