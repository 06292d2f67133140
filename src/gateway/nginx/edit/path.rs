//! What becomes of the path: the name of the location and the URI of `proxy_pass`, or a `rewrite` where it takes none.
//!
//! `proxy_pass` without a URI sends on what came, byte for byte; with one it takes the location's name out of the decoded
//! path and puts the URI in its place. So name and URI end in a slash both, and where nothing is to be changed there is no
//! URI. A location whose name ends in a slash makes nginx redirect the name without it.

use super::plain;
use super::site::Site;
use crate::gateway::nginx::tree::Directive;
use crate::gateway::pcre::{Modes, Pcre};
use crate::gateway::{CannotAmend, Gateway, Origin, Plan, Router, StepKind};

/// A path below the prefix, to see what a `rewrite` makes of it.
const PROBE: &str = "/probe/x";

/// `to` in the place of `prefix`.
pub(super) fn change(site: &mut Site<'_>, prefix: &str, to: &str, plan: &Plan) -> Result<(), CannotAmend> {
    let (prefix, to) = (plain(prefix)?, plain(to)?);
    let mut place = Location::of(site)?;
    place.rewrites.retain(|rewrite| is_about(rewrite, prefix, plan));
    let elsewhere = rewritten_before(site, plan, &place);
    if !elsewhere.is_empty() {
        return before_it(site, &elsewhere, prefix, to);
    }
    let Some(name) = place.prefix.clone().filter(|_| !place.pass.text(0).contains('$')) else {
        return by_rewrite(site, &place, prefix, to);
    };
    match below(&name, prefix) {
        Some(rest) => here(site, &place, prefix, to, rest),
        None => match prefix.strip_prefix(name.trim_end_matches('/')) {
            Some(rest) if rest.starts_with('/') => apart(site, &place, prefix, to, &name),
            _ => Err(CannotAmend(format!("{} takes the request, which is not below {prefix}", place.block))),
        },
    }
}

/// The app's location, beside which one for a path is to be put.
pub(super) fn app<'a>(gateway: &Gateway, origin: &'a Origin, plan: &Plan, path: &str) -> Result<Site<'a>, CannotAmend> {
    let server = plan.steps.iter().find(|step| step.kind == StepKind::Listener).and_then(|step| step.place.as_ref());
    let sends = |router: &&Router| !router.upstreams.is_empty() && router.prefix.as_deref() != Some("");
    let others = gateway.routers.iter().enumerate().filter(|(index, _)| plan.router != Some(*index));
    let mut apps = Vec::new();
    for router in others.map(|(_, router)| router).filter(sends) {
        let site = Site::at(origin, router)?;
        if site.is_in(server) {
            apps.push((router, site));
        }
    }
    let uncertain = || CannotAmend(format!("it is not certain which location is to take {path}"));
    let first = apps.first().map(|(router, _)| router.upstreams.clone()).ok_or_else(uncertain)?;
    if apps.iter().any(|(router, _)| router.upstreams != first) {
        return Err(uncertain());
    }
    apps.into_iter().next().map(|(_, site)| site).ok_or_else(uncertain)
}

/// A location for a path that goes where the app's goes.
pub(super) fn take(site: &mut Site<'_>, path: &str) -> Result<(), CannotAmend> {
    let path = plain(path)?;
    let place = Location::of(site)?;
    let is_file = path.rsplit('/').next().is_some_and(|last| last.contains('.'));
    let head = match path.strip_suffix('/') {
        Some(_) => format!("location {path}"),
        None if is_file => format!("location = {path}"),
        None => format!("location ~ ^{}(/|$)", escaped(path)),
    };
    let lines = site.copied(&place, &format!("proxy_pass {}", authority(&place.url)))?;
    site.add_before(site.innermost(), &head, &lines)
}

