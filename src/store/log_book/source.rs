//! The logs that are read, and how far that is.

use crate::access_log::format::Clock;
use crate::access_log::{Format, Lines};

/// One log that is read.
#[derive(Clone, Debug)]
pub struct LogSource {
    /// Its name: a path, or `-`.
    pub name: String,
    /// The format its lines are read by; `None` while the first of them have not come that could tell.
    pub format: Option<Format>,
    /// How the format was chosen, a few words: `by --log-format`, `detected: 198 of 200 lines fit`, `nginx.conf:12`.
    pub chosen: String,
    pub(super) lines: Lines,
    pub(super) clock: Clock,
}

impl LogSource {
    /// A source of which nothing was read.
    pub(super) fn new(name: String) -> Self {
        let chosen = "not known yet".to_owned();
        Self { name, format: None, chosen, lines: Lines::default(), clock: Clock::default() }
    }

    /// The format's name or text, to be shown.
    pub fn format_name(&self) -> &str {
        self.format.as_ref().map_or("?", Format::name)
    }

    /// Lines of which only the head was kept, because they were too long.
    pub fn cut(&self) -> u64 {
        self.lines.cut()
    }
}

/// How far a long read is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read, as they were before they were decompressed.
    pub read: u64,
    /// Bytes there are.
    pub all: u64,
    /// Bytes a second.
    pub rate: u64,
    /// True while only the newest part is counted and the whole is still being read.
    pub partial: bool,
    /// True while files are followed.
    pub following: bool,
}

impl Progress {
    /// Seconds until all is read, at this rate; `None` if all is read or no rate is known.
    pub fn seconds_left(&self) -> Option<u64> {
        let left = self.all.saturating_sub(self.read);
        (left > 0).then(|| left.checked_div(self.rate)).flatten()
    }

    /// True while so much is still to come that what is read now is not among the newest `bytes`.
    pub(super) const fn is_far_from_end(&self, bytes: u64) -> bool {
        self.all.saturating_sub(self.read) > bytes
    }
}
