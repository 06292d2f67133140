//! What log shippers put around a line.
//!
//! This file exists because a line that went through syslog, docker, a container runtime or compose is still the line that
//! nginx wrote: what stands before it is taken off, and what was escaped on the way is unescaped.
//!
//! Source: RFC 3164 and 5424 and `ngx_syslog.c`; docker's `json-file` driver; the CRI log format of Kubernetes
//! (`kubelet/cri-log`); `docker compose logs`; `journalctl -o short`.

use crate::access_log::Escape;
use crate::access_log::search::find_quote;

/// How far into a line the end of a prefix is looked for.
const FARTHEST: usize = 256;

/// What is around each line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapping {
    /// `<190>Nov 20 09:26:05 host nginx: `, with or without the number; also what journald prints, and RFC 5424.
    Syslog,
    /// docker's `{"log":"…\n","stream":"stdout","time":"…"}`.
    Docker,
    /// `2026-11-20T09:26:05.123456789Z stdout F `
    Cri,
    /// `nginx-1  | `
    Compose,
}

impl Wrapping {
    /// All of them.
    pub(super) const ALL: [Self; 4] = [Self::Docker, Self::Cri, Self::Syslog, Self::Compose];

    /// Its name, to be shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Syslog => "syslog",
            Self::Docker => "docker's json-file",
            Self::Cri => "the log of a container runtime",
            Self::Compose => "the output of compose",
        }
    }

    /// True if it only stands before the line, which is not changed.
    pub(super) const fn is_before(self) -> bool {
        !matches!(self, Self::Docker)
    }

    /// The line inside; `room` holds it where it had to be unescaped. `None` if the line is not wrapped in this way.
    pub(super) fn open<'a>(self, line: &'a [u8], room: &'a mut Vec<u8>) -> Option<&'a [u8]> {
        match self {
            Self::Syslog => syslog(line),
            Self::Docker => docker(line, room),
            Self::Cri => cri(line),
            Self::Compose => compose(line),
        }
    }
}

fn syslog(line: &[u8]) -> Option<&[u8]> {
    let rest = match line.strip_prefix(b"<") {
        Some(number) => {
            let end = number.iter().take(4).position(|&byte| byte == b'>')?;
            let (digits, rest) = number.split_at_checked(end)?;
            digits.iter().all(u8::is_ascii_digit).then_some(rest.get(1..)?)?
        }
        None => line,
    };
    if let Some(structured) = rest.strip_prefix(b"1 ") {
        // Time, host, program, process and kind of message, then structured data or a `-`.
        let rest = (0..5).try_fold(structured, |rest, _| word(rest).map(|(_, rest)| rest))?;
        return match rest.strip_prefix(b"- ") {
            Some(message) => Some(message),
            None => rest.strip_prefix(b"[").and_then(|rest| after(rest, b"] ")),
        };
    }
    let rest = match rest.get(..16) {
        Some([_, _, _, b' ', _, _, b' ', _, _, b':', _, _, b':', _, _, b' ']) => rest.get(16..)?,
        _ => word(rest).filter(|(time, _)| is_stamp(time))?.1,
    };
    after(rest, b": ")
}

fn cri(line: &[u8]) -> Option<&[u8]> {
    let (_, rest) = word(line).filter(|(time, _)| is_stamp(time))?;
    let (_, rest) = word(rest).filter(|(stream, _)| matches!(*stream, b"stdout" | b"stderr"))?;
    rest.strip_prefix(b"F ").or_else(|| rest.strip_prefix(b"P "))
}

fn compose(line: &[u8]) -> Option<&[u8]> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let name = line.iter().position(|byte| !is_name(byte)).filter(|length| *length > 0)?;
    let rest = line.get(name..)?.strip_prefix(b" ")?.trim_ascii_start();
    rest.strip_prefix(b"| ")
}

fn docker<'a>(line: &[u8], room: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let text = line.strip_prefix(b"{\"log\":\"")?;
    let text = text.get(..find_quote(text)?)?;
    room.clear();
    room.extend_from_slice(&Escape::Json.decode(text));
    let line = room.strip_suffix(b"\n").unwrap_or(room);
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}

/// `2026-11-20T09:26:05` and whatever of a fraction and a zone.
fn is_stamp(text: &[u8]) -> bool {
    matches!(text, [_, _, _, _, b'-', _, _, b'-', _, _, b'T', _, _, b':', _, _, b':', _, _, ..])
}

/// A text up to a space, and what stands behind that.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (word, rest) = text.split_at_checked(memchr::memchr(b' ', text.get(..FARTHEST).unwrap_or(text))?)?;
    Some((word, rest.get(1..)?))
}

/// What stands behind a mark that is near.
fn after<'a>(text: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    let at = memchr::memmem::find(text.get(..FARTHEST).unwrap_or(text), mark)?;
    text.get(at + mark.len()..)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_is_taken_off() {
        for (wrapping, line) in [
            (Wrapping::Syslog, "<190>Nov 20 09:26:05 host nginx: ::1 - \"x\""),
            (Wrapping::Syslog, "Nov  2 09:26:05 host nginx[12]: ::1 - \"x\""),
            (Wrapping::Syslog, "2026-11-20T09:26:05.123456+00:00 host nginx: ::1 - \"x\""),
            (Wrapping::Syslog, "<13>1 2026-11-20T09:26:05Z host nginx 12 - - ::1 - \"x\""),
            (Wrapping::Syslog, "<13>1 2026-11-20T09:26:05Z host nginx 12 id [a b=\"c\"] ::1 - \"x\""),
            (Wrapping::Docker, r#"{"log":"::1 - \"x\"\r\n","stream":"stdout","time":"2026-11-20T09:26:05Z"}"#),
            (Wrapping::Cri, "2026-11-20T09:26:05.123456789Z stdout F ::1 - \"x\""),
            (Wrapping::Compose, "nginx-1  | ::1 - \"x\""),
        ] {
            assert_eq!(wrapping.open(line.as_bytes(), &mut Vec::new()), Some(&b"::1 - \"x\""[..]), "{line}");
            let plain = b"127.0.0.1 - - [20/Nov/2026:09:26:05 +0000] \"GET /a: HTTP/1.1\" 200 3";
            assert_eq!(wrapping.open(plain, &mut Vec::new()), None);
        }
    }

    proptest! {
        #[test]
        fn any_line_is_opened_or_not(line in "[<>0-9TZ: {}\"log\\\\|F-]{0,60}") {
            for wrapping in Wrapping::ALL {
                let _ = wrapping.open(line.as_bytes(), &mut Vec::new());
            }
        }
    }
}
