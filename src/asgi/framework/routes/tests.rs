//! Which route takes a request, and what a document tells of routes.

use super::*;
use crate::asgi::framework::versions::NEWEST_STARLETTE;
use proptest::prelude::*;

fn routes() -> Routes {
    let templates = ["/", "/app", "/items/", "/items/{id}", "/f/{rest:path}"];
    Routes::new(templates.map(str::to_owned).to_vec(), ["/static", "/sub/"].map(str::to_owned).to_vec())
}

fn asked(method: Option<&str>) -> Asked<'_> {
    let kind = if method.is_some() { ScopeType::Http } else { ScopeType::WebSocket };
    Asked { kind, method, starlette: NEWEST_STARLETTE }
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
        ("/f/a/b", route("/f/{rest:path}")),
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
fn the_first_that_takes_method_and_path_has_it() {
    let routes = Routes::default()
        .route(Route::new("/a").methods(["GET"]).named("read"))
        .route(Route::new("/a").methods(["POST"]).named("write"))
        .route(Route::new("/a").websocket().named("listen"))
        .mount(Mount::new("/", Mounted::Unknown))
        .route(Route::new("/b"));
    let name = |path, method| match routes.first(path, asked(method)) {
        Taken::Route(route) | Taken::OtherMethod(route) => route.name.clone(),
        taken => Some(format!("{:?}", RouteMatch::from(&taken))),
    };
    assert_eq!(name("/a", Some("POST")).as_deref(), Some("write"));
    assert_eq!(name("/a", None).as_deref(), Some("listen"));
    assert_eq!(name("/a", Some("PUT")).as_deref(), Some("Mount(\"/\")"), "a mount that takes it goes before a 405");
    assert_eq!(name("/b", Some("GET")).as_deref(), Some("Mount(\"/\")"));

    let two = Routes::default().route(Route::new("/a").methods(["GET"])).route(Route::new("/{x}").methods(["POST"]));
    assert!(matches!(two.first("/a", asked(Some("PUT"))), Taken::OtherMethod(route) if route.path() == "/a"));
    assert!(matches!(two.first("/a", asked(Some("get"))), Taken::OtherMethod(_)), "methods have their case");
}

#[test]
fn names_are_found_below_mounts() {
    let sub = |name: &str| {
        let routes = Routes::default().route(Route::new("/x/").named(name)).route(Route::new("/{y}").named("y"));
        Mounted::App(Box::new(App { routes: Some(routes), ..App::default() }))
    };
    let routes = Routes::default()
        .route(Route::new("/app").named("get_app"))
        .mount(Mount::new("/sub/", sub("inner")))
        .mount(Mount::new("/other", sub("inner")).named("other"));
    for (name, path) in [
        ("get_app", Some("/app")),
        ("inner", Some("/sub/x/")),
        ("other:inner", Some("/other/x/")),
        ("y", None),
        ("nope", None),
    ] {
        assert_eq!(routes.path_of(name).as_deref(), path, "{name}");
    }
}

#[test]
fn an_openapi_document_leaves_mounts_and_spanning_parameters_open() {
    let routes = Routes::from_openapi(br#"{"paths": {"/app": {"get": {}}, "/files/{name}": {}}}"#).unwrap();
    let templates: Vec<_> = routes.templates().collect();
    assert_eq!(templates, ["/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc", "/app", "/files/{name}"]);
    assert_eq!((routes.mounts().count(), routes.are_all()), (0, false));
    assert_eq!(routes.find("/docs"), RouteMatch::Route("/docs".to_owned()));
    assert_eq!(routes.find("/files/a/b"), RouteMatch::Unknown);
    assert_eq!(routes.find("/static/x"), RouteMatch::None);
    assert!(matches!(routes.first("/app", asked(Some("POST"))), Taken::OtherMethod(_)));
    assert!(matches!(routes.first("/app", asked(None)), Taken::Route(_)), "a websocket may be there too");
    assert!(matches!(routes.first("/files/a", asked(Some("POST"))), Taken::Route(_)), "no methods are named");
}

#[test]
fn a_document_without_paths_is_refused() {
    assert_eq!(Routes::from_openapi(b"{}"), Err(OpenApiError::NoPaths));
    assert!(matches!(Routes::from_openapi(b"<html>"), Err(OpenApiError::NoJson(_))));
}

proptest! {
    #[test]
    fn any_path_has_an_answer(path: String) {
        routes().find(&path);
    }
}
