//! Whole configurations, read: what becomes of them, in a few words.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::gateway::InMemory;
use crate::gateway::document::At;
use crate::gateway::traefik::dynamic::ServiceKind;

const STATIC: &str = "entryPoints:\n  web:\n    address: ':80'\nproviders:\n  file:\n    filename: dyn.yml\n";

const DYNAMIC: &str = "\
http:
  routers:
    a:
      rule: PathPrefix(`/a`)
      service: s
  services:
    s:
      loadBalancer:
        servers: [{url: 'http://127.0.0.1:1'}]
";

/// A Traefik of files, read from the first of them.
fn source(files: &[(&str, &str)], release: Option<&str>) -> Result<Source, String> {
    let mut all = InMemory::default().with("DOMAIN", "example.org");
    for (path, text) in files {
        all = all.file(*path, *text);
    }
    let first = PathBuf::from(files[0].0);
    read(&[first], &all, release.map(|text| text.parse().unwrap())).map_err(|error| error.to_string())
}

/// Entry points, routers, services and middlewares, a line each.
fn shown(source: &Source) -> String {
    let list = |texts: &[At<String>]| texts.iter().map(|text| text.value.as_str()).collect::<Vec<_>>().join(",");
    let mut out = String::new();
    for point in &source.install.entry_points {
        let port = point.port.map_or_else(String::new, |port| port.to_string());
        let _ = writeln!(out, "{} {}:{port}", point.name, point.host);
    }
    for router in &source.dynamic.routers {
        let (rule, service, line) = (&router.rule.value, &router.service.value, router.place.line);
        let tls = if router.tls.is_some() { " tls" } else { "" };
        let name = router.provider.qualified(&router.name);
        let _ = writeln!(out, "{name}:{line} {rule} [{}] -> {service}{tls}", list(&router.middlewares));
    }
    for service in &source.dynamic.services {
        let to = match &service.kind {
            ServiceKind::LoadBalancer(balancer) => {
                balancer.servers.iter().map(|server| server.url.value.as_str()).collect::<Vec<_>>().join(",")
            }
            ServiceKind::Weighted(several) => {
                several.iter().map(|one| format!("{}*{}", one.name.value, one.weight)).collect::<Vec<_>>().join(",")
            }
            other => format!("{other:?}"),
        };
        let _ = writeln!(out, "{} {to}", service.name);
    }
    for middleware in &source.dynamic.middlewares {
        let kinds: Vec<_> = middleware.kinds.iter().map(|kind| kind.value.name()).collect();
        let _ = writeln!(out, "{} {}", middleware.name, kinds.join("+"));
    }
    for what in &source.not_understood {
        let _ = writeln!(out, "? {what}");
    }
    for remark in &source.remarks {
        let _ = writeln!(out, "! {} {} {}", remark.code, remark.place, remark.what);
    }
    out
}

/// The first line of what is shown of one dynamic file, or the error.
fn dynamic(name: &str, text: &str) -> String {
    let start = STATIC.replace("dyn.yml", name);
    match source(&[("t/traefik.yml", &start), (&format!("t/{name}"), text)], None) {
        Ok(source) => shown(&source).lines().skip(1).collect::<Vec<_>>().join(" | "),
        Err(error) => error,
    }
}

#[test]
fn toml_and_yaml_say_the_same() {
    let toml = "[http.routers.a]\nrule = \"PathPrefix(`/a`)\"\nservice = \"s\"\n\
        [[http.services.s.loadBalancer.servers]]\nurl = \"http://127.0.0.1:1\"\n";
    let expected = "a@file:{line} PathPrefix(`/a`) [] -> s | s http://127.0.0.1:1";
    assert_eq!(dynamic("dyn.yml", DYNAMIC), expected.replace("{line}", "3"));
    assert_eq!(dynamic("dyn.toml", toml), expected.replace("{line}", "1"));
    let dotted = "http.routers.a.rule = \"PathPrefix(`/a`)\"\nhttp.routers.a.service = \"s\"\n\
        http.services.s.loadBalancer.servers = [{ url = \"http://127.0.0.1:1\" }]\n";
    assert_eq!(dynamic("dyn.toml", dotted), expected.replace("{line}", "1"));
    let anchored = "x: &s\n  loadBalancer: {servers: [{url: 'http://127.0.0.1:1'}]}\n\
        http:\n  routers:\n    a: {rule: PathPrefix(`/a`), service: s}\n  services:\n    s:\n      <<: *s\n";
    assert_eq!(dynamic("dyn.yml", anchored), expected.replace("{line}", "5"));
}

