//! Which program a Python process runs: the words after the interpreter's own options, and who they are for.
//!
//! This file exists because the process that listens is `python`, whatever was typed: a console script is run by the
//! interpreter of its first line, a tool such as coverage or a debugger runs the server as its own argument. `CPython`
//! 3.11, `Modules/main.c` and `Python/initconfig.c` (`config_parse_cmdline`) say which options take a value.

/// The programs whose command lines can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Launcher {
    Uvicorn,
    Fastapi,
    Gunicorn,
    Hypercorn,
    Daphne,
    Granian,
}

impl Launcher {
    const ALL: [(&'static str, Self); 6] = [
        ("uvicorn", Self::Uvicorn),
        ("fastapi", Self::Fastapi),
        ("gunicorn", Self::Gunicorn),
        ("hypercorn", Self::Hypercorn),
        ("daphne", Self::Daphne),
        ("granian", Self::Granian),
    ];

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, launcher)| launcher)
    }

    /// The launcher that a script's path names: `/venv/bin/uvicorn`, `/lib/uvicorn/__main__.py`.
    fn of_script(path: &str) -> Option<Self> {
        let path = path.strip_suffix("/__main__.py").unwrap_or(path);
        Self::named(file_name(path))
    }

    /// The launcher that `-m` names: `uvicorn`, `hypercorn.__main__`, `uvicorn.main`.
    fn of_module(module: &str) -> Option<Self> {
        match module {
            "gunicorn.app.wsgiapp" => Some(Self::Gunicorn),
            "fastapi_cli" => Some(Self::Fastapi),
            _ => {
                let ends = ["__main__", "main", "cli"];
                let package = ends.iter().find_map(|end| module.strip_suffix(end)?.strip_suffix('.'));
                Self::named(package.unwrap_or(module))
            }
        }
    }
}

/// What a process is, by its command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Runs<'a> {
    /// A launcher with these arguments.
    Launcher(Launcher, &'a [String]),
    /// A script or module of the user's, by the name it was given.
    Script(&'a str),
    /// A child that `multiprocessing` started: its parent's command line says how.
    Child,
    /// The process has replaced its command line by a title.
    Titled,
    /// No Python program, or one that was given as text.
    Other,
}

/// Tools that run another program, named in their own arguments.
const TOOLS: [&str; 8] = ["coverage", "debugpy", "pydevd.py", "cProfile", "trace", "memray", "viztracer", "scalene"];

/// Reads a command line.
pub(super) fn runs(argv: &[String]) -> Runs<'_> {
    let Some((first, rest)) = argv.split_first() else { return Runs::Other };
    if first.starts_with("gunicorn: ") || first.starts_with("granian ") {
        return Runs::Titled;
    }
    if let Some(launcher) = Launcher::of_script(first) {
        return Runs::Launcher(launcher, rest);
    }
    if !is_python(first) {
        return Runs::Other;
    }
    match program(rest) {
        Some(Program::Code(code)) if code.contains("multiprocessing.") => Runs::Child,
        Some(Program::Module(module, rest)) => {
            Launcher::of_module(module).map_or_else(|| by_tool(module, rest), |launcher| Runs::Launcher(launcher, rest))
        }
        Some(Program::Script(path, rest)) => {
            Launcher::of_script(path).map_or_else(|| by_tool(path, rest), |launcher| Runs::Launcher(launcher, rest))
        }
        Some(Program::Code(_)) | None => Runs::Other,
    }
}

/// `python`, `/venv/bin/python3.12`, `pypy3`, `python3.13t`.
fn is_python(name: &str) -> bool {
    let name = file_name(name);
    ["python", "pypy"].iter().any(|start| {
        name.strip_prefix(start).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b".td".contains(&b)))
    })
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// What the interpreter is to run.
enum Program<'a> {
    Code(&'a str),
    Module(&'a str, &'a [String]),
    Script(&'a str, &'a [String]),
}

