//! What a rule is shown: one exchange with its lanes, the set-up, and the recent past; and the questions that many
//! rules ask of them.

use std::cell::OnceCell;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;

use super::body::{self, Content, Kind};
use super::history::History;
use crate::asgi::framework::{AppView, RouteMatch, Routes};
use crate::asgi::server::RootPathUse;
use crate::exchange::{Cut, Ending, Exchange, Half};
use crate::lanes::{Author, Change, ForwardedField, Lanes, Rewrite, Setup, Source, TapKind};
use crate::redirect::Url;

/// One exchange, and all that is known when it is judged.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    /// What was observed.
    pub(super) exchange: &'a Exchange,
    /// The side by side.
    pub(super) lanes: &'a Lanes,
    /// What is known of the set-up.
    pub(super) setup: &'a Setup,
    /// What was seen before.
    pub(super) history: &'a History,
    /// What the response's body shows, once a rule has asked for it.
    pub(super) content: &'a OnceCell<Content>,
}

/// How a missing route is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Miss {
    /// The app answered that it has no such route.
    Seen,
    /// Nothing was sent; the models say that no route takes it, or do not know one that does.
    Predicted,
}

impl<'a> Case<'a> {
    /// Microseconds since 1970 when the request was seen.
    pub(super) fn now(&self) -> u64 {
        self.exchange.outer().map_or(0, |half| half.times.started)
    }

    /// Who asked.
    pub(super) fn client(&self) -> Option<IpAddr> {
        let seen = || self.exchange.outer().map(|half| half.peer.ip());
        self.lanes.original.peer.map(|peer| peer.ip()).or_else(seen)
    }

    /// True if there was no traffic: the exchange was written down to be explained.
    pub(super) fn on_paper(&self) -> bool {
        self.exchange.outer().is_some_and(|half| half.response.is_none() && half.ending == Ending::Complete)
    }

