//! Fixes in the words of the proxy that is in use.

use super::case::Case;
use super::shown;
use crate::exchange::Exchange;
use crate::lanes::{self, Author, Lanes, Setup};

/// The proxy in front of the app, as far as it gave itself away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proxy {
    /// hopscope's own stand-in.
    StandIn,
    /// Traefik
    Traefik,
    /// nginx
    Nginx,
    /// Caddy
    Caddy,
    /// `HAProxy`
    Haproxy,
    /// Apache httpd
    Apache,
    /// It did not say.
    Unknown,
}

impl Proxy {
    /// Which proxy this request went through: from the set-up, from who changed its headers, from who answered.
    pub(super) fn of(case: &Case<'_>) -> Self {
        Self::seen(case.exchange, case.lanes, case.setup)
    }

    /// The same without a case.
    pub(crate) fn seen(exchange: &Exchange, lanes: &Lanes, setup: &Setup) -> Self {
        if let Some(gateway) = &setup.gateway {
            return Self::named(gateway.proxy.word());
        }
        let by_header = lanes.forwarded.fields.iter().filter_map(|field| field.by.as_deref());
        let by_answer = match &lanes.answer.by {
            Author::Proxy(name) => Some(*name),
            _ => None,
        };
        let by_marks = lanes::proxy_between(exchange);
        by_header
            .chain(by_answer)
            .chain(by_marks)
            .map(Self::named)
            .find(|&proxy| proxy != Self::Unknown)
            .unwrap_or(Self::Unknown)
    }

    /// The proxy of this name, as `gateway::Proxy::word` gives it.
    pub(super) fn named(name: &str) -> Self {
        match name {
            "traefik" => Self::Traefik,
            "nginx" => Self::Nginx,
            "caddy" => Self::Caddy,
            "haproxy" => Self::Haproxy,
            "apache" => Self::Apache,
            "hopscope" => Self::StandIn,
            _ => Self::Unknown,
        }
    }

