//! Which requests a fix is tried on: URLs as they were typed, or what `hopscope tap --format jsonl` wrote.
//!
//! A line of JSON shows a request without its body, and with credentials hidden. What is hidden cannot be sent again, and is
//! counted.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;

use crate::cli::Failure;
use crate::dry_run::{Asked, request};
use crate::lanes::secrets::HIDDEN;
use crate::report::LeftOut;

/// Requests that are tried at most.
const MOST: usize = 256;
/// Bytes of a line at most.
const MOST_LINE: u64 = 1 << 20;

/// The requests to try.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Each once.
    pub(super) asked: Vec<Asked>,
    known: HashSet<Vec<u8>>,
    left_out: BTreeMap<String, usize>,
}

/// A request as a line of JSON shows it.
#[derive(Debug, Deserialize)]
struct Line {
    tap: String,
    original: Original,
    #[serde(default)]
    forwarded: Vec<Field>,
}

#[derive(Debug, Deserialize)]
struct Original {
    method: String,
    url: String,
    #[serde(default)]
    websocket: bool,
}

#[derive(Debug, Deserialize)]
struct Field {
    name: String,
    value: Option<String>,
    change: String,
    was: Option<String>,
}

impl Field {
    /// The header as the client sent it; `None` if it sent none, or if that was not seen.
    fn of_client(&self, tap: &str) -> Option<String> {
        let value = match self.change.as_str() {
            "same" => self.value.as_ref(),
            "changed" | "dropped" => self.was.as_ref(),
            "unknown" if tap == "edge" => self.value.as_ref(),
            _ => None,
        }?;
        let is_of_url = self.name.eq_ignore_ascii_case("host");
        (!is_of_url && !value.contains(HIDDEN)).then(|| format!("{}: {value}", self.name))
    }
}

impl Taken {
    /// The URLs that were typed, with these headers.
    pub(super) fn typed(&mut self, urls: &[String], headers: &[String]) -> Result<(), Failure> {
        for url in urls {
            let asked = request::from_url(url, "GET", headers, false);
            self.add(asked.map_err(|why| Failure::usage(format!("{url:?}: {why}")))?);
        }
        Ok(())
    }

    /// The requests of a session that was written as lines of JSON; `-` is stdin. `unsafe_too` takes those that may change
    /// something.
    pub(super) fn recorded(&mut self, path: &Path, unsafe_too: bool) -> Result<(), Failure> {
        if path == Path::new("-") {
            return self.lines(io::stdin().lock(), "stdin", unsafe_too);
        }
        let file = File::open(path).with_context(|| format!("--requests {}: cannot read", path.display()));
        self.lines(BufReader::new(file.map_err(Failure::unreadable)?), &path.display().to_string(), unsafe_too)
    }

    fn lines(&mut self, mut input: impl BufRead, name: &str, unsafe_too: bool) -> Result<(), Failure> {
        for number in 1_u64.. {
            let mut line = Vec::new();
            let read = input.by_ref().take(MOST_LINE).read_until(b'\n', &mut line);
            let failed = |what: String| Failure::unreadable(anyhow::anyhow!("{name}:{number}: {what}"));
            if read.map_err(|error| failed(error.to_string()))? == 0 {
                break;
            }
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let read = serde_json::from_slice::<Line>(&line);
            let line = read.map_err(|error| failed(format!("no line of hopscope tap --format jsonl: {error}")))?;
            self.take(&line, unsafe_too);
        }
        Ok(())
    }

    fn take(&mut self, line: &Line, unsafe_too: bool) {
        let Original { method, url, websocket } = &line.original;
        let is_safe = matches!(method.as_str(), "GET" | "HEAD");
        let why = if url.contains(HIDDEN) {
            Some("their URL has hidden values; record with --no-redact to send them".to_owned())
        } else if *websocket {
            Some("websocket handshakes".to_owned())
        } else if !is_safe && !unsafe_too {
            Some(format!("{method} may change something; --unsafe-methods sends it, without its body"))
        } else {
            None
        };
        let headers: Vec<String> = line.forwarded.iter().filter_map(|field| field.of_client(&line.tap)).collect();
        match (why, request::from_url(url, method, &headers, false)) {
            (Some(why), _) => self.leave(why),
            (None, Ok(asked)) => self.add(asked),
            (None, Err(_)) => self.leave("no URL that can be asked for".to_owned()),
        }
    }

    /// Takes a request, unless it is there.
    fn add(&mut self, asked: Asked) {
        let origin = asked.origin.as_ref().map(ToString::to_string).unwrap_or_default();
        if !self.known.insert([origin.as_bytes(), asked.head.as_bytes()].concat()) {
            return;
        }
        if self.asked.len() == MOST {
            self.leave(format!("only the first {MOST} are tried"));
        } else {
            self.asked.push(asked);
        }
    }

    /// Counts a request that is not taken.
    pub(super) fn leave(&mut self, why: String) {
        *self.left_out.entry(why).or_default() += 1;
    }

    /// What was not taken.
    pub(super) fn left_out(&self) -> Vec<LeftOut> {
        self.left_out.iter().map(|(why, count)| LeftOut { count: *count, why: why.clone() }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(tap: &str, method: &str, url: &str, forwarded: &str) -> String {
        format!(
            r#"{{"id":1,"tap":"{tap}","original":{{"method":"{method}","url":"{url}","websocket":false}},"forwarded":[{forwarded}]}}"#
        )
    }

    fn taken(lines: &[String], unsafe_too: bool) -> (Vec<String>, Vec<String>) {
        let mut taken = Taken::default();
        taken.lines(lines.join("\n").as_bytes(), "x", unsafe_too).unwrap();
        let heads = taken.asked.iter().map(|asked| String::from_utf8(asked.head.as_bytes().to_vec()).unwrap());
        (heads.collect(), taken.left_out().iter().map(|left| format!("{} {}", left.count, left.why)).collect())
    }

    #[test]
    fn what_the_client_sent_is_sent_again() {
        let field =
            |name: &str, change: &str| format!(r#"{{"name":"{name}","value":"now","change":"{change}","was":"then"}}"#);
        let all = [
            field("X-A", "same"),
            field("X-B", "changed"),
            field("X-C", "added"),
            field("X-D", "dropped"),
            field("Host", "same"),
        ];
        let lines = [
            line("both", "GET", "http://h:9/a?b", &all.join(",")),
            line("both", "GET", "http://h:9/a?b", &all.join(",")),
        ];
        let (heads, left) = taken(&lines, false);
        assert_eq!(heads, ["GET /a?b HTTP/1.1\r\nHost: h:9\r\nX-A: now\r\nX-B: then\r\nX-D: then\r\n\r\n"]);
        assert_eq!(left, [""; 0]);
    }

    #[test]
    fn what_is_not_sent_is_counted() {
        let lines = [
            line("edge", "POST", "http://h/a", ""),
            line("edge", "POST", "http://h/b", ""),
            line("edge", "GET", "http://h/a?token=***", ""),
            line("edge", "GET", "nowhere", ""),
        ];
        let (heads, left) = taken(&lines, false);
        assert_eq!((heads.len(), left.len()), (0, 3));
        assert!(left.iter().any(|why| why.starts_with("2 POST may change")), "{left:?}");
        assert_eq!(taken(&lines, true).0.len(), 2);
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        let failure = Taken::default().lines("\n{}\n".as_bytes(), "a.jsonl", false).unwrap_err();
        assert!(failure.to_string().starts_with("a.jsonl:2: no line of hopscope"), "{failure}");
    }
}
