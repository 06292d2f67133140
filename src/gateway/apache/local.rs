//! Requests that are not sent on: files, folders and what else httpd answers by itself
//! (`core.c`, `default_handler`; `modules/mappers/mod_dir.c`, 2.4).

use super::config::Server;
use super::mapping::prefix_length;
use super::plan::{Walk, redirect_reply};
use super::scope::Scope;
use super::text::Scene;
use super::url::escape;
use crate::gateway::{Found, NotUnderstood, Reply, Step, StepKind};

/// Methods that httpd knows (`http_protocol.c`), less those that it reads a file for.
const OTHERS: [&str; 22] = [
    "PUT",
    "DELETE",
    "PATCH",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
    "VERSION-CONTROL",
    "CHECKOUT",
    "UNCHECKOUT",
    "CHECKIN",
    "UPDATE",
    "LABEL",
    "REPORT",
    "MKWORKSPACE",
    "MKACTIVITY",
    "BASELINE-CONTROL",
    "MERGE",
    "CONNECT",
];

impl Walk<'_> {
    /// The answer for a path that nothing sends on.
    pub(super) fn local(&mut self, server: &Server, scope: &Scope, scene: &Scene, path: &[u8]) -> Reply {
        for redirect in &scope.redirects {
            if let Some(to) = redirect.map(&scene.uri) {
                self.steps.push(Step::at(StepKind::Answer, redirect.text.clone(), &redirect.place));
                return redirect_reply(redirect.status, to, scene);
            }
        }
        if path == b"*" {
            return Reply::status(if scene.head.method == b"OPTIONS" { 200 } else { 400 });
        }
        let (folder, below) = Self::file(server, scene, path);
        // No file system has such a name: what httpd then says is what it says for a file that may not be read.
        if below.split(|&b| b == b'/').any(|segment| segment.len() > 255) || below.len() > 4_000 {
            return Reply::status(403);
        }
        let denied = self.denied(server, scope, &folder, &below);
        if denied {
            return Reply::status(403);
        }
        self.steps.push(Step::own(StepKind::Answer, format!("files below {folder}")));
        // `mod_dir` adds the slash before anybody asks for the method.
        let may_be_folder = !below.is_empty() && !below.ends_with(b"/") && scene.head.method != b"TRACE";
        if may_be_folder && matches!(self.world.look(&folder, &below), Some(Found::Folder)) {
            return redirect_reply(301, [&escape(&scene.uri), &b"/"[..]].concat(), scene);
        }
        match scene.head.method.as_slice() {
            b"GET" | b"HEAD" | b"POST" => self.look(scope, &folder, &below),
            b"OPTIONS" => Reply::status(200),
            b"TRACE" => {
                self.unknown.push(NotUnderstood { place: None, what: "TRACE is not modelled".to_owned() });
                Reply::status(200)
            }
            method if OTHERS.iter().any(|known| method == known.as_bytes()) => Reply::status(405),
            _ => Reply::status(501),
        }
    }

    /// The folder that is looked in, and what is looked for in it.
    fn file(server: &Server, scene: &Scene, path: &[u8]) -> (String, Vec<u8>) {
        for alias in &server.folders {
            if let Some(length) = prefix_length(path, alias.prefix.as_bytes()) {
                let rest = path.get(length..).unwrap_or_default();
                let start = rest.iter().take_while(|&&b| b == b'/').count();
                return (alias.folder.trim_end_matches('/').to_owned(), rest.get(start..).unwrap_or_default().to_vec());
            }
        }
        let start = path.iter().take_while(|&&b| b == b'/').count();
        (scene.root.trim_end_matches('/').to_owned(), path.get(start..).unwrap_or_default().to_vec())
    }

    /// True if what is said for the folders on the way, or for the path, lets nobody in.
    fn denied(&mut self, server: &Server, scope: &Scope, folder: &str, below: &[u8]) -> bool {
        let file = [folder.as_bytes(), b"/", below].concat();
        let mut sections: Vec<_> = server.directories.iter().filter(|section| section.holds(&file)).collect();
        sections.sort_by_key(|section| match &section.matcher {
            super::mapping::Matcher::Prefix(prefix) => prefix.len(),
            super::mapping::Matcher::Regex(_) => usize::MAX,
        });
        let mut denied = None;
        for section in sections {
            self.unknown.extend(section.scope.doubts.iter().cloned());
            denied = section.scope.denied.clone().or(denied);
        }
        denied = scope.denied.clone().or(denied);
        let Some((true, place)) = denied else { return false };
        self.steps.push(Step::at(StepKind::Answer, "Require all denied", &place));
        true
    }

    fn look(&mut self, scope: &Scope, folder: &str, below: &[u8]) -> Reply {
        let unseen = |walk: &mut Self| {
            let what = format!("what lies in {folder} is not known");
            walk.unknown.push(NotUnderstood { place: None, what });
            Reply::status(404)
        };
        match self.world.look(folder, below) {
            None => unseen(self),
            Some(Found::Nothing) => Reply::status(404),
            Some(Found::File) if below.ends_with(b"/") => Reply::status(404),
            Some(Found::File) => Reply::file(200, folder.to_owned(), below.to_vec()),
            Some(Found::Folder) => {
                let usual = vec!["index.html".to_owned()];
                for name in scope.index.as_ref().unwrap_or(&usual) {
                    let file = [below, name.as_bytes()].concat();
                    match self.world.look(folder, &file) {
                        Some(Found::File) => return Reply::file(200, folder.to_owned(), file),
                        None => return unseen(self),
                        Some(_) => {}
                    }
                }
                let what = format!("{folder}: whether a folder without an index is listed is not modelled");
                self.unknown.push(NotUnderstood { place: None, what });
                Reply::status(403)
            }
        }
    }
}