/// The one location that sends requests below a prefix on, whichever host they are for.
pub(super) fn of_prefix<'a>(gateway: &Gateway, origin: &'a Origin, prefix: &str) -> Result<Site<'a>, CannotAmend> {
    let sends = |router: &&Router| !router.upstreams.is_empty() && router.prefix.as_deref() == Some(prefix);
    let mut sending = gateway.routers.iter().filter(sends);
    let only = sending.next().filter(|_| sending.next().is_none());
    let only = only.ok_or_else(|| CannotAmend(format!("no one location takes {prefix}")))?;
    Site::at(origin, only)
}

/// The location's server has another name too.
pub(super) fn take_host(site: &mut Site<'_>, host: &str) -> Result<(), CannotAmend> {
    let host = plain(host)?;
    let level = site.server().ok_or_else(|| CannotAmend("the location is in no server".to_owned()))?;
    let names = site.level(level)?.all("server_name").next().cloned();
    match names {
        Some(names) if names.args.iter().any(|name| name.eq_ignore_ascii_case(host.as_bytes())) => {
            Err(CannotAmend::already())
        }
        Some(names) => {
            let said = site.said(&names);
            site.set(&names, &format!("{said} {host}"))
        }
        None => site.add(level, &["listen"], &[format!("server_name {host};")]),
    }
}

/// The query goes on: a `proxy_pass` with variables sends no more than it says, and a `?` at the end of a rewrite's target
/// leaves out what came.
pub(super) fn pass_query(site: &mut Site<'_>) -> Result<(), CannotAmend> {
    let place = Location::of(site)?;
    let cut = place.rewrites.iter().find(|rewrite| rewrite.text(1).ends_with('?')).cloned();
    if let Some(rewrite) = cut {
        let mut words: Vec<String> = rewrite.args.iter().map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
        if let Some(target) = words.get_mut(1) {
            target.pop();
        }
        let is_bare = |word: &String| !word.contains([' ', ';', '{', '}', '"', '\'', '\\', '#']);
        if !words.iter().all(is_bare) {
            return Err(CannotAmend(format!("{rewrite}: the ? at the end of its target leaves the query out")));
        }
        return site.set(&rewrite, &format!("rewrite {}", words.join(" ")));
    }
    let sends_it = ["$request_uri", "$args", "$query_string"].iter().any(|name| place.url.contains(name));
    let rest = place.url.strip_prefix(authority(&place.url).as_str()).unwrap_or_default();
    if sends_it || !rest.contains('$') {
        return Err(CannotAmend::already());
    }
    if rest.contains('?') {
        return Err(CannotAmend(format!("{} puts a query of its own in its place", place.pass)));
    }
    site.set(&place.pass, &format!("proxy_pass {}$is_args$args", place.url))
}

/// A path in an expression.
fn escaped(path: &str) -> String {
    path.replace('.', "\\.").replace('+', "\\+")
}

/// A location that sends on.
pub(super) struct Location {
    /// Its directive, without the block.
    pub(super) block: Directive,
    /// Its name, if it is one by prefix.
    pub(super) prefix: Option<String>,
    /// Its `proxy_pass`.
    pub(super) pass: Directive,
    /// The URL of that, as its file has it.
    pub(super) url: String,
    /// What in it changes the path.
    pub(super) rewrites: Vec<Directive>,
}

impl Location {
    /// # Errors
    /// No location takes the request, or it does not send it on by itself.
    pub(super) fn of(site: &mut Site<'_>) -> Result<Self, CannotAmend> {
        let location = site.location()?;
        let inside = site.level(site.innermost())?;
        let pass = inside.all("proxy_pass").next().cloned();
        let pass = pass.ok_or_else(|| CannotAmend(format!("{location} has no proxy_pass of its own")))?;
        let stays = |rewrite: &&Directive| !matches!(rewrite.arg(2), Some(b"redirect" | b"permanent"));
        let rewrites = inside.all("rewrite").filter(stays).cloned().collect();
        let url = site.said(&pass);
        let url = url.trim_start_matches("proxy_pass").trim().trim_matches(['"', '\'']).to_owned();
        Ok(Self { prefix: prefix(&location), block: location, pass, url, rewrites })
    }

