//! How late an event is behind an edge tap, a proxy and an app tap: server-sent events and websocket echoes.
//!
//! `cargo bench --bench stream` prints, for the direct way and for the way through all three, the median and the worst lag.
//! The proxy is hopscope's stand-in and, where it is installed, nginx.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::print_stdout)] // a bench that cannot run has no numbers

use std::net::{SocketAddr, TcpListener as StdListener};
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use hopscope::capture::{self, Bounds};
use hopscope::gateway::{Gateway, PathRule, Route, Upstream};
use hopscope::proxy::{Limits, Running, StandIn, Tap, TapRole, bind, start};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;

const EVENTS: usize = 400;
const PACE: Duration = Duration::from_millis(5);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let clock = Instant::now();
    let app = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let app_address = app.local_addr().expect("an address");
    // The app runs on a thread of its own, as it would.
    std::thread::spawn(move || {
        let app = app.into_std().expect("a socket");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async { serve(TcpListener::from_std(app).expect("a socket"), clock).await });
    });
    println!("{:<34} {:>12} {:>10} {:>12} {:>10}", "", "SSE median", "worst", "echo median", "worst");
    report("direct", app_address, clock).await;
    let stand_in = free_address();
    let (edge, _running) = taps(stand_in, Some(stand_in), app_address);
    report("edge tap + stand-in + app tap", edge, clock).await;
    if Command::new("nginx").arg("-v").output().is_ok() {
        let nginx = free_address();
        let (edge, running) = taps(nginx, None, app_address);
        let _nginx = Nginx::start(nginx, running.app_tap);
        report("edge tap + nginx + app tap", edge, clock).await;
    } else {
        println!("nginx is not installed: not measured");
    }
}

async fn report(name: &str, address: SocketAddr, clock: Instant) {
    let (events, echoes) = (sse_lags(address, clock).await, echo_times(address).await);
    let (event, worst_event) = median_and_worst(events);
    let (echo, worst_echo) = median_and_worst(echoes);
    println!("{name:<34} {event:>9} µs {worst_event:>7} µs {echo:>9} µs {worst_echo:>7} µs");
}

fn median_and_worst(mut lags: Vec<u128>) -> (u128, u128) {
    lags.sort_unstable();
    (lags[lags.len() / 2], lags[lags.len() - 1])
}

/// The lag of each event, in microseconds: its data is when it was sent.
async fn sse_lags(address: SocketAddr, clock: Instant) -> Vec<u128> {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(b"GET /sse HTTP/1.1\r\nHost: bench\r\n\r\n").await.expect("sent");
    let (mut text, mut lags) = (String::new(), Vec::new());
    let mut room = [0; 4096];
    while lags.len() < EVENTS {
        let read = stream.read(&mut room).await.expect("events");
        assert!(read > 0, "the stream ended after {} events", lags.len());
        let now = clock.elapsed().as_micros();
        text.push_str(&String::from_utf8_lossy(&room[..read]));
        while let Some((event, rest)) = text.split_once("\n\n") {
            if let Some((_, sent)) = event.rsplit_once("data: ") {
                lags.push(now - sent.trim().parse::<u128>().expect("a time"));
            }
            text = rest.to_owned();
        }
    }
    lags
}

/// How long each websocket message takes to come back, in microseconds.
async fn echo_times(address: SocketAddr) -> Vec<u128> {
    let stream = TcpStream::connect(address).await.expect("a connection");
    stream.set_nodelay(true).expect("an option");
    let (mut socket, _) = tokio_tungstenite::client_async(format!("ws://{address}/ws"), stream).await.expect("a 101");
    let mut times = Vec::new();
    for _ in 0..EVENTS {
        let sent = Instant::now();
        socket.send(Message::text("ping")).await.expect("sent");
        socket.next().await.expect("an echo").expect("an echo");
        times.push(sent.elapsed().as_micros());
        tokio::time::sleep(PACE).await;
    }
    times
}

