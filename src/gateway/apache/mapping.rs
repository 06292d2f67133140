//! Paths mapped to upstreams and to redirects: `ProxyPass`, `ProxyPassMatch`, `Redirect`, `Alias`
//! (`modules/proxy/mod_proxy.c`, `modules/mappers/mod_alias.c`, 2.4).

use super::tree::Node;
use super::url::escape;
use crate::gateway::pcre::{Groups, Regex, group};
use crate::gateway::{NotUnderstood, Place};

/// What a path is compared with.
#[derive(Clone, Debug)]
pub(super) enum Matcher {
    /// A prefix that ends where a segment ends.
    Prefix(String),
    /// A regular expression.
    Regex(Regex),
}

/// `ProxyPass` or `ProxyPassMatch`
#[derive(Clone, Debug)]
pub(super) struct Pass {
    /// Where it stands.
    pub(super) place: Place,
    /// The directive as written.
    pub(super) text: String,
    /// Which paths it takes.
    pub(super) matcher: Matcher,
    /// The URL; `!` for none.
    pub(super) to: String,
    /// The path goes on as it came.
    pub(super) nocanon: bool,
    /// The protocols that a client may change to.
    pub(super) upgrade: Option<String>,
    /// The connection is not kept.
    pub(super) disable_reuse: bool,
    /// What of it is not understood.
    pub(super) doubt: Option<NotUnderstood>,
}

/// Parameters of a worker that change nothing of a request.
const PARAMETERS: &[&str] = &[
    "acquire",
    "addressttl",
    "connectiontimeout",
    "enablereuse",
    "failonstatus",
    "failontimeout",
    "flusher",
    "flushpackets",
    "flushwait",
    "forcerecovery",
    "iobuffersize",
    "keepalive",
    "lbmethod",
    "lbset",
    "loadfactor",
    "max",
    "maxattempts",
    "min",
    "nofailover",
    "nonce",
    "receivebuffersize",
    "redirect",
    "responsefieldsize",
    "retry",
    "route",
    "secret",
    "smax",
    "status",
    "stickysession",
    "stickysessionsep",
    "scolonpathdelim",
    "timeout",
    "ttl",
    "growth",
];

impl Pass {
    /// Reads the directive; in a `<Location>` its path is the section's.
    ///
    /// # Errors
    /// What of it is not modelled.
    pub(super) fn new(node: &Node, within: Option<&Matcher>) -> Result<Self, String> {
        let is_match = node.name == "proxypassmatch";
        let mut words = node.words.iter().map(String::as_str);
        let matcher = if let Some(matcher) = within {
            matcher.clone()
        } else {
            let path = words.next().ok_or("a path is missing")?;
            if is_match { Matcher::Regex(Regex::of_httpd(path, false)?) } else { Matcher::Prefix(path.to_owned()) }
        };
        let to = words.next().ok_or("a URL is missing")?.to_owned();
        let mut out = Self {
            place: node.place.clone(),
            text: node.text.clone(),
            matcher,
            to,
            nocanon: false,
            upgrade: None,
            disable_reuse: false,
            doubt: None,
        };
        for word in words {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            match key.to_ascii_lowercase().as_str() {
                "nocanon" => out.nocanon = true,
                "upgrade" => out.upgrade = Some(value.to_owned()),
                "disablereuse" => out.disable_reuse = value.eq_ignore_ascii_case("on"),
                key if PARAMETERS.contains(&key) => {}
                _ => out.doubt = Some(NotUnderstood::at(&node.place, format!("{}: {word} is not modelled", node.name))),
            }
        }
        Ok(out)
    }

    /// The URL for a path, where it is taken: nothing decoded or escaped. `raw` is the target as sent, for `nocanon`;
    /// whether it was used is given too.
    pub(super) fn map(&self, path: &[u8], raw: &[u8]) -> Option<(Vec<u8>, bool)> {
        let to = self.to.as_bytes();
        match &self.matcher {
            Matcher::Prefix(prefix) => {
                let length = prefix_length(path, prefix.as_bytes())?;
                let as_sent = self.nocanon && prefix_length(raw, prefix.as_bytes()) == Some(length);
                let rest = if as_sent { raw } else { path };
                Some(([to, rest.get(length..).unwrap_or_default()].concat(), as_sent))
            }
            Matcher::Regex(pattern) => {
                let groups = pattern.groups(path)?;
                // A match of the target as sent means that the path was not reduced; httpd then takes the path all the same.
                let as_sent = self.nocanon && pattern.groups(raw).is_none();
                let subject = if as_sent { raw } else { path };
                let url = substitute(to, subject, &groups);
                Some((if url == to { [to, subject].concat() } else { url }, as_sent))
            }
        }
    }
}

