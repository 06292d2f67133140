//! How a sample is compared with what a condition names (`pattern.c`, 2.6).

use std::net::IpAddr;

use super::sample::{Kind, Strange, Value};
use crate::gateway::pcre::Regex;

/// The way of comparing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// There is a sample at all.
    Found,
    /// The sample is true.
    Truth,
    /// A number or a range of them.
    Number,
    /// An address or a network.
    Address,
    /// The length of the text.
    Length,
    /// The whole text.
    Exact,
    /// Its start.
    Begin,
    /// Its end.
    End,
    /// Anything in it.
    Contains,
    /// A part between slashes and question marks.
    Directory,
    /// A part between those, dots and colons.
    Domain,
    /// A regular expression, anywhere in it.
    Regex,
}

impl Method {
    /// The method that `-m` names.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "found" => Self::Found,
            "bool" => Self::Truth,
            "int" => Self::Number,
            "ip" => Self::Address,
            "len" => Self::Length,
            "str" => Self::Exact,
            "beg" => Self::Begin,
            "end" => Self::End,
            "sub" => Self::Contains,
            "dir" => Self::Directory,
            "dom" => Self::Domain,
            "reg" => Self::Regex,
            _ => return None,
        })
    }

    /// The method for samples of a kind, where none is named.
    pub(super) fn of(kind: Kind) -> Self {
        match kind {
            Kind::Text | Kind::Any => Self::Exact,
            Kind::Number => Self::Number,
            Kind::Truth => Self::Truth,
            Kind::Address => Self::Address,
        }
    }
}

/// Something that a sample is compared with.
#[derive(Clone, Debug)]
pub(super) enum Pattern {
    /// A text, and how it is compared.
    Text {
        /// How.
        method: Method,
        /// With what.
        text: Vec<u8>,
        /// Without regard to case.
        ignore_case: bool,
    },
    /// The least and the greatest number; of the length if so.
    Range {
        /// The least.
        least: Option<i64>,
        /// The greatest.
        greatest: Option<i64>,
        /// The length of the text is meant.
        length: bool,
    },
    /// A network: its address and how many bits of it count.
    Network(IpAddr, u8),
    /// A regular expression.
    Regex(Regex),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What of it is not modelled.
    pub(super) fn new(method: Method, text: &str, ignore_case: bool) -> Result<Self, Strange> {
        Ok(match method {
            Method::Number | Method::Length => {
                let (least, greatest) = range(text).ok_or_else(|| format!("{text:?} is no number or range"))?;
                Self::Range { least, greatest, length: method == Method::Length }
            }
            Method::Address => network(text).ok_or_else(|| format!("{text:?} is no address or network"))?,
            Method::Regex => Self::Regex(Regex::new(text, ignore_case)?),
            method => Self::Text { method, text: text.as_bytes().to_vec(), ignore_case },
        })
    }

    /// A comparison with a number: `eq`, `ge`, `gt`, `le`, `lt`.
    pub(super) fn compared(self, operator: &str) -> Option<Self> {
        let Self::Range { least: Some(least), greatest: Some(greatest), length } = self else { return None };
        if least != greatest {
            return None;
        }
        let (least, greatest) = match operator {
            "eq" => (Some(least), Some(least)),
            "ge" => (Some(least), None),
            "gt" => (Some(least.checked_add(1)?), None),
            "le" => (None, Some(least)),
            "lt" => (None, Some(least.checked_sub(1)?)),
            _ => return None,
        };
        Some(Self::Range { least, greatest, length })
    }

    /// The length of its text.
    pub(super) fn length(&self) -> usize {
        if let Self::Text { text, .. } = self { text.len() } else { 0 }
    }

    /// The text of a prefix that is compared with case.
    pub(super) fn prefix(&self) -> Option<&[u8]> {
        match self {
            Self::Text { method: Method::Begin, text, ignore_case: false } => Some(text),
            _ => None,
        }
    }

    /// True if the value is as the pattern says.
    pub(super) fn matches(&self, value: &Value) -> bool {
        match self {
            Self::Text { method, text, ignore_case } => text_matches(*method, text, *ignore_case, &value.text()),
            Self::Range { least, greatest, length } => {
                let number = if *length { i64::try_from(value.text().len()).ok() } else { value.number() };
                number.is_some_and(|n| least.is_none_or(|least| least <= n) && greatest.is_none_or(|most| n <= most))
            }
            Self::Network(network, bits) => value.address().is_some_and(|address| inside(address, *network, *bits)),
            Self::Regex(pattern) => pattern.is_match(&value.text()),
        }
    }
}

