//! Who may know whom: reads every file of `src/` and holds it against the table in `src/lib.rs`.
//!
//! The table is the rule, not a copy of it: an arrow that is not in it fails here, a room that is missing from it too.
//! Code under `#[cfg(test)]` may import what it likes.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, Item, ItemMod, ItemUse, Macro, UseTree};

/// What a room without sockets, clock, files or terminal must not name. Each is the beginning of a path.
const LIVE: [&str; 21] = [
    "crossterm",
    "futures_util",
    "hyper",
    "hyper_util",
    "ratatui",
    "reqwest",
    "signal_hook",
    "socket2",
    "std::env",
    "std::fs",
    "std::io::stderr",
    "std::io::stdin",
    "std::io::stdout",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "tokio",
    "tokio_util",
];

/// Rooms that are pure although their kind in the table does not say so.
const ALSO_PURE: [&str; 5] = ["exchange", "lanes", "diagnosis", "dry_run", "store"];

#[test]
fn no_room_imports_what_it_may_not() {
    let rules = Rules::read(&read("src/lib.rs"));
    let files = sources();
    let rooms: BTreeSet<&str> = files.iter().map(|file| file.room.as_str()).filter(|room| !room.is_empty()).collect();
    for room in &rooms {
        assert!(rules.allowed.contains_key(*room), "src/{room} is not in the table of src/lib.rs");
    }
    let mut faults = Vec::new();
    let mut arrows = BTreeMap::<String, BTreeSet<String>>::new();
    for file in &files {
        for path in &file.paths {
            faults.extend(rules.fault(&file.room, path).map(|why| format!("{}: {why}", file.name)));
            if let Some(to) = crate_room(path).filter(|to| !file.room.is_empty() && *to != file.room) {
                arrows.entry(file.room.clone()).or_default().insert(to.to_owned());
            }
        }
    }
    assert!(faults.is_empty(), "forbidden arrows:\n{}", faults.join("\n"));
    assert_eq!(circle(&arrows), None, "rooms know each other in a circle");
}

#[test]
fn a_forbidden_arrow_is_found() {
    let rules = Rules::read(&read("src/lib.rs"));
    for (room, text, named) in [
        ("proxy", "use crate::store::Store;", "crate::store::Store"),
        ("proxy", "use crate::{capture::Losses, tui};", "crate::tui"),
        ("proxy", "use super::diagnosis::rules as r;", "crate::diagnosis::rules"),
        ("exchange", "mod inner { use super::super::lanes::Lanes; }", "crate::lanes::Lanes"),
        ("gateway", "fn f() -> crate::lanes::Source { todo!() }", "crate::lanes::Source"),
        ("lanes", "fn f() { println!(\"{}\", crate::tui::name()); }", "crate::tui::name"),
        ("report", "pub use hopscope::proxy::serve;", "crate::proxy::serve"),
        ("store", "async fn f() { tokio::task::yield_now().await; }", "tokio::task::yield_now"),
        ("asgi", "use std::time::{Duration, Instant};", "std::time::Instant"),
        ("lanes", "#[cfg(not(test))] use crate::store::Store;", "crate::store::Store"),
    ] {
        let (found, _) = paths(text, &[room.to_owned()]);
        let faults: Vec<String> = found.iter().filter_map(|path| rules.fault(room, path)).collect();
        assert!(faults.iter().any(|fault| fault.contains(named)), "{room}: {text}\nfound only {faults:?}");
    }
}

#[test]
fn an_allowed_arrow_and_test_code_are_not_found() {
    let rules = Rules::read(&read("src/lib.rs"));
    for (room, text) in [
        ("proxy", "use crate::{capture::Losses, exchange::Half}; use tokio::net::TcpStream;"),
        ("lanes", "use std::time::Duration; use super::exchange::Half; use super::lanes::Source;"),
        ("lanes", "#[cfg(test)] mod tests { use crate::store::Store; use std::fs; }"),
        ("store", "#[cfg(test)] use std::fs; impl A { #[cfg(test)] fn f() { tokio::spawn(g()) } }"),
        ("cli", "use crate::{tui, proxy, store};"),
    ] {
        let (found, _) = paths(text, &[room.to_owned()]);
        let faults: Vec<String> = found.iter().filter_map(|path| rules.fault(room, path)).collect();
        assert!(faults.is_empty(), "{room}: {text}\n{faults:?}");
    }
}

#[test]
fn a_circle_is_found() {
    let arrows = |list: &[(&str, &str)]| {
        let mut map = BTreeMap::<String, BTreeSet<String>>::new();
        for (from, to) in list {
            map.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        }
        map
    };
    assert_eq!(circle(&arrows(&[("a", "b"), ("b", "c"), ("a", "c")])), None);
    let found = circle(&arrows(&[("a", "b"), ("b", "c"), ("c", "b")])).expect("b knows c knows b");
    assert!(found.contains(&"b".to_owned()) && found.contains(&"c".to_owned()), "{found:?}");
}

