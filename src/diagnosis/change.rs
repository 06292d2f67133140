//! A fix: what is to be changed, in words and as something that can be tried.
//!
//! Rules suggest; whether it works is found out elsewhere (`remedy`), where the models, and if the user wants it the running
//! app, are asked.

use std::fmt;
use std::sync::Arc;

use crate::gateway;

/// One thing that can be changed, at the proxy, at the app's server, or in the app.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// At the proxy.
    Proxy(gateway::Change),
    /// An option of the server, by its own long name without dashes, and its value; `None` takes it away.
    Server(String, Option<String>),
    /// In the app.
    App(AppChange),
}

impl Change {
    /// The option of the server that it changes, and its value; `None` if it changes something else.
    pub fn of_server(&self) -> Option<(String, Option<String>)> {
        match self {
            Self::Server(option, value) => Some((option.clone(), value.clone())),
            Self::Proxy(_) | Self::App(_) => None,
        }
    }
}

/// A change in the app's own code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AppChange {
    /// `FastAPI(root_path=…)`, or the setting of another framework that says the same; empty takes it away.
    RootPath(String),
    /// A middleware that sets `root_path` from `X-Forwarded-Prefix`.
    PrefixHeader,
}

/// What to do, and how it is known that it helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What to do, one line in the words of the proxy and the server in use.
    pub line: String,
    /// The same as changes that belong together; empty for advice that no model can try.
    pub changes: Vec<Change>,
    /// How far it was tried.
    pub standing: Standing,
    /// The change of the user's own files as a unified diff, where hopscope read them.
    pub diff: Option<Arc<str>>,
}

/// How far a fix was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not at all: it is nothing that the models can try.
    Advice,
    /// A candidate that nobody has tried so far.
    Untried,
    /// The models say that it works.
    Predicted(Trial),
    /// It was sent through hopscope playing the changed proxy to the running app, and works.
    Proven(Trial),
}

/// What came of trying a fix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// What the broken request becomes, a few words: `200, route /items/`.
    pub result: String,
    /// Requests that were broken and are not with the fix.
    pub mended: usize,
    /// Requests that were fine and stay so.
    pub kept: usize,
}

impl Standing {
    /// The word on screen and in JSON.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Advice => "advice",
            Self::Untried => "untried",
            Self::Predicted(_) => "predicted",
            Self::Proven(_) => "proven",
        }
    }
}

impl Trial {
    /// What it becomes and on how many requests that was tried: `200, route /items/, checked on 12 requests`.
    pub fn said(&self) -> String {
        match self.mended + self.kept {
            0 => self.result.clone(),
            1 => format!("{}, checked on 1 request", self.result),
            count => format!("{}, checked on {count} requests", self.result),
        }
    }
}

impl Fix {
    /// Advice that no model can try.
    pub fn advice(line: impl Into<String>) -> Self {
        Self { line: line.into(), changes: Vec::new(), standing: Standing::Advice, diff: None }
    }

    /// A candidate to be tried. Its line is written by who tries it, if it is empty.
    pub fn candidate(line: impl Into<String>, changes: impl IntoIterator<Item = Change>) -> Self {
        let changes = changes.into_iter().collect();
        Self { line: line.into(), changes, standing: Standing::Untried, diff: None }
    }
}

impl From<String> for Fix {
    fn from(line: String) -> Self {
        Self::advice(line)
    }
}

impl From<&str> for Fix {
    fn from(line: &str) -> Self {
        Self::advice(line)
    }
}

/// The line, and what came of trying it.
impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)?;
        match &self.standing {
            Standing::Advice | Standing::Untried => Ok(()),
            Standing::Predicted(trial) => write!(f, ". Predicted: {}", trial.said()),
            Standing::Proven(trial) => write!(f, ". Proven: {}", trial.said()),
        }
    }
}
