//! What the releases of a server changed about the scope: data, for people.
//!
//! The models themselves decide by version; these are the lines that explain them, from each program's changelog and
//! source. One file per program, newest first.

mod daphne;
mod granian;
mod gunicorn;
mod hypercorn;
mod uvicorn;

use super::Program;
use crate::asgi::Release;

/// One change, and the release that brought it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// The first release that has it.
    pub since: Release,
    /// What is so since then, as one clause.
    pub what: &'static str,
}

/// A note, for the tables.
const fn since(major: u16, minor: u16, patch: u16, what: &'static str) -> Note {
    Note { since: Release::new(major, minor, patch), what }
}

impl Program {
    /// What its releases changed about the scope, newest first.
    pub const fn releases(self) -> &'static [Note] {
        match self {
            Self::Uvicorn => uvicorn::RELEASES,
            Self::Hypercorn => hypercorn::RELEASES,
            Self::Daphne => daphne::RELEASES,
            Self::Granian => granian::RELEASES,
            Self::Gunicorn => gunicorn::RELEASES,
        }
    }

    /// What there is to know about its ways that no single release brought.
    pub const fn ways(self) -> &'static [&'static str] {
        match self {
            Self::Uvicorn => uvicorn::WAYS,
            Self::Hypercorn => hypercorn::WAYS,
            Self::Daphne => daphne::WAYS,
            Self::Granian => granian::WAYS,
            Self::Gunicorn => gunicorn::WAYS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_go_from_the_newest_to_the_oldest_and_none_is_ahead_of_the_model() {
        for program in Program::ALL {
            let notes = program.releases();
            assert!(notes.is_sorted_by(|a, b| a.since >= b.since), "{program}");
            for note in notes {
                assert!(note.since <= program.newest(), "{program} {}", note.since);
                assert!(program.oldest() < program.newest(), "{program}");
                assert!(!note.what.ends_with('.') && !note.what.is_empty(), "{program} {}", note.what);
            }
            assert!(!program.ways().is_empty(), "{program}");
        }
    }
}
