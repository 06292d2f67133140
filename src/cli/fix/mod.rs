//! `hopscope fix`: what is wrong with requests, what mends it, whether that holds on the running app, and the change of the
//! proxy's files, written if the user says yes.
//!
//! ```text
//! URLs, a session ─▶ models of proxy, server, app ─▶ findings, checked fixes ─▶ report
//!      --prove:     ─▶ hopscope plays the proxy, the running app answers ─▶ before, after ─▶ proven?
//!      --write:     ─▶ yes? ─▶ the files, each with a backup beside it
//! ```

// The doc comments of flags are the help text, where marks for code would be shown as they are.
#![allow(clippy::doc_markdown)]

mod requests;
mod second;
mod write;

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use super::args::{FindArgs, PrintArgs, RouteArgs, ServerArgs, printed};
use super::configured::NameArgs;
use super::from_args::FromArgs;
use super::headless::fails;
use super::watch::{AppServer, Watch};
use super::{Exit, Failure};
use crate::asgi::server::command::Setting;
use crate::capture::{Losses, Observed};
use crate::diagnosis::{Change, Fix, Standing};
use crate::dry_run::{self, DryRun, Entrance, Start, request};
use crate::exchange::{Body, Exchange, Half, ResponseHead};
use crate::gateway::{Destination, Gateway, Upstream};
use crate::lanes::TapKind;
use crate::lanes::visible::visible;
use crate::probe::{self, prove::send};
use crate::redirect::PublicUrl;
use crate::remedy::proof::{Claim, Proof, Stage, hindrance, prove, record};
use crate::remedy::{Fixed, Wanted, together};
use crate::report::{FixesFormat, ShownFixes, Style, ToMend, TriedFix, fixes};
use crate::settings::{FailOn, Listener, Machine, setup};
use crate::store::{CauseRow, Entry, Limits, Store};
use requests::Taken;
use second::{Recipe, Second};

const EXAMPLES: &str = "\
EXAMPLES
  What is wrong behind this proxy, and what mends it, by the models alone?
    hopscope fix http://localhost:9999/api/v1/docs --from nginx.conf

  Does it hold? hopscope plays the changed proxy, the running app answers
    hopscope fix http://localhost:9999/api/v1/docs http://localhost:9999/api/v1/items \\
      --prove --app http://127.0.0.1:8000 --from nginx.conf

  The fix changes the server: try it on a second one, started as the first and ended again
    hopscope fix http://localhost:9999/api/v1/docs --prove --try-server --from nginx.conf

  With the requests of a session
    hopscope fix --requests session.jsonl --prove --from nginx.conf

  Write the change into the file, the old one kept beside it
    hopscope fix http://localhost:9999/api/v1/docs --prove --write --from nginx.conf

  The proxy by flags
    hopscope fix http://localhost:9999/api/v1/docs --prefix /api/v1 --keep --to http://127.0.0.1:8000";

/// Find fixes, prove them on the running app, write them
///
/// The requests are thought through as hopscope explain does it, and each cause gets the fixes that the models find to
/// mend it. With --prove hopscope plays the proxy itself, as it is and as it would be, and sends the requests straight to
/// the running app: GET and HEAD, others only if told. Nothing is sent to another machine, and no file is changed without
/// --write.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct FixArgs {
    /// URLs as clients ask for them
    #[arg(value_name = "URL", required_unless_present = "requests")]
    url: Vec<String>,
    /// Take the requests of what hopscope tap or proxy wrote with --format jsonl; - for stdin
    #[arg(long, value_name = "FILE")]
    requests: Option<PathBuf>,
    /// A header of the requests by URL; may be repeated
    #[arg(short = 'H', long, value_name = "NAME: VALUE", value_parser = request::header)]
    header: Vec<String>,
    /// Where the app's server listens; where the proxy sends to if not given
    #[arg(long, value_name = "URL", value_parser = Upstream::parse)]
    app: Option<Upstream>,
    /// Send the requests to the running app, before and after
    #[arg(long)]
    prove: bool,
    /// Prove changes of the server too, on a second one: as the app's own was started, or by this command, {port} for its port
    #[arg(long, value_name = "COMMAND", requires = "prove", num_args = 0..=1, default_missing_value = "")]
    try_server: Option<String>,
    /// Send requests that may change something too, without their bodies
    #[arg(long, requires = "requests")]
    unsafe_methods: bool,
    /// Write the fix of each cause into the proxy's files, after a yes on the terminal; a backup is kept beside each
    #[arg(long, requires = "from")]
    write: bool,
    /// Say yes to --write
    #[arg(long, requires = "write")]
    yes: bool,
    #[command(flatten)]
    routes: RouteArgs,
    #[command(flatten)]
    from: FromArgs,
    #[command(flatten)]
    names: NameArgs,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    find: FindArgs,
    /// How to print it
    #[arg(short = 'm', long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    format: FormatName,
    #[command(flatten)]
    print: PrintArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatName {
    /// Each cause with its fixes, and a table of before and after
    Text,
    /// A JSON object
    Json,
}

