use std::fmt::Write as _;
use std::net::SocketAddr;

use proptest::prelude::*;

use super::*;
use crate::gateway::{Action, InMemory, Plan, Received, Tls, Unseen};

fn try_config(text: impl Into<Vec<u8>>) -> Result<Gateway, ConfigError> {
    let files = InMemory::default().file("nginx.conf", text);
    read(&["nginx.conf".into()], &files, Some(Release::new(1, 22, 1)))
}

pub(super) fn config(text: &str) -> Gateway {
    try_config(text).unwrap()
}

fn plan(gateway: &Gateway, target: &str, host: &str) -> Plan {
    let head = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let local = SocketAddr::from(([127, 0, 0, 1], 80));
    let peer = SocketAddr::from(([127, 0, 0, 1], 50_000));
    let request = Received { head: head.as_bytes(), body: Some(b""), peer, local, tls: None };
    gateway.plan(&request, &Unseen)
}

/// `127.0.0.1:8000 /x`, `404`, `301 http://a/`, `closed`, with `?` before it if that is not certain.
fn outcome(plan: &Plan) -> String {
    let assumed = plan.steps.iter().any(|step| step.assumption().is_some());
    let doubt = if plan.unknown.is_empty() && !assumed { "" } else { "?" };
    let what = match &plan.action {
        Action::Forward(forward) => {
            let head = String::from_utf8_lossy(&forward.head).into_owned();
            let line = head.lines().next().unwrap_or_default();
            let target = line.strip_prefix("GET ").and_then(|rest| rest.strip_suffix(" HTTP/1.0")).unwrap_or(line);
            format!("{} {target}", forward.to)
        }
        Action::Answer(reply) => match reply.get("location") {
            Some(location) => format!("{} {}", reply.status, String::from_utf8_lossy(location)),
            None => reply.status.to_string(),
        },
        Action::Close => "closed".to_owned(),
    };
    format!("{doubt}{what}")
}

/// Answers to one request after the other, as nginx 1.22.1 gives them.
fn check(text: &str, requests: &[(&str, &str)]) {
    let gateway = config(text);
    for (target, want) in requests {
        assert_eq!(outcome(&plan(&gateway, target, "example.com")), *want, "{target} of\n{text}");
    }
}

#[test]
fn targets_of_proxy_pass() {
    check(
        "location /a/ { proxy_pass http://u:81; }",
        &[
            ("/a/x%2Fy?q", "u:81 /a/x%2Fy?q"),
            ("//a/./x", "u:81 //a/./x"),
            ("/a", "301 http://example.com/a/"),
            ("/A/", "404"),
        ],
    );
    check(
        "location /a/ { proxy_pass http://u/v1/; }",
        &[("/a/x%2Fy?q", "u:80 /v1/x/y?q"), ("/a//x|y", "u:80 /v1/x|y"), ("/a/%7Cx|y", "u:80 /v1/%7Cx%7Cy")],
    );
    check("location /a { proxy_pass http://u/; }", &[("/a/x", "u:80 //x"), ("/ax", "u:80 /x"), ("/a", "u:80 /")]);
    check("location /a { set $b u; proxy_pass http://$b/y; resolver 1.1.1.1; }", &[("/a/x?q", "u:80 /y")]);
    check("location /a { set $b u; proxy_pass http://$b/y; }", &[("/a/x?q", "502")]);
    check(
        "location ~ ^/(.)/(.*)$ { proxy_pass http://127.0.0.1/$2$is_args$args; }",
        &[("/a/x%20y?q", "127.0.0.1:80 /x y?q")],
    );
    check(
        "upstream g { server 10.0.0.1:1; } \
         server { location /g { set $b g; proxy_pass http://$b; } location /port { set $b g; proxy_pass http://$b:80; } \
                  location / { proxy_pass http://G; } }",
        &[("/g", "10.0.0.1:1 /g"), ("/", "10.0.0.1:1 /"), ("/port", "502")],
    );
    check(
        "upstream g { server 10.0.0.1:1; server 10.0.0.2:1 backup; } server { location / { proxy_pass http://g; } }",
        &[("/", "10.0.0.1:1 /")],
    );
    check(
        "upstream g { server 10.0.0.1:1; server 10.0.0.2:1; } server { location / { proxy_pass http://g; } }",
        &[("/", "?10.0.0.1:1 /")],
    );
}

