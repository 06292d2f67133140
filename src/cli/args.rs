//! Groups of flags that several subcommands share.

// The doc comments of flags are the help text, where marks for code would be shown as they are.
#![allow(clippy::doc_markdown)]

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::Failure;
use crate::asgi::framework::App;
use crate::asgi::server::Server;
use crate::gateway::{Gateway, PathRule, Route, Upstream, parse_prefix, parse_route};
use crate::redirect::PublicUrl;
use crate::settings::{
    AppFacts, Bounds, Color, FailOn, Format, Listener, Output, ServerFacts, Settings, Theme, parse_duration,
    parse_size, setup,
};
use crate::store::Filter;

/// What is known of the app's server and of the app.
#[derive(Debug, Args)]
#[command(next_help_heading = "The app and its server")]
pub(super) struct ServerArgs {
    /// The app's server and its release, e.g. uvicorn@0.54
    #[arg(long, value_name = "NAME[@VERSION]", value_parser = Server::named)]
    server: Option<Server>,
    /// The server's own --root-path
    #[arg(long, value_name = "PATH")]
    root_path: Option<String>,
    /// The server's --forwarded-allow-ips: who is trusted to send forwarding headers
    #[arg(long, value_name = "LIST")]
    forwarded_allow_ips: Option<String>,
    /// The server reads forwarding headers (its default)
    #[arg(long, overrides_with = "no_proxy_headers")]
    proxy_headers: bool,
    /// The server was started with --no-proxy-headers
    #[arg(long)]
    no_proxy_headers: bool,
    /// The server's --http: its HTTP parser
    #[arg(long, value_name = "PARSER")]
    http: Option<String>,
    /// The root_path argument of FastAPI()
    #[arg(long, value_name = "PATH", default_value = "", hide_default_value = true)]
    app_root_path: String,
    /// A middleware of the app takes root_path from X-Forwarded-Prefix
    #[arg(long)]
    app_prefix_header: bool,
    /// A route of the app, e.g. /items/{id}; name all or none; may be repeated
    #[arg(long, value_name = "TEMPLATE")]
    route_of_app: Vec<String>,
    /// A mount of the app, e.g. /static; name all or none; may be repeated
    #[arg(long, value_name = "PATH")]
    mount_of_app: Vec<String>,
    // Here and for `--route` no doc comment: rustdoc would take what is in it for a link.
    #[arg(
        long,
        help = "The URL people use from outside, e.g. https://example.org/api/v1",
        value_name = "URL",
        value_parser = PublicUrl::parse
    )]
    pub(super) public_url: Option<PublicUrl>,
}

impl ServerArgs {
    /// The server.
    pub(super) fn server(&self) -> Result<Server, Failure> {
        let switch = match (self.proxy_headers, self.no_proxy_headers) {
            (false, false) => None,
            (on, _) => Some(on.to_string()),
        };
        let said = [
            ("root-path", self.root_path.clone()),
            ("proxy-headers", switch),
            ("forwarded-allow-ips", self.forwarded_allow_ips.clone()),
            ("http", self.http.clone()),
        ];
        let options = said.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        ServerFacts { server: self.server.clone(), options }.server().map_err(|error| Failure::usage(error.to_string()))
    }

    /// The app.
    pub(super) fn app(&self) -> App {
        let facts = AppFacts {
            root_path: self.app_root_path.clone(),
            prefix_header: self.app_prefix_header,
            routes: self.route_of_app.clone(),
            mounts: self.mount_of_app.clone(),
        };
        facts.app()
    }
}