    /// The URI of its `proxy_pass`; empty if it has none.
    fn uri(&self) -> String {
        self.url.strip_prefix(authority(&self.url).as_str()).unwrap_or_default().trim_start_matches(':').to_owned()
    }
}

/// The name of a location by prefix.
fn prefix(location: &Directive) -> Option<String> {
    match location.args.as_slice() {
        [name] => {
            let name = String::from_utf8_lossy(name);
            let bare = name.strip_prefix("^~").unwrap_or(&name);
            bare.starts_with('/').then(|| bare.to_owned())
        }
        [modifier, name] if modifier == b"^~" => Some(String::from_utf8_lossy(name).into_owned()),
        _ => None,
    }
}

/// What of a location's name comes behind a prefix, if anything but letters does.
fn below<'n>(name: &'n str, prefix: &str) -> Option<&'n str> {
    name.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A URL of `proxy_pass` without its URI.
fn authority(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    let end = match rest.strip_prefix("unix:") {
        Some(path) => path.find(':').map(|colon| colon + "unix:".len()),
        None => ["/", "?", "$request_uri", "$uri", "$document_uri", "$is_args", "$args"]
            .iter()
            .filter_map(|start| rest.find(start))
            .min(),
    };
    let rest = rest.split_at_checked(end.unwrap_or(rest.len())).map_or(rest, |(authority, _)| authority);
    if scheme.is_empty() { rest.to_owned() } else { format!("{scheme}://{rest}") }
}

/// A URL of `proxy_pass` with a URI.
fn with_uri(url: &str, uri: &str) -> String {
    let authority = authority(url);
    let colon = if authority.contains("://unix:") && !uri.is_empty() { ":" } else { "" };
    format!("{authority}{colon}{uri}")
}

/// The location is the prefix's own, or one below it.
fn here(site: &mut Site<'_>, place: &Location, prefix: &str, to: &str, rest: &str) -> Result<(), CannotAmend> {
    let keeps = prefix == to;
    if place.uri().is_empty() && rewritten(place, prefix).is_some_and(|path| path == format!("{to}{PROBE}")) {
        return Err(CannotAmend::already());
    }
    let rest = if rest.is_empty() && !keeps { "/" } else { rest };
    let name = format!("{prefix}{rest}");
    let uri = if keeps { String::new() } else { format!("{to}{rest}") };
    // A URI that is the location's own name changes nothing that an app could see.
    let same = place.uri() == uri || (keeps && Some(place.uri()) == place.prefix);
    if same && place.prefix.as_deref() == Some(name.as_str()) && place.rewrites.is_empty() {
        return Err(CannotAmend::already());
    }
    if place.prefix.as_deref() != Some(name.as_str()) {
        rename(site, &place.block, &name)?;
    }
    for rewrite in &place.rewrites {
        site.remove(rewrite)?;
    }
    if place.uri() == uri {
        return Ok(());
    }
    site.set(&place.pass, &format!("proxy_pass {}", with_uri(&place.url, &uri)))
}

/// The prefix gets a location of its own, beside the wider one that takes it so far.
fn apart(site: &mut Site<'_>, place: &Location, prefix: &str, to: &str, name: &str) -> Result<(), CannotAmend> {
    let path = format!("{prefix}{PROBE}");
    let sent = match (rewritten(place, prefix), place.uri()) {
        (Some(path), uri) if uri.is_empty() => Some(path),
        (None, uri) if uri.is_empty() => Some(path),
        (None, uri) => path.strip_prefix(name).map(|rest| format!("{uri}{rest}")),
        _ => None,
    };
    if sent == Some(format!("{to}{PROBE}")) {
        return Err(CannotAmend::already());
    }
    let uri = if prefix == to { String::new() } else { format!("{to}/") };
    let lines = site.copied(place, &format!("proxy_pass {}", with_uri(&place.url, &uri)))?;
    site.add_before(site.innermost(), &format!("location {prefix}/"), &lines)
}

