//! `--limit-request-…`: how long a request line may be, how many header lines there may be, and how long each.
//!
//! Source of the rules: gunicorn 27.0 `config.py` (`validate_pos_int`) and `asgi/parser.py`.

/// Used for a line whose end has not been seen, where the option says 0 (unlimited).
const UNLIMITED_REQUEST_LINE: usize = 1024 * 1024;
const UNLIMITED_FIELD: usize = 8190;
const UNLIMITED_FIELDS: usize = 32_768;

/// The limits; 0 is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// `--limit-request-line`: bytes of the request line.
    pub request_line: usize,
    /// `--limit-request-fields`: header lines.
    pub fields: usize,
    /// `--limit-request-field_size`: bytes of a header line with its end.
    pub field_size: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { request_line: 4094, fields: 100, field_size: 8190 }
    }
}

impl Limits {
    pub(super) fn longest_unfinished_request_line(&self) -> usize {
        if self.request_line == 0 { UNLIMITED_REQUEST_LINE } else { self.request_line }
    }

    /// Holds for header lines, chunk sizes and trailers.
    pub(super) fn longest_unfinished_field(&self) -> usize {
        if self.field_size == 0 { UNLIMITED_FIELD } else { self.field_size }
    }

    /// Most lines of head and trailers together, as the trailers count them.
    pub(super) fn most_fields_with_trailers(&self) -> usize {
        if self.fields == 0 { UNLIMITED_FIELDS } else { self.fields }
    }
}

/// Reads a limit.
pub(super) fn read(value: &str) -> Result<usize, &'static str> {
    value.parse().map_err(|_| "say a number of 0 (no limit) or more")
}
