//! A live run by a proxy's own configuration: the flags that fit it to this machine, and what is said of it at the start.

// The doc comments of flags are the help text, where marks for code would be shown as they are.
#![allow(clippy::doc_markdown)]

use std::net::{IpAddr, ToSocketAddrs as _};
use std::sync::mpsc;
use std::time::Duration;

use clap::Args;

use crate::gateway::{Destination, Gateway, Mapping, Names, Proxy};
use crate::lanes::TapKind;
use crate::settings::{MappedPort, Settings};

/// Lines that are not understood and are told at the start, one by one.
const MOST_TOLD: usize = 10;
/// How long the start waits for all names to be looked up.
const LOOKING_UP: Duration = Duration::from_secs(2);

/// The ports of the configuration.
#[derive(Debug, Args)]
#[command(next_help_heading = "The proxy, by its own configuration")]
pub(super) struct PortArgs {
    /// Which address here stands for a port of the configuration, e.g. 80=8080; may be repeated, and then the other ports are
    /// left out
    #[arg(long, value_name = "PORT=ADDRESS", requires = "from", value_parser = MappedPort::parse)]
    map_listen: Vec<MappedPort>,
}

impl PortArgs {
    pub(super) fn mapped(&self) -> &[MappedPort] {
        &self.map_listen
    }
}

/// The names of the configuration.
#[derive(Debug, Args)]
#[command(next_help_heading = "The proxy, by its own configuration")]
pub(super) struct NameArgs {
    /// Where an upstream of the configuration is here, e.g. api:8000=127.0.0.1:8000, api=127.0.0.1 or unix:PATH=ADDRESS:PORT; may
    /// be repeated
    #[arg(long, value_name = "NAME=ADDRESS", requires = "from", value_parser = Mapping::parse)]
    map: Vec<Mapping>,
}

impl NameArgs {
    pub(super) fn names(&self) -> Names {
        Names::new(self.map.clone())
    }
}

/// What is said of a configuration at the start of a run.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// What was read, and what of it is not understood.
    pub lines: Vec<String>,
    /// What will not work as it stands here.
    pub warnings: Vec<String>,
}

/// The notes of a run by a configuration; none if there is none.
pub(super) fn notes(settings: &Settings) -> Notes {
    let Some(gateway) = settings.setup.gateway.as_ref().filter(|gateway| gateway.proxy != Proxy::Flags) else {
        return Notes::default();
    };
    let mut notes = Notes { lines: vec![summary(gateway)], warnings: Vec::new() };
    let doubts = &gateway.not_understood;
    notes.lines.extend(doubts.iter().take(MOST_TOLD).map(|doubt| format!("not understood: {doubt}")));
    if doubts.len() > MOST_TOLD {
        notes.lines.push(format!("not understood: {} more", doubts.len() - MOST_TOLD));
    }
    if let Some(here) = &settings.gateway {
        notes.warnings.extend(ports(settings, here));
        notes.warnings.extend(upstreams(here, &settings.names));
    } else {
        notes.warnings.extend(taps(settings));
    }
    if !doubts.is_empty() {
        let place = doubts.first().and_then(|doubt| doubt.place.as_ref());
        let place = place.map(|place| format!(", {place} first")).unwrap_or_default();
        let what = format!("{} not understood{place}: what rests on it gets a 501", lines(doubts.len()));
        notes.warnings.extend(settings.gateway.as_ref().map(|_| what));
    }
    notes
}

/// `nginx 1.29.7, by nginx.conf and 3 more files: 5 routers; 2 lines not understood; 1 remark (hopscope check)`
fn summary(gateway: &Gateway) -> String {
    let release = gateway.release.map(|release| format!(" {release}")).unwrap_or_default();
    let first = gateway.files.first().map(|file| file.display().to_string()).unwrap_or_default();
    let more = match gateway.files.len() {
        0 | 1 => String::new(),
        count => format!(" and {}", counted(count - 1, "more file")),
    };
    let routers = counted(gateway.routers.len(), "router");
    let mut text = format!("{}{release}, by {first}{more}: {routers}", gateway.proxy);
    if !gateway.not_understood.is_empty() {
        text = format!("{text}; {} not understood", lines(gateway.not_understood.len()));
    }
    if !gateway.remarks.is_empty() {
        text = format!("{text}; {} (hopscope check {first})", counted(gateway.remarks.len(), "remark"));
    }
    text
}

