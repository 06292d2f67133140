//! What is made of a sample: the converters behind the commas of an expression (`sample.c`, `http_conv.c`, `map.c`, 2.6).

use std::path::Path;

use super::pattern::{Method, Pattern};
use super::sample::{Kind, Strange, Value};
use crate::gateway::Files;
use crate::gateway::pcre::{Groups, Regex, group};

/// A converter with its arguments.
#[derive(Clone, Debug)]
pub(super) enum Converter {
    /// `lower`
    Lower,
    /// `upper`
    Upper,
    /// `length`
    Length,
    /// `bool`, `not`
    Truth {
        /// Turned round.
        not: bool,
    },
    /// `regsub(regex,text[,flags])`
    Replace {
        /// What is looked for.
        pattern: Regex,
        /// What is put in its place.
        with: Vec<u8>,
        /// Every match, not the first alone.
        all: bool,
    },
    /// `field(n,delimiters[,count])`
    Field(i64, Vec<u8>),
    /// `word(n,delimiters)`
    Word(usize, Vec<u8>),
    /// `host_only`
    HostOnly,
    /// `port_only`
    PortOnly,
    /// `ltrim(bytes)`
    TrimStart(Vec<u8>),
    /// `rtrim(bytes)`
    TrimEnd(Vec<u8>),
    /// `url_dec`
    Decode {
        /// `+` is a blank everywhere.
        everywhere: bool,
    },
    /// `iif(yes,no)`
    Choose(Vec<u8>, Vec<u8>),
    /// `concat(text)`: the text behind it
    Append(Vec<u8>),
    /// `map(file[,default])` and its like
    Map(Map),
}

/// A file of keys and values.
#[derive(Clone, Debug)]
pub(super) struct Map {
    entries: Vec<(Pattern, Vec<u8>)>,
    default: Option<Vec<u8>>,
    by_length: bool,
}

impl Converter {
    /// The converter of this name.
    ///
    /// # Errors
    /// If it, or what it is given, is not modelled.
    pub(super) fn new(name: &str, arguments: &[String], files: &dyn Files) -> Result<Self, Strange> {
        let strange = || Err(format!("the converter {name} is not modelled"));
        let argument = |number: usize| arguments.get(number).map_or("", String::as_str);
        let bytes = |number: usize| argument(number).as_bytes().to_vec();
        Ok(match (name, arguments.len()) {
            ("lower", 0) => Self::Lower,
            ("upper", 0) => Self::Upper,
            ("length", 0) => Self::Length,
            ("bool", 0) => Self::Truth { not: false },
            ("not", 0) => Self::Truth { not: true },
            ("regsub", 2 | 3) => {
                let flags = argument(2);
                if flags.contains(|c| c != 'i' && c != 'g') {
                    return Err(format!("regsub: {flags:?} are no flags"));
                }
                let pattern = Regex::new(argument(0), flags.contains('i'))?;
                Self::Replace { pattern, with: bytes(1), all: flags.contains('g') }
            }
            ("field", 2) => match argument(0).parse() {
                Ok(number) if number != 0 => Self::Field(number, bytes(1)),
                _ => return strange(),
            },
            ("word", 2) => match argument(0).parse() {
                Ok(number) if number != 0 => Self::Word(number, bytes(1)),
                _ => return strange(),
            },
            ("host_only", 0) => Self::HostOnly,
            ("port_only", 0) => Self::PortOnly,
            ("ltrim", 1) => Self::TrimStart(bytes(0)),
            ("rtrim", 1) => Self::TrimEnd(bytes(0)),
            ("url_dec", 0 | 1) => Self::Decode { everywhere: !matches!(argument(0), "" | "0") },
            ("iif", 2) => Self::Choose(bytes(0), bytes(1)),
            ("concat", 1) => Self::Append(bytes(0)),
            (name, 1 | 2) if name == "map" || name.starts_with("map_") => Self::Map(Map::new(name, arguments, files)?),
            _ => return strange(),
        })
    }

    /// The kind of what it makes.
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Length | Self::PortOnly => Kind::Number,
            Self::Truth { .. } => Kind::Truth,
            _ => Kind::Text,
        }
    }

    /// What it makes of a value; `None` if nothing.
    pub(super) fn apply(&self, value: &Value) -> Option<Value> {
        let text = value.text();
        match self {
            Self::Lower => Some(Value::Text(text.to_ascii_lowercase())),
            Self::Upper => Some(Value::Text(text.to_ascii_uppercase())),
            Self::Length => i64::try_from(text.len()).ok().map(Value::Number),
            Self::Truth { not } => value.number().map(|number| Value::Truth((number != 0) != *not)),
            Self::Replace { pattern, with, all } => Some(Value::Text(replace(&text, pattern, with, *all))),
            Self::Field(number, delimiters) => field(&text, *number, delimiters).map(|text| Value::Text(text.to_vec())),
            Self::Word(number, delimiters) => {
                let mut words = text.split(|b| delimiters.contains(b)).filter(|word| !word.is_empty());
                Some(Value::Text(words.nth(number - 1).unwrap_or_default().to_vec()))
            }
            Self::HostOnly => Some(Value::Text(split_port(&text).0.to_vec())),
            Self::PortOnly => {
                let port = split_port(&text).1.map(|port| Value::Text(port.to_vec()));
                Some(Value::Number(port.and_then(|port| port.number()).unwrap_or(0)))
            }
            Self::TrimStart(bytes) => {
                let start = text.iter().take_while(|b| bytes.contains(b)).count();
                Some(Value::Text(text.get(start..).unwrap_or_default().to_vec()))
            }
            Self::TrimEnd(bytes) => {
                let end = text.iter().rev().take_while(|b| bytes.contains(b)).count();
                Some(Value::Text(text.get(..text.len() - end).unwrap_or_default().to_vec()))
            }
            Self::Decode { everywhere } => decode(&text, *everywhere).map(Value::Text),
            Self::Choose(yes, no) => {
                value.number().map(|number| Value::Text(if number != 0 { yes.clone() } else { no.clone() }))
            }
            Self::Append(more) => Some(Value::Text([text, more.clone()].concat())),
            Self::Map(map) => map.look_up(&text).map(|found| Value::Text(found.to_vec())),
        }
    }
}

