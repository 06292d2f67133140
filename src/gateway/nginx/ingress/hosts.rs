//! From `Ingress` objects to servers and their locations: which path of which object takes what.
//!
//! `getBackendServers`, `createServers` (`internal/ingress/controller/controller.go`) and `updateServerLocations`
//! (`location.go`) of ingress-nginx 1.15.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::annotations::{Annotation, Annotations};
use super::objects::{Backend, Ingress, Objects, RulePath};
use crate::gateway::Place;
use crate::gateway::nginx::tree::Directive;

/// The server of every other host.
pub(super) const CATCH_ALL: &str = "_";

/// A host.
#[derive(Debug)]
pub(super) struct Host<'a> {
    pub(super) name: &'a str,
    /// The rule that names it first.
    pub(super) place: &'a Place,
    /// In the order of the configuration.
    pub(super) locations: Vec<Location<'a>>,
    /// Index of the first location of a path.
    first: HashMap<&'a str, usize>,
    /// It has a certificate, if need be the one that the controller makes.
    pub(super) certificate: bool,
    /// A wildcard that covers it has one.
    pub(super) shadowed: bool,
    /// The objects with rules for it, canaries left out.
    pub(super) ingresses: Vec<&'a Ingress<'a>>,
    /// `from-to-www-redirect` of a path of it.
    pub(super) www: Option<&'a Place>,
}

/// A path.
#[derive(Clone, Debug)]
pub(super) struct Location<'a> {
    /// As nginx takes it.
    pub(super) path: String,
    pub(super) exact: bool,
    pub(super) place: &'a Place,
    /// Whose annotations hold; none for the catch-all where nobody has a word in it.
    pub(super) ingress: Option<&'a Ingress<'a>>,
    /// None for the default backend, which answers 404.
    pub(super) backend: Option<Backend<'a>>,
    /// Made for the host and not by a path of a rule.
    by_default: bool,
    /// Annotations that redirect and rewrite hold.
    pub(super) rewrites: bool,
    /// What is not understood of it.
    pub(super) doubts: Vec<Directive>,
}

impl<'a> Location<'a> {
    fn root(ingress: Option<&'a Ingress<'a>>, backend: Option<Backend<'a>>, place: &'a Place) -> Self {
        let (path, exact) = ("/".to_owned(), false);
        let (by_default, rewrites) = (true, true);
        Self { path, exact, place, ingress, backend, by_default, rewrites, doubts: Vec::new() }
    }

    /// The annotations that redirect and rewrite.
    pub(super) fn rewriting(&self) -> Option<&'a Annotations<'a>> {
        self.ingress.filter(|_| self.rewrites).map(|ingress| &ingress.annotations)
    }

    /// `rewrite-target`, where it changes the path (`needsRewrite`).
    pub(super) fn target(&self) -> Option<&'a Annotation<'a>> {
        self.rewriting()?.get("rewrite-target").filter(|target| target.value != self.path)
    }

    /// True if its path is a regular expression, which makes those of the whole host be some.
    pub(super) fn is_regex(&self) -> bool {
        self.target().is_some()
            || self.rewriting().is_some_and(|annotations| annotations.flag("use-regex") == Some(true))
    }
}

impl<'a> Host<'a> {
    fn new(name: &'a str, place: &'a Place, root: Location<'a>) -> Self {
        Self {
            name,
            place,
            locations: vec![root],
            first: HashMap::from([("/", 0)]),
            certificate: false,
            shadowed: false,
            ingresses: Vec::new(),
            www: None,
        }
    }

    /// A path of a rule.
    fn path(&mut self, ingress: &'a Ingress<'a>, path: &RulePath<'a>, backend: Backend<'a>) {
        let www = ingress.annotations.set("from-to-www-redirect").map(|annotation| annotation.place);
        let location = Location {
            path: path.path.to_owned(),
            exact: path.exact,
            by_default: false,
            ..Location::root(Some(ingress), Some(backend), path.place)
        };
        let there = self.first.get(path.path).and_then(|&index| self.locations.get_mut(index));
        match there.filter(|there| there.exact == path.exact) {
            Some(there) if there.by_default => *there = location,
            Some(there) => {
                // The older object has the path.
                let other = there.ingress.filter(|other| ingress.is_as_old_as(other));
                if other.is_some_and(|other| !std::ptr::eq(other, ingress)) {
                    let what = format!("of {} too, which may be older", ingress.full_name());
                    there.doubts.push(Directive::simple("path", &[path.path, &what], path.place));
                }
                return;
            }
            None => {
                self.first.entry(path.path).or_insert(self.locations.len());
                self.locations.push(location);
            }
        }
        self.www = self.www.or(www);
    }

