//! Paths as nginx decodes, normalises and escapes them.
//!
//! nginx compares and rewrites the decoded path, and escapes it again only where it has a reason to. Which bytes it
//! escapes depends on what the text is for.
//!
//! Source: `ngx_http_parse_complex_uri`, `ngx_http_parse_unsafe_uri`, `ngx_http_split_args` (`ngx_http_parse.c`),
//! `ngx_escape_uri`, `ngx_unescape_uri` (`ngx_string.c`), 1.22.1.

/// A target, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Normalised {
    /// The path: decoded, without dot segments and, where slashes are merged, without empty segments.
    pub(super) path: Vec<u8>,
    /// What stands behind the first `?`, as written.
    pub(super) args: Vec<u8>,
    /// The path had escapes.
    pub(super) quoted: bool,
    /// The path has a `+`.
    pub(super) plus: bool,
}

/// Where the reader is in the current segment.
#[derive(Clone, Copy, PartialEq)]
enum Segment {
    Usual,
    Empty,
    Dot,
    DotDot,
}

/// Reads a target: a path, a query, and a fragment that is thrown away. A target without a path has the path `/`.
///
/// `None` for a bad escape, `%00` and a path that leads above the root.
pub(super) fn normalise(target: &[u8], merge_slashes: bool) -> Option<Normalised> {
    let mut normal = Normalised::default();
    let path = &mut normal.path;
    if target.first() == Some(&b'?') {
        path.push(b'/');
    }
    let mut segment = Segment::Usual;
    let mut rest = target;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let byte = match byte {
            b'?' => {
                normal.args = rest.iter().copied().take_while(|&byte| byte != b'#').collect();
                break;
            }
            b'#' => break,
            b'%' => {
                normal.quoted = true;
                let (byte, after) = decoded(rest)?;
                rest = after;
                match byte {
                    0 => return None,
                    // These three are never taken for what they mean unescaped.
                    b'%' | b'#' | b'?' => {
                        segment = Segment::Usual;
                        path.push(byte);
                        continue;
                    }
                    byte => byte,
                }
            }
            byte => byte,
        };
        normal.plus |= byte == b'+';
        segment = match (segment, byte) {
            (Segment::Empty, b'/') if merge_slashes => Segment::Empty,
            (Segment::Usual | Segment::Empty, b'/') => {
                path.push(b'/');
                Segment::Empty
            }
            (Segment::Dot, b'/') => {
                path.pop();
                Segment::Empty
            }
            (Segment::DotDot, b'/') => {
                up(path)?;
                Segment::Empty
            }
            (before, byte) => {
                path.push(byte);
                match (before, byte) {
                    (Segment::Empty, b'.') => Segment::Dot,
                    (Segment::Dot, b'.') => Segment::DotDot,
                    _ => Segment::Usual,
                }
            }
        };
    }
    match segment {
        Segment::Dot => drop(path.pop()),
        Segment::DotDot => up(path)?,
        Segment::Usual | Segment::Empty => {}
    }
    Some(normal)
}

/// The byte that two hexadecimal digits stand for, and what follows them.
fn decoded(text: &[u8]) -> Option<(u8, &[u8])> {
    let [high, low, rest @ ..] = text else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?;
    Some((byte, rest))
}

/// Takes `/..` off the end, and the segment before it.
fn up(path: &mut Vec<u8>) -> Option<()> {
    let before = path.len().checked_sub(3)?;
    let slash = path.get(..before)?.iter().rposition(|&byte| byte == b'/')?;
    path.truncate(slash + 1);
    Some(())
}

/// What a text is escaped for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    /// A path.
    Uri,
    /// A part of a query.
    Args,
}

impl Escape {
    fn applies(self, byte: u8) -> bool {
        match byte {
            0..=b' ' | b'"' | b'#' | b'%' | b'<' | b'>' | b'?' | b'\\' | b'^' | b'`' | b'{'..=b'}' | 0x7f..=0xff => {
                true
            }
            b'&' | b'+' | b';' => self == Self::Args,
            _ => false,
        }
    }
}

/// A text with the bytes escaped that may not stand unescaped.
pub(super) fn escape(text: &[u8], what: Escape) -> Vec<u8> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |value: u8| HEX.get(usize::from(value)).copied().unwrap_or(b'0');
    let mut out = Vec::with_capacity(text.len());
    for &byte in text {
        if what.applies(byte) {
            out.extend([b'%', digit(byte >> 4), digit(byte & 15)]);
        } else {
            out.push(byte);
        }
    }
    out
}

/// What a text is unescaped for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unescape {
    /// Every escape, to the end.
    All,
    /// A redirect: up to the first `?`, and only escapes of bytes that may stand unescaped.
    Redirect,
}

/// A text with escapes decoded. A `%` without two digits after it vanishes, as in nginx.
pub(super) fn unescape(text: &[u8], what: Unescape) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'?' && what == Unescape::Redirect {
            out.push(byte);
            out.extend_from_slice(rest);
            break;
        }
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let Some((&high, after)) = rest.split_first() else { break };
        if !high.is_ascii_hexdigit() {
            out.push(high);
            rest = after;
            continue;
        }
        let Some((byte, after)) = decoded(rest) else {
            rest = rest.get(2..).unwrap_or_default();
            continue;
        };
        let escaped = rest.get(..2).unwrap_or_default();
        rest = after;
        match (what, byte) {
            (Unescape::Redirect, b'?') => {
                out.push(byte);
                out.extend_from_slice(rest);
                break;
            }
            (Unescape::Redirect, 0..=b'%' | 0x7f..=0xff) => {
                out.push(b'%');
                out.extend_from_slice(escaped);
            }
            _ => out.push(byte),
        }
    }
    out
}

