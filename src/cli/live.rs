//! A live run: listeners, recorder and a face, plugged together.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write};
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use super::again::Again;
use super::engine::{Engine, SharedStore, Sink, Teller};
use super::findings::{self, Export};
use super::headless::Headless;
use super::logs::{Followed, LogControls};
use super::reload::{Nudge, Reload};
use super::signals::{Signals, runtime, sleep};
use super::watch::{self, AppServer, Watch};
use super::{Exit, Failure, configured, prove};
use crate::capture::{Capture, PauseSwitch};
use crate::diagnosis::Cause;
use crate::exchange::ExchangeId;
use crate::gateway::{Destination, Gateway, Upstream};
use crate::lanes::visible::visible;
use crate::lanes::{self, TapKind};
use crate::proxy::{self, Limits, Running, StandIn, Tap, TapRole};
use crate::redirect::Chain;
use crate::report::{Report, Style, losses, wants_color};
use crate::settings::{self, Bounds, Format, Machine, Output, Settings};
use crate::store::{Filter, LogView, Store};
use crate::tui::{self, Controls, Exported, Look, Scenes, Session};

/// Runs taps or the stand-in until told to stop.
pub(super) fn run(settings: Settings, filter: Option<Filter>) -> Result<Exit, Failure> {
    // First of all, so that a run that is interrupted early still says what it saw.
    let mut signals = Signals::install()?;
    run_beside(settings, filter, &mut signals, Beside::default())
}

/// What a run stands beside: another program that hopscope started.
#[derive(Default)]
pub(super) struct Beside {
    /// Told when it has ended, which ends the run.
    pub ended: Option<mpsc::Receiver<()>>,
    /// What is worth a warning about it.
    pub warning: Option<String>,
    /// What it writes, where the dashboard has its terminal.
    pub console: Option<tui::Console>,
    /// Called once the taps listen.
    pub listening: Option<fn(&[lanes::Tap])>,
}

impl Beside {
    /// Ready when it has ended; never, if there is none.
    async fn end(&mut self) {
        match &mut self.ended {
            Some(ended) => drop(ended.recv().await),
            None => std::future::pending().await,
        }
    }
}

/// The same, until the program beside it ends.
pub(super) fn run_beside(
    mut settings: Settings,
    filter: Option<Filter>,
    signals: &mut Signals,
    mut beside: Beside,
) -> Result<Exit, Failure> {
    let stand_in = settings
        .gateway
        .clone()
        .map(|gateway| Arc::new(StandIn::new(gateway).at(Arc::new(Machine::new()), settings.names.clone())));
    let taps = bind(&mut settings, stand_in.as_ref())?;
    let loud = settings.output.format != Format::Tui;
    let watch = Watch::start(settings.server.clone(), app_server(&settings), loud, &mut settings.setup);
    let warning = joined(warning(&settings).into_iter().chain(beside.warning.take()));
    let face = Face::new(&settings.output, filter.clone())?;
    let app = if settings.ask_app { the_app(&settings) } else { None };
    let engine = Engine::start(settings.setup.clone(), &settings.bounds, app, Some(watch), face.sink())
        .map_err(Failure::unreachable)?;
    findings::know(&engine.store, &settings.findings)?;
    let export = Arc::new(Export::new(Arc::clone(&engine.store), &settings.findings, &settings.output));
    let running = start(taps, &settings.bounds, &engine.capture)?;
    let notes = configured::notes(&settings);
    let reload = settings.source.clone().zip(settings.setup.gateway.clone());
    let reload = reload.map(|(source, gateway)| Reload::start(source, &gateway, stand_in, engine.teller(), loud));
    let warning = joined(warning.into_iter().chain(notes.warnings.iter().cloned()));
    if let Some(listening) = beside.listening {
        listening(&settings.setup.taps);
    }
    let ended = if settings.output.format == Format::Tui {
        let pause = engine.capture.pause_switch();
        let reload = reload.as_ref().and_then(Reload::nudge);
        let export = Arc::clone(&export);
        let teller = Arc::new(engine.teller());
        let (again, news) = Again::new(Arc::clone(&engine.store));
        let followed = Followed::start(&settings)?;
        let (logs, shown) = (followed.as_ref().map(Followed::controls), followed.as_ref().map(Followed::shown));
        let store = Arc::clone(&engine.store);
        let controls = LiveControls { store, pause, reload, export, teller, again, logs };
        let session = session(&engine, &settings.output, filter, warning, Box::new(controls), None);
        let session = Session { console: beside.console.take(), logs: shown, news: Some(news), ..session };
        let ended = show(session, settings.output.duration, beside.end());
        followed.map_or(Ok(()), Followed::finish).and(ended)
    } else {
        announce(&engine.store, &notes.lines, warning.as_deref());
        Ok(signals.wait(settings.output.duration, face.done, beside.end()))
    };
    drop(reload);
    running.stop();
    let exit = face.sinks.finish(&engine.finish(), ended?);
    export.finish()?;
    exit
}

