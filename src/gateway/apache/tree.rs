//! A configuration as directives and sections: lines joined and split into words, names of `Define` put in, files included
//! (`server/config.c`, `server/util.c`, 2.4).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::gateway::{ConfigError, Files, NotUnderstood, Place};

/// How deep files may include each other.
const DEEPEST: usize = 16;
/// How deep sections may lie in each other.
const DEEPEST_SECTION: usize = 32;

/// A directive, or a section with what is in it.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Where it stands.
    pub(super) place: Place,
    /// Its name in lower case; of a section without the bracket.
    pub(super) name: String,
    /// Its words, quotes resolved.
    pub(super) words: Vec<String>,
    /// The directive as written.
    pub(super) text: String,
    /// What is in it, of a section.
    pub(super) inside: Option<Vec<Node>>,
}

impl Node {
    /// A word by its number, empty if there are fewer.
    pub(super) fn word(&self, number: usize) -> &str {
        self.words.get(number).map_or("", String::as_str)
    }

    /// True for `On`, case ignored.
    pub(super) fn is_on(&self) -> bool {
        self.word(0).eq_ignore_ascii_case("on")
    }
}

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// The directives, in order.
    pub(super) nodes: Vec<Node>,
    /// The files they are from.
    pub(super) files: Vec<PathBuf>,
    /// What concerns the whole and is not understood.
    pub(super) doubts: Vec<NotUnderstood>,
}

/// Reads files and what they include.
///
/// # Errors
/// For a file that cannot be read and for sections that do not fit together.
pub(super) fn read(paths: &[PathBuf], files: &dyn Files) -> Result<Tree, ConfigError> {
    let mut reading = Reading { files, defined: BTreeMap::new(), root: None, tree: Tree::default(), open: Vec::new() };
    for path in paths {
        if reading.root.is_none() {
            reading.root = path.parent().map(Path::to_owned);
        }
        reading.file(path, 0)?;
    }
    if let Some(open) = reading.open.first() {
        return Err(ConfigError::at(&open.place, format!("<{}> is not closed", open.name)));
    }
    Ok(reading.tree)
}

/// A section that is not closed yet.
struct Open {
    place: Place,
    name: String,
    /// `None` if its contents stand as if it were not there, or do not count.
    node: Option<Node>,
    /// True if what is in it counts.
    counts: bool,
}

struct Reading<'f> {
    files: &'f dyn Files,
    defined: BTreeMap<String, String>,
    root: Option<PathBuf>,
    tree: Tree,
    open: Vec<Open>,
}

impl Reading<'_> {
    fn file(&mut self, path: &Path, depth: usize) -> Result<(), ConfigError> {
        let bytes = self.files.read(path).map_err(|error| ConfigError::unreadable(path, &error))?;
        self.tree.files.push(path.to_owned());
        let text = String::from_utf8_lossy(&bytes);
        let file: Arc<Path> = path.into();
        let mut joined = String::new();
        let mut start = 1;
        for (number, line) in (1u32..).zip(text.lines()) {
            if joined.is_empty() {
                start = number;
            }
            if let Some(line) = line.strip_suffix('\\') {
                joined.push_str(line);
                continue;
            }
            joined.push_str(line);
            let line = std::mem::take(&mut joined);
            self.line(line.trim(), &Place::new(Arc::clone(&file), start), depth)?;
        }
        Ok(())
    }

    fn counts(&self) -> bool {
        self.open.iter().all(|open| open.counts)
    }

    fn push(&mut self, node: Node) {
        let holder = self.open.iter_mut().rev().find_map(|open| open.node.as_mut());
        match holder.and_then(|holder| holder.inside.as_mut()) {
            Some(inside) => inside.push(node),
            None => self.tree.nodes.push(node),
        }
    }

    fn line(&mut self, line: &str, place: &Place, depth: usize) -> Result<(), ConfigError> {
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        if let Some(name) = line.strip_prefix("</") {
            return self.close(name.trim_end_matches('>').trim(), place);
        }
        let line = self.put_in(line);
        if let Some(inside) = line.strip_prefix('<') {
            let inside = inside.strip_suffix('>').unwrap_or(inside);
            return self.begin(inside, place);
        }
        if !self.counts() {
            return Ok(());
        }
        let node = node(&line, place, None);
        match node.name.as_str() {
            "define" => {
                self.defined.insert(node.word(0).to_owned(), node.word(1).to_owned());
            }
            "undefine" => {
                self.defined.remove(node.word(0));
            }
            "serverroot" => self.root = Some(PathBuf::from(node.word(0))),
            "include" | "includeoptional" => self.include(&node, depth)?,
            _ => self.push(node),
        }
        Ok(())
    }

    /// Puts in what `${NAME}` stands for; a name that is not known stays.
    fn put_in(&self, line: &str) -> String {
        let mut out = String::with_capacity(line.len());
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let Some((name, behind)) = after.split_once('}') else {
                out.push_str("${");
                out.push_str(after);
                return out;
            };
            let value = self.defined.get(name).cloned().or_else(|| self.files.variable(name));
            out.push_str(&value.unwrap_or_else(|| format!("${{{name}}}")));
            rest = behind;
        }
        out.push_str(rest);
        out
    }

    fn begin(&mut self, inside: &str, place: &Place) -> Result<(), ConfigError> {
        if self.open.len() >= DEEPEST_SECTION {
            return Err(ConfigError::at(place, "sections lie too deep in each other"));
        }
        let node = node(inside, place, Some(Vec::new()));
        let word = node.word(0).to_owned();
        let (name, counts, transparent) = match node.name.as_str() {
            // Usual modules are taken to be there: what they say would be missed otherwise.
            "ifmodule" | "ifdirective" | "ifsection" => (node.name.clone(), !word.starts_with('!'), true),
            "ifdefine" => {
                let (name, wanted) = word.strip_prefix('!').map_or((word.as_str(), true), |name| (name, false));
                (node.name.clone(), self.defined.contains_key(name) == wanted, true)
            }
            "iffile" => {
                let (name, wanted) = word.strip_prefix('!').map_or((word.as_str(), true), |name| (name, false));
                (node.name.clone(), self.files.read(Path::new(name)).is_ok() == wanted, true)
            }
            "ifversion" => {
                let what = format!("<{inside}>: which release is meant is not modelled");
                self.tree.doubts.push(NotUnderstood::at(place, what));
                (node.name.clone(), true, true)
            }
            _ => (node.name.clone(), true, false),
        };
        let node = (!transparent).then_some(node);
        self.open.push(Open { place: place.clone(), name, node, counts });
        Ok(())
    }

    fn close(&mut self, name: &str, place: &Place) -> Result<(), ConfigError> {
        let Some(open) = self.open.pop() else {
            return Err(ConfigError::at(place, format!("</{name}> without <{name}>")));
        };
        if !open.name.eq_ignore_ascii_case(name) {
            let what = format!("</{name}> closes <{}> of {}", open.name, open.place);
            return Err(ConfigError::at(place, what));
        }
        if let Some(node) = open.node.filter(|_| open.counts && self.counts()) {
            self.push(node);
        }
        Ok(())
    }

    fn include(&mut self, node: &Node, depth: usize) -> Result<(), ConfigError> {
        if depth >= DEEPEST {
            return Err(ConfigError::at(&node.place, "files include each other too deep"));
        }
        let optional = node.name == "includeoptional";
        let named = PathBuf::from(node.word(0));
        let path = match &self.root {
            Some(root) if named.is_relative() => root.join(&named),
            _ => named,
        };
        let found = expand(&path, self.files);
        if found.is_empty() && !optional && !node.word(0).contains(['*', '?', '[']) {
            let what = format!("{}: there is no such file", path.display());
            return Err(ConfigError::at(&node.place, what));
        }
        for path in found {
            self.file(&path, depth + 1)?;
        }
        Ok(())
    }
}

