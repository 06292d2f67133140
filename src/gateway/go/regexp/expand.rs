//! Replacement texts of Go's `regexp.Expand`.

/// Appends a replacement text with its groups put in.
///
/// A name is as long as letters, digits and underscores go: `$1x` is the group named `1x`, which there mostly is not, and
/// then stands for nothing. A `$` that begins no name stands for itself, `$$` for `$`.
pub(super) fn expand<'t>(
    out: &mut Vec<u8>,
    template: &str,
    by_number: impl Fn(usize) -> Option<&'t [u8]>,
    by_name: impl Fn(&str) -> Option<&'t [u8]>,
) {
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        out.extend_from_slice(before.as_bytes());
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            out.push(b'$');
            rest = after;
            continue;
        }
        let Some((name, after)) = name(rest) else {
            out.push(b'$');
            continue;
        };
        rest = after;
        let group = match number(name) {
            Some(number) => by_number(number),
            None => by_name(name),
        };
        out.extend_from_slice(group.unwrap_or_default());
    }
    out.extend_from_slice(rest.as_bytes());
}

/// `extract`: the name that a text begins with, in braces or not, and what follows it.
fn name(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('{');
    let begin = inside.unwrap_or(text);
    let end = begin.find(|c: char| !(c.is_alphabetic() || c.is_numeric() || c == '_')).unwrap_or(begin.len());
    let (name, after) = begin.split_at_checked(end)?;
    let after = if inside.is_some() { after.strip_prefix('}')? } else { after };
    (!name.is_empty()).then_some((name, after))
}

/// The number that a name is: digits alone, without a zero before them, and not too many.
fn number(name: &str) -> Option<usize> {
    let digits = name.bytes().all(|byte| byte.is_ascii_digit());
    let zero = name.len() > 1 && name.starts_with('0');
    (digits && !zero && name.len() <= 9).then(|| name.parse().ok()).flatten()
}
