//! One request straight to the app's server, to see what the probe answers. Written by hand: what the server is sent must
//! be known to the byte, because the model is asked about the very same bytes.

use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};

use super::LIMIT;
use crate::exchange::probe::{ProbeKey, take_answer};
use crate::exchange::{Exchange, ExchangeId, Half, HeadError, Pairing, RequestHead, ResponseHead, Side};
use crate::gateway::Upstream;

/// A head longer than this is not read.
const LARGEST: usize = 64 << 10;

/// What is asked for: a URL of the app's own server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedUrl {
    server: Upstream,
    authority: String,
    target: String,
}

impl fmt::Display for AskedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority, self.target)
    }
}

impl AskedUrl {
    /// Reads `http://host[:port][/path][?query]`.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix("http://") else {
            return Err("the probe answers on this machine only: name the server's own http:// URL".to_owned());
        };
        if !rest.bytes().all(|b| b.is_ascii_graphic()) {
            return Err("it holds what has to be percent-encoded".to_owned());
        }
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let server = Upstream::parse(&format!("http://{authority}"))?;
        let slash = if target.starts_with('/') { "" } else { "/" };
        Ok(Self { server, authority: authority.to_owned(), target: format!("{slash}{target}") })
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The request without the question to the probe, which the probe takes off; the response's head; and the answer.
    pub half: Half,
}

impl Asked {
    /// The response's status.
    pub fn status(&self) -> u16 {
        self.half.status().unwrap_or_default()
    }

    /// The exchange, of which nobody stood in the way: the head is as it was sent.
    pub fn exchange(self) -> Exchange {
        Exchange { id: ExchangeId(1), edge: None, app: Some(Box::new(self.half)), pairing: Pairing::StandIn }
    }
}

/// Why nothing came back.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The connection failed.
    #[error("{address} could not be asked")]
    Connection {
        /// Who was asked.
        address: String,
        /// Why it failed.
        source: io::Error,
    },
    /// What came is no HTTP response.
    #[error("{address} answered what is no HTTP")]
    NoHttp {
        /// Who was asked.
        address: String,
    },
}

/// Sends a GET for `url` with the question to the probe, and reads the head of the response.
///
/// # Errors
/// [`AskError`] with who was asked.
pub fn ask(url: &AskedUrl, key: &ProbeKey) -> Result<Asked, AskError> {
    let AskedUrl { server, authority, target } = url;
    let agent = concat!("hopscope/", env!("CARGO_PKG_VERSION"));
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: {agent}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    );
    let failed = |source| AskError::Connection { address: authority.clone(), source };
    let mut stream = connect(server).map_err(failed)?;
    let (from, to) = (stream.local_addr().map_err(failed)?, stream.peer_addr().map_err(failed)?);
    let mut question = request.clone().into_bytes();
    key.ask(&mut question);
    stream.write_all(&question).map_err(failed)?;
    let head = read_head(&mut stream).map_err(failed)?;
    let read = || {
        let (response, probe) = take_answer(ResponseHead::from_wire(head)?)?;
        let half = Half::of_request(Side::App, (from, to), RequestHead::from_wire(request.into_bytes())?);
        Ok(Asked { half: Half { upstream: Some((to, from)), response: Some(response), probe, ..half } })
    };
    read().map_err(|_: HeadError| AskError::NoHttp { address: authority.clone() })
}

fn connect(server: &Upstream) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in (server.host.as_str(), server.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, LIMIT) {
            Ok(stream) => {
                stream.set_read_timeout(Some(LIMIT))?;
                stream.set_write_timeout(Some(LIMIT))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Reads to the end of the head, or as far as it comes.
fn read_head(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            bytes.truncate(end + 4);
            return Ok(bytes);
        }
        let count = stream.read(&mut piece)?;
        if count == 0 || bytes.len() > LARGEST {
            return Ok(bytes);
        }
        bytes.extend_from_slice(piece.get(..count).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_a_server() {
        for (text, authority, target) in [
            ("http://127.0.0.1:8000", "127.0.0.1:8000", "/"),
            ("http://localhost:8000/items/?q=1#x", "localhost:8000", "/items/?q=1"),
            ("http://[::1]:8000?q", "[::1]:8000", "/?q"),
        ] {
            let url = AskedUrl::parse(text).unwrap();
            assert_eq!((url.authority.as_str(), url.target.as_str()), (authority, target), "{text}");
        }
        for text in ["https://h/", "h:8000", "http://", "http://h:8000/a b", "http://h:8000/\u{e9}"] {
            assert!(AskedUrl::parse(text).is_err(), "{text}");
        }
    }
}
