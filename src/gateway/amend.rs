//! Changes written into a configuration, one after the other.
//!
//! Each is written into what the one before it left, so that two of them may be about one line; the lines that are told in
//! the end are those of the user's own files. The plan whose router is changed is carried along.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::{
    Amended, CannotAmend, Change, Edit, Files, Gateway, InMemory, Origin, Place, Plan, Proxy, apache, apply, caddy,
    haproxy, nginx, read, traefik,
};

impl Gateway {
    /// The proxy as it would be with these changes written into its files, for requests like the one whose plan is given:
    /// its router is the one that is changed.
    ///
    /// # Errors
    /// [`CannotAmend`] for changes that are all there already, for one that cannot be written where it belongs or that a proxy
    /// described by flags has no flag for, and for a result that the program would refuse.
    pub fn amend(&self, changes: &[Change], plan: &Plan) -> Result<Amended, CannotAmend> {
        if let Some(changed) = self.model.with(changes) {
            return changed.map(|gateway| Amended { gateway, edits: Vec::new() });
        }
        let mut gateway = self.clone();
        let mut plan = plan.clone();
        let mut history = History::default();
        for change in changes {
            let no_file = || CannotAmend(format!("{} has no file", gateway.proxy));
            let origin = gateway.origin.clone().ok_or_else(no_file)?;
            let mut edits = match write(&gateway, &origin, change, &plan) {
                // What is so already is no reason not to do the rest.
                Err(why) if why.is_already() => continue,
                written => written?,
            };
            edits.sort_by(|a, b| a.place.cmp(&b.place));
            edits.dedup();
            let files = apply(&origin.files, &edits)?;
            let amended = read(&origin.paths, &files, origin.options)?;
            plan = carried(plan, change, &gateway, &amended, &edits);
            history.add(&origin.files, &edits);
            gateway = amended;
        }
        let edits = gateway.origin.as_ref().map(|origin| history.edits(&origin.files)).unwrap_or_default();
        if edits.is_empty() {
            return Err(CannotAmend::already());
        }
        Ok(Amended { gateway, edits })
    }
}

/// One change, in the words of the program.
fn write(gateway: &Gateway, origin: &Origin, change: &Change, plan: &Plan) -> Result<Vec<Edit>, CannotAmend> {
    match gateway.proxy {
        Proxy::Nginx => nginx::edits(gateway, origin, change, plan),
        Proxy::Traefik => traefik::edits(gateway, origin, change, plan),
        Proxy::Caddy => caddy::edits(gateway, origin, change, plan),
        Proxy::Haproxy => haproxy::edits(gateway, origin, change, plan),
        Proxy::Apache => apache::edits(gateway, origin, change, plan),
        Proxy::Flags => Err(CannotAmend("hopscope's own stand-in has no file".to_owned())),
    }
}

/// A plan as it stands in the changed configuration: its places moved with their lines, its router the one that is there
/// now, which is a new one where the change made one for the prefix.
fn carried(mut plan: Plan, change: &Change, old: &Gateway, new: &Gateway, edits: &[Edit]) -> Plan {
    for step in &mut plan.steps {
        step.place = step.place.take().map(|place| moved(&place, edits));
    }
    let made = match change {
        Change::Path { prefix, .. } => new.routers.iter().position(|router| {
            let at = router.place.as_ref();
            router.prefix.as_ref() == Some(prefix) && at.is_some_and(|place| is_inserted(place, edits))
        }),
        _ => None,
    };
    plan.router = made.or_else(|| {
        let router = old.router(&plan)?;
        let place = router.place.as_ref().map(|place| moved(place, edits));
        let named = new.routers.iter().position(|other| other.place == place && other.name == router.name);
        named.or_else(|| new.routers.iter().position(|other| other.place == place))
    });
    plan
}

/// Where a line stands after edits.
fn moved(place: &Place, edits: &[Edit]) -> Place {
    let mut line = place.line;
    for edit in edits.iter().filter(|edit| edit.place.file == place.file && edit.place.line <= place.line) {
        let added = u32::try_from(edit.insert.len()).unwrap_or(u32::MAX);
        let within = place.line - edit.place.line;
        line = if within >= edit.remove {
            line.saturating_add(added).saturating_sub(edit.remove)
        } else {
            line.saturating_sub(within.saturating_sub(added.saturating_sub(1)))
        };
    }
    Place { file: Arc::clone(&place.file), line }
}

