//! How an attribute is read, written canonically, and described to editors: one declaration each.
//!
//! A [`record!`] is a mapping with known keys; a [`choice!`] is one word out of a few. Both are the
//! decode tables: the JSON Schema and the canonical form are made from the same lines, so that the
//! three cannot disagree.

mod element;
mod example;
mod form;
mod generic;
pub(crate) mod hint;
pub mod quotes;
mod sealing;
#[cfg(test)]
mod tables;
mod text;
mod translation;
mod wanted;

use std::collections::BTreeMap;

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::{Diagnostics, WrongType, code, suggest};
use crate::document::{Key, Kind, Map, Node, Value};
use crate::source::Span;
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

/// One key of a record, for suggestions, documentation and schema.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The key.
    pub key: &'static str,
    /// The keys of its value, or of each entry of it; none where any key may stand, and of the elements of a list.
    pub keys: &'static [Field],
    /// What it means: Markdown.
    pub doc: &'static str,
    /// Whether it must be there.
    pub is_required: bool,
    /// What of its value may be a secret.
    pub sealing: Sealing,
    /// A value that it may have, on one line of YAML.
    pub example: Option<&'static str>,
    /// What else it is called, by other tools or by mistake.
    pub also: &'static [&'static str],
    /// How its value is written: the help where it is of a wrong type.
    pub form: Option<&'static str>,
    /// What may be written where most texts have no meaning, in place of the advice to quote a value.
    pub instead: Option<&'static str>,
    /// How its value is written, as far as advice depends on it.
    pub shape: Shape,
    /// The schema of its value.
    pub schema: fn(&mut JsonMap<String, Json>) -> Json,
}

/// The keys of a mapping, and those that belong elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    /// The keys that are known.
    pub fields: &'static [Field],
    /// Keys that belong elsewhere.
    pub elsewhere: hint::Elsewhere,
}

