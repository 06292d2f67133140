//! `hopscope follow`: sends one request and goes where it is sent, hop by hop.

// The doc comments of flags are the help text, where marks for code would be shown as they are.
#![allow(clippy::doc_markdown)]

use std::io::{self, Write};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use super::args::{PrintArgs, printed};
use super::headless::fails_at;
use super::{Exit, Failure};
use crate::asgi::server::Server;
use crate::dry_run::request;
use crate::exchange::Ending;
use crate::gateway::parse_prefix;
use crate::lanes::Setup;
use crate::probe::follow::{FollowError, Followed, Order, Road, follow};
use crate::redirect::{PublicUrl, Url};
use crate::report::{ChainFormat, ShownChain, chain};
use crate::settings::FailOn;

const EXAMPLES: &str = "\
EXAMPLES
  Where does it lead, and is each hop right?
    hopscope follow https://example.org/api/v1/items --prefix /api/v1

  A POST as a form sends it: does its body arrive?
    hopscope follow https://example.org/login -d 'user=me&next=/'

  Through an edge tap, whatever the name says, so that the tap shows the rest
    hopscope follow http://example.org/api/v1/items --through 127.0.0.1:9998

  People use https://example.org, here is what stands behind its TLS end
    hopscope follow http://127.0.0.1:9999/api/v1/items --public-url https://example.org/api/v1 \\
      -H 'X-Forwarded-Proto: https'

  As a script on another site asks
    hopscope follow https://api.example.org/items -H 'Origin: https://www.example.org'

  In CI
    hopscope follow https://example.org/api/v1/items --format json --fail-on error";

/// Send one request, follow its redirects, and judge every hop
///
/// Each Location is resolved and held against the URL that was asked for: scheme, host, port and prefix. Beside it stands what
/// becomes of method and body, Authorization, cookies, CORS, and the URLs that a login page is to send the client back to.
/// Cookies are kept between hops; methods and credentials go on as browsers and curl take them on. A loop, or a URL that
/// grows, ends it. Only what the client's side shows is judged: for the cause, look with hopscope tap.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct FollowArgs {
    /// The URL to begin with
    #[arg(value_name = "URL")]
    url: String,
    /// The method; POST where there is a body, else GET
    #[arg(short = 'X', long, value_name = "METHOD", value_parser = request::method)]
    method: Option<String>,
    /// A body; sent as a form unless a header says otherwise
    #[arg(short = 'd', long, value_name = "BODY")]
    data: Option<String>,
    /// A header of the request; may be repeated
    #[arg(short = 'H', long, value_name = "NAME: VALUE", value_parser = request::header)]
    header: Vec<String>,
    /// Redirects followed at most
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    max_hops: usize,
    /// The URL people use, with the public prefix: sent as Host, and redirects are held against it
    #[arg(long, value_name = "URL", value_parser = PublicUrl::parse)]
    public_url: Option<PublicUrl>,
    /// The public path prefix that redirects have to keep
    #[arg(long, value_name = "PREFIX", value_parser = parse_prefix)]
    prefix: Option<String>,
    /// Connect here whatever the URLs say, e.g. to an edge tap
    #[arg(long, value_name = "HOST:PORT", value_parser = through, conflicts_with = "public_url")]
    through: Option<(String, u16)>,
    /// Take any certificate
    #[arg(short = 'k', long)]
    insecure: bool,
    /// How to print it
    #[arg(short = 'm', long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    format: FormatName,
    #[command(flatten)]
    print: PrintArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatName {
    /// The hops one below the other, and what they come to
    Text,
    /// A JSON object
    Json,
    /// A Markdown section
    Md,
    /// Nothing; the exit code tells
    Silent,
}

/// Reads `host:port`.
fn through(text: &str) -> Result<(String, u16), String> {
    match crate::redirect::split_port(text.as_bytes()) {
        (host, Some(port)) if !host.is_empty() && !text.contains(['/', '@']) => {
            Ok((String::from_utf8_lossy(host).into_owned(), port))
        }
        (b"", Some(port)) => Ok(("127.0.0.1".to_owned(), port)),
        _ => Err("write HOST:PORT, e.g. 127.0.0.1:9998".to_owned()),
    }
}

