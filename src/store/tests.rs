use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::asgi::framework::{Framework, Routes};
use crate::asgi::server::Server;
use crate::capture::PairId;
use crate::exchange::{ConnectionId, Ending, Half, Sample, Side};
use crate::lanes::{Provenance, Tap, TapKind};

pub(super) fn setup(kinds: &[TapKind]) -> Setup {
    let tap = |kind: &TapKind| Tap {
        kind: *kind,
        listen: ([127, 0, 0, 1], 9998).into(),
        upstream: String::new(),
        door: None,
    };
    Setup { taps: kinds.iter().map(tap).collect(), ..Setup::new(Server::uvicorn()) }
}

const BOTH: &[TapKind] = &[TapKind::Edge, TapKind::App];
const WIDE: Limits = Limits { count: 1000, bytes: usize::MAX };

/// A half that lasts from `start` for 10 µs.
fn half(side: Side, path: &str, start: u64, ending: Ending) -> Half {
    let sample = Sample::new(side, &format!("GET {path} HTTP/1.1\nhost: h\n")).unwrap();
    sample
        .with(|half| {
            half.times.started = start;
            half.times.ended = 10;
            half.ending = ending;
        })
        .half()
}

fn edge(key: u64, pair: Option<u64>, half: Half) -> Observed {
    Observed { key, pair: pair.map(PairId), edge: Some(Box::new(half)), app: None }
}

fn app(key: u64, pair: Option<u64>, half: Half) -> Observed {
    Observed { key, pair: pair.map(PairId), edge: None, app: Some(Box::new(half)) }
}

fn one(side: Side, path: &str) -> Half {
    half(side, path, 100, Ending::Complete)
}

fn open(side: Side, path: &str) -> Half {
    half(side, path, 100, Ending::Open)
}

/// What is in the store: pairing, and which halves are there.
fn shape(store: &Store) -> Vec<(Pairing, bool, bool)> {
    let of = |exchange: &Exchange| (exchange.pairing, exchange.edge.is_some(), exchange.app.is_some());
    store.entries().map(|entry| of(&entry.exchange)).collect()
}

fn stored(batch: Vec<Observed>) -> Store {
    let mut store = Store::new(setup(BOTH), WIDE);
    store.absorb(batch, Losses::default());
    store
}

#[test]
fn halves_with_one_id_are_one_exchange_whichever_comes_first() {
    let there = edge(1, Some(7), one(Side::Edge, "/p/a"));
    let here = app(2, Some(7), one(Side::App, "/other"));
    for batch in [vec![there.clone(), here.clone()], vec![here, there]] {
        assert_eq!(shape(&stored(batch)), [(Pairing::ById, true, true)]);
    }
}

#[test]
fn a_retry_by_the_proxy_is_an_exchange_of_its_own() {
    let batch = vec![
        edge(1, Some(7), open(Side::Edge, "/a")),
        app(2, Some(7), one(Side::App, "/a")),
        app(3, Some(7), one(Side::App, "/a")),
    ];
    assert_eq!(shape(&stored(batch)), [(Pairing::ById, true, true), (Pairing::Lone, false, true)]);
}

#[test]
fn without_an_id_the_path_and_the_time_decide() {
    for (seen_at_edge, seen_at_app, fits) in [
        ("/api/v1/items?x=1", "/items?y=2", true),
        ("/items", "/api/v1/items", true),
        ("/p/a%20b", "/a b", true),
        ("/p", "/", true),
        ("/items", "/other", false),
    ] {
        let batch = vec![edge(1, Some(7), open(Side::Edge, seen_at_edge)), app(2, None, one(Side::App, seen_at_app))];
        let expected = if fits {
            vec![(Pairing::Guessed, true, true)]
        } else {
            vec![(Pairing::Lone, true, false), (Pairing::Lone, false, true)]
        };
        assert_eq!(shape(&stored(batch)), expected, "{seen_at_edge} {seen_at_app}");
    }
}

