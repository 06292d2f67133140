//! Changes of fields: `request_header`, `header_up`, `header`, `header_down`. Caddy 2.11, `modules/caddyhttp/headers/headers.go`.

use std::sync::Arc;

use super::Walk;
use super::matching::fits_value;
use super::placeholders::lower;
use crate::gateway::caddy::route::{HeaderOps, Headers, Op, Replacement, ResponseMatcher, Search};
use crate::gateway::go::{self, Header, Regexp, Request};
use crate::gateway::{NotUnderstood, Step, StepKind};

/// Fields of a response that a plan is asked about. What is unknown of others does not make it unknown.
const TOLD: [&str; 2] = ["Location", "Set-Cookie"];

impl Walk<'_> {
    /// `header` and `request_header`
    pub(super) fn change_headers(&mut self, headers: &Arc<Headers>) {
        if let Some(ops) = &headers.request {
            let mut request = self.state.request.clone();
            self.change_request(&mut request, ops);
            self.state.request = request;
        }
        let Some(response) = &headers.response else { return };
        if response.deferred || response.require.is_some() {
            self.state.deferred.push(Arc::clone(headers));
        } else {
            let mut header = std::mem::take(&mut self.state.response);
            self.change_response(&mut header, &response.ops);
            self.state.response = header;
        }
    }

    /// The changes that wait until the response is written, the last one first.
    pub(super) fn change_deferred(&mut self, status: u16, header: &mut Header) {
        for headers in std::mem::take(&mut self.state.deferred).into_iter().rev() {
            let Some(response) = &headers.response else { continue };
            if response.require.as_ref().is_none_or(|require| require.fits(status, header)) {
                self.change_response(header, &response.ops);
            }
        }
    }

    /// `ApplyToRequest`: the host stands among the fields while they are changed.
    pub(super) fn change_request(&mut self, request: &mut Request, ops: &HeaderOps) {
        let before = request.header.remove_raw("Host");
        let mut hosts = before.clone().unwrap_or_default();
        hosts.push(request.host.clone());
        request.header.put_raw("Host", hosts);
        let mut header = std::mem::take(&mut request.header);
        self.change(&mut header, ops, true);
        let hosts = header.remove_raw("Host").unwrap_or_default();
        request.host = hosts.last().cloned().unwrap_or_default();
        if let Some(before) = before {
            header.put_raw("Host", before);
        }
        request.header = header;
    }

    /// Changes the fields of a response. What is unknown of one that nobody asks about is let be.
    pub(super) fn change_response(&mut self, header: &mut Header, ops: &HeaderOps) {
        let known = self.state.unknown.len();
        self.change(header, ops, false);
        let told = |field: &Arc<str>| field.contains('{') || TOLD.iter().any(|name| field.eq_ignore_ascii_case(name));
        let any = ops.add.iter().map(|op| &op.field).chain(ops.set.iter().map(|op| &op.field));
        if !any.chain(ops.replace.iter().map(|op| &op.field)).any(told) {
            self.state.unknown.truncate(known);
        }
    }

    /// `ApplyTo`: `-*` first, then what is added, what is set, what is taken off and what is replaced.
    fn change(&mut self, header: &mut Header, ops: &HeaderOps, tell: bool) {
        for op in &ops.delete {
            if self.fill_known(&op.field) == b"*" {
                header.retain(|_| false);
            }
        }
        for op in &ops.add {
            let name = self.name(&op.field);
            for value in &op.what {
                let value = self.fill_known(value);
                self.tell(tell, op, &name);
                header.add(&name, value);
            }
        }
        for op in &ops.set {
            let name = self.name(&op.field);
            let value = self.fill_known(&op.what);
            self.tell(tell, op, &name);
            header.set(&name, value);
        }
        for op in &ops.delete {
            let pattern = self.name(&op.field);
            let fits =
                |name: &str| pattern.len() > 1 && fits_value(&lower(name.as_bytes()), &lower(pattern.as_bytes()));
            if pattern != "*" {
                if pattern.contains('*') {
                    header.retain(|name| !fits(name));
                } else {
                    header.remove(&pattern);
                }
                self.tell(tell, op, &pattern);
            }
        }
        for op in &ops.replace {
            let name = go::canonical(&self.name(&op.field));
            for replacement in &op.what {
                self.replace_values(header, &name, replacement);
            }
            self.tell(tell, op, &name);
        }
    }

    /// The name of a field, its placeholders filled in.
    fn name(&mut self, field: &Arc<str>) -> String {
        if !field.contains('{') {
            return field.to_string();
        }
        let filled = self.fill_known(field);
        String::from_utf8_lossy(&filled).into_owned()
    }

    fn tell<T>(&mut self, tell: bool, op: &Op<T>, name: &str) {
        let Some(line) = op.line.as_ref().filter(|_| tell) else { return };
        let kind = StepKind::Field(name.to_owned());
        self.state.steps.push(Step::at(kind, &*line.text, &line.place));
    }

    /// Replaces in the values of one field, or of all for `*`.
    fn replace_values(&mut self, header: &mut Header, name: &str, replacement: &Replacement) {
        let search = match &replacement.search {
            Search::Regexp(pattern) => pattern.understood().cloned(),
            Search::Template(template) => {
                let text = self.fill_known(template);
                match Regexp::new(&String::from_utf8_lossy(&text)) {
                    Ok(regexp) => Some(regexp),
                    Err(go::RegexpError::Malformed(_)) => return,
                    Err(go::RegexpError::NotModelled(_)) => None,
                }
            }
        };
        let template = self.fill_known(&replacement.replace);
        let Ok(template) = String::from_utf8(template) else {
            self.doubt("a replacement that is no UTF-8 is not modelled");
            return;
        };
        let names: Vec<String> = header
            .iter()
            .map(|(known, _)| known.to_owned())
            .filter(|known| name == "*" || go::canonical(known) == name)
            .collect();
        for known in names {
            let Some(search) = &search else {
                self.doubt("a regular expression is not understood");
                return;
            };
            let values = header.remove_raw(&known).unwrap_or_default();
            let values = values.iter().map(|value| search.replace_all(value, &template)).collect();
            header.put_raw(known, values);
        }
    }
}

impl ResponseMatcher {
    /// Whether a response fits: its status, by its first digit too, and its fields.
    pub(super) fn fits(&self, status: u16, header: &Header) -> bool {
        let has_status = |wanted: &u16| *wanted == status || (*wanted < 10 && *wanted == status / 100);
        if !self.status.is_empty() && !self.status.iter().any(has_status) {
            return false;
        }
        self.headers.iter().all(|(field, wanted)| {
            let actual = header.values(field);
            match wanted {
                None => actual.is_empty(),
                Some(wanted) => {
                    actual.iter().any(|actual| wanted.iter().any(|wanted| fits_value(actual, wanted.as_bytes())))
                }
            }
        })
    }
}

/// A doubt at no line.
pub(super) fn doubt(what: impl Into<String>) -> NotUnderstood {
    NotUnderstood { place: None, what: what.into() }
}
