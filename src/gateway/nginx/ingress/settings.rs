//! What the controller is configured with: its `ConfigMap`, and the part of nginx's configuration that stands above servers.
//!
//! `internal/ingress/controller/config` and `rootfs/etc/nginx/template/nginx.tmpl` of ingress-nginx 1.15. What the template
//! leaves to Lua (`rootfs/etc/nginx/lua/lua_ingress.lua`: which scheme, host and port a request came with, and where it is
//! redirected to) is said here by `map`s that give the same.

use super::annotations::truth;
use super::objects::ConfigMap;
use super::{said, words};
use crate::gateway::document::Entry;
use crate::gateway::nginx::tree::Directive;
use crate::gateway::{ConfigError, Place};

/// Keys with a place in the model.
const KEYS: [&str; 29] = [
    "allow-snippet-annotations",
    "compute-full-forwarded-for",
    "denylist-source-range",
    "enable-real-ip",
    "enable-underscores-in-headers",
    "force-ssl-redirect",
    "forwarded-for-header",
    "forwarded-host-header",
    "generate-request-id",
    "http-redirect-code",
    "http-snippet",
    "ignore-invalid-headers",
    "large-client-header-buffers",
    "location-snippet",
    "no-auth-locations",
    "no-tls-redirect-locations",
    "preserve-trailing-slash",
    "proxy-add-original-uri-header",
    "proxy-body-size",
    "proxy-cookie-domain",
    "proxy-cookie-path",
    "proxy-real-ip-cidr",
    "proxy-request-buffering",
    "proxy-set-headers",
    "relative-redirects",
    "server-snippet",
    "ssl-redirect",
    "use-forwarded-headers",
    "whitelist-source-range",
];

/// Keys that change nothing that is modelled, by what they begin with.
const IGNORED: [&str; 52] = [
    "access-log-",
    "add-headers",
    "allow-backend-server-header",
    "allow-cross-namespace-resources",
    "annotation-value-word-blocklist",
    "annotations-risk-level",
    "brotli-",
    "client-body-",
    "client-header-",
    "debug-connections",
    "default-type",
    "disable-access-log",
    "disable-http-access-log",
    "disable-ipv6",
    "disable-stream-access-log",
    "enable-access-log-for-default-backend",
    "enable-aio-write",
    "enable-auth-access-log",
    "enable-brotli",
    "enable-multi-accept",
    "enable-ocsp",
    "enable-serial-reloads",
    "enable-syslog",
    "error-log-",
    "geoip2-",
    "global-allowed-response-headers",
    "gzip-",
    "hide-headers",
    "hsts",
    "http-access-log-path",
    "http2-",
    "keep-alive",
    "limit-",
    "load-balance",
    "log-format-",
    "lua-shared-dicts",
    "map-hash-bucket-size",
    "max-worker-",
    "nginx-status-",
    "proxy-buffer",
    "proxy-busy-buffers-size",
    "proxy-connect-timeout",
    "proxy-headers-hash-",
    "proxy-max-temp-file-size",
    "proxy-read-timeout",
    "proxy-send-timeout",
    "proxy-stream-",
    "server-name-hash-",
    "server-tokens",
    "skip-access-log-urls",
    "strict-validate-path-type",
    "upstream-keepalive-",
];

/// The rest of those.
const IGNORED_TOO: [&str; 12] = [
    "reuse-port",
    "ssl-buffer-size",
    "ssl-ciphers",
    "ssl-dh-param",
    "ssl-early-data",
    "ssl-ecdh-curve",
    "ssl-protocols",
    "ssl-session-",
    "use-gzip",
    "use-http2",
    "variables-hash-",
    "worker-",
];

/// The controller's configuration.
#[derive(Debug)]
pub(super) struct Settings<'a> {
    /// The controller's own map, where it is among the files.
    map: Option<ConfigMap<'a>>,
    /// What `proxy-set-headers` names.
    headers: Option<ConfigMap<'a>>,
    /// Where what nobody wrote is taken to be said.
    place: &'a Place,
}

