//! What the header policy does: the scheme by the headers of a trusted peer, and the fate of names with an underscore.
//!
//! Source of the rules: gunicorn 27.0 `http/message.py` (`HeaderPolicy._apply_header_policy`) and `asgi/protocol.py`
//! (`_RequestHeaderPolicy`).

use super::lines::Stop;
use crate::asgi::server::HeaderUse;
use crate::asgi::server::request::{Line, Request};
use crate::forwarded::latin1;

/// What becomes of a header whose name has an underscore (`--header-map`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum HeaderMap {
    /// It is left out.
    #[default]
    Drop,
    /// The request is refused.
    Refuse,
    /// It is passed on.
    Dangerous,
}

impl HeaderMap {
    /// Reads `--header-map`.
    pub(super) fn read(value: &str) -> Result<Self, &'static str> {
        match value.trim().to_ascii_lowercase().as_str() {
            "drop" => Ok(Self::Drop),
            "refuse" => Ok(Self::Refuse),
            "dangerous" => Ok(Self::Dangerous),
            _ => Err("say drop, refuse or dangerous"),
        }
    }
}

/// `secure_scheme_headers`, `forwarder_headers` and `header_map`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    /// Names in upper case, and the one value of each that means https.
    pub secure_scheme_headers: Vec<(String, String)>,
    /// Names in upper case that a trusted peer may send although they have an underscore.
    pub forwarder_headers: Vec<String>,
    /// What becomes of the others.
    pub header_map: HeaderMap,
}

impl Default for Policy {
    fn default() -> Self {
        let secure = [("X-FORWARDED-PROTOCOL", "ssl"), ("X-FORWARDED-PROTO", "https"), ("X-FORWARDED-SSL", "on")];
        Self {
            secure_scheme_headers: secure.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            forwarder_headers: vec!["SCRIPT_NAME".to_owned(), "PATH_INFO".to_owned()],
            header_map: HeaderMap::default(),
        }
    }
}

impl Policy {
    /// Reads `NAME=VALUE, …`, the items of the dictionary `secure_scheme_headers`.
    pub(super) fn read_secure_scheme_headers(text: &str) -> Result<Vec<(String, String)>, &'static str> {
        let item = |item: &str| item.split_once('=').map(|(name, value)| (name.trim().to_owned(), value.to_owned()));
        let items: Option<Vec<_>> = text.split(',').filter(|text| !text.trim().is_empty()).map(item).collect();
        items.ok_or("say NAME=VALUE, names in upper case, commas between")
    }

    /// Reads a list of names as gunicorn does.
    pub(super) fn read_forwarder_headers(text: &str) -> Vec<String> {
        text.trim().split(',').filter(|name| !name.is_empty()).map(|name| name.trim().to_owned()).collect()
    }

    /// Drops the headers that go, and gives whether the scheme is https.
    pub(super) fn apply(&self, request: &mut Request, trusted: bool) -> Result<bool, Stop> {
        let mut https = None;
        for Line { name, value } in &request.lines {
            let secure = if trusted { self.says_https(name, value) } else { None };
            if let (Some(before), Some(now)) = (https, secure)
                && before != now
            {
                return Err(Stop::Refuses(400, "scheme headers that contradict each other"));
            }
            https = https.or(secure);
            if self.header_map == HeaderMap::Refuse && has_underscore(name) && !self.may_pass(name, trusted) {
                return Err(Stop::Refuses(400, "a header name with an underscore (--header-map refuse)"));
            }
        }
        if self.header_map == HeaderMap::Drop {
            request.lines.retain(|line| !has_underscore(&line.name) || self.may_pass(&line.name, trusted));
        }
        Ok(https.unwrap_or(false))
    }

    /// What a header says of the scheme; `None` if it is no scheme header.
    fn says_https(&self, name: &[u8], value: &[u8]) -> Option<bool> {
        let secure = self.secure_value(name)?;
        Some(latin1(value) == secure)
    }

    fn secure_value(&self, name: &[u8]) -> Option<&str> {
        let upper = latin1(&name.to_ascii_uppercase());
        self.secure_scheme_headers.iter().rev().find(|(known, _)| *known == upper).map(|(_, value)| value.as_str())
    }

    fn may_pass(&self, name: &[u8], trusted: bool) -> bool {
        let upper = latin1(&name.to_ascii_uppercase());
        trusted && self.forwarder_headers.iter().any(|known| known == "*" || *known == upper)
    }

    /// What becomes of a forwarding header (`name` in lower case).
    pub(super) fn reading(&self, name: &str, lines: &[&[u8]], trusted: bool) -> HeaderUse {
        let Some(secure) = self.secure_value(name.as_bytes()) else {
            return if matches!(name, "host" | "via") { HeaderUse::Plain } else { HeaderUse::NotRead };
        };
        let unused = |why: &str| HeaderUse::Unused(why.to_owned());
        let Some((first, others)) = lines.split_first() else { return unused("not sent") };
        if !trusted {
            return unused("the peer is not in --forwarded-allow-ips");
        }
        let is_secure = |value: &[u8]| latin1(value) == secure;
        if others.iter().any(|other| is_secure(other) != is_secure(first)) {
            return unused("its lines contradict each other: gunicorn answers 400");
        }
        if is_secure(first) || *first == b"http" {
            return HeaderUse::Used;
        }
        let value = first.escape_ascii();
        HeaderUse::Unused(format!("\"{value}\" is not exactly \"{secure}\": the scheme is http"))
    }
}

fn has_underscore(name: &[u8]) -> bool {
    name.contains(&b'_')
}
