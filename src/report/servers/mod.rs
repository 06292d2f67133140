//! What each server does with a root path and with forwarding headers: a table of all, and a page for one.
//!
//! Nothing is written down here: every cell is asked of the server's model, as it starts by itself and as it starts with
//! what makes it read forwarding headers.

mod page;
mod table;

use std::io::{self, Write};

use serde::Serialize;

use crate::asgi::server::{Note, OwnOption, Program, RootPathUse, Server};
use crate::forwarded::written_name;
use crate::settings::Format;

/// All that is told of one server: one line of JSON, or one page.
#[derive(Debug, Serialize)]
struct Sheet {
    server: &'static str,
    version: String,
    /// The releases that are modelled exactly.
    known: [String; 2],
    /// How well this release is known, if not exactly.
    note: Option<String>,
    /// As it starts by itself first, then with each option that changes what it reads.
    behaviour: Vec<Behaviour>,
    options: Vec<OptionLine>,
    releases: Vec<ReleaseLine>,
    ways: &'static [&'static str],
}

/// What it does, started in one way.
#[derive(Debug, Serialize)]
struct Behaviour {
    /// The option that it is started with; `null` for none.
    with: Option<String>,
    root_path: RootPathLine,
    /// The forwarding headers that it reads; `null` if this release is not known.
    reads: Option<Vec<String>>,
    /// Whose headers it believes; empty if it reads none.
    believes: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct RootPathLine {
    option: String,
    /// The entries of the scope that it changes; `null` if this release is not known.
    goes_to: Option<&'static [&'static str]>,
    /// What the proxy has to do with the prefix: `strip` or `keep`; `null` if it is not used or not known.
    proxy: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct OptionLine {
    name: &'static str,
    takes: &'static str,
    about: &'static str,
    /// True if it is set in the app's code.
    in_code: bool,
}

#[derive(Debug, Serialize)]
struct ReleaseLine {
    since: String,
    what: &'static str,
}

/// Writes what is known of `server`, or of every server where none is named, in at most `width` columns.
///
/// # Errors
/// Whatever the writer fails with.
pub fn servers(server: Option<&Server>, format: Format, width: usize, out: &mut impl Write) -> io::Result<()> {
    let all: Vec<Server> = match server {
        Some(server) => vec![server.clone()],
        None => Program::ALL.into_iter().map(|program| Server::new(program, None)).collect(),
    };
    let sheets: Vec<Sheet> = all.iter().map(Sheet::of).collect();
    match (format, sheets.as_slice()) {
        (Format::Silent, _) => Ok(()),
        (Format::Jsonl, sheets) => sheets.iter().try_for_each(|sheet| {
            serde_json::to_writer(&mut *out, sheet)?;
            out.write_all(b"\n")
        }),
        (Format::Markdown, [sheet]) if server.is_some() => out.write_all(page::markdown(sheet).as_bytes()),
        (Format::Markdown, sheets) => out.write_all(table::markdown(&cells(sheets, Form::Whole)).as_bytes()),
        (Format::Text | Format::Tui, [sheet]) if server.is_some() => out.write_all(page::text(sheet, width).as_bytes()),
        (Format::Text | Format::Tui, sheets) => {
            out.write_all(table::text(&cells(sheets, Form::Indented), width).as_bytes())
        }
    }
}

impl Sheet {
    fn of(server: &Server) -> Self {
        let program = server.program();
        let mut behaviour = vec![Behaviour::of(server, None)];
        let known = |behaviour: &Behaviour| behaviour.reads.is_some();
        for (name, value) in program.variants() {
            let mut variant = server.clone();
            // A release that does not have the option is not shown with it.
            if variant.set(name, value).is_ok() {
                behaviour.push(Behaviour::of(&variant, Some(typed(name, value))));
            }
        }
        // gunicorn by itself serves no ASGI app: what it does depends on the worker alone.
        if behaviour.iter().skip(1).any(known) {
            behaviour.retain(known);
        }
        let option =
            |own: &OwnOption| OptionLine { name: own.name, takes: own.value, about: own.about, in_code: own.in_code };
        let release = |note: &Note| ReleaseLine { since: note.since.to_string(), what: note.what };
        Self {
            server: program.name(),
            version: server.version.to_string(),
            known: [program.oldest(), program.newest()].map(|release| release.to_string()),
            note: server.note(),
            behaviour,
            options: program.options().iter().map(option).collect(),
            releases: program.releases().iter().map(release).collect(),
            ways: program.ways(),
        }
    }
}

impl Sheet {
    /// The name, and the releases that are modelled.
    fn releases(&self) -> String {
        let [oldest, newest] = self.known.each_ref().map(|release| release.strip_suffix(".0").unwrap_or(release));
        format!("{} {oldest}-{newest}", self.server)
    }
}

impl Behaviour {
    fn of(server: &Server, with: Option<String>) -> Self {
        let usage = server.root_path_use();
        let known = usage != RootPathUse::Unknown;
        let reads: Vec<String> = server.reads().into_iter().map(written_name).collect();
        let (goes_to, proxy): (Option<&'static [&'static str]>, _) = match usage {
            RootPathUse::BeforePath => (Some(&["path", "raw_path", "root_path"]), Some("strip")),
            RootPathUse::Alone => (Some(&["root_path"]), Some("keep")),
            RootPathUse::Ignored => (Some(&[]), None),
            RootPathUse::Unknown => (None, None),
        };
        let option = format!("--{}", server.program().root_path_option());
        Self {
            with,
            root_path: RootPathLine { option, goes_to, proxy },
            believes: if reads.is_empty() { Vec::new() } else { server.believes().whom() },
            reads: known.then_some(reads),
        }
    }

