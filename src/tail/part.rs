//! One file of a log: the live one, a rotated one, a copy, or a stream.

mod same;

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use super::decode::{self, Coding};
use super::print::{FileId, LENGTH};
use super::stream::Stream;

/// How a part stands to its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The name leads to it, or did when it was last there.
    Live,
    /// It had the name: its writer may not have noticed yet.
    Draining,
    /// Nothing is written to it any more.
    Closed,
}

/// What reading gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Got {
    /// So many bytes of whole lines.
    Lines(usize),
    /// Bytes that are none of any line; there may be more.
    Skipped,
    /// Nothing that is whole.
    Nothing,
    /// A live file that was empty is not any more, or was not in between; nothing was read of it yet.
    Began,
    /// The file is not what it was: emptied, and perhaps written anew.
    Changed,
    /// All of it was read and nothing can come.
    End,
}

enum Body {
    Plain(Arc<File>),
    Packed { file: Arc<File>, coding: Coding, reader: Option<Box<dyn Read + Send>>, read: Arc<AtomicU64> },
    Stream(Stream),
}

/// One file, and how much of it was read.
pub(super) struct Part {
    pub(super) path: PathBuf,
    pub(super) id: FileId,
    pub(super) standing: Standing,
    /// True while the last chunk ended within a line.
    pub(super) mid_line: bool,
    /// All of it was handed on, also the line that had no end.
    pub(super) left: bool,
    /// Where to end, for a window of time.
    pub(super) end: Option<u64>,
    body: Body,
    /// Its first bytes, unpacked.
    beginning: Vec<u8>,
    /// Everything before it was handed on; in unpacked bytes.
    offset: u64,
    /// The bytes before the offset.
    mark: Vec<u8>,
    /// What that was before the last chunk.
    earlier_mark: Vec<u8>,
    /// True until a byte came that is not NUL.
    hollow: bool,
    /// Length and time of the file when there was nothing more in it.
    looked: Option<(u64, SystemTime)>,
    /// Since when nothing came.
    quiet: Option<Instant>,
    /// What cannot be read again: the beginning of a line, unpacked.
    carry: Vec<u8>,
    /// Unpacked bytes that another file already gave.
    skip: u64,
    /// No more can be unpacked.
    over: bool,
    /// Why; said once what came before it was handed on.
    failure: Option<io::Error>,
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} ({:?})", self.path.display(), self.offset, self.standing)
    }
}

