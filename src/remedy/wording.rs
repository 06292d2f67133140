//! A fix in words: what to type, for the proxy and the server in use.

use super::applied::Fixed;
use super::candidates::Aim;
use super::proxy_words;
use super::replay::Replayed;
use super::seen::Seen;
use crate::asgi::framework::RouteMatch;
use crate::diagnosis::server_words::ServerWords;
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{AppChange, Change, shown};
use crate::gateway::{Amended, Edit};
use crate::lanes::Setup;

/// Several changes in one line; `None` if the proxy in use has no way to make one of them.
pub(super) fn line(changes: &[Change], seen: &Seen, setup: &Setup, fixed: &Fixed) -> Option<String> {
    let proxy = Proxy::seen(&seen.exchange, &seen.lanes, setup);
    let written = fixed.amended.as_ref().filter(|amended| !amended.edits.is_empty());
    let mut parts: Vec<String> = Vec::with_capacity(changes.len());
    parts.extend(written.map(edits));
    for change in changes {
        match change {
            Change::Proxy(_) if written.is_some() => {}
            Change::Proxy(change) => parts.push(proxy_words::line(proxy, change)?),
            Change::Server(option, value) => parts.push(at_server(setup, option, value.as_deref())),
            Change::App(change) => parts.push(in_app(setup, change)),
        }
    }
    Some(parts.join("  +  "))
}

/// `nginx.conf:12: proxy_pass http://app/;`
fn edits(amended: &Amended) -> String {
    let one = |edit: &Edit| match (edit.insert.as_slice(), edit.remove) {
        ([], 1) => format!("{}: delete the line", edit.place),
        ([], n) => format!("{}: delete {n} lines", edit.place),
        (lines, _) => {
            let text: Vec<String> = lines.iter().map(|line| shown::text(line.trim())).collect();
            format!("{}: {}", edit.place, text.join(" "))
        }
    };
    amended.edits.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn at_server(setup: &Setup, option: &str, value: Option<&str>) -> String {
    let words = ServerWords(&setup.server);
    let program = setup.server.program();
    match value {
        Some(root) if option == program.root_path_option() => {
            words.with_root(root).unwrap_or_else(|| format!("{program} --{option} {}", shown::text(root)))
        }
        None if option == program.root_path_option() => words.without_root(&setup.server.root_path),
        Some(peer) if Some(option) == program.trust_option() => words.believe(peer),
        Some(_) if Some(option) == program.reading_option().map(|(name, _)| name) || option == "proxy-headers" => {
            words.read_headers()
        }
        Some(value) => format!("{program} --{option} {}", shown::text(value)),
        None => format!("{program} without --{option}"),
    }
}

fn in_app(setup: &Setup, change: &AppChange) -> String {
    match change {
        AppChange::RootPath(root) if root.is_empty() => {
            format!("FastAPI() without root_path=\"{}\"", shown::text(&setup.app.root_path))
        }
        AppChange::RootPath(root) => format!(
            "FastAPI(root_path=\"{}\") in the app (deprecated since 0.146), or a middleware that takes it from \
             X-Forwarded-Prefix",
            shown::text(root)
        ),
        AppChange::PrefixHeader => "a middleware in the app that sets root_path from X-Forwarded-Prefix".to_owned(),
    }
}

/// What the broken request becomes, a few words.
pub(super) fn result(aim: Aim, again: &Replayed) -> String {
    let location = again.lanes.answer.location.as_deref().map(shown::bytes);
    let scope = again.lanes.scope.outcome.as_ref().and_then(|outcome| outcome.scope());
    match (aim, location, scope) {
        (Aim::Scheme | Aim::Trust, None, Some(scope)) => {
            let client = scope.client.as_ref().map(|client| format!(", client {}", shown::text(client.host())));
            format!("scheme {}{}", shown::text(scope.scheme()), client.unwrap_or_default())
        }
        (Aim::Host, None, Some(scope)) => {
            format!("Host {}", shown::bytes(scope.header("host").unwrap_or_default()))
        }
        (_, Some(location), _) => format!("redirect to {location}"),
        _ => by_route(again),
    }
}

fn by_route(again: &Replayed) -> String {
    let Some(view) = &again.lanes.scope.view else {
        return again.status.map_or_else(|| "the finding is gone".to_owned(), |status| status.to_string());
    };
    let is_docs = view.route_path.ends_with("/docs") || view.route_path.ends_with("/redoc");
    match &view.route {
        _ if is_docs => format!("the page asks for {}", shown::text(&view.openapi_url)),
        RouteMatch::Route(template) | RouteMatch::OtherMethod(template) | RouteMatch::Mount(template) => {
            format!("route {}", shown::text(template))
        }
        RouteMatch::Slash(path) => format!("redirect to {}", shown::text(path)),
        RouteMatch::None | RouteMatch::Unknown => format!("the app looks for {}", shown::text(&view.route_path)),
    }
}
