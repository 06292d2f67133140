//! The lanes as lines, one under the other, for narrow screens.

use super::answer::{answer, chain};
use super::forwarded::{change_sign, short_name};
use super::rewritten::rewrite_words;
use super::scope::unseen;
use super::{origin, shown_value, source_word};
use crate::asgi::Outcome;
use crate::asgi::framework::RouteMatch;
use crate::lanes::visible::visible;
use crate::lanes::{Change, Lanes, Rewrite, Setup};
use crate::tui::row::{bracketed, method, split_prefix};
use crate::tui::screenful::Chosen;
use crate::tui::text::{Runs, cut_middle, run};
use crate::tui::theme::Tone;

/// The lanes as lines, one under the other, for narrow screens.
pub(in crate::tui) fn stacked(chosen: &Chosen, setup: &Setup, width: usize, reveal: bool) -> Vec<(Runs, String)> {
    let lanes = &chosen.lanes;
    let (prefix, rest) = split_prefix(lanes, reveal);
    let mut url = vec![run(Tone::Title, method(lanes)), run(Tone::Dim, format!(" {} ", origin(lanes)))];
    url.extend(bracketed(&prefix, &cut_middle(&rest, width.saturating_sub(40).max(12))));
    let mut path = vec![run(Tone::Text, stacked_path(lanes, width))];
    path.push(run(Tone::Changed, format!("   {}", rewrite_words(lanes))));
    [
        ("1 URL  ", url, source_word(lanes, setup, 0)),
        ("2 HDRS ", stacked_headers(lanes, reveal), source_word(lanes, setup, 1)),
        ("3 PATH ", path, source_word(lanes, setup, 2)),
        ("4 SCOPE", stacked_scope(lanes), source_word(lanes, setup, 3)),
        ("  RESP ", answer(chosen, reveal), String::new()),
        ("  TRUST", stacked_trust(lanes), String::new()),
        ("  CHAIN", vec![run(Tone::Text, chain(chosen, setup))], String::new()),
    ]
    .into_iter()
    .map(|(label, runs, source)| {
        let mut line = vec![run(Tone::Dim, format!("{label}  "))];
        line.extend(runs);
        (line, source)
    })
    .collect()
}

fn stacked_path(lanes: &Lanes, width: usize) -> String {
    let room = width.saturating_sub(36) / 2;
    let text =
        |path: &Option<Vec<u8>>| path.as_ref().map_or_else(|| "?".to_owned(), |path| cut_middle(&visible(path), room));
    match lanes.rewritten.rewrite {
        Rewrite::NeverReached => text(&lanes.rewritten.incoming),
        Rewrite::Unknown => {
            text(if lanes.rewritten.outgoing.is_some() { &lanes.rewritten.outgoing } else { &lanes.rewritten.incoming })
        }
        _ => format!("{} → {}", text(&lanes.rewritten.incoming), text(&lanes.rewritten.outgoing)),
    }
}

/// What changed first, then what is absent; what passed as it was is left out.
fn stacked_headers(lanes: &Lanes, reveal: bool) -> Runs {
    let fields = &lanes.forwarded.fields;
    let changed = fields.iter().filter(|field| !matches!(field.change, Change::Same | Change::Absent));
    let absent = fields.iter().filter(|field| field.change == Change::Absent);
    let mut runs = Vec::new();
    for field in changed.chain(absent) {
        let (sign, tone) = change_sign(&field.change);
        let name = short_name(&visible(field.name.as_bytes()));
        let value = match &field.value {
            Some(value) => format!(" {}", cut_middle(&shown_value(field.name.as_bytes(), value, reveal), 24)),
            None => String::new(),
        };
        let sign = if sign == ' ' { String::new() } else { sign.to_string() };
        runs.push(run(tone, format!("{sign}{name}{value}  ")));
    }
    if runs.is_empty() {
        runs.push(run(Tone::Dim, "none changed"));
    }
    runs
}

fn stacked_scope(lanes: &Lanes) -> Runs {
    match (&lanes.scope.outcome, &lanes.scope.view) {
        (None, _) => vec![run(Tone::Dim, unseen(lanes))],
        (Some(Outcome::Scope(scope)), view) => {
            let scope = view.as_ref().map_or(&**scope, |view| &view.scope);
            let root = visible(scope.root_path.as_bytes());
            let differs = scope.root_path != lanes.original.prefix;
            let mut runs = vec![
                run(Tone::Dim, "path="),
                run(Tone::Text, cut_middle(&visible(scope.path.as_bytes()), 22)),
                run(Tone::Dim, "  root_path="),
                run(
                    if differs { Tone::Changed } else { Tone::Text },
                    format!("{}{}", if root.is_empty() { "\"\"" } else { &root }, if differs { " ≠" } else { "" }),
                ),
            ];
            if let Some(view) = view {
                runs.push(run(Tone::Dim, "  route="));
                runs.push(run(Tone::Text, cut_middle(&visible(view.route_path.as_bytes()), 18)));
                runs.extend(match &view.route {
                    RouteMatch::None | RouteMatch::OtherMethod(_) => Some(run(Tone::Bad, " ✗")),
                    RouteMatch::Route(_) | RouteMatch::Mount(_) => Some(run(Tone::Good, " ✓")),
                    RouteMatch::Slash(_) => Some(run(Tone::Warn, " !")),
                    RouteMatch::Unknown => None,
                });
            }
            if let Some(found) = lanes.scope.model_differs.first() {
                runs.push(run(Tone::Bad, format!("  ✗ model: {}", found.key)));
            }
            runs
        }
        (Some(Outcome::Refused { status, why }), _) => {
            vec![run(Tone::Bad, format!("the server answers {status}: {}", visible(why.as_bytes())))]
        }
        (Some(Outcome::Closed { why } | Outcome::Unknown { why }), _) => {
            vec![run(Tone::Warn, visible(why.as_bytes()))]
        }
    }
}

fn stacked_trust(lanes: &Lanes) -> Runs {
    match &lanes.forwarded.trust {
        Some(verdict) => {
            let (word, tone) = if verdict.trusted { ("yes", Tone::Good) } else { ("no", Tone::Bad) };
            vec![run(tone, word), run(Tone::Dim, format!("  {}", visible(verdict.why.as_bytes())))]
        }
        None => vec![run(Tone::Dim, "not known")],
    }
}
