//! A configuration written in Python, read without running it: assignments of plain values at the top level. All else is
//! code, and what it would set is not guessed.

use super::{Setting, Settings};

/// What the file sets of the `wanted` names.
///
/// A name that is set inside `if`, `for` and the like, or to anything that is no plain value, counts as computed. What
/// stands inside functions and classes sets nothing.
pub(in crate::asgi::server::command) fn settings(text: &str, wanted: &[&str]) -> Settings {
    let mut found = Settings::default();
    // Inside of a function or class that began at this indentation.
    let mut inside: Option<usize> = None;
    for Statement { line, indent, text } in statements(text) {
        if inside.is_some_and(|began| indent > began) {
            continue;
        }
        inside = ["def ", "class ", "async def "].iter().any(|word| text.starts_with(word)).then_some(indent);
        if inside.is_some() {
            continue;
        }
        let plain = if indent == 0 { assignment(&text) } else { None };
        if let Some((name, value)) = plain {
            if wanted.contains(&name) {
                let value = match literal(value) {
                    Some(Literal::Text(text)) => Ok(Some(text)),
                    Some(Literal::Nothing) => Ok(None),
                    None => Err(computed()),
                };
                found.set(Setting { name: name.to_owned(), line, value });
            }
        } else if text.starts_with("from ") && text.trim_end().ends_with('*') {
            found.unread.push((line, "takes in the names of another module, which was not read".to_owned()));
        } else if ["exec(", "globals(", "locals(", "vars("].iter().any(|call| text.contains(call)) {
            found.unread.push((line, "may set anything: it was not read".to_owned()));
        } else {
            for name in wanted.iter().filter(|name| may_set(&text, name)) {
                found.set(Setting { name: (*name).to_owned(), line, value: Err(computed()) });
            }
        }
    }
    found
}

fn computed() -> String {
    "is computed: it cannot be known without running the file".to_owned()
}

/// One statement, comments and line breaks inside of it taken out.
struct Statement {
    line: usize,
    indent: usize,
    text: String,
}

/// Words that begin a statement which holds others: on one line they are read as one.
const COMPOUND: [&str; 12] =
    ["def ", "class ", "async ", "if ", "elif ", "else:", "for ", "while ", "with ", "try:", "except", "finally:"];

/// Splits into statements: at line ends outside of brackets and strings, and at semicolons between simple ones.
fn statements(text: &str) -> Vec<Statement> {
    let mut all = Vec::new();
    let (mut line, mut begins, mut depth) = (1, 1, 0_usize);
    let mut current = String::new();
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '"' | '\'' => string_length(rest),
            '\\' if rest.starts_with("\\\n") => 2,
            _ => c.len_utf8(),
        };
        let (piece, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        match c {
            '#' => {}
            '\n' if depth == 0 => {
                push(&mut all, begins, &mut current);
                begins = line + 1;
            }
            ';' if depth == 0 && !COMPOUND.iter().any(|word| current.trim_start().starts_with(word)) => {
                let indent = push(&mut all, begins, &mut current);
                current = " ".repeat(indent);
                rest = after.trim_start_matches([' ', '\t']);
                continue;
            }
            '\n' | '\\' => current.push(' '),
            _ => current.push_str(piece),
        }
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        line += piece.matches('\n').count();
        rest = after;
    }
    push(&mut all, begins, &mut current);
    all
}

/// Adds what was gathered and gives its indentation.
fn push(all: &mut Vec<Statement>, line: usize, current: &mut String) -> usize {
    let text = current.trim().to_owned();
    let indent = current.len() - current.trim_start().len();
    current.clear();
    if !text.is_empty() {
        all.push(Statement { line, indent, text });
    }
    indent
}

/// Bytes of the string literal at the beginning; of one that is not closed, all.
fn string_length(text: &str) -> usize {
    let triple = ["\"\"\"", "'''"].into_iter().find(|quotes| text.starts_with(quotes));
    let quote = triple.unwrap_or(if text.starts_with('"') { "\"" } else { "'" });
    let mut at = quote.len();
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(quote) {
            return at + quote.len();
        }
        let mut chars = rest.chars();
        let first = chars.next().map_or(1, char::len_utf8);
        at += if rest.starts_with('\\') { first + chars.next().map_or(0, char::len_utf8) } else { first };
    }
    text.len()
}

/// `name = value` or `name: type = value`.
fn assignment(text: &str) -> Option<(&str, &str)> {
    let (target, value) = text.split_once('=')?;
    let name = target.split_once(':').map_or(target, |(name, _)| name).trim();
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    (is_name && !value.starts_with('=')).then_some((name, value.trim()))
}