/// What the stand-in does.
#[derive(Debug, Args)]
#[command(next_help_heading = "The proxy hopscope stands in for")]
pub(super) struct RouteArgs {
    /// Where to send on
    #[arg(long, value_name = "URL", value_parser = Upstream::parse)]
    to: Option<Upstream>,
    /// The path prefix to take; without it everything is taken
    #[arg(long, value_name = "PATH", value_parser = parse_prefix)]
    prefix: Option<String>,
    /// Take the prefix off before sending on
    #[arg(long, requires = "prefix", conflicts_with_all = ["keep", "add"])]
    strip: bool,
    /// Send the prefix on (the default)
    #[arg(long, conflicts_with = "add")]
    keep: bool,
    /// Put this before the path
    #[arg(long, value_name = "PATH", value_parser = parse_prefix)]
    add: Option<String>,
    /// Tell the app the prefix in X-Forwarded-Prefix
    #[arg(long, requires = "prefix")]
    forward_prefix: bool,
    #[arg(
        long,
        help = "A further route: PREFIX=URL[,strip|keep|add=/x][,forward-prefix]; may be repeated",
        value_name = "PREFIX=URL[,...]",
        value_parser = parse_route
    )]
    route: Vec<Route>,
}

impl RouteArgs {
    /// True if any flag says something about the proxy.
    pub(super) fn any(&self) -> bool {
        self.to.is_some() || self.prefix.is_some() || self.add.is_some() || self.keep || !self.route.is_empty()
    }

    /// The stand-in. `upstream` takes the place of `--to` where none is needed.
    pub(super) fn gateway(&self, public: Option<&PublicUrl>, upstream: Option<Upstream>) -> Result<Gateway, Failure> {
        let mut routes = self.route.clone();
        let alone = routes.is_empty() || self.prefix.is_some() || self.add.is_some() || self.keep;
        match self.to.clone().or_else(|| upstream.filter(|_| alone)) {
            Some(upstream) => routes.push(self.own_route(upstream)),
            None if alone => {
                return Err(Failure::usage(
                    "--to URL is missing: say where to send on, e.g. --to http://127.0.0.1:8000",
                ));
            }
            None => {}
        }
        let mut prefixes: Vec<&str> = routes.iter().map(|route| route.prefix.as_str()).collect();
        prefixes.sort_unstable();
        if let Some([twice, _]) = prefixes.windows(2).find(|pair| matches!(pair, [a, b] if a == b)) {
            let twice = if twice.is_empty() { "/" } else { twice };
            return Err(Failure::usage(format!("two routes take the prefix {twice}: give each its own")));
        }
        Ok(Gateway::new(routes, public.map(|public| public.scheme.clone())))
    }

    fn own_route(&self, upstream: Upstream) -> Route {
        let path = match &self.add {
            Some(text) => PathRule::Add(text.clone()),
            None if self.strip => PathRule::Strip,
            None => PathRule::Keep,
        };
        Route { prefix: self.prefix.clone().unwrap_or_default(), path, upstream, forward_prefix: self.forward_prefix }
    }
}

/// What a live run keeps and waits for.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(super) struct LimitArgs {
    /// Keep at most this many exchanges; older ones are let go
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    max_requests: u64,
    /// Keep at most this much of them in memory
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = parse_size)]
    max_memory: usize,
    /// Keep at most this much of one body; all of it is passed on
    #[arg(long, value_name = "SIZE", default_value = "64KiB", value_parser = parse_size)]
    body_limit: usize,
    /// Refuse a message head that is longer
    #[arg(long, value_name = "SIZE", default_value = "64KiB", value_parser = head_size)]
    head_limit: usize,
    /// Give up on a side that is silent for longer
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = parse_duration)]
    idle_timeout: Duration,
}

/// A head of less than 1 KiB is no useful limit; one of more than 16 MiB is none.
fn head_size(text: &str) -> Result<usize, String> {
    let size = parse_size(text)?;
    if (1024..=16 << 20).contains(&size) { Ok(size) } else { Err("it must be from 1KiB to 16MiB".to_owned()) }
}

