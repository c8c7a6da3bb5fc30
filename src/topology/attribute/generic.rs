//! Attributes made of others: optional ones, lists, mappings by name.

use std::collections::BTreeMap;

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::Diagnostics;
use crate::document::{Key, Node, Value};
use crate::source::{Span, Spanned};
use crate::topology::attribute::{
    Attribute, Field, Form, Sealing, Shape, Wanted, WantedKind, map, wrong_type,
};

impl<T: Attribute> Attribute for Option<T> {
    const KEYS: &'static [Field] = T::KEYS;
    const ELEMENTS: &'static [Field] = T::ELEMENTS;
    const SHAPE: Shape = T::SHAPE;
    const SEALING: Sealing = T::SEALING;

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        T::decode(node, found).map(Some)
    }

    fn canonical(&self, form: Form) -> Json {
        self.as_ref().map_or(Json::Null, |value| value.canonical(form))
    }

    fn schema(definitions: &mut JsonMap<String, Json>) -> Json {
        T::schema(definitions)
    }
}

/// A value that may be left empty (`deploy:`), which is the same as leaving it out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Nullable<T>(pub Option<T>);

impl<T: Attribute> Attribute for Nullable<T> {
    const KEYS: &'static [Field] = T::KEYS;
    const ELEMENTS: &'static [Field] = T::ELEMENTS;
    const SHAPE: Shape = T::SHAPE;
    const SEALING: Sealing = T::SEALING;

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        match node.value {
            Value::Null => Some(Self(None)),
            _ => T::decode(node, found).map(|value| Self(Some(value))),
        }
    }

    fn canonical(&self, form: Form) -> Json {
        self.0.canonical(form)
    }

    fn schema(definitions: &mut JsonMap<String, Json>) -> Json {
        json!({ "anyOf": [T::schema(definitions), { "type": "null" }] })
    }
}

impl<T> std::ops::Deref for Nullable<T> {
    type Target = Option<T>;

    fn deref(&self) -> &Option<T> {
        &self.0
    }
}

impl<T> std::ops::DerefMut for Nullable<T> {
    fn deref_mut(&mut self) -> &mut Option<T> {
        &mut self.0
    }
}

impl<T: Attribute> Attribute for Box<T> {
    const SHAPE: Shape = T::SHAPE;
    const MAY_BE_EMPTY: bool = T::MAY_BE_EMPTY;
    const KEYS: &'static [Field] = T::KEYS;
    const SEALING: Sealing = T::SEALING;

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        T::decode(node, found).map(Box::new)
    }

    fn canonical(&self, form: Form) -> Json {
        T::canonical(self, form)
    }

    fn schema(definitions: &mut JsonMap<String, Json>) -> Json {
        T::schema(definitions)
    }
}

impl<T: Attribute> Attribute for Spanned<T> {
    const KEYS: &'static [Field] = T::KEYS;
    const ELEMENTS: &'static [Field] = T::ELEMENTS;
    const SHAPE: Shape = T::SHAPE;
    const SEALING: Sealing = T::SEALING;

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        T::decode(node, found).map(|value| Spanned::new(value, node.span))
    }

    fn canonical(&self, form: Form) -> Json {
        self.value.canonical(form)
    }

    fn schema(definitions: &mut JsonMap<String, Json>) -> Json {
        T::schema(definitions)
    }
}

impl<T: Attribute> Attribute for Vec<T> {
    const ELEMENTS: &'static [Field] = T::KEYS;
    const SHAPE: Shape = T::SHAPE.list();
    const SEALING: Sealing = Sealing::Each(&T::SEALING);

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::List(items) => Some(items.iter().filter_map(|item| T::decode(item, found)).collect()),
            _ => wrong_type(node, Wanted::new("a list", &[WantedKind::List]), found),
        }
    }

    fn canonical(&self, form: Form) -> Json {
        Json::Array(self.iter().map(|item| item.canonical(form)).collect())
    }

    fn schema(definitions: &mut JsonMap<String, Json>) -> Json {
        json!({ "type": "array", "items": T::schema(definitions) })
    }
}

/// A mapping whose keys are names; a value may be left empty when the type has a default for it.
impl<K, T> Attribute for BTreeMap<K, Named<T>>
where
    K: Ord + From<String> + AsRef<str>,
    T: Attribute + Default,
{
    const SHAPE: Shape = Shape::Entries;
    const KEYS: &'static [Field] = T::KEYS;
    const SEALING: Sealing = Sealing::Each(&T::SEALING);

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        let map = map(node, found)?;
        let named = |(key, node): &(Key, Node)| {
            let is_given = !matches!(node.value, Value::Null);
            let value = match T::MAY_BE_EMPTY && !is_given {
                true => T::default(),
                false => T::decode(node, &mut *found).unwrap_or_default(),
            };
            (K::from(key.text.clone()), Named { value, key: key.span, span: node.span, is_given })
        };
        Some(map.entries.iter().map(named).collect())
    }

    fn canonical(&self, form: Form) -> Json {
        let written = |(name, entry): (&K, &Named<T>)| {
            let value = match entry.value.canonical(form) {
                Json::Object(entries) if entries.is_empty() && !entry.is_given => Json::Null,
                value => value,
            };
            (name.as_ref().to_owned(), value)
        };
        Json::Object(self.iter().map(written).collect())
    }

    fn schema(definitions: &mut JsonMap<String, Json>) -> Json {
        let value = T::schema(definitions);
        let value = if T::MAY_BE_EMPTY { json!({ "anyOf": [value, { "type": "null" }] }) } else { value };
        json!({ "type": "object", "additionalProperties": value })
    }
}

/// An entry of a mapping by name.
#[derive(Clone, Debug)]
pub struct Named<T> {
    /// The entry.
    pub value: T,
    /// Where its name stands.
    pub key: Span,
    /// Where its value stands.
    pub span: Span,
    /// Whether something is said of it, be it an empty mapping: `front: {}` rather than `front:` or a
    /// word in a list. Docker Compose makes another fingerprint of it.
    pub is_given: bool,
}

impl<T: PartialEq> PartialEq for Named<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T> std::ops::Deref for Named<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// A value that an earlier stage used up, or that has no effect: any shape is accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ignored;

impl Attribute for Ignored {
    const SEALING: Sealing = Sealing::Public;

    fn decode(_: &Node, _: &mut Diagnostics) -> Option<Self> {
        Some(Self)
    }

    fn canonical(&self, _: Form) -> Json {
        Json::Null
    }

    fn schema(_: &mut JsonMap<String, Json>) -> Json {
        json!({})
    }
}
