//! The hops of a chain, each with where it was sent and what is wrong with that.

use super::hop_text::behind;
use super::list_text::growing;
use super::seen::{SeenChain, SeenHop};
use super::{shown_from, shown_url};
use crate::exchange::Half;
use crate::lanes::Author;
use crate::lanes::visible::visible;
use crate::redirect::{Chain, End, Fault, Hop, Slash, Url};
use crate::tui::row::status_tone;
use crate::tui::text::{Run, Runs, cut_end, cut_middle, pad, run};
use crate::tui::theme::Tone;

/// How the hops are written: as a table, or as lines where that does not fit.
struct Paper {
    width: usize,
    wide: bool,
    reveal: bool,
}

/// Cells of the table's columns: number and mark, status, author, Location at the app, verdict.
const NUMBER: usize = 4;
const STATUS: usize = 7;
const AUTHOR: usize = 18;
const AT_APP: usize = 32;
const VERDICT: usize = 24;
/// Cells of number and status where there is no table, and of both.
const PLAIN: (usize, usize, usize) = (3, 5, 8);

/// The hops, and what stands behind the chosen one, for a width in cells.
pub(in crate::tui) fn hops(seen: &SeenChain, width: usize, reveal: bool) -> Vec<Runs> {
    let paper = Paper { width, wide: width >= 100, reveal };
    let mut lines = paper.hops(seen);
    if let (Some(hop), Some(known)) = (seen.chain.hops().get(seen.at), seen.hops.get(seen.at)) {
        let behind = behind(hop, known, width, paper.wide, reveal);
        if paper.wide && !behind.is_empty() {
            lines.push(Vec::new());
        }
        lines.extend(behind);
    }
    lines
}

/// The same as plain text, to copy.
pub(in crate::tui) fn copied(seen: &SeenChain, reveal: bool) -> String {
    plain(hops(seen, 96, reveal))
}

/// Lines without their colours.
pub(super) fn plain(lines: impl IntoIterator<Item = Runs>) -> String {
    let text = |line: Runs| line.iter().map(|run| run.text.as_str()).collect::<String>().trim_end().to_owned() + "\n";
    lines.into_iter().map(text).collect()
}

impl Paper {
    fn hops(&self, seen: &SeenChain) -> Vec<Runs> {
        let all = seen.chain.hops();
        let Some(first) = all.first() else { return Vec::new() };
        let mut lines = if self.wide { vec![heads()] } else { Vec::new() };
        lines.push(self.asked(first));
        let shown = once_round(&seen.chain);
        for (index, (hop, known)) in all.iter().zip(&seen.hops).take(shown).enumerate() {
            // Of a very long chain the middle is left out.
            let left_out = seen.chain.requests() > all.len() && index + 1 == all.len();
            if left_out {
                lines.push(vec![run(Tone::Dim, format!("    … {} more", seen.chain.requests() - all.len()))]);
            }
            let number = if left_out { seen.chain.requests() } else { index + 1 };
            lines.extend(self.hop(number, index == seen.at, hop, known, all.get(index + 1)));
        }
        lines.extend(self.end(&seen.chain));
        lines
    }

    /// `0   GET     client   …   https://example.com/api/v1/items`
    fn asked(&self, first: &Hop) -> Runs {
        let method = visible(&first.method);
        let url = shown_url(&first.url, self.reveal);
        if self.wide {
            let blank = " ".repeat(AUTHOR + AT_APP - 6);
            let lead = format!("{}{}client{blank}", pad("0", NUMBER), pad(&method, STATUS + 1));
            let room = self.width.saturating_sub(lead.len());
            return vec![run(Tone::Dim, lead), run(Tone::Title, cut_middle(&url, room))];
        }
        let lead = format!("{}{} ", pad("0", PLAIN.0), pad(&method, PLAIN.1 - 1));
        vec![run(Tone::Dim, lead.clone()), run(Tone::Title, cut_middle(&url, self.width.saturating_sub(lead.len())))]
    }

    fn hop(&self, number: usize, chosen: bool, hop: &Hop, known: &SeenHop, next: Option<&Hop>) -> Vec<Runs> {
        let (mark, tone) = if chosen { ("▶", Tone::Focus) } else { (" ", Tone::Dim) };
        let status = hop.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
        let (number_cells, status_cells) = if self.wide { (NUMBER, STATUS + 1) } else { (PLAIN.0, PLAIN.1) };
        let lead = vec![
            run(tone, pad(&format!("{number}{mark}"), number_cells)),
            run(status_tone(hop.status), pad(&status, status_cells)),
        ];
        let Some(sent) = &hop.sent else { return vec![self.answer(lead, hop, known)] };
        let faults = hop.faults();
        let mut lines = if self.wide {
            vec![self.table_row(lead, hop, &sent.target, known, next)]
        } else {
            self.plain_rows(lead, hop, &sent.target, known, next)
        };
        lines.extend(faults.iter().map(|fault| self.fault(fault, hop, known)));
        lines
    }

