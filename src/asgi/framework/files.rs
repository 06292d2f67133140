//! `StaticFiles`: which file a path names, among files that are known by their names.
//!
//! Source of the rules: Starlette `staticfiles.py` (`get_path`, `get_response`, `lookup_path`). Symbolic links are not
//! known here, and neither are a file's times and tag: conditional requests for a file that exists have no answer.

use super::answer::Prediction;
use super::route_path::Place;
use super::url;
use super::versions::since;
use crate::asgi::{Release, Scope, ScopeType};

/// The longest name a directory entry may have, and the longest path a system call takes (Linux).
const LONGEST_NAME: usize = 255;
const LONGEST_PATH: usize = 4095;

/// A directory of static files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// All files in it: paths relative to the directory, with slashes between.
    pub paths: Vec<String>,
    /// `StaticFiles(html=True)`: directories have an `index.html`, and there may be a `404.html`.
    pub html: bool,
}

/// What a path is in the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    File,
    Directory,
    Nothing,
}

impl Files {
    /// What the directory answers at this place.
    pub(super) fn answer(&self, place: &Place) -> Prediction {
        let (scope, starlette) = (&place.scope, place.way.starlette);
        if scope.kind == ScopeType::WebSocket {
            return if starlette < since::HOST_IS_PARSED { Prediction::Failed } else { Prediction::NotFound };
        }
        if !matches!(scope.method.as_deref(), None | Some("GET" | "HEAD")) {
            return Prediction::OtherMethod;
        }
        let Some(route_path) = place.route_path() else { return Prediction::Unknown };
        let path = match normal(&route_path) {
            Some(path) if is_too_long(&path) && starlette < since::LONG_NAME_IS_404 => return Prediction::Failed,
            Some(path) if path.contains('\0') && starlette < since::NUL_IS_404 => return Prediction::Failed,
            path => path,
        };
        match path.as_deref().map_or(Found::Nothing, |path| self.find(path)) {
            Found::File => file(scope, starlette),
            Found::Directory if self.html => self.index(place, path.as_deref().unwrap_or_default()),
            // A `404.html` is a 404 as well.
            Found::Directory | Found::Nothing => Prediction::NotFound,
        }
    }

    /// A directory in HTML mode: its `index.html`, once the URL ends with a slash.
    fn index(&self, place: &Place, path: &str) -> Prediction {
        let index = if path == "." { "index.html".to_owned() } else { format!("{path}/index.html") };
        let (scope, starlette) = (&place.scope, place.way.starlette);
        if self.find(&index) != Found::File {
            return Prediction::NotFound;
        }
        if scope.path.ends_with('/') {
            return file(scope, starlette);
        }
        let url = url::of_scope(scope, starlette, &scope.path, &scope.query_string);
        let split = url.as_deref().and_then(crate::asgi::python_url::SplitUrl::split);
        split.map_or(Prediction::Failed, |mut url| {
            url.path.push('/');
            Prediction::Redirect(url::location(&url.unsplit()))
        })
    }

    fn find(&self, path: &str) -> Found {
        if path == "." {
            return Found::Directory;
        }
        let below = |file: &str| file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        if self.paths.iter().any(|file| file == path) {
            Found::File
        } else if self.paths.iter().any(|file| below(file)) {
            Found::Directory
        } else {
            Found::Nothing
        }
    }
}

/// A file that exists. What its headers say of times, tags and ranges decides the rest.
fn file(scope: &Scope, starlette: Release) -> Prediction {
    let conditional = ["if-none-match", "if-modified-since"].iter().any(|name| scope.header(name).is_some());
    let part = starlette >= since::RANGES && scope.header("range").is_some();
    if conditional || part { Prediction::Unknown } else { Prediction::Found }
}

/// `os.path.normpath(os.path.join(*path.split("/")))`: `.` for the directory itself, `None` for what leaves it.
fn normal(route_path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in route_path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
}

/// The directory's own path is not known, so only what is too long in itself is.
fn is_too_long(path: &str) -> bool {
    path.len() > LONGEST_PATH || path.split('/').any(|name| name.len() > LONGEST_NAME)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asgi::framework::tests::scope;
    use proptest::prelude::*;

    const NEW: Release = Release::new(1, 10, 0);

    fn files(html: bool) -> Files {
        Files { paths: ["hello.txt", "docs/index.html", "docs/a.css"].map(str::to_owned).to_vec(), html }
    }

    fn place(path: &str, release: Release) -> Place {
        Place::new(Scope { method: Some("GET".to_owned()), ..scope(path, "/s") }, release)
    }

    #[test]
    fn which_paths_are_files() {
        let redirect = || Prediction::Redirect("https://[::1]:8000/s/docs/?a=1".to_owned());
        for (path, plain, html) in [
            ("/s/hello.txt", Prediction::Found, Prediction::Found),
            ("/s/hello.txt/", Prediction::Found, Prediction::Found),
            ("/s//docs/../hello.txt", Prediction::Found, Prediction::Found),
            ("/s/hello.txt/x", Prediction::NotFound, Prediction::NotFound),
            ("/s/../hello.txt", Prediction::NotFound, Prediction::NotFound),
            ("/s/", Prediction::NotFound, Prediction::NotFound),
            ("/s/docs", Prediction::NotFound, redirect()),
            ("/s/docs/", Prediction::NotFound, Prediction::Found),
            ("/hello.txt", Prediction::Found, Prediction::Found),
            ("/t/hello.txt", Prediction::NotFound, Prediction::NotFound),
        ] {
            let answer = |html| files(html).answer(&place(path, NEW));
            assert_eq!((answer(false), answer(true)), (plain, html), "{path}");
        }
    }

    #[test]
    fn odd_names_were_errors() {
        let answer = |path: &str, release| files(false).answer(&place(path, release));
        let long = format!("/s/{}", "x".repeat(256));
        assert_eq!(answer(&long, Release::new(0, 37, 2)), Prediction::Failed);
        assert_eq!(answer(&long, Release::new(0, 38, 0)), Prediction::NotFound);
        assert_eq!(answer("/s/\0", Release::new(0, 52, 0)), Prediction::Failed);
        assert_eq!(answer("/s/\0", NEW), Prediction::NotFound);
    }

    #[test]
    fn methods_and_conditions() {
        let with = |method: &str, header: &str, release| {
            let mut place = place("/s/hello.txt", release);
            place.scope.method = Some(method.to_owned());
            place.scope.headers = vec![(header.as_bytes().to_vec(), b"x".to_vec())];
            files(false).answer(&place)
        };
        assert_eq!(with("HEAD", "accept", NEW), Prediction::Found);
        assert_eq!(with("POST", "accept", NEW), Prediction::OtherMethod);
        assert_eq!(with("GET", "if-none-match", NEW), Prediction::Unknown);
        assert_eq!(with("GET", "range", NEW), Prediction::Unknown);
        assert_eq!(with("GET", "range", Release::new(0, 38, 6)), Prediction::Found);
    }

    proptest! {
        #[test]
        fn what_leaves_the_directory_is_never_found(path in "[./]{0,6}\\.\\./\\.\\./[./a]{0,6}") {
            prop_assume!(normal(&path).is_none());
            prop_assert_eq!(files(false).answer(&place(&format!("/s/{path}"), NEW)), Prediction::NotFound);
        }
    }
}
