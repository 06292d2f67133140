use super::*;
use crate::gateway::trial::{self, location, plan};
use crate::gateway::{InMemory, Options, Proxy, read};

fn gateway(text: &str) -> Gateway {
    let options = Options { proxy: Some(Proxy::Haproxy), release: None, front: None };
    read(&["haproxy.cfg".into()], &InMemory::default().file("haproxy.cfg", text), options).unwrap()
}

fn ask(gateway: &Gateway, target: &str) -> Plan {
    plan(gateway, format!("GET {target} HTTP/1.1\r\nHost: example.com:8080\r\n\r\n").as_bytes())
}

/// What becomes of a request, in short.
fn sent(gateway: &Gateway, target: &str) -> String {
    trial::sent(ask(gateway, target))
}

/// What a change makes of a file, and the gateway; or why it is not made.
fn amended(text: &str, target: &str, change: &Change) -> Result<(String, Gateway), String> {
    trial::amended(&gateway(text), ("haproxy.cfg", text), change, |gateway| ask(gateway, target))
}

fn path(prefix: &str, to: &str) -> Change {
    Change::Path { prefix: prefix.to_owned(), to: to.to_owned() }
}

const LISTEN: &str = "defaults\n  mode http\nlisten web\n  bind :80\n  server a 10.0.0.1:80\n";
const STRIP: &str = "defaults
    mode http
frontend web
    bind :80
    http-request set-header X-Forwarded-Proto https
    http-request set-header Host app # why
    use_backend api if { path_beg /p/ }
    default_backend rest
backend api
    option forwardfor except 192.0.2.0/24
    http-request replace-path /p(/)?(.*) /\\2
    http-response replace-header Location ^https?://[^/]+(/.*) \\1
    server a 10.0.0.1:8000
backend rest
    server a 10.0.0.2:80
";

#[test]
fn each_change_is_written() {
    let field = |name: &str| name.to_owned();
    for (text, change, lines, head) in [
        (LISTEN, path("/p", ""), "+http-request replace-path ^/p(/|$)(.*) /\\2", "GET /x "),
        (LISTEN, path("/p", "/q.r"), "+http-request replace-path ^/p(/|$)(.*) /q.r/\\2", "GET /q.r/x "),
        (STRIP, path("/p", "/p"), "-http-request replace-path /p(/)?(.*) /\\2", "GET /p/x "),
        (
            STRIP,
            path("/p", "/q"),
            "-http-request replace-path /p(/)?(.*) /\\2\n+http-request replace-path ^/p(/|$)(.*) /q/\\2",
            "GET /q/x ",
        ),
        (STRIP, Change::PassHost, "-http-request set-header Host app # why", "|host: example.com:8080|"),
        (
            STRIP,
            Change::SendScheme,
            "-http-request set-header X-Forwarded-Proto https\n\
             +http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]",
            "|x-forwarded-proto: http|",
        ),
        (
            LISTEN,
            Change::SendScheme,
            "+http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]",
            "|x-forwarded-proto: http|",
        ),
        (LISTEN, Change::SendFor, "+option forwardfor", "|x-forwarded-for: 192.0.2.7|"),
        (
            STRIP,
            Change::SendFor,
            "-option forwardfor except 192.0.2.0/24\n+option forwardfor",
            "|x-forwarded-for: 192.0.2.7|",
        ),
        (
            LISTEN,
            Change::SendPrefix(field("/p")),
            "+http-request set-header X-Forwarded-Prefix /p",
            "|x-forwarded-prefix: /p|",
        ),
        (
            STRIP,
            Change::TrustFront(field("192.0.2.7")),
            "-http-request set-header X-Forwarded-Proto https\n\
             +http-request set-header X-Forwarded-Proto https unless { src 192.0.2.7 }",
            "GET /x ",
        ),
        (
            STRIP,
            Change::SlashAtMount(field("/p")),
            "+http-request redirect code 308 location /p/ if { path /p }",
            "GET /x ",
        ),
        (STRIP, Change::Take(field("/s")), "+use_backend api if { path /s } || { path_beg /s/ }", "GET /x "),
    ] {
        let (made, gateway) = amended(text, "/p/x", &change).unwrap_or_else(|why| panic!("{change}: {why}"));
        assert_eq!(made, lines, "{change}");
        assert!(sent(&gateway, "/p/x").contains(head), "{change}: {}", sent(&gateway, "/p/x"));
    }
}

#[test]
fn answers_are_changed_on_their_way_back() {
    let came = |change: &Change, text: &str, from: &str| {
        let (_, gateway) = amended(text, "/p/x", change).unwrap();
        location(&ask(&gateway, "/p/x"), from)
    };
    assert_eq!(came(&Change::LeaveLocation, STRIP, "http://app/x"), "http://app/x");
    let mend = Change::MendLocation("/p".to_owned());
    for (from, to) in [("/x/", "/p/x/"), ("/", "/p/"), ("/p/x", "/p/x"), ("//h/x", "//h/x"), ("http://h/", "http://h/")]
    {
        assert_eq!(came(&mend, LISTEN, from), to);
    }
    let slash = Change::SlashAtMount("/p".to_owned());
    assert_eq!(sent(&amended(LISTEN, "/p", &slash).unwrap().1, "/p"), "308 /p/");
}

#[test]
fn what_others_need_stays() {
    let shared = STRIP.replace("    use_backend", "    http-request replace-path /[^/]+/(.*) /\\1\n    use_backend");
    let why = amended(&shared, "/p/x", &path("/p", "/p")).unwrap_err();
    assert!(why.contains("changes the paths of other backends too"), "{why}");
    let hostile = path("/p if { src 0.0.0.0/0 }", "");
    assert!(amended(LISTEN, "/p/x", &hostile).unwrap_err().ends_with("as it is"));
}
