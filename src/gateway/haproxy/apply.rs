//! What rules do to a request, or to a response on its way back (`http_act.c`, `http_ana.c`, 2.6).

use super::condition::Acls;
use super::convert::expand;
use super::fetch::host;
use super::message::Fields;
use super::rule::{Action, Answered, Names, Part, Phase, Redirect, RedirectKind, Rule};
use super::sample::{Scene, Value};
use super::target::{self, parts};
use crate::gateway::pcre::Regex;
use crate::gateway::{NotUnderstood, Reply, Step, StepKind};

/// What comes after the rules of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// The message goes on.
    On,
    /// The proxy answers by itself.
    Reply(Reply),
    /// The proxy answers with its page for a status.
    Page(u16),
    /// The proxy hangs up.
    Close,
}

/// Rules at work.
#[derive(Debug)]
pub(super) struct Run<'r> {
    /// What they read and write.
    pub(super) scene: &'r mut Scene,
    /// What was done.
    pub(super) steps: &'r mut Vec<Step>,
    /// What is not known of it.
    pub(super) unknown: &'r mut Vec<NotUnderstood>,
    /// Which message they are about.
    pub(super) phase: Phase,
}

impl Run<'_> {
    /// Applies rules in order until one ends it.
    pub(super) fn rules(&mut self, rules: &[Rule], acls: &Acls) -> Flow {
        for rule in rules {
            let applies = match &rule.condition {
                None => Ok(true),
                Some(condition) => condition.holds(acls, self.scene),
            };
            match applies {
                Ok(false) => {}
                Ok(true) if matches!(rule.action, Action::Allow) => return Flow::On,
                Ok(true) => match self.rule(rule) {
                    Ok(Flow::On) => {}
                    Ok(end) => return end,
                    Err(what) => self.unknown.push(what),
                },
                Err(what) => self.unknown.push(what),
            }
        }
        Flow::On
    }

    fn step(&mut self, rule: &Rule, kind: StepKind) {
        let is_path = kind == StepKind::Path;
        let step = Step::at(kind, rule.line.text(), &rule.line.place);
        let step = if is_path { step.path(self.scene.message.target.clone()) } else { step };
        self.steps.push(step);
    }

    fn rule(&mut self, rule: &Rule) -> Result<Flow, NotUnderstood> {
        let kind = self.kind(&rule.action);
        let flow = self.action(&rule.action)?;
        match (&flow, kind) {
            (Flow::On, None) => {}
            (Flow::On, Some(kind)) => self.step(rule, kind),
            _ => self.step(rule, StepKind::Answer),
        }
        Ok(flow)
    }

    /// What a step is about; `None` for what is not worth a step.
    fn kind(&self, action: &Action) -> Option<StepKind> {
        let field = |name: &[u8]| StepKind::Field(String::from_utf8_lossy(name).into_owned());
        let kind = match action {
            Action::SetTarget(..) | Action::ReplaceTarget(..) | Action::SetMethod(_) => StepKind::Path,
            Action::SetField(name, _) | Action::AddField(name, _) | Action::ReplaceField { name, .. } => field(name),
            Action::DropFields(Names::Exact(name) | Names::Begin(name) | Names::End(name) | Names::Contain(name)) => {
                field(name)
            }
            Action::DropFields(Names::Regex(_)) => field(b"del-header"),
            Action::SetStatus(_) => StepKind::Response,
            _ => return None,
        };
        Some(if self.phase == Phase::Response { StepKind::Response } else { kind })
    }

    fn action(&mut self, action: &Action) -> Result<Flow, NotUnderstood> {
        match action {
            Action::SetTarget(part, format) => {
                let text = format.value(self.scene)?;
                self.set_target(*part, &text);
            }
            Action::ReplaceTarget(part, pattern, with) => {
                let target = self.scene.message.target.as_slice();
                let old = match part {
                    Part::Path => parts(target).path(target),
                    Part::PathAndQuery => parts(target).path_and_query(target),
                    Part::Query | Part::Whole => Some(target),
                };
                let Some(old) = old.filter(|old| !old.is_empty()).map(<[u8]>::to_vec) else { return Ok(Flow::On) };
                let Some(groups) = pattern.groups(&old) else { return Ok(Flow::On) };
                let with = with.value(self.scene)?;
                let Some(text) = expand(&with, &old, &groups) else { return Ok(Flow::Page(500)) };
                self.set_target(*part, &text);
            }
            Action::SetMethod(format) => self.scene.message.method = format.value(self.scene)?,
            Action::SetField(name, format) => {
                let value = format.value(self.scene)?;
                self.fields().retain(|(field, _)| field != name);
                self.add(name, value);
            }
            Action::AddField(name, format) => {
                let value = format.value(self.scene)?;
                self.add(name, value);
            }
            Action::DropFields(names) => self.fields().retain(|(name, _)| !names.hold(name)),
            Action::ReplaceField { name, pattern, with, whole } => {
                let with = with.value(self.scene)?;
                self.replace_field(name, pattern, &with, *whole);
            }
            Action::SetVariable(name, expression) => match expression.one(self.scene) {
                Ok(Some(value)) => {
                    self.scene.variables.insert(name.clone(), Ok(value));
                }
                Ok(None) => {
                    self.scene.variables.remove(name);
                }
                Err(what) => {
                    self.scene.variables.insert(name.clone(), Err(what));
                }
            },
            Action::SetVariableText(name, format) => {
                let value = format.value(self.scene).map(Value::Text);
                self.scene.variables.insert(name.clone(), value);
            }
            Action::DropVariable(name) => {
                self.scene.variables.remove(name);
            }
            Action::Redirect(redirect) => return self.redirect(redirect),
            Action::Reply(answered) if answered.body.is_none() && answered.fields.is_empty() => {
                return Ok(Flow::Page(answered.status));
            }
            Action::Reply(answered) => return answered.reply(self.scene).map(Flow::Reply),
            Action::Close => return Ok(Flow::Close),
            Action::SetStatus(status) => {
                if let Some((known, _)) = &mut self.scene.response {
                    *known = *status;
                }
            }
            Action::Allow | Action::Nothing => {}
            Action::Unknown(what) => return Err(what.clone()),
        }
        Ok(Flow::On)
    }

    /// The fields of the message that the rules are about.
    fn fields(&mut self) -> &mut Fields {
        match (self.phase, &mut self.scene.response) {
            (Phase::Response, Some((_, fields))) => fields,
            _ => &mut self.scene.message.fields,
        }
    }

    fn add(&mut self, name: &[u8], value: Vec<u8>) {
        if self.phase == Phase::Request && name == b"host" {
            self.set_authority(&value);
        }
        self.fields().push((name.to_vec(), value));
    }

    /// Writes the host into an absolute target, which must name the same as `Host`.
    fn set_authority(&mut self, host: &[u8]) {
        let message = &mut self.scene.message;
        let Some(scheme) = target::scheme_length(&message.target) else { return };
        let (scheme, rest) = message.target.split_at(scheme);
        let path = rest.iter().position(|&b| b == b'/').unwrap_or(rest.len());
        message.target = [scheme, host, rest.get(path..).unwrap_or_default()].concat();
    }

    fn set_target(&mut self, part: Part, text: &[u8]) {
        let message = &mut self.scene.message;
        message.target = match part {
            Part::Path => target::with_path(&message.target, text, false),
            Part::PathAndQuery => target::with_path(&message.target, text, true),
            Part::Query => target::with_query(&message.target, text),
            Part::Whole => text.to_vec(),
        };
        if part == Part::Whole {
            let authority = parts(text).authority(text);
            if !authority.is_empty() {
                for (_, value) in message.fields.iter_mut().filter(|(name, _)| name == b"host") {
                    *value = authority.to_vec();
                }
            }
        }
    }

    fn replace_field(&mut self, name: &[u8], pattern: &Regex, with: &[u8], whole: bool) {
        let replaced = |value: &[u8]| {
            let groups = pattern.groups(value)?;
            expand(with, value, &groups)
        };
        let mut host = None;
        for (field, value) in self.fields() {
            if field != name {
                continue;
            }
            if whole {
                if let Some(text) = replaced(value) {
                    *value = text;
                }
            } else {
                let items: Vec<Vec<u8>> =
                    super::message::values(value).map(|item| replace_item(item, replaced)).collect();
                *value = items.join(&b',');
            }
            host = Some(value.clone());
        }
        if let (Some(host), b"host", Phase::Request) = (host, name, self.phase) {
            self.set_authority(&host);
        }
    }

    fn redirect(&self, redirect: &Redirect) -> Result<Flow, NotUnderstood> {
        let scene = &*self.scene;
        if self.phase == Phase::Response {
            return Err(NotUnderstood {
                place: None,
                what: "a redirect in place of a response is not modelled".to_owned(),
            });
        }
        let mut location = redirect.to.value(scene)?;
        if location.is_empty() && redirect.ignore_empty && redirect.kind == RedirectKind::Location {
            return Ok(Flow::On);
        }
        if redirect.kind != RedirectKind::Location {
            let target = scene.message.target.as_slice();
            let path = parts(target).path_and_query(target).unwrap_or(b"/");
            let path = if redirect.drop_query { target::before_query(path) } else { path };
            if redirect.kind == RedirectKind::Scheme {
                location.extend_from_slice(b"://");
                location.extend_from_slice(host(&scene.message.fields).unwrap_or_default());
            }
            location.extend_from_slice(path);
            if redirect.append_slash && !location.ends_with(b"/") {
                location.push(b'/');
            }
        }
        let mut reply = Reply::status(redirect.status).field("location", location);
        if matches!(redirect.status, 302 | 303 | 307) {
            reply = reply.field("cache-control", "no-cache");
        }
        if let Some(cookie) = &redirect.cookie {
            reply = reply.field("set-cookie", cookie.as_bytes());
        }
        Ok(Flow::Reply(reply))
    }
}

/// Replaces one item of a list, the blanks around it kept.
fn replace_item(item: &[u8], replaced: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Vec<u8> {
    let value = item.trim_ascii();
    let start = item.len() - item.trim_ascii_start().len();
    let (before, rest) = item.split_at(start);
    match replaced(value) {
        Some(text) => [before, &text, rest.get(value.len()..).unwrap_or_default()].concat(),
        None => item.to_vec(),
    }
}

impl Names {
    fn hold(&self, name: &[u8]) -> bool {
        match self {
            Self::Exact(text) => name == text,
            Self::Begin(text) => name.starts_with(text),
            Self::End(text) => name.ends_with(text),
            Self::Contain(text) => memchr::memmem::find(name, text).is_some(),
            Self::Regex(pattern) => pattern.is_match(name),
        }
    }
}

impl Answered {
    fn reply(&self, scene: &Scene) -> Result<Reply, NotUnderstood> {
        let mut reply = Reply::status(self.status);
        for (name, value) in &self.fields {
            reply = reply.field(name, value.value(scene)?);
        }
        if let Some(body) = &self.body {
            reply.body = body.value(scene)?;
        }
        Ok(reply)
    }
}
