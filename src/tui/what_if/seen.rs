//! What comes of it, computed once for each change.

use std::sync::Arc;

use super::{Values, WhatIf};
use crate::dry_run::{Supposition, suppose, supposed_server};
use crate::lanes::Setup;
use crate::store::Entry;
use crate::tui::screenful::Chosen;

/// The request as it is supposed to be.
#[derive(Debug)]
pub(in crate::tui) struct Supposing {
    /// What would become of it; `None` while nothing is changed, or cannot be.
    pub(in crate::tui) outcome: Option<(Chosen, Arc<Setup>)>,
    /// Why it cannot be.
    pub(in crate::tui) error: Option<String>,
    values: Values,
    revision: u64,
    setup: Arc<Setup>,
}

impl Supposing {
    /// What is to be seen now; what was computed before is kept as far as it still holds. `None` if the request is no longer
    /// the selected one.
    pub(in crate::tui) fn refreshed(
        before: Option<Self>,
        what_if: &WhatIf,
        chosen: &Chosen,
        setup: &Arc<Setup>,
    ) -> Option<Self> {
        if chosen.entry.exchange.id != what_if.id {
            return None;
        }
        let revision = chosen.entry.revision;
        let holds = |before: &Self| {
            before.values == what_if.values && before.revision == revision && Arc::ptr_eq(&before.setup, setup)
        };
        if let Some(before) = before.filter(holds) {
            return Some(before);
        }
        let (outcome, error) = match outcome(what_if, chosen, setup) {
            Ok(outcome) => (outcome, None),
            Err(why) => (None, Some(why)),
        };
        Some(Self { outcome, error, values: what_if.values.clone(), revision, setup: Arc::clone(setup) })
    }
}

fn outcome(what_if: &WhatIf, chosen: &Chosen, setup: &Setup) -> Result<Option<(Chosen, Arc<Setup>)>, String> {
    let Values { prefix, path, server, root_path, app_root } = &what_if.values;
    if what_if.values == what_if.before {
        return Ok(None);
    }
    if !(prefix.is_empty() || prefix.starts_with('/')) {
        return Err("a prefix begins with /".to_owned());
    }
    let mut server = supposed_server(server, setup)?;
    server.root_path.clone_from(root_path);
    let prefix = prefix.trim_end_matches('/').to_owned();
    let what = Supposition { prefix, path: *path, server, app_root: app_root.clone() };
    let supposed = suppose(&chosen.entry.exchange, &chosen.lanes, setup, &what)?;
    let entry = Entry {
        exchange: Arc::new(supposed.exchange),
        findings: supposed.findings.into(),
        revision: chosen.entry.revision,
    };
    Ok(Some((Chosen { entry, lanes: supposed.lanes, supposed: true }, Arc::new(supposed.setup))))
}
