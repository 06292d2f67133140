//! nginx: its configuration read, and what it does with a request.

use std::path::PathBuf;

use super::{ConfigError, Files, Gateway};
use crate::asgi::Release;

/// Reads a configuration.
///
/// # Errors
/// What nginx itself would refuse.
pub(super) fn read(_: &[PathBuf], _: &dyn Files, _: Option<Release>) -> Result<Gateway, ConfigError> {
    Err(ConfigError { place: None, what: "nginx is not read yet".to_owned() })
}

/// Ingress objects.
pub(super) mod ingress {
    use std::path::Path;

    /// True for a file that may hold one.
    pub(in crate::gateway) fn is_yaml(_: &Path) -> bool {
        false
    }

    /// True for a text that does.
    pub(in crate::gateway) fn is_for(_: &str) -> bool {
        false
    }
}
