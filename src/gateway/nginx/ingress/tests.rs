use std::path::PathBuf;

use crate::gateway::{self, Action, Gateway, InMemory, Options, Plan, Proxy, Received, Tls, Unseen};

fn try_read(yaml: &str) -> Result<Gateway, String> {
    let files = InMemory::default().file("ingress.yaml", yaml);
    gateway::read(&[PathBuf::from("ingress.yaml")], &files, Options::default()).map_err(|error| error.to_string())
}

/// An object for `example.com`, of annotations, a line of the spec, and of paths `type path service`.
fn ingress(name: &str, annotations: &[&str], spec: &str, paths: &[&str]) -> String {
    let annotations: Vec<String> =
        annotations.iter().map(|line| format!("    nginx.ingress.kubernetes.io/{line}\n")).collect();
    let path = |line: &&str| {
        let [kind, path, service] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let backend = format!("backend: {{ service: {{ name: {service}, port: {{ number: 8000 }} }} }}");
        format!("          - {{ path: '{path}', pathType: {kind}, {backend} }}\n")
    };
    let paths: String = paths.iter().map(path).collect();
    format!(
        "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: {name}\n  annotations:\n    other: x\n\
         {}spec:\n  ingressClassName: nginx\n  {spec}\n  rules:\n    - host: example.com\n      http:\n        paths:\n{paths}",
        annotations.concat()
    )
}

fn config_map(data: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: ingress-nginx-controller }}\ndata: {{ {data} }}\n"
    )
}

fn plan(gateway: &Gateway, head: &str, tls: bool) -> Plan {
    let (head, port) = (format!("{}\r\n\r\n", head.replace('\n', "\r\n")), if tls { 443 } else { 80 });
    gateway.plan(
        &Received {
            head: head.as_bytes(),
            body: Some(b""),
            peer: ([192, 0, 2, 1], 50_000).into(),
            local: ([127, 0, 0, 1], port).into(),
            tls: tls.then_some(Tls { name: None }),
        },
        &Unseen,
    )
}

/// `app:8000 /x`, `308 https://h/x`, with `?` before it if it is not known.
fn told(plan: &Plan) -> String {
    let doubt = if plan.unknown.is_empty() { "" } else { "?" };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match &plan.action {
        Action::Forward(forward) => {
            let head = text(&forward.head);
            format!("{doubt}{} {}", forward.to, head.split(' ').nth(1).unwrap())
        }
        Action::Answer(reply) => {
            let location = reply.get("location").map(|at| format!(" {}", text(at))).unwrap_or_default();
            format!("{doubt}{}{location}", reply.status)
        }
        Action::Close => format!("{doubt}closed"),
    }
}

/// Asks for URLs without a scheme over plain HTTP, and for `https://` ones over TLS.
fn check(yaml: &str, cases: &[(&str, &str)]) {
    let gateway = try_read(yaml).unwrap();
    assert_eq!(gateway.proxy, Proxy::Nginx);
    for (url, want) in cases {
        let (tls, rest) = url.strip_prefix("https://").map_or((false, *url), |rest| (true, rest));
        let (method, rest) = rest.split_once(' ').unwrap_or(("GET", rest));
        let (host, path) = rest.split_at(rest.find('/').unwrap());
        let host = if host.is_empty() { "example.com" } else { host };
        let got = told(&plan(&gateway, &format!("{method} {path} HTTP/1.1\nHost: {host}"), tls));
        assert_eq!(got, *want, "{url}");
    }
}

#[test]
fn paths_and_their_types() {
    let yaml = ingress("a", &[], "", &["Prefix /foo foo", "Exact /bar bar", "Prefix /bar bars", "Exact / root"]);
    check(
        &yaml,
        &[
            ("/foo", "foo:8000 /foo"),
            ("/foo/x%2Fy?q", "foo:8000 /foo/x%2Fy?q"),
            ("/food", "404"),
            ("/FOO/", "404"),
            ("/bar", "bar:8000 /bar"),
            ("/bar/x", "bars:8000 /bar/x"),
            ("/", "root:8000 /"),
            ("/x", "404"),
            ("https:///foo", "foo:8000 /foo"),
            ("other.com/foo", "404"),
            ("other.com/healthz", "200"),
            ("other.com/nginx_status", "403"),
        ],
    );
    let rest = ingress("a", &[], "defaultBackend: { service: { name: rest, port: { number: 80 } } }", &["Exact /x x"]);
    check(&rest, &[("/x", "x:8000 /x"), ("/y", "rest:80 /y"), ("other.com/y", "404")]);
}

