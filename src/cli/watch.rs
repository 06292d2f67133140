//! Who the app's server is: what the flags say, what its process shows, what its answers say, put together and kept up to
//! date while hopscope runs.
//!
//! ```text
//! start ──────────────────▶ look at the process ─┐
//! exchanges ─┬ who answered? ────────────────────┼▶ settings: flags > process > answers ─▶ store.set_server
//!            └ other sockets listen? look again ─┘
//! ```

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::asgi::framework::Framework;
use crate::asgi::server::command::Installed;
use crate::asgi::server::{Program, Server, from_header};
use crate::exchange::{Answered, ExchangeId};
use crate::gateway::Upstream;
use crate::lanes::visible::visible;
use crate::lanes::{Provenance, Setup};
use crate::probe::process::{self, Found, NotFound, Runs};
use crate::settings::{Evidence, ServerFacts, installed_framework};
use crate::store::Store;

/// So many answers in a row by another program mean that it serves now; one may come from elsewhere.
const IN_A_ROW: u32 = 16;
/// Whether another process listens is not looked at more often than this.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What is known of the app's server, shared by the recorder, which hears its answers, and the thread that looks.
#[derive(Clone)]
pub(super) struct Watch(Arc<Mutex<Known>>);

/// Where the app's server is looked for.
pub(super) enum AppServer {
    /// Behind this upstream.
    At(Upstream),
    /// Its process may not be looked at.
    Unasked,
    /// No tap stands before it.
    Unseen,
    /// There are several, and one set-up cannot hold them all.
    Several,
}

struct Known {
    flags: ServerFacts,
    /// What the flags say of the framework; the default if nothing.
    framework: Framework,
    place: AppServer,
    /// The sockets that listened there when it was last looked at.
    sockets: Vec<u64>,
    found: Option<Result<Found, NotFound>>,
    /// When the process was started again, until the store has been told.
    again: Option<u64>,
    answered: Option<Program>,
    /// Another program that answered since, and how often in a row.
    another: Option<(Program, u32)>,
    /// True where no dashboard shows what changes.
    loud: bool,
    not_before: Instant,
}

impl Watch {
    /// Looks at the process that listens where the app's server is, and sets up what follows from it.
    pub(super) fn start(flags: ServerFacts, place: AppServer, loud: bool, setup: &mut Setup) -> Self {
        let not_before = Instant::now();
        let framework = setup.app.framework;
        let mut known = Known {
            flags,
            framework,
            place,
            sockets: Vec::new(),
            found: None,
            again: None,
            answered: None,
            another: None,
            loud,
            not_before,
        };
        known.look();
        (setup.server, setup.app.framework, setup.provenance) = known.setup();
        let root = setup.server.root_path.clone();
        setup.know_prefix(&root);
        Self(Arc::new(Mutex::new(known)))
    }

    /// Hears who answered the exchanges of a batch. True if it is worth looking whether another process listens.
    pub(super) fn hear(&self, store: &mut Store, ids: &mut Vec<ExchangeId>) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut is_news = false;
        let one = !matches!(known.place, AppServer::Several);
        let answers: Vec<Program> = ids.iter().filter(|_| one).filter_map(|id| answered_by(store, *id)).collect();
        for program in answers {
            is_news |= known.hear(program);
        }
        if is_news {
            known.set(store, ids);
        }
        let due = matches!(known.place, AppServer::At(_)) && Instant::now() >= known.not_before;
        if due {
            known.not_before = Instant::now() + LOOK_AGAIN;
        }
        due
    }

    /// True if other sockets listen now than when the process was looked at; it has been looked at again then.
    pub(super) fn look_again(&self) -> bool {
        let (upstream, before) = {
            let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let AppServer::At(upstream) = &known.place else { return false };
            (upstream.clone(), known.sockets.clone())
        };
        // Looked at without the lock: the recorder must not wait for it.
        let now = process::fingerprint(&upstream);
        if now.is_empty() || now == before {
            return false;
        }
        let found = process::find(&upstream);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // What was found before served until then; what was not found may have been served by anyone.
        let was_found = matches!(known.found, Some(Ok(_)));
        known.again = found.as_ref().ok().and_then(|found| found.since).filter(|_| was_found);
        known.sockets = now;
        known.found = Some(found);
        // Another may answer in another name.
        known.answered = None;
        true
    }

    /// Tells the store what is known now; adds the exchanges that are seen otherwise then.
    pub(super) fn tell(&self, store: &mut Store) -> Vec<ExchangeId> {
        let mut ids = Vec::new();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).set(store, &mut ids);
        ids
    }
}

/// Says what is known of the app's server, for those who watch without a screen.
pub(super) fn announce(out: &mut impl Write, provenance: &Provenance) {
    let known = provenance.lines().map(|(what, from)| format!("{what} ({from})"));
    for line in known.chain(provenance.doubts().map(str::to_owned)) {
        // Nobody reads: nothing to be done about it.
        let _ = writeln!(out, "hopscope: the app's server: {}", visible(line.as_bytes()));
    }
}

impl Known {
    /// Notes who answered. True if that changes what is known.
    fn hear(&mut self, program: Program) -> bool {
        let in_a_row = match self.another {
            _ if self.answered == Some(program) => {
                self.another = None;
                return false;
            }
            Some((another, count)) if another == program => count + 1,
            _ => 1,
        };
        let is_news = self.answered.is_none() || in_a_row >= IN_A_ROW;
        if is_news {
            self.answered = Some(program);
        }
        self.another = (!is_news).then_some((program, in_a_row));
        is_news
    }

