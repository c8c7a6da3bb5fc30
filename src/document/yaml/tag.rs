//! What a tag makes of a value. Tags that mean nothing make a scalar a string and are dropped, as in
//! Compose's reader.

use super::super::node::{Directive, Value};
use super::super::scalar::{Kind, Scalar, is_null};
use crate::diagnostic::{Diagnostics, code};
use crate::source::Span;
use base64::Engine;
use granit_parser::Tag;

/// What a tag says.
#[derive(Clone, Copy, Default)]
pub(super) struct Meaning {
    shape: Shape,
    pub(super) directive: Option<Directive>,
}

/// How a scalar is to be read.
#[derive(Clone, Copy, Default)]
enum Shape {
    /// By its quotes and looks.
    #[default]
    AsWritten,
    /// As a string.
    Text,
    /// As base64 of a string.
    Binary,
    /// As the key `<<` that brings in other mappings (YAML 1.1, "Merge Key Language-Independent Type"), which
    /// programs that edit files spell out.
    MergeKey,
    /// By its looks, also when it is quoted, and they must be these.
    Looks(Looks),
}

#[derive(Clone, Copy)]
enum Looks {
    Int,
    Float,
    Bool,
    Null,
}

pub(super) fn meaning(tag: &Tag) -> Meaning {
    let shape = match tag.core_suffix() {
        Some("int") => Shape::Looks(Looks::Int),
        Some("float") => Shape::Looks(Looks::Float),
        Some("bool") => Shape::Looks(Looks::Bool),
        Some("null") => Shape::Looks(Looks::Null),
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
    // A value that overrides keeps the type that it would have without the tag; `!` alone says nothing.
    let says_nothing = directive.is_some() || matches!((tag.handle(), tag.suffix()), ("!", "") | ("", "!"));
    Meaning { shape: if says_nothing { Shape::AsWritten } else { shape }, directive }
}

impl Meaning {
    /// The value of a scalar with this tag, at `span`.
    pub(super) fn scalar(self, text: &str, is_plain: bool, span: Span, found: &mut Diagnostics) -> Value {
        // The reader gives `~` for a plain scalar that is not there.
        let text = if is_plain && span.start == span.end { "" } else { text };
        match self.shape {
            Shape::AsWritten if is_plain && is_null(text) => Value::Null,
            Shape::AsWritten => scalar(text, is_plain),
            Shape::Text => scalar(text, false),
            Shape::MergeKey => scalar(text, text == "<<"),
            Shape::Binary => binary(text, span, found),
            Shape::Looks(looks) => with_looks(looks, text, span, found),
        }
    }
}

fn scalar(text: &str, is_plain: bool) -> Value {
    Value::Scalar(Scalar { text: text.to_owned(), is_plain })
}

fn with_looks(looks: Looks, text: &str, span: Span, found: &mut Diagnostics) -> Value {
    let what = match (looks, Kind::resolve(text)) {
        (Looks::Null, _) if is_null(text) => return Value::Null,
        (Looks::Int, Kind::Int(_)) | (Looks::Float, Kind::Int(_) | Kind::Float(_)) => {
            return scalar(text, true);
        }
        (Looks::Bool, Kind::Bool(_)) => return scalar(text, true),
        (Looks::Int, _) => "an integer",
        (Looks::Float, _) => "a number",
        (Looks::Bool, _) => "`true` or `false`",
        (Looks::Null, _) => "`null`",
    };
    found
        .error(code::WRONG_TYPE, format!("the tag of this value says that it is {what}"))
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
                .error(code::WRONG_TYPE, format!("the tag of this value says that it is base64: {error}"))
                .label(span, "this is not base64")
                .help("remove the tag, or correct the value");
            scalar("", false)
        }
    }
}
