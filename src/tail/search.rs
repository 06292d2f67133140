//! Where in a large file a time begins.
//!
//! This file exists so that the last hour of a 10 GB log is on the screen at once: a binary search over the lines' times
//! reads some thirty places of it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

/// What is read at one place, and what is not searched any further.
const WINDOW: usize = 64 << 10;
/// Lines are written when a request ends, by several workers, each with a buffer: how much older than its neighbours a line
/// may be, in milliseconds.
pub(super) const DISORDER: i64 = 60_000;

/// A place at a line's start, behind which is everything from `time` on; 0 if times cannot be found.
///
/// # Errors
/// What reading the file gives.
pub(super) fn first_from(
    file: &File,
    length: u64,
    time: i64,
    time_of: &mut dyn FnMut(&[u8]) -> Option<i64>,
) -> io::Result<u64> {
    Ok(around(file, length, time.saturating_sub(DISORDER), time_of)?.0)
}

/// A place in front of which is everything up to `time`; the length if times cannot be found.
///
/// # Errors
/// What reading the file gives.
pub(super) fn last_until(
    file: &File,
    length: u64,
    time: i64,
    time_of: &mut dyn FnMut(&[u8]) -> Option<i64>,
) -> io::Result<u64> {
    Ok(around(file, length, time.saturating_add(DISORDER), time_of)?.1)
}

/// The time of the first line that has one.
pub(super) fn first_time(lines: &[u8], time_of: &mut dyn FnMut(&[u8]) -> Option<i64>) -> Option<i64> {
    lines.split(|&byte| byte == b'\n').find_map(time_of)
}

/// A line's start before `time` and a place from `time` on, at most a window apart where lines have times.
fn around(
    file: &File,
    length: u64,
    time: i64,
    time_of: &mut dyn FnMut(&[u8]) -> Option<i64>,
) -> io::Result<(u64, u64)> {
    let (mut low, mut high) = (0, length);
    // Lines without a time are as good as late for what begins, and as early for what ends.
    let mut end = length;
    let mut buffer = vec![0; WINDOW];
    while high - low > WINDOW as u64 {
        let middle = low + (high - low) / 2;
        match line_behind(file, middle, &mut buffer, time_of)? {
            Some((start, found)) if found < time => {
                // A line that is longer than what is left to search ends it.
                if start >= high {
                    break;
                }
                low = start;
            }
            found => {
                high = middle;
                // The line at the middle began before it: it is read to its end.
                if found.is_some() {
                    end = high;
                }
            }
        }
    }
    Ok((low, end))
}

/// The first line with a time that begins behind `at`.
fn line_behind(
    file: &File,
    at: u64,
    buffer: &mut [u8],
    time_of: &mut dyn FnMut(&[u8]) -> Option<i64>,
) -> io::Result<Option<(u64, i64)>> {
    let count = file.read_at(buffer, at)?;
    let window = buffer.get(..count).unwrap_or_default();
    let mut start = memchr::memchr(b'\n', window).map_or(count, |end| end + 1);
    while let Some(rest) = window.get(start..) {
        let Some(end) = memchr::memchr(b'\n', rest) else { break };
        if let Some(time) = rest.get(..end).and_then(&mut *time_of) {
            return Ok(Some((at + start as u64, time)));
        }
        start += end + 1;
    }
    Ok(None)
}