#[test]
fn rewrites() {
    check(
        "server { rewrite ^/s/(.*)$ /a/$1; \
         location /a/ { rewrite ^/a/([0-9]+)$ /b?id=$1 last; rewrite ^/a/(.*)$ /$1 break; proxy_pass http://u; } \
         location /b { proxy_pass http://v; } \
         location /loop { rewrite ^ /loop; } \
         location /e { rewrite ^/e(.*)$ $1 break; proxy_pass http://u; } \
         location /r { rewrite ^/r/(.*)$ /t/$1? permanent; rewrite ^ https://h$uri; } }",
        &[
            ("/a/x%20y?q=1", "u:80 /x%20y?q=1"),
            ("/s/x", "u:80 /x"),
            ("/a/12?q", "v:80 /b?id=12&q"),
            ("/loop", "500"),
            ("/e", "500"),
            ("/ex", "u:80 x"),
            ("/r/a%3Fb?q", "301 http://example.com/t/a?b"),
            ("/rx?q", "302 https://h/rx?q"),
        ],
    );
}

#[test]
fn conditions_and_variables() {
    check(
        "map $arg_a $m { default d; ~^x(?<rest>.*)$ $rest; y Y; } \
         server { set $t 1; if ($arg_a = no) { return 403; } \
         location / { if ($arg_a ~ ^(z+)$) { set $t $1; rewrite ^ /$t break; } if ($args) { set $t \"$t-$m\"; } \
         proxy_pass http://u; } \
         location /v { return 307 /$t$m$host$server_port$uri; } }",
        &[
            ("/?a=no", "403"),
            ("/?a=zz", "u:80 /zz?a=zz"),
            ("/p", "u:80 /p"),
            ("/v?a=xq", "307 http://example.com/1qexample.com80/v"),
            ("/v?A=Y", "307 http://example.com/1Yexample.com80/v"),
        ],
    );
    check("location / { return 200 $request_id; }", &[("/", "?200")]);
    check("location / { proxy_pass http://$nothing; }", &[("/", "?500")]);
}

#[test]
fn locations_of_a_server() {
    check(
        "location = /x { return 201; } location /x { return 202; } location ^~ /p/ { return 203; } \
         location ~ \\.png$ { return 204; } location ~* \\.JPG$ { return 205; } \
         location /n/ { return 206; location /n/m { return 207; location ~ q$ { return 208; } } } \
         location /i { internal; return 209; }",
        &[
            ("/x", "201"),
            ("/x/y", "202"),
            ("/x/y.png", "204"),
            ("/x/y.PNG", "202"),
            ("/x/y.jpg", "205"),
            ("/p/y.png", "203"),
            ("/n/", "206"),
            ("/n/mq", "208"),
            ("/n/m.png", "204"),
            ("/n/../x", "201"),
            ("/i", "404"),
        ],
    );
}

#[test]
fn what_is_not_understood_concerns_what_rests_on_it() {
    let gateway = config(
        "server { location /a { magic on; proxy_pass http://u; } location /b { proxy_pass http://u; } \
         location /c { proxy_pass http://u; proxy_set_header X $arg_x; } location /f { fastcgi_pass u:9; } \
         location ~ (?R)x { return 200; } }",
    );
    let told: Vec<String> = gateway.not_understood.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(told[0], "nginx.conf:1: magic on: what it does to a request is not modelled");
    for (target, unknown) in [("/a", true), ("/f", true), ("/b", true)] {
        assert_eq!(!plan(&gateway, target, "h").unknown.is_empty(), unknown, "{target}");
    }
    let gateway = config("server { location /a { magic on; } location ^~ /b { proxy_pass http://u; } }");
    assert!(plan(&gateway, "/b", "h").unknown.is_empty());
}

