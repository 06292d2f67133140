//! How a change is written into a configuration of nginx.
//!
//! ```text
//! plan ─ router ─▶ Site: the levels around its location ─ one file per kind of change ─▶ Draft ─▶ lines
//! ```

mod answer;
mod headers;
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
        Change::TakeHost { prefix, .. } => path::of_prefix(gateway, origin, prefix)?,
        _ => Site::of(gateway, origin, plan)?,
    };
    match change {
        Change::Path { prefix, to } => path::change(&mut site, prefix, to, plan),
        Change::Take(path) => path::take(&mut site, path),
        Change::PassHost => headers::pass_host(&mut site),
        Change::SendScheme => headers::send_scheme(&mut site),
        Change::SendFor => headers::send_for(&mut site),
        Change::SendPrefix(prefix) => headers::send_prefix(&mut site, prefix),
        Change::TrustFront(address) => headers::trust_front(&mut site, address),
        Change::Upgrade => headers::upgrade(&mut site),
        Change::LeaveLocation => answer::leave_location(&mut site),
        Change::MendLocation(prefix) => answer::mend_location(&mut site, prefix),
        Change::RelativeRedirects => answer::relative_redirects(&mut site),
        Change::SlashAtMount(prefix) => answer::slash_at_mount(&mut site, prefix),
        Change::CookiePath { from, to } => answer::cookie_path(&mut site, from, to),
        Change::TakeHost { host, .. } => path::take_host(&mut site, host),
        Change::PassQuery => path::pass_query(&mut site),
    }?;
    site.edits()
}

/// A text that may stand in any argument as it is.
///
/// # Errors
/// nginx would read something else in it.
fn plain(text: &str) -> Result<&str, CannotAmend> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~@:+,=".contains(&byte);
    let unfit = || CannotAmend(format!("{text:?} cannot be written into nginx's configuration as it is"));
    text.bytes().all(is_plain).then_some(text).ok_or_else(unfit)
}

#[cfg(test)]
mod tests;
