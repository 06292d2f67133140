//! Rules: what `http-request`, `http-response`, `http-after-response` and `redirect` lines say is to be done
//! (`http_act.c`, `http_rules.c`, 2.6).

use super::condition::{Acls, Condition};
use super::format::Format;
use super::sample::Expression;
use super::words::Line;
use crate::gateway::pcre::Regex;
use crate::gateway::{ConfigError, Files, NotUnderstood};

/// A rule: what is done, and when.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    /// The line that says so.
    pub(super) line: Line,
    /// What is done.
    pub(super) action: Action,
    /// When; always if `None`.
    pub(super) condition: Option<Condition>,
}

/// Which part of the target a rule writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The path.
    Path,
    /// Path and query.
    PathAndQuery,
    /// The query.
    Query,
    /// The whole target.
    Whole,
}

/// Which fields a rule takes off.
#[derive(Clone, Debug)]
pub(super) enum Names {
    /// This one, in lower case.
    Exact(Vec<u8>),
    /// Those that start so.
    Begin(Vec<u8>),
    /// Those that end so.
    End(Vec<u8>),
    /// Those that hold this.
    Contain(Vec<u8>),
    /// Those in which this is found.
    Regex(Regex),
}

/// What a rule does.
#[derive(Clone, Debug)]
pub(super) enum Action {
    /// `set-path` and its like
    SetTarget(Part, Format),
    /// `replace-path` and its like
    ReplaceTarget(Part, Regex, Format),
    /// `set-method`
    SetMethod(Format),
    /// `set-header`
    SetField(Vec<u8>, Format),
    /// `add-header`
    AddField(Vec<u8>, Format),
    /// `del-header`
    DropFields(Names),
    /// `replace-header`: whole lines; `replace-value`: each value of a list
    ReplaceField {
        /// The field, in lower case.
        name: Vec<u8>,
        /// What is looked for.
        pattern: Regex,
        /// What is put in its place.
        with: Format,
        /// Whole lines.
        whole: bool,
    },
    /// `set-var`
    SetVariable(String, Expression),
    /// `set-var-fmt`
    SetVariableText(String, Format),
    /// `unset-var`
    DropVariable(String),
    /// `redirect`
    Redirect(Redirect),
    /// `deny`, `tarpit`, `return`
    Reply(Answered),
    /// `reject`, `silent-drop`
    Close,
    /// `allow`
    Allow,
    /// `set-status`
    SetStatus(u16),
    /// What changes nothing that is modelled.
    Nothing,
    /// What is not modelled.
    Unknown(NotUnderstood),
}

/// A redirect.
#[derive(Clone, Debug)]
pub(super) struct Redirect {
    /// What the text is.
    pub(super) kind: RedirectKind,
    /// The text.
    pub(super) to: Format,
    /// The status.
    pub(super) status: u16,
    /// Without the query.
    pub(super) drop_query: bool,
    /// With a slash at the end.
    pub(super) append_slash: bool,
    /// Not at all if the text is empty.
    pub(super) ignore_empty: bool,
    /// `Set-Cookie`
    pub(super) cookie: Option<String>,
}

/// What the text of a redirect is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RedirectKind {
    /// The whole Location.
    Location,
    /// What stands before the path.
    Prefix,
    /// The scheme.
    Scheme,
}

/// An answer of the proxy's own.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    /// The status.
    pub(super) status: u16,
    /// Fields.
    pub(super) fields: Vec<(String, Format)>,
    /// The body; `None` for the one that `HAProxy` has for the status.
    pub(super) body: Option<Format>,
}

/// Where rules stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// `http-request`
    Request,
    /// `http-response`, `http-after-response`
    Response,
}

/// Statuses that `HAProxy` has a page for (`http.c`, `http_err_codes`).
const PAGES: [u16; 19] =
    [200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 421, 422, 425, 429, 500, 501, 502, 503, 504];

impl Rule {
    /// Reads a line whose first word names the rules and whose second says what is done.
    ///
    /// # Errors
    /// For a condition that `HAProxy` refuses.
    pub(super) fn new(line: &Line, phase: Phase, acls: &Acls, files: &dyn Files) -> Result<Self, ConfigError> {
        let words = line.from(1);
        let (words, condition) = split_condition(words);
        let condition =
            Condition::new(condition, acls, &line.place, files).map_err(|what| ConfigError::at(&line.place, what))?;
        let action = Reading { line, words, files }.action(phase).unwrap_or_else(|what| {
            Action::Unknown(NotUnderstood::at(&line.place, format!("{} {}: {what}", line.word(0), line.word(1))))
        });
        Ok(Self { line: line.clone(), action, condition })
    }

