use serde_json::{Value, json};

use super::*;
use crate::report::schema::faults;

const SCHEMA: &str = include_str!("../../../assets/schema/predict.schema.json");

/// The answer to one line.
fn written(line: &[u8]) -> Value {
    let mut out = Vec::new();
    answer_to(line, 7, &mut Known::new(Path::new(".")), &mut out);
    serde_json::from_slice(&out).unwrap()
}

/// The answer to one line, which the schema describes.
fn asked(line: &str) -> Value {
    let answer = written(line.as_bytes());
    assert_eq!(faults(SCHEMA, "/$defs/answer", &answer), Vec::<String>::new(), "{answer}");
    answer
}

/// A question about uvicorn with these members in place of its own.
fn question(members: &Value) -> String {
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
    let answer = asked(&question(&json!({})));
    assert_eq!((&answer["id"], &answer["outcome"]), (&json!("a"), &json!("scope")));
    assert_eq!(answer["scope"]["path"], "/api/items");
    assert_eq!(answer["scope"]["headers"], json!([["host", "h"]]));
    let refused = asked(&question(&json!({"request_text": "GET /\r\n\r\n"})));
    assert_eq!((&refused["outcome"], &refused["status"]), (&json!("response"), &json!(400)));
}

#[test]
fn options_may_be_lists_switches_or_not_given() {
    let scheme = |options: Value| {
        let request = "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: https\r\n\r\n";
        let answer = asked(&question(&json!({"options": options, "peer": ["10.0.0.1", 1], "request_text": request})));
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
        ("[]".to_owned(), Value::Null, "line 7 is no question: invalid length 0, expected an object with the keys"),
        (r#"{"id": 3, "server": "uvicorn"}"#.to_owned(), json!(3), "line 7 is no question: missing field `peer`"),
        (question(&json!({"server": "nginx"})), json!("a"), "line 7: no server is known as \"nginx\""),
        (question(&json!({"version": "x"})), json!("a"), "line 7: \"x\" is no version"),
        (question(&json!({"lib": {"h11": "x"}})), json!("a"), "line 7: lib.h11: \"x\" is no version"),
        (question(&json!({"peer": ["h", 1]})), json!("a"), "line 7: peer: \"h\" is no address"),
        (question(&json!({"request_text": "\u{100}"})), json!("a"), "line 7: request_text: 'Ā' is no byte"),
        (question(&json!({"request_base64": "?"})), json!("a"), "line 7: request_base64: "),
    ] {
        let answer = asked(&line);
        assert_eq!((&answer["id"], &answer["outcome"]), (&id, &json!("unknown")), "{line}");
        assert!(answer["why"].as_str().unwrap().starts_with(why), "{answer}");
    }
    assert_eq!(asked(&question(&json!({"lib": {"other": "2024b"}})))["outcome"], "scope");
}

#[test]
fn the_app_behind_the_server_answers() {
    let app = |path: &str, app: Value| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");
        asked(&question(&json!({"kind": "fw", "options": {}, "app": app, "request_text": request})))
    };
    let seen = app("/app", json!({}));
    assert_eq!((&seen["outcome"], &seen["status"]), (&json!("response"), &json!(200)));
    assert_eq!(seen["seen"]["url_for_app"], "http://h/app");
    assert_eq!(app("/items", json!({}))["location"], "http://h/items/");
    assert_eq!(app("/items", json!({"redirect_slashes": false}))["status"], 404);
    assert_eq!(app("/docs", json!({"root_path": "/api"}))["openapi_url"], "/api/openapi.json");
    assert_eq!(app("/openapi.json", json!({"FW_SERVERS": "/a,/b"}))["servers"], json!([{"url": "/a"}, {"url": "/b"}]));
    assert_eq!(app("/app", json!({"trusted_hosts": ["other"]}))["status"], 400);
    assert_eq!(app("/app", json!({"https_redirect": true}))["location"], "https://h/app");
    assert_eq!(app("/static/hello.txt", json!({}))["status"], 200);
    let own = json!({"routes": [{"path": "/own/{id}", "methods": ["POST"]}]});
    assert_eq!((&app("/own/1", own.clone())["status"], &app("/app", own)["status"]), (&json!(405), &json!(404)));
}

