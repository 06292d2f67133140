//! Header fields of requests and responses: `header_up`, `header_down`, `trusted_proxies`.
//!
//! Caddy passes `Host` and handshakes on and writes the forwarding fields by itself, so that most of what is to be done is
//! to take away what keeps it from that.

use std::net::IpAddr;

use ipnet::IpNet;

use super::plain;
use super::site::Site;
use super::source::Statement;
use crate::gateway::CannotAmend;

/// What `private_ranges` stands for.
const PRIVATE: [&str; 6] = ["192.168.0.0/16", "172.16.0.0/12", "10.0.0.0/8", "127.0.0.1/8", "fd00::/8", "::1"];

/// The client's `Host`: of itself, but for an upstream over TLS, which gets its own name.
pub(super) fn pass_host(site: &mut Site<'_>) -> Result<(), CannotAmend> {
    let proxy = site.proxy()?;
    let names_tls = |statement: &Statement| statement.words.iter().any(|word| word.starts_with("https://"));
    let transports_tls = |statement: &Statement| {
        statement.name() == "transport" && statement.inside().iter().any(|line| line.name().starts_with("tls"))
    };
    let tls = names_tls(&proxy)
        || proxy.inside().iter().any(|line| transports_tls(line) || (line.name() == "to" && names_tls(line)));
    if !tls {
        return by_default(site, &["Host"]);
    }
    let line = "header_up Host {hostport}";
    match about(&proxy, "header_up", "Host").as_slice() {
        [] => site.add(&[line.to_owned()]),
        [only] if only.words.join(" ") == line => Err(CannotAmend::already()),
        [first, others @ ..] => {
            others.iter().try_for_each(|other| site.remove(other))?;
            site.set(first, line)
        }
    }
}

/// Fields that Caddy writes or passes on of itself: lines that say otherwise go.
pub(super) fn by_default(site: &mut Site<'_>, names: &[&str]) -> Result<(), CannotAmend> {
    let proxy = site.proxy()?;
    let mut lines: Vec<Statement> = Vec::new();
    for name in names {
        lines.extend(about(&proxy, "header_up", name));
        lines.extend(site.around().iter().flat_map(|block| about(block, "request_header", name)));
    }
    drop_lines(site, &proxy, &lines)
}

/// `X-Forwarded-Prefix`
pub(super) fn send_prefix(site: &mut Site<'_>, prefix: &str) -> Result<(), CannotAmend> {
    let line = format!("header_up X-Forwarded-Prefix {}", plain(prefix)?);
    match about(&site.proxy()?, "header_up", "X-Forwarded-Prefix").as_slice() {
        [] => site.add(&[line]),
        [only] if only.words.join(" ") == line => Err(CannotAmend::already()),
        [first, others @ ..] => {
            others.iter().try_for_each(|other| site.remove(other))?;
            site.set(first, &line)
        }
    }
}

/// `trusted_proxies`, of the line that sends on if it has its own, else of all servers.
pub(super) fn trust_front(site: &mut Site<'_>, address: &str) -> Result<(), CannotAmend> {
    let single = || address.parse::<IpAddr>().map(IpNet::from);
    let unfit = |_| CannotAmend(format!("{address} is no address and no network"));
    let network = address.parse::<IpNet>().or_else(|_| single()).map_err(unfit)?;
    let proxy = site.proxy()?;
    let mut lines = Vec::new();
    for name in ["X-Forwarded-Proto", "X-Forwarded-For", "X-Forwarded-Host"] {
        lines.extend(about(&proxy, "header_up", name));
    }
    let dropped = drop_lines(site, &proxy, &lines);
    if let Some(own) = proxy.inside().iter().find(|line| line.name() == "trusted_proxies") {
        if trusts(own, &network) {
            return dropped;
        }
        return site.draft().map(|draft| draft.replace(own.head.end..own.head.end, format!(" {address}")));
    }
    let line = format!("trusted_proxies static {address}");
    let (draft, statements) = site.main()?;
    let global = statements.iter().find(|statement| statement.words.is_empty());
    let servers = global.and_then(|global| global.inside().iter().find(|line| line.name() == "servers"));
    let listed = servers.and_then(|servers| servers.inside().iter().find(|line| line.name() == "trusted_proxies"));
    let unit = draft.unit();
    match (global, servers, listed) {
        (_, _, Some(listed)) if trusts(listed, &network) => return dropped,
        (_, _, Some(listed)) if listed.word(1) == "static" => {
            draft.replace(listed.head.end..listed.head.end, format!(" {address}"));
        }
        (_, _, Some(listed)) => {
            let source = listed.word(1);
            return Err(CannotAmend(format!("trusted_proxies asks {source}, which nothing can be added to here")));
        }
        (_, Some(servers), None) => match &servers.block {
            Some(block) => draft.inside(servers.span.start, block.open, &[line]),
            None => draft.replace(servers.head.end..servers.head.end, format!(" {{\n{unit}{unit}{line}\n{unit}}}")),
        },
        (Some(global), None, None) => {
            let block = format!("servers {{\n{unit}{line}\n}}");
            match (global.inside().last(), &global.block) {
                (Some(last), _) => draft.after(last.span.clone(), &[block]),
                (None, Some(own)) => draft.inside(global.span.start, own.open, &[block]),
                (None, None) => {}
            }
        }
        (None, None, None) => {
            let start = statements.first().map_or(0, |first| first.span.start);
            let block = format!("{{\n{unit}servers {{\n{unit}{unit}{line}\n{unit}}}\n}}");
            draft.before(start, &[block, String::new()]);
        }
    }
    Ok(())
}