#[test]
fn the_table_is_read_as_it_stands() {
    let rules = Rules::read(&read("src/lib.rs"));
    let knows = |room: &str| rules.allowed[room].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(knows("exchange"), [""; 0]);
    assert_eq!(knows("capture"), ["exchange"]);
    assert_eq!(knows("gateway"), ["asgi", "exchange", "forwarded", "redirect"]);
    assert_eq!(knows("proxy"), ["capture", "exchange", "forwarded", "gateway"]);
    assert!(knows("cli").contains(&"tui") && knows("cli").contains(&"proxy"));
    assert!(rules.pure.contains("gateway") && rules.pure.contains("store") && !rules.pure.contains("proxy"));
}

/// The table of `src/lib.rs`.
struct Rules {
    /// For each room the rooms it may know.
    allowed: BTreeMap<String, BTreeSet<String>>,
    /// The rooms that must name nothing of [`LIVE`].
    pure: BTreeSet<String>,
}

impl Rules {
    /// Reads rows of the form ``//! | [`room`], [`room`] | kind | words and `rooms` |``. `models` stands for the rooms
    /// whose kind begins so, `each other` for the row's own, `everything` for all.
    fn read(text: &str) -> Self {
        let rows: Vec<Vec<&str>> = text
            .lines()
            .filter_map(|line| line.strip_prefix("//! | ")?.strip_suffix('|'))
            .map(|row| row.split('|').map(str::trim).collect())
            .filter(|cells: &Vec<&str>| cells.len() == 3 && cells[0].contains("[`"))
            .collect();
        assert!(rows.len() > 5, "src/lib.rs has lost its table of rooms");
        let all: BTreeSet<String> = rows.iter().flat_map(|cells| quoted(cells[0])).collect();
        let is_model = |cells: &&Vec<&str>| cells[1].starts_with("models");
        let models: BTreeSet<String> = rows.iter().filter(is_model).flat_map(|cells| quoted(cells[0])).collect();
        let mut allowed = BTreeMap::new();
        for cells in &rows {
            let own = quoted(cells[0]);
            let mut knows: BTreeSet<String> = quoted(cells[2]).into_iter().collect();
            if cells[2].contains("models") {
                knows.extend(models.iter().cloned());
            }
            if cells[2].contains("each other") {
                knows.extend(own.iter().cloned());
            }
            if cells[2] == "everything" {
                knows.extend(all.iter().cloned());
            }
            for room in own {
                let mut knows = knows.clone();
                knows.remove(&room);
                allowed.insert(room, knows);
            }
        }
        let pure = models.into_iter().chain(ALSO_PURE.map(str::to_owned)).collect();
        Self { allowed, pure }
    }

    /// Why code in `room` may not name `path`; `None` if it may.
    fn fault(&self, room: &str, path: &str) -> Option<String> {
        let allowed = self.allowed.get(room)?;
        let forbidden = match crate_room(path) {
            Some(to) => to != room && self.allowed.contains_key(to) && !allowed.contains(to),
            None => self.pure.contains(room) && LIVE.iter().any(|live| begins(path, live)),
        };
        forbidden.then(|| format!("{room} may not know {path}"))
    }
}

/// The words in backticks.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The room that a path into this crate leads to.
fn crate_room(path: &str) -> Option<&str> {
    path.strip_prefix("crate::").map(|rest| rest.split("::").next().unwrap_or(rest))
}

/// True if `path` is `beginning` or lies below it.
fn begins(path: &str, beginning: &str) -> bool {
    path.strip_prefix(beginning).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// The rooms of a circle, if there is one.
fn circle(arrows: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    fn walk(
        from: &str,
        arrows: &BTreeMap<String, BTreeSet<String>>,
        way: &mut Vec<String>,
        done: &mut BTreeSet<String>,
    ) -> bool {
        if let Some(start) = way.iter().position(|room| room == from) {
            way.drain(..start);
            return true;
        }
        if done.contains(from) {
            return false;
        }
        way.push(from.to_owned());
        if arrows.get(from).is_some_and(|next| next.iter().any(|to| walk(to, arrows, way, done))) {
            return true;
        }
        way.pop();
        done.insert(from.to_owned());
        false
    }
    let (mut way, mut done) = (Vec::new(), BTreeSet::new());
    arrows.keys().any(|from| walk(from, arrows, &mut way, &mut done)).then_some(way)
}

/// A file of `src/` and the paths it names.
struct Source {
    name: String,
    room: String,
    paths: BTreeSet<String>,
}

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Every file below `src/` that is part of the product.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("src is readable").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|end| end == "rs") {
                files.push(entry);
            }
        }
    }
    let mut only_tests = BTreeSet::<PathBuf>::new();
    let mut found = Vec::new();
    for file in &files {
        let module = module_of(file.strip_prefix(&root).expect("below src"));
        let (paths, tests) = paths(&fs::read_to_string(file).expect("readable"), &module);
        let folder = module.iter().fold(root.clone(), |folder, part| folder.join(part));
        only_tests.extend(tests.iter().map(|name| folder.join(name)));
        found.push((file, module, paths));
    }
    found.retain(|(file, ..)| {
        !only_tests.iter().any(|test| file.starts_with(test) || **file == test.with_extension("rs"))
    });
    found
        .into_iter()
        .map(|(file, module, paths)| Source {
            name: file.display().to_string(),
            room: module.into_iter().next().unwrap_or_default(),
            paths,
        })
        .collect()
}

