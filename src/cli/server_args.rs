//! What is said of the app's server and of the app: the server's options by the server's own names.

// The doc comments of flags are the help text, where marks for code would be shown as they are.
#![allow(clippy::doc_markdown)]

use clap::Args;

use super::Failure;
use crate::asgi::Release;
use crate::asgi::framework::{App, Framework, Other};
use crate::asgi::server::{Libraries, Program, Server};
use crate::redirect::PublicUrl;
use crate::settings::{AppFacts, ServerFacts};

/// What is known of the app's server and of the app.
#[derive(Debug, Args)]
#[command(next_help_heading = "The app's server")]
pub(super) struct ServerArgs {
    /// Which one, and its release, e.g. granian@2.8: uvicorn, hypercorn, daphne, granian or gunicorn
    #[arg(long, value_name = "NAME[@VERSION]", value_parser = Program::named)]
    server: Option<(Program, Option<Release>)>,
    #[command(flatten)]
    own: OwnOptions,
    /// Any other option of it, by its own name; `hopscope servers NAME` lists them; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = own_option)]
    server_option: Vec<(String, String)>,
    /// A library below it, e.g. h11@0.14, or uvicorn@0.54 below gunicorn; may be repeated
    #[arg(long, value_name = "NAME@VERSION", value_parser = library)]
    with: Vec<(String, Release)>,
    #[command(flatten)]
    app: AppArgs,
    // Here no doc comment: rustdoc would take what is in it for a link.
    #[arg(
        long,
        help = "The URL people use from outside, e.g. https://example.org/api/v1",
        value_name = "URL",
        value_parser = PublicUrl::parse,
        help_heading = "The app"
    )]
    pub(super) public_url: Option<PublicUrl>,
}

/// Whether the server's process is looked at, where it runs beside hopscope.
#[derive(Debug, Args)]
#[command(next_help_heading = "The app's server")]
pub(super) struct FindArgs {
    /// Do not look at its process for how it was started
    #[arg(long)]
    no_find_server: bool,
}

impl FindArgs {
    /// True if it is to be looked at.
    pub(super) const fn wanted(&self) -> bool {
        !self.no_find_server
    }
}

/// How the server was started. Which servers have an option stands at the beginning of its help.
#[derive(Debug, Args)]
#[command(next_help_heading = "The server's own options, as it was started")]
struct OwnOptions {
    /// uvicorn, hypercorn, daphne, gunicorn: the public prefix
    #[arg(long, value_name = "PATH")]
    root_path: Option<String>,
    /// granian: the public prefix
    #[arg(long, value_name = "PATH")]
    url_path_prefix: Option<String>,
    /// uvicorn, gunicorn: who is trusted to send forwarding headers
    #[arg(long, value_name = "LIST")]
    forwarded_allow_ips: Option<String>,
    /// uvicorn (its default), daphne: read forwarding headers
    #[arg(long, overrides_with = "no_proxy_headers")]
    proxy_headers: bool,
    /// uvicorn: read none
    #[arg(long)]
    no_proxy_headers: bool,
    /// daphne: the header that names the client, in place of X-Forwarded-For
    #[arg(long, value_name = "NAME")]
    proxy_headers_host: Option<String>,
    /// daphne: the header that names its port, in place of X-Forwarded-Port
    #[arg(long, value_name = "NAME")]
    proxy_headers_port: Option<String>,
    /// uvicorn: the HTTP parser, h11 or httptools
    #[arg(long, value_name = "PARSER")]
    http: Option<String>,
    /// uvicorn: the websocket library, e.g. wsproto, or none
    #[arg(long, value_name = "LIBRARY")]
    ws: Option<String>,
    /// gunicorn: asgi, or e.g. uvicorn_worker.UvicornWorker
    #[arg(short = 'k', long, value_name = "CLASS")]
    worker_class: Option<String>,
    /// hypercorn, in code: ProxyFixMiddleware, legacy or modern
    #[arg(long, value_name = "MODE")]
    proxy_fix: Option<String>,
    /// hypercorn, in code: the trusted_hops of ProxyFixMiddleware
    #[arg(long, value_name = "N")]
    trusted_hops: Option<String>,
    /// granian, in code: the trusted_hosts of wrap_asgi_with_proxy_headers
    #[arg(long, value_name = "LIST")]
    wrap_proxy_headers: Option<String>,
}

