//! Header fields that go on with a request: `proxy_set_header`.
//!
//! Its lines are in force only where no inner level has any, so a line is put where the others in force stand; where it is
//! for one location alone, those that it would put out of force are written along with it.

use std::net::IpAddr;

use ipnet::IpNet;

use super::plain;
use super::site::Site;
use crate::gateway::CannotAmend;
use crate::gateway::nginx::tree::Directive;

/// The directive.
const SET: &str = "proxy_set_header";
/// Behind what a first line of it is put.
const BEHIND: [&str; 3] = [SET, "proxy_http_version", "proxy_pass"];

/// `Host` with its port.
pub(super) fn pass_host(site: &mut Site<'_>) -> Result<(), CannotAmend> {
    set(site, "Host", "$http_host")
}

/// The scheme of the connection.
pub(super) fn send_scheme(site: &mut Site<'_>) -> Result<(), CannotAmend> {
    set(site, "X-Forwarded-Proto", "$scheme")
}

/// The client's address, behind those that came with the request.
pub(super) fn send_for(site: &mut Site<'_>) -> Result<(), CannotAmend> {
    let tells = |value: &str| value.contains("$remote_addr") || value.contains("$proxy_add_x_forwarded_for");
    if line(site, "X-Forwarded-For").is_some_and(|line| tells(&line.text(1))) {
        return Err(CannotAmend::already());
    }
    set(site, "X-Forwarded-For", "$proxy_add_x_forwarded_for")
}

/// The prefix, for this location alone.
pub(super) fn send_prefix(site: &mut Site<'_>, prefix: &str) -> Result<(), CannotAmend> {
    let (name, prefix) = ("X-Forwarded-Prefix", plain(prefix)?);
    let own = site.innermost();
    match site.in_force(SET) {
        Some(level) if level < own && line(site, name).is_none_or(|line| line.text(1) != prefix) => {
            let kept: Vec<Directive> =
                site.level(level)?.all(SET).filter(|line| !is_for(line, name)).cloned().collect();
            let mut lines: Vec<String> = kept.iter().map(|line| format!("{};", site.said(line))).collect();
            lines.push(written(name, prefix));
            site.add(own, &BEHIND, &lines)
        }
        _ => set(site, name, prefix),
    }
}

/// What a hop in front says goes on; what others say does not.
pub(super) fn trust_front(site: &mut Site<'_>, address: &str) -> Result<(), CannotAmend> {
    let (proto, list) = (line(site, "X-Forwarded-Proto"), line(site, "X-Forwarded-For"));
    // What no line sets goes on as it came.
    let proto = proto.filter(|line| line.text(1) != "$http_x_forwarded_proto" && !is_from_front(site, &line.text(1)));
    let list = list.filter(|line| !line.text(1).contains("$proxy_add_x_forwarded_for"));
    let list = list.filter(|line| line.text(1) != "$http_x_forwarded_for");
    if proto.is_none() && list.is_none() {
        return Err(CannotAmend::already());
    }
    if let Some(line) = proto {
        let variable = unused(site, "proxied_scheme");
        let peer = if site.in_force("set_real_ip_from").is_some() { "$realip_remote_addr" } else { "$remote_addr" };
        let (subject, lines) = believed(address, peer)?;
        add_map(site, &format!("map {subject} ${variable}"), &lines)?;
        replace(site, &line, &format!("${variable}"))?;
    }
    if let Some(line) = list {
        replace(site, &line, "$proxy_add_x_forwarded_for")?;
    }
    Ok(())
}

/// The handshake's own fields, and HTTP/1.1 for them.
pub(super) fn upgrade(site: &mut Site<'_>) -> Result<(), CannotAmend> {
    let sends =
        |site: &Site<'_>, name, fits: &dyn Fn(&str) -> bool| line(site, name).is_some_and(|line| fits(&line.text(1)));
    let upgrades = sends(site, "Upgrade", &|value| value == "$http_upgrade");
    let maps = maps_of(site, "$http_upgrade");
    let connects = sends(site, "Connection", &|value| {
        value.eq_ignore_ascii_case("upgrade") || value == "$http_connection" || maps.iter().any(|map| map == value)
    });
    let new = |site: &Site<'_>| {
        site.in_force("proxy_http_version").and_then(|level| {
            site.levels().get(level).and_then(|level| level.all("proxy_http_version").next_back().cloned())
        })
    };
    let version = new(site);
    let is_new = version.as_ref().is_some_and(|version| matches!(version.text(0).as_str(), "1.1" | "2"));
    if upgrades && connects && is_new {
        return Err(CannotAmend::already());
    }
    let mut fields = Vec::new();
    if !upgrades {
        fields.push(("Upgrade", "$http_upgrade".to_owned()));
    }
    if !connects {
        fields.push(("Connection", connection(site, maps)?));
    }
    let level = site.in_force(SET).unwrap_or(site.innermost());
    let mut lines = Vec::new();
    match version {
        Some(version) if !is_new => site.set(&version, "proxy_http_version 1.1")?,
        None => lines.push("proxy_http_version 1.1;".to_owned()),
        Some(_) => {}
    }
    for (name, value) in fields {
        match line(site, name) {
            Some(line) => replace(site, &line, &value)?,
            None => lines.push(written(name, &value)),
        }
    }
    if lines.is_empty() { Ok(()) } else { site.add(level, &BEHIND, &lines) }
}

