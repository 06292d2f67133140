//! What is known of how a server was started, and the server that follows from it.

use std::collections::BTreeMap;
use std::fmt;

use super::files::{Setting, Settings};
use super::grammar::Parsed;
use super::{Process, ReadFile};
use crate::asgi::Release;
use crate::asgi::server::{NotModelled, Program, Server};

/// Names of installed Python packages (lower case, `-` for `_` and `.`) and their versions as they are written.
pub type Installed = BTreeMap<String, String>;

/// What a configuration file may compute without any doubt about the scope; most compute the number of workers.
const OF_NO_SCOPE: [&str; 3] = ["workers", "bind", "insecure-bind"];

/// How a server was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// What was started, as a user calls it: `uvicorn`, `fastapi run`.
    pub launcher: &'static str,
    /// Which server that is.
    pub program: Program,
    /// The app, as it was named: `main:app`; for `fastapi run` mostly a path.
    pub app: Option<String>,
    /// What was said that matters to requests, by the server's own long names.
    pub options: Vec<Said>,
    /// Options that were said in a way that cannot be read, by name: their values are not known.
    pub unknown: Vec<String>,
    /// What could not be understood or read, a sentence each.
    pub unread: Vec<String>,
    /// Why there is no scope that a model could tell, whatever the request.
    pub not_modelled: Option<NotModelled>,
}

/// One option, and where it was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The option's long name without dashes, e.g. `root-path`.
    pub name: String,
    /// Its value; a switch says `true` or `false`.
    pub value: String,
    /// Where it was said.
    pub from: Origin,
}

/// Where an option was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// On the command line.
    CommandLine,
    /// In this variable of the environment.
    Environment(String),
    /// In a file the server was told to read.
    File {
        /// Its path as it was told.
        path: String,
        /// The line, counted from 1.
        line: usize,
    },
}

/// As it is shown: `command line`, `FORWARDED_ALLOW_IPS`, `gunicorn.conf.py:3`.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine => f.write_str("command line"),
            Self::Environment(variable) => f.write_str(variable),
            Self::File { path, line } => write!(f, "{path}:{line}"),
        }
    }
}

impl Started {
    pub(super) fn new(launcher: &'static str, program: Program) -> Self {
        let (options, unknown, unread) = (Vec::new(), Vec::new(), Vec::new());
        Self { launcher, program, app: None, options, unknown, unread, not_modelled: None }
    }

    /// Notes an option unless something that counts more has said it already: callers begin with what counts most.
    pub(super) fn say(&mut self, name: &str, value: impl Into<String>, from: Origin) {
        if !self.is_settled(name) {
            self.options.push(Said { name: name.to_owned(), value: value.into(), from });
        }
    }

    fn is_settled(&self, name: &str) -> bool {
        self.said(name).is_some() || self.unknown.iter().any(|unknown| unknown == name)
    }

    /// Notes that by what `option` says there is no scope that a model could tell.
    pub(super) fn serves_otherwise(&mut self, option: &'static str, why: String) {
        self.unread.push(why.clone());
        self.not_modelled = Some(NotModelled { option: option.to_owned(), why });
    }

    /// What was said about an option.
    pub fn said(&self, name: &str) -> Option<&Said> {
        self.options.iter().find(|said| said.name == name)
    }

    /// Notes those of `told` that the command line says.
    pub(super) fn say_parsed(&mut self, parsed: &Parsed, told: &[&str]) {
        for name in told {
            if let Some(value) = parsed.last(name) {
                self.say(name, value, Origin::CommandLine);
            }
        }
        if let Some(unknown) = &parsed.unknown {
            self.unread.push(format!("{unknown} is not known: what follows it on the command line was not read"));
        }
    }

    /// Notes an option that a variable gives. An empty variable counts as none, as click has it; a switch that click would
    /// not understand would have kept the server from starting.
    pub(super) fn say_variable(&mut self, process: &Process, name: &str, variable: &str, switch: bool) {
        let Some(value) = process.variable(variable).filter(|value| !value.is_empty()) else { return };
        let value = if switch { switch_value(value).to_owned() } else { value.to_owned() };
        self.say(name, value, Origin::Environment(variable.to_owned()));
    }