/// The files that a path names, which may be a folder or have wildcards in its parts.
fn expand(path: &Path, files: &dyn Files) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for part in path.components() {
        let part = part.as_os_str();
        let text = part.to_string_lossy();
        if !text.contains(['*', '?', '[']) {
            found = found.into_iter().map(|folder| folder.join(part)).collect();
            continue;
        }
        let inside = found.iter().flat_map(|folder| files.list(folder).unwrap_or_default());
        let fits = |path: &PathBuf| {
            path.file_name().is_some_and(|name| wildcard(text.as_bytes(), name.to_string_lossy().as_bytes()))
        };
        found = inside.filter(fits).collect();
    }
    found
        .into_iter()
        .flat_map(|path| files.list(&path).unwrap_or_else(|_| vec![path]))
        .filter(|path| files.read(path).is_ok())
        .collect()
}

/// True if `text` fits a pattern of `*` and `?`.
pub(super) fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p + 1, t));
                p += 1;
            }
            Some(b'?') => (p, t) = (p + 1, t + 1),
            Some(other) if other == c => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((after, from)) => {
                    star = Some((after, from + 1));
                    (p, t) = (after, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|&b| b == b'*')
}

/// A line as a node.
fn node(line: &str, place: &Place, inside: Option<Vec<Node>>) -> Node {
    let end = line.find(char::is_whitespace).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    Node { place: place.clone(), name: name.to_ascii_lowercase(), words: words(rest), text: line.to_owned(), inside }
}

/// Splits words: blanks part them, quotes hold them together, a backslash escapes a quote or itself inside of quotes
/// (`util.c`, `ap_getword_conf`).
fn words(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if first == '"' || first == '\'' {
            let mut word = String::new();
            let mut chars = rest.char_indices().skip(1).peekable();
            let mut end = rest.len();
            while let Some((at, c)) = chars.next() {
                match c {
                    '\\' => match chars.next_if(|(_, c)| *c == '\\' || *c == first) {
                        Some((_, c)) => word.push(c),
                        None => word.push('\\'),
                    },
                    c if c == first => {
                        end = at + 1;
                        break;
                    }
                    c => word.push(c),
                }
            }
            all.push(word);
            rest = rest.get(end..).unwrap_or_default().trim_start();
        } else {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            all.push(word.to_owned());
            rest = after.trim_start();
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_words_are_split() {
        for (line, expected) in [
            (r" /a http://b", &["/a", "http://b"][..]),
            (r#" "a b" 'c "d"' e\"f"#, &["a b", "c \"d\"", "e\\\"f"]),
            (r#" "a \"b\" \\ \d""#, &["a \"b\" \\ \\d"]),
            ("", &[]),
        ] {
            assert_eq!(words(line), expected, "{line}");
        }
    }

    #[test]
    fn wildcards() {
        for (pattern, text, fits) in [
            ("*.conf", "a.conf", true),
            ("*.conf", "a.confx", false),
            ("a?c*", "abcdef", true),
            ("*a*b*", "xxayyb", true),
            ("", "", true),
            ("*.example.com", "www.example.com", true),
        ] {
            assert_eq!(wildcard(pattern.as_bytes(), text.as_bytes()), fits, "{pattern} {text}");
        }
    }
}
