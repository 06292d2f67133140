//! A configuration in memory, for tests to ask.

use std::path::PathBuf;

use super::read;
use crate::asgi::Release;
use crate::exchange::ResponseHead;
use crate::gateway::{
    Action, Failure, Forward, Found, Gateway, InMemory, NotUnderstood, Onward, Purpose, Received, Reply, Tls, World,
};

/// A gateway of one file.
pub(super) struct Trial {
    gateway: Gateway,
}

/// Where a request stands.
pub(super) enum Stage {
    /// It was sent on.
    Sent(Forward),
    /// The client has an answer, told in short.
    Told(String),
}

impl Trial {
    /// Reads a configuration that is understood.
    pub(super) fn new(config: &str) -> Self {
        let files = InMemory::default().file("nginx.conf", config);
        let gateway = read(&[PathBuf::from("nginx.conf")], &files, Some(Release::new(1, 22, 1))).unwrap();
        assert_eq!(gateway.not_understood, []);
        Self { gateway }
    }

    /// The plan for a request to port 80 from 192.0.2.1.
    pub(super) fn plan(&self, request: &str) -> Stage {
        self.plan_at(request, 80, false)
    }

    /// The same for another port.
    pub(super) fn plan_at(&self, request: &str, port: u16, tls: bool) -> Stage {
        let wire = request.replace('\n', "\r\n");
        let (head, body) = wire.split_at(wire.find("\r\n\r\n").unwrap() + 4);
        let received = Received {
            head: head.as_bytes(),
            body: Some(body.as_bytes()),
            peer: ([192, 0, 2, 1], 50_000).into(),
            local: ([127, 0, 0, 1], port).into(),
            tls: tls.then_some(Tls { name: None }),
        };
        let plan = self.gateway.plan(&received, &Disk);
        let stage = match plan.action {
            Action::Forward(forward) => Stage::Sent(forward),
            Action::Answer(reply) => Stage::Told(answer(&reply)),
            Action::Close => Stage::Told("closed".to_owned()),
        };
        stage.doubted(&plan.unknown)
    }

    /// The plan for `GET path`, told in short.
    pub(super) fn get(&self, path: &str) -> String {
        self.plan(&get(path)).told()
    }
}

/// `GET path` of an ordinary client.
pub(super) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\nHost: h\n\n")
}

impl Stage {
    fn doubted(self, unknown: &[NotUnderstood]) -> Self {
        if unknown.is_empty() { self } else { Self::Told(format!("unknown: {}", unknown[0].what)) }
    }

    /// `127.0.0.1:8000 GET /x`, `301 http://h/x/`, `closed`, `unknown: why`
    pub(super) fn told(&self) -> String {
        match self {
            Self::Told(what) => what.clone(),
            Self::Sent(forward) => {
                let head = String::from_utf8_lossy(&forward.head);
                let line = head.split(" HTTP/").next().unwrap();
                let asks = if forward.purpose == Purpose::Permission { "asks " } else { "" };
                format!("{asks}{} {line}", forward.to)
            }
        }
    }

    /// The fields that were sent on, as text.
    pub(super) fn head(&self) -> String {
        match self {
            Self::Told(what) => what.clone(),
            Self::Sent(forward) => String::from_utf8_lossy(&forward.head).into_owned(),
        }
    }

    /// What follows when the upstream gives this response; nothing: it hangs up.
    pub(super) fn then(self, response: &str) -> Self {
        let Self::Sent(forward) = self else { return self };
        let wire = response.replace('\n', "\r\n");
        let returned = if wire.is_empty() {
            forward.back.fail(Failure::Broken, &Disk)
        } else {
            forward.back.respond(&ResponseHead::from_wire(wire.into_bytes()).unwrap(), &Disk)
        };
        let stage = match returned.onward {
            Onward::Deliver(head) => {
                let fields = head.fields().filter(|field| !field.is("content-length"));
                let lines: Vec<String> = fields.map(|field| format!("{field:?}")).collect();
                Self::Told(format!("{} {}", head.status(), lines.join(" | ")).trim_end().to_owned())
            }
            Onward::Forward(next) => Self::Sent(*next),
            Onward::Answer(reply) => Self::Told(answer(&reply)),
            Onward::Close => Self::Told("closed".to_owned()),
        };
        stage.doubted(&returned.unknown)
    }
}

/// Status, Location, text and file.
fn answer(reply: &Reply) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let file = reply.file.as_ref().map(|file| format!("{}/{}", file.folder.trim_end_matches('/'), text(&file.below)));
    let location = reply.get("location").map(text);
    let parts = [reply.status.to_string(), location.unwrap_or_default(), text(&reply.body), file.unwrap_or_default()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// `/www` with two files and a folder of one.
struct Disk;

impl World for Disk {
    fn look(&self, folder: &str, below: &[u8]) -> Option<Found> {
        let path = format!("{}/{}", folder.trim_end_matches('/'), String::from_utf8_lossy(below));
        Some(match path.trim_end_matches('/') {
            "/www/index.html" | "/www/site.css" | "/www/sub/page.html" => Found::File,
            "/www" | "/www/sub" => Found::Folder,
            _ => Found::Nothing,
        })
    }

    fn hostname(&self) -> &'static str {
        "machine"
    }
}
