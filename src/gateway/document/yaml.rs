//! Yaml as trees with lines, read as Go's `yaml.v3` reads it: that decides what is a number and what is a text.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use super::{DEEPEST, Entry, Items, Malformed, Node, float};
use crate::gateway::Place;

/// How many values aliases may add to a stream.
const MOST_FROM_ALIASES: usize = 500_000;

/// Reads the documents of a stream; one that is empty is none.
///
/// # Errors
/// [`Malformed`] for what is no yaml, and for what `yaml.v3` refuses: a name twice in a map, a merge of what is no map.
pub(in crate::gateway) fn read(file: &Arc<Path>, text: &str) -> Result<Vec<Node>, Malformed> {
    let mut builder = Builder::new(file);
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| builder.unreadable(&error))?;
        builder.take(event, span)?;
    }
    Ok(builder.documents)
}

/// Builds trees of events, without recursion.
struct Builder<'f> {
    file: &'f Arc<Path>,
    documents: Vec<Node>,
    /// What is open, outermost first.
    open: Vec<Open>,
    /// What aliases stand for, and how many values that is.
    anchors: BTreeMap<usize, (Node, usize)>,
    from_aliases: usize,
}

/// A list or a map that is not complete.
struct Open {
    place: Place,
    anchor: usize,
    /// Values in it so far, itself too.
    size: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        /// The key whose value is next.
        key: Option<Key>,
        /// Maps to merge, in the order of `<<`.
        merged: Vec<Node>,
        names: HashSet<String>,
    },
}

enum Key {
    Merge,
    Name(String, Place),
}

/// A value just read: with what it counts for, and what it is as a key.
struct Piece {
    node: Node,
    size: usize,
    key: KeyForm,
}

/// What a scalar is where it is a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KeyForm {
    Text,
    Merge,
    /// No text: Traefik takes the name that Go prints for it, whatever it is.
    Other(&'static str),
}

impl KeyForm {
    fn of(plain: &str) -> Self {
        match resolve(plain) {
            _ if plain == "<<" => Self::Merge,
            Resolved::Same | Resolved::Null | Resolved::Timestamp => Self::Text,
            Resolved::Text(text) if text == "true" || text == "false" => Self::Other("<bool Value>"),
            Resolved::Text(text) if text.contains('.') || plain.contains(['.', 'e', 'E']) => {
                Self::Other("<float64 Value>")
            }
            Resolved::Text(_) => Self::Other("<int Value>"),
        }
    }
}

impl<'f> Builder<'f> {
    fn new(file: &'f Arc<Path>) -> Self {
        Self { file, documents: Vec::new(), open: Vec::new(), anchors: BTreeMap::new(), from_aliases: 0 }
    }

    fn place(&self, line: usize) -> Place {
        Place::new(Arc::clone(self.file), u32::try_from(line).unwrap_or(u32::MAX))
    }

    fn unreadable(&self, error: &ScanError) -> Malformed {
        Malformed { place: self.place(error.marker().line()), what: error.info().to_owned() }
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Malformed> {
        let place = self.place(span.start.line());
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                let key = if plain { KeyForm::of(&text) } else { KeyForm::Text };
                let node = scalar(text, style, tag.as_deref(), place);
                if anchor > 0 {
                    self.anchors.insert(anchor, (node.clone(), 1));
                }
                self.put(Piece { node, size: 1, key })
            }
            Event::Alias(anchor) => {
                let known = self.anchors.get(&anchor).cloned();
                let (node, size) = known.ok_or_else(|| Malformed {
                    place: place.clone(),
                    what: "an alias stands for what it lies in, or for nothing".to_owned(),
                })?;
                self.from_aliases += size;
                if self.from_aliases > MOST_FROM_ALIASES {
                    return Err(Malformed { place, what: "the document contains excessive aliasing".to_owned() });
                }
                self.put(Piece { node, size, key: KeyForm::Text })
            }
            Event::SequenceStart(anchor, _) => self.start(place, anchor, Content::List(Vec::new())),
            Event::MappingStart(anchor, _) => {
                let content =
                    Content::Map { entries: Vec::new(), key: None, merged: Vec::new(), names: HashSet::new() };
                self.start(place, anchor, content)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::DocumentStart(_) | Event::DocumentEnd | Event::StreamStart | Event::StreamEnd | Event::Nothing => {
                Ok(())
            }
        }
    }

