//! Directives of a block made into routes and put into order. Caddy 2.11, `directives.go` (`parseSegmentAsConfig`,
//! `sortRoutes`), `httptype.go` (`buildSubroute`, `consolidateRoutes`).

use std::cmp::Ordering;
use std::sync::Arc;

use super::matchers::{self, Definitions, Inline};
use super::{Notes, files, handlers, headers, line, proxying, rewriting, sorting};
use crate::gateway::ConfigError;
use crate::gateway::caddy::caddyfile::{Dispenser, Token};
use crate::gateway::caddy::route::{Handled, Handler, Line, MatcherSet, Route};

/// The order of directives that are sorted: `defaultDirectiveOrder`.
pub(super) const ORDER: [&str; 42] = [
    "tracing",
    "map",
    "vars",
    "fs",
    "root",
    "log_append",
    "skip_log",
    "log_skip",
    "log_name",
    "header",
    "copy_response_headers",
    "request_body",
    "timeouts",
    "redir",
    "method",
    "rewrite",
    "uri",
    "try_files",
    "basicauth",
    "basic_auth",
    "forward_auth",
    "request_header",
    "encode",
    "push",
    "intercept",
    "templates",
    "invoke",
    "handle",
    "handle_path",
    "route",
    "abort",
    "error",
    "copy_response",
    "respond",
    "metrics",
    "reverse_proxy",
    "php_fastcgi",
    "file_server",
    "acme_server",
    // These are no handlers; they are known so that none of them is taken for an address.
    "bind",
    "tls",
    "handle_errors",
];

/// True for the name of a directive.
pub(super) fn is_directive(name: &str) -> bool {
    ORDER.contains(&name) || name == "log"
}

/// What directives say that are no routes, and those that are.
#[derive(Clone)]
pub(super) enum Value {
    Route(Route),
    ErrorRoute(Route),
    Bind(Vec<Arc<str>>),
    Tls(super::site::TlsUse),
}

/// What a directive says.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) directive: Arc<str>,
    pub(super) value: Value,
}

/// A directive that is being read.
pub(super) struct Scope {
    pub(super) at: Dispenser,
    pub(super) matchers: Arc<Definitions>,
    pub(super) line: Line,
}

impl Scope {
    /// Before the first word.
    pub(super) fn new(tokens: Vec<Token>, matchers: Arc<Definitions>) -> Self {
        let line = line(&tokens).unwrap_or_else(|| Line {
            place: crate::gateway::Place::new(std::path::PathBuf::new(), 0),
            text: "".into(),
        });
        Self { at: Dispenser::new(tokens), matchers, line }
    }

    /// The matcher that stands before the arguments, taken out; the reading stands on the directive afterwards.
    ///
    /// # Errors
    /// A matcher that is not defined.
    pub(super) fn matcher(&mut self) -> Result<Option<Arc<MatcherSet>>, ConfigError> {
        self.at.reset();
        self.at.next();
        if !self.at.next_arg() {
            return Ok(None);
        }
        let found = match self.at.token() {
            Some(token) => matchers::inline(token, &self.matchers)?,
            None => Inline::Argument,
        };
        match found {
            Inline::Argument => {
                self.at.back();
                Ok(None)
            }
            Inline::All => {
                self.at.delete();
                Ok(None)
            }
            Inline::Set(set) => {
                self.at.delete();
                Ok(Some(set))
            }
        }
    }

    /// A route of one handler.
    pub(super) fn route(&self, set: Option<Arc<MatcherSet>>, handler: Handler) -> Route {
        route(set, vec![Handled::new(handler, &self.line)])
    }
}

/// A route for requests that a set is for.
pub(super) fn route(set: Option<Arc<MatcherSet>>, handlers: Vec<Handled>) -> Route {
    Route { group: None, sets: set.into_iter().collect(), handlers, terminal: false }
}

