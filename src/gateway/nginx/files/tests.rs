use crate::gateway::nginx::trial::{Trial, get};

#[test]
fn files_and_folders() {
    let trial = Trial::new(
        "server { listen 80;
            root /www;
            location /al/ { alias /www/; }
            location /bare { alias /www; }
            location /one/ { alias /www/sub/; index none.html page.html; }
            location /list/ { alias /www/; index none; autoindex on; }
            location ~ ^/rx/(.*)$ { alias /www/$1; }
            location /up/ { alias /www/; index none /made; }
            location /made { return 200 made; }
        }
        server { listen 80; server_name none; }",
    );
    for (path, told) in [
        ("/", "200 /www/index.html"),
        ("/site.css", "200 /www/site.css"),
        ("/site.css/", "404"),
        ("/none", "404"),
        ("/none/", "404"),
        ("/sub", "301 http://h/sub/"),
        ("/sub?x=1", "301 http://h/sub/?x=1"),
        ("/sub/", "403"),
        ("/al/site.css", "200 /www/site.css"),
        ("/al", "404"),
        ("/bare/site.css", "200 /www/site.css"),
        ("/bares", "404"),
        ("/one/", "200 /www/sub/page.html"),
        ("/list/", "200"),
        ("/list/sub/", "200"),
        ("/list/none/", "404"),
        ("/rx/site.css", "200 /www/site.css"),
        ("/rx/none", "404"),
        ("/up/", "200 made"),
    ] {
        assert_eq!(trial.get(path), told, "{path}");
    }
    for (method, path, told) in [
        ("POST", "/site.css", "405"),
        ("POST", "/none", "404"),
        ("POST", "/sub/", "403"),
        ("PUT", "/none", "405"),
        ("OPTIONS", "/", "405"),
        ("HEAD", "/site.css", "200 /www/site.css"),
    ] {
        assert_eq!(trial.plan(&get(path).replace("GET", method)).told(), told, "{method} {path}");
    }
    // The folder of a server that names none is not there.
    assert_eq!(trial.plan(&get("/").replace("Host: h", "Host: none")).told(), "404");
    assert!(trial.plan(&get("/site.css").replace("h\n\n", "h\nRange: bytes=1-\n\n")).told().starts_with("unknown"));
}

#[test]
fn candidates() {
    let trial = Trial::new(
        "server { listen 80;
            root /www;
            location /spa/ { alias /www/; try_files $uri $uri/ /spa/index.html; }
            location / { try_files $uri $uri/ @app; }
            location /code { try_files $uri =418; }
            location /with/ { try_files /none /shown?from=$uri; }
            location /shown { return 200 $args; }
            location /sent/ { rewrite ^/sent(/.*)$ $1 break; try_files $uri @app; proxy_pass http://127.0.0.1:8001; }
            location @app { proxy_pass http://127.0.0.1:8000; }
        }",
    );
    for (path, told) in [
        ("/site.css", "200 /www/site.css"),
        ("/sub", "301 http://h/sub/"),
        ("/sub/", "403"),
        ("/sub/page.html", "200 /www/sub/page.html"),
        ("/none?x=%2F", "127.0.0.1:8000 GET /none?x=%2F"),
        ("/spa/site.css", "200 /www/site.css"),
        ("/spa/any/thing", "200 /www/index.html"),
        ("/code", "418"),
        ("/with/x", "200 from=/with/x"),
        ("/sent/site.css", "127.0.0.1:8001 GET /site.css"),
        ("/sent/none", "127.0.0.1:8000 GET /none"),
    ] {
        assert_eq!(trial.get(path), told, "{path}");
    }
}

#[test]
fn an_error_page_may_be_a_file() {
    let trial = Trial::new(
        "server { listen 80; root /www; error_page 404 /sub/page.html; error_page 502 =200 /site.css;
            location /app { proxy_pass http://127.0.0.1:8000; } }",
    );
    assert_eq!(trial.get("/none"), "404 /www/sub/page.html");
    assert_eq!(trial.plan(&get("/app")).then("").told(), "200 /www/site.css");
}
