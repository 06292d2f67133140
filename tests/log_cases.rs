//! Every file in `tests/log_cases` is a log: a format, lines as a proxy wrote them, and the causes that they come to, no more
//! and no less, in order. A new case needs no code; `tests/log_cases/README.md` explains the format.

#![cfg(test)]

use std::collections::BTreeSet;
use std::path::Path;

use hopscope::access_log::format::Clock;
use hopscope::access_log::{Escape, Format, Record, Traffic};
use hopscope::diagnosis::log::{LogCause, LogContext, causes_in, code_of, writer};
use hopscope::diagnosis::{Confidence, Follows, Severity};
use hopscope::gateway::{self, Gateway, InMemory};
use serde::Deserialize;

/// One file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What it shows, in a sentence.
    about: String,
    /// The name of a format, or its text.
    #[serde(default = "combined")]
    format: String,
    /// Public prefixes, as the user gives them.
    #[serde(default)]
    prefixes: Vec<String>,
    /// The nginx configuration, if the user gives one.
    nginx: Option<String>,
    log: Vec<Block>,
    #[serde(default)]
    expect: Vec<Expected>,
}

fn combined() -> String {
    "combined".to_owned()
}

/// Lines. `{time}` is the time, `{n}` the number of the repetition.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    lines: String,
    /// How often.
    #[serde(default = "once")]
    times: i64,
    /// When it begins, and how far the repetitions are apart, seconds.
    #[serde(default)]
    at: i64,
    #[serde(default = "once")]
    every: i64,
}

const fn once() -> i64 {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    code: String,
    about: Option<String>,
    severity: Option<String>,
    confidence: Option<String>,
    count: Option<u64>,
    /// The code it follows; without it the finding must be primary.
    follows: Option<String>,
    /// Words in the cause, in any of its facts, in what is missing, and in any fix.
    why: Option<String>,
    fact: Option<String>,
    missing: Option<String>,
    fix: Option<String>,
    /// A part of a line that must be told to belong to it.
    line: Option<String>,
}

/// Lines begin at this time on the day of all cases.
const HOUR: i64 = 14;

#[test]
fn each_log_has_its_causes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/log_cases");
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    names.sort();
    assert!(names.len() > 20, "{names:?}");
    let failures: Vec<String> = names.iter().filter_map(|path| check(path).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn each_code_has_a_log_that_shows_it_and_one_that_does_not() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/log_cases");
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        names.insert(entry.unwrap().file_name().to_string_lossy().into_owned());
    }
    for code in hopscope::diagnosis::log::codes() {
        let code = code.to_ascii_lowercase();
        let of = |not: bool| {
            let is = |name: &&String| name.starts_with(&code) && name.contains("-not-") == not;
            names.iter().find(is).is_some()
        };
        assert!(of(false), "{code}: no log shows it");
        assert!(of(true), "{code}: no near miss");
    }
}

fn check(path: &Path) -> Result<(), String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let text = std::fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    let case: Case = toml::from_str(&text).map_err(|error| format!("{name}: {error}"))?;
    let format = Format::named(&case.format)
        .map_or_else(|| Format::compile(case.format.as_bytes(), Escape::Default), Ok)
        .map_err(|error| format!("{name}: {error}"))?;
    let lines: Vec<String> = case.log.iter().flat_map(written).collect();
    let (mut traffic, mut clock) = (Traffic::default(), Clock::default());
    for line in &lines {
        match format.read(line.as_bytes(), &mut clock) {
            Ok(record) => traffic.absorb(&record, line.as_bytes()),
            Err(unread) => return Err(format!("{name}: {unread:?}: {line}")),
        }
    }
    let gateway = case.nginx.as_deref().map(nginx);
    let context =
        LogContext { proxy: writer(&case.format), prefixes: &case.prefixes, gateway: gateway.as_ref(), exchange: None };
    let causes = causes_in(&traffic, &context);
    let found: Vec<String> = causes.iter().map(said).collect();
    let wrong = differences(&case, &causes, &lines, &format);
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!("{name}: {}\n  {}\nfound:\n  {}", case.about, wrong.join("\n  "), found.join("\n  ")))
}

/// The lines of a block.
fn written(block: &Block) -> Vec<String> {
    let mut lines = Vec::new();
    for number in 0..block.times {
        let second = block.at + number * block.every;
        let (hour, minute) = (HOUR + second / 3600, second / 60 % 60);
        let time = format!("25/May/2026:{hour:02}:{minute:02}:{:02} +0000", second % 60);
        let text = block.lines.replace("{time}", &time).replace("{n}", &number.to_string());
        lines.extend(text.lines().filter(|line| !line.is_empty()).map(str::to_owned));
    }
    lines
}

