//! What is known of the set-up.

use std::borrow::Cow;
use std::collections::HashSet;
use std::net::SocketAddr;

use super::Provenance;
use crate::asgi::framework::{App, Framework};
use crate::asgi::server::Server;
use crate::exchange::{Answered, Exchange, Half, Pairing};
use crate::gateway::{Destination, Gateway, Listen};
use crate::redirect::PublicUrl;

/// Paths remembered of which the app was asked.
const MOST_ASKED: usize = 64;

/// `/a/b` of `/a/b/c` and of `/a/b/`; `None` for a path of one segment.
fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(above, _)| above).filter(|above| above.len() > 1)
}

/// What is known of the set-up that traffic runs through. Held by the recorder and shared with the faces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The listeners in the order of [`crate::exchange::TapId`].
    pub taps: Vec<Tap>,
    /// The proxy, where it is known: the stand-in that hopscope is, or the one that taps stand around, by its configuration.
    pub gateway: Option<Gateway>,
    /// What it was before its configuration changed, oldest first.
    pub former: Vec<Former>,
    /// What came of reading its configuration again, if it was.
    pub reread: Option<Reread>,
    /// The app's server.
    pub server: Server,
    /// What served before it was started again otherwise, oldest first.
    pub earlier: Vec<Earlier>,
    /// How it is known.
    pub provenance: Provenance,
    /// The app.
    pub app: App,
    /// True if the app's probe is asked.
    pub probe: bool,
    /// The public URL, when told.
    pub public: Option<PublicUrl>,
    /// Prefixes known or learned: from flags, routes of the stand-in, X-Forwarded-Prefix, stripped parts seen.
    /// Without a final slash.
    pub prefixes: Vec<String>,
    /// What the app showed, when it was asked, of paths that none of its described routes takes.
    pub asked: Vec<AskedPath>,
}

/// What the app itself shows of a path that it answered with 404 and that none of its described routes takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedPath {
    /// The path as it was sent to the app's server, without its last segment: what was found for one stands for those beside
    /// it, and a silent mount for all below it.
    pub below: String,
    /// What was found.
    pub found: Beneath,
}

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beneath {
    /// Nothing, as far as can be told, or something that answers.
    Ordinary,
    /// A mount, below which FastAPI's own 404 is all there is: for its front page and its description too, and for a method
    /// that static files refuse.
    Silent {
        /// Where it is mounted, as sent to the app's server.
        mount: String,
        /// True if the mounted app does answer the path, once the public prefix is left out.
        without_prefix: bool,
    },
}

impl Setup {
    /// A set-up of which nothing but the server is known.
    pub fn new(server: Server) -> Self {
        Self {
            taps: Vec::new(),
            gateway: None,
            former: Vec::new(),
            reread: None,
            server,
            earlier: Vec::new(),
            provenance: Provenance::default(),
            app: App::default(),
            probe: false,
            public: None,
            prefixes: Vec::new(),
            asked: Vec::new(),
        }
    }

    /// Notes that from `since` (microseconds since 1970-01-01 UTC) on the app is served otherwise.
    pub fn serve_otherwise(&mut self, since: u64, server: Server, framework: Framework) {
        let server = std::mem::replace(&mut self.server, server);
        let framework = std::mem::replace(&mut self.app.framework, framework);
        let provenance = self.provenance.clone();
        self.asked.clear();
        self.earlier.push(Earlier { until: since, server, framework, provenance });
        if self.earlier.len() > MOST_EARLIER {
            self.earlier.remove(0);
        }
    }

    /// Takes `path` for a public prefix, if it can be one: a server's root path, a route's prefix.
    pub fn know_prefix(&mut self, path: &str) {
        self.know_prefixes([path.to_owned()]);
    }

    /// The same for many paths.
    pub fn know_prefixes(&mut self, paths: impl IntoIterator<Item = String>) {
        let mut known: HashSet<String> = self.prefixes.iter().cloned().collect();
        for path in paths {
            let prefix = path.trim_end_matches('/');
            if prefix.starts_with('/') && known.insert(prefix.to_owned()) {
                self.prefixes.push(prefix.to_owned());
            }
        }
    }

    /// What is known, by asking, of the path as the app's server got it.
    pub fn beneath(&self, path: &str) -> Option<&Beneath> {
        let above = parent(path)?;
        let holds = |asked: &&AskedPath| match &asked.found {
            Beneath::Silent { mount, .. } => {
                path.strip_prefix(mount.as_str()).is_some_and(|rest| rest.starts_with('/'))
            }
            Beneath::Ordinary => asked.below == above,
        };
        self.asked.iter().find(holds).map(|asked| &asked.found)
    }

    /// Notes what the app showed of `path` when it was asked. No more than 64 such answers are kept; [`Setup::may_ask`] says
    /// when there is room.
    pub fn note_beneath(&mut self, path: &str, found: Beneath) {
        if let Some(above) = parent(path).filter(|_| self.may_ask(path)) {
            self.asked.push(AskedPath { below: above.to_owned(), found });
        }
    }

