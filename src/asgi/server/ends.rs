//! The two ends of the connection a request came on.

use std::net::SocketAddr;

use crate::asgi::Address;

/// The two ends of a connection, as the server's own socket names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ends {
    /// `getpeername`; `None` on a unix socket, which has no peer address.
    pub peer: Option<SocketAddr>,
    /// `getsockname`
    pub local: Local,
}

/// Where the server accepted the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Local {
    /// An address and port.
    Socket(SocketAddr),
    /// The path of a unix socket.
    Unix(String),
}

impl Ends {
    /// A TCP connection from `peer` to `local`.
    pub const fn tcp(peer: SocketAddr, local: SocketAddr) -> Self {
        Self { peer: Some(peer), local: Local::Socket(local) }
    }

    /// A connection to the unix socket at `path`.
    pub fn unix(path: impl Into<String>) -> Self {
        Self { peer: None, local: Local::Unix(path.into()) }
    }

    /// The peer as `[host, port]`.
    pub(super) fn client(&self) -> Option<Address> {
        self.peer.map(|peer| Address::new(peer.ip().to_string(), peer.port()))
    }

    /// The server's address as `[host, port]`, or `[path, None]` of a unix socket.
    pub(super) fn server(&self) -> Address {
        match &self.local {
            Local::Socket(address) => Address::new(address.ip().to_string(), address.port()),
            Local::Unix(path) => Address::unix(path.as_str()),
        }
    }
}
