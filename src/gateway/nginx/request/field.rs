//! Header lines: which are taken, which are dropped without a word, and which end the request.
//!
//! Source: `ngx_http_parse_header_line` (`ngx_http_parse.c`, 1.22.1; older releases took spaces and control bytes in
//! names until 1.21.1).

use super::Stop;
use super::line::Cursor;

/// What a header line is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// The empty line at the end of the head.
    End,
    /// A field. Blanks around the value are cut, tabs are none.
    Field {
        name: Vec<u8>,
        value: Vec<u8>,
        /// The name has bytes other than letters, digits and dashes (and `_`, where that is allowed).
        invalid: bool,
    },
}

/// Reads a header line, its end included.
///
/// # Errors
/// 400 for a byte that nginx does not take.
pub(super) fn read(cursor: &mut Cursor<'_>, underscores: bool) -> Result<Read, Stop> {
    let start = cursor.at;
    match cursor.next()? {
        b'\n' => return Ok(Read::End),
        b'\r' => return if cursor.next()? == b'\n' { Ok(Read::End) } else { Err(Stop::Refused(400)) },
        b':' => return Err(Stop::Refused(400)),
        _ => cursor.at = start,
    }
    let mut invalid = false;
    let end = loop {
        match cursor.next()? {
            byte if byte.is_ascii_alphanumeric() || byte == b'-' => {}
            byte @ (b':' | b'\r' | b'\n') => break byte,
            b'_' => invalid |= !underscores,
            0..=0x20 | 0x7f => return Err(Stop::Refused(400)),
            _ => invalid = true,
        }
    };
    let name = cursor.part(&(start..cursor.at - 1)).to_vec();
    let value = match end {
        b':' => value(cursor)?,
        b'\r' => {
            line_feed(cursor)?;
            Vec::new()
        }
        _ => Vec::new(),
    };
    Ok(Read::Field { name, value, invalid })
}

/// A value and the end of its line.
fn value(cursor: &mut Cursor<'_>) -> Result<Vec<u8>, Stop> {
    let start = cursor.at;
    loop {
        match cursor.next()? {
            0 => return Err(Stop::Refused(400)),
            end @ (b'\r' | b'\n') => {
                let mut value = cursor.part(&(start..cursor.at - 1));
                while let Some(rest) = value.strip_prefix(b" ") {
                    value = rest;
                }
                while let Some(rest) = value.strip_suffix(b" ") {
                    value = rest;
                }
                if end == b'\r' {
                    line_feed(cursor)?;
                }
                return Ok(value.to_vec());
            }
            _ => {}
        }
    }
}

/// The line feed after a carriage return; more of those may stand between.
fn line_feed(cursor: &mut Cursor<'_>) -> Result<(), Stop> {
    loop {
        match cursor.next()? {
            b'\n' => return Ok(()),
            b'\r' => {}
            _ => return Err(Stop::Refused(400)),
        }
    }
}
