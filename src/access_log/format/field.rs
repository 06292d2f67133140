//! What a variable says, and how its value is recognised.
//!
//! This file exists because formats differ in names and order only: every variable that matters is one of these fields, and
//! every value one of a few classes.
//!
//! Source: the variables of `ngx_http_log_module.c`, `ngx_http_variables.c`, `ngx_http_upstream.c`, 1.22.1.

use super::clock::{Times, epoch};
use crate::access_log::Escape;
use crate::access_log::digits::{leading, micros, saturated};
use crate::access_log::record::{Record, Request};

/// A place in a [`Record`]. Those that end in `Else` count only where the first of their kind is not logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// A time of whole seconds, or in a form of the writer's own.
    TimeElse,
    /// `$msec`
    Time,
    Client,
    ClientElse,
    User,
    Request,
    Method,
    Target,
    Protocol,
    Status,
    Bytes,
    BytesElse,
    Referer,
    Agent,
    Host,
    HostElse,
    ForwardedFor,
    /// The same where no address of the client is logged: its first element stands for it.
    ForwardedClient,
    Scheme,
    Location,
    Uri,
    /// `$uri$is_args$args`
    UriAndArgs,
    Duration,
    UpstreamAddr,
    UpstreamStatus,
    UpstreamResponse,
    UpstreamHeader,
    UpstreamConnect,
    UpstreamTook,
    /// Nothing that is kept.
    Other,
}

/// How a value is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// `20/Nov/2026:09:26:05 +0000`
    Local,
    /// `2026-11-20T09:26:05+00:00`
    Iso,
    /// `1795166765.123`
    Epoch,
    /// A time in any form.
    AnyTime,
    /// Three digits.
    Status,
    /// Digits, `-` or nothing.
    Number,
    /// Seconds with a fraction, `-` or nothing.
    Seconds,
    /// Milliseconds, digits.
    Millis,
    /// Nanoseconds, digits.
    Nanos,
    /// A text without spaces.
    Word,
    /// A text.
    Text,
    /// One text, or several with `, ` and ` : ` between.
    List,
}

