//! An app that tells what it got, in a field of its response, and answers otherwise for every path.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::http::Message;
use crate::support::upstream::{Next, Upstream as Scripted, Visit};

/// The field with the request as it came, its chunks taken off.
pub(crate) const ECHO: &str = "x-echo";

/// The app.
pub(crate) struct Upstream(Scripted);

impl Upstream {
    pub(crate) fn start() -> Self {
        Self(Scripted::start(|visit: &mut Visit| {
            visit.read_body();
            let answer = answer(&visit.request);
            let closes = !answer.head.contains("Content-Length") && !answer.head.starts_with("HTTP/1.1 204");
            visit.send(answer.bytes(&visit.request));
            if closes { Next::Close } else { Next::Keep }
        }))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.address()
    }
}

struct Answer {
    /// Up to the field with the echo.
    head: String,
    body: &'static str,
}

impl Answer {
    fn bytes(&self, request: &Message) -> Vec<u8> {
        let echo = STANDARD.encode([request.head.as_slice(), &request.body].concat());
        let body = if request.head.starts_with(b"HEAD ") { "" } else { self.body };
        format!("{}{ECHO}: {echo}\r\n\r\n{body}", self.head).into_bytes()
    }
}

/// One of several answers, by the target.
fn answer(request: &Message) -> Answer {
    let kind = request.target().iter().fold(0_usize, |sum, &byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % 9;
    let host = request.values("host").first().cloned().unwrap_or_default();
    let asks_upgrade = request.values("upgrade").iter().any(|protocol| protocol == "websocket");
    let with_length = |status: &str, fields: &str, body: &'static str| Answer {
        head: format!("HTTP/1.1 {status}\r\nServer: app\r\n{fields}Content-Length: {}\r\n", body.len()),
        body,
    };
    match kind {
        _ if asks_upgrade && request.values("connection").iter().any(|value| value.eq_ignore_ascii_case("upgrade")) => {
            Answer {
                head: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n".to_owned(),
                body: "",
            }
        }
        0 => with_length("307 Temporary Redirect", "Location: /items/?a=b\r\n", ""),
        1 => with_length("307 Temporary Redirect", &format!("location: http://{host}/items/\r\n"), ""),
        2 => with_length("302 Found", "Location: http://127.0.0.1:8000/login\r\n", "go"),
        3 => with_length(
            "200 OK",
            "Set-Cookie: sid=1; Path=/; HttpOnly\r\nset-cookie: b=2; Path=/items/cart; Domain=app.internal\r\n",
            "cookies",
        ),
        4 => with_length("404 Not Found", "", "{\"detail\":\"Not Found\"}"),
        5 => with_length("503 Service Unavailable", "Retry-After: 1\r\n", "later"),
        6 => Answer { head: "HTTP/1.1 204 No Content\r\nServer: app\r\n".to_owned(), body: "" },
        7 => Answer { head: "HTTP/1.1 200 OK\r\nConnection: close\r\n".to_owned(), body: "until the end" },
        _ => with_length("200 OK", "X-Accel: no\r\nVia: 1.1 app\r\n", "plain"),
    }
}
