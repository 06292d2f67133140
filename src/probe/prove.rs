//! Sends a recorded request to the app's server once more, to the byte, and gives what comes back.
//!
//! This file exists because a proof must not depend on what a client library makes of a path: the request goes out as the
//! proxy would write it. Only what belongs to the connection is ours: it serves one request and is closed.

use std::fmt::Write as _;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use bytes::Bytes;
use socket2::{Domain, Protocol, Socket, Type};

use crate::exchange::{Body, Cut, Framing, Half, RequestHead, ResponseHead};

/// How long the connection may take.
const CONNECT: Duration = Duration::from_secs(3);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(15);
/// Bytes of a head that are read.
const MOST_HEAD: usize = 64 << 10;
/// Bytes of a body that are kept.
const MOST_BODY: usize = 64 << 10;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The server is on another machine, where nothing is sent to unasked.
    #[error("{0} is not on this machine: recorded requests are sent to a loopback address only")]
    Elsewhere(SocketAddr),
    /// No connection.
    #[error("nothing answers on {address}: {source}; start the app, or say where it is")]
    Connection {
        /// Who was asked.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// The connection was made, and no whole answer came.
    #[error("{address} gave no answer: {source}")]
    NoAnswer {
        /// Who was asked.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// What came is no HTTP.
    #[error("{0} answered what is no HTTP")]
    NoHttp(SocketAddr),
    /// The body of the request was not recorded whole.
    #[error("the body of a request was not kept whole, and it cannot be sent again")]
    NoBody,
}

/// Sends the request of a half to the server at this address. It comes from the address that the half names as its own, where
/// that is one of this machine: the server's trust list goes by it.
///
/// # Errors
/// [`SendError`], each with the way out.
pub fn send(half: &Half, to: SocketAddr) -> Result<(ResponseHead, Body), SendError> {
    if !to.ip().to_canonical().is_loopback() {
        return Err(SendError::Elsewhere(to));
    }
    let message = message(half)?;
    let from = half.upstream.map(|(_, us)| us.ip().to_canonical()).filter(IpAddr::is_loopback);
    let mut stream = connect(to, from).map_err(|source| SendError::Connection { address: to, source })?;
    let failed = |source| SendError::NoAnswer { address: to, source };
    stream.set_write_timeout(Some(ANSWER)).map_err(failed)?;
    stream.write_all(&message).map_err(failed)?;
    Answer::read(&mut stream, half.request.method() == b"HEAD").map_err(failed)?.parsed().ok_or(SendError::NoHttp(to))
}

fn connect(to: SocketAddr, from: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
    if let Some(from) = from.filter(|from| from.is_ipv4() == to.is_ipv4()) {
        socket.bind(&SocketAddr::new(from, 0).into())?;
    }
    socket.connect_timeout(&to.into(), CONNECT)?;
    Ok(socket.into())
}

/// The request's bytes. A websocket's handshake keeps its `Connection`.
fn message(half: &Half) -> Result<Vec<u8>, SendError> {
    let (head, body) = (&half.request, &half.request_body);
    if body.cut != Cut::No {
        return Err(SendError::NoBody);
    }
    let mut bytes = start_line(head);
    for field in head.fields() {
        let is_ours = ["connection", "keep-alive", "expect"].iter().any(|name| field.is(name));
        if !is_ours || head.is_websocket() && field.is("connection") {
            bytes.extend_from_slice(&[field.name, b": ", field.value, b"\r\n"].concat());
        }
    }
    if !head.is_websocket() {
        bytes.extend_from_slice(b"Connection: close\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    match body.framing {
        Framing::Chunked => {
            if !body.kept.is_empty() {
                let mut size = String::new();
                let _ = write!(size, "{:x}\r\n", body.kept.len());
                bytes.extend_from_slice(&[size.as_bytes(), &body.kept, b"\r\n"].concat());
            }
            bytes.extend_from_slice(b"0\r\n\r\n");
        }
        Framing::None | Framing::Length(_) | Framing::UntilClose => bytes.extend_from_slice(&body.kept),
    }
    Ok(bytes)
}

fn start_line(head: &RequestHead) -> Vec<u8> {
    let version = head.version().to_string();
    [head.method(), b" ", head.target(), b" ", version.as_bytes(), b"\r\n"].concat()
}

/// What came so far.
#[derive(Debug, Default)]
struct Answer {
    head: Vec<u8>,
    /// The bytes after the head, framing included.
    rest: Vec<u8>,
    /// There is more that was not read.
    is_cut: bool,
    /// No body belongs to it.
    is_bare: bool,
}

impl Answer {
    /// Reads head and body. An event stream has no end: nothing of it is waited for.
    fn read(stream: &mut TcpStream, is_bare: bool) -> io::Result<Self> {
        let due = Instant::now() + ANSWER;
        let mut answer = Self { is_bare, ..Self::default() };
        let mut piece = [0; 8192];
        loop {
            while answer.head.is_empty() {
                let Some(end) = answer.rest.windows(4).position(|four| four == b"\r\n\r\n") else { break };
                let body = answer.rest.split_off(end + 4);
                let head = std::mem::replace(&mut answer.rest, body);
                // What is only announced is not the answer (RFC 9110 section 15.2).
                let is_interim = head.get(9..10) == Some(b"1") && head.get(9..12) != Some(b"101");
                if !is_interim {
                    answer.head = head;
                }
            }
            if answer.head.is_empty() && answer.rest.len() > MOST_HEAD || answer.is_whole() {
                return Ok(answer);
            }
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return answer.ended(io::ErrorKind::TimedOut.into());
            }
            stream.set_read_timeout(Some(left))?;
            match stream.read(&mut piece) {
                Ok(0) if answer.head.is_empty() => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(0) => return Ok(answer),
                Ok(count) => answer.rest.extend_from_slice(piece.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return answer.ended(error),
            }
        }
    }

    /// What came until then counts, if its head did.
    fn ended(mut self, error: io::Error) -> io::Result<Self> {
        self.is_cut = true;
        if self.head.is_empty() { Err(error) } else { Ok(self) }
    }

    /// True if nothing more is to be read.
    fn is_whole(&mut self) -> bool {
        let Ok(head) = ResponseHead::from_wire(self.head.clone()) else { return !self.head.is_empty() };
        self.is_bare |= matches!(head.status(), 101 | 204 | 304);
        let is_stream = head.get("content-type").is_some_and(|kind| kind.starts_with(b"text/event-stream"));
        let length = length(&head);
        self.is_cut |= is_stream || self.rest.len() > 2 * MOST_BODY;
        self.is_bare || self.is_cut || length.is_some_and(|length| self.rest.len() as u64 >= length)
    }

    fn parsed(self) -> Option<(ResponseHead, Body)> {
        let head = ResponseHead::from_wire(self.head).ok()?;
        if self.is_bare {
            return Some((head, Body::default()));
        }
        let is_chunked = head.fields().has_token("transfer-encoding", "chunked");
        let (framing, mut payload) = match length(&head) {
            _ if is_chunked => (Framing::Chunked, unchunked(&self.rest)),
            Some(length) => (Framing::Length(length), self.rest),
            None => (Framing::UntilClose, self.rest),
        };
        let total = payload.len() as u64;
        let cut = if self.is_cut || payload.len() > MOST_BODY { Cut::AtCap } else { Cut::No };
        payload.truncate(MOST_BODY);
        Some((head, Body { kept: Bytes::from(payload), total, cut, framing, ..Body::default() }))
    }
}

fn length(head: &ResponseHead) -> Option<u64> {
    std::str::from_utf8(head.get("content-length")?).ok()?.parse().ok()
}

/// The payload of a chunked body, as far as it came (RFC 9112 section 7.1).
fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut payload = Vec::with_capacity(rest.len());
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let line = rest.get(..end).unwrap_or_default();
        let digits = line.split(|&b| b == b';').next().unwrap_or_default().trim_ascii();
        let size = std::str::from_utf8(digits).ok().and_then(|digits| usize::from_str_radix(digits, 16).ok());
        let Some(size) = size.filter(|size| *size > 0) else { break };
        let chunk = rest.get(end + 2..).unwrap_or_default();
        payload.extend_from_slice(chunk.get(..size.min(chunk.len())).unwrap_or_default());
        rest = chunk.get(size.saturating_add(2)..).unwrap_or_default();
    }
    payload
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;
    use crate::exchange::{Sample, Side};

    /// What the server at the other end is sent, and what is read of its answer.
    fn asked(request: &str, answer: &'static str) -> (String, Result<(ResponseHead, Body), SendError>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut bytes = vec![0; 4096];
            let count = stream.read(&mut bytes).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8(bytes[..count].to_vec()).unwrap()
        });
        let half = Sample::new(Side::App, request).unwrap().half();
        let answer = send(&half, address);
        (server.join().unwrap(), answer)
    }

    #[test]
    fn a_request_goes_out_to_the_byte_but_for_its_connection() {
        let (sent, answer) = asked(
            "GET //a/../%2e?q HTTP/1.0\nhost: h\nConnection: keep-alive\nX-A:  1",
            "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno and more",
        );
        assert_eq!(sent, "GET //a/../%2e?q HTTP/1.0\r\nhost: h\r\nX-A: 1\r\nConnection: close\r\n\r\n");
        assert_eq!(answer.unwrap().0.status(), 404);
    }

    #[test]
    fn bodies_are_read_to_their_end() {
        for (method, answer, body) in [
            (
                "GET",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n",
                "abc0123456789",
            ),
            ("GET", "HTTP/1.1 200 OK\r\n\r\nuntil the end", "until the end"),
            ("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", ""),
            ("GET", "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n", ""),
        ] {
            let (_, read) = asked(&format!("{method} / HTTP/1.1\nHost: h"), answer);
            assert_eq!(read.unwrap().1.kept, body.as_bytes(), "{answer}");
        }
    }

    #[test]
    fn what_goes_wrong_is_said() {
        assert!(matches!(asked("GET / HTTP/1.1", "hello\r\n\r\n").1, Err(SendError::NoHttp(_))));
        assert!(matches!(asked("GET / HTTP/1.1", "").1, Err(SendError::NoAnswer { .. })));
        let half = Sample::new(Side::App, "GET / HTTP/1.1").unwrap().half();
        let elsewhere = send(&half, "192.0.2.1:80".parse().unwrap());
        assert!(matches!(elsewhere, Err(SendError::Elsewhere(_))));
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert!(matches!(send(&half, free), Err(SendError::Connection { .. })));
    }

    proptest::proptest! {
        #[test]
        fn no_body_is_too_wild(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            assert!(unchunked(&bytes).len() <= bytes.len());
        }
    }
}
