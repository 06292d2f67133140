//! The settings of modules whose answers are not modelled: `FastCGI`, uwsgi, SCGI, gRPC, memcached and their like.
//!
//! This file exists because there are hundreds of them, most of them alike from module to module. A name is known as a
//! whole and not by its beginning: one that no module has is no setting.
//!
//! Source: the command tables of nginx 1.22.1 to 1.31.x.

/// What every module has that asks another server.
const ASKING: [&str; 9] = [
    "bind",
    "buffer_size",
    "connect_timeout",
    "next_upstream",
    "next_upstream_timeout",
    "next_upstream_tries",
    "read_timeout",
    "send_timeout",
    "socket_keepalive",
];

/// What those have beside it that pass pages on.
const PASSING: [&str; 36] = [
    "buffering",
    "buffers",
    "busy_buffers_size",
    "cache",
    "cache_background_update",
    "cache_bypass",
    "cache_key",
    "cache_lock",
    "cache_lock_age",
    "cache_lock_timeout",
    "cache_max_range_offset",
    "cache_methods",
    "cache_min_uses",
    "cache_path",
    "cache_revalidate",
    "cache_use_stale",
    "cache_valid",
    "force_ranges",
    "hide_header",
    "ignore_client_abort",
    "ignore_headers",
    "intercept_errors",
    "limit_rate",
    "max_temp_file_size",
    "no_cache",
    "param",
    "pass_header",
    "pass_request_body",
    "pass_request_headers",
    "request_buffering",
    "socket_rcvbuf",
    "socket_sndbuf",
    "store",
    "store_access",
    "temp_file_write_size",
    "temp_path",
];

/// What those have that speak TLS, behind `ssl_`.
const SECURE: [&str; 14] = [
    "certificate",
    "certificate_cache",
    "certificate_key",
    "ciphers",
    "conf_command",
    "crl",
    "name",
    "password_file",
    "protocols",
    "server_name",
    "session_reuse",
    "trusted_certificate",
    "verify",
    "verify_depth",
];

/// A module's settings.
struct Family {
    /// What their names begin with.
    start: &'static str,
    asks: bool,
    passes: bool,
    secure: bool,
    /// Those that it has alone.
    own: &'static [&'static str],
}

impl Family {
    /// A module that asks no other server.
    const fn local(start: &'static str, own: &'static [&'static str]) -> Self {
        Self { start, asks: false, passes: false, secure: false, own }
    }

    /// A module that asks another server.
    const fn asking(start: &'static str, own: &'static [&'static str]) -> Self {
        Self { start, asks: true, passes: false, secure: false, own }
    }

    fn has(&self, rest: &str) -> bool {
        self.asks && ASKING.contains(&rest)
            || self.passes && PASSING.contains(&rest)
            || self.secure && rest.strip_prefix("ssl_").is_some_and(|rest| SECURE.contains(&rest))
            || self.own.contains(&rest)
    }
}

const FAMILIES: [Family; 10] = [
    Family {
        passes: true,
        ..Family::asking("fastcgi_", &["catch_stderr", "index", "keep_conn", "send_lowat", "split_path_info"])
    },
    Family { passes: true, secure: true, ..Family::asking("uwsgi_", &["modifier1", "modifier2", "string"]) },
    Family { passes: true, ..Family::asking("scgi_", &[]) },
    Family {
        secure: true,
        ..Family::asking(
            "grpc_",
            &[
                "hide_header",
                "ignore_headers",
                "intercept_errors",
                "internal_trailers",
                "pass_header",
                "set_header",
                "socket_rcvbuf",
                "socket_sndbuf",
            ],
        )
    },
    Family::asking("memcached_", &["gzip_flag", "key"]),
    Family::asking("tunnel_", &["send_lowat", "socket_rcvbuf", "socket_sndbuf"]),
    Family::local("image_filter_", &["buffer", "interlace", "jpeg_quality", "sharpen", "transparency", "webp_quality"]),
    Family::local("userid_", &["domain", "expires", "flags", "mark", "name", "p3p", "path", "service"]),
    Family::local(
        "ssi_",
        &["ignore_recycled_buffers", "last_modified", "min_file_chunk", "silent_errors", "types", "value_length"],
    ),
    Family::local("mp4_", &["buffer_size", "limit_rate", "limit_rate_after", "max_buffer_size", "start_key_frame"]),
];

/// True for a setting of such a module.
pub(super) fn has(name: &str) -> bool {
    FAMILIES.iter().any(|family| name.strip_prefix(family.start).is_some_and(|rest| family.has(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_as_a_whole() {
        for name in ["fastcgi_param", "uwsgi_ssl_verify", "grpc_set_header", "scgi_temp_path", "mp4_buffer_size"] {
            assert!(has(name), "{name}");
        }
        for name in
            ["fastcgi_x", "fastcgi_ssl_verify", "grpc_cache", "mp4_bind", "fastcgi_", "perl_x", "xslt_stylesheet"]
        {
            assert!(!has(name), "{name}");
        }
    }
}
