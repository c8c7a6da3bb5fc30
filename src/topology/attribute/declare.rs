//! The declarations of attributes: `record!`, `choice!`, and the macros that take their lines apart.

/// Declares a mapping with known keys; see the documentation of [the module](super).
///
/// A field is `name: Type` or, where the key is not a Rust name, `name as "key": Type`. Marks follow a `=`: they are
/// the methods of [`Field`](super::Field), and say whatever else is known of the attribute. Keys that belong
/// elsewhere follow the fields. The type's `Default` is the value of an absent key.
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
                $( $crate::topology::attribute::Field::new::<$type>(
                    $crate::topology::attribute::key!($field $(as $key)?),
                    concat!($($doc, "\n"),*),
                ) $( $( .$mark($($($of_mark)*)?) )+ )?, )*
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

/// Declares a value that is one word out of a few; see the documentation of [the module](super).
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

pub(crate) use {choice, elsewhere, key, record};
