//! Values with `%{…}` in them, which header directives write (`modules/metadata/mod_headers.c`, 2.4).

use std::collections::BTreeMap;

use super::head::{Head, Table};
use crate::gateway::{NotUnderstood, Place, Received};

/// What values are evaluated against.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    /// The request as it was read.
    pub(super) head: Head,
    /// The path at this point, decoded.
    pub(super) uri: Vec<u8>,
    /// The query at this point.
    pub(super) query: Option<Vec<u8>>,
    /// Variables that directives have set.
    pub(super) env: BTreeMap<String, Vec<u8>>,
    /// True if variables may be set that are not known.
    pub(super) env_open: bool,
    /// `http` or `https`
    pub(super) scheme: &'static str,
    /// The client's address.
    pub(super) client: String,
    /// The client's port.
    pub(super) client_port: u16,
    /// The port of the listener.
    pub(super) port: u16,
    /// The name of the server, where it has one.
    pub(super) server_name: Option<String>,
    /// The port of the server's name, where it has one.
    pub(super) server_port: Option<u16>,
    /// True if URLs are built of the server's own name.
    pub(super) canonical_name: bool,
    /// `DocumentRoot`
    pub(super) root: String,
}

impl Scene {
    /// The host in URLs of this server.
    pub(super) fn url_host(&self) -> String {
        let own = || self.server_name.clone();
        let host = if self.canonical_name { own() } else { self.head.host.clone().or_else(own) };
        let host = host.unwrap_or_default();
        if host.contains(':') { format!("[{host}]") } else { host }
    }

    /// The port in URLs of this server.
    pub(super) fn url_port(&self) -> u16 {
        let named = if self.canonical_name { None } else { self.head.port };
        named.or(self.server_port).unwrap_or(if self.scheme == "https" { 443 } else { 80 })
    }

    /// A URL of this server for a path (`ap_construct_url`).
    pub(super) fn own_url(&self, path: &[u8]) -> Vec<u8> {
        let port = self.url_port();
        let is_default = port == if self.scheme == "https" { 443 } else { 80 };
        let port = if is_default { String::new() } else { format!(":{port}") };
        [format!("{}://{}{port}", self.scheme, self.url_host()).as_bytes(), path].concat()
    }

    /// The value of a variable as conditions and expressions know it.
    ///
    /// # Errors
    /// Its name, if it is not modelled.
    pub(super) fn variable(&self, name: &str) -> Result<Vec<u8>, String> {
        let field = |name: &str| self.head.fields.get(name).unwrap_or_default().to_vec();
        if let Some(name) = name.strip_prefix("HTTP:").or_else(|| name.strip_prefix("req:")) {
            return Ok(field(name));
        }
        if let Some(name) = name.strip_prefix("ENV:").or_else(|| name.strip_prefix("env:")) {
            return self.env(name).map(Option::unwrap_or_default);
        }
        Ok(match name {
            "HTTP_HOST" => field("Host"),
            "HTTP_USER_AGENT" => field("User-Agent"),
            "HTTP_REFERER" => field("Referer"),
            "HTTP_COOKIE" => field("Cookie"),
            "HTTP_FORWARDED" => field("Forwarded"),
            "HTTP_ACCEPT" => field("Accept"),
            "REQUEST_URI" => self.uri.clone(),
            "QUERY_STRING" => self.query.clone().unwrap_or_default(),
            "REQUEST_METHOD" => self.head.method.clone(),
            "REQUEST_SCHEME" => self.scheme.as_bytes().to_vec(),
            "HTTPS" => if self.scheme == "https" { b"on" } else { &b"off"[..] }.to_vec(),
            "REMOTE_ADDR" => self.client.clone().into_bytes(),
            "REMOTE_PORT" => self.client_port.to_string().into_bytes(),
            "SERVER_NAME" => self.url_host().into_bytes(),
            "SERVER_PORT" => self.url_port().to_string().into_bytes(),
            "SERVER_PROTOCOL" => format!("HTTP/{}.{}", self.head.version.0, self.head.version.1).into_bytes(),
            "DOCUMENT_ROOT" => self.root.clone().into_bytes(),
            "THE_REQUEST" => {
                let version = format!(" HTTP/{}.{}", self.head.version.0, self.head.version.1);
                [&self.head.method, &b" "[..], &self.head.target, version.as_bytes()].concat()
            }
            name => return Err(format!("%{{{name}}} is not modelled")),
        })
    }

