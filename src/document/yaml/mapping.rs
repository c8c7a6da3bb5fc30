//! A mapping that is being read: keys are unique strings, `<<` inherits entries of other mappings.

use super::super::node::{Directive, Key, Map, Node, Value};
use super::super::scalar::{Kind, Scalar, is_null};
use crate::diagnostic::{Diagnostics, code};
use crate::source::Span;
use std::collections::HashMap;

/// From this many keys on, they are indexed by hash.
const FEW: usize = 16;

/// A mapping that is still open.
#[derive(Default)]
pub(super) struct OpenMap {
    map: Map,
    /// The indices of the keys in `map`, once there are many.
    index: HashMap<String, usize>,
    waiting: Waiting,
    merge_key: Option<Span>,
    /// The mappings of `<<`, the one that wins first.
    inherited: Vec<Map>,
    /// The first key, if it is not a string, until it is known whether the mapping has more
    /// entries.
    odd: Option<(Scalar, Span)>,
}

/// The meaning of the next node.
#[derive(Default)]
enum Waiting {
    #[default]
    Key,
    /// The value of this key.
    Value(Key),
    /// The value of `<<`.
    Inherited,
    /// The value of a refused key.
    Refused,
}

impl OpenMap {
    /// Takes the next node of the mapping, a key or a value; `written` is its place, which for an
    /// alias is not that of its text.
    pub(super) fn take(&mut self, node: Node, written: Span, found: &mut Diagnostics) {
        match std::mem::take(&mut self.waiting) {
            Waiting::Key => self.waiting = self.take_key(node, written, found),
            Waiting::Value(key) if key.text == "<<" && matches!(node.value, Value::Map(_)) => {
                refuse_quoted_merge(key.span, found);
                self.inherit(node, written, found);
            }
            Waiting::Value(key) => self.insert(key, node),
            Waiting::Inherited => self.inherit(node, written, found),
            Waiting::Refused => {}
        }
    }

    /// Whether the next node is the value of `<<`.
    pub(super) fn inherits(&self) -> bool {
        matches!(self.waiting, Waiting::Inherited)
    }

    /// Whether the next node is a key.
    pub(super) fn awaits_key(&self) -> bool {
        matches!(self.waiting, Waiting::Key)
    }

    /// The key whose value comes next; `None` if the value of `<<` or a key does.
    pub(super) fn awaited(&self) -> Option<&str> {
        match &self.waiting {
            Waiting::Value(key) => Some(&key.text),
            Waiting::Key | Waiting::Inherited | Waiting::Refused => None,
        }
    }

    /// The mapping: its own entries in order, then those it inherits and does not override.
    fn finish(mut self) -> Map {
        // The value of this key was cut off by an error.
        if let Waiting::Value(key) = std::mem::take(&mut self.waiting) {
            let nothing = Span { start: key.span.end, ..key.span };
            self.insert(key, Node::new(nothing, Value::Null));
        }
        for (key, node) in std::mem::take(&mut self.inherited).into_iter().flat_map(|map| map.entries) {
            match self.position(&key.text) {
                Some(position) => self.map.entries[position].1.win_over(&node),
                None => self.insert(key, node),
            }
        }
        self.map.entries.shrink_to_fit();
        self.map
    }

    /// Reports a first key that is not a string. True if the mapping at `place` is really a string
    /// with a blank after its `:`, as in `- 80: 80` below `attribute`.
    fn is_divided_text(&mut self, attribute: Option<&str>, place: Span, found: &mut Diagnostics) -> bool {
        let Some((key, at)) = self.odd.take() else { return false };
        let value = match self.map.entries.as_slice() {
            [(_, Node { value: Value::Scalar(value), .. })] => value.text.as_str(),
            [(_, Node { value: Value::Null, .. })] => "",
            _ => {
                refuse_other_types(&key, at, found);
                return false;
            }
        };
        let Some(attribute) = attribute else {
            refuse_other_types(&key, at, found);
            return false;
        };
        found
            .error(code::WRONG_TYPE, "the space at the `:` turns this text into a mapping")
            .label(place, "this is a mapping")
            .help(undivided(attribute, &key.text, value));
        true
    }

