//! One file per finding; the list of them all.
//!
//! Each file's head is the rule's document (`hopscope rules CODE`), with the same sections in the same order: what it
//! says, why it happens, how it is told from its neighbours, an example, the fix, and what not to do.

pub(super) mod ho01;
pub(super) mod ng01;
pub(super) mod ng02;
pub(super) mod ng07;
mod px01;
mod px02;
mod px03;
mod px04;
mod px05;
mod px07;
mod px12;
mod rd01;
pub(super) mod rd02;
mod rd03;
mod rd06;
mod tr01;

use super::rule::Rule;

/// Every rule, in the order of the catalogue.
pub const ALL: [Rule; 16] = [
    px01::RULE,
    px02::RULE,
    px03::RULE,
    px04::RULE,
    px05::RULE,
    px07::RULE,
    px12::RULE,
    ng01::RULE,
    ng02::RULE,
    ng07::RULE,
    rd01::RULE,
    rd02::RULE,
    rd03::RULE,
    rd06::RULE,
    tr01::RULE,
    ho01::RULE,
];