    fn root_path(&self) -> String {
        match self.root_path.goes_to {
            None => "not known".to_owned(),
            Some([]) => "not used".to_owned(),
            Some(entries) => entries.join(", "),
        }
    }

    fn reads(&self) -> String {
        match self.reads.as_deref() {
            None => "not known".to_owned(),
            Some([]) => "nothing".to_owned(),
            Some(names) => names.join(", "),
        }
    }

    fn believes(&self) -> String {
        if self.believes.is_empty() { "-".to_owned() } else { self.believes.join(", ") }
    }
}

/// An option as it is typed.
fn typed(name: &str, value: &str) -> String {
    if value == "true" { format!("--{name}") } else { format!("--{name} {value}") }
}

/// An option without the module that a class comes from.
fn short(option: &str) -> String {
    match option.split_once(' ') {
        Some((name @ "--worker-class", class)) => format!("{name} {}", class.rsplit('.').next().unwrap_or(class)),
        _ => option.to_owned(),
    }
}

/// How a row names what it is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// By the option alone, below its server.
    Indented,
    /// By server and option.
    Whole,
}

/// The table's rows, its head first.
fn cells(sheets: &[Sheet], form: Form) -> Vec<Vec<String>> {
    let head = ["server, releases", "root path goes to", "proxy", "reads", "of"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for sheet in sheets {
        let headless = sheet.behaviour.iter().all(|behaviour| behaviour.with.is_some());
        if headless && form == Form::Indented {
            rows.push([&sheet.releases(), "", "", "", ""].map(str::to_owned).to_vec());
        }
        for behaviour in &sheet.behaviour {
            let first = match &behaviour.with {
                None => sheet.releases(),
                Some(option) if form == Form::Indented => format!("  {}", short(option)),
                Some(option) => format!("{} `{}`", sheet.releases(), short(option)),
            };
            let proxy = behaviour.root_path.proxy.unwrap_or("-").to_owned();
            rows.push(vec![first, behaviour.root_path(), proxy, behaviour.reads(), behaviour.believes()]);
        }
    }
    rows
}

#[cfg(test)]
mod tests;
