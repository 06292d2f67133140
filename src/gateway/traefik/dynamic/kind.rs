//! What middlewares are, and what each is told.

use crate::gateway::Place;
use crate::gateway::document::At;
use crate::gateway::traefik::install::EncodedCharacters;

/// What a middleware is. A text that is not given is empty, a list too.
#[derive(Clone, Debug)]
pub(in crate::gateway::traefik) enum MiddlewareKind {
    /// `addPrefix`: `prefix`
    AddPrefix(At<String>),
    /// `stripPrefix`
    StripPrefix(StripPrefix),
    /// `stripPrefixRegex`: `regex`
    StripPrefixRegex(Vec<At<String>>),
    /// `replacePath`: `path`
    ReplacePath(At<String>),
    /// `replacePathRegex`
    ReplacePathRegex(Replacement),
    /// `chain`: `middlewares`
    Chain(Vec<At<String>>),
    /// `ipAllowList`, `ipWhiteList`
    IpAllowList(IpAllowList),
    /// `headers`
    Headers(Box<Headers>),
    /// `encodedCharacters`
    EncodedCharacters(EncodedCharacters),
    /// `errors`
    Errors(Errors),
    /// `redirectRegex`
    RedirectRegex(RedirectRegex),
    /// `redirectScheme`
    RedirectScheme(RedirectScheme),
    /// `basicAuth`
    BasicAuth(Credentials),
    /// `digestAuth`
    DigestAuth(Credentials),
    /// `forwardAuth`
    ForwardAuth(Box<ForwardAuth>),
    /// `buffering`
    Buffering(Buffering),
    /// `passTLSClientCert`: takes off and sets `X-Forwarded-Tls-Client-Cert` and `-Info`.
    PassTlsClientCert(PassTlsClientCert),
    /// `compress`, `contentType`, `rateLimit`, `inFlightReq`, `circuitBreaker`, `retry`: nothing of a single request that they let pass
    /// changes. The key as Traefik writes it.
    Passing(&'static str),
    /// `grpcWeb`, `plugin`: not modelled. What it is.
    Other(String),
}

impl MiddlewareKind {
    /// The key as Traefik writes it.
    #[cfg(test)]
    pub(in crate::gateway::traefik) fn name(&self) -> &str {
        match self {
            Self::AddPrefix(_) => "addPrefix",
            Self::StripPrefix(_) => "stripPrefix",
            Self::StripPrefixRegex(_) => "stripPrefixRegex",
            Self::ReplacePath(_) => "replacePath",
            Self::ReplacePathRegex(_) => "replacePathRegex",
            Self::Chain(_) => "chain",
            Self::IpAllowList(IpAllowList { old: false, .. }) => "ipAllowList",
            Self::IpAllowList(_) => "ipWhiteList",
            Self::Headers(_) => "headers",
            Self::EncodedCharacters(_) => "encodedCharacters",
            Self::Errors(_) => "errors",
            Self::RedirectRegex(_) => "redirectRegex",
            Self::RedirectScheme(_) => "redirectScheme",
            Self::BasicAuth(_) => "basicAuth",
            Self::DigestAuth(_) => "digestAuth",
            Self::ForwardAuth(_) => "forwardAuth",
            Self::Buffering(_) => "buffering",
            Self::PassTlsClientCert(_) => "passTLSClientCert",
            Self::Passing(name) => name,
            Self::Other(name) => name,
        }
    }
}

/// `stripPrefix`
#[derive(Clone, Debug)]
pub(in crate::gateway::traefik) struct StripPrefix {
    /// `prefixes`
    pub(in crate::gateway::traefik) prefixes: Vec<At<String>>,
    /// `forceSlash`
    pub(in crate::gateway::traefik) force_slash: Option<At<bool>>,
}

/// `replacePathRegex`
#[derive(Clone, Debug)]
pub(in crate::gateway::traefik) struct Replacement {
    /// `regex`
    pub(in crate::gateway::traefik) regex: At<String>,
    /// `replacement`
    pub(in crate::gateway::traefik) replacement: At<String>,
}

/// `ipAllowList`, `ipWhiteList`
#[derive(Clone, Debug)]
pub(in crate::gateway::traefik) struct IpAllowList {
    /// True for `ipWhiteList`.
    pub(in crate::gateway::traefik) old: bool,
    /// `sourceRange`
    pub(in crate::gateway::traefik) ranges: Vec<At<String>>,
    /// `ipStrategy`
    pub(in crate::gateway::traefik) strategy: Option<IpStrategy>,
    /// `rejectStatusCode`; 403 if not given.
    pub(in crate::gateway::traefik) reject: Option<At<i64>>,
}

/// `ipStrategy`: which address of `X-Forwarded-For` is the client's.
#[derive(Clone, Debug)]
pub(in crate::gateway::traefik) struct IpStrategy {
    pub(in crate::gateway::traefik) place: Place,
    /// `depth`, counted from the right; 0 if not given.
    pub(in crate::gateway::traefik) depth: i64,
    /// `excludedIPs`
    pub(in crate::gateway::traefik) excluded: Vec<At<String>>,
    /// `ipv6Subnet`
    pub(in crate::gateway::traefik) ipv6_subnet: Option<At<i64>>,
}

/// A header that is set, or taken off by an empty value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gateway::traefik) struct HeaderEdit {
    /// The name as written. Labels keep the case of the name too.
    pub(in crate::gateway::traefik) name: String,
    pub(in crate::gateway::traefik) value: At<String>,
}