/// Ports that expect TLS and get none, and ports that nothing stands for.
fn ports(settings: &Settings, gateway: &Gateway) -> Vec<String> {
    let doors: Vec<_> = settings.listeners.iter().filter_map(|l| Some((l.door.as_ref()?, l.address))).collect();
    let mut told: Vec<String> = doors
        .iter()
        .filter(|(door, _)| door.tls)
        .map(|(door, here)| {
            let place = door.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
            format!("{place}port {} expects TLS: {here} takes plain HTTP, as if TLS had ended there", door.port)
        })
        .collect();
    let mut left: Vec<u16> = gateway.listeners.iter().map(|listen| listen.port).collect();
    left.retain(|port| !doors.iter().any(|(door, _)| door.port == *port));
    left.sort_unstable();
    left.dedup();
    told.extend(
        left.iter().map(|port| format!("port {port} is left out: --map-listen {port}=ADDRESS:PORT takes it in")),
    );
    told
}

/// Edge taps before a proxy of which it is not known which of its ports they send to.
fn taps(settings: &Settings) -> Vec<String> {
    let lost = settings.listeners.iter().filter(|listener| listener.kind == TapKind::Edge && listener.door.is_none());
    let told = lost.filter_map(|listener| {
        let to = listener.upstream.as_ref()?;
        Some(format!(
            "the configuration does not listen on port {}: --map-listen PORT={} says which port of it that is",
            to.port, to.port
        ))
    });
    told.collect()
}

/// Upstreams that cannot be reached as they are named.
fn upstreams(gateway: &Gateway, names: &Names) -> Vec<String> {
    let mut told = Vec::new();
    let mut strange = Vec::new();
    for to in gateway.upstreams() {
        match names.find(to) {
            Destination::Https(place) => {
                if !names.knows(to) && place.host.parse::<IpAddr>().is_err() {
                    strange.push((place.host, place.port));
                }
                told.push(format!("{to}: its certificate is not checked"));
            }
            Destination::Http(place) if !names.knows(to) && place.host.parse::<IpAddr>().is_err() => {
                strange.push((place.host, place.port));
            }
            Destination::Http(_) | Destination::Unix(_) => {}
        }
    }
    told.extend(unknown(strange).into_iter().map(|(host, port)| {
        format!("{host} is no name that is known here: --map {host}:{port}=ADDRESS:PORT says where it is")
    }));
    told
}

/// Those of these names that have no address. They are looked up side by side: a resolver that is not there takes its time.
fn unknown(names: Vec<(String, u16)>) -> Vec<(String, u16)> {
    let (sender, answers) = mpsc::channel();
    for (host, port) in names.clone() {
        let sender = sender.clone();
        std::thread::spawn(move || {
            let known = (host.as_str(), port).to_socket_addrs().is_ok_and(|mut all| all.next().is_some());
            // Nobody waits any more: then it does not matter.
            let _ = sender.send((host, port, known));
        });
    }
    drop(sender);
    let until = std::time::Instant::now() + LOOKING_UP;
    let mut unknown = names;
    while let Ok((host, port, known)) = answers.recv_timeout(until.saturating_duration_since(std::time::Instant::now()))
    {
        if known {
            unknown.retain(|name| *name != (host.clone(), port));
        }
    }
    unknown
}

/// `1 line is`, `2 lines are`
fn lines(count: usize) -> String {
    if count == 1 { "1 line is".to_owned() } else { format!("{count} lines are") }
}

/// `1 router`, `2 routers`
fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}
