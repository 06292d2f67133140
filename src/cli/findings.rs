//! The causes of a live run: those that are known before it, and where they are written.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use anyhow::Context as _;
use clap::Args;
use jiff::tz::TimeZone;

use super::Failure;
use super::args::printed;
use super::engine::SharedStore;
use crate::report::{Found, Style, findings, known};
use crate::settings::{Findings, FindingsFile, FindingsFormat, Output};
use crate::tui::Exported;

/// What becomes of the causes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct FindingsArgs {
    /// Write the causes of what was found to this file at the end, as its ending says: .md, .json or .sarif. For stdout - as
    /// --format says, JSON for jsonl and else Markdown; or -.md, -.json, -.sarif
    #[arg(long, value_name = "FILE", value_parser = FindingsFile::parse, allow_hyphen_values = true)]
    findings: Option<FindingsFile>,
    /// What --findings FILE.json of an earlier run wrote: its causes are known, and --fail-on looks at new ones only
    #[arg(long, value_name = "FILE")]
    known: Option<PathBuf>,
}

impl FindingsArgs {
    /// What was meant.
    ///
    /// # Errors
    /// If the file could not be written for want of a folder: better known before the run than after it.
    pub(super) fn findings(&self) -> Result<Findings, Failure> {
        let folder = self.findings.as_ref().and_then(|file| file.path.as_deref()).and_then(Path::parent);
        if let Some(folder) = folder.filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
            return Err(Failure::usage(format!("--findings: there is no folder {}", folder.display())));
        }
        Ok(Findings { file: self.findings.clone(), known: self.known.clone() })
    }
}

/// Marks what an earlier run found as known.
pub(super) fn know(store: &SharedStore, wanted: &Findings) -> Result<(), Failure> {
    let Some(path) = &wanted.known else { return Ok(()) };
    let json = fs::read(path).with_context(|| format!("--known {}: cannot read", path.display()));
    let causes = known(&json.map_err(Failure::unreadable)?)
        .map_err(|why| Failure::unreadable(anyhow::anyhow!("--known {}: {why}", path.display())))?;
    let mut store = store.write().unwrap_or_else(PoisonError::into_inner);
    for cause in &causes {
        store.mark_cause(cause, true);
    }
    Ok(())
}

/// Writes the causes of a run, at its end and whenever they are asked for.
pub(super) struct Export {
    store: SharedStore,
    file: Option<FindingsFile>,
    /// How they are written there.
    format: FindingsFormat,
    style: Style,
}

impl Export {
    pub(super) fn new(store: SharedStore, wanted: &Findings, output: &Output) -> Self {
        let style = Style {
            redact: output.redact,
            ascii: output.ascii,
            zone: TimeZone::system(),
            color: false,
            predicted: false,
            evidence: true,
        };
        let file = wanted.file.clone();
        let of = |file: &FindingsFile| file.format(output.format, output.file.is_none());
        let format = file.as_ref().map_or(FindingsFormat::Markdown, of);
        Self { store, file, format, style }
    }

    /// Writes them where the flags say. Where they say nothing, nothing is written.
    pub(super) fn finish(&self) -> Result<(), Failure> {
        match &self.file {
            None => Ok(()),
            Some(FindingsFile { path: Some(path), .. }) => {
                self.write_file(path).map_err(|error| Failure::unreadable(named(path, error)))
            }
            Some(FindingsFile { path: None, .. }) => printed(self.write(self.format, &mut io::stdout().lock())),
        }
    }

    /// Writes them where the flags say; else gives them as Markdown.
    pub(super) fn now(&self) -> Result<Exported, String> {
        if let Some(FindingsFile { path: Some(path), .. }) = &self.file {
            let written = self.write_file(path).map_err(|error| format!("{:#}", named(path, error)));
            return written.map(|()| Exported::File(path.clone()));
        }
        let mut text = Vec::new();
        self.write(FindingsFormat::Markdown, &mut text).map_err(|error| error.to_string())?;
        Ok(Exported::Text(String::from_utf8_lossy(&text).into_owned()))
    }

    fn write_file(&self, path: &Path) -> io::Result<()> {
        self.write(self.format, &mut BufWriter::new(fs::File::create(path)?))
    }

    fn write(&self, format: FindingsFormat, out: &mut impl Write) -> io::Result<()> {
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner);
        findings(&Found::of(&store), format, &self.style, out)
    }
}

fn named(path: &Path, error: io::Error) -> anyhow::Error {
    anyhow::Error::new(error).context(format!("--findings {}: cannot write", path.display()))
}
