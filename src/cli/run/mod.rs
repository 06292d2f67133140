//! `hopscope run`: the user's own command, with the probe around its app and the app tap before it.

pub(super) mod child;
mod console;
mod kit;
mod listening;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::sync::mpsc;

use super::args::{FindArgs, LimitArgs, OutputArgs, ServerArgs, asking, settings};
use super::findings::FindingsArgs;
use super::live::{self, Beside};
use super::logs::BesideArgs;
use super::signals::Signals;
use super::{Exit, Failure};
use crate::exchange::probe::ProbeKey;
use crate::gateway::Upstream;
use crate::lanes::visible::visible;
use crate::lanes::{self, TapKind};
use crate::settings::{Format, Listener, Settings, parse_listen};
use child::{Child, Ended};
use console::Console;
use kit::Kit;

const EXAMPLES: &str = "\
EXAMPLES
  Your command as it is; then open the address that hopscope names
    hopscope run -- uvicorn main:app --reload

  The proxy sends to port 8001, and the app stays where it is
    hopscope run --listen :8001 -- uvicorn main:app --port 8000 --root-path /api/v1

  A program that starts its server itself
    hopscope run -- python main.py

  In a script: what is wrong with the requests of a test run, as JSON
    hopscope run --listen :8001 --format jsonl --fail-on error -- gunicorn -k asgi main:app";

/// Ports tried for the tap, upwards from the one behind the command's own.
const PORTS: u16 = 20;
/// How long the probe may take to find the app once the command listens: a server with workers listens before it loads.
const FIND_APP: Duration = Duration::from_secs(3);

/// Start your server with the probe around its app, and watch
///
/// The command keeps its port; hopscope listens on another one before it, and names it. Nothing in your code changes: Python
/// is told by PYTHONPATH to load the probe, in uvicorn, hypercorn, daphne, granian and gunicorn, behind fastapi run and
/// your own scripts too. Where that cannot be, the command runs all the same, without the probe. When one of the two ends,
/// so does the other.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct RunArgs {
    /// Where to listen; the port behind the command's own if not given
    #[arg(long, value_name = "ADDRESS", value_parser = parse_listen)]
    listen: Option<SocketAddr>,
    /// Where the command listens, if that is not to be found out
    #[arg(long, value_name = "URL", value_parser = Upstream::parse)]
    to: Option<Upstream>,
    /// Connect to the app from this address, so that the server's trust list sees another than 127.0.0.1
    #[arg(long, value_name = "ADDRESS")]
    tap_source: Option<IpAddr>,
    /// Never ask the app for its openapi.json to learn its routes
    #[arg(long)]
    no_ask_app: bool,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    find: FindArgs,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    findings: FindingsArgs,
    #[command(flatten)]
    logs: BesideArgs,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Runs the command and the tap before it until one of them ends.
pub(super) fn run(args: &RunArgs) -> Result<Exit, Failure> {
    let mut signals = Signals::install()?;
    // Before the command is started for nothing.
    args.listen.map(free).transpose()?;
    let key = ProbeKey::random();
    let kit = Kit::unpack().map_err(Failure::unreadable)?;
    let console = if args.output.output().format == Format::Tui {
        Some(Arc::new(Console::new(kit.log()).map_err(Failure::unreadable)?))
    } else {
        None
    };
    let (ended_sender, mut ended) = mpsc::channel(1);
    let child = Child::start(&args.command, kit.environment(&key), console.as_ref(), ended_sender)?;
    let outcome = watch(args, key, &kit, &child, console.as_ref(), &mut signals, &mut ended);
    let interrupted = matches!(outcome, Ok(Exit::Interrupted));
    let ended = child.stop(interrupted);
    let kept = console.as_ref().filter(|console| console.wrote_anything()).map(|_| kit.keep_log());
    last_words(&child, &ended, console.as_deref(), kept.as_deref());
    match outcome? {
        // What the user asked for goes before how the command took it.
        Exit::Fine => Ok(ended.exit()),
        exit => Ok(exit),
    }
}