async fn serve(listener: TcpListener, clock: Instant) {
    loop {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        stream.set_nodelay(true).expect("an option");
        tokio::spawn(async move {
            let mut start = [0; 8];
            while stream.peek(&mut start).await.is_ok_and(|read| read < start.len()) {}
            if start.starts_with(b"GET /ws") {
                let mut socket = tokio_tungstenite::accept_async(stream).await.expect("a handshake");
                while let Some(Ok(message)) = socket.next().await {
                    if message.is_text() {
                        let _ = socket.send(message).await;
                    }
                }
            } else {
                let mut room = [0; 4096];
                let _ = stream.read(&mut room).await;
                let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Accel-Buffering: no\r\n\
                            Transfer-Encoding: chunked\r\n\r\n";
                let _ = stream.write_all(head.as_bytes()).await;
                for _ in 0..EVENTS {
                    tokio::time::sleep(PACE).await;
                    let event = format!("data: {}\n\n", clock.elapsed().as_micros());
                    let _ = stream.write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes()).await;
                }
                tokio::time::sleep(PACE).await;
                let _ = stream.write_all(b"0\r\n\r\n").await;
            }
        });
    }
}

/// The taps while they run, and where the app tap listens.
struct Taps {
    app_tap: SocketAddr,
    _running: Running,
}

/// An edge tap before `proxy` and an app tap before `app`; the stand-in between them if it is to listen.
fn taps(proxy: SocketAddr, stand_in: Option<SocketAddr>, app: SocketAddr) -> (SocketAddr, Taps) {
    let (capture, recorder) = capture::channel(Bounds::default());
    std::thread::spawn(move || recorder.run(|_, _| true));
    let (edge, app_tap) = (listener(), listener());
    let (edge_address, app_tap_address) = (address(&edge), address(&app_tap));
    let mut taps = vec![
        Tap { listener: edge, role: TapRole::Edge { to: upstream(proxy) } },
        Tap { listener: app_tap, role: TapRole::App { to: upstream(app), source: None, probe: None } },
    ];
    if let Some(listen) = stand_in {
        let route = Route {
            prefix: String::new(),
            path: PathRule::Keep,
            upstream: upstream(app_tap_address),
            forward_prefix: false,
        };
        let stand_in = Arc::new(StandIn::new(Gateway::of_routes(vec![route], None)));
        let role = TapRole::StandIn { stand_in, door: None, probe: None };
        taps.push(Tap { listener: bind(listen).expect("a listener"), role });
    }
    let running = start(taps, Limits::default(), &capture).expect("running taps");
    (edge_address, Taps { app_tap: app_tap_address, _running: running })
}

fn listener() -> StdListener {
    bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port")
}

fn address(listener: &StdListener) -> SocketAddr {
    listener.local_addr().expect("an address")
}

fn free_address() -> SocketAddr {
    address(&listener())
}

fn upstream(address: SocketAddr) -> Upstream {
    Upstream { host: address.ip().to_string(), port: address.port() }
}

/// nginx between the taps, stopped when dropped.
struct Nginx {
    child: Child,
    _directory: tempfile::TempDir,
}

impl Nginx {
    fn start(listen: SocketAddr, to: SocketAddr) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().display();
        let config = directory.path().join("nginx.conf");
        let text = format!(
            "daemon off; pid {path}/pid; error_log {path}/error.log; events {{}}\nhttp {{ access_log off;\n\
             client_body_temp_path {path}/b; proxy_temp_path {path}/p; fastcgi_temp_path {path}/f;\n\
             uwsgi_temp_path {path}/u; scgi_temp_path {path}/s;\n\
             map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}\n\
             server {{ listen {listen}; location / {{ proxy_pass http://{to}; proxy_http_version 1.1;\n\
             proxy_set_header Host $http_host; proxy_set_header Upgrade $http_upgrade;\n\
             proxy_set_header Connection $connection_upgrade; }} }} }}\n"
        );
        std::fs::write(&config, text).expect("a file");
        let errors = directory.path().join("error.log");
        let child = Command::new("nginx").arg("-c").arg(&config).arg("-e").arg(errors).spawn().expect("nginx");
        while std::net::TcpStream::connect(listen).is_err() {
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { child, _directory: directory }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The master stops its workers when it is asked to end; killed outright it would leave them behind.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}