/// Finds, proves and writes as it is told, and prints it to stdout.
pub(super) fn run(args: &FixArgs) -> Result<Exit, Failure> {
    let mut taken = Taken::default();
    taken.typed(&args.url, &args.header)?;
    args.requests.as_deref().map_or(Ok(()), |path| taken.recorded(path, args.unsafe_methods))?;
    if taken.asked.is_empty() {
        let left: Vec<String> = taken.left_out().iter().map(|left| format!("{}: {}", left.count, left.why)).collect();
        return Err(Failure::unreadable(anyhow::anyhow!("there is no request to try; left out {}", left.join("; "))));
    }
    let mut bench = Bench::set_up(args, &taken)?;
    bench.ask(&mut taken)?;
    let rows: Vec<CauseRow> = bench.store.causes().into_iter().cloned().collect();
    let causes = rows.iter().map(|row| bench.mend(row)).collect::<Result<Vec<_>, _>>()?;
    let shown =
        ShownFixes { requests: bench.store.entries().len(), left_out: taken.left_out(), seen: args.prove, causes };
    let style = Style { predicted: !args.prove, evidence: true, ..args.print.style() };
    let format = match args.format {
        FormatName::Text => FixesFormat::Text,
        FormatName::Json => FixesFormat::Json,
    };
    printed(fixes(&shown, format, &style, &mut io::stdout().lock()))?;
    if args.write {
        bench.write(&rows, &shown.causes)?;
    }
    Ok(exit(args, &shown))
}

/// What the shell is told.
fn exit(args: &FixArgs, shown: &ShownFixes) -> Exit {
    let fails = |fail_on: &FailOn| shown.causes.iter().any(|cause| fails(&cause.finding, fail_on));
    let unproven = args.prove && shown.causes.iter().any(ToMend::is_open);
    if unproven || args.print.fail_on.as_ref().is_some_and(fails) { Exit::Findings } else { Exit::Fine }
}

fn say(what: &str) {
    // Nobody reads: nothing to be done about it.
    let _ = writeln!(io::stderr(), "hopscope: {what}");
}

/// Proxy, server and app as they are known, and the requests that went through them.
struct Bench<'a> {
    args: &'a FixArgs,
    machine: Machine,
    store: Store,
    /// The app's server, as it is named.
    upstream: Option<Upstream>,
    /// Where that is, once requests are sent.
    app: Option<SocketAddr>,
}

impl<'a> Bench<'a> {
    fn set_up(args: &'a FixArgs, taken: &Taken) -> Result<Self, Failure> {
        let machine = Machine::new();
        let told = args.server.public_url.clone();
        let public = told.or_else(|| taken.asked.iter().find_map(|asked| asked.public().cloned()));
        let gateway = gateway(args, public.as_ref(), &machine)?;
        let app = args.app.clone().or_else(|| the_upstream(args, &gateway));
        let entrance = taken.asked.first().map(|asked| Entrance::of(Some(&gateway), asked));
        let at = entrance.transpose().map_err(Failure::usage)?.map_or(dry_run::STAND_IN, |entrance| entrance.local);
        let listener = Listener { kind: TapKind::StandIn, address: at, upstream: None, door: None };
        let mut setup = setup(&[listener], Some(gateway), args.server.server()?, args.server.app(), public)
            .map_err(Failure::usage)?;
        let place = app.clone().filter(|_| args.find.wanted()).map_or(AppServer::Unasked, AppServer::At);
        Watch::start(args.server.server_facts(), place, false, &mut setup);
        let store = Store::new(setup, Limits { count: usize::MAX, bytes: usize::MAX });
        let mut bench = Self { args, machine, store, upstream: app.clone(), app: None };
        if args.prove {
            let app = app.ok_or_else(|| {
                Failure::usage("where is the app? The proxy sends to several places: say --app http://127.0.0.1:8000")
            })?;
            bench.app = Some(address(&app)?);
            bench.learn(&app)?;
        }
        Ok(bench)
    }

