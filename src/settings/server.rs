//! Which server the app runs on, and how it was started: what the flags say, held against its process and its answers.

use crate::asgi::Release;
use crate::asgi::framework::Framework;
use crate::asgi::server::command::{Installed, Started, installed_server};
use crate::asgi::server::{OptionError, Program, Server};
use crate::lanes::{Known, Provenance};

/// What the flags say of the app's server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerFacts {
    /// `--server`, with its version if one was given.
    pub program: Option<(Program, Option<Release>)>,
    /// The server's own options that were said, by their own names, in order.
    pub options: Vec<(String, String)>,
    /// `--with`: libraries below it, and their releases.
    pub libraries: Vec<(String, Release)>,
}

/// What is known of the app's server beside the flags.
#[derive(Clone, Copy, Debug, Default)]
pub struct Evidence<'a> {
    /// How its process was started.
    pub started: Option<&'a Started>,
    /// What is installed for that process.
    pub installed: Option<&'a Installed>,
    /// The program that the `server` field of its answers names.
    pub answered: Option<Program>,
}

impl ServerFacts {
    /// The server, with its own defaults where nothing was said. It counts as stated as soon as one thing was.
    ///
    /// # Errors
    /// [`OptionError`] for an option that this server does not have, or not with this value.
    pub fn server(&self) -> Result<Server, OptionError> {
        let (program, version) = self.program.unwrap_or_else(|| (self.implied(), None));
        let mut server = Server::new(program, version);
        server.stated = *self != Self::default();
        for (library, release) in &self.libraries {
            server.libraries.set(library, *release);
        }
        for (name, value) in &self.options {
            server.set(name, value)?;
        }
        Ok(server)
    }

    /// The program that was meant where none was named: uvicorn, unless options were said that only another has.
    fn implied(&self) -> Program {
        let has = |program: &Program, name: &str| program.options().iter().any(|option| option.name == name);
        let has_all = |program: &Program| self.options.iter().all(|(name, _)| has(program, name));
        Program::ALL.into_iter().find(has_all).unwrap_or(Program::Uvicorn)
    }

    /// The server by all that is known, and how it is known. Flags count more than the process, the process more than what
    /// the answers say.
    pub fn server_by(&self, evidence: Evidence<'_>) -> (Server, Provenance) {
        let mut provenance = Provenance::default();
        let told = self.program.map(|(program, _)| program);
        let ran = evidence.started.map(|started| started.program);
        let program = told.or(ran).or(evidence.answered).unwrap_or_else(|| self.implied());
        let (mut server, from) = self.program_by(program, evidence, &mut provenance);
        provenance.know("server", &format!("{program} {}", server.version), from);
        if let Some(started) = evidence.started.filter(|started| started.program == program) {
            self.know_started(started, evidence.installed, &mut provenance);
        }
        provenance.contradiction =
            contradiction(told, ran, evidence.answered).or_else(|| self.other_release(evidence)).or_else(|| {
                let started =
                    evidence.started.filter(|started| started.program == program && started.unread.is_empty());
                self.other_option(started?, &server)
            });
        for (library, release) in &self.libraries {
            server.libraries.set(library, *release);
            provenance.know(&format!("with {library}"), &release.to_string(), "flag");
        }
        for (name, value) in &self.options {
            match server.set(name, value) {
                Ok(()) => provenance.know(name, value, "flag"),
                Err(error) => provenance.unread.push(error.to_string()),
            }
            server.stated = true;
        }
        (server, provenance)
    }

    /// The program with what its process was told, and where its version is from.
    fn program_by(
        &self,
        program: Program,
        evidence: Evidence<'_>,
        provenance: &mut Provenance,
    ) -> (Server, &'static str) {
        let nothing = Installed::new();
        let installed = evidence.installed.unwrap_or(&nothing);
        let told = self.program.and_then(|(_, version)| version);
        let started = evidence.started.filter(|started| started.program == program);
        let server = match started {
            Some(started) => {
                let (server, refused) = started.server(installed, told);
                provenance.unread.extend(started.unread.iter().cloned().chain(refused));
                server
            }
            None => Server { stated: self.program.is_some(), ..installed_server(program, installed, told) },
        };
        let is_installed = installed.contains_key(program.name());
        let from = match (self.program, evidence.answered) {
            (Some((_, Some(_))), _) => "flag",
            (Some(_), _) if is_installed => "flag, version as installed",
            (Some(_), _) => "flag, version assumed",
            (None, _) if started.is_some() && is_installed => "installed",
            (None, _) if started.is_some() => "version assumed",
            (None, Some(_)) if is_installed => "by its answers, version as installed",
            (None, Some(_)) => "by its answers, version assumed",
            (None, None) => "assumed",
        };
        (server, from)
    }

