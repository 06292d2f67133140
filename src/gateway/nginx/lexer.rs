//! The words of a configuration: what `ngx_conf_read_token` of nginx 1.22.1 (`src/core/ngx_conf_file.c`) makes of bytes.
//!
//! It is followed state by state, because its rules are its own: a quote counts only where a word begins, a `}` inside a
//! word is a letter, `${` does not open a block, and after a closing quote a blank must follow.

use std::ops::Range;

/// A word, its quotes and escapes resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: Vec<u8>,
    /// The line it begins in.
    pub(super) line: u32,
    /// Its bytes in the file, quotes and all.
    pub(super) span: Range<usize>,
}

/// What is read in one go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Statement {
    /// Words and a semicolon.
    Simple(Vec<Word>),
    /// Words and an opening brace.
    Open(Vec<Word>),
    /// A closing brace, and its line.
    Close(u32),
    /// The end of the file, and its line.
    End(u32),
}

/// What is wrong, and in which line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) line: u32,
    pub(super) what: String,
}

/// Where the reader is within a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a word.
    Between,
    /// In a word without quotes.
    Bare,
    /// In a word with this quote.
    Quoted(u8),
    /// Behind a closing quote.
    AfterQuote,
}

/// Reads statements one by one.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u32,
}

impl<'a> Lexer<'a> {
    /// Starts at line one.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, line: 1 }
    }

    /// How many bytes are read.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// The next statement.
    ///
    /// # Errors
    /// What nginx refuses, in its words.
    pub(super) fn next(&mut self) -> Result<Statement, Fault> {
        let mut words: Vec<Word> = Vec::new();
        let mut state = State::Between;
        let mut start = self.at;
        let mut start_line = self.line;
        let mut dollar = false;
        loop {
            let line = self.line;
            let Some(byte) = self.step() else {
                return if words.is_empty() && state == State::Between {
                    Ok(Statement::End(line))
                } else {
                    Err(fault(line, "unexpected end of file, expecting \";\" or \"}\""))
                };
            };
            match state {
                State::AfterQuote => match byte {
                    b' ' | b'\t' | b'\r' | b'\n' => state = State::Between,
                    b';' => return Ok(Statement::Simple(words)),
                    b'{' => return Ok(Statement::Open(words)),
                    b')' => {
                        (state, start, start_line, dollar) = (State::Bare, self.at - 1, line, false);
                    }
                    _ => return Err(fault(line, format!("unexpected \"{}\" after a closing quote", show(byte)))),
                },
                State::Between => {
                    (start, start_line, dollar) = (self.at - 1, line, false);
                    match byte {
                        b' ' | b'\t' | b'\r' | b'\n' => {}
                        b';' | b'{' if words.is_empty() => {
                            return Err(fault(line, format!("unexpected \"{}\"", show(byte))));
                        }
                        b';' => return Ok(Statement::Simple(words)),
                        b'{' => return Ok(Statement::Open(words)),
                        b'}' if words.is_empty() => return Ok(Statement::Close(line)),
                        b'}' => return Err(fault(line, "unexpected \"}\"")),
                        b'#' => self.skip_line(),
                        b'"' | b'\'' => {
                            start += 1;
                            state = State::Quoted(byte);
                        }
                        b'\\' => {
                            let _ = self.step();
                            state = State::Bare;
                        }
                        _ => {
                            dollar = byte == b'$';
                            state = State::Bare;
                        }
                    }
                }
                State::Bare | State::Quoted(_) => {
                    if byte == b'{' && dollar {
                        continue;
                    }
                    dollar = byte == b'$';
                    if byte == b'\\' {
                        let _ = self.step();
                        continue;
                    }
                    let ends = match state {
                        State::Quoted(quote) => byte == quote,
                        _ => matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b';' | b'{'),
                    };
                    if !ends {
                        continue;
                    }
                    let text = unescape(self.bytes.get(start..self.at - 1).unwrap_or_default());
                    let span = match state {
                        State::Quoted(_) => start - 1..self.at,
                        _ => start..self.at - 1,
                    };
                    words.push(Word { text, line: start_line, span });
                    state = match (state, byte) {
                        (State::Quoted(_), _) => State::AfterQuote,
                        (_, b';') => return Ok(Statement::Simple(words)),
                        (_, b'{') => return Ok(Statement::Open(words)),
                        _ => State::Between,
                    };
                }
            }
        }
    }

    /// Skips what stands between the brace just read and the one that closes it: a block in another language, whose own
    /// quotes and comments (Lua's) may hold braces. False if it is not closed.
    pub(super) fn skip_foreign_block(&mut self) -> bool {
        let mut depth = 1_usize;
        while let Some(byte) = self.step() {
            match byte {
                b'{' => depth += 1,
                b'}' => {
                    depth -= 1;
                    if depth == 0 {
                        return true;
                    }
                }
                b'"' | b'\'' => self.skip_string(byte),
                b'-' if self.bytes.get(self.at) == Some(&b'-') => self.skip_line(),
                _ => {}
            }
        }
        false
    }

    fn step(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        if byte == b'\n' {
            self.line += 1;
        }
        Some(byte)
    }

    fn skip_line(&mut self) {
        while let Some(byte) = self.step() {
            if byte == b'\n' {
                break;
            }
        }
    }

    fn skip_string(&mut self, quote: u8) {
        while let Some(byte) = self.step() {
            match byte {
                b'\\' => {
                    let _ = self.step();
                }
                b'\n' => break,
                _ if byte == quote => break,
                _ => {}
            }
        }
    }
}