impl Part {
    /// Opens a file at its beginning.
    ///
    /// # Errors
    /// What opening or reading it gives; a folder is [`io::ErrorKind::IsADirectory`].
    pub(super) fn open(path: &Path, standing: Standing) -> io::Result<Self> {
        // Opening a pipe would wait for its writer.
        let metadata = fs::metadata(path)?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "is not a regular file"));
        }
        let file = Arc::new(File::open(path)?);
        let id = FileId::of(&file.metadata()?);
        let (coding, beginning) = decode::beginning(&file, LENGTH)?;
        let body = match coding {
            Some(coding) => Body::Packed { file, coding, reader: None, read: Arc::default() },
            None => Body::Plain(file),
        };
        Ok(Self { beginning, ..Self::new(path.to_owned(), id, standing, body) })
    }

    /// A stream, which has no place on disk.
    pub(super) fn stream(path: PathBuf, stream: Stream) -> Self {
        Self::new(path, FileId::default(), Standing::Closed, Body::Stream(stream))
    }

    fn new(path: PathBuf, id: FileId, standing: Standing, body: Body) -> Self {
        Self {
            path,
            id,
            standing,
            mid_line: false,
            left: false,
            end: None,
            body,
            beginning: Vec::new(),
            offset: 0,
            mark: Vec::new(),
            earlier_mark: Vec::new(),
            hollow: true,
            looked: None,
            quiet: None,
            carry: Vec::new(),
            skip: 0,
            over: false,
            failure: None,
        }
    }

    /// The same file from its beginning, as if it had never been read; `None` for what can be read but once.
    pub(super) fn anew(&self) -> Option<Self> {
        let Body::Plain(file) = &self.body else { return None };
        Some(Self::new(self.path.clone(), self.id, self.standing, Body::Plain(Arc::clone(file))))
    }

    /// The file, if it is one that is read as it is.
    pub(super) fn plain(&self) -> Option<&Arc<File>> {
        match &self.body {
            Body::Plain(file) => Some(file),
            _ => None,
        }
    }

    /// The first bytes of it, unpacked: `most` at most.
    pub(super) fn first(&self, most: usize) -> io::Result<Vec<u8>> {
        match &self.body {
            Body::Plain(file) | Body::Packed { file, .. } => Ok(decode::beginning(file, most)?.1),
            Body::Stream(_) => Ok(Vec::new()),
        }
    }

    /// True if nothing was found in it yet.
    pub(super) fn is_empty(&self) -> bool {
        self.beginning.is_empty()
    }

    /// Its length on disk.
    pub(super) fn length(&self) -> u64 {
        match &self.body {
            Body::Plain(file) | Body::Packed { file, .. } => file.metadata().map_or(0, |metadata| metadata.len()),
            Body::Stream(_) => 0,
        }
    }

    /// How many of these bytes were taken.
    pub(super) fn taken(&self) -> u64 {
        match &self.body {
            Body::Plain(_) => self.offset,
            Body::Packed { read, .. } => read.load(Ordering::Relaxed),
            Body::Stream(_) => 0,
        }
    }

    /// How much of it was read.
    pub(super) const fn offset(&self) -> u64 {
        self.offset
    }

    /// Goes on at this offset.
    pub(super) fn seek(&mut self, offset: u64) -> io::Result<()> {
        match &self.body {
            Body::Plain(file) => {
                self.mark = before(file, offset)?;
                self.offset = offset;
                self.hollow = offset == 0;
            }
            _ => self.skip = offset,
        }
        Ok(())
    }

    /// Goes on where another file with the same lines was read.
    pub(super) fn go_on(&mut self, other: &Self) -> io::Result<()> {
        self.seek(other.offset)
    }

    /// Goes to the start of a line at or, `forward`, behind this offset. A line whose start is farther than a chunk away
    /// counts as begun.
    pub(super) fn seek_line(&mut self, offset: u64, forward: bool, chunk: usize) -> io::Result<()> {
        let Some(file) = self.plain().filter(|_| offset > 0) else { return Ok(()) };
        let chunk = chunk as u64;
        let from = if forward { offset - 1 } else { offset.saturating_sub(chunk) };
        let many = if forward { chunk } else { offset - from };
        let bytes = read_at(file, from, usize::try_from(many).unwrap_or(usize::MAX))?;
        let end = if forward { memchr::memchr(b'\n', &bytes) } else { memchr::memrchr(b'\n', &bytes) };
        let start = end.map_or(if from == 0 { 0 } else { offset }, |end| from + end as u64 + 1);
        self.seek(start)
    }

    /// True if nothing came for this long.
    pub(super) fn is_quiet(&self, now: Instant, long: Duration) -> bool {
        self.quiet.is_some_and(|since| now.saturating_duration_since(since) >= long)
    }

    /// Reads whole lines. The buffer has room for one byte more than a chunk.
    ///
    /// # Errors
    /// What reading gives. A compressed file that is damaged has given before what it could.
    pub(super) fn read(&mut self, buffer: &mut [u8], now: Instant) -> io::Result<Got> {
        if self.end.is_some_and(|end| self.offset >= end) {
            return Ok(Got::End);
        }
        let got = match &self.body {
            Body::Plain(file) => {
                let file = Arc::clone(file);
                self.read_plain(&file, buffer)?
            }
            _ => self.read_flow(buffer)?,
        };
        match got {
            Got::Nothing => _ = self.quiet.get_or_insert(now),
            _ => self.quiet = None,
        }
        Ok(got)
    }

    fn read_plain(&mut self, file: &File, buffer: &mut [u8]) -> io::Result<Got> {
        let metadata = file.metadata()?;
        let looked = (metadata.len(), metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH));
        if self.looked == Some(looked) {
            return Ok(Got::Nothing);
        }
        if self.is_empty() && self.standing == Standing::Live {
            self.refresh();
            // One that was filled and is empty again has another time.
            self.looked = Some(looked).filter(|_| self.is_empty());
            return Ok(Got::Began);
        }
        if metadata.len() < self.offset {
            return Ok(Got::Changed);
        }
        let room = buffer.len().saturating_sub(1);
        let count = fill_at(file, buffer.get_mut(..room).unwrap_or_default(), self.offset)?;
        // What was read counts only if the file was still the same afterwards.
        if !self.is_unchanged(file)? {
            return Ok(Got::Changed);
        }
        let bytes = buffer.get(..count).unwrap_or_default();
        if self.is_hole(bytes) {
            return Ok(Got::Skipped);
        }
        let Some(whole) = whole_lines(bytes, room) else {
            self.looked = Some(looked);
            return Ok(Got::Nothing);
        };
        self.looked = None;
        self.advance(bytes, whole);
        Ok(Got::Lines(whole))
    }

    /// Goes over the hole with which a file begins that was emptied under a writer that keeps its place; it reads as NULs.
    fn is_hole(&mut self, bytes: &[u8]) -> bool {
        let hole = bytes.iter().position(|&byte| byte != 0).unwrap_or(bytes.len());
        if !self.hollow || hole == 0 {
            return false;
        }
        self.offset += hole as u64;
        self.mark.clear();
        true
    }

    fn advance(&mut self, bytes: &[u8], whole: usize) {
        let taken = bytes.get(..whole).unwrap_or(bytes);
        std::mem::swap(&mut self.mark, &mut self.earlier_mark);
        self.mark.clear();
        self.mark.extend_from_slice(taken.get(whole.saturating_sub(LENGTH)..).unwrap_or_default());
        self.offset += taken.len() as u64;
        self.mid_line = taken.last() != Some(&b'\n');
        self.hollow = false;
    }

    fn read_flow(&mut self, buffer: &mut [u8]) -> io::Result<Got> {
        let room = buffer.len().saturating_sub(1);
        let mut count = self.carry.len().min(room);
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), self.carry.get(..count)) {
            to.copy_from_slice(from);
        }
        self.carry.clear();
        while count < room && !self.over {
            match self.body.pour(buffer.get_mut(count..room).unwrap_or_default()) {
                Ok(Some(0)) => self.over = true,
                Ok(Some(more)) => count += more,
                Ok(None) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // What came before it counts.
                Err(error) => (self.over, self.failure) = (true, Some(error)),
            }
        }
        if self.skip > 0 && count > 0 {
            let skipped = count.min(usize::try_from(self.skip).unwrap_or(usize::MAX));
            self.skip -= skipped as u64;
            self.offset += skipped as u64;
            self.carry.extend_from_slice(buffer.get(skipped..count).unwrap_or_default());
            return Ok(Got::Skipped);
        }
        let bytes = buffer.get(..count).unwrap_or_default();
        let whole = whole_lines(bytes, room);
        if whole.is_none() && self.over {
            if count > 0 || self.mid_line {
                return Ok(Got::Lines(self.close(buffer, count)));
            }
            return self.failure.take().map_or(Ok(Got::End), Err);
        }
        let whole = whole.unwrap_or_default();
        self.carry.extend_from_slice(bytes.get(whole..).unwrap_or_default());
        if whole == 0 {
            return Ok(Got::Nothing);
        }
        self.advance(bytes, whole);
        Ok(Got::Lines(whole))
    }

    /// Ends the last line, which has no end: the next file's first line is not part of it.
    fn close(&mut self, buffer: &mut [u8], count: usize) -> usize {
        if let Some(end) = buffer.get_mut(count) {
            *end = b'\n';
        }
        self.offset += count as u64;
        self.mid_line = false;
        count + 1
    }

    /// The rest of a file that is left: a line without its end. 0 if there is none.
    pub(super) fn finish(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.left = true;
        let Some(file) = self.plain().map(Arc::clone) else { return Ok(0) };
        let room = buffer.len().saturating_sub(1);
        let count = fill_at(&file, buffer.get_mut(..room).unwrap_or_default(), self.offset)?;
        Ok(if count == 0 && !self.mid_line { 0 } else { self.close(buffer, count) })
    }
}

