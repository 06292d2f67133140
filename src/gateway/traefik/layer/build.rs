//! Middlewares made ready: references followed, chains laid out flat, regular expressions compiled.
//!
//! Traefik 3.7, `pkg/server/middleware/middlewares.go`, and what each middleware refuses when it is made.

use std::sync::Arc;

use super::access::{Buffering, IpAllowList};
use super::auth::{Credentials, ForwardAuth, user_names};
use super::errors::{Errors, range};
use super::headers::{Headers, Secure, has_cors, has_custom};
use super::path::PathChange;
use super::redirect::{ANY_URL, Redirect};
use super::{Layer, Work};
use crate::gateway::document::At;
use crate::gateway::go::{Regexp, RegexpError, status_text};
use crate::gateway::traefik::assembly::{Assembly, Fault};
use crate::gateway::traefik::dynamic::{
    self, Middleware, MiddlewareKind, RedirectRegex, RedirectScheme, Replacement, StripPrefix,
};
use crate::gateway::traefik::entry::Escapes;
use crate::gateway::traefik::network::{Networks, Strategy};
use crate::gateway::{NotUnderstood, Place};

/// How deep chains and services may refer to each other.
const DEEPEST: usize = 64;

/// What is being made: the whole names of the middlewares and services that lead here.
pub(in crate::gateway::traefik) type Trail = Vec<String>;

/// Why a middleware is not there.
enum Unfit {
    /// Traefik refuses it, and drops the router.
    Refused(Fault),
    /// Traefik takes it.
    NotModelled(NotUnderstood),
}

impl From<Fault> for Unfit {
    fn from(fault: Fault) -> Self {
        Self::Refused(fault)
    }
}

/// The layers of a middleware by its whole name, referred to from `place`.
///
/// # Errors
/// The fault that makes Traefik drop the router.
pub(in crate::gateway::traefik) fn build(
    assembly: &Assembly<'_>,
    name: &str,
    place: &Place,
    trail: &mut Trail,
) -> Result<Vec<Layer>, Fault> {
    let Some(middleware) = assembly.middleware(name) else {
        return Err(Fault::new(place, format!("there is no middleware {name}")));
    };
    let entered = format!("middleware {name}");
    if trail.contains(&entered) || trail.len() >= DEEPEST {
        return Err(Fault::new(place, format!("{entered} leads to itself")));
    }
    trail.push(entered);
    let layers = layers(assembly, name, middleware, trail);
    trail.pop();
    layers
}

fn layers(
    assembly: &Assembly<'_>,
    name: &str,
    middleware: &Middleware,
    trail: &mut Trail,
) -> Result<Vec<Layer>, Fault> {
    let layer = |place: &Place, work| Layer { place: Some(place.clone()), work };
    let doubts = middleware
        .unsure
        .iter()
        .map(|what| layer(what.place.as_ref().unwrap_or(&middleware.place), Work::NotModelled(what.clone())));
    let mut all: Vec<_> = doubts.collect();
    let kind = match middleware.kinds.as_slice() {
        [kind] => kind,
        // What is not understood may be what it is.
        [] if !all.is_empty() => return Ok(all),
        [] => return Err(Fault::new(&middleware.place, format!("middleware {name} is of no known type"))),
        _ => {
            let what = format!("middleware {name} is of several types; write one middleware for each");
            return Err(Fault::new(&middleware.place, what));
        }
    };
    if let MiddlewareKind::Chain(names) = &kind.value {
        for inner in names {
            let inner_name = middleware.provider.qualified(&inner.value);
            all.extend(build(assembly, &inner_name, &inner.place, trail)?);
        }
        return Ok(all);
    }
    match works(assembly, middleware, kind, trail) {
        Ok(works) => all.extend(works.into_iter().map(|work| layer(&kind.place, work))),
        Err(Unfit::Refused(fault)) => return Err(fault),
        Err(Unfit::NotModelled(what)) => all.push(layer(&kind.place, Work::NotModelled(what))),
    }
    Ok(all)
}

