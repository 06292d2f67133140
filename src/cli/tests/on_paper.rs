//! `hopscope explain` and `hopscope check`: what they print, and how they end.

use super::parsed;
use crate::cli::{Command, Exit, check, explain};

pub(super) fn explained(line: &str) -> (String, Result<Exit, String>) {
    let Ok(Command::Explain(args)) = parsed(line) else { panic!("{:?}", parsed(line).err()) };
    let mut out = Vec::new();
    let exit = explain::explain(&args, false, &mut out).map_err(|failure| format!("{:?} {failure}", failure.exit));
    (String::from_utf8(out).unwrap(), exit)
}

#[test]
fn a_request_is_explained_on_paper() {
    insta::assert_snapshot!(
        "explain_kept",
        explained("hopscope explain http://localhost:9999/api/v1/docs --prefix /api/v1 --keep").0
    );
}

#[rstest::rstest]
#[case("--prefix /api/v1 --keep", "/api/v1/docs", Some(404), "PX01")]
#[case("--prefix /api/v1 --keep --root-path /api/v1", "/api/v1/docs", Some(404), "PX02")]
#[case("--prefix /api/v1 --strip --root-path /api/v1", "/api/v1/docs", Some(200), "")]
#[case("--prefix /api/v1 --strip --route-of-app /items/", "/api/v1/items", Some(307), "PX07")]
#[case("--prefix /api/v1 --strip --root-path /api/v1 --route-of-app /items/", "/api/v1/items", Some(307), "")]
#[case("--prefix /api/v1 --strip", "/other", Some(404), "NG07")]
#[case("--prefix /api/v1 --strip", "/api/v1/unknown", None, "")]
#[case("--prefix /api/v1 --strip --route-of-app /x", "/api/v1/unknown", Some(404), "")]
#[case("--websocket --route-of-app /x", "/ws", Some(403), "")]
#[case("--websocket --route-of-app /ws", "/ws", Some(101), "")]
fn the_answer_is_given_where_it_is_certain(
    #[case] flags: &str,
    #[case] path: &str,
    #[case] status: Option<u16>,
    #[case] code: &str,
) {
    let (line, exit) =
        explained(&format!("hopscope explain http://localhost:9999{path} {flags} -m jsonl --fail-on warn"));
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["response"]["status"], serde_json::json!(status), "{line}");
    assert_eq!(line["findings"][0]["code"].as_str().unwrap_or_default(), code, "{line}");
    assert_eq!(exit.unwrap() == Exit::Findings, !code.is_empty());
}

/// What is checked, and how it ends.
fn checked(line: &str) -> (String, Result<Exit, String>) {
    let Ok(Command::Check(args)) = parsed(line) else { panic!("{line}: {:?}", parsed(line)) };
    let mut out = Vec::new();
    let exit = check::checked(&args, false, &mut out).map_err(|failure| format!("{:?} {failure}", failure.exit));
    (String::from_utf8(out).unwrap(), exit)
}

