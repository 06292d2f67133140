//! What can be fetched from a request, a response and their connection (`http_fetch.c`, `tcp_sample.c`, 2.6).

use super::message::{Fields, values};
use super::sample::{Kind, Scene, Strange, Value};
use super::target::{self, parts};
use crate::gateway::NotUnderstood;

/// A fetch with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fetch {
    /// A value that the configuration names: `str(x)`, `int(1)`, `bool(true)`, `always_true`.
    Constant(Value),
    /// `path`
    Path,
    /// `pathq`: path and query
    PathAndQuery,
    /// `query`
    Query,
    /// `url`: the target as it is
    Url,
    /// `base`, `baseq`: host and path, and the query with the second
    Base {
        /// With the query.
        query: bool,
    },
    /// A header field.
    Field(FieldFetch),
    /// `req.hdr_cnt(name)`, `req.fhdr_cnt(name)`
    FieldCount(FieldFetch),
    /// `hdr_val(name)`: the field as a number
    FieldNumber(FieldFetch),
    /// `method`
    Method,
    /// `req.ver`
    Version,
    /// `url_param(name)`
    Parameter(String),
    /// `req.cook(name)`
    Cookie(String),
    /// `src`
    Source,
    /// `src_port`
    SourcePort,
    /// `dst`
    Destination,
    /// `dst_port`
    DestinationPort,
    /// `ssl_fc`
    Tls,
    /// `ssl_fc_sni`
    ServerName,
    /// `var(txn.x)`
    Variable(String),
    /// `fe_name`
    Frontend,
    /// `be_name`
    Backend,
    /// `hostname`
    Hostname,
    /// `status` of the response
    Status,
    /// `capture.req.uri`: path and query as they were asked for
    AskedTarget,
    /// `capture.req.method`
    AskedMethod,
}

/// A fetch of a header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FieldFetch {
    /// The name, in lower case.
    pub(super) name: Vec<u8>,
    /// Which one, counted from one, from the end if negative; 0 for each in turn.
    pub(super) occurrence: i64,
    /// Whole lines, not split at commas.
    pub(super) whole: bool,
    /// Of the response.
    pub(super) response: bool,
}

impl Fetch {
    /// The fetch of this name.
    ///
    /// # Errors
    /// If it is not modelled.
    pub(super) fn new(name: &str, arguments: &[String]) -> Result<Self, Strange> {
        let first = arguments.first().map_or("", String::as_str);
        let strange = || Err(format!("the fetch {name} is not modelled"));
        let field = |whole, response| -> Result<FieldFetch, Strange> {
            let occurrence = match arguments.get(1) {
                Some(number) => number.parse().map_err(|_| format!("{name}: {number:?} is no number"))?,
                None => 0,
            };
            if first.is_empty() {
                return Err(format!("{name} without the name of a field is not modelled"));
            }
            Ok(FieldFetch { name: first.to_ascii_lowercase().into_bytes(), occurrence, whole, response })
        };
        Ok(match name {
            "always_true" | "req.proto_http" | "req_proto_http" => Self::Constant(Value::Truth(true)),
            "always_false" => Self::Constant(Value::Truth(false)),
            "str" => Self::Constant(Value::Text(first.as_bytes().to_vec())),
            "int" => match first.parse() {
                Ok(number) => Self::Constant(Value::Number(number)),
                Err(_) => return strange(),
            },
            "bool" => Self::Constant(Value::Truth(matches!(first, "true" | "1"))),
            "ipv4" | "ipv6" => match first.parse() {
                Ok(address) => Self::Constant(Value::Address(address)),
                Err(_) => return strange(),
            },
            "path" => Self::Path,
            "pathq" => Self::PathAndQuery,
            "query" => Self::Query,
            "url" => Self::Url,
            "base" => Self::Base { query: false },
            "baseq" => Self::Base { query: true },
            "hdr" | "req.hdr" => Self::Field(field(false, false)?),
            "req.fhdr" => Self::Field(field(true, false)?),
            "res.hdr" | "shdr" => Self::Field(field(false, true)?),
            "res.fhdr" => Self::Field(field(true, true)?),
            "hdr_cnt" | "req.hdr_cnt" => Self::FieldCount(field(false, false)?),
            "req.fhdr_cnt" => Self::FieldCount(field(true, false)?),
            "res.hdr_cnt" | "shdr_cnt" => Self::FieldCount(field(false, true)?),
            "hdr_val" | "req.hdr_val" => Self::FieldNumber(field(false, false)?),
            "method" => Self::Method,
            "req.ver" | "req_ver" => Self::Version,
            "url_param" | "urlp" if arguments.len() == 1 && !first.is_empty() => Self::Parameter(first.to_owned()),
            "cook" | "req.cook" if !first.is_empty() => Self::Cookie(first.to_owned()),
            "src" => Self::Source,
            "src_port" => Self::SourcePort,
            "dst" => Self::Destination,
            "dst_port" => Self::DestinationPort,
            "ssl_fc" => Self::Tls,
            "ssl_fc_sni" => Self::ServerName,
            "var" if arguments.len() == 1 => Self::Variable(first.to_owned()),
            "fe_name" => Self::Frontend,
            "be_name" => Self::Backend,
            "hostname" => Self::Hostname,
            "status" => Self::Status,
            "capture.req.uri" => Self::AskedTarget,
            "capture.req.method" => Self::AskedMethod,
            _ => return strange(),
        })
    }

