//! A service: its middlewares, and the servers that are behind it, by way of other services if need be.
//!
//! It is apart from the routers because services refer to one another, and middlewares (`errors`) refer to them as well.
//!
//! Traefik 3.7, `pkg/server/service/service.go`.

use super::{Assembly, Fault};
use crate::gateway::document::At;
use crate::gateway::go::Url;
use crate::gateway::traefik::dynamic::{LoadBalancer, Service, ServiceKind, Weighted};
use crate::gateway::traefik::journey::{End, Stages};
use crate::gateway::traefik::layer::{self, Layer, Trail, Work};
use crate::gateway::traefik::service::{Server, Servers};
use crate::gateway::{NotUnderstood, Place, Step, StepKind};

impl Assembly<'_> {
    /// A service by its whole name, referred to from `place`.
    ///
    /// # Errors
    /// The fault that makes Traefik drop whoever refers to it.
    pub(in crate::gateway::traefik) fn service_stages(
        &self,
        name: &str,
        place: &Place,
        trail: &mut Trail,
    ) -> Result<Stages, Fault> {
        if let Some(internal) = name.strip_suffix("@internal") {
            return self.internal_service(internal, place).map(|end| Stages { layers: Vec::new(), end });
        }
        let Some(service) = self.services.get(name) else {
            return Err(Fault::new(place, format!("there is no service {name}")));
        };
        let entered = format!("service {name}");
        if trail.contains(&entered) {
            return Err(Fault::new(place, format!("{entered} leads to itself")));
        }
        trail.push(entered);
        let stages = self.service(name, service, trail);
        trail.pop();
        stages
    }

    fn service(&self, name: &str, service: &Service, trail: &mut Trail) -> Result<Stages, Fault> {
        let mut layers: Vec<_> = service.unsure.iter().map(|what| doubt(what.clone())).collect();
        for given in &service.middlewares {
            let name = service.provider.qualified(&given.value);
            layers.extend(layer::build(self, &name, &given.place, trail)?);
        }
        let mut follow =
            |to: &At<String>| self.service_stages(&service.provider.qualified(&to.value), &to.place, trail);
        let rest = match &service.kind {
            ServiceKind::LoadBalancer(balancer) => {
                Stages { layers: Vec::new(), end: End::Servers(self.servers(name, service, balancer)?) }
            }
            ServiceKind::Weighted(all) | ServiceKind::HighestRandomWeight(all) => {
                one_of(name, service, all, &mut follow)?
            }
            ServiceKind::Mirroring(to) => follow(to)?,
            ServiceKind::Failover { service: to, fallback } => {
                follow(fallback)?;
                let mut stages = follow(to)?;
                let what = format!("service {name}: {} is taken to be up", to.value);
                stages.layers.insert(0, assumed(&to.place, what));
                stages
            }
            ServiceKind::Nothing if !layers.is_empty() => {
                let step = Step::at(StepKind::Upstream, format!("service {name}"), &service.place);
                let what = NotUnderstood::at(&service.place, format!("service {name} is not understood"));
                Stages { layers: Vec::new(), end: End::Internal(step, what) }
            }
            ServiceKind::Nothing => return Err(Fault::new(&service.place, format!("service {name} is of no type"))),
            ServiceKind::Several => {
                return Err(Fault::new(&service.place, format!("service {name} is of several types")));
            }
        };
        layers.extend(rest.layers);
        Ok(Stages { layers, end: rest.end })
    }

    fn servers(&self, name: &str, service: &Service, balancer: &LoadBalancer) -> Result<Servers, Fault> {
        if let Some(transport) = &balancer.transport {
            let whole = service.provider.qualified(&transport.value);
            let known =
                transport.value == "default" || whole.ends_with("@internal") || self.transports.contains(&whole);
            if !known {
                return Err(Fault::new(&transport.place, format!("there is no serversTransport {whole}")));
            }
        }
        let mut members = Vec::new();
        for server in &balancer.servers {
            let written = &server.url;
            let Some(url) = Url::parse(written.value.as_bytes()) else {
                return Err(Fault::new(&written.place, format!("{:?} is no URL of a server", written.value)));
            };
            if server.weight.is_none_or(|weight| weight > 0) {
                members.push(Server {
                    written: written.value.clone(),
                    url,
                    place: written.place.clone(),
                    preserve_path: server.preserve_path,
                });
            }
        }
        Ok(Servers {
            name: name.to_owned(),
            members,
            pass_host: balancer.pass_host_header,
            place: balancer.place.clone(),
        })
    }
}

fn doubt(what: NotUnderstood) -> Layer {
    Layer { place: what.place.clone(), work: Work::NotModelled(what) }
}

fn assumed(place: &Place, what: String) -> Layer {
    Layer { place: Some(place.clone()), work: Work::Assumed(what) }
}

/// One of the services that take requests by weight: of several the heaviest, which the running Traefik takes first. Which
/// one is next only that knows.
fn one_of(
    name: &str,
    service: &Service,
    all: &[Weighted],
    follow: &mut dyn FnMut(&At<String>) -> Result<Stages, Fault>,
) -> Result<Stages, Fault> {
    let mut chosen = Vec::new();
    for one in all {
        let stages = follow(&one.name)?;
        if one.weight > 0 {
            chosen.push((one, stages));
        }
    }
    let count = chosen.len();
    let nobody = || {
        let servers =
            Servers { name: name.to_owned(), members: Vec::new(), pass_host: true, place: service.place.clone() };
        Stages { layers: Vec::new(), end: End::Servers(servers) }
    };
    let heaviest = chosen.into_iter().rev().max_by_key(|(one, _)| one.weight);
    let Some((one, mut stages)) = heaviest else { return Ok(nobody()) };
    if count > 1 {
        let what = format!("service {name}: {} of its {count} services is taken to be next", one.name.value);
        stages.layers.insert(0, assumed(&service.place, what));
    }
    Ok(stages)
}
