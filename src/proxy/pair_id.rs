//! The header that carries a request's id from the edge tap through the proxy to the app tap.
//!
//! It is added only where both taps run in this process, and the app tap takes it off again. The run's own tag in it keeps
//! a client (or another hopscope further out) from pairing what does not belong together.

use std::hash::{BuildHasher, RandomState};

use crate::capture::PairId;
use crate::exchange::{HeadError, RequestHead};

/// The header's name.
pub(super) const NAME: &str = "X-Hopscope-Id";

/// This run's tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RunTag(u64);

impl RunTag {
    /// A tag that other runs do not have: from the process's random hash keys.
    pub(super) fn random() -> Self {
        Self(RandomState::new().hash_one(NAME))
    }

    /// The header's value for an id.
    pub(super) fn value(self, id: PairId) -> String {
        format!("{:016x}-{:x}", self.0, id.0)
    }

    fn read(self, value: &[u8]) -> Option<PairId> {
        let (tag, id) = std::str::from_utf8(value).ok()?.split_once('-')?;
        let tag = u64::from_str_radix(tag, 16).ok()?;
        (tag == self.0).then(|| u64::from_str_radix(id, 16).ok().map(PairId)).flatten()
    }

    /// Takes this run's id header off a head. Another run's stays: it is part of what was sent.
    pub(super) fn take_off(self, head: RequestHead) -> Result<(RequestHead, Option<PairId>), HeadError> {
        let Some(id) = head.fields().all(NAME).find_map(|value| self.read(value)) else { return Ok((head, None)) };
        let mut bytes = Vec::with_capacity(head.as_bytes().len());
        for line in head.as_bytes().split_inclusive(|&b| b == b'\n') {
            let ours = line.split(|&b| b == b':').next().is_some_and(|name| name.eq_ignore_ascii_case(NAME.as_bytes()))
                && line.get(NAME.len() + 1..).is_some_and(|value| self.read(value.trim_ascii()).is_some());
            if !ours {
                bytes.extend_from_slice(line);
            }
        }
        Ok((RequestHead::from_judged(bytes)?, Some(id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_runs_id_is_taken_off() {
        let (ours, other) = (RunTag(7), RunTag(8));
        let text = format!(
            "GET / HTTP/1.1\r\nA: 1\r\nx-hopscope-id: {}\r\nX-Hopscope-Id: {}\r\nB: 2\r\n\r\n",
            ours.value(PairId(0x2a)),
            other.value(PairId(1))
        );
        let (head, id) = ours.take_off(RequestHead::from_wire(text.into_bytes()).unwrap()).unwrap();
        assert_eq!(id, Some(PairId(0x2a)));
        let names: Vec<_> = head.fields().map(|field| String::from_utf8_lossy(field.name).into_owned()).collect();
        assert_eq!(names, ["A", "X-Hopscope-Id", "B"]);
    }
}
