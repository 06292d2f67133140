//! FastAPI as it is installed, called without a server, against its model: settings and scopes drawn at random.
//!
//! `HOPSCOPE_PEERS` names the virtual environment that `tests/run` makes; without it this test says so and passes. Any
//! environment with another FastAPI does as well: the model is told which releases it holds. Every run draws other scopes.
//! `HOPSCOPE_SEED=N` draws those of an earlier run again (the test prints its seed), `HOPSCOPE_CASES=N` draws so many
//! apps.

#![cfg(test)]

#[path = "support/mod.rs"]
#[allow(dead_code, reason = "the stage of the stories, of which a part is used here")]
mod support;

use std::cell::RefCell;
use std::env;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use hopscope::asgi::framework::{
    App, Files, Framework, Middleware, Mount, Mounted, OwnPage, Prediction, Route, Routes, TrustedHosts,
};
use hopscope::asgi::{Address, AsgiVersions, Release, Scope, ScopeType};
use hopscope::forwarded::latin1;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use serde_json::{Value, json};

use support::peers::{self, needs};
use support::place::repository;

/// Apps drawn if the environment does not say.
const CASES: u32 = 200;
/// Scopes drawn for each app: making one takes FastAPI longer than many requests.
const SCOPES: usize = 20;

/// What the app is made with.
#[derive(Clone, Debug)]
struct Settings {
    root_path: &'static str,
    root_path_in_servers: bool,
    servers: Vec<&'static str>,
    redirect_slashes: bool,
    prefix_header: bool,
    trusted: Vec<&'static str>,
    https: bool,
}

impl Settings {
    fn json(&self) -> Value {
        json!({
            "root_path": self.root_path,
            "root_path_in_servers": self.root_path_in_servers,
            "servers": self.servers,
            "redirect_slashes": self.redirect_slashes,
            "prefix_header": self.prefix_header,
            "trusted": self.trusted,
            "https": self.https,
        })
    }

    /// The app of `tests/peers/framework_app.py`, described.
    fn app(&self, framework: Framework) -> App {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let sub =
            Routes::fastapi().route(Route::new("/app").methods(["GET"])).route(Route::new("/things/").methods(["GET"]));
        let sub = Mounted::App(Box::new(App { routes: Some(sub), ..App::default() }));
        let files = Files { paths: owned(&["hello.txt", "docs/index.html"]), html: true };
        let routes = Routes::fastapi()
            .route(Route::new("/app").methods(["GET"]).named("get_app"))
            .route(Route::new("/items/").methods(["GET"]))
            .route(Route::new("/items/").methods(["POST"]))
            .route(Route::new("/files/{rest:path}").methods(["GET"]))
            .mount(Mount::new("/sub", sub))
            .mount(Mount::new("/static", Mounted::Files(files)).named("static"));
        let trusted =
            (!self.trusted.is_empty()).then(|| Middleware::TrustedHost(TrustedHosts::new(owned(&self.trusted))));
        App {
            framework,
            root_path: self.root_path.to_owned(),
            root_path_in_servers: self.root_path_in_servers,
            servers: owned(&self.servers),
            redirect_slashes: self.redirect_slashes,
            prefix_header: self.prefix_header,
            middleware: self.https.then_some(Middleware::HttpsRedirect).into_iter().chain(trusted).collect(),
            undescribed: false,
            routes: Some(routes),
        }
    }
}

const ROOTS: [&str; 14] = [
    "",
    "",
    "",
    "/api/v1",
    "/api/v1",
    "/api",
    "/",
    "/api/v1/",
    "api/v1",
    "/sub",
    "/api.v1",
    "/a+b",
    "/caf\u{e9}",
    "/v1?x#y",
];
const PATHS: [&str; 24] = [
    "/",
    "/app",
    "/app/",
    "/items",
    "/items/",
    "/items//",
    "/files/a/b",
    "/files",
    "/nope",
    "//app",
    "",
    "/sub",
    "/sub/",
    "/sub/app",
    "/sub/things",
    "/sub/docs",
    "/sub/openapi.json",
    "/static",
    "/static/hello.txt",
    "/static/docs",
    "/static/../hello.txt",
    "/docs",
    "/redoc",
    "/openapi.json",
];
const HOSTS: [&str; 20] = [
    "public.example",
    "public.example:8443",
    "x.example.org",
    "old.example",
    "h:80",
    "h:0443",
    "H",
    "[::1]",
    "[::1]:80",
    "[::1",
    "[zz]",
    "[1::2::3]",
    "",
    "bad host",
    "evil@h",
    "ex/am?ple#x",
    "h:",
    "h:x",
    "h:99999",
    "a_b",
];

