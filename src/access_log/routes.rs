//! Which part of a path is its own, and which it shares with others like it.
//!
//! This file exists because a log has `/items/1`, `/items/2` and so on, and what is asked is how `/items/{id}` fares. The
//! guess is by the look of each segment alone; words, versions (`v1`) and slugs stay.

/// What stands for a part that varies.
const ID: &[u8] = b"{id}";

/// No segment of more bytes is a name.
const LONGEST_NAME: usize = 48;

/// A route has no more segments; what is behind is one `{rest}`.
const SEGMENTS: usize = 16;

/// Writes the template of a path behind what is in `into`.
pub fn template(path: &[u8], into: &mut Vec<u8>) {
    for (number, segment) in path.split(|&byte| byte == b'/').enumerate() {
        if number > 0 {
            into.push(b'/');
        }
        if number > SEGMENTS {
            into.extend_from_slice(b"{rest}");
            return;
        }
        self::segment(segment, into);
    }
}

fn segment(segment: &[u8], into: &mut Vec<u8>) {
    if !segment.iter().any(|byte| byte.is_ascii_digit() || *byte == b'@') && segment.len() <= LONGEST_NAME {
        into.extend_from_slice(segment);
    } else if is_varying(segment) {
        into.extend_from_slice(ID);
    } else {
        // `app.3f9c2b17.js`: the hash varies with each build, the name does not.
        for (number, part) in segment.split(|&byte| byte == b'.').enumerate() {
            if number > 0 {
                into.push(b'.');
            }
            into.extend_from_slice(if number > 0 && is_hash(part) { ID } else { part });
        }
    }
}

fn is_varying(segment: &[u8]) -> bool {
    let digits = segment.iter().filter(|byte| byte.is_ascii_digit()).count();
    let bare = segment.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b':' | b',' | b'.'));
    segment.len() > LONGEST_NAME
        || digits > 0 && bare
        || segment.contains(&b'@')
        || is_hash(segment)
        || is_token(segment, digits)
}

/// Eight hexadecimal digits or more, a number among them; a UUID with its dashes too.
fn is_hash(part: &[u8]) -> bool {
    let digits = part.iter().filter(|byte| byte.is_ascii_hexdigit()).count();
    let dashes = memchr::memchr_iter(b'-', part).count();
    let uuid = part.len() == 36 && dashes == 4;
    digits >= 8 && digits + dashes == part.len() && (dashes == 0 || uuid) && part.iter().any(u8::is_ascii_digit)
}

/// Letters and digits mixed, as no word is: ULIDs, object ids, tokens.
fn is_token(segment: &[u8], digits: usize) -> bool {
    let upper = segment.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    let plain = segment.iter().all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    segment.len() >= 16 && plain && digits >= 2 && digits + upper >= segment.len() / 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_varies_is_replaced_and_names_stay() {
        for (path, route) in [
            ("/", "/"),
            ("", ""),
            ("/items/", "/items/"),
            ("/api/v1/items/42", "/api/v1/items/{id}"),
            ("/api/v1/api/v1/items/", "/api/v1/api/v1/items/"),
            ("/users/3fa85f64-5717-4562-b3fc-2c963f66afa6/posts", "/users/{id}/posts"),
            ("/o/65f1c0ffee5e1f00dbadcafe", "/o/{id}"),
            ("/o/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/o/{id}"),
            ("/days/2026-05-25", "/days/{id}"),
            ("/u/bob@example.com", "/u/{id}"),
            ("/static/js/chunk-001.64b3d29b.js", "/static/js/chunk-001.{id}.js"),
            ("/oauth2/callback", "/oauth2/callback"),
            ("/blog/0038-post-about-things", "/blog/0038-post-about-things"),
            ("/deadbeef", "/deadbeef"),
            ("//docs", "//docs"),
        ] {
            let mut found = Vec::new();
            template(path.as_bytes(), &mut found);
            assert_eq!(String::from_utf8(found).unwrap(), route, "{path}");
        }
        let mut found = Vec::new();
        template("/a".repeat(3000).as_bytes(), &mut found);
        assert!(found.ends_with(b"/a/{rest}") && found.len() < 64);
    }
}
