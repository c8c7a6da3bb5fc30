//! Command lines: a string that is split as a shell splits words, or a list.

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::{Diagnostics, code};
use crate::document::{Node, Value};
use crate::topology::attribute::{Attribute, wrong_type};
use crate::topology::value::scalar::loose_text;

/// The words of a command line. Nothing: the image's own; no words: none at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command(pub Option<Vec<String>>);

impl Attribute for Command {
    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Null => Some(Self(None)),
            Value::Scalar(scalar) => split(&loose_text(scalar), node, found).map(|words| Self(Some(words))),
            Value::List(_) => Vec::<String>::decode(node, found).map(|words| Self(Some(words))),
            Value::Map(_) => wrong_type(node, "a string or a list of strings", found),
        }
    }

    fn canonical(&self) -> Json {
        self.0.as_ref().map_or(Json::Null, |words| json!(words))
    }

    fn schema(_: &mut JsonMap<String, Json>) -> Json {
        json!({ "anyOf": [{ "type": ["string", "null"] }, { "type": "array", "items": { "type": "string" } }] })
    }
}

fn split(text: &str, node: &Node, found: &mut Diagnostics) -> Option<Vec<String>> {
    let words = shlex::split(text);
    if words.is_none() {
        found
            .error(code::BAD_VALUE, "the command line cannot be split into words")
            .label(node.span, "a quote is opened but not closed")
            .help("close the quote, or write the command as a list: `[\"sh\", \"-c\", \"...\"]`");
    }
    words
}
