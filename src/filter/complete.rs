//! What a half-typed filter may go on with.

use super::Language;

/// What the last word of `prefix` may become, in the order in which it is worth offering.
pub(super) fn completions<L: Language>(prefix: &str) -> Vec<String> {
    let word =
        prefix.rsplit(|c: char| c.is_whitespace() || matches!(c, '&' | '|' | '(' | '!')).next().unwrap_or_default();
    if let Some((field, value)) = word.split_once('=') {
        let known = L::VALUES.iter().find(|(name, _)| *name == field).map(|(_, values)| *values).unwrap_or_default();
        return begins(known.iter().copied(), value).map(|value| format!("{field}={value}")).collect();
    }
    let names = L::FIELDS.iter().map(|(name, _)| *name).chain(L::OPEN.iter().copied());
    let mut found: Vec<String> = begins(names, word).map(str::to_owned).collect();
    if L::OPEN.iter().any(|beginning| word.starts_with(beginning)) {
        found = L::openings().into_iter().filter(|name| name.starts_with(word)).collect();
    }
    found.extend(begins(L::FLAGS.iter().map(|(name, _)| *name), word).map(str::to_owned));
    found
}

fn begins<'a>(names: impl Iterator<Item = &'a str>, start: &str) -> impl Iterator<Item = &'a str> {
    names.filter(move |name| {
        name.len() > start.len() && name.to_ascii_lowercase().starts_with(&start.to_ascii_lowercase())
    })
}
