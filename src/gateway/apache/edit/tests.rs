use super::*;
use crate::gateway::trial::{self, location, plan};
use crate::gateway::{InMemory, Options, Proxy, read};

fn gateway(text: &str) -> Gateway {
    let options = Options { proxy: Some(Proxy::Apache), release: None, front: None };
    read(&["httpd.conf".into()], &InMemory::default().file("httpd.conf", text), options).unwrap()
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
    trial::amended(&gateway(text), ("httpd.conf", text), change, |gateway| ask(gateway, target))
}

fn path(prefix: &str, to: &str) -> Change {
    Change::Path { prefix: prefix.to_owned(), to: to.to_owned() }
}

const HOST: &str = "Listen 80
LoadModule proxy_module modules/mod_proxy.so
<VirtualHost *:80>
    ServerName example.com
    ProxyPreserveHost Off
    ProxyPass \"/p/\" \"http://10.0.0.1:8000/\" retry=0
    ProxyPassReverse \"/p/\" \"http://10.0.0.1:8000/\"
    ProxyPass / http://10.0.0.2/
</VirtualHost>
";

const LOCATION: &str = "Listen 80
RequestHeader set X-Forwarded-Proto https
<Location /p>
    ProxyPass http://10.0.0.1:8000/
    ProxyPassReverse http://10.0.0.1:8000/
</Location>
";

const REWRITE: &str = "Listen 80
RewriteEngine On
RewriteRule ^/p/(.*)$ http://10.0.0.1:8000/$1 [P,L]
";

#[test]
fn each_change_is_written() {
    let text = str::to_owned;
    for (config, change, lines, head) in [
        (
            HOST,
            path("/p", "/p"),
            "-ProxyPass \"/p/\" \"http://10.0.0.1:8000/\" retry=0\n-ProxyPassReverse \"/p/\" \"http://10.0.0.1:8000/\"\n\
             +ProxyPass \"/p/\" \"http://10.0.0.1:8000/p/\" retry=0\n+ProxyPassReverse \"/p/\" \"http://10.0.0.1:8000/p/\"",
            "GET /p/x ",
        ),
        (
            LOCATION,
            path("/p", ""),
            "-ProxyPass http://10.0.0.1:8000/\n-ProxyPassReverse http://10.0.0.1:8000/\n\
             +ProxyPass http://10.0.0.1:8000\n+ProxyPassReverse http://10.0.0.1:8000",
            "GET /x ",
        ),
        (
            REWRITE,
            path("/p", "/q"),
            "-RewriteRule ^/p/(.*)$ http://10.0.0.1:8000/$1 [P,L]\n\
             +RewriteRule ^/p(?:/(.*))?$ http://10.0.0.1:8000/q/$1 [P,L]",
            "GET /q/x ",
        ),
        (HOST, Change::PassHost, "-ProxyPreserveHost Off\n+ProxyPreserveHost On", "|Host: example.com:8080|"),
        (LOCATION, Change::PassHost, "+ProxyPreserveHost On", "|Host: example.com:8080|"),
        (
            LOCATION,
            Change::SendScheme,
            "-RequestHeader set X-Forwarded-Proto https\n+RequestHeader set X-Forwarded-Proto expr=%{REQUEST_SCHEME}",
            "|X-Forwarded-Proto: http|",
        ),
        (
            HOST,
            Change::SendScheme,
            "+LoadModule headers_module modules/mod_headers.so\n\
             +RequestHeader set X-Forwarded-Proto expr=%{REQUEST_SCHEME}",
            "|X-Forwarded-Proto: http|",
        ),
        (
            LOCATION,
            Change::TrustFront(text("192.0.2.7")),
            "-RequestHeader set X-Forwarded-Proto https\n+RequestHeader setifempty X-Forwarded-Proto https",
            "|X-Forwarded-Proto: https|",
        ),
        (
            LOCATION,
            Change::SendPrefix(text("/p")),
            "+RequestHeader set X-Forwarded-Prefix /p",
            "|X-Forwarded-Prefix: /p|",
        ),
        (
            HOST,
            Change::Upgrade,
            "-ProxyPass \"/p/\" \"http://10.0.0.1:8000/\" retry=0\n\
             +ProxyPass \"/p/\" \"http://10.0.0.1:8000/\" retry=0 upgrade=websocket",
            "GET /x ",
        ),
        (HOST, Change::SlashAtMount(text("/p")), "+ProxyPassMatch ^/p$ !\n+RedirectMatch 308 ^/p$ /p/", "GET /x "),
        (HOST, Change::CookiePath { from: text("/"), to: text("/p/") }, "+ProxyPassReverseCookiePath / /p/", "GET /x "),
    ] {
        let (made, gateway) = amended(config, "/p/x", &change).unwrap_or_else(|why| panic!("{change}: {why}"));
        assert_eq!(made, lines, "{change}");
        assert!(sent(&gateway, "/p/x").contains(head), "{change}: {}", sent(&gateway, "/p/x"));
    }
}

