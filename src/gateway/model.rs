//! What every model of a reverse proxy is asked, and what it answers.
//!
//! ```text
//! Received ── plan ──▶ Plan { steps, Action::Forward(head sent on, way back) │ Answer │ Close }
//!                                            │
//!              response of the upstream ─ Back::respond ─▶ Onward::Deliver │ Forward (again) │ Answer
//! ```
//!
//! One request may lead to several upstream requests, one after the other: a call to an authentication service, the page
//! of an `error_page`. Each is a [`Forward`], and its way back says what comes next.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use super::{CannotAmend, Change, Gateway, Listen, NotUnderstood, Place, Upstream};
use crate::exchange::ResponseHead;
use crate::redirect::split_port;

/// A proxy, read from its own configuration.
///
/// It has no clock, no socket and no memory: the same question gets the same answer. What depends on more than that is in
/// [`Plan::unknown`].
pub trait Model: fmt::Debug + Send + Sync {
    /// What the proxy does with a request.
    fn plan(&self, request: &Received<'_>, world: &dyn World) -> Plan;

    /// The proxy with changes, where it was described by flags: there is no file that they could be written into. `None`
    /// for every other.
    fn with(&self, _: &[Change]) -> Option<Result<Gateway, CannotAmend>> {
        None
    }
}

/// A request as the proxy gets it.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// The head's bytes as they arrive, from the request line to the empty line, whether or not that is acceptable HTTP.
    pub head: &'a [u8],
    /// The bytes after the head, framing included, where all of them are known; `None` where they are still to come.
    pub body: Option<&'a [u8]>,
    /// The client's end of the connection.
    pub peer: SocketAddr,
    /// The proxy's end of it. Its port is one that the configuration listens on.
    pub local: SocketAddr,
    /// `Some` if the connection is TLS.
    pub tls: Option<Tls<'a>>,
}

impl<'a> Received<'a> {
    /// A request that came to an address which stands for `door`, a listener of the configuration: it is taken to have
    /// come there. If that one expects TLS, the name asked for is taken to be the one in `Host`.
    pub fn at(
        door: Option<&Listen>,
        head: &'a [u8],
        body: Option<&'a [u8]>,
        (peer, local): (SocketAddr, SocketAddr),
    ) -> Self {
        let port = door.map_or_else(|| local.port(), |door| door.port);
        let tls = door.filter(|door| door.tls).map(|_| Tls { name: host_name(head) });
        Self { head, body, peer, local: SocketAddr::new(local.ip(), port), tls }
    }
}

/// The host that a head names, without a port.
fn host_name(head: &[u8]) -> Option<&str> {
    let is_host = |line: &&[u8]| line.get(..5).is_some_and(|name| name.eq_ignore_ascii_case(b"host:"));
    let line = head.split(|&b| b == b'\n').find(is_host)?;
    std::str::from_utf8(split_port(line.get(5..)?.trim_ascii()).0).ok().filter(|name| !name.is_empty())
}

/// What is known of a TLS connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tls<'a> {
    /// The name that the client asked for (SNI, RFC 6066 section 3).
    pub name: Option<&'a str>,
}

/// What a proxy finds on the machine it runs on.
pub trait World {
    /// What lies at `below` (decoded, no slash before it) in a folder that the configuration names; `None` where that
    /// cannot be known.
    fn look(&self, folder: &str, below: &[u8]) -> Option<Found>;

    /// The machine's name.
    fn hostname(&self) -> &str;

    /// The time, as seconds since 1970 with milliseconds behind a dot; `None` where there is no clock to ask.
    fn time(&self) -> Option<String> {
        None
    }
}

/// What lies at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// Nothing.
    Nothing,
}

/// What the proxy does with one request.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Which router takes it: index into [`super::Gateway::routers`].
    pub router: Option<usize>,
    /// What was decided and done, in order.
    pub steps: Vec<Step>,
    /// What comes of it.
    pub action: Action,
    /// What the answer rests on and is not understood. Unless this is empty the action is a guess, not to be shown as one.
    pub unknown: Vec<NotUnderstood>,
}

/// What comes of a request.
#[derive(Clone, Debug)]
pub enum Action {
    /// It is sent on.
    Forward(Forward),
    /// The proxy answers by itself.
    Answer(Reply),
    /// The proxy hangs up without a byte.
    Close,
}

/// A request as sent on.
#[derive(Clone, Debug)]
pub struct Forward {
    /// Whether it is the client's request or one that comes before it.
    pub purpose: Purpose,
    /// Where to.
    pub to: Destination,
    /// The head's bytes, from the request line to the empty line. They are what the proxy writes: a target that is not
    /// acceptable HTTP goes out as it does there.
    pub head: Vec<u8>,
    /// What becomes of the response.
    pub back: Arc<dyn Back>,
}

/// What a request to an upstream is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It is the client's.
    Request,
    /// It asks whether the client's may pass (`auth_request`, forwardAuth, `forward_auth`): no body, and its answer's body
    /// goes to the client only where it is no.
    Permission,
}

/// Where a request is sent to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Destination {
    /// Plain HTTP over TCP. The host is as written in the configuration: an address or a name.
    Http(Upstream),
    /// HTTP over TLS.
    Https(Upstream),
    /// Plain HTTP over a unix socket: its path.
    Unix(String),
}

impl Destination {
    /// `http://127.0.0.1:8000`, `https://app:443`, `unix:/run/app.sock`: as the lists of listeners show it.
    pub fn url(&self) -> String {
        match self {
            Self::Http(to) => to.to_string(),
            other => other.to_string(),
        }
    }
}

