//! A file that is being changed: changes of its bytes, told as changes of its lines.
//!
//! This module exists so that whoever writes a change into a configuration can think in statements, wherever they stand in
//! their lines, and the user still sees lines of their own file.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::{CannotAmend, Edit, Files, InMemory, Place};

/// What a level of blocks is moved in by where a file does not show it.
const INDENT: &str = "    ";

/// A file with changes that are not made yet.
#[derive(Debug)]
pub(super) struct Draft {
    file: Arc<Path>,
    bytes: Vec<u8>,
    splices: Vec<Splice>,
}

/// A range, and the text that comes in its place.
type Splice = (Range<usize>, String);

impl Draft {
    /// Begins with a file as it is.
    ///
    /// # Errors
    /// It is none of those that were read.
    pub(super) fn of(file: &Arc<Path>, files: &InMemory) -> Result<Self, CannotAmend> {
        let missing = |_| CannotAmend(format!("{} is no file that was read", file.display()));
        let bytes = files.read(file).map_err(missing)?;
        Ok(Self { file: Arc::clone(file), bytes, splices: Vec::new() })
    }

    /// The text of a range, what is no UTF-8 replaced.
    pub(super) fn text(&self, range: Range<usize>) -> String {
        String::from_utf8_lossy(self.bytes.get(range).unwrap_or_default()).into_owned()
    }

    /// All bytes, as they are.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Puts a text in place of a range.
    pub(super) fn replace(&mut self, range: Range<usize>, text: impl Into<String>) {
        self.splices.push((range, text.into()));
    }

    /// Takes a statement away, with its line if nothing else stands in it.
    pub(super) fn remove(&mut self, range: Range<usize>) {
        let start = self.line_start(range.start);
        if self.is_first(range.start) && self.is_last(range.end) {
            self.replace(start..self.line_end(range.end), "");
        } else {
            let blank = self.bytes.get(range.end) == Some(&b' ');
            self.replace(range.start..range.end + usize::from(blank), "");
        }
    }

    /// Puts statements behind one: each in a line of its own, or in its line where others follow it there.
    pub(super) fn after(&mut self, range: Range<usize>, statements: &[String]) {
        if self.is_last(range.end) {
            let indent = self.indent(range.start);
            self.replace_at(self.line_end(range.end), &lines(&indent, statements));
        } else {
            self.replace_at(range.end, &format!(" {}", inline(statements)));
        }
    }

    /// Puts statements before one, above the comment that belongs to it.
    pub(super) fn before(&mut self, start: usize, statements: &[String]) {
        if self.is_first(start) {
            let indent = self.indent(start);
            self.replace_at(self.above_comments(start), &lines(&indent, statements));
        } else {
            self.replace_at(start, &format!("{} ", inline(statements)));
        }
    }

    /// Puts statements at the start of a block: `open` is behind its brace, `start` where the block's own statement begins.
    pub(super) fn inside(&mut self, start: usize, open: usize, statements: &[String]) {
        if self.is_last(open) {
            let indent = format!("{}{}", self.indent(start), self.unit());
            self.replace_at(self.line_end(open), &lines(&indent, statements));
        } else {
            self.replace_at(open, &format!(" {}", inline(statements)));
        }
    }

