//! A finding as JSON: the same members in a line of JSON and in the list of causes.

use serde::Serialize;

use super::change::{Step, step};
use crate::diagnosis::{self, Finding, Follows, Standing};

/// A finding as JSON.
#[derive(Debug, Serialize)]
pub(in crate::report) struct Conclusion<'a> {
    code: &'static str,
    title: &'static str,
    severity: &'static str,
    primary: bool,
    why: &'a str,
    about: &'a str,
    facts: Vec<Fact<'a>>,
    missing: Option<&'a str>,
    /// For readers: the line, and what came of trying it.
    fix: Vec<String>,
    /// The same in its parts.
    fixes: Vec<Fix<'a>>,
    not: Option<&'a str>,
    confidence: &'static str,
    follows: Option<Cause>,
}

#[derive(Debug, Serialize)]
struct Fact<'a> {
    source: &'static str,
    ground: &'static str,
    exchange: Option<u64>,
    place: Option<String>,
    what: &'a str,
}

#[derive(Debug, Serialize)]
struct Fix<'a> {
    line: &'a str,
    /// What belongs together; empty for advice that no model can try.
    changes: Vec<Step<'a>>,
    standing: &'static str,
    result: Option<&'a str>,
    mended: Option<usize>,
    kept: Option<usize>,
    diff: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Cause {
    code: &'static str,
    exchange: Option<u64>,
}

/// A finding as JSON.
pub(in crate::report) fn conclusion(finding: &Finding) -> Conclusion<'_> {
    Conclusion {
        code: finding.code,
        title: finding.title,
        severity: finding.severity.word(),
        primary: finding.primary,
        why: &finding.why,
        about: &finding.about,
        facts: finding.facts.iter().map(fact).collect(),
        missing: finding.missing.as_deref(),
        fix: finding.fix.iter().map(ToString::to_string).collect(),
        fixes: finding.fix.iter().map(fix).collect(),
        not: finding.not.as_deref(),
        confidence: finding.confidence.word(),
        follows: finding.follows.as_ref().map(|follows| match follows {
            Follows::Code(code) => Cause { code, exchange: None },
            Follows::Exchange(id, code) => Cause { code, exchange: Some(id.0) },
        }),
    }
}

fn fact(fact: &diagnosis::Fact) -> Fact<'_> {
    Fact {
        source: fact.source.word(),
        ground: fact.ground.word(),
        exchange: fact.exchange.map(|id| id.0),
        place: fact.place.as_ref().map(ToString::to_string),
        what: &fact.what,
    }
}

fn fix(fix: &diagnosis::Fix) -> Fix<'_> {
    let trial = match &fix.standing {
        Standing::Predicted(trial) | Standing::Proven(trial) => Some(trial),
        Standing::Advice | Standing::Untried => None,
    };
    Fix {
        line: &fix.line,
        changes: fix.changes.iter().map(step).collect(),
        standing: fix.standing.word(),
        result: trial.map(|trial| trial.result.as_str()),
        mended: trial.map(|trial| trial.mended),
        kept: trial.map(|trial| trial.kept),
        diff: fix.diff.as_deref(),
    }
}
