//! `hopscope proxy`: hopscope stands in as the reverse proxy.

use std::net::SocketAddr;

use clap::Args;

use super::args::{AskArgs, FindArgs, LimitArgs, OutputArgs, RouteArgs, ServerArgs, asking, settings};
use super::{Exit, Failure, live};
use crate::lanes::TapKind;
use crate::settings::{Listener, Settings, parse_listen};

const EXAMPLES: &str = "\
EXAMPLES
  Take /api/v1 off, as the server was told
    hopscope proxy --listen :9999 --to http://127.0.0.1:8000 --prefix /api/v1 --strip \\
      --root-path /api/v1

  Keep the prefix and tell the app in a header
    hopscope proxy --listen :9999 --to http://127.0.0.1:8000 --prefix /api/v1 --keep --forward-prefix

  Two apps under one roof
    hopscope proxy --listen :9999 --route /a=http://127.0.0.1:8000,strip \\
      --route /b=http://127.0.0.1:8001

  As if TLS ended here
    hopscope proxy --listen :9999 --to http://127.0.0.1:8000 --public-url https://example.org";

/// Stand in for the reverse proxy, and watch
///
/// Requests are routed by path prefix, longest first; the prefix is stripped, kept or added to, and X-Forwarded-For,
/// -Proto, -Host and -Port are sent. What no route takes gets a 404.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct ProxyArgs {
    /// Where to listen: ADDRESS:PORT, or a port of the loopback address; may be repeated
    #[arg(long, value_name = "ADDRESS", required = true, value_parser = parse_listen)]
    listen: Vec<SocketAddr>,
    /// Never ask the app for its openapi.json to learn its routes
    #[arg(long)]
    no_ask_app: bool,
    #[command(flatten)]
    routes: RouteArgs,
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
}

impl ProxyArgs {
    /// What was meant.
    pub(super) fn settings(&self) -> Result<Settings, Failure> {
        let gateway = self.routes.gateway(self.server.public_url.as_ref(), None)?;
        let listener = |address: &SocketAddr| Listener { kind: TapKind::StandIn, address: *address, upstream: None };
        let listeners = self.listen.iter().map(listener).collect();
        let settings = settings(listeners, Some(gateway), &self.server, &self.find, &self.limits, &self.output)?;
        asking(Settings { ask_app: !self.no_ask_app, ..settings }, self.ask.key())
    }
}

/// Runs the stand-in until told to stop.
pub(super) fn run(args: ProxyArgs) -> Result<Exit, Failure> {
    live::run(args.settings()?, args.output.filter)
}
