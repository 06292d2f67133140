//! Which framework an app stands on, and the releases that changed what is modelled here.
//!
//! This file exists so that every version-dependent rule names a release from one list. Read in the sources of Starlette
//! 0.21 to 1.10 and FastAPI 0.95 to 0.165, release by release.

use super::others::Other;
use crate::asgi::Release;

/// The newest Starlette that is modelled; a newer one is taken to be like it.
pub(super) const NEWEST_STARLETTE: Release = Release::new(1, 10, 0);
/// The oldest Starlette that was read; an older one is taken to be like it.
const OLDEST_STARLETTE: Release = Release::new(0, 21, 0);
/// The newest FastAPI that is modelled.
const NEWEST_FASTAPI: Release = Release::new(0, 165, 0);
/// The oldest FastAPI that was read.
const OLDEST_FASTAPI: Release = Release::new(0, 95, 0);

/// What a release of Starlette or FastAPI was the first to do.
pub(super) mod since {
    use crate::asgi::Release;

    /// A mount leaves `path` alone and hands down a `route_path`; `root_path` comes off `path` by `re.sub` (starlette#2352).
    pub(in super::super) const PATH_IS_KEPT: Release = Release::new(0, 33, 0);
    /// `get_route_path`; a mount grows `root_path` and notes `app_root_path`; URLs are `path` alone (starlette#2400).
    pub(in super::super) const PATH_HAS_ROOT: Release = Release::new(0, 35, 0);
    /// A response to a websocket goes out by the `websocket.http.response` extension.
    pub(in super::super) const SOCKET_DENIAL: Release = Release::new(0, 37, 0);
    /// `StaticFiles`: a name that is too long is a 404, no longer an error.
    pub(in super::super) const LONG_NAME_IS_404: Release = Release::new(0, 38, 0);
    /// `root_path` comes off only at a segment's border (starlette#2600).
    pub(in super::super) const ROOT_HAS_BORDER: Release = Release::new(0, 38, 4);
    /// `FileResponse` answers `Range`.
    pub(in super::super) const RANGES: Release = Release::new(0, 39, 0);
    /// `root_path` is compared as text, no longer as a regular expression.
    pub(in super::super) const ROOT_IS_TEXT: Release = Release::new(0, 39, 1);
    /// The `uuid` convertor takes capitals, and no dashes.
    pub(in super::super) const LOOSE_UUID: Release = Release::new(0, 43, 0);
    /// `StaticFiles`: a NUL in the path is a 404, no longer an error.
    pub(in super::super) const NUL_IS_404: Release = Release::new(1, 0, 0);
    /// A malformed `Host` is not used for URLs (starlette#3279).
    pub(in super::super) const HOST_IS_CHECKED: Release = Release::new(1, 0, 1);
    /// URLs are put together by `urlunsplit` (starlette#3326).
    pub(in super::super) const URL_OF_PARTS: Release = Release::new(1, 3, 0);
    /// `parse_host_header`, for URLs and `TrustedHostMiddleware`; websockets to `StaticFiles` are closed.
    pub(in super::super) const HOST_IS_PARSED: Release = Release::new(1, 7, 0);
    /// `?`, `#` and `\` of a path are escaped in URLs; `TrustedHostMiddleware` compares without case.
    pub(in super::super) const PATH_IS_ESCAPED: Release = Release::new(1, 9, 0);
    /// FastAPI: `servers` of the OpenAPI document is made for every request (fastapi#14986).
    pub(in super::super) const SERVERS_PER_REQUEST: Release = Release::new(0, 132, 1);
}

