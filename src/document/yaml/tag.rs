//! What a tag makes of a value. Tags that mean nothing make a scalar a string and are dropped, as in
//! Compose's reader.

use super::super::node::Directive;
use granit_parser::Tag;

/// What a tag says.
#[derive(Clone, Copy, Default)]
pub(super) struct Meaning {
    pub(super) shape: Shape,
    pub(super) directive: Option<Directive>,
}

/// How a scalar is to be read.
#[derive(Clone, Copy, Default)]
pub(super) enum Shape {
    /// By its quotes and looks.
    #[default]
    AsWritten,
    /// As a string.
    Text,
    /// By its looks, also when it is quoted.
    Plain,
}

pub(super) fn meaning(tag: &Tag) -> Meaning {
    let shape = match tag.core_suffix() {
        Some("int" | "float" | "bool") => Shape::Plain,
        Some("null" | "map" | "seq") => Shape::AsWritten,
        _ => Shape::Text,
    };
    let directive = match (tag.handle(), tag.suffix()) {
        ("!", "reset") => Some(Directive::Reset),
        ("!", "override") => Some(Directive::Override),
        _ => None,
    };
    // A value that is overridden keeps the type that it would have without the tag.
    let shape = if directive.is_some() { Shape::AsWritten } else { shape };
    Meaning { shape, directive }
}
