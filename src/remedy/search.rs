//! The search: candidates are tried one after the other, the smallest change first, and those that help are kept.

use std::sync::Arc;

use percent_encoding::percent_decode;

use super::applied::Fixed;
use super::candidates::{self, Aim, prefix_of};
use super::diff;
use super::recent::Recent;
use super::replay::{Replayed, replay};
use super::seen::Seen;
use super::wording;
use crate::asgi::framework::{AppView, RouteMatch, Routes};
use crate::diagnosis::prefix::{below, below_text};
use crate::diagnosis::{AppChange, Change, Finding, Fix, Follows, Severity, Standing, Trial};
use crate::exchange::Exchange;
use crate::gateway;
use crate::lanes::Setup;
use crate::redirect::{self, Asked, HostVerdict, Judged, PrefixVerdict, SchemeVerdict};

/// Fixes that are told of one cause.
const MOST_TOLD: usize = 3;
/// Candidates that are tried for one cause.
const MOST_TRIED: usize = 32;
/// Other requests that a candidate is held against.
const MOST_OTHERS: usize = 24;

/// What became of trying a candidate.
enum Tried {
    /// It mends the request, and nothing else breaks.
    Helps(Trial),
    /// It does not help, or something breaks by it.
    Fails,
    /// The models do not know.
    Unknown,
}

/// The fixes for a finding, best first: those that help, then what nobody can try.
pub(super) fn search(finding: &Finding, exchange: &Arc<Exchange>, setup: &Setup, recent: &Recent) -> Vec<Fix> {
    let mut learning = setup.clone();
    let seen = Seen::new(exchange, &mut learning);
    let prefix = prefix_of(finding, &seen);
    let pool = pool(finding, &seen, setup, &prefix);
    let advice = || finding.fix.iter().filter(|fix| fix.changes.is_empty()).cloned();
    if pool.is_empty() {
        return advice().collect();
    }
    let is_of_today = |exchange: &&Arc<Exchange>| {
        let began = exchange.outer().map_or(0, |half| half.times.started);
        let before = |until: u64| began < until;
        exchange.id != seen.exchange.id
            && !setup.former.iter().any(|former| before(former.until))
            && !setup.earlier.iter().any(|earlier| before(earlier.until))
    };
    let others: Vec<Seen> =
        recent.newest().filter(is_of_today).take(MOST_OTHERS).map(|other| Seen::new(other, &mut learning)).collect();
    let question = Question { finding, seen: &seen, others: &others, setup, prefix: &prefix };
    let mut told: Vec<Fix> = Vec::new();
    let mut failed = 0;
    for candidate in pool.into_iter().take(MOST_TRIED) {
        if told.len() == MOST_TOLD || told.iter().any(|fix| contains(&candidate.changes, &fix.changes)) {
            continue;
        }
        let Ok(fixed) = Fixed::new(&candidate.changes, exchange, setup) else { continue };
        let standing = match question.try_out(&fixed) {
            Tried::Helps(trial) => Standing::Predicted(trial),
            Tried::Unknown if candidate.by_rule && holds_with_every_server(&candidate.changes) => Standing::Advice,
            Tried::Unknown => continue,
            Tried::Fails => {
                failed += 1;
                continue;
            }
        };
        let own_words = !candidate.line.is_empty() && fixed.amended.is_none();
        let line =
            if own_words { Some(candidate.line) } else { wording::line(&candidate.changes, &seen, setup, &fixed) };
        let Some(line) = line else { continue };
        let diff = fixed.amended.as_ref().and_then(|amended| diff::unified(setup, amended));
        told.push(Fix { line, changes: candidate.changes, standing, diff });
    }
    assemble(told, advice().collect(), failed, seen.lanes.scope.wrong_set_up().is_some())
}

/// What helps, then the advice that says more. Where hopscope's own idea of the server is wrong, that goes before all.
fn assemble(mut told: Vec<Fix>, advice: Vec<Fix>, failed: usize, doubtful: bool) -> Vec<Fix> {
    let mut advice: Vec<Fix> =
        advice.into_iter().filter(|line| told.iter().all(|fix| !says_the_same(fix, line))).collect();
    if doubtful && !advice.is_empty() {
        told.insert(0, advice.remove(0));
    }
    if told.is_empty() && failed > 0 {
        let changes = if failed == 1 { "the one change".to_owned() } else { format!("none of {failed} changes") };
        let end = if failed == 1 { "does not mend it" } else { "mends it" };
        advice.push(Fix::advice(format!("{changes} that hopscope could try {end}, by its models")));
    }
    told.extend(advice);
    told
}

