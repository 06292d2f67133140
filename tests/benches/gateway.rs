//! How long a configuration takes to be read, and a request to be planned, as routes become many.
//!
//! `cargo bench --bench gateway`. Reading should grow with the size of the file and no faster; planning should hardly grow
//! with the number of routes, except where the program itself tries them one by one.

#![allow(clippy::expect_used)] // a bench that cannot run has no numbers

use std::fmt::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;

use divan::counter::{BytesCount, ItemsCount};
use hopscope::gateway::{self, Gateway, InMemory, Options, Proxy, Received, Unseen};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

/// Numbers of routes.
const ROUTES: [usize; 2] = [1_000, 10_000];

/// The size of a large file.
const LARGE: usize = 5 << 20;

/// A kind of file.
#[derive(Clone, Copy)]
enum Kind {
    Nginx,
    Caddyfile,
    TraefikToml,
    TraefikYaml,
    Haproxy,
    Apache,
}

use Kind::{Apache, Caddyfile, Haproxy, Nginx, TraefikToml, TraefikYaml};

const KINDS: [Kind; 6] = [Nginx, Caddyfile, TraefikToml, TraefikYaml, Haproxy, Apache];

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.file().1)
    }
}

/// What tells one route from another.
#[derive(Clone, Copy)]
enum By {
    Path,
    Host,
}

impl Kind {
    fn file(self) -> (Proxy, &'static str) {
        match self {
            Nginx => (Proxy::Nginx, "nginx.conf"),
            Caddyfile => (Proxy::Caddy, "Caddyfile"),
            TraefikToml => (Proxy::Traefik, "routes.toml"),
            TraefikYaml => (Proxy::Traefik, "routes.yaml"),
            Haproxy => (Proxy::Haproxy, "haproxy.cfg"),
            Apache => (Proxy::Apache, "httpd.conf"),
        }
    }

    fn read(self, text: &str) -> Gateway {
        let (proxy, name) = self.file();
        let files = InMemory::default().file(name, text);
        let options = Options { proxy: Some(proxy), ..Options::default() };
        gateway::read(&[PathBuf::from(name)], &files, options).expect("a configuration")
    }

    /// What stands around the routes: before, between those by path and those by host, and after.
    const fn frame(self, by: By) -> [&'static str; 2] {
        match (self, by) {
            (Nginx, By::Path) => ["server {\n  listen 80;\n", "}\n"],
            (Caddyfile, By::Path) => [":80 {\n", "}\n"],
            (TraefikToml, _) => [
                "[http.services.s.loadBalancer]\n[[http.services.s.loadBalancer.servers]]\nurl = \"http://127.0.0.1:8000\"\n",
                "",
            ],
            (TraefikYaml, _) => [
                "http:\n  services:\n    s:\n      loadBalancer:\n        servers:\n          - url: http://127.0.0.1:8000\n  routers:\n",
                "",
            ],
            (Apache, By::Path) => ["Listen 80\n<VirtualHost *:80>\n", "</VirtualHost>\n"],
            (Apache, By::Host) => ["Listen 80\n", ""],
            (Haproxy, _) | (Nginx | Caddyfile, By::Host) => ["", ""],
        }
    }

    /// One route. Writing to memory cannot fail.
    fn route(self, by: By, n: usize, text: &mut String) {
        let path = path(n);
        let host = host(n);
        let _ = match (self, by) {
            (Nginx, By::Path) => writeln!(text, "  location {path}/ {{ proxy_pass http://127.0.0.1:8000/; }}"),
            (Nginx, By::Host) => {
                writeln!(
                    text,
                    "server {{ listen 80; server_name {host}; location / {{ proxy_pass http://127.0.0.1:8000; }} }}"
                )
            }
            (Caddyfile, By::Path) => {
                writeln!(text, "  handle_path {path}/* {{\n    reverse_proxy 127.0.0.1:8000\n  }}")
            }
            (Caddyfile, By::Host) => writeln!(text, "http://{host} {{\n  reverse_proxy 127.0.0.1:8000\n}}"),
            (TraefikToml, By::Path) => writeln!(
                text,
                "[http.middlewares.m{n}.stripPrefix]\nprefixes = [\"{path}\"]\n[http.routers.r{n}]\nentryPoints = [\"web\"]\n\
                 service = \"s\"\nrule = \"PathPrefix(`{path}`)\"\nmiddlewares = [\"m{n}\"]"
            ),
            (TraefikToml, By::Host) => writeln!(
                text,
                "[http.routers.r{n}]\nentryPoints = [\"web\"]\nservice = \"s\"\nrule = \"Host(`{host}`)\""
            ),
            (TraefikYaml, By::Path) => writeln!(
                text,
                "    r{n}:\n      entryPoints:\n        - web\n      service: s\n      rule: \"PathPrefix(`{path}`)\""
            ),
            (TraefikYaml, By::Host) => writeln!(
                text,
                "    r{n}:\n      entryPoints:\n        - web\n      service: s\n      rule: \"Host(`{host}`)\""
            ),
            (Haproxy, _) => writeln!(text, "backend b{n}\n  mode http\n  server s 127.0.0.1:8000"),
            (Apache, By::Path) => writeln!(text, "  ProxyPass \"{path}/\" \"http://127.0.0.1:8000/\""),
            (Apache, By::Host) => writeln!(
                text,
                "<VirtualHost *:80>\n  ServerName {host}\n  ProxyPass \"/\" \"http://127.0.0.1:8000/\"\n</VirtualHost>"
            ),
        };
    }

