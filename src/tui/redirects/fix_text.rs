//! What to change, causes first: the findings of all exchanges of a chain, each cause once.

use super::seen::{SeenChain, SeenHop};
use crate::diagnosis::{Finding, Follows};
use crate::lanes::visible::visible;
use crate::tui::row::severity_tone;
use crate::tui::text::{Runs, cut_end, pad, run};
use crate::tui::theme::Tone;

/// The findings of a chain, each cause once: what is primary on its exchange goes first, then what follows from nothing. What
/// follows from another exchange is mended with that one.
pub(super) fn causes(seen: &SeenChain) -> Vec<&Finding> {
    let mut causes: Vec<&Finding> = Vec::new();
    let all = seen.hops.iter().flat_map(SeenHop::findings);
    for finding in all.filter(|finding| !matches!(finding.follows, Some(Follows::Exchange(..)))) {
        match causes.iter_mut().find(|known| known.cause() == finding.cause()) {
            Some(known) if finding.primary && !known.primary => *known = finding,
            Some(_) => {}
            None => causes.push(finding),
        }
    }
    causes.sort_by_key(|finding| (!finding.primary, finding.follows.is_some()));
    causes
}

/// A line for each: code, title, the first fix.
pub(in crate::tui) fn fixes(seen: &SeenChain, width: usize) -> Vec<Runs> {
    let causes = causes(seen);
    if causes.is_empty() {
        return vec![vec![run(Tone::Dim, "Nothing to change: no finding on these requests.")]];
    }
    let title = if width >= 100 { 32 } else { 0 };
    let line = |finding: &&Finding| {
        let fix = finding.fix.first().map(|fix| visible(fix.to_string().as_bytes()));
        let fix = fix.unwrap_or_else(|| format!("hopscope rules {} says what there is to do", finding.code));
        let mut runs = vec![run(severity_tone(finding.severity), format!("{}  ", finding.code))];
        if title > 0 {
            runs.push(run(Tone::Text, pad(finding.title, title) + "  "));
        }
        let room = width.saturating_sub(6 + if title > 0 { title + 2 } else { 0 });
        runs.push(run(if finding.primary { Tone::Good } else { Tone::Dim }, cut_end(&fix, room)));
        runs
    };
    causes.iter().map(line).collect()
}
