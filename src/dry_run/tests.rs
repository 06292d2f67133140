//! Dry runs through a proxy that is made up: what matters here is what becomes of its plans.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::asgi::framework::{App, Routes};
use crate::asgi::server::Server;
use crate::gateway::{
    Action, Back, Forward, Gateway, Listen, Model, NotUnderstood, Onward, Place, Plan, Purpose, Returned, Router, Step,
    StepKind, Unseen,
};
use crate::lanes::{Rewrite, Setup};

/// A proxy that takes `/api` off, moves `/old`, does not know `/odd`, asks first for `/asked`, hangs up on `/gone`.
#[derive(Debug)]
struct Made;

fn at(line: u32) -> Place {
    Place::new(Path::new("made.conf"), line)
}

impl Model for Made {
    fn plan(&self, request: &Received<'_>, _: &dyn World) -> Plan {
        let head = RequestHead::from_wire(request.head).unwrap();
        let path = String::from_utf8(head.target().to_vec()).unwrap();
        let plan = |router, steps, action| Plan { router, steps, action, unknown: Vec::new() };
        let taken = Step::at(StepKind::Router, "location /", &at(3));
        let scheme = if request.tls.is_some() { "https" } else { "http" };
        let forward = |path: &str, purpose, back: Arc<dyn Back>| {
            let head = format!("GET {path} HTTP/1.1\r\nHost: app\r\nX-Forwarded-Proto: {scheme}\r\n\r\n");
            let to = Destination::Http(Upstream { host: "app".to_owned(), port: 8000 });
            Action::Forward(Forward { purpose, to, head: head.into_bytes(), back })
        };
        match path.as_str() {
            "/old" => {
                let moved = Step::at(StepKind::Answer, "return 301 /new", &at(4));
                let reply = Reply::status(301).field("Location", "/new");
                plan(Some(0), vec![taken, moved], Action::Answer(reply))
            }
            "/odd" => {
                let unknown = vec![NotUnderstood::at(&at(9), "odd on;")];
                Plan { unknown, ..plan(Some(0), vec![taken], Action::Answer(Reply::status(200))) }
            }
            "/gone" => plan(Some(0), Vec::new(), Action::Close),
            "/asked" => {
                let forward = forward("/auth", Purpose::Permission, Arc::new(Permit));
                plan(Some(0), vec![taken], forward)
            }
            path if path.starts_with("/api/") => {
                let rest = path.strip_prefix("/api").unwrap();
                let strip = Step::at(StepKind::Path, "strip /api", &at(5)).path(rest);
                let host = Step::at(StepKind::Field("X-Forwarded-Proto".to_owned()), "set X-Forwarded-Proto", &at(6));
                plan(Some(0), vec![taken, strip, host], forward(rest, Purpose::Request, Arc::new(PutBack)))
            }
            _ => plan(None, Vec::new(), Action::Answer(Reply::status(404))),
        }
    }
}

/// Puts `/api` before the path of a Location.
#[derive(Debug)]
struct PutBack;

impl Back for PutBack {
    fn respond(&self, response: &ResponseHead, _: &dyn World) -> Returned {
        let text = String::from_utf8(response.as_bytes().to_vec()).unwrap().replace("http://app/", "https://h/api/");
        let onward = Onward::Deliver(ResponseHead::from_wire(text.into_bytes()).unwrap());
        Returned { steps: vec![Step::at(StepKind::Response, "rewrites Location", &at(7))], onward, unknown: Vec::new() }
    }
}

/// Lets pass what was asked for.
#[derive(Debug)]
struct Permit;

impl Back for Permit {
    fn respond(&self, _: &ResponseHead, _: &dyn World) -> Returned {
        let onward = Onward::Answer(Reply::status(204));
        Returned { steps: Vec::new(), onward, unknown: Vec::new() }
    }
}

fn made() -> Gateway {
    let listen = |port, tls| Listen { address: String::new(), port, tls, place: Some(at(1)) };
    let router = Router {
        name: "location /".to_owned(),
        rule: "location /".to_owned(),
        place: Some(at(3)),
        priority: None,
        prefix: Some("/api".to_owned()),
        path: "strip /api".to_owned(),
        upstreams: Vec::new(),
    };
    let listeners = vec![listen(80, false), listen(443, true)];
    let mut gateway = Gateway::new(Proxy::Nginx, None, Arc::new(Made));
    gateway.listeners = listeners;
    gateway.routers = vec![router];
    gateway
}