    /// What the response's body shows. It is read when it is first asked for, which is seldom.
    pub(super) fn body(&self) -> &'a Content {
        self.content.get_or_init(|| Content::of(self.exchange))
    }

    /// [`Case::body`], if it is a page: one that is none is not read.
    pub(super) fn page(&self) -> Option<&'a Content> {
        (body::kind_of(self.exchange) == Kind::Html).then(|| self.body())
    }

    /// The app's side, where it was seen.
    pub(super) fn app(&self) -> Option<&'a Half> {
        self.exchange.app.as_deref()
    }

    /// What the framework makes of the request.
    pub(super) fn view(&self) -> Option<&'a AppView> {
        self.lanes.scope.view.as_ref()
    }

    /// The app's routes.
    pub(super) fn routes(&self) -> Option<&'a Routes> {
        self.setup.app.routes.as_ref()
    }

    /// True if the server was given a root path and puts it before the path of every request.
    pub(super) fn server_adds_root(&self) -> bool {
        let server = &self.setup.server;
        !server.root_path.is_empty() && server.root_path_use() == RootPathUse::BeforePath
    }

    /// True if a known route or mount of the app takes this path, a slash added or removed if need be.
    pub(super) fn has_route(&self, path: &str) -> bool {
        let path = if path.is_empty() { "/" } else { path };
        self.routes().is_some_and(|routes| !matches!(routes.find(path), RouteMatch::None | RouteMatch::Unknown))
    }

    /// The path that reached the app's server, as on the wire.
    pub(super) fn outgoing(&self) -> Option<&'a [u8]> {
        self.lanes.rewritten.outgoing.as_deref()
    }

    /// The path that the client asked for, as on the wire.
    pub(super) fn incoming(&self) -> &'a [u8] {
        self.lanes.rewritten.incoming.as_deref().unwrap_or(&self.lanes.original.path)
    }

    /// True for a request that passed the observer before the proxy and never came out behind it.
    pub(super) fn never_reached(&self) -> bool {
        self.lanes.rewritten.rewrite == Rewrite::NeverReached
    }

    /// The status that the app gave, or the client got where only that was seen.
    pub(super) fn status(&self) -> Option<u16> {
        self.lanes.answer.app_status.or(self.lanes.answer.status)
    }

    /// True if the client did not get what it asked for. A proxy that answers 200 with nothing (Caddy) counts, or with
    /// a page for a script; one that has another answer of its own, or another app's, does not.
    pub(super) fn failed(&self) -> bool {
        match self.lanes.answer.status {
            Some(status) if status >= 400 => true,
            Some(200) if self.never_reached() && self.lanes.original.method != "HEAD" => {
                self.answered_with_nothing() || self.is_page_for_a_file()
            }
            Some(_) => false,
            None => self.never_reached(),
        }
    }

    /// True for a page where a script, a style or a picture was asked for: somebody's page for every path.
    fn is_page_for_a_file(&self) -> bool {
        const ENDINGS: [&[u8]; 12] = [
            b".js", b".mjs", b".css", b".json", b".map", b".png", b".jpg", b".svg", b".ico", b".woff", b".woff2",
            b".wasm",
        ];
        let html = self.lanes.answer.content_type.as_deref().is_some_and(|kind| kind.starts_with("text/html"));
        html && ENDINGS.iter().any(|ending| self.lanes.original.path.ends_with(ending))
    }

    fn answered_with_nothing(&self) -> bool {
        self.exchange.outer().is_some_and(|half| half.response_body.total == 0)
    }

    /// Whether the app has no route for the request. A 404 that a route's own handler gave is no miss; a refused
    /// websocket handshake is one, because a server answers 403 where no websocket route takes it.
    pub(super) fn miss(&self) -> Option<Miss> {
        let view = self.view()?;
        if matches!(view.route, RouteMatch::Route(_) | RouteMatch::Slash(_)) {
            return None;
        }
        if self.on_paper() {
            return matches!(view.route, RouteMatch::None | RouteMatch::Unknown).then_some(Miss::Predicted);
        }
        let handshake = self.lanes.original.websocket;
        let refused = self.status().is_some_and(|status| status == 404 || handshake && status == 403);
        let by_app = match self.lanes.answer.by {
            Author::App(_) | Author::Server(_) | Author::Unknown => {
                handshake || view.route == RouteMatch::None || self.is_router_page()
            }
            Author::Proxy(_) | Author::Hopscope | Author::Nobody => false,
        };
        (refused && by_app).then_some(Miss::Seen)
    }

    /// True for the page that the router of Starlette, FastAPI, Django or Quart answers with where no route matches. A handler's own 404
    /// (`{"detail":"Item not found"}`) has other words; the answer to HEAD has none. Of a body that was not kept the length
    /// must do.
    pub(super) fn is_router_page(&self) -> bool {
        const PAGES: [&[u8]; 4] = [
            br#"{"detail":"Not Found"}"#,
            b"Not Found",
            b"\n<!doctype html>\n<html lang=\"en\">\n<head>\n  <title>Not Found</title>\n</head>\n<body>\n  <h1>Not Found</h1>\
              <p>The requested resource was not found on this server.</p>\n</body>\n</html>\n",
            b"<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>The requested URL was not \
              found on the server. If you entered the URL manually please check your spelling and try again.</p>\n",
        ];
        let Some(body) = self.exchange.inner().map(|half| &half.response_body) else { return false };
        let not_kept = body.kept.is_empty() && body.cut != Cut::No;
        let is_page = |page: &&[u8]| *page == &*body.kept || not_kept && page.len() as u64 == body.total;
        self.lanes.original.method == "HEAD" || PAGES.iter().any(is_page)
    }

    /// The prefix that the proxy took off, and true if that was seen rather than told by a header.
    pub(super) fn stripped(&self) -> Option<(&'a str, bool)> {
        match &self.lanes.rewritten.rewrite {
            Rewrite::Stripped(part) if part.starts_with('/') => {
                Some((part.trim_end_matches('/'), self.lanes.rewritten.source == Source::Seen))
            }
            _ => None,
        }
    }

    /// The value of a forwarding header as the app's server got it.
    pub(super) fn forwarded(&self, name: &str) -> Option<&'a [u8]> {
        self.field(name)?.value.as_deref()
    }

    /// Lane 2's line for a header; the last one, where it came more than once.
    pub(super) fn field(&self, name: &str) -> Option<&'a ForwardedField> {
        self.lanes.forwarded.fields.iter().rev().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// True if any proxy left its mark on the request that the app's server got.
    pub(super) fn went_through_a_proxy(&self) -> bool {
        let marked = self.lanes.forwarded.fields.iter().any(|field| {
            field.value.is_some() && !field.name.eq_ignore_ascii_case("host") && field.change != Change::Same
        });
        marked || self.exchange.edge.is_some() || self.lanes.original.http_version == "1.0"
    }

    /// True if one of the listeners is of this kind.
    pub(super) fn has_tap(&self, kind: TapKind) -> bool {
        self.setup.taps.iter().any(|tap| tap.kind == kind)
    }

    /// The URL that the client asked for, as the client sees it: behind a TLS end the scheme is https, whatever came in here.
    pub(super) fn asked(&self) -> Url {
        self.lanes.asked(self.setup)
    }

    /// The public prefix of this request: what was taken off, or what is known to be one.
    pub(super) fn prefix(&self) -> &'a str {
        self.lanes.prefix()
    }
}

/// A hash of anything, to compare what is not worth keeping.
pub(super) fn digest(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
