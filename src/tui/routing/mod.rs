//! The Routes page: the proxy's routers, a URL that is tried without being sent, what would come of it were proxy, server
//! and app set up otherwise, and what each server makes of the prefix.
//!
//! What it shows is computed in `seen`, once for each set-up, router and URL, and written out in the files beside it.

mod act;
mod router_text;
mod seen;
mod server_text;
mod trial_text;

pub(super) use act::{act, choose, go, scroll};
pub(super) use router_text::{checks, routers};
pub(super) use seen::RoutesSeen;
pub(super) use server_text::servers;
pub(super) use trial_text::{trial, what_ifs};

use crate::gateway::Place;

/// What stands beside, or below, the routers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Panel {
    /// The tried URL, and the what-ifs below it.
    #[default]
    Trial,
    /// The what-ifs alone.
    WhatIfs,
    /// The servers.
    Servers,
}

/// What the page remembers between two frames.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Routing {
    /// The line of the chosen router.
    pub(super) cursor: usize,
    /// The URL to try as it was typed; empty for one that the chosen router takes.
    pub(super) url: String,
    pub(super) panel: Panel,
    /// How far the panel is scrolled.
    pub(super) scroll: usize,
}

/// Lines of a file, around the one that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// The line that is meant.
    pub(super) place: Place,
    /// Number and text of each line, or why there are none.
    pub(super) lines: Result<Vec<(u32, String)>, String>,
}

/// Lines before and after the one that is meant.
const AROUND: u32 = 8;

impl Excerpt {
    /// Cuts the lines around a place out of its file.
    pub(super) fn of(place: Place, contents: std::io::Result<Vec<u8>>) -> Self {
        let lines = contents.map_err(|error| error.to_string()).map(|bytes| {
            let first = place.line.saturating_sub(AROUND).max(1);
            let wanted = first..=place.line.saturating_add(AROUND);
            let lines = (1..).zip(bytes.split(|&b| b == b'\n')).skip_while(|(number, _)| *number < first);
            let text = |line: &[u8]| String::from_utf8_lossy(line.trim_ascii_end()).replace('\t', "    ");
            let lines = lines.take_while(|(number, _)| wanted.contains(number));
            lines.map(|(number, line)| (number, crate::lanes::visible::visible(text(line).as_bytes()))).collect()
        });
        Self { place, lines }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn an_excerpt_holds_the_line_that_is_meant() {
        let text = "\tline\n".repeat(40);
        let numbers = |line| {
            let excerpt = Excerpt::of(Place::new(Path::new("f"), line), Ok(text.clone().into_bytes()));
            let lines = excerpt.lines.unwrap();
            (lines.first().unwrap().0, lines.last().unwrap().0)
        };
        assert_eq!((numbers(1), numbers(20), numbers(40)), ((1, 9), (12, 28), (32, 41)));
    }
}
