//! Traffic for the screens: the set-ups of the FastAPI page, written down.

use std::net::SocketAddr;

use crate::asgi::server::Server;
use crate::capture::{Losses, Observed, PairId};
use crate::exchange::{Cut, Ending, Flow, Frame, Half, Sample, Side, Times, Tunnel};
use crate::lanes::{Setup, Tap, TapKind};
use crate::store::{Limits, Store};

/// 2026-11-20 09:14:51 UTC in microseconds.
const MORNING: u64 = 1_795_166_091_000_000;

pub(super) fn setup() -> Setup {
    let tap = |kind, port: u16, to: u16| Tap {
        kind,
        listen: SocketAddr::from(([127, 0, 0, 1], port)),
        upstream: format!("http://127.0.0.1:{to}"),
        door: None,
    };
    let taps = vec![tap(TapKind::Edge, 9998, 9999), tap(TapKind::App, 8001, 8000)];
    Setup { taps, prefixes: vec!["/api/v1".to_owned()], ..Setup::new(Server::uvicorn()) }
}

pub(super) fn empty() -> Store {
    Store::new(setup(), Limits { count: 10_000, bytes: 1 << 26 })
}

/// What Traefik adds.
const TRAEFIK: &str = "X-Forwarded-For: 127.0.0.1\nX-Forwarded-Host: localhost:9999\nX-Forwarded-Port: 9999\n\
    X-Forwarded-Proto: http\nX-Forwarded-Server: box1\nX-Real-Ip: 127.0.0.1\n";
const CLIENT: &str = "Host: localhost:9999\nUser-Agent: curl/8.5\nAccept: */*\n";
const NOT_FOUND: &str = "HTTP/1.1 404 Not Found\nserver: uvicorn\ncontent-length: 22\ncontent-type: application/json";

/// One exchange as it is told: what was asked, what the app was asked for (if it was), what came back.
struct Told {
    method: &'static str,
    target: &'static str,
    app: Option<&'static str>,
    more: &'static str,
    response: &'static str,
    body: &'static [u8],
}

fn told(target: &'static str, app: Option<&'static str>, response: &'static str, body: &'static [u8]) -> Told {
    Told { method: "GET", target, app, more: "", response, body }
}

/// The exchange's two halves, `n` seconds into the morning.
fn observed(n: u64, told: &Told) -> Observed {
    let timed = |half: &mut Half| {
        half.times = Times { started: MORNING + n * 700_000, answered: Some(2_100), ended: 3_400 + n * 150 };
    };
    let Told { method, target, app, more, response, body } = told;
    let edge = Sample::new(Side::Edge, &format!("{method} {target} HTTP/1.1\n{CLIENT}{more}")).unwrap();
    let edge = edge.response(response, body).unwrap().with(timed).half();
    let app = app.map(|path| {
        let head = format!("{method} {path} HTTP/1.1\n{CLIENT}{more}{TRAEFIK}");
        Box::new(Sample::new(Side::App, &head).unwrap().response(response, body).unwrap().with(timed).half())
    });
    Observed { key: n, pair: Some(PairId(n)), edge: Some(Box::new(edge)), app }
}

/// Two observations by two taps, as the recorder gets them.
fn absorb(store: &mut Store, n: u64, told: &Told) {
    let whole = observed(n, told);
    let app = Observed { key: 1000 + n, edge: None, ..whole.clone() };
    let edge = Observed { app: None, ..whole };
    let mut batch = vec![edge];
    batch.extend(Some(app).filter(|app| app.app.is_some()));
    store.absorb(batch, Losses::default());
}

