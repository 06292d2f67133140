//! The routes an app has, as far as they are known, and how Starlette compares a path with them.
//!
//! Source of the rules: Starlette 1.10 `routing.py` (`compile_path`, `Mount`) and `convertors.py`.

use regex::Regex;

/// What a FastAPI app answers by itself, whatever its own routes are (`docs_url`, `redoc_url`, `openapi_url` defaults).
pub const FASTAPI_OWN: [&str; 4] = ["/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"];

/// Whether a route takes a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteMatch {
    /// The routes are not known, or not well enough for this path.
    Unknown,
    /// This template takes it.
    Route(String),
    /// This mount takes it and decides further.
    Mount(String),
    /// No route as it is, but with this path (slash added or removed) there is one: a slash redirect follows.
    Slash(String),
    /// No known route takes it; a mount or an undocumented route still may.
    None,
}

/// Known routes: templates such as `/items/{id}`, and mounts such as `/static`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes {
    templates: Vec<Pattern>,
    mounts: Vec<Pattern>,
    documented_only: bool,
}

/// A template with the expression Starlette makes of it. Two are equal if their texts are.
#[derive(Clone, Debug)]
struct Pattern {
    text: String,
    exact: Option<Regex>,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

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
    /// All routes of an app: path templates and mount points, each in the app's order. Templates are tried first.
    pub fn new(templates: Vec<String>, mounts: Vec<String>) -> Self {
        Self {
            templates: templates.into_iter().map(|text| Pattern::new(&text.clone(), text)).collect(),
            mounts: mounts.into_iter().map(Pattern::mount).collect(),
            documented_only: false,
        }
    }

    /// The routes an OpenAPI document names, and those every FastAPI app has for its documentation.
    ///
    /// Mounts and hidden routes are not in it, and neither is whether a parameter spans slashes (`{x:path}` is written
    /// `{x}`): a path that only fits in that way is [`RouteMatch::Unknown`].
    ///
    /// # Errors
    /// [`OpenApiError`] if the bytes are no JSON, or no OpenAPI document.
    pub fn from_openapi(json: &[u8]) -> Result<Self, OpenApiError> {
        let document: serde_json::Value =
            serde_json::from_slice(json).map_err(|error| OpenApiError::NoJson(error.to_string()))?;
        let paths = document.get("paths").and_then(serde_json::Value::as_object).ok_or(OpenApiError::NoPaths)?;
        let templates = FASTAPI_OWN.into_iter().map(str::to_owned).chain(paths.keys().cloned()).collect();
        Ok(Self { documented_only: true, ..Self::new(templates, Vec::new()) })
    }

    /// The path templates, in the order they are tried.
    pub fn templates(&self) -> impl Iterator<Item = &str> {
        self.templates.iter().map(|pattern| pattern.text.as_str())
    }

    /// The mount points, in the order they are tried.
    pub fn mounts(&self) -> impl Iterator<Item = &str> {
        self.mounts.iter().map(|pattern| pattern.text.as_str())
    }

    /// True if these are all the routes there are, so that a path none of them takes is a 404.
    pub fn are_all(&self) -> bool {
        !self.documented_only
    }

    /// Which route takes `route_path`, a slash added or removed if need be.
    pub fn find(&self, route_path: &str) -> RouteMatch {
        let slashed = slashed_path(route_path, route_path);
        self.find_or(route_path, &slashed)
    }

    /// Which route takes `route_path`, or else `slashed`, the route path after a slash redirect.
    pub(super) fn find_or(&self, route_path: &str, slashed: &str) -> RouteMatch {
        let found = self.exact(route_path);
        if found != RouteMatch::None || route_path == "/" {
            return found;
        }
        match self.exact(slashed) {
            RouteMatch::Route(_) | RouteMatch::Mount(_) => RouteMatch::Slash(slashed.to_owned()),
            other => other,
        }
    }

    fn exact(&self, route_path: &str) -> RouteMatch {
        if let Some(template) = self.templates.iter().find(|template| template.takes(route_path)) {
            return RouteMatch::Route(template.text.clone());
        }
        if let Some(mount) = self.mounts.iter().find(|mount| mount.takes(route_path)) {
            return RouteMatch::Mount(mount.text.clone());
        }
        let may_span_slashes =
            self.documented_only && self.templates.iter().any(|template| template.may_take(route_path));
        if may_span_slashes { RouteMatch::Unknown } else { RouteMatch::None }
    }
}

/// The path of a slash redirect: final slashes taken off, or one added. Which, is decided on the route path.
pub(super) fn slashed_path(path: &str, route_path: &str) -> String {
    if route_path.ends_with('/') { path.trim_end_matches('/').to_owned() } else { format!("{path}/") }
}

impl Pattern {
    fn new(template: &str, text: String) -> Self {
        Self { exact: expression(template, convertor), text }
    }

    /// Everything below a mount point: its border is a segment's.
    fn mount(text: String) -> Self {
        Self::new(&format!("{}/{{path:path}}", text.trim_end_matches('/')), text)
    }

    fn takes(&self, path: &str) -> bool {
        self.exact.as_ref().is_some_and(|exact| exact.is_match(path))
    }

