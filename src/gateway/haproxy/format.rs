//! Texts with `%[…]` in them, which rules write (`log.c`, `parse_logformat_string`, 2.6).

use super::sample::{Expression, Scene};
use crate::gateway::{Files, NotUnderstood, Place};

/// A text with expressions in it.
#[derive(Clone, Debug)]
pub(super) struct Format {
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Expression(Expression),
    Alias(Alias),
    Unknown(NotUnderstood),
}

/// Names that stand behind a percent sign.
#[derive(Clone, Copy, Debug)]
enum Alias {
    ClientAddress,
    ClientPort,
    FrontendAddress,
    FrontendPort,
    Frontend,
    Backend,
    Hostname,
}

impl Format {
    /// Reads a text. What of it is not modelled makes its value unknown.
    pub(super) fn new(text: &str, place: &Place, files: &dyn Files) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('%') {
            push(&mut parts, before);
            rest = match read(after, place, files) {
                Ok((part, after)) => {
                    match part {
                        Part::Text(text) => push(&mut parts, &text),
                        part => parts.push(part),
                    }
                    after
                }
                Err(what) => {
                    parts.push(Part::Unknown(NotUnderstood::at(place, what)));
                    ""
                }
            };
        }
        push(&mut parts, rest);
        Self { parts }
    }

    /// The text as it stands, where nothing in it is evaluated.
    pub(super) fn literal(text: &str) -> Self {
        Self { parts: vec![Part::Text(text.to_owned())] }
    }

    /// The text, where nothing in it is evaluated.
    pub(super) fn constant(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The value.
    ///
    /// # Errors
    /// What it rests on and is not known.
    pub(super) fn value(&self, scene: &Scene) -> Result<Vec<u8>, NotUnderstood> {
        let mut out = Vec::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text.as_bytes()),
                Part::Expression(expression) => {
                    let value = expression.one(scene)?.map(|value| value.text()).unwrap_or_default();
                    encode(&value, &mut out);
                }
                Part::Alias(alias) => out.extend(alias.value(scene)),
                Part::Unknown(what) => return Err(what.clone()),
            }
        }
        Ok(out)
    }
}

fn push(parts: &mut Vec<Part>, text: &str) {
    match parts.last_mut() {
        _ if text.is_empty() => {}
        Some(Part::Text(before)) => before.push_str(text),
        _ => parts.push(Part::Text(text.to_owned())),
    }
}

/// What stands behind a percent sign, and what follows.
fn read<'t>(text: &'t str, place: &Place, files: &dyn Files) -> Result<(Part, &'t str), String> {
    if let Some(rest) = text.strip_prefix('%') {
        return Ok((Part::Text("%".to_owned()), rest));
    }
    // Flags such as `+Q` change how a value is quoted in logs.
    if text.starts_with('{') {
        return Err("%{…} is not modelled".to_owned());
    }
    if let Some(inside) = text.strip_prefix('[') {
        let (expression, rest) = Expression::read(inside, files)?;
        let rest = rest.strip_prefix(']').ok_or_else(|| format!("%[{inside}: {rest:?} is not modelled"))?;
        return Ok((Part::Expression(expression), rest));
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let alias = match name {
        "ci" => Alias::ClientAddress,
        "cp" => Alias::ClientPort,
        "fi" => Alias::FrontendAddress,
        "fp" => Alias::FrontendPort,
        "f" => Alias::Frontend,
        "b" => Alias::Backend,
        "H" => Alias::Hostname,
        name => return Err(format!("%{name} is not modelled ({place})")),
    };
    Ok((Part::Alias(alias), rest))
}

impl Alias {
    fn value(self, scene: &Scene) -> Vec<u8> {
        match self {
            Self::ClientAddress => scene.peer.ip().to_string(),
            Self::ClientPort => scene.peer.port().to_string(),
            Self::FrontendAddress => scene.local.ip().to_string(),
            Self::FrontendPort => scene.local.port().to_string(),
            Self::Frontend => scene.frontend.clone(),
            Self::Backend => scene.backend.clone().unwrap_or_else(|| scene.frontend.clone()),
            Self::Hostname => scene.hostname.clone(),
        }
        .into_bytes()
    }
}

/// Escapes control characters, which could end a line.
fn encode(value: &[u8], out: &mut Vec<u8>) {
    for &b in value {
        match b {
            0..=8 | 10..=31 | 127 => out.extend_from_slice(format!("%{b:02X}").as_bytes()),
            b => out.push(b),
        }
    }
}
