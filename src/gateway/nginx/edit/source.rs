//! A file of nginx's as statements with their bytes, for those who change it: as written, nothing included or filled in.

use std::ops::Range;

use crate::gateway::nginx::lexer::{self, Lexer, Word};

/// Blocks in blocks, as in the tree that requests are answered from.
const DEEPEST: usize = 64;

/// A directive as it stands in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) name: String,
    pub(super) args: Vec<String>,
    pub(super) line: u32,
    /// From its name to behind its semicolon or closing brace.
    pub(super) span: Range<usize>,
    /// From its name to behind its last argument.
    pub(super) head: Range<usize>,
    pub(super) block: Option<Block>,
}

/// The block of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// Behind its opening brace.
    pub(super) open: usize,
    pub(super) inside: Vec<Statement>,
}

impl Statement {
    /// What is in its block.
    pub(super) fn inside(&self) -> &[Statement] {
        self.block.as_ref().map(|block| block.inside.as_slice()).unwrap_or_default()
    }
}

/// Reads a file; `None` if nginx would refuse it.
pub(super) fn parse(bytes: &[u8]) -> Option<Vec<Statement>> {
    let skipped = if bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let mut lexer = Lexer::new(bytes.get(skipped..)?);
    let mut open: Vec<(Statement, Vec<Statement>)> = Vec::new();
    let mut level = Vec::new();
    loop {
        let read = lexer.next().ok()?;
        let end = lexer.position() + skipped;
        match read {
            lexer::Statement::Simple(words) => level.push(statement(words, skipped, end)?),
            lexer::Statement::Open(words) => {
                let mut statement = statement(words, skipped, end)?;
                statement.block = Some(Block { open: end, inside: Vec::new() });
                if open.len() >= DEEPEST {
                    return None;
                }
                if statement.name.ends_with("_by_lua_block") {
                    lexer.skip_foreign_block().then_some(())?;
                    statement.span.end = lexer.position() + skipped;
                    level.push(statement);
                } else {
                    open.push((statement, std::mem::take(&mut level)));
                }
            }
            lexer::Statement::Close(_) => {
                let (mut statement, outer) = open.pop()?;
                let inside = std::mem::replace(&mut level, outer);
                statement.span.end = end;
                if let Some(block) = &mut statement.block {
                    block.inside = inside;
                }
                level.push(statement);
            }
            lexer::Statement::End(_) => return open.is_empty().then_some(level),
        }
    }
}

/// The statement of a line that is said by these words.
pub(super) fn find<'a>(level: &'a [Statement], line: u32, name: &str, args: &[Vec<u8>]) -> Option<&'a Statement> {
    let mut near = None;
    for statement in level {
        if statement.line == line && statement.name == name {
            if statement.args.iter().map(String::as_bytes).eq(args.iter().map(Vec::as_slice)) {
                return Some(statement);
            }
            // A variable of the environment may have been filled in.
            near = near.or(Some(statement));
        }
        near = near.or(find(statement.inside(), line, name, args));
    }
    near
}

fn statement(words: Vec<Word>, skipped: usize, end: usize) -> Option<Statement> {
    let (first, last) = (words.first()?, words.last()?);
    let (start, line) = (first.span.start + skipped, first.line);
    let head = start..last.span.end + skipped;
    let mut texts = words.into_iter().map(|word| String::from_utf8_lossy(&word.text).into_owned());
    Some(Statement { name: texts.next()?, args: texts.collect(), line, span: start..end, head, block: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_know_their_bytes() {
        let text = "a 'b c' ;\nd {\n  e f; g{h;}\n}\n";
        let level = parse(text.as_bytes()).unwrap();
        let at = |range: &Range<usize>| text.get(range.clone()).unwrap();
        assert_eq!((at(&level[0].span), at(&level[0].head)), ("a 'b c' ;", "a 'b c'"));
        assert_eq!((at(&level[1].span), level[1].block.as_ref().unwrap().open), ("d {\n  e f; g{h;}\n}", 13));
        assert_eq!(at(&find(&level, 3, "h", &[]).unwrap().span), "h;");
        assert_eq!(parse(b"a {"), None);
    }
}