    fn take_key(&mut self, node: Node, written: Span, found: &mut Diagnostics) -> Waiting {
        let scalar = match node.value {
            Value::Scalar(scalar) => scalar,
            Value::Null => Scalar { text: "null".to_owned(), is_plain: true },
            Value::List(_) | Value::Map(_) => {
                refuse_collection(&node, written, found);
                return Waiting::Refused;
            }
        };
        if scalar.is_plain && scalar.text == "<<" {
            return self.take_merge_key(written, found);
        }
        if let Some((odd, at)) = self.odd.take() {
            refuse_other_types(&odd, at, found);
        }
        match self.map.entries.is_empty() {
            true => self.odd = other_type(&scalar).map(|_| (scalar.clone(), written)),
            false => refuse_other_types(&scalar, written, found),
        }
        if let Some(first) = self.position(&scalar.text) {
            let first = self.map.entries[first].0.span;
            report_duplicate(&scalar.text, first, written, found);
            return Waiting::Refused;
        }
        Waiting::Value(Key { text: scalar.text, span: written })
    }

    fn take_merge_key(&mut self, written: Span, found: &mut Diagnostics) -> Waiting {
        let Some(first) = self.merge_key else {
            self.merge_key = Some(written);
            return Waiting::Inherited;
        };
        report_duplicate("<<", first, written, found)
            .help("one `<<` takes several mappings: `<<: [*first, *second]`");
        Waiting::Refused
    }

    fn inherit(&mut self, node: Node, written: Span, found: &mut Diagnostics) {
        match node.value {
            Value::Map(map) => self.inherited.push(map),
            Value::List(list) => self.inherit_elements(list, written, found),
            _ => refuse_merge(&node, written, found),
        }
    }

    fn inherit_elements(&mut self, list: Vec<Node>, written: Span, found: &mut Diagnostics) {
        let is_alias = |element: &Node| !written.contains(element.span);
        if let Some(element) = list.iter().find(|element| element.as_map().is_none() && is_alias(element)) {
            return refuse_merged_list(element, written, found);
        }
        for element in list {
            match element.value {
                Value::Map(map) => self.inherited.push(map),
                _ => refuse_merge(&element, element.span, found),
            }
        }
    }

    fn insert(&mut self, key: Key, node: Node) {
        let position = self.map.entries.len();
        if position == FEW {
            let known = self.map.entries.iter().enumerate();
            self.index = known.map(|(position, (key, _))| (key.text.clone(), position)).collect();
        }
        if position >= FEW {
            self.index.insert(key.text.clone(), position);
        }
        self.map.entries.push((key, node));
    }

    fn position(&self, key: &str) -> Option<usize> {
        if self.map.entries.len() > FEW {
            return self.index.get(key).copied();
        }
        self.map.entries.iter().position(|(candidate, _)| candidate.text == key)
    }
}

impl super::Reader<'_> {
    /// A mapping as a value, with the directive that leaves it out if it was refused.
    pub(super) fn finish_map(&mut self, mut map: OpenMap, span: Span) -> (Value, Option<Directive>) {
        let attribute = self.list_around().map(str::to_owned);
        let is_refused = map.is_divided_text(attribute.as_deref(), span, self.found);
        (Value::Map(map.finish()), is_refused.then_some(Directive::Reset))
    }

    /// The attribute whose list the next node is an element of.
    fn list_around(&self) -> Option<&str> {
        use super::Collection::{List, Map};
        match self.open.as_slice() {
            [.., super::Open { collection: Map(map), .. }, super::Open { collection: List(_), .. }] => {
                map.awaited()
            }
            _ => None,
        }
    }
}

