//! The two header lines that pass between an app tap and the probe in the app: the tap's question, and the answer.
//!
//! They are a fact of their own because they are no part of what was measured: the tap adds the one and takes the other
//! off, and neither is in a head that is kept. A line of either name that this run's tap did not cause is a header like
//! any other.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;

use super::{HeadError, ResponseHead};

/// The request header that asks the probe; its value is the key.
pub const ASKS: &str = "X-Hopscope-Probe";
/// The response header with the probe's answer.
pub const TELLS: &str = "X-Hopscope-Scope";
/// The least length of a key: shorter ones could be guessed.
const SHORTEST: usize = 16;

/// What proves to the probe that hopscope asks, and not a stranger who comes by way of the proxy.
#[derive(Clone, PartialEq, Eq)]
pub struct ProbeKey(Arc<str>);

impl ProbeKey {
    /// A key that nobody can guess: 128 bits from the process's random hash keys.
    pub fn random() -> Self {
        let random = RandomState::new();
        Self(format!("{:016x}{:016x}", random.hash_one(ASKS), random.hash_one(TELLS)).into())
    }

    /// The key as the environment of the app's server has it.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Puts the question on a request's head that is ready to be sent: as its last line, before the empty one.
    pub fn ask(&self, head: &mut Vec<u8>) {
        if head.ends_with(b"\r\n\r\n") {
            head.truncate(head.len() - 2);
            for part in [ASKS, ": ", self.text(), "\r\n\r\n"] {
                head.extend_from_slice(part.as_bytes());
            }
        }
    }
}

/// The key is nobody's business: logs and failed assertions do not show it.
impl fmt::Debug for ProbeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProbeKey(***)")
    }
}

impl FromStr for ProbeKey {
    type Err = UnfitKey;

    /// Takes 16 or more characters of visible ASCII.
    fn from_str(text: &str) -> Result<Self, UnfitKey> {
        let fits = text.len() >= SHORTEST && text.len() <= 256 && text.bytes().all(|b| b.is_ascii_graphic());
        if fits { Ok(Self(text.into())) } else { Err(UnfitKey) }
    }
}

/// Why a text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a probe's key has 16 to 256 visible ASCII characters and no blanks, e.g. from: openssl rand -hex 16")]
pub struct UnfitKey;

/// Takes the probe's answer off a response's head; the first one counts, and none stays. Only for the response to a
/// request that asked.
///
/// # Errors
/// [`HeadError`] if what is left is no head, which cannot be where `head` was one.
pub fn take_answer(head: ResponseHead) -> Result<(ResponseHead, Option<Bytes>), HeadError> {
    let Some(answer) = head.get(TELLS) else { return Ok((head, None)) };
    let answer = Bytes::copy_from_slice(answer);
    let mut bytes = Vec::with_capacity(head.as_bytes().len());
    let mut lines = head.as_bytes().split_inclusive(|&b| b == b'\n');
    bytes.extend_from_slice(lines.next().unwrap_or_default());
    for line in lines {
        let name = line.split(|&b| b == b':').next().unwrap_or_default();
        if !name.eq_ignore_ascii_case(TELLS.as_bytes()) {
            bytes.extend_from_slice(line);
        }
    }
    Ok((ResponseHead::from_judged(bytes)?, Some(answer)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_long_and_plain() {
        for text in ["", "short", "fifteen-letters", "with a blank in it", "größe-größe-größe", "sixteen\nletters!"]
        {
            assert_eq!(text.parse::<ProbeKey>(), Err(UnfitKey), "{text:?}");
        }
        assert!("sixteen-letters!".parse::<ProbeKey>().is_ok());
        let (one, other) = (ProbeKey::random(), ProbeKey::random());
        assert!(one != other && one.text().parse::<ProbeKey>().is_ok());
        assert_eq!(format!("{one:?}"), "ProbeKey(***)");
    }

    #[test]
    fn the_question_is_the_last_line() {
        let key: ProbeKey = "0123456789abcdef".parse().unwrap();
        let mut head = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n".to_vec();
        key.ask(&mut head);
        assert_eq!(head, b"GET / HTTP/1.1\r\nHost: h\r\nX-Hopscope-Probe: 0123456789abcdef\r\n\r\n");
    }

    #[test]
    fn every_answer_is_taken_off_and_nothing_else() {
        let taken = |text: &str| {
            let (head, answer) = take_answer(ResponseHead::from_wire(text.as_bytes()).unwrap()).unwrap();
            (String::from_utf8_lossy(head.as_bytes()).into_owned(), answer)
        };
        let plain = "HTTP/1.1 200 OK\r\nA: 1 \r\nX-Hopscope-Scopes: x\r\n\r\n";
        assert_eq!(taken(plain), (plain.to_owned(), None));
        let told = "HTTP/1.1 200 OK\r\nx-hopscope-scope: {\"v\":1}\r\nA: 1 \r\nX-HOPSCOPE-SCOPE:2\r\n\r\n";
        let left = "HTTP/1.1 200 OK\r\nA: 1 \r\n\r\n".to_owned();
        assert_eq!(taken(told), (left, Some(Bytes::from_static(b"{\"v\":1}"))));
    }
}
