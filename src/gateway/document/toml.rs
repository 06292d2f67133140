//! Toml as a tree with lines.

use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::{DEEPEST, Entry, Items, Lines, Malformed, Node, float};
use crate::gateway::Place;

/// Reads a document.
///
/// # Errors
/// [`Malformed`] for what is no toml.
pub(in crate::gateway) fn read(file: &Arc<Path>, text: &str) -> Result<Node, Malformed> {
    let lines = Lines::of(file, text);
    let table = DeTable::parse(text).map_err(|error| Malformed {
        place: lines.place(error.span().map_or(0, |span| span.start)),
        what: error.message().to_owned(),
    })?;
    map(table.get_ref(), lines.place(0), &lines, 0)
}

fn map(table: &DeTable<'_>, place: Place, lines: &Lines, depth: usize) -> Result<Node, Malformed> {
    let mut entries = Vec::with_capacity(table.len());
    for (name, value) in table {
        let place = lines.place(name.span().start);
        entries.push((
            name.span().start,
            Entry { name: name.get_ref().to_string(), node: node(value, &place, lines, depth + 1)?, place },
        ));
    }
    entries.sort_by_key(|(at, _)| *at);
    let entries = entries.into_iter().map(|(_, entry)| entry).collect();
    Ok(Node { place, text: None, items: Items::Map(entries) })
}

/// A value. Its place is its own where it is written in one piece, else that of its name: tables begin at their headers.
fn node(value: &Spanned<DeValue<'_>>, name: &Place, lines: &Lines, depth: usize) -> Result<Node, Malformed> {
    if depth > DEEPEST {
        return Err(Malformed { place: name.clone(), what: format!("values lie more than {DEEPEST} deep") });
    }
    let text = |text: String| Node::text(text, &lines.place(value.span().start));
    Ok(match value.get_ref() {
        DeValue::String(string) => text(string.to_string()),
        DeValue::Integer(number) => text(integer(number)),
        DeValue::Float(number) => text(number.as_str().parse().map_or_else(|_| number.as_str().to_owned(), float)),
        DeValue::Boolean(flag) => text(flag.to_string()),
        DeValue::Datetime(_) => {
            Node { place: name.clone(), text: None, items: Items::Unsupported("a date, not a text in quotes") }
        }
        DeValue::Array(values) => {
            let mut list = Vec::with_capacity(values.len());
            for value in values {
                list.push(node(value, &lines.place(value.span().start), lines, depth + 1)?);
            }
            Node { place: name.clone(), text: None, items: Items::List(list) }
        }
        DeValue::Table(table) => map(table, name.clone(), lines, depth)?,
    })
}

/// A whole number in decimal digits.
fn integer(number: &DeInteger<'_>) -> String {
    i64::from_str_radix(number.as_str(), number.radix())
        .map_or_else(|_| number.as_str().to_owned(), |number| number.to_string())
}
