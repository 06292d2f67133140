//! What the command line means: validated, complete, nothing optional below this line that need not be.
//!
//! This room exists so that no other room parses a flag. Each value has one reader here; a reader's error says what the
//! value should have been, and the command line names the flag and the value before it.

mod doors;
mod listen;
mod machine;
mod output;
mod quantity;
mod server;
mod setup;
mod when;

pub use doors::{MappedPort, door_behind, stand_ins};
pub use listen::{Listener, TapSpec, parse_listen};
pub use machine::Machine;
pub use output::{Color, FailOn, Findings, FindingsFile, FindingsFormat, Format, Output, Theme};
pub use quantity::{parse_duration, parse_size};
pub use server::{Evidence, ServerFacts, installed_framework};
pub use setup::{AppFacts, setup};
pub use when::When;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::exchange::probe::ProbeKey;
use crate::gateway::{Gateway, Names, Options};
use crate::lanes::Setup;

/// Everything a live run needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The listeners; their place in the list is their `TapId`.
    pub listeners: Vec<Listener>,
    /// The stand-in, if hopscope is the proxy.
    pub gateway: Option<Gateway>,
    /// Where the names of its configuration are.
    pub names: Names,
    /// The configuration that was read, to be read again when it changes.
    pub source: Option<Source>,
    /// What is known of the set-up, for the lanes and the rules.
    pub setup: Setup,
    /// What of it the flags say of the app's server.
    pub server: ServerFacts,
    /// Bounds of what is kept and waited for.
    pub bounds: Bounds,
    /// What is shown, and when to stop.
    pub output: Output,
    /// Where the causes are written, and which are known.
    pub findings: Findings,
    /// Access logs that are followed beside the taps.
    pub access_logs: Vec<PathBuf>,
    /// The address app taps connect from, if not the system's choice.
    pub tap_source: Option<IpAddr>,
    /// True if the app may be asked for its `openapi.json`.
    pub ask_app: bool,
    /// What the probe in the app is asked with, if it is asked.
    pub probe: Option<ProbeKey>,
    /// True if the process of the app's server may be looked at.
    pub find_server: bool,
}

/// A configuration of a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The files and folders that were named.
    pub paths: Vec<PathBuf>,
    /// How they are read.
    pub options: Options,
}

impl Settings {
    /// The listeners that others than this machine can reach.
    pub fn exposed(&self) -> impl Iterator<Item = &Listener> {
        self.listeners.iter().filter(|listener| !listener.address.ip().to_canonical().is_loopback())
    }
}

/// Bounds of what is kept and waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Exchanges kept at most.
    pub requests: usize,
    /// Bytes held by them at most.
    pub memory: usize,
    /// Bytes kept of one body at most; more passes, but is not kept.
    pub body: usize,
    /// Bytes of one message head at most; a longer one is refused.
    pub head: usize,
    /// How long either side may be silent.
    pub idle: Duration,
}
