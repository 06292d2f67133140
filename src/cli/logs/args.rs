//! The flags of `hopscope logs`.

// The doc comments of flags are the help text, where marks for code would be shown as they are.
#![allow(clippy::doc_markdown)]

use std::path::PathBuf;
use std::slice;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::super::rules;
use crate::access_log::Escape;
use crate::access_log::traffic::{By, Order};
use crate::gateway::{self, Options, parse_prefix};
use crate::settings::{FailOn, FindingsFile, Machine, When};
use crate::store::{LineFilter, Surroundings};

pub(super) const EXAMPLES: &str = "\
EXAMPLES
  What gets the traffic, what fails and why, who is scanning, did anyone get through?
    hopscope logs /var/log/nginx/access.log

  Live, through every rotation; as nginx.conf says where the logs are and what their lines look like
    hopscope logs -f --nginx-conf /etc/nginx/nginx.conf

  The last hour, only what failed, without the scanners
    hopscope logs access.log --since 1h --filter 'status>=400 & !scanner'

  What asked one client for, as JSON, a line each
    zcat access.log.*.gz | hopscope logs - --filter client=203.0.113.0/24 --format jsonl | jq .path

  A page to look at, or to send
    hopscope logs access.log --history --format html -o report.html

  Tell the chat about every new cause
    hopscope logs -f access.log --on-finding 'notify \"$HOPSCOPE_CODE $HOPSCOPE_TITLE\"'

  The log does not say enough? This one does
    hopscope logs --print-log-format

EXIT CODES
  0    all was read; also when the reader of the output went away
  1    there is a cause that --fail-on asks for
  2    the command line is wrong
  4    a log could not be read, or the output not be written
  130  interrupted; what was read so far is reported";

/// Which logs, and how they are read.
#[derive(Debug, Args)]
pub(super) struct WhichArgs {
    /// The logs, also .gz and .zst; - is standard input. With --nginx-conf alone all that it names
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Go on with what is written later, through every rotation (here -f is not --filter)
    #[arg(short, long)]
    pub(super) follow: bool,
    /// What lines look like: a name (combined, main, json, ...) or the text of a log_format; else it is found out
    #[arg(long, value_name = "NAME|STRING", conflicts_with = "nginx_conf")]
    pub(super) log_format: Option<String>,
    /// How that log_format escapes what came from outside
    #[arg(long, value_name = "default|json|none", default_value = "default", requires = "log_format")]
    pub(super) escape: Escape,
    /// Take logs and their formats from here, and from what it includes; also the output of nginx -T
    #[arg(long, value_name = "FILE")]
    pub(super) nginx_conf: Option<PathBuf>,
    /// Read the rotated files too (access.log.1, access.log.2.gz, ...), oldest first
    #[arg(long, overrides_with = "no_history")]
    pub(super) history: bool,
    /// Do not (the default)
    #[arg(long)]
    no_history: bool,
    /// Keep here how far was read, and go on there next time
    #[arg(long, value_name = "FILE")]
    pub(super) state: Option<PathBuf>,
    /// A public path prefix, for causes that a prefix has; else prefixes are learned from the log. May be repeated
    #[arg(long, value_name = "PATH", value_parser = parse_prefix)]
    pub(super) prefix: Vec<String>,
    /// Print the log_format for nginx that shows what the app got, and the line that uses it
    #[arg(long, exclusive = true)]
    pub(super) print_log_format: bool,
}

impl WhichArgs {
    /// What is known besides the logs. A configuration that cannot be read as a whole has its logs all the same.
    pub(super) fn surroundings(&self) -> Surroundings {
        let read = |conf: &PathBuf| gateway::read(slice::from_ref(conf), &Machine::new(), Options::default()).ok();
        let gateway = self.nginx_conf.as_ref().and_then(read).map(Arc::new);
        Surroundings { prefixes: self.prefix.clone(), gateway }
    }
}

