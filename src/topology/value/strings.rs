//! Lists of strings, and the short form for a list of one.

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::Diagnostics;
use crate::document::{Node, Value};
use crate::source::Spanned;
use crate::topology::attribute::{Attribute, Form, Shape, Wanted, wrong_type};
use crate::topology::value::Loose;

/// One string, or a list of strings.
#[derive(Clone, Debug, PartialEq)]
pub struct OneOrMany<T = String>(pub Vec<Spanned<T>>);

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Attribute> Attribute for OneOrMany<T> {
    const SHAPE: Shape = T::SHAPE.list();
    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::List(_) => Vec::decode(node, found).map(Self),
            Value::Scalar(_) => Spanned::decode(node, found).map(|one| Self(vec![one])),
            _ => wrong_type(node, Wanted::TEXTS, found),
        }
    }

    fn canonical(&self, form: Form) -> Json {
        self.0.canonical(form)
    }

    fn schema(_: &mut JsonMap<String, Json>) -> Json {
        json!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] })
    }
}

/// A list of strings that may be written as numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WordList(pub Vec<Spanned<Loose>>);

impl Attribute for WordList {
    const SHAPE: Shape = Shape::List;
    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        Vec::decode(node, found).map(Self)
    }

    fn canonical(&self, form: Form) -> Json {
        self.0.canonical(form)
    }

    fn schema(_: &mut JsonMap<String, Json>) -> Json {
        json!({ "type": "array", "items": { "type": ["string", "number"] } })
    }
}

impl OneOrMany {
    /// The strings without their places.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|text| text.as_str())
    }
}

impl WordList {
    /// The strings without their places.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|text| &*text.value.0)
    }
}
