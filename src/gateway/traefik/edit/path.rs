//! What becomes of the path: middlewares that strip, add and replace.

use super::rule;
use super::site::{Site, Used};
use crate::gateway::CannotAmend;
use crate::gateway::document::writing::Value;
use crate::gateway::go::Regexp;
use crate::gateway::traefik::dynamic::MiddlewareKind;

/// What lies below a prefix, to see what becomes of it.
const PROBE: &str = "/a/b-0.c";

/// Sends what is below a prefix on with something else in its place.
pub(super) fn change(site: &mut Site, prefix: &str, to: &str) -> Result<(), CannotAmend> {
    let changing: Vec<Used> = site.middlewares().into_iter().filter(changes_path).collect();
    if is_so(&changing, prefix, to) {
        return rule::end_at_segment(site, prefix);
    }
    let mut names = site.names();
    let mut gone: Vec<usize> = changing.iter().map(|used| used.index).collect();
    gone.dedup();
    let place = gone.first().copied().unwrap_or(names.len());
    // One that no one else uses is told the other prefix; what it strips for others of the rule's paths it still does.
    let reusable = changing.iter().find(|used| strips(used).is_some() && site.is_its_own(used));
    if to.is_empty()
        && !prefix.is_empty()
        && let (Some(used), 1) = (reusable, changing.len())
    {
        let home = site.home(&used.middleware)?;
        let path = ["middlewares", &used.middleware.name, "stripPrefix", "prefixes"];
        let list = with(strips(used), prefix, &site.router().rule.value);
        return home.set(&mut site.writing, &path, Value::List(list));
    }
    for used in &changing {
        if used.chain.is_some() {
            let chain = used.chain.as_deref().unwrap_or_default();
            return Err(CannotAmend(format!(
                "{} changes the path from within the chain {chain}; take it out of that list",
                used.middleware.name
            )));
        }
        let others = strips(used).unwrap_or_default();
        let others: Vec<String> = others.into_iter().filter(|other| !prefix.starts_with(other.as_str())).collect();
        if !others.is_empty() && prefix == to && site.is_its_own(used) {
            let home = site.home(&used.middleware)?;
            let path = ["middlewares", &used.middleware.name, "stripPrefix", "prefixes"];
            return home.set(&mut site.writing, &path, Value::List(others));
        }
    }
    for index in gone.iter().rev() {
        names.remove(*index);
    }
    if prefix != to {
        let (word, fields) = middleware(site, prefix, to)?;
        let name = site.add_middleware(word, fields)?;
        names.insert(place.min(names.len()), name);
    }
    site.set_middlewares(&names)
}

/// A middleware that does it.
fn middleware(site: &Site, prefix: &str, to: &str) -> Result<(&'static str, Value), CannotAmend> {
    if to.is_empty() {
        return Ok(("strip", Value::List(vec![prefix.to_owned()]).below(&["stripPrefix", "prefixes"])));
    }
    if prefix.is_empty() {
        return Ok(("add", Value::text(to).below(&["addPrefix", "prefix"])));
    }
    let router = site.router();
    let home = site.home(router)?;
    let regex = home.groups(&format!("^{}(?:/(.*))?$", prefix.replace('.', "\\.").replace('+', "\\+")));
    let replacement = home.groups(&format!("{to}/$1"));
    let fields = vec![("regex".to_owned(), Value::Text(regex)), ("replacement".to_owned(), Value::Text(replacement))];
    Ok(("path", Value::Map(fields).below(&["replacePathRegex"])))
}

/// True for a middleware that changes paths.
fn changes_path(used: &Used) -> bool {
    used.middleware.kinds.iter().any(|kind| {
        matches!(
            kind.value,
            MiddlewareKind::AddPrefix(_)
                | MiddlewareKind::StripPrefix(_)
                | MiddlewareKind::StripPrefixRegex(_)
                | MiddlewareKind::ReplacePath(_)
                | MiddlewareKind::ReplacePathRegex(_)
        )
    })
}

/// What a middleware strips.
fn strips(used: &Used) -> Option<Vec<String>> {
    used.middleware.kinds.iter().find_map(|kind| match &kind.value {
        MiddlewareKind::StripPrefix(given) => Some(given.prefixes.iter().map(|prefix| prefix.value.clone()).collect()),
        _ => None,
    })
}

/// Whether these middlewares do it already.
fn is_so(changing: &[Used], prefix: &str, to: &str) -> bool {
    if changing.is_empty() {
        return prefix == to;
    }
    let [Used { middleware, .. }] = changing else { return false };
    let [kind] = middleware.kinds.as_slice() else { return false };
    let path = format!("{prefix}{PROBE}");
    let made = match &kind.value {
        MiddlewareKind::AddPrefix(added) => Some(format!("{}{path}", added.value)),
        MiddlewareKind::StripPrefix(given) => {
            given.prefixes.iter().find_map(|one| path.strip_prefix(one.value.trim()).map(str::to_owned))
        }
        MiddlewareKind::StripPrefixRegex(all) => all.iter().find_map(|one| {
            let regexp = Regexp::new(&one.value).ok()?;
            let found = regexp.find(path.as_bytes()).filter(|found| !found.is_empty())?;
            path.as_bytes().strip_prefix(found).map(|rest| String::from_utf8_lossy(rest).into_owned())
        }),
        MiddlewareKind::ReplacePathRegex(given) => Regexp::new(&given.regex.value).ok().map(|regexp| {
            let made = regexp.replace_all(path.as_bytes(), &given.replacement.value);
            String::from_utf8_lossy(&made).into_owned()
        }),
        _ => None,
    };
    made.is_some_and(|made| made == format!("{to}{PROBE}"))
}

/// The prefixes of a middleware with another one, before the first that is the beginning of it. Those that the rule does not
/// name are of no use.
fn with(prefixes: Option<Vec<String>>, prefix: &str, rule: &str) -> Vec<String> {
    let named = |other: &String| rule.contains(&format!("`{other}`")) || rule.contains(&format!("`{other}/`"));
    let mut all = prefixes.unwrap_or_default();
    all.retain(|other| other != prefix && named(other));
    let at = all.iter().position(|other| prefix.starts_with(other.as_str())).unwrap_or(all.len());
    all.insert(at, prefix.to_owned());
    all
}