    /// The blanks at the start of the line that a byte is in.
    pub(super) fn indent(&self, at: usize) -> String {
        let line = self.bytes.get(self.line_start(at)..).unwrap_or_default();
        line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).map(|&byte| char::from(byte)).collect()
    }

    /// What this file moves a level of blocks in by: the blanks before its first line that has some.
    pub(super) fn unit(&self) -> String {
        let blanks = |line: &[u8]| line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let lines = self.bytes.split(|&byte| byte == b'\n');
        let indented =
            |line: &&[u8]| blanks(line) > 0 && line.get(blanks(line)).is_some_and(|byte| !b"\r#".contains(byte));
        let shown = lines.into_iter().find(indented).and_then(|line| line.get(..blanks(line)));
        shown.map_or_else(|| INDENT.to_owned(), |blanks| String::from_utf8_lossy(blanks).into_owned())
    }

    /// What was changed.
    ///
    /// # Errors
    /// A line that is no UTF-8.
    pub(super) fn edits(mut self) -> Result<Vec<Edit>, CannotAmend> {
        let mut splices = std::mem::take(&mut self.splices);
        splices.sort_by_key(|(range, _)| (range.start, range.end));
        let mut groups: Vec<(Range<usize>, Vec<Splice>)> = Vec::new();
        for (range, text) in splices {
            let lines = self.lines_of(&range, &text);
            match groups.last_mut() {
                Some((around, parts)) if lines.start < around.end => {
                    around.end = around.end.max(lines.end);
                    parts.push((range, text));
                }
                _ => groups.push((lines, vec![(range, text)])),
            }
        }
        groups.into_iter().map(|(around, parts)| self.edit(around, parts)).collect()
    }

    /// The whole lines that a splice is about.
    fn lines_of(&self, range: &Range<usize>, text: &str) -> Range<usize> {
        let is_start = |at| self.line_start(at) == at || at == self.bytes.len();
        if is_start(range.start) && is_start(range.end) && (text.is_empty() || text.ends_with('\n')) {
            return range.clone();
        }
        self.line_start(range.start)..self.line_end(range.end)
    }

    fn edit(&self, around: Range<usize>, parts: Vec<Splice>) -> Result<Edit, CannotAmend> {
        let number = |end: usize| memchr::memchr_iter(b'\n', self.bytes.get(..end).unwrap_or_default()).count();
        let unfinished = around.end == self.bytes.len() && !around.is_empty() && self.bytes.last() != Some(&b'\n');
        let first = number(around.start);
        // What is put behind a last line without an end begins a line of its own.
        let first = first + usize::from(self.line_start(around.start) != around.start);
        let remove = number(around.end) + usize::from(unfinished) - number(around.start).min(first);
        let mut bytes = Vec::new();
        let mut at = around.start;
        for (range, text) in parts {
            bytes.extend_from_slice(self.bytes.get(at..range.start).unwrap_or_default());
            bytes.extend_from_slice(text.as_bytes());
            at = range.end;
        }
        bytes.extend_from_slice(self.bytes.get(at..around.end).unwrap_or_default());
        let unreadable = |_| CannotAmend(format!("{} has bytes there that are no UTF-8", self.file.display()));
        let text = String::from_utf8(bytes).map_err(unreadable)?;
        let line = u32::try_from(first + 1).unwrap_or(u32::MAX);
        Ok(Edit {
            place: Place { file: Arc::clone(&self.file), line },
            remove: u32::try_from(remove).unwrap_or(u32::MAX),
            insert: text.lines().map(str::to_owned).collect(),
        })
    }

    fn replace_at(&mut self, at: usize, text: &str) {
        self.replace(at..at, text);
    }

    /// The start of the line that a byte is in.
    pub(super) fn line_start(&self, at: usize) -> usize {
        memchr::memrchr(b'\n', self.bytes.get(..at).unwrap_or_default()).map_or(0, |newline| newline + 1)
    }

    /// Behind the line's end.
    pub(super) fn line_end(&self, at: usize) -> usize {
        let rest = self.bytes.get(at..).unwrap_or_default();
        memchr::memchr(b'\n', rest).map_or(self.bytes.len(), |newline| at + newline + 1)
    }

    /// True if only blanks stand before it in its line.
    pub(super) fn is_first(&self, at: usize) -> bool {
        self.bytes.get(self.line_start(at)..at).is_some_and(|before| before.trim_ascii().is_empty())
    }

    /// True if only a comment stands behind it in its line.
    fn is_last(&self, at: usize) -> bool {
        let rest = self.bytes.get(at..self.line_end(at)).unwrap_or_default().trim_ascii();
        rest.is_empty() || rest.starts_with(b"#")
    }

    /// The start of the line, or of the comment in the lines right above it.
    fn above_comments(&self, at: usize) -> usize {
        let mut start = self.line_start(at);
        while start > 0 {
            let above = self.line_start(start - 1);
            let line = self.bytes.get(above..start).unwrap_or_default();
            if !line.trim_ascii_start().starts_with(b"#") {
                break;
            }
            start = above;
        }
        start
    }
}

/// Statements as whole lines, those of several lines with each of them moved in.
fn lines(indent: &str, statements: &[String]) -> String {
    let line = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("{indent}{line}\n") };
    statements.iter().flat_map(|statement| statement.split('\n')).map(line).collect()
}

/// Statements, of several lines too, in one line.
fn inline(statements: &[String]) -> String {
    let lines = statements.iter().flat_map(|statement| statement.split('\n')).map(str::trim);
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::apply;

    fn draft(text: &str) -> Draft {
        Draft::of(&Arc::from(Path::new("f")), &InMemory::default().file("f", text)).unwrap()
    }

    /// The file with the changes made, by way of the lines.
    fn made(draft: Draft) -> String {
        let files = InMemory::default().file("f", draft.bytes());
        let edits = draft.edits().unwrap();
        String::from_utf8(apply(&files, &edits).unwrap().read(Path::new("f")).unwrap()).unwrap()
    }

    #[test]
    fn statements_are_put_where_they_belong() {
        let new = ["x;".to_owned(), "y {\n    z;\n}".to_owned()];
        for (text, after, before) in [
            ("  a;\n", "  a;\n  x;\n  y {\n      z;\n  }\n", "  x;\n  y {\n      z;\n  }\n  a;\n"),
            ("b { a; }\n", "b { a; x; y { z; } }\n", "b { x; y { z; } a; }\n"),
            ("# c\na; # d", "# c\na; # d\nx;\ny {\n    z;\n}\n", "x;\ny {\n    z;\n}\n# c\na; # d"),
        ] {
            let start = text.find("a;").unwrap();
            let mut behind = draft(text);
            behind.after(start..start + 2, &new);
            assert_eq!(made(behind), after);
            let mut above = draft(text);
            above.before(start, &new);
            assert_eq!(made(above), before);
        }
    }

    #[test]
    fn changes_of_one_line_are_one_edit() {
        let mut draft = draft("a b c;\r\nd;\r\n");
        draft.replace(0..1, "A");
        draft.replace(4..5, "C");
        draft.remove(8..10);
        let edits = draft.edits().unwrap();
        let told: Vec<_> = edits.iter().map(|edit| (edit.place.line, edit.remove, edit.insert.join("|"))).collect();
        assert_eq!(told, [(1, 1, "A b C;".to_owned()), (2, 1, String::new())]);
    }
}
