//! `ProxyFixMiddleware`, in which the user may wrap the app: client, scheme and host from forwarding headers.
//!
//! It looks at no peer: which entry counts is all the trust there is.
//!
//! Source of the rules: hypercorn 0.18 `middleware/proxy_fix.py`.

use crate::asgi::server::HeaderUse;
use crate::asgi::{Address, Outcome, Release, Scope};
use crate::forwarded::{Verdict, latin1, strip};

/// The first release that writes the host as bytes; the one before has text among the headers.
const HOST_AS_BYTES: Release = Release::new(0, 17, 0);

/// The first release that has the middleware.
const FIRST: Release = Release::new(0, 16, 0);

/// Which headers are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// `X-Forwarded-For`, `-Proto` and `-Host`.
    Legacy,
    /// `Forwarded`, and those of `Legacy` where it has too few entries.
    Modern,
}

/// The middleware, if the app is wrapped in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProxyFix {
    mode: Option<Mode>,
    pub(super) trusted_hops: usize,
}

impl Default for ProxyFix {
    fn default() -> Self {
        Self { mode: None, trusted_hops: 1 }
    }
}

/// What the headers say of the request at the first proxy.
#[derive(Default)]
struct Said {
    client: Option<String>,
    scheme: Option<String>,
    host: Option<String>,
}

impl ProxyFix {
    pub(super) fn set_mode(&mut self, mode: &str) -> Result<(), &'static str> {
        self.mode = Some(match mode {
            "legacy" => Mode::Legacy,
            "modern" => Mode::Modern,
            _ => return Err("say legacy or modern"),
        });
        Ok(())
    }

    /// True if it changes anything for anyone.
    pub(super) fn reads_anything(&self) -> bool {
        self.mode.is_some() && self.trusted_hops > 0
    }

    pub(super) fn verdict(&self) -> Verdict {
        let why = match self.mode {
            None => "hypercorn reads no forwarding headers; the app is not wrapped in ProxyFixMiddleware",
            Some(_) if self.trusted_hops == 0 => "trusted_hops of ProxyFixMiddleware is 0: nobody is believed",
            Some(_) => "ProxyFixMiddleware believes every peer",
        };
        Verdict { trusted: self.reads_anything(), why: why.to_owned() }
    }

    /// The scope behind the middleware.
    pub(super) fn apply(&self, mut scope: Scope, version: Release) -> Outcome {
        let Some(mode) = self.mode else { return Outcome::Scope(Box::new(scope)) };
        if version < FIRST {
            return Outcome::Unknown {
                why: format!("hypercorn {version} has no ProxyFixMiddleware; it came in {FIRST}"),
            };
        }
        let said = self.said(mode, &scope);
        if let Some(client) = said.client {
            scope.client = Some(Address::new(client, 0));
        }
        scope.scheme = said.scheme.or(scope.scheme);
        if let Some(host) = said.host {
            if version < HOST_AS_BYTES {
                let why = "hypercorn 0.16: ProxyFixMiddleware puts the host into the headers as text instead of bytes";
                return Outcome::Unknown { why: why.to_owned() };
            }
            scope.headers.retain(|(name, _)| name != b"host");
            scope.headers.push((b"host".to_vec(), host.into_bytes()));
        }
        Outcome::Scope(Box::new(scope))
    }

    fn said(&self, mode: Mode, scope: &Scope) -> Said {
        let counting = |name| self.counting_entry(scope.all_headers(name));
        match (mode, counting("forwarded")) {
            (Mode::Modern, Some(entry)) => parts(&entry),
            _ => Said {
                client: counting("x-forwarded-for"),
                scheme: counting("x-forwarded-proto"),
                host: counting("x-forwarded-host"),
            },
        }
    }

    /// `_get_trusted_value`: entry number `trusted_hops` from the right, over all lines.
    fn counting_entry<'a>(&self, lines: impl Iterator<Item = &'a [u8]>) -> Option<String> {
        let entries: Vec<&[u8]> = lines.flat_map(|line| line.split(|&b| b == b',')).collect();
        let entry = entries.iter().rev().nth(self.trusted_hops.checked_sub(1)?)?;
        Some(strip(&latin1(entry)).to_owned())
    }

    /// What becomes of a forwarding header (`name` in lower case).
    pub(super) fn reading(&self, name: &str, lines: &[&[u8]]) -> HeaderUse {
        let reads_this = match (self.mode, name) {
            (_, "host" | "via") => return HeaderUse::Plain,
            (Some(_), "x-forwarded-for" | "x-forwarded-proto" | "x-forwarded-host") => true,
            (mode, "forwarded") => mode == Some(Mode::Modern),
            _ => false,
        };
        let hops = self.trusted_hops;
        let unused = |why: String| HeaderUse::Unused(why);
        match self.counting_entry(lines.iter().copied()) {
            _ if !reads_this => HeaderUse::NotRead,
            _ if lines.is_empty() => unused("not sent".to_owned()),
            None if hops == 0 => unused("trusted_hops is 0".to_owned()),
            None => unused(format!("it has fewer entries than trusted_hops, which is {hops}")),
            Some(entry) if name == "forwarded" && parts(&entry).is_empty() => {
                unused(format!("no part of entry {entry:?} starts with for=, proto= or host="))
            }
            Some(_) if name != "forwarded" && self.mode == Some(Mode::Modern) => {
                HeaderUse::Unknown(format!("read only where Forwarded has fewer than {hops} entries (mode modern)"))
            }
            Some(_) => HeaderUse::Used,
        }
    }
}

impl Said {
    fn is_empty(&self) -> bool {
        self.client.is_none() && self.scheme.is_none() && self.host.is_none()
    }
}

/// The parts of an entry of `Forwarded`: names in lower case, nothing before them, quotes left in; the last one wins.
fn parts(entry: &str) -> Said {
    let mut said = Said::default();
    for part in entry.split(';') {
        let place = match part.split_once('=') {
            Some(("for", value)) => (&mut said.client, value),
            Some(("host", value)) => (&mut said.host, value),
            Some(("proto", value)) => (&mut said.scheme, value),
            _ => continue,
        };
        *place.0 = Some(strip(place.1).to_owned());
    }
    said
}