/// Follows, and prints the chain to stdout.
pub(super) fn run(args: &FollowArgs) -> Result<Exit, Failure> {
    let order = order(args)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")
        .map_err(Failure::unreachable)?;
    let followed = runtime.block_on(follow(order)).map_err(|error| match error {
        FollowError::Url { .. } => Failure::usage(error.to_string()),
        _ => Failure::unreachable(error),
    })?;
    tell(args, &followed, io::stdout().lock())
}

/// Prints the chain, and gives the exit code that follows from it.
fn tell(args: &FollowArgs, followed: &Followed, mut out: impl Write) -> Result<Exit, Failure> {
    let setup = Setup { public: args.public_url.clone(), ..Setup::new(Server::uvicorn()) };
    let shown = ShownChain {
        chain: &followed.chain,
        exchanges: &followed.exchanges,
        setup: &setup,
        given_up: followed.given_up,
    };
    let format = match args.format {
        FormatName::Text => ChainFormat::Text,
        FormatName::Json => ChainFormat::Json,
        FormatName::Md => ChainFormat::Markdown,
        FormatName::Silent => ChainFormat::Silent,
    };
    printed(chain(format, &args.print.style(), shown, &mut out))?;
    let first = followed.exchanges.first().and_then(|exchange| exchange.outer());
    if let Some(Ending::NoUpstream(_)) = first.map(|half| &half.ending) {
        return Ok(Exit::Unreachable);
    }
    let fails = |fail_on: &FailOn| shown.verdicts().iter().any(|one| fails_at(one.severity, one.code, fail_on));
    Ok(if args.print.fail_on.as_ref().is_some_and(fails) { Exit::Findings } else { Exit::Fine })
}

/// What is to be sent, from the flags.
fn order(args: &FollowArgs) -> Result<Order, Failure> {
    let typed = reqwest::Url::parse(&args.url).map_err(|error| {
        Failure::usage(format!("{:?} is no URL: {error}; one starts with http:// or https://", args.url))
    })?;
    let at = Url::absolute(typed.as_str().as_bytes()).filter(|url| matches!(url.scheme.as_str(), "http" | "https"));
    let at = at.ok_or_else(|| Failure::usage(format!("{:?} does not start with http:// or https://", args.url)))?;
    let (url, road) = match (&args.public_url, &args.through) {
        (Some(public), _) => {
            let url = Url { scheme: public.scheme.clone(), host: public.host.clone(), port: public.port, ..at.clone() };
            (url.clone(), Road::StandsAt(Box::new(url), Box::new(at)))
        }
        (None, Some((host, port))) => (at, Road::Through(host.clone(), *port)),
        (None, None) => (at, Road::Direct),
    };
    let method = args.method.as_deref().unwrap_or(if args.data.is_some() { "POST" } else { "GET" });
    let method = Method::from_bytes(method.as_bytes()).map_err(|error| Failure::usage(error.to_string()))?;
    let prefix = args.prefix.clone().or_else(|| args.public_url.as_ref().map(|public| public.prefix.clone()));
    Ok(Order {
        url,
        method,
        headers: headers(args)?,
        body: args.data.clone().map(String::into_bytes),
        prefix: prefix.unwrap_or_default(),
        road,
        insecure: args.insecure,
        most: args.max_hops,
    })
}

fn headers(args: &FollowArgs) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    for line in &args.header {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let wrong = |what: String| Failure::usage(format!("header {name:?}: {what}"));
        let value = HeaderValue::from_str(value.trim()).map_err(|error| wrong(error.to_string()))?;
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| wrong(error.to_string()))?;
        headers.append(name, value);
    }
    if args.data.is_some() && !headers.contains_key(CONTENT_TYPE) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_to_connect() {
        for (text, read) in [
            ("127.0.0.1:9998", Some(("127.0.0.1", 9998))),
            (":9998", Some(("127.0.0.1", 9998))),
            ("[::1]:80", Some(("[::1]", 80))),
            ("localhost", None),
            ("http://h:1", None),
            ("u@h:1", None),
        ] {
            let found = through(text);
            assert_eq!(found.as_ref().ok().map(|(host, port)| (host.as_str(), *port)), read, "{text}");
        }
    }
}
