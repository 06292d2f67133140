//! Lines of a configuration, split into words as `HAProxy` splits them (`tools.c`, `parse_line`, 2.6).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::gateway::{ConfigError, Files, NotUnderstood, Place};

/// A line that says something.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Where it stands.
    pub(super) place: Place,
    /// Its words, quotes and escapes resolved.
    pub(super) words: Vec<String>,
}

impl Line {
    /// A word by its number, empty if there are fewer.
    pub(super) fn word(&self, number: usize) -> &str {
        self.words.get(number).map_or("", String::as_str)
    }

    /// The words from this number on.
    pub(super) fn from(&self, number: usize) -> &[String] {
        self.words.get(number..).unwrap_or_default()
    }

    /// The line as it is shown: its words with single blanks.
    pub(super) fn text(&self) -> String {
        self.words.join(" ")
    }
}

/// The lines of a file, and what of it cannot be read.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// In order.
    pub(super) lines: Vec<Line>,
    /// Lines that are not understood: no answer can be built on a file that has one.
    pub(super) doubts: Vec<NotUnderstood>,
}

/// Splits a file into lines of words.
///
/// # Errors
/// For a quote or a brace that is not closed and a bad `\x` escape, which `HAProxy` refuses.
pub(super) fn split(file: &Path, bytes: &[u8], files: &dyn Files) -> Result<Lines, ConfigError> {
    let file: Arc<Path> = file.into();
    let mut out = Lines::default();
    let mut set = BTreeMap::new();
    for (number, line) in bytes.split(|&b| b == b'\n').enumerate() {
        let place = Place::new(Arc::clone(&file), u32::try_from(number + 1).unwrap_or(u32::MAX));
        let variable = |name: &str| set.get(name).cloned().unwrap_or_else(|| files.variable(name));
        let words = words(line, variable).map_err(|what| ConfigError::at(&place, what))?;
        let Some(words) = words else {
            out.doubts.push(NotUnderstood::at(&place, "a line that is not UTF-8"));
            continue;
        };
        match words.first().map(String::as_str) {
            // The latter only print.
            None | Some(".notice" | ".warning" | ".diag" | ".alert") => {}
            Some(first) if first.starts_with('.') => {
                out.doubts.push(NotUnderstood::at(&place, format!("{first}: conditional blocks are not modelled")));
            }
            Some(_) => {
                let line = Line { place, words };
                environment(&line, &mut set, files);
                out.lines.push(line);
            }
        }
    }
    Ok(out)
}

/// Follows what the `global` section does to the environment. The names are keywords of no other section.
fn environment(line: &Line, set: &mut BTreeMap<String, Option<String>>, files: &dyn Files) {
    let value = line.from(2).join(" ");
    match line.word(0) {
        "setenv" => {
            set.insert(line.word(1).to_owned(), Some(value));
        }
        "presetenv" => {
            let known = set.get(line.word(1)).cloned().unwrap_or_else(|| files.variable(line.word(1)));
            set.insert(line.word(1).to_owned(), Some(known.unwrap_or(value)));
        }
        "unsetenv" => {
            for name in line.from(1) {
                set.insert(name.clone(), None);
            }
        }
        _ => {}
    }
}