    /// Asks the app for its routes, where it tells them.
    fn learn(&mut self, app: &Upstream) -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("cannot start the runtime").map_err(Failure::unreachable)?;
        if let Ok(told) = runtime.block_on(probe::describe(app)) {
            self.store.describe(told.routes, told.root_path);
        }
        Ok(())
    }

    /// Puts every request to the models, or to the app, and takes in what comes of it.
    fn ask(&mut self, taken: &mut Taken) -> Result<(), Failure> {
        let asked = std::mem::take(&mut taken.asked);
        for (key, asked) in (1..).zip(&asked) {
            let setup = (**self.store.setup()).clone();
            let entrance = Entrance::of(setup.gateway.as_ref(), asked).map_err(Failure::usage)?;
            let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
            let start = Start { asked, entrance: &entrance, client: local, peer: local };
            let DryRun { exchange, way, .. } = dry_run::run(&start, &mut setup.clone(), &self.machine);
            let unknown = way.as_ref().and_then(|way| way.unknown.first()).map(ToString::to_string);
            let exchange = match self.app {
                Some(app) => record(&Arc::new(exchange), &setup, &mut |_, half| ask(half, app)),
                None => Ok(Some(exchange)),
            };
            let exchange = exchange.map_err(|why| Failure::unreachable(anyhow::Error::msg(why)))?;
            match exchange.filter(Exchange::is_finished) {
                Some(Exchange { edge, app, .. }) => {
                    self.store.absorb(vec![Observed { key, pair: None, edge, app }], Losses::default());
                }
                None => taken.leave(format!("what the proxy does rests on {}", unknown.unwrap_or_default())),
            }
        }
        Ok(())
    }

    /// A cause with its fixes, proven if that is asked for.
    fn mend(&self, row: &CauseRow) -> Result<ToMend, Failure> {
        let mut finding = row.finding.clone();
        let mut tried = Vec::new();
        if let Some(app) = self.app {
            for (index, fix) in row.finding.fix.iter().enumerate().filter(|(_, fix)| !fix.changes.is_empty()) {
                let outcome = match hindrance(fix, self.args.try_server.is_some()) {
                    Some(why) => Err(why.to_owned()),
                    None => match self.second(fix) {
                        Err(why) => Err(why),
                        Ok(second) => Ok(self.prove(row, fix, app, second.as_ref())?),
                    },
                };
                let trial = outcome.as_ref().ok().and_then(|proof| proof.outcome.clone().ok());
                tried.push(TriedFix { fix: index, outcome });
                if let (Some(trial), Some(fix)) = (trial, finding.fix.get_mut(index)) {
                    fix.standing = Standing::Proven(trial);
                    break;
                }
            }
        }
        Ok(ToMend { finding, asked: row.asked.clone(), count: row.count, tried })
    }

    /// A second server with what the fix changes at the server; `None` if that is nothing.
    fn second(&self, fix: &Fix) -> Result<Option<Second>, String> {
        let options: Vec<Setting> = fix.changes.iter().filter_map(Change::of_server).collect();
        if options.is_empty() {
            return Ok(None);
        }
        let recipe = match (self.args.try_server.as_deref(), &self.upstream) {
            (Some(""), Some(upstream)) => Recipe::LikeTheOneAt(upstream),
            (command, _) => Recipe::Command(command.unwrap_or_default()),
        };
        Second::start(recipe, self.store.setup().server.program(), &options).map(Some)
    }

    fn prove(&self, row: &CauseRow, fix: &Fix, app: SocketAddr, second: Option<&Second>) -> Result<Proof, Failure> {
        let all: Vec<Arc<Exchange>> = self.store.entries().map(|entry| Arc::clone(&entry.exchange)).collect();
        let Some(Entry { exchange, findings, .. }) = self.store.get(row.example) else {
            return Err(Failure::unreachable(anyhow::anyhow!("request {} is gone", row.example.0)));
        };
        let claim =
            Claim { finding: &row.finding, found: findings, fix, exchange, others: &all, setup: self.store.setup() };
        let with_fix = second.map_or(app, |second| second.address);
        let at = |stage| if stage == Stage::Before { app } else { with_fix };
        prove(&claim, &mut |stage: Stage, half: &Half| ask(half, at(stage)))
            .map_err(|why| Failure::unreachable(anyhow::Error::msg(why)))
    }
}

