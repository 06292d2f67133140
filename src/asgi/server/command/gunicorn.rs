//! gunicorn's command line: 27.0.1 `config.py`, `app/base.py` (`load_config`).
//!
//! What counts, from the most to the least: the command line, `GUNICORN_CMD_ARGS`, the file of `-c` (else
//! `gunicorn.conf.py` where it was started), the variables `FORWARDED_ALLOW_IPS`, `WEB_CONCURRENCY` and `PORT`.

use super::files::python_settings;
use super::grammar::{Grammar, Library};
use super::{Origin, Process, ReadFile, Started};
use crate::asgi::server::Program;

const GRAMMAR: Grammar = Grammar {
    values: &[
        "-c --config",
        "-b --bind",
        "--backlog",
        "-w --workers",
        "-k --worker-class",
        "--threads",
        "--worker-connections",
        "--max-requests",
        "--max-requests-jitter",
        "-t --timeout",
        "--graceful-timeout",
        "--keep-alive",
        "--limit-request-line",
        "--limit-request-fields",
        "--limit-request-field_size",
        "--reload-engine",
        "--reload-extra-file",
        "--chdir",
        "-e --env",
        "-p --pid",
        "--worker-tmp-dir",
        "-u --user",
        "-g --group",
        "-m --umask",
        "--forwarded-allow-ips",
        "--access-logfile",
        "--access-logformat",
        "--error-logfile --log-file",
        "--log-level",
        "--logger-class",
        "--log-config",
        "--log-config-json",
        "--log-syslog-to",
        "--log-syslog-prefix",
        "--log-syslog-facility",
        "--statsd-host",
        "--dogstatsd-tags",
        "--statsd-prefix",
        "-n --name",
        "--pythonpath",
        "--paster --paste",
        "--proxy-allow-from",
        "--protocol",
        "--uwsgi-allow-from",
        "--keyfile",
        "--certfile",
        "--ssl-version",
        "--cert-reqs",
        "--ca-certs",
        "--ciphers",
        "--http-protocols",
        "--http2-cleartext",
        "--http2-max-concurrent-streams",
        "--http2-initial-window-size",
        "--http2-max-frame-size",
        "--http2-max-header-list-size",
        "--paste-global",
        "--forwarder-headers",
        "--header-map",
        "--asgi-loop",
        "--asgi-lifespan",
        "--asgi-disconnect-grace-period",
        "--websocket-max-message-size",
        "--http-parser",
        "--root-path",
        "--dirty-app",
        "--dirty-workers",
        "--dirty-timeout",
        "--dirty-threads",
        "--dirty-graceful-timeout",
        "--control-socket",
        "--control-socket-mode",
    ],
    optional: &["--proxy-protocol"],
    switches: &[
        "-h --help",
        "-v --version",
        "--reload",
        "--spew",
        "--check-config",
        "--print-config",
        "--preload",
        "--no-sendfile",
        "--reuse-port",
        "-D --daemon",
        "--initgroups",
        "--disable-redirect-access-to-syslog",
        "--capture-output",
        "--log-syslog",
        "-R --enable-stdio-inheritance",
        "--enable-backlog-metric",
        "--suppress-ragged-eofs",
        "--do-handshake-on-connect",
        "--permit-obsolete-folding",
        "--strip-header-spaces",
        "--permit-unconventional-http-method",
        "--permit-unconventional-http-version",
        "--casefold-http-method",
        "--no-control-socket",
    ],
    ..Grammar::of(Library::Argparse)
};

/// What matters to requests, by the command line's name and the file's.
const TOLD: [(&str, &str); 18] = [
    ("worker-class", "worker_class"),
    ("root-path", "root_path"),
    ("forwarded-allow-ips", "forwarded_allow_ips"),
    ("http-parser", "http_parser"),
    ("forwarder-headers", "forwarder_headers"),
    ("header-map", "header_map"),
    ("proxy-protocol", "proxy_protocol"),
    ("protocol", "protocol"),
    ("permit-obsolete-folding", "permit_obsolete_folding"),
    ("strip-header-spaces", "strip_header_spaces"),
    ("permit-unconventional-http-method", "permit_unconventional_http_method"),
    ("permit-unconventional-http-version", "permit_unconventional_http_version"),
    ("casefold-http-method", "casefold_http_method"),
    ("limit-request-line", "limit_request_line"),
    ("limit-request-fields", "limit_request_fields"),
    ("limit-request-field_size", "limit_request_field_size"),
    ("workers", "workers"),
    ("certfile", "certfile"),
];

/// Only the file can set these.
const ONLY_IN_FILE: [(&str, &str); 1] = [("secure-scheme-headers", "secure_scheme_headers")];

/// Where gunicorn looks for its settings when not told.
const DEFAULT_CONFIG: &str = "gunicorn.conf.py";

