//! HTTP/1.1 with the bytes in hand: a client that sends what it is given, a reader that keeps what came.

use std::io::{self, Read, Write as _};
use std::net::{SocketAddr, TcpStream};

use super::place::PATIENCE;

/// Which message is read, because its end depends on it (RFC 9112 section 6.3).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A request.
    Request,
    /// The response to any method but HEAD.
    Response,
    /// The response to HEAD: never a body.
    ResponseToHead,
}

/// A message as it was on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    /// From the start line to the empty line.
    pub(crate) head: Vec<u8>,
    /// The payload: chunk framing taken off.
    pub(crate) body: Vec<u8>,
    /// The body as it was on the wire: chunk framing and trailers included.
    pub(crate) framed: Vec<u8>,
}

impl Message {
    /// The first line.
    pub(crate) fn start_line(&self) -> &[u8] {
        self.head.split(|&b| b == b'\r').next().unwrap_or_default()
    }

    /// The status of a response.
    pub(crate) fn status(&self) -> u16 {
        self.try_status().unwrap_or_else(|| panic!("no status in {:?}", String::from_utf8_lossy(self.start_line())))
    }

    /// The status of a response, if it has one.
    pub(crate) fn try_status(&self) -> Option<u16> {
        String::from_utf8_lossy(self.start_line()).split(' ').nth(1).and_then(|code| code.parse().ok())
    }

    /// The target of a request.
    pub(crate) fn target(&self) -> &[u8] {
        let line = self.start_line();
        let (first, last) = (line.iter().position(|&b| b == b' '), line.iter().rposition(|&b| b == b' '));
        &line[first.expect("a request line") + 1..last.expect("a request line")]
    }

    /// The header lines after the first, as written, without their ends.
    pub(crate) fn lines(&self) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.head);
        text.split("\r\n").skip(1).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    /// The values of a header, in order.
    pub(crate) fn values(&self, name: &str) -> Vec<String> {
        let is_it = |(found, _): &(String, String)| found.eq_ignore_ascii_case(name);
        self.fields().into_iter().filter(is_it).map(|(_, value)| value).collect()
    }

    /// The only value of a header; empty if there is none.
    pub(crate) fn value(&self, name: &str) -> String {
        let mut values = self.values(name);
        assert!(values.len() < 2, "{name} more than once: {values:?}");
        values.pop().unwrap_or_default()
    }

    /// Names as written, and values without blanks around them.
    pub(crate) fn fields(&self) -> Vec<(String, String)> {
        let split = |line: String| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
        self.lines().into_iter().filter_map(split).collect()
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// Head and framed body.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        [&self.head[..], &self.framed].concat()
    }
}

/// Reads messages from anything that gives bytes.
pub(crate) struct Reader<R> {
    source: R,
    buffer: Vec<u8>,
}

impl<R: Read> Reader<R> {
    /// A reader with nothing read yet.
    pub(crate) fn new(source: R) -> Self {
        Self { source, buffer: Vec::new() }
    }

    /// The next message with its body; `None` if the bytes end before its first.
    ///
    /// # Errors
    /// If the bytes end inside it.
    pub(crate) fn message(&mut self, kind: Kind) -> io::Result<Option<Message>> {
        let Some(mut message) = self.head()? else { return Ok(None) };
        self.body(&mut message, kind)?;
        Ok(Some(message))
    }

