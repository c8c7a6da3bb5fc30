//! What a value has to be, for the message that it is something else and for the advice that goes with it.

/// What is wanted in place of a value.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// In the words of a message: `a list of ports`.
    pub words: &'static str,
    /// The kinds of values that it may be, the one that is advised first.
    kinds: &'static [Kind],
}

/// A kind of value that may be wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text: another scalar becomes one in quotes.
    Text,
    /// A scalar with a type or a grammar of its own.
    Scalar,
    /// A list.
    List,
    /// A mapping.
    Mapping,
    /// `NAME=value`.
    Pair,
}

impl Wanted {
    /// A text.
    pub const TEXT: Self = Self::new("a string", &[Kind::Text]);
    /// A text, or several.
    pub const TEXTS: Self = Self::new("a string or a list of strings", &[Kind::Text, Kind::List]);
    /// A mapping.
    pub const MAPPING: Self = Self::new("a mapping", &[Kind::Mapping]);

    /// These words for these kinds.
    pub const fn new(words: &'static str, kinds: &'static [Kind]) -> Self {
        Self { words, kinds }
    }

    /// Whether it may be of this kind.
    pub fn may_be(self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// Whether it is this kind that is advised first.
    pub fn is_first(self, kind: Kind) -> bool {
        self.kinds.first() == Some(&kind)
    }
}

/// How the value of an attribute is written, as far as advice depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// A scalar, or something that there is no advice for.
    #[default]
    Other,
    /// A mapping whose keys are attributes.
    Record,
    /// A mapping by name.
    Entries,
    /// `services`.
    Services,
    /// Networks or volumes of the topology: an entry may be empty.
    Resources,
    /// Secrets or configs of the topology: an entry is a file, most often.
    Contents,
    /// Names with values.
    Pairs,
    /// Hosts with their addresses.
    Hosts,
    /// Names, or a mapping by them.
    Names,
    /// Services that are waited for: names, or a mapping by them.
    Dependencies,
    /// A list.
    List,
    /// A text whose grammar has a colon.
    TextWithColon,
    /// A list of texts whose grammar has a colon.
    TextsWithColon,
}

impl Shape {
    /// The shape of a list of such elements.
    pub const fn list(self) -> Self {
        match self {
            Self::TextWithColon => Self::TextsWithColon,
            _ => Self::List,
        }
    }

    /// Whether it has keys of its own, below its own key.
    pub fn has_keys(self) -> bool {
        match self {
            Self::Record | Self::Entries | Self::Pairs | Self::Names | Self::Dependencies => true,
            Self::Services | Self::Resources | Self::Contents | Self::Hosts => false,
            Self::Other | Self::List | Self::TextWithColon | Self::TextsWithColon => false,
        }
    }
}