    /// What came at the end.
    fn answer(&self, mut lead: Runs, hop: &Hop, known: &SeenHop) -> Runs {
        let by = author(known);
        let what = match (hop.redirects, hop.status) {
            (true, _) => "the Location is no URL of a host".to_owned(),
            (false, None) => "no answer".to_owned(),
            (false, Some(_)) => shown_url(&hop.url, self.reveal),
        };
        if self.wide {
            lead.push(run(Tone::Text, pad(&by, AUTHOR + AT_APP)));
            let room = self.width.saturating_sub(NUMBER + STATUS + 1 + AUTHOR + AT_APP + VERDICT);
            lead.push(run(Tone::Text, pad(&cut_middle(&what, room.saturating_sub(1)), room)));
            lead.push(verdict_of(hop.status));
            return lead;
        }
        let by = format!("  by {by}");
        let room = self.width.saturating_sub(PLAIN.2 + by.chars().count());
        lead.push(run(Tone::Text, cut_middle(&what, room)));
        lead.push(run(Tone::Dim, by));
        lead
    }

    fn table_row(&self, mut lead: Runs, hop: &Hop, target: &Url, known: &SeenHop, next: Option<&Hop>) -> Runs {
        let room = self.width.saturating_sub(NUMBER + STATUS + 1 + AUTHOR + AT_APP + VERDICT);
        let app = match (&hop.sent_by_app, at_app(known)) {
            (Some(other), _) => shown_url(&other.target, self.reveal),
            (None, true) => shown_url(target, self.reveal),
            (None, false) => "-".to_owned(),
        };
        lead.push(run(Tone::Text, pad(&author(known), AUTHOR)));
        let tone = if hop.sent_by_app.is_some() { Tone::Changed } else { Tone::Text };
        lead.push(run(tone, pad(&cut_middle(&app, AT_APP - 1), AT_APP)));
        lead.push(run(Tone::Text, pad(&cut_middle(&shown_url(target, self.reveal), room.saturating_sub(1)), room)));
        lead.push(said(hop, known, next));
        lead
    }

    fn plain_rows(&self, mut lead: Runs, hop: &Hop, target: &Url, known: &SeenHop, next: Option<&Hop>) -> Vec<Runs> {
        let by = format!("  by {}", author(known));
        let room = self.width.saturating_sub(PLAIN.2 + by.chars().count());
        lead.push(run(Tone::Text, pad(&cut_middle(&shown_url(target, self.reveal), room), room)));
        lead.push(run(Tone::Dim, by));
        let said = said(hop, known, next);
        let mut lines = vec![lead];
        if let Some(other) = &hop.sent_by_app {
            let was = format!("app    {}", shown_url(&other.target, self.reveal));
            lines.push(vec![
                run(Tone::Dim, " ".repeat(PLAIN.2)),
                run(Tone::Changed, cut_middle(&was, self.width.saturating_sub(PLAIN.2))),
            ]);
        }
        // That it was not rewritten shows in its being wrong.
        if hop.sent_by_app.is_some() || next.is_some_and(|next| next.method != hop.method) {
            lines.push(vec![run(Tone::Dim, " ".repeat(PLAIN.2)), said]);
        }
        lines
    }

    /// `scheme http, want https   ✗ RD02`: with the code where the finding is there, else with what it would be.
    fn fault(&self, fault: &Fault, hop: &Hop, known: &SeenHop) -> Runs {
        let found = known.findings().iter().any(|finding| finding.code == fault.code);
        let (tone, sign) = match (found, fault.sure) {
            (true, _) => (Tone::Bad, "✗ "),
            (false, true) => (Tone::Bad, "✗ as "),
            (false, false) => (Tone::Warn, "? as "),
        };
        let said = visible(format!("{} {}", pad(fault.part, 6), fault.said).as_bytes());
        let verdict = run(tone, format!("{sign}{}", fault.code));
        if !self.wide {
            let room = self.width.saturating_sub(PLAIN.2 + 12);
            let said = pad(&cut_end(&said, room.saturating_sub(1)), room);
            return vec![run(Tone::Dim, " ".repeat(PLAIN.2)), run(Tone::Text, said), verdict];
        }
        let room = self.width.saturating_sub(NUMBER + STATUS + 1 + AUTHOR + VERDICT);
        let carets =
            if hop.sent_by_app.is_none() && at_app(known) { carets(fault, hop, self.reveal) } else { String::new() };
        vec![
            run(Tone::Dim, " ".repeat(NUMBER + STATUS + 1 + AUTHOR)),
            run(tone, pad(&carets, AT_APP)),
            run(Tone::Text, pad(&cut_end(&said, room.saturating_sub(AT_APP + 1)), room.saturating_sub(AT_APP))),
            verdict,
        ]
    }

