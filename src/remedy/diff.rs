//! The change of the user's own files, as a patch program takes it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use similar::TextDiff;

use crate::gateway::{Amended, Files, Origin};
use crate::lanes::Setup;

/// Lines around a change.
const CONTEXT: usize = 3;

/// The unified diff of all files that change; `None` if none does, or if one is no text that may be shown as it is.
pub(super) fn unified(setup: &Setup, amended: &Amended) -> Option<Arc<str>> {
    let before = setup.gateway.as_ref()?.origin.as_ref()?;
    let after = amended.gateway.origin.as_ref()?;
    let files: BTreeSet<&Path> = amended.edits.iter().map(|edit| &*edit.place.file).collect();
    let mut out = String::new();
    for file in files {
        let (old, new) = (text(before, file)?, text(after, file)?);
        let name = file.display().to_string();
        let diff = TextDiff::from_lines(&old, &new);
        out.push_str(&diff.unified_diff().context_radius(CONTEXT).header(&name, &name).to_string());
    }
    (!out.is_empty()).then(|| out.into())
}

/// A file as it was read. One with escapes for the terminal in it is not shown.
fn text(origin: &Origin, file: &Path) -> Option<String> {
    let text = String::from_utf8(origin.files.read(file).ok()?).ok()?;
    let fit = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    (text.chars().all(fit) && !file.display().to_string().contains(char::is_control)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asgi::server::Server;
    use crate::gateway::{InMemory, Options, Received, Unseen, read};

    const CONF: &str = "events {}\nhttp {\n  server {\n    listen 80;\n    location /api/ {\n      proxy_pass http://a:1;\n    }\n  }\n}\n";

    #[test]
    fn the_users_own_lines_are_changed() {
        let files = InMemory::default().file("/etc/nginx.conf", CONF);
        let gateway = read(&["/etc/nginx.conf".into()], &files, Options::default()).unwrap();
        let head = b"GET /api/x HTTP/1.1\r\nHost: h\r\n\r\n";
        let ends = ("10.0.0.1:5".parse().unwrap(), "10.0.0.2:80".parse().unwrap());
        let plan = gateway.plan(&Received::at(None, head, Some(b""), ends), &Unseen);
        let amended = gateway.amend(&[crate::gateway::Change::PassHost], &plan).unwrap();
        let setup = Setup { gateway: Some(gateway), ..Setup::new(Server::uvicorn()) };
        let diff = unified(&setup, &amended).unwrap();
        assert!(diff.starts_with("--- /etc/nginx.conf\n+++ /etc/nginx.conf\n@@ -"), "{diff}");
        assert!(diff.contains("\n+      proxy_set_header Host $http_host;\n"), "{diff}");
    }
}