/// What a middleware does: nothing for one that changes nothing, two things for headers that also look at hosts.
fn works(
    assembly: &Assembly<'_>,
    middleware: &Middleware,
    kind: &At<MiddlewareKind>,
    trail: &mut Trail,
) -> Result<Vec<Work>, Unfit> {
    let place = &kind.place;
    let work = match &kind.value {
        MiddlewareKind::AddPrefix(prefix) if prefix.value.is_empty() => {
            return Err(Fault::new(place, "addPrefix: the prefix is empty").into());
        }
        MiddlewareKind::AddPrefix(prefix) => Work::Path(PathChange::Add(prefix.value.clone())),
        MiddlewareKind::StripPrefix(given) => Work::Path(strip(assembly, given)),
        MiddlewareKind::StripPrefixRegex(regexps) => {
            let compiled = regexps.iter().map(|given| Ok((regexp(given)?, given.clone())));
            Work::Path(PathChange::StripRegexp(compiled.collect::<Result<_, Unfit>>()?))
        }
        MiddlewareKind::ReplacePath(path) => Work::Path(PathChange::Replace(path.value.clone())),
        MiddlewareKind::ReplacePathRegex(Replacement { regex, replacement }) => Work::Path(PathChange::ReplaceRegexp {
            regexp: regexp(regex)?,
            written: regex.value.clone(),
            replacement: replacement.value.trim().to_owned(),
        }),
        MiddlewareKind::RedirectRegex(given) => Work::Redirect(redirect_regex(given)?),
        MiddlewareKind::RedirectScheme(given) => Work::Redirect(redirect_scheme(given, place)?),
        MiddlewareKind::Headers(given) => return headers(given, place),
        MiddlewareKind::IpAllowList(given) => Work::IpAllowList(ip_allow_list(given, place)?),
        MiddlewareKind::EncodedCharacters(given) => Work::Escapes(Escapes::denied_by(given)),
        MiddlewareKind::Errors(given) => Work::Errors(Arc::new(errors(assembly, middleware, given, place, trail)?)),
        MiddlewareKind::BasicAuth(given) => Work::Credentials(credentials(assembly, given, place, false)?),
        MiddlewareKind::DigestAuth(given) => Work::Credentials(credentials(assembly, given, place, true)?),
        MiddlewareKind::ForwardAuth(given) => {
            let regex = &given.response_headers_regex;
            let response_regexp = if regex.value.is_empty() { None } else { Some(regexp(regex)?) };
            Work::ForwardAuth(Arc::new(ForwardAuth { given: (**given).clone(), response_regexp }))
        }
        MiddlewareKind::Buffering(given) => {
            let limit = |bytes: i64| u64::try_from(bytes).ok().filter(|&bytes| bytes > 0);
            Work::Buffering(Buffering { request: limit(given.request), response: limit(given.response) })
        }
        MiddlewareKind::PassTlsClientCert(given) => {
            let what = "passTLSClientCert: which certificate a client shows is not known".to_owned();
            let gives = given.pem || given.info.is_some();
            return Ok(if gives { vec![Work::ClientCertificate(NotUnderstood::at(place, what))] } else { Vec::new() });
        }
        MiddlewareKind::Chain(_) => return Ok(Vec::new()),
        MiddlewareKind::Passing(name) => Work::Passing(name),
        MiddlewareKind::Other(name) => {
            let what = format!("{name}: what it does to a request is not modelled");
            return Err(Unfit::NotModelled(NotUnderstood::at(place, what)));
        }
    };
    Ok(vec![work])
}

fn regexp(given: &At<String>) -> Result<Regexp, Unfit> {
    Regexp::new(given.value.trim()).map_err(|error| match error {
        RegexpError::Malformed(why) => Unfit::Refused(Fault::new(&given.place, format!("{:?}: {why}", given.value))),
        RegexpError::NotModelled(why) => Unfit::NotModelled(NotUnderstood::at(&given.place, why)),
    })
}

fn strip(assembly: &Assembly<'_>, given: &StripPrefix) -> PathChange {
    let force_slash = given.force_slash.as_ref().map_or(assembly.behaviour.forces_slash, |flag| flag.value);
    PathChange::Strip { prefixes: given.prefixes.clone(), force_slash }
}

fn redirect_regex(given: &RedirectRegex) -> Result<Redirect, Unfit> {
    Ok(Redirect {
        regexp: regexp(&given.regex)?,
        replacement: given.replacement.value.clone(),
        permanent: given.permanent,
        scheme: None,
    })
}

fn redirect_scheme(given: &RedirectScheme, place: &Place) -> Result<Redirect, Unfit> {
    let (scheme, port) = (given.scheme.value.as_str(), given.port.value.as_str());
    if scheme.is_empty() {
        return Err(Fault::new(place, "redirectScheme: there is no scheme").into());
    }
    let usual = matches!((scheme, port), (_, "") | ("http", "80") | ("https", "443"));
    let port = if usual { String::new() } else { format!(":{port}") };
    Ok(Redirect {
        regexp: regexp(&At::new(ANY_URL.to_owned(), place))?,
        replacement: format!("{scheme}://${{2}}{port}${{4}}"),
        permanent: given.permanent,
        scheme: Some(scheme.to_owned()),
    })
}

