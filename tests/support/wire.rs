//! A relay that keeps every byte that passes, to stand between two programs neither of which is ours to ask.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::http::{Kind, Message, Reader};
use super::place::free_address;

/// A stretch of wire.
pub(crate) struct Wire {
    address: SocketAddr,
    connections: Arc<Mutex<Vec<Connection>>>,
}

#[derive(Clone, Default)]
struct Connection {
    up: Vec<u8>,
    down: Vec<u8>,
}

/// A request and its response as they passed.
#[derive(Clone, Debug)]
pub(crate) struct Passed {
    /// The request.
    pub(crate) request: Message,
    /// The response, if it passed whole.
    pub(crate) response: Option<Message>,
}

impl Wire {
    /// A wire that leads to `to`, with an end to connect to at [`Wire::address`].
    pub(crate) fn to(to: SocketAddr) -> Self {
        Self::between(free_address(), to)
    }

    /// A wire from a given address.
    pub(crate) fn between(address: SocketAddr, to: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).expect("a free address");
        let connections = Arc::<Mutex<Vec<Connection>>>::default();
        let log = Arc::clone(&connections);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let log = Arc::clone(&log);
                thread::spawn(move || relay(client, to, &log));
            }
        });
        Self { address, connections }
    }

    /// Where to connect.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The request for this target and its response.
    ///
    /// # Panics
    /// If it did not pass exactly once.
    pub(crate) fn passed(&self, target: &str) -> Passed {
        let mut found: Vec<Passed> =
            self.all().into_iter().filter(|passed| passed.request.target() == target.as_bytes()).collect();
        assert_eq!(found.len(), 1, "{target} passed {} times, of {:?}", found.len(), self.targets());
        found.remove(0)
    }

    /// The targets that passed.
    pub(crate) fn targets(&self) -> Vec<String> {
        self.all().iter().map(|passed| passed.request.target().escape_ascii().to_string()).collect()
    }

    /// Everything that passed, connection by connection.
    pub(crate) fn all(&self) -> Vec<Passed> {
        let connections = self.connections.lock().expect("not poisoned").clone();
        connections.iter().flat_map(Connection::passed).collect()
    }
}

impl Connection {
    fn passed(&self) -> Vec<Passed> {
        let (mut up, mut down) = (Reader::new(&self.up[..]), Reader::new(&self.down[..]));
        let mut all = Vec::new();
        while let Ok(Some(request)) = up.message(Kind::Request) {
            let response = final_response(&mut down, request.head.starts_with(b"HEAD "));
            let switched = response.as_ref().is_some_and(|response| response.status() == 101);
            all.push(Passed { request, response });
            if switched {
                break;
            }
        }
        all
    }
}

fn final_response(down: &mut Reader<&[u8]>, to_head: bool) -> Option<Message> {
    let kind = if to_head { Kind::ResponseToHead } else { Kind::Response };
    loop {
        let response = down.message(kind).ok().flatten()?;
        if !matches!(response.status(), 100 | 102..=199) {
            return Some(response);
        }
    }
}

fn relay(client: TcpStream, to: SocketAddr, log: &Arc<Mutex<Vec<Connection>>>) {
    let Ok(server) = TcpStream::connect(to) else { return };
    for stream in [&client, &server] {
        let _ = stream.set_nodelay(true);
    }
    let number = {
        let mut connections = log.lock().expect("not poisoned");
        connections.push(Connection::default());
        connections.len() - 1
    };
    let (Ok(client_out), Ok(server_in)) = (client.try_clone(), server.try_clone()) else { return };
    let up_log = Arc::clone(log);
    let up = thread::spawn(move || {
        copy(client, server, |piece| up_log.lock().expect("not poisoned")[number].up.extend_from_slice(piece))
    });
    let _ = copy(server_in, client_out, |piece| {
        log.lock().expect("not poisoned")[number].down.extend_from_slice(piece);
    });
    let _ = up.join();
}

/// Notes a piece before it is sent on, so that whoever has seen its effect finds it in the log.
fn copy(mut from: TcpStream, mut to: TcpStream, mut note: impl FnMut(&[u8])) -> io::Result<()> {
    let mut piece = vec![0; 64 * 1024];
    let outcome = loop {
        match from.read(&mut piece) {
            Ok(0) => break Ok(()),
            Ok(count) => {
                note(&piece[..count]);
                if let Err(error) = to.write_all(&piece[..count]) {
                    break Err(error);
                }
            }
            Err(error) => break Err(error),
        }
    };
    let _ = to.shutdown(Shutdown::Write);
    if outcome.is_err() {
        let _ = from.shutdown(Shutdown::Both);
    }
    outcome
}
