//! What may be changed, by kind of cause: a small search beside what the rules themselves suggest.

use super::seen::Seen;
use crate::diagnosis::{Change, Finding, fix};
use crate::gateway;
use crate::lanes::{Rewrite, Setup};

/// What has to be right once a cause is mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// Everything that hangs on a path prefix.
    Prefix,
    /// The host that the app sees.
    Host,
    /// The scheme that the app sees.
    Scheme,
    /// That the server believes the proxy.
    Trust,
    /// That the finding is gone.
    Gone,
}

impl Aim {
    /// What a cause is about.
    pub(super) fn of(code: &str) -> Self {
        match code {
            "PX01" | "PX02" | "PX03" | "PX04" | "PX05" | "PX07" | "PX08" | "PX11" | "PX13" => Self::Prefix,
            "HO01" | "HO02" | "RD01" | "RD04" | "WS03" => Self::Host,
            "RD02" | "TR03" | "TR04" | "MC01" => Self::Scheme,
            "TR01" | "TR02" => Self::Trust,
            _ => Self::Gone,
        }
    }
}

/// The prefix that a finding is about; empty if it is about none.
pub(super) fn prefix_of(finding: &Finding, seen: &Seen) -> String {
    let in_changes = finding.fix.iter().flat_map(|fix| &fix.changes).find_map(|change| match change {
        Change::Proxy(gateway::Change::Path { prefix, .. }) => Some(prefix.clone()),
        _ => None,
    });
    let about = || Some(finding.about.clone()).filter(|about| about.starts_with('/'));
    let removed = || match &seen.lanes.rewritten.rewrite {
        Rewrite::Stripped(part) if part.starts_with('/') => Some(part.trim_end_matches('/').to_owned()),
        _ => None,
    };
    in_changes.or_else(about).or_else(removed).unwrap_or_else(|| seen.lanes.original.prefix.clone())
}

/// The candidates for a cause beside its rule's own, in no order.
pub(super) fn of(finding: &Finding, seen: &Seen, setup: &Setup, prefix: &str) -> Vec<Vec<Change>> {
    let own = || finding.fix.iter().map(|fix| fix.changes.clone()).filter(|changes| !changes.is_empty());
    let pass_host = Change::Proxy(gateway::Change::PassHost);
    match Aim::of(finding.code) {
        Aim::Prefix => {
            let mut all: Vec<_> = own().collect();
            // The older prefix rules say themselves where a set-up would help.
            let is_asked = matches!(finding.code, "PX08" | "PX11" | "PX13" | "WS01");
            if all.is_empty() && is_asked && !prefix.is_empty() {
                all = fix::arrangements(setup, prefix, stripped(seen));
            }
            // A redirect that the proxy rewrites because it does not pass Host on is mended twice.
            let with_host = all.iter().map(|changes| with(changes, &pass_host)).collect::<Vec<_>>();
            all.extend(with_host.into_iter().filter(|_| host_differs(seen)));
            all
        }
        // Of a refusal the rule itself knows whether the Host was another.
        Aim::Host if matches!(finding.code, "HO02" | "WS03") => own().collect(),
        // Where the proxy put right what the app got wrong, the app has to be mended with it.
        Aim::Host => {
            let told = fix::arrangements(setup, prefix, stripped(seen));
            let told = told.iter().filter(|_| !prefix.is_empty()).map(|changes| with(changes, &pass_host));
            std::iter::once(vec![pass_host.clone()]).chain(told).collect()
        }
        Aim::Scheme => schemes(seen, setup),
        Aim::Trust => {
            let mut all = trusts(seen, setup);
            let send = Change::Proxy(gateway::Change::SendFor);
            all.extend(trusts(seen, setup).iter().map(|changes| with(changes, &send)));
            all.push(vec![send]);
            all
        }
        Aim::Gone => match finding.code {
            "NG06" if !prefix.is_empty() => {
                vec![vec![Change::Proxy(gateway::Change::SlashAtMount(prefix.to_owned()))]]
            }
            "RD09" => vec![vec![Change::Proxy(gateway::Change::RelativeRedirects)], vec![pass_host]],
            "RD06" | "OA01" if matches!(finding.about.as_str(), "https" | "scheme") => schemes(seen, setup),
            "RD07" if !prefix.is_empty() => {
                let all = fix::arrangements(setup, prefix, stripped(seen));
                all.iter().map(|changes| with(changes, &pass_host)).chain([vec![pass_host.clone()]]).collect()
            }
            "NG01" | "NG02" | "PX10" if !prefix.is_empty() => {
                let strip = gateway::Change::Path { prefix: prefix.to_owned(), to: String::new() };
                vec![vec![Change::Proxy(strip)]]
            }
            _ => Vec::new(),
        },
    }
}

