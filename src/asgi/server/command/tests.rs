use super::*;
use crate::asgi::Outcome;
use crate::asgi::server::{Ends, HeaderUse, Program, Server};

/// A process with these words and variables.
fn process(line: &str, variables: &[(&str, &str)]) -> Process {
    Process {
        argv: line.split(' ').map(str::to_owned).collect(),
        environment: variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    }
}

/// How it was started, with these files beside it.
fn started(line: &str, variables: &[(&str, &str)], files: &[(&str, &str)]) -> Started {
    let file = |path: &str| {
        let found = files.iter().find(|(known, _)| *known == path);
        found.map(|(_, text)| (*text).to_owned()).ok_or_else(|| "no such file".to_owned())
    };
    match read(&process(line, variables), &file) {
        Reading::Started(started) => *started,
        other => panic!("{line}: {other:?}"),
    }
}

/// `launcher app | option value (origin) | ... | ! unread`
fn told(started: &Started) -> String {
    let mut parts = vec![format!("{} {}", started.launcher, started.app.as_deref().unwrap_or("-"))];
    parts.extend(started.options.iter().map(|said| format!("{} {} ({})", said.name, said.value, said.from)));
    parts.extend(started.unread.iter().map(|why| format!("! {why}")));
    parts.join(" | ")
}

type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [(&'a str, &'a str)], &'a str);

