//! `file_server`: which files are there, and redirects to their canonical names. Caddy 2.11,
//! `modules/caddyhttp/fileserver/staticfiles.go`, `caddyhttp.go` (`SanitizedPathJoin`).

use super::placeholders::base;
use super::{Failure, Outcome, Walk};
use crate::gateway::caddy::route::FileServer;
use crate::gateway::go::{self, Mode, Url};
use crate::gateway::{Found, Reply, StepKind};

/// The longest name of a file on Linux.
const LONGEST_NAME: usize = 255;

/// Fields of a request that make a part, or nothing, of a file the answer.
const CONDITIONS: [&str; 6] =
    ["Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"];

impl Walk<'_> {
    /// Serves a file or says that there is none.
    pub(super) fn serve_file(&mut self, server: &FileServer) -> Outcome {
        self.step(StepKind::Answer, None);
        let root = self.fill_text(&server.root);
        let root = if root.is_empty() { ".".to_owned() } else { root };
        let below = join_below(&self.state.request.url.path);
        let look = |walk: &Self, below: &[u8]| walk.world.look(&root, below);
        let Some(mut found) = look(self, &below) else {
            self.doubt(format!("what lies in {root} is not seen"));
            return Outcome::Failed(Failure::new(404, ""));
        };
        if found == Found::Nothing {
            return self.no_file(server, &root, &below);
        }
        let mut file = below.clone();
        let mut is_index = false;
        if found == Found::Folder {
            for name in &server.index {
                let name = self.fill(name);
                let path = join_below(&[below.as_slice(), b"/", &name].concat());
                if !self.is_hidden(server, &root, &path) && look(self, &path) == Some(Found::File) {
                    (file, found, is_index) = (path, Found::File, true);
                    break;
                }
            }
        }
        if found == Found::Folder {
            let listed = server.browse && !self.is_hidden(server, &root, &file);
            return if listed { self.list_folder(server) } else { missing(server) };
        }
        if self.is_hidden(server, &root, &file) {
            return missing(server);
        }
        if let Some(outcome) = self.canonical(server, is_index) {
            return outcome;
        }
        self.send_file(server, root, file)
    }

    /// The answer with the file that lies `below` a folder.
    fn send_file(&mut self, server: &FileServer, root: String, below: Vec<u8>) -> Outcome {
        let handled = self.state.failure.as_ref().map(|failure| failure.status);
        let method = &self.state.request.method;
        if !matches!(method.as_str(), "GET" | "HEAD") && handled.is_none() {
            self.state.response.add("Allow", "GET, HEAD");
            return Outcome::Failed(Failure::new(405, ""));
        }
        if CONDITIONS.iter().any(|name| !self.state.request.header.get(name).is_empty()) {
            self.doubt("a part of a file, or one that the client has already, is not modelled");
        }
        let status = match &*server.status {
            "" => Ok(handled.unwrap_or(200)),
            text => self.status(text),
        };
        match status {
            Ok(status) => Outcome::Done(Box::new(self.finish_reply(Reply::file(status, root, below)))),
            Err(failure) => Outcome::Failed(failure),
        }
    }

    /// Redirects to the name with a slash for a folder, without one for a file.
    fn canonical(&mut self, server: &FileServer, is_index: bool) -> Option<Outcome> {
        let original = self.state.original.url.path.clone();
        if !server.canonical || base(&original) != base(&self.state.request.url.path) {
            return None;
        }
        match (is_index, original.strip_suffix(b"/")) {
            (true, None) => Some(self.redirect_to(&[original.as_slice(), b"/"].concat())),
            (false, Some(bare)) => Some(self.redirect_to(bare)),
            _ => None,
        }
    }

    /// A list of what lies in a folder.
    fn list_folder(&mut self, server: &FileServer) -> Outcome {
        let original = self.state.original.url.path.clone();
        let path = &self.state.request.url.path;
        if (path.is_empty() || base(&original) == base(path)) && !original.ends_with(b"/") {
            return self.redirect_to(&[original.as_slice(), b"/"].concat());
        }
        if !self.state.request.header.get("If-Modified-Since").is_empty() || !server.status.is_empty() {
            self.doubt("browse: when a folder was changed is not seen");
        }
        Outcome::Done(Box::new(self.write_reply(200, Vec::new())))
    }

    /// `redirect`: a path on this host, with the query.
    fn redirect_to(&mut self, path: &[u8]) -> Outcome {
        let slashes = path.iter().take_while(|&&byte| byte == b'/').count();
        let mut to = path.get(slashes.saturating_sub(1)..).unwrap_or_default().to_vec();
        let query = self.state.request.url.raw_query.clone();
        if !query.is_empty() {
            to.push(b'?');
            to.extend(query);
        }
        let location = http_redirect(&to, &self.state.request.url);
        self.state.response.set("Location", location);
        if !self.state.response.has("Content-Type") && matches!(self.state.request.method.as_str(), "GET" | "HEAD") {
            self.state.response.set("Content-Type", "text/html; charset=utf-8");
        }
        Outcome::Done(Box::new(self.write_reply(308, Vec::new())))
    }

    /// What is not there: a path through a file, or with a name that none can have, is a bad request.
    fn no_file(&mut self, server: &FileServer, root: &str, below: &[u8]) -> Outcome {
        let parts: Vec<&[u8]> = below.split(|&byte| byte == b'/').collect();
        let impossible = below.contains(&0) || parts.iter().any(|part| part.len() > LONGEST_NAME);
        let through_file = (1..parts.len())
            .filter_map(|count| parts.get(..count))
            .any(|parts| self.world.look(root, &parts.join(&b'/')) == Some(Found::File));
        if impossible || through_file {
            return Outcome::Failed(Failure::new(400, ""));
        }
        missing(server)
    }

    /// True for a file that `hide` names, and for the configuration itself.
    fn is_hidden(&mut self, server: &FileServer, root: &str, below: &[u8]) -> bool {
        let file = [root.strip_suffix('/').unwrap_or(root).as_bytes(), b"/", below].concat();
        let file = file.strip_prefix(b"./").unwrap_or(&file);
        server.hide.iter().any(|pattern| {
            let pattern = self.fill(pattern);
            let pattern = pattern.strip_prefix(b"./").unwrap_or(&pattern);
            if !pattern.contains(&b'/') && file.split(|&byte| byte == b'/').any(|part| go::path_matches(pattern, part))
            {
                return true;
            }
            let within = file.strip_prefix(pattern).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"));
            (pattern.contains(&b'/') && within) || go::path_matches(pattern, file)
        })
    }
}

