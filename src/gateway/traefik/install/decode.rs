//! The static configuration of a tree.

use std::path::PathBuf;

use super::{
    Api, DockerProvider, EncodedCharacters, EntryPoint, FileProvider, ForwardedHeaders, Ping, Redirection, RouterTls,
    Static,
};
use crate::gateway::document::{At, Node};
use crate::gateway::traefik::fields::{Fields, Reader};
use crate::gateway::{NotUnderstood, Place};

/// Providers that are not read: whatever they say may take any request.
const OTHER_PROVIDERS: [&str; 15] = [
    "kubernetesIngress",
    "kubernetesIngressNGINX",
    "kubernetesGateway",
    "knative",
    "rest",
    "consulCatalog",
    "nomad",
    "ecs",
    "consul",
    "etcd",
    "zooKeeper",
    "redis",
    "http",
    "plugin",
    "rancher",
];

/// Reads the static configuration. Fields at the top that Traefik does not know it passes over
/// (`decodeRawToNode` with the names of the fields as filter).
pub(in crate::gateway::traefik) fn decode(reader: &Reader, node: &Node) -> Static {
    let mut fields = reader.fields(node, &node.place);
    let mut unsure = Vec::new();
    if reader.release.major >= 3 {
        refuse_removed(reader, node);
    }
    let mut given = Static {
        entry_points: entry_points(&mut fields),
        api: fields.group_or_empty("api").map(api),
        ping: fields.group_or_empty("ping").map(|group| ping(group, "/ping")),
        prometheus: fields.group("metrics").and_then(prometheus),
        ..Static::default()
    };
    if let Some(mut core) = fields.group("core") {
        given.rule_syntax = core.some_text("defaultRuleSyntax");
        if let Some(syntax) = given.rule_syntax.as_ref().filter(|syntax| !["v2", "v3"].contains(&&*syntax.value)) {
            reader.fault(&syntax.place, format!("defaultRuleSyntax is {:?}; it must be v2 or v3", syntax.value));
        }
        core.end();
    }
    if let Some(mut global) = fields.group("global") {
        global.since(&[(3, 7, 0)], &["notAppendXForwardedFor"]);
        // Its own notAppendXForwardedFor is read and used nowhere: those of entry points count.
        global.ignore(&["checkNewVersion", "sendAnonymousUsage", "notAppendXForwardedFor"]);
        global.end();
    }
    if let Some(group) = fields.group("providers") {
        providers(group, &mut given, &mut unsure);
    }
    for (_, mut resolver) in fields.groups("certificatesResolvers") {
        let challenge = resolver.group("acme").and_then(|mut acme| acme.group_or_empty("httpChallenge"));
        given.http_challenges.extend(challenge.and_then(|mut challenge| challenge.some_text("entryPoint")));
    }
    if let Some(mut resolver) = fields.group_or_empty("hostResolver")
        && resolver.flag("cnameFlattening")
    {
        let what = "hostResolver.cnameFlattening: what a name is another name for is not looked up";
        unsure.push(NotUnderstood::at(&resolver.place, what));
    }
    let fast = fields.group("experimental").and_then(|mut experimental| experimental.take("fastProxy"));
    if let Some(entry) = fast {
        unsure.push(NotUnderstood::at(&entry.place, "experimental.fastProxy: its way to send is not modelled"));
    }
    given.unsure = unsure;
    given
}

/// Refuses what v3 has removed, by the names in each other (`pkg/cli/deprecation.go`).
fn refuse_removed(reader: &Reader, root: &Node) {
    const REMOVED: [&[&str]; 12] = [
        &["pilot"],
        &["experimental", "http3"],
        &["providers", "docker", "swarmMode"],
        &["providers", "marathon"],
        &["providers", "rancher"],
        &["tracing", "datadog"],
        &["tracing", "elastic"],
        &["tracing", "haystack"],
        &["tracing", "instana"],
        &["tracing", "jaeger"],
        &["tracing", "spanNameLimit"],
        &["tracing", "zipkin"],
    ];
    for path in REMOVED {
        let mut place = None;
        let mut node = Some(root);
        for name in path {
            let entry = node.and_then(|node| node.entries().iter().find(|entry| entry.name.eq_ignore_ascii_case(name)));
            node = entry.map(|entry| &entry.node).filter(|node| !node.is_null());
            place = node.and(entry).map(|entry| &entry.place);
        }
        if let Some(place) = place {
            reader.fault(place, format!("{}: v3 has removed it", path.join(".")));
        }
    }
}

fn entry_points(fields: &mut Fields<'_>) -> Vec<EntryPoint> {
    fields.groups("entryPoints").into_iter().map(|(name, group)| entry_point(name, group)).collect()
}

