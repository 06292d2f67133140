//! Lane 3: the path as it went into the proxy and as it came out.

use super::{LABEL, LaneLine, blank, differing, fact, or_dash, plain, sentence, tap_name};
use crate::lanes::visible::visible;
use crate::lanes::{Lanes, Rewrite, Setup};
use crate::tui::row::shown_target;
use crate::tui::screenful::Chosen;
use crate::tui::text::{cut_end, cut_middle, pad, run};
use crate::tui::theme::Tone;

/// What happened to the path, in a word or two.
pub(in crate::tui) fn rewrite_words(lanes: &Lanes) -> String {
    match &lanes.rewritten.rewrite {
        Rewrite::Unknown => "not seen from here".to_owned(),
        Rewrite::Kept => "kept".to_owned(),
        Rewrite::Stripped(part) => format!("stripped {}", visible(part.as_bytes())),
        Rewrite::Added(part) => format!("added {}", visible(part.as_bytes())),
        Rewrite::Replaced => "replaced".to_owned(),
        Rewrite::NeverReached => "never reached the app".to_owned(),
    }
}

/// `^^^^^^^ kept` under the part of a path that a word is about.
fn underline(part: &str, word: &str, tone: Tone) -> LaneLine {
    let blanks = " ".repeat(PATH_LABEL);
    let marks = "^".repeat(visible(part.as_bytes()).chars().count());
    differing(vec![run(tone, format!("{blanks}{marks} {word}"))])
}

/// Cells before the two paths of lane 3.
const PATH_LABEL: usize = 5;

pub(super) fn rewritten(chosen: &Chosen, setup: &Setup, width: usize, reveal: bool) -> Vec<LaneLine> {
    let lanes = &chosen.lanes;
    let rewritten = &lanes.rewritten;
    let room = width.saturating_sub(PATH_LABEL);
    let differs = match rewritten.rewrite {
        Rewrite::Unknown => false,
        Rewrite::Kept => !lanes.original.prefix.is_empty(),
        _ => true,
    };
    let path = |label: &str, path: &Option<Vec<u8>>, none: &str, tone: Tone| {
        let text = path.as_ref().map_or_else(|| none.to_owned(), |path| cut_end(&visible(path), room));
        LaneLine { runs: vec![run(Tone::Dim, pad(label, PATH_LABEL)), run(tone, text)], differs }
    };
    let never = rewritten.rewrite == Rewrite::NeverReached;
    let out_none = if never { "(never reached app)" } else { "(not seen)" };
    let incoming = path("in", &rewritten.incoming, "(not seen)", Tone::Text);
    let outgoing = path("out", &rewritten.outgoing, out_none, if never { Tone::Bad } else { Tone::Text });
    let mut lines = vec![incoming];
    match &rewritten.rewrite {
        Rewrite::Stripped(part) => lines.extend([underline(part, "stripped", Tone::Removed), outgoing]),
        Rewrite::Added(part) => lines.extend([outgoing, underline(part, "added", Tone::Added)]),
        Rewrite::Kept if !lanes.original.prefix.is_empty() => {
            lines.extend([outgoing, underline(&lanes.original.prefix, "kept", Tone::Changed)]);
        }
        Rewrite::Kept => lines.extend([outgoing, plain(vec![run(Tone::Dim, "     the same bytes")])]),
        Rewrite::Replaced => lines.extend([outgoing, differing(vec![run(Tone::Changed, "     ≠ replaced")])]),
        Rewrite::Unknown | Rewrite::NeverReached => lines.push(outgoing),
    }
    lines.push(blank());
    if rewritten.query != lanes.original.query && rewritten.outgoing.is_some() && rewritten.incoming.is_some() {
        let query = shown_target(b"", rewritten.query.as_deref(), reveal);
        lines.push(differing(vec![
            run(Tone::Dim, pad("query", LABEL)),
            run(
                Tone::Changed,
                format!("≠ {}", cut_middle(query.trim_start_matches('?'), width.saturating_sub(LABEL + 2))),
            ),
        ]));
    }
    match &rewritten.rule {
        Some(rule) => {
            lines.push(plain(vec![run(Tone::Dim, "rule")]));
            lines.extend(sentence(rule, Tone::Text, width));
        }
        None => lines.push(fact("rule", "not known")),
    }
    if never {
        lines.push(fact("ended at", visible(lanes.answer.by.word().as_bytes())));
        return lines;
    }
    if chosen.supposed {
        return lines;
    }
    let app = chosen.entry.exchange.app.as_deref();
    lines.push(fact("sent to", or_dash(rewritten.upstream.map(|address| address.to_string()))));
    lines.push(fact("seen by", app.map_or_else(|| "no app tap".to_owned(), |half| tap_name(setup, half.tap))));
    lines
}
