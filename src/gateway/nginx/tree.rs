//! A configuration as blocks of directives, each with its place, before anything is made of them.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::lexer::{Fault, Lexer, Statement, Word};
use crate::gateway::{ConfigError, Place};

/// Blocks in blocks: nginx has no limit, but whoever walks them here does so by recursion.
const DEEPEST: usize = 64;

/// A directive: its name, its arguments, and its block if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directive {
    pub(super) name: String,
    pub(super) args: Vec<Vec<u8>>,
    pub(super) place: Place,
    pub(super) block: Option<Vec<Directive>>,
}

impl Directive {
    /// A directive without a block.
    pub(super) fn simple(name: &str, args: &[&str], place: &Place) -> Self {
        let args = args.iter().map(|arg| arg.as_bytes().to_vec()).collect();
        Self { name: name.to_owned(), args, place: place.clone(), block: None }
    }

    /// The same with a block.
    pub(super) fn with_block(self, block: Vec<Self>) -> Self {
        Self { block: Some(block), ..self }
    }

    /// The same, all of it said by another line.
    pub(super) fn said_at(self, place: &Place) -> Self {
        let block = self.block.map(|block| block.into_iter().map(|inner| inner.said_at(place)).collect());
        Self { place: place.clone(), block, ..self }
    }

    /// An argument, counted from zero.
    pub(super) fn arg(&self, index: usize) -> Option<&[u8]> {
        self.args.get(index).map(Vec::as_slice)
    }

    /// An argument as text, what is no UTF-8 replaced; empty if there is none.
    pub(super) fn text(&self, index: usize) -> String {
        String::from_utf8_lossy(self.arg(index).unwrap_or_default()).into_owned()
    }

    /// The directives of the block; none if it has no block.
    pub(super) fn inside(&self) -> &[Directive] {
        self.block.as_deref().unwrap_or_default()
    }

    /// An error that names this directive and its place.
    pub(super) fn wrong(&self, what: impl fmt::Display) -> ConfigError {
        ConfigError::at(&self.place, format!("{}: {what}", self.name))
    }
}

/// `proxy_pass http://u`, quoted where a word needs it. The block is left out.
impl fmt::Display for Directive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for arg in &self.args {
            let text = String::from_utf8_lossy(arg);
            let bare = !text.is_empty()
                && !text.starts_with(['"', '\'', '#', '}'])
                && !text.contains([' ', '\t', '\r', '\n', ';'])
                && !text.replace("${", "").contains('{');
            if bare {
                write!(f, " {text}")?;
            } else {
                let quote = if text.contains('"') { '\'' } else { '"' };
                write!(f, " {quote}{text}{quote}")?;
            }
        }
        Ok(())
    }
}

/// Reads a file's bytes.
///
/// # Errors
/// What nginx refuses, with the line; also blocks nested very deep.
pub(super) fn parse(file: &Arc<Path>, bytes: &[u8]) -> Result<Vec<Directive>, ConfigError> {
    let place = |line| Place { file: Arc::clone(file), line };
    let refuse = |fault: Fault| ConfigError::at(&place(fault.line), fault.what);
    // With a byte order mark nginx would not know the first directive.
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut lexer = Lexer::new(bytes);
    let mut open: Vec<(Directive, Vec<Directive>)> = Vec::new();
    let mut level = Vec::new();
    loop {
        match lexer.next().map_err(refuse)? {
            Statement::Simple(words) => level.extend(directive(words, place)),
            Statement::Open(words) => {
                let Some(directive) = directive(words, place) else { continue };
                if open.len() >= DEEPEST {
                    return Err(directive.wrong(format!("more than {DEEPEST} blocks in each other are not read")));
                }
                if directive.name.ends_with("_by_lua_block") {
                    if !lexer.skip_foreign_block() {
                        return Err(directive.wrong("its block is not closed; a \"}\" is missing"));
                    }
                    level.push(Directive { block: Some(Vec::new()), ..directive });
                } else {
                    open.push((directive, std::mem::take(&mut level)));
                }
            }
            Statement::Close(line) => {
                let Some((directive, outer)) = open.pop() else {
                    return Err(ConfigError::at(&place(line), "unexpected \"}\": no block is open here"));
                };
                let block = std::mem::replace(&mut level, outer);
                level.push(Directive { block: Some(block), ..directive });
            }
            Statement::End(line) => {
                let Some((directive, _)) = open.pop() else { return Ok(level) };
                let what = format!(
                    "unexpected end of file, expecting \"}}\" for the block {} of line {}",
                    directive.name, directive.place.line
                );
                return Err(ConfigError::at(&place(line), what));
            }
        }
    }
}

