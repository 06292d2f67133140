//! The thread that reads logs into a book.
//!
//! ```text
//! a view ─▶ (a survey, if lines cannot be judged alone) ─▶ the newest part into a book that is shown at once
//!        ─▶ the whole into a second book, which takes its place ─▶ what is written from now on
//! another view cancels that and begins again
//! ```

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::sync::{mpsc, watch};

use super::super::Failure;
use super::filling::{Filling, SharedBook};
use super::sources::Source;
use crate::access_log::Format;
use crate::access_log::format::Clock;
use crate::store::{Fed, LogBook, LogView};
use crate::tail::{Event, Input, Note, Options, Start, Stopper, Tail, TimeOf};

/// How often is concluded, and progress told, while something comes.
const TICK: Duration = Duration::from_millis(250);

/// How often the state is kept.
const SAVE: Duration = Duration::from_secs(2);

/// What is shown at once of long logs.
const NEWEST: u64 = 32 << 20;

/// What is to be read.
#[derive(Clone, Debug)]
pub(super) struct Work {
    pub sources: Vec<Source>,
    pub follow: bool,
    pub history: bool,
    pub state: Option<PathBuf>,
    /// Somebody looks while it is read: the newest part comes first, causes are concluded all along, and the end of the logs
    /// is not the end of the run.
    pub watched: bool,
    /// Lines are shown with what looking at all of them finds.
    pub survey: bool,
}

/// Who is told of what is read.
pub(super) trait Sink: Send {
    /// True if it wants every line.
    fn wants_lines(&self) -> bool;
    /// A line that is wanted. `Break` if nobody reads any more.
    fn line(&mut self, fed: Fed<'_>) -> ControlFlow<()>;
    /// The book, after conclusions were drawn; `Break` as before.
    fn concluded(&mut self, book: &LogBook) -> ControlFlow<()>;
    /// There is nothing more for the moment: what was written should be on its way.
    fn settled(&mut self) -> ControlFlow<()>;
    /// Something happened to a file.
    fn note(&mut self, note: &Note);
}

/// A running reader.
pub(super) struct Reading {
    pub book: SharedBook,
    /// The book's revision.
    pub changed: watch::Receiver<u64>,
    asks: Sender<LogView>,
    halt: Arc<Halt>,
    thread: JoinHandle<Result<(), Failure>>,
}

/// Asks a running reader for another view.
pub(super) struct Asker {
    asks: Sender<LogView>,
    halt: Arc<Halt>,
}

impl Asker {
    /// What is being read is left, and all is read anew through this view.
    pub(super) fn ask(&self, view: LogView) {
        // A reader that has ended reads no more.
        let _ = self.asks.send(view);
        self.halt.stop();
    }
}

/// Ends what is being read.
#[derive(Debug, Default)]
struct Halt {
    /// The whole run ends.
    over: AtomicBool,
    /// Ends the present pass.
    present: Mutex<Option<Stopper>>,
}

impl Halt {
    fn stop(&self) {
        if let Some(stopper) = &*self.present.lock().unwrap_or_else(PoisonError::into_inner) {
            stopper.stop();
        }
    }

    fn set(&self, stopper: Option<Stopper>) {
        *self.present.lock().unwrap_or_else(PoisonError::into_inner) = stopper;
    }
}

impl Reading {
    /// Starts reading; also gives what is closed when the reader has ended.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub(super) fn start(work: Work, view: LogView, sink: Box<dyn Sink>) -> Result<(Self, mpsc::Receiver<()>), Failure> {
        let book = Arc::new(RwLock::new(LogBook::default()));
        let (revision, changed) = watch::channel(0);
        let (closing, done) = mpsc::channel(1);
        let (asks, asked) = channel();
        let halt = Arc::new(Halt::default());
        let (shared, halting) = (Arc::clone(&book), Arc::clone(&halt));
        let reader = Reader { work, book: shared, sink, revision, asked, halt: halting, next: None, broken: false };
        let thread = std::thread::Builder::new()
            .name("hopscope-logs".to_owned())
            .spawn(move || {
                let ended = reader.run(view);
                drop(closing);
                ended
            })
            .context("cannot start the thread that reads logs")
            .map_err(Failure::unreadable)?;
        Ok((Self { book, changed, asks, halt, thread }, done))
    }

    /// Who can ask for another view.
    pub(super) fn asker(&self) -> Asker {
        Asker { asks: self.asks.clone(), halt: Arc::clone(&self.halt) }
    }

