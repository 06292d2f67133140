//! `proxy_pass`: where a request goes and with which target.
//!
//! Without a URI the target goes out as it came, as long as nothing rewrote it. With one, the location's prefix is
//! replaced in the decoded path. With variables, the URI is what they make, and the request's own is lost.
//!
//! Source: `ngx_http_proxy_pass`, `ngx_http_proxy_eval`, `ngx_http_proxy_set_vars`, `ngx_http_proxy_create_request`
//! (`ngx_http_proxy_module.c`), `ngx_http_upstream_init_request` (`ngx_http_upstream.c`), 1.22.1.

use super::compile::Context;
use super::config::Config;
use super::template::Template;
use super::upstream::{Authority, Choice};
use super::uri::{self, Escape};
use super::visit::Visit;
use crate::gateway::{ConfigError, Destination, NotUnderstood, Place};

/// A `proxy_pass`.
#[derive(Clone, Debug)]
pub(super) struct ProxyPass {
    pub(super) to: To,
    /// The prefix that a URI replaces: the location's name; empty where it has none.
    pub(super) location: Vec<u8>,
    /// The argument as written.
    pub(super) url: Vec<u8>,
    /// The directive as written.
    pub(super) text: String,
    pub(super) place: Place,
    /// A `resolver` is in force, so that names out of variables can be looked up.
    pub(super) resolver: bool,
}

/// Where it goes.
#[derive(Clone, Debug)]
pub(super) enum To {
    /// Always there.
    Fixed(Url),
    /// Where variables say.
    Variable(Template),
}

/// A URL to send to.
#[derive(Clone, Debug)]
pub(super) struct Url {
    pub(super) tls: bool,
    pub(super) authority: Authority,
}

impl Url {
    /// Reads a URL without variables.
    ///
    /// # Errors
    /// What nginx says of it.
    pub(super) fn parse(text: &[u8]) -> Result<Self, &'static str> {
        let after = |scheme: &[u8]| {
            text.split_at_checked(scheme.len())
                .filter(|(start, _)| start.eq_ignore_ascii_case(scheme))
                .map(|(_, rest)| rest)
        };
        let (tls, rest) = match (after(b"http://"), after(b"https://")) {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => return Err("invalid URL prefix"),
        };
        let authority = Authority::parse(rest, if tls { 443 } else { 80 })?;
        Ok(Self { tls, authority })
    }

    /// `$proxy_host`: without the port if that is the scheme's own.
    pub(super) fn proxy_host(&self) -> Vec<u8> {
        let host = &self.authority.host;
        match &self.authority.port_text {
            _ if self.authority.unix => b"localhost".to_vec(),
            Some(port) if self.authority.port != self.default_port() => format!("{host}:{port}").into_bytes(),
            _ => host.clone().into_bytes(),
        }
    }

    /// `$proxy_port`
    pub(super) fn proxy_port(&self) -> Vec<u8> {
        match &self.authority.port_text {
            _ if self.authority.unix => Vec::new(),
            Some(port) if self.authority.port != self.default_port() => port.clone().into_bytes(),
            _ => self.default_port().to_string().into_bytes(),
        }
    }

    fn default_port(&self) -> u16 {
        if self.tls { 443 } else { 80 }
    }
}

impl ProxyPass {
    /// Reads the argument. `location` is the name of the location, empty where it stands for no prefix.
    ///
    /// # Errors
    /// nginx refuses it.
    pub(super) fn compile(
        directive: &super::tree::Directive,
        location: &[u8],
        resolver: bool,
        cx: &mut Context,
    ) -> Result<Self, ConfigError> {
        let [url] = directive.args.as_slice() else { return Err(directive.wrong("it takes one URL")) };
        let to = if url.contains(&b'$') {
            To::Variable(cx.template(directive, url)?)
        } else {
            To::Fixed(Url::parse(url).map_err(|why| directive.wrong(format!("{why} in \"{}\"", directive.text(0))))?)
        };
        Ok(Self {
            to,
            location: location.to_vec(),
            url: url.clone(),
            text: directive.to_string(),
            place: directive.place.clone(),
            resolver,
        })
    }

