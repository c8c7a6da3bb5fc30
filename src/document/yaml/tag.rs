//! The effect of a tag on a value. Unknown tags make a scalar a string and are dropped, as in
//! Compose's reader.

use super::super::node::{Directive, Value};
use super::super::scalar::{Kind, Scalar, is_null};
use crate::diagnostic::{Diagnostics, code};
use crate::source::Span;
use base64::Engine;
use granit_parser::Tag;

/// The meaning of a tag.
#[derive(Clone, Copy, Default)]
pub(super) struct Meaning {
    shape: Shape,
    pub(super) directive: Option<Directive>,
}

/// How a scalar is read.
#[derive(Clone, Copy, Default)]
enum Shape {
    /// By its quotes and text.
    #[default]
    AsWritten,
    /// As a string.
    Text,
    /// As base64 of a string.
    Binary,
    /// As the key `<<` for merging (YAML 1.1, "Merge Key Language-Independent Type"), which
    /// programs that edit files write out.
    MergeKey,
    /// By its text even if quoted, and it must be of this type.
    Expected(Expected),
}

#[derive(Clone, Copy)]
enum Expected {
    Int,
    Float,
    Bool,
    Null,
}

pub(super) fn meaning(tag: &Tag) -> Meaning {
    let shape = match tag.core_suffix() {
        Some("int") => Shape::Expected(Expected::Int),
        Some("float") => Shape::Expected(Expected::Float),
        Some("bool") => Shape::Expected(Expected::Bool),
        Some("null") => Shape::Expected(Expected::Null),
        Some("map" | "seq") => Shape::AsWritten,
        _ => match tag.suffix_in_namespace("tag:yaml.org,2002:").as_deref() {
            Some("binary") => Shape::Binary,
            Some("merge") => Shape::MergeKey,
            _ => Shape::Text,
        },
    };
    let directive = match (tag.handle(), tag.suffix()) {
        ("!", "reset") => Some(Directive::Reset),
        ("!", "override") => Some(Directive::Override),
        _ => None,
    };
    // An overriding value keeps the type that it has without the tag; `!` alone has no meaning.
    let says_nothing = directive.is_some() || matches!((tag.handle(), tag.suffix()), ("!", "") | ("", "!"));
    Meaning { shape: if says_nothing { Shape::AsWritten } else { shape }, directive }
}

impl Meaning {
    /// The value of a scalar with this tag, at `span`.
    pub(super) fn scalar(self, text: &str, is_plain: bool, span: Span, found: &mut Diagnostics) -> Value {
        // The library returns `~` for an empty plain scalar.
        let text = if is_plain && span.start == span.end { "" } else { text };
        match self.shape {
            Shape::AsWritten if is_plain && is_null(text) => Value::Null,
            Shape::AsWritten => scalar(text, is_plain),
            Shape::Text => scalar(text, false),
            Shape::MergeKey => scalar(text, text == "<<"),
            Shape::Binary => binary(text, span, found),
            Shape::Expected(looks) => with_type(looks, text, span, found),
        }
    }
}

fn scalar(text: &str, is_plain: bool) -> Value {
    Value::Scalar(Scalar { text: text.to_owned(), is_plain })
}

fn with_type(looks: Expected, text: &str, span: Span, found: &mut Diagnostics) -> Value {
    let what = match (looks, Kind::resolve(text)) {
        (Expected::Null, _) if is_null(text) => return Value::Null,
        (Expected::Int, Kind::Int(_)) | (Expected::Float, Kind::Int(_) | Kind::Float(_)) => {
            return scalar(text, true);
        }
        (Expected::Bool, Kind::Bool(_)) => return scalar(text, true),
        (Expected::Int, _) => "an integer",
        (Expected::Float, _) => "a number",
        (Expected::Bool, _) => "`true` or `false`",
        (Expected::Null, _) => "`null`",
    };
    found
        .error(code::WRONG_TYPE, format!("the tag says that this value is {what}"))
        .label(span, format!("this is not {what}"))
        .help("remove the tag, or correct the value");
    scalar(text, false)
}

fn binary(text: &str, span: Span, found: &mut Diagnostics) -> Value {
    let text: String = text.split_ascii_whitespace().collect();
    match base64::engine::general_purpose::STANDARD.decode(text) {
        Ok(bytes) => scalar(&String::from_utf8_lossy(&bytes), false),
        Err(error) => {
            found
                .error(code::WRONG_TYPE, format!("the tag says that this value is base64: {error}"))
                .label(span, "this is not base64")
                .help("remove the tag, or correct the value");
            scalar("", false)
        }
    }
}