impl Body {
    /// Unpacks, or takes what has come: `None` if nothing has yet, `Some(0)` at the end.
    fn pour(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        match self {
            Self::Plain(_) => Ok(Some(0)),
            Self::Stream(stream) => stream.read(buffer),
            Self::Packed { file, coding, reader, read } => {
                let open = || decode::unpacked(Arc::clone(file), *coding, Arc::clone(read));
                reader.get_or_insert_with(open).read(buffer).map(Some)
            }
        }
    }
}

/// How much of these bytes is whole lines; all of them if they fill the room without a line's end; `None` if nothing is.
fn whole_lines(bytes: &[u8], room: usize) -> Option<usize> {
    let end = memchr::memrchr(b'\n', bytes).map(|end| end + 1);
    end.or_else(|| (!bytes.is_empty() && bytes.len() == room).then_some(room))
}

/// The bytes before an offset.
fn before(file: &File, offset: u64) -> io::Result<Vec<u8>> {
    let from = offset.saturating_sub(LENGTH as u64);
    read_at(file, from, usize::try_from(offset - from).unwrap_or(LENGTH))
}

fn read_at(file: &File, offset: u64, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; most];
    let count = fill_at(file, &mut bytes, offset)?;
    bytes.truncate(count);
    Ok(bytes)
}

/// Reads until the buffer is full or the file ends.
fn fill_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut count = 0;
    while let Some(room) = buffer.get_mut(count..).filter(|room| !room.is_empty()) {
        match file.read_at(room, offset + count as u64) {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}