impl EntryPoint {
    /// An entry point of which nothing is said but its address.
    ///
    /// An address is `:80`, `127.0.0.1:80`, `:80/udp`.
    pub(in crate::gateway::traefik) fn at_address(name: &str, address: &At<String>) -> Self {
        let listened = address.value.split_once('/').map_or(address.value.as_str(), |(before, _)| before);
        let (host, port) = listened.rsplit_once(':').unwrap_or((listened, ""));
        Self {
            name: name.to_owned(),
            place: address.place.clone(),
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: port.parse().ok(),
            udp: address.value.to_ascii_lowercase().ends_with("/udp"),
            as_default: false,
            forwarded: ForwardedHeaders::default(),
            proxy_protocol: None,
            redirection: None,
            middlewares: Vec::new(),
            tls: None,
            encoded: None,
            encode_query_semicolons: None,
            sanitize_path: None,
            max_header_bytes: None,
            underscores: None,
            unsure: Vec::new(),
        }
    }
}

fn entry_point(name: &str, mut fields: Fields<'_>) -> EntryPoint {
    let address = fields.text("address");
    let mut point = EntryPoint { place: fields.place.clone(), ..EntryPoint::at_address(name, &address) };
    if point.port.is_none() {
        fields
            .reader()
            .fault(&address.place, format!("address is {:?}; it must end with a port, as :80", address.value));
    }
    fields.since(&[(3, 0, 0)], &["asDefault", "reusePort"]);
    fields.since(&[(3, 3, 0)], &["observability"]);
    fields.since(&[(2, 11, 9), (3, 1, 3)], &["allowACMEByPass"]);
    point.as_default = fields.flag("asDefault");
    point.proxy_protocol = fields.take("proxyProtocol").map(|entry| entry.place.clone());
    if let Some(group) = fields.group("forwardedHeaders") {
        point.forwarded = forwarded_headers(group);
    }
    if let Some(group) = fields.group("http") {
        http(group, &mut point);
    }
    fields.ignore(&[
        "reusePort",
        "allowACMEByPass",
        "transport",
        "http2",
        "http3",
        "enableHTTP3",
        "udp",
        "observability",
    ]);
    fields.end();
    point
}

fn forwarded_headers(mut fields: Fields<'_>) -> ForwardedHeaders {
    fields.since(&[(2, 11, 9), (3, 1, 3)], &["connection"]);
    fields.since(&[(3, 7, 0)], &["notAppendXForwardedFor"]);
    let given = ForwardedHeaders {
        place: Some(fields.place.clone()),
        insecure: fields.flag("insecure"),
        trusted: fields.list("trustedIPs"),
        connection: fields.list("connection"),
        not_append: fields.flag("notAppendXForwardedFor"),
    };
    fields.end();
    given
}

fn http(mut fields: Fields<'_>, point: &mut EntryPoint) {
    fields.since(&[(2, 11, 23), (3, 3, 6)], &["sanitizePath"]);
    fields.since(&[(2, 11, 32), (3, 6, 3)], &["encodedCharacters"]);
    fields.since(&[(2, 10, 2), (3, 0, 0)], &["encodeQuerySemicolons"]);
    fields.since(&[(2, 11, 51), (3, 2, 0)], &["maxHeaderBytes"]);
    fields.since(&[(2, 11, 51), (3, 6, 22), (3, 7, 6)], &["underscoreHeadersStrategy"]);
    point.middlewares = fields.list("middlewares");
    point.sanitize_path = fields.some_flag("sanitizePath");
    point.encode_query_semicolons = fields.some_flag("encodeQuerySemicolons");
    point.max_header_bytes = fields.number("maxHeaderBytes");
    point.underscores = fields.some_text("underscoreHeadersStrategy");
    point.tls = fields.group_or_empty("tls").map(router_tls);
    point.encoded = fields.group("encodedCharacters").map(encoded_characters);
    if let Some(mut redirections) = fields.group("redirections") {
        point.redirection = redirections.group("entryPoint").map(redirection);
        redirections.end();
    }
    fields.end();
}

fn redirection(mut fields: Fields<'_>) -> Redirection {
    let scheme = fields.some_text("scheme").unwrap_or_else(|| At::new("https".to_owned(), &fields.place));
    let given = Redirection {
        to: fields.text("to"),
        scheme,
        permanent: fields.some_flag("permanent").is_none_or(|flag| flag.value),
        priority: fields.number("priority").map_or(i64::MAX - 1, |number| number.value),
        place: fields.place.clone(),
    };
    fields.end();
    given
}

