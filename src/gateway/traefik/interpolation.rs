//! What compose makes of `${VARIABLES}` in its files.
//!
//! `template/template.go` of `compose-spec/compose-go`.

use std::collections::BTreeMap;
use std::path::Path;

use crate::gateway::document::At;
use crate::gateway::{Files, NotUnderstood};

/// How many defaults may stand in each other.
const DEEPEST: usize = 8;

/// The variables that a compose file may name: those of the environment, and below them those of `.env` beside it.
pub(super) struct Variables<'f> {
    files: &'f dyn Files,
    beside: BTreeMap<String, String>,
}

impl<'f> Variables<'f> {
    /// The variables for a file in a folder.
    pub(super) fn of(folder: &Path, files: &'f dyn Files) -> Self {
        let text = files.read(&folder.join(".env")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
        let pair = |line: &str| {
            let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
            Some((name.trim().to_owned(), unquoted(value.trim()).to_owned()))
        };
        Self { files, beside: lines.filter_map(pair).collect() }
    }

    /// The value of a variable.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        self.files.variable(name).or_else(|| self.beside.get(name).cloned())
    }

    /// A text with its variables replaced, and what of it is not known: a variable that is not set is empty for compose, but
    /// it may well be set where compose runs.
    pub(super) fn replaced(&self, text: &At<String>) -> (String, Vec<NotUnderstood>) {
        let mut out = String::with_capacity(text.value.len());
        let mut unset = Vec::new();
        let mut rest = text.value.as_str();
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            if let Some(behind) = after.strip_prefix('$') {
                out.push('$');
                rest = behind;
            } else if let Some((inside, behind)) = braced(after) {
                rest = behind;
                out.push_str(&self.braced(inside, text, &mut unset, 0));
            } else {
                let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(after.len());
                let (name, behind) = after.split_at_checked(end).unwrap_or((after, ""));
                if name.is_empty() {
                    out.push('$');
                } else {
                    out.push_str(&self.or_empty(name, text, &mut unset));
                }
                rest = behind;
            }
        }
        out.push_str(rest);
        (out, unset)
    }

    fn or_empty(&self, name: &str, text: &At<String>, unset: &mut Vec<NotUnderstood>) -> String {
        self.get(name).unwrap_or_else(|| {
            unset.push(NotUnderstood::at(&text.place, format!("${{{name}}}: the variable is not set here")));
            String::new()
        })
    }

    /// What stands in braces: `NAME`, `NAME:-default`, `NAME-default`, `NAME:+other`, `NAME+other`, `NAME:?message`.
    fn braced(&self, inside: &str, text: &At<String>, unset: &mut Vec<NotUnderstood>, depth: usize) -> String {
        let end = inside.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inside.len());
        let (name, operator) = inside.split_at_checked(end).unwrap_or((inside, ""));
        let value = self.get(name);
        let filled = value.clone().filter(|value| !value.is_empty());
        // A default may hold variables again.
        let mut other = |word: &str| {
            if !word.contains('$') {
                return word.to_owned();
            }
            let (value, more) = self.nested(word, text, depth + 1);
            unset.extend(more);
            value
        };
        if let Some(word) = operator.strip_prefix(":-") {
            filled.unwrap_or_else(|| other(word))
        } else if let Some(word) = operator.strip_prefix('-') {
            value.unwrap_or_else(|| other(word))
        } else if let Some(word) = operator.strip_prefix(":+") {
            filled.map(|_| other(word)).unwrap_or_default()
        } else if let Some(word) = operator.strip_prefix('+') {
            value.map(|_| other(word)).unwrap_or_default()
        } else {
            self.or_empty(name, text, unset)
        }
    }

    fn nested(&self, word: &str, text: &At<String>, depth: usize) -> (String, Vec<NotUnderstood>) {
        match word.strip_prefix('$').and_then(braced) {
            Some((inside, "")) if depth < DEEPEST => {
                let mut unset = Vec::new();
                let value = self.braced(inside, text, &mut unset, depth);
                (value, unset)
            }
            _ if !word.contains("${") => self.replaced(&At::new(word.to_owned(), &text.place)),
            _ => {
                let what = format!("{word}: a default made of several variables is not replaced");
                (String::new(), vec![NotUnderstood::at(&text.place, what)])
            }
        }
    }
}

/// `{inside}behind` in two.
fn braced(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('{')?;
    let mut depth = 1_usize;
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((inner.get(..at)?, inner.get(at + 1..)?));
        }
    }
    None
}

fn unquoted(text: &str) -> &str {
    let pairs = ['"', '\''];
    let inner = pairs.iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote));
    inner.unwrap_or_else(|| text.split(" #").next().unwrap_or(text).trim_end())
}