    /// Ends it, and gives what was read.
    ///
    /// # Errors
    /// Why it could not go on.
    pub(super) fn finish(self) -> Result<SharedBook, Failure> {
        self.halt.over.store(true, Ordering::Release);
        self.halt.stop();
        drop(self.asks);
        match self.thread.join() {
            Ok(ended) => ended.map(|()| self.book),
            Err(_) => Err(Failure::unreadable(anyhow::anyhow!("the thread that reads logs has failed"))),
        }
    }
}

struct Reader {
    work: Work,
    book: SharedBook,
    sink: Box<dyn Sink>,
    revision: watch::Sender<u64>,
    asked: Receiver<LogView>,
    halt: Arc<Halt>,
    /// The view that was asked for while another was read.
    next: Option<LogView>,
    /// Nobody reads what is written.
    broken: bool,
}

/// Whether the sink is told of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    Quiet,
    Shown,
}

impl Reader {
    fn run(mut self, view: LogView) -> Result<(), Failure> {
        let surroundings = Arc::clone(&view.surroundings);
        self.read(view)?;
        while let Some(view) = self.next_view() {
            let view = LogView { surroundings: Arc::clone(&surroundings), ..view };
            if self.reads_once() {
                let mut filling = Filling::of(&self.book);
                filling.renew(view);
                self.conclude(&mut filling, Pass::Quiet);
            } else {
                self.read(view)?;
            }
        }
        Ok(())
    }

    /// True where something comes from a pipe: it cannot be read again.
    fn reads_once(&self) -> bool {
        self.work.sources.iter().any(|source| source.input.is_read_once())
    }

