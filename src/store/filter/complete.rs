//! What a half-typed filter may go on with.

use super::Flag;
use super::field::Field;

/// Values worth offering, by field.
const VALUES: [(&str, &[&str]); 6] = [
    ("method", &["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]),
    ("status", &["2xx", "3xx", "4xx", "5xx", "307", "404", "502"]),
    ("scheme", &["http", "https"]),
    (
        "by",
        &[
            "fastapi",
            "starlette",
            "app",
            "uvicorn",
            "hypercorn",
            "daphne",
            "granian",
            "gunicorn",
            "traefik",
            "nginx",
            "caddy",
            "haproxy",
            "proxy",
            "hopscope",
        ],
    ),
    ("tap", &["edge", "app", "proxy"]),
    ("finding", &["PX*", "NG*", "RD*", "TR*", "HO*"]),
];

/// What the last word of `prefix` may become, in the order in which it is worth offering.
pub(super) fn completions(prefix: &str) -> Vec<String> {
    let word =
        prefix.rsplit(|c: char| c.is_whitespace() || matches!(c, '&' | '|' | '(' | '!')).next().unwrap_or_default();
    if let Some((field, value)) = word.split_once('=') {
        let known = VALUES.iter().find(|(name, _)| *name == field).map(|(_, values)| *values).unwrap_or_default();
        return begins(known.iter().copied(), value).map(|value| format!("{field}={value}")).collect();
    }
    let headers = crate::forwarded::NAMES.iter().map(|name| format!("{}{name}", Field::HEADER));
    let names = Field::NAMED.iter().map(|(name, _)| *name).chain([Field::HEADER]);
    let mut found: Vec<String> = begins(names, word).map(str::to_owned).collect();
    if word.starts_with(Field::HEADER) {
        found = headers.filter(|name| name.starts_with(word)).collect();
    }
    found.extend(begins(Flag::ALL.iter().map(|(name, _)| *name), word).map(str::to_owned));
    found
}

fn begins<'a>(names: impl Iterator<Item = &'a str>, start: &str) -> impl Iterator<Item = &'a str> {
    names.filter(move |name| {
        name.len() > start.len() && name.to_ascii_lowercase().starts_with(&start.to_ascii_lowercase())
    })
}
