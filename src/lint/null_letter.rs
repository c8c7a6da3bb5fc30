//! NUL characters: texts of a container cannot contain them.

use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::document::{Node, Value};
use crate::lint::rule::{Group, Rule, code};
use crate::lint::services;
use crate::source::Span;
use crate::topology::Topology;

const NUL_CHARACTER: Code =
    code!("nul-character", BAD_VALUE, "A string of a container contains the character NUL.");

pub(super) const RULE: Rule =
    Rule { codes: &[(NUL_CHARACTER, Severity::Error)], group: Group::Correctness, since: "0.1.0", check };

/// Reports texts of services that contain one. Extensions are not checked.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (name, _) in services(topology) {
        if let Some(service) = topology.node_at(&["services", name.as_str()]) {
            check_node(service, found);
        }
    }
}

fn check_node(node: &Node, found: &mut Diagnostics) {
    match &node.value {
        Value::Null => {}
        Value::Scalar(scalar) => check_text(&scalar.text, node.span, found),
        Value::List(items) => items.iter().for_each(|item| check_node(item, found)),
        Value::Map(map) => {
            // Labels are only stored by the engine, which accepts any character.
            let is_free = |key: &str| key.starts_with("x-") || matches!(key, "labels" | "annotations");
            for (key, value) in map.entries.iter().filter(|(key, _)| !is_free(&key.text)) {
                check_text(&key.text, key.span, found);
                check_node(value, found);
            }
        }
    }
}

fn check_text(text: &str, at: Span, found: &mut Diagnostics) {
    if text.contains('\0') {
        found
            .error(NUL_CHARACTER, "text for a container cannot contain the NUL character")
            .label(at, "Linux ends the text there")
            .help("remove it: `\\0` in double quotes");
    }
}