fn settings() -> impl Strategy<Value = Settings> {
    let rarely = || prop::bool::weighted(0.15);
    let servers = vec(select(vec!["/api/v1", "https://prod.example", "/other"]), 0..3);
    let trusted = vec(select(vec!["public.example", "*.example.org", "www.old.example", "h", "[::1]", "*"]), 1..4);
    let trusted = prop_oneof![5 => Just(Vec::new()), 1 => trusted];
    let root = prop_oneof![2 => Just(""), 1 => select(ROOTS.to_vec())];
    (root, rarely(), servers, rarely(), prop::bool::weighted(0.3), trusted, rarely()).prop_map(
        |(root_path, not_in_servers, servers, no_redirect, prefix_header, trusted, https)| Settings {
            root_path,
            root_path_in_servers: !not_in_servers,
            servers,
            redirect_slashes: !no_redirect,
            prefix_header,
            trusted,
            https,
        },
    )
}

fn scope() -> impl Strategy<Value = Scope> {
    let root = || select(ROOTS.to_vec());
    let scheme =
        prop_oneof![8 => select(vec!["http", "https"]), 1 => select(vec!["wss", "garbage", "https, http", ""])];
    let host =
        prop_oneof![3 => Just(Some("public.example")), 3 => select(HOSTS.to_vec()).prop_map(Some), 1 => Just(None)];
    let server = prop_oneof![
        4 => Just(Some(Address::new("127.0.0.1", 8000))),
        1 => select(vec![Address::new("::1", 443), Address::unix("/run/app.sock")]).prop_map(Some),
        1 => Just(None),
    ];
    let method = prop_oneof![6 => Just("GET"), 2 => select(vec!["POST", "HEAD", "PUT", "get"])];
    let query = select(vec!["", "", "a=1", "q=a%20b&c", "x?y#z", "\u{ff}"]);
    let prefix = prop_oneof![2 => Just(None), 1 => root().prop_map(Some)];
    let kept = prop_oneof![4 => root().prop_map(Some), 6 => Just(None)];
    (root(), kept, select(PATHS.to_vec()), scheme, host, server, method, query, prefix).prop_map(
        |(root_path, other, path, scheme, host, server, method, query, prefix)| {
            let bytes = |text: &str| text.as_bytes().to_vec();
            let headers = [("x-forwarded-prefix", prefix), ("host", host)];
            Scope {
                kind: ScopeType::Http,
                asgi: AsgiVersions { version: "3.0", spec: None },
                http_version: Some("1.1".to_owned()),
                method: Some(method.to_owned()),
                scheme: Some(scheme.to_owned()),
                path: format!("{}{path}", other.unwrap_or(root_path)),
                raw_path: Vec::new(),
                query_string: query.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect(),
                root_path: root_path.to_owned(),
                headers: headers.iter().filter_map(|(name, value)| Some((bytes(name), bytes((*value)?)))).collect(),
                client: None,
                server,
                subprotocols: Vec::new(),
                extensions: &[],
            }
        },
    )
}

/// The scope as the peer reads it.
fn scope_json(scope: &Scope) -> Value {
    let headers: Vec<_> = scope.headers.iter().map(|(name, value)| [latin1(name), latin1(value)]).collect();
    let port = |address: &Address| address.port.as_ref().map(|port| port.to_string().parse::<u16>().expect("a number"));
    json!({
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": scope.http_version,
        "method": scope.method,
        "scheme": scope.scheme,
        "path": scope.path,
        "query_string": latin1(&scope.query_string),
        "root_path": scope.root_path,
        "headers": headers,
        "server": scope.server.as_ref().map(|server| json!([server.host, port(server)])),
    })
}