    /// True if it has a URI and no variables.
    pub(super) fn has_uri(&self) -> bool {
        matches!(&self.to, To::Fixed(url) if !url.authority.uri.is_empty())
    }

    /// Where it may send to, as far as that is written.
    pub(super) fn destinations(&self, config: &Config) -> Vec<Destination> {
        let To::Fixed(url) = &self.to else { return Vec::new() };
        match group(config, &url.authority) {
            Some(group) => group.destinations(url.tls),
            None => vec![url.authority.destination(url.tls)],
        }
    }

    /// Where a request goes and with which target; `None` if nginx answers 502 or 500 by itself: the status.
    pub(super) fn aim(&self, visit: &mut Visit) -> Result<Aim, Failed> {
        let (url, computed) = match &self.to {
            To::Fixed(url) => (url.clone(), false),
            To::Variable(template) => {
                let text = template.fill(visit).map_err(Failed::Unknown)?;
                let mut url = Url::parse(&text).map_err(|_| Failed::Status(500))?;
                if url.authority.uri.first() == Some(&b'?') {
                    url.authority.uri.insert(0, b'/');
                }
                (url, true)
            }
        };
        let target = self.target(visit, &url.authority.uri, computed);
        if target.is_empty() {
            return Err(Failed::Status(500));
        }
        let group = group(&visit.config, &url.authority);
        let more = group.filter(|group| group.has_more()).map(|group| group.place.clone());
        let aim = |to, assumed| Aim { url: url.clone(), to, target, assumed, more };
        let own = || url.authority.destination(url.tls);
        match group.map(|group| group.choose(url.tls)) {
            Some(Choice::One(to)) => Ok(aim(to, None)),
            Some(Choice::Several(to, assumed)) => Ok(aim(to, Some(assumed))),
            Some(Choice::Unknown(doubt)) => Err(Failed::Unknown(doubt)),
            None if !computed || url.authority.is_address() || self.resolver || visit.config.knows(&url.authority) => {
                Ok(aim(own(), None))
            }
            // No server of the group is up, or "no resolver defined to resolve …".
            Some(Choice::None) | None => Err(Failed::Status(502)),
        }
    }

    /// The target that is sent.
    fn target(&self, visit: &Visit, uri: &[u8], computed: bool) -> Vec<u8> {
        if computed && !uri.is_empty() {
            return uri.to_vec();
        }
        if uri.is_empty() && visit.valid_unparsed_uri {
            return visit.head.unparsed_uri.clone();
        }
        let taken = if visit.valid_location && !uri.is_empty() { self.location.len() } else { 0 };
        let rest = visit.uri.get(taken..).unwrap_or_default();
        let mut target = if visit.valid_location { uri.to_vec() } else { Vec::new() };
        if visit.head.quoted_uri || visit.internal {
            target.extend(uri::escape(rest, Escape::Uri));
        } else {
            target.extend_from_slice(rest);
        }
        if !visit.args.is_empty() {
            target.push(b'?');
            target.extend_from_slice(&visit.args);
        }
        target
    }
}

/// The `upstream` block that a host names.
fn group<'a>(config: &'a Config, authority: &Authority) -> Option<&'a super::upstream::Group> {
    if authority.unix || authority.port_text.is_some() {
        return None;
    }
    config.upstreams.get(&authority.host.to_ascii_lowercase())
}

/// Where a request goes.
#[derive(Clone, Debug)]
pub(super) struct Aim {
    pub(super) url: Url,
    pub(super) to: Destination,
    pub(super) target: Vec<u8>,
    /// What is taken for granted where the address is one of several.
    pub(super) assumed: Option<NotUnderstood>,
    /// The group, if there is another server to ask when this one fails.
    pub(super) more: Option<Place>,
}

/// Why it goes nowhere.
#[derive(Clone, Debug)]
pub(super) enum Failed {
    /// nginx answers with this status.
    Status(u16),
    /// It cannot be known.
    Unknown(NotUnderstood),
}
