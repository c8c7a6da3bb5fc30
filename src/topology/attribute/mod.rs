//! How an attribute is read, written canonically, and described to editors: one declaration each.
//!
//! A [`record!`] is a mapping with known keys; a [`choice!`] is one word out of a few. Both are the
//! decode tables: the JSON Schema and the canonical form are made from the same lines, so that the
//! three cannot disagree.

mod declare;
mod element;
mod example;
mod field;
mod form;
mod generic;
pub(crate) mod hint;
pub mod quotes;
mod sealing;
mod text;
mod translation;
mod wanted;

use std::collections::BTreeMap;

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::{Diagnostics, WrongType, code, suggest};
use crate::document::{Key, Kind, Map, Node, Value};
use crate::source::Span;
pub(crate) use declare::{choice, elsewhere, key, record};
pub use field::{Field, Place};
pub use generic::{Ignored, Named, Nullable};
pub use hint::divided_by_a_blank;
pub use sealing::Sealing;
pub use wanted::{Kind as WantedKind, Shape, Wanted};

/// A value that a topology can hold.
pub trait Attribute: Sized {
    /// Whether an empty value in a mapping by name (`networks: {front: }`) is the default.
    const MAY_BE_EMPTY: bool = false;
    /// The keys of its mapping, or of each mapping in it by name; none where any key may stand.
    const KEYS: &'static [Field] = &[];
    /// The keys of the elements of its list, where they are mappings.
    const ELEMENTS: &'static [Field] = &[];
    /// What of it may be a secret: everything, unless the type or the field that holds it says otherwise.
    const SEALING: Sealing = Sealing::Whole;
    /// How it is written, as far as advice depends on it.
    const SHAPE: Shape = Shape::Other;

    /// Reads a node. On a mistake a diagnostic is pushed and nothing is returned.
    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self>;

    /// The canonical form. `null` stands for nothing to print.
    fn canonical(&self, form: Form) -> Json;

    /// The JSON Schema of every syntax that [`Attribute::decode`] reads. Records are put into
    /// `definitions` and referred to.
    fn schema(definitions: &mut JsonMap<String, Json>) -> Json;
}

/// What of a value is part of its canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// What acts on a container, network or volume: no extensions. As `config --format json`.
    Model,
    /// Everything that was written. As `config --format yaml`.
    Full,
    /// Everything, so that [`from_stored`] reads the very value back: what is empty is not the same as what is not
    /// there.
    Stored,
}

/// Extensions (`x-...`): kept as they are, looked at by nobody but tools that know them.
pub type Extensions = BTreeMap<String, Json>;

/// The keys of a mapping, and those that belong elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    /// The keys that are known.
    pub fields: &'static [Field],
    /// Keys that belong elsewhere.
    pub elsewhere: hint::Elsewhere,
}

/// The node as a mapping.
pub fn map<'node>(node: &'node Node, found: &mut Diagnostics) -> Option<&'node Map> {
    match &node.value {
        Value::Map(map) => Some(map),
        _ => wrong_type(node, Wanted::MAPPING, found),
    }
}

/// Says that a node has another type than is needed; returns nothing, for the end of a `match`.
pub fn wrong_type<T>(node: &Node, wanted: Wanted, found: &mut Diagnostics) -> Option<T> {
    let (is, words) = (node.describe(), wanted.words);
    let diagnostic = found.error(code::WRONG_TYPE, format!("{words} is needed here, not {is}"));
    match &node.value {
        Value::Null => diagnostic
            .label(node.span, "empty")
            .help("give it a value, or remove the key")
            .of_wrong_type(WrongType::Empty),
        _ => diagnostic.label(node.span, format!("this is {is}")),
    };
    let text = node.as_text()?;
    if let Some(help) = hint::of_text(text, wanted) {
        diagnostic.help(help);
    } else if wanted.is_first(WantedKind::Text) {
        quotes::advise(text, node.span, diagnostic);
    }
    None
}

