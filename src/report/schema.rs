//! Holds values against the JSON Schemas in `assets/schema`: as much of JSON Schema as they use.

use serde_json::{Map, Value};

/// What is wrong with `value` by the schema at `at` (a JSON pointer, empty for the whole) of this document. What the schema
/// does not document is a fault, unless it says that more may come.
pub(crate) fn faults(document: &str, at: &str, value: &Value) -> Vec<String> {
    let root: Value = serde_json::from_str(document).unwrap();
    let mut faults = Vec::new();
    wrong(&root, root.pointer(at).unwrap(), value, "line", &mut faults);
    faults
}

fn wrong(root: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = root.pointer(reference.strip_prefix('#').unwrap()).unwrap();
        return wrong(root, schema, value, at, faults);
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits = |wanted: &Value| wanted == kind || (wanted == "number" && kind == "integer");
    match &schema["type"] {
        Value::Null => {}
        Value::Array(kinds) if kinds.iter().any(fits) => {}
        one if fits(one) => {}
        other => faults.push(format!("{at}: {kind} is not {other}")),
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        faults.push(format!("{at}: {value} is none of {}", schema["enum"]));
    }
    if let Value::Object(members) = value {
        let none = Map::new();
        let known = schema["properties"].as_object().unwrap_or(&none);
        for (name, member) in members {
            match (known.get(name), &schema["additionalProperties"]) {
                (Some(schema), _) => wrong(root, schema, member, &format!("{at}.{name}"), faults),
                (None, Value::Bool(true)) => {}
                (None, other @ Value::Object(_)) => wrong(root, other, member, &format!("{at}.{name}"), faults),
                (None, _) => faults.push(format!("{at}.{name} is not documented")),
            }
        }
        let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        let missing = required.iter().filter(|name| !members.contains_key(name.as_str().unwrap()));
        faults.extend(missing.map(|name| format!("{at}.{name} is missing")));
    }
    if let Value::Array(items) = value {
        let places = schema["prefixItems"].as_array().map(Vec::as_slice).unwrap_or_default();
        for (index, item) in items.iter().enumerate() {
            match places.get(index).or_else(|| schema.get("items").filter(|items| items.is_object())) {
                Some(schema) => wrong(root, schema, item, &format!("{at}[{index}]"), faults),
                None if schema["items"] == false => faults.push(format!("{at}[{index}] is one too many")),
                None => {}
            }
        }
    }
}
