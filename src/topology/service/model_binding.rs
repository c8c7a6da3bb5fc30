//! `models` of a service: a list of names, or a mapping.

use std::collections::BTreeMap;

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::{Diagnostics, code};
use crate::document::{Node, Value};
use crate::source::Span;
use crate::topology::attribute::{
    Attribute, Field, Form, Named, Sealing, Shape, Wanted, WantedKind, record, wrong_type,
};
use crate::topology::name::ModelKey;

record! {
    /// How a service is told about a model.
    pub struct ModelBinding {
        /// The environment variable that holds the model's address.
        endpoint_var: Option<String> = public,
        /// The environment variable that holds the model's name.
        model_var: Option<String> = public,
    }
}

/// The models that a service uses, by their keys in the topology.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelBindings(pub BTreeMap<ModelKey, Named<ModelBinding>>);

impl Attribute for ModelBindings {
    const KEYS: &'static [Field] = ModelBinding::KEYS;
    const SHAPE: Shape = Shape::Names;
    const SEALING: Sealing = Sealing::Each(&ModelBinding::SEALING);

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        decode_names(node, found).map(Self)
    }

    fn canonical(&self, form: Form) -> Json {
        self.0.canonical(form)
    }

    fn schema(definitions: &mut JsonMap<String, Json>) -> Json {
        names_schema::<ModelBinding>(definitions)
    }
}

/// A list of names, or a mapping from names to settings.
pub fn decode_names<K, T>(node: &Node, found: &mut Diagnostics) -> Option<BTreeMap<K, Named<T>>>
where
    K: Ord + From<String> + AsRef<str>,
    T: Attribute + Default,
{
    let items = match &node.value {
        Value::List(items) => items,
        Value::Scalar(_) => {
            return wrong_type(
                node,
                Wanted::new("a list of names, or a mapping", &[WantedKind::List, WantedKind::Mapping]),
                found,
            );
        }
        Value::Map(_) | Value::Null => return BTreeMap::decode(node, found),
    };
    let mut all = BTreeMap::new();
    for item in items {
        let Some(name) = String::decode(item, found) else { continue };
        let named = Named { value: T::default(), key: item.span, span: item.span, is_given: false };
        if let Some(earlier) = all.insert(K::from(name.clone()), named) {
            refuse_repetition(&name, item.span, earlier.key, found);
        }
    }
    Some(all)
}

/// A list must not repeat a name.
pub fn refuse_repetition(name: &str, at: Span, earlier: Span, found: &mut Diagnostics) {
    found
        .error(code::DUPLICATE_KEY, format!("`{name}` occurs twice in this list"))
        .label(at, "again")
        .label(earlier, "the first time")
        .help("remove one of them");
}

/// The schema of [`decode_names`].
pub fn names_schema<T: Attribute + Default>(definitions: &mut JsonMap<String, Json>) -> Json {
    let map = BTreeMap::<String, Named<T>>::schema(definitions);
    json!({ "anyOf": [{ "type": "array", "items": { "type": "string" } }, map] })
}
