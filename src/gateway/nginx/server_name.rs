//! Which server a host names.
//!
//! Exact names go first, then the longest wildcard at the front (`*.example.com`), the longest at the end (`www.*`), and
//! regular expressions in the order of the file.
//!
//! Source: `ngx_http_core_server_name` (`ngx_http_core_module.c`), `ngx_http_server_names` (`ngx_http.c`),
//! `ngx_hash_find_combined` (`ngx_hash.c`), `ngx_http_find_virtual_server` (`ngx_http_request.c`), 1.22.1.

use std::collections::HashMap;

use super::config::ServerId;
use super::visit::Regex;

/// One argument of `server_name`.
#[derive(Clone, Debug)]
pub(super) enum ServerName {
    /// `example.com`, also `_` and the empty one.
    Exact(String),
    /// `*.example.com`: what follows the star and dot.
    Head(String),
    /// `.example.com`: both of the above.
    Dot(String),
    /// `www.*`: what stands before the dot and star.
    Tail(String),
    /// `~…`
    Regex(Regex),
    /// `$hostname`
    Hostname,
}

impl ServerName {
    /// Reads a name that is no expression.
    ///
    /// # Errors
    /// nginx refuses it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let name = text.to_lowercase();
        if name == "$hostname" {
            return Ok(Self::Hostname);
        }
        let plain = |rest: &str| !rest.contains('*') && !rest.is_empty() && !rest.contains("..");
        let parsed = if let Some(rest) = name.strip_prefix("*.") {
            plain(rest).then(|| Self::Head(rest.to_owned()))
        } else if let Some(rest) = name.strip_suffix(".*") {
            plain(rest).then(|| Self::Tail(rest.to_owned()))
        } else if let Some(rest) = name.strip_prefix('.') {
            plain(rest).then(|| Self::Dot(rest.to_owned()))
        } else {
            (name.is_empty() || plain(&name)).then(|| Self::Exact(name.clone()))
        };
        parsed.ok_or_else(|| format!("invalid server name or wildcard \"{text}\""))
    }

    /// `$server_name` if this is the first.
    pub(super) fn shown(&self, written: &[u8]) -> Vec<u8> {
        match self {
            Self::Regex(_) => written.to_vec(),
            Self::Dot(name) => name.clone().into_bytes(),
            _ => written.to_ascii_lowercase(),
        }
    }
}

/// The names of the servers of one listener.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    exact: HashMap<String, ServerId>,
    head: HashMap<String, ServerId>,
    tail: HashMap<String, ServerId>,
    regexes: Vec<(Regex, ServerId)>,
    hostname: Option<ServerId>,
}

/// The server that a host names, and the expression that named it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named<'a> {
    pub(super) server: ServerId,
    pub(super) regex: Option<&'a Regex>,
}

impl Names {
    /// Adds a server's name. Of two servers with the same name the first has it.
    pub(super) fn add(&mut self, name: &ServerName, server: ServerId) {
        match name {
            ServerName::Exact(name) => {
                self.exact.entry(name.clone()).or_insert(server);
            }
            ServerName::Head(name) => {
                self.head.entry(name.clone()).or_insert(server);
            }
            ServerName::Dot(name) => {
                self.exact.entry(name.clone()).or_insert(server);
                self.head.entry(name.clone()).or_insert(server);
            }
            ServerName::Tail(name) => {
                self.tail.entry(name.clone()).or_insert(server);
            }
            ServerName::Regex(regex) => self.regexes.push((regex.clone(), server)),
            ServerName::Hostname => {
                self.hostname.get_or_insert(server);
            }
        }
    }

    /// The server of a host in lower case, without port.
    ///
    /// # Errors
    /// Why it cannot be told.
    pub(super) fn find(&self, host: &[u8], hostname: &str) -> Result<Option<Named<'_>>, String> {
        let of = |server: ServerId| Some(Named { server, regex: None });
        let Ok(text) = std::str::from_utf8(host) else { return self.by_regex(host) };
        if let Some(&server) = self.exact.get(text) {
            return Ok(of(server));
        }
        if let Some(server) = self.hostname
            && hostname.eq_ignore_ascii_case(text)
        {
            return Ok(of(server));
        }
        let mut suffixes = text.match_indices('.').filter_map(|(dot, _)| text.get(dot + 1..));
        if let Some(&server) = suffixes.find_map(|suffix| self.head.get(suffix)) {
            return Ok(of(server));
        }
        let mut prefixes = text.rmatch_indices('.').filter_map(|(dot, _)| text.get(..dot));
        if let Some(&server) = prefixes.find_map(|prefix| self.tail.get(prefix)) {
            return Ok(of(server));
        }
        self.by_regex(host)
    }

    fn by_regex(&self, host: &[u8]) -> Result<Option<Named<'_>>, String> {
        if host.is_empty() {
            return Ok(None);
        }
        for (regex, server) in &self.regexes {
            if regex.pcre.is_match(host)? {
                return Ok(Some(Named { server: *server, regex: Some(regex) }));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_names() {
        let mut names = Names::default();
        for (index, name) in [
            "a.example.com",
            "*.example.com",
            "*.b.example.com",
            "a.*",
            "a.example.*",
            ".dot.org",
            "",
            "_",
            "$hostname",
        ]
        .iter()
        .enumerate()
        {
            names.add(&ServerName::parse(name).unwrap(), ServerId(index));
        }
        for (host, want) in [
            ("a.example.com", Some(0)),
            ("x.example.com", Some(1)),
            ("x.y.example.com", Some(1)),
            ("x.b.example.com", Some(2)),
            ("b.example.com", Some(1)),
            ("example.com", None),
            ("a.org", Some(3)),
            ("a.example.org", Some(4)),
            ("a", None),
            ("dot.org", Some(5)),
            ("x.dot.org", Some(5)),
            ("", Some(6)),
            ("_", Some(7)),
            ("box", Some(8)),
        ] {
            let found = names.find(host.as_bytes(), "Box").unwrap().map(|named| named.server.0);
            assert_eq!(found, want, "{host}");
        }
    }

    #[test]
    fn names_that_nginx_refuses() {
        for name in ["*", "*.", "a.*.b", "*a.b", "a*", ".", "www.*.*", "a..b"] {
            assert!(ServerName::parse(name).is_err(), "{name}");
        }
    }
}
