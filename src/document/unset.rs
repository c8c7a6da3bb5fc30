//! Values that count as absent when empty, as they are after an unset variable: `working_dir:
//! "${DIR:-}"`.
//!
//! In: a merged tree. Out: the same without them. Must not: touch what Docker Compose or the engine refuses
//! when it is empty; each attribute was tried on both.

use super::handling::Attributes;
use super::node::{Map, Node, Value};

/// Takes them out of every mapping and list below a node.
// No deeper than the attributes that are known.
pub(super) fn remove(node: &mut Node, known: &Attributes) {
    match &mut node.value {
        Value::Map(Map { entries, .. }) => {
            let is_unset = |known: &Attributes| known.handling.is_unset_when_empty;
            entries.retain(|(key, value)| !is_empty(value) || !known.below(&key.text).is_some_and(is_unset));
            for (key, value) in entries {
                if let Some(known) = known.below(&key.text) {
                    remove(value, known);
                }
            }
        }
        Value::List(elements) => {
            if known.handling.drops_empty_elements {
                elements.retain(|element| !is_empty(element));
            }
            if let Some(known) = &known.elements {
                elements.iter_mut().for_each(|element| remove(element, known));
            }
        }
        Value::Null | Value::Scalar(_) => {}
    }
}

fn is_empty(value: &Node) -> bool {
    value.as_text() == Some("")
}

#[cfg(test)]
mod tests {
    use super::super::testing::load_files;

    #[test]
    fn empty_values_are_removed_where_the_engine_ignores_them() {
        let loaded = load_files(&[(
            "compose.yaml",
            "services: {web: {working_dir: '${SET:+}', expose: ['', '80'], labels: [''], volumes: [{type: volume, source: '', target: /a}], command: ['']}}",
        )]);
        assert_eq!(
            loaded.show_clean("services.web"),
            "{expose: [\"80\"], labels: [], volumes: [{type: volume, target: /a}], command: [\"\"]}"
        );
    }
}
