//! Rules over a run of exchanges: what was seen before decides what is said now, and later facts complete it.

use std::cell::OnceCell;
use std::net::IpAddr;

use super::body;
use super::case::{Case, digest};
use super::history::History;
use super::plain::is_plain;
use super::rule::{Answer, Parts, Rule};
use super::rules::{ALL, sc01};
use super::step::{Came, Expected, Hop, Miss};
use super::{Cause, Confidence, Finding, Fix, Follows, order, prefix, shown};
use crate::asgi::framework::RouteMatch;
use crate::exchange::{Exchange, ExchangeId, ResponseHead, Target};
use crate::lanes::{Author, Lanes, Setup, Source};
use crate::redirect::{Grown, Url, grown, is_followed, nesting};

/// What is remembered between exchanges, bounded.
#[derive(Debug, Default)]
pub struct Session {
    history: History,
}

/// The findings of an exchange, new or completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// Which exchange.
    pub exchange: ExchangeId,
    /// All its findings, the primary one first.
    pub findings: Vec<Finding>,
}

/// What all rules together say of one case.
#[derive(Default)]
struct Verdict {
    said: Vec<(&'static Rule, Parts)>,
    held: Vec<(&'static Rule, Parts)>,
    needs_routes: bool,
    needs_asking: bool,
}

impl Session {
    /// Shows a finished exchange to every rule. Gives the findings of this exchange and of earlier ones that it
    /// completes. Learns prefixes into `setup`.
    ///
    /// An exchange whose verdict needs the app's routes is remembered, see [`Session::waiting`].
    pub fn observe(&mut self, exchange: &Exchange, lanes: &Lanes, setup: &mut Setup) -> Vec<Update> {
        prefix::learn(lanes, setup);
        self.history.note_carried(lanes, setup);
        self.history.note_rooted(lanes);
        self.history.note_plain(lanes);
        self.history.note_bare(lanes, setup);
        self.history.note_stripped(lanes);
        self.history.note_socket(lanes, exchange.id);
        self.history.paths.note(exchange.id, lanes);
        self.history.note_script(lanes);
        self.history.note_cors(allows_origin(exchange));
        if is_plain(lanes) && body::telling(exchange).is_none() {
            return Vec::new();
        }
        let mut updates = self.judge(exchange, lanes, setup);
        let case = Case { exchange, lanes, setup, history: &self.history, content: &OnceCell::new() };
        let hop = case.client().zip(hop(&case));
        if let Some((client, hop)) = hop {
            self.history.add_hop(client, hop);
        }
        updates.retain(|update| !update.findings.is_empty());
        updates
    }

    /// The exchanges that the app's routes would decide, oldest first; at most 64 are remembered. Once
    /// `setup.app.routes` is known, give each to [`Session::recheck`] (with lanes computed anew) or forget it.
    pub fn waiting(&self) -> impl ExactSizeIterator<Item = ExchangeId> {
        self.history.waiting()
    }

    /// True if it is remembered that the client's next step decides about this exchange.
    pub fn awaits(&self, exchange: ExchangeId) -> bool {
        self.history.awaits(exchange)
    }

    /// Judges an exchange again that waited for the app's routes. Gives the same as [`Session::observe`], but counts
    /// nothing twice.
    pub fn recheck(&mut self, exchange: &Exchange, lanes: &Lanes, setup: &mut Setup) -> Vec<Update> {
        self.history.no_longer_waits(exchange.id);
        let mut updates = self.judge(exchange, lanes, setup);
        updates.retain(|update| !update.findings.is_empty());
        updates
    }

    fn judge(&mut self, exchange: &Exchange, lanes: &Lanes, setup: &mut Setup) -> Vec<Update> {
        let case = Case { exchange, lanes, setup, history: &self.history, content: &OnceCell::new() };
        let mut verdict = ask_all(&case);
        let (client, now, came) =
            (case.client(), case.now(), came(exchange, lanes, (case.failed(), case.never_reached())));
        let mut updates =
            client.map_or_else(Vec::new, |client| self.settle_at_once(&mut verdict, client, now, exchange.id));
        let mut findings: Vec<Finding> = verdict.said.iter().map(|(rule, parts)| rule.finding(parts.clone())).collect();
        let stuck = came.failed || came.redirected;
        if let Some(met) = client.filter(|_| stuck).and_then(|client| self.history.meet(client, now, &came)) {
            point_to(&mut findings, met.exchange, met.code);
            let said = came.said();
            updates.push(completed(met, exchange.id, &said));
        }
        for finding in &findings {
            let same = self.history.release(&finding.cause(), now);
            updates.extend(same.into_iter().map(|met| completed(met, exchange.id, "the same was seen again")));
        }
        order::rank(&mut findings);
        let unexplained = || findings.iter().all(|finding| is_everywhere(finding.code));
        let wants_routes = setup.app.routes.is_none() && !setup.app.undescribed && is_open(&verdict, &findings);
        if wants_routes || verdict.needs_asking && unexplained() {
            self.history.wait(exchange.id);
        }
        if let Some(client) = client {
            self.expect(client, now, exchange.id, &verdict, &findings);
            if came.failed {
                let (path, referer) = (lanes.original.path.clone(), came.page.map(<[u8]>::to_vec));
                let said = findings.clone();
                self.history.add_miss(
                    client,
                    Miss { exchange: exchange.id, at: now, path, referer, astray: came.astray, said },
                );
            }
        }
        for (_, parts) in &verdict.said {
            if let Some(proven) = &parts.proves
                && self.history.prove(proven, digest(&lanes.original.path))
            {
                prefix::add(setup, proven);
            }
        }
        updates.push(Update { exchange: exchange.id, findings });
        updates
    }

    /// Says what was held back for a step that has been made, and failed, before. Gives what is now found on the exchanges of
    /// these steps.
    fn settle_at_once(&self, verdict: &mut Verdict, client: IpAddr, at: u64, exchange: ExchangeId) -> Vec<Update> {
        let mut updates = Vec::new();
        for (rule, mut parts) in std::mem::take(&mut verdict.held) {
            let (before, mut facts) = (updates.len(), Vec::new());
            let missed = parts.next.iter().flat_map(|next| self.history.missed(client, at, next));
            for miss in missed.filter(|miss| miss.exchange != exchange) {
                let mut findings = miss.said.clone();
                point_to(&mut findings, exchange, rule.code);
                order::rank(&mut findings);
                updates.push(Update { exchange: miss.exchange, findings });
                facts.push((miss.exchange, miss.came().said()));
            }
            if updates.len() > before {
                parts.missing = None;
                parts.confidence = Confidence::High;
                for (exchange, said) in facts {
                    parts = parts.fact_of(exchange, Source::Seen, said);
                }
                verdict.said.push((rule, parts));
            } else {
                verdict.held.push((rule, parts));
            }
        }
        updates
    }

    /// Remembers what would settle the findings that are held back, or are not sure yet.
    fn expect(&mut self, client: IpAddr, at: u64, exchange: ExchangeId, verdict: &Verdict, findings: &[Finding]) {
        let held = verdict.held.iter().map(|(rule, parts)| (rule, parts, Some(rule.finding(parts.clone()))));
        let said = verdict.said.iter().map(|(rule, parts)| (rule, parts, None));
        for (rule, parts, held) in said.chain(held) {
            if parts.shared && held.is_some() {
                let cause = Cause { code: rule.code, about: parts.about.clone() };
                let expected =
                    Expected { exchange, at, next: None, code: rule.code, said: findings.to_vec(), held: held.clone() };
                self.history.hold(cause, expected);
            }
            if let Some(next) = parts.next.clone() {
                let expected =
                    Expected { exchange, at, next: Some(next), code: rule.code, said: findings.to_vec(), held };
                self.history.expect(client, expected);
            }
        }
    }
}

/// Asks every rule.
fn ask_all(case: &Case<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    for rule in &ALL {
        match (rule.check)(case) {
            Answer::No => {}
            Answer::Yes(parts) => verdict.said.push((rule, parts)),
            Answer::Wait(parts) => verdict.held.push((rule, parts)),
            Answer::NeedsRoutes => verdict.needs_routes = true,
            Answer::NeedsAsking => verdict.needs_asking = true,
        }
    }
    // What a scanner asks for is not there, and shall not be: no fault of a path has to be found in it.
    if verdict.said.iter().any(|(rule, _)| rule.code == sc01::RULE.code) {
        verdict.said.retain(|(rule, _)| rule.code == sc01::RULE.code || is_everywhere(rule.code));
        verdict.held.clear();
        (verdict.needs_routes, verdict.needs_asking) = (false, false);
    }
    if let Some(why) = case.lanes.scope.wrong_set_up() {
        // The rules know the server by what was told or found; advice for another one may be the opposite of what is right.
        let said = verdict.said.iter_mut().chain(&mut verdict.held);
        said.for_each(|(_, parts)| parts.doubt(&shown::text(why)));
    }
    verdict
}

/// Faults that every exchange of the set-up has. They neither explain what went wrong with a path nor follow from it.
fn is_everywhere(code: &str) -> bool {
    matches!(code, "TR01" | "TR02" | "TR03" | "TR04" | "TR05" | "HO01")
}

/// True if the app's routes would say more: the cause is not found, or not sure.
fn is_open(verdict: &Verdict, findings: &[Finding]) -> bool {
    let mut own = findings.iter().filter(|finding| !is_everywhere(finding.code)).peekable();
    match own.peek() {
        None => verdict.needs_routes,
        Some(_) => {
            own.any(|finding| matches!(finding.code, "PX01" | "NG03") && finding.confidence == Confidence::Medium)
        }
    }
}

/// What went wrong with this exchange's path follows from the earlier one.
fn point_to(findings: &mut [Finding], earlier: ExchangeId, code: &'static str) {
    for finding in findings.iter_mut().filter(|finding| !is_everywhere(finding.code)) {
        finding.follows = Some(Follows::Exchange(earlier, code));
        finding.fix = vec![Fix::advice(format!("mend {code} on exchange {}: this follows from it", earlier.0))];
    }
}

/// What the request shows of the client's getting on.
fn came<'a>(exchange: &'a Exchange, lanes: &'a Lanes, (failed, never_reached): (bool, bool)) -> Came<'a> {
    let original = &lanes.original;
    Came {
        path: &original.path,
        page: original.referer.as_deref().map(|referer| Target::new(referer).path()),
        cookie: exchange.outer().and_then(|half| half.request.get("cookie")),
        failed,
        astray: never_reached || matches!(lanes.answer.by, Author::Proxy(_) | Author::Hopscope),
        redirected: lanes.answer.status.is_some_and(is_followed),
    }
}

/// The findings of an earlier exchange, now that what they waited for has come.
fn completed(met: Expected, by: ExchangeId, said: &str) -> Update {
    let mut earlier = Update { exchange: met.exchange, findings: met.settled(by, said) };
    order::rank(&mut earlier.findings);
    earlier
}

/// True if a script of another origin asked and was allowed to read the answer.
fn allows_origin(exchange: &Exchange) -> bool {
    exchange.outer().is_some_and(|half| {
        let allowed = |head: &ResponseHead| head.get("access-control-allow-origin").is_some();
        half.response.as_ref().is_some_and(allowed) && half.request.get("origin").is_some()
    })
}

/// What a redirect's target has once more than the URL that was asked for, as words say it. A login page behind a prefix that
/// is taken off wraps a URL that differs from the one asked for by that prefix.
pub(super) fn growth(asked: &Url, target: &Url) -> Option<String> {
    match grown(asked, target) {
        Some(Grown::Path(piece)) => Some(shown::bytes(&piece)),
        Some(Grown::Parameter(name)) => Some(format!("{}=", shown::bytes(&name))),
        None => {
            let (before, after) = (nesting(asked), nesting(target));
            (asked.path == target.path && before > 0 && after > before).then(|| "the way back".to_owned())
        }
    }
}

/// What to remember of a redirect.
pub(super) fn hop(case: &Case<'_>) -> Option<Hop> {
    let judged = case.any_redirect()?;
    let asked = case.asked();
    let slash = judged.slash.is_some().then(|| {
        let path = match case.view().map(|view| &view.route) {
            Some(RouteMatch::Slash(slashed)) => slashed.as_bytes(),
            _ => asked.path.as_slice(),
        };
        digest((&case.lanes.original.method, path))
    });
    let grown = growth(&asked, &judged.target).map(digest);
    let (from, to) = (digest(asked.to_string()), digest(judged.target.to_string()));
    Some(Hop { exchange: case.exchange.id, at: case.now(), from, to, slash, grown })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::asgi::framework::Routes;
    use crate::asgi::probed::Difference;
    use crate::asgi::server::Server;
    use crate::exchange::{Sample, Side};
    use crate::lanes::{ProbeWord, compute};

    const REQUEST: &str = "GET /app HTTP/1.1\nHost: h\nX-Forwarded-For: 10.0.0.1\nX-Forwarded-Proto: http";

    fn exchange(id: u64, status: &str) -> Exchange {
        let body = br#"{"detail":"Not Found"}"#;
        let half = |side, request| Sample::new(side, request).unwrap().response(status, body).unwrap();
        half(Side::Edge, "GET /app HTTP/1.1\nHost: h").paired(id, half(Side::App, REQUEST))
    }

    #[test]
    fn a_healthy_exchange_leaves_no_trace() {
        let mut setup = Setup::new(Server::uvicorn());
        let exchange = exchange(1, "HTTP/1.1 200 OK");
        let lanes = compute(&exchange, &setup);
        assert!(is_plain(&lanes));
        let mut session = Session::default();
        let updates = session.observe(&exchange, &lanes, &mut setup);
        assert_eq!((updates.capacity(), setup.prefixes.len(), session.waiting().len()), (0, 0, 0));
    }

    #[test]
    fn advice_for_a_server_that_the_app_does_not_run_on_comes_second() {
        let mut setup = Setup::new(Server::uvicorn());
        setup.server.set("forwarded-allow-ips", "192.0.2.1").unwrap();
        let exchange = exchange(1, "HTTP/1.1 404 Not Found");
        let told = compute(&exchange, &setup);
        for (key, first) in [("path", "put hopscope right first"), ("client", "uvicorn")] {
            let mut lanes = told.clone();
            let (model, probe) = ("1".to_owned(), "2".to_owned());
            lanes.scope.model_differs = vec![Difference { key, model, probe }];
            let explanation = Some("--server granian@2.8.7, not uvicorn".to_owned());
            lanes.scope.probe = Some(Box::new(ProbeWord { explanation, ..ProbeWord::default() }));
            let updates = Session::default().observe(&exchange, &lanes, &mut setup);
            let finding =
                updates.iter().flat_map(|update| &update.findings).find(|found| found.code == "TR01").unwrap();
            assert!(finding.fix[0].line.starts_with(first), "{key}: {:?}", finding.fix);
        }
    }

    #[test]
    fn what_may_be_a_finding_is_not_plain() {
        let setup = Setup::new(Server::uvicorn());
        for status in ["HTTP/1.1 404 Not Found", "HTTP/1.1 307 Temporary Redirect", "HTTP/1.1 403 Forbidden"] {
            assert!(!is_plain(&compute(&exchange(1, status), &setup)), "{status}");
        }
    }

    /// Paths, header values and Locations that are out to break something.
    fn wild() -> impl Strategy<Value = String> {
        let part = prop::sample::select(vec![
            "/",
            "//",
            "/api/v1",
            "/p",
            "/p",
            "docs",
            "items",
            "/items/",
            "%2F",
            "%zz",
            "\u{1b}[2J",
            "\u{202e}",
            "é",
            "?",
            "#",
            "..",
            "http://",
            "//h",
            ":8000",
            "10.0.0.1",
            "localhost",
            "{x}",
            "\t",
        ]);
        prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn no_input_panics_or_reaches_the_text_raw(
            (asked, got, location, told, root, app_root) in (wild(), wild(), wild(), wild(), wild(), wild()),
            status in prop::sample::select(vec![200_u16, 307, 403, 404, 503]),
            known in any::<bool>(),
        ) {
            let mut setup = Setup::new(Server::uvicorn());
            setup.server.root_path = root;
            setup.app.root_path = app_root;
            setup.app.routes = known.then(|| Routes::new(vec!["/items/".into(), "/{x}".into()], vec!["/p".into()]));
            setup.prefixes = vec!["/api/v1".to_owned()];
            let mut session = Session::default();
            let response = format!("HTTP/1.1 {status} X\nlocation: {location}\ncontent-type: text/html");
            let half = |side, path: &str| {
                let request = format!("GET /{path} HTTP/1.1\nHost: {told}\nX-Forwarded-Prefix: {told}\nReferer: {told}");
                Sample::new(side, &request).unwrap().response(&response, br#"{"detail":"Not Found"}"#).unwrap()
            };
            for id in 1..=4 {
                let exchange = half(Side::Edge, &asked).paired(id, half(Side::App, &got));
                let lanes = compute(&exchange, &setup);
                for finding in session.observe(&exchange, &lanes, &mut setup).into_iter().flat_map(|u| u.findings) {
                    let lines = finding.fix.iter().map(|fix| &fix.line);
                    let facts = finding.facts.iter().map(|fact| &fact.what);
                    let texts = lines.chain(facts).chain(&finding.not).chain(&finding.missing).chain([&finding.why, &finding.about]);
                    prop_assert!(texts.clone().all(|text| !text.chars().any(char::is_control)), "{finding:?}");
                }
            }
        }
    }

    #[test]
    fn a_run_of_unexplained_misses_is_remembered_up_to_a_bound() {
        let mut setup = Setup::new(Server::uvicorn());
        let mut session = Session::default();
        for id in 1..=200 {
            let half = |side| {
                let request = format!("GET /a/{id} HTTP/1.1\nHost: h");
                let response = Sample::new(side, &request).unwrap();
                response.response("HTTP/1.1 404 Not Found", br#"{"detail":"Not Found"}"#).unwrap()
            };
            let exchange = half(Side::Edge).paired(id, half(Side::App));
            let lanes = compute(&exchange, &setup);
            assert_eq!(session.observe(&exchange, &lanes, &mut setup), []);
        }
        assert_eq!(session.waiting().map(|id| id.0).collect::<Vec<_>>(), (137..=200).collect::<Vec<_>>());
    }
}