    /// The view that is asked for next; `None` at the end of the run. Without somebody who looks, the end of the logs is that.
    fn next_view(&mut self) -> Option<LogView> {
        if self.is_asked() {
            return self.next.take();
        }
        while self.work.watched && !self.is_over() {
            match self.asked.recv_timeout(TICK) {
                Ok(view) => return Some(self.asked.try_iter().last().unwrap_or(view)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        None
    }

    /// True once another view was asked for: what is being read is of no use any more.
    fn is_asked(&mut self) -> bool {
        if let Some(view) = self.asked.try_iter().last() {
            self.next = Some(view);
        }
        self.next.is_some()
    }

    fn is_over(&self) -> bool {
        self.broken || self.halt.over.load(Ordering::Acquire)
    }

    /// Reads everything through a view, and follows. A pipe can be read once only.
    fn read(&mut self, mut view: LogView) -> Result<(), Failure> {
        let again = !self.reads_once();
        if again && (self.work.survey || view.needs_known()) {
            let surroundings = Arc::clone(&view.surroundings);
            let all = LogView { since: view.since, until: view.until, surroundings, ..LogView::default() };
            let mut survey = self.filling(all, true, false);
            self.pass(&mut survey, self.options(&view, Start::Beginning), Pass::Quiet)?;
            if self.is_asked() {
                return Ok(());
            }
            view.known = self.book.read().unwrap_or_else(PoisonError::into_inner).known();
        }
        if again && self.work.watched {
            let mut newest = self.filling(view.clone(), false, true);
            self.pass(&mut newest, self.options(&view, Start::Newest(NEWEST)), Pass::Quiet)?;
        }
        if again && self.is_asked() {
            return Ok(());
        }
        let (follow, state) = (self.work.follow, self.work.state.clone());
        let options = Options { follow, state, ..self.options(&view, Start::Beginning) };
        let mut whole = self.filling(view, again && self.work.watched, false);
        self.pass(&mut whole, options, Pass::Shown)
    }

    /// For a pass that ends with the logs.
    fn options(&self, view: &LogView, start: Start) -> Options {
        let history = self.work.history && start == Start::Beginning;
        Options { follow: false, history, start, since: view.since, until: view.until, state: None }
    }

    fn filling(&self, view: LogView, own: bool, partial: bool) -> Filling {
        Filling::new(&self.work.sources, view, own, partial, &self.book)
    }

    /// Reads to the end, or until it is halted.
    fn pass(&mut self, filling: &mut Filling, options: Options, pass: Pass) -> Result<(), Failure> {
        let inputs: Vec<Input> = self.work.sources.iter().map(|source| source.input.clone()).collect();
        let follow = options.follow;
        let mut tail = Tail::open(&inputs, options, Some(self.time_of())).map_err(Failure::unreadable)?;
        // Another view goes on with the same pipe.
        self.halt.set((!self.reads_once()).then(|| tail.stopper()));
        let mut pace = Pace::new();
        while !self.is_over() && (self.reads_once() || !self.is_asked()) {
            let lines = pass == Pass::Shown && self.sink.wants_lines();
            let mut told = Told { sink: &mut *self.sink, lines, broken: false };
            let fed = match tail.next(TICK) {
                Event::Chunk { source, bytes } => filling.feed(source, bytes, |fed| told.line(fed)),
                Event::Idle => filling.decide_all(|fed| told.line(fed)),
                Event::End => break,
                Event::Note(note) => {
                    if pass == Pass::Shown {
                        told.sink.note(&note);
                    }
                    Ok(())
                }
            };
            self.broken |= told.broken;
            fed?;
            let at = tail.progress();
            filling.progress(at, follow);
            if at.caught_up {
                filling.take_place();
            }
            self.tell(filling, pass, at.caught_up, follow, &mut pace);
            if pace.saves() {
                tail.save().map_err(Failure::unreadable)?;
            }
            if self.reads_once()
                && let Some(view) = self.asked.try_iter().last()
            {
                filling.renew(view);
            }
        }
        self.halt.set(None);
        let lines = pass == Pass::Shown && self.sink.wants_lines() && !self.broken;
        let mut told = Told { sink: &mut *self.sink, lines, broken: false };
        let finished = filling.finish(|fed| told.line(fed));
        self.broken |= told.broken;
        finished?;
        filling.progress(tail.progress(), false);
        filling.take_place();
        self.conclude(filling, pass);
        tail.save().map_err(Failure::unreadable)
    }

    /// Wakes the faces, and concludes now and then where somebody waits for it.
    fn tell(&mut self, filling: &mut Filling, pass: Pass, live: bool, follow: bool, pace: &mut Pace) {
        if live && pass == Pass::Shown {
            self.broken |= self.sink.settled().is_break();
        }
        if live || pace.is_due() {
            let now = filling.with(|book| book.revision());
            // Nobody is woken for nothing: this is also where a quiet log comes by.
            self.revision.send_if_modified(|told| std::mem::replace(told, now) != now);
        }
        let awaited = self.work.watched || (live && follow);
        if awaited && pace.is_due() && filling.with(|book| pace.has_changed(book.revision())) {
            self.conclude(filling, pass);
            pace.concluded(filling.with(|book| book.revision()));
        }
    }

    fn conclude(&mut self, filling: &mut Filling, pass: Pass) {
        let sink = &mut self.sink;
        let (flow, revision) = filling.with(|book| {
            book.conclude();
            let flow = if pass == Pass::Shown { sink.concluded(book) } else { ControlFlow::Continue(()) };
            (flow, book.revision())
        });
        self.broken |= flow.is_break();
        self.revision.send_replace(revision);
    }

    /// How lines are put in order, and times found in files.
    fn time_of(&self) -> TimeOf {
        let mut formats: Vec<Option<(Format, Clock)>> = self
            .work
            .sources
            .iter()
            .map(|source| source.format.clone().map(|chosen| (chosen.format, Clock::default())))
            .collect();
        Box::new(move |source, line| {
            let (format, clock) = formats.get_mut(source)?.as_mut()?;
            format.read(line, clock).ok()?.time
        })
    }
}

/// A sink that is not told of lines once nobody reads them.
struct Told<'a> {
    sink: &'a mut dyn Sink,
    lines: bool,
    broken: bool,
}

impl Told<'_> {
    fn line(&mut self, fed: Fed<'_>) {
        if self.lines && self.sink.line(fed).is_break() {
            (self.lines, self.broken) = (false, true);
        }
    }
}

/// When what is due.
struct Pace {
    concluded: Instant,
    /// The book's revision then.
    revision: u64,
    saved: Instant,
}

impl Pace {
    fn new() -> Self {
        let now = Instant::now();
        Self { concluded: now, revision: 0, saved: now }
    }

    fn is_due(&self) -> bool {
        self.concluded.elapsed() >= TICK
    }

    fn has_changed(&self, revision: u64) -> bool {
        self.revision != revision
    }

    fn concluded(&mut self, revision: u64) {
        (self.concluded, self.revision) = (Instant::now(), revision);
    }

    fn saves(&mut self) -> bool {
        let due = self.saved.elapsed() >= SAVE;
        if due {
            self.saved = Instant::now();
        }
        due
    }
}