/// A location by expression, or a URL with variables: they take no URI in the place of a name.
fn by_rewrite(site: &mut Site<'_>, place: &Location, prefix: &str, to: &str) -> Result<(), CannotAmend> {
    let url = &place.url;
    let bare = authority(url);
    let plain_url = bare == *url || url.trim_end_matches("$request_uri") == bare;
    let sent = rewritten(place, prefix).unwrap_or_else(|| format!("{prefix}{PROBE}"));
    if plain_url && sent == format!("{to}{PROBE}") && (bare == *url || prefix == to) {
        return Err(CannotAmend::already());
    }
    if (1..=9).any(|group| bare.contains(&format!("${group}"))) {
        return Err(CannotAmend(format!("{} takes the address out of the path", place.pass)));
    }
    for rewrite in &place.rewrites {
        site.remove(rewrite)?;
    }
    let mut lines = Vec::new();
    if prefix != to {
        lines.push(format!("rewrite ^{}(?:/(.*))?$ {to}/$1 break", escaped(prefix)));
    }
    lines.push(format!("proxy_pass {bare}"));
    let (draft, statement) = site.written(&place.pass)?;
    let indent = draft.indent(statement.span.start);
    draft.replace(statement.head, lines.join(&format!(";\n{indent}")));
    Ok(())
}

/// True for a rewrite of paths below a prefix.
fn is_about(rewrite: &Directive, prefix: &str, plan: &Plan) -> bool {
    let path = format!("{prefix}{PROBE}");
    let pcre = rewrite.arg(0).and_then(|pattern| Pcre::new(pattern, Modes::default()).ok());
    plan.steps.iter().any(|step| step.place.as_ref() == Some(&rewrite.place))
        || pcre.is_some_and(|pcre| pcre.is_match(path.as_bytes()).is_ok_and(|matches| matches))
}

/// What a location's rewrites make of a path below a prefix; `None` if none of them is about it.
fn rewritten(place: &Location, prefix: &str) -> Option<String> {
    let path = format!("{prefix}{PROBE}");
    place.rewrites.iter().find_map(|rewrite| {
        let pcre = Pcre::new(rewrite.arg(0)?, Modes::default()).ok()?;
        let found = pcre.find(path.as_bytes()).ok()??;
        let mut out = rewrite.text(1);
        for number in 1..=9 {
            let group = found.group(number).and_then(|(start, end)| path.get(start..end)).unwrap_or_default();
            out = out.replace(&format!("${number}"), group);
        }
        Some(out)
    })
}

/// The rewrites that changed the path before the location was found.
fn rewritten_before(site: &Site<'_>, plan: &Plan, place: &Location) -> Vec<Directive> {
    let steps = plan.steps.iter().filter(|step| step.kind == StepKind::Path).filter_map(|step| step.place.as_ref());
    let found = steps.filter_map(|place| site.directive_at(place, "rewrite"));
    found.filter(|rewrite| !place.rewrites.contains(rewrite)).cloned().collect()
}

/// Rewrites of the server, or of another location, strip already: they go where the prefix is to stay.
fn before_it(site: &mut Site<'_>, rewrites: &[Directive], prefix: &str, to: &str) -> Result<(), CannotAmend> {
    let first = rewrites.first().map(ToString::to_string).unwrap_or_default();
    if prefix != to {
        return Err(CannotAmend(format!("\"{first}\" changes the path before the location is chosen")));
    }
    rewrites.iter().try_for_each(|rewrite| site.remove(rewrite))
}

/// Another name for a location, its modifier kept.
fn rename(site: &mut Site<'_>, location: &Directive, name: &str) -> Result<(), CannotAmend> {
    let head = match location.args.as_slice() {
        [_, _] => format!("location {} {name}", location.text(0)),
        _ if location.text(0).starts_with("^~") => format!("location ^~ {name}"),
        _ => format!("location {name}"),
    };
    let (draft, statement) = site.written(location)?;
    draft.replace(statement.head, head);
    Ok(())
}
