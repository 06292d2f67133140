//! A real proxy and hopscope in its place, before the same upstream.

use std::fmt;
use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::hopscope::BINARY;
use crate::support::http::{Kind as Of, Message, Reader};
use crate::support::peers;
use crate::support::place::{free_address, repository};
use crate::support::program::Program;
use crate::upstream::{ECHO, Upstream};

/// How long a proxy may be silent before that counts as no answer.
const SILENCE: Duration = Duration::from_secs(5);

/// Which proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Nginx,
    Traefik,
    Caddy,
}

/// The two of them.
pub(crate) struct Pair {
    real: SocketAddr,
    stand_in: SocketAddr,
    _programs: [Program; 2],
    _upstream: Upstream,
}

/// What came of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// hopscope says that it does not know.
    Unknown(String),
    /// No answer, or one that ended in its head.
    Nothing,
    /// An answer.
    Answered {
        status: Option<u16>,
        /// `Location` and `Set-Cookie`, in order.
        fields: Vec<String>,
        /// The request line and the fields that the upstream got, names in lower case, sorted, and the body.
        upstream: Option<Vec<String>>,
        /// The body, if it came from the upstream.
        body: String,
    },
}

impl Seen {
    /// True for an answer of the upstream.
    pub(crate) fn came_from_upstream(&self) -> bool {
        matches!(self, Self::Answered { upstream: Some(_), .. })
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#?}")
    }
}

impl Kind {
    /// The arguments, and the files by their names here, the one that is named to hopscope first.
    fn files(self, name: &str) -> Vec<(String, PathBuf)> {
        let folder = repository("tests/live_gateway/configs");
        match self {
            Self::Nginx => vec![("nginx.conf".to_owned(), folder.join("nginx").join(format!("{name}.conf")))],
            Self::Caddy => vec![("Caddyfile".to_owned(), folder.join("caddy").join(format!("{name}.caddyfile")))],
            Self::Traefik => vec![
                ("traefik.toml".to_owned(), folder.join("traefik").join(format!("{name}.static.toml"))),
                ("routes.toml".to_owned(), folder.join("traefik").join(format!("{name}.toml"))),
            ],
        }
    }

    const fn binary(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Nginx => ("nginx", &["-e", "stderr", "-p", ".", "-c", "nginx.conf"]),
            Self::Traefik => ("traefik", &["--configFile=traefik.toml"]),
            Self::Caddy => ("caddy", &["run", "--config", "Caddyfile", "--adapter", "caddyfile"]),
        }
    }

    /// The release that is here: the program's own word, as `nginx/1.22.1`, `Version: 3.7.15` and `v2.11.7 h1:…`.
    fn release(self, binary: &Path) -> String {
        let asking = if self == Self::Nginx { "-v" } else { "version" };
        let said = Command::new(binary).arg(asking).output().expect("it starts");
        let said = [said.stdout, said.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        let is_release = |word: &&str| word.split('.').count() == 3 && word.starts_with(|c: char| c.is_ascii_digit());
        let mut words = said.split(|c: char| c.is_whitespace() || matches!(c, '/' | 'v'));
        words.find(is_release).unwrap_or_else(|| panic!("no release in {said}")).to_owned()
    }
}

