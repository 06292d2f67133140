//! One file per finding, or per family of small ones; the list of them all.
//!
//! Codes, titles and pages are those of the live rules (`diagnosis/rules`). The head of each file says what a log can tell of
//! the cause and what it cannot. What only a log shows (`UP05`, `LG02`) has its page here.

mod lg01;
pub(in crate::diagnosis) mod lg02;
mod locations;
mod loops;
mod ng02;
mod ng06;
mod ng07;
mod px01;
mod px02;
mod px05;
mod px06;
mod rd03;
mod sc01;
mod sc02;
mod tr02;
mod up01;
mod up02;
mod up03;
pub(in crate::diagnosis) mod up05;
mod websockets;

pub(super) use lg01::lacking;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::case::{LogCase, page};
use super::told::Told;
use crate::access_log::traffic::PrefixRoute;
use crate::diagnosis::shown;

/// Pages named at most.
const PAGES: usize = 3;

/// A cause that a log can show.
pub(super) struct LogRule {
    /// The code of the live rule, or its own.
    pub(super) code: &'static str,
    /// What there is of it.
    pub(super) check: fn(&LogCase<'_>) -> Vec<Told>,
}

/// Every rule, in the order of the catalogue.
pub(super) const ALL: [LogRule; 23] = [
    LogRule { code: "PX01", check: px01::check },
    LogRule { code: "PX02", check: px02::check },
    LogRule { code: "PX05", check: px05::check },
    LogRule { code: "PX06", check: px06::check },
    LogRule { code: "NG02", check: ng02::check },
    LogRule { code: "NG06", check: ng06::check },
    LogRule { code: "NG07", check: ng07::check },
    LogRule { code: "RD01", check: locations::internal },
    LogRule { code: "RD02", check: locations::downgraded },
    LogRule { code: "RD03", check: rd03::check },
    LogRule { code: "RD05", check: rd03::method_lost },
    LogRule { code: "RD06", check: loops::circles },
    LogRule { code: "RD08", check: loops::growing },
    LogRule { code: "TR02", check: tr02::check },
    LogRule { code: "WS01", check: websockets::refused },
    LogRule { code: "WS02", check: websockets::dropped },
    LogRule { code: "UP01", check: up01::check },
    LogRule { code: "UP02", check: up02::check },
    LogRule { code: "UP03", check: up03::check },
    LogRule { code: "UP05", check: up05::check },
    LogRule { code: "SC01", check: sc01::check },
    LogRule { code: "SC02", check: sc02::check },
    LogRule { code: "LG02", check: lg02::check },
];

/// The pages that led to these routes, those that most name first, fit to be shown.
fn pages_that_led(routes: &[PrefixRoute<'_>]) -> Vec<String> {
    let mut pages = BTreeMap::<Vec<u8>, u64>::new();
    for route in routes.iter().filter(|route| route.fault.referred * 2 >= route.lines) {
        for page in route.fault.referers.iter().filter_map(page) {
            *pages.entry(page).or_default() += route.fault.referred;
        }
    }
    let mut pages: Vec<(Vec<u8>, u64)> = pages.into_iter().collect();
    pages.sort_by_key(|(_, lines)| Reverse(*lines));
    pages.iter().take(PAGES).map(|(page, _)| shown::bytes(page)).collect()
}
