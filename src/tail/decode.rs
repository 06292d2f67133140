//! Compressed logs, read as if they were not.
//!
//! The first bytes decide, not the name. A log may consist of several gzip members or zstd frames, one behind the other:
//! that is what `cat a.gz b.gz` and a compressor that is fed piece by piece make.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// What is read of a compressed file at once.
const PIECE: usize = 64 << 10;
/// The largest window of a zstd frame: what the zstd tool takes without being asked (`--long=27`).
const LARGEST_WINDOW: u64 = 128 << 20;

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Zstd,
}

impl Coding {
    /// By its first bytes: RFC 1952 section 2.3.1, RFC 8878 section 3.1.
    fn of(start: &[u8]) -> Option<Self> {
        match start {
            [0x1f, 0x8b, 8, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            _ => None,
        }
    }

    /// What is compressed in another way cannot be read, and must not be taken for lines.
    fn checked(start: &[u8]) -> io::Result<Option<Self>> {
        let other = match start {
            [0xfd, b'7', b'z', b'X', ..] => "xz",
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => "bzip2",
            _ => return Ok(Self::of(start)),
        };
        let what = format!(
            "is compressed with {other}, which is not read here; unpack it: {other} -dc FILE | hopscope logs -"
        );
        Err(io::Error::new(io::ErrorKind::InvalidData, what))
    }

    fn reader(self, from: impl BufRead + Send + 'static) -> Box<dyn Read + Send> {
        match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(from)),
            Self::Zstd => Box::new(Frames::new(from)),
        }
    }
}

/// A file that is read from its beginning whatever else is read of it; it counts what it gave.
pub(super) struct FromStart {
    file: Arc<File>,
    read: Arc<AtomicU64>,
}

impl Read for FromStart {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.read.load(Ordering::Relaxed))?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// What a compressed file holds. `read` counts the bytes of the file that were taken.
pub(super) fn unpacked(file: Arc<File>, coding: Coding, read: Arc<AtomicU64>) -> Box<dyn Read + Send> {
    coding.reader(BufReader::with_capacity(PIECE, FromStart { file, read }))
}

/// What a stream holds: it is unpacked if it begins as a compressed one.
pub(super) fn stream(mut from: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    let mut start = Vec::with_capacity(4);
    from.by_ref().take(4).read_to_end(&mut start)?;
    let coding = Coding::checked(&start)?;
    let whole = Cursor::new(start).chain(from);
    Ok(match coding {
        Some(coding) => coding.reader(BufReader::with_capacity(PIECE, whole)),
        None => Box::new(whole),
    })
}

/// How a file is compressed, and the first bytes of what it holds: `most` at most.
pub(super) fn beginning(file: &Arc<File>, most: usize) -> io::Result<(Option<Coding>, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut raw = FromStart { file: Arc::clone(file), read: Arc::default() };
    raw.by_ref().take(most.max(4) as u64).read_to_end(&mut bytes)?;
    let coding = Coding::checked(&bytes)?;
    if let Some(coding) = coding {
        bytes.clear();
        // A file that is still being compressed, or is damaged, has what it has.
        let _ = unpacked(Arc::clone(file), coding, Arc::default()).take(most as u64).read_to_end(&mut bytes);
    }
    bytes.truncate(most);
    Ok((coding, bytes))
}

/// The frames of a zstd file, one after the other.
struct Frames<R> {
    from: R,
    decoder: FrameDecoder,
}

impl<R: BufRead> Frames<R> {
    fn new(from: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(LARGEST_WINDOW);
        Self { from, decoder }
    }

    /// Goes to the next frame; false at the end of the file.
    fn next_frame(&mut self) -> io::Result<bool> {
        while !self.from.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.from) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    io::copy(&mut self.from.by_ref().take(u64::from(length)), &mut io::sink())?;
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(false)
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.decoder.can_collect() > 0 {
                return self.decoder.read(buffer);
            }
            if self.decoder.is_finished() {
                if !self.next_frame()? {
                    return Ok(0);
                }
            } else {
                let step = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder.decode_blocks(&mut self.from, step).map_err(io::Error::other)?;
            }
        }
    }
}