/// Each was tried with Traefik 3.7.15.
#[test]
fn values_are_taken_as_traefik_takes_them() {
    let with =
        |more: &str| dynamic("dyn.yml", &DYNAMIC.replace("service: s\n", &format!("service: s\n      {more}\n")));
    for (more, expected) in [
        ("MIDDLEWARES: x, y", "[x,y] -> s"),
        ("middlewares: ['x ', y]", "[x,y] -> s"),
        ("tls: {}", "-> s tls"),
        ("tls: true", "-> s tls"),
        ("tls:", "-> s |"),
        ("tls: yes", "-> s |"),
        ("priority: '5'", "-> s |"),
        ("priority: 0x10", "-> s |"),
        ("priority: x", "dyn.yml:6: \"x\" must be a whole number; Traefik 3.7.15 takes nothing of this file"),
        ("foo: 1", "dyn.yml:6: foo: there is no such field here; Traefik 3.7.15 takes nothing of this file"),
        ("observability: {accessLogs: true}", "-> s |"),
    ] {
        assert!(with(more).contains(expected), "{more}: {}", with(more));
    }
    let middleware = |text: &str| dynamic("dyn.yml", &format!("{DYNAMIC}  middlewares:\n    m:{text}\n"));
    for (text, expected) in [
        (" {stripPrefix: {prefixes: /a}}", "| m stripPrefix"),
        (" {compress: {}}", "| m compress"),
        (" {stripPrefix: {}}", "stripPrefix cannot be a standalone element"),
        (" {}", "| m "),
        ("", "middlewares cannot be a standalone element"),
        (" {rateLimit: {average: 1, bogus: 1}}", "bogus: there is no such field"),
        (" {compress: {}, addPrefix: {prefix: /x}}", "| m addPrefix+compress"),
    ] {
        assert!(middleware(text).contains(expected), "{text}: {}", middleware(text));
    }
}

#[test]
fn what_is_no_document_is_refused_with_its_line() {
    for (name, text, expected) in [
        ("dyn.yml", "http:\n\trouters:\n", "t/dyn.yml:2: "),
        ("dyn.yml", "http: {}\nhttp: {}\n", "t/dyn.yml:2: \"http\" is there already"),
        ("dyn.yml", "- a\n", "a map is expected here"),
        ("dyn.toml", "[http\n", "t/dyn.toml:1: "),
        ("dyn.yml", "http:\n  routers:\n    a: {service: 2024-01-01}\n", "t/dyn.yml:3: service is a date"),
    ] {
        assert!(dynamic(name, text).contains(expected), "{text}: {}", dynamic(name, text));
    }
    let mut deep = String::new();
    for depth in 0..5000 {
        let _ = writeln!(deep, "{}a:", " ".repeat(depth));
    }
    assert!(dynamic("dyn.yml", &deep).contains("deep"), "{}", dynamic("dyn.yml", &deep));
    let deep = "a: ".to_owned() + &"[".repeat(5000);
    assert!(dynamic("dyn.yml", &deep).contains("limit"), "{}", dynamic("dyn.yml", &deep));
    let mut laughs = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (before, name) in ('a'..='h').zip('b'..) {
        let _ = writeln!(laughs, "{name}: &{name} [{}]", [format!("*{before}").as_str(); 10].join(","));
    }
    assert!(dynamic("dyn.yml", &laughs).contains("excessive aliasing"));
}

