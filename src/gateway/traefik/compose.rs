//! A compose file: its services, their labels, and the Traefik among them.

use std::path::{Path, PathBuf};

use super::interpolation::Variables;
use super::labels::Label;
use crate::asgi::Release;
use crate::gateway::document::{At, Entry, Node};
use crate::gateway::{Files, NotUnderstood, Place};

/// The newest patch of each minor line, for images that name only the line.
const LINES: [Release; 20] = [
    Release::new(2, 0, 7),
    Release::new(2, 1, 9),
    Release::new(2, 2, 11),
    Release::new(2, 3, 7),
    Release::new(2, 4, 14),
    Release::new(2, 5, 7),
    Release::new(2, 6, 7),
    Release::new(2, 7, 3),
    Release::new(2, 8, 8),
    Release::new(2, 9, 10),
    Release::new(2, 10, 7),
    Release::new(2, 11, 53),
    Release::new(3, 0, 4),
    Release::new(3, 1, 7),
    Release::new(3, 2, 5),
    Release::new(3, 3, 7),
    Release::new(3, 4, 5),
    Release::new(3, 5, 6),
    Release::new(3, 6, 24),
    super::source::NEWEST,
];

/// A service of a compose file, as a container of it would be.
#[derive(Debug)]
pub(super) struct Container {
    /// The service's name, by which other containers reach it.
    pub(super) service: String,
    /// `service_project`, or `service` where the project's name is not known.
    pub(super) name: String,
    /// `container_name`, or the name that compose gives.
    pub(super) full_name: String,
    pub(super) place: Place,
    pub(super) labels: Vec<Label>,
    /// Ports of the container that the file names, the lowest first.
    pub(super) ports: Vec<At<u16>>,
    /// What of the labels is not known.
    pub(super) unsure: Vec<NotUnderstood>,
    /// Labels that stand twice, of which only the last counts.
    pub(super) twice: Vec<At<String>>,
}

/// The Traefik of a compose file.
#[derive(Debug)]
pub(super) struct TraefikService {
    pub(super) place: Place,
    /// What its image says of the release.
    pub(super) release: Option<Release>,
    pub(super) arguments: Vec<At<String>>,
    pub(super) environment: Vec<Label>,
    /// Paths in the container, and what lies there: path of the host.
    pub(super) volumes: Vec<(String, PathBuf)>,
    pub(super) unsure: Vec<NotUnderstood>,
}

/// A compose file with its variables.
pub(super) struct Compose<'a, 'f> {
    root: &'a Node,
    folder: PathBuf,
    project: Option<String>,
    variables: Variables<'f>,
}

/// True if a document is a compose file: a map of services that have an image or are built.
pub(super) fn is_compose(root: &Node) -> bool {
    let marks = ["image", "build", "labels", "deploy", "extends"];
    let is_service = |entry: &Entry| entry.node.entries().iter().any(|entry| marks.contains(&entry.name.as_str()));
    root.get("services").is_some_and(|services| services.entries().iter().any(is_service))
}

/// True if a compose file has anything of Traefik.
pub(super) fn mentions_traefik(root: &Node) -> bool {
    let services = root.get("services").map(Node::entries).unwrap_or_default();
    services.iter().any(|service| {
        let image = service.node.get_text("image").is_some_and(is_image);
        let labelled = |labels: Option<&Node>| labels.is_some_and(has_our_label);
        image
            || labelled(service.node.get("labels"))
            || labelled(service.node.get("deploy").and_then(|d| d.get("labels")))
    })
}

/// True if a service says `traefik.enable`.
pub(super) fn enables(root: &Node) -> bool {
    let services = root.get("services").map(Node::entries).unwrap_or_default();
    let enable = |name: &str| name.to_ascii_lowercase().starts_with("traefik.enable");
    services.iter().filter_map(|service| service.node.get("labels")).any(|labels| {
        labels.entries().iter().any(|entry| enable(&entry.name))
            || labels.elements().iter().any(|one| one.text.as_deref().is_some_and(enable))
    })
}

fn has_our_label(labels: &Node) -> bool {
    let ours = |name: &str| name.get(..8).is_some_and(|begin| begin.eq_ignore_ascii_case("traefik."));
    labels.entries().iter().any(|entry| ours(&entry.name))
        || labels.elements().iter().any(|one| one.text.as_deref().is_some_and(ours))
}