#[test]
fn a_guess_needs_an_edge_half_that_spans_the_start_and_takes_the_newest() {
    let past = edge(1, Some(7), half(Side::Edge, "/a", 10, Ending::Complete));
    let late = edge(2, Some(8), half(Side::Edge, "/a", 200, Ending::Open));
    let direct = app(9, None, one(Side::App, "/a"));
    assert_eq!(stored(vec![past, late, direct.clone()]).entries().len(), 3);

    let store =
        stored(vec![edge(1, Some(7), open(Side::Edge, "/a")), edge(2, Some(8), open(Side::Edge, "/p/a")), direct]);
    assert_eq!(shape(&store), [(Pairing::Lone, true, false), (Pairing::Guessed, true, true)]);
}

#[test]
fn the_whole_path_stripped_is_the_second_choice() {
    let store = stored(vec![
        edge(1, Some(7), open(Side::Edge, "/p/")),
        edge(2, Some(8), open(Side::Edge, "/p")),
        app(9, None, one(Side::App, "/")),
    ]);
    assert_eq!(shape(&store), [(Pairing::Guessed, true, true), (Pairing::Lone, true, false)]);
}

#[test]
fn where_ids_get_through_nothing_is_guessed() {
    let mut store = stored(vec![edge(1, Some(7), open(Side::Edge, "/a")), app(2, Some(7), one(Side::App, "/a"))]);
    store.absorb(vec![edge(3, Some(8), open(Side::Edge, "/a")), app(4, None, one(Side::App, "/a"))], Losses::default());
    assert_eq!(shape(&store).get(1..), Some(&[(Pairing::Lone, true, false), (Pairing::Lone, false, true)][..]));
}

#[test]
fn with_app_taps_alone_nothing_is_guessed() {
    let mut store = Store::new(setup(&[TapKind::App]), WIDE);
    let batch = vec![edge(1, Some(7), open(Side::Edge, "/a")), app(2, None, one(Side::App, "/a"))];
    store.absorb(batch, Losses::default());
    assert_eq!(store.entries().len(), 2);
}

#[test]
fn an_open_half_is_replaced_by_its_end() {
    let mut store = stored(vec![edge(1, Some(7), open(Side::Edge, "/a")), app(2, Some(7), open(Side::App, "/a"))]);
    assert_eq!(store.counts().open, 1);
    let changed = store.absorb(vec![edge(1, Some(7), one(Side::Edge, "/a"))], Losses::default());
    assert_eq!((changed, store.counts().open), (vec![ExchangeId(1)], 1), "the app half is still open");
    store.absorb(vec![app(2, Some(7), one(Side::App, "/a"))], Losses::default());
    assert_eq!((store.counts().open, store.counts().seen), (0, 1));
    assert!(store.get(ExchangeId(1)).unwrap().exchange.is_finished());
}

#[test]
fn both_halves_at_once_are_the_stand_ins() {
    let mut both = edge(1, None, open(Side::Edge, "/a"));
    let mut store = Store::new(setup(&[TapKind::StandIn]), WIDE);
    store.absorb(vec![both.clone()], Losses::default());
    assert_eq!(shape(&store), [(Pairing::Lone, true, false)]);
    both.edge = Some(Box::new(one(Side::Edge, "/a")));
    both.app = Some(Box::new(one(Side::App, "/a")));
    store.absorb(vec![both], Losses::default());
    assert_eq!(shape(&store), [(Pairing::StandIn, true, true)]);
}

#[test]
fn the_oldest_finished_go_first_and_open_ones_last() {
    let mut store = Store::new(setup(BOTH), Limits { count: 2, bytes: usize::MAX });
    store.absorb(vec![edge(1, None, open(Side::Edge, "/open"))], Losses::default());
    for key in 2..=5 {
        let changed = store.absorb(vec![edge(key, None, one(Side::Edge, "/a"))], Losses::default());
        assert!(store.get(changed[0]).is_some());
    }
    let ids: Vec<_> = store.entries().map(|entry| entry.exchange.id.0).collect();
    assert_eq!((ids, store.counts().evicted), (vec![1, 5], 3));

    let changed = store.absorb(vec![edge(1, None, one(Side::Edge, "/open"))], Losses::default());
    assert_eq!(changed, [ExchangeId(1)], "it was never let go");
}

