//! What becomes of answers, and the redirects that Traefik makes by itself.

use super::already;
use super::headers;
use super::rule;
use super::site::Site;
use crate::gateway::CannotAmend;
use crate::gateway::document::writing::Value;
use crate::gateway::traefik::dynamic::MiddlewareKind;

/// Lets `Location` come back as the app sent it.
pub(super) fn leave_location(site: &mut Site) -> Result<(), CannotAmend> {
    headers::leave_answer(site, "Location")
}

/// There is nothing that would do it.
pub(super) fn mend_location(prefix: &str) -> Result<(), CannotAmend> {
    Err(CannotAmend(format!(
        "Traefik does not change Location; the app's server has to know that it lives below {prefix}"
    )))
}

/// There is nothing that would do it.
pub(super) fn cookie_path() -> Result<(), CannotAmend> {
    Err(CannotAmend("Traefik does not change Set-Cookie; the app has to set the path".to_owned()))
}

/// Redirects by expression name no scheme and host; those to a scheme have to.
pub(super) fn relative_redirects(site: &mut Site) -> Result<(), CannotAmend> {
    for used in site.middlewares() {
        for kind in &used.middleware.kinds {
            let MiddlewareKind::RedirectRegex(given) = &kind.value else { continue };
            let Some(path) = relative(&given.replacement.value) else { continue };
            let home = site.home(&used.middleware)?;
            let path = home.groups(path);
            let place = ["middlewares", &used.middleware.name, "redirectRegex", "replacement"];
            home.set(&mut site.writing, &place, Value::Text(path))?;
        }
    }
    Ok(())
}

/// The path of a replacement whose host is that of the request, and whose scheme is too or is the one that Traefik takes it
/// for behind others. One that leads to https means to.
fn relative(replacement: &str) -> Option<&str> {
    let (scheme, rest) = replacement.split_once("://")?;
    let (host, _) = rest.split_once('/')?;
    let is_same = (scheme == "http" || scheme.starts_with('$')) && host.starts_with('$');
    rest.get(host.len()..).filter(|_| is_same)
}

/// Redirects the mount point to itself with a slash.
pub(super) fn slash_at_mount(site: &mut Site, prefix: &str) -> Result<(), CannotAmend> {
    let home = site.home(site.router())?;
    let escaped = prefix.replace('.', "\\.").replace('+', "\\+");
    let regex = format!("^https?://[^/]+{escaped}(\\?.*)?$");
    let known = site.middlewares().iter().flat_map(|used| &used.middleware.kinds).any(|kind| match &kind.value {
        MiddlewareKind::RedirectRegex(given) => given.regex.value == regex,
        _ => false,
    });
    if known {
        return Err(already());
    }
    let fields = Value::Map(vec![
        ("regex".to_owned(), Value::Text(home.groups(&regex))),
        ("replacement".to_owned(), Value::Text(home.groups(&format!("{prefix}/${{1}}")))),
        ("permanent".to_owned(), Value::Flag(true)),
    ]);
    if !rule::takes(site, prefix) {
        rule::or(site, &format!("Path(`{prefix}`)"))?;
    }
    let name = site.add_middleware("slash", fields.below(&["redirectRegex"]))?;
    let names: Vec<_> = std::iter::once(name).chain(site.names()).collect();
    site.set_middlewares(&names)
}
