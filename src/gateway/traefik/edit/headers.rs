//! What goes on in the fields of a request: `passHostHeader`, the middleware `headers`, and `forwardedHeaders`.

use super::already;
use super::home::Labels;
use super::site::{Site, Used};
use crate::gateway::CannotAmend;
use crate::gateway::document::writing::Value;
use crate::gateway::traefik::dynamic::{HeaderEdit, Headers, MiddlewareKind, ServiceKind};
use crate::gateway::traefik::install::EntryPoint;
use crate::gateway::traefik::network::Networks;

/// Passes `Host` on.
pub(super) fn pass_host(site: &mut Site) -> Result<(), CannotAmend> {
    for service in site.balancers() {
        let ServiceKind::LoadBalancer(balancer) = &service.kind else { continue };
        if !balancer.pass_host_header {
            let home = site.home(&service)?;
            let path = ["services", &service.name, "loadBalancer", "passHostHeader"];
            home.set(&mut site.writing, &path, Value::Flag(true))?;
        }
    }
    leave_fields(site, &["Host"])
}

/// Lets fields go on as Traefik writes them by itself.
pub(super) fn leave_fields(site: &mut Site, names: &[&str]) -> Result<(), CannotAmend> {
    leave(site, names, |headers| &headers.request, "customRequestHeaders")
}

/// Lets a field of an answer come back as it is.
pub(super) fn leave_answer(site: &mut Site, name: &str) -> Result<(), CannotAmend> {
    leave(site, &[name], |headers| &headers.response, "customResponseHeaders")
}

/// Names the client in `X-Forwarded-For`.
pub(super) fn send_for(site: &mut Site) -> Result<(), CannotAmend> {
    let point = site.entry_point().filter(|point| point.forwarded.not_append).cloned();
    if let Some(point) = point {
        entry_point(site, &point, "notAppendXForwardedFor", Value::Flag(false))?;
    }
    leave_fields(site, &["X-Forwarded-For"])
}

/// Passes handshakes on, as Traefik does by itself.
pub(super) fn upgrade(site: &mut Site) -> Result<(), CannotAmend> {
    leave_fields(site, &["Upgrade", "Connection"])
}

/// Says a prefix.
pub(super) fn send_prefix(site: &mut Site, prefix: &str) -> Result<(), CannotAmend> {
    const NAME: &str = "X-Forwarded-Prefix";
    let all = site.middlewares();
    let edit = |used: &Used| {
        let edit = headers(used)?.request.iter().find(|edit| edit.name.eq_ignore_ascii_case(NAME));
        edit.map(|edit| (edit.name.clone(), edit.value.value.clone()))
    };
    let mut own = all.iter().filter(|used| headers(used).is_some() && site.is_its_own(used));
    let (home, path) = match all.iter().rev().find_map(|used| Some((used, edit(used)?))) {
        Some((_, (_, value))) if value == prefix => return Err(already()),
        Some((used, (name, _))) => (site.home(&used.middleware)?, [used.middleware.name.clone(), name]),
        None if all.iter().any(|used| strips(used, prefix)) => return Err(already()),
        None => {
            let Some(used) = own.next_back() else {
                let fields = Value::text(prefix).below(&["headers", "customRequestHeaders", NAME]);
                let name = site.add_middleware("prefix", fields)?;
                let names: Vec<_> = site.names().into_iter().chain([name]).collect();
                return site.set_middlewares(&names);
            };
            (site.home(&used.middleware)?, [used.middleware.name.clone(), NAME.to_owned()])
        }
    };
    let [middleware, field] = &path;
    let path = ["middlewares", middleware, "headers", "customRequestHeaders", field];
    home.set(&mut site.writing, &path, Value::text(prefix))
}

