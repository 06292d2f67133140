//! What goes on in the fields of a request.

use super::site::Site;
use crate::gateway::again::door;
use crate::gateway::apache::tree::Node;
use crate::gateway::{Action, StepKind};

/// Passes `Host` on.
pub(super) fn pass_host(site: &mut Site<'_>) {
    leave(site, "host");
    match site.said("proxypreservehost").last() {
        Some(said) if said.is_on() => {}
        Some(said) => site.lines.replace(&said.place, "ProxyPreserveHost On"),
        None => before(site, "ProxyPreserveHost On"),
    }
}

/// Adds a directive before the one that sends on.
fn before(site: &mut Site<'_>, line: &str) {
    let place = site.pass.place.clone();
    site.lines.before(&place, line);
}

/// The `RequestHeader` lines about a field.
fn about(site: &Site<'_>, name: &str) -> Vec<Node> {
    let mut all = site.said("requestheader");
    all.retain(|node| {
        let at = usize::from(["early", "always"].contains(&node.word(0)));
        node.word(at + 1).trim_end_matches(':').eq_ignore_ascii_case(name)
    });
    all
}

/// Lets a field go on as it came.
fn leave(site: &mut Site<'_>, name: &str) {
    let did = site.did(|kind| matches!(kind, StepKind::Field(field) if field.eq_ignore_ascii_case(name)));
    for node in about(site, name).iter().filter(|node| did.contains(&node.place)) {
        site.lines.remove(&node.place);
    }
}

/// Says a value in a field.
pub(super) fn set(site: &mut Site<'_>, name: &str, value: &str) {
    let line = format!("RequestHeader set {name} {value}");
    if let Some(known) = about(site, name).last() {
        site.lines.replace(&known.place, &line);
    } else {
        before(site, &line);
        load_headers(site);
    }
}

/// Loads the module of `RequestHeader` where modules are loaded in sight and it is not.
pub(super) fn load_headers(site: &mut Site<'_>) {
    let is_loaded = site.modules().any(|module| module.word(0) == "headers_module");
    let proxy = site.modules().find(|module| module.word(0) == "proxy_module").cloned();
    if let Some(proxy) = proxy.filter(|_| !is_loaded) {
        let path = proxy.word(1).replace("mod_proxy", "mod_headers");
        site.lines.after(&proxy.place, "", &format!("LoadModule headers_module {path}"));
    }
}

/// The value of a field of the request that is sent on.
fn sent(site: &Site<'_>, name: &str) -> Option<String> {
    let Action::Forward(forward) = &site.plan.action else { return None };
    let head = String::from_utf8_lossy(&forward.head).into_owned();
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
}

/// Says the scheme of the client's request.
pub(super) fn send_scheme(site: &mut Site<'_>) {
    const NAME: &str = "X-Forwarded-Proto";
    let scheme = if door(site.gateway, site.plan).is_some_and(|door| door.tls) { "https" } else { "http" };
    if sent(site, NAME).as_deref() == Some(scheme) && !about(site, NAME).is_empty() {
        return;
    }
    set(site, NAME, "expr=%{REQUEST_SCHEME}");
}

/// Names the client.
pub(super) fn send_for(site: &mut Site<'_>) {
    leave(site, "x-forwarded-for");
    if let Some(said) = site.said("proxyaddheaders").last().filter(|said| !said.is_on()) {
        site.lines.replace(&said.place, "ProxyAddHeaders On");
    }
}

/// Passes on what the hop before says: it is written only where it is not there. Whoever can reach httpd past that hop is
/// believed as well.
pub(super) fn trust_front(site: &mut Site<'_>) {
    for name in ["X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Prefix"] {
        for node in about(site, name) {
            let written = site.lines.statement(&node.place);
            match node.word(0).to_ascii_lowercase().as_str() {
                "set" => {
                    let rest = written.get(node.name.len()..).unwrap_or_default().trim_start();
                    let rest = rest.get(node.word(0).len()..).unwrap_or_default();
                    let name = written.get(..node.name.len()).unwrap_or_default();
                    site.lines.replace(&node.place, &format!("{name} setifempty{rest}"));
                }
                "unset" => site.lines.remove(&node.place),
                _ => {}
            }
        }
    }
}