pub(super) fn read(arguments: &[String], process: &Process, file: ReadFile<'_>) -> Started {
    const VARIABLE: &str = "GUNICORN_CMD_ARGS";
    let parsed = GRAMMAR.parse(arguments);
    let mut started = Started::new("gunicorn", Program::Gunicorn);
    let names = TOLD.map(|(option, _)| option);
    started.say_parsed(&parsed, &names);
    say_binds(&mut started, parsed.all("bind"), &Origin::CommandLine);
    let more = split_words(process.variable(VARIABLE).unwrap_or_default());
    let more = GRAMMAR.parse(&more);
    let from = Origin::Environment(VARIABLE.to_owned());
    for name in names {
        if let Some(value) = more.last(name) {
            started.say(name, value, from.clone());
        }
    }
    say_binds(&mut started, more.all("bind"), &from);
    if let Some(unknown) = &more.unknown {
        started.unread.push(format!("{unknown} in {VARIABLE} is not known: what follows it was not read"));
    }
    // `--chdir` has changed the process's folder, but the file is looked for where gunicorn was started.
    let moved = parsed.last("chdir").or_else(|| more.last("chdir")).is_some();
    let base = process.variable("PWD").filter(|_| moved);
    let config = parsed.last("config").or_else(|| more.last("config"));
    read_config(&mut started, config, base, file);
    started.say_trust_variable(process, None);
    started.say_variable(process, "workers", "WEB_CONCURRENCY", false);
    started.app = parsed.words.first().cloned();
    judge_worker(&mut started);
    started
}

fn say_binds<'a>(started: &mut Started, binds: impl Iterator<Item = &'a str>, from: &Origin) {
    let binds: Vec<&str> = binds.collect();
    if !binds.is_empty() {
        started.say("bind", binds.join(","), from.clone());
    }
}

fn read_config(started: &mut Started, told: Option<&str>, base: Option<&str>, file: ReadFile<'_>) {
    if let Some(module) = told.and_then(|told| told.strip_prefix("python:")) {
        started.unread.push(format!("the settings are in the Python module {module}, which is not run"));
        return;
    }
    let path = told.map_or(DEFAULT_CONFIG, |told| told.strip_prefix("file:").unwrap_or(told));
    let place = match base.filter(|_| !path.starts_with('/')) {
        Some(base) => format!("{base}/{path}"),
        None => path.to_owned(),
    };
    let names: Vec<(&str, &str)> = TOLD.into_iter().chain(ONLY_IN_FILE).chain([("bind", "bind")]).collect();
    match file(&place) {
        Ok(text) => {
            let wanted: Vec<&str> = names.iter().map(|(_, setting)| *setting).collect();
            started.say_settings(python_settings(&text, &wanted), path, &names);
        }
        Err(why) if told.is_some() => started.unread.push(format!("{path} (--config) could not be read: {why}")),
        // Nobody said that there is one.
        Err(_) => {}
    }
}

/// The worker class decides who builds the scope.
fn judge_worker(started: &mut Started) {
    const OPTION: &str = "worker-class";
    let worker = match started.said(OPTION) {
        Some(said) => said.value.as_str(),
        // What could not be read may have said it.
        None if !started.unread.is_empty() => {
            let why = "which worker class serves the app is not known: say it with --worker-class".to_owned();
            return started.serves_otherwise(OPTION, why);
        }
        None => "sync",
    };
    let class = worker.rsplit(['.', ':']).next().unwrap_or(worker);
    let why = match class {
        "asgi" | "ASGIWorker" | "UvicornWorker" | "UvicornH11Worker" => return,
        "sync" | "gthread" | "gevent" | "gevent_wsgi" | "gevent_pywsgi" | "eventlet" | "tornado" => {
            format!("--worker-class {worker} serves WSGI: there is no ASGI scope")
        }
        _ => format!("--worker-class {worker} is code: what it sets by itself (CONFIG_KWARGS) is not read"),
    };
    started.serves_otherwise(OPTION, why);
}

/// Splits as a shell does (Python's `shlex.split`): quotes, backslashes, blanks.
fn split_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_ascii_whitespace() => words.extend(word.take()),
            '\'' => word.get_or_insert_default().extend(chars.by_ref().take_while(|c| *c != '\'')),
            '"' => quoted(&mut chars, word.get_or_insert_default()),
            '\\' => word.get_or_insert_default().extend(chars.next()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// Inside double quotes a backslash takes only a quote or a backslash.
fn quoted(chars: &mut std::str::Chars<'_>, word: &mut String) {
    while let Some(c) = chars.next() {
        match c {
            '"' => return,
            '\\' => {
                let next = chars.next();
                if !matches!(next, Some('"' | '\\')) {
                    word.push('\\');
                }
                word.extend(next);
            }
            c => word.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::split_words;

    #[test]
    fn words_as_a_shell_splits_them() {
        for (text, expected) in [
            ("", vec![]),
            ("  -w 4 ", vec!["-w", "4"]),
            ("--name 'a b' \"c\\\"d\\e\" f\\ g", vec!["--name", "a b", "c\"d\\e", "f g"]),
            ("a'b'\"c\"", vec!["abc"]),
            ("''", vec![""]),
        ] {
            assert_eq!(split_words(text), expected, "{text}");
        }
    }
}
