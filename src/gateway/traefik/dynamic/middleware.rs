//! The middlewares of a tree.

use super::{
    Buffering, Credentials, Errors, ForwardAuth, HeaderEdit, Headers, IpAllowList, IpStrategy, Middleware,
    MiddlewareKind, PassTlsClientCert, Provider, RedirectRegex, RedirectScheme, Replacement, StripPrefix,
};
use crate::gateway::document::At;
use crate::gateway::traefik::fields::Fields;
use crate::gateway::traefik::install::encoded_characters;

/// Middlewares that let a single request pass as it is, with their fields.
const PASSING: [(&str, &[&str]); 4] = [
    ("rateLimit", &["average", "period", "burst", "sourceCriterion", "redis"]),
    ("inFlightReq", &["amount", "sourceCriterion"]),
    ("circuitBreaker", &["expression", "checkPeriod", "fallbackDuration", "recoveryDuration", "responseCode"]),
    (
        "retry",
        &[
            "attempts",
            "timeout",
            "initialInterval",
            "maxRequestBodyBytes",
            "status",
            "disableRetryOnNetworkError",
            "retryNonIdempotentMethod",
        ],
    ),
];

/// The fields of `compress`, which may have none.
const COMPRESS: [&str; 5] =
    ["excludedContentTypes", "includedContentTypes", "minResponseBodyBytes", "encodings", "defaultEncoding"];

/// Those of no structure that is looked into.
const OTHER: [&str; 2] = ["grpcWeb", "plugin"];

/// Fields of Traefik's structure that no file and no label can set: they are taken and do nothing.
const NOT_IN_FILES: [&str; 9] = [
    "requestHeaderModifier",
    "responseHeaderModifier",
    "requestRedirect",
    "URLRewrite",
    "authTLSPassCertificateToUpstream",
    "snippet",
    "rewriteTarget",
    "upstreamVHost",
    "appRoot",
];

/// Reads a middleware.
pub(in crate::gateway::traefik) fn middleware(name: &str, provider: Provider, mut fields: Fields<'_>) -> Middleware {
    fields.since(&[(2, 11, 0), (3, 0, 0)], &["ipAllowList"]);
    fields.since(&[(3, 0, 0)], &["grpcWeb"]);
    fields.since(&[(3, 7, 0)], &["encodedCharacters"]);
    let mut kinds = Vec::new();
    for (name, read) in READ {
        if let Some(group) = fields.group(name) {
            let place = group.place.clone();
            kinds.push(At { value: read(group), place });
        }
    }
    let content_type =
        fields.group_or_empty("contentType").map(|group| ("contentType", group, ["autoDetect"].as_slice()));
    let compress = fields.group_or_empty("compress").map(|group| ("compress", group, COMPRESS.as_slice()));
    let others = PASSING.map(|(name, known)| Some((name, fields.group(name)?, known)));
    for (name, mut group, known) in content_type.into_iter().chain(compress).chain(others.into_iter().flatten()) {
        group.ignore(known);
        kinds.push(At::new(MiddlewareKind::Passing(name), &group.place));
        group.end();
    }
    for name in OTHER {
        kinds.extend(fields.take(name).map(|entry| At::new(MiddlewareKind::Other(name.to_owned()), &entry.place)));
    }
    fields.ignore(&NOT_IN_FILES);
    let place = fields.place.clone();
    fields.end();
    Middleware { name: name.to_owned(), provider, place, kinds, unsure: Vec::new() }
}

