//! `env_file`: a path, or a list of paths and mappings.

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::Diagnostics;
use crate::document::{Node, Value};
use crate::source::Spanned;
use crate::topology::attribute::{
    Attribute, Field, Form, Shape, Wanted, WantedKind, choice, record, wrong_type,
};

record! {
    /// A file with environment variables, as it was written.
    pub struct EnvFileSection {
        /// The file.
        path: Option<Spanned<String>> = required public path,
        /// Whether it must exist. True when absent.
        required: Option<bool>,
        /// How it is read.
        format: Option<EnvFileFormat> = unset_when_empty,
    }
}

choice! {
    /// How an env file is read.
    pub enum EnvFileFormat {
        /// Every line is taken literally: no quotes, no variables.
        Raw = "raw",
    }
}

/// A file with environment variables.
#[derive(Clone, Debug, PartialEq)]
pub struct EnvFile {
    /// The file.
    pub path: Spanned<String>,
    /// Whether it must exist.
    pub required: bool,
    /// How it is read; the default format when absent.
    pub format: Option<EnvFileFormat>,
}

/// Files with environment variables, later ones winning.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EnvFiles(pub Vec<EnvFile>);

impl Attribute for EnvFiles {
    const ELEMENTS: &'static [Field] = EnvFileSection::FIELDS;
    const SHAPE: Shape = Shape::List;

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        let items = match &node.value {
            Value::Scalar(_) => std::slice::from_ref(node),
            Value::List(items) => items.as_slice(),
            _ => {
                return wrong_type(
                    node,
                    Wanted::new("a path or a list of paths", &[WantedKind::Scalar, WantedKind::List]),
                    found,
                );
            }
        };
        Some(Self(items.iter().filter_map(|item| decode_one(item, found)).collect()))
    }

    fn canonical(&self, _: Form) -> Json {
        let written = |file: &EnvFile| {
            let EnvFile { path, required, format } = file;
            let mut object = json!({ "path": path.value, "required": required });
            if let Some(format) = format {
                object["format"] = json!(format.word());
            }
            object
        };
        Json::Array(self.0.iter().map(written).collect())
    }

    fn schema(definitions: &mut JsonMap<String, Json>) -> Json {
        let section = EnvFileSection::schema(definitions);
        json!({ "anyOf": [
            { "type": "string" },
            { "type": "array", "items": { "anyOf": [{ "type": "string" }, section] } },
        ] })
    }
}

fn decode_one(node: &Node, found: &mut Diagnostics) -> Option<EnvFile> {
    if matches!(node.value, Value::Scalar(_)) {
        return Some(EnvFile { path: Spanned::decode(node, found)?, required: true, format: None });
    }
    let EnvFileSection { path, required, format, .. } = EnvFileSection::decode(node, found)?;
    Some(EnvFile { path: path?, required: required.unwrap_or(true), format })
}
