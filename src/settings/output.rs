//! What is shown, and when to stop.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// Which face shows the facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The dashboard.
    Tui,
    /// A line for each exchange, and lines for its findings.
    Text,
    /// A JSON object for each exchange.
    Jsonl,
    /// A Markdown report.
    Markdown,
    /// Nothing; the exit code tells.
    Silent,
}

/// From which finding on a run fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailOn {
    /// Any of severity error.
    Error,
    /// Any of severity warn or error.
    Warn,
    /// One with this code.
    Code(String),
}

impl FailOn {
    /// Reads `error`, `warn` or a code such as `PX01`.
    ///
    /// # Errors
    /// A sentence that says what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let code = text.to_ascii_uppercase();
        match text {
            "error" => Ok(Self::Error),
            "warn" => Ok(Self::Warn),
            _ if matches!(code.as_bytes(), [a, b, c, d] if a.is_ascii_uppercase() && b.is_ascii_uppercase()
                && c.is_ascii_digit() && d.is_ascii_digit()) =>
            {
                Ok(Self::Code(code))
            }
            _ => Err(format!("{text:?} is neither error nor warn nor the code of a finding, e.g. PX01")),
        }
    }
}

/// Where the causes of a run are written, and which are known before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Where they are written at the end.
    pub file: Option<FindingsFile>,
    /// What an earlier run wrote: its causes are known.
    pub known: Option<PathBuf>,
}

/// A file for the causes of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingsFile {
    /// The file; `None` for standard output.
    pub path: Option<PathBuf>,
    /// How they are written; `None` for what goes with the format of the run.
    pub format: Option<FindingsFormat>,
}

/// How the causes of a run are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindingsFormat {
    /// Markdown for an issue.
    Markdown,
    /// One JSON object; its shape is documented in `assets/schema/findings.schema.json`.
    Json,
    /// The same object on one line, below JSON lines.
    JsonLine,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

impl FindingsFile {
    /// Reads the name of a file, whose ending says how it is written. `-` is standard output in what goes with the run's
    /// format, `-.json` and the like are standard output as the ending says.
    ///
    /// # Errors
    /// A sentence that says what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == "-" {
            return Ok(Self { path: None, format: None });
        }
        let ending = match text.strip_prefix("-.") {
            Some(ending) => Some(ending),
            None => Path::new(text).extension().and_then(|ending| ending.to_str()),
        };
        let format = match ending.map(str::to_ascii_lowercase).as_deref() {
            Some("md" | "markdown") => FindingsFormat::Markdown,
            Some("json") => FindingsFormat::Json,
            Some("sarif") => FindingsFormat::Sarif,
            _ => {
                let endings = ".md, .json or .sarif";
                return Err(format!(
                    "its ending says how it is written: {endings}; - is standard output, and so is -.json"
                ));
            }
        };
        let path = (!text.starts_with("-.")).then(|| PathBuf::from(text));
        Ok(Self { path, format: Some(format) })
    }

    /// How they are written in a run of this format, whose lines go to standard output or not.
    pub fn format(&self, run: Format, on_stdout: bool) -> FindingsFormat {
        self.format.unwrap_or(match run {
            Format::Jsonl if on_stdout => FindingsFormat::JsonLine,
            Format::Jsonl => FindingsFormat::Json,
            Format::Tui | Format::Text | Format::Markdown | Format::Silent => FindingsFormat::Markdown,
        })
    }
}

/// The colours of the dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// As the terminal's background asks for; dark if it does not tell.
    Auto,
    /// For a dark background.
    Dark,
    /// For a light background.
    Light,
    /// Bright and bold, nothing dim.
    Contrast,
    /// No colours.
    Mono,
}

/// Whether to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What is shown, and when to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Which face.
    pub format: Format,
    /// Where to write instead of stdout.
    pub file: Option<PathBuf>,
    /// Stop after this many exchanges were shown.
    pub count: Option<u64>,
    /// Stop after this long.
    pub duration: Option<Duration>,
    /// What makes the run fail.
    pub fail_on: Option<FailOn>,
    /// The dashboard's colours.
    pub theme: Theme,
    /// Whether to use colours.
    pub color: Color,
    /// Signs and frames in ASCII only.
    pub ascii: bool,
    /// React to the mouse.
    pub mouse: bool,
    /// Hide credentials.
    pub redact: bool,
    /// Show in text what each finding rests on.
    pub evidence: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_run_fails_on() {
        assert_eq!(FailOn::parse("error"), Ok(FailOn::Error));
        assert_eq!(FailOn::parse("warn"), Ok(FailOn::Warn));
        assert_eq!(FailOn::parse("px01"), Ok(FailOn::Code("PX01".into())));
        for text in ["", "errors", "PX1", "PX*", "PX001", "01PX"] {
            assert!(FailOn::parse(text).unwrap_err().contains("PX01"), "{text}");
        }
    }

    #[test]
    fn the_ending_says_how_causes_are_written() {
        let format = |text: &str| FindingsFile::parse(text).map(|file| (file.path.is_some(), file.format));
        assert_eq!(format("-"), Ok((false, None)));
        assert_eq!(format("-.json"), Ok((false, Some(FindingsFormat::Json))));
        assert_eq!(format("out/causes.MD"), Ok((true, Some(FindingsFormat::Markdown))));
        assert_eq!(format("causes.json"), Ok((true, Some(FindingsFormat::Json))));
        assert_eq!(format("a.b.sarif"), Ok((true, Some(FindingsFormat::Sarif))));
        let unsaid = FindingsFile::parse("-").unwrap();
        for (run, on_stdout, written) in [
            (Format::Jsonl, true, FindingsFormat::JsonLine),
            (Format::Jsonl, false, FindingsFormat::Json),
            (Format::Text, true, FindingsFormat::Markdown),
        ] {
            assert_eq!(unsaid.format(run, on_stdout), written, "{run:?}");
        }
        for text in ["", "causes", "causes.txt", ".json", "-.txt"] {
            assert!(format(text).is_err(), "{text}");
        }
    }
}
