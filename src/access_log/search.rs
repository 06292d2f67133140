//! Where a byte is.
//!
//! This file exists because most of the bytes that end a field are near: a call of `memchr` costs more than the words that
//! it would look at.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Where a byte is that is expected within the first sixteen.
#[inline]
pub(super) fn find_near(byte: u8, text: &[u8]) -> Option<usize> {
    let wanted = ONES * u64::from(byte);
    let Some((near, behind)) = text.split_first_chunk::<16>() else {
        return text.iter().position(|&one| one == byte);
    };
    let (words, _) = near.as_chunks::<8>();
    let [first, second] = *words else { return memchr::memchr(byte, text) };
    let first = zero_bytes(u64::from_le_bytes(first) ^ wanted);
    let second = zero_bytes(u64::from_le_bytes(second) ^ wanted);
    // Which of the two it is in cannot be foreseen, so it is no branch.
    let (found, before) = if first == 0 { (second, 8) } else { (first, 0) };
    if found != 0 {
        return Some(before + (found.trailing_zeros() / 8) as usize);
    }
    memchr::memchr(byte, behind).map(|place| near.len() + place)
}

/// The high bit of every byte that is zero; bytes behind the first one may be marked too.
#[inline]
const fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGHS
}

/// Where the `"` is that ends a quoted text. One behind a backslash does not: so it is in JSON and for Apache, and nginx
/// itself writes neither.
#[inline]
pub(super) fn find_quote(text: &[u8]) -> Option<usize> {
    let end = memchr::memchr(b'"', text)?;
    if end > 0 && text.get(end - 1) == Some(&b'\\') { find_quote_behind(text, end) } else { Some(end) }
}

/// The same, slowly, from a `"` on that has a backslash before it.
#[cold]
fn find_quote_behind(text: &[u8], first: usize) -> Option<usize> {
    let mut end = first;
    loop {
        let backslashes = text.get(..end)?.iter().rev().take_while(|&&byte| byte == b'\\').count();
        if backslashes % 2 == 0 {
            return Some(end);
        }
        end += 1 + memchr::memchr(b'"', text.get(end + 1..)?)?;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn near_or_far_it_is_the_first(text in prop::collection::vec(prop_oneof![Just(b' '), Just(b'!'), any::<u8>()], 0..40)) {
            prop_assert_eq!(find_near(b' ', &text), text.iter().position(|&byte| byte == b' '));
        }
    }

    #[test]
    fn an_escaped_quote_ends_nothing() {
        for (text, end) in
            [(r#"a"b"#, Some(1)), (r#"a\"b"c"#, Some(4)), (r#"\\"x""#, Some(2)), (r#"\\\"x"#, None), ("", None)]
        {
            assert_eq!(find_quote(text.as_bytes()), end, "{text}");
        }
    }
}
