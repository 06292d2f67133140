//! `rewrite`, `uri` and `method`: what becomes of a request's method and target. Caddy 2.11,
//! `modules/caddyhttp/rewrite/rewrite.go`.

use super::Walk;
use super::paths::clean_path;
use super::placeholders::Value;
use crate::gateway::StepKind;
use crate::gateway::caddy::route::{QueryOps, Rewrite, Substring};
use crate::gateway::go::{self, Mode, Request, Url};

/// The placeholder whose value is put in escaped.
const PATH: &str = "{http.request.uri.path}";
/// The same for the file that was found.
const FILE: &str = "{http.matchers.file.relative}";

/// What stands before the first `#`.
fn before_fragment(text: &[u8]) -> &[u8] {
    let end = memchr::memchr(b'#', text).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

impl Walk<'_> {
    /// Rewrites the request.
    pub(super) fn rewrite_request(&mut self, rewrite: &Rewrite) {
        let mut request = self.state.request.clone();
        if self.rewrite(&mut request, rewrite) {
            let target = request.url.request_uri();
            self.state.request = request;
            self.step(StepKind::Path, Some(target));
        } else {
            self.state.request = request;
        }
    }

    /// `Rewrite`: true if the method or the target is another one afterwards.
    pub(super) fn rewrite(&mut self, request: &mut Request, rewrite: &Rewrite) -> bool {
        let before = (request.method.clone(), request.request_uri.clone());
        if let Some(method) = rewrite.method.as_ref().filter(|method| !method.is_empty()) {
            request.method = self.fill_text(method).to_uppercase();
        }
        if let Some(uri) = rewrite.uri.as_ref().filter(|uri| !uri.is_empty()) {
            self.set_uri(&mut request.url, uri);
        }
        if let Some(prefix) = &rewrite.strip_prefix {
            let prefix = self.fill(prefix);
            let prefix = if prefix.starts_with(b"/") { prefix } else { [b"/", prefix.as_slice()].concat() };
            let merge = !doubles(&prefix);
            strip(&mut request.url, merge, |path| trim_prefix(path, &prefix));
        }
        if let Some(suffix) = &rewrite.strip_suffix {
            let suffix = self.fill(suffix);
            let merge = !doubles(&suffix);
            let suffix = reverse(&suffix);
            strip(&mut request.url, merge, |path| trim_prefix(&reverse(path), &suffix).map(|path| reverse(&path)));
        }
        if let Some(substring) = &rewrite.substring {
            self.replace_text(&mut request.url, substring);
        }
        if let Some((pattern, replacement)) = &rewrite.path_regexp {
            let replacement = self.fill_text(replacement);
            match pattern.understood() {
                Some(regexp) => change_path(&mut request.url, |path| regexp.replace_all(path, &replacement)),
                None => self.doubt(format!("the regular expression {:?} is not understood", pattern.source())),
            }
        }
        if let Some(ops) = &rewrite.query {
            self.change_query(&mut request.url, ops);
        }
        request.request_uri = request.url.request_uri();
        before != (request.method.clone(), request.request_uri.clone())
    }

    /// The target of `rewrite`: of path, query and fragment only what is written is set.
    fn set_uri(&mut self, url: &mut Url, uri: &str) {
        let (rest, fragment) = uri.split_once('#').map_or((uri, None), |(rest, fragment)| (rest, Some(fragment)));
        let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
        let mut new_path = if path.is_empty() { Vec::new() } else { self.fill_path(path, url) };
        let mut query_text = query.unwrap_or_default().to_owned();
        // A question mark that a placeholder brought in parts path and query too.
        if let Some(mark) = memchr::memchr(b'?', &new_path) {
            let injected = new_path.split_off(mark);
            if query_text.is_empty() {
                let injected = before_fragment(injected.get(1..).unwrap_or_default());
                query_text = String::from_utf8_lossy(injected).replace('{', "%7B").replace('}', "%7D");
                if std::str::from_utf8(injected).is_err() {
                    self.doubt("a query that is no UTF-8 is not modelled here");
                }
            }
        }
        // A fragment that a placeholder brought in is lost.
        new_path.truncate(before_fragment(&new_path).len());
        let new_query = self.build_query(&query_text);
        if !path.is_empty() {
            url.path = go::unescape(&new_path, Mode::PathSegment).unwrap_or(new_path);
            url.raw_path.clear();
        }
        if query.is_some() || !query_text.is_empty() {
            url.raw_query = new_query;
        }
        if let Some(fragment) = fragment {
            url.fragment = self.fill(fragment);
        }
    }

    /// The path of a target. The request's own path and that of a file are put in escaped, so that they come out as they
    /// were.
    fn fill_path(&mut self, path: &str, url: &Url) -> Vec<u8> {
        let file = match self.value("http.matchers.file.relative") {
            Value::Known(file) => Some(escape_file(&file)),
            _ => None,
        };
        let own = url.escaped_path();
        let mut out = Vec::new();
        let mut rest = path;
        loop {
            let next = [(PATH, Some(&own)), (FILE, file.as_ref())]
                .into_iter()
                .filter_map(|(name, value)| Some((rest.find(name)?, name, value?)))
                .min_by_key(|(at, ..)| *at);
            let Some((at, name, value)) = next else { break };
            let (before, after) = rest.split_at(at);
            out.extend(self.fill(before));
            out.extend_from_slice(value);
            rest = after.strip_prefix(name).unwrap_or_default();
        }
        out.extend(self.fill(rest));
        out
    }

    /// `buildQueryString`: what placeholders bring in is escaped, but for the query itself where it stands for parameters.
    fn build_query(&mut self, query: &str) -> Vec<u8> {
        let mut out = Vec::new();
        let mut is_name = true;
        let mut rest = query;
        while !rest.is_empty() {
            let end = rest.find(['=', '&']);
            let (part, tail) = rest.split_at(end.unwrap_or(rest.len()));
            let ends_pair = tail.starts_with('&');
            let part = self.fill_with(part, |name, value| match value {
                Some(value) if is_name && name == "http.request.uri.query" => value,
                // What has no value is written as Go prints it.
                value => go::escape(&value.unwrap_or_else(|| b"<nil>".to_vec()), Mode::Query),
            });
            if !is_name {
                out.push(b'=');
            } else if !out.is_empty() && !part.is_empty() {
                out.push(b'&');
            }
            out.extend(part);
            is_name = ends_pair;
            rest = tail.get(1..).unwrap_or_default();
        }
        out
    }

    /// `uri replace`: text in the path as it is escaped, and in the query.
    fn replace_text(&mut self, url: &mut Url, substring: &Substring) {
        if substring.find.is_empty() {
            return;
        }
        let (find, replace) = (self.fill(&substring.find), self.fill(&substring.replace));
        let merge = !doubles(substring.find.as_bytes());
        let limit = substring.limit.unwrap_or(usize::MAX);
        change_path(url, |path| replace_bytes(&clean_path(path, merge), &find, &replace, limit));
        url.raw_query = replace_bytes(&url.raw_query, &find, &replace, limit);
    }

    /// `uri query`: the parameters in the order of their names afterwards.
    fn change_query(&mut self, url: &mut Url, ops: &QueryOps) {
        let mut query = go::parse_query(&url.raw_query);
        for (from, to) in &ops.rename {
            let (from, to) = (self.fill(from), self.fill(to));
            if from.is_empty() || to.is_empty() || from == to || !query.iter().any(|(name, _)| *name == from) {
                continue;
            }
            query.retain(|(name, _)| *name != to);
            query.iter_mut().filter(|(name, _)| *name == from).for_each(|(name, _)| name.clone_from(&to));
        }
        for (name, value) in &ops.set {
            let (name, value) = (self.fill(name), self.fill(value));
            if !name.is_empty() {
                query.retain(|(known, _)| *known != name);
                query.push((name, value));
            }
        }
        for (name, value) in &ops.add {
            let (name, value) = (self.fill(name), self.fill(value));
            if !name.is_empty() {
                query.push((name, value));
            }
        }
        for (name, pattern, replacement) in &ops.replace {
            let (name, replacement) = (self.fill(name), self.fill_known(replacement));
            let replacement = String::from_utf8_lossy(&replacement).into_owned();
            let Some(regexp) = pattern.understood() else {
                self.doubt(format!("the regular expression {:?} is not understood", pattern.source()));
                continue;
            };
            for (_, value) in query.iter_mut().filter(|(known, _)| name == b"*" || *known == name) {
                *value = regexp.replace_all(value, &replacement);
            }
        }
        for name in &ops.delete {
            let name = self.fill(name);
            query.retain(|(known, _)| name.is_empty() || *known != name);
        }
        url.raw_query = go::encode_query(query);
    }
}