/// Goes over the interpreter's own options.
fn program(mut rest: &[String]) -> Option<Program<'_>> {
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if first == "--check-hash-based-pycs" {
            rest = rest.get(1..)?;
            continue;
        }
        if first.starts_with("--") && first.len() > 2 {
            continue;
        }
        if let Some(letters) = first.strip_prefix('-').filter(|letters| !letters.is_empty() && first != "--") {
            let Some(at) = letters.find(['c', 'm', 'W', 'X']) else { continue };
            let (option, attached) = letters.split_at_checked(at)?.1.split_at_checked(1)?;
            let value = if attached.is_empty() {
                let (value, after) = rest.split_first()?;
                rest = after;
                value
            } else {
                attached
            };
            match option {
                "c" => return Some(Program::Code(value)),
                "m" => return Some(Program::Module(value, rest)),
                _ => {}
            }
        } else {
            let (script, rest) = if first == "--" { rest.split_first()? } else { (first, rest) };
            return Some(Program::Script(script, rest));
        }
    }
    None
}

/// What a tool runs; else what was named is the user's own.
fn by_tool<'a>(name: &'a str, arguments: &'a [String]) -> Runs<'a> {
    if !TOOLS.contains(&file_name(name)) {
        return Runs::Script(name);
    }
    let mut after = arguments;
    while let Some((argument, rest)) = after.split_first() {
        let script = argument.contains('/').then(|| Launcher::of_script(argument)).flatten();
        let module = rest.first().filter(|_| argument == "-m").and_then(|module| Launcher::of_module(module));
        match (script, module) {
            (Some(launcher), _) => return Runs::Launcher(launcher, rest),
            (_, Some(launcher)) => return Runs::Launcher(launcher, rest.get(1..).unwrap_or_default()),
            (None, None) => after = rest,
        }
    }
    Runs::Script(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> String {
        let argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
        match runs(&argv) {
            Runs::Launcher(launcher, rest) => format!("{launcher:?} {}", rest.join(" ")).trim_end().to_owned(),
            Runs::Script(name) => format!("script {name}"),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn what_a_process_runs() {
        for (line, expected) in [
            ("/venv/bin/python3 /venv/bin/uvicorn main:app --port 1", "Uvicorn main:app --port 1"),
            ("/usr/bin/python3.11 -m uvicorn main:app", "Uvicorn main:app"),
            ("python -X dev -u -m hypercorn app", "Hypercorn app"),
            ("python -Xdev -Wignore -mdaphne app", "Daphne app"),
            ("python -um granian app", "Granian app"),
            ("python -I -W ignore /opt/bin/gunicorn -k asgi app", "Gunicorn -k asgi app"),
            ("python /srv/lib/uvicorn/__main__.py main:app", "Uvicorn main:app"),
            ("python -m fastapi run main.py", "Fastapi run main.py"),
            ("python -m gunicorn.app.wsgiapp app", "Gunicorn app"),
            ("pypy3 /venv/bin/uvicorn app", "Uvicorn app"),
            ("uvicorn main:app", "Uvicorn main:app"),
            ("python main.py", "script main.py"),
            ("python -m shop.server --port 1", "script shop.server"),
            ("python manage.py runserver", "script manage.py"),
            ("python uvicorn.py", "script uvicorn.py"),
            ("python -m coverage run -m uvicorn main:app", "Uvicorn main:app"),
            (
                "python /venv/lib/debugpy --connect 127.0.0.1:1 --configure-qt none -m uvicorn main:app",
                "Uvicorn main:app",
            ),
            ("python /x/pydevd.py --port 1 --file /venv/bin/uvicorn main:app", "Uvicorn main:app"),
            ("python -m coverage run main.py", "script coverage"),
            ("python -B -c from|multiprocessing.spawn|import|spawn_main --multiprocessing-fork", "Child"),
            ("python -c print(1)", "Other"),
            ("python", "Other"),
            ("python --check-hash-based-pycs always -m uvicorn app", "Uvicorn app"),
            ("node server.js", "Other"),
            ("/usr/bin/pythonista uvicorn", "Other"),
        ] {
            assert_eq!(told(line), expected, "{line}");
        }
        assert_eq!(runs(&["gunicorn: master [main:app]".to_owned()]), Runs::Titled);
        assert_eq!(runs(&[]), Runs::Other);
    }
}