    /// Its name at the start of a sentence.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::StandIn => "hopscope",
            Self::Traefik => "Traefik",
            Self::Nginx => "nginx",
            Self::Caddy => "Caddy",
            Self::Haproxy => "HAProxy",
            Self::Apache => "Apache",
            Self::Unknown => "the proxy",
        }
    }

    /// How to take the prefix off.
    pub(crate) fn strip(self, prefix: &str) -> String {
        let p = shown::text(prefix);
        match self {
            Self::StandIn => format!("hopscope proxy --prefix {p} --strip"),
            Self::Traefik => {
                format!("Traefik: stripPrefix.prefixes = [\"{p}\"] in a middleware of the router")
            }
            // A location's other lines stay: only this one is said.
            Self::Nginx => format!("nginx: location {p}/ with proxy_pass http://app/; in it (both end in /)"),
            Self::Caddy => format!("Caddy: handle_path {p}/* {{ reverse_proxy app }}"),
            Self::Haproxy => format!("HAProxy: http-request replace-path {p}(/)?(.*) /\\2"),
            Self::Apache => {
                format!("Apache: ProxyPass {p}/ http://app/ and ProxyPassReverse {p}/ http://app/ (all end in /)")
            }
            Self::Unknown => format!("strip {p} at the proxy"),
        }
    }

    /// How to leave the prefix on and tell the app what it is.
    pub(crate) fn keep(self, prefix: &str) -> String {
        let p = shown::text(prefix);
        match self {
            Self::StandIn => format!("hopscope proxy --prefix {p} --keep --forward-prefix"),
            Self::Traefik => format!(
                "Traefik: no stripPrefix, and headers.customRequestHeaders.X-Forwarded-Prefix = \"{p}\" in its place"
            ),
            Self::Nginx => format!(
                "nginx: location {p}/ with proxy_pass http://app; in it (nothing after the name), and beside its other \
                 proxy_set_header lines proxy_set_header X-Forwarded-Prefix {p};"
            ),
            Self::Caddy => {
                format!("Caddy: handle {p}/* {{ reverse_proxy app {{ header_up X-Forwarded-Prefix {p} }} }}")
            }
            Self::Haproxy => {
                format!("HAProxy: no replace-path, and http-request set-header X-Forwarded-Prefix {p}")
            }
            Self::Apache => {
                format!("Apache: ProxyPass {p}/ http://app{p}/ and RequestHeader set X-Forwarded-Prefix {p}")
            }
            Self::Unknown => format!("keep {p} at the proxy and send it as X-Forwarded-Prefix"),
        }
    }

    /// How to pass the client's Host on.
    pub(crate) fn pass_host(self) -> String {
        match self {
            Self::StandIn => "hopscope passes Host on as it came; look at what stands before it".to_owned(),
            Self::Traefik => {
                "Traefik: loadBalancer.passHostHeader = true (the default), and no Host in customRequestHeaders"
                    .to_owned()
            }
            Self::Nginx => {
                "nginx: proxy_set_header Host $http_host; in the same location, and in every other that does not pass it on"
                    .to_owned()
            }
            Self::Caddy => "Caddy: delete the header_up Host line (Caddy passes Host on by itself)".to_owned(),
            Self::Haproxy => "HAProxy: delete the http-request set-header Host line".to_owned(),
            Self::Apache => "Apache: ProxyPreserveHost On".to_owned(),
            Self::Unknown => "pass the client's Host on (nginx: proxy_set_header Host $http_host;)".to_owned(),
        }
    }

    /// How to send the client's scheme to the app.
    pub(crate) fn send_scheme(self) -> String {
        match self {
            Self::StandIn => "hopscope proxy --public-url https://…".to_owned(),
            Self::Traefik => {
                "Traefik: entryPoints.<name>.forwardedHeaders.trustedIPs = [the address of what ends TLS before it]"
                    .to_owned()
            }
            Self::Nginx => "nginx: proxy_set_header X-Forwarded-Proto $scheme; where nginx itself ends TLS".to_owned(),
            Self::Caddy => "Caddy: servers { trusted_proxies static <what ends TLS before it> }".to_owned(),
            Self::Haproxy => "HAProxy: http-request set-header X-Forwarded-Proto https if { ssl_fc }".to_owned(),
            Self::Apache => {
                "Apache: RequestHeader set X-Forwarded-Proto https in the virtual host that ends TLS".to_owned()
            }
            Self::Unknown => "make the proxy send X-Forwarded-Proto: https".to_owned(),
        }
    }

    /// How to pass on what the hop at this address, which ends TLS before the proxy, says of the client's scheme.
    pub(crate) fn believe_front(self, front: &str) -> String {
        let front = shown::text(front);
        match self {
            Self::StandIn => "hopscope proxy --public-url https://…".to_owned(),
            Self::Traefik => format!("Traefik: entryPoints.<name>.forwardedHeaders.trustedIPs = [\"{front}\"]"),
            Self::Nginx => format!(
                "nginx: proxy_set_header X-Forwarded-Proto $http_x_forwarded_proto; in the same location, if only {front} \
                 reaches it"
            ),
            Self::Caddy => format!("Caddy: servers {{ trusted_proxies static {front} }} in the global options"),
            Self::Haproxy => {
                "HAProxy: no http-request set-header X-Forwarded-Proto, or only if !{ req.hdr(X-Forwarded-Proto) -m found }"
                    .to_owned()
            }
            Self::Apache => format!(
                "Apache: no RequestHeader set X-Forwarded-Proto where only {front} reaches it (it goes on as it came)"
            ),
            Self::Unknown => {
                format!("the proxy: pass on what {front} says in X-Forwarded-Proto and X-Forwarded-For")
            }
        }
    }

    /// How to add a rule that takes a path.
    pub(crate) fn add_rule(self, path: &str) -> String {
        let p = shown::text(path);
        match self {
            Self::StandIn => format!("hopscope proxy --route {p}=http://127.0.0.1:8000"),
            Self::Traefik => {
                format!("Traefik: a router with rule = \"PathPrefix(`{p}`)\" (and the Host that was asked for)")
            }
            Self::Nginx => format!("nginx: location {p} {{ proxy_pass http://app; }}"),
            Self::Caddy => format!("Caddy: handle {p}* {{ reverse_proxy app }}"),
            Self::Haproxy => format!("HAProxy: use_backend app if {{ path_beg {p} }}"),
            Self::Apache => format!("Apache: ProxyPass {p} http://app{p}"),
            Self::Unknown => format!("add a rule to the proxy that takes {p}"),
        }
    }
    /// How to take requests for another host.
    pub(crate) fn add_host(self, host: &str, prefix: &str) -> String {
        let (h, p) = (shown::text(host), shown::text(prefix));
        match self {
            Self::Traefik => format!("Traefik: (… || Host(`{h}`)) in the place of Host(…) in the rule for {p}/"),
            Self::Nginx => {
                format!("nginx: {h} beside the other names in the server_name of the server with location {p}/")
            }
            Self::Caddy => format!("Caddy: {h} beside the other addresses of the site with {p}/"),
            Self::Haproxy => format!("HAProxy: {h} beside the other hosts of the acl that {p}/ asks for"),
            Self::Apache => format!("Apache: ServerAlias {h} in the VirtualHost with {p}/"),
            Self::StandIn | Self::Unknown => format!("the proxy: take {p}/ for the host {h} too"),
        }
    }

    /// How to pass the query on.
    pub(crate) fn pass_query(self) -> &'static str {
        match self {
            Self::Nginx | Self::Unknown => {
                "nginx: $is_args$args at the end of a proxy_pass that has variables (or captured groups) in it; no ? at \
                 the end of a rewrite"
            }
            Self::Caddy => "Caddy: {?query} at the end of the rewrite, or uri strip_prefix in its place",
            Self::Haproxy => "HAProxy: replace-path or set-path in place of set-uri: they leave the query alone",
            Self::Apache => "Apache: RewriteRule with [P,QSA], and no ? at the end of its target",
            Self::Traefik | Self::StandIn => "a rewrite of the path alone, which leaves the query as it is",
        }
    }
}