/// `tls` of a router or an entry point.
pub(in crate::gateway::traefik) fn router_tls(mut fields: Fields<'_>) -> At<RouterTls> {
    let tls = RouterTls { options: fields.text("options").value };
    fields.ignore(&["certResolver", "domains"]);
    let given = At::new(tls, &fields.place);
    fields.end();
    given
}

/// `encodedCharacters` of an entry point or a middleware.
pub(in crate::gateway::traefik) fn encoded_characters(mut fields: Fields<'_>) -> EncodedCharacters {
    let mut allowed = |name: &str| fields.some_flag(name).is_none_or(|flag| flag.value);
    let (slash, back_slash) = (allowed("allowEncodedSlash"), allowed("allowEncodedBackSlash"));
    let (null, semicolon) = (allowed("allowEncodedNullCharacter"), allowed("allowEncodedSemicolon"));
    let (percent, question_mark) = (allowed("allowEncodedPercent"), allowed("allowEncodedQuestionMark"));
    let hash = allowed("allowEncodedHash");
    let place = fields.place.clone();
    fields.end();
    EncodedCharacters { place, slash, back_slash, null, semicolon, percent, question_mark, hash }
}

fn api(mut fields: Fields<'_>) -> Api {
    fields.since(&[(3, 3, 0)], &["basePath"]);
    let base_path = fields.some_text("basePath").map_or_else(|| "/".to_owned(), |text| text.value);
    let given = Api {
        base_path,
        insecure: fields.flag("insecure"),
        dashboard: fields.some_flag("dashboard").is_none_or(|flag| flag.value),
        debug: fields.flag("debug"),
        place: fields.place.clone(),
    };
    fields.ignore(&["disableDashboardAd", "dashboardName"]);
    fields.end();
    given
}

fn ping(mut fields: Fields<'_>, path: &'static str) -> Ping {
    let entry_point = fields.some_text("entryPoint").map_or_else(|| "traefik".to_owned(), |text| text.value);
    Ping { entry_point, manual_routing: fields.flag("manualRouting"), path, place: fields.place }
}

fn prometheus(mut fields: Fields<'_>) -> Option<Ping> {
    fields.group_or_empty("prometheus").map(|group| ping(group, "/metrics"))
}

fn providers(mut fields: Fields<'_>, given: &mut Static, unsure: &mut Vec<NotUnderstood>) {
    fields.since(&[(3, 0, 0)], &["swarm"]);
    given.file = fields.group("file").map(file);
    let containers = fields.group_or_empty("docker").map(|group| docker(group, false, unsure));
    let swarm = fields.group_or_empty("swarm").map(|group| docker(group, true, unsure));
    given.docker = containers.or(swarm);
    given.kubernetes = fields.take("kubernetesCRD").map(|entry| entry.place.clone());
    for name in OTHER_PROVIDERS {
        if let Some(entry) = fields.take(name) {
            unsure.push(not_read(name, &entry.place));
        }
    }
    fields.since(&[(3, 7, 0)], &["precedence"]);
    fields.ignore(&["providersThrottleDuration", "precedence", "marathon"]);
    fields.end();
}

fn not_read(name: &str, place: &Place) -> NotUnderstood {
    NotUnderstood::at(place, format!("providers.{name}: what it provides is not read, and may take any request"))
}

fn file(mut fields: Fields<'_>) -> FileProvider {
    let mut path = |name: &str| {
        let text = fields.some_text(name).filter(|text| !text.value.is_empty())?;
        Some(At::new(PathBuf::from(text.value), &text.place))
    };
    let (filename, directory) = (path("filename"), path("directory"));
    fields.ignore(&["watch", "debugLogGeneratedTemplate"]);
    let place = fields.place.clone();
    fields.end();
    FileProvider { place, filename, directory }
}

fn docker(mut fields: Fields<'_>, swarm: bool, unsure: &mut Vec<NotUnderstood>) -> DockerProvider {
    if fields.flag("useBindPortIP") {
        let what = "useBindPortIP: containers are taken to be reached by their own ports";
        unsure.push(NotUnderstood::at(&fields.place, what));
    }
    let given = DockerProvider {
        swarm: swarm || fields.flag("swarmMode"),
        exposed_by_default: fields.some_flag("exposedByDefault").is_none_or(|flag| flag.value),
        default_rule: fields.some_text("defaultRule"),
        constraints: fields.some_text("constraints").filter(|text| !text.value.is_empty()),
        place: fields.place.clone(),
    };
    fields.ignore(&[
        "allowEmptyServices",
        "network",
        "watch",
        "endpoint",
        "username",
        "password",
        "tls",
        "httpClientTimeout",
        "refreshSeconds",
        "swarmModeRefreshSeconds",
    ]);
    fields.end();
    given
}
