//! Middlewares that change the path: stripPrefix, stripPrefixRegex, addPrefix, replacePath, replacePathRegex.
//!
//! Traefik 3.7, `pkg/middlewares/{stripprefix,stripprefixregex,addprefix,replacepath,replacepathregex}`.

use super::Layer;
use crate::gateway::document::At;
use crate::gateway::go::{Mode, Regexp, Url, status_text, unescape};
use crate::gateway::traefik::entry::error;
use crate::gateway::traefik::journey::{Flow, Journey};
use crate::gateway::{Place, Step, StepKind};

/// A change of the path.
#[derive(Clone, Debug)]
pub(in crate::gateway::traefik) enum PathChange {
    /// The first of these that the path begins with is cut off.
    Strip { prefixes: Vec<At<String>>, force_slash: bool },
    /// What the first of these that matches finds is cut off, if the path begins with it.
    StripRegexp(Vec<(Regexp, At<String>)>),
    /// This is put before it.
    Add(String),
    /// This takes its place.
    Replace(String),
    /// What is found is replaced, if anything is.
    ReplaceRegexp { regexp: Regexp, written: String, replacement: String },
}

impl PathChange {
    /// What becomes of the path, in a word or two.
    pub(super) fn word(&self) -> String {
        match self {
            Self::Strip { prefixes, .. } => format!("strip {}", names(prefixes)),
            Self::StripRegexp(regexps) => {
                format!(
                    "strip {}",
                    regexps.iter().map(|(_, written)| written.value.as_str()).collect::<Vec<_>>().join(", ")
                )
            }
            Self::Add(prefix) => format!("add {prefix}"),
            Self::Replace(path) => format!("to {path}"),
            Self::ReplaceRegexp { written, replacement, .. } => format!("{written} to {replacement}"),
        }
    }

    pub(super) fn meet(&self, layer: &Layer, journey: &mut Journey) -> Flow {
        match self {
            Self::Strip { prefixes, force_slash } => strip(layer, journey, prefixes, *force_slash),
            Self::StripRegexp(regexps) => strip_regexp(layer, journey, regexps),
            Self::Add(prefix) => {
                let url = &mut journey.request.url;
                url.path = rooted([prefix.as_bytes(), &url.path].concat());
                if !url.raw_path.is_empty() {
                    url.raw_path = rooted([prefix.as_bytes(), &url.raw_path].concat());
                }
                journey.rewritten();
                journey.path_step(layer.step(StepKind::Path, format!("addPrefix {prefix}")));
                Flow::Pass
            }
            Self::Replace(path) => {
                let text = format!("replacePath {path}");
                replace(layer, journey, path.as_bytes().to_vec(), text, false)
            }
            Self::ReplaceRegexp { regexp, written, replacement } => {
                let current = current_path(&journey.request.url);
                if !regexp.is_match(&current) {
                    let text = format!("replacePathRegex {written} does not match");
                    journey.path_step(layer.step(StepKind::Path, text));
                    return Flow::Pass;
                }
                let path = regexp.replace_all(&current, replacement);
                let checks = journey.behaviour.checks_replaced;
                replace(layer, journey, path, format!("replacePathRegex {written} to {replacement}"), checks)
            }
        }
    }
}

fn names(prefixes: &[At<String>]) -> String {
    prefixes.iter().map(|prefix| prefix.value.trim()).collect::<Vec<_>>().join(", ")
}

fn strip(layer: &Layer, journey: &mut Journey, prefixes: &[At<String>], force_slash: bool) -> Flow {
    let found = prefixes.iter().map(|prefix| (prefix.value.trim(), &prefix.place));
    let Some((prefix, place)) =
        found.into_iter().find(|(prefix, _)| journey.request.url.path.starts_with(prefix.as_bytes()))
    else {
        let text = format!("stripPrefix {}: the path begins otherwise", names(prefixes));
        journey.path_step(layer.step(StepKind::Path, text));
        return Flow::Pass;
    };
    let by_character = journey.behaviour.strips_by_character;
    let url = &mut journey.request.url;
    url.path = cut(&url.path, prefix.len(), force_slash);
    if !url.raw_path.is_empty() {
        let encoded = &url.raw_path;
        let length = if by_character {
            encoded_length(encoded, prefix.len())
        } else if encoded.starts_with(prefix.as_bytes()) {
            prefix.len()
        } else {
            0
        };
        url.raw_path = cut(encoded, length, force_slash);
    }
    stripped(layer, journey, prefix.as_bytes(), format!("stripPrefix {prefix}"), place)
}

