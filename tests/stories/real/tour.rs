//! What a browser asks of the app, for set-ups in which all of it works.

use super::stage::Stage;

/// Walks through everything below `prefix`; nothing of it may be found fault with.
pub(crate) fn clean_tour(stage: &mut Stage, prefix: &str) {
    let edge = stage.edge;
    assert_eq!(stage.get(&format!("{prefix}/app"), 200, &[]).json()["root_path"], prefix);
    let redirect = stage.get(&format!("{prefix}/items"), 307, &[]);
    assert_eq!(redirect.value("location"), format!("http://{edge}{prefix}/items/"));
    assert_eq!(stage.follow(&redirect, 200, &[]).json()[0], "plumbus");
    let docs = stage.get(&format!("{prefix}/docs"), 200, &[]);
    assert!(docs.text().contains(&format!("'{prefix}/openapi.json'")), "{}", docs.text());
    let referer = format!("Referer: http://{edge}{prefix}/docs");
    let schema = stage.ask(&format!("{prefix}/openapi.json"), &[&referer], 200, &[]).json();
    assert_eq!(schema["servers"][0]["url"].as_str().unwrap_or_default(), prefix);
    assert_eq!(stage.get(&format!("{prefix}/static/hello.txt"), 200, &[]).text(), "hello\n");
    let sub = stage.get(&format!("{prefix}/sub/app"), 200, &[]);
    assert_eq!(sub.json()["root_path"], format!("{prefix}/sub"));
    let redirect = stage.get(&format!("{prefix}/sub/things"), 307, &[]);
    assert_eq!(redirect.value("location"), format!("http://{edge}{prefix}/sub/things/"));
    stage.follow(&redirect, 200, &[]);
    let odd = stage.get(&format!("{prefix}/app?q=caf%C3%A9&x=%2F%2F&empty="), 200, &[]);
    assert_eq!(odd.json()["message"], "Hello World");
    stage.chat(&format!("{prefix}/ws"));
}