    /// The kind of its values.
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Constant(Value::Truth(_)) | Self::Tls => Kind::Truth,
            Self::Constant(Value::Number(_))
            | Self::FieldCount(_)
            | Self::FieldNumber(_)
            | Self::SourcePort
            | Self::DestinationPort
            | Self::Status => Kind::Number,
            Self::Constant(Value::Address(_)) | Self::Source | Self::Destination => Kind::Address,
            Self::Variable(_) => Kind::Any,
            _ => Kind::Text,
        }
    }

    /// Its value; of several the last, of a parameter the first.
    ///
    /// # Errors
    /// What it rests on and is not known.
    pub(super) fn one(&self, scene: &Scene) -> Result<Option<Value>, NotUnderstood> {
        let mut all = self.each(scene)?;
        Ok(match self {
            Self::Parameter(_) | Self::Cookie(_) => all.into_iter().next(),
            _ => all.pop(),
        })
    }

    /// Its values, in order.
    ///
    /// # Errors
    /// What it rests on and is not known.
    pub(super) fn each(&self, scene: &Scene) -> Result<Vec<Value>, NotUnderstood> {
        let target = scene.message.target.as_slice();
        let text = |text: Option<&[u8]>| text.map(|text| Value::Text(text.to_vec())).into_iter().collect();
        let number = |number: usize| vec![Value::Number(i64::try_from(number).unwrap_or(i64::MAX))];
        Ok(match self {
            Self::Constant(value) => vec![value.clone()],
            Self::Path => text(parts(target).path(target)),
            Self::PathAndQuery => text(parts(target).path_and_query(target)),
            Self::Query => text(target::query(target)),
            Self::Url => text(Some(target)),
            Self::Base { query } => base(scene, *query).into_iter().collect(),
            Self::Field(field) => field.values(scene).into_iter().map(Value::Text).collect(),
            Self::FieldCount(field) => number(field.values(scene).len()),
            Self::FieldNumber(field) => {
                let values = field.values(scene).into_iter();
                values.filter_map(|value| Value::Text(value).number()).map(Value::Number).collect()
            }
            Self::Method => text(Some(&scene.message.method)),
            Self::Version => text(scene.message.version.get(5..)),
            Self::Parameter(name) => parameters(target, name.as_bytes()),
            Self::Cookie(name) => cookies(&scene.message.fields, name.as_bytes()),
            Self::Source => vec![Value::Address(scene.peer.ip())],
            Self::SourcePort => number(usize::from(scene.peer.port())),
            Self::Destination => vec![Value::Address(scene.local.ip())],
            Self::DestinationPort => number(usize::from(scene.local.port())),
            Self::Tls => vec![Value::Truth(scene.tls)],
            Self::ServerName => text(scene.server_name.as_deref().map(str::as_bytes)),
            Self::Variable(name) => match scene.variables.get(name) {
                Some(value) => vec![value.clone()?],
                None => Vec::new(),
            },
            Self::Frontend => text(Some(scene.frontend.as_bytes())),
            Self::Backend => text(scene.backend.as_deref().map(str::as_bytes)),
            Self::Hostname => text(Some(scene.hostname.as_bytes())),
            Self::AskedTarget => text(parts(&scene.asked.1).path_and_query(&scene.asked.1)),
            Self::AskedMethod => text(Some(&scene.asked.0)),
            Self::Status => scene.response.iter().map(|(status, _)| Value::Number(i64::from(*status))).collect(),
        })
    }
}

