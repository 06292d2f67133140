//! What a rule is: a code, a document, and a question it puts to a case.
//!
//! The document is the head comment of the rule's own file, so the text that explains a finding stands beside the code
//! that makes it and is written once.

use std::fmt;

use super::case::Case;
use super::change::Fix;
use super::fact::{self, Fact, Ground};
use super::pages::{Found, Page};
use super::shown;
use super::{Confidence, Finding, Severity};
use crate::exchange::ExchangeId;
use crate::gateway::{Code, Place};
use crate::lanes::Source;

/// One cause that can be named.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Its stable code, e.g. `PX01`.
    pub code: &'static str,
    /// Its title: a few words, lower case.
    pub title: &'static str,
    /// How bad it is, where the case itself does not say otherwise.
    pub severity: Severity,
    /// The text of the rule's file.
    pub(super) source: &'static str,
    /// Whether it holds.
    pub(super) check: fn(&Case<'_>) -> Answer,
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rule({} {})", self.code, self.title)
    }
}

impl Rule {
    /// What its code means.
    pub fn page(&self) -> Page {
        let in_configurations = Code::ALL.iter().any(|code| code.as_str() == self.code);
        let found = if in_configurations { Found::Both } else { Found::Requests };
        Page { code: self.code, title: self.title, severity: self.severity, found, source: self.source }
    }

    /// The finding made of what the check gave; which one is primary is decided later, over all of them.
    pub(super) fn finding(&self, parts: Parts) -> Finding {
        Finding {
            code: self.code,
            title: self.title,
            severity: parts.severity.unwrap_or(self.severity),
            confidence: parts.confidence(),
            why: parts.why,
            about: parts.about,
            facts: parts.facts,
            missing: parts.missing,
            fix: parts.fix,
            not: parts.not,
            primary: false,
            follows: None,
        }
    }
}

/// What a rule makes of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It does not hold.
    No,
    /// It holds.
    Yes(Parts),
    /// It holds if the client's next step (`Parts::next`) shows it, or if another exchange is found to have the same cause
    /// (`Parts::shared`); until then nothing is said.
    Wait(Parts),
    /// It cannot be told before the app's routes are known.
    NeedsRoutes,
    /// The routes are known, and it cannot be told before the app was asked what stands at this path.
    NeedsAsking,
}

/// What a rule puts into its finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    /// How sure.
    pub(super) confidence: Confidence,
    /// Other than the rule's own severity.
    pub(super) severity: Option<Severity>,
    /// The cause, in whole sentences about this request.
    pub(super) why: String,
    /// What it is about; with the code it names the cause.
    pub(super) about: String,
    /// What it rests on.
    pub(super) facts: Vec<Fact>,
    /// What would settle it.
    pub(super) missing: Option<String>,
    /// What to change, best first.
    pub(super) fix: Vec<Fix>,
    /// The popular fix that makes it worse.
    pub(super) not: Option<String>,
    /// The request that would settle it.
    pub(super) next: Option<Next>,
    /// True if any exchange that is found to have the same cause (code and `about`) settles it.
    pub(super) shared: bool,
    /// The prefix that this request speaks for; two different paths prove it.
    pub(super) proves: Option<String>,
}

/// A request that the same client will make next if the rule is right; it settles the finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Next {
    /// What it is.
    pub(super) step: Step,
    /// The path of the page it comes from; compared with the path of `Referer` where one is sent.
    pub(super) referer: Option<Vec<u8>>,
}

/// What shows that a client did not get on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It asks for one of these paths, as on the wire, and fails; each that fails settles the finding.
    Paths(Vec<Vec<u8>>),
    /// The same, and the request never comes to the app: what the app itself has not is not there.
    Astray(Vec<Vec<u8>>),
    /// It asks for something that is not below this path, says which page it comes from, and fails.
    Outside(String),
    /// It comes back without a cookie and is turned away. Other visitors may share its address: it must come from one of the
    /// host's pages, or ask for what it was redirected to.
    WithoutCookie {
        /// The cookie's name.
        name: Vec<u8>,
        /// The path that it was redirected to.
        then: Option<Vec<u8>>,
    },
}

