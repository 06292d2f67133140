//! `import`: snippets and files, their arguments and blocks. Caddy 2.11, `parse.go`, `importargs.go`, `importgraph.go`.

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::dispenser::Dispenser;
use super::parser::{Parser, tokens_of};
use super::token::Token;
use crate::gateway::ConfigError;

/// Words that imports may bring in altogether: a snippet that imports another twice doubles at each step.
const MOST_WORDS: usize = 2_000_000;

/// The chain so far, the file and line of the next `import`, and the snippet that it names.
type Link = (u32, Arc<Path>, u32, Option<Arc<str>>);

/// Chains of `import` lines, each a number. Two words are of one chain if the same lines brought them in.
#[derive(Debug, Default)]
pub(super) struct Chains {
    known: HashMap<Link, u32>,
}

impl Chains {
    /// The chain that a word is of once the line of `import` has brought it in.
    fn longer(&mut self, token: &Token, import: &Token) -> u32 {
        let next = u32::try_from(self.known.len() + 1).unwrap_or(u32::MAX);
        let key = (token.chain, Arc::clone(&import.file), import.line, token.snippet.clone());
        *self.known.entry(key).or_insert(next)
    }
}

/// What imports what: a circle is refused.
#[derive(Debug, Default)]
pub(super) struct Graph {
    edges: HashMap<String, HashSet<String>>,
}

impl Graph {
    /// Notes that `from` imports `to`.
    ///
    /// # Errors
    /// `to` imports `from` already, by itself or by others.
    fn add(&mut self, from: &str, to: &str) -> Result<(), String> {
        let mut seen: HashSet<&str> = HashSet::new();
        let mut due: Vec<&str> = self.edges.get(to).into_iter().flatten().map(String::as_str).collect();
        while let Some(node) = due.pop() {
            if node == from {
                return Err(format!("{from} and {to} import one another without end"));
            }
            if seen.insert(node) {
                due.extend(self.edges.get(node).into_iter().flatten().map(String::as_str));
            }
        }
        self.edges.entry(from.to_owned()).or_default().insert(to.to_owned());
        Ok(())
    }
}

/// What stands after `import`.
struct Import {
    /// The word `import` itself.
    line: Token,
    /// What is imported.
    name: Arc<str>,
    args: Vec<Arc<str>>,
    /// What stands in its block.
    block: Vec<Token>,
    /// The same by the first word of each line.
    blocks: HashMap<Arc<str>, Vec<Token>>,
}

