//! What is known of an attribute: its type says some of it, the marks of its line in `record!` the rest.

use serde_json::{Map as JsonMap, Value as Json};

use super::{Attribute, Sealing, Shape};
use crate::document::{Handling, Identity, MergeRule};

/// One key of a record.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The key.
    pub key: &'static str,
    /// The keys of its value, or of each entry of it; none where any key may stand.
    pub keys: &'static [Field],
    /// The keys of the elements of its value.
    pub elements: &'static [Field],
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
    /// How files with it are loaded.
    pub handling: Handling,
    /// How its entries by name are merged, where that differs from their kind.
    pub merge_entries: Option<MergeRule>,
    /// Whether it is shown in its long form, with defaults and whole paths, where variables are not filled in.
    pub is_long: bool,
    /// Whether each element of its list is read alone where variables are not filled in.
    pub is_read_one_by_one: bool,
    /// The attribute beside it that has a default only as long as this one says nothing.
    pub instead_of: Option<&'static str>,
    /// Whether its texts are paths, from the directory of their file.
    pub is_path: bool,
    /// The schema of its value.
    pub schema: fn(&mut JsonMap<String, Json>) -> Json,
}

impl Field {
    /// What the type of its value says of an attribute.
    pub(crate) const fn new<T: Attribute>(key: &'static str, doc: &'static str) -> Self {
        let (merge, unique) = match T::SHAPE {
            Shape::Pairs => (Some(MergeRule::Pairs), Some(Identity::Name)),
            Shape::Hosts => (Some(MergeRule::Addresses), None),
            Shape::Names => (Some(MergeRule::Names), None),
            Shape::Dependencies => (Some(MergeRule::Dependencies), None),
            _ => (None, None),
        };
        Self {
            key,
            keys: T::KEYS,
            elements: T::ELEMENTS,
            doc,
            is_required: false,
            sealing: T::SEALING,
            example: None,
            also: &[],
            form: None,
            instead: None,
            shape: T::SHAPE,
            handling: Handling { merge, unique, ..Handling::BY_KIND },
            merge_entries: None,
            is_long: false,
            is_read_one_by_one: false,
            instead_of: None,
            is_path: false,
            schema: T::schema,
        }
    }

    /// Whether some key of its mapping, or of each entry of it, must be there.
    pub fn has_required_keys(&self) -> bool {
        self.keys.iter().any(|field| field.is_required)
    }
}

/// The marks.
impl Field {
    /// It must be there.
    pub(crate) const fn required(self) -> Self {
        Self { is_required: true, ..self }
    }

    /// Its value is never a secret.
    pub(crate) const fn public(self) -> Self {
        Self { sealing: Sealing::Public, ..self }
    }

    /// A value that it may have.
    pub(crate) const fn example(self, value: &'static str) -> Self {
        Self { example: Some(value), ..self }
    }

    /// Other names of it.
    pub(crate) const fn also(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }

    /// How its value is written.
    pub(crate) const fn form(self, help: &'static str) -> Self {
        Self { form: Some(help), ..self }
    }

    /// What is written in place of a text without a meaning.
    pub(crate) const fn instead(self, help: &'static str) -> Self {
        Self { instead: Some(help), ..self }
    }

    /// Its shape, where the type does not give it.
    pub(crate) const fn shape(self, shape: Shape) -> Self {
        Self { shape, ..self }
    }

    /// How it is merged, where neither its kind nor its type says so.
    pub(crate) const fn merge(self, rule: MergeRule) -> Self {
        Self { handling: Handling { merge: Some(rule), ..self.handling }, ..self }
    }

    /// How each entry by name is merged.
    pub(crate) const fn merge_entries(self, rule: MergeRule) -> Self {
        Self { merge_entries: Some(rule), ..self }
    }

    /// What makes two elements of its list the same.
    pub(crate) const fn unique(self, identity: Identity) -> Self {
        Self { handling: Handling { unique: Some(identity), ..self.handling }, ..self }
    }

    /// An empty text is the same as no value.
    pub(crate) const fn unset_when_empty(self) -> Self {
        Self { handling: Handling { is_unset_when_empty: true, ..self.handling }, ..self }
    }

    /// Empty texts in its list are left out.
    pub(crate) const fn without_empty(self) -> Self {
        Self { handling: Handling { drops_empty_elements: true, ..self.handling }, ..self }
    }

    /// It is shown in its long form where variables are not filled in.
    pub(crate) const fn long(self) -> Self {
        Self { is_long: true, ..self }
    }

    /// Each element is read alone where variables are not filled in.
    pub(crate) const fn one_by_one(self) -> Self {
        Self { is_read_one_by_one: true, ..self }
    }

    /// The attribute beside it that has a default only as long as this one says nothing.
    pub(crate) const fn instead_of(self, beside: &'static str) -> Self {
        Self { instead_of: Some(beside), ..self }
    }

    /// Its texts are paths.
    pub(crate) const fn path(self) -> Self {
        Self { is_path: true, ..self }
    }
}

/// Where a path of keys leads.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// To an attribute.
    Attribute(&'static Field),
    /// To an entry by name of an attribute.
    Entry(&'static Field),
}

impl Place {
    /// Follows a path below these attributes.
    pub fn find<K: AsRef<str>>(fields: &'static [Field], path: &[K]) -> Option<Self> {
        let (key, below) = path.split_first()?;
        let field = fields.iter().find(|field| field.key == key.as_ref())?;
        match below {
            [] => Some(Self::Attribute(field)),
            _ if field.shape == Shape::Record => Self::find(field.keys, below),
            [_] => Some(Self::Entry(field)),
            [_, below @ ..] => Self::find(field.keys, below),
        }
    }
}
