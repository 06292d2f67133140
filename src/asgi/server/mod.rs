//! The servers: which one, which version, which options, and the door to each model.
//!
//! One folder per program: what it reads, whom it believes, which options it has, and what each release changed.
//! Everything that sets a server up, flags of the command line, a process that was found, a line of `hopscope predict`,
//! goes through [`Server::set`], by the names that the server itself gives its options.

mod answered;
#[cfg(test)]
mod asked;
pub mod command;
mod daphne;
mod ends;
mod granian;
mod gunicorn;
mod h11;
mod hypercorn;
mod libraries;
mod modelled;
mod option;
mod profile;
mod program;
mod reading;
mod releases;
mod request;
pub mod uvicorn;
mod websocket_key;

use std::net::IpAddr;

use crate::asgi::{Outcome, Release};
use crate::forwarded::Verdict;

pub use answered::from_header;
pub use ends::{Ends, Local};
pub use libraries::Libraries;
use modelled::Modelled;
pub use option::{OptionError, OwnOption};
pub use profile::{Believes, RootPathUse};
pub use program::{Program, UnknownServer};
pub use reading::HeaderUse;
pub use releases::Note;

/// What an app's server was started as: enough to compute the scope of any request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its version.
    pub version: Release,
    /// The root path it was given, verbatim; empty if none. Whether and how it is used is the model's affair.
    pub root_path: String,
    /// The libraries it stands on, where known; the model takes those of the release's day otherwise.
    pub libraries: Libraries,
    /// Which program, and the options that only it has.
    pub options: Options,
    /// How we know: said by flag or found, or assumed.
    pub stated: bool,
    /// What it was started with that no model knows; nothing is derived for it then.
    pub not_modelled: Option<NotModelled>,
}

/// What a server was started with that no model knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotModelled {
    /// The option's long name without dashes.
    pub option: String,
    /// Why no scope follows, in one sentence.
    pub why: String,
}

/// The options that one program has and the others do not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Options {
    /// uvicorn
    Uvicorn(uvicorn::Options),
    /// hypercorn
    Hypercorn(hypercorn::Options),
    /// daphne
    Daphne(daphne::Options),
    /// granian
    Granian(granian::Options),
    /// gunicorn
    Gunicorn(gunicorn::Options),
}

/// What a program's file answers. `server` is the server whose options `self` are.
trait Model {
    /// What the server makes of `request`, the bytes as they arrived: the head, and as much behind it as is known.
    fn receive(&self, server: &Server, request: &[u8], ends: &Ends) -> Outcome;

    /// Whether the forwarding headers of `peer` are believed (`None`: a unix socket's peer, which has no address).
    fn trust(&self, server: &Server, peer: Option<IpAddr>) -> Verdict;

    /// True if it reads forwarding headers of anyone.
    fn reads_forwarded(&self) -> bool;

    /// What becomes of one forwarding header (`name` in lower case); see [`Server::reading`].
    fn reading(&self, server: &Server, name: &str, lines: &[&[u8]], trusted: bool) -> HeaderUse;

    /// The header without which `name` (lower case) is not read; see [`Server::reading_among`].
    fn read_with(&self, _server: &Server, _name: &str) -> Option<String> {
        None
    }

    /// What there is to say about how well `version` is modelled.
    fn note(&self, version: Release) -> Option<String>;

    /// Takes one option, by the name it has in [`Program::options`].
    ///
    /// # Errors
    /// What the value should have been.
    fn set(&mut self, name: &str, value: &str) -> Result<(), &'static str>;
}

impl Options {
    fn model(&self) -> &dyn Model {
        match self {
            Self::Uvicorn(options) => options,
            Self::Hypercorn(options) => options,
            Self::Daphne(options) => options,
            Self::Granian(options) => options,
            Self::Gunicorn(options) => options,
        }
    }

    fn model_mut(&mut self) -> &mut dyn Model {
        match self {
            Self::Uvicorn(options) => options,
            Self::Hypercorn(options) => options,
            Self::Daphne(options) => options,
            Self::Granian(options) => options,
            Self::Gunicorn(options) => options,
        }
    }
}

impl Program {
    /// The newest release that is modelled; a newer one is taken to be like it.
    pub const fn newest(self) -> Release {
        match self {
            Self::Uvicorn => uvicorn::NEWEST,
            Self::Hypercorn => hypercorn::NEWEST,
            Self::Daphne => daphne::NEWEST,
            Self::Granian => granian::NEWEST,
            Self::Gunicorn => gunicorn::NEWEST,
        }
    }

