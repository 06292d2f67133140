//! Where a request is dealt with: its location, the levels around it, and the files that they stand in.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::path::Location;
use super::source::{self, Statement};
use crate::gateway::draft::Draft;
use crate::gateway::nginx::include;
use crate::gateway::nginx::ingress;
use crate::gateway::nginx::tree::Directive;
use crate::gateway::{CannotAmend, Edit, Files as _, Gateway, Origin, Place, Plan, Router};

/// A location with all that it inherits from.
pub(super) struct Site<'a> {
    origin: &'a Origin,
    /// What is around it, outermost first, itself last; the first is no block but the file.
    levels: Vec<Level>,
    drafts: BTreeMap<Arc<Path>, (Draft, Vec<Statement>)>,
}

/// A block and what is in it, includes resolved.
pub(super) struct Level {
    /// `None` for the file.
    pub(super) block: Option<Directive>,
    pub(super) inside: Vec<Directive>,
}

impl Level {
    /// The directives of a name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl DoubleEndedIterator<Item = &'a Directive> {
        self.inside.iter().filter(move |directive| directive.name == name)
    }

    /// True if there is one of a name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// True if it is the block of this name.
    pub(super) fn is(&self, name: &str) -> bool {
        self.block.as_ref().is_some_and(|block| block.name == name)
    }
}

impl<'a> Site<'a> {
    /// Finds the location of a plan.
    ///
    /// # Errors
    /// There is none, or it does not stand in a file that can be changed.
    pub(super) fn of(gateway: &Gateway, origin: &'a Origin, plan: &Plan) -> Result<Self, CannotAmend> {
        let router = gateway.router(plan).ok_or_else(|| CannotAmend("no location takes the request".to_owned()))?;
        Self::at(origin, router)
    }

    /// Finds the location of a router.
    ///
    /// # Errors
    /// It does not stand in a file that can be changed.
    pub(super) fn at(origin: &'a Origin, router: &Router) -> Result<Self, CannotAmend> {
        if origin.paths.iter().all(|path| ingress::is_yaml(path)) {
            let why = "the ingress controller writes nginx's configuration: change the annotations of the Ingress";
            return Err(CannotAmend(why.to_owned()));
        }
        let tree = include::load(&origin.paths, &origin.files)?.tree;
        let lost = || CannotAmend(format!("{} is not found again in its file", router.name));
        let place = router.place.as_ref().ok_or_else(lost)?;
        let mut levels = vec![Level { block: None, inside: tree }];
        way(place, &router.name, &mut levels).then_some(()).ok_or_else(lost)?;
        Ok(Self { origin, levels, drafts: BTreeMap::new() })
    }

    /// The levels around the location, outermost first, itself last.
    pub(super) fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// The location, or what else takes the request.
    pub(super) fn innermost(&self) -> usize {
        self.levels.len() - 1
    }

