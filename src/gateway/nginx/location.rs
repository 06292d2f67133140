//! Which location takes a URI.
//!
//! The prefixes of a level stand in the tree that nginx builds of them, node by node, so that a choice costs the same
//! there and here, and comes out the same in every corner.
//!
//! Source: `ngx_http_init_static_location_trees` (`ngx_http.c`), `ngx_http_core_find_location`,
//! `ngx_http_core_find_static_location` (`ngx_http_core_module.c`), 1.22.1.

use std::cmp::Ordering;

use super::config::LocationId;

/// A static location: its whole name, and what it is.
#[derive(Clone, Debug)]
pub(super) struct Static {
    pub(super) name: Vec<u8>,
    pub(super) exact: bool,
    /// `/x` is redirected to it, it being `/x/`.
    pub(super) auto_redirect: bool,
    pub(super) id: LocationId,
}

/// A node: the part of the name that its parents have not.
#[derive(Clone, Debug)]
struct Node {
    name: Vec<u8>,
    exact: Option<LocationId>,
    inclusive: Option<LocationId>,
    auto_redirect: bool,
    left: Option<usize>,
    right: Option<usize>,
    /// Names that begin with this one.
    tree: Option<usize>,
}

/// The static locations of a level.
#[derive(Clone, Debug, Default)]
pub(super) struct StaticTree {
    nodes: Vec<Node>,
    root: Option<usize>,
}

/// What looking for a location came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sought {
    /// None takes it.
    None,
    /// An exact one does.
    Exact(LocationId),
    /// A prefix does; another one inside it, or an expression, may go before it.
    Prefix(LocationId),
    /// With a slash at its end it would be taken: it is redirected there.
    Redirect(LocationId),
}

/// Names of a level, sorted, exact and inclusive ones joined.
#[derive(Debug)]
struct Joined {
    name: Vec<u8>,
    exact: Option<LocationId>,
    inclusive: Option<LocationId>,
    auto_redirect: bool,
}

impl StaticTree {
    /// Builds the tree.
    ///
    /// # Errors
    /// Two of the same name: the second.
    pub(super) fn build(mut locations: Vec<Static>) -> Result<Self, LocationId> {
        locations.sort_by(|a, b| a.name.cmp(&b.name).then(b.exact.cmp(&a.exact)));
        let mut joined: Vec<Joined> = Vec::with_capacity(locations.len());
        for location in locations {
            let new = match joined.last_mut() {
                Some(last) if last.name == location.name => last,
                _ => {
                    joined.push(Joined { name: location.name, exact: None, inclusive: None, auto_redirect: false });
                    let Some(last) = joined.last_mut() else { continue };
                    last
                }
            };
            let slot = if location.exact { &mut new.exact } else { &mut new.inclusive };
            if let Some(first) = slot.replace(location.id) {
                return Err(LocationId(first.0.max(location.id.0)));
            }
            new.auto_redirect |= location.auto_redirect;
        }
        let mut tree = Self { nodes: Vec::with_capacity(joined.len()), root: None };
        tree.root = tree.level(&joined);
        Ok(tree)
    }

    /// Makes a tree of sorted names. What it makes it puts on a stack of its own: names may nest as deep as they are long.
    fn level(&mut self, joined: &[Joined]) -> Option<usize> {
        /// Where the index of a node goes.
        enum Slot {
            Root,
            Left(usize),
            Right(usize),
            Tree(usize),
        }
        let mut root = None;
        // A run of siblings, as the indices of their names; how much of the names the parents have; where the node goes.
        let mut work = vec![(siblings(joined, 0, joined.len()), 0, Slot::Root)];
        while let Some((run, prefix, slot)) = work.pop() {
            let Some(&(start, end)) = run.get(run.len() / 2) else { continue };
            let Some(middle) = joined.get(start) else { continue };
            let index = self.nodes.len();
            self.nodes.push(Node {
                name: middle.name.get(prefix..).unwrap_or_default().to_vec(),
                exact: middle.exact,
                inclusive: middle.inclusive,
                auto_redirect: middle.auto_redirect,
                left: None,
                right: None,
                tree: None,
            });
            let parent = |slots: &mut Self, at: usize, set: fn(&mut Node, usize)| {
                if let Some(node) = slots.nodes.get_mut(at) {
                    set(node, index);
                }
            };
            match slot {
                Slot::Root => root = Some(index),
                Slot::Left(at) => parent(self, at, |node, index| node.left = Some(index)),
                Slot::Right(at) => parent(self, at, |node, index| node.right = Some(index)),
                Slot::Tree(at) => parent(self, at, |node, index| node.tree = Some(index)),
            }
            let half = run.len() / 2;
            work.push((run.get(..half).unwrap_or_default().to_vec(), prefix, Slot::Left(index)));
            work.push((run.get(half + 1..).unwrap_or_default().to_vec(), prefix, Slot::Right(index)));
            if end > start + 1 {
                work.push((siblings(joined, start + 1, end), middle.name.len(), Slot::Tree(index)));
            }
        }
        root
    }

