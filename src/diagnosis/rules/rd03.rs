//! # RD03: slash redirect on every call
//!
//! ## What it says
//! A client calls the same route again and again without its final slash (or with one too many), and is redirected each
//! time. Every call costs two.
//!
//! ## Why it happens
//! Starlette redirects `/items` to `/items/` where only the latter is a route. A link or a client library has the other
//! form written into it.
//!
//! ## How it is told from its neighbours
//! - One slash redirect is how a browser finds the page: no finding. It takes three of the same call within a minute.
//! - `PX07`, `RD01`, `RD02`: the redirect itself leads to the wrong place.
//! - `RD06`: the redirect leads back to where it came from.
//!
//! ## Example
//! ```text
//! GET /items → 307 /items/   three times in 60 s by one client
//! ```
//!
//! ## Fix
//! Call the exact path; or `redirect_slashes=False` and both routes.
//!
//! ## Not
//! A rewrite in the proxy that adds slashes: it breaks the routes that have none.

use crate::asgi::framework::RouteMatch;
use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::session::hop;
use crate::diagnosis::{Confidence, Ground, Severity, shown};
use crate::lanes::Source;

pub(super) const RULE: Rule = Rule {
    code: "RD03",
    title: "slash redirect on every call",
    severity: Severity::Warn,
    source: include_str!("rd03.rs"),
    check,
};

/// The time within which the calls are counted, in microseconds.
const WINDOW: u64 = 60_000_000;
/// Calls that make it a habit, this one counted.
const HABIT: usize = 3;

fn check(case: &Case<'_>) -> Answer {
    let Some(judged) = case.redirect().filter(|judged| judged.slash.is_some()) else { return Answer::No };
    let Some((client, this)) = case.client().zip(hop(case)) else { return Answer::No };
    let mut same = case.history.hops(client, case.now(), WINDOW).filter(|hop| hop.slash == this.slash).peekable();
    let last = same.peek().map(|hop| hop.exchange);
    let before = same.count();
    let (Some(last), true) = (last, before + 1 >= HABIT) else { return Answer::No };
    let (path, exact) = (shown::bytes(&case.lanes.original.path), shown::bytes(&judged.target.path));
    let why =
        format!("{path} was redirected to {exact} {} times within a minute: each call is made twice.", before + 1);
    Answer::Yes(
        Parts::new(Confidence::High, why)
            .about(route(case, &judged.target.path))
            .fact(case, Source::Seen, Ground::Answer, format!("{path} is redirected to {exact}"))
            .fact_of(last, Source::Seen, "the same client was sent the same way before")
            .fix([
                format!("the client: call {exact}"),
                "or the app: redirect_slashes=False, and a route for each form".to_owned(),
            ])
            .not("a rewrite in the proxy that adds slashes: it breaks the routes that have none"),
    )
}

/// The route that is called wrongly; where no routes are known, the first segment of its path.
fn route(case: &Case<'_>, path: &[u8]) -> String {
    let taken = case.view().zip(case.routes()).and_then(|(view, routes)| match &view.route {
        RouteMatch::Slash(slashed) => Some(routes.find(slashed)),
        _ => None,
    });
    if let Some(RouteMatch::Route(template)) = taken {
        return shown::text(&template);
    }
    let end = path.iter().skip(1).position(|&b| b == b'/').map_or(path.len(), |at| at + 1);
    shown::bytes(path.get(..end).unwrap_or(path))
}
