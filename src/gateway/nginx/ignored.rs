//! What directives mean to a request, by their names.
//!
//! Most directives change neither where a request goes nor what is sent nor the status and the `Location` of the answer:
//! they are listed here, one by one, because a name that is on no list is taken for one that may change all of that.
//!
//! Source: the command tables of nginx 1.22.1 to 1.31.x, and those of the compression modules that packages bring.

use super::families;

/// What a directive without a place in the model means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Nothing that matters here.
    Ignored,
    /// Nothing as long as it is off.
    OffOnly,
    /// It makes the answer of its location, and how is not modelled: why.
    Handler(&'static str),
    /// It is known, and not allowed in this block.
    Misplaced,
    /// It may change anything.
    Unknown,
}

/// What changes nothing that is modelled, sorted.
const IGNORED: [&str; 256] = [
    "access_log",
    "add_header_inherit",
    "add_trailer",
    "add_trailer_inherit",
    "addition_types",
    "aio",
    "aio_write",
    "ancient_browser",
    "ancient_browser_value",
    "auth_basic_user_file",
    "auth_delay",
    "autoindex_exact_size",
    "autoindex_format",
    "autoindex_localtime",
    "brotli",
    "brotli_buffers",
    "brotli_comp_level",
    "brotli_min_length",
    "brotli_static",
    "brotli_types",
    "brotli_window",
    "charset",
    "charset_map",
    "charset_types",
    "chunked_transfer_encoding",
    "client_body_buffer_size",
    "client_body_early_read",
    "client_body_in_file_only",
    "client_body_in_single_buffer",
    "client_body_temp_path",
    "client_body_timeout",
    "client_header_timeout",
    "connection_pool_size",
    "create_full_put_path",
    "dav_access",
    "degradation",
    "directio",
    "directio_alignment",
    "early_hints",
    "error_log",
    "etag",
    "expires",
    "geoip2_proxy",
    "geoip2_proxy_recursive",
    "geoip_city",
    "geoip_country",
    "geoip_org",
    "geoip_proxy",
    "geoip_proxy_recursive",
    "gunzip",
    "gunzip_buffers",
    "gzip",
    "gzip_buffers",
    "gzip_comp_level",
    "gzip_disable",
    "gzip_hash",
    "gzip_http_version",
    "gzip_min_length",
    "gzip_no_buffer",
    "gzip_proxied",
    "gzip_static",
    "gzip_types",
    "gzip_vary",
    "gzip_window",
    "http2",
    "http2_body_preread_size",
    "http2_chunk_size",
    "http2_idle_timeout",
    "http2_max_concurrent_pushes",
    "http2_max_concurrent_streams",
    "http2_max_field_size",
    "http2_max_header_size",
    "http2_max_requests",
    "http2_pool_size",
    "http2_push",
    "http2_push_preload",
    "http2_recv_buffer_size",
    "http2_recv_timeout",
    "http2_streams_index_size",
    "http3",
    "http3_hq",
    "http3_max_concurrent_streams",
    "http3_stream_buffer_size",
    "if_modified_since",
    "keepalive_disable",
    "keepalive_min_timeout",
    "keepalive_requests",
    "keepalive_time",
    "keepalive_timeout",
    "limit_conn_dry_run",
    "limit_conn_log_level",
    "limit_conn_status",
    "limit_conn_zone",
    "limit_rate",
    "limit_rate_after",
    "limit_req_dry_run",
    "limit_req_log_level",
    "limit_req_status",
    "limit_req_zone",
    "lingering_close",
    "lingering_time",
    "lingering_timeout",
    "log_format",
    "log_not_found",
    "log_subrequest",
    "map_hash_bucket_size",
    "map_hash_max_size",
    "max_ranges",
    "min_delete_depth",
    "mirror",
    "mirror_request_body",
    "modern_browser",
    "modern_browser_value",
    "msie_padding",
    "msie_refresh",
    "open_file_cache",
    "open_file_cache_errors",
    "open_file_cache_events",
    "open_file_cache_min_uses",
    "open_file_cache_valid",
    "open_log_file_cache",
    "output_buffers",
    "override_charset",
    "pcre_jit",
    "perl_modules",
    "perl_require",
    "post_action",
    "postpone_gzipping",
    "postpone_output",
    "proxy_bind",
    "proxy_buffering",
    "proxy_buffers",
    "proxy_busy_buffers_size",
    "proxy_cache_background_update",
    "proxy_cache_bypass",
    "proxy_cache_key",
    "proxy_cache_lock",
    "proxy_cache_lock_age",
    "proxy_cache_lock_timeout",
    "proxy_cache_max_range_offset",
    "proxy_cache_methods",
    "proxy_cache_min_uses",
    "proxy_cache_path",
    "proxy_cache_revalidate",
    "proxy_cache_use_stale",
    "proxy_cache_valid",
    "proxy_connect_timeout",
    "proxy_force_ranges",
    "proxy_headers_hash_bucket_size",
    "proxy_headers_hash_max_size",
    "proxy_ignore_client_abort",
    "proxy_limit_rate",
    "proxy_max_temp_file_size",
    "proxy_next_upstream_timeout",
    "proxy_next_upstream_tries",
    "proxy_no_cache",
    "proxy_pass_trailers",
    "proxy_read_timeout",
    "proxy_send_lowat",
    "proxy_send_timeout",
    "proxy_socket_keepalive",
    "proxy_socket_rcvbuf",
    "proxy_socket_sndbuf",
    "proxy_ssl_certificate",
    "proxy_ssl_certificate_cache",
    "proxy_ssl_certificate_key",
    "proxy_ssl_ciphers",
    "proxy_ssl_conf_command",
    "proxy_ssl_crl",
    "proxy_ssl_name",
    "proxy_ssl_password_file",
    "proxy_ssl_protocols",
    "proxy_ssl_server_name",
    "proxy_ssl_session_reuse",
    "proxy_ssl_trusted_certificate",
    "proxy_ssl_verify",
    "proxy_ssl_verify_depth",
    "proxy_store_access",
    "proxy_temp_file_write_size",
    "proxy_temp_path",
    "quic_active_connection_id_limit",
    "quic_gso",
    "quic_host_key",
    "quic_retry",
    "read_ahead",
    "referer_hash_bucket_size",
    "referer_hash_max_size",
    "request_pool_size",
    "reset_timedout_connection",
    "resolver_timeout",
    "rewrite_log",
    "secure_link",
    "secure_link_md5",
    "secure_link_secret",
    "send_lowat",
    "send_timeout",
    "sendfile",
    "sendfile_max_chunk",
    "server_names_hash_bucket_size",
    "server_names_hash_max_size",
    "server_tokens",
    "source_charset",
    "ssl_buffer_size",
    "ssl_certificate",
    "ssl_certificate_cache",
    "ssl_certificate_compression",
    "ssl_certificate_key",
    "ssl_ciphers",
    "ssl_client_certificate",
    "ssl_conf_command",
    "ssl_crl",
    "ssl_dhparam",
    "ssl_early_data",
    "ssl_ecdh_curve",
    "ssl_ech_file",
    "ssl_ocsp",
    "ssl_ocsp_cache",
    "ssl_ocsp_responder",
    "ssl_password_file",
    "ssl_prefer_server_ciphers",
    "ssl_protocols",
    "ssl_session_cache",
    "ssl_session_ticket_key",
    "ssl_session_tickets",
    "ssl_session_timeout",
    "ssl_stapling",
    "ssl_stapling_file",
    "ssl_stapling_responder",
    "ssl_stapling_verify",
    "ssl_trusted_certificate",
    "ssl_verify_depth",
    "sub_filter",
    "sub_filter_last_modified",
    "sub_filter_once",
    "sub_filter_types",
    "subrequest_output_buffer_size",
    "tcp_nodelay",
    "tcp_nopush",
    "types",
    "types_hash_bucket_size",
    "types_hash_max_size",
    "uninitialized_variable_warn",
    "valid_referers",
    "variables_hash_bucket_size",
    "variables_hash_max_size",
    "xclient",
    "xml_entities",
    "xml_external_entities",
    "xslt_last_modified",
    "xslt_param",
    "xslt_string_param",
    "xslt_types",
    "zstd",
    "zstd_comp_level",
    "zstd_static",
    "zstd_types",
];