/// What is shown, and when to stop.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArgs {
    /// How to show it; the dashboard on a terminal, else text
    #[arg(short = 'm', long, value_name = "FORMAT")]
    format: Option<FormatName>,
    /// Show only what passes, e.g. 'status>=400 & path~^/api'
    ///
    /// A field and a value, joined by = (* and ? are wildcards), ~ (a regular expression), !=, !~, < or >: status, ms,
    /// method, path, query, url, host, scheme, app.path, by, location, finding, tap, scope.path, header.NAME, body. Or one
    /// of ws, sse, loop, open; any other word is looked for in paths and findings. Join them with & | ! ( ).
    #[arg(short, long, value_name = "EXPR", value_parser = Filter::parse)]
    pub(super) filter: Option<Filter>,
    /// Stop after this many exchanges were shown
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Stop after this long, e.g. 30s
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    duration: Option<Duration>,
    /// Exit with 1 if there was such a finding: error, warn (or worse), or a code, e.g. PX01
    #[arg(long, value_name = "WHAT", value_parser = FailOn::parse)]
    fail_on: Option<FailOn>,
    /// Write to this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Colours of the dashboard
    #[arg(long, value_name = "THEME", default_value = "auto")]
    theme: ThemeName,
    /// Use colours; NO_COLOR is honoured
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: ColorName,
    /// Signs and frames in ASCII only
    #[arg(long)]
    ascii: bool,
    /// Leave the mouse to the terminal
    #[arg(long)]
    no_mouse: bool,
    /// Show credentials: Authorization, Cookie, tokens in queries
    #[arg(long)]
    no_redact: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatName {
    /// The dashboard
    Tui,
    /// A line for each exchange, and lines for its findings
    Text,
    /// A JSON object for each exchange
    Jsonl,
    /// A Markdown report
    Md,
    /// Nothing; the exit code tells
    Silent,
}

impl FormatName {
    const fn format(self) -> Format {
        match self {
            Self::Tui => Format::Tui,
            Self::Text => Format::Text,
            Self::Jsonl => Format::Jsonl,
            Self::Md => Format::Markdown,
            Self::Silent => Format::Silent,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ThemeName {
    Auto,
    Dark,
    Light,
    Contrast,
    Mono,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ColorName {
    Auto,
    Always,
    Never,
}

impl OutputArgs {
    /// The output. Without a word about the format it is the dashboard where a person sits: stdout is a terminal that can
    /// draw, and nothing goes to a file.
    pub(super) fn output(&self) -> Output {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let person = self.output.is_none() && !dumb && std::io::stdout().is_terminal();
        let unsaid = if person { Format::Tui } else { Format::Text };
        Output {
            format: self.format.map_or(unsaid, FormatName::format),
            file: self.output.clone(),
            count: self.count,
            duration: self.duration,
            fail_on: self.fail_on.clone(),
            theme: match self.theme {
                ThemeName::Auto => Theme::Auto,
                ThemeName::Dark => Theme::Dark,
                ThemeName::Light => Theme::Light,
                ThemeName::Contrast => Theme::Contrast,
                ThemeName::Mono => Theme::Mono,
            },
            color: match self.color {
                ColorName::Auto => Color::Auto,
                ColorName::Always => Color::Always,
                ColorName::Never => Color::Never,
            },
            ascii: self.ascii,
            mouse: !self.no_mouse,
            redact: !self.no_redact,
        }
    }
}

/// Everything a live run needs to know; what only one subcommand asks for is added there.
pub(super) fn settings(
    listeners: Vec<Listener>,
    gateway: Option<Gateway>,
    server: &ServerArgs,
    limits: &LimitArgs,
    output: &OutputArgs,
) -> Result<Settings, Failure> {
    let setup = setup(&listeners, gateway.clone(), server.server()?, server.app(), server.public_url.clone());
    Ok(Settings {
        listeners,
        gateway,
        setup: setup.map_err(Failure::usage)?,
        bounds: limits.bounds(),
        output: output.output(),
        tap_source: None,
        ask_app: true,
    })
}

impl LimitArgs {
    pub(super) fn bounds(&self) -> Bounds {
        Bounds {
            requests: usize::try_from(self.max_requests).unwrap_or(usize::MAX),
            memory: self.max_memory,
            body: self.body_limit,
            head: self.head_limit,
            idle: self.idle_timeout,
        }
    }
}
