//! The dynamic configuration of a tree: routers and services.

use super::middleware::middleware;
use super::{Dynamic, LoadBalancer, Provider, Router, Server, Service, ServiceKind, TcpRouter, Transport, Weighted};
use crate::asgi::Release;
use crate::gateway::NotUnderstood;
use crate::gateway::document::{At, Node};
use crate::gateway::traefik::fields::{Fields, Form, Reader};
use crate::gateway::traefik::install::router_tls;

/// Reads what a file or the labels of a container say. Fields at the top of a file that Traefik does not know it passes
/// over (`decodeRawToNode` with the names of the fields as filter).
pub(in crate::gateway::traefik) fn decode(reader: &Reader, node: &Node, provider: Provider) -> Dynamic {
    let mut dynamic = Dynamic::default();
    let mut fields = reader.fields(node, &node.place);
    if let Some(http) = fields.group("http") {
        http_part(http, provider, &mut dynamic);
    }
    if let Some(mut tcp) = fields.group("tcp") {
        dynamic.tcp = each(&mut tcp, "routers", |name, fields| tcp_router(name, provider, fields));
    }
    if let Some(mut tls) = fields.group("tls") {
        for (name, mut options) in tls.groups("options") {
            for key in ["sniStrict", "clientAuth"] {
                let what = format!("tls.options.{name}.{key}: which connections it refuses is not modelled");
                let place = options.take(key).map(|entry| &entry.place);
                dynamic.unsure_with_tls.extend(place.map(|place| NotUnderstood::at(place, what)));
            }
        }
    }
    dynamic
}

fn http_part(mut http: Fields<'_>, provider: Provider, dynamic: &mut Dynamic) {
    dynamic.routers = each(&mut http, "routers", |name, fields| router(name, provider, fields));
    dynamic.services = each(&mut http, "services", |name, fields| service(name, provider, fields));
    dynamic.middlewares = each(&mut http, "middlewares", |name, fields| middleware(name, provider, fields));
    if http.reader().form == Form::File {
        dynamic.transports = each(&mut http, "serversTransports", |name, fields| Transport {
            name: name.to_owned(),
            provider,
            place: fields.place,
        });
        if let Some(entry) = http.take("models") {
            dynamic
                .unsure
                .push(NotUnderstood::at(&entry.place, "http.models: what it adds to routers is not modelled"));
        }
    } else {
        http.ignore(&["serversTransports", "models"]);
    }
    http.end();
}

fn tcp_router(name: &str, provider: Provider, mut fields: Fields<'_>) -> TcpRouter {
    TcpRouter {
        name: name.to_owned(),
        provider,
        rule: fields.text("rule"),
        entry_points: fields.list("entryPoints"),
        tls: fields.group_or_empty("tls").is_some(),
        place: fields.place,
    }
}

fn each<'a, T>(fields: &mut Fields<'a>, name: &str, read: impl Fn(&str, Fields<'a>) -> T) -> Vec<T> {
    fields.groups(name).into_iter().map(|(name, fields)| read(name, fields)).collect()
}

fn router(name: &str, provider: Provider, mut fields: Fields<'_>) -> Router {
    fields.since(&[(3, 0, 0)], &["ruleSyntax"]);
    fields.since(&[(3, 3, 0)], &["observability"]);
    fields.since(&[(3, 6, 0)], &["parentRefs"]);
    let parents = fields.list("parentRefs");
    fields.ignore(&["observability"]);
    let router = Router {
        name: name.to_owned(),
        provider,
        rule: fields.text("rule"),
        default_rule: false,
        syntax: fields.some_text("ruleSyntax").filter(|text| !text.value.is_empty()),
        priority: fields.number("priority"),
        entry_points: fields.list("entryPoints"),
        middlewares: fields.list("middlewares"),
        service: fields.text("service"),
        tls: fields.group_or_empty("tls").map(router_tls),
        // Labels have no such field.
        parents: if fields.reader().form == Form::File { parents } else { Vec::new() },
        place: fields.place.clone(),
        unsure: Vec::new(),
    };
    fields.end();
    router
}