/// True if there are two slashes in a row: then several are not made one.
fn doubles(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"//").is_some()
}

/// `escapePathPreservingSlashes`
fn escape_file(path: &[u8]) -> Vec<u8> {
    let parts = path.split(|&byte| byte == b'/').map(|part| go::escape(part, Mode::PathSegment));
    parts.collect::<Vec<_>>().join(&b'/')
}

/// `changePath`: changes the path as it is escaped, and keeps that form where it is not Go's own.
fn change_path(url: &mut Url, change: impl Fn(&[u8]) -> Vec<u8>) {
    let raw = change(&url.escaped_path());
    url.path = match go::unescape(&raw, Mode::PathSegment) {
        Some(path) if !path.is_empty() => path,
        _ => change(&url.path),
    };
    url.raw_path.clear();
    if url.escaped_path() != raw {
        url.raw_path = raw;
    }
}

/// Takes a prefix or suffix off the path as it is escaped, once that is cleaned. What is left begins with a slash and has no
/// dot segments, escaped ones included, as Caddy 2.11.7 has been measured to see to; slashes in a row stay.
fn strip(url: &mut Url, merge: bool, trim: impl Fn(&[u8]) -> Option<Vec<u8>>) {
    let cleaned = clean_path(&url.escaped_path(), merge);
    let Some(mut raw) = trim(&cleaned) else {
        change_path(url, |path| clean_path(path, merge));
        return;
    };
    let decoded = go::unescape(&raw, Mode::PathSegment);
    let is_escaped = decoded.is_some();
    let mut path = decoded.or_else(|| trim(&clean_path(&url.path, merge))).unwrap_or_default();
    if !path.starts_with(b"/") {
        path.insert(0, b'/');
        raw.insert(0, b'/');
    }
    let has_dots = path.split(|&byte| byte == b'/').any(|part| matches!(part, b"." | b".."));
    let kept = is_escaped && !has_dots && raw.starts_with(b"/");
    url.path = if has_dots { clean_path(&path, false) } else { path };
    url.raw_path.clear();
    if kept && url.escaped_path() != raw {
        url.raw_path = raw;
    }
}