/// Reads the value of a key of a record; it stays the type's default when it is wrong.
pub fn read<T: Attribute>(known: &Field, field: &mut T, node: &Node, found: &mut Diagnostics) {
    let before = found.mark();
    if let Some(value) = T::decode(node, found) {
        *field = value;
    }
    hint::explain_types(known, T::KEYS, node, found.since(before));
}

fn is_known(key: &Key, fields: &[Field]) -> bool {
    fields.iter().any(|field| field.key == key.text) || key.text.starts_with("x-")
}

/// The key that was probably meant by one that is not known.
fn meant(record: &Record, key: &Key) -> Option<&'static str> {
    match record.known_as(key) {
        Some(renamed) => Some(renamed),
        None if record.advice(key).is_some() => None,
        None if let Some(translated) = record.translated(key) => Some(translated),
        None => suggest::closest(&folded(key), record.fields.iter().map(|field| field.key)),
    }
}

impl Record {
    /// The attribute that somebody else calls so.
    fn known_as(&self, key: &Key) -> Option<&'static str> {
        let named = |name: &str| self.fields.iter().find(|field| field.also.contains(&name));
        named(&key.text).or_else(|| named(&folded(key))).map(|field| field.key)
    }

    /// The attribute whose name was written in another language.
    fn translated(&self, key: &Key) -> Option<&'static str> {
        let names = translation::names(&folded(key))?;
        self.fields.iter().map(|field| field.key).find(|name| names.contains(name))
    }

    /// What to do about a key that belongs elsewhere.
    fn advice(&self, key: &Key) -> Option<&'static str> {
        let named = |name: &str| self.elsewhere.iter().find(|(keys, _)| keys.contains(&name));
        named(&key.text).or_else(|| named(&folded(key))).map(|(_, advice)| *advice)
    }
}

/// `container-name` as `container_name`.
fn folded(key: &Key) -> String {
    key.text.to_lowercase().replace('-', "_")
}

/// Reports a key that is neither known here nor an extension; returns the one that was probably meant.
pub fn refuse_key(record: &Record, key: &Key, found: &mut Diagnostics) -> Option<&'static str> {
    let diagnostic =
        found.error(code::UNKNOWN_ATTRIBUTE, format!("no attribute is named `{}` here", key.text));
    diagnostic.label(key.span, "not known here");
    let meant = meant(record, key);
    if let Some(advice) = record.advice(key).filter(|_| meant.is_none()) {
        diagnostic.help(advice);
        return None;
    }
    let known = || record.fields.iter().map(|field| field.key);
    if let Some(meant) = meant {
        diagnostic.did_you_mean(&key.text, Some(meant), String::new);
    } else if record.fields.len() <= 12 {
        diagnostic.help(format!("known here: {}", suggest::one_of(known())));
    } else {
        diagnostic.help("a key of your own must begin with `x-`");
    }
    meant
}

/// Reports every key that must be there and is not.
pub fn refuse_missing_keys(record: &Record, map: &Map, at: Span, found: &mut Diagnostics) {
    let fields = record.fields;
    for Field { key, doc, .. } in fields.iter().filter(|field| field.is_required) {
        // One that is misspelt is reported as such.
        let is_there = |(written, _): &(Key, Node)| {
            written.text == *key || (!is_known(written, fields) && meant(record, written) == Some(*key))
        };
        if map.entries.iter().any(is_there) {
            continue;
        }
        // The first key shows better where it belongs than all of the mapping does.
        let at = map.entries.first().map_or(at, |(first, _)| first.span);
        let sentence = doc.trim().split('\n').next().unwrap_or_default().trim_end_matches('.');
        found
            .error(code::MISSING_ATTRIBUTE, format!("`{key}` is missing"))
            .about(*key)
            .label(at, format!("needs `{key}` beside it"))
            .help(format!("add `{key}:`, {}", lower_first(sentence)));
    }
}

