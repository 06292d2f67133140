//! `header`, `request_header` and what they share with `header_up` and `header_down`. Caddy 2.11,
//! `modules/caddyhttp/headers/caddyfile.go`.

use std::sync::Arc;

use super::Notes;
use super::blocks::Scope;
use super::matchers;
use crate::gateway::caddy::caddyfile::Dispenser;
use crate::gateway::caddy::route::{
    Handler, HeaderOps, Headers, Line, Op, Replacement, ResponseMatcher, ResponseOps, Route, Search,
};
use crate::gateway::{ConfigError, Place, go};

/// A change of a field as it is written.
pub(super) struct Change {
    pub(super) field: Arc<str>,
    pub(super) value: Arc<str>,
    pub(super) replacement: Option<Arc<str>>,
    pub(super) line: Line,
}

/// Notes a change down: `+` adds, `-` deletes, a third word replaces, all else sets.
///
/// # Errors
/// What cannot be said of a request's field.
pub(super) fn apply(ops: &mut HeaderOps, change: Change, notes: &mut Notes<'_>) -> Result<(), ConfigError> {
    let Change { field, value, replacement, line } = change;
    let place = line.place.clone();
    let line = Some(line);
    if let Some(name) = field.strip_prefix('+') {
        let name: Arc<str> = go::canonical(name).into();
        match ops.add.iter_mut().find(|op| op.field == name) {
            Some(op) => op.what.push(value),
            None => ops.add.push(Op { field: name, what: vec![value], line }),
        }
    } else if let Some(name) = field.strip_prefix('-') {
        ops.delete.push(Op { field: name.into(), what: (), line });
    } else if field.starts_with('?') {
        let what = format!("{field}: a default can be given to a response's field only");
        return Err(ConfigError::at(&place, what));
    } else if let Some(replace) = replacement {
        let name: Arc<str> = field.trim_start_matches(['+', '-', '?', '>']).into();
        let search = if has_placeholder(&value) {
            Search::Template(value)
        } else {
            Search::Regexp(notes.pattern(Some(place), &value)?)
        };
        let replacement = Replacement { search, replace };
        match ops.replace.iter_mut().find(|op| op.field == name) {
            Some(op) => op.what.push(replacement),
            None => ops.replace.push(Op { field: name, what: vec![replacement], line }),
        }
    } else {
        set(ops, field.strip_prefix('>').unwrap_or(&field), value, line);
    }
    Ok(())
}

/// Sets a field; the last word on one counts.
pub(super) fn set(ops: &mut HeaderOps, field: &str, value: Arc<str>, line: Option<Line>) {
    let field: Arc<str> = go::canonical(field).into();
    ops.set.retain(|op| op.field != field);
    ops.set.push(Op { field, what: value, line });
}

fn has_placeholder(text: &str) -> bool {
    text.split_once('{').and_then(|(_, after)| after.find('}')).is_some_and(|end| end > 0)
}

/// `field [value [replacement]]` of a line.
fn change(at: &mut Dispenser, field: Arc<str>, scope_line: &Line) -> Change {
    let place = at.place().unwrap_or_else(|| scope_line.place.clone());
    let value = at.arg();
    let replacement = at.arg();
    let words = [Some(&field), value.as_ref(), replacement.as_ref()];
    let text = words.into_iter().flatten().map(|word| &**word).collect::<Vec<_>>().join(" ");
    let line = Line { place, text: format!("header {text}").into() };
    Change { field, value: value.unwrap_or_default(), replacement, line }
}

/// `request_header [matcher] field [value [replacement]]`
pub(super) fn request_header(scope: &mut Scope, notes: &mut Notes<'_>) -> Result<Route, ConfigError> {
    let matcher = scope.matcher()?;
    let field = scope.at.some_arg()?;
    let field: Arc<str> = field.strip_suffix(':').unwrap_or(&field).into();
    let mut change = change(&mut scope.at, field, &scope.line);
    change.line = scope.line.clone();
    if scope.at.next_arg() {
        return Err(scope.at.arguments());
    }
    let mut ops = HeaderOps::default();
    apply(&mut ops, change, notes)?;
    Ok(scope.route(matcher, Handler::Headers(Arc::new(Headers { request: Some(ops), response: None }))))
}

/// `header [matcher] [field [value [replacement]]] { … }`: one route, and another for defaults.
pub(super) fn header(scope: &mut Scope, notes: &mut Notes<'_>) -> Result<Vec<Route>, ConfigError> {
    let matcher = scope.matcher()?;
    let (mut plain, mut defaults) = (ResponseOps::default(), ResponseOps::default());
    let field = scope.at.arg();
    let has_args = field.is_some();
    if let Some(field) = field {
        let mut change = change(&mut scope.at, field, &scope.line);
        change.line = scope.line.clone();
        respond(&mut plain, change, notes)?;
        plain.deferred |= !plain.ops.delete.is_empty();
    }
    let nesting = scope.at.nesting();
    while scope.at.next_block(nesting) {
        let field = scope.at.val();
        match &*field {
            "defer" => {
                plain.deferred = true;
                continue;
            }
            "match" => {
                plain.require = Some(matchers::response(scope.at.segment())?.1);
                continue;
            }
            _ if has_args => return Err(scope.at.fault("header has fields both on its line and in its block")),
            _ => {}
        }
        let field: Arc<str> = field.strip_suffix(':').unwrap_or(&field).into();
        let change = change(&mut scope.at, Arc::clone(&field), &scope.line);
        respond(if field.starts_with('?') { &mut defaults } else { &mut plain }, change, notes)?;
    }
    let route = |ops: ResponseOps| {
        let headers = Headers { request: None, response: Some(ops) };
        scope.route(matcher.clone(), Handler::Headers(Arc::new(headers)))
    };
    let some = |ops: &ResponseOps| *ops != ResponseOps::default();
    Ok([plain, defaults].into_iter().filter(some).map(route).collect())
}

/// A change of a response's field: `?` gives a default, `>` and `-` wait until the response is written.
fn respond(response: &mut ResponseOps, change: Change, notes: &mut Notes<'_>) -> Result<(), ConfigError> {
    if let Some(name) = change.field.strip_prefix('?') {
        let require = response.require.get_or_insert_with(ResponseMatcher::default);
        require.headers.insert(name.into(), None);
        set(&mut response.ops, name, change.value, Some(change.line));
        return Ok(());
    }
    response.deferred |= change.field.starts_with(['-', '>']);
    apply(&mut response.ops, change, notes)
}

/// `header_up` and `header_down`: their arguments.
///
/// # Errors
/// None, or more than three.
pub(super) fn line(at: &mut Dispenser) -> Result<Change, ConfigError> {
    let name = at.val();
    let place = at.place();
    let shown: Vec<Arc<str>> = {
        let count = at.count_args();
        let mut words = vec![Arc::clone(&name)];
        for _ in 0..count {
            at.next();
            words.extend(at.token().map(|token| Arc::clone(&token.shown)));
        }
        for _ in 0..count {
            at.back();
        }
        words
    };
    let args = at.args();
    let (field, value, replacement) = match args.as_slice() {
        [field] => (field, "".into(), None),
        [field, value] => (field, Arc::clone(value), None),
        [field, value, replacement] => (field, Arc::clone(value), Some(Arc::clone(replacement))),
        _ => return Err(at.arguments()),
    };
    let text = shown.iter().map(|word| &**word).collect::<Vec<_>>().join(" ");
    let place = place.unwrap_or_else(|| Place::new(std::path::PathBuf::new(), 0));
    Ok(Change { field: Arc::clone(field), value, replacement, line: Line { place, text: text.into() } })
}
