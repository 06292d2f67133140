//! How a change is written into a Caddyfile.
//!
//! ```text
//! plan ─ router ─▶ Site: the line that sends on, and the blocks around it ─ one file per kind of change ─▶ Draft ─▶ lines
//! ```

mod fields;
mod path;
mod site;
mod source;

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
    let mut site = match change {
        Change::Take(path) => path::app(gateway, origin, plan, path)?,
        _ => Site::of(gateway, origin, plan)?,
    };
    match change {
        Change::Path { prefix, to } => path::change(&mut site, prefix, to),
        Change::Take(path) => path::take(&mut site, path),
        Change::PassHost => fields::pass_host(&mut site),
        Change::SendScheme => fields::by_default(&mut site, &["X-Forwarded-Proto"]),
        Change::SendFor => fields::by_default(&mut site, &["X-Forwarded-For"]),
        Change::SendPrefix(prefix) => fields::send_prefix(&mut site, prefix),
        Change::TrustFront(address) => fields::trust_front(&mut site, address),
        Change::Upgrade => fields::by_default(&mut site, &["Upgrade", "Connection"]),
        Change::LeaveLocation => fields::leave_location(&mut site),
        Change::MendLocation(prefix) => fields::mend_location(&mut site, prefix),
        Change::RelativeRedirects => Err(CannotAmend::already()),
        Change::SlashAtMount(prefix) => path::slash_at_mount(&mut site, prefix),
        Change::CookiePath { from, to } => fields::cookie_path(&mut site, from, to),
        Change::TakeHost { .. } | Change::PassQuery => Err(unwritten(change)),
    }?;
    site.edits()
}

fn unwritten(change: &Change) -> CannotAmend {
    CannotAmend(format!("it is not known how to write {change} into a Caddyfile"))
}

/// A text that may stand in any word as it is.
///
/// # Errors
/// Caddy would read something else in it.
fn plain(text: &str) -> Result<&str, CannotAmend> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~@:+,=".contains(&byte);
    let unfit = || CannotAmend(format!("{text:?} cannot be written into a Caddyfile as it is"));
    text.bytes().all(is_plain).then_some(text).ok_or_else(unfit)
}

#[cfg(test)]
mod tests;
