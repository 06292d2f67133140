//! What to write at a proxy about the hop itself: websockets, how much and how long, what is buffered, who is believed.
//!
//! Beside `wording`, which speaks of paths and URLs. Each line is what one types in the program that is in use.

use super::shown;
use super::wording::Proxy;

/// A mebibyte.
const MIB: u64 = 1 << 20;

impl Proxy {
    /// Its name where a sentence begins.
    pub(super) fn name_first(self) -> &'static str {
        if self == Self::Unknown { "The proxy" } else { self.name() }
    }

    /// How to pass websocket handshakes on.
    pub(crate) fn upgrade(self) -> &'static str {
        match self {
            Self::Nginx | Self::Unknown => {
                "nginx, in the location: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
                 proxy_set_header Connection \"upgrade\";"
            }
            Self::Apache => {
                "Apache: ProxyPass <path> http://<app><path> upgrade=websocket (2.4.47 and later), before the line for /"
            }
            Self::Traefik => {
                "Traefik passes websockets on by itself: no Upgrade or Connection in headers.customRequestHeaders"
            }
            Self::Caddy => "Caddy passes websockets on by itself: no header_up for Upgrade or Connection",
            Self::Haproxy => {
                "HAProxy passes websockets on by itself: no http-request del-header or set-header for Upgrade or \
                 Connection"
            }
            Self::StandIn => "hopscope passes websockets on; look at what stands before it",
        }
    }

    /// How to let a body of this many bytes through; with `None` that is not known.
    pub(super) fn body_limit(self, bytes: Option<u64>) -> String {
        let mebibytes = bytes.map_or(50, |bytes| bytes / MIB + 1);
        let most = mebibytes * MIB;
        match self {
            Self::Nginx | Self::Unknown => format!("nginx, in the location: client_max_body_size {mebibytes}m;"),
            Self::Traefik => format!("Traefik: buffering.maxRequestBodyBytes = {most} in the router's middleware"),
            Self::Caddy => format!("Caddy: request_body {{ max_size {mebibytes}MiB }}"),
            Self::Haproxy => "HAProxy: the http-request deny rule on the size of the body (req.body_size)".to_owned(),
            Self::Apache => format!("Apache: LimitRequestBody {most} in the Location"),
            Self::StandIn => "hopscope has no such limit; look at what stands before it".to_owned(),
        }
    }

    /// How to make it wait longer for an answer.
    pub(super) fn wait_longer(self) -> &'static str {
        match self {
            Self::Nginx | Self::Unknown => "nginx, in the location: proxy_read_timeout 300s;",
            Self::Traefik => "Traefik: serversTransport.forwardingTimeouts.responseHeaderTimeout = \"300s\"",
            Self::Caddy => "Caddy: reverse_proxy … { transport http { response_header_timeout 300s } }",
            Self::Haproxy => "HAProxy, in the backend: timeout server 300s",
            Self::Apache => "Apache: ProxyPass … timeout=300, or ProxyTimeout 300",
            Self::StandIn => "hopscope proxy with a longer timeout",
        }
    }

    /// Where it says what it sends requests on to.
    pub(super) fn upstream(self) -> &'static str {
        match self {
            Self::Nginx | Self::Unknown => "proxy_pass, or the server lines of its upstream block",
            Self::Traefik => "loadBalancer.servers of the service (with Docker: the port label and the network)",
            Self::Caddy => "the addresses behind reverse_proxy",
            Self::Haproxy => "the server lines of the backend",
            Self::Apache => "ProxyPass, or the BalancerMember lines",
            Self::StandIn => "--route or --upstream",
        }
    }

    /// How to take larger response heads.
    pub(super) fn larger_heads(self) -> &'static str {
        match self {
            Self::Nginx => "nginx, in the location: proxy_buffer_size 16k; proxy_buffers 8 16k;",
            Self::Haproxy => "HAProxy, in global: tune.bufsize 32768",
            Self::Apache => "Apache: ProxyPass … responsefieldsize=16384",
            Self::StandIn | Self::Traefik | Self::Caddy | Self::Unknown => {
                "the proxy: let it take a larger head of a response"
            }
        }
    }

    /// How to pass a stream on as it comes.
    pub(super) fn unbuffered(self) -> &'static str {
        match self {
            Self::Nginx | Self::Unknown => "nginx, in the location of the stream: proxy_buffering off;",
            Self::Traefik => "Traefik: no buffering middleware on this router, and compress without text/event-stream",
            Self::Caddy => "Caddy: reverse_proxy … { flush_interval -1 }, and encode without text/event-stream",
            Self::Haproxy => "HAProxy: no compression type text/event-stream, and option http-no-delay",
            Self::Apache => "Apache: ProxyPass … flushpackets=on, and no DEFLATE for text/event-stream",
            Self::StandIn => "hopscope passes every piece on at once; look at what stands before it",
        }
    }

    /// How to answer hidden files with 404 at once; where nothing fits a line, what to do.
    pub(super) const fn refuse_hidden(self) -> &'static str {
        match self {
            Self::Nginx => "nginx, in the server: location ~ /\\.(?!well-known/) { return 404; }",
            Self::Traefik => "Traefik: && !PathRegexp(`/\\.(env|git|svn|hg|ssh|aws|ht)`) in the router's rule",
            Self::Caddy => {
                "Caddy: @hidden { path */.*  not path /.well-known/* } on lines of their own, and respond @hidden 404"
            }
            Self::Haproxy => {
                "HAProxy, in the frontend: http-request return status 404 if { path_sub /. } !{ path_beg /.well-known/ }"
            }
            Self::Apache => "Apache: RedirectMatch 404 \"/\\.(?!well-known/)\"",
            Self::StandIn | Self::Unknown => "refuse paths with /. at the proxy, /.well-known/ excepted",
        }
    }

    /// How to make it believe the forwarding headers of the hop before it, an address.
    pub(crate) fn trust_front(self, peer: &str) -> String {
        let peer = shown::text(peer);
        match self {
            Self::Traefik => format!("Traefik: entryPoints.<name>.forwardedHeaders.trustedIPs = [\"{peer}\"]"),
            Self::Nginx => {
                "nginx: map $http_x_forwarded_proto $proto { default $http_x_forwarded_proto; '' $scheme; } and \
                 proxy_set_header X-Forwarded-Proto $proto;"
                    .to_owned()
            }
            Self::Caddy => format!("Caddy, in the global options: servers {{ trusted_proxies static {peer} }}"),
            Self::Haproxy => {
                "HAProxy: http-request set-header X-Forwarded-Proto … only unless { req.hdr(x-forwarded-proto) \
                              -m found }"
                    .to_owned()
            }
            Self::Apache => "Apache: RequestHeader setifempty X-Forwarded-Proto in place of set".to_owned(),
            Self::StandIn => "hopscope proxy --public-url https://…".to_owned(),
            Self::Unknown => format!("the inner proxy: believe X-Forwarded-Proto of {peer}, and pass it on"),
        }
    }

    /// How to tell the app who the client is.
    pub(crate) fn send_client(self) -> &'static str {
        match self {
            Self::Nginx | Self::Unknown => {
                "nginx, in the location: proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
            }
            Self::Traefik => "Traefik sends X-Forwarded-For by itself: no X-Forwarded-For in customRequestHeaders",
            Self::Caddy => "Caddy sends X-Forwarded-For by itself: no header_up -X-Forwarded-For",
            Self::Haproxy => "HAProxy, in the frontend or defaults: option forwardfor",
            Self::Apache => "Apache sends X-Forwarded-For by itself: ProxyAddHeaders On",
            Self::StandIn => "hopscope sends X-Forwarded-For by itself",
        }
    }

    /// How to pass on no client's own word for its address, at the outermost proxy.
    pub(super) fn name_client_alone(self) -> &'static str {
        match self {
            Self::Traefik => {
                "Traefik: forwardedHeaders.trustedIPs on the entry point, and no forwardedHeaders.insecure"
            }
            Self::Nginx => "nginx, at the outermost proxy: proxy_set_header X-Forwarded-For $remote_addr;",
            Self::Caddy => "Caddy: no trusted_proxies that hold the client's own address",
            Self::Haproxy => {
                "HAProxy, in the frontend: http-request del-header X-Forwarded-For, before option forwardfor"
            }
            Self::Apache => "Apache: RequestHeader unset X-Forwarded-For early",
            Self::StandIn | Self::Unknown => "the outermost proxy: set X-Forwarded-For to the client's address alone",
        }
    }
}
