//! Where a request is dealt with: its frontend, its backend, and the lines of them.

use std::path::Path;
use std::sync::Arc;

use crate::gateway::haproxy::config::{self, Config};
use crate::gateway::haproxy::rule::Rule;
use crate::gateway::haproxy::section::Section;
use crate::gateway::lines::Lines;
use crate::gateway::{CannotAmend, Edit, Files, Gateway, Origin, Place, Plan, StepKind};

/// A frontend with a backend, and what is to be changed of their lines.
pub(super) struct Site<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) plan: &'a Plan,
    origin: &'a Origin,
    config: Config,
    front: usize,
    back: usize,
    pub(super) lines: Lines<'a>,
}

impl<'a> Site<'a> {
    /// Finds the sections of a plan.
    ///
    /// # Errors
    /// There are none: the request is refused before.
    pub(super) fn of(gateway: &'a Gateway, origin: &'a Origin, plan: &'a Plan) -> Result<Self, CannotAmend> {
        let lost = || CannotAmend("no frontend and backend take the request".to_owned());
        let config = config::read(&origin.paths, &origin.files)?;
        let place = |kind: &StepKind| plan.steps.iter().rfind(|step| step.kind == *kind)?.place.as_ref();
        let front = section_of(&config, place(&StepKind::Listener).ok_or_else(lost)?).ok_or_else(lost)?;
        let back = place(&StepKind::Upstream).and_then(|place| section_of(&config, place));
        let named = || {
            let line = place(&StepKind::Router)?;
            let switch = config.sections.get(front)?.switches.iter().find(|switch| switch.line.place == *line)?;
            config.backend(switch.to.constant()?)
        };
        let back = back.or_else(named).unwrap_or(front);
        Ok(Self { gateway, plan, origin, config, front, back, lines: Lines::with_comments(&origin.files) })
    }

    /// The section that the client speaks to.
    pub(super) fn front(&self) -> Option<&Section> {
        self.config.sections.get(self.front)
    }

    /// The section of the server.
    pub(super) fn back(&self) -> Option<&Section> {
        self.config.sections.get(self.back)
    }

    /// Both; one, where it is one.
    pub(super) fn sections(&self) -> impl Iterator<Item = &Section> {
        let back = self.back().filter(|_| self.back != self.front);
        self.front().into_iter().chain(back)
    }

    /// True if the front has other backends, or other rules of its own, beside this one.
    pub(super) fn is_shared(&self, rule: &Rule) -> bool {
        let in_front =
            self.front().is_some_and(|front| front.requests.iter().any(|one| one.line.place == rule.line.place));
        let ways = self.front().map_or(0, |front| front.switches.len() + usize::from(front.default_backend.is_some()));
        in_front && ways > 1
    }

    /// The lines that did something to the request, by their places.
    pub(super) fn did(&self, kind: impl Fn(&StepKind) -> bool) -> Vec<Place> {
        let steps = self.plan.steps.iter().filter(|step| kind(&step.kind));
        let mut places: Vec<Place> = steps.filter_map(|step| step.place.clone()).collect();
        places.sort();
        places.dedup();
        places
    }

    /// Adds a line behind the last of those of its kind in a section, else before what `HAProxy` does after them.
    pub(super) fn add(&mut self, section: &Section, like: &[&str], line: &str) {
        let known = self.last(section, like);
        let (place, is_after) =
            match (known, self.first(section, &["redirect", "use_backend", "default_backend", "server"])) {
                (Some(place), _) => (place, true),
                (None, Some(place)) => (place, false),
                (None, None) => (section.place.clone(), true),
            };
        let deeper = if self.lines.indent(&place).is_empty() { "    " } else { "" };
        if is_after { self.lines.after(&place, deeper, line) } else { self.lines.before(&place, line) }
    }

    /// Adds a line before the first of those of its kind, else as [`Site::add`].
    pub(super) fn add_first(&mut self, section: &Section, like: &[&str], line: &str) {
        let Some(place) = self.first(section, like) else { return self.add(section, like, line) };
        self.lines.before(&place, line);
    }

    fn last(&self, section: &Section, like: &[&str]) -> Option<Place> {
        self.lines_of(section).rfind(|place| self.begins(place, like))
    }

    fn first(&self, section: &Section, like: &[&str]) -> Option<Place> {
        self.lines_of(section).find(|place| self.begins(place, like))
    }

    fn begins(&self, place: &Place, like: &[&str]) -> bool {
        let statement = self.lines.statement(place);
        let mut words = statement.split_whitespace();
        words.next().is_some_and(|first| like.contains(&first))
    }

    /// The lines below a section's first one, up to the next section.
    fn lines_of(&self, section: &Section) -> impl DoubleEndedIterator<Item = Place> + use<> {
        const SECTIONS: [&str; 12] = [
            "global",
            "defaults",
            "frontend",
            "backend",
            "listen",
            "peers",
            "resolvers",
            "userlist",
            "cache",
            "ring",
            "program",
            "mailers",
        ];
        let file = Arc::clone(&section.place.file);
        let bytes = self.origin.files.read(&file).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let first = section.place.line;
        let below = text.lines().skip(first as usize);
        let is_section = |line: &&str| line.split_whitespace().next().is_some_and(|word| SECTIONS.contains(&word));
        let count = below.take_while(|line| !is_section(line)).count();
        let last = first.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
        (first.saturating_add(1)..=last).map(move |line| Place::new(Arc::clone(&file), line))
    }

    /// What was changed.
    ///
    /// # Errors
    /// Nothing was.
    pub(super) fn edits(self) -> Result<Vec<Edit>, CannotAmend> {
        self.lines.edits()
    }
}

/// The section that a line lies in.
fn section_of(config: &Config, place: &Place) -> Option<usize> {
    let file: &Path = &place.file;
    let before = config.sections.iter().enumerate();
    let before = before.filter(|(_, section)| *section.place.file == *file && section.place.line <= place.line);
    before.max_by_key(|(_, section)| section.place.line).map(|(index, _)| index)
}
