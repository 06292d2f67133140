//! granian: not modelled yet.

use std::net::IpAddr;

use super::{Ends, HeaderUse, Model, OwnOption, Server};
use crate::asgi::{Outcome, Release};
use crate::forwarded::Verdict;

/// The newest release that is modelled; a newer one is taken to be like it.
pub(super) const NEWEST: Release = Release::new(2, 8, 7);

/// Its own options.
pub(super) const OPTIONS: &[OwnOption] = &[];

/// What only granian can be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {}

impl Model for Options {
    fn receive(&self, _: &Server, _: &[u8], _: &Ends) -> Outcome {
        Outcome::Unknown { why: "granian is not modelled".to_owned() }
    }

    fn trust(&self, _: &Server, _: Option<IpAddr>) -> Verdict {
        Verdict { trusted: false, why: "granian is not modelled".to_owned() }
    }

    fn reads_forwarded(&self) -> bool {
        false
    }

    fn reading(&self, _: &Server, _: &str, _: &[&[u8]], _: bool) -> HeaderUse {
        HeaderUse::Unknown("granian is not modelled".to_owned())
    }

    fn note(&self, _: Release) -> Option<String> {
        Some("granian is not modelled".to_owned())
    }

    fn set(&mut self, _: &str, _: &str) -> Result<(), &'static str> {
        Err("granian is not modelled")
    }
}
