use std::path::Path;

use super::*;
use crate::asgi::Release;
use crate::gateway::{Action, Files, InMemory, Options, Proxy, Received, Unseen, apply, read};

/// A configuration of one file, as of nginx 1.22.1.
fn gateway(text: &str) -> Gateway {
    let options = Options { proxy: Some(Proxy::Nginx), release: Some(Release::new(1, 22, 1)), front: None };
    read(&["nginx.conf".into()], &InMemory::default().file("nginx.conf", text), options).unwrap()
}

fn plan(gateway: &Gateway, target: &str) -> Plan {
    let head = format!("GET {target} HTTP/1.1\r\nHost: example.com:8080\r\n\r\n");
    let (peer, local) = (([127, 0, 0, 1], 50_000).into(), ([127, 0, 0, 1], 80).into());
    let request = Received { head: head.as_bytes(), body: Some(b""), peer, local, tls: None };
    gateway.plan(&request, &Unseen)
}

/// The head that is sent on, or the answer, in short.
fn sent(gateway: &Gateway, target: &str) -> String {
    match plan(gateway, target).action {
        Action::Forward(forward) => String::from_utf8(forward.head).unwrap().replace("\r\n", "|"),
        Action::Answer(reply) => {
            format!("{} {}", reply.status, String::from_utf8_lossy(reply.get("location").unwrap_or_default()))
        }
        Action::Close => "closed".to_owned(),
    }
}

/// The file with changes made for a request, and the gateway that it is; or why not.
fn amended(text: &str, target: &str, changes: &[Change]) -> Result<(String, Gateway), String> {
    let gateway = gateway(text);
    let plan = plan(&gateway, target);
    let amended = gateway.amend(changes, &plan).map_err(|why| why.to_string())?;
    let files = apply(&gateway.origin.as_ref().unwrap().files, &amended.edits).unwrap();
    let text = String::from_utf8(files.read(Path::new("nginx.conf")).unwrap()).unwrap();
    assert_eq!(text.as_bytes(), amended.gateway.origin.as_ref().unwrap().files.read(Path::new("nginx.conf")).unwrap());
    Ok((text, amended.gateway))
}

fn path(prefix: &str, to: &str) -> Change {
    Change::Path { prefix: prefix.to_owned(), to: to.to_owned() }
}

#[test]
fn paths() {
    for (text, change, want) in [
        ("location /p/ { proxy_pass http://u:1; }", path("/p", ""), "location /p/ { proxy_pass http://u:1/; }"),
        (
            "location /p {\n\tproxy_pass http://u:1/;\n}\n",
            path("/p", ""),
            "location /p/ {\n\tproxy_pass http://u:1/;\n}\n",
        ),
        (
            "location ^~ /p { proxy_pass http://u:1; }",
            path("/p", "/q"),
            "location ^~ /p/ { proxy_pass http://u:1/q/; }",
        ),
        ("location /p/ { proxy_pass http://u:1/; }", path("/p", "/p"), "location /p/ { proxy_pass http://u:1; }"),
        (
            "location /p/ {\n  rewrite ^/p/(.*)$ /$1 break; # off\n  proxy_pass http://u:1;\n}",
            path("/p", "/p"),
            "location /p/ {\n  proxy_pass http://u:1;\n}",
        ),
        ("location /p/a { proxy_pass http://u:1; }", path("/p", ""), "location /p/a { proxy_pass http://u:1/a; }"),
        (
            "location ~ ^/p/(.*)$ {\n  proxy_pass http://u:1/$1;\n}\n",
            path("/p", "/p"),
            "location ~ ^/p/(.*)$ {\n  proxy_pass http://u:1;\n}\n",
        ),
        (
            "location ~ ^/p/ {\n  proxy_pass http://u:1;\n}\n",
            path("/p", ""),
            "location ~ ^/p/ {\n  rewrite ^/p(?:/(.*))?$ /$1 break;\n  proxy_pass http://u:1;\n}\n",
        ),
        (
            "location /p/ { proxy_pass http://unix:/a.sock; }",
            path("/p", ""),
            "location /p/ { proxy_pass http://unix:/a.sock:/; }",
        ),
        ("location / { proxy_pass http://u:1; }", path("", "/q"), "location / { proxy_pass http://u:1/q/; }"),
        (
            "server {\n    # all\n    location / {\n        proxy_pass http://u:1;\n        proxy_set_header A b;\n    }\n}\n",
            path("/p", ""),
            "server {\n    location /p/ {\n        proxy_pass http://u:1/;\n        proxy_set_header A b;\n    }\n\n    # all\n    \
             location / {\n        proxy_pass http://u:1;\n        proxy_set_header A b;\n    }\n}\n",
        ),
        (
            "rewrite ^/p/(.*)$ /$1 last;\nlocation / { proxy_pass http://u:1; }\n",
            path("/p", "/p"),
            "location / { proxy_pass http://u:1; }\n",
        ),
    ] {
        let (Change::Path { prefix, to }, target) = (&change, if text.contains("/p/a") { "/p/a/x" } else { "/p/x" })
        else {
            continue;
        };
        let (made, gateway) = amended(text, target, std::slice::from_ref(&change)).unwrap();
        assert_eq!(made.trim_end(), want.trim_end(), "{change} in {text}");
        let wanted = target.replacen(prefix, to, 1);
        assert!(sent(&gateway, target).starts_with(&format!("GET {wanted} ")), "{made}: {}", sent(&gateway, target));
        assert_eq!(amended(&made, target, &[change]).map(|made| made.0), Err("already so".to_owned()), "{made}");
    }
}

