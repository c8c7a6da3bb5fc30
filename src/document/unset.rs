//! Values that count as not set when they are empty, as they are once a variable that is not set has been
//! filled in: `working_dir: "${DIR:-}"`.
//!
//! In: a merged tree. Out: the same without them. Must not: touch what Docker Compose or the engine refuses
//! when it is empty; each pattern was tried on both.

use super::node::{Map, Node, Value};
use super::pattern;

/// `[]` stands for an element of a list. All other attributes that may be empty say so by their own types.
pub(crate) const UNSET_WHEN_EMPTY: &[&str] = &[
    "configs.*.labels.[]",
    "networks.*.ipam.config.[].gateway",
    "networks.*.ipam.config.[].ip_range",
    "networks.*.labels.[]",
    "secrets.*.labels.[]",
    "services.*.build.args.[]",
    "services.*.build.labels.[]",
    "services.*.deploy.labels.[]",
    "services.*.env_file.[].format",
    "services.*.expose.[]",
    "services.*.labels.[]",
    "services.*.mac_address",
    "services.*.networks.*.ipv4_address",
    "services.*.networks.*.ipv6_address",
    "services.*.networks.*.mac_address",
    "services.*.ports.[].protocol",
    "services.*.profiles.[]",
    "services.*.volumes.[].bind.propagation",
    "services.*.volumes.[].source",
    "services.*.working_dir",
    "volumes.*.labels.[]",
];

/// No pattern is longer.
const DEEPEST: usize = 6;

/// Takes them out of every mapping and list below `root`.
pub(super) fn remove(root: &mut Node) {
    visit(root, &mut Vec::new());
}

// No deeper than the longest pattern.
fn visit<'n>(node: &'n mut Node, path: &mut Vec<&'n str>) {
    if path.len() >= DEEPEST {
        return;
    }
    match &mut node.value {
        Value::Map(Map { entries, .. }) => {
            entries.retain(|(key, value)| !is_unset(path, &key.text, value));
            for (key, value) in entries {
                path.push(&key.text);
                visit(value, path);
                path.pop();
            }
        }
        Value::List(elements) => {
            elements.retain(|element| !is_unset(path, "[]", element));
            path.push("[]");
            elements.iter_mut().for_each(|element| visit_element(element, path));
            path.pop();
        }
        Value::Null | Value::Scalar(_) => {}
    }
}

fn visit_element(element: &mut Node, path: &[&str]) {
    visit(element, &mut path.to_vec());
}

fn is_unset(path: &[&str], key: &str, value: &Node) -> bool {
    value.as_text() == Some("") && {
        let path: Vec<&str> = path.iter().copied().chain([key]).collect();
        UNSET_WHEN_EMPTY.iter().any(|pattern| pattern::matches(pattern, &path))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::load_files;

    #[test]
    fn what_is_empty_is_not_set_where_the_engine_takes_it_so() {
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
