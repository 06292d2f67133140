//! Samples: what an expression such as `req.hdr(host),lower` fetches from a request and makes of it (`sample.c`,
//! `http_fetch.c`, 2.6).

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use super::convert::Converter;
use super::fetch::Fetch;
use super::message::{Fields, Message};
use crate::gateway::{Files, NotUnderstood};

/// A value that was fetched or made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Bytes.
    Text(Vec<u8>),
    /// A number.
    Number(i64),
    /// Yes or no.
    Truth(bool),
    /// An address.
    Address(IpAddr),
}

/// What kind of value an expression gives, where no match method is named the one that decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// [`Value::Text`]
    Text,
    /// [`Value::Number`]
    Number,
    /// [`Value::Truth`]
    Truth,
    /// [`Value::Address`]
    Address,
    /// It depends on what was stored.
    Any,
}

impl Value {
    /// As text, the form that headers and paths are built of.
    pub(super) fn text(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string().into_bytes(),
            Self::Truth(truth) => if *truth { b"1" } else { b"0" }.to_vec(),
            Self::Address(address) => address.to_string().into_bytes(),
        }
    }

    /// As a number, where it is one.
    pub(super) fn number(&self) -> Option<i64> {
        match self {
            Self::Text(text) => std::str::from_utf8(text).ok()?.parse().ok(),
            Self::Number(number) => Some(*number),
            Self::Truth(truth) => Some(i64::from(*truth)),
            Self::Address(IpAddr::V4(address)) => Some(i64::from(u32::from(*address))),
            Self::Address(IpAddr::V6(_)) => None,
        }
    }

    /// As an address, where it is one.
    pub(super) fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Address(address) => Some(*address),
            Self::Text(text) => std::str::from_utf8(text).ok()?.parse().ok(),
            Self::Number(_) | Self::Truth(_) => None,
        }
    }
}

/// What expressions are evaluated against.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    /// The request as it is at this point.
    pub(super) message: Message,
    /// Method and target as they were asked for.
    pub(super) asked: (Vec<u8>, Vec<u8>),
    /// The response: its status and fields, once there is one.
    pub(super) response: Option<(u16, Fields)>,
    /// The client's end of the connection.
    pub(super) peer: SocketAddr,
    /// The proxy's end of it.
    pub(super) local: SocketAddr,
    /// True if the connection is TLS.
    pub(super) tls: bool,
    /// The name that the client asked for in TLS.
    pub(super) server_name: Option<String>,
    /// Variables that rules have set, by name with scope; with a doubt where their value is not known.
    pub(super) variables: BTreeMap<String, Result<Value, NotUnderstood>>,
    /// The name of the frontend.
    pub(super) frontend: String,
    /// The name of the backend, once there is one.
    pub(super) backend: Option<String>,
    /// The machine's name.
    pub(super) hostname: String,
}

/// An expression: a fetch and what is made of it.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    fetch: Fetch,
    converters: Vec<Converter>,
}

/// Why something of the configuration is not modelled.
pub(super) type Strange = String;

impl Expression {
    /// Reads an expression at the start of a text: it, and what follows.
    ///
    /// # Errors
    /// What of it is not modelled.
    pub(super) fn read<'t>(text: &'t str, files: &dyn Files) -> Result<(Self, &'t str), Strange> {
        let (name, rest) = name(text);
        let (arguments, mut rest) = arguments(rest)?;
        let fetch = Fetch::new(name, &arguments)?;
        let mut converters = Vec::new();
        while let Some(after) = rest.strip_prefix(',') {
            let (name, after) = self::name(after.trim_start_matches(','));
            if name.is_empty() {
                rest = after;
                break;
            }
            let (arguments, after) = self::arguments(after)?;
            converters.push(Converter::new(name, &arguments, files)?);
            rest = after;
        }
        Ok((Self { fetch, converters }, rest))
    }

    /// The kind of its values.
    pub(super) fn kind(&self) -> Kind {
        self.converters.last().map_or_else(|| self.fetch.kind(), Converter::kind)
    }

    /// True if nothing is made of what is fetched.
    pub(super) fn is_plain(&self) -> bool {
        self.converters.is_empty()
    }

    /// True if it is the method of the request.
    pub(super) fn is_method(&self) -> bool {
        self.is_plain() && matches!(self.fetch, Fetch::Method)
    }

    /// True if it is the path of the request, as it is.
    pub(super) fn is_path(&self) -> bool {
        self.is_plain() && matches!(self.fetch, Fetch::Path)
    }

    /// Its value; of several the last, as a fetch outside a condition takes it. `None` if there is none.
    ///
    /// # Errors
    /// What it rests on and is not known.
    pub(super) fn one(&self, scene: &Scene) -> Result<Option<Value>, NotUnderstood> {
        Ok(self.fetch.one(scene)?.and_then(|value| self.convert(value)))
    }

    /// Its values, as a condition tries them one by one.
    ///
    /// # Errors
    /// What it rests on and is not known.
    pub(super) fn each(&self, scene: &Scene) -> Result<Vec<Value>, NotUnderstood> {
        Ok(self.fetch.each(scene)?.into_iter().filter_map(|value| self.convert(value)).collect())
    }

    fn convert(&self, value: Value) -> Option<Value> {
        self.converters.iter().try_fold(value, |value, converter| converter.apply(&value))
    }
}

/// A name at the start of a text, and what follows.
pub(super) fn name(text: &str) -> (&str, &str) {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | ':');
    text.split_at(text.find(|c| !is_name(c)).unwrap_or(text.len()))
}

/// Arguments in parentheses at the start of a text, and what follows (`arg.c`, `make_arg_list`).
fn arguments(text: &str) -> Result<(Vec<String>, &str), Strange> {
    let Some(inside) = text.strip_prefix('(') else { return Ok((Vec::new(), text)) };
    let mut all = Vec::new();
    let mut argument = String::new();
    let (mut single, mut double) = (false, false);
    let mut chars = inside.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' if !single => double = !double,
            '\'' if !double => single = !single,
            '\\' if !single => {
                let escaped = chars.next_if(|(_, c)| matches!(c, '\\' | ' ' | '"' | '\'' | 'r' | 'n' | 't'));
                argument.push(match escaped {
                    Some((_, 'r')) => '\r',
                    Some((_, 'n')) => '\n',
                    Some((_, 't')) => '\t',
                    Some((_, c)) => c,
                    None => '\\',
                });
            }
            ',' if !single && !double => all.push(std::mem::take(&mut argument)),
            ')' if !single && !double => {
                all.push(argument);
                if all == [""] {
                    all.clear();
                }
                return Ok((all, inside.get(at + 1..).unwrap_or_default()));
            }
            c => argument.push(c),
        }
    }
    Err(format!("{text:?}: a parenthesis is not closed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_with_quotes_and_escapes() {
        for (text, expected, rest) in [
            ("(a,b)x", &["a", "b"][..], "x"),
            ("('a,b',\")\")", &["a,b", ")"], ""),
            (r"(^/a\.b,\1)", &[r"^/a\.b", r"\1"], ""),
            ("(a,)", &["a", ""], ""),
            ("()]", &[], "]"),
            ("]", &[], "]"),
        ] {
            let (all, after) = arguments(text).unwrap();
            assert_eq!(
                (all.as_slice(), after),
                (expected.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>().as_slice(), rest)
            );
        }
        assert!(arguments("(a").is_err());
    }
}
