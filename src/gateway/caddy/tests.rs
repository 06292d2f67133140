use std::fmt::Write as _;
use std::path::PathBuf;

use proptest::prelude::*;

use super::caddyfile::tests::Written;
use super::read;
use crate::exchange::ResponseHead;
use crate::forwarded::latin1;
use crate::gateway::{Action, ConfigError, Forward, Found, Gateway, Onward, Plan, Received, Reply, Tls, World};

/// A machine with a few files.
struct Machine;

impl World for Machine {
    fn look(&self, folder: &str, below: &[u8]) -> Option<Found> {
        Some(match (folder, below) {
            ("/srv", b"index.html" | b"site.css" | b"sub/index.html") => Found::File,
            ("/srv", b"" | b"sub") => Found::Folder,
            _ => Found::Nothing,
        })
    }

    fn hostname(&self) -> &'static str {
        "box"
    }
}

fn gateway(text: &str) -> Result<Gateway, ConfigError> {
    read(&[PathBuf::from("/etc/Caddyfile")], &Written::one(text), None)
}

fn head(lines: &str) -> Vec<u8> {
    format!("{}\r\n\r\n", lines.replace('\n', "\r\n")).into_bytes()
}

fn plan(gateway: &Gateway, request: &str, tls: Option<&str>) -> Plan {
    let request = if request.contains("Host:") || request.contains('\n') {
        request.to_owned()
    } else {
        format!("GET {request} HTTP/1.1\nHost: example.com")
    };
    let received = Received {
        head: &head(&request),
        body: Some(b""),
        peer: "192.0.2.1:50000".parse().unwrap(),
        local: if tls.is_some() { "127.0.0.1:443" } else { "127.0.0.1:80" }.parse().unwrap(),
        tls: tls.map(|name| Tls { name: Some(name) }),
    };
    gateway.plan(&received, &Machine)
}

fn reply(reply: &Reply) -> String {
    let location = reply.get("location").map(|value| format!(" {}", latin1(value))).unwrap_or_default();
    let body = if reply.body.is_empty() { String::new() } else { format!(" {}", latin1(&reply.body)) };
    format!("{}{location}{body}", reply.status)
}

/// `8000 /x` for a request that is sent on, `301 /to` for an answer.
fn outcome(plan: &Plan) -> String {
    if let Some(doubt) = plan.unknown.first() {
        return format!("unknown: {doubt}");
    }
    let assumed = plan.steps.iter().find(|step| step.assumption().is_some());
    let assumed = assumed.map(|step| format!("assumed: {step}, ")).unwrap_or_default();
    let what = match &plan.action {
        Action::Forward(forward) => sent(forward),
        Action::Answer(answer) => reply(answer),
        Action::Close => "close".to_owned(),
    };
    format!("{assumed}{what}")
}

fn sent(forward: &Forward) -> String {
    let head = latin1(&forward.head);
    let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
    format!("{} {target}", forward.to.to_string().rsplit(':').next().unwrap_or_default())
}

fn asked(text: &str, request: &str) -> String {
    outcome(&plan(&gateway(text).unwrap(), request, None))
}

