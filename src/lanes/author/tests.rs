//! Real pages, and what looks like them.

use super::*;
use crate::asgi::framework::{App, Framework, Other};
use crate::asgi::server::Server;
use crate::exchange::{Sample, Side};
use crate::lanes::{Tap, TapKind};

/// A half that got this answer, written as status line and fields with `|` for the line ends, an empty line, the body.
fn half(side: Side, request: &str, answer: &str) -> Sample {
    let (head, body) = answer.split_once("||").unwrap_or((answer, ""));
    let request = format!("GET {}", request.replace('|', "\n"));
    let head = format!("HTTP/1.1 {}", head.replace('|', "\n"));
    Sample::new(side, &request).unwrap().response(&head, body.as_bytes()).unwrap()
}

const GET: &str = "/a HTTP/1.1|Host: h";
const WS: &str = "/a HTTP/1.1|Host: h|Connection: Upgrade|Upgrade: websocket";

fn setup() -> Setup {
    Setup::new(Server::named("uvicorn@0.54").unwrap())
}

fn both_taps() -> Setup {
    let tap =
        |kind| Tap { kind, listen: ([127, 0, 0, 1], 9).into(), upstream: "http://127.0.0.1:1".to_owned(), door: None };
    Setup { taps: vec![tap(TapKind::Edge), tap(TapKind::App)], ..setup() }
}

fn at_edge(answer: &str) -> String {
    of(&half(Side::Edge, GET, answer).alone(1), &setup()).word().to_owned()
}

fn unreached(answer: &str) -> String {
    of(&half(Side::Edge, GET, answer).alone(1), &both_taps()).word().to_owned()
}

fn at_app(request: &str, answer: &str) -> String {
    of(&half(Side::App, request, answer).alone(1), &setup()).word().to_owned()
}

const NGINX_302: &str = "302 Moved Temporarily|Server: nginx/1.22.1|Content-Type: text/html|Location: http://h/x||\
    <html>\r\n<head><title>302 Found</title></head>\r\n<body>\r\n<center><h1>302 Found</h1></center>\r\n\
    <hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n";
const NGINX_497: &str = "400 Bad Request|Server: nginx|Content-Type: text/html|Connection: close||<html>\r\n<head><title>400 \
    The plain HTTP request was sent to HTTPS port</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n\
    <center>The plain HTTP request was sent to HTTPS port</center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";
const HAPROXY_429: &str = "429 Too Many Requests|content-length: 117|cache-control: no-cache|content-type: text/html||\
    <html><body><h1>429 Too Many Requests</h1>\nYou have sent too many requests in a given amount of time.\n</body></html>\n";
const APACHE_301: &str = "301 Moved Permanently|Server: Apache/2.4.71 (Debian)|Location: http://h/x|\
    Content-Type: text/html; charset=iso-8859-1||\
    <!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\" \"http://www.w3.org/TR/html4/strict.dtd\">\n<html><head>\n\
    <title>301 Moved Permanently</title>\n</head><body>\n<h1>Moved Permanently</h1>\n\
    <p>The document has moved <a href=\"http://h/x\">here</a>.</p>\n</body></html>\n";
const APACHE_OLD_404: &str = "404 Not Found|Server: Apache/2.4.38||<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n\
    <html><head>\n<title>404 Not Found</title>\n</head><body>\n<h1>Not Found</h1>\n<hr>\n\
    <address>Apache/2.4.38 (Debian) Server at h Port 80</address>\n</body></html>\n";
const TRAEFIK_404: &str = "404 Not Found|Content-Type: text/plain; charset=utf-8|X-Content-Type-Options: nosniff|\
    Date: Sat, 21 Nov 2026 20:15:13 GMT|Content-Length: 19||404 page not found\n";