    /// `FORWARDED_ALLOW_IPS` of the environment, or else of the file that `--env-file` names. Here an empty one counts: it
    /// trusts nobody (uvicorn `config.py`, gunicorn `config.py`: `os.environ.get`).
    pub(super) fn say_trust_variable(&mut self, process: &Process, env_file: Option<(&str, ReadFile<'_>)>) {
        const VARIABLE: &str = "FORWARDED_ALLOW_IPS";
        if let Some(value) = process.variable(VARIABLE) {
            self.say("forwarded-allow-ips", value, Origin::Environment(VARIABLE.to_owned()));
        }
        let Some((path, file)) = env_file.filter(|_| !self.is_settled("forwarded-allow-ips")) else { return };
        match file(path) {
            Ok(text) => match super::files::dotenv(&text, VARIABLE) {
                Some((line, Ok(value))) => {
                    self.say("forwarded-allow-ips", value, Origin::File { path: path.to_owned(), line });
                }
                Some((line, Err(why))) => {
                    self.unknown.push("forwarded-allow-ips".to_owned());
                    self.unread.push(format!("{path}:{line}: {VARIABLE} {why}"));
                }
                None => {}
            },
            Err(why) => self.unread.push(format!("{path} (--env-file) could not be read: {why}")),
        }
    }

    /// Notes what a configuration file sets; `names` are the options' names beside the file's. What cannot be known is said,
    /// unless something that counts more has said it.
    pub(super) fn say_settings(&mut self, settings: Settings, path: &str, names: &[(&str, &str)]) {
        for Setting { name, line, value } in settings.settings {
            let Some((option, _)) = names.iter().find(|(_, setting)| *setting == name) else { continue };
            match value {
                Ok(Some(value)) => self.say(option, value, Origin::File { path: path.to_owned(), line }),
                Ok(None) => {}
                Err(_) if self.is_settled(option) => {}
                Err(why) => {
                    self.unknown.push((*option).to_owned());
                    if !OF_NO_SCOPE.contains(option) {
                        self.unread.push(format!("{path}:{line}: {name} {why}"));
                    }
                }
            }
        }
        self.unread.extend(settings.unread.into_iter().map(|(line, why)| format!("{path}:{line} {why}")));
    }

    /// The server that was started so. What is said and cannot be taken is given beside it, a sentence each; nothing is
    /// derived for such a server.
    ///
    /// `installed` are the packages of its environment: they give its version (unless `version` is known better), the
    /// libraries it stands on, and what `auto` means.
    pub fn server(&self, installed: &Installed, version: Option<Release>) -> (Server, Vec<String>) {
        let mut server = installed_server(self.program, installed, version);
        // What could not be read may have said anything.
        server.stated = self.unread.is_empty();
        server.not_modelled.clone_from(&self.not_modelled);
        let mut refused = Vec::new();
        for (name, value) in self.automatic(installed) {
            // Both are values the program has.
            let _ = server.set(name, value);
        }
        for said in self.options.iter().filter(|said| said.value != "auto") {
            let known = self.program.options().iter().any(|option| option.name == said.name);
            if let Some(Err(error)) = known.then(|| server.set(&said.name, &said.value)) {
                // The server took it, so it does what its model does not know.
                let why = format!("{error} ({})", said.from);
                let not_modelled = NotModelled { option: said.name.clone(), why: why.clone() };
                if server.not_modelled.get_or_insert(not_modelled).why == why {
                    refused.push(why);
                }
            }
        }
        (server, refused)
    }

    /// What uvicorn takes where it is told nothing, or `auto`: 0.54.0 `protocols/http/auto.py`,
    /// `protocols/websockets/auto.py`. Which of its two interfaces of websockets it takes is a matter of its release.
    pub fn automatic(&self, installed: &Installed) -> Vec<(&'static str, &'static str)> {
        if self.program != Program::Uvicorn || installed.is_empty() {
            return Vec::new();
        }
        let has = |name: &str| installed.contains_key(name);
        let http = if has("httptools") { "httptools" } else { "h11" };
        let ws = match (has("websockets"), has("wsproto")) {
            (true, _) => "auto",
            (false, true) => "wsproto",
            (false, false) => "none",
        };
        [("http", http), ("ws", ws)].into_iter().filter(|(_, value)| *value != "auto").collect()
    }
}

/// A program as it is installed, told nothing; of `version`, if that is known better.
pub fn installed_server(program: Program, installed: &Installed, version: Option<Release>) -> Server {
    let release = |name: &str| installed.get(name).and_then(|version| version.parse::<Release>().ok());
    let mut server = Server::new(program, version.or_else(|| release(program.name())));
    for name in installed.keys() {
        if let Some(release) = release(name) {
            server.libraries.set(name, release);
        }
    }
    server
}

/// Reads a switch in the environment as click does (`types.py`, `BoolParamType`).
fn switch_value(text: &str) -> &'static str {
    let text = text.trim().to_ascii_lowercase();
    if ["1", "true", "t", "yes", "y", "on"].contains(&text.as_str()) { "true" } else { "false" }
}
