//! Where what is known of the app's server comes from, as every face shows it.

/// How the server of a set-up is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The process that was found, e.g. `pid 4242 · uvicorn main:app · /srv/venv`.
    pub process: Option<String>,
    /// What was said to the server, and where.
    pub options: Vec<Known>,
    /// What could not be found or understood, a sentence each.
    pub unread: Vec<String>,
    /// Where the flags, the process and the answers say different things.
    pub contradiction: Option<String>,
}

/// One thing that is known of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The server's own long name of the option without dashes; `server` for program and version, `with` and a name for a
    /// library below it.
    pub option: String,
    /// Its value; a switch has `true` or `false`.
    pub value: String,
    /// Where that was said: `flag`, `command line`, `FORWARDED_ALLOW_IPS`, `gunicorn.conf.py:3`.
    pub from: String,
}

impl Known {
    /// As one would type it: `--root-path /x`, `--no-proxy-headers`.
    pub fn typed(&self) -> String {
        if let Some(library) = self.option.strip_prefix("with ") {
            return format!("--with {library}@{}", self.value);
        }
        match self.value.as_str() {
            _ if self.option == "server" => format!("server {}", self.value),
            "true" => format!("--{}", self.option),
            "false" => format!("--no-{}", self.option),
            "" => format!("--{} \"\"", self.option),
            value => format!("--{} {value}", self.option),
        }
    }
}

impl Provenance {
    /// Notes what is known of an option; what was known of it before is replaced.
    pub fn know(&mut self, option: &str, value: &str, from: &str) {
        self.options.retain(|known| known.option != option);
        self.options.push(Known { option: option.to_owned(), value: value.to_owned(), from: from.to_owned() });
    }

    /// How an option is known, in a word that follows "as"; `None` if nothing was said of it.
    pub fn how(&self, option: &str) -> Option<&'static str> {
        let known = self.options.iter().find(|known| known.option == option)?;
        Some(match known.from.as_str() {
            "assumed" => "assumed",
            from if from.starts_with("flag") => "told",
            _ => "found",
        })
    }

    /// All there is to be wary of, a sentence each.
    pub fn doubts(&self) -> impl Iterator<Item = &str> {
        self.contradiction.iter().chain(&self.unread).map(String::as_str)
    }

    /// A line for each thing that is known, the process first: what is known, and where from.
    pub fn lines(&self) -> impl Iterator<Item = (String, &str)> {
        let process = self.process.iter().map(|process| (process.clone(), "process"));
        process.chain(self.options.iter().map(|known| (known.typed(), known.from.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_an_option_is_known() {
        let mut provenance = Provenance::default();
        for (from, how) in [
            ("flag", "told"),
            ("flag, version assumed", "told"),
            ("assumed", "assumed"),
            ("installed", "found"),
            ("by its answers, version assumed", "found"),
            ("gunicorn.conf.py:3", "found"),
        ] {
            provenance.know("server", "uvicorn 0.54.0", from);
            assert_eq!(provenance.how("server"), Some(how), "{from}");
        }
        assert_eq!(provenance.how("root-path"), None);
    }

    #[test]
    fn options_are_shown_as_they_are_typed() {
        let known = |option: &str, value: &str| {
            Known { option: option.to_owned(), value: value.to_owned(), from: "flag".to_owned() }.typed()
        };
        assert_eq!(known("root-path", "/x"), "--root-path /x");
        assert_eq!(known("proxy-headers", "false"), "--no-proxy-headers");
        assert_eq!(known("proxy-headers", "true"), "--proxy-headers");
        assert_eq!(known("forwarded-allow-ips", ""), "--forwarded-allow-ips \"\"");
        assert_eq!(known("server", "uvicorn 0.54.0"), "server uvicorn 0.54.0");
        assert_eq!(known("with h11", "0.14.0"), "--with h11@0.14.0");
    }
}
