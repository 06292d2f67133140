//! One hop, part by part: what was asked for, where the app sent the client, where the client was sent, and what all fixes
//! make of it.

use super::seen::SeenChain;
use crate::lanes::visible::visible;
use crate::redirect::{Fault, Hop, Judged, Url, judge};
use crate::tui::row::{shown_target, status_tone};
use crate::tui::text::{Run, Runs, cut_end, cut_middle, pad, run};
use crate::tui::theme::Tone;

/// Cells of the columns: what it is, status, scheme.
const NAME: usize = 17;
const STATUS: usize = 7;
const SCHEME: usize = 9;

/// A line of the table.
struct Line<'a> {
    name: &'static str,
    status: Option<u16>,
    url: Option<&'a Url>,
    /// The parts that are wrong, and whether that is sure.
    wrong: Vec<(&'static str, bool)>,
    /// What stands at its end where there is no URL.
    said: &'static str,
}

/// The chosen hop as a table, for a width in cells.
pub(in crate::tui) fn compare(seen: &SeenChain, width: usize, reveal: bool) -> Vec<Runs> {
    let Some(hop) = seen.chain.hops().get(seen.at) else { return Vec::new() };
    let after = seen.after();
    let mended = after.and_then(|after| judge(&hop.asked(), after.location.as_deref()?));
    let faults = hop.faults();
    let client = hop.sent.as_ref();
    // What the proxy did not rewrite the app sent as it is, where the app was seen.
    let app = hop.sent_by_app.as_ref().or(client.filter(|_| saw_the_app(seen)));
    let lines = [
        Line { name: "asked for", status: None, url: Some(&hop.url), wrong: Vec::new(), said: "" },
        Line {
            name: "the app sent",
            status: app.and(hop.status),
            url: app.map(|judged| &judged.target),
            wrong: app.map(|judged| wrong(hop, judged)).unwrap_or_default(),
            said: "not seen: no tap stands before the app, or it sent no redirect",
        },
        Line {
            name: "the client got",
            status: hop.status,
            url: client.map(|judged| &judged.target),
            wrong: parts(&faults),
            said: "no redirect",
        },
        Line {
            name: "after all fixes",
            status: after.and_then(|after| after.status),
            url: mended.as_ref().map(|judged| &judged.target),
            wrong: mended.as_ref().map(|judged| wrong(hop, judged)).unwrap_or_default(),
            said: if after.is_some() { "no redirect" } else { "not known: no fix was found that the models can try" },
        },
    ];
    let host = lines.iter().filter_map(|line| Some(shown_host(line.url?).chars().count())).max().unwrap_or(0);
    let host = (host + 3).max(7).min(width.saturating_sub(NAME + STATUS + SCHEME) / 2);
    let head = format!("{}{}{}PATH", pad("", NAME) + &pad("STATUS", STATUS), pad("SCHEME", SCHEME), pad("HOST", host));
    let mut table = vec![vec![run(Tone::Dim, cut_end(&head, width))]];
    table.extend(lines.iter().map(|line| line.runs(host, width, reveal)));
    if !faults.is_empty() {
        table.push(Vec::new());
    }
    table.extend(faults.iter().map(|fault| {
        let said = visible(format!("{} {}", pad(fault.part, 7), fault.said).as_bytes());
        let (tone, sign) = if fault.sure { (Tone::Bad, "✗ ") } else { (Tone::Warn, "? ") };
        vec![run(tone, format!("{sign}{} ", fault.code)), run(Tone::Text, cut_end(&said, width.saturating_sub(7)))]
    }));
    table
}

/// What would be wrong with a hop that led there.
fn wrong(hop: &Hop, to: &Judged) -> Vec<(&'static str, bool)> {
    let mut hop = hop.clone();
    hop.sent = Some(to.clone());
    parts(&hop.faults())
}

fn parts(faults: &[Fault]) -> Vec<(&'static str, bool)> {
    faults.iter().map(|fault| (fault.part, fault.sure)).collect()
}

/// True if the answer of the chosen hop was seen behind the proxy.
fn saw_the_app(seen: &SeenChain) -> bool {
    let lanes = seen.hops.get(seen.at).and_then(|hop| hop.known.as_ref()).map(|(_, lanes)| lanes);
    lanes.is_some_and(|lanes| lanes.answer.location_at_app.is_some())
}

impl Line<'_> {
    fn runs(&self, host: usize, width: usize, reveal: bool) -> Runs {
        let status = self.status.map_or_else(String::new, |status| status.to_string());
        let mut runs = vec![run(Tone::Dim, pad(self.name, NAME)), run(status_tone(self.status), pad(&status, STATUS))];
        let Some(url) = self.url else {
            runs.push(run(Tone::Dim, cut_end(self.said, width.saturating_sub(NAME + STATUS))));
            return runs;
        };
        let path = width.saturating_sub(NAME + STATUS + SCHEME + host);
        runs.push(self.cell(&["scheme"], &visible(url.scheme.as_bytes()), SCHEME));
        runs.push(self.cell(&["host", "port"], &shown_host(url), host));
        runs.push(self.cell(&["prefix"], &shown_target(&url.path, url.query.as_deref(), reveal), path));
        runs
    }

    /// A part, with a sign where it is wrong.
    fn cell(&self, parts: &[&str], text: &str, width: usize) -> Run {
        let wrong = self.wrong.iter().find(|(part, _)| parts.contains(part));
        let (tone, sign) = match wrong {
            None => (Tone::Text, ""),
            Some((_, true)) => (Tone::Bad, "✗ "),
            Some((_, false)) => (Tone::Warn, "? "),
        };
        run(tone, pad(&cut_middle(&format!("{sign}{text}"), width.saturating_sub(1)), width))
    }
}

/// `example.com:8000`
fn shown_host(url: &Url) -> String {
    let port = url.port.map(|port| format!(":{port}")).unwrap_or_default();
    visible(format!("{}{port}", url.host).as_bytes())
}
