//! Whether a container still is what the topology says, and what differs.

use serde_json::Value as Json;

use crate::plan::because::{Because, FieldChange};
use crate::plan::label;
use crate::plan::observed::ObservedContainer;
use crate::topology::Topology;
use crate::topology::name::{ImageId, ServiceName};

/// What is to become of a container.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It is what the topology says.
    Keep,
    /// It must be replaced.
    Recreate(Because),
}

/// Compares a container with the model that its service has now. `image` is the image that the
/// service's reference names now, when it is there.
pub fn judge(
    topology: &Topology,
    service: &ServiceName,
    wanted: &Json,
    image: Option<&ImageId>,
    container: &ObservedContainer,
) -> Verdict {
    let Some(applied) = applied(container) else {
        return Verdict::Recreate(Because::NotOurs);
    };
    let mut changes = Vec::new();
    compare(&mut Vec::new(), Some(&applied), Some(wanted), &mut changes);
    if !changes.is_empty() {
        for change in &mut changes {
            place(topology, service, change);
        }
        return Verdict::Recreate(Because::Changed(changes));
    }
    if image.is_some_and(|image| *image != container.image) {
        return Verdict::Recreate(Because::ImageChanged { from: container.image.clone() });
    }
    Verdict::Keep
}

/// The model that the container was created from.
fn applied(container: &ObservedContainer) -> Option<Json> {
    let text = container.labels.get(label::APPLIED)?;
    let mut applied: Json = serde_json::from_str(text).ok()?;
    let is_known = applied.get("version")?.as_u64()? == u64::from(label::APPLIED_VERSION);
    is_known.then(|| applied["model"].take())
}

/// Lists what differs, as deep as mappings go.
fn compare(path: &mut Vec<String>, from: Option<&Json>, to: Option<&Json>, changes: &mut Vec<FieldChange>) {
    if from == to {
        return;
    }
    let empty = serde_json::Map::new();
    let both = match (from, to) {
        (Some(Json::Object(from)), Some(Json::Object(to))) => Some((from, to)),
        // Something that is all new or all gone is named by its own keys, below the top.
        (None, Some(Json::Object(to))) if path.len() == 1 => Some((&empty, to)),
        (Some(Json::Object(from)), None) if path.len() == 1 => Some((from, &empty)),
        _ => None,
    };
    let Some((from_map, to_map)) = both else {
        changes.push(FieldChange { path: path.join("."), from: from.cloned(), to: to.cloned(), span: None });
        return;
    };
    let keys: std::collections::BTreeSet<&String> = from_map.keys().chain(to_map.keys()).collect();
    for key in keys {
        path.push(key.clone());
        compare(path, from_map.get(key), to_map.get(key), changes);
        path.pop();
    }
}

fn place(topology: &Topology, service: &ServiceName, change: &mut FieldChange) {
    let path: Vec<&str> = ["services", service.as_str()].into_iter().chain(change.path.split('.')).collect();
    change.span = Some(topology.place_of(&path));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn changes(from: Json, to: Json) -> Vec<String> {
        let mut changes = Vec::new();
        compare(&mut Vec::new(), Some(&from), Some(&to), &mut changes);
        let text = |value: &Option<Json>| value.as_ref().map_or("-".to_owned(), Json::to_string);
        changes
            .iter()
            .map(|change| format!("{}: {} -> {}", change.path, text(&change.from), text(&change.to)))
            .collect()
    }

    #[test]
    fn a_change_is_named_by_its_deepest_key() {
        let from = json!({ "environment": { "A": "1", "B": "2" }, "image": "x" });
        let to = json!({ "environment": { "A": "1", "B": "3", "C": "4" }, "image": "x" });
        assert_eq!(changes(from, to), [r#"environment.B: "2" -> "3""#, r#"environment.C: - -> "4""#]);
    }

    #[test]
    fn a_list_changes_as_a_whole_and_a_new_section_by_its_keys() {
        let from = json!({ "command": ["a"] });
        let to = json!({ "command": ["a", "b"], "labels": { "x": "1" } });
        assert_eq!(changes(from, to), [r#"command: ["a"] -> ["a","b"]"#, r#"labels.x: - -> "1""#]);
    }

    #[test]
    fn equal_models_have_no_changes() {
        assert_eq!(changes(json!({ "a": 1 }), json!({ "a": 1 })), Vec::<String>::new());
    }
}
