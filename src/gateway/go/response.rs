//! What `httputil.ReverseProxy` makes of a response, and how `net/http` writes it to the client.
//!
//! Go 1.26, `net/http/httputil/reverseproxy.go`, `net/http/status.go`.

use super::header::Header;
use super::proxy::remove_hop_by_hop;
use super::write::write_header;
use crate::exchange::{HeadError, ResponseHead};

/// What frames the body or belongs to the connection: whoever serves the client settles it by what the upstream said.
const FRAMING: [&str; 3] = ["Connection", "Transfer-Encoding", "Upgrade"];

/// A response on its way to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Answer {
    /// The status code.
    pub(in crate::gateway) status: u16,
    /// The fields, without those of the connection.
    pub(in crate::gateway) header: Header,
    /// The fields of the connection, as the upstream sent them.
    framing: Header,
}

impl Answer {
    /// An answer with nothing but a status.
    pub(in crate::gateway) fn new(status: u16) -> Self {
        Self { status, header: Header::default(), framing: Header::default() }
    }

    /// The upstream's response after `removeHopByHopHeaders`; a switch of protocols keeps all its fields.
    pub(in crate::gateway) fn from_upstream(head: &ResponseHead) -> Self {
        let mut header = Header::default();
        for field in head.fields() {
            header.add(&String::from_utf8_lossy(field.name), field.value);
        }
        let mut framing = Header::default();
        for name in FRAMING {
            if let Some(values) = header.values(name).first().map(|_| header.values(name).to_vec()) {
                framing.put_raw(name, values);
            }
        }
        if head.status() == 101 {
            for name in FRAMING {
                header.remove(name);
            }
        } else {
            remove_hop_by_hop(&mut header);
            framing.remove("Upgrade");
        }
        Self { status: head.status(), header, framing }
    }

    /// The head as it goes to the client: Go's own reason, the fields by name.
    ///
    /// # Errors
    /// [`HeadError`] for a status or fields that are no head.
    pub(in crate::gateway) fn head(&self) -> Result<ResponseHead, HeadError> {
        let mut out = format!("HTTP/1.1 {:03} ", self.status).into_bytes();
        match status_text(self.status) {
            "" => out.extend_from_slice(format!("status code {}", self.status).as_bytes()),
            text => out.extend_from_slice(text.as_bytes()),
        }
        out.extend_from_slice(b"\r\n");
        write_header(&mut out, &self.header, &[]);
        write_header(&mut out, &self.framing, &[]);
        out.extend_from_slice(b"\r\n");
        ResponseHead::from_wire(out)
    }
}

/// `http.StatusText`: empty for a code without a name.
pub(in crate::gateway) fn status_text(status: u16) -> &'static str {
    match status {
        413 => "Request Entity Too Large",
        414 => "Request URI Too Long",
        416 => "Requested Range Not Satisfiable",
        status => http::StatusCode::from_u16(status).ok().and_then(|code| code.canonical_reason()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passed_back() {
        for (received, delivered) in [
            (
                "HTTP/1.1 200 Fine\r\nserver: u\r\nlocation: /x\r\nset-cookie: a\r\nSET-COOKIE: b\r\ncontent-length: 1\r\nkeep-alive: 5\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nLocation: /x\r\nServer: u\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n",
            ),
            (
                "HTTP/1.1 299 x\r\nconnection: x-a\r\nx-a: 1\r\ntransfer-encoding: chunked\r\n\r\n",
                "HTTP/1.1 299 status code 299\r\nConnection: x-a\r\nTransfer-Encoding: chunked\r\n\r\n",
            ),
            (
                "HTTP/1.1 101 x\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n",
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            ),
        ] {
            let answer = Answer::from_upstream(&ResponseHead::from_wire(received.as_bytes()).unwrap());
            let head = answer.head().unwrap();
            assert_eq!(String::from_utf8_lossy(head.as_bytes()), delivered);
        }
    }
}
