//! The files of a configuration: `include`, the dump that `nginx -T` prints, and templates with variables of the
//! environment.
//!
//! Names are looked up as nginx does, relative to the folder of the main file. A configuration is often read far from the
//! machine it is for, so a file that is not there is looked for where a copy would lie, and what every installation has
//! (`mime.types`, `proxy_params`, …) is known by itself.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::tree::{Directive, parse};
use super::{builtin, glob};
use crate::gateway::{ConfigError, Files};

/// What `nginx -T` prints before each file.
const MARKER: &[u8] = b"# configuration file ";
/// The folder that a package of nginx has its configuration in.
const INSTALLED: &str = "/etc/nginx";
/// Files that one configuration may have: includes that double at each level would never end.
const MOST_FILES: usize = 10_000;
/// Includes within each other.
const DEEPEST: usize = 32;

/// A configuration with all that it includes in its place.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) tree: Vec<Directive>,
    /// Every file that was read, in order.
    pub(super) files: Vec<PathBuf>,
    /// The names by which places tell files, in the order of reading.
    pub(super) order: Vec<Arc<Path>>,
}

/// Reads a main file, and further ones as if they were included at its end.
///
/// # Errors
/// What nginx refuses: a fault in a file, or an `include` of a file that is not there.
pub(super) fn load(paths: &[PathBuf], files: &dyn Files) -> Result<Loaded, ConfigError> {
    let mut loader = Loader {
        files,
        folder: PathBuf::new(),
        dumped: BTreeMap::new(),
        open: Vec::new(),
        count: 0,
        read: Vec::new(),
        order: Vec::new(),
    };
    let mut tree = Vec::new();
    for path in paths {
        tree.extend(loader.main(path)?);
    }
    Ok(Loaded { tree, files: loader.read, order: loader.order })
}

struct Loader<'a> {
    files: &'a dyn Files,
    /// The folder of the main file.
    folder: PathBuf,
    /// Files out of a dump, by name.
    dumped: BTreeMap<PathBuf, Vec<u8>>,
    /// The files that are being read, outermost first.
    open: Vec<PathBuf>,
    count: usize,
    read: Vec<PathBuf>,
    order: Vec<Arc<Path>>,
}

