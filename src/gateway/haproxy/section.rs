//! Sections: what `defaults`, `frontend`, `backend` and `listen` say (`cfgparse-listen.c`, 2.6).

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::condition::{Acls, Condition, Test};
use super::endpoint::{Bind, Server, binds};
use super::format::Format;
use super::keywords::{option_ignored, proxy_ignores};
use super::pattern::{Pattern, network};
use super::rule::{Phase, Rule, split_condition};
use super::sample::Value;
use super::words::Line;
use crate::gateway::{ConfigError, Files, NotUnderstood, Place, Reply};

/// What a section is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `defaults`
    Defaults,
    /// `frontend`
    Frontend,
    /// `backend`
    Backend,
    /// `listen`
    Listen,
}

/// A section.
#[derive(Clone, Debug)]
pub(super) struct Section {
    /// What it is.
    pub(super) kind: Kind,
    /// Its name.
    pub(super) name: String,
    /// Where it starts.
    pub(super) place: Place,
    /// `mode http`
    pub(super) http: bool,
    /// `disabled`
    pub(super) disabled: bool,
    /// Where it listens.
    pub(super) binds: Vec<Bind>,
    /// Its ACLs.
    pub(super) acls: Acls,
    /// `http-request`
    pub(super) requests: Vec<Rule>,
    /// `redirect`
    pub(super) redirects: Vec<Rule>,
    /// `http-response`
    pub(super) responses: Vec<Rule>,
    /// `http-after-response`
    pub(super) after: Vec<Rule>,
    /// `use_backend`
    pub(super) switches: Vec<Switch>,
    /// `default_backend`
    pub(super) default_backend: Option<Line>,
    /// `option forwardfor`
    pub(super) forwarded_for: Option<ForwardedFor>,
    /// `option http-server-close` or `option httpclose`
    pub(super) closes: bool,
    /// `option http-pretend-keepalive`
    pub(super) pretends: bool,
    /// `option accept-invalid-http-request`
    pub(super) lax: bool,
    /// `option http-restrict-req-hdr-names`
    pub(super) odd_names: OddNames,
    /// `server`
    pub(super) servers: Vec<Server>,
    /// `balance first`
    pub(super) takes_first: bool,
    /// What it answers in place of a page of its own, by status.
    pub(super) pages: BTreeMap<u16, Result<Reply, NotUnderstood>>,
    /// `monitor-uri`
    pub(super) monitor: Option<(String, Place)>,
    /// Targets that start so get the page of statistics.
    pub(super) statistics: Option<(String, Place)>,
    /// What is not understood of it.
    pub(super) doubts: Vec<NotUnderstood>,
    defaults: Vec<String>,
}

/// `use_backend`
#[derive(Clone, Debug)]
pub(super) struct Switch {
    /// The line.
    pub(super) line: Line,
    /// The name of the backend.
    pub(super) to: Format,
    /// When.
    pub(super) condition: Option<Condition>,
}

/// `option forwardfor`
#[derive(Clone, Debug)]
pub(super) struct ForwardedFor {
    /// The line that says so.
    pub(super) line: Line,
    /// The field, in lower case.
    pub(super) name: Vec<u8>,
    /// Clients that it is not added for.
    pub(super) except: Option<Pattern>,
    /// Only where there is none.
    pub(super) if_none: bool,
}

impl ForwardedFor {
    /// True if the field is not added for this client.
    pub(super) fn spares(&self, client: IpAddr) -> bool {
        self.except.as_ref().is_some_and(|network| network.matches(&Value::Address(client)))
    }
}

/// What becomes of names with other bytes than letters, digits and hyphens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum OddNames {
    /// They stay.
    #[default]
    Kept,
    /// They are taken off.
    Dropped,
    /// The request is refused.
    Refused,
}

