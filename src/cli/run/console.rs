//! What the command writes while the dashboard has the terminal: kept whole in a file, and its last lines at hand.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, PipeReader, Write as _};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use tokio::sync::watch;

use crate::lanes::visible::visible;
use crate::tui;

/// Lines kept at hand.
const KEPT: usize = 2000;
/// Bytes of a line kept at hand; the file has all.
const WIDEST: usize = 4096;

/// The command's output.
#[derive(Debug)]
pub(super) struct Console {
    log: PathBuf,
    file: Mutex<File>,
    lines: tui::Lines,
    changed: watch::Sender<u64>,
    wrote: AtomicBool,
}

impl Console {
    /// One that keeps everything in a new file at `log`.
    pub(super) fn new(log: PathBuf) -> anyhow::Result<Self> {
        let file = File::create_new(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let changed = watch::Sender::new(0);
        Ok(Self { log, file: Mutex::new(file), lines: tui::Lines::default(), changed, wrote: AtomicBool::new(false) })
    }

    /// Both ends of the command's output, into one pipe: what it wrote stays in the order in which it wrote it.
    pub(super) fn pipes(console: &Arc<Self>) -> anyhow::Result<(Stdio, Stdio)> {
        let (reader, out) = io::pipe().context("cannot make a pipe")?;
        let err = out.try_clone().context("cannot make a pipe")?;
        let console = Arc::clone(console);
        let thread = std::thread::Builder::new().name("hopscope-console".to_owned());
        thread.spawn(move || console.read(reader)).context("cannot start the console's thread")?;
        Ok((out.into(), err.into()))
    }

    /// Reads to the end, which comes when the last process that writes is gone.
    fn read(&self, reader: PipeReader) {
        let mut reader = BufReader::new(reader);
        let mut line = Vec::new();
        // An error is an end: nothing more can be read.
        while matches!(reader.read_until(b'\n', &mut line), Ok(1..)) {
            self.take(&line);
            line.clear();
        }
    }

    fn take(&self, line: &[u8]) {
        self.wrote.store(true, Ordering::Relaxed);
        // A full disk must not stop the command: its last lines are still at hand.
        let _ = self.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line);
        let end = line.trim_ascii_end();
        let text = plain(end.get(..end.len().min(WIDEST)).unwrap_or_default());
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(text);
        drop(lines);
        self.changed.send_modify(|revision| *revision += 1);
    }

    /// True once there was anything.
    pub(super) fn wrote_anything(&self) -> bool {
        self.wrote.load(Ordering::Relaxed)
    }

    /// The last lines, `count` at most.
    pub(super) fn last_lines(&self, count: usize) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().skip(lines.len().saturating_sub(count)).cloned().collect()
    }

    /// What the dashboard is given of it.
    pub(super) fn shown(&self, command: &str) -> tui::Console {
        tui::Console {
            command: command.to_owned(),
            log: self.log.display().to_string(),
            lines: Arc::clone(&self.lines),
            changed: self.changed.subscribe(),
        }
    }
}

/// A line without its colours, and with everything else that could control the terminal made visible.
fn plain(line: &[u8]) -> String {
    let mut text = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = memchr::memchr(0x1b, rest) {
        let (before, escape) = rest.split_at(at);
        text.extend_from_slice(before);
        let length = color_length(escape);
        if length == 0 {
            text.push(0x1b);
        }
        rest = escape.get(length.max(1)..).unwrap_or_default();
    }
    text.extend_from_slice(rest);
    visible(&text)
}

/// How long the colour sequence (ECMA-48 SGR) is that `escape` begins with; 0 if it is none.
fn color_length(escape: &[u8]) -> usize {
    let Some(rest) = escape.strip_prefix(b"\x1b[") else { return 0 };
    let numbers = rest.iter().take_while(|b| b.is_ascii_digit() || **b == b';').count();
    if rest.get(numbers) == Some(&b'm') { numbers + 3 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_go_and_other_controls_are_shown() {
        for (line, text) in [
            (&b"\x1b[32mINFO\x1b[0m:     ok"[..], "INFO:     ok"),
            (b"a\x1b[2Jb", "a\\x1b[2Jb"),
            (b"\x1b", "\\x1b"),
            (b"\x1b[1;31mx", "x"),
            (b"100%\rdone", "100%\\rdone"),
        ] {
            assert_eq!(plain(line), text);
        }
    }

    #[test]
    fn nothing_is_lost_though_only_the_last_lines_are_at_hand() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let console = Console::new(log.clone()).unwrap();
        (0..KEPT + 5).for_each(|n| console.take(format!("line {n}\n").as_bytes()));
        assert_eq!(std::fs::read_to_string(log).unwrap().lines().count(), KEPT + 5);
        assert_eq!(console.last_lines(1), [format!("line {}", KEPT + 4)]);
        assert_eq!(console.last_lines(usize::MAX).first().unwrap(), "line 5");
    }
}
