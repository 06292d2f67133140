//! `hopscope fix`: the fix is proven on the running app, written into nginx' own file, and real nginx works by it.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::hopscope::BINARY;
use crate::support::http;
use crate::support::peers::{self, AppOptions, needs};
use crate::support::place::{free_address, wait_for};

/// `hopscope fix` for three pages below the prefix, by the file in this folder.
fn fix(folder: &Path, listen: SocketAddr, more: &[&str]) -> (Output, String) {
    let urls = ["docs", "items", "app"].map(|page| format!("http://{listen}/api/v1/{page}"));
    let output = Command::new(BINARY)
        .arg("fix")
        .args(urls)
        .args(more)
        .args(["--from", "nginx.conf"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("the program runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output, text)
}

/// nginx keeps the prefix, and uvicorn puts it before the path once more.
#[test]
fn proven_written_and_right() {
    needs!("nginx", "uvicorn");
    let options = AppOptions { server: vec!["--root-path", "/api/v1"], ..AppOptions::default() };
    let (_uvicorn, app) = peers::uvicorn(&options);
    let (folder, listen) = (tempfile::tempdir().expect("a folder"), free_address());
    let file = folder.path().join("nginx.conf");
    let broken = peers::example("nginx-keep.conf", listen, app);
    fs::write(&file, &broken).expect("the configuration");

    let (output, text) = fix(folder.path(), listen, &["--prove"]);
    assert!(output.status.success() && text.contains("proven: 200, "), "{text}");
    assert!(text.contains("404 PX02") && text.contains("  mended\n"), "{text}");
    assert_eq!(fs::read_to_string(&file).expect("the file"), broken, "nothing is written unasked");

    let (output, text) = fix(folder.path(), listen, &["--prove", "--write"]);
    assert_eq!(output.status.code(), Some(2), "nobody is there to say yes: {text}");
    let (output, text) = fix(folder.path(), listen, &["--prove", "--write", "--yes"]);
    assert!(output.status.success() && text.contains("nginx -s reload"), "{text}");
    let backup = fs::read_to_string(folder.path().join("nginx.conf.hopscope-bak")).expect("the backup");
    assert_eq!(backup, broken);

    let written = fs::read_to_string(&file).expect("the file");
    let _nginx = peers::nginx(listen, &written);
    let ready = || Some(http::get(listen, "/api/v1/app")).filter(|answer| answer.status() == 200);
    assert_eq!(wait_for("nginx", ready).json()["root_path"], "/api/v1");
    let (output, text) = fix(folder.path(), listen, &["--prove"]);
    assert!(output.status.success() && text.contains("nothing wrong was found"), "{text}");
}

/// The fix changes the server as well: it is tried on a second one, which is gone afterwards.
#[test]
fn proven_on_a_second_server() {
    needs!("nginx", "uvicorn");
    let (_uvicorn, app) = peers::uvicorn(&AppOptions::default());
    let (folder, listen) = (tempfile::tempdir().expect("a folder"), free_address());
    let broken = peers::example("nginx-keep.conf", listen, app);
    fs::write(folder.path().join("nginx.conf"), broken).expect("the configuration");
    let (output, text) = fix(folder.path(), listen, &["--prove"]);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("not tried: it changes the server"), "{text}");
    let (output, text) = fix(folder.path(), listen, &["--prove", "--try-server"]);
    assert!(output.status.success() && text.contains("proven: 200, "), "{text}");
}

/// nginx keeps one prefix, which the server puts before the path once more, and strips another without its slash.
const TWO_FAULTS: &str = "events {}\nhttp {\n  server {\n    listen 127.0.0.1:9999;\n    location /api/v1/ {\n      \
                          proxy_pass http://127.0.0.1:8000;\n    }\n    location /shop {\n      \
                          proxy_pass http://127.0.0.1:8000/;\n    }\n  }\n}\n";

#[test]
fn the_fixes_of_two_causes_are_written_with_one_backup() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("nginx.conf");
    fs::write(&file, TWO_FAULTS).expect("the configuration");
    let app = ["--server", "uvicorn@0.54", "--root-path", "/api/v1", "--route-of-app", "/items", "--no-find-server"];
    let output = Command::new(BINARY)
        .args(["fix", "http://127.0.0.1:9999/api/v1/items", "http://127.0.0.1:9999/shop/items"])
        .args(["--from", "nginx.conf", "--write", "--yes"])
        .args(app)
        .current_dir(folder.path())
        .output()
        .expect("the program runs");
    let text = String::from_utf8_lossy(&output.stderr);
    let written = fs::read_to_string(&file).expect("the file");
    assert!(written.contains("proxy_pass http://127.0.0.1:8000/;\n      proxy_set_header Host"), "{written}\n{text}");
    assert!(written.contains("location /shop/ {"), "{written}\n{text}");
    let backup = fs::read_to_string(folder.path().join("nginx.conf.hopscope-bak")).expect("the backup");
    assert_eq!(backup, TWO_FAULTS);
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 2, "one backup: {text}");
}

#[test]
fn an_app_that_is_down_is_said() {
    let (folder, listen, app) = (tempfile::tempdir().expect("a folder"), free_address(), free_address());
    let broken = peers::example("nginx-keep.conf", listen, app);
    fs::write(folder.path().join("nginx.conf"), broken).expect("the configuration");
    let (output, text) = fix(folder.path(), listen, &["--prove"]);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains(&format!("nothing answers on {app}")), "{text}");
}