    /// What came of it, where that is no answer.
    fn end(&self, chain: &Chain) -> Vec<Runs> {
        let indent = if self.wide { NUMBER } else { PLAIN.0 };
        let line = |tone, text: String| vec![run(Tone::Dim, " ".repeat(indent)), run(tone, text)];
        let mut lines = match chain.end() {
            End::Circle(length) => {
                let said = format!("round again, period {length}: {} requests so far", chain.requests());
                vec![line(Tone::Bad, said)]
            }
            End::NotSeen(_) => vec![line(Tone::Warn, "nobody was seen to ask for it".to_owned())],
            End::Answer(_) | End::Nowhere => Vec::new(),
        };
        if let Some(grown) = chain.grows() {
            lines.push(line(Tone::Bad, format!("{} grows with every hop", growing(grown))));
        }
        lines
    }
}

fn heads() -> Runs {
    let heads =
        [("hop", NUMBER), ("STATUS", STATUS + 1), ("WHO SENT IT", AUTHOR), ("LOCATION AS THE APP SENT IT", AT_APP)];
    let text: String = heads.iter().map(|(name, width)| pad(name, *width)).collect();
    vec![run(Tone::Dim, format!("{text}LOCATION AS THE CLIENT SAW IT"))]
}

/// How many hops show the whole circle; all, where there is none.
fn once_round(chain: &Chain) -> usize {
    let all = chain.hops();
    let Some(length) = chain.circle().filter(|_| matches!(chain.end(), End::Circle(_))) else { return all.len() };
    let again = all.iter().zip(all.iter().skip(length)).position(|(hop, later)| hop.url.same_resource(&later.url));
    again.unwrap_or(0) + length
}

/// Who wrote an answer.
fn author(known: &SeenHop) -> String {
    known.known.as_ref().map_or_else(|| "?".to_owned(), |(_, lanes)| visible(lanes.answer.by.word().as_bytes()))
}

/// True if the answer was seen behind the proxy.
fn at_app(known: &SeenHop) -> bool {
    known.known.as_ref().is_some_and(|(_, lanes)| lanes.answer.location_at_app.is_some())
}

/// What there is to say of a redirect on the whole.
fn said(hop: &Hop, known: &SeenHop, next: Option<&Hop>) -> Run {
    let wrong = hop.faults().iter().any(|fault| fault.sure);
    let by_app =
        known.known.as_ref().is_some_and(|(_, lanes)| matches!(lanes.answer.by, Author::App(_) | Author::Server(_)));
    let changed = next.filter(|next| next.method != hop.method);
    let slash = hop.sent.as_ref().and_then(|sent| sent.slash);
    if hop.sent_by_app.is_some() {
        let by = rewriter(known).map_or_else(|| "on its way".to_owned(), |by| format!("by {by}"));
        return run(if wrong { Tone::Bad } else { Tone::Changed }, format!("rewritten {by}"));
    }
    if wrong && by_app && at_app(known) {
        return run(Tone::Warn, "not rewritten on its way");
    }
    if let Some(next) = changed {
        return run(Tone::Warn, format!("{}→{}", visible(&hop.method), visible(&next.method)));
    }
    match slash {
        _ if wrong => run(Tone::Text, ""),
        Some(Slash::Added) => run(Tone::Good, "✓ slash added"),
        Some(Slash::Removed) => run(Tone::Good, "✓ slash removed"),
        None => run(Tone::Good, "✓"),
    }
}

/// Who put another Location in the place of the app's: the program that names itself where the app's server did not.
fn rewriter(known: &SeenHop) -> Option<String> {
    let exchange = &known.known.as_ref()?.0.exchange;
    let named = server(exchange.edge.as_deref())?;
    let program = named.split(|&b| b == b'/').next().filter(|_| server(exchange.app.as_deref()) != Some(named))?;
    Some(visible(program).to_ascii_lowercase())
}

/// The `Server` field of an answer.
fn server(half: Option<&Half>) -> Option<&[u8]> {
    half?.response.as_ref()?.get("server")
}

fn verdict_of(status: Option<u16>) -> Run {
    match status {
        Some(status) if status < 400 => run(Tone::Good, "✓"),
        _ => run(Tone::Bad, "✗"),
    }
}

/// Marks the part that is meant below the URL, where the URL is shown whole.
fn carets(fault: &Fault, hop: &Hop, reveal: bool) -> String {
    let Some(sent) = &hop.sent else { return String::new() };
    let target = &sent.target;
    if shown_url(target, reveal).chars().count() >= AT_APP {
        return String::new();
    }
    let scheme = target.scheme.len();
    let host = target.host.chars().count();
    let port = target.port.map_or(0, |port| port.to_string().len() + 1);
    let path = shown_from(target, target, reveal).chars().count();
    let (start, length) = match fault.part {
        "scheme" => (0, scheme),
        "host" => (scheme + 3, host + port),
        "port" => (scheme + 3 + host, port.max(1)),
        _ => (scheme + 3 + host + port, path),
    };
    " ".repeat(start) + &"^".repeat(length)
}
