//! ingress-nginx: `Ingress` objects read as the configuration that its controller writes for nginx.
//!
//! ```text
//! yaml ─ objects ─▶ Ingress, ConfigMap, Service ─ hosts ─▶ servers and locations ─ location ─▶ directives
//! ```
//!
//! What comes of it is a tree like that of a file, so that nginx's whole model holds for it. Each directive stands at the
//! line of the yaml that it follows from: an annotation, a rule, a path; what nobody wrote stands at its `Ingress`. What is
//! not understood becomes a directive that nginx's model does not know.
//!
//! Source: ingress-nginx 1.15.0, whose nginx is 1.27.1. Services are taken to be there, and are called `service:port` where
//! nginx has the addresses of pods.

mod annotations;
mod hosts;
mod location;
mod objects;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::hosts::{CATCH_ALL, Host};
use self::location::Writer;
use self::objects::Objects;
use self::settings::Settings;
use super::include::Loaded;
use super::tree::{self, Directive};
use crate::asgi::Release;
use crate::gateway::document::yaml;
use crate::gateway::{ConfigError, Files, NotUnderstood, Place};

/// The nginx in the controller's image.
pub(super) const RELEASE: Release = Release::new(1, 27, 1);

/// True for the name of a file that objects are written in.
pub(in crate::gateway) fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|end| end.eq_ignore_ascii_case("yaml") || end.eq_ignore_ascii_case("yml"))
}

/// True if a text holds an `Ingress`, and is not made for Traefik.
pub(in crate::gateway) fn is_for(text: &str) -> bool {
    let value = |line: &str, key: &str| {
        let value = line.trim_start().trim_start_matches("- ").strip_prefix(key)?.trim();
        Some(value.split(" #").next().unwrap_or_default().trim().trim_matches(['"', '\'']).to_owned())
    };
    let mut ingress = false;
    for line in text.lines() {
        match value(line, "kind:").as_deref() {
            Some("Ingress") => ingress = true,
            Some("IngressRoute") => return false,
            _ => {}
        }
        let class = value(line, "ingressClassName:").or_else(|| value(line, "kubernetes.io/ingress.class:"));
        if class.is_some_and(|class| class.contains("traefik")) {
            return false;
        }
    }
    ingress
}

/// A tree, and what is not understood besides.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) loaded: Loaded,
    pub(super) not_understood: Vec<NotUnderstood>,
}

/// Reads objects out of files, and writes what the controller would.
///
/// # Errors
/// A file cannot be read, the API server refuses an object, or there is no `Ingress` for ingress-nginx.
pub(super) fn load(paths: &[PathBuf], files: &dyn Files) -> Result<Written, ConfigError> {
    let mut documents = Vec::new();
    let mut loaded = Loaded::default();
    for path in paths {
        let bytes = files.read(path).map_err(|error| ConfigError::unreadable(path, &error))?;
        let text = String::from_utf8(bytes)
            .map_err(|_| ConfigError { place: None, what: format!("{} is no UTF-8", path.display()) })?;
        let file: Arc<Path> = path.as_path().into();
        documents.extend(yaml::read(&file, &text)?);
        loaded.files.push(path.clone());
        loaded.order.push(file);
    }
    let objects = Objects::of(&documents)?;
    let foreign = |(place, class): &(&Place, &str)| {
        NotUnderstood::at(place, format!("Ingress of class {class}: only what ingress-nginx makes of one is modelled"))
    };
    let not_understood: Vec<NotUnderstood> = objects.foreign.iter().map(foreign).collect();
    let Some(first) = objects.ingresses.iter().map(|ingress| ingress.place).min() else {
        let what = "there is no Ingress for ingress-nginx in it".to_owned();
        return Err(match not_understood.into_iter().next() {
            Some(NotUnderstood { place, what }) => ConfigError { place, what },
            None => ConfigError { place: None, what },
        });
    };
    let settings = Settings::of(&objects.config_maps, first);
    let writer = Writer { objects: &objects, settings: &settings };
    loaded.tree = writer.tree(hosts::hosts(&objects, first), first)?;
    Ok(Written { loaded, not_understood })
}

