//! A format and lines that anybody wrote: they are read or refused, and a column lies within the line.

#![no_main]

use hopscope::access_log::format::{Clock, sample};
use hopscope::access_log::{Escape, Format, Lines};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], u8, &[u8])| {
    let (text, way, log) = input;
    let escape = [Escape::Default, Escape::Json, Escape::None][usize::from(way % 3)];
    let detected = Format::detect(&sample(log, &[])).ok().map(|found| found.format);
    let named = Format::names().filter_map(Format::named);
    for format in Format::compile(text, escape).ok().into_iter().chain(detected).chain(named) {
        let (mut lines, mut clock) = (Lines::default(), Clock::default());
        let mut read = |line: &[u8]| match format.read(line, &mut clock) {
            Ok(record) => drop((record.escape.decode(record.request.path()), record.upstream.time())),
            Err(unread) => assert!(unread.column <= line.len()),
        };
        lines.push(log, &mut read);
        lines.finish(read);
    }
});