/// `Location` stays as it is.
pub(super) fn leave_location(site: &mut Site<'_>) -> Result<(), CannotAmend> {
    let proxy = site.proxy()?;
    let lines = about(&proxy, "header_down", "Location");
    drop_lines(site, &proxy, &lines)
}

/// A `Location` from the root on gets the prefix.
pub(super) fn mend_location(site: &mut Site<'_>, prefix: &str) -> Result<(), CannotAmend> {
    rule(site, "Location", &format!("header_down Location ^/(.*)$ {}/$1", plain(prefix)?))
}

/// A cookie's path.
pub(super) fn cookie_path(site: &mut Site<'_>, from: &str, to: &str) -> Result<(), CannotAmend> {
    let from = plain(from)?.replace('.', "\\.").replace('+', "\\+");
    rule(site, "Set-Cookie", &format!("header_down Set-Cookie (?i)path={from}(;|$) Path={}$1", plain(to)?))
}

/// Adds a line about the response, unless it is there.
fn rule(site: &mut Site<'_>, name: &str, line: &str) -> Result<(), CannotAmend> {
    let there = about(&site.proxy()?, "header_down", name);
    if there.iter().any(|other| other.words.join(" ") == line) {
        return Err(CannotAmend::already());
    }
    site.add(&[line.to_owned()])
}

/// Takes lines away, and a block that has no others.
fn drop_lines(site: &mut Site<'_>, proxy: &Statement, lines: &[Statement]) -> Result<(), CannotAmend> {
    if lines.is_empty() {
        return Err(CannotAmend::already());
    }
    let inside = proxy.inside();
    if !inside.is_empty() && inside.iter().all(|line| lines.contains(line)) {
        site.draft()?.replace(proxy.head.end..proxy.span.end, "");
        return lines.iter().filter(|line| !inside.contains(line)).try_for_each(|line| site.remove(line));
    }
    lines.iter().try_for_each(|line| site.remove(line))
}

/// The lines of a block that write, change or drop a field. Where the directive has a matcher, the field comes behind it.
fn about(block: &Statement, directive: &str, field: &str) -> Vec<Statement> {
    let names = |word: &str| word.trim_start_matches(['+', '-', '>', '?']).eq_ignore_ascii_case(field);
    let is_matcher = |word: &str| word == "*" || word.starts_with(['@', '/']);
    let is_it = |line: &&Statement| {
        let index = if is_matcher(line.word(1)) { 2 } else { 1 };
        line.name() == directive && names(line.word(index))
    };
    block.inside().iter().filter(is_it).cloned().collect()
}

/// True if a list of `trusted_proxies` has a network.
fn trusts(list: &Statement, network: &IpNet) -> bool {
    let is_in = |text: &str| {
        let single = text.parse::<IpAddr>().map(IpNet::from);
        text.parse::<IpNet>().or(single).is_ok_and(|net| net.contains(network))
    };
    list.words.iter().any(|word| is_in(word) || (word == "private_ranges" && PRIVATE.iter().any(|range| is_in(range))))
}
