//! Whether a request fits a matcher. Caddy 2.11, `modules/caddyhttp/matchers.go`, `ip_matchers.go`, `vars.go`,
//! `fileserver/matcher.go`.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use super::paths::{clean_path, fits_escaped, split_path};
use super::placeholders::{Value, lower};
use super::serving::{has_wildcard, join_below};
use super::state::is_in;
use super::{Failure, Walk};
use crate::gateway::caddy::route::{FileMatcher, Matcher, MatcherSet, Named};
use crate::gateway::go::{self, Header};
use crate::gateway::{Found, NotUnderstood};

/// Whether something fits.
pub(super) enum Verdict {
    Yes,
    No,
    /// It cannot be known.
    Unknown(NotUnderstood),
    /// The matcher gives an error, as `try_files =404` does.
    Failed(Failure),
}

impl From<bool> for Verdict {
    fn from(fits: bool) -> Self {
        if fits { Self::Yes } else { Self::No }
    }
}

/// The wanted values of fields or parameters; `None` for what must not be there.
type Wanted<'a> = (&'a Arc<str>, Option<&'a [Arc<str>]>);

impl Walk<'_> {
    /// Whether all matchers of a set fit. One that does not settles it, whatever is unknown of the others.
    pub(super) fn set_fits(&mut self, set: &MatcherSet) -> Verdict {
        let mut doubt = None;
        let mut failed = None;
        for (_, matcher) in set.iter() {
            // What is unknown of a value is unknown of the match.
            let before = self.state.unknown.len();
            let verdict = self.fits_matcher(matcher);
            if self.state.unknown.len() > before {
                doubt = self.state.unknown.get(before).cloned();
                self.state.unknown.truncate(before);
                continue;
            }
            match verdict {
                Verdict::Yes => {}
                Verdict::No => return Verdict::No,
                Verdict::Unknown(why) => doubt = Some(why),
                Verdict::Failed(failure) => failed = Some(failure),
            }
        }
        match (doubt, failed) {
            (Some(doubt), _) => Verdict::Unknown(doubt),
            (None, Some(failure)) => Verdict::Failed(failure),
            (None, None) => Verdict::Yes,
        }
    }

    fn fits_matcher(&mut self, matcher: &Matcher) -> Verdict {
        match matcher {
            Matcher::Host(hosts) => self.fits_host(hosts).into(),
            Matcher::Path(paths) => self.fits_path(paths),
            Matcher::PathRegexp(named) => {
                let path = clean_path(&self.state.request.url.path, true);
                self.fits_regexp(named, &path)
            }
            Matcher::Method(methods) => {
                let method = &self.state.request.method;
                methods.iter().any(|known| **known == **method).into()
            }
            Matcher::Query(wanted) => self.fits_query(wanted.iter().map(|(name, values)| (name, Some(&**values)))),
            Matcher::Header(wanted) => {
                let header = self.state.request.header.clone();
                self.fits_header(&header, wanted.iter().map(|(name, values)| (name, values.as_deref()))).into()
            }
            Matcher::HeaderRegexp(wanted) => {
                for (field, named) in wanted {
                    let values = self.field_values(&self.state.request.header, field);
                    let verdicts = values.iter().map(|value| self.fits_regexp(named, value));
                    match first_that_decides(verdicts) {
                        Verdict::Yes => {}
                        other => return other,
                    }
                }
                Verdict::Yes
            }
            Matcher::Protocol(name) => self.fits_protocol(name).into(),
            Matcher::RemoteIp(ranges) => is_in(self.state.peer.ip(), ranges).into(),
            Matcher::ClientIp(ranges) => {
                let client = self.state.vars.get(&b"client_ip"[..]).cloned().unwrap_or_default();
                let client = std::str::from_utf8(&client).ok().and_then(|text| text.parse::<IpAddr>().ok());
                client.is_some_and(|client| is_in(client, ranges)).into()
            }
            Matcher::Vars(wanted) => {
                for (name, values) in wanted {
                    let actual = self.variable(name);
                    for value in values {
                        if self.fill(value) == actual {
                            return Verdict::Yes;
                        }
                    }
                }
                wanted.is_empty().into()
            }
            Matcher::VarsRegexp(wanted) => {
                for (name, named) in wanted {
                    let actual = self.variable(name);
                    match self.fits_regexp(named, &actual) {
                        Verdict::No => {}
                        other => return other,
                    }
                }
                Verdict::No
            }
            Matcher::File(file) => self.fits_file(file),
            Matcher::Tls => self.state.tls.is_some().into(),
            Matcher::Not(sets) => {
                for set in sets {
                    match self.set_fits(set) {
                        Verdict::Yes => return Verdict::No,
                        Verdict::No => {}
                        other => return other,
                    }
                }
                Verdict::Yes
            }
            Matcher::ErrorStatus(ranges) => {
                let status = self.state.failure.as_ref().map_or(0, |failure| failure.status);
                ranges.iter().any(|range| (range.0..=range.1).contains(&status)).into()
            }
            Matcher::Unknown(doubt) => Verdict::Unknown(doubt.clone()),
        }
    }

    fn fits_host(&mut self, hosts: &[Arc<str>]) -> bool {
        self.read_host();
        let host = self.state.named.1.clone();
        hosts.iter().any(|pattern| {
            let pattern = lower(&self.fill(pattern));
            if !pattern.contains(&b'*') {
                return pattern == host;
            }
            let labels = |text: &[u8]| text.split(|&byte| byte == b'.').map(<[u8]>::to_vec).collect::<Vec<_>>();
            let (wanted, actual) = (labels(&pattern), labels(&host));
            wanted.len() == actual.len()
                && wanted.iter().zip(&actual).all(|(wanted, actual)| wanted == b"*" || wanted == actual)
        })
    }

    /// Reads the host, unless that was done before.
    pub(super) fn read_host(&mut self) {
        let host = &self.state.request.host;
        if self.state.named.0 != *host {
            let bare = host.strip_prefix(b"[").unwrap_or(host);
            let bare = bare.strip_suffix(b"]").unwrap_or(bare);
            let name = lower(go::split_host_port(host).map_or(bare, |(host, _)| host));
            self.state.named = (host.clone(), name);
        }
    }

    /// Cleans the path, unless that was done before.
    pub(super) fn clean(&mut self) {
        let path = &self.state.request.url.path;
        if self.state.cleaned.0 != *path {
            self.state.cleaned = (path.clone(), clean_path(&lower(path), true));
        }
    }

    /// Case is ignored; slashes and dots are cleaned; a pattern with `%` is compared with the escaped path.
    fn fits_path(&mut self, patterns: &[Arc<str>]) -> Verdict {
        self.clean();
        for pattern in patterns {
            let is_plain = pattern.bytes().all(|byte| byte.is_ascii() && !matches!(byte, b'A'..=b'Z' | b'{' | b'}'));
            // The pattern is made lower-case before its placeholders are filled in, and not after.
            let pattern = if is_plain {
                Cow::Borrowed(pattern.as_bytes())
            } else {
                Cow::Owned(self.fill(&pattern.to_lowercase()))
            };
            if *pattern == *b"*" {
                return Verdict::Yes;
            }
            let merge = memchr::memmem::find(&pattern, b"//").is_none();
            if pattern.contains(&b'%') {
                let escaped = clean_path(&self.state.request.url.escaped_path(), merge);
                if fits_escaped(&escaped, &pattern) {
                    return Verdict::Yes;
                }
                continue;
            }
            let unmerged;
            let path = if merge {
                self.state.cleaned.1.as_slice()
            } else {
                unmerged = clean_path(&lower(&self.state.request.url.path), false);
                &unmerged
            };
            let stars = memchr::memchr_iter(b'*', &pattern).count();
            let fits = match &*pattern {
                [b'*', inside @ .., b'*'] if stars == 2 => memchr::memmem::find(path, inside).is_some(),
                [b'*', end @ ..] if stars == 1 => path.ends_with(end),
                [begin @ .., b'*'] if stars == 1 => path.starts_with(begin),
                pattern => go::path_matches(pattern, path),
            };
            if fits {
                return Verdict::Yes;
            }
        }
        Verdict::No
    }

    /// Fits a regular expression; its groups become placeholders.
    fn fits_regexp(&mut self, named: &Named, input: &[u8]) -> Verdict {
        let Some(regexp) = named.pattern.understood() else {
            let what = format!("the regular expression {:?} is not understood", named.pattern.source());
            return Verdict::Unknown(NotUnderstood { place: None, what });
        };
        let Some(groups) = regexp.groups(input) else { return Verdict::No };
        let numbered = groups.iter().enumerate().map(|(index, text)| (index.to_string(), *text));
        let by_name = regexp.names().filter_map(|(index, name)| Some((name.to_owned(), *groups.get(index)?)));
        for (suffix, text) in numbered.chain(by_name) {
            if !named.name.is_empty() {
                self.state.set(&format!("http.regexp.{}.{suffix}", named.name), text);
            }
            self.state.set(&format!("http.regexp.{suffix}"), text);
        }
        Verdict::Yes
    }

    /// Every parameter must be there with one of its values. A query that Go cannot parse fits nothing.
    fn fits_query<'w>(&mut self, wanted: impl ExactSizeIterator<Item = Wanted<'w>>) -> Verdict {
        let query = self.state.request.url.raw_query.clone();
        let actual = go::parse_query(&query);
        if wanted.len() == 0 {
            return actual.is_empty().into();
        }
        if query.split(|&byte| byte == b'&').filter(|part| !part.is_empty()).count() != actual.len() {
            return Verdict::No;
        }
        for (name, values) in wanted {
            let name = self.fill(name);
            let found: Vec<&Vec<u8>> =
                actual.iter().filter(|(known, _)| *known == name).map(|(_, value)| value).collect();
            let fits = !found.is_empty()
                && values.unwrap_or_default().iter().any(|value| {
                    let value = self.fill(value);
                    value == b"*" || found.contains(&&value)
                });
            if !fits {
                return Verdict::No;
            }
        }
        Verdict::Yes
    }

    /// `getHeaderFieldVals`
    fn field_values(&self, header: &Header, field: &str) -> Vec<Vec<u8>> {
        let name = go::canonical(field);
        if name == "Host" && !self.state.request.host.is_empty() {
            return vec![self.state.request.host.clone()];
        }
        if name == "Transfer-Encoding" && !header.has(&name) && self.state.request.content_length.is_none() {
            return vec![b"chunked".to_vec()];
        }
        header.values(&name).to_vec()
    }

    /// `matchHeaders`
    fn fits_header<'w>(&mut self, header: &Header, wanted: impl Iterator<Item = Wanted<'w>>) -> bool {
        for (field, values) in wanted {
            let actual = self.field_values(header, field);
            let Some(values) = values else {
                if actual.is_empty() {
                    continue;
                }
                return false;
            };
            let values: Vec<Vec<u8>> = values.iter().map(|value| self.fill(value)).collect();
            if !actual.iter().any(|actual| values.iter().any(|value| fits_value(actual, value))) {
                return false;
            }
        }
        true
    }

    fn fits_protocol(&self, name: &str) -> bool {
        let (proto, tls) = (self.state.request.proto, self.state.tls.is_some());
        match name {
            "grpc" => self.state.request.header.get("Content-Type").starts_with(b"application/grpc"),
            "https" => tls,
            "http" => !tls,
            "http/1.0" => proto == (1, 0),
            "http/1.0+" => proto >= (1, 0),
            "http/1.1" => proto == (1, 1),
            "http/1.1+" => proto >= (1, 1),
            _ => false,
        }
    }

    /// A variable, or a placeholder in braces.
    fn variable(&mut self, name: &str) -> Vec<u8> {
        let inside = name.strip_prefix('{').and_then(|name| name.strip_suffix('}'));
        let Some(key) = inside.filter(|key| !key.contains('{')) else {
            return self.state.vars.get(name.as_bytes()).cloned().unwrap_or_default();
        };
        match self.value(key) {
            Value::Known(value) => value,
            Value::Missing | Value::Nothing => Vec::new(),
            Value::Unknown => {
                self.doubt(format!("{name} is known to the running Caddy only"));
                Vec::new()
            }
        }
    }

    /// The first of the files that is there; it becomes `{http.matchers.file.*}`.
    fn fits_file(&mut self, matcher: &FileMatcher) -> Verdict {
        let root = self.fill_text(&matcher.root);
        let root = String::from_utf8_lossy(&go::clean(root.as_bytes())).into_owned();
        for (index, file) in matcher.try_files.iter().enumerate() {
            if let Some(code) = file.strip_prefix('=').and_then(|code| code.parse::<u16>().ok())
                && (100..=999).contains(&code)
            {
                return Verdict::Failed(Failure::new(code, code.to_string()));
            }
            if has_wildcard(file) {
                return self.unseen_files(format!("try_files {file}: patterns of files are not modelled"));
            }
            let path = go::clean(&self.fill(file));
            let (path, remainder) = split_path(&path, &matcher.split_path);
            let wants_folder = file.ends_with('/');
            let below = join_below(&path);
            let Some(found) = self.world.look(&root, &below) else {
                return self.unseen_files(format!("what lies in {root} is not seen"));
            };
            let taken = match found {
                Found::Nothing => false,
                Found::Folder => wants_folder,
                Found::File => !wants_folder,
            };
            let taken = taken || (matcher.fallback && index + 1 == matcher.try_files.len() && found != Found::Nothing);
            if taken {
                self.set_file(&root, &below, remainder, found);
                return Verdict::Yes;
            }
        }
        Verdict::No
    }

    fn unseen_files(&self, what: String) -> Verdict {
        let place = self.state.line.as_ref().map(|line| line.place.clone());
        Verdict::Unknown(NotUnderstood { place, what })
    }

    fn set_file(&mut self, root: &str, below: &[u8], remainder: &[u8], found: Found) {
        let slash: &[u8] = if found == Found::Folder { b"/" } else { b"" };
        let mut relative = if below.is_empty() { Vec::new() } else { [b"/", below].concat() };
        let absolute = [root.strip_suffix('/').unwrap_or(root).as_bytes(), &relative, slash].concat();
        // The root is cut off as text: that of the working folder and that of the machine take the slash with them.
        if matches!(root, "." | "/") {
            relative = below.to_vec();
        }
        self.state.set("http.matchers.file.relative", [&relative, slash].concat());
        self.state.set("http.matchers.file.absolute", absolute);
        self.state.set("http.matchers.file.remainder", remainder);
        let kind = if found == Found::Folder { "directory" } else { "file" };
        self.state.set("http.matchers.file.type", kind);
    }
}

/// Yes if one says so; else unknown if one does not know.
fn first_that_decides(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let mut result = Verdict::No;
    for verdict in verdicts {
        match verdict {
            Verdict::Yes => return Verdict::Yes,
            Verdict::No => {}
            other => result = other,
        }
    }
    result
}

/// A value with `*` at its ends, or whole.
pub(super) fn fits_value(actual: &[u8], wanted: &[u8]) -> bool {
    match wanted {
        b"*" => true,
        [b'*', inside @ .., b'*'] => memchr::memmem::find(actual, inside).is_some(),
        [b'*', end @ ..] => actual.ends_with(end),
        [begin @ .., b'*'] => actual.starts_with(begin),
        wanted => actual == wanted,
    }
}
