//! The annotations of an `Ingress`: which there are, which change nothing, and how values are read.
//!
//! `internal/ingress/annotations` of ingress-nginx 1.15. What the controller drops because a value does not pass its check
//! depends on its version: such an annotation is taken for one that is not understood.

use super::super::tree::Directive;
use crate::gateway::Place;
use crate::gateway::document::Node;

/// What their names begin with.
pub(super) const PREFIX: &str = "nginx.ingress.kubernetes.io/";

/// Those with a place in the model whose value is yes or no.
const FLAGS: [&str; 7] = [
    "enable-cors",
    "force-ssl-redirect",
    "from-to-www-redirect",
    "preserve-trailing-slash",
    "relative-redirects",
    "ssl-redirect",
    "use-port-in-redirects",
];

/// Others with a place in the model, and the characters that their values may have beside letters and digits.
const TEXTS: [(&str, &str); 23] = [
    ("allowlist-source-range", "./:, "),
    ("app-root", "-._~/:$"),
    ("auth-realm", "-._~/:, "),
    ("auth-secret", "-._~/:"),
    ("backend-protocol", "_"),
    ("connection-proxy-header", "-, "),
    ("cors-allow-origin", "-._~/:*, "),
    ("denylist-source-range", "./:, "),
    ("permanent-redirect", "-._~/:,?&="),
    ("permanent-redirect-code", ""),
    ("proxy-body-size", ""),
    ("proxy-cookie-domain", "-._~/: "),
    ("proxy-cookie-path", "-._~/:$ "),
    ("proxy-http-version", "."),
    ("proxy-redirect-from", "-._~/:,?&="),
    ("proxy-redirect-to", "-._~/:,?&="),
    ("proxy-request-buffering", ""),
    ("rewrite-target", "-._~/:$"),
    ("satisfy", ""),
    ("server-alias", "-._~/:^$[](){}*+?|&=\\, "),
    ("temporal-redirect", "-._~/:,?&="),
    ("temporal-redirect-code", ""),
    ("whitelist-source-range", "./:, "),
];

/// Those with a place in the model and values of their own.
const OTHERS: [&str; 8] = [
    "auth-secret-type",
    "auth-type",
    "canary",
    "configuration-snippet",
    "server-snippet",
    "upstream-vhost",
    "use-regex",
    "x-forwarded-prefix",
];

/// What changes neither where a request goes nor what is sent nor the status and the `Location` of the answer.
const IGNORED: [&str; 43] = [
    "affinity",
    "affinity-canary-behavior",
    "affinity-mode",
    "client-body-buffer-size",
    "cors-allow-credentials",
    "cors-allow-headers",
    "cors-allow-methods",
    "cors-expose-headers",
    "cors-max-age",
    "default-backend",
    "enable-access-log",
    "enable-rewrite-log",
    "http2-push-preload",
    "limit-burst-multiplier",
    "limit-connections",
    "limit-rate",
    "limit-rate-after",
    "limit-rps",
    "load-balance",
    "proxy-buffer-size",
    "proxy-buffering",
    "proxy-buffers-number",
    "proxy-busy-buffers-size",
    "proxy-connect-timeout",
    "proxy-max-temp-file-size",
    "proxy-next-upstream-timeout",
    "proxy-next-upstream-tries",
    "proxy-read-timeout",
    "proxy-send-timeout",
    "proxy-ssl-ciphers",
    "proxy-ssl-name",
    "proxy-ssl-protocols",
    "proxy-ssl-secret",
    "proxy-ssl-server-name",
    "proxy-ssl-verify",
    "proxy-ssl-verify-depth",
    "service-upstream",
    "ssl-ciphers",
    "ssl-prefer-server-ciphers",
    "stream-snippet",
    "upstream-hash-by",
    "upstream-hash-by-subset",
    "upstream-hash-by-subset-size",
];

/// What holds for the whole host and not only for the paths of its `Ingress`.
const OF_SERVER: [&str; 2] = ["ssl-passthrough", "auth-tls-"];

/// The annotations of an object that are ingress-nginx's.
#[derive(Debug, Default)]
pub(super) struct Annotations<'a> {
    all: Vec<Annotation<'a>>,
}

/// An annotation.
#[derive(Debug)]
pub(super) struct Annotation<'a> {
    /// Without what all names begin with.
    pub(super) name: &'a str,
    /// As the controller takes it: without spaces around its lines.
    pub(super) value: String,
    pub(super) place: &'a Place,
}