fn setup() -> Setup {
    let routes = Routes::new(vec!["/items/".to_owned()], Vec::new());
    let app = App { routes: Some(routes), ..App::default() };
    Setup { gateway: Some(made()), app, ..Setup::new(Server::uvicorn()) }
}

fn asked(url: &str) -> Asked {
    request::from_url(url, "GET", &[], false).unwrap()
}

fn tried(url: &str) -> DryRun {
    let asked = asked(url);
    let entrance = Entrance::of(Some(&made()), &asked).unwrap();
    run(&Start { asked: &asked, entrance: &entrance, client: LOOPBACK, peer: LOOPBACK }, &mut setup(), &Unseen)
}

#[test]
fn a_request_goes_to_the_app_and_its_answer_comes_back_as_the_proxy_passes_it_on() {
    let run = tried("https://h/api/items");
    let (lanes, way) = (&run.lanes, run.way.unwrap());
    assert_eq!(lanes.rewritten.rewrite, Rewrite::Stripped("/api".to_owned()));
    assert_eq!(lanes.rewritten.rule.as_deref(), Some("strip /api (made.conf:5)"));
    let proto = lanes.forwarded.fields.iter().find(|field| field.name == "X-Forwarded-Proto").unwrap();
    assert_eq!((proto.value.as_deref(), proto.by.as_deref()), (Some(&b"https"[..]), Some("nginx, made.conf:6")));
    let location = |location: &Option<Vec<u8>>| String::from_utf8(location.clone().unwrap()).unwrap();
    assert_eq!(lanes.answer.status, Some(307));
    // uvicorn believes the scheme of 127.0.0.1.
    assert_eq!(location(&lanes.answer.location_at_app), "https://app/items/");
    assert_eq!(location(&lanes.answer.location), "https://app/items/");
    assert_eq!(location(&tried("http://h/api/items").lanes.answer.location), "https://h/api/items/");
    assert_eq!(way.back.len(), 1);
}

#[test]
fn an_answer_of_the_proxy_is_its_own() {
    let run = tried("http://h/old");
    assert_eq!(run.lanes.answer.status, Some(301));
    assert_eq!(run.lanes.answer.location.as_deref(), Some(&b"/new"[..]));
    assert_eq!(run.lanes.answer.by, Author::Proxy("nginx"));
    assert_eq!(run.lanes.rewritten.rewrite, Rewrite::NeverReached);
    assert_eq!(run.lanes.rewritten.rule.as_deref(), Some("return 301 /new (made.conf:4)"));
    assert!(run.findings.is_empty(), "{:?}", run.findings);
    let lost = tried("http://h/else");
    assert_eq!(lost.findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["NG07"]);
    assert_eq!(tried("http://h/asked").lanes.answer.status, Some(204));
    let gone = tried("http://h/gone");
    assert!(gone.lanes.answer.status.is_none() && gone.exchange.is_finished());
}

#[test]
fn nothing_is_said_behind_what_is_not_understood() {
    let run = tried("http://h/odd");
    let way = run.way.unwrap();
    assert_eq!(way.unknown.iter().map(ToString::to_string).collect::<Vec<_>>(), ["made.conf:9: odd on;"]);
    assert_eq!((run.lanes.answer.status, &run.lanes.rewritten.rewrite), (None, &Rewrite::Unknown));
    assert!(run.findings.is_empty() && run.lanes.rewritten.rule.is_none());
}

#[test]
fn a_url_leads_to_a_listener() {
    let entrance = |gateway: &Gateway, url: &str| Entrance::of(Some(gateway), &asked(url));
    let gateway = made();
    let https = entrance(&gateway, "https://h/").unwrap();
    assert_eq!((https.local.port(), https.tls, https.assumed), (443, Some(Some("h".to_owned())), None));
    assert_eq!(entrance(&gateway, "https://127.0.0.1/").unwrap().tls, Some(None), "an address is no name");
    let mapped = entrance(&gateway, "http://h:8080/").unwrap();
    assert_eq!(mapped.local.port(), 80);
    assert!(mapped.assumed.unwrap().contains("nothing listens on port 8080: taken for port 80"));

    let mut plain = gateway.clone();
    plain.listeners.truncate(1);
    let error = entrance(&plain, "https://h/").unwrap_err();
    assert!(error.contains("nginx takes no https on port 443: it listens on 80, made.conf:1"), "{error}");
    let head = Asked { origin: None, ..asked("http://h/") };
    assert_eq!(Entrance::of(Some(&plain), &head).unwrap().local.port(), 80);
    assert_eq!(Entrance::of(None, &head).unwrap().local, STAND_IN);
}
