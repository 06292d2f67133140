//! What an access log leaves out.
//!
//! This file exists because a log is often all that is left of a request that went wrong, and whether it helps is decided
//! by a line that was copied years before.
//!
//! Source: `ngx_http_log_module.c`, 1.22.1.

use super::tree::Directive;
use crate::gateway::{Code, Remark, Weight};

/// How deep blocks are followed.
const DEEPEST: usize = 16;

/// What a log has to say, the variables of which one is enough, and how it is written where there is none: as text, and as
/// a member of a JSON object.
const NEEDED: [(&str, &[&str], &str, &str); 4] = [
    ("the host", &["host", "http_host", "server_name"], "host=\"$http_host\"", "\"host\":\"$http_host\""),
    ("the time it took", &["request_time", "upstream_response_time"], "rt=$request_time", "\"rt\":\"$request_time\""),
    (
        "the upstream's answer",
        &["upstream_status", "upstream_addr"],
        "us=\"$upstream_status\" ua=\"$upstream_addr\"",
        "\"us\":\"$upstream_status\",\"ua\":\"$upstream_addr\"",
    ),
    (
        "the client behind another proxy",
        &["http_x_forwarded_for", "proxy_add_x_forwarded_for", "realip_remote_addr", "http_forwarded"],
        "xff=\"$http_x_forwarded_for\"",
        "\"xff\":\"$http_x_forwarded_for\"",
    ),
];

/// What is missing in the formats that are in use, if anything is passed on at all.
pub(super) fn of(http: &[Directive]) -> Vec<Remark> {
    if !any(http, 0, &|directive| PASSES.contains(&directive.name.as_str())) {
        return Vec::new();
    }
    let real_ip = any(http, 0, &|directive| directive.name == "set_real_ip_from");
    let formats = http.iter().filter(|directive| directive.name == "log_format");
    let used = |format: &&Directive| any(http, 0, &|directive| writes(directive, format.args.first()));
    formats.filter(used).filter_map(|format| lacking(format, real_ip)).collect()
}

/// Directives that pass a request on.
const PASSES: [&str; 4] = ["proxy_pass", "grpc_pass", "uwsgi_pass", "fastcgi_pass"];

/// True for an `access_log` in this format.
fn writes(directive: &Directive, format: Option<&Vec<u8>>) -> bool {
    directive.name == "access_log" && format.is_some() && directive.args.get(1) == format
}

/// True for a directive, or one in its blocks.
fn any(block: &[Directive], depth: usize, is: &dyn Fn(&Directive) -> bool) -> bool {
    depth < DEEPEST && block.iter().any(|directive| is(directive) || any(directive.inside(), depth + 1, is))
}

fn lacking(format: &Directive, real_ip: bool) -> Option<Remark> {
    let (name, pieces) = format.args.split_first()?;
    let has = |wanted: &[&str]| pieces.iter().any(|piece| variables(piece).any(|name| wanted.contains(&name)));
    let is_client = |wanted: &[&str]| real_ip && wanted.contains(&"realip_remote_addr");
    let lacks: Vec<_> = NEEDED.iter().filter(|(_, wanted, ..)| !has(wanted) && !is_client(wanted)).collect();
    if lacks.is_empty() {
        return None;
    }
    let name = String::from_utf8_lossy(name);
    let words: Vec<&str> = lacks.iter().map(|(what, ..)| *what).collect();
    let json = pieces.iter().any(|piece| piece.trim_ascii_start().starts_with(b"{"));
    let fix = if json {
        let members: Vec<&str> = lacks.iter().map(|(.., member)| *member).collect();
        format!("log_format {name} …: as its last members, before the brace, ',{}'", members.join(","))
    } else {
        let fields: Vec<&str> = lacks.iter().map(|(_, _, field, _)| *field).collect();
        format!("log_format {name} …: as its last piece, before the semicolon, ' {}'", fields.join(" "))
    };
    Some(Remark {
        code: Code::LogLacksFields,
        weight: Weight::Note,
        place: format.place.clone(),
        what: format!(
            "the log in the format {name} lacks {}: where a request went wrong it cannot tell.",
            list(&words)
        ),
        fix: Some(fix),
    })
}

/// `a`, `a and b`, `a, b and c`.
fn list(words: &[&str]) -> String {
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
        None => String::new(),
    }
}

/// The names of `$name` and `${name}` in a text.
fn variables(text: &[u8]) -> impl Iterator<Item = &str> {
    text.split(|&byte| byte == b'$').skip(1).filter_map(|rest| {
        let rest = rest.strip_prefix(b"{").unwrap_or(rest);
        let end = rest.iter().position(|&byte| !(byte.is_ascii_alphanumeric() || byte == b'_')).unwrap_or(rest.len());
        std::str::from_utf8(rest.get(..end)?).ok()
    })
}

#[cfg(test)]
mod tests {
    use crate::gateway::nginx::tests::config;

    /// What is said of a log in this format, before a proxied app.
    fn said(format: &str, log: &str, location: &str) -> Vec<String> {
        let text = format!("log_format own {format};\nserver {{\n access_log {log};\n location / {{ {location} }}\n}}");
        let remarks = config(&text).remarks.into_iter().filter(|remark| remark.code.as_str() == "LG01");
        remarks.map(|remark| format!("{} {} {}", remark.place, remark.what, remark.fix.unwrap_or_default())).collect()
    }

    #[test]
    fn a_format_in_use_that_lacks_fields_is_named_with_what_to_add() {
        let proxied = "proxy_pass http://u;";
        let short = "'$remote_addr \"$request\" $status ' '${request_time} $host $http_x_forwarded_for'";
        assert_eq!(
            said(short, "/var/log/a.log own", proxied),
            [
                "nginx.conf:1 the log in the format own lacks the upstream's answer: where a request went wrong it cannot tell. \
              log_format own …: as its last piece, before the semicolon, ' us=\"$upstream_status\" ua=\"$upstream_addr\"'"
            ]
        );
        let whole = "'$host $request_time $upstream_status $http_x_forwarded_for'";
        assert!(said(whole, "/var/log/a.log own", proxied).is_empty());
        assert!(said(short, "/var/log/a.log", proxied).is_empty(), "combined");
        assert!(said(short, "off", proxied).is_empty());
        assert!(said(short, "/var/log/a.log own", "root /srv;").is_empty(), "nothing is passed on");
    }

    #[test]
    fn a_json_format_stays_one() {
        let told = said(
            "escape=json '{\"host\":\"$host\",\"t\":$request_time,\"x\":\"$http_x_forwarded_for\"}'",
            "/a own",
            "proxy_pass http://u;",
        );
        assert!(
            told.iter().any(|line| line.ends_with("',\"us\":\"$upstream_status\",\"ua\":\"$upstream_addr\"'")),
            "{told:?}"
        );
    }
}