impl<'a, 'f> Compose<'a, 'f> {
    /// The file at `path`, read as `root`.
    pub(super) fn new(path: &Path, root: &'a Node, files: &'f dyn Files) -> Self {
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let variables = Variables::of(&folder, files);
        let named = root.get("name").and_then(|name| name.text.clone().map(|text| At::new(text, &name.place)));
        let named = named.map(|name| variables.replaced(&name).0).or_else(|| variables.get("COMPOSE_PROJECT_NAME"));
        let beside = || folder.file_name().and_then(|name| name.to_str()).map(project_name);
        let project = named.or_else(beside).filter(|name| !name.is_empty());
        Self { root, folder, project, variables }
    }

    /// What of the whole file is not read.
    pub(super) fn unsure(&self) -> Vec<NotUnderstood> {
        let include = self.root.get("include").map(|node| {
            NotUnderstood::at(&node.place, "include: services of other files are not read; give the merged file")
        });
        include.into_iter().collect()
    }

    fn services(&self) -> &'a [Entry] {
        self.root.get("services").map(Node::entries).unwrap_or_default()
    }

    /// The services as containers; labels of `deploy` for a swarm, else those of the service.
    pub(super) fn containers(&self, swarm: bool) -> Vec<Container> {
        self.services().iter().map(|service| self.container(service, swarm)).collect()
    }

    fn container(&self, service: &Entry, swarm: bool) -> Container {
        let node = &service.node;
        let of = if swarm { node.get("deploy").and_then(|deploy| deploy.get("labels")) } else { node.get("labels") };
        let mut unsure = Vec::new();
        let mut twice = Vec::new();
        let labels = of.map(|labels| self.pairs(labels, &mut unsure, &mut twice)).unwrap_or_default();
        for (key, why) in [
            ("extends", "what it takes from another service is not read; give the merged file"),
            ("label_file", "labels of another file are not read"),
        ] {
            unsure.extend(node.get(key).map(|node| NotUnderstood::at(&node.place, format!("{key}: {why}"))));
        }
        let (name, full_name) = match &self.project {
            Some(project) => (format!("{}_{project}", service.name), format!("{project}-{}-1", service.name)),
            None => (service.name.clone(), service.name.clone()),
        };
        let full_name = node.get_text("container_name").map_or(full_name, str::to_owned);
        Container {
            service: service.name.clone(),
            name,
            full_name,
            place: service.place.clone(),
            labels,
            ports: ports(node),
            unsure,
            twice,
        }
    }

    /// `labels` or `environment`, as a list or a map. Of a name that stands twice in a list the last counts.
    fn pairs(&self, node: &Node, unsure: &mut Vec<NotUnderstood>, twice: &mut Vec<At<String>>) -> Vec<Label> {
        let mut pairs: Vec<Label> = Vec::new();
        let mut known = std::collections::HashMap::new();
        let listed = node.elements().iter().filter_map(|one| {
            let (text, unset) = self.variables.replaced(&At::new(one.text.clone()?, &one.place));
            let (name, value) = text.split_once('=').unwrap_or((&text, ""));
            Some((name.to_owned(), At::new(value.to_owned(), &one.place), unset))
        });
        let mapped = node.entries().iter().map(|entry| {
            let text = At::new(entry.node.text.clone().unwrap_or_default(), &entry.node.place);
            let (value, unset) = self.variables.replaced(&text);
            (entry.name.clone(), At::new(value, &entry.place), unset)
        });
        for (name, value, unset) in listed.chain(mapped) {
            if name.get(..8).is_some_and(|begin| begin.eq_ignore_ascii_case("traefik.")) {
                unsure.extend(unset);
            }
            let next = pairs.len();
            match known.insert(name.clone(), next) {
                Some(before) if pairs.get(before).is_some() => {
                    twice.push(At::new(name.clone(), &value.place));
                    known.insert(name, before);
                    if let Some(pair) = pairs.get_mut(before) {
                        pair.value = value;
                    }
                }
                _ => pairs.push(Label { name, value }),
            }
        }
        pairs
    }

    /// The service that is a Traefik.
    pub(super) fn traefik(&self) -> Option<TraefikService> {
        let service = self.services().iter().find(|service| self.is_traefik(service))?;
        let image = service.node.get_text("image").unwrap_or_default();
        let image = self.variables.replaced(&At::new(image.to_owned(), &service.place)).0;
        let mut unsure = Vec::new();
        let mut arguments = Vec::new();
        for node in ["entrypoint", "command"].iter().filter_map(|name| service.node.get(name)) {
            for argument in words(node) {
                let (value, unset) = self.variables.replaced(&argument);
                unsure.extend(unset);
                arguments.push(At { value, place: argument.place });
            }
        }
        let environment = service.node.get("environment");
        Some(TraefikService {
            place: service.place.clone(),
            release: image_release(&image),
            arguments,
            environment: environment.map(|node| self.pairs(node, &mut unsure, &mut Vec::new())).unwrap_or_default(),
            volumes: self.volumes(&service.node),
            unsure,
        })
    }

    fn is_traefik(&self, service: &Entry) -> bool {
        let image = service.node.get_text("image").unwrap_or_default();
        let image = self.variables.replaced(&At::new(image.to_owned(), &service.place)).0;
        let starts = |argument: &At<String>| {
            let flag = argument.value.trim_start_matches('-').to_ascii_lowercase();
            argument.value.starts_with("--") && (flag.starts_with("providers.") || flag.starts_with("entrypoints."))
        };
        is_image(&image) || service.node.get("command").is_some_and(|command| words(command).iter().any(starts))
    }

    /// Files and folders of the host in a container: `./traefik.yml:/etc/traefik/traefik.yml:ro`, or the long form.
    fn volumes(&self, service: &Node) -> Vec<(String, PathBuf)> {
        let of = |volume: &Node| {
            let (source, target) = match &volume.text {
                Some(text) => {
                    let (text, _) = self.variables.replaced(&At::new(text.clone(), &volume.place));
                    let mut parts = text.split(':');
                    (parts.next()?.to_owned(), parts.next()?.to_owned())
                }
                None => (volume.get_text("source")?.to_owned(), volume.get_text("target")?.to_owned()),
            };
            // A name alone is a volume of the engine, with nothing in it that is known.
            source.starts_with(['.', '/', '~']).then(|| (target, self.folder.join(source)))
        };
        service.get("volumes").map(Node::elements).unwrap_or_default().iter().filter_map(of).collect()
    }
}