/// An upstream that connections are kept to: directives with the start of its URL share it and what the first of them says
/// (`proxy_util.c`, `ap_proxy_get_worker_ex`).
#[derive(Clone, Debug)]
pub(super) struct Worker {
    /// Its URL; `$1` and its like stand for anything.
    name: String,
    /// The connection is not kept.
    pub(super) disable_reuse: bool,
    /// The protocols that a client may change to.
    pub(super) upgrade: Option<String>,
}

impl Worker {
    /// The upstream that a directive names.
    pub(super) fn new(pass: &Pass) -> Self {
        let matchable = matches!(pass.matcher, Matcher::Regex(_)) && pass.to.contains('$');
        Self { name: lowered(&pass.to), disable_reuse: pass.disable_reuse || matchable, upgrade: pass.upgrade.clone() }
    }

    /// A member of a balancer: its URL and parameters.
    pub(super) fn member(words: &[String]) -> Self {
        let given = |name: &str| {
            let mut parameters = words.iter().skip(1).filter_map(|word| word.split_once('='));
            parameters.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
        };
        Self {
            name: lowered(words.first().map_or("", String::as_str)),
            disable_reuse: given("disablereuse").is_some_and(|value| value.eq_ignore_ascii_case("on")),
            upgrade: given("upgrade"),
        }
    }

    /// True if a URL starts as its own, the host whole.
    fn fits(&self, url: &str) -> bool {
        if self.name.contains('$') {
            let digits = |text: &str| text.trim_start_matches(|c: char| c.is_ascii_digit()).to_owned();
            let mut parts = self.name.split('$');
            let first = parts.next().unwrap_or_default().to_owned();
            let pattern = parts.fold(first, |pattern, part| format!("{pattern}*{}", digits(part))) + "*";
            return super::tree::wildcard(pattern.as_bytes(), url.as_bytes());
        }
        self.name.len() >= host_length(url) && url.starts_with(&self.name)
    }
}

/// The length of scheme and host.
fn host_length(url: &str) -> usize {
    let start = url.find("://").map_or(0, |at| at + 3);
    url.get(start..).and_then(|rest| rest.find('/')).map_or(url.len(), |at| start + at)
}

/// A URL with scheme and host in lower case.
fn lowered(url: &str) -> String {
    let (host, path) = url.split_at(host_length(url));
    host.to_ascii_lowercase() + path
}

/// The upstream with the longest name that a URL starts with.
pub(super) fn worker<'w>(workers: &'w [Worker], url: &[u8]) -> Option<&'w Worker> {
    let url = lowered(&String::from_utf8_lossy(url));
    workers.iter().filter(|worker| worker.fits(&url)).max_by_key(|worker| worker.name.len())
}

/// How much of a path a prefix takes: any number of slashes is one, and the prefix ends where a segment ends
/// (`alias_match`).
pub(super) fn prefix_length(path: &[u8], prefix: &[u8]) -> Option<usize> {
    let (mut at, mut rest) = (0, prefix);
    while let Some((&c, after)) = rest.split_first() {
        let &b = path.get(at)?;
        if c == b'/' {
            if b != b'/' {
                return None;
            }
            rest = after.get(after.iter().take_while(|&&c| c == b'/').count()..).unwrap_or_default();
            while path.get(at) == Some(&b'/') {
                at += 1;
            }
        } else if b == c {
            (rest, at) = (after, at + 1);
        } else {
            return None;
        }
    }
    let ends_well = prefix.last() == Some(&b'/') || matches!(path.get(at), None | Some(b'/'));
    (at > 0 && ends_well).then_some(at)
}

