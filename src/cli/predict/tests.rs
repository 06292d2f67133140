use serde_json::{Value, json};

use super::*;

/// The answer to one line.
fn asked(line: &str) -> Value {
    serde_json::to_value(answer_to(line.as_bytes(), 7)).unwrap()
}

/// A question about uvicorn with these members in place of its own.
fn question(members: Value) -> String {
    let mut question = json!({
        "id": "a", "server": "uvicorn", "version": "0.54.0", "http_impl": "h11",
        "options": {"root_path": "/api"}, "peer": ["127.0.0.1", 50000], "local": ["127.0.0.1", 8000],
        "request_text": "GET /items?x HTTP/1.1\r\nHost: h\r\n\r\n",
    });
    for (name, value) in members.as_object().unwrap() {
        question[name] = value.clone();
    }
    question.to_string()
}

#[test]
fn a_question_is_answered_with_the_scope() {
    let answer = asked(&question(json!({})));
    assert_eq!((&answer["id"], &answer["outcome"]), (&json!("a"), &json!("scope")));
    assert_eq!(answer["scope"]["path"], "/api/items");
    assert_eq!(answer["scope"]["headers"], json!([["host", "h"]]));
    let refused = asked(&question(json!({"request_text": "GET /\r\n\r\n"})));
    assert_eq!((&refused["outcome"], &refused["status"]), (&json!("response"), &json!(400)));
}

#[test]
fn options_may_be_lists_switches_or_not_given() {
    let scheme = |options: Value| {
        let request = "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: https\r\n\r\n";
        let answer = asked(&question(json!({"options": options, "peer": ["10.0.0.1", 1], "request_text": request})));
        answer["scope"]["scheme"].as_str().map_or_else(|| answer["why"].to_string(), str::to_owned)
    };
    assert_eq!(scheme(json!({})), "http");
    assert_eq!(scheme(json!({"forwarded_allow_ips": ["10.0.0.1", "::1"]})), "https");
    assert_eq!(scheme(json!({"forwarded_allow_ips": "10.0.0.1", "proxy_headers": false})), "http");
    assert_eq!(scheme(json!({"env_forwarded_allow_ips": "*", "forwarded_allow_ips": null})), "https");
    assert_eq!(scheme(json!({"env_forwarded_allow_ips": "*", "forwarded_allow_ips": "::1"})), "http");
    assert!(scheme(json!({"no_such": 1})).contains("uvicorn has no option --no-such"));
}

#[test]
fn what_is_no_question_is_answered_in_its_place() {
    for (line, id, why) in [
        ("{".to_owned(), Value::Null, "line 7 is no question: EOF while parsing an object at column 1"),
        (r#"{"id": 3, "server": "uvicorn"}"#.to_owned(), json!(3), "line 7 is no question: missing field `peer`"),
        (question(json!({"server": "nginx"})), json!("a"), "line 7: no server is known as \"nginx\""),
        (question(json!({"version": "x"})), json!("a"), "line 7: \"x\" is no version"),
        (question(json!({"lib": {"h11": "x"}})), json!("a"), "line 7: lib.h11: \"x\" is no version"),
        (question(json!({"peer": ["h", 1]})), json!("a"), "line 7: peer: \"h\" is no address"),
        (question(json!({"request_text": "\u{100}"})), json!("a"), "line 7: request_text: 'Ā' is no byte"),
        (question(json!({"request_base64": "?"})), json!("a"), "line 7: request_base64: "),
    ] {
        let answer = asked(&line);
        assert_eq!((&answer["id"], &answer["outcome"]), (&id, &json!("unknown")), "{line}");
        assert!(answer["why"].as_str().unwrap().starts_with(why), "{answer}");
    }
    assert_eq!(asked(&question(json!({"lib": {"other": "2024b"}})))["outcome"], "scope");
}