fn nginx(text: &str) -> Gateway {
    let files = InMemory::default().file("/etc/nginx/nginx.conf", format!("events {{}}\nhttp {{\n{text}\n}}\n"));
    gateway::read(&["/etc/nginx/nginx.conf".into()], &files, gateway::Options::default()).expect("a configuration")
}

fn said(cause: &LogCause) -> String {
    let finding = &cause.finding;
    let facts: Vec<&str> = finding.facts.iter().map(|fact| fact.what.as_str()).collect();
    format!(
        "{} {:?} {} {} × {}{}: {}\n      facts: {}\n      missing: {:?}",
        finding.code,
        finding.about,
        finding.severity.word(),
        finding.confidence.word(),
        cause.count,
        finding.follows.as_ref().map_or_else(String::new, |follows| format!(" follows {follows:?}")),
        finding.why,
        facts.join(" | "),
        finding.missing,
    )
}

fn differences(case: &Case, causes: &[LogCause], lines: &[String], format: &Format) -> Vec<String> {
    let mut wrong = Vec::new();
    let codes = |codes: Vec<&str>| codes.join(" ");
    let (wanted, got) = (
        codes(case.expect.iter().map(|one| one.code.as_str()).collect()),
        codes(causes.iter().map(|cause| cause.finding.code).collect()),
    );
    if wanted != got {
        wrong.push(format!("expected {wanted:?}, found {got:?}"));
        return wrong;
    }
    for (expected, cause) in case.expect.iter().zip(causes) {
        wrong.extend(of_one(expected, cause).into_iter().map(|what| format!("{}: {what}", expected.code)));
        let Some(part) = &expected.line else { continue };
        let code = lines.iter().find(|line| line.contains(part)).and_then(|line| {
            let mut clock = Clock::default();
            let record: Record<'_> = format.read(line.as_bytes(), &mut clock).ok()?;
            code_of(&record, causes)
        });
        if code != Some(&*expected.code) {
            wrong.push(format!("the line with {part:?} is taken for {code:?}"));
        }
    }
    wrong
}

fn of_one(expected: &Expected, cause: &LogCause) -> Vec<String> {
    let finding = &cause.finding;
    let severity = [Severity::Note, Severity::Warn, Severity::Error].map(Severity::word);
    let confidence = [Confidence::Medium, Confidence::High].map(Confidence::word);
    let follows = match &finding.follows {
        Some(Follows::Code(code)) => Some((*code).to_owned()),
        _ => None,
    };
    let facts: Vec<String> = finding
        .facts
        .iter()
        .map(|fact| fact.place.as_ref().map_or_else(|| fact.what.clone(), |place| format!("{place} {}", fact.what)))
        .collect();
    let fixes: Vec<String> = finding.fix.iter().map(ToString::to_string).collect();
    let mut wrong = Vec::new();
    let mut compare = |what: &str, wanted: Option<&String>, got: &str, whole: bool| {
        if wanted.is_some_and(|wanted| if whole { wanted != got } else { !got.contains(wanted.as_str()) }) {
            wrong.push(format!("{what} {wanted:?}, but {got:?}"));
        }
    };
    assert!(expected.severity.as_deref().is_none_or(|word| severity.contains(&word)));
    assert!(expected.confidence.as_deref().is_none_or(|word| confidence.contains(&word)));
    compare("about", expected.about.as_ref(), &finding.about, true);
    compare("severity", expected.severity.as_ref(), finding.severity.word(), true);
    compare("confidence", expected.confidence.as_ref(), finding.confidence.word(), true);
    compare("why", expected.why.as_ref(), &finding.why, false);
    compare("facts", expected.fact.as_ref(), &facts.join(" | "), false);
    compare("missing", expected.missing.as_ref(), finding.missing.as_deref().unwrap_or_default(), false);
    compare("fix", expected.fix.as_ref(), &fixes.join(" | "), false);
    if expected.count.is_some_and(|count| count != cause.count) {
        wrong.push(format!("count {:?}, but {}", expected.count, cause.count));
    }
    if expected.follows != follows {
        wrong.push(format!("follows {:?}, but {follows:?}", expected.follows));
    }
    if finding.primary == follows.is_some() {
        wrong.push("primary is what follows nothing".to_owned());
    }
    wrong
}