const DAPHNE_500: &str = "500 Internal Server Error|Content-Type: text/html; charset=utf-8|Server: daphne|\
    Transfer-Encoding: chunked|| <html> <head> <title>500 Internal Server Error</title> </head> <body> \
    <h1>500 Internal Server Error</h1> <p>Exception inside application.</p> <footer>Daphne</footer> </body> </html> ";
const UVICORN_500: &str = "500 Internal Server Error|date: x|server: uvicorn|content-type: text/plain; charset=utf-8|\
    content-length: 21|connection: close||Internal Server Error";
const STARLETTE_500: &str = "500 Internal Server Error|date: x|server: uvicorn|content-length: 21|\
    content-type: text/plain; charset=utf-8|connection: close||Internal Server Error";
const DJANGO_404: &str = "404 Not Found|server: uvicorn|content-type: text/html; charset=utf-8||\n<!doctype html>\n\
    <html lang=\"en\">\n<head>\n  <title>Not Found</title>\n</head>\n<body>\n  <h1>Not Found</h1>\
    <p>The requested resource was not found on this server.</p>\n</body>\n</html>\n";
const QUART_308: &str = "308 Permanent Redirect|server: uvicorn|content-type: text/html; charset=utf-8|location: /a/||\
    <!doctype html>\n<html lang=en>\n<title>Redirecting...</title>\n<h1>Redirecting...</h1>\n";
const ALB_503: &str = "503 Service Temporarily Unavailable|Server: awselb/2.0|Content-Type: text/html|Content-Length: 162||\
    <html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n\
    <center><h1>503 Service Temporarily Unavailable</h1></center>\r\n</body>\r\n</html>\r\n";
const API_GATEWAY_403: &str = "403 Forbidden|content-type: application/json|x-amz-apigw-id: Rtv0-HmFoAMEm8g=|\
    x-amzn-errortype: MissingAuthenticationTokenException||{\"message\":\"Missing Authentication Token\"}";
const GOOGLE_502: &str = "502 Bad Gateway|Content-Type: text/html; charset=UTF-8|Via: 1.1 google||\n<html><head>\n\
    <title>502 Server Error</title>\n</head>\n<body text=#000000 bgcolor=#ffffff>\n<h1>Error: Server Error</h1>\n";

#[test]
fn proxies_are_known_by_the_pages_that_they_write() {
    for (answer, by) in [
        (NGINX_302, "nginx"),
        (NGINX_497, "nginx"),
        (&*NGINX_302.replace("nginx", "openresty"), "nginx"),
        (HAPROXY_429, "haproxy"),
        (APACHE_301, "apache"),
        (APACHE_OLD_404, "apache"),
        (TRAEFIK_404, "traefik"),
        ("502 Bad Gateway|Content-Length: 11|Date: x||Bad Gateway", "traefik"),
        ("301 Moved Permanently|Location: https://h/|Content-Length: 17||Moved Permanently", "traefik"),
        (
            "401 Unauthorized|Content-Type: text/plain|Www-Authenticate: Basic realm=\"traefik\"||401 Unauthorized\n",
            "traefik",
        ),
        ("200 OK|Server: Caddy|Content-Length: 0", "caddy"),
        ("308 Permanent Redirect|Location: https://h/x|Server: Caddy|Content-Length: 0", "caddy"),
        ("503 Service Unavailable|content-type: text/plain|server: envoy||no healthy upstream", "envoy"),
        ("404 Not Found|Server: kong/3.6.1||{\n  \"message\":\"no Route matched with those values\"\n}", "kong"),
        (ALB_503, "aws-alb"),
        (API_GATEWAY_403, "aws-apigw"),
        (GOOGLE_502, "gcp"),
        (
            "521 |Server: cloudflare|CF-RAY: 8a-FRA|Content-Type: text/plain; charset=UTF-8||error code: 521",
            "cloudflare",
        ),
        ("404 Not Found|Server: railway-edge|X-Railway-Fallback: true||{\"status\":\"error\",\"code\":404}", "railway"),
    ] {
        assert_eq!(at_edge(answer), by, "{answer}");
        assert_eq!(unreached(answer), by, "{answer}");
    }
}

