//! Which URLs a cookie is sent back to (RFC 6265 sections 5.1 to 5.4, and what browsers added since: `SameSite`, the name
//! prefixes, `Secure` only over https).

use super::host::{Internal, internal};
use super::url::Url;

/// A `Set-Cookie` line as a browser reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetCookie<'a> {
    /// Its name; may be empty.
    pub name: &'a [u8],
    /// `Path`; `None` if there is none, or none that counts, and the default path holds.
    pub path: Option<&'a [u8]>,
    /// `Domain`, lower case, without a leading dot; `None` for a cookie of the one host that set it.
    pub domain: Option<String>,
    /// `Secure`.
    pub secure: bool,
    /// `SameSite`, if it has a known value.
    pub same_site: Option<SameSite>,
    /// True if it takes a cookie away: `Max-Age` of zero or less, or an `Expires` in 1970.
    pub removes: bool,
}

/// The value of `SameSite`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// Sent only with requests that the site itself caused.
    Strict,
    /// Sent also when somebody follows a link to the site.
    Lax,
    /// Always sent.
    None,
}

/// Why a cookie is not sent, the first reason that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSent {
    /// Not stored: its `Domain` does not cover the host that set it.
    ForeignDomain,
    /// Not stored: `Secure`, set over plain http. (On loopback hosts browsers let it pass, and so does this.)
    SecureOverHttp,
    /// Not stored by Chrome: `SameSite=None` without `Secure`.
    NoneWithoutSecure,
    /// Not stored: its name starts with `__Host-` or `__Secure-` and the attributes that this asks for are missing.
    NamePrefix,
    /// The request goes to a host that it does not cover.
    Host,
    /// The request's path is not at or below its `Path`.
    Path,
    /// `Secure`, and the request goes over plain http.
    Scheme,
}

impl<'a> SetCookie<'a> {
    /// Reads the value of a `Set-Cookie` header (RFC 6265 section 5.2). `None` if nothing is named or set.
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let mut parts = value.split(|&b| b == b';');
        let pair = parts.next()?.trim_ascii();
        let (name, _) = split_pair(pair);
        if pair.is_empty() || pair == b"=" {
            return None;
        }
        let name = if pair.contains(&b'=') { name } else { b"" };
        let mut cookie = Self { name, path: None, domain: None, secure: false, same_site: None, removes: false };
        let (mut max_age, mut expired) = (None, false);
        for part in parts {
            let (attribute, value) = split_pair(part);
            match attribute.to_ascii_lowercase().as_slice() {
                b"path" => cookie.path = value.starts_with(b"/").then_some(value),
                b"domain" => cookie.domain = domain(value),
                b"secure" => cookie.secure = true,
                b"samesite" => cookie.same_site = same_site(value),
                b"max-age" => max_age = is_spent(value).or(max_age),
                b"expires" => expired = value.windows(4).any(|year| year == b"1970"),
                _ => {}
            }
        }
        cookie.removes = max_age.unwrap_or(expired);
        Some(cookie)
    }

    /// The path that it is for: its `Path`, or the directory of the URL that set it (RFC 6265 section 5.1.4).
    pub fn effective_path<'b>(&'b self, set_by: &'b Url) -> &'b [u8] {
        self.path.unwrap_or_else(|| {
            let end = set_by.path.iter().rposition(|&b| b == b'/').unwrap_or(0).max(1);
            set_by.path.get(..end).unwrap_or(b"/")
        })
    }

    /// Whether a browser that got it from `set_by` sends it along to `to`. `SameSite` is left out of account: that hangs on
    /// who caused the request.
    ///
    /// # Errors
    /// The reason why it does not.
    pub fn sent_to(&self, set_by: &Url, to: &Url) -> Result<(), NotSent> {
        self.stored_by(set_by)?;
        let covered = match &self.domain {
            Some(domain) => covers_host(domain, &to.host),
            None => to.host == set_by.host,
        };
        if !covered {
            return Err(NotSent::Host);
        }
        if !covers_path(self.effective_path(set_by), &to.path) {
            return Err(NotSent::Path);
        }
        if self.secure && !is_trustworthy(to) {
            return Err(NotSent::Scheme);
        }
        Ok(())
    }

    /// Whether a browser keeps it at all.
    fn stored_by(&self, set_by: &Url) -> Result<(), NotSent> {
        if self.domain.as_ref().is_some_and(|domain| !covers_host(domain, &set_by.host)) {
            return Err(NotSent::ForeignDomain);
        }
        if self.secure && !is_trustworthy(set_by) {
            return Err(NotSent::SecureOverHttp);
        }
        if self.same_site == Some(SameSite::None) && !self.secure {
            return Err(NotSent::NoneWithoutSecure);
        }
        let host = starts_with(self.name, b"__Host-");
        let fits = !host || (self.domain.is_none() && self.path == Some(b"/"));
        if (host || starts_with(self.name, b"__Secure-")) && !(self.secure && fits) {
            return Err(NotSent::NamePrefix);
        }
        Ok(())
    }

    /// True if some URL at or below this public prefix gets it: its `Path` stands above the prefix, at it, or below it. A
    /// cookie of which this is false was made for paths that the client does not see. The prefix has no final slash.
    pub fn reaches(&self, set_by: &Url, prefix: &str) -> bool {
        let path = self.effective_path(set_by);
        let prefix = if prefix.is_empty() { b"/" } else { prefix.as_bytes() };
        covers_path(path, prefix) || covers_path(prefix, path) || path.strip_suffix(b"/") == Some(prefix)
    }
}

