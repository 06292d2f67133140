//! Lane 2: what the proxy added, changed and dropped, and who believes it.

use super::{LaneLine, blank, differing, sentence, shown_value};
use crate::forwarded::Verdict;
use crate::lanes::visible::visible;
use crate::lanes::{Change, Forwarded, ForwardedField, Reading};
use crate::tui::text::{cut_middle, pad, run};
use crate::tui::theme::Tone;

/// `X-Forwarded-Proto` → `X-F-Proto` where there is little room.
pub(in crate::tui) fn short_name(name: &str) -> String {
    let long = "x-forwarded-";
    match name.get(..long.len()) {
        Some(start) if start.eq_ignore_ascii_case(long) => {
            let rest = name.get(long.len()..).unwrap_or_default();
            let mut chars = rest.chars();
            chars
                .next()
                .map_or_else(String::new, |first| format!("X-F-{}{}", first.to_ascii_uppercase(), chars.as_str()))
        }
        _ => name.to_owned(),
    }
}

/// The sign of a change, and how it looks.
pub(in crate::tui) const fn change_sign(change: &Change) -> (char, Tone) {
    match change {
        Change::Unknown | Change::Same => (' ', Tone::Text),
        Change::Added => ('+', Tone::Added),
        Change::Changed(_) => ('≠', Tone::Changed),
        Change::Dropped(_) => ('-', Tone::Removed),
        Change::Absent => ('!', Tone::Warn),
    }
}

pub(super) fn forwarded(forwarded: &Forwarded, width: usize, reveal: bool) -> Vec<LaneLine> {
    let name_of = |field: &ForwardedField| {
        let name = visible(field.name.as_bytes());
        if width < 48 { short_name(&name) } else { name }
    };
    let longest = forwarded.fields.iter().map(|field| name_of(field).chars().count()).max().unwrap_or(0);
    let column = longest.min(width / 2) + 1;
    let mut lines: Vec<LaneLine> = forwarded
        .fields
        .iter()
        .flat_map(|field| forwarded_field(field, &name_of(field), column, width, reveal))
        .collect();
    lines.push(blank());
    if let Some(trust) = &forwarded.trust {
        let question = forwarded.peer.map_or_else(|| "trusted by app?".to_owned(), |peer| format!("trusts {peer}?"));
        lines.extend(trusted(&question, trust, width));
    }
    if let (Some(trust), Some(without)) = (&forwarded.trust, &forwarded.without_tap)
        && trust.trusted != without.trusted
    {
        lines.extend(trusted("! without the tap?", without, width));
    }
    lines
}

fn forwarded_field(field: &ForwardedField, name: &str, column: usize, width: usize, reveal: bool) -> Vec<LaneLine> {
    let (sign, tone) = change_sign(&field.change);
    let room = width.saturating_sub(2 + column + 2);
    let shown = |value: &[u8]| shown_value(field.name.as_bytes(), value, reveal);
    let value = match (&field.value, &field.change) {
        (Some(value), _) => shown(value),
        (None, Change::Dropped(old)) => shown(old),
        (None, _) => "absent".to_owned(),
    };
    let mark = match (&field.reading, &field.value) {
        (_, None) | (Reading::Plain, _) => run(Tone::Dim, ""),
        (Reading::Believed, _) => run(Tone::Good, " ✓"),
        (Reading::Ignored(_), _) => run(Tone::Warn, " ✗"),
        (Reading::NotRead, _) => run(Tone::Dim, " ·"),
    };
    let runs = vec![
        run(tone, format!("{sign} ")),
        run(if tone == Tone::Text { Tone::Dim } else { tone }, pad(name, column)),
        run(tone, pad(&cut_middle(&value, room), room)),
        mark,
    ];
    let mut lines = vec![LaneLine { runs, differs: tone != Tone::Text }];
    if let Change::Changed(old) = &field.change {
        let was = cut_middle(&shown(old), room);
        lines.push(differing(vec![run(Tone::Dim, format!("  {}", pad("  was", column))), run(Tone::Dim, was)]));
    }
    lines
}

fn trusted(question: &str, verdict: &Verdict, width: usize) -> Vec<LaneLine> {
    let (word, tone) = if verdict.trusted { ("yes", Tone::Good) } else { ("no", Tone::Bad) };
    let first = differing(vec![run(Tone::Text, format!("{question} ")), run(tone, word)]);
    std::iter::once(first).chain(sentence(&verdict.why, Tone::Dim, width)).collect()
}
