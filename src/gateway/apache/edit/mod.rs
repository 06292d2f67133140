//! How a change is written into a configuration of Apache httpd.
//!
//! ```text
//! plan ─ router ─▶ Site: its ProxyPass and what is around it ─ one file per kind of change ─▶ lines
//! ```

mod answer;
mod fields;
mod path;
mod site;

use self::site::Site;
use crate::gateway::{CannotAmend, Change, Edit, Gateway, Origin, Plan, lines};

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
    let mut site = Site::of(gateway, origin, plan)?;
    match change {
        Change::Path { prefix, to } => path::change(&mut site, plain(prefix)?, plain(to)?)?,
        Change::Take(path) => path::take(&mut site, plain(path)?)?,
        Change::PassHost => fields::pass_host(&mut site),
        Change::SendScheme => fields::send_scheme(&mut site),
        Change::SendFor => fields::send_for(&mut site),
        Change::SendPrefix(prefix) => fields::set(&mut site, "X-Forwarded-Prefix", plain(prefix)?),
        Change::TrustFront(_) => fields::trust_front(&mut site),
        Change::Upgrade => path::upgrade(&mut site)?,
        Change::LeaveLocation => answer::leave_location(&mut site),
        Change::MendLocation(prefix) => answer::mend_location(&mut site, plain(prefix)?),
        Change::RelativeRedirects => answer::relative_redirects()?,
        Change::SlashAtMount(prefix) => answer::slash_at_mount(&mut site, plain(prefix)?)?,
        Change::CookiePath { from, to } => answer::cookie_path(&mut site, plain(from)?, plain(to)?),
        Change::TakeHost { .. } | Change::PassQuery => return Err(unwritten(change)),
    }
    site.edits()
}

fn unwritten(change: &Change) -> CannotAmend {
    CannotAmend(format!("it is not known how to write {change} into httpd's configuration"))
}

/// [`lines::plain`] for httpd.
fn plain(text: &str) -> Result<&str, CannotAmend> {
    lines::plain(text, "httpd")
}

#[cfg(test)]
mod tests;
