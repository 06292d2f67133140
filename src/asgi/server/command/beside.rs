//! The command line of a server that runs, changed so that a second one can be started beside it: on a port of its own, on
//! the loopback address alone, with options added or taken away.
//!
//! This file exists because a changed option can only be tried on a server that has it, and nobody wants their own one
//! started again for that. Both libraries that read such command lines keep the last of several, but a list (`--bind`) grows:
//! what is replaced is taken out.

use super::python::{Launcher, Runs, runs};
use crate::asgi::server::Program;

/// An option's long name without dashes, and its value; `None` takes it away.
pub type Setting = (String, Option<String>);

/// Where each launcher is told to listen: options with a value, switches that have no place beside the first server (they
/// put it in the background, or start it again and again), and the words that say where.
fn place(launcher: Launcher, port: u16) -> (&'static [&'static str], &'static [&'static str], Vec<String>) {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let (bind, port) = (format!("127.0.0.1:{port}"), port.to_string());
    match launcher {
        Launcher::Uvicorn | Launcher::Fastapi => {
            (&["--host", "--port", "--uds", "--fd"], &["--reload"], words(&["--host", "127.0.0.1", "--port", &port]))
        }
        Launcher::Hypercorn => (
            &["-b", "--bind", "--insecure-bind", "--quic-bind", "-p", "--pid"],
            &["--reload", "-D", "--daemon"],
            words(&["--bind", &bind]),
        ),
        Launcher::Daphne => (
            &["-p", "--port", "-b", "--bind", "-u", "--unix-socket", "--fd", "-e", "--endpoint"],
            &[],
            words(&["--bind", "127.0.0.1", "--port", &port]),
        ),
        Launcher::Granian => (
            &["--host", "--port", "--uds", "--pid-file"],
            &["--reload"],
            words(&["--host", "127.0.0.1", "--port", &port]),
        ),
        Launcher::Gunicorn => {
            (&["-b", "--bind", "-p", "--pid"], &["-D", "--daemon", "--reload"], words(&["--bind", &bind]))
        }
    }
}

/// The command line of a second server on this port, with these options.
///
/// # Errors
/// A sentence that says why there is none: what runs is no launcher that is known, or an option is no option of its command
/// line.
pub fn beside(argv: &[String], program: Program, port: u16, options: &[Setting]) -> Result<Vec<String>, String> {
    let Runs::Launcher(launcher, arguments) = runs(argv) else {
        return Err(format!("what starts {program} is not its own command line"));
    };
    let (values, switches, told) = place(launcher, port);
    let start = argv.len() - arguments.len();
    let mut line: Vec<String> = argv.iter().take(start).cloned().collect();
    line.extend(without(arguments, values, switches));
    line.extend(told);
    with_options(&line, program, options)
}

/// A command line with options of the server set or taken away.
///
/// # Errors
/// A sentence that names the option that the command line does not have.
pub fn with_options(argv: &[String], program: Program, options: &[Setting]) -> Result<Vec<String>, String> {
    let mut line = argv.to_vec();
    for (name, value) in options {
        let own = program.options().iter().find(|option| option.name == name && !option.in_code);
        let Some(own) = own else {
            return Err(format!("{name} of {program} is set in code, which no second command line changes"));
        };
        let (on, off) = (format!("--{name}"), format!("--no-{name}"));
        // A switch takes no value.
        if own.value.is_empty() {
            line = without(&line, &[], &[&on, &off]);
            match value.as_deref() {
                Some("true") => line.push(on),
                Some(_) => line.push(off),
                None => {}
            }
        } else {
            line = without(&line, &[&on], &[]);
            line.extend(value.iter().flat_map(|value| [on.clone(), value.clone()]));
        }
    }
    Ok(line)
}

/// Words without these options, however they are written: `--port 1`, `--port=1`, `-p 1`, `-p1`.
fn without(words: &[String], values: &[&str], switches: &[&str]) -> Vec<String> {
    let mut kept = Vec::with_capacity(words.len());
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let is_long = word.starts_with("--");
        let name = word.split('=').next().filter(|_| is_long).unwrap_or(word);
        if switches.contains(&name) {
            continue;
        }
        if values.contains(&name) {
            if !is_long || !word.contains('=') {
                rest.next();
            }
            continue;
        }
        let is_attached = |short: &&&str| short.len() == 2 && !is_long && word.starts_with(**short);
        if values.iter().any(|short| is_attached(&short)) {
            continue;
        }
        kept.push(word.clone());
    }
    kept
}

/// The words of a command line as a shell takes them apart: by blanks, quotes keep together.
///
/// # Errors
/// A quote that is not closed.
pub fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let (mut word, mut begun, mut quote) = (String::new(), false, None);
    for c in line.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '\'' | '"') => (quote, begun) = (Some(c), true),
            None if c.is_whitespace() => {
                if std::mem::take(&mut begun) {
                    words.push(std::mem::take(&mut word));
                }
            }
            Some(_) | None => {
                word.push(c);
                begun = true;
            }
        }
    }
    if let Some(open) = quote {
        return Err(format!("{open} is not closed"));
    }
    words.extend(begun.then_some(word));
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str, program: Program, options: &[(&str, Option<&str>)]) -> Result<String, String> {
        let options: Vec<Setting> =
            options.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect();
        beside(&words(line)?, program, 9, &options).map(|line| line.join(" "))
    }

    #[test]
    fn a_second_server_listens_elsewhere_and_has_the_option() {
        let root = &[("root-path", Some("/a"))][..];
        for (line, program, options, expected) in [
            (
                "python -m uvicorn main:app --port 8000 --host=0.0.0.0 --reload --root-path /x",
                Program::Uvicorn,
                root,
                "python -m uvicorn main:app --host 127.0.0.1 --port 9 --root-path /a",
            ),
            (
                "/v/bin/python /v/bin/gunicorn -w 2 -b:80 -k asgi main:app -D",
                Program::Gunicorn,
                root,
                "/v/bin/python /v/bin/gunicorn -w 2 -k asgi main:app --bind 127.0.0.1:9 --root-path /a",
            ),
            (
                "daphne -p 8000 -b 0.0.0.0 main:app",
                Program::Daphne,
                &[("proxy-headers", Some("true"))],
                "daphne main:app --bind 127.0.0.1 --port 9 --proxy-headers",
            ),
            (
                "uvicorn main:app --no-proxy-headers --root-path=/x",
                Program::Uvicorn,
                &[("root-path", None), ("proxy-headers", Some("true"))],
                "uvicorn main:app --host 127.0.0.1 --port 9 --proxy-headers",
            ),
        ] {
            assert_eq!(told(line, program, options).unwrap(), expected);
        }
        assert!(told("python main.py", Program::Uvicorn, root).is_err());
        assert!(told("hypercorn a:b", Program::Hypercorn, &[("proxy-fix", Some("legacy"))]).is_err());
    }

    #[test]
    fn words_as_a_shell_has_them() {
        assert_eq!(words(" a  'b c' d\"e f\"g ''").unwrap(), ["a", "b c", "de fg", ""]);
        assert!(words("a 'b").is_err());
    }
}
