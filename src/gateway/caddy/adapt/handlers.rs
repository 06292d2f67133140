//! Directives that answer, or that say under what conditions others do. Caddy 2.11, `builtins.go`, `staticresp.go`,
//! `staticerror.go`, `vars.go`, `map/caddyfile.go`, `caddyauth/caddyfile.go`, `requestbody/caddyfile.go`.

use std::sync::Arc;

use super::blocks::{self, Scope, route};
use super::{Notes, shorthand};
use crate::gateway::ConfigError;
use crate::gateway::caddy::caddyfile::Dispenser;
use crate::gateway::caddy::route::{
    Handled, Handler, Input, Map, Mapping, Matcher, MatcherSet, Route, Static, StatusRange,
};

/// `handle { … }`, `route { … }`
pub(super) fn handle(scope: &mut Scope, sorted: bool, notes: &mut Notes<'_>) -> Result<Route, ConfigError> {
    let set = scope.matcher()?;
    if sorted {
        super::remarks::bare_mount_point(set.as_ref(), &scope.line, notes);
    }
    let found = blocks::subroute(scope, notes)?;
    let routes = blocks::build(found, sorted, notes);
    Ok(scope.route(set, Handler::Subroute(routes.into())))
}

/// `handle_errors [status …] { … }`
pub(super) fn handle_errors(scope: &mut Scope, notes: &mut Notes<'_>) -> Result<Route, ConfigError> {
    scope.at.next();
    let mut ranges = Vec::new();
    for word in scope.at.args() {
        let fault = || scope.at.fault(format!("{word:?} is no status of three digits"));
        if word.len() != 3 {
            return Err(fault());
        }
        let range = match word.strip_suffix("xx") {
            Some(digit) => digit.parse::<u16>().map(|digit| StatusRange(digit * 100, digit * 100 + 99)),
            None => word.parse().map(|status| StatusRange(status, status)),
        };
        ranges.push(range.map_err(|_| fault())?);
    }
    let found = blocks::subroute(scope, notes)?;
    let routes = blocks::build(found, true, notes);
    let set = (!ranges.is_empty()).then(|| Arc::new(MatcherSet::of("expression", Matcher::ErrorStatus(ranges))));
    Ok(scope.route(set, Handler::Subroute(routes.into())))
}

/// A route that answers.
fn answering(scope: &Scope, set: Option<Arc<MatcherSet>>, handler: Handler, notes: &mut Notes<'_>) -> Route {
    route(set, vec![Handled::new(handler, &scope.line).answering(notes)])
}

/// `redir [matcher] to [code]`
pub(super) fn redir(scope: &mut Scope, notes: &mut Notes<'_>) -> Result<Route, ConfigError> {
    let set = scope.matcher()?;
    let to = scope.at.some_arg()?;
    let code = scope.at.arg().unwrap_or_else(|| "302".into());
    super::remarks::lost_query(&to, &scope.line, notes);
    let mut answer = Static::default();
    match &*code {
        "html" => {
            answer.status = "200".into();
            answer.headers.push(("Content-Type".into(), "text/html; charset=utf-8".into()));
        }
        code => {
            answer.status = match code {
                "permanent" => "301".into(),
                "temporary" => "302".into(),
                placeholder if placeholder.starts_with('{') => placeholder.into(),
                number => match number.parse::<u16>() {
                    Ok(300..=399 | 401) => number.into(),
                    _ => {
                        return Err(scope
                            .at
                            .fault(format!("{number:?} is no status to redirect with: 300 to 399, or 401")));
                    }
                },
            };
            answer.headers.push(("Location".into(), to));
        }
    }
    Ok(answering(scope, set, Handler::Static(Arc::new(answer)), notes))
}

/// A status of three digits, and what else there is: `[text] [status]`.
fn text_and_status(at: &mut Dispenser) -> Result<(Arc<str>, Arc<str>), ConfigError> {
    let empty = || Arc::from("");
    let args = at.args();
    match args.as_slice() {
        [one] if one.len() == 3 && one.parse::<u16>().is_ok_and(|status| status > 0) => Ok((empty(), Arc::clone(one))),
        [text] => Ok((Arc::clone(text), empty())),
        [text, status] => Ok((Arc::clone(text), Arc::clone(status))),
        [] => Ok((empty(), empty())),
        _ => Err(at.arguments()),
    }
}

