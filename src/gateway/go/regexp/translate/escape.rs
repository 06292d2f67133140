//! Escapes that stand for one character, in a class and outside of one.
//!
//! Go 1.26, `regexp/syntax/parse.go` (`escape`).

use super::malformed;
use crate::gateway::go::regexp::RegexpError;

/// The character that an escape stands for, and how long it is (`parser.escape`).
pub(super) fn escaped(text: &str) -> Result<(char, usize), RegexpError> {
    let invalid = || malformed("invalid escape sequence");
    let mut chars = text.chars().skip(1);
    let c = chars.next().ok_or_else(|| malformed("trailing backslash at end of expression"))?;
    let plain = match c {
        'a' => '\x07',
        'f' => '\x0c',
        't' => '\t',
        'n' => '\n',
        'r' => '\r',
        'v' => '\x0b',
        // A single digit would be a reference to a group, which there is not.
        '1'..='7' if !matches!(chars.next(), Some('0'..='7')) => return Err(invalid()),
        '0'..='7' => {
            let digits: String = text.chars().skip(1).take(3).take_while(|c| matches!(c, '0'..='7')).collect();
            let value = u32::from_str_radix(&digits, 8).map_err(|_| invalid())?;
            return Ok((char::from_u32(value).ok_or_else(invalid)?, 1 + digits.len()));
        }
        'x' => return hexadecimal(text).ok_or_else(invalid),
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => c,
        _ => return Err(invalid()),
    };
    Ok((plain, 2))
}

/// `\x7F`, `\x{10FFFF}`
fn hexadecimal(text: &str) -> Option<(char, usize)> {
    let digits = match text.get(2..)?.strip_prefix('{') {
        Some(after) => after.split_once('}')?.0,
        None => text.get(2..4)?,
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let length = if text.get(2..3)? == "{" { digits.len() + 4 } else { 4 };
    Some((char::from_u32(u32::from_str_radix(digits, 16).ok()?)?, length))
}
