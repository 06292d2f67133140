//! `hopscope explain`: the lanes and the verdict without any traffic.

use std::io::{self, IsTerminal as _, Read as _, Write};
use std::net::IpAddr;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;

use super::args::{RouteArgs, ServerArgs};
use super::from_args::FromArgs;
use super::headless::fails;
use super::{Exit, Failure};
use crate::dry_run::{self, Asked, Entrance, SERVER, Start, TAP, request};
use crate::gateway::{Gateway, Upstream};
use crate::lanes::{Setup, TapKind};
use crate::redirect::PublicUrl;
use crate::remedy;
use crate::report::{Report, Shown, Style, wants_color};
use crate::settings::{Color, Evidence, FailOn, Format, Listener, Machine, setup};
use crate::store::Entry;

const EXAMPLES: &str = "\
EXAMPLES
  What does the app see if the proxy keeps the prefix?
    hopscope explain http://localhost:9999/api/v1/docs --prefix /api/v1 --keep

  And if it strips the prefix, with the server told?
    hopscope explain http://localhost:9999/api/v1/docs --prefix /api/v1 --strip \\
      --root-path /api/v1

  Is a proxy in a container trusted?
    hopscope explain http://localhost/items \\
      --header 'X-Forwarded-Proto: https' --peer 172.18.0.3

  What does a cloud's balancer before it add?
    hopscope explain https://example.org/items --behind aws-alb --root-path /api

  With the app's routes the answer is certain more often
    hopscope explain http://localhost/api/v1/items --prefix /api/v1 --strip \\
      --route-of-app /items/

  What does the proxy do with it, by its own configuration, and which line says so?
    hopscope explain https://example.org/api/v1/docs --from nginx.conf --root-path /api/v1

  A request head from a file or a pipe, as the app's server got it
    printf 'GET /docs HTTP/1.1\\nHost: localhost\\n' | hopscope explain -

Without a flag about the proxy the request is taken as the app's server gets it. With --from its steps come first, each
with the line that says so; where they rest on a line that is not understood, that line is named and nothing is guessed.
The answer is given where the models are certain of it; FastAPI's own /docs, /redoc and /openapi.json count as routes of the app.";

/// Think a request through, without any traffic
///
/// Prints the four lanes and the verdict for one request, as the dashboard would show it.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct ExplainArgs {
    /// The URL a client asks for, or a file with a request head (- for stdin)
    #[arg(value_name = "URL|FILE")]
    target: String,
    /// The method
    #[arg(short = 'X', long, value_name = "METHOD", default_value = "GET", value_parser = request::method)]
    method: String,
    /// A header of the request; may be repeated
    #[arg(short = 'H', long, value_name = "NAME: VALUE", value_parser = request::header)]
    header: Vec<String>,
    /// The address the app's server gets the request from
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    peer: IpAddr,
    /// The client's address, as the proxy of --from sees it
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    client: IpAddr,
    /// Ask for a websocket
    #[arg(long)]
    websocket: bool,
    #[command(flatten)]
    routes: RouteArgs,
    #[command(flatten)]
    from: FromArgs,
    #[command(flatten)]
    server: ServerArgs,
    /// How to print it
    #[arg(short = 'm', long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    format: PrintName,
    /// Exit with 1 if there is such a finding: error, warn (or worse), or a code, e.g. PX01
    #[arg(long, value_name = "WHAT", value_parser = FailOn::parse, help_heading = "Output")]
    fail_on: Option<FailOn>,
    /// Signs in ASCII only
    #[arg(long, help_heading = "Output")]
    ascii: bool,
    /// Show credentials: Authorization, Cookie, tokens in queries
    #[arg(long, help_heading = "Output")]
    no_redact: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PrintName {
    /// The lanes one below the other, and the verdict
    Text,
    /// A JSON object
    Jsonl,
    /// A Markdown section
    Md,
    /// Nothing; the exit code tells
    Silent,
}

/// Prints the lanes and the verdict to stdout.
pub(super) fn run(args: &ExplainArgs) -> Result<Exit, Failure> {
    let color = wants_color(Color::Auto, io::stdout().is_terminal(), |name| std::env::var(name).ok());
    explain(args, color, io::stdout().lock())
}

