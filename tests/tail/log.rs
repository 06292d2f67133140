//! A log that is written and rotated by hand, and its reader.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use hopscope::tail::{Event, Input, Note, Options, Tail};
use tempfile::TempDir;

/// A folder with a log and its writer.
pub(crate) struct Log {
    folder: TempDir,
    writer: Option<File>,
    next: usize,
}

impl Log {
    /// One with an empty log in it.
    pub(crate) fn new() -> Self {
        let mut log = Self::none();
        log.reopen();
        log
    }

    /// One without a log.
    pub(crate) fn none() -> Self {
        Self { folder: TempDir::new().expect("a folder"), writer: None, next: 0 }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.at("access.log")
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// How many lines were written.
    pub(crate) fn written(&self) -> usize {
        self.next
    }

    /// The writer opens the file at its name, as at USR1.
    pub(crate) fn reopen(&mut self) {
        let file = OpenOptions::new().append(true).create(true).open(self.path());
        self.writer = Some(file.expect("the log is opened"));
    }

    /// Writes numbered lines where the writer is.
    pub(crate) fn write(&mut self, count: usize) {
        let text: String = (self.next..self.next + count).map(line).collect();
        self.next += count;
        let mut writer = self.writer.as_ref().expect("a writer");
        writer.write_all(text.as_bytes()).expect("lines are written");
    }

    pub(crate) fn rename(&self, from: &str, to: &str) {
        fs::rename(self.at(from), self.at(to)).expect("renamed");
    }

    /// `access.log.1` becomes `.2` and so on, compressed or not.
    pub(crate) fn shift(&self) {
        for number in (1..60).rev() {
            for end in ["", ".gz"] {
                let from = format!("access.log.{number}{end}");
                if self.at(&from).exists() {
                    self.rename(&from, &format!("access.log.{}{end}", number + 1));
                }
            }
        }
    }

    /// Moves the log away; the writer stays on it.
    pub(crate) fn rotate(&self) {
        self.shift();
        self.rename("access.log", "access.log.1");
    }

    /// Copies the log away and empties it.
    pub(crate) fn copy_truncate(&self) {
        self.shift();
        fs::copy(self.path(), self.at("access.log.1")).expect("copied");
        self.writer.as_ref().expect("a writer").set_len(0).expect("emptied");
    }

    pub(crate) fn compress(&self, name: &str) {
        let text = fs::read(self.at(name)).expect("the file");
        fs::write(self.at(&format!("{name}.gz")), gzip(&text)).expect("compressed");
        fs::remove_file(self.at(name)).expect("removed");
    }
}

/// One line of the log.
pub(crate) fn line(number: usize) -> String {
    format!("192.0.2.7 - - [21/Nov/2026:10:00:00 +0000] \"GET /t/{number:07} HTTP/1.1\" 200 {}\n", number % 977)
}

pub(crate) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).expect("in memory");
    encoder.finish().expect("in memory")
}

/// A reader, and the hands of its clock.
pub(crate) struct Reader {
    pub(crate) tail: Tail,
    pub(crate) now: Instant,
    /// The numbers of the lines that were read.
    pub(crate) seen: Vec<usize>,
    pub(crate) notes: Vec<Note>,
}

impl Reader {
    pub(crate) fn open(path: &Path, options: &Options) -> Self {
        let tail = Tail::open(&[Input::File(path.to_owned())], options.clone(), None).expect("the log is opened");
        Self { tail, now: Instant::now(), seen: Vec::new(), notes: Vec::new() }
    }

    pub(crate) fn follow(path: &Path) -> Self {
        Self::open(path, &following())
    }

    /// Takes everything there is now; true at the end.
    pub(crate) fn look(&mut self) -> bool {
        loop {
            match self.tail.look(self.now) {
                Event::Chunk { bytes, .. } => self.seen.extend(numbers(bytes)),
                Event::Note(note) => self.notes.push(note),
                Event::Idle => return false,
                Event::End => return true,
            }
        }
    }

    /// The same, so much later.
    pub(crate) fn look_after(&mut self, long: Duration) {
        self.now += long;
        self.look();
    }
}

pub(crate) fn following() -> Options {
    Options { follow: true, ..Options::default() }
}

/// The numbers of some lines; each must be whole.
pub(crate) fn numbers(bytes: &[u8]) -> Vec<usize> {
    let text = std::str::from_utf8(bytes).expect("whole lines are text");
    text.split_inclusive('\n')
        .map(|one| {
            let number = one.split("/t/").nth(1).and_then(|rest| rest.get(..7)).and_then(|digits| digits.parse().ok());
            let number = number.unwrap_or_else(|| panic!("not a line: {one:?}"));
            assert_eq!(one, line(number), "a line that is not whole");
            number
        })
        .collect()
}

/// All that a reader gives to its end.
pub(crate) fn all_of(mut tail: Tail) -> (Vec<u8>, Vec<Note>) {
    let (mut all, mut notes) = (Vec::new(), Vec::new());
    loop {
        match tail.next(Duration::from_secs(10)) {
            Event::Chunk { mut bytes, .. } => _ = bytes.read_to_end(&mut all).expect("in memory"),
            Event::Note(note) => notes.push(note),
            Event::Idle => panic!("it neither goes on nor ends"),
            Event::End => return (all, notes),
        }
    }
}
