//! The routes that an OpenAPI document tells of.
//!
//! It is apart because a document tells less than the app knows, and what it leaves open has to stay open.
//!
//! Source: FastAPI `openapi/utils.py` (`get_openapi`).

use super::{Entry, Route, Routes};

/// Why a document gives no routes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenApiError {
    /// It is no JSON; the text is the parser's.
    #[error("the OpenAPI document is no JSON: {0}")]
    NoJson(String),
    /// There is no object under `paths`.
    #[error("the OpenAPI document has no \"paths\"")]
    NoPaths,
}

impl Routes {
    /// The routes an OpenAPI document names, and those every FastAPI app has for its documentation.
    ///
    /// Mounts and hidden routes are not in it, and neither is whether a parameter spans slashes (`{x:path}` is written
    /// `{x}`): a path that only fits in that way is [`RouteMatch::Unknown`](super::RouteMatch::Unknown).
    ///
    /// # Errors
    /// [`OpenApiError`] if the bytes are no JSON, or no OpenAPI document.
    pub fn from_openapi(json: &[u8]) -> Result<Self, OpenApiError> {
        let document: serde_json::Value =
            serde_json::from_slice(json).map_err(|error| OpenApiError::NoJson(error.to_string()))?;
        let paths = document.get("paths").and_then(serde_json::Value::as_object).ok_or(OpenApiError::NoPaths)?;
        let mut routes = Self::fastapi();
        for (path, operations) in paths {
            routes.entries.push(Entry::Route(documented(path, operations)));
        }
        Ok(Self { documented_only: true, ..routes })
    }
}

/// A path of an OpenAPI document. Websockets are in no document, so one may stand at the same path.
fn documented(path: &str, operations: &serde_json::Value) -> Route {
    let methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
    let named = methods.into_iter().filter(|method| operations.get(method).is_some()).map(str::to_uppercase);
    let named: Vec<String> = named.collect();
    // An item without operations tells nothing of methods.
    if named.is_empty() { Route::new(path) } else { Route { protocol: None, ..Route::new(path).methods(named) } }
}