#[test]
fn a_rewrite_makes_every_path_of_the_host_an_expression() {
    let api = ingress(
        "a",
        &["rewrite-target: /$2", "x-forwarded-prefix: /api"],
        "",
        &["ImplementationSpecific /api(/|$)(.*) app"],
    );
    let yaml = format!("{api}{}", ingress("b", &[], "", &["Prefix /svc svc", "Exact /ex ex"]));
    check(
        &yaml,
        &[
            ("/api/x%20y?q=1", "app:8000 /x%20y?q=1"),
            ("/API", "app:8000 /"),
            ("/apix", "404"),
            ("/svc", "svc:8000 /svc"),
            ("/SVCS", "svc:8000 /SVCS"),
            ("/exit", "ex:8000 /exit"),
        ],
    );
    // A target that is the path itself rewrites nothing, but what a Prefix is made of differs from it.
    let same = ingress("a", &["rewrite-target: /foo"], "", &["Prefix /foo foo"]);
    check(&same, &[("/foo", "foo:8000 /foo"), ("/foo/x", "foo:8000 /foo"), ("/FOO", "foo:8000 /FOO")]);
}

#[test]
fn what_is_sent_on() {
    let annotations = ["rewrite-target: /$2", "x-forwarded-prefix: /$1", "proxy-cookie-path: / /api/"];
    let yaml = ingress("a", &annotations, "", &["ImplementationSpecific /(api)(.*) app"]);
    let request = "GET /api/x HTTP/1.1\nHost: example.com:8080\nX-Request-ID: 7\nX-Forwarded-For: 10.0.0.7\n\
                   X-Forwarded-Proto: https\nX-Forwarded-Host: a.example, b.example";
    let head = |yaml: &str| match plan(&try_read(yaml).unwrap(), request, false).action {
        Action::Forward(forward) => String::from_utf8(forward.head).unwrap().replace("\r\n", "\n"),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        head(&yaml),
        "GET //x HTTP/1.1\nHost: example.com:8080\nX-Request-ID: 7\nX-Real-IP: 192.0.2.1\nX-Forwarded-For: 192.0.2.1\n\
         X-Forwarded-Host: example.com:8080\nX-Forwarded-Port: 80\nX-Forwarded-Proto: http\nX-Forwarded-Scheme: http\n\
         X-Scheme: http\nX-Original-Forwarded-For: 10.0.0.7\nX-Original-Forwarded-Host: a.example, b.example\n\
         X-Forwarded-Prefix: /api\n\n"
    );
    let settings = config_map("use-forwarded-headers: 'true', compute-full-forwarded-for: 'true'");
    let forwarded = head(&format!("{settings}{yaml}"));
    for line in [
        "Host: a.example",
        "X-Real-IP: 10.0.0.7",
        "X-Forwarded-For: 10.0.0.7, 192.0.2.1",
        "X-Forwarded-Host: a.example",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Prefix: /api",
    ] {
        assert!(forwarded.lines().any(|field| field == line), "{line} in {forwarded}");
    }
}

#[test]
fn redirects() {
    let tls = "tls: [{ hosts: [example.com] }]";
    let paths = ["Prefix /x x"];
    check(
        &ingress("a", &[], tls, &paths),
        &[
            ("/x/?q=/", "308 https://example.com/x/?q="),
            ("example.com:8080/x/", "308 https://example.com/x"),
            ("/nothing", "308 https://example.com/nothing"),
            ("/.well-known/acme-challenge/1", "308 https://example.com/.well-known/acme-challenge/1"),
            ("https:///x", "x:8000 /x"),
        ],
    );
    check(&ingress("a", &["ssl-redirect: 'false'"], tls, &paths), &[("/x", "x:8000 /x")]);
    check(
        &ingress("a", &["force-ssl-redirect: 'true'", "preserve-trailing-slash: 'true'"], "", &paths),
        &[("/x/", "308 https://example.com/x/"), ("https:///x/", "x:8000 /x/")],
    );
    check(
        &ingress("a", &["permanent-redirect: https://new.example/", "app-root: /x"], tls, &paths),
        &[("/x", "301 https://new.example/"), ("/", "302 http://example.com/x")],
    );
    check(
        &ingress("a", &["temporal-redirect: https://t.example", "temporal-redirect-code: '308'"], "", &paths),
        &[("/x", "302 https://t.example")],
    );
    check(
        &ingress("a", &["from-to-www-redirect: 'true'"], "", &paths),
        &[
            ("www.example.com/x/", "308 http://example.com:80/x"),
            ("https://www.example.com/x", "308 https://example.com:443/x"),
        ],
    );
    let wildcard = ingress("w", &[], tls, &paths).replace("host: example.com", "host: '*.example.com'");
    let below = ingress("b", &[], "", &paths).replace("host: example.com", "host: b.example.com");
    check(
        &format!("{wildcard}{below}"),
        &[
            ("a.example.com/x", "308 https://a.example.com/x"),
            // The certificate of the wildcard is found for it too.
            ("b.example.com/x", "308 https://b.example.com/x"),
            ("a.b.example.com/x", "404"),
        ],
    );
}

