//! One file per finding; the list of them all.
//!
//! Each file's head is the rule's document (`hopscope rules CODE`), with the same sections in the same order: what it
//! says, why it happens, how it is told from its neighbours, an example, the fix, and what not to do.

mod ck01;
mod co01;
pub(super) mod ho01;
mod ho02;
mod mc01;
pub(super) mod ng01;
pub(super) mod ng02;
pub(super) mod ng03;
mod ng04;
pub(super) mod ng05;
pub(super) mod ng06;
pub(super) mod ng07;
mod oa01;
mod px01;
mod px02;
mod px03;
mod px04;
mod px05;
mod px06;
mod px07;
mod px08;
pub(super) mod px09;
pub(super) mod px10;
pub(super) mod px11;
mod px12;
mod px13;
mod px14;
mod px15;
mod px16;
mod rd01;
pub(super) mod rd02;
mod rd03;
pub(super) mod rd04;
mod rd05;
mod rd06;
mod rd07;
mod rd08;
mod rd09;
mod rd10;
pub(super) mod sc01;
pub(super) mod sc02;
mod tr01;
pub(super) mod tr02;
mod tr03;
pub(super) mod tr04;
pub(super) mod tr05;
mod tr06;
mod up01;
mod up02;
mod up03;
mod up04;
mod ws01;
pub(super) mod ws02;
mod ws03;
pub(super) mod ws04;

use super::rule::Rule;

/// Every rule, in the order of the catalogue.
pub const ALL: [Rule; 55] = [
    px01::RULE,
    px02::RULE,
    px03::RULE,
    px04::RULE,
    px05::RULE,
    px06::RULE,
    px07::RULE,
    px08::RULE,
    px09::RULE,
    px10::RULE,
    px11::RULE,
    px12::RULE,
    px13::RULE,
    px14::RULE,
    px15::RULE,
    px16::RULE,
    ng01::RULE,
    ng02::RULE,
    ng03::RULE,
    ng04::RULE,
    ng05::RULE,
    ng06::RULE,
    ng07::RULE,
    rd01::RULE,
    rd02::RULE,
    rd03::RULE,
    rd04::RULE,
    rd05::RULE,
    rd06::RULE,
    rd07::RULE,
    rd08::RULE,
    rd09::RULE,
    rd10::RULE,
    tr01::RULE,
    tr02::RULE,
    tr03::RULE,
    tr04::RULE,
    tr05::RULE,
    tr06::RULE,
    ho01::RULE,
    ho02::RULE,
    ws01::RULE,
    ws02::RULE,
    ws03::RULE,
    ws04::RULE,
    mc01::RULE,
    co01::RULE,
    ck01::RULE,
    oa01::RULE,
    up01::RULE,
    up02::RULE,
    up03::RULE,
    up04::RULE,
    sc01::RULE,
    sc02::RULE,
];