fn lower_first(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// A node as plain data: what `x-...` and other opaque values are kept as.
pub fn json_of(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Scalar(scalar) => match scalar.kind() {
            Kind::Bool(value) => json!(value),
            Kind::Int(value) => json!(value),
            Kind::Float(value) => json!(value),
            Kind::Text => json!(scalar.text),
        },
        Value::List(items) => Json::Array(items.iter().map(json_of).collect()),
        Value::Map(map) => {
            Json::Object(map.entries.iter().map(|(key, node)| (key.text.clone(), json_of(node))).collect())
        }
    }
}

/// Writes a key unless there is nothing to write.
pub fn put(object: &mut JsonMap<String, Json>, key: &str, value: Json) {
    let is_empty = match &value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(entries) => entries.is_empty(),
        _ => false,
    };
    if !is_empty {
        object.insert(key.to_owned(), value);
    }
}

/// Writes a key unless there is no value.
pub fn put_stored(object: &mut JsonMap<String, Json>, key: &str, value: Json) {
    if !value.is_null() {
        object.insert(key.to_owned(), value);
    }
}

/// Reads what [`Form::Stored`] wrote; nothing when it is something else.
pub fn from_stored<T: Attribute>(stored: &Json) -> Option<T> {
    let mut found = Diagnostics::default();
    T::decode(&Node::of_json(stored), &mut found).filter(|_| !found.has_errors())
}

/// The text where one word out of a few is needed. What YAML reads as a boolean or a number is taken as it is
/// written when quotes would make no known word of it: to advise them would lead into the next mistake.
pub fn word_text<T>(
    node: &Node,
    from_word: impl Fn(&str) -> Option<T>,
    found: &mut Diagnostics,
) -> Option<String> {
    match &node.value {
        Value::Scalar(scalar) if from_word(&scalar.text).is_none() => Some(scalar.text.clone()),
        _ => String::decode(node, found),
    }
}

/// One word out of a few.
pub fn word<T>(
    node: &Node,
    words: &[&'static str],
    from_word: impl Fn(&str) -> Option<T>,
    found: &mut Diagnostics,
) -> Option<T> {
    let text = word_text(node, &from_word, found)?;
    let value = from_word(&text);
    if value.is_none() {
        let diagnostic = found.error(code::BAD_VALUE, format!("`{text}` is not known here"));
        diagnostic.label(node.span, format!("{} is needed here", suggest::one_of(words.iter().copied())));
        // `healthy` for `service_healthy`.
        let part = || words.iter().copied().find(|word| word.split('_').any(|part| part == text));
        let closest = suggest::closest(&text, words.iter().copied()).or_else(part);
        if closest.is_some() {
            diagnostic.did_you_mean(&text, closest, String::new);
        }
    }
    value
}

/// Puts a record's schema among the definitions, once, and refers to it.
pub fn record_schema(
    name: &str,
    doc: &str,
    fields: &[Field],
    definitions: &mut JsonMap<String, Json>,
) -> Json {
    let reference = json!({ "$ref": format!("#/definitions/{name}") });
    if definitions.contains_key(name) {
        return reference;
    }
    // Put before its fields are looked at: a record may contain itself.
    definitions.insert(name.to_owned(), Json::Null);
    let mut properties = JsonMap::new();
    let required: Vec<&str> =
        fields.iter().filter(|field| field.is_required).map(|field| field.key).collect();
    for field in fields {
        properties.insert(field.key.to_owned(), describe((field.schema)(definitions), field.doc));
    }
    let mut schema = json!({
        "type": "object",
        "description": doc.trim(),
        "properties": properties,
        "patternProperties": { "^x-": {} },
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    definitions.insert(name.to_owned(), schema);
    reference
}

fn describe(schema: Json, doc: &str) -> Json {
    match schema {
        Json::Object(mut object) => {
            object.insert("description".to_owned(), json!(doc.trim()));
            Json::Object(object)
        }
        other => other,
    }
}
