//! Where the names of a configuration are found from here.
//!
//! A configuration is mostly written for another place: `http://api:8000` is a container, `unix:/run/app.sock` another
//! machine's. Whoever serves by it here says where each of them is (`--map api:8000=127.0.0.1:8000`); the head that is sent
//! on still names what the configuration names.

use std::fmt;

use super::{Destination, Upstream};
use crate::redirect::split_port;

/// One name and where it is: `api:8000=127.0.0.1:8000`, `api=127.0.0.1`, `unix:/run/app.sock=127.0.0.1:8000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    from: End,
    to: End,
}

/// One side of a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    Host { host: String, port: Option<u16> },
    Unix(String),
}

impl Mapping {
    /// Reads `NAME[:PORT]=ADDRESS[:PORT]`; either side may be `unix:PATH`.
    ///
    /// # Errors
    /// A sentence that says what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let example = "write NAME:PORT=ADDRESS:PORT, e.g. api:8000=127.0.0.1:8000";
        let (from, to) = text.split_once('=').ok_or(example)?;
        let mapping = Self { from: End::parse(from)?, to: End::parse(to)? };
        match (&mapping.from, &mapping.to) {
            (End::Unix(_), End::Host { port: None, .. }) => {
                Err("a socket's place needs a port, e.g. =127.0.0.1:8000".to_owned())
            }
            _ => Ok(mapping),
        }
    }

    fn takes(&self, to: &Destination) -> bool {
        match (&self.from, to) {
            (End::Host { host, port }, Destination::Http(to) | Destination::Https(to)) => {
                host.eq_ignore_ascii_case(&to.host) && port.is_none_or(|port| port == to.port)
            }
            (End::Unix(from), Destination::Unix(path)) => from == path,
            _ => false,
        }
    }

    /// True if it says which port it is about: it goes before one that takes all.
    fn is_exact(&self) -> bool {
        !matches!(self.from, End::Host { port: None, .. })
    }

    fn apply(&self, to: &Destination) -> Destination {
        let (host, port) = match &self.to {
            End::Unix(path) => return Destination::Unix(path.clone()),
            End::Host { host, port } => (host, port),
        };
        let place = |asked: u16| Upstream { host: host.clone(), port: port.unwrap_or(asked) };
        match to {
            Destination::Http(to) => Destination::Http(place(to.port)),
            Destination::Https(to) => Destination::Https(place(to.port)),
            Destination::Unix(_) => Destination::Http(place(80)),
        }
    }
}

impl End {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no place: write NAME:PORT, ADDRESS:PORT or unix:PATH");
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.is_empty() { Err(wrong()) } else { Ok(Self::Unix(path.to_owned())) };
        }
        if text.contains(|c: char| c.is_whitespace() || matches!(c, '/' | '@' | '?' | '#')) {
            return Err(wrong());
        }
        let (host, port) = split_port(text.as_bytes());
        if port.is_none() && host.len() != text.len() {
            return Err(wrong());
        }
        let host = String::from_utf8_lossy(host);
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&host);
        if host.is_empty() { Err(wrong()) } else { Ok(Self::Host { host: host.to_owned(), port }) }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{path}"),
            Self::Host { host, port } => {
                if host.contains(':') {
                    write!(f, "[{host}]")?;
                } else {
                    f.write_str(host)?;
                }
                port.map_or(Ok(()), |port| write!(f, ":{port}"))
            }
        }
    }
}

/// `api:8000=127.0.0.1:8000`
impl fmt::Display for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.from, self.to)
    }
}

/// The places of names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(Vec<Mapping>);

impl Names {
    /// With these mappings; of two that take the same, the one that names a port goes first, then the one written first.
    pub fn new(mut mappings: Vec<Mapping>) -> Self {
        mappings.sort_by_key(|mapping| !mapping.is_exact());
        Self(mappings)
    }

    /// Where a destination of the configuration is from here; itself if nothing is said of it.
    pub fn find(&self, to: &Destination) -> Destination {
        self.mapping(to).map_or_else(|| to.clone(), |mapping| mapping.apply(to))
    }

    /// True if something is said of it.
    pub fn knows(&self, to: &Destination) -> bool {
        self.mapping(to).is_some()
    }

    fn mapping(&self, to: &Destination) -> Option<&Mapping> {
        self.0.iter().find(|mapping| mapping.takes(to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(all: &[&str]) -> Names {
        Names::new(all.iter().map(|text| Mapping::parse(text).unwrap()).collect())
    }

    fn http(host: &str, port: u16) -> Destination {
        Destination::Http(Upstream { host: host.to_owned(), port })
    }

    #[test]
    fn a_name_is_found_where_it_is_said_to_be() {
        let names =
            names(&["api=127.0.0.1", "API:8000=[::1]:9000", "unix:/run/app.sock=127.0.0.1:8001", "web=unix:/tmp/web"]);
        for (asked, found) in [
            (http("api", 8000), "[::1]:9000"),
            (http("api", 8080), "127.0.0.1:8080"),
            (http("other", 80), "other:80"),
            (http("web", 80), "unix:/tmp/web"),
            (Destination::Unix("/run/app.sock".to_owned()), "127.0.0.1:8001"),
            (Destination::Https(Upstream { host: "api".to_owned(), port: 443 }), "https://127.0.0.1:443"),
        ] {
            assert_eq!(names.find(&asked).to_string(), found, "{asked}");
            assert_eq!(names.knows(&asked), found != "other:80", "{asked}");
        }
    }

    #[test]
    fn what_is_no_mapping_is_refused() {
        for text in ["api", "=1", "api=", "api:x=1", "http://api=1.2.3.4", "unix:=1:2", "unix:/a=host"] {
            assert!(Mapping::parse(text).is_err(), "{text}");
        }
        assert_eq!(Mapping::parse("api:8000=[::1]:9000").unwrap().to_string(), "api:8000=[::1]:9000");
    }
}