/// Declares a mapping with known keys; see the module documentation.
///
/// A field is `name: Type` or, where the key is no Rust name, `name as "key": Type`. What else is known of it
/// stands behind a `=`: with `required` the key must be there, with `public` nobody keeps a secret in its value
/// ([`Sealing`]), `example("...")` is a value that it may have, `also("...")` what else it is called,
/// `form("...")` and `instead("...")` are advice ([`Field`]), and `shape(...)` is its [`Shape`] where the type does
/// not say it. Keys that belong elsewhere stand behind the fields.
/// The type's `Default` stands for an absent key.
macro_rules! record {
    (
        $(#[doc = $record_doc:literal])*
        pub struct $name:ident {
            $( $(#[doc = $doc:literal])* $field:ident $(as $key:literal)? : $type:ty $(= $($mark:ident $(($($of_mark:tt)*))?)+)?, )*
        } $(elsewhere { $elsewhere:path })?
    ) => {
        $(#[doc = $record_doc])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name {
            $( $(#[doc = $doc])* pub $field: $type, )*
            /// Extensions (`x-...`).
            pub extensions: $crate::topology::attribute::Extensions,
        }

        /// The keys by the names of their fields, so that nobody else spells one.
        #[allow(non_upper_case_globals, dead_code)]
        impl $name {
            $( #[doc(hidden)]
            pub const $field: &'static str = $crate::topology::attribute::key!($field $(as $key)?); )*
        }

        impl $name {
            /// Every key that is known here.
            pub const FIELDS: &'static [$crate::topology::attribute::Field] = &[
                $( $crate::topology::attribute::Field {
                    key: $crate::topology::attribute::key!($field $(as $key)?),
                    keys: <$type as $crate::topology::attribute::Attribute>::KEYS,
                    doc: concat!($($doc, "\n"),*),
                    is_required: $crate::topology::attribute::is_required!($($($mark $(($($of_mark)*))?)+)?),
                    sealing: $crate::topology::attribute::sealing_of!($type, $($($mark $(($($of_mark)*))?)+)?),
                    example: $crate::topology::attribute::mark_of!(example; $($($mark $(($($of_mark)*))?)+)?),
                    also: $crate::topology::attribute::also_of!($($($mark $(($($of_mark)*))?)+)?),
                    form: $crate::topology::attribute::mark_of!(form; $($($mark $(($($of_mark)*))?)+)?),
                    instead: $crate::topology::attribute::mark_of!(instead; $($($mark $(($($of_mark)*))?)+)?),
                    shape: $crate::topology::attribute::shape_of!($type, $($($mark $(($($of_mark)*))?)+)?),
                    schema: <$type as $crate::topology::attribute::Attribute>::schema,
                }, )*
            ];

            const RECORD: $crate::topology::attribute::Record = $crate::topology::attribute::Record {
                fields: Self::FIELDS,
                elsewhere: $crate::topology::attribute::elsewhere!($($elsewhere)?),
            };

            /// Reads the value of a key; false when the key is not known here.
            fn read_field(
                &mut self,
                key: &str,
                node: &$crate::document::Node,
                found: &mut $crate::diagnostic::Diagnostics,
            ) -> bool {
                let Some(known) = Self::FIELDS.iter().find(|known| known.key == key) else { return false };
                match key {
                    $( $crate::topology::attribute::key!($field $(as $key)?) => {
                        $crate::topology::attribute::read(known, &mut self.$field, node, found);
                    } )*
                    _ => return false,
                }
                true
            }

            /// Reads a mapping; mistakes in one key do not hide those in another.
            pub fn decode_map(
                map: &$crate::document::Map,
                found: &mut $crate::diagnostic::Diagnostics,
            ) -> Self {
                let mut record = Self::default();
                for (key, node) in &map.entries {
                    if record.read_field(&key.text, node, found) {
                        continue;
                    }
                    if key.text.starts_with("x-") {
                        let value = $crate::topology::attribute::json_of(node);
                        record.extensions.insert(key.text.clone(), value);
                        continue;
                    }
                    let meant = $crate::topology::attribute::refuse_key(&Self::RECORD, key, found);
                    // What stands below a misspelt key has mistakes of its own.
                    if let Some(meant) = meant.filter(|meant| map.get(meant).is_none()) {
                        record.read_field(meant, node, found);
                    }
                }
                record
            }
        }

        impl $crate::topology::attribute::Attribute for $name {
            const MAY_BE_EMPTY: bool = true;
            const KEYS: &'static [$crate::topology::attribute::Field] = Self::FIELDS;
            const SEALING: $crate::topology::attribute::Sealing =
                $crate::topology::attribute::Sealing::Fields(Self::FIELDS);
            const SHAPE: $crate::topology::attribute::Shape = $crate::topology::attribute::Shape::Record;

            fn decode(
                node: &$crate::document::Node,
                found: &mut $crate::diagnostic::Diagnostics,
            ) -> Option<Self> {
                let map = $crate::topology::attribute::map(node, found)?;
                $crate::topology::attribute::refuse_missing_keys(&Self::RECORD, map, node.span, found);
                Some(Self::decode_map(map, found))
            }

            fn canonical(&self, form: $crate::topology::attribute::Form) -> serde_json::Value {
                // Taken apart without `..`, so that no field can be left out.
                let Self { $($field,)* extensions } = self;
                let mut object = serde_json::Map::new();
                if form != $crate::topology::attribute::Form::Model {
                    object.extend(extensions.iter().map(|(key, value)| (key.clone(), value.clone())));
                }
                let put = match form {
                    $crate::topology::attribute::Form::Stored => $crate::topology::attribute::put_stored,
                    _ => $crate::topology::attribute::put,
                };
                $( put(
                    &mut object, $crate::topology::attribute::key!($field $(as $key)?), $field.canonical(form),
                ); )*
                serde_json::Value::Object(object)
            }

            fn schema(definitions: &mut serde_json::Map<String, serde_json::Value>) -> serde_json::Value {
                $crate::topology::attribute::record_schema(
                    stringify!($name), concat!($($record_doc, "\n"),*), Self::FIELDS, definitions,
                )
            }
        }
    };
}

/// Whether a record's field must be there.
macro_rules! is_required {
    () => {
        false
    };
    (required $($rest:tt)*) => {
        true
    };
    ($mark:ident ($($of_mark:tt)*) $($rest:tt)*) => {
        $crate::topology::attribute::is_required!($($rest)*)
    };
    ($mark:ident $($rest:tt)*) => {
        $crate::topology::attribute::is_required!($($rest)*)
    };
}

/// What of a record's field may be a secret.
macro_rules! sealing_of {
    ($type:ty,) => {
        <$type as $crate::topology::attribute::Attribute>::SEALING
    };
    ($type:ty, public $($rest:tt)*) => {
        $crate::topology::attribute::Sealing::Public
    };
    ($type:ty, $mark:ident ($($of_mark:tt)*) $($rest:tt)*) => {
        $crate::topology::attribute::sealing_of!($type, $($rest)*)
    };
    ($type:ty, $mark:ident $($rest:tt)*) => {
        $crate::topology::attribute::sealing_of!($type, $($rest)*)
    };
}

/// What a mark with a text says of a record's field.
macro_rules! mark_of {
    ($wanted:ident;) => {
        None
    };
    (example; example ($text:literal) $($rest:tt)*) => {
        Some($text)
    };
    (form; form ($text:literal) $($rest:tt)*) => {
        Some($text)
    };
    (instead; instead ($text:literal) $($rest:tt)*) => {
        Some($text)
    };
    ($wanted:ident; $mark:ident ($($of_mark:tt)*) $($rest:tt)*) => {
        $crate::topology::attribute::mark_of!($wanted; $($rest)*)
    };
    ($wanted:ident; $mark:ident $($rest:tt)*) => {
        $crate::topology::attribute::mark_of!($wanted; $($rest)*)
    };
}

/// What else a record's field is called.
macro_rules! also_of {
    () => {
        &[]
    };
    (also ($($name:literal),*) $($rest:tt)*) => {
        &[$($name),*]
    };
    ($mark:ident ($($of_mark:tt)*) $($rest:tt)*) => {
        $crate::topology::attribute::also_of!($($rest)*)
    };
    ($mark:ident $($rest:tt)*) => {
        $crate::topology::attribute::also_of!($($rest)*)
    };
}

/// How the value of a record's field is written.
macro_rules! shape_of {
    ($type:ty,) => {
        <$type as $crate::topology::attribute::Attribute>::SHAPE
    };
    ($type:ty, shape ($shape:ident) $($rest:tt)*) => {
        $crate::topology::attribute::Shape::$shape
    };
    ($type:ty, $mark:ident ($($of_mark:tt)*) $($rest:tt)*) => {
        $crate::topology::attribute::shape_of!($type, $($rest)*)
    };
    ($type:ty, $mark:ident $($rest:tt)*) => {
        $crate::topology::attribute::shape_of!($type, $($rest)*)
    };
}

/// The keys that belong elsewhere than in a record.
macro_rules! elsewhere {
    () => {
        &[]
    };
    ($elsewhere:path) => {
        $elsewhere
    };
}

/// The key of a record's field.
macro_rules! key {
    ($field:ident as $key:literal) => {
        $key
    };
    ($field:ident) => {
        stringify!($field)
    };
}

/// Declares a value that is one word out of a few; see the module documentation.
macro_rules! choice {
    (
        $(#[doc = $choice_doc:literal])*
        pub enum $name:ident {
            $( $(#[doc = $doc:literal])* $variant:ident = $word:literal, )*
        }
    ) => {
        $(#[doc = $choice_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $( $(#[doc = $doc])* $variant, )*
        }

        impl $name {
            /// Every word.
            pub const WORDS: &'static [&'static str] = &[$($word),*];

            /// The word as it is written in a topology.
            pub fn word(self) -> &'static str {
                match self {
                    $( Self::$variant => $word, )*
                }
            }

            /// The value that a word stands for.
            pub fn from_word(word: &str) -> Option<Self> {
                match word {
                    $( $word => Some(Self::$variant), )*
                    _ => None,
                }
            }
        }

        impl $crate::topology::attribute::Attribute for $name {
            const SEALING: $crate::topology::attribute::Sealing =
                $crate::topology::attribute::Sealing::Public;

            fn decode(
                node: &$crate::document::Node,
                found: &mut $crate::diagnostic::Diagnostics,
            ) -> Option<Self> {
                $crate::topology::attribute::word(node, Self::WORDS, Self::from_word, found)
            }

            fn canonical(&self, _: $crate::topology::attribute::Form) -> serde_json::Value {
                serde_json::Value::from(self.word())
            }

            fn schema(_: &mut serde_json::Map<String, serde_json::Value>) -> serde_json::Value {
                serde_json::json!({ "type": "string", "enum": Self::WORDS })
            }
        }
    };
}

pub(crate) use {also_of, choice, elsewhere, is_required, key, mark_of, record, sealing_of, shape_of};

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