fn check(cases: &[Case<'_>]) {
    for (line, variables, files, expected) in cases {
        assert_eq!(told(&started(line, variables, files)), *expected, "{line} {variables:?}");
    }
}

#[test]
fn uvicorn() {
    check(&[
        ("python /v/bin/uvicorn main:app", &[], &[], "uvicorn main:app"),
        (
            "python -m uvicorn --root-path=/a main:app --root-path /b --no-proxy-headers --port 1",
            &[("UVICORN_ROOT_PATH", "/c"), ("UVICORN_PROXY_HEADERS", "1")],
            &[],
            "uvicorn main:app | root-path /b (command line) | proxy-headers false (command line) | port 1 (command line)",
        ),
        (
            "python /v/bin/uvicorn",
            &[
                ("UVICORN_APP", "main:app"),
                ("UVICORN_ROOT_PATH", "/c"),
                ("UVICORN_PROXY_HEADERS", "Off"),
                ("UVICORN_FORWARDED_ALLOW_IPS", "*"),
                ("FORWARDED_ALLOW_IPS", "10.0.0.1"),
                ("UVICORN_HTTP", ""),
                ("WEB_CONCURRENCY", "2"),
            ],
            &[],
            "uvicorn main:app | root-path /c (UVICORN_ROOT_PATH) | proxy-headers false (UVICORN_PROXY_HEADERS) | \
             forwarded-allow-ips * (UVICORN_FORWARDED_ALLOW_IPS) | workers 2 (WEB_CONCURRENCY)",
        ),
        (
            "python /v/bin/uvicorn a:b",
            &[("FORWARDED_ALLOW_IPS", "")],
            &[],
            "uvicorn a:b | forwarded-allow-ips  (FORWARDED_ALLOW_IPS)",
        ),
        (
            "python /v/bin/uvicorn a:b --env-file .env",
            &[],
            &[(".env", "UVICORN_ROOT_PATH=/no\nFORWARDED_ALLOW_IPS=10.0.0.0/8")],
            "uvicorn a:b | forwarded-allow-ips 10.0.0.0/8 (.env:2)",
        ),
        (
            "python /v/bin/uvicorn a:b",
            &[("UVICORN_ENV_FILE", "x"), ("FORWARDED_ALLOW_IPS", "1.1.1.1")],
            &[("x", "FORWARDED_ALLOW_IPS=2.2.2.2")],
            "uvicorn a:b | forwarded-allow-ips 1.1.1.1 (FORWARDED_ALLOW_IPS)",
        ),
        (
            "python /v/bin/uvicorn a:b --env-file gone --new-option x --root-path /x",
            &[],
            &[],
            "uvicorn a:b | ! --new-option is not known: what follows it on the command line was not read | \
             ! gone (--env-file) could not be read: no such file",
        ),
        (
            "python /v/bin/uvicorn a:b --interface wsgi",
            &[],
            &[],
            "uvicorn a:b | interface wsgi (command line) | ! --interface wsgi serves WSGI: there is no ASGI scope",
        ),
    ]);
}

#[test]
fn fastapi() {
    check(&[
        ("python /v/bin/fastapi run main.py", &[("UVICORN_ROOT_PATH", "/no")], &[], "fastapi run main.py"),
        (
            "python -m fastapi --verbose dev main.py --app api --root-path /x --no-proxy-headers",
            &[("FORWARDED_ALLOW_IPS", "*"), ("PORT", "9")],
            &[],
            "fastapi dev main.py:api | root-path /x (command line) | proxy-headers false (command line) | \
             port 9 (PORT) | forwarded-allow-ips * (FORWARDED_ALLOW_IPS)",
        ),
        (
            "python /v/bin/fastapi run -e main:app --forwarded-allow-ips 10.0.0.1 --workers 4",
            &[("FORWARDED_ALLOW_IPS", "*")],
            &[],
            "fastapi run main:app | forwarded-allow-ips 10.0.0.1 (command line) | workers 4 (command line)",
        ),
        (
            "python /v/bin/fastapi deploy",
            &[],
            &[],
            "fastapi run - | ! fastapi \"deploy\" is not known; known: run, dev",
        ),
    ]);
}

#[test]
fn hypercorn() {
    check(&[
        (
            "python /v/bin/hypercorn -b :1 --bind=:2 --root /x/ a:b",
            &[],
            &[],
            "hypercorn a:b | root-path /x/ (command line) | bind :1,:2 (command line)",
        ),
        (
            "python /v/bin/hypercorn -c h.toml -w2 a:b",
            &[],
            &[("h.toml", "root_path = '/t'\nworkers = 3\nbind = ['a:1']")],
            "hypercorn a:b | workers 2 (command line) | bind a:1 (h.toml:3) | root-path /t (h.toml:1)",
        ),
        (
            "python /v/bin/hypercorn -c file:h.py a:b",
            &[],
            &[("h.py", "import os\nroot_path = os.getcwd()\n")],
            "hypercorn a:b | ! h.py:2: root_path is computed: it cannot be known without running the file",
        ),
        (
            "python /v/bin/hypercorn --config python:conf a:b",
            &[],
            &[],
            "hypercorn a:b | ! the settings are in the Python module conf, which is not run",
        ),
        (
            "python /v/bin/hypercorn -c h.toml a:b",
            &[],
            &[("h.toml", "root_path = ")],
            "hypercorn a:b | ! h.toml (--config) could not be read: string values must be quoted, expected literal string",
        ),
    ]);
}

#[test]
fn daphne() {
    check(&[
        (
            "python /v/bin/daphne -b 0.0.0.0 -p 1 --root-path=/x --proxy-headers a:b",
            &[("FORWARDED_ALLOW_IPS", "*")],
            &[],
            "daphne a:b | root-path /x (command line) | proxy-headers true (command line) | bind 0.0.0.0 (command line) | \
             port 1 (command line)",
        ),
        (
            "python -m daphne --proxy-headers --proxy-headers-h X-Real-IP a:b",
            &[],
            &[],
            "daphne a:b | proxy-headers true (command line) | proxy-headers-host X-Real-IP (command line)",
        ),
    ]);
}

#[test]
fn granian() {
    check(&[
        (
            "python /v/bin/granian --interface asgi a:b",
            &[("GRANIAN_URL_PATH_PREFIX", "/x"), ("GRANIAN_WEBSOCKETS", "false"), ("GRANIAN_PORT", "1")],
            &[],
            "granian a:b | interface asgi (command line) | url-path-prefix /x (GRANIAN_URL_PATH_PREFIX) | \
             ws false (GRANIAN_WEBSOCKETS) | port 1 (GRANIAN_PORT)",
        ),
        (
            "python /v/bin/granian a:b --url-path-prefix /y --no-ws",
            &[("GRANIAN_INTERFACE", "ASGINL")],
            &[],
            "granian a:b | url-path-prefix /y (command line) | ws false (command line) | \
             interface ASGINL (GRANIAN_INTERFACE)",
        ),
        (
            "python /v/bin/granian a:b",
            &[],
            &[],
            "granian a:b | ! --interface rsgi: granian does not serve ASGI so, and there is no scope",
        ),
    ]);
}

#[test]
fn gunicorn() {
    let config = "# settings\nworker_class = 'asgi'\nroot_path = '/f'\nforwarded_allow_ips = '10.0.0.1'\n";
    check(&[
        (
            "python /v/bin/gunicorn -k asgi -b :1 -b :2 a:b --root-path /x",
            &[
                ("FORWARDED_ALLOW_IPS", "10.0.0.0/8"),
                ("GUNICORN_CMD_ARGS", "--root-path /no --forwarder-headers 'A,B'"),
            ],
            &[],
            "gunicorn a:b | worker-class asgi (command line) | root-path /x (command line) | bind :1,:2 (command line) | \
             forwarder-headers A,B (GUNICORN_CMD_ARGS) | forwarded-allow-ips 10.0.0.0/8 (FORWARDED_ALLOW_IPS)",
        ),
        (
            "python /v/bin/gunicorn a:b",
            &[("FORWARDED_ALLOW_IPS", "*")],
            &[("gunicorn.conf.py", config)],
            "gunicorn a:b | worker-class asgi (gunicorn.conf.py:2) | root-path /f (gunicorn.conf.py:3) | \
             forwarded-allow-ips 10.0.0.1 (gunicorn.conf.py:4)",
        ),
        (
            "python /v/bin/gunicorn -c c.py --chdir /srv a:b -k uvicorn_worker.UvicornWorker",
            &[("PWD", "/home")],
            &[("/home/c.py", "root_path = x\nforwarded_allow_ips = y\nworkers = cpu_count() * 2 + 1\nbind = z")],
            "gunicorn a:b | worker-class uvicorn_worker.UvicornWorker (command line) | \
             ! c.py:1: root_path is computed: it cannot be known without running the file | \
             ! c.py:2: forwarded_allow_ips is computed: it cannot be known without running the file",
        ),
        (
            "python /v/bin/gunicorn a:b",
            &[("GUNICORN_CMD_ARGS", "-c /c.py")],
            &[("/c.py", config), ("gunicorn.conf.py", "root_path = '/no'")],
            "gunicorn a:b | worker-class asgi (/c.py:2) | root-path /f (/c.py:3) | forwarded-allow-ips 10.0.0.1 (/c.py:4)",
        ),
        (
            "python -m gunicorn a:b",
            &[],
            &[],
            "gunicorn a:b | ! --worker-class sync serves WSGI: there is no ASGI scope",
        ),
        (
            "python -m gunicorn -k shop.Worker a:b",
            &[],
            &[],
            "gunicorn a:b | worker-class shop.Worker (command line) | \
             ! --worker-class shop.Worker is code: what it sets by itself (CONFIG_KWARGS) is not read",
        ),
    ]);
}

#[test]
fn what_a_file_computes_is_not_taken_from_a_lesser_place() {
    let files = [("gunicorn.conf.py", "forwarded_allow_ips = f()")];
    let started = started("python -m gunicorn -k asgi a:b", &[("FORWARDED_ALLOW_IPS", "*")], &files);
    assert_eq!(
        (started.said("forwarded-allow-ips"), started.unknown.as_slice()),
        (None, &["forwarded-allow-ips".to_owned()][..])
    );
}

/// What a model asks for and detection does not read would be guessed.
#[test]
fn every_option_of_a_model_is_read() {
    for (program, line) in [
        (Program::Uvicorn, "python -m uvicorn"),
        (Program::Hypercorn, "python -m hypercorn"),
        (Program::Daphne, "python -m daphne"),
        (Program::Granian, "python -m granian"),
        (Program::Gunicorn, "python -m gunicorn"),
    ] {
        for option in program.options().iter().filter(|option| !option.in_code) {
            let typed = if option.value.is_empty() { option.name.to_owned() } else { format!("{}=7", option.name) };
            let started = started(&format!("{line} a:b --{typed}"), &[], &[]);
            let expected = if option.value.is_empty() { "true" } else { "7" };
            let said = started.said(option.name).map(|said| said.value.as_str());
            assert_eq!(said, Some(expected), "{program} --{}: {started:?}", option.name);
        }
    }
}

#[test]
fn every_option_of_gunicorns_model_is_read_in_its_file() {
    for option in Program::Gunicorn.options() {
        let text = format!("{} = '7'", option.name.replace('-', "_"));
        let started = started("python -m gunicorn a:b", &[], &[("gunicorn.conf.py", &text)]);
        assert_eq!(started.said(option.name).map(|said| said.value.as_str()), Some("7"), "{text}");
    }
}

#[test]
fn the_dictionary_of_gunicorns_file_reaches_the_model() {
    let file = "secure_scheme_headers = {\n    'X-SCHEME': 'tls',\n}\n";
    let started = started("python -m gunicorn -k asgi a:b", &[], &[("gunicorn.conf.py", file)]);
    let (server, refused) = started.server(&Installed::new(), None);
    assert_eq!(refused, [""; 0]);
    let use_of = |name: &str, value: &[u8]| server.reading(name, &[value], true);
    assert_eq!(use_of("x-scheme", b"tls"), HeaderUse::Used);
    assert_eq!(use_of("x-forwarded-proto", b"https"), HeaderUse::NotRead);
}

#[test]
fn what_is_no_launcher() {
    let none = |_: &str| Err(String::new());
    for (line, expected) in
        [("python main.py", Reading::Code("main.py".to_owned())), ("nginx: worker process", Reading::Other)]
    {
        assert_eq!(read(&process(line, &[]), &none), expected, "{line}");
    }
    let spawned =
        ["python", "-c", "from multiprocessing.spawn import spawn_main; spawn_main()", "--multiprocessing-fork"];
    let child = Process { argv: spawned.map(str::to_owned).to_vec(), ..Process::default() };
    assert_eq!(read(&child, &none), Reading::Child);
}

/// Names and versions as they are installed.
fn installed(list: &[(&str, &str)]) -> Installed {
    list.iter().map(|(name, version)| ((*name).to_owned(), (*version).to_owned())).collect()
}

#[test]
fn the_server_that_follows() {
    let line = "python /v/bin/uvicorn a:b --root-path /x --http auto --workers 2";
    let packages = installed(&[("uvicorn", "0.40.0"), ("h11", "0.16.0"), ("odd", "not a version")]);
    let (server, refused) = started(line, &[], &[]).server(&packages, None);
    assert_eq!((server.version.to_string().as_str(), server.root_path.as_str(), server.stated), ("0.40.0", "/x", true));
    assert_eq!(server.libraries.get("h11").map(|release| release.to_string()).as_deref(), Some("0.16.0"));
    assert_eq!(refused, [""; 0]);
    let mut expected = crate::asgi::server::Server::named("uvicorn@0.40").unwrap();
    for (name, value) in [("root-path", "/x"), ("http", "h11"), ("ws", "none")] {
        expected.set(name, value).unwrap();
    }
    assert_eq!(server.options, expected.options);
}

/// What cannot be known of a request to a server started so.
fn unknown(line: &str, files: &[(&str, &str)]) -> Option<String> {
    let (server, _) = started(line, &[], files).server(&Installed::new(), None);
    unknown_of(&server)
}

fn unknown_of(server: &Server) -> Option<String> {
    let ends = Ends::tcp(([127, 0, 0, 1], 50_000).into(), ([127, 0, 0, 1], 8000).into());
    match server.receive(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", &ends) {
        Outcome::Unknown { why } => Some(why),
        _ => None,
    }
}

#[test]
fn a_way_of_serving_that_is_not_modelled_is_never_guessed() {
    let computed = &[("gunicorn.conf.py", "worker_class = f()")][..];
    for (line, files, expected) in [
        ("python -m uvicorn a:b --http zttp", &[][..], "zttp"),
        ("python -m uvicorn a:b --http zttp --http2", &[], "zttp"),
        ("python -m uvicorn a:b --http shop:Protocol", &[], "shop:Protocol"),
        ("python -m uvicorn a:b --interface wsgi", &[], "WSGI"),
        ("python -m gunicorn a:b", &[], "--worker-class sync serves WSGI"),
        ("python -m gunicorn -k gthread a:b", &[], "--worker-class gthread serves WSGI"),
        ("python -m gunicorn -k shop.Worker a:b", &[], "shop.Worker is code"),
        ("python -m gunicorn -k shop.UvicornWorker a:b", &[], "shop.UvicornWorker"),
        ("python -m gunicorn a:b", computed, "which worker class serves the app is not known"),
        ("python -m gunicorn -c python:conf a:b", &[], "which worker class serves the app is not known"),
        ("python -m granian a:b", &[], "--interface rsgi"),
        ("python -m granian --interface WSGI a:b", &[], "--interface wsgi"),
    ] {
        let why = unknown(line, files).unwrap_or_default();
        assert!(why.contains(expected), "{line}: {why}");
    }
    for line in
        ["python -m uvicorn a:b --http h11", "python -m gunicorn -k asgi a:b", "python -m granian --interface asgi a:b"]
    {
        assert_eq!(unknown(line, &[]), None, "{line}");
    }
}

#[test]
fn what_is_told_replaces_what_is_not_modelled() {
    let (mut server, _) = started("python -m gunicorn -k shop.Worker a:b", &[], &[]).server(&Installed::new(), None);
    server.set("root-path", "/x").unwrap();
    assert!(unknown_of(&server).is_some(), "another option says nothing about it");
    server.set("worker-class", "asgi").unwrap();
    assert_eq!(unknown_of(&server), None);
}

#[test]
fn what_the_server_does_not_take_is_said() {
    let (_, refused) =
        started("python /v/bin/uvicorn a:b --http shop:Protocol", &[], &[]).server(&Installed::new(), None);
    assert!(
        matches!(refused.as_slice(), [one] if one.contains("shop:Protocol") && one.contains("command line")),
        "{refused:?}"
    );
}

#[test]
fn what_auto_means_follows_from_what_is_installed() {
    let started = started("python /v/bin/uvicorn a:b", &[], &[]);
    for (packages, expected) in [
        (vec![], vec![]),
        (vec![("uvicorn", "0.54.0")], vec![("http", "h11"), ("ws", "none")]),
        (vec![("httptools", "1.0"), ("wsproto", "1.0")], vec![("http", "httptools"), ("ws", "wsproto")]),
        (vec![("httptools", "1.0"), ("wsproto", "1.0"), ("websockets", "1.0")], vec![("http", "httptools")]),
    ] {
        assert_eq!(started.automatic(&installed(&packages)), expected, "{packages:?}");
    }
}
