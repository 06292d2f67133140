//! The rewrite module: `set`, `if`, `rewrite`, `return` and `break`, run as the script that nginx makes of them.
//!
//! Whether a capture is escaped depends on what ran before it: nginx keeps that in its engine, and so does [`Engine`].
//!
//! Source: `ngx_http_rewrite_module.c`, `ngx_http_script.c`, 1.22.1.

use std::sync::Arc;

use super::config::LocationId;
use super::template::{Part, Template};
use super::uri::{self, Escape, Unescape};
use super::variables::VariableId;
use super::visit::{Regex, Value, Visit};
use crate::gateway::{Found, NotUnderstood, Place, Step, StepKind, World};

/// What a block of rewrite directives does, in order.
pub(super) type Script = Vec<Instruction>;

/// A directive, as written and compiled.
#[derive(Clone, Debug)]
pub(super) struct Instruction {
    pub(super) code: Code,
    /// The directive as written.
    pub(super) text: String,
    pub(super) place: Place,
}

/// What it does.
#[derive(Clone, Debug)]
pub(super) enum Code {
    /// `set`
    Set { variable: VariableId, value: Template },
    /// `set $args …`
    SetArgs { value: Template },
    /// `rewrite`
    Rewrite(Box<Rewrite>),
    /// `return`
    Return { status: u16, text: Template },
    /// `break`
    Break,
    /// `if`
    If(Box<If>),
}

/// `rewrite`
#[derive(Clone, Debug)]
pub(super) struct Rewrite {
    pub(super) regex: Regex,
    /// What becomes the URI, or all of it for a redirect.
    pub(super) path: Template,
    /// What becomes the arguments, if there is a `?` in it.
    pub(super) args: Option<Template>,
    /// The request's arguments are put behind: there is no `?` at the end.
    pub(super) add_args: bool,
    pub(super) then: Then,
}

/// What follows a rewrite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// The next directive.
    Next,
    /// `last`: another location.
    Last,
    /// `break`: this location goes on.
    Break,
    /// `redirect`, `permanent`, or a URL.
    Redirect(u16),
}

/// `if`
#[derive(Clone, Debug)]
pub(super) struct If {
    pub(super) condition: Condition,
    pub(super) then: Script,
    /// The settings that hold from then on; none for an `if` of a server.
    pub(super) location: Option<LocationId>,
}

/// What an `if` asks.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    /// `$a`: neither empty nor `0`.
    True(VariableId),
    /// `$a = b`, `$a != b`
    Equal { variable: VariableId, value: Template, negated: bool },
    /// `$a ~ b` and its kin
    Match { variable: VariableId, regex: Regex, negated: bool },
    /// `-f`, `-d`, `-e`, `-x`
    File { test: FileTest, path: Template, negated: bool },
}

/// What is asked of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileTest {
    /// `-f`
    Plain,
    /// `-d`
    Folder,
    /// `-e`
    Any,
    /// `-x`
    Executable,
}

/// How a script ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// The request goes on.
    Goes,
    /// nginx finishes it with this status; the `Location` of a redirect.
    Status { status: u16, location: Option<Vec<u8>> },
    /// `return` with a text, or a status below 400: it is sent as it is. The text is the `Location` of a redirect.
    Sent { status: u16, text: Vec<u8> },
}

/// What nginx's script engine remembers from one directive to the next.
struct Engine<'a> {
    world: &'a dyn World,
    /// Captures are escaped, if the request's path had escapes.
    quote: bool,
    /// The same, since a `?` in a replacement.
    is_args: bool,
}

/// Runs a script.
pub(super) fn run(script: &Script, visit: &mut Visit, world: &dyn World) -> Done {
    let mut engine = Engine { world, quote: true, is_args: false };
    engine.block(script, visit).unwrap_or(Done::Goes)
}