/// True for an image of Traefik: `traefik:v3.1`, `docker.io/library/traefik`.
fn is_image(image: &str) -> bool {
    named_and_tagged(image).0 == "traefik"
}

/// The name of an image without where it is from, and its tag.
fn named_and_tagged(image: &str) -> (&str, &str) {
    let image = image.split('@').next().unwrap_or(image);
    let last = image.rsplit('/').next().unwrap_or(image);
    last.split_once(':').unwrap_or((last, ""))
}

/// The release that an image's tag says: `v3.1` is the newest of its line.
fn image_release(image: &str) -> Option<Release> {
    let (_, tag) = named_and_tagged(image);
    let number = tag.trim_start_matches('v').split('-').next().unwrap_or_default();
    let parts: Vec<u16> = number.split('.').map_while(|part| part.parse().ok()).collect();
    let newest = |of: &dyn Fn(&Release) -> bool| LINES.iter().rev().find(|line| of(line)).copied();
    match parts.as_slice() {
        [major] => newest(&|line| line.major == *major),
        [major, minor] => newest(&|line| (line.major, line.minor) == (*major, *minor)),
        [major, minor, patch] => Some(Release::new(*major, *minor, *patch)),
        _ => None,
    }
}

/// A command as a list of arguments, or as one text that is split as a shell does.
fn words(node: &Node) -> Vec<At<String>> {
    let Some(text) = &node.text else {
        let text = |one: &Node| Some(At::new(one.text.clone()?, &one.place));
        return node.elements().iter().filter_map(text).collect();
    };
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words.into_iter().map(|word| At::new(word, &node.place)).collect()
}

/// Ports of `expose` and `ports`, those of the container, for TCP.
fn ports(service: &Node) -> Vec<At<u16>> {
    let exposed = service.get("expose").map(Node::elements).unwrap_or_default();
    let published = service.get("ports").map(Node::elements).unwrap_or_default();
    let port = |node: &Node| {
        let text = node.text.as_deref().or_else(|| node.get_text("target"))?;
        let text = text.split('/').next().unwrap_or(text);
        let port = text.rsplit(':').next()?.split('-').next()?.parse().ok()?;
        Some(At::new(port, &node.place))
    };
    let mut ports: Vec<At<u16>> = exposed.iter().chain(published).filter_map(port).collect();
    ports.sort_by_key(|port| port.value);
    ports
}

/// A project's name of a folder's: small letters, digits, `-` and `_`, and no `-` or `_` first.
///
/// `NormalizeProjectName` of `compose-spec/compose-go`.
fn project_name(folder: &str) -> String {
    let kept = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    let name: String = folder.to_lowercase().chars().filter(kept).collect();
    name.trim_start_matches(['-', '_']).to_owned()
}
