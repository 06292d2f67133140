//! A chain of redirects that was followed: text, JSON, Markdown, and what it comes to.

mod json;
mod text;

use std::io::{self, Write};

use super::{Style, words};
use crate::diagnosis::{Severity, pages};
use crate::exchange::{Ending, Exchange, Half};
use crate::lanes::visible::visible;
use crate::lanes::{self, Setup};
use crate::redirect::{Chain, Fault, Hop, Remark, Url, remarks};

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainFormat {
    /// The hops, one below the other.
    Text,
    /// One JSON object; its shape is documented in `assets/schema/follow.schema.json`.
    Json,
    /// A Markdown section.
    Markdown,
    /// Nothing.
    Silent,
}

/// A chain that was followed by hopscope itself.
#[derive(Clone, Copy, Debug)]
pub struct ShownChain<'a> {
    /// The chain.
    pub chain: &'a Chain,
    /// The requests with what came back, one for each hop.
    pub exchanges: &'a [Exchange],
    /// What is known of the set-up: of the client's side, next to nothing.
    pub setup: &'a Setup,
    /// True if it was given up at the most redirects allowed.
    pub given_up: bool,
}

/// What a chain comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The code, e.g. `RD02`.
    pub code: &'static str,
    /// Its title.
    pub title: &'static str,
    /// How bad: a note where it may be meant so.
    pub severity: Severity,
}

impl Verdict {
    fn of(code: &'static str, sure: bool) -> Self {
        let page = pages::find(code).map(|page| (page.title, page.severity));
        let (title, severity) = page.unwrap_or(("", Severity::Error));
        Self { code, title, severity: if sure { severity } else { Severity::Note } }
    }
}

/// One hop with all that is said of it.
struct ShownHop<'a> {
    /// From 1.
    number: usize,
    hop: &'a Hop,
    half: Option<&'a Half>,
    by: String,
    faults: Vec<Fault>,
    remarks: Vec<Remark>,
}

impl<'a> ShownHop<'a> {
    fn target(&self) -> Option<&'a Url> {
        self.hop.sent.as_ref().map(|sent| &sent.target)
    }

    /// Why there is no answer.
    fn failure(&self) -> Option<&'a str> {
        match &self.half?.ending {
            Ending::NoUpstream(why) => Some(why),
            _ => None,
        }
    }
}

impl<'a> ShownChain<'a> {
    /// What it comes to: each code once, the worst first.
    pub fn verdicts(&self) -> Vec<Verdict> {
        let hops = self.hops();
        let faults = hops.iter().flat_map(|hop| &hop.faults).map(|fault| (fault.code, fault.sure));
        // Where a login leads back to is always worth a word; the rest only if it breaks something.
        let remarks = hops.iter().flat_map(|hop| &hop.remarks).filter(|one| one.wrong || one.about == "login");
        let remarks = remarks.map(|remark| (remark.code, remark.wrong));
        let circle = self.chain.circle().map(|_| ("RD06", true));
        let grows = self.chain.grows().map(|_| ("RD08", true));
        let all = circle.into_iter().chain(grows).chain(faults).chain(remarks);
        let mut verdicts: Vec<Verdict> = Vec::new();
        for verdict in all.map(|(code, sure)| Verdict::of(code, sure)) {
            match verdicts.iter_mut().find(|known| known.code == verdict.code) {
                Some(known) => known.severity = known.severity.max(verdict.severity),
                None => verdicts.push(verdict),
            }
        }
        verdicts.sort_by_key(|verdict| std::cmp::Reverse(verdict.severity));
        verdicts
    }

    fn hops(&self) -> Vec<ShownHop<'a>> {
        let left_out = self.chain.requests().saturating_sub(self.chain.hops().len());
        let last = self.chain.hops().len().saturating_sub(1);
        let hops = self.chain.hops().iter().enumerate();
        hops.map(|(index, hop)| {
            let exchange = self.exchanges.iter().find(|exchange| exchange.id == hop.exchange);
            let half = exchange.and_then(Exchange::outer);
            let response = half.and_then(|half| Some((&half.request, half.response.as_ref()?)));
            let said = response.zip(hop.sent.as_ref());
            let said = said.map(|((request, response), sent)| remarks(&hop.asked(), sent, request, response));
            let by = exchange.map(|exchange| lanes::compute(exchange, self.setup).answer.by);
            ShownHop {
                // Of a very long chain the middle is left out.
                number: if index == last { index + left_out + 1 } else { index + 1 },
                hop,
                half,
                by: by.map_or_else(String::new, |by| visible(by.word().as_bytes())),
                faults: hop.faults(),
                remarks: said.unwrap_or_default(),
            }
        })
        .collect()
    }
}

/// Writes a chain.
///
/// # Errors
/// What writing to `out` gives.
pub fn chain(format: ChainFormat, style: &Style, shown: ShownChain<'_>, out: &mut impl Write) -> io::Result<()> {
    match format {
        ChainFormat::Text => text::write(shown, style, out),
        ChainFormat::Markdown => text::markdown(shown, style, out),
        ChainFormat::Json => writeln!(out, "{}", json::object(shown, style)),
        ChainFormat::Silent => Ok(()),
    }
}

/// A URL, secrets hidden unless they are asked for.
fn url(url: &Url, style: &Style) -> String {
    words::url(url.to_string().as_bytes(), style)
}

#[cfg(test)]
mod tests;