/// What changes answers unless it is off.
const OFF_ONLY: [&str; 8] = [
    "dav_methods",
    "disable_symlinks",
    "image_filter",
    "proxy_cache_convert_head",
    "proxy_store",
    "ssi",
    "ssl_reject_handshake",
    "userid",
];

/// What makes the answers of a location, and why they are not known.
const HANDLERS: [(&str, &str); 12] = [
    ("empty_gif", "an answer that is no page is not modelled"),
    ("fastcgi_pass", "FastCGI is not modelled"),
    ("flv", "it is not modelled"),
    ("grpc_pass", "gRPC is not modelled"),
    ("memcached_pass", "memcached is not modelled"),
    ("mp4", "it is not modelled"),
    ("perl", "it is not modelled"),
    ("random_index", "it is not modelled"),
    ("scgi_pass", "SCGI is not modelled"),
    ("stub_status", "nginx's own state is not modelled"),
    ("tunnel_pass", "tunnels are not modelled"),
    ("uwsgi_pass", "the uwsgi protocol is not modelled"),
];

/// Directives of the main context, outside of `http`.
const TOP: [&str; 27] = [
    "daemon",
    "debug_points",
    "env",
    "error_log",
    "events",
    "google_perftools_profiles",
    "load_module",
    "lock_file",
    "mail",
    "master_process",
    "pcre_jit",
    "pid",
    "quic_bpf",
    "ssl_engine",
    "ssl_object_cache_inheritable",
    "stream",
    "thread_pool",
    "timer_resolution",
    "user",
    "worker_aio_requests",
    "worker_cpu_affinity",
    "worker_priority",
    "worker_processes",
    "worker_rlimit_core",
    "worker_rlimit_nofile",
    "worker_shutdown_timeout",
    "working_directory",
];