impl<'a> Annotations<'a> {
    /// Those of a map.
    pub(super) fn of(node: Option<&'a Node>) -> Self {
        let entries = node.map(Node::entries).unwrap_or_default().iter();
        let ours = entries.filter_map(|entry| Some((entry.name.strip_prefix(PREFIX)?, entry)));
        let read = |(name, entry): (&'a str, &'a crate::gateway::document::Entry)| {
            let lines = entry.node.text.as_deref().unwrap_or_default().split('\n');
            let value = lines.map(str::trim).collect::<Vec<_>>().join("\n");
            Annotation { name, value, place: &entry.place }
        };
        Self { all: ours.map(read).filter(|annotation| !annotation.value.is_empty()).collect() }
    }

    /// An annotation, if it is there and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&Annotation<'a>> {
        self.all.iter().find(|annotation| annotation.name == name)
    }

    /// A value that is yes or no.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).and_then(|annotation| truth(&annotation.value))
    }

    /// The annotation, if it says yes.
    pub(super) fn set(&self, name: &str) -> Option<&Annotation<'a>> {
        self.get(name).filter(|annotation| truth(&annotation.value) == Some(true))
    }

    /// What is not understood, for the block of a location.
    pub(super) fn doubts(&self) -> Vec<Directive> {
        self.all.iter().filter(|one| !one.is_understood()).map(Annotation::doubt).collect()
    }

    /// What is not understood and holds for the whole host.
    pub(super) fn doubts_of_server(&self) -> Vec<Directive> {
        let whole = |one: &&Annotation<'a>| OF_SERVER.iter().any(|name| one.name.starts_with(name));
        self.all.iter().filter(whole).map(Annotation::doubt).collect()
    }
}

impl Annotation<'_> {
    /// A directive that nginx's model does not know, so that what rests on it is unknown.
    pub(super) fn doubt(&self) -> Directive {
        let first = self.value.lines().next().unwrap_or_default();
        Directive::simple(&format!("{PREFIX}{}", self.name), &[first], self.place)
    }

    fn is_understood(&self) -> bool {
        let value = self.value.as_str();
        if let Some((_, more)) = TEXTS.iter().find(|(name, _)| *name == self.name) {
            let plain = value.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
            return plain && self.is_known_value(value);
        }
        if FLAGS.contains(&self.name) {
            return truth(value).is_some();
        }
        match self.name {
            "auth-type" => value == "basic",
            "use-regex" | "canary" => truth(value).is_some(),
            "upstream-vhost" => !value.contains(char::is_whitespace),
            "x-forwarded-prefix" => value.chars().all(|c| c.is_ascii_alphanumeric() || "-._~/:$ ".contains(c)),
            // A canary is judged by where it is merged into; its rest means nothing without it.
            name if name.starts_with("canary-") || name.starts_with("session-cookie-") => true,
            name => OTHERS.contains(&name) || IGNORED.contains(&name),
        }
    }

    /// Values of which only some are modelled.
    fn is_known_value(&self, value: &str) -> bool {
        match self.name {
            "backend-protocol" => ["HTTP", "HTTPS"].iter().any(|known| known.eq_ignore_ascii_case(value)),
            "permanent-redirect" | "temporal-redirect" => value.starts_with("http"),
            "permanent-redirect-code" | "temporal-redirect-code" => value.parse::<u16>().is_ok(),
            "app-root" | "rewrite-target" => value.starts_with('/'),
            "proxy-body-size" => size(value),
            "proxy-request-buffering" => matches!(value, "on" | "off"),
            "proxy-http-version" => matches!(value, "1.0" | "1.1"),
            "satisfy" => matches!(value, "any" | "all"),
            "allowlist-source-range" | "whitelist-source-range" | "denylist-source-range" => {
                value.split(',').all(|range| super::location::network(range.trim()).is_some())
            }
            _ => true,
        }
    }
}

/// `^\d+[kKmMgG]?$`: what else is given the controller leaves out.
fn size(value: &str) -> bool {
    let digits = value.strip_suffix(['k', 'K', 'm', 'M', 'g', 'G']).unwrap_or(value);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Go's `strconv.ParseBool`.
pub(super) fn truth(value: &str) -> Option<bool> {
    match value {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}
