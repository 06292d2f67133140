//! One step of a chain of redirects: who asked for what, what came back, and where that leads.
//!
//! A [`Step`] is what was observed; a [`Hop`] is what a chain keeps of it, its redirect judged once.

use std::net::{IpAddr, SocketAddr};

use super::callback::{Grown, grown};
use super::consequence::is_followed;
use super::fault::Fault;
use super::judge::{Asked, Judged, judge};
use super::url::Url;
use crate::exchange::ExchangeId;

/// Who asks: requests of different clients are never strung together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// The address as it is known: many may share it.
    pub address: IpAddr,
    /// A number made of what else tells clients apart, such as `User-Agent`.
    pub marks: u64,
}

/// One request and what came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which one.
    pub exchange: ExchangeId,
    /// Who asked.
    pub client: Client,
    /// When: microseconds since 1970-01-01 UTC.
    pub at: u64,
    /// The method, as written.
    pub method: Vec<u8>,
    /// What was asked for, as the client sees it.
    pub url: Url,
    /// The public prefix; empty if none is known.
    pub prefix: String,
    /// Addresses behind the client.
    pub internal: Vec<SocketAddr>,
    /// Where an observer stood in front of the proxy: the proxy's own port.
    pub proxy_port: Option<u16>,
    /// The status that the client got.
    pub status: Option<u16>,
    /// `Location` as the client got it.
    pub location: Option<Vec<u8>>,
    /// `Location` as the app sent it, where that was seen.
    pub location_at_app: Option<Vec<u8>>,
}

impl Step {
    /// True if a client that follows redirects goes on from here.
    pub fn is_redirect(&self) -> bool {
        self.location.is_some() && self.status.is_some_and(is_followed)
    }
}

/// One request of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Which one.
    pub exchange: ExchangeId,
    /// When: microseconds since 1970-01-01 UTC.
    pub at: u64,
    /// The method, as written.
    pub method: Vec<u8>,
    /// What was asked for, as the client sees it.
    pub url: Url,
    /// The public prefix of it; empty if none is known.
    pub prefix: String,
    /// Addresses behind the client.
    pub internal: Vec<SocketAddr>,
    /// The proxy's own port, where an observer stood in front of it.
    proxy_port: Option<u16>,
    /// The status that the client got; `None` if it got no answer.
    pub status: Option<u16>,
    /// Where it was sent; `None` for an answer that is no redirect, and for one that leads to no URL.
    pub sent: Option<Judged>,
    /// Where the app wanted to send it, if something on the way changed that.
    pub sent_by_app: Option<Judged>,
    /// True if the answer is a redirect.
    pub redirects: bool,
    /// What grew on the way to the target.
    pub(super) grown: Option<Grown>,
}

impl Hop {
    /// What is to be said of a step.
    pub(super) fn of(step: Step) -> Self {
        let redirects = step.is_redirect();
        let asked = Asked { url: step.url, prefix: &step.prefix, internal: &step.internal };
        let judged = |location: Option<&[u8]>| location.filter(|_| redirects).and_then(|to| judge(&asked, to));
        let sent = judged(step.location.as_deref());
        let other = step.location_at_app.filter(|at_app| step.location.as_ref() != Some(at_app));
        let sent_by_app = judged(other.as_deref());
        let grown = sent.as_ref().and_then(|sent| grown(&asked.url, &sent.target));
        Self {
            exchange: step.exchange,
            at: step.at,
            method: step.method,
            url: asked.url,
            status: step.status,
            sent,
            sent_by_app,
            redirects,
            grown,
            prefix: step.prefix,
            internal: step.internal,
            proxy_port: step.proxy_port,
        }
    }

    /// What its redirect was judged against.
    pub fn asked(&self) -> Asked<'_> {
        Asked { url: self.url.clone(), prefix: &self.prefix, internal: &self.internal }
    }

    /// What is wrong with where it was sent.
    ///
    /// A proxy that writes its own port into a redirect is right where clients call it by that port: that it is another one
    /// here is the observer's doing, who stands in front of it on a port of his own.
    pub fn faults(&self) -> Vec<Fault> {
        let Some(sent) = &self.sent else { return Vec::new() };
        let mut faults = sent.faults(&self.url, &self.prefix);
        if sent.target.host == self.url.host && sent.target.port.is_some() && sent.target.port == self.proxy_port {
            for fault in faults.iter_mut().filter(|fault| matches!(fault.part, "host" | "port")) {
                fault.sure = false;
                fault.said = format!("{}, the proxy's own behind this tap", sent.target.port.unwrap_or_default());
                (fault.part, fault.code) = ("port", "RD04");
            }
        }
        faults
    }

    /// Bytes of memory this holds.
    pub(super) fn held(&self) -> usize {
        let of = |url: &Url| url.path.len() + url.query.as_ref().map_or(0, Vec::len) + url.host.len();
        let sent = self.sent.iter().chain(&self.sent_by_app).map(|sent| of(&sent.target)).sum::<usize>();
        size_of::<Self>() + of(&self.url) + sent + self.prefix.len() + self.method.len()
    }
}