#[test]
fn fields_are_those_of_the_release() {
    let preserve = DYNAMIC.replace("127.0.0.1:1'", "127.0.0.1:1', preservePath: true");
    let sanitize = STATIC.replace("address: ':80'", "address: ':80'\n    http: {sanitizePath: false}");
    let read = |release: &str, start: &str, dynamic: &str| {
        source(&[("traefik.yml", start), ("dyn.yml", dynamic)], Some(release))
    };
    for (release, expected) in [("3.1.7", Some("dyn.yml:9: preservePath")), ("3.2.0", None), ("3.7.15", None)] {
        let error = read(release, STATIC, &preserve).err();
        assert_eq!(error.is_some(), expected.is_some(), "{release}: {error:?}");
        assert!(error.unwrap_or_default().starts_with(expected.unwrap_or_default()), "{release}");
    }
    for (release, taken) in
        [("2.11.22", false), ("2.11.23", true), ("3.0.4", false), ("3.3.5", false), ("3.3.6", true), ("3.4.0", true)]
    {
        assert_eq!(read(release, &sanitize, DYNAMIC).is_ok(), taken, "{release}");
    }
}

/// Each was tried with Traefik 3.7.15.
#[test]
fn what_traefik_does_not_start_with_is_refused() {
    let read =
        |start: &str, release| source(&[("traefik.yml", start), ("dyn.yml", DYNAMIC)], Some(release)).map(|_| ());
    for (more, expected) in [
        ("foo: {a: 1}", ""),
        ("api: {}", ""),
        ("api:", ""),
        ("core: {defaultRuleSyntax: v4}", "traefik.yml:7: defaultRuleSyntax is \"v4\""),
        ("pilot: {token: x}", "traefik.yml:7: pilot: v3 has removed it"),
        ("experimental: {http3: true}", "traefik.yml:7: experimental.http3: v3 has removed it"),
        ("global: {}", "traefik.yml:7: global cannot be a standalone element; Traefik 3.7.15 does not start with it"),
    ] {
        let error = read(&format!("{STATIC}{more}\n"), "3.7.15").err().unwrap_or_default();
        assert!(if expected.is_empty() { error.is_empty() } else { error.starts_with(expected) }, "{more}: {error}");
    }
    assert_eq!(read(&format!("{STATIC}pilot: {{token: x}}\n"), "2.11.0"), Ok(()));
    for (from, to, expected) in [
        ("address: ':80'", "address: ':80'\n    foo: 1", "traefik.yml:4: foo: there is no such field here"),
        ("address: ':80'", "address: '80'", "traefik.yml:3: address is \"80\"; it must end with a port"),
        ("filename: dyn.yml", "filename: nope.yml", "traefik.yml:6: nope.yml is not there"),
        ("filename: dyn.yml", "watch: true", "traefik.yml:5: providers.file names neither"),
        ("file:", "filee:", "traefik.yml:5: filee: there is no such field here"),
    ] {
        assert!(read(&STATIC.replace(from, to), "3.7.15").unwrap_err().starts_with(expected), "{to}");
    }
}

#[test]
fn folders_are_read_by_name_and_names_once() {
    let start = STATIC.replace("filename: dyn.yml", "directory: /etc/traefik/conf");
    let other = DYNAMIC.replace("/a", "/b");
    let source = source(
        &[
            ("x/traefik.yml", &start),
            ("x/conf/b.yml", &other),
            ("x/conf/a.yml", DYNAMIC),
            ("x/conf/sub/c.yml", &DYNAMIC.replace(" a:", " c:").replace(" s:", " t:")),
            ("x/conf/readme.md", "http: nothing"),
            ("x/unrelated.yml", "http: {routers: {no: {rule: Path(`/`)}}}"),
        ],
        None,
    );
    assert_eq!(
        shown(&source.unwrap()),
        "web :80\na@file:3 PathPrefix(`/a`) [] -> s\nc@file:3 PathPrefix(`/a`) [] -> s\n\
         s http://127.0.0.1:1\nt http://127.0.0.1:1\n\
         ! TF01 x/conf/b.yml:3 router a is there already in another file; Traefik skips this one\n\
         ! TF01 x/conf/b.yml:7 service s is there already in another file; Traefik skips this one\n"
    );
}

#[test]
fn a_dynamic_file_alone_is_enough() {
    let routed = DYNAMIC.replace("service: s\n", "service: s\n      entryPoints: [websecure, web]\n");
    assert_eq!(
        shown(&source(&[("routes.yml", &routed)], None).unwrap()).lines().take(2).collect::<Vec<_>>(),
        ["websecure :443", "web :80"]
    );
    assert!(shown(&source(&[("routes.yml", DYNAMIC)], None).unwrap()).starts_with("http :80\n"));
    assert!(source(&[("other.yml", "a: b\n")], None).unwrap_err().contains("nothing of Traefik is in it"));
}

