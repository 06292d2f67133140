//! Which logs are read, and by which formats.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::Failure;
use super::args::WhichArgs;
use crate::access_log::format::sample;
use crate::access_log::{Escape, Format, Undetected};
use crate::tail::{Event, Input, Options, Start, Tail};

/// Bytes of a log that its format is found out by: of its beginning, and of its end.
const SAMPLE: u64 = 64 << 10;

/// How long a sample may take to come.
const PATIENCE: Duration = Duration::from_secs(1);

/// One log.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// What is read.
    pub input: Input,
    /// What it is called.
    pub name: String,
    /// Its format; `None` if its first lines have to tell.
    pub format: Option<Chosen>,
}

impl Source {
    /// What its format cannot read, a sentence.
    pub(super) fn warning(&self) -> Option<String> {
        let warning = self.format.as_ref()?.format.warning()?;
        Some(format!("{}: {warning}", self.name))
    }
}

/// A format, and how it was chosen.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    pub format: Format,
    pub how: String,
}

/// The logs that the flags name.
///
/// # Errors
/// There are none, a format is wrong, or nothing fits a log that is there.
pub(super) fn sources(args: &WhichArgs) -> Result<Vec<Source>, Failure> {
    let given = args.log_format.as_deref().map(|text| given(text, args.escape)).transpose()?;
    if let Some(conf) = &args.nginx_conf {
        return super::nginx_conf::sources(conf, &args.files);
    }
    let piped = args.files.is_empty() && !std::io::stdin().is_terminal();
    let files = if piped { vec![PathBuf::from("-")] } else { args.files.clone() };
    if files.is_empty() {
        return Err(Failure::usage("which log? e.g. hopscope logs /var/log/nginx/access.log, or --nginx-conf FILE"));
    }
    let source = |path: PathBuf| {
        let format = match &given {
            Some(chosen) => Some(chosen.clone()),
            None => found_out(&path)?,
        };
        let name = path.display().to_string();
        Ok(Source { input: Input::named(path), name, format })
    };
    files.into_iter().map(source).collect()
}

/// The format that `--log-format` names or spells out.
fn given(text: &str, escape: Escape) -> Result<Chosen, Failure> {
    let how = || "by --log-format".to_owned();
    if let Some(format) = Format::named(text) {
        return Ok(Chosen { format, how: how() });
    }
    if !text.contains('$') {
        return Err(Failure::usage(format!(
            "--log-format {text:?}: there is no format of this name; there are {}, or write its text, as in nginx.conf after \
             log_format NAME",
            Format::names().collect::<Vec<_>>().join(", ")
        )));
    }
    let format = Format::compile(text.as_bytes(), escape)
        .map_err(|error| Failure::usage(format!("--log-format {text:?}: {error}")))?;
    Ok(Chosen { format, how: how() })
}

/// The format that a file's first and newest lines have; `None` if there are none yet.
pub(super) fn found_out(path: &Path) -> Result<Option<Chosen>, Failure> {
    let input = Input::named(path.to_owned());
    if input == Input::Stdin || !path.is_file() {
        return Ok(None);
    }
    let (beginning, end) = (some(&input, Start::Beginning), some(&input, Start::Newest(SAMPLE)));
    if beginning.is_empty() {
        return Ok(None);
    }
    let (beginning, end) = if beginning == end { halves(&beginning) } else { (&*beginning, &*end) };
    detect(beginning, end).map(Some).map_err(|why| undetected(&path.display().to_string(), &why))
}

/// A short log, all of which is its beginning and its end: so that no line counts twice. The second begins with a line end.
fn halves(all: &[u8]) -> (&[u8], &[u8]) {
    let middle = all.len() / 2;
    let rest = all.get(middle..).unwrap_or_default();
    all.split_at(memchr::memchr(b'\n', rest).map_or(all.len(), |at| middle + at))
}

/// What is said of a log whose format is not known.
pub(super) fn undetected(name: &str, why: &Undetected) -> Failure {
    Failure::usage(format!("{name}: {why} (--log-format, --nginx-conf)"))
}

/// Some whole lines; nothing where they cannot be read, which is told by who reads them all.
fn some(input: &Input, start: Start) -> Vec<u8> {
    let options = Options { start, ..Options::default() };
    let Ok(mut tail) = Tail::open(std::slice::from_ref(input), options, None) else { return Vec::new() };
    let most = usize::try_from(SAMPLE).unwrap_or(usize::MAX);
    loop {
        match tail.next(PATIENCE) {
            Event::Chunk { bytes, .. } => {
                let part = bytes.get(..most).unwrap_or(bytes);
                let end = memchr::memrchr(b'\n', part).map_or(part.len(), |at| at + 1);
                return part.get(..end).unwrap_or(part).to_vec();
            }
            Event::Note(_) => {}
            Event::Idle | Event::End => return Vec::new(),
        }
    }
}

/// The format that these lines have: some of a log's beginning, and of its end.
///
/// # Errors
/// None fits.
pub(super) fn detect(beginning: &[u8], end: &[u8]) -> Result<Chosen, Undetected> {
    let found = Format::detect(&sample(beginning, end))?;
    let (read, of) = found.fit;
    Ok(Chosen { format: found.format, how: format!("detected: {read} of {of} lines fit") })
}
