use crate::gateway::nginx::trial::{Trial, get};

#[test]
fn returns() {
    let trial = Trial::new(
        "server { listen 80; listen 8080;
            location /text { return 200 \"hi $uri\"; }
            location /gone { return 410; }
            location /empty { return 204; }
            location /there { return 301 /there/$arg_x; }
            location /off { return 302 https://e.x/; }
            location /drop { return 444; }
            location /late { return 408; }
        }",
    );
    for (path, told) in [
        ("/text", "200 hi /text"),
        ("/gone", "410"),
        ("/empty", "204"),
        ("/there?x=1", "301 http://h/there/1"),
        ("/off", "302 https://e.x/"),
        ("/drop", "closed"),
        ("/late", "closed"),
    ] {
        assert_eq!(trial.get(path), told, "{path}");
    }
    let there = get("/there");
    assert_eq!(trial.plan_at(&there, 8080, false).told(), "301 http://h:8080/there/");
    assert_eq!(trial.plan(&there.replace("\nHost: h", "").replace("1.1", "1.0")).told(), "301 http://127.0.0.1/there/");
    // A text has neither date nor tag, and a broken body is read all the same.
    assert_eq!(trial.plan(&get("/text").replace("h\n\n", "h\nIf-Match: \"x\"\n\n")).told(), "412");
    let broken = "POST /text HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\nx\n";
    assert_eq!(trial.plan(broken).told(), "400");
}

#[test]
fn error_pages() {
    let trial = Trial::new(
        "server { listen 80;
            error_page 400 /bad;
            location /bad { return 200 bad; }
            location /page { error_page 404 /shown; return 404; }
            location /shown { return 200 \"$request_method $uri\"; }
            location /ok { error_page 404 =200 /shown; return 404; }
            location /own { error_page 404 = /made; return 404; }
            location /made { return 201 made; }
            location /url { error_page 404 https://e.x/$uri; return 404; }
            location /moved { error_page 404 =301 /gone/; error_page 403 =308 https://e.x/; return 403; }
            location /named { error_page 404 @app; return 404; }
            location /lost { error_page 404 @nobody; return 404; }
            location @app { proxy_pass http://127.0.0.1:8000; }
            location /once { error_page 404 /twice; return 404; }
            location /twice { error_page 403 /shown; return 403; }
            location /round { error_page 404 /round; recursive_error_pages on; return 404; }
            location /kept { error_page 301 =200 /shown; return 301 /elsewhere; }
        }",
    );
    for (path, told) in [
        ("/page", "404 GET /shown"),
        ("/ok", "200 GET /shown"),
        ("/own", "201 made"),
        ("/url", "302 https://e.x//url"),
        ("/moved", "308 https://e.x/"),
        ("/named?q=%2F", "127.0.0.1:8000 GET /named?q=%2F"),
        ("/lost", "500"),
        ("/once", "403"),
        ("/round", "500"),
        ("/kept", "200 http://h/elsewhere GET /shown"),
        ("/%zz", "400 bad"),
    ] {
        assert_eq!(trial.get(path), told, "{path}");
    }
    assert_eq!(trial.plan(&get("/page").replace("GET", "DELETE")).told(), "404 GET /shown");
    assert_eq!(trial.plan(&get("/page").replace("GET", "HEAD")).told(), "404 HEAD /shown");
    assert_eq!(trial.plan(&get("/page").replace("Host: h", "Host: h\nHost: h")).told(), "400 bad");
}
