//! Where a configuration logs requests to, and in which format.
//!
//! This file exists because a log is read by the `log_format` that wrote it, and that stands in the configuration: under
//! another name, in another file, in pieces.
//!
//! Source: `ngx_http_log_set_log`, `ngx_http_log_set_format`, `ngx_http_log_merge_loc_conf` (`ngx_http_log_module.c`), 1.22.1.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::include;
use super::tree::Directive;
use crate::gateway::{ConfigError, Files, Place};

/// The one format that nginx has without a `log_format`.
const COMBINED: &str = "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \
                        \"$http_referer\" \"$http_user_agent\"";

/// Blocks beside `http`, which log connections of their own.
const ELSEWHERE: [&str; 3] = ["events", "stream", "mail"];

/// How deep blocks are followed.
const DEEPEST: usize = 16;

/// An `access_log` of nginx.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedTo {
    /// Where the lines go.
    pub destination: LogDestination,
    /// The name of their format.
    pub name: String,
    /// Its text, pieces joined.
    pub format: Vec<u8>,
    /// `default`, `json` or `none`: how what comes from outside is escaped.
    pub escape: String,
    /// What else is said, as it is written: `gzip`, `buffer=32k`, `flush=5s`, `if=$loggable`.
    pub options: Vec<String>,
    /// Whose requests: `http`, `server example.com`, `location /api/`.
    pub level: String,
    /// False if every server has an `access_log` of its own, which discards this one.
    pub in_force: bool,
    /// Where it stands; `None` for the one that nginx has where none is written.
    pub place: Option<Place>,
    /// Where the `log_format` stands; `None` for `combined`.
    pub format_place: Option<Place>,
}

/// Where lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogDestination {
    /// A file, by the path as written: a relative one is below the prefix that nginx was built or started with.
    File(PathBuf),
    /// Files whose path has variables: one for each value.
    Files(String),
    /// `syslog:server=…`
    Syslog(String),
    /// The file that nginx was built to log to.
    BuiltIn,
    /// Nowhere: `off`.
    Off,
}

impl LoggedTo {
    /// True for the log that lies under this path: here, or copied from where it was written.
    pub fn is(&self, path: &Path) -> bool {
        let LogDestination::File(written) = &self.destination else { return false };
        written == path || written.file_name().is_some_and(|name| path.file_name() == Some(name))
    }
}

/// Reads every `access_log` of a configuration, in the order in which they are written: a whole configuration with what it
/// includes, a file of `conf.d`, a piece of a server, or what `nginx -T` prints.
///
/// # Errors
/// A file that cannot be read, what nginx refuses to read at all, and an `access_log` in a format that there is not.
pub(in crate::gateway) fn logged(paths: &[PathBuf], files: &dyn Files) -> Result<Vec<LoggedTo>, ConfigError> {
    let tree = include::load(paths, files)?.tree;
    let http = || {
        tree.iter().filter(|directive| !ELSEWHERE.contains(&directive.name.as_str())).flat_map(|directive| {
            if directive.name == "http" { directive.inside() } else { std::slice::from_ref(directive) }
        })
    };
    let mut logs = Logs { formats: BTreeMap::new(), found: Vec::new() };
    for directive in http().filter(|directive| directive.name == "log_format") {
        logs.format(directive)?;
    }
    let level: Vec<&Directive> = http().collect();
    let servers: Vec<&&Directive> = level.iter().filter(|directive| directive.name == "server").collect();
    let inherits = |server: &&&Directive| !server.inside().iter().any(is_log);
    let in_force = servers.is_empty() || servers.iter().any(inherits);
    if in_force && !level.iter().any(|directive| is_log(directive)) {
        logs.found.push(logs.built_in());
    }
    logs.level(level.iter().copied(), "http", in_force, 0)?;
    Ok(logs.found)
}

fn is_log(directive: &Directive) -> bool {
    directive.name == "access_log"
}

struct Logs {
    formats: BTreeMap<Vec<u8>, Format>,
    found: Vec<LoggedTo>,
}

struct Format {
    text: Vec<u8>,
    escape: String,
    place: Place,
}