impl Section {
    /// A section that inherits from `defaults`.
    pub(super) fn new(kind: Kind, name: &str, place: Place, defaults: Option<&Self>) -> Self {
        let empty = Self {
            kind,
            name: name.to_owned(),
            place,
            http: false,
            disabled: false,
            binds: Vec::new(),
            acls: Acls::default(),
            requests: Vec::new(),
            redirects: Vec::new(),
            responses: Vec::new(),
            after: Vec::new(),
            switches: Vec::new(),
            default_backend: None,
            forwarded_for: None,
            closes: false,
            pretends: false,
            lax: false,
            odd_names: OddNames::Kept,
            servers: Vec::new(),
            takes_first: false,
            pages: BTreeMap::new(),
            monitor: None,
            statistics: None,
            doubts: Vec::new(),
            defaults: Vec::new(),
        };
        let Some(defaults) = defaults else { return empty };
        let front = kind != Kind::Backend;
        Self {
            kind: empty.kind,
            name: empty.name,
            place: empty.place,
            default_backend: defaults.default_backend.clone().filter(|_| front),
            monitor: defaults.monitor.clone().filter(|_| front),
            ..defaults.clone()
        }
    }

    /// True if it takes requests from clients.
    pub(super) fn is_front(&self) -> bool {
        matches!(self.kind, Kind::Frontend | Kind::Listen)
    }

    /// True if it has servers.
    pub(super) fn is_back(&self) -> bool {
        matches!(self.kind, Kind::Backend | Kind::Listen)
    }

    fn doubt(&mut self, line: &Line, what: &str) {
        let what = if what.is_empty() { "not modelled" } else { what };
        self.doubts.push(NotUnderstood::at(&line.place, format!("{}: {what}", line.text())));
    }

    /// Takes a line in.
    ///
    /// # Errors
    /// For what `HAProxy` refuses.
    pub(super) fn read(&mut self, line: &Line, files: &dyn Files) -> Result<(), ConfigError> {
        let is_rule =
            matches!(line.word(0), "http-request" | "http-response" | "http-after-response" | "acl" | "tcp-request");
        if self.kind == Kind::Defaults && is_rule {
            self.doubt(line, "rules in defaults are not modelled");
            return Ok(());
        }
        match line.word(0) {
            "mode" => self.http = line.word(1) == "http",
            "disabled" => self.disabled = true,
            "bind" => {
                let binds = binds(line);
                self.binds.extend(binds.listens);
                self.doubts.extend(binds.doubts);
            }
            "acl" => self.acls.add(line.word(1), Test::new(line.from(2), &line.place, files)),
            "http-request" => self.requests.push(Rule::new(line, Phase::Request, &self.acls, files)?),
            "http-response" => self.responses.push(Rule::new(line, Phase::Response, &self.acls, files)?),
            "http-after-response" => self.after.push(Rule::new(line, Phase::Response, &self.acls, files)?),
            "redirect" => self.redirects.push(Rule::redirect(line, &self.acls, files)?),
            "use_backend" => self.switch(line, files)?,
            "default_backend" => self.default_backend = Some(line.clone()),
            "option" => self.option(line, true),
            "no" if line.word(1) == "option" => {
                let line = Line { place: line.place.clone(), words: line.from(1).to_vec() };
                self.option(&line, false);
            }
            "no" if line.word(1) == "log" => {}
            "server" => match Server::new(line, &self.defaults) {
                Ok(server) => self.servers.push(server),
                Err(what) => self.doubt(line, &what),
            },
            "default-server" => self.defaults.extend_from_slice(line.from(1)),
            "errorfile" | "errorloc" | "errorloc302" | "errorloc303" => self.page(line, files),
            "monitor-uri" => self.monitor = Some((line.word(1).to_owned(), line.place.clone())),
            "stats" => self.statistics(line),
            "tcp-request" => self.tcp_rule(line),
            "tcp-response" if line.word(1) == "inspect-delay" => {}
            "filter" if line.word(1) == "compression" => {}
            "balance" => self.takes_first = line.word(1) == "first",
            word if proxy_ignores(word) => {}
            _ => self.doubt(line, ""),
        }
        Ok(())
    }

    fn switch(&mut self, line: &Line, files: &dyn Files) -> Result<(), ConfigError> {
        let (_, condition) = split_condition(line.from(2));
        let condition = Condition::new(condition, &self.acls, &line.place, files)
            .map_err(|what| ConfigError::at(&line.place, what))?;
        let to = Format::new(line.word(1), &line.place, files);
        self.switches.push(Switch { line: line.clone(), to, condition });
        Ok(())
    }

