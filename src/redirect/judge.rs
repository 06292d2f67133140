//! The judgement itself: each part of a redirect's target against what the client asked for.

use std::net::SocketAddr;

use super::host::{Internal, address, internal};
use super::url::{Url, default_port, names_host};

/// Where the client is, and what is known around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The URL the client asked for, as the client sees it.
    pub url: Url,
    /// The public path prefix, without a final slash; empty if none is known.
    pub prefix: &'a str,
    /// Addresses behind the client: proxy, app tap, server. A Location that names one of them is internal.
    pub internal: &'a [SocketAddr],
}

/// What a redirect does to each part of the URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Where it leads.
    pub target: Url,
    /// True if the Location names a host itself (`http://h/x`, `//h/x`); the other forms cannot get host or port wrong.
    pub absolute: bool,
    /// The scheme.
    pub scheme: SchemeVerdict,
    /// The host.
    pub host: HostVerdict,
    /// The port.
    pub port: PortVerdict,
    /// The path prefix.
    pub prefix: PrefixVerdict,
    /// Set if path (after the prefix) and query differ from what was asked by one final slash only.
    pub slash: Option<Slash>,
    /// True if it leads to the very URL that was asked for.
    pub is_loop: bool,
}

/// The scheme of a redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemeVerdict {
    /// As asked.
    Same,
    /// https was asked, http is given.
    Downgraded,
    /// http was asked, https is given.
    Upgraded,
    /// Some other scheme.
    Other,
}

/// The host of a redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostVerdict {
    /// As asked.
    Same,
    /// One the client cannot use.
    Internal(Internal),
    /// Another public host, as a login page may have.
    Other,
}

/// The port of a redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortVerdict {
    /// As asked, a default port written or not.
    Same,
    /// The client's port is not the default and the Location names none.
    Lost,
    /// Another one.
    Wrong,
}

/// The prefix of a redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrefixVerdict {
    /// No prefix is known, the client asked outside it, or the target is another public host.
    Unjudged,
    /// It is there.
    Kept,
    /// The client's path had it, the target's has not.
    Lost,
    /// The target's path has it more often than the client's.
    Doubled,
}

/// The change of a slash redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slash {
    /// `/items` became `/items/`.
    Added,
    /// `/items/` became `/items`.
    Removed,
}

/// Judges a Location; `None` if it leads to no URL with a host.
pub fn judge(asked: &Asked<'_>, location: &[u8]) -> Option<Judged> {
    let target = asked.url.resolve(location)?;
    let port = judge_port(&asked.url, &target);
    let host = judge_host(asked, &target, port);
    let (was, is) = (depth(&asked.url.path, asked.prefix), depth(&target.path, asked.prefix));
    Some(Judged {
        absolute: names_host(location),
        scheme: judge_scheme(&asked.url.scheme, &target.scheme),
        host,
        port,
        prefix: judge_prefix(was, is, host),
        slash: judge_slash(asked, &target, was, is),
        is_loop: target.same_resource(&asked.url),
        target,
    })
}

fn judge_scheme(asked: &str, given: &str) -> SchemeVerdict {
    match (asked, given) {
        _ if asked == given => SchemeVerdict::Same,
        ("https", "http") => SchemeVerdict::Downgraded,
        ("http", "https") => SchemeVerdict::Upgraded,
        _ => SchemeVerdict::Other,
    }
}

/// A port left to the scheme follows the scheme: `https://h` to `http://h` is a wrong scheme, not a wrong port.
fn judge_port(asked: &Url, target: &Url) -> PortVerdict {
    let is_default =
        |port| [&asked.scheme, &target.scheme].into_iter().any(|scheme| default_port(scheme) == Some(port));
    match (asked.port, target.port) {
        (None, None) => PortVerdict::Same,
        (Some(asked), Some(given)) if asked == given => PortVerdict::Same,
        (Some(port), None) if is_default(port) => PortVerdict::Same,
        (None, Some(port)) if is_default(port) => PortVerdict::Same,
        (Some(_), None) => PortVerdict::Lost,
        (_, Some(_)) => PortVerdict::Wrong,
    }
}

