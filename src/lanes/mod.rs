//! The side by side itself: the four lanes of an exchange, computed from what was observed and what is known of the
//! set-up. One value, shown by every face alike.
//!
//! This room exists so that the screen, the JSON line, `explain` and every rule read the same lanes.
//!
//! Each lane has a file with its type and how it is found; `author` says who wrote a response, `setup` what is known of
//! the whole, `provenance` where that comes from.

mod answer;
mod author;
mod compute;
mod forwarded;
mod original;
mod provenance;
mod redirected;
mod rewritten;
mod scope;
pub mod secrets;
mod setup;
pub mod visible;

pub use answer::Answer;
pub use author::{Author, proxy as proxy_between};
pub use compute::compute;
pub use forwarded::{Change, Forwarded, ForwardedField, Reading};
pub use original::Original;
pub use provenance::{Known, Provenance};
pub use redirected::behind;
pub use rewritten::{Rewrite, Rewritten};
pub use scope::{ProbeWord, ScopeLane};
pub use setup::{AskedPath, Beneath, Earlier, Former, Reread, Setup, Tap, TapKind};

use crate::exchange::TapId;

/// How a value is known. On paper (`explain`) there is no wire: there the faces write `given` for what the user wrote down
/// and `rule` for what the stand-in would do, in place of `seen`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// On the wire.
    Seen,
    /// From a rule of the proxy that is known.
    Rule,
    /// From a model.
    Derived,
    /// Reported by the app.
    Probe,
    /// Not known.
    Unknown,
}

impl Source {
    /// The word on screen and in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Rule => "rule",
            Self::Derived => "derived",
            Self::Probe => "probe",
            Self::Unknown => "unknown",
        }
    }
}

/// The four lanes and the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lanes {
    /// 1: what the client asked for.
    pub original: Original,
    /// 2: what the proxy added, changed, dropped, and who believes it.
    pub forwarded: Forwarded,
    /// 3: what the app's server was asked for.
    pub rewritten: Rewritten,
    /// 4: what the app sees.
    pub scope: ScopeLane,
    /// What came back.
    pub answer: Answer,
    /// Which tap shows the row: the outermost.
    pub tap: TapId,
}

#[cfg(test)]
mod tests;
