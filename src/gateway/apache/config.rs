//! Servers: what a configuration says for the main server and for every `<VirtualHost>` (`core.c`, `mod_proxy.c`, 2.4).

use std::collections::BTreeMap;

use super::header::Change;
use super::ignored::is_ignored;
use super::mapping::{Alias, Matcher, Pass, Redirect, Worker, worker};
use super::rewrite::{Condition, Rule};
use super::scope::{Reverse, Scope, Section};
use super::tree::Node;
use super::url::Slashes;
use crate::gateway::pcre::Regex;
use crate::gateway::{NotUnderstood, Place};

/// `ProxyVia`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Via {
    /// Left as it is.
    Off,
    /// Added.
    On,
    /// Taken off.
    Block,
}

/// A server.
#[derive(Clone, Debug, Default)]
pub(super) struct Server {
    /// Where it starts; `None` for the main server.
    pub(super) place: Option<Place>,
    /// As it is written.
    pub(super) text: String,
    /// The addresses of a `<VirtualHost>`: empty for any; the port where one is named.
    pub(super) addresses: Vec<(String, Option<u16>)>,
    /// `ServerName`
    pub(super) name: Option<String>,
    /// The port of `ServerName`.
    pub(super) port: Option<u16>,
    /// `ServerAlias`
    pub(super) aliases: Vec<String>,
    /// `SSLEngine`
    pub(super) tls: Option<bool>,
    /// `DocumentRoot`
    pub(super) root: Option<String>,
    /// `MergeSlashes`
    pub(super) merge_slashes: Option<bool>,
    /// `ProxyVia`
    pub(super) via: Option<Via>,
    /// What is said for all of it.
    pub(super) scope: Scope,
    /// `ProxyPass`, in order.
    pub(super) passes: Vec<Pass>,
    /// `Redirect`, in order.
    pub(super) redirects: Vec<Redirect>,
    /// `Alias`, in order.
    pub(super) folders: Vec<Alias>,
    /// `RewriteRule`, in order.
    pub(super) rewrites: Vec<Rule>,
    /// `<Location>`, in order.
    pub(super) locations: Vec<Section>,
    /// `<Directory>`, in order.
    pub(super) directories: Vec<Section>,
    /// `<Proxy>`, in order.
    pub(super) proxies: Vec<Section>,
    /// What `ProxyPass` has made connections for, in order.
    pub(super) workers: Vec<Worker>,
    /// Members of balancers, without those that are not taken.
    pub(super) balancers: BTreeMap<String, Vec<Member>>,
}

/// A `BalancerMember`.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// Its URL as written.
    pub(super) url: String,
    /// What is kept to it.
    pub(super) worker: Worker,
    pub(super) place: Place,
}

/// A configuration.
#[derive(Clone, Debug, Default)]
pub(super) struct Config {
    /// The main server first, then those of `<VirtualHost>`, merged with it.
    pub(super) servers: Vec<Server>,
    /// `Listen`: address and port, and where.
    pub(super) listens: Vec<(String, u16, Place)>,
    /// What concerns every request.
    pub(super) doubts: Vec<NotUnderstood>,
}

impl Config {
    /// Puts servers together.
    pub(super) fn new(nodes: &[Node], doubts: Vec<NotUnderstood>) -> Self {
        let mut out = Self { doubts, ..Self::default() };
        let mut main = Server::default();
        let mut hosts = Vec::new();
        let mut reading = Reading::default();
        for node in nodes {
            match node.name.as_str() {
                "listen" => out.listens.extend(listen(node)),
                "virtualhost" => hosts.push(node),
                _ => main.read(node, &mut reading),
            }
        }
        let mut servers = Vec::new();
        for node in hosts {
            let addresses = node.words.iter().map(|word| address(word)).collect();
            let place = Some(node.place.clone());
            let mut server = Server { place, text: format!("<{}>", node.text), addresses, ..Server::default() };
            let mut reading = Reading::default();
            for node in node.inside.iter().flatten() {
                server.read(node, &mut reading);
            }
            if server.name.is_none() {
                server.port = server.addresses.first().and_then(|(_, port)| *port);
            }
            servers.push(server.below(&main));
        }
        main.employ();
        out.servers.push(main);
        out.servers.extend(servers);
        out
    }
}

/// `80`, `127.0.0.1:80`, `[::]:80`
fn listen(node: &Node) -> Option<(String, u16, Place)> {
    let (host, port) = node.word(0).rsplit_once(':').unwrap_or(("", node.word(0)));
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Some((host.to_owned(), port.parse().ok()?, node.place.clone()))
}

/// `*:80`, `_default_:443`, `10.0.0.1`
fn address(text: &str) -> (String, Option<u16>) {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !text.ends_with(']') => (host, port.parse().ok()),
        _ => (text, None),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let any = matches!(host, "*" | "_default_" | "");
    (if any { String::new() } else { host.to_owned() }, port)
}

/// Conditions that wait for their rule.
#[derive(Default)]
struct Reading {
    conditions: Vec<Condition>,
}

