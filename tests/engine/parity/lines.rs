//! JSON as lines `PATH = VALUE`, one per leaf, so that each difference is a line.

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// Leaves by path, in JSON notation.
pub(super) type Leaves = BTreeMap<String, String>;

/// Objects with keys chosen by the user: each entry is a leaf, whatever it contains.
const BY_NAME: [&str; 7] = ["ExposedPorts", "Labels", "Networks", "Options", "Ports", "Tmpfs", "Volumes"];

/// Every leaf of a value, without empty ones.
pub(super) fn leaves(path: &str, value: &Json) -> Leaves {
    let mut leaves = Leaves::new();
    collect(path, value, &mut leaves);
    leaves
}

fn collect(path: &str, value: &Json, leaves: &mut Leaves) {
    match value {
        Json::Null => {}
        Json::String(text) if text.is_empty() => {}
        Json::Object(object) => {
            let is_by_name = BY_NAME.contains(&path.rsplit('.').next().unwrap_or_default());
            for (key, value) in object {
                let path = format!("{path}.{key}");
                if is_by_name {
                    leaves.insert(path.clone(), "given".to_owned());
                }
                collect(&path, value, leaves);
            }
        }
        Json::Array(items) if items.iter().any(Json::is_object) => {
            for (index, item) in items.iter().enumerate() {
                collect(&format!("{path}[{index}]"), item, leaves);
            }
        }
        Json::Array(items) if items.is_empty() => {}
        other => {
            leaves.insert(path.to_owned(), other.to_string());
        }
    }
}

/// The differences from a plain object of the same kind, whose values are the engine's defaults.
pub(super) fn beyond(plain: &Leaves, leaves: &Leaves) -> Vec<String> {
    let more = leaves.iter().filter(|(path, value)| plain.get(*path) != Some(value));
    let less = plain.keys().filter(|path| !leaves.contains_key(*path));
    more.map(|(path, value)| format!("{path} = {value}"))
        .chain(less.map(|path| format!("{path} is none")))
        .collect()
}