/// Prints the lanes and the verdict, in colours or not.
pub(super) fn explain(args: &ExplainArgs, color: bool, out: impl Write) -> Result<Exit, Failure> {
    let asked = asked(args)?;
    let machine = Machine::new();
    let gateway = gateway(args, asked.public(), &machine)?;
    let entrance = Entrance::of(gateway.as_ref(), &asked).map_err(Failure::usage)?;
    let mut setup = known(args, gateway, &entrance, asked.public())?;
    let start = Start { asked: &asked, entrance: &entrance, client: args.client, peer: args.peer };
    let mut run = dry_run::run(&start, &mut setup, &machine);
    remedy::mend_run(&mut run, &setup);
    let way = run.way.as_ref();
    let entry = Entry { findings: run.findings.into(), exchange: Arc::new(run.exchange), revision: 0 };

    let style = Style {
        redact: !args.no_redact,
        ascii: args.ascii,
        zone: TimeZone::UTC,
        color,
        predicted: true,
        evidence: true,
    };
    let format = match args.format {
        PrintName::Text => Format::Text,
        PrintName::Jsonl => Format::Jsonl,
        PrintName::Md => Format::Markdown,
        PrintName::Silent => Format::Silent,
    };
    // A reader that went away ends it as well as the end does.
    let _ = Report::new(format, style, out)
        .explain(Shown { entry: &entry, lanes: &run.lanes, setup: &setup, way })
        .map_err(Failure::unreadable)?;
    let failed = |fail_on| entry.findings.iter().any(|finding| fails(finding, fail_on));
    Ok(if args.fail_on.as_ref().is_some_and(failed) { Exit::Findings } else { Exit::Fine })
}

/// The request, from the URL and the flags or from a file.
fn asked(args: &ExplainArgs) -> Result<Asked, Failure> {
    if args.target.contains("://") {
        return request::from_url(&args.target, &args.method, &args.header, args.websocket).map_err(Failure::usage);
    }
    let mut bytes = Vec::new();
    let read = if args.target == "-" {
        io::stdin().lock().read_to_end(&mut bytes).context("cannot read stdin")
    } else {
        let opened = std::fs::File::open(&args.target);
        opened
            .and_then(|mut file| file.read_to_end(&mut bytes))
            .with_context(|| format!("cannot read {:?} (a URL would start with http:// or https://)", args.target))
    };
    read.map_err(Failure::unreadable)?;
    let name = if args.target == "-" { "stdin" } else { &args.target };
    let head = request::from_text(&bytes, &args.header)
        .with_context(|| format!("there is no request head in {name:?}"))
        .map_err(Failure::unreadable)?;
    Ok(Asked { head, origin: None })
}

/// The proxy, by flags or by its configuration.
fn gateway(args: &ExplainArgs, public: Option<&PublicUrl>, machine: &Machine) -> Result<Option<Gateway>, Failure> {
    let public = args.server.public_url.as_ref().or(public);
    let front = args.routes.front(public);
    if !args.routes.any() && (args.from.any() || front.is_none()) {
        return args.from.gateway(front, machine);
    }
    if args.from.any() {
        return Err(Failure::usage("--from FILE describes the proxy whole: leave --to, --prefix and --route away"));
    }
    args.routes.gateway(public, Some(app())).map(Some)
}

/// Where the app's server would be.
fn app() -> Upstream {
    Upstream { host: SERVER.ip().to_string(), port: SERVER.port() }
}

/// What the flags say of the set-up.
fn known(
    args: &ExplainArgs,
    gateway: Option<Gateway>,
    entrance: &Entrance,
    public: Option<&PublicUrl>,
) -> Result<Setup, Failure> {
    let public = args.server.public_url.as_ref().or(public).cloned();
    let listener = match gateway {
        Some(_) => Listener { kind: TapKind::StandIn, address: entrance.local, upstream: None, door: None },
        None => Listener { kind: TapKind::App, address: TAP, upstream: Some(app()), door: None },
    };
    let setup =
        setup(&[listener], gateway, args.server.server()?, args.server.app(), public).map_err(Failure::usage)?;
    let (server, mut provenance) = args.server.server_facts().server_by(Evidence::default());
    provenance.unread.extend(server.note());
    provenance.unread.extend(setup.app.framework.note());
    Ok(Setup { server, provenance, ..setup })
}
