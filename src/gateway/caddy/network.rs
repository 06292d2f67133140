//! Addresses as Caddy writes them: `host:port`, `tcp/host:port`, `unix//path`. Caddy 2.11, `listeners.go`.

use crate::gateway::go;

/// The parts of an address, each of which may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Network {
    /// `tcp`, `unix` …
    pub(super) kind: String,
    pub(super) host: String,
    pub(super) port: String,
}

impl Network {
    /// `SplitNetworkAddress`: what cannot be split is all host.
    pub(super) fn split(text: &str) -> Self {
        let (kind, rest) = match text.split_once('/') {
            Some((kind, rest)) => (kind.trim().to_ascii_lowercase(), rest),
            None => (String::new(), text),
        };
        if is_path(&kind) {
            return Self { kind, host: rest.to_owned(), port: String::new() };
        }
        match go::split_host_port(rest.as_bytes()) {
            Some((host, port)) => Self { kind, host: lossy(host), port: lossy(port) },
            None => Self { kind, host: rest.trim_matches(['[', ']']).to_owned(), port: String::new() },
        }
    }

    /// `JoinNetworkAddress`
    pub(super) fn join(&self) -> String {
        let slash = if self.kind.is_empty() { "" } else { "/" };
        let address = if self.port.is_empty() || is_path(&self.kind) {
            self.host.clone()
        } else if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        };
        format!("{}{slash}{address}", self.kind)
    }
}

/// True for a network whose addresses are paths.
fn is_path(network: &str) -> bool {
    matches!(network, "unix" | "unix+h2c" | "unixgram" | "unixpacket" | "fd" | "fdgram")
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for (text, kind, host, port, joined) in [
            ("localhost:80", "", "localhost", "80", "localhost:80"),
            ("::1", "", "::1", "", "::1"),
            ("[::1]:80", "", "::1", "80", "[::1]:80"),
            ("unix//run/a.sock", "unix", "/run/a.sock", "", "unix//run/a.sock"),
            ("tcp4/h:1", "tcp4", "h", "1", "tcp4/h:1"),
            (":80", "", "", "80", ":80"),
            ("{x}", "", "{x}", "", "{x}"),
        ] {
            let address = Network::split(text);
            let parts = (address.kind.as_str(), address.host.as_str(), address.port.as_str());
            assert_eq!(parts, (kind, host, port), "{text}");
            assert_eq!(address.join(), joined);
        }
    }
}