#[test]
fn bytes_are_a_bound_too_and_a_batch_is_spared_until_the_next() {
    let size = Sample::new(Side::Edge, "GET /a HTTP/1.1\nhost: h\n").unwrap().alone(1).held();
    let mut store = Store::new(setup(BOTH), Limits { count: 1000, bytes: 3 * size });
    let batch: Vec<_> = (0..10).map(|key| edge(key, None, one(Side::Edge, "/a"))).collect();
    let changed = store.absorb(batch, Losses::default());
    assert!(changed.iter().all(|&id| store.get(id).is_some()));
    store.absorb(vec![edge(99, None, one(Side::Edge, "/a"))], Losses::default());
    assert_eq!((store.entries().len(), store.counts().held), (3, 3 * size));
}

#[test]
fn clearing_keeps_what_is_open() {
    let mut store = stored(vec![
        edge(1, Some(7), open(Side::Edge, "/a")),
        edge(2, Some(8), one(Side::Edge, "/b")),
        edge(3, Some(9), one(Side::Edge, "/c")),
    ]);
    store.clear();
    assert_eq!((store.entries().len(), store.counts().open, store.counts().seen), (1, 1, 3));
    let held = store.entries().next().unwrap().exchange.held();
    assert_eq!(store.counts().held, held);
    store.absorb(vec![app(4, Some(7), one(Side::App, "/a"))], Losses::default());
    assert_eq!(shape(&store), [(Pairing::ById, true, true)]);
}

#[test]
fn a_revision_is_a_batch_and_losses_are_passed_on() {
    let mut store = stored(Vec::new());
    assert_eq!(store.revision(), 0);
    let lost = Losses { exchanges: 3, bodies: 1, paused: 2 };
    store.absorb(Vec::new(), lost);
    assert_eq!((store.revision(), store.counts().lost), (1, lost));
}

/// A 404 of the app for `path`, sent on as it came.
fn not_found(key: u64, path: &str) -> Observed {
    let answer = "HTTP/1.1 404 Not Found\nserver: uvicorn\ncontent-type: application/json\n";
    let half = |side| {
        let sample = Sample::new(side, &format!("GET {path} HTTP/1.1\nHost: h\n")).unwrap();
        Some(Box::new(sample.response(answer, b"{\"detail\":\"Not Found\"}").unwrap().half()))
    };
    Observed { key, pair: None, edge: half(Side::Edge), app: half(Side::App) }
}

#[test]
fn routes_learned_later_complete_what_waited_for_them() {
    let mut store = Store::new(setup(&[TapKind::StandIn]), WIDE);
    store.absorb(vec![not_found(1, "/api/v1/items")], Losses::default());
    assert!(store.wants_routes());
    assert!(store.get(ExchangeId(1)).unwrap().findings.is_empty());

    let before = store.revision();
    let changed = store.describe(Routes::new(vec!["/items".to_owned()], Vec::new()), None);
    assert_eq!(changed, [ExchangeId(1)]);
    let entry = store.get(ExchangeId(1)).unwrap();
    assert_eq!((entry.findings[0].code, entry.revision), ("PX01", before + 1));
    assert_eq!((store.counts().found, store.counts().errors), (1, 1));
    assert!(!store.wants_routes());
}

#[test]
fn what_the_server_was_given_is_not_the_apps_own_whichever_is_known_first() {
    for (given, own) in [("/api/v1", ""), ("", "/api/v1"), ("/other", "/api/v1")] {
        let mut store = Store::new(setup(&[TapKind::Edge]), WIDE);
        store.describe(Routes::new(vec!["/items".to_owned()], Vec::new()), Some("/api/v1".to_owned()));
        let server = Server { root_path: given.to_owned(), ..Server::uvicorn() };
        let framework = store.setup().app.framework;
        store.set_server(server, framework, Provenance::default(), None);
        assert_eq!(store.setup().app.root_path, own, "{given:?}");
    }
}

#[derive(Clone, Copy, Debug)]
struct Event {
    key: u64,
    pair: Option<u64>,
    side: Side,
    path: &'static str,
    start: u64,
    open: bool,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let side = prop_oneof![Just(Side::Edge), Just(Side::App)];
    let path = prop_oneof![Just("/"), Just("/a"), Just("/p/a"), Just("/p")];
    let event = (0..12u64, proptest::option::of(0..6u64), side, path, 0..30u64, any::<bool>())
        .prop_map(|(key, pair, side, path, start, open)| Event { key, pair, side, path, start, open });
    proptest::collection::vec(event, 0..60)
}