/// The variables that matter, and those that have an alphabet of their own.
const VARIABLES: [(&str, Field, Class); 73] = [
    ("time_local", Field::TimeElse, Class::Local),
    ("time_iso8601", Field::TimeElse, Class::Iso),
    ("msec", Field::Time, Class::Epoch),
    ("remote_addr", Field::Client, Class::Word),
    ("realip_remote_addr", Field::ClientElse, Class::Word),
    ("proxy_protocol_addr", Field::ClientElse, Class::Word),
    ("http_x_real_ip", Field::ClientElse, Class::Text),
    ("http_cf_connecting_ip", Field::ClientElse, Class::Text),
    ("remote_user", Field::User, Class::Text),
    ("request", Field::Request, Class::Text),
    ("request_method", Field::Method, Class::Word),
    ("request_uri", Field::Target, Class::Text),
    ("server_protocol", Field::Protocol, Class::Word),
    ("status", Field::Status, Class::Status),
    ("body_bytes_sent", Field::Bytes, Class::Number),
    ("bytes_sent", Field::BytesElse, Class::Number),
    ("http_referer", Field::Referer, Class::Text),
    ("http_user_agent", Field::Agent, Class::Text),
    ("host", Field::Host, Class::Word),
    ("http_host", Field::HostElse, Class::Text),
    ("server_name", Field::HostElse, Class::Word),
    ("http_x_forwarded_for", Field::ForwardedFor, Class::List),
    ("proxy_add_x_forwarded_for", Field::ForwardedFor, Class::List),
    ("scheme", Field::Scheme, Class::Word),
    ("sent_http_location", Field::Location, Class::Text),
    ("uri", Field::Uri, Class::Text),
    ("document_uri", Field::Uri, Class::Text),
    ("request_time", Field::Duration, Class::Seconds),
    ("upstream_addr", Field::UpstreamAddr, Class::List),
    ("upstream_status", Field::UpstreamStatus, Class::List),
    ("upstream_response_time", Field::UpstreamResponse, Class::List),
    ("upstream_header_time", Field::UpstreamHeader, Class::List),
    ("upstream_connect_time", Field::UpstreamConnect, Class::List),
    ("upstream_response_length", Field::Other, Class::List),
    ("upstream_bytes_received", Field::Other, Class::List),
    ("upstream_bytes_sent", Field::Other, Class::List),
    ("upstream_queue_time", Field::Other, Class::List),
    ("upstream_cache_status", Field::Other, Class::Word),
    ("request_length", Field::Other, Class::Number),
    ("request_id", Field::Other, Class::Word),
    ("req_id", Field::Other, Class::Word),
    ("connection", Field::Other, Class::Number),
    ("connection_requests", Field::Other, Class::Number),
    ("connection_time", Field::Other, Class::Seconds),
    ("remote_port", Field::Other, Class::Number),
    ("server_port", Field::Other, Class::Number),
    ("server_addr", Field::Other, Class::Word),
    ("content_length", Field::Other, Class::Text),
    ("pid", Field::Other, Class::Number),
    ("pipe", Field::Other, Class::Word),
    ("hostname", Field::Other, Class::Word),
    ("nginx_version", Field::Other, Class::Word),
    ("gzip_ratio", Field::Other, Class::Word),
    ("ssl_protocol", Field::Other, Class::Word),
    ("ssl_cipher", Field::Other, Class::Word),
    ("ssl_session_reused", Field::Other, Class::Word),
    ("https", Field::Other, Class::Word),
    ("http2", Field::Other, Class::Word),
    ("http3", Field::Other, Class::Word),
    ("limit_req_status", Field::Other, Class::Word),
    ("limit_conn_status", Field::Other, Class::Word),
    ("request_completion", Field::Other, Class::Word),
    ("geoip_country_code", Field::Other, Class::Word),
    ("geoip2_data_country_code", Field::Other, Class::Word),
    ("proxy_upstream_name", Field::Other, Class::Word),
    ("proxy_alternative_upstream_name", Field::Other, Class::Word),
    ("tcpinfo_rtt", Field::Other, Class::Number),
    // What other writers log, for the formats that are known here by name.
    ("duration_ms", Field::Duration, Class::Millis),
    ("duration_ns", Field::Duration, Class::Nanos),
    ("upstream_took_ns", Field::UpstreamTook, Class::Nanos),
    ("any_time", Field::TimeElse, Class::AnyTime),
    ("any_client", Field::ClientElse, Class::Text),
    ("skipped", Field::Other, Class::Text),
];

/// What a variable says and how its value looks.
pub(super) fn variable(name: &[u8]) -> (Field, Class) {
    let known = VARIABLES.iter().find(|(known, ..)| known.as_bytes() == name);
    known.map_or((Field::Other, Class::Text), |&(_, field, class)| (field, class))
}

