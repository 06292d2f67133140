//! Which releases of a program or library are modelled, and what to say of the others.

use crate::asgi::Release;

/// The releases that are modelled: from the oldest to the newest; a newer one is taken to be like the newest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Modelled {
    /// Whose releases.
    pub(super) name: &'static str,
    pub(super) oldest: Release,
    pub(super) newest: Release,
}

impl Modelled {
    /// Why nothing is known of a release; `None` if it is modelled or newer.
    pub(super) fn too_old(&self, version: Release) -> Option<String> {
        let Self { name, oldest, newest } = self;
        (version < *oldest).then(|| format!("{name} {version} is not modelled; known: {oldest} to {newest}"))
    }

    /// What there is to say of a release that is newer than what was read; `None` if it is not.
    pub(super) fn too_new(&self, version: Release) -> Option<String> {
        let Self { name, newest, .. } = self;
        (version > *newest).then(|| format!("{name} {version} is newer than what is known; taken to be like {newest}"))
    }

    /// What there is to say of a release that is not modelled exactly.
    pub(super) fn note(&self, version: Release) -> Option<String> {
        self.too_old(version).or_else(|| self.too_new(version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_release() {
        let modelled = Modelled { name: "x", oldest: Release::new(1, 2, 0), newest: Release::new(2, 0, 1) };
        for (version, note) in [
            ("1.1.9", Some("x 1.1.9 is not modelled; known: 1.2.0 to 2.0.1")),
            ("1.2.0", None),
            ("2.0.1", None),
            ("2.0.2", Some("x 2.0.2 is newer than what is known; taken to be like 2.0.1")),
        ] {
            assert_eq!(modelled.note(version.parse().unwrap()).as_deref(), note, "{version}");
        }
    }
}