#[test]
fn a_wider_directive_gets_one_before_it() {
    let (made, gateway) = amended(HOST, "/s/x", &path("/s", "")).unwrap();
    assert_eq!(made, "+ProxyPass /s http://10.0.0.2");
    for (target, head) in [("/s/x", "GET /x "), ("/s", "GET / "), ("/sx", "GET /sx "), ("/p/x", "GET /x ")] {
        assert!(sent(&gateway, target).starts_with(head), "{target}: {}", sent(&gateway, target));
    }
    let (made, _) = amended(REWRITE, "/p/x", &Change::Take("/s".to_owned())).unwrap();
    assert_eq!(made, "+ProxyPass /s http://10.0.0.1:8000/s");
    let alone = HOST.replace("    ProxyPass / http://10.0.0.2/\n", "");
    let (made, gateway) = amended(&alone, "/p/x", &Change::Take("/s".to_owned())).unwrap();
    assert_eq!(made, "+ProxyPass /s http://10.0.0.1:8000/s retry=0");
    assert!(sent(&gateway, "/s/x").starts_with("GET /s/x "));
}

#[test]
fn answers_are_changed_on_their_way_back() {
    let came = |change: &Change, text: &str, from: &str| {
        let (_, gateway) = amended(text, "/p/x", change).unwrap();
        location(&ask(&gateway, "/p/x"), from)
    };
    assert_eq!(came(&Change::LeaveLocation, HOST, "http://10.0.0.1:8000/x"), "http://10.0.0.1:8000/x");
    let mend = Change::MendLocation("/p".to_owned());
    for (from, to) in
        [("/x/", "/p/x/"), ("/", "/p/"), ("/p/x", "/p/x"), ("/p", "/p"), ("//h/x", "//h/x"), ("/px", "/p/px")]
    {
        assert_eq!(came(&mend, HOST, from), to);
    }
    for text in [HOST, &HOST.replace("/p/\" \"http://10.0.0.1:8000/\"", "/p\" \"http://10.0.0.1:8000\"")] {
        let slash = Change::SlashAtMount("/p".to_owned());
        assert_eq!(sent(&amended(text, "/p/x", &slash).unwrap().1, "/p"), "308 http://example.com:8080/p/");
    }
}

#[test]
fn what_cannot_be_written_is_told() {
    for (text, change, why) in [
        (HOST, Change::RelativeRedirects, "httpd writes whole URLs"),
        (HOST, path("/p\"\nProxyPass /", ""), "\"/p\\\"\\nProxyPass /\" cannot be written"),
        (
            "Listen 80\nDefine U http://u/\nProxyPass /p/ ${U}\n",
            path("/p", "/p"),
            "httpd.conf:3: http://u/ is not written",
        ),
    ] {
        let told = amended(text, "/p/x", &change).unwrap_err();
        assert!(told.starts_with(why), "{told}");
    }
}
