//! What to change, causes first: the findings of all exchanges of a chain, each cause once; and what becomes of it with
//! all of that.

use std::collections::HashSet;

use super::seen::{SeenChain, SeenHop};
use crate::diagnosis::{Finding, Follows};
use crate::lanes::secrets::redact_url;
use crate::lanes::visible::visible;
use crate::tui::row::severity_tone;
use crate::tui::text::{Runs, cut_end, cut_middle, pad, run};
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

/// The first of them with a fix that can be proven.
pub(in crate::tui) fn to_prove(seen: &SeenChain) -> Option<&Finding> {
    let causes = causes(seen);
    let first = causes.iter().find(|finding| finding.first_to_try().is_some());
    first.or(causes.first()).copied()
}

/// `Predicted after TR01+HO01:  307 → https://example.com/api/v1/items/ ✓`; `None` where nothing can be predicted.
pub(in crate::tui) fn prediction(seen: &SeenChain, width: usize, reveal: bool) -> Option<Runs> {
    let after = &seen.predicted.as_ref()?.after;
    let status = after.status?.to_string();
    let target = after.location.as_deref().map(|to| if reveal { visible(to) } else { visible(&redact_url(to)) });
    let lead = format!("Predicted after {}:  ", after.codes.join("+"));
    let (tone, end) = match after.left.as_slice() {
        [] => (Tone::Good, " ✓".to_owned()),
        left => (Tone::Warn, format!(" ! {} stays", left.join("+"))),
    };
    let became = target.map_or(status.clone(), |target| format!("{status} → {target}"));
    let room = width.saturating_sub(lead.chars().count() + end.chars().count());
    Some(vec![run(Tone::Dim, lead), run(Tone::Text, cut_middle(&became, room)), run(tone, end)])
}

/// A line for each that is mended by itself: code, title, the first fix.
pub(in crate::tui) fn fixes(seen: &SeenChain, width: usize) -> Vec<Runs> {
    let mut causes = causes(seen);
    // What mends two of them is one thing to do.
    let mut known = HashSet::new();
    causes.retain(|finding| finding.fix.first().is_none_or(|fix| known.insert(fix.line.as_str())));
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