    /// A canary is merged into the path that it shadows.
    fn canary(&mut self, ingress: &'a Ingress<'a>, path: &RulePath<'a>) {
        let Some(canary) = ingress.annotations.get("canary") else { return };
        let same =
            |there: &&mut Location<'a>| there.path == path.path && there.exact == path.exact && !there.by_default;
        if let Some(there) = self.locations.iter_mut().find(same) {
            there.doubts.push(canary.doubt());
        }
    }

    /// Puts the locations in the order of the configuration, each `Prefix` taken apart.
    fn finish(&mut self) {
        // By text, then by length, both from the greatest.
        self.locations.sort_by(|a, b| b.path.cmp(&a.path));
        self.locations.sort_by_key(|location| Reverse(location.path.len()));
        let exact = self.locations.iter().filter(|location| location.exact).map(|location| location.path.clone());
        let exact: HashSet<String> = exact.collect();
        let mut all = Vec::with_capacity(self.locations.len() * 2);
        for mut location in std::mem::take(&mut self.locations) {
            if location.path == "/" || location.exact || location.is_regex() {
                all.push(location);
                continue;
            }
            let itself = (!exact.contains(&location.path)).then(|| Location { exact: true, ..location.clone() });
            if !location.path.ends_with('/') {
                location.path.push('/');
            }
            all.push(location);
            all.extend(itself);
        }
        self.locations = all;
    }
}

/// The hosts of objects, by their names.
pub(super) fn hosts<'a>(objects: &'a Objects<'a>, place: &'a Place) -> BTreeMap<&'a str, Host<'a>> {
    let mut hosts = BTreeMap::new();
    hosts.insert(CATCH_ALL, Host::new(CATCH_ALL, place, Location::root(None, None, place)));
    let is_canary = |ingress: &&'a Ingress<'a>| ingress.annotations.flag("canary") == Some(true);
    let (canaries, others): (Vec<_>, Vec<_>) = objects.ingresses.iter().partition(is_canary);
    for ingress in &others {
        create(ingress, &mut hosts);
    }
    for ingress in &others {
        for rule in &ingress.rules {
            let Some(host) = hosts.get_mut(rule.host) else { continue };
            for path in &rule.paths {
                if let Some(backend) = path.backend {
                    host.path(ingress, path, backend);
                }
            }
        }
    }
    for ingress in canaries {
        for rule in &ingress.rules {
            let Some(host) = hosts.get_mut(rule.host) else { continue };
            rule.paths.iter().for_each(|path| host.canary(ingress, path));
        }
    }
    hosts.values_mut().for_each(Host::finish);
    hosts
}

/// The hosts that an object names, and the backend of what no rule takes.
fn create<'a>(ingress: &'a Ingress<'a>, hosts: &mut BTreeMap<&'a str, Host<'a>>) {
    if let (Some(backend), [], Some(host)) =
        (ingress.default_backend, ingress.rules.as_slice(), hosts.get_mut(CATCH_ALL))
        && let Some(root) = host.locations.first_mut()
        && root.by_default
        && root.ingress.is_none()
    {
        let place = backend.place;
        *root = Location { by_default: false, rewrites: false, ..Location::root(Some(ingress), Some(backend), place) };
    }
    for rule in &ingress.rules {
        let root = || Location::root(Some(ingress), ingress.default_backend, ingress.place);
        let host = hosts.entry(rule.host).or_insert_with(|| Host::new(rule.host, rule.place, root()));
        host.certificate |= ingress.tls;
        if !host.ingresses.last().is_some_and(|last| std::ptr::eq(*last, ingress)) {
            host.ingresses.push(ingress);
        }
    }
}
