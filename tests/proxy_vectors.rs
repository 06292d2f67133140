//! Every recording of what real reverse proxies made of real requests, answered by `hopscope predict`.
//!
//! `tests/vectors/proxies.jsonl.gz` holds them, their configurations lie below `tests/vectors/configs`;
//! `HOPSCOPE_PROXY_VECTORS=FOLDER/FILE.jsonl.gz` scores another file of the same form, with its configurations in its
//! folder. The recordings are only compared with: the program is asked with what was asked of the proxies, and nothing else.
//!
//! Every recording is asked for twice where its request was sent on: what is sent on, and what the client gets of the
//! upstream's answer.

#![cfg(test)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flate2::read::GzDecoder;
use rstest::rstest;
use serde_json::{Value, json};

/// How many disagreements are printed in full.
const SHOWN: usize = 20;

/// What a recording tells of the answer; none of it is asked with.
const ANSWERS: [&str; 9] = [
    "routed_to",
    "upstream_request_text",
    "upstream_requests",
    "upstream_response",
    "client_response_head",
    "client_response_body",
    "access_log",
    "router",
    "service",
];

/// The files that every folder held which a configuration names.
const STATIC: [&str; 5] = ["index.html", "site.css", "maintenance.html", "sub/index.html", "sub/page.html"];

/// Names that were addresses of this machine.
const HOSTS: [&str; 9] = ["localhost", "backend", "frontend", "api", "app", "web", "fastapi", "uvicorn", "server"];

/// How far an answer agrees with a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    /// It is another upstream or another target.
    Wrong,
    /// It goes where it went, with the target that it had, but some field or the client's answer differs.
    Target,
    /// It was not answered for.
    Unknown,
    /// Everything agrees but case and order of the fields.
    Right,
}

fn vectors() -> PathBuf {
    let ours = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/proxies.jsonl.gz");
    std::env::var_os("HOPSCOPE_PROXY_VECTORS").map_or(ours, PathBuf::from)
}

fn recordings(path: &Path, proxy: &str) -> Vec<Value> {
    let lines = BufReader::new(GzDecoder::new(File::open(path).unwrap())).lines();
    let recordings = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    recordings.filter(|recording| recording["proxy"] == proxy).collect()
}

/// A recording without its answers.
fn question(recording: &Value) -> Value {
    let mut question = recording.as_object().unwrap().clone();
    question.retain(|key, _| !ANSWERS.contains(&key.as_str()));
    question.insert("hostname".to_owned(), json!("<HOSTNAME>"));
    question.insert("hosts".to_owned(), HOSTS.iter().map(|name| (*name, "127.0.0.1")).collect());
    question.insert("static".to_owned(), json!(STATIC));
    Value::Object(question)
}

/// Runs the program once over all questions: the answers by id.
fn ask(questions: &[Value], configs: &Path) -> BTreeMap<String, Value> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_hopscope"))
        .args(["predict", "--configs"])
        .arg(configs)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut input, output) = (program.stdin.take().unwrap(), program.stdout.take().unwrap());
    let answers = std::thread::scope(|threads| {
        threads.spawn(move || {
            for question in questions {
                writeln!(input, "{question}").unwrap();
            }
        });
        let lines = BufReader::new(output).lines().map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
        lines.map(|answer| (answer["id"].as_str().unwrap().to_owned(), answer)).collect()
    });
    assert!(program.wait().unwrap().success());
    answers
}

/// The first line of a head, and its fields: names in small letters, in order.
fn parts(head: &Value) -> (&str, Vec<(String, &str)>) {
    let Some(head) = head.as_str() else { return ("", Vec::new()) };
    let mut lines = head.split("\r\n\r\n").next().unwrap().split("\r\n");
    let first = lines.next().unwrap();
    let mut fields: Vec<_> = lines
        .map(|line| {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            (name.trim().to_lowercase(), value.trim_matches([' ', '\t']))
        })
        .collect();
    fields.sort();
    (first, fields)
}

/// Method and target of a request line.
fn target(line: &str) -> Vec<&str> {
    line.split(' ').take(2).collect()
}

