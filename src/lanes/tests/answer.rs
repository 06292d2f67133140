//! What came back, and who wrote it.

use super::*;
use crate::exchange::{Answered, Ending, Half};
use crate::gateway::Proxy;

const JSON: &str = "404 Not Found|server: uvicorn|content-type: application/json";
const DETAIL: &str = r#"{"detail":"Not Found"}"#;
const HTML_NGINX: &str = "<html><body><center><h1>404 Not Found</h1></center><hr><center>nginx/1.22.1</center>";
const WS: &str = "/ws|Connection: Upgrade|Upgrade: websocket";

#[test]
fn the_author_of_an_answer_seen_behind_the_proxy() {
    for (got, response, body, by) in [
        ("/a", JSON, DETAIL, Author::App("fastapi")),
        ("/a", "404 Not Found|content-type: text/plain; charset=utf-8", "Not Found", Author::App("starlette")),
        ("/a", "200 OK|server: uvicorn", "hello", Author::App("app")),
        ("/a", "400 Bad Request", "Invalid HTTP request received.", Author::Server("uvicorn".into())),
        (WS, "403 Forbidden|content-length: 0", "", Author::Server("uvicorn".into())),
        ("/a", "403 Forbidden|content-length: 0", "", Author::App("app")),
        (WS, "403 Forbidden|content-type: application/json", DETAIL, Author::App("fastapi")),
        ("/a", "404 Not Found|Server: nginx", HTML_NGINX, Author::Proxy("nginx")),
    ] {
        let behind = answer(app(&request(got)), response, body);
        assert_eq!(compute(&behind.clone().alone(1), &setup()).answer.by, by, "{response}");
        let before = answer(edge(&request(got)), &response.replace("uvicorn", "nginx"), body);
        assert_eq!(compute(&before.paired(1, behind), &both_taps()).answer.by, by, "{response}");
    }
}

#[test]
fn the_author_of_an_answer_seen_before_the_proxy() {
    for (response, body, alone, never_reached) in [
        (JSON, DETAIL, Author::App("fastapi"), Author::App("fastapi")),
        ("200 OK|server: uvicorn", "", Author::App("app"), Author::App("app")),
        (
            "404 Not Found|Content-Type: text/plain",
            "404 page not found\n",
            Author::Proxy("traefik"),
            Author::Proxy("traefik"),
        ),
        ("404 Not Found|Server: nginx/1.22.1", HTML_NGINX, Author::Proxy("nginx"), Author::Proxy("nginx")),
        ("301 Moved|Server: nginx/1.22.1", "", Author::Unknown, Author::Proxy("nginx")),
        ("200 OK|Server: Caddy", "", Author::Proxy("caddy"), Author::Proxy("caddy")),
        (
            "503 Service Unavailable",
            "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n",
            Author::Proxy("haproxy"),
            Author::Proxy("haproxy"),
        ),
        (
            "404 Not Found",
            r#"{"message":"no Route matched with those values"}"#,
            Author::Proxy("kong"),
            Author::Proxy("kong"),
        ),
        ("200 OK", "404 page not found", Author::Unknown, Author::Proxy("proxy")),
    ] {
        let exchange = answer(edge(&request("/a")), response, body).alone(1);
        assert_eq!(compute(&exchange, &setup()).answer.by, alone, "{response}");
        assert_eq!(compute(&exchange, &both_taps()).answer.by, never_reached, "{response}");
    }
}

#[test]
fn an_error_page_of_the_proxy_replaces_the_apps_answer() {
    let app_side = answer(app(&request("/a|Host: h")), "500 Internal Server Error|server: uvicorn", "oops");
    let edge_side = answer(edge(&request("/a|Host: h")), "502 Bad Gateway|Server: nginx", "<html>");
    let lanes = compute(&edge_side.paired(1, app_side), &both_taps());
    assert_eq!((lanes.answer.status, lanes.answer.app_status), (Some(502), Some(500)));
    assert_eq!(lanes.answer.by, Author::Proxy("nginx"));
    assert_eq!(line(&lanes, "x-forwarded-for").map(|field| &field.change), Some(&Change::Absent));
}

#[test]
fn answers_that_hopscope_or_nobody_wrote() {
    let by = |change: fn(&mut Half)| compute(&edge(&request("/a")).with(change).alone(1), &setup()).answer.by;
    assert_eq!(by(|half| half.answered = Answered::Hopscope), Author::Hopscope);
    assert_eq!(by(|_| ()), Author::Nobody);
    assert_eq!(by(|half| half.ending = Ending::Open), Author::Unknown);
    // By a configuration hopscope answers as the proxy does; what keeps it from that is its own.
    let mut gateway = routed(&["/p=http://a:1"]);
    gateway.proxy = Proxy::Nginx;
    let nginx = Setup { gateway: Some(gateway), ..setup() };
    let by_nginx = |ending: Ending| {
        let half = edge(&request("/a")).with(|half| (half.answered, half.ending) = (Answered::Hopscope, ending));
        compute(&half.alone(1), &nginx).answer.by
    };
    assert_eq!(by_nginx(Ending::Complete), Author::Proxy("nginx"));
    assert_eq!(by_nginx(Ending::Refused("not known".to_owned())), Author::Hopscope);
    let bad_gateway = |sample| answer(sample, "502 Bad Gateway", "no upstream");
    let app_side = bad_gateway(app(&request("/a"))).with(|half| half.answered = Answered::Hopscope);
    let exchange = bad_gateway(edge(&request("/a"))).paired(1, app_side);
    assert_eq!(compute(&exchange, &both_taps()).answer.by, Author::Hopscope);
}

#[test]
fn both_locations_are_kept_apart() {
    let app_side = answer(app(&request("/a")), "307 Temporary Redirect|location: http://h/a/", "");
    let edge_side = answer(edge(&request("/p/a")), "307 Temporary Redirect|Location: /p/a/|Content-Type: x", "");
    let answer = compute(&edge_side.paired(1, app_side), &both_taps()).answer;
    assert_eq!(answer.location.as_deref(), Some(&b"/p/a/"[..]));
    assert_eq!(answer.location_at_app.as_deref(), Some(&b"http://h/a/"[..]));
    assert_eq!(answer.content_type.as_deref(), Some("x"));
}

#[test]
fn an_exchange_without_halves_is_unknown_throughout() {
    let exchange = Exchange { edge: None, ..edge(&request("/a")).alone(1) };
    let lanes = compute(&exchange, &both_taps());
    assert_eq!((lanes.original.source, lanes.answer.by), (Source::Unknown, Author::Unknown));
}
