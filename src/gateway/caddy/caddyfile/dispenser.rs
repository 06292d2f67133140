//! A cursor over words that knows lines and blocks: Caddy 2.11, `caddyconfig/caddyfile/dispenser.go`.
//!
//! It keeps what has been read apart from what is to come, so that an `import` can put words in its own place without
//! moving all that follow.

use std::sync::Arc;

use super::token::Token;
use crate::gateway::{ConfigError, Place};

/// Words, and where in them the reading stands: on the last one that was read.
#[derive(Clone, Debug)]
pub(in crate::gateway::caddy) struct Dispenser {
    read: Vec<Token>,
    /// The next one is the last.
    coming: Vec<Token>,
    nesting: usize,
}

impl Dispenser {
    /// Before the first of these words.
    pub(in crate::gateway::caddy) fn new(mut tokens: Vec<Token>) -> Self {
        tokens.reverse();
        Self { read: Vec::with_capacity(tokens.len()), coming: tokens, nesting: 0 }
    }

    /// The word that the reading stands on.
    pub(in crate::gateway::caddy) fn token(&self) -> Option<&Token> {
        self.read.last()
    }

    /// Its text; empty before the first word.
    pub(in crate::gateway::caddy) fn val(&self) -> Arc<str> {
        self.token().map_or_else(|| "".into(), |token| Arc::clone(&token.text))
    }

    /// Goes on to the next word.
    pub(in crate::gateway::caddy) fn next(&mut self) -> bool {
        match self.coming.pop() {
            Some(token) => {
                self.read.push(token);
                true
            }
            None => false,
        }
    }

    /// Goes back by a word.
    pub(in crate::gateway::caddy) fn back(&mut self) {
        if let Some(token) = self.read.pop() {
            self.coming.push(token);
        }
    }

    /// Back before the first word.
    pub(in crate::gateway::caddy) fn reset(&mut self) {
        while let Some(token) = self.read.pop() {
            self.coming.push(token);
        }
        self.nesting = 0;
    }

    /// Takes the word that the reading stands on out of it, and goes back by one.
    pub(in crate::gateway::caddy) fn delete(&mut self) {
        self.read.pop();
    }

    /// Takes the last `count` words that were read out of it.
    pub(super) fn cut(&mut self, count: usize) {
        self.read.truncate(self.read.len().saturating_sub(count));
    }

    /// Lets go of the words that were read, but for the last two: the others are not gone back to.
    pub(super) fn forget(&mut self) {
        self.read.drain(..self.read.len().saturating_sub(2));
    }

    /// Puts words before those that are still to come.
    pub(super) fn insert(&mut self, tokens: Vec<Token>) {
        self.coming.extend(tokens.into_iter().rev());
    }

    /// Goes on to the next word if it is an argument: on this line, and not a `{`.
    pub(in crate::gateway::caddy) fn next_arg(&mut self) -> bool {
        if !self.next_on_line() {
            return false;
        }
        if self.token().is_some_and(Token::opens) {
            self.back();
            return false;
        }
        true
    }

    /// The next argument.
    pub(in crate::gateway::caddy) fn arg(&mut self) -> Option<Arc<str>> {
        self.next_arg().then(|| self.val())
    }

    /// All arguments that are left on the line.
    pub(in crate::gateway::caddy) fn args(&mut self) -> Vec<Arc<str>> {
        std::iter::from_fn(|| self.arg()).collect()
    }

    /// How many arguments are left on the line.
    pub(in crate::gateway::caddy) fn count_args(&mut self) -> usize {
        let count = self.args().len();
        for _ in 0..count {
            self.back();
        }
        count
    }

    /// Goes on to the next word if it stands on the same line.
    fn next_on_line(&mut self) -> bool {
        if self.read.is_empty() {
            return self.next();
        }
        !self.at_line_end() && self.next()
    }

    /// True if nothing follows on this line.
    pub(super) fn at_line_end(&self) -> bool {
        match (self.read.last(), self.coming.last()) {
            (Some(this), Some(next)) => this.ends_before(next),
            (None, _) => false,
            (_, None) => true,
        }
    }

    /// True if the word is the first on its line.
    pub(super) fn at_line_start(&self) -> bool {
        match self.read.as_slice() {
            [.., before, this] => before.ends_before(this),
            _ => true,
        }
    }

    /// How many blocks the reading is inside of.
    pub(in crate::gateway::caddy) fn nesting(&self) -> usize {
        self.nesting
    }

    /// Goes on to the next word of the block that opens on this line; false at its end, and if there is none.
    pub(in crate::gateway::caddy) fn next_block(&mut self, nesting: usize) -> bool {
        if self.nesting > nesting {
            if !self.next() {
                return false;
            }
            if self.token().is_some_and(Token::closes) && !self.next_on_line() {
                self.nesting -= 1;
            } else if self.token().is_some_and(Token::opens) && !self.next_on_line() {
                self.nesting += 1;
            }
            return self.nesting > nesting;
        }
        if !self.next_on_line() {
            return false;
        }
        if !self.token().is_some_and(Token::opens) {
            self.back();
            return false;
        }
        self.next();
        if self.token().is_some_and(Token::closes) {
            return false;
        }
        self.nesting += 1;
        true
    }

    /// The word, all that follows on its line, and the block that opens there.
    pub(in crate::gateway::caddy) fn segment(&mut self) -> Vec<Token> {
        let mut tokens: Vec<Token> = self.token().cloned().into_iter().collect();
        while self.next_arg() {
            tokens.extend(self.token().cloned());
        }
        let nesting = self.nesting;
        let mut opened = false;
        while self.next_block(nesting) {
            if !opened {
                tokens.extend(self.before_this().cloned());
                opened = true;
            }
            tokens.extend(self.token().cloned());
        }
        if opened {
            tokens.extend(self.token().cloned());
        }
        tokens
    }

    fn before_this(&self) -> Option<&Token> {
        self.read.len().checked_sub(2).and_then(|index| self.read.get(index))
    }

    /// Where the reading stands.
    pub(in crate::gateway::caddy) fn place(&self) -> Option<Place> {
        self.token().or(self.coming.last()).map(Token::place)
    }

    /// A fault here.
    pub(in crate::gateway::caddy) fn fault(&self, what: impl Into<String>) -> ConfigError {
        ConfigError { place: self.place(), what: what.into() }
    }

    /// The fault of too few or too many arguments.
    pub(in crate::gateway::caddy) fn arguments(&self) -> ConfigError {
        self.fault(format!("too few or too many arguments after {:?}", &*self.val()))
    }

    /// The only argument that is left on the line.
    ///
    /// # Errors
    /// [`Self::arguments`] if there is none or more.
    pub(in crate::gateway::caddy) fn only_arg(&mut self) -> Result<Arc<str>, ConfigError> {
        let arg = self.arg().ok_or_else(|| self.arguments())?;
        if self.next_arg() { Err(self.arguments()) } else { Ok(arg) }
    }

    /// The next argument.
    ///
    /// # Errors
    /// [`Self::arguments`] if there is none.
    pub(in crate::gateway::caddy) fn some_arg(&mut self) -> Result<Arc<str>, ConfigError> {
        self.arg().ok_or_else(|| self.arguments())
    }

    /// Passes over the block that opens on this line, if one does.
    pub(in crate::gateway::caddy) fn skip_block(&mut self) {
        let nesting = self.nesting;
        while self.next_block(nesting) {}
    }
}