/// Binds every listener, and notes the ports that the system chose.
fn bind(settings: &mut Settings, stand_in: Option<&Arc<StandIn>>) -> Result<Vec<Tap>, Failure> {
    let mut taps = Vec::new();
    for (listener, shown) in settings.listeners.iter().zip(&mut settings.setup.taps) {
        let role = match (listener.kind, &listener.upstream, stand_in) {
            (TapKind::Edge, Some(to), _) => TapRole::Edge { to: to.clone() },
            (TapKind::App, Some(to), _) => {
                TapRole::App { to: to.clone(), source: settings.tap_source, probe: settings.probe.clone() }
            }
            (_, _, Some(stand_in)) => TapRole::StandIn {
                stand_in: Arc::clone(stand_in),
                door: listener.door.clone(),
                probe: settings.probe.clone(),
            },
            _ => continue,
        };
        let (listener, address) = bound(listener.address).map_err(|failure| mapped(failure, listener))?;
        shown.listen = address;
        taps.push(Tap { listener, role });
    }
    Ok(taps)
}

/// Binds one listener; gives the address it got.
pub(super) fn bound(address: SocketAddr) -> Result<(std::net::TcpListener, SocketAddr), Failure> {
    let listener = proxy::bind(address).map_err(Failure::unreachable)?;
    let address = listener.local_addr().map_err(Failure::unreachable)?;
    Ok((listener, address))
}

/// The failure to listen for a port of a configuration, with the way out.
fn mapped(failure: Failure, listener: &settings::Listener) -> Failure {
    let Some(door) = listener.door.as_ref().filter(|_| listener.kind == TapKind::StandIn) else { return failure };
    let error = anyhow::anyhow!("{:#}; --map-listen {}=ADDRESS:PORT says where else", failure.error, door.port);
    Failure { error, ..failure }
}

/// Starts the data path.
pub(super) fn start(taps: Vec<Tap>, bounds: &Bounds, capture: &Capture) -> Result<Running, Failure> {
    let limits = Limits { head: bounds.head, idle: bounds.idle, ..Limits::default() };
    proxy::start(taps, limits, capture).map_err(Failure::unreachable)
}

/// The one app that can be asked for its routes; `None` where there are several or none.
fn the_app(settings: &Settings) -> Option<Upstream> {
    let taps = settings.listeners.iter().filter(|listener| listener.kind == TapKind::App);
    let behind = settings.gateway.iter().flat_map(Gateway::upstreams).map(|to| match settings.names.find(to) {
        Destination::Http(to) => Some(to),
        Destination::Https(_) | Destination::Unix(_) => None,
    });
    let all: Option<Vec<Upstream>> = taps.map(|tap| tap.upstream.clone()).chain(behind).collect();
    let mut apps = all?.into_iter();
    let app = apps.next()?;
    apps.all(|other| other == app).then_some(app)
}

/// Where the app's server is looked for.
fn app_server(settings: &Settings) -> AppServer {
    let any = settings.gateway.is_some() || settings.listeners.iter().any(|listener| listener.kind == TapKind::App);
    match the_app(settings) {
        Some(upstream) if settings.find_server => AppServer::At(upstream),
        Some(_) => AppServer::Unasked,
        None if any => AppServer::Several,
        None => AppServer::Unseen,
    }
}