impl Engine<'_> {
    /// Runs directives; `None` if the end was reached.
    fn block(&mut self, script: &Script, visit: &mut Visit) -> Option<Done> {
        for instruction in script {
            let place = &instruction.place;
            match &instruction.code {
                Code::Set { variable, value } => {
                    let value = self.fill(value, visit);
                    visit.store(*variable, value);
                }
                Code::SetArgs { value } => {
                    let value = self.fill(value, visit);
                    visit.args = visit.known(value);
                    visit.valid_unparsed_uri = false;
                    visit.path_step(&*instruction.text, place);
                }
                Code::Rewrite(rewrite) => {
                    if let Some(done) = self.rewrite(rewrite, instruction, visit) {
                        return Some(done);
                    }
                }
                Code::Return { status, text } => {
                    visit.step(StepKind::Answer, &*instruction.text, place);
                    // The text is none of the script's: its captures are never escaped.
                    let value = text.fill(visit);
                    let value = visit.known(value);
                    let sent = *status < 400 || text.constant() != Some(b"");
                    return Some(if sent {
                        Done::Sent { status: *status, text: value }
                    } else {
                        Done::Status { status: *status, location: None }
                    });
                }
                Code::Break => {
                    if visit.uri_changed {
                        visit.valid_location = false;
                        visit.uri_changed = false;
                    }
                    return Some(Done::Goes);
                }
                Code::If(branch) => {
                    if !self.holds(&branch.condition, visit, place) {
                        continue;
                    }
                    visit.step(StepKind::Router, &*instruction.text, place);
                    if let Some(location) = branch.location {
                        visit.enter(location);
                    }
                    if let Some(done) = self.block(&branch.then, visit) {
                        return Some(done);
                    }
                }
            }
        }
        None
    }

    /// A value, its captures escaped where the engine is in the mood for it.
    fn fill(&self, template: &Template, visit: &mut Visit) -> Value {
        let escapes = (self.quote || self.is_args) && visit.escapes_captures();
        if !escapes {
            return template.fill(visit);
        }
        template.fill_with(visit, |capture| uri::escape(capture, Escape::Args))
    }

    fn rewrite(&mut self, rewrite: &Rewrite, instruction: &Instruction, visit: &mut Visit) -> Option<Done> {
        let subject = visit.uri.clone();
        if !visit.matches(&rewrite.regex, &subject) {
            visit.captures.clear();
            return None;
        }
        let place = &instruction.place;
        visit.internal = true;
        visit.valid_unparsed_uri = false;
        if rewrite.then == Then::Break {
            visit.valid_location = false;
            visit.uri_changed = false;
        } else {
            visit.uri_changed = true;
        }
        self.quote = matches!(rewrite.then, Then::Redirect(_));
        let path = self.fill(&rewrite.path, visit);
        let mut path = visit.known(path);
        if let Then::Redirect(status) = rewrite.then {
            self.quote = false;
            let has_args = template_has_question_mark(&rewrite.path);
            path = uri::unescape(&path, Unescape::Redirect);
            if rewrite.add_args && !visit.args.is_empty() {
                path.push(if has_args { b'&' } else { b'?' });
                path.extend_from_slice(&visit.args);
            }
            visit.steps.push(Step::at(StepKind::Answer, &*instruction.text, place).path(path.clone()));
            return Some(Done::Status { status, location: Some(path) });
        }
        let args = rewrite.args.as_ref().map(|args| {
            self.is_args = true;
            self.fill(args, visit)
        });
        self.quote = false;
        match args {
            Some(args) => {
                let mut args = visit.known(args);
                if rewrite.add_args && !visit.args.is_empty() {
                    args.push(b'&');
                    args.extend_from_slice(&visit.args);
                }
                visit.args = args;
            }
            None if !rewrite.add_args => visit.args.clear(),
            None => {}
        }
        visit.uri = path;
        visit.path_step(&*instruction.text, place);
        if visit.uri.is_empty() {
            // "the rewritten URI has a zero length"
            return Some(Done::Status { status: 500, location: None });
        }
        (rewrite.then != Then::Next).then_some(Done::Goes)
    }

    fn holds(&mut self, condition: &Condition, visit: &mut Visit, place: &Place) -> bool {
        match condition {
            Condition::True(variable) => {
                let value = visit.variable(*variable);
                let value = visit.known(value);
                !value.is_empty() && value != b"0"
            }
            Condition::Equal { variable, value, negated } => {
                let left = visit.variable(*variable);
                let left = visit.known(left);
                let right = self.fill(value, visit);
                (left == visit.known(right)) != *negated
            }
            Condition::Match { variable, regex, negated } => {
                let subject = visit.variable(*variable);
                let subject = visit.known(subject);
                let matches = visit.matches(regex, &subject);
                if !matches {
                    visit.captures.clear();
                }
                matches != *negated
            }
            Condition::File { test, path, negated } => {
                let path = self.fill(path, visit);
                let path = visit.known(path);
                let found = Arc::clone(&visit.config).look(&path, self.world);
                let holds = match (found, test) {
                    (Some(Found::Nothing), _) => Some(false),
                    (Some(found), FileTest::Plain) => Some(found == Found::File),
                    (Some(found), FileTest::Folder) => Some(found == Found::Folder),
                    (Some(_), FileTest::Any) => Some(true),
                    (Some(_), FileTest::Executable) | (None, _) => None,
                };
                if holds.is_none() {
                    let path = String::from_utf8_lossy(&path);
                    visit.doubt(NotUnderstood::at(place, format!("if: what {path} is cannot be seen from here")));
                }
                holds.unwrap_or_default() != *negated
            }
        }
    }
}

/// A `?` in the replacement of a redirect, wherever it is written: a `?` out of a variable does not count.
fn template_has_question_mark(template: &Template) -> bool {
    template.parts().iter().any(|part| matches!(part, Part::Text(text) if text.contains(&b'?')))
}