impl<'a> Settings<'a> {
    /// The controller's map is the one that has nginx in its name and keys of the controller.
    pub(super) fn of(maps: &[ConfigMap<'a>], place: &'a Place) -> Self {
        let known = |entry: &Entry| KEYS.contains(&entry.name.as_str()) || is_ignored(&entry.name);
        let own = maps.iter().find(|map| map.name.contains("nginx") && map.data.iter().any(known)).copied();
        let named = own.and_then(|map| text(map, "proxy-set-headers"));
        let headers = named.and_then(|full| {
            let (namespace, name) = full.split_once('/')?;
            maps.iter().find(|map| map.namespace == namespace && map.name == name).copied()
        });
        Self { map: own, headers, place }
    }

    /// A value.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.map.and_then(|map| text(map, name))
    }

    /// A value that is yes or no.
    pub(super) fn flag(&self, name: &str, default: bool) -> bool {
        self.text(name).and_then(truth).unwrap_or(default)
    }

    /// The line of a key; that of the first `Ingress` if it is not there.
    pub(super) fn place(&self, name: &str) -> &'a Place {
        let entry = self.map.and_then(|map| map.data.iter().find(|entry| entry.name == name));
        entry.map_or(self.place, |entry| &entry.place)
    }

    /// True if what a proxy before it says is believed.
    pub(super) fn forwarded(&self) -> bool {
        self.flag("use-forwarded-headers", false)
    }

    /// The status of redirects to another scheme or host.
    pub(super) fn redirect_code(&self) -> &'a str {
        let code = self.text("http-redirect-code");
        code.filter(|code| matches!(*code, "301" | "302" | "307" | "308")).unwrap_or("308")
    }

    /// Whether annotations may hold pieces of nginx's configuration; `None` if nobody says so.
    pub(super) fn allows_snippets(&self) -> Option<bool> {
        self.text("allow-snippet-annotations").and_then(truth)
    }

    /// A piece of nginx's configuration.
    ///
    /// # Errors
    /// nginx does not start with it.
    pub(super) fn snippet(&self, name: &str) -> Result<Vec<Directive>, ConfigError> {
        self.text(name).map_or(Ok(Vec::new()), |text| said(text, self.place(name)))
    }

    /// True if a path begins with one of a list.
    pub(super) fn lists(&self, name: &str, path: &str) -> bool {
        let list = self.text(name).unwrap_or("/.well-known/acme-challenge");
        list.split(',').map(|item| item.trim_matches(' ')).any(|item| !item.is_empty() && path.starts_with(item))
    }

    /// The variable of the field that clients are looked for in.
    pub(super) fn variable(&self, name: &str, default: &str) -> String {
        format!("$http_{}", self.text(name).unwrap_or(default).replace('-', "_").to_ascii_lowercase())
    }

    /// Fields that are sent with every request beside the usual ones.
    pub(super) fn headers(&self) -> Vec<Directive> {
        let entries = self.headers.map(|map| map.data).unwrap_or_default().iter();
        let line = |entry: &Entry| {
            let value = entry.node.text.as_deref().unwrap_or_default();
            Directive::simple("proxy_set_header", &[&entry.name, value], &entry.place)
        };
        entries.map(line).collect()
    }

    /// What stands above servers.
    ///
    /// # Errors
    /// nginx refuses a value.
    pub(super) fn above(&self, certificates: Directive) -> Result<Vec<Directive>, ConfigError> {
        let mut above = said(ABOVE, self.place)?;
        above.push(certificates);
        let forwarded = self.place("use-forwarded-headers");
        above.extend(if self.forwarded() { said(FORWARDED, forwarded)? } else { said(AS_RECEIVED, forwarded)? });
        let generated = if self.flag("generate-request-id", true) { GENERATED_ID } else { GIVEN_ID };
        above.extend(said(generated, self.place("generate-request-id"))?);
        if self.forwarded() || self.flag("enable-real-ip", false) {
            above.extend(self.real_ip());
        }
        if self.forwarded() && self.flag("compute-full-forwarded-for", false) {
            above.extend(said(FULL, self.place("compute-full-forwarded-for"))?);
        }
        for (key, directive) in [
            ("enable-underscores-in-headers", "underscores_in_headers"),
            ("ignore-invalid-headers", "ignore_invalid_headers"),
        ] {
            if let Some(value) = self.text(key).and_then(truth) {
                above.push(Directive::simple(directive, &[if value { "on" } else { "off" }], self.place(key)));
            }
        }
        let key = "large-client-header-buffers";
        if let Some(value) = self.text(key) {
            above.push(words(key.replace('-', "_").as_str(), value, self.place(key))?);
        }
        if self.flag("relative-redirects", false) {
            above.push(Directive::simple("absolute_redirect", &["off"], self.place("relative-redirects")));
        }
        above.extend(self.snippet("http-snippet")?);
        above.extend(self.doubts());
        Ok(above)
    }

    fn real_ip(&self) -> Vec<Directive> {
        let place = self.place("proxy-real-ip-cidr");
        let field = self.text("forwarded-for-header").unwrap_or("X-Forwarded-For");
        let ranges = self.text("proxy-real-ip-cidr").unwrap_or("0.0.0.0/0");
        let ranges = ranges.split(',').map(str::trim).filter(|range| !range.is_empty());
        let mut lines = vec![
            Directive::simple("real_ip_header", &[field], self.place("use-forwarded-headers")),
            Directive::simple("real_ip_recursive", &["on"], self.place("use-forwarded-headers")),
        ];
        lines.extend(ranges.map(|range| Directive::simple("set_real_ip_from", &[range], place)));
        lines
    }

    /// Keys that are not understood, and those whose values are not.
    fn doubts(&self) -> Vec<Directive> {
        let entries = self.map.map(|map| map.data).unwrap_or_default().iter();
        let wrong = |entry: &&Entry| {
            let value = entry.node.text.as_deref().unwrap_or_default();
            let missing = entry.name == "proxy-set-headers" && self.headers.is_none();
            let off = value.is_empty() || truth(value) == Some(false);
            missing || !(KEYS.contains(&entry.name.as_str()) || is_ignored(&entry.name) || off)
        };
        let doubt = |entry: &Entry| {
            let value = entry.node.text.as_deref().unwrap_or_default();
            Directive::simple(&entry.name, &[value.lines().next().unwrap_or_default()], &entry.place)
        };
        entries.filter(wrong).map(doubt).collect()
    }
}

