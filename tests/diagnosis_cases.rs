//! Every file in `tests/cases` is a story: a set-up, exchanges as raw heads, and the findings that each must have, no
//! more and no less. A new case needs no code; `tests/cases/README.md` explains the format.

#![cfg(test)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hopscope::asgi::framework::{App, Framework, Routes};
use hopscope::asgi::server::Server;
use hopscope::diagnosis::rules::ALL;
use hopscope::diagnosis::{Finding, Follows, Session, Update};
use hopscope::exchange::{Answered, Ending, Exchange, Pairing, Phase, Sample, Side};
use hopscope::gateway::{Destination, Gateway, parse_route};
use hopscope::lanes::{Beneath, Setup, Tap, TapKind, compute};
use hopscope::redirect::PublicUrl;
use hopscope::remedy::Remedies;
use serde::Deserialize;

/// One file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Story {
    /// What it shows, in a sentence.
    about: String,
    #[serde(default)]
    setup: SetupText,
    exchange: Vec<ExchangeText>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct SetupText {
    /// `edge`, `app`, `proxy`; both taps if not given.
    taps: Option<Vec<String>>,
    public: Option<String>,
    /// The unix socket that the stand-in sends to.
    socket: Option<String>,
    #[serde(default)]
    prefixes: Vec<String>,
    #[serde(default)]
    server: ServerText,
    /// What served before the story began, on the same or another framework.
    before: Option<BeforeText>,
    #[serde(default)]
    app: AppText,
    /// Routes that become known after the last exchange.
    routes_later: Option<Vec<String>>,
    /// Prefixes that must be known at the end.
    learns: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(default)]
