//! What is wrong with a redirect's target, part by part, in the words that every face uses.
//!
//! A part that differs is a fault for sure only where nothing else explains it: a slash redirect means the same page, so
//! everything else must stay; a redirect elsewhere may leave the prefix, or the port, on purpose.

use super::host::{Internal, internal};
use super::judge::{HostVerdict, Judged, PortVerdict, PrefixVerdict, SchemeVerdict};
use super::url::Url;

/// A part of a redirect's target that is not as the client asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// `scheme`, `host`, `port` or `prefix`.
    pub part: &'static str,
    /// The code of the finding that such a fault belongs to, e.g. `RD02`.
    pub code: &'static str,
    /// False if it may be meant.
    pub sure: bool,
    /// What is wrong, e.g. `http, want https`. Holds bytes of the target, escaped as [`Url`] shows them.
    pub said: String,
}

impl Judged {
    /// What is wrong with the target, by the parts of the URL from left to right. `asked` and `prefix` are what it was
    /// judged against.
    pub fn faults(&self, asked: &Url, prefix: &str) -> Vec<Fault> {
        let all = [self.scheme_fault(), self.host_fault(asked), self.port_fault(asked), self.prefix_fault(prefix)];
        all.into_iter().flatten().collect()
    }

    fn scheme_fault(&self) -> Option<Fault> {
        let wrong = self.scheme == SchemeVerdict::Downgraded && self.host != HostVerdict::Other;
        wrong.then(|| Fault { part: "scheme", code: "RD02", sure: true, said: "http, want https".to_owned() })
    }

    fn host_fault(&self, asked: &Url) -> Option<Fault> {
        let HostVerdict::Internal(kind) = self.host else { return None };
        let (what, port) = match kind {
            Internal::Upstream => ("a hop further in", self.target.port),
            Internal::Loopback => ("the machine of whoever reads it", None),
            Internal::Private => ("a private address", None),
            Internal::SingleLabel => ("a name of the inner network", None),
            Internal::Suffix => ("under an internal suffix", None),
        };
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let said = format!("{}{port} is {what}, want {}", self.target.host.escape_default(), host_text(asked));
        let sure = kind == Internal::Upstream || internal(&asked.host).is_none();
        Some(Fault { part: "host", code: "RD01", sure, said })
    }

    /// From http to https the port changes as a rule; on another host it is that host's.
    fn port_fault(&self, asked: &Url) -> Option<Fault> {
        if self.host != HostVerdict::Same || self.scheme == SchemeVerdict::Upgraded {
            return None;
        }
        let wanted = asked.effective_port().map_or_else(|| "none".to_owned(), |port| port.to_string());
        let said = match (self.port, self.target.port) {
            (PortVerdict::Same, _) => return None,
            (PortVerdict::Wrong, Some(port)) => format!("{port}, want {wanted}"),
            (PortVerdict::Lost | PortVerdict::Wrong, _) => format!("{wanted} is missing"),
        };
        Some(Fault { part: "port", code: "RD04", sure: self.slash.is_some(), said })
    }

    fn prefix_fault(&self, prefix: &str) -> Option<Fault> {
        let prefix = prefix.escape_default();
        let (code, said) = match self.prefix {
            PrefixVerdict::Unjudged | PrefixVerdict::Kept => return None,
            PrefixVerdict::Lost => ("PX07", format!("{prefix} is missing")),
            PrefixVerdict::Doubled => ("RD08", format!("{prefix} is there once more")),
        };
        Some(Fault { part: "prefix", code, sure: self.slash.is_some(), said })
    }
}

fn host_text(url: &Url) -> String {
    let port = url.port.map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}{port}", url.host.escape_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redirect::{Asked, judge};

    #[test]
    fn what_is_wrong_with_a_target() {
        const PAGE: &str = "https://x.com/api/v1/items";
        const LOCAL: &str = "http://localhost:9999/api/v1/items";
        for (asked, location, faults) in [
            (PAGE, "/api/v1/items/", vec![]),
            (PAGE, "https://login.y.com/", vec![]),
            (PAGE, "http://login.y.com/", vec![]),
            (PAGE, "http://x.com/api/v1/items/", vec![("RD02", true, "http, want https")]),
            (PAGE, "/login", vec![("PX07", false, "/api/v1 is missing")]),
            (
                PAGE,
                "http://app:8000/items/",
                vec![
                    ("RD02", true, "http, want https"),
                    ("RD01", true, "app is a name of the inner network, want x.com"),
                    ("PX07", true, "/api/v1 is missing"),
                ],
            ),
            (PAGE, "/api/v1/api/v1/items/", vec![("RD08", true, "/api/v1 is there once more")]),
            (LOCAL, "http://localhost/api/v1/items/", vec![("RD04", true, "9999 is missing")]),
            (
                LOCAL,
                "http://localhost:3000/",
                vec![("RD04", false, "3000, want 9999"), ("PX07", false, "/api/v1 is missing")],
            ),
            (LOCAL, "https://localhost/api/v1/items", vec![]),
            (
                LOCAL,
                "http://app:8000/api/v1/",
                vec![("RD01", false, "app is a name of the inner network, want localhost:9999")],
            ),
        ] {
            let url = Url::absolute(asked.as_bytes()).unwrap();
            let of = Asked { url: url.clone(), prefix: "/api/v1", internal: &[] };
            let found = judge(&of, location.as_bytes()).unwrap().faults(&url, "/api/v1");
            let found: Vec<_> = found.iter().map(|fault| (fault.code, fault.sure, fault.said.as_str())).collect();
            assert_eq!(found, faults, "{asked} -> {location}");
        }
    }
}
