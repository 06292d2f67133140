mod on_paper;

use std::ops::ControlFlow;

use clap::CommandFactory as _;

use on_paper::explained;

use super::headless::Headless;
use super::*;
use crate::capture::{Losses, Observed};
use crate::diagnosis::{Confidence, Finding, Severity};
use crate::exchange::{Ending, Sample, Side};
use crate::report::{Report, Style};
use crate::settings::{FailOn, Format, Settings};
use crate::store::{Filter, Limits, Store};

fn parsed(line: &str) -> Result<Command, String> {
    Cli::try_parse_from(line.split_whitespace()).map(|cli| cli.command).map_err(|error| error.to_string())
}

fn settings(line: &str) -> Result<Settings, String> {
    let settings = match parsed(line)? {
        Command::Tap(args) => args.settings(),
        Command::Proxy(args) => args.settings(),
        _ => unreachable!("only live commands have settings"),
    };
    settings.map_err(|failure| failure.to_string())
}

fn help(of: &str, long: bool) -> String {
    let mut command = Cli::command().term_width(100);
    command.build();
    let command = if of.is_empty() { &mut command } else { command.find_subcommand_mut(of).unwrap() };
    if long { command.render_long_help() } else { command.render_help() }.to_string()
}

#[test]
fn the_help_reads_well() {
    insta::assert_snapshot!("help", help("", true));
    for name in ["predict", "servers"] {
        insta::assert_snapshot!(format!("help_{name}"), help(name, true));
    }
    for name in ["tap", "proxy", "run", "probe", "explain", "check"] {
        insta::assert_snapshot!(format!("help_{name}"), help(name, false));
    }
    Cli::command().debug_assert();
}

#[test]
fn every_live_command_has_examples_that_can_be_run() {
    for name in ["", "tap", "proxy", "run", "probe", "explain", "check"] {
        let text = help(name, true);
        let examples: Vec<String> = text
            .replace("\\\n", " ")
            .lines()
            .map(str::trim)
            .map(|line| line.split_once("| ").map_or(line, |(_, line)| line))
            .filter(|line| line.starts_with("hopscope ") && !line.starts_with("hopscope stands"))
            .map(|line| line.split_once(" > ").map_or(line, |(line, _)| line).replace('\'', ""))
            .collect();
        assert!(examples.len() > 2, "{name}: {text}");
        for example in examples.iter().filter(|line| !line.contains(": ")) {
            parsed(example).unwrap_or_else(|error| panic!("{example}: {error}"));
        }
    }
}

#[test]
fn a_tap_becomes_settings() {
    let line = "hopscope tap --edge :9998=http://127.0.0.1:9999 --app 0.0.0.0:8001=http://app:8000 --root-path /api/v1 \
                --server uvicorn@0.30 --tap-source 127.0.0.2 --max-memory 1MiB --no-ask-app --no-redact --format jsonl";
    let settings = settings(line).unwrap();
    assert_eq!(settings.listeners.len(), 2);
    assert_eq!(settings.exposed().map(|listener| listener.address.port()).collect::<Vec<_>>(), [8001]);
    assert_eq!((settings.setup.server.root_path.as_str(), settings.setup.server.version.minor), ("/api/v1", 30));
    assert_eq!((settings.bounds.memory, settings.bounds.requests), (1 << 20, 10_000));
    assert!(!settings.ask_app && !settings.output.redact && settings.tap_source.is_some());
    assert_eq!((settings.output.format, settings.setup.prefixes), (Format::Jsonl, vec!["/api/v1".to_owned()]));
}

#[rstest::rstest]
#[case("--server hypercorn --root-path /p", "/p", "items")]
#[case("--server granian@2.8 --url-path-prefix /p", "/p", "items")]
#[case("--url-path-prefix /p", "/p", "items")]
#[case("--server daphne --root-path /p --proxy-headers", "/p", "items")]
#[case("-k asgi --root-path /p", "/p", "items")]
#[case("--server gunicorn -k uvicorn_worker.UvicornWorker --root-path /p", "", "items")]
#[case("--server uvicorn --root-path /p --http h11 --ws wsproto", "/p", "p/items")]
#[case("--server uvicorn --server-option root-path=/p --with h11@0.16", "/p", "p/items")]
fn each_server_is_set_up_by_its_own_options(#[case] flags: &str, #[case] root_path: &str, #[case] path: &str) {
    let (line, _) = explained(&format!("hopscope explain http://localhost/items {flags} -m jsonl"));
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["scope"]["root_path"], root_path, "{line}");
    assert_eq!(line["scope"]["path"], format!("/{path}"), "{line}");
}

#[test]
fn every_server_option_can_be_said() {
    let command = Cli::command();
    let explain = command.find_subcommand("explain").unwrap();
    let flags: Vec<_> = explain.get_arguments().filter_map(clap::Arg::get_long).collect();
    for program in crate::asgi::server::Program::ALL {
        let reading = program.reading_option().map(|(name, _)| name);
        for named in [Some(program.root_path_option()), program.trust_option(), reading] {
            assert!(named.is_none_or(|name| flags.contains(&name)), "{program} {named:?}");
        }
    }
    assert!(flags.contains(&"server-option"), "for all the others");
}

