//! Whole plans from small configurations, and any bytes at all.

use std::path::PathBuf;

use proptest::prelude::*;

use crate::gateway::trial::{location, plan};
use crate::gateway::{Action, Gateway, InMemory, Plan};

fn read(config: &str) -> Gateway {
    let files = InMemory::default().file("haproxy.cfg", config);
    super::read(&[PathBuf::from("haproxy.cfg")], &files, None).unwrap()
}

/// The request as sent on, or the status and Location of the answer.
fn outcome(plan: &Plan) -> String {
    match &plan.action {
        Action::Forward(forward) => {
            format!("{} {}", forward.to, String::from_utf8_lossy(&forward.head).replace("\r\n", "|"))
        }
        Action::Answer(reply) => {
            format!("{} {}", reply.status, String::from_utf8_lossy(reply.get("location").unwrap_or_default()))
        }
        Action::Close => "closed".to_owned(),
    }
}

const CONFIG: &str = r#"
defaults
    mode http
frontend web
    bind :80
    acl api path_beg /api/
    acl www hdr(host) -i www.example.com
    http-request deny if { path_sub secret }
    http-request redirect prefix https://example.com code 301 if www
    http-request set-header X-P "%[path,upper]"
    use_backend %[path,field(2,/)] if api
    default_backend rest
backend api
    option forwardfor
    http-request replace-path /api/(.*) /\1
    http-response replace-header Location ^/(.*) /api/\1
    server a 10.0.0.1:8000
backend rest
    http-request lua.what
    server a 10.0.0.2
"#;

#[test]
fn a_request_goes_through_its_rules() {
    let gateway = read(CONFIG);
    for (target, host, expected) in [
        ("/api/x?y", "a", "10.0.0.1:8000 GET /x?y HTTP/1.1|host: a|x-p: /API/X|x-forwarded-for: 192.0.2.7||"),
        ("/api/secret", "a", "403 "),
        ("/x?y", "WWW.example.com", "301 https://example.com/x?y"),
    ] {
        let plan = plan(&gateway, format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
        assert_eq!((outcome(&plan).as_str(), plan.unknown.len()), (expected, 0), "{target}");
        assert!(plan.steps.iter().skip(1).all(|step| step.place.is_some()), "{:?}", plan.steps);
    }
}

#[test]
fn connect_names_host_and_port() {
    let gateway = read("defaults\n mode http\nlisten web\n bind :80\n server a 10.0.0.1:80\n");
    for (head, expected) in [
        ("CONNECT /x HTTP/1.1|Host: a", "400 "),
        ("CONNECT a HTTP/1.1|Host: a", "400 "),
        ("CONNECT a:81 HTTP/1.1|Host: a", "400 "),
        ("CONNECT a:443 HTTP/1.1|Host: a:443", "10.0.0.1:80 CONNECT a:443 HTTP/1.1|host: a||"),
        ("CONNECT a:81 HTTP/1.1|Host: A:81", "10.0.0.1:80 CONNECT a:81 HTTP/1.1|host: A:81||"),
        ("PUT / HTTP/1.0|Transfer-Encoding: chunked", "10.0.0.1:80 PUT / HTTP/1.0|transfer-encoding: chunked||"),
    ] {
        let plan = plan(&gateway, format!("{head}||").replace('|', "\r\n").as_bytes());
        assert_eq!(outcome(&plan), expected, "{head}");
    }
}

#[test]
fn an_answer_by_its_status_alone_is_no_page() {
    let gateway = read(
        "defaults\n mode http\nlisten web\n bind :80\n errorloc 410 /gone\n http-request deny status 410 if { path /a }
 http-request deny deny_status 410 if { path /b } OR { path /c }\n http-request set-path /z
 http-request redirect location /to%[capture.req.uri]\n",
    );
    for (target, expected) in [("/a", "410 "), ("/b", "302 /gone"), ("/c", "302 /gone"), ("/d?e", "302 /to/d?e")] {
        let plan = plan(&gateway, format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
        assert_eq!((outcome(&plan).as_str(), plan.unknown.len()), (expected, 0), "{target} {:?}", plan.unknown);
    }
}

#[test]
fn what_is_not_understood_is_listed_and_makes_unknown_only_what_rests_on_it() {
    let gateway = read(CONFIG);
    let lines: Vec<_> = gateway.not_understood.iter().map(|what| what.place.as_ref().unwrap().line).collect();
    assert_eq!(lines, [19]);
    assert_eq!(plan(&gateway, b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n").unknown.len(), 1);
}

#[test]
fn a_response_gets_its_rules_on_the_way_back() {
    let plan = plan(&read(CONFIG), b"GET /api/x HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(location(&plan, "/x/"), "/api/x/");
}

#[test]
fn the_example_is_understood() {
    let gateway = read(include_str!("../../../assets/examples/haproxy/haproxy.cfg"));
    assert_eq!((gateway.not_understood.len(), gateway.remarks.len()), (0, 0), "{:?}", gateway.not_understood);
    let plan = plan(&gateway, b"GET /api/v1/items HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(outcome(&plan).starts_with("127.0.0.1:8000 GET /items HTTP/1.1|"), "{}", outcome(&plan));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_configuration_and_no_head_is_too_odd(config in ".{0,200}", head in proptest::collection::vec(any::<u8>(), 0..200)) {
        for config in [config.clone(), format!("{CONFIG}    {config}\n"), format!("{CONFIG}    http-request {config}\n")] {
            let files = InMemory::default().file("haproxy.cfg", config);
            if let Ok(gateway) = super::read(&[PathBuf::from("haproxy.cfg")], &files, None) {
                let head = [b"GET /api/x HTTP/1.1\r\nHost: a\r\n", head.as_slice(), b"\r\n\r\n"].concat();
                let _ = plan(&gateway, &head);
                let _ = plan(&gateway, b"GET /api/x HTTP/1.1\r\nHost: a\r\n\r\n");
            }
        }
    }
}
