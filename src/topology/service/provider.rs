//! The `provider` section: a service that another program runs.

use std::collections::BTreeMap;

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::Diagnostics;
use crate::document::{Node, Value};
use crate::source::Spanned;
use crate::topology::attribute::{Attribute, Form, Wanted, WantedKind, map, record, wrong_type};
use crate::topology::value::Loose;

record! {
    /// A program that runs the service instead of the engine.
    pub struct Provider {
        /// The program, or a plugin of the Docker CLI.
        kind as "type": Option<Spanned<String>> = required public,
        /// Options that are passed to it.
        options: ProviderOptions,
    }
}

/// Options of a provider: each has one or more values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderOptions(pub BTreeMap<String, Vec<String>>);

impl Attribute for ProviderOptions {
    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        let mut options = BTreeMap::new();
        for (key, value) in &map(node, found)?.entries {
            let items = match &value.value {
                Value::List(items) => items.as_slice(),
                Value::Scalar(_) => std::slice::from_ref(value),
                _ => {
                    return wrong_type(
                        value,
                        Wanted::new(
                            "a string, a number, a boolean or a list of these",
                            &[WantedKind::Text, WantedKind::List],
                        ),
                        found,
                    );
                }
            };
            let values = items.iter().filter_map(|item| Loose::decode(item, found)).map(|text| text.0);
            options.insert(key.text.clone(), values.collect());
        }
        Some(Self(options))
    }

    fn canonical(&self, _: Form) -> Json {
        json!(self.0)
    }

    fn schema(_: &mut JsonMap<String, Json>) -> Json {
        let one = json!({ "type": ["string", "number", "boolean"] });
        json!({ "type": "object", "additionalProperties": { "anyOf": [one, { "type": "array", "items": one }] } })
    }
}
