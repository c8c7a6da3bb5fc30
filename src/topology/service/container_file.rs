//! A secret or config as used by a service: its name, or a mapping.

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::{Diagnostics, code};
use crate::document::{Kind, Node, Value};
use crate::source::{Span, Spanned};
use crate::topology::attribute::{Attribute, Extensions, Field, Form, Sealing, record};
use crate::topology::value::Loose;

record! {
    /// A secret or config that is put into a container as a file.
    pub struct ContainerFileSection {
        /// The secret's or config's key in the topology.
        source: Option<Spanned<String>> = required public,
        /// Where it appears: a path, or for a secret a name below `/run/secrets`.
        target: Option<Spanned<String>> = public,
        /// Owner, as a number.
        uid: Option<Loose> = public,
        /// Group, as a number.
        gid: Option<Loose> = public,
        /// Permissions, octal.
        mode: Option<FileMode>,
    }
}

/// A secret or config as used by a service, by its key; `- NAME` is short for a mapping with only a
/// source.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerFile<K> {
    /// The secret or config.
    pub source: Spanned<K>,
    /// Where it appears: a path, or for a secret a name below `/run/secrets`.
    pub target: Option<Spanned<String>>,
    /// Owner, as a number.
    pub uid: Option<Loose>,
    /// Group, as a number.
    pub gid: Option<Loose>,
    /// Permissions.
    pub mode: Option<FileMode>,
    /// Extensions (`x-...`).
    pub extensions: Extensions,
}

impl<K: AsRef<str>> ContainerFile<K> {
    /// Its name in the container, and where it was written: its target, or the key.
    pub fn name(&self) -> (&str, Span) {
        match &self.target {
            Some(target) => (target, target.span),
            None => (self.source.value.as_ref(), self.source.span),
        }
    }
}

impl<K: From<String> + AsRef<str> + Clone> Attribute for ContainerFile<K> {
    const KEYS: &'static [Field] = ContainerFileSection::FIELDS;
    const SEALING: Sealing = ContainerFileSection::SEALING;

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        let section = match node.value {
            Value::Scalar(_) => {
                let source = Some(Spanned::decode(node, found)?);
                ContainerFileSection { source, ..ContainerFileSection::default() }
            }
            _ if is_pair(node) => {
                found
                    .error(code::WRONG_TYPE, "a name, or a mapping with `source` is needed here")
                    .label(node.span, "this mapping has no `source`");
                return None;
            }
            _ => ContainerFileSection::decode(node, found)?,
        };
        let ContainerFileSection { source, target, uid, gid, mode, extensions } = section;
        // An empty value counts as absent, as for Docker Compose.
        let target = target.filter(|target| !target.is_empty());
        Some(Self { source: source?.map(K::from), target, uid, gid, mode, extensions })
    }

    fn canonical(&self, form: Form) -> Json {
        let Self { source, target, uid, gid, mode, extensions } = self.clone();
        let source = Some(source.map(|source| source.as_ref().to_owned()));
        ContainerFileSection { source, target, uid, gid, mode, extensions }.canonical(form)
    }

    fn schema(definitions: &mut JsonMap<String, Json>) -> Json {
        json!({ "anyOf": [{ "type": "string" }, ContainerFileSection::schema(definitions)] })
    }
}

/// Whether a mapping is a name and a path, which belong elsewhere.
fn is_pair(node: &Node) -> bool {
    let entries = node.as_map().map_or(&[][..], |map| &map.entries);
    let [(name, value)] = entries else { return false };
    let is_path = value.as_text().is_some_and(|path| path.contains(['/', '.']));
    is_path && ContainerFileSection::FIELDS.iter().all(|field| field.key != name.text)
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

/// Permissions are meant as octal digits; YAML reads octal only after a leading `0`.
fn warn_of_decimal(text: &str, mode: i64, node: &Node, found: &mut Diagnostics) {
    if text.starts_with('0') || !text.bytes().all(|byte| (b'0'..=b'7').contains(&byte)) {
        return;
    }
    found
        .warning(code::YAML_PITFALL, format!("the mode `{text}` is read as `0{mode:o}`"))
        .label(node.span, "a decimal number")
        .help(format!("write `0{text}`"))
        .perhaps_replace(text, format!("0{text}"));
}
