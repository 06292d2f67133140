//! Yaml: where everything stands, and how it is changed.

use std::ops::Range;

use saphyr_parser::{Event, Parser, Span};

use super::span::{Form, Pair, Written};
use super::{Value, lost, unfit};
use crate::gateway::CannotAmend;
use crate::gateway::document::DEEPEST;
use crate::gateway::draft::Draft;

/// What lies deeper is moved in by this where a file does not show it.
const UNIT: &str = "  ";

/// Reads the documents of a stream; `None` for what is no yaml.
pub(super) fn read(text: &str) -> Option<Vec<Written>> {
    let mut reader = Reader {
        text,
        bytes: text.char_indices().map(|(at, _)| at).chain([text.len()]).collect(),
        open: Vec::new(),
        documents: Vec::new(),
    };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.ok()?;
        reader.take(event, span)?;
    }
    Some(reader.documents)
}

/// The name of an entry, and its bytes.
type Name = (String, Range<usize>);

/// Builds trees of events, without recursion.
struct Reader<'t> {
    text: &'t str,
    /// The byte of each character.
    bytes: Vec<usize>,
    /// What is not complete, with the name whose value is next.
    open: Vec<(Written, Option<Name>)>,
    documents: Vec<Written>,
}

impl Reader<'_> {
    fn take(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        let byte = |index: usize| self.bytes.get(index).copied().unwrap_or(self.text.len());
        let range = byte(span.start.index())..byte(span.end.index());
        let is_flow = |mark| self.text.get(range.start..).is_some_and(|rest| rest.starts_with(mark));
        match event {
            Event::Scalar(text, ..) => {
                let written = self.text.get(range.clone()).unwrap_or_default().trim_end();
                let span = range.start..range.start + written.len();
                let form = if span.is_empty() { Form::Null } else { Form::Scalar(text.into_owned()) };
                self.put(Written { span, form });
            }
            Event::Alias(_) => self.put(Written { span: range, form: Form::Alias }),
            Event::SequenceStart(..) => {
                let flow = is_flow('[');
                self.open(Written { span: range, form: Form::List { flow, items: Vec::new() } })?;
            }
            Event::MappingStart(..) => {
                let flow = is_flow('{');
                self.open(Written::map(range, flow))?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let (mut node, _) = self.open.pop()?;
                let flow = matches!(node.form, Form::List { flow: true, .. } | Form::Map { flow: true, .. });
                node.span.end = if flow { range.end } else { node.span.start };
                node.span.end = node.end();
                self.put(node);
            }
            _ => {}
        }
        Some(())
    }

    fn open(&mut self, node: Written) -> Option<()> {
        self.open.push((node, None));
        (self.open.len() <= DEEPEST).then_some(())
    }

    fn put(&mut self, node: Written) {
        let Some((parent, name)) = self.open.last_mut() else {
            self.documents.push(node);
            return;
        };
        match &mut parent.form {
            Form::List { items, .. } => items.push(node),
            Form::Map { entries, .. } => match name.take() {
                None => *name = Some((node.text().unwrap_or_default().to_owned(), node.span)),
                Some((name, key)) => {
                    let value = match node.form {
                        // What is not written stands behind the colon.
                        Form::Null => Written { span: key.end + 1..key.end + 1, form: Form::Null },
                        _ => node,
                    };
                    entries.push(Pair { name, key, value });
                }
            },
            _ => {}
        }
    }
}

/// How a file writes what is put into it.
struct Style {
    unit: String,
    /// What the dash of a list's element is moved in by, beyond the list's name; `None`: lists are in brackets.
    dash: Option<String>,
    /// The quotes of texts in lists.
    quote: Option<char>,
}

impl Style {
    fn of(draft: &Draft, root: &Written) -> Self {
        let mut style = Self { unit: UNIT.to_owned(), dash: Some(UNIT.to_owned()), quote: None };
        let mut found = (false, false);
        look(draft, root, &mut style, &mut found);
        style
    }
}

/// Takes the style from the first list of texts, and from the first map in a map.
fn look(draft: &Draft, node: &Written, style: &mut Style, found: &mut (bool, bool)) {
    for entry in node.entries() {
        let column = column(draft, entry.key.start);
        if let (Some(first), false) = (entry.value.entries().first(), found.0)
            && matches!(entry.value.form, Form::Map { flow: false, .. })
        {
            style.unit = " ".repeat(self::column(draft, first.key.start).saturating_sub(column));
            found.0 = true;
        }
        if let (Form::List { flow, items }, false) = (&entry.value.form, found.1)
            && let Some(first) = items.first().filter(|item| item.text().is_some())
        {
            style.dash = (!flow).then(|| " ".repeat(dash(draft, first).1.saturating_sub(column)));
            style.quote = quote(draft, first);
            found.1 = true;
        }
        look(draft, &entry.value, style, found);
    }
    node.items().iter().for_each(|item| look(draft, item, style, found));
}

