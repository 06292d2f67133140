//! A tree held against the fields that Traefik knows, with its own rules of what is taken for what.
//!
//! Traefik reads its configuration in two steps (`parser/nodes_metadata.go`, `parser/element_fill.go` of
//! `traefik/paerser` 0.2): a node's name must be that of a field, case ignored; then its text is read as the field's type.
//! A single fault makes it refuse the whole: a file, the labels of a container.

use std::cell::RefCell;

use crate::asgi::Release;
use crate::gateway::Place;
use crate::gateway::document::{At, Entry, Items, Node};

/// What is wrong with a configuration so that Traefik does not take it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) place: Place,
    pub(super) what: String,
}

/// How the tree was made: lists of structures are written in another way in labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A toml or yaml file.
    File,
    /// Labels, arguments or variables of the environment.
    Labels,
}

/// Reads one tree and collects what is wrong with it.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) form: Form,
    /// The release whose fields count.
    pub(super) release: Release,
    faults: RefCell<Vec<Fault>>,
}

impl Reader {
    /// A reader for trees of one form.
    pub(super) fn new(form: Form, release: Release) -> Self {
        Self { form, release, faults: RefCell::default() }
    }

    /// The fields of a map.
    pub(super) fn fields<'a>(&'a self, node: &'a Node, place: &Place) -> Fields<'a> {
        let taken = node.entries().iter().map(|entry| entry.node.is_null()).collect();
        Fields { reader: self, node, place: place.clone(), taken }
    }

    /// What was wrong, in the order of reading.
    pub(super) fn faults(self) -> Vec<Fault> {
        self.faults.into_inner()
    }

    pub(super) fn fault(&self, place: &Place, what: impl Into<String>) {
        self.faults.borrow_mut().push(Fault { place: place.clone(), what: what.into() });
    }

    /// The elements of a list of texts.
    fn texts(&self, name: &str, node: &Node) -> Vec<At<String>> {
        match (&node.items, &node.text) {
            (Items::List(list), _) => list.iter().filter_map(|one| self.element(name, one)).collect(),
            (Items::None, Some(text)) if text.is_empty() => Vec::new(),
            (Items::None, Some(text)) => {
                text.split(',').map(|part| At::new(part.trim().to_owned(), &node.place)).collect()
            }
            (Items::Map(_), Some(text)) if !text.is_empty() => {
                text.split(',').map(|part| At::new(part.trim().to_owned(), &node.place)).collect()
            }
            _ => {
                self.fault(&node.place, format!("{name} must be a list of texts"));
                Vec::new()
            }
        }
    }

    fn element(&self, name: &str, node: &Node) -> Option<At<String>> {
        let text = node.text.as_ref().filter(|_| node.items == Items::None);
        if text.is_none() {
            self.fault(&node.place, format!("{name} must be a list of texts"));
        }
        text.map(|text| At::new(text.trim().to_owned(), &node.place))
    }
}

/// The fields of a structure that are given. Each is taken once; [`Fields::end`] tells what nobody took.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    reader: &'a Reader,
    node: &'a Node,
    pub(super) place: Place,
    taken: Vec<bool>,
}

