//! Exchanges that need no judging because one just like them was judged to be plain.
//!
//! Computing lanes costs more than passing the request on did, and nearly all traffic is healthy and much alike. Whether an
//! exchange is plain ([`crate::diagnosis::is_plain`]) follows from its heads, its statuses, who talked to whom, and the
//! set-up; an exchange that equals a plain one in all of these is plain as well. Only a body that may send its reader
//! somewhere ([`telling`]) has a say too.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher, RandomState};

use crate::diagnosis::telling;
use crate::exchange::Exchange;

/// Shapes remembered at once; beyond it all are forgotten, which costs a little time and nothing else.
const SHAPES: usize = 8192;

/// The shapes of exchanges that were plain. The keys are random for each run, so nobody can craft a second exchange with
/// the shape of a first.
#[derive(Debug, Default)]
pub(super) struct Plain {
    hashing: RandomState,
    shapes: HashSet<u64>,
}

impl Plain {
    /// What the verdict follows from, as one number.
    pub(super) fn shape(&self, exchange: &Exchange) -> u64 {
        let mut hash = self.hashing.build_hasher();
        for half in [&exchange.edge, &exchange.app] {
            let Some(half) = half else {
                hash.write_u8(0);
                continue;
            };
            hash.write(half.request.as_bytes());
            hash.write_u16(half.status().unwrap_or_default());
            hash.write_u16(half.tap.0);
            for address in [Some(half.peer), half.upstream.map(|(to, _)| to), half.upstream.map(|(_, from)| from)] {
                match address.map(|address| address.ip().to_canonical()) {
                    Some(std::net::IpAddr::V4(ip)) => hash.write(&ip.octets()),
                    Some(std::net::IpAddr::V6(ip)) => hash.write(&ip.octets()),
                    None => hash.write_u8(0),
                }
            }
        }
        hash.write(telling(exchange).unwrap_or_default());
        hash.finish()
    }

    pub(super) fn knows(&self, shape: u64) -> bool {
        self.shapes.contains(&shape)
    }

    pub(super) fn remember(&mut self, shape: u64) {
        if self.shapes.len() >= SHAPES {
            self.shapes.clear();
        }
        self.shapes.insert(shape);
    }

    /// Forgets all: what is known of the set-up has changed.
    pub(super) fn forget(&mut self) {
        self.shapes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Sample, Side};

    fn exchange(request: &str, status: &str) -> Exchange {
        Sample::new(Side::App, request).unwrap().response(status, b"").unwrap().alone(1)
    }

    #[test]
    fn what_the_verdict_follows_from_makes_the_shape() {
        let plain = Plain::default();
        let shape = |request, status| plain.shape(&exchange(request, status));
        let one = shape("GET /a HTTP/1.1\nHost: h", "HTTP/1.1 200 OK");
        assert_eq!(one, shape("GET /a HTTP/1.1\nHost: h", "HTTP/1.1 200 Fine"));
        assert_ne!(one, shape("GET /b HTTP/1.1\nHost: h", "HTTP/1.1 200 OK"));
        assert_ne!(one, shape("GET /a HTTP/1.1\nHost: i", "HTTP/1.1 200 OK"));
        assert_ne!(one, shape("GET /a HTTP/1.1\nHost: h", "HTTP/1.1 404 Not Found"));
        let page = |body: &[u8]| {
            let sample = Sample::new(Side::App, "GET /a HTTP/1.1\nHost: h").unwrap();
            let answered = sample.response("HTTP/1.1 200 OK\ncontent-type: text/html", body).unwrap();
            plain.shape(&answered.alone(1))
        };
        assert_eq!(page(b"<img src=/a.png>"), page(b"<img src=/a.png>"));
        assert_ne!(page(b"<img src=/a.png>"), page(b"<img src=/b.png>"));
        let mut elsewhere = exchange("GET /a HTTP/1.1\nHost: h", "HTTP/1.1 200 OK");
        elsewhere.app.as_mut().unwrap().peer = "10.0.0.1:9".parse().unwrap();
        assert_ne!(one, plain.shape(&elsewhere));
    }
}
