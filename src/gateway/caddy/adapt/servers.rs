//! Sites put together by the addresses that they listen on. Caddy 2.11, `addresses.go`
//! (`mapAddressToProtocolToServerBlocks`), `httptype.go` (`serversFromPairings`).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::blocks::{self, Found, route};
use super::options::Options;
use super::site::{Site, SiteAddress};
use super::{NamedRoutes, Notes, sorting};
use crate::gateway::ConfigError;
use crate::gateway::caddy::network::Network;
use crate::gateway::caddy::route::{Address, Handled, Handler, Matcher, MatcherSet, Route, Server, ServerOptions};

/// A site, and those of its addresses that a server is for.
pub(super) struct Part<'a> {
    pub(super) site: &'a Site,
    /// Its directives that make routes, until the server is built.
    found: Vec<Found>,
    pub(super) addresses: Vec<&'a SiteAddress>,
}

/// Which addresses of which sites, as indexes.
type Keys = Vec<(usize, Vec<usize>)>;

/// Addresses to listen on, and what is served there.
type Group<'a> = (Vec<Address>, Vec<Part<'a>>);

/// The sites by the addresses that they are listened for on. Their directives go to their parts.
///
/// # Errors
/// Addresses that contradict one another.
fn group<'a>(sites: &'a mut [Site], options: &Options) -> Result<Vec<Group<'a>>, ConfigError> {
    let mut by_listen: BTreeMap<String, (Address, Keys)> = BTreeMap::new();
    for (site_index, site) in sites.iter().enumerate() {
        for (key_index, address) in site.addresses.iter().enumerate() {
            for (name, listen) in listens(site, address, options)? {
                let (_, parts) = by_listen.entry(name).or_insert_with(|| (listen, Vec::new()));
                match parts.last_mut() {
                    Some((index, keys)) if *index == site_index => keys.push(key_index),
                    _ => parts.push((site_index, vec![key_index])),
                }
            }
        }
    }
    // Addresses that serve the very same are one server.
    let mut together: Vec<(Vec<Address>, Keys)> = Vec::new();
    let mut known: BTreeMap<Keys, usize> = BTreeMap::new();
    for (_, (listen, parts)) in by_listen {
        let index = *known.entry(parts.clone()).or_insert(together.len());
        match together.get_mut(index) {
            Some((addresses, _)) => addresses.push(listen),
            None => together.push((vec![listen], parts)),
        }
    }
    let mut directives: Vec<_> = sites.iter_mut().map(|site| (std::mem::take(&mut site.routes), 0usize)).collect();
    for (index, _) in together.iter().flat_map(|(_, parts)| parts) {
        if let Some((_, servers)) = directives.get_mut(*index) {
            *servers += 1;
        }
    }
    let sites: &'a [Site] = sites;
    let mut part = |(index, keys): (usize, Vec<usize>)| {
        let (site, (found, servers)) = (sites.get(index)?, directives.get_mut(index)?);
        *servers -= 1;
        // The last server has no need of a copy.
        let found = if *servers == 0 { std::mem::take(found) } else { found.clone() };
        Some(Part { site, found, addresses: keys.into_iter().filter_map(|key| site.addresses.get(key)).collect() })
    };
    Ok(together
        .into_iter()
        .map(|(addresses, parts)| (addresses, parts.into_iter().filter_map(&mut part).collect()))
        .collect())
}

/// Where a site listens for one of its addresses.
fn listens(site: &Site, address: &SiteAddress, options: &Options) -> Result<Vec<(String, Address)>, ConfigError> {
    let fault = |what: String| ConfigError::at(&address.key.place(), what);
    let port = match address.port.parse::<u16>() {
        Ok(port) => port,
        Err(_) if address.scheme == "http" => options.http_port,
        Err(_) => options.https_port,
    };
    let crossed = (address.scheme == "http" && port == options.https_port)
        || (address.scheme == "https" && port == options.http_port);
    if crossed {
        return Err(fault(format!("{} has a scheme and a port that contradict each other", address.key.text)));
    }
    let all = [Arc::from("")];
    let binds = if !site.bind.is_empty() {
        &site.bind
    } else if !options.default_bind.is_empty() {
        &options.default_bind
    } else {
        &all[..]
    };
    let mut found: Vec<(String, Address)> = Vec::new();
    for bind in binds {
        let network = Network { port: port.to_string(), ..Network::split(bind) };
        let name = network.join();
        // What comes over a unix socket is no connection that a plan is asked about.
        let host = if network.kind.starts_with("unix") { format!("unix/{}", network.host) } else { network.host };
        if !found.iter().any(|(known, _)| *known == name) {
            found.push((name, Address { host, port, last_port: port }));
        }
    }
    Ok(found)
}

/// A server, and what it is made of.
pub(super) struct Built<'a> {
    pub(super) server: Server,
    pub(super) parts: Vec<Part<'a>>,
}

/// The servers of all sites, their routes in the order in which they are tried. The sites are left without them.
///
/// # Errors
/// What Caddy refuses.
pub(super) fn build<'a>(
    sites: &'a mut [Site],
    options: &Options,
    named: &NamedRoutes,
    notes: &mut Notes<'_>,
) -> Result<Vec<Built<'a>>, ConfigError> {
    let mut servers = Vec::new();
    for (listen, parts) in group(sites, options)? {
        check_unique(&parts)?;
        let mut parts = sorting::by_key(parts, Rank::of, Rank::comes_before);
        let server = server(listen, &mut parts, options, named, notes)?;
        servers.push(Built { server, parts });
    }
    Ok(servers)
}