/// Sets a value.
pub(super) fn put(draft: &mut Draft, root: &Written, path: &[&str], value: Value) -> Result<(), CannotAmend> {
    let style = Style::of(draft, root);
    let (node, above, rest) = root.reach(path);
    if rest.is_empty() {
        return replace(draft, node, &value).ok_or_else(|| unfit(path));
    }
    let value = value.below(rest);
    match &node.form {
        Form::Map { flow: false, entries } => {
            let at = entries.first().map_or(0, |first| column(draft, first.key.start));
            below(draft, node.end(), &" ".repeat(at), &value, &style);
        }
        Form::Map { flow: true, entries } => match entries.last() {
            Some(last) => {
                let at = last.value.end().max(last.key.end);
                draft.replace(at..at, format!(", {}", pairs(&value)));
            }
            None => draft.replace(node.span.clone(), inside(&value)),
        },
        Form::Null => {
            let above = above.ok_or_else(|| unfit(path))?;
            let indent = format!("{}{}", " ".repeat(column(draft, above.key.start)), style.unit);
            below(draft, above.key.end, &indent, &value, &style);
        }
        _ => return Err(unfit(path)),
    }
    Ok(())
}

/// Puts lines below the one that a byte is in.
fn below(draft: &mut Draft, end: usize, indent: &str, value: &Value, style: &Style) {
    let at = draft.line_end(end);
    draft.replace(at..at, lines(value, indent, style));
}

/// A value in the place of another.
fn replace(draft: &mut Draft, node: &Written, value: &Value) -> Option<()> {
    let written = match (&node.form, value) {
        (Form::Scalar(_), Value::Text(text)) => scalar(text, quote(draft, node), false),
        (Form::Scalar(_), Value::List(list)) => scalar(&list.join(","), quote(draft, node), false),
        (Form::Scalar(_), Value::Flag(_) | Value::Number(_)) => inside(value),
        (Form::Null, Value::Text(_) | Value::Flag(_) | Value::Number(_)) => format!(" {}", inside(value)),
        _ => return None,
    };
    // A text of several lines has another look.
    let whole = draft.text(node.span.clone());
    (!whole.contains('\n')).then(|| draft.replace(node.span.clone(), written))
}

/// Puts a text into a list that has something in it.
pub(super) fn insert(draft: &mut Draft, list: &Written, index: usize, text: &str) -> Result<(), CannotAmend> {
    let Form::List { flow, items } = &list.form else { return Err(unfit(&[text])) };
    let next = items.get(index);
    let neighbour = next.or(items.last()).ok_or_else(|| unfit(&[text]))?;
    let quoted = quote(draft, neighbour);
    match (flow, next) {
        (true, Some(next)) => {
            draft.replace(next.span.start..next.span.start, format!("{}, ", scalar(text, quoted, true)));
        }
        (true, None) => {
            let end = neighbour.end();
            draft.replace(end..end, format!(", {}", scalar(text, quoted, true)));
        }
        (false, next) => {
            let (_, column) = dash(draft, neighbour);
            let line = format!("{}- {}\n", " ".repeat(column), scalar(text, quoted, false));
            let at = match next {
                Some(next) => draft.line_start(next.span.start),
                None => draft.line_end(neighbour.end()),
            };
            draft.replace(at..at, line);
        }
    }
    Ok(())
}

/// Takes an entry or an element away.
pub(super) fn remove(draft: &mut Draft, root: &Written, path: &[&str]) -> Result<(), CannotAmend> {
    let (above, last) = path.split_last().map(|(last, above)| (above, *last)).ok_or_else(|| lost(path))?;
    let parent = root.find(above).ok_or_else(|| lost(path))?;
    let (spans, index, flow): (Vec<Range<usize>>, _, _) = match &parent.form {
        Form::Map { flow, entries } => {
            let key = parent.entry(last).ok_or_else(|| lost(path))?.key.clone();
            let index = entries.iter().position(|entry| entry.key == key);
            (entries.iter().map(|entry| entry.key.start..entry.value.end().max(entry.key.end)).collect(), index, *flow)
        }
        Form::List { flow, items } => {
            let index = last.parse().ok().filter(|index| *index < items.len());
            (items.iter().map(|item| item.span.start..item.end()).collect(), index, *flow)
        }
        _ => return Err(unfit(path)),
    };
    let index = index.ok_or_else(|| lost(path))?;
    let span = spans.get(index).cloned().ok_or_else(|| lost(path))?;
    if flow {
        let next = spans.get(index + 1).map(|next| next.start);
        let before = index.checked_sub(1).and_then(|before| spans.get(before)).map(|before| before.end);
        match (next, before) {
            (Some(next), _) => draft.replace(span.start..next, ""),
            (None, before) => draft.replace(before.unwrap_or(span.start)..span.end, ""),
        }
        return Ok(());
    }
    let start = if parent.items().is_empty() { span.start } else { dash(draft, &Written::map(span.clone(), false)).0 };
    if !draft.is_first(start) {
        return Err(unfit(path));
    }
    draft.replace(draft.line_start(start)..draft.line_end(span.end), "");
    Ok(())
}

