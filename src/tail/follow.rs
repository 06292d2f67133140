//! All logs together: what comes next, and waiting for it.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use super::event::{Event, Note, TailError};
use super::options::{Input, Options, Progress, Start, TimeOf};
use super::part::Part;
use super::source::{Fill, Source};
use super::state::State;
use super::stream::Stream;
use super::watch::Watch;

/// What is read at once.
const CHUNK: usize = 256 << 10;
/// What is read at once of each of many sources, so that they need no more memory together.
const SMALL_CHUNK: usize = 32 << 10;
/// More sources than this are many.
const FEW: usize = 8;
/// How long it may take to see a change that nobody tells of: network file systems, mounts of containers.
const LOOK: Duration = Duration::from_millis(250);
/// Between two looks at a log to which a line comes every moment: lines come in handfuls, and nobody sees the difference.
const BREATH: Duration = Duration::from_millis(4);

/// Reads logs, to their end or for ever.
///
/// ```no_run
/// use hopscope::tail::{Event, Input, Options, Tail};
/// use std::time::Duration;
///
/// let inputs = [Input::named("access.log".into())];
/// let mut tail = Tail::open(&inputs, Options { follow: true, ..Options::default() }, None)?;
/// loop {
///     match tail.next(Duration::from_millis(250)) {
///         Event::Chunk { source, bytes } => println!("{} bytes of {source}", bytes.len()),
///         Event::Note(note) => println!("{note}"),
///         Event::Idle => {}
///         Event::End => break,
///     }
/// }
/// # Ok::<(), hopscope::tail::TailError>(())
/// ```
pub struct Tail {
    sources: Vec<Reading>,
    options: Options,
    time_of: Option<TimeOf>,
    notes: VecDeque<Note>,
    watch: Watch,
    stopped: Arc<AtomicBool>,
    /// The states of logs that are not read now stay.
    state: State,
    caught_up: bool,
    /// When there was something last, and when the folders were looked after.
    last: Option<Instant>,
    kept: Option<Instant>,
}

/// A source, and where its lines are in time.
struct Reading {
    source: Source,
    name: Option<PathBuf>,
    /// The time of the line that comes next; a line without a time, or out of order, has that of the one before.
    time: i64,
    timed: bool,
    ended: bool,
}

/// Ends a [`Tail`] from another thread: at once, whatever it waits for.
#[derive(Clone, Debug)]
pub struct Stopper {
    stopped: Arc<AtomicBool>,
    wake: SyncSender<()>,
}

impl Stopper {
    /// Ends it: what it gives next is [`Event::End`].
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        // A waker that is full has not been heard yet.
        let _ = self.wake.try_send(());
    }
}

/// What comes next, without its bytes.
enum Step {
    Chunk(usize, (usize, usize)),
    Note(Note),
    Nothing,
    End,
}

impl Tail {
    /// Opens the logs. Without `time_of` several logs are read one after the other, with it merged by time; `since` and
    /// `until` need it too.
    ///
    /// # Errors
    /// [`TailError`]: a log or the state cannot be read. A log that is followed may still come, and is waited for.
    pub fn open(inputs: &[Input], options: Options, mut time_of: Option<TimeOf>) -> Result<Self, TailError> {
        let mut watch = Watch::new();
        let mut notes = VecDeque::new();
        if options.follow
            && let Err(why) = watch.start()
        {
            notes.push_back(Note::Polling(why));
        }
        let state = options.state.as_deref().map_or_else(|| Ok(State::default()), State::load)?;
        let chunk = if inputs.len() > FEW { SMALL_CHUNK } else { CHUNK };
        let newest = match options.start {
            Start::Newest(bytes) => bytes / (inputs.len().max(1) as u64),
            _ => 0,
        };
        let mut sources = Vec::new();
        for (number, input) in inputs.iter().enumerate() {
            let mut line_time = time_of.as_mut().map(|time_of| |line: &[u8]| time_of(number, line));
            let (source, name) = match input {
                Input::Stdin => {
                    let stream = Stream::stdin(watch.wake());
                    (of_stream(PathBuf::from("-"), stream, chunk)?, None)
                }
                Input::File(path) if input.is_read_once() => {
                    let stream = Stream::pipe(path.clone(), watch.wake());
                    (of_stream(path.clone(), stream, chunk)?, None)
                }
                Input::File(path) => {
                    let saved = state.logs.get(&State::key(path));
                    let line_time = line_time.as_mut().map(|time_of| time_of as &mut dyn FnMut(&[u8]) -> Option<i64>);
                    let source = Source::open(path, &options, newest, chunk, saved, line_time, &mut notes)?;
                    (source, Some(path.clone()))
                }
            };
            sources.push(Reading { source, name, time: i64::MIN, timed: false, ended: false });
        }
        let stopped = Arc::default();
        let (last, kept) = (None, None);
        let mut tail = Self { sources, options, time_of, notes, watch, stopped, state, caught_up: false, last, kept };
        tail.keep_watch(Instant::now());
        Ok(tail)
    }

