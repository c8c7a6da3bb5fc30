//! A secret or config as a service uses it: its name, or a mapping.

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::{Diagnostics, code};
use crate::document::{Kind, Node, Value};
use crate::source::Spanned;
use crate::topology::attribute::{Attribute, Form, Sealing, record};
use crate::topology::value::Loose;

record! {
    /// A secret or config that is put into a container as a file.
    pub struct ContainerFileSection {
        /// The secret's or config's key in the topology.
        source: Option<Spanned<String>> = required public,
        /// Where it appears: a path, or for a secret a name under `/run/secrets`.
        target: Option<Spanned<String>> = public,
        /// Owner, as a number.
        uid: Option<Loose> = public,
        /// Group, as a number.
        gid: Option<Loose> = public,
        /// Permissions, octal.
        mode: Option<FileMode>,
    }
}

/// A secret or config as a service uses it; `- NAME` is short for a mapping with just a source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerFile(pub ContainerFileSection);

impl Attribute for ContainerFile {
    const SEALING: Sealing = ContainerFileSection::SEALING;

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        if matches!(node.value, Value::Scalar(_)) {
            let source = Some(Spanned::decode(node, found)?);
            return Some(Self(ContainerFileSection { source, ..ContainerFileSection::default() }));
        }
        let section = ContainerFileSection::decode(node, found)?;
        section.source.is_some().then_some(Self(section))
    }

    fn canonical(&self, form: Form) -> Json {
        self.0.canonical(form)
    }

    fn schema(definitions: &mut JsonMap<String, Json>) -> Json {
        json!({ "anyOf": [{ "type": "string" }, ContainerFileSection::schema(definitions)] })
    }
}

impl std::ops::Deref for ContainerFile {
    type Target = ContainerFileSection;

    fn deref(&self) -> &ContainerFileSection {
        &self.0
    }
}

/// Permissions of a file. `0440` is octal with and without quotes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileMode(pub u32);

impl Attribute for FileMode {
    const SEALING: Sealing = Sealing::Public;

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        let mode = match &node.value {
            Value::Scalar(scalar) => match scalar.kind() {
                Kind::Int(mode) => {
                    warn_of_decimal(&scalar.text, mode, node, found);
                    u32::try_from(mode).ok()
                }
                Kind::Text => u32::from_str_radix(scalar.text.trim_start_matches("0o"), 8).ok(),
                _ => None,
            },
            _ => None,
        };
        if mode.is_none() {
            found
                .error(code::BAD_VALUE, "this is not a file mode")
                .label(node.span, "an octal number is needed")
                .help("write it like `0440`");
        }
        mode.map(Self)
    }

    fn canonical(&self, _: Form) -> Json {
        json!(format!("0{:o}", self.0))
    }

    fn schema(_: &mut JsonMap<String, Json>) -> Json {
        json!({ "type": ["integer", "string"] })
    }
}

/// Permissions are thought of in octal digits; YAML reads octal only after a `0`.
fn warn_of_decimal(text: &str, mode: i64, node: &Node, found: &mut Diagnostics) {
    if text.starts_with('0') || !text.bytes().all(|byte| (b'0'..=b'7').contains(&byte)) {
        return;
    }
    found
        .warning(code::YAML_PITFALL, format!("the mode `{text}` is read as `0{mode:o}`"))
        .label(node.span, "a decimal number")
        .help(format!("write `0{text}`"));
}