/// `127.0.0.1:8000`, `[::1]:8000`, `https://app:443`, `unix:/run/app.sock`
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(to) => f.write_str(to.to_string().trim_start_matches("http://")),
            Self::Https(to) => write!(f, "https://{}", to.to_string().trim_start_matches("http://")),
            Self::Unix(path) => write!(f, "unix:{path}"),
        }
    }
}

/// The way back of a request that was sent on.
pub trait Back: fmt::Debug + Send + Sync {
    /// What becomes of the upstream's response.
    fn respond(&self, response: &ResponseHead, world: &dyn World) -> Returned;

    /// What becomes of the request if no response comes. Most proxies have nothing to say to it but the status.
    fn fail(&self, failure: Failure, _: &dyn World) -> Returned {
        let onward = Onward::Answer(Reply::status(failure.status()));
        Returned { steps: Vec::new(), onward, unknown: Vec::new() }
    }
}

/// Why no response comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The connection is refused, or ends before the head does.
    Broken,
    /// It takes longer than the proxy waits.
    Late,
}

impl Failure {
    /// The status that tells a client of it: 502, 504.
    pub const fn status(self) -> u16 {
        match self {
            Self::Broken => 502,
            Self::Late => 504,
        }
    }
}

/// What becomes of a response.
#[derive(Clone, Debug)]
pub struct Returned {
    /// What was decided and done, in order.
    pub steps: Vec<Step>,
    /// What comes next.
    pub onward: Onward,
    /// As in [`Plan::unknown`].
    pub unknown: Vec<NotUnderstood>,
}

/// What comes after a response.
#[derive(Clone, Debug)]
pub enum Onward {
    /// It goes to the client with this head; the framing of the body and the fields of the connection are those of the
    /// upstream's, for whoever serves the client to settle.
    Deliver(ResponseHead),
    /// Another request is sent on, in place of the response.
    Forward(Box<Forward>),
    /// The proxy answers by itself.
    Answer(Reply),
    /// The proxy hangs up.
    Close,
}

/// An answer of the proxy's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Fields that mean something to the client, `Content-Type` and `Location` among them; not `Date`, `Connection` and
    /// the length, which whoever serves the client adds.
    pub fields: Vec<(String, Vec<u8>)>,
    /// The body; empty where the proxy sends one that is not modelled, and where it is a file's content.
    pub body: Vec<u8>,
    /// The file whose content is the body.
    pub file: Option<Served>,
}

/// A file that the proxy answers with, as [`World::look`] was asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The folder that the configuration names.
    pub folder: String,
    /// What lies in it, decoded, no slash before it.
    pub below: Vec<u8>,
}

impl Reply {
    /// An answer with nothing but a status.
    pub const fn status(status: u16) -> Self {
        Self { status, fields: Vec::new(), body: Vec::new(), file: None }
    }

    /// A file with a status.
    pub fn file(status: u16, folder: String, below: Vec<u8>) -> Self {
        Self { file: Some(Served { folder, below }), ..Self::status(status) }
    }

    /// The same with another field.
    #[must_use]
    pub fn field(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.fields.push((name.to_owned(), value.into()));
        self
    }

    /// The first value under `name`, case ignored.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice())
    }
}

/// One thing that a proxy decides or does, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it is about.
    pub kind: StepKind,
    /// What happens, in the words of the configuration, e.g. `location /api/`, `stripPrefix /api/v1`.
    pub text: String,
    /// The line that says so; `None` for what the proxy does by itself.
    pub place: Option<Place>,
    /// The target or path after the step, where the step changed it.
    pub path: Option<Vec<u8>>,
}

/// What a [`Step`] is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// Which listener, server or site takes it.
    Listener,
    /// Which router, location or route takes it.
    Router,
    /// What the path becomes.
    Path,
    /// A field of the request is written, changed or taken off: its name.
    Field(String),
    /// Where it goes.
    Upstream,
    /// The proxy answers by itself.
    Answer,
    /// What becomes of the response.
    Response,
    /// Something that only the running proxy knows is taken for granted: that a rate limit is not used up, that the first
    /// of several servers takes it. Whoever needs certainty takes the answer for unknown.
    Assumed,
}

impl Step {
    /// What is taken for granted, as a reason not to rely on the answer.
    pub fn assumption(&self) -> Option<NotUnderstood> {
        let doubt = NotUnderstood { place: self.place.clone(), what: self.text.clone() };
        (self.kind == StepKind::Assumed).then_some(doubt)
    }

    /// A step that a line of the configuration says.
    pub fn at(kind: StepKind, text: impl Into<String>, place: &Place) -> Self {
        Self { kind, text: text.into(), place: Some(place.clone()), path: None }
    }

    /// A step that the proxy takes by itself.
    pub fn own(kind: StepKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), place: None, path: None }
    }

    /// The same, with what the path is after it.
    #[must_use]
    pub fn path(self, path: impl Into<Vec<u8>>) -> Self {
        Self { path: Some(path.into()), ..self }
    }
}

/// A world of which nothing can be seen.
#[derive(Clone, Copy, Debug)]
pub struct Unseen;

impl World for Unseen {
    fn look(&self, _: &str, _: &[u8]) -> Option<Found> {
        None
    }

    fn hostname(&self) -> &'static str {
        ""
    }
}

impl Plan {
    /// The rule that decided what becomes of the path, with its place: the last step that is about the path, else the one
    /// that chose the router.
    pub fn rule(&self) -> Option<String> {
        let last = |kind: &StepKind| self.steps.iter().rfind(|step| step.kind == *kind);
        last(&StepKind::Path).or_else(|| last(&StepKind::Router)).map(ToString::to_string)
    }
}

/// `stripPrefix /api/v1 (routes.toml:7)`
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{} ({place})", self.text),
            None => f.write_str(&self.text),
        }
    }
}
