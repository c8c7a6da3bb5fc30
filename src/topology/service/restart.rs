//! `restart`: when the engine starts a container again.

use serde::{Deserialize, Serialize};
use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::{Diagnostics, code, suggest};
use crate::document::{Kind, Node, Value};
use crate::topology::attribute::{Attribute, Form, Sealing, word_text};

/// When the engine starts a container again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RestartPolicy {
    /// Never.
    No,
    /// Whenever it ends.
    Always,
    /// When it exits with another code than 0; with at most this many attempts, if given.
    OnFailure {
        /// The most attempts.
        attempts: Option<u32>,
    },
    /// Whenever it ends, unless somebody stopped it.
    UnlessStopped,
}

const WORDS: &[&str] = &["no", "always", "on-failure", "unless-stopped"];

impl RestartPolicy {
    /// The policy that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "no" | "" => Some(Self::No),
            "always" => Some(Self::Always),
            "unless-stopped" => Some(Self::UnlessStopped),
            "on-failure" => Some(Self::OnFailure { attempts: None }),
            _ => {
                let attempts = word.strip_prefix("on-failure:")?.parse().ok()?;
                Some(Self::OnFailure { attempts: Some(attempts) })
            }
        }
    }

    /// The word in its canonical form.
    pub fn word(self) -> String {
        match self {
            Self::No => "no".to_owned(),
            Self::Always => "always".to_owned(),
            Self::UnlessStopped => "unless-stopped".to_owned(),
            Self::OnFailure { attempts: None } => "on-failure".to_owned(),
            Self::OnFailure { attempts: Some(attempts) } => format!("on-failure:{attempts}"),
        }
    }
}

impl Attribute for RestartPolicy {
    const SEALING: Sealing = Sealing::Public;

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        // Many YAML writers turn an unquoted `no` into `false`; Docker Compose refuses it.
        if let Value::Scalar(scalar) = &node.value
            && scalar.kind() == Kind::Bool(false)
        {
            found
                .warning(code::YAML_PITFALL, format!("`{}` is read as `no`", scalar.text))
                .label(node.span, "a boolean, where a restart policy is needed")
                .help("write `restart: \"no\"`")
                .replace(node.span, &scalar.text, "\"no\"");
            return Some(Self::No);
        }
        let word = word_text(node, Self::from_word, found)?;
        let policy = Self::from_word(&word);
        if policy.is_none() {
            let diagnostic = found.error(code::BAD_VALUE, format!("no restart policy is named `{word}`"));
            diagnostic.label(node.span, "not known here").help(help_for(&word));
            // An unquoted `no` would be a boolean.
            if let Some(meant) = meant_by(&word).filter(|meant| meant != "no") {
                diagnostic.perhaps_replace(&word, meant);
            }
        }
        policy
    }

    fn canonical(&self, _: Form) -> Json {
        json!(self.word())
    }

    fn schema(_: &mut JsonMap<String, Json>) -> Json {
        json!({ "anyOf": [
            { "enum": WORDS },
            { "type": "string", "pattern": "^(on-failure:[0-9]+)?$" },
            // How many readers take an unquoted `no`.
            { "type": "boolean" },
        ] })
    }
}

fn help_for(word: &str) -> String {
    match (synonym(word), meant_by(word)) {
        (Some("no"), _) => "write `restart: \"no\"`".to_owned(),
        (Some(policy), _) => format!("write `restart: {policy}`"),
        (None, Some(meant)) => format!("did you mean `{meant}`?"),
        (None, None) => format!("known here: {}", suggest::one_of(WORDS.iter().copied())),
    }
}

fn synonym(word: &str) -> Option<&'static str> {
    match word.to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "on" | "1" => Some("always"),
        "false" | "n" | "off" | "0" | "none" | "never" => Some("no"),
        _ => None,
    }
}

fn meant_by(word: &str) -> Option<String> {
    if let Some(policy) = synonym(word) {
        return Some(policy.to_owned());
    }
    // `on-failure 3`, `on-failure=3`.
    let attempts = word.strip_prefix("on-failure").map(|rest| rest.trim_matches([' ', '=', ':', ',', '-']));
    if let Some(attempts) = attempts.filter(|attempts| attempts.parse::<u32>().is_ok()) {
        return Some(format!("on-failure:{attempts}"));
    }
    suggest::closest(word, WORDS.iter().copied()).map(str::to_owned)
}
