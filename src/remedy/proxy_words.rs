//! A change at a proxy whose files were not read, in the words of its configuration.
//!
//! Sources: the documentation of nginx 1.29, Traefik 3.7, Caddy 2.11, `HAProxy` 3.2 and Apache httpd 2.4 on the directives
//! that are named.

use crate::diagnosis::shown;
use crate::diagnosis::wording::Proxy;
use crate::gateway::Change;

/// What to write; `None` if this proxy has nothing for it.
pub(super) fn line(proxy: Proxy, change: &Change) -> Option<String> {
    match change {
        Change::Path { prefix, to } if to.is_empty() => Some(proxy.strip(prefix)),
        Change::Path { prefix, to } if to == prefix => Some(proxy.keep(prefix)),
        Change::Path { prefix, to } => replace(proxy, &shown::text(prefix), &shown::text(to)),
        Change::PassHost => Some(proxy.pass_host()),
        Change::SendScheme => Some(proxy.send_scheme()),
        Change::Take(path) => Some(proxy.add_rule(path)),
        Change::TakeHost { host, prefix } => Some(proxy.add_host(host, prefix)),
        Change::PassQuery => Some(proxy.pass_query().to_owned()),
        Change::SendPrefix(prefix) => Some(send_prefix(proxy, &shown::text(prefix))),
        Change::SlashAtMount(mount) => slash_at_mount(proxy, &shown::text(mount)),
        Change::MendLocation(prefix) => mend_location(proxy, &shown::text(prefix)),
        Change::CookiePath { from, to } => cookie_path(proxy, &shown::text(from), &shown::text(to)),
        Change::TrustFront(front) => Some(proxy.believe_front(front)),
        Change::SendFor => in_words(proxy, SEND_FOR),
        Change::Upgrade => in_words(proxy, UPGRADE),
        Change::LeaveLocation => in_words(proxy, LEAVE_LOCATION),
        Change::RelativeRedirects => in_words(proxy, RELATIVE_REDIRECTS),
    }
}