/// The dash before an element, and its column.
fn dash(draft: &Draft, item: &Written) -> (usize, usize) {
    let start = draft.line_start(item.span.start);
    let before = draft.text(start..item.span.start);
    let at = before.rfind('-').unwrap_or(before.len());
    (start + at, before.get(..at).map_or(0, |before| before.chars().count()))
}

/// The column of a byte.
fn column(draft: &Draft, at: usize) -> usize {
    draft.text(draft.line_start(at)..at).chars().count()
}

/// The quotes that a scalar is written in.
fn quote(draft: &Draft, node: &Written) -> Option<char> {
    draft.text(node.span.start..node.span.end).chars().next().filter(|first| matches!(first, '"' | '\''))
}

/// A value as lines.
fn lines(value: &Value, indent: &str, style: &Style) -> String {
    let Value::Map(entries) = value else { return format!("{indent}{}\n", inside(value)) };
    let entry = |(name, value): &(String, Value)| {
        let name = scalar(name, None, false);
        match (value, &style.dash) {
            (Value::Map(_), _) => {
                format!("{indent}{name}:\n{}", lines(value, &format!("{indent}{}", style.unit), style))
            }
            (Value::List(list), Some(dash)) => {
                let item = |text: &String| format!("{indent}{dash}- {}\n", scalar(text, style.quote, false));
                format!("{indent}{name}:\n{}", list.iter().map(item).collect::<String>())
            }
            (Value::List(list), None) => format!("{indent}{name}: {}\n", in_brackets(list, style.quote)),
            (Value::Text(text), _) => format!("{indent}{name}: {}\n", scalar(text, None, false)),
            _ => format!("{indent}{name}: {}\n", inside(value)),
        }
    };
    entries.iter().map(entry).collect()
}

/// A value within a line.
fn inside(value: &Value) -> String {
    match value {
        Value::Text(text) => scalar(text, None, true),
        Value::Flag(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::List(list) => in_brackets(list, None),
        Value::Map(_) => format!("{{{}}}", pairs(value)),
    }
}

/// The entries of a map within a line.
fn pairs(value: &Value) -> String {
    let Value::Map(entries) = value else { return inside(value) };
    let entry = |(name, value): &(String, Value)| format!("{}: {}", scalar(name, None, true), inside(value));
    entries.iter().map(entry).collect::<Vec<_>>().join(", ")
}

fn in_brackets(list: &[String], quote: Option<char>) -> String {
    format!("[{}]", list.iter().map(|text| scalar(text, quote, true)).collect::<Vec<_>>().join(", "))
}

/// A text as a scalar: in the given quotes, else without them where nothing else is read in it.
pub(super) fn scalar(text: &str, quote: Option<char>, flow: bool) -> String {
    match quote {
        Some('"') if !text.contains(char::is_control) => {
            format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
        }
        None if is_plain(text, flow) => text.to_owned(),
        _ => format!("'{}'", text.replace('\'', "''")),
    }
}

/// True if a text needs no quotes.
fn is_plain(text: &str, flow: bool) -> bool {
    let first = text.chars().next().is_some_and(|first| first.is_ascii_alphabetic() || "/^_(.".contains(first));
    let is_flag =
        text.strip_prefix("--").is_some_and(|name| name.starts_with(|first: char| first.is_ascii_alphabetic()));
    let in_flow = |c: char| flow && "[]{},:`(&|!'\"".contains(c);
    let unfit = text.contains(": ") || text.contains(" #") || text.ends_with([':', ' ']) || text.contains(in_flow);
    let word = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let other = word.iter().any(|word| word.eq_ignore_ascii_case(text)) || text.parse::<f64>().is_ok();
    let is_address =
        text.bytes().all(|byte| byte.is_ascii_digit() || b"./".contains(&byte)) && text.matches('.').count() == 3;
    (first || is_flag || is_address) && !unfit && !other && !text.contains(char::is_control)
}