fn says_the_same(fix: &Fix, advice: &Fix) -> bool {
    fix.line == advice.line || fix.line.contains(&advice.line)
}

/// A candidate with the rule's own words for it.
struct Candidate {
    changes: Vec<Change>,
    line: String,
    by_rule: bool,
}

/// All candidates, the smallest change first.
fn pool(finding: &Finding, seen: &Seen, setup: &Setup, prefix: &str) -> Vec<Candidate> {
    let by_rule = finding.fix.iter().filter(|fix| !fix.changes.is_empty());
    let mut all: Vec<Candidate> =
        by_rule.map(|fix| Candidate { changes: fix.changes.clone(), line: fix.line.clone(), by_rule: true }).collect();
    for changes in candidates::of(finding, seen, setup, prefix) {
        if all.iter().all(|known| !is_same(&known.changes, &changes)) {
            all.push(Candidate { changes, line: String::new(), by_rule: false });
        }
    }
    all.sort_by_key(|candidate| candidate.changes.iter().map(cost).sum::<u32>());
    all
}

/// How much a change asks of the user. What is deprecated, and what only patches the answer, goes last.
fn cost(change: &Change) -> u32 {
    match change {
        Change::Server(..) => 10,
        Change::Proxy(gateway::Change::MendLocation(_) | gateway::Change::CookiePath { .. }) => 50,
        Change::Proxy(_) => 11,
        Change::App(AppChange::RootPath(root)) if root.is_empty() => 12,
        Change::App(AppChange::PrefixHeader) => 30,
        Change::App(AppChange::RootPath(_)) => 40,
    }
}

fn contains(all: &[Change], some: &[Change]) -> bool {
    !some.is_empty() && some.iter().all(|change| all.contains(change))
}

fn is_same(a: &[Change], b: &[Change]) -> bool {
    contains(a, b) && contains(b, a)
}

/// Of what the models do not know, the one that holds with every server and every newer framework: the prefix kept, and the
/// app told.
fn holds_with_every_server(changes: &[Change]) -> bool {
    changes.iter().all(|change| match change {
        Change::Proxy(gateway::Change::Path { prefix, to }) => prefix == to,
        Change::Proxy(gateway::Change::SendPrefix(_)) | Change::App(_) => true,
        Change::Proxy(_) | Change::Server(..) => false,
    })
}

/// What is asked of every candidate.
struct Question<'a> {
    finding: &'a Finding,
    seen: &'a Seen,
    others: &'a [Seen],
    setup: &'a Setup,
    prefix: &'a str,
}