#[test]
fn an_unknown_directive_is_not_understood_wherever_it_stands() {
    for text in [
        "perl_x foo; server { location / { return 204; } }",
        "server { fastcgi_x on; location / { return 204; } }",
        "server { if ($arg_x) { grpc_x on; } location / { return 204; } }",
        "server { location / { scgi_x on; return 204; } }",
        "server { location / { if ($arg_x) { uwsgi_x on; } proxy_pass http://u; } }",
        "server { location / { limit_except GET { ssi_x on; } proxy_pass http://u; } }",
        "upstream g { server u; magic on; } server { location / { proxy_pass http://g; } }",
    ] {
        let gateway = config(text);
        assert_eq!(gateway.not_understood.len(), 1, "{text}");
        let head = b"PUT /?x=1 HTTP/1.1\r\nHost: h\r\n\r\n";
        let (peer, local) = (SocketAddr::from(([127, 0, 0, 1], 50_000)), SocketAddr::from(([127, 0, 0, 1], 80)));
        let plan = gateway.plan(&Received { head, body: Some(b""), peer, local, tls: None }, &Unseen);
        assert!(!plan.unknown.is_empty(), "{text}");
    }
}

#[test]
fn what_nginx_refuses_is_refused_with_its_line() {
    for (text, want) in [
        (
            "upstream g { server u; }\nserver { location / { proxy_pass http://g:80; } }",
            "nginx.conf:2: proxy_pass: upstream \"g\" may not have port 80: its servers have their own (nginx.conf:1)",
        ),
        ("server { if ($arg_x) { gzip on; } }", "nginx.conf:1: gzip: it is not allowed in an \"if\" of a server"),
        ("server {\n listen 80;\n listen 80;\n}", "nginx.conf:3: listen: a duplicate listen 80"),
        ("server {\n location / {}\n location / {}\n}", "nginx.conf:3: duplicate location \"location /\""),
        ("server {\n location ~ x {\n proxy_pass http://u/;\n}}", "nginx.conf:3: proxy_pass: it cannot have a URI in"),
        ("server {\n location / {\n proxy_pass u;\n}}", "nginx.conf:3: proxy_pass: invalid URL prefix in \"u\""),
        ("server {\n location ~ ( {}\n}", "nginx.conf:2: location: missing closing parenthesis in \"(\""),
        ("server {\n if ($a) { if ($b) {} }\n}", "nginx.conf:2: if: it is not allowed in an \"if\""),
        ("http {\n location / {}\n}", "nginx.conf:2: location: it is not allowed here"),
        ("http {}", "there is no server in it"),
        ("server {\n root a;\n root b;\n}", "nginx.conf:3: root: the block has a root or an alias already"),
        ("server {\n set $host a;\n}", "nginx.conf:2: set: the duplicate \"host\" variable"),
        ("server {\n location /a { location /b {} }\n}", "nginx.conf:2: location: location /b is outside location /a"),
    ] {
        let error = try_config(text).unwrap_err().to_string();
        assert!(error.starts_with(want), "{error}\n{want}");
    }
}

#[test]
fn servers_by_name_and_by_tls() {
    let gateway = config(
        "server { listen 80; listen 443 ssl; server_name a; return 201; } \
         server { listen 80; listen 443 ssl; server_name *.b; return 202; } \
         server { listen 80 default_server; server_name _; return 203; } \
         server { listen 80; server_name ~^(?<x>c+)$; return 301 /$x; }",
    );
    for (host, want) in [("a", "201"), ("A:81", "201"), ("x.b", "202"), ("z", "203"), ("cc", "301 http://cc/cc")] {
        assert_eq!(outcome(&plan(&gateway, "/", host)), want, "{host}");
    }
    let by_tls = |name: &str, host: &str| {
        let head = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let local = SocketAddr::from(([127, 0, 0, 1], 443));
        let tls = Some(Tls { name: Some(name) });
        let request = Received { head: head.as_bytes(), body: Some(b""), peer: local, local, tls };
        outcome(&gateway.plan(&request, &Unseen))
    };
    assert_eq!(by_tls("x.b", "x.b"), "202");
    assert_eq!(by_tls("x.b", "a"), "201");
    assert_eq!(by_tls("x.b", "z"), "201");
    assert_eq!(by_tls("z", "x.b"), "202");
    assert_eq!(outcome(&plan(&gateway, "/", "a b")), "400");
}

