//! Automatic HTTPS: which servers expect TLS, for which names there are certificates, and the redirects from plain HTTP.
//! Caddy 2.11, `httptype.go` (`serversFromPairings`, `detectConflictingSchemes`), `modules/caddyhttp/autohttps.go`.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::Notes;
use super::blocks::route;
use super::options::Options;
use super::servers::{Built, Part};
use crate::gateway::caddy::route::{
    Address, Certificates, Handled, Handler, Matcher, MatcherSet, Route, Server, ServerOptions, Static,
};
use crate::gateway::caddy::routes::Routes;
use crate::gateway::{ConfigError, NotUnderstood};

/// Settles what of the servers is TLS, and adds the redirects.
///
/// # Errors
/// A server that would have to speak both HTTP and HTTPS.
pub(super) fn apply(
    mut built: Vec<Built<'_>>,
    options: &Options,
    notes: &mut Notes<'_>,
) -> Result<(Vec<Server>, Certificates), ConfigError> {
    let mut certificates = Certificates { names: HashSet::new(), others: options.other_names.clone() };
    let mut managed = 0usize;
    let mut redirects = Redirects::default();
    for Built { server, parts } in &mut built {
        let (policies, skipped) = policies(server, parts, options);
        check_schemes(parts, policies, options)?;
        server.tls = policies;
        client_certificates(server, parts, notes);
        let other_ports = |port| server.listen.iter().any(|address| address.port != port);
        certificates.loaded(parts, notes);
        if options.auto_https.off || !other_ports(options.http_port) {
            continue;
        }
        server.tls |= !other_ports(options.https_port);
        let domains = domains(server, &skipped);
        if domains.is_empty() && !server.tls {
            continue;
        }
        if !options.auto_https.no_certificates {
            let has = |name: &Arc<str>| !options.auto_https.ignore_loaded && certificates.cover(name);
            let new: Vec<_> = domains.iter().filter(|name| may_have_certificate(name) && !has(name)).cloned().collect();
            managed += new.len();
            for name in &new {
                certificates.add(name);
            }
        }
        server.tls = true;
        if !options.auto_https.no_redirects {
            redirects.record(&domains, &server.listen, options.https_port);
        }
    }
    let mut servers: Vec<Server> = built.into_iter().map(|built| built.server).collect();
    redirects.add(&mut servers, options, managed > 0);
    let unmanaged = options.auto_https.off || options.auto_https.no_certificates;
    if unmanaged && let Some(server) = servers.iter().find(|server| server.tls) {
        let what = "auto_https is off: which certificates there are is not seen";
        let place = server.routes.iter().flat_map(|route| &route.handlers).find_map(|handled| handled.line.as_ref());
        let doubt = NotUnderstood { place: place.map(|line| line.place.clone()), what: what.to_owned() };
        certificates.others.get_or_insert(doubt);
    }
    Ok((servers, certificates))
}

