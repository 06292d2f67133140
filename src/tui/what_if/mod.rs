//! What would become of the selected request, were proxy, server or app set up otherwise: a few lines to change, while lanes
//! and verdict follow. Nothing is sent.

mod key;
mod seen;

pub(super) use key::{key, open, paste};
pub(super) use seen::Supposing;

use super::prompt::Prompt;
use super::screenful::Chosen;
use crate::dry_run::SupposedPath;
use crate::exchange::ExchangeId;
use crate::lanes::{Rewrite, Setup};

/// A line of the editor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Prefix,
    Path,
    Server,
    RootPath,
    AppRoot,
}

impl Field {
    /// In the order of the screen.
    pub(super) const ALL: [Self; 5] = [Self::Prefix, Self::Path, Self::Server, Self::RootPath, Self::AppRoot];

    /// The field `steps` further round.
    fn step(self, steps: usize) -> Self {
        let at = Self::ALL.iter().position(|field| *field == self).unwrap_or(0);
        Self::ALL.into_iter().cycle().nth(at + steps).unwrap_or(self)
    }
}

/// What is supposed, as it is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Values {
    pub(super) prefix: String,
    pub(super) path: SupposedPath,
    /// `uvicorn@0.54.0`
    pub(super) server: String,
    pub(super) root_path: String,
    pub(super) app_root: String,
}

impl Values {
    /// As it is set up now, as far as that is known.
    fn of(chosen: &Chosen, setup: &Setup) -> Self {
        let (lanes, server) = (&chosen.lanes, &setup.server);
        let stripped = match &lanes.rewritten.rewrite {
            Rewrite::Stripped(part) => Some(part),
            _ => None,
        };
        let known = stripped.unwrap_or(&lanes.original.prefix);
        let prefix = if known.is_empty() { setup.prefixes.first().cloned().unwrap_or_default() } else { known.clone() };
        Self {
            prefix,
            path: SupposedPath::AsSeen,
            server: format!("{}@{}", server.program(), server.version),
            root_path: server.root_path.clone(),
            app_root: setup.app.root_path.clone(),
        }
    }

    /// The text of a field that is typed; none for the path, which is chosen.
    pub(super) fn text(&self, field: Field) -> Option<&str> {
        match field {
            Field::Prefix => Some(&self.prefix),
            Field::Path => None,
            Field::Server => Some(&self.server),
            Field::RootPath => Some(&self.root_path),
            Field::AppRoot => Some(&self.app_root),
        }
    }

    fn text_mut(&mut self, field: Field) -> Option<&mut String> {
        match field {
            Field::Prefix => Some(&mut self.prefix),
            Field::Path => None,
            Field::Server => Some(&mut self.server),
            Field::RootPath => Some(&mut self.root_path),
            Field::AppRoot => Some(&mut self.app_root),
        }
    }
}

/// The editor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WhatIf {
    /// The request.
    pub(super) id: ExchangeId,
    /// What was asked, for the title.
    pub(super) asked: String,
    /// What is supposed.
    pub(super) values: Values,
    /// How it was when the editor was opened.
    pub(super) before: Values,
    pub(super) field: Field,
    /// The field that is typed in, with the cursor in it.
    pub(super) prompt: Prompt,
}
