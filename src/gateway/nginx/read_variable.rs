//! nginx's own variables: how their values are read off a request.
//!
//! Source: `ngx_http_core_variables` (`ngx_http_variables.c`), `ngx_http_proxy_vars` (`ngx_http_proxy_module.c`),
//! `ngx_http_realip_vars`, 1.22.1; since 1.23.0 repeated fields are joined.

use base64::Engine as _;

use super::variables::{Definition, Kind};
use super::visit::{Value, Visit};
use crate::asgi::Release;
use crate::exchange::ResponseHead;
use crate::gateway::{NotUnderstood, Step, StepKind};

/// Since then `$http_name` holds every line of that name.
const JOINED: Release = Release::new(1, 23, 0);

/// How a value is read.
#[derive(Clone, Debug)]
pub(super) enum Read {
    /// By a function.
    Plain(Plain),
    /// By a function that may not know it.
    Fallible(Fallible),
    /// `http_…`: the rest of the name.
    Header(Vec<u8>),
    /// `upstream_http_…`: the rest of the name.
    UpstreamHeader(Vec<u8>),
    /// `arg_…`: the rest of the name.
    Argument(Vec<u8>),
    /// `cookie_…`: the rest of the name.
    Cookie(Vec<u8>),
}

impl Read {
    /// The value.
    ///
    /// # Errors
    /// It cannot be known.
    pub(super) fn value(&self, visit: &mut Visit, definition: &Definition) -> Value {
        Ok(match self {
            Self::Plain(read) => read(visit),
            Self::Fallible(read) => read(visit)
                .map_err(|why| NotUnderstood { place: None, what: format!("${}: {why}", definition.name) })?,
            Self::Header(name) => {
                let fields = visit.head.fields.iter();
                named(visit, fields.map(|field| (field.name.as_slice(), field.value.as_slice())), name)
            }
            Self::UpstreamHeader(name) => {
                let fields = visit.upstream.iter().flat_map(ResponseHead::fields);
                named(visit, fields.map(|field| (field.name, field.value)), name)
            }
            Self::Argument(name) => argument(&visit.args, name),
            Self::Cookie(name) => visit.head.all(b"cookie").find_map(|line| cookie(line, name)).unwrap_or_default(),
        })
    }
}

/// Reads a value.
type Plain = fn(&Visit) -> Vec<u8>;

/// Reads a value, or says why it cannot be known.
type Fallible = fn(&mut Visit) -> Result<Vec<u8>, &'static str>;

/// Variables that are read by a function.
const PLAIN: [(&str, Plain); 31] = [
    ("args", |visit| visit.args.clone()),
    ("query_string", |visit| visit.args.clone()),
    ("is_args", |visit| if visit.args.is_empty() { Vec::new() } else { b"?".to_vec() }),
    ("uri", |visit| visit.uri.clone()),
    ("document_uri", |visit| visit.uri.clone()),
    ("request_uri", |visit| visit.head.unparsed_uri.clone()),
    ("request", |visit| visit.head.line.clone()),
    ("request_method", |visit| if visit.subrequest { visit.head.method.clone() } else { visit.method.clone() }),
    ("server_protocol", |visit| visit.head.protocol.clone()),
    (
        "host",
        |visit| {
            if visit.head.server.is_empty() { visit.server().name.clone() } else { visit.head.server.clone() }
        },
    ),
    ("http_host", |visit| first(visit, b"host")),
    ("http_user_agent", |visit| first(visit, b"user-agent")),
    ("http_referer", |visit| first(visit, b"referer")),
    ("http_cookie", |visit| joined(visit, b"cookie", b"; ")),
    ("http_x_forwarded_for", |visit| joined(visit, b"x-forwarded-for", b", ")),
    ("content_type", |visit| first(visit, b"content-type")),
    ("scheme", |visit| if visit.tls { b"https".to_vec() } else { b"http".to_vec() }),
    ("https", |visit| if visit.tls { b"on".to_vec() } else { Vec::new() }),
    ("server_name", |visit| visit.server().name.clone()),
    ("server_port", |visit| visit.local.port().to_string().into_bytes()),
    ("server_addr", |visit| visit.local.ip().to_string().into_bytes()),
    ("remote_addr", |visit| visit.client.ip().to_string().into_bytes()),
    ("remote_port", |visit| port(visit.client.port())),
    ("realip_remote_addr", |visit| visit.peer.ip().to_string().into_bytes()),
    ("realip_remote_port", |visit| visit.peer.port().to_string().into_bytes()),
    ("hostname", |visit| visit.hostname.clone().into_bytes()),
    ("nginx_version", |visit| visit.config.release.to_string().into_bytes()),
    ("proxy_add_x_forwarded_for", |visit| {
        let mut list = Vec::new();
        for line in visit.head.all(b"x-forwarded-for") {
            list.extend_from_slice(line);
            list.extend_from_slice(b", ");
        }
        list.extend_from_slice(visit.client.ip().to_string().as_bytes());
        list
    }),
    ("proxy_host", |visit| visit.proxy_host.clone()),
    ("proxy_port", |visit| visit.proxy_port.clone()),
    ("binary_remote_addr", |visit| match visit.client.ip() {
        std::net::IpAddr::V4(address) => address.octets().to_vec(),
        std::net::IpAddr::V6(address) => address.octets().to_vec(),
    }),
];