    fn start(&mut self, place: Place, anchor: usize, content: Content) -> Result<(), Malformed> {
        if self.open.len() >= DEEPEST {
            return Err(Malformed { place, what: format!("values lie more than {DEEPEST} deep") });
        }
        self.open.push(Open { place, anchor, size: 1, content });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Malformed> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let items = match open.content {
            Content::List(list) => Items::List(list),
            Content::Map { entries, merged, names, .. } => Items::Map(merge(entries, names, merged)),
        };
        let node = Node { place: open.place, text: None, items };
        if open.anchor > 0 {
            self.anchors.insert(open.anchor, (node.clone(), open.size));
        }
        self.put(Piece { node, size: open.size, key: KeyForm::Text })
    }

    /// Puts a value into what is open.
    fn put(&mut self, Piece { node, size, key: form }: Piece) -> Result<(), Malformed> {
        let Some(open) = self.open.last_mut() else {
            if !node.is_null() {
                self.documents.push(node);
            }
            return Ok(());
        };
        open.size += size;
        let (entries, key, merged, names) = match &mut open.content {
            Content::List(list) => {
                list.push(node);
                return Ok(());
            }
            Content::Map { entries, key, merged, names } => (entries, key, merged, names),
        };
        match key.take() {
            None if form == KeyForm::Merge => *key = Some(Key::Merge),
            None => {
                let place = node.place.clone();
                let name = match form {
                    KeyForm::Other(name) => name.to_owned(),
                    _ => name(node)?,
                };
                if !names.insert(name.clone()) {
                    let what = format!("{name:?} is there already; a name may stand in a map only once");
                    return Err(Malformed { place, what });
                }
                *key = Some(Key::Name(name, place));
            }
            Some(Key::Merge) => merged.extend(mergeable(node)?),
            Some(Key::Name(name, place)) => {
                // What lies over several lines begins at its name.
                let begin = if node.items == Items::None { node.place.clone() } else { place.clone() };
                entries.push(Entry { name, place, node: Node { place: begin, ..node } });
            }
        }
        Ok(())
    }
}

/// The name that a key is.
fn name(key: Node) -> Result<String, Malformed> {
    match key {
        Node { text: Some(text), items: Items::None, .. } => Ok(text),
        Node { text: None, items: Items::None, .. } => Ok("null".to_owned()),
        Node { place, .. } => Err(Malformed { place, what: "a key must be a text".to_owned() }),
    }
}

/// The maps that a value of `<<` stands for.
fn mergeable(node: Node) -> Result<Vec<Node>, Malformed> {
    let wrong = |place| Malformed { place, what: "only a map, or a list of maps, can be merged".to_owned() };
    match node.items {
        Items::Map(_) => Ok(vec![node]),
        Items::List(list) => match list.iter().find(|one| !matches!(one.items, Items::Map(_))) {
            Some(other) => Err(wrong(other.place.clone())),
            None => Ok(list),
        },
        _ => Err(wrong(node.place)),
    }
}

/// What a map has of its own goes before what is merged, and what is merged first before what comes later.
fn merge(mut entries: Vec<Entry>, mut names: HashSet<String>, merged: Vec<Node>) -> Vec<Entry> {
    for node in merged {
        let Items::Map(more) = node.items else { continue };
        entries.extend(more.into_iter().filter(|entry| names.insert(entry.name.clone())));
    }
    entries
}