/// The address of a hop behind the client counts even under the client's own host: on one machine only the port differs.
fn judge_host(asked: &Asked<'_>, target: &Url, port: PortVerdict) -> HostVerdict {
    let same = target.host == asked.url.host;
    if same && port == PortVerdict::Same {
        return HostVerdict::Same;
    }
    let names_hop = |hop: &SocketAddr| {
        target.effective_port() == Some(hop.port())
            && (address(&target.host) == Some(hop.ip()) || (target.host == "localhost" && hop.ip().is_loopback()))
    };
    if asked.internal.iter().any(names_hop) {
        return HostVerdict::Internal(Internal::Upstream);
    }
    match internal(&target.host) {
        _ if same => HostVerdict::Same,
        // The client itself is on this machine: another name for it is no inside knowledge.
        Some(Internal::Loopback) if internal(&asked.url.host) == Some(Internal::Loopback) => HostVerdict::Other,
        Some(why) => HostVerdict::Internal(why),
        None => HostVerdict::Other,
    }
}

fn judge_prefix(was: usize, is: usize, host: HostVerdict) -> PrefixVerdict {
    if was == 0 || host == HostVerdict::Other {
        PrefixVerdict::Unjudged
    } else if is == 0 {
        PrefixVerdict::Lost
    } else if is > was {
        PrefixVerdict::Doubled
    } else {
        PrefixVerdict::Kept
    }
}

fn judge_slash(asked: &Asked<'_>, target: &Url, was: usize, is: usize) -> Option<Slash> {
    if asked.url.query != target.query {
        return None;
    }
    // A doubled or lost prefix is another fault; the slash is looked for in what stands after it.
    let old = asked.url.path.get(was * asked.prefix.len()..)?;
    let new = target.path.get(is * asked.prefix.len()..)?;
    if new.strip_suffix(b"/") == Some(old) {
        Some(Slash::Added)
    } else if old.strip_suffix(b"/") == Some(new) {
        Some(Slash::Removed)
    } else {
        None
    }
}