/// Variables whose value is not always known.
const FALLIBLE: [(&str, Fallible); 8] = [
    ("content_length", |visit| match visit.head.get(b"content-length") {
        Some(length) => Ok(length.to_vec()),
        // A body in chunks has no length before it is read.
        None => Ok(visit.body_length.map(|length| length.to_string().into_bytes()).unwrap_or_default()),
    }),
    ("msec", |visit| visit.time.clone().map(String::into_bytes).ok_or("only the running program knows it")),
    ("remote_user", |visit| Ok(visit.head.get(b"authorization").and_then(user).unwrap_or_default())),
    ("ssl_server_name", |visit| {
        let name = visit.sni.clone().filter(|_| visit.tls);
        Ok(name.map(|name| name.to_ascii_lowercase().into_bytes()).unwrap_or_default())
    }),
    ("ssl_client_verify", |visit| of_tls(visit)),
    ("request_id", |visit| Ok(request_id(visit))),
    ("document_root", |visit| {
        super::files::document_root(visit).ok_or("the folder is relative to where nginx was built for")
    }),
    ("request_filename", |visit| {
        super::files::request_filename(visit).ok_or("the folder is relative to where nginx was built for")
    }),
];

/// Sixteen random bytes in hexadecimal digits. Most configurations only hand them on: any will do, but none is foretold.
fn request_id(visit: &mut Visit) -> Vec<u8> {
    let assumed = Step::own(StepKind::Assumed, "$request_id: its random digits are taken to be zeros");
    if !visit.steps.contains(&assumed) {
        visit.steps.push(assumed);
    }
    vec![b'0'; 32]
}

fn of_tls(visit: &Visit) -> Result<Vec<u8>, &'static str> {
    if visit.tls { Err("only the running connection knows it") } else { Ok(Vec::new()) }
}

/// Variables that there are and whose values only the running program knows.
const RUNNING: [&str; 38] = [
    "ancient_browser",
    "body_bytes_sent",
    "bytes_sent",
    "connection",
    "connection_requests",
    "connection_time",
    "connections_active",
    "connections_reading",
    "connections_waiting",
    "connections_writing",
    "date_gmt",
    "date_local",
    "fastcgi_path_info",
    "fastcgi_script_name",
    "gzip_ratio",
    "invalid_referer",
    "is_request_port",
    "limit_conn_status",
    "limit_rate",
    "limit_req_status",
    "modern_browser",
    "msie",
    "nginx_time",
    "pid",
    "pipe",
    "realpath_root",
    "request_body",
    "request_body_file",
    "request_completion",
    "request_length",
    "request_port",
    "request_time",
    "secure_link",
    "secure_link_expires",
    "slice_range",
    "status",
    "time_iso8601",
    "time_local",
];

/// Families of the same kind.
const RUNNING_FAMILIES: [&str; 10] = [
    "upstream_",
    "sent_http_",
    "sent_trailer_",
    "tcpinfo_",
    "geoip_",
    "uid_",
    "proxy_protocol_",
    "jwt_",
    "otel_",
    "quic",
];

/// How a variable of nginx's own is read; `None` if there is none of that name.
pub(super) fn kind(name: &str) -> Option<Kind> {
    let unknown = || Some(Kind::Unknown("only the running program knows it".to_owned()));
    if let Some((_, read)) = PLAIN.iter().find(|(plain, _)| *plain == name) {
        return Some(Kind::Read(Read::Plain(*read)));
    }
    if let Some((_, read)) = FALLIBLE.iter().find(|(fallible, _)| *fallible == name) {
        return Some(Kind::Read(Read::Fallible(*read)));
    }
    let family = |prefix: &str| name.strip_prefix(prefix).map(|rest| rest.as_bytes().to_vec());
    if let Some(rest) = family("http_") {
        return Some(Kind::Read(Read::Header(rest)));
    }
    if let Some(rest) = family("upstream_http_") {
        return Some(Kind::Read(Read::UpstreamHeader(rest)));
    }
    if let Some(rest) = family("arg_") {
        return Some(Kind::Read(Read::Argument(rest)));
    }
    if let Some(rest) = family("cookie_") {
        return Some(Kind::Read(Read::Cookie(rest)));
    }
    if name.starts_with("ssl_") {
        return Some(Kind::Read(Read::Fallible(|visit| of_tls(visit))));
    }
    if matches!(name, "http2" | "http3") {
        // Requests are read as HTTP/1.
        return Some(Kind::Read(Read::Plain(|_| Vec::new())));
    }
    let running = RUNNING.contains(&name) || RUNNING_FAMILIES.iter().any(|prefix| name.starts_with(prefix));
    if running { unknown() } else { None }
}