impl Field {
    /// Puts a text in its place.
    #[inline]
    pub(super) fn put<'a>(self, value: &'a [u8], escape: Escape, record: &mut Record<'a>) {
        let shown = || present(value, escape);
        match self {
            Self::Request => record.request = Request::of(value),
            Self::Agent => record.agent = shown(),
            Self::Referer => record.referer = shown(),
            Self::Client => record.client = value,
            Self::User => record.user = shown(),
            Self::Host => record.host = shown(),
            Self::UpstreamAddr => record.upstream.addr = shown(),
            // Traefik has a 0 where none was asked.
            Self::UpstreamStatus => record.upstream.status = shown().filter(|status| *status != b"0"),
            Self::UpstreamResponse => record.upstream.response_time = shown(),
            Self::UpstreamHeader => record.upstream.header_time = shown(),
            Self::UpstreamConnect => record.upstream.connect_time = shown(),
            Self::ForwardedFor => record.forwarded_for = shown(),
            Self::ForwardedClient => {
                record.forwarded_for = shown();
                let first = value.split(|&byte| byte == b',').next();
                record.client = first.map(<[u8]>::trim_ascii).unwrap_or_default();
            }
            Self::Scheme => record.scheme = shown(),
            Self::Location => record.location = shown(),
            Self::ClientElse if record.client.is_empty() => record.client = shown().unwrap_or_default(),
            Self::HostElse if record.host.is_none() => record.host = shown(),
            Self::Uri => record.uri = shown(),
            Self::UriAndArgs => {
                let path = memchr::memchr(b'?', value).and_then(|end| value.get(..end)).unwrap_or(value);
                record.uri = present(path, escape);
                if record.request.target.is_empty() {
                    Self::Target.put(value, escape, record);
                }
            }
            // The request line says the same, and also of requests that nginx could not read.
            Self::Method if record.request.line.is_empty() => record.request.method = shown().unwrap_or_default(),
            Self::Target if record.request.line.is_empty() => record.request.target = shown().unwrap_or_default(),
            Self::Protocol if record.request.line.is_empty() => record.request.protocol = shown().unwrap_or_default(),
            _ => {}
        }
    }

    /// Puts a number in its place.
    #[inline]
    pub(super) fn count(self, value: u64, record: &mut Record<'_>) {
        match self {
            Self::Bytes => record.bytes = Some(value),
            Self::BytesElse if record.bytes.is_none() => record.bytes = Some(value),
            _ => {}
        }
    }

    /// Puts microseconds in their place.
    #[inline]
    pub(super) fn last(self, micros: u32, record: &mut Record<'_>) {
        match self {
            Self::Duration => record.duration = Some(micros),
            Self::UpstreamTook => record.upstream.took = Some(micros).filter(|micros| *micros > 0),
            _ => {}
        }
    }

    /// Puts a time in its place.
    #[inline]
    pub(super) fn at(self, time: i64, record: &mut Record<'_>) {
        if self == Self::Time || record.time.is_none() {
            record.time = Some(time);
        }
    }
}

impl Class {
    /// True if its values cannot be mistaken for a text, and end where their alphabet does.
    pub(super) const fn has_alphabet(self) -> bool {
        !matches!(self, Self::AnyTime | Self::Word | Self::Text | Self::List)
    }

    /// Reads a value whose end is known, and puts it in its place. `false`: it is none of this class.
    pub(super) fn whole<'a>(
        self,
        field: Field,
        value: &'a [u8],
        escape: Escape,
        times: &mut Times<'_>,
        record: &mut Record<'a>,
    ) -> bool {
        if matches!(value, b"" | b"-") && (self.has_alphabet() || self == Self::AnyTime) {
            return true;
        }
        let all = |(number, length): (u64, usize)| (length > 0 && length == value.len()).then_some(number);
        match self {
            Self::Word | Self::Text | Self::List => {
                field.put(value, escape, record);
                true
            }
            Self::Local | Self::Iso | Self::AnyTime => times.any(value).map(|time| field.at(time, record)).is_some(),
            Self::Epoch => epoch(value).map(|(time, _)| field.at(time, record)).is_some(),
            Self::Status => {
                let status = all(leading(value)).and_then(|status| u16::try_from(status).ok());
                status.filter(|status| *status < 1000).map(|status| record.status = status).is_some()
            }
            Self::Number => all(leading(value)).map(|number| field.count(number, record)).is_some(),
            Self::Seconds => {
                let (micros, length) = micros(value);
                field.last(micros, record);
                length > 0
            }
            Self::Millis => {
                all(leading(value)).map(|ms| field.last(saturated(ms.saturating_mul(1000)), record)).is_some()
            }
            Self::Nanos => all(leading(value)).map(|ns| field.last(saturated(ns / 1000), record)).is_some(),
        }
    }
}

/// A text that was there: `-` stands for one that was not, and so does an empty one where nginx writes nothing for it.
#[inline]
fn present(value: &[u8], escape: Escape) -> Option<&[u8]> {
    match value {
        b"-" => None,
        b"" if escape != Escape::Default => None,
        _ => Some(value),
    }
}
