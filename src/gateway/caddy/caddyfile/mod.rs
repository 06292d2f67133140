//! The Caddyfile's syntax: words, lines, blocks, imports. What the words mean is found out in [`super::adapt`].
//!
//! ```text
//! text ─ {$NAME} filled in ─▶ lexer: words ─▶ parser (imports): blocks of lines ─▶ dispenser: word by word
//! ```

mod dispenser;
mod imports;
mod lexer;
mod parser;
mod token;

pub(super) use dispenser::Dispenser;
pub(super) use parser::{Block, parse};
pub(super) use token::Token;

#[cfg(test)]
pub(super) mod tests;