/// `trimPathPrefix`: takes a prefix off an escaped path, case ignored; an escape fits the character that it stands for.
/// `None` if the path begins otherwise.
fn trim_prefix(path: &[u8], prefix: &[u8]) -> Option<Vec<u8>> {
    let mut at = 0;
    for &wanted in prefix {
        let mut actual = vec![*path.get(at)?];
        if actual == b"%" && wanted != b'%' && path.len() >= at + 3 {
            actual = go::unescape(path.get(at..at + 3)?, Mode::PathSegment)?;
            at += 2;
        }
        if !same(&actual, wanted) {
            return None;
        }
        at += 1;
    }
    path.get(at..).map(<[u8]>::to_vec)
}

/// `strings.EqualFold` of what was decoded and of a byte of the prefix, which Go takes as a character of that number.
fn same(actual: &[u8], wanted: u8) -> bool {
    match actual {
        [byte] if byte.is_ascii() && wanted.is_ascii() => byte.eq_ignore_ascii_case(&wanted),
        // A lone byte beyond ASCII is a replacement character to Go, and none in the prefix is.
        _ => false,
    }
}

/// `reverse`: the characters in the opposite order.
fn reverse(text: &[u8]) -> Vec<u8> {
    if text.is_ascii() {
        return text.iter().rev().copied().collect();
    }
    let mut chars: Vec<char> = Vec::new();
    for chunk in text.utf8_chunks() {
        chars.extend(chunk.valid().chars());
        chars.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    chars.into_iter().rev().collect::<String>().into_bytes()
}

/// `strings.Replace`: an empty text is found before every character.
fn replace_bytes(text: &[u8], find: &[u8], replace: &[u8], limit: usize) -> Vec<u8> {
    if find.is_empty() {
        let text = String::from_utf8_lossy(text);
        return text.replacen("", &String::from_utf8_lossy(replace), limit).into_bytes();
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    for _ in 0..limit {
        let Some(at) = memchr::memmem::find(rest, find) else { break };
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        out.extend_from_slice(replace);
        rest = rest.get(at + find.len()..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes() {
        for (path, prefix, expected) in [
            ("/api/v1/x", "/api/v1", Some("/x")),
            ("/API/v1/x", "/api/v1", Some("/x")),
            ("/api%2Fv1/a%2Fb", "/api/v1", Some("/a%2Fb")),
            ("/api", "/api/v1", None),
            ("/a%20b/c", "/a b", Some("/c")),
            ("/x%zz", "/xy", None),
        ] {
            let trimmed = trim_prefix(path.as_bytes(), prefix.as_bytes());
            assert_eq!(trimmed.map(|path| String::from_utf8(path).unwrap()).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn what_is_left_is_a_path() {
        for (path, prefix, expected) in [
            ("/api/v1%2Fitems", "/api/v1", "/items"),
            ("/api/v1/%2E/items", "/api/v1", "/items"),
            ("/api/v1/a%2F%2Fb", "/api/v1", "/a%2F%2Fb"),
            ("/api/v1/a%2F%2F%2e%2e%2Fb", "/api/v1", "/a/b"),
            ("/api/v1/x/%2e%2e/y/", "/api/v1", "/y/"),
            ("/api/v1%2F%2Fy", "/api/v1", "//y"),
            ("/api/v1x%2Fb", "/api/v1", "/x%2Fb"),
            ("/api/v1..", "/api/v1", "/"),
            ("/api/v1", "/api/v1", "/"),
            ("/api/v1/..;/x", "/api/v1", "/..;/x"),
            ("/other//%2e/x", "/api/v1", "/other/%2e/x"),
            ("//api//%2e/x", "//api", "//x"),
        ] {
            let mut url = Url::parse_request_uri(path.as_bytes()).unwrap();
            strip(&mut url, !prefix.starts_with("//"), |path| trim_prefix(path, prefix.as_bytes()));
            assert_eq!(String::from_utf8(url.request_uri()).unwrap(), expected, "{path}");
        }
    }

    #[test]
    fn the_form_of_a_path_is_kept() {
        let mut url = Url::parse_request_uri(b"/api/a%2fb/[x]").unwrap();
        change_path(&mut url, |path| trim_prefix(path, b"/api").unwrap());
        assert_eq!(url.request_uri(), b"/a%2fb/[x]");
        change_path(&mut url, |_| Vec::new());
        assert_eq!(url.request_uri(), b"/");
    }
}
