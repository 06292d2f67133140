//! Bytes as they come, cut into lines.
//!
//! This file exists because a read ends anywhere: in a line, in a character, in ten megabytes without an end. A part of a
//! line waits for its rest; of an over-long line the head is kept and the rest skipped, and that is counted. A file that was
//! truncated under its writer begins with a hole, which reads as NULs: they are dropped and counted.

/// How much of one line is kept.
pub const LONGEST: usize = 64 << 10;

/// Cuts one source's bytes into lines.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// The beginning of a line whose end has not come.
    held: Vec<u8>,
    /// True if more of that line came than is held.
    over: bool,
    /// Lines of which only the head was kept.
    cut: u64,
    /// NULs that stood where a line begins.
    nuls: u64,
}

impl Lines {
    /// Hands every line that is whole to `take`, without its line end (`\n` or `\r\n`), in order.
    pub fn push(&mut self, bytes: &[u8], mut take: impl FnMut(&[u8])) {
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, behind) = rest.split_at(end);
            rest = behind.get(1..).unwrap_or_default();
            if self.held.is_empty() && line.len() <= LONGEST && line.first() != Some(&0) {
                take(without_return(line));
            } else {
                self.hold(line);
                take(without_return(&self.held));
                self.held.clear();
                self.over = false;
            }
        }
        self.hold(rest);
    }

    /// Hands over the line whose end did not come, if there is one: its source has ended, or has been silent for long.
    pub fn finish(&mut self, take: impl FnOnce(&[u8])) {
        if !self.held.is_empty() {
            take(&self.held);
            self.held.clear();
        }
        self.over = false;
    }

    /// Bytes of a line whose end has not come.
    pub fn held(&self) -> &[u8] {
        &self.held
    }

    /// How many lines were longer than [`LONGEST`].
    pub const fn cut(&self) -> u64 {
        self.cut
    }

    /// How many NULs stood where a line begins.
    pub const fn nuls(&self) -> u64 {
        self.nuls
    }

    fn hold(&mut self, part: &[u8]) {
        let part = if self.held.is_empty() { self.without_hole(part) } else { part };
        let room = LONGEST.saturating_sub(self.held.len());
        if part.len() > room && !self.over {
            self.over = true;
            self.cut += 1;
        }
        self.held.extend_from_slice(part.get(..room).unwrap_or(part));
    }

    fn without_hole<'a>(&mut self, part: &'a [u8]) -> &'a [u8] {
        let nuls = part.iter().position(|&byte| byte != 0).unwrap_or(part.len());
        self.nuls += u64::try_from(nuls).unwrap_or(u64::MAX);
        part.get(nuls..).unwrap_or_default()
    }
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The lines of these pieces, and what is left over.
    fn cut(pieces: &[&[u8]]) -> (Vec<Vec<u8>>, Lines) {
        let (mut lines, mut out) = (Lines::default(), Vec::new());
        for piece in pieces {
            lines.push(piece, |line| out.push(line.to_vec()));
        }
        (out, lines)
    }

    #[test]
    fn an_over_long_line_keeps_its_head_and_is_counted_once() {
        let long = vec![b'a'; LONGEST];
        let (out, lines) = cut(&[&long, b"b", &long, b"\nnext\r\n", &long, b"\n"]);
        assert_eq!(out.iter().map(Vec::len).collect::<Vec<_>>(), [LONGEST, 4, LONGEST]);
        assert_eq!(lines.cut(), 1);
    }

    #[test]
    fn a_hole_is_dropped_however_long_it_is() {
        let hole = vec![0; 3 * LONGEST];
        let (out, lines) = cut(&[&hole, b"\0\0line\0 one\n", b"\0\n"]);
        assert_eq!(out, [&b"line\0 one"[..], b""]);
        assert_eq!((lines.nuls(), lines.cut()), (3 * 65_536 + 3, 0));
    }

    proptest! {
        #[test]
        fn where_a_read_ends_makes_no_difference(text in "[ab\r\n]{0,40}", at in 0_usize..40) {
            let at = at.min(text.len());
            let (mut whole, mut left) = cut(&[text.as_bytes()]);
            let (mut parts, mut left_of_parts) = cut(&[&text.as_bytes()[..at], &text.as_bytes()[at..]]);
            left.finish(|line| whole.push(line.to_vec()));
            left_of_parts.finish(|line| parts.push(line.to_vec()));
            prop_assert_eq!(whole, parts);
        }
    }
}
