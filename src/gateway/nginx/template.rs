//! Texts with variables and captures in them, taken apart once.
//!
//! Source: `ngx_http_script_compile` (`ngx_http_script.c`, 1.22.1).

use super::variables::{VariableId, Variables};
use super::visit::{Value, Visit};
use crate::gateway::NotUnderstood;

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Itself.
    Text(Vec<u8>),
    /// `$name`, `${name}`
    Variable(VariableId),
    /// `$1` to `$9`
    Capture(usize),
}

/// A text as it stands in a configuration, ready to be filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Template {
    parts: Vec<Part>,
}

impl Template {
    /// A text without variables.
    pub(super) fn literal(text: impl Into<Vec<u8>>) -> Self {
        Self { parts: vec![Part::Text(text.into())] }
    }

    /// Takes a text apart.
    ///
    /// # Errors
    /// A `$` that begins no name.
    pub(super) fn compile(source: &[u8], variables: &mut Variables) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = source;
        while !rest.is_empty() {
            let dollar = memchr::memchr(b'$', rest).unwrap_or(rest.len());
            let (text, after) = rest.split_at(dollar);
            if !text.is_empty() {
                parts.push(Part::Text(text.to_vec()));
            }
            let Some(after) = after.strip_prefix(b"$") else { break };
            if let Some(&digit @ b'1'..=b'9') = after.first() {
                parts.push(Part::Capture(usize::from(digit - b'0')));
                rest = after.get(1..).unwrap_or_default();
            } else {
                let (name, behind) = name(after)?;
                parts.push(Part::Variable(variables.used(name)));
                rest = behind;
            }
        }
        Ok(Self { parts })
    }

    /// The parts, in order.
    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The text, if nothing in it has to be filled in.
    pub(super) fn constant(&self) -> Option<&[u8]> {
        match self.parts.as_slice() {
            [] => Some(b""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The text filled in.
    ///
    /// # Errors
    /// A variable whose value cannot be known.
    pub(super) fn fill(&self, visit: &mut Visit) -> Value {
        self.fill_with(visit, <[u8]>::to_vec)
    }

    /// The same, with what becomes of captures.
    ///
    /// nginx goes through the parts twice, for the length and for the text: what a capture holds when the text is written
    /// may be what the expression of a `map` has caught in between.
    ///
    /// # Errors
    /// A variable whose value cannot be known, or captures that have outgrown the room made for them.
    pub(super) fn fill_with(&self, visit: &mut Visit, capture: impl Fn(&[u8]) -> Vec<u8>) -> Value {
        let mut variables = Vec::new();
        let mut room = 0;
        for part in &self.parts {
            match part {
                Part::Text(_) => {}
                Part::Variable(id) => variables.push(visit.variable(*id)?),
                Part::Capture(number) => room += capture(visit.captures.get(*number)).len(),
            }
        }
        let mut variables = variables.into_iter();
        let mut out = Vec::new();
        let mut written = 0;
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text),
                Part::Variable(_) => out.extend(variables.next().unwrap_or_default()),
                Part::Capture(number) => {
                    let text = capture(visit.captures.get(*number));
                    written += text.len();
                    out.extend(text);
                }
            }
        }
        if written > room {
            let what =
                "the expression of a map changes $1 while a text with it is written, which no release does safely";
            return Err(NotUnderstood { place: None, what: what.to_owned() });
        }
        Ok(out)
    }
}

/// The name behind a `$`, and what follows it.
fn name(text: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let (inside, braces) = match text.strip_prefix(b"{") {
        Some(inside) => (inside, true),
        None => (text, false),
    };
    let end = inside.iter().position(|byte| !letter(byte)).unwrap_or(inside.len());
    let (name, rest) = inside.split_at(end);
    let rest = match (braces, rest.strip_prefix(b"}")) {
        (false, _) => rest,
        (true, Some(rest)) => rest,
        (true, None) => {
            return Err(format!("the closing bracket in \"{}\" variable is missing", String::from_utf8_lossy(name)));
        }
    };
    if name.is_empty() { Err("invalid variable name: a \"$\" begins none".to_owned()) } else { Ok((name, rest)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_texts() {
        let mut variables = Variables::default();
        let mut parts = |text: &str| Template::compile(text.as_bytes(), &mut variables).map(|template| template.parts);
        let text = |text: &str| Part::Text(text.as_bytes().to_vec());
        let first = Part::Variable(VariableId::default());
        assert_eq!(
            parts("a${Host}b$1.$10"),
            Ok(vec![text("a"), first.clone(), text("b"), Part::Capture(1), text("."), Part::Capture(1), text("0")])
        );
        assert_eq!(parts("$host:80"), Ok(vec![first, text(":80")]));
        assert_eq!(parts(""), Ok(vec![]));
        for wrong in ["$", "a$ b", "${}", "${host", "${ho st}", "$-"] {
            assert!(parts(wrong).is_err(), "{wrong}");
        }
    }
}