/// What is known of the app.
#[derive(Debug, Args)]
#[command(next_help_heading = "The app")]
struct AppArgs {
    /// The app's FastAPI, e.g. 0.115
    #[arg(long, value_name = "VERSION")]
    fastapi: Option<Release>,
    /// The app's Starlette, e.g. 0.46; without --fastapi the app is Starlette's alone
    #[arg(long, value_name = "VERSION")]
    starlette: Option<Release>,
    /// Another framework, e.g. django@5.1: django, quart, litestar or blacksheep
    #[arg(long, value_name = "NAME[@VERSION]", value_parser = framework, conflicts_with_all = ["fastapi", "starlette"])]
    framework: Option<Framework>,
    /// The root_path argument of FastAPI(), or Django's FORCE_SCRIPT_NAME
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
}

impl ServerArgs {
    /// True if anything is said of server or app.
    pub(super) fn any(&self) -> bool {
        let app = &self.app;
        let named = app.fastapi.is_some() || app.starlette.is_some() || app.framework.is_some();
        let routes = !app.route_of_app.is_empty() || !app.mount_of_app.is_empty();
        let server = self.server.is_some() || !self.options().is_empty() || !self.with.is_empty();
        server || named || routes || app.app_prefix_header || !app.app_root_path.is_empty() || self.public_url.is_some()
    }

    /// The server.
    pub(super) fn server(&self) -> Result<Server, Failure> {
        self.server_facts().server().map_err(|error| {
            let assumed = if self.server.is_none() { " (say --server for another)" } else { "" };
            Failure::usage(format!("{error}{assumed}"))
        })
    }

    /// What the flags say of the server.
    pub(super) fn server_facts(&self) -> ServerFacts {
        ServerFacts { program: self.server, options: self.options(), libraries: self.with.clone() }
    }

    /// The options that were said, by their own names. What a wrapper in code depends on comes after the wrapper.
    fn options(&self) -> Vec<(String, String)> {
        let own = &self.own;
        let switch = match (own.proxy_headers, own.no_proxy_headers) {
            (false, false) => None,
            (on, _) => Some(on.to_string()),
        };
        let said = [
            ("worker-class", &own.worker_class),
            ("root-path", &own.root_path),
            ("url-path-prefix", &own.url_path_prefix),
            ("forwarded-allow-ips", &own.forwarded_allow_ips),
            ("proxy-headers", &switch),
            ("proxy-headers-host", &own.proxy_headers_host),
            ("proxy-headers-port", &own.proxy_headers_port),
            ("http", &own.http),
            ("ws", &own.ws),
            ("proxy-fix", &own.proxy_fix),
            ("trusted-hops", &own.trusted_hops),
            ("wrap-proxy-headers", &own.wrap_proxy_headers),
        ];
        let said = said.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)));
        said.chain(self.server_option.iter().cloned()).collect()
    }

    /// The app.
    pub(super) fn app(&self) -> App {
        let app = &self.app;
        let framework = match (app.framework, app.fastapi, app.starlette) {
            (Some(other), ..) => other,
            (None, None, Some(starlette)) => Framework::starlette(Some(starlette)),
            (None, fastapi, starlette) => Framework::fastapi(fastapi, starlette),
        };
        let facts = AppFacts {
            framework,
            root_path: app.app_root_path.clone(),
            prefix_header: app.app_prefix_header,
            routes: app.route_of_app.clone(),
            mounts: app.mount_of_app.clone(),
        };
        facts.app()
    }
}

/// Reads `NAME[@VERSION]` of a framework that does not stand on Starlette.
fn framework(text: &str) -> Result<Framework, String> {
    let (name, version) = text.split_once('@').map_or((text, None), |(name, version)| (name, Some(version)));
    let other = Other::ALL.into_iter().find(|other| other.package() == name).ok_or_else(|| {
        let known = Other::ALL.map(Other::package).join(", ");
        format!(
            "no framework is known as {name:?}; known: {known}; of FastAPI and Starlette say --fastapi, --starlette"
        )
    })?;
    let release = version.map(|version| version.parse().map_err(|error| format!("{error}"))).transpose()?;
    Ok(Framework::other(other, release))
}

/// Reads `NAME=VALUE`; dashes before the name are as well taken.
fn own_option(text: &str) -> Result<(String, String), String> {
    match text.trim_start_matches("--").split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE, e.g. limit-request-line=8190; a switch takes true or false".to_owned()),
    }
}

/// Reads `NAME@VERSION` of a library that a model asks for.
fn library(text: &str) -> Result<(String, Release), String> {
    let (name, version) = text.split_once('@').ok_or("write NAME@VERSION, e.g. h11@0.14")?;
    let name = name.to_ascii_lowercase().replace('_', "-");
    if !Libraries::KNOWN.contains(&name.as_str()) {
        return Err(format!("no server model asks for {name:?}; known: {}", Libraries::KNOWN.join(", ")));
    }
    Ok((name, version.parse().map_err(|error| format!("{error}"))?))
}
