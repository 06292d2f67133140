//! A configuration as a tree in which everything knows its line: what toml, yaml, labels, arguments and variables of the
//! environment have in common.
//!
//! It is Traefik's tree (`parser.Node` of `traefik/paerser`), and holds the objects of Kubernetes as well: every value is a
//! text, and what type it has is known only by the field that it is for.

pub(super) mod toml;
pub(super) mod writing;
pub(super) mod yaml;

use std::path::Path;
use std::sync::Arc;

use super::{ConfigError, Place};

/// A value, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

impl<T> At<T> {
    /// A value of a line.
    pub(super) fn new(value: T, place: &Place) -> Self {
        Self { value, place: place.clone() }
    }
}

/// A value of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) place: Place,
    /// The value where it is no list and no map, as the text that Traefik makes of it. Of labels a map may have one too:
    /// `tls=true`, `tls.certresolver=le`.
    pub(super) text: Option<String>,
    pub(super) items: Items,
}

/// What a value is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Items {
    /// It is a text, or nothing at all (`null`).
    None,
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file; the names of keys differ.
    Map(Vec<Entry>),
    /// Something that Traefik takes in no field: what it is.
    Unsupported(&'static str),
}

/// An entry of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The name; where it is none of text, as its file writes it.
    pub(super) name: String,
    /// The line of the name.
    pub(super) place: Place,
    /// The value.
    pub(super) node: Node,
}

impl Node {
    /// A text.
    pub(super) fn text(text: impl Into<String>, place: &Place) -> Self {
        Self { place: place.clone(), text: Some(text.into()), items: Items::None }
    }

    /// A map without entries.
    pub(super) fn map(place: &Place) -> Self {
        Self { place: place.clone(), text: None, items: Items::Map(Vec::new()) }
    }

    /// True for `null`.
    pub(super) fn is_null(&self) -> bool {
        self.text.is_none() && self.items == Items::None
    }

    /// The entries of a map; none of anything else.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.items {
            Items::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The entries of a list; none of anything else.
    pub(super) fn elements(&self) -> &[Self] {
        match &self.items {
            Items::List(list) => list,
            _ => &[],
        }
    }

    /// The value under a name of a map.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        self.entries().iter().find(|entry| entry.name == name).map(|entry| &entry.node)
    }

    /// The text under a name of a map.
    pub(super) fn get_text(&self, name: &str) -> Option<&str> {
        self.get(name)?.text.as_deref()
    }
}

/// Why a document cannot be read at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) place: Place,
    pub(super) what: String,
}

impl From<Malformed> for ConfigError {
    fn from(Malformed { place, what }: Malformed) -> Self {
        Self { place: Some(place), what }
    }
}

/// How deep values may lie in each other. Traefik's own configuration is at most nine deep.
pub(super) const DEEPEST: usize = 64;

/// A file's name with the beginnings of its lines.
#[derive(Debug)]
pub(super) struct Lines {
    file: Arc<Path>,
    begins: Vec<usize>,
}

impl Lines {
    /// The lines of a text.
    pub(super) fn of(file: &Arc<Path>, text: &str) -> Self {
        let ends = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1);
        Self { file: Arc::clone(file), begins: std::iter::once(0).chain(ends).collect() }
    }

    /// The line of a byte.
    pub(super) fn place(&self, at: usize) -> Place {
        let line = self.begins.partition_point(|begin| *begin <= at);
        Place::new(Arc::clone(&self.file), u32::try_from(line).unwrap_or(u32::MAX))
    }
}

/// A floating-point number as Traefik's reader makes text of it: six digits, of which only a whole number has none.
///
/// `getSimpleValue` of `file/raw_node.go`.
pub(super) fn float(number: f64) -> String {
    let text = format!("{number:.6}");
    text.strip_suffix(".000000").map_or(text.clone(), str::to_owned)
}
