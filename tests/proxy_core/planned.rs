//! A stand-in with a scripted model: what the data path makes of plans, whoever made them.

use std::fmt;
use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::net::UnixListener;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use hopscope::exchange::{Answered, Ending, ResponseHead};
use hopscope::gateway::{
    Action, Back, Destination, Failure, Forward, Found, Gateway, Mapping, Model, Names, NotUnderstood, Onward, Place,
    Plan, Proxy, Purpose, Received, Reply, Returned, Upstream, World,
};
use hopscope::proxy::StandIn;

use crate::stage::{Peer, Stage, answering, serve};

/// A model that is a function.
pub(crate) struct Scripted<F>(pub(crate) F);

impl<F> fmt::Debug for Scripted<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripted")
    }
}

impl<F: Fn(&Received<'_>, &dyn World) -> Action + Send + Sync> Model for Scripted<F> {
    fn plan(&self, request: &Received<'_>, world: &dyn World) -> Plan {
        let action = (self.0)(request, world);
        Plan { router: None, steps: Vec::new(), action, unknown: Vec::new() }
    }
}

impl<F: Fn(&ResponseHead) -> Onward + Send + Sync> Back for Scripted<F> {
    fn respond(&self, response: &ResponseHead, _: &dyn World) -> Returned {
        Returned { steps: Vec::new(), onward: (self.0)(response), unknown: Vec::new() }
    }
}

