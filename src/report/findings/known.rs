//! Causes read back from what an earlier run wrote as JSON.

use serde::Deserialize;

use crate::diagnosis::{Cause, pages};
use crate::store::Store;

/// As much of the export as names its causes. What a later version may have added is passed over.
#[derive(Deserialize)]
struct Export {
    causes: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    code: String,
    about: String,
}

/// The causes of an earlier export, whatever became of them there. A code that this version does not have names nothing
/// that it could find, and is passed over.
///
/// # Errors
/// A sentence that says why this is no such export.
pub fn known(json: &[u8]) -> Result<Vec<Cause>, String> {
    let export: Export = serde_json::from_slice(json).map_err(|error| {
        format!("this is no list of causes ({error}): give the JSON that --findings FILE.json wrote")
    })?;
    if export.causes.len() > Store::MOST_KNOWN {
        return Err(format!(
            "{} causes are more than can be known: {} at most",
            export.causes.len(),
            Store::MOST_KNOWN
        ));
    }
    let cause = |named: Named| pages::find(&named.code).map(|page| Cause { code: page.code, about: named.about });
    Ok(export.causes.into_iter().filter_map(cause).collect())
}
