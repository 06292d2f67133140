//! What the data path asks of a socket, and the kinds there are: everything is tried without waiting, and waiting is done
//! for several at once (see [`super::readiness`]).

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::task::{Context, Poll};

use tokio::io::Interest;
use tokio::net::{TcpStream, UnixStream};

use super::tls::TlsStream;

/// A socket that is tried, never waited for.
pub(super) trait Socket {
    /// Reads what is there. `Ok(0)` is the end of the stream.
    fn try_read(&self, space: &mut [u8]) -> io::Result<usize>;

    /// Writes what it takes.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Writes what it takes of several pieces.
    fn try_write_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Notes that all that was there has been read: waiting needs no second read to find out.
    fn drained(&self);

    /// Ready when something can be read.
    fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Ready when something can be written.
    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}

/// A connection to an upstream.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<TlsStream>),
}

impl Stream {
    /// Ends our side of it.
    pub(super) fn end(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => socket2::SockRef::from(stream).shutdown(Shutdown::Write),
            Self::Unix(stream) => socket2::SockRef::from(stream).shutdown(Shutdown::Write),
            Self::Tls(stream) => {
                stream.end()?;
                socket2::SockRef::from(stream.tcp()).shutdown(Shutdown::Write)
            }
        }
    }

    /// True if something that was written is still here.
    pub(super) fn has_unsent(&self) -> bool {
        matches!(self, Self::Tls(stream) if stream.has_unsent())
    }

    /// Sends what is still here, as far as it goes.
    pub(super) fn flush(&self) -> io::Result<()> {
        match self {
            Self::Tcp(_) | Self::Unix(_) => Ok(()),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

/// What is the same for both of tokio's streams: they have these functions, and no trait that says so.
macro_rules! plain_socket {
    ($($stream:ty),+) => {$(
        impl Socket for $stream {
            fn try_read(&self, space: &mut [u8]) -> io::Result<usize> {
                Self::try_read(self, space)
            }

            fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
                Self::try_write(self, bytes)
            }

            fn try_write_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
                Self::try_write_vectored(self, pieces)
            }

            fn drained(&self) {
                let _ = self.try_io(Interest::READABLE, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
            }

            fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Self::poll_read_ready(self, cx)
            }

            fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Self::poll_write_ready(self, cx)
            }
        }
    )+};
}

plain_socket!(TcpStream, UnixStream);

impl Stream {
    fn socket(&self) -> &dyn Socket {
        match self {
            Self::Tcp(stream) => stream,
            Self::Unix(stream) => stream,
            Self::Tls(stream) => &**stream,
        }
    }
}

impl Socket for Stream {
    fn try_read(&self, space: &mut [u8]) -> io::Result<usize> {
        self.socket().try_read(space)
    }

    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.socket().try_write(bytes)
    }

    fn try_write_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.socket().try_write_vectored(pieces)
    }

    fn drained(&self) {
        self.socket().drained();
    }

    fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket().poll_read_ready(cx)
    }

    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket().poll_write_ready(cx)
    }
}
