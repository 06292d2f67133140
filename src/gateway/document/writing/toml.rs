//! Toml: where everything stands, and how it is changed.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::span::{Form, Pair, Written};
use super::{Value, lost, unfit};
use crate::gateway::CannotAmend;
use crate::gateway::document::DEEPEST;
use crate::gateway::draft::Draft;

/// Reads a document; `None` for what is no toml.
pub(super) fn read(text: &str) -> Option<Written> {
    let table = DeTable::parse(text).ok()?;
    map(text, table.get_ref(), 0..0, 0)
}

fn map(text: &str, table: &DeTable<'_>, span: Range<usize>, depth: usize) -> Option<Written> {
    let flow = text.get(span.start..).is_some_and(|rest| rest.starts_with('{')) && !span.is_empty();
    let mut entries = Vec::with_capacity(table.len());
    for (name, value) in table {
        let value = node(text, value, depth + 1)?;
        entries.push(Pair { name: name.get_ref().to_string(), key: name.span(), value });
    }
    entries.sort_by_key(|entry| entry.key.start);
    Some(Written { span, form: Form::Map { flow, entries } })
}

fn node(text: &str, value: &Spanned<DeValue<'_>>, depth: usize) -> Option<Written> {
    let span = value.span();
    let form = match value.get_ref() {
        _ if depth > DEEPEST => return None,
        DeValue::Table(table) => return map(text, table, span, depth),
        DeValue::Array(values) => {
            let items: Option<Vec<_>> = values.iter().map(|value| node(text, value, depth + 1)).collect();
            let tables = text.get(span.start..).is_some_and(|rest| rest.starts_with("[["))
                && values.iter().any(|value| matches!(value.get_ref(), DeValue::Table(_)));
            Form::List { flow: !tables, items: items? }
        }
        DeValue::String(string) => Form::Scalar(string.to_string()),
        _ => Form::Scalar(text.get(span.clone()).unwrap_or_default().to_owned()),
    };
    Some(Written { span, form })
}

/// Sets a value.
pub(super) fn put(draft: &mut Draft, root: &Written, path: &[&str], value: Value) -> Result<(), CannotAmend> {
    let (node, _, rest) = root.reach(path);
    let Form::Map { flow, entries } = &node.form else {
        return rest.is_empty().then(|| replace(draft, node, &value)).flatten().ok_or_else(|| unfit(path));
    };
    let [name, after @ ..] = rest else { return Err(unfit(path)) };
    if *flow {
        let last = entries.last().map(|last| last.value.end());
        let text = format!("{} = {}", key(name), inside(&value.below(after)));
        match last {
            Some(end) => draft.replace(end..end, format!(", {text}")),
            None => draft.replace(node.span.clone(), format!("{{ {text} }}")),
        }
        return Ok(());
    }
    let own = entries.iter().rfind(|entry| !is_table(&entry.value));
    if let (Some(last), []) = (own, after)
        && !matches!(value, Value::Map(_))
    {
        let indent = draft.indent(last.key.start);
        let at = draft.line_end(last.value.end());
        // Names with dots are not of the table whose header is above them.
        let names = draft.text(draft.line_start(last.key.start)..last.key.start);
        let line = format!("{indent}{}{} = {}\n", names.trim_start(), key(name), inside(&value));
        draft.replace(at..at, line);
        return Ok(());
    }
    let known = path.get(..path.len() - rest.len()).unwrap_or_default();
    table(draft, root, node, known, &value.below(rest));
    Ok(())
}

/// Adds a table with a header of its own, behind those that it belongs to where no lines of another one are there.
fn table(draft: &mut Draft, root: &Written, beside: &Written, above: &[&str], value: &Value) {
    let mut names: Vec<String> = above.iter().map(|name| key(name)).collect();
    let mut value = value;
    // One map in another is a header; the innermost one has the lines.
    while let Value::Map(entries) = value
        && let [(name, inner @ Value::Map(_))] = entries.as_slice()
    {
        names.push(key(name));
        value = inner;
    }
    let Value::Map(entries) = value else { return };
    let indent = beside.entries().iter().rfind(|entry| is_table(&entry.value)).or_else(|| root.entries().first());
    let indent = indent.map(|entry| draft.indent(entry.key.start)).unwrap_or_default();
    let deeper = if draft.text(0..draft.bytes().len()).contains("\n  ") { "  " } else { "" };
    let line = |(name, value): &(String, Value)| format!("{indent}{deeper}{} = {}\n", key(name), inside(value));
    let lines = entries.iter().map(line).collect::<String>();
    let end = draft.line_end(beside.end());
    let rest = draft.text(end..draft.bytes().len());
    let next = rest.lines().map(str::trim_start).find(|line| !line.is_empty() && !line.starts_with('#'));
    let at = if next.is_none_or(|line| line.starts_with('[')) { end } else { draft.bytes().len() };
    draft.replace(at..at, format!("\n{indent}[{}]\n{lines}", names.join(".")));
}

