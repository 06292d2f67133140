//! A word of a Caddyfile, and where it came from.
//!
//! Whether two words stand on one line decides what a Caddyfile means, so a token carries all that the question needs: file,
//! line, and the chain of `import` lines that brought it in. Caddy 2.11, `caddyconfig/caddyfile/lexer.go`.

use std::path::Path;
use std::sync::Arc;

use crate::gateway::Place;

/// What encloses a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway::caddy) enum Quote {
    /// Nothing.
    Bare,
    /// `"…"`
    Double,
    /// `` `…` ``
    Backtick,
    /// `<<END … END`
    Heredoc,
}

/// A word.
#[derive(Clone, Debug)]
pub(in crate::gateway::caddy) struct Token {
    /// The word, without what encloses it.
    pub(in crate::gateway::caddy) text: Arc<str>,
    /// The same with its placeholders as they were written.
    pub(in crate::gateway::caddy) shown: Arc<str>,
    /// What enclosed it.
    pub(in crate::gateway::caddy) quote: Quote,
    /// The file that it stands in.
    pub(in crate::gateway::caddy) file: Arc<Path>,
    /// The line as Caddy counts: a line that ends in `\` and the next one are one.
    pub(in crate::gateway::caddy) line: u32,
    /// The line as an editor counts.
    pub(in crate::gateway::caddy) shown_line: u32,
    /// The `import` lines that brought it in, as a number that stands for the chain; 0 for none.
    pub(in crate::gateway::caddy) chain: u32,
    /// The snippet whose body it is part of.
    pub(in crate::gateway::caddy) snippet: Option<Arc<str>>,
}

impl Token {
    /// True for a `{` that opens a block.
    pub(in crate::gateway::caddy) fn opens(&self) -> bool {
        self.is_bare("{")
    }

    /// True for a `}` that closes a block.
    pub(in crate::gateway::caddy) fn closes(&self) -> bool {
        self.is_bare("}")
    }

    /// True for this word without quotes.
    pub(in crate::gateway::caddy) fn is_bare(&self, text: &str) -> bool {
        self.quote == Quote::Bare && &*self.text == text
    }

    /// True if it stood in quotes.
    pub(in crate::gateway::caddy) fn quoted(&self) -> bool {
        self.quote != Quote::Bare
    }

    /// Where it stands.
    pub(in crate::gateway::caddy) fn place(&self) -> Place {
        Place::new(Arc::clone(&self.file), self.shown_line)
    }

    /// The same word with another text.
    pub(in crate::gateway::caddy) fn with_text(&self, text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        Self { shown: Arc::clone(&text), text, ..self.clone() }
    }

    /// The same word with its short placeholders written out.
    pub(in crate::gateway::caddy) fn expanded(self, text: impl Into<Arc<str>>) -> Self {
        Self { text: text.into(), ..self }
    }

    /// True if `next` stands on a later line, or was brought in from elsewhere.
    pub(in crate::gateway::caddy) fn ends_before(&self, next: &Self) -> bool {
        if self.chain != next.chain || (!Arc::ptr_eq(&self.file, &next.file) && self.file != next.file) {
            return true;
        }
        self.line.saturating_add(self.line_breaks()) < next.line
    }

    /// Line ends within the word. A heredoc has two more: after its opening marker and before its closing one.
    fn line_breaks(&self) -> u32 {
        let breaks = memchr::memchr_iter(b'\n', self.text.as_bytes()).count();
        let marks = if self.quote == Quote::Heredoc { 2 } else { 0 };
        u32::try_from(breaks + marks).unwrap_or(u32::MAX)
    }
}