/// From which FastAPI on which Starlette is the newest that it allows (`pyproject.toml` of each release). Since 0.133.0
/// there is no upper bound.
const ALLOWED: [(Release, Release); 18] = [
    (Release::new(0, 95, 0), Release::new(0, 26, 1)),
    (Release::new(0, 95, 2), Release::new(0, 27, 0)),
    (Release::new(0, 107, 0), Release::new(0, 28, 0)),
    (Release::new(0, 108, 0), Release::new(0, 32, 0)),
    (Release::new(0, 109, 0), Release::new(0, 35, 1)),
    (Release::new(0, 109, 2), Release::new(0, 36, 3)),
    (Release::new(0, 110, 1), Release::new(0, 37, 2)),
    (Release::new(0, 112, 1), Release::new(0, 38, 6)),
    (Release::new(0, 115, 2), Release::new(0, 40, 0)),
    (Release::new(0, 115, 3), Release::new(0, 41, 3)),
    (Release::new(0, 115, 7), Release::new(0, 45, 3)),
    (Release::new(0, 115, 10), Release::new(0, 46, 2)),
    (Release::new(0, 116, 1), Release::new(0, 47, 3)),
    (Release::new(0, 116, 2), Release::new(0, 48, 0)),
    (Release::new(0, 120, 1), Release::new(0, 49, 3)),
    (Release::new(0, 121, 3), Release::new(0, 50, 0)),
    (Release::new(0, 128, 3), Release::new(0, 52, 1)),
    (Release::new(0, 133, 0), NEWEST_STARLETTE),
];

/// Which one an app is written with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// FastAPI, on Starlette: it has documentation pages, and takes a `root_path`.
    #[default]
    FastApi,
    /// Starlette alone.
    Starlette,
    /// One that does not stand on Starlette.
    Other(Other),
}

/// The framework below an app, and its releases where they are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Framework {
    /// Which one.
    pub kind: Kind,
    /// Starlette's release.
    pub starlette: Option<Release>,
    /// FastAPI's release.
    pub fastapi: Option<Release>,
    /// The release of another framework.
    pub other: Option<Release>,
}

impl Framework {
    /// FastAPI of these releases.
    pub const fn fastapi(fastapi: Option<Release>, starlette: Option<Release>) -> Self {
        Self { kind: Kind::FastApi, starlette, fastapi, other: None }
    }

    /// Starlette of this release.
    pub const fn starlette(starlette: Option<Release>) -> Self {
        Self { kind: Kind::Starlette, starlette, fastapi: None, other: None }
    }

    /// Another framework, of this release.
    pub const fn other(framework: Other, release: Option<Release>) -> Self {
        Self { kind: Kind::Other(framework), starlette: None, fastapi: None, other: release }
    }

    /// The framework among packages of which `release` gives the release, `None` for one that is not there: FastAPI, else
    /// the only one there is. `None` if there is none of them, or more than one.
    pub fn among(release: impl Fn(&str) -> Option<Release>) -> Option<Self> {
        let (fastapi, starlette) = (release("fastapi"), release("starlette"));
        if fastapi.is_some() {
            return Some(Self::fastapi(fastapi, starlette));
        }
        let others =
            Other::ALL.into_iter().filter_map(|other| Some(Self::other(other, Some(release(other.package())?))));
        let mut known = starlette.map(|release| Self::starlette(Some(release))).into_iter().chain(others);
        known.next().filter(|_| known.next().is_none())
    }

    /// Names and releases as a package index has them, e.g. `fastapi 0.163.2`; those that are known.
    pub fn packages(&self) -> impl Iterator<Item = (&'static str, Release)> {
        let other = if let Kind::Other(other) = self.kind { Some(other.package()) } else { None };
        let named = [(Some("fastapi"), self.fastapi), (Some("starlette"), self.starlette), (other, self.other)];
        named.into_iter().filter_map(|(name, release)| Some((name?, release?)))
    }

    /// The Starlette that is modelled: the one named, else the newest that the FastAPI named allows, else the newest
    /// known.
    pub fn modelled_starlette(&self) -> Release {
        let allowed = |fastapi| ALLOWED.iter().rev().find(|(from, _)| *from <= fastapi).map(|(_, newest)| *newest);
        let oldest = ALLOWED.first().map(|(_, newest)| *newest);
        let release = self.starlette.or_else(|| self.fastapi.and_then(|fastapi| allowed(fastapi).or(oldest)));
        release.unwrap_or(NEWEST_STARLETTE).clamp(OLDEST_STARLETTE, NEWEST_STARLETTE)
    }