impl Question<'_> {
    fn try_out(&self, fixed: &Fixed) -> Tried {
        let Some(replayed) = replay(self.seen, self.setup, fixed, self.others) else { return Tried::Unknown };
        match self.is_mended(self.seen, &replayed) {
            Some(true) => {}
            Some(false) => return Tried::Fails,
            None => return Tried::Unknown,
        }
        let (mut mended, mut kept) = (1, 0);
        for other in self.others {
            let Some(again) = replay(other, self.setup, fixed, self.others) else { continue };
            if other.is_fine() {
                match is_broken(other, &again, self.setup) {
                    Some(true) => return Tried::Fails,
                    Some(false) => kept += 1,
                    None => {}
                }
            } else if other.findings.iter().any(|finding| finding.cause() == self.finding.cause()) {
                match self.is_mended(other, &again) {
                    Some(true) => mended += 1,
                    Some(false) => return Tried::Fails,
                    None => {}
                }
            }
        }
        Tried::Helps(Trial { result: wording::result(self.aim(), &replayed), mended, kept })
    }

    fn aim(&self) -> Aim {
        Aim::of(self.finding.code)
    }

    /// Whether the cause is gone, and what follows from it, and nothing came in its place; `None` if the models do not know.
    fn is_mended(&self, seen: &Seen, again: &Replayed) -> Option<bool> {
        let code = self.finding.code;
        let gone = again.findings.iter().all(|finding| finding.code != code && self.is_old(seen, finding));
        let alone = seen.findings.iter().all(|finding| {
            finding.code == code || finding.follows == Some(Follows::Code(code)) || finding.severity == Severity::Note
        });
        let failed = again.status.is_some_and(|status| status >= 400);
        if !gone || failed && (alone || seen.lanes.answer.status != again.status) {
            return Some(false);
        }
        self.holds(seen, again)
    }

    /// True for a finding that is none of this cause and was there before.
    fn is_old(&self, seen: &Seen, finding: &Finding) -> bool {
        let was =
            |known: &Finding| known.code == finding.code && known.follows != Some(Follows::Code(self.finding.code));
        let in_store = seen.exchange.id == self.seen.exchange.id && finding.code == self.finding.code;
        finding.severity == Severity::Note || in_store || seen.findings.iter().any(was)
    }

    /// Whether what the cause is about is right now.
    fn holds(&self, seen: &Seen, again: &Replayed) -> Option<bool> {
        let judged = judged(seen, again, self.setup, self.prefix);
        let leads = |bad: fn(&Judged) -> bool| judged.as_ref().is_some_and(bad);
        let said = |codes: &str| seen.findings.iter().any(|finding| finding.code.starts_with(codes));
        let strays = leads(|judged| judged.prefix == PrefixVerdict::Lost);
        if leads(|judged| judged.prefix == PrefixVerdict::Doubled || judged.is_loop) || strays && !said("PX") {
            return Some(false);
        }
        match self.aim() {
            Aim::Prefix => {
                if strays {
                    return Some(false);
                }
                let view = again.lanes.scope.view.as_ref()?;
                let all = self.setup.app.routes.as_ref().is_some_and(Routes::are_all);
                Some(works(view, seen.incoming(), self.prefix, all))
            }
            Aim::Host => {
                let host = again.lanes.forwarded.fields.iter().find(|field| field.name.eq_ignore_ascii_case("host"))?;
                let right = host.value == seen.host();
                Some(right && !leads(|judged| matches!(judged.host, HostVerdict::Internal(_))))
            }
            Aim::Scheme => {
                let scheme = again.lanes.scope.outcome.as_ref()?.scope()?.scheme();
                let secure = matches!(scheme, "https" | "wss");
                let right = secure == (seen.public_scheme(self.setup) == "https");
                Some(right && !leads(|judged| judged.scheme == SchemeVerdict::Downgraded))
            }
            Aim::Trust => Some(again.lanes.forwarded.trust.as_ref()?.trusted),
            Aim::Gone => seen.has(self.finding.code).then_some(true),
        }
    }
}

/// Whether a request that was fine is no more; `None` if the models do not know.
fn is_broken(seen: &Seen, again: &Replayed, setup: &Setup) -> Option<bool> {
    if again.findings.iter().any(|finding| finding.severity != Severity::Note) {
        return Some(true);
    }
    let status = again.status?;
    let to = |lanes: &crate::lanes::Lanes| {
        let url = crate::redirect::Url { scheme: seen.public_scheme(setup).to_owned(), ..seen.lanes.original.url() };
        lanes.answer.location.as_deref().and_then(|location| url.resolve(location)).map(|url| url.to_string())
    };
    Some(status >= 400 || again.as_seen && to(&seen.lanes) != to(&again.lanes))
}

/// The redirect that the client would get, judged.
fn judged(seen: &Seen, again: &Replayed, setup: &Setup, prefix: &str) -> Option<Judged> {
    let location = again.lanes.answer.location.as_deref()?;
    let url = redirect::Url { scheme: seen.public_scheme(setup).to_owned(), ..seen.lanes.original.url() };
    let hops = [&seen.exchange.edge, &seen.exchange.app].into_iter().flatten();
    let internal: Vec<_> = hops.filter_map(|half| half.upstream).map(|(server, _)| server).collect();
    redirect::judge(&Asked { url, prefix, internal: &internal }, location)
}

/// Whether everything that hangs on the prefix is right: mounts, links and, where routes are known, the route itself.
fn works(view: &AppView, incoming: &[u8], prefix: &str, all_routes: bool) -> bool {
    let rest = below(incoming, prefix).map(|rest| if rest.is_empty() { b"/" } else { rest });
    let right = rest.is_none_or(|rest| percent_decode(rest).eq(view.route_path.bytes()));
    let bare = || below_text(&view.route_path, prefix).is_none();
    let routed = match view.route {
        RouteMatch::Route(_) | RouteMatch::OtherMethod(_) | RouteMatch::Mount(_) | RouteMatch::Slash(_) => true,
        // Whatever the routes are, none has the prefix: a Starlette that takes nothing off the path looks for it in vain.
        RouteMatch::Unknown => bare(),
        // A mount or a route that the schema does not list may still take it; the path it is asked for must be right.
        RouteMatch::None => !all_routes && bare(),
    };
    right && routed && view.path_has_root && below_text(&view.openapi_url, prefix).is_some()
}
