//! The session's recent requests, one of each shape, to try fixes on.
//!
//! This file exists so that a fix can be held against more than the request that asked for it, at a bounded price: a
//! thousand requests for one page are one shape, whose newest is kept.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::exchange::{Exchange, Half, Target};

/// Shapes kept; beyond it the one that was longest not seen goes.
const MOST: usize = 64;
/// Segments of a path that tell shapes apart: `/items/1/a` and `/items/1/b` are alike.
const SEGMENTS: usize = 3;

/// Recent requests.
#[derive(Debug, Default)]
pub(super) struct Recent {
    /// The last seen at the end.
    seen: VecDeque<(u64, Arc<Exchange>)>,
    /// Shapes that were new when they came, in all.
    shapes: usize,
}

impl Recent {
    /// Remembers a finished exchange in place of the last one of its shape.
    pub(super) fn remember(&mut self, exchange: &Arc<Exchange>) {
        let shape = shape(exchange);
        match self.seen.iter().position(|(known, _)| *known == shape) {
            Some(at) => drop(self.seen.remove(at)),
            None => self.shapes += 1,
        }
        if self.seen.len() == MOST {
            self.seen.pop_front();
        }
        self.seen.push_back((shape, Arc::clone(exchange)));
    }

    /// What is remembered, the newest first.
    pub(super) fn newest(&self) -> impl Iterator<Item = &Arc<Exchange>> {
        self.seen.iter().rev().map(|(_, exchange)| exchange)
    }

    /// How many shapes have been seen so far.
    pub(super) const fn shapes(&self) -> usize {
        self.shapes
    }
}

/// What makes requests alike: method, host, the beginning of the path, where it was seen, and what came of it.
fn shape(exchange: &Exchange) -> u64 {
    let mut hasher = DefaultHasher::new();
    for half in [&exchange.edge, &exchange.app] {
        let Some(half) = half.as_deref() else {
            0_u8.hash(&mut hasher);
            continue;
        };
        half.request.method().hash(&mut hasher);
        half.request.get("host").hash(&mut hasher);
        half.request.is_websocket().hash(&mut hasher);
        half.status().hash(&mut hasher);
        for segment in segments(half) {
            segment.hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// The first segments of the path. A number stands for any other, and a final slash counts.
fn segments(half: &Half) -> impl Iterator<Item = &[u8]> {
    let path = Target::new(half.request.target()).path();
    let slash = path.ends_with(b"/").then_some(&b"/"[..]);
    let number = |segment: &'_ [u8]| !segment.is_empty() && segment.iter().all(u8::is_ascii_digit);
    let named = path.split(|&b| b == b'/').skip(1).take(SEGMENTS);
    named.map(move |segment| if number(segment) { b"0" } else { segment }).chain(slash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Sample, Side};

    fn exchange(id: u64, target: &str, status: u16) -> Arc<Exchange> {
        let half = |side| {
            let request = Sample::new(side, &format!("GET {target} HTTP/1.1\nHost: h")).unwrap();
            request.response(&format!("HTTP/1.1 {status} X"), b"").unwrap()
        };
        Arc::new(half(Side::Edge).paired(id, half(Side::App)))
    }

    #[test]
    fn one_of_each_shape_is_kept_and_the_newest() {
        let mut recent = Recent::default();
        for (id, (target, status)) in
            [("/items/1", 200), ("/items/2?q", 200), ("/items/2", 404), ("/items/2/", 200), ("/items/x", 200)]
                .into_iter()
                .enumerate()
        {
            recent.remember(&exchange(id as u64, target, status));
        }
        assert_eq!(recent.newest().map(|e| e.id.0).collect::<Vec<_>>(), [4, 3, 2, 1]);
        assert_eq!(recent.shapes(), 4);
    }

    #[test]
    fn however_many_come_few_are_kept() {
        let mut recent = Recent::default();
        for id in 0..1000 {
            recent.remember(&exchange(id, &format!("/p{id}"), 200));
        }
        assert_eq!((recent.newest().count(), recent.shapes()), (MOST, 1000));
    }
}