/// Compares texts.
fn text_matches(method: Method, pattern: &[u8], ignore_case: bool, text: &[u8]) -> bool {
    if ignore_case {
        return text_matches(method, &pattern.to_ascii_lowercase(), false, &text.to_ascii_lowercase());
    }
    match method {
        Method::Begin => text.starts_with(pattern),
        Method::End => text.ends_with(pattern),
        Method::Contains => memchr::memmem::find(text, pattern).is_some(),
        Method::Directory => word(text, pattern, b"/?"),
        Method::Domain => word(text, pattern, b"/?.:"),
        _ => text == pattern,
    }
}

/// True if the pattern, less the delimiters around it, stands between delimiters in the text.
fn word(text: &[u8], pattern: &[u8], delimiters: &[u8]) -> bool {
    let is_delimiter = |b: &u8| delimiters.contains(b);
    let start = pattern.iter().take_while(|b| is_delimiter(b)).count();
    let pattern = pattern.get(start..).unwrap_or_default();
    let end = pattern.iter().rev().take_while(|b| is_delimiter(b)).count();
    let pattern = pattern.get(..pattern.len() - end).unwrap_or_default();
    let mut at_start = true;
    for (at, b) in text.iter().enumerate() {
        if is_delimiter(b) {
            at_start = true;
        } else if std::mem::take(&mut at_start) {
            let rest = text.get(at..).unwrap_or_default();
            if rest.strip_prefix(pattern).is_some_and(|rest| rest.first().is_none_or(is_delimiter)) {
                return true;
            }
        }
    }
    false
}

/// `5`, `1:10`, `:10`, `1:`
fn range(text: &str) -> Option<(Option<i64>, Option<i64>)> {
    let bound = |text: &str| if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) };
    match text.split_once(':') {
        Some((least, greatest)) => Some((bound(least)?, bound(greatest)?)),
        None => text.parse().ok().map(|number| (Some(number), Some(number))),
    }
}

/// `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `::1`
pub(super) fn network(text: &str) -> Option<Pattern> {
    let (address, mask) = text.split_once('/').unwrap_or((text, ""));
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = match mask {
        "" => most,
        mask => mask.parse().ok().or_else(|| mask_length(mask))?,
    };
    (bits <= most).then_some(Pattern::Network(address, bits))
}

/// The length of a mask that is written as an address.
fn mask_length(mask: &str) -> Option<u8> {
    let mask = u32::from(mask.parse::<std::net::Ipv4Addr>().ok()?);
    let bits = mask.leading_ones();
    if mask.count_ones() == bits { u8::try_from(bits).ok() } else { None }
}

/// True if an address is in a network. One IPv6 address that holds an IPv4 one is taken as that.
fn inside(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let bits = u32::from(bits);
    match (address.to_canonical(), network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let shift = 32 - bits.min(32);
            (u64::from(u32::from(address)) >> shift) == (u64::from(u32::from(network)) >> shift)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            bits == 0
                || (u128::from(address) >> (128 - bits.min(128))) == (u128::from(network) >> (128 - bits.min(128)))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(method: &str, pattern: &str, text: &str) -> bool {
        let method = Method::named(method).unwrap();
        Pattern::new(method, pattern, false).unwrap().matches(&Value::Text(text.as_bytes().to_vec()))
    }

    #[test]
    fn how_texts_are_compared() {
        for (method, pattern, text, expected) in [
            ("beg", "/api", "/apix", true),
            ("beg", "/api", "/ap", false),
            ("end", ".php", "/x.php", true),
            ("sub", "adm", "/xadmin", true),
            ("dir", "api", "/v1/api/x", true),
            ("dir", "/api/", "/v1/api?x", true),
            ("dir", "api", "/v1/apix", false),
            ("dom", "example", "www.example.com:80", true),
            ("dom", "example.com", "www.example.com", true),
            ("dom", "ample", "www.example.com", false),
            ("str", "", "", true),
            ("len", "2:3", "ab", true),
            ("int", "1:3", "4", false),
            ("ip", "10.0.0.0/8", "10.1.2.3", true),
            ("ip", "10.0.0.0/255.0.0.0", "11.1.2.3", false),
            ("ip", "::1", "::1", true),
            ("reg", "^/a.c$", "/abc", true),
        ] {
            assert_eq!(matches(method, pattern, text), expected, "{method} {pattern} {text}");
        }
    }
}
