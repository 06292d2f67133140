//! Files: where a path leads to on disk, `try_files`, `index`, and what nginx answers with what it finds there.
//!
//! Source: `ngx_http_map_uri_to_path`, `ngx_http_core_content_phase` (`ngx_http_core_module.c`),
//! `ngx_http_try_files_module.c`, `ngx_http_index_module.c`, `ngx_http_autoindex_module.c`, `ngx_http_static_module.c`,
//! 1.22.1. Handlers of the content phase run in the order opposite to that of their modules: index, autoindex, static.

use super::config::{Fallback, TryFiles};
use super::plan;
use super::reply::{self, special, special_at};
use super::template::{Part, Template};
use super::uri::{self, Escape};
use super::visit::Visit;
use crate::gateway::{Action, Found, NotUnderstood, Reply, Step, StepKind, World};

/// Where paths are looked for.
struct Root {
    folder: Vec<u8>,
    /// How much of it is a folder that the configuration names; the rest was put behind it by captures.
    named: usize,
    /// How much of the path the folder stands for; `None`: all of it.
    taken: Option<usize>,
}

impl Root {
    /// The root in force. `Err`: nginx answers with this status.
    fn of(visit: &mut Visit) -> Result<Self, u16> {
        let root = visit.settings().root.clone();
        if root.alias && !visit.valid_location {
            return Err(500);
        }
        let folder = root.path.fill(visit);
        let folder = visit.known(folder);
        let taken = match (root.alias, root.prefix) {
            (false, _) => Some(0),
            (true, Some(prefix)) => Some(prefix),
            (true, None) if visit.add_uri_to_alias => Some(0),
            (true, None) => None,
        };
        let named = match root.path.parts() {
            [Part::Text(text), _, ..] if root.alias && root.prefix.is_none() => {
                text.iter().rposition(|&byte| byte == b'/').map_or(folder.len(), |slash| slash + 1)
            }
            _ => folder.len(),
        };
        Ok(Self { folder, named, taken })
    }

    /// What follows the folder for a path.
    fn rest<'a>(&self, path: &'a [u8]) -> &'a [u8] {
        self.taken.and_then(|taken| path.get(taken..)).unwrap_or_default()
    }

    /// What lies there. The folder that holds where none is configured, `html` beside nginx's own files, is taken to be
    /// missing: it is in the packages of nginx.org.
    fn look(&self, visit: &mut Visit, rest: &[u8], world: &dyn World) -> Option<Found> {
        if visit.settings().root.place.is_none() {
            return Some(Found::Nothing);
        }
        let (folder, below) = self.split(rest);
        let found = world.look(&folder, &below);
        if found.is_none() {
            let place = visit.settings().root.place.clone();
            let what = format!("what lies at {folder}/{} is not known", below.escape_ascii());
            visit.doubt(NotUnderstood { place, what });
        }
        // A path with a slash at its end leads nowhere if a file is there.
        if rest.ends_with(b"/") && found == Some(Found::File) { Some(Found::Nothing) } else { found }
    }

    /// The folder that is looked in, and what is looked for in it.
    fn split(&self, rest: &[u8]) -> (String, Vec<u8>) {
        let (folder, behind) = self.folder.split_at_checked(self.named).unwrap_or((&self.folder, b""));
        let folder = String::from_utf8_lossy(folder);
        let rest = &[behind, rest].concat()[..];
        let (folder, below) = if folder.ends_with('/') || rest.is_empty() || rest.starts_with(b"/") {
            (&*folder, rest.to_vec())
        } else {
            // The text is only put together: `alias /a` and `b` give `/ab`, which lies beside `/a`.
            let (parent, name) = folder.rsplit_once('/').unwrap_or(("", &folder));
            (parent, [name.as_bytes(), rest].concat())
        };
        // Slashes in a row are one to the system.
        let segments = below.split(|&byte| byte == b'/').filter(|segment| !segment.is_empty());
        let mut below = segments.collect::<Vec<_>>().join(&b'/');
        if rest.ends_with(b"/") && !below.is_empty() {
            below.push(b'/');
        }
        (folder.to_owned(), below)
    }
}

/// `$document_root`; `None` if it is relative to where nginx was built for, or not known.
pub(super) fn document_root(visit: &mut Visit) -> Option<Vec<u8>> {
    let folder = visit.settings().root.path.clone().fill(visit).ok()?;
    folder.starts_with(b"/").then_some(folder)
}

/// `$request_filename`; `None` if it is relative to where nginx was built for, or not known.
pub(super) fn request_filename(visit: &mut Visit) -> Option<Vec<u8>> {
    let root = Root::of(visit).ok()?;
    let path = [root.folder.as_slice(), root.rest(&visit.uri)].concat();
    path.starts_with(b"/").then_some(path)
}

