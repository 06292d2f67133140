//! The block of a location, as the controller's template writes it.
//!
//! `rootfs/etc/nginx/template/nginx.tmpl` and `internal/ingress/controller/template/template.go` of ingress-nginx 1.15. The
//! redirect to HTTPS is Lua's there and runs after all directives of the rewrite module: here it stands before the one
//! `rewrite` that the controller writes, which cannot change where it leads.

use std::net::IpAddr;

use super::annotations::{Annotation, Annotations};
use super::hosts::{CATCH_ALL, Host, Location};
use super::objects::{Objects, Port};
use super::settings::Settings;
use super::{said, words};
use crate::gateway::ConfigError;
use crate::gateway::nginx::tree::Directive;

/// What locations are written with.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    pub(super) objects: &'a Objects<'a>,
    pub(super) settings: &'a Settings<'a>,
}

impl Writer<'_> {
    /// The block of a location of a host. With `regex` its path is a regular expression, whatever its type says.
    ///
    /// # Errors
    /// nginx refuses a piece of its own configuration in an annotation.
    pub(super) fn location(
        &self,
        host: &Host<'_>,
        location: &Location<'_>,
        regex: bool,
    ) -> Result<Directive, ConfigError> {
        let none = Annotations::default();
        let annotations = location.ingress.map_or(&none, |ingress| &ingress.annotations);
        let rewriting = location.rewriting().unwrap_or(&none);
        let mut inside = location.doubts.clone();
        inside.extend(annotations.doubts());
        self.access(location, annotations, &mut inside)?;
        inside.extend(cors(annotations)?);
        self.fields(location, annotations, &mut inside);
        self.proxying(annotations, &mut inside)?;
        let snippets = self.snippets(annotations)?;
        let turns = snippets.iter().any(turns_aside);
        inside.extend(snippets);
        if let Some(given) = annotations.get("satisfy") {
            inside.push(Directive::simple("satisfy", &[&given.value], given.place));
        }
        if let Some(given) = rewriting.set("relative-redirects") {
            inside.push(Directive::simple("absolute_redirect", &["off"], given.place));
        }
        inside.extend(redirect(rewriting));
        if let Some(redirect) = self.to_https(host, location, rewriting)? {
            if turns {
                let what = "a snippet that rewrites, and a redirect to HTTPS after it";
                inside.push(Directive::simple(what, &[], &redirect.place));
            }
            inside.push(redirect);
        }
        self.pass(location, rewriting, &mut inside);
        let args: Vec<String> = match (regex, location.exact) {
            (true, _) => vec!["~*".to_owned(), format!("^{}", location.path)],
            (false, true) => vec!["=".to_owned(), location.path.clone()],
            (false, false) => vec![location.path.clone()],
        };
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        Ok(Directive::simple("location", &args, location.place).with_block(inside))
    }

    /// Who may pass.
    fn access(
        &self,
        location: &Location<'_>,
        annotations: &Annotations<'_>,
        out: &mut Vec<Directive>,
    ) -> Result<(), ConfigError> {
        let before = out.len();
        let allowed = annotations.get("allowlist-source-range").or_else(|| annotations.get("whitelist-source-range"));
        for (given, key, verb) in [
            (annotations.get("denylist-source-range"), "denylist-source-range", "deny"),
            (allowed, "whitelist-source-range", "allow"),
        ] {
            let default = || self.settings.text(key).filter(|_| location.ingress.is_some());
            let list = given.map(|given| (given.value.as_str(), given.place));
            let Some((list, place)) = list.or_else(|| Some((default()?, self.settings.place(key)))) else { continue };
            for range in list.split(',').filter_map(|range| network(range.trim())) {
                out.push(Directive::simple(verb, &[&range], place));
            }
            if verb == "allow" {
                out.push(Directive::simple("deny", &["all"], place));
            }
        }
        let basic = annotations.get("auth-type").filter(|given| given.value == "basic");
        if let Some(given) = basic.filter(|_| !self.settings.lists("no-auth-locations", &location.path)) {
            if annotations.get("auth-secret").is_none() {
                out.push(Directive::simple("auth-type without auth-secret", &[], given.place));
            }
            let realm = annotations.get("auth-realm").map_or("", |realm| realm.value.as_str());
            let realm = if realm.is_empty() { "Authentication Required" } else { realm };
            out.push(Directive::simple("auth_basic", &[realm], given.place));
            out.extend(said("proxy_set_header Authorization \"\";", given.place)?);
        }
        if location.backend.is_none() && out.len() > before {
            // Its 404 stands for an upstream's, which comes after who may pass.
            out.push(Directive::simple("the default backend, behind a list of who may pass", &[], location.place));
        }
        Ok(())
    }

    /// The fields that are sent on.
    fn fields(&self, location: &Location<'_>, annotations: &Annotations<'_>, out: &mut Vec<Directive>) {
        let place = location.ingress.map_or(location.place, |ingress| ingress.place);
        let field = |name: &str, value: &str, place| Directive::simple("proxy_set_header", &[name, value], place);
        let either = |annotation: &str, name: &str, value: &str| match annotations.get(annotation) {
            Some(given) => field(name, &given.value, given.place),
            None => field(name, value, place),
        };
        out.push(either("upstream-vhost", "Host", "$best_http_host"));
        out.push(field("Upgrade", "$http_upgrade", place));
        out.push(either("connection-proxy-header", "Connection", "$connection_upgrade"));
        let settings = self.settings;
        let full = settings.forwarded() && settings.flag("compute-full-forwarded-for", false);
        let client = if full { "$full_x_forwarded_for" } else { "$remote_addr" };
        out.extend(
            [
                ("X-Request-ID", "$req_id"),
                ("X-Real-IP", "$remote_addr"),
                ("X-Forwarded-For", client),
                ("X-Forwarded-Host", "$best_http_host"),
                ("X-Forwarded-Port", "$pass_port"),
                ("X-Forwarded-Proto", "$pass_access_scheme"),
                ("X-Forwarded-Scheme", "$pass_access_scheme"),
            ]
            .map(|(name, value)| field(name, value, place)),
        );
        let original = "proxy-add-original-uri-header";
        if settings.flag(original, false) {
            out.push(field("X-Original-URI", "$request_uri", settings.place(original)));
        }
        out.push(field("X-Scheme", "$pass_access_scheme", place));
        let (given_for, given_host) = (
            settings.variable("forwarded-for-header", "X-Forwarded-For"),
            settings.variable("forwarded-host-header", "X-Forwarded-Host"),
        );
        out.push(field("X-Original-Forwarded-For", &given_for, place));
        out.push(field("X-Original-Forwarded-Host", &given_host, place));
        out.push(field("Proxy", "", place));
        out.extend(settings.headers());
    }

    /// How it is sent on, and what becomes of the response.
    fn proxying(&self, annotations: &Annotations<'_>, out: &mut Vec<Directive>) -> Result<(), ConfigError> {
        for (name, directive) in [
            ("proxy-body-size", "client_max_body_size"),
            ("proxy-http-version", "proxy_http_version"),
            ("proxy-request-buffering", "proxy_request_buffering"),
            ("proxy-cookie-domain", "proxy_cookie_domain"),
            ("proxy-cookie-path", "proxy_cookie_path"),
        ] {
            if let Some(given) = annotations.get(name) {
                out.push(words(directive, &given.value, given.place)?);
            } else if let Some(value) = self.settings.text(name) {
                out.push(words(directive, value, self.settings.place(name))?);
            } else if name == "proxy-http-version" {
                out.push(words(directive, "1.1", self.settings.place(name))?);
            }
        }
        Ok(())
    }

    /// Pieces of nginx's configuration.
    fn snippets(&self, annotations: &Annotations<'_>) -> Result<Vec<Directive>, ConfigError> {
        let own = annotations.get("configuration-snippet").map(|given| self.snippet(given)).transpose()?;
        let mut all = own.unwrap_or_default();
        all.extend(self.settings.snippet("location-snippet")?);
        Ok(all)
    }

    /// A piece of nginx's configuration, if annotations may hold some.
    ///
    /// # Errors
    /// nginx does not start with it.
    pub(super) fn snippet(&self, given: &Annotation<'_>) -> Result<Vec<Directive>, ConfigError> {
        match self.settings.allows_snippets() {
            Some(true) => said(&given.value, given.place),
            Some(false) => Ok(Vec::new()),
            None => {
                let what = format!("{} that only allow-snippet-annotations of the ConfigMap lets in", given.name);
                Ok(vec![Directive::simple(&what, &[], given.place)])
            }
        }
    }

    /// The redirect to HTTPS (`lua_ingress.rewrite`).
    fn to_https(
        &self,
        host: &Host<'_>,
        location: &Location<'_>,
        annotations: &Annotations<'_>,
    ) -> Result<Option<Directive>, ConfigError> {
        let settings = self.settings;
        // The catch-all where no object has a word in it has none of the defaults either.
        if !location.rewrites
            || location.ingress.is_none()
            || settings.lists("no-tls-redirect-locations", &location.path)
        {
            return Ok(None);
        }
        let flag = |name: &str, default| annotations.flag(name).unwrap_or_else(|| settings.flag(name, default));
        let place = |name: &str| match (annotations.get(name), location.ingress) {
            (Some(given), _) => given.place,
            (None, Some(ingress)) if settings.text(name).is_none() => ingress.place,
            _ => settings.place(name),
        };
        let (condition, place) = if flag("force-ssl-redirect", false) {
            ("$pass_access_scheme = http", place("force-ssl-redirect"))
        } else if flag("ssl-redirect", true) && (host.certificate || host.name == CATCH_ALL || host.shadowed) {
            ("$redirect_to_https", place("ssl-redirect"))
        } else {
            return Ok(None);
        };
        let port = if flag("use-port-in-redirects", false) { ":443" } else { "" };
        let uri = if flag("preserve-trailing-slash", false) { "$request_uri" } else { "$redirect_uri" };
        let code = settings.redirect_code();
        let text = format!("if ({condition}) {{ return {code} https://$redirect_host{port}{uri}; }}");
        Ok(said(&text, place)?.into_iter().next())
    }

    /// Where it is sent.
    fn pass(&self, location: &Location<'_>, annotations: &Annotations<'_>, out: &mut Vec<Directive>) {
        let (Some(ingress), Some(backend)) = (location.ingress, location.backend) else {
            out.push(Directive::simple("return", &["404"], location.place));
            return;
        };
        if let Some(target) = location.target() {
            let pattern = format!("(?i){}", location.path);
            out.push(Directive::simple("rewrite", &[&pattern, &target.value, "break"], target.place));
            if let Some(prefix) = annotations.get("x-forwarded-prefix") {
                let args = ["X-Forwarded-Prefix", &prefix.value];
                out.push(Directive::simple("proxy_set_header", &args, prefix.place));
            }
        }
        let port = self.objects.port(ingress.namespace, &backend).unwrap_or_else(|| {
            if let Port::Name(name) = backend.port {
                let what = format!("port {name} of the service {}, which is not among the files", backend.service);
                out.push(Directive::simple(&what, &[], backend.place));
            }
            80
        });
        let tls =
            ingress.annotations.get("backend-protocol").is_some_and(|given| given.value.eq_ignore_ascii_case("HTTPS"));
        let url = format!("{}://{}:{port}", if tls { "https" } else { "http" }, backend.service);
        out.push(Directive::simple("proxy_pass", &[&url], backend.place));
        out.push(proxy_redirect(location, &ingress.annotations));
    }
}

