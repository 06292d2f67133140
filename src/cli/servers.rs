//! `hopscope servers`: what each server does with a root path and with forwarding headers.

use std::io::{self, ErrorKind, IsTerminal as _};

use clap::{Args, ValueEnum};

use super::{Exit, Failure};
use crate::asgi::server::Server;
use crate::report::servers;
use crate::settings::Format;

/// The width where stdout is no terminal.
const WIDTH: u16 = 100;

/// What each server reads and does, or one of them in full
///
/// Where the root path goes, what the proxy must do with the prefix, which forwarding headers are read and of whom; for one
/// server its options too, and what its releases changed. All of it is asked of the models that lane 4 is computed with.
#[derive(Debug, Args)]
pub(super) struct ServersArgs {
    /// The server, e.g. granian, or uvicorn@0.25; without one all are listed
    #[arg(value_name = "NAME[@VERSION]", value_parser = Server::named)]
    server: Option<Server>,
    /// How to print it
    #[arg(short = 'm', long, value_name = "FORMAT", default_value = "text")]
    format: FormatName,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatName {
    /// A table, or a page
    Text,
    /// A JSON object for each server
    Jsonl,
    /// The same as Markdown
    Md,
}

/// Prints the table, or one page.
pub(super) fn run(args: &ServersArgs) -> Result<Exit, Failure> {
    let format = match args.format {
        FormatName::Text => Format::Text,
        FormatName::Jsonl => Format::Jsonl,
        FormatName::Md => Format::Markdown,
    };
    let terminal = io::stdout().is_terminal().then(crossterm::terminal::size).and_then(Result::ok);
    let width = terminal.map_or(WIDTH, |(width, _)| width);
    match servers(args.server.as_ref(), format, usize::from(width), &mut io::stdout().lock()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::unreadable(error)),
        Ok(()) | Err(_) => Ok(Exit::Fine),
    }
}
