//! Command lines: a string that is split as a shell splits words, or a list.

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::{Diagnostics, code};
use crate::document::{Node, Value};
use crate::topology::attribute::{Attribute, Form, wrong_type};
use crate::topology::value::words::{self, Words};

/// The words of a command line. Nothing: the image's own; no words: none at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command(pub Option<Vec<String>>);

impl Attribute for Command {
    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Null => Some(Self(None)),
            Value::Scalar(_) => {
                split(&String::decode(node, found)?, node, found).map(|words| Self(Some(words)))
            }
            Value::List(_) => Vec::<String>::decode(node, found).map(|words| Self(Some(words))),
            Value::Map(_) => wrong_type(node, "a string or a list of strings", found),
        }
    }

    fn canonical(&self, _: Form) -> Json {
        self.0.as_ref().map_or(Json::Null, |words| json!(words))
    }

    fn schema(_: &mut JsonMap<String, Json>) -> Json {
        json!({ "anyOf": [{ "type": ["string", "null"] }, { "type": "array", "items": { "type": "string" } }] })
    }
}

fn split(text: &str, node: &Node, found: &mut Diagnostics) -> Option<Vec<String>> {
    match words::split(text) {
        Ok(Words { words, cut_at }) => {
            if let Some(operator) = cut_at {
                warn_of_operator(&operator, node, found);
            }
            Some(words)
        }
        Err(reason) => {
            found
                .error(code::BAD_VALUE, "the command line cannot be split into words")
                .label(node.span, reason)
                .help(AS_LIST);
            None
        }
    }
}

const AS_LIST: &str = "write the command as a list, for a shell to read: `[\"sh\", \"-c\", \"...\"]`";

fn warn_of_operator(operator: &str, node: &Node, found: &mut Diagnostics) {
    found
        .warning(code::SHELL_SYNTAX, format!("the command line ends before `{operator}`"))
        .label(node.span, "no shell reads this; what follows is left out, as in Docker Compose")
        .help(AS_LIST);
}
