//! Which proxy a configuration is for, and its reading.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::change::{Origin, Recorded};
use super::{ConfigError, Files, Front, Gateway, Proxy, apache, caddy, haproxy, nginx, traefik};
use crate::asgi::Release;

/// How a configuration is to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The program; found out by names and contents if not given.
    pub proxy: Option<Proxy>,
    /// Its release; the newest that is known if not given.
    pub release: Option<Release>,
    /// The balancer that stands before it.
    pub front: Option<Front>,
}

/// Reads the configuration of a proxy: its files, or the folder they are in. What they include is read too.
///
/// # Errors
/// [`ConfigError`], with file and line, for what the program itself would refuse to start with; also if the program is not
/// told and cannot be found out. What the program takes and hopscope does not is no error but
/// [`Gateway::not_understood`].
pub fn read(paths: &[PathBuf], files: &dyn Files, options: Options) -> Result<Gateway, ConfigError> {
    let proxy = match options.proxy {
        Some(proxy) => proxy,
        None => detect(paths, files)?,
    };
    let files = Recorded::new(files);
    let gateway = match proxy {
        Proxy::Nginx => nginx::read(paths, &files, options.release),
        Proxy::Traefik => traefik::read(paths, &files, options.release),
        Proxy::Caddy => caddy::read(paths, &files, options.release),
        Proxy::Haproxy => haproxy::read(paths, &files, options.release),
        Proxy::Apache => apache::read(paths, &files, options.release),
        Proxy::Flags => Err(ConfigError { place: None, what: "hopscope's own stand-in has no file".to_owned() }),
    }?;
    let options = Options { proxy: Some(proxy), ..options };
    let origin = Arc::new(Origin { paths: paths.to_vec(), files: files.seen(), options });
    let gateway = Gateway { origin: Some(origin), ..gateway };
    Ok(match options.front {
        Some(front) => gateway.behind(front),
        None => gateway,
    })
}

/// The program that files are for, by their names first and then by what they say.
fn detect(paths: &[PathBuf], files: &dyn Files) -> Result<Proxy, ConfigError> {
    let ingress = |path: &PathBuf| {
        nginx::ingress::is_yaml(path)
            && files.read(path).is_ok_and(|bytes| nginx::ingress::is_for(&String::from_utf8_lossy(&bytes)))
    };
    if paths.iter().any(ingress) {
        return Ok(Proxy::Nginx);
    }
    for path in paths {
        if let Some(proxy) = by_name(path) {
            return Ok(proxy);
        }
        match files.read(path) {
            Ok(bytes) => {
                if let Some(proxy) = by_contents(&bytes) {
                    return Ok(proxy);
                }
            }
            // A folder: of what can be named by folder there is only Traefik's provider.
            Err(_) if files.list(path).is_ok() => return Ok(Proxy::Traefik),
            Err(error) => return Err(ConfigError::unreadable(path, &error)),
        }
    }
    let names = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    let what = format!(
        "{names}: not seen for which proxy it is; say so with --proxy nginx, traefik, caddy, haproxy or apache"
    );
    Err(ConfigError { place: None, what })
}

/// By the name of a file.
fn by_name(path: &Path) -> Option<Proxy> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let ends = |end: &str| name.ends_with(end);
    match name.as_str() {
        // Of what is written in these only Traefik is read; a compose file may well be named after what is behind it.
        _ if ends(".toml") || ends(".yml") || ends(".yaml") => Some(Proxy::Traefik),
        name if name.contains("caddyfile") => Some(Proxy::Caddy),
        name if name.contains("nginx") => Some(Proxy::Nginx),
        name if name.contains("traefik") || name.contains("compose") => Some(Proxy::Traefik),
        name if name.contains("haproxy") => Some(Proxy::Haproxy),
        name if name.contains("apache") || name.contains("httpd") => Some(Proxy::Apache),
        _ if ends(".cfg") => Some(Proxy::Haproxy),
        _ => None,
    }
}

/// By words that only one program has.
fn by_contents(bytes: &[u8]) -> Option<Proxy> {
    let text = String::from_utf8_lossy(bytes);
    let begins = |words: &[&str]| {
        text.lines().any(|line| {
            let line = line.trim_start();
            words
                .iter()
                .any(|word| line.strip_prefix(word).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)))
        })
    };
    let traefik = ["entryPoints:", "[entryPoints", "[http.routers", "[http.services", "kind: IngressRoute"];
    if begins(&traefik) || text.contains("traefik.http.") {
        Some(Proxy::Traefik)
    } else if begins(&[
        "<VirtualHost",
        "<Location",
        "<Proxy",
        "ProxyPass",
        "ProxyPassMatch",
        "RewriteEngine",
        "Listen ",
    ]) {
        Some(Proxy::Apache)
    } else if begins(&["frontend ", "backend ", "defaults", "bind "]) {
        Some(Proxy::Haproxy)
    } else if begins(&["proxy_pass ", "server {", "location ", "http {", "upstream ", "events {", "server{", "http{"]) {
        Some(Proxy::Nginx)
    } else if begins(&["reverse_proxy ", "handle", "handle_path ", "route ", "respond ", "redir "]) {
        Some(Proxy::Caddy)
    } else {
        None
    }
}