type Read = fn(Fields<'_>) -> MiddlewareKind;

/// The structures that are looked into, by their names.
const READ: [(&str, Read); 18] = [
    ("addPrefix", |fields| one_text(fields, "prefix", MiddlewareKind::AddPrefix)),
    ("stripPrefix", strip_prefix),
    ("stripPrefixRegex", |fields| one_list(fields, "regex", MiddlewareKind::StripPrefixRegex)),
    ("replacePath", |fields| one_text(fields, "path", MiddlewareKind::ReplacePath)),
    ("replacePathRegex", replace_path_regex),
    ("chain", |fields| one_list(fields, "middlewares", MiddlewareKind::Chain)),
    ("ipWhiteList", |fields| ip_allow_list(fields, true)),
    ("ipAllowList", |fields| ip_allow_list(fields, false)),
    ("headers", headers),
    ("encodedCharacters", |fields| MiddlewareKind::EncodedCharacters(encoded_characters(fields))),
    ("errors", errors),
    ("redirectRegex", redirect_regex),
    ("redirectScheme", redirect_scheme),
    ("basicAuth", |fields| MiddlewareKind::BasicAuth(credentials(fields))),
    ("digestAuth", |fields| MiddlewareKind::DigestAuth(credentials(fields))),
    ("forwardAuth", forward_auth),
    ("buffering", buffering),
    ("passTLSClientCert", pass_tls_client_cert),
];

fn one_text(mut fields: Fields<'_>, name: &str, kind: fn(At<String>) -> MiddlewareKind) -> MiddlewareKind {
    let text = fields.text(name);
    fields.end();
    kind(text)
}

fn one_list(mut fields: Fields<'_>, name: &str, kind: fn(Vec<At<String>>) -> MiddlewareKind) -> MiddlewareKind {
    let list = fields.list(name);
    fields.end();
    kind(list)
}

fn strip_prefix(mut fields: Fields<'_>) -> MiddlewareKind {
    let given = StripPrefix { prefixes: fields.list("prefixes"), force_slash: fields.some_flag("forceSlash") };
    fields.end();
    MiddlewareKind::StripPrefix(given)
}

fn replace_path_regex(mut fields: Fields<'_>) -> MiddlewareKind {
    let given = Replacement { regex: fields.text("regex"), replacement: fields.text("replacement") };
    fields.end();
    MiddlewareKind::ReplacePathRegex(given)
}

fn ip_allow_list(mut fields: Fields<'_>, old: bool) -> MiddlewareKind {
    if !old {
        fields.since(&[(3, 0, 0)], &["rejectStatusCode"]);
    }
    let reject = if old { None } else { fields.number("rejectStatusCode") };
    let given = IpAllowList {
        old,
        ranges: fields.list("sourceRange"),
        strategy: fields.group_or_empty("ipStrategy").map(ip_strategy),
        reject,
    };
    fields.end();
    MiddlewareKind::IpAllowList(given)
}

fn ip_strategy(mut fields: Fields<'_>) -> IpStrategy {
    fields.since(&[(3, 2, 0)], &["ipv6Subnet"]);
    let given = IpStrategy {
        depth: fields.number("depth").map_or(0, |number| number.value),
        excluded: fields.list("excludedIPs"),
        ipv6_subnet: fields.number("ipv6Subnet"),
        place: fields.place.clone(),
    };
    fields.end();
    given
}

fn edits(fields: &mut Fields<'_>, name: &str) -> Vec<HeaderEdit> {
    fields.texts(name).into_iter().map(|(name, value)| HeaderEdit { name, value }).collect()
}

fn headers(mut fields: Fields<'_>) -> MiddlewareKind {
    fields.since(&[(3, 1, 0)], &["contentSecurityPolicyReportOnly"]);
    let mut given = Headers {
        request: edits(&mut fields, "customRequestHeaders"),
        response: edits(&mut fields, "customResponseHeaders"),
        allow_credentials: fields.flag("accessControlAllowCredentials"),
        allow_headers: fields.list("accessControlAllowHeaders"),
        allow_methods: fields.list("accessControlAllowMethods"),
        allow_origins: fields.list("accessControlAllowOriginList"),
        allow_origins_regex: fields.list("accessControlAllowOriginListRegex"),
        expose_headers: fields.list("accessControlExposeHeaders"),
        max_age: fields.number("accessControlMaxAge"),
        add_vary: fields.flag("addVaryHeader"),
        allowed_hosts: fields.list("allowedHosts"),
        hosts_proxy_headers: fields.list("hostsProxyHeaders"),
        ssl_proxy_headers: edits(&mut fields, "sslProxyHeaders"),
        ssl_redirect: fields.some_flag("sslRedirect"),
        ssl_temporary_redirect: fields.some_flag("sslTemporaryRedirect"),
        ssl_host: fields.some_text("sslHost"),
        ssl_force_host: fields.some_flag("sslForceHost"),
        is_development: fields.flag("isDevelopment"),
        secure: false,
    };
    // `HasSecureHeadersDefined` of `pkg/config/dynamic/middlewares.go`.
    let flags = ["stsIncludeSubdomains", "stsPreload", "forceSTSHeader", "frameDeny", "contentTypeNosniff"];
    let texts = [
        "customFrameOptionsValue",
        "customBrowserXSSValue",
        "contentSecurityPolicy",
        "contentSecurityPolicyReportOnly",
        "publicKey",
        "referrerPolicy",
        "permissionsPolicy",
        "featurePolicy",
    ];
    let mut secure = fields.number("stsSeconds").is_some_and(|seconds| seconds.value != 0);
    for name in flags {
        secure |= fields.flag(name);
    }
    secure |= fields.flag("browserXssFilter");
    for name in texts {
        secure |= !fields.text(name).value.is_empty();
    }
    let ssl = [&given.ssl_redirect, &given.ssl_temporary_redirect, &given.ssl_force_host];
    given.secure = secure
        || !given.allowed_hosts.is_empty()
        || !given.hosts_proxy_headers.is_empty()
        || !given.ssl_proxy_headers.is_empty()
        || given.is_development
        || ssl.iter().any(|flag| flag.as_ref().is_some_and(|flag| flag.value))
        || given.ssl_host.as_ref().is_some_and(|host| !host.value.is_empty());
    fields.end();
    MiddlewareKind::Headers(Box::new(given))
}

fn errors(mut fields: Fields<'_>) -> MiddlewareKind {
    fields.since(&[(3, 4, 0)], &["statusRewrites"]);
    fields.since(&[(2, 11, 44), (3, 6, 15)], &["errorRequestHeaders"]);
    let rewrites = fields.texts("statusRewrites").into_iter();
    let given = Errors {
        status: fields.list("status"),
        rewrites: rewrites.filter_map(|(range, to)| Some((range, fields.as_number(&to)?))).collect(),
        service: fields.text("service"),
        query: fields.text("query"),
        request_headers: fields.some_list("errorRequestHeaders"),
    };
    fields.end();
    MiddlewareKind::Errors(given)
}

fn redirect_regex(mut fields: Fields<'_>) -> MiddlewareKind {
    let given = RedirectRegex {
        regex: fields.text("regex"),
        replacement: fields.text("replacement"),
        permanent: fields.flag("permanent"),
    };
    fields.end();
    MiddlewareKind::RedirectRegex(given)
}

fn redirect_scheme(mut fields: Fields<'_>) -> MiddlewareKind {
    let given = RedirectScheme {
        scheme: fields.text("scheme"),
        port: fields.text("port"),
        permanent: fields.flag("permanent"),
    };
    fields.end();
    MiddlewareKind::RedirectScheme(given)
}

fn credentials(mut fields: Fields<'_>) -> Credentials {
    let given = Credentials {
        users: fields.list("users"),
        users_file: fields.text("usersFile"),
        realm: fields.text("realm"),
        remove_header: fields.flag("removeHeader"),
        header_field: fields.text("headerField"),
    };
    fields.end();
    given
}

fn forward_auth(mut fields: Fields<'_>) -> MiddlewareKind {
    fields.since(&[(3, 0, 0)], &["addAuthCookiesToResponse"]);
    fields.since(&[(3, 2, 0)], &["headerField"]);
    fields.since(&[(3, 3, 0)], &["forwardBody", "maxBodySize", "preserveLocationHeader"]);
    fields.since(&[(3, 4, 0)], &["preserveRequestMethod"]);
    fields.since(&[(2, 11, 38), (3, 6, 9)], &["maxResponseBodySize"]);
    fields.since(&[(3, 7, 0)], &["authSigninURL"]);
    let given = ForwardAuth {
        address: fields.text("address"),
        trust_forward_header: fields.some_flag("trustForwardHeader"),
        response_headers: fields.list("authResponseHeaders"),
        response_headers_regex: fields.text("authResponseHeadersRegex"),
        request_headers: fields.list("authRequestHeaders"),
        cookies: fields.list("addAuthCookiesToResponse"),
        forward_body: fields.flag("forwardBody"),
        max_body_size: fields.number("maxBodySize"),
        preserve_location: fields.flag("preserveLocationHeader"),
        preserve_method: fields.flag("preserveRequestMethod"),
        signin_url: fields.text("authSigninURL"),
    };
    // headerField is for the access log alone.
    fields.ignore(&["tls", "maxResponseBodySize", "headerField"]);
    fields.end();
    MiddlewareKind::ForwardAuth(Box::new(given))
}

fn buffering(mut fields: Fields<'_>) -> MiddlewareKind {
    let mut bytes = |name: &str| fields.number(name).map_or(0, |number| number.value);
    let (request, response) = (bytes("maxRequestBodyBytes"), bytes("maxResponseBodyBytes"));
    let given = Buffering { request, response };
    fields.ignore(&["memRequestBodyBytes", "memResponseBodyBytes", "retryExpression"]);
    fields.end();
    MiddlewareKind::Buffering(given)
}

fn pass_tls_client_cert(mut fields: Fields<'_>) -> MiddlewareKind {
    let given =
        PassTlsClientCert { pem: fields.flag("pem"), info: fields.take("info").map(|entry| entry.place.clone()) };
    fields.end();
    MiddlewareKind::PassTlsClientCert(given)
}
