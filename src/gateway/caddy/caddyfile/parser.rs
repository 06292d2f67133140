//! Blocks of a Caddyfile: Caddy 2.11, `caddyconfig/caddyfile/parse.go`.
//!
//! What is parsed here is only the outer form: which addresses a block is for, and which lines, with the blocks that they
//! open, stand in it. Snippets and other files are put in their places on the way.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::dispenser::Dispenser;
use super::imports::{Chains, Graph};
use super::lexer;
use super::token::Token;
use crate::gateway::{ConfigError, Files};

/// Words that most directives do with, their blocks included.
const USUAL: usize = 8;

/// Blocks within blocks that are read; nobody writes more.
const DEEPEST: usize = 64;

/// A block and the addresses before it.
#[derive(Clone, Debug, Default)]
pub(in crate::gateway::caddy) struct Block {
    /// The addresses; none for the block of global options. The one of a named route is its name.
    pub(in crate::gateway::caddy) keys: Vec<Token>,
    /// Its lines: a directive, its arguments, and the block that it opens.
    pub(in crate::gateway::caddy) segments: Vec<Vec<Token>>,
    /// True for `&(name) { … }`.
    pub(in crate::gateway::caddy) named_route: bool,
}

/// Reads a Caddyfile and what it imports.
///
/// # Errors
/// What Caddy's parser refuses, with its place; a file that cannot be read.
pub(in crate::gateway::caddy) fn parse(
    path: &Path,
    files: &dyn Files,
    read: &mut Vec<PathBuf>,
) -> Result<Vec<Block>, ConfigError> {
    let tokens = tokens_of(path, files, read)?;
    let mut parser = Parser {
        at: Dispenser::new(tokens),
        block: Block::default(),
        nesting: 0,
        snippets: HashMap::new(),
        graph: Graph::default(),
        chains: Chains::default(),
        files,
        files_read: read,
        imported: 0,
    };
    parser.blocks()
}

/// The words of one file, its `{$NAME}` filled in.
pub(super) fn tokens_of(path: &Path, files: &dyn Files, read: &mut Vec<PathBuf>) -> Result<Vec<Token>, ConfigError> {
    let bytes = files.read(path).map_err(|error| ConfigError::unreadable(path, &error))?;
    if !read.iter().any(|known| known == path) {
        read.push(path.to_owned());
    }
    let text = fill_in(lexer::decode(&bytes), files);
    lexer::tokenize(&text, &Arc::from(path))
}

/// Puts variables of the environment in the place of `{$NAME}` and `{$NAME:default}`. It is done on the text, so a value
/// may hold several words.
fn fill_in(text: String, files: &dyn Files) -> String {
    let Some(mut begin) = text.find("{$") else { return text };
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    loop {
        let (before, after) = rest.split_at(begin);
        let Some((name, tail)) = after.get(2..).unwrap_or_default().split_once('}') else { break };
        out.push_str(before);
        let (key, default) = name.split_once(':').map_or((name, None), |(key, default)| (key, Some(default)));
        if name.is_empty() {
            out.push_str("{$}");
        } else {
            out.push_str(&files.variable(key).or(default.map(str::to_owned)).unwrap_or_default());
        }
        rest = tail;
        match rest.find("{$") {
            Some(next) => begin = next,
            None => break,
        }
    }
    out + rest
}

/// A Caddyfile that is being read.
pub(super) struct Parser<'a> {
    pub(super) at: Dispenser,
    block: Block,
    /// Blocks that are open within the directive that is being read.
    nesting: usize,
    pub(super) snippets: HashMap<Arc<str>, Vec<Token>>,
    pub(super) graph: Graph,
    pub(super) chains: Chains,
    pub(super) files: &'a dyn Files,
    pub(super) files_read: &'a mut Vec<PathBuf>,
    /// Words that imports have brought in.
    pub(super) imported: usize,
}

