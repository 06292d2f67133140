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
        let (made, gateway) = amended(text, target, &[change.clone()]).unwrap();
        assert_eq!(made.trim_end(), want.trim_end(), "{change} in {text}");
        let wanted = target.replacen(prefix, to, 1);
        assert!(sent(&gateway, target).starts_with(&format!("GET {wanted} ")), "{made}: {}", sent(&gateway, target));
        assert_eq!(amended(&made, target, &[change]).map(|made| made.0), Err("already so".to_owned()), "{made}");
    }
}
