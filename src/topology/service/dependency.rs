//! `depends_on`: a list of services, or a mapping with conditions.

use std::collections::BTreeMap;

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::Diagnostics;
use crate::diagnostic::suggest::closest;
use crate::document::{Node, Value};
use crate::source::Span;
use crate::topology::attribute::{
    Attribute, Field, Form, Named, Sealing, Shape, Wanted, WantedKind, choice, record, wrong_type,
};
use crate::topology::name::ServiceName;
use crate::topology::service::model_binding::refuse_repetition;
use crate::topology::value::Flag;

choice! {
    /// What a dependent service waits for.
    pub enum DependencyCondition {
        /// It was started.
        Started = "service_started",
        /// Its health check passes.
        Healthy = "service_healthy",
        /// It exited with code 0.
        Completed = "service_completed_successfully",
    }
}

record! {
    /// How one service depends on another, as it was written.
    pub struct DependencySection {
        /// What to wait for: `service_started`, `service_healthy` or `service_completed_successfully`.
        condition: Option<DependencyCondition> = required,
        /// Whether this service is restarted after the other one.
        restart: Flag,
        /// Whether this service cannot start without the other. True when absent.
        required: Option<bool>,
    }
}

/// How one service depends on another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// What to wait for.
    pub condition: DependencyCondition,
    /// Whether this service is restarted after the other one.
    pub restart: bool,
    /// Whether this service cannot start without the other.
    pub required: bool,
}

impl Default for Dependency {
    fn default() -> Self {
        Self { condition: DependencyCondition::Started, restart: false, required: true }
    }
}

/// The services that one depends on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dependencies(pub BTreeMap<ServiceName, Named<Dependency>>);

impl Dependencies {
    /// Adds a dependency implied by another attribute, unless there already is one.
    pub fn imply(&mut self, service: ServiceName, dependency: Dependency, span: Span) {
        self.0.entry(service).or_insert(Named { value: dependency, key: span, span, is_given: true });
    }
}

impl Attribute for Dependencies {
    const KEYS: &'static [Field] = DependencySection::FIELDS;
    const SHAPE: Shape = Shape::Dependencies;
    const SEALING: Sealing = Sealing::Each(&DependencySection::SEALING);

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        let mut all = BTreeMap::new();
        match &node.value {
            Value::List(items) => {
                for item in items {
                    let Some(name) = String::decode(item, found) else { continue };
                    let named = Named {
                        value: Dependency::default(),
                        key: item.span,
                        span: item.span,
                        is_given: true,
                    };
                    if let Some(earlier) = all.insert(ServiceName::new(name.clone()), named) {
                        refuse_repetition(&name, item.span, earlier.key, found);
                    }
                }
            }
            Value::Map(map) => {
                for (key, value) in map.entries.iter().filter(|(key, _)| !key.text.starts_with("x-")) {
                    let Some(dependency) = decode_dependency(value, found) else { continue };
                    let named = Named { value: dependency, key: key.span, span: value.span, is_given: true };
                    all.insert(ServiceName::new(key.text.clone()), named);
                }
            }
            _ => {
                return wrong_type(
                    node,
                    Wanted::new("a list of services, or a mapping", &[WantedKind::List, WantedKind::Mapping]),
                    found,
                );
            }
        }
        Some(Self(all))
    }

    fn canonical(&self, _: Form) -> Json {
        let written = |(name, dependency): (&ServiceName, &Named<Dependency>)| {
            let Dependency { condition, restart, required } = &dependency.value;
            let mut object = json!({ "condition": condition.word(), "required": required });
            if *restart {
                object["restart"] = json!(true);
            }
            (name.to_string(), object)
        };
        Json::Object(self.0.iter().map(written).collect())
    }

    fn schema(definitions: &mut JsonMap<String, Json>) -> Json {
        let section = DependencySection::schema(definitions);
        json!({ "anyOf": [
            { "type": "array", "items": { "type": "string" } },
            { "type": "object", "additionalProperties": section },
        ] })
    }
}

fn decode_dependency(node: &Node, found: &mut Diagnostics) -> Option<Dependency> {
    let before = found.mark();
    let section = DependencySection::decode(node, found);
    let condition = node.as_text().and_then(|word| closest(word, DependencyCondition::WORDS.iter().copied()));
    if let Some(condition) = condition {
        for diagnostic in found.since(before) {
            let mapping = format!("{{condition: {condition}}}");
            diagnostic.help(format!("write `{mapping}`"));
            diagnostic.perhaps_replace(node.as_text().unwrap_or_default(), mapping);
        }
    }
    if matches!(node.value, Value::Null) {
        for diagnostic in found.since(before) {
            diagnostic.help("write `{condition: service_started}`, or make `depends_on` a list: `[NAME]`");
        }
    }
    let section = section?;
    Some(Dependency {
        condition: section.condition.unwrap_or(DependencyCondition::Started),
        restart: section.restart.0,
        required: section.required.unwrap_or(true),
    })
}