/// `try_files`: the first candidate that is there becomes the path; if none is, its last argument says what is done.
///
/// `None`: the request goes on.
pub(super) fn try_files(visit: &mut Visit, tried: &TryFiles, world: &dyn World) -> Option<Action> {
    let root = match Root::of(visit) {
        Ok(root) => root,
        Err(status) => return Some(special(visit, status, world)),
    };
    for candidate in &tried.candidates {
        let folder = matches!(candidate.parts().last(), Some(Part::Text(text)) if text.ends_with(b"/"));
        let mut name = candidate_name(visit, &root, candidate);
        if folder {
            name.pop();
        }
        let wanted = if folder { Found::Folder } else { Found::File };
        if root.look(visit, &name, world)? != wanted {
            continue;
        }
        match root.taken {
            None if folder => {}
            None => {
                visit.uri = name;
                visit.add_uri_to_alias = true;
            }
            Some(taken) => {
                visit.uri.truncate(taken);
                visit.uri.extend_from_slice(&name);
            }
        }
        let step = Step::at(StepKind::Path, format!("{}: it is there", tried.text), &tried.place);
        visit.steps.push(step.path(visit.target()));
        return None;
    }
    visit.step(StepKind::Path, format!("{}: none of them is there", tried.text), &tried.place);
    Some(match &tried.fallback {
        Fallback::Status(status) => special(visit, *status, world),
        Fallback::Uri(target) => {
            let target = candidate_name(visit, &root, target);
            if target.first() == Some(&b'@') {
                return Some(plan::named(visit, &target, world));
            }
            let (path, args) = uri::split_args(&target);
            plan::redirect(visit, path.to_vec(), args.to_vec(), world)
        }
    })
}

/// A candidate's text. Under an `alias` one that is made of variables loses what the alias stands for.
fn candidate_name(visit: &mut Visit, root: &Root, candidate: &Template) -> Vec<u8> {
    let name = candidate.fill(visit);
    let name = visit.known(name);
    let taken = root.taken.and_then(|taken| visit.uri.get(..taken)).unwrap_or_default();
    match name.strip_prefix(taken) {
        Some(rest) if candidate.constant().is_none() => rest.to_vec(),
        _ => name,
    }
}

/// The content phase of a location that nothing else answers for.
pub(super) fn serve(visit: &mut Visit, world: &dyn World) -> Action {
    let method = visit.method.clone();
    let (reads, posts) = (matches!(method.as_slice(), b"GET" | b"HEAD"), method == b"POST");
    let folder = visit.uri.ends_with(b"/");
    if folder && (reads || posts) {
        if let Some(action) = index(visit, world) {
            return action;
        }
        if reads && visit.settings().autoindex {
            return listing(visit, world);
        }
    }
    if !(reads || posts) {
        return special(visit, 405, world);
    }
    if folder {
        return special(visit, 403, world);
    }
    let root = match Root::of(visit) {
        Ok(root) => root,
        Err(status) => return special(visit, status, world),
    };
    let rest = root.rest(&visit.uri).to_vec();
    match root.look(visit, &rest, world).unwrap_or(Found::Nothing) {
        Found::Nothing => special(visit, 404, world),
        Found::Folder => {
            let mut location = uri::escape(&visit.uri, Escape::Uri);
            location.push(b'/');
            if !visit.args.is_empty() {
                location.push(b'?');
                location.extend_from_slice(&visit.args);
            }
            visit.steps.push(Step::own(StepKind::Answer, "a folder is there, so the client is sent to its slash"));
            special_at(visit, 301, location, world)
        }
        Found::File if posts => special(visit, 405, world),
        Found::File => file(visit, &root, world),
    }
}

/// `index`: the first file that is there is asked for instead. `None` if none is.
fn index(visit: &mut Visit, world: &dyn World) -> Option<Action> {
    let names = visit.settings().index.clone();
    let mut checked = false;
    for template in names.iter() {
        let name = template.fill(visit);
        let name = visit.known(name);
        if name.starts_with(b"/") {
            let args = visit.args.clone();
            return Some(plan::redirect(visit, name, args, world));
        }
        let root = match Root::of(visit) {
            Ok(root) => root,
            Err(status) => return Some(special(visit, status, world)),
        };
        let folder = root.rest(&visit.uri).to_vec();
        if root.look(visit, &[folder.as_slice(), &name].concat(), world)? == Found::Nothing {
            if !std::mem::replace(&mut checked, true) && root.look(visit, &folder, world)? == Found::Nothing {
                return Some(special(visit, 404, world));
            }
            continue;
        }
        let uri = [visit.uri.as_slice(), &name].concat();
        visit.steps.push(Step::own(StepKind::Path, format!("index {}", name.escape_ascii())).path(uri.clone()));
        let args = visit.args.clone();
        return Some(plan::redirect(visit, uri, args, world));
    }
    None
}

/// `autoindex on`
fn listing(visit: &mut Visit, world: &dyn World) -> Action {
    let root = match Root::of(visit) {
        Ok(root) => root,
        Err(status) => return special(visit, status, world),
    };
    let rest = root.rest(&visit.uri).to_vec();
    match root.look(visit, &rest, world) {
        Some(Found::Folder) => {
            if let Err(refusal) = reply::discard(visit) {
                return special(visit, refusal, world);
            }
            reply::send_undated(visit, Reply::status(200).field("Content-Type", "text/html"), world)
        }
        _ => special(visit, 404, world),
    }
}

/// A file is there.
fn file(visit: &mut Visit, root: &Root, world: &dyn World) -> Action {
    let conditions: [&[u8]; 5] =
        [b"if-match", b"if-unmodified-since", b"if-none-match", b"if-modified-since", b"range"];
    if conditions.iter().any(|name| visit.head.get(name).is_some()) {
        let what = "the date and the tag of the file, which the request asks about, are not known".to_owned();
        visit.doubt(NotUnderstood { place: visit.settings().root.place.clone(), what });
    }
    let rest = root.rest(&visit.uri).to_vec();
    let path = [root.folder.as_slice(), &rest].concat();
    visit.steps.push(Step::own(StepKind::Answer, format!("the file {}", path.escape_ascii())));
    if let Err(refusal) = reply::discard(visit) {
        return special(visit, refusal, world);
    }
    let (folder, below) = root.split(&rest);
    reply::send(visit, Reply::file(200, folder, below))
}

#[cfg(test)]
mod tests;
