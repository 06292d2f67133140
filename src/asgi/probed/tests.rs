use proptest::prelude::*;

use super::*;
use crate::asgi::server::Ends;

/// As `assets/hopscope_probe.py` wrote it for FastAPI 0.163.2 on uvicorn 0.54.0: a route of a mounted app.
const MOUNTED: &str = r#"{"v":1,"received":{"type":"http","asgi":{"version":"3.0","spec_version":"2.3"},"http_version":"1.1",
"method":"GET","scheme":"http","path":"/sub/app","raw_path":"/sub/app","query_string":"x=1","root_path":"",
"headers":[["host","h"],["cookie",null],["x-a","\u00e9"]],"client":["203.0.113.9",0],"server":["127.0.0.1",8000]},
"by":{"module":"uvicorn.protocols.http.httptools_impl","program":"uvicorn","version":"0.54.0"},
"left":{"root_path":"/sub","app_root_path":"","path_params":{}},"with":{"fastapi":"0.163.2","starlette":"1.10.0"},
"route":{"kind":"APIRoute","path":"/app","name":"read_sub","endpoint":"app.read_sub","mount":"/sub"}}"#;

const REQUEST: &[u8] = b"GET /sub/app?x=1 HTTP/1.1\r\nHost: h\r\nCookie: a=b\r\nX-A: \xe9\r\n\r\n";

fn ends() -> Ends {
    Ends::tcp(([203, 0, 113, 9], 0).into(), ([127, 0, 0, 1], 8000).into())
}

fn model(server: &Server) -> Scope {
    server.receive(REQUEST, &ends()).scope().unwrap().clone()
}

#[test]
fn an_answer_is_read_whole() {
    let probed = Probed::parse(MOUNTED.as_bytes()).unwrap();
    assert_eq!(probed.server, Some((Program::Uvicorn, Release::new(0, 54, 0))));
    assert_eq!(probed.frameworks.first().unwrap(), &("fastapi".to_owned(), "0.163.2".to_owned()));
    let scope = probed.scope(None).unwrap();
    assert_eq!((scope.path.as_str(), scope.query_string.as_slice()), ("/sub/app", &b"x=1"[..]));
    assert_eq!(scope.client, Some(Address::new("203.0.113.9", 0)));
    assert_eq!(scope.headers[1..], [(b"cookie".to_vec(), HIDDEN.to_vec()), (b"x-a".to_vec(), b"\xe9".to_vec())]);
    assert_eq!(probed.left(None).unwrap().root_path, "", "what the mount added is no setting of the app");
    assert_eq!(probed.routed.route(RouteMatch::Unknown), RouteMatch::Route("/sub/app".to_owned()));
}