    /// The release that was told, where another is installed for the process. `uvicorn@0.54` is any 0.54.
    fn other_release(&self, evidence: Evidence<'_>) -> Option<String> {
        let (program, Some(told)) = self.program? else { return None };
        let started = evidence.started.filter(|started| started.program == program)?;
        let installed: Release = evidence.installed?.get(started.program.name())?.parse().ok()?;
        let same = (told.major, told.minor) == (installed.major, installed.minor)
            && (told.patch == 0 || told.patch == installed.patch);
        (!same).then(|| format!("--server says {program} {told}, but {installed} is installed for the process"))
    }

    /// The first option by flag that makes another server of the one the process was started as. What is set in the app's
    /// code no process shows.
    fn other_option(&self, started: &Started, ran: &Server) -> Option<String> {
        let visible =
            |name: &str| started.program.options().iter().any(|option| option.name == name && !option.in_code);
        self.options.iter().filter(|(name, _)| visible(name)).find_map(|(name, value)| {
            let mut told = ran.clone();
            told.set(name, value).ok()?;
            let typed =
                |value: &str| Known { option: name.clone(), value: value.to_owned(), from: String::new() }.typed();
            let was = started.said(name).map_or_else(
                || format!("without --{name}"),
                |said| format!("with {} ({})", typed(&said.value), said.from),
            );
            (told != *ran).then(|| format!("{} is told, but the process was started {was}", typed(value)))
        })
    }

    /// Notes what the process was told and no flag overrides.
    fn know_started(&self, started: &Started, installed: Option<&Installed>, provenance: &mut Provenance) {
        let overridden = |name: &str| self.options.iter().any(|(known, _)| *known == name);
        for said in started.options.iter().filter(|said| !overridden(&said.name)) {
            provenance.know(&said.name, &said.value, &said.from.to_string());
        }
        for (name, value) in installed.map(|installed| started.automatic(installed)).unwrap_or_default() {
            let told = started.said(name).is_some_and(|said| said.value != "auto");
            if !told && !overridden(name) {
                provenance.know(name, value, "auto, by what is installed");
            }
        }
    }
}

/// What the three say of the program, where they do not agree. As gunicorn's worker, uvicorn answers in its own name.
fn contradiction(told: Option<Program>, ran: Option<Program>, answered: Option<Program>) -> Option<String> {
    match (told, ran, answered) {
        (Some(told), Some(ran), _) if told != ran => {
            Some(format!("--server says {told}, but the process is {ran}: its options are not used"))
        }
        (_, Some(Program::Gunicorn), Some(Program::Uvicorn)) | (Some(Program::Gunicorn), _, Some(Program::Uvicorn)) => {
            None
        }
        (Some(told), _, Some(answered)) if told != answered => {
            Some(format!("--server says {told}, but {answered} answers"))
        }
        (None, Some(ran), Some(answered)) if ran != answered => {
            Some(format!("the process that listens is {ran}, but {answered} answers: another server stands behind it"))
        }
        _ => None,
    }
}

