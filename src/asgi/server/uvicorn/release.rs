//! What uvicorn's releases changed, and which libraries they stood on.
//!
//! Read in the sources of every minor release from 0.13.0 to 0.54.0, and of the patch releases where two minor ones
//! differ.

use super::llhttp;
use crate::asgi::server::{Libraries, Modelled, h11};
use crate::asgi::{Outcome, Release};
use crate::forwarded::{ClientRule, SchemeRule};

/// The newest release that is modelled; a newer one is taken to be like it.
pub(super) const NEWEST: Release = Release::new(0, 54, 0);

/// The oldest release that is modelled.
pub(in crate::asgi::server) const OLDEST: Release = Release::new(0, 13, 0);

/// What is modelled.
pub(super) const MODELLED: Modelled = Modelled { name: "uvicorn", oldest: OLDEST, newest: NEWEST };

/// Which lines of a forwarding header count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lines {
    /// The last one.
    Last,
    /// One, if there is no other.
    Single,
    /// All, joined with commas.
    Joined,
}

/// A release and the libraries below it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) uvicorn: Release,
    pub(super) h11: Release,
    pub(super) httptools: Release,
    pub(super) websockets: Release,
    pub(super) wsproto: Release,
}

/// The first release that came with an httptools that is modelled; for older ones the oldest modelled is taken.
pub(super) const OLDEST_WITH_ITS_HTTPTOOLS: Release = Release::new(0, 19, 0);

/// The newest libraries there were from a release of uvicorn on, its own requirements (`uvicorn[standard]`) granted: h11,
/// httptools, websockets, wsproto.
const OF_ITS_DAY: &[(Release, [Release; 4])] = {
    const fn row(uvicorn: (u16, u16), libraries: [(u16, u16, u16); 4]) -> (Release, [Release; 4]) {
        const fn release((major, minor, patch): (u16, u16, u16)) -> Release {
            Release::new(major, minor, patch)
        }
        let [h11, httptools, websockets, wsproto] = libraries;
        let libraries = [release(h11), release(httptools), release(websockets), release(wsproto)];
        (Release::new(0, uvicorn.0, uvicorn.1), libraries)
    }
    &[
        row((13, 0), [(0, 12, 0), (0, 5, 0), (8, 1, 0), (1, 0, 0)]),
        row((14, 0), [(0, 12, 0), (0, 5, 0), (9, 1, 0), (1, 0, 0)]),
        row((16, 0), [(0, 12, 0), (0, 5, 0), (10, 1, 0), (1, 0, 0)]),
        row((17, 5), [(0, 13, 0), (0, 5, 0), (10, 2, 0), (1, 1, 0)]),
        row((19, 0), [(0, 14, 0), (0, 5, 0), (10, 3, 0), (1, 2, 0)]),
        row((20, 0), [(0, 14, 0), (0, 5, 0), (10, 4, 0), (1, 2, 0)]),
        row((22, 0), [(0, 14, 0), (0, 5, 0), (11, 0, 3), (1, 2, 0)]),
        row((23, 0), [(0, 14, 0), (0, 6, 0), (11, 0, 3), (1, 2, 0)]),
        row((24, 0), [(0, 14, 0), (0, 6, 1), (12, 0, 0), (1, 2, 0)]),
        row((31, 0), [(0, 14, 0), (0, 6, 1), (13, 1, 0), (1, 2, 0)]),
        row((32, 1), [(0, 14, 0), (0, 6, 4), (14, 1, 0), (1, 2, 0)]),
        row((34, 1), [(0, 14, 0), (0, 6, 4), (15, 0, 1), (1, 2, 0)]),
        row((34, 3), [(0, 16, 0), (0, 6, 4), (15, 0, 1), (1, 2, 0)]),
        row((38, 0), [(0, 16, 0), (0, 7, 1), (15, 0, 1), (1, 2, 0)]),
        row((40, 0), [(0, 16, 0), (0, 7, 1), (15, 0, 1), (1, 3, 2)]),
        row((50, 0), [(0, 16, 0), (0, 8, 0), (16, 0, 0), (1, 3, 2)]),
        row((54, 0), [(0, 16, 0), (0, 9, 0), (17, 4, 0), (1, 3, 2)]),
    ]
};

impl Rules {
    /// The rules of a release, on the libraries that are known, or else on those of its day.
    pub(super) fn of(uvicorn: Release, known: &Libraries) -> Self {
        let newest = [h11::NEWEST, llhttp::NEWEST, Release::new(17, 4, 0), Release::new(1, 3, 2)];
        let day =
            OF_ITS_DAY.iter().rev().find(|(since, _)| *since <= uvicorn).map_or(newest, |(_, libraries)| *libraries);
        let [h11, httptools, websockets, wsproto] = day;
        Self {
            uvicorn,
            h11: known.get("h11").unwrap_or(h11),
            httptools: known.get("httptools").unwrap_or(httptools),
            websockets: known.get("websockets").unwrap_or(websockets),
            wsproto: known.get("wsproto").unwrap_or(wsproto),
        }
    }

    fn since(&self, minor: u16, patch: u16) -> bool {
        self.uvicorn >= Release::new(0, minor, patch)
    }

    /// What uvicorn answers to what is no HTTP: 400, and before 0.17.5 nothing.
    pub(super) fn refused(&self, why: &str) -> Outcome {
        if self.since(17, 5) {
            Outcome::Refused { status: 400, why: why.to_owned() }
        } else {
            Outcome::Closed { why: why.to_owned() }
        }
    }