/// True if the name stands somewhere as a word of its own, and not only to be looked at (`name == x`, `name)`).
fn may_set(text: &str, name: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let imports = text.starts_with("from ") || text.starts_with("import ");
    let last_equals = text.rfind('=');
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + name.len()..).unwrap_or_default();
        let own_word = !before.is_some_and(|c| word(c) || c == '.') && !after.starts_with(word);
        let set = last_equals.is_some_and(|equals| equals > at) && !after.trim_start().starts_with("==");
        own_word && (set || imports)
    })
}

/// A plain value.
enum Literal {
    /// As the command line would have it; lists joined by commas, a dictionary as `key=value,…`.
    Text(String),
    /// Python's `None`.
    Nothing,
}

/// Reads a plain value; `None` if it is anything else.
fn literal(text: &str) -> Option<Literal> {
    let mut reader = Reader { rest: text, depth: 0 };
    let value = if text.starts_with('{') { reader.dictionary().map(Literal::Text) } else { reader.value() }?;
    reader.rest.trim().is_empty().then_some(value)
}

/// Brackets within brackets from which on Python itself refuses a file (`MAXLEVEL` in its tokenizer).
const DEEPEST: usize = 200;

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl Reader<'_> {
    fn value(&mut self) -> Option<Literal> {
        self.rest = self.rest.trim_start();
        let text = match self.rest.chars().next()? {
            '[' => self.list(']'),
            '(' => self.list(')'),
            c if c.is_ascii_digit() || c == '-' => self.number(),
            _ => return self.word().or_else(|| self.strings().map(Literal::Text)),
        };
        text.map(Literal::Text)
    }

    /// Items joined by commas. A string in brackets of its own is that string.
    fn list(&mut self, close: char) -> Option<String> {
        self.rest = self.rest.get(1..)?;
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let mut items = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            if let Some(rest) = self.rest.strip_prefix(close) {
                self.rest = rest;
                self.depth -= 1;
                return Some(items.join(","));
            }
            let Literal::Text(item) = self.value()? else { return None };
            items.push(item);
            self.rest = self.rest.trim_start();
            match self.rest.strip_prefix(',') {
                Some(rest) => self.rest = rest,
                None if self.rest.starts_with(close) => {}
                None => return None,
            }
        }
    }

    /// Items as `key=value`, joined by commas. Only strings that this notation keeps apart: gunicorn's dictionary of headers
    /// has no others.
    fn dictionary(&mut self) -> Option<String> {
        self.rest = self.rest.strip_prefix('{')?;
        let mut items = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            if let Some(rest) = self.rest.strip_prefix('}') {
                self.rest = rest;
                return Some(items.join(","));
            }
            let key = self.strings().filter(|key| !key.contains([',', '=']) && key.trim() == key)?;
            self.rest = self.rest.trim_start().strip_prefix(':')?;
            let value = self.strings().filter(|value| !value.contains(','))?;
            items.push(format!("{key}={value}"));
            self.rest = self.rest.trim_start();
            match self.rest.strip_prefix(',') {
                Some(rest) => self.rest = rest,
                None if self.rest.starts_with('}') => {}
                None => return None,
            }
        }
    }

    fn number(&mut self) -> Option<String> {
        let end = self.rest.find(|c: char| !c.is_ascii_digit() && !"-_.".contains(c)).unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        number.replace('_', "").parse::<f64>().ok().map(|_| number.replace('_', ""))
    }

    fn word(&mut self) -> Option<Literal> {
        let words = [("True", Some("true")), ("False", Some("false")), ("None", None)];
        let (word, value) = words.into_iter().find(|(word, _)| self.rest.starts_with(word))?;
        self.rest = self.rest.strip_prefix(word)?;
        let is_whole = !self.rest.starts_with(|c: char| c.is_alphanumeric() || "_(.".contains(c));
        is_whole.then(|| value.map_or(Literal::Nothing, |value| Literal::Text(value.to_owned())))
    }

    /// One string, or several that stand beside each other.
    fn strings(&mut self) -> Option<String> {
        let mut value = String::new();
        let mut any = false;
        loop {
            self.rest = self.rest.trim_start();
            let (raw, rest) = match self.rest.strip_prefix(['r', 'R']) {
                Some(rest) if rest.starts_with(['"', '\'']) => (true, rest),
                _ => (false, self.rest.strip_prefix(['u', 'U']).unwrap_or(self.rest)),
            };
            if !rest.starts_with(['"', '\'']) {
                return any.then_some(value);
            }
            let (literal, after) = rest.split_at_checked(string_length(rest))?;
            let quotes = if ["\"\"\"", "'''"].iter().any(|quotes| literal.starts_with(quotes)) { 3 } else { 1 };
            let (quote, inner) = literal.split_at_checked(quotes)?;
            let inner = inner.strip_suffix(quote)?;
            value.push_str(&if raw { inner.to_owned() } else { unescaped(inner)? });
            any = true;
            self.rest = after;
        }
    }
}

