//! Which Python packages a process has, without asking it: the folders it imports from, and what is installed in them.
//!
//! The folders follow from how Python builds `sys.path` (`CPython` 3.11 `Modules/getpath.py`, `Lib/site.py`): `PYTHONPATH`,
//! then the virtual environment of the interpreter, the user's own packages, the system's. What is installed says its name
//! and version in the name of a folder (`uvicorn-0.54.0.dist-info`, the wheel format's rule).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::asgi::server::command::{Installed, Process};

/// The packages that have a say in what a request becomes.
const WANTED: [&str; 22] = [
    "uvicorn",
    "uvicorn-worker",
    "hypercorn",
    "daphne",
    "granian",
    "gunicorn",
    "fastapi",
    "fastapi-cli",
    "starlette",
    "django",
    "quart",
    "litestar",
    "asgiref",
    "h11",
    "h2",
    "httptools",
    "websockets",
    "wsproto",
    "twisted",
    "autobahn",
    "uvloop",
    "zttp",
];

/// What is installed for a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Packages {
    /// The virtual environment, or the folder that Python itself is in.
    pub(super) home: Option<PathBuf>,
    /// The packages of [`WANTED`] that are there.
    pub(super) installed: Installed,
}

/// What there is to go by.
pub(super) struct Interpreter<'a> {
    /// The process's root folder, through which every path is looked at: `/proc/PID/root`.
    pub(super) root: &'a Path,
    /// What it was started with.
    pub(super) process: &'a Process,
    /// The file it runs, links followed.
    pub(super) executable: Option<PathBuf>,
    /// The folder it is in.
    pub(super) folder: Option<PathBuf>,
    /// `/proc/PID/maps`: the compiled modules it has loaded.
    pub(super) maps: &'a str,
}

impl Interpreter<'_> {
    /// The packages it can import, the first of a name counting.
    pub(super) fn packages(&self) -> Packages {
        let home = self.home();
        let mut installed = BTreeMap::new();
        for folder in self.folders(home.as_deref()) {
            for (name, version) in distributions(&self.inside(&folder)) {
                if WANTED.contains(&name.as_str()) {
                    installed.entry(name).or_insert(version);
                }
            }
        }
        Packages { home, installed }
    }

    /// A path of the process as it is to be opened here.
    fn inside(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.process.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The environment's folder: above the `bin` of the interpreter as it was called, where there is a `pyvenv.cfg`; else
    /// above that of the file it really is.
    fn home(&self) -> Option<PathBuf> {
        let is_environment = |home: &PathBuf| self.inside(&home.join("pyvenv.cfg")).is_file();
        let called = self.called().and_then(|path| above_bin(&path));
        called.filter(is_environment).or_else(|| above_bin(self.executable.as_deref()?))
    }

    /// The interpreter's path as it was called, looked for in `PATH` if it has none.
    fn called(&self) -> Option<PathBuf> {
        let name = Path::new(self.process.argv.first()?);
        if name.is_absolute() {
            return Some(name.to_owned());
        }
        if name.components().count() > 1 {
            return Some(self.folder.as_ref()?.join(name));
        }
        let places = self.variable("PATH")?.split(':').map(|place| Path::new(place).join(name));
        places.into_iter().find(|path| self.inside(path).exists())
    }

    /// The folders it imports from, in their order.
    fn folders(&self, home: Option<&Path>) -> Vec<PathBuf> {
        let path = self.variable("PYTHONPATH").unwrap_or_default().split(':').filter(|entry| !entry.is_empty());
        let here = self.folder.clone().unwrap_or_default();
        let mut folders: Vec<PathBuf> = path.map(|entry| here.join(entry)).collect();
        let system = self.executable.as_deref().and_then(above_bin);
        let config = home.map(|home| fs::read_to_string(self.inside(&home.join("pyvenv.cfg"))).unwrap_or_default());
        let closed = config.as_deref().is_some_and(|text| !text.is_empty() && !includes_system(text));
        if let Some(home) = home {
            folders.extend(self.site_folders(home));
        }
        // What is loaded was importable, wherever it is: it counts after what stands before it in any case.
        folders.extend(self.maps.lines().filter_map(site_folder_of));
        if !closed {
            folders.extend(
                self.variable("HOME").into_iter().flat_map(|home| self.site_folders(&Path::new(home).join(".local"))),
            );
            folders.extend(system.iter().flat_map(|system| self.site_folders(system)));
            if system.as_deref() == Some(Path::new("/usr")) {
                folders.extend(self.site_folders(Path::new("/usr/local")));
                folders.push(PathBuf::from("/usr/lib/python3/dist-packages"));
            }
        }
        folders
    }

    /// The folders for packages below a prefix, for the release of Python that runs.
    fn site_folders(&self, prefix: &Path) -> Vec<PathBuf> {
        let release = self.executable.as_deref().and_then(Path::file_name).and_then(|name| name.to_str());
        let release = release.filter(|name| name.starts_with("python3.") || name.starts_with("pypy3."));
        let mut folders = Vec::new();
        for lib in ["lib", "lib64"] {
            let lib = prefix.join(lib);
            let Ok(entries) = fs::read_dir(self.inside(&lib)) else { continue };
            for entry in entries.filter_map(Result::ok) {
                let name = entry.file_name();
                let is_it = name.to_str().is_some_and(|name| match release {
                    Some(release) => name == release.trim_end_matches('t') || name == release,
                    None => name.starts_with("python3.") || name.starts_with("pypy3."),
                });
                if is_it {
                    let below = ["site-packages", "dist-packages"];
                    folders.extend(below.map(|folder| lib.join(&name).join(folder)));
                }
            }
        }
        folders
    }
}