/// A server with lines of its own and a location.
fn server(lines: &str, location: &str) -> String {
    format!(
        "server {{\n    listen 80;\n{lines}\n    location /p/ {{\n        proxy_pass http://u:1/;\n{location}    }}\n}}\n"
    )
}

#[test]
fn fields_are_set_where_the_others_stand() {
    for (change, before, after) in [
        (
            Change::PassHost,
            ("", "        proxy_set_header Host $host; # name\n"),
            ("", "        proxy_set_header Host $http_host; # name\n"),
        ),
        (Change::PassHost, ("    proxy_set_header Host $host;\n", ""), ("    proxy_set_header Host $http_host;\n", "")),
        (
            Change::SendScheme,
            ("    proxy_set_header Host $host;\n", ""),
            ("    proxy_set_header Host $host;\n    proxy_set_header X-Forwarded-Proto $scheme;\n", ""),
        ),
        (Change::SendFor, ("", ""), ("", "        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n")),
        (
            Change::SendPrefix("/p".to_owned()),
            ("    proxy_set_header Host $host;\n", ""),
            (
                "    proxy_set_header Host $host;\n",
                "        proxy_set_header Host $host;\n        proxy_set_header X-Forwarded-Prefix /p;\n",
            ),
        ),
        (
            Change::SendScheme,
            (
                "",
                "        proxy_set_header x-forwarded-proto http;\n        proxy_set_header X-Forwarded-Proto https;\n",
            ),
            ("", "        proxy_set_header X-Forwarded-Proto $scheme;\n"),
        ),
        (
            Change::LeaveLocation,
            ("    proxy_redirect / /a/;\n", ""),
            ("    proxy_redirect / /a/;\n", "        proxy_redirect off;\n"),
        ),
        (
            Change::MendLocation("/p".to_owned()),
            ("", ""),
            ("", "        proxy_redirect default;\n        proxy_redirect / /p/;\n"),
        ),
        (
            Change::MendLocation("/p".to_owned()),
            ("", "        proxy_redirect off;\n"),
            ("", "        proxy_redirect / /p/;\n"),
        ),
        (
            Change::CookiePath { from: "/".to_owned(), to: "/p".to_owned() },
            ("    proxy_cookie_path /a /b;\n", ""),
            ("    proxy_cookie_path /a /b;\n", "        proxy_cookie_path /a /b;\n        proxy_cookie_path / /p/;\n"),
        ),
    ] {
        let changes = [change];
        let (made, _) = amended(&server(before.0, before.1), "/p/x", &changes).unwrap();
        assert_eq!(made, server(after.0, after.1), "{}", changes[0]);
        assert_eq!(amended(&made, "/p/x", &changes).map(|made| made.0), Err("already so".to_owned()), "{made}");
    }
}

#[test]
fn the_query_goes_on() {
    for (before, after) in [
        (
            "location ~ ^/p/(.*)$ { proxy_pass http://127.0.0.1:1/$1; }",
            "location ~ ^/p/(.*)$ { proxy_pass http://127.0.0.1:1/$1$is_args$args; }",
        ),
        (
            "location /p/ { rewrite ^/p/(.*)$ /$1? break; proxy_pass http://127.0.0.1:1; }",
            "location /p/ { rewrite ^/p/(.*)$ /$1 break; proxy_pass http://127.0.0.1:1; }",
        ),
    ] {
        let text = format!("server {{\n{before}\n}}\n");
        let (made, gateway) = amended(&text, "/p/x?a=b", &[Change::PassQuery]).unwrap();
        assert_eq!(made, format!("server {{\n{after}\n}}\n"));
        assert!(sent(&gateway, "/p/x?a=b").starts_with("GET /x?a=b "), "{made}");
        assert_eq!(amended(&made, "/p/x?a=b", &[Change::PassQuery]).map(|made| made.0), Err("already so".to_owned()));
    }
    let own = "server {\nlocation ~ ^/p/(.*)$ { proxy_pass http://127.0.0.1:1/?path=$1; }\n}\n";
    assert!(amended(own, "/p/x?a=b", &[Change::PassQuery]).is_err());
}