/// Believes what the hop before says.
pub(super) fn trust_front(site: &mut Site, address: &str) -> Result<(), CannotAmend> {
    let lost = || CannotAmend("the entry point of the request is not known".to_owned());
    let point = site.entry_point().cloned().ok_or_else(lost)?;
    // What is believed goes on only where nothing else is written over it.
    leave_fields(site, &["X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port"])?;
    let known = Networks::new(&point.forwarded.trusted).unwrap_or_default();
    if point.forwarded.insecure || known.contain_text(address) {
        return Ok(());
    }
    let given = point.forwarded.trusted.iter().map(|one| one.value.clone());
    let list: Vec<String> = given.filter(|one| one != address).chain([address.to_owned()]).collect();
    entry_point(site, &point, "trustedIPs", Value::List(list))
}

/// Sets a key of `forwardedHeaders` of an entry point.
fn entry_point(site: &mut Site, point: &EntryPoint, key: &str, value: Value) -> Result<(), CannotAmend> {
    let text = match &value {
        Value::List(list) => list.join(","),
        Value::Flag(flag) => flag.to_string(),
        _ => String::new(),
    };
    let argument = ["entrypoints", &point.name, "forwardedHeaders", key];
    let lines = format!("--{}={text}", argument.join("."));
    let (document, by_arguments) = site.install(point, &lines)?;
    if by_arguments {
        return Labels::arguments(&point.place, &site.writing)?.set(&mut site.writing, &argument, &text);
    }
    site.writing.put(&document, &["entryPoints", &point.name, "forwardedHeaders", key], value)
}

/// Takes fields away from the middlewares that set them.
fn leave(
    site: &mut Site,
    fields: &[&str],
    edits: impl Fn(&Headers) -> &[HeaderEdit],
    key: &str,
) -> Result<(), CannotAmend> {
    let mut names = site.names();
    let mut gone = Vec::new();
    for used in site.middlewares() {
        let Some(given) = headers(&used) else { continue };
        let is_named = |edit: &&HeaderEdit| fields.iter().any(|name| edit.name.eq_ignore_ascii_case(name));
        let named: Vec<String> = edits(given).iter().filter(is_named).map(|edit| edit.name.clone()).collect();
        if named.is_empty() {
            continue;
        }
        let middleware = &used.middleware.name;
        if !is_all(&used, given, named.len()) {
            let home = site.home(&used.middleware)?;
            for name in &named {
                home.remove(&mut site.writing, &["middlewares", middleware, "headers", key, name])?;
            }
        } else if let Some(chain) = &used.chain {
            let named = named.join(" and ");
            return Err(CannotAmend(format!(
                "{middleware} sets {named} from within the chain {chain}: take it out there"
            )));
        } else {
            gone.push(used.index);
        }
    }
    for index in gone.iter().rev() {
        names.remove(*index);
    }
    site.set_middlewares(&names)
}

/// True if a middleware does nothing but set so many fields.
fn is_all(used: &Used, given: &Headers, count: usize) -> bool {
    let lists = [
        &given.allow_headers,
        &given.allow_methods,
        &given.allow_origins,
        &given.allow_origins_regex,
        &given.expose_headers,
    ];
    let cross_origin = given.allow_credentials || given.add_vary || given.max_age.is_some();
    let others = cross_origin || lists.iter().any(|list| !list.is_empty()) || given.secure;
    used.middleware.kinds.len() == 1 && given.request.len() + given.response.len() == count && !others
}

/// What a middleware does to fields.
fn headers(used: &Used) -> Option<&Headers> {
    used.middleware.kinds.iter().find_map(|kind| match &kind.value {
        MiddlewareKind::Headers(headers) => Some(&**headers),
        _ => None,
    })
}

/// True for a middleware that strips a prefix, and says so by itself.
fn strips(used: &Used, prefix: &str) -> bool {
    used.middleware.kinds.iter().any(|kind| match &kind.value {
        MiddlewareKind::StripPrefix(given) => given.prefixes.iter().any(|one| one.value.trim() == prefix),
        _ => false,
    })
}
