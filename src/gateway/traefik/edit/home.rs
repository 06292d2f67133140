//! Where a part of the dynamic configuration is written: a file of the file provider, the labels of a container.

use std::sync::Arc;

use crate::gateway::document::writing::{Document, Value, Writing, Written};
use crate::gateway::traefik::dynamic::Provider;
use crate::gateway::{CannotAmend, Place};

/// A place for routers, services and middlewares.
#[derive(Clone, Debug)]
pub(super) enum Home {
    /// A file: below `http`.
    File(Document),
    /// The labels of a service of a compose file.
    Labels(Labels),
}

/// Labels, or arguments: a list of `name=value`, or a map.
#[derive(Clone, Debug)]
pub(super) struct Labels {
    document: Document,
    /// The way to them.
    path: Vec<String>,
    /// What every name begins with.
    start: &'static str,
}

impl Home {
    /// Where something stands.
    ///
    /// # Errors
    /// It is an object of Kubernetes, or Traefik's own.
    pub(super) fn of(provider: Provider, place: &Place, writing: &Writing) -> Result<Self, CannotAmend> {
        let document = Document::of(&place.file);
        match provider {
            Provider::File => Ok(Self::File(document)),
            Provider::Docker => Labels::around(place, &["labels"], writing).map(Self::Labels),
            Provider::Swarm => Labels::around(place, &["deploy", "labels"], writing).map(Self::Labels),
            Provider::Kubernetes => {
                let why = format!("{place}: objects of Kubernetes are changed with a Middleware of their own");
                Err(CannotAmend(why))
            }
            Provider::Internal => Err(CannotAmend("it is Traefik's own".to_owned())),
        }
    }

    /// Sets what lies at a path: `routers`, a name, a key.
    ///
    /// # Errors
    /// It cannot be changed line by line.
    pub(super) fn set(&self, writing: &mut Writing, path: &[&str], value: Value) -> Result<(), CannotAmend> {
        match self {
            Self::File(document) => writing.put(document, &below_http(path), value),
            Self::Labels(labels) => {
                let mut all = Vec::new();
                flat(&below_http(path).into_iter().map(str::to_owned).collect::<Vec<_>>(), value, &mut all);
                for (path, value) in all {
                    let path: Vec<&str> = path.iter().map(String::as_str).collect();
                    labels.set(writing, &path, &value)?;
                }
                Ok(())
            }
        }
    }

    /// Takes away what lies at a path.
    ///
    /// # Errors
    /// As [`Home::set`].
    pub(super) fn remove(&self, writing: &mut Writing, path: &[&str]) -> Result<(), CannotAmend> {
        match self {
            Self::File(document) => writing.remove(document, &below_http(path)),
            Self::Labels(labels) => labels.remove(writing, &below_http(path)),
        }
    }

    /// A replacement with groups, as it has to be written: compose reads `$` itself.
    pub(super) fn groups(&self, text: &str) -> String {
        match self {
            Self::File(_) => text.to_owned(),
            Self::Labels(_) => text.replace('$', "$$"),
        }
    }
}

fn below_http<'p>(path: &[&'p str]) -> Vec<&'p str> {
    ["http"].iter().chain(path).copied().collect()
}

