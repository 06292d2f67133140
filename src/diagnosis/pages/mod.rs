//! What each code means, as a document: `hopscope rules CODE`.
//!
//! A fault that requests show is a rule, and its document is the head of the rule's file. A fault that the configuration
//! alone shows has its document here, in a file of its own with the same sections.

use super::Severity;
use super::log::rules::{lg02, up05};
use super::rule::Rule;
use super::rules::{
    self, ho01, ng01, ng02, ng03, ng05, ng06, ng07, px09, px10, px11, rd02, rd04, tr02, tr04, tr05, ws02,
};
use crate::gateway::Code;

/// The families of codes in the order of the catalogue.
const FAMILIES: [&str; 15] = ["PX", "NG", "RD", "TR", "HO", "WS", "MC", "CO", "CK", "OA", "UP", "SC", "LG", "TF", "CD"];

/// What a code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// The stable code, e.g. `PX01`.
    pub code: &'static str,
    /// Its title: a few words, lower case.
    pub title: &'static str,
    /// How bad it is, where the case itself does not say otherwise.
    pub severity: Severity,
    /// Where it is found.
    pub found: Found,
    /// The document, or the text of the rule's file.
    pub(super) source: &'static str,
}

/// Where a fault can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// In requests, also in those that are only thought through.
    Requests,
    /// In the configuration of a proxy.
    Configuration,
    /// In either.
    Both,
    /// In access logs alone. The faults of requests are looked for there as well.
    Logs,
}

impl Found {
    /// The word in lists.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Configuration => "configuration",
            Self::Both => "both",
            Self::Logs => "logs",
        }
    }
}

impl Page {
    /// The document in Markdown: what it says, why it happens, how it is told from its neighbours, an example, the fix,
    /// and what not to do.
    pub fn document(&self) -> String {
        if self.found == Found::Configuration {
            return self.source.to_owned();
        }
        let mut text = String::new();
        for line in self.source.lines().map_while(|line| line.strip_prefix("//!")) {
            text.push_str(line.strip_prefix(' ').unwrap_or(line));
            text.push('\n');
        }
        text
    }
}

/// Every page, in the order of the catalogue.
pub fn all() -> Vec<Page> {
    let of_rules = rules::ALL.iter().map(Rule::page);
    let of_remarks = Code::ALL.iter().map(|code| of(*code)).filter(|page| page.found == Found::Configuration);
    let of_logs = [up05::PAGE, lg02::PAGE];
    let mut pages: Vec<Page> = of_rules.chain(of_remarks).chain(of_logs).collect();
    pages.sort_by_key(|page| (FAMILIES.iter().position(|family| page.code.starts_with(family)), page.code));
    pages
}

/// The page of this code, case ignored.
pub fn find(code: &str) -> Option<Page> {
    all().into_iter().find(|page| page.code.eq_ignore_ascii_case(code))
}

/// The page of what is found in a configuration.
pub fn of(code: Code) -> Page {
    use Severity::{Error, Note, Warn};
    let (title, severity, source) = match code {
        Code::GluedPath => return ng01::RULE.page(),
        Code::DoubleSlash => return ng02::RULE.page(),
        Code::PathDecoded => return ng03::RULE.page(),
        Code::PathCollapsed => return ng05::RULE.page(),
        Code::BareMountPoint => return ng06::RULE.page(),
        Code::PortLost => return rd04::RULE.page(),
        Code::RouterDropped => return ng07::RULE.page(),
        Code::SchemeLost => return rd02::RULE.page(),
        Code::SiblingTaken => return px09::RULE.page(),
        Code::WrongPartStripped => return px10::RULE.page(),
        Code::PrefixHeaderLost => return px11::RULE.page(),
        Code::HostReplaced => return ho01::RULE.page(),
        Code::ClientLost => return tr02::RULE.page(),
        Code::SchemeUnusable => return tr04::RULE.page(),
        Code::AnyoneBelieved => return tr05::RULE.page(),
        Code::UpgradeDropped => return ws02::RULE.page(),
        Code::LogLacksFields => ("access log lacks fields", Note, include_str!("lg01.md")),
        Code::NameTaken => ("one name, two definitions", Error, include_str!("tf01.md")),
        Code::StaticNotGiven => ("static configuration not given", Note, include_str!("tf02.md")),
        Code::LabelTwice => ("label given twice", Warn, include_str!("tf03.md")),
        Code::RedirectionNowhere => ("redirection to no entry point", Error, include_str!("tf04.md")),
        Code::RoutersAlike => ("same rule and priority", Warn, include_str!("tf05.md")),
        Code::RouterShadowed => ("router never reached", Warn, include_str!("tf06.md")),
        Code::QueryDropped => ("redirect drops the query", Note, include_str!("cd01.md")),
        Code::PatternAsUpstream => ("pattern taken for an upstream", Error, include_str!("cd02.md")),
        Code::PathInUpstream => ("path in an upstream", Error, include_str!("cd03.md")),
    };
    Page { code: code.as_str(), title, severity, found: Found::Configuration, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_a_document() {
        for page in all() {
            let document = page.document();
            assert!(document.starts_with(&format!("# {}: {}\n", page.code, page.title)), "{document}");
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
                page.code
            );
        }
    }

    #[test]
    fn every_remark_has_a_page_of_its_code() {
        for code in Code::ALL {
            assert_eq!(of(*code).code, code.as_str());
            assert_eq!(find(code.as_str()), Some(of(*code)));
            assert_ne!(of(*code).found, Found::Requests, "{code}");
        }
    }

    #[test]
    fn no_document_sends_the_reader_to_a_page_that_is_not_there() {
        for page in all() {
            let document = page.document();
            let quoted = document.split('`').skip(1).step_by(2);
            let codes = quoted.filter(|word| {
                word.len() == 4
                    && word.starts_with(|c: char| c.is_ascii_uppercase())
                    && word.ends_with(|c: char| c.is_ascii_digit())
            });
            for code in codes {
                assert!(find(code).is_some(), "{} names {code}", page.code);
            }
        }
    }

    #[test]
    fn a_page_is_found_by_its_code() {
        assert_eq!(find("px01").map(|page| (page.code, page.found)), Some(("PX01", Found::Requests)));
        assert_eq!(find("ng01").map(|page| page.found), Some(Found::Both));
        assert!(find("PX99").is_none());
        let mut codes: Vec<_> = all().iter().map(|page| page.code).collect();
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count);
    }

    #[test]
    fn a_family_of_its_own_has_no_gaps() {
        for family in ["TF", "CD"] {
            let codes = Code::ALL.iter().map(|code| code.as_str()).filter(|code| code.starts_with(family));
            for (number, code) in (1..).zip(codes) {
                assert_eq!(code, format!("{family}{number:02}"));
            }
        }
    }
}