impl Logs {
    /// A `log_format`. The first of a name counts; nginx refuses a second.
    fn format(&mut self, directive: &Directive) -> Result<(), ConfigError> {
        let Some((name, pieces)) = directive.args.split_first() else {
            return Err(directive.wrong("it has no name and no text"));
        };
        let said = pieces.first().and_then(|piece| piece.strip_prefix(b"escape="));
        let escape = String::from_utf8_lossy(said.unwrap_or(b"default")).into_owned();
        if !["default", "json", "none"].contains(&escape.as_str()) {
            return Err(directive.wrong(format!("unknown log format escaping \"{escape}\": default, json or none")));
        }
        let text = joined(pieces.get(usize::from(said.is_some())..).unwrap_or_default());
        self.formats.entry(name.clone()).or_insert(Format { text, escape, place: directive.place.clone() });
        Ok(())
    }

    /// A level, and those in it.
    fn level<'a>(
        &mut self,
        level: impl Iterator<Item = &'a Directive> + Clone,
        name: &str,
        in_force: bool,
        depth: usize,
    ) -> Result<(), ConfigError> {
        for directive in level.clone().filter(|directive| is_log(directive)) {
            let logged = self.log(directive, name, in_force)?;
            self.found.push(logged);
        }
        for directive in level.filter(|directive| directive.block.is_some() && depth < DEEPEST) {
            let name = match directive.name.as_str() {
                "server" => server_name(directive),
                "location" => format!("location {}", words(&directive.args)),
                // Within a location these are levels of their own.
                "if" | "limit_except" => format!("{} {}", directive.name, words(&directive.args)),
                _ => continue,
            };
            self.level(directive.inside().iter(), &name, true, depth + 1)?;
        }
        Ok(())
    }

    fn log(&self, directive: &Directive, level: &str, in_force: bool) -> Result<LoggedTo, ConfigError> {
        let path = directive.text(0);
        let destination = match path.as_str() {
            "" => return Err(directive.wrong("it names no file; off logs nothing")),
            "off" if directive.args.len() == 1 => LogDestination::Off,
            _ if path.starts_with("syslog:") => LogDestination::Syslog(path),
            _ if path.contains('$') => LogDestination::Files(path),
            _ => LogDestination::File(PathBuf::from(path)),
        };
        let place = Some(directive.place.clone());
        let base = LoggedTo { destination, level: level.to_owned(), in_force, place, ..self.built_in() };
        let (name, options) = directive.args.get(1..).and_then(<[_]>::split_first).unzip();
        let options = options.unwrap_or_default().iter().map(|option| String::from_utf8_lossy(option).into_owned());
        let base = LoggedTo { options: options.collect(), ..base };
        match name {
            None => Ok(base),
            Some(name) => match self.formats.get(name) {
                Some(format) => Ok(LoggedTo {
                    name: String::from_utf8_lossy(name).into_owned(),
                    format: format.text.clone(),
                    escape: format.escape.clone(),
                    format_place: Some(format.place.clone()),
                    ..base
                }),
                None if name == b"combined" => Ok(base),
                None => {
                    let name = String::from_utf8_lossy(name);
                    Err(directive.wrong(format!("unknown log format \"{name}\": there is no log_format of this name")))
                }
            },
        }
    }

    /// What nginx does where no `access_log` is written.
    fn built_in(&self) -> LoggedTo {
        let own = self.formats.get(&b"combined"[..]);
        LoggedTo {
            destination: LogDestination::BuiltIn,
            name: "combined".to_owned(),
            format: own.map_or_else(|| COMBINED.as_bytes().to_vec(), |format| format.text.clone()),
            escape: own.map_or("default", |format| &format.escape).to_owned(),
            options: Vec::new(),
            level: "http".to_owned(),
            in_force: true,
            place: None,
            format_place: own.map(|format| format.place.clone()),
        }
    }
}

/// The pieces of a format as one text. A variable ends with its piece, so one whose name would go on in the next is put in
/// braces.
fn joined(pieces: &[Vec<u8>]) -> Vec<u8> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let mut text = Vec::new();
    for piece in pieces {
        if piece.first().is_some_and(is_name) {
            let name = text.iter().rev().take_while(|byte| is_name(byte)).count();
            let dollar = text.len().checked_sub(name + 1).filter(|at| name > 0 && text.get(*at) == Some(&b'$'));
            if let Some(dollar) = dollar {
                text.insert(dollar + 1, b'{');
                text.push(b'}');
            }
        }
        text.extend_from_slice(piece);
    }
    text
}

fn server_name(server: &Directive) -> String {
    let named = server.inside().iter().find(|directive| directive.name == "server_name");
    let listens = server.inside().iter().find(|directive| directive.name == "listen");
    named.or(listens).map_or_else(|| "server".to_owned(), |directive| format!("server {}", words(&directive.args)))
}