/// What `Connection` is to say: `upgrade` for a handshake only, if there is a place for the `map` that tells.
fn connection(site: &mut Site<'_>, maps: Vec<String>) -> Result<String, CannotAmend> {
    if let Some(map) = maps.into_iter().next() {
        return Ok(map);
    }
    if site.server().is_none() {
        return Ok("\"upgrade\"".to_owned());
    }
    // With kept connections it has to be empty otherwise.
    let kept = line(site, "Connection").is_some_and(|line| line.text(1).is_empty());
    let variable = unused(site, "connection_upgrade");
    let other = if kept { "'' '';" } else { "'' close;" };
    add_map(site, &format!("map $http_upgrade ${variable}"), &["default upgrade;".to_owned(), other.to_owned()])?;
    Ok(format!("${variable}"))
}

/// The scheme that a hop at an address says: what a `map` looks at, and its lines. Others are not believed.
fn believed(address: &str, peer: &str) -> Result<(String, Vec<String>), CannotAmend> {
    let unfit = || CannotAmend(format!("{address} is no address and no network"));
    let single = || address.parse::<IpAddr>().map(IpNet::from);
    let network = address.parse::<IpNet>().or_else(|_| single()).map_err(|_| unfit())?;
    let start = match network {
        _ if network.prefix_len() == 0 => {
            let lines = ["default $http_x_forwarded_proto;", "'' $scheme;"].map(str::to_owned);
            return Ok(("$http_x_forwarded_proto".to_owned(), lines.into()));
        }
        _ if network.prefix_len() == network.max_prefix_len() => {
            let line = |scheme| format!("\"{} {scheme}\" {scheme};", network.addr());
            let lines = vec!["default $scheme;".to_owned(), line("https"), line("http")];
            return Ok((format!("\"{peer} $http_x_forwarded_proto\""), lines));
        }
        IpNet::V4(network) if network.prefix_len() % 8 == 0 => {
            let octets = network.network().octets();
            let known = octets.iter().take(usize::from(network.prefix_len() / 8));
            known.map(|octet| octet.to_string() + "\\.").collect::<String>()
        }
        _ => {
            let why = format!("a map of nginx cannot tell who is in {network}: name the hop's own address, or use geo");
            return Err(CannotAmend(why));
        }
    };
    let line = |scheme| format!("\"~^{start}\\S+ {scheme}$\" {scheme};");
    let lines = vec!["default $scheme;".to_owned(), line("https"), line("http")];
    Ok((format!("\"{peer} $http_x_forwarded_proto\""), lines))
}

/// True for the variable of a `map` that looks at what the hop in front says.
fn is_from_front(site: &Site<'_>, value: &str) -> bool {
    let maps = http(site).filter(|map| map.name == "map" && map.text(1) == value);
    maps.into_iter().any(|map| map.text(0).contains("$http_x_forwarded_proto"))
}

/// The variables, with their dollar, of the `map` blocks that look at this.
fn maps_of(site: &Site<'_>, subject: &str) -> Vec<String> {
    http(site).filter(|map| map.name == "map" && map.text(0) == subject).map(|map| map.text(1)).collect()
}

/// The directives that stand around servers.
fn http<'s>(site: &'s Site<'_>) -> impl Iterator<Item = &'s Directive> {
    let outer = site.server().unwrap_or(1);
    site.levels().iter().take(outer).flat_map(|level| &level.inside)
}

/// A name for a variable that nothing else has.
fn unused(site: &Site<'_>, name: &str) -> String {
    let taken = |name: &str| {
        let dollar = format!("${name}");
        http(site).any(|directive| directive.args.iter().any(|arg| arg.as_slice() == dollar.as_bytes()))
    };
    let others = (2..100).map(|number| format!("{name}_{number}"));
    std::iter::once(name.to_owned()).chain(others).find(|name| !taken(name)).unwrap_or_default()
}

/// Puts a `map` before the server.
fn add_map(site: &mut Site<'_>, head: &str, lines: &[String]) -> Result<(), CannotAmend> {
    let why = "a map belongs beside the server, and only a part of a server is given";
    let server = site.server().ok_or_else(|| CannotAmend(why.to_owned()))?;
    site.add_before(server, head, lines)
}

/// Sets a field where the other lines in force stand.
fn set(site: &mut Site<'_>, name: &str, value: &str) -> Result<(), CannotAmend> {
    match line(site, name) {
        Some(line) if line.text(1) == value => Err(CannotAmend::already()),
        Some(line) => replace(site, &line, value),
        None => {
            let level = site.in_force(SET).unwrap_or(site.innermost());
            site.add(level, &BEHIND, &[written(name, value)])
        }
    }
}

/// Another value in a line, wherever it stands.
fn replace(site: &mut Site<'_>, line: &Directive, value: &str) -> Result<(), CannotAmend> {
    let name = line.text(0);
    let level = site.in_force(SET).unwrap_or(site.innermost());
    if site.is_ours(line) {
        // Of several lines for a field nginx sends all.
        let more: Vec<Directive> =
            site.level(level)?.all(SET).filter(|other| is_for(other, &name) && *other != line).cloned().collect();
        for other in more.iter().filter(|other| other.place != line.place) {
            site.remove(other)?;
        }
        return site.set(line, &format!("{SET} {name} {value}"));
    }
    // It is in a file that every installation has, which is not to be changed: its lines take the place of its name.
    let of_file = site.level(level)?.inside.iter().filter(|other| other.place.file == line.place.file);
    let lines: Vec<String> =
        of_file.map(|other| if *other == *line { written(&name, value) } else { format!("{other};") }).collect();
    site.spell_out(level, &line.place.file, &lines)
}

/// The line in force for a field, the last one if there are several.
fn line(site: &Site<'_>, name: &str) -> Option<Directive> {
    let level = site.levels().get(site.in_force(SET)?)?;
    level.all(SET).rfind(|line| is_for(line, name)).cloned()
}

fn is_for(line: &Directive, name: &str) -> bool {
    line.text(0).eq_ignore_ascii_case(name)
}

fn written(name: &str, value: &str) -> String {
    format!("{SET} {name} {value};")
}
