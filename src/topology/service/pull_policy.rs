//! `pull_policy`: when an image is pulled.

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::{Diagnostics, code, suggest};
use crate::document::Node;
use crate::topology::attribute::{Attribute, Form, Sealing, word_text};
use crate::topology::value::Duration;

/// When an image is pulled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullPolicy {
    /// Every time.
    Always,
    /// Never.
    Never,
    /// When it is not present.
    Missing,
    /// Never: it is built.
    Build,
    /// When the registry has a newer one.
    Refresh,
    /// When it was pulled longer ago than this.
    Every {
        /// How long.
        period: Duration,
        /// The word as it was written: `daily`, `weekly` or `every_...`.
        word: String,
    },
}

const WORDS: &[&str] =
    &["always", "never", "missing", "if_not_present", "build", "refresh", "daily", "weekly"];

impl PullPolicy {
    /// The policy that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        let every =
            |period: &str| Some(Self::Every { period: Duration::parse(period).ok()?, word: word.to_owned() });
        match word {
            "always" => Some(Self::Always),
            "never" => Some(Self::Never),
            "missing" | "if_not_present" => Some(Self::Missing),
            "build" => Some(Self::Build),
            "refresh" => Some(Self::Refresh),
            "daily" => every("1d"),
            "weekly" => every("1w"),
            _ => every(word.strip_prefix("every_")?),
        }
    }

    /// The word in its canonical form.
    pub fn word(&self) -> &str {
        match self {
            Self::Always => "always",
            Self::Never => "never",
            Self::Missing => "missing",
            Self::Build => "build",
            Self::Refresh => "refresh",
            Self::Every { word, .. } => word,
        }
    }
}

impl Attribute for PullPolicy {
    const SEALING: Sealing = Sealing::Public;

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        let word = word_text(node, Self::from_word, found)?;
        let policy = Self::from_word(&word);
        if policy.is_none() {
            found
                .error(code::BAD_VALUE, format!("no pull policy is named `{word}`"))
                .label(node.span, "not known here")
                .did_you_mean(&word, suggest::closest(&word, WORDS.iter().copied()), || {
                    format!("known here: {} or `every_12h`", WORDS.join(", "))
                });
        }
        policy
    }

    fn canonical(&self, _: Form) -> Json {
        json!(self.word())
    }

    fn schema(_: &mut JsonMap<String, Json>) -> Json {
        json!({ "anyOf": [{ "enum": WORDS }, { "type": "string", "pattern": "^every_([0-9]+[wdhms])+$" }] })
    }
}
