//! A fix held against the running app: hopscope plays the proxy, once as it is and once as it would be, and whoever calls
//! sends what comes out of it to the app's server.
//!
//! ```text
//! recorded request ─▶ proxy of today ──▶ ask(Before) ─▶ way back ─▶ lanes, findings ─┐
//!                  └▶ changed proxy ───▶ ask(After) ──▶ way back ─▶ lanes, findings ─┴▶ mended? broken?
//! ```
//!
//! This file exists so that a proof judges by the same question as a prediction; only the answers are the app's own.

use std::sync::Arc;

use super::applied::Fixed;
use super::candidates::{Aim, prefix_of};
use super::replay::{Replayed, Underway, depart, finish};
use super::search::{Question, is_broken};
use super::seen::Seen;
use super::wording;
use crate::diagnosis::{Change, Finding, Fix, Severity, Trial, shown};
use crate::exchange::{Body, Exchange, ExchangeId, Half, ResponseHead};
use crate::lanes::secrets::redact_url;
use crate::lanes::{Lanes, Setup};

/// Requests that a fix is held against, the broken one included.
pub const MOST_SENT: usize = 24;

/// What is to be proven: that a fix mends a finding.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The finding.
    pub finding: &'a Finding,
    /// Its fix.
    pub fix: &'a Fix,
    /// All that was found on its exchange.
    pub found: &'a [Finding],
    /// The exchange that it was found on.
    pub exchange: &'a Arc<Exchange>,
    /// Others to hold it against: of the same cause, and healthy ones.
    pub others: &'a [Arc<Exchange>],
    /// The set-up that they ran through.
    pub setup: &'a Setup,
}

/// Which server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The app's server as it runs.
    Before,
    /// The one with the fix; the same where the fix does not change the server.
    After,
}

/// Sends a request to the app's server and gives its answer. The half is the app's side of the exchange, unanswered: its
/// `request` and `request_body` are what is to be sent. The error is a sentence; it ends the proof.
pub type Ask<'a> = dyn FnMut(Stage, &Half) -> Result<(ResponseHead, Body), String> + 'a;

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Every request, the one of the finding first.
    pub requests: Vec<Compared>,
    /// What the fix does; or why it is not proven, a sentence.
    pub outcome: Result<Trial, String>,
}

/// One request before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Which exchange it repeats.
    pub exchange: ExchangeId,
    /// Its method.
    pub method: Vec<u8>,
    /// What it asks for, as the client writes it.
    pub target: Vec<u8>,
    /// What came with the proxy as it is; `None` if it is not known what the proxy does with it.
    pub before: Option<Came>,
    /// What came with the fix.
    pub after: Option<Came>,
    /// What the fix does to it.
    pub became: Became,
}

/// What the client got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Came {
    /// The status.
    pub status: Option<u16>,
    /// `Location`.
    pub location: Option<Vec<u8>>,
    /// The codes of what is wrong with it, notes left out.
    pub codes: Vec<&'static str>,
}

/// What a fix does to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// It was wrong and is right.
    Mended,
    /// It was right and stays so.
    Kept,
    /// It is wrong as before.
    StillWrong,
    /// It was right and is wrong.
    Broken,
    /// Something else is wrong with it, before and after.
    Beside,
    /// It is not known what the proxy does with it.
    Unknown,
}

impl Became {
    /// The words on screen and in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Mended => "mended",
            Self::Kept => "as before",
            Self::StillWrong => "still wrong",
            Self::Broken => "broken by it",
            Self::Beside => "another cause",
            Self::Unknown => "not known",
        }
    }
}

/// True for a request that may be sent again without asking: it changes nothing (RFC 9110 section 9.2.1) and is no handshake.
pub fn is_harmless(exchange: &Exchange) -> bool {
    exchange
        .outer()
        .is_some_and(|half| matches!(half.request.method(), b"GET" | b"HEAD") && !half.request.is_websocket())
}

/// True if a fix changes how the app's server is started.
pub fn changes_server(fix: &Fix) -> bool {
    fix.changes.iter().any(|change| change.of_server().is_some())
}

