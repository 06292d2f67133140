//! A visitor of the demo: opens pages as a browser does, follows what they point at, says hello on the websocket.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite;

/// Between one request and the next, so that the screen can be followed by eye.
const PACE: Duration = Duration::from_millis(600);

/// Visits every page under each prefix once, at the pace of a person who looks. `proxy` is the stand-in's address.
pub async fn visit(proxy: SocketAddr, prefixes: &[&str]) {
    // The client library asks for it, even where nothing is encrypted.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Ok(client) = reqwest::Client::builder()
        .tls_certs_only([])
        .user_agent("Mozilla/5.0 (demo visitor)")
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
    else {
        return;
    };
    for prefix in prefixes {
        for page in ["/app", "/items", "/docs", "/static/app.css", "/nothing-here"] {
            open(&client, proxy, &format!("{prefix}{page}")).await;
        }
        tokio::time::sleep(PACE).await;
        // Refusals are what is to be seen, not errors of the demo.
        let _ = say_hello(proxy, &format!("{prefix}/ws")).await;
    }
}

/// Opens a page and, as a browser would, what it points at: the redirect's target, or the docs page's schema.
async fn open(client: &reqwest::Client, proxy: SocketAddr, path: &str) {
    tokio::time::sleep(PACE).await;
    let url = format!("http://{proxy}{path}");
    let Ok(response) = client.get(&url).send().await else { return };
    let location = response.headers().get("location").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = response.text().await.unwrap_or_default();
    let next = location.as_deref().map(path_of).or_else(|| schema_url(&body).map(str::to_owned));
    if let Some(next) = next {
        tokio::time::sleep(PACE).await;
        let _ = client.get(format!("http://{proxy}{next}")).header("referer", url).send().await;
    }
}

/// The path of a Location; the visitor has only this one host to go to.
fn path_of(location: &str) -> String {
    let rest = location.split_once("://").map_or(location, |(_, rest)| rest);
    if rest.starts_with('/') {
        rest.to_owned()
    } else {
        format!("/{}", rest.split_once('/').map_or("", |(_, path)| path))
    }
}

/// What the docs page asks for.
fn schema_url(page: &str) -> Option<&str> {
    page.split_once("url: '")?.1.split_once('\'').map(|(url, _)| url)
}

/// Opens a websocket, sends one text message, waits for its echo and closes.
async fn say_hello(proxy: SocketAddr, path: &str) -> Result<(), tungstenite::Error> {
    let stream = TcpStream::connect(proxy).await?;
    let (mut socket, _) = tokio_tungstenite::client_async(format!("ws://{proxy}{path}"), stream).await?;
    socket.send("hello".into()).await?;
    socket.next().await;
    socket.close(None).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_stays_on_its_host() {
        assert_eq!(path_of("http://localhost:1/items/?a=b"), "/items/?a=b");
        assert_eq!(path_of("https://example.com"), "/");
        assert_eq!(path_of("/items/"), "/items/");
    }

    #[test]
    fn the_docs_page_names_its_schema() {
        assert_eq!(schema_url("x url: '/api/v1/openapi.json', y"), Some("/api/v1/openapi.json"));
        assert_eq!(schema_url("nothing"), None);
    }
}
