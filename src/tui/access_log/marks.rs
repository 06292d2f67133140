//! Which rows belong to which cause, by the lines that show it.

use std::collections::HashMap;

use crate::access_log::format::Clock;
use crate::access_log::routes;
use crate::access_log::traffic::{By, client_key};
use crate::diagnosis::log::{LogCause, code_of};
use crate::store::LogBook;

/// Codes by row; of several the worst.
#[derive(Debug, Default)]
pub(super) struct Marks {
    rows: HashMap<(By, Vec<u8>), &'static str>,
}

impl Marks {
    /// Reads the lines that causes keep as evidence.
    pub(super) fn of(book: &LogBook) -> Self {
        let mut marks = Self::default();
        for cause in book.causes() {
            cause.lines.iter().for_each(|line| marks.add(book, cause, line));
        }
        marks
    }

    fn add(&mut self, book: &LogBook, cause: &LogCause, line: &[u8]) {
        let mut clock = Clock::default();
        for source in 0..book.sources().len() {
            let Ok(record) = book.read(source, line, &mut clock) else { continue };
            // A line may show one cause and belong to another that is worse.
            let code = code_of(&record, book.causes()).unwrap_or(cause.finding.code);
            let path = record.escape.decode(record.request.path()).into_owned();
            let mut route = Vec::new();
            routes::template(&path, &mut route);
            let mut mark = |by, key: Vec<u8>| {
                self.rows.entry((by, key)).or_insert(code);
            };
            mark(By::Path, path);
            mark(By::Route, route);
            if cause.finding.about.as_bytes() == &*client_key(record.client) {
                mark(By::Client, client_key(record.client).into_vec());
            }
            return;
        }
    }

    /// The code of the cause that a row belongs to.
    pub(super) fn code(&self, by: By, key: &[u8]) -> Option<&'static str> {
        self.rows.get(&(by, key.to_vec())).copied()
    }
}
