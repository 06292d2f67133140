//! Makes untrusted bytes safe to show.
//!
//! This file exists because headers, paths and bodies are written by strangers: an escape sequence could repaint the
//! terminal, a bidi control could turn a path around on screen. Every face sends what it shows through here.

use std::fmt::Write as _;

/// Text for `bytes` that shows every byte and controls nothing.
///
/// Valid UTF-8 stays as it is. Control characters come out as `\n`, `\r`, `\t` or `\x1b`, invisible and bidirectional
/// format characters as `\u{202e}`, bytes that are no UTF-8 as `\xff`. A backslash stays single: this is for reading,
/// not for reading back.
pub fn visible(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| push(&mut text, c));
        chunk.invalid().iter().for_each(|&byte| push_byte(&mut text, byte.into()));
    }
    text
}

fn push(text: &mut String, c: char) {
    match c {
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        c if c.is_ascii_control() => push_byte(text, c.into()),
        c if is_hidden(c) => {
            let _ = write!(text, "\\u{{{:x}}}", u32::from(c));
        }
        c => text.push(c),
    }
}

/// True for a character that shows nothing or controls something: it must not be written as it is.
pub fn is_hidden(c: char) -> bool {
    c.is_control() || is_invisible(c)
}

fn push_byte(text: &mut String, byte: u32) {
    let _ = write!(text, "\\x{byte:02x}");
}

/// Characters that show nothing and can hide, join or reorder what stands beside them: Unicode's `Bidi_Control`, the
/// zero-width ones, fillers, line and paragraph separators, interlinear annotations and the tag block.
const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn controls_and_bad_bytes_are_spelled_out() {
        for (bytes, text) in [
            (&b"/items?a=1"[..], "/items?a=1"),
            (b"\x1b[2J\x07\x7f\0", "\\x1b[2J\\x07\\x7f\\x00"),
            (b"a\tb\r\nc\\", "a\\tb\\r\\nc\\"),
            (b"\xff/\xc3\x28", "\\xff/\\xc3("),
            ("/größe/日本".as_bytes(), "/größe/日本"),
            ("/a\u{202e}cba\u{200b}\u{9b}x".as_bytes(), "/a\\u{202e}cba\\u{200b}\\u{9b}x"),
        ] {
            assert_eq!(visible(bytes), text);
        }
    }

    proptest! {
        #[test]
        fn nothing_in_it_controls_a_terminal(bytes: Vec<u8>) {
            prop_assert!(!visible(&bytes).chars().any(|c| c.is_control() || is_invisible(c)));
        }

        #[test]
        fn plain_text_is_not_changed(text in "[ -~äöü日]{0,40}") {
            prop_assert_eq!(visible(text.as_bytes()), text);
        }
    }
}