struct ServerText {
    /// As `--server` takes it.
    name: String,
    stated: bool,
    /// Its own options, by their own names.
    #[serde(flatten)]
    options: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BeforeText {
    server: ServerText,
    #[serde(default)]
    app: AppText,
}

impl Default for ServerText {
    fn default() -> Self {
        Self { name: "uvicorn".to_owned(), stated: true, options: BTreeMap::new() }
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct AppText {
    fastapi: Option<String>,
    starlette: Option<String>,
    root_path: String,
    prefix_header: bool,
    routes: Option<Vec<String>>,
    mounts: Vec<String>,
    /// Its routes as its description has them: there may be others, and mounts.
    described: Option<Vec<String>>,
    /// What it showed when it was asked what stands at a path.
    beneath: Vec<BeneathText>,
}

/// A path that the app was asked for, as its server gets it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BeneathText {
    path: String,
    /// The mount below which nothing answers; nothing special was found without one.
    silent: Option<String>,
    #[serde(default)]
    without_prefix: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExchangeText {
    /// Seconds since the story began.
    #[serde(default)]
    at: f64,
    /// How often it happens, one second apart.
    #[serde(default = "once")]
    times: u32,
    edge: Option<HalfText>,
    app: Option<HalfText>,
    /// The findings it has once the story is over.
    #[serde(default)]
    expect: Vec<Expected>,
}

fn once() -> u32 {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HalfText {
    request: String,
    response: Option<String>,
    #[serde(default)]
    body: String,
    /// Who connected to this tap.
    peer: Option<String>,
    /// The address that the app tap connects from.
    source: Option<String>,
    /// True if it was sent on over a unix socket, where nobody has an address.
    #[serde(default)]
    over_socket: bool,
    /// `no-route`: the stand-in answered by itself. `client-left`: while it waited for an answer. `no-upstream`: nobody
    /// listens where this tap sends to.
    ending: Option<String>,
    /// What the probe in the app answered, JSON.
    probe: Option<String>,
    /// Seconds after its beginning at which the answer's head was there.
    answered: Option<f64>,
    /// Seconds after its beginning at which it ended.
    ended: Option<f64>,
}

#[derive(Deserialize, Debug, PartialEq, Clone)]
#[serde(deny_unknown_fields)]
struct Expected {
    code: String,
    #[serde(default = "yes")]
    primary: bool,
    confidence: Option<String>,
    severity: Option<String>,
    /// A code on the same exchange, or `CODE@N` on the N-th exchange of the story.
    follows: Option<String>,
    /// Words that the cause must hold.
    why: Option<String>,
    /// Words that one of the fixes must hold.
    fix: Option<String>,
    /// Words that no fix may hold.
    no_fix: Option<String>,
}

fn yes() -> bool {
    true
}

impl SetupText {
    fn build(&self) -> Setup {
        let server = self.server.build();
        let taps = self.taps.clone().unwrap_or_else(|| vec!["edge".into(), "app".into()]);
        let stand_in = taps.iter().any(|tap| tap == "proxy");
        let mut setup = Setup {
            taps: taps.iter().map(|tap| tap_named(tap)).collect(),
            gateway: stand_in.then(|| Gateway::of_routes(Vec::new(), None)),
            app: App {
                root_path: self.app.root_path.clone(),
                prefix_header: self.app.prefix_header,
                routes: self.app.routes(),
                framework: self.app.framework(),
                ..App::default()
            },
            public: self.public.as_deref().map(|url| PublicUrl::parse(url).unwrap()),
            prefixes: self.prefixes.clone(),
            ..Setup::new(server)
        };
        if let (Some(path), Some(gateway)) = (&self.socket, &mut setup.gateway) {
            let route = parse_route("/=http://127.0.0.1:8000").unwrap();
            *gateway = Gateway::of_routes(vec![route], None);
            gateway.routers[0].upstreams = vec![Destination::Unix(path.clone())];
        }
        for BeneathText { path, silent, without_prefix } in &self.app.beneath {
            let found = silent.clone().map(|mount| Beneath::Silent { mount, without_prefix: *without_prefix });
            setup.note_beneath(path, found.unwrap_or(Beneath::Ordinary));
        }
        if let Some(before) = &self.before {
            let server = std::mem::replace(&mut setup.server, before.server.build());
            let framework = std::mem::replace(&mut setup.app.framework, before.app.framework());
            setup.serve_otherwise(0, server, framework);
        }
        setup
    }
}

impl ServerText {
    fn build(&self) -> Server {
        let mut server = Server::named(&self.name).unwrap();
        server.stated = self.stated;
        for (option, value) in &self.options {
            server.set(option, value).unwrap();
        }
        server
    }
}

impl AppText {
    fn routes(&self) -> Option<Routes> {
        let all = self.routes.clone().map(|routes| Routes::new(routes, self.mounts.clone()));
        all.or_else(|| self.described.clone().map(Routes::some))
    }

    /// FastAPI of the releases named; the newest known without any.
    fn framework(&self) -> Framework {
        let release = |text: &Option<String>| text.as_deref().map(|text| text.parse().unwrap());
        Framework::fastapi(release(&self.fastapi), release(&self.starlette))
    }
}

fn tap_named(name: &str) -> Tap {
    let (kind, port) = match name {
        "edge" => (TapKind::Edge, 9998),
        "app" => (TapKind::App, 8001),
        "proxy" => (TapKind::StandIn, 9999),
        other => panic!("no tap is called {other}"),
    };
    Tap { kind, listen: ([127, 0, 0, 1], port).into(), upstream: String::new(), door: None }
}

impl ExchangeText {
    fn build(&self, id: u64, after: u32, stand_in: bool) -> Exchange {
        let at = Duration::from_secs_f64(self.at + f64::from(after)).as_micros().try_into().unwrap();
        let edge = self.edge.as_ref().map(|half| half.build(Side::Edge, at));
        let app = self.app.as_ref().map(|half| half.build(Side::App, at));
        let mut exchange = match (edge, app) {
            (Some(edge), Some(app)) => edge.paired(id, app),
            (Some(half), None) | (None, Some(half)) => half.alone(id),
            (None, None) => panic!("an exchange needs a side"),
        };
        if stand_in {
            exchange.pairing = Pairing::StandIn;
        }
        exchange
    }
}

impl HalfText {
    fn build(&self, side: Side, at: u64) -> Sample {
        let mut sample = Sample::new(side, self.request.trim_start()).unwrap();
        if let Some(response) = &self.response {
            sample = sample.response(response.trim_start(), self.body.as_bytes()).unwrap();
        }
        sample.with(|half| {
            half.times.started = at;
            if let Some(peer) = &self.peer {
                half.peer.set_ip(peer.parse().unwrap());
            }
            if let (Some(source), Some((_, from))) = (&self.source, &mut half.upstream) {
                from.set_ip(source.parse().unwrap());
            }
            if self.over_socket {
                half.upstream = None;
            }
            half.probe = self.probe.clone().map(Into::into);
            let micros = |seconds: f64| u64::try_from(Duration::from_secs_f64(seconds).as_micros()).unwrap();
            half.times.answered = self.answered.map(micros);
            half.times.ended = self.ended.map_or(0, micros);
            match self.ending.as_deref() {
                None => {}
                Some("no-route") => {
                    half.ending = Ending::NoRoute;
                    half.answered = Answered::Hopscope;
                    half.upstream = None;
                }
                Some("no-upstream") => {
                    half.ending = Ending::NoUpstream("Connection refused".to_owned());
                    half.answered = Answered::Hopscope;
                }
                Some("client-left") => half.ending = Ending::ClientGone(Phase::Wait),
                Some(other) => panic!("no ending is called {other}"),
            }
        })
    }
}

/// Plays a story; gives what was found on each exchange, by its place in the file (from 1).
fn play(story: &Story) -> (BTreeMap<u64, Vec<Finding>>, Vec<u64>, Setup) {
    let mut setup = story.setup.build();
    let stand_in = setup.gateway.is_some();
    let (mut session, mut remedies) = (Session::default(), Remedies::default());
    let (mut found, mut played, mut places) = (BTreeMap::new(), Vec::new(), Vec::new());
    for (place, text) in story.exchange.iter().enumerate() {
        for after in 0..text.times {
            let exchange = Arc::new(text.build(played.len() as u64 + 1, after, stand_in));
            places.push(place as u64 + 1);
            let lanes = compute(&exchange, &setup);
            let updates = session.observe(&exchange, &lanes, &mut setup);
            remedies.remember(&exchange);
            played.push(exchange);
            mend(updates, &mut remedies, &played, &setup, &mut found);
        }
    }
    if let Some(routes) = &story.setup.routes_later {
        setup.app.routes = Some(Routes::new(routes.clone(), Vec::new()));
        remedies.forget();
        let waiting: Vec<_> = session.waiting().collect();
        for exchange in played.iter().filter(|exchange| waiting.contains(&exchange.id)) {
            let lanes = compute(exchange, &setup);
            let updates = session.recheck(exchange, &lanes, &mut setup);
            mend(updates, &mut remedies, &played, &setup, &mut found);
        }
        assert_eq!(session.waiting().len(), 0, "nothing waits once it was looked at again");
    }
    (found, places, setup)
}

/// Tries the fixes of what was found, as the store does.
fn mend(
    updates: Vec<Update>,
    remedies: &mut Remedies,
    played: &[Arc<Exchange>],
    setup: &Setup,
    found: &mut BTreeMap<u64, Vec<Finding>>,
) {
    for Update { exchange, mut findings } in updates {
        let seen = played.iter().find(|played| played.id == exchange).unwrap();
        remedies.mend(&mut findings, seen, setup);
        found.insert(exchange.0, findings);
    }
}

/// What was found, in the words of the file.
fn told(finding: &Finding, places: &[u64]) -> Expected {
    let lines = finding.fix.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    Expected {
        code: finding.code.to_owned(),
        primary: finding.primary,
        confidence: Some(finding.confidence.word().to_owned()),
        severity: Some(finding.severity.word().to_owned()),
        follows: finding.follows.as_ref().map(|follows| match follows {
            Follows::Code(code) => (*code).to_owned(),
            Follows::Exchange(id, code) => format!("{code}@{}", places[usize::try_from(id.0).unwrap() - 1]),
        }),
        why: Some(finding.why.clone()),
        fix: Some(lines.clone()),
        no_fix: Some(lines),
    }
}

/// What an expectation leaves open is not compared.
fn meets(expected: &Expected, got: &Expected) -> bool {
    let same = |a: &Option<String>, b: &Option<String>| a.is_none() || a == b;
    let holds = |a: &Option<String>, b: &Option<String>| {
        a.as_ref().is_none_or(|words| b.as_ref().is_some_and(|text| text.contains(words)))
    };
    expected.code == got.code
        && expected.primary == got.primary
        && expected.follows == got.follows
        && same(&expected.confidence, &got.confidence)
        && same(&expected.severity, &got.severity)
        && holds(&expected.why, &got.why)
        && holds(&expected.fix, &got.fix)
        && expected.no_fix.as_ref().is_none_or(|words| got.no_fix.as_ref().is_some_and(|text| !text.contains(words)))
}

fn stories() -> Vec<(String, Story)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut stories: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let story = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, story)
        })
        .collect();
    stories.sort_by(|a, b| a.0.cmp(&b.0));
    stories
}

