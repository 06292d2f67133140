//! The route path: what of `path` is compared with routes, and what a mount hands down.
//!
//! This file exists because Starlette changed its mind about `root_path` five times, and every prefix fault looks
//! different by release. Source: Starlette `_utils.py` (`get_route_path`), `routing.py` (`Mount.matches`, `Router.app`).
//!
//! | release | `path` is to come | taken off `path` |
//! | --- | --- | --- |
//! | until 0.32 | without `root_path` | nothing; a mount takes its own part off `path` |
//! | 0.33, 0.34 | either way | `re.sub("^" + root_path, "", path)`; a mount hands down the rest |
//! | 0.35 to 0.38.3 | with `root_path` | the same, for the `root_path` that mounts grow |
//! | 0.38.4 to 0.39.0 | with `root_path` | the same, at a segment's border |
//! | since 0.39.1 | with `root_path` | `root_path` as text, at a segment's border |

use regex::Regex;

use super::url;
use super::versions::since;
use crate::asgi::{Release, Scope};

/// What Starlette carries along in the scope, beside the keys of the specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// Which Starlette it is.
    pub(super) starlette: Release,
    /// `app_root_path`: the outermost `root_path`, noted by the first mount.
    pub(super) app_root: Option<String>,
    /// `route_path` of 0.33 and 0.34: what the last mount left.
    handed_down: Option<String>,
}

/// The scope and what goes with it, as a request goes down the mounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) scope: Scope,
    pub(super) way: Way,
}

impl Place {
    /// Where a request comes in.
    pub(super) const fn new(scope: Scope, starlette: Release) -> Self {
        Self { scope, way: Way { starlette, app_root: None, handed_down: None } }
    }

    /// What routes are compared with. `None` if `root_path` is a regular expression that is not understood here.
    pub(super) fn route_path(&self) -> Option<String> {
        if let Some(path) = &self.way.handed_down {
            return Some(path.clone());
        }
        let (path, root, starlette) = (&self.scope.path, &self.scope.root_path, self.way.starlette);
        if starlette < since::PATH_IS_KEPT {
            Some(path.clone())
        } else if starlette < since::ROOT_IS_TEXT {
            without_pattern(path, root, starlette >= since::ROOT_HAS_BORDER)
        } else {
            Some(without_text(path, root).unwrap_or(path).to_owned())
        }
    }

    /// False if `path` lacks a `root_path` that this release takes off it.
    pub(super) fn path_has_root(&self) -> bool {
        let (path, root, starlette) = (&self.scope.path, &self.scope.root_path, self.way.starlette);
        root.is_empty()
            || starlette < since::PATH_IS_KEPT
            || if starlette < since::ROOT_IS_TEXT {
                without_pattern(path, root, starlette >= since::ROOT_HAS_BORDER).is_none_or(|rest| rest != *path)
            } else {
                without_text(path, root).is_some()
            }
    }

    /// `URL(scope=…)`
    pub(super) fn url(&self) -> Option<String> {
        url::of_scope(&self.scope, self.way.starlette, &self.scope.path, &self.scope.query_string)
    }

    /// The place a slash redirect leads to: final slashes taken off `path`, or one added. Which, is decided on the
    /// route path.
    pub(super) fn slashed(&self, route_path: &str) -> Self {
        let mut to = self.clone();
        to.scope.path = slashed(&self.scope.path, route_path);
        if (since::PATH_IS_KEPT..since::PATH_HAS_ROOT).contains(&self.way.starlette) {
            to.way.handed_down = Some(slashed(route_path, route_path));
        }
        to
    }

    /// What is mounted sees this: `rest` is what the mount's pattern left of the route path, a slash before it.
    pub(super) fn below_mount(&self, route_path: &str, rest: &str) -> Self {
        let mut below = self.clone();
        // Python counts the rest's characters off the end, a line feed that its `$` left out included.
        let kept = route_path.chars().count().saturating_sub(rest.chars().count());
        let mount: String = route_path.chars().take(kept).collect();
        if (since::PATH_IS_KEPT..since::PATH_HAS_ROOT).contains(&self.way.starlette) {
            below.way.handed_down = Some(rest.to_owned());
            return below;
        }
        below.way.app_root.get_or_insert_with(|| self.scope.root_path.clone());
        below.scope.root_path.push_str(&mount);
        if self.way.starlette < since::PATH_IS_KEPT {
            rest.clone_into(&mut below.scope.path);
        }
        below
    }
}

/// `path` with final slashes taken off if the route path has one, else with one added.
pub(super) fn slashed(path: &str, route_path: &str) -> String {
    if route_path.ends_with('/') { path.trim_end_matches('/').to_owned() } else { format!("{path}/") }
}

/// `path` less `root` where that ends at a segment's border.
fn without_text<'a>(path: &'a str, root: &str) -> Option<&'a str> {
    path.strip_prefix(root).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// `re.sub("^" + root, "", path)`, with `(?=/|$)` behind it if there is to be a border.
fn without_pattern(path: &str, root: &str, border: bool) -> Option<String> {
    if root.is_empty() {
        return Some(path.to_owned());
    }
    if !is_simple_pattern(root) {
        return None;
    }
    // Python's `$` also stands before a line feed that ends the text.
    let border = if border { r"(?:/|\n?\z)" } else { "" };
    let pattern = Regex::new(&format!("^({}){border}", literal_but_dots(root))).ok()?;
    let end = pattern.captures(path).and_then(|found| found.get(1)).map_or(0, |root| root.end());
    path.get(end..).map(str::to_owned)
}

/// True if Python and this crate read `root` as the same expression: characters that stand for themselves, dots, and
/// single repetitions of one of these.
fn is_simple_pattern(root: &str) -> bool {
    let is_repeat = |c: char| matches!(c, '*' | '+' | '?');
    let mut after_repeat = true;
    root.chars().all(|c| {
        let twice = after_repeat && is_repeat(c);
        after_repeat = is_repeat(c);
        !twice && !"()[]{}|^$\\".contains(c)
    })
}

/// The expression with everything escaped that this crate, and not Python, might read otherwise.
fn literal_but_dots(root: &str) -> String {
    root.chars().fold(String::new(), |mut pattern, c| {
        if matches!(c, '.' | '*' | '+' | '?') {
            pattern.push(c);
        } else {
            pattern.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
        }
        pattern
    })
}
