//! The facts that a finding rests on.
//!
//! This module exists so that no finding has to be believed: each can show what it was concluded from, where that was seen,
//! and why it is as sure as it says.

use crate::exchange::ExchangeId;
use crate::gateway::Place;
use crate::lanes::Source;

/// One fact that a finding rests on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fact {
    /// How it is known.
    pub source: Source,
    /// The request it came from; `None` for what no request says.
    pub exchange: Option<ExchangeId>,
    /// The line of the configuration that says so.
    pub place: Option<Place>,
    /// The fact, a few words without a full stop, fit for the screen.
    pub what: String,
    /// What it was read from.
    pub ground: Ground,
}

/// What a fact was read from. Two facts from the same ground are one observation, however they are put; two from
/// different grounds are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ground {
    /// The request as the client sent it.
    Client,
    /// The request as the app's server got it.
    Forwarded,
    /// The response, its head or body.
    Answer,
    /// An earlier or later request.
    Neighbour,
    /// The proxy's configuration, or how hopscope's own stand-in was told to be.
    Proxy,
    /// How the app's server was started, and the model of what it does with that.
    Server,
    /// The app's routes, as its schema or its user says.
    Routes,
    /// The app's own word, by the probe.
    Probe,
}

impl Ground {
    /// The word in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Forwarded => "forwarded",
            Self::Answer => "answer",
            Self::Neighbour => "neighbour",
            Self::Proxy => "proxy",
            Self::Server => "server",
            Self::Routes => "routes",
            Self::Probe => "probe",
        }
    }
}

/// True if two of the facts are independent of each other.
pub(super) fn are_independent(facts: &[Fact]) -> bool {
    facts.iter().any(|fact| facts.first().is_some_and(|first| first.ground != fact.ground))
}