/// Where a directive stands.
#[derive(Clone, Copy)]
enum Within<'m> {
    Server,
    Location(&'m Matcher),
    Folder,
}

impl Server {
    /// The same with what the main server says for it.
    fn below(self, main: &Self) -> Self {
        let mut scope = main.scope.clone();
        scope.merge(&self.scope);
        let mut balancers = main.balancers.clone();
        balancers.extend(self.balancers);
        let mut out = Self {
            scope,
            passes: [main.passes.clone(), self.passes].concat(),
            redirects: [self.redirects, main.redirects.clone()].concat(),
            folders: [self.folders, main.folders.clone()].concat(),
            locations: [main.locations.clone(), self.locations].concat(),
            directories: [main.directories.clone(), self.directories].concat(),
            proxies: [main.proxies.clone(), self.proxies].concat(),
            root: self.root.or_else(|| main.root.clone()),
            tls: self.tls.or(main.tls),
            merge_slashes: self.merge_slashes.or(main.merge_slashes),
            via: self.via.or(main.via),
            balancers,
            ..self
        };
        out.employ();
        out
    }

    /// Makes out which upstreams have connections of their own.
    fn employ(&mut self) {
        let located = self.locations.iter().filter_map(|section| section.scope.pass.as_ref());
        for pass in located.chain(&self.passes).filter(|pass| pass.to != "!") {
            if worker(&self.workers, pass.to.as_bytes()).is_none() {
                self.workers.push(Worker::new(pass));
            }
        }
    }

    fn read(&mut self, node: &Node, reading: &mut Reading) {
        if let Some(inside) = &node.inside {
            self.section(node, inside);
            return;
        }
        match node.name.as_str() {
            "servername" => {
                let text = node.word(0).rsplit("://").next().unwrap_or_default();
                let (name, port) = address(text);
                (self.name, self.port) = (Some(name), port);
            }
            "serveralias" => self.aliases.extend(node.words.iter().cloned()),
            "sslengine" => self.tls = Some(node.is_on()),
            "documentroot" => self.root = Some(node.word(0).to_owned()),
            "mergeslashes" => self.merge_slashes = Some(node.is_on()),
            "proxyvia" => {
                self.via = match node.word(0).to_ascii_lowercase().as_str() {
                    "off" => Some(Via::Off),
                    "on" => Some(Via::On),
                    "block" => Some(Via::Block),
                    _ => {
                        self.scope.doubts.push(strange(node));
                        None
                    }
                }
            }
            "proxyrequests" if !node.is_on() => {}
            "proxypass" | "proxypassmatch" => match Pass::new(node, None) {
                Ok(pass) => self.passes.push(pass),
                Err(what) => self.scope.doubts.push(doubt(node, &what)),
            },
            "redirect" | "redirectmatch" | "redirectpermanent" | "redirecttemp" => match Redirect::new(node, None) {
                Ok(redirect) => self.redirects.push(redirect),
                Err(what) => self.scope.doubts.push(doubt(node, &what)),
            },
            "alias" if node.words.len() == 2 => {
                self.folders.push(Alias { prefix: node.word(0).to_owned(), folder: node.word(1).to_owned() });
            }
            "rewritecond" => reading.conditions.push(Condition::new(node)),
            "rewriterule" => match Rule::new(node, std::mem::take(&mut reading.conditions)) {
                Ok(rule) => self.rewrites.push(rule),
                Err(what) => self.scope.doubts.push(doubt(node, &what)),
            },
            _ => self.scope.read(node, Within::Server),
        }
    }

    fn section(&mut self, node: &Node, inside: &[Node]) {
        let regex = node.word(0) == "~" || node.name.ends_with("match");
        let text = if node.word(0) == "~" { node.word(1) } else { node.word(0) };
        let matcher = if regex {
            match Regex::of_httpd(text, false) {
                Ok(pattern) => Matcher::Regex(pattern),
                Err(what) => return self.scope.doubts.push(doubt(node, &what)),
            }
        } else {
            Matcher::Prefix(text.to_owned())
        };
        let within = match node.name.as_str() {
            "location" | "locationmatch" => Within::Location(&matcher),
            _ => Within::Folder,
        };
        if !regex && text.contains(['*', '?', '[']) && !matches!(node.name.as_str(), "proxy" | "virtualhost") {
            return self.scope.doubts.push(doubt(node, "wildcards are not modelled here"));
        }
        if !regex && text.starts_with("balancer://") && node.name == "proxy" {
            let name = text.trim_start_matches("balancer://").trim_end_matches('/').to_ascii_lowercase();
            for member in inside.iter().filter(|node| node.name == "balancermember") {
                let spare =
                    member.words.iter().any(|word| matches!(word.as_str(), "status=+H" | "status=H" | "status=+D"));
                if !spare {
                    let worker = Worker::member(&member.words);
                    let member = Member { url: member.word(0).to_owned(), worker, place: member.place.clone() };
                    self.balancers.entry(name.clone()).or_default().push(member);
                }
            }
        }
        let mut scope = Scope::default();
        for node in inside {
            scope.read(node, within);
        }
        let section =
            Section { place: node.place.clone(), text: format!("<{}>", node.text), matcher: matcher.clone(), scope };
        match node.name.as_str() {
            "location" | "locationmatch" => self.locations.push(section),
            "proxy" | "proxymatch" => self.proxies.push(section),
            "directory" | "directorymatch" => self.directories.push(section),
            // Files that nobody may see; what is sent on is none of them.
            "files" | "filesmatch" => {}
            _ => self.scope.doubts.push(strange(node)),
        }
    }
}