#[test]
fn the_model_agrees_and_each_difference_is_found() {
    let agreed = model(&Server::uvicorn());
    let probed = Probed::parse(MOUNTED.as_bytes()).unwrap();
    assert_eq!(probed.differences(&agreed), []);
    let differing = |change: &dyn Fn(&mut Scope)| {
        let mut scope = agreed.clone();
        change(&mut scope);
        probed.differences(&scope).into_iter().map(|found| (found.key, found.model, found.probe)).collect::<Vec<_>>()
    };
    let found = |key, model: &str, probe: &str| vec![(key, model.to_owned(), probe.to_owned())];
    assert_eq!(differing(&|scope| "/x".clone_into(&mut scope.root_path)), found("root_path", r#""/x""#, r#""""#));
    assert_eq!(differing(&|scope| scope.scheme = None), found("scheme", "null", r#""http""#));
    let port = |scope: &mut Scope| scope.client.as_mut().unwrap().port = Some(Port::Text("0".to_owned()));
    assert_eq!(differing(&port), found("client", r#"["203.0.113.9","0"]"#, r#"["203.0.113.9",0]"#));
    assert_eq!(differing(&|scope| drop(scope.headers.pop())), found("headers", "no further line", r#"["x-a","é"]"#));
    assert_eq!(differing(&|scope| scope.headers.swap(0, 1)).len(), 1);
}

#[test]
fn what_was_cut_is_not_compared() {
    let text = MOUNTED.replace(r#""headers":[["host","h"],["cookie",null],["x-a","\u00e9"]],"#, "");
    let probed = |text: &str| Probed::parse(text.as_bytes()).unwrap();
    assert_eq!(probed(&text).differences(&model(&Server::uvicorn())).len(), 1);
    let cut = probed(&text.replace(r#""v":1"#, r#""v":1,"cut":["headers"]"#));
    assert_eq!(
        (cut.differences(&model(&Server::uvicorn())), cut.cut.as_slice()),
        (vec![], &["headers".to_owned()][..])
    );
}

#[test]
fn a_wrong_server_is_named() {
    let probed = Probed::parse(MOUNTED.as_bytes()).unwrap();
    let fits =
        |server: &Server| server.receive(REQUEST, &ends()).scope().is_some_and(|s| probed.differences(s).is_empty());
    let rooted = Server { root_path: "/api".to_owned(), ..Server::uvicorn() };
    let found = probed.explanation(&rooted, fits).unwrap();
    assert_eq!((found.program(), found.root_path.as_str()), (Program::Uvicorn, ""));
    let granian = Server::new(Program::Granian, None);
    assert!(!fits(&granian), "its ports are text");
    assert_eq!(probed.explanation(&granian, fits).unwrap().program(), Program::Uvicorn);
    assert_eq!(probed.explanation(&granian, |_| false), None);
}

/// Starlette up to 0.32 moved the mount from `path` into `root_path`.
#[test]
fn an_old_mount_is_no_setting_of_the_app() {
    let old = MOUNTED
        .replace(r#""left":{"root_path":"/sub","app_root_path":"""#, r#""left":{"root_path":"/sub","path":"/app""#);
    let left = Probed::parse(old.as_bytes()).unwrap().left(None).unwrap();
    assert_eq!((left.path.as_str(), left.root_path.as_str()), ("/sub/app", ""));
}

#[test]
fn routes_in_the_words_of_the_model() {
    let slash = || RouteMatch::Slash("/a/".to_owned());
    for (route, derived, matched) in [
        ("null", RouteMatch::Unknown, RouteMatch::None),
        ("null", slash(), slash()),
        ("7", slash(), slash()),
        (r#"{"kind":"Route","path":"/a/{id}","mount":""}"#, RouteMatch::None, RouteMatch::Route("/a/{id}".to_owned())),
        (r#"{"kind":"Mount","path":"/static","mount":"/static"}"#, slash(), RouteMatch::Mount("/static".to_owned())),
        (r#"{"kind":null,"path":null,"mount":"","endpoint":"a.b"}"#, RouteMatch::Unknown, RouteMatch::Unknown),
    ] {
        let text = format!(r#"{{"v":1,"received":{{"type":"http"}},"route":{route}}}"#);
        assert_eq!(Probed::parse(text.as_bytes()).unwrap().routed.route(derived), matched, "{route}");
    }
}

#[test]
fn what_cannot_be_read_is_said() {
    let error = |text: &str| Probed::parse(text.as_bytes()).unwrap_err();
    assert!(matches!(error("{"), UnreadableAnswer::NoJson(_)));
    for text in ["{}", r#"{"v":2,"received":{"type":"http"}}"#, r#"{"v":1,"received":{}}"#, "[]", "1"] {
        assert_eq!(error(text), UnreadableAnswer::Shape, "{text}");
    }
    let failed = error(r#"{"v":1,"received":{},"error":"KeyError: 'type'"}"#);
    assert_eq!(failed.to_string(), "the probe failed: KeyError: 'type'");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        let _ = Probed::parse(&bytes);
    }

    /// Values of any type in any place.
    #[test]
    fn no_json_makes_it_panic(key in "[a-z_]{1,12}|headers|client|path", value in "null|1|\"x\"|\\[\\]|\\[1,2\\]|\\{\\}|true") {
        let text = format!(r#"{{"v":1,"received":{{"type":"http","path":"/","{key}":{value}}},"left":{{"{key}":{value}}}}}"#);
        if let Ok(probed) = Probed::parse(text.as_bytes()) {
            let _ = (probed.scope(None), probed.left(None));
            let _ = probed.differences(&model(&Server::uvicorn()));
        }
    }
}
