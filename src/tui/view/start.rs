//! What stands in the list while there is nothing to list: what to do next.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::lanes::visible::visible;
use crate::lanes::{Provenance, Tap, TapKind};
use crate::tui::screenful::Screenful;
use crate::tui::state::State;
use crate::tui::text::{Runs, paint, run, wrap};
use crate::tui::theme::Tone;

pub(super) fn draw(buffer: &mut Buffer, place: Rect, state: &State, seen: &Screenful) {
    let width = usize::from(place.width.saturating_sub(2));
    let lines = if state.listing.total() > 0 { nothing_passes(state) } else { waiting(seen, width) };
    for (y, line) in (place.y..place.bottom()).zip(&lines) {
        paint(buffer, (place.x + 1, y), place.width.saturating_sub(2), line, state.look.theme);
    }
}

fn nothing_passes(state: &State) -> Vec<Runs> {
    if state.listing.waiting() > 0 {
        return vec![vec![run(Tone::Dim, "filtering …")]];
    }
    vec![
        vec![run(Tone::Warn, format!("None of {} requests passes the filter.", state.listing.total()))],
        vec![run(Tone::Key, "/"), run(Tone::Dim, " changes it; an empty one shows all.")],
    ]
}

fn waiting(seen: &Screenful, width: usize) -> Vec<Runs> {
    let mut lines = vec![vec![run(Tone::Title, "Nothing has passed yet. Send a request through hopscope:")]];
    // Without a tap before the proxy there may be no proxy: the app tap is where requests go then.
    let behind = seen.setup.taps.iter().any(|tap| tap.kind == TapKind::Edge);
    lines.extend(seen.setup.taps.iter().map(|tap| next_step(tap, behind)));
    if !seen.setup.taps.iter().any(|tap| tap.kind == TapKind::App || tap.kind == TapKind::StandIn) {
        lines.push(vec![
            run(Tone::Warn, "! "),
            run(Tone::Dim, "no app tap: --app LISTEN=URL shows what the proxy sends on, and the exact path"),
        ]);
    }
    lines.extend(server(&seen.setup.provenance, width));
    lines.push(vec![
        run(Tone::Key, "?"),
        run(Tone::Dim, " shows all keys, "),
        run(Tone::Key, "q"),
        run(Tone::Dim, " quits."),
    ]);
    lines
}

/// What is known of the app's server, and where from; then what is to be wary of, whole: its end says the way out.
fn server(provenance: &Provenance, width: usize) -> impl Iterator<Item = Runs> {
    let known = provenance.lines().enumerate().map(|(index, (what, from))| {
        vec![
            run(Tone::Good, if index == 0 { "● server " } else { "         " }),
            run(Tone::Text, visible(what.as_bytes())),
            run(Tone::Dim, format!("  {}", visible(from.as_bytes()))),
        ]
    });
    let doubts = provenance.doubts().flat_map(move |doubt| {
        let lines = wrap(&visible(doubt.as_bytes()), width.saturating_sub(2)).into_iter().enumerate();
        lines.map(|(index, line)| vec![run(Tone::Warn, if index == 0 { "! " } else { "  " }), run(Tone::Dim, line)])
    });
    known.chain(doubts)
}

fn next_step(tap: &Tap, behind: bool) -> Runs {
    let upstream = visible(tap.upstream.as_bytes());
    let upstream = upstream.strip_prefix("http://").unwrap_or(&upstream);
    let (before, after) = match tap.kind {
        TapKind::Edge => ("open ", format!("  instead of {upstream}")),
        TapKind::App => {
            (if behind { "point the proxy at " } else { "send requests to " }, format!("  instead of {upstream}"))
        }
        TapKind::StandIn => ("open ", format!("  which sends on to {upstream}")),
    };
    vec![
        run(Tone::Good, format!("● {:<6}", tap.kind.word())),
        run(Tone::Text, before),
        run(Tone::Prefix, format!("http://{}", tap.listen)),
        run(Tone::Dim, after),
    ]
}