#[test]
fn order_and_exclusion() {
    let text = "
:80 {
	reverse_proxy up:9
	handle /api/* {
		reverse_proxy up:1
	}
	handle_path /api/v1/* {
		reverse_proxy up:2
	}
	@post method POST
	reverse_proxy @post up:3
	rewrite /old/* /api{uri}
	redir /r /to 301
	respond /r no
	handle_path /star* {
		reverse_proxy up:4
	}
	route /route/* {
		respond /route/a first
		uri strip_prefix /route
		reverse_proxy up:5
	}
}";
    for (request, expected) in [
        ("/", "9 /"),
        ("/api", "9 /api"),
        ("/api/x", "1 /api/x"),
        ("/API/V1/x", "2 /x"),
        ("/api/v1", "1 /api/v1"),
        ("/old/x?q", "1 /api/old/x?q"),
        ("/r?q", "301 /to"),
        ("/starx", "4 /x"),
        ("/route/a", "200 first"),
        ("/route/b%2Fc", "5 /b%2Fc"),
        ("POST /x HTTP/1.1\nHost: a", "3 /x"),
        ("GET / HTTP/1.1\nX: 1", "400"),
    ] {
        assert_eq!(asked(text, request), expected, "{request}");
    }
}

#[test]
fn placeholders() {
    let text = "
:80 {
	@re path_regexp v ^/v([0-9]+)/(?P<rest>.*)$
	map {re.v.1} {kind} {
		1 one
		~^(\\d)$ \"n$1\"
		default many
	}
	respond @re \"{re.v.1} {re.v.rest} {kind}\"
	vars x {query.a}
	respond \"{host} {port} {hostport} {method} {uri} {dir} {file} {path.1} {vars.x} {labels.1} {nope} {remote_host}\"
}";
    for (request, expected) in [
        ("/v1/a/b", "200 1 a/b one"),
        ("/v2/", "200 2  n2"),
        ("/v33/", "200 33  many"),
        ("/a/b.c?a=1", "200 example.com  example.com GET /a/b.c?a=1 /a/ b.c b.c 1 example {nope} 192.0.2.1"),
        ("GET / HTTP/1.1\nHost: [::1]:81", "200 ::1 81 [::1]:81 GET / /     {nope} 192.0.2.1"),
    ] {
        assert_eq!(asked(text, request), expected, "{request}");
    }
}

#[test]
fn the_head_that_is_sent_on() {
    let text = "
{
	servers {
		trusted_proxies static 192.0.2.0/24
	}
}
:80 {
	reverse_proxy localhost:8000 {
		header_up X-Client {client_ip}
		header_up -X-Drop*
		header_up X-Set {header.X-A}
	}
}";
    let request = "GET /a|b HTTP/1.0\nX_y: 1\nX-A: 2\nX-Dropped: 3\nX-Forwarded-For: 198.51.100.7\nX-Forwarded-Proto: https\nConnection: close";
    let Action::Forward(forward) = plan(&gateway(text).unwrap(), request, None).action else { panic!("not sent on") };
    let expected = "GET /a%7Cb HTTP/1.1
Host: localhost:8000
Via: 1.0 Caddy
X-A: 2
X-Client: 198.51.100.7
X-Forwarded-For: 198.51.100.7, 192.0.2.1
X-Forwarded-Host: 
X-Forwarded-Proto: https
X-Set: 2
Accept-Encoding: gzip";
    assert_eq!(forward.head, head(expected));
    let steps = plan(&gateway(text).unwrap(), request, None).steps;
    assert!(steps.iter().any(|step| step.to_string() == "header_up -X-Drop* (/etc/Caddyfile:10)"), "{steps:?}");
}

#[test]
fn files_and_errors() {
    let text = "
:80 {
	root * /srv
	handle_errors 404 {
		rewrite * /sub/index.html
		file_server
	}
	handle_errors {
		respond \"{err.status_code} {err.status_text}\"
	}
	error /e 503
	handle /spa* {
		try_files {path} {path}/ /index.html
		reverse_proxy up:1
	}
	try_files /t =410
	abort /gone
	file_server
}";
    for (request, expected) in [
        ("/site.css", "200"),
        ("/sub", "308 /sub/"),
        ("/sub/", "200"),
        ("/site.css/?q", "308 /site.css?q"),
        ("/site.css/x", "410 410 Gone"),
        ("/none", "410 410 Gone"),
        ("/e", "503 503 Service Unavailable"),
        ("/spa/x?q", "1 /index.html?q"),
        ("/gone", "close"),
        ("POST / HTTP/1.1\nHost: a", "410 410 Gone"),
    ] {
        let text = if request.starts_with('/') && !request.starts_with("/none") && !request.ends_with("css/x") {
            text.replace("\ttry_files /t =410\n", "")
        } else {
            text.to_owned()
        };
        assert_eq!(asked(&text, request), expected, "{request}");
    }
    let plain = ":80\nroot * /srv\nfile_server";
    for (request, expected) in
        [("/none", "404"), ("/site.css/x", "400"), ("/../site.css", "200"), ("POST / HTTP/1.1\nHost: a", "405")]
    {
        assert_eq!(asked(plain, request), expected, "{request}");
    }
}

#[test]
fn sites_and_https() {
    let text = "
example.com, *.example.com {
	reverse_proxy up:1
}
http://plain.test {
	respond plain
}
http:// {
	respond other
}
api.example.com:8443 {
	respond api
}";
    let gateway = gateway(text).unwrap();
    let host = |host: &str| format!("GET /x?y HTTP/1.1\nHost: {host}");
    for (name, request, expected) in [
        (None, host("example.com"), "308 https://example.com/x?y"),
        (None, host("api.example.com:80"), "308 https://api.example.com:8443/x?y"),
        (None, host("a.example.com"), "308 https://a.example.com/x?y"),
        (None, host("plain.test"), "200 plain"),
        (None, host("nobody.test"), "200 other"),
        (Some("example.com"), host("EXAMPLE.com"), "1 /x?y"),
        (Some("a.example.com"), host("a.example.com"), "1 /x?y"),
        (Some("example.com"), host("nobody.test"), "200"),
        (Some("nobody.test"), host("nobody.test"), "close"),
    ] {
        assert_eq!(outcome(&plan(&gateway, &request, name)), expected, "{name:?} {request}");
    }
    let listeners: Vec<_> = gateway.listeners.iter().map(|listen| (listen.port, listen.tls)).collect();
    assert_eq!(listeners, [(443, true), (80, false), (8443, true)]);
}

#[test]
fn permission_comes_first() {
    let text = "
:80 {
	forward_auth auth:9 {
		uri /verify?to={uri}
		copy_headers Remote-User>X-User
	}
	reverse_proxy up:1
}";
    let plan = plan(&gateway(text).unwrap(), "POST /x?y HTTP/1.1\nHost: a\nX-User: me\nContent-Length: 3", None);
    let Action::Forward(forward) = plan.action else { panic!("not asked") };
    assert_eq!(sent(&forward), "9 /verify?to=%2Fx%3Fy");
    let asked = latin1(&forward.head);
    assert!(asked.starts_with("GET ") && asked.contains("X-Forwarded-Method: POST\r\n"), "{asked}");
    assert!(!asked.contains("Content-Length"), "{asked}");
    let response = |text: &str| ResponseHead::from_wire(head(text)).unwrap();
    let yes = forward.back.respond(&response("HTTP/1.1 204 x\nremote-user: bob"), &Machine);
    let Onward::Forward(onward) = yes.onward else { panic!("not sent on") };
    let onward_head = latin1(&onward.head);
    assert!(onward_head.starts_with("POST /x?y HTTP/1.1") && onward_head.contains("X-User: bob\r\n"), "{onward_head}");
    let no = forward.back.respond(&response("HTTP/1.1 302 x\nlocation: /login"), &Machine);
    let Onward::Deliver(delivered) = no.onward else { panic!("not delivered") };
    assert_eq!((delivered.status(), delivered.get("location")), (302, Some(&b"/login"[..])));
}

#[test]
fn what_is_not_understood_reaches_no_further_than_it_must() {
    let text = "
:80 {
	handle /a/* {
		rate_limit 5
		reverse_proxy up:1
	}
	handle /b/* {
		@x expression {path}.startsWith('/b')
		respond @x yes
		reverse_proxy up:2
	}
	handle /c/* {
		reverse_proxy up:3 up:4
	}
	handle /d/* {
		reverse_proxy up:5 {
			header_up X-Id {uuid}
		}
	}
	header X-Id {uuid}
	reverse_proxy up:9
}";
    let gateway = gateway(text).unwrap();
    for (request, expected) in [
        ("/a/x", "unknown: /etc/Caddyfile:4: rate_limit"),
        ("/b/x", "unknown: /etc/Caddyfile:8: expression"),
        ("/c/x", "assumed: the first of the 2 upstreams is taken to be next (/etc/Caddyfile:13), 3 /c/x"),
        ("/d/x", "unknown: /etc/Caddyfile:16: {http.request.uuid}"),
        ("/x", "9 /x"),
    ] {
        let outcome = outcome(&plan(&gateway, request, None));
        assert!(outcome.starts_with(expected), "{request}: {outcome}");
    }
    assert_eq!(gateway.not_understood.len(), 2);
}

#[test]
fn routers_and_remarks() {
    let text = "
:80 {
	handle_path /api/* {
		reverse_proxy up:1 {
			header_up X-Forwarded-Proto {http.request.proto}
			header_up Host {host}
		}
	}
	redir /old /new
	reverse_proxy *.json up:2
	reverse_proxy /p up:3/x
}";
    let gateway = gateway(text).unwrap();
    let routers: Vec<_> = gateway
        .routers
        .iter()
        .map(|router| format!("{} | {} | {:?} | {}", router.name, router.rule, router.prefix, router.path))
        .collect();
    assert_eq!(
        routers,
        [
            "redir /old /new | /old | None | 302",
            "reverse_proxy up:1 | /api/* | Some(\"/api\") | strip /api",
            "reverse_proxy /p up:3/x | /p | None | keep",
            "reverse_proxy *.json up:2 |  | Some(\"\") | keep",
        ]
    );
    let api = plan(&gateway, "/api/x", None);
    assert_eq!(gateway.router(&api).map(|router| router.path.as_str()), Some("strip /api"));
    assert_eq!(api.rule().unwrap(), "handle_path /api/* (/etc/Caddyfile:3)");
    let remarks: Vec<_> = gateway.remarks.iter().map(|remark| (remark.code.as_str(), remark.place.line)).collect();
    assert_eq!(remarks, [("NG06", 3), ("TR04", 5), ("RD04", 6), ("CD01", 9), ("CD02", 10), ("CD03", 11)]);
}

#[test]
fn what_caddy_refuses() {
    for (text, expected) in [
        (":80\nreverse_proxy http://up:1/x", "rewrite"),
        (":80\nredir /a /b 200", "no status to redirect with"),
        (":80\nreverse_proxy @none up:1", "@none is not defined"),
        (":80\nhandle_path x {\n}", "begins with a slash"),
        (":80 {\n}\n:80 {\n}", "two sites"),
        ("https://a:80 {\n}", "contradict"),
        ("ws://a {\n}", "http://"),
        ("reverse_proxy {\n}", "stands where an address should"),
        (":80\ninvoke none", "not defined"),
    ] {
        let error = gateway(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn a_large_file_is_read_in_one_pass() {
    let mut text = ":80 {\n".to_owned();
    for n in 0..3000 {
        writeln!(text, "\thandle /a{n}/* {{\n\t\treverse_proxy up:{}\n\t}}", n % 9 + 1).unwrap();
    }
    text.push_str("}\n");
    let gateway = gateway(&text).unwrap();
    assert_eq!(gateway.routers.len(), 3000);
    assert_eq!(outcome(&plan(&gateway, "/a2999/x", None)), "3 /a2999/x");
}

proptest! {
    #[test]
    fn no_configuration_is_too_odd(words in prop::collection::vec(
        prop::sample::select(vec![
            "handle", "handle_path", "route", "reverse_proxy", "redir", "respond", "rewrite", "uri", "header",
            "request_header", "@m", "path", "not", "header_up", "map", "vars", "root", "try_files", "file_server",
            "forward_auth", "handle_errors", "error", "tls", "bind", "import", "/x*", "*", "up:1", "{host}", "-A", "+B",
            "?C", "404", "replace", "query", "strip_prefix", "internal", "{\n", "\n}\n", "\n", "\n", "\n",
        ]),
        0..50,
    )) {
        if let Ok(gateway) = gateway(&format!(":80 {{\n{}\n}}", words.join(" "))) {
            let _ = plan(&gateway, "/x", None);
        }
    }
}
