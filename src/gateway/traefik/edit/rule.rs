//! Which paths a router takes: terms of its rule.

use std::ops::Range;

use super::already;
use super::site::Site;
use crate::gateway::CannotAmend;
use crate::gateway::document::writing::Value;

/// A term of a rule with its one value: `PathPrefix(`/p`)`.
struct Term {
    span: Range<usize>,
    value: String,
}

/// Takes requests below another path too.
pub(super) fn take(site: &mut Site, path: &str) -> Result<(), CannotAmend> {
    let terms = prefixes(&site.router().rule.value);
    let below = |term: &Term| path.starts_with(term.value.trim_end_matches('/'));
    if terms.iter().any(below) || !site.router().rule.value.contains("Path") {
        return Err(already());
    }
    or(site, &format!("PathPrefix(`{path}`)"))
}

/// Takes what another term takes too.
pub(super) fn or(site: &mut Site, term: &str) -> Result<(), CannotAmend> {
    let rule = site.router().rule.value.clone();
    let terms = prefixes(&rule);
    let first = terms.first().ok_or_else(|| {
        CannotAmend(format!("the rule {} names no path that another one could be put beside", rule.trim()))
    })?;
    let is_plain = !rule.contains("&&") && !rule.contains('!');
    let changed = if is_plain {
        format!("{} || {term}", rule.trim())
    } else {
        replaced(&rule, &first.span, |own| format!("({own} || {term})"))
    };
    set(site, &changed)
}

/// Takes requests for another host too.
pub(super) fn take_host(site: &mut Site, host: &str) -> Result<(), CannotAmend> {
    let rule = site.router().rule.value.clone();
    let hosts = terms(&rule, "Host(");
    if hosts.iter().any(|term| term.value.eq_ignore_ascii_case(host)) {
        return Err(already());
    }
    let is_denied = |term: &Term| rule.get(..term.span.start).is_some_and(|before| before.trim_end().ends_with('!'));
    let first = hosts.iter().find(|term| !is_denied(term)).ok_or_else(|| {
        CannotAmend(format!("the rule {} names no host that another one could be put beside", rule.trim()))
    })?;
    set(site, &replaced(&rule, &first.span, |own| format!("({own} || Host(`{host}`))")))
}

/// Takes a prefix and what is below it alone, not what merely begins with the same letters.
pub(super) fn end_at_segment(site: &mut Site, prefix: &str) -> Result<(), CannotAmend> {
    let rule = site.router().rule.value.clone();
    let loose = prefixes(&rule).into_iter().find(|term| term.value == prefix && !prefix.is_empty());
    let loose = loose.ok_or_else(already)?;
    let both = format!("Path(`{prefix}`) || PathPrefix(`{prefix}/`)");
    if rule.get(loose.span.clone()) == Some(rule.trim()) {
        return set(site, &both);
    }
    set(site, &replaced(&rule, &loose.span, |_| format!("({both})")))
}

/// Writes a rule. Its length is its rank where none is given, so the rank that it had is written where another router
/// would come behind it otherwise.
fn set(site: &mut Site, rule: &str) -> Result<(), CannotAmend> {
    let router = site.router().clone();
    if router.default_rule {
        return Err(CannotAmend(format!("router {} has its provider's rule, not one of its own", router.name)));
    }
    let home = site.home(&router)?;
    home.set(&mut site.writing, &["routers", &router.name, "rule"], Value::text(rule))?;
    let ranks = router.rule.value.len()..rule.len();
    if router.priority.as_ref().is_none_or(|priority| priority.value == 0) && site.has_rank_in(&ranks) {
        let rank = i64::try_from(ranks.start).unwrap_or(i64::MAX);
        home.set(&mut site.writing, &["routers", &router.name, "priority"], Value::Number(rank))?;
    }
    Ok(())
}

fn replaced(rule: &str, span: &Range<usize>, with: impl Fn(&str) -> String) -> String {
    let part = |range: Range<usize>| rule.get(range).unwrap_or_default();
    format!("{}{}{}", part(0..span.start), with(part(span.clone())), part(span.end..rule.len())).trim().to_owned()
}

/// The terms of a rule that are prefixes of paths.
fn prefixes(rule: &str) -> Vec<Term> {
    terms(rule, "PathPrefix(")
}

/// The terms of a rule that begin with this name and its parenthesis.
fn terms(rule: &str, name: &str) -> Vec<Term> {
    let mut terms = Vec::new();
    let mut from = 0;
    while let Some(start) = rule.get(from..).and_then(|rest| rest.find(name)).map(|at| from + at) {
        from = start + name.len();
        let Some(inside) = rule.get(from..) else { break };
        let Some(quote) = inside.chars().next().filter(|quote| matches!(quote, '`' | '"')) else { continue };
        let Some((value, after)) = inside.get(1..).and_then(|inside| inside.split_once(quote)) else { break };
        if after.starts_with(')') {
            terms.push(Term { span: start..rule.len() - after.len() + 1, value: value.to_owned() });
        }
    }
    terms
}

/// Whether the mount point itself is taken, as far as its rule names paths at all.
pub(super) fn takes(site: &Site, path: &str) -> bool {
    let rule = &site.router().rule.value;
    let terms = prefixes(rule);
    let at_all = rule.contains("Path");
    !at_all || rule.contains(&format!("Path(`{path}`)")) || terms.iter().any(|term| path.starts_with(&term.value))
}
