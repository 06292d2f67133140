use std::fs;
use std::path::Path;

use clap::Parser;

use super::*;

#[derive(Parser)]
struct Typed {
    #[command(flatten)]
    args: LogsArgs,
}

fn typed(words: &[&str]) -> Result<LogsArgs, clap::Error> {
    Typed::try_parse_from(["logs"].iter().chain(words)).map(|typed| typed.args)
}

/// Runs it with its output in a file, and gives that and the exit code.
fn ran(folder: &Path, words: &[&str]) -> (String, Exit) {
    let out = folder.join("out");
    let output = out.display().to_string();
    let args = typed(&[words, &["-o", &output]].concat()).unwrap();
    let exit = run(&args).unwrap_or_else(|failure| panic!("{words:?}: {failure}"));
    (fs::read_to_string(out).unwrap(), exit)
}

const LINES: &str = "\
203.0.113.7 - - [20/Nov/2026:09:14:51 +0000] \"GET /items/1?token=s3cret HTTP/1.1\" 200 512 \"-\" \"curl/8\"
203.0.113.8 - - [20/Nov/2026:09:15:51 +0000] \"GET /items/2 HTTP/1.1\" 404 22 \"-\" \"curl/8\"
no line at all
203.0.113.9 - - [20/Nov/2026:09:16:51 +0000] \"POST /items/ HTTP/1.1\" 500 0 \"-\" \"curl/8\"";

fn log(folder: &Path) -> String {
    let path = folder.join("access.log");
    fs::write(&path, LINES).unwrap();
    path.display().to_string()
}

#[test]
fn a_log_is_read_to_its_end_also_without_a_last_line_end() {
    let folder = tempfile::tempdir().unwrap();
    let log = log(folder.path());
    let (json, exit) = ran(folder.path(), &[&log, "--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&value["lines"], &value["read"]["unread"]), (&3.into(), &1.into()));
    assert_eq!(value["read"]["bytes"], LINES.len() + 1);
    assert_eq!(value["status"], serde_json::json!({ "200": 1, "404": 1, "500": 1 }));
    assert_eq!((&value["sources"][0]["format"], exit), (&"combined".into(), Exit::Fine));
}

#[test]
fn lines_pass_a_filter_and_a_window() {
    let folder = tempfile::tempdir().unwrap();
    let log = log(folder.path());
    let paths = |words: &[&str]| {
        let (text, _) = ran(folder.path(), &[&[log.as_str(), "--format", "jsonl"], words].concat());
        let path = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["path"].clone();
        text.lines().map(|line| path(line).as_str().unwrap_or("unread").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(paths(&[]), ["/items/1", "/items/2", "unread", "/items/"]);
    assert_eq!(paths(&["--filter", "status>=400"]), ["/items/2", "/items/"]);
    assert_eq!(paths(&["--filter", "client=203.0.113.8/31"]), ["/items/2", "/items/"]);
    assert_eq!(paths(&["--since", "2026-11-20T09:15:00Z", "--until", "2026-11-20T09:16:00Z"]), ["/items/2", "unread"]);
}

#[test]
fn what_cannot_be_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("none.log").display().to_string();
    let failure = |words: &[&str]| run(&typed(words).unwrap()).unwrap_err();
    assert_eq!(failure(&[&missing, "--format", "silent"]).exit, Exit::Unreadable);
    let log = log(folder.path());
    let named = failure(&[&log, "--log-format", "combind"]);
    assert!(named.exit == Exit::Usage && named.to_string().contains("no format of this name"), "{named}");
    let once = failure(&["-", "--filter", "finding=PX01"]);
    assert!(once.exit == Exit::Usage && once.to_string().contains("read only once"), "{once}");
    let joined = failure(&[&log, "--log-format", "$remote_addr$request"]);
    assert!(joined.exit == Exit::Usage && joined.to_string().contains("cannot be told apart"), "{joined}");
    let (text, _) =
        ran(folder.path(), &[&log, "--log-format", "$remote_addr$remote_user [$time_local] \"$request\" $status"]);
    assert!(text.contains("warning: $remote_addr$remote_user cannot be told apart"), "{text}");
    assert!(typed(&[&log, "--filter", "scope.path=/"]).unwrap_err().to_string().contains("hopscope tap"));
    assert!(typed(&[&log, "--since", "yesterday"]).unwrap_err().to_string().contains("15m"));
}

#[test]
fn f_is_follow_and_not_filter() {
    let args = typed(&["-f", "access.log"]).unwrap();
    assert!(args.which.follow && args.lines.filter.is_none());
}