/// A path and what stands behind its first `?`.
pub(super) fn split_args(text: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b'?', text) {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default()),
        None => (text, b""),
    }
}

/// The path and query of an internal redirect that an upstream asks for. `None` if nginx holds it for unsafe: empty, with
/// NUL, or with a `..` segment.
pub(super) fn of_upstream(text: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (path, args) = split_args(text);
    let safe = |path: &[u8]| !path.contains(&0) && !path.split(|&byte| byte == b'/').any(|segment| segment == b"..");
    if path.is_empty() || !safe(path) {
        return None;
    }
    let path = if path.contains(&b'%') { unescape(path, Unescape::All) } else { path.to_vec() };
    safe(&path).then(|| (path, args.to_vec()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    #[test]
    fn targets() {
        for (target, path, args) in [
            ("/a/b?x=%2F", "/a/b", "x=%2F"),
            ("/a//b", "/a/b", ""),
            ("/a/./b/.", "/a/b/", ""),
            ("/a/../b/..", "/", ""),
            ("/a/%2e%2E/b", "/b", ""),
            ("/a%2fb", "/a/b", ""),
            ("/a%2F%2Fb", "/a/b", ""),
            ("/.a/..b", "/.a/..b", ""),
            ("/a/..?x", "/", "x"),
            ("/a/.?x", "/a/", "x"),
            ("/a/..#x?y", "/", ""),
            ("/a?b#c", "/a", "b"),
            ("/a%3Fb%23c%25d", "/a?b#c%d", ""),
            ("/a/.%2f.%2Fb", "/a/b", ""),
            ("/a/..%3Fb", "/a/..?b", ""),
            ("?x", "/", "x"),
            ("/", "/", ""),
        ] {
            let normal = normalise(target.as_bytes(), true).unwrap();
            assert_eq!((text(&normal.path).as_str(), text(&normal.args).as_str()), (path, args), "{target}");
        }
        for target in ["/..", "/a/../..", "/%", "/%4", "/%zz", "/%00", "/a/%2e%2e/../x", "/..?x"] {
            assert_eq!(normalise(target.as_bytes(), true), None, "{target}");
        }
        assert_eq!(normalise(b"/a//b///../c", false).unwrap().path, b"/a//b//c");
    }

    #[test]
    fn escapes() {
        let all: Vec<u8> = (0x20..0x80).collect();
        assert_eq!(
            text(&escape(&all, Escape::Uri)),
            "%20!%22%23$%25&'()*+,-./0123456789:;%3C=%3E%3F@ABCDEFGHIJKLMNOPQRSTUVWXYZ[%5C]%5E_%60abcdefghijklmnopqrstuvwxyz\
             %7B%7C%7D~%7F"
        );
        assert_eq!(text(&escape(b"a&b+c;d/e\xc3\xa9", Escape::Args)), "a%26b%2Bc%3Bd/e%C3%A9");
        for (from, all, redirect) in [
            ("/a%20b", "/a b", "/a%20b"),
            ("/a%2fb?%41", "/a/b?A", "/a/b?%41"),
            ("/%41%3f%42", "/A?B", "/A?%42"),
            ("%zz%4", "zz", "zz"),
            ("%4zx", "x", "x"),
        ] {
            let get = |what| text(&unescape(from.as_bytes(), what));
            assert_eq!([get(Unescape::All), get(Unescape::Redirect)], [all, redirect], "{from}");
        }
    }

    #[test]
    fn redirects_of_upstreams() {
        for (from, to) in [
            ("/files/a?b", Some(("/files/a", "b"))),
            ("/a%20b", Some(("/a b", ""))),
            ("/a/../b", None),
            ("/a/%2e%2e/b", None),
            ("..", None),
            ("", None),
            ("?x", None),
        ] {
            let got = of_upstream(from.as_bytes()).map(|(path, args)| (text(&path), text(&args)));
            assert_eq!(got, to.map(|(path, args)| (path.to_owned(), args.to_owned())), "{from}");
        }
    }

    proptest! {
        /// What is escaped and read again is what it was.
        #[test]
        fn escaped_paths_come_back(segments in proptest::collection::vec("[^/\0.]{1,4}", 1..4)) {
            let path = format!("/{}", segments.join("/")).into_bytes();
            let normal = normalise(&escape(&path, Escape::Uri), true).unwrap();
            prop_assert_eq!(normal.path, path);
        }

        /// A normalised path has neither dot segments nor empty ones.
        #[test]
        fn normalised_paths_are_normal(target in "/[a./%2e?#]{0,12}") {
            if let Some(normal) = normalise(target.as_bytes(), true) {
                let mut segments: Vec<&[u8]> = normal.path.split(|&byte| byte == b'/').skip(1).collect();
                if segments.last() == Some(&&b""[..]) {
                    segments.pop();
                }
                prop_assert!(!segments.iter().any(|segment| matches!(*segment, b"" | b"." | b"..")), "{:?}", text(&normal.path));
            }
        }
    }
}
