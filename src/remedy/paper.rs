//! Fixes for requests that were not sent: those of `explain` and `check`, and of the screen that tries a URL.

use std::sync::Arc;

use super::Remedies;
use crate::dry_run::{DryRun, Pair};
use crate::lanes::Setup;
use crate::redirect::PublicUrl;

/// Concerns of a pair whose fixes are looked for; a configuration may have a thousand routers.
const MOST_MENDED: usize = 32;

/// Tries the fixes for what is concluded of a request, by that request alone.
pub fn mend_run(run: &mut DryRun, setup: &Setup) {
    let mut setup = on_paper(setup);
    let original = &run.lanes.original;
    if setup.public.is_none() && original.scheme == "https" {
        let (scheme, host) = (original.scheme.clone(), original.host.clone());
        setup.public = Some(PublicUrl { scheme, host, port: original.port, prefix: String::new() });
    }
    let exchange = Arc::new(run.exchange.clone());
    let mut remedies = Remedies::default();
    remedies.remember(&exchange);
    remedies.mend(&mut run.findings, &exchange, &setup);
}

/// Tries the fixes for what proxy and server make of each other: each by the requests that its router takes.
pub fn mend_pair(pair: &mut Pair, setup: &Setup) {
    let setup = on_paper(setup);
    for (index, concern) in pair.concerns.iter_mut().enumerate() {
        if index >= MOST_MENDED {
            concern.finding.fix.retain(|fix| !fix.line.is_empty());
            continue;
        }
        let mut remedies = Remedies::default();
        let alike = pair.tried.iter().filter(|(router, _)| *router == concern.router);
        alike.for_each(|(_, exchange)| remedies.remember(exchange));
        remedies.mend(std::slice::from_mut(&mut concern.finding), &concern.exchange, &setup);
    }
}

/// Without the taps of a running session: none of them stood on the way of these requests.
fn on_paper(setup: &Setup) -> Setup {
    Setup { taps: Vec::new(), ..setup.clone() }
}
