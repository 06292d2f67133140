//! What was typed, and one short story per subcommand that plugs the rooms together.

mod again;
mod args;
mod check;
mod configured;
mod demo;
mod engine;
mod exit;
mod explain;
mod findings;
mod fix;
mod follow;
mod from_args;
pub mod headless;
mod live;
mod logs;
mod predict;
mod probe;
mod prove;
mod proxy;
mod reload;
mod rules;
mod run;
mod server_args;
mod servers;
mod signals;
mod tap;
#[cfg(test)]
mod tests;
mod watch;

pub use exit::{Exit, Failure};

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Texts of the long help that are too long for an attribute.
const EXAMPLES: &str = "\
EXAMPLES
  See what every hop does: a tap before the proxy and one behind it
    hopscope tap --edge :9998=http://127.0.0.1:9999 --app :8001=http://127.0.0.1:8000

  No proxy at hand: hopscope stands in for it
    hopscope proxy --listen :9999 --to http://127.0.0.1:8000 --prefix /api/v1 --strip

  Start your own server with a tap before it and the probe around its app
    hopscope run -- uvicorn main:app --reload

  Only think it through, without any traffic
    hopscope explain http://localhost:9999/api/v1/docs --prefix /api/v1 --keep

  Look for faults in the proxy's own configuration, and in the pair of it and the app's server
    hopscope check nginx.conf --server uvicorn --root-path /api/v1

  Follow a redirect, hop by hop: is each Location right, and what becomes of body, login and cookies?
    hopscope follow https://example.org/api/v1/items --prefix /api/v1

  Which fix mends it, and does it on the running app?
    hopscope fix http://localhost:9999/api/v1/docs --prove --from nginx.conf

  See it all alive, with nothing but this program
    hopscope demo

EXIT CODES
  0    fine
  1    there was a finding that --fail-on asks for, or one without a proven fix (fix --prove)
  2    the command line is wrong, or the proxy's configuration
  3    could not listen, or not reach the URL to follow
  4    could not read the input, or not write the output
  130  interrupted
  hopscope run: the command's own code if it ended by itself";

/// See what every hop did to a request, what the app made of it, why it went wrong, and what to change.
///
/// hopscope stands in the path of HTTP requests to an ASGI app and shows four lanes side by side: the URL the client asked
/// for, the headers the proxy forwarded, the path it rewrote, and the ASGI scope the app sees. Under them it names the
/// cause of what went wrong, and the fix.
#[derive(Debug, Parser)]
#[command(name = "hopscope", version, arg_required_else_help = true, after_long_help = EXAMPLES, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Tap(tap::TapArgs),
    Proxy(proxy::ProxyArgs),
    Run(run::RunArgs),
    Explain(explain::ExplainArgs),
    Follow(follow::FollowArgs),
    Fix(fix::FixArgs),
    Check(check::CheckArgs),
    Logs(logs::LogsArgs),
    Predict(predict::PredictArgs),
    Demo(demo::DemoArgs),
    Probe(probe::ProbeArgs),
    Rules(rules::RulesArgs),
    Servers(servers::ServersArgs),
}

/// Runs the program with these arguments (the first is its own name) and gives its exit code. What goes wrong is said on
/// stderr.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // A closed pipe is the only way this fails, and then nobody reads.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Fine }.into();
        }
    };
    let ended = match cli.command {
        Command::Tap(args) => tap::run(args),
        Command::Proxy(args) => proxy::run(args),
        Command::Run(args) => run::run(&args),
        Command::Probe(args) => probe::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Follow(args) => follow::run(&args),
        Command::Fix(args) => fix::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Logs(args) => logs::run(&args),
        Command::Predict(args) => predict::run(&args),
        Command::Demo(args) => demo::run(args),
        Command::Rules(args) => rules::run(&args),
        Command::Servers(args) => servers::run(&args),
    };
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "hopscope: {failure}");
            failure.exit.into()
        }
    }
}
