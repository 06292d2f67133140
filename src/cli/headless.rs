//! A run without a screen: every changed entry goes through the filter into the report, and decides the exit code.
//!
//! No clock and no socket here: whoever records says what changed, and stops when told to.

use std::collections::HashSet;
use std::io::{self, Write};
use std::ops::ControlFlow;

use super::Exit;
use crate::diagnosis::{Finding, Severity};
use crate::exchange::ExchangeId;
use crate::lanes;
use crate::report::{Found, Report, Shown};
use crate::settings::FailOn;
use crate::store::{Entry, Filter, Store};

/// Writes what changes, until enough was written.
#[derive(Debug)]
pub struct Headless<W> {
    report: Report<W>,
    filter: Option<Filter>,
    fail_on: Option<FailOn>,
    count: Option<u64>,
    /// Exchanges written so far; kept only to count, so it never holds more than the count.
    written: HashSet<ExchangeId>,
    failed: bool,
}

impl<W: Write> Headless<W> {
    /// Writes to `report` what passes `filter`, `count` exchanges at most; `fail_on` decides about the exit code.
    pub fn new(report: Report<W>, filter: Option<Filter>, count: Option<u64>, fail_on: Option<FailOn>) -> Self {
        Self { report, filter, fail_on, count, written: HashSet::new(), failed: false }
    }

    /// Takes the entries that a batch changed: writes those that have ended, again if a finding came later. `Break` when
    /// the count is reached or nobody reads any more.
    ///
    /// # Errors
    /// Whatever the report's writer fails with, a closed pipe excepted.
    pub fn changed(&mut self, store: &Store, ids: &[ExchangeId]) -> io::Result<ControlFlow<()>> {
        for id in ids {
            let Some(entry) = store.get(*id).filter(|entry| entry.exchange.is_finished()) else { continue };
            let Some(read) = self.write(store, entry)? else { continue };
            self.failed |= entry.findings.iter().any(|finding| self.fails(finding) && !store.is_known(entry, finding));
            if read.is_break() || self.is_enough(*id) {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Writes one entry; `None` if the filter does not let it pass. Where neither filter nor report looks at the lanes,
    /// they are not computed: that is most of what a silent run would cost.
    fn write(&mut self, store: &Store, entry: &Entry) -> io::Result<Option<ControlFlow<()>>> {
        if self.filter.is_none() && self.report.is_silent() {
            return Ok(Some(ControlFlow::Continue(())));
        }
        let lanes = lanes::compute(&entry.exchange, store.setup());
        if self.filter.as_ref().is_some_and(|filter| !filter.matches(entry, &lanes)) {
            return Ok(None);
        }
        self.report.exchange(Shown { entry, lanes: &lanes, setup: store.setup(), way: None }).map(Some)
    }

    /// Says at the end what was found and what was lost, and gives the exit code.
    ///
    /// # Errors
    /// Whatever the report's writer fails with, a closed pipe excepted.
    pub fn finish(mut self, store: &Store) -> io::Result<Exit> {
        let _ = self.report.finish(store.counts(), &Found::of(store))?;
        Ok(if self.failed { Exit::Findings } else { Exit::Fine })
    }

    /// Counts an exchange once, however often it is written.
    fn is_enough(&mut self, id: ExchangeId) -> bool {
        let Some(count) = self.count else { return false };
        self.written.insert(id);
        self.written.len() as u64 >= count
    }

    fn fails(&self, finding: &Finding) -> bool {
        self.fail_on.as_ref().is_some_and(|fail_on| fails(finding, fail_on))
    }
}

/// True if this finding makes the run fail.
pub(super) fn fails(finding: &Finding, fail_on: &FailOn) -> bool {
    fails_at(finding.severity, finding.code, fail_on)
}

/// True if something of this severity and code makes the run fail.
pub(super) fn fails_at(severity: Severity, code: &str, fail_on: &FailOn) -> bool {
    match fail_on {
        FailOn::Error => severity >= Severity::Error,
        FailOn::Warn => severity >= Severity::Warn,
        FailOn::Code(wanted) => code == wanted,
    }
}
