//! Faults that can be seen without a request.

use std::sync::Arc;

use super::Notes;
use crate::gateway::caddy::route::{Line, MatcherSet};
use crate::gateway::{Code, Weight};

/// `/api/*` is not for `/api` itself, which then gets an empty page with status 200.
pub(super) fn bare_mount_point(set: Option<&Arc<MatcherSet>>, line: &Line, notes: &mut Notes<'_>) {
    let Some([path]) = set.map(|set| set.paths()) else { return };
    let Some(bare) = path.strip_suffix("/*").filter(|bare| bare.len() > 1 && !bare.contains('*')) else { return };
    let what = format!("{path} is not for {bare} without the slash: that goes to what follows, or gets an empty 200");
    let fix = format!("redir {bare} {bare}/{{?query}} beside it");
    notes.remark(Code::BareMountPoint, Weight::Note, line, what, Some(fix));
}

/// A redirect to a fixed target forgets the query.
pub(super) fn lost_query(to: &str, line: &Line, notes: &mut Notes<'_>) {
    if to.contains('?') || to.contains("{http.request.uri}") || to.contains("query}") {
        return;
    }
    let what = "the redirect drops the query of the request".to_owned();
    notes.remark(Code::QueryDropped, Weight::Note, line, what, Some("end the target with {?query}".to_owned()));
}

/// `*.json` before upstreams is taken for one of them.
pub(super) fn pattern_as_upstream(word: &str, line: &Line, notes: &mut Notes<'_>) {
    if !word.starts_with('*') || word.len() < 2 {
        return;
    }
    let what = format!("{word} is taken for an upstream, not for a matcher: a part of the requests fails with 502");
    let fix = format!("@files path {word} on a line of its own, and reverse_proxy @files …");
    notes.remark(Code::PatternAsUpstream, Weight::Error, line, what, Some(fix));
}

/// `{http.request.proto}` is `HTTP/1.1` and no scheme.
pub(super) fn protocol_as_scheme(field: &str, value: &str, line: &Line, notes: &mut Notes<'_>) {
    if field.eq_ignore_ascii_case("x-forwarded-proto") && value.contains("{http.request.proto}") {
        let what = "{http.request.proto} is the protocol's version, HTTP/1.1: no app takes that for a scheme";
        let fix = "header_up X-Forwarded-Proto {scheme}, or no such line: Caddy sends the scheme by itself";
        notes.remark(Code::SchemeUnusable, Weight::Error, line, what, Some(fix.to_owned()));
    }
}

/// `{host}` has no port, so the app builds URLs without it.
pub(super) fn host_without_port(field: &str, value: &str, line: &Line, notes: &mut Notes<'_>) {
    if field.eq_ignore_ascii_case("host") && value == "{http.request.host}" {
        let what = "{host} is the host without its port: on any port but 80 and 443 the app builds wrong URLs";
        let fix = "header_up Host {hostport}, or no such line: Caddy passes Host by itself";
        notes.remark(Code::PortLost, Weight::Warning, line, what, Some(fix.to_owned()));
    }
}

/// `{port}` is empty for most requests.
pub(super) fn empty_port(field: &str, value: &str, line: &Line, notes: &mut Notes<'_>) {
    if field.eq_ignore_ascii_case("x-forwarded-port") && value == "{http.request.port}" {
        let what = "{port} is empty if the Host field has no port, as it has not on 80 and 443";
        let fix = "header_up X-Forwarded-Port {http.request.local.port}";
        notes.remark(Code::PortLost, Weight::Note, line, what, Some(fix.to_owned()));
    }
}

/// `app:8000/api` is read as the address `api` of a network `app:8000`, which there is not.
pub(super) fn path_in_upstream(word: &str, line: &Line, notes: &mut Notes<'_>) {
    let Some((network, _)) = word.split_once('/').filter(|_| !word.contains("://")) else { return };
    if !network.contains([':', '.']) && network != "localhost" {
        return;
    }
    let what = format!("the upstream {word} has a path, which makes it no address: every request fails with 502");
    let fix = format!("reverse_proxy {network}, and a rewrite in its block for the path");
    notes.remark(Code::PathInUpstream, Weight::Error, line, what, Some(fix));
}
