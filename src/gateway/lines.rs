//! Files of one directive a line, with some of their lines changed.
//!
//! This module exists for the programs whose configuration is made of lines (`HAProxy`, Apache): whoever changes one says
//! which line goes, what comes in its place and what beside it, and indentation and comments stay those of the file.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{CannotAmend, Edit, Files, InMemory, Place};

/// Lines that are to be changed.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    files: &'a InMemory,
    /// True where a backslash at the end takes the next line in, and where only whole lines are comments.
    continues: bool,
    changes: BTreeMap<Place, Line>,
}

/// A text that may stand in any word of these files as it is.
///
/// # Errors
/// The program would read something else in it.
pub(super) fn plain<'t>(text: &'t str, program: &str) -> Result<&'t str, CannotAmend> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~@:+,=".contains(&byte);
    let unfit = || CannotAmend(format!("{text:?} cannot be written into {program}'s configuration as it is"));
    text.bytes().all(is_plain).then_some(text).ok_or_else(unfit)
}

/// A text that [`plain`] lets through, as an expression that is that text.
pub(super) fn escaped(text: &str) -> String {
    text.replace('.', "\\.").replace('+', "\\+")
}

/// What becomes of a line.
#[derive(Debug, Default)]
struct Line {
    before: Vec<String>,
    after: Vec<String>,
    /// `Some` if it goes, with what comes in its place.
    instead: Option<Vec<String>>,
}

impl<'a> Lines<'a> {
    /// Of files with comments behind their directives.
    pub(super) fn with_comments(files: &'a InMemory) -> Self {
        Self { files, continues: false, changes: BTreeMap::new() }
    }

    /// Of files whose directives may take several lines.
    pub(super) fn continued(files: &'a InMemory) -> Self {
        Self { files, continues: true, changes: BTreeMap::new() }
    }

    /// A line as it is written.
    fn line(&self, place: &Place) -> String {
        let bytes = self.files.read(&place.file).unwrap_or_default();
        let line = bytes.split(|&byte| byte == b'\n').nth((place.line as usize).saturating_sub(1));
        String::from_utf8_lossy(line.unwrap_or_default()).trim_end().to_owned()
    }

    /// How many lines a directive takes.
    fn height(&self, place: &Place) -> u32 {
        let continued = |line: &u32| {
            let place = Place::new(Arc::clone(&place.file), *line);
            self.continues && self.line(&place).ends_with('\\')
        };
        let more = (place.line..=u32::MAX).take_while(continued).count();
        u32::try_from(more).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// The blanks before a line.
    pub(super) fn indent(&self, place: &Place) -> String {
        self.line(place).chars().take_while(|c| matches!(c, ' ' | '\t')).collect()
    }

    /// A directive as it is written, without blanks and comment around it.
    pub(super) fn statement(&self, place: &Place) -> String {
        let line = self.line(place);
        let line = if self.continues { line.as_str() } else { uncommented(&line) };
        line.trim().to_owned()
    }

    /// Takes a directive away.
    pub(super) fn remove(&mut self, place: &Place) {
        self.changes.entry(place.clone()).or_default().instead.get_or_insert_default();
    }

    /// Writes another directive in place of one, its comment kept.
    pub(super) fn replace(&mut self, place: &Place, statement: &str) {
        let line = self.line(place);
        let comment = if self.continues { "" } else { line.get(uncommented(&line).len()..).unwrap_or_default() };
        let with = format!("{}{statement}{comment}", self.indent(place));
        if with != line {
            self.changes.entry(place.clone()).or_default().instead = Some(vec![with]);
        }
    }

    /// Adds a directive before another one, moved in as it is.
    pub(super) fn before(&mut self, place: &Place, statement: &str) {
        let line = format!("{}{statement}", self.indent(place));
        self.changes.entry(place.clone()).or_default().before.push(line);
    }

    /// Adds a directive behind another one, moved in as it is and further by some blanks.
    pub(super) fn after(&mut self, place: &Place, deeper: &str, statement: &str) {
        let line = format!("{}{deeper}{statement}", self.indent(place));
        self.changes.entry(place.clone()).or_default().after.push(line);
    }

    /// What was changed.
    ///
    /// # Errors
    /// Nothing was.
    pub(super) fn edits(self) -> Result<Vec<Edit>, CannotAmend> {
        if self.changes.is_empty() {
            return Err(CannotAmend("already so".to_owned()));
        }
        let mut edits = Vec::new();
        for (place, line) in &self.changes {
            let height = self.height(place);
            let after = Place::new(Arc::clone(&place.file), place.line.saturating_add(height));
            edits.push(Edit { place: place.clone(), remove: 0, insert: line.before.clone() });
            if let Some(instead) = &line.instead {
                edits.push(Edit { place: place.clone(), remove: height, insert: instead.clone() });
            }
            edits.push(Edit { place: after, remove: 0, insert: line.after.clone() });
        }
        edits.retain(|edit| edit.remove > 0 || !edit.insert.is_empty());
        Ok(edits)
    }
}

/// A line without its comment.
fn uncommented(line: &str) -> &str {
    let (mut quote, mut escape) = (None, false);
    for (at, c) in line.char_indices() {
        match (quote, c) {
            _ if escape => escape = false,
            (None | Some('"'), '\\') => escape = true,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None, '#') => return line.get(..at).unwrap_or(line).trim_end(),
            _ => {}
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::gateway::apply;

    fn place(line: u32) -> Place {
        Place::new(Path::new("f"), line)
    }

    fn made(files: &InMemory, lines: Lines<'_>) -> String {
        let edits = lines.edits().unwrap();
        String::from_utf8(apply(files, &edits).unwrap().read(Path::new("f")).unwrap()).unwrap()
    }

    #[test]
    fn lines_keep_their_looks() {
        let files = InMemory::default().file("f", "a\n  b '#' \\# c # d\n  e\n");
        let mut lines = Lines::with_comments(&files);
        assert_eq!(lines.statement(&place(2)), "b '#' \\# c");
        lines.before(&place(2), "x");
        lines.replace(&place(2), "y");
        lines.after(&place(2), "  ", "z");
        lines.remove(&place(3));
        assert_eq!(made(&files, lines), "a\n  x\n  y # d\n    z\n");
        let mut same = Lines::with_comments(&files);
        same.replace(&place(3), "e");
        assert!(same.edits().is_err());
    }

    #[test]
    fn a_directive_of_several_lines_goes_as_a_whole() {
        let files = InMemory::default().file("f", "a \\\n  b\nc\n");
        let mut lines = Lines::continued(&files);
        lines.replace(&place(1), "x");
        lines.after(&place(1), "", "y");
        assert_eq!(made(&files, lines), "x\ny\nc\n");
    }
}
