//! A Caddyfile as statements with their bytes, for those who change it: as written, nothing imported or filled in.

use std::ops::Range;

/// Blocks in blocks that are followed.
const DEEPEST: usize = 64;

/// A line with its words, and the block that it opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    /// Without what encloses them, the opening brace left out.
    pub(super) words: Vec<String>,
    pub(super) line: u32,
    /// From its first word to behind its last one or its closing brace.
    pub(super) span: Range<usize>,
    /// Its words, without a brace; empty for a block without any.
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
    /// A word, counted from zero; empty if there is none.
    pub(super) fn word(&self, index: usize) -> &str {
        self.words.get(index).map(String::as_str).unwrap_or_default()
    }

    /// The directive.
    pub(super) fn name(&self) -> &str {
        self.word(0)
    }

    /// What is in its block.
    pub(super) fn inside(&self) -> &[Statement] {
        self.block.as_ref().map(|block| block.inside.as_slice()).unwrap_or_default()
    }
}

/// A word that is being told from the next.
struct Word {
    text: String,
    span: Range<usize>,
    bare: bool,
}

/// Reads a file; `None` if its blocks do not close.
pub(super) fn parse(bytes: &[u8]) -> Option<Vec<Statement>> {
    let mut reader = Reader { bytes, at: if bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 }, line: 1 };
    let mut open: Vec<(Statement, Vec<Statement>)> = Vec::new();
    let mut level = Vec::new();
    while let Some((line, words)) = reader.words(open.is_empty()) {
        let (first, last) = (words.first()?, words.last()?);
        if first.bare && first.text == "}" {
            let (mut statement, outer) = open.pop()?;
            let inside = std::mem::replace(&mut level, outer);
            statement.span.end = first.span.end;
            if let Some(block) = &mut statement.block {
                block.inside = inside;
            }
            level.push(statement);
            continue;
        }
        let opens = last.bare && last.text == "{";
        let (start, end) = (first.span.start, last.span.end);
        let said = words.len() - usize::from(opens);
        let head_end = words.get(..said)?.last().map_or(start, |word| word.span.end);
        let block = opens.then_some(Block { open: end, inside: Vec::new() });
        let words = words.into_iter().take(said).map(|word| word.text).collect();
        let statement = Statement { words, line, span: start..end, head: start..head_end, block };
        if opens {
            if open.len() >= DEEPEST {
                return None;
            }
            open.push((statement, std::mem::take(&mut level)));
        } else {
            level.push(statement);
        }
    }
    open.is_empty().then_some(level)
}

/// The statements that lead to one: those around it, outermost first, itself last.
pub(super) fn way<'s>(
    level: &'s [Statement],
    line: u32,
    fits: &dyn Fn(&Statement) -> bool,
) -> Option<Vec<&'s Statement>> {
    level.iter().find_map(|statement| {
        if statement.line == line && fits(statement) {
            return Some(vec![statement]);
        }
        let mut way = way(statement.inside(), line, fits)?;
        way.insert(0, statement);
        Some(way)
    })
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u32,
}

impl Reader<'_> {
    /// The words of the next line that has some, and its number. Addresses of a site go on behind a comma.
    fn words(&mut self, outside: bool) -> Option<(u32, Vec<Word>)> {
        let mut words: Vec<Word> = Vec::new();
        let mut line = self.line;
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' => {
                    self.step();
                    let goes_on = outside && words.last().is_some_and(|word| word.bare && word.text.ends_with(','));
                    if !words.is_empty() && !goes_on {
                        return Some((line, words));
                    }
                }
                b' ' | b'\t' | b'\r' => self.step(),
                b'\\' if self.next_is_line_end() => {
                    self.step();
                    while self.peek().is_some_and(|byte| byte != b'\n') {
                        self.step();
                    }
                    self.step();
                }
                b'#' => {
                    while self.peek().is_some_and(|byte| byte != b'\n') {
                        self.step();
                    }
                }
                _ => {
                    if words.is_empty() {
                        line = self.line;
                    }
                    words.push(self.word(byte));
                }
            }
        }
        (!words.is_empty()).then_some((line, words))
    }

    fn word(&mut self, first: u8) -> Word {
        let start = self.at;
        if matches!(first, b'"' | b'`') {
            self.step();
            while let Some(byte) = self.peek().filter(|&byte| byte != first) {
                self.step();
                if byte == b'\\' && first == b'"' {
                    self.step();
                }
            }
            self.step();
            let text = self.text(start + 1..self.at.saturating_sub(1)).replace("\\\"", "\"");
            return Word { text, span: start..self.at, bare: false };
        }
        while self.peek().is_some_and(|byte| !byte.is_ascii_whitespace()) {
            self.step();
        }
        let text = self.text(start..self.at);
        match text.strip_prefix("<<").filter(|marker| !marker.is_empty()) {
            Some(marker) => self.heredoc(start, marker),
            None => Word { text, span: start..self.at, bare: true },
        }
    }

    /// The rest of a heredoc, up to its marker.
    fn heredoc(&mut self, start: usize, marker: &str) -> Word {
        while self.peek().is_some() {
            self.step();
            if self
                .bytes
                .get(..self.at)
                .is_some_and(|read| read.ends_with(marker.as_bytes()) && self.at > start + 2 * marker.len())
            {
                break;
            }
        }
        Word { text: self.text(start..self.at), span: start..self.at, bare: false }
    }

    fn next_is_line_end(&self) -> bool {
        let rest = self.bytes.get(self.at + 1..).unwrap_or_default();
        rest.first() == Some(&b'\n') || rest.starts_with(b"\r\n")
    }

    fn text(&self, range: Range<usize>) -> String {
        String::from_utf8_lossy(self.bytes.get(range).unwrap_or_default()).into_owned()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn step(&mut self) {
        if self.peek() == Some(b'\n') {
            self.line += 1;
        }
        self.at = (self.at + 1).min(self.bytes.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_know_their_bytes() {
        let text = "# c\n{\n\tadmin off\n}\na.b,\nc.d {\n\thandle /p/* {\n\t\trespond \"x {\" 2 # {\n\t}\n}\n";
        let level = parse(text.as_bytes()).unwrap();
        let at = |range: &Range<usize>| text.get(range.clone()).unwrap();
        assert_eq!((at(&level[0].span), at(&level[0].head)), ("{\n\tadmin off\n}", ""));
        assert_eq!((level[1].line, level[1].words.join(" ")), (5, "a.b, c.d".to_owned()));
        let found = way(&level, 8, &|statement| statement.name() == "respond").unwrap();
        assert_eq!(at(&found[2].span), "respond \"x {\" 2");
        assert_eq!(at(&found[1].head), "handle /p/*");
        assert_eq!(parse(b"a {\n"), None);
        assert_eq!(parse(b"}\n"), None);
    }
}
