//! Which lines a cause takes for its own.
//!
//! This file exists so that a line on screen, or one of millions in a filter, can be told what it belongs to without going
//! through all of the log again.

use std::collections::BTreeSet;

use crate::access_log::sought::Sought;
use crate::access_log::traffic::client_key;
use crate::access_log::{Record, routes};

/// What a line must be. Whatever is not said is not asked for; a cause that says nothing takes none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::diagnosis) struct Takes {
    /// It has one of these statuses.
    pub(super) statuses: Vec<u16>,
    /// Or, its status is of this class.
    pub(super) class: Option<u16>,
    /// Its path has one of these templates.
    pub(super) routes: BTreeSet<Box<[u8]>>,
    /// Its path is one of these.
    pub(super) paths: BTreeSet<Box<[u8]>>,
    /// Its client is one of these.
    pub(super) clients: BTreeSet<Box<[u8]>>,
    /// It asks for what scanners seek, or comes from one of the clients.
    pub(super) sought: bool,
    /// Its success hides that an upstream failed.
    pub(super) retried: bool,
    /// It lies in this span, milliseconds since 1970.
    pub(super) span: Option<(i64, i64)>,
}

/// A line, as far as it was looked at.
pub(super) struct Looked<'a> {
    record: &'a Record<'a>,
    path: Vec<u8>,
    route: Option<Vec<u8>>,
    client: Option<Box<[u8]>>,
    sought: Option<bool>,
}

impl Takes {
    /// These statuses on these routes.
    pub(super) fn routes<'a>(statuses: &[u16], routes: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self { statuses: statuses.to_vec(), routes: routes.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// These statuses on these paths.
    pub(super) fn paths<'a>(statuses: &[u16], paths: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self { statuses: statuses.to_vec(), paths: paths.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// What scanners seek, and what these clients were refused.
    pub(super) fn scans<'a>(clients: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self { sought: true, clients: clients.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// True if this line is one.
    pub(super) fn takes(&self, line: &mut Looked<'_>) -> bool {
        if *self == Self::default() {
            return false;
        }
        let status = line.record.status;
        let is_of_status = (self.statuses.is_empty() || self.statuses.contains(&status))
            && self.class.is_none_or(|class| status / 100 == class);
        let is_in_time =
            || self.span.is_none_or(|(from, until)| line.record.time.is_some_and(|time| from <= time && time < until));
        if !is_of_status || !is_in_time() {
            return false;
        }
        if self.retried && !line.is_retried() {
            return false;
        }
        if self.sought {
            return line.seeks() || status / 100 == 4 && self.clients.contains(line.client());
        }
        (self.paths.is_empty() || self.paths.contains(&*line.path))
            && (self.routes.is_empty() || self.routes.contains(line.route()))
            && (self.clients.is_empty() || self.clients.contains(line.client()))
    }
}

impl<'a> Looked<'a> {
    pub(super) fn at(record: &'a Record<'a>) -> Self {
        let path = record.escape.decode(record.request.path()).into_owned();
        Self { record, path, route: None, client: None, sought: None }
    }

    fn route(&mut self) -> &[u8] {
        self.route.get_or_insert_with(|| {
            let mut route = Vec::with_capacity(self.path.len());
            routes::template(&self.path, &mut route);
            route
        })
    }

    fn client(&mut self) -> &[u8] {
        self.client.get_or_insert_with(|| client_key(self.record.client))
    }

    fn seeks(&mut self) -> bool {
        let record = self.record;
        *self.sought.get_or_insert_with(|| {
            Sought::by(&self.path).is_some() || record.request.query().and_then(Sought::in_query).is_some()
        })
    }

    /// True if the client got a success, and an upstream before the last one had failed.
    fn is_retried(&self) -> bool {
        let list = self.record.upstream.addr.or(self.record.upstream.status).unwrap_or_default();
        matches!(self.record.status / 100, 2 | 3) && memchr::memmem::find(list, b", ").is_some()
    }
}
