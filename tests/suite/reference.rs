//! Real Compose files with the output of Docker Compose, where the project is developed, and how
//! two models are compared: an absent key, a null, an empty list and an empty mapping are equal,
//! and so are a number and its text. Everything else must be the same, including the order of
//! lists.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

/// The differences between two models, one per line; `None` if they are equal.
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

/// Whether a value is recursively empty.
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

/// Replaces texts everywhere in a model.
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

/// The directory of real files; `None` unless the project is developed here.
pub(crate) fn real_files() -> Option<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance").canonicalize().ok()
}

/// The real files that Docker Compose accepts.
pub(crate) fn accepted_files() -> Option<Vec<PathBuf>> {
    let root = real_files()?;
    let is_accepted = |answer: &PathBuf| {
        let text = std::fs::read_to_string(root.join("expected").join(answer)).expect("an answer");
        serde_json::from_str::<Json>(&text).expect("an answer in JSON")["accepted"] == true
    };
    let accepted = answers(&root.join("expected")).into_iter().filter(is_accepted);
    Some(accepted.map(|answer| root.join("files").join(answer.with_extension(""))).collect())
}

/// Every output below a directory, by relative path.
pub(crate) fn answers(root: &Path) -> Vec<PathBuf> {
    let mut answers = Vec::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).expect("a directory of answers").flatten() {
            let path = entry.path();
            if path.is_dir() {
                directories.push(path);
            } else {
                answers.push(path.strip_prefix(root).expect("below the root").to_owned());
            }
        }
    }
    answers.sort();
    answers
}
