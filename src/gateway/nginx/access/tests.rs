use crate::gateway::nginx::trial::{Trial, get};

#[test]
fn who_may_pass() {
    let trial = Trial::new(
        "server { listen 80;
            location /in { allow 192.0.2.0/24; deny all; return 404; proxy_pass http://127.0.0.1:8000; }
            location /ours { allow 192.0.2.0/24; deny all; proxy_pass http://127.0.0.1:8000; }
            location /theirs { deny 192.0.2.1; proxy_pass http://127.0.0.1:8000; }
            location /word { auth_basic x; auth_basic_user_file f; proxy_pass http://127.0.0.1:8000; }
            location /both { satisfy all; allow all; auth_basic x; auth_basic_user_file f; proxy_pass http://127.0.0.1:8000; }
            location /either { satisfy any; deny all; auth_basic x; auth_basic_user_file f; proxy_pass http://127.0.0.1:8000; }
            location /open { satisfy any; allow all; auth_basic x; auth_basic_user_file f; proxy_pass http://127.0.0.1:8000; }
        }",
    );
    for (path, told) in [
        // What a script answers is answered before anybody asks who it is for.
        ("/in", "404"),
        ("/ours", "127.0.0.1:8000 GET /ours"),
        ("/theirs", "403"),
        ("/word", "401"),
        ("/both", "401"),
        ("/either", "401"),
        ("/open", "127.0.0.1:8000 GET /open"),
    ] {
        assert_eq!(trial.get(path), told, "{path}");
    }
    let with_password = get("/word").replace("h\n\n", "h\nAuthorization: basic eDp5\n\n");
    assert_eq!(trial.plan(&with_password).told(), "unknown: auth_basic: passwords are not looked up");
}

#[test]
fn authentication_services() {
    let trial = Trial::new(
        "server { listen 80;
            location /app/ {
                auth_request /_auth;
                auth_request_set $user $upstream_http_x_user;
                proxy_pass http://127.0.0.1:8000/;
                proxy_set_header X-User $user;
                error_page 401 = @login;
            }
            location = /_auth {
                internal;
                proxy_pass http://127.0.0.1:9000/check;
                proxy_pass_request_body off;
                proxy_set_header Content-Length '';
                proxy_set_header X-Uri $request_uri;
            }
            location @login { return 302 /login?to=$request_uri; }
            location /yes { auth_request /204; proxy_pass http://127.0.0.1:8000; }
            location /no { auth_request /403; proxy_pass http://127.0.0.1:8000; }
            location /odd { auth_request /302; proxy_pass http://127.0.0.1:8000; }
            location /any { satisfy any; deny all; auth_request /204; proxy_pass http://127.0.0.1:8000; }
            location /204 { return 204; }
            location /403 { return 403; }
            location /302 { return 302 /; }
        }",
    );
    let asked = || trial.plan("POST /app/x?y HTTP/1.1\nHost: h\nContent-Length: 3\n\nabc");
    assert_eq!(asked().told(), "asks 127.0.0.1:9000 GET /check");
    assert_eq!(
        asked().head(),
        "GET /check HTTP/1.0\r\nX-Uri: /app/x?y\r\nHost: 127.0.0.1:9000\r\nConnection: close\r\n\r\n"
    );
    let passed = asked().then("HTTP/1.1 200 OK\nX-User: joe\n\n");
    assert_eq!(
        passed.head(),
        "POST /x?y HTTP/1.0\r\nX-User: joe\r\nHost: 127.0.0.1:8000\r\nConnection: close\r\nContent-Length: 3\r\n\r\n"
    );
    assert_eq!(passed.then("HTTP/1.1 201 Made\n\n").told(), "201");
    assert_eq!(asked().then("HTTP/1.1 401 Who\n\n").told(), "302 http://h/login?to=/app/x?y");
    assert_eq!(asked().then("HTTP/1.1 403 No\n\n").told(), "403");
    assert_eq!(asked().then("HTTP/1.1 404 No\n\n").told(), "500");
    assert_eq!(asked().then("").told(), "500");
    for (path, told) in
        [("/yes", "127.0.0.1:8000 GET /yes"), ("/no", "403"), ("/odd", "500"), ("/any", "127.0.0.1:8000 GET /any")]
    {
        assert_eq!(trial.get(path), told, "{path}");
    }
}