/// One line for each of nginx, Traefik, Caddy, `HAProxy`, Apache; empty where there is none.
type Words = [&'static str; 5];

const SEND_FOR: Words = [
    "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; in the same location",
    "no X-Forwarded-For in customRequestHeaders (it sends the header by itself)",
    "delete the header_up line for X-Forwarded-For (it sends the header by itself)",
    "option forwardfor in the frontend or the backend",
    "ProxyAddHeaders On (the default), and no RequestHeader for X-Forwarded-For",
];

const UPGRADE: Words = [
    "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\"; in the same \
     location",
    "no Connection or Upgrade in customRequestHeaders (it passes websockets on by itself)",
    "delete the header_up lines for Connection and Upgrade (it passes websockets on by itself)",
    "no http-request del-header Upgrade or Connection, no option httpclose (it passes websockets on by itself)",
    "ProxyPass … upgrade=websocket (2.4.47 and later)",
];

const LEAVE_LOCATION: Words = [
    "proxy_redirect off; in the same location",
    "no middleware that writes Location",
    "delete the header_down line for Location",
    "delete the http-response line that writes Location",
    "delete the ProxyPassReverse line",
];

const RELATIVE_REDIRECTS: Words = ["absolute_redirect off; in the server", "", "", "", ""];

fn in_words(proxy: Proxy, words: Words) -> Option<String> {
    let [nginx, traefik, caddy, haproxy, apache] = words;
    let words = match proxy {
        Proxy::Nginx => nginx,
        Proxy::Traefik => traefik,
        Proxy::Caddy => caddy,
        Proxy::Haproxy => haproxy,
        Proxy::Apache => apache,
        Proxy::Unknown => return Some(format!("the proxy, if it is nginx: {nginx}")),
        Proxy::StandIn => "",
    };
    (!words.is_empty()).then(|| format!("{}: {words}", proxy.name()))
}

fn replace(proxy: Proxy, prefix: &str, to: &str) -> Option<String> {
    Some(match proxy {
        Proxy::Nginx => format!("nginx: location {prefix}/ {{ proxy_pass http://app{to}/; }} (both end in /)"),
        Proxy::Traefik => {
            format!("Traefik: stripPrefix.prefixes = [\"{prefix}\"], and behind it addPrefix.prefix = \"{to}\"")
        }
        Proxy::Caddy => format!("Caddy: handle_path {prefix}/* {{ rewrite * {to}{{uri}} reverse_proxy app }}"),
        Proxy::Haproxy => format!("HAProxy: http-request replace-path {prefix}(/)?(.*) {to}/\\2"),
        Proxy::Apache => format!(
            "Apache: ProxyPass {prefix}/ http://app{to}/ and ProxyPassReverse {prefix}/ http://app{to}/ (all end in /)"
        ),
        Proxy::Unknown => format!("the proxy: {to}/ in the place of {prefix}/, slash and all"),
        Proxy::StandIn => return None,
    })
}

fn send_prefix(proxy: Proxy, prefix: &str) -> String {
    match proxy {
        Proxy::Nginx => format!("nginx: proxy_set_header X-Forwarded-Prefix {prefix}; in the same location"),
        Proxy::Traefik => format!("Traefik: headers.customRequestHeaders.X-Forwarded-Prefix = \"{prefix}\""),
        Proxy::Caddy => format!("Caddy: header_up X-Forwarded-Prefix {prefix} in reverse_proxy"),
        Proxy::Haproxy => format!("HAProxy: http-request set-header X-Forwarded-Prefix {prefix}"),
        Proxy::Apache => format!("Apache: RequestHeader set X-Forwarded-Prefix {prefix}"),
        Proxy::StandIn => format!("hopscope proxy --prefix {prefix} --forward-prefix"),
        Proxy::Unknown => format!("X-Forwarded-Prefix: {prefix} from the proxy"),
    }
}

fn slash_at_mount(proxy: Proxy, mount: &str) -> Option<String> {
    Some(match proxy {
        Proxy::Nginx => format!("nginx: location = {mount} {{ return 301 {mount}/$is_args$args; }}"),
        Proxy::Traefik => format!(
            "Traefik: redirectRegex.regex = \"^(https?://[^/]+{mount})(\\\\?.*)?$\", redirectRegex.replacement = \
             \"${{1}}/${{2}}\" in a middleware of the router, before stripPrefix"
        ),
        Proxy::Caddy => format!("Caddy: redir {mount} {mount}/"),
        Proxy::Haproxy => format!("HAProxy: http-request redirect location {mount}/ if {{ path {mount} }}"),
        Proxy::Apache => format!("Apache: RedirectMatch ^{mount}$ {mount}/"),
        Proxy::Unknown => format!("the proxy: redirect {mount} to {mount}/"),
        Proxy::StandIn => return None,
    })
}

fn mend_location(proxy: Proxy, prefix: &str) -> Option<String> {
    Some(match proxy {
        Proxy::Nginx => format!("as a patch, nginx: proxy_redirect / {prefix}/;"),
        Proxy::Caddy => format!("as a patch, Caddy: header_down Location ^/ {prefix}/"),
        Proxy::Haproxy => format!("as a patch, HAProxy: http-response replace-header Location ^/(.*) {prefix}/\\1"),
        Proxy::Apache => format!("as a patch, Apache: ProxyPassReverse {prefix}/ /"),
        Proxy::Traefik | Proxy::Unknown | Proxy::StandIn => return None,
    })
}

fn cookie_path(proxy: Proxy, from: &str, to: &str) -> Option<String> {
    Some(match proxy {
        Proxy::Nginx => format!("nginx: proxy_cookie_path {from} {to};"),
        Proxy::Caddy => format!("Caddy: header_down Set-Cookie \"Path={from}\" \"Path={to}\""),
        Proxy::Haproxy => {
            format!("HAProxy: http-response replace-header Set-Cookie (.*)Path={from}(;.*)? \\1Path={to}\\2")
        }
        Proxy::Apache => format!("Apache: ProxyPassReverseCookiePath {from} {to}"),
        Proxy::Traefik | Proxy::Unknown | Proxy::StandIn => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_of_a_request_reaches_the_text_raw() {
        let bad = "/a\u{1b}[2J";
        let proxies =
            [Proxy::Nginx, Proxy::Traefik, Proxy::Caddy, Proxy::Haproxy, Proxy::Apache, Proxy::Unknown, Proxy::StandIn];
        let text = || bad.to_owned();
        for proxy in proxies {
            for change in [
                Change::Path { prefix: text(), to: text() },
                Change::Path { prefix: text(), to: String::new() },
                Change::Path { prefix: text(), to: "/x".to_owned() },
                Change::SendPrefix(text()),
                Change::TrustFront(text()),
                Change::MendLocation(text()),
                Change::SlashAtMount(text()),
                Change::CookiePath { from: text(), to: text() },
                Change::Take(text()),
                Change::TakeHost { host: text(), prefix: text() },
            ] {
                let line = line(proxy, &change).unwrap_or_default();
                assert!(!line.contains(char::is_control), "{line:?}");
            }
        }
    }
}