impl Parts {
    /// A finding's parts with a cause alone.
    pub(super) fn new(confidence: Confidence, why: String) -> Self {
        Self {
            confidence,
            severity: None,
            why,
            about: String::new(),
            facts: Vec::new(),
            missing: None,
            fix: Vec::new(),
            not: None,
            next: None,
            shared: false,
            proves: None,
        }
    }

    /// How sure: two independent facts make it high, unless the rule itself is less sure, or names what is missing.
    pub(super) fn confidence(&self) -> Confidence {
        let settled = self.missing.is_none() && fact::are_independent(&self.facts);
        if settled { self.confidence } else { Confidence::Medium }
    }

    /// With what the cause is about, e.g. a prefix; findings of the same code about the same are one cause.
    pub(super) fn about(mut self, about: impl Into<String>) -> Self {
        self.about = shown::text(&about.into());
        self
    }

    /// With a fact of this very exchange.
    pub(super) fn fact(mut self, case: &Case<'_>, source: Source, ground: Ground, what: impl Into<String>) -> Self {
        let exchange = Some(case.exchange.id);
        self.facts.push(Fact { source, exchange, place: None, what: what.into(), ground });
        self
    }

    /// With a fact of another exchange.
    pub(super) fn fact_of(mut self, exchange: ExchangeId, source: Source, what: impl Into<String>) -> Self {
        let ground = Ground::Neighbour;
        self.facts.push(Fact { source, exchange: Some(exchange), place: None, what: what.into(), ground });
        self
    }

    /// With a fact that no request says: of the proxy's configuration (and its line), the server's options, the routes.
    pub(super) fn known(
        mut self,
        source: Source,
        ground: Ground,
        place: Option<Place>,
        what: impl Into<String>,
    ) -> Self {
        self.facts.push(Fact { source, exchange: None, place, what: what.into(), ground });
        self
    }

    /// Not sure, and this is what would settle it.
    pub(super) fn missing(mut self, what: impl Into<String>) -> Self {
        self.missing = Some(what.into());
        self
    }

    /// With these fixes after those there are: candidates to be tried, or (a mere line) advice.
    pub(super) fn fix(mut self, fixes: impl IntoIterator<Item = impl Into<Fix>>) -> Self {
        self.fix.extend(fixes.into_iter().map(Into::into));
        self
    }

    /// With what not to do.
    pub(super) fn not(mut self, text: impl Into<String>) -> Self {
        self.not = Some(text.into());
        self
    }

    /// With another severity than the rule's.
    pub(super) fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// With the prefix that it speaks for.
    pub(super) fn proves(mut self, prefix: &str) -> Self {
        self.proves = Some(prefix.to_owned());
        self
    }

    /// Sure no longer: what is known of the server is wrong, for this reason, and that comes before any fix.
    pub(super) fn doubt(&mut self, why: &str) {
        self.confidence = Confidence::Medium;
        let line = format!("put hopscope right first: {why}. What follows is for the server as it was known");
        self.fix.insert(0, Fix::advice(line));
    }

    /// With the request that would settle it.
    pub(super) fn next(self, path: Vec<u8>, referer: Option<Vec<u8>>) -> Self {
        self.next_any(vec![path], referer)
    }

    /// With several requests of which any would settle it.
    pub(super) fn next_any(self, paths: Vec<Vec<u8>>, referer: Option<Vec<u8>>) -> Self {
        self.until(Step::Paths(paths), referer)
    }

    /// [`Self::next_any`], by a request that never comes to the app.
    pub(super) fn next_astray(self, paths: Vec<Vec<u8>>, referer: Option<Vec<u8>>) -> Self {
        self.until(Step::Astray(paths), referer)
    }

    /// With the step that would settle it, and the page it would come from.
    pub(super) fn until(mut self, step: Step, referer: Option<Vec<u8>>) -> Self {
        self.next = Some(Next { step, referer });
        self
    }

    /// Settled by any other exchange that is found to have the same cause.
    pub(super) fn shared(mut self) -> Self {
        self.shared = true;
        self
    }
}
