//! The variables of a configuration: which there are, and which of nginx's own can be known.
//!
//! Names are compared in lower case. nginx has some by itself, some by families (`http_`, `arg_`, `cookie_`), and those
//! that `set`, `map`, named groups and the like make. A value that only the running program knows is no empty value: it
//! makes unknown what depends on it.

use std::collections::HashMap;

use super::read_variable::{self, Read};
use crate::gateway::Place;

/// Which variable: index into the list of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct VariableId(usize);

impl VariableId {
    /// The index.
    pub(super) fn index(self) -> usize {
        self.0
    }
}

/// Where a variable's value comes from.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// `set`, a named group, `auth_request_set`: empty until something is put in.
    Stored,
    /// The request.
    Read(Read),
    /// `map`: index into the list of maps.
    Map(usize),
    /// It cannot be known: why.
    Unknown(String),
}

/// A variable.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    /// Its name, without the dollar.
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Where it is made; `None` for nginx's own.
    pub(super) place: Option<Place>,
}

/// All variables that a configuration names.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables {
    ids: HashMap<String, VariableId>,
    all: Vec<Definition>,
    /// Those that are named and neither nginx's own nor made so far.
    undefined: Vec<VariableId>,
}

impl Variables {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// A variable that is used here: nginx's own, or one that is made here or further on.
    pub(super) fn used(&mut self, name: &[u8]) -> VariableId {
        let written = String::from_utf8_lossy(name);
        let name = written.to_ascii_lowercase();
        if let Some(&id) = self.ids.get(&name) {
            return id;
        }
        let known = read_variable::kind(&name);
        let undefined = known.is_none();
        // The name as it is written may be one of the environment.
        let kind = known.unwrap_or_else(|| Kind::Unknown("neither nginx nor this configuration has it".to_owned()));
        let id = self.add(name, kind, None);
        if undefined {
            if let Some(definition) = self.all.get_mut(id.0) {
                definition.name = written.into_owned();
            }
            self.undefined.push(id);
        }
        id
    }

    /// Makes a variable.
    ///
    /// # Errors
    /// It is one that nginx has by itself and that cannot be changed.
    pub(super) fn define(&mut self, name: &[u8], kind: Kind, place: &Place) -> Result<VariableId, String> {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        if read_variable::is_fixed(&name) {
            return Err(format!("the duplicate \"{name}\" variable: nginx has it by itself"));
        }
        let Some(&id) = self.ids.get(&name) else { return Ok(self.add(name, kind, Some(place.clone()))) };
        self.undefined.retain(|undefined| *undefined != id);
        if let Some(definition) = self.all.get_mut(id.0) {
            // What `set` puts into the variable of a `map` stands before the map, which stays for where nothing is set.
            let mapped = matches!((&definition.kind, &kind), (Kind::Map(_), Kind::Stored));
            if !mapped {
                *definition = Definition { name, kind, place: Some(place.clone()) };
            }
        }
        Ok(id)
    }

    fn add(&mut self, name: String, kind: Kind, place: Option<Place>) -> VariableId {
        let id = VariableId(self.all.len());
        self.ids.insert(name.clone(), id);
        self.all.push(Definition { name, kind, place });
        id
    }

    /// A variable's definition.
    pub(super) fn definition(&self, id: VariableId) -> &Definition {
        // Every id comes from here.
        static NONE: std::sync::OnceLock<Definition> = std::sync::OnceLock::new();
        self.all.get(id.0).unwrap_or_else(|| {
            NONE.get_or_init(|| Definition {
                name: String::new(),
                kind: Kind::Unknown("there is no such variable".to_owned()),
                place: None,
            })
        })
    }

    /// Those that nothing makes.
    pub(super) fn undefined(&self) -> &[VariableId] {
        &self.undefined
    }
}
