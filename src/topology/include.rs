//! Attributes that the document stage has already applied: declared here only for the schema.

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::Diagnostics;
use crate::document::Node;
use crate::topology::attribute::{Attribute, Form};

/// `include`: other topologies that are part of this one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Include;

impl Attribute for Include {
    fn decode(_: &Node, _: &mut Diagnostics) -> Option<Self> {
        Some(Self)
    }

    fn canonical(&self, _: Form) -> Json {
        Json::Null
    }

    fn schema(_: &mut JsonMap<String, Json>) -> Json {
        let one_or_many = json!({ "anyOf": [
            { "type": "string" },
            { "type": "array", "items": { "type": "string" } },
        ] });
        let described = |description: &str| {
            let mut schema = one_or_many.clone();
            schema["description"] = json!(description);
            schema
        };
        json!({ "type": "array", "items": { "anyOf": [
            { "type": "string", "description": "A topology file." },
            {
                "type": "object",
                "properties": {
                    "path": described("A topology file, or several: the first, and overrides of it."),
                    "project_directory": {
                        "type": "string",
                        "description": "The directory that its relative paths start from. The file's own when absent.",
                    },
                    "env_file": described("Env files for its variables."),
                },
                "required": ["path"],
                "additionalProperties": false,
            },
        ] } })
    }
}