impl<'a> Fields<'a> {
    /// Who reads.
    pub(super) const fn reader(&self) -> &'a Reader {
        self.reader
    }

    /// Takes a field. Names that differ only in case are one field; Traefik makes one of them in a way that is not modelled.
    pub(super) fn take(&mut self, name: &str) -> Option<&'a Entry> {
        let mut found = None;
        for (entry, taken) in self.node.entries().iter().zip(&mut self.taken) {
            if entry.name.eq_ignore_ascii_case(name) && !*taken {
                *taken = true;
                if found.is_some() {
                    self.reader.fault(&entry.place, format!("{name} is written twice, in other letters"));
                }
                found = Some(entry);
            }
        }
        found
    }

    /// Takes fields that change nothing that is modelled.
    pub(super) fn ignore(&mut self, names: &[&str]) {
        for name in names {
            self.take(name);
        }
    }

    /// Takes fields that the release does not know, and tells so. Each release of the list is
    /// the first of its minor line to know them; later lines know them too.
    pub(super) fn since(&mut self, releases: &[(u16, u16, u16)], names: &[&str]) {
        if is_since(self.reader.release, releases) {
            return;
        }
        for (entry, taken) in self.node.entries().iter().zip(&mut self.taken) {
            if names.iter().any(|name| entry.name.eq_ignore_ascii_case(name)) && !*taken {
                let release = self.reader.release;
                self.reader.fault(&entry.place, format!("{}: Traefik {release} has no such field", entry.name));
                *taken = true;
            }
        }
    }

    /// A text; empty if not given, at the place of the whole.
    pub(super) fn text(&mut self, name: &str) -> At<String> {
        self.some_text(name).unwrap_or_else(|| At::new(String::new(), &self.place))
    }

    /// A text.
    pub(super) fn some_text(&mut self, name: &str) -> Option<At<String>> {
        let entry = self.take(name)?;
        self.scalar(entry, "a text")
    }

    /// A truth value; false if not given.
    pub(super) fn flag(&mut self, name: &str) -> bool {
        self.some_flag(name).is_some_and(|flag| flag.value)
    }

    /// A truth value.
    pub(super) fn some_flag(&mut self, name: &str) -> Option<At<bool>> {
        let entry = self.take(name)?;
        let text = self.scalar(entry, "true or false")?;
        match truth(&text.value) {
            Some(flag) => Some(At { value: flag, place: text.place }),
            None => self.wrong(&text, "true or false"),
        }
    }

    /// A whole number.
    pub(super) fn number(&mut self, name: &str) -> Option<At<i64>> {
        let entry = self.take(name)?;
        self.as_number(&self.scalar(entry, "a whole number")?)
    }

    /// A text that must be a whole number.
    pub(super) fn as_number(&self, text: &At<String>) -> Option<At<i64>> {
        match text.value.parse() {
            Ok(number) => Some(At::new(number, &text.place)),
            Err(_) => self.wrong(text, "a whole number"),
        }
    }

    /// A list of texts.
    pub(super) fn list(&mut self, name: &str) -> Vec<At<String>> {
        self.take(name).map(|entry| self.reader.texts(&entry.name, &entry.node)).unwrap_or_default()
    }

    /// A list of texts, if it is given.
    pub(super) fn some_list(&mut self, name: &str) -> Option<Vec<At<String>>> {
        self.take(name).map(|entry| self.reader.texts(&entry.name, &entry.node))
    }

    /// A structure that must have something in it.
    pub(super) fn group(&mut self, name: &str) -> Option<Fields<'a>> {
        let entry = self.take(name)?;
        if self.is_empty(entry) {
            return None;
        }
        Some(self.reader.fields(&entry.node, &entry.place))
    }

    /// A structure that may be empty: `tls: {}`, `tls=true`. Another text than `true` leaves it out.
    pub(super) fn group_or_empty(&mut self, name: &str) -> Option<Fields<'a>> {
        let entry = self.take(name)?;
        let text = entry.node.text.as_deref().unwrap_or_default();
        let disabled = !text.is_empty() && !text.eq_ignore_ascii_case("true");
        (!disabled).then(|| self.reader.fields(&entry.node, &entry.place))
    }

    /// Structures by name, in the order that Traefik has: that of the bytes of the names.
    pub(super) fn groups(&mut self, name: &str) -> Vec<(&'a str, Fields<'a>)> {
        let Some(entry) = self.take(name) else { return Vec::new() };
        self.is_empty(entry);
        let given = entry.node.entries().iter().filter(|entry| !entry.node.is_null());
        let mut groups: Vec<_> =
            given.map(|entry| (entry.name.as_str(), self.reader.fields(&entry.node, &entry.place))).collect();
        groups.sort_by_key(|(name, _)| *name);
        groups
    }

    /// Structures in a list.
    pub(super) fn elements(&mut self, name: &str) -> Vec<Fields<'a>> {
        let Some(entry) = self.take(name) else { return Vec::new() };
        match &entry.node.items {
            Items::List(list) => list.iter().map(|node| self.reader.fields(node, &node.place)).collect(),
            // Labels: `domains[0].main`.
            Items::Map(entries) if self.reader.form == Form::Labels => {
                entries.iter().map(|entry| self.reader.fields(&entry.node, &entry.place)).collect()
            }
            _ => {
                self.reader.fault(&entry.place, format!("{} must be a list", entry.name));
                Vec::new()
            }
        }
    }

    /// Texts by name, in the order of the names.
    pub(super) fn texts(&mut self, name: &str) -> Vec<(String, At<String>)> {
        let Some(entry) = self.take(name) else { return Vec::new() };
        self.is_empty(entry);
        let given = entry.node.entries().iter().filter(|entry| !entry.node.is_null());
        let mut texts: Vec<_> =
            given.filter_map(|entry| Some((entry.name.clone(), self.scalar(entry, "a text")?))).collect();
        texts.sort_by(|(one, _), (other, _)| one.cmp(other));
        texts
    }

    /// True, and a fault, if a map has nothing in it that counts.
    fn is_empty(&self, entry: &Entry) -> bool {
        let is_empty = entry.node.entries().iter().all(|entry| entry.node.is_null());
        if is_empty {
            self.reader.fault(&entry.place, format!("{} cannot be a standalone element", entry.name));
        }
        is_empty
    }

    /// The text of a field that is one value.
    fn scalar(&self, entry: &Entry, what: &str) -> Option<At<String>> {
        match (&entry.node.items, &entry.node.text) {
            (Items::None | Items::Map(_), Some(text)) => Some(At::new(text.clone(), &entry.node.place)),
            (Items::Unsupported(given), _) => {
                self.reader.fault(&entry.place, format!("{} is {given}; it must be {what}", entry.name));
                None
            }
            _ => {
                self.reader.fault(&entry.place, format!("{} must be {what}", entry.name));
                None
            }
        }
    }

    fn wrong<T>(&self, text: &At<String>, what: &str) -> Option<T> {
        self.reader.fault(&text.place, format!("{:?} must be {what}", text.value));
        None
    }

    /// Tells what is given and was not taken: fields that Traefik does not know.
    pub(super) fn end(self) {
        for entry in self.rest() {
            self.reader.fault(&entry.place, format!("{}: there is no such field here", entry.name));
        }
    }

    /// What is given and was not taken.
    pub(super) fn rest(&self) -> impl Iterator<Item = &'a Entry> {
        self.node.entries().iter().zip(&self.taken).filter(|(_, taken)| !**taken).map(|(entry, _)| entry)
    }
}

/// True if a release is one of the list, a later one of its line, or one of a later line.
pub(super) fn is_since(release: Release, releases: &[(u16, u16, u16)]) -> bool {
    let line = (release.major, release.minor);
    match releases.iter().find(|(major, minor, _)| (*major, *minor) == line) {
        Some((_, _, patch)) => release.patch >= *patch,
        // What came with a patch of v2 came to v3 with a patch of its own.
        None => releases.iter().any(|(major, minor, _)| *major == release.major && *minor < release.minor),
    }
}

/// What Go's `strconv.ParseBool` takes.
fn truth(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}