/// The directives of the block that a word opens.
///
/// # Errors
/// What Caddy refuses.
pub(super) fn subroute(scope: &mut Scope, notes: &mut Notes<'_>) -> Result<Vec<Found>, ConfigError> {
    let at = &mut scope.at;
    if at.token().is_none() {
        at.next();
    }
    if at.next_arg() {
        return Err(at.arguments());
    }
    let mut segments = Vec::new();
    let nesting = at.nesting();
    while at.next_block(nesting) {
        segments.push(at.segment());
    }
    directives(segments, &scope.matchers, notes)
}

/// The directives of a block.
///
/// # Errors
/// What Caddy refuses.
pub(super) fn directives(
    segments: Vec<Vec<Token>>,
    outer: &Arc<Definitions>,
    notes: &mut Notes<'_>,
) -> Result<Vec<Found>, ConfigError> {
    let is_matcher = |segment: &Vec<Token>| segment.first().is_some_and(|token| token.text.starts_with('@'));
    let (definitions, segments): (Vec<_>, Vec<_>) = segments.into_iter().partition(is_matcher);
    let mut matchers = Arc::clone(outer);
    if !definitions.is_empty() {
        let mut known = (**outer).clone();
        for definition in definitions {
            matchers::define(definition, &mut known, notes)?;
        }
        matchers = Arc::new(known);
    }
    let mut found = Vec::new();
    for segment in segments {
        let Some(name) = segment.first().map(|token| Arc::clone(&token.text)) else { continue };
        let mut scope = Scope::new(segment, Arc::clone(&matchers));
        let values = directive(&name, &mut scope, notes)?;
        let directive = if &*name == "handle_path" { "handle".into() } else { name };
        found.extend(values.into_iter().map(|value| Found { directive: Arc::clone(&directive), value }));
    }
    Ok(found)
}

/// What one directive says.
fn directive(name: &str, scope: &mut Scope, notes: &mut Notes<'_>) -> Result<Vec<Value>, ConfigError> {
    let route = match name {
        "handle" | "route" => handlers::handle(scope, name == "handle", notes)?,
        "handle_path" => rewriting::handle_path(scope, notes)?,
        "rewrite" => rewriting::rewrite(scope)?,
        "uri" => rewriting::uri(scope, notes)?,
        "method" => rewriting::method(scope)?,
        "redir" => handlers::redir(scope, notes)?,
        "respond" => handlers::respond(scope, notes)?,
        "error" => handlers::error(scope, notes)?,
        "abort" => handlers::abort(scope, notes)?,
        "vars" => handlers::vars(scope)?,
        "map" => handlers::map(scope, notes)?,
        "basic_auth" | "basicauth" => handlers::basic_auth(scope, notes)?,
        "request_body" => handlers::request_body(scope, notes)?,
        "encode" => handlers::encode(scope)?,
        "invoke" => handlers::invoke(scope, notes)?,
        "reverse_proxy" => proxying::reverse_proxy(scope, notes)?,
        "forward_auth" => proxying::forward_auth(scope, notes)?,
        "copy_response" => handlers::copy_response(scope)?,
        "request_header" => headers::request_header(scope, notes)?,
        "root" => files::root(scope)?,
        "file_server" => files::file_server(scope, notes)?,
        "header" => return Ok(headers::header(scope, notes)?.into_iter().map(Value::Route).collect()),
        "try_files" => return Ok(files::try_files(scope, notes)?.into_iter().map(Value::Route).collect()),
        "handle_errors" => return Ok(vec![Value::ErrorRoute(handlers::handle_errors(scope, notes)?)]),
        "bind" => return Ok(vec![Value::Bind(super::site::bind(scope, notes))]),
        "tls" => return Ok(vec![Value::Tls(super::site::tls(scope, notes)?)]),
        "log" => return Ok(Vec::new()),
        // What these do is to be seen in logs, traces and connections only.
        "tracing" | "log_append" | "log_skip" | "skip_log" | "log_name" | "push" | "timeouts" => {
            let set = scope.matcher()?;
            scope.route(set, Handler::Pass)
        }
        "templates" | "intercept" => {
            let what = format!("{name}: what it makes of a response is not modelled");
            let set = scope.matcher()?;
            let doubt = notes.doubt(Some(scope.line.place.clone()), what);
            scope.route(set, Handler::Response(doubt))
        }
        "metrics" => {
            let set = scope.matcher()?;
            let mut route = scope.route(set, Handler::Static(Arc::default()));
            route.handlers = route.handlers.into_iter().map(|handled| handled.answering(notes)).collect();
            route
        }
        other => {
            let set = if ORDER.contains(&other) { scope.matcher()? } else { None };
            let doubt = notes.doubt(Some(scope.line.place.clone()), format!("{other}: this directive is not modelled"));
            scope.route(set, Handler::Unknown(doubt))
        }
    };
    Ok(vec![Value::Route(route)])
}

