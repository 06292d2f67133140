//! What can be copied from the selected exchange. Secrets stay hidden unless they are shown on screen.

use std::fmt::Write as _;

use serde_json::Value;

use super::detail::hide_secrets;
use super::lane_text::{origin, shown_value};
use super::row::shown_target;
use super::screenful::Chosen;
use crate::diagnosis::Finding;
use crate::exchange::{Cut, Half};
use crate::lanes::secrets::redact_query;
use crate::lanes::visible::visible;

/// The choices of the copy menu: key, what it copies.
pub(super) const MENU: [(char, &str, Copy); 6] = [
    ('y', "the fix", Copy::Fix),
    ('c', "a curl command", Copy::Curl),
    ('u', "the URL", Copy::Url),
    ('h', "the request's head", Copy::Head),
    ('v', "the verdict, as Markdown", Copy::Verdict),
    ('w', "all of these, to a file", Copy::File),
];

/// What to copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Copy {
    Fix,
    Curl,
    Url,
    Head,
    Verdict,
    /// All of them; goes to a file, not to the clipboard.
    File,
}

impl Copy {
    /// The text to copy; `None` if there is nothing of the kind.
    pub(super) fn text(self, chosen: &Chosen, reveal: bool) -> Option<String> {
        match self {
            Self::Fix => chosen.entry.findings.first()?.fix.first().map(|fix| visible(fix.line.as_bytes())),
            Self::Curl => curl(chosen, reveal),
            Self::Url => Some(url(chosen, reveal)),
            Self::Head => head(chosen, reveal),
            Self::Verdict => verdict(chosen, reveal),
            Self::File => Some(all(chosen, reveal)),
        }
    }
}

/// The verdict or the URL, the curl command and the head, one below the other.
fn all(chosen: &Chosen, reveal: bool) -> String {
    let verdict = verdict(chosen, reveal).unwrap_or_else(|| url(chosen, reveal));
    let blocks = [curl(chosen, reveal), head(chosen, reveal)];
    let blocks = blocks.into_iter().flatten().map(|block| format!("\n```\n{}\n```\n", block.trim_end()));
    verdict.trim_end().to_owned() + "\n" + &blocks.collect::<String>()
}

fn url(chosen: &Chosen, reveal: bool) -> String {
    let original = &chosen.lanes.original;
    origin(&chosen.lanes) + &shown_target(&original.path, original.query.as_deref(), reveal)
}

/// A word for a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The request as the client sent it. Headers that curl writes by itself are left out.
fn curl(chosen: &Chosen, reveal: bool) -> Option<String> {
    const BY_CURL: [&str; 5] = ["host", "content-length", "connection", "accept-encoding", "transfer-encoding"];
    let half = chosen.entry.exchange.outer()?;
    let method = visible(half.request.method());
    let mut words = vec!["curl -i --path-as-is".to_owned()];
    if method != "GET" {
        words.push(format!("-X {}", quoted(&method)));
    }
    for field in half.request.fields().filter(|field| !BY_CURL.iter().any(|name| field.is(name))) {
        let line = format!("{}: {}", visible(field.name), shown_value(field.name, field.value, reveal));
        words.push(format!("-H {}", quoted(&line)));
    }
    if half.request_body.total > 0 {
        // What was cut or is no text cannot stand on a command line: the user has to bring it.
        let body = body_text(half, reveal).map_or_else(|| "@body".to_owned(), |body| quoted(&body));
        words.push(format!("--data-binary {body}"));
    }
    words.push(quoted(&url(chosen, reveal)));
    Some(words.join(" "))
}

/// The request's body, if it is whole and text; its secrets hidden where its form is known.
fn body_text(half: &Half, reveal: bool) -> Option<String> {
    let body = &half.request_body;
    let text = std::str::from_utf8(&body.kept).ok().filter(|_| body.cut == Cut::No)?;
    if reveal {
        return Some(text.to_owned());
    }
    match serde_json::from_str::<Value>(text) {
        Ok(mut value) if value.is_object() || value.is_array() => {
            hide_secrets(&mut value);
            Some(value.to_string())
        }
        _ => Some(String::from_utf8_lossy(&redact_query(text.as_bytes())).into_owned()),
    }
}

fn head(chosen: &Chosen, reveal: bool) -> Option<String> {
    let request = &chosen.entry.exchange.outer()?.request;
    let target = shown_target(request.target(), None, reveal);
    let mut text = format!("{} {target} {}\n", visible(request.method()), request.version());
    for field in request.fields() {
        let _ = writeln!(text, "{}: {}", visible(field.name), shown_value(field.name, field.value, reveal));
    }
    Some(text)
}

fn verdict(chosen: &Chosen, reveal: bool) -> Option<String> {
    let findings: Vec<String> = chosen.entry.findings.iter().map(finding).collect();
    let method = visible(chosen.lanes.original.method.as_bytes());
    let status = chosen.lanes.answer.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    (!findings.is_empty()).then(|| format!("`{method} {}` → {status}\n\n{}", url(chosen, reveal), findings.join("\n")))
}

fn finding(finding: &Finding) -> String {
    let text = |text: &str| visible(text.as_bytes());
    let mut markdown = format!("**{} {}**\n\n{}\n", finding.code, finding.title, text(&finding.why));
    for fix in &finding.fix {
        let _ = write!(markdown, "\n- fix: {}", text(&fix.to_string()));
    }
    if let Some(not) = &finding.not {
        let _ = write!(markdown, "\n- not: {}", text(not));
    }
    markdown + "\n"
}
