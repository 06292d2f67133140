//! Words of a Caddyfile: Caddy 2.11, `caddyconfig/caddyfile/lexer.go`.
//!
//! Quotes count only where a word begins; `\` joins lines outside of quotes, escapes `"` within them and `<` before a
//! heredoc, and is itself everywhere else; `#` begins a comment only where a word could begin.

use std::path::Path;
use std::sync::Arc;

use super::token::{Quote, Token};
use crate::gateway::{ConfigError, Place};

/// Splits a file into words.
///
/// # Errors
/// A heredoc that is not closed, that has no proper marker, or whose lines are indented less than the closing marker.
pub(super) fn tokenize(text: &str, file: &Arc<Path>) -> Result<Vec<Token>, ConfigError> {
    let mut lexer = Lexer {
        rest: text.strip_prefix('\u{feff}').unwrap_or(text).chars(),
        file: Arc::clone(file),
        line: 1,
        joined: 0,
    };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next()? {
        tokens.push(token);
    }
    Ok(tokens)
}

/// Reads bytes as Go's `ReadRune` does: each byte that is no UTF-8 is a replacement character of its own.
pub(super) fn decode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

/// Bytes that most words do with.
const USUAL: usize = 32;

struct Lexer<'a> {
    rest: std::str::Chars<'a>,
    file: Arc<Path>,
    /// As Caddy counts.
    line: u32,
    /// Line ends that were escaped or lie within a heredoc, to be added at the next one that counts.
    joined: u32,
}

/// The word that is being read.
#[derive(Default)]
struct Word {
    text: String,
    /// The line it began on, as Caddy counts and as an editor does.
    lines: Option<(u32, u32)>,
    escaped: bool,
    heredoc_escaped: bool,
}

impl Lexer<'_> {
    /// The next word.
    fn next(&mut self) -> Result<Option<Token>, ConfigError> {
        let mut word = Word { text: String::with_capacity(USUAL), ..Word::default() };
        let mut comment = false;
        loop {
            let Some(c) = self.rest.next() else {
                return Ok((!word.text.is_empty()).then(|| self.token(word, Quote::Bare)));
            };
            if !word.heredoc_escaped && matches!(word.text.as_bytes(), [b'<', b'<', ..]) {
                match c {
                    ' ' => return Ok(Some(self.token(word, Quote::Bare))),
                    '\r' => {}
                    '\n' => return self.heredoc(&word).map(Some),
                    c => word.text.push(c),
                }
                continue;
            }
            if c == '\\' && !word.escaped {
                word.escaped = true;
                continue;
            }
            if is_space(c) {
                if c == '\r' {
                    continue;
                }
                if c == '\n' {
                    self.end_line(std::mem::take(&mut word.escaped));
                    comment = false;
                }
                if !word.text.is_empty() {
                    return Ok(Some(self.token(word, Quote::Bare)));
                }
                continue;
            }
            comment |= c == '#' && word.text.is_empty();
            if comment {
                continue;
            }
            if word.text.is_empty() {
                word.lines = Some((self.line, self.line + self.joined));
                match c {
                    '"' => return Ok(self.quoted(word)),
                    '`' => return Ok(self.verbatim(word)),
                    _ => {}
                }
            }
            if std::mem::take(&mut word.escaped) {
                if c == '<' {
                    word.heredoc_escaped = true;
                } else {
                    word.text.push('\\');
                }
            }
            word.text.push(c);
        }
    }

    /// The end of a line that counts, or that was escaped.
    fn end_line(&mut self, escaped: bool) {
        if escaped {
            self.joined += 1;
        } else {
            self.line += 1 + std::mem::take(&mut self.joined);
        }
    }

    /// The rest of a word that began with `"`. What is not closed until the end of the file is taken as it is.
    fn quoted(&mut self, mut word: Word) -> Option<Token> {
        while let Some(c) = self.rest.next() {
            if c == '\\' && !word.escaped {
                word.escaped = true;
                continue;
            }
            if std::mem::take(&mut word.escaped) {
                if c != '"' {
                    word.text.push('\\');
                }
            } else if c == '"' {
                return Some(self.token(word, Quote::Double));
            }
            if c == '\n' {
                self.end_line(false);
            }
            word.text.push(c);
        }
        (!word.text.is_empty()).then(|| self.token(word, Quote::Bare))
    }

    /// The rest of a word that began with a backtick.
    fn verbatim(&mut self, mut word: Word) -> Option<Token> {
        for c in self.rest.by_ref() {
            if c == '`' {
                return Some(self.token(word, Quote::Backtick));
            }
            if c == '\n' {
                self.line += 1 + std::mem::take(&mut self.joined);
            }
            word.text.push(c);
        }
        (!word.text.is_empty()).then(|| self.token(word, Quote::Bare))
    }

    /// The text of a heredoc, whose opening line has been read.
    fn heredoc(&mut self, word: &Word) -> Result<Token, ConfigError> {
        let fault = |line: u32, what: String| Err(ConfigError::at(&Place::new(Arc::clone(&self.file), line), what));
        let marker = word.text.get(2..).unwrap_or_default();
        let is_marker = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if marker.is_empty() {
            return fault(self.line, "a heredoc needs a marker after `<<`, e.g. `<<END`".to_owned());
        }
        if !marker.chars().all(is_marker) {
            let what = format!("the heredoc marker {marker:?} may hold only letters, digits, dashes and underscores");
            return fault(self.line, what);
        }
        self.joined += 1;
        let mut text = String::new();
        for c in self.rest.by_ref() {
            text.push(c);
            if c == '\n' {
                self.joined += 1;
            }
            if text.ends_with(marker) {
                let text = unindent(&text, marker).map_err(|line| {
                    let place = Place::new(Arc::clone(&self.file), self.line + 1 + line);
                    ConfigError::at(
                        &place,
                        format!("the line is indented less than the closing {marker} of its heredoc"),
                    )
                })?;
                self.line += std::mem::take(&mut self.joined);
                let word = Word { text, lines: word.lines, ..Word::default() };
                return Ok(self.token(word, Quote::Heredoc));
            }
        }
        fault(self.line, format!("the heredoc is not closed by {marker}"))
    }

    fn token(&self, word: Word, quote: Quote) -> Token {
        let (line, shown_line) = word.lines.unwrap_or((self.line, self.line));
        let text: Arc<str> = word.text.into();
        Token {
            shown: Arc::clone(&text),
            text,
            quote,
            file: Arc::clone(&self.file),
            line,
            shown_line,
            chain: 0,
            snippet: None,
        }
    }
}

/// Takes the closing marker off the text of a heredoc, and its indent off every line.
///
/// # Errors
/// The number of a line that has less of an indent, counted from zero.
fn unindent(text: &str, marker: &str) -> Result<String, u32> {
    let body_end = text.rfind('\n').map_or(0, |at| at + 1);
    let (body, last) = text.split_at(body_end);
    let indent = last.strip_suffix(marker).unwrap_or(last);
    let mut out = String::with_capacity(body.len());
    for (number, line) in (0u32..).zip(body.split_terminator('\n')) {
        if !matches!(line, "" | "\r") {
            let kept = line.strip_prefix(indent).ok_or(number)?;
            out.extend(kept.chars().filter(|&c| c != '\r'));
        }
        out.push('\n');
    }
    if out.ends_with('\n') {
        out.pop();
    }
    Ok(out)
}

/// What Go's `unicode.IsSpace` holds to be a blank.
fn is_space(c: char) -> bool {
    c.is_whitespace()
}
