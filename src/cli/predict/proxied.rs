//! Questions about a proxy: a configuration, and the bytes of a request to it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::exchange::ResponseHead;
use crate::forwarded::latin1;
use crate::gateway::{
    self, Action, Destination, Failure, Forward, Found, Gateway, NotUnderstood, Onward, Options, Purpose, Received,
    Reply, Step, Tls, World,
};
use crate::settings::Machine;

/// The answers that an authentication service is taken to give: yes, and nothing else.
const PERMITTED: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
/// Requests to upstreams that one request may lead to.
const MOST_FORWARDS: usize = 16;

/// One line of input.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object with the keys of a question about a proxy")]
pub(super) struct Question {
    /// Comes back with the answer.
    #[serde(default)]
    id: Value,
    /// `nginx`, `traefik`, `caddy`, `haproxy`, `apache`
    proxy: String,
    /// Its release; the newest known if not given.
    version: Option<String>,
    /// Its configuration, below the folder of `--configs`.
    config_file: PathBuf,
    /// The client's address.
    client_addr: IpAddr,
    /// Where the request arrives.
    listen: Listen,
    /// One character per byte.
    request_text: String,
    /// The machine's name.
    #[serde(default)]
    hostname: String,
    /// Addresses of names in the configuration.
    #[serde(default)]
    hosts: BTreeMap<String, String>,
    /// The files that every folder holds which the configuration names.
    r#static: Option<Vec<String>>,
    /// What the upstream answers, if the client's answer is asked for; empty if it hangs up instead.
    upstream_response: Option<String>,
}

/// Where a request arrives.
#[derive(Debug, Deserialize)]
struct Listen {
    port: u16,
    #[serde(default)]
    tls: bool,
    sni: Option<String>,
}

/// One line of output.
#[derive(Debug, Default, Serialize)]
pub(super) struct Answer {
    id: Value,
    /// The address of the upstream; `null` if the proxy answers by itself.
    routed_to: Option<String>,
    /// The head that it gets, one character per byte.
    upstream_request: Option<String>,
    /// What the client gets; `null` where the proxy hangs up.
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    set_cookie: Vec<String>,
    /// What is not understood and matters here; unless it is empty the rest is not to be relied on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown: Vec<String>,
}

/// A configuration: its file, its program, its release.
type Key = (PathBuf, String, Option<String>);

/// Configurations that were read, each once.
#[derive(Debug)]
pub(super) struct Proxies {
    folder: PathBuf,
    machine: Machine,
    read: RefCell<BTreeMap<Key, Rc<Result<Gateway, String>>>>,
}

impl Proxies {
    /// Configurations below this folder.
    pub(super) fn below(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), machine: Machine::new(), read: RefCell::default() }
    }

    /// What the proxy makes of the request.
    pub(super) fn answer(&self, question: &Question, number: u64) -> Answer {
        let answer = self.gateway(question).and_then(|gateway| match &*gateway {
            Ok(gateway) => question.answer(gateway),
            Err(why) => Err(why.clone()),
        });
        let answer =
            answer.unwrap_or_else(|why| Answer { unknown: vec![format!("line {number}: {why}")], ..Answer::default() });
        Answer { id: question.id.clone(), ..answer }
    }

    /// The proxy of a question.
    fn gateway(&self, question: &Question) -> Result<Rc<Result<Gateway, String>>, String> {
        let key = (question.config_file.clone(), question.proxy.clone(), question.version.clone());
        if let Some(known) = self.read.borrow().get(&key) {
            return Ok(Rc::clone(known));
        }
        let release = question.version.as_ref().map(|version| version.parse()).transpose();
        let options = Options {
            proxy: Some(question.proxy.parse()?),
            release: release.map_err(|error| format!("version: {error}"))?,
            front: None,
        };
        let path = self.folder.join(&question.config_file);
        let read = gateway::read(&[path], &self.machine, options).map_err(|error| error.to_string());
        let read = Rc::new(read);
        self.read.borrow_mut().insert(key, Rc::clone(&read));
        Ok(read)
    }
}

impl Answer {
    /// True if the answer is not to be relied on.
    pub(super) fn is_unknown(&self) -> bool {
        !self.unknown.is_empty()
    }

    fn doubt(&mut self, doubts: &[NotUnderstood]) {
        self.unknown.extend(doubts.iter().map(ToString::to_string));
    }

    /// What was taken for granted: an answer here is certain or it is none.
    fn assumed(&mut self, steps: &[Step]) {
        self.unknown.extend(steps.iter().filter_map(Step::assumption).map(|doubt| doubt.to_string()));
    }

    fn own(&mut self, reply: &Reply) {
        self.status = Some(reply.status);
        let location = reply.fields.iter().rfind(|(name, _)| name.eq_ignore_ascii_case("location"));
        self.location = location.map(|(_, value)| latin1(value));
        let cookies = reply.fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        self.set_cookie = cookies.map(|(_, value)| latin1(value)).collect();
    }