/// Routes out of what directives say: sorted unless they stand in a `route`, those that exclude one another in groups,
/// neighbours with the same matchers made one.
pub(super) fn build(mut found: Vec<Found>, sorted: bool, notes: &mut Notes<'_>) -> Vec<Route> {
    if sorted {
        found = sort(found, &notes.order);
    }
    let groups = ["handle", "rewrite", "root"].map(|name| {
        let count = found.iter().filter(|found| &*found.directive == name).count();
        // A rewrite is alone in its group, so that it is never made one with its neighbours.
        (name, (count > 1 || name == "rewrite").then(|| notes.group()))
    });
    let mut routes: Vec<Route> = Vec::with_capacity(found.len());
    for Found { directive, value } in found {
        let Value::Route(mut route) = value else { continue };
        if let Some((_, group)) = groups.iter().find(|(name, _)| *name == &*directive) {
            route.group = *group;
        }
        match routes.last_mut() {
            Some(last) if last.sets == route.sets && last.terminal == route.terminal && last.group == route.group => {
                last.handlers.append(&mut route.handlers);
            }
            _ => routes.push(route),
        }
    }
    routes
}

/// Sorts by the order of directives, and within one by how narrow the path is.
fn sort(found: Vec<Found>, order: &[Arc<str>]) -> Vec<Found> {
    sorting::by_key(found, |found| Rank::of(found, order), Rank::comes_before)
}

/// What decides where a directive stands among the others of its block.
struct Rank {
    directive: usize,
    is_vars: bool,
    /// `None` for what is no route.
    width: Option<Width>,
}

impl Rank {
    fn of(found: &Found, order: &[Arc<str>]) -> Self {
        Self {
            // What has no place in the order is not understood: it comes first, because it may change all that follows.
            directive: order.iter().position(|name| *name == found.directive).map_or(0, |at| at + 1),
            is_vars: &*found.directive == "vars",
            width: if let Value::Route(route) = &found.value { Some(Width::of(route)) } else { None },
        }
    }

    fn comes_before(&self, other: &Self) -> bool {
        if self.directive != other.directive {
            return self.directive < other.directive;
        }
        let Some((width, others)) = self.width.as_ref().zip(other.width.as_ref()) else { return false };
        // The last that fits wins with variables, so the widest comes first.
        width.is_narrower(others) != self.is_vars
    }
}

/// How many requests a route is for, as far as sorting asks.
struct Width {
    /// Its path, if that is the only one, and how long it is without a `*` at its end.
    path: Option<(Arc<str>, usize)>,
    conditioned: bool,
}

impl Width {
    fn of(route: &Route) -> Self {
        let path = match route.sets.as_slice() {
            [set] => match set.paths() {
                [path] if !path.is_empty() => Some((Arc::clone(path), trimmed(path).len())),
                _ => None,
            },
            _ => None,
        };
        Self { path, conditioned: !route.sets.is_empty() }
    }

    /// True if it comes before `other` for its matcher.
    fn is_narrower(&self, other: &Self) -> bool {
        let Some(((a, a_length), (b, b_length))) = self.path.as_ref().zip(other.path.as_ref()) else {
            return self.conditioned && !other.conditioned;
        };
        if a_length != b_length {
            return a_length > b_length;
        }
        match trimmed(a).cmp(trimmed(b)) {
            Ordering::Equal => a.len() < b.len(),
            unequal => unequal.is_lt(),
        }
    }
}

/// A path without the `*` at its end.
fn trimmed(path: &str) -> &str {
    path.strip_suffix('*').unwrap_or(path)
}
