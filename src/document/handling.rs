//! What loading has to know of attributes. It is handed down: this stage knows none by name.

use std::collections::HashMap;

use super::merge::MergeRule;
use super::unique::Identity;

/// How the value of an attribute is loaded where that does not follow from its kind.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Handling {
    /// How it is merged.
    pub merge: Option<MergeRule>,
    /// What makes two elements of its list the same.
    pub unique: Option<Identity>,
    /// Whether an empty text is the same as no value.
    pub is_unset_when_empty: bool,
    /// Whether empty texts in its list are left out.
    pub drops_empty_elements: bool,
}

impl Handling {
    /// As everything of its kind.
    pub const BY_KIND: Self =
        Self { merge: None, unique: None, is_unset_when_empty: false, drops_empty_elements: false };
}

/// How a value and everything below it is loaded.
#[derive(Debug, Default, PartialEq)]
pub struct Attributes {
    /// The value itself.
    pub handling: Handling,
    /// What stands below keys that are known.
    pub keys: HashMap<&'static str, Attributes>,
    /// What stands below any other key.
    pub entries: Option<Box<Attributes>>,
    /// What stands in each element of its list.
    pub elements: Option<Box<Attributes>>,
}

impl Attributes {
    /// What stands below a key.
    pub(super) fn below(&self, key: &str) -> Option<&Self> {
        self.keys.get(key).or(self.entries.as_deref())
    }

    /// How the value at a path is loaded.
    pub(super) fn at(&self, path: &[String]) -> Handling {
        let known = path.iter().try_fold(self, |known, key| known.below(key));
        known.map_or(Handling::BY_KIND, |known| known.handling)
    }
}