/// A value as labels: each with its way.
fn flat(path: &[String], value: Value, all: &mut Vec<(Vec<String>, String)>) {
    let text = match value {
        Value::Text(text) => text,
        Value::Flag(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::List(list) => list.join(","),
        Value::Map(entries) => {
            for (name, value) in entries {
                flat(&[path, &[name]].concat(), value, all);
            }
            return;
        }
    };
    all.push((path.to_vec(), text));
}

impl Labels {
    /// The labels of the service that a line lies in.
    fn around(place: &Place, below: &[&str], writing: &Writing) -> Result<Self, CannotAmend> {
        let service = service(place, writing)?;
        let path = ["services", &service].iter().chain(below).map(|&name| name.to_owned()).collect();
        Ok(Self { document: Document::of(&place.file), path, start: "traefik." })
    }

    /// The arguments of the service that a line lies in.
    pub(super) fn arguments(place: &Place, writing: &Writing) -> Result<Self, CannotAmend> {
        let service = service(place, writing)?;
        let path = ["services", &service, "command"].map(str::to_owned).to_vec();
        Ok(Self { document: Document::of(&place.file), path, start: "--" })
    }

    /// The label of a name: its way from the root, the text before it, and its value.
    fn find(&self, writing: &Writing, name: &str) -> Result<Option<(Vec<String>, String)>, CannotAmend> {
        let root = writing.read(&self.document)?;
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let Some(labels) = root.find(&path) else { return Ok(None) };
        let way = |last: String| self.path.iter().cloned().chain([last]).collect();
        let mut listed = labels.items().iter().enumerate().rev();
        let in_list = listed.find_map(|(index, item)| {
            let (written, _) = item.text()?.split_once('=')?;
            written.eq_ignore_ascii_case(name).then(|| (way(index.to_string()), format!("{written}=")))
        });
        let in_map = || labels.entries().iter().find(|entry| entry.name.eq_ignore_ascii_case(name));
        Ok(in_list.or_else(|| in_map().map(|entry| (way(entry.name.clone()), String::new()))))
    }

    /// Sets a label.
    ///
    /// # Errors
    /// It is not written in lines.
    pub(super) fn set(&self, writing: &mut Writing, path: &[&str], value: &str) -> Result<(), CannotAmend> {
        let name = format!("{}{}", self.start, path.join("."));
        let known = self.find(writing, &name)?;
        let own: Vec<&str> = self.path.iter().map(String::as_str).collect();
        if let Some((way, before)) = known {
            let way: Vec<&str> = way.iter().map(String::as_str).collect();
            return writing.put(&self.document, &way, Value::Text(format!("{before}{value}")));
        }
        let name = if self.start == "--" { name } else { lower(&name, path) };
        let labels = writing.read(&self.document)?;
        let labels = labels.find(&own);
        if labels.is_some_and(|labels| labels.entries().is_empty() && !labels.items().is_empty()) {
            let mut list = labels.map(Written::texts).unwrap_or_default();
            list.insert(self.position(&list, &name), format!("{name}={value}"));
            return writing.put(&self.document, &own, Value::List(list));
        }
        if labels.is_some_and(|labels| !labels.entries().is_empty()) {
            let way: Vec<&str> = own.iter().copied().chain([name.as_str()]).collect();
            return writing.put(&self.document, &way, Value::Text(value.to_owned()));
        }
        writing.put(&self.document, &own, Value::List(vec![format!("{name}={value}")]))
    }

    /// Where a new label goes in a list: behind the last of those that are most alike, else at the end.
    fn position(&self, list: &[String], name: &str) -> usize {
        let mut group = name;
        while let Some((before, _)) = group.rsplit_once('.').filter(|(before, _)| before.len() > self.start.len()) {
            group = before;
            let like = |label: &String| label.get(..group.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(group));
            if let Some(last) = list.iter().rposition(like) {
                return last + 1;
            }
        }
        list.len()
    }

    fn remove(&self, writing: &mut Writing, path: &[&str]) -> Result<(), CannotAmend> {
        let name = format!("{}{}", self.start, path.join("."));
        let (way, _) = self.find(writing, &name)?.ok_or_else(|| CannotAmend(format!("{name} is not found again")))?;
        let way: Vec<&str> = way.iter().map(String::as_str).collect();
        writing.remove(&self.document, &way)
    }
}

/// A label's name in small letters as is usual, but for the names of routers and middlewares.
fn lower(name: &str, path: &[&str]) -> String {
    let start = name.len() - path.join(".").len();
    let parts = path.iter().enumerate().map(|(index, part)| {
        // http, routers, NAME, key; and fields of requests keep their names.
        let is_name = index == 2 || path.get(index.wrapping_sub(1)).is_some_and(|before| before.starts_with("custom"));
        if is_name { (*part).to_owned() } else { part.to_ascii_lowercase() }
    });
    format!("{}{}", name.get(..start).unwrap_or_default(), parts.collect::<Vec<_>>().join("."))
}

/// The service of a compose file that a line lies in.
fn service(place: &Place, writing: &Writing) -> Result<String, CannotAmend> {
    let root = writing.read(&Document::of(&Arc::clone(&place.file)))?;
    let at = writing.line(&place.file, place.line);
    let services = root.find(&["services"]).map(Written::entries).unwrap_or_default();
    let next = writing.line(&place.file, place.line.saturating_add(1));
    let found = services.iter().rfind(|service| service.key.start < next);
    let found = found.filter(|service| service.value.span.end >= at);
    found.map(|service| service.name.clone()).ok_or_else(|| CannotAmend(format!("{place} is in no service")))
}
