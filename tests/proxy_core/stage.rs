//! A tap between two scripts, in one process: what it recorded is at hand as values.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use hopscope::capture::{Bounds, Capture, Observed, channel};
use hopscope::exchange::{Half, Side};
use hopscope::gateway::{Gateway, Upstream, parse_route};
use hopscope::proxy::{Limits, Running, StandIn, Tap, TapRole, bind, start};

/// Longer than anything here may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running tap or stand-in.
pub(crate) struct Stage {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    running: Running,
    capture: Capture,
    recorder: JoinHandle<Vec<Observed>>,
}

/// Everything that was recorded, the last observation of each exchange.
pub(crate) struct Record(Vec<Observed>);

impl Stage {
    /// An edge tap before `to`.
    pub(crate) fn edge(to: SocketAddr) -> Self {
        Self::limited(to, Limits::default())
    }

    /// The same with other limits.
    pub(crate) fn limited(to: SocketAddr, limits: Limits) -> Self {
        Self::start(TapRole::Edge { to: upstream(to) }, limits)
    }

    /// A stand-in that sends everything to `to`.
    pub(crate) fn stand_in(to: SocketAddr) -> Self {
        let route = parse_route(&format!("/=http://{to}")).expect("a route");
        Self::standing_in(StandIn::new(Gateway::of_routes(vec![route], None)))
    }

    /// This stand-in.
    pub(crate) fn standing_in(stand_in: StandIn) -> Self {
        Self::limited_stand_in(stand_in, Limits::default())
    }

    /// The same with other limits.
    pub(crate) fn limited_stand_in(stand_in: StandIn, limits: Limits) -> Self {
        let role = TapRole::StandIn { stand_in: Arc::new(stand_in), door: None, probe: None };
        Self::start(role, limits)
    }

    fn start(role: TapRole, limits: Limits) -> Self {
        let listener = bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a port");
        let address = listener.local_addr().expect("an address");
        let (capture, recorder) = channel(Bounds::default());
        let running = start(vec![Tap { listener, role }], limits, &capture).expect("it starts");
        let recorder = thread::spawn(move || {
            let mut all = Vec::new();
            recorder.run(|batch, _| {
                all.extend(batch);
                true
            });
            all
        });
        Self { address, running, capture, recorder }
    }

    /// A client connected to it.
    pub(crate) fn client(&self) -> Peer {
        Peer::new(TcpStream::connect(self.address).expect("it listens"))
    }

    /// Stops it and gives what it recorded.
    pub(crate) fn end(self) -> Record {
        self.running.stop();
        drop(self.capture);
        let all = self.recorder.join().expect("the recorder ends");
        let last: BTreeMap<_, _> = all.into_iter().map(|observed| (observed.key, observed)).collect();
        Record(last.into_values().collect())
    }
}

impl Record {
    /// What was observed, oldest first.
    pub(crate) fn all(&self) -> &[Observed] {
        &self.0
    }

    /// The client's side of the only exchange.
    pub(crate) fn only(&self) -> &Half {
        let [observed] = &self.0[..] else { panic!("{} exchanges: {:#?}", self.0.len(), self.0) };
        let half = observed.edge.as_deref().expect("the edge's half");
        assert_eq!(half.side, Side::Edge);
        half
    }
}

fn upstream(address: SocketAddr) -> Upstream {
    Upstream::parse(&format!("http://{address}")).expect("an upstream")
}

/// An upstream: `script` plays every connection; the first is number 0.
pub(crate) fn serve(script: impl Fn(usize, Peer) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    let script = Arc::new(script);
    thread::spawn(move || {
        for (number, stream) in listener.incoming().map_while(Result::ok).enumerate() {
            let script = Arc::clone(&script);
            thread::spawn(move || script(number, Peer::new(stream)));
        }
    });
    address
}

/// An upstream that answers every head with these bytes, and closes when the other side does.
pub(crate) fn answering(response: &'static [u8]) -> SocketAddr {
    serve(move |_, mut peer| {
        while peer.head().is_some() {
            peer.send(response);
        }
    })
}

/// One end of a connection.
pub(crate) struct Peer {
    /// The socket.
    pub(crate) stream: TcpStream,
    unread: Vec<u8>,
}

impl Peer {
    fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_nodelay(true).expect("an option");
        Self { stream, unread: Vec::new() }
    }

    /// Sends, or not if the other side is gone.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    /// The bytes up to and including the next `end`; `None` if they do not come.
    pub(crate) fn until(&mut self, end: &[u8]) -> Option<String> {
        loop {
            if let Some(at) = self.unread.windows(end.len()).position(|window| window == end) {
                return Some(self.taken(at + end.len()));
            }
            self.more()?;
        }
    }

    /// Exactly so many bytes; `None` if they do not come.
    pub(crate) fn exactly(&mut self, count: usize) -> Option<String> {
        while self.unread.len() < count {
            self.more()?;
        }
        Some(self.taken(count))
    }

    /// The next head.
    pub(crate) fn head(&mut self) -> Option<String> {
        self.until(b"\r\n\r\n")
    }

    /// What comes until the other side ends it, and whether it ended in order (`false`: a reset).
    pub(crate) fn rest(&mut self) -> (String, bool) {
        let mut bytes = std::mem::take(&mut self.unread);
        let in_order = self.stream.read_to_end(&mut bytes).is_ok();
        (String::from_utf8_lossy(&bytes).into_owned(), in_order)
    }

    /// Closes it with a reset.
    pub(crate) fn reset(self) {
        socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).expect("an option");
    }

    fn taken(&mut self, count: usize) -> String {
        let bytes: Vec<_> = self.unread.drain(..count).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn more(&mut self) -> Option<()> {
        let mut piece = [0; 16 << 10];
        let count = self.stream.read(&mut piece).ok().filter(|&count| count > 0)?;
        self.unread.extend_from_slice(&piece[..count]);
        Some(())
    }
}
