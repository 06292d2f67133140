//! A chain for people.

use std::io::{self, Write};

use super::super::{Style, words};
use super::{ShownChain, ShownHop, Verdict, url};
use crate::diagnosis::Severity;
use crate::lanes::visible::visible;
use crate::redirect::{End, Grown};

/// What the client's side never shows.
const HONEST: &str = "Seen from the client alone: which Host and X-Forwarded-* the app got, and whether it believed them, shows\n\
                      hopscope tap. hopscope rules CODE says what a code means and what to change.";

pub(super) fn write(shown: ShownChain<'_>, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let hops = shown.hops();
    for hop in &hops {
        write_hop(hop, style, out)?;
    }
    for line in ends(shown) {
        writeln!(out, "   {line}")?;
    }
    let verdicts = shown.verdicts();
    writeln!(out)?;
    if verdicts.is_empty() {
        return nothing_wrong(shown, style, out);
    }
    for verdict in &verdicts {
        writeln!(out, "{} {}{}", colored_code(verdict, style), verdict.title, doubt(verdict))?;
    }
    writeln!(out, "\n{HONEST}")
}

pub(super) fn markdown(shown: ShownChain<'_>, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let plain = Style { color: false, ..style.clone() };
    let hops = shown.hops();
    let Some(first) = hops.first() else { return Ok(()) };
    let code = |text: String| format!("`{}`", text.replace('`', "'"));
    let method = visible(&first.hop.method);
    writeln!(out, "### {}\n", code(format!("{method} {}", url(&first.hop.url, &plain))))?;
    writeln!(out, "```text")?;
    for hop in &hops {
        write_hop(hop, &plain, out)?;
    }
    for line in ends(shown) {
        writeln!(out, "   {line}")?;
    }
    writeln!(out, "```\n")?;
    for verdict in shown.verdicts() {
        writeln!(out, "- **{} {}**{}", verdict.code, verdict.title, doubt(&verdict))?;
    }
    Ok(())
}

/// `1  GET http://…` and below it what came back.
fn write_hop(hop: &ShownHop<'_>, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let asked = format!("{} {}", visible(&hop.hop.method), url(&hop.hop.url, style));
    writeln!(out, "{:<3}{}", hop.number, words::colored(&asked, "1", style))?;
    let by = if hop.by.is_empty() || hop.by == "?" { String::new() } else { format!("  by {}", hop.by) };
    let arrow = if style.ascii { "->" } else { "→" };
    match (hop.hop.status, hop.target(), hop.failure()) {
        (Some(status), Some(target), _) => writeln!(out, "   {status} {arrow} {}{by}", url(target, style))?,
        (Some(status), None, _) if hop.hop.redirects => writeln!(out, "   {status}, and its Location is no URL{by}")?,
        (Some(status), None, _) => writeln!(out, "   {status}{by}")?,
        (None, _, why) => writeln!(out, "   no answer: {}", visible(why.unwrap_or("not known").as_bytes()))?,
    }
    for fault in &hop.faults {
        let sign = sign(if fault.sure { Severity::Error } else { Severity::Note }, style);
        let said = visible(fault.said.as_bytes());
        writeln!(out, "     {sign} {:<14}{said}  {}", fault.part, fault.code)?;
    }
    for remark in &hop.remarks {
        let (sign, code) =
            if remark.wrong { (sign(Severity::Error, style), remark.code) } else { (" ".to_owned(), "") };
        let line = format!("     {sign} {:<14}{}  {code}", remark.about, visible(&remark.said));
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// What is said where no redirect is wrong: its end may be no good all the same.
fn nothing_wrong(shown: ShownChain<'_>, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let ok = words::colored(ok(style), "32", style);
    match (shown.chain.redirects(), shown.chain.end()) {
        (0, End::Answer(None)) => writeln!(out, "{} nobody answered", sign(Severity::Error, style)),
        (0, _) => writeln!(out, "{ok} no redirect"),
        (_, End::Answer(None)) => {
            writeln!(
                out,
                "{} nobody answers where it leads; nothing else is wrong with it",
                sign(Severity::Error, style)
            )
        }
        (_, End::Answer(Some(status))) if status >= 400 => {
            writeln!(out, "{ok} nothing wrong with the redirects; they lead to a {status}")
        }
        _ => writeln!(out, "{ok} nothing wrong with the redirects"),
    }
}

/// How the chain ends, where the last hop does not say it.
fn ends(shown: ShownChain<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    if let End::Circle(length) = shown.chain.end() {
        lines.push(format!("and round again: a circle of {length}, seen three times"));
    } else if shown.given_up {
        lines.push(format!("given up after {} redirects (--max-hops)", shown.chain.requests() - 1));
    }
    match shown.chain.grows() {
        Some(Grown::Path(piece)) => lines.push(format!("the path grows by {} each time", visible(piece))),
        Some(Grown::Parameter(name)) => lines.push(format!("{}= holds the URL before, each time", visible(name))),
        None => {}
    }
    lines
}

fn doubt(verdict: &Verdict) -> &'static str {
    if verdict.severity == Severity::Note { "  (may be meant so)" } else { "" }
}

fn colored_code(verdict: &Verdict, style: &Style) -> String {
    let sgr = match verdict.severity {
        Severity::Error => "31",
        Severity::Warn => "33",
        Severity::Note => "2",
    };
    words::colored(verdict.code, sgr, style)
}

fn sign(severity: Severity, style: &Style) -> String {
    let (sign, plain, sgr) = if severity == Severity::Error { ("✗", "X", "31") } else { ("?", "?", "33") };
    words::colored(if style.ascii { plain } else { sign }, sgr, style)
}

fn ok(style: &Style) -> &'static str {
    if style.ascii { "ok" } else { "✓" }
}