/// What the model says, as the peer would; `None` if it does not know.
fn computed(app: &App, scope: &Scope) -> Option<Value> {
    let answer = app.answer(scope);
    let mut told = json!({"status": answer.prediction.status(scope.kind).unwrap_or(200)});
    match (&answer.prediction, &answer.page) {
        (Prediction::Unknown, _) => return None,
        (Prediction::Redirect(to), _) => told["location"] = json!(to),
        (Prediction::Found, Some(OwnPage::Document { servers })) => told["servers"] = json!(servers),
        (Prediction::Found, Some(OwnPage::Viewer { openapi_url })) => told["openapi_url"] = json!(openapi_url),
        (Prediction::Found, None) => {
            let view = answer.view;
            let url_for =
                app.routes.as_ref().and_then(|routes| routes.path_of("get_app")).and_then(|path| view.url_of(&path));
            told["seen"] = json!({
                "path": view.scope.path,
                "root_path": view.scope.root_path,
                "url": view.url(),
                "base_url": view.base_url,
                "url_for": url_for,
            });
        }
        _ => {}
    }
    Some(told)
}

/// True if the answers agree. What a file or the page of a log-in says is not told of.
fn agree(peer: &Value, mut model: Value) -> bool {
    if peer.get("seen").is_none() {
        model.as_object_mut().expect("an object").remove("seen");
    }
    *peer == model
}

/// The peer, a line in and a line out.
struct Peer {
    child: Child,
    pipes: RefCell<(ChildStdin, BufReader<ChildStdout>)>,
}

impl Peer {
    fn start() -> Self {
        let python = peers::find("python").expect("a virtual environment");
        let mut child = Command::new(python)
            .arg(repository("tests/peers/framework_app.py"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python");
        let (input, output) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        Self { child, pipes: RefCell::new((input, BufReader::new(output))) }
    }

    fn ask(&self, settings: &Settings, scope: &Scope) -> Value {
        let (input, output) = &mut *self.pipes.borrow_mut();
        writeln!(input, "{}", json!({"settings": settings.json(), "scope": scope_json(scope)})).expect("it reads");
        let mut line = String::new();
        output.read_line(&mut line).expect("it answers");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

#[test]
fn fastapi_agrees_with_its_model() {
    needs!("python");
    let release = |name: &str| -> Option<Release> {
        peers::installed().find(|(known, _)| known == name).and_then(|(_, release)| release.parse().ok())
    };
    let framework = Framework::fastapi(release("fastapi"), release("starlette"));
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let seed = number("HOPSCOPE_SEED").unwrap_or_else(now);
    let cases = number("HOPSCOPE_CASES").map_or(CASES, |cases| u32::try_from(cases).expect("a number of cases"));
    // Not with a macro: the test runner keeps those to itself when a test passes.
    let _ = writeln!(io::stderr(), "{framework:?}: HOPSCOPE_SEED={seed}");
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases, max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &key));
    let peer = Peer::start();
    let unknown = RefCell::new(0);
    let outcome = runner.run(&(settings(), vec(scope(), SCOPES)), |(settings, scopes)| {
        let app = settings.app(framework);
        for scope in scopes {
            let Some(model) = computed(&app, &scope) else {
                *unknown.borrow_mut() += 1;
                continue;
            };
            let told = peer.ask(&settings, &scope);
            if !agree(&told, model.clone()) {
                let reason = format!("{settings:?}\n{scope:?}\nseed {seed}\nFastAPI {told}\nmodel   {model}");
                return Err(TestCaseError::fail(reason));
            }
        }
        Ok(())
    });
    match outcome {
        Err(TestError::Fail(reason, _)) => panic!("{reason}"),
        other => other.expect("nothing else ends it"),
    }
    assert!(unknown.into_inner() * 4 < cases as usize * SCOPES, "the model knows too little");
}
