//! The request line, byte by byte.
//!
//! nginx answers at the first byte that it does not like, so what a line means cannot be told from its parts: the order of
//! the tests is the behaviour. Source: `ngx_http_parse_request_line` (`ngx_http_parse.c`, 1.22.1; 1.31.0 for the port and
//! CONNECT).

use std::ops::Range;

use super::Stop;
use crate::asgi::Release;

/// From here on the port of an absolute target belongs to its host, and CONNECT takes `host:port`.
const PORT_IN_HOST: Release = Release::new(1, 31, 0);

/// Bytes that are read one after the other.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    pub(super) wire: &'a [u8],
    pub(super) at: usize,
}

/// What a request line says, by places in the bytes.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Where it begins: empty lines before it are skipped.
    pub(super) start: usize,
    pub(super) method: Range<usize>,
    /// All of it without its end.
    pub(super) whole: Range<usize>,
    pub(super) protocol: Range<usize>,
    /// The host of an absolute target.
    pub(super) host: Option<Range<usize>>,
    /// The target from its path on.
    pub(super) target: Range<usize>,
    /// An absolute target with a query and no path.
    pub(super) empty_path: bool,
    /// The path has dot segments, double slashes or a fragment.
    pub(super) complex: bool,
    /// The path has escapes.
    pub(super) quoted: bool,
    /// Major times a thousand plus minor; 9 for HTTP/0.9, 0 as long as it is not known.
    pub(super) version: u32,
}

/// How far into a path the reader is.
#[derive(Clone, Copy, PartialEq)]
enum InTarget {
    /// Right after a slash: a dot or a slash here makes the path one to be normalised.
    AfterSlash,
    /// In a segment.
    Segment,
    /// Where nothing matters any more but the end.
    Rest,
}

impl<'a> Cursor<'a> {
    pub(super) fn next(&mut self) -> Result<u8, Stop> {
        let byte = self.wire.get(self.at).copied().ok_or(Stop::Unfinished)?;
        self.at += 1;
        Ok(byte)
    }

    pub(super) fn part(&self, range: &Range<usize>) -> &'a [u8] {
        self.wire.get(range.clone()).unwrap_or_default()
    }

    fn expect(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        bytes.iter().try_for_each(|&byte| if self.next()? == byte { Ok(()) } else { Err(Stop::Refused(400)) })
    }

    /// The next byte that is not `skipped`.
    fn next_but(&mut self, skipped: u8) -> Result<u8, Stop> {
        loop {
            let byte = self.next()?;
            if byte != skipped {
                return Ok(byte);
            }
        }
    }
}

/// Reads a request line, its end included.
///
/// # Errors
/// The status that nginx refuses it with; what could be read is in `line` all the same.
pub(super) fn read(cursor: &mut Cursor<'_>, line: &mut Line, release: Release) -> Result<(), Stop> {
    let first = loop {
        line.start = cursor.at;
        let byte = cursor.next()?;
        if !matches!(byte, b'\r' | b'\n') {
            break byte;
        }
    };
    method(cursor, line, first)?;
    if release >= PORT_IN_HOST && cursor.part(&line.method) == b"CONNECT" {
        connect(cursor, line)?;
    } else {
        let end = match cursor.next_but(b' ')? {
            b'/' => target(cursor, line, InTarget::AfterSlash)?,
            byte if byte.is_ascii_alphabetic() => absolute(cursor, line, release)?,
            _ => return Err(Stop::Refused(400)),
        };
        match end {
            b' ' => version(cursor, line)?,
            end => finish(cursor, line, end, 9)?,
        }
    }
    if line.version == 9 && cursor.part(&line.method) != b"GET" {
        return Err(Stop::Refused(400));
    }
    Ok(())
}

fn method(cursor: &mut Cursor<'_>, line: &mut Line, first: u8) -> Result<(), Stop> {
    let allowed = |byte: u8| byte.is_ascii_uppercase() || matches!(byte, b'_' | b'-');
    let mut byte = first;
    while allowed(byte) {
        byte = cursor.next()?;
        if byte == b' ' {
            line.method = line.start..cursor.at - 1;
            return Ok(());
        }
    }
    Err(Stop::Refused(400))
}

/// `http://host:port/path`; the scheme's first letter is read. Gives the byte that ended the target.
fn absolute(cursor: &mut Cursor<'_>, line: &mut Line, release: Release) -> Result<u8, Stop> {
    loop {
        match cursor.next()? {
            b':' => break,
            byte if byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.') => {}
            _ => return Err(Stop::Refused(400)),
        }
    }
    let slash = cursor.at;
    cursor.expect(b"//")?;
    let start = cursor.at;
    let mut end = host(cursor)?;
    line.host = Some(start..cursor.at - 1);
    if end == b':' {
        end = cursor.next()?;
        while end.is_ascii_digit() {
            end = cursor.next()?;
        }
        if release >= PORT_IN_HOST {
            line.host = Some(start..cursor.at - 1);
        }
    }
    match end {
        b'/' => target(cursor, line, InTarget::AfterSlash),
        b'?' => {
            line.empty_path = true;
            target(cursor, line, InTarget::Rest)
        }
        b' ' => {
            // The path is the first slash of the two after the scheme.
            line.target = slash..slash + 1;
            Ok(b' ')
        }
        _ => Err(Stop::Refused(400)),
    }
}