/// Which of their lines.
#[derive(Debug, Args)]
#[command(next_help_heading = "Lines")]
pub(super) struct LinesArgs {
    /// Only from then on: 15m, 1h, 2d (ago), 14:00 (today), '2026-11-20 14:00', or RFC 3339
    #[arg(long, value_name = "TIME", value_parser = When::parse)]
    pub(super) since: Option<When>,
    /// Only until then
    #[arg(long, value_name = "TIME", value_parser = When::parse)]
    pub(super) until: Option<When>,
    /// Only what passes, e.g. 'status>=300 & !scanner'
    ///
    /// A field and a value, joined by = (* and ? are wildcards, and a network for an address), ~ (a regular expression), !=,
    /// !~, < or >: status, method, path, query, url, client or ip, host, scheme, protocol, user, referer, agent, bytes, ms,
    /// location, uri, forwarded_for, upstream, upstream.status, finding, line. Or one of scanner, bot, garbage, retried; any
    /// other word is looked for in what was asked for. Join them with & | ! ( ).
    #[arg(long, value_name = "EXPR", value_parser = LineFilter::parse)]
    pub(super) filter: Option<LineFilter>,
}

/// How they are shown.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct ShownArgs {
    /// How to show it; text, unless this is a terminal
    #[arg(short = 'm', long, value_name = "FORMAT")]
    pub(super) format: Option<FormatName>,
    /// Rows of each table
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(super) top: u16,
    /// In which order rows come
    #[arg(long, value_name = "ORDER", default_value = "count")]
    pub(super) sort: OrderName,
    /// Tables of what; may be repeated
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub(super) by: Vec<ByName>,
    /// Exit with 1 if there is such a cause: error, warn (or worse), or a code of `hopscope rules`, e.g. SC02
    #[arg(long, value_name = "WHAT", value_parser = rules::fail_on_requests)]
    pub(super) fail_on: Option<FailOn>,
    /// Write to this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Write the causes to this file at the end, as its ending says: .md, .json or .sarif; - for stdout
    #[arg(long, value_name = "FILE", value_parser = FindingsFile::parse, allow_hyphen_values = true)]
    pub(super) findings: Option<FindingsFile>,
    /// A database of countries (MaxMind DB, e.g. GeoLite2-Country.mmdb) for a table of them; needs the feature geoip
    #[arg(long, value_name = "DB")]
    pub(super) geoip: Option<PathBuf>,
    /// Signs and plots in ASCII only
    #[arg(long)]
    pub(super) ascii: bool,
    /// Show credentials: tokens in queries
    #[arg(long)]
    pub(super) no_redact: bool,
    /// All lines that are kept as evidence, not only the first
    #[arg(short, long)]
    pub(super) verbose: bool,
}

/// Who is told of causes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Alerts")]
pub(super) struct AlertArgs {
    /// Run this (sh -c) once for each cause, HOPSCOPE_CODE, _TITLE, _ABOUT, _SEVERITY, _COUNT, _WHY, _FIX, _FIRST and _LAST
    /// in its environment and the cause as JSON on its stdin
    #[arg(long, value_name = "CMD")]
    pub(super) on_finding: Option<String>,
    /// Write a line to stderr for each cause, as soon as it is found (beside the dashboard only if stderr goes elsewhere)
    #[arg(long)]
    pub(super) alert_line: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FormatName {
    /// The dashboard
    Tui,
    /// A report at the end; with -f a line for each cause as it appears
    Text,
    /// A Markdown report
    Md,
    /// The report as one JSON object
    Json,
    /// A JSON object for each line
    Jsonl,
    /// One page with plots, that needs nothing else
    Html,
    /// Nothing; the exit code tells
    Silent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum OrderName {
    /// Most lines first
    Count,
    /// Most 4xx and 5xx first
    Errors,
    /// Most bytes first
    Bytes,
    /// Slowest first
    Time,
}

impl OrderName {
    pub(super) const fn order(self) -> Order {
        match self {
            Self::Count => Order::Count,
            Self::Errors => Order::Errors,
            Self::Bytes => Order::Bytes,
            Self::Time => Order::Time,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ByName {
    Path,
    Route,
    Client,
    Method,
    Host,
    Referer,
    Agent,
    AgentClass,
    Upstream,
    Status,
}

impl ByName {
    pub(super) const fn by(self) -> By {
        match self {
            Self::Path => By::Path,
            Self::Route => By::Route,
            Self::Client => By::Client,
            Self::Method => By::Method,
            Self::Host => By::Host,
            Self::Referer => By::Referer,
            Self::Agent => By::Agent,
            Self::AgentClass => By::AgentClass,
            Self::Upstream => By::Upstream,
            Self::Status => By::Status,
        }
    }
}