/// What is worth a warning: listeners that others can reach, and a server that is not modelled as it is.
fn warning(settings: &Settings) -> Option<String> {
    let addresses: Vec<_> = settings.exposed().map(|listener| listener.address.to_string()).collect();
    let exposed =
        (!addresses.is_empty()).then(|| format!("listening on {}: other machines can reach it", addresses.join(", ")));
    joined(exposed.into_iter().chain(settings.setup.server.note()).chain(settings.setup.app.framework.note()))
}

fn joined(warnings: impl Iterator<Item = String>) -> Option<String> {
    let warnings: Vec<_> = warnings.collect();
    (!warnings.is_empty()).then(|| warnings.join("; "))
}

/// Says on stderr where the taps are, for those who watch without a screen.
fn announce(store: &SharedStore, notes: &[String], warning: Option<&str>) {
    let store = store.read().unwrap_or_else(PoisonError::into_inner);
    let mut err = io::stderr().lock();
    for note in notes {
        let _ = writeln!(err, "hopscope: {}", visible(note.as_bytes()));
    }
    for tap in &store.setup().taps {
        // Nobody reads: nothing to be done about it.
        let door = tap.door.as_ref().map(|door| format!(", for port {}", door.port)).unwrap_or_default();
        let _ = writeln!(err, "hopscope: {} tap on http://{}{door} to {}", tap.kind.word(), tap.listen, tap.upstream);
    }
    watch::announce(&mut err, &store.setup().provenance);
    if let Some(warning) = warning {
        let _ = writeln!(err, "hopscope: warning: {warning}");
    }
}

/// The writing side of a run, and when it wants to end.
pub(super) struct Face {
    pub sinks: Sinks,
    pub done: mpsc::Receiver<()>,
    wants_end: mpsc::Sender<()>,
}

/// What the recorder writes to. Also there beside the dashboard, where it only decides the exit code.
#[derive(Clone)]
pub(super) struct Sinks(Arc<Mutex<Writing>>);

/// The report while it is written; `headless` is taken at the end.
struct Writing {
    headless: Option<Headless<Box<dyn Write + Send>>>,
    failed: io::Result<()>,
}

impl Face {
    /// The report that `output` asks for.
    pub(super) fn new(output: &Output, filter: Option<Filter>) -> Result<Self, Failure> {
        let dashboard = output.format == Format::Tui;
        let format = if dashboard { Format::Silent } else { output.format };
        let out: Box<dyn Write + Send> = match &output.file {
            _ if dashboard => Box::new(io::sink()),
            Some(path) => {
                let file = File::create(path).with_context(|| format!("--output {}: cannot write", path.display()));
                Box::new(io::BufWriter::new(file.map_err(Failure::unreadable)?))
            }
            None => Box::new(io::BufWriter::new(io::stdout())),
        };
        let terminal = output.file.is_none() && io::stdout().is_terminal();
        let color = wants_color(output.color, terminal, |name| std::env::var(name).ok());
        let zone = TimeZone::system();
        let style = Style {
            redact: output.redact,
            ascii: output.ascii,
            zone,
            color,
            predicted: false,
            evidence: output.evidence,
        };
        let report = Report::new(format, style, out);
        let headless = Headless::new(report, filter, output.count, output.fail_on.clone());
        let (wants_end, done) = mpsc::channel(1);
        Ok(Self {
            sinks: Sinks(Arc::new(Mutex::new(Writing { headless: Some(headless), failed: Ok(()) }))),
            done,
            wants_end,
        })
    }

    /// For whoever else may want the run to end.
    pub(super) fn wants_end(&self) -> mpsc::Sender<()> {
        self.wants_end.clone()
    }

    /// Where the recorder tells of changes.
    pub(super) fn sink(&self) -> Sink {
        let (sinks, wants_end) = (self.sinks.clone(), self.wants_end.clone());
        Box::new(move |store, ids| {
            let flow = sinks.changed(store, ids);
            if flow.is_break() {
                // A full channel means that the end is already asked for.
                let _ = wants_end.try_send(());
            }
            flow
        })
    }
}