impl Loader<'_> {
    /// A file that is named by the user: a configuration or a dump.
    fn main(&mut self, path: &Path) -> Result<Vec<Directive>, ConfigError> {
        let bytes = self.files.read(path).map_err(|error| ConfigError::unreadable(path, &error))?;
        self.read.push(path.to_owned());
        let mut parts = dump(&bytes).into_iter();
        let (main, bytes) = match parts.next() {
            Some((main, part)) => {
                self.dumped = parts.map(|(name, part)| (name, part.to_vec())).collect();
                (main, Cow::Borrowed(part))
            }
            None => (path.to_owned(), Cow::Borrowed(bytes.as_slice())),
        };
        main.parent().unwrap_or(Path::new("")).clone_into(&mut self.folder);
        self.file(&main, &bytes)
    }

    /// A file's directives, includes resolved.
    fn file(&mut self, path: &Path, bytes: &[u8]) -> Result<Vec<Directive>, ConfigError> {
        let name: Arc<Path> = Arc::from(path);
        let tree = parse(&name, &with_variables(path, bytes, self.files))?;
        if !self.order.contains(&name) {
            self.order.push(name);
        }
        self.open.push(path.to_owned());
        let resolved = self.resolve(tree);
        self.open.pop();
        resolved
    }

    fn resolve(&mut self, tree: Vec<Directive>) -> Result<Vec<Directive>, ConfigError> {
        let mut out = Vec::with_capacity(tree.len());
        for mut directive in tree {
            if directive.name == "include" && directive.block.is_none() {
                out.extend(self.include(&directive)?);
            } else {
                directive.block = directive.block.map(|block| self.resolve(block)).transpose()?;
                out.push(directive);
            }
        }
        Ok(out)
    }

    fn include(&mut self, directive: &Directive) -> Result<Vec<Directive>, ConfigError> {
        let [name] = directive.args.as_slice() else {
            return Err(directive.wrong("it takes one file name or pattern"));
        };
        let name = String::from_utf8_lossy(name);
        if glob::is_pattern(&name) {
            let mut out = Vec::new();
            for path in self.matching(&name) {
                out.extend(self.one(&path, directive)?);
            }
            return Ok(out);
        }
        self.one(Path::new(&*name), directive)
    }

    /// One file, by its name as written or as found.
    fn one(&mut self, name: &Path, directive: &Directive) -> Result<Vec<Directive>, ConfigError> {
        self.count += 1;
        if self.count > MOST_FILES || self.open.len() > DEEPEST {
            return Err(directive.wrong(format!("{}: too many files include each other", name.display())));
        }
        let whole = self.folder.join(name);
        if let Some(bytes) = self.dumped.get(&whole).cloned() {
            self.not_open(&whole, directive)?;
            return self.file(&whole, &bytes);
        }
        let mut failed = None;
        for path in self.places(name) {
            self.not_open(&path, directive)?;
            match self.files.read(&path) {
                Ok(bytes) => {
                    if !self.read.contains(&path) {
                        self.read.push(path.clone());
                    }
                    return self.file(&path, &bytes);
                }
                Err(error) => {
                    failed.get_or_insert((path, error));
                }
            }
        }
        if let Some(bytes) = builtin::file(name) {
            return self.file(&whole, bytes);
        }
        Err(directive.wrong(match failed {
            Some((path, error)) => format!("cannot read {}: {error}", path.display()),
            None => format!("{} is not in the dump", name.display()),
        }))
    }

    fn not_open(&self, path: &Path, directive: &Directive) -> Result<(), ConfigError> {
        if self.open.iter().any(|open| open == path) {
            return Err(directive.wrong(format!("{} includes itself", path.display())));
        }
        Ok(())
    }

    /// Where a file may lie: as nginx looks for it, and where it lies if the configuration was copied as a whole, or if
    /// one site of it is read (`sites-enabled/app`, whose includes are relative to the folder above).
    fn places(&self, name: &Path) -> Vec<PathBuf> {
        if !self.dumped.is_empty() {
            return Vec::new();
        }
        let installed = Path::new(INSTALLED);
        let mut places = Vec::new();
        if let Ok(below) = name.strip_prefix(installed)
            && !self.folder.starts_with(installed)
        {
            places.push(self.folder.join(below));
            places.extend(self.folder.parent().map(|above| above.join(below)));
        }
        places.push(self.folder.join(name));
        if name.is_relative() && !self.folder.ends_with("nginx") {
            places.extend(self.folder.parent().map(|above| above.join(name)));
        }
        places
    }

    /// The files that a pattern stands for, in the order of their names; nginx takes it that there are none.
    fn matching(&self, pattern: &str) -> Vec<PathBuf> {
        if !self.dumped.is_empty() {
            let whole = self.folder.join(pattern);
            let fits = |path: &&PathBuf| path_fits(&whole, path);
            return self.dumped.keys().filter(fits).cloned().collect();
        }
        for place in self.places(Path::new(pattern)) {
            let found = self.expand(&place);
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    /// The paths that fit a pattern, which may have stars in the names of folders too.
    fn expand(&self, pattern: &Path) -> Vec<PathBuf> {
        let mut found = vec![PathBuf::new()];
        for part in pattern.components() {
            let text = part.as_os_str().to_string_lossy();
            found = if glob::is_pattern(&text) {
                let below = |folder: &PathBuf| {
                    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
                    self.files.list(folder).unwrap_or_default()
                };
                found.iter().flat_map(below).filter(|path| name_fits(&text, path)).collect()
            } else {
                found.into_iter().map(|path| path.join(part)).collect()
            };
            if found.len() > MOST_FILES {
                return Vec::new();
            }
        }
        found.sort();
        found
    }
}

fn name_fits(pattern: &str, path: &Path) -> bool {
    path.file_name().is_some_and(|name| glob::fits(pattern, &name.to_string_lossy()))
}

/// A path against a pattern, part by part.
fn path_fits(pattern: &Path, path: &Path) -> bool {
    pattern.components().count() == path.components().count()
        && pattern.components().zip(path.components()).all(|(pattern, part)| {
            glob::fits(&pattern.as_os_str().to_string_lossy(), &part.as_os_str().to_string_lossy())
        })
}

/// The files of a dump with their names, the main one first; none if it is no dump.
fn dump(bytes: &[u8]) -> Vec<(PathBuf, &[u8])> {
    let mut marks: Vec<(usize, usize, PathBuf)> = Vec::new();
    let mut start = 0;
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        let end = start + line.len();
        let name = line.trim_ascii_end().strip_prefix(MARKER).and_then(|rest| rest.strip_suffix(b":"));
        if let Some(name) = name {
            marks.push((start, end, PathBuf::from(String::from_utf8_lossy(name).into_owned())));
        }
        start = end;
    }
    let ends: Vec<usize> = marks.iter().skip(1).map(|mark| mark.0).chain([bytes.len()]).collect();
    let part =
        |((_, start, name), end): ((usize, usize, PathBuf), usize)| (name, bytes.get(start..end).unwrap_or_default());
    marks.into_iter().zip(ends).map(part).collect()
}

