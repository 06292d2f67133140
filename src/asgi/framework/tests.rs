use super::*;
use crate::asgi::{Address, Release};
use proptest::prelude::*;

/// A request for `path?a=1` on `https`, without any header.
pub(super) fn scope(path: &str, root_path: &str) -> Scope {
    Scope {
        scheme: Some("https".to_owned()),
        query_string: b"a=1".to_vec(),
        server: Some(Address::new("::1", 8000)),
        ..Scope::sample(path, root_path)
    }
}

fn with(scope: Scope, headers: &[(&str, &str)]) -> Scope {
    let headers = headers.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())).collect();
    Scope { headers, ..scope }
}

/// On a host called `h`.
fn on_h(path: &str, root_path: &str) -> Scope {
    with(scope(path, root_path), &[("host", "h")])
}

fn starlette(release: &str) -> Framework {
    Framework::fastapi(None, Some(release.parse().unwrap()))
}

/// `/`, `/app`, `/items/` and something at `/sub`.
fn app(root_path: &str) -> App {
    let templates = ["/", "/app", "/items/"].map(str::to_owned).to_vec();
    let routes = Some(Routes::new(templates, vec!["/sub".to_owned()]));
    App { root_path: root_path.to_owned(), prefix_header: true, routes, ..App::default() }
}

/// An app with another below it, and files.
fn tree(release: &str) -> App {
    let sub = App { routes: Some(Routes::fastapi().route(Route::new("/things/").methods(["GET"]))), ..App::default() };
    let files = Files { paths: vec!["hello.txt".to_owned()], html: false };
    let routes = Routes::fastapi()
        .route(Route::new("/app").methods(["GET"]).named("get_app"))
        .route(Route::new("/items/").methods(["GET"]))
        .route(Route::new("/ws").websocket())
        .mount(Mount::new("/sub", Mounted::App(Box::new(sub))))
        .mount(Mount::new("/static", Mounted::Files(files)).named("static"));
    App { framework: starlette(release), routes: Some(routes), ..App::default() }
}

#[test]
fn the_route_path_by_release() {
    let releases = ["0.32", "0.34", "0.38.3", "0.38.4", "0.39.1"];
    for (path, root, expected) in [
        ("/api/v1/app", "/api/v1", ["/api/v1/app", "/app", "/app", "/app", "/app"]),
        ("/api/v1", "/api/v1", ["/api/v1", "", "", "", ""]),
        ("/api/v1app", "/api/v1", ["/api/v1app", "app", "app", "/api/v1app", "/api/v1app"]),
        ("/apixv1/app", "/api.v1", ["/apixv1/app", "/app", "/app", "/app", "/apixv1/app"]),
        ("/aapi/app", "/a+pi", ["/aapi/app", "/app", "/app", "/app", "/aapi/app"]),
        ("/a+pi/app", "/a+pi", ["/a+pi/app", "/a+pi/app", "/a+pi/app", "/a+pi/app", "/app"]),
        ("/app", "/api/v1", ["/app"; 5]),
        ("/app", "", ["/app"; 5]),
        ("//app", "/", ["//app", "/app", "/app", "/app", "/app"]),
        ("/app", "/", ["/app", "app", "app", "/app", "/app"]),
        ("/api/v1/app", "/api/v1/", ["/api/v1/app", "app", "app", "/api/v1/app", "/api/v1/app"]),
        ("app", "", ["app"; 5]),
    ] {
        let route_path =
            |release| App { framework: starlette(release), ..App::default() }.view(&scope(path, root)).route_path;
        assert_eq!(releases.map(route_path), expected, "{path} {root}");
    }
}

#[test]
fn a_root_path_that_is_no_plain_expression_is_not_guessed_at() {
    for root in ["/a(b", "/a|b", "/{tenant}", "/a$", "/a**", "/a\\d"] {
        let old = tree("0.35.1");
        let answer = old.answer(&scope("/app", root));
        assert_eq!((answer.view.route, answer.prediction), (RouteMatch::Unknown, Prediction::Unknown), "{root}");
        assert_eq!(tree("0.39.1").answer(&scope("/app", root)).prediction, Prediction::Found, "{root}");
    }
}

