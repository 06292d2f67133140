//! Paths as text between slashes: Go's package `path`.

/// `path.Clean`: one slash for several, no `.`, `..` taken with what stands before it, no slash at the end; `.` for nothing.
pub(in crate::gateway) fn clean(path: &[u8]) -> Vec<u8> {
    let rooted = path.first() == Some(&b'/');
    let mut kept: Vec<&[u8]> = Vec::new();
    for part in path.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if kept.last().is_some_and(|last| *last != b"..") => {
                kept.pop();
            }
            b".." if rooted => {}
            part => kept.push(part),
        }
    }
    let mut out = if rooted { b"/".to_vec() } else { Vec::new() };
    out.extend(kept.join(&b'/'));
    if out.is_empty() { b".".to_vec() } else { out }
}

/// `path.Match`: a whole path fits a pattern of `*`, `?`, `[a-z]` and `\\`, none of which stands for a slash. A pattern that
/// is none fits nothing.
pub(in crate::gateway) fn path_matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut pattern, mut name) = (pattern, name);
    while !pattern.is_empty() {
        let (star, chunk, rest) = scan_chunk(pattern);
        pattern = rest;
        if star && chunk.is_empty() {
            return !name.contains(&b'/');
        }
        let matched = match_chunk(chunk, name);
        if let Some(tail) = matched.filter(|tail| tail.is_empty() || !pattern.is_empty()) {
            name = tail;
            continue;
        }
        if !star {
            return false;
        }
        let before_slash = name.iter().position(|&byte| byte == b'/').unwrap_or(name.len());
        let later = (1..=before_slash).find_map(|skip| {
            let tail = match_chunk(chunk, name.get(skip..)?)?;
            (!pattern.is_empty() || tail.is_empty()).then_some(tail)
        });
        match later {
            Some(tail) => name = tail,
            None => return false,
        }
    }
    name.is_empty()
}

/// `scanChunk`: whether a star comes first, what follows up to the next star, and the rest.
fn scan_chunk(pattern: &[u8]) -> (bool, &[u8], &[u8]) {
    let stars = pattern.iter().take_while(|&&byte| byte == b'*').count();
    let after = pattern.get(stars..).unwrap_or_default();
    let mut in_range = false;
    let mut at = 0;
    while let Some(byte) = after.get(at) {
        match byte {
            b'\\' => at += 1,
            b'[' => in_range = true,
            b']' => in_range = false,
            b'*' if !in_range => break,
            _ => {}
        }
        at += 1;
    }
    let (chunk, rest) = after.split_at_checked(at).unwrap_or((after, &[]));
    (stars > 0, chunk, rest)
}

/// `matchChunk`: what is left of a text after a pattern without stars; `None` if it does not fit.
fn match_chunk<'n>(chunk: &[u8], name: &'n [u8]) -> Option<&'n [u8]> {
    let (mut chunk, mut name) = (chunk, name);
    while let Some((&byte, after)) = chunk.split_first() {
        let (c, width) = first_char(name)?;
        match byte {
            b'[' => {
                chunk = match_range(after, c)?;
                name = name.get(width..)?;
            }
            b'?' => {
                if c == u32::from(b'/') {
                    return None;
                }
                chunk = after;
                name = name.get(width..)?;
            }
            byte => {
                let (wanted, after) = if byte == b'\\' { after.split_first()? } else { (&byte, after) };
                let (first, rest) = name.split_first()?;
                if first != wanted {
                    return None;
                }
                (chunk, name) = (after, rest);
            }
        }
    }
    Some(name)
}

/// What follows a class in brackets that a character is in.
fn match_range(class: &[u8], c: u32) -> Option<&[u8]> {
    let negated = class.first() == Some(&b'^');
    let mut rest = if negated { class.get(1..)? } else { class };
    let (mut matched, mut count) = (false, 0);
    loop {
        if count > 0
            && let Some(after) = rest.strip_prefix(b"]")
        {
            return (matched != negated).then_some(after);
        }
        let (low, after) = class_char(rest)?;
        rest = after;
        let mut high = low;
        if let Some(after) = rest.strip_prefix(b"-") {
            (high, rest) = class_char(after)?;
        }
        matched |= (low..=high).contains(&c);
        count += 1;
    }
}

/// A character of a class.
fn class_char(class: &[u8]) -> Option<(u32, &[u8])> {
    let class = match class {
        [b'-' | b']', ..] => return None,
        [b'\\', after @ ..] => after,
        class => class,
    };
    let (c, width) = first_char(class)?;
    class.get(width..).map(|after| (c, after))
}

/// The first character and its length; a byte that is no UTF-8 is U+FFFD.
fn first_char(text: &[u8]) -> Option<(u32, usize)> {
    let chunk = text.utf8_chunks().next()?;
    match chunk.valid().chars().next() {
        Some(c) => Some((u32::from(c), c.len_utf8())),
        None => Some((u32::from(char::REPLACEMENT_CHARACTER), 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleaned() {
        for (path, expected) in [
            ("", "."),
            ("/", "/"),
            ("/..", "/"),
            ("/a//b/./c/../d/", "/a/b/d"),
            ("../a/../..", "../.."),
            ("a/..", "."),
            ("/a/%2e%2e/b", "/a/%2e%2e/b"),
            ("/...", "/..."),
        ] {
            assert_eq!(String::from_utf8(clean(path.as_bytes())).unwrap(), expected, "{path}");
        }
    }

    #[test]
    fn matched() {
        for (pattern, name, fits) in [
            ("/glob/*/b", "/glob/a/b", true),
            ("/glob/*/b", "/glob/a/c/b", false),
            ("/a*b*c", "/axbyc", true),
            ("*", "", true),
            ("a?c", "abc", true),
            ("a?c", "a/c", false),
            ("[a-c]x", "bx", true),
            ("[^a-c]x", "bx", false),
            ("[]x", "]x", false),
            (r"\*", "*", true),
            (r"\*", "a", false),
            ("/é?", "/éü", true),
            ("", "", true),
            ("a", "", false),
        ] {
            assert_eq!(path_matches(pattern.as_bytes(), name.as_bytes()), fits, "{pattern} {name}");
        }
    }
}