/// Splits one line; `None` if a word is not UTF-8.
fn words(line: &[u8], variable: impl Fn(&str) -> Option<String>) -> Result<Option<Vec<String>>, String> {
    let mut words: Vec<Vec<u8>> = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let (mut single, mut double) = (false, false);
    let mut rest = line;
    while let Some((&c, after)) = rest.split_first() {
        rest = after;
        match c {
            b'\r' | 0 => break,
            b'#' if !single && !double => break,
            b'"' if !single => {
                double = !double;
                word.get_or_insert_default();
            }
            b'\'' if !double => {
                single = !single;
                word.get_or_insert_default();
            }
            b'\\' if !single => {
                let (byte, used) = escape(rest, double)?;
                word.get_or_insert_default().push(byte);
                rest = rest.get(used..).unwrap_or_default();
            }
            b'$' if double => {
                let (value, used) = expand(rest, &variable)?;
                word.get_or_insert_default().extend_from_slice(value.as_bytes());
                rest = rest.get(used..).unwrap_or_default();
            }
            c if is_space(c) && !single && !double => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    if single || double {
        return Err("a quote is not closed".to_owned());
    }
    words.extend(word);
    Ok(words.into_iter().map(|word| String::from_utf8(word).ok()).collect())
}

/// C's `isspace`.
fn is_space(c: u8) -> bool {
    c.is_ascii_whitespace() || c == 0x0b
}

/// What stands after a backslash: the byte that it makes and how much of the text is used up. A backslash before anything
/// else stays, and that is read again.
fn escape(rest: &[u8], double: bool) -> Result<(u8, usize), String> {
    Ok(match rest.first() {
        Some(&c @ (b' ' | b'\\' | b'#' | b'\'' | b'"')) => (c, 1),
        Some(b't') => (b'\t', 1),
        Some(b'n') => (b'\n', 1),
        Some(b'r') => (b'\r', 1),
        Some(b'$') if double => (b'$', 1),
        Some(b'x') => {
            let digit = |at: usize| rest.get(at).and_then(|&c| char::from(c).to_digit(16));
            match (digit(1), digit(2)) {
                (Some(high), Some(low)) => (u8::try_from(high * 16 + low).unwrap_or_default(), 3),
                _ => return Err("\\x must be followed by two hexadecimal digits".to_owned()),
            }
        }
        _ => (b'\\', 0),
    })
}

/// A variable of the environment, after its `$`: its value and how much of the text is used up.
fn expand(rest: &[u8], variable: &impl Fn(&str) -> Option<String>) -> Result<(String, usize), String> {
    let brace = rest.first() == Some(&b'{');
    let start = usize::from(brace);
    let named = rest.get(start..).unwrap_or_default();
    let length = named.iter().take_while(|c| c.is_ascii_alphanumeric() || **c == b'_').count();
    let name = String::from_utf8_lossy(named.get(..length).unwrap_or_default()).into_owned();
    if name.starts_with(|c: char| c.is_ascii_digit()) || name.is_empty() {
        return Err(
            "a $ in double quotes must be followed by the name of a variable; write \\$ for the sign".to_owned()
        );
    }
    let value = variable(&name);
    if !brace {
        return Ok((value.unwrap_or_default(), length));
    }
    let tail = named.get(length..).unwrap_or_default();
    let end = tail.iter().position(|&c| c == b'}').ok_or_else(|| format!("the brace of ${{{name} is not closed"))?;
    let inside = tail.get(..end).unwrap_or_default();
    let default = match inside.split_first() {
        None => None,
        Some((b'-', default)) => Some(String::from_utf8_lossy(default).into_owned()),
        Some(_) => return Err(format!("${{{name}: only ${{{name}}} and ${{{name}-default}} are understood")),
    };
    Ok((value.or(default).unwrap_or_default(), start + length + end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_line_is_split() {
        let variable = |name: &str| (name == "PORT").then(|| "8000".to_owned());
        for (line, expected) in [
            ("  acl a path_beg /x # why", &["acl", "a", "path_beg", "/x"][..]),
            (r#"a "b c" 'd "e' f\ g \#h"#, &["a", "b c", "d \"e", "f g", "#h"]),
            (r"replace ^/(.*) /\1", &["replace", "^/(.*)", r"/\1"]),
            (r#"server "127.0.0.1:${PORT}" ${PORT}"#, &["server", "127.0.0.1:8000", "${PORT}"]),
            (r#"x "${NO-a b}" "$PORT" "\$PORT""#, &["x", "a b", "8000", "$PORT"]),
            (r#"x "" '' \x41"#, &["x", "", "", "A"]),
            ("", &[]),
        ] {
            assert_eq!(words(line.as_bytes(), variable).unwrap().unwrap(), expected, "{line}");
        }
    }

    #[test]
    fn what_is_refused() {
        for line in ["a \"b", "a 'b", r"a \xg0", "a \"${B\"", "a \"$\""] {
            assert!(words(line.as_bytes(), |_| None).is_err(), "{line}");
        }
    }
}
