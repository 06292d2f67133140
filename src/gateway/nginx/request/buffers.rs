//! The buffers that a head is read into: a line that does not fit into one is refused.
//!
//! Source: `ngx_http_alloc_large_header_buffer` (`ngx_http_request.c`).

use super::HeadRules;

/// Where the current buffer lies over the bytes that arrive.
#[derive(Debug)]
pub(super) struct Buffers {
    start: usize,
    size: usize,
    /// How many large ones are in use.
    large: usize,
}

impl Buffers {
    pub(super) fn new(size: usize) -> Self {
        Self { start: 0, size: size.max(1), large: 0 }
    }

    /// Empty lines up to `end` were thrown away: a buffer full of them is used again.
    pub(super) fn empty_lines(&mut self, end: usize) {
        self.start += end.saturating_sub(self.start) / self.size * self.size;
    }

    /// A line from `start` was read up to `end`: takes the buffers that this needs.
    ///
    /// # Errors
    /// The line does not fit, or there are no more buffers.
    pub(super) fn line(&mut self, start: usize, end: usize, rules: HeadRules) -> Result<(), ()> {
        let (most, size) = rules.large_client_header_buffers;
        while self.start + self.size < end {
            let full = self.start + self.size;
            // A line that begins here needs nothing copied, so that its length does not matter yet.
            let begun = full.saturating_sub(start);
            self.large += 1;
            if (begun > 0 && begun >= size) || self.large > most {
                return Err(());
            }
            self.start = full - begun;
            self.size = size.max(1);
        }
        Ok(())
    }
}
