//! Where a request is dealt with: the line that sends it on, the blocks around it, and the files that they stand in.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::source::{self, Statement};
use crate::gateway::draft::Draft;
use crate::gateway::{CannotAmend, Edit, Gateway, Origin, Place, Plan, Router, StepKind};

/// A line that sends on, with what is around it.
pub(super) struct Site<'a> {
    origin: &'a Origin,
    /// The file of the line.
    file: Arc<Path>,
    /// The statements around the line, outermost first, itself last.
    way: Vec<Statement>,
    /// Where the plan's path was changed, in order.
    changed_at: Vec<Place>,
    drafts: BTreeMap<Arc<Path>, (Draft, Vec<Statement>)>,
}

impl<'a> Site<'a> {
    /// Finds the line of a plan.
    ///
    /// # Errors
    /// Nothing sends the request on.
    pub(super) fn of(gateway: &Gateway, origin: &'a Origin, plan: &Plan) -> Result<Self, CannotAmend> {
        let router = gateway.router(plan).ok_or_else(|| CannotAmend("no line of the Caddyfile takes it".to_owned()))?;
        Self::at(origin, router, plan)
    }

    /// Finds the line of a router.
    ///
    /// # Errors
    /// It is no `reverse_proxy`, or not in a file that was read.
    pub(super) fn at(origin: &'a Origin, router: &Router, plan: &Plan) -> Result<Self, CannotAmend> {
        let lost = || CannotAmend(format!("{} is not found again in its file", router.name));
        let place = router.place.as_ref().ok_or_else(lost)?;
        let mut site = Self {
            origin,
            file: Arc::clone(&place.file),
            way: Vec::new(),
            changed_at: changes(plan),
            drafts: BTreeMap::new(),
        };
        let (_, statements) = site.open(&place.file)?;
        let is_it = |statement: &Statement| statement.name() == "reverse_proxy";
        let sends = || CannotAmend(format!("{} is no reverse_proxy", router.name));
        site.way = source::way(statements, place.line, &is_it).ok_or_else(sends)?.into_iter().cloned().collect();
        Ok(site)
    }

    /// The line that sends on.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn proxy(&self) -> Result<Statement, CannotAmend> {
        self.way.last().cloned().ok_or_else(|| CannotAmend("nothing sends the request on".to_owned()))
    }

    /// What is around the line, outermost first; the site's own block too, if it has one.
    pub(super) fn around(&self) -> &[Statement] {
        self.way.split_last().map(|(_, around)| around).unwrap_or_default()
    }

    /// The statement of a site's block, or of a file without braces, that leads to the line.
    ///
    /// # Errors
    /// There is none, or it is in a snippet.
    pub(super) fn branch(&self) -> Result<Statement, CannotAmend> {
        if let Some(snippet) = self.way.first().filter(|statement| statement.name().starts_with('(')) {
            let why = format!("the line stands in the snippet {}, which others may import too", snippet.name());
            return Err(CannotAmend(why));
        }
        let first = self.way.iter().find(|statement| is_directive(statement.name()));
        first.cloned().ok_or_else(|| CannotAmend("the line is in no site".to_owned()))
    }

    /// The statements that changed the path, where they stand in the file of the line.
    pub(super) fn changes(&mut self) -> Result<Vec<Statement>, CannotAmend> {
        let file = Arc::clone(&self.file);
        let lines: Vec<u32> =
            self.changed_at.iter().filter(|place| place.file == file).map(|place| place.line).collect();
        if lines.len() != self.changed_at.len() {
            return Err(CannotAmend(
                "the path is changed in another file, which may be for other sites too".to_owned(),
            ));
        }
        let (_, statements) = self.open(&file)?;
        let is_one = |statement: &Statement| matches!(statement.name(), "handle_path" | "uri" | "rewrite");
        let found = lines.iter().filter_map(|&line| source::way(statements, line, &is_one)?.last().copied().cloned());
        let mut found: Vec<Statement> = found.collect();
        found.dedup();
        Ok(found)
    }

    /// The draft of the line's file.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn draft(&mut self) -> Result<&mut Draft, CannotAmend> {
        let file = Arc::clone(&self.file);
        self.open(&file).map(|(draft, _)| draft)
    }

    /// The main file: its draft, its statements.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn main(&mut self) -> Result<(&mut Draft, Vec<Statement>), CannotAmend> {
        let none = || CannotAmend("there is no Caddyfile".to_owned());
        let file: Arc<Path> = Arc::from(self.origin.paths.first().ok_or_else(none)?.as_path());
        let (draft, statements) = self.open(&file)?;
        Ok((draft, statements.clone()))
    }

    /// Takes a statement of the line's file away.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn remove(&mut self, statement: &Statement) -> Result<(), CannotAmend> {
        self.draft()?.remove(statement.span.clone());
        Ok(())
    }

    /// Another text for the words of a statement of the line's file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn set(&mut self, statement: &Statement, text: &str) -> Result<(), CannotAmend> {
        self.draft()?.replace(statement.head.clone(), text);
        Ok(())
    }

    /// Adds lines to the block of the line that sends on, which it gets if it has none.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn add(&mut self, lines: &[String]) -> Result<(), CannotAmend> {
        let proxy = self.proxy()?;
        let draft = self.draft()?;
        match (&proxy.block, proxy.inside().last()) {
            (Some(_), Some(last)) => draft.after(last.span.clone(), lines),
            (Some(block), None) => draft.inside(proxy.span.start, block.open, lines),
            (None, _) => {
                let (indent, unit) = (draft.indent(proxy.span.start), draft.unit());
                let lines = lines.join(&format!("\n{indent}{unit}"));
                let block = format!(" {{\n{indent}{unit}{lines}\n{indent}}}");
                draft.replace(proxy.head.end..proxy.head.end, block);
            }
        }
        Ok(())
    }

    /// What was changed.
    ///
    /// # Errors
    /// As [`Draft::edits`].
    pub(super) fn edits(self) -> Result<Vec<Edit>, CannotAmend> {
        let mut all = Vec::new();
        for (draft, _) in self.drafts.into_values() {
            all.extend(draft.edits()?);
        }
        if all.is_empty() { Err(CannotAmend::already()) } else { Ok(all) }
    }

    fn open(&mut self, file: &Arc<Path>) -> Result<(&mut Draft, &Vec<Statement>), CannotAmend> {
        let unreadable = || CannotAmend(format!("{} cannot be read as it stands", file.display()));
        if !self.drafts.contains_key(file) {
            let draft = Draft::of(file, &self.origin.files)?;
            let statements = source::parse(draft.bytes()).ok_or_else(unreadable)?;
            self.drafts.insert(Arc::clone(file), (draft, statements));
        }
        self.drafts.get_mut(file).map(|(draft, statements)| (draft, &*statements)).ok_or_else(unreadable)
    }
}

/// True for what stands in a site, and is neither its address nor a snippet's name.
fn is_directive(name: &str) -> bool {
    matches!(name, "reverse_proxy" | "handle" | "handle_path" | "route" | "handle_errors" | "handle_response")
}

/// Where a plan's path was changed.
fn changes(plan: &Plan) -> Vec<Place> {
    let steps = plan.steps.iter().filter(|step| step.kind == StepKind::Path);
    steps.filter_map(|step| step.place.clone()).collect()
}