#[test]
fn a_host_is_taken_beside_those_that_are_named() {
    let other = "server {\n  listen 80 default_server;\n}\n";
    let named = "server {\n  listen 80;\n  server_name a.test;\n  location /p/ { proxy_pass http://u:1; }\n}\n";
    let change = Change::TakeHost { host: "example.com".to_owned(), prefix: "/p".to_owned() };
    let (made, gateway) = amended(&format!("{other}{named}"), "/p/x", std::slice::from_ref(&change)).unwrap();
    assert_eq!(made, format!("{other}{}", named.replace("a.test", "a.test example.com")));
    assert!(sent(&gateway, "/p/x").starts_with("GET /p/x "));
    assert_eq!(amended(&made, "/p/x", &[change]).map(|made| made.0), Err("already so".to_owned()));
}

#[test]
fn maps_stand_beside_the_server() {
    let text = server("", "        proxy_set_header X-Forwarded-Proto $scheme;\n");
    let changes = [Change::Upgrade, Change::TrustFront("127.0.0.1".to_owned()), Change::PassHost];
    let (made, gateway) = amended(&text, "/p/x", &changes).unwrap();
    let maps = "map $http_upgrade $connection_upgrade {\n    default upgrade;\n    '' close;\n}\n\n\
                map \"$remote_addr $http_x_forwarded_proto\" $proxied_scheme {\n    default $scheme;\n    \
                \"127.0.0.1 https\" https;\n    \"127.0.0.1 http\" http;\n}\n\n";
    let lines = "        proxy_set_header X-Forwarded-Proto $proxied_scheme;\n        proxy_http_version 1.1;\n        \
                 proxy_set_header Upgrade $http_upgrade;\n        proxy_set_header Connection $connection_upgrade;\n        \
                 proxy_set_header Host $http_host;\n";
    assert_eq!(made, format!("{maps}{}", server("", lines)));
    assert_eq!(amended(&made, "/p/x", &changes).map(|made| made.0), Err("already so".to_owned()));
    let head = "GET /p/x HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: https\r\nUpgrade: websocket\r\n\r\n";
    let (peer, local) = (([127, 0, 0, 1], 50_000).into(), ([127, 0, 0, 1], 80).into());
    let planned = gateway.plan(&Received { head: head.as_bytes(), body: Some(b""), peer, local, tls: None }, &Unseen);
    let Action::Forward(forward) = planned.action else { panic!("{planned:?}") };
    let sent = "GET /x HTTP/1.1|X-Forwarded-Proto: https|Upgrade: websocket|Connection: upgrade|Host: h||";
    assert_eq!(String::from_utf8(forward.head).unwrap().replace("\r\n", "|"), sent);
}

#[test]
fn what_is_included_stays_as_it_is_where_it_is_not_theirs() {
    let text = "server {\n\tlocation / {\n\t\tinclude proxy_params;\n\t\tproxy_pass http://u:1;\n\t}\n}\n";
    let (made, _) = amended(text, "/", &[Change::PassHost]).unwrap();
    let lines = "\t\tproxy_set_header Host $http_host;\n\t\tproxy_set_header X-Real-IP $remote_addr;\n\t\t\
                 proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n\t\t\
                 proxy_set_header X-Forwarded-Proto $scheme;\n";
    assert_eq!(made, format!("server {{\n\tlocation / {{\n{lines}\t\tproxy_pass http://u:1;\n\t}}\n}}\n"));
    let dump = format!("# configuration file /etc/nginx/nginx.conf:\n{text}");
    let why = amended(&dump, "/", &[path("", "/q")]).map(|made| made.0).unwrap_err();
    assert_eq!(why, "/etc/nginx/nginx.conf is no file at hand: give the files themselves, not what nginx -T prints");
}

#[test]
fn locations_beside_the_apps() {
    let text = server("", "        proxy_set_header A b;\n");
    for (change, target, head, answer) in [
        (Change::SlashAtMount("/p".to_owned()), "/p", "location = /p {\n        absolute_redirect off;", "308 /p/"),
        (
            Change::Take("/docs".to_owned()),
            "/docs",
            "location ~ ^/docs(/|$) {\n        proxy_pass http://u:1;",
            "GET /docs ",
        ),
        (
            Change::Take("/o.json".to_owned()),
            "/o.json",
            "location = /o.json {\n        proxy_pass http://u:1;",
            "GET /o.json ",
        ),
    ] {
        let at = if matches!(change, Change::Take(_)) { target } else { "/p/x" };
        let (made, gateway) = amended(&text, at, &[change]).unwrap();
        assert!(made.contains(&format!("    {head}\n")), "{made}");
        assert!(sent(&gateway, target).starts_with(answer), "{}", sent(&gateway, target));
        assert!(sent(&gateway, "/p/x").starts_with("GET /x "), "{made}");
    }
}
