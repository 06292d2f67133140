//! Values as directives write them: flags, sizes, addresses.

use std::net::IpAddr;

use ipnet::IpNet;

use super::super::settings::Peers;
use super::super::tree::Directive;
use crate::gateway::ConfigError;

/// `on` or `off`.
///
/// # Errors
/// It is neither.
pub(super) fn flag(directive: &Directive) -> Result<bool, ConfigError> {
    match directive.args.as_slice() {
        [value] if value.eq_ignore_ascii_case(b"on") => Ok(true),
        [value] if value.eq_ignore_ascii_case(b"off") => Ok(false),
        _ => Err(directive.wrong(format!("invalid value \"{}\", it must be \"on\" or \"off\"", directive.text(0)))),
    }
}

/// A code: digits and nothing else.
pub(in crate::gateway::nginx) fn code(text: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    text.parse().ok()
}

/// `512`, `16k`, `10m`, `1g`.
///
/// # Errors
/// It is no size.
pub(super) fn size(directive: &Directive, text: &[u8]) -> Result<u64, ConfigError> {
    let invalid = || directive.wrong(format!("invalid value \"{}\"", String::from_utf8_lossy(text)));
    let (digits, unit) = match text.split_last() {
        Some((b'k' | b'K', digits)) => (digits, 1 << 10),
        Some((b'm' | b'M', digits)) => (digits, 1 << 20),
        Some((b'g' | b'G', digits)) => (digits, 1 << 30),
        _ => (text, 1_u64),
    };
    let number = std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    number.and_then(|number| number.parse::<u64>().ok()).and_then(|number| number.checked_mul(unit)).ok_or_else(invalid)
}

/// The same for what is kept in memory.
///
/// # Errors
/// It is no size.
pub(super) fn length(directive: &Directive, text: &[u8]) -> Result<usize, ConfigError> {
    Ok(usize::try_from(size(directive, text)?).unwrap_or(usize::MAX))
}

/// `all`, `unix:`, an address or a network.
///
/// # Errors
/// It is none of these.
pub(super) fn peers(text: &[u8]) -> Result<Peers, String> {
    let invalid = || format!("invalid parameter \"{}\"", String::from_utf8_lossy(text));
    match text {
        b"all" => return Ok(Peers::All),
        b"unix:" => return Ok(Peers::Unix),
        _ => {}
    }
    let text = std::str::from_utf8(text).map_err(|_| invalid())?;
    let net = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    // Low bits of an address are cut, with a warning.
    net.map(|net| Peers::Net(net.trunc())).ok_or_else(invalid)
}
