//! In: texts and variables. Out: one tree in which every value knows its place.
//! Must not: know what an attribute means.

mod interpolate;
mod merge;
mod yaml;

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

/// A scalar as text; what it means is the attribute's to say, see [`Scalar::kind`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// The text, unquoted, unescaped and interpolated.
    pub text: String,
    /// True when it was written without quotes and holds no variable: only then is its type read
    /// off its looks.
    pub is_plain: bool,
}

/// What a scalar looks like, by the rules that Compose's reader follows (YAML 1.2 with `yes`, `no`,
/// `on` and `off` as strings; `0440` and `0o440` octal; `1_000`; `0x1F`; `0b11`; `1e3`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Everything else.
    Text,
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
        self.entries.iter().find(|(candidate, _)| candidate.text == key).map(|(_, node)| node)
    }
}

impl Node {
    /// A node without history.
    pub fn new(span: Span, value: Value) -> Self {
        Self { span, value, earlier: Vec::new() }
    }

    /// What the node is, for a sentence: `a list`, `a mapping`, `a number`...
    pub fn describe(&self) -> &'static str {
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
}

impl Scalar {
    /// What the scalar looks like.
    pub fn kind(&self) -> Kind {
        Kind::Text
    }
}