#[test]
fn what_a_proxy_passes_on_is_not_said_to_be_its_own() {
    for answer in [
        "200 OK|Server: nginx/1.22.1|Content-Type: application/json||{}",
        "307 Temporary Redirect|Server: nginx/1.22.1|location: /a/|Content-Length: 0",
        "404 Not Found|Server: nginx/1.22.1|Content-Type: text/plain; charset=utf-8||Not Found",
        // A Go program behind nginx, or behind Caddy.
        "404 Not Found|Server: nginx/1.22.1|Content-Type: text/plain; charset=utf-8||404 page not found\n",
        "404 Not Found|Via: 1.1 Caddy|Content-Type: text/plain; charset=utf-8||404 page not found\n",
        "502 Bad Gateway|Content-Type: text/plain||Bad Gateway",
        "404 Not Found|server: envoy|x-envoy-upstream-service-time: 3|content-length: 0",
        "403 Forbidden|Server: cloudflare|CF-RAY: 8a-FRA|Content-Type: text/html||<h1>no</h1>",
        "404 Not Found|Via: 1.1 Caddy|Content-Type: text/plain||no",
        // An app that speaks of nginx.
        "200 OK|Content-Type: text/html||<pre><hr><center>nginx/1.22.1</center></pre>",
        "404 Not Found|Content-Type: text/html||<html><body><h1>gone</h1>\nsorry\n</body></html>\n",
    ] {
        assert_eq!(at_edge(answer), "?", "{answer}");
    }
    // Caddy before 2.10 puts its Server beside the upstream's.
    assert_eq!(at_edge("404 Not Found|Server: Caddy|Server: uvicorn||no"), "app");
    assert_eq!(
        at_edge("404 Not Found|Server: nginx|Content-Type: application/json||{\"detail\":\"Not Found\"}"),
        "fastapi"
    );
}

#[test]
fn the_app_side_decides_where_it_was_seen() {
    for (answer, by) in [
        (TRAEFIK_404, "app"),
        (&*TRAEFIK_404.replace("|Date", "|server: uvicorn|Date"), "app"),
        (&*NGINX_302.replace("nginx/1.22.1|", "uvicorn|"), "app"),
        ("502 Bad Gateway|Content-Length: 11||Bad Gateway", "app"),
        ("404 Not Found|server: uvicorn||no", "app"),
        (NGINX_497, "nginx"),
    ] {
        assert_eq!(at_app(GET, answer), by, "{answer}");
        let edge = half(Side::Edge, GET, &answer.replace("uvicorn", "nginx/1.22.1"));
        let passed = edge.paired(1, half(Side::App, GET, answer));
        assert_eq!(of(&passed, &both_taps()).word(), by, "{answer}");
    }
}

#[test]
fn a_proxy_that_answers_otherwise_than_the_app_is_named() {
    let app = || half(Side::App, GET, "200 OK|server: uvicorn||slow");
    for (answer, by) in [
        ("504 Gateway Timeout|Content-Length: 15||Gateway Timeout", "traefik"),
        ("504 Gateway Time-out||<html><body><h1>504 Gateway Time-out</h1>\nlate\n</body></html>\n", "haproxy"),
        ("502 Bad Gateway|Server: Caddy|Content-Length: 0", "caddy"),
        ("418 |Server: nginx/1.22.1|Content-Length: 0", "nginx"),
        ("418 |Content-Length: 0", "proxy"),
    ] {
        let exchange = half(Side::Edge, GET, answer).paired(1, app());
        assert_eq!(of(&exchange, &both_taps()).word(), by, "{answer}");
    }
    assert_eq!(unreached("302 Found|content-length: 0|location: /x|cache-control: no-cache"), "haproxy");
    assert_eq!(unreached("404 Not Found|Server: Caddy|Content-Type: text/plain; charset=utf-8||Not Found"), "caddy");
}

