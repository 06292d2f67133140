//! What httpd does to a path: resolving, decoding, escaping (`server/util.c`, `modules/proxy/proxy_util.c`, 2.4).

/// What becomes of an escaped slash (`AllowEncodedSlashes`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Slashes {
    /// 404
    #[default]
    Refused,
    /// It is decoded.
    Decoded,
    /// It stays escaped.
    Kept,
}

/// Resolves dot segments and merges slashes. Letters, digits and `-._~` are decoded with `decode`. `None` for a path that
/// leads above the root, or holds a bad escape.
pub(super) fn normalize(path: &[u8], merge: bool, decode: bool) -> Option<Vec<u8>> {
    let mut out: Vec<u8> = Vec::with_capacity(path.len());
    let mut rest = match path.split_first() {
        Some((b'/', rest)) => {
            out.push(b'/');
            rest
        }
        _ => return (path == b"*").then(|| path.to_vec()),
    };
    while let Some((&first, after)) = rest.split_first() {
        let (mut byte, mut after) = (first, after);
        if decode && byte == b'%' {
            let decoded = hex(after)?;
            if is_unreserved(decoded) {
                (byte, after) = (decoded, after.get(2..).unwrap_or_default());
            }
        }
        if out.last().is_none_or(|&last| last == b'/') {
            if merge && byte == b'/' {
                rest = after;
                continue;
            }
            if byte == b'.' {
                if let Some(next) = segment_end(after) {
                    rest = next;
                    continue;
                }
                let second = match after {
                    [b'.', after @ ..] => Some(after),
                    [b'%', b'2', b'e' | b'E', after @ ..] if decode => Some(after),
                    _ => None,
                };
                if let Some(next) = second.and_then(segment_end) {
                    if out.len() <= 1 {
                        return None;
                    }
                    out.pop();
                    while out.last().is_some_and(|&last| last != b'/') {
                        out.pop();
                    }
                    rest = next;
                    continue;
                }
            }
        }
        out.push(byte);
        rest = after;
    }
    Some(out)
}

/// What follows a segment that ends here.
fn segment_end(rest: &[u8]) -> Option<&[u8]> {
    match rest {
        [] => Some(rest),
        [b'/', rest @ ..] => Some(rest),
        _ => None,
    }
}

fn hex(text: &[u8]) -> Option<u8> {
    let digit = |at: usize| text.get(at).and_then(|&c| char::from(c).to_digit(16));
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

fn is_unreserved(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~')
}

/// Decodes a path whose unreserved bytes are decoded already.
///
/// # Errors
/// The status that it is refused with: 400 for a bad escape, 404 for an escaped NUL or slash.
pub(super) fn unescape(path: &[u8], slashes: Slashes) -> Result<Vec<u8>, u16> {
    let mut out = Vec::with_capacity(path.len());
    let mut status = None;
    let mut rest = path;
    while let Some((&b, after)) = rest.split_first() {
        rest = after;
        if b != b'%' {
            out.push(b);
            continue;
        }
        let Some(decoded) = hex(after) else {
            status = Some(400);
            out.push(b);
            continue;
        };
        let escape = after.get(..2).unwrap_or_default();
        rest = after.get(2..).unwrap_or_default();
        if decoded == 0 || (decoded == b'/' && slashes == Slashes::Refused) {
            status = status.or(Some(404));
        }
        if is_unreserved(decoded) || (decoded == b'/' && slashes == Slashes::Kept) {
            out.push(b'%');
            out.extend_from_slice(escape);
        } else {
            out.push(decoded);
        }
    }
    status.map_or(Ok(out), Err)
}

/// Escapes a path for an upstream (`ap_proxy_canonenc_ex`). With `kept`, escaped slashes stay as they are and another
/// escape must be a good one; `None` if it is not.
pub(super) fn canonical(path: &[u8], kept: bool) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((&b, after)) = rest.split_first() {
        rest = after;
        if kept && b == b'%' && hex(after)? == b'/' {
            out.push(b);
            out.extend_from_slice(after.get(..2).unwrap_or_default());
            rest = after.get(2..).unwrap_or_default();
        } else if b == b'/' || b.is_ascii_alphanumeric() || b"~$-_.+!*'(),;:@&=".contains(&b) {
            out.push(b);
        } else {
            out.extend_from_slice(format!("%{b:02X}").as_bytes());
        }
    }
    Some(out)
}

/// Escapes a path for a Location (`ap_os_escape_path`).
pub(super) fn escape(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    for &b in path {
        if b.is_ascii_alphanumeric() || b"$-_.+!*'(),:;@&=/~".contains(&b) {
            out.push(b);
        } else {
            out.extend_from_slice(format!("%{b:02x}").as_bytes());
        }
    }
    out
}

/// True if there is no blank and no control character in it (`ap_scan_vchar_obstext`).
pub(super) fn is_visible(text: &[u8]) -> bool {
    text.iter().all(|&b| b > b' ' && b != 127)
}

/// Merges slashes.
pub(super) fn one_slash(path: &[u8]) -> Vec<u8> {
    let mut out = path.to_vec();
    out.dedup_by(|a, b| *a == b'/' && *b == b'/');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_paths() {
        for (path, normal) in [
            (&b"/a/./b"[..], Some(&b"/a/b"[..])),
            (b"/a/../b", Some(b"/b")),
            (b"/a/%2e%2e/b", Some(b"/b")),
            (b"/a/.%2E", Some(b"/")),
            (b"//a///b//", Some(b"/a/b/")),
            (b"/a/..", Some(b"/")),
            (b"/a/.", Some(b"/a/")),
            (b"/..", None),
            (b"/a/../..", None),
            (b"/%61%2f%7e", Some(b"/a%2f~")),
            (b"/%zz", None),
            (b"/%", None),
            (b"/...", Some(b"/...")),
            (b"a", None),
        ] {
            assert_eq!(normalize(path, true, true).as_deref(), normal, "{}", path.escape_ascii());
        }
    }

    #[test]
    fn decoded_paths() {
        assert_eq!(unescape(b"/a%20b%25", Slashes::Refused), Ok(b"/a b%".to_vec()));
        assert_eq!(unescape(b"/a%2Fb", Slashes::Refused), Err(404));
        assert_eq!(unescape(b"/a%2Fb", Slashes::Decoded), Ok(b"/a/b".to_vec()));
        assert_eq!(unescape(b"/a%2Fb", Slashes::Kept), Ok(b"/a%2Fb".to_vec()));
        assert_eq!(unescape(b"/a%00b", Slashes::Kept), Err(404));
    }

    #[test]
    fn escaped_paths() {
        assert_eq!(canonical(b"a b/[x]%|", false), Some(b"a%20b/%5Bx%5D%25%7C".to_vec()));
        assert_eq!(canonical(b"a%2Fb", true), Some(b"a%2Fb".to_vec()));
        assert_eq!(canonical(b"100%", true), None);
        assert_eq!(escape(b"/a b\xc3"), b"/a%20b%c3".to_vec());
    }
}
