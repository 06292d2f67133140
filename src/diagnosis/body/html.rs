//! The addresses that a page names: attributes that hold one, `url()` in styles, and what the pages that show an API load.
//!
//! This is no parser of HTML. It walks over tags as a browser does, without building a tree, and forgives everything: what it
//! misreads costs one address.

use std::borrow::Cow;

use super::{By, Content};

/// What stands before the description's address in the pages that FastAPI and others make (Swagger UI, `ReDoc`).
const SCHEMA_MARKS: [&str; 4] = ["url: '", "url: \"", "spec-url=\"", "spec-url='"];
/// What only a page that shows an API holds.
const SCHEMA_PAGES: [&str; 2] = ["SwaggerUIBundle", "<redoc"];
/// How far a tag may be from its `<`.
const LONGEST_TAG: usize = 64 << 10;

/// Notes what the page names.
pub(super) fn read(text: &str, content: &mut Content) {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('<') {
        rest = if let Some(comment) = after.strip_prefix("!--") {
            comment.split_once("-->").map_or("", |(_, after)| after)
        } else if after.starts_with(|c: char| c.is_ascii_alphabetic()) {
            tag(after, content)
        } else {
            after
        };
    }
    content.schema = schema(text);
}

/// Reads a tag from its name on; gives what is behind it, and behind the text of a script or style.
fn tag<'a>(text: &'a str, content: &mut Content) -> &'a str {
    let (name, mut rest) = split(text, |c| c.is_ascii_whitespace() || matches!(c, '>' | '/'));
    let name = name.to_ascii_lowercase();
    let begin = rest.len();
    let (mut source, mut loads) = (Vec::new(), name != "link");
    while let Some(attribute) = next_attribute(&mut rest) {
        let key = attribute.name.to_ascii_lowercase();
        if key == "rel" && name == "link" {
            loads = attribute.value.split_ascii_whitespace().any(|rel| is_loaded(&rel.to_ascii_lowercase()));
        } else if key == "style" {
            styles(attribute.value, content);
        } else {
            source.extend(by(&name, &key).map(|by| (by, attribute.value)));
        }
        if begin.saturating_sub(rest.len()) > LONGEST_TAG {
            break;
        }
    }
    for (by, value) in source {
        let url = resolved(value.trim());
        match (by, name.as_str()) {
            (_, "base") => content.base = content.base.take().or(Some(url.into_owned())),
            (By::Load, "link") if !loads => content.note(url, By::Link),
            _ => content.note(url, by),
        }
    }
    match name.as_str() {
        "script" | "style" | "textarea" | "title" => {
            let (inside, behind) = until_end(rest, &name);
            if name == "style" {
                styles(inside, content);
            }
            behind
        }
        _ => rest,
    }
}

/// What an attribute's address is for; `None` if it holds none.
fn by(tag: &str, key: &str) -> Option<By> {
    match (tag, key) {
        ("a" | "area" | "base", "href") => Some(By::Link),
        ("link", "href") => Some(By::Load),
        ("form", "action") | ("button" | "input", "formaction") => Some(By::Form),
        (_, "src") | ("video", "poster") | ("object", "data") | ("image" | "use", "href" | "xlink:href") => {
            Some(By::Load)
        }
        _ => None,
    }
}

/// Kinds of `<link>` that a browser asks for by itself.
fn is_loaded(rel: &str) -> bool {
    matches!(rel, "stylesheet" | "icon" | "preload" | "modulepreload" | "manifest" | "apple-touch-icon")
}

/// A name and what stands behind its `=`.
struct Attribute<'a> {
    name: &'a str,
    value: &'a str,
}

/// The tag's next attribute; `None` at its end, which is passed.
fn next_attribute<'a>(rest: &mut &'a str) -> Option<Attribute<'a>> {
    *rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
    if rest.is_empty() {
        return None;
    }
    if let Some(behind) = rest.strip_prefix('>') {
        *rest = behind;
        return None;
    }
    // A name begins with any one character, `=` too.
    let first = rest.chars().next().map_or(0, char::len_utf8);
    let end = rest.get(first..)?.find(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/' | '='));
    let (name, after) = rest.split_at_checked(end.map_or(rest.len(), |end| end + first))?;
    *rest = after;
    let Some(value) = after.trim_ascii_start().strip_prefix('=') else { return Some(Attribute { name, value: "" }) };
    let value = value.trim_ascii_start();
    let quoted = ['"', '\''].into_iter().find_map(|quote| Some((quote, value.strip_prefix(quote)?)));
    let (value, after) = match quoted {
        Some((quote, inside)) => inside.split_once(quote).unwrap_or((inside, "")),
        None => split(value, |c| c.is_ascii_whitespace() || c == '>'),
    };
    *rest = after;
    Some(Attribute { name, value })
}