    /// The target is taken apart when the head is complete, and not at all for websockets; before, as soon as it is there.
    pub(super) fn parses_target_late(&self) -> bool {
        self.since(17, 5)
    }

    /// A request to change to a protocol that is not spoken is served as if it had not asked.
    pub(super) fn serves_other_upgrades(&self) -> bool {
        self.since(19, 0)
    }

    /// `--root-path` stands before `path` and `raw_path`; before, it only is `root_path`.
    pub(super) fn root_path_in_path(&self) -> bool {
        self.since(26, 0)
    }

    /// With h11, nothing is read behind a message that closes the connection; before, it is a fault.
    pub(super) fn stops_at_last_message(&self) -> bool {
        self.since(30, 4)
    }

    /// With httptools 0.6.3, data behind a message that closes the connection is dropped; before, it is a fault.
    pub(super) fn drops_data_after_close(&self) -> bool {
        self.since(32, 1) && self.httptools >= Release::new(0, 6, 3)
    }

    /// A unix socket's path is `server`; before, there is no `server` on a unix socket.
    pub(super) fn names_unix_socket(&self) -> bool {
        self.since(41, 0)
    }

    /// `asgi.spec_version` of plain requests.
    pub(super) fn spec_of_requests(&self) -> &'static str {
        if !self.since(17, 1) {
            "2.1"
        } else if self.since(28, 0) && !self.since(32, 1) {
            "2.4"
        } else {
            "2.3"
        }
    }

    /// `asgi.spec_version` of websockets; the sans-I/O protocol caught up with 0.42.
    pub(super) fn spec_of_websockets(&self, sansio: bool) -> &'static str {
        if !self.since(17, 1) {
            "2.1"
        } else if !self.since(if sansio { 42 } else { 27 }, 0) {
            "2.3"
        } else {
            "2.4"
        }
    }

    /// `--ws auto` is the newer interface of websockets; before, the older one.
    pub(super) fn prefers_sansio(&self) -> bool {
        self.since(50, 0)
    }

    /// The older interface of websockets offers compression, and so reads what the client proposes.
    pub(super) fn offers_compression(&self) -> bool {
        self.since(13, 4)
    }

    /// On the older interface of websockets, a header value beyond ASCII makes uvicorn fail: it encodes what was decoded
    /// in another way, before 0.21 always, since 0.52 with websockets 17.
    pub(super) fn websockets_want_ascii(&self) -> bool {
        !self.since(21, 0) || self.since(52, 0) && self.websockets >= Release::new(17, 0, 0)
    }

    /// `raw_path` of a websocket is bytes; before, it is text.
    pub(super) fn encodes_websocket_path(&self) -> bool {
        self.since(18, 0)
    }

    /// `--root-path` stands before the path on the newer interface of websockets too.
    pub(super) fn sansio_has_root_path(&self) -> bool {
        self.since(42, 0)
    }

    /// The newer interface splits `Sec-WebSocket-Protocol` at commas; before, each line is one subprotocol.
    pub(super) fn sansio_splits_subprotocols(&self) -> bool {
        self.since(50, 1)
    }

    /// The scope of a websocket has `http_version` on the older interface of websockets.
    pub(super) fn websockets_have_http_version(&self) -> bool {
        self.since(17, 0)
    }

    /// A websocket may be answered with a plain response (`websocket.http.response`).
    pub(super) fn answers_websockets_plainly(&self) -> bool {
        self.since(25, 0)
    }

    /// The trust list is compared as text; since, by value, and it may name networks.
    pub(super) fn compares_trust_as_text(&self) -> bool {
        !self.since(31, 0)
    }

    /// How `X-Forwarded-For` is read.
    pub(super) fn client_rule(&self) -> ClientRule {
        if !self.since(14, 0) {
            ClientRule::Last
        } else if !self.since(31, 0) {
            ClientRule::UntrustedOrNobody
        } else if !self.since(45, 0) {
            ClientRule::UntrustedOrFirst
        } else {
            ClientRule::WithPort
        }
    }

    /// How `X-Forwarded-Proto` is read.
    pub(super) fn scheme_rule(&self) -> SchemeRule {
        if !self.since(23, 0) {
            SchemeRule::Verbatim
        } else if !self.since(28, 0) {
            SchemeRule::OnlyHttpsIsWss
        } else if !self.since(31, 0) {
            SchemeRule::WsForHttp
        } else {
            SchemeRule::Known
        }
    }

    /// Which lines of `X-Forwarded-Proto` count.
    pub(super) fn lines_of_proto(&self) -> Lines {
        if self.since(48, 0) && !self.since(49, 0) { Lines::Single } else { Lines::Last }
    }

    /// Which lines of `X-Forwarded-For` count.
    pub(super) fn lines_of_for(&self) -> Lines {
        if self.since(49, 0) { Lines::Joined } else { self.lines_of_proto() }
    }

    /// Why nothing is known of this release; `None` if it is modelled.
    pub(super) fn unknown(&self) -> Option<String> {
        MODELLED.too_old(self.uvicorn)
    }

    /// Why the outcome is not known, for the parser's sake; `None` if its release is modelled.
    pub(super) fn unknown_parser(&self, h11: bool) -> Option<String> {
        if h11 { h11::MODELLED.too_old(self.h11) } else { llhttp::MODELLED.too_old(self.httptools) }
    }
}