#[test]
fn a_configuration_explains_itself() {
    let (text, exit) = explained(
        "hopscope explain http://127.0.0.1:9999/api/v1/items --from assets/examples/nginx-strip.conf \
         --root-path /api/v1 --route-of-app /items/ --fail-on warn",
    );
    assert_eq!(exit, Ok(Exit::Fine), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    let starts = |words: &str| lines.iter().any(|line| line.trim_start().starts_with(words));
    assert!(lines[0].starts_with("0 Proxy") && starts("program             nginx"), "{text}");
    for (words, place) in [("router", ":31]"), ("path", ":32]"), ("rule", ":32)")] {
        let found = |line: &&str| line.trim_start().starts_with(words) && line.ends_with(place);
        assert!(lines.iter().any(found), "{words} {place}\n{text}");
    }
    assert!(starts("location            http://127.0.0.1:9999/api/v1/items/"), "{text}");

    let line = "hopscope explain http://127.0.0.1:9999/api/v1/docs --from assets/examples/nginx-keep.conf -m jsonl";
    let line = serde_json::from_str(&explained(line).0).unwrap();
    let schema = include_str!("../../../assets/schema/exchange.schema.json");
    assert_eq!(crate::report::schema::faults(schema, "", &line), [""; 0]);
    assert_eq!(line["proxy"]["to"], "http://127.0.0.1:8000", "{line}");

    let port = explained("hopscope explain http://localhost/api/v1/ --from assets/examples/nginx-strip.conf").0;
    assert!(port.contains("nothing listens on port 80: taken for port 9999, mapped"), "{port}");
    let secure = explained("hopscope explain https://h/ --from assets/examples/nginx-strip.conf").1.unwrap_err();
    assert!(secure.starts_with("Usage nginx takes no https on port 443"), "{secure}");
}

#[test]
fn what_is_taken_for_granted_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("nginx.conf");
    std::fs::write(
        &config,
        "upstream api { server 10.0.0.1:1; server 10.0.0.2:1; }\nserver { listen 80; location / { proxy_pass http://api; } }\n",
    )
    .unwrap();
    let line = format!("hopscope explain http://h/x --from {}", config.display());
    let (text, _) = explained(&line);
    let told =
        |line: &str| line.starts_with("! assumed") && line.contains("the first of its 2 servers is taken to be next");
    assert!(text.lines().any(|line| told(line.trim_start())), "{text}");
    let line: serde_json::Value = serde_json::from_str(&explained(&format!("{line} -m jsonl")).0).unwrap();
    let steps = line["proxy"]["steps"].as_array().unwrap();
    assert!(steps.iter().any(|step| step["kind"] == "assumed"), "{line}");
}

#[test]
fn a_configuration_is_checked() {
    let (text, exit) = checked("hopscope check assets/examples/nginx-strip.conf --fail-on warn");
    assert_eq!(exit, Ok(Exit::Fine), "{text}");
    assert!(text.contains("nothing is wrong") && text.contains("--server"), "{text}");
    let pair = "hopscope check assets/examples/nginx-keep.conf --root-path /api/v1 --fail-on warn";
    let (text, exit) = checked(pair);
    assert_eq!(exit, Ok(Exit::Findings), "{text}");
    assert!(text.contains("nginx-keep.conf:32: warn PX02 prefix doubled"), "{text}");
    let (clean, exit) = checked("hopscope check assets/examples/nginx-strip.conf --root-path /api/v1 --fail-on warn");
    assert_eq!(exit, Ok(Exit::Fine), "{clean}");
    let sarif = checked(&format!("{pair} -m sarif")).0;
    assert!(sarif.contains("\"ruleId\": \"PX02\"") && sarif.contains("\"startLine\": 32"), "{sarif}");
    assert_eq!(checked(&format!("{pair} -m silent")).0, "");
}

#[test]
fn a_configuration_that_is_wrong_names_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nginx.conf");
    std::fs::write(&path, "events {}\nhttp {\n\tserver {\n\t\tprox_pass http://app;\n\t}\n").unwrap();
    let error = checked(&format!("hopscope check {}", path.display())).1.unwrap_err();
    assert!(error.starts_with("Usage ") && error.contains("nginx.conf:"), "{error}");
    let missing = checked("hopscope check no/such/nginx.conf").1.unwrap_err();
    assert!(missing.starts_with("Unreadable cannot read no/such/nginx.conf"), "{missing}");
    let both =
        explained("hopscope explain http://h/ --from assets/examples/nginx-keep.conf --prefix /a").1.unwrap_err();
    assert!(both.contains("leave --to, --prefix and --route away"), "{both}");
    let alone = explained("hopscope explain http://h/ --proxy nginx").1.unwrap_err();
    assert!(alone.contains("name the file"), "{alone}");
}

#[test]
fn what_cannot_be_explained_says_why() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let failed = |target: &str| explained(&format!("hopscope explain {target}")).1.unwrap_err();
    assert!(failed("/no/such/file").starts_with("Unreadable cannot read"));
    assert!(failed(file.path().to_str().unwrap()).starts_with("Unreadable there is no request head"));
    assert!(failed("ftp://h/").starts_with("Usage"));
    std::fs::write(file.path(), "GET /docs HTTP/1.1\nHost: h\n").unwrap();
    assert!(explained(&format!("hopscope explain {}", file.path().display())).0.contains("200 by"));
}
