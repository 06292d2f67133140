//! Requests through whole configurations, as Traefik 3.7.15 answers them.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::*;
use crate::exchange::ResponseHead;
use crate::gateway::{Action, InMemory, Onward, Plan, Purpose, Received, Unseen};

const STATIC: &str = "entryPoints: {web: {address: ':80'}}\nproviders: {file: {filename: dyn.yml}}\n";

fn gateway(install: &str, dynamic: &str) -> Gateway {
    let files = InMemory::default().file("traefik.yml", install).file("dyn.yml", dynamic);
    read(&[PathBuf::from("traefik.yml")], &files, None).unwrap()
}

fn ask(gateway: &Gateway, head: &str) -> Plan {
    let head = format!("{}\r\n\r\n", head.replace('\n', "\r\n"));
    let (peer, local): (SocketAddr, SocketAddr) = ("192.0.2.7:50000".parse().unwrap(), "127.0.0.1:80".parse().unwrap());
    gateway.plan(&Received { head: head.as_bytes(), body: None, peer, local, tls: None }, &Unseen)
}

/// What comes of a plan in a line: the target that is sent and where to, or the status and its Location; `?` before it if
/// it is not certain.
fn show(plan: &Plan) -> String {
    let assumed = plan.steps.iter().any(|step| step.assumption().is_some());
    let doubt = match (plan.unknown.is_empty(), assumed) {
        (false, _) => "?",
        (true, true) => "assumed: ",
        (true, false) => "",
    };
    match &plan.action {
        Action::Forward(forward) => {
            let head = String::from_utf8_lossy(&forward.head);
            let target = head.split(' ').nth(1).unwrap_or_default();
            format!("{doubt}{target} to {}", forward.to)
        }
        Action::Answer(reply) => {
            let location = reply.get("location").map(|to| format!(" {}", String::from_utf8_lossy(to)));
            format!("{doubt}{}{}", reply.status, location.unwrap_or_default())
        }
        Action::Close => format!("{doubt}closed"),
    }
}

const ROUTES: &str = "http:
  routers:
    api: {rule: 'PathPrefix(`/api`)', service: app, middlewares: [strip]}
    other: {rule: 'Host(`other.test`) && PathPrefix(`/api`)', service: two, middlewares: [add]}
    old: {rule: 'PathPrefix(`/old`)', service: app, middlewares: [moved]}
    secure: {rule: 'PathPrefix(`/secure`)', service: app, middlewares: [https]}
    inside: {rule: 'PathPrefix(`/inside`)', service: app, middlewares: [friends]}
    pages: {rule: 'PathPrefix(`/pages`)', service: app, middlewares: [pages]}
    twins-a: {rule: 'Path(`/twins`)', service: app}
    twins-b: {rule: 'Path(`/twins`)', service: two}
    broken: {rule: 'Path(`/broken`)', service: app, middlewares: [nobody]}
    plugged: {rule: 'Path(`/plugged`)', service: app, middlewares: [plugged]}
    several: {rule: 'Path(`/several`)', service: several}
    none: {rule: 'Path(`/none`)', service: none}
    weighted: {rule: 'Path(`/weighted`)', service: weighted}
    spare: {rule: 'Path(`/spare`)', service: spare}
  middlewares:
    strip: {stripPrefix: {prefixes: [/api]}}
    add: {addPrefix: {prefix: /v1}}
    moved: {redirectRegex: {regex: '^http://([^/]+)/old/(.*)', replacement: 'https://$1/new/${2}', permanent: true}}
    https: {redirectScheme: {scheme: https, port: '8443'}}
    friends: {ipAllowList: {sourceRange: [198.51.100.0/24]}}
    pages: {errors: {status: ['500-599'], service: two, query: '/{status}.html'}}
    plugged: {plugin: {x: {y: z}}}
  services:
    app: {loadBalancer: {servers: [{url: 'http://app:8000'}]}}
    two: {loadBalancer: {servers: [{url: 'http://two:8000'}]}}
    several: {loadBalancer: {servers: [{url: 'http://a:1'}, {url: 'http://b:1'}]}}
    none: {loadBalancer: {servers: []}}
    weighted: {weighted: {services: [{name: app, weight: 1}, {name: two, weight: 9}, {name: several, weight: 9}]}}
    spare: {failover: {service: two, fallback: app}}
