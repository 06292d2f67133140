//! How Starlette compares a path with a route's template.
//!
//! Source of the rules: Starlette `routing.py` (`compile_path`) and `convertors.py`.

use std::sync::{Arc, OnceLock};

use regex::Regex;

use super::versions::since;
use crate::asgi::Release;

/// A template with the expressions that Starlette makes of it, which its clones share. Two are equal if their texts are.
#[derive(Clone, Debug)]
pub(super) struct Template(Arc<Expressions>);

#[derive(Debug)]
struct Expressions {
    text: String,
    exact: Option<Regex>,
    /// The same with the `uuid` convertor of older releases, where that is used.
    with_strict_uuid: Option<Regex>,
    /// The same with parameters that may span slashes, made when a path is first asked for that way: to make an
    /// expression takes far longer than to match it, and every request that no route takes asks all templates.
    loose: OnceLock<Option<Regex>>,
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Template {}

impl Template {
    /// A route's path.
    pub(super) fn new(text: String) -> Self {
        Self::of(&text.clone(), text)
    }

    /// Everything below a mount point: its border is a segment's.
    pub(super) fn mount(text: String) -> Self {
        Self::of(&format!("{}/{{path:path}}", text.trim_end_matches('/')), text)
    }

    fn of(template: &str, text: String) -> Self {
        let strict = template.contains(":uuid}");
        let with_strict_uuid = strict.then(|| expression(template, strict_convertor)).flatten();
        let exact = expression(template, convertor);
        Self(Arc::new(Expressions { text, exact, with_strict_uuid, loose: OnceLock::new() }))
    }

    /// As it was written.
    pub(super) fn text(&self) -> &str {
        &self.0.text
    }

    /// True if it holds a parameter.
    pub(super) fn has_parameters(&self) -> bool {
        next_parameter(self.text()).is_some()
    }

    /// True if the path is one of it.
    pub(super) fn takes(&self, path: &str, starlette: Release) -> bool {
        self.expression(starlette).is_some_and(|exact| exact.is_match(path))
    }

    /// Of a mount: what is left of the path below it, its slash included.
    pub(super) fn rest(&self, path: &str, starlette: Release) -> Option<String> {
        let found = self.expression(starlette)?.captures(path)?;
        let last = found.iter().skip(1).flatten().last()?;
        Some(format!("/{}", last.as_str()))
    }

    /// True if the path fits once every parameter may span slashes.
    pub(super) fn may_take(&self, path: &str) -> bool {
        let loose = || self.0.loose.get_or_init(|| expression(self.text(), |_| ".*")).as_ref();
        self.text().contains('{') && loose().is_some_and(|loose| loose.is_match(path))
    }

    fn expression(&self, starlette: Release) -> Option<&Regex> {
        match &self.0.with_strict_uuid {
            Some(strict) if starlette < since::LOOSE_UUID => Some(strict),
            _ => self.0.exact.as_ref(),
        }
    }
}

/// `compile_path`. Python's `$` also stands before a line feed that ends the text. `None` if there is no such
/// expression (a template of enormous size), which then takes nothing.
fn expression(template: &str, convertor: fn(&str) -> &'static str) -> Option<Regex> {
    let mut pattern = String::from("^");
    let mut rest = template;
    while let Some((literal, kind, after)) = next_parameter(rest) {
        pattern.push_str(&regex::escape(literal));
        pattern.push('(');
        pattern.push_str(convertor(kind));
        pattern.push(')');
        rest = after;
    }
    pattern.push_str(&regex::escape(rest));
    pattern.push_str(r"\n?$");
    Regex::new(&pattern).ok()
}

/// The text before the first `{name}` or `{name:kind}`, the kind, and what follows.
fn next_parameter(template: &str) -> Option<(&str, &str, &str)> {
    let mut skipped = 0;
    loop {
        let open = skipped + template.get(skipped..)?.find('{')?;
        let inner = template.get(open + 1..)?;
        let close = inner.find('}')?;
        let (name, kind) = inner.get(..close)?.split_once(':').unwrap_or((inner.get(..close)?, "str"));
        if is_identifier(name) && is_identifier(kind) {
            return Some((template.get(..open)?, kind, inner.get(close + 1..)?));
        }
        skipped = open + 1;
    }
}

fn is_identifier(text: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.bytes().all(good) && text.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

/// The expression of a convertor. One the app registered itself is taken for `str`.
fn convertor(kind: &str) -> &'static str {
    match kind {
        "path" => ".*",
        "int" => "[0-9]+",
        "float" => r"[0-9]+(?:\.[0-9]+)?",
        "uuid" => "[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}",
        _ => "[^/]+",
    }
}

/// The same until 0.42.
fn strict_convertor(kind: &str) -> &'static str {
    match kind {
        "uuid" => "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        _ => convertor(kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asgi::framework::versions::NEWEST_STARLETTE;
    use proptest::prelude::*;

    #[test]
    fn which_paths_a_template_takes() {
        for (template, path, takes) in [
            ("/app", "/app", true),
            ("/app", "/app\n", true),
            ("/app", "/app/", false),
            ("/items/{id}", "/items/3", true),
            ("/items/{id}", "/items/3/4", false),
            ("/n/{n:int}", "/n/12", true),
            ("/n/{n:int}", "/n/x", false),
            ("/x/{n:float}", "/x/1.5", true),
            ("/x/{n:float}", "/x/1.", false),
            ("/f/{rest:path}", "/f/", true),
            ("/{a}-{b}.json", "/x-y-z.json", true),
            ("/{!}", "/{!}", true),
        ] {
            assert_eq!(Template::new(template.to_owned()).takes(path, NEWEST_STARLETTE), takes, "{template} {path:?}");
        }
    }

    #[test]
    fn a_uuid_was_stricter_until_0_42() {
        let template = Template::new("/{id:uuid}".to_owned());
        let takes =
            |path| [Release::new(0, 42, 0), Release::new(0, 43, 0)].map(|release| template.takes(path, release));
        assert_eq!(takes("/0b1c2d3e-0b1c-2d3e-0b1c-0b1c2d3e0b1c"), [true, true]);
        assert_eq!(takes("/0B1C2D3E0B1C2D3E0B1C0B1C2D3E0B1C"), [false, true]);
    }

    #[test]
    fn what_a_mount_leaves() {
        let rest = |mount: &str, path| Template::mount(mount.to_owned()).rest(path, NEWEST_STARLETTE);
        assert_eq!(rest("/sub", "/sub/a/b").as_deref(), Some("/a/b"));
        assert_eq!(rest("/sub/", "/sub/").as_deref(), Some("/"));
        assert_eq!(rest("/{tenant}/sub", "/x/sub/a").as_deref(), Some("/a"));
        assert_eq!(rest("/sub", "/sub/a\n").as_deref(), Some("/a"));
        assert_eq!(rest("", "/a").as_deref(), Some("/a"));
        assert_eq!(rest("/sub", "/sub"), None);
        assert_eq!(rest("/sub", "/subs/a"), None);
    }

    proptest! {
        #[test]
        fn any_template_and_any_path_are_fine(template: String, path: String) {
            Template::new(template.clone()).takes(&path, NEWEST_STARLETTE);
            Template::new(template.clone()).may_take(&path);
            Template::mount(template).rest(&path, NEWEST_STARLETTE);
        }

        #[test]
        fn a_template_without_parameters_takes_itself(path in "/[a-z0-9/.+*()-]*") {
            prop_assert!(Template::new(path.clone()).takes(&path, NEWEST_STARLETTE));
        }
    }
}