#[test]
fn the_schema_describes_the_question() {
    let line = |members| serde_json::from_str::<Value>(&question(&members)).unwrap();
    let full = json!({"kind": "fw", "lib": {"h11": "0.16.0"}, "app": {"routes": [{"path": "/", "methods": ["GET"]}],
        "mounts": [{"path": "/sub", "app": {"root_path": "/x"}}]}});
    for members in [json!({}), full, json!({"local": ["/run/app.sock", null], "peer": ["unix", null]})] {
        assert_eq!(faults(SCHEMA, "/$defs/question", &line(members)), Vec::<String>::new());
    }
    for members in [json!({"server": "nginx"}), json!({"peer": 1}), json!({"app": {"routes": [{"paht": "/"}]}})] {
        assert!(!faults(SCHEMA, "/$defs/question", &line(members.clone())).is_empty(), "the check can fail: {members}");
    }
    let example = serde_json::from_str(include_str!("../../../assets/predict/app.json")).unwrap();
    assert_eq!(faults(SCHEMA, "/$defs/app", &example), Vec::<String>::new());
}

proptest::proptest! {
    #[test]
    fn any_line_is_answered(line in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        let answer = written(&line);
        proptest::prop_assert!(faults(SCHEMA, "/$defs/answer", &answer).is_empty());
    }

    #[test]
    fn any_request_is_answered(server in 0..5_usize, request: String) {
        let server = ["uvicorn", "hypercorn", "daphne", "granian", "gunicorn"][server];
        let answer = asked(&question(&json!({"server": server, "http_impl": null, "options": {}, "request_text": request})));
        proptest::prop_assert!(answer["outcome"].is_string());
    }
}

/// A folder with a configuration, and the answer to a question about it with these members.
fn proxied(config: &str, members: &Value) -> Value {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("haproxy.cfg"), config).unwrap();
    let mut question = json!({
        "id": "p", "proxy": "haproxy", "config_file": "haproxy.cfg", "client_addr": "203.0.113.9",
        "listen": {"port": 8080}, "hosts": {"app": "127.0.0.1"}, "note": "not read",
        "request_text": "GET /api/items HTTP/1.1\r\nHost: h\r\n\r\n",
    });
    for (name, value) in members.as_object().unwrap() {
        question[name] = value.clone();
    }
    assert_eq!(faults(SCHEMA, "/$defs/proxy_question", &question), Vec::<String>::new(), "{question}");
    let mut out = Vec::new();
    answer_to(question.to_string().as_bytes(), 7, &mut Known::new(folder.path()), &mut out);
    let answer = serde_json::from_slice(&out).unwrap();
    assert_eq!(faults(SCHEMA, "/$defs/proxy_answer", &answer), Vec::<String>::new(), "{answer}");
    answer
}

const HAPROXY: &str = "\
defaults
  mode http
frontend web
  bind :8080
  http-request return status 418 if { path /teapot }
  http-request lua.own if { path /lua }
  default_backend app
backend app
  option forwardfor
  server a app:8000
";

#[test]
fn a_proxy_is_asked_what_it_sends_and_what_comes_back() {
    let sent = proxied(HAPROXY, &json!({}));
    assert_eq!((&sent["id"], &sent["routed_to"]), (&json!("p"), &json!("127.0.0.1:8000")));
    let head = "GET /api/items HTTP/1.1\r\nhost: h\r\nx-forwarded-for: 203.0.113.9\r\n\r\n";
    assert_eq!((&sent["upstream_request"], &sent["status"]), (&json!(head), &Value::Null), "not asked for");
    let response = "HTTP/1.1 307 Temporary Redirect\r\nlocation: /items/\r\nset-cookie: a=1\r\n\r\n";
    let back = proxied(HAPROXY, &json!({"upstream_response": response}));
    assert_eq!((&back["status"], &back["location"]), (&json!(307), &json!("/items/")));
    assert_eq!(back["set_cookie"], json!(["a=1"]));
    let own = proxied(HAPROXY, &json!({"request_text": "GET /teapot HTTP/1.1\r\nHost: h\r\n\r\n"}));
    assert_eq!((&own["routed_to"], &own["status"]), (&Value::Null, &json!(418)));
}

#[test]
fn what_a_proxy_does_is_unknown_where_it_is_not_understood() {
    for (members, why) in [
        (json!({"request_text": "GET /lua HTTP/1.1\r\nHost: h\r\n\r\n"}), "haproxy.cfg:6: "),
        (json!({"hosts": {}}), "line 7: the address of \"app\" is not known"),
        (json!({"config_file": "none.cfg"}), "line 7: cannot read "),
        (json!({"version": "x"}), "line 7: version: \"x\" is no version"),
        (json!({"request_text": "\u{100}"}), "line 7: request_text: 'Ā' is no byte"),
    ] {
        let answer = proxied(HAPROXY, &members);
        assert!(answer["unknown"][0].as_str().is_some_and(|unknown| unknown.contains(why)), "{members}: {answer}");
    }
}
