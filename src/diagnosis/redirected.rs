//! What a case says of its redirect: who wrote it, and each part of it against what the client asked for.
//!
//! This module exists because the rules about redirects ask the same of one that the app wrote, of one that the proxy wrote
//! by itself, and of one that the proxy changed on its way back.

use std::net::SocketAddr;

use super::case::Case;
use crate::lanes::{self, Author, Change, TapKind};
use crate::redirect::{self, Asked, HostVerdict, Judged, SchemeVerdict, Url, default_port, is_followed, split_port};

impl Case<'_> {
    /// A `Location` judged against what the client asked for.
    pub(super) fn judge(&self, location: &[u8]) -> Option<Judged> {
        let asked = Asked { url: self.asked(), prefix: self.prefix(), internal: &self.internal() };
        let judged = redirect::judge(&asked, location)?;
        if !self.is_port_before_tap(&asked.url, &judged.target) {
            return Some(judged);
        }
        let without_tap = Url { port: asked.url.port, ..judged.target };
        redirect::judge(&asked, &whole(&without_tap))
    }

    /// True if the client asked by hopscope's own port and the target is the port before which the tap stands, or which the
    /// stand-in's listener stands for: without hopscope the client would have asked there. Unless the public URL is known to
    /// have another.
    fn is_port_before_tap(&self, asked: &Url, target: &Url) -> bool {
        let Some(edge) = self.exchange.edge.as_deref() else { return false };
        let kind = self.setup.taps.get(usize::from(edge.tap.0)).map(|tap| tap.kind);
        let public = self.setup.public.as_ref();
        let public = public.map(|public| public.port.or_else(|| default_port(&public.scheme)));
        let port = target.effective_port();
        let listens =
            |port| self.setup.gateway.iter().flat_map(|gateway| &gateway.listeners).any(|l| Some(l.port) == port);
        let stands_before = match kind {
            Some(TapKind::Edge) => edge.upstream.is_some_and(|(proxy, _)| Some(proxy.port()) == port),
            Some(TapKind::StandIn) => listens(port) && !listens(Some(edge.local.port())),
            _ => false,
        };
        stands_before
            && asked.host == target.host
            && asked.scheme == target.scheme
            && asked.effective_port() == Some(edge.local.port())
            && public.is_none_or(|public| public == port)
    }

    /// The addresses behind the client: the proxy's, the app tap's, the server's.
    pub(super) fn internal(&self) -> Vec<SocketAddr> {
        lanes::behind(self.exchange)
    }

    /// The redirect that the app sent, as the client got it.
    pub(super) fn redirect(&self) -> Option<Judged> {
        let by_app = self.status().is_some_and(|status| (300..400).contains(&status))
            && !matches!(self.lanes.answer.by, Author::Proxy(_) | Author::Hopscope | Author::Nobody);
        self.judge(self.lanes.answer.location.as_deref().filter(|_| by_app)?)
    }

    /// The redirect that the proxy wrote by itself: the app never got the request.
    pub(super) fn proxy_redirect(&self) -> Option<Judged> {
        let by_proxy =
            self.app().is_none() && (self.never_reached() || matches!(self.lanes.answer.by, Author::Proxy(_)));
        let followed = self.lanes.answer.status.is_some_and(is_followed);
        self.judge(self.lanes.answer.location.as_deref().filter(|_| by_proxy && followed)?)
    }

    /// The redirect that the client got, whoever wrote it.
    pub(super) fn any_redirect(&self) -> Option<Judged> {
        self.redirect().or_else(|| self.proxy_redirect())
    }

    /// Where a redirect was meant to lead: to the client's own host, by its scheme unless https is asked for.
    pub(super) fn meant(&self, judged: &Judged) -> Url {
        let (asked, target) = (self.asked(), judged.target.clone());
        match (judged.host, judged.scheme) {
            (HostVerdict::Other, _) | (_, SchemeVerdict::Upgraded | SchemeVerdict::Other) => target,
            _ => Url { path: target.path, query: target.query, ..asked },
        }
    }

    /// The redirect as the app sent it, where the proxy made another of it.
    pub(super) fn redirect_before_proxy(&self) -> Option<Judged> {
        let answer = &self.lanes.answer;
        let sent = answer.location_at_app.as_deref().filter(|_| self.exchange.edge.is_some())?;
        let changed = answer.location.as_deref().is_some_and(|got| got != sent);
        self.redirect().filter(|_| changed).and_then(|_| self.judge(sent))
    }

    /// `Host` as the client sent it and as the app got it, where they differ.
    pub(super) fn replaced_host(&self) -> Option<(&[u8], &[u8])> {
        let field = self.field("host")?;
        match (&field.change, field.value.as_deref()) {
            (Change::Changed(sent), Some(got)) => Some((sent, got)),
            _ => None,
        }
    }

    /// True if the redirect names the very host and port that the app got as `Host`.
    pub(super) fn names_host_at_app(&self, judged: &Judged) -> bool {
        let host = self.app().and_then(|half| half.request.get("host"));
        host.is_some_and(|host| {
            let (name, port) = split_port(host);
            judged.absolute && name.eq_ignore_ascii_case(judged.target.host.as_bytes()) && port == judged.target.port
        })
    }
}

/// A URL as a `Location` has it.
fn whole(url: &Url) -> Vec<u8> {
    let port = url.port.map(|port| format!(":{port}")).unwrap_or_default();
    let mut text = format!("{}://{}{port}", url.scheme, url.host).into_bytes();
    text.extend_from_slice(&url.path);
    if let Some(query) = &url.query {
        text.push(b'?');
        text.extend_from_slice(query);
    }
    text
}
