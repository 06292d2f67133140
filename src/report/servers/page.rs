//! One server's page.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use super::table::wrap;
use super::{Behaviour, OptionLine, Sheet};

/// A heading and its lines: what, and what of it.
type Section = (&'static str, Vec<(String, String)>);

/// The page as text of at most `width` columns.
pub(super) fn text(sheet: &Sheet, width: usize) -> String {
    let [oldest, newest] = &sheet.known;
    let mut text = format!("{} {}  (known: {oldest} to {newest})\n", sheet.server, sheet.version);
    for line in sheet.note.iter().flat_map(|note| wrap(note, width)) {
        let _ = writeln!(text, "{line}");
    }
    for (heading, lines) in sections(sheet) {
        let _ = writeln!(text, "\n{heading}");
        let label = lines.iter().map(|(label, _)| label.width()).max().unwrap_or_default();
        // A label takes at most a third of the line; a longer one stands above what it tells.
        let label = label.min(width / 3);
        for (name, told) in &lines {
            let indent = if label == 0 { 2 } else { label + 4 };
            let told = wrap(told, width.saturating_sub(indent).max(20));
            let mut told = told.iter();
            let first = if name.width() > label { "" } else { told.next().map_or("", String::as_str) };
            let gap = if label == 0 { "" } else { "  " };
            let fill = " ".repeat(label.saturating_sub(name.width()));
            let _ = writeln!(text, "{}", format!("  {name}{fill}{gap}{first}").trim_end());
            for line in told {
                let _ = writeln!(text, "{}{line}", " ".repeat(indent));
            }
        }
    }
    text
}

/// The page as Markdown.
pub(super) fn markdown(sheet: &Sheet) -> String {
    let [oldest, newest] = &sheet.known;
    let mut text = format!("# {} {}\n\nKnown: {oldest} to {newest}.\n", sheet.server, sheet.version);
    if let Some(note) = &sheet.note {
        let _ = writeln!(text, "\n{note}");
    }
    for (heading, lines) in sections(sheet) {
        let _ = writeln!(text, "\n## {heading}\n");
        for (name, told) in lines {
            let _ = match (name.is_empty(), told.is_empty()) {
                (true, _) => writeln!(text, "- {told}"),
                (false, true) => writeln!(text, "- `{name}`"),
                (false, false) => writeln!(text, "- `{name}`: {told}"),
            };
        }
    }
    text
}

fn sections(sheet: &Sheet) -> Vec<Section> {
    let one = |what: fn(&Behaviour) -> String| {
        let line =
            |behaviour: &Behaviour| (behaviour.with.clone().unwrap_or_else(|| "by itself".to_owned()), what(behaviour));
        sheet.behaviour.iter().map(line).collect::<Vec<_>>()
    };
    let option = |line: &OptionLine| {
        let takes = if line.takes.is_empty() { String::new() } else { format!(" {}", line.takes) };
        let in_code = if line.in_code { " (in the app's code)" } else { "" };
        (format!("--{}{takes}", line.name), format!("{}{in_code}", line.about))
    };
    let all = [
        ("Where the root path goes", one(root_path)),
        ("Which forwarding headers it reads, and of whom", one(reading)),
        ("Options", sheet.options.iter().map(option).collect()),
        ("Good to know", sheet.ways.iter().map(|way| (String::new(), (*way).to_owned())).collect()),
        ("Releases", sheet.releases.iter().map(|line| (line.since.clone(), line.what.to_owned())).collect()),
    ];
    all.into_iter().filter(|(_, lines)| !lines.is_empty()).collect()
}

fn root_path(behaviour: &Behaviour) -> String {
    let proxy = match behaviour.root_path.proxy {
        Some("strip") => "; the proxy must strip the prefix",
        Some(_) => "; the proxy must keep the prefix",
        None => "",
    };
    format!("{}: {}{proxy}", behaviour.root_path.option, behaviour.root_path())
}

fn reading(behaviour: &Behaviour) -> String {
    if behaviour.believes.is_empty() {
        return behaviour.reads();
    }
    format!("{}, of {}", behaviour.reads(), behaviour.believes())
}
