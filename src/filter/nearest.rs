//! What a mistyped field was meant to be.

use super::Language;

/// Names the field that was probably meant.
pub(super) fn unknown<L: Language>(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    if let Some((_, why)) = L::ELSEWHERE.iter().find(|(beginning, _)| lower.starts_with(beginning)) {
        return format!("`{name}` cannot be asked for here: {why}");
    }
    let names = L::FIELDS.iter().map(|(known, _)| *known).chain(L::OPEN.iter().copied());
    match names.min_by_key(|known| distance(known, name)) {
        Some(nearest) if distance(nearest, name) <= nearest.len() / 2 => {
            format!("there is no field `{name}`; did you mean `{nearest}`?")
        }
        _ => format!("there is no field `{name}`; put it in quotes to look for it"),
    }
}

/// How many letters must be typed differently (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        for (cell, right) in row.iter_mut().skip(1).zip(b.chars()) {
            let above = *cell;
            before = (above + 1).min(before + 1).min(diagonal + usize::from(left != right));
            diagonal = above;
            *cell = before;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}