/// True for a variable that `set` and its kin must not make: those of a fixed name, but for the few that may be changed.
pub(super) fn is_fixed(name: &str) -> bool {
    let changeable = matches!(name, "args" | "limit_rate" | "invalid_referer" | "fastcgi_path_info");
    let named = PLAIN.iter().any(|(plain, _)| *plain == name)
        || FALLIBLE.iter().any(|(fallible, _)| *fallible == name)
        || RUNNING.contains(&name);
    named && !changeable
}

fn first(visit: &Visit, name: &[u8]) -> Vec<u8> {
    if visit.config.release >= JOINED {
        joined(visit, name, b", ")
    } else {
        visit.head.get(name).unwrap_or_default().to_vec()
    }
}

fn joined(visit: &Visit, name: &[u8], by: &[u8]) -> Vec<u8> {
    visit.head.all(name).collect::<Vec<_>>().join(by)
}

/// The fields that a variable names: a dash of theirs is an underscore of its.
fn named<'a>(visit: &Visit, fields: impl Iterator<Item = (&'a [u8], &'a [u8])>, name: &[u8]) -> Vec<u8> {
    let letter = |byte: u8| if byte == b'-' { b'_' } else { byte.to_ascii_lowercase() };
    let same = |field: &[u8]| field.len() == name.len() && field.iter().zip(name).all(|(&a, &b)| letter(a) == b);
    let mut values = fields.filter(|(field, _)| same(field)).map(|(_, value)| value);
    if visit.config.release >= JOINED {
        values.collect::<Vec<_>>().join(b", ".as_slice())
    } else {
        values.next().unwrap_or_default().to_vec()
    }
}

/// A port; empty if there is none.
fn port(port: u16) -> Vec<u8> {
    if port == 0 { Vec::new() } else { port.to_string().into_bytes() }
}

/// `$arg_name`: the first argument of that name that has a value, case ignored, nothing decoded.
fn argument(args: &[u8], name: &[u8]) -> Vec<u8> {
    let value = |part: &[u8]| {
        let (found, rest) = part.split_at_checked(name.len())?;
        if found.eq_ignore_ascii_case(name) { rest.strip_prefix(b"=").map(<[u8]>::to_vec) } else { None }
    };
    args.split(|&byte| byte == b'&').find_map(value).unwrap_or_default()
}

/// A cookie's value in one `Cookie` line, as `ngx_http_parse_multi_header_lines` finds it.
fn cookie(line: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let blanks = |text: &[u8]| text.iter().take_while(|&&byte| byte == b' ').count();
    let mut rest = line;
    while !rest.is_empty() {
        let named = rest.split_at_checked(name.len()).filter(|(found, _)| found.eq_ignore_ascii_case(name));
        if let Some((_, after)) = named {
            let after = after.get(blanks(after)..).unwrap_or_default();
            if let Some(value) = after.strip_prefix(b"=") {
                let value = value.get(blanks(value)..).unwrap_or_default();
                return value.split(|&byte| byte == b';').next().map(<[u8]>::to_vec);
            }
        }
        let end = rest.iter().position(|byte| matches!(byte, b';' | b',')).map_or(rest.len(), |end| end + 1);
        rest = rest.get(end..).unwrap_or_default();
        rest = rest.get(blanks(rest)..).unwrap_or_default();
    }
    None
}

/// The user of `Authorization: Basic …`.
fn user(value: &[u8]) -> Option<Vec<u8>> {
    let (scheme, coded) = value.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    let text = base64::engine::general_purpose::STANDARD.decode(coded.trim_ascii()).ok()?;
    let colon = text.iter().position(|&byte| byte == b':')?;
    text.get(..colon).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_and_cookies() {
        for (args, want) in [("a=1&B=2&b=3", "2"), ("b&b=3", "3"), ("xb=1", ""), ("b=a%20b", "a%20b"), ("", "")] {
            assert_eq!(argument(args.as_bytes(), b"b"), want.as_bytes(), "{args}");
        }
        for (line, want) in [
            ("a=1; b=2", Some("2")),
            ("B = 2; b=3", Some("2")),
            ("xb=1; b", None),
            ("a=\"b=1\", b=2;", Some("2")),
            ("bb=1; b=", Some("")),
        ] {
            assert_eq!(cookie(line.as_bytes(), b"b").as_deref(), want.map(str::as_bytes), "{line}");
        }
        assert_eq!(user(b"Basic dXNlcjpwYXNz"), Some(b"user".to_vec()));
        assert_eq!(user(b"Bearer dXNlcjpwYXNz"), None);
    }
}