/// `headers`
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_field_names, reason = "they are called after Traefik's fields")]
pub(in crate::gateway::traefik) struct Headers {
    /// `customRequestHeaders`, in the order of the names.
    pub(in crate::gateway::traefik) request: Vec<HeaderEdit>,
    /// `customResponseHeaders`, in the order of the names.
    pub(in crate::gateway::traefik) response: Vec<HeaderEdit>,
    /// `accessControlAllowCredentials`
    pub(in crate::gateway::traefik) allow_credentials: bool,
    /// `accessControlAllowHeaders`
    pub(in crate::gateway::traefik) allow_headers: Vec<At<String>>,
    /// `accessControlAllowMethods`
    pub(in crate::gateway::traefik) allow_methods: Vec<At<String>>,
    /// `accessControlAllowOriginList`
    pub(in crate::gateway::traefik) allow_origins: Vec<At<String>>,
    /// `accessControlAllowOriginListRegex`
    pub(in crate::gateway::traefik) allow_origins_regex: Vec<At<String>>,
    /// `accessControlExposeHeaders`
    pub(in crate::gateway::traefik) expose_headers: Vec<At<String>>,
    /// `accessControlMaxAge`
    pub(in crate::gateway::traefik) max_age: Option<At<i64>>,
    /// `addVaryHeader`
    pub(in crate::gateway::traefik) add_vary: bool,
    /// `allowedHosts`
    pub(in crate::gateway::traefik) allowed_hosts: Vec<At<String>>,
    /// `hostsProxyHeaders`
    pub(in crate::gateway::traefik) hosts_proxy_headers: Vec<At<String>>,
    /// `sslProxyHeaders`
    pub(in crate::gateway::traefik) ssl_proxy_headers: Vec<HeaderEdit>,
    /// `sslRedirect`: v2, and v3 still takes it though it does nothing there.
    pub(in crate::gateway::traefik) ssl_redirect: Option<At<bool>>,
    /// `sslTemporaryRedirect`, as `sslRedirect`.
    pub(in crate::gateway::traefik) ssl_temporary_redirect: Option<At<bool>>,
    /// `sslHost`, as `sslRedirect`.
    pub(in crate::gateway::traefik) ssl_host: Option<At<String>>,
    /// `sslForceHost`, as `sslRedirect`.
    pub(in crate::gateway::traefik) ssl_force_host: Option<At<bool>>,
    /// `isDevelopment`
    pub(in crate::gateway::traefik) is_development: bool,
    /// Any key that makes the middleware look at the request as a whole (`stsSeconds`, `frameDeny`, … and those above from
    /// `allowed_hosts` on): what they add to responses is not modelled.
    pub(in crate::gateway::traefik) secure: bool,
}

