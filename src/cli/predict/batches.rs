//! Lines in, answers out, in the same order: read, answered by several threads, written.
//!
//! ```text
//! reader ─▶ worker 0, 1, … in turn ─▶ writer, which asks the workers in the same turn
//! ```
//!
//! Every channel is bounded, so memory does not grow with the input. A batch is what one reading gave: who asks one
//! question and waits gets the answer at once, and who pours in a file keeps every processor busy.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Bytes read at once.
const CHUNK: usize = 1 << 16;
/// Batches that wait before and behind each worker.
const WAITING: usize = 2;
/// A line that is longer is no question; it must not fill the memory.
const LONGEST: usize = 16 << 20;

/// Whole lines, and the number of the first.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Batch {
    first: u64,
    bytes: Vec<u8>,
}

/// What a worker made of a batch.
#[derive(Debug, Default)]
pub(super) struct Answered {
    /// Lines of output.
    pub(super) text: Vec<u8>,
    /// How many of them say that the answer is not known.
    pub(super) unknown: u64,
}

impl Batch {
    /// The lines that say something, with their numbers; `None` in place of one that is too long.
    pub(super) fn lines(&self) -> impl Iterator<Item = (u64, Option<&[u8]>)> {
        let lines = (self.first..).zip(self.bytes.split(|&b| b == b'\n'));
        let said = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
        said.map(|(number, line)| (number, Some(line).filter(|line| line.len() <= LONGEST)))
    }
}

/// Cuts an input into batches of whole lines.
struct Batches<R> {
    input: R,
    /// The number of the line that `rest` begins.
    line: u64,
    /// A line whose end was not read yet; of one that is too long, as much as shows that it is.
    rest: Vec<u8>,
}

impl<R: BufRead> Batches<R> {
    fn new(input: R) -> Self {
        Self { input, line: 1, rest: Vec::new() }
    }

    /// The lines that one reading completes; `None` at the end.
    fn next(&mut self) -> io::Result<Option<Batch>> {
        loop {
            let read = match self.input.fill_buf() {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                read => read?,
            };
            if read.is_empty() {
                let bytes = std::mem::take(&mut self.rest);
                return Ok((!bytes.is_empty()).then_some(Batch { first: self.line, bytes }));
            }
            let length = read.len();
            let first_end = memchr::memchr(b'\n', read).unwrap_or(length);
            let last_end = memchr::memrchr(b'\n', read).map_or(first_end, |at| at + 1);
            let room = (LONGEST + 1).saturating_sub(self.rest.len());
            self.rest.extend_from_slice(read.get(..first_end.min(room)).unwrap_or_default());
            self.rest.extend_from_slice(read.get(first_end..last_end).unwrap_or_default());
            let ended = last_end > first_end;
            let tail = read.get(last_end..).unwrap_or_default().to_vec();
            self.input.consume(length);
            if ended {
                let bytes = std::mem::replace(&mut self.rest, tail);
                let first = self.line;
                self.line += memchr::memchr_iter(b'\n', &bytes).count() as u64;
                return Ok(Some(Batch { first, bytes }));
            }
        }
    }
}

/// Why not everything was answered.
#[derive(Debug)]
pub(super) enum Broken {
    /// The input could not be read.
    Input(io::Error),
    /// The answers could not be written.
    Output(io::Error),
}

/// Has every line of `input` answered by `threads` threads and writes the answers in order. Gives how many were unknown.
///
/// # Errors
/// [`Broken`]; what was answered before is written.
/// Each thread makes a `State` of its own, for what is worth keeping from one batch to the next.
pub(super) fn answer_all<State: 'static>(
    input: impl Read + Send + 'static,
    mut output: impl Write,
    threads: usize,
    state: impl Fn() -> State + Clone + Send + 'static,
    answer: fn(&mut State, &Batch) -> Answered,
) -> Result<u64, Broken> {
    let (to, from): (Vec<_>, Vec<_>) = (0..threads.max(1)).map(|_| worker(state.clone(), answer)).unzip();
    let reader = thread::spawn(move || read(input, &to));
    let mut unknown = 0;
    for answered in from.iter().cycle() {
        // Batches go round in order: where the next one does not come, there is none.
        let Ok(answered) = answered.recv() else { break };
        output.write_all(&answered.text).and_then(|()| output.flush()).map_err(Broken::Output)?;
        unknown += answered.unknown;
    }
    match reader.join() {
        Ok(read) => read.map_err(Broken::Input)?,
        // The panic hook has told of it.
        Err(_) => return Err(Broken::Input(io::Error::other("the reading broke off"))),
    }
    Ok(unknown)
}

