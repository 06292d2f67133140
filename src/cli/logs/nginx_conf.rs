//! The logs that an nginx configuration names, and their formats.

use std::path::{Path, PathBuf};

use super::super::Failure;
use super::sources::{Chosen, Source};
use crate::access_log::{Escape, Format};
use crate::gateway::{LogDestination, LoggedTo, nginx_logs};
use crate::settings::Machine;
use crate::tail::Input;

/// Where the packages of nginx log to if nothing is said.
const BUILT_IN: &str = "/var/log/nginx/access.log";

/// The logs of this configuration: those that are `wanted`, or all that are there.
///
/// # Errors
/// It cannot be read, names no log that is there, or none of what is wanted.
pub(super) fn sources(conf: &Path, wanted: &[PathBuf]) -> Result<Vec<Source>, Failure> {
    let named = |error: &dyn std::fmt::Display| Failure::usage(format!("--nginx-conf {}: {error}", conf.display()));
    let logs = nginx_logs(&[conf.to_owned()], &Machine::new()).map_err(|error| named(&error))?;
    if !wanted.is_empty() {
        return wanted.iter().map(|path| one(path, &logs, conf)).collect();
    }
    let mut sources: Vec<Source> = Vec::new();
    for log in logs.iter().filter(|log| log.in_force) {
        let Some(path) = file(log, conf).filter(|path| path.exists()) else { continue };
        if !sources.iter().any(|source| source.input == Input::File(path.clone())) {
            sources.push(source(path, log)?);
        }
    }
    if sources.is_empty() {
        return Err(named(&format!("none of its logs is here ({}); name the file too", list(&logs))));
    }
    Ok(sources)
}

/// A log that is named beside the configuration: one that it writes to, by path or, if that was copied, by name; or the only
/// one that there is.
fn one(path: &Path, logs: &[LoggedTo], conf: &Path) -> Result<Source, Failure> {
    let is = |log: &&LoggedTo| file(log, conf).is_some_and(|written| written == path);
    let written: Vec<&LoggedTo> =
        logs.iter().filter(|log| matches!(log.destination, LogDestination::File(_))).collect();
    let only = match written.as_slice() {
        [only] => Some(*only),
        _ => None,
    };
    let log = logs.iter().find(is).or_else(|| logs.iter().find(|log| log.is(path))).or(only);
    let log = log.ok_or_else(|| {
        Failure::usage(format!(
            "--nginx-conf {}: it does not write to {}, only to {}; say which with --log-format",
            conf.display(),
            path.display(),
            list(logs)
        ))
    })?;
    source(path.to_owned(), log)
}

fn source(path: PathBuf, log: &LoggedTo) -> Result<Source, Failure> {
    let wrong = |error: &dyn std::fmt::Display| {
        let place = log.format_place.as_ref().map_or_else(String::new, |place| format!("{place}: "));
        Failure::usage(format!("{place}log_format {}: {error}", log.name))
    };
    let escape: Escape = log.escape.parse().map_err(|error: String| wrong(&error))?;
    let format = Format::compile(&log.format, escape).map_err(|error| wrong(&error))?;
    let place = log.place.as_ref().map_or_else(|| "nginx's own default".to_owned(), ToString::to_string);
    let how = if log.options.is_empty() { place } else { format!("{place}, {}", log.options.join(" ")) };
    let name = path.display().to_string();
    let format = Some(Chosen { format: format.called(log.name.clone()), how });
    Ok(Source { input: Input::named(path), name, format })
}

/// The file that it writes to. A relative path is below nginx's prefix, which is the folder of the configuration or the one
/// above it.
fn file(log: &LoggedTo, conf: &Path) -> Option<PathBuf> {
    let path = match &log.destination {
        LogDestination::File(path) => path,
        LogDestination::BuiltIn => return Some(PathBuf::from(BUILT_IN)),
        LogDestination::Files(_) | LogDestination::Syslog(_) | LogDestination::Off => return None,
    };
    let below = conf.ancestors().skip(1).take(2).map(|folder| folder.join(path));
    Some(below.clone().find(|path| path.exists()).or_else(|| below.into_iter().next()).unwrap_or_else(|| path.clone()))
}

/// Where it logs to, in words.
fn list(logs: &[LoggedTo]) -> String {
    let word = |log: &LoggedTo| match &log.destination {
        LogDestination::File(path) => path.display().to_string(),
        LogDestination::Files(path) => format!("{path}, a file for each value"),
        LogDestination::Syslog(to) => to.clone(),
        LogDestination::BuiltIn => BUILT_IN.to_owned(),
        LogDestination::Off => "nowhere (off)".to_owned(),
    };
    let words: Vec<String> = logs.iter().map(word).collect();
    words.join("; ")
}