/// True if a `Cookie` header carries a cookie of this name.
pub fn carries(cookie: &[u8], name: &[u8]) -> bool {
    cookie.split(|&b| b == b';').any(|pair| pair.contains(&b'=') && split_pair(pair).0 == name)
}

/// `name=value`, blanks around both taken off; all of it is the name where there is no `=`.
fn split_pair(pair: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(b'=', pair).unwrap_or(pair.len());
    let (name, rest) = pair.split_at(end);
    (name.trim_ascii(), rest.get(1..).unwrap_or_default().trim_ascii())
}

fn domain(value: &[u8]) -> Option<String> {
    let value = value.strip_prefix(b".").unwrap_or(value);
    (!value.is_empty()).then(|| String::from_utf8_lossy(value).to_ascii_lowercase())
}

fn same_site(value: &[u8]) -> Option<SameSite> {
    match value.to_ascii_lowercase().as_slice() {
        b"strict" => Some(SameSite::Strict),
        b"lax" => Some(SameSite::Lax),
        b"none" => Some(SameSite::None),
        _ => None,
    }
}

/// Whether a `Max-Age` is over at once; `None` if it is no number and does not count.
fn is_spent(value: &[u8]) -> Option<bool> {
    let (negative, digits) = match value.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, value),
    };
    let number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    number.then(|| negative || digits.iter().all(|&b| b == b'0'))
}

/// RFC 6265 section 5.1.3; an address has no subdomains.
fn covers_host(domain: &str, host: &str) -> bool {
    host == domain
        || (super::host::address(host).is_none() && host.strip_suffix(domain).is_some_and(|front| front.ends_with('.')))
}

/// RFC 6265 section 5.1.4.
fn covers_path(cookie: &[u8], path: &[u8]) -> bool {
    path.strip_prefix(cookie).is_some_and(|rest| rest.is_empty() || cookie.ends_with(b"/") || rest.starts_with(b"/"))
}

/// True over https, and on the machine itself.
fn is_trustworthy(url: &Url) -> bool {
    matches!(url.scheme.as_str(), "https" | "wss") || internal(&url.host) == Some(Internal::Loopback)
}

