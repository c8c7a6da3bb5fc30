//! The tree that every later stage reads: values, and the places that they were written at.

use super::scalar::Scalar;
use crate::source::Span;

/// A value of the tree and the place that it was written at.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where the text that won stands. A collection spans from its first to its last child.
    pub span: Span,
    /// What it is.
    pub value: Value,
    /// Places whose text contributed and lost or was completed, oldest first (for `config explain`).
    pub earlier: Vec<Span>,
    /// How it overrides; all are gone once [`super::load`] is done.
    pub(super) directive: Option<Directive>,
}

/// The kinds of nodes.
#[derive(Clone, Debug)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// Any other scalar.
    Scalar(Scalar),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping.
    Map(Map),
}

/// A tag that says how a value overrides what other files say (Compose specification, "Merge").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Directive {
    /// `!reset`: what the other files say is dropped, and so is this value.
    Reset,
    /// `!override`: what the other files say is dropped, this value stays.
    Override,
}

/// A key and the place that it was written at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The text.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A mapping, in the order in which it was written; keys are unique.
#[derive(Clone, Debug, Default)]
pub struct Map {
    /// Keys and values.
    pub entries: Vec<(Key, Node)>,
}

impl Map {
    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, node)| node)
    }

    /// The key as it was written, and its value.
    pub fn entry(&self, key: &str) -> Option<&(Key, Node)> {
        self.entries.iter().find(|(candidate, _)| candidate.text == key)
    }

    /// The value of `key`, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.entries.iter_mut().find(|(candidate, _)| candidate.text == key).map(|(_, node)| node)
    }
}

impl Node {
    /// A node without history.
    pub fn new(span: Span, value: Value) -> Self {
        Self { span, value, earlier: Vec::new(), directive: None }
    }

    /// What the node is, for a sentence: `a list`, `a mapping`, `a number`...
    pub fn describe(&self) -> &'static str {
        use super::scalar::Kind;
        match &self.value {
            Value::Null => "nothing",
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