/// Why a fix cannot be proven by sending requests, a few words; `None` if it can. `second` says that a second server may be
/// started.
pub fn hindrance(fix: &Fix, second: bool) -> Option<&'static str> {
    if fix.changes.is_empty() {
        Some("it is advice that hopscope cannot try")
    } else if fix.changes.iter().any(|change| matches!(change, Change::App(_))) {
        Some("it changes the app's code: change it, and look again")
    } else if changes_server(fix) && !second {
        Some("it changes the server: hopscope fix --try-server proves it on a second one")
    } else {
        None
    }
}

/// Sends the requests of a claim, each before and after, and compares.
///
/// # Errors
/// A sentence: a change that cannot be made, or what `ask` fails with.
pub fn prove(claim: &Claim<'_>, ask: &mut Ask<'_>) -> Result<Proof, String> {
    let Claim { finding, exchange, setup, .. } = *claim;
    let (today, fixed) = (Fixed::new(&[], exchange, setup)?, Fixed::new(&claim.fix.changes, exchange, setup)?);
    let mut learning = setup.clone();
    let others = claim.others.iter().filter(|other| other.id != exchange.id).take(MOST_SENT - 1);
    let recorded: Vec<Seen> =
        std::iter::once(exchange).chain(others).map(|exchange| Seen::new(exchange, &mut learning)).collect();
    let mut before = Vec::with_capacity(recorded.len());
    let mut unknown = Vec::new();
    for seen in &recorded {
        match live(seen, setup, &today, &recorded, Stage::Before, ask)? {
            Some(exchange) => before.push((seen, Seen::new(&Arc::new(exchange), &mut learning))),
            None => unknown.push(Compared::new(seen, None, None, Became::Unknown)),
        }
    }
    let (was, now): (Vec<&Seen>, Vec<Seen>) = before.into_iter().unzip();
    let Some((first, rest)) = now.split_first().filter(|(first, _)| first.exchange.id == exchange.id) else {
        return Ok(Proof {
            requests: unknown,
            outcome: Err("what the proxy does with the request is not known".to_owned()),
        });
    };
    let prefix = prefix_of(finding, first);
    let codes: Vec<&'static str> = claim.found.iter().map(|finding| finding.code).collect();
    let question = Question { finding, codes: &codes, seen: first, others: rest, setup, prefix: &prefix };
    let judge = Judge { question: &question, setup };
    let mut requests = Vec::with_capacity(recorded.len());
    let mut result = String::new();
    for (was, now_seen) in was.iter().zip(&now) {
        let after = live(now_seen, setup, &fixed, &now, Stage::After, ask)?;
        let after = after.map(|exchange| finish(&exchange, &mut fixed.setup.clone()));
        if let (true, Some(after)) = (requests.is_empty(), &after) {
            result = said(finding, after);
        }
        requests.push(judge.compared(was, now_seen, after.as_ref()));
    }
    requests.extend(unknown);
    let outcome = outcome(&requests, result);
    Ok(Proof { requests, outcome })
}

/// Sends a request through the set-up as it is: the exchange with what the app really answers. `None` where it is not known
/// what the proxy does with it.
///
/// # Errors
/// What `ask` fails with.
pub fn record(exchange: &Arc<Exchange>, setup: &Setup, ask: &mut Ask<'_>) -> Result<Option<Exchange>, String> {
    let today = Fixed::new(&[], exchange, setup)?;
    live(&Seen::new(exchange, &mut setup.clone()), setup, &today, &[], Stage::Before, ask)
}

/// Sends one request through the set-up. `None` where it is not known what the proxy does with it.
fn live(
    seen: &Seen,
    setup: &Setup,
    fixed: &Fixed,
    neighbours: &[Seen],
    stage: Stage,
    ask: &mut Ask<'_>,
) -> Result<Option<Exchange>, String> {
    let at_the_app = match depart(seen, setup, fixed, neighbours) {
        None => return Ok(None),
        Some(Underway::Over(exchange)) => return Ok(Some(exchange)),
        Some(Underway::AtTheApp(at_the_app)) => at_the_app,
    };
    let Some(half) = at_the_app.exchange.app.as_deref() else { return Ok(None) };
    let (head, body) = ask(stage, half)?;
    Ok(at_the_app.answered(seen, fixed, &head, body))
}

