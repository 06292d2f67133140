//! `hopscope demo`: an app, a proxy and traffic, all built in.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use super::again::Again;
use super::args::{LimitArgs, OutputArgs};
use super::engine::{Engine, SharedStore};
use super::findings::Export;
use super::live::{self, Face, LiveControls};
use super::signals::Signals;
use super::{Exit, Failure};
use crate::asgi::server::Server;
use crate::capture::Capture;
use crate::demo::{self, SCENES};
use crate::diagnosis::Cause;
use crate::exchange::ExchangeId;
use crate::gateway::Upstream;
use crate::lanes::{Setup, Tap, TapKind};
use crate::proxy::{self, StandIn, TapRole};
use crate::redirect::Chain;
use crate::settings::{Bounds, Findings, Format};
use crate::tui::{Controls, Exported, Scene, Scenes, Session};

/// Between two scenes, so that what the last one showed can be read.
const PAUSE: Duration = Duration::from_secs(3);

/// See it alive: an app, a proxy and traffic, all built in
///
/// Shows the set-ups of the FastAPI documentation one after another: plain, prefix kept, stripped, stripped with a root
/// path, one app under two prefixes, a redirect to http. Needs nothing but this program. The keys 1 to 6 choose a set-up and
/// stay with it.
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs the demo until told to stop; without a screen, until every scene has been played once.
pub(super) fn run(args: DemoArgs) -> Result<Exit, Failure> {
    let (output, bounds, filter) = (args.output.output(), args.limits.bounds(), args.output.filter);
    let mut signals = Signals::install()?;
    let (listener, address) = live::bound(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    drop(listener);
    let face = Face::new(&output, filter.clone())?;
    let engine =
        Engine::start(setup(0, address, None), &bounds, None, None, face.sink()).map_err(Failure::unreachable)?;
    let (current, shown) = watch::channel(0);
    let (choose, chosen) = mpsc::channel(4);
    let stage = Stage { store: Arc::clone(&engine.store), capture: engine.capture.clone(), bounds, address, current };
    let dashboard = output.format == Format::Tui;
    let (stop, stopped) = mpsc::channel(1);
    let wants_end = face.wants_end();
    let director = std::thread::Builder::new()
        .name("hopscope-demo".to_owned())
        .spawn(move || {
            let played = stage.play(dashboard, chosen, stopped);
            // Without a screen the demo ends with its last scene. A full channel means that the end is already asked for.
            let _ = wants_end.try_send(());
            played
        })
        .map_err(Failure::unreachable)?;
    let ended = if dashboard {
        let export = Arc::new(Export::new(Arc::clone(&engine.store), &Findings::default(), &output));
        let (store, pause) = (Arc::clone(&engine.store), engine.capture.pause_switch());
        let (again, news) = Again::new(Arc::clone(&engine.store));
        let live =
            LiveControls { store, pause, reload: None, export, teller: Arc::new(engine.teller()), again, logs: None };
        let list = SCENES.iter().map(|scene| Scene { title: scene.name.to_owned(), about: scene.look.to_owned() });
        let scenes = Scenes { list: list.collect(), current: shown };
        let controls = Box::new(DemoControls { live, choose });
        let session = live::session(&engine, &output, filter, None, controls, Some(scenes));
        live::show(Session { news: Some(news), ..session }, output.duration, std::future::pending())
    } else {
        Ok(signals.wait(output.duration, face.done, std::future::pending()))
    };
    drop(stop);
    match director.join() {
        Ok(played) => played.map_err(Failure::unreachable)?,
        // The panic hook has told of it.
        Err(_) => return Err(Failure::unreachable(anyhow::anyhow!("the demo broke off"))),
    }
    face.sinks.finish(&engine.finish(), ended?)
}

/// Where the scenes are played.
struct Stage {
    store: SharedStore,
    capture: Capture,
    bounds: Bounds,
    /// The proxy's address: the same in every scene, so that a visitor of flesh and blood finds it again.
    address: SocketAddr,
    current: watch::Sender<usize>,
}

impl Stage {
    /// Plays scene after scene, once round or, for the dashboard, for ever; a chosen one again and again.
    fn play(
        self,
        for_ever: bool,
        mut chosen: mpsc::Receiver<usize>,
        mut stopped: mpsc::Receiver<()>,
    ) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (mut index, mut stay) = (0, false);
        loop {
            let scene = SCENES.get(index).context("no such scene")?;
            let app = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
            let upstream = Upstream { host: "127.0.0.1".to_owned(), port: app.local_addr()?.port() };
            self.store.write().unwrap_or_else(PoisonError::into_inner).begin_again(setup(
                index,
                self.address,
                Some(&upstream),
            ));
            self.current.send_replace(index);
            let stand_in = Arc::new(StandIn::new(scene.gateway(&upstream)));
            let role = TapRole::StandIn { stand_in, door: None, probe: None };
            let tap = proxy::Tap { listener: proxy::bind(self.address)?, role };
            let limits = proxy::Limits { head: self.bounds.head, idle: self.bounds.idle, ..proxy::Limits::default() };
            let running = proxy::start(vec![tap], limits, &self.capture)?;
            let next = runtime.block_on(async {
                let app = tokio::spawn(demo::serve(app, scene));
                let next = tokio::select! {
                    index = chosen.recv() => index.map(|index| (index, true)),
                    _ = stopped.recv() => None,
                    () = visit(self.address, scene.prefixes, for_ever, stay) => Some((index + 1, false)),
                };
                app.abort();
                next
            });
            running.stop();
            match next {
                Some((next, _)) if next >= SCENES.len() && !for_ever => return Ok(()),
                Some((next, chosen)) => (index, stay) = (next % SCENES.len(), chosen),
                None => return Ok(()),
            }
        }
    }
}