/// True if the Caddyfile asks for TLS on a server, and the hosts that automatic HTTPS leaves alone there.
fn policies(server: &Server, parts: &[Part<'_>], options: &Options) -> (bool, HashSet<Arc<str>>) {
    let (http, https) = (options.http_port.to_string(), options.https_port.to_string());
    let listens_elsewhere = server.listen.iter().any(|address| address.port != options.http_port);
    let mut skipped: HashSet<Arc<str>> = HashSet::new();
    let mut qualifies = false;
    let mut will_be_added = !options.auto_https.off;
    let mut written = 0usize;
    let mut for_all = false;
    for part in parts {
        let all_hosts = part.addresses.iter().any(|address| address.host.is_empty());
        if part.site.tls.as_ref().is_some_and(|tls| tls.settings) {
            written += 1;
            for_all = all_hosts;
        }
        for address in &part.addresses {
            let host: &str = &address.host;
            if listens_elsewhere && address.scheme == "http" && !host.is_empty() {
                skipped.insert(host.into());
            }
            let enabled = part.site.tls.is_some() || !(host.is_empty() || skipped.contains(host));
            qualifies |= address.scheme == "https" || (address.scheme != "http" && address.port != http && enabled);
            will_be_added &= address.port == https || (address.port != http && !host.is_empty());
        }
    }
    let names = options.other_names.is_some();
    let added = qualifies && !for_all && (written > 0 || !will_be_added || names);
    (written > 0 || added, skipped)
}

/// `detectConflictingSchemes`
fn check_schemes(parts: &[Part<'_>], tls: bool, options: &Options) -> Result<(), ConfigError> {
    let (http, https) = (options.http_port.to_string(), options.https_port.to_string());
    let mut secure: Option<bool> = None;
    for address in parts.iter().flat_map(|part| &part.addresses) {
        let wants = if address.scheme == "http" || address.port == http {
            Some(false)
        } else if address.scheme == "https" || address.port == https || tls {
            Some(true)
        } else {
            address.host.is_empty().then_some(false)
        };
        let Some(wants) = wants else { continue };
        if secure.is_some_and(|secure| secure != wants) || (tls && !wants) {
            let what = format!("{} shares a port with a site of the other kind, HTTP and HTTPS", address.key.text);
            return Err(ConfigError::at(&address.key.place(), what));
        }
        secure = Some(wants);
    }
    Ok(())
}

/// Where clients are asked for certificates, the name of the handshake must be the host's.
fn client_certificates(server: &mut Server, parts: &[Part<'_>], notes: &mut Notes<'_>) {
    let Some(part) = parts.iter().find(|part| part.site.tls.as_ref().is_some_and(|tls| tls.client_auth)) else {
        return;
    };
    server.strict_sni = server.options.strict_sni.unwrap_or(true);
    let place = Some(part.site.line.place.clone());
    let doubt = notes.doubt(place, "client_auth: whether a client has a certificate is not seen");
    server.doubts.push(doubt);
}

/// The hosts of a server's sites.
fn domains(server: &Server, skipped: &HashSet<Arc<str>>) -> Vec<Arc<str>> {
    let mut domains: Vec<Arc<str>> = Vec::new();
    for set in server.routes.iter().flat_map(|route| &route.sets) {
        let Some(Matcher::Host(hosts)) = set.get("host") else { continue };
        domains.extend(hosts.iter().filter(|host| !skipped.contains(*host)).cloned());
    }
    domains.sort_unstable();
    domains.dedup();
    domains
}

/// `certmagic.SubjectQualifiesForCert`
fn may_have_certificate(name: &str) -> bool {
    let wildcard = !name.contains('*') || name == "*" || name.starts_with("*.");
    !name.trim().is_empty()
        && !name.starts_with('.')
        && !name.ends_with('.')
        && wildcard
        && !name.contains(|c: char| "()[]{}<> \t\n\"\\!@#$%^&|;'+=".contains(c))
}

impl Certificates {
    /// True if there is one for a name.
    pub(in crate::gateway::caddy) fn cover(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let wildcard = name.split_once('.').map(|(_, parent)| format!("*.{parent}"));
        self.names.contains(&name) || wildcard.is_some_and(|wildcard| self.names.contains(&wildcard))
    }

    fn add(&mut self, name: &str) {
        self.names.insert(name.to_ascii_lowercase());
    }

    /// Certificates from files: they are for the hosts of their sites, and maybe for others.
    fn loaded(&mut self, parts: &[Part<'_>], notes: &mut Notes<'_>) {
        for part in parts {
            let Some(tls) = &part.site.tls else { continue };
            let place = Some(part.site.line.place.clone());
            if tls.on_demand {
                let what = "tls on_demand: certificates are made when a handshake asks for them";
                self.others.get_or_insert_with(|| notes.doubt(place.clone(), what));
            }
            if !tls.loaded {
                continue;
            }
            let hosts = part.addresses.iter().filter(|address| !address.host.is_empty());
            hosts.for_each(|address| self.add(&address.host));
            self.others.get_or_insert_with(|| NotUnderstood {
                place,
                what: "tls: for which other names the certificate is, is not seen".to_owned(),
            });
        }
    }
}

/// Domains, and the port that serves them by TLS.
struct Target {
    domains: Vec<Arc<str>>,
    port: u16,
}

/// Redirects from plain HTTP that are to be added.
#[derive(Default)]
struct Redirects {
    /// Where each domain is served by TLS; the empty one stands for all.
    targets: BTreeMap<Arc<str>, Vec<Address>>,
}

impl Redirects {
    /// `recordAutoHTTPSRedirectAddress`: of several ports the one for HTTPS wins.
    fn record(&mut self, domains: &[Arc<str>], listen: &[Address], https_port: u16) {
        let all = [Arc::from("")];
        for domain in if domains.is_empty() { &all[..] } else { domains } {
            for address in listen {
                let known = self.targets.entry(Arc::clone(domain)).or_default();
                match known.first().map(|first| first.port) {
                    Some(port) if port != address.port => {
                        if address.port == https_port {
                            *known = vec![address.clone()];
                        }
                    }
                    _ if known.contains(address) => {}
                    _ => known.push(address.clone()),
                }
            }
        }
    }

    /// Adds the redirects to the servers that listen for HTTP, or one of their own.
    fn add(self, servers: &mut Vec<Server>, options: &Options, managed: bool) {
        let mut by_target: BTreeMap<Address, Vec<Arc<str>>> = BTreeMap::new();
        for (domain, addresses) in self.targets {
            for address in addresses {
                by_target.entry(address).or_default().push(Arc::clone(&domain));
            }
        }
        // By the address for plain HTTP: domains and the port for TLS.
        let mut by_listen: BTreeMap<Address, Vec<Target>> = BTreeMap::new();
        for (target, domains) in by_target {
            let port = options.http_port;
            let listen = Address { host: target.host.clone(), port, last_port: port };
            by_listen.entry(listen).or_default().push(Target { domains, port: target.port });
        }
        let mut own: Vec<Address> = Vec::new();
        let mut own_routes = Vec::new();
        for (listen, mut redirects) in by_listen {
            redirects.sort_by_key(|target| rank(&target.domains));
            let routes: Vec<Route> =
                redirects.iter().map(|target| redirect(&target.domains, target.port, options)).collect();
            let found = servers.iter_mut().find(|server| server.listen.iter().any(|address| clash(address, &listen)));
            let Some(server) = found else {
                own.push(listen);
                own_routes.extend(routes);
                continue;
            };
            let mut all = server.routes.to_vec();
            let has_host = |route: &Route| route.sets.iter().any(|set| set.get("host").is_some());
            let index = all.iter().rposition(has_host).map_or(0, |at| at + 1);
            if managed {
                all.splice(index..index, routes);
            }
            all.push(redirect(&[], options.https_port, options));
            server.routes = all.into();
        }
        if own.is_empty() {
            return;
        }
        own_routes.push(redirect(&[], options.https_port, options));
        servers.push(Server {
            listen: own,
            tls: false,
            routes: own_routes.into(),
            errors: Routes::default(),
            named: BTreeMap::new(),
            options: ServerOptions::default(),
            strict_sni: false,
            doubts: Vec::new(),
        });
    }
}

/// Named hosts before wildcards, long before short, all hosts last.
fn rank(domains: &[Arc<str>]) -> (bool, bool, std::cmp::Reverse<usize>, Arc<str>) {
    let first = domains.first().cloned().unwrap_or_default();
    (first.is_empty(), first.contains('*'), std::cmp::Reverse(first.len()), first)
}

/// True if two addresses cannot be listened on apart.
fn clash(a: &Address, b: &Address) -> bool {
    (a.host == b.host || a.host.is_empty() || b.host.is_empty()) && (a.port..=a.last_port).contains(&b.port)
}

/// `makeRedirRoute`: a redirect to HTTPS, with its port if that is none of the usual ones.
fn redirect(domains: &[Arc<str>], port: u16, options: &Options) -> Route {
    let usual = [options.http_port, options.https_port, 80, 443].contains(&port);
    let port = if usual { String::new() } else { format!(":{port}") };
    let to = format!("https://{{http.request.host}}{port}{{http.request.uri}}");
    let mut set = MatcherSet::of("protocol", Matcher::Protocol("http".into()));
    let hosts: Vec<_> = domains.iter().filter(|domain| !domain.is_empty()).cloned().collect();
    if !hosts.is_empty() {
        set.insert("host", Matcher::Host(hosts));
    }
    let answer = Static {
        status: "308".into(),
        headers: vec![("Location".into(), to.into())],
        close: true,
        ..Static::default()
    };
    let handled = Handled { handler: Handler::Static(Arc::new(answer)), line: None, router: None };
    route(Some(Arc::new(set)), vec![handled])
}
