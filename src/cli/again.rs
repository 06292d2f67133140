//! The dashboard's `r` and `t`: a recorded request sent once more, a chain followed anew. Both go through the tap that saw
//! them, which records them like any other.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::mpsc;

use super::engine::SharedStore;
use crate::exchange::{Exchange, ExchangeId, Half, RequestHead, Side};
use crate::lanes::Setup;
use crate::lanes::secrets::redact_url;
use crate::probe::follow::{Followed, Order, Road, follow};
use crate::probe::prove::send;
use crate::redirect::{Chain, End, Url};
use crate::remedy::proof::is_harmless;

/// Redirects followed at most.
const MOST_HOPS: usize = 20;

/// Fields that belong to a connection or to a body, and so not to the next request (RFC 9110 section 7.6.1).
const NOT_AGAIN: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Sends in the background, one thing at a time, and tells what came of it.
pub(super) struct Again {
    store: SharedStore,
    news: mpsc::Sender<String>,
    /// True while something is under way.
    busy: Arc<AtomicBool>,
}

impl Again {
    /// The sender, and where it tells what came of it.
    pub(super) fn new(store: SharedStore) -> (Self, mpsc::Receiver<String>) {
        let (news, told) = mpsc::channel(8);
        (Self { store, news, busy: Arc::default() }, told)
    }

    /// Begins to send the request of an exchange once more, to the byte. Gives what is being done, a sentence.
    ///
    /// # Errors
    /// A sentence that says why it cannot be sent.
    pub(super) fn replay(&self, id: ExchangeId) -> Result<String, String> {
        let (exchange, setup) = self.recorded(id)?;
        let half = exchange.outer().ok_or_else(|| gone(id))?;
        let at = tap(half, &setup)?;
        let was = half.status();
        // From where the client came is not repeated: it may be another machine.
        let half = Half { upstream: None, ..half.clone() };
        self.begin(move || match send(&half, at) {
            Ok((head, _)) if Some(head.status()) == was => format!("#{} again: {}, as before", id.0, head.status()),
            Ok((head, _)) => format!("#{} again: {}, before {}", id.0, head.status(), word(was)),
            Err(error) => format!("#{} again: {error}", id.0),
        })?;
        Ok(format!("sending #{} again to {at}", id.0))
    }

    /// Begins to follow a chain anew from its first URL, with the headers that its first request had. Gives what is being
    /// done, a sentence.
    ///
    /// # Errors
    /// A sentence that says why it cannot be followed.
    pub(super) fn follow(&self, chain: &Chain) -> Result<String, String> {
        let first = chain.hops().first().ok_or("there is no hop in this chain")?;
        let (exchange, setup) = self.recorded(first.exchange)?;
        let half = exchange.outer().filter(|half| half.side == Side::Edge);
        let half =
            half.ok_or("its URL is not known before the proxy: only an edge tap or the stand-in can follow it")?;
        let at = tap(half, &setup)?;
        let url = first.url.clone();
        let there = Url { scheme: "http".to_owned(), host: host(at.ip()), port: Some(at.port()), ..url.clone() };
        let method = Method::from_bytes(half.request.method()).map_err(|error| error.to_string())?;
        let order = Order {
            url: url.clone(),
            method,
            headers: headers(&half.request),
            body: None,
            prefix: first.prefix.clone(),
            road: Road::StandsAt(Box::new(url.clone()), Box::new(there)),
            insecure: false,
            most: MOST_HOPS,
        };
        self.begin(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            match runtime.map(|runtime| runtime.block_on(follow(order))) {
                Ok(Ok(followed)) => said(&followed),
                Ok(Err(error)) => format!("cannot follow it: {error}"),
                Err(error) => format!("cannot follow it: {error}"),
            }
        })?;
        Ok(format!("following {}", shown(&url)))
    }

    /// An exchange that may be sent again, and the set-up.
    fn recorded(&self, id: ExchangeId) -> Result<(Arc<Exchange>, Arc<Setup>), String> {
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner);
        let entry = store.get(id).ok_or_else(|| gone(id))?;
        if !is_harmless(&entry.exchange) {
            return Err("only GET and HEAD are sent again".to_owned());
        }
        Ok((Arc::clone(&entry.exchange), Arc::clone(store.setup())))
    }

    /// Does it in a thread of its own, unless something is under way.
    fn begin(&self, work: impl FnOnce() -> String + Send + 'static) -> Result<(), String> {
        if self.busy.swap(true, Ordering::AcqRel) {
            return Err("the one before is still under way".to_owned());
        }
        let (news, busy) = (self.news.clone(), Arc::clone(&self.busy));
        let thread = std::thread::Builder::new().name("hopscope-again".to_owned()).spawn(move || {
            let said = work();
            busy.store(false, Ordering::Release);
            // Nobody looks any more, or what came before has not been read yet: it is in the list all the same.
            let _ = news.try_send(said);
        });
        thread.map(drop).map_err(|error| {
            self.busy.store(false, Ordering::Release);
            format!("cannot start it: {error}")
        })
    }
}

fn gone(id: ExchangeId) -> String {
    format!("#{} was let go", id.0)
}

/// Where the tap that saw a half can be reached on this machine.
fn tap(half: &Half, setup: &Setup) -> Result<SocketAddr, String> {
    let listen = setup.taps.get(usize::from(half.tap.0)).ok_or("its tap is not there any more")?.listen;
    let ip = match listen.ip().to_canonical() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip if ip.is_loopback() => ip,
        ip => return Err(format!("its tap listens on {ip} alone, and requests are sent to a loopback address only")),
    };
    Ok(SocketAddr::new(ip, listen.port()))
}

/// An address as a URL writes it.
fn host(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

/// The headers of a request, as far as they go with another one.
fn headers(head: &RequestHead) -> HeaderMap {
    let again = head.fields().filter(|field| !NOT_AGAIN.iter().any(|name| field.is(name)));
    let parsed = again.filter_map(|field| {
        Some((HeaderName::from_bytes(field.name).ok()?, HeaderValue::from_bytes(field.value.trim_ascii()).ok()?))
    });
    let mut headers = HeaderMap::new();
    for (name, value) in parsed {
        headers.append(name, value);
    }
    headers
}

/// `followed 2 redirects: 200 by https://example.com/api/v1/items/`
fn said(followed: &Followed) -> String {
    let chain = &followed.chain;
    let redirects = match chain.redirects() {
        0 => "no redirect".to_owned(),
        1 => "1 redirect".to_owned(),
        count => format!("{count} redirects"),
    };
    let last = chain.hops().last().map(|hop| shown(&hop.url)).unwrap_or_default();
    let end = match chain.end() {
        End::Answer(None) => format!("no answer from {last}"),
        End::Answer(status) => format!("{} at {last}", word(status)),
        End::Circle(period) => format!("a loop, period {period}"),
        End::NotSeen(target) => format!("given up before {}", shown(target)),
        End::Nowhere => format!("the Location of {last} is no URL"),
    };
    format!("followed {redirects}: {end}")
}

fn word(status: Option<u16>) -> String {
    status.map_or_else(|| "no answer".to_owned(), |status| status.to_string())
}

/// A URL without its secrets.
fn shown(url: &Url) -> String {
    String::from_utf8_lossy(&redact_url(url.to_string().as_bytes())).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_the_connection_is_not_sent_again() {
        let head = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAccept: a\r\nAccept: b\r\nTE: x\r\n\r\n";
        let headers = headers(&RequestHead::from_wire(head.to_vec()).unwrap());
        let all: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(all, [("host", "h"), ("accept", "a"), ("accept", "b")]);
    }
}