pub(crate) fn gateway(
    proxy: Proxy,
    plan: impl Fn(&Received<'_>, &dyn World) -> Action + Send + Sync + 'static,
) -> Gateway {
    Gateway::new(proxy, None, Arc::new(Scripted(plan)))
}

fn stage(proxy: Proxy, plan: impl Fn(&Received<'_>, &dyn World) -> Action + Send + Sync + 'static) -> Stage {
    Stage::standing_in(StandIn::new(gateway(proxy, plan)))
}

fn to(address: SocketAddr) -> Destination {
    Destination::Http(Upstream { host: address.ip().to_string(), port: address.port() })
}

/// Sends this head on; what comes back becomes what `back` says.
fn sent(
    address: SocketAddr,
    head: &str,
    purpose: Purpose,
    back: impl Fn(&ResponseHead) -> Onward + Send + Sync + 'static,
) -> Forward {
    Forward { purpose, to: to(address), head: head.as_bytes().to_vec(), back: Arc::new(Scripted(back)) }
}

pub(crate) fn as_it_comes(head: &ResponseHead) -> Onward {
    Onward::Deliver(head.clone())
}

/// A head with this field in the place of the one of its name, and another less.
fn edited(head: &ResponseHead, from: &str, to: &str) -> ResponseHead {
    let text = String::from_utf8(head.as_bytes().to_vec()).unwrap();
    assert!(text.contains(from), "{text}");
    ResponseHead::from_wire(text.replace(from, to).into_bytes()).unwrap()
}

#[test]
fn what_the_proxy_answers_by_itself() {
    let stage = stage(Proxy::Nginx, |request, _| {
        if request.head.starts_with(b"POST") {
            return Action::Answer(Reply::status(301).field("Location", "http://h/api/"));
        }
        Action::Answer(Reply { body: b"hello".to_vec(), ..Reply::status(200).field("X-Own", "1") })
    });
    let mut client = stage.client();
    client.send("POST /api HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: h\r\n\r\n");
    let moved = client.head().unwrap();
    assert!(moved.starts_with("HTTP/1.1 301 Moved Permanently\r\n"), "{moved}");
    assert!(moved.contains("Location: http://h/api/\r\n") && moved.contains("Content-Length: 0\r\n"), "{moved}");
    let hello = client.head().unwrap();
    assert!(hello.contains("X-Own: 1\r\n") && hello.contains("\r\nDate: "), "{hello}");
    assert_eq!(client.exactly(5).unwrap(), "hello");
    client.send("HEAD / HTTP/1.0\r\n\r\n");
    let (head, in_order) = client.rest();
    assert!(head.contains("Content-Length: 5\r\nConnection: close\r\n\r\n") && in_order, "{head}");
    let record = stage.end();
    assert_eq!(record.all().len(), 3);
    for observed in record.all() {
        let edge = observed.edge.as_deref().unwrap();
        assert_eq!((edge.answered, &edge.ending), (Answered::Hopscope, &Ending::Complete));
        assert!(observed.app.is_none(), "nothing was sent on");
    }
}

#[test]
fn what_is_not_known_is_said_and_not_done() {
    #[derive(Debug)]
    struct Unsure;
    impl Model for Unsure {
        fn plan(&self, _: &Received<'_>, _: &dyn World) -> Plan {
            let place = Place::new(std::path::Path::new("nginx.conf"), 12);
            let unknown = vec![NotUnderstood::at(&place, "perl_set: what Perl says is not modelled")];
            Plan { router: None, steps: Vec::new(), action: Action::Answer(Reply::status(200)), unknown }
        }
    }
    let stage = Stage::standing_in(StandIn::new(Gateway::new(Proxy::Nginx, None, Arc::new(Unsure))));
    let mut client = stage.client();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    let (answer, _) = client.rest();
    assert!(answer.starts_with("HTTP/1.1 501"), "{answer}");
    assert!(answer.contains("does not know what nginx would do here: nginx.conf:12: perl_set"), "{answer}");
    assert!(matches!(&stage.end().only().ending, Ending::Refused(why) if why.contains("nginx.conf:12")));
}

#[test]
fn it_may_hang_up_without_a_byte() {
    let stage = stage(Proxy::Nginx, |_, _| Action::Close);
    let mut client = stage.client();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(client.rest(), (String::new(), true));
    assert!(matches!(&stage.end().only().ending, Ending::Refused(why) if why.contains("nginx closes")));
}

/// A blank in the target is refused by the data path itself; the proxy's own answer is given, where it has one.
#[test]
fn what_is_refused_is_refused_as_the_proxy_does() {
    let stage = stage(Proxy::Caddy, |request, _| match request.head {
        head if head.windows(4).any(|word| word == b"/a b") => Action::Answer(Reply::status(414)),
        _ => Action::Close,
    });
    let ask = |request: &str| {
        let mut client = stage.client();
        client.send(request);
        client.rest().0
    };
    assert!(ask("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("HTTP/1.1 414"));
    assert_eq!(ask("GET /c d HTTP/1.1\r\nHost: h\r\n\r\n"), "");
}

#[test]
fn permission_is_asked_for_before_the_body_goes_on() {
    let auth = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-User: me\r\n\r\nok");
    let app = serve(|_, mut peer| {
        let head = peer.head().unwrap();
        let body = peer.exactly(5).unwrap();
        assert!(head.starts_with("POST /app HTTP/1.1\r\n"), "{head}");
        peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
    });
    let stage = stage(Proxy::Nginx, move |_, _| {
        let head = "GET /auth HTTP/1.1\r\nHost: auth\r\n\r\n";
        Action::Forward(sent(auth, head, Purpose::Permission, move |response| {
            assert_eq!(response.get("x-user"), Some(&b"me"[..]));
            let head = "POST /app HTTP/1.1\r\nHost: app\r\nContent-Length: 5\r\n\r\n";
            Onward::Forward(Box::new(sent(app, head, Purpose::Request, as_it_comes)))
        }))
    });
    let mut client = stage.client();
    client.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(client.head().as_deref(), Some("HTTP/1.1 100 Continue\r\n\r\n"));
    client.send("hello");
    assert!(client.head().unwrap().starts_with("HTTP/1.1 200"));
    assert_eq!(client.exactly(5).as_deref(), Some("hello"));
    let record = stage.end();
    let app_half = record.all()[0].app.as_deref().unwrap();
    assert_eq!(app_half.request.target(), b"/app");
    assert_eq!(app_half.upstream.unwrap().0, app, "and not the one that was asked before");
}

#[test]
fn what_is_not_permitted_is_not_sent() {
    let auth = answering(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nno");
    let stage = stage(Proxy::Traefik, move |_, _| {
        Action::Forward(sent(auth, "GET /auth HTTP/1.1\r\nHost: auth\r\n\r\n", Purpose::Permission, as_it_comes))
    });
    let mut client = stage.client();
    client.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    assert!(client.head().unwrap().starts_with("HTTP/1.1 403"));
    assert_eq!(client.exactly(2).as_deref(), Some("no"));
    assert!(stage.end().all()[0].app.is_none());
}

/// nginx talks HTTP/1.0 to its upstream, whose answer ends with the connection; its client stays connected.
#[test]
fn a_body_that_ends_with_the_connection_is_chunked() {
    let app = serve(|_, mut peer| {
        let head = peer.head().unwrap();
        assert!(head.ends_with("Connection: close\r\n\r\n"), "{head}");
        peer.send("HTTP/1.0 200 OK\r\nLocation: http://up/x\r\n\r\nhello");
    });
    let stage = stage(Proxy::Nginx, move |_, _| {
        let head = "GET / HTTP/1.0\r\nHost: up\r\nConnection: close\r\n\r\n";
        Action::Forward(sent(app, head, Purpose::Request, |head| {
            Onward::Deliver(edited(head, "Location: http://up/x", "Location: http://h/api/x"))
        }))
    });
    let mut client = stage.client();
    for _ in 0..2 {
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        let head = client.head().unwrap();
        assert_eq!(head, "HTTP/1.1 200 OK\r\nLocation: http://h/api/x\r\nTransfer-Encoding: chunked\r\n\r\n");
        assert_eq!(client.until(b"0\r\n\r\n").as_deref(), Some("5\r\nhello\r\n0\r\n\r\n"));
    }
    client.send("GET / HTTP/1.0\r\n\r\n");
    let (answer, _) = client.rest();
    assert!(answer.ends_with("Connection: close\r\n\r\nhello"), "{answer}");
    let record = stage.end();
    let observed = &record.all()[0];
    let location = |half: &hopscope::exchange::Half| half.response.as_ref().unwrap().get("location").unwrap().to_vec();
    assert_eq!(location(observed.edge.as_deref().unwrap()), b"http://h/api/x");
    assert_eq!(location(observed.app.as_deref().unwrap()), b"http://up/x");
}

#[test]
fn a_chunked_body_gets_a_length_where_the_proxy_gives_it_one() {
    let app = serve(|_, mut peer| {
        assert!(peer.head().unwrap().contains("Content-Length: 5\r\n"));
        assert_eq!(peer.exactly(5).as_deref(), Some("hello"));
        peer.send("HTTP/1.1 204 No Content\r\n\r\n");
    });
    let stage = stage(Proxy::Nginx, move |request, _| {
        assert_eq!(request.body, Some(&b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"[..]));
        let head = "POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\n";
        Action::Forward(sent(app, head, Purpose::Request, as_it_comes))
    });
    let mut client = stage.client();
    client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n");
    client.send("3\r\nllo\r\n0\r\n\r\n");
    assert!(client.head().unwrap().starts_with("HTTP/1.1 204"));
    assert_eq!(stage.end().only().request_body.total, 5);
}

/// Go's transport asks for gzip where the client asked for nothing, and unpacks.
#[test]
fn what_the_proxy_asked_to_be_packed_is_unpacked() {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(b"hello hello").unwrap();
    let packed = packer.finish().unwrap();
    let app = serve(move |_, mut peer| {
        while peer.head().is_some() {
            let length = packed.len();
            peer.send(format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n"));
            peer.send(&packed);
        }
    });
    let stage = stage(Proxy::Caddy, move |_, _| {
        let head = "GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n";
        Action::Forward(sent(app, head, Purpose::Request, |head| {
            Onward::Deliver(edited(head, "Content-Encoding: gzip\r\n", ""))
        }))
    });
    let mut client = stage.client();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(client.head().as_deref(), Some("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
    let body = client.until(b"0\r\n\r\n").unwrap();
    assert_eq!(body, "b\r\nhello hello\r\n0\r\n\r\n");
    // Nothing to unpack, and nothing to count either.
    client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
}

#[test]
fn a_unix_socket_stands_for_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    let socket = UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        for mut stream in socket.incoming().map_while(Result::ok) {
            use std::io::Read as _;
            let mut piece = [0; 4096];
            while stream.read(&mut piece).is_ok_and(|count| count > 0) {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
            }
        }
    });
    let app = |_: &Received<'_>, _: &dyn World| {
        let to = Destination::Http(Upstream { host: "app".to_owned(), port: 8000 });
        let head = b"GET / HTTP/1.1\r\nHost: app\r\n\r\n".to_vec();
        Action::Forward(Forward { purpose: Purpose::Request, to, head, back: Arc::new(Scripted(as_it_comes)) })
    };
    let names = Names::new(vec![Mapping::parse(&format!("app=unix:{}", path.display())).unwrap()]);
    let stand_in = StandIn::new(gateway(Proxy::Traefik, app)).at(Arc::new(hopscope::gateway::Unseen), names);
    let stage = Stage::standing_in(stand_in);
    let mut client = stage.client();
    for _ in 0..2 {
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        assert!(client.head().unwrap().starts_with("HTTP/1.1 200"));
        assert_eq!(client.exactly(2).as_deref(), Some("ok"));
    }
}

#[test]
fn a_file_that_the_model_answers_with_is_served() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.css"), "a {}").unwrap();
    fs::write(folder.path().join("404.html"), "gone").unwrap();
    let root = folder.path().display().to_string();
    let plan = move |request: &Received<'_>, world: &dyn World| {
        let wanted: &[u8] = if request.head.starts_with(b"GET /app.css") { b"app.css" } else { b"none" };
        let found = world.look(&root, wanted) == Some(Found::File);
        let (status, file) = if found { (200, wanted) } else { (404, &b"404.html"[..]) };
        Action::Answer(Reply::file(status, root.clone(), file.to_vec()))
    };
    let stand_in = StandIn::new(gateway(Proxy::Nginx, plan)).at(Arc::new(Here), Names::default());
    let stage = Stage::standing_in(stand_in);
    let mut client = stage.client();
    client.send("GET /app.css HTTP/1.1\r\nHost: h\r\n\r\n");
    let head = client.head().unwrap();
    assert!(head.contains("Content-Type: text/css\r\nContent-Length: 4\r\n"), "{head}");
    assert_eq!(client.exactly(4).as_deref(), Some("a {}"));
    client.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    let head = client.head().unwrap();
    assert!(head.starts_with("HTTP/1.1 404 ") && head.contains("Content-Type: text/html\r\n"), "{head}");
    assert_eq!(client.exactly(4).as_deref(), Some("gone"));
}

/// This machine, as far as it is asked for here.
struct Here;

impl World for Here {
    fn look(&self, folder: &str, below: &[u8]) -> Option<Found> {
        let below = std::str::from_utf8(below).ok()?;
        let is_file = std::path::Path::new(folder).join(below).is_file();
        Some(if is_file { Found::File } else { Found::Nothing })
    }

    fn hostname(&self) -> &'static str {
        "here"
    }
}

#[test]
fn a_tunnel_opens_where_the_proxy_asks_for_one() {
    let app = serve(|_, mut peer: Peer| {
        peer.head();
        peer.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\nhi");
        peer.rest();
    });
    for (asks, status) in [(true, "101"), (false, "502")] {
        let stage = stage(Proxy::Nginx, move |_, _| {
            let fields = if asks { "Upgrade: websocket\r\nConnection: upgrade\r\n" } else { "Connection: close\r\n" };
            Action::Forward(sent(app, &format!("GET /ws HTTP/1.1\r\n{fields}\r\n"), Purpose::Request, as_it_comes))
        });
        let mut client = stage.client();
        client.send("GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
        let head = client.head().unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{asks}: {head}");
        if asks {
            assert_eq!(client.exactly(2).as_deref(), Some("hi"));
        }
    }
}

/// A back that says what becomes of a request without a response.
#[derive(Debug)]
struct Failing(SocketAddr);

impl Back for Failing {
    fn respond(&self, response: &ResponseHead, _: &dyn World) -> Returned {
        Returned { steps: Vec::new(), onward: as_it_comes(response), unknown: Vec::new() }
    }

    fn fail(&self, _: Failure, _: &dyn World) -> Returned {
        let spare = sent(self.0, "GET /sorry HTTP/1.1\r\nHost: s\r\n\r\n", Purpose::Request, as_it_comes);
        Returned { steps: Vec::new(), onward: Onward::Forward(Box::new(spare)), unknown: Vec::new() }
    }
}

#[test]
fn what_fails_may_be_asked_for_elsewhere() {
    let spare = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nspare");
    let hangs_up = serve(|_, mut peer| {
        peer.head();
    });
    let closed = SocketAddr::from(([127, 0, 0, 1], 1));
    for upstream in [hangs_up, closed] {
        let stage = stage(Proxy::Nginx, move |request, _| {
            let plain = request.head.starts_with(b"GET /plain");
            let back: Arc<dyn Back> = if plain { Arc::new(Scripted(as_it_comes)) } else { Arc::new(Failing(spare)) };
            let head = request.head.to_vec();
            Action::Forward(Forward { purpose: Purpose::Request, to: to(upstream), head, back })
        });
        let mut client = stage.client();
        client.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
        assert!(client.head().unwrap().starts_with("HTTP/1.1 200"), "{upstream}");
        assert_eq!(client.exactly(5).as_deref(), Some("spare"));
        client.send("GET /plain HTTP/1.1\r\nHost: h\r\n\r\n");
        let (answer, _) = client.rest();
        assert!(answer.starts_with("HTTP/1.1 502"), "{answer}");
        assert!(matches!(
            stage.end().all()[1].edge.as_ref().unwrap().ending,
            Ending::UpstreamGone(..) | Ending::NoUpstream(_)
        ));
    }
}

#[test]
fn an_answer_may_take_the_place_of_the_upstreams() {
    let app = answering(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    let spare = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nspare");
    let stage = stage(Proxy::Nginx, move |request, _| {
        let own = request.head.starts_with(b"GET /own");
        Action::Forward(sent(app, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", Purpose::Request, move |_| {
            if own {
                return Onward::Answer(Reply { body: b"sorry".to_vec(), ..Reply::status(503) });
            }
            let head = "GET /s HTTP/1.1\r\nHost: s\r\n\r\n";
            Onward::Forward(Box::new(sent(spare, head, Purpose::Request, as_it_comes)))
        }))
    });
    let mut client = stage.client();
    for (path, status, body) in [("/own", "503", "sorry"), ("/other", "200", "spare"), ("/own", "503", "sorry")] {
        client.send(format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n"));
        assert!(client.head().unwrap().starts_with(&format!("HTTP/1.1 {status}")), "{path}");
        assert_eq!(client.exactly(5).as_deref(), Some(body));
    }
    let record = stage.end();
    let (edge, app) = (record.all()[0].edge.as_deref().unwrap(), record.all()[0].app.as_deref().unwrap());
    assert_eq!((edge.status(), edge.answered), (Some(503), Answered::Hopscope));
    assert_eq!((app.status(), app.answered), (Some(502), Answered::Upstream));
}