/// The text with variables of the environment filled in, as the official images do with `envsubst` before nginx starts.
///
/// Only names in capitals are taken: those of nginx are written small. `$NAME` without braces only in a file that is
/// called a template.
fn with_variables<'b>(path: &Path, bytes: &'b [u8], files: &dyn Files) -> Cow<'b, [u8]> {
    let template = path.extension().is_some_and(|end| end == "template");
    let mut out: Vec<u8> = Vec::new();
    let mut done = 0;
    for dollar in memchr::memchr_iter(b'$', bytes) {
        let Some(rest) = bytes.get(dollar + 1..) else { continue };
        let (name, braces) = match rest.strip_prefix(b"{") {
            Some(inside) => (capitals(inside), true),
            None => (capitals(rest), false),
        };
        if name.is_empty() || (braces && rest.get(name.len() + 1) != Some(&b'}')) || !(braces || template) {
            continue;
        }
        let Some(value) = std::str::from_utf8(name).ok().and_then(|name| files.variable(name)) else { continue };
        out.extend_from_slice(bytes.get(done..dollar).unwrap_or_default());
        out.extend_from_slice(value.as_bytes());
        done = dollar + 1 + name.len() + if braces { 2 } else { 0 };
    }
    if done == 0 {
        return Cow::Borrowed(bytes);
    }
    out.extend_from_slice(bytes.get(done..).unwrap_or_default());
    Cow::Owned(out)
}

/// The name of a variable in capitals at the start of a text; empty if there is none.
fn capitals(text: &[u8]) -> &[u8] {
    let letter = |byte: &u8| byte.is_ascii_uppercase() || *byte == b'_' || byte.is_ascii_digit();
    let end = text.iter().position(|byte| !letter(byte)).unwrap_or(text.len());
    let name = text.get(..end).unwrap_or_default();
    if name.first().is_some_and(u8::is_ascii_digit) { &[] } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::InMemory;

    fn memory(files: &[(&str, &str)]) -> InMemory {
        let empty = InMemory::default().with("PORT", "8080");
        files.iter().fold(empty, |files, (name, text)| files.file(name, *text))
    }

    fn lines(files: &[(&str, &str)], main: &str) -> Vec<String> {
        let loaded = load(&[main.into()], &memory(files)).unwrap();
        loaded.tree.iter().map(|directive| format!("{}: {directive}", directive.place)).collect()
    }

    #[test]
    fn includes_are_put_in_place() {
        let files = [
            ("c/nginx.conf", "a 1; include conf.d/*.conf; include /etc/nginx/b; include proxy_params; z 9;"),
            ("c/conf.d/2.conf", "c 2;"),
            ("c/conf.d/1.conf", "\nc 1;"),
            ("c/conf.d/.hidden.conf", "h 1;"),
            ("c/b", "b 1;"),
        ];
        let lines = lines(&files, "c/nginx.conf");
        assert_eq!(
            lines[..4],
            ["c/nginx.conf:1: a 1", "c/conf.d/1.conf:2: c 1", "c/conf.d/2.conf:1: c 2", "c/b:1: b 1"]
        );
        assert_eq!(lines[4], "c/proxy_params:1: proxy_set_header Host $host");
        assert_eq!(lines.last().unwrap(), "c/nginx.conf:1: z 9");
    }

    #[test]
    fn includes_that_cannot_be() {
        for (files, want) in [
            (&[("n", "\ninclude x;")][..], "n:2: include: cannot read x: entity not found"),
            (&[("n", "include a;"), ("a", "include n;")], "a:1: include: n includes itself"),
            (&[("n", "include a b;")], "n:1: include: it takes one file name or pattern"),
        ] {
            assert_eq!(load(&["n".into()], &memory(files)).unwrap_err().to_string(), want);
        }
        // Each file twice the next one: a hundred of them would never end.
        let chain: Vec<(String, String)> =
            (0..100).map(|n| (format!("f{n}"), format!("include f{}; include f{};", n + 1, n + 1))).collect();
        let chain: Vec<(&str, &str)> = chain.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        assert!(load(&["f0".into()], &memory(&chain)).is_err());
    }

    #[test]
    fn a_dump_is_read_as_its_files() {
        let dump = "nginx: configuration file /etc/nginx/nginx.conf test is successful\n\
                    # configuration file /etc/nginx/nginx.conf:\n\ninclude conf.d/*.conf;\n\
                    # configuration file /etc/nginx/conf.d/a.conf:\na 1;\n";
        assert_eq!(lines(&[("dump.txt", dump)], "dump.txt"), ["/etc/nginx/conf.d/a.conf:1: a 1"]);
    }

    #[test]
    fn variables_of_the_environment() {
        assert_eq!(lines(&[("n", "listen ${PORT} ${HOME_X} $PORT;")], "n"), ["n:1: listen 8080 ${HOME_X} $PORT"]);
        assert_eq!(lines(&[("n.template", "listen $PORT;")], "n.template"), ["n.template:1: listen 8080"]);
    }
}
