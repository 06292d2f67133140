//! Patterns of file names in `include`, as `glob(3)` reads them: `*`, `?`, `[a-z]`, `[!a]`, `\` before a letter.

/// True if a pattern has something to fill in; nginx asks the same before it takes a name as a pattern.
pub(super) fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '['])
}

/// True if the name of a file, without its folder, fits a pattern without slashes. A leading dot must be written.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    // The last star and the part of the name that it stands for so far: it takes one more letter where the rest fails.
    let mut star: Option<(usize, usize)> = None;
    let (mut p, mut n) = (0, 0);
    while n < name.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, n));
            p += 1;
            continue;
        }
        let next = pattern.get(p..).zip(name.get(n)).and_then(|(rest, &letter)| one(rest, letter));
        match (next, star) {
            (Some(taken), _) => (p, n) = (p + taken, n + 1),
            (None, Some((star_p, star_n))) => {
                star = Some((star_p, star_n + 1));
                (p, n) = (star_p + 1, star_n + 1);
            }
            (None, None) => return false,
        }
    }
    pattern.get(p..).is_none_or(|rest| rest.iter().all(|&c| c == '*'))
}

/// How many letters of the pattern stand for this one letter of a name; `None` if they do not.
fn one(pattern: &[char], letter: char) -> Option<usize> {
    match pattern {
        ['?', ..] => Some(1),
        ['\\', escaped, ..] => (*escaped == letter).then_some(2),
        ['[', rest @ ..] => match set(rest, letter) {
            Some((taken, true)) => Some(taken + 1),
            Some((_, false)) => None,
            // Without a closing bracket it is a letter.
            None => (letter == '[').then_some(1),
        },
        [c, ..] => (*c == letter).then_some(1),
        [] => None,
    }
}

/// Reads a set behind its `[`: how long it is, and whether the letter is in it.
fn set(pattern: &[char], letter: char) -> Option<(usize, bool)> {
    let negated = matches!(pattern.first(), Some('!' | '^'));
    let start = usize::from(negated);
    let mut at = start;
    let mut found = false;
    loop {
        let rest = pattern.get(at..)?;
        match rest {
            [']', ..] if at > start => return Some((at + 1, found != negated)),
            [low, '-', high, ..] if *high != ']' => {
                found |= (*low..=*high).contains(&letter);
                at += 3;
            }
            [c, ..] => {
                found |= *c == letter;
                at += 1;
            }
            [] => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_fit() {
        for (pattern, name, want) in [
            ("*.conf", "a.conf", true),
            ("*.conf", ".a.conf", false),
            ("*.conf", "a.conf.bak", false),
            ("*", "", true),
            ("a*b*c", "aXbXbc", true),
            ("a*b*c", "aXbXb", false),
            ("?.conf", "ab.conf", false),
            ("[0-9][!a]x", "1bx", true),
            ("[0-9][!a]x", "1ax", false),
            ("[]a]", "]", true),
            ("[a", "[a", true),
            ("\\*", "*", true),
            ("**********************b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ] {
            assert_eq!(fits(pattern, name), want, "{pattern} {name}");
        }
    }
}