/// A field of a text, counted from one, from the end if negative.
fn field<'t>(text: &'t [u8], number: i64, delimiters: &[u8]) -> Option<&'t [u8]> {
    let mut fields = text.split(|b| delimiters.contains(b));
    let index = usize::try_from(number.unsigned_abs()).ok()?.checked_sub(1)?;
    if number > 0 { fields.nth(index) } else { fields.rev().nth(index) }
}

/// A host, and the port behind it (`http_conv.c`, `sample_conv_host_only`).
fn split_port(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    let digits = text.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let (host, port) = text.split_at(text.len() - digits);
    match host.strip_suffix(b":") {
        Some(host) => (host, Some(port)),
        None => (text, None),
    }
}

/// Decodes escapes and, in a query, plus signs (`http.c`, `url_decode`); `None` for a bad escape.
fn decode(text: &[u8], everywhere: bool) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut in_query = everywhere;
    let mut rest = text;
    while let Some((&b, after)) = rest.split_first() {
        rest = after;
        match b {
            b'+' if in_query => out.push(b' '),
            b'%' => {
                let digit = |at: usize| after.get(at).and_then(|&c| char::from(c).to_digit(16));
                out.push(u8::try_from(digit(0)? * 16 + digit(1)?).ok()?);
                rest = after.get(2..).unwrap_or_default();
            }
            b => {
                in_query |= b == b'?';
                out.push(b);
            }
        }
    }
    Some(out)
}

/// Replaces matches (`sample.c`, `sample_conv_regsub`).
fn replace(text: &[u8], pattern: &Regex, with: &[u8], all: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut from = 0;
    loop {
        let found = if all || from == 0 { pattern.groups_at(text, from) } else { None };
        let Some((groups, whole)) =
            found.and_then(|groups| groups.first().cloned().flatten().map(|whole| (groups, whole)))
        else {
            out.extend_from_slice(text.get(from..).unwrap_or_default());
            return out;
        };
        out.extend_from_slice(text.get(from..whole.start).unwrap_or_default());
        out.extend(expand(with, text, &groups).unwrap_or_default());
        if from >= text.len() {
            return out;
        }
        let mut end = whole.end;
        if end == from {
            // A match of nothing stands before a byte, which is kept.
            out.extend(text.get(end));
            end += 1;
        }
        if !all {
            out.extend_from_slice(text.get(end..).unwrap_or_default());
            return out;
        }
        from = end;
    }
}

/// Writes the groups of a match into a text: `\0` to `\9`, `\xHH`; a backslash before anything else is dropped
/// (`regex.c`, `exp_replace`). `None` for a text that ends with a backslash.
pub(super) fn expand(text: &[u8], matched: &[u8], groups: &Groups) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() + matched.len());
    let mut bytes = text.iter();
    while let Some(&b) = bytes.next() {
        if b != b'\\' {
            out.push(b);
            continue;
        }
        match *bytes.next()? {
            digit @ b'0'..=b'9' => out.extend_from_slice(group(matched, groups, usize::from(digit - b'0'))),
            b'x' => {
                let mut digit = || bytes.next().and_then(|&c| char::from(c).to_digit(16));
                out.push(u8::try_from(digit()? * 16 + digit()?).ok()?);
            }
            other => out.push(other),
        }
    }
    Some(out)
}

impl Map {
    /// Reads the file of a `map` converter.
    fn new(name: &str, arguments: &[String], files: &dyn Files) -> Result<Self, Strange> {
        let way = name.strip_prefix("map").unwrap_or_default().trim_start_matches('_');
        let method = match way {
            "" | "str" => Method::Exact,
            "beg" => Method::Begin,
            "end" => Method::End,
            "sub" => Method::Contains,
            "dom" => Method::Domain,
            "dir" => Method::Directory,
            "reg" => Method::Regex,
            _ => return Err(format!("the converter {name} is not modelled")),
        };
        let file = arguments.first().map_or("", String::as_str);
        let bytes = files.read(Path::new(file)).map_err(|error| format!("{name}: cannot read {file}: {error}"))?;
        let text = String::from_utf8(bytes).map_err(|_| format!("{name}: {file} is not UTF-8"))?;
        let mut entries = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (key, value) = line.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((line, ""));
            entries.push((Pattern::new(method, key, false)?, value.trim().as_bytes().to_vec()));
        }
        let default = arguments.get(1).map(|text| text.as_bytes().to_vec());
        Ok(Self { entries, default, by_length: method == Method::Begin })
    }

    /// The value of the first key that matches; of prefixes the longest.
    fn look_up(&self, text: &[u8]) -> Option<&[u8]> {
        let value = Value::Text(text.to_vec());
        let mut matching = self.entries.iter().filter(|(pattern, _)| pattern.matches(&value));
        let found = if self.by_length {
            matching.fold(None, |best: Option<&(Pattern, Vec<u8>)>, entry| match best {
                Some(best) if best.0.length() >= entry.0.length() => Some(best),
                _ => Some(entry),
            })
        } else {
            matching.next()
        };
        found.map(|(_, value)| value.as_slice()).or(self.default.as_deref())
    }
}
