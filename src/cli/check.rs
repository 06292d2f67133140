//! `hopscope check`: what is wrong with the configuration of a proxy, and with the pair of it and the app's server.

// The doc comments of flags are the help text, where marks for code would be shown as they are.
#![allow(clippy::doc_markdown)]

use std::io::{self, ErrorKind, IsTerminal as _, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;

use super::args::ServerArgs;
use super::from_args::KindArgs;
use super::headless::fails_at;
use super::{Exit, Failure, rules};
use crate::dry_run::{self, Addresses, STAND_IN};
use crate::gateway::Gateway;
use crate::lanes::TapKind;
use crate::remedy;
use crate::report::{CheckFormat, Checked, Style, check, wants_color};
use crate::settings::{Color, FailOn, Listener, Machine, setup};

const EXAMPLES: &str = "\
EXAMPLES
  What is wrong with it, and what of it is not understood?
    hopscope check /etc/nginx/nginx.conf

  Do the proxy and the app's server go together?
    hopscope check traefik.yml dynamic.yml --server uvicorn@0.34 --root-path /api/v1

  In a pipeline: results for code scanning, and failure from a warning on
    hopscope check Caddyfile --format sarif --fail-on warn > hopscope.sarif

With a word about the app's server, each router gets the requests that show prefix faults: the page at its prefix,
/docs and /openapi.json, routes that are named with --route-of-app, with a slash too many or too few, a websocket. They
are thought through as `hopscope explain` does, and each finding names the line that caused it.
`hopscope rules` lists what there is to find, `hopscope rules NG01` explains one.
A configuration that the proxy itself would refuse ends with code 2, and names the line.";

/// Look for faults in a proxy's configuration, and in the pair of it and the app's server
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct CheckArgs {
    /// The configuration of nginx, Traefik, Caddy, HAProxy or Apache: its files, or the folder they are in
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    kind: KindArgs,
    /// The client's address, as the proxy sees it
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    client: IpAddr,
    /// The proxy's address, as the app's server sees it
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    peer: IpAddr,
    #[command(flatten)]
    server: ServerArgs,
    /// How to print it
    #[arg(short = 'm', long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    format: FormatName,
    /// Exit with 1 if there is such a finding: error, warn (or worse), or a code of `hopscope rules`, e.g. NG01
    #[arg(long, value_name = "WHAT", value_parser = rules::fail_on, help_heading = "Output")]
    fail_on: Option<FailOn>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatName {
    /// Lines that begin with file and line
    Text,
    /// A JSON object
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Nothing; the exit code tells
    Silent,
}

/// Prints what is found to stdout.
pub(super) fn run(args: &CheckArgs) -> Result<Exit, Failure> {
    let color = wants_color(Color::Auto, io::stdout().is_terminal(), |name| std::env::var(name).ok());
    checked(args, color, &mut io::stdout().lock())
}

/// Prints what is found, in colours or not.
pub(super) fn checked(args: &CheckArgs, color: bool, out: &mut impl Write) -> Result<Exit, Failure> {
    let machine = Machine::new();
    let gateway = args.kind.read(&args.files, &machine)?;
    let pair = if args.server.any() { Some(paired(args, &gateway, &machine)?) } else { None };
    let checked = Checked { gateway: &gateway, pair: pair.as_ref() };
    let style = Style { redact: true, ascii: false, zone: TimeZone::UTC, color, predicted: true, evidence: false };
    let format = match args.format {
        FormatName::Text => CheckFormat::Text,
        FormatName::Json => CheckFormat::Json,
        FormatName::Sarif => CheckFormat::Sarif,
        FormatName::Silent => CheckFormat::Silent,
    };
    match check(&checked, format, &style, &machine, out) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(Failure::unreadable(error)),
        Ok(()) | Err(_) => {}
    }
    let fails = |fail_on| checked.said().iter().any(|said| fails_at(said.severity, said.code, fail_on));
    Ok(if args.fail_on.as_ref().is_some_and(fails) { Exit::Findings } else { Exit::Fine })
}

/// What the proxy and the server that the flags describe make of each other.
fn paired(args: &CheckArgs, gateway: &Gateway, machine: &Machine) -> Result<dry_run::Pair, Failure> {
    let at = gateway.listeners.first().map_or(STAND_IN, |listen| SocketAddr::new(STAND_IN.ip(), listen.port));
    let listener = Listener { kind: TapKind::StandIn, address: at, upstream: None, door: None };
    let public = args.server.public_url.clone();
    let setup = setup(&[listener], Some(gateway.clone()), args.server.server()?, args.server.app(), public);
    let setup = setup.map_err(Failure::usage)?;
    let mut pair = dry_run::pair(&setup, Addresses { client: args.client, peer: args.peer }, machine);
    remedy::mend_pair(&mut pair, &setup);
    Ok(pair)
}