fn fault(line: u32, what: impl Into<String>) -> Fault {
    Fault { line, what: what.into() }
}

fn show(byte: u8) -> String {
    byte.escape_ascii().to_string()
}

/// Resolves the escapes that nginx knows; a backslash before anything else stays.
fn unescape(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        let known = match bytes.peek() {
            Some(&next @ (b'"' | b'\'' | b'\\')) if byte == b'\\' => Some(next),
            Some(b't') if byte == b'\\' => Some(b'\t'),
            Some(b'r') if byte == b'\\' => Some(b'\r'),
            Some(b'n') if byte == b'\\' => Some(b'\n'),
            _ => None,
        };
        if known.is_some() {
            bytes.next();
        }
        out.push(known.unwrap_or(byte));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let Ok(Statement::Simple(words) | Statement::Open(words)) = Lexer::new(text.as_bytes()).next() else {
            panic!("{text:?} is no statement");
        };
        words.into_iter().map(|word| String::from_utf8(word.text).unwrap()).collect()
    }

    #[test]
    fn words_quotes_and_escapes() {
        let table: [(&str, &[&str]); 10] = [
            ("a b;", &["a", "b"]),
            ("return 200 \"a;b{c}\" ;", &["return", "200", "a;b{c}"]),
            (r"rewrite ^/a\.b$ x;", &["rewrite", r"^/a\.b$", "x"]),
            (r#"a "q\"q" '\'' "\\d" "\t";"#, &["a", "q\"q", "'", r"\d", "\t"]),
            ("set $a ${b}c{", &["set", "$a", "${b}c"]),
            ("a b# c;", &["a", "b#", "c"]),
            ("a # c;\n b;", &["a", "b"]),
            ("a b\"c d;", &["a", "b\"c", "d"]),
            ("a b}c;", &["a", "b}c"]),
            ("if ($a = \"x\") {", &["if", "($a", "=", "x", ")"]),
        ];
        for (text, want) in table {
            assert_eq!(words(text), want, "{text}");
        }
    }

    #[test]
    fn what_nginx_refuses() {
        for (text, line, what) in [
            ("a\nb", 2, "unexpected end of file, expecting \";\" or \"}\""),
            (";", 1, "unexpected \";\""),
            ("\n{", 2, "unexpected \"{\""),
            ("a }", 1, "unexpected \"}\""),
            ("a 'it''s;", 1, "unexpected \"\\'\" after a closing quote"),
            ("a \"b\"c;", 1, "unexpected \"c\" after a closing quote"),
        ] {
            assert_eq!(Lexer::new(text.as_bytes()).next(), Err(fault(line, what)), "{text}");
        }
    }
}