/// `/venv` of `/venv/bin/python`.
fn above_bin(path: &Path) -> Option<PathBuf> {
    path.parent()?.parent().map(Path::to_owned)
}

/// True if the environment's `pyvenv.cfg` lets the system's packages in.
fn includes_system(text: &str) -> bool {
    let lines = text.lines().filter_map(|line| line.split_once('='));
    lines
        .into_iter()
        .any(|(key, value)| key.trim() == "include-system-site-packages" && value.trim().eq_ignore_ascii_case("true"))
}

/// The folder for packages that a loaded file of `/proc/PID/maps` lies in.
fn site_folder_of(line: &str) -> Option<PathBuf> {
    let path = line.get(line.find('/')?..)?;
    ["/site-packages/", "/dist-packages/"]
        .iter()
        .find_map(|folder| path.get(..path.find(folder)? + folder.len() - 1))
        .map(PathBuf::from)
}

/// What is installed in a folder: names as the package index compares them, and versions as they are written.
fn distributions(folder: &Path) -> Vec<(String, String)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.filter_map(|entry| distribution(entry.ok()?.file_name().to_str()?)).collect()
}

/// `uvicorn_worker-0.4.0.dist-info`, `h11-0.9-py3.8.egg-info`.
fn distribution(name: &str) -> Option<(String, String)> {
    let stem = name.strip_suffix(".dist-info").or_else(|| name.strip_suffix(".egg-info"))?;
    let mut parts = stem.split('-');
    let (name, version) = (parts.next()?, parts.next()?);
    Some((name.to_ascii_lowercase().replace(['_', '.'], "-"), version.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(root: &Path, files: &[&str]) {
        for file in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "include-system-site-packages = false\n").unwrap();
        }
    }

    fn packages(root: &Path, argv: &str, variables: &[(&str, &str)], executable: &str, maps: &str) -> String {
        let process = Process {
            argv: vec![argv.to_owned()],
            environment: variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        };
        let interpreter = Interpreter {
            root,
            process: &process,
            executable: Some(executable.into()),
            folder: Some("/srv".into()),
            maps,
        };
        let found = interpreter.packages();
        let list: Vec<String> = found.installed.iter().map(|(name, version)| format!("{name} {version}")).collect();
        format!("{}: {}", found.home.unwrap_or_default().display(), list.join(", "))
    }

    #[test]
    fn where_packages_are_looked_for() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let system = "/usr/bin/python3.11";
        make(
            root,
            &[
                "venv/pyvenv.cfg",
                "venv/bin/python",
                "venv/lib/python3.11/site-packages/uvicorn-0.54.0.dist-info/METADATA",
                "venv/lib/python3.11/site-packages/uvicorn_worker-0.4.0.dist-info/METADATA",
                "venv/lib/python3.11/site-packages/requests-2.0.dist-info/METADATA",
                "usr/lib/python3.11/site-packages/uvicorn-0.1.0.dist-info/METADATA",
                "usr/lib/python3.12/site-packages/h11-9.0.dist-info/METADATA",
                "usr/lib/python3/dist-packages/h11-0.14.0.egg-info",
                "usr/local/lib/python3.11/dist-packages/starlette-0.46.0.dist-info/METADATA",
                "home/a/.local/lib/python3.11/site-packages/httptools-0.6.dist-info/METADATA",
                "srv/lib/fastapi-1.0.dist-info/METADATA",
                "opt/env/bin/python3.11",
                "opt/env/lib/python3.11/site-packages/granian-2.8.7.dist-info/METADATA",
            ],
        );
        for (argv, variables, executable, maps, expected) in [
            ("/venv/bin/python", &[][..], system, "", "/venv: uvicorn 0.54.0, uvicorn-worker 0.4.0"),
            ("python", &[("PATH", "/nowhere:/venv/bin")], system, "", "/venv: uvicorn 0.54.0, uvicorn-worker 0.4.0"),
            ("../venv/bin/python", &[], system, "", "/srv/../venv: uvicorn 0.54.0, uvicorn-worker 0.4.0"),
            (
                "/venv/bin/python",
                &[("PYTHONPATH", "lib::/usr/lib/python3.12/site-packages")],
                system,
                "",
                "/venv: fastapi 1.0, h11 9.0, uvicorn 0.54.0, uvicorn-worker 0.4.0",
            ),
            (
                "python3",
                &[("HOME", "/home/a")],
                system,
                "",
                "/usr: h11 0.14.0, httptools 0.6, starlette 0.46.0, uvicorn 0.1.0",
            ),
            (
                "python3",
                &[],
                "/usr/lib/python/bin/other",
                "7f00-7f01 r-xp 0 08:01 9  /opt/env/lib/python3.11/site-packages/granian/_granian.so",
                "/usr/lib/python: granian 2.8.7",
            ),
            ("/opt/env/bin/python3.11", &[], "/opt/env/bin/python3.11", "", "/opt/env: granian 2.8.7"),
        ] {
            assert_eq!(packages(root, argv, variables, executable, maps), expected, "{argv} {variables:?}");
        }
    }
}
