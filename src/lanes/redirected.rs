//! What a redirect of an exchange is judged against: the URL as the client sees it, the public prefix, and the addresses
//! behind the client.

use std::net::SocketAddr;

use super::{Change, Lanes, Rewrite, Setup};
use crate::exchange::Exchange;
use crate::redirect::Url;

impl Lanes {
    /// The URL that the client asked for, as the client sees it: behind a TLS end the scheme is https, whatever came in here.
    pub fn asked(&self, setup: &Setup) -> Url {
        let fields = &self.forwarded.fields;
        let told = fields.iter().rev().find(|field| field.name.eq_ignore_ascii_case("x-forwarded-proto"));
        let is_https = |value: &[u8]| {
            let first = value.split(|&b| b == b',').next().unwrap_or_default().trim_ascii();
            first.eq_ignore_ascii_case(b"https") || first.eq_ignore_ascii_case(b"wss")
        };
        // What a hop before the proxy said counts, though the proxy did not believe it and said otherwise.
        let told = told.is_some_and(|field| {
            let before = match &field.change {
                Change::Changed(sent) | Change::Dropped(sent) => is_https(sent),
                _ => false,
            };
            before || field.value.as_deref().is_some_and(is_https)
        });
        let public = setup.public.as_ref().is_some_and(|public| public.scheme == "https");
        let url = self.original.url();
        if told || public { Url { scheme: "https".to_owned(), ..url } } else { url }
    }

    /// The public prefix of this request: what was taken off, or what is known to be one.
    pub fn prefix(&self) -> &str {
        match &self.rewritten.rewrite {
            Rewrite::Stripped(part) if part.starts_with('/') => part.trim_end_matches('/'),
            _ => &self.original.prefix,
        }
    }
}

/// The addresses that were seen behind the client: where requests went on to, and the tap before the app.
pub fn behind(exchange: &Exchange) -> Vec<SocketAddr> {
    let halves = [exchange.edge.as_deref(), exchange.app.as_deref()];
    let mut behind: Vec<_> =
        halves.iter().flatten().filter_map(|half| half.upstream).map(|(server, _)| server).collect();
    behind.extend(exchange.app.as_deref().filter(|_| exchange.edge.is_some()).map(|half| half.local));
    behind
}