    /// What comes next; waits for it at most this long. What the event borrows is gone with the next call.
    pub fn next(&mut self, timeout: Duration) -> Event<'_> {
        let until = Instant::now() + timeout;
        let step = loop {
            let now = Instant::now();
            match self.step(now) {
                Step::Nothing if now >= until => break Step::Nothing,
                Step::Nothing => self.wait(now, until),
                step => break step,
            }
        };
        self.event(step)
    }

    /// What comes next as of this moment, without waiting: [`Event::Idle`] if there is nothing.
    pub fn look(&mut self, now: Instant) -> Event<'_> {
        let step = self.step(now);
        self.event(step)
    }

    /// What ends it from elsewhere.
    pub fn stopper(&self) -> Stopper {
        Stopper { stopped: Arc::clone(&self.stopped), wake: self.watch.wake() }
    }

    /// How far reading is.
    pub fn progress(&self) -> Progress {
        let files = self.sources.iter().map(|reading| reading.source.progress());
        let (read, all) = files.fold((0, 0), |(read, all), (more_read, more)| (read + more_read, all + more));
        Progress { read, all, caught_up: self.caught_up }
    }

    /// Keeps where reading is, if a state is kept. Everything that [`Tail::next`] gave so far counts as read: call it after
    /// that was dealt with, every few seconds and at the end.
    ///
    /// # Errors
    /// [`TailError::State`] if it cannot be written; the one before stays.
    pub fn save(&mut self) -> Result<(), TailError> {
        let Some(path) = &self.options.state else { return Ok(()) };
        for reading in &self.sources {
            if let Some(name) = &reading.name {
                self.state.logs.insert(State::key(name), reading.source.state());
            }
        }
        self.state.save(path)
    }

    fn event(&mut self, step: Step) -> Event<'_> {
        match step {
            Step::Chunk(source, stretch) => {
                let bytes = self.sources.get(source).map_or(&b""[..], |reading| reading.source.taken(stretch));
                Event::Chunk { source, bytes }
            }
            Step::Note(note) => Event::Note(note),
            Step::Nothing => Event::Idle,
            Step::End => Event::End,
        }
    }

    fn step(&mut self, now: Instant) -> Step {
        loop {
            if self.stopped.load(Ordering::Acquire) {
                return Step::End;
            }
            if let Some(note) = self.notes.pop_front() {
                return Step::Note(note);
            }
            let mut ready = Vec::new();
            let mut again = false;
            for (number, reading) in self.sources.iter_mut().enumerate().filter(|(_, reading)| !reading.ended) {
                match reading.source.fill(now, &mut self.notes) {
                    Fill::Ready => ready.push(number),
                    Fill::Again => again = true,
                    Fill::Dry => {}
                    Fill::Ended => reading.ended = true,
                }
            }
            // What happened to a file is told before the lines that follow from it.
            if again || !self.notes.is_empty() {
                continue;
            }
            if let Some((number, count)) = self.choose(&ready)
                && let Some(reading) = self.sources.get_mut(number)
            {
                self.last = Some(now);
                return Step::Chunk(number, reading.source.take(count));
            }
            self.caught_up = true;
            let is_over = self.sources.iter().all(|reading| reading.ended);
            return if is_over { Step::End } else { Step::Nothing };
        }
    }

    /// Which source is next, and how many bytes of it come before those of all others.
    fn choose(&mut self, ready: &[usize]) -> Option<(usize, usize)> {
        let first = *ready.first()?;
        let Some(time_of) = self.time_of.as_mut().filter(|_| ready.len() > 1) else {
            let reading = self.sources.get_mut(first)?;
            // Its time moves on, and is found anew where there is another to compare it with.
            reading.timed = false;
            return Some((first, reading.source.pending().len()));
        };
        let mut times = Vec::with_capacity(ready.len());
        for &number in ready {
            let reading = self.sources.get_mut(number)?;
            if !reading.timed {
                reading.timed = true;
                reading.time = later(reading.time, first_line(reading.source.pending()), number, time_of);
            }
            times.push((reading.time, number));
        }
        let (_, chosen) = *times.iter().min()?;
        let bound = times.iter().filter(|(_, number)| *number != chosen).min().copied()?;
        let reading = self.sources.get_mut(chosen)?;
        let pending = reading.source.pending();
        let mut count = 0;
        loop {
            count += first_line(pending.get(count..)?).len() + 1;
            let Some(rest) = pending.get(count..).filter(|rest| !rest.is_empty()) else {
                reading.timed = false;
                break;
            };
            reading.time = later(reading.time, first_line(rest), chosen, time_of);
            if (reading.time, chosen) > bound {
                break;
            }
        }
        Some((chosen, count.min(pending.len())))
    }

    /// Waits for a change, at most until then.
    fn wait(&mut self, now: Instant, until: Instant) {
        if self.kept.is_none_or(|kept| now.saturating_duration_since(kept) >= LOOK) {
            self.keep_watch(now);
        }
        let most = until.saturating_duration_since(now);
        if self.last.is_some_and(|last| now.saturating_duration_since(last) < BREATH) && most > BREATH {
            std::thread::sleep(BREATH);
            return;
        }
        self.watch.wait(if self.options.follow { most.min(LOOK) } else { most });
    }

    /// Watches the folders that are there now.
    fn keep_watch(&mut self, now: Instant) {
        self.kept = Some(now);
        let folders = self.sources.iter().flat_map(|reading| reading.source.folders());
        if let Err(why) = self.watch.keep(folders) {
            self.notes.push_back(Note::Polling(why));
        }
    }
}

/// The time of a line, not before that of the line in front of it.
fn later(before: i64, line: &[u8], source: usize, time_of: &mut TimeOf) -> i64 {
    time_of(source, line).unwrap_or(before).max(before)
}

fn first_line(bytes: &[u8]) -> &[u8] {
    let end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
    bytes.get(..end).unwrap_or(bytes)
}

fn of_stream(path: PathBuf, stream: std::io::Result<Stream>, chunk: usize) -> Result<Source, TailError> {
    let stream = stream.map_err(|error| TailError::of(&path, &error))?;
    Ok(Source::of_stream(path.clone(), Part::stream(path, stream), chunk))
}
