use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::{Block, parse};
use crate::gateway::{ConfigError, Files};

/// Files that are no files.
pub(in crate::gateway::caddy) struct Written(pub(in crate::gateway::caddy) BTreeMap<PathBuf, Vec<u8>>);

impl Written {
    /// One Caddyfile.
    pub(in crate::gateway::caddy) fn one(text: impl Into<Vec<u8>>) -> Self {
        Self(BTreeMap::from([(PathBuf::from("/etc/Caddyfile"), text.into())]))
    }

    /// The same with another file.
    pub(in crate::gateway::caddy) fn and(mut self, path: &str, text: &str) -> Self {
        self.0.insert(path.into(), text.into());
        self
    }
}

impl Files for Written {
    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        self.0.get(path).cloned().ok_or_else(|| std::io::ErrorKind::NotFound.into())
    }

    fn list(&self, folder: &Path) -> std::io::Result<Vec<PathBuf>> {
        Ok(self.0.keys().filter(|path| path.parent() == Some(folder)).cloned().collect())
    }

    fn variable(&self, name: &str) -> Option<String> {
        (name == "PORT").then(|| "8080".to_owned())
    }
}

fn blocks(files: &Written) -> Result<Vec<Block>, ConfigError> {
    parse(Path::new("/etc/Caddyfile"), files, &mut Vec::new())
}

/// `key key { word word / word }`: blocks apart by `|`, lines by `/`, a mark before what was quoted.
fn shown(files: &Written) -> String {
    let words = |tokens: &[super::Token]| {
        let word = |token: &super::Token| format!("{}{}", if token.quoted() { "'" } else { "" }, token.text);
        tokens.iter().map(word).collect::<Vec<_>>().join(" ")
    };
    let block = |block: &Block| {
        let lines: Vec<String> = block.segments.iter().map(|segment| words(segment)).collect();
        format!("{}: {}", words(&block.keys), lines.join(" / "))
    };
    match blocks(files) {
        Ok(blocks) => blocks.iter().map(block).collect::<Vec<_>>().join(" | "),
        Err(error) => format!("{error}"),
    }
}

#[test]
fn words_lines_and_blocks() {
    for (text, expected) in [
        (":80\nrespond a\nlog", ":80: respond a / log"),
        (":80 {\n\trespond \"a b\" `c\"d`\n}\n", ":80: respond 'a b 'c\"d"),
        ("a, b\n{\n}\nc {\n x {\n  y\n }\n}", "a b:  | c: x { y }"),
        ("{\n debug\n}\n:80 {\n}", ": debug | :80: "),
        (":80 { # comment\n respond a#b # c\n}", ":80: respond a#b"),
        (":80\nrespond \\\n a \\\n b\nlog", ":80: respond a b / log"),
        (r#":80 { "a\"b" }"#, "/etc/Caddyfile:1: a `}` that closes nothing"),
        (":80\nrespond \"a\\\"b\\c\"", ":80: respond 'a\"b\\c"),
        (":80\nrespond <<END\n  a\n   b\n  END 200", ":80: respond 'a\n b 200"),
        (":80\nrespond \\<<END", ":80: respond <<END"),
        (":{$PORT} {$NONE:x y} {$NONE}\nlog", ":8080 x y: log"),
        (":80\nrespond {$}", ":80: respond {$}"),
        ("\u{feff}:80\nlog", ":80: log"),
        ("&(r) {\n respond\n}\n:80 {\n invoke r\n}", "r: r { respond } | :80: invoke r"),
    ] {
        assert_eq!(shown(&Written::one(text)), expected, "{text}");
    }
}

#[test]
fn imports() {
    for (text, expected) in [
        ("(s) {\n respond {args[0]} {args.1} {args[2]}\n}\n:80 {\n import s a b\n}", ":80: respond a b {args[2]}"),
        ("(s) {\n respond {args[1:]}\n}\n:80 {\n import s a b c\n}", ":80: respond b c"),
        ("(s) {\n handle {\n {block}\n }\n}\n:80 {\n import s {\n  log\n  abort\n }\n}", ":80: handle { log abort }"),
        ("(s) {\n {blocks.x}\n}\n:80 {\n import s {\n  x {\n   log\n  }\n }\n}", ":80: log"),
        (":80 {\n import conf.d/*.caddy v\n}", ":80: respond v / abort"),
        ("import sites\n", "b: log"),
        (":80 {\n handle {\n  import one\n }\n}", ":80: handle { log }"),
        (":80 {\n import none\n}", "/etc/Caddyfile:2: import none: cannot read /etc/none: entity not found"),
        (":80 {\n import none*\n log\n}", ":80: log"),
        ("(a) {\n import b\n}\n(b) {\n import a\n}\n:80 {\n import a\n}", "without end"),
        (":80 {\n import a/*/b*\n}", "one wildcard only"),
    ] {
        let files = Written::one(text)
            .and("/etc/conf.d/a.caddy", "respond {args[0]}\n")
            .and("/etc/conf.d/b.caddy", "abort")
            .and("/etc/conf.d/.hidden.caddy", "hidden")
            .and("/etc/sites", "b {\n log\n}\n")
            .and("/etc/one", "log");
        let shown = shown(&files);
        let fits = if expected.contains(':') { shown == expected } else { shown.contains(expected) };
        assert!(fits, "{text}: {shown}");
    }
}

#[test]
fn a_doubling_snippet_is_given_up() {
    use std::fmt::Write as _;
    let mut text = "(s0) {\n log\n}\n".to_owned();
    for n in 1..40 {
        writeln!(text, "(s{n}) {{\n import s{}\n import s{}\n}}", n - 1, n - 1).unwrap();
    }
    text.push_str(":80 {\n import s39\n}\n");
    assert!(shown(&Written::one(text)).contains("more words than can be read"));
}

#[test]
fn what_is_refused_has_a_place() {
    for (text, expected) in [
        (":80 {\n respond", "/etc/Caddyfile:2: "),
        (":80 {\n handle {\n", "/etc/Caddyfile:2: "),
        ("a,b {\n}", "/etc/Caddyfile:1: put a space after the comma"),
        ("a{\n}", "/etc/Caddyfile:1: put a space before the brace"),
        ("@m path /", "/etc/Caddyfile:1: the matcher @m"),
        (":80\nrespond <<END\n x", "/etc/Caddyfile:2: the heredoc is not closed"),
        (":80\nrespond <<END\nx\n  END", "/etc/Caddyfile:3: the line is indented less"),
        ("(s) {\n}\n(s) {\n}", "/etc/Caddyfile:3: the snippet s is there twice"),
    ] {
        let error = blocks(&Written::one(text)).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn no_bytes_are_too_odd(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = blocks(&Written::one(bytes));
    }

    #[test]
    fn no_words_are_too_odd(words in prop::collection::vec(
        prop::sample::select(vec![
            "{", "}", "{}", "\n", "import", "s", "(s)", "&(r)", "\"", "`", "\\", "<<E", "E", "#", ":80", "a,", "@m",
            "{args[0]}", "{args[0:]}", "{block}", "{blocks.a}", "handle", "*", "/x*", "\t", "\r\n", "{$PORT}",
        ]),
        0..60,
    )) {
        let _ = blocks(&Written::one(words.join(" ")));
    }
}
