//! Where clients are sent: `Location` made absolute, and the rewriting of `Location` and `Refresh` of upstreams.
//!
//! Source: `ngx_http_header_filter` (`ngx_http_header_filter_module.c`), `ngx_http_proxy_rewrite_redirect` and the handlers
//! it calls (`ngx_http_proxy_module.c`), 1.22.1.

use super::settings::{Pattern, Rewriting};
use super::visit::Visit;
use crate::gateway::StepKind;

/// A `Location` that nginx has set: one that begins with a slash gets scheme, host and port in front.
pub(super) fn absolute(visit: &Visit, location: Vec<u8>) -> Vec<u8> {
    let settings = visit.settings();
    if !settings.absolute_redirect || location.first() != Some(&b'/') {
        return location;
    }
    let (scheme, usual) = if visit.tls { ("https://", 443) } else { ("http://", 80) };
    let mut out = scheme.as_bytes().to_vec();
    if settings.server_name_in_redirect {
        out.extend_from_slice(&visit.server().name);
    } else if visit.head.server.is_empty() {
        out.extend_from_slice(visit.local.ip().to_string().as_bytes());
    } else {
        out.extend_from_slice(&visit.head.server);
    }
    let port = visit.local.port();
    if settings.port_in_redirect && port != usual {
        out.extend_from_slice(format!(":{port}").as_bytes());
    }
    out.extend_from_slice(&location);
    out
}

/// How a text is compared with a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compare {
    /// The rule's text is its start; the rest stays.
    Start,
    /// The rule's text is all of it, case and a dot before it ignored.
    Domain,
}

/// What the first rule that fits makes of `value`, the part before `from` left alone. `None` if none fits.
///
/// A rule whose texts cannot be known is a doubt, and taken not to fit.
pub(super) fn rewrite(
    visit: &mut Visit,
    rules: &[Rewriting],
    value: &[u8],
    from: usize,
    compare: Compare,
) -> Option<Vec<u8>> {
    let (before, text) = value.split_at_checked(from)?;
    for rule in rules {
        let Some((kept, rest)) = fits(visit, &rule.from, text, compare) else { continue };
        let to = rule.to.fill(visit);
        let to = visit.known(to);
        let new = [before, kept, &to, rest].concat();
        let what = format!("{}: {} → {}", rule.text, value.escape_ascii(), new.escape_ascii());
        visit.step(StepKind::Response, what, &rule.place);
        return Some(new);
    }
    None
}

/// What stays in front of the part that a rule replaces, and behind it.
fn fits<'a>(visit: &mut Visit, from: &Pattern, text: &'a [u8], compare: Compare) -> Option<(&'a [u8], &'a [u8])> {
    match from {
        Pattern::Regex(regex) => visit.matches(regex, text).then_some((b"".as_slice(), b"".as_slice())),
        Pattern::Text(pattern) => {
            let pattern = pattern.fill(visit);
            let pattern = visit.known(pattern);
            match compare {
                Compare::Start => text.strip_prefix(pattern.as_slice()).map(|rest| (b"".as_slice(), rest)),
                Compare::Domain => {
                    let (dot, name) = text.split_at(usize::from(text.first() == Some(&b'.')));
                    name.eq_ignore_ascii_case(&pattern).then_some((dot, b"".as_slice()))
                }
            }
        }
    }
}

/// Where the URL of a `Refresh` begins.
pub(super) fn url_of_refresh(value: &[u8]) -> Option<usize> {
    value.windows(4).position(|part| part.eq_ignore_ascii_case(b"url=")).map(|at| at + 4)
}
