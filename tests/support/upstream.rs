//! A server that answers by script and keeps what it received.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::http::{Kind, Message, Reader};
use super::place::{free_address, wait_for};

/// The server.
pub(crate) struct Upstream {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Message>>>,
    connections: Arc<Mutex<usize>>,
}

/// What becomes of the connection after an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// The next request may come on it.
    Keep,
    /// It is closed.
    Close,
}

/// A request whose head has come, and the way to its body and to the client.
pub(crate) struct Visit {
    /// The request; its body is empty until [`Visit::read_body`].
    pub(crate) request: Message,
    reader: Reader<TcpStream>,
    stream: TcpStream,
}

impl Visit {
    /// Reads the body of the request.
    pub(crate) fn read_body(&mut self) {
        let _ = self.reader.body(&mut self.request, Kind::Request);
    }

    /// Sends these bytes; a client that is gone is no failure.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    /// The reader, for what comes after an upgrade.
    pub(crate) fn reader(&mut self) -> &mut Reader<TcpStream> {
        &mut self.reader
    }
}

impl Upstream {
    /// Answers every request with these bytes, once its body has come.
    pub(crate) fn answering(answer: impl AsRef<[u8]>) -> Self {
        let answer = answer.as_ref().to_vec();
        Self::start(move |visit| {
            visit.read_body();
            visit.send(&answer);
            Next::Keep
        })
    }

    /// Answers 200 and the text `ok`.
    pub(crate) fn ok() -> Self {
        Self::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    }

    /// Gives every request to `script`.
    pub(crate) fn start(script: impl Fn(&mut Visit) -> Next + Send + Sync + 'static) -> Self {
        let address = free_address();
        let listener = TcpListener::bind(address).expect("a free address");
        let received = Arc::<Mutex<Vec<Message>>>::default();
        let connections = Arc::<Mutex<usize>>::default();
        let (script, log, count) = (Arc::new(script), Arc::clone(&received), Arc::clone(&connections));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (script, log, count) = (Arc::clone(&script), Arc::clone(&log), Arc::clone(&count));
                thread::spawn(move || serve(&stream, &*script, &log, &count));
            }
        });
        Self { address, received, connections }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests that it received, in the order in which they were answered, once there are so many.
    pub(crate) fn requests(&self, count: usize) -> Vec<Message> {
        wait_for(&format!("{count} requests"), || {
            Some(self.received.lock().expect("not poisoned").clone()).filter(|all| all.len() >= count)
        })
    }

    /// The only request that it received.
    pub(crate) fn only(&self) -> Message {
        let mut all = self.requests(1);
        assert_eq!(all.len(), 1, "one request was expected");
        all.remove(0)
    }

    /// On how many connections requests came.
    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().expect("not poisoned")
    }
}

fn serve(
    stream: &TcpStream,
    script: &(impl Fn(&mut Visit) -> Next + ?Sized),
    log: &Mutex<Vec<Message>>,
    connections: &Mutex<usize>,
) {
    let _ = stream.set_nodelay(true);
    let mut reader = Reader::new(stream.try_clone().expect("the stream again"));
    let mut first = true;
    while let Ok(Some(request)) = reader.head() {
        if std::mem::take(&mut first) {
            *connections.lock().expect("not poisoned") += 1;
        }
        let mut visit = Visit { request, reader, stream: stream.try_clone().expect("the stream again") };
        let next = script(&mut visit);
        log.lock().expect("not poisoned").push(visit.request);
        if next == Next::Close {
            let _ = stream.shutdown(std::net::Shutdown::Both);
            return;
        }
        reader = visit.reader;
    }
}