    /// What chooses among the routes, where that is not said by the routes themselves.
    fn choice(self, by: By, count: usize, text: &mut String) {
        if !matches!(self, Haproxy) {
            return;
        }
        text.push_str("frontend f\n  mode http\n  bind :80\n");
        for n in 0..count {
            let _ = match by {
                By::Path => writeln!(text, "  use_backend b{n} if {{ path_beg {}/ }}", path(n)),
                By::Host => writeln!(text, "  use_backend b{n} if {{ hdr(host) -i {} }}", host(n)),
            };
        }
    }

    /// A configuration of so many routes.
    fn routes(self, by: By, count: usize) -> String {
        let [before, after] = self.frame(by);
        let mut text = before.to_owned();
        for n in 0..count {
            self.route(by, n, &mut text);
        }
        text.push_str(after);
        self.choice(by, count, &mut text);
        text
    }

    /// A configuration of 5 MB, with as many routes as that takes.
    fn large(self) -> String {
        let sample = self.routes(By::Path, 1_000);
        self.routes(By::Path, LARGE * 1_000 / sample.len())
    }
}

fn path(n: usize) -> String {
    format!("/team{}/service{n}", n % 100)
}

fn host(n: usize) -> String {
    format!("service{n}.team{}.example.com", n % 100)
}

fn reading(bencher: divan::Bencher<'_, '_>, kind: Kind, text: &str) {
    bencher.counter(BytesCount::of_str(text)).bench(|| kind.read(text));
}

fn planning(bencher: divan::Bencher<'_, '_>, kind: Kind, by: By, count: usize, wanted: usize) {
    let gateway = kind.read(&kind.routes(by, count));
    let head = format!("GET {}/items?x=1 HTTP/1.1\r\nHost: {}\r\n\r\n", path(wanted), host(wanted));
    let received = Received {
        head: head.as_bytes(),
        body: Some(b""),
        peer: SocketAddr::from(([203, 0, 113, 7], 50_000)),
        local: SocketAddr::from(([127, 0, 0, 1], 80)),
        tls: None,
    };
    bencher.counter(ItemsCount::new(1_usize)).bench(|| gateway.plan(&received, &Unseen));
}

/// Of these, how many times as long a file takes that is ten times as large tells whether reading is linear.
#[divan::bench(args = KINDS, consts = ROUTES, sample_count = 20, max_time = 2)]
fn read_paths<const COUNT: usize>(bencher: divan::Bencher<'_, '_>, kind: Kind) {
    reading(bencher, kind, &kind.routes(By::Path, COUNT));
}

#[divan::bench(args = KINDS, consts = ROUTES, sample_count = 20, max_time = 2)]
fn read_hosts<const COUNT: usize>(bencher: divan::Bencher<'_, '_>, kind: Kind) {
    reading(bencher, kind, &kind.routes(By::Host, COUNT));
}

#[divan::bench(args = KINDS, sample_count = 5, max_time = 4)]
fn read_5_mb(bencher: divan::Bencher<'_, '_>, kind: Kind) {
    reading(bencher, kind, &kind.large());
}

/// As in `read_5_mb`, but for the routes: a few of them, and comments, as large files have.
#[divan::bench(args = KINDS, sample_count = 5, max_time = 4)]
fn read_5_mb_of_comments(bencher: divan::Bencher<'_, '_>, kind: Kind) {
    let mut text = kind.routes(By::Path, 1_000);
    while text.len() < LARGE {
        text.push_str("# what this route is for, who asked for it, and when it may go\n");
    }
    reading(bencher, kind, &text);
}

/// A request in the middle of the routes by path.
#[divan::bench(args = KINDS, consts = ROUTES, max_time = 1)]
fn plan_by_path<const COUNT: usize>(bencher: divan::Bencher<'_, '_>, kind: Kind) {
    planning(bencher, kind, By::Path, COUNT, COUNT / 2);
}

/// A request in the middle of the routes by host.
#[divan::bench(args = KINDS, consts = ROUTES, max_time = 1)]
fn plan_by_host<const COUNT: usize>(bencher: divan::Bencher<'_, '_>, kind: Kind) {
    planning(bencher, kind, By::Host, COUNT, COUNT / 2);
}

/// A request that no route by path takes.
#[divan::bench(args = KINDS, consts = ROUTES, max_time = 1)]
fn plan_without_path<const COUNT: usize>(bencher: divan::Bencher<'_, '_>, kind: Kind) {
    planning(bencher, kind, By::Path, COUNT, COUNT + 1);
}

/// A request that no route by host takes.
#[divan::bench(args = KINDS, consts = ROUTES, max_time = 1)]
fn plan_without_host<const COUNT: usize>(bencher: divan::Bencher<'_, '_>, kind: Kind) {
    planning(bencher, kind, By::Host, COUNT, COUNT + 1);
}