    fn option(&mut self, line: &Line, on: bool) {
        match line.word(1) {
            "forwardfor" => match forwarded_for(line) {
                Ok(forwarded_for) => self.forwarded_for = on.then_some(forwarded_for),
                Err(what) => self.doubt(line, &what),
            },
            "http-server-close" | "httpclose" | "forceclose" => self.closes = on,
            "http-keep-alive" => self.closes &= !on,
            "http-pretend-keepalive" => self.pretends = on,
            "accept-invalid-http-request" | "accept-unsafe-violations-in-http-request" => self.lax = on,
            "http-restrict-req-hdr-names" => match line.word(2) {
                "delete" => self.odd_names = OddNames::Dropped,
                "reject" => self.odd_names = OddNames::Refused,
                "preserve" => self.odd_names = OddNames::Kept,
                _ => self.doubt(line, ""),
            },
            // Responses that a server should not have sent are not modelled either way.
            "accept-invalid-http-response" | "accept-unsafe-violations-in-http-response" => {}
            word if option_ignored(word) || !on => {}
            _ => self.doubt(line, ""),
        }
    }

    /// Takes in what is answered in place of a page of `HAProxy`'s own.
    fn page(&mut self, line: &Line, files: &dyn Files) {
        let Ok(status) = line.word(1).parse::<u16>() else { return self.doubt(line, "no status") };
        let page = match line.word(0) {
            "errorfile" => page_of_file(line.word(2), files)
                .map_err(|what| NotUnderstood::at(&line.place, format!("errorfile: {what}"))),
            "errorloc303" => Ok(Reply::status(303).field("location", line.word(2).as_bytes())),
            _ => Ok(Reply::status(302).field("location", line.word(2).as_bytes())),
        };
        self.pages.insert(status, page);
    }

    fn statistics(&mut self, line: &Line) {
        let default = || ("/haproxy?stats".to_owned(), line.place.clone());
        match line.word(1) {
            "uri" => self.statistics = Some((line.word(2).to_owned(), line.place.clone())),
            "socket" | "timeout" => {}
            _ => {
                self.statistics.get_or_insert_with(default);
            }
        }
    }

    fn tcp_rule(&mut self, line: &Line) {
        let accepts = |word: &str| matches!(word, "accept" | "capture") || word.starts_with("track-sc");
        match (line.word(1), line.word(2)) {
            ("inspect-delay", _) => {}
            ("connection" | "content" | "session", action) if accepts(action) => {}
            _ => self.doubt(line, ""),
        }
    }
}

/// Reads `option forwardfor`.
fn forwarded_for(line: &Line) -> Result<ForwardedFor, String> {
    let mut out = ForwardedFor { line: line.clone(), name: b"x-forwarded-for".to_vec(), except: None, if_none: false };
    let mut words = line.from(2).iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "except" => {
                let text = words.next().ok_or("except must be followed by an address or a network")?;
                out.except = Some(network(text).ok_or_else(|| format!("{text:?} is no address or network"))?);
            }
            "header" => {
                let name = words.next().ok_or("header must be followed by a name")?;
                out.name = name.to_ascii_lowercase().into_bytes();
            }
            "if-none" => out.if_none = true,
            word => return Err(format!("{word:?} is not modelled here")),
        }
    }
    Ok(out)
}

/// The answer that a file holds, status line and fields included.
fn page_of_file(file: &str, files: &dyn Files) -> Result<Reply, String> {
    let bytes = files.read(std::path::Path::new(file)).map_err(|error| format!("cannot read {file}: {error}"))?;
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let mut reply = Reply::status(status.ok_or_else(|| format!("{file} does not start with a status line"))?);
    for (name, value) in lines.take_while(|line| !line.is_empty()).filter_map(|line| line.split_once(':')) {
        if !name.eq_ignore_ascii_case("connection") && !name.eq_ignore_ascii_case("content-length") {
            reply = reply.field(&name.to_ascii_lowercase(), value.trim().as_bytes());
        }
    }
    Ok(reply)
}
