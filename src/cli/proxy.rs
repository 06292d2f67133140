//! `hopscope proxy`: hopscope stands in as the reverse proxy.

// The doc comments of flags are the help text, where marks for code would be shown as they are.
#![allow(clippy::doc_markdown)]

use std::net::SocketAddr;

use clap::Args;

use super::args::{AskArgs, FindArgs, LimitArgs, OutputArgs, RouteArgs, ServerArgs, asking, settings};
use super::configured::{NameArgs, PortArgs};
use super::findings::FindingsArgs;
use super::from_args::FromArgs;
use super::logs::BesideArgs;
use super::{Exit, Failure, live};
use crate::gateway::{Front, Gateway};
use crate::lanes::TapKind;
use crate::settings::{Listener, Machine, Settings, parse_listen, stand_ins};

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
    hopscope proxy --listen :9999 --to http://127.0.0.1:8000 --public-url https://example.org

  As the proxy that a configuration describes, its names and ports mapped to those here
    hopscope proxy --map api:8000=127.0.0.1:8000 --map-listen 80=8080 --from nginx.conf";

/// Stand in for the reverse proxy, and watch
///
/// Requests are routed by path prefix, longest first; the prefix is stripped, kept or added to, and X-Forwarded-For,
/// -Proto, -Host and -Port are sent. What no route takes gets a 404.
///
/// With --from, it does what nginx, Traefik, Caddy, HAProxy or Apache would do by that configuration, and reads it again
/// when it changes. Where it listens for TLS, plain HTTP is taken, as if TLS had ended there. A request whose answer rests
/// on a line that is not understood gets a 501 that names the line.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct ProxyArgs {
    /// Where to listen: ADDRESS:PORT, or a port of the loopback address; may be repeated
    #[arg(long, value_name = "ADDRESS", required_unless_present = "from", value_parser = parse_listen)]
    listen: Vec<SocketAddr>,
    /// Never ask the app for its openapi.json to learn its routes
    #[arg(long)]
    no_ask_app: bool,
    #[command(flatten)]
    routes: RouteArgs,
    #[command(flatten)]
    from: FromArgs,
    #[command(flatten)]
    ports: PortArgs,
    #[command(flatten)]
    names: NameArgs,
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

impl ProxyArgs {
    /// What was meant.
    pub(super) fn settings(&self) -> Result<Settings, Failure> {
        let gateway = self.gateway()?;
        let source = self.from.any().then(|| self.from.source(self.front()));
        let listeners = match &source {
            Some(_) => stand_ins(&gateway, &self.listen, self.ports.mapped()).map_err(Failure::usage)?,
            None => self.listen.iter().map(|address| plain(*address)).collect(),
        };
        let settings = settings(listeners, Some(gateway), &self.server, &self.find, &self.limits, &self.output)?;
        let (names, findings) = (self.names.names(), self.findings.findings()?);
        let settings = Settings { ask_app: !self.no_ask_app, names, source, findings, ..settings };
        asking(self.logs.add_to(settings)?, self.ask.key())
    }

    fn front(&self) -> Option<Front> {
        self.routes.front(self.server.public_url.as_ref())
    }

    /// The proxy, by flags or by its own configuration.
    fn gateway(&self) -> Result<Gateway, Failure> {
        if self.from.any() && self.routes.any() {
            return Err(Failure::usage("--from FILE describes the proxy whole: leave --to, --prefix and --route away"));
        }
        match self.from.gateway(self.front(), &Machine::new())? {
            Some(gateway) => Ok(gateway),
            None => self.routes.gateway(self.server.public_url.as_ref(), None),
        }
    }
}

/// A listener of the stand-in that flags describe.
fn plain(address: SocketAddr) -> Listener {
    Listener { kind: TapKind::StandIn, address, upstream: None, door: None }
}

/// Runs the stand-in until told to stop.
pub(super) fn run(args: ProxyArgs) -> Result<Exit, Failure> {
    live::run(args.settings()?, args.output.filter)
}