/// `200, route /items/`
fn said(finding: &Finding, after: &Replayed) -> String {
    let result = wording::result(Aim::of(finding.code), after);
    match after.status.map(|status| status.to_string()) {
        Some(status) if !result.starts_with(&status) => format!("{status}, {result}"),
        _ => result,
    }
}

/// What says whether a request is mended.
struct Judge<'a> {
    question: &'a Question<'a>,
    setup: &'a Setup,
}

impl Judge<'_> {
    fn compared(&self, recorded: &Seen, before: &Seen, after: Option<&Replayed>) -> Compared {
        let became = after.map_or(Became::Unknown, |after| self.became(recorded, before, after));
        let came = Came::of(&before.lanes, &before.findings);
        let after = after.map(|after| Came::of(&after.lanes, &after.findings));
        Compared::new(recorded, Some(came), after, became)
    }

    fn became(&self, recorded: &Seen, before: &Seen, after: &Replayed) -> Became {
        let cause = self.question.finding.cause();
        let asked_for = recorded.exchange.id == self.question.seen.exchange.id;
        let of_cause = |seen: &Seen| seen.findings.iter().any(|finding| finding.cause() == cause);
        if asked_for || of_cause(before) {
            let is_right = after.status.is_some_and(|status| status < 400);
            // Where the models do not know, the app's own answer does.
            return match self.question.is_mended(before, after) {
                Some(true) => Became::Mended,
                None if is_right => Became::Mended,
                Some(false) | None => Became::StillWrong,
            };
        }
        if !before.is_fine() {
            return Became::Beside;
        }
        match is_broken(before, after, self.setup) {
            Some(true) => Became::Broken,
            Some(false) => Became::Kept,
            None => Became::Unknown,
        }
    }
}

/// What all of them come to.
fn outcome(requests: &[Compared], result: String) -> Result<Trial, String> {
    let count = |wanted: Became| requests.iter().filter(|one| one.became == wanted).count();
    let first_that = |wanted: Became| requests.iter().find(|one| one.became == wanted);
    let told = |one: &Compared| {
        let came = one.after.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{} {}: {came}", shown::bytes(&one.method), shown::bytes(&redact_url(&one.target)))
    };
    if let Some(broken) = first_that(Became::Broken) {
        return Err(format!("it breaks {}", told(broken)));
    }
    if let Some(wrong) = first_that(Became::StillWrong) {
        let all = count(Became::StillWrong) + count(Became::Mended);
        return Err(format!("{} of {all} are still wrong: {}", count(Became::StillWrong), told(wrong)));
    }
    match count(Became::Mended) {
        0 => Err("no request was mended".to_owned()),
        mended => Ok(Trial { result, mended, kept: count(Became::Kept) }),
    }
}

impl Compared {
    fn new(seen: &Seen, before: Option<Came>, after: Option<Came>, became: Became) -> Self {
        let request = seen.exchange.outer().map(|half| &half.request);
        Self {
            exchange: seen.exchange.id,
            method: request.map(|head| head.method().to_vec()).unwrap_or_default(),
            target: request.map(|head| head.target().to_vec()).unwrap_or_default(),
            before,
            after,
            became,
        }
    }
}

impl Came {
    fn of(lanes: &Lanes, findings: &[Finding]) -> Self {
        let mut codes: Vec<&'static str> =
            findings.iter().filter(|finding| finding.severity != Severity::Note).map(|finding| finding.code).collect();
        codes.dedup();
        Self { status: lanes.answer.status, location: lanes.answer.location.clone(), codes }
    }
}

/// `404 PX01`, `307 to /items/`
impl std::fmt::Display for Came {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.status {
            Some(status) => write!(f, "{status}")?,
            None => f.write_str("no answer")?,
        }
        if let Some(location) = &self.location {
            write!(f, " to {}", shown::bytes(&redact_url(location)))?;
        }
        self.codes.iter().try_for_each(|code| write!(f, " {code}"))
    }
}
