//! Redirects strung together: the client's next request is the target of the redirect before.
//!
//! ```text
//! Step ── begin ──▶ Chain ── awaits(next)? add ──▶ …  ──▶ end: an answer, a circle, or a target nobody asked for
//! ```
//!
//! A step is one request with what came back; where it was seen does not matter here. What the screen and `follow` print
//! of a chain is the same value.

use percent_encoding::percent_decode;

use super::callback::Grown;
use super::hop::{Client, Hop, Step};
use super::url::Url;
use crate::exchange::ExchangeId;

/// Hops that a chain keeps; of further ones it keeps the last alone and counts the rest.
const HOPS: usize = 32;
/// The longest circle that is looked for.
const LONGEST: usize = 8;
/// How often a URL is asked for before it is a circle: a page may redirect to itself once, to set a cookie.
const LAPS: usize = 3;
/// How long after a redirect a request still counts as its next step, in microseconds.
const PATIENCE: u64 = 20_000_000;

/// How a chain ends, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End<'a> {
    /// With an answer that is no redirect; `None` if there was none.
    Answer(Option<u16>),
    /// In a circle of this many redirects.
    Circle(usize),
    /// Here the client was sent; nobody was seen to ask for it.
    NotSeen(&'a Url),
    /// With a redirect to what is no URL of a host.
    Nowhere,
}

/// A chain of redirects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Its number, from 1.
    pub number: u64,
    /// Who was sent around.
    pub client: Client,
    /// How often it was seen to happen just so; whoever keeps chains counts.
    pub times: u64,
    hops: Vec<Hop>,
    count: usize,
    circle: Option<usize>,
    grows: Option<Grown>,
}

impl Chain {
    /// A chain that begins with this redirect.
    pub fn begin(number: u64, step: Step) -> Self {
        let client = step.client;
        Self { number, client, times: 1, hops: vec![Hop::of(step)], count: 1, circle: None, grows: None }
    }

    /// The requests, first to last. Of a very long chain the middle is left out: see [`Chain::requests`].
    pub fn hops(&self) -> &[Hop] {
        &self.hops
    }

    /// How many requests there were.
    pub fn requests(&self) -> usize {
        self.count
    }

    /// How many redirects there were.
    pub fn redirects(&self) -> usize {
        self.count - usize::from(self.hops.last().is_some_and(|last| !last.redirects))
    }

    /// How it ends, as far as is known.
    pub fn end(&self) -> End<'_> {
        let Some(last) = self.hops.last() else { return End::Nowhere };
        match (&last.sent, self.circle) {
            (_, Some(length)) if last.redirects => End::Circle(length),
            (Some(sent), _) => End::NotSeen(&sent.target),
            (None, _) if last.redirects => End::Nowhere,
            (None, _) => End::Answer(last.status),
        }
    }

    /// The length of the circle that it runs in, if it was seen to.
    pub fn circle(&self) -> Option<usize> {
        self.circle
    }

    /// What grows from hop to hop, if something was seen to, twice in a row.
    pub fn grows(&self) -> Option<&Grown> {
        self.grows.as_ref()
    }

    /// True if it surely goes wrong: a circle, a growing URL, a target that is wrong for sure, or a failure at its end.
    pub fn is_broken(&self) -> bool {
        let failed = match self.end() {
            End::Answer(status) => status.is_none_or(|status| status >= 400),
            End::Circle(_) | End::Nowhere => true,
            End::NotSeen(_) => false,
        };
        failed || self.grows.is_some() || self.hops.iter().any(|hop| hop.faults().iter().any(|fault| fault.sure))
    }

    /// Where the client was sent last; `None` if the chain has ended.
    pub fn awaited(&self) -> Option<&Url> {
        self.hops.last()?.sent.as_ref().map(|sent| &sent.target)
    }

    /// True if this request is the next step: the same client asks, soon enough, for where it was sent.
    ///
    /// The scheme is left out of account: where TLS ends before the observer, an https target arrives by http.
    pub fn awaits(&self, step: &Step) -> bool {
        let Some((last, target)) = self.hops.last().zip(self.awaited()) else { return false };
        let in_time = step.at >= last.at && step.at - last.at <= PATIENCE;
        in_time && self.client == step.client && same_place(target, &step.url)
    }

    /// Adds the next step. Gives the exchange that it kept until now and keeps no longer.
    pub fn add(&mut self, step: Step) -> Option<ExchangeId> {
        let hop = Hop::of(step);
        let before = self.hops.last().and_then(|last| last.grown.as_ref());
        if before.is_some() && before == hop.grown.as_ref() {
            self.grows.clone_from(&hop.grown);
        }
        let left_out = if self.hops.len() >= HOPS { self.hops.pop() } else { None };
        self.hops.push(hop);
        self.count += 1;
        self.circle = self.circle.or_else(|| circle(&self.hops));
        left_out.map(|hop| hop.exchange)
    }

    /// Puts what is known better now in the place of what was known of this exchange. False if it is not in the chain.
    pub fn replace(&mut self, step: Step) -> bool {
        let Some(hop) = self.hops.iter_mut().find(|hop| hop.exchange == step.exchange) else { return false };
        *hop = Hop::of(step);
        true
    }

    /// Bytes of memory this holds.
    pub fn held(&self) -> usize {
        size_of::<Self>() + self.hops.iter().map(Hop::held).sum::<usize>()
    }
}