/// What becomes of `Location`. All services go by one name there, which no response has: nginx's own rule is about it.
fn proxy_redirect(location: &Location<'_>, annotations: &Annotations<'_>) -> Directive {
    let from = annotations.get("proxy-redirect-from");
    let to = annotations.get("proxy-redirect-to").map_or("off", |given| given.value.as_str());
    match from {
        None => {
            let place = location.ingress.map_or(location.place, |ingress| ingress.place);
            Directive::simple("proxy_redirect", &["off"], place)
        }
        Some(from) if from.value == "off" => Directive::simple("proxy_redirect", &["off"], from.place),
        Some(from) if from.value == "default" || to == "off" => {
            Directive::simple("proxy_redirect", &["http://upstream_balancer/", "/"], from.place)
        }
        Some(from) => Directive::simple("proxy_redirect", &[&from.value, to], from.place),
    }
}

/// `permanent-redirect` and `temporal-redirect`: the latter goes first.
fn redirect(annotations: &Annotations<'_>) -> Option<Directive> {
    let code = |name: &str, default: &str, last: u16| {
        let given = annotations.get(name).and_then(|given| given.value.parse().ok());
        given
            .filter(|code| (300..=last).contains(code))
            .map_or_else(|| default.to_owned(), |code: u16| code.to_string())
    };
    let (given, code) = match annotations.get("temporal-redirect") {
        Some(given) => (given, code("temporal-redirect-code", "302", 307)),
        None => (annotations.get("permanent-redirect")?, code("permanent-redirect-code", "301", 308)),
    };
    Some(Directive::simple("return", &[&code, &given.value], given.place))
}