#[test]
fn every_story_has_its_findings_and_no_other() {
    let mut wrong = Vec::new();
    for (name, story) in stories() {
        let (found, places, setup) = play(&story);
        let last_of = |place: u64| places.iter().rposition(|&p| p == place).unwrap() as u64 + 1;
        for (index, text) in story.exchange.iter().enumerate() {
            let id = last_of(index as u64 + 1);
            let got: Vec<_> = found.get(&id).into_iter().flatten().map(|finding| told(finding, &places)).collect();
            let same = got.len() == text.expect.len() && text.expect.iter().zip(&got).all(|(e, g)| meets(e, g));
            if !same {
                wrong.push(format!(
                    "{name} ({}), exchange {}:\n  expected {:#?}\n  got {got:#?}",
                    story.about,
                    index + 1,
                    text.expect
                ));
            }
        }
        if let Some(learns) = story.setup.learns.as_ref().filter(|learns| **learns != setup.prefixes) {
            wrong.push(format!("{name}: learned {:?}, not {learns:?}", setup.prefixes));
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn every_rule_has_a_case_and_a_near_miss() {
    let stories = stories();
    for rule in ALL {
        let code = rule.code.to_lowercase();
        let names =
            |near: bool| stories.iter().any(|(name, _)| name.starts_with(&code) && name.contains("-not-") == near);
        assert!(names(false), "no case for {}", rule.code);
        assert!(names(true), "no near miss for {}", rule.code);
    }
}

#[test]
fn a_clean_story_expects_nothing() {
    for (name, story) in stories().iter().filter(|(name, _)| name.starts_with("clean-")) {
        assert!(story.exchange.iter().all(|exchange| exchange.expect.is_empty()), "{name}");
    }
}

/// What the rules' "not" lines and the catalogue of popular mistakes forbid, as it would stand in a fix; behind it the words
/// that make it right where they come before it on the line.
const FORBIDDEN: [(&str, &str); 13] = [
    ("openapi_url=", "without "),
    ("--forwarded-allow-ips '*'", ""),
    ("--forwarded-allow-ips *", ""),
    ("trusted_hosts=\"*\"", ""),
    ("0.0.0.0/0", ""),
    ("forwardedHeaders.insecure", "no "),
    ("header_up Host {host}", ""),
    ("merge_slashes", ""),
    ("sub_filter", ""),
    ("PathPrefix(`/`)", ""),
    ("location / {", ""),
    ("app.mount(\"/api", ""),
    ("upgrade-insecure-requests", ""),
];

#[test]
fn no_fix_says_what_another_rule_forbids() {
    let mut wrong = Vec::new();
    for (name, story) in stories() {
        let (found, ..) = play(&story);
        let findings = found.values().flatten();
        for (code, fix) in findings.flat_map(|finding| finding.fix.iter().map(move |fix| (finding.code, fix))) {
            let line = fix.to_string();
            // Nobody has an address there: whoever may open the file is believed, and is to be.
            if line.contains("over a unix socket") {
                continue;
            }
            for (words, unless) in FORBIDDEN {
                let said =
                    line.split_once(words).is_some_and(|(before, _)| unless.is_empty() || !before.ends_with(unless));
                if said {
                    wrong.push(format!("{name}, {code}: {line}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
