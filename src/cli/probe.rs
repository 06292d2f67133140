//! `hopscope probe`: gives the probe, or asks one.

// The doc comments of flags are the help text, where marks for code would be shown as they are.
#![allow(clippy::doc_markdown)]

use std::io::{self, Write as _};

use clap::Args;

use super::args::{AskArgs, ServerArgs};
use super::{Exit, Failure};
use crate::asgi::framework::RouteMatch;
use crate::asgi::probed::Difference;
use crate::lanes::visible::visible;
use crate::lanes::{self, ScopeLane, Setup, Source};
use crate::probe::asked::{self, AskedUrl};
use crate::probe::asset;

const EXAMPLES: &str = "\
EXAMPLES
  Put the probe beside your app, and around it: app = hopscope_probe.wrap(app)
    hopscope probe --print > hopscope_probe.py

  Switch it on for the server and for hopscope, which both need the same key
    export HOPSCOPE_PROBE=1 HOPSCOPE_PROBE_KEY=$(openssl rand -hex 16)
    uvicorn main:app

  Does it answer, what does it say, and does the model agree?
    hopscope probe --check http://127.0.0.1:8000/docs --server uvicorn@0.54

  Then every tap asks it
    hopscope tap --app :8001=http://127.0.0.1:8000";

/// Give the probe that tells the real scope, or ask one
///
/// The probe is one Python file without dependencies, a wrapper around an ASGI app. It tells the scope as the server handed
/// it over, what the framework left in it, and the route that took the request, in one response header that the app tap
/// reads and takes away. It is off unless HOPSCOPE_PROBE=1 and HOPSCOPE_PROBE_KEY are in the server's environment, and
/// answers only requests from this machine that carry the key. Credentials are never in it. hopscope run needs none of this:
/// it brings the probe along.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
#[group(id = "what", required = true, multiple = false, args = ["print", "check"])]
pub(super) struct ProbeArgs {
    /// Write the file to stdout
    #[arg(long)]
    print: bool,
    /// Send a GET for this URL straight to the app's server, and say what the probe answers
    #[arg(long, value_name = "URL", value_parser = AskedUrl::parse)]
    check: Option<AskedUrl>,
    #[command(flatten)]
    ask: AskArgs,
    #[command(flatten)]
    server: ServerArgs,
}

/// Gives the file, or asks.
pub(super) fn run(args: &ProbeArgs) -> Result<Exit, Failure> {
    match &args.check {
        Some(url) => check(args, url),
        None => print(asset::PROBE).map(|()| Exit::Fine),
    }
}

fn check(args: &ProbeArgs, url: &AskedUrl) -> Result<Exit, Failure> {
    let Some(key) = args.ask.key() else {
        return Err(Failure::usage(
            "there is no key: set HOPSCOPE_PROBE_KEY to what the app's server was given, or say --probe-key",
        ));
    };
    let asked = asked::ask(url, &key).map_err(Failure::unreachable)?;
    let status = asked.status();
    if asked.half.probe.is_none() {
        let why = "is it around the app, is HOPSCOPE_PROBE=1, is the key the same, and is the server on this machine?";
        say(&[format!("{url} answered {status}, and no probe: {why}")])?;
        return Ok(Exit::Findings);
    }
    let setup = Setup { app: args.server.app(), probe: true, ..Setup::new(args.server.server()?) };
    let lane = lanes::compute(&asked.exchange(), &setup).scope;
    say(&told(&lane, status))?;
    let agrees = lane.source == Source::Probe && lane.model_differs.is_empty();
    Ok(if agrees { Exit::Fine } else { Exit::Findings })
}

/// What the probe says, and whether the model agrees.
fn told(lane: &ScopeLane, status: u16) -> Vec<String> {
    let word = lane.probe.as_deref().cloned().unwrap_or_default();
    let trouble = word.trouble.map(|trouble| format!("  trouble    {trouble}"));
    let (Source::Probe, Some(view)) = (lane.source, &lane.view) else {
        return std::iter::once(format!("the probe's answer cannot be used (status {status})"))
            .chain(trouble)
            .collect();
    };
    let by: Vec<String> = std::iter::once(lane.server.clone()).chain(word.frameworks).collect();
    let mut lines = vec![format!("the probe answers (status {status}): {}", by.join(", "))];
    let route = match &view.route {
        RouteMatch::Route(template) | RouteMatch::OtherMethod(template) | RouteMatch::Mount(template) => {
            template.clone()
        }
        RouteMatch::None | RouteMatch::Slash(_) => "none".to_owned(),
        RouteMatch::Unknown => "not said by this framework".to_owned(),
    };
    let by_app = if view.root_path_replaced { ", set by the app itself" } else { "" };
    lines.push(format!("  path       {}", view.scope.path));
    lines.push(format!("  root_path  \"{}\"{by_app}", view.scope.root_path));
    lines.push(format!("  scheme     {}", view.scope.scheme()));
    lines.push(format!("  route      {route}{}", word.endpoint.map(|by| format!("  ({by})")).unwrap_or_default()));
    lines.extend(trouble);
    if lane.model_differs.is_empty() {
        lines.push("the model agrees".to_owned());
    } else {
        lines.push("the model differs".to_owned());
    }
    let differs =
        |found: &Difference| format!("  {}: the app has {}, the model {}", found.key, found.probe, found.model);
    lines.extend(lane.model_differs.iter().map(differs));
    lines.extend(word.explanation);
    lines
}

/// Writes lines to stdout; a closed pipe is a quiet end.
fn say(lines: &[String]) -> Result<(), Failure> {
    lines.iter().try_for_each(|line| print(&(visible(line.as_bytes()) + "\n")))
}

fn print(text: &str) -> Result<(), Failure> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(Failure::unreadable(e)),
        _ => Ok(()),
    }
}
