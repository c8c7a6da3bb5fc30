//! The part of a document that a command needs.

use std::sync::Arc;

use super::{Document, Key, Node, Value};
use crate::source::Span;

impl Document {
    /// The document with only those definitions, and attributes of services, for which `keeps`
    /// returns true. Its argument is a path: `networks.front`, `services.web`,
    /// `services.web.ports`.
    pub fn part(&self, keeps: impl Fn(&[&str]) -> bool) -> Document {
        let mut root = Node::clone(&self.root);
        for (section, definitions) in entries_mut(&mut root) {
            retain(definitions, |name| keeps(&[&section.text, name]));
            for (name, attributes) in entries_mut(definitions).filter(|_| section.text == "services") {
                retain(attributes, |attribute| keeps(&[&section.text, &name.text, attribute]));
            }
        }
        let mut replaced = self.replaced.clone();
        replaced.retain(|replaced| {
            let path: Vec<&str> = replaced.path.iter().map(String::as_str).collect();
            (2..=path.len().min(3)).all(|depth| keeps(&path[..depth]))
        });
        Document { root: Arc::new(root), replaced, ..self.clone() }
    }

    /// Whether a place belongs only to what `part` leaves out of this document: inherited text may
    /// still be needed.
    pub fn is_left_out(&self, part: &Document, span: Span) -> bool {
        let mut kept = Vec::new();
        collect_texts(&part.root, &mut kept);
        let is_kept = |extent: &Span| kept.iter().any(|text| extent.contains(*text));
        extents_left_out(&self.root, &part.root)
            .into_iter()
            .any(|extent| extent.contains(span) && !is_kept(&extent))
    }
}

/// The spans of definitions, and of attributes of services, that `part` does not have.
fn extents_left_out(whole: &Node, part: &Node) -> Vec<Span> {
    let mut left_out = Vec::new();
    for (section, definitions) in entries(whole) {
        let kept = part.as_map().and_then(|part| part.get(&section.text));
        for (name, definition) in entries(definitions) {
            let Some(kept) = kept.and_then(|kept| kept.as_map()?.get(&name.text)) else {
                left_out.extend(extents(name, definition));
                continue;
            };
            for (key, attribute) in entries(definition).filter(|_| section.text == "services") {
                if kept.as_map().is_some_and(|kept| kept.get(&key.text).is_none()) {
                    left_out.extend(extents(key, attribute));
                }
            }
        }
    }
    left_out
}

/// From a key to the end of its value, unless the value is from another file.
fn extents(key: &Key, value: &Node) -> impl Iterator<Item = Span> + use<> {
    let (key, value) = (key.span, value.span);
    match key.file == value.file && key.start <= value.start {
        true => [Some(Span { end: value.end.max(key.end), ..key }), None],
        false => [Some(key), Some(value)],
    }
    .into_iter()
    .flatten()
}

/// The spans of keys and scalars.
fn collect_texts(node: &Node, texts: &mut Vec<Span>) {
    match &node.value {
        Value::Map(map) => {
            for (key, value) in &map.entries {
                texts.push(key.span);
                collect_texts(value, texts);
            }
        }
        Value::List(list) => list.iter().for_each(|element| collect_texts(element, texts)),
        Value::Scalar(_) | Value::Null => texts.push(node.span),
    }
}

fn entries(node: &Node) -> impl Iterator<Item = (&Key, &Node)> {
    node.as_map().into_iter().flat_map(|map| &map.entries).map(|(key, value)| (key, value))
}

fn entries_mut(node: &mut Node) -> impl Iterator<Item = (&Key, &mut Node)> {
    let map = match &mut node.value {
        Value::Map(map) => Some(map),
        _ => None,
    };
    map.into_iter().flat_map(|map| &mut map.entries).map(|(key, value)| (&*key, value))
}

fn retain(node: &mut Node, keeps: impl Fn(&str) -> bool) {
    if let Value::Map(map) = &mut node.value {
        map.entries.retain(|(key, _)| keeps(&key.text));
    }
}