/// Name prefixes count whatever their case (RFC 6265bis section 4.1.3).
fn starts_with(name: &[u8], prefix: &[u8]) -> bool {
    name.get(..prefix.len()).is_some_and(|front| front.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url(text: &str) -> Url {
        Url::absolute(text.as_bytes()).unwrap()
    }

    #[test]
    fn where_a_cookie_goes() {
        const HOME: &str = "https://app.example.com/api/v1/login";
        for (set, from, to, verdict) in [
            ("s=1", HOME, "https://app.example.com/api/v1/items", Ok(())),
            ("s=1", HOME, "https://app.example.com/items", Err(NotSent::Path)),
            ("s=1; Path=/", HOME, "https://app.example.com/items", Ok(())),
            ("s=1; Path=/api", HOME, "https://app.example.com/apiary", Err(NotSent::Path)),
            ("s=1; Path=/app/", HOME, "https://app.example.com/api/v1/", Err(NotSent::Path)),
            ("s=1; path=items", HOME, "https://app.example.com/api/v1/x", Ok(())),
            ("s=1; Path=/", HOME, "https://other.example.com/", Err(NotSent::Host)),
            ("s=1; Path=/; Domain=.Example.com", HOME, "https://other.example.com/", Ok(())),
            ("s=1; Path=/; Domain=ample.com", HOME, "https://app.example.com/", Err(NotSent::ForeignDomain)),
            ("s=1; Path=/; Domain=backend", HOME, "https://app.example.com/", Err(NotSent::ForeignDomain)),
            ("s=1; Path=/; Domain=1", "http://10.0.0.1/", "http://10.0.0.1/", Err(NotSent::ForeignDomain)),
            ("s=1; Path=/; Secure", HOME, "http://app.example.com/", Err(NotSent::Scheme)),
            (
                "s=1; Path=/; Secure",
                "http://app.example.com/",
                "https://app.example.com/",
                Err(NotSent::SecureOverHttp),
            ),
            ("s=1; Path=/; Secure", "http://localhost:9/", "http://localhost:8/", Ok(())),
            ("s=1; SameSite=None", HOME, HOME, Err(NotSent::NoneWithoutSecure)),
            ("__Host-s=1; Secure; Path=/", HOME, HOME, Ok(())),
            ("__host-s=1; Secure", HOME, HOME, Err(NotSent::NamePrefix)),
            ("__Secure-s=1; Path=/", HOME, HOME, Err(NotSent::NamePrefix)),
        ] {
            let cookie = SetCookie::parse(set.as_bytes()).unwrap();
            assert_eq!(cookie.sent_to(&url(from), &url(to)), verdict, "{set}: {from} to {to}");
        }
    }

    #[test]
    fn which_cookies_reach_the_prefix() {
        let from = url("https://h/api/v1/auth/login");
        for (set, reaches) in [
            ("s=1; Path=/", true),
            ("s=1; Path=/api", true),
            ("s=1; Path=/api/v1", true),
            ("s=1; Path=/api/v1/", true),
            ("s=1; Path=/api/v1/auth/refresh", true),
            ("s=1", true),
            ("s=1; Path=/auth/refresh", false),
            ("s=1; Path=/api/v10", false),
        ] {
            assert_eq!(SetCookie::parse(set.as_bytes()).unwrap().reaches(&from, "/api/v1"), reaches, "{set}");
        }
        assert!(SetCookie::parse(b"s=1; Path=/x").unwrap().reaches(&from, ""));
    }

    #[test]
    fn what_a_line_says() {
        let read = |text: &'static str| SetCookie::parse(text.as_bytes());
        assert_eq!((read(""), read("=; Path=/")), (None, None));
        assert_eq!(read("lone; Secure").unwrap().name, b"");
        let cookie = read(" a = b=c ;SECURE; samesite=LAX; Path=/x; path; Max-Age=x").unwrap();
        assert_eq!((cookie.name, cookie.path, cookie.secure, cookie.removes), (&b"a"[..], None, true, false));
        assert_eq!(cookie.same_site, Some(SameSite::Lax));
        for (set, removes) in [
            ("a=; Max-Age=0", true),
            ("a=; max-age=-1", true),
            ("a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", false),
            ("a=; expires=Thu, 01 Jan 1970 00:00:00 GMT", true),
        ] {
            assert_eq!(read(set).unwrap().removes, removes, "{set}");
        }
    }

    #[test]
    fn names_in_a_cookie_header() {
        assert!(carries(b"a=1; session=x=y", b"session"));
        assert!(!carries(b"a=session; mysession=1", b"session"));
        assert!(!carries(b"session", b"session"));
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_read(value: Vec<u8>, path in "/[a-z/]{0,12}") {
            let url = url(&format!("https://h{path}"));
            if let Some(cookie) = SetCookie::parse(&value) {
                let _ = cookie.sent_to(&url, &url);
                prop_assert!(cookie.effective_path(&url).starts_with(b"/"));
            }
        }
    }
}
