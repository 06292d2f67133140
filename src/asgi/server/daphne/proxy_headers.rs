//! `--proxy-headers`: what forwarding headers do to `client` and `scheme`, whoever sends them.
//!
//! Source of the rules: daphne 4.2 `utils.py`, `parse_x_forwarded_for`; the same since 3.0.

use super::super::HeaderUse;
use super::{Options, failed};
use crate::asgi::{Address, Outcome};
use crate::forwarded::{Verdict, python};

/// The header with the scheme; its name cannot be changed.
const PROTO: &str = "x-forwarded-proto";

/// What the headers say in place of the socket.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Forwarded {
    pub(super) client: Address,
    pub(super) scheme: Option<String>,
}

/// Reads the headers; `value_of` gives the value that counts under a name in lower case. `None` if daphne was not told to,
/// or if there is no address: then nothing else is read either.
pub(super) fn read<'a>(
    options: &Options,
    value_of: impl Fn(&str) -> Option<&'a [u8]>,
) -> Result<Option<Forwarded>, Outcome> {
    let Some(address) = options.proxy_headers.then(|| value_of(&options.host_header())).flatten() else {
        return Ok(None);
    };
    let address = text(address)?;
    let host = address.split_once(',').map_or(address, |(first, _)| python::strip(first));
    let port = value_of(&options.port_header()).map(text).transpose()?.map_or(Ok(None), port)?;
    let scheme = value_of(PROTO).map(text).transpose()?.map(str::to_owned);
    Ok(Some(Forwarded { client: Address::new(host, port.unwrap_or(0)), scheme }))
}

/// Values are UTF-8 or daphne fails.
fn text(value: &[u8]) -> Result<&str, Outcome> {
    std::str::from_utf8(value).map_err(|_| failed("a forwarding header that it reads is not UTF-8"))
}

/// `int(text)`, which also takes the digits of other scripts and of any length.
fn port(text: &str) -> Result<Option<i64>, Outcome> {
    let port = python::int(text);
    let foreign = text.chars().any(|c| !c.is_ascii() && c.is_numeric());
    if foreign || matches!(port, Some(i64::MAX | i64::MIN)) {
        return Err(Outcome::Unknown { why: "a port in digits that are not modelled".to_owned() });
    }
    Ok(port)
}

/// Whether anyone's headers are read: daphne has no list of peers.
pub(super) fn verdict(options: &Options) -> Verdict {
    let why = if options.proxy_headers {
        "--proxy-headers: daphne believes every peer"
    } else {
        "daphne was started without --proxy-headers"
    };
    Verdict { trusted: options.proxy_headers, why: why.to_owned() }
}

/// Whether a forwarding header takes effect, and why not.
pub(super) fn reading(options: &Options, name: &str, lines: &[&[u8]]) -> HeaderUse {
    let [host, port_header] = [options.host_header(), options.port_header()];
    let Some(first) = lines.first() else { return HeaderUse::Unused("not sent".to_owned()) };
    if name == "daphne-root-path" {
        HeaderUse::Used
    } else if name != host && name != port_header && name != PROTO {
        if matches!(name, "host" | "via") { HeaderUse::Plain } else { HeaderUse::NotRead }
    } else if !options.proxy_headers {
        HeaderUse::Unused("daphne was started without --proxy-headers".to_owned())
    } else if text(first).is_err() {
        HeaderUse::Unused("it is not UTF-8: daphne fails on it".to_owned())
    } else if name == port_header && name != host {
        match text(first).and_then(port) {
            Ok(Some(_)) => HeaderUse::Used,
            Ok(None) => HeaderUse::Unused(format!("\"{}\" is no number", first.escape_ascii())),
            Err(_) => HeaderUse::Unknown("a port in digits that are not modelled".to_owned()),
        }
    } else {
        HeaderUse::Used
    }
}

/// The header without which `name` is not read.
pub(super) fn read_with(options: &Options, name: &str) -> Option<String> {
    let host = options.host_header();
    (options.proxy_headers && name != host && (name == PROTO || name == options.port_header())).then_some(host)
}
