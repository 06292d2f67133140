//! Formats that have a name.
//!
//! This file exists because most logs are in one of few formats, and their texts are known.
//!
//! Source: `ngx_http_log_module.c` (`combined`), the packages' nginx.conf (`main`), ingress-nginx's `log-format-upstream`
//! (`upstreaminfo`), Apache's `common` and `vhost_combined`, Traefik's common log format.

use super::{Escape, Format, Reader};

/// What `combined` begins with, as the others that are made of it do.
macro_rules! combined {
    ($before:literal, $behind:literal) => {
        concat!(
            $before,
            "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent",
            " \"$http_referer\" \"$http_user_agent\"",
            $behind
        )
    };
}

/// Names and texts; where two fit a line alike, the first is meant.
pub(super) const NAMED: [(&str, &str); 8] = [
    ("combined", combined!("", "")),
    ("main", combined!("", " \"$http_x_forwarded_for\"")),
    ("common", "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent"),
    ("vcombined", combined!("$server_name:$server_port ", "")),
    ("vhost", combined!("$host ", "")),
    (
        "timed",
        combined!(
            "",
            " \"$host\" rt=$request_time uct=\"$upstream_connect_time\" uht=\"$upstream_header_time\" urt=\"$upstream_response_time\" ua=\"$upstream_addr\" us=\"$upstream_status\""
        ),
    ),
    (
        "ingress",
        combined!(
            "",
            " $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id"
        ),
    ),
    ("traefik", combined!("", " $connection_requests \"$skipped\" \"$upstream_addr\" ${duration_ms}ms")),
];

/// Formats that are read by their keys.
pub(super) const BY_KEY: [&str; 3] = ["json", "traefik-json", "caddy"];

impl Format {
    /// The format of this name; see [`Format::names`].
    pub fn named(name: &str) -> Option<Self> {
        if BY_KEY.contains(&name) {
            return Some(Self::new(name.to_owned(), Escape::Json, Reader::Members));
        }
        let (_, text) = NAMED.iter().find(|(known, _)| *known == name)?;
        Some(Self::compile(text.as_bytes(), Escape::Default).ok()?.called(name.to_owned()))
    }

    /// Every name, in the order in which they are tried.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMED.iter().map(|(name, _)| *name).chain(BY_KEY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_a_format_without_a_doubt() {
        for name in Format::names() {
            let format = Format::named(name).unwrap();
            assert_eq!((format.name(), format.joined().len()), (name, 0));
        }
        assert!(Format::named("combind").is_none());
    }
}
