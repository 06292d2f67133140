//! The URLs that a redirect carries in its query: where a login page, or an identity provider, is to send the client back
//! to. They are built from the same parts as a Location and go wrong in the same ways, later and elsewhere.

use percent_encoding::percent_decode;

use super::judge::{Asked, HostVerdict, Judged, judge};
use super::url::Url;

/// Names of parameters that hold such a URL, lower case, `-` and `_` left out: OAuth 2 and `OpenID` Connect, Django and
/// Flask (`next`), oauth2-proxy and Authelia (`rd`), Rails, Spring, ASP.NET, CAS (`service`), Keycloak.
const NAMES: [&str; 17] = [
    "redirecturi",
    "redirecturl",
    "redirectto",
    "redirect",
    "next",
    "rd",
    "returnto",
    "returnurl",
    "returnuri",
    "return",
    "continue",
    "callback",
    "callbackurl",
    "postlogoutredirecturi",
    "goto",
    "service",
    "targeturl",
];

/// How deep URLs within URLs are looked into.
const DEEPEST: usize = 16;

/// A URL to come back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// The parameter's name as written, decoded.
    pub name: Vec<u8>,
    /// Its value, decoded once.
    pub value: Vec<u8>,
    /// Its parts against what the client asked for.
    pub judged: Judged,
}

/// What grows from hop to hop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grown {
    /// The path: this piece, which it starts with already, was put before it once more.
    Path(Vec<u8>),
    /// A parameter of this name holds the URL that was asked for, which has such a parameter itself; or the same page is asked
    /// for again with one URL more in it.
    Parameter(Vec<u8>),
}

/// The URLs to come back to that a redirect's target carries, each judged against what the client asked for. A path alone
/// is judged only where the target is on the client's own host: elsewhere it may mean another host's path.
pub fn callbacks(asked: &Asked<'_>, target: &Judged) -> Vec<Callback> {
    let elsewhere = target.host == HostVerdict::Other;
    let carried = parameters(&target.target).filter(|(_, value)| {
        Url::absolute(value).is_some() || (!elsewhere && value.starts_with(b"/") && !value.starts_with(b"//"))
    });
    carried
        .filter_map(|(name, value)| {
            let judged = judge(asked, &value)?;
            let web = matches!(judged.target.scheme.as_str(), "http" | "https");
            web.then_some(Callback { name, value, judged })
        })
        .collect()
}

/// How many URLs stand in each other: 0 for one that carries none, 2 for `/login?next=/login?next=/`. At most 16 are
/// counted.
pub fn nesting(url: &Url) -> usize {
    let mut depth = 0;
    let mut at = url.clone();
    while depth < DEEPEST {
        let Some(inner) = parameters(&at).find_map(|(_, value)| carried(&at, &value)) else { break };
        at = inner;
        depth += 1;
    }
    depth
}

/// What grew between a URL that was asked for and the one it is redirected to. Once is a hint: a path may hold the same
/// word twice. Twice in a row, with the same piece, is a fault.
pub fn grown(asked: &Url, target: &Url) -> Option<Grown> {
    let piece = target.path.strip_suffix(asked.path.as_slice()).filter(|piece| piece.len() > 1);
    if let Some(piece) = piece.filter(|piece| begins_with(&asked.path, piece)) {
        return Some(Grown::Path(piece.to_vec()));
    }
    let depth = nesting(asked);
    if depth == 0 {
        return None;
    }
    // The app may see other paths than the client: then the URL that it puts in is not the one that was asked for.
    let deeper = target.path == asked.path && (nesting(target) > depth || depth == DEEPEST);
    let embeds = |value: &[u8]| {
        carried(asked, value).is_some_and(|inner| deeper || inner.path == asked.path && inner.query == asked.query)
    };
    parameters(target).find(|(_, value)| embeds(value)).map(|(name, _)| Grown::Parameter(name))
}