/// Blocks and directives that have a place in the model, but not in every block.
const PLACED: [&str; 18] = [
    "alias",
    "break",
    "events",
    "geo",
    "http",
    "if",
    "limit_except",
    "listen",
    "location",
    "map",
    "proxy_pass",
    "return",
    "rewrite",
    "server",
    "server_name",
    "set",
    "split_clients",
    "upstream",
];

/// In `upstream`: how one of several servers is chosen is not known anyway.
const IN_UPSTREAM: [&str; 15] = [
    "hash",
    "ip_hash",
    "keepalive",
    "keepalive_requests",
    "keepalive_time",
    "keepalive_timeout",
    "least_conn",
    "least_time",
    "ntlm",
    "queue",
    "random",
    "resolver",
    "resolver_timeout",
    "sticky",
    "zone",
];

/// What a directive means.
pub(super) fn meaning(name: &str) -> Meaning {
    if IGNORED.binary_search(&name).is_ok() {
        return Meaning::Ignored;
    }
    if let Some((_, why)) = HANDLERS.iter().find(|(handler, _)| *handler == name) {
        return Meaning::Handler(why);
    }
    if OFF_ONLY.contains(&name) {
        return Meaning::OffOnly;
    }
    if PLACED.contains(&name) || (at_top(name) && name != "error_log") {
        return Meaning::Misplaced;
    }
    if families::has(name) { Meaning::Ignored } else { Meaning::Unknown }
}

/// True for a directive that stands outside of `http`.
pub(super) fn at_top(name: &str) -> bool {
    TOP.contains(&name)
}

/// True for a directive that stands in a server or deeper, but not in `http`.
pub(super) fn only_in_server(name: &str) -> bool {
    matches!(
        name,
        "location"
            | "listen"
            | "server_name"
            | "set"
            | "if"
            | "rewrite"
            | "return"
            | "break"
            | "try_files"
            | "proxy_pass"
    )
}

/// True for a directive of `upstream` that changes nothing that can be known.
pub(super) fn in_upstream(name: &str) -> bool {
    IN_UPSTREAM.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted() {
        assert!(IGNORED.is_sorted());
    }

    #[test]
    fn meanings() {
        for (name, want) in [
            ("sendfile", Meaning::Ignored),
            ("gzip", Meaning::Ignored),
            ("fastcgi_param", Meaning::Ignored),
            ("fastcgi_pass", Meaning::Handler("FastCGI is not modelled")),
            ("ssi", Meaning::OffOnly),
            ("location", Meaning::Misplaced),
            ("more_set_headers", Meaning::Unknown),
            ("perl_x", Meaning::Unknown),
        ] {
            assert_eq!(meaning(name), want, "{name}");
        }
    }
}