    /// True if FastAPI keeps the OpenAPI document of the first request for it, with the `servers` of that request
    /// (until 0.132.0, `applications.py`).
    pub fn keeps_first_openapi(&self) -> bool {
        self.kind == Kind::FastApi && self.fastapi.is_some_and(|fastapi| fastapi < since::SERVERS_PER_REQUEST)
    }

    /// What the user should know about how well these releases are modelled; `None` if they are modelled exactly.
    pub fn note(&self) -> Option<String> {
        let starlette = outside("Starlette", self.starlette, OLDEST_STARLETTE, NEWEST_STARLETTE);
        let fastapi = self.fastapi.filter(|_| self.kind == Kind::FastApi);
        let fastapi = outside("FastAPI", fastapi, OLDEST_FASTAPI, NEWEST_FASTAPI);
        match (starlette, fastapi) {
            (Some(one), Some(other)) => Some(format!("{one}; {other}")),
            (one, other) => one.or(other),
        }
    }
}

fn outside(name: &str, release: Option<Release>, oldest: Release, newest: Release) -> Option<String> {
    let release = release?;
    if release < oldest {
        Some(format!("{name} {release} is older than what is known; taken to be like {oldest}"))
    } else if release > newest {
        Some(format!("{name} {release} is newer than what is known; taken to be like {newest}"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starlette_of(fastapi: &str) -> String {
        Framework::fastapi(fastapi.parse().ok(), None).modelled_starlette().to_string()
    }

    #[test]
    fn a_fastapi_stands_on_the_newest_starlette_it_allows() {
        for (fastapi, starlette) in [
            ("0.90.0", "0.26.1"),
            ("0.104.1", "0.27.0"),
            ("0.109.0", "0.35.1"),
            ("0.115.12", "0.46.2"),
            ("0.132.0", "0.52.1"),
            ("0.163.2", "1.10.0"),
            ("9.0", "1.10.0"),
        ] {
            assert_eq!(starlette_of(fastapi), starlette, "{fastapi}");
        }
        let both = Framework::fastapi("0.104.1".parse().ok(), "0.35.1".parse().ok());
        assert_eq!(both.modelled_starlette(), Release::new(0, 35, 1));
        assert_eq!(Framework::default().modelled_starlette(), NEWEST_STARLETTE);
        assert!(ALLOWED.is_sorted());
    }

    #[test]
    fn the_framework_among_packages_is_fastapi_or_the_only_one() {
        let among = |names: &[&str]| {
            let found = Framework::among(|name| names.contains(&name).then_some(Release::new(1, 0, 0)));
            found.map(|framework| (framework.kind, framework.packages().map(|(name, _)| name).collect::<Vec<_>>()))
        };
        assert_eq!(among(&["starlette", "fastapi", "django"]), Some((Kind::FastApi, vec!["fastapi", "starlette"])));
        assert_eq!(among(&["starlette"]), Some((Kind::Starlette, vec!["starlette"])));
        assert_eq!(among(&["django"]), Some((Kind::Other(Other::Django), vec!["django"])));
        assert_eq!((among(&["django", "starlette"]), among(&["flask"])), (None, None));
    }

    #[test]
    fn releases_outside_what_was_read_are_said() {
        let note =
            |fastapi: &str, starlette: &str| Framework::fastapi(fastapi.parse().ok(), starlette.parse().ok()).note();
        assert_eq!(note("0.163.2", "1.10"), None);
        assert_eq!(
            note("0.163.2", "1.11").as_deref(),
            Some("Starlette 1.11.0 is newer than what is known; taken to be like 1.10.0")
        );
        assert_eq!(
            note("0.50", "0.13.2").as_deref(),
            Some(
                "Starlette 0.13.2 is older than what is known; taken to be like 0.21.0; \
                 FastAPI 0.50.0 is older than what is known; taken to be like 0.95.0"
            )
        );
    }

    #[test]
    fn the_document_is_kept_until_0_132() {
        let keeps = |text: &str| Framework::fastapi(text.parse().ok(), None).keeps_first_openapi();
        assert_eq!(["0.104.1", "0.132.0", "0.132.1", "0.163.2"].map(keeps), [true, true, false, false]);
        assert!(!Framework::default().keeps_first_openapi());
    }
}
