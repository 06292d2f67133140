//! The proxies, and the ASGI servers with the app of `tests/peers`: the real programs that people have.
//!
//! `HOPSCOPE_PEERS` names a virtual environment with the wheels of `tests/peers/requirements.txt`; `tests/run` makes it.
//! Without it a story that needs a peer says so and passes, so that `cargo test` needs Rust alone. `tests/run` sets
//! `HOPSCOPE_REQUIRE_PEERS`, and then it fails.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use super::place::{free_address, repository};
use super::program::Program;

/// Where a peer is.
///
/// `None` means that the story cannot be told here; that has been said on standard error.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let environment = env::var_os("HOPSCOPE_PEERS").map(PathBuf::from);
    let in_environment = environment.iter().map(|root| root.join("bin"));
    let system = ["/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"].map(PathBuf::from);
    let path = in_environment.chain(system).map(|folder| folder.join(name)).find(|path| path.is_file());
    if path.is_none() || environment.is_none() {
        assert!(env::var_os("HOPSCOPE_REQUIRE_PEERS").is_none(), "{name} is not installed");
        // Not with a macro: the test runner keeps those to itself when a test passes.
        let _ = writeln!(io::stderr(), "skipped: needs {name}; run tests/run");
        return None;
    }
    path
}

/// The Python packages of the virtual environment, names in lower case, with their releases.
pub(crate) fn installed() -> impl Iterator<Item = (String, String)> {
    let root = env::var_os("HOPSCOPE_PEERS").map(PathBuf::from).expect("a virtual environment");
    let folders = |path: PathBuf| fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let site_packages = folders(root.join("lib")).map(|python| python.join("site-packages"));
    site_packages.flat_map(folders).filter_map(|path| {
        let (name, release) = path.file_name()?.to_str()?.strip_suffix(".dist-info")?.split_once('-')?;
        Some((name.to_lowercase(), release.to_owned()))
    })
}

/// Stops a story here, with a word on standard error, if one of the programs is missing.
macro_rules! needs {
    ($($name:literal),+) => {
        $(if $crate::support::peers::find($name).is_none() { return; })+
    };
}
pub(crate) use needs;

/// How the app and its server are told of the prefix.
#[derive(Clone, Debug, Default)]
pub(crate) struct AppOptions {
    /// Options of uvicorn, e.g. `--root-path`.
    pub(crate) server: Vec<&'static str>,
    /// `FastAPI(root_path=…)`.
    pub(crate) root_path: &'static str,
    /// True to set the root path from `X-Forwarded-Prefix`.
    pub(crate) prefix_header: bool,
}

impl AppOptions {
    /// The flags that tell hopscope the same.
    pub(crate) fn flags(&self) -> Vec<String> {
        let mut flags = vec!["--server", "uvicorn@0.54"];
        flags.extend(&self.server);
        if !self.root_path.is_empty() {
            flags.extend(["--app-root-path", self.root_path]);
        }
        if self.prefix_header {
            flags.push("--app-prefix-header");
        }
        flags.into_iter().map(str::to_owned).collect()
    }
}

/// The key of the probes in stories.
pub(crate) const PROBE_KEY: &str = "known-to-stories-only";

/// uvicorn with the app of `tests/peers/app.py`.
pub(crate) fn uvicorn(options: &AppOptions) -> (Program, SocketAddr) {
    let prefix_header = if options.prefix_header { "1" } else { "" };
    let environment = [("APP_ROOT_PATH", options.root_path), ("APP_PREFIX_HEADER", prefix_header)];
    start_uvicorn("app:app", "tests/peers", &options.server, &environment)
}

/// The same with the probe around the app, put there as `hopscope run` does; it answers who has [`PROBE_KEY`].
pub(crate) fn probed_uvicorn(options: &AppOptions) -> (Program, SocketAddr) {
    let prefix_header = if options.prefix_header { "1" } else { "" };
    let assets = repository("assets");
    let environment = [
        ("APP_ROOT_PATH", options.root_path),
        ("APP_PREFIX_HEADER", prefix_header),
        ("PYTHONPATH", assets.to_str().expect("UTF-8")),
        ("HOPSCOPE_PROBE", "1"),
        ("HOPSCOPE_PROBE_KEY", PROBE_KEY),
    ];
    start_uvicorn("app:app", "tests/peers", &options.server, &environment)
}