fn with(changes: &[Change], more: &Change) -> Vec<Change> {
    changes.iter().filter(|change| *change != more).chain([more]).cloned().collect()
}

/// What the proxy does with the prefix today, as far as that was seen.
fn stripped(seen: &Seen) -> Option<bool> {
    match seen.lanes.rewritten.rewrite {
        Rewrite::Stripped(_) => Some(true),
        Rewrite::Kept => Some(false),
        _ => None,
    }
}

/// True if the app's server was sent another host than was asked for.
fn host_differs(seen: &Seen) -> bool {
    let at_app = seen.exchange.app.as_deref().and_then(|app| app.request.get("host"));
    at_app.zip(seen.host()).is_some_and(|(at_app, asked)| at_app != asked)
}

/// What makes the server believe the proxy, each way alone.
fn trusts(seen: &Seen, setup: &Setup) -> Vec<Vec<Change>> {
    let program = setup.server.program();
    let set = |option: &str, value: &str| vec![Change::Server(option.to_owned(), Some(value.to_owned()))];
    if !setup.server.reads_forwarded() {
        return match program.reading_option() {
            Some((option, [value, ..])) if program.trust_option() != Some(option) => vec![set(option, value)],
            None => vec![set("proxy-headers", "true")],
            _ => program
                .trust_option()
                .map(|option| named(seen).map(|peers| set(option, &peers)))
                .into_iter()
                .flatten()
                .collect(),
        };
    }
    match program.trust_option() {
        Some(option) => named(seen).map(|peers| set(option, &peers)).collect(),
        None => Vec::new(),
    }
}

/// The peers that are to be believed: the one that the server sees, the proxy itself where a tap stands between, both.
fn named(seen: &Seen) -> impl Iterator<Item = String> {
    let peer = seen.lanes.forwarded.peer.map(|peer| peer.to_canonical().to_string());
    let proxy = seen.exchange.app.as_deref().filter(|_| seen.lanes.forwarded.without_tap.is_some());
    let proxy = proxy.map(|app| app.peer.ip().to_canonical().to_string());
    let both = peer.as_ref().zip(proxy.as_ref()).map(|(peer, proxy)| format!("{peer},{proxy}"));
    let with_own = peer.as_ref().filter(|peer| *peer != "127.0.0.1").map(|peer| format!("127.0.0.1,{peer}"));
    [proxy, peer, both, with_own].into_iter().flatten()
}

/// What brings the client's scheme to the app: said by the proxy, passed on by it, believed by the server, or two of these.
fn schemes(seen: &Seen, setup: &Setup) -> Vec<Vec<Change>> {
    // Where a hop before the proxy says the scheme, the proxy's own is the plain one between the two.
    let front = seen.exchange.edge.as_deref().filter(|edge| edge.request.get("x-forwarded-proto").is_some());
    let saying = vec![vec![Change::Proxy(match front {
        Some(edge) => gateway::Change::TrustFront(edge.peer.ip().to_canonical().to_string()),
        None => gateway::Change::SendScheme,
    })]];
    let trusts = trusts(seen, setup);
    let both: Vec<_> =
        trusts.iter().flat_map(|trust| saying.iter().map(move |said| [said.as_slice(), trust].concat())).collect();
    trusts.into_iter().chain(saying).chain(both).collect()
}
