//! What changed from one release of Traefik to another.
//!
//! This module exists so that the rest of the model reads as one program: it asks for what is done, not for numbers. The
//! releases are those of Traefik's own history, the first of each minor line that has the change.

use super::fields::is_since;
use super::rule::Syntax;
use crate::asgi::Release;
use crate::gateway::go::Colons;

/// What a release does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Behaviour {
    /// Refuses a `#` in the path (`denyFragment`).
    pub(super) denies_fragments: bool,
    /// Decodes unreserved escapes and writes the others in upper case (`normalizePath`), and compares reserved ones as they
    /// are written (`withRoutingPath`).
    pub(super) normalizes: bool,
    /// Resolves dots and slashes unless told not to (`sanitizePath`).
    pub(super) sanitizes: bool,
    /// Refuses escapes such as `%2F` unless they are allowed.
    pub(super) denies_escapes: bool,
    /// Counts `X-Forwarded-Prefix` among the fields that a stranger may not send.
    pub(super) guards_prefix: bool,
    /// Takes `X_Forwarded_For` for `X-Forwarded-For` when it takes fields off.
    pub(super) guards_underscores: bool,
    /// Takes off what `Connection` names before any middleware.
    pub(super) cleans_connection: bool,
    /// Cuts a prefix off the encoded path by characters, not by bytes (`encodedPrefixLen`).
    pub(super) strips_by_character: bool,
    /// Cleans the path after `stripPrefix` and `stripPrefixRegex`.
    pub(super) cleans_stripped: bool,
    /// Refuses a path that is not clean after `stripPrefix` and `stripPrefixRegex`.
    pub(super) checks_stripped: bool,
    /// The same after `replacePathRegex`.
    pub(super) checks_replaced: bool,
    /// `stripPrefix.forceSlash` where it is not given.
    pub(super) forces_slash: bool,
    /// `Host` knows `*`.
    pub(super) wildcards: bool,
    /// Knows a `forwardAuth.trustForwardHeader` that is not given from one that is false.
    pub(super) tells_trust_apart: bool,
    /// Answers `CONNECT` with 501; older releases open a tunnel.
    pub(super) refuses_connect: bool,
    /// Refuses a target that is a URL without a path (`mailto:x`).
    pub(super) refuses_opaque: bool,
    /// Asks no server for an upgrade to `h2c`, and sends no `HTTP2-Settings` (`h2cUpgradeHandler`).
    pub(super) drops_h2c: bool,
    /// Knows `{originalStatus}` in the query of `errors`.
    pub(super) tells_original_status: bool,
    /// Puts the whole URL for `{url}` in the query of `errors`, not only its path.
    pub(super) tells_whole_url: bool,
    /// Refuses a `basicAuth` without users.
    pub(super) wants_users: bool,
    /// What Go of its time takes for a host.
    pub(super) colons: Colons,
    /// `ruleSyntax` where it is not given.
    pub(super) syntax: Syntax,
}

impl Behaviour {
    /// Of a release.
    pub(super) fn of(release: Release) -> Self {
        let since = |releases: &[(u16, u16, u16)]| is_since(release, releases);
        Self {
            denies_fragments: since(&[(2, 10, 6), (3, 0, 0)]),
            normalizes: since(&[(2, 11, 25), (3, 4, 1)]),
            sanitizes: since(&[(2, 11, 23), (3, 3, 6)]),
            denies_escapes: since(&[(2, 11, 32), (3, 6, 3)]) && !since(&[(2, 11, 35), (3, 6, 7)]),
            guards_prefix: since(&[(2, 11, 14), (3, 2, 1)]),
            guards_underscores: since(&[(2, 11, 43), (3, 6, 14)]),
            cleans_connection: since(&[(2, 11, 9), (3, 1, 3)]),
            strips_by_character: since(&[(2, 11, 42), (3, 6, 12)]),
            cleans_stripped: since(&[(2, 11, 43), (3, 6, 14)]),
            checks_stripped: since(&[(2, 11, 47), (3, 6, 18), (3, 7, 2)]),
            checks_replaced: since(&[(2, 11, 52), (3, 6, 23), (3, 7, 7)]),
            forces_slash: release.major < 3,
            wildcards: since(&[(3, 7, 0)]),
            tells_trust_apart: since(&[(2, 11, 43), (3, 6, 14)]),
            refuses_connect: since(&[(3, 7, 9)]),
            refuses_opaque: since(&[(3, 7, 13)]),
            drops_h2c: since(&[(3, 7, 13)]),
            tells_original_status: since(&[(3, 4, 0)]),
            tells_whole_url: since(&[(3, 5, 2)]),
            wants_users: since(&[(2, 11, 47), (3, 6, 18), (3, 7, 2)]),
            colons: if since(&[(2, 11, 52), (3, 6, 23), (3, 7, 7)]) { Colons::One } else { Colons::Any },
            syntax: if release.major < 3 { Syntax::V2 } else { Syntax::V3 },
        }
    }
}