/// uvicorn with the page's app of `assets/examples/main.py`.
pub(crate) fn page_app(options: &[&str]) -> (Program, SocketAddr) {
    start_uvicorn("main:app", "assets/examples", options, &[])
}

fn start_uvicorn(app: &str, folder: &str, options: &[&str], environment: &[(&str, &str)]) -> (Program, SocketAddr) {
    let address = free_address();
    let program = Program::start(required("uvicorn"), |command, _| {
        command.args([app, "--port", &address.port().to_string(), "--app-dir"]).arg(repository(folder));
        command.args(["--no-access-log", "--timeout-graceful-shutdown", "1"]).args(options);
        command.env("PYTHONDONTWRITEBYTECODE", "1").envs(environment.iter().copied());
    });
    (program.listening(address), address)
}

/// Any server of the virtual environment with the app of `tests/peers/app.py`; `<port>` in its arguments is the port it gets.
/// It runs in a folder of its own with these files.
pub(crate) fn server(
    name: &str,
    arguments: &str,
    environment: &[(&str, &str)],
    files: &[(&str, &str)],
) -> (Program, SocketAddr) {
    let address = free_address();
    (server_at(address, name, arguments, environment, files), address)
}

/// The same on an address that is known before.
pub(crate) fn server_at(
    address: SocketAddr,
    name: &str,
    arguments: &str,
    environment: &[(&str, &str)],
    files: &[(&str, &str)],
) -> Program {
    let port = address.port().to_string();
    let program = Program::start(required(name), |command, folder| {
        for (file, text) in files {
            write(&folder.join(file), text);
        }
        command.args(arguments.split(' ').map(|word| word.replace("<port>", &port)));
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONPATH", repository("tests/peers"));
        command.env_remove("FORWARDED_ALLOW_IPS").env_remove("WEB_CONCURRENCY");
        command.envs(environment.iter().map(|(name, value)| (name, value.replace("<port>", &port))));
    });
    program.listening(address)
}

/// Traefik with this `traefik.toml` and `routes.toml`.
pub(crate) fn traefik(address: SocketAddr, fixed: &str, routes: &str) -> Program {
    let program = Program::start(required("traefik"), |command, folder| {
        write(&folder.join("traefik.toml"), fixed);
        write(&folder.join("routes.toml"), routes);
        proxy_by(command, "traefik", Path::new("traefik.toml"));
    });
    program.listening(address)
}

/// nginx with this configuration, started as the example says.
pub(crate) fn nginx(address: SocketAddr, configuration: &str) -> Program {
    let program = Program::start(required("nginx"), |command, folder| {
        write(&folder.join("nginx.conf"), configuration);
        proxy_by(command, "nginx", Path::new("nginx.conf"));
    });
    program.listening(address)
}

/// Any proxy, by a file that is there already; relative names in it are below the file's folder.
pub(crate) fn proxy(name: &str, address: SocketAddr, file: &Path) -> Program {
    let program = Program::start(required(name), |command, folder| {
        command.current_dir(file.parent().expect("a file in a folder"));
        // Caddy keeps files of its own at home.
        command.env("HOME", folder).env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
        proxy_by(command, name, file);
    });
    program.listening(address)
}

/// The arguments that let a proxy run in the foreground by this file.
fn proxy_by(command: &mut Command, name: &str, file: &Path) {
    let before: &[&str] = match name {
        "nginx" => &["-e", "stderr", "-p", ".", "-c"],
        "traefik" => &["--configFile"],
        "caddy" => &["run", "--adapter", "caddyfile", "--config"],
        "haproxy" => &["-f"],
        "apache2" => &["-X", "-f"],
        other => panic!("{other} is no proxy"),
    };
    command.args(before).arg(file);
}

/// An example of `assets/examples`, its two ports replaced and nothing else.
pub(crate) fn example(name: &str, listen: SocketAddr, app: SocketAddr) -> String {
    let path = repository("assets/examples").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.replace(":9999", &format!(":{}", listen.port())).replace(":8000", &format!(":{}", app.port()))
}

fn required(name: &str) -> PathBuf {
    find(name).unwrap_or_else(|| panic!("{name} is not installed"))
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