/// How often `path` starts with `prefix`, each time at a segment border.
fn depth(path: &[u8], prefix: &str) -> usize {
    if prefix.is_empty() {
        return 0;
    }
    let mut rest = path;
    let mut count = 0;
    while let Some(after) = rest.strip_prefix(prefix.as_bytes()) {
        if !matches!(after.first(), None | Some(b'/')) {
            break;
        }
        rest = after;
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use HostVerdict::{Internal as Inside, Same as SameHost};
    use PortVerdict::{Lost as PortLost, Same as SamePort, Wrong};
    use PrefixVerdict::{Doubled, Kept, Lost, Unjudged};
    use SchemeVerdict::{Downgraded, Same, Upgraded};

    fn at(url: &str) -> Url {
        let empty = Url { scheme: String::new(), host: String::new(), port: None, path: Vec::new(), query: None };
        empty.resolve(url.as_bytes()).unwrap()
    }

    fn judged(url: &str, prefix: &str, location: &str) -> Judged {
        let internal = [SocketAddr::from(([127, 0, 0, 1], 8001)), SocketAddr::from(([172, 18, 0, 5], 80))];
        judge(&Asked { url: at(url), prefix, internal: &internal }, location.as_bytes()).unwrap()
    }

    #[test]
    fn each_part_is_judged() {
        const PAGE: &str = "https://x.com/api/v1/items?a";
        const LOCAL: &str = "http://127.0.0.1:9999/api/v1/items?a";
        for (asked, location, scheme, host, port, prefix) in [
            (PAGE, "/api/v1/items/?a", Same, SameHost, SamePort, Kept),
            (PAGE, "https://x.com/api/v1/items/?a", Same, SameHost, SamePort, Kept),
            (PAGE, "https://X.com:443/api/v1/items/?a", Same, SameHost, SamePort, Kept),
            (PAGE, "http://x.com/api/v1/items/?a", Downgraded, SameHost, SamePort, Kept),
            (PAGE, "http://x.com:80/api/v1/items/", Downgraded, SameHost, SamePort, Kept),
            (PAGE, "/items/?a", Same, SameHost, SamePort, Lost),
            (PAGE, "/api/v10/items", Same, SameHost, SamePort, Lost),
            (PAGE, "/api/v1/api/v1/items/?a", Same, SameHost, SamePort, Doubled),
            (PAGE, "http://app:8000/items/", Downgraded, Inside(Internal::SingleLabel), Wrong, Lost),
            (PAGE, "http://10.0.0.3/api/v1/", Downgraded, Inside(Internal::Private), SamePort, Kept),
            (PAGE, "http://172.18.0.5/", Downgraded, Inside(Internal::Upstream), SamePort, Lost),
            (PAGE, "https://login.y.com/", Same, HostVerdict::Other, SamePort, Unjudged),
            (PAGE, "https://x.com:8443/api/v1/", Same, SameHost, Wrong, Kept),
            (LOCAL, "http://127.0.0.1:8001/items/?a", Same, Inside(Internal::Upstream), Wrong, Lost),
            (LOCAL, "http://localhost:8001/items/?a", Same, Inside(Internal::Upstream), Wrong, Lost),
            (LOCAL, "http://127.0.0.1/api/v1/items/?a", Same, SameHost, PortLost, Kept),
            (LOCAL, "http://localhost:9999/api/v1/", Same, HostVerdict::Other, SamePort, Unjudged),
            (LOCAL, "https://127.0.0.1:9999/api/v1/", Upgraded, SameHost, SamePort, Kept),
            ("http://x.com/api/v1/api/v1/x", "/api/v1/api/v1/x/", Same, SameHost, SamePort, Kept),
            ("http://x.com/docs", "/items/", Same, SameHost, SamePort, Unjudged),
            ("https://app/api/v1/x", "/api/v1/y", Same, SameHost, SamePort, Kept),
        ] {
            let judged = judged(asked, "/api/v1", location);
            let found = (judged.scheme, judged.host, judged.port, judged.prefix);
            assert_eq!(found, (scheme, host, port, prefix), "{asked} -> {location}");
        }
    }

    #[test]
    fn slashes_and_loops() {
        const PAGE: &str = "http://x.com/p/items?a";
        for (location, slash, is_loop) in [
            ("/p/items/?a", Some(Slash::Added), false),
            ("https://x.com/p/items/?a", Some(Slash::Added), false),
            ("/items/?a", Some(Slash::Added), false),
            ("/p/p/items/?a", Some(Slash::Added), false),
            ("/p/items/", None, false),
            ("/p/items//?a", None, false),
            ("/p/items?a", None, true),
            ("//x.com:80/p/items?a#f", None, true),
            ("", None, true),
        ] {
            let judged = judged(PAGE, "/p", location);
            assert_eq!((judged.slash, judged.is_loop), (slash, is_loop), "{location}");
        }
        assert_eq!(judged("http://x.com/p/items/", "/p", "/p/items").slash, Some(Slash::Removed));
        assert_eq!(judged("http://x.com/items", "", "/items/").slash, Some(Slash::Added));
    }

    #[test]
    fn which_forms_name_a_host() {
        for (location, absolute) in [
            ("http://x.com/", true),
            ("//x.com", true),
            ("/x", false),
            ("x/y", false),
            ("?to=http://y/", false),
            ("/r?to=//y", false),
            ("/a://b", false),
            ("", false),
        ] {
            assert_eq!(judged("http://x.com/a", "", location).absolute, absolute, "{location}");
        }
    }

    #[test]
    fn what_leads_nowhere_is_not_judged() {
        let asked = Asked { url: at("http://x.com/"), prefix: "", internal: &[] };
        assert_eq!(judge(&asked, b"mailto:me"), None);
    }
}
