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
use crate::lanes::{Lanes, Setup};
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
    Helps(Help),
    /// It does not help, or something breaks by it.
    Fails,
    /// The models do not know.
    Unknown,
}

/// How a candidate helps.
struct Help {
    trial: Trial,
    /// It mends every request of the cause that is known.
    whole: bool,
    /// The request ends at a route that the app is known to have.
    routed: bool,
}

/// What came of a search.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// The fixes that help, best first.
    told: Vec<Fix>,
    /// True if what is known of the server is wrong by the app's own word.
    doubtful: bool,
}

/// Looks for the fixes of a finding. `codes` are those of all findings of the exchange.
pub(super) fn search(
    finding: &Finding,
    codes: &[&'static str],
    exchange: &Arc<Exchange>,
    setup: &Setup,
    recent: &Recent,
) -> Found {
    let mut learning = setup.clone();
    let seen = Seen::new(exchange, &mut learning);
    let prefix = prefix_of(finding, &seen);
    let pool = pool(finding, &seen, setup, &prefix);
    if pool.is_empty() {
        return Found::default();
    }
    let others = others(&seen, recent, setup, &mut learning);
    let question = Question { finding, codes, seen: &seen, others: &others, setup, prefix: &prefix };
    // What mends every request of the cause, and what mends this one and leaves others as they are; true if at a known route.
    let (mut told, mut partly) = (Vec::<(Fix, bool)>::new(), Vec::<(Fix, bool)>::new());
    let mut untried: Vec<Fix> = Vec::new();
    for candidate in pool.into_iter().take(MOST_TRIED) {
        if told.len() == MOST_TOLD {
            break;
        }
        if told.iter().any(|(fix, _)| contains(&candidate.changes, &fix.changes)) {
            continue;
        }
        let Ok(fixed) = Fixed::new(&candidate.changes, exchange, setup) else { continue };
        let (standing, whole, routed) = match question.try_out(&fixed) {
            Tried::Helps(Help { trial, whole, routed }) => (Standing::Predicted(trial), whole, routed),
            Tried::Unknown if candidate.by_rule && holds_with_every_server(&candidate.changes) => {
                (Standing::Advice, false, false)
            }
            // What such a rule looks at is mostly in bodies and cookies, which are not thought through.
            Tried::Fails if question.aim() != Aim::Gone || !candidate.is_worded() => continue,
            Tried::Unknown | Tried::Fails => {
                let is_worded = candidate.is_worded();
                untried.extend(is_worded.then(|| Fix::candidate(candidate.line, candidate.changes)));
                continue;
            }
        };
        let own_words = !candidate.line.is_empty() && fixed.amended.is_none();
        let line =
            if own_words { Some(candidate.line) } else { wording::line(&candidate.changes, &seen, setup, &fixed) };
        let Some(line) = line else { continue };
        let diff = fixed.amended.as_ref().and_then(|amended| diff::unified(setup, amended));
        let fix = Fix { line, changes: candidate.changes, standing, diff };
        if whole { told.push((fix, routed)) } else { partly.push((fix, routed)) }
    }
    // Where one way leads to a route that is there, those that lead to where none is known are no help.
    if told.iter().any(|(_, routed)| *routed) {
        told.retain(|(_, routed)| *routed);
    }
    let mut told: Vec<Fix> = told.into_iter().chain(partly).map(|(fix, _)| fix).collect();
    if told.is_empty() {
        told = untried;
    }
    told.truncate(MOST_TOLD);
    Found { told, doubtful: seen.lanes.scope.wrong_set_up().is_some() }
}

/// The other requests of late that came through the set-up as it is now.
pub(super) fn others(seen: &Seen, recent: &Recent, setup: &Setup, learning: &mut Setup) -> Vec<Seen> {
    let is_of_today = |exchange: &&Arc<Exchange>| {
        let began = exchange.outer().map_or(0, |half| half.times.started);
        let before = |until: u64| began < until;
        exchange.id != seen.exchange.id
            && !setup.former.iter().any(|former| before(former.until))
            && !setup.earlier.iter().any(|earlier| before(earlier.until))
    };
    recent.newest().filter(is_of_today).take(MOST_OTHERS).map(|other| Seen::new(other, learning)).collect()
}

impl Found {
    /// The fixes for a finding of the cause: what helps, then its own advice that says more. Where hopscope's own idea of the
    /// server is wrong, that goes before all.
    pub(super) fn fixes(&self, finding: &Finding) -> Vec<Fix> {
        let advice = finding.fix.iter().filter(|fix| fix.changes.is_empty());
        let more = advice.filter(|line| self.told.iter().all(|fix| !says_the_same(fix, line)));
        let mut advice: Vec<Fix> = more.cloned().collect();
        let mut all = Vec::with_capacity(self.told.len() + advice.len() + 1);
        if self.doubtful && !advice.is_empty() {
            all.push(advice.remove(0));
        }
        all.extend(self.told.iter().cloned());
        all.extend(advice);
        all
    }
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

impl Candidate {
    /// True if its rule says it in words of its own.
    fn is_worded(&self) -> bool {
        self.by_rule && !self.line.is_empty()
    }
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
pub(super) struct Question<'a> {
    pub(super) finding: &'a Finding,
    pub(super) codes: &'a [&'static str],
    pub(super) seen: &'a Seen,
    pub(super) others: &'a [Seen],
    pub(super) setup: &'a Setup,
    pub(super) prefix: &'a str,
}

impl Question<'_> {
    fn try_out(&self, fixed: &Fixed) -> Tried {
        let Some(replayed) = replay(self.seen, self.setup, fixed, self.others) else { return Tried::Unknown };
        match self.is_mended(self.seen, &replayed) {
            Some(true) => {}
            Some(false) => return Tried::Fails,
            None => return Tried::Unknown,
        }
        let (mut mended, mut kept, mut whole) = (1, 0, true);
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
                    Some(false) => whole = false,
                    None => {}
                }
            }
        }
        let view = replayed.lanes.scope.view.as_ref();
        let routed = view.is_some_and(|view| !matches!(view.route, RouteMatch::None | RouteMatch::Unknown));
        let trial = Trial { result: wording::result(self.aim(), &replayed), mended, kept };
        Tried::Helps(Help { trial, whole, routed })
    }

    fn aim(&self) -> Aim {
        Aim::of(self.finding.code)
    }

    /// Whether the cause is gone, and what follows from it, and nothing came in its place; `None` if the models do not know.
    pub(super) fn is_mended(&self, seen: &Seen, again: &Replayed) -> Option<bool> {
        let code = self.finding.code;
        // What refused one Host says nothing of another: its answer is not the one that would come.
        let asked_anew = self.aim() == Aim::Host && host(&again.lanes) != host(&seen.lanes);
        let refused = |finding: &Finding| asked_anew && matches!(finding.code, "HO02" | "WS01" | "WS03");
        // Where the app's answer is not known, what else the models make of the request is no news.
        let is_news = |finding: &Finding| again.status.is_some() || Aim::of(finding.code) == self.aim();
        let gone = again.findings.iter().all(|finding| {
            refused(finding) || finding.code != code && (!is_news(finding) || self.is_old(seen, finding))
        });
        let alone = seen.findings.iter().all(|finding| {
            finding.code == code || finding.follows == Some(Follows::Code(code)) || finding.severity == Severity::Note
        });
        let failed = again.status.is_some_and(|status| status >= 400) && !seen.findings.iter().any(refused);
        if !gone || failed && (alone || seen.lanes.answer.status != again.status) {
            return Some(false);
        }
        self.holds(seen, again)
    }

    /// True for a finding that is none of this cause and was there before. What followed from it may stay where it follows
    /// from another cause too.
    fn is_old(&self, seen: &Seen, finding: &Finding) -> bool {
        let of_this = |follows: &Option<Follows>| *follows == Some(Follows::Code(self.finding.code));
        let of_another = matches!(finding.follows, Some(Follows::Code(_))) && !of_this(&finding.follows);
        let was = |known: &Finding| known.code == finding.code && (of_another || !of_this(&known.follows));
        let in_store = self.is_asked_for(seen) && self.codes.contains(&finding.code);
        finding.severity == Severity::Note || in_store || seen.findings.iter().any(was)
    }

    /// True for the request that the fix is for.
    fn is_asked_for(&self, seen: &Seen) -> bool {
        seen.exchange.id == self.seen.exchange.id
    }

    /// Whether what the cause is about is right now.
    fn holds(&self, seen: &Seen, again: &Replayed) -> Option<bool> {
        let judged = judged_of(seen, &again.lanes, self.setup, self.prefix);
        let leads = |bad: fn(&Judged) -> bool| judged.as_ref().is_some_and(bad);
        let of_prefix = |code: &&'static str| code.starts_with("PX");
        let said = self.is_asked_for(seen) && self.codes.iter().any(of_prefix)
            || seen.findings.iter().any(|finding| of_prefix(&finding.code));
        let strays = leads(|judged| judged.prefix == PrefixVerdict::Lost);
        let was_loop = judged_of(seen, &seen.lanes, self.setup, self.prefix).is_some_and(|judged| judged.is_loop);
        let goes_round = leads(|judged| judged.is_loop) && (!was_loop || self.finding.code == "RD06");
        if goes_round || leads(|judged| judged.prefix == PrefixVerdict::Doubled) || strays && !said {
            return Some(false);
        }
        match self.aim() {
            Aim::Prefix => {
                if strays {
                    return Some(false);
                }
                // A redirect that comes back right is all that was wrong, whoever puts it right.
                if self.finding.code == "PX07" && leads(|judged| judged.prefix == PrefixVerdict::Kept) {
                    return Some(true);
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

/// The Host that the app gets.
fn host(lanes: &crate::lanes::Lanes) -> Option<&[u8]> {
    let field = lanes.forwarded.fields.iter().find(|field| field.name.eq_ignore_ascii_case("host"));
    field.and_then(|field| field.value.as_deref())
}

/// Whether a request that was fine is no more; `None` if the models do not know.
pub(super) fn is_broken(seen: &Seen, again: &Replayed, setup: &Setup) -> Option<bool> {
    if again.findings.iter().any(|finding| finding.severity != Severity::Note) {
        return Some(true);
    }
    let status = again.status?;
    let to = |lanes: &Lanes| {
        let url = redirect::Url { scheme: seen.public_scheme(setup).to_owned(), ..seen.lanes.original.url() };
        lanes.answer.location.as_deref().and_then(|location| url.resolve(location)).map(|url| url.to_string())
    };
    Some(status >= 400 || to(&seen.lanes) != to(&again.lanes))
}

/// The redirect of these lanes, judged by what was asked.
fn judged_of(seen: &Seen, lanes: &Lanes, setup: &Setup, prefix: &str) -> Option<Judged> {
    let location = lanes.answer.location.as_deref()?;
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
    let linked = prefix.is_empty() || below_text(&view.openapi_url, prefix).is_some();
    right && routed && view.path_has_root && linked
}
