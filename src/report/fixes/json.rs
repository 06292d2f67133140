//! Fixes for programs. Names are stable; `assets/schema/fix.schema.json` documents them.

use serde_json::{Value, json};

use super::{ShownFixes, ToMend, TriedFix};
use crate::remedy::proof::{Came, Compared};
use crate::report::Style;
use crate::report::line::{conclusion, url_text};

/// The object.
pub(super) fn object(shown: &ShownFixes, style: &Style) -> serde_json::Result<Value> {
    let left_out = shown.left_out.iter().map(|left| json!({ "count": left.count, "why": left.why }));
    let causes = shown.causes.iter().map(|cause| of_cause(cause, style)).collect::<serde_json::Result<Vec<_>>>()?;
    Ok(json!({
        "v": 1,
        "requests": shown.requests,
        "seen": shown.seen,
        "left_out": left_out.collect::<Vec<_>>(),
        "causes": causes,
    }))
}

fn of_cause(cause: &ToMend, style: &Style) -> serde_json::Result<Value> {
    let example = json!({
        "method": String::from_utf8_lossy(&cause.asked.method),
        "target": url_text(&cause.asked.target, style),
    });
    Ok(json!({
        "finding": serde_json::to_value(conclusion(&cause.finding))?,
        "requests": cause.count,
        "example": example,
        "tried": cause.tried.iter().map(|tried| of_trial(tried, style)).collect::<Vec<_>>(),
    }))
}

fn of_trial(tried: &TriedFix, style: &Style) -> Value {
    let (proven, why) = match &tried.outcome {
        Err(why) => (false, Some(why.as_str())),
        Ok(proof) => (proof.outcome.is_ok(), proof.outcome.as_ref().err().map(String::as_str)),
    };
    let requests = tried.outcome.iter().flat_map(|proof| &proof.requests).map(|request| compared(request, style));
    json!({ "fix": tried.fix, "proven": proven, "why": why, "requests": requests.collect::<Vec<_>>() })
}

fn compared(request: &Compared, style: &Style) -> Value {
    json!({
        "exchange": request.exchange.0,
        "method": String::from_utf8_lossy(&request.method),
        "target": url_text(&request.target, style),
        "before": request.before.as_ref().map(|came| of_answer(came, style)),
        "after": request.after.as_ref().map(|came| of_answer(came, style)),
        "became": request.became.word(),
    })
}

fn of_answer(came: &Came, style: &Style) -> Value {
    let location = came.location.as_deref().map(|location| url_text(location, style));
    json!({ "status": came.status, "location": location, "findings": came.codes })
}