impl Parser<'_> {
    /// Puts what an `import` names in its place; the reading stands before the first word of it afterwards.
    pub(super) fn import(&mut self, nesting: usize) -> Result<(), ConfigError> {
        let import = self.import_line()?;
        let (tokens, nodes) = match self.snippets.get(&import.name) {
            Some(body) => {
                let node = body.first().map(|token| node(&token.file, token.snippet.as_ref()));
                (body.clone(), node.into_iter().collect())
            }
            None => self.import_files(&import)?,
        };
        let from = node(&import.line.file, import.line.snippet.as_ref());
        for to in &nodes {
            self.graph.add(&from, to).map_err(|what| ConfigError::at(&import.line.place(), what))?;
        }
        self.imported += tokens.len();
        if self.imported > MOST_WORDS {
            return Err(ConfigError::at(&import.line.place(), "the imports bring in more words than can be read"));
        }
        let tokens = self.filled(&import, tokens, nesting);
        self.imported += tokens.len();
        self.at.insert(tokens);
        Ok(())
    }

    /// Takes an `import` out of the reading.
    fn import_line(&mut self) -> Result<Import, ConfigError> {
        let line = self.at.token().cloned().ok_or_else(|| self.at.arguments())?;
        let name = self.at.some_arg()?;
        if name.is_empty() {
            return Err(self.at.fault("import needs the name of a snippet or a file"));
        }
        let args = self.at.args();
        let before = self.at.nesting();
        let mut block = Vec::new();
        let mut opened = false;
        while self.at.next_block(before) {
            opened = true;
            block.extend(self.at.token().cloned());
        }
        let braces = if opened || self.at.token().is_some_and(Token::closes) { 2 } else { 0 };
        self.at.cut(2 + args.len() + block.len() + braces);
        let blocks = blocks(&block)?;
        Ok(Import { line, name, args, block, blocks })
    }

    /// The words of the files that a pattern names, and the files.
    fn import_files(&mut self, import: &Import) -> Result<(Vec<Token>, Vec<String>), ConfigError> {
        let fault = |what: String| ConfigError::at(&import.line.place(), what);
        let folder = import.line.file.parent().unwrap_or(Path::new(""));
        let pattern = clean(&folder.join(&*import.name));
        let shown = pattern.to_string_lossy().into_owned();
        if shown.matches('*').count() > 1
            || shown.matches('?').count() > 1
            || (shown.contains('[') && shown.contains(']'))
        {
            return Err(fault(format!("the pattern {} may hold one wildcard only", import.name)));
        }
        let has_wildcard = shown.contains(['*', '?', '[', ']']);
        let paths = if has_wildcard { self.expand(&pattern) } else { vec![pattern] };
        let mut tokens = Vec::new();
        let mut nodes = Vec::new();
        for path in paths {
            let read = tokens_of(&path, self.files, self.files_read);
            tokens.extend(read.map_err(|error| match error.place {
                None => fault(format!("import {}: {}", import.name, error.what)),
                Some(_) => error,
            })?);
            nodes.push(path.to_string_lossy().into_owned());
        }
        Ok((tokens, nodes))
    }

    /// The files that a pattern with a wildcard names. A last part that begins with `*` leaves hidden files out.
    fn expand(&self, pattern: &Path) -> Vec<PathBuf> {
        let mut found = vec![PathBuf::new()];
        for part in pattern.components() {
            let Component::Normal(name) = part else {
                for path in &mut found {
                    path.push(part);
                }
                continue;
            };
            let name = name.to_string_lossy();
            if !name.contains(['*', '?']) {
                for path in &mut found {
                    path.push(&*name);
                }
                continue;
            }
            found = found.iter().flat_map(|folder| self.files.list(folder).unwrap_or_default()).collect();
            found.retain(|path| path.file_name().is_some_and(|file| wild(&name, &file.to_string_lossy())));
        }
        let last = pattern.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let hidden = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        // A fixed name after the wildcard is looked for in every folder, and may be missing in some.
        let exists = |path: &PathBuf| self.files.read(path).is_ok();
        found.retain(|path| !(last.starts_with('*') && hidden(path)) && exists(path));
        found
    }

    /// The words with arguments and blocks put in, except within snippets that are defined in what is imported.
    fn filled(&mut self, import: &Import, tokens: Vec<Token>, nesting: usize) -> Vec<Token> {
        let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
        let mut definition = Definition { nesting, ..Definition::default() };
        for mut token in tokens {
            token.chain = self.chains.longer(&token, &import.line);
            if definition.covers(&token, out.last()) {
                out.push(token);
                continue;
            }
            if &*token.text == "{block}" {
                out.extend(import.block.iter().cloned());
                continue;
            }
            let key = token.text.strip_prefix("{blocks.").and_then(|key| key.strip_suffix('}'));
            if let Some(key) = key {
                out.extend(import.blocks.get(key).into_iter().flatten().cloned());
            } else if let Some(args) = variadic(&token.text, &import.args) {
                out.extend(args.iter().map(|arg| token.with_text(Arc::clone(arg))));
            } else {
                let text = with_args(&token.text, &import.args);
                out.push(if let Some(text) = text { token.with_text(text) } else { token });
            }
        }
        out
    }
}

/// The name of what imports or is imported.
fn node(file: &Path, snippet: Option<&Arc<str>>) -> String {
    let file = file.to_string_lossy();
    snippet.map_or_else(|| file.clone().into_owned(), |snippet| format!("{file}:{snippet}"))
}