/// A morning behind Traefik: the prefix kept, stripped, a docs page, a websocket, an upload.
pub(super) fn morning() -> Store {
    let mut store = empty();
    let html = b"<!doctype html><title>FastAPI - Swagger UI</title>" as &[u8];
    let docs = "Referer: http://localhost:9999/api/v1/docs\n";
    let ok = "HTTP/1.1 200 OK\nserver: uvicorn\ncontent-type: application/json";
    let page = "HTTP/1.1 200 OK\nserver: uvicorn\ncontent-type: text/html; charset=utf-8";
    let by_traefik = "HTTP/1.1 404 Not Found\ncontent-type: text/plain; charset=utf-8\nx-content-type-options: nosniff";
    let redirect = "HTTP/1.1 307 Temporary Redirect\nserver: uvicorn\nlocation: http://localhost:9999/items/";
    let events = "HTTP/1.1 200 OK\nserver: uvicorn\ncontent-type: text/event-stream; charset=utf-8";
    let login = Told {
        method: "POST",
        more: "Authorization: Bearer eyJhbGciOi\nCookie: session=4f1c\nContent-Type: application/json\n",
        ..told(
            "/api/v1/auth/login?next=%2F&token=s3cret",
            Some("/auth/login?next=%2F&token=s3cret"),
            ok,
            br#"{"access_token":"abc","user":{"name":"Zo\u00eb","roles":["admin","dev"]}}"#,
        )
    };
    let morning = [
        told("/api/v1/app", Some("/app"), ok, br#"{"message":"Hello","root_path":""}"#),
        told("/api/v1/items", Some("/items"), redirect, b""),
        told("/items/", None, by_traefik, b"404 page not found\n"),
        told("/api/v1/docs", Some("/api/v1/docs"), NOT_FOUND, br#"{"detail":"Not Found"}"#),
        told("/api/v1/docs", Some("/docs"), page, html),
        Told { more: docs, ..told("/openapi.json", None, by_traefik, b"404 page not found\n") },
        told("/api/v1/events", Some("/events"), events, b"data: 1\n\ndata: 2\n\n"),
        login,
    ];
    for (n, told) in (1..).zip(&morning) {
        absorb(&mut store, n, told);
    }
    store.absorb(vec![chat(9)], Losses::default());
    store.absorb(vec![hostile(10)], Losses { exchanges: 3, ..Losses::default() });
    store
}

/// The number of the prefix that was kept, in [`morning`].
pub(super) const KEPT: u64 = 4;
/// The number of the log-in.
pub(super) const LOGIN: u64 = 8;
/// The number of the websocket.
pub(super) const CHAT: u64 = 9;

/// An open websocket, seen at the edge.
fn chat(n: u64) -> Observed {
    let more = "Connection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\n";
    let switch = "HTTP/1.1 101 Switching Protocols\nupgrade: websocket\nconnection: Upgrade";
    let mut observed = observed(n, &Told { more, ..told("/api/v1/ws", Some("/ws"), switch, b"") });
    let frame = |at, from_client, opcode, text: &str| Frame {
        at,
        from_client,
        fin: true,
        opcode,
        length: text.len() as u64,
        preview: text.as_bytes().into(),
    };
    let tunnel = Tunnel {
        up: Flow { bytes: 21, frames: 2, messages: 1 },
        down: Flow { bytes: 40, frames: 1, messages: 1 },
        recent: vec![
            frame(12_000, true, 1, "hello"),
            frame(13_500, false, 1, "You said: hello \x1b[31m"),
            frame(20_000_000, true, 9, ""),
        ],
        forgotten: 2,
        not_frames: false,
    };
    if let Some(edge) = &mut observed.edge {
        edge.ending = Ending::Open;
        edge.tunnel = Some(Box::new(tunnel));
    }
    Observed { app: None, pair: None, ..observed }
}

/// Escapes, a bidi override and bytes that are no UTF-8, in path, header and body.
fn hostile(n: u64) -> Observed {
    let page = "HTTP/1.1 500 Internal Server Error\nserver: ev\x1b]0;il\x07\ncontent-type: application/octet-stream";
    let target = "/a/very/long/path/that/does/not/fit/into/its/column/\x1b[2J\u{202e}/end.html?q=\u{9b}1m";
    let mut observed = observed(n, &told(target, None, page, b"\x00\x01\xff\xfe binary \x1b[31m and more of it"));
    if let Some(edge) = &mut observed.edge {
        edge.response_body.total = 1_258_291;
        edge.response_body.cut = Cut::AtCap;
    }
    Observed { pair: None, ..observed }
}

/// A store that keeps `limit` exchanges, with this many plain ones in it.
pub(super) fn many(count: u64, limit: usize) -> Store {
    let mut store = Store::new(setup(), Limits { count: limit, bytes: 1 << 30 });
    more(&mut store, 1..=count);
    store
}

/// One plain exchange, seen by an edge tap that stands alone.
pub(super) fn from_the_edge() -> Store {
    let taps = setup().taps.into_iter().filter(|tap| tap.kind == TapKind::Edge).collect();
    let mut store = Store::new(Setup { taps, ..setup() }, Limits { count: 10, bytes: 1 << 20 });
    more(&mut store, 1..=1);
    store
}

/// Plain exchanges with these numbers, in one batch.
pub(super) fn more(store: &mut Store, numbers: std::ops::RangeInclusive<u64>) {
    let plain = |n: u64| {
        let head = format!("GET /api/v1/items/{n} HTTP/1.1\n{CLIENT}");
        let ok = "HTTP/1.1 200 OK\nserver: uvicorn\ncontent-type: application/json";
        let half = Sample::new(Side::Edge, &head).unwrap().response(ok, b"{}").unwrap();
        let half =
            half.with(|half| half.times = Times { started: MORNING + n, answered: Some(900), ended: 1_000 }).half();
        Observed { key: n, pair: None, edge: Some(Box::new(half)), app: None }
    };
    store.absorb(numbers.map(plain).collect(), Losses::default());
}

/// One exchange of which the app's probe tells the scope, and it is not what the server that was told would give.
pub(super) fn probed() -> Store {
    let server = Server { root_path: "/y".to_owned(), ..Server::named("uvicorn@0.54").unwrap() };
    let setup = Setup { probe: true, server, ..setup() };
    let mut store = Store::new(setup, Limits { count: 10, bytes: 1 << 20 });
    let mut observed = observed(1, &told("/x/app", Some("/app"), "HTTP/1.1 200 OK\nserver: uvicorn", b"{}"));
    let answer = r#"{"v":1,"received":{"type":"http","asgi":{"version":"3.0","spec_version":"2.3"},"http_version":"1.1",
        "method":"GET","scheme":"http","path":"/x/app","raw_path":"/x/app","query_string":"","root_path":"/x",
        "headers":[["host","localhost:9999"],["user-agent","curl/8.5"],["accept","*/*"],["x-forwarded-for","127.0.0.1"],
        ["x-forwarded-host","localhost:9999"],["x-forwarded-port","9999"],["x-forwarded-proto","http"],
        ["x-forwarded-server","box1"],["x-real-ip","127.0.0.1"]],"client":["127.0.0.1",0],"server":["127.0.0.1",8000]},
        "by":{"module":"uvicorn.protocols.http.httptools_impl","program":"uvicorn","version":"0.54.0"},
        "left":{"path_params":{}},"with":{"fastapi":"0.163.2","starlette":"1.10.0"},
        "route":{"kind":"APIRoute","path":"/app","name":"read_main","endpoint":"main.read_main","mount":""}}"#;
    observed.app.as_mut().unwrap().probe = Some(answer.into());
    store.absorb(vec![observed], Losses::default());
    store
}
