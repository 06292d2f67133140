//! What becomes of the path: `handle` and `handle_path`, `uri`, `rewrite`.

use super::plain;
use super::site::Site;
use super::source::Statement;
use crate::gateway::{CannotAmend, Gateway, Origin, Plan};

/// `to` in the place of `prefix`.
pub(super) fn change(site: &mut Site<'_>, prefix: &str, to: &str) -> Result<(), CannotAmend> {
    let (prefix, to) = (plain(prefix)?, plain(to)?);
    let changes = site.changes()?;
    let is_strip = |change: &Statement| match change.name() {
        "handle_path" => path_of(change).as_deref() == Some(prefix),
        "uri" => change.words.iter().rev().take(2).rev().eq(["strip_prefix", prefix]),
        _ => false,
    };
    let strips = changes.iter().any(is_strip);
    if (prefix == to && changes.is_empty()) || (to.is_empty() && strips && changes.len() == 1) {
        return Err(CannotAmend::already());
    }
    let rewrite = format!("rewrite * {to}{{uri}}");
    if strips && matches!(changes.as_slice(), [first, second] if is_strip(first) && second.words.join(" ") == rewrite) {
        return Err(CannotAmend::already());
    }
    // A block may lead to the line by way of a snippet: then it is not around it, but the plan came through it.
    let blocks = [site.around(), changes.as_slice()].concat();
    let own = blocks
        .iter()
        .rfind(|block| matches!(block.name(), "handle" | "handle_path") && path_of(block).as_deref() == Some(prefix));
    // The block takes the prefix off: what else changes the path goes, and what is to come in its place is put there.
    for change in changes.iter().filter(|change| own != Some(change)) {
        match change.name() {
            "handle_path" => rename(site, change, "handle")?,
            _ => site.remove(change)?,
        }
    }
    match own {
        Some(block) if prefix == to => match block.name() {
            "handle_path" => rename(site, block, "handle"),
            _ => Ok(()),
        },
        _ if prefix == to => Ok(()),
        Some(block) => {
            if block.name() == "handle" {
                rename(site, block, "handle_path")?;
            }
            let open = block.block.as_ref().map(|inside| inside.open).filter(|_| !to.is_empty());
            open.map_or(Ok(()), |open| site.draft().map(|draft| draft.inside(block.span.start, open, &[rewrite])))
        }
        None => elsewhere(site, prefix, to, &rewrite),
    }
}

/// No block is for the prefix alone.
fn elsewhere(site: &mut Site<'_>, prefix: &str, to: &str, rewrite: &str) -> Result<(), CannotAmend> {
    let proxy = site.proxy()?;
    if prefix.is_empty() {
        return before_proxy(site, rewrite);
    }
    let is_block =
        |block: &Statement| matches!(block.name(), "handle" | "handle_path" | "route") && block.words.len() > 1;
    if site.around().iter().any(is_block) {
        // A matcher of another kind, or one for more than the prefix.
        if to.is_empty() {
            return before_proxy(site, &format!("uri strip_prefix {prefix}"));
        }
        let pattern = prefix.replace('.', "\\.").replace('+', "\\+");
        return before_proxy(site, &format!("uri path_regexp ^{pattern}(/|$) {to}$1"));
    }
    // The whole site, or a matcher of the line's own: the prefix gets a block.
    let matched = path_of(&proxy);
    let draft = site.draft()?;
    let (unit, text) = (draft.unit(), draft.text(proxy.span.clone()));
    let rewrite = if to.is_empty() { String::new() } else { format!("{unit}{rewrite}\n") };
    let bare = match matched.as_deref() {
        Some(path) if path == prefix => text.replacen(&format!(" {}", proxy.word(1)), "", 1),
        _ => text,
    };
    let indent = draft.indent(proxy.span.start);
    let bare: Vec<String> =
        bare.lines().map(|line| format!("{unit}{}", line.strip_prefix(indent.as_str()).unwrap_or(line))).collect();
    let block = format!("handle_path {prefix}/* {{\n{rewrite}{}\n}}", bare.join("\n"));
    if matched.as_deref() == Some(prefix) {
        draft.replace(proxy.span, block.replace('\n', &format!("\n{indent}")));
    } else {
        let start = site.branch()?.span.start;
        site.draft()?.before(start, &[block, String::new()]);
    }
    Ok(())
}