/// `store/filter.rs` is the module `store::filter`, `store/mod.rs` is `store`, `lib.rs` the crate itself.
fn module_of(file: &Path) -> Vec<String> {
    let mut parts: Vec<String> =
        file.with_extension("").iter().map(|part| part.to_str().expect("UTF-8").to_owned()).collect();
    if parts.last().is_some_and(|last| matches!(last.as_str(), "mod" | "lib" | "main")) {
        parts.pop();
    }
    parts
}

/// Every path that the text names outside test code, as written from the crate's root; and the names of the modules in
/// files of their own that are for tests only.
fn paths(text: &str, module: &[String]) -> (BTreeSet<String>, Vec<String>) {
    let file = syn::parse_file(text).unwrap_or_else(|error| panic!("{module:?}: {error}"));
    let mut found = Found { module: module.to_vec(), paths: BTreeSet::new(), tests: Vec::new() };
    found.visit_file(&file);
    (found.paths, found.tests)
}

struct Found {
    module: Vec<String>,
    paths: BTreeSet<String>,
    tests: Vec<String>,
}

impl Found {
    /// Notes a path, `self`, `super` and the crate's own name resolved.
    fn note(&mut self, segments: &[String]) {
        let Some(first) = segments.first() else { return };
        let mut from = self.module.clone();
        let mut rest = segments;
        match first.as_str() {
            "crate" | "hopscope" => (from, rest) = (Vec::new(), &segments[1..]),
            "self" | "super" => {
                while let Some(step) = rest.first().filter(|step| matches!(step.as_str(), "self" | "super")) {
                    if step == "super" {
                        from.pop();
                    }
                    rest = &rest[1..];
                }
            }
            _ => {
                self.paths.insert(segments.join("::"));
                return;
            }
        }
        let whole: Vec<&str> = ["crate"].into_iter().chain(from.iter().chain(rest).map(String::as_str)).collect();
        self.paths.insert(whole.join("::"));
    }

    fn note_use(&mut self, tree: &UseTree, before: &[String]) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.note_use(&path.tree, &with(&path.ident)),
            UseTree::Name(name) if name.ident == "self" => self.note(before),
            UseTree::Name(name) => self.note(&with(&name.ident)),
            UseTree::Rename(name) => self.note(&with(&name.ident)),
            UseTree::Glob(_) => self.note(before),
            UseTree::Group(group) => group.items.iter().for_each(|item| self.note_use(item, before)),
        }
    }
}

impl<'ast> Visit<'ast> for Found {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(item_attributes(item)) {
            visit::visit_item(self, item);
        } else if let Item::Mod(ItemMod { ident, content: None, .. }) = item {
            self.tests.push(ident.to_string());
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let attributes = match item {
            ImplItem::Const(item) => &item.attrs,
            ImplItem::Fn(item) => &item.attrs,
            ImplItem::Type(item) => &item.attrs,
            _ => return visit::visit_impl_item(self, item),
        };
        if !is_test(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.note_use(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.note(&path.segments.iter().map(|segment| segment.ident.to_string()).collect::<Vec<_>>());
        visit::visit_path(self, path);
    }

    /// What stands in a macro call is not parsed; its tokens are read as text.
    fn visit_macro(&mut self, call: &'ast Macro) {
        visit::visit_macro(self, call);
        let text = call.tokens.to_string().replace(" :: ", "::");
        let is_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':');
        for word in text.split(|c| !is_path(c)).filter(|word| word.contains("::")) {
            self.note(&word.split("::").map(str::to_owned).collect::<Vec<_>>());
        }
    }
}

/// True for `#[cfg(test)]`, and for `test` as one of several conditions that must all hold.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let Ok(list) = attribute.meta.require_list() else { return false };
        let condition = list.tokens.to_string();
        attribute.path().is_ident("cfg") && (condition == "test" || condition.starts_with("all (test"))
    })
}

fn item_attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
