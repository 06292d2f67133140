//! The Go templates that Traefik's file provider runs every dynamic file through.
//!
//! Nearly all of them in the wild are `{{ env "NAME" }}`: that is done. A file with anything else is not understood.

use std::path::Path;
use std::sync::Arc;

use crate::gateway::document::Lines;
use crate::gateway::{Files, NotUnderstood};

/// A file's text after its templates.
///
/// # Errors
/// The first template that is not understood.
pub(super) fn rendered(file: &Arc<Path>, text: String, files: &dyn Files) -> Result<String, NotUnderstood> {
    if !text.contains("{{") {
        return Ok(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let at = text.len() - after.len();
        let not = |what: String| NotUnderstood::at(&Lines::of(file, &text).place(at), what);
        let Some((action, behind)) = after.split_once("}}") else {
            return Err(not("{{: the template has no end; Traefik takes nothing of this file".to_owned()));
        };
        let Some(name) = variable(action) else {
            return Err(not(format!("{{{{{action}}}}}: of templates only {{{{ env \"NAME\" }}}} is understood")));
        };
        match files.variable(name) {
            Some(value) if !value.contains('\n') => out.push_str(&value),
            _ => return Err(not(format!("{{{{{action}}}}}: {name} is not set here"))),
        }
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}

/// The name in `env "NAME"`.
fn variable(action: &str) -> Option<&str> {
    let quoted = action.trim().strip_prefix("env")?.trim();
    ['"', '`']
        .iter()
        .find_map(|quote| quoted.strip_prefix(*quote)?.strip_suffix(*quote))
        .filter(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}