/// The length of the circle that the last hops run in.
fn circle(hops: &[Hop]) -> Option<usize> {
    let last = hops.last()?;
    (1..=LONGEST).find(|length| {
        let laps = hops.iter().rev().step_by(*length).take(LAPS);
        laps.clone().count() == LAPS && laps.into_iter().all(|hop| hop.redirects && hop.url.same_resource(&last.url))
    })
}

/// True if a request for `seen` is one for `target`. A default port may be written or not; what one side percent-encodes,
/// the other may not.
fn same_place(target: &Url, seen: &Url) -> bool {
    let port = |url: &Url| url.port.filter(|port| !matches!(port, 80 | 443));
    target.host == seen.host
        && port(target) == port(seen)
        && percent_decode(&target.path).eq(percent_decode(&seen.path))
        && percent_decode(target.query.as_deref().unwrap_or_default())
            .eq(percent_decode(seen.query.as_deref().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(n: u64, url: &str, status: u16, location: Option<&str>) -> Step {
        Step {
            exchange: ExchangeId(n),
            client: Client { address: [127, 0, 0, 1].into(), marks: 0 },
            at: n * 1_000_000,
            method: b"GET".to_vec(),
            url: Url::absolute(url.as_bytes()).unwrap(),
            prefix: "/p".to_owned(),
            internal: Vec::new(),
            proxy_port: None,
            status: Some(status),
            location: location.map(|to| to.as_bytes().to_vec()),
            location_at_app: None,
        }
    }

    /// The chain of these requests, each with where it was sent; the last one was answered with 200 unless it was sent on.
    fn chain(hops: &[(&str, Option<&str>)]) -> Chain {
        let steps = (1..)
            .zip(hops)
            .map(|(n, (url, location))| step(n, url, if location.is_some() { 307 } else { 200 }, *location));
        let mut steps = steps.collect::<Vec<_>>().into_iter();
        let mut chain = Chain::begin(1, steps.next().unwrap());
        for step in steps {
            assert!(chain.awaits(&step), "{:?} awaits {step:?}", chain.awaited());
            chain.add(step);
        }
        chain
    }

    #[test]
    fn the_end_of_a_chain() {
        let slash = chain(&[("http://h/p/x", Some("/p/x/")), ("http://h/p/x/", None)]);
        assert_eq!((slash.end(), slash.redirects(), slash.is_broken()), (End::Answer(Some(200)), 1, false));
        let lost = chain(&[("http://h/p/x", Some("/x/"))]);
        assert!(matches!(lost.end(), End::NotSeen(url) if url.path == b"/x/") && lost.is_broken());
        let mail = chain(&[("http://h/p/x", Some("mailto:me"))]);
        assert_eq!((mail.end(), mail.is_broken()), (End::Nowhere, true));
        let mut failed = chain(&[("http://h/p/x", Some("/p/x/"))]);
        failed.add(step(2, "http://h/p/x/", 404, None));
        assert_eq!((failed.end(), failed.is_broken()), (End::Answer(Some(404)), true));
    }

    #[test]
    fn circles() {
        const A: (&str, Option<&str>) = ("http://h/a", Some("/b"));
        const B: (&str, Option<&str>) = ("http://h/b", Some("/a"));
        const SELF: (&str, Option<&str>) = ("http://h/s", Some("/s"));
        assert_eq!(chain(&[SELF, SELF]).circle(), None, "to set a cookie");
        assert_eq!(chain(&[SELF, SELF, ("http://h/s", None)]).circle(), None);
        assert_eq!(chain(&[SELF; 3]).end(), End::Circle(1));
        assert_eq!(chain(&[A, B, A, B, A]).end(), End::Circle(2));
        assert_eq!(chain(&[A, B, A, B]).circle(), None);
        let long = chain(&[SELF; 100]);
        assert_eq!((long.hops().len(), long.requests(), long.redirects()), (HOPS, 100, 100));
    }

    #[test]
    fn what_grows() {
        let path = chain(&[("http://h/p/x", Some("/p/p/x")), ("http://h/p/p/x", None)]);
        assert_eq!(path.grows(), None, "once is no growth");
        let path = chain(&[("http://h/p/x", Some("/p/p/x")), ("http://h/p/p/x", Some("/p/p/p/x"))]);
        assert_eq!(path.grows(), Some(&Grown::Path(b"/p".to_vec())));
    }

    #[test]
    fn what_is_no_next_step() {
        let chain = Chain::begin(1, step(1, "http://h/p/x", 307, Some("https://h/p/x/%C3%A9?a")));
        let next = |change: fn(&mut Step)| {
            let mut next = step(2, "http://h/p/x/%c3%a9?a", 200, None);
            change(&mut next);
            chain.awaits(&next)
        };
        assert!(next(|_| {}), "TLS may end before the observer");
        assert!(!next(|step| step.client.address = [127, 0, 0, 2].into()));
        assert!(!next(|step| step.client.marks = 1));
        assert!(!next(|step| step.at += PATIENCE));
        assert!(!next(|step| step.at = 0));
        assert!(!next(|step| step.url.path = b"/p/x".to_vec()));
        assert!(!next(|step| step.url.query = None));
        assert!(!next(|step| step.url.port = Some(8080)));
    }

    #[test]
    fn the_proxys_own_port_behind_a_tap_is_no_fault_for_sure() {
        let hop = |host: &str, location| {
            let url = format!("http://{host}:9998/p/x");
            Hop::of(Step { proxy_port: Some(9999), ..step(1, &url, 301, Some(location)) })
        };
        let faults = |host: &str, location| {
            let faults = hop(host, location).faults();
            faults.iter().map(|fault| (fault.part, fault.sure)).collect::<Vec<_>>()
        };
        assert_eq!(faults("h.com", "http://h.com:9999/p/x/"), [("port", false)]);
        assert_eq!(faults("h.com", "http://h.com:9000/p/x/"), [("port", true)]);
        assert_eq!(faults("h.com", "http://app:9999/p/x/"), [("host", true)]);
    }

    #[test]
    fn what_is_known_better_later() {
        let mut chain = chain(&[("http://h/x", Some("/x/"))]);
        assert!(chain.replace(step(1, "http://h/p/x", 307, Some("/x/"))));
        assert!(chain.hops()[0].faults().iter().any(|fault| fault.code == "PX07"));
        assert!(!chain.replace(step(9, "http://h/", 307, Some("/x/"))));
    }
}
