//! What is kept of a body: a capped copy, and the truth about what was not kept.

use bytes::Bytes;

/// How the end of a body was told on the wire (RFC 9112 section 6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// There was no body.
    #[default]
    None,
    /// `Content-Length`.
    Length(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked,
    /// The body ended when the connection did.
    UntilClose,
}

/// Why `kept` holds less than the whole body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cut {
    /// Everything that passed is kept.
    #[default]
    No,
    /// Kept up to the cap on one body.
    AtCap,
    /// Not kept, or no further, because the recorder was behind with what it already held.
    Behind,
}

/// A body as it passed: its payload (chunk framing taken off, content encodings left on).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// The first bytes of the payload, up to the cap.
    pub kept: Bytes,
    /// How many payload bytes passed in all.
    pub total: u64,
    /// Whether, and why, `kept` is shorter than `total`.
    pub cut: Cut,
    /// How its end was told.
    pub framing: Framing,
    /// The trailer lines of a chunked body as they were on the wire, empty if none.
    pub trailers: Box<[u8]>,
}

impl Body {
    /// Bytes of memory this holds beside itself.
    pub fn held(&self) -> usize {
        self.kept.len() + self.trailers.len()
    }
}