#[test]
fn who_sets_the_root_path() {
    for (server, argument, header, expected) in
        [("/s", "", None, "/s"), ("/s", "", Some("/h"), "/h"), ("/s", "", Some(""), ""), ("/s", "/a", Some("/h"), "/a")]
    {
        let headers = header.map(|prefix| ("x-forwarded-prefix", prefix));
        let scope = with(scope("/app", server), headers.as_slice());
        let view = app(argument).view(&scope);
        assert_eq!(view.scope.root_path, expected);
        assert_eq!(view.root_path_replaced, expected != server);
    }
    let two = with(scope("/app", "/s"), &[("x-forwarded-prefix", "/h"), ("x-forwarded-prefix", "/last")]);
    assert_eq!(app("").view(&two).scope.root_path, "/last");
    assert_eq!(App { prefix_header: false, ..app("") }.view(&two).scope.root_path, "/s");
    assert_eq!(App { framework: Framework::starlette(None), ..app("/a") }.view(&two).scope.root_path, "/last");
}

#[test]
fn urls_carry_the_root_path_but_a_redirect_of_a_stripped_path_does_not() {
    let view = app("/api/v1").view(&on_h("/items", ""));
    assert_eq!(view.base_url.as_deref(), Some("https://h/api/v1/"));
    assert_eq!(view.url_for.as_deref(), Some("https://h/api/v1/items"));
    assert_eq!(view.slash_redirect.as_deref(), Some("https://h/items/?a=1"));
    assert_eq!(view.openapi_url, "/api/v1/openapi.json");
    assert_eq!(view.url().as_deref(), Some("https://h/items?a=1"));
    assert_eq!(view.url_of("/app").as_deref(), Some("https://h/api/v1/app"));
    assert!(!view.path_has_root);
}

#[test]
fn until_0_34_urls_are_root_path_and_path() {
    for (release, base) in [("0.27", "https://h/api/v1/"), ("0.34", "https://h/api/v1/"), ("0.35", "https://h/api/v1/")]
    {
        let view = App { framework: starlette(release), ..app("/api/v1") }.view(&on_h("/items", ""));
        let whole = if release == "0.35" { "https://h/items/?a=1" } else { "https://h/api/v1/items/?a=1" };
        assert_eq!((view.base_url.as_deref(), view.slash_redirect.as_deref()), (Some(base), Some(whole)), "{release}");
    }
}

#[test]
fn a_url_that_starlette_cannot_build_is_none() {
    let odd = Scope { scheme: Some("garbage".to_owned()), ..scope("/items", "") };
    let answer = app("").answer(&odd);
    assert_eq!((answer.view.base_url, answer.view.url_for, answer.view.slash_redirect), (None, None, None));
    assert_eq!(answer.prediction, Prediction::Failed);
}

#[test]
fn what_the_app_will_answer() {
    let redirect = |to: &str| Prediction::Redirect(to.to_owned());
    for (path, root, expected) in [
        ("/app", "", Prediction::Found),
        ("/nope", "", Prediction::NotFound),
        ("/items", "", redirect("https://h/items/?a=1")),
        ("/api/v1", "/api/v1", redirect("https://h/api/v1/?a=1")),
        ("/api/v1/sub/x", "/api/v1", Prediction::Unknown),
        ("/sub/x", "/api/v1", Prediction::NotFound),
    ] {
        let app = app("");
        assert_eq!(app.view(&on_h(path, root)).predicted(&app), expected, "{path} {root}");
    }
    let stranger = App::default();
    assert_eq!(stranger.answer(&scope("/app", "")).prediction, Prediction::Unknown);
    let strict = App { redirect_slashes: false, ..app("") };
    assert_eq!(strict.answer(&scope("/items", "")).prediction, Prediction::NotFound);
    assert_eq!(strict.view(&scope("/items", "")).route, RouteMatch::None);
}