";

#[test]
fn where_requests_go() {
    let gateway = gateway(STATIC, ROUTES);
    for (line, host, expected) in [
        ("GET /api/items?x=1", "a.test", "/items?x=1 to app:8000"),
        ("GET /api", "a.test", "/ to app:8000"),
        ("GET /apix", "a.test", "/x to app:8000"),
        ("GET //api/./a%2fb", "a.test", "/a%2Fb to app:8000"),
        ("GET /api../x", "a.test", "400"),
        ("GET /api/x", "Other.TEST:80", "/v1/api/x to two:8000"),
        ("GET /old/a", "a.test", "301 https://a.test/new/a"),
        ("POST /old/a", "a.test", "308 https://a.test/new/a"),
        ("GET /old", "a.test", "/old to app:8000"),
        ("GET /secure/a?b", "a.test:80", "302 https://a.test:8443/secure/a?b"),
        ("GET /inside", "a.test", "403"),
        ("GET /nowhere", "a.test", "404"),
        ("GET /api/%zz", "a.test", "400"),
        ("GET /api#x", "a.test", "400"),
        ("GET /twins", "a.test", "?/twins to app:8000"),
        ("GET /broken", "a.test", "404"),
        ("GET /plugged", "a.test", "?/plugged to app:8000"),
        ("GET /several", "a.test", "assumed: /several to a:1"),
        ("GET /weighted", "a.test", "assumed: /weighted to two:8000"),
        ("GET /spare", "a.test", "assumed: /spare to two:8000"),
        ("GET /none", "a.test", "503"),
    ] {
        assert_eq!(show(&ask(&gateway, &format!("{line} HTTP/1.1\nHost: {host}"))), expected, "{line} {host}");
    }
}

#[test]
fn what_is_sent() {
    let plan = ask(
        &gateway(STATIC, ROUTES),
        "POST /api/x HTTP/1.1\nHost: a.test:81\nX-Forwarded-For: 1.1.1.1\nX_Real_Ip: 2\nx-a: 1\nContent-Length: 2\nConnection: x-b\nX-B: 2",
    );
    let Action::Forward(forward) = &plan.action else { panic!("{plan:?}") };
    let sent = "POST /x HTTP/1.1\nHost: a.test:81\nContent-Length: 2\nX-A: 1\nX-Forwarded-For: 192.0.2.7\n\
                X-Forwarded-Host: a.test:81\nX-Forwarded-Port: 81\nX-Forwarded-Prefix: /api\nX-Forwarded-Proto: http\n\
                X-Real-Ip: 192.0.2.7\nAccept-Encoding: gzip\n\n";
    assert_eq!(String::from_utf8_lossy(&forward.head).replace("\r\n", "\n"), sent);
    assert!(plan.steps.iter().any(|step| step.to_string() == "stripPrefix /api (dyn.yml:18)"), "{:?}", plan.steps);
    assert_eq!(plan.rule().as_deref(), Some("stripPrefix /api (dyn.yml:18)"));
}

#[test]
fn a_page_takes_the_place_of_an_answer() {
    let gateway = gateway(STATIC, ROUTES);
    let Action::Forward(forward) = ask(&gateway, "GET /pages/x HTTP/1.1\nHost: a.test").action else { panic!() };
    let failed = ResponseHead::from_wire(&b"HTTP/1.1 502 x\r\n\r\n"[..]).unwrap();
    let Onward::Forward(page) = forward.back.respond(&failed, &Unseen).onward else { panic!() };
    assert!(page.head.starts_with(b"GET /502.html HTTP/1.1\r\nHost: a.test\r\n"));
    let found = ResponseHead::from_wire(&b"HTTP/1.1 200 OK\r\nx: y\r\n\r\n"[..]).unwrap();
    let Onward::Deliver(head) = page.back.respond(&found, &Unseen).onward else { panic!() };
    assert_eq!((head.status(), head.get("x")), (502, Some(&b"y"[..])));
}

