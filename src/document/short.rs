//! Converts short forms into long ones where only long ones can be merged. Spans are those of the
//! text.

use super::node::{Key, Map, Node, Value};
use super::scalar::Scalar;
use crate::source::Span;
use crate::value::pair::Pair;
use std::collections::HashMap;
use std::ops::Range;

/// `NAME=value` elements as a mapping.
pub(super) enum Pairs {
    /// A [`Value::Map`].
    Map(Node),
    /// Neither a mapping nor a list of texts.
    Other(Node),
}

/// `[NAME=value, NAME]` as `{NAME: value, NAME: null}`; a later element wins.
pub(super) fn pairs_to_map(node: Node) -> Pairs {
    let Value::List(list) = &node.value else {
        return if matches!(node.value, Value::Map(_)) { Pairs::Map(node) } else { Pairs::Other(node) };
    };
    let mut entries: Vec<(Key, Node)> = Vec::with_capacity(list.len());
    let mut positions = HashMap::new();
    for element in list {
        let Some(text) = element.as_text() else { return Pairs::Other(node) };
        let (key, value) = pair(element, text);
        match positions.get(&key.text) {
            Some(position) => entries[*position] = (key, value),
            None => {
                positions.insert(key.text.clone(), entries.len());
                entries.push((key, value));
            }
        }
    }
    Pairs::Map(Node { value: Value::Map(Map::from_entries(entries)), ..node })
}

/// The value of a name in `[NAME=value, NAME]`, at its own span; null for a bare name.
pub fn pair_named(list: &[Node], name: &str) -> Option<Node> {
    let pairs = list.iter().rev().filter_map(|element| Some(pair(element, element.as_text()?)));
    pairs.into_iter().find(|(key, _)| key.text == name).map(|(_, value)| value)
}

fn pair(element: &Node, text: &str) -> (Key, Node) {
    let Some((name, value)) = Pair::both(text) else {
        let key = Key { text: text.to_owned(), span: element.span };
        let nothing = Span { start: element.span.end, ..element.span };
        return (key, Node { span: nothing, value: Value::Null, ..element.clone() });
    };
    let key = Key { text: name.to_owned(), span: part(element.span, text, 0..name.len()) };
    let span = part(element.span, text, name.len() + 1..text.len());
    let value = Scalar { text: value.to_owned(), is_plain: false };
    (key, Node { span, value: Value::Scalar(value), ..element.clone() })
}

/// A mapping of names to addresses as sorted `name=address` elements; a string as a list of it.
pub(super) fn to_addresses(node: Node) -> Node {
    let Value::Map(Map { entries, .. }) = &node.value else { return to_list(node) };
    let mut list = Vec::new();
    for (key, value) in entries {
        let addresses = value.as_list().unwrap_or(std::slice::from_ref(value));
        for address in addresses {
            let text = match &address.value {
                Value::Null => key.text.clone(),
                Value::Scalar(scalar) => format!("{}={}", key.text, scalar.text),
                // The attribute refuses it.
                Value::List(_) | Value::Map(_) => return node,
            };
            let is_here = address.span.file == key.span.file && address.span.start >= key.span.start;
            let span = if is_here { key.span.to(address.span) } else { key.span };
            list.push(Node::new(span, Value::Scalar(Scalar { text, is_plain: false })));
        }
    }
    list.sort_by(|first, second| first.as_text().cmp(&second.as_text()));
    Node { value: Value::List(list), ..node }
}

/// A string as a list of it.
pub(super) fn to_list(node: Node) -> Node {
    match node.value {
        Value::Scalar(_) => Node::new(node.span, Value::List(vec![node])),
        Value::Null | Value::List(_) | Value::Map(_) => node,
    }
}

/// `[a, b]` as `{a: null, b: null}`.
pub(super) fn names_to_map(node: Node) -> Node {
    names_with(node, |element| Node::new(Span { start: element.span.end, ..element.span }, Value::Null))
}

/// `[a]` as `{a: {condition: service_started, required: true}}`.
pub(super) fn dependencies_to_map(node: Node) -> Node {
    names_with(node, |element| {
        let entry = |name: &str, text: &str| {
            let scalar = Scalar { text: text.to_owned(), is_plain: true };
            let key = Key { text: name.to_owned(), span: element.span };
            (key, Node::new(element.span, Value::Scalar(scalar)))
        };
        let entries = vec![entry("condition", "service_started"), entry("required", "true")];
        Node::new(element.span, Value::Map(Map::from_entries(entries)))
    })
}

fn names_with(node: Node, value: impl Fn(&Node) -> Node) -> Node {
    let Value::List(list) = &node.value else { return node };
    let mut entries: Vec<(Key, Node)> = Vec::with_capacity(list.len());
    let mut known = std::collections::HashSet::new();
    for element in list {
        let Some(text) = element.as_text() else { return node };
        if known.insert(text) {
            entries.push((Key { text: text.to_owned(), span: element.span }, value(element)));
        }
    }
    Node { value: Value::Map(Map::from_entries(entries)), ..node }
}

/// `build: path` as `build: {context: path}`.
pub(super) fn build_to_map(node: Node) -> Node {
    if !matches!(node.value, Value::Scalar(_)) {
        return node;
    }
    let span = node.span;
    let entries = vec![(Key { text: "context".to_owned(), span }, node)];
    Node::new(span, Value::Map(Map::from_entries(entries)))
}

/// The span of the bytes `range` of a scalar's text, if it was written without escapes.
fn part(span: Span, text: &str, range: Range<usize>) -> Span {
    let written = span.range().len();
    let start = span.start as usize;
    match written.checked_sub(text.len()) {
        Some(0) => Span::new(span.file, start + range.start, start + range.end),
        Some(2) => Span::new(span.file, start + 1 + range.start, start + 1 + range.end),
        _ => span,
    }
}
