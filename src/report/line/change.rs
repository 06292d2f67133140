//! A change as JSON: what a program that applies a fix reads, where the line is for people and the diff for files.

use serde::Serialize;

use crate::diagnosis::{AppChange, Change};
use crate::gateway;

/// A change as JSON.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Step<'a> {
    at: &'static str,
    what: &'a str,
    from: Option<&'a str>,
    to: Option<&'a str>,
}

/// A change as JSON.
pub(super) fn step(change: &Change) -> Step<'_> {
    let (at, what, from, to) = match change {
        Change::Proxy(change) => {
            let (what, from, to) = at_proxy(change);
            ("proxy", what, from, to)
        }
        Change::Server(option, value) => ("server", option.as_str(), None, value.as_deref()),
        Change::App(AppChange::RootPath(root)) => {
            ("app", "root-path", None, Some(root.as_str()).filter(|root| !root.is_empty()))
        }
        Change::App(AppChange::PrefixHeader) => ("app", "prefix-header", None, None),
    };
    Step { at, what, from, to }
}

fn at_proxy(change: &gateway::Change) -> (&'static str, Option<&str>, Option<&str>) {
    match change {
        gateway::Change::Path { prefix, to } => ("path", Some(prefix), Some(to)),
        gateway::Change::PassHost => ("pass-host", None, None),
        gateway::Change::SendScheme => ("send-scheme", None, None),
        gateway::Change::SendFor => ("send-for", None, None),
        gateway::Change::SendPrefix(prefix) => ("send-prefix", None, Some(prefix)),
        gateway::Change::TrustFront(address) => ("trust-front", None, Some(address)),
        gateway::Change::Upgrade => ("upgrade", None, None),
        gateway::Change::LeaveLocation => ("leave-location", None, None),
        gateway::Change::MendLocation(prefix) => ("mend-location", None, Some(prefix)),
        gateway::Change::RelativeRedirects => ("relative-redirects", None, None),
        gateway::Change::SlashAtMount(prefix) => ("slash-at-mount", None, Some(prefix)),
        gateway::Change::CookiePath { from, to } => ("cookie-path", Some(from), Some(to)),
        gateway::Change::Take(path) => ("take", None, Some(path)),
        gateway::Change::TakeHost { host, .. } => ("take-host", None, Some(host)),
        gateway::Change::PassQuery => ("pass-query", None, None),
    }
}
