//! The public URL, as `--public-url` gives it.

use std::fmt;

use super::authority::split_port;

/// The public URL people use (`--public-url`), or the one seen in a request: scheme, host, port, path prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    /// `http` or `https`.
    pub scheme: String,
    /// Host name or address, lower case, IPv6 in brackets.
    pub host: String,
    /// Port if written.
    pub port: Option<u16>,
    /// The path prefix without a final slash, empty for none.
    pub prefix: String,
}

impl PublicUrl {
    /// Reads `http(s)://host[:port][/prefix]`.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| format!("{text:?} is no public URL: {what}");
        let (scheme, rest) = text.split_once("://").ok_or_else(|| wrong("it must start with http:// or https://"))?;
        let scheme = scheme.to_ascii_lowercase();
        if scheme != "http" && scheme != "https" {
            return Err(wrong("the scheme must be http or https"));
        }
        if rest.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(wrong("it holds a blank or a control character"));
        }
        if rest.contains(['?', '#']) {
            return Err(wrong("it may have a path prefix, but no query and no fragment"));
        }
        let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        if authority.contains('@') {
            return Err(wrong("it may not hold a user name"));
        }
        let (host, port) = split_port(authority.as_bytes());
        let host = String::from_utf8_lossy(host).to_ascii_lowercase();
        if host.is_empty() || host == "[]" {
            return Err(wrong("there is no host in it"));
        }
        if port.is_none() && authority.len() != host.len() {
            return Err(wrong("the port must be a number from 0 to 65535"));
        }
        Ok(Self { scheme, host, port, prefix: path.trim_end_matches('/').to_owned() })
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(&self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_public_url() {
        for (text, shown, prefix) in [
            ("https://Example.com", "https://example.com", ""),
            ("HTTP://example.com:8080/", "http://example.com:8080", ""),
            ("https://example.com/api/v1/", "https://example.com/api/v1", "/api/v1"),
            ("http://[::1]:9999/p", "http://[::1]:9999/p", "/p"),
        ] {
            let url = PublicUrl::parse(text).unwrap();
            assert_eq!((url.to_string().as_str(), url.prefix.as_str()), (shown, prefix), "{text}");
        }
    }

    #[test]
    fn what_is_none() {
        for (text, reason) in [
            ("example.com", "must start with"),
            ("ftp://example.com", "scheme must be"),
            ("https:///x", "no host"),
            ("https://h:port/", "port must be"),
            ("https://h:/", "port must be"),
            ("https://h:70000", "port must be"),
            ("https://u@h/", "user name"),
            ("https://h/?x", "no query"),
            ("https://h/a b", "blank"),
            ("https://h/\u{1b}[2J", "control"),
        ] {
            let error = PublicUrl::parse(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
            assert!(!error.contains('\u{1b}'));
        }
    }
}