/// A thread that answers batches, and the two ends to it.
fn worker<State: 'static>(
    state: impl Fn() -> State + Send + 'static,
    answer: fn(&mut State, &Batch) -> Answered,
) -> (SyncSender<Batch>, Receiver<Answered>) {
    let (to, batches) = sync_channel::<Batch>(WAITING);
    let (done, from) = sync_channel(WAITING);
    thread::spawn(move || {
        let mut state = state();
        while let Ok(batch) = batches.recv() {
            if done.send(answer(&mut state, &batch)).is_err() {
                break;
            }
        }
    });
    (to, from)
}

/// Hands the batches to the workers in turn, until the input ends or nobody wants them any more.
fn read(input: impl Read, workers: &[SyncSender<Batch>]) -> io::Result<()> {
    let mut batches = Batches::new(BufReader::with_capacity(CHUNK, input));
    for worker in workers.iter().cycle() {
        let Some(batch) = batches.next()? else { break };
        // A worker goes away where nobody reads its answers any more, which the writer knows, or where it broke off.
        worker.send(batch).map_err(|_| io::Error::other("an answer broke off"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its bytes in pieces of a few, as a slow pipe does.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let size = self.1.min(buffer.len()).min(self.0.len());
            let (now, later) = self.0.split_at(size);
            buffer[..size].copy_from_slice(now);
            self.0 = later;
            Ok(size)
        }
    }

    /// The lines of an input that comes in pieces of `size` bytes.
    fn lines(input: &[u8], size: usize) -> Vec<(u64, String)> {
        let mut batches = Batches::new(BufReader::with_capacity(CHUNK, Slow(input, size)));
        let mut all = Vec::new();
        while let Some(batch) = batches.next().unwrap() {
            let told =
                |line: Option<&[u8]>| line.map_or_else(|| "too long".into(), |l| String::from_utf8_lossy(l).into());
            all.extend(batch.lines().map(|(number, line)| (number, told(line))));
        }
        all
    }

    #[test]
    fn lines_are_whole_and_numbered_however_they_come() {
        let expected: Vec<(u64, String)> = vec![(1, "a".into()), (3, "bb\r".into()), (4, "ccc".into())];
        for size in 1..14 {
            assert_eq!(lines(b"a\n \nbb\r\nccc", size), expected, "{size}");
            assert_eq!(lines(b"a\n\nbb\r\nccc\n", size), expected, "{size}");
        }
        assert!(lines(b"", 1).is_empty());
    }

    #[test]
    fn a_line_that_is_too_long_is_told_and_not_kept() {
        let mut input = b"a\n".to_vec();
        input.resize(LONGEST + CHUNK, b'x');
        input.extend_from_slice(b"\nb\n");
        assert_eq!(lines(&input, CHUNK), [(1, "a".into()), (2, "too long".into()), (3, "b".into())]);
        let mut batches = Batches::new(BufReader::with_capacity(CHUNK, &input[2..]));
        assert!(batches.next().unwrap().unwrap().bytes.len() <= LONGEST + 1 + CHUNK);
    }

    /// A line for each number.
    fn numbers(numbers: impl Iterator<Item = u64>) -> Vec<u8> {
        numbers.flat_map(|number| format!("{number}\n").into_bytes()).collect()
    }

    #[test]
    fn answers_come_in_the_order_of_the_questions() {
        fn echo((): &mut (), batch: &Batch) -> Answered {
            Answered { text: numbers(batch.lines().map(|(number, _)| number)), unknown: 1 }
        }
        let input = "question\n".repeat(100_000);
        let expected = numbers(1..=100_000);
        for threads in [1, 2, 5] {
            let mut output = Vec::new();
            let unknown = answer_all(io::Cursor::new(input.clone()), &mut output, threads, || (), echo).unwrap();
            assert!(unknown > 1, "more than one batch");
            assert!(output == expected, "{threads}");
        }
    }
}
