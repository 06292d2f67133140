//! The filter language of log lines.
//!
//! Texts are compared as the bytes they stand for, whatever way the log escapes them.

use std::borrow::Cow;

use super::line::LogLine;
use crate::access_log::{AgentClass, Record, elements};
use crate::filter::{Kind, Language};

/// Log lines, as a filter is asked of them.
#[derive(Clone, Copy, Debug)]
pub struct LogLines;

/// What a line may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineField {
    /// The status the client got.
    Status,
    /// The method.
    Method,
    /// The path, without the query.
    Path,
    /// The query, without `?`.
    Query,
    /// The target as asked for, or the whole line of a request that is none.
    Url,
    /// `HTTP/1.1`
    Protocol,
    /// The host asked for.
    Host,
    /// `http` or `https`
    Scheme,
    /// The client's address.
    Client,
    /// The user of Basic authentication.
    User,
    /// `Referer`
    Referer,
    /// `User-Agent`
    Agent,
    /// Bytes sent.
    Bytes,
    /// Milliseconds it took.
    Ms,
    /// `Location` of the response.
    Location,
    /// The path as the proxy rewrote it.
    Uri,
    /// `X-Forwarded-For`, as the client sent it.
    ForwardedFor,
    /// The upstreams that were asked, each.
    Upstream,
    /// What they answered, each.
    UpstreamStatus,
    /// The code of the cause that it belongs to.
    Finding,
    /// All of it, as written.
    Line,
}

/// What holds for a line or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineFlag {
    /// A scanner asked.
    Scanner,
    /// A crawler or a monitor, by its `User-Agent`.
    Bot,
    /// What was sent is no request: TLS bytes, an empty line …
    Garbage,
    /// More than one upstream was asked.
    Retried,
}

impl Language for LogLines {
    type Field = LineField;
    type Flag = LineFlag;
    type Subject<'a> = LogLine<'a>;

