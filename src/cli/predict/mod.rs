//! `hopscope predict`: questions in, answers out, one JSON object a line each, for scripts and continuous integration.

mod answer;
mod question;

use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Read, Write};

use clap::Args;

use super::{Exit, Failure};
use answer::Answer;
use question::Question;

/// Answer questions about requests in bulk: JSON lines on stdin, JSON lines on stdout
#[derive(Debug, Args)]
pub(super) struct PredictArgs {}

/// Answers every line of stdin.
pub(super) fn run(_: &PredictArgs) -> Result<Exit, Failure> {
    let questions = BufReader::with_capacity(1 << 16, io::stdin().lock());
    match answer_all(questions, BufWriter::with_capacity(1 << 16, io::stdout().lock())) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::unreadable(error)),
        Ok(()) | Err(_) => Ok(Exit::Fine),
    }
}

/// One line at a time, so that memory does not grow with the input. Answers are held back only while there are more
/// questions at hand, so that a program may ask one by one.
fn answer_all(mut questions: BufReader<impl Read>, mut answers: impl Write) -> io::Result<()> {
    let mut line = Vec::new();
    let mut number = 0_u64;
    while questions.read_until(b'\n', &mut line)? > 0 {
        number += 1;
        if !line.trim_ascii().is_empty() {
            serde_json::to_writer(&mut answers, &answer(&line, number))?;
            answers.write_all(b"\n")?;
        }
        line.clear();
        if questions.buffer().is_empty() {
            answers.flush()?;
        }
    }
    answers.flush()
}

fn answer(line: &[u8], number: u64) -> Answer {
    match serde_json::from_slice::<Question>(line) {
        Ok(question) => {
            let id = question.id.clone();
            question
                .outcome()
                .map_or_else(|why| Answer::unknown(id.clone(), why), |outcome| Answer::of(id.clone(), &outcome))
        }
        Err(error) => Answer::unknown(serde_json::Value::Null, format!("line {number} is no question: {error}")),
    }
}