impl Parser<'_> {
    fn blocks(&mut self) -> Result<Vec<Block>, ConfigError> {
        let mut blocks = Vec::new();
        while self.at.next() {
            self.block = Block::default();
            self.one()?;
            let block = std::mem::take(&mut self.block);
            if !block.keys.is_empty() || !block.segments.is_empty() {
                blocks.push(block);
            }
        }
        Ok(blocks)
    }

    /// A block with its addresses.
    fn one(&mut self) -> Result<(), ConfigError> {
        if self.addresses()? {
            return Ok(());
        }
        let name = match self.block.keys.as_slice() {
            [key] => key.text.strip_suffix(')').map(str::to_owned),
            _ => None,
        };
        if let Some(name) = name.as_deref().and_then(|name| name.strip_prefix("&(")) {
            return self.named_route(name);
        }
        if let Some(name) = name.as_deref().and_then(|name| name.strip_prefix('(')) {
            return self.snippet(name);
        }
        self.contents()
    }

    /// The addresses before a block; true if the file ends with them.
    fn addresses(&mut self) -> Result<bool, ConfigError> {
        let mut another = false;
        loop {
            let value = self.at.val();
            let Some(token) = self.at.token().cloned() else { return Ok(true) };
            if value.starts_with('@') {
                return Err(self.at.fault(format!("the matcher {value} must stand within a site's block")));
            }
            if &*value == "import" && self.at.at_line_start() {
                self.import(0)?;
                if !self.at.next() {
                    return Ok(true);
                }
                continue;
            }
            if token.opens() {
                if another {
                    return Err(self.at.fault("an address is missing after the comma"));
                }
                return Ok(false);
            }
            if value.ends_with('{') && !token.quoted() {
                return Err(self.at.fault(format!("put a space before the brace of {value:?}")));
            }
            if !value.is_empty() {
                let address = value.strip_suffix(',');
                another = address.is_some();
                let address = address.unwrap_or(&value);
                if address.contains(',') {
                    return Err(self.at.fault(format!("put a space after the comma of {address:?}")));
                }
                if !address.is_empty() {
                    self.block.keys.push(token.with_text(address));
                }
            }
            if !self.at.next() {
                return if another { Err(self.at.fault("the file ends after a comma")) } else { Ok(true) };
            }
            if !another && self.at.at_line_start() {
                return Ok(false);
            }
        }
    }

    /// The block of a named route: it is kept as one directive, which is its name.
    fn named_route(&mut self, name: &str) -> Result<(), ConfigError> {
        let key = self.at.token().map(|token| token.with_text(name));
        let body = self.body(true)?;
        self.block.keys = key.clone().into_iter().collect();
        self.block.named_route = true;
        self.block.segments = vec![key.into_iter().chain(body).collect()];
        Ok(())
    }

    /// The block of a snippet.
    fn snippet(&mut self, name: &str) -> Result<(), ConfigError> {
        let name: Arc<str> = name.into();
        if self.snippets.contains_key(&name) {
            return Err(self.at.fault(format!("the snippet {name} is there twice")));
        }
        let mut body = self.body(false)?;
        for token in &mut body {
            token.snippet = Some(Arc::clone(&name));
        }
        self.snippets.insert(name, body);
        self.block.keys.clear();
        Ok(())
    }

    /// The words of a block as they stand, with or without its braces.
    fn body(&mut self, braces: bool) -> Result<Vec<Token>, ConfigError> {
        self.must_open()?;
        let mut tokens: Vec<Token> = if braces { self.at.token().cloned().into_iter().collect() } else { Vec::new() };
        let mut open = 1usize;
        while self.at.next() {
            let Some(token) = self.at.token() else { break };
            if token.closes() {
                open -= 1;
                if open == 0 {
                    if braces {
                        tokens.push(token.clone());
                    }
                    return Ok(tokens);
                }
            }
            open += usize::from(token.opens());
            tokens.push(token.clone());
        }
        Err(self.at.fault("a block is not closed: a `}` is missing"))
    }

    fn must_open(&self) -> Result<(), ConfigError> {
        if self.at.token().is_some_and(Token::opens) {
            return Ok(());
        }
        Err(self.at.fault(format!("there must be a `{{` in the place of {:?}", &*self.at.val())))
    }

    /// What stands in a site's block. A file with one site may leave the braces out.
    fn contents(&mut self) -> Result<(), ConfigError> {
        let braces = self.at.token().is_some_and(Token::opens);
        if !braces {
            self.at.back();
        }
        self.directives()?;
        if braces && !self.at.token().is_some_and(Token::closes) {
            return Err(self.at.fault("a site's block is not closed: a `}` is missing"));
        }
        Ok(())
    }

    fn directives(&mut self) -> Result<(), ConfigError> {
        while self.at.next() {
            self.at.forget();
            if self.at.token().is_some_and(Token::closes) {
                break;
            }
            if &*self.at.val() == "import" {
                self.import(1)?;
            } else {
                self.directive()?;
            }
        }
        Ok(())
    }

    /// A directive, its arguments and the block that it opens.
    fn directive(&mut self) -> Result<(), ConfigError> {
        let mut segment = Vec::with_capacity(USUAL);
        segment.extend(self.at.token().cloned());
        while self.at.next() {
            let Some(token) = self.at.token() else { break };
            if token.opens() {
                self.nesting += 1;
                if self.nesting > DEEPEST {
                    return Err(self.at.fault(format!("more than {DEEPEST} blocks within one another")));
                }
                if !self.at.at_line_end() {
                    return Err(self.at.fault("nothing may follow a `{` on its line"));
                }
                if self.at.at_line_start() {
                    return Err(self.at.fault("the `{` must stand at the end of the line before"));
                }
            } else if token.is_bare("{}") {
                if self.at.at_line_end() {
                    return Err(self.at.fault("`{}` at the end of a line: put the braces apart"));
                }
            } else if self.nesting == 0 && self.at.at_line_start() {
                self.at.back();
                break;
            } else if token.closes() {
                if self.nesting == 0 {
                    return Err(self.at.fault("a `}` that closes nothing"));
                }
                self.nesting -= 1;
            } else if &*token.text == "import" && self.at.at_line_start() {
                self.import(1)?;
                continue;
            }
            segment.push(token.clone());
        }
        self.block.segments.push(segment);
        if self.nesting > 0 {
            return Err(self.at.fault("a block is not closed: a `}` is missing"));
        }
        Ok(())
    }
}
