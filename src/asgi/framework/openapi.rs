//! The pages FastAPI has of itself: the OpenAPI document with its `servers`, and the pages that load it.
//!
//! Source of the rules: FastAPI `applications.py` (`setup`). The document and the pages are made with the `root_path` that
//! the app itself saw, a final slash taken off.

use super::App;

/// What a FastAPI app answers by itself, whatever its own routes are (`docs_url`, `redoc_url`, `openapi_url` defaults).
pub const FASTAPI_OWN: [&str; 4] = ["/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"];

/// One of these pages, as it would come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnPage {
    /// The document, with the URLs of its `servers`; without any the key is missing.
    ///
    /// Until FastAPI 0.132.0 these are the `servers` of the first request for the document
    /// ([`Framework::keeps_first_openapi`](super::Framework::keeps_first_openapi)): right as long as every request comes
    /// with the same `root_path`.
    Document {
        /// The URLs.
        servers: Vec<String>,
    },
    /// A page that loads the document from this URL.
    Viewer {
        /// The URL.
        openapi_url: String,
    },
}

/// What a page of `template` says, in an app that saw `root_path`; `None` for other templates.
pub(super) fn page(app: &App, template: &str, root_path: &str) -> Option<OwnPage> {
    match template {
        "/openapi.json" => Some(OwnPage::Document { servers: servers(app, root_path) }),
        "/docs" | "/redoc" => Some(OwnPage::Viewer { openapi_url: document_url(root_path) }),
        _ => None,
    }
}

/// Where the pages look for the document.
pub(super) fn document_url(root_path: &str) -> String {
    format!("{}/openapi.json", root_path.trim_end_matches('/'))
}

/// `root_path` goes before the servers that were given, unless it is one of them.
fn servers(app: &App, root_path: &str) -> Vec<String> {
    let root = root_path.trim_end_matches('/');
    let adds = app.root_path_in_servers && !root.is_empty() && !app.servers.iter().any(|url| url == root);
    adds.then(|| root.to_owned()).into_iter().chain(app.servers.iter().cloned()).collect()
}

/// The path that the first of a document's `servers` names; `None` for a whole URL, for `/`, and for no server at all.
/// FastAPI puts `root_path` there, and a user may put anything there by hand.
pub fn openapi_server_path(document: &[u8]) -> Option<String> {
    let document: serde_json::Value = serde_json::from_slice(document).ok()?;
    let url = document.get("servers")?.get(0)?.get("url")?.as_str()?;
    let path = url.trim_end_matches('/');
    (path.starts_with('/') && !path.starts_with("//")).then(|| path.to_owned())
}

/// The `root_path` that a page of `/docs` was made with: what stands before `/openapi.json` in the URL that it loads (FastAPI
/// `openapi/docs.py`, `get_swagger_ui_html`); empty if there is none. `None` if the page is no such page.
pub fn docs_root_path(page: &[u8]) -> Option<String> {
    let page = std::str::from_utf8(page).ok()?;
    let (_, rest) = page.split_once("SwaggerUIBundle({")?;
    let (_, rest) = rest.split_once("url:")?;
    let quote = rest.trim_start().chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let url = rest.trim_start().strip_prefix(quote)?.split(quote).next()?;
    url.strip_suffix("/openapi.json").map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_tells_its_root_path() {
        let server = |json: &str| openapi_server_path(json.as_bytes());
        assert_eq!(server(r#"{"servers": [{"url": "/api/v1"}]}"#).as_deref(), Some("/api/v1"));
        for json in [
            "",
            "{}",
            r#"{"servers": []}"#,
            r#"{"servers": [{"url": "https://h/api"}]}"#,
            r#"{"servers": [{"url": "/"}]}"#,
        ] {
            assert_eq!(server(json), None, "{json}");
        }
        let docs = |url: &str| docs_root_path(format!("const ui = SwaggerUIBundle({{\n    url: {url},\n").as_bytes());
        assert_eq!(docs("'/api/v1/openapi.json'").as_deref(), Some("/api/v1"));
        assert_eq!(docs("'/openapi.json'").as_deref(), Some(""));
        assert_eq!(docs("'/schema.json'"), None);
        assert_eq!(docs_root_path(b"<html>"), None);
    }

    #[test]
    fn the_servers_of_the_document() {
        let given = |urls: &[&str], in_servers| App {
            servers: urls.iter().map(|url| (*url).to_owned()).collect(),
            root_path_in_servers: in_servers,
            ..App::default()
        };
        for (urls, in_servers, root_path, expected) in [
            (&[][..], true, "", &[][..]),
            (&[], true, "/", &[]),
            (&[], true, "/api/", &["/api"]),
            (&[], true, "api", &["api"]),
            (&[], false, "/api", &[]),
            (&["https://a", "https://b"], true, "/api", &["/api", "https://a", "https://b"]),
            (&["https://a"], false, "/api", &["https://a"]),
            (&["https://a", "/api"], true, "/api/", &["https://a", "/api"]),
        ] {
            assert_eq!(servers(&given(urls, in_servers), root_path), expected, "{urls:?} {root_path}");
        }
    }

    #[test]
    fn which_pages_there_are() {
        let page = |template| page(&App::default(), template, "/api/v1/");
        let viewer = Some(OwnPage::Viewer { openapi_url: "/api/v1/openapi.json".to_owned() });
        assert_eq!(page("/openapi.json"), Some(OwnPage::Document { servers: vec!["/api/v1".to_owned()] }));
        assert_eq!((page("/docs"), page("/redoc")), (viewer.clone(), viewer));
        assert_eq!((page("/docs/oauth2-redirect"), page("/app")), (None, None));
    }
}
