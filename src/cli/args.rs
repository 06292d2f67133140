//! Groups of flags that several subcommands share.

// The doc comments of flags are the help text, where marks for code would be shown as they are.
#![allow(clippy::doc_markdown)]

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;

pub(super) use super::server_args::{FindArgs, ServerArgs};
use super::{Failure, rules};
use crate::exchange::probe::ProbeKey;
use crate::gateway::{Balancer, Front, Gateway, Names, PathRule, Route, Upstream, parse_prefix, parse_route};
use crate::redirect::PublicUrl;
use crate::report::{Style, wants_color};
use crate::settings::{
    Bounds, Color, FailOn, Findings, Format, Listener, Output, Settings, Theme, parse_duration, parse_size, setup,
};
use crate::store::Filter;

/// How the app's probe is asked.
#[derive(Debug, Args)]
#[command(next_help_heading = "The app and its server")]
pub(super) struct AskArgs {
    /// Ask the probe in the app (hopscope probe) for the scope: the key that the app's server was given
    #[arg(long, value_name = "KEY", env = "HOPSCOPE_PROBE_KEY", hide_env_values = true)]
    probe_key: Option<ProbeKey>,
}

impl AskArgs {
    /// The key, if one was given.
    pub(super) fn key(&self) -> Option<ProbeKey> {
        self.probe_key.clone()
    }
}

/// The same settings, with the probe asked. Its answer must fit into a head.
pub(super) fn asking(mut settings: Settings, key: Option<ProbeKey>) -> Result<Settings, Failure> {
    if key.is_some() && settings.bounds.head < PROBED_HEAD {
        return Err(Failure::usage(
            "--head-limit must be 16KiB or more where the probe is asked: its answer has up to 6KiB",
        ));
    }
    settings.setup.probe = key.is_some();
    Ok(Settings { probe: key, ..settings })
}

/// The least limit of a head that has room for a probe's answer beside what the app sends.
const PROBED_HEAD: usize = 16 << 10;

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
    /// The cloud balancer before the proxy, or before the app if there is none: aws-alb, gcp or cloudflare
    #[arg(long, value_name = "NAME")]
    behind: Option<Balancer>,
}

impl RouteArgs {
    /// True if any flag says something about the proxy.
    pub(super) fn any(&self) -> bool {
        self.to.is_some() || self.prefix.is_some() || self.add.is_some() || self.keep || !self.route.is_empty()
    }

    /// The balancer before the proxy, and whether clients reach it with TLS, as far as the public URL tells.
    pub(super) fn front(&self, public: Option<&PublicUrl>) -> Option<Front> {
        let tls = public.map(|public| public.scheme == "https");
        self.behind.map(|balancer| Front { balancer, tls })
    }

    /// The stand-in. `upstream` takes the place of `--to` where none is needed.
    pub(super) fn gateway(&self, public: Option<&PublicUrl>, upstream: Option<Upstream>) -> Result<Gateway, Failure> {
        let mut routes = self.route.clone();
        let alone = routes.is_empty() || self.prefix.is_some() || self.add.is_some() || self.keep;
        let is_plain = self.route.is_empty() && self.prefix.is_none() && self.add.is_none() && !self.keep;
        let front = self.front(public);
        match self.to.clone().or_else(|| upstream.filter(|_| alone)) {
            Some(upstream) => match front.filter(|_| is_plain) {
                // Nothing is said of a proxy: the balancer has the app right behind it.
                Some(front) => return Ok(Gateway::of_balancer(front, upstream)),
                None => routes.push(self.own_route(upstream)),
            },
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
        let gateway = Gateway::of_routes(routes, public.map(|public| public.scheme.clone()));
        Ok(match front {
            Some(front) => gateway.behind(front),
            None => gateway,
        })
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
    /// Exit with 1 if there was such a finding: error, warn (or worse), or a code of `hopscope rules`, e.g. PX01
    #[arg(long, value_name = "WHAT", value_parser = rules::fail_on_requests)]
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
    /// In text: what each finding rests on, and its fixes as diffs
    #[arg(short, long)]
    verbose: bool,
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
            evidence: self.verbose,
        }
    }
}

/// How a command that ends by itself prints what it found.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct PrintArgs {
    /// Exit with 1 if there is such a finding: error, warn (or worse), or a code, e.g. PX01
    #[arg(long, value_name = "WHAT", value_parser = FailOn::parse)]
    pub(super) fail_on: Option<FailOn>,
    /// Signs in ASCII only
    #[arg(long)]
    ascii: bool,
    /// Show credentials in URLs
    #[arg(long)]
    no_redact: bool,
}

impl PrintArgs {
    /// How it is written to stdout.
    pub(super) fn style(&self) -> Style {
        Style {
            redact: !self.no_redact,
            ascii: self.ascii,
            zone: TimeZone::UTC,
            color: wants_color(Color::Auto, std::io::stdout().is_terminal(), |name| std::env::var(name).ok()),
            predicted: false,
            evidence: false,
        }
    }
}

/// What came of printing. A reader that went away ends it as well as the end does.
pub(super) fn printed(result: std::io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::unreadable(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Everything a live run needs to know; what only one subcommand asks for is added there.
pub(super) fn settings(
    listeners: Vec<Listener>,
    gateway: Option<Gateway>,
    server: &ServerArgs,
    find: &FindArgs,
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
        probe: None,
        server: server.server_facts(),
        find_server: find.wanted(),
        names: Names::default(),
        source: None,
        findings: Findings::default(),
        access_logs: Vec::new(),
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
