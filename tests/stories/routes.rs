//! The Routes screen: what the proxy's own configuration says, tried and edited from there.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::place::{free_address, wait_for};
use crate::support::screen::Screen;

const CONFIG: &str = "events {}\nhttp {\n  server {\n    listen 8080;\n    location /api/ {\n      \
                      proxy_pass http://app:8000/;\n    }\n  }\n}\n";

/// An editor that waits for a line, notes it, and moves the location.
const EDITOR: &str = "#!/bin/sh\nprintf 'the editor is here'\nread line\necho \"$1 $line\" > \"$2.noted\"\n\
                      sed 's#/api/#/moved/#' \"$2\" > \"$2.new\" && mv \"$2.new\" \"$2\"\n";

/// The editor has the terminal for itself, keys and all; then hopscope has it again, and the routes are the new ones.
#[test]
fn a_router_is_tried_read_and_edited() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (config, editor) = (folder.path().join("nginx.conf"), folder.path().join("editor"));
    fs::write(&config, CONFIG).and_then(|()| fs::write(&editor, EDITOR)).expect("a folder of our own");
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).expect("a file of our own");
    let (listen, path) = (free_address(), config.display().to_string());
    let ports = format!("8080={listen}");
    let arguments = ["proxy", "--no-ask-app", "--map", "app:8000=127.0.0.1:9", "--map-listen", &ports, "--from", &path];
    let variables = [("EDITOR", editor.to_str().expect("UTF-8")), ("VISUAL", "")];
    let mut screen = Screen::start_with(120, 36, &arguments, &variables).listening(listen);

    screen.press("3");
    screen.shows("nginx.conf");
    screen.shows("http://localhost:8080/api/docs");
    screen.press("t/api/items?x=1\r");
    screen.shows("/items?x=1   to app:8000");
    screen.press("s");
    screen.shows("▶    5");
    screen.press("E");
    screen.shows("the editor is here");
    screen.press("q3hello\r");
    let noted = || fs::read_to_string(folder.path().join("nginx.conf.noted")).ok().filter(|noted| !noted.is_empty());
    assert_eq!(wait_for("the editor to note what was typed", noted), "+5 q3hello\n");
    screen.shows("location /moved/");
    screen.press("Q");
    assert_eq!(screen.ended().0, 0);
}
