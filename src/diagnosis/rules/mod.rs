//! One file per finding; the list of them all.
//!
//! Each file's head is the rule's document (`hopscope rules CODE`), with the same sections in the same order: what it
//! says, why it happens, how it is told from its neighbours, an example, the fix, and what not to do.

mod ho01;
mod ng01;
mod ng02;
mod ng07;
mod px01;
mod px02;
mod px03;
mod px04;
mod px05;
mod px07;
mod px12;
mod rd01;
mod rd02;
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

/// The rule with this code, case ignored.
pub fn find(code: &str) -> Option<&'static Rule> {
    const RULES: &[Rule] = &ALL;
    RULES.iter().find(|rule| rule.code.eq_ignore_ascii_case(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_a_document() {
        for rule in ALL {
            let document = rule.document();
            assert!(document.starts_with(&format!("# {}: {}\n", rule.code, rule.title)), "{document}");
            let sections: Vec<_> = document.lines().filter(|line| line.starts_with("## ")).collect();
            assert_eq!(
                sections,
                [
                    "## What it says",
                    "## Why it happens",
                    "## How it is told from its neighbours",
                    "## Example",
                    "## Fix",
                    "## Not"
                ],
                "{}",
                rule.code
            );
        }
    }

    #[test]
    fn no_document_sends_the_reader_to_a_page_that_is_not_there() {
        for rule in ALL {
            let document = rule.document();
            let quoted = document.split('`').skip(1).step_by(2);
            let codes = quoted.filter(|word| {
                word.len() == 4
                    && word.starts_with(|c: char| c.is_ascii_uppercase())
                    && word.ends_with(|c: char| c.is_ascii_digit())
            });
            for code in codes {
                assert!(find(code).is_some(), "{} names {code}", rule.code);
            }
        }
    }

    #[test]
    fn a_rule_is_found_by_its_code() {
        assert_eq!(find("px01").map(|rule| rule.code), Some("PX01"));
        assert!(find("PX99").is_none());
        let mut codes: Vec<_> = ALL.iter().map(|rule| rule.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ALL.len());
    }
}