/// A value in the place of another.
fn replace(draft: &mut Draft, node: &Written, value: &Value) -> Option<()> {
    let literal = draft.text(node.span.clone()).starts_with('\'');
    let written = match (&node.form, value) {
        (Form::Scalar(_), Value::Text(text)) if literal && !text.contains('\'') => format!("'{text}'"),
        (Form::Scalar(_), Value::Text(_) | Value::Flag(_) | Value::Number(_) | Value::List(_)) => inside(value),
        (Form::List { items, .. }, Value::List(_)) if items.is_empty() => inside(value),
        _ => return None,
    };
    draft.replace(node.span.clone(), written);
    Some(())
}

/// Puts a text into a list that has something in it.
pub(super) fn insert(draft: &mut Draft, list: &Written, index: usize, text: &str) -> Result<(), CannotAmend> {
    let items = list.items();
    let written = inside(&Value::text(text));
    if let Some(next) = items.get(index) {
        let gap = if draft.is_first(next.span.start) {
            format!(",\n{}", draft.indent(next.span.start))
        } else {
            ", ".to_owned()
        };
        draft.replace(next.span.start..next.span.start, format!("{written}{gap}"));
        return Ok(());
    }
    let last = items.last().ok_or_else(|| unfit(&[text]))?;
    let gap =
        if draft.is_first(last.span.start) { format!(",\n{}", draft.indent(last.span.start)) } else { ", ".to_owned() };
    draft.replace(last.end()..last.end(), format!("{gap}{written}"));
    Ok(())
}

/// Takes an entry or an element away.
pub(super) fn remove(draft: &mut Draft, root: &Written, path: &[&str]) -> Result<(), CannotAmend> {
    let (above, last) = path.split_last().map(|(last, above)| (above, *last)).ok_or_else(|| lost(path))?;
    let parent = root.find(above).ok_or_else(|| lost(path))?;
    let (spans, index): (Vec<Range<usize>>, Option<usize>) = match &parent.form {
        Form::List { items, .. } => (items.iter().map(|item| item.span.start..item.end()).collect(), last.parse().ok()),
        Form::Map { flow, entries } => {
            let entry = parent.entry(last).ok_or_else(|| lost(path))?;
            if !flow {
                return remove_entry(draft, entry).ok_or_else(|| unfit(path));
            }
            let index = entries.iter().position(|other| other.key == entry.key);
            (entries.iter().map(|entry| entry.key.start..entry.value.end()).collect(), index)
        }
        _ => return Err(unfit(path)),
    };
    let index = index.ok_or_else(|| lost(path))?;
    let span = spans.get(index).cloned().ok_or_else(|| lost(path))?;
    match (spans.get(index + 1), index.checked_sub(1).and_then(|before| spans.get(before))) {
        (Some(next), _) => draft.replace(span.start..next.start, ""),
        (None, before) => draft.replace(before.map_or(span.start, |before| before.end)..span.end, ""),
    }
    Ok(())
}

/// Takes away an entry in lines of its own: its line, or the header and the lines of a table.
fn remove_entry(draft: &mut Draft, entry: &Pair) -> Option<()> {
    let start = draft.line_start(entry.key.start);
    let whole = !is_table(&entry.value) || draft.text(start..entry.key.start).trim_start().starts_with('[');
    whole.then(|| draft.replace(start..draft.line_end(entry.value.end()), ""))
}

/// True for a table that is not written in braces, and for a list of such.
fn is_table(node: &Written) -> bool {
    matches!(node.form, Form::Map { flow: false, .. } | Form::List { flow: false, .. })
}

/// A value within a line.
fn inside(value: &Value) -> String {
    match value {
        Value::Text(text) if text.contains('\\') && !text.contains(['\'', '\n']) => format!("'{text}'"),
        Value::Text(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        Value::Flag(flag) => flag.to_string(),
        Value::List(list) => {
            format!("[{}]", list.iter().map(|text| inside(&Value::text(text))).collect::<Vec<_>>().join(", "))
        }
        Value::Number(number) => number.to_string(),
        Value::Map(entries) => {
            let entry = |(name, value): &(String, Value)| format!("{} = {}", key(name), inside(value));
            format!("{{ {} }}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
    }
}

/// A name, in quotes where it needs them.
fn key(name: &str) -> String {
    let is_bare = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if is_bare { name.to_owned() } else { inside(&Value::text(name)) }
}