    /// True if there is no location.
    pub(super) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Looks for a URI.
    pub(super) fn find(&self, uri: &[u8]) -> Sought {
        let mut found = Sought::None;
        let mut rest = uri;
        let mut next = self.root;
        while let Some(node) = next.and_then(|index| self.nodes.get(index)) {
            let length = rest.len().min(node.name.len());
            let (ours, name) = (rest.get(..length).unwrap_or_default(), node.name.get(..length).unwrap_or_default());
            next = match (ours.cmp(name), rest.len().cmp(&node.name.len())) {
                (Ordering::Less, _) => node.left,
                (Ordering::Greater, _) => node.right,
                (Ordering::Equal, Ordering::Greater) => match node.inclusive {
                    Some(id) => {
                        found = Sought::Prefix(id);
                        rest = rest.get(length..).unwrap_or_default();
                        node.tree
                    }
                    None => node.right,
                },
                (Ordering::Equal, Ordering::Equal) => {
                    return match (node.exact, node.inclusive) {
                        (Some(id), _) => Sought::Exact(id),
                        (None, Some(id)) => Sought::Prefix(id),
                        (None, None) => found,
                    };
                }
                (Ordering::Equal, Ordering::Less) => {
                    if rest.len() + 1 == node.name.len()
                        && node.auto_redirect
                        && let Some(id) = node.exact.or(node.inclusive)
                    {
                        found = Sought::Redirect(id);
                    }
                    node.left
                }
            };
        }
        found
    }
}

/// The names in a range that no inclusive one before them begins, each with the end of those that it begins.
fn siblings(joined: &[Joined], start: usize, end: usize) -> Vec<(usize, usize)> {
    let mut run = Vec::new();
    let mut at = start;
    while let Some(first) = joined.get(at).filter(|_| at < end) {
        let inside = |other: &Joined| first.inclusive.is_some() && other.name.starts_with(&first.name);
        let rest = joined.get(at + 1..end).unwrap_or_default();
        // The names are sorted, so those that begin with this one follow it.
        let count = rest.partition_point(inside);
        run.push((at, at + 1 + count));
        at += 1 + count;
    }
    run
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tree(names: &[(&str, bool, bool)]) -> StaticTree {
        let of = |(index, &(name, exact, auto_redirect)): (usize, &(&str, bool, bool))| Static {
            name: name.as_bytes().to_vec(),
            exact,
            auto_redirect,
            id: LocationId(index),
        };
        StaticTree::build(names.iter().enumerate().map(of).collect()).unwrap()
    }

    #[test]
    fn the_longest_prefix_and_the_exact_one() {
        let tree = tree(&[
            ("/", false, false),
            ("/", true, false),
            ("/api", false, false),
            ("/api/v1", false, false),
            ("/health", true, false),
            ("/slash/", false, true),
            ("/images/", false, false),
        ]);
        for (uri, want) in [
            ("/", Sought::Exact(LocationId(1))),
            ("/x", Sought::Prefix(LocationId(0))),
            ("/apix", Sought::Prefix(LocationId(2))),
            ("/api/v2", Sought::Prefix(LocationId(2))),
            ("/api/v1x", Sought::Prefix(LocationId(3))),
            ("/health", Sought::Exact(LocationId(4))),
            ("/health/", Sought::Prefix(LocationId(0))),
            ("/slash", Sought::Redirect(LocationId(5))),
            ("/slash/x", Sought::Prefix(LocationId(5))),
            ("/images", Sought::Prefix(LocationId(0))),
            ("", Sought::None),
        ] {
            assert_eq!(tree.find(uri.as_bytes()), want, "{uri}");
        }
    }

    #[test]
    fn a_name_twice_is_refused() {
        let twice = |exact| {
            let of = |id| Static { name: b"/a".to_vec(), exact, auto_redirect: false, id: LocationId(id) };
            StaticTree::build(vec![of(0), of(1)])
        };
        assert_eq!(twice(true).err(), Some(LocationId(1)));
        assert_eq!(twice(false).err(), Some(LocationId(1)));
    }

    proptest! {
        #[test]
        fn the_tree_finds_the_longest_prefix(
            names in prop::collection::btree_set("/[ab/]{0,4}", 0..12),
            uri in "/[ab/]{0,6}",
        ) {
            let names: Vec<String> = names.into_iter().collect();
            let listed: Vec<(&str, bool, bool)> = names.iter().map(|name| (name.as_str(), false, false)).collect();
            let longest = (0..names.len()).filter(|&index| uri.starts_with(&names[index])).max_by_key(|&index| names[index].len());
            let want = longest.map_or(Sought::None, |index| Sought::Prefix(LocationId(index)));
            prop_assert_eq!(tree(&listed).find(uri.as_bytes()), want);
        }
    }
}