    /// The next head.
    ///
    /// # Errors
    /// If the bytes end inside it.
    pub(crate) fn head(&mut self) -> io::Result<Option<Message>> {
        let end = loop {
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at + 4;
            }
            if !self.more()? {
                return if self.buffer.is_empty() { Ok(None) } else { Err(self.cut("a head")) };
            }
        };
        Ok(Some(Message { head: self.buffer.drain(..end).collect(), ..Message::default() }))
    }

    /// The body that belongs to a head.
    ///
    /// # Errors
    /// If the bytes end before it does.
    pub(crate) fn body(&mut self, message: &mut Message, kind: Kind) -> io::Result<()> {
        let bodiless =
            kind == Kind::ResponseToHead || kind == Kind::Response && matches!(message.status(), 100..=199 | 204 | 304);
        let chunked = message.values("transfer-encoding").last().is_some_and(|value| value.ends_with("chunked"));
        let length = message.values("content-length").first().map(|value| value.parse::<usize>());
        match length {
            _ if bodiless => {}
            _ if chunked => self.chunks(message)?,
            Some(length) => {
                message.framed = self.exactly(length.map_err(io::Error::other)?)?;
                message.body.clone_from(&message.framed);
            }
            None if kind == Kind::Request => {}
            None => {
                message.framed = self.rest()?;
                message.body.clone_from(&message.framed);
            }
        }
        Ok(())
    }

    /// Exactly so many bytes.
    ///
    /// # Errors
    /// If there are fewer.
    pub(crate) fn exactly(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.buffer.len() < count {
            if !self.more()? {
                return Err(self.cut("a body"));
            }
        }
        Ok(self.buffer.drain(..count).collect())
    }

    /// Up to and including the next `end`.
    ///
    /// # Errors
    /// If it does not come.
    pub(crate) fn until(&mut self, end: &[u8]) -> io::Result<Vec<u8>> {
        let at = loop {
            if let Some(at) = find(&self.buffer, end) {
                break at + end.len();
            }
            if !self.more()? {
                return Err(self.cut("a line"));
            }
        };
        Ok(self.buffer.drain(..at).collect())
    }

    /// Everything to the end.
    ///
    /// # Errors
    /// If the connection was torn down.
    pub(crate) fn rest(&mut self) -> io::Result<Vec<u8>> {
        while self.more()? {}
        Ok(std::mem::take(&mut self.buffer))
    }

    fn chunks(&mut self, message: &mut Message) -> io::Result<()> {
        loop {
            let line = self.until(b"\r\n")?;
            let digits: String = line.iter().take_while(|b| b.is_ascii_hexdigit()).map(|&b| char::from(b)).collect();
            let size = usize::from_str_radix(&digits, 16).map_err(io::Error::other)?;
            message.framed.extend_from_slice(&line);
            if size == 0 {
                break;
            }
            let data = self.exactly(size + 2)?;
            message.body.extend_from_slice(&data[..size]);
            message.framed.extend_from_slice(&data);
        }
        loop {
            let line = self.until(b"\r\n")?;
            message.framed.extend_from_slice(&line);
            if line == b"\r\n" {
                return Ok(());
            }
        }
    }

    fn more(&mut self) -> io::Result<bool> {
        let mut piece = [0; 16 * 1024];
        let count = self.source.read(&mut piece)?;
        self.buffer.extend_from_slice(&piece[..count]);
        Ok(count > 0)
    }

    fn cut(&self, what: &str) -> io::Error {
        io::Error::new(io::ErrorKind::UnexpectedEof, format!("cut inside {what}: {}", self.buffer.escape_ascii()))
    }
}

/// A connection to a server.
pub(crate) struct Client {
    stream: TcpStream,
    reader: Reader<TcpStream>,
}

impl Client {
    /// Connects.
    pub(crate) fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap_or_else(|error| panic!("{address}: {error}"));
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_nodelay(true).expect("no delay");
        let reader = Reader::new(stream.try_clone().expect("the stream again"));
        Self { stream, reader }
    }

    /// Sends these bytes and nothing else.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).expect("the server reads");
    }

    /// Sends these bytes; a server that hung up before their end is no failure.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref());
    }

    /// The next response.
    pub(crate) fn response(&mut self) -> Message {
        self.reader.message(Kind::Response).expect("a whole response").expect("a response")
    }

    /// The next response, or why there is none; `Ok(None)` if the server closed without one.
    ///
    /// # Errors
    /// If it was cut.
    pub(crate) fn try_response(&mut self) -> io::Result<Option<Message>> {
        self.reader.message(Kind::Response)
    }

    /// The next response, to a HEAD request.
    pub(crate) fn response_to_head(&mut self) -> Message {
        self.reader.message(Kind::ResponseToHead).expect("a whole response").expect("a response")
    }

    /// The head of the next response; its body stays unread.
    pub(crate) fn head(&mut self) -> Message {
        self.reader.head().expect("a whole head").expect("a head")
    }

    /// The reader, for what comes after a head.
    pub(crate) fn reader(&mut self) -> &mut Reader<TcpStream> {
        &mut self.reader
    }

    /// Sends a request and gives its response.
    pub(crate) fn ask(&mut self, request: impl AsRef<[u8]>) -> Message {
        self.send(request);
        self.response()
    }

    /// True if the server has closed and sent nothing more.
    pub(crate) fn is_closed(&mut self) -> bool {
        self.reader.rest().is_ok_and(|rest| rest.is_empty())
    }
}

/// One GET on a connection of its own.
pub(crate) fn get(address: SocketAddr, target: &str) -> Message {
    Client::to(address).ask(format!("GET {target} HTTP/1.1\r\nHost: {address}\r\n\r\n"))
}

/// Where `needle` begins.
pub(crate) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// Bytes as text that can be compared and printed.
pub(crate) fn escaped(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().escape_ascii().to_string()
}
