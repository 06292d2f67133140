//! daphne: not modelled yet.

use std::net::IpAddr;

use super::{Ends, HeaderUse, Model, OwnOption, Server};
use crate::asgi::{Outcome, Release};
use crate::forwarded::Verdict;

/// The newest release that is modelled; a newer one is taken to be like it.
pub(super) const NEWEST: Release = Release::new(4, 2, 3);

/// Its own options.
pub(super) const OPTIONS: &[OwnOption] = &[];

/// What only daphne can be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {}

impl Model for Options {
    fn receive(&self, _: &Server, _: &[u8], _: &Ends) -> Outcome {
        Outcome::Unknown { why: "daphne is not modelled".to_owned() }
    }

    fn trust(&self, _: &Server, _: Option<IpAddr>) -> Verdict {
        Verdict { trusted: false, why: "daphne is not modelled".to_owned() }
    }

    fn reads_forwarded(&self) -> bool {
        false
    }

    fn reading(&self, _: &Server, _: &str, _: &[&[u8]], _: bool) -> HeaderUse {
        HeaderUse::Unknown("daphne is not modelled".to_owned())
    }

    fn note(&self, _: Release) -> Option<String> {
        Some("daphne is not modelled".to_owned())
    }

    fn set(&mut self, _: &str, _: &str) -> Result<(), &'static str> {
        Err("daphne is not modelled")
    }
}