impl Bench<'_> {
    /// Writes the fixes of all causes into the proxy's files, the causes in their order.
    fn write(&self, rows: &[CauseRow], causes: &[ToMend]) -> Result<(), Failure> {
        let setup = self.store.setup();
        let wanted: Vec<Wanted<'_>> =
            rows.iter().zip(causes).filter_map(|(row, cause)| self.wanted(row, cause)).collect();
        let (Some(gateway), Some(together)) = (setup.gateway.as_ref(), together(&wanted, setup)) else {
            say("nothing is written: no fix that changes the proxy's files was found");
            return Ok(());
        };
        if !write::write(gateway, &together, self.args.yes)? {
            return Ok(());
        }
        let of = |indices: &[usize]| indices.iter().filter_map(|index| wanted.get(*index)).collect::<Vec<_>>();
        for Wanted { finding, fix, .. } in of(&together.made) {
            if fix.changes.iter().any(|change| !matches!(change, Change::Proxy(_))) {
                say(&format!("{}: the fix is more than that: {}", finding.code, visible(fix.line.as_bytes())));
            }
        }
        for Wanted { finding, .. } in of(&together.left) {
            let code = finding.code;
            say(&format!("{code}: not written, it does not go with the others; run it again when those are taken up"));
        }
        Ok(())
    }

    /// The fix of a cause that is to be written: the one that is proven; where nothing is to be proven, the first that changes
    /// files.
    fn wanted<'b>(&'b self, row: &CauseRow, cause: &'b ToMend) -> Option<Wanted<'b>> {
        let setup = self.store.setup();
        let Entry { exchange, .. } = self.store.get(row.example)?;
        let changes_files =
            |fix: &&Fix| Fixed::new(&fix.changes, exchange, setup).is_ok_and(|fixed| fixed.amended.is_some());
        let fix = match cause.proven() {
            Some(index) => cause.finding.fix.get(index).filter(changes_files),
            None if self.args.prove => None,
            None => cause.finding.fix.iter().find(changes_files),
        }?;
        Some(Wanted { finding: &cause.finding, fix, exchange })
    }
}

/// Sends a request to the app.
fn ask(half: &Half, app: SocketAddr) -> Result<(ResponseHead, Body), String> {
    send(half, app).map_err(|error| error.to_string())
}

/// The proxy, by its configuration or by flags.
fn gateway(args: &FixArgs, public: Option<&PublicUrl>, machine: &Machine) -> Result<Gateway, Failure> {
    let front = args.routes.front(public);
    if args.from.any() && args.routes.any() {
        return Err(Failure::usage(
            "--from FILE describes the proxy whole: leave --to, --prefix and --route away, and say --app for the app's server",
        ));
    }
    match args.from.gateway(front, machine)? {
        Some(gateway) => Ok(gateway),
        None => args.routes.gateway(public, args.app.clone()),
    }
}

/// The one place that the proxy sends to.
fn the_upstream(args: &FixArgs, gateway: &Gateway) -> Option<Upstream> {
    let names = args.names.names();
    let mut all = gateway.upstreams().into_iter().map(|to| match names.find(to) {
        Destination::Http(to) => Some(to),
        Destination::Https(_) | Destination::Unix(_) => None,
    });
    let first = all.next()??;
    all.all(|other| other.as_ref() == Some(&first)).then_some(first)
}

/// The loopback address of the app's server.
fn address(app: &Upstream) -> Result<SocketAddr, Failure> {
    let found = (app.host.as_str(), app.port).to_socket_addrs();
    let all: Vec<SocketAddr> = found.map(Iterator::collect).unwrap_or_default();
    let here = |address: &&SocketAddr| address.ip().to_canonical().is_loopback();
    let local: Vec<&SocketAddr> = all.iter().filter(here).collect();
    // `localhost` has two: the one where something listens is meant.
    let listens = |address: &&&SocketAddr| std::net::TcpStream::connect(**address).is_ok();
    match local.iter().find(listens).or(local.first()) {
        Some(address) => Ok(**address),
        None => Err(Failure::usage(format!(
            "{app} is not on this machine, and requests are sent to a loopback address only: say --app http://127.0.0.1:PORT"
        ))),
    }
}
