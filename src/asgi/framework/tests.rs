use super::*;
use crate::asgi::Address;
use proptest::prelude::*;

fn scope(path: &str, root_path: &str) -> Scope {
    Scope {
        scheme: Some("https".to_owned()),
        query_string: b"a=1".to_vec(),
        server: Some(Address::new("::1", 8000)),
        ..Scope::sample(path, root_path)
    }
}

fn app(root_path: &str) -> App {
    let templates = ["/", "/app", "/items/"].map(str::to_owned).to_vec();
    let routes = Some(Routes::new(templates, vec!["/sub".to_owned()]));
    App { root_path: root_path.to_owned(), prefix_header: true, routes }
}

#[test]
fn the_route_path_ends_at_a_segment() {
    for (path, root, expected) in [
        ("/api/v1/app", "/api/v1", "/app"),
        ("/api/v1", "/api/v1", ""),
        ("/api/v1app", "/api/v1", "/api/v1app"),
        ("/app", "/api/v1", "/app"),
        ("/app", "", "/app"),
        ("//app", "/", "/app"),
        ("/app", "/", "/app"),
        ("app", "", "app"),
        ("/api/v1/app", "/api/v1/", "/api/v1/app"),
    ] {
        assert_eq!(route_path(path, root), expected, "{path} {root}");
    }
}

#[test]
fn who_sets_the_root_path() {
    for (server, argument, header, expected) in
        [("/s", "", None, "/s"), ("/s", "", Some("/h"), "/h"), ("/s", "", Some(""), ""), ("/s", "/a", Some("/h"), "/a")]
    {
        let view = app(argument).view(&scope("/app", server), None, header.map(str::as_bytes));
        assert_eq!(view.scope.root_path, expected);
        assert_eq!(view.root_path_replaced, expected != server);
    }
    let deaf = App { prefix_header: false, ..app("") };
    assert_eq!(deaf.view(&scope("/app", "/s"), None, Some(b"/h")).scope.root_path, "/s");
}

#[test]
fn urls_carry_the_root_path_but_a_redirect_of_a_stripped_path_does_not() {
    let view = app("/api/v1").view(&scope("/items", ""), Some(b"h.example"), None);
    assert_eq!(view.base_url, "https://h.example/api/v1/");
    assert_eq!(view.url_for, "https://h.example/api/v1/items");
    assert_eq!(view.slash_redirect, "https://h.example/items/?a=1");
    assert_eq!(view.openapi_url, "/api/v1/openapi.json");
    assert_eq!(view.url(Some(b"h.example")), "https://h.example/items?a=1");
    assert!(!view.path_has_root);
}

#[test]
fn a_bad_host_gives_way_to_the_servers_address() {
    let view = app("").view(&scope("/app", ""), Some(b"bad host"), None);
    assert_eq!(view.base_url, "https://[::1]:8000/");
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
        assert_eq!(app.view(&scope(path, root), Some(b"h"), None).predicted(&app), expected, "{path} {root}");
    }
    let stranger = App::default();
    assert_eq!(stranger.view(&scope("/app", ""), None, None).predicted(&stranger), Prediction::Unknown);
}

#[test]
fn a_websocket_is_never_redirected() {
    let socket = Scope { kind: ScopeType::WebSocket, ..scope("/items", "") };
    assert_eq!(app("").view(&socket, None, None).route, RouteMatch::None);
}

#[test]
fn a_mount_grows_the_root_path() {
    let view = app("").view(&scope("/api/v1/sub/app", "/api/v1"), Some(b"h"), None);
    assert_eq!(view.route, RouteMatch::Mount("/sub".to_owned()));
    let below = view.below_mount("/sub", &app(""), Some(b"h"));
    assert_eq!((below.scope.root_path.as_str(), below.route_path.as_str()), ("/api/v1/sub", "/app"));
    assert_eq!(below.base_url, "https://h/api/v1/");
    assert_eq!(below.openapi_url, "/api/v1/sub/openapi.json");

    let stripped = app("").view(&scope("/sub/app", "/api/v1"), Some(b"h"), None).below_mount("/sub", &app(""), None);
    assert_eq!((stripped.route_path.as_str(), stripped.path_has_root), ("/sub/app", false));
}

proptest! {
    #[test]
    fn any_scope_has_a_view(path: String, root: String, host in any::<Vec<u8>>(), prefix in any::<Vec<u8>>()) {
        let app = app(&root);
        let view = app.view(&scope(&path, "/s"), Some(&host), Some(&prefix));
        prop_assert!(path.ends_with(&view.route_path));
        prop_assert!(view.slash_redirect.is_ascii());
        view.predicted(&app);
    }
}
