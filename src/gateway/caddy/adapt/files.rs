//! `root`, `file_server` and `try_files`. Caddy 2.11, `builtins.go` (`parseRoot`), `fileserver/caddyfile.go`.

use std::sync::Arc;

use super::Notes;
use super::blocks::{Scope, route};
use crate::gateway::ConfigError;
use crate::gateway::caddy::route::{FileMatcher, FileServer, Handled, Handler, Matcher, MatcherSet, Rewrite, Route};

/// `root [matcher] path`
pub(super) fn root(scope: &mut Scope) -> Result<Route, ConfigError> {
    scope.at.next();
    let set = match scope.at.count_args() {
        1 => None,
        2 => scope.matcher()?,
        _ => return Err(scope.at.fault("root wants a path, and may have a matcher before it")),
    };
    let root = scope.at.some_arg()?;
    Ok(scope.route(set, Handler::Vars(vec![("root".into(), root)])))
}

/// `file_server [matcher] [browse] { … }`
pub(super) fn file_server(scope: &mut Scope, notes: &mut Notes<'_>) -> Result<Route, ConfigError> {
    let set = scope.matcher()?;
    let at = &mut scope.at;
    let mut server = FileServer {
        root: "{http.vars.root}".into(),
        index: vec!["index.html".into(), "index.txt".into()],
        canonical: true,
        ..FileServer::default()
    };
    match at.args().as_slice() {
        [] => {}
        [word] if &**word == "browse" => server.browse = true,
        _ => return Err(at.arguments()),
    }
    let mut doubt = None;
    let nesting = at.nesting();
    while at.next_block(nesting) {
        match &*at.val() {
            "root" => server.root = at.some_arg()?,
            "index" => server.index = at.args(),
            "hide" => server.hide.extend(at.args()),
            "status" => server.status = at.some_arg()?,
            "disable_canonical_uris" => server.canonical = false,
            "pass_thru" => server.pass_thru = true,
            "browse" => {
                server.browse = true;
                at.args();
                at.skip_block();
            }
            // How a file is packed and tagged is no matter of where a request goes.
            "precompressed" | "etag_file_extensions" => drop(at.args()),
            other => {
                let what = format!("file_server {other}: not modelled");
                at.args();
                at.skip_block();
                doubt = Some(notes.doubt(at.place(), what));
            }
        }
    }
    let handler = doubt.map_or_else(|| Handler::FileServer(Arc::new(server)), Handler::Unknown);
    Ok(route(set, vec![Handled::new(handler, &scope.line).answering(notes)]))
}

/// `try_files file … { policy … }`: rewrites to the first that is there. One with a query is a rewrite of its own.
pub(super) fn try_files(scope: &mut Scope, notes: &mut Notes<'_>) -> Result<Vec<Route>, ConfigError> {
    let at = &mut scope.at;
    at.next();
    let words = at.args();
    if words.is_empty() {
        return Err(at.arguments());
    }
    let mut policy: Arc<str> = "".into();
    let nesting = at.nesting();
    while at.next_block(nesting) {
        if &*at.val() == "policy" {
            policy = at.some_arg()?;
        }
    }
    let known = matches!(&*policy, "" | "first_exist" | "first_exist_fallback");
    let unknown = (!known).then(|| {
        notes.doubt(
            Some(scope.line.place.clone()),
            format!("try_files policy {policy}: what files are like is not seen"),
        )
    });
    let make = |files: Vec<Arc<str>>, query: &str| {
        let matcher = match &unknown {
            Some(doubt) => Matcher::Unknown(doubt.clone()),
            None => Matcher::File(Box::new(FileMatcher {
                root: "{http.vars.root}".into(),
                try_files: files,
                fallback: &*policy == "first_exist_fallback",
                split_path: Vec::new(),
            })),
        };
        let set = MatcherSet::of("file", matcher);
        let uri = format!("{{http.matchers.file.relative}}{query}");
        let rewrite = Rewrite { uri: Some(uri.into()), ..Rewrite::default() };
        scope.route(Some(Arc::new(set)), Handler::Rewrite(Arc::new(rewrite)))
    };
    let mut routes = Vec::new();
    let mut plain = Vec::new();
    for word in words {
        match word.find('?') {
            Some(at) => {
                if !plain.is_empty() {
                    routes.push(make(std::mem::take(&mut plain), ""));
                }
                let (file, query) = word.split_at(at);
                routes.push(make(vec![file.into()], query));
            }
            None => plain.push(word),
        }
    }
    if !plain.is_empty() {
        routes.push(make(plain, ""));
    }
    if routes.len() > 1 {
        let group = notes.group();
        for route in &mut routes {
            route.group = Some(group);
        }
    }
    Ok(routes)
}