    /// True if the app may be asked what stands at `path`: that is not known, and there is room to remember it.
    pub fn may_ask(&self, path: &str) -> bool {
        self.asked.len() < MOST_ASKED && parent(path).is_some() && self.beneath(path).is_none()
    }

    /// Notes that from `since` (microseconds since 1970-01-01 UTC) on the proxy is this one.
    pub fn route_otherwise(&mut self, since: u64, gateway: Gateway) {
        let prefixes: Vec<String> = gateway.public_prefixes().map(str::to_owned).collect();
        if let Some(gateway) = self.gateway.replace(gateway) {
            self.former.push(Former { until: since, gateway });
        }
        if self.former.len() > MOST_EARLIER {
            self.former.remove(0);
        }
        self.know_prefixes(prefixes);
    }

    /// What there is to be wary of on the whole, a sentence each.
    pub fn warnings(&self) -> impl Iterator<Item = &str> {
        let failed = self.reread.iter().filter(|reread| reread.failed).map(|reread| reread.said.as_str());
        failed.chain(self.provenance.contradiction.as_deref())
    }

    /// The set-up as it was when this exchange began.
    pub(super) fn at(&self, exchange: &Exchange) -> Cow<'_, Self> {
        let (earlier, former) = (self.earlier_at(exchange), self.former_at(exchange));
        if earlier.is_none() && former.is_none() {
            return Cow::Borrowed(self);
        }
        let mut setup = self.clone();
        if let Some(Earlier { server, framework, provenance, .. }) = earlier {
            (setup.server, setup.provenance) = (server.clone(), provenance.clone());
            setup.app.framework = *framework;
        }
        if let Some(former) = former {
            setup.gateway = Some(former.gateway.clone());
        }
        Cow::Owned(setup)
    }

    fn former_at(&self, exchange: &Exchange) -> Option<&Former> {
        let began = exchange.outer().map_or(u64::MAX, |half| half.times.started);
        self.former.iter().find(|former| began < former.until)
    }

    /// How the server of this exchange is known.
    pub fn provenance_at(&self, exchange: &Exchange) -> &Provenance {
        self.earlier_at(exchange).map_or(&self.provenance, |earlier| &earlier.provenance)
    }

    fn earlier_at(&self, exchange: &Exchange) -> Option<&Earlier> {
        let began = exchange.outer().map_or(u64::MAX, |half| half.times.started);
        self.earlier.iter().find(|earlier| began < earlier.until)
    }

    /// The unix socket that the stand-in sent this request to: no address is known of a server that answered, and the
    /// configuration sends to a socket.
    pub fn socket(&self, exchange: &Exchange) -> Option<&str> {
        let answered =
            |app: &&Half| app.upstream.is_none() && app.answered == Answered::Upstream && app.response.is_some();
        let app = exchange.app.as_deref().filter(|_| exchange.pairing == Pairing::StandIn);
        app.filter(answered)?;
        let upstreams = self.gateway.iter().flat_map(|gateway| &gateway.routers).flat_map(|router| &router.upstreams);
        let mut sockets = upstreams.filter_map(|to| match to {
            Destination::Unix(path) => Some(path.as_str()),
            Destination::Http(_) | Destination::Https(_) => None,
        });
        sockets.next()
    }

    /// True if the request of this exchange ended before it came to the place where the app's side would have seen it.
    pub(super) fn never_reached(&self, exchange: &Exchange) -> bool {
        let is_watched = exchange.pairing == Pairing::StandIn || self.taps.iter().any(|tap| tap.kind != TapKind::Edge);
        exchange.app.is_none() && exchange.edge.is_some() && is_watched && exchange.is_finished()
    }
}

/// Ways of serving the app that are remembered; beyond it the oldest is forgotten.
const MOST_EARLIER: usize = 32;

/// How the app was served before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// Until when, in microseconds since 1970-01-01 UTC.
    pub until: u64,
    /// By which server.
    pub server: Server,
    /// On which framework.
    pub framework: Framework,
    /// How that is known.
    pub provenance: Provenance,
}

/// What the proxy was before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Former {
    /// Until when, in microseconds since 1970-01-01 UTC.
    pub until: u64,
    /// What it was.
    pub gateway: Gateway,
}

/// What came of reading the proxy's configuration again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reread {
    /// How often it has been read.
    pub number: u64,
    /// What is new, or what is wrong and that the last good one still counts; a sentence.
    pub said: String,
    /// True if it could not be read.
    pub failed: bool,
}

/// One listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tap {
    /// `edge`, `app` or `proxy`.
    pub kind: TapKind,
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where it sends on, as written; for the stand-in a list of its upstreams.
    pub upstream: String,
    /// The listener of the proxy's configuration that it stands for (the stand-in) or before (an edge tap).
    pub door: Option<Listen>,
}

/// What a listener is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TapKind {
    /// Before the proxy.
    Edge,
    /// Behind the proxy.
    App,
    /// The proxy itself.
    StandIn,
}

impl TapKind {
    /// The word on screen and in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Edge => "edge",
            Self::App => "app",
            Self::StandIn => "proxy",
        }
    }
}