#[test]
fn templates_are_filled_or_not_understood() {
    let of = |template: &str| dynamic("dyn.yml", &DYNAMIC.replace("PathPrefix(`/a`)", &format!("Host(`{template}`)")));
    assert!(of("{{ env \"DOMAIN\" }}").starts_with("a@file:3 Host(`example.org`)"), "{}", of("{{ env \"DOMAIN\" }}"));
    assert!(of("{{ env \"UNSET\" }}").starts_with("? t/dyn.yml:4: {{ env \"UNSET\" }}: UNSET is not set here"));
    assert!(of("{{ range }}").starts_with("? t/dyn.yml:4: {{ range }}: of templates only"));
}

const COMPOSE: &str = "\
name: shop
services:
  traefik:
    image: traefik:v3.3
    command:
      - --providers.docker.exposedbydefault=false
      - --providers.file.directory=/etc/traefik/conf
      - --entrypoints.web.address=:80
      - --entrypoints.web.forwardedheaders.trustedips=10.0.0.0/8,172.16.0.0/12
    volumes: ['./conf:/etc/traefik/conf:ro']
  api:
    image: api
    labels:
      - traefik.enable=true
      - traefik.http.routers.api.rule=Host(`${HOST:-${DOMAIN}}`) && PathPrefix(`/api`)
      - traefik.http.routers.api.middlewares=auth
      - traefik.http.routers.api.middlewares=strip
      - traefik.http.middlewares.strip.stripprefix.prefixes=/api
      - traefik.http.middlewares.auth.basicauth.users=u:$$apr1$$x
      - traefik.http.services.api.loadbalancer.server.port=8000
  web:
    build: .
    expose: ['3000']
    labels: {traefik.enable: 'true'}
  off:
    image: off
    labels: {traefik.http.routers.off.rule: Path(`/off`)}
";

#[test]
fn labels_of_a_compose_file_are_read() {
    let source = source(&[("compose.yml", COMPOSE), ("conf/x.yml", &DYNAMIC.replace(" s:", " f:"))], None).unwrap();
    assert_eq!(source.release, Release::new(3, 3, 7));
    assert_eq!(source.install.entry_points[0].forwarded.trusted.len(), 2);
    assert_eq!(
        shown(&source),
        "web :80\na@file:3 PathPrefix(`/a`) [] -> s\n\
         api@docker:15 Host(`example.org`) && PathPrefix(`/api`) [strip] -> api\n\
         web-shop@docker:21 Host(`web-shop`) [] -> web-shop\n\
         f http://127.0.0.1:1\napi http://api:8000\nweb-shop http://web:3000\n\
         auth basicAuth\nstrip stripPrefix\n\
         ? compose.yml:23: web: no label names the port (traefik.http.services.….loadbalancer.server.port), and which \
         ports the image exposes is not known; Traefik takes the lowest\n\
         ! TF03 compose.yml:17 the label traefik.http.routers.api.middlewares stands twice; only this one counts\n"
    );
}

