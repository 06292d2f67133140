//! The facts that many rules rest on, said alike by all of them.

use super::case::Case;
use super::fact::Ground;
use super::rule::Parts;
use super::server_words::ServerWords;
use super::shown;
use crate::lanes::{Author, Rewrite, Source};

impl Parts {
    /// With what became of the path between client and app: two observations where both sides were seen, one where only one
    /// was.
    pub(super) fn path_seen(self, case: &Case<'_>) -> Self {
        let rewritten = &case.lanes.rewritten;
        let asked = shown::bytes(case.incoming());
        if rewritten.rewrite == Rewrite::NeverReached {
            return self.fact(
                case,
                Source::Seen,
                Ground::Client,
                format!("{asked} was asked for and never reached the app"),
            );
        }
        let Some(out) = case.outgoing().map(shown::bytes) else {
            return self.fact(case, Source::Seen, Ground::Client, format!("the client asked for {asked}"));
        };
        let what = match &rewritten.rewrite {
            Rewrite::Unknown => format!("the app's server was asked for {out}"),
            _ => format!("in {asked}, out {out}"),
        };
        let source = if rewritten.source == Source::Unknown { Source::Seen } else { rewritten.source };
        self.fact(case, source, Ground::Forwarded, what)
    }

    /// With the answer: its status, and who gave it. Nothing is said of a request that was not sent.
    pub(super) fn answer_seen(self, case: &Case<'_>) -> Self {
        let Some(status) = case.status() else { return self };
        let what = match &case.lanes.answer.by {
            Author::Unknown | Author::Nobody => format!("{status} came back"),
            by => format!("{status} by {}", shown::text(by.word())),
        };
        self.fact(case, Source::Seen, Ground::Answer, what)
    }

    /// With the scope that the app sees: by its own word, or by what its server is known to do.
    pub(super) fn scope_known(self, case: &Case<'_>) -> Self {
        let Some(scope) = case.view().map(|view| &view.scope) else { return self };
        let (path, root) = (shown::text(&scope.path), shown::text(&scope.root_path));
        if case.lanes.scope.source == Source::Probe {
            let what = format!("the app says: path {path}, root_path \"{root}\"");
            return self.fact(case, Source::Probe, Ground::Probe, what);
        }
        let server = ServerWords(&case.setup.server);
        let told = match shown::text(&case.setup.server.root_path) {
            told if told.is_empty() => server.name().to_owned(),
            told => format!("{} {} {told}", server.name(), server.root_option()),
        };
        let what = format!("{told} makes of it path {path}, root_path \"{root}\"");
        self.known(Source::Derived, Ground::Server, None, what)
    }

    /// With the app's route for `path`, if one is known.
    pub(super) fn route_known(self, case: &Case<'_>, path: &str) -> Self {
        let path = if path.is_empty() { "/" } else { path };
        if !case.has_route(path) {
            return self;
        }
        self.known(Source::Derived, Ground::Routes, None, format!("the app has a route for {}", shown::text(path)))
    }

    /// With the prefix as one that is known: told, or learned of other requests.
    pub(super) fn prefix_known(self, case: &Case<'_>, prefix: &str) -> Self {
        if !case.setup.prefixes.iter().any(|known| known == prefix) {
            return self;
        }
        self.known(Source::Rule, Ground::Proxy, None, format!("{} is known to be a public prefix", shown::text(prefix)))
    }
}
