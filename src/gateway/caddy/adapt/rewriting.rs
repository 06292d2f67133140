//! `rewrite`, `uri`, `method` and `handle_path`. Caddy 2.11, `modules/caddyhttp/rewrite/caddyfile.go`.

use std::sync::Arc;

use super::Notes;
use super::blocks::{self, Scope, route};
use crate::gateway::ConfigError;
use crate::gateway::caddy::caddyfile::Dispenser;
use crate::gateway::caddy::route::{Handled, Handler, MatcherSet, QueryOps, Rewrite, Route, Substring};

/// `rewrite [matcher] to`. With one argument alone that is where to, even if it looks like a matcher.
pub(super) fn rewrite(scope: &mut Scope) -> Result<Route, ConfigError> {
    scope.at.next();
    let set = match scope.at.count_args() {
        1 => None,
        2 => scope.matcher()?,
        _ => return Err(scope.at.fault("rewrite wants a target, and may have a matcher before it")),
    };
    let uri = scope.at.some_arg()?;
    let rewrite = Rewrite { uri: Some(uri), ..Rewrite::default() };
    Ok(scope.route(set, Handler::Rewrite(Arc::new(rewrite))))
}

/// `method [matcher] method`
pub(super) fn method(scope: &mut Scope) -> Result<Route, ConfigError> {
    let set = scope.matcher()?;
    let method = scope.at.only_arg()?;
    let rewrite = Rewrite { method: Some(method), ..Rewrite::default() };
    Ok(scope.route(set, Handler::Rewrite(Arc::new(rewrite))))
}

/// `uri [matcher] strip_prefix|strip_suffix|replace|path_regexp|query …`
pub(super) fn uri(scope: &mut Scope, notes: &mut Notes<'_>) -> Result<Route, ConfigError> {
    let set = scope.matcher()?;
    let place = scope.at.place();
    let at = &mut scope.at;
    let args = at.args();
    let words: Vec<&str> = args.iter().map(|arg| &**arg).collect();
    let mut rewrite = Rewrite::default();
    match words.as_slice() {
        ["strip_prefix", prefix] => rewrite.strip_prefix = Some((*prefix).into()),
        ["strip_suffix", suffix] => rewrite.strip_suffix = Some((*suffix).into()),
        ["replace", find, replace, limit @ ..] if limit.len() < 2 => {
            let limit = match limit {
                [limit] => {
                    let number: i64 =
                        limit.parse().map_err(|_| at.fault(format!("the limit {limit:?} is no number")))?;
                    usize::try_from(number).ok().filter(|&number| number > 0)
                }
                _ => None,
            };
            rewrite.substring = Some(Substring { find: (*find).into(), replace: (*replace).into(), limit });
        }
        ["path_regexp", find, replace] if !find.is_empty() => {
            rewrite.path_regexp = Some((notes.pattern(place, find)?, (*replace).into()));
        }
        ["query", ops @ ..] if ops.len() < 4 => {
            let mut query = QueryOps::default();
            if !ops.is_empty() {
                query_op(&mut query, args.get(1..).unwrap_or_default(), at, notes)?;
            }
            let nesting = at.nesting();
            while at.next_block(nesting) {
                if !ops.is_empty() {
                    return Err(at.fault("uri query has changes both on its line and in its block"));
                }
                let mut op = vec![at.val()];
                op.extend(at.args());
                query_op(&mut query, &op, at, notes)?;
            }
            rewrite.query = Some(query);
        }
        _ => {
            return Err(
                at.fault("uri wants strip_prefix, strip_suffix, replace, path_regexp or query, and its arguments")
            );
        }
    }
    Ok(scope.route(set, Handler::Rewrite(Arc::new(rewrite))))
}

/// `-name`, `+name value`, `old>new`, `name pattern replacement`, `name value`
fn query_op(query: &mut QueryOps, op: &[Arc<str>], at: &Dispenser, notes: &mut Notes<'_>) -> Result<(), ConfigError> {
    let Some((key, args)) = op.split_first() else { return Ok(()) };
    let wrong = || Err(at.arguments());
    if key.starts_with('-') {
        let [] = args else { return wrong() };
        query.delete.push(key.trim_start_matches('-').into());
    } else if key.starts_with('+') {
        let [value] = args else { return wrong() };
        query.add.push((key.trim_start_matches('+').into(), Arc::clone(value)));
    } else if key.contains('>') {
        let [] = args else { return wrong() };
        let mut parts = key.split('>').map(Arc::from);
        query.rename.extend(parts.next().zip(parts.next()));
    } else {
        match args {
            [search, replace] => {
                let pattern = notes.pattern(at.place(), search)?;
                query.replace.push((Arc::clone(key), pattern, Arc::clone(replace)));
            }
            [value] => query.set.push((Arc::clone(key), Arc::clone(value))),
            _ => return wrong(),
        }
    }
    Ok(())
}

/// `handle_path /prefix/* { … }`: a `handle` that begins with `uri strip_prefix /prefix`.
pub(super) fn handle_path(scope: &mut Scope, notes: &mut Notes<'_>) -> Result<Route, ConfigError> {
    scope.at.next();
    let path = scope.at.some_arg()?;
    if !path.starts_with('/') {
        return Err(scope.at.fault(format!("handle_path wants a path that begins with a slash, not {path:?}")));
    }
    let set = scope.matcher()?;
    super::remarks::bare_mount_point(set.as_ref(), &scope.line, notes);
    let strip = path.strip_suffix("/*").or_else(|| path.strip_suffix('*')).unwrap_or(&path);
    let found = blocks::subroute(scope, notes)?;
    let mut routes = blocks::build(found, true, notes);
    let strip = Rewrite { strip_prefix: (!strip.is_empty()).then(|| strip.into()), ..Rewrite::default() };
    routes.insert(0, route(None, vec![Handled::new(Handler::Rewrite(Arc::new(strip)), &scope.line)]));
    let set = set.or_else(|| Some(Arc::new(MatcherSet::path(&path))));
    Ok(scope.route(set, Handler::Subroute(routes.into())))
}