fn text<'a>(map: ConfigMap<'a>, name: &str) -> Option<&'a str> {
    let entry = map.data.iter().find(|entry| entry.name == name)?;
    entry.node.text.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

fn is_ignored(key: &str) -> bool {
    IGNORED.iter().chain(&IGNORED_TOO).any(|start| key.starts_with(start))
}

/// `$redirect_host` and `$redirect_uri` are what Lua makes of the host without its port, and of the target without the
/// slash at its end.
const ABOVE: &str = r#"
    server_name_in_redirect off;
    port_in_redirect off;
    map $http_upgrade $connection_upgrade { default upgrade; "" ""; }
    map $best_http_host $redirect_host { default $best_http_host; "~^(?<host_before_port>[^:]*)" $host_before_port; }
    map $request_uri $redirect_uri { default $request_uri; "~^(?<uri_before_slash>.*)/$" $uri_before_slash; }
    map "$pass_access_scheme $has_certificate" $redirect_to_https { default 0; "http 1" 1; }
"#;

const AS_RECEIVED: &str = r#"
    map $scheme $pass_access_scheme { default $scheme; }
    map $server_port $pass_port { default $server_port; }
    map $http_host $best_http_host { default $http_host; "" $host; }
"#;

const FORWARDED: &str = r#"
    map $http_x_forwarded_proto $pass_access_scheme { default $http_x_forwarded_proto; "" $scheme; }
    map $http_x_forwarded_port $pass_port { default $http_x_forwarded_port; "" $server_port; }
    map $http_host $received_http_host { default $http_host; "" $host; }
    map $http_x_forwarded_host $best_http_host {
        default "";
        "" $received_http_host;
        "~^(?<first_forwarded_host>[^,]*)" $first_forwarded_host;
    }
"#;

const GENERATED_ID: &str = r#"map $http_x_request_id $req_id { default $http_x_request_id; "" $request_id; }"#;

const GIVEN_ID: &str = "map $http_x_request_id $req_id { default $http_x_request_id; }";

const FULL: &str = r#"
    map $http_x_forwarded_for $full_x_forwarded_for {
        default "$http_x_forwarded_for, $realip_remote_addr";
        "" $realip_remote_addr;
    }
"#;