/// The framework that is installed for the app's process; `None` if it has neither.
pub fn installed_framework(installed: &Installed) -> Option<Framework> {
    Framework::among(|name| installed.get(name)?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asgi::server::command::{Process, Reading, read};

    #[test]
    fn what_is_not_said_is_the_servers_own_default() {
        let peer = |server: &Server| server.trust("::1".parse().ok());
        let server = ServerFacts::default().server().unwrap();
        assert!(server.reads_forwarded() && !server.stated && peer(&server).trusted);
        let old = ServerFacts { program: Program::named("uvicorn@0.52").ok(), ..ServerFacts::default() };
        let old = old.server().unwrap();
        assert!(old.stated && !peer(&old).trusted);
    }

    /// What is shown of a server, in one line.
    fn told(facts: &ServerFacts, line: &str, packages: &[(&str, &str)], answered: Option<Program>) -> String {
        let argv = line.split(' ').map(str::to_owned).collect();
        let process = Process { argv, ..Process::default() };
        let started = match read(&process, &|_| Err("no such file".to_owned())) {
            Reading::Started(started) => Some(started),
            _ => None,
        };
        let installed: Installed = packages.iter().map(|(name, version)| ((*name).into(), (*version).into())).collect();
        let evidence = Evidence { started: started.as_deref(), installed: Some(&installed), answered };
        let (server, provenance) = facts.server_by(evidence);
        let mut parts: Vec<String> = provenance.lines().map(|(what, from)| format!("{what} ({from})")).collect();
        parts.extend(provenance.doubts().map(|why| format!("! {why}")));
        assert_eq!(format!("server {} {}", server.program(), server.version), provenance.options[0].typed());
        format!("{}{}", parts.join(" | "), if server.stated { "" } else { " | not stated" })
    }

    #[test]
    fn flags_count_more_than_the_process_and_the_process_more_than_answers() {
        let none = ServerFacts::default();
        let flag = |name: &str| ServerFacts { program: Program::named(name).ok(), ..ServerFacts::default() };
        let root = ServerFacts { options: vec![("root-path".to_owned(), "/f".to_owned())], ..ServerFacts::default() };
        let packages = &[("uvicorn", "0.40.0"), ("httptools", "0.6.0"), ("websockets", "15.0")][..];
        let process = "python -m uvicorn a:b --root-path /p";
        for (facts, line, packages, answered, expected) in [
            (&none, "", &[][..], None, "server uvicorn 0.54.0 (assumed) | not stated"),
            (
                &none,
                "",
                &[],
                Some(Program::Daphne),
                "server daphne 4.2.3 (by its answers, version assumed) | not stated",
            ),
            (
                &none,
                process,
                packages,
                Some(Program::Daphne),
                "server uvicorn 0.40.0 (installed) | --root-path /p (command line) | \
                 --http httptools (auto, by what is installed) | \
                 ! the process that listens is uvicorn, but daphne answers: another server stands behind it",
            ),
            (
                &root,
                process,
                packages,
                None,
                "server uvicorn 0.40.0 (installed) | --http httptools (auto, by what is installed) | \
                 --root-path /f (flag) | \
                 ! --root-path /f is told, but the process was started with --root-path /p (command line)",
            ),
            (
                &flag("uvicorn@0.30"),
                process,
                &packages[..1],
                None,
                "server uvicorn 0.30.0 (flag) | --root-path /p (command line) | \
                 --http h11 (auto, by what is installed) | --ws none (auto, by what is installed) | \
                 ! --server says uvicorn 0.30.0, but 0.40.0 is installed for the process",
            ),
            (
                &flag("uvicorn"),
                process,
                &[],
                None,
                "server uvicorn 0.54.0 (flag, version assumed) | --root-path /p (command line)",
            ),
            (
                &flag("daphne"),
                process,
                packages,
                None,
                "server daphne 4.2.3 (flag, version assumed) | \
                 ! --server says daphne, but the process is uvicorn: its options are not used",
            ),
            (
                &flag("granian"),
                "",
                &[],
                Some(Program::Uvicorn),
                "server granian 2.8.7 (flag, version assumed) | ! --server says granian, but uvicorn answers",
            ),
            (
                &none,
                "python -m gunicorn -k uvicorn_worker.UvicornWorker a:b",
                &[],
                Some(Program::Uvicorn),
                "server gunicorn 27.0.1 (version assumed) | \
                 --worker-class uvicorn_worker.UvicornWorker (command line)",
            ),
        ] {
            assert_eq!(told(facts, line, packages, answered), expected);
        }
    }

    #[test]
    fn a_flag_that_says_what_the_process_shows_is_no_contradiction() {
        let packages = &[("uvicorn", "0.40.3"), ("httptools", "0.6.0"), ("granian", "2.8.7")][..];
        for (program, name, value, line, contradicts) in [
            ("uvicorn@0.40", "root-path", "/p", "python -m uvicorn a:b --root-path /p", false),
            ("uvicorn@0.40.3", "http", "httptools", "python -m uvicorn a:b", false),
            ("uvicorn", "proxy-headers", "true", "python -m uvicorn a:b", false),
            ("uvicorn", "proxy-headers", "false", "python -m uvicorn a:b", true),
            ("uvicorn@0.40.2", "root-path", "/p", "python -m uvicorn a:b --root-path /p", true),
            ("uvicorn", "root-path", "/f", "python -m uvicorn a:b", true),
            ("uvicorn", "root-path", "/f", "python -m uvicorn a:b --no-such-option", false),
            ("granian", "wrap-proxy-headers", "*", "python -m granian a:b --interface asgi", false),
        ] {
            let options = vec![(name.to_owned(), value.to_owned())];
            let program = Program::named(program).ok();
            let told = told(&ServerFacts { program, options, ..ServerFacts::default() }, line, packages, None);
            assert_eq!(told.contains("the process"), contradicts, "{told}");
        }
    }

    #[test]
    fn options_that_only_one_server_has_name_it() {
        let program = |names: &[&str]| {
            let options = names.iter().map(|name| ((*name).to_owned(), "1".to_owned())).collect();
            ServerFacts { options, ..ServerFacts::default() }.implied()
        };
        assert_eq!(program(&[]), Program::Uvicorn);
        assert_eq!(program(&["root-path"]), Program::Uvicorn);
        assert_eq!(program(&["url-path-prefix"]), Program::Granian);
        assert_eq!(program(&["root-path", "trusted-hops"]), Program::Hypercorn);
        assert_eq!(program(&["proxy-headers-host"]), Program::Daphne);
        assert_eq!(program(&["worker-class", "root-path"]), Program::Gunicorn);
        assert_eq!(program(&["no-such"]), Program::Uvicorn);
    }
}
