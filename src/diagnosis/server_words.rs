//! Fixes and causes in the words of the server that is in use: its own options, or the wrapper in the app's code where it
//! has none.
//!
//! What is said is asked of the server's model first, so that no option is offered that a server does not have or does
//! not heed.

use super::shown;
use crate::asgi::Release;
use crate::asgi::server::{HeaderUse, Program, RootPathUse, Server};

/// Since when uvicorn's trust list takes networks.
const NETWORKS: Release = Release::new(0, 31, 0);

/// The server of a set-up, as sentences speak of it.
#[derive(Clone, Copy)]
pub(crate) struct ServerWords<'a>(pub(crate) &'a Server);

impl ServerWords<'_> {
    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        self.0.program().name()
    }

    /// The option that takes the root path, with its dashes.
    pub(crate) fn root_option(self) -> String {
        format!("--{}", self.0.program().root_path_option())
    }

    /// How to start it with this root path; `None` if it would not heed it.
    pub(crate) fn with_root(self, root: &str) -> Option<String> {
        let heeded = self.0.root_path_use() != RootPathUse::Ignored;
        heeded.then(|| format!("{} {} {}", self.name(), self.root_option(), shown::text(root)))
    }

    /// How to start it without the root path it has.
    pub(crate) fn without_root(self, root: &str) -> String {
        format!("{} without {} {}", self.name(), self.root_option(), shown::text(root))
    }

    /// How to make it believe this peer's forwarding headers, an address or a word for one.
    pub(crate) fn believe(self, peer: &str) -> String {
        let networks =
            if self.0.version < NETWORKS { "networks only since 0.31" } else { "or a network, 172.18.0.0/16" };
        match self.0.program() {
            Program::Uvicorn => {
                format!("uvicorn --forwarded-allow-ips {peer}  (or FORWARDED_ALLOW_IPS={peer}; {networks})")
            }
            Program::Gunicorn => {
                format!("gunicorn --forwarded-allow-ips {peer}  (or FORWARDED_ALLOW_IPS={peer})")
            }
            Program::Granian => {
                format!("granian, in the app's code: wrap_asgi_with_proxy_headers(app, trusted_hosts=\"{peer}\")")
            }
            // They ask nobody's address: what is missing is that they read the headers at all.
            Program::Hypercorn | Program::Daphne => self.read_headers(),
        }
    }

    /// How to make it read forwarding headers at all.
    pub(crate) fn read_headers(self) -> String {
        match self.0.program() {
            Program::Uvicorn => "uvicorn without --no-proxy-headers".to_owned(),
            Program::Hypercorn => {
                "hypercorn, in the app's code: ProxyFixMiddleware(app, mode=\"legacy\", trusted_hops=1)".to_owned()
            }
            Program::Daphne => {
                "daphne --proxy-headers, on a port that only the proxy reaches (it believes everybody)".to_owned()
            }
            Program::Granian => {
                "granian, in the app's code: wrap_asgi_with_proxy_headers(app, trusted_hosts=\"<the proxy's address>\")"
                    .to_owned()
            }
            Program::Gunicorn => "gunicorn --forwarded-allow-ips <the proxy's address>".to_owned(),
        }
    }

    /// Why it reads no forwarding headers of anyone, as one sentence.
    pub(crate) fn reads_nothing(self) -> String {
        match self.0.program() {
            Program::Uvicorn => {
                "The server was started with --no-proxy-headers and reads no X-Forwarded-Proto.".to_owned()
            }
            Program::Hypercorn => {
                "hypercorn reads no X-Forwarded-Proto unless ProxyFixMiddleware is around the app.".to_owned()
            }
            Program::Daphne => {
                "daphne reads no X-Forwarded-Proto unless it is started with --proxy-headers.".to_owned()
            }
            Program::Granian => {
                "granian reads no X-Forwarded-Proto unless wrap_asgi_with_proxy_headers is around the app.".to_owned()
            }
            Program::Gunicorn => "gunicorn reads no X-Forwarded-Proto.".to_owned(),
        }
    }

    /// The trust setting that makes matters worse.
    pub(crate) fn believe_everyone(self) -> String {
        let option = match self.0.program() {
            Program::Uvicorn | Program::Gunicorn => "--forwarded-allow-ips '*'",
            Program::Granian => "trusted_hosts=\"*\"",
            Program::Hypercorn => "a trusted_hops larger than the number of proxies",
            Program::Daphne => "--proxy-headers",
        };
        format!("{option} where others reach the port: anyone can then forge client and scheme")
    }

    /// Why `X-Forwarded-Host` alone does not help; `None` if this server uses it.
    pub(crate) fn forwarded_host(self) -> Option<String> {
        match self.0.reading("x-forwarded-host", &[b"example.org"], true) {
            HeaderUse::Used | HeaderUse::Unknown(_) => None,
            _ if self.0.program() == Program::Hypercorn => {
                Some("X-Forwarded-Host alone: hypercorn reads it through ProxyFixMiddleware only".to_owned())
            }
            _ => Some(format!("X-Forwarded-Host alone: {} does not read it", self.name())),
        }
    }

    /// What it wants `X-Forwarded-Proto` to be, as one clause.
    pub(crate) fn wanted_scheme(self) -> String {
        match self.0.program() {
            Program::Hypercorn => "ProxyFixMiddleware takes one entry, counted from the right, as it is".to_owned(),
            Program::Daphne => "daphne takes it as it is".to_owned(),
            Program::Gunicorn => {
                "gunicorn -k asgi wants exactly https, uvicorn's worker one lower-case word".to_owned()
            }
            Program::Uvicorn | Program::Granian => format!("{} wants exactly one lower-case word", self.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_server_is_offered_an_option_that_it_does_not_have() {
        for program in Program::ALL {
            let server = Server::new(program, None);
            let words = ServerWords(&server);
            let told = [
                words.with_root("/p").unwrap_or_default(),
                words.without_root("/p"),
                words.believe("192.0.2.1"),
                words.read_headers(),
                words.reads_nothing(),
                words.believe_everyone(),
            ];
            let text = told.join(" ");
            assert!(text.contains(program.name()), "{text}");
            let options = text.split(' ').filter_map(|word| word.strip_prefix("--"));
            for option in options.map(|option| option.trim_end_matches(['.', ',', ':'])) {
                let own = option.strip_prefix("no-").unwrap_or(option);
                let known = program.options();
                assert!(known.is_empty() || known.iter().any(|known| known.name == own), "{program}: --{option}");
            }
        }
    }

    #[test]
    fn networks_are_promised_to_releases_that_take_them() {
        let believe = |name| ServerWords(&Server::named(name).unwrap()).believe("10.0.0.1");
        assert!(believe("uvicorn@0.54").contains("172.18.0.0/16"));
        assert!(believe("uvicorn@0.30").contains("networks only since 0.31"));
    }
}