impl Pair {
    /// Starts both by this configuration: port 9999 is where it listens, port 8000 the upstream.
    pub(crate) fn start(kind: Kind, name: &str) -> Self {
        let upstream = Upstream::start();
        let (real, stand_in) = (free_address(), free_address());
        let files: Vec<(String, String)> = kind
            .files(name)
            .into_iter()
            .map(|(name, path)| {
                let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                let text = text.replace(":9999", &format!(":{}", real.port()));
                (name, text.replace(":8000", &format!(":{}", upstream.address().port())))
            })
            .collect();
        let write = |folder: &Path| {
            for (name, text) in &files {
                fs::write(folder.join(name), text).expect("a folder of our own");
            }
        };
        let (binary, arguments) = kind.binary();
        let binary = peers::find(binary).expect("asked before");
        let release = kind.release(&binary);
        let program = Program::start(binary, |command, folder| {
            write(folder);
            command.args(arguments).env("HOME", folder).env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
        });
        let mapped = format!("{}={stand_in}", real.port());
        let hopscope = Program::start(BINARY, |command, folder| {
            write(folder);
            command.args(["proxy", "--map-listen", &mapped, "--format", "silent", "--no-ask-app", "--no-find-server"]);
            command.args(["--proxy-version", &release, "--from", &files[0].0]);
        });
        let programs = [program.listening(real), hopscope.listening(stand_in)];
        let pair = Self { real, stand_in, _programs: programs, _upstream: upstream };
        pair.warm_up();
        pair
    }

    /// A proxy may listen before it has its routes.
    fn warm_up(&self) {
        let request = b"GET /up HTTP/1.1\r\nHost: example.com\r\n\r\n";
        crate::support::place::wait_for("its routes", || self.real(request).came_from_upstream().then_some(()));
    }

    pub(crate) fn real(&self, request: &[u8]) -> Seen {
        ask(self.real, request)
    }

    pub(crate) fn stand_in(&self, request: &[u8]) -> Seen {
        ask(self.stand_in, request)
    }
}

/// Sends a request on a connection of its own. Whatever goes wrong is an outcome like others.
fn ask(address: SocketAddr, request: &[u8]) -> Seen {
    let Ok(mut stream) = TcpStream::connect(address) else { return Seen::Nothing };
    if stream.set_read_timeout(Some(SILENCE)).is_err() {
        return Seen::Nothing;
    }
    // A proxy may have answered before it has all.
    let _ = stream.write_all(request);
    let mut reader = Reader::new(stream);
    let Ok(Some(mut head)) = reader.head() else { return Seen::Nothing };
    while head.start_line().starts_with(b"HTTP/1.1 100") {
        match reader.head() {
            Ok(Some(next)) => head = next,
            _ => return Seen::Nothing,
        }
    }
    seen(head, &mut reader, request.starts_with(b"HEAD "))
}

fn seen(mut head: Message, reader: &mut Reader<TcpStream>, is_head: bool) -> Seen {
    let status = head.try_status();
    let upstream = head.values(ECHO).pop();
    let body = match status {
        None | Some(101) => String::new(),
        Some(_) => {
            let of = if is_head { Of::ResponseToHead } else { Of::Response };
            let read = reader.body(&mut head, of);
            read.map_or_else(|error| format!("cut: {}", error.kind()), |()| head.body.escape_ascii().to_string())
        }
    };
    if head.values("server").iter().any(|server| server == "hopscope") {
        return Seen::Unknown(body);
    }
    let told = |(name, value): (String, String)| {
        let name = name.to_lowercase();
        ["location", "set-cookie"].contains(&name.as_str()).then(|| format!("{name}: {value}"))
    };
    Seen::Answered {
        fields: head.fields().into_iter().filter_map(told).collect(),
        body: if upstream.is_some() { body } else { String::new() },
        upstream: upstream.map(|echo| lines(&STANDARD.decode(echo).unwrap_or_default())),
        status,
    }
}

/// The request line, the fields with names in lower case, sorted, and the body.
fn lines(request: &[u8]) -> Vec<String> {
    let text = request.escape_ascii().to_string();
    let (head, body) = text.split_once("\\r\\n\\r\\n").unwrap_or((&text, ""));
    let mut lines = head.split("\\r\\n").map(|line| match line.split_once(':') {
        Some((name, value)) if !name.contains(' ') => format!("{}: {}", name.to_lowercase(), value.trim()),
        _ => line.to_owned(),
    });
    let first = lines.next();
    let mut fields: Vec<String> = lines.collect();
    fields.sort();
    first.into_iter().chain(fields).chain([body.to_owned()]).collect()
}