fn doubt(node: &Node, what: &str) -> NotUnderstood {
    NotUnderstood::at(&node.place, format!("{}: {what}", node.text))
}

fn strange(node: &Node) -> NotUnderstood {
    let text = if node.inside.is_some() { format!("<{}>", node.text) } else { node.text.clone() };
    NotUnderstood::at(&node.place, format!("{text}: not modelled"))
}

impl Scope {
    /// Takes a directive in.
    fn read(&mut self, node: &Node, within: Within<'_>) {
        let location = if let Within::Location(matcher) = within { Some(matcher) } else { None };
        match node.name.as_str() {
            "proxypreservehost" => self.preserve_host = Some(node.is_on()),
            "proxyaddheaders" => self.add_headers = Some(node.is_on()),
            "proxyerroroverride" => self.overrides_errors = Some(node.is_on()),
            "allowencodedslashes" => {
                self.slashes = match node.word(0).to_ascii_lowercase().as_str() {
                    "on" => Some(Slashes::Decoded),
                    "off" => Some(Slashes::Refused),
                    "nodecode" => Some(Slashes::Kept),
                    _ => return self.doubts.push(strange(node)),
                }
            }
            "usecanonicalname" => match node.word(0).to_ascii_lowercase().as_str() {
                "on" => self.canonical_name = Some(true),
                "off" => self.canonical_name = Some(false),
                _ => self.doubts.push(strange(node)),
            },
            "rewriteengine" if location.is_none() => self.rewrites = Some(node.is_on()),
            // In a <Directory> it is about files, which only a request that is not sent on reaches.
            "rewritecond" | "rewriterule" | "rewritebase" if matches!(within, Within::Folder) => {
                self.doubts.push(strange(node));
            }
            "proxypass" | "proxypassmatch" => match (location, Pass::new(node, location)) {
                (Some(_), Ok(pass)) => self.pass = Some(pass),
                (_, Err(what)) => self.doubts.push(doubt(node, &what)),
                (None, _) => self.doubts.push(strange(node)),
            },
            "proxypassreverse" => self.reverse(node, location),
            "proxypassreversecookiepath" | "proxypassreversecookiedomain" if node.words.len() == 2 => {
                let pair = (node.word(0).to_owned(), node.word(1).to_owned());
                if node.name.ends_with("path") { self.cookie_paths.push(pair) } else { self.cookie_domains.push(pair) }
            }
            "requestheader" => self.requests.extend(Change::new(node)),
            "header" => self.responses.extend(Change::new(node)),
            "errordocument" => {
                if let Ok(status) = node.word(0).parse() {
                    let text = node.words.get(1..).unwrap_or_default().join(" ");
                    self.pages.insert(status, (text, node.place.clone()));
                }
            }
            "setenv" => self.env.push((node.word(0).to_owned(), node.word(1).to_owned())),
            "setenvif" | "setenvifnocase" | "browsermatch" | "browsermatchnocase" | "passenv" | "setenvifexpr" => {
                self.env_open = true;
            }
            "directoryindex" => self.index = Some(node.words.clone()),
            "redirect" | "redirectmatch" | "redirectpermanent" | "redirecttemp" => {
                match Redirect::new(node, location) {
                    Ok(redirect) => self.redirects.push(redirect),
                    Err(what) => self.doubts.push(doubt(node, &what)),
                }
            }
            "require" => match (node.word(0).to_ascii_lowercase().as_str(), node.word(1).to_ascii_lowercase().as_str())
            {
                ("all", "granted") => self.denied = Some((false, node.place.clone())),
                ("all", "denied") => self.denied = Some((true, node.place.clone())),
                _ => self.doubts.push(strange(node)),
            },
            "limit" | "limitexcept" | "requireall" | "requireany" | "requirenone" => {
                let only_granted =
                    |node: &Node| node.name == "require" && node.text.to_ascii_lowercase().ends_with("all granted");
                if !node.inside.iter().flatten().all(only_granted) {
                    self.doubts.push(strange(node));
                }
            }
            "allow" if node.text.to_ascii_lowercase().ends_with("from all") => {}
            name if is_ignored(name) => {}
            _ => self.doubts.push(strange(node)),
        }
    }

    fn reverse(&mut self, node: &Node, location: Option<&Matcher>) {
        let (path, url) = match (node.words.as_slice(), location) {
            ([url], Some(Matcher::Prefix(path))) | ([path, url, ..], _) => (path.clone(), url.clone()),
            _ => return self.doubts.push(strange(node)),
        };
        self.reverses.push(Reverse { place: node.place.clone(), text: node.text.clone(), path, url });
    }
}
