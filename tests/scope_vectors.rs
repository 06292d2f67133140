//! Every recording of what real servers and frameworks made of real requests, answered by `hopscope predict`.
//!
//! `tests/vectors/asgi.jsonl.gz` holds them; `HOPSCOPE_VECTORS=FILE.jsonl.gz` scores another file of the same form instead.
//! The recordings are only compared with: the program is asked with what was asked of the servers, and nothing else.

#![cfg(test)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use flate2::read::GzDecoder;
use serde_json::{Map, Value, json};

/// How many disagreements are printed in full.
const SHOWN: usize = 20;

/// What a recording tells of the answer; none of it is asked with.
const ANSWERS: [&str; 9] = ["outcome", "scope", "response", "status", "location", "json", "openapi", "docs", "body"];

fn recordings(wanted: fn(&Value) -> bool) -> Vec<Value> {
    let ours = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/asgi.jsonl.gz");
    let path = std::env::var_os("HOPSCOPE_VECTORS").map_or(ours, PathBuf::from);
    let lines = BufReader::new(GzDecoder::new(File::open(path).unwrap())).lines();
    lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).filter(wanted).collect()
}

/// Runs the program once over all recordings.
fn answers(recordings: &[Value]) -> BTreeMap<String, Value> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_hopscope"))
        .arg("predict")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut input, output) = (program.stdin.take().unwrap(), program.stdout.take().unwrap());
    let answers = std::thread::scope(|threads| {
        threads.spawn(move || {
            for recording in recordings {
                let mut question = recording.as_object().unwrap().clone();
                question.retain(|key, _| !ANSWERS.contains(&key.as_str()));
                writeln!(input, "{}", Value::Object(question)).unwrap();
            }
        });
        let lines = BufReader::new(output).lines().map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
        lines.map(|answer| (answer["id"].as_str().unwrap().to_owned(), answer)).collect()
    });
    assert!(program.wait().unwrap().success());
    answers
}

/// Where an answer and a recording part; empty if nowhere.
fn differences(recording: &Value, answer: &Value) -> Vec<String> {
    let outcome = match recording["outcome"].as_str().unwrap() {
        "closed" | "reset" | "timeout" => "closed",
        other => other,
    };
    let status = if recording["kind"] == "fw" { &recording["status"] } else { &recording["response"]["status"] };
    let mut pairs = vec![("outcome", json!(outcome), answer["outcome"].clone())];
    match outcome {
        "scope" => pairs.push(("scope", sorted(&recording["scope"]), sorted(&answer["scope"]))),
        "response" => pairs.push(("status", status.clone(), answer["status"].clone())),
        _ => {}
    }
    if recording["kind"] == "fw" {
        pairs.extend(framework_pairs(recording, answer));
    }
    let differ = pairs.into_iter().filter(|(_, recorded, computed)| recorded != computed);
    differ.map(|(key, recorded, computed)| format!("{key}: recorded {recorded}\n    computed {computed}")).collect()
}

/// What the app on top of the server did, as far as it was recorded.
fn framework_pairs<'a>(recording: &Value, answer: &Value) -> Vec<(&'a str, Value, Value)> {
    const SEEN: [&str; 8] = ["path", "raw_path", "root_path", "url", "base_url", "url_for_app", "scheme", "client"];
    let mut pairs = vec![("location", recording["location"].clone(), answer["location"].clone())];
    if recording.get("openapi").is_some() {
        pairs.push(("servers", recording["openapi"]["servers"].clone(), answer["servers"].clone()));
    }
    if recording.get("docs").is_some() {
        pairs.push(("openapi_url", recording["docs"]["openapi_url"].clone(), answer["openapi_url"].clone()));
    }
    let handled = recording["json"].as_object().filter(|seen| seen.contains_key("handler"));
    for key in SEEN {
        if let Some(recorded) = handled.and_then(|seen| seen.get(key)) {
            pairs.push((key, recorded.clone(), answer["seen"][key].clone()));
        }
    }
    pairs
}

/// The same object with its keys in order: two scopes are equal whatever order they are written in.
fn sorted(value: &Value) -> Value {
    let Some(object) = value.as_object() else { return value.clone() };
    let ordered: BTreeMap<_, _> = object.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
    Value::Object(ordered.into_iter().collect::<Map<_, _>>())
}

/// Scores the recordings that `wanted` picks, prints the counts, fails if any differs.
fn score(wanted: fn(&Value) -> bool) {
    let recordings = recordings(wanted);
    assert!(!recordings.is_empty(), "nothing to compare");
    let answers = answers(&recordings);
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut shown = String::new();
    for recording in &recordings {
        let id = recording["id"].as_str().unwrap();
        let differences = differences(recording, answers.get(id).unwrap_or(&Value::Null));
        let word = |key: &str| recording[key].as_str().unwrap_or_default();
        let group = format!("{} {} {} {}", word("kind"), word("server"), word("version"), word("http_impl"));
        let (right, all) = counts.entry(group.clone()).or_default();
        *right += usize::from(differences.is_empty());
        *all += 1;
        if !differences.is_empty() && shown.lines().count() < SHOWN * 4 {
            let _ = writeln!(shown, "{id} {group} {}\n  {}", recording["options"], recording["request_text"]);
            for difference in differences {
                let _ = writeln!(shown, "  {difference}");
            }
        }
    }
    let wrong: usize = counts.values().map(|(right, all)| all - right).sum();
    assert_eq!(
        wrong,
        0,
        "of {} recordings so many differ; right and all by group: {counts:#?}\n{shown}",
        recordings.len()
    );
}

#[test]
fn the_scopes_agree_with_the_recordings() {
    score(|recording| recording["kind"] != "fw");
}

#[test]
fn the_frameworks_answers_agree_with_the_recordings() {
    score(|recording| recording["kind"] == "fw");
}
