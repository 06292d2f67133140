//! The stand-in's plans: which route, which target, which fields.

use super::*;
use crate::gateway::{Action, Unseen};

const ROUTES: [&str; 5] = [
    "/=http://root:1",
    "/api/v1=http://strip:1,strip",
    "/api=http://keep:1",
    "/told=http://told:1,strip,forward-prefix",
    "/add=http://add:1,add=/base",
];

fn gateway(scheme: Option<&str>) -> Gateway {
    Gateway::of_routes(ROUTES.iter().map(|text| parse_route(text).unwrap()).collect(), scheme.map(str::to_owned))
}

fn head(text: &str) -> RequestHead {
    RequestHead::from_wire(format!("{text}\n\n").replace('\n', "\r\n").into_bytes()).unwrap()
}

fn plan(gateway: &Gateway, request: &str) -> Option<(String, RequestHead)> {
    let peer = SocketAddr::from(([203, 0, 113, 7], 50_000));
    let local = SocketAddr::from(([127, 0, 0, 1], 9999));
    let head = head(request);
    let received = Received { head: head.as_bytes(), body: None, peer, local, tls: None };
    match gateway.plan(&received, &Unseen).action {
        Action::Forward(Forward { to: Destination::Http(to), head, .. }) => {
            Some((to.host, RequestHead::from_wire(head).unwrap()))
        }
        Action::Answer(reply) => {
            assert_eq!(reply.status, 404);
            None
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_longest_prefix_takes_it_and_the_raw_bytes_stay() {
    let gateway = gateway(None);
    for (target, upstream, sent) in [
        ("/api/v1/items?q=%2F?x", "strip", "/items?q=%2F?x"),
        ("/api/v1", "strip", "/"),
        ("/api/v1?q", "strip", "/?q"),
        ("/api/v1/", "strip", "/"),
        ("/api/v1//a%2Fb/../c", "strip", "//a%2Fb/../c"),
        ("/api/v10/items", "keep", "/api/v10/items"),
        ("/api", "keep", "/api"),
        ("/apis", "root", "/apis"),
        ("//api/v1/x", "root", "//api/v1/x"),
        ("/add/x?y", "add", "/base/add/x?y"),
        ("http://h/api/v1/x?y", "strip", "/x?y"),
        ("http://h/api/x?y", "keep", "/api/x?y"),
        ("http://h", "root", "/"),
        ("http://h?y", "root", "/?y"),
        ("*", "root", "*"),
    ] {
        let (to, head) = plan(&gateway, &format!("GET {target} HTTP/1.1\nHost: h")).unwrap();
        assert_eq!((to.as_str(), head.target().escape_ascii().to_string().as_str()), (upstream, sent), "{target}");
    }
}

#[test]
fn what_no_route_takes() {
    let gateway = Gateway::of_routes(vec![parse_route("/api=http://app:1").unwrap()], None);
    for target in ["/", "/apix", "*", "h:443", "http://h", "api"] {
        assert_eq!(plan(&gateway, &format!("GET {target} HTTP/1.1\nHost: h")), None, "{target}");
    }
}

#[test]
fn the_forwarding_fields_are_its_own() {
    for (scheme, request, sent) in [
        (
            None,
            "GET /told/x HTTP/1.1\nHost: x.com:9999\nx-forwarded-for: 6.6.6.6\nX-Forwarded-Prefix: /spoof\nForwarded: for=6\nAccept: */*",
            "GET /x HTTP/1.1\nHost: x.com:9999\nAccept: */*\nX-Forwarded-For: 203.0.113.7\nX-Forwarded-Proto: http\nX-Forwarded-Host: x.com:9999\nX-Forwarded-Port: 9999\nX-Forwarded-Prefix: /told",
        ),
        (
            Some("https"),
            "GET /api/v1/x HTTP/1.1\nHost: x.com\nX-Forwarded-Prefix: /spoof\nX-Real-Ip: 6.6.6.6\nX-Forwarded-Proto: ftp",
            "GET /x HTTP/1.1\nHost: x.com\nX-Forwarded-For: 203.0.113.7\nX-Forwarded-Proto: https\nX-Forwarded-Host: x.com\nX-Forwarded-Port: 443",
        ),
        // Without a Host the port is the listener's.
        (
            None,
            "GET / HTTP/1.0\nConnection: keep-alive",
            "GET / HTTP/1.0\nX-Forwarded-For: 203.0.113.7\nX-Forwarded-Proto: http\nX-Forwarded-Port: 9999",
        ),
        // The host of an absolute target wins.
        (
            None,
            "GET http://y.com/a HTTP/1.1\nHost: x.com\nA: 1",
            "GET /a HTTP/1.1\nA: 1\nHost: y.com\nX-Forwarded-For: 203.0.113.7\nX-Forwarded-Proto: http\nX-Forwarded-Host: y.com\nX-Forwarded-Port: 80",
        ),
    ] {
        let (_, head) = plan(&gateway(scheme), request).unwrap();
        let text = String::from_utf8(head.as_bytes().to_vec()).unwrap().replace("\r\n", "\n");
        assert_eq!(text.trim_end(), sent, "{request}");
    }
}
