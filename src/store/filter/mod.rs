//! The filter language of requests.

mod field;
#[cfg(test)]
mod tests;

use field::Field;

use super::Entry;
use crate::exchange::Pairing;
use crate::filter::{Filter, Kind, Language};
use crate::forwarded;
use crate::lanes::Lanes;

/// Requests, as a filter is asked of them.
#[derive(Clone, Copy, Debug)]
pub struct Requests;

/// One of them.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    entry: &'a Entry,
    lanes: &'a Lanes,
}

impl Filter<Requests> {
    /// Whether an entry passes.
    pub fn matches(&self, entry: &Entry, lanes: &Lanes) -> bool {
        self.passes(&Request { entry, lanes })
    }
}

/// Words that hold or do not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// A websocket handshake.
    WebSocket,
    /// The response is an event stream.
    EventStream,
    /// Part of a redirect loop.
    Loop,
    /// Not ended.
    Open,
    /// Its halves were paired by a guess.
    Guessed,
    /// What only scanners ask for.
    Scanner,
}

impl Language for Requests {
    type Field = Field;
    type Flag = Flag;
    type Subject<'a> = Request<'a>;

    const FIELDS: &'static [(&'static str, Field)] = &[
        ("status", Field::Status),
        ("method", Field::Method),
        ("path", Field::Path),
        ("app.path", Field::AppPath),
        ("host", Field::Host),
        ("scheme", Field::Scheme),
        ("query", Field::Query),
        ("url", Field::Url),
        ("location", Field::Location),
        ("finding", Field::Finding),
        ("by", Field::By),
        ("ms", Field::Ms),
        ("tap", Field::Tap),
        ("id", Field::Id),
        ("client", Field::Client),
        ("ip", Field::Client),
        ("referer", Field::Referer),
        ("agent", Field::Agent),
        ("bytes", Field::Bytes),
        ("scope.root_path", Field::ScopeRootPath),
        ("scope.path", Field::ScopePath),
        ("scope.scheme", Field::ScopeScheme),
        ("scope.client", Field::ScopeClient),
        ("headers", Field::Headers),
        ("body", Field::Body),
    ];
    const FLAGS: &'static [(&'static str, Flag)] = &[
        ("ws", Flag::WebSocket),
        ("sse", Flag::EventStream),
        ("loop", Flag::Loop),
        ("open", Flag::Open),
        ("guessed", Flag::Guessed),
        ("scanner", Flag::Scanner),
    ];
    const LETTERS: &'static [(char, Field)] = &[
        ('u', Field::Url),
        ('m', Field::Method),
        ('c', Field::Status),
        ('d', Field::Host),
        ('h', Field::Headers),
        ('b', Field::Body),
    ];
    const VALUES: &'static [(&'static str, &'static [&'static str])] = &[
        ("method", &["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]),
        ("status", &["2xx", "3xx", "4xx", "5xx", "307", "404", "502"]),
        ("scheme", &["http", "https"]),
        (
            "by",
            &[
                "fastapi",
                "starlette",
                "app",
                "uvicorn",
                "hypercorn",
                "daphne",
                "granian",
                "gunicorn",
                "traefik",
                "nginx",
                "caddy",
                "haproxy",
                "proxy",
                "hopscope",
            ],
        ),
        ("tap", &["edge", "app", "proxy"]),
        ("finding", &["PX*", "NG*", "RD*", "TR*", "HO*"]),
    ];
    const OPEN: &'static [&'static str] = &[Field::HEADER];
    const ELSEWHERE: &'static [(&'static str, &'static str)] = &[
        ("user", "it is a field of log lines; of requests use `header.authorization`"),
        ("upstream", "it is a field of log lines; of requests use `app.path`, `by` or `tap`"),
    ];

    fn open(name: &str) -> Option<Field> {
        let header = name.strip_prefix(Field::HEADER).filter(|header| !header.is_empty())?;
        Some(Field::Header(header.to_owned()))
    }

    fn openings() -> Vec<String> {
        forwarded::NAMES.iter().map(|name| format!("{}{name}", Field::HEADER)).collect()
    }

    fn kind(field: &Field) -> Kind {
        field.kind()
    }

    fn number(field: &Field, of: &Request<'_>) -> Option<u64> {
        field.number(of.entry, of.lanes)
    }

    fn any(field: &Field, of: &Request<'_>, test: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        field.any(of.entry, of.lanes, test)
    }

    fn holds(flag: Flag, of: &Request<'_>) -> bool {
        flag.holds(of.entry, of.lanes)
    }

    fn searched(of: &Request<'_>, test: &dyn Fn(&[u8]) -> bool) -> bool {
        field::searched(of.entry, of.lanes, test)
    }
}

impl Flag {
    fn holds(self, entry: &Entry, lanes: &Lanes) -> bool {
        let found = |codes: &[&str]| entry.findings.iter().any(|finding| codes.contains(&finding.code));
        match self {
            Self::WebSocket => lanes.original.websocket,
            Self::EventStream => {
                lanes.answer.content_type.as_deref().is_some_and(|kind| kind.starts_with("text/event-stream"))
            }
            Self::Loop => found(&["RD06"]),
            Self::Open => !entry.exchange.is_finished(),
            Self::Guessed => entry.exchange.pairing == Pairing::Guessed,
            Self::Scanner => found(&["SC01", "SC02"]),
        }
    }
}