/// What to write instead of `key: value` in the list of an attribute.
fn undivided(attribute: &str, key: &str, value: &str) -> String {
    match attribute {
        _ if value.is_empty() => {
            format!("leave out the `:`, `\"{key}\"`, or write what follows without a space: `\"{key}:...\"`")
        }
        "expose" => format!("write the container's port alone: `\"{value}\"`"),
        "environment" | "labels" | "annotations" | "sysctls" | "args" => {
            format!("write `- {key}={value}`")
        }
        "command" | "entrypoint" | "test" => format!("quote it: `\"{key}: {value}\"`"),
        _ => format!("write it without the space: `\"{key}:{value}\"`"),
    }
}

fn report_duplicate<'a>(
    key: &str,
    first: Span,
    second: Span,
    found: &'a mut Diagnostics,
) -> &'a mut crate::diagnostic::Diagnostic {
    found
        .error(code::DUPLICATE_KEY, format!("`{key}` occurs twice in one mapping"))
        .label(second, "the second")
        .label(first, "the first")
        .help("keep one of them")
}

fn refuse_collection(node: &Node, written: Span, found: &mut Diagnostics) {
    found
        .error(code::WRONG_TYPE, format!("a key must be a string, not {}", node.describe()))
        .label(written, "used as a key")
        .help("if this is a template for another tool, render it first; if it is text, quote it");
}

/// The type of a key that is not a string.
fn other_type(scalar: &Scalar) -> Option<&'static str> {
    match scalar.kind() {
        Kind::Bool(_) => Some("a boolean"),
        Kind::Int(_) | Kind::Float(_) => Some("a number"),
        Kind::Text if scalar.is_date() => Some("a date"),
        Kind::Text if scalar.is_plain && is_null(&scalar.text) => Some("null"),
        Kind::Text => None,
    }
}

/// Only strings can be keys: `1:`, `true:` and `null:` are refused, as in Compose.
fn refuse_other_types(scalar: &Scalar, written: Span, found: &mut Diagnostics) {
    let Some(what) = other_type(scalar) else { return };
    found
        .error(code::WRONG_TYPE, format!("a key must be a string, not {what}"))
        .label(written, format!("YAML reads this as {what}"))
        .help(format!("quote it: `\"{}\"`", scalar.text))
        .replace(written, &scalar.text, format!("\"{}\"", scalar.text));
}

/// Quotes turn `<<` into a plain key, which nothing has; its value was meant to be merged.
fn refuse_quoted_merge(key: Span, found: &mut Diagnostics) {
    if key.range().len() == "<<".len() {
        found
            .error(code::BAD_MERGE_KEY, "a tagged `<<` is an ordinary key")
            .label(key, "merges nothing")
            .help("remove the tag: `<<:`");
        return;
    }
    found
        .error(code::BAD_MERGE_KEY, "a quoted `<<` is an ordinary key")
        .label(key, "merges nothing")
        .help("remove the quotes: `<<:`")
        .replace(key, "\"<<\"", "<<");
}

/// An alias refers to a list with elements other than mappings.
fn refuse_merged_list(element: &Node, written: Span, found: &mut Diagnostics) {
    found
        .error(code::BAD_MERGE_KEY, "`<<` takes a mapping, and cannot merge lists")
        .label(written, "stands for a list")
        .label(element.span, format!("this is {}", element.describe()))
        .help("write what the anchor names as a mapping (`KEY: VALUE` in place of `- KEY=VALUE`), or repeat the elements here");
}

fn refuse_merge(node: &Node, written: Span, found: &mut Diagnostics) {
    found
        .error(code::BAD_MERGE_KEY, format!("`<<` takes a mapping, not {}", node.describe()))
        .label(written, format!("this is {}", node.describe()))
        .help("name the anchor of a mapping, as in `<<: *defaults`, or several: `<<: [*first, *second]`");
}
