//! `hopscope predict`: questions in, answers out, one JSON object a line each, for scripts and continuous integration.

mod answer;
mod app;
mod batches;
mod proxied;
mod question;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::Context as _;
use clap::Args;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Exit, Failure};
use answer::Answer;
use app::Apps;
use batches::{Answered, Batch, Broken};
use proxied::Proxies;
use question::Question;

/// More threads than this only wait for the one that writes.
const THREADS: usize = 8;

const EXAMPLES: &str = r#"A QUESTION is an object on one line:
  id              anything; comes back with the answer
  server          uvicorn, hypercorn, daphne, granian or gunicorn
  version         its release, e.g. "0.54.0"; the newest known if not given
  http_impl       uvicorn: h11 or httptools; gunicorn: asgi or uvicorn-worker
  ws_impl         uvicorn: websockets, websockets-sansio, wsproto or none
  lib             releases of what it stands on, e.g. {"h11": "0.16.0"}, and of starlette
                  and fastapi above it
  options         its own options, dashes as underscores, e.g. {"root_path": "/api/v1"};
                  `hopscope servers NAME` lists them; env_forwarded_allow_ips is the variable
  peer, local     the two ends, [address, port]; of a unix socket ["unix", null], [path, null]
  request_base64  the bytes that arrive on the connection, or
  request_text    the same, one character for each byte
  app             the app behind it, if its answer is asked for: root_path, redirect_slashes,
                  trusted_hosts, routes, mounts and more
  kind            fw: its answer is asked for, of an example app where app names no routes

AN ANSWER is an object on one line, in the order of the questions:
  id              as it was
  outcome         scope: the app is called; response: the server answers by itself;
                  closed: it hangs up; unknown: the model does not know
  scope           for scope: as in Python, bytes as Latin-1 text, extensions as names
  status          for response; with location, servers, openapi_url or seen (what the handler
                  sees) where the app was asked
  why             a sentence, for everything but scope

A QUESTION ABOUT A PROXY names its configuration:
  proxy           nginx, traefik, caddy, haproxy or apache
  version         its release; the newest known if not given
  config_file     its configuration below the folder of --configs; for Traefik a folder, too
  listen          where the request arrives: {"port": 80, "tls": false, "sni": "example.org"}
  client_addr     the client's address
  request_text    the bytes that arrive, one character for each byte
  hosts           the addresses of names in the configuration, e.g. {"app": "127.0.0.1"}
  static          the files in every folder that the configuration names
  hostname        the machine's name
  upstream_response  what the upstream answers, if the client's answer is asked for

ITS ANSWER:
  id              as it was
  routed_to       the upstream's address; null if the proxy answers by itself
  upstream_request   the head that it gets, one character for each byte
  status          what the client gets, with location and set_cookie: where the proxy answers
                  by itself, or upstream_response is given; null if it hangs up
  unknown         file:line and why, where something matters that is not understood; the rest
                  of the answer is then not to be relied on

All are described in full in assets/schema/predict.schema.json. A line that is no question is answered unknown, with its number.

EXAMPLES
  What does the app see?
    echo '{"server": "granian", "options": {"url_path_prefix": "/api"},
      "peer": ["127.0.0.1", 50000], "local": ["127.0.0.1", 8000],
      "request_text": "GET /api/items HTTP/1.1\r\nHost: h\r\n\r\n"}' | tr -d '\n' | hopscope predict

  What does nginx make of it?
    echo '{"proxy": "nginx", "config_file": "nginx.conf", "listen": {"port": 80},
      "client_addr": "203.0.113.9", "request_text": "GET /api/a%2Fb HTTP/1.1\r\nHost: h\r\n\r\n"}' \
      | tr -d '\n' | hopscope predict --configs /etc/nginx

  A file of them, in continuous integration
    hopscope predict questions.jsonl --fail-on-unknown"#;

/// Answer questions about requests in bulk: a JSON object a line in, one a line out
///
/// Each question is a server as it was started, or a proxy with its configuration, and the bytes of a request; the answer is
/// what the server hands to the app, or what the proxy sends on.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct PredictArgs {
    /// A file with a question on each line; - for stdin
    #[arg(value_name = "FILE", default_value = "-", hide_default_value = true)]
    file: PathBuf,
    /// The folder below which the configurations of proxies lie that questions name
    #[arg(long, value_name = "FOLDER", default_value = ".", hide_default_value = true)]
    configs: PathBuf,
    /// Exit with 1 if an answer is unknown
    #[arg(long)]
    fail_on_unknown: bool,
}