fn headers(given: &dynamic::Headers, place: &Place) -> Result<Vec<Work>, Unfit> {
    let mut works = Vec::new();
    if has_custom(given) || has_cors(given) {
        let origins = given.allow_origins_regex.iter().map(regexp).collect::<Result<_, _>>()?;
        works.push(Work::Headers(Arc::new(Headers { given: given.clone(), origins })));
    }
    if given.secure {
        works.push(Work::Secure(Arc::new(Secure { given: given.clone() })));
    }
    if works.is_empty() {
        return Err(Fault::new(place, "headers: nothing is said that it could do").into());
    }
    Ok(works)
}

fn networks(list: &[At<String>], key: &str, place: &Place) -> Result<Networks, Unfit> {
    Networks::new(list).map_err(|entry| {
        let fault = match entry {
            Some(entry) => {
                let what = format!("{key}: {:?} is neither an address nor a network", entry.value);
                Fault::new(&entry.place, what)
            }
            None => Fault::new(place, format!("{key} is empty")),
        };
        fault.into()
    })
}

fn ip_allow_list(given: &dynamic::IpAllowList, place: &Place) -> Result<IpAllowList, Unfit> {
    let key = if given.old { "ipWhiteList" } else { "ipAllowList" };
    let reject = match &given.reject {
        None => 403,
        Some(status) if status.value == 0 => 403,
        Some(status) => u16::try_from(status.value)
            .ok()
            .filter(|&code| !status_text(code).is_empty())
            .ok_or_else(|| Fault::new(&status.place, format!("{} is no HTTP status", status.value)))?,
    };
    let (mut strategy, mut subnet) = (Strategy::Peer, None);
    if let Some(asked) = &given.strategy {
        if let Ok(depth @ 1..) = usize::try_from(asked.depth) {
            strategy = Strategy::Depth(depth);
        } else if !asked.excluded.is_empty() {
            strategy = Strategy::Outside(networks(&asked.excluded, "excludedIPs", &asked.place)?);
        }
        if let Some(bits) = &asked.ipv6_subnet
            && !matches!(strategy, Strategy::Outside(_))
        {
            let wrong = || Fault::new(&bits.place, format!("{} is no length of an IPv6 subnet", bits.value));
            subnet = Some(u8::try_from(bits.value).ok().filter(|bits| (1..=128).contains(bits)).ok_or_else(wrong)?);
        }
    }
    Ok(IpAllowList { key, networks: networks(&given.ranges, "sourceRange", place)?, strategy, subnet, reject })
}

fn errors(
    assembly: &Assembly<'_>,
    middleware: &Middleware,
    given: &dynamic::Errors,
    place: &Place,
    trail: &mut Trail,
) -> Result<Errors, Unfit> {
    let read = |text: &str, place: &Place| {
        range(text).ok_or_else(|| Fault::new(place, format!("{text:?} is no HTTP status and no range of them")))
    };
    let status = given.status.iter().map(|text| read(&text.value, &text.place)).collect::<Result<_, _>>()?;
    let rewrites = given.rewrites.iter().map(|(from, to)| {
        let status =
            u16::try_from(to.value).map_err(|_| Fault::new(&to.place, format!("{} is no HTTP status", to.value)))?;
        Ok((read(from, &to.place)?, status))
    });
    let rewrites: Vec<_> = rewrites.collect::<Result<_, Fault>>()?;
    if rewrites.len() > 1 {
        let what = "statusRewrites: which of several ranges comes first is chance".to_owned();
        return Err(Unfit::NotModelled(NotUnderstood::at(place, what)));
    }
    let service = middleware.provider.qualified(&given.service.value);
    let page = assembly.service_stages(&service, &given.service.place, trail)?;
    Ok(Errors {
        status,
        rewrites,
        query: given.query.value.clone(),
        headers: given.request_headers.as_ref().map(|names| names.iter().map(|name| name.value.clone()).collect()),
        page: Arc::new(page),
    })
}

fn credentials(
    assembly: &Assembly<'_>,
    given: &dynamic::Credentials,
    place: &Place,
    digest: bool,
) -> Result<Credentials, Unfit> {
    let Some(users) = user_names(&given.users, digest) else {
        let form = if digest { "name:realm:hash" } else { "name:hash" };
        return Err(Fault::new(place, format!("a user is not written as {form}")).into());
    };
    let in_file = !given.users_file.value.is_empty();
    if users.is_empty() && !in_file && !digest && assembly.behaviour.wants_users {
        return Err(Fault::new(place, "basicAuth has no users").into());
    }
    let realm = if given.realm.value.is_empty() { "traefik".to_owned() } else { given.realm.value.clone() };
    Ok(Credentials {
        digest,
        users: (!in_file).then_some(users),
        realm,
        remove_header: given.remove_header,
        header_field: given.header_field.value.clone(),
    })
}
