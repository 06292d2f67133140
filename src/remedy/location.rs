//! What a proxy that was not read does to a `Location` on its way back.
//!
//! This file exists because nginx rewrites redirects by default (`proxy_redirect default`), and Apache does where
//! `ProxyPassReverse` says so: whoever mends the app alone is rewritten a second time.

use super::seen::Seen;
use crate::diagnosis::wording::Proxy;
use crate::exchange::RequestHead;
use crate::gateway::Change;
use crate::lanes::{Rewrite, Setup};
use crate::redirect::split_port;

/// `Location` as the client gets it. `sent` is the request as it went to the app's server.
pub(super) fn back(location: &[u8], sent: &RequestHead, seen: &Seen, changes: &[Change], setup: &Setup) -> Vec<u8> {
    if changes.contains(&Change::LeaveLocation) {
        return location.to_vec();
    }
    for change in changes {
        if let Change::MendLocation(prefix) = change
            && location.starts_with(b"/")
            && !location.starts_with(b"//")
            && !crate::gateway::has_prefix(location, prefix)
        {
            return [prefix.as_bytes(), location].concat();
        }
    }
    let mapped = [observed(seen), default_of_nginx(sent, seen, changes, setup)].into_iter().flatten();
    for (from, to) in mapped {
        if let Some(rest) = location.strip_prefix(from.as_slice()) {
            return [&to, rest].concat();
        }
    }
    location.to_vec()
}

/// What the proxy was seen to put in the place of what: the parts of both before what they have in common.
fn observed(seen: &Seen) -> Option<(Vec<u8>, Vec<u8>)> {
    let answer = &seen.lanes.answer;
    let (at_app, at_client) = (answer.location_at_app.as_deref()?, answer.location.as_deref()?);
    if at_app == at_client {
        return None;
    }
    let alike = at_app.iter().rev().zip(at_client.iter().rev()).take_while(|(a, b)| a == b).count();
    let from = at_app.get(..at_app.len().checked_sub(alike)?)?;
    let to = at_client.get(..at_client.len().checked_sub(alike)?)?;
    (!from.is_empty()).then(|| (from.to_vec(), to.to_vec()))
}

/// nginx puts the public place in the place of the upstream's URL, which it also sends as Host unless told otherwise.
/// Source: `ngx_http_proxy_module`, `proxy_redirect default`.
fn default_of_nginx(sent: &RequestHead, seen: &Seen, changes: &[Change], setup: &Setup) -> Option<(Vec<u8>, Vec<u8>)> {
    if Proxy::seen(&seen.exchange, &seen.lanes, setup) != Proxy::Nginx || is_off(seen) {
        return None;
    }
    let host = sent.get("host")?;
    if seen.host().is_none_or(|asked| asked == host) {
        return None;
    }
    let path = changes.iter().find_map(|change| match change {
        Change::Path { prefix, to } if prefix != to => Some((prefix.as_str(), to.as_str())),
        _ => None,
    });
    let decided = changes.iter().any(|change| matches!(change, Change::Path { .. }));
    let (public, upstream) = match (path, &seen.lanes.rewritten.rewrite) {
        (Some(path), _) => path,
        (None, Rewrite::Stripped(prefix)) if !decided => (prefix.trim_end_matches('/'), ""),
        _ => ("", ""),
    };
    let from = [b"http://", host, upstream.as_bytes(), b"/"].concat();
    // It writes its own scheme and port before what is a mere path.
    let asked = seen.host()?;
    let port = seen.exchange.edge.as_deref()?.upstream.map_or(80, |(nginx, _)| nginx.port());
    let port = if port == 80 { String::new() } else { format!(":{port}") };
    let to = [b"http://", split_port(&asked).0, port.as_bytes(), public.as_bytes(), b"/"].concat();
    Some((from, to))
}

/// True if a Location that the default rewrites was seen to pass.
fn is_off(seen: &Seen) -> bool {
    let answer = &seen.lanes.answer;
    let host = seen.exchange.app.as_deref().and_then(|app| app.request.get("host"));
    match (answer.location_at_app.as_deref(), answer.location.as_deref(), host) {
        (Some(at_app), Some(at_client), Some(host)) => {
            at_app == at_client && at_app.strip_prefix(b"http://").is_some_and(|rest| rest.starts_with(host))
        }
        _ => false,
    }
}
