//! Documents that are being changed: yaml and toml, in the style that their files are written in.
//!
//! This module exists so that whoever writes a change into such a file can think in keys and values. Each change is made at
//! once, so that the next one may be about what it made; in the end all are told as lines of the user's own files.

mod span;
mod toml;
mod yaml;

use std::path::Path;
use std::sync::Arc;

pub(in crate::gateway) use span::{Form, Written};

use crate::gateway::amend::History;
use crate::gateway::draft::Draft;
use crate::gateway::{CannotAmend, Edit, Files, InMemory, Origin, apply};

/// A value to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Value {
    /// A text.
    Text(String),
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A list of texts.
    List(Vec<String>),
    /// A map.
    Map(Vec<(String, Value)>),
}

impl Value {
    /// A text.
    pub(in crate::gateway) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A value below names.
    pub(in crate::gateway) fn below(self, names: &[&str]) -> Self {
        names.iter().rev().fold(self, |value, name| Self::Map(vec![((*name).to_owned(), value)]))
    }
}

/// Files with changes made to them.
#[derive(Debug)]
pub(in crate::gateway) struct Writing {
    files: InMemory,
    history: History,
}

/// A document: the first of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Document {
    pub(in crate::gateway) file: Arc<Path>,
}

impl Document {
    /// That of a file.
    pub(in crate::gateway) fn of(file: &Arc<Path>) -> Self {
        Self { file: Arc::clone(file) }
    }

    fn is_toml(&self) -> bool {
        self.file.extension().is_some_and(|end| end.eq_ignore_ascii_case("toml"))
    }
}

impl Writing {
    /// Begins with what was read.
    pub(in crate::gateway) fn of(origin: &Origin) -> Self {
        Self { files: origin.files.clone(), history: History::default() }
    }

    /// What was changed, as edits of the files at first.
    ///
    /// # Errors
    /// Nothing was.
    pub(in crate::gateway) fn edits(self) -> Result<Vec<Edit>, CannotAmend> {
        let edits = self.history.edits(&self.files);
        if edits.is_empty() { Err(CannotAmend("already so".to_owned())) } else { Ok(edits) }
    }

    /// A document as it stands.
    ///
    /// # Errors
    /// It is none that was read, or no yaml or toml before its templates are filled in.
    pub(in crate::gateway) fn read(&self, document: &Document) -> Result<Written, CannotAmend> {
        let draft = Draft::of(&document.file, &self.files)?;
        parsed(document, &draft)
    }

    /// The byte at which a line begins.
    pub(in crate::gateway) fn line(&self, file: &Path, line: u32) -> usize {
        let bytes = self.files.read(file).unwrap_or_default();
        let ends = memchr::memchr_iter(b'\n', &bytes).map(|at| at + 1);
        std::iter::once(0).chain(ends).nth((line as usize).saturating_sub(1)).unwrap_or(bytes.len())
    }

    /// Sets a value; what is missing on the way to it is made. Names are compared without case where none is the same.
    ///
    /// # Errors
    /// Something on the way is no map, or stands elsewhere by an alias.
    pub(in crate::gateway) fn put(&mut self, at: &Document, path: &[&str], value: Value) -> Result<(), CannotAmend> {
        if let (Value::List(list), Some(Form::List { .. })) = (&value, self.read(at)?.find(path).map(|node| &node.form))
        {
            return self.put_list(at, path, list);
        }
        self.change(at, |draft, root| {
            let same = |node: &Written| match (&node.form, &value) {
                (Form::Scalar(written), Value::Text(text)) => written == text,
                (Form::Scalar(written), Value::List(list)) => *written == list.join(","),
                (Form::Scalar(written), Value::Flag(flag)) => *written == flag.to_string(),
                (Form::Scalar(written), Value::Number(number)) => *written == number.to_string(),
                _ => false,
            };
            match root.find(path) {
                Some(node) if same(node) => Ok(()),
                _ if at.is_toml() => toml::put(draft, root, path, value),
                _ => yaml::put(draft, root, path, value),
            }
        })
    }

