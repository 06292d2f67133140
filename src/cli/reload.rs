//! The proxy's configuration, read again when its files change.
//!
//! The folders are watched and not the files: an editor puts a new file in the place of the old one. What cannot be read
//! changes nothing but what is said: the last good configuration counts until there is a better one.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use super::engine::Teller;
use super::from_args::faulty;
use crate::gateway::{self, Files, Gateway, InMemory, Router};
use crate::lanes::visible::visible;
use crate::proxy::StandIn;
use crate::settings::{Machine, Source};

/// An editor writes in several steps: read again once there was nothing new for so long.
const SETTLED: Duration = Duration::from_millis(150);
/// Routers named one by one when they changed.
const MOST_NAMED: usize = 5;

/// Watches as long as it is held.
pub(super) struct Reload {
    /// Its end ends the thread: nothing comes any more.
    watcher: Option<RecommendedWatcher>,
    /// Has the files read again by hand.
    nudge: Nudge,
}

/// Has the files of a configuration read again, as if they had changed.
#[derive(Clone)]
pub(super) struct Nudge(Weak<Sender<()>>);

impl Nudge {
    /// Asks for it; nothing happens where nobody watches any more.
    pub(super) fn now(&self) {
        if let Some(sender) = self.0.upgrade() {
            // The thread has ended: so has the run.
            let _ = sender.send(());
        }
    }
}

/// What the watching thread knows.
struct Watched {
    source: Source,
    stand_in: Option<Arc<StandIn>>,
    teller: Teller,
    loud: bool,
    current: Gateway,
    /// What the files held when they were last read.
    contents: Contents,
}

type Contents = BTreeMap<PathBuf, Result<Vec<u8>, io::ErrorKind>>;

impl Reload {
    /// Watches the files that `gateway` was read from. Without a watch it goes on, and says so.
    pub(super) fn start(
        source: Source,
        gateway: &Gateway,
        stand_in: Option<Arc<StandIn>>,
        teller: Teller,
        loud: bool,
    ) -> Self {
        let (sender, changes) = channel();
        // Held by the watcher alone: with it the thread ends.
        let sender = Arc::new(sender);
        let nudge = Nudge(Arc::downgrade(&sender));
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Reading them is an event too, and none that matters.
            let kind = event.map_or(EventKind::Any, |event| event.kind);
            let written = EventKind::Access(AccessKind::Close(AccessMode::Write));
            if !matches!(kind, EventKind::Access(_)) || kind == written {
                // The thread has ended: so has the run.
                let _ = sender.send(());
            }
        });
        let watcher = watcher.and_then(|mut watcher| {
            for folder in folders(&source, gateway) {
                watcher.watch(&folder, RecursiveMode::NonRecursive)?;
            }
            Ok(watcher)
        });
        match watcher {
            Ok(watcher) => {
                let (now, contents) = read(&source);
                // What was written between the first reading and the watch has told nobody.
                let is_as_read = now.is_ok_and(|now| files_of(&now) == files_of(gateway));
                let contents = if is_as_read { contents } else { Contents::new() };
                if !is_as_read {
                    nudge.now();
                }
                let watched = Watched { source, stand_in, teller, loud, current: gateway.clone(), contents };
                let name = "hopscope-reload".to_owned();
                let started = std::thread::Builder::new().name(name).spawn(move || watched.run(&changes));
                if let Err(error) = started {
                    say(&format!("changes of the configuration will not be seen: {error}"));
                }
                Self { watcher: Some(watcher), nudge }
            }
            Err(error) => {
                if loud {
                    say(&format!("changes of the configuration will not be seen: {error}"));
                }
                Self { watcher: None, nudge }
            }
        }
    }
}

impl Reload {
    /// What reads the files again by hand; `None` where they are not watched.
    pub(super) fn nudge(&self) -> Option<Nudge> {
        self.watcher.as_ref().map(|_| self.nudge.clone())
    }
}

impl Watched {
    fn run(mut self, changes: &Receiver<()>) {
        while changes.recv().is_ok() {
            while changes.recv_timeout(SETTLED).is_ok() {}
            self.look();
        }
    }

    /// Reads the files again, and takes what they say if they say something new.
    fn look(&mut self) {
        let (read, contents) = read(&self.source);
        if contents == self.contents {
            return;
        }
        self.contents = contents;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let since = u64::try_from(now.as_micros()).unwrap_or(u64::MAX);
        let (gateway, said) = match read {
            Ok(gateway) => {
                let said = news(&self.current, &gateway);
                if let Some(stand_in) = &self.stand_in {
                    stand_in.replace(gateway.clone());
                }
                self.current = gateway.clone();
                (Some(gateway), said)
            }
            Err(why) => (None, format!("{why}; the last good configuration still counts")),
        };
        if self.loud {
            say(&said);
        }
        // The line that is quoted below a fault is for those who read lines.
        let said = said.lines().next().unwrap_or_default().to_owned();
        self.teller.tell(|store| store.reread(since, gateway, said));
    }
}

/// What a configuration was read from.
fn files_of(gateway: &Gateway) -> Option<&InMemory> {
    gateway.origin.as_ref().map(|origin| &origin.files)
}