/// Each was tried with Traefik 3.7.15 and containers of these labels.
#[test]
fn labels_are_taken_as_traefik_takes_them() {
    let of = |services: &[(&str, &[&str])]| {
        let mut file = "name: p\nservices:\n  t: {image: 'traefik:v3', command: --providers.docker, \
            labels: {traefik.enable: 'false'}}\n"
            .to_owned();
        for (name, labels) in services {
            let _ = writeln!(file, "  {name}:\n    image: x\n    labels:\n    - a=b");
            for label in *labels {
                let _ = writeln!(file, "    - traefik.{label}");
            }
        }
        let source = source(&[("compose.yml", &file)], None).unwrap();
        let shown = shown(&source);
        shown.lines().skip(1).filter(|line| !line.starts_with('?')).collect::<Vec<_>>().join(" | ")
    };
    let (rule, port) = ("http.routers.r.rule=Path(`/`)", "http.services.s.loadbalancer.server.port=8000");
    for (labels, expected) in [
        (&[rule, port][..], "r@docker:8 Path(`/`) [] -> s | s http://x:8000"),
        (&["enable=false", rule, port], ""),
        (&["enable=yes", rule], "\"yes\" must be true or false; Traefik takes no label of x"),
        (&["HTTP.Routers.r.Rule=Path(`/`)", port], "r@docker:8 Path(`/`) [] -> s"),
        (&[rule, "http.routers.r.foo=1"], "foo: there is no such field here; Traefik takes no label of x"),
        (&[rule, port, "http.services.t.loadbalancer.server.port=1"], "s http://x:8000 | t http://x:1"),
        (&[rule, "http.services.s.loadbalancer.servers[0].url=http://h:1"], "servers: there is no such field here"),
        (&[rule, "http.services.s.loadbalancer.server.url=http://h:1"], "s http://h:1"),
        (&[rule, port, "http.services.s.loadbalancer.server.scheme=https"], "s https://x:8000"),
        (&[rule, "http.routers..x=1"], "nothing between two dots"),
        (&[rule, port, "http.routers.r.tls=true", "http.routers.r.tls.certresolver=le"], "-> s tls"),
        (&["tcp.routers.t.rule=HostSNI(`*`)"], ""),
        (&[port], "x-p@docker:4 Host(`x-p`) [] -> s"),
    ] {
        let shown = of(&[("x", labels)]);
        assert!(if expected.is_empty() { shown.is_empty() } else { shown.contains(expected) }, "{labels:?}: {shown}");
    }
    let shared = "http.routers.r.service=s";
    assert!(
        of(&[("x", &[rule, port, shared]), ("y", &[rule, port, shared])]).contains("s http://x:8000,http://y:8000")
    );
    let other = of(&[("x", &[rule, port]), ("y", &["http.routers.r.rule=Path(`/y`)", port])]);
    assert!(!other.contains("r@docker") && other.contains("TF01"), "{other}");
}

#[test]
fn objects_of_a_cluster_are_read() {
    let objects = "\
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: {name: app, namespace: prod}
spec:
  entryPoints: [web]
  routes:
  - match: PathPrefix(`/api`)
    kind: Rule
    middlewares: [{name: strip}, {name: auth@file}]
    services: [{name: api, port: 8000}]
  - match: PathPrefix(`/two`)
    services: [{name: api, port: 8000, weight: 2}, {name: web, port: http}]
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: strip, namespace: prod}
spec: {stripPrefix: {prefixes: [/api]}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: prod}
spec: {ports: [{name: http, port: 3000}]}
";
    assert_eq!(
        shown(&source(&[("k.yml", objects)], None).unwrap()),
        "web :80\nprod-app-0@kubernetescrd:7 PathPrefix(`/api`) [prod-strip,auth@file] -> prod-api-8000\n\
         prod-app-1@kubernetescrd:11 PathPrefix(`/two`) [] -> prod-app-1\n\
         prod-api-8000 http://api:8000\nprod-web-http http://web:3000\nprod-app-1 prod-api-8000*2,prod-web-http*1\n\
         prod-strip stripPrefix\n\
         ! TF02 k.yml:5 no static configuration is given: entry point web is taken to be :80\n"
    );
    let old = objects.replace("traefik.io/", "traefik.containo.us/");
    let source = source(&[("k.yml", &old)], None).unwrap();
    assert_eq!((source.release, source.dynamic.routers.len()), (LAST_OF_2, 2));
}

proptest! {
    /// Whatever stands in a file, it is read or refused.
    #[test]
    fn any_text_is_read_or_refused(
        text in r"([a-z:&*!|>'{}\[\]#,<$=.0-9-]|[ \n]|http|labels: |services:|traefik\.|rule|\$\{|\}|\{\{){0,60}",
        end in prop_oneof!["yml", "toml"],
    ) {
        let name = format!("f.{end}");
        let _ = source(&[(&name, &text)], None);
        let labelled = format!("services:\n  a:\n    image: traefik\n    labels:\n      - {text:?}\n    command: {text:?}\n");
        let _ = source(&[("compose.yml", &labelled)], None);
    }
}
