use crate::gateway::nginx::trial::{Trial, get};

#[test]
fn locations() {
    let trial = Trial::new(
        "upstream app { server 127.0.0.1:8000; }
        server { listen 80;
            location /strip/ { proxy_pass http://app/; }
            location /keep { proxy_pass http://app; }
            location /off/ { proxy_pass http://app/; proxy_redirect off; }
            location /own/ { proxy_pass http://app/; proxy_redirect ~^https?://[^/]+(/.*)$ /own$1; proxy_redirect / /rel/; }
            location /here/ { proxy_pass http://app/; absolute_redirect off; }
            location /var/ { set $to app; proxy_pass http://$to; }
        }",
    );
    for (path, location, told) in [
        ("/strip/x", "location: http://app/y?z", "Location: http://h/strip/y?z"),
        ("/strip/x", "location: /y", "location: /y"),
        ("/strip/x", "location: http://h/y", "location: http://h/y"),
        ("/keep", "location: http://app/y", "Location: http://h/y"),
        ("/off/", "location: http://app/y", "location: http://app/y"),
        ("/own/", "location: http://a.b/y", "Location: http://h/own/y"),
        ("/own/", "location: /y", "Location: http://h/rel/y"),
        ("/here/", "location: http://app/y", "location: /here/y"),
        ("/var/x", "location: http://app/y", "location: http://app/y"),
        ("/strip/", "Refresh: 5; URL=http://app/y", "Refresh: 5; URL=/strip/y"),
        ("/strip/", "refresh: 5", "refresh: 5"),
    ] {
        let response = format!("HTTP/1.1 307 Go\n{location}\n\n");
        assert_eq!(trial.plan(&get(path)).then(&response).told(), format!("307 {told}"), "{path} {location}");
    }
}

#[test]
fn fields() {
    let trial = Trial::new(
        "server { listen 80;
            add_header X-Usual $upstream_http_x_a; add_header Set-Cookie \"c=d\" always;
            location / { proxy_pass http://127.0.0.1:8000; proxy_hide_header X-Secret; proxy_pass_header Server; }
            location /cookie/ {
                proxy_pass http://127.0.0.1:8000;
                proxy_cookie_path ~^/items(.*)$ /app$1;
                proxy_cookie_path / /cookie/;
                proxy_cookie_domain localhost $host;
                proxy_cookie_flags ~^s secure;
            }
        }",
    );
    let then = |path: &str, response: &str| trial.plan(&get(path)).then(response).told();
    assert_eq!(
        then("/", "HTTP/1.1 200 OK\nDate: x\nServer: u\nX-Secret: 1\nX-A: b\nX-Accel-Buffering: no\n\n"),
        "200 Server: u | X-A: b | X-Usual: b | Set-Cookie: c=d"
    );
    assert_eq!(then("/", "HTTP/1.0 404 No\nX-A: b\n\n"), "404 X-A: b | Set-Cookie: c=d");
    for (cookie, told) in [
        ("a=b; Path=/; HttpOnly", "a=b; Path=/cookie/; HttpOnly"),
        ("a=b;path=/items/x;Domain=.localhost", "a=b; path=/app/x; Domain=.h"),
        ("a=b;Max-Age=5", "a=b;Max-Age=5"),
        ("a; Path=/", "a; Path=/"),
        ("s=1", "s=1; Secure"),
    ] {
        let told = format!("200 set-cookie: {told} | Set-Cookie: c=d");
        assert_eq!(then("/cookie/", &format!("HTTP/1.1 200 OK\nset-cookie: {cookie}\n\n")), told);
    }
}

#[test]
fn errors() {
    let trial = Trial::new(
        "server { listen 80;
            location /page/ { proxy_pass http://127.0.0.1:8000; proxy_intercept_errors on; error_page 404 500 502 @next; }
            location /own/ { proxy_pass http://127.0.0.1:8000; error_page 404 502 = @next; }
            location @next { proxy_pass http://127.0.0.1:8001; proxy_set_header X-Was $upstream_http_x_a; }
            location /file/ { internal; return 200 file; }
        }",
    );
    let then = |path: &str, response: &str| trial.plan(&get(path)).then(response).told();
    let not_found = "HTTP/1.1 404 No\n\n";
    assert_eq!(then("/page/x", not_found), "127.0.0.1:8001 GET /page/x");
    assert_eq!(trial.plan(&get("/page/x")).then(not_found).then("HTTP/1.1 200 OK\n\n").told(), "404");
    assert_eq!(trial.plan(&get("/page/x")).then(not_found).then(not_found).told(), "404");
    assert_eq!(then("/own/x", not_found), "404");
    assert_eq!(then("/own/x", ""), "127.0.0.1:8001 GET /own/x");
    assert_eq!(trial.plan(&get("/own/x")).then("").then("HTTP/1.1 200 OK\n\n").told(), "200");
    assert_eq!(trial.plan(&get("/own/x")).then("").then("").told(), "502");
    assert_eq!(then("/own/x", "HTTP/1.1 200 OK\nbad name: x\n\n"), "127.0.0.1:8001 GET /own/x");
    let long = format!("HTTP/1.1 200 OK\nX-A: {}\n\n", "a".repeat(4096));
    assert_eq!(then("/page/x", &long), "127.0.0.1:8001 GET /page/x");
    let accel = |to: &str| format!("HTTP/1.1 200 OK\nX-Accel-Redirect: {to}\nSet-Cookie: a=b\n\n");
    assert_eq!(then("/own/x", &accel("/file/x")), "200 file");
    assert_eq!(then("/own/x", &accel("@next")), "127.0.0.1:8001 GET /own/x");
    assert_eq!(then("/own/x", &accel("/file/../x")), "127.0.0.1:8001 GET /own/x");
}