/// One visit, with time to read what it showed where there is a screen; a chosen scene is visited again and again.
async fn visit(proxy: SocketAddr, prefixes: &[&str], linger: bool, stay: bool) {
    loop {
        demo::visit(proxy, prefixes).await;
        if linger {
            tokio::time::sleep(PAUSE).await;
        }
        if !stay {
            return;
        }
    }
}

/// What is known of a scene's set-up: what its proxy, server and app were told.
fn setup(index: usize, listen: SocketAddr, upstream: Option<&Upstream>) -> Setup {
    let Some(scene) = SCENES.get(index) else { return Setup::new(Server::uvicorn()) };
    let shown = upstream.map(ToString::to_string).unwrap_or_default();
    Setup {
        taps: vec![Tap { kind: TapKind::StandIn, listen, upstream: shown, door: None }],
        gateway: upstream.map(|upstream| scene.gateway(upstream)),
        app: scene.app(),
        public: scene.public(),
        prefixes: scene.prefixes.iter().filter(|prefix| !prefix.is_empty()).map(ToString::to_string).collect(),
        ..Setup::new(scene.server())
    }
}

/// The dashboard's keys, the scenes' among them.
struct DemoControls {
    live: LiveControls,
    choose: mpsc::Sender<usize>,
}

impl Controls for DemoControls {
    fn record(&mut self, on: bool) {
        self.live.record(on);
    }

    fn clear(&mut self) {
        self.live.clear();
    }

    fn prove(&mut self, cause: &Cause) -> Result<String, String> {
        self.live.prove(cause)
    }

    fn replay(&mut self, exchange: ExchangeId) -> Result<String, String> {
        self.live.replay(exchange)
    }

    fn follow(&mut self, chain: &Chain) -> Result<String, String> {
        self.live.follow(chain)
    }

    fn scene(&mut self, index: usize) {
        // A key that is pressed faster than scenes can change is overlooked.
        let _ = self.choose.try_send(index);
    }

    fn mark(&mut self, cause: &Cause, known: bool) {
        self.live.mark(cause, known);
    }

    fn export(&mut self) -> Result<Exported, String> {
        self.live.export()
    }
}