    /// True if the path fits once every parameter may span slashes.
    fn may_take(&self, path: &str) -> bool {
        self.text.contains('{') && expression(&self.text, |_| ".*").is_some_and(|loose| loose.is_match(path))
    }
}

/// `compile_path`. Python's `$` also stands before a line feed that ends the text. `None` if there is no such
/// expression (a template of enormous size), which then takes nothing.
fn expression(template: &str, convertor: fn(&str) -> &'static str) -> Option<Regex> {
    let mut pattern = String::from("^");
    let mut rest = template;
    while let Some((literal, kind, after)) = next_parameter(rest) {
        pattern.push_str(&regex::escape(literal));
        pattern.push_str("(?:");
        pattern.push_str(convertor(kind));
        pattern.push(')');
        rest = after;
    }
    pattern.push_str(&regex::escape(rest));
    pattern.push_str(r"\n?$");
    Regex::new(&pattern).ok()
}

/// The text before the first `{name}` or `{name:kind}`, the kind, and what follows.
fn next_parameter(template: &str) -> Option<(&str, &str, &str)> {
    let mut skipped = 0;
    loop {
        let open = skipped + template.get(skipped..)?.find('{')?;
        let inner = template.get(open + 1..)?;
        let close = inner.find('}')?;
        let (name, kind) = inner.get(..close)?.split_once(':').unwrap_or((inner.get(..close)?, "str"));
        if is_identifier(name) && is_identifier(kind) {
            return Some((template.get(..open)?, kind, inner.get(close + 1..)?));
        }
        skipped = open + 1;
    }
}

fn is_identifier(text: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.bytes().all(good) && text.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

/// The expression of a convertor. One the app registered itself is taken for `str`.
fn convertor(kind: &str) -> &'static str {
    match kind {
        "path" => ".*",
        "int" => "[0-9]+",
        "float" => r"[0-9]+(?:\.[0-9]+)?",
        "uuid" => "[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}",
        _ => "[^/]+",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn routes() -> Routes {
        let templates =
            ["/", "/app", "/items/", "/items/{id}", "/n/{n:int}", "/f/{rest:path}", "/{a}-{b}.json", "/{!}"];
        let mounts = ["/static", "/sub/"];
        Routes::new(templates.map(str::to_owned).to_vec(), mounts.map(str::to_owned).to_vec())
    }

    #[test]
    fn which_route_takes_a_path() {
        let route = |text: &str| RouteMatch::Route(text.to_owned());
        for (path, expected) in [
            ("/", route("/")),
            ("/app", route("/app")),
            ("/app\n", route("/app")),
            ("/app/", RouteMatch::Slash("/app".to_owned())),
            ("/app//", RouteMatch::Slash("/app".to_owned())),
            ("/items", RouteMatch::Slash("/items/".to_owned())),
            ("/items/3", route("/items/{id}")),
            ("/items/3/4", RouteMatch::None),
            ("/n/12", route("/n/{n:int}")),
            ("/n/x", RouteMatch::None),
            ("/f/a/b", route("/f/{rest:path}")),
            ("/f/", route("/f/{rest:path}")),
            ("/x-y-z.json", route("/{a}-{b}.json")),
            ("/{!}", route("/{!}")),
            ("/static/a/b", RouteMatch::Mount("/static".to_owned())),
            ("/static", RouteMatch::Slash("/static/".to_owned())),
            ("/statics/a", RouteMatch::None),
            ("/sub/", RouteMatch::Mount("/sub/".to_owned())),
            ("//app", RouteMatch::None),
            ("", RouteMatch::Slash("/".to_owned())),
            ("app", RouteMatch::None),
        ] {
            assert_eq!(routes().find(path), expected, "{path:?}");
        }
    }

    #[test]
    fn an_openapi_document_leaves_mounts_and_spanning_parameters_open() {
        let routes = Routes::from_openapi(br#"{"paths": {"/app": {}, "/files/{name}": {}}}"#).unwrap();
        let templates: Vec<_> = routes.templates().collect();
        assert_eq!(templates, ["/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc", "/app", "/files/{name}"]);
        assert_eq!((routes.mounts().count(), routes.are_all()), (0, false));
        assert_eq!(routes.find("/docs"), RouteMatch::Route("/docs".to_owned()));
        assert_eq!(routes.find("/files/a/b"), RouteMatch::Unknown);
        assert_eq!(routes.find("/static/x"), RouteMatch::None);
    }

    #[test]
    fn a_document_without_paths_is_refused() {
        assert_eq!(Routes::from_openapi(b"{}"), Err(OpenApiError::NoPaths));
        assert!(matches!(Routes::from_openapi(b"<html>"), Err(OpenApiError::NoJson(_))));
    }

    proptest! {
        #[test]
        fn any_template_and_any_path_are_fine(template: String, path: String) {
            Routes::new(vec![template.clone()], vec![template]).find(&path);
        }

        #[test]
        fn a_template_without_parameters_takes_itself(path in "/[a-z0-9/.+*()-]*") {
            prop_assert_eq!(Routes::new(vec![path.clone()], Vec::new()).find(&path), RouteMatch::Route(path));
        }
    }
}