/// A directive of its words.
fn directive(words: Vec<Word>, place: impl Fn(u32) -> Place) -> Option<Directive> {
    let mut words = words.into_iter();
    let first = words.next()?;
    Some(Directive {
        name: String::from_utf8_lossy(&first.text).into_owned(),
        args: words.map(|word| word.text).collect(),
        place: place(first.line),
        block: None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file() -> Arc<Path> {
        Arc::from(Path::new("nginx.conf"))
    }

    /// A tree as text that reads as the same tree.
    fn print(tree: &[Directive], out: &mut Vec<u8>) {
        for directive in tree {
            for (index, word) in
                std::iter::once(directive.name.as_bytes()).chain(directive.args.iter().map(Vec::as_slice)).enumerate()
            {
                out.extend_from_slice(if index == 0 { b"\"" } else { b" \"" });
                for &byte in word {
                    if byte == b'"' || byte == b'\\' {
                        out.push(b'\\');
                    }
                    out.push(byte);
                }
                out.push(b'"');
            }
            match &directive.block {
                None => out.push(b';'),
                Some(block) => {
                    out.push(b'{');
                    print(block, out);
                    out.push(b'}');
                }
            }
        }
    }

    /// The same without places.
    fn bare(tree: &[Directive]) -> Vec<Directive> {
        let place = Place::new(file(), 0);
        let strip = |directive: &Directive| Directive {
            place: place.clone(),
            block: directive.block.as_deref().map(bare),
            ..directive.clone()
        };
        tree.iter().map(strip).collect()
    }

    fn trees() -> impl Strategy<Value = Vec<Directive>> {
        let word = || prop::collection::vec(any::<u8>(), 0..6);
        let leaf = ("[a-z_]{1,8}", prop::collection::vec(word(), 0..3)).prop_map(|(name, args)| Directive {
            name,
            args,
            place: Place::new(file(), 0),
            block: None,
        });
        let node = leaf.prop_recursive(3, 16, 4, |inner| {
            ("[a-z_]{1,8}", prop::collection::vec(inner, 0..4)).prop_map(|(name, block)| Directive {
                name,
                args: Vec::new(),
                place: Place::new(file(), 0),
                block: Some(block),
            })
        });
        prop::collection::vec(node, 0..4)
    }

    proptest! {
        #[test]
        fn printed_and_read_again_it_is_the_same(tree in trees()) {
            let mut text = Vec::new();
            print(&tree, &mut text);
            prop_assert_eq!(bare(&parse(&file(), &text).unwrap()), bare(&tree));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&file(), &bytes);
        }

        #[test]
        fn any_tokens_are_read_or_refused(text in "([a-z$\\\\{};\"'# \n]){0,60}") {
            let _ = parse(&file(), text.as_bytes());
        }
    }

    #[test]
    fn blocks_and_lines() {
        let tree = parse(&file(), b"http {\n  server { listen 80; }\n}\nevents {}\n").unwrap();
        let lines: Vec<u32> = tree.iter().map(|directive| directive.place.line).collect();
        assert_eq!(lines, [1, 4]);
        assert_eq!(tree[0].inside()[0].inside()[0].to_string(), "listen 80");
        let unclosed = parse(&file(), b"http {\n server {\n}\n").unwrap_err();
        assert_eq!(
            unclosed.to_string(),
            "nginx.conf:4: unexpected end of file, expecting \"}\" for the block http of line 1"
        );
        assert!(parse(&file(), b"a {} }").is_err());
        assert!(parse(&file(), "a{".repeat(100_000).as_bytes()).is_err());
    }
}