#[test]
fn routers_and_listeners() {
    let gateway = config(
        "upstream g { server a:1; server b:1; } \
         server { listen 8080; listen [::]:8080; server_name x.org; location /api/ { proxy_pass http://g/; } \
         location /old { return 301 /; } location / { proxy_pass http://g; } }",
    );
    let rows: Vec<(&str, &str, Option<&str>, &str, usize)> = gateway
        .routers
        .iter()
        .map(|router| {
            let prefix = router.prefix.as_deref();
            (router.name.as_str(), router.rule.as_str(), prefix, router.path.as_str(), router.upstreams.len())
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("location /api/", "x.org:8080 /api/", Some("/api"), "strip /api", 2),
            ("location /old", "x.org:8080 /old", Some("/old"), "301", 0),
            ("location /", "x.org:8080 /", Some(""), "keep", 2),
        ]
    );
    let listens: Vec<(&str, u16)> =
        gateway.listeners.iter().map(|listen| (listen.address.as_str(), listen.port)).collect();
    assert_eq!(listens, [("", 8080), ("::", 8080)]);
}

#[test]
fn remarks_name_the_line() {
    let gateway = config(
        "server {\n proxy_set_header Host $host;\n proxy_set_header X-Forwarded-For $remote_addr;\n \
         location /a/ {\n proxy_set_header X-A 1;\n proxy_pass http://u/b;\n}\n \
         location /c {\n proxy_pass http://u/;\n}\n \
         location /d {\n set $u u; proxy_pass http://$u/?$args;\n}\n \
         location /ws {\n proxy_pass http://u;\n}\n}",
    );
    let told: Vec<String> = gateway.remarks.iter().map(|remark| format!("{} {}", remark.code, remark.place)).collect();
    assert_eq!(
        told,
        ["HO01 nginx.conf:5", "NG01 nginx.conf:6", "NG02 nginx.conf:9", "NG05 nginx.conf:12", "WS02 nginx.conf:15",]
    );
}

#[test]
fn a_large_configuration_is_read_and_asked() {
    let mut text = String::from("server { location / { proxy_pass http://u; }\n");
    for number in 0..10_000 {
        let port = 1000 + number;
        let _ = writeln!(text, "location /service-{number}/ {{ proxy_pass http://10.0.0.1:{port}/; }}");
    }
    text.push('}');
    let gateway = config(&text);
    assert_eq!(outcome(&plan(&gateway, "/service-9999/x", "h")), "10.0.0.1:10999 /x");
    assert_eq!(outcome(&plan(&gateway, "/service-10000/x", "h")), "u:80 /service-10000/x");
}

/// Words that make configurations out of any order.
fn pieces() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("server {"),
        Just("location / {"),
        Just("location ~ ^/(a+)(?<x>b)?$ {"),
        Just("if ($arg_a ~ (.*)) {"),
        Just("map $uri $m { default $1; ~(?<y>a) $x; }"),
        Just("upstream u { server a:1; }"),
        Just("}"),
        Just("proxy_pass http://u/$m;"),
        Just("proxy_pass http://u;"),
        Just("rewrite ^/(.*)$ /$1$args? last;"),
        Just("rewrite (.*) $1 break;"),
        Just("return 301 $scheme://$host$m;"),
        Just("set $z $x$1;"),
        Just("try_files $uri @n =404;"),
        Just("location @n { return 200 $z; }"),
        Just("error_page 404 = /e;"),
        Just("listen 80;"),
        Just("\"${"),
    ];
    prop::collection::vec(word, 0..14).prop_map(|words| words.join("\n"))
}

proptest! {
    #[test]
    fn any_configuration_is_read_or_refused(text in pieces(), target in "/[ab%2f?.]{0,6}") {
        if let Ok(gateway) = try_config(text) {
            let _ = plan(&gateway, &target, "h");
        }
    }

    #[test]
    fn any_head_is_answered(head in prop::collection::vec(any::<u8>(), 0..80)) {
        let gateway = config("server { location / { proxy_pass http://u/$arg_a; } }");
        let local = SocketAddr::from(([127, 0, 0, 1], 80));
        let request = Received { head: &head, body: None, peer: local, local, tls: None };
        let _ = gateway.plan(&request, &Unseen);
    }
}