    /// The oldest release that is modelled; of gunicorn, with its own `asgi` worker.
    pub const fn oldest(self) -> Release {
        match self {
            Self::Uvicorn => uvicorn::OLDEST,
            Self::Hypercorn => hypercorn::OLDEST,
            Self::Daphne => daphne::OLDEST,
            Self::Granian => granian::OLDEST,
            Self::Gunicorn => gunicorn::OLDEST_ASGI,
        }
    }

    /// Its options that have a say in the scope, by their own names.
    pub const fn options(self) -> &'static [OwnOption] {
        match self {
            Self::Uvicorn => uvicorn::OPTIONS,
            Self::Hypercorn => hypercorn::OPTIONS,
            Self::Daphne => daphne::OPTIONS,
            Self::Granian => granian::OPTIONS,
            Self::Gunicorn => gunicorn::OPTIONS,
        }
    }

    /// The option that takes the root path.
    pub const fn root_path_option(self) -> &'static str {
        match self {
            Self::Granian => "url-path-prefix",
            _ => "root-path",
        }
    }

    fn defaults(self, version: Release) -> Options {
        match self {
            Self::Uvicorn => Options::Uvicorn(uvicorn::Options::of(version)),
            Self::Hypercorn => Options::Hypercorn(hypercorn::Options::default()),
            Self::Daphne => Options::Daphne(daphne::Options::default()),
            Self::Granian => Options::Granian(granian::Options::default()),
            Self::Gunicorn => Options::Gunicorn(gunicorn::Options::of(version)),
        }
    }
}

impl Server {
    /// A program as it starts without any option; the newest release modelled where no version is given. Not stated.
    pub fn new(program: Program, version: Option<Release>) -> Self {
        let version = version.unwrap_or(program.newest());
        Self {
            version,
            root_path: String::new(),
            libraries: Libraries::default(),
            options: program.defaults(version),
            stated: false,
            not_modelled: None,
        }
    }

    /// uvicorn, the newest release modelled, as it starts without any option: assumed, not stated.
    pub fn uvicorn() -> Self {
        Self::new(Program::Uvicorn, None)
    }

    /// A server as a user names it, `uvicorn`, `uvicorn@0.54` or `uvicorn@0.54.0`, with that release's defaults.
    ///
    /// # Errors
    /// [`UnknownServer`] if the program is not modelled or the version is no version.
    pub fn named(text: &str) -> Result<Self, UnknownServer> {
        let (program, version) = program::parse(text)?;
        Ok(Self { stated: true, ..Self::new(program, version) })
    }

    /// Which program it is.
    pub const fn program(&self) -> Program {
        match self.options {
            Options::Uvicorn(_) => Program::Uvicorn,
            Options::Hypercorn(_) => Program::Hypercorn,
            Options::Daphne(_) => Program::Daphne,
            Options::Granian(_) => Program::Granian,
            Options::Gunicorn(_) => Program::Gunicorn,
        }
    }

    /// Takes one option by the name it has in [`Program::options`]; a switch takes `true` or `false`.
    ///
    /// Dashes may be written as underscores, as config files do, and the other way round. A value that is taken replaces one
    /// that was [`NotModelled`].
    ///
    /// # Errors
    /// [`OptionError`] if the program has no such option, or the option no such value.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), OptionError> {
        let program = self.program();
        let dashed = |name: &str| name.replace('_', "-");
        let Some(option) = program.options().iter().find(|option| dashed(option.name) == dashed(name)) else {
            return Err(OptionError::Unknown { program, name: name.to_owned() });
        };
        let name = option.name;
        if name == program.root_path_option() {
            value.clone_into(&mut self.root_path);
            return Ok(());
        }
        self.options.model_mut().set(name, value).map_err(|expected| OptionError::Value {
            program,
            name: name.to_owned(),
            value: value.to_owned(),
            expected,
        })?;
        self.not_modelled.take_if(|not_modelled| not_modelled.option == name);
        Ok(())
    }

    /// What the user should know about how well this version is modelled; `None` if it is modelled exactly.
    pub fn note(&self) -> Option<String> {
        self.options.model().note(self.version)
    }

    /// Whether forwarding headers of `peer` are believed; `None` is a unix socket's peer, which has no address.
    pub fn trust(&self, peer: Option<IpAddr>) -> Verdict {
        self.options.model().trust(self, peer)
    }

    /// True if it reads forwarding headers of anyone.
    pub fn reads_forwarded(&self) -> bool {
        self.options.model().reads_forwarded()
    }

    /// What the server makes of `request`: the bytes as they arrived, the head and as much behind it as is known.
    pub fn receive(&self, request: &[u8], ends: &Ends) -> Outcome {
        match &self.not_modelled {
            Some(NotModelled { why, .. }) => Outcome::Unknown { why: why.clone() },
            None => self.options.model().receive(self, request, ends),
        }
    }
}