/// Writes groups into a text: `$0` to `$9`; a backslash takes the meaning of what follows (`util.c`, `regsub_core`).
pub(super) fn substitute(text: &[u8], matched: &[u8], groups: &Groups) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + matched.len());
    let mut rest = text;
    loop {
        match rest {
            [] => return out,
            [b'$', digit @ b'0'..=b'9', after @ ..] => {
                out.extend_from_slice(group(matched, groups, usize::from(digit - b'0')));
                rest = after;
            }
            [b'\\', c, after @ ..] | [c, after @ ..] => {
                out.push(*c);
                rest = after;
            }
        }
    }
}

/// `Redirect` and its like
#[derive(Clone, Debug)]
pub(super) struct Redirect {
    /// Where it stands.
    pub(super) place: Place,
    /// The directive as written.
    pub(super) text: String,
    /// Which paths it takes.
    pub(super) matcher: Matcher,
    /// The status.
    pub(super) status: u16,
    /// Where to; empty for a status without.
    pub(super) to: String,
}

impl Redirect {
    /// Reads the directive.
    ///
    /// # Errors
    /// What of it is not modelled.
    pub(super) fn new(node: &Node, within: Option<&Matcher>) -> Result<Self, String> {
        let mut words = node.words.iter().map(String::as_str).peekable();
        let status = match node.name.as_str() {
            "redirectpermanent" => 301,
            "redirecttemp" => 302,
            _ => {
                let named = words.peek().and_then(|word| match word.to_ascii_lowercase().as_str() {
                    "permanent" => Some(301),
                    "temp" => Some(302),
                    "seeother" => Some(303),
                    "gone" => Some(410),
                    word => word.parse().ok(),
                });
                if named.is_some() {
                    words.next();
                }
                named.unwrap_or(302)
            }
        };
        let words: Vec<&str> = words.collect();
        let needs_url = (300..400).contains(&status);
        let (path, to) = match (words.as_slice(), within, needs_url) {
            ([path, to], _, true) => (Some(*path), *to),
            ([to], Some(_), true) => (None, *to),
            ([path], _, false) => (Some(*path), ""),
            ([], Some(_), false) => (None, ""),
            _ => return Err("not modelled".to_owned()),
        };
        let matcher = match (path, within) {
            (Some(path), _) if node.name == "redirectmatch" => Matcher::Regex(Regex::of_httpd(path, false)?),
            (Some(path), _) => Matcher::Prefix(path.to_owned()),
            (None, Some(matcher)) => matcher.clone(),
            (None, None) => return Err("a path is missing".to_owned()),
        };
        if within.is_some() && path.is_none() {
            return Err("without a path it is not modelled".to_owned());
        }
        Ok(Self { place: node.place.clone(), text: node.text.clone(), matcher, status, to: to.to_owned() })
    }

    /// Where a path is sent, without the query; empty if the status has no Location.
    pub(super) fn map(&self, path: &[u8]) -> Option<Vec<u8>> {
        match &self.matcher {
            Matcher::Prefix(prefix) => {
                let length = prefix_length(path, prefix.as_bytes())?;
                if self.to.is_empty() {
                    return Some(Vec::new());
                }
                Some([self.to.as_bytes(), &escape(path.get(length..).unwrap_or_default())].concat())
            }
            Matcher::Regex(pattern) => {
                let groups = pattern.groups(path)?;
                let found = substitute(self.to.as_bytes(), path, &groups);
                let end = found.iter().position(|b| matches!(b, b'?' | b'#')).unwrap_or(found.len());
                let (url, rest) = found.split_at(end);
                Some([&escape(url), rest].concat())
            }
        }
    }
}

/// `Alias`: a path and the folder or file it stands for.
#[derive(Clone, Debug)]
pub(super) struct Alias {
    /// Which paths it takes.
    pub(super) prefix: String,
    /// What they stand for.
    pub(super) folder: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_much_a_prefix_takes() {
        for (path, prefix, length) in [
            ("/api/x", "/api", Some(4)),
            ("/api", "/api", Some(4)),
            ("/apix", "/api", None),
            ("/api/x", "/api/", Some(5)),
            ("/api", "/api/", None),
            ("//api//x", "/api/", Some(7)),
            ("/x", "/", Some(1)),
            ("/", "/x", None),
        ] {
            assert_eq!(prefix_length(path.as_bytes(), prefix.as_bytes()), length, "{path} {prefix}");
        }
    }
}
