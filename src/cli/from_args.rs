//! `--from`: a proxy as its own configuration describes it.

// The doc comments of flags are the help text, where marks for code would be shown as they are.
#![allow(clippy::doc_markdown)]

use std::path::{Path, PathBuf};

use clap::Args;

use super::Failure;
use crate::asgi::Release;
use crate::gateway::{self, ConfigError, Files, Front, Gateway, Options, Place, Proxy};
use crate::lanes::visible::visible;
use crate::settings::{Machine, Source};

/// The configuration of a proxy.
#[derive(Debug, Args)]
#[command(next_help_heading = "The proxy, by its own configuration")]
pub(super) struct FromArgs {
    /// The configuration of nginx, Traefik, Caddy, HAProxy or Apache: its files, or the folder they are in
    #[arg(long, value_name = "FILE", num_args = 1.., value_parser = file)]
    from: Vec<PathBuf>,
    #[command(flatten)]
    kind: KindArgs,
}

/// Which proxy a configuration is for.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "The proxy, by its own configuration")]
pub(super) struct KindArgs {
    /// Which proxy it is for, where names and contents do not tell: nginx, traefik, caddy, haproxy or apache
    #[arg(long, value_name = "NAME")]
    proxy: Option<Proxy>,
    /// Its release, e.g. 1.29.7; the newest that is modelled if not given
    #[arg(long, value_name = "VERSION")]
    proxy_version: Option<Release>,
}

impl FromArgs {
    /// True if a configuration was named.
    pub(super) fn any(&self) -> bool {
        !self.from.is_empty()
    }

    /// The files and folders that were named and how they are read, to be read again when they change.
    pub(super) fn source(&self, front: Option<Front>) -> Source {
        Source { paths: self.from.clone(), options: Options { front, ..self.kind.options() } }
    }

    /// The proxy, behind the balancer in front of it; `None` if no configuration was named.
    pub(super) fn gateway(&self, front: Option<Front>, machine: &Machine) -> Result<Option<Gateway>, Failure> {
        if self.any() {
            let gateway = self.kind.read(&self.from, machine)?;
            return Ok(Some(match front {
                Some(front) => gateway.behind(front),
                None => gateway,
            }));
        }
        if self.kind.any() {
            return Err(Failure::usage("--proxy and --proxy-version say how --from FILE is read: name the file"));
        }
        Ok(None)
    }
}

impl KindArgs {
    fn any(self) -> bool {
        self.proxy.is_some() || self.proxy_version.is_some()
    }

    fn options(self) -> Options {
        Options { proxy: self.proxy, release: self.proxy_version, front: None }
    }

    /// Reads a configuration. A file that cannot be read is told from one that the proxy would refuse.
    pub(super) fn read(self, paths: &[PathBuf], machine: &Machine) -> Result<Gateway, Failure> {
        for path in paths {
            readable(path)?;
        }
        gateway::read(paths, machine, self.options()).map_err(|error| Failure::usage(faulty(&error, machine)))
    }
}

/// A file that is there and may be read.
fn readable(path: &Path) -> Result<(), Failure> {
    let opened = std::fs::File::open(path).map(drop);
    opened.map_err(|error| Failure::unreadable(anyhow::anyhow!("cannot read {}: {error}", path.display())))
}

/// What is wrong with a configuration, with the line that it is about below it.
pub(super) fn faulty(error: &ConfigError, files: &dyn Files) -> String {
    let line = error.place.as_ref().and_then(|place| Some((place.line, line_at(place, files)?)));
    let what = visible(error.to_string().as_bytes());
    line.map_or_else(|| what.clone(), |(number, line)| format!("{what}\n{number:>6} | {line}"))
}

/// The text of a line, made visible.
fn line_at(place: &Place, files: &dyn Files) -> Option<String> {
    let bytes = files.read(&place.file).ok()?;
    let index = usize::try_from(place.line).ok()?.checked_sub(1)?;
    let line = bytes.split(|&b| b == b'\n').nth(index)?;
    let line = line.trim_ascii_end().split(|&b| b == b'\t').collect::<Vec<_>>().join(&b"    "[..]);
    Some(visible(&line))
}

/// Reads the name of a file. A URL that came behind `--from` is no file: options with several values take all that follow.
fn file(text: &str) -> Result<PathBuf, String> {
    if text.contains("://") {
        return Err("this is a URL: write it before --from, which takes all that follows for files".to_owned());
    }
    Ok(PathBuf::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::InMemory;

    #[test]
    fn the_line_that_is_wrong_is_quoted() {
        let files = InMemory::default().file("nginx.conf", "http {\r\n\tprox_pass \x1b[31m;\n}\n");
        let at = |line| ConfigError::at(&Place::new(Path::new("nginx.conf"), line), "unknown directive prox_pass");
        assert_eq!(
            faulty(&at(2), &files),
            "nginx.conf:2: unknown directive prox_pass\n     2 |     prox_pass \\x1b[31m;"
        );
        assert_eq!(faulty(&at(9), &files), "nginx.conf:9: unknown directive prox_pass", "no such line");
        assert_eq!(faulty(&ConfigError { place: None, what: "no file".to_owned() }, &files), "no file");
    }

    #[test]
    fn a_url_is_no_file() {
        assert!(file("http://h/a").unwrap_err().contains("before --from"));
        assert_eq!(file("conf.d/a.conf"), Ok(PathBuf::from("conf.d/a.conf")));
    }
}