#[test]
fn documented_routes_are_not_all() {
    let routes = Routes::from_openapi(br#"{"paths": {"/a": {"get": {}}, "/f/{x}": {"get": {}}}}"#).ok();
    let app = App { routes, ..App::default() };
    for (method, path, expected) in [
        ("GET", "/a", Prediction::Found),
        ("GET", "/b", Prediction::Unknown),
        ("PUT", "/a", Prediction::Unknown),
        ("GET", "/f/x/y", Prediction::Unknown),
        ("GET", "/a/", Prediction::Redirect("https://h/a?a=1".to_owned())),
    ] {
        let asked = Scope { method: Some(method.to_owned()), ..on_h(path, "") };
        assert_eq!(app.answer(&asked).prediction, expected, "{method} {path}");
    }
}

#[test]
fn methods_and_websockets() {
    let app = tree("1.10");
    for (method, path, status) in [
        (Some("GET"), "/app", None),
        (Some("POST"), "/app", Some(405)),
        (Some("HEAD"), "/docs", None),
        (Some("POST"), "/items", Some(307)),
        (Some("GET"), "/ws", Some(404)),
        (None, "/ws", None),
        (None, "/app", Some(403)),
        (None, "/items", Some(403)),
        (None, "/sub/nope", Some(403)),
        (None, "/static/hello.txt", Some(403)),
        (Some("DELETE"), "/static/hello.txt", Some(405)),
    ] {
        let kind = if method.is_some() { ScopeType::Http } else { ScopeType::WebSocket };
        let asked = Scope { kind, method: method.map(str::to_owned), ..on_h(path, "") };
        assert_eq!(app.answer(&asked).prediction.status(kind), status, "{method:?} {path}");
    }
}

#[test]
fn below_a_mount_by_release() {
    for (release, path, seen_path, root_path, base_url, url) in [
        ("0.27", "/sub/things/", "/things/", "/api/sub", "https://h/api/", "https://h/api/sub/things/?a=1"),
        ("0.34", "/sub/things/", "/sub/things/", "/api", "https://h/api/", "https://h/api/sub/things/?a=1"),
        ("0.35", "/api/sub/things/", "/api/sub/things/", "/api/sub", "https://h/api/", "https://h/api/sub/things/?a=1"),
        ("1.10", "/api/sub/things/", "/api/sub/things/", "/api/sub", "https://h/api/", "https://h/api/sub/things/?a=1"),
    ] {
        let Answer { prediction, view, .. } = tree(release).answer(&on_h(path, "/api"));
        assert_eq!(prediction, Prediction::Found, "{release}");
        assert_eq!((view.scope.path.as_str(), view.scope.root_path.as_str()), (seen_path, root_path), "{release}");
        assert_eq!((view.base_url.as_deref(), view.url().as_deref()), (Some(base_url), Some(url)), "{release}");
        assert_eq!(view.url_of("/app").as_deref(), Some("https://h/api/app"), "{release}");
    }
}

#[test]
fn a_path_without_its_root_misses_below_mounts_since_0_35() {
    for (release, status) in [("0.27", None), ("0.34", None), ("0.35", Some(404)), ("1.10", Some(404))] {
        for path in ["/sub/things/", "/static/hello.txt", "/sub/docs"] {
            let answer = tree(release).answer(&on_h(path, "/api"));
            let expected = if path.starts_with("/static") && status.is_some() { Some(404) } else { status };
            assert_eq!(answer.prediction.status(ScopeType::Http), expected, "{release} {path}");
        }
    }
}

#[test]
fn redirects_below_a_mount() {
    for (release, path, location) in [
        ("0.27", "/sub/things", "https://h/api/sub/things/?a=1"),
        ("0.34", "/sub/things", "https://h/api/sub/things/?a=1"),
        ("0.35", "/api/sub/things", "https://h/api/sub/things/?a=1"),
        ("0.35", "/api/sub", "https://h/api/sub/?a=1"),
    ] {
        let answer = tree(release).answer(&on_h(path, "/api"));
        assert_eq!(answer.prediction, Prediction::Redirect(location.to_owned()), "{release} {path}");
    }
}

#[test]
fn fastapis_own_pages_name_the_root_path_of_their_app() {
    let app = App { servers: vec!["https://prod".to_owned()], ..tree("1.10") };
    let page = |path| app.answer(&on_h(path, "/api/")).page;
    assert_eq!(
        page("/openapi.json"),
        Some(OwnPage::Document { servers: vec!["/api".to_owned(), "https://prod".to_owned()] })
    );
    let page = |path| app.answer(&on_h(path, "/api")).page;
    assert_eq!(page("/api/sub/openapi.json"), Some(OwnPage::Document { servers: vec!["/api/sub".to_owned()] }));
    assert_eq!(page("/api/sub/docs"), Some(OwnPage::Viewer { openapi_url: "/api/sub/openapi.json".to_owned() }));
    assert_eq!((page("/api/docs/oauth2-redirect"), page("/api/app")), (None, None));
    let plain = App { framework: Framework::starlette(None), ..app };
    assert_eq!(plain.answer(&on_h("/docs", "")).page, None);
}

#[test]
fn middlewares_answer_first_and_the_outermost_of_them() {
    let trusted = Middleware::TrustedHost(TrustedHosts::new(vec!["good".to_owned()]));
    let app = App { middleware: vec![Middleware::HttpsRedirect, trusted], ..tree("1.10") };
    let plain = Scope { scheme: Some("http".to_owned()), ..on_h("/app", "") };
    assert_eq!(app.answer(&plain).prediction, Prediction::Redirect("https://h/app?a=1".to_owned()));
    assert_eq!(app.answer(&on_h("/app", "")).prediction, Prediction::BadHost);
    assert_eq!(app.answer(&with(scope("/app", ""), &[("host", "good:1")])).prediction, Prediction::Found);
}

#[test]
fn a_websocket_without_a_scheme_has_http_urls() {
    let socket = Scope { kind: ScopeType::WebSocket, scheme: None, method: None, ..on_h("/ws", "") };
    let view = tree("1.10").view(&socket);
    assert_eq!(view.url().as_deref(), Some("http://h/ws?a=1"));
    assert_eq!(view.url_for.as_deref(), Some("ws://h/ws"));
}

proptest! {
    #[test]
    fn any_scope_has_an_answer(
        path: String,
        root: String,
        host in any::<Vec<u8>>(),
        prefix in any::<Vec<u8>>(),
        scheme in proptest::option::of("https?|wss?|.*"),
        release in (0_u16..2, 0_u16..60, 0_u16..5),
    ) {
        let release = Release::new(release.0, release.1, release.2);
        let trusted = Middleware::TrustedHost(TrustedHosts::new(vec!["*.example".to_owned()]));
        for middleware in [Vec::new(), vec![Middleware::HttpsRedirect], vec![trusted]] {
            let app = App { prefix_header: true, middleware, framework: Framework::starlette(Some(release)), ..tree("1.10") };
            let headers = vec![(b"host".to_vec(), host.clone()), (b"x-forwarded-prefix".to_vec(), prefix.clone())];
            let answer = app.answer(&Scope { headers, scheme: scheme.clone(), ..scope(&path, &root) });
            if let Prediction::Redirect(to) = &answer.prediction {
                prop_assert!(to.is_ascii());
            }
        }
    }

    #[test]
    fn the_route_path_is_the_end_of_the_path(path in "(/[ab.]{0,2}){0,4}", root in "(/[ab.+]{0,2}){0,2}", minor in 20_u16..53) {
        let app = App { framework: Framework::starlette(Some(Release::new(0, minor, 0))), ..App::default() };
        let view = app.view(&scope(&path, &root));
        prop_assert!(path.ends_with(&view.route_path));
    }

    #[test]
    fn a_kept_prefix_is_right_since_0_35(path in "/[a-z]{1,3}(/[a-z]{1,3}){0,2}", root in "(/[a-z]{1,3}){1,2}", minor in 35_u16..53) {
        let routes = Some(Routes::new(vec![path.clone()], Vec::new()));
        let app = App { framework: Framework::starlette(Some(Release::new(0, minor, 0))), routes, ..App::default() };
        prop_assert_eq!(app.answer(&scope(&format!("{root}{path}"), &root)).prediction, Prediction::Found);
    }
}
