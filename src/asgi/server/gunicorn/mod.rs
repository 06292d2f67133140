//! gunicorn: its own `asgi` worker, and the worker that hands the connection to uvicorn.
//!
//! Read in gunicorn 25.3.0 to 27.0.1 (`asgi/parser.py`, `asgi/protocol.py`, `http/message.py`, `config.py`) and checked
//! against recordings of 27.0.1; what changed in between is in `rules.rs`. The `asgi` worker came in 24.0; 24.0 to 25.2
//! have other parsers and are not modelled. Nor is the parser that `gunicorn[fast]` brings, `gunicorn_h1c`: it means to
//! read alike, but its older releases do not refuse alike (tried with 0.6.9). The uvicorn worker passes only
//! `--forwarded-allow-ips` on (uvicorn-worker 0.4.0, `uvicorn/workers.py`): what a release of gunicorn changes there is
//! how it reads that list (read in 20.0.4 to 27.0.1).
//!
//! ```text
//! asgi worker: lines → request line → header lines → framing → header policy (scheme, underscores)
//!              → what is there of the body → websocket handshake, or plain request → scope
//! uvicorn worker: uvicorn's own model, without a root path
//! ```

mod allow_list;
mod framing;
mod head;
mod limits;
mod lines;
mod policy;
mod rules;
mod scope;
mod worker;

use std::net::IpAddr;

use super::option::switch;
use super::{Ends, HeaderUse, Model, Modelled, OwnOption, Server};
use crate::asgi::{Outcome, Release};
use crate::forwarded::Verdict;
use allow_list::AllowList;
use framing::Framing;
use head::Permitted;
use limits::Limits;
use lines::{Stop, Unread};
use policy::{HeaderMap, Policy};
use rules::Rules;
use worker::Worker;

/// The newest release that is modelled; a newer one is taken to be like it.
pub(super) const NEWEST: Release = Release::new(27, 0, 1);

/// The oldest release whose `asgi` worker is modelled.
pub(super) const OLDEST_ASGI: Release = Release::new(25, 3, 0);

/// The oldest release whose list of trusted peers was read.
const OLDEST: Release = Release::new(20, 0, 0);

/// What is modelled of the list.
const MODELLED: Modelled = Modelled { name: "gunicorn", oldest: OLDEST, newest: NEWEST };

/// What is modelled of the `asgi` worker.
const ASGI: Modelled = Modelled { name: "the asgi worker of gunicorn", oldest: OLDEST_ASGI, newest: NEWEST };

/// Its own options.
pub(super) const OPTIONS: &[OwnOption] = &[
    OwnOption {
        name: "worker-class",
        value: "CLASS",
        about: "asgi, or uvicorn's worker; must be said, for the default serves no ASGI app",
        in_code: false,
    },
    OwnOption {
        name: "root-path",
        value: "PATH",
        about: "sets root_path only; uvicorn's worker ignores it; empty",
        in_code: false,
    },
    OwnOption {
        name: "forwarded-allow-ips",
        value: "LIST",
        about: "who is believed; FORWARDED_ALLOW_IPS, else 127.0.0.1 (and ::1 since 23.0)",
        in_code: false,
    },
    OwnOption {
        name: "forwarder-headers",
        value: "NAMES",
        about: "names with an underscore that a trusted peer may send; SCRIPT_NAME,PATH_INFO",
        in_code: false,
    },
    OwnOption {
        name: "header-map",
        value: "drop|refuse|dangerous",
        about: "what becomes of other names with an underscore; drop",
        in_code: false,
    },
    OwnOption {
        name: "http-parser",
        value: "auto|fast|python",
        about: "who parses for the asgi worker; auto: gunicorn_h1c where installed",
        in_code: false,
    },
    OwnOption { name: "protocol", value: "http|uwsgi", about: "what the proxy speaks; http", in_code: false },
    OwnOption {
        name: "proxy-protocol",
        value: "off|v1|v2|auto",
        about: "take a client's address from the PROXY protocol; off",
        in_code: false,
    },
    OwnOption { name: "limit-request-line", value: "BYTES", about: "longest request line; 4094", in_code: false },
    OwnOption { name: "limit-request-fields", value: "COUNT", about: "most header lines; 100", in_code: false },
    OwnOption { name: "limit-request-field_size", value: "BYTES", about: "longest header line; 8190", in_code: false },
    OwnOption {
        name: "permit-unconventional-http-method",
        value: "",
        about: "take methods other than 3 to 20 upper-case letters; off",
        in_code: false,
    },
    OwnOption {
        name: "permit-unconventional-http-version",
        value: "",
        about: "take HTTP/1.x beside 1.0 and 1.1; off",
        in_code: false,
    },
    OwnOption {
        name: "secure-scheme-headers",
        value: "NAME=VALUE,…",
        about: "secure_scheme_headers of the config file; X-FORWARDED-PROTOCOL=ssl, -PROTO=https, -SSL=on",
        in_code: true,
    },
];

/// Who parses for the `asgi` worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parser {
    /// `gunicorn_h1c` where it is installed.
    Auto,
    /// `gunicorn_h1c`
    Fast,
    /// gunicorn itself.
    Python,
}

/// What only gunicorn can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    worker: Option<Worker>,
    rules: Rules,
    parser: Parser,
    uwsgi: bool,
    proxy_protocol: bool,
    trust: AllowList,
    policy: Policy,
    limits: Limits,
    permitted: Permitted,
}

impl Options {
    /// The options of a release that was told nothing.
    pub(super) fn of(version: Release) -> Self {
        Self {
            worker: None,
            rules: Rules::of(version),
            parser: Parser::Auto,
            uwsgi: false,
            proxy_protocol: false,
            trust: AllowList::of(version),
            policy: Policy::default(),
            limits: Limits::default(),
            permitted: Permitted::default(),
        }
    }

