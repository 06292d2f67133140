//! The text between two variables of a format.
//!
//! This file exists because a literal is compared on every line: up to eight bytes of it are compared as one word.

use crate::access_log::search::find_near;

/// A text that has to stand where it stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Literal {
    bytes: Box<[u8]>,
    /// Its first eight bytes, and which of their bits count.
    word: u64,
    mask: u64,
}

impl Literal {
    pub(super) fn new(bytes: &[u8]) -> Self {
        let (mut word, mut mask) = ([0; 8], [0; 8]);
        for ((byte, place), bits) in bytes.iter().zip(&mut word).zip(&mut mask) {
            (*place, *bits) = (*byte, 0xff);
        }
        Self { bytes: bytes.into(), word: u64::from_le_bytes(word), mask: u64::from_le_bytes(mask) }
    }

    pub(super) fn first(&self) -> Option<u8> {
        self.bytes.first().copied()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What stands behind it; `None` if the text does not begin with it.
    #[inline]
    pub(super) fn strip<'a>(&self, text: &'a [u8]) -> Option<&'a [u8]> {
        if let Some(head) = text.first_chunk::<8>() {
            if (u64::from_le_bytes(*head) ^ self.word) & self.mask != 0 {
                return None;
            }
            if self.bytes.len() <= 8 {
                return text.get(self.bytes.len()..);
            }
        }
        text.strip_prefix(&*self.bytes)
    }

    /// Where it is first.
    pub(super) fn find(&self, text: &[u8]) -> Option<usize> {
        let first = self.first()?;
        let mut from = 0;
        loop {
            let rest = text.get(from..)?;
            let at = find_near(first, rest)?;
            if self.strip(rest.get(at..)?).is_some() {
                return Some(from + at);
            }
            from += at + 1;
        }
    }

    /// How many of its bytes a text begins with.
    pub(super) fn shared(&self, text: &[u8]) -> usize {
        self.bytes.iter().zip(text).take_while(|(ours, theirs)| ours == theirs).count()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn as_a_prefix_and_as_a_part(literal in "[ab\"]{0,12}", text in "[ab\"]{0,30}", behind in "[a\"]{0,3}") {
            let compiled = Literal::new(literal.as_bytes());
            let text = if behind.len() == 2 { format!("{literal}{text}") } else { text };
            prop_assert_eq!(compiled.strip(text.as_bytes()), text.as_bytes().strip_prefix(literal.as_bytes()));
            let place = if literal.is_empty() { None } else { text.find(&literal) };
            prop_assert_eq!(compiled.find(text.as_bytes()), place);
        }
    }
}
