//! Which server a user names: `uvicorn`, `granian@2.8`.

use std::fmt;

use crate::asgi::Release;
use crate::asgi::release::BadRelease;

/// The server programs that are modelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// uvicorn, by itself or by `fastapi run`.
    Uvicorn,
    /// hypercorn
    Hypercorn,
    /// daphne
    Daphne,
    /// granian
    Granian,
    /// gunicorn with a worker class that serves ASGI.
    Gunicorn,
}

impl Program {
    /// Every program, in the order they are offered.
    pub const ALL: [Self; 5] = [Self::Uvicorn, Self::Hypercorn, Self::Daphne, Self::Granian, Self::Gunicorn];

    /// The program's own name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uvicorn => "uvicorn",
            Self::Hypercorn => "hypercorn",
            Self::Daphne => "daphne",
            Self::Granian => "granian",
            Self::Gunicorn => "gunicorn",
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why a server's name was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownServer {
    /// No such program is modelled.
    #[error("no server is known as {0:?}; known: {known}", known = known())]
    Program(String),
    /// The part behind the `@` is no release number.
    #[error(transparent)]
    Version(#[from] BadRelease),
}

/// The programs that may be named, for messages.
fn known() -> String {
    Program::ALL.map(Program::name).join(", ")
}

impl Program {
    /// Reads a program as a user names it, `uvicorn`, `uvicorn@0.54` or `uvicorn@0.54.0`, and its version if given.
    ///
    /// # Errors
    /// [`UnknownServer`] if the program is not modelled or the version is no version.
    pub fn named(text: &str) -> Result<(Self, Option<Release>), UnknownServer> {
        parse(text)
    }
}

/// Splits `program[@version]`.
pub(super) fn parse(text: &str) -> Result<(Program, Option<Release>), UnknownServer> {
    let (name, version) = text.split_once('@').map_or((text, None), |(name, version)| (name, Some(version)));
    let program = Program::ALL
        .into_iter()
        .find(|program| program.name() == name)
        .ok_or_else(|| UnknownServer::Program(name.to_owned()))?;
    Ok((program, version.map(str::parse).transpose()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_versions() {
        let known = |version| Ok((Program::Uvicorn, version));
        assert_eq!(parse("uvicorn"), known(None));
        assert_eq!(parse("uvicorn@0.54"), known(Some(Release::new(0, 54, 0))));
        assert_eq!(parse("granian@2.8.7"), Ok((Program::Granian, Some(Release::new(2, 8, 7)))));
        assert!(matches!(parse("uvicorn@"), Err(UnknownServer::Version(_))));
    }

    #[test]
    fn errors_name_what_is_known() {
        assert_eq!(
            parse("nginx").unwrap_err().to_string(),
            "no server is known as \"nginx\"; known: uvicorn, hypercorn, daphne, granian, gunicorn"
        );
    }
}