/// The text up to `</name`, and what is behind it.
fn until_end<'a>(text: &'a str, name: &str) -> (&'a str, &'a str) {
    let ends = |at: usize| {
        let after = text.get(at + 2..).unwrap_or_default();
        after.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name))
    };
    let end = text.match_indices("</").map(|(at, _)| at).find(|&at| ends(at));
    end.and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""))
}

/// The addresses in `url()`.
fn styles(text: &str, content: &mut Content) {
    for inside in text.split("url(").skip(1) {
        let Some((url, _)) = inside.split_once(')') else { continue };
        let url = url.trim().trim_matches(['"', '\'']);
        content.note(resolved(url), By::Load);
    }
}

/// The first `border` and what is before it.
fn split(text: &str, border: impl Fn(char) -> bool) -> (&str, &str) {
    text.find(border).and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""))
}

/// The entities that addresses are written with.
fn resolved(value: &str) -> Cow<'_, str> {
    if !value.contains('&') {
        return Cow::Borrowed(value);
    }
    let slashes = value.replace("&#x2F;", "/").replace("&#x2f;", "/").replace("&#47;", "/");
    Cow::Owned(slashes.replace("&#x3D;", "=").replace("&quot;", "\"").replace("&#x27;", "'").replace("&amp;", "&"))
}

/// Where a page that shows an API loads the description from.
fn schema(text: &str) -> Option<String> {
    if !SCHEMA_PAGES.iter().any(|mark| text.contains(mark)) {
        return None;
    }
    SCHEMA_MARKS.iter().find_map(|mark| {
        let (_, after) = text.split_once(mark)?;
        let (url, _) = after.split_once(['\'', '"'])?;
        Some(resolved(url).into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(page: &str) -> Vec<(String, By)> {
        let mut content = Content::default();
        read(page, &mut content);
        content.addresses.into_iter().map(|address| (address.url, address.by)).collect()
    }

    #[test]
    fn what_holds_an_address() {
        for (page, url, by) in [
            (r#"<script type="module" crossorigin src="/assets/index.js"></script>"#, "/assets/index.js", By::Load),
            ("<IMG SRC=/logo.png alt=x>", "/logo.png", By::Load),
            ("<link rel='stylesheet' href='/app.css'/>", "/app.css", By::Load),
            ("<link href=/x rel=canonical>", "/x", By::Link),
            ("<a\n href = \"/next?a=1&amp;b=2\">", "/next?a=1&b=2", By::Link),
            ("<form method=post action=http://h/login>", "http://h/login", By::Form),
            ("<p style=\"background: url('/b.png')\">", "/b.png", By::Load),
            ("<style>@import url(/c.css);</style>", "/c.css", By::Load),
            ("<a x\"<img src=/d.png>", "/d.png", By::Load),
        ] {
            assert_eq!(addresses(page).first(), Some(&(url.to_owned(), by)), "{page}");
        }
    }

    #[test]
    fn what_only_looks_like_one() {
        for page in [
            "<!-- <img src=/a.png> -->",
            "<script>var t = '<img src=/a.png>';</script>",
            "<p>src=/a.png</p>",
            "< img src=/a.png>",
            "<p title='<img src=/a.png>'>",
        ] {
            assert_eq!(addresses(page), [], "{page}");
        }
    }

    #[test]
    fn a_base_is_no_link_of_its_own() {
        let mut content = Content::default();
        read("<base href=\"/api/v1/\"><script src=app.js></script>", &mut content);
        assert_eq!((content.base.as_deref(), content.addresses.len()), (Some("/api/v1/"), 1));
    }

    #[test]
    fn where_the_description_is_loaded_from() {
        for (page, expected) in [
            ("<script>const ui = SwaggerUIBundle({\n    url: '/openapi.json',</script>", Some("/openapi.json")),
            ("<redoc spec-url=\"/api/v1/openapi.json\"></redoc>", Some("/api/v1/openapi.json")),
            ("<script>fetch({url: '/openapi.json'})</script>", None),
        ] {
            assert_eq!(schema(page).as_deref(), expected, "{page}");
        }
    }
}
