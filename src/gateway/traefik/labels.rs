//! Names with dots as a tree: labels of containers, arguments, variables of the environment.
//!
//! `parser/labels_decode.go`, `flag/flagparser.go` and `env/env.go` of `traefik/paerser` 0.2.

use std::collections::HashMap;

use super::fields::Fault;
use crate::gateway::Place;
use crate::gateway::document::{At, DEEPEST, Entry, Items, Node};

/// The first part of every name.
const ROOT: &str = "traefik";

/// A name with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) name: String,
    pub(super) value: At<String>,
}

/// The tree of labels whose names begin with one of `prefixes`, case ignored.
///
/// # Errors
/// The name that Traefik refuses, and with it all of them.
pub(super) fn tree(labels: &[Label], prefixes: &[&str], place: &Place) -> Result<Node, Fault> {
    let begins =
        |name: &str, prefix: &&str| name.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix));
    let mut chosen: Vec<&Label> =
        labels.iter().filter(|label| prefixes.iter().any(|prefix| begins(&label.name, prefix))).collect();
    chosen.sort_by(|one, other| one.name.cmp(&other.name));
    let mut forest = Forest::new(place);
    for label in chosen {
        let parts = parts(&label.name)
            .map_err(|why| Fault { place: label.value.place.clone(), what: format!("{}: {why}", label.name) })?;
        forest.add(&parts, &label.value);
    }
    Ok(forest.into_tree())
}

/// The parts of a name behind the first: `domains[0].main` is `domains`, `[0]`, `main`.
fn parts(name: &str) -> Result<Vec<&str>, String> {
    let mut split = name.split('.');
    match split.next() {
        Some(ROOT) => {}
        other => return Err(format!("it must begin with {ROOT}, not {}", other.unwrap_or_default())),
    }
    let mut parts = Vec::new();
    for part in split {
        match part.find('[') {
            _ if part.is_empty() => return Err("there is nothing between two dots".to_owned()),
            Some(0) => return Err(format!("{part} begins with a bracket")),
            Some(at) if part.ends_with(']') => {
                let (before, index) = part.split_at_checked(at).unwrap_or((part, ""));
                parts.extend([before, index]);
            }
            None if part.ends_with(']') => return Err(format!("{part} has no opening bracket")),
            _ => parts.push(part),
        }
    }
    if parts.len() >= DEEPEST { Err(format!("it has more than {DEEPEST} parts")) } else { Ok(parts) }
}

/// Nodes that know their children by number.
struct Forest {
    nodes: Vec<Grown>,
    /// The child of a node by its name in small letters.
    children: HashMap<(usize, String), usize>,
}

struct Grown {
    name: String,
    place: Place,
    text: Option<At<String>>,
    children: Vec<usize>,
}

impl Forest {
    fn new(place: &Place) -> Self {
        let root = Grown { name: ROOT.to_owned(), place: place.clone(), text: None, children: Vec::new() };
        Self { nodes: vec![root], children: HashMap::new() }
    }

    fn add(&mut self, parts: &[&str], value: &At<String>) {
        let mut at = 0;
        for part in parts {
            let next = self.nodes.len();
            let child = *self.children.entry((at, part.to_lowercase())).or_insert(next);
            if child == next {
                let (name, place) = ((*part).to_owned(), value.place.clone());
                self.nodes.push(Grown { name, place, text: None, children: Vec::new() });
                if let Some(parent) = self.nodes.get_mut(at) {
                    parent.children.push(child);
                }
            }
            at = child;
            // What lies over several labels begins at the first of them.
            if let Some(node) = self.nodes.get_mut(at) {
                node.place.line = node.place.line.min(value.place.line);
            }
        }
        if let Some(node) = self.nodes.get_mut(at) {
            node.text = Some(value.clone());
        }
    }

    /// Children have greater numbers than their parents: from the last to the first, each finds its own complete.
    fn into_tree(self) -> Node {
        let mut done: HashMap<usize, Entry> = HashMap::new();
        for (number, grown) in self.nodes.into_iter().enumerate().rev() {
            let entries: Vec<Entry> = grown.children.iter().filter_map(|child| done.remove(child)).collect();
            let place = grown.text.as_ref().map_or(&grown.place, |text| &text.place).clone();
            let is_text = entries.is_empty() && grown.text.is_some();
            let items = if is_text { Items::None } else { Items::Map(entries) };
            let node = Node { place, text: grown.text.map(|text| text.value), items };
            done.insert(number, Entry { name: grown.name, place: grown.place, node });
        }
        done.remove(&0).map_or_else(|| Node::map(&Place::new(std::path::Path::new(""), 0)), |root| root.node)
    }
}

/// Arguments as labels: `--entrypoints.web.address=:80`, `--api`, `-log.level DEBUG`. A flag that is given twice is a list.
///
/// Whether a flag without `=` takes the next argument depends on its type; here it does if that is no flag.
pub(super) fn arguments(arguments: &[At<String>]) -> Vec<Label> {
    let mut labels: Vec<Label> = Vec::new();
    let mut rest = arguments.iter().peekable();
    while let Some(argument) = rest.next() {
        let Some(flag) = argument.value.strip_prefix("--").or_else(|| argument.value.strip_prefix('-')) else {
            continue;
        };
        let (name, value) = match flag.split_once('=') {
            Some((name, value)) => (name, value.to_owned()),
            None => match rest.next_if(|next| !next.value.starts_with('-')) {
                Some(value) => (flag, value.value.clone()),
                None => (flag, "true".to_owned()),
            },
        };
        let name = format!("{ROOT}.{name}");
        let value = At::new(value, &argument.place);
        match labels.iter_mut().find(|label| label.name.eq_ignore_ascii_case(&name)) {
            Some(known) if is_list(&name) => {
                known.value.value.push(',');
                known.value.value.push_str(&value.value);
            }
            Some(known) => known.value = value,
            None => labels.push(Label { name, value }),
        }
    }
    labels
}

/// True for the flags that are lists, of those that are read.
fn is_list(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["trustedips", "middlewares", "connection", "precedence"].iter().any(|end| name.ends_with(&format!(".{end}")))
}

/// Variables of the environment as labels: `TRAEFIK_ENTRYPOINTS_WEB_ADDRESS`.
pub(super) fn variables(variables: &[Label]) -> Vec<Label> {
    let ours = |label: &&Label| label.name.to_ascii_uppercase().starts_with("TRAEFIK_");
    let label = |label: &Label| Label { name: label.name.to_lowercase().replace('_', "."), value: label.value.clone() };
    variables.iter().filter(ours).map(label).collect()
}