    fn look(&mut self) {
        if let AppServer::At(upstream) = &self.place {
            self.sockets = process::fingerprint(upstream);
            self.found = Some(process::find(upstream));
        }
    }

    fn set(&mut self, store: &mut Store, ids: &mut Vec<ExchangeId>) {
        let (again, (server, framework, provenance)) = (self.again.take(), self.setup());
        let setup = store.setup();
        if (&setup.server, &setup.provenance) == (&server, &provenance) {
            return;
        }
        if self.loud {
            announce(&mut io::stderr().lock(), &provenance);
        }
        for id in store.set_server(server, framework, provenance, again) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
    }

    /// The server and the framework by all that is known.
    fn setup(&self) -> (Server, Framework, Provenance) {
        let found = self.found.as_ref().and_then(|found| found.as_ref().ok());
        let started = found.and_then(|found| match &found.runs {
            Runs::Server(started) => Some(&**started),
            Runs::Code(_) => None,
        });
        let installed = found.map(|found| &found.installed);
        let evidence = Evidence { started, installed, answered: self.answered };
        let (server, mut provenance) = self.flags.server_by(evidence);
        if matches!(self.place, AppServer::Unseen) && !server.stated {
            // Nothing is shown of it, so nobody need be told what it is taken for.
            return (server, self.framework, Provenance::default());
        }
        match &self.found {
            Some(Ok(found)) => {
                provenance.process = Some(process_line(found));
                provenance.unread.extend(found.unread.iter().cloned());
                if let Runs::Code(name) = &found.runs
                    && !server.stated
                {
                    let why =
                        "starts the server itself: its options are in code; say them with --server and its options";
                    provenance.unread.push(format!("{name} {why}"));
                }
            }
            // Who has said which server it is need not be told that its process is not to be seen.
            Some(Err(why)) if !server.stated => provenance.unread.push(why.to_string()),
            None if matches!(self.place, AppServer::Several) && !server.stated => {
                let why = "several servers are behind hopscope, and none is looked at: say --server and its options";
                provenance.unread.push(why.to_owned());
            }
            Some(Err(_)) | None => {}
        }
        let framework = self.known_framework(installed, &mut provenance);
        (server, framework, provenance)
    }

    /// The framework as the flags have it, else as it is installed.
    fn known_framework(&self, installed: Option<&Installed>, provenance: &mut Provenance) -> Framework {
        let found = installed.and_then(installed_framework).filter(|_| self.framework == Framework::default());
        let Some(framework) = found else { return self.framework };
        for (name, release) in framework.packages() {
            provenance.know(name, &release.to_string(), "installed");
        }
        framework
    }
}

/// `pid 4242 · uvicorn main:app · /srv/venv`.
fn process_line(found: &Found) -> String {
    let runs = match &found.runs {
        Runs::Server(started) => format!("{} {}", started.launcher, started.app.as_deref().unwrap_or_default()),
        Runs::Code(name) => name.clone(),
    };
    let home = found.home.as_ref().map(|home| home.display().to_string());
    let parts = [format!("pid {}", found.pid), runs.trim_end().to_owned()].into_iter().chain(home);
    parts.collect::<Vec<_>>().join(" · ")
}

/// The server that an exchange's answer names, where it came from the app's side.
fn answered_by(store: &Store, id: ExchangeId) -> Option<Program> {
    let app = store.get(id)?.exchange.app.clone()?;
    let head = app.response.as_ref().filter(|_| app.answered == Answered::Upstream)?;
    from_header(head.get("server")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_answer_from_elsewhere_changes_nothing_and_many_in_a_row_do() {
        let mut setup = Setup::new(Server::uvicorn());
        let watch = Watch::start(ServerFacts::default(), AppServer::Unasked, false, &mut setup);
        let mut known = watch.0.lock().unwrap();
        assert!(known.hear(Program::Daphne), "the first");
        assert_eq!(known.setup().0.program(), Program::Daphne);
        for _ in 1..IN_A_ROW {
            assert!(!known.hear(Program::Granian));
        }
        assert!(!known.hear(Program::Daphne), "back again");
        for _ in 1..IN_A_ROW {
            assert!(!known.hear(Program::Granian));
        }
        assert!(known.hear(Program::Granian), "so many in a row");
        assert_eq!(known.setup().0.program(), Program::Granian);
    }

    #[test]
    fn the_root_path_that_the_server_has_is_a_public_prefix() {
        let mut setup = Setup::new(Server::uvicorn());
        let options = vec![("root-path".to_owned(), "/api/v1/".to_owned())];
        let flags = ServerFacts { options, ..ServerFacts::default() };
        Watch::start(flags, AppServer::Unasked, false, &mut setup);
        assert_eq!(setup.prefixes, ["/api/v1"]);
    }

    #[test]
    fn what_no_tap_shows_is_not_told() {
        let mut setup = Setup::new(Server::uvicorn());
        Watch::start(ServerFacts::default(), AppServer::Unseen, false, &mut setup);
        assert_eq!(setup.provenance, Provenance::default());
        let flags = ServerFacts { program: Some((Program::Daphne, None)), ..ServerFacts::default() };
        Watch::start(flags, AppServer::Several, false, &mut setup);
        assert_eq!(setup.provenance.options.len(), 1);
        assert_eq!(setup.provenance.unread, [""; 0]);
        Watch::start(ServerFacts::default(), AppServer::Several, false, &mut setup);
        assert!(matches!(setup.provenance.unread.as_slice(), [one] if one.contains("several servers")));
    }
}
