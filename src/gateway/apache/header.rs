//! `RequestHeader` and `Header` (`modules/metadata/mod_headers.c`, 2.4).

use super::head::Table;
use super::mapping::substitute;
use super::text::{Scene, Text};
use super::tree::Node;
use crate::gateway::pcre::Regex;
use crate::gateway::{NotUnderstood, Place};

/// A change of a field.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// Where it stands.
    pub(super) place: Place,
    /// The directive as written.
    pub(super) text: String,
    /// The field.
    pub(super) name: String,
    what: What,
    /// The variable that has to be set, or with `false` not to be (`env=`).
    only: Option<(String, bool)>,
}

#[derive(Clone, Debug)]
enum What {
    Set(Text),
    SetIfEmpty(Text),
    Append(Text),
    Merge(Text),
    Add(Text),
    Unset,
    Edit { pattern: Regex, with: String, all: bool },
    Unknown(NotUnderstood),
}

impl Change {
    /// Reads a directive; `None` for one that changes nothing which is modelled.
    pub(super) fn new(node: &Node) -> Option<Self> {
        let mut words = node.words.iter().map(String::as_str).peekable();
        // `always` is about the proxy's own answers, into which nothing of an upstream's goes.
        if words.next_if(|word| word.eq_ignore_ascii_case("always")).is_some() {
            return None;
        }
        words.next_if(|word| word.eq_ignore_ascii_case("onsuccess"));
        let action = words.next().unwrap_or_default().to_ascii_lowercase();
        let name = words.next().unwrap_or_default().trim_end_matches(':').to_owned();
        let mut words: Vec<&str> = words.collect();
        let only = words.last().and_then(|word| word.strip_prefix("env=")).map(|name| match name.strip_prefix('!') {
            Some(name) => (name.to_owned(), false),
            None => (name.to_owned(), true),
        });
        words.truncate(words.len() - usize::from(only.is_some()));
        let what = Self::what(&action, &words, node)
            .unwrap_or_else(|what| What::Unknown(NotUnderstood::at(&node.place, format!("{}: {what}", node.text))));
        let harmless = matches!(action.as_str(), "echo" | "note");
        (!harmless).then(|| Self { place: node.place.clone(), text: node.text.clone(), name, what, only })
    }

    fn what(action: &str, words: &[&str], node: &Node) -> Result<What, String> {
        let value =
            || words.first().map(|text| Text::new(text, &node.place)).ok_or_else(|| "a value is missing".to_owned());
        let (what, used) = match action {
            "set" => (What::Set(value()?), 1),
            "setifempty" => (What::SetIfEmpty(value()?), 1),
            "append" => (What::Append(value()?), 1),
            "merge" => (What::Merge(value()?), 1),
            "add" => (What::Add(value()?), 1),
            "unset" => (What::Unset, 0),
            "edit" | "edit*" => {
                let [pattern, with, ..] = words else { return Err("a word is missing".to_owned()) };
                if with.contains('%') || with.starts_with("expr=") {
                    return Err("not modelled".to_owned());
                }
                let pattern = Regex::of_httpd(pattern, false)?;
                (What::Edit { pattern, with: (*with).to_owned(), all: action == "edit*" }, 2)
            }
            _ => return Err("not modelled".to_owned()),
        };
        match words.get(used) {
            None => Ok(what),
            Some(word) if word.eq_ignore_ascii_case("early") => Ok(what),
            Some(word) => Err(format!("the condition {word} is not modelled")),
        }
    }

    /// What of it is not understood.
    pub(super) fn unknown(&self) -> Option<&NotUnderstood> {
        if let What::Unknown(what) = &self.what { Some(what) } else { None }
    }

    /// Applies it: true if it changed something.
    ///
    /// # Errors
    /// What it rests on and is not known.
    pub(super) fn apply(&self, fields: &mut Table, scene: &Scene) -> Result<bool, NotUnderstood> {
        if let Some((name, set)) = &self.only {
            let known = scene.env(name);
            let known = known.map_err(|what| NotUnderstood::at(&self.place, format!("{}: {what}", self.text)))?;
            if known.is_some() != *set {
                return Ok(false);
            }
        }
        let before = fields.clone();
        let value = |text: &Text| text.value(scene, &self.place);
        match &self.what {
            What::Set(text) => fields.set(&self.name, &value(text)?),
            What::SetIfEmpty(text) => {
                if fields.get(&self.name).is_none() {
                    fields.set(&self.name, &value(text)?);
                }
            }
            What::Append(text) => fields.merge(&self.name, &value(text)?),
            What::Add(text) => fields.add(&self.name, &value(text)?),
            What::Merge(text) => {
                let value = value(text)?;
                let there = fields.get(&self.name).unwrap_or_default();
                if !there.split(|&b| b == b',').any(|item| item.trim_ascii() == value.trim_ascii()) {
                    fields.merge(&self.name, &value);
                }
            }
            What::Unset => fields.unset(&self.name),
            What::Edit { pattern, with, all } => {
                let named = fields.iter_mut().filter(|(name, _)| name.eq_ignore_ascii_case(self.name.as_bytes()));
                for (_, value) in named {
                    *value = edited(value, pattern, with, *all);
                }
            }
            What::Unknown(what) => return Err(what.clone()),
        }
        Ok(*fields != before)
    }
}

/// A value with its first match, or with all of them, replaced (`process_regexp`).
fn edited(value: &[u8], pattern: &Regex, with: &str, all: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = value;
    while let Some((groups, whole)) =
        pattern.groups(rest).and_then(|groups| groups.first().cloned().flatten().map(|whole| (groups, whole)))
    {
        out.extend_from_slice(rest.get(..whole.start).unwrap_or_default());
        out.extend(substitute(with.as_bytes(), rest, &groups));
        rest = rest.get(whole.end..).unwrap_or_default();
        if !all || whole.is_empty() {
            break;
        }
    }
    out.extend_from_slice(rest);
    out
}