    /// A variable of the request's environment.
    ///
    /// # Errors
    /// If whether it is set is not known.
    pub(super) fn env(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        match self.env.get(name) {
            Some(value) => Ok(Some(value.clone())),
            // `mod_ssl` sets these.
            None if self.scheme == "https" && (name == "HTTPS" || name.starts_with("SSL_")) => {
                Err(format!("the variable {name} is not modelled"))
            }
            None if self.env_open => Err(format!("whether the variable {name} is set is not known")),
            None => Ok(None),
        }
    }
}

/// A client's address as httpd writes it: one of IPv4 in IPv6 is taken out of it.
pub(super) fn client(request: &Received<'_>) -> String {
    request.peer.ip().to_canonical().to_string()
}

/// A value with variables in it.
#[derive(Clone, Debug)]
pub(super) struct Text {
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Env(String),
    Tls(String),
    Variable(String),
    Unknown(NotUnderstood),
}

impl Text {
    /// Reads a value of a header directive.
    pub(super) fn new(text: &str, place: &Place) -> Self {
        if let Some(expression) = text.strip_prefix("expr=") {
            return Self::expression(expression, place);
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('%') {
            parts.push(Part::Text(before.to_owned()));
            rest = after;
            if let Some(after) = rest.strip_prefix('%') {
                parts.push(Part::Text("%".to_owned()));
                rest = after;
            } else if let Some((name, after)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
                let mut letters = after.chars();
                parts.push(match letters.next() {
                    Some('e') => Part::Env(name.to_owned()),
                    Some('s') => Part::Tls(name.to_owned()),
                    _ => Part::Unknown(NotUnderstood::at(place, format!("{text}: not modelled"))),
                });
                rest = letters.as_str();
            } else {
                parts.push(Part::Unknown(NotUnderstood::at(place, format!("{text}: not modelled"))));
            }
        }
        parts.push(Part::Text(rest.to_owned()));
        Self { parts }
    }

    /// Reads the text of `expr=`.
    fn expression(text: &str, place: &Place) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("%{") {
            parts.push(Part::Text(before.to_owned()));
            match after.split_once('}') {
                Some((name, after)) if !name.contains('(') => {
                    parts.push(Part::Variable(name.to_owned()));
                    rest = after;
                }
                _ => {
                    parts.push(Part::Unknown(NotUnderstood::at(place, format!("expr={text}: not modelled"))));
                    rest = "";
                }
            }
        }
        parts.push(Part::Text(rest.to_owned()));
        Self { parts }
    }

    /// The value.
    ///
    /// # Errors
    /// What it rests on and is not known.
    pub(super) fn value(&self, scene: &Scene, place: &Place) -> Result<Vec<u8>, NotUnderstood> {
        let mut out = Vec::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text.as_bytes()),
                Part::Env(name) => {
                    let value = scene.env(name).map_err(|what| NotUnderstood::at(place, what))?;
                    out.extend(value.unwrap_or_else(|| b"(null)".to_vec()));
                }
                Part::Tls(_) if scene.scheme == "http" => out.extend_from_slice(b"(null)"),
                Part::Tls(name) => {
                    return Err(NotUnderstood::at(place, format!("%{{{name}}}s is known to the running server alone")));
                }
                Part::Variable(name) => {
                    out.extend(scene.variable(name).map_err(|what| NotUnderstood::at(place, what))?);
                }
                Part::Unknown(what) => return Err(what.clone()),
            }
        }
        Ok(out)
    }
}

/// The fields of a response as a table.
pub(super) fn table<'f>(fields: impl Iterator<Item = crate::exchange::Field<'f>>) -> Table {
    Table::new(fields.map(|field| (field.name.to_vec(), field.value.to_vec())).collect())
}