    /// Makes a list that is there what it should be: what is no more in it goes, what is new comes.
    fn put_list(&mut self, at: &Document, path: &[&str], list: &[String]) -> Result<(), CannotAmend> {
        if list.is_empty() {
            return self.remove(at, path);
        }
        let texts = |writing: &Self| -> Result<Vec<String>, CannotAmend> {
            Ok(writing.read(at)?.find(path).map(Written::texts).unwrap_or_default())
        };
        // What is new comes first, each behind the one before it, so that the list is never empty.
        let mut index = 0;
        for text in list {
            if let Some(known) = texts(self)?.iter().position(|known| known == text) {
                index = known + 1;
            } else {
                self.insert(at, path, index, text)?;
                index += 1;
            }
        }
        while let Some(index) = texts(self)?.iter().position(|text| !list.contains(text)) {
            let index = index.to_string();
            let item: Vec<&str> = path.iter().copied().chain([index.as_str()]).collect();
            self.remove(at, &item)?;
        }
        let same = texts(self)? == list;
        same.then_some(()).ok_or_else(|| CannotAmend(format!("{} is in another order", path.join("."))))
    }

    /// Puts a text into a list that has something in it.
    fn insert(&mut self, at: &Document, path: &[&str], index: usize, text: &str) -> Result<(), CannotAmend> {
        self.change(at, |draft, root| {
            let list = root.find(path).ok_or_else(|| lost(path))?;
            if at.is_toml() { toml::insert(draft, list, index, text) } else { yaml::insert(draft, list, index, text) }
        })
    }

    /// Takes a value away with its name, and what would be left empty around it; an element of a list by its number.
    ///
    /// # Errors
    /// It is not there, or does not stand in lines of its own.
    pub(in crate::gateway) fn remove(&mut self, at: &Document, path: &[&str]) -> Result<(), CannotAmend> {
        let root = self.read(at)?;
        // What it is the only part of goes too: an empty group is refused.
        let mut length = path.len();
        while length > 1 && path.get(..length - 1).and_then(|above| root.find(above)).is_some_and(Written::has_one) {
            length -= 1;
        }
        let path = path.get(..length).unwrap_or(path);
        self.change(
            at,
            |draft, root| {
                if at.is_toml() { toml::remove(draft, root, path) } else { yaml::remove(draft, root, path) }
            },
        )
    }

    fn change(
        &mut self,
        at: &Document,
        change: impl FnOnce(&mut Draft, &Written) -> Result<(), CannotAmend>,
    ) -> Result<(), CannotAmend> {
        let mut draft = Draft::of(&at.file, &self.files)?;
        let root = parsed(at, &draft)?;
        change(&mut draft, &root)?;
        self.make(draft)
    }

    fn make(&mut self, draft: Draft) -> Result<(), CannotAmend> {
        let edits = draft.edits()?;
        let files = apply(&self.files, &edits)?;
        self.history.add(&self.files, &edits);
        self.files = files;
        Ok(())
    }
}

fn parsed(document: &Document, draft: &Draft) -> Result<Written, CannotAmend> {
    let text = std::str::from_utf8(draft.bytes()).map_err(|_| unreadable(document))?;
    let root = if document.is_toml() {
        toml::read(text)
    } else {
        yaml::read(text).and_then(|documents| documents.into_iter().next())
    };
    root.ok_or_else(|| unreadable(document))
}

fn unreadable(document: &Document) -> CannotAmend {
    CannotAmend(format!("{} cannot be read as it is written, without its templates", document.file.display()))
}

fn lost(path: &[&str]) -> CannotAmend {
    CannotAmend(format!("{} is not found again in its file", path.join(".")))
}

/// What stands elsewhere, or is of another kind than thought.
fn unfit(path: &[&str]) -> CannotAmend {
    CannotAmend(format!("{} is written in a way that cannot be changed line by line", path.join(".")))
}

#[cfg(test)]
mod tests;
