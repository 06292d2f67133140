//! uvicorn's `HttpToolsProtocol`: what becomes of the bytes with `--http httptools`.
//!
//! Source of the rules: uvicorn 0.13 to 0.54 `protocols/http/httptools_impl.py`. Everything that arrived at once is parsed
//! before the app runs, so a fault anywhere in it, in a body or in the next request, is the answer to the first.

use super::arrival::{Arrived, Call, asks_for_websocket};
use super::llhttp::{self, Behind, Parser, Stop};
use super::release::Rules;
use super::url::{self, NoPath};
use crate::asgi::Outcome;
use crate::asgi::server::request::{Line, Request, path_and_query};

/// Reads what arrived.
pub(super) fn read(bytes: &[u8], rules: &Rules, root_path: &str, has_websockets: bool) -> Result<Arrived, Outcome> {
    let protocol = Protocol { rules, root_path, has_websockets };
    let lenient = rules.drops_data_after_close();
    let mut parser = Parser::new(bytes, rules.httptools, lenient);
    let mut first = None;
    loop {
        match protocol.message(&mut parser) {
            Ok((arrived, behind)) => {
                let upgraded = behind == Some(Behind::Protocol);
                let arrived = first.get_or_insert(arrived);
                if upgraded && arrived.call == Call::Nobody {
                    return Err(Outcome::Refused {
                        status: 400,
                        why: "an upgrade to something else than websocket".into(),
                    });
                }
                if behind != Some(Behind::Message) {
                    break;
                }
            }
            Err(Ended::Unfinished) => break,
            Err(Ended::Refused(why)) => return Err(rules.refused(&format!("httptools: {why}"))),
            Err(Ended::Unknown(why)) => return Err(Outcome::Unknown { why: why.to_owned() }),
        }
    }
    first.ok_or_else(super::arrival::waiting)
}

/// Why there is no message.
enum Ended {
    Unfinished,
    Refused(&'static str),
    Unknown(&'static str),
}

impl From<Stop> for Ended {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Bad(why) => Self::Refused(why),
            Stop::Unfinished => Self::Unfinished,
        }
    }
}

impl From<NoPath> for Ended {
    fn from(reason: NoPath) -> Self {
        match reason {
            NoPath::Refused(why) => Self::Refused(why),
            NoPath::Unknown(why) => Self::Unknown(why),
        }
    }
}

/// The callbacks, with what they look at.
struct Protocol<'a> {
    rules: &'a Rules,
    root_path: &'a str,
    has_websockets: bool,
}

impl Protocol<'_> {
    /// One message; `None` behind it if its body is not all there.
    fn message(&self, parser: &mut Parser<'_>) -> Result<(Arrived, Option<Behind>), Ended> {
        let mut head = parser.head()?;
        let (call, path, query) = self.on_headers_complete(&head)?;
        let behind = match parser.body(&mut head) {
            Ok(behind) => Some(behind),
            Err(Stop::Unfinished) => None,
            Err(stop) => return Err(stop.into()),
        };
        let lower = |line: Line| Line { name: line.name.to_ascii_lowercase(), ..line };
        let request = Request {
            method: head.method.as_bytes().to_vec(),
            target: head.target,
            version: format!("{}.{}", head.version.0, head.version.1),
            lines: head.lines.into_iter().map(lower).collect(),
        };
        Ok((Arrived { request, path, query, call }, behind))
    }

    /// `on_url` and `on_headers_complete`: who is to be called, and with which path and query.
    fn on_headers_complete(&self, head: &llhttp::Head) -> Result<(Call, Vec<u8>, Vec<u8>), Ended> {
        let lines: Vec<Line> =
            head.lines.iter().map(|line| Line { name: line.name.to_ascii_lowercase(), ..line.clone() }).collect();
        let call = if !head.upgrade {
            Call::App
        } else if self.has_websockets && asks_for_websocket(&lines, self.rules) {
            Call::WebSocket
        } else if self.rules.serves_other_upgrades() {
            Call::App
        } else {
            Call::Nobody
        };
        let whole = || {
            let (path, query) = path_and_query(&head.target);
            (call, path.to_vec(), query.to_vec())
        };
        if call != Call::App && self.rules.parses_target_late() {
            return Ok(whole());
        }
        let (path, query) = url::split(&head.target, self.rules.httptools)?;
        if call != Call::App {
            return Ok(whole());
        }
        if !self.root_path.is_ascii() && self.rules.root_path_in_path() {
            return Err(Ended::Refused("--root-path is not ASCII: uvicorn fails while the head is read"));
        }
        Ok((call, path.to_vec(), query.to_vec()))
    }
}
