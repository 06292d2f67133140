//! Whole plans from small configurations, and any bytes at all.

use std::path::PathBuf;

use proptest::prelude::*;

use crate::gateway::trial::{location, plan};
use crate::gateway::{Action, Gateway, InMemory, Plan};

fn read(config: &str) -> Gateway {
    let files = InMemory::default().file("httpd.conf", config);
    super::read(&[PathBuf::from("httpd.conf")], &files, None).unwrap()
}

/// The request line and where it goes, or the status and Location of the answer.
fn outcome(plan: &Plan) -> String {
    match &plan.action {
        Action::Forward(forward) => {
            let head = String::from_utf8_lossy(&forward.head).into_owned();
            format!("{} {}", forward.to, head.split(" HTTP").next().unwrap_or_default())
        }
        Action::Answer(reply) => {
            format!("{} {}", reply.status, String::from_utf8_lossy(reply.get("location").unwrap_or_default()))
        }
        Action::Close => "closed".to_owned(),
    }
}

const CONFIG: &str = "
<VirtualHost *:80>
    ServerName example.com
    ProxyPass /no !
    ProxyPass /api/ http://10.0.0.1:8000/
    ProxyPassReverse /api/ http://10.0.0.1:8000/
    RewriteEngine On
    RewriteCond %{HTTP:X-Old} ^yes$ [NC]
    RewriteRule ^/old/(.*) /api/$1 [PT]
    RewriteRule ^/re/(.*) http://10.0.0.2/$1 [P]
    RewriteRule ^/moved/(.*) /new/$1 [R=301,L]
    Redirect gone /gone
    <Location /odd>
        LuaWhat on
    </Location>
    ProxyPass /odd http://10.0.0.3/odd
</VirtualHost>
<VirtualHost *:80>
    ServerName other.example.com
    ProxyPass / http://10.0.0.4/
</VirtualHost>
";

#[test]
fn a_request_is_mapped() {
    let gateway = read(CONFIG);
    for (target, host, more, expected) in [
        ("/api/a%20b/../x?y", "example.com", "", "10.0.0.1:8000 GET /x?y"),
        ("/api/../..", "example.com", "", "400 "),
        ("/api/a%2Fb", "example.com", "", "404 "),
        ("/old/x", "example.com", "X-Old: YES\r\n", "10.0.0.1:8000 GET /x"),
        ("/re/a?b", "example.com", "", "10.0.0.2:80 GET /a?b"),
        ("/re/a%3fb", "example.com", "", "403 "),
        ("/moved/a%20b?c", "example.com", "", "301 http://example.com/new/a%20b?c"),
        ("/gone/x", "example.com", "", "410 "),
        ("/x", "Other.example.com:80", "", "10.0.0.4:80 GET /x"),
        ("http://other.example.com/x", "a", "", "10.0.0.4:80 GET /x"),
        ("ftp://other.example.com/x", "a", "", "400 "),
        ("/api/x", "unheard.of", "", "10.0.0.1:8000 GET /x"),
    ] {
        let plan = plan(&gateway, format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n").as_bytes());
        assert_eq!((outcome(&plan).as_str(), plan.unknown.len()), (expected, 0), "{target} {:?}", plan.unknown);
    }
}

#[test]
fn what_is_not_understood_is_listed_and_makes_unknown_only_what_rests_on_it() {
    let gateway = read(CONFIG);
    let lines: Vec<_> = gateway.not_understood.iter().map(|what| what.place.as_ref().unwrap().line).collect();
    assert_eq!(lines, [14]);
    assert_eq!(plan(&gateway, b"GET /odd HTTP/1.1\r\nHost: a\r\n\r\n").unknown.len(), 1);
}

#[test]
fn a_location_of_the_upstream_becomes_the_clients() {
    let plan = plan(&read(CONFIG), b"GET /api/x HTTP/1.1\r\nHost: a:81\r\n\r\n");
    assert_eq!(location(&plan, "http://10.0.0.1:8000/x/"), "http://a:81/api/x/");
}

#[test]
fn a_location_of_a_balancers_member_becomes_the_clients() {
    let gateway = read(
        "<Proxy balancer://all>\nBalancerMember http://10.0.0.1:8000/m/\n</Proxy>
ProxyPass /api balancer://all/v1\nProxyPassReverse /api balancer://all/v1\n",
    );
    let plan = plan(&gateway, b"GET /api/x HTTP/1.1\r\nHost: a\r\n\r\n");
    let Action::Forward(forward) = &plan.action else { panic!("it is sent on") };
    assert!(String::from_utf8_lossy(&forward.head).contains("\r\nConnection: Keep-Alive\r\n"));
    assert_eq!(location(&plan, "http://10.0.0.1:8000/m/v1/y"), "http://a/api/y");
}

#[test]
fn a_slash_on_one_side_is_remarked() {
    let gateway = read("ProxyPass /a/ http://h\nProxyPass /b http://h/\nProxyPass /c/ http://h/\n");
    let codes: Vec<_> = gateway.remarks.iter().map(|remark| (remark.code.as_str(), remark.place.line)).collect();
    assert_eq!(codes, [("NG01", 1), ("NG02", 2)]);
}

#[test]
fn the_example_is_understood() {
    let gateway = read(include_str!("../../../assets/examples/apache/apache.conf"));
    assert_eq!((gateway.not_understood.len(), gateway.remarks.len()), (0, 0), "{:?}", gateway.not_understood);
    let plan = plan(&gateway, b"GET /api/v1/items HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(outcome(&plan), "127.0.0.1:8000 GET /items");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_configuration_and_no_head_is_too_odd(
        line in "(ProxyPass|RewriteRule|RewriteCond|Header|RequestHeader|Redirect|<Location) .{0,60}",
        head in proptest::collection::vec(any::<u8>(), 0..200),
        target in "/[ -~]{0,40}",
    ) {
        for config in [line.clone(), format!("RewriteEngine On\n{line}\n{CONFIG}")] {
            let files = InMemory::default().file("httpd.conf", config);
            if let Ok(gateway) = super::read(&[PathBuf::from("httpd.conf")], &files, None) {
                let head = [b"GET /api/x HTTP/1.1\r\nHost: a\r\n", head.as_slice(), b"\r\n\r\n"].concat();
                let _ = plan(&gateway, &head);
                let _ = plan(&gateway, format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
            }
        }
    }
}

#[test]
fn the_first_member_of_a_balancer_is_taken_to_be_next() {
    let balancer =
        "<Proxy balancer://app>\nBalancerMember http://10.0.0.1:1\nBalancerMember http://10.0.0.2:1\n</Proxy>\n";
    let gateway = read(&format!("Listen 80\n{balancer}ProxyPass / balancer://app/\n"));
    let plan = plan(&gateway, b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!((outcome(&plan).as_str(), plan.unknown.as_slice()), ("10.0.0.1:1 GET /x", &[][..]));
    let assumed = plan.steps.iter().find_map(crate::gateway::Step::assumption).unwrap();
    let upstreams: Vec<_> = gateway.upstreams().iter().map(ToString::to_string).collect();
    assert_eq!(upstreams, ["10.0.0.1:1", "10.0.0.2:1"]);
    assert_eq!(assumed.to_string(), "httpd.conf:3: the first of the 2 members of balancer://app is taken to be next");
}