/// True for a line that edits wrote.
fn is_inserted(place: &Place, edits: &[Edit]) -> bool {
    let mut shift = 0_i64;
    for edit in edits.iter().filter(|edit| edit.place.file == place.file) {
        let count = i64::try_from(edit.insert.len()).unwrap_or(i64::MAX);
        let first = i64::from(edit.place.line).saturating_add(shift);
        if (first..first.saturating_add(count)).contains(&i64::from(place.line)) {
            return true;
        }
        shift = shift.saturating_add(count).saturating_sub(i64::from(edit.remove));
    }
    false
}

/// Which of a file's lines were there at first.
#[derive(Debug, Default)]
pub(super) struct History {
    /// By file: the number of lines at first, and for each line of now the one that it was.
    files: BTreeMap<Arc<Path>, (u32, Vec<Option<u32>>)>,
}

impl History {
    /// Makes edits of the files as they are.
    pub(super) fn add(&mut self, files: &InMemory, edits: &[Edit]) {
        for group in edits.chunk_by(|a, b| a.place.file == b.place.file) {
            let Some(file) = group.first().map(|edit| &edit.place.file) else { continue };
            let lines = || {
                let count = files.read(file).map_or(0, |bytes| bytes.split_inclusive(|&byte| byte == b'\n').count());
                let count = u32::try_from(count).unwrap_or(u32::MAX);
                (count, (1..=count).map(Some).collect())
            };
            let (_, lines) = self.files.entry(Arc::clone(file)).or_insert_with(lines);
            // From the end on, so that the places of those before stay.
            for edit in group.iter().rev() {
                let start = (edit.place.line as usize).saturating_sub(1).min(lines.len());
                let end = (start + edit.remove as usize).min(lines.len());
                lines.splice(start..end, edit.insert.iter().map(|_| None));
            }
        }
    }

    /// All edits as those of the files at first; these are the files as they are now.
    pub(super) fn edits(self, files: &InMemory) -> Vec<Edit> {
        let of_file = |(file, (count, lines)): (Arc<Path>, (u32, Vec<Option<u32>>))| {
            let bytes = files.read(&file).unwrap_or_default();
            edits_of(&file, count, &lines, &String::from_utf8_lossy(&bytes))
        };
        self.files.into_iter().flat_map(of_file).collect()
    }
}

/// The edits that make a file of now from what it was.
fn edits_of(file: &Arc<Path>, count: u32, lines: &[Option<u32>], text: &str) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut next = 1;
    let mut insert = Vec::new();
    // Behind the last line there is an end that no edit takes away.
    let whole = text.lines().map(str::to_owned).zip(lines.iter().copied());
    for (line, from) in whole.chain([(String::new(), Some(count + 1))]) {
        let Some(number) = from else {
            insert.push(line);
            continue;
        };
        if !insert.is_empty() || number > next {
            let place = Place { file: Arc::clone(file), line: next };
            edits.push(Edit { place, remove: number.saturating_sub(next), insert: std::mem::take(&mut insert) });
        }
        next = number.saturating_add(1);
    }
    edits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(line: u32, remove: u32, insert: &[&str]) -> Edit {
        let insert = insert.iter().map(|&line| line.to_owned()).collect();
        Edit { place: Place::new(Path::new("a"), line), remove, insert }
    }

    #[test]
    fn edits_of_edits_are_edits_of_the_first_file() {
        let first = InMemory::default().file("a", "1\n2\n3\n4\n5\n");
        let mut history = History::default();
        let mut now = first.clone();
        for edits in [vec![edit(2, 1, &["b"]), edit(4, 0, &["n"])], vec![edit(2, 1, &["B"]), edit(5, 1, &[])]] {
            history.add(&now, &edits);
            now = apply(&now, &edits).unwrap();
        }
        let bytes = now.read(Path::new("a")).unwrap();
        let file: Arc<Path> = Arc::from(Path::new("a"));
        let (count, lines) = history.files.get(&file).unwrap();
        let edits = edits_of(&file, *count, lines, std::str::from_utf8(&bytes).unwrap());
        assert_eq!(edits, [edit(2, 1, &["B"]), edit(4, 1, &["n"])]);
        assert_eq!(apply(&first, &edits).unwrap(), now);
    }

    #[test]
    fn places_move_with_their_lines() {
        let edits = [edit(2, 0, &["x", "y"]), edit(4, 2, &["z"]), edit(8, 1, &[])];
        let line = |line| moved(&Place::new(Path::new("a"), line), &edits).line;
        assert_eq!([1, 2, 3, 4, 5, 6, 9].map(line), [1, 4, 5, 6, 6, 7, 9]);
        let inserted = |line| is_inserted(&Place::new(Path::new("a"), line), &edits);
        assert_eq!([1, 2, 3, 4, 6, 7].map(inserted), [false, true, true, false, true, false]);
    }
}
