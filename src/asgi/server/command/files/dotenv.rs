//! A file of variables, as `--env-file` reads it: python-dotenv 1.2 `parser.py`.

/// The last value that `text` gives a variable, with its line; `Err` says why a value cannot be told. A name without `=`
/// sets nothing.
pub(in crate::asgi::server::command) fn variable(text: &str, name: &str) -> Option<(usize, Result<String, String>)> {
    let mut reader = Reader { rest: text.strip_prefix('\u{feff}').unwrap_or(text), line: 1 };
    let mut found = None;
    while !reader.rest.is_empty() {
        reader.take_while(char::is_whitespace);
        let line = reader.line;
        match reader.binding() {
            Some((key, Some(value))) if key == name => {
                let uses_others = value.contains("${");
                let why = "takes in other variables, which are not put together here";
                found = Some((line, if uses_others { Err(why.to_owned()) } else { Ok(value) }));
            }
            Some(_) => {}
            // What the parser does not understand it passes over, line by line.
            None => {
                reader.take_while(|c| c != '\n');
            }
        }
    }
    found
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        self.line += taken.matches('\n').count();
        taken
    }

    fn take_while(&mut self, holds: impl Fn(char) -> bool) -> &'a str {
        self.take(self.rest.find(|c| !holds(c)).unwrap_or(self.rest.len()))
    }

    fn blanks(&mut self) -> &'a str {
        self.take_while(|c| c.is_whitespace() && c != '\n' && c != '\r')
    }

    /// `[export ]KEY[=VALUE][ # comment]` to the end of its line.
    fn binding(&mut self) -> Option<(String, Option<String>)> {
        if self.rest.starts_with("export") && self.rest.chars().nth(6).is_some_and(|c| c == ' ' || c == '\t') {
            self.take(6);
            self.blanks();
        }
        let key = match self.rest.strip_prefix('\'') {
            Some(quoted) => {
                let length = quoted.find('\'').filter(|length| *length > 0)?;
                self.take(1);
                let key = self.take(length).to_owned();
                self.take(1);
                key
            }
            None => self.take_while(|c| c != '=' && c != '#' && !c.is_whitespace()).to_owned(),
        };
        self.blanks();
        let value = if self.rest.starts_with('=') {
            self.take(1);
            let blanks = self.blanks();
            if !blanks.is_empty() && self.rest.starts_with('#') { Some(String::new()) } else { Some(self.value()?) }
        } else {
            None
        };
        self.blanks();
        if self.rest.starts_with('#') {
            self.take_while(|c| c != '\n');
        }
        let at_end = self.rest.is_empty() || self.rest.starts_with(['\r', '\n']);
        (at_end && (value.is_some() || !key.is_empty())).then_some((key, value))
    }

    fn value(&mut self) -> Option<String> {
        if let Some(quote @ ('\'' | '"')) = self.rest.chars().next() {
            return self.quoted(quote);
        }
        let text = self.take_while(|c| c != '\n' && c != '\r');
        let comments = text.match_indices('#').filter_map(|(at, _)| text.get(..at));
        let cut = comments.into_iter().find(|before| before.ends_with(char::is_whitespace));
        Some(cut.unwrap_or(text).trim_end().to_owned())
    }

    fn quoted(&mut self, quote: char) -> Option<String> {
        let inner = self.rest.get(1..)?;
        let (mut value, mut escaped) = (String::new(), false);
        for (at, c) in inner.char_indices() {
            match (escaped, c) {
                (true, _) => {
                    value.push_str(&unescaped(c, quote));
                    escaped = false;
                }
                (false, '\\') => escaped = true,
                (false, c) if c == quote => {
                    self.take(at + 2);
                    return Some(value);
                }
                (false, c) => value.push(c),
            }
        }
        None
    }
}

/// What a backslash and `c` stand for; single quotes know only `\\` and `\'`.
fn unescaped(c: char, quote: char) -> String {
    let named = match c {
        '\\' | '\'' => c,
        '"' if quote == '"' => '"',
        'a' if quote == '"' => '\u{7}',
        'b' if quote == '"' => '\u{8}',
        'f' if quote == '"' => '\u{c}',
        'n' if quote == '"' => '\n',
        'r' if quote == '"' => '\r',
        't' if quote == '"' => '\t',
        'v' if quote == '"' => '\u{b}',
        _ => return format!("\\{c}"),
    };
    named.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_as_python_dotenv_reads_them() {
        for (text, expected) in [
            ("A=1\nA=2\n", Some((2, "2"))),
            ("export A = '10.0.0.0/8' # why\n", Some((1, "10.0.0.0/8"))),
            ("A=\"x\\ty\\\"\"", Some((1, "x\ty\""))),
            ("A='x\\ty\\''", Some((1, "x\\ty'"))),
            ("A=a#b #c", Some((1, "a#b"))),
            ("A= # only a comment", Some((1, ""))),
            ("A=#value", Some((1, "#value"))),
            ("A=", Some((1, ""))),
            ("A", None),
            ("#A=1", None),
            ("B='\nA=1\n'\n", None),
            ("B='never closed\nA=1\n", Some((2, "1"))),
            ("'A'=1", Some((1, "1"))),
            ("\u{feff}A=1", Some((1, "1"))),
            ("A=1\r\nB=2\r\n", Some((1, "1"))),
            ("A=\"1\" junk\nA=3", Some((2, "3"))),
        ] {
            let found = variable(text, "A").map(|(line, value)| (line, value.unwrap()));
            assert_eq!(found, expected.map(|(line, value)| (line, value.to_owned())), "{text:?}");
        }
        assert!(matches!(variable("A=${B}", "A"), Some((1, Err(_)))));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_to_its_end(text in "[A='\"\\\\#\n\r ${}é]{0,40}") {
            variable(&text, "A");
        }
    }
}