/// `respond [matcher] [body] [status]`
pub(super) fn respond(scope: &mut Scope, notes: &mut Notes<'_>) -> Result<Route, ConfigError> {
    let set = scope.matcher()?;
    if scope.at.count_args() == 0 {
        return Err(scope.at.arguments());
    }
    let (body, status) = text_and_status(&mut scope.at)?;
    let mut answer = Static { status, body, ..Static::default() };
    let nesting = scope.at.nesting();
    while scope.at.next_block(nesting) {
        match &*scope.at.val() {
            "body" if answer.body.is_empty() => answer.body = scope.at.only_arg()?,
            "close" if !answer.close => answer.close = true,
            other => return Err(scope.at.fault(format!("{other:?} may not stand in respond, or not twice"))),
        }
    }
    Ok(answering(scope, set, Handler::Static(Arc::new(answer)), notes))
}

/// `error [matcher] [message] [status]`
pub(super) fn error(scope: &mut Scope, notes: &mut Notes<'_>) -> Result<Route, ConfigError> {
    let set = scope.matcher()?;
    if scope.at.count_args() == 0 {
        return Err(scope.at.arguments());
    }
    let (mut message, status) = text_and_status(&mut scope.at)?;
    let nesting = scope.at.nesting();
    while scope.at.next_block(nesting) {
        match &*scope.at.val() {
            "message" if message.is_empty() => message = scope.at.only_arg()?,
            other => return Err(scope.at.fault(format!("{other:?} may not stand in error, or not twice"))),
        }
    }
    Ok(answering(scope, set, Handler::Error { status, message }, notes))
}

/// `abort [matcher]`
pub(super) fn abort(scope: &mut Scope, notes: &mut Notes<'_>) -> Result<Route, ConfigError> {
    let set = scope.matcher()?;
    if scope.at.next() {
        return Err(scope.at.arguments());
    }
    let answer = Static { abort: true, ..Static::default() };
    Ok(answering(scope, set, Handler::Static(Arc::new(answer)), notes))
}

/// `vars [matcher] [name value] { … }`
pub(super) fn vars(scope: &mut Scope) -> Result<Route, ConfigError> {
    let set = scope.matcher()?;
    let at = &mut scope.at;
    let mut vars = Vec::new();
    if let Some(name) = at.arg() {
        vars.push((name, at.only_arg()?));
    }
    let nesting = at.nesting();
    while at.next_block(nesting) {
        let name = at.val();
        vars.push((name, at.only_arg()?));
    }
    Ok(scope.route(set, Handler::Vars(vars)))
}

/// `map [matcher] source {destination} … { … }`
pub(super) fn map(scope: &mut Scope, notes: &mut Notes<'_>) -> Result<Route, ConfigError> {
    let set = scope.matcher()?;
    let at = &mut scope.at;
    let source = at.some_arg()?;
    let mut destinations = Vec::new();
    for word in at.args() {
        if let Some(short) = shorthand::is_short_for(&word) {
            return Err(at.fault(format!("{{{short}}} is a placeholder already and cannot be a destination")));
        }
        let name = word.strip_prefix('{').filter(|name| !name.contains('{'));
        let name = name.ok_or_else(|| at.fault(format!("the destination {word:?} must be a placeholder: {{name}}")))?;
        destinations.push(Arc::from(name.trim_matches(['{', '}'])));
    }
    if destinations.is_empty() {
        return Err(at.fault("map needs a destination"));
    }
    let mut map = Map { source, destinations, mappings: Vec::new(), defaults: Vec::new() };
    let nesting = at.nesting();
    while at.next_block(nesting) {
        let input = at.val();
        let place = at.place();
        let mut outputs = at.args();
        if outputs.len() > map.destinations.len() {
            return Err(at.fault("there are more outputs than destinations"));
        }
        if &*input == "default" {
            outputs.resize(map.destinations.len(), "".into());
            map.defaults = outputs;
            continue;
        }
        let mut outputs: Vec<_> = outputs.into_iter().map(|output| (&*output != "-").then_some(output)).collect();
        outputs.resize(map.destinations.len(), None);
        let input = match input.strip_prefix('~') {
            Some(source) => Input::Regexp(notes.pattern(place, source)?),
            None => Input::Text(input),
        };
        map.mappings.push(Mapping { input, outputs });
    }
    Ok(scope.route(set, Handler::Map(Arc::new(map))))
}