/// The mount point without its slash.
pub(super) fn slash_at_mount(site: &mut Site<'_>, prefix: &str) -> Result<(), CannotAmend> {
    let prefix = plain(prefix)?;
    let line = format!("redir {prefix} {prefix}/ 308");
    let is_it = |other: &Statement| other.name() == "redir" && other.word(1) == prefix;
    if site.around().iter().flat_map(Statement::inside).any(is_it) {
        return Err(CannotAmend::already());
    }
    let start = site.branch()?.span.start;
    site.draft()?.before(start, &[line]);
    Ok(())
}

/// The line of the app that a path is to be taken to.
pub(super) fn app<'a>(gateway: &Gateway, origin: &'a Origin, plan: &Plan, path: &str) -> Result<Site<'a>, CannotAmend> {
    let mut apps = gateway.routers.iter().enumerate().filter(|(index, router)| {
        plan.router != Some(*index) && !router.upstreams.is_empty() && router.prefix.as_deref() != Some("")
    });
    let uncertain = || CannotAmend(format!("it is not certain which line is to take {path}"));
    let (_, first) = apps.next().ok_or_else(uncertain)?;
    if apps.any(|(_, router)| router.upstreams != first.upstreams) {
        return Err(uncertain());
    }
    Site::at(origin, first, plan)
}

/// A block of its own for a path, that sends on as the app's does.
pub(super) fn take(site: &mut Site<'_>, path: &str) -> Result<(), CannotAmend> {
    let path = plain(path)?;
    let proxy = site.proxy()?;
    let matcher = if path_of(&proxy).is_some() { format!(" {}", proxy.word(1)) } else { String::new() };
    let branch = site.branch()?;
    let draft = site.draft()?;
    let (unit, indent) = (draft.unit(), draft.indent(proxy.span.start));
    let text = draft.text(proxy.span);
    let text = if matcher.is_empty() { text } else { text.replacen(&matcher, "", 1) };
    let lines: Vec<String> =
        text.lines().map(|line| format!("{unit}{}", line.strip_prefix(indent.as_str()).unwrap_or(line))).collect();
    let is_file = path.rsplit('/').next().is_some_and(|last| last.contains('.'));
    let mut statements = Vec::new();
    let taken = match path.strip_suffix('/') {
        Some(_) => format!("{path}*"),
        None if is_file => path.to_owned(),
        None => {
            let name: String = path.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
            let name = name.trim_matches('_').to_owned();
            statements.push(format!("@{name} path {path} {path}/*"));
            format!("@{name}")
        }
    };
    statements.push(format!("handle {taken} {{\n{}\n}}", lines.join("\n")));
    statements.push(String::new());
    draft.before(branch.span.start, &statements);
    Ok(())
}

/// The prefix that the matcher of a statement takes; `None` if it has none by path.
fn path_of(statement: &Statement) -> Option<String> {
    let path = Some(statement.word(1)).filter(|word| word.starts_with('/'))?;
    let prefix = path.strip_suffix("/*").or_else(|| path.strip_suffix('*'))?;
    (!prefix.contains('*')).then(|| prefix.to_owned())
}

/// Another name for a block.
fn rename(site: &mut Site<'_>, block: &Statement, name: &str) -> Result<(), CannotAmend> {
    let start = block.head.start;
    site.draft()?.replace(start..start + block.name().len(), name);
    Ok(())
}

/// A line before the one that sends on.
fn before_proxy(site: &mut Site<'_>, line: &str) -> Result<(), CannotAmend> {
    let start = site.proxy()?.span.start;
    site.draft()?.before(start, &[line.to_owned()]);
    Ok(())
}