impl Sinks {
    fn changed(&self, store: &Store, ids: &[ExchangeId]) -> ControlFlow<()> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(headless) = &mut state.headless else { return ControlFlow::Break(()) };
        headless.changed(store, ids).unwrap_or_else(|e| {
            state.failed = Err(e);
            ControlFlow::Break(())
        })
    }

    /// Says at the end what was lost, and gives the exit code: an interrupt's own, or what the findings ask for.
    pub(super) fn finish(&self, store: &SharedStore, ended: Exit) -> Result<Exit, Failure> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut state.failed, Ok(())).context("cannot write the report").map_err(Failure::unreadable)?;
        let store = store.read().unwrap_or_else(PoisonError::into_inner);
        let Some(headless) = state.headless.take() else { return Ok(ended) };
        if let Some(losses) = losses(store.counts().lost) {
            // Nobody reads: nothing to be done about it.
            let _ = writeln!(io::stderr(), "hopscope: {losses}");
        }
        let exit = headless.finish(&store).context("cannot write the report").map_err(Failure::unreadable)?;
        Ok(if ended == Exit::Interrupted { ended } else { exit })
    }
}

/// Shows the dashboard until the user leaves, a signal comes, the time is up, or `end` does.
pub(super) fn show(
    session: Session,
    duration: Option<Duration>,
    end: impl Future<Output = ()>,
) -> Result<Exit, Failure> {
    let exit = runtime()?.block_on(async {
        tokio::select! {
            exit = tui::run(session) => exit,
            () = end => Ok(tui::Exit::Quit),
            () = sleep(duration) => Ok(tui::Exit::Quit),
        }
    });
    let exit = exit.map_err(Failure::unreadable)?;
    Ok(if exit == tui::Exit::Interrupted { Exit::Interrupted } else { Exit::Fine })
}

/// What the dashboard is given.
pub(super) fn session(
    engine: &Engine,
    output: &Output,
    filter: Option<Filter>,
    warning: Option<String>,
    controls: Box<dyn Controls>,
    scenes: Option<Scenes>,
) -> Session {
    Session {
        store: Arc::clone(&engine.store),
        changed: engine.changed.clone(),
        title: "hopscope".to_owned(),
        warning,
        filter: filter.map(|filter| filter.text().to_owned()).unwrap_or_default(),
        look: Look::new(output, |name| std::env::var(name).ok()),
        controls,
        scenes,
        console: None,
        logs: None,
        news: None,
    }
}

/// What the dashboard's keys can ask of a live run.
pub(super) struct LiveControls {
    pub store: SharedStore,
    pub pause: PauseSwitch,
    /// Where the proxy is known by its configuration.
    pub reload: Option<Nudge>,
    pub export: Arc<Export>,
    /// Told what comes of a proof.
    pub teller: Arc<Teller>,
    /// Sends what was recorded once more.
    pub again: Again,
    /// Reads the logs beside.
    pub logs: Option<LogControls>,
}

impl Controls for LiveControls {
    fn record(&mut self, on: bool) {
        self.pause.set(!on);
    }

    fn clear(&mut self) {
        self.store.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn scene(&mut self, _index: usize) {}

    fn reload(&mut self) {
        if let Some(reload) = &self.reload {
            reload.now();
        }
    }

    fn mark(&mut self, cause: &Cause, known: bool) {
        self.store.write().unwrap_or_else(PoisonError::into_inner).mark_cause(cause, known);
    }

    fn prove(&mut self, cause: &Cause) -> Result<String, String> {
        prove::start(cause, &self.store, &self.teller)
    }

    fn replay(&mut self, exchange: ExchangeId) -> Result<String, String> {
        self.again.replay(exchange)
    }

    fn follow(&mut self, chain: &Chain) -> Result<String, String> {
        self.again.follow(chain)
    }

    fn look(&mut self, view: LogView) -> Result<(), String> {
        self.logs.as_mut().map_or_else(|| Err("no log is read".to_owned()), |logs| logs.look(view))
    }

    fn export_log(&mut self) -> Result<Exported, String> {
        self.logs.as_mut().map_or_else(|| Err("no log is read".to_owned()), LogControls::export_log)
    }

    fn export(&mut self) -> Result<Exported, String> {
        self.export.now()
    }
}
