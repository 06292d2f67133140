//! How a change is written into a configuration of Traefik.
//!
//! ```text
//! plan ─ router ─▶ Site: its middlewares and services ─ one file per kind of change ─▶ Home: file, labels ─▶ lines
//! ```

mod answer;
mod headers;
mod home;
mod path;
mod rule;
mod site;

use self::site::Site;
use crate::gateway::{CannotAmend, Change, Edit, Gateway, Origin, Plan};

/// The edits that make a change for requests like the one whose plan is given.
///
/// # Errors
/// [`CannotAmend`] with the reason.
pub(in crate::gateway) fn edits(
    gateway: &Gateway,
    origin: &Origin,
    change: &Change,
    plan: &Plan,
) -> Result<Vec<Edit>, CannotAmend> {
    let mut site = Site::of(gateway, origin, plan, change)?;
    match change {
        Change::Path { prefix, to } => path::change(&mut site, plain(prefix)?, plain(to)?),
        Change::Take(path) => rule::take(&mut site, plain(path)?),
        Change::PassHost => headers::pass_host(&mut site),
        Change::SendScheme => headers::leave_fields(&mut site, &["X-Forwarded-Proto"]),
        Change::SendFor => headers::send_for(&mut site),
        Change::SendPrefix(prefix) => headers::send_prefix(&mut site, plain(prefix)?),
        Change::TrustFront(address) => headers::trust_front(&mut site, plain(address)?),
        Change::Upgrade => headers::upgrade(&mut site),
        Change::LeaveLocation => answer::leave_location(&mut site),
        Change::MendLocation(prefix) => answer::mend_location(prefix),
        Change::RelativeRedirects => answer::relative_redirects(&mut site),
        Change::SlashAtMount(prefix) => answer::slash_at_mount(&mut site, plain(prefix)?),
        Change::CookiePath { .. } => answer::cookie_path(),
        Change::TakeHost { host, .. } => rule::take_host(&mut site, plain(host)?),
        // Its rewrites are of the path alone.
        Change::PassQuery => Err(already()),
    }?;
    site.edits()
}

/// Nothing is to be done.
fn already() -> CannotAmend {
    CannotAmend("already so".to_owned())
}

/// A text that may stand in any value as it is.
///
/// # Errors
/// Something else would be read in it.
fn plain(text: &str) -> Result<&str, CannotAmend> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~@:+,=%".contains(&byte);
    let unfit = || CannotAmend(format!("{text:?} cannot be written into Traefik's configuration as it is"));
    text.bytes().all(is_plain).then_some(text).ok_or_else(unfit)
}

#[cfg(test)]
mod tests;