/// Refuses an address that stands before two sites of a server.
fn check_unique(parts: &[Part<'_>]) -> Result<(), ConfigError> {
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, part) in parts.iter().enumerate() {
        for address in &part.addresses {
            if *known.entry(&address.key.text).or_insert(index) != index {
                let what = format!("two sites have the address {}", address.key.text);
                return Err(ConfigError::at(&address.key.place(), what));
            }
        }
    }
    Ok(())
}

/// The length of a host or path without wildcards and placeholders: how narrow it is.
fn specificity(text: &str) -> usize {
    let mut length = text.len() - text.matches('*').count();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('{') {
        let Some((inside, tail)) = after.split_once('}') else { break };
        length = length.saturating_sub(inside.len() + 2);
        rest = tail;
    }
    length
}

/// What decides where a site stands among the others of its server.
struct Rank {
    host: usize,
    path: usize,
    wild: bool,
}

impl Rank {
    fn of(part: &Part<'_>) -> Self {
        let mut path = "";
        for address in &part.addresses {
            if specificity(&address.path) > specificity(path) {
                path = &address.path;
            }
        }
        Self {
            host: part.addresses.iter().map(|address| specificity(&address.host)).max().unwrap_or(0),
            path: path.len(),
            wild: part.addresses.iter().any(|address| address.host.is_empty() || address.host.contains('*')),
        }
    }

    /// The order of sites: hosts before wildcards, long before short, none last.
    fn comes_before(&self, other: &Self) -> bool {
        if self.host == 0 {
            return false;
        }
        if other.host == 0 {
            return true;
        }
        if self.wild != other.wild {
            return other.wild;
        }
        if self.host == other.host { self.path > other.path } else { self.host > other.host }
    }
}

/// One server.
fn server(
    listen: Vec<Address>,
    parts: &mut [Part<'_>],
    options: &Options,
    named: &NamedRoutes,
    notes: &mut Notes<'_>,
) -> Result<Server, ConfigError> {
    let mut routes = Vec::new();
    let mut errors = Vec::new();
    let mut reached = BTreeMap::new();
    let count = parts.len();
    for part in parts {
        reached.extend(named.reached(part.site.invoked.clone(), part.site)?);
        let sets = sets(&part.addresses);
        let built = blocks::build(std::mem::take(&mut part.found), true, notes);
        wrap(&mut routes, built, &sets, part.site, count);
        if !part.site.errors.is_empty() {
            wrap(&mut errors, part.site.errors.clone(), &sets, part.site, count);
        }
    }
    let listened: Vec<String> = listen.iter().map(Address::name).collect();
    let fits = |server: &&ServerOptions| server.address.is_empty() || listened.contains(&server.address);
    let server_options = options.servers.iter().find(fits).cloned().unwrap_or_default();
    Ok(Server {
        tls: false,
        strict_sni: server_options.strict_sni.unwrap_or(false),
        doubts: server_options.doubts.clone(),
        options: server_options,
        listen,
        routes: routes.into(),
        errors: errors.into(),
        named: reached,
    })
}

/// Puts a site's routes behind its hosts and paths; nothing comes after a site that fits.
fn wrap(routes: &mut Vec<Route>, built: Vec<Route>, sets: &[Arc<MatcherSet>], site: &Site, count: usize) {
    if sets.is_empty() && built.is_empty() {
        return;
    }
    let has_host = |route: &Route| route.sets.iter().any(|set| set.get("host").is_some());
    if sets.is_empty() && count == 1 && !built.iter().any(has_host) {
        routes.extend(built);
        return;
    }
    let handlers = vec![Handled::new(Handler::Subroute(built.into()), &site.line)];
    routes.push(Route { sets: sets.to_vec(), terminal: true, ..route(None, handlers) });
}

/// `compileEncodedMatcherSets`: the hosts and paths of addresses; none if all hosts are meant.
fn sets(addresses: &[&SiteAddress]) -> Vec<Arc<MatcherSet>> {
    let mut pairs: Vec<(Vec<Arc<str>>, &str)> = Vec::new();
    let mut by_path: HashMap<&str, usize> = HashMap::new();
    let mut known = HashSet::new();
    let mut all_hosts = false;
    for address in addresses {
        let index = *by_path.entry(&address.path).or_insert_with(|| {
            pairs.push((Vec::new(), &address.path));
            pairs.len() - 1
        });
        let Some((hosts, _)) = pairs.get_mut(index) else { continue };
        if address.host.is_empty() && !all_hosts {
            hosts.clear();
            all_hosts = true;
        }
        if !all_hosts && known.insert((index, &address.host)) {
            hosts.push(address.host.as_str().into());
        }
    }
    let mut sets = Vec::new();
    for (hosts, path) in pairs {
        let mut set = MatcherSet::default();
        if !hosts.is_empty() {
            set.insert("host", Matcher::Host(hosts));
        }
        if !path.is_empty() {
            set.insert("path", Matcher::Path(vec![path.into()]));
        }
        if !set.is_empty() {
            sets.push(Arc::new(set));
        }
    }
    sets
}

impl Address {
    /// As Caddy writes it: `:80`, `[::1]:443`
    fn name(&self) -> String {
        Network { kind: String::new(), host: self.host.clone(), port: self.port.to_string() }.join()
    }
}