/// A host name or a bracketed address; gives the byte after it.
fn host(cursor: &mut Cursor<'_>) -> Result<u8, Stop> {
    let mut byte = cursor.next()?;
    if byte != b'[' {
        while byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-') {
            byte = cursor.next()?;
        }
        return Ok(byte);
    }
    loop {
        match cursor.next()? {
            b']' => return cursor.next(),
            byte if byte.is_ascii_alphanumeric() || b":-._~!$&'()*+,;=".contains(&byte) => {}
            _ => return Err(Stop::Refused(400)),
        }
    }
}

/// `host:port HTTP/1.1` of a CONNECT.
fn connect(cursor: &mut Cursor<'_>, line: &mut Line) -> Result<(), Stop> {
    let first = cursor.next_but(b' ')?;
    cursor.at -= 1;
    let start = cursor.at;
    if !(first.is_ascii_alphanumeric() || matches!(first, b'[' | b'.' | b'-')) || host(cursor)? != b':' {
        return Err(Stop::Refused(400));
    }
    let digits = cursor.at;
    let mut byte = cursor.next()?;
    while byte.is_ascii_digit() {
        byte = cursor.next()?;
    }
    if byte != b' ' || cursor.at - 1 == digits {
        return Err(Stop::Refused(400));
    }
    line.host = Some(start..cursor.at - 1);
    version(cursor, line)?;
    // The path is the slash of `HTTP/`.
    let slash = line.protocol.start + 4;
    line.target = slash..slash + 1;
    Ok(())
}

/// The path and the query; the first byte is read. Gives the byte that ended them: a space or the end of the line.
fn target(cursor: &mut Cursor<'_>, line: &mut Line, mut state: InTarget) -> Result<u8, Stop> {
    let start = cursor.at - 1;
    loop {
        let byte = cursor.next()?;
        match (state, byte) {
            (_, b' ' | b'\r' | b'\n') => {
                line.target = start..cursor.at - 1;
                return Ok(byte);
            }
            (_, 0..=0x1f | 0x7f) => return Err(Stop::Refused(400)),
            (_, b'#') | (InTarget::AfterSlash, b'.' | b'/') => {
                line.complex = true;
                state = InTarget::Rest;
            }
            (InTarget::Rest, _) | (_, b'+') => {}
            (_, b'%') => {
                line.quoted = true;
                state = InTarget::Rest;
            }
            (_, b'?') => state = InTarget::Rest,
            (InTarget::Segment, b'/') => state = InTarget::AfterSlash,
            _ => state = InTarget::Segment,
        }
    }
}

/// The spaces after a target, the version and the end of the line.
fn version(cursor: &mut Cursor<'_>, line: &mut Line) -> Result<(), Stop> {
    match cursor.next_but(b' ')? {
        end @ (b'\r' | b'\n') => return finish(cursor, line, end, 9),
        b'H' => {}
        _ => return Err(Stop::Refused(400)),
    }
    let start = cursor.at - 1;
    cursor.expect(b"TTP/")?;
    let mut major = digit(cursor.next()?).filter(|&major| major > 0).ok_or(Stop::Refused(400))?;
    loop {
        if major > 1 {
            return Err(Stop::Refused(505));
        }
        match cursor.next()? {
            b'.' => break,
            byte => major = major * 10 + digit(byte).ok_or(Stop::Refused(400))?,
        }
    }
    let mut minor = digit(cursor.next()?).ok_or(Stop::Refused(400))?;
    let end = loop {
        match cursor.next()? {
            byte @ (b'\r' | b'\n') => break byte,
            b' ' => break cursor.next_but(b' ')?,
            _ if minor > 99 => return Err(Stop::Refused(400)),
            byte => minor = minor * 10 + digit(byte).ok_or(Stop::Refused(400))?,
        }
    };
    finish(cursor, line, end, major * 1000 + minor)?;
    line.protocol = start..line.whole.end;
    Ok(())
}

/// The end of the line, of which the first byte is read.
fn finish(cursor: &mut Cursor<'_>, line: &mut Line, end: u8, version: u32) -> Result<(), Stop> {
    line.whole = line.start..cursor.at - 1;
    match end {
        b'\n' => {}
        b'\r' => cursor.expect(b"\n")?,
        _ => return Err(Stop::Refused(400)),
    }
    line.version = version;
    Ok(())
}

fn digit(byte: u8) -> Option<u32> {
    char::from(byte).to_digit(10)
}