#[test]
fn who_may_pass() {
    let paths = ["Prefix /x x"];
    let allow = |list: &str| ingress("a", &[&format!("whitelist-source-range: {list}")], "", &paths);
    check(&allow("192.0.2.77/24"), &[("/x", "x:8000 /x"), ("/y", "?404")]);
    check(&allow("10.0.0.0/8,::1"), &[("/x", "403")]);
    check(&allow("nonsense"), &[("/x", "?403")]);
    check(&ingress("a", &["enable-cors: 'true'"], "", &paths), &[("OPTIONS /x", "204"), ("/x", "x:8000 /x")]);
}

#[test]
fn what_is_not_understood_is_unknown_where_it_holds() {
    let odd = ingress("odd", &["auth-url: http://auth.example"], "", &["Prefix /odd odd"]);
    let yaml = format!("{}{odd}", ingress("z", &["proxy-read-timeout: '9'"], "", &["Prefix /x x"]));
    check(&yaml, &[("/x", "x:8000 /x"), ("/odd", "?odd:8000 /odd")]);
    let doubts = try_read(&yaml).unwrap().not_understood;
    assert_eq!(doubts.len(), 1, "{doubts:?}");
    assert!(doubts[0].to_string().starts_with("ingress.yaml:24: nginx.ingress.kubernetes.io/auth-url"), "{doubts:?}");

    let snippet = ingress("a", &["configuration-snippet: 'return 418;'"], "", &["Prefix /x x"]);
    check(&snippet, &[("/x", "?x:8000 /x")]);
    check(&format!("{}{snippet}", config_map("allow-snippet-annotations: 'true'")), &[("/x", "418")]);
    check(&format!("{}{snippet}", config_map("allow-snippet-annotations: 'false'")), &[("/x", "x:8000 /x")]);
    check(&format!("{}{snippet}", config_map("use-proxy-protocol: 'true'")), &[("/x", "?x:8000 /x")]);

    let twice = format!("{}{}", ingress("a", &[], "", &["Prefix /x a"]), ingress("b", &[], "", &["Prefix /x b"]));
    check(&twice, &[("/x", "?b:8000 /x"), ("/y", "404")]);
    let canary = ingress("c", &["canary: 'true'", "canary-weight: '10'"], "", &["Prefix /x c"]);
    check(
        &format!("{}{canary}", ingress("a", &[], "", &["Prefix /x a", "Exact /y y"])),
        &[("/x", "?a:8000 /x"), ("/y", "y:8000 /y")],
    );
    let named = ingress("a", &[], "", &["Prefix /x x"]).replace("number: 8000", "name: web");
    let service = "---\nkind: Service\nmetadata: { name: x }\nspec: { ports: [{ name: web, port: 81 }] }\n";
    check(&named, &[("/x", "?x:80 /x")]);
    check(&format!("{named}{service}"), &[("/x", "x:81 /x")]);
}

#[test]
fn what_is_refused() {
    let good = ingress("a", &[], "", &["Prefix /x x"]);
    for (from, to, want) in [
        ("networking.k8s.io/v1", "extensions/v1beta1", "ingress.yaml:2: apiVersion extensions/v1beta1"),
        ("pathType: Prefix", "pathType: Some", "path /x: pathType: it must be Exact"),
        ("path: '/x'", "path: 'x'", "it must begin with a \"/\""),
        ("name: x,", "", "service: a name is missing"),
        ("number: 8000", "number: 0", "service: the port's number is none"),
        ("host: example.com", "host: Example.com:80", "it must be a name in small letters"),
        ("ingressClassName: nginx", "ingressClassName: alb", "Ingress of class alb"),
    ] {
        let error = try_read(&good.replace(from, to)).unwrap_err();
        assert!(error.contains(want), "{error}");
    }
}