    /// The `asgi` worker's answer, where the parser that reads is known to give it.
    fn answer(&self, server: &Server, bytes: &[u8], ends: &Ends) -> Outcome {
        if self.uwsgi || self.proxy_protocol {
            let name = if self.uwsgi { "uWSGI" } else { "PROXY" };
            return Outcome::Unknown { why: format!("the {name} protocol is not modelled") };
        }
        let outcome = self.serve(server, bytes, ends).unwrap_or_else(Stop::before_the_app);
        let installed = ["gunicorn-h1c", "gunicorn_h1c"].iter().any(|name| server.libraries.get(name).is_some());
        let other_parser = self.parser == Parser::Fast || (self.parser == Parser::Auto && installed);
        if other_parser && (outcome.scope().is_none() || self.limits.fields == 0) {
            let why = "what gunicorn_h1c refuses is not modelled; with --http-parser python it would be";
            return Outcome::Unknown { why: why.to_owned() };
        }
        outcome
    }

    /// What the `asgi` worker makes of a request with gunicorn's own parser.
    fn serve(&self, server: &Server, bytes: &[u8], ends: &Ends) -> Result<Outcome, Stop> {
        let rules = self.rules;
        let mut unread = Unread { bytes, strict: rules.strict };
        let (mut request, framing) = head::read(&mut unread, rules, &self.limits, self.permitted)?;
        let fields = request.lines.len();
        let trusted = self.trust.verdict(ends.peer.map(|peer| peer.ip())).trusted;
        let https = if rules.strict { self.policy.apply(&mut request, trusted)? } else { false };
        if framing == Framing::Chunked && (rules.strict || request.method != b"HEAD") {
            match framing::read_chunks(&mut unread, rules, &self.limits, fields) {
                Ok(()) | Err(Stop::Waits) => {}
                Err(stop) => return Err(stop),
            }
        }
        Ok(scope::outcome(request, https, rules, &server.root_path, ends))
    }

    /// What to say about a release that is not modelled exactly.
    fn not_modelled(&self, version: Release) -> Option<String> {
        match self.worker {
            None => Some("gunicorn's default worker serves no ASGI app; say which it is with worker-class".to_owned()),
            Some(Worker::Asgi) if version < Release::new(24, 0, 0) => {
                Some(format!("gunicorn {version} has no asgi worker; it came in 24.0"))
            }
            Some(Worker::Asgi) => ASGI.too_old(version),
            Some(Worker::Uvicorn(_)) => MODELLED.too_old(version),
        }
    }
}

impl Model for Options {
    fn receive(&self, server: &Server, request: &[u8], ends: &Ends) -> Outcome {
        match self.worker {
            _ if let Some(why) = self.not_modelled(server.version) => Outcome::Unknown { why },
            Some(Worker::Uvicorn(uvicorn)) => uvicorn.receive(server, &self.trust, request, ends),
            _ => self.answer(server, request, ends),
        }
    }

    fn trust(&self, server: &Server, peer: Option<IpAddr>) -> Verdict {
        match self.worker {
            Some(Worker::Uvicorn(uvicorn)) => uvicorn.trust(server, &self.trust, peer),
            Some(Worker::Asgi) if !self.rules.strict => Verdict {
                trusted: false,
                why: "gunicorn's asgi worker reads no forwarding headers before 27.0".to_owned(),
            },
            _ => self.trust.verdict(peer),
        }
    }

    fn reads_forwarded(&self) -> bool {
        self.rules.strict || self.worker != Some(Worker::Asgi)
    }

    fn reading(&self, server: &Server, name: &str, lines: &[&[u8]], trusted: bool) -> HeaderUse {
        match self.worker {
            _ if let Some(why) = self.not_modelled(server.version) => HeaderUse::Unknown(why),
            Some(Worker::Uvicorn(uvicorn)) => uvicorn.reading(server, &self.trust, name, lines, trusted),
            _ if self.rules.strict => self.policy.reading(name, lines, trusted),
            _ if matches!(name, "host" | "via") => HeaderUse::Plain,
            _ => HeaderUse::NotRead,
        }
    }

    fn note(&self, version: Release) -> Option<String> {
        self.not_modelled(version).or_else(|| MODELLED.too_new(version))
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        match name {
            "worker-class" => self.worker = Some(Worker::read(value)?),
            "forwarded-allow-ips" => self.trust = self.trust.read(value)?,
            "forwarder-headers" => self.policy.forwarder_headers = Policy::read_forwarder_headers(value),
            "header-map" => self.policy.header_map = HeaderMap::read(value)?,
            "secure-scheme-headers" => {
                self.policy.secure_scheme_headers = Policy::read_secure_scheme_headers(value)?;
            }
            "http-parser" => {
                self.parser = match value.trim().to_ascii_lowercase().as_str() {
                    "auto" => Parser::Auto,
                    "fast" => Parser::Fast,
                    "python" => Parser::Python,
                    _ => return Err("say auto, fast or python"),
                }
            }
            "protocol" if !matches!(value, "http" | "uwsgi") => return Err("say http or uwsgi"),
            "protocol" => self.uwsgi = value == "uwsgi",
            "proxy-protocol" => self.proxy_protocol = !matches!(value, "off" | "false"),
            "limit-request-line" => self.limits.request_line = limits::read(value)?,
            "limit-request-fields" => self.limits.fields = limits::read(value)?,
            "limit-request-field_size" => self.limits.field_size = limits::read(value)?,
            "permit-unconventional-http-method" => self.permitted.method = switch(value)?,
            _ => self.permitted.version = switch(value)?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