/// `basic_auth [matcher] [algorithm [realm]] { user hash … }`
pub(super) fn basic_auth(scope: &mut Scope, notes: &mut Notes<'_>) -> Result<Route, ConfigError> {
    let set = scope.matcher()?;
    let args = scope.at.args();
    if args.len() > 2 {
        return Err(scope.at.arguments());
    }
    let realm = args.get(1).cloned().unwrap_or_else(|| "restricted".into());
    let mut users = Vec::new();
    let nesting = scope.at.nesting();
    while scope.at.next_block(nesting) {
        users.push(scope.at.val());
        scope.at.args();
    }
    let handler = Handler::BasicAuth { realm, users };
    Ok(answering(scope, set, handler, notes))
}

/// `request_body [matcher] { max_size … }`
pub(super) fn request_body(scope: &mut Scope, notes: &mut Notes<'_>) -> Result<Route, ConfigError> {
    let set = scope.matcher()?;
    let mut handler = Handler::Pass;
    let nesting = scope.at.nesting();
    while scope.at.next_block(nesting) {
        match &*scope.at.val() {
            "max_size" => {
                let text = scope.at.only_arg()?;
                let size = bytes(&text).ok_or_else(|| scope.at.fault(format!("{text:?} is no size, as 10MB is")))?;
                handler = Handler::RequestBody(size);
            }
            "set" => {
                scope.at.only_arg()?;
                let doubt = notes.doubt(scope.at.place(), "request_body set: another body is not modelled");
                return Ok(scope.route(set, Handler::Unknown(doubt)));
            }
            other => return Err(scope.at.fault(format!("{other:?} may not stand in request_body"))),
        }
    }
    Ok(scope.route(set, handler))
}

/// A size as `humanize.ParseBytes` reads it: `10MB` is 10 000 000, `10MiB` is 10 485 760.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ',')).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: f64 = number.replace(',', "").parse().ok()?;
    let unit = unit.trim().to_ascii_lowercase();
    let factor: f64 = match unit.as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "t" | "tb" => 1e12,
        "ki" | "kib" => 1024.0,
        "mi" | "mib" => 1024.0 * 1024.0,
        "gi" | "gib" => 1024.0 * 1024.0 * 1024.0,
        "ti" | "tib" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    let size = number * factor;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is checked to be in range")]
    (0.0..1.8e19).contains(&size).then_some(size as u64)
}

/// `encode [matcher] [formats …] { … }`
pub(super) fn encode(scope: &mut Scope) -> Result<Route, ConfigError> {
    let set = scope.matcher()?;
    let mut formats = scope.at.args();
    let nesting = scope.at.nesting();
    while scope.at.next_block(nesting) {
        let name = scope.at.val();
        if matches!(&*name, "gzip" | "zstd" | "br") {
            formats.push(name);
        }
        scope.at.args();
        scope.at.skip_block();
    }
    if formats.is_empty() {
        formats = vec!["zstd".into(), "gzip".into()];
    }
    Ok(scope.route(set, Handler::Encode(formats)))
}

/// `invoke [matcher] name`
pub(super) fn invoke(scope: &mut Scope, notes: &mut Notes<'_>) -> Result<Route, ConfigError> {
    let set = scope.matcher()?;
    let name = scope.at.only_arg()?;
    notes.invoked.push(Arc::clone(&name));
    Ok(scope.route(set, Handler::Invoke(name)))
}

/// `copy_response [matcher] [status]`
pub(super) fn copy_response(scope: &mut Scope) -> Result<Route, ConfigError> {
    let set = scope.matcher()?;
    let mut status = scope.at.arg().unwrap_or_default();
    let nesting = scope.at.nesting();
    while scope.at.next_block(nesting) {
        match &*scope.at.val() {
            "status" => status = scope.at.only_arg()?,
            other => return Err(scope.at.fault(format!("{other:?} may not stand in copy_response"))),
        }
    }
    Ok(scope.route(set, Handler::CopyResponse(status)))
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes() {
        for (text, expected) in
            [("10MB", Some(10_000_000)), ("1 KiB", Some(1024)), ("1.5k", Some(1500)), ("12", Some(12)), ("x", None)]
        {
            assert_eq!(bytes(text), expected, "{text}");
        }
    }
}