impl Writer<'_> {
    fn tree(&self, mut hosts: BTreeMap<&str, Host<'_>>, place: &Place) -> Result<Vec<Directive>, ConfigError> {
        let wildcards: Vec<String> =
            certified(&hosts).filter_map(|host| Some(host.name.strip_prefix("*.")?.to_owned())).collect();
        for host in hosts.values_mut() {
            let above = host.name.split_once('.').map(|(_, above)| above);
            host.shadowed = above.is_some_and(|above| wildcards.iter().any(|wildcard| wildcard == above));
        }
        let mut http = self.settings.above(certificates(&hosts, place))?;
        http.extend(self.redirects(&hosts));
        for host in hosts.values() {
            http.push(self.server(host, &hosts)?);
        }
        Ok(vec![Directive::simple("http", &[], place).with_block(http)])
    }

    /// `from-to-www-redirect`: servers that only redirect.
    fn redirects(&self, hosts: &BTreeMap<&str, Host<'_>>) -> Vec<Directive> {
        let mut servers = Vec::new();
        for host in hosts.values() {
            let Some(place) = host.www else { continue };
            let from = host.name.strip_prefix("www.").map_or_else(|| format!("www.{}", host.name), str::to_owned);
            if hosts.contains_key(from.as_str()) {
                continue;
            }
            let mut inside = listens(false, place);
            inside.push(Directive::simple("server_name", &[&from], place));
            let url = format!("$pass_access_scheme://{}:$pass_port$redirect_uri", host.name);
            inside.push(Directive::simple("return", &[self.settings.redirect_code(), &url], place));
            servers.push(Directive::simple("server", &[], place).with_block(inside));
        }
        servers
    }

    fn server(&self, host: &Host<'_>, hosts: &BTreeMap<&str, Host<'_>>) -> Result<Directive, ConfigError> {
        let mut inside = listens(host.name == CATCH_ALL, host.place);
        inside.push(names(host, hosts));
        for ingress in &host.ingresses {
            inside.extend(ingress.annotations.doubts_of_server());
        }
        if self.settings.forwarded() {
            // Worked out before anything else, so that its expression touches no captures.
            inside.extend(said("set $known_http_host $best_http_host;", host.place)?);
        }
        let snippet = host.ingresses.iter().find_map(|ingress| ingress.annotations.get("server-snippet"));
        if let Some(given) = snippet {
            inside.extend(self.snippet(given)?);
        }
        let root = host.locations.iter().find_map(|location| location.rewriting()?.get("app-root"));
        if let Some(given) = root {
            let answer =
                Directive::simple("return", &["302", &format!("$scheme://$http_host{}", given.value)], given.place);
            inside.push(Directive::simple("if", &["($uri", "=", "/)"], given.place).with_block(vec![answer]));
        }
        let regex = host.locations.iter().any(hosts::Location::is_regex);
        for location in &host.locations {
            inside.push(self.location(host, location, regex)?);
        }
        if host.name == CATCH_ALL {
            inside.extend(said(OF_THE_CONTROLLER, host.place)?);
        }
        inside.extend(self.settings.snippet("server-snippet")?);
        Ok(Directive::simple("server", &[], host.place).with_block(inside))
    }
}

/// Every server listens on both, whether or not it has a certificate of its own.
fn listens(default: bool, place: &Place) -> Vec<Directive> {
    let listen = |args: &[&str]| {
        let args: Vec<&str> = args.iter().copied().chain(default.then_some("default_server")).collect();
        Directive::simple("listen", &args, place)
    };
    vec![listen(&["80"]), listen(&["443", "ssl"])]
}

/// The names of a host (`buildServerName`): below a star there is one more label.
fn names(host: &Host<'_>, hosts: &BTreeMap<&str, Host<'_>>) -> Directive {
    let name = match host.name.strip_prefix("*.") {
        Some(rest) => format!(r"~^(?<subdomain>[\w-]+)\.{}$", rest.replace('.', r"\.")),
        None => host.name.to_owned(),
    };
    let aliases = host.ingresses.iter().find_map(|ingress| ingress.annotations.get("server-alias"));
    let list = aliases.map_or("", |given| given.value.as_str());
    let mut list: Vec<&str> =
        list.split(',').map(str::trim).filter(|alias| !alias.is_empty() && !hosts.contains_key(alias)).collect();
    list.sort_unstable();
    list.dedup();
    let args: Vec<&str> = std::iter::once(name.as_str()).chain(list).collect();
    Directive::simple("server_name", &args, aliases.map_or(host.place, |given| given.place))
}

/// Hosts that have a certificate.
fn certified<'h, 'a>(hosts: &'h BTreeMap<&'a str, Host<'a>>) -> impl Iterator<Item = &'h Host<'a>> {
    hosts.values().filter(|host| host.certificate || host.name == CATCH_ALL)
}

/// Whether the host of a request has a certificate (`get_pem_cert_uid` of `rootfs/etc/nginx/lua/certificate.lua`).
fn certificates<'a>(hosts: &BTreeMap<&'a str, Host<'a>>, place: &Place) -> Directive {
    let entry = |host: &Host<'a>| {
        let name = match host.name.strip_prefix("*.") {
            Some(rest) => format!(r"~^[^.]+\.{}$", rest.replace('.', r"\.")),
            None => host.name.to_owned(),
        };
        Directive::simple(&name, &["1"], host.place)
    };
    let lines = std::iter::once(Directive::simple("default", &["0"], place)).chain(certified(hosts).map(entry));
    Directive::simple("map", &["$host", "$has_certificate"], place).with_block(lines.collect())
}

/// nginx's own text as directives that all stand in one line.
///
/// # Errors
/// nginx does not start with it.
fn said(text: &str, place: &Place) -> Result<Vec<Directive>, ConfigError> {
    let refuse = |error: ConfigError| ConfigError::at(place, format!("not nginx's configuration: {}", error.what));
    let tree = tree::parse(&place.file, text.as_bytes()).map_err(refuse)?;
    Ok(tree.into_iter().map(|directive| directive.said_at(place)).collect())
}

/// A directive whose words are written in one value.
///
/// # Errors
/// There is more in it than words.
fn words(name: &str, value: &str, place: &Place) -> Result<Directive, ConfigError> {
    let mut tree = said(&format!("{name} {value};"), place)?;
    match (tree.pop(), tree.is_empty()) {
        (Some(directive), true) if directive.block.is_none() => Ok(directive),
        _ => Err(ConfigError::at(place, format!("{value:?}: it ends a line of nginx's configuration"))),
    }
}

/// What the server of every other host has for who looks after the controller.
const OF_THE_CONTROLLER: &str = "
    location /healthz { return 200; }
    location /nginx_status { allow 127.0.0.1; deny all; stub_status; }
";

/// True for what is not understood of the controller itself and not of any configuration.
pub(super) fn is_of_the_controller(doubt: &NotUnderstood) -> bool {
    doubt.what.starts_with("stub_status")
}
