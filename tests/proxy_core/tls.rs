//! An upstream that speaks TLS: the bytes are the same, and nothing gets stuck between socket and session.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;

use hopscope::gateway::{Action, Destination, Forward, Mapping, Names, Proxy, Purpose, Unseen, Upstream};
use hopscope::proxy::StandIn;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::planned::{Scripted, as_it_comes, gateway};
use crate::stage::Stage;

/// More than any buffer holds.
const LARGE: usize = 3 << 20;

/// A server with a certificate of its own making, for `app.test`. It answers every request with the name that it was asked
/// for and [`LARGE`] bytes, and to `/end` with the end of the connection.
fn server() -> SocketAddr {
    let certificate = CertificateDer::from(include_bytes!("tls_certificate.der").as_slice());
    let key = PrivatePkcs8KeyDer::from(include_bytes!("tls_key.der").as_slice());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = builder.with_no_client_auth().with_single_cert(vec![certificate], key.into()).unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for tcp in listener.incoming().map_while(Result::ok) {
            let session = ServerConnection::new(Arc::clone(&config)).unwrap();
            thread::spawn(move || serve(StreamOwned::new(session, tcp)));
        }
    });
    address
}

fn serve(mut stream: StreamOwned<ServerConnection, std::net::TcpStream>) {
    let mut unread = Vec::new();
    loop {
        let head = loop {
            if let Some(at) = unread.windows(4).position(|window| window == b"\r\n\r\n") {
                break unread.drain(..at + 4).collect::<Vec<u8>>();
            }
            let mut piece = [0; 4096];
            match stream.read(&mut piece) {
                Ok(count @ 1..) => unread.extend_from_slice(&piece[..count]),
                _ => return,
            }
        };
        let name = stream.conn.server_name().unwrap_or_default().to_owned();
        let head = String::from_utf8(head).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        let mut left = length.map_or(0, |length| length.parse::<usize>().unwrap()).saturating_sub(unread.len());
        unread.clear();
        while left > 0 {
            let mut piece = vec![0; left.min(64 << 10)];
            left -= stream.read(&mut piece).unwrap();
        }
        if head.starts_with("GET /end") {
            // No word of TLS: many servers just hang up.
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nbye");
            return;
        }
        let body = "x".repeat(LARGE);
        let _ = write!(stream, "HTTP/1.1 200 OK\r\nX-Name: {name}\r\nContent-Length: {LARGE}\r\n\r\n{body}");
    }
}

#[test]
fn bodies_of_any_size_pass_through_tls() {
    let app = server();
    let forward = |request: &hopscope::gateway::Received<'_>| Forward {
        purpose: Purpose::Request,
        to: Destination::Https(Upstream { host: "app.test".to_owned(), port: 443 }),
        head: request.head.to_vec(),
        back: Arc::new(Scripted(as_it_comes)),
    };
    let names = Names::new(vec![Mapping::parse(&format!("app.test:443={app}")).unwrap()]);
    let gateway = gateway(Proxy::Nginx, move |request, _| Action::Forward(forward(request)));
    let stage = Stage::standing_in(StandIn::new(gateway).at(Arc::new(Unseen), names));
    let mut client = stage.client();
    let upload = "y".repeat(LARGE);
    for _ in 0..2 {
        client.send(format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {LARGE}\r\n\r\n{upload}"));
        let head = client.head().unwrap();
        assert!(head.contains("X-Name: app.test\r\n"), "{head}");
        assert_eq!(client.exactly(LARGE).map(|body| body.len()), Some(LARGE));
    }
    client.send("GET /end HTTP/1.1\r\nHost: h\r\n\r\n");
    assert!(client.head().is_some());
    assert_eq!(client.until(b"0\r\n\r\n").as_deref(), Some("3\r\nbye\r\n0\r\n\r\n"));
    let record = stage.end();
    assert_eq!(record.all().len(), 3);
}

#[test]
fn what_speaks_no_tls_is_told() {
    let plain = crate::stage::answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let gateway = gateway(Proxy::Caddy, move |request, _| {
        Action::Forward(Forward {
            purpose: Purpose::Request,
            to: Destination::Https(Upstream { host: plain.ip().to_string(), port: plain.port() }),
            head: request.head.to_vec(),
            back: Arc::new(Scripted(as_it_comes)),
        })
    });
    let limits = hopscope::proxy::Limits { connect: std::time::Duration::from_millis(300), ..Default::default() };
    let stage = Stage::limited_stand_in(StandIn::new(gateway), limits);
    let mut client = stage.client();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    let (answer, _) = client.rest();
    assert!(answer.starts_with("HTTP/1.1 50"), "{answer}");
    assert!(answer.contains("could not connect to https://127.0.0.1"), "{answer}");
}
