//! Just enough of RFC 6455 for a chat: a handshake, short masked frames out, frames in.

use std::net::SocketAddr;

use super::http::{Client, Message};

/// A websocket connection.
pub(crate) struct WebSocket {
    client: Client,
}

impl WebSocket {
    /// Shakes hands, with one header line more; gives the request as sent, the response, and the connection if the server
    /// agreed.
    pub(crate) fn open(address: SocketAddr, target: &str, more: &str) -> (Message, Message, Option<Self>) {
        Self::open_as(address, &address.to_string(), target, more)
    }

    /// The same where the server goes by this name.
    pub(crate) fn open_as(
        address: SocketAddr,
        host: &str,
        target: &str,
        more: &str,
    ) -> (Message, Message, Option<Self>) {
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{more}\r\n\r\n"
        );
        let mut client = Client::to(address);
        client.send(&request);
        let response = client.head();
        let agreed = response.status() == 101;
        let request = Message { head: request.into_bytes(), ..Message::default() };
        (request, response, agreed.then_some(Self { client }))
    }

    /// Sends a text message of at most 125 bytes.
    pub(crate) fn say(&mut self, text: &str) {
        self.send(0x81, text.as_bytes());
    }

    /// The next text message.
    pub(crate) fn hear(&mut self) -> String {
        let (opcode, payload) = self.frame();
        assert_eq!(opcode, 0x81, "a whole text message");
        String::from_utf8(payload).expect("UTF-8")
    }

    /// Says goodbye and waits for the answer; gives the status code in it.
    pub(crate) fn close(mut self) -> u16 {
        self.send(0x88, &1000_u16.to_be_bytes());
        let (opcode, payload) = self.frame();
        assert_eq!(opcode, 0x88, "a close frame");
        u16::from_be_bytes([payload[0], payload[1]])
    }

    fn send(&mut self, first: u8, payload: &[u8]) {
        const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
        let length = u8::try_from(payload.len()).expect("short");
        assert!(length < 126, "short");
        let masked = payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask);
        self.client.send([first, 0x80 | length].into_iter().chain(MASK).chain(masked).collect::<Vec<u8>>());
    }

    fn frame(&mut self) -> (u8, Vec<u8>) {
        let reader = self.client.reader();
        let head = reader.exactly(2).expect("a frame");
        let length = match head[1] {
            126 => usize::from(u16::from_be_bytes(reader.exactly(2).expect("a length").try_into().expect("two"))),
            short => usize::from(short),
        };
        (head[0], reader.exactly(length).expect("a payload"))
    }
}