#[test]
fn servers_and_frameworks_are_known_on_the_apps_side() {
    for (request, answer, by) in [
        (GET, "400 Bad Request|content-type: text/plain; charset=utf-8||Invalid HTTP request received.", "uvicorn"),
        (GET, UVICORN_500, "uvicorn"),
        (GET, STARLETTE_500, "starlette"),
        (WS, "403 Forbidden|Content-Length: 0|Content-Type: text/plain", "uvicorn"),
        (WS, "400 Bad Request||Failed to open a WebSocket connection: missing Sec-WebSocket-Key header.\n", "uvicorn"),
        (WS, "403 |content-length: 0|connection: close|date: x|server: hypercorn-h11", "hypercorn"),
        (WS, "403 Forbidden|server: granian|content-length: 0", "granian"),
        (WS, "403 Forbidden|content-type: application/json||{\"detail\":\"no\"}", "fastapi"),
        (GET, "500 |content-length: 0|connection: close|date: x|server: hypercorn-h11", "hypercorn"),
        (GET, "404 |content-length: 0|date: x|server: hypercorn-h11|connection: close", "app"),
        (GET, DAPHNE_500, "daphne"),
        (GET, "500 Internal Server Error|server: granian|content-length: 21||Internal server error", "granian"),
        (
            GET,
            "500 Internal Server Error|Content-Type: text/plain|Connection: close||Internal Server Error",
            "gunicorn",
        ),
        (
            GET,
            "405 Method Not Allowed|allow: GET|content-type: application/json||{\"detail\":\"Method Not Allowed\"}",
            "fastapi",
        ),
        (GET, "404 Not Found|allow: GET, HEAD|content-type: application/json||{\"detail\":\"Not found.\"}", "django"),
        (
            GET,
            "404 Not Found|content-type: application/json||{\"status_code\":404,\"detail\":\"Not Found\"}",
            "litestar",
        ),
        (GET, DJANGO_404, "django"),
        (GET, QUART_308, "werkzeug"),
        (
            GET,
            "400 Bad Request|server: uvicorn|content-type: text/plain; charset=utf-8||Invalid host header",
            "starlette",
        ),
        (GET, "404 Not Found|Server: TornadoServer/6.6.1||<html><title>404: Not Found</title></html>", "tornado"),
        (GET, "404 Not Found|content-type: application/json||{\"title\": \"404 Not Found\"}", "falcon"),
    ] {
        assert_eq!(at_app(request, answer), by, "{answer}");
    }
    let app = App { framework: Framework::other(Other::Quart, None), ..App::default() };
    let quart = Setup { app, ..setup() };
    assert_eq!(of(&half(Side::App, GET, QUART_308).alone(1), &quart), Author::App("quart"));
}

#[test]
fn the_proxy_is_known_by_what_it_does_to_a_request() {
    let seen = |fields: &str, answer: &str| {
        let app = half(Side::App, &format!("{GET}|{fields}"), "200 OK|server: uvicorn||x");
        proxy(&half(Side::Edge, GET, answer).paired(1, app))
    };
    let passed = "200 OK|server: uvicorn||x";
    for (fields, answer, name) in [
        ("X-Forwarded-Server: box|X-Real-Ip: ::1", passed, Some("traefik")),
        ("X-Forwarded-Host: h|X-Forwarded-Server: box", passed, Some("apache")),
        ("X-Forwarded-Server: box|X-Real-IP: ::1", passed, None),
        ("Via: 1.1 Caddy", passed, Some("caddy")),
        ("A: b", "200 OK|Server: nginx||x", Some("nginx")),
        ("A: b", "200 OK|Server: uvicorn|Via: 1.1 google||x", Some("gcp")),
        ("A: b", "200 OK|server: istio-envoy||x", Some("envoy")),
        ("A: b", passed, None),
    ] {
        assert_eq!(seen(fields, answer), name, "{fields} {answer}");
    }
}