/// The common escapes; `None` for the rest, which are not worth a guess.
fn unescaped(inner: &str) -> Option<String> {
    let mut value = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            value.push(c);
            continue;
        }
        value.push(match chars.next()? {
            '\n' => continue,
            c @ ('\\' | '\'' | '"') => c,
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            _ => return None,
        });
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let found = settings(text, &["root_path", "bind", "workers"]);
        let settings = found.settings.iter().map(|setting| {
            let value = match &setting.value {
                Ok(Some(value)) => format!("={value}"),
                Ok(None) => " none".to_owned(),
                Err(_) => " computed".to_owned(),
            };
            format!("{}:{}{value}", setting.line, setting.name)
        });
        settings.chain(found.unread.iter().map(|(line, _)| format!("{line}:?"))).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn plain_values_are_read_and_code_is_not() {
        for (text, expected) in [
            ("root_path = '/x'  # why\nworkers = 2\n", "1:root_path=/x 2:workers=2"),
            ("import os\n\"\"\"root_path = 'no'\n\"\"\"\nroot_path: str = \"/x\"", "4:root_path=/x"),
            ("root_path = '/a'\nroot_path = '/b'", "2:root_path=/b"),
            ("bind = [\n  'a:1',  # one\n  \"b:2\",\n]\nworkers=1", "1:bind=a:1,b:2 5:workers=1"),
            ("root_path = ('/a'\n  '/b')", "1:root_path=/a/b"),
            ("root_path = None; workers = -1", "1:root_path none 1:workers=-1"),
            ("root_path = os.environ.get('X', '/x')", "1:root_path computed"),
            ("root_path = f'/{x}'", "1:root_path computed"),
            ("root_path = '/x' + y", "1:root_path computed"),
            ("root_path = '/x'\nif y:\n    root_path = '/y'", "3:root_path computed"),
            ("if y: root_path = '/y'", "1:root_path computed"),
            ("if root_path == '/y': pass", ""),
            ("def f():\n    root_path = 'no'\n    return 1\nroot_path = '/x'", "4:root_path=/x"),
            ("class A:\n    bind = 1\n", ""),
            ("root_path, bind = 'a', 'b'", "1:root_path computed 1:bind computed"),
            ("from base import *", "1:?"),
            ("from base import root_path", "1:root_path computed"),
            ("globals()['root_path'] = '/x'", "1:?"),
            ("root_path += '/x'", "1:root_path computed"),
            ("root_path = r'\\d'", "1:root_path=\\d"),
            ("root_path = b'/x'", "1:root_path computed"),
            ("root_path = 'never closed\nbind = 1", "1:root_path computed"),
            ("my_root_path = 1\nx.root_path = 2", ""),
            ("workers = 2 * n + 1", "1:workers computed"),
            ("workers = 1_000", "1:workers=1000"),
            ("bind = {\n  'A': 'https',  # one\n  \"B\" : 'on',\n}\nworkers = 1", "1:bind=A=https,B=on 5:workers=1"),
            ("bind = {}", "1:bind="),
            ("bind = {'A': f()}", "1:bind computed"),
            ("bind = {'A': True}", "1:bind computed"),
            ("bind = {'A': 'b,c'}", "1:bind computed"),
            ("bind = {**x}", "1:bind computed"),
            ("bind = {'A'}", "1:bind computed"),
            ("bind = {'A': 'b'} | x", "1:bind computed"),
            ("class A: x = 1; root_path = '/no'", ""),
            ("if x: y = 1; root_path = '/y'", "1:root_path computed"),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    #[test]
    fn brackets_are_followed_as_deep_as_python_follows_them() {
        let many = format!("1:bind={}", vec!["a"; 300].join(","));
        let nested = |depth: usize| format!("bind = {}'a'{}", "[".repeat(depth), "]".repeat(depth));
        for (text, expected) in [
            (nested(DEEPEST), "1:bind=a"),
            (nested(DEEPEST + 1), "1:bind computed"),
            (nested(200_000), "1:bind computed"),
            (format!("bind = [{}]", "['a'],".repeat(300)).replace(",]", "]"), many.as_str()),
        ] {
            assert!(told(&text) == expected, "{} bytes", text.len());
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_to_its_end(text in "[a\\[\\](){}'\"\\\\#;:=\n root_pathé]{0,60}") {
            settings(&text, &["root_path"]);
        }
    }
}