#[test]
fn an_authentication_service_is_asked_first() {
    let routes = "http:
  routers: {a: {rule: 'PathPrefix(`/`)', service: app, middlewares: [auth]}}
  middlewares: {auth: {forwardAuth: {address: 'http://auth:9000/check', authResponseHeaders: [X-User]}}}
  services: {app: {loadBalancer: {servers: [{url: 'http://app:8000'}]}}}
";
    let plan = ask(&gateway(STATIC, routes), "GET /x?y HTTP/1.1\nHost: a.test\nX-User: me");
    let Action::Forward(question) = plan.action else { panic!() };
    assert_eq!(question.purpose, Purpose::Permission);
    let asked = String::from_utf8_lossy(&question.head).into_owned();
    assert!(asked.starts_with("GET /check HTTP/1.1\r\nHost: auth:9000\r\n"), "{asked}");
    assert!(asked.contains("\r\nX-Forwarded-Uri: /x?y\r\n"), "{asked}");
    let yes = ResponseHead::from_wire(&b"HTTP/1.1 204 x\r\nx-user: you\r\n\r\n"[..]).unwrap();
    let Onward::Forward(request) = question.back.respond(&yes, &Unseen).onward else { panic!() };
    assert!(String::from_utf8_lossy(&request.head).contains("\r\nX-User: you\r\n"));
    let no = ResponseHead::from_wire(&b"HTTP/1.1 302 x\r\nlocation: /login\r\n\r\n"[..]).unwrap();
    let Onward::Deliver(head) = question.back.respond(&no, &Unseen).onward else { panic!() };
    assert_eq!((head.status(), head.get("location")), (302, Some(&b"http://auth:9000/login"[..])));
}

#[test]
fn faults_are_told() {
    let routes = "http:
  routers:
    one: {rule: 'PathPrefix(`/x`)', service: app, priority: 50, middlewares: [strip]}
    two: {rule: 'PathPrefix(`/x/y`)', service: app}
    three: {rule: 'Host(a.test)', service: app}
    four: {rule: 'Path(`/z`)', service: nobody}
  middlewares: {strip: {stripPrefix: {prefixes: [/x, /x/y/]}}}
  services: {app: {loadBalancer: {servers: [{url: 'http://app:8000'}]}}}
";
    let gateway = gateway(STATIC, routes);
    let mut codes: Vec<_> = gateway.remarks.iter().map(|remark| (remark.code.as_str(), remark.place.line)).collect();
    codes.sort_unstable();
    assert_eq!(codes, [("NG07", 5), ("NG07", 6), ("PX10", 7), ("PX10", 7), ("TF06", 4)], "{:#?}", gateway.remarks);
    let names: Vec<_> = gateway.routers.iter().map(|router| (router.name.as_str(), router.path.as_str())).collect();
    assert_eq!(names, [("one@file", "strip /x, /x/y/"), ("two@file", "keep")]);
}

/// Many routers are read once, and a request is held against those of its host alone.
#[test]
fn many_routers() {
    let mut routes =
        "http:\n  services: {app: {loadBalancer: {servers: [{url: 'http://app:8000'}]}}}\n  routers:\n".to_owned();
    for number in 0..2000 {
        let rule = format!("Host(`h{number}.test`) && PathPrefix(`/a`)");
        writeln!(routes, "    r{number}: {{rule: '{rule}', service: app}}").unwrap();
    }
    let gateway = gateway(STATIC, &routes);
    let plan = ask(&gateway, "GET /a/b HTTP/1.1\nHost: h1234.test");
    assert_eq!(gateway.router(&plan).map(|router| router.name.as_str()), Some("r1234@file"));
}
