//! The elements of a mapping or a list.

use super::path::spell;
use crate::document::{Node, Value};
use crate::source::Span;
use crate::topology::Topology;
use crate::topology::value::Pairs;

/// A value within a mapping or a list.
#[derive(Debug)]
pub struct Part {
    /// Its path from the root on.
    pub path: String,
    /// The value; may be empty.
    pub value: String,
    /// Where it was written.
    pub place: Span,
    /// Whether all of it is literal text of the topology.
    pub is_literal: bool,
}

/// Every value below a node, in the order of the text.
pub(super) fn parts(path: &[String], node: &Node, topology: &Topology) -> Vec<Part> {
    let mut parts = Vec::new();
    if !matches!(node.value, Value::Scalar(_) | Value::Null) {
        collect(&mut path.to_vec(), node, topology, &mut parts);
    }
    parts
}

// The reader bounds how deep a tree is, so this may recurse.
fn collect(path: &mut Vec<String>, node: &Node, topology: &Topology, parts: &mut Vec<Part>) {
    if let Some(pairs) = pairs_at(path, topology) {
        // Env files set some too, which the tree does not contain.
        parts.extend(pairs.0.iter().map(|(name, value)| {
            let path = [path.as_slice(), std::slice::from_ref(name)].concat();
            let keys: Vec<&str> = path.iter().map(String::as_str).collect();
            Part {
                path: spell(&path),
                value: value.value.clone().unwrap_or_default(),
                place: value.span,
                is_literal: topology.origin(&keys).is_literal,
            }
        }));
        return;
    }
    match &node.value {
        Value::Map(map) => {
            for (key, child) in &map.entries {
                path.push(key.text.clone());
                collect(path, child, topology, parts);
                path.pop();
            }
        }
        Value::List(elements) => {
            for (index, element) in elements.iter().enumerate() {
                path.push(index.to_string());
                collect(path, element, topology, parts);
                path.pop();
            }
        }
        Value::Null | Value::Scalar(_) => {
            let value = node.as_text().unwrap_or_default().to_owned();
            let is_literal = !topology.holds_variable(node.span) && !topology.is_secret_word(path);
            parts.push(Part { path: spell(path), value, place: node.span, is_literal });
        }
    }
}

fn pairs_at<'t>(path: &[String], topology: &'t Topology) -> Option<&'t Pairs> {
    let [section, service, attribute] = path else { return None };
    let service = topology.service(service).filter(|_| section == "services")?;
    match attribute.as_str() {
        "environment" => Some(&service.environment),
        "labels" => Some(&service.labels),
        _ => None,
    }
}
