//! The app of the page, on hyper: `/app`, `/items/`, the docs, a static mount and a websocket.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::Scene;
use crate::asgi::Outcome;
use crate::asgi::framework::{App, AppView, RouteMatch};
use crate::asgi::server::{Ends, Server};
use crate::exchange::RequestHead;

type Answer = Response<Full<Bytes>>;

/// Serves the app of `scene` on `listener` until dropped.
pub async fn serve(listener: TcpListener, scene: &'static Scene) {
    let scene = Arc::new((scene.server(), scene.app()));
    while let Ok((stream, peer)) = listener.accept().await {
        let Ok(local) = stream.local_addr() else { continue };
        let scene = Arc::clone(&scene);
        let service = service_fn(move |request| {
            let scene = Arc::clone(&scene);
            async move { Ok::<_, Infallible>(answer(&scene.0, &scene.1, request, peer, local)) }
        });
        let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        // A visitor that hangs up is no event worth telling in a demo.
        tokio::spawn(async move { connection.with_upgrades().await.ok() });
    }
}

/// What uvicorn and FastAPI answer, as their models say.
fn answer(server: &Server, app: &App, mut request: Request<Incoming>, peer: SocketAddr, local: SocketAddr) -> Answer {
    let Some(head) = wire_head(&request) else {
        return text(StatusCode::BAD_REQUEST, "Invalid HTTP request received.");
    };
    let scope = match server.receive(head.as_bytes(), &Ends::tcp(peer, local)) {
        Outcome::Scope(scope) => scope,
        Outcome::Refused { status, why } => return text(status_code(status), &why),
        Outcome::Closed { why } | Outcome::Unknown { why } => return text(StatusCode::BAD_REQUEST, &why),
    };
    let view = app.view(&scope);
    let websocket = head.is_websocket();
    match &view.route {
        RouteMatch::Route(route) if websocket && route == "/ws" => accept_websocket(&mut request, &head),
        _ if websocket => text(StatusCode::FORBIDDEN, ""),
        RouteMatch::Route(route) => page(route, &view),
        RouteMatch::Mount(_) if view.path_has_root => {
            typed(StatusCode::OK, "text/css; charset=utf-8", "body { margin: 2em }\n")
        }
        RouteMatch::Slash(_) => redirect(view.slash_redirect.as_deref().unwrap_or_default()),
        _ => json(StatusCode::NOT_FOUND, &serde_json::json!({ "detail": "Not Found" })),
    }
}

fn page(route: &str, view: &AppView) -> Answer {
    match route {
        "/app" => {
            json(StatusCode::OK, &serde_json::json!({ "message": "Hello World", "root_path": view.scope.root_path }))
        }
        "/items/" => json(StatusCode::OK, &serde_json::json!(["plumbus", "portal gun"])),
        "/openapi.json" => json(StatusCode::OK, &openapi(view)),
        "/docs" | "/redoc" => typed(
            StatusCode::OK,
            "text/html; charset=utf-8",
            &format!(
                "<!DOCTYPE html>\n<title>docs</title>\n<div id=\"swagger-ui\"></div>\n\
                 <script>SwaggerUIBundle({{ url: '{}', dom_id: '#swagger-ui' }})</script>\n",
                view.openapi_url
            ),
        ),
        _ => json(StatusCode::NOT_FOUND, &serde_json::json!({ "detail": "Not Found" })),
    }
}

fn openapi(view: &AppView) -> serde_json::Value {
    let mut document = serde_json::json!({
        "openapi": "3.1.0",
        "info": { "title": "FastAPI", "version": "0.1.0" },
        "paths": { "/app": { "get": {} }, "/items/": { "get": {} } },
    });
    if let (false, Some(object)) = (view.scope.root_path.is_empty(), document.as_object_mut()) {
        let servers = serde_json::json!([{ "url": view.scope.root_path.trim_end_matches('/') }]);
        object.insert("servers".to_owned(), servers);
    }
    document
}

/// The request's head as bytes again: the models read heads as they are on the wire.
fn wire_head(request: &Request<Incoming>) -> Option<RequestHead> {
    let mut bytes = format!("{} {} {:?}\r\n", request.method(), request.uri(), request.version()).into_bytes();
    for (name, value) in request.headers() {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    RequestHead::from_wire(bytes).ok()
}

/// Accepts the handshake and echoes what comes, as the page's chat does.
fn accept_websocket(request: &mut Request<Incoming>, head: &RequestHead) -> Answer {
    let Some(key) = head.get("sec-websocket-key") else { return text(StatusCode::BAD_REQUEST, "no Sec-WebSocket-Key") };
    let mut response = text(StatusCode::SWITCHING_PROTOCOLS, "");
    let fields = response.headers_mut();
    fields.remove(hyper::header::CONTENT_TYPE);
    fields.insert(hyper::header::UPGRADE, HeaderValue::from_static("websocket"));
    fields.insert(hyper::header::CONNECTION, HeaderValue::from_static("Upgrade"));
    if let Ok(accept) = HeaderValue::from_str(&derive_accept_key(key)) {
        fields.insert(hyper::header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    let upgraded = hyper::upgrade::on(request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgraded.await else { return };
        let mut socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
        while let Some(Ok(message)) = socket.next().await {
            if message.is_text() && socket.send(message).await.is_err() {
                return;
            }
        }
    });
    response
}

fn redirect(location: &str) -> Answer {
    let mut response = typed(StatusCode::TEMPORARY_REDIRECT, "", "");
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(hyper::header::LOCATION, location);
    }
    response.headers_mut().remove(hyper::header::CONTENT_TYPE);
    response
}

fn json(status: StatusCode, value: &serde_json::Value) -> Answer {
    typed(status, "application/json", &value.to_string())
}

fn text(status: StatusCode, body: &str) -> Answer {
    typed(status, "text/plain; charset=utf-8", body)
}

fn typed(status: StatusCode, kind: &'static str, body: &str) -> Answer {
    let mut response = Response::new(Full::new(Bytes::copy_from_slice(body.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert(hyper::header::SERVER, HeaderValue::from_static("uvicorn"));
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST)
}
