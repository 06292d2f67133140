//! Follows a redirect chain as a browser would: one request after another, each to where the answer before sent it.
//!
//! Redirects are followed here and not by the client library, because each hop is what is looked at. Method, body,
//! `Authorization` and cookies go on as browsers and curl take them on ([`crate::redirect`]).

mod connect;
mod jar;

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, HeaderMap, HeaderValue,
};
use reqwest::{Client, Method, Response};

use crate::exchange::{
    Answered, Body, Cut, Ending, Exchange, ExchangeId, Half, HeadError, Pairing, RequestHead, ResponseHead, Side,
};
use crate::redirect::{self, Authorization, Chain, MethodAfter, Step, Url, authorization_after, method_after};

pub use connect::{Road, RoadError};
use jar::Jar;

/// How long one hop may take.
const LIMIT: Duration = Duration::from_secs(15);
/// How long the next piece of a body may take.
const BODY_LIMIT: Duration = Duration::from_millis(500);
/// Bytes of a body that are looked at, to tell who wrote it.
const BODY: usize = 4096;

/// What to ask for.
#[derive(Clone, Debug)]
pub struct Order {
    /// The URL, as people ask for it.
    pub url: Url,
    /// The method.
    pub method: Method,
    /// Header lines.
    pub headers: HeaderMap,
    /// The body.
    pub body: Option<Vec<u8>>,
    /// The public prefix; empty for none.
    pub prefix: String,
    /// Where to connect.
    pub road: Road,
    /// Take any certificate.
    pub insecure: bool,
    /// Redirects followed at most.
    pub most: usize,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Followed {
    /// The chain; of one request where nothing was redirected.
    pub chain: Chain,
    /// The requests with what came back, numbered as in the chain.
    pub exchanges: Vec<Exchange>,
    /// True if it was given up at the most redirects allowed.
    pub given_up: bool,
}

/// Why there was nothing to follow.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The client could not be made.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(#[source] reqwest::Error),
    /// Where to connect is not known.
    #[error(transparent)]
    Road(#[from] RoadError),
    /// A URL cannot be asked for.
    #[error("{url} cannot be asked for: {why}")]
    Url {
        /// The URL.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// What is known of a message is no head.
    #[error("the answer of {url} cannot be kept: {source}")]
    Head {
        /// Who was asked.
        url: String,
        /// What is wrong with it.
        source: HeadError,
    },
}

/// Sends the request, then each next one. What fails on the way ends the chain and is in its last exchange.
///
/// # Errors
/// [`FollowError`] if it cannot begin, or comes to a URL that is none.
pub async fn follow(order: Order) -> Result<Followed, FollowError> {
    let client = connect::client(&order.road, order.insecure, LIMIT).await?;
    let mut jar = Jar::default();
    let mut exchanges = Vec::new();
    let mut next = Asking { url: order.url, method: order.method, headers: order.headers, body: order.body };
    let mut chain: Option<Chain> = None;
    loop {
        let number = exchanges.len() as u64 + 1;
        let half = next.send(&client, &order.road, &jar).await?;
        if let Some(response) = &half.response {
            jar.take_in(&next.url, response);
        }
        let step = next.step(number, &half, &order.prefix);
        let status = half.status().unwrap_or_default();
        exchanges.push(Exchange {
            id: ExchangeId(number),
            edge: Some(Box::new(half)),
            app: None,
            pairing: Pairing::Lone,
        });
        let chain = match &mut chain {
            Some(chain) => {
                chain.add(step);
                chain
            }
            none => none.insert(Chain::begin(1, step)),
        };
        let endless = chain.circle().is_some() || chain.grows().is_some();
        let target = chain.awaited().filter(|_| !endless).cloned();
        let given_up = target.is_some() && chain.redirects() > order.most;
        match target.filter(|_| !given_up) {
            Some(target) => next.go_on(status, target),
            None => return Ok(Followed { chain: chain.clone(), exchanges, given_up }),
        }
    }
}

/// The next request.
struct Asking {
    url: Url,
    method: Method,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
}

impl Asking {
    /// Sends it; what went wrong is in the half.
    async fn send(&self, client: &Client, road: &Road, jar: &Jar) -> Result<Half, FollowError> {
        let wrong = |why: String| FollowError::Url { url: self.url.to_string(), why };
        let address = road.address(&self.url).map_err(wrong)?;
        let mut headers = self.headers.clone();
        if let Ok(host) = HeaderValue::from_str(&authority(&self.url)) {
            headers.entry(HOST).or_insert(host);
        }
        if let Some(cookie) = jar.cookie(&self.url, headers.get(COOKIE)) {
            headers.insert(COOKIE, cookie);
        }
        let head = self.head(&headers).map_err(|source| FollowError::Head { url: self.url.to_string(), source })?;
        let mut request = client.request(self.method.clone(), address).headers(headers);
        if let Some(body) = &self.body {
            request = request.body(body.clone());
        }
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let here = SocketAddr::from(([127, 0, 0, 1], 0));
        let half = Half::of_request(Side::Edge, (here, nowhere), head);
        let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let half = Half { times: times(started, Duration::ZERO), ..half };
        match request.send().await {
            Err(error) => Ok(Half { ending: Ending::NoUpstream(reason(&error)), ..half }),
            Ok(response) => {
                received(half, response).await.map_err(|source| FollowError::Head { url: self.url.to_string(), source })
            }
        }
    }

    /// The head as it goes out, for all that is known here.
    fn head(&self, headers: &HeaderMap) -> Result<RequestHead, HeadError> {
        let mut bytes = format!("{} ", self.method).into_bytes();
        bytes.extend_from_slice(&self.url.path);
        if let Some(query) = &self.url.query {
            bytes.push(b'?');
            bytes.extend_from_slice(query);
        }
        bytes.extend_from_slice(b" HTTP/1.1\r\n");
        push_fields(&mut bytes, headers);
        RequestHead::from_wire(bytes)
    }

    fn step(&self, number: u64, half: &Half, prefix: &str) -> Step {
        Step {
            exchange: ExchangeId(number),
            client: redirect::Client { address: half.peer.ip(), marks: 0 },
            at: half.times.started,
            method: self.method.as_str().as_bytes().to_vec(),
            url: self.url.clone(),
            prefix: if is_below(&self.url.path, prefix) { prefix.to_owned() } else { String::new() },
            internal: Vec::new(),
            proxy_port: None,
            status: half.status(),
            location: half.response.as_ref().and_then(|head| head.get("location")).map(<[u8]>::to_vec),
            location_at_app: None,
        }
    }

    /// Becomes the request that a browser makes of it after this status.
    fn go_on(&mut self, status: u16, target: Url) {
        if method_after(status, self.method.as_str().as_bytes()) == MethodAfter::Get {
            self.method = Method::GET;
            self.body = None;
            for name in [CONTENT_LENGTH, CONTENT_TYPE, CONTENT_ENCODING] {
                self.headers.remove(name);
            }
        }
        if authorization_after(&self.url, &target) != Authorization::Kept {
            self.headers.remove(AUTHORIZATION);
        }
        if !self.url.same_origin(&target) {
            self.headers.remove(COOKIE);
            self.headers.remove(HOST);
        }
        self.url = target;
    }
}

/// True if the path is at or below the prefix.
fn is_below(path: &[u8], prefix: &str) -> bool {
    path.strip_prefix(prefix.as_bytes()).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

/// `host[:port]` as a browser writes it in `Host`.
fn authority(url: &Url) -> String {
    let port = url.port.filter(|port| redirect::default_port(&url.scheme) != Some(*port));
    port.map_or_else(|| url.host.clone(), |port| format!("{}:{port}", url.host))
}

fn push_fields(bytes: &mut Vec<u8>, headers: &HeaderMap) {
    for (name, value) in headers {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
}

fn times(started: Duration, took: Duration) -> crate::exchange::Times {
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    crate::exchange::Times { started: micros(started), answered: None, ended: micros(took) }
}

/// Keeps the answer's head and the first bytes of its body.
async fn received(half: Half, mut response: Response) -> Result<Half, HeadError> {
    let status = response.status();
    let mut bytes =
        format!("HTTP/1.1 {} {}\r\n", status.as_u16(), status.canonical_reason().unwrap_or_default()).into_bytes();
    push_fields(&mut bytes, response.headers());
    let head = ResponseHead::from_wire(bytes)?;
    let mut kept = Vec::new();
    let mut cut = Cut::No;
    // What cannot be read to its end, or never ends, is still an answer.
    while let Ok(Ok(Some(chunk))) = tokio::time::timeout(BODY_LIMIT, response.chunk()).await {
        kept.extend_from_slice(&chunk);
        if kept.len() > BODY {
            kept.truncate(BODY);
            cut = Cut::AtCap;
            break;
        }
    }
    let body = Body { total: kept.len() as u64, kept: kept.into(), cut, ..Body::default() };
    Ok(Half { response: Some(head), response_body: body, answered: Answered::Upstream, ..half })
}

/// The innermost reason of an error: what the system said.
fn reason(error: &reqwest::Error) -> String {
    let mut reason: &dyn std::error::Error = error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    if error.is_timeout() {
        return format!("no answer within {} s", LIMIT.as_secs());
    }
    // What the TLS library says of a server that answers in plain text.
    let plain = matches!(
        reason.downcast_ref::<rustls::Error>(),
        Some(rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType))
    );
    if plain { "it does not speak TLS there: plain http?".to_owned() } else { reason.to_string() }
}

#[cfg(test)]
mod tests;