    const FIELDS: &'static [(&'static str, LineField)] = &[
        ("status", LineField::Status),
        ("method", LineField::Method),
        ("path", LineField::Path),
        ("client", LineField::Client),
        ("ip", LineField::Client),
        ("host", LineField::Host),
        ("referer", LineField::Referer),
        ("agent", LineField::Agent),
        ("finding", LineField::Finding),
        ("query", LineField::Query),
        ("url", LineField::Url),
        ("protocol", LineField::Protocol),
        ("scheme", LineField::Scheme),
        ("user", LineField::User),
        ("bytes", LineField::Bytes),
        ("ms", LineField::Ms),
        ("location", LineField::Location),
        ("uri", LineField::Uri),
        ("app.path", LineField::Uri),
        ("forwarded_for", LineField::ForwardedFor),
        ("upstream", LineField::Upstream),
        ("upstream.status", LineField::UpstreamStatus),
        ("line", LineField::Line),
    ];
    const FLAGS: &'static [(&'static str, LineFlag)] = &[
        ("scanner", LineFlag::Scanner),
        ("bot", LineFlag::Bot),
        ("garbage", LineFlag::Garbage),
        ("retried", LineFlag::Retried),
    ];
    const LETTERS: &'static [(char, LineField)] =
        &[('u', LineField::Url), ('m', LineField::Method), ('c', LineField::Status), ('d', LineField::Host)];
    const VALUES: &'static [(&'static str, &'static [&'static str])] = &[
        ("method", &["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]),
        ("status", &["2xx", "3xx", "4xx", "5xx", "404", "499", "502", "504"]),
        ("scheme", &["http", "https"]),
        ("protocol", &["HTTP/1.0", "HTTP/1.1", "HTTP/2.0", "HTTP/3.0"]),
        ("finding", &["PX*", "NG*", "RD*", "SC*", "UP*"]),
    ];
    const ELSEWHERE: &'static [(&'static str, &'static str)] = &[
        ("scope.", "a log does not say what the app saw; hopscope tap does"),
        ("header", "a log has only the headers its format names: referer, agent, host, forwarded_for"),
        ("body", "a log has no bodies; hopscope tap does"),
        ("tap", "it is a field of requests that were seen by a tap"),
        ("id", "it is a field of requests that were seen by a tap"),
        ("by", "a log does not say who wrote an answer; upstream tells who was asked"),
    ];

    fn kind(field: &LineField) -> Kind {
        match field {
            LineField::Status => Kind::Status,
            LineField::Bytes => Kind::Size,
            LineField::Ms => Kind::Time,
            LineField::Client | LineField::ForwardedFor => Kind::Address,
            LineField::Path | LineField::Query | LineField::Uri | LineField::Line => Kind::Exact,
            _ => Kind::Text,
        }
    }

    fn number(field: &LineField, line: &LogLine<'_>) -> Option<u64> {
        let record = line.record;
        match field {
            LineField::Status => (record.status > 0).then(|| u64::from(record.status) * 1000),
            LineField::Bytes => record.bytes.map(|bytes| bytes.saturating_mul(1000)),
            LineField::Ms => record.duration.map(u64::from),
            _ => None,
        }
    }

    fn any(field: &LineField, line: &LogLine<'_>, test: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        let record = line.record;
        let mut is = |text: &[u8]| test(&record.escape.decode(text));
        match field {
            LineField::Status | LineField::Bytes | LineField::Ms => {
                Self::number(field, line).is_some_and(|number| is((number / 1000).to_string().as_bytes()))
            }
            LineField::Method => !record.request.method.is_empty() && is(record.request.method),
            LineField::Path => !record.request.target.is_empty() && is(record.request.path()),
            LineField::Query => record.request.query().is_some_and(is),
            LineField::Url => is(url(record)),
            LineField::Protocol => !record.request.protocol.is_empty() && is(record.request.protocol),
            LineField::Host => record.host.is_some_and(is),
            LineField::Scheme => record.scheme.is_some_and(is),
            LineField::Client => !record.client.is_empty() && is(record.client),
            LineField::User => record.user.is_some_and(is),
            LineField::Referer => record.referer.is_some_and(is),
            LineField::Agent => record.agent.is_some_and(is),
            LineField::Location => record.location.is_some_and(is),
            LineField::Uri => record.uri.is_some_and(is),
            LineField::ForwardedFor => {
                let addresses = record.forwarded_for.into_iter().flat_map(|list| list.split(|&byte| byte == b','));
                addresses.map(<[u8]>::trim_ascii).any(is)
            }
            LineField::Upstream => tried(record.upstream.addr).any(is),
            LineField::UpstreamStatus => tried(record.upstream.status).any(is),
            LineField::Finding => line.finding().is_some_and(|code| is(code.as_bytes())),
            LineField::Line => test(line.raw),
        }
    }

    fn holds(flag: LineFlag, line: &LogLine<'_>) -> bool {
        match flag {
            LineFlag::Scanner => line.is_scanner(),
            LineFlag::Bot => {
                matches!(line.agent_class(), AgentClass::Crawler | AgentClass::AiCrawler | AgentClass::Monitor)
            }
            LineFlag::Garbage => line.record.request.method.is_empty(),
            LineFlag::Retried => tried(line.record.upstream.addr).nth(1).is_some(),
        }
    }

    fn searched(line: &LogLine<'_>, test: &dyn Fn(&[u8]) -> bool) -> bool {
        let record = line.record;
        let decoded: Cow<'_, [u8]> = record.escape.decode(url(record));
        test(&decoded) || line.finding().is_some_and(|code| test(code.as_bytes()))
    }
}

/// What was asked for.
fn url<'a>(record: &Record<'a>) -> &'a [u8] {
    if record.request.target.is_empty() { record.request.line } else { record.request.target }
}

/// The elements of a list of upstreams that say something.
fn tried(list: Option<&[u8]>) -> impl Iterator<Item = &[u8]> {
    elements(list.unwrap_or_default()).filter(|element| *element != b"-")
}