/// A scalar as `yaml.v3` resolves it (`resolve.go`), written as text again.
fn scalar(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>, place: Place) -> Node {
    let unsupported = |what| Node { place: place.clone(), text: None, items: Items::Unsupported(what) };
    let known = |tag: &Tag| tag.is_yaml_core_schema().then(|| tag.suffix.clone());
    match tag.map(|tag| known(tag).unwrap_or_default()).as_deref() {
        Some("int" | "float" | "bool" | "null") | None => {}
        Some("binary") => return unsupported("a !!binary"),
        Some("timestamp") => return unsupported("a !!timestamp"),
        // `!!str`; a tag of one's own changes nothing of a text.
        Some(_) => return Node::text(text, &place),
    }
    if style != ScalarStyle::Plain && tag.is_none() {
        return Node::text(text, &place);
    }
    match resolve(&text) {
        Resolved::Null => Node { place, text: None, items: Items::None },
        Resolved::Text(resolved) => Node::text(resolved, &place),
        Resolved::Same => Node::text(text, &place),
        Resolved::Timestamp => unsupported("a date, not a text in quotes"),
    }
}

/// What a plain scalar is.
enum Resolved {
    Null,
    /// A text as written.
    Same,
    /// A number or a truth value in its usual form.
    Text(String),
    Timestamp,
}

fn resolve(text: &str) -> Resolved {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Resolved::Null,
        "true" | "True" | "TRUE" => return Resolved::Text("true".to_owned()),
        "false" | "False" | "FALSE" => return Resolved::Text("false".to_owned()),
        _ => {}
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return Resolved::Same;
    }
    if is_timestamp(text) {
        return Resolved::Timestamp;
    }
    let plain = text.replace('_', "");
    if let Some(number) = integer(&plain) {
        return Resolved::Text(number);
    }
    match is_float(&plain).then(|| plain.parse()) {
        Some(Ok(number)) => Resolved::Text(float(number)),
        _ => Resolved::Same,
    }
}

/// A whole number in decimal digits, of what `strconv.ParseInt` takes with base 0, and of `0o17` and `0b11`.
fn integer(plain: &str) -> Option<String> {
    let (sign, digits) = match plain.strip_prefix(['-', '+']) {
        Some(rest) if plain.starts_with('-') => ("-", rest),
        Some(rest) => ("", rest),
        None => ("", plain),
    };
    let prefixed = |prefixes: [&str; 2], radix| {
        let digits = prefixes.iter().find_map(|prefix| digits.strip_prefix(prefix))?;
        Some((digits, radix))
    };
    let (digits, radix) = prefixed(["0x", "0X"], 16)
        .or_else(|| prefixed(["0b", "0B"], 2))
        .or_else(|| prefixed(["0o", "0O"], 8))
        .or_else(|| digits.strip_prefix('0').filter(|rest| !rest.is_empty()).map(|rest| (rest, 8)))
        .unwrap_or((digits, 10));
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let number = i128::from(u64::from_str_radix(digits, radix).ok()?);
    let number = if sign.is_empty() { number } else { -number };
    (number >= i128::from(i64::MIN)).then(|| number.to_string())
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`
fn is_float(plain: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = plain.strip_prefix(['-', '+']).unwrap_or(plain);
    let (number, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let whole = match number.split_once('.') {
        Some((before, after)) => digits(before) && digits(after) && !(before.is_empty() && after.is_empty()),
        None => digits(number) && !number.is_empty(),
    };
    whole && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}

/// `2024-01-31`, with or without a time behind it.
fn is_timestamp(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let (Some(year), Some(month), Some(rest)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let day = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    let number = |text: &str, lengths: [usize; 2]| {
        lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let (month, day_length) = (number(month, [1, 2]), number(day, [1, 2]));
    let time = rest.get(day.len()..).unwrap_or_default();
    number(year, [4, 4]) && month && day_length && (time.is_empty() || time.starts_with(['T', 't', ' ']))
}