/// The lines of the block of an `import`, by their first words.
fn blocks(block: &[Token]) -> Result<HashMap<Arc<str>, Vec<Token>>, ConfigError> {
    let mut blocks = HashMap::new();
    let mut lines = Dispenser::new(block.to_vec());
    while lines.next() {
        let key = lines.val();
        if lines.token().is_some_and(Token::opens) {
            return Err(lines.fault("a block without a name cannot be imported"));
        }
        let mut tokens = Vec::new();
        while lines.next_arg() {
            tokens.extend(lines.token().cloned());
        }
        let nesting = lines.nesting();
        while lines.next_block(nesting) {
            tokens.extend(lines.token().cloned());
        }
        blocks.insert(key, tokens);
    }
    Ok(blocks)
}

/// Whether the words that are imported define a snippet: its body is left for its own `import`.
#[derive(Default)]
struct Definition {
    nesting: usize,
    /// The number of the word on its line.
    index: usize,
    /// The line begins with `(name)`.
    named: bool,
    inside: bool,
}

impl Definition {
    /// True if the word is part of a definition.
    fn covers(&mut self, token: &Token, before: Option<&Token>) -> bool {
        if !self.inside && self.nesting == 0 {
            let first = before.is_none_or(|before| before.ends_before(token));
            self.index = if first { 0 } else { self.index + 1 };
            if self.index == 0 && token.text.len() >= 3 && token.text.starts_with('(') && token.text.ends_with(')') {
                self.named = true;
            }
        }
        if token.opens() {
            self.nesting += 1;
            if self.index == 1 && self.named && self.nesting == 1 {
                self.inside = true;
                self.named = false;
            }
        } else if token.closes() {
            self.nesting = self.nesting.saturating_sub(1);
            if self.nesting == 0 && self.inside {
                self.inside = false;
            }
        }
        self.inside
    }
}

/// The arguments that `{args[1:]}` stands for, if the word is that.
fn variadic<'a>(text: &str, args: &'a [Arc<str>]) -> Option<&'a [Arc<str>]> {
    let (start, end) = text.strip_prefix("{args[")?.strip_suffix("]}")?.split_once(':')?;
    let index = |text: &str, default: usize| if text.is_empty() { Some(default) } else { text.parse().ok() };
    args.get(index(start, 0)?..index(end, args.len())?)
}

/// The word with `{args[0]}` and `{args.0}` put in; `None` if it holds none.
fn with_args(text: &str, args: &[Arc<str>]) -> Option<String> {
    if !text.contains("{args") {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = rest.find("{args") {
        let (before, from) = rest.split_at(begin);
        out.push_str(before);
        let key = from.get(1..).and_then(|from| from.split_once('}'));
        let value = key.and_then(|(key, tail)| arg(key, args).map(|value| (value, tail)));
        if let Some((value, tail)) = value {
            out.push_str(value);
            rest = tail;
        } else {
            out.push('{');
            rest = from.get(1..).unwrap_or_default();
        }
    }
    Some(out + rest)
}

/// The argument of `args[0]` or `args.0`.
fn arg<'a>(key: &str, args: &'a [Arc<str>]) -> Option<&'a str> {
    let rest = key.strip_prefix("args")?;
    let index = rest.strip_prefix('.').or_else(|| rest.strip_prefix('[')?.strip_suffix(']'))?;
    args.get(index.parse::<usize>().ok()?).map(|arg| &**arg)
}

/// True if a name fits a pattern with `*` and `?`.
fn wild(pattern: &str, name: &str) -> bool {
    let (mut pattern, mut name) = (pattern.chars(), name.chars());
    loop {
        match pattern.next() {
            None => return name.next().is_none(),
            Some('*') => {
                let rest = pattern.as_str();
                // At most one `*` stands in a pattern, so what follows it is of a fixed length.
                let skip = name.as_str().chars().count().checked_sub(rest.chars().count());
                return skip.is_some_and(|skip| wild(rest, &name.as_str().chars().skip(skip).collect::<String>()));
            }
            Some('?') => {
                if name.next().is_none() {
                    return false;
                }
            }
            Some(c) => {
                if name.next() != Some(c) {
                    return false;
                }
            }
        }
    }
}

/// The path with `.` and `..` resolved as far as text allows.
fn clean(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}