/// Answers every line of a file or of stdin.
pub(super) fn run(args: &PredictArgs) -> Result<Exit, Failure> {
    let input = open(&args.file).map_err(Failure::unreadable)?;
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get().min(THREADS));
    let folder = args.configs.clone();
    let known = move || Known::new(&folder);
    match batches::answer_all(input, io::stdout().lock(), threads, known, answer) {
        Ok(unknown) if args.fail_on_unknown && unknown > 0 => Ok(Exit::Findings),
        Ok(_) => Ok(Exit::Fine),
        // Nobody reads any more: a quiet end.
        Err(Broken::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(Exit::Fine),
        Err(Broken::Output(error)) => Err(Failure::unreadable(anyhow::Error::new(error).context("cannot write"))),
        Err(Broken::Input(error)) => {
            Err(Failure::unreadable(anyhow::Error::new(error).context(format!("cannot read {}", args.file.display()))))
        }
    }
}

fn open(path: &Path) -> anyhow::Result<Box<dyn Read + Send>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Box::new(file))
}

/// What a thread keeps from one question to the next.
#[derive(Debug)]
struct Known {
    apps: Apps,
    proxies: Proxies,
}

impl Known {
    fn new(configs: &Path) -> Self {
        Self { apps: Apps::default(), proxies: Proxies::below(configs) }
    }
}

/// The answers to the lines of a batch.
fn answer(known: &mut Known, batch: &Batch) -> Answered {
    let mut answered = Answered::default();
    for (number, line) in batch.lines() {
        let is_unknown = if let Some(line) = line {
            answer_to(line, number, known, &mut answered.text)
        } else {
            let answer = Answer::unknown(Value::Null, format!("line {number} is too long to be a question"));
            write_answer(&mut answered.text, &answer, true)
        };
        answered.unknown += u64::from(is_unknown);
    }
    answered
}

/// Writes the answer; true if it is that it is not known.
fn answer_to(line: &[u8], number: u64, known: &mut Known, out: &mut Vec<u8>) -> bool {
    match Asked::read(line) {
        Ok(Asked::Proxy(question)) => {
            let answer = known.proxies.answer(&question, number);
            write_answer(out, &answer, answer.is_unknown())
        }
        Ok(Asked::Server(question)) => {
            let id = question.id.clone();
            let answer = question.answer(&mut known.apps);
            let answer = answer.unwrap_or_else(|why| Answer::unknown(id, format!("line {number}: {why}")));
            write_answer(out, &answer, answer.is_unknown())
        }
        Err(error) => {
            let id = serde_json::from_slice::<Value>(line).ok().and_then(|value| value.get("id").cloned());
            // The line that the parser counts is always the first of one.
            let why = error.to_string().replace(" at line 1 column ", " at column ");
            let answer = Answer::unknown(id.unwrap_or_default(), format!("line {number} is no question: {why}"));
            write_answer(out, &answer, true)
        }
    }
}

/// Writes a line; gives `is_unknown` back. Writing to memory cannot fail, and every key is text.
fn write_answer(out: &mut Vec<u8>, answer: &impl Serialize, is_unknown: bool) -> bool {
    let _ = serde_json::to_writer(&mut *out, answer);
    let _ = out.write_all(b"\n");
    is_unknown
}

/// A question about a server, or about a proxy in front of one.
#[derive(Debug)]
enum Asked {
    Proxy(Box<proxied::Question>),
    Server(Box<Question>),
}

impl Asked {
    /// Which of them it is tells the key `proxy`.
    fn read(line: &[u8]) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Kind {
            proxy: Option<IgnoredAny>,
        }
        let is_about_a_proxy = serde_json::from_slice::<Kind>(line).is_ok_and(|kind| kind.proxy.is_some());
        if is_about_a_proxy {
            return serde_json::from_slice(line).map(|question| Self::Proxy(Box::new(question)));
        }
        serde_json::from_slice(line).map(|question| Self::Server(Box::new(question)))
    }
}