fn words(args: &[Vec<u8>]) -> String {
    args.iter().map(|arg| String::from_utf8_lossy(arg)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::InMemory;

    /// Every log of these files: where it stands, for whom, where to, its format.
    fn told(files: &[(&str, &str)]) -> Vec<String> {
        let all = files.iter().fold(InMemory::default(), |all, (name, text)| all.file(*name, *text));
        let logs = logged(&[PathBuf::from(files[0].0)], &all).unwrap();
        let line = |log: LoggedTo| {
            let place = log.place.map_or_else(|| "-".to_owned(), |place| place.to_string());
            let format = String::from_utf8_lossy(&log.format).into_owned();
            let format = if format == COMBINED { "…".to_owned() } else { format };
            let force = if log.in_force { "" } else { " (not in force)" };
            let at = log.format_place.map(|place| format!(" {place}")).unwrap_or_default();
            let (level, to, name, escape) = (log.level, log.destination, log.name, log.escape);
            format!("{place} {level}{force}: {to:?} {name}={escape}{at} <{format}> {}", log.options.join(","))
                .trim_end()
                .to_owned()
        };
        logs.into_iter().map(line).collect()
    }

    #[test]
    fn formats_and_levels() {
        let main = "events {}\nhttp {\n include formats.conf;\n access_log /var/log/a.log;\n\
                    server { server_name a.example b; access_log /var/log/a.log own gzip=4 buffer=32k if=$x;\n\
                    access_log syslog:server=10.0.0.1 combined;\n location /s { access_log off; } }\n\
                    server { listen 81; location / { limit_except GET { access_log /l/$host.log j; } } }\n}\n\
                    stream { log_format s '$bytes_sent'; access_log /s.log s; }\n";
        let formats = "log_format own '$remote_addr $status'\n 'ms \"$request\"' ' $host' _x;\n\
                       log_format j escape=json '{\"s\":$status}';\n";
        assert_eq!(
            told(&[("nginx.conf", main), ("formats.conf", formats)]),
            [
                "nginx.conf:4 http: File(\"/var/log/a.log\") combined=default <…>",
                "nginx.conf:5 server a.example b: File(\"/var/log/a.log\") own=default formats.conf:1 \
                 <$remote_addr ${status}ms \"$request\" ${host}_x> gzip=4,buffer=32k,if=$x",
                "nginx.conf:6 server a.example b: Syslog(\"syslog:server=10.0.0.1\") combined=default <…>",
                "nginx.conf:7 location /s: Off combined=default <…>",
                "nginx.conf:8 limit_except GET: Files(\"/l/$host.log\") j=json formats.conf:3 <{\"s\":$status}>",
            ]
        );
    }

    #[test]
    fn a_level_with_a_log_discards_the_inherited() {
        let own = "http { access_log /a; server { access_log /b; } }";
        assert_eq!(
            told(&[("nginx.conf", own)]),
            [
                "nginx.conf:1 http (not in force): File(\"/a\") combined=default <…>",
                "nginx.conf:1 server: File(\"/b\") combined=default <…>",
            ]
        );
        assert_eq!(told(&[("nginx.conf", "http { server { listen 80; } }")]), ["- http: BuiltIn combined=default <…>"]);
        let dump = "# configuration file /etc/nginx/nginx.conf:\nhttp { include c/*; }\n\
                    # configuration file /etc/nginx/c/a:\nserver { access_log /a; }\n";
        assert_eq!(told(&[("dump", dump)]), ["/etc/nginx/c/a:1 server: File(\"/a\") combined=default <…>"]);
    }

    #[test]
    fn what_nginx_refuses() {
        let refused = |text: &str| {
            let files = InMemory::default().file("nginx.conf", text);
            logged(&["nginx.conf".into()], &files).unwrap_err().to_string()
        };
        assert_eq!(
            refused("http {\n access_log /a main;\n}"),
            "nginx.conf:2: access_log: unknown log format \"main\": there is no log_format of this name"
        );
        assert!(refused("log_format a escape=xml '$status';").contains("unknown log format escaping \"xml\""));
    }

    #[test]
    fn a_copy_is_the_log_by_its_name() {
        let files = InMemory::default().file("nginx.conf", "access_log /var/log/nginx/shop.log;");
        let log = logged(&["nginx.conf".into()], &files).unwrap().remove(0);
        assert!(log.is(Path::new("/tmp/shop.log")) && !log.is(Path::new("/tmp/access.log")));
    }
}
