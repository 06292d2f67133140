//! The newest lines, as bytes in a ring.
//!
//! This file exists because a face shows lines, and parsing one again when it is drawn is cheaper than keeping millions of
//! parsed ones. Lines have numbers that never change, so that what is selected stays selected while older ones go.

use std::collections::VecDeque;
use std::ops::Range;

/// Bytes of lines that are kept.
pub(super) const RECENT: usize = 8 << 20;

/// Bytes of one block: the ring lets whole blocks go.
const BLOCK: usize = 64 << 10;

/// The ring.
#[derive(Debug, Default)]
pub(super) struct Recent {
    blocks: VecDeque<Block>,
    /// Bytes in all blocks, and what their indexes take.
    held: usize,
    /// Lines that were taken in, ever.
    taken: u64,
}

/// Lines one after the other.
#[derive(Debug)]
struct Block {
    bytes: Vec<u8>,
    /// For each line where it ends, and its source.
    ends: Vec<(u32, u32)>,
    /// The number of the first.
    first: u64,
}

impl Recent {
    /// Takes a line in, and lets old ones go.
    pub(super) fn push(&mut self, source: usize, line: &[u8]) {
        let room = |block: &Block| block.bytes.len() + line.len() <= BLOCK;
        if !self.blocks.back().is_some_and(room) {
            self.blocks.push_back(Block { bytes: Vec::new(), ends: Vec::new(), first: self.taken });
        }
        if let Some(block) = self.blocks.back_mut() {
            block.bytes.extend_from_slice(line);
            // A line has at most 64 KiB, so a block never has more than twice that.
            let end = u32::try_from(block.bytes.len()).unwrap_or(u32::MAX);
            block.ends.push((end, u32::try_from(source).unwrap_or(u32::MAX)));
        }
        self.held += line.len() + size_of::<(u32, u32)>();
        self.taken += 1;
        while self.held > RECENT && self.blocks.len() > 1 {
            if let Some(gone) = self.blocks.pop_front() {
                self.held -= gone.bytes.len() + gone.ends.len() * size_of::<(u32, u32)>();
            }
        }
    }

    /// The numbers of the lines that are kept, oldest first.
    pub(super) fn numbers(&self) -> Range<u64> {
        self.blocks.front().map_or(self.taken, |block| block.first)..self.taken
    }

    /// The line of this number, and its source.
    pub(super) fn get(&self, number: u64) -> Option<(usize, &[u8])> {
        let index = self.blocks.partition_point(|block| block.first <= number).checked_sub(1)?;
        let block = self.blocks.get(index)?;
        let place = usize::try_from(number - block.first).ok()?;
        let (end, source) = *block.ends.get(place)?;
        let start = place.checked_sub(1).and_then(|before| block.ends.get(before)).map_or(0, |(end, _)| *end);
        Some((source as usize, block.bytes.get(start as usize..end as usize)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_and_the_oldest_go() {
        let mut recent = Recent::default();
        let line = |n: u64| format!("{n:0100}").into_bytes();
        for n in 0..200_000 {
            recent.push(usize::from(n % 3 == 0), &line(n));
        }
        let kept = recent.numbers();
        assert_eq!(kept.end, 200_000);
        assert!(kept.start > 100_000 && kept.end - kept.start > 70_000, "{kept:?}");
        assert!(recent.held <= RECENT);
        for n in [kept.start, kept.start + 1, 150_000, 199_999] {
            assert_eq!(recent.get(n), Some((usize::from(n % 3 == 0), line(n).as_slice())), "{n}");
        }
        assert_eq!((recent.get(kept.start - 1), recent.get(kept.end)), (None, None));
    }

    #[test]
    fn an_empty_line_and_a_huge_one_are_lines() {
        let mut recent = Recent::default();
        assert_eq!((recent.numbers(), recent.get(0)), (0..0, None));
        recent.push(0, b"");
        recent.push(1, &vec![b'x'; BLOCK * 2]);
        recent.push(2, b"y");
        assert_eq!(recent.get(0), Some((0, &b""[..])));
        assert_eq!(recent.get(1).map(|(source, line)| (source, line.len())), Some((1, BLOCK * 2)));
        assert_eq!(recent.get(2), Some((2, &b"y"[..])));
    }
}