    /// Reads a `redirect` line of a section.
    ///
    /// # Errors
    /// For a condition that `HAProxy` refuses.
    pub(super) fn redirect(line: &Line, acls: &Acls, files: &dyn Files) -> Result<Self, ConfigError> {
        let (words, condition) = split_condition(line.from(1));
        let condition =
            Condition::new(condition, acls, &line.place, files).map_err(|what| ConfigError::at(&line.place, what))?;
        let reading = Reading { line, words, files };
        let action = match reading.redirect(words, false) {
            Ok(redirect) => Action::Redirect(redirect),
            Err(what) => Action::Unknown(NotUnderstood::at(&line.place, format!("redirect: {what}"))),
        };
        Ok(Self { line: line.clone(), action, condition })
    }
}

/// Words, and the condition behind them.
pub(super) fn split_condition(words: &[String]) -> (&[String], &[String]) {
    let at = words.iter().position(|word| word == "if" || word == "unless").unwrap_or(words.len());
    words.split_at(at)
}

struct Reading<'a> {
    line: &'a Line,
    words: &'a [String],
    files: &'a dyn Files,
}

impl Reading<'_> {
    fn word(&self, number: usize) -> Result<&str, String> {
        self.words.get(number).map(String::as_str).ok_or_else(|| "a word is missing".to_owned())
    }

    fn field(&self, number: usize) -> Result<Vec<u8>, String> {
        self.word(number).map(|name| name.to_ascii_lowercase().into_bytes())
    }

    fn format(&self, text: &str) -> Format {
        Format::new(text, &self.line.place, self.files)
    }

    fn format_at(&self, number: usize) -> Result<Format, String> {
        self.word(number).map(|text| self.format(text))
    }

    /// Refuses words that are left over.
    fn only(&self, count: usize) -> Result<(), String> {
        match self.words.get(count) {
            None => Ok(()),
            Some(word) => Err(format!("{word:?} is not modelled here")),
        }
    }

    fn action(&self, phase: Phase) -> Result<Action, String> {
        let name = self.word(0)?;
        let request = phase == Phase::Request;
        let part = |name: &str| match name {
            "path" => Some(Part::Path),
            "pathq" => Some(Part::PathAndQuery),
            "query" => Some(Part::Query),
            "uri" => Some(Part::Whole),
            _ => None,
        };
        if let Some(part) = name.strip_prefix("set-").and_then(part).filter(|_| request) {
            self.only(2)?;
            return Ok(Action::SetTarget(part, self.format_at(1)?));
        }
        if let Some(part) = name.strip_prefix("replace-").and_then(part).filter(|part| request && *part != Part::Query)
        {
            self.only(3)?;
            return Ok(Action::ReplaceTarget(part, Regex::new(self.word(1)?, false)?, self.format_at(2)?));
        }
        if let Some(variable) = variable(name, "set-var") {
            self.only(2)?;
            let (expression, rest) = Expression::read(self.word(1)?, self.files)?;
            if !rest.is_empty() {
                return Err(format!("{rest:?} behind an expression is not modelled"));
            }
            return Ok(Action::SetVariable(variable.to_owned(), expression));
        }
        if let Some(variable) = variable(name, "set-var-fmt") {
            self.only(2)?;
            return Ok(Action::SetVariableText(variable.to_owned(), self.format_at(1)?));
        }
        if let Some(variable) = variable(name, "unset-var") {
            return Ok(Action::DropVariable(variable.to_owned()));
        }
        Ok(match name {
            "set-header" | "add-header" => {
                self.only(3)?;
                let (field, value) = (self.field(1)?, self.format_at(2)?);
                if name == "set-header" { Action::SetField(field, value) } else { Action::AddField(field, value) }
            }
            "del-header" => Action::DropFields(self.names()?),
            "replace-header" | "replace-value" => {
                self.only(4)?;
                Action::ReplaceField {
                    name: self.field(1)?,
                    pattern: Regex::new(self.word(2)?, false)?,
                    with: self.format_at(3)?,
                    whole: name == "replace-header",
                }
            }
            "set-method" if request => {
                self.only(2)?;
                Action::SetMethod(self.format_at(1)?)
            }
            "set-status" if !request => Action::SetStatus(self.status(1)?),
            "redirect" => Action::Redirect(self.redirect(self.words.get(1..).unwrap_or_default(), true)?),
            "deny" => Action::Reply(self.reply(403)?),
            "tarpit" if request => Action::Reply(self.reply(500)?),
            "return" => Action::Reply(self.reply(200)?),
            "reject" | "silent-drop" => Action::Close,
            "allow" => Action::Allow,
            "capture" | "set-log-level" | "set-nice" | "set-tos" | "set-mark" | "strict-mode" | "set-timeout"
            | "disable-l7-retry" | "cache-use" | "cache-store" | "wait-for-body" | "early-hint" => Action::Nothing,
            name if name.starts_with("track-sc") || name.starts_with("sc-") => Action::Nothing,
            _ => return Err("not modelled".to_owned()),
        })
    }

    /// The fields of `del-header`.
    fn names(&self) -> Result<Names, String> {
        let name = self.field(1)?;
        let way = match self.words.get(2).map(String::as_str) {
            None => return Ok(Names::Exact(name)),
            Some("-m") => self.word(3)?,
            Some(word) => return Err(format!("{word:?} is not modelled here")),
        };
        self.only(4)?;
        Ok(match way {
            "str" => Names::Exact(name),
            "beg" => Names::Begin(name),
            "end" => Names::End(name),
            "sub" => Names::Contain(name),
            "reg" => Names::Regex(Regex::new(self.word(1)?, false)?),
            way => return Err(format!("-m {way} is not modelled here")),
        })
    }

    fn status(&self, number: usize) -> Result<u16, String> {
        let word = self.word(number)?;
        word.parse().ok().filter(|status| (100..1000).contains(status)).ok_or_else(|| format!("{word:?} is no status"))
    }

    /// Reads a redirect; without `evaluated` its text stands as written.
    fn redirect(&self, words: &[String], evaluated: bool) -> Result<Redirect, String> {
        let mut words = words.iter().map(String::as_str);
        let mut to = None;
        let mut out = Redirect {
            kind: RedirectKind::Location,
            to: Format::literal(""),
            status: 302,
            drop_query: false,
            append_slash: false,
            ignore_empty: false,
            cookie: None,
        };
        while let Some(word) = words.next() {
            let kind = match word {
                "location" => Some(RedirectKind::Location),
                "prefix" => Some(RedirectKind::Prefix),
                "scheme" => Some(RedirectKind::Scheme),
                _ => None,
            };
            let mut next = || words.next().ok_or_else(|| format!("{word} must be followed by a word"));
            match (word, kind) {
                (_, Some(kind)) => {
                    out.kind = kind;
                    to = Some(next()?);
                }
                ("code", _) => {
                    let code = next()?;
                    out.status = match code.parse() {
                        Ok(code @ (301 | 302 | 303 | 307 | 308)) => code,
                        _ => return Err(format!("{code:?} is no code of a redirect")),
                    };
                }
                ("set-cookie", _) => out.cookie = Some(format!("{}; path=/;", next()?)),
                ("clear-cookie", _) => out.cookie = Some(format!("{}; path=/; Max-Age=0;", next()?)),
                ("drop-query", _) => out.drop_query = true,
                ("append-slash", _) => out.append_slash = true,
                ("ignore-empty", _) => out.ignore_empty = true,
                (word, _) => return Err(format!("{word:?} is not modelled here")),
            }
        }
        let to = to.ok_or("it says no location, prefix or scheme")?;
        out.to = match (out.kind, to) {
            // A prefix of one slash adds nothing.
            (RedirectKind::Prefix, "/") => Format::literal(""),
            (_, to) if evaluated => self.format(to),
            (_, to) => Format::literal(to),
        };
        Ok(out)
    }

    /// Reads an answer: `status 404 content-type text/plain string "no" hdr name value`.
    fn reply(&self, status: u16) -> Result<Answered, String> {
        let mut out = Answered { status, fields: Vec::new(), body: None };
        let mut own = false;
        let mut bare = false;
        let mut content_type = None;
        let mut words = self.words.iter().skip(1).map(String::as_str);
        while let Some(word) = words.next() {
            let mut next = || words.next().ok_or_else(|| format!("{word} must be followed by a word"));
            match word {
                "status" | "deny_status" => {
                    bare |= word == "status";
                    let status = next()?;
                    out.status = status
                        .parse()
                        .ok()
                        .filter(|status| (200..600).contains(status))
                        .ok_or_else(|| format!("{status:?} is no status of an answer"))?;
                }
                "content-type" => content_type = Some(next()?),
                "string" => out.body = Some(Format::literal(next()?)),
                "lf-string" => out.body = Some(self.format(next()?)),
                "file" | "lf-file" => {
                    next()?;
                    out.body = Some(Format::literal(""));
                }
                "default-errorfiles" => bare = false,
                "hdr" => {
                    let name = next()?;
                    let value = words.next().ok_or("hdr must be followed by a name and a value")?;
                    own = true;
                    out.fields.push((name.to_ascii_lowercase(), self.format(value)));
                }
                word => return Err(format!("{word:?} is not modelled here")),
            }
        }
        if let (Some(kind), true) = (content_type, out.body.is_some()) {
            out.fields.insert(0, ("content-type".to_owned(), Format::literal(kind)));
        }
        // An answer that `status` alone describes is an empty one and no page (`http_htx.c`, `http_parse_http_reply`).
        if bare && out.body.is_none() {
            out.body = Some(Format::literal(""));
        }
        // `return` without anything to return has no page; `deny` has one for these statuses only.
        let is_return = self.word(0)? == "return";
        if !is_return && out.body.is_none() && !own && !PAGES.contains(&out.status) {
            return Err(format!("there is no page for {}", out.status));
        }
        Ok(out)
    }
}

/// The name in `set-var(name)`.
fn variable<'n>(text: &'n str, action: &str) -> Option<&'n str> {
    let name = text.strip_prefix(action)?.strip_prefix('(')?.strip_suffix(')')?;
    // `set-var(name,ifnotexists)` is left out.
    (!name.contains(',')).then_some(name)
}
