//! How a change is written into a configuration of Caddy.

use crate::gateway::{CannotAmend, Change, Edit, Gateway, Origin, Plan};

/// The edits that make a change for requests like the one whose plan is given.
///
/// # Errors
/// [`CannotAmend`] with the reason.
pub(in crate::gateway) fn edits(
    _gateway: &Gateway,
    _origin: &Origin,
    change: &Change,
    _plan: &Plan,
) -> Result<Vec<Edit>, CannotAmend> {
    Err(CannotAmend(format!("how to {change} is not known for Caddy")))
}