    /// A level by its number, counted from the outermost.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn level(&self, index: usize) -> Result<&Level, CannotAmend> {
        self.levels.get(index).ok_or_else(|| CannotAmend("there is no such block".to_owned()))
    }

    /// The location's own directive.
    ///
    /// # Errors
    /// No location takes the request.
    pub(super) fn location(&self) -> Result<Directive, CannotAmend> {
        let location = self.levels.last().filter(|level| level.is("location")).and_then(|level| level.block.clone());
        location.ok_or_else(|| CannotAmend("no location takes the request: the server itself does".to_owned()))
    }

    /// The number of the server's level.
    pub(super) fn server(&self) -> Option<usize> {
        self.levels.iter().position(|level| level.is("server"))
    }

    /// The innermost level that has a directive of a name: the one whose lines are in force.
    pub(super) fn in_force(&self, name: &str) -> Option<usize> {
        self.levels.iter().rposition(|level| level.has(name))
    }

    /// A directive that stands anywhere, by its place.
    pub(super) fn directive_at(&self, place: &Place, name: &str) -> Option<&Directive> {
        fn search<'d>(level: &'d [Directive], place: &Place, name: &str) -> Option<&'d Directive> {
            level.iter().find_map(|directive| {
                let is_it = directive.place == *place && directive.name == name;
                if is_it { Some(directive) } else { search(directive.inside(), place, name) }
            })
        }
        search(&self.levels.first()?.inside, place, name)
    }

    /// True if the file can be changed: it was read, and is not known by itself or out of a dump.
    pub(super) fn is_ours(&self, directive: &Directive) -> bool {
        self.origin.files.read(&directive.place.file).is_ok()
    }

    /// The draft of the file that a directive stands in, and the directive as it stands there.
    ///
    /// # Errors
    /// The file is none that can be changed.
    pub(super) fn written(&mut self, directive: &Directive) -> Result<(&mut Draft, Statement), CannotAmend> {
        let file = &directive.place.file;
        if !self.is_ours(directive) {
            let why =
                format!("{} is no file at hand: give the files themselves, not what nginx -T prints", file.display());
            return Err(CannotAmend(why));
        }
        if !self.drafts.contains_key(file) {
            let draft = Draft::of(file, &self.origin.files)?;
            let unreadable = || CannotAmend(format!("{} cannot be read as it stands", file.display()));
            let statements = source::parse(draft.bytes()).ok_or_else(unreadable)?;
            self.drafts.insert(Arc::clone(file), (draft, statements));
        }
        let lost = || CannotAmend(format!("{directive} is not found again in {}", directive.place));
        let (draft, statements) = self.drafts.get_mut(file).ok_or_else(lost)?;
        let found = source::find(statements, directive.place.line, &directive.name, &directive.args).cloned();
        Ok((draft, found.ok_or_else(lost)?))
    }

    /// A directive as its file has it, variables of the environment not filled in; as it is meant, if its file is none of
    /// those that were read.
    pub(super) fn said(&mut self, directive: &Directive) -> String {
        let meant = directive.to_string();
        self.written(directive).map_or(meant, |(draft, statement)| draft.text(statement.head))
    }

    /// Puts another text in the place of a directive without a block.
    ///
    /// # Errors
    /// As [`Site::written`].
    pub(super) fn set(&mut self, directive: &Directive, text: &str) -> Result<(), CannotAmend> {
        let (draft, statement) = self.written(directive)?;
        draft.replace(statement.head, text);
        Ok(())
    }

    /// Takes a directive away.
    ///
    /// # Errors
    /// As [`Site::written`].
    pub(super) fn remove(&mut self, directive: &Directive) -> Result<(), CannotAmend> {
        let (draft, statement) = self.written(directive)?;
        draft.remove(statement.span);
        Ok(())
    }

    /// Adds statements to a level: behind the last directive there that has one of these names, the first of them that is
    /// there at all; else at the block's start.
    ///
    /// # Errors
    /// As [`Site::written`].
    pub(super) fn add(&mut self, level: usize, behind: &[&str], statements: &[String]) -> Result<(), CannotAmend> {
        let level = self.level(level)?;
        let file = level.block.as_ref().map(|block| Arc::clone(&block.place.file));
        let here = |directive: &&Directive| file.as_ref().is_none_or(|file| directive.place.file == *file);
        let anchor = behind.iter().find_map(|name| level.all(name).rfind(here)).cloned();
        if let Some(anchor) = anchor {
            let (draft, statement) = self.written(&anchor)?;
            draft.after(statement.span, statements);
            return Ok(());
        }
        let block = level.block.clone().ok_or_else(|| CannotAmend("there is no block for it".to_owned()))?;
        let (draft, statement) = self.written(&block)?;
        let open = statement.block.map_or(statement.span.end, |block| block.open);
        draft.inside(statement.span.start, open, statements);
        Ok(())
    }

    /// Writes lines in the place of the `include` of a file in a level.
    ///
    /// # Errors
    /// It is not included there by its own name; and as [`Site::written`].
    pub(super) fn spell_out(&mut self, level: usize, file: &Path, lines: &[String]) -> Result<(), CannotAmend> {
        let lost = || CannotAmend(format!("what includes {} is not found", file.display()));
        let block = self.level(level)?.block.clone().ok_or_else(lost)?;
        let (draft, statement) = self.written(&block)?;
        let name = |path: &str| Path::new(path).file_name().map(std::ffi::OsStr::to_owned);
        let is_it = |inner: &&Statement| {
            inner.name == "include" && inner.args.first().and_then(|arg| name(arg)).as_deref() == file.file_name()
        };
        let include = statement.inside().iter().find(is_it).ok_or_else(lost)?.span.clone();
        draft.before(include.start, lines);
        draft.remove(include);
        Ok(())
    }

    /// Puts a block before the one of a level: its head, and what is in it.
    ///
    /// # Errors
    /// As [`Site::written`].
    pub(super) fn add_before(&mut self, level: usize, head: &str, inside: &[String]) -> Result<(), CannotAmend> {
        let block = self.level(level)?.block.clone();
        let block = block.ok_or_else(|| CannotAmend("there is no block to put it before".to_owned()))?;
        let (draft, statement) = self.written(&block)?;
        let unit = draft.unit();
        let inside = inside.join(&format!("\n{unit}"));
        draft.before(statement.span.start, &[format!("{head} {{\n{unit}{inside}\n}}"), String::new()]);
        Ok(())
    }

    /// True if it is in the server that stands at a place, or if none is known to be asked for.
    pub(super) fn is_in(&self, server: Option<&Place>) -> bool {
        let own = self.server().and_then(|index| self.levels.get(index)).and_then(|level| level.block.as_ref());
        own.zip(server).is_none_or(|(own, server)| own.place == *server)
    }

    /// What is in a location as lines, for another one that sends on in another way: rewrites and locations left out.
    ///
    /// # Errors
    /// As [`Site::written`].
    pub(super) fn copied(&self, place: &Location, pass: &str) -> Result<Vec<String>, CannotAmend> {
        let mut copy = Self { origin: self.origin, levels: Vec::new(), drafts: BTreeMap::new() };
        let (draft, statement) = copy.written(&place.block)?;
        let line = |inner: &Statement| match inner.name.as_str() {
            "proxy_pass" => Some(format!("{pass};")),
            "location" | "rewrite" => None,
            _ => Some(draft.text(inner.span.clone())),
        };
        Ok(statement.inside().iter().filter_map(line).collect())
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
}

/// Puts the blocks behind the levels that lead to a router's own; false if it is not below the last of them.
fn way(place: &Place, name: &str, levels: &mut Vec<Level>) -> bool {
    let Some(inside) = levels.last().map(|level| level.inside.clone()) else { return false };
    for mut directive in inside {
        let Some(block) = directive.block.take() else { continue };
        let is_it = directive.place == *place && directive.to_string() == name;
        levels.push(Level { block: Some(directive), inside: block });
        if is_it || way(place, name, levels) {
            return true;
        }
        levels.pop();
    }
    false
}