    fn delivered(&mut self, head: &ResponseHead) {
        self.status = Some(head.status());
        self.location = head.fields().all("location").last().map(latin1);
        self.set_cookie = head.fields().all("set-cookie").map(latin1).collect();
    }
}

impl Question {
    fn answer(&self, gateway: &Gateway) -> Result<Answer, String> {
        let bytes = bytes(&self.request_text, "request_text")?;
        let end = memchr::memmem::find(&bytes, b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
        let (head, body) = bytes.split_at(end);
        let received = Received {
            head,
            body: Some(body),
            peer: SocketAddr::new(self.client_addr, 50_000),
            local: SocketAddr::new([127, 0, 0, 1].into(), self.listen.port),
            tls: self.listen.tls.then_some(Tls { name: self.listen.sni.as_deref() }),
        };
        let world = Described { hostname: &self.hostname, files: self.r#static.as_deref() };
        let plan = gateway.plan(&received, &world);
        let mut answer = Answer::default();
        answer.doubt(&plan.unknown);
        answer.assumed(&plan.steps);
        match plan.action {
            Action::Forward(forward) => self.follow(forward, &world, &mut answer)?,
            Action::Answer(reply) => answer.own(&reply),
            Action::Close => {}
        }
        Ok(answer)
    }

    /// Follows a request from upstream to upstream until the client has its answer, or as far as is known.
    fn follow(&self, mut forward: Forward, world: &dyn World, answer: &mut Answer) -> Result<(), String> {
        let scripted = self.upstream_response.as_ref().map(|text| bytes(text, "upstream_response")).transpose()?;
        let mut answered = false;
        for _ in 0..MOST_FORWARDS {
            let response = match forward.purpose {
                Purpose::Permission => PERMITTED,
                Purpose::Request => {
                    answer.routed_to = Some(self.address(&forward.to)?);
                    answer.upstream_request = Some(latin1(&forward.head));
                    let Some(scripted) = &scripted else { return Ok(()) };
                    if std::mem::replace(&mut answered, true) {
                        let asks = "its answer makes the proxy ask once more, and what comes back then was not told";
                        answer.unknown.push(asks.to_owned());
                        return Ok(());
                    }
                    let end = memchr::memmem::find(scripted, b"\r\n\r\n").map_or(scripted.len(), |at| at + 4);
                    scripted.get(..end).unwrap_or_default()
                }
            };
            let returned = if response.is_empty() {
                forward.back.fail(Failure::Broken, world)
            } else {
                let response = ResponseHead::from_wire(response);
                forward.back.respond(&response.map_err(|error| format!("upstream_response: {error}"))?, world)
            };
            answer.doubt(&returned.unknown);
            answer.assumed(&returned.steps);
            match returned.onward {
                Onward::Deliver(head) => {
                    answer.delivered(&head);
                    return Ok(());
                }
                Onward::Answer(reply) => {
                    answer.own(&reply);
                    return Ok(());
                }
                Onward::Close => return Ok(()),
                Onward::Forward(next) => {
                    if forward.purpose == Purpose::Request {
                        // The answer to the same question without a response names the first upstream, not this one.
                        answer.unknown.push("which upstream is asked last depends on the response".to_owned());
                    }
                    forward = *next;
                }
            }
        }
        Err("the proxy goes round in circles".to_owned())
    }

    /// The address behind a destination, as the question names addresses.
    fn address(&self, to: &Destination) -> Result<String, String> {
        let (Destination::Http(upstream) | Destination::Https(upstream)) = to else { return Ok(to.to_string()) };
        let host = match upstream.host.parse::<IpAddr>() {
            Ok(address) => address.to_string(),
            Err(_) => self
                .hosts
                .get(&upstream.host)
                .ok_or_else(|| format!("the address of {:?} is not known", upstream.host))?
                .clone(),
        };
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        Ok(format!("{host}:{}", upstream.port))
    }
}

/// A machine as a question describes it.
struct Described<'a> {
    hostname: &'a str,
    files: Option<&'a [String]>,
}

impl World for Described<'_> {
    fn look(&self, _: &str, below: &[u8]) -> Option<Found> {
        let below = String::from_utf8_lossy(below);
        let below = below.trim_matches('/');
        let inside = |file: &String| file.strip_prefix(below).is_some_and(|rest| rest.starts_with('/'));
        let files = self.files?;
        Some(if files.iter().any(|file| file == below) {
            Found::File
        } else if below.is_empty() || files.iter().any(inside) {
            Found::Folder
        } else {
            Found::Nothing
        })
    }

    fn hostname(&self) -> &str {
        self.hostname
    }

    /// There is no clock: where a proxy writes the time, the answer has this in its place.
    fn time(&self) -> Option<String> {
        Some("<MSEC>".to_owned())
    }
}

/// The bytes of a text that has one character for each.
fn bytes(text: &str, name: &str) -> Result<Vec<u8>, String> {
    let byte = |c: char| u8::try_from(u32::from(c)).map_err(|_| format!("{name}: {c:?} is no byte"));
    text.chars().map(byte).collect()
}