/// The events as the taps would send them: a key stays with its side, pair and path, and ends once.
fn consistent(events: Vec<Event>) -> Vec<Event> {
    let mut first: HashMap<u64, (Event, bool)> = HashMap::new();
    let mut kept = Vec::new();
    for event in events {
        let (told, ended) = first.entry(event.key).or_insert((event, false));
        if !*ended {
            *ended = !event.open;
            kept.push(Event { open: event.open, ..*told });
        }
    }
    kept
}

proptest! {
    /// Every observation ends in exactly one exchange: its half is found there, once, and no half appears from nowhere.
    #[test]
    fn no_half_is_lost_or_doubled(events in events(), size in 1..8usize) {
        let events = consistent(events);
        let mut store = Store::new(setup(BOTH), WIDE);
        for batch in events.chunks(size) {
            let batch = batch.iter().map(|event| {
                let ending = if event.open { Ending::Open } else { Ending::Complete };
                let mut half = half(event.side, event.path, event.start, ending);
                half.connection = ConnectionId(event.key);
                match event.side {
                    Side::Edge => edge(event.key, event.pair, half),
                    Side::App => app(event.key, event.pair, half),
                }
            });
            store.absorb(batch.collect(), Losses::default());
        }
        let halves = |exchange: &Exchange| {
            exchange.edge.iter().chain(&exchange.app).map(|half| half.connection.0).collect::<Vec<_>>()
        };
        let mut found: Vec<u64> = store.entries().flat_map(|entry| halves(&entry.exchange)).collect();
        found.sort_unstable();
        let mut sent: Vec<u64> = events.iter().map(|event| event.key).collect();
        sent.sort_unstable();
        sent.dedup();
        prop_assert_eq!(found, sent);

        let open = store.entries().filter(|entry| !entry.exchange.is_finished()).count();
        prop_assert_eq!(store.counts().open, open as u64);
        prop_assert_eq!(store.counts().held, store.entries().map(|entry| entry.exchange.held()).sum::<usize>());
        for entry in store.entries() {
            let both = entry.exchange.edge.is_some() && entry.exchange.app.is_some();
            prop_assert_eq!(both, entry.exchange.pairing != Pairing::Lone);
        }
    }
}

/// What was served before a restart stays as it was; what came after is seen by what is known now.
#[test]
fn a_server_that_started_again_leaves_what_it_served_before() {
    let named = |root: &str| {
        let mut server = Server::uvicorn();
        server.set("root-path", root).unwrap();
        server
    };
    let mut store = Store::new(setup(&[TapKind::App]), WIDE);
    let begun = |start| half(Side::App, "/a", start, Ending::Complete);
    store.absorb(vec![app(1, None, begun(1000)), app(2, None, begun(2000))], Losses::default());
    let root = |store: &Store, id| {
        let lanes = lanes::compute(&store.get(ExchangeId(id)).unwrap().exchange, store.setup());
        lanes.scope.outcome.unwrap().scope().unwrap().root_path.clone()
    };
    let (framework, provenance) = (Framework::default(), Provenance::default());
    let changed = store.set_server(named("/one"), framework, provenance.clone(), None);
    assert_eq!(changed, [ExchangeId(1), ExchangeId(2)]);
    assert_eq!((root(&store, 1), root(&store, 2)), ("/one".to_owned(), "/one".to_owned()));
    let mut by_flag = Provenance::default();
    by_flag.know("root-path", "/two", "flag");
    let changed = store.set_server(named("/two"), framework, by_flag.clone(), Some(1500));
    assert_eq!(changed, [ExchangeId(2)]);
    let known = |id| store.setup().provenance_at(&store.get(ExchangeId(id)).unwrap().exchange).clone();
    assert_eq!((known(1), known(2)), (provenance, by_flag.clone()));
    assert_eq!((root(&store, 1), root(&store, 2)), ("/one".to_owned(), "/two".to_owned()));
    assert_eq!(store.setup().prefixes, ["/one", "/two"]);
    let same = store.set_server(named("/two"), framework, by_flag, Some(3000));
    assert_eq!((same, store.setup().earlier.len()), (Vec::new(), 1));
}
