//! A browser, as far as proxies notice: it follows redirects, asks for what a page needs with a `Referer`, keeps cookies,
//! and does not leave the site.

use std::fmt::{self, Write as _};
use std::net::SocketAddr;
use std::sync::LazyLock;

use regex::Regex;

use crate::story::Edge;
use crate::support::http::{Client, Message};
use crate::support::websocket::WebSocket;
use crate::tls;

/// Redirects before a browser gives up.
const HOPS: usize = 20;

/// What a page asks for: attributes, and the docs page's script.
static REFERENCE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(?:src|href|url)\s*[=:]\s*["']([^"']+)["']"#).expect("a pattern"));

/// A browser in front of one stack.
pub(crate) struct Browser {
    /// Where it connects.
    door: SocketAddr,
    /// The app tap, for who opens the app directly.
    direct: SocketAddr,
    /// What is in front of the edge tap.
    edge: Edge,
    /// The site's name and port.
    host: String,
    cookies: Vec<(String, String)>,
    /// What was asked and came of it.
    pub(crate) trace: Vec<Visit>,
}

/// One request and what came of it.
pub(crate) struct Visit {
    asked: String,
    came: Result<u16, String>,
}

impl fmt::Display for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.came {
            Ok(status) => write!(f, "{} → {status}", self.asked),
            Err(what) => write!(f, "{} → {what}", self.asked),
        }
    }
}

impl Visit {
    /// True if it was sent: only that reaches a tap.
    pub(crate) fn is_sent(&self) -> bool {
        self.came.is_ok()
    }

    /// True if a user has what was asked for.
    pub(crate) fn is_good(&self) -> bool {
        self.came.as_ref().is_ok_and(|&status| status < 400)
    }
}

impl Browser {
    /// A browser that connects to `door`; `direct` is the app's.
    pub(crate) fn new(door: SocketAddr, direct: SocketAddr, edge: Edge) -> Self {
        let host = if edge == Edge::Http { door.to_string() } else { "shop.example".to_owned() };
        Self { door, direct, edge, host, cookies: Vec::new(), trace: Vec::new() }
    }

    /// Does what a request of a story says.
    pub(crate) fn visit(&mut self, request: &str) {
        match request.split_once(' ') {
            Some(("ws", target)) => self.greet(target),
            Some(("direct", target)) => {
                let (door, host) = (self.door, self.host.clone());
                self.door = self.direct;
                self.host = self.direct.to_string();
                self.open("GET", target);
                (self.door, self.host) = (door, host);
            }
            Some((method, target)) => self.open(method, target),
            None => self.open("GET", request),
        }
    }

    /// Opens a page, wherever it leads, and what it needs.
    fn open(&mut self, method: &str, target: &str) {
        let (mut method, mut target) = (method.to_owned(), target.to_owned());
        for _ in 0..HOPS {
            let answer = self.send(&method, &target, None);
            let Some(location) = answer.values("location").pop().filter(|_| answer.status() / 100 == 3) else {
                return self.load(&target, &answer);
            };
            match self.on_site(&target, &location) {
                Some(next) => target = next,
                // A login elsewhere is meant to be left for.
                None if location.starts_with("https://login.example.com/") => return,
                None => return self.note(format!("redirect to {location}"), "leads elsewhere"),
            }
            if answer.status() < 307 {
                "GET".clone_into(&mut method);
            }
        }
        self.note(target, "redirected too often");
    }

    /// Asks for what an answer needs.
    fn load(&mut self, target: &str, answer: &Message) {
        let (kind, text) = (answer.values("content-type").pop().unwrap_or_default(), answer.text());
        if kind.starts_with("text/event-stream") {
            if let Some(next) = text.lines().find_map(|line| line.strip_prefix("data: ")) {
                self.send("POST", next, Some(target));
            }
            return;
        }
        if !kind.starts_with("text/html") {
            return;
        }
        for reference in REFERENCE.captures_iter(&text).filter_map(|found| found.get(1)) {
            let reference = reference.as_str();
            if self.edge != Edge::Http && reference.starts_with(&format!("http://{}", self.host)) {
                self.note(reference.to_owned(), "mixed content, blocked");
            } else if let Some(wanted) = self.on_site(target, reference) {
                self.send("GET", &wanted, Some(target));
            }
        }
    }

    /// The target that a reference on a page leads to, if that is on this site.
    fn on_site(&self, page: &str, reference: &str) -> Option<String> {
        let reference = reference.split('#').next()?;
        let elsewhere = |rest: &str| {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            (authority == self.host).then(|| if path.is_empty() { "/" } else { path }.to_owned())
        };
        let authority = ["http://", "https://", "//"].iter().find_map(|start| reference.strip_prefix(start));
        match authority {
            Some(rest) => elsewhere(rest),
            None if reference.starts_with('/') => Some(reference.to_owned()),
            None if reference.is_empty() || reference.contains(':') => None,
            None => page.rsplit_once('/').map(|(folder, _)| format!("{folder}/{reference}")),
        }
    }

    /// Shakes hands for a websocket and hears a greeting.
    fn greet(&mut self, target: &str) {
        let forwarded = self.forwarded();
        let more = forwarded.trim_end();
        let more = if more.is_empty() { "User-Agent: Mozilla/5.0" } else { more };
        let (_, answer, chat) = WebSocket::open_as(self.door, &self.host, target, more);
        if let Some(mut chat) = chat {
            assert_eq!(chat.hear(), "hello");
        }
        self.trace.push(Visit { asked: format!("websocket {target}"), came: Ok(answer.status()) });
    }

    fn send(&mut self, method: &str, target: &str, page: Option<&str>) -> Message {
        let mut head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\n{}",
            self.host,
            self.forwarded()
        );
        let scheme = if self.edge == Edge::Http { "http" } else { "https" };
        if let Some(page) = page {
            let _ = write!(head, "Referer: {scheme}://{}{page}\r\n", self.host);
        }
        let sent = self.cookies.iter().filter(|(path, _)| target.starts_with(path.as_str()));
        let sent: Vec<&str> = sent.map(|(_, cookie)| cookie.as_str()).collect();
        if !sent.is_empty() {
            let _ = write!(head, "Cookie: {}\r\n", sent.join("; "));
        }
        head.push_str(if method == "POST" {
            "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
        } else {
            "\r\n"
        });
        let answer = match self.edge {
            Edge::Tls if self.door != self.direct => tls::ask(self.door, &self.host, &head),
            _ => Client::to(self.door).ask(&head),
        };
        for cookie in answer.values("set-cookie") {
            let mut parts = cookie.split("; ");
            let pair = parts.next().unwrap_or_default().to_owned();
            let path = parts.find_map(|part| part.strip_prefix("Path=")).unwrap_or("/").to_owned();
            self.cookies.push((path, pair));
        }
        self.trace.push(Visit { asked: format!("{method} {target}"), came: Ok(answer.status()) });
        answer
    }

    /// What an edge that ends TLS adds, where it is played.
    fn forwarded(&self) -> String {
        match self.edge {
            Edge::Https if self.door != self.direct => format!(
                "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: {}\r\n",
                self.host
            ),
            _ => String::new(),
        }
    }

    fn note(&mut self, asked: String, what: &str) {
        self.trace.push(Visit { asked, came: Err(what.to_owned()) });
    }
}
