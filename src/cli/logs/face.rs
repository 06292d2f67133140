//! The dashboard of `hopscope logs`.

use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{mpsc, watch};

use super::super::{Exit, Failure, live};
use super::LogsArgs;
use super::alert::Alerts;
use super::args::{FormatName, OrderName};
use super::filling::SharedBook;
use super::output::{Output, style};
use super::reader::{Asker, Reading, Sink};
use super::sources::Source;
use crate::access_log::traffic::Order;
use crate::asgi::server::Server;
use crate::diagnosis::Cause;
use crate::exchange::ExchangeId;
use crate::lanes::Setup;
use crate::lanes::visible::visible;
use crate::redirect::Chain;
use crate::report::{LogFormat, ShownLogs, Style, logs};
use crate::settings;
use crate::store::{Fed, Limits, LogBook, LogView, Store, Surroundings};
use crate::tail::Note;
use crate::tui::{Controls, Exported, Logs, Look, Session};

/// Rows of each table of a report that is written from the dashboard.
const ROWS: usize = 20;

/// What happened to files and was not shown yet, at most.
const NEWS: usize = 32;

/// Shows what is read until the user leaves.
///
/// # Errors
/// The logs cannot be read, or the terminal cannot be taken.
pub(super) fn run(args: &LogsArgs, sources: Vec<Source>) -> Result<Exit, Failure> {
    let shown = &args.shown;
    let alerts = Alerts::new(&args.alerts, &style(shown), true)?;
    let names = sources.iter().map(|source| source.name.clone()).collect();
    // Nothing is written beside the screen; this one tells of causes and writes them at the end.
    let output = Output::new(shown, FormatName::Silent, names, false, alerts)?;
    let (told, news) = mpsc::channel(NEWS);
    for warning in sources.iter().filter_map(Source::warning) {
        // What finds no room is also in the report.
        let _ = told.try_send(visible(warning.as_bytes()));
    }
    let sink = Watching { told: Some((output.sink(), told)) };
    let view = args.view();
    let filter = view.filter.as_ref().map(|filter| filter.text().to_owned()).unwrap_or_default();
    let span = (view.since, view.until);
    let surroundings = Arc::clone(&view.surroundings);
    let (reading, mut done) = Reading::start(args.work(sources, FormatName::Tui), view, Box::new(sink))?;
    let controls = LogControls::new(&reading, style(shown), shown.sort, surroundings);
    let (book, changed) = (Arc::clone(&reading.book), reading.changed.clone());
    let (_, unchanging) = watch::channel(0);
    let session = Session {
        store: Arc::new(RwLock::new(Store::new(Setup::new(Server::uvicorn()), Limits { count: 1, bytes: 0 }))),
        changed: unchanging,
        title: "hopscope logs".to_owned(),
        warning: None,
        filter: String::new(),
        look: look(shown.ascii),
        controls: Box::new(controls),
        scenes: None,
        console: None,
        logs: Some(Logs { book, changed, filter, span, alone: true }),
        news: Some(news),
    };
    // A reader that cannot go on ends it, and says why below.
    let ended = live::show(session, None, async move {
        done.recv().await;
    });
    let book = reading.finish()?;
    let ended = ended?;
    let book = book.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(file) = &shown.findings {
        output.write_findings(&book, file)?;
    }
    output.end_alerts();
    Ok(if ended == Exit::Interrupted { ended } else { args.exit(&book) })
}

fn look(ascii: bool) -> Look {
    let output = settings::Output {
        format: settings::Format::Tui,
        file: None,
        count: None,
        duration: None,
        fail_on: None,
        theme: settings::Theme::Auto,
        color: settings::Color::Auto,
        ascii,
        mouse: true,
        redact: true,
        evidence: false,
    };
    Look::new(&output, |name| std::env::var(name).ok())
}

/// What happens while somebody looks: causes are told as ever, and what happens to files is told on the screen.
pub(super) struct Watching {
    told: Option<(Box<dyn Sink>, mpsc::Sender<String>)>,
}

impl Watching {
    /// Nobody is told of anything but by the book.
    pub(super) const fn quiet() -> Self {
        Self { told: None }
    }
}

impl Sink for Watching {
    fn wants_lines(&self) -> bool {
        false
    }

    fn line(&mut self, _: Fed<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn concluded(&mut self, book: &LogBook) -> ControlFlow<()> {
        self.told.as_mut().map_or(ControlFlow::Continue(()), |(causes, _)| causes.concluded(book))
    }

    fn settled(&mut self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn note(&mut self, note: &Note) {
        if let Some((_, told)) = &self.told {
            // What finds no room is not worth waiting for.
            let _ = told.try_send(note.to_string());
        }
    }
}

/// What the keys can ask for where there are logs and nothing else.
pub(in crate::cli) struct LogControls {
    asker: Asker,
    book: SharedBook,
    style: Style,
    order: Order,
    /// What is known beside the logs, in every view of them.
    surroundings: Arc<Surroundings>,
}

impl LogControls {
    pub(super) fn new(reading: &Reading, style: Style, order: OrderName, surroundings: Arc<Surroundings>) -> Self {
        let style = Style { color: false, ..style };
        Self { asker: reading.asker(), book: Arc::clone(&reading.book), style, order: order.order(), surroundings }
    }
}

/// Why nothing can be sent from here.
fn alone<T>() -> Result<T, String> {
    Err("there is no tap here: hopscope tap and hopscope proxy have one".to_owned())
}

impl Controls for LogControls {
    fn record(&mut self, _: bool) {}

    fn clear(&mut self) {}

    fn scene(&mut self, _: usize) {}

    fn mark(&mut self, _: &Cause, _: bool) {}

    fn prove(&mut self, _: &Cause) -> Result<String, String> {
        alone()
    }

    fn replay(&mut self, _: ExchangeId) -> Result<String, String> {
        alone()
    }

    fn follow(&mut self, _: &Chain) -> Result<String, String> {
        alone()
    }

    fn export(&mut self) -> Result<Exported, String> {
        self.export_log()
    }

    fn look(&mut self, view: LogView) -> Result<(), String> {
        self.asker.ask(LogView { surroundings: Arc::clone(&self.surroundings), ..view });
        Ok(())
    }

    fn export_log(&mut self) -> Result<Exported, String> {
        let book = self.book.read().unwrap_or_else(PoisonError::into_inner);
        let shown = ShownLogs { book: &book, top: ROWS, order: self.order, by: &[], country: None };
        let mut text = Vec::new();
        logs(shown, LogFormat::Markdown, &self.style, &mut text).map_err(|error| error.to_string())?;
        Ok(Exported::Text(String::from_utf8_lossy(&text).into_owned()))
    }
}
