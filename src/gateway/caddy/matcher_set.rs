//! The matchers of a route, by the names of their modules.
//!
//! A configuration has as many sets as routes, and almost all hold one or two matchers: they are kept in a list that is no
//! longer than it has to be.

use std::sync::Arc;

use super::route::Matcher;

/// Conditions that must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct MatcherSet {
    /// In the order of the names, which differ.
    matchers: Vec<(&'static str, Matcher)>,
}

impl MatcherSet {
    /// The set of one matcher.
    pub(super) fn of(module: &'static str, matcher: Matcher) -> Self {
        Self { matchers: vec![(module, matcher)] }
    }

    /// The set of one path.
    pub(super) fn path(path: &str) -> Self {
        Self::of("path", Matcher::Path(vec![path.into()]))
    }

    /// Adds a matcher; it takes the place of one of the same module.
    pub(super) fn insert(&mut self, module: &'static str, matcher: Matcher) {
        match self.matchers.binary_search_by_key(&module, |(name, _)| name) {
            Ok(at) => {
                if let Some((_, known)) = self.matchers.get_mut(at) {
                    *known = matcher;
                }
            }
            Err(at) => self.matchers.insert(at, (module, matcher)),
        }
    }

    /// The matcher of a module.
    pub(super) fn get(&self, module: &str) -> Option<&Matcher> {
        self.iter().find(|(name, _)| *name == module).map(|(_, matcher)| matcher)
    }

    /// The matchers in the order in which they are asked.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &Matcher)> {
        self.matchers.iter().map(|(name, matcher)| (*name, matcher))
    }

    /// True if it holds for every request.
    pub(super) fn is_empty(&self) -> bool {
        self.matchers.is_empty()
    }

    /// The paths of the `path` matcher.
    pub(super) fn paths(&self) -> &[Arc<str>] {
        match self.get("path") {
            Some(Matcher::Path(paths)) => paths,
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_asked_in_the_order_of_their_names() {
        let mut set = MatcherSet::path("/a");
        set.insert("tls", Matcher::Tls);
        set.insert("host", Matcher::Host(vec!["a.example".into()]));
        set.insert("path", Matcher::Path(vec!["/b".into()]));
        assert_eq!(set.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["host", "path", "tls"]);
        assert_eq!(set.paths(), [Arc::from("/b")]);
    }
}
