//! `hopscope tap`: transparent taps before and behind a proxy.

use std::net::IpAddr;

use clap::Args;

use super::args::{AskArgs, FindArgs, LimitArgs, OutputArgs, ServerArgs, asking, settings};
use super::configured::PortArgs;
use super::findings::FindingsArgs;
use super::from_args::FromArgs;
use super::logs::BesideArgs;
use super::{Exit, Failure, live};
use crate::lanes::TapKind;
use crate::settings::{Listener, Machine, Settings, TapSpec, door_behind};

const EXAMPLES: &str = "\
EXAMPLES
  Both sides of a proxy: clients use port 9998, the proxy sends to port 8001
    hopscope tap --edge :9998=http://127.0.0.1:9999 --app :8001=http://127.0.0.1:8000

  Only behind the proxy; the server was started with a root path
    hopscope tap --app :8001=http://127.0.0.1:8000 --root-path /api/v1

  In a script: what is not found within ten seconds, as JSON; fail if something is broken
    hopscope tap --edge :9998=http://127.0.0.1:9999 --app :8001=http://127.0.0.1:8000 \\
      --format jsonl --filter status=404 --duration 10s --fail-on error

  With the proxy's configuration lane 3 names the rule, and says where another was at work
    hopscope tap --edge :9998=http://127.0.0.1:9999 --app :8001=http://127.0.0.1:8000 \\
      --from nginx.conf

  On one host uvicorn trusts a tap at 127.0.0.1, though it may not trust the proxy: connect from elsewhere
    hopscope tap --app :8001=http://127.0.0.1:8000 --tap-source 127.0.0.2";

/// Watch requests before a proxy, behind it, or on both sides
///
/// A tap passes on what it gets, byte for byte where HTTP allows. With taps on both sides the two halves of a request are
/// brought together, and all four lanes are known. A lone tap adds nothing to a request; two add one id header between
/// them.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
#[group(id = "taps", required = true, multiple = true, args = ["edge", "app"])]
pub(super) struct TapArgs {
    /// A tap before the proxy: where to listen, and the proxy's URL; may be repeated
    ///
    /// LISTEN is ADDRESS:PORT, or :PORT for 127.0.0.1.
    #[arg(long, value_name = "LISTEN=URL", value_parser = TapSpec::parse)]
    edge: Vec<TapSpec>,
    /// A tap behind the proxy: where to listen, and the app server's URL; may be repeated
    #[arg(long, value_name = "LISTEN=URL", value_parser = TapSpec::parse)]
    app: Vec<TapSpec>,
    /// Connect to the app from this address, so that the server's trust list sees another than 127.0.0.1
    #[arg(long, value_name = "ADDRESS", requires = "app")]
    tap_source: Option<IpAddr>,
    /// Never ask the app for its openapi.json to learn its routes
    #[arg(long)]
    no_ask_app: bool,
    #[command(flatten)]
    from: FromArgs,
    #[command(flatten)]
    ports: PortArgs,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    find: FindArgs,
    #[command(flatten)]
    ask: AskArgs,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    findings: FindingsArgs,
    #[command(flatten)]
    logs: BesideArgs,
}

impl TapArgs {
    /// What was meant.
    pub(super) fn settings(&self) -> Result<Settings, Failure> {
        let gateway = self.from.gateway(None, &Machine::new())?;
        let door = |tap: &TapSpec| door_behind(gateway.as_ref()?, tap.upstream.port, self.ports.mapped());
        let edge = self.edge.iter().map(|tap| Listener { door: door(tap), ..tap.clone().listener(TapKind::Edge) });
        let app = self.app.iter().map(|tap| tap.clone().listener(TapKind::App));
        let listeners = edge.chain(app).collect();
        let settings = settings(listeners, gateway, &self.server, &self.find, &self.limits, &self.output)?;
        // The proxy that it describes is another program.
        let settings = Settings { gateway: None, source: self.from.any().then(|| self.from.source(None)), ..settings };
        let (findings, tap_source, ask_app) = (self.findings.findings()?, self.tap_source, !self.no_ask_app);
        asking(self.logs.add_to(Settings { findings, tap_source, ask_app, ..settings })?, self.ask.key())
    }
}

/// Runs the taps until told to stop.
pub(super) fn run(args: TapArgs) -> Result<Exit, Failure> {
    live::run(args.settings()?, args.output.filter)
}