/// What the client got: status, Location, cookies.
fn delivered(head: &Value) -> (Value, Value, Value) {
    let (first, _) = parts(head);
    if first.is_empty() || first.starts_with("TLS-FAILED") {
        return (Value::Null, Value::Null, json!([]));
    }
    let mut all: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for line in head.as_str().unwrap().split("\r\n").skip(1) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        all.entry(name.trim().to_lowercase()).or_default().push(value.trim());
    }
    let status: u64 = first.split(' ').nth(1).unwrap().parse().unwrap();
    let location = all.get("location").and_then(|values| values.last());
    (json!(status), json!(location), json!(all.get("set-cookie").cloned().unwrap_or_default()))
}

/// Holds both answers against a recording.
fn judge(recording: &Value, sent: &Value, answered: Option<&Value>) -> (Level, String) {
    let unknown = [Some(sent), answered].into_iter().flatten().find_map(|answer| answer.get("unknown"));
    if let Some(unknown) = unknown {
        return (Level::Unknown, unknown.to_string());
    }
    let (line, fields) = parts(&recording["upstream_request_text"]);
    let (our_line, our_fields) = parts(&sent["upstream_request"]);
    if recording["routed_to"] != sent["routed_to"] || target(line) != target(our_line) {
        let recorded = &recording["routed_to"];
        return (Level::Wrong, format!("recorded {recorded} {line:?}, computed {} {our_line:?}", sent["routed_to"]));
    }
    let last = if recording["routed_to"].is_null() { sent } else { answered.unwrap_or(&Value::Null) };
    let cookies = last.get("set_cookie").cloned().unwrap_or_else(|| json!([]));
    let ours = (last["status"].clone(), last["location"].clone(), cookies);
    let theirs = delivered(&recording["client_response_head"]);
    if line == our_line && fields == our_fields && ours == theirs {
        return (Level::Right, String::new());
    }
    let only = |one: &[(String, &str)], other: &[(String, &str)]| {
        one.iter()
            .filter(|field| !other.contains(field))
            .map(|field| format!("{field:?}"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let (lost, more) = (only(&fields, &our_fields), only(&our_fields, &fields));
    (Level::Target, format!("recorded {lost} {theirs:?}\n    computed {more} {ours:?}"))
}

/// Every recording of one proxy: the least share of right answers in percent, and the most that are wrong in a field of the
/// request or in the client's answer. Where a request goes, and with which target, is never wrong: what is not known is said
/// to be unknown.
#[rstest]
#[case::nginx("nginx", 99.7, 1)]
#[case::traefik("traefik", 100.0, 0)]
#[case::caddy("caddy", 99.9, 0)]
#[case::haproxy("haproxy", 100.0, 0)]
#[case::apache("apache", 100.0, 0)]
fn a_proxy_agrees_with_its_recordings(#[case] proxy: &str, #[case] share: f64, #[case] most: usize) {
    let path = vectors();
    let configs = path.parent().unwrap();
    let recordings = recordings(&path, proxy);
    assert!(!recordings.is_empty(), "nothing to compare");
    let sent = ask(&recordings.iter().map(question).collect::<Vec<_>>(), configs);
    let is_answered =
        |recording: &&Value| !recording["upstream_response"].is_null() && !recording["routed_to"].is_null();
    let questions = recordings.iter().filter(is_answered).map(|recording| {
        let mut question = question(recording);
        question["upstream_response"] = recording["upstream_response"].clone();
        question
    });
    let answered = ask(&questions.collect::<Vec<_>>(), configs);

    let mut counts: BTreeMap<Level, usize> = BTreeMap::new();
    let mut shown = String::new();
    for recording in &recordings {
        let id = recording["id"].as_str().unwrap();
        let (level, why) = judge(recording, sent.get(id).unwrap_or(&Value::Null), answered.get(id));
        *counts.entry(level).or_default() += 1;
        if level < Level::Right && shown.matches("request ").count() < SHOWN {
            let _ = writeln!(shown, "{level:?} {id} request {}\n    {why}", recording["request_text"]);
        }
    }
    let count = |level| counts.get(&level).copied().unwrap_or_default();
    assert_eq!(count(Level::Wrong), 0, "sent elsewhere, or with another target: {counts:?}\n{shown}");
    let differ = count(Level::Target);
    assert!(differ <= most, "{differ} differ in a field or in the answer, not {most}: {counts:?}\n{shown}");
    let number = |count: usize| f64::from(u32::try_from(count).unwrap());
    let right = 100.0 * number(count(Level::Right)) / number(recordings.len());
    assert!(right >= share, "{right:.2} % are right, not {share} %: {counts:?}\n{shown}");
}
