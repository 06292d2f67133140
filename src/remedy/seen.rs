//! A request that was seen, with what is concluded from it alone: what a fix is compared with.

use std::sync::Arc;

use crate::diagnosis::{Finding, Session, Severity};
use crate::exchange::{Exchange, Target};
use crate::lanes::{self, Lanes, Setup};

/// A request as it went.
#[derive(Debug)]
pub(super) struct Seen {
    /// What was observed.
    pub(super) exchange: Arc<Exchange>,
    /// Its lanes.
    pub(super) lanes: Lanes,
    /// What is concluded from it, nothing before it known.
    pub(super) findings: Vec<Finding>,
}

impl Seen {
    /// Looks at an exchange as if it were the first.
    pub(super) fn new(exchange: &Arc<Exchange>, setup: &mut Setup) -> Self {
        let lanes = lanes::compute(exchange, setup);
        let findings = conclude(exchange, &lanes, setup);
        Self { exchange: Arc::clone(exchange), lanes, findings }
    }

    /// True if nothing is wrong with it.
    pub(super) fn is_fine(&self) -> bool {
        let went_well = self.lanes.answer.status.is_some_and(|status| status < 400);
        went_well && self.findings.iter().all(|finding| finding.severity == Severity::Note)
    }

    /// True if this is among what is wrong with it.
    pub(super) fn has(&self, code: &str) -> bool {
        self.findings.iter().any(|finding| finding.code == code)
    }

    /// The path that the client asked for, as on the wire.
    pub(super) fn incoming(&self) -> &[u8] {
        self.lanes.rewritten.incoming.as_deref().unwrap_or(&self.lanes.original.path)
    }

    /// The first value of a header that the client sent; `None` where the client's side was not seen.
    pub(super) fn asked(&self, name: &str) -> Option<&[u8]> {
        self.exchange.edge.as_deref()?.request.get(name)
    }

    /// The host that the client asked for, with its port.
    pub(super) fn host(&self) -> Option<Vec<u8>> {
        if let Some(edge) = self.exchange.edge.as_deref() {
            let authority = Target::new(edge.request.target()).authority();
            return authority.or_else(|| edge.request.get("host")).map(<[u8]>::to_vec);
        }
        let original = &self.lanes.original;
        let port = original.port.map(|port| format!(":{port}")).unwrap_or_default();
        (!original.host.is_empty()).then(|| format!("{}{port}", original.host).into_bytes())
    }

    /// The scheme of the client's request as the proxy can know it: a hop before it that ends TLS says so in a header, which
    /// is not the proxy's own knowledge.
    pub(super) fn scheme(&self, setup: &Setup) -> &'static str {
        let fronted = self.asked("x-forwarded-proto").is_some();
        let public = setup.public.as_ref().is_some_and(|public| public.scheme == "https");
        if self.lanes.original.scheme == "https" || public && !fronted { "https" } else { "http" }
    }

    /// The scheme that the client sees.
    pub(super) fn public_scheme(&self, setup: &Setup) -> &'static str {
        let told = [&self.exchange.edge, &self.exchange.app].into_iter().flatten().any(|half| {
            half.request.get("x-forwarded-proto").is_some_and(|value| {
                let first = value.split(|&b| b == b',').next().unwrap_or_default().trim_ascii();
                first.eq_ignore_ascii_case(b"https") || first.eq_ignore_ascii_case(b"wss")
            })
        });
        let public = setup.public.as_ref().is_some_and(|public| public.scheme == "https");
        if self.lanes.original.scheme == "https" || told || public { "https" } else { "http" }
    }
}

/// What is concluded from an exchange, nothing before it known; the primary finding first.
pub(super) fn conclude(exchange: &Exchange, lanes: &Lanes, setup: &mut Setup) -> Vec<Finding> {
    let updates = Session::default().observe(exchange, lanes, setup);
    updates.into_iter().filter(|update| update.exchange == exchange.id).flat_map(|update| update.findings).collect()
}
