//! `hopscope probe`: gives the probe, or asks one.

use std::io::{self, Write as _};

use clap::Args;

use super::args::{AskArgs, ServerArgs};
use super::{Exit, Failure};
use crate::asgi::probed::{Probed, Routed};
use crate::asgi::server::Ends;
use crate::asgi::{Outcome, framework::RouteMatch};
use crate::lanes::visible::visible;
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
        None => say(asset::PROBE).map(|()| Exit::Fine),
    }
}

fn check(args: &ProbeArgs, url: &AskedUrl) -> Result<Exit, Failure> {
    let Some(key) = args.ask.key() else {
        return Err(Failure::usage(
            "there is no key: set HOPSCOPE_PROBE_KEY to what the app's server was given, or say --probe-key",
        ));
    };
    let answer = asked::ask(url, &key).map_err(Failure::unreachable)?;
    let status = answer.status;
    let Some(probe) = answer.probe else {
        let why = "is it around the app, is HOPSCOPE_PROBE=1, is the key the same, and is the server on this machine?";
        say(&format!("{url} answered {status}, and no probe: {why}\n"))?;
        return Ok(Exit::Findings);
    };
    let probed = match Probed::parse(&probe) {
        Ok(probed) => probed,
        Err(error) => {
            say(&format!("{url} answered {status}, but {error}\n"))?;
            return Ok(Exit::Findings);
        }
    };
    let server = args.server.server()?;
    let outcome = server.receive(&answer.request, &Ends::tcp(answer.from, answer.to));
    say(&told(&probed, status))?;
    let (text, exit) = compared(&probed, &outcome, &format!("{} {}", server.program(), server.version));
    say(&text)?;
    Ok(exit)
}

/// What the probe says.
fn told(probed: &Probed, status: u16) -> String {
    let server = probed.server.map_or_else(|| "a server it does not know".to_owned(), |(p, v)| format!("{p} {v}"));
    let frameworks: Vec<String> = probed.frameworks.iter().map(|(name, version)| format!("{name} {version}")).collect();
    let mut lines = vec![format!("the probe answers (status {status}): {}", [vec![server], frameworks].concat().join(", "))];
    if let Some(scope) = probed.scope(None) {
        let left = probed.left(None).map(|left| left.root_path).filter(|left| *left != scope.root_path);
        lines.push(format!("  path       {}", scope.path));
        lines.push(format!("  root_path  \"{}\"", scope.root_path));
        lines.extend(left.map(|left| format!("             \"{left}\" set by the app itself")));
        lines.push(format!("  scheme     {}", scope.scheme()));
    }
    let route = match probed.routed.route(RouteMatch::Unknown) {
        RouteMatch::Route(template) | RouteMatch::OtherMethod(template) | RouteMatch::Mount(template) => template,
        RouteMatch::None | RouteMatch::Slash(_) => "none".to_owned(),
        RouteMatch::Unknown => "not said by this framework".to_owned(),
    };
    let endpoint = match &probed.routed {
        Routed::To(route) => route.endpoint.as_deref().map(|endpoint| format!("  ({endpoint})")).unwrap_or_default(),
        Routed::Nowhere | Routed::Unsaid => String::new(),
    };
    lines.push(format!("  route      {route}{endpoint}"));
    lines.extend(probed.error.as_ref().map(|error| format!("  trouble    {error}")));
    lines.iter().map(|line| format!("{}\n", visible(line.as_bytes()))).collect()
}

/// Whether the model agrees.
fn compared(probed: &Probed, outcome: &Outcome, server: &str) -> (String, Exit) {
    let Outcome::Scope(scope) = outcome else {
        return (format!("the model of {server} would not have called the app with this request\n"), Exit::Findings);
    };
    let differences = probed.differences(scope);
    if differences.is_empty() {
        return (format!("the model of {server} agrees\n"), Exit::Fine);
    }
    let mut text = format!("the model of {server} differs: a wrong --server or option, or a fault of the model\n");
    for found in differences {
        let line = format!("  {}  {} in the app, {} in the model", found.key, found.probe, found.model);
        text += &format!("{}\n", visible(line.as_bytes()));
    }
    (text, Exit::Findings)
}

/// Writes to stdout; a closed pipe is a quiet end.
fn say(text: &str) -> Result<(), Failure> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(Failure::unreadable(e)),
        _ => Ok(()),
    }
}
