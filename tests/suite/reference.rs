//! How two models are compared: an absent key, a null, an empty list and an empty mapping are the
//! same, and so are a number and its text. Everything else must be equal, the order of lists included.

use std::collections::BTreeSet;

use serde_json::Value as Json;

/// What differs between two models, a line each; nothing when they are the same.
pub(crate) fn difference(expected: &Json, actual: &Json) -> Option<String> {
    let mut lines = Vec::new();
    compare("", expected, actual, &mut lines);
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn compare(path: &str, expected: &Json, actual: &Json, lines: &mut Vec<String>) {
    match (expected, actual) {
        (Json::Object(left), Json::Object(right)) => {
            let keys: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            for key in keys {
                let value =
                    |object: &serde_json::Map<String, Json>| object.get(key).cloned().unwrap_or_default();
                compare(&format!("{path}.{key}"), &value(left), &value(right), lines);
            }
        }
        (Json::Array(left), Json::Array(right)) if left.len() == right.len() => {
            for (index, (left, right)) in left.iter().zip(right).enumerate() {
                compare(&format!("{path}[{index}]"), left, right, lines);
            }
        }
        _ if is_nothing(expected) && is_nothing(actual) => {}
        _ if text(expected) == text(actual) => {}
        _ => lines.push(format!("  {path}\n    expected {expected}\n    actual   {actual}")),
    }
}

/// True for what is as good as absent, through and through.
fn is_nothing(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Array(items) => items.is_empty(),
        Json::Object(entries) => entries.values().all(is_nothing),
        _ => false,
    }
}

fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Number(number) => number.as_f64().unwrap_or_default().to_string(),
        other => other.to_string(),
    }
}

/// Puts texts in the place of others, everywhere in a model.
pub(crate) fn substitute(value: &Json, texts: &[(&str, &str)]) -> Json {
    match value {
        Json::String(text) => {
            Json::String(texts.iter().fold(text.clone(), |text, (from, to)| text.replace(from, to)))
        }
        Json::Array(items) => items.iter().map(|item| substitute(item, texts)).collect(),
        Json::Object(entries) => {
            Json::Object(entries.iter().map(|(key, value)| (key.clone(), substitute(value, texts))).collect())
        }
        other => other.clone(),
    }
}
