use std::path::Path;

use super::*;
use crate::gateway::{Action, Files, InMemory, Options, Proxy, Received, Unseen, apply, read};

fn plan(gateway: &Gateway, target: &str) -> Plan {
    let head = format!("GET {target} HTTP/1.1\r\nHost: example.com:8080\r\n\r\n");
    let ends = (([127, 0, 0, 1], 50_000).into(), ([127, 0, 0, 1], 80).into());
    gateway.plan(&Received::at(gateway.listeners.first(), head.as_bytes(), Some(b""), ends), &Unseen)
}

/// What is sent on, or the answer, in short.
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
    let options = Options { proxy: Some(Proxy::Caddy), ..Options::default() };
    let gateway = read(&["Caddyfile".into()], &InMemory::default().file("Caddyfile", text), options).unwrap();
    let amended = gateway.amend(changes, &plan(&gateway, target)).map_err(|why| why.to_string())?;
    let files = apply(&gateway.origin.as_ref().unwrap().files, &amended.edits).unwrap();
    Ok((String::from_utf8(files.read(Path::new("Caddyfile")).unwrap()).unwrap(), amended.gateway))
}

/// A site, one tab in.
fn site(lines: &str) -> String {
    format!(":80 {{\n\t{}\n}}\n", lines.replace('\n', "\n\t"))
}

#[test]
fn paths() {
    let handle = |name: &str, inside: &str| format!("{name} /p/* {{\n{inside}\treverse_proxy u:1\n}}");
    for (before, to, after) in [
        (handle("handle_path", ""), "/p", handle("handle", "")),
        (handle("handle", ""), "", handle("handle_path", "")),
        (handle("handle", "\turi strip_prefix /p\n"), "/p", handle("handle", "")),
        (handle("handle_path", ""), "/q", handle("handle_path", "\trewrite * /q{uri}\n")),
        (handle("route", ""), "", handle("route", "\turi strip_prefix /p\n")),
        (handle("route", "\turi strip_prefix /p\n"), "/p", handle("route", "")),
        ("reverse_proxy u:1".to_owned(), "", format!("{}\n\nreverse_proxy u:1", handle("handle_path", ""))),
        ("reverse_proxy /p/* u:1".to_owned(), "", handle("handle_path", "")),
        (
            "@p path /p /p/*\nhandle @p {\n\treverse_proxy u:1\n}".to_owned(),
            "",
            "@p path /p /p/*\nhandle @p {\n\turi strip_prefix /p\n\treverse_proxy u:1\n}".to_owned(),
        ),
    ] {
        let change = [Change::Path { prefix: "/p".to_owned(), to: to.to_owned() }];
        let (made, gateway) = amended(&site(&before), "/p/x", &change).unwrap();
        // An empty line has no blanks.
        assert_eq!(made.replace("\n\t\n", "\n\n"), site(&after).replace("\n\t\n", "\n\n"), "{} in {before}", change[0]);
        assert!(sent(&gateway, "/p/x").starts_with(&format!("GET {to}/x ")), "{made}: {}", sent(&gateway, "/p/x"));
        assert_eq!(amended(&made, "/p/x", &change).map(|made| made.0), Err("already so".to_owned()), "{made}");
    }
}

#[test]
fn fields() {
    let proxy = |lines: &str| site(&format!("reverse_proxy u:1{lines}"));
    let global = |lines: &str| format!("{{\n{lines}}}\n\n{}", proxy(""));
    let front = || Change::TrustFront("10.0.0.5".to_owned());
    for (before, change, after) in [
        (proxy(" {\n\theader_up Host {upstream_hostport}\n}"), Change::PassHost, proxy("")),
        (
            proxy(" {\n\theader_up -X-Forwarded-Proto\n\theader_up A b\n}"),
            Change::SendScheme,
            proxy(" {\n\theader_up A b\n}"),
        ),
        (proxy(""), Change::SendPrefix("/p".to_owned()), proxy(" {\n\theader_up X-Forwarded-Prefix /p\n}")),
        (
            proxy(" {\n\theader_up A b\n}"),
            Change::MendLocation("/p".to_owned()),
            proxy(" {\n\theader_up A b\n\theader_down Location ^/(.*)$ /p/$1\n}"),
        ),
        (proxy(""), front(), global("\tservers {\n\t\ttrusted_proxies static 10.0.0.5\n\t}\n")),
        (
            global("\tadmin off\n"),
            front(),
            global("\tadmin off\n\tservers {\n\t\ttrusted_proxies static 10.0.0.5\n\t}\n"),
        ),
        (
            global("\tservers {\n\t\ttrusted_proxies static 192.0.2.1\n\t}\n"),
            front(),
            global("\tservers {\n\t\ttrusted_proxies static 192.0.2.1 10.0.0.5\n\t}\n"),
        ),
    ] {
        let changes = [change];
        let (made, _) = amended(&before, "/x", &changes).unwrap();
        assert_eq!(made, after, "{} in {before}", changes[0]);
        assert_eq!(amended(&made, "/x", &changes).map(|made| made.0), Err("already so".to_owned()), "{made}");
    }
    let private = global("\tservers {\n\t\ttrusted_proxies static private_ranges\n\t}\n");
    assert_eq!(amended(&private, "/x", &[front()]).map(|made| made.0), Err("already so".to_owned()));
}

#[test]
fn lines_beside_the_apps() {
    let text = site("handle_path /p/* {\n\treverse_proxy u:1\n}");
    for (change, target, line, answer) in [
        (Change::SlashAtMount("/p".to_owned()), "/p", "\tredir /p /p/ 308\n", "308 /p/"),
        (Change::Take("/docs".to_owned()), "/docs/a", "\thandle @docs {\n\t\treverse_proxy u:1\n\t}\n", "GET /docs/a "),
        (Change::Take("/o.json".to_owned()), "/o.json", "\thandle /o.json {\n", "GET /o.json "),
    ] {
        let at = if matches!(change, Change::Take(_)) { target } else { "/p/x" };
        let (made, gateway) = amended(&text, at, &[change]).unwrap();
        assert!(made.contains(line), "{made}");
        assert!(sent(&gateway, target).starts_with(answer), "{}", sent(&gateway, target));
        assert!(sent(&gateway, "/p/x").starts_with("GET /x "), "{made}");
    }
}
