//! Where `follow` connects: where the URL says, or through a tap whatever the URL says.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::FollowError;
use crate::redirect::Url;

/// Where to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Road {
    /// Where each URL says.
    Direct,
    /// To this host and port, whatever the URL says; the URL's name still goes out in `Host`, and as the name that TLS asks
    /// for.
    Through(String, u16),
    /// The first URL is asked for at the second: what people know as `https://example.com` stands at
    /// `http://127.0.0.1:9998`. Other origins are asked where they say.
    StandsAt(Box<Url>, Box<Url>),
}

/// Why there is no way.
#[derive(Debug, thiserror::Error)]
pub enum RoadError {
    /// The host has no address.
    #[error("{host} has no address: {why}")]
    Lookup {
        /// The host.
        host: String,
        /// What the system says.
        why: String,
    },
}

impl Road {
    /// The URL to connect to for `url`.
    pub(super) fn address(&self, url: &Url) -> Result<reqwest::Url, String> {
        let mut at = url.clone();
        match self {
            Self::Through(host, port) => {
                at.port = Some(*port);
                // A name is looked up below; an address is taken as it is.
                if at.host.parse::<IpAddr>().is_ok() || at.host.starts_with('[') {
                    at.host.clone_from(host);
                }
            }
            Self::StandsAt(known, there) if known.same_origin(url) => {
                (at.scheme, at.host, at.port) = (there.scheme.clone(), there.host.clone(), there.port);
            }
            Self::Direct | Self::StandsAt(..) => {}
        }
        let text = [
            format!("{}://{}", at.scheme, at.host).into_bytes(),
            at.port.map(|port| format!(":{port}")).unwrap_or_default().into_bytes(),
            at.path,
            at.query.map(|query| [b"?", query.as_slice()].concat()).unwrap_or_default(),
        ]
        .concat();
        let text = String::from_utf8(text).map_err(|_| "it is no UTF-8".to_owned())?;
        let address = reqwest::Url::parse(&text).map_err(|error| error.to_string())?;
        match address.scheme() {
            "http" | "https" => Ok(address),
            other => Err(format!("its scheme is {other}, not http or https")),
        }
    }
}

/// Every name has this address.
struct Fixed(Vec<SocketAddr>);

impl Resolve for Fixed {
    fn resolve(&self, _name: Name) -> Resolving {
        let addresses: Addrs = Box::new(self.0.clone().into_iter());
        Box::pin(std::future::ready(Ok(addresses)))
    }
}

/// A client that follows nothing by itself, knows no proxy and no cookies.
pub(super) async fn client(road: &Road, insecure: bool, limit: Duration) -> Result<Client, FollowError> {
    let fixed = match road {
        Road::Through(host, port) => {
            let name = host.trim_start_matches('[').trim_end_matches(']');
            let found = tokio::net::lookup_host((name, *port)).await;
            let found = found.map_err(|error| RoadError::Lookup { host: host.clone(), why: error.to_string() })?;
            Some(Arc::new(Fixed(found.collect())))
        }
        Road::Direct | Road::StandsAt(..) => None,
    };
    let builder = || {
        let builder = super::super::client().timeout(limit).tls_danger_accept_invalid_certs(insecure);
        match &fixed {
            Some(fixed) => builder.dns_resolver(Arc::clone(fixed)),
            None => builder,
        }
    };
    // A machine without certificates of authorities can still go by http.
    builder().build().or_else(|_| builder().tls_certs_only([]).build()).map_err(FollowError::Client)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_url_is_asked_for() {
        let url = |text: &str| Url::absolute(text.as_bytes()).unwrap();
        let stands = Road::StandsAt(Box::new(url("https://x.com")), Box::new(url("http://127.0.0.1:9998")));
        let through = Road::Through("localhost".to_owned(), 9998);
        for (road, asked, address) in [
            (&Road::Direct, "http://x.com/a?b=1", "http://x.com/a?b=1"),
            (&through, "http://x.com/a", "http://x.com:9998/a"),
            (&through, "https://x.com:8443/a", "https://x.com:9998/a"),
            (&through, "http://10.0.0.1/a", "http://localhost:9998/a"),
            (&through, "http://[::1]/a", "http://localhost:9998/a"),
            (&stands, "https://x.com:443/a/?q", "http://127.0.0.1:9998/a/?q"),
            (&stands, "http://x.com/a", "http://x.com/a"),
        ] {
            assert_eq!(road.address(&url(asked)).unwrap().as_str(), address, "{asked}");
        }
        assert!(Road::Direct.address(&url("ftp://x.com/")).unwrap_err().contains("ftp"));
    }
}
