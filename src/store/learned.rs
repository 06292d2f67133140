//! What is learned of the set-up while traffic runs, and what has to be judged again by it: the app's routes, its server.

use std::sync::Arc;

use super::{Store, touch};
use crate::asgi::framework::{Framework, Routes};
use crate::asgi::server::Server;
use crate::diagnosis::Session;
use crate::exchange::{Exchange, ExchangeId, Target};
use crate::gateway::Gateway;
use crate::lanes::{self, Beneath, Provenance, Reread};

/// The option that says what the app's own root path is, and where that is known from if the app was asked.
const APP_ROOT: &str = "app-root-path";
const BY_ITS_PAGES: &str = "the app's own pages";

impl Store {
    /// Sets the app's routes, and the `root_path` that the app itself tells of, and judges again what waited for them. Gives
    /// the ids of the entries that changed.
    ///
    /// A root path that the server was given reaches the app too; only another one is the app's own.
    pub fn describe(&mut self, routes: Routes, root_path: Option<String>) -> Vec<ExchangeId> {
        self.setup.app.routes = Some(routes);
        let server = self.setup.server.root_path.trim_end_matches('/').to_owned();
        let own = root_path.filter(|root| self.setup.app.root_path.is_empty() && !root.is_empty() && *root != server);
        if let Some(root) = own {
            self.setup.know_prefix(&root);
            self.setup.provenance.know(APP_ROOT, &root, BY_ITS_PAGES);
            self.setup.app.root_path = root;
        }
        self.judge_waiting()
    }

    /// The paths of the plain requests, as the app got them, whose cause depends on the app's routes; oldest first.
    pub fn paths_waiting(&self) -> Vec<String> {
        let waiting = self.session.waiting().filter_map(|id| self.get(id));
        let requests = waiting.filter_map(|entry| entry.exchange.inner().map(|half| &half.request));
        let asked = requests.filter(|request| matches!(request.method(), b"GET" | b"HEAD") && !request.is_websocket());
        let paths = asked.filter_map(|request| std::str::from_utf8(Target::new(request.target()).path()).ok());
        paths.filter(|path| path.starts_with('/') && !path.contains(['{', '}'])).map(str::to_owned).collect()
    }

    /// Notes a public prefix.
    pub fn know_prefix(&mut self, prefix: &str) {
        self.setup.know_prefix(prefix);
    }

    /// Notes that the app has no description where every FastAPI app has one, and judges again what waited for it. Gives the
    /// ids of the entries that changed.
    pub fn set_undescribed(&mut self) -> Vec<ExchangeId> {
        self.setup.app.undescribed = true;
        self.judge_waiting()
    }

    fn judge_waiting(&mut self) -> Vec<ExchangeId> {
        self.revision += 1;
        self.publish_setup();
        let waiting: Vec<_> = self.session.waiting().collect();
        let mut changed = Vec::new();
        for id in waiting {
            let Some(exchange) = self.get(id).map(|entry| entry.exchange.clone()) else { continue };
            let lanes = lanes::compute(&exchange, &self.setup);
            for update in self.session.recheck(&exchange, &lanes, &mut self.setup) {
                self.conclude(update.exchange, update.findings, &mut changed);
            }
        }
        // A route may have proven a prefix.
        self.publish_setup();
        changed
    }

    /// Notes that the proxy's configuration was read again, and what came of it: a proxy from `since` on (microseconds
    /// since 1970-01-01 UTC), or none if it is wrong. What came before went through the one that was there then.
    pub fn reread(&mut self, since: u64, gateway: Option<Gateway>, said: String) {
        self.revision += 1;
        let number = self.setup.reread.as_ref().map_or(0, |reread| reread.number) + 1;
        self.setup.reread = Some(Reread { number, said, failed: gateway.is_none() });
        if let Some(gateway) = gateway {
            self.setup.route_otherwise(since, gateway);
            self.causes.forget_proofs();
        }
        self.publish_setup();
    }