/// True if `path` starts with these segments.
fn begins_with(path: &[u8], piece: &[u8]) -> bool {
    path.strip_prefix(piece).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

/// The URL that a value holds, seen from `base`: only what is written as a whole URL or as a path from the root.
fn carried(base: &Url, value: &[u8]) -> Option<Url> {
    (value.starts_with(b"/") || Url::absolute(value).is_some()).then(|| base.resolve(value))?
}

/// Name and value, decoded, of each parameter that holds a URL to come back to.
fn parameters(url: &Url) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    let query = url.query.as_deref().unwrap_or_default();
    query.split(|&b| matches!(b, b'&' | b';')).filter_map(|pair| {
        let (name, value) = pair.split_at(memchr::memchr(b'=', pair)?);
        let name: Vec<u8> = percent_decode(name).collect();
        let plain: Vec<u8> = name.iter().filter(|b| !matches!(b, b'-' | b'_')).map(u8::to_ascii_lowercase).collect();
        let known = NAMES.iter().any(|known| known.as_bytes() == plain);
        known.then(|| (name, percent_decode(value.get(1..).unwrap_or_default()).collect()))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::redirect::{PrefixVerdict, SchemeVerdict};

    fn url(text: &str) -> Url {
        Url::absolute(text.as_bytes()).unwrap()
    }

    #[test]
    fn urls_to_come_back_to() {
        use HostVerdict::{Internal, Same as SameHost};
        use PrefixVerdict::{Kept, Lost};
        use SchemeVerdict::{Downgraded, Same};
        let asked = Asked { url: url("https://x.com/api/v1/login"), prefix: "/api/v1", internal: &[] };
        let carried = |location: &str| {
            let target = judge(&asked, location.as_bytes()).unwrap();
            let mut found = callbacks(&asked, &target);
            assert!(found.len() < 2);
            let judged = found.pop()?.judged;
            Some((judged.scheme, judged.host, judged.prefix))
        };
        for (location, verdict) in [
            ("https://idp.com/auth?redirect_uri=https%3A%2F%2Fx.com%2Fapi%2Fv1%2Fcb", Some((Same, SameHost, Kept))),
            (
                "https://idp.com/auth?redirect_uri=http%3A%2F%2Fx.com%2Fapi%2Fv1%2Fcb",
                Some((Downgraded, SameHost, Kept)),
            ),
            ("https://idp.com/auth?a=1&Redirect-Uri=https://x.com/cb", Some((Same, SameHost, Lost))),
            (
                "https://idp.com/auth?redirect_uri=http://app:8000/cb",
                Some((Downgraded, Internal(crate::redirect::Internal::SingleLabel), Lost)),
            ),
            ("/api/v1/login?next=/api/v1/items", Some((Same, SameHost, Kept))),
            ("/api/v1/login?next=%2Fitems", Some((Same, SameHost, Lost))),
            ("https://idp.com/auth?rd=/items", None),
            ("/api/v1/login?next=items", None),
            ("/api/v1/login?nextpage=/items", None),
            ("/api/v1/login?next=mailto:x", None),
            ("/api/v1/login?redirect_uri=myapp://cb/", None),
        ] {
            assert_eq!(carried(location), verdict, "{location}");
        }
    }

    #[test]
    fn urls_within_urls() {
        for (text, depth) in [
            ("https://h/login", 0),
            ("https://h/login?next=/", 1),
            ("https://h/login?next=/login%3Fnext%3D/", 2),
            ("https://h/login?next=https%3A%2F%2Fh%2Flogin%3Fnext%3D%252Flogin%253Fnext%253D%25252F", 3),
        ] {
            assert_eq!(nesting(&url(text)), depth, "{text}");
        }
    }

    #[test]
    fn what_grows() {
        let grown = |asked, target| grown(&url(asked), &url(target));
        let path = |piece: &str| Some(Grown::Path(piece.into()));
        assert_eq!(grown("https://h/p/x", "https://h/p/p/x"), path("/p"));
        assert_eq!(grown("https://h/x", "https://h/p/x"), None, "once is no growth");
        assert_eq!(grown("https://h/px", "https://h/p/px"), None);
        assert_eq!(grown("https://h/", "https://h/p/"), None);
        let nested = "https://h/login?next=/login%3Fnext%3D%2F";
        assert_eq!(grown("https://h/login?next=/", nested), Some(Grown::Parameter(b"next".to_vec())));
        assert_eq!(
            grown("https://h/p/login?next=/login", "https://h/p/login?next=/login%3Fnext%3D%2Flogin"),
            Some(Grown::Parameter(b"next".to_vec())),
            "the app sees paths without the prefix"
        );
        assert_eq!(grown("https://h/login", "https://h/login?next=/login"), None);
        assert_eq!(grown("https://h/login?next=/a", "https://h/login?next=/a&err=1"), None);
        assert_eq!(grown("https://h/items?next=/", "https://h/login?next=/items"), None, "its query is not in it");
    }

    proptest! {
        #[test]
        fn any_query_has_an_end(query: Vec<u8>) {
            let url = Url { query: Some(query), ..url("https://h/") };
            prop_assert!(nesting(&url) <= DEEPEST);
            let _ = grown(&url, &url);
        }
    }
}
