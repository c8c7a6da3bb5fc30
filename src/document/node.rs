//! The tree that every later stage reads: values with their spans.

use serde_json::Value as Json;

use super::scalar::Scalar;
use crate::source::Span;

/// A value of the tree and its span.
#[derive(Clone, Debug)]
pub struct Node {
    /// The span of the winning text. A collection spans from its first to its last child.
    pub span: Span,
    /// The value.
    pub value: Value,
    /// Places whose text was overridden or merged, oldest first (for `config explain`).
    pub earlier: Vec<Span>,
    /// Its tag for merging; all are gone once [`super::load`] is done.
    pub(super) directive: Option<Directive>,
}

/// The kinds of nodes.
#[derive(Clone, Debug)]
pub enum Value {
    /// `null`, `~` or empty.
    Null,
    /// Any other scalar.
    Scalar(Scalar),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping.
    Map(Map),
}

/// A tag for overriding values of other files (Compose Specification, "Merge").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Directive {
    /// `!reset`: drops the value of other files, and this value.
    Reset,
    /// `!override`: drops the value of other files, but keeps this value.
    Override,
}

impl TakenAway {
    /// What a `!reset` at this key drops.
    pub(super) fn by_reset(key: Key, reset: Node) -> Self {
        Self { key: key.text, tag: "!reset", place: reset.span, earlier: reset.earlier }
    }
}

/// A key and its span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The text.
    pub text: String,
    /// Its span.
    pub span: Span,
}

/// A mapping, in the order of the text; keys are unique.
#[derive(Clone, Debug, Default)]
pub struct Map {
    /// Keys and values.
    pub entries: Vec<(Key, Node)>,
    /// Entries removed by `!reset` and `!override`, in that order.
    pub taken_away: Vec<TakenAway>,
}

/// A value that a tag removed.
#[derive(Clone, Debug)]
pub struct TakenAway {
    /// Its key.
    pub key: String,
    /// The tag that did it, `!reset` or `!override`.
    pub tag: &'static str,
    /// Where the value with that tag was written.
    pub place: Span,
    /// Where the removed value was written, and the places that it had overridden, oldest first.
    pub earlier: Vec<Span>,
}

impl Map {
    /// A mapping without removed entries.
    pub fn from_entries(entries: Vec<(Key, Node)>) -> Self {
        Self { entries, taken_away: Vec::new() }
    }

    /// What removed `key`, unless it was set again.
    pub fn taken_away(&self, key: &str) -> Option<&TakenAway> {
        let taken = self.taken_away.iter().rev().find(|taken| taken.key == key);
        taken.filter(|_| self.get(key).is_none())
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, node)| node)
    }

    /// The key as it was written, and its value.
    pub fn entry(&self, key: &str) -> Option<&(Key, Node)> {
        self.entries.iter().find(|(candidate, _)| candidate.text == key)
    }

    /// The value of `key`, mutable.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.entries.iter_mut().find(|(candidate, _)| candidate.text == key).map(|(_, node)| node)
    }
}

impl Map {
    // The reader bounds how deep a tree is, so this may recurse.
    fn drop_entries(&mut self, dropped: Map, place: Span) {
        let mut taken_away = dropped.taken_away;
        for (key, node) in dropped.entries {
            match (self.get_mut(&key.text).map(|own| &mut own.value), node.value) {
                (Some(Value::Map(own)), Value::Map(dropped)) => own.drop_entries(dropped, place),
                (Some(_), _) => {}
                (None, _) => {
                    let earlier = node.earlier.into_iter().chain([node.span]).collect();
                    taken_away.push(TakenAway { key: key.text, tag: "!override", place, earlier });
                }
            }
        }
        taken_away.append(&mut self.taken_away);
        self.taken_away = taken_away;
    }
}

impl Node {
    /// A node without earlier places.
    pub fn new(span: Span, value: Value) -> Self {
        Self { span, value, earlier: Vec::new(), directive: None }
    }

    /// A tree of plain data without spans.
    pub fn of_json(json: &Json) -> Self {
        let scalar = |text: String, is_plain| Value::Scalar(Scalar { text, is_plain });
        let value = match json {
            Json::Null => Value::Null,
            Json::Bool(value) => scalar(value.to_string(), true),
            Json::Number(number) => scalar(number.to_string(), true),
            Json::String(text) => scalar(text.clone(), false),
            Json::Array(items) => Value::List(items.iter().map(Self::of_json).collect()),
            Json::Object(entries) => {
                let key = |text: &String| Key { text: text.clone(), span: Span::NOWHERE };
                Value::Map(Map::from_entries(
                    entries.iter().map(|(text, json)| (key(text), Self::of_json(json))).collect(),
                ))
            }
        };
        Self::new(Span::NOWHERE, value)
    }

    /// Records the earlier values that `!override` at this mapping drops.
    pub(super) fn drop_entries(&mut self, dropped: Map) {
        let place = self.span;
        if let Value::Map(map) = &mut self.value {
            map.drop_entries(dropped, place);
        }
    }

    /// Overrides the value of the same key inherited by `<<`, whose tag still applies to other
    /// files.
    pub(super) fn win_over(&mut self, inherited: &Node) {
        self.earlier.insert(0, inherited.span);
        if inherited.directive.is_some() {
            self.directive = self.directive.or(Some(Directive::Override));
        }
    }

    /// The kind of the node, for a message: `a list`, `a mapping`, `a number`...
    pub fn describe(&self) -> &'static str {
        use super::scalar::Kind;
        match &self.value {
            Value::Null => "an empty value",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
            Value::Scalar(scalar) => match scalar.kind() {
                Kind::Bool(_) => "a boolean",
                Kind::Int(_) | Kind::Float(_) => "a number",
                Kind::Text => "a string",
            },
        }
    }

    /// The mapping, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The elements, if it is a sequence.
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    /// The scalar, if it is one.
    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The text of a scalar, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        self.as_scalar().map(|scalar| scalar.text.as_str())
    }
}