    /// Sets what is now known of the app's server and framework, and judges again what was judged by something else. Gives
    /// the ids of the entries that changed.
    ///
    /// `since` (microseconds since 1970-01-01 UTC) says that it was started again then: what came before was served as it was
    /// known before.
    pub fn set_server(
        &mut self,
        server: Server,
        framework: Framework,
        provenance: Provenance,
        since: Option<u64>,
    ) -> Vec<ExchangeId> {
        self.revision += 1;
        let same = (&self.setup.server, self.setup.app.framework) == (&server, framework);
        // Another process may have a description, and other mounts.
        self.setup.app.undescribed = false;
        self.setup.asked.clear();
        if let Some(since) = since.filter(|_| !same) {
            self.setup.serve_otherwise(since, server, framework);
        } else {
            (self.setup.server, self.setup.app.framework) = (server, framework);
        }
        let before = std::mem::replace(&mut self.setup.provenance, provenance);
        let root = self.setup.server.root_path.clone();
        self.setup.know_prefix(&root);
        self.keep_told_root(&before);
        self.publish_setup();
        if same {
            return Vec::new();
        }
        self.causes.forget_proofs();
        let mut changed = Vec::new();
        if since.is_none() {
            self.session = Session::default();
        }
        for index in 0..self.slots.len() {
            let Some(slot) = self.slots.get_mut(index) else { continue };
            let exchange = Arc::clone(&slot.entry.exchange);
            let began = exchange.outer().map_or(0, |half| half.times.started);
            if !exchange.is_finished() || since.is_some_and(|since| began < since) {
                continue;
            }
            if exchange.app.is_some() {
                // Its lanes are others now, whatever follows from them.
                touch(&mut slot.entry, self.revision, &mut changed);
            }
            match since {
                None => self.judge(index, &mut changed),
                Some(_) => self.judge_again(&exchange, &mut changed),
            }
        }
        self.publish_setup();
        changed
    }

    /// Keeps the root path that the app's pages told of before the server was known, unless it turns out to be the one that
    /// the server was given.
    fn keep_told_root(&mut self, before: &Provenance) {
        let told = before.options.iter().find(|known| known.option == APP_ROOT && known.from == BY_ITS_PAGES);
        let Some(told) = told else { return };
        if told.value.trim_end_matches('/') == self.setup.server.root_path.trim_end_matches('/') {
            self.setup.app.root_path.clear();
        } else {
            self.setup.provenance.know(APP_ROOT, &told.value, BY_ITS_PAGES);
        }
    }

    /// Judges an exchange again by what is known now, counting nothing twice.
    fn judge_again(&mut self, exchange: &Exchange, changed: &mut Vec<ExchangeId>) {
        let lanes = lanes::compute(exchange, &self.setup);
        let updates = self.session.recheck(exchange, &lanes, &mut self.setup);
        if !updates.iter().any(|update| update.exchange == exchange.id) {
            self.conclude(exchange.id, Vec::new(), changed);
        }
        for update in updates {
            self.conclude(update.exchange, update.findings, changed);
        }
    }

    /// The paths as the app's server got them, each with what the app compares with its routes, of which nothing is known but
    /// that the app answers 404.
    pub fn unknown_paths(&self) -> Vec<(String, String)> {
        let waiting = self.session.waiting().filter_map(|id| self.get(id));
        let mut paths = Vec::new();
        for entry in waiting {
            let view = lanes::compute(&entry.exchange, &self.setup).scope.view;
            let request = entry.exchange.inner().map(|half| &half.request).filter(|request| request.method() == b"GET");
            let path = request.and_then(|request| std::str::from_utf8(Target::new(request.target()).path()).ok());
            let Some((path, view)) = path.zip(view).filter(|(path, _)| self.setup.may_ask(path)) else { continue };
            paths.push((path.to_owned(), view.route_path));
        }
        paths
    }

    /// Notes what the app showed of a path when it was asked, see [`Store::unknown_paths`].
    pub fn know_beneath(&mut self, path: &str, found: Beneath) {
        self.setup.note_beneath(path, found);
    }

    /// Judges again what waited for what the app was asked. Gives the ids of the entries that changed.
    pub fn judge_asked(&mut self) -> Vec<ExchangeId> {
        self.judge_waiting()
    }

    /// True when the app is described, and something is asked for below a path that none of its described routes takes.
    pub fn wants_paths(&self) -> bool {
        self.setup.app.routes.is_some() && self.session.waiting().len() > 0
    }

    /// True when something was seen, mostly a 404 by the app, whose cause depends on the app's routes, and they are not
    /// known.
    pub fn wants_routes(&self) -> bool {
        self.setup.app.routes.is_none() && !self.setup.app.undescribed && self.session.waiting().len() > 0
    }
}