fn missing(server: &FileServer) -> Outcome {
    if server.pass_thru { Outcome::Next } else { Outcome::Failed(Failure::new(404, "")) }
}

/// What lies at a path below a folder: dots resolved, no slash at either end.
pub(super) fn join_below(path: &[u8]) -> Vec<u8> {
    let cleaned = go::clean(&[b"/", path].concat());
    cleaned.strip_prefix(b"/").unwrap_or(&cleaned).to_vec()
}

/// True for a file of `try_files` with characters that stand for others, outside of its placeholders.
pub(super) fn has_wildcard(pattern: &str) -> bool {
    let mut depth = 0usize;
    pattern.chars().any(|c| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && matches!(c, '*' | '?' | '[' | '\\')
    })
}

/// What `http.Redirect` makes of a target on this host: the path cleaned where it is text, bytes beyond ASCII escaped.
fn http_redirect(to: &[u8], base: &Url) -> Vec<u8> {
    let mut location = to.to_vec();
    if Url::parse(to).is_some_and(|url| url.scheme.is_empty() && url.host.is_empty()) {
        if !location.starts_with(b"/") {
            let folder = memchr::memrchr(b'/', &base.path).map_or(0, |at| at + 1);
            location = [base.path.get(..folder).unwrap_or_default(), &location].concat();
        }
        let mark = memchr::memchr(b'?', &location).unwrap_or(location.len());
        let (path, query) = location.split_at_checked(mark).unwrap_or((&location, b""));
        let mut cleaned = go::clean(path);
        if path.ends_with(b"/") && !cleaned.ends_with(b"/") {
            cleaned.push(b'/');
        }
        location = [cleaned.as_slice(), query].concat();
    }
    let mut out = Vec::with_capacity(location.len());
    for byte in location {
        if byte.is_ascii() { out.push(byte) } else { out.extend(go::escape(&[byte], Mode::Path)) }
    }
    out
}