#[test]
fn a_stand_in_becomes_settings() {
    let line =
        "hopscope proxy --listen 9999 --to http://a:1 --prefix /api --strip --forward-prefix --route /=http://b:2";
    let gateway = settings(line).unwrap().gateway.unwrap();
    let routes: Vec<String> = gateway.routers.iter().map(|router| router.rule.clone()).collect();
    assert_eq!(routes, ["--route /api=http://a:1,strip,forward-prefix", "--route /=http://b:2,keep"]);
}

#[test]
fn a_configuration_becomes_settings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("haproxy.cfg");
    let text = "defaults\n mode http\nfrontend web\n bind :80\n bind :8443 ssl crt /none.pem\n default_backend app\n\
                backend app\n server app api:8000\n";
    std::fs::write(&path, text).unwrap();
    let from = format!("--from {}", path.display());
    let shown = |settings: &Settings| {
        let door = |listener: &crate::settings::Listener| {
            let port = listener.door.as_ref().map_or(0, |door| door.port);
            format!("{port}={}", listener.address)
        };
        settings.listeners.iter().map(door).collect::<Vec<_>>().join(" ")
    };
    let proxy = settings(&format!("hopscope proxy --map api=127.0.0.1 --map-listen 80=8080 {from}")).unwrap();
    assert_eq!(shown(&proxy), "80=127.0.0.1:8080");
    let api = proxy.gateway.as_ref().unwrap().upstreams()[0];
    assert_eq!((api.to_string(), proxy.names.find(api).to_string()), ("api:8000".into(), "127.0.0.1:8000".into()));
    let notes = configured::notes(&proxy);
    assert!(notes.lines[0].starts_with("HAProxy") && notes.lines[0].contains("haproxy.cfg: "), "{notes:?}");
    assert_eq!(notes.warnings, ["port 8443 is left out: --map-listen 8443=ADDRESS:PORT takes it in"]);

    let both = settings(&format!("hopscope proxy --map api=127.0.0.1 {from}")).unwrap();
    assert_eq!(shown(&both), "80=127.0.0.1:80 8443=127.0.0.1:8443");
    let warnings = configured::notes(&both).warnings.join("; ");
    assert!(warnings.contains("port 8443 expects TLS: 127.0.0.1:8443 takes plain HTTP"), "{warnings}");

    let tap = settings(&format!("hopscope tap --edge 1=http://127.0.0.1:9999 --map-listen 80=9999 {from}")).unwrap();
    assert_eq!((shown(&tap).as_str(), tap.gateway), ("80=127.0.0.1:1", None), "the proxy is another program");
    assert!(tap.setup.gateway.is_some());
    let lost = settings(&format!("hopscope tap --edge 1=http://127.0.0.1:9999 {from}")).unwrap();
    assert!(configured::notes(&lost).warnings[0].contains("--map-listen PORT=9999"));

    for (flags, message) in [
        ("--listen 1", "the configuration listens on 80, 8443"),
        ("--to http://a:1", "leave --to, --prefix and --route away"),
        ("--map-listen 81=1", "--map-listen 81: the configuration listens on 80, 8443"),
        ("--map api", "write NAME:PORT=ADDRESS:PORT"),
    ] {
        let error = settings(&format!("hopscope proxy {flags} {from}")).unwrap_err();
        assert!(error.contains(message), "{error}");
    }
}

#[rstest::rstest]
#[case("hopscope tap", "--edge <LISTEN=URL>")]
#[case("hopscope tap --edge 9998", "invalid value '9998' for '--edge <LISTEN=URL>': write LISTEN=URL")]
#[case("hopscope tap --edge 1=http://a:1 --app 1=http://b:1", "two listeners have the address 127.0.0.1:1")]
#[case("hopscope tap --edge 1=http://a:1 --filter statsu=1", "did you mean `status`?")]
#[case("hopscope tap --edge 1=http://a:1 --server django", "no server is known as \"django\"; known: uvicorn")]
#[case(
    "hopscope tap --edge 1=http://a:1 --server granian --root-path /x",
    "granian has no option --root-path (uvicorn, "
)]
#[case("hopscope tap --edge 1=http://a:1 --server granian --root-path /x", "it has --url-path-prefix, ")]
#[case("hopscope tap --edge 1=http://a:1 --url-path-prefix /x --trusted-hops 2", "(say --server for another)")]
#[case("hopscope tap --edge 1=http://a:1 --proxy-fix new", "hypercorn: --proxy-fix cannot be \"new\": say ")]
#[case("hopscope tap --edge 1=http://a:1 --server-option root-path", "write NAME=VALUE")]
#[case("hopscope tap --edge 1=http://a:1 --with h11", "write NAME@VERSION")]
#[case("hopscope tap --edge 1=http://a:1 --with flask@3.0", "no server model asks for \"flask\"; known: h11, ")]
#[case("hopscope tap --edge 1=http://a:1 --starlette new", "\"new\" is no version")]
#[case("hopscope tap --edge 1=http://a:1 --body-limit big", "64KiB")]
#[case("hopscope tap --edge 1=http://a:1 --head-limit 1", "it must be from 1KiB to 16MiB")]
#[case("hopscope tap --edge 1=http://a:1 --duration 0", "write e.g. 30s")]
#[case("hopscope tap --edge 1=http://a:1 --fail-on bad", "neither error nor warn nor the code of a finding")]
#[case("hopscope proxy --listen 1", "--to URL is missing")]
#[case("hopscope proxy --map a=b --listen 1 --to http://a:1", "--from <FILE>...")]
#[case("hopscope proxy", "--listen <ADDRESS>")]
#[case("hopscope proxy --listen 1 --to http://a:1 --strip", "--prefix <PATH>")]
#[case("hopscope proxy --listen 1 --to http://a:1 --prefix /a --strip --keep", "cannot be used with")]
#[case("hopscope proxy --listen 1 --to https://a", "TLS to the upstream is not there yet")]
#[case("hopscope proxy --listen 1 --to http://a:1 --prefix /a --route /a=http://b:1", "two routes take the prefix /a")]
#[case("hopscope proxy --listen 1 --to http://a:1 --public-url shop.test", "it must start with http:// or https://")]
fn a_mistake_is_named_with_what_would_be_right(#[case] line: &str, #[case] message: &str) {
    let error = settings(line).unwrap_err();
    assert!(error.contains(message), "{error}");
}