impl FieldFetch {
    /// The values, each in turn or the one that is asked for.
    fn values(&self, scene: &Scene) -> Vec<Vec<u8>> {
        let none = Fields::new();
        let fields = match (&scene.response, self.response) {
            (Some((_, fields)), true) => fields,
            (None, true) => &none,
            (_, false) => &scene.message.fields,
        };
        let lines = fields.iter().filter(|(name, _)| *name == self.name).map(|(_, value)| value.as_slice());
        let mut all: Vec<Vec<u8>> = if self.whole {
            lines.map(<[u8]>::to_vec).collect()
        } else {
            lines.flat_map(values).map(|value| value.trim_ascii().to_vec()).collect()
        };
        let length = i64::try_from(all.len()).unwrap_or(i64::MAX);
        let index = match self.occurrence {
            0 => return all,
            from_start @ 1.. => from_start - 1,
            from_end => length + from_end,
        };
        match usize::try_from(index) {
            Ok(index) if index < all.len() => vec![all.swap_remove(index)],
            _ => Vec::new(),
        }
    }
}

/// The first value of `Host`.
pub(super) fn host(fields: &Fields) -> Option<&[u8]> {
    let line = fields.iter().find(|(name, _)| name == b"host")?;
    values(&line.1).next().map(<[u8]>::trim_ascii)
}

/// Host and path.
fn base(scene: &Scene, query: bool) -> Option<Value> {
    let target = scene.message.target.as_slice();
    let path = if query { parts(target).path_and_query(target) } else { parts(target).path(target) };
    match host(&scene.message.fields).filter(|host| !host.is_empty()) {
        None => path.map(|path| Value::Text(path.to_vec())),
        Some(host) => {
            let path = path.filter(|path| path.starts_with(b"/")).unwrap_or_default();
            Some(Value::Text([host, path].concat()))
        }
    }
}

/// The values of a parameter of the query, nothing decoded.
fn parameters(target: &[u8], name: &[u8]) -> Vec<Value> {
    let Some(query) = target::query(target) else { return Vec::new() };
    let pairs = query.split(|b| matches!(b, b'&' | b';' | b'?'));
    let value = |pair: &[u8]| pair.strip_prefix(name)?.strip_prefix(b"=").map(|value| Value::Text(value.to_vec()));
    pairs.filter_map(value).collect()
}

/// The values of a cookie.
fn cookies(fields: &Fields, name: &[u8]) -> Vec<Value> {
    let lines = fields.iter().filter(|(field, _)| field == b"cookie").map(|(_, value)| value.as_slice());
    let pairs = lines.flat_map(|line| line.split(|b| *b == b';')).map(<[u8]>::trim_ascii);
    let value = |pair: &[u8]| pair.strip_prefix(name)?.strip_prefix(b"=").map(|value| Value::Text(value.to_vec()));
    pairs.filter_map(value).collect()
}