/// `enable-cors`: a request by OPTIONS is answered here. The fields of the answer are not modelled.
fn cors(annotations: &Annotations<'_>) -> Result<Vec<Directive>, ConfigError> {
    let Some(cors) = annotations.set("enable-cors") else { return Ok(Vec::new()) };
    let origins = annotations.get("cors-allow-origin");
    let list = origins.map_or("*", |given| given.value.as_str());
    let list: Vec<&str> = list.split(',').map(str::trim).filter(|origin| !origin.is_empty()).collect();
    if list.contains(&"*") {
        return said("if ($request_method = OPTIONS) { return 204; }", cors.place);
    }
    let pattern = |origin: &&str| format!("({})", origin.replace('.', r"\.").replacen('*', r"[A-Za-z0-9\-]+", 1));
    let pattern = format!("({})$", list.iter().map(pattern).collect::<Vec<_>>().join("|"));
    let set = |value: &str| Directive::simple("set", &["$cors", value], cors.place);
    let test = ["($http_origin", "~*", &format!("{pattern})")];
    let place = origins.map_or(cors.place, |given| given.place);
    let mut lines = vec![set(""), Directive::simple("if", &test, place).with_block(vec![set("true")])];
    lines.extend(said(
        "if ($request_method = OPTIONS) { set $cors ${cors}options; } if ($cors = trueoptions) { return 204; }",
        cors.place,
    )?);
    Ok(lines)
}

/// True if the rewrite module stops at it, or goes on elsewhere.
fn turns_aside(directive: &Directive) -> bool {
    matches!(directive.name.as_str(), "rewrite" | "break") || directive.inside().iter().any(turns_aside)
}

/// An address or a network as the controller writes it (`ParseIPNets`, `internal/net`): without the bits that the mask
/// covers.
pub(super) fn network(text: &str) -> Option<String> {
    let Some((address, bits)) = text.split_once('/') else {
        return Some(text.parse::<IpAddr>().ok()?.to_string());
    };
    let (address, bits): (IpAddr, u32) = (address.parse().ok()?, bits.parse().ok()?);
    let masked: IpAddr = match address {
        IpAddr::V4(address) if bits <= 32 => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            std::net::Ipv4Addr::from(u32::from(address) & mask).into()
        }
        IpAddr::V6(address) if bits <= 128 => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            std::net::Ipv6Addr::from(u128::from(address) & mask).into()
        }
        _ => return None,
    };
    Some(format!("{masked}/{bits}"))
}
