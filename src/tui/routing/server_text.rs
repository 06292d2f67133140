//! What each server makes of a prefix, as a table.

use super::seen::RoutesSeen;
use crate::asgi::server::Server;
use crate::dry_run::{Outlook, ServerLine, Told};
use crate::forwarded::written_name;
use crate::tui::text::{Runs, pad, run};
use crate::tui::theme::Tone;

/// Cells of the server's name, of who is told, and of the path.
const NAME: usize = 17;
const TOLD: usize = 9;
const PATH: usize = 8;

/// The table, and below it the headers that each server reads.
pub(in crate::tui) fn servers(seen: &RoutesSeen, width: usize) -> Vec<Runs> {
    let (prefix, lines) = &seen.servers;
    // Four signs on each side, under their names where there is room.
    let room = width.saturating_sub(NAME + TOLD + 2 * PATH + 2);
    let sign = (room / 8).clamp(4, 9);
    let heads = if sign < 9 { ["rt", "red", "mnt", "doc"] } else { ["route", "redirect", "mount", "docs"] };
    let side = |name: &str| {
        let heads: String = heads.iter().map(|head| pad(head, sign)).collect();
        format!("{}{heads}", pad(name, PATH))
    };
    let head = format!("{}{}{}  {}", pad("SERVER", NAME), pad("told", TOLD), side("STRIP"), side("KEEP"));
    let mut table = vec![vec![run(Tone::Dim, head)]];
    table.extend(lines.iter().map(|line| row(line, prefix, sign)));
    table.push(Vec::new());
    table.push(vec![run(Tone::Dim, format!("{}headers it reads; of whom", pad("SERVER", NAME)))]);
    let of_servers = lines.iter().filter(|line| line.told == Told::Server);
    table.extend(of_servers.map(|line| reads(&line.server)));
    table
}

fn row(line: &ServerLine, prefix: &str, sign: usize) -> Runs {
    let told = match line.told {
        Told::Server => "server",
        Told::App => "app only",
        Told::Nobody => "nobody",
    };
    let mut row = vec![run(Tone::Text, pad(&name(&line.server), NAME)), run(Tone::Dim, pad(told, TOLD))];
    row.extend(outlook(&line.strip, prefix, sign));
    row.push(run(Tone::Text, "  "));
    row.extend(outlook(&line.keep, prefix, sign));
    row
}

fn name(server: &Server) -> String {
    format!("{} {}", server.program(), server.version)
}

/// What the path looks like in the scope, and what works.
fn outlook(outlook: &Outlook, prefix: &str, sign: usize) -> Runs {
    let Outlook::Seen(works) = outlook else {
        let what = if matches!(outlook, Outlook::Refused(_)) { "refused" } else { "not known" };
        return vec![run(Tone::Dim, pad(what, PATH + 4 * sign))];
    };
    let doubled = format!("{prefix}{prefix}/");
    let path = match &works.path {
        path if path.starts_with(&doubled) => "doubled",
        path if path.starts_with(prefix) => "whole",
        _ => "bare",
    };
    // Where no route takes it, nothing behind the route can be right.
    let signs =
        [works.routed, works.redirects && works.routed, works.mounts && works.routed, works.docs && works.routed];
    let mark = |works: &bool| {
        let (tone, text) = if *works { (Tone::Good, "✓") } else { (Tone::Bad, "✗") };
        run(tone, pad(text, sign))
    };
    std::iter::once(run(Tone::Text, pad(path, PATH))).chain(signs.iter().map(mark)).collect()
}

/// The headers that a server reads, and whose.
fn reads(server: &Server) -> Runs {
    let names: Vec<String> = server.reads().into_iter().map(written_name).collect();
    let whom = server.believes().whom().join(", ");
    let text = if names.is_empty() { "none".to_owned() } else { format!("{}; {whom}", names.join(", ")) };
    vec![run(Tone::Text, pad(&name(server), NAME)), run(Tone::Dim, text)]
}