/// Says something on stderr.
fn say(text: &str) {
    // Nobody reads: nothing to be done about it.
    let _ = writeln!(
        io::stderr(),
        "hopscope: {}",
        text.lines().map(|line| visible(line.as_bytes())).collect::<Vec<_>>().join("\n")
    );
}

/// The folders whose changes may change the configuration.
fn folders(source: &Source, gateway: &Gateway) -> BTreeSet<PathBuf> {
    let of = |path: &Path| match path.parent() {
        _ if path.is_dir() => path.to_owned(),
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    source.paths.iter().chain(&gateway.files).map(|path| of(path)).filter(|folder| folder.is_dir()).collect()
}

/// Reads the configuration; gives it, or what is wrong with it, and what its files hold.
fn read(source: &Source) -> (Result<Gateway, String>, Contents) {
    let files = Remembering { machine: Machine::new(), contents: RefCell::default() };
    let read = gateway::read(&source.paths, &files, source.options);
    let read = read.map_err(|error| faulty(&error, &files.machine));
    (read, files.contents.into_inner())
}

/// This machine's files, and what they held.
struct Remembering {
    machine: Machine,
    contents: RefCell<Contents>,
}

impl Files for Remembering {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let read = self.machine.read(path);
        let held = read.as_ref().map(Clone::clone).map_err(io::Error::kind);
        self.contents.borrow_mut().insert(path.to_owned(), held);
        read
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        self.machine.list(folder)
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.machine.variable(name)
    }
}

/// What is new in a configuration: `nginx.conf was read again: + location /new; ~ location /api/`.
fn news(old: &Gateway, new: &Gateway) -> String {
    let key = |router: &Router| (router.name.clone(), router.rule.clone());
    // Where it stands changes with every line above it.
    let told = |router: &Router| Router { place: None, ..router.clone() };
    let by_key = |gateway: &Gateway| -> BTreeMap<(String, String), Vec<Router>> {
        let mut all = BTreeMap::<_, Vec<Router>>::new();
        for router in &gateway.routers {
            all.entry(key(router)).or_default().push(told(router));
        }
        all
    };
    let (before, after) = (by_key(old), by_key(new));
    let mut changes: Vec<String> = Vec::new();
    // A router that is there under another rule is told by both.
    let named = |(name, rule): &(String, String), others: &BTreeMap<(String, String), Vec<Router>>| {
        let other_rule = others.keys().any(|(other, _)| other == name);
        if other_rule { format!("{name} {rule}") } else { name.clone() }
    };
    for (key, routers) in &after {
        match before.get(key) {
            None => changes.push(format!("+ {}", named(key, &before))),
            Some(was) if was != routers => changes.push(format!("~ {}", key.0)),
            Some(_) => {}
        }
    }
    let gone = before.keys().filter(|key| !after.contains_key(key));
    changes.extend(gone.map(|key| format!("- {}", named(key, &after))));
    let file = new.files.first().map(|file| file.display().to_string()).unwrap_or_default();
    let more = changes.len().saturating_sub(MOST_NAMED);
    changes.truncate(MOST_NAMED);
    if more > 0 {
        changes.push(format!("{more} more"));
    }
    let changes = if changes.is_empty() { "the same routers".to_owned() } else { changes.join("; ") };
    format!("{file} was read again: {changes}{}{}", other_ports(old, new), doubts(new))
}

/// Says how much of it is not understood.
fn doubts(gateway: &Gateway) -> String {
    match gateway.not_understood.as_slice() {
        [] => String::new(),
        [only] => format!("; not understood: {only}"),
        [first, rest @ ..] => format!("; not understood: {first}, and {} more", rest.len()),
    }
}

/// Says that listeners stay as they are while hopscope runs.
fn other_ports(old: &Gateway, new: &Gateway) -> String {
    let ports =
        |gateway: &Gateway| gateway.listeners.iter().map(|listen| (listen.port, listen.tls)).collect::<BTreeSet<_>>();
    let (old, new) = (ports(old), ports(new));
    if old == new {
        return String::new();
    }
    let changed: Vec<String> = old.symmetric_difference(&new).map(|(port, _)| port.to_string()).collect();
    format!("; its listeners changed ({}): start hopscope again for that", changed.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::parse_route;

    #[test]
    fn what_is_new_is_said() {
        let gateway = |routes: &[&str]| {
            let routes = routes.iter().map(|text| parse_route(text).unwrap()).collect();
            let mut gateway = Gateway::of_routes(routes, None);
            gateway.files = vec![PathBuf::from("a.conf")];
            gateway
        };
        let old = gateway(&["/a=http://h:1", "/b=http://h:1", "/c=http://h:1"]);
        let new = gateway(&["/a=http://h:1", "/b=http://h:1,strip", "/d=http://h:1"]);
        assert_eq!(news(&old, &old), "a.conf was read again: the same routers");
        // A route's rule is all of it, so a changed one is another.
        let changed = "+ /b --route /b=http://h:1,strip; + /d; - /b --route /b=http://h:1,keep; - /c";
        assert_eq!(news(&old, &new), format!("a.conf was read again: {changed}"));
        let mut other = old.clone();
        other.routers.iter_mut().for_each(|router| router.path = "301".to_owned());
        assert_eq!(news(&old, &other), "a.conf was read again: ~ /a; ~ /b; ~ /c");
    }
}
