//! The `healthcheck` section.

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::{Diagnostics, code};
use crate::document::{Node, Value};
use crate::source::Spanned;
use crate::topology::attribute::{Attribute, Form, record, wrong_type};
use crate::topology::value::{Duration, Flag, Integer};

record! {
    /// How to tell that a container is healthy.
    pub struct Healthcheck {
        /// Whether the image's health check is switched off.
        disable: Flag,
        /// Time between two checks. 30 seconds when absent.
        interval: Option<Spanned<Duration>>,
        /// How many checks in a row must fail. 3 when absent.
        retries: Option<Spanned<Integer>>,
        /// The command: `["CMD", ...]`, `["CMD-SHELL", "..."]`, `["NONE"]`, or a string for a shell.
        test: Option<Spanned<HealthTest>>,
        /// How long a check may take. 30 seconds when absent.
        timeout: Option<Spanned<Duration>>,
        /// Time after the start in which failures do not count.
        start_period: Option<Spanned<Duration>>,
        /// Time between two checks in the start period. 5 seconds when absent.
        start_interval: Option<Spanned<Duration>>,
    }
}

impl Healthcheck {
    /// True when no check is run at all.
    pub fn is_disabled(&self) -> bool {
        let is_none = |test: &Spanned<HealthTest>| test.0.first().is_some_and(|word| word == "NONE");
        *self.disable || self.test.as_ref().is_some_and(is_none)
    }
}

/// The words of a health check: `CMD`, `CMD-SHELL` or `NONE`, and the command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthTest(pub Vec<String>);

impl Attribute for HealthTest {
    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Scalar(_) => {
                String::decode(node, found).map(|command| Self(vec!["CMD-SHELL".to_owned(), command]))
            }
            Value::List(_) => {
                let words = Vec::<String>::decode(node, found)?;
                refuse_unknown_kind(&words, node, found);
                Some(Self(words))
            }
            _ => wrong_type(node, "a string or a list of strings", found),
        }
    }

    fn canonical(&self, _: Form) -> Json {
        json!(self.0)
    }

    fn schema(_: &mut JsonMap<String, Json>) -> Json {
        json!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] })
    }
}

fn refuse_unknown_kind(words: &[String], node: &Node, found: &mut Diagnostics) {
    let Some(first) = words.first() else { return };
    if matches!(first.as_str(), "CMD" | "CMD-SHELL" | "NONE") {
        return;
    }
    let span = match &node.value {
        Value::List(items) => items.first().map_or(node.span, |item| item.span),
        _ => node.span,
    };
    found
        .error(code::BAD_VALUE, format!("a health check cannot begin with `{first}`"))
        .label(span, "`CMD`, `CMD-SHELL` or `NONE` is needed here")
        .help(format!("write `[\"CMD\", \"{first}\", ...]`, or a plain string for a shell"));
}