fn service(name: &str, provider: Provider, mut fields: Fields<'_>) -> Service {
    fields.since(&[(3, 6, 0)], &["highestRandomWeight"]);
    fields.since(&[(2, 7, 0), (3, 0, 0)], &["failover"]);
    fields.since(&[(3, 7, 0)], &["middlewares"]);
    let mut unsure = Vec::new();
    let middlewares = fields.list("middlewares");
    let mut kinds = Vec::new();
    kinds
        .extend(fields.group("loadBalancer").map(|group| ServiceKind::LoadBalancer(load_balancer(group, &mut unsure))));
    if fields.reader().form == Form::File {
        kinds.extend(fields.group("weighted").map(|group| ServiceKind::Weighted(weighted(group, &mut unsure))));
        kinds.extend(
            fields
                .group("highestRandomWeight")
                .map(|group| ServiceKind::HighestRandomWeight(weighted(group, &mut unsure))),
        );
        kinds.extend(fields.group("mirroring").map(mirroring));
        kinds.extend(fields.group("failover").map(|group| failover(group, &mut unsure)));
    } else {
        fields.ignore(&["weighted", "highestRandomWeight", "mirroring", "failover"]);
    }
    let kind = match kinds.len() {
        0 => ServiceKind::Nothing,
        1 => kinds.remove(0),
        _ => ServiceKind::Several,
    };
    let place = fields.place.clone();
    fields.end();
    Service { name: name.to_owned(), provider, place, kind, middlewares, unsure }
}

fn load_balancer(mut fields: Fields<'_>, unsure: &mut Vec<NotUnderstood>) -> LoadBalancer {
    unsure.extend(sticky(&mut fields));
    fields.since(&[(3, 4, 0)], &["strategy"]);
    fields.since(&[(3, 6, 0)], &["passiveHealthCheck"]);
    let labels = fields.reader().form == Form::Labels;
    let servers = if labels {
        fields.group("server").map(|group| vec![server(group)]).unwrap_or_default()
    } else {
        fields.elements("servers").into_iter().map(server).collect()
    };
    let balancer = LoadBalancer {
        servers,
        pass_host_header: fields.some_flag("passHostHeader").is_none_or(|flag| flag.value),
        transport: fields.some_text("serversTransport").filter(|text| !text.value.is_empty()),
        place: fields.place.clone(),
    };
    fields.ignore(&["strategy", "healthCheck", "passiveHealthCheck", "responseForwarding"]);
    fields.end();
    balancer
}

/// `sticky`, which sends a cookie with every answer and chooses the server by it.
pub(in crate::gateway::traefik) fn sticky(fields: &mut Fields<'_>) -> Option<NotUnderstood> {
    let entry = fields.take("sticky")?;
    Some(NotUnderstood::at(
        &entry.place,
        "sticky: the cookie that it sends, and what it chooses by it, is not modelled",
    ))
}

fn server(mut fields: Fields<'_>) -> Server {
    let reader = fields.reader();
    if reader.form == Form::Labels && reader.release < Release::new(3, 4, 0) {
        // Before, no label could set them: they are taken and do nothing.
        fields.ignore(&["url", "preservePath"]);
    }
    fields.since(&[(3, 0, 0)], &["weight"]);
    fields.since(&[(3, 2, 0)], &["preservePath"]);
    let server = Server {
        url: fields.text("url"),
        weight: fields.number("weight").map(|number| number.value),
        preserve_path: fields.flag("preservePath"),
        scheme: fields.some_text("scheme"),
        port: fields.some_text("port"),
    };
    // What no file and no label can set is taken and does nothing.
    fields.ignore(&["fenced"]);
    fields.end();
    server
}

fn weighted(mut fields: Fields<'_>, unsure: &mut Vec<NotUnderstood>) -> Vec<Weighted> {
    unsure.extend(sticky(&mut fields));
    let services = fields.elements("services").into_iter().map(|mut one| {
        let name = one.text("name");
        let weight = one.number("weight").map_or(1, |number| number.value);
        one.end();
        Weighted { name, weight }
    });
    let services = services.collect();
    fields.ignore(&["healthCheck"]);
    fields.end();
    services
}

fn mirroring(mut fields: Fields<'_>) -> ServiceKind {
    fields.since(&[(3, 2, 0)], &["mirrorBody"]);
    let service = fields.text("service");
    fields.ignore(&["mirrorBody", "maxBodySize", "mirrors", "healthCheck"]);
    fields.end();
    ServiceKind::Mirroring(service)
}

fn failover(mut fields: Fields<'_>, unsure: &mut Vec<NotUnderstood>) -> ServiceKind {
    fields.since(&[(3, 7, 0)], &["errors"]);
    let (service, fallback): (At<String>, _) = (fields.text("service"), fields.text("fallback"));
    if let Some(entry) = fields.take("errors") {
        unsure.push(NotUnderstood::at(&entry.place, "failover.errors: which answers count as errors is not modelled"));
    }
    fields.ignore(&["healthCheck"]);
    fields.end();
    ServiceKind::Failover { service, fallback }
}
