//! Which cause goes first. One fault is said once: what follows from it is listed below it and points to it.
//!
//! The order is data: a cause is the finding whose fix takes the other one away.

use std::cmp::Reverse;

use super::{Finding, Follows};

/// A cause, and the findings that go away when it is mended. Where two causes hold, the earlier line wins.
const CAUSES: [(&str, &[&str]); 51] = [
    ("WS02", &["PX01", "PX04", "WS01", "WS03"]),
    ("TR06", &["PX01", "PX05", "PX07"]),
    ("PX12", &["PX01", "PX02", "PX03", "PX04", "PX05", "PX07", "PX13", "PX15", "PX16"]),
    ("PX08", &["PX01", "PX02", "PX03", "PX04", "PX05", "PX07", "PX13", "NG02", "RD01"]),
    ("PX15", &["PX03", "PX04"]),
    ("PX16", &["PX01", "PX02", "PX04", "PX05", "PX07"]),
    ("PX09", &["PX01", "PX03", "PX04", "NG02"]),
    ("NG03", &["NG07", "PX01"]),
    ("NG04", &["NG07"]),
    ("NG05", &["PX01", "PX02", "PX03", "PX04", "NG02", "NG06", "PX10"]),
    ("PX10", &["PX01", "PX02", "PX03", "PX04", "PX05", "PX07", "PX13"]),
    ("PX11", &["PX01", "PX04", "PX05", "PX07"]),
    ("NG06", &["NG07"]),
    ("NG01", &["PX01", "PX02", "PX03", "PX04", "PX10", "NG02"]),
    ("NG02", &["PX01", "PX02", "PX03", "PX04", "PX10"]),
    ("PX03", &["PX01", "PX02", "PX04", "PX05", "PX07"]),
    ("PX02", &["PX01", "PX04", "PX05", "PX07"]),
    ("PX04", &["PX05", "PX07", "PX13"]),
    ("PX01", &["PX05", "PX07"]),
    ("PX05", &["NG07"]),
    ("PX06", &["NG07"]),
    ("PX14", &["NG07"]),
    ("PX12", &["WS01"]),
    ("PX08", &["WS01"]),
    ("PX09", &["WS01"]),
    ("PX10", &["WS01"]),
    ("NG01", &["WS01"]),
    ("NG02", &["WS01"]),
    ("PX03", &["WS01"]),
    ("PX02", &["WS01"]),
    ("PX04", &["WS01"]),
    ("PX01", &["WS01", "WS03"]),
    ("TR04", &["TR03"]),
    ("TR03", &["RD02", "RD05", "RD06", "MC01", "CO01", "OA01"]),
    ("TR01", &["RD02", "RD05", "RD06", "MC01", "CO01", "OA01"]),
    ("TR04", &["RD02", "RD05", "RD06", "MC01", "CO01", "OA01"]),
    ("RD07", &["HO01"]),
    ("HO01", &["HO02", "WS03"]),
    ("WS03", &["WS01"]),
    ("WS04", &["NG07"]),
    ("UP01", &["NG07"]),
    ("UP04", &["UP02"]),
    ("HO01", &["RD01", "RD04", "RD05", "RD10", "CO01", "CK01", "OA01"]),
    ("RD06", &["RD05", "RD09"]),
    ("RD08", &["RD10", "OA01"]),
    ("RD09", &["RD03", "RD05", "NG06", "CO01"]),
    ("RD10", &["RD03", "RD05", "CO01"]),
    ("PX07", &["RD03", "RD05", "RD06", "CO01", "OA01"]),
    ("RD01", &["RD03", "RD05", "CO01", "OA01"]),
    ("RD02", &["RD03", "RD05", "RD06", "CO01", "OA01"]),
    ("RD04", &["RD03", "RD05", "CO01", "OA01"]),
];

/// Longest chain of causes above a finding; ends a circle that the table should not hold.
const DEEPEST: usize = 4;

/// Puts the primary finding first and points each follower to its cause. Links to other exchanges stay as they are.
pub(super) fn rank(findings: &mut [Finding]) {
    let codes: Vec<&'static str> = findings.iter().map(|finding| finding.code).collect();
    for finding in findings.iter_mut() {
        finding.primary = false;
        if !matches!(finding.follows, Some(Follows::Exchange(..))) {
            finding.follows = cause(finding.code, &codes).map(Follows::Code);
        }
    }
    raise_causes(findings, &codes);
    findings.sort_by_key(|finding| (finding.follows.is_some(), Reverse(finding.severity)));
    if let Some(first) = findings.first_mut() {
        first.primary = first.follows.is_none();
    }
}

/// What `code` follows from, among the codes that are there.
pub(super) fn cause(code: &str, there: &[&'static str]) -> Option<&'static str> {
    CAUSES
        .iter()
        .filter(|(cause, _)| there.contains(cause))
        .find(|(_, symptoms)| symptoms.contains(&code))
        .map(|&(cause, _)| cause)
}

/// A cause is as bad as the worst that follows from it.
fn raise_causes(findings: &mut [Finding], codes: &[&'static str]) {
    let severities: Vec<_> = findings.iter().map(|finding| (finding.code, finding.severity)).collect();
    for (code, severity) in severities {
        let mut at = code;
        for _ in 0..DEEPEST {
            let Some(above) = cause(at, codes) else { break };
            for finding in findings.iter_mut().filter(|finding| finding.code == above) {
                finding.severity = finding.severity.max(severity);
            }
            at = above;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Confidence, Severity};
    use crate::exchange::ExchangeId;

    fn finding(code: &'static str, severity: Severity) -> Finding {
        Finding {
            code,
            title: "",
            severity,
            why: String::new(),
            about: String::new(),
            facts: Vec::new(),
            missing: None,
            fix: Vec::new(),
            not: None,
            confidence: Confidence::High,
            primary: false,
            follows: None,
        }
    }

    fn ranked(mut findings: Vec<Finding>) -> Vec<(&'static str, bool, Option<Follows>)> {
        rank(&mut findings);
        findings.into_iter().map(|f| (f.code, f.primary, f.follows)).collect()
    }

    #[test]
    fn the_cause_goes_before_the_symptom_and_takes_its_severity() {
        let mut findings = vec![finding("RD02", Severity::Error), finding("TR01", Severity::Warn)];
        rank(&mut findings);
        assert_eq!((findings[0].code, findings[0].severity), ("TR01", Severity::Error));
        assert_eq!((findings[1].primary, findings[1].follows.clone()), (false, Some(Follows::Code("TR01"))));
    }

    #[test]
    fn of_two_causes_the_worse_is_primary_and_the_other_follows_nothing() {
        let got = ranked(vec![finding("HO01", Severity::Warn), finding("PX01", Severity::Error)]);
        assert_eq!(got, [("PX01", true, None), ("HO01", false, None)]);
    }

    #[test]
    fn what_follows_from_another_exchange_is_not_primary() {
        let mut late = finding("NG07", Severity::Error);
        late.follows = Some(Follows::Exchange(ExchangeId(1), "PX05"));
        assert_eq!(ranked(vec![late.clone()]), [("NG07", false, late.follows)]);
    }

    #[test]
    fn the_table_has_no_circle() {
        for (start, _) in CAUSES {
            let mut at = vec![start];
            for _ in 0..CAUSES.len() {
                at = CAUSES.iter().filter(|(_, s)| s.iter().any(|c| at.contains(c))).map(|&(c, _)| c).collect();
                assert!(!at.contains(&start), "{start} is above itself");
            }
        }
    }
}
