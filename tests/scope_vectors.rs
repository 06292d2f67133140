//! Every recording of what real servers made of real requests, against the models.
//!
//! `tests/vectors/` holds a sample; `HOPSCOPE_VECTORS=FILE.jsonl` scores another file of the same form instead.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a malformed recording should fail loudly, and the counts are the point"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hopscope::asgi::framework::{App, AppView, Prediction, RouteMatch, Routes};
use hopscope::asgi::server::{HttpParser, Server};
use hopscope::asgi::{Address, Outcome, Scope};
use hopscope::exchange::RequestHead;
use hopscope::forwarded::TrustList;
use serde_json::{Value, json};

/// How many disagreements are printed in full.
const SHOWN: usize = 20;

/// What became of one recording.
enum Verdict {
    Agrees,
    Differs(String),
    Skipped(&'static str),
}

fn recordings() -> Vec<Value> {
    let sample = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/uvicorn-0.54.jsonl");
    let path = std::env::var_os("HOPSCOPE_VECTORS").map_or(sample, PathBuf::from);
    let text = std::fs::read_to_string(&path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The server as the recording's options started it.
fn server(recording: &Value) -> Server {
    let options = &recording["options"];
    let name = format!("{}@{}", recording["server"].as_str().unwrap(), recording["version"].as_str().unwrap());
    let mut server = Server::named(&name).unwrap();
    let trust = options["forwarded_allow_ips"].as_str().or(options["env_forwarded_allow_ips"].as_str());
    if let Some(trust) = trust {
        server.trust = TrustList::parse(trust);
    }
    options["root_path"].as_str().unwrap_or_default().clone_into(&mut server.root_path);
    server.proxy_headers = options["proxy_headers"].as_bool().unwrap_or(true);
    server.http = match recording["http_impl"].as_str() {
        Some("h11") => HttpParser::H11,
        _ => HttpParser::Httptools,
    };
    server
}

/// The head of the recorded request: its bytes up to the first empty line.
fn head(recording: &Value) -> Result<RequestHead, &'static str> {
    let bytes = STANDARD.decode(recording["request_base64"].as_str().unwrap()).unwrap();
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").ok_or("no empty line")?;
    RequestHead::from_wire(&bytes[..end + 4]).map_err(|_| "no head of HTTP/1.0 or 1.1")
}

fn receive(recording: &Value, server: &Server, head: &RequestHead) -> Outcome {
    let local = &recording["local"];
    if recording["peer"][0] == "unix" {
        return server.receive_on_unix(head, local[0].as_str().unwrap());
    }
    server.receive(head, address(&recording["peer"]), address(local))
}

fn address(pair: &Value) -> SocketAddr {
    let port = u16::try_from(pair[1].as_u64().unwrap()).unwrap();
    SocketAddr::new(pair[0].as_str().unwrap().parse().unwrap(), port)
}

/// A scope as the recordings write it: bytes as Latin-1 text.
fn scope_json(scope: &Scope) -> Value {
    let text = |bytes: &[u8]| bytes.iter().copied().map(char::from).collect::<String>();
    let pair = |address: &Option<Address>| address.as_ref().map(|address| json!([address.host, address.port]));
    let mut value = json!({
        "type": scope.kind.name(),
        "http_version": scope.http_version,
        "scheme": scope.scheme,
        "path": scope.path,
        "raw_path": text(&scope.raw_path),
        "query_string": text(&scope.query_string),
        "root_path": scope.root_path,
        "client": pair(&scope.client),
        "server": pair(&scope.server),
    });
    if scope.kind.name() == "websocket" {
        value["subprotocols"] = json!(scope.subprotocols);
    }
    value
}

fn judge(recording: &Value) -> Verdict {
    if matches!(recording["ws_impl"].as_str(), Some("websockets" | "wsproto")) {
        return Verdict::Skipped("a websocket library that is not the default");
    }
    let head = match head(recording) {
        Ok(head) => head,
        Err(why) => return Verdict::Skipped(why),
    };
    let outcome = receive(recording, &server(recording), &head);
    let agrees = match (&outcome, recording["outcome"].as_str().unwrap()) {
        (Outcome::Scope(scope), "scope") => {
            let ours = scope_json(scope);
            ours.as_object().unwrap().iter().all(|(key, value)| recording["scope"][key] == *value)
        }
        (Outcome::Refused { status, .. }, "response") => recording["response"]["status"] == *status,
        (Outcome::Closed { .. }, "closed" | "reset" | "timeout") => true,
        _ => false,
    };
    if agrees { Verdict::Agrees } else { Verdict::Differs(difference(recording, &outcome)) }
}

fn difference(recording: &Value, outcome: &Outcome) -> String {
    let ours = outcome.scope().map_or_else(|| format!("{outcome:?}"), |scope| scope_json(scope).to_string());
    let mut text = String::new();
    let theirs = [&recording["outcome"], &recording["response"]["status"], &recording["scope"]];
    let _ =
        writeln!(text, "{} {} {} {}", recording["id"], recording["kind"], recording["http_impl"], recording["options"]);
    let _ = writeln!(text, "  {}", recording["request_text"]);
    let _ = writeln!(text, "  recorded {} {} {}", theirs[0], theirs[1], theirs[2]);
    let _ = writeln!(text, "  computed {ours}");
    text
}

/// Scores every recording that `wanted` picks, prints the counts, fails if any differs.
fn score(wanted: fn(&Value) -> bool, judge: fn(&Value) -> Verdict) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut differences = Vec::new();
    for recording in recordings().iter().filter(|recording| wanted(recording)) {
        let group = format!("{} {}", recording["kind"].as_str().unwrap(), recording["http_impl"].as_str().unwrap());
        let outcome = match judge(recording) {
            Verdict::Agrees => "agrees".to_owned(),
            Verdict::Skipped(why) => format!("skipped: {why}"),
            Verdict::Differs(text) => {
                differences.push(text);
                "differs".to_owned()
            }
        };
        *counts.entry(format!("{group} {outcome}")).or_default() += 1;
    }
    println!("{counts:#?}");
    for text in differences.iter().take(SHOWN) {
        println!("{text}");
    }
    assert!(differences.is_empty(), "{} recordings differ", differences.len());
    let sum = |part: &str| counts.iter().filter(|(key, _)| key.contains(part)).map(|(_, n)| n).sum::<usize>();
    if std::env::var_os("HOPSCOPE_VECTORS").is_none() {
        assert!(sum("agrees") > 0, "nothing was compared");
        assert!(sum("skipped: no ") * 50 <= sum(""), "too many requests are no head of HTTP/1.0 or 1.1");
    }
}

#[test]
fn scopes_agree_with_the_recordings() {
    score(|recording| recording["kind"] != "fw", judge);
}

#[test]
fn the_frameworks_answers_agree_with_the_recordings() {
    score(|recording| recording["kind"] == "fw", judge_framework);
}

/// The app that was recorded (FastAPI, its sub-app at `/sub`, static files with one file at `/static`).
fn recorded_app(recording: &Value) -> App {
    App {
        root_path: recording["app"]["root_path"].as_str().unwrap().to_owned(),
        prefix_header: recording["app"]["prefix_middleware"].as_bool().unwrap(),
        routes: Some(routes(&["/", "/app", "/items/", "/noslash/{name}"], true, &["/sub", "/static"])),
    }
}

/// What is mounted at `mount` in that app.
fn mounted_app(mount: &str) -> App {
    let routes =
        if mount == "/sub" { routes(&["/app", "/things/"], true, &[]) } else { routes(&["/hello.txt"], false, &[]) };
    App { routes: Some(routes), ..App::default() }
}

fn routes(templates: &[&str], fastapi: bool, mounts: &[&str]) -> Routes {
    let own = ["/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"];
    let templates = own.iter().filter(|_| fastapi).chain(templates).map(|text| (*text).to_owned()).collect();
    Routes::new(templates, mounts.iter().map(|text| (*text).to_owned()).collect())
}

fn judge_framework(recording: &Value) -> Verdict {
    if ["FW_TRUSTED", "FW_HTTPS", "FW_REDIRECT"].iter().any(|key| recording["app"].get(key).is_some()) {
        return Verdict::Skipped("a middleware or option of the app that is not modelled");
    }
    let head = match head(recording) {
        Ok(head) => head,
        Err(why) => return Verdict::Skipped(why),
    };
    let outcome = receive(recording, &server(recording), &head);
    let Some(scope) = outcome.scope() else { return Verdict::Differs(difference(recording, &outcome)) };
    let host = head.get("host");
    let app = recorded_app(recording);
    let view = app.view(scope, host, head.fields().all("x-forwarded-prefix").last());
    let (app, view) = match &view.route {
        RouteMatch::Mount(mount) => {
            let sub = mounted_app(mount);
            let below = view.below_mount(mount, &sub, host);
            (sub, below)
        }
        _ => (app, view),
    };
    let mut wrong = compare(recording, &app, &view, host);
    if wrong.is_empty() {
        return Verdict::Agrees;
    }
    wrong.push_str(&difference(recording, &outcome));
    Verdict::Differs(wrong)
}

/// Says where the view and the recording part; empty if nowhere.
fn compare(recording: &Value, app: &App, view: &AppView, host: Option<&[u8]>) -> String {
    let ours = match view.predicted(app) {
        Prediction::Found => (200, Value::Null),
        Prediction::NotFound => (404, Value::Null),
        Prediction::Redirect(location) => (307, json!(location)),
        Prediction::Unknown => (0, Value::Null),
    };
    let mut pairs = vec![
        ("status", recording["status"].clone(), json!(ours.0)),
        ("location", recording["location"].clone(), ours.1),
    ];
    let seen = &recording["json"];
    if seen.get("handler").is_some() {
        let scope = scope_json(&view.scope);
        for key in ["path", "raw_path", "root_path", "scheme", "client"] {
            pairs.push((key, seen[key].clone(), if seen[key].is_null() { Value::Null } else { scope[key].clone() }));
        }
        if seen.get("url").is_some() {
            pairs.push(("url", seen["url"].clone(), json!(view.url(host))));
            pairs.push(("base_url", seen["base_url"].clone(), json!(view.base_url)));
        }
        if seen["handler"] == "app" {
            pairs.push(("url_for", seen["url_for_app"].clone(), json!(view.url_for)));
        }
    }
    // The page an OAuth2 log-in comes back to asks for no document.
    if recording["docs"]["openapi_url"].is_string() {
        pairs.push(("openapi_url", recording["docs"]["openapi_url"].clone(), json!(view.openapi_url)));
    }
    if recording.get("openapi").is_some() && recording["app"].as_object().unwrap().len() == 2 {
        let root = view.openapi_url.strip_suffix("/openapi.json").filter(|root| !root.is_empty());
        pairs.push((
            "servers",
            recording["openapi"]["servers"].clone(),
            json!(root.map(|root| [json!({"url": root})])),
        ));
    }
    pairs.iter().filter(|(_, theirs, ours)| theirs != ours).fold(String::new(), |mut text, (key, theirs, ours)| {
        let _ = writeln!(text, "{key}: recorded {theirs} computed {ours}");
        text
    })
}
