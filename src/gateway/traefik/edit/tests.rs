use std::path::Path;

use super::*;
use crate::gateway::{Action, Files, InMemory, Options, Proxy, Received, Unseen, apply, read};

/// A static file for dynamic ones of either kind.
const STATIC: &str = "entryPoints:\n  web:\n    address: ':80'\nproviders:\n  file:\n    filename: ";

/// A Traefik of a static file and `routes.yml`, `routes.toml` or `compose.yml`.
fn gateway(name: &str, text: &str) -> Gateway {
    let options = Options { proxy: Some(Proxy::Traefik), release: None, front: None };
    let files = InMemory::default().file(name, text);
    if name == "compose.yml" {
        return read(&[name.into()], &files, options).unwrap();
    }
    read(&["traefik.yml".into()], &files.file("traefik.yml", format!("{STATIC}{name}\n")), options).unwrap()
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

/// A file with changes made for a request, and the gateway that it is; or why not.
fn amended(name: &str, text: &str, target: &str, changes: &[Change]) -> Result<(String, Gateway), String> {
    let gateway = gateway(name, text);
    let plan = plan(&gateway, target);
    let amended = gateway.amend(changes, &plan).map_err(|why| why.to_string())?;
    let files = apply(&gateway.origin.as_ref().unwrap().files, &amended.edits).unwrap();
    let text = String::from_utf8(files.read(Path::new(name)).unwrap()).unwrap();
    Ok((text, amended.gateway))
}

fn path(prefix: &str, to: &str) -> Change {
    Change::Path { prefix: prefix.to_owned(), to: to.to_owned() }
}

const BLOCK: &str = "http:
  routers:
    app:
      rule: PathPrefix(`/p`)  # public
      service: app
  services:
    app:
      loadBalancer:
        servers:
          - url: http://app:8000
";

const STRIPPED: &str = "http:
  routers:
    app:
      rule: \"Host(`example.com`) && PathPrefix(`/p`)\"
      service: app
      middlewares:
      - auth
      - strip
  middlewares:
    auth:
      headers:
        customRequestHeaders:
          X-Who: me
          X-Forwarded-Proto: http
    strip:
      stripPrefix:
        prefixes:
        - /p
  services:
    app:
      loadBalancer:
        passHostHeader: false
        servers:
        - url: http://app:8000
";

const FLOW: &str = "http:
  routers:
    app: {rule: 'PathPrefix(`/p`)', service: app, middlewares: [strip]}
  middlewares:
    strip: {stripPrefix: {prefixes: [/api]}}
  services:
    app: {loadBalancer: {servers: [{url: 'http://app:8000'}]}}
";

const TOML: &str = "[http.routers.app]
  rule = \"PathPrefix(`/p`)\"
  service = \"app\"

[http.services.app.loadBalancer]
  [[http.services.app.loadBalancer.servers]]
    url = \"http://app:8000\"
";

const LABELS: &str = "services:
  traefik:
    image: traefik:v3.7
    command:
      - --providers.docker
      - --entrypoints.web.address=:80
  app:
    image: app
    labels:
      - \"traefik.enable=true\"
      - \"traefik.http.routers.app.rule=PathPrefix(`/p`)\"
      - \"traefik.http.services.app.loadbalancer.server.port=8000\"
";

const LABEL_MAP: &str = "services:
  traefik:
    image: traefik:v3.7
    command:
      - --providers.docker
      - --entrypoints.web.address=:80
      - --entrypoints.web.forwardedHeaders.trustedIPs=10.0.0.0/8
  app:
    image: app
    labels:
      traefik.http.routers.app.rule: PathPrefix(`/p`)
      traefik.http.routers.app.middlewares: strip
      traefik.http.middlewares.strip.stripprefix.prefixes: /p
      traefik.http.services.app.loadbalancer.server.port: 8000
      traefik.http.services.app.loadbalancer.passhostheader: false
";

/// What a change makes of a file, as the lines that go and come; or why it is not made.
fn diff(name: &str, text: &str, target: &str, change: &Change) -> String {
    let gateway = gateway(name, text);
    match gateway.amend(std::slice::from_ref(change), &plan(&gateway, target)) {
        Ok(amended) => {
            let mut out = Vec::new();
            for edit in &amended.edits {
                let file = edit.place.file.to_str().unwrap();
                let text = if file == name { text.to_owned() } else { format!("{STATIC}{name}\n") };
                let gone = text.lines().skip(edit.place.line as usize - 1).take(edit.remove as usize);
                out.extend(gone.map(|line| format!("-{line}")));
                out.extend(edit.insert.iter().map(|line| format!("+{line}")));
            }
            out.join("\n")
        }
        Err(why) => why.to_string(),
    }
}

#[test]
fn paths() {
    for (name, text, change, wanted, lines) in [
        (
            "routes.yml",
            BLOCK,
            path("/p", ""),
            "GET /x ",
            "+      middlewares:\n+        - app-strip\n+  middlewares:\n+    app-strip:\n+      stripPrefix:\n+        prefixes:\n\
             +          - /p",
        ),
        ("routes.yml", STRIPPED, path("/p", "/p"), "GET /p/x ", "-      - strip"),
        (
            "routes.yml",
            STRIPPED,
            path("/p", "/q"),
            "GET /q/x ",
            "-      - strip\n+      - app-path\n+    app-path:\n+      replacePathRegex:\n+        regex: ^/p(?:/(.*))?$\n\
             +        replacement: /q/$1",
        ),
        (
            "routes.yml",
            FLOW,
            path("/p", ""),
            "GET /x ",
            "-    strip: {stripPrefix: {prefixes: [/api]}}\n+    strip: {stripPrefix: {prefixes: [/p]}}",
        ),
        (
            "routes.toml",
            TOML,
            path("/p", ""),
            "GET /x ",
            "+  middlewares = [\"app-strip\"]\n+\n+[http.middlewares.app-strip.stripPrefix]\n+  prefixes = [\"/p\"]",
        ),
        (
            "compose.yml",
            LABELS,
            path("/p", ""),
            "GET /x ",
            "+      - \"traefik.http.routers.app.middlewares=app-strip\"\n\
             +      - \"traefik.http.middlewares.app-strip.stripprefix.prefixes=/p\"",
        ),
        (
            "compose.yml",
            LABELS,
            path("/p", "/q"),
            "GET /q/x ",
            "+      - \"traefik.http.routers.app.middlewares=app-path\"\n\
             +      - \"traefik.http.middlewares.app-path.replacepathregex.regex=^/p(?:/(.*))?$$\"\n\
             +      - \"traefik.http.middlewares.app-path.replacepathregex.replacement=/q/$$1\"",
        ),
        ("compose.yml", LABEL_MAP, path("/p", "/p"), "GET /p/x ", "-      traefik.http.routers.app.middlewares: strip"),
    ] {
        assert_eq!(diff(name, text, "/p/x", &change), lines, "{change} in {text}");
        let (made, gateway) = amended(name, text, "/p/x", std::slice::from_ref(&change)).unwrap();
        assert!(sent(&gateway, "/p/x").starts_with(wanted), "{made}");
    }
}

#[test]
fn a_prefix_that_is_right_ends_at_a_slash() {
    for (text, rule) in [
        (BLOCK, "      rule: Path(`/p`) || PathPrefix(`/p/`)  # public"),
        (STRIPPED, "      rule: \"Host(`example.com`) && (Path(`/p`) || PathPrefix(`/p/`))\""),
    ] {
        let change = if text == BLOCK { path("/p", "/p") } else { path("/p", "") };
        let (made, gateway) = amended("routes.yml", text, "/p2", std::slice::from_ref(&change)).unwrap();
        assert!(made.lines().any(|line| line == rule), "{made}");
        assert_eq!((sent(&gateway, "/p2").as_str(), sent(&gateway, "/p").starts_with("GET")), ("404 ", true));
        assert_eq!(diff("routes.yml", &made, "/p/x", &change), "already so");
    }
}

#[test]
fn fields() {
    for (name, text, change, wanted, lines) in [
        ("routes.yml", BLOCK, Change::PassHost, "", "already so"),
        (
            "routes.yml",
            STRIPPED,
            Change::PassHost,
            "|Host: example.com:8080|",
            "-        passHostHeader: false\n+        passHostHeader: true",
        ),
        ("routes.yml", STRIPPED, Change::SendScheme, "|X-Forwarded-Proto: http|", "-          X-Forwarded-Proto: http"),
        (
            "compose.yml",
            LABEL_MAP,
            Change::PassHost,
            "|Host: example.com:8080|",
            "-      traefik.http.services.app.loadbalancer.passhostheader: false\n\
             +      traefik.http.services.app.loadbalancer.passhostheader: 'true'",
        ),
        (
            "routes.toml",
            TOML,
            Change::SendPrefix("/p".to_owned()),
            "|X-Forwarded-Prefix: /p|",
            "+  middlewares = [\"app-prefix\"]\n+\n+[http.middlewares.app-prefix.headers.customRequestHeaders]\n\
             +  X-Forwarded-Prefix = \"/p\"",
        ),
        ("routes.yml", STRIPPED, Change::SendPrefix("/p".to_owned()), "", "already so"),
        (
            "routes.yml",
            BLOCK,
            Change::TrustFront("10.9.9.9".to_owned()),
            "GET /p/x ",
            "+    forwardedHeaders:\n+      trustedIPs:\n+        - 10.9.9.9",
        ),
        (
            "routes.yml",
            STRIPPED,
            Change::TrustFront("10.9.9.9".to_owned()),
            "GET /x ",
            "-          X-Forwarded-Proto: http\n+    forwardedHeaders:\n+      trustedIPs:\n+        - 10.9.9.9",
        ),
        (
            "compose.yml",
            LABELS,
            Change::TrustFront("10.9.9.9".to_owned()),
            "GET /p/x ",
            "+      - --entrypoints.web.forwardedHeaders.trustedIPs=10.9.9.9",
        ),
        ("compose.yml", LABEL_MAP, Change::TrustFront("10.9.9.9".to_owned()), "", "already so"),
        (
            "compose.yml",
            LABEL_MAP,
            Change::TrustFront("192.0.2.0/24".to_owned()),
            "GET /x ",
            "-      - --entrypoints.web.forwardedHeaders.trustedIPs=10.0.0.0/8\n\
             +      - --entrypoints.web.forwardedHeaders.trustedIPs=10.0.0.0/8,192.0.2.0/24",
        ),
    ] {
        assert_eq!(diff(name, text, "/p/x", &change), lines, "{change} in {text}");
        if let Ok((_, gateway)) = amended(name, text, "/p/x", std::slice::from_ref(&change)) {
            assert!(sent(&gateway, "/p/x").contains(wanted), "{change}: {}", sent(&gateway, "/p/x"));
            let again = gateway.amend(std::slice::from_ref(&change), &plan(&gateway, "/p/x"));
            assert_eq!(again.unwrap_err().to_string(), "already so");
        }
    }
}

#[test]
fn redirects_and_rules() {
    let slash = Change::SlashAtMount("/p".to_owned());
    let lines = "+      - \"traefik.http.routers.app.middlewares=app-slash\"\n\
                 +      - \"traefik.http.middlewares.app-slash.redirectregex.regex=^https?://[^/]+/p(\\\\?.*)?$$\"\n\
                 +      - \"traefik.http.middlewares.app-slash.redirectregex.replacement=/p/$${1}\"\n\
                 +      - \"traefik.http.middlewares.app-slash.redirectregex.permanent=true\"";
    assert_eq!(diff("compose.yml", LABELS, "/p", &slash), lines);
    for (name, text) in [("compose.yml", LABELS), ("routes.yml", STRIPPED), ("routes.yml", FLOW), ("routes.toml", TOML)]
    {
        let (made, gateway) = amended(name, text, "/p", std::slice::from_ref(&slash)).unwrap();
        assert_eq!(sent(&gateway, "/p?a=b"), "301 /p/?a=b", "{made}");
        assert!(sent(&gateway, "/p/x").starts_with("GET /"), "{made}");
        assert_eq!(diff(name, &made, "/p", &slash), "already so");
    }
    let behind = BLOCK.replace("`/p`", "`/p/`");
    let (_, gateway) = amended("routes.yml", &behind, "/p", &[slash]).unwrap();
    assert_eq!(sent(&gateway, "/p"), "301 /p/");

    let take = Change::Take("/s".to_owned());
    for (text, rule) in [
        (BLOCK, "      rule: PathPrefix(`/p`) || PathPrefix(`/s`)  # public"),
        (STRIPPED, "      rule: \"Host(`example.com`) && (PathPrefix(`/p`) || PathPrefix(`/s`))\""),
    ] {
        let (made, gateway) = amended("routes.yml", text, "/p/x", std::slice::from_ref(&take)).unwrap();
        assert!(made.lines().any(|line| line == rule), "{made}");
        assert!(sent(&gateway, "/s/x").starts_with("GET /s/x "));
    }
    let host = Change::TakeHost { host: "b.test".to_owned(), prefix: "/p".to_owned() };
    let elsewhere = STRIPPED.replace("example.com", "a.test");
    assert_eq!(
        diff("routes.yml", &elsewhere, "/p/x", &host),
        "-      rule: \"Host(`a.test`) && PathPrefix(`/p`)\"\n+      rule: \"(Host(`a.test`) || Host(`b.test`)) && \
         PathPrefix(`/p`)\""
    );
    assert!(diff("routes.yml", BLOCK, "/p/x", &host).contains("names no host"));
    // What the rule's length was its rank for stays before it.
    let other = BLOCK
        .replace("  services:", "    other:\n      rule: PathPrefix(`/p/static`)\n      service: app\n  services:");
    let (made, _) = amended("routes.yml", &other, "/p/x", &[take]).unwrap();
    assert!(made.contains("      priority: 16\n"), "{made}");
    assert!(diff("routes.yml", BLOCK, "/p/x", &Change::MendLocation("/p".to_owned())).starts_with("Traefik does not"));
    let hostile = path("/p`) || Host(`x", "");
    assert!(
        diff("routes.yml", BLOCK, "/p/x", &hostile)
            .ends_with("cannot be written into Traefik's configuration as it is")
    );
}