fn strip_regexp(layer: &Layer, journey: &mut Journey, regexps: &[(Regexp, At<String>)]) -> Flow {
    let found = regexps.iter().find_map(|(regexp, written)| {
        let prefix = regexp.find(&journey.request.url.path).filter(|found| !found.is_empty())?;
        journey.request.url.path.starts_with(prefix).then(|| (prefix.to_vec(), written))
    });
    let Some((prefix, written)) = found else {
        let all: Vec<_> = regexps.iter().map(|(_, written)| written.value.as_str()).collect();
        let text = format!("stripPrefixRegex {}: the path begins otherwise", all.join(", "));
        journey.path_step(layer.step(StepKind::Path, text));
        return Flow::Pass;
    };
    let by_character = journey.behaviour.strips_by_character;
    let url = &mut journey.request.url;
    url.path = rooted(url.path.get(prefix.len()..).unwrap_or_default().to_vec());
    if !url.raw_path.is_empty() {
        let length = if by_character { encoded_length(&url.raw_path, prefix.len()) } else { prefix.len() };
        url.raw_path = rooted(url.raw_path.get(length..).unwrap_or_default().to_vec());
    }
    let text = format!("stripPrefixRegex {}", written.value);
    stripped(layer, journey, &prefix, text, &written.place)
}

/// Ends a strip: the path must be clean, and the prefix is told.
fn stripped(layer: &Layer, journey: &mut Journey, prefix: &[u8], text: String, place: &Place) -> Flow {
    let step = Step::at(StepKind::Path, text, place);
    let clean = !journey.behaviour.cleans_stripped || is_clean(&mut journey.request.url);
    if journey.behaviour.checks_stripped && !clean {
        journey.path_step(step);
        return refused(layer, journey);
    }
    journey.request.header.add("X-Forwarded-Prefix", prefix);
    journey.rewritten();
    journey.path_step(step);
    let text = format!("X-Forwarded-Prefix: {}", String::from_utf8_lossy(prefix));
    journey.steps.push(Step::at(StepKind::Field("X-Forwarded-Prefix".to_owned()), text, place));
    Flow::Pass
}

/// Puts another path in the place of the old one, which is told in `X-Replaced-Path`.
fn replace(layer: &Layer, journey: &mut Journey, encoded: Vec<u8>, text: String, checks: bool) -> Flow {
    let old = current_path(&journey.request.url);
    journey.request.header.add("X-Replaced-Path", old.clone());
    let decoded = unescape(&encoded, Mode::PathSegment);
    journey.request.url.raw_path = encoded;
    let Some(decoded) = decoded else {
        journey.steps.push(layer.step(StepKind::Answer, format!("{text}: the path that comes of it has a bad escape")));
        return Flow::Answer(error(500, "invalid URL escape"));
    };
    journey.request.url.path = decoded;
    journey.rewritten();
    journey.path_step(layer.step(StepKind::Path, text));
    let told = format!("X-Replaced-Path: {}", String::from_utf8_lossy(&old));
    journey.steps.push(layer.step(StepKind::Field("X-Replaced-Path".to_owned()), told));
    // The target that is sent on is the one from before this check.
    if checks && !is_clean(&mut journey.request.url) {
        return refused(layer, journey);
    }
    Flow::Pass
}

fn refused(layer: &Layer, journey: &mut Journey) -> Flow {
    journey.steps.push(layer.step(StepKind::Answer, "a path that is not clean afterwards is refused"));
    Flow::Answer(error(400, status_text(400)))
}

/// The encoded path, or how Go encodes it.
fn current_path(url: &Url) -> Vec<u8> {
    if url.raw_path.is_empty() { url.escaped_path() } else { url.raw_path.clone() }
}

/// Cleans a path that is not empty; false if that changed it.
fn is_clean(url: &mut Url) -> bool {
    let before = url.path.clone();
    if !before.is_empty() {
        url.clean_path();
    }
    url.path == before
}

/// `ensureLeadingSlash`
fn rooted(path: Vec<u8>) -> Vec<u8> {
    if path.is_empty() || path.starts_with(b"/") { path } else { [b"/", path.as_slice()].concat() }
}

fn cut(path: &[u8], length: usize, force_slash: bool) -> Vec<u8> {
    let rest = path.get(length..).unwrap_or_default();
    if force_slash { [b"/", rest.strip_prefix(b"/").unwrap_or(rest)].concat() } else { rooted(rest.to_vec()) }
}

/// `encodedPrefixLen`: how many bytes of an encoded path make so many of the decoded one.
fn encoded_length(encoded: &[u8], decoded: usize) -> usize {
    let mut at = 0;
    for _ in 0..decoded {
        match encoded.get(at) {
            Some(b'%') if at + 2 < encoded.len() => at += 3,
            Some(_) => at += 1,
            None => break,
        }
    }
    at
}