/// `errors`
#[derive(Clone, Debug)]
pub(in crate::gateway::traefik) struct Errors {
    /// `status`: `500-599`, `404`.
    pub(in crate::gateway::traefik) status: Vec<At<String>>,
    /// `statusRewrites`: a range, and what it becomes.
    pub(in crate::gateway::traefik) rewrites: Vec<(String, At<i64>)>,
    /// `service`
    pub(in crate::gateway::traefik) service: At<String>,
    /// `query`
    pub(in crate::gateway::traefik) query: At<String>,
    /// `errorRequestHeaders`
    pub(in crate::gateway::traefik) request_headers: Option<Vec<At<String>>>,
}

/// `redirectRegex`
#[derive(Clone, Debug)]
pub(in crate::gateway::traefik) struct RedirectRegex {
    /// `regex`
    pub(in crate::gateway::traefik) regex: At<String>,
    /// `replacement`
    pub(in crate::gateway::traefik) replacement: At<String>,
    /// `permanent`
    pub(in crate::gateway::traefik) permanent: bool,
}

/// `redirectScheme`
#[derive(Clone, Debug)]
pub(in crate::gateway::traefik) struct RedirectScheme {
    /// `scheme`
    pub(in crate::gateway::traefik) scheme: At<String>,
    /// `port`
    pub(in crate::gateway::traefik) port: At<String>,
    /// `permanent`
    pub(in crate::gateway::traefik) permanent: bool,
}

/// `basicAuth`, `digestAuth`
#[derive(Clone, Debug)]
pub(in crate::gateway::traefik) struct Credentials {
    /// `users`
    pub(in crate::gateway::traefik) users: Vec<At<String>>,
    /// `usersFile`
    pub(in crate::gateway::traefik) users_file: At<String>,
    /// `realm`
    pub(in crate::gateway::traefik) realm: At<String>,
    /// `removeHeader`
    pub(in crate::gateway::traefik) remove_header: bool,
    /// `headerField`
    pub(in crate::gateway::traefik) header_field: At<String>,
}

/// `forwardAuth`
#[derive(Clone, Debug)]
pub(in crate::gateway::traefik) struct ForwardAuth {
    /// `address`
    pub(in crate::gateway::traefik) address: At<String>,
    /// `trustForwardHeader`
    pub(in crate::gateway::traefik) trust_forward_header: Option<At<bool>>,
    /// `authResponseHeaders`
    pub(in crate::gateway::traefik) response_headers: Vec<At<String>>,
    /// `authResponseHeadersRegex`
    pub(in crate::gateway::traefik) response_headers_regex: At<String>,
    /// `authRequestHeaders`
    pub(in crate::gateway::traefik) request_headers: Vec<At<String>>,
    /// `addAuthCookiesToResponse`
    pub(in crate::gateway::traefik) cookies: Vec<At<String>>,
    /// `forwardBody`
    pub(in crate::gateway::traefik) forward_body: bool,
    /// `maxBodySize`; -1, no bound, if not given.
    pub(in crate::gateway::traefik) max_body_size: Option<At<i64>>,
    /// `preserveLocationHeader`
    pub(in crate::gateway::traefik) preserve_location: bool,
    /// `preserveRequestMethod`
    pub(in crate::gateway::traefik) preserve_method: bool,
    /// `authSigninURL`
    pub(in crate::gateway::traefik) signin_url: At<String>,
}

/// `buffering`: bounds in bytes; 0 for none.
#[derive(Clone, Debug)]
pub(in crate::gateway::traefik) struct Buffering {
    /// `maxRequestBodyBytes`
    pub(in crate::gateway::traefik) request: i64,
    /// `maxResponseBodyBytes`
    pub(in crate::gateway::traefik) response: i64,
}

/// `passTLSClientCert`
#[derive(Clone, Debug)]
pub(in crate::gateway::traefik) struct PassTlsClientCert {
    /// `pem`
    pub(in crate::gateway::traefik) pem: bool,
    /// `info`
    pub(in crate::gateway::traefik) info: Option<Place>,
}
