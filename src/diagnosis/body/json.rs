//! The addresses in a JSON text, and the `servers` of an OpenAPI document.
//!
//! A description of an API is often larger than what is kept of a body. So strings are looked for one by one, and `servers` is
//! read where it stands, before the paths, even if the text ends in the middle of them.

use serde::Deserialize;

use super::{By, Content};

/// The key that ends the part of an OpenAPI document in which its own `servers` may stand; paths have `servers` too.
const PATHS: &str = "\"paths\"";
const SERVERS: &str = "\"servers\"";

/// What is read of an OpenAPI document.
#[derive(Deserialize)]
struct Document {
    openapi: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    servers: Vec<Server>,
}

/// An entry of `servers`.
#[derive(Deserialize)]
struct Server {
    #[serde(default)]
    url: String,
}

/// Notes what the text names.
pub(super) fn read(text: &str, content: &mut Content) {
    content.servers = servers(text);
    for value in strings(text) {
        if value.starts_with('/') || ["http://", "https://", "ws://", "wss://"].iter().any(|s| value.starts_with(s)) {
            content.note(value, By::Value);
        }
    }
}

/// The URLs of an OpenAPI document's `servers`; `None` if it is no such document.
fn servers(text: &str) -> Option<Vec<String>> {
    if !text.trim_ascii_start().starts_with('{') {
        return None;
    }
    let urls = |servers: Vec<Server>| servers.into_iter().map(|server| server.url).collect();
    if let Ok(document) = serde_json::from_str::<Document>(text) {
        return document.openapi.map(|_| urls(document.servers));
    }
    let head = text.split_once(PATHS).map_or(text, |(head, _)| head);
    if !head.contains("\"openapi\"") {
        return None;
    }
    let listed = head.split_once(SERVERS).and_then(|(_, after)| {
        let array = after.trim_start().strip_prefix(':')?;
        serde_json::Deserializer::from_str(array).into_iter::<Vec<Server>>().next()?.ok()
    });
    Some(listed.map(urls).unwrap_or_default())
}

/// The strings of the text that are values, escapes resolved; a last one that is cut is left out.
fn strings(text: &str) -> impl Iterator<Item = String> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let (_, inside) = rest.split_once('"')?;
            let end = end_of_string(inside)?;
            let (value, after) = inside.split_at_checked(end)?;
            rest = after.get(1..).unwrap_or_default();
            // A key is followed by a colon.
            if !rest.trim_ascii_start().starts_with(':') {
                return Some(unescaped(value));
            }
        }
    })
}

/// Where the quote is that ends a string.
fn end_of_string(inside: &str) -> Option<usize> {
    let mut escaped = false;
    inside.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

/// `\/` is how some write a slash; other escapes do not stand in addresses, and stay.
fn unescaped(value: &str) -> String {
    value.replace("\\/", "/").replace("\\u0026", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_addresses() {
        let mut content = Content::default();
        let text =
            r#"{"next": "\/items?page=2", "/key": 1, "self":"http:\/\/h\/a", "n": "say \"http://no\"", "cut": "/x"#;
        read(text, &mut content);
        let urls: Vec<_> = content.addresses.iter().map(|address| address.url.as_str()).collect();
        assert_eq!(urls, ["/items?page=2", "http://h/a"]);
        assert_eq!(content.servers, None);
    }

    #[test]
    fn servers_are_found_in_a_document_that_is_cut() {
        let whole = r#"{"openapi":"3.1.0","info":{"title":"x"},"servers":[{"url":"/api/v1"}],"paths":{}}"#;
        let cut = whole.replace("{}}", r#"{"/items":{"servers":[{"url":"/other"}"#);
        let none = r#"{"openapi":"3.1.0","info":{},"paths":{"/items":{"servers":[{"url":"/other"}]}}}"#;
        assert_eq!(servers(whole).unwrap(), ["/api/v1"]);
        assert_eq!(servers(&cut).unwrap(), ["/api/v1"]);
        assert_eq!(servers(none).unwrap(), [""; 0]);
        assert_eq!(servers(r#"{"servers":[{"url":"/a"}]}"#), None);
        assert_eq!(servers("[1]"), None);
    }
}