/// Finds where the command listens, and taps it until one of the two ends.
fn watch(
    args: &RunArgs,
    key: ProbeKey,
    kit: &Kit,
    child: &Child,
    console: Option<&Arc<Console>>,
    signals: &mut Signals,
    ended: &mut mpsc::Receiver<()>,
) -> Result<Exit, Failure> {
    say(&format!("started {} (process {})", child.name(), child.id()));
    let upstream = match &args.to {
        Some(upstream) => upstream.clone(),
        None => match signals.during(listening::find(child.id(), &args.command, ended)) {
            Ok(Some(upstream)) => upstream,
            Ok(None) => return Ok(Exit::Fine),
            Err(exit) => return Ok(exit),
        },
    };
    let found = match signals.during(kit.wrapped(FIND_APP)) {
        Ok(found) => found,
        Err(exit) => return Ok(exit),
    };
    let settings = args.settings(key, upstream)?;
    let warning = (!found).then(|| {
        format!(
            "{} has loaded no ASGI app that the probe can stand around: lane 4 is derived from the model until it does",
            child.name()
        )
    });
    let ended = Some(std::mem::replace(ended, mpsc::channel(1).1));
    let console = console.map(|console| console.shown(child.name()));
    let beside = Beside { ended, warning, console, listening: Some(say_where) };
    live::run_beside(settings, args.output.filter.clone(), signals, beside)
}

/// Says where to go, once one can.
fn say_where(taps: &[lanes::Tap]) {
    for tap in taps {
        say(&format!("open http://{} instead of {}", tap.listen, tap.upstream));
    }
}

impl RunArgs {
    fn settings(&self, key: ProbeKey, upstream: Upstream) -> Result<Settings, Failure> {
        let address = match self.listen {
            Some(address) => free(address)?,
            None => free_address(upstream.port)?,
        };
        let listener = Listener { kind: TapKind::App, address, upstream: Some(upstream), door: None };
        let settings = settings(vec![listener], None, &self.server, &self.find, &self.limits, &self.output)?;
        let (findings, tap_source, ask_app) = (self.findings.findings()?, self.tap_source, !self.no_ask_app);
        asking(self.logs.add_to(Settings { findings, tap_source, ask_app, ..settings })?, Some(key))
    }
}

/// The address of `--listen`, if it can be listened on. It may be taken by another program, or by the command itself.
fn free(address: SocketAddr) -> Result<SocketAddr, Failure> {
    let Err(Failure { exit, error }) = live::bound(address) else { return Ok(address) };
    let error = error.context(format!(
        "--listen {address}: the tap needs an address that neither the command nor another program has"
    ));
    Err(Failure { exit, error })
}

/// The first free port behind `port`, on the loopback address.
fn free_address(port: u16) -> Result<SocketAddr, Failure> {
    let mut candidates =
        (port.saturating_add(1)..=port.saturating_add(PORTS)).map(|port| ([127, 0, 0, 1], port).into());
    candidates.find(|address: &SocketAddr| TcpListener::bind(address).is_ok()).ok_or_else(|| {
        Failure::unreachable(anyhow::anyhow!(
            "no port behind {port} is free: name one with --listen, e.g. --listen :9000"
        ))
    })
}

/// Says how the command ended, and where what it wrote is kept.
fn last_words(child: &Child, ended: &Ended, console: Option<&Console>, log: Option<&std::path::Path>) {
    if let (Some(console), true) = (console, ended.by_itself) {
        for line in console.last_lines(LAST_LINES) {
            let _ = writeln!(io::stderr(), "{line}");
        }
    }
    if ended.by_itself {
        say(&format!("{} ended: {ended}", child.name()));
    }
    if let Some(log) = log {
        say(&format!("what {} wrote is in {}", child.name(), visible(log.display().to_string().as_bytes())));
    }
}

/// Lines of the command's output that are shown after its end.
const LAST_LINES: usize = 20;

fn say(text: &str) {
    // Nobody reads: nothing to be done about it.
    let _ = writeln!(io::stderr(), "hopscope: {text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tap_whose_address_is_taken_names_the_flag() {
        let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = taken.local_addr().unwrap();
        let failure = free(address).unwrap_err();
        assert_eq!(failure.exit, Exit::Unreachable);
        assert!(failure.to_string().starts_with(&format!("--listen {address}: ")), "{failure}");
        drop(taken);
        assert_eq!(free(address).unwrap(), address);
    }
}
