//! A document as a tree in which everything knows its bytes.

use std::ops::Range;

/// A value as it stands in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Written {
    /// From its first byte to behind its last; empty for a value that is not written.
    pub(in crate::gateway) span: Range<usize>,
    pub(in crate::gateway) form: Form,
}

/// How a value is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Form {
    /// A text, a number, a truth value: what it says.
    Scalar(String),
    /// Nothing stands there.
    Null,
    /// A list; in brackets or not.
    List { flow: bool, items: Vec<Written> },
    /// A map; in braces or not.
    Map { flow: bool, entries: Vec<Pair> },
    /// It stands elsewhere.
    Alias,
}

/// An entry of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Pair {
    pub(in crate::gateway) name: String,
    /// The name's bytes.
    pub(in crate::gateway) key: Range<usize>,
    pub(in crate::gateway) value: Written,
}

impl Written {
    /// A map without entries.
    pub(super) fn map(span: Range<usize>, flow: bool) -> Self {
        Self { span, form: Form::Map { flow, entries: Vec::new() } }
    }

    /// The entries of a map; none of anything else.
    pub(in crate::gateway) fn entries(&self) -> &[Pair] {
        match &self.form {
            Form::Map { entries, .. } => entries,
            _ => &[],
        }
    }

    /// The elements of a list; none of anything else.
    pub(in crate::gateway) fn items(&self) -> &[Self] {
        match &self.form {
            Form::List { items, .. } => items,
            _ => &[],
        }
    }

    /// The text of a scalar.
    pub(in crate::gateway) fn text(&self) -> Option<&str> {
        match &self.form {
            Form::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The texts of a list.
    pub(in crate::gateway) fn texts(&self) -> Vec<String> {
        self.items().iter().map(|item| item.text().unwrap_or_default().trim().to_owned()).collect()
    }

    /// True if it has one part and no more.
    pub(super) fn has_one(&self) -> bool {
        self.entries().len() + self.items().len() == 1
    }

    /// An entry of a map by its name, without case where none has the very name.
    pub(in crate::gateway) fn entry(&self, name: &str) -> Option<&Pair> {
        let entries = self.entries();
        let same = entries.iter().find(|entry| entry.name == name);
        same.or_else(|| entries.iter().find(|entry| entry.name.eq_ignore_ascii_case(name)))
    }

    /// A part: an entry's value by its name, an element by its number.
    pub(in crate::gateway) fn get(&self, name: &str) -> Option<&Self> {
        match &self.form {
            Form::List { items, .. } => items.get(name.parse::<usize>().ok()?),
            _ => self.entry(name).map(|entry| &entry.value),
        }
    }

    /// What lies at the end of a path.
    pub(in crate::gateway) fn find(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, name| node.get(name))
    }

    /// What is there of a path: the last part, the entry that it is the value of, and what is missing.
    pub(super) fn reach<'w, 'p>(&'w self, path: &'p [&'p str]) -> (&'w Self, Option<&'w Pair>, &'p [&'p str]) {
        let (mut node, mut above, mut rest) = (self, None, path);
        while let [name, after @ ..] = rest {
            let Some(part) = node.get(name) else { break };
            above = node.entry(name);
            (node, rest) = (part, after);
        }
        (node, above, rest)
    }

    /// Behind the last byte of it and of all that is in it.
    pub(super) fn end(&self) -> usize {
        let entries = self.entries().iter().map(|entry| entry.value.end().max(entry.key.end));
        let items = self.items().iter().map(Self::end);
        entries.chain(items).chain([self.span.end]).max().unwrap_or(self.span.end)
    }
}
