//! The stacks as they are written down. A story is a set-up of one kind and what is asked of it; it is told of every proxy
//! and every server that it names, and each of these is a stack.
//!
//! `stacks/configurations.toml` has the proxies: for each program the files that it needs, and what stands in them in the
//! place of `<body>` and `<top>`. `<listen>` is the port that the proxy listens on, `<app>` the one before the app, and
//! `<folder>` where the files are.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;

use crate::support::place::repository;

/// A file of stories.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stories {
    story: Vec<Story>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Story {
    name: String,
    /// Proxies by name.
    proxies: Vec<String>,
    /// A program and its options each; its address and the app's name are put in.
    servers: Vec<String>,
    /// The app's settings.
    #[serde(default)]
    environment: BTreeMap<String, String>,
    /// `/path` is opened as a browser does, `POST /path` sent, `ws /path` a handshake, `direct /path` opened at the app.
    requests: Vec<String>,
    /// Where the browser comes by.
    #[serde(default)]
    edge: Edge,
    /// The causes that must be named, any of them and no other; empty where there is nothing to find.
    #[serde(default)]
    expect: Vec<String>,
    /// True if hopscope reads the proxy's files, and its first fix must mend the stack.
    #[serde(default)]
    fix: bool,
}

/// What is in front of the edge tap.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Edge {
    /// Nothing.
    #[default]
    Http,
    /// Something that speaks TLS with browsers: the requests are such as it sends on.
    Https,
    /// nginx that speaks TLS with the browser.
    Tls,
}

/// The proxies.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Configurations {
    /// The files of each program, by the program's name and their own; it is started with the last.
    frame: BTreeMap<String, BTreeMap<String, String>>,
    proxy: BTreeMap<String, Configuration>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Configuration {
    program: String,
    /// What it does with requests.
    body: String,
    /// What is said outside of that: of its entry points, of whom it trusts.
    #[serde(default)]
    top: String,
}

/// A proxy.
#[derive(Clone)]
pub(crate) struct Proxy {
    /// The program's name.
    pub(crate) program: String,
    /// Its files by name; it is started with the last.
    pub(crate) files: Vec<(String, String)>,
}

impl Configurations {
    fn proxy(&self, name: &str) -> Proxy {
        let configuration = self.proxy.get(name).unwrap_or_else(|| panic!("no proxy {name}"));
        let frame = self.frame.get(&configuration.program).unwrap_or_else(|| panic!("no frame of {name}"));
        let filled = |text: &String| text.replace("<body>", &configuration.body).replace("<top>", &configuration.top);
        let files = frame.iter().map(|(name, text)| (name.clone(), filled(text))).collect();
        Proxy { program: configuration.program.clone(), files }
    }
}

/// One real stack.
pub(crate) struct Stack {
    /// The story's name, the proxy's and the server's.
    pub(crate) name: String,
    /// The proxy.
    pub(crate) proxy: Proxy,
    /// The server's command; empty if none runs.
    pub(crate) server: Vec<String>,
    /// The app's settings.
    pub(crate) environment: BTreeMap<String, String>,
    /// What is asked.
    pub(crate) requests: Vec<String>,
    /// What is in front.
    pub(crate) edge: Edge,
    /// The causes that must be named.
    pub(crate) expect: Vec<String>,
    /// True if the first fix must mend it.
    pub(crate) fix: bool,
}

/// The stacks of a file.
pub(crate) fn stacks(file: &str) -> Vec<Stack> {
    let configurations: Configurations = read("configurations");
    let stories: Stories = read(file);
    let mut stacks = Vec::new();
    for story in stories.story {
        for proxy in &story.proxies {
            let known = configurations.proxy(proxy);
            stacks.extend(story.servers.iter().map(|server| story.stack(proxy, &known, server)));
        }
    }
    stacks
}

impl Story {
    fn stack(&self, name: &str, proxy: &Proxy, server: &str) -> Stack {
        Stack {
            name: format!("{} · {name} · {server}", self.name),
            proxy: proxy.clone(),
            server: server.split_whitespace().map(str::to_owned).collect(),
            environment: self.environment.clone(),
            requests: self.requests.clone(),
            edge: self.edge,
            expect: self.expect.clone(),
            fix: self.fix,
        }
    }
}

fn read<T: for<'a> Deserialize<'a>>(file: &str) -> T {
    let path = repository("tests/live_findings/stacks").join(format!("{file}.toml"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