/// What a run without a screen writes of three GETs of `/0` to `/2`, the last still open, in two batches.
fn headless_run(filter: &str, count: Option<u64>) -> (String, ControlFlow<()>, Exit) {
    let settings = settings("hopscope tap --edge 9998=http://127.0.0.1:9999").unwrap();
    let mut store = Store::new(settings.setup, Limits { count: 10, bytes: 1 << 20 });
    let mut out = Vec::new();
    let style = Style {
        redact: true,
        ascii: false,
        zone: jiff::tz::TimeZone::UTC,
        color: false,
        predicted: false,
        evidence: false,
    };
    let report = Report::new(Format::Jsonl, style, &mut out);
    let fail_on = Some(FailOn::Code("NG07".to_owned()));
    let mut headless = Headless::new(report, Some(Filter::parse(filter).unwrap()), count, fail_on);
    let mut flow = ControlFlow::Continue(());
    for key in 0..3 {
        let half = Sample::new(Side::Edge, &format!("GET /{key} HTTP/1.1\nHost: h\n")).unwrap();
        let half = half.response("HTTP/1.1 404 Not Found\n", b"404 page not found\n").unwrap();
        let half = half.with(|half| half.ending = if key == 2 { Ending::Open } else { Ending::Complete });
        let observed = Observed { key, pair: None, edge: Some(Box::new(half.half())), app: None };
        let changed = store.absorb(vec![observed], Losses::default());
        if flow.is_continue() {
            flow = headless.changed(&store, &changed).unwrap();
        }
    }
    let exit = headless.finish(&store).unwrap();
    (String::from_utf8(out).unwrap(), flow, exit)
}

#[test]
fn without_a_screen_what_ended_and_passes_is_written() {
    let paths = |text: &str| {
        let line = |line| serde_json::from_str::<serde_json::Value>(line).unwrap()["original"]["path"].to_string();
        text.lines().map(line).collect::<Vec<_>>().join(" ")
    };
    for (filter, count, expected, flow) in [
        ("", None, "\"/0\" \"/1\"", ControlFlow::Continue(())),
        ("path=/1", None, "\"/1\"", ControlFlow::Continue(())),
        ("", Some(1), "\"/0\"", ControlFlow::Break(())),
        ("path=/1", Some(1), "\"/1\"", ControlFlow::Break(())),
        ("status=200", None, "", ControlFlow::Continue(())),
    ] {
        let (text, ended, _) = headless_run(filter, count);
        assert_eq!((paths(&text).as_str(), ended), (expected, flow), "{filter} {count:?}");
    }
}

#[test]
fn a_finding_that_was_asked_for_fails_the_run() {
    let finding = crate::diagnosis::rules::ALL.iter().find(|rule| rule.code == "NG07").unwrap();
    let (text, _, exit) = headless_run("", None);
    assert_eq!(exit == Exit::Findings, text.contains(finding.title), "{text}");
    assert_eq!(headless_run("status=200", None).2, Exit::Fine);
    for (fail_on, severity, expected) in [
        (FailOn::Error, Severity::Error, true),
        (FailOn::Error, Severity::Warn, false),
        (FailOn::Warn, Severity::Warn, true),
        (FailOn::Warn, Severity::Note, false),
        (FailOn::Code("PX01".to_owned()), Severity::Note, true),
        (FailOn::Code("PX02".to_owned()), Severity::Error, false),
    ] {
        let finding = Finding {
            code: "PX01",
            title: "",
            severity,
            why: String::new(),
            about: String::new(),
            facts: Vec::new(),
            missing: None,
            fix: Vec::new(),
            not: None,
            confidence: Confidence::High,
            primary: true,
            follows: None,
        };
        assert_eq!(headless::fails(&finding, &fail_on), expected, "{fail_on:?} {severity:?}");
    }
}
