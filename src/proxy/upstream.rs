//! The connection to the upstream: made when needed, used again for the same client connection, never shared.
//!
//! One upstream connection for each client connection keeps "which connection was this" answerable, which a pool would not.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream, UnixStream, lookup_host};

use super::buffer::Buffer;
use super::socket::{Socket as _, Stream};
use super::tls::{TlsStream, name_of};
use crate::gateway::{Destination, Upstream};

/// An open connection to an upstream.
#[derive(Debug)]
pub(super) struct UpstreamConnection {
    pub stream: Stream,
    pub input: Buffer,
    /// Where it goes, and where it comes from: what the upstream sees as its peer. A unix socket has no addresses.
    pub ends: Option<(SocketAddr, SocketAddr)>,
    /// What it was opened for.
    pub to: Destination,
    /// True from the end of an exchange to the first byte of the next answer: it may end then without meaning anything.
    pub kept: bool,
}

impl UpstreamConnection {
    /// Connects. `source` is the address to come from, `name` what is asked for in TLS if not the host.
    pub(super) async fn open(
        to: &Destination,
        name: Option<&str>,
        source: Option<IpAddr>,
        limit: Duration,
    ) -> io::Result<Self> {
        let connected = tokio::time::timeout(limit, open(to, name, source)).await;
        let timed_out = || io::Error::new(io::ErrorKind::TimedOut, format!("no connection within {limit:?}"));
        let (stream, ends) = connected.map_err(|_| timed_out())??;
        Ok(Self { stream, input: Buffer::new(), ends, to: to.clone(), kept: false })
    }

    /// True if it can carry another exchange: still open, and nothing unasked came on it.
    pub(super) fn is_fresh(&self) -> bool {
        let mut byte = [0];
        let idle = matches!(self.stream.try_read(&mut byte), Err(e) if e.kind() == io::ErrorKind::WouldBlock);
        idle && self.input.is_empty()
    }
}

async fn open(
    to: &Destination,
    name: Option<&str>,
    source: Option<IpAddr>,
) -> io::Result<(Stream, Option<(SocketAddr, SocketAddr)>)> {
    let (to, tls) = match to {
        Destination::Http(to) => (to, false),
        Destination::Https(to) => (to, true),
        Destination::Unix(path) => return Ok((Stream::Unix(UnixStream::connect(path).await?), None)),
    };
    let stream = connect(to, source).await?;
    stream.set_nodelay(true)?;
    let ends = (stream.peer_addr()?, stream.local_addr()?);
    let stream = if tls {
        let name = name_of(name.unwrap_or(&to.host));
        Stream::Tls(Box::new(TlsStream::open(stream, name).await?))
    } else {
        Stream::Tcp(stream)
    };
    Ok((stream, Some(ends)))
}

async fn connect(to: &Upstream, source: Option<IpAddr>) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, format!("{} has no address", to.host));
    for address in lookup_host((to.host.as_str(), to.port)).await? {
        match connect_to(address, source).await {
            Ok(stream) => return Ok(stream),
            Err(e) => last = e,
        }
    }
    Err(last)
}

async fn connect_to(address: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    match source {
        Some(source) if source.is_ipv4() == address.is_ipv4() => socket.bind(SocketAddr::new(source, 0))?,
        Some(source) => {
            let text = format!("--tap-source {source} cannot reach {address}: one is IPv4, the other IPv6");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        None => {}
    }
    socket.connect(address).await
}
